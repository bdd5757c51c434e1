/* s1mple/planning.h - the rules planning workers have in common: whether an entry may be planned,
 * how much a plan may buy, and how its order is sent.
 *
 * Each refuses through the verdict, with the same reason codes and numbers in every plugin, and
 * tells by verdict->is_rejected. Errors are those of decimal arithmetic (S1_E_RANGE).
 */
#ifndef S1MPLE_PLANNING_H
#define S1MPLE_PLANNING_H

#include "s1mple/params.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- Entry. ------------------------------------------------------------------------------- */

/* Parameters `directions` (enum long, short, both), `max_open_positions` (int) and `signal_types`
 * (string_list). */
typedef struct s1_entry_rules {
    int64_t max_open_positions;
    const s1_str *signal_types; /* borrowed, lives as long as the worker */
    size_t signal_type_count;   /* 0: all of them */
    bool has_long, has_short;
} s1_entry_rules;

/* Reads the parameters. Errors: those of the binder. */
S1_WARN_UNUSED
static inline s1_rc s1_entry_rules_read(const s1_binder *binder, s1_entry_rules *ret_rules,
                                        s1_err *err)
{
    s1_entry_rules rules;
    S1_TRY(err, s1_param_directions(binder, S1_STR("directions"), &rules.has_long, &rules.has_short,
                                    err));
    S1_TRY(err, binder->param_int(binder->self, S1_STR("max_open_positions"),
                                  &rules.max_open_positions, err));
    S1_TRY(err, binder->param_text_list(binder->self, S1_STR("signal_types"), &rules.signal_types,
                                        &rules.signal_type_count, err));
    *ret_rules = rules;
    return S1_OK;
}

/* Positions that will stay and entries that work. One being closed makes room at once, so that a
 * reversal can enter in the tick that leaves. */
static inline int64_t s1_ledger_committed(const s1_ledger_view *ledger)
{
    int64_t count = ledger->pending_entries;
    for (uint32_t i = 0; i < ledger->position_count; i++) {
        count += !s1_ledger_position(ledger, i)->is_closing;
    }
    return count;
}

/* Whether this signal may be entered now; refuses it if not, with SIGNAL_DISABLED,
 * DIRECTION_DISABLED, SHORT_NOT_ALLOWED (no margin) or POSITION_LIMIT (limit, count). */
static inline bool s1_entry_rules_allow(const s1_entry_rules *rules, const s1_context *context,
                                        const s1_signal *signal, s1_verdict *verdict)
{
    const bool is_long = signal->direction == S1_LONG;
    bool is_listed = rules->signal_type_count == 0;
    for (size_t i = 0; i < rules->signal_type_count && !is_listed; i++) {
        is_listed = s1_text_equal(rules->signal_types[i], signal->signal_type);
    }
    if (!is_listed) {
        s1_verdict_reject(verdict, S1_STR("SIGNAL_DISABLED"), (double)NAN, (double)NAN);
        return false;
    }
    if (is_long ? !rules->has_long : !rules->has_short) {
        s1_verdict_reject(verdict, S1_STR("DIRECTION_DISABLED"), (double)NAN, (double)NAN);
        return false;
    }
    if (!is_long && (context->primary->instrument->flags & S1_INSTRUMENT_MARGIN) == 0) {
        s1_verdict_reject(verdict, S1_STR("SHORT_NOT_ALLOWED"), (double)NAN, (double)NAN);
        return false;
    }
    const int64_t open = s1_ledger_committed(context->ledger);
    if (open >= rules->max_open_positions) {
        s1_verdict_reject(verdict, S1_STR("POSITION_LIMIT"), (double)rules->max_open_positions,
                          (double)open);
        return false;
    }
    return true;
}

/* --- Stop and size. ----------------------------------------------------------------------- */

/* What the stop may cost per unit: entry - stop for a long, below zero for a short. Refuses with
 * STOP_MISSING, or STOP_INVALID (entry, stop) for one at the entry or on its wrong side; the
 * distance is then not written. */
S1_WARN_UNUSED
static inline s1_rc s1_plan_stop_distance(const s1_plan *plan, s1_verdict *verdict,
                                          s1_dec *ret_distance, s1_err *err)
{
    if (s1_dec_is_zero(plan->stop_loss)) {
        s1_verdict_reject(verdict, S1_STR("STOP_MISSING"), (double)NAN, (double)NAN);
        return S1_OK;
    }
    s1_dec distance;
    S1_TRY(err, s1_dec_sub(plan->entry_price, plan->stop_loss, &distance, err));
    if (s1_dec_sign(distance) != s1_direction_sign(plan->direction)) {
        s1_verdict_reject(verdict, S1_STR("STOP_INVALID"), s1_dec_to_double(plan->entry_price),
                          s1_dec_to_double(plan->stop_loss));
        return S1_OK;
    }
    *ret_distance = distance;
    return S1_OK;
}

/* The most that can be bought: free cash without margin, equity times leverage with it; a part of
 * it, because the fill may be worse than the plan, and with the taker fee paid on top. */
S1_WARN_UNUSED
static inline s1_rc s1_plan_affordable(const s1_context *context, s1_dec entry_price,
                                       s1_dec max_fraction, s1_dec *ret_quantity, s1_err *err)
{
    const s1_instrument *const instrument = context->primary->instrument;
    const s1_ledger_view *const ledger = context->ledger;
    s1_dec power;
    if ((instrument->flags & S1_INSTRUMENT_MARGIN) != 0) {
        S1_TRY(err, s1_dec_mul(ledger->equity, instrument->leverage, S1_ROUND_DOWN, &power, err));
    } else {
        S1_TRY(err, s1_dec_sub(ledger->cash, ledger->reserved, &power, err));
    }
    if (s1_dec_sign(power) <= 0) {
        *ret_quantity = S1_DEC_ZERO;
        return S1_OK;
    }
    s1_dec unit_cost;
    S1_TRY(err, s1_dec_mul(entry_price, instrument->taker_fee, S1_ROUND_UP, &unit_cost, err));
    S1_TRY(err, s1_dec_add(unit_cost, entry_price, &unit_cost, err));
    S1_TRY(err, s1_dec_mul(power, max_fraction, S1_ROUND_DOWN, &power, err));
    S1_TRY(err, s1_dec_div(power, unit_cost, S1_ROUND_DOWN, ret_quantity, err));
    return S1_OK;
}

/* Writes the quantity whose loss over `distance` (of s1_plan_stop_distance) is `risk_fraction` of
 * the equity, at most what is affordable, rounded down to the lot. Refuses with
 * SIZE_BELOW_MINIMUM. */
S1_WARN_UNUSED
static inline s1_rc s1_plan_size_by_risk(const s1_context *context, s1_plan *plan, s1_dec distance,
                                         s1_dec risk_fraction, s1_dec max_fraction,
                                         s1_verdict *verdict, s1_err *err)
{
    const s1_instrument *const instrument = context->primary->instrument;
    const s1_dec equity = context->ledger->equity;
    s1_dec quantity = S1_DEC_ZERO;
    if (s1_dec_sign(equity) > 0) {
        s1_dec risk;
        s1_dec most;
        S1_TRY(err, s1_dec_mul(equity, risk_fraction, S1_ROUND_DOWN, &risk, err));
        S1_TRY(err, s1_dec_div(risk, s1_dec_abs(distance), S1_ROUND_DOWN, &quantity, err));
        S1_TRY(err, s1_plan_affordable(context, plan->entry_price, max_fraction, &most, err));
        S1_TRY(err, s1_quantity_to_lot(instrument, s1_dec_min(quantity, most), &quantity, err));
    }
    S1_TRY(err, s1_verdict_check_minimum(verdict, instrument, quantity, plan->entry_price, err));
    if (!verdict->is_rejected) {
        plan->quantity = quantity;
    }
    return S1_OK;
}

/* --- Routing. ----------------------------------------------------------------------------- */

/* One order of the planned kind for the whole quantity: market; limit at the planned price, rounded
 * so that it never pays more; stop or market-if-touched triggered there, rounded so that it never
 * triggers sooner. Refuses with ENTRY_MISSING where no entry was planned, with ENTRY_UNSUPPORTED
 * one that has a trigger and a limit. */
S1_WARN_UNUSED
static inline s1_rc s1_plan_route(const s1_context *context, s1_plan *plan, int32_t time_in_force,
                                  uint32_t post_only, s1_verdict *verdict, s1_err *err)
{
    const s1_dec tick = context->primary->instrument->tick_size;
    const bool is_long = plan->direction == S1_LONG;
    switch (plan->entry_type) {
    case S1_ORDER_MARKET:
        break;
    case S1_ORDER_LIMIT:
        S1_TRY(err,
               s1_dec_round_to_step(plan->entry_price, tick, is_long ? S1_ROUND_DOWN : S1_ROUND_UP,
                                    &plan->limit_price, err));
        plan->post_only = post_only;
        break;
    case S1_ORDER_STOP:
        S1_TRY(err,
               s1_dec_round_to_step(plan->entry_price, tick, is_long ? S1_ROUND_UP : S1_ROUND_DOWN,
                                    &plan->trigger_price, err));
        break;
    case S1_ORDER_MARKET_IF_TOUCHED:
        S1_TRY(err,
               s1_dec_round_to_step(plan->entry_price, tick, is_long ? S1_ROUND_DOWN : S1_ROUND_UP,
                                    &plan->trigger_price, err));
        break;
    case S1_ORDER_STOP_LIMIT:
    case S1_ORDER_LIMIT_IF_TOUCHED: /* one planned price is not enough for two of an order */
        s1_verdict_reject(verdict, S1_STR("ENTRY_UNSUPPORTED"), (double)NAN,
                          (double)plan->entry_type);
        return S1_OK;
    default:
        s1_verdict_reject(verdict, S1_STR("ENTRY_MISSING"), (double)NAN, (double)plan->entry_type);
        return S1_OK;
    }
    plan->order_type = plan->entry_type;
    plan->time_in_force = time_in_force;
    return S1_OK;
}

/* Parameter `expires_after` (duration) of a router beside its time in force. Errors: S1_E_INVALID
 * where that ends of itself. */
S1_WARN_UNUSED
static inline s1_rc s1_param_expires_after(const s1_binder *binder, int32_t time_in_force,
                                           s1_nanos *ret_duration, s1_err *err)
{
    s1_nanos duration;
    S1_TRY(err, binder->param_duration(binder->self, S1_STR("expires_after"), &duration, err));
    if (duration != 0 && time_in_force != S1_TIF_GTC) {
        return S1_RAISE(err, S1_E_INVALID,
                        "expires_after beside a time_in_force that ends of itself, expected GTC");
    }
    *ret_duration = duration;
    return S1_OK;
}

/* Parameter `expires_after` (duration): lets the routed order end that long after `now`; 0 lets it
 * stand. Errors: S1_E_RANGE beyond the end of time. */
S1_WARN_UNUSED
static inline s1_rc s1_plan_expire_after(s1_plan *plan, s1_nanos now, s1_nanos duration,
                                         s1_err *err)
{
    if (duration == 0) {
        return S1_OK;
    }
    if (__builtin_add_overflow(now, duration, &plan->expires_at)) {
        return S1_RAISE(err, S1_E_RANGE, "expires_after: beyond the end of time");
    }
    plan->time_in_force = S1_TIF_GTD;
    return S1_OK;
}

#ifdef __cplusplus
}
#endif
#endif /* S1MPLE_PLANNING_H */
