/* emergency_exit_agent - closes every position while a threat of a listed severity is active. */
#include "s1mple/params.h"

#include <stdlib.h>

typedef struct emergency_exit {
    uint32_t severities; /* bit 1 << enum s1_severity */
} emergency_exit;

/* The gravest listed threat, the first of several; NULL if none. */
static const s1_threat *gravest(const emergency_exit *me, const s1_threat_list *threats)
{
    const s1_threat *found = NULL;
    for (uint32_t i = 0; i < threats->count; i++) {
        const s1_threat *const threat = s1_threat_list_at(threats, i);
        if ((me->severities & (1u << threat->severity)) != 0 &&
            (found == NULL || threat->severity > found->severity)) {
            found = threat;
        }
    }
    return found;
}

static s1_rc agent_execute(void *self, const s1_context *context, const s1_execution_input *input,
                           const s1_order_api *orders, s1_err *err)
{
    const emergency_exit *const me = self;
    const s1_threat *const threat = gravest(me, input->threats);
    if (threat == NULL) {
        return S1_OK;
    }
    const s1_close_request request = {
        .size = sizeof request,
        .reason = S1_STR("THREAT"),
        .threat_id = threat->threat_id,
    };
    /* Newest first: a position that a close removes at once moves none that is still to come. */
    for (uint32_t left = context->ledger->position_count; left > 0; left--) {
        const s1_position *const position = s1_ledger_position(context->ledger, left - 1);
        if (!position->is_closing) {
            S1_TRY(err, orders->close(orders->self, position->trade_id, &request, err));
        }
    }
    return S1_OK;
}

static void agent_destroy(void *self)
{
    free(self);
}

static s1_rc agent_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                          s1_err *err)
{
    (void)host;
    const s1_str *items;
    size_t count;
    emergency_exit bound = {0};
    S1_TRY(err,
           binder->param_text_list(binder->self, S1_STR("exit_on_severity"), &items, &count, err));
    for (size_t i = 0; i < count; i++) {
        int32_t severity;
        S1_TRY(err, s1_severity_parse(S1_STR("exit_on_severity"), items[i], &severity, err));
        bound.severities |= 1u << severity;
    }
    if (bound.severities == 0) {
        return S1_RAISE(err, S1_E_INVALID,
                        "emergency_exit_agent: exit_on_severity is empty, expected at least one of "
                        "LOW, MEDIUM, HIGH, CRITICAL");
    }
    emergency_exit *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "emergency_exit_agent: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops agent_ops = {
    .size = sizeof agent_ops,
    .type = S1_WORKER_EXECUTION,
    .create = agent_create,
    .destroy = agent_destroy,
    .execute = agent_execute,
};

S1_PLUGIN("emergency_exit_agent", "1.0.0", &agent_ops, 0)
