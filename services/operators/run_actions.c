/* What an operation makes a run do: report its threats, cancel, close, reduce, protect. The orders
 * go the way of every order; only who asked for them differs. */
#include "backend/utils/uid.h"
#include "services/operators/run_internal.h"

/* Between two bars the run stands still: its clock is put where the operation is. */
static void advance(s1_run_orchestrator *run, s1_nanos time)
{
    s1_trading_context *const context = run->parts->context;
    if (time > context->view.now) {
        context->view.now = time;
        s1_order_manager_begin_tick(run->parts->orders, time, run->parts->row_count);
    }
}

s1_rc s1_run_orchestrator_report(s1_run_orchestrator *run, s1_nanos time,
                                 const s1_threat_report *report, s1_threat_id *ret_id, s1_err *err)
{
    advance(run, time);
    return s1_threat_book_report_portfolio(&run->parts->threats, report, ret_id, err);
}

/* This part of the position, a multiple of the lot; zero: nothing. */
static s1_rc part_of(const s1_run_orchestrator *run, const s1_position *position, s1_dec percent,
                     s1_dec *ret_quantity, s1_err *err)
{
    const s1_instrument *const instrument = &run->parts->instruments[0];
    s1_dec part;
    S1_TRY(err, s1_dec_mul_div(position->quantity, percent, s1_dec_from_int(100), S1_ROUND_DOWN,
                               &part, err));
    if (s1_dec_is_zero(instrument->lot_size)) {
        *ret_quantity = part;
        return S1_OK;
    }
    return s1_dec_round_to_step(part, instrument->lot_size, S1_ROUND_DOWN, ret_quantity, err);
}

static s1_rc close_position(s1_run_orchestrator *run, const s1_position *position,
                            const s1_run_action *action, s1_err *err)
{
    s1_close_request request = {
        .size = sizeof request, .reason = S1_STR("THREAT"), .threat_id = action->threat_id};
    if (!action->closes) {
        S1_TRY(err, part_of(run, position, action->reduce_pct, &request.quantity, err));
        if (s1_dec_is_zero(request.quantity)) {
            return S1_OK; /* less than a lot: zero would close it all */
        }
    }
    return s1_order_manager_close(run->parts->orders, position->trade_id, &request,
                                  S1_STR(S1_PORTFOLIO_SUPERVISOR), err);
}

/* The stop to the entry, where the position is in profit and the stop not there yet. */
static s1_rc protect_position(s1_run_orchestrator *run, const s1_position *position, s1_err *err)
{
    const s1_instrument *const instrument = &run->parts->instruments[0];
    const int sign = s1_direction_sign(position->direction);
    const s1_dec close = s1_dec_from_mantissa(run->waiting->bars[0].close, instrument->price_scale);
    s1_dec price;
    S1_TRY(err, s1_dec_round_to_step(position->entry_price, instrument->tick_size,
                                     S1_ROUND_HALF_EVEN, &price, err));
    const bool is_better =
        s1_dec_is_zero(position->stop_loss) || sign * s1_dec_cmp(price, position->stop_loss) > 0;
    if (!is_better || sign * s1_dec_cmp(close, price) <= 0) {
        return S1_OK;
    }
    return s1_order_manager_modify_stop(run->parts->orders, position->trade_id, price,
                                        S1_STR(S1_PORTFOLIO_SUPERVISOR), err);
}

static s1_rc act_on(s1_run_orchestrator *run, const s1_position *position,
                    const s1_run_action *action, s1_err *err)
{
    if (position->is_closing) {
        return S1_OK;
    }
    if (action->moves_to_breakeven && !action->closes) {
        S1_TRY(err, protect_position(run, position, err));
    }
    return action->closes || !s1_dec_is_zero(action->reduce_pct)
               ? close_position(run, position, action, err)
               : S1_OK;
}

s1_rc s1_run_orchestrator_act(s1_run_orchestrator *run, const s1_run_action *action, s1_err *err)
{
    const s1_ledger_view *const ledger = &run->parts->ledger->view;
    if (action->cancels_entries) {
        S1_TRY(err, s1_order_manager_cancel_entries(run->parts->orders, action->reason, err));
    }
    for (uint32_t i = 0; run->is_tick && i < ledger->position_count;) {
        const s1_position position = *s1_ledger_position(ledger, i);
        S1_TRY(err, act_on(run, &position, action, err));
        /* A close at this very bar may have taken it out of the list. */
        i += i < ledger->position_count &&
             s1_uid_eq(s1_ledger_position(ledger, i)->trade_id.uid, position.trade_id.uid);
    }
    return S1_OK;
}

s1_rc s1_run_orchestrator_shut(s1_run_orchestrator *run, s1_err *err)
{
    S1_TRY(err, s1_run_publish(run, run->events.shutdown_requested, &run->sums, err));
    return s1_bus_drain(run->bus, err);
}
