/* default_plan_executor - sends every directive the gate approved, as it stands. */
#include "s1mple/plugin.h"

static s1_rc executor_execute(void *self, const s1_context *context,
                              const s1_execution_input *input, const s1_order_api *orders,
                              s1_err *err)
{
    (void)self;
    (void)context;
    if (input->trigger != S1_ON_PLAN_APPROVED || input->directive == NULL) {
        return S1_OK;
    }
    S1_TRY(err, orders->submit(orders->self, input->directive, err));
    return S1_OK;
}

static void executor_destroy(void *self)
{
    (void)self; /* nothing to remember, so nothing to free */
}

static s1_rc executor_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                             s1_err *err)
{
    (void)host;
    (void)binder;
    (void)err;
    *ret_self = NULL;
    return S1_OK;
}

static const s1_worker_ops executor_ops = {
    .size = sizeof executor_ops,
    .type = S1_WORKER_EXECUTION,
    .create = executor_create,
    .destroy = executor_destroy,
    .execute = executor_execute,
};

S1_PLUGIN("default_plan_executor", "1.0.0", &executor_ops, 0)
