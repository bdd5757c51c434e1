/* any_signal_exit - closes what is open when a signal comes, as the examples of backtesting.py do
 * before they enter again, whichever way. */
#include "s1mple/plugin.h"

static s1_rc exit_execute(void *self, const s1_context *context, const s1_execution_input *input,
                          const s1_order_api *orders, s1_err *err)
{
    (void)self;
    for (uint32_t left = context->ledger->position_count; left > 0 && input->signals->count > 0;
         left--) {
        const s1_position *const position = s1_ledger_position(context->ledger, left - 1);
        const s1_close_request request = {.size = sizeof request, .reason = S1_STR("SIGNAL")};
        if (!position->is_closing) {
            S1_TRY(err, orders->close(orders->self, position->trade_id, &request, err));
        }
    }
    return S1_OK;
}

static void exit_destroy(void *self)
{
    (void)self;
}

static s1_rc exit_create(const s1_host *host, const s1_binder *binder, void **ret_self, s1_err *err)
{
    (void)host;
    (void)binder;
    (void)err;
    *ret_self = NULL;
    return S1_OK;
}

static const s1_worker_ops exit_ops = {.size = sizeof exit_ops,
                                       .type = S1_WORKER_EXECUTION,
                                       .create = exit_create,
                                       .destroy = exit_destroy,
                                       .execute = exit_execute};

S1_PLUGIN("any_signal_exit", "1.0.0", &exit_ops, 0)
