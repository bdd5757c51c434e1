/* emergency_exit_agent - closes every position while a threat of a listed severity is active. */
#include "s1mple/exits.h"

#include <stdlib.h>

typedef struct emergency_exit {
    uint32_t severities; /* bit 1 << enum s1_severity */
} emergency_exit;

static s1_rc agent_execute(void *self, const s1_context *context, const s1_execution_input *input,
                           const s1_order_api *orders, s1_err *err)
{
    const emergency_exit *const me = self;
    const s1_threat *const threat = s1_threat_gravest(input->threats, me->severities, NULL, NULL);
    if (threat == NULL) {
        return S1_OK;
    }
    const s1_close_request request = {
        .size = sizeof request,
        .reason = S1_STR("THREAT"),
        .threat_id = threat->threat_id,
    };
    return s1_positions_close(context, orders, 0, &request, err);
}

static void agent_destroy(void *self)
{
    free(self);
}

static s1_rc agent_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                          s1_err *err)
{
    (void)host;
    emergency_exit bound = {0};
    S1_TRY(err, s1_param_severities(binder, S1_STR("exit_on_severity"), &bound.severities, err));
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
