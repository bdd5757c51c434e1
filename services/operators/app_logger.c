#include "services/operators/app_logger.h"

#include "backend/dtos/enums.h"
#include "backend/dtos/journal/journal_kind.h"
#include "backend/utils/json_memory.h"

#include <jansson.h>
#include <string.h>

#define FIELDS_MAX   48u
#define STDERR_FD    2
#define DECISION_MAX 64u

static const int32_t decision_levels[] = {S1_LOG_MATCH, S1_LOG_FILTER, S1_LOG_POLICY, S1_LOG_TRADE,
                                          S1_LOG_DEBUG};

/* The configuration numbers levels in the order of its list, the log by weight. */
static s1_log_profile bit_of(int32_t configured)
{
    const char *const name = s1_enum_text(s1_config_log_level_names, configured);
    int32_t level = 0;
    return s1_log_level_parse(s1_str_of(name), &level, NULL) == S1_OK ? S1_LOG_BIT(level)
                                                                      : S1_LOG_PROFILE_NONE;
}

s1_log_profile s1_app_logger_profile(const s1_core_config *core)
{
    s1_log_profile profile = s1_str_eq_cstr(core->logging.profile, "analysis")
                                 ? S1_LOG_PROFILE_ANALYSIS
                                 : S1_LOG_PROFILE_DEVELOPER;
    for (uint32_t i = 0; i < core->logging.profiles.count; i++) {
        const s1_logging_profile *const own = &core->logging.profiles.items[i];
        if (s1_str_eq(own->name, core->logging.profile)) {
            profile = S1_LOG_PROFILE_NONE;
            for (uint32_t k = 0; k < own->levels.count; k++) {
                profile |= bit_of(own->levels.items[k]);
            }
        }
    }
    return profile | S1_LOG_BIT(S1_LOG_RESULT);
}

s1_rc s1_app_logger_open(const s1_app_logger_options *options, s1_log **ret_log, s1_err *err)
{
    const s1_log_options log = {.clock = options->clock,
                                .profile = s1_app_logger_profile(options->core),
                                .run_id = options->run_id,
                                .strategy_link_id = options->strategy_link_id,
                                .fs = options->fs,
                                .json_path = options->path,
                                .human_fd = options->core->logging.console ? STDERR_FD : -1,
                                .locale = options->locale};
    return s1_log_new(&log, ret_log, err);
}

bool s1_app_logger_wants_decisions(const s1_log *log)
{
    for (size_t i = 0; i < sizeof decision_levels / sizeof decision_levels[0]; i++) {
        if (s1_log_wants(log, decision_levels[i])) {
            return true;
        }
    }
    return false;
}

/* --- Entries. ------------------------------------------------------------------------------- */

/* The level of a refusal says who refused. */
static int32_t refusal_level(const json_t *details)
{
    const char *const stage = json_string_value(json_object_get(details, "stage"));
    if (stage != NULL && strcmp(stage, "gate") == 0) {
        return S1_LOG_POLICY;
    }
    return stage != NULL && strcmp(stage, "venue") == 0 ? S1_LOG_TRADE : S1_LOG_FILTER;
}

/* 0: the run's own lines say it. */
static int32_t level_of(int32_t kind)
{
    switch (kind) {
    case S1_JOURNAL_RUN_STARTED:
    case S1_JOURNAL_RUN_FINISHED:
        return 0;
    case S1_JOURNAL_OPPORTUNITY_DETECTED:
    case S1_JOURNAL_PLAN_CREATED:
        return S1_LOG_MATCH;
    case S1_JOURNAL_OPPORTUNITY_REJECTED:
        return S1_LOG_FILTER;
    case S1_JOURNAL_OPPORTUNITY_APPROVED:
    case S1_JOURNAL_THREAT_DETECTED:
    case S1_JOURNAL_THREAT_UPDATED:
    case S1_JOURNAL_THREAT_CLEARED:
    case S1_JOURNAL_PARAMETERS_CHANGED:
    case S1_JOURNAL_RECONCILED:
        return S1_LOG_POLICY;
    case S1_JOURNAL_WORKER_NOTE:
    case S1_JOURNAL_SCHEDULED_TICK:
        return S1_LOG_DEBUG;
    default:
        return S1_LOG_TRADE;
    }
}

/* "decision.trade_closed" */
static void key_of(int32_t kind, char key[static DECISION_MAX])
{
    (void)snprintf(key, DECISION_MAX, "decision.%s", s1_journal_kind_name(kind));
    for (char *at = key; *at != '\0'; at++) {
        *at = *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at;
    }
}

typedef struct field_list {
    s1_log_field items[FIELDS_MAX];
    size_t count;
} field_list;

static void add(field_list *list, const char *key, const json_t *value)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].key, key) == 0) {
            return; /* the entry's own member counts */
        }
    }
    if (value == NULL || list->count == FIELDS_MAX) {
        return;
    }
    s1_log_field *const field = &list->items[list->count];
    if (json_is_string(value)) {
        *field = s1_log_str(key, s1_str_make(json_string_value(value), json_string_length(value)));
    } else if (json_is_integer(value)) {
        *field = s1_log_i64(key, json_integer_value(value));
    } else if (json_is_real(value)) {
        *field = s1_log_f64(key, json_real_value(value));
    } else if (json_is_boolean(value)) {
        *field = s1_log_str(key, json_is_true(value) ? S1_STR("true") : S1_STR("false"));
    } else {
        return; /* lists, objects and null stay in the journal */
    }
    list->count++;
}

/* The plain members of details, and those of a refusal's reason. */
static void add_details(field_list *list, json_t *details)
{
    const char *key;
    json_t *value;
    json_object_foreach(details, key, value)
    {
        if (strcmp(key, "rejection_reason") == 0) {
            add_details(list, value);
        } else {
            add(list, strcmp(key, "event") == 0 ? "note" : key, value); /* `event` is the line's */
        }
    }
}

static void write_entry(s1_log *log, int32_t level, int32_t kind, const json_t *entry)
{
    static const char *const heads[] = {"time", "worker"};
    char key[DECISION_MAX];
    field_list list = {.count = 0};
    key_of(kind, key);
    add(&list, "seq", json_object_get(entry, "seq"));
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        add(&list, heads[i], json_object_get(entry, heads[i]));
    }
    for (int32_t id = 0; id < S1_JOURNAL_ID_COUNT; id++) {
        add(&list, s1_journal_id_key(id), json_object_get(entry, s1_journal_id_key(id)));
    }
    add_details(&list, json_object_get(entry, "details"));
    s1_log_event(log, level, key, list.items, list.count);
}

s1_rc s1_app_logger_entry(s1_log *log, const s1_journal_notice *notice, s1_err *err)
{
    int32_t level = level_of(notice->kind);
    const bool is_refusal = notice->kind == S1_JOURNAL_OPPORTUNITY_REJECTED;
    if (!is_refusal && !s1_log_wants(log, level)) {
        return S1_OK;
    }
    json_error_t fault;
    const uint64_t before = s1_json_memory_failures();
    json_t *const entry = json_loadb(notice->line.ptr, notice->line.len, 0, &fault);
    s1_rc rc = S1_OK;
    if (entry == NULL) {
        rc = S1_RAISE(err, S1_E_DATA, "entry %llu of the journal: %s",
                      (unsigned long long)notice->seq, fault.text);
    }
    rc = s1_json_memory_judge(before, rc, err);
    if (rc == S1_OK) {
        level = is_refusal ? refusal_level(json_object_get(entry, "details")) : level;
        write_entry(log, level, notice->kind, entry);
    }
    json_decref(entry);
    return rc;
}
