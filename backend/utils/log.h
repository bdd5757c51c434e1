/* backend/utils/log.h - diagnostics: structured events for operators of the program. Not the
 * journal, which holds facts of the business.
 *
 * A logger is injected. A profile is a set of levels (SPEC P02: not a threshold); what the profile
 * lacks costs one test. Sinks: JSON lines into a file, and one line per event for people.
 */
#ifndef S1_UTILS_LOG_H
#define S1_UTILS_LOG_H

#include "backend/utils/clock.h"
#include "backend/utils/fs.h"
#include "backend/utils/locale.h"
#include "s1mple/plugin.h"

#include <stdarg.h>

/* X(name, value). The four of s1mple/plugin.h and the platform's own. */
#define S1_LOG_LEVEL_MAP(X)                                                                        \
    X(DEBUG, 10)                                                                                   \
    X(SETUP, 15)                                                                                   \
    X(INFO, 20)                                                                                    \
    X(MATCH, 22)                                                                                   \
    X(FILTER, 23)                                                                                  \
    X(POLICY, 24)                                                                                  \
    X(RESULT, 25)                                                                                  \
    X(TRADE, 26)                                                                                   \
    X(WARNING, 30)                                                                                 \
    X(ERROR, 40)                                                                                   \
    X(CRITICAL, 50)
enum s1_log_level_more { /* beside enum s1_log_level */
                         S1_LOG_SETUP = 15,
                         S1_LOG_MATCH = 22,
                         S1_LOG_FILTER = 23,
                         S1_LOG_POLICY = 24,
                         S1_LOG_RESULT = 25,
                         S1_LOG_TRADE = 26,
                         S1_LOG_CRITICAL = 50
};

/* Bit `level` for every level shown; levels are below 64. developer: how the program runs;
 * analysis: also how the strategy decides. */
typedef uint64_t s1_log_profile;
#define S1_LOG_BIT(level) ((s1_log_profile)1 << (level))
#define S1_LOG_PROFILE_DEVELOPER                                                                   \
    (S1_LOG_BIT(S1_LOG_SETUP) | S1_LOG_BIT(S1_LOG_INFO) | S1_LOG_BIT(S1_LOG_RESULT) |              \
     S1_LOG_BIT(S1_LOG_WARNING) | S1_LOG_BIT(S1_LOG_ERROR) | S1_LOG_BIT(S1_LOG_CRITICAL))
#define S1_LOG_PROFILE_ANALYSIS                                                                    \
    (S1_LOG_PROFILE_DEVELOPER | S1_LOG_BIT(S1_LOG_DEBUG) | S1_LOG_BIT(S1_LOG_MATCH) |              \
     S1_LOG_BIT(S1_LOG_FILTER) | S1_LOG_BIT(S1_LOG_POLICY) | S1_LOG_BIT(S1_LOG_TRADE))
#define S1_LOG_PROFILE_NONE ((s1_log_profile)0)

/* "WARNING"; "UNKNOWN" for a number that is no level. */
const char *s1_log_level_name(int32_t level);
/* The level of a name (exact case). Errors: S1_E_INVALID with the nearest name. */
S1_WARN_UNUSED s1_rc s1_log_level_parse(s1_str name, int32_t *ret_level, s1_err *err);

/* One key and its value. */
enum s1_log_field_type {
    S1_LOG_STR = 1,
    S1_LOG_I64,
    S1_LOG_U64,
    S1_LOG_F64,
    S1_LOG_DEC,
    S1_LOG_UID
};
typedef struct s1_log_field {
    const char *key; /* a literal that needs no escape */
    enum s1_log_field_type type;
    union {
        s1_str str;
        int64_t i64;
        uint64_t u64;
        double f64;
        s1_dec dec;
        s1_uid uid;
    } value;
} s1_log_field;

/* Field constructors, for S1_LOG_EVENT. */
static inline s1_log_field s1_log_str(const char *key, s1_str value)
{
    return (s1_log_field){.key = key, .type = S1_LOG_STR, .value = {.str = value}};
}
static inline s1_log_field s1_log_i64(const char *key, int64_t value)
{
    return (s1_log_field){.key = key, .type = S1_LOG_I64, .value = {.i64 = value}};
}
static inline s1_log_field s1_log_u64(const char *key, uint64_t value)
{
    return (s1_log_field){.key = key, .type = S1_LOG_U64, .value = {.u64 = value}};
}
static inline s1_log_field s1_log_f64(const char *key, double value)
{
    return (s1_log_field){.key = key, .type = S1_LOG_F64, .value = {.f64 = value}};
}
static inline s1_log_field s1_log_dec(const char *key, s1_dec value)
{
    return (s1_log_field){.key = key, .type = S1_LOG_DEC, .value = {.dec = value}};
}
static inline s1_log_field s1_log_uid(const char *key, s1_uid value)
{
    return (s1_log_field){.key = key, .type = S1_LOG_UID, .value = {.uid = value}};
}

typedef struct s1_log s1_log;

/* What every event of a logger carries, and where it goes. All borrowed for the logger's life. */
typedef struct s1_log_options {
    const s1_clock *clock; /* the event's time; required */
    s1_log_profile profile;
    s1_run_id run_id;        /* none: the key is left out */
    s1_str strategy_link_id; /* empty: the key is left out; copied */
    const s1_fs *fs;         /* with json_path; NULL: no file */
    const char *json_path;   /* JSON lines, created or appended to */
    int human_fd;            /* one line per event for people (2: stderr); -1: none */
    bool is_colored;         /* of human_fd */
    const s1_locale *locale; /* words events whose name is a key of it; NULL: none is worded */
    uint64_t max_bytes;      /* of the file; then one last line says so and it stops. 0: 1 GiB */
} s1_log_options;

/* Errors: what opening the file gives. */
S1_WARN_UNUSED s1_rc s1_log_new(const s1_log_options *options, s1_log **ret_log, s1_err *err);
/* Writes what is buffered and closes; accepts NULL. A failure to write is not reported here: ask
 * s1_log_flush before. */
void s1_log_free(s1_log *log);
S1_WARN_UNUSED s1_rc s1_log_flush(s1_log *log, s1_err *err);

/* True if `level` is in the profile; false for a NULL logger. */
bool s1_log_wants(const s1_log *log, int32_t level);

/* One event: {"ts","level","event","run_id","strategy_link_id", fields..., "text"}. `event` is a
 * dotted key of locales/; its slots are keys of fields ("-" where there is none). Without a
 * text for it there is no "text". A NULL logger swallows it. Thread: one at a time (the owner). */
void s1_log_event(s1_log *log, int32_t level, const char *event, const s1_log_field *fields,
                  size_t count);
/* S1_LOG_EVENT(log, S1_LOG_INFO, "data.loaded", s1_log_u64("rows", n), s1_log_str("path", p)) */
#define S1_LOG_EVENT(log, level, event, ...)                                                       \
    do {                                                                                           \
        if (s1_log_wants((log), (level))) {                                                        \
            const s1_log_field s1_log_fields_[] = {__VA_ARGS__};                                   \
            s1_log_event((log), (level), (event), s1_log_fields_,                                  \
                         sizeof s1_log_fields_ / sizeof s1_log_fields_[0]);                        \
        }                                                                                          \
    } while (0)

/* The one line of a failure, at the edge that decides: code, message, the way it travelled. */
void s1_log_err(s1_log *log, int32_t level, const char *event, const s1_err *error);

/* "S1_E_INVALID" of a code; "S1_OK"; "S1_E_UNKNOWN" for none of ours. */
const char *s1_error_name(s1_rc code);
/* The text of a code, as in S1_ERROR_MAP. */
const char *s1_error_text(s1_rc code);

#endif /* S1_UTILS_LOG_H */
