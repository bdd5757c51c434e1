/* risk_governor - refuses every opportunity while a threat is active that is grave enough.
 *
 * Stands first in entry_planning. The host journals OPPORTUNITY_REJECTED with the ThreatID; the
 * worker's own note adds what the threat was.
 */
#include "s1mple/params.h"
#include "s1mple/uid_text.h"

#include <stdlib.h>

#define TYPES_MAX 32u

typedef struct risk_governor {
    const s1_host *host;
    const s1_str *types; /* the threat types that count; borrowed, lives as long as the worker */
    size_t type_count;   /* 0: all of them */
    int32_t min_severity;
} risk_governor;

static bool counts(const risk_governor *me, const s1_threat *threat)
{
    if (threat->severity < me->min_severity) {
        return false;
    }
    bool is_listed = me->type_count == 0;
    for (size_t i = 0; i < me->type_count && !is_listed; i++) {
        is_listed = s1_text_equal(me->types[i], threat->threat_type);
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
    char opportunity_id[S1_UID_WRITTEN];
    char threat_id[S1_UID_WRITTEN];
    char threat_type[64];
    s1_uid_write(opportunity_id, signal->opportunity_id.uid);
    s1_uid_write(threat_id, threat->threat_id.uid);
    print_plain(threat_type, sizeof threat_type, threat->threat_type);
    char json[320];
    const int length =
        snprintf(json, sizeof json,
                 "{\"opportunity_id\":\"%.*s\",\"threat_id\":\"%.*s\",\"reason\":\"%s is %s\"}",
                 (int)sizeof opportunity_id, opportunity_id, (int)sizeof threat_id, threat_id,
                 threat_type, s1_severity_name(threat->severity));
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
    S1_TRY(err, s1_param_severity(binder, S1_STR("min_severity"), &bound.min_severity, err));
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
