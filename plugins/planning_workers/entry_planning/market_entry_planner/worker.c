/* market_entry_planner - plans an entry at market, expected at the newest close. */
#include "s1mple/plugin.h"

#include <stdlib.h>

typedef struct market_entry {
    int64_t max_open_positions;
    bool has_long, has_short;
} market_entry;

/* Positions that will stay and entries that work. One being closed makes room at once, so that a
 * reversal can enter in the tick that leaves. */
static int64_t committed(const s1_ledger_view *ledger)
{
    int64_t count = ledger->pending_entries;
    for (uint32_t i = 0; i < ledger->position_count; i++) {
        count += !s1_ledger_position(ledger, i)->is_closing;
    }
    return count;
}

static s1_rc entry_plan(void *self, const s1_context *context, const s1_signal *signal,
                        const s1_threat_list *threats, s1_plan *plan, s1_verdict *verdict,
                        s1_err *err)
{
    (void)threats;
    (void)err;
    const market_entry *const me = self;
    const s1_stream *const primary = context->primary;
    const bool is_long = signal->direction == S1_LONG;
    if (is_long ? !me->has_long : !me->has_short) {
        s1_verdict_reject(verdict, S1_STR("DIRECTION_DISABLED"), (double)NAN, (double)NAN);
        return S1_OK;
    }
    if (!is_long && (primary->instrument->flags & S1_INSTRUMENT_MARGIN) == 0) {
        s1_verdict_reject(verdict, S1_STR("SHORT_NOT_ALLOWED"), (double)NAN, (double)NAN);
        return S1_OK;
    }
    const int64_t open = committed(context->ledger);
    if (open >= me->max_open_positions) {
        s1_verdict_reject(verdict, S1_STR("POSITION_LIMIT"), (double)me->max_open_positions,
                          (double)open);
        return S1_OK;
    }
    plan->entry_price = s1_dec_from_mantissa(primary->bar.close, primary->instrument->price_scale);
    plan->entry_type = S1_ORDER_MARKET;
    return S1_OK;
}

static void entry_destroy(void *self)
{
    free(self);
}

static s1_rc entry_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                          s1_err *err)
{
    (void)host;
    market_entry bound = {0};
    s1_str directions;
    S1_TRY(err, binder->param_text(binder->self, S1_STR("directions"), &directions, err));
    S1_TRY(err, binder->param_int(binder->self, S1_STR("max_open_positions"),
                                  &bound.max_open_positions, err));
    bound.has_long = directions.ptr[0] != 's'; /* long | short | both */
    bound.has_short = directions.ptr[0] != 'l';
    market_entry *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "market_entry_planner: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops entry_ops = {
    .size = sizeof entry_ops,
    .type = S1_WORKER_PLANNING,
    .create = entry_create,
    .destroy = entry_destroy,
    .plan = entry_plan,
};

S1_PLUGIN("market_entry_planner", "1.0.0", &entry_ops, 0)
