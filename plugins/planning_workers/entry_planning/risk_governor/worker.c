/* risk_governor - refuses every opportunity while a threat is active that is grave enough.
 *
 * Stands first in entry_planning. The host journals OPPORTUNITY_REJECTED with the ThreatID; the
 * worker's own note adds what the threat was.
 */
#include "s1mple/plugin.h"

#include <stdlib.h>
#include <string.h>

#define TYPES_MAX 32u

/* X(name): severities in ascending order, as in the manifest's enum. */
#define SEVERITY_MAP(X)                                                                            \
    X(LOW)                                                                                         \
    X(MEDIUM)                                                                                      \
    X(HIGH)                                                                                        \
    X(CRITICAL)

typedef struct risk_governor {
    const s1_host *host;
    const s1_str *types; /* the threat types that count; borrowed, lives as long as the worker */
    size_t type_count;   /* 0: all of them */
    int32_t min_severity;
} risk_governor;

static bool is_text(s1_str a, s1_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static const char *severity_name(int32_t severity)
{
    switch (severity) {
#define X(name)                                                                                    \
    case S1_SEVERITY_##name:                                                                       \
        return #name;
        SEVERITY_MAP(X)
#undef X
    default:
        return "UNKNOWN";
    }
}

static bool counts(const risk_governor *me, const s1_threat *threat)
{
    if (threat->severity < me->min_severity) {
        return false;
    }
    bool is_listed = me->type_count == 0;
    for (size_t i = 0; i < me->type_count && !is_listed; i++) {
        is_listed = is_text(me->types[i], threat->threat_type);
    }
    return is_listed;
}

/* The gravest threat that counts, the first of several; NULL if none. */
static const s1_threat *gravest(const risk_governor *me, const s1_threat_list *threats)
{
    const s1_threat *found = NULL;
    for (uint32_t i = 0; i < threats->count; i++) {
        const s1_threat *const threat = s1_threat_list_at(threats, i);
        if (counts(me, threat) && (found == NULL || threat->severity > found->severity)) {
            found = threat;
        }
    }
    return found;
}

/* 36 characters of an RFC 9562 UUID and a NUL. */
static void print_uid(char text[37], s1_uid uid)
{
    static const char hex[] = "0123456789abcdef";
    size_t at = 0;
    for (size_t i = 0; i < sizeof uid.bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            text[at++] = '-';
        }
        text[at++] = hex[uid.bytes[i] >> 4];
        text[at++] = hex[uid.bytes[i] & 15u];
    }
    text[at] = '\0';
}

/* A threat type as a JSON string body: what would need an escape is left out, the rest is kept. */
static void print_plain(char *text, size_t size, s1_str value)
{
    size_t at = 0;
    for (size_t i = 0; i < value.len && at + 1 < size; i++) {
        const unsigned char c = (unsigned char)value.ptr[i];
        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
            text[at++] = (char)c;
        }
    }
    text[at] = '\0';
}

static s1_rc note(const risk_governor *me, const s1_signal *signal, const s1_threat *threat,
                  s1_err *err)
{
    char opportunity_id[37];
    char threat_id[37];
    char threat_type[64];
    print_uid(opportunity_id, signal->opportunity_id.uid);
    print_uid(threat_id, threat->threat_id.uid);
    print_plain(threat_type, sizeof threat_type, threat->threat_type);
    char json[320];
    const int length =
        snprintf(json, sizeof json,
                 "{\"opportunity_id\":\"%s\",\"threat_id\":\"%s\",\"reason\":\"%s is %s\"}",
                 opportunity_id, threat_id, threat_type, severity_name(threat->severity));
    S1_TRY(err, me->host->journal->append(me->host->ctx, S1_STR("GOVERNOR_REFUSED"),
                                          (s1_str){json, (size_t)length}, err));
    return S1_OK;
}

static s1_rc governor_plan(void *self, const s1_context *context, const s1_signal *signal,
                           const s1_threat_list *threats, s1_plan *plan, s1_verdict *verdict,
                           s1_err *err)
{
    (void)context;
    (void)plan;
    const risk_governor *const me = self;
    const s1_threat *const threat = gravest(me, threats);
    if (threat == NULL) {
        return S1_OK;
    }
    s1_verdict_reject(verdict, S1_STR("THREAT_ACTIVE"), (double)me->min_severity,
                      (double)threat->severity);
    verdict->threat_id = threat->threat_id;
    S1_TRY(err, note(me, signal, threat, err));
    return S1_OK;
}

static s1_rc read_severity(const s1_binder *binder, int32_t *ret_severity, s1_err *err)
{
    s1_str text;
    S1_TRY(err, binder->param_text(binder->self, S1_STR("min_severity"), &text, err));
#define X(name)                                                                                    \
    if (is_text(text, S1_STR(#name))) {                                                            \
        *ret_severity = S1_SEVERITY_##name;                                                        \
        return S1_OK;                                                                              \
    }
    SEVERITY_MAP(X)
#undef X
    return S1_RAISE(err, S1_E_INVALID,
                    "risk_governor: min_severity '%.*s', expected LOW, MEDIUM, HIGH or CRITICAL",
                    S1_STR_ARG(text));
}

static void governor_destroy(void *self)
{
    free(self);
}

static s1_rc governor_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                             s1_err *err)
{
    if (host->journal == NULL) {
        return S1_RAISE(err, S1_E_INVALID, "risk_governor: the host grants no journal");
    }
    risk_governor bound = {.host = host};
    S1_TRY(err, read_severity(binder, &bound.min_severity, err));
    S1_TRY(err, binder->param_text_list(binder->self, S1_STR("threat_types"), &bound.types,
                                        &bound.type_count, err));
    if (bound.type_count > TYPES_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "risk_governor: %zu threat_types, expected %u at most",
                        bound.type_count, TYPES_MAX);
    }
    risk_governor *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "risk_governor: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops governor_ops = {
    .size = sizeof governor_ops,
    .type = S1_WORKER_PLANNING,
    .create = governor_create,
    .destroy = governor_destroy,
    .plan = governor_plan,
};

S1_PLUGIN("risk_governor", "1.0.0", &governor_ops, S1_CAP_JOURNAL)
