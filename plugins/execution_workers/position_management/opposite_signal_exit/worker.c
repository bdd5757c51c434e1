/* opposite_signal_exit - closes a position when a signal of this tick points the other way. */
#include "s1mple/plugin.h"
#include "s1mple/text.h"

/* The first signal of the tick against the position, or NULL. */
static const s1_signal *opposite(const s1_signal_list *signals, const s1_position *position)
{
    for (uint32_t i = 0; i < signals->count; i++) {
        const s1_signal *const signal = s1_signal_list_at(signals, i);
        if (signal->direction != position->direction &&
            s1_text_equal(signal->asset_pair, position->asset_pair)) {
            return signal;
        }
    }
    return NULL;
}

static s1_rc exit_execute(void *self, const s1_context *context, const s1_execution_input *input,
                          const s1_order_api *orders, s1_err *err)
{
    (void)self;
    if (input->signals->count == 0) {
        return S1_OK;
    }
    /* Newest first: a position that a close removes at once moves none that is still to come. */
    for (uint32_t left = context->ledger->position_count; left > 0; left--) {
        const s1_position *const position = s1_ledger_position(context->ledger, left - 1);
        const s1_signal *const signal =
            position->is_closing ? NULL : opposite(input->signals, position);
        if (signal != NULL) {
            const s1_close_request request = {
                .size = sizeof request,
                .reason = S1_STR("OPPOSITE_SIGNAL"),
                .opportunity_id = signal->opportunity_id,
            };
            S1_TRY(err, orders->close(orders->self, position->trade_id, &request, err));
        }
    }
    return S1_OK;
}

static void exit_destroy(void *self)
{
    (void)self; /* nothing to remember, so nothing to free */
}

static s1_rc exit_create(const s1_host *host, const s1_binder *binder, void **ret_self, s1_err *err)
{
    (void)host;
    (void)binder;
    (void)err;
    *ret_self = NULL;
    return S1_OK;
}

static const s1_worker_ops exit_ops = {
    .size = sizeof exit_ops,
    .type = S1_WORKER_EXECUTION,
    .create = exit_create,
    .destroy = exit_destroy,
    .execute = exit_execute,
};

S1_PLUGIN("opposite_signal_exit", "1.0.0", &exit_ops, 0)
