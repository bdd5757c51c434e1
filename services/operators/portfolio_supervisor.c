#include "services/operators/portfolio_supervisor.h"

#include "backend/utils/assert.h"

/* Notes a check; passed if actual <= limit. */
static bool check(s1_portfolio_supervisor *supervisor, s1_str code, s1_dec limit, s1_dec actual)
{
    S1_ASSERT(supervisor->check_count < S1_GATE_CHECKS_MAX);
    const bool is_passed = s1_dec_cmp(actual, limit) <= 0;
    supervisor->checks[supervisor->check_count++] =
        (s1_gate_check){.code = code, .limit = limit, .actual = actual, .is_passed = is_passed};
    return is_passed;
}

/* Notes a check with a floor; passed if actual >= limit. */
static bool check_floor(s1_portfolio_supervisor *supervisor, s1_str code, s1_dec limit,
                        s1_dec actual)
{
    if (s1_dec_is_zero(limit)) {
        return true; /* no floor: nothing to check, nothing to note */
    }
    const bool is_passed = s1_dec_cmp(actual, limit) >= 0;
    supervisor->checks[supervisor->check_count++] =
        (s1_gate_check){.code = code, .limit = limit, .actual = actual, .is_passed = is_passed};
    return is_passed;
}

/* Notes a check with a ceiling that may be none. */
static bool check_ceiling(s1_portfolio_supervisor *supervisor, s1_str code, s1_dec limit,
                          s1_dec actual)
{
    return s1_dec_is_zero(limit) || check(supervisor, code, limit, actual);
}

/* Notes a rule that is broken whatever the limit; false. */
static bool break_rule(s1_portfolio_supervisor *supervisor, s1_str code, s1_dec actual)
{
    supervisor->checks[supervisor->check_count++] =
        (s1_gate_check){.code = code, .limit = S1_DEC_ZERO, .actual = actual};
    return false;
}

/* part / whole in percent, rounded up: a limit is never met by rounding. */
static s1_rc percent(s1_dec part, s1_dec whole, s1_dec *ret_percent, s1_err *err)
{
    return s1_dec_mul_div(part, s1_dec_from_int(100), whole, S1_ROUND_UP, ret_percent, err);
}

static bool is_multiple(s1_dec value, s1_dec step)
{
    return s1_dec_is_zero(step) || s1_dec_raw(value) % s1_dec_raw(step) == 0;
}

/* A stop beyond the entry, or a target before it, would fill at once: a plan that contradicts
 * itself. */
static bool is_bracket_sound(s1_portfolio_supervisor *supervisor, const s1_plan *plan)
{
    const int sign = s1_direction_sign(plan->direction);
    if (!s1_dec_is_zero(plan->stop_loss) &&
        sign * s1_dec_cmp(plan->stop_loss, plan->entry_price) >= 0) {
        return break_rule(supervisor, S1_STR("STOP_SIDE"), plan->stop_loss);
    }
    if (!s1_dec_is_zero(plan->take_profit) &&
        sign * s1_dec_cmp(plan->take_profit, plan->entry_price) <= 0) {
        return break_rule(supervisor, S1_STR("TARGET_SIDE"), plan->take_profit);
    }
    return true;
}

/* One slice of the plan and what it is worth. */
static s1_rc measure_slice(const s1_portfolio_supervisor *supervisor, const s1_plan *plan,
                           s1_dec price, s1_dec *ret_quantity, s1_dec *ret_notional, s1_err *err)
{
    S1_TRY(err, s1_order_manager_slice(supervisor->instrument, plan->quantity, plan->slices,
                                       ret_quantity, err));
    return s1_dec_mul(price, *ret_quantity, S1_ROUND_UP, ret_notional, err);
}

/* A distance of a trailing stop: one of the two, above zero, the percents below 100. */
static bool is_trail_sound(s1_portfolio_supervisor *supervisor, s1_dec amount, s1_dec percents,
                           s1_dec activation)
{
    const s1_dec tick = supervisor->instrument->tick_size;
    const s1_dec all = s1_dec_from_int(100);
    const bool has_both = !s1_dec_is_zero(amount) && !s1_dec_is_zero(percents);
    const bool has_none = s1_dec_is_zero(amount) && s1_dec_is_zero(percents);
    if (s1_dec_sign(amount) < 0 || has_both) {
        return break_rule(supervisor, S1_STR("TRAIL"), amount);
    }
    if (s1_dec_sign(percents) < 0 || s1_dec_cmp(percents, all) >= 0) {
        return break_rule(supervisor, S1_STR("TRAIL"), percents);
    }
    if (has_none && !s1_dec_is_zero(activation)) {
        return break_rule(supervisor, S1_STR("TRAIL"), activation);
    }
    if (!is_multiple(amount, tick)) {
        return break_rule(supervisor, S1_STR("TICK_SIZE"), amount);
    }
    return (s1_dec_sign(activation) >= 0 && is_multiple(activation, tick)) ||
           break_rule(supervisor, S1_STR("TICK_SIZE"), activation);
}

static bool are_trails_sound(s1_portfolio_supervisor *supervisor, const s1_plan *plan)
{
    const s1_dec entry = s1_dec_max(plan->entry_trail_amount, plan->entry_trail_percent);
    const bool is_stop =
        plan->order_type == S1_ORDER_STOP || plan->order_type == S1_ORDER_STOP_LIMIT;
    if (!s1_dec_is_zero(entry) && !is_stop) {
        return break_rule(supervisor, S1_STR("TRAIL"), entry);
    }
    return is_trail_sound(supervisor, plan->trail_amount, plan->trail_percent,
                          plan->trail_activation) &&
           is_trail_sound(supervisor, plan->entry_trail_amount, plan->entry_trail_percent,
                          plan->entry_trail_activation);
}

/* Ways of sending an order that do not go together, or that this time rules out. */
static bool is_routing_sound(s1_portfolio_supervisor *supervisor, const s1_plan *plan)
{
    const s1_instrument *const instrument = supervisor->instrument;
    if (plan->slices > 1 && plan->order_type != S1_ORDER_MARKET) {
        return break_rule(supervisor, S1_STR("SLICES_NOT_AT_MARKET"),
                          s1_dec_from_int(plan->slices));
    }
    if (!s1_dec_is_zero(plan->cash_fraction) &&
        (plan->order_type != S1_ORDER_MARKET || plan->slices > 1 ||
         s1_dec_sign(plan->cash_fraction) < 0 || s1_dec_cmp(plan->cash_fraction, S1_DEC_ONE) > 0)) {
        return break_rule(supervisor, S1_STR("CASH_FRACTION"), plan->cash_fraction);
    }
    const s1_nanos late = supervisor->context->now - plan->expires_at;
    if (plan->expires_at != 0 && late >= 0) {
        return break_rule(supervisor, S1_STR("EXPIRED"),
                          s1_dec_from_int(late / S1_NANOS_PER_SECOND));
    }
    if (s1_dec_is_zero(plan->display_quantity)) {
        return true;
    }
    const bool rests = plan->order_type == S1_ORDER_LIMIT &&
                       (plan->time_in_force == S1_TIF_GTC || plan->time_in_force == S1_TIF_GTD ||
                        plan->time_in_force == S1_TIF_DAY);
    if (!rests || s1_dec_sign(plan->display_quantity) < 0) {
        return break_rule(supervisor, S1_STR("DISPLAY_QUANTITY"), plan->display_quantity);
    }
    if (!is_multiple(plan->display_quantity, instrument->lot_size)) {
        return break_rule(supervisor, S1_STR("LOT_SIZE"), plan->display_quantity);
    }
    return check_floor(supervisor, S1_STR("DISPLAY_QUANTITY"), instrument->min_quantity,
                       plan->display_quantity);
}

/* Limit and trigger of the entry lie in the band around the last price. Notes the one that does
 * not, with the end of the band that it is beyond. */
static s1_rc judge_band(s1_portfolio_supervisor *supervisor, const s1_plan *plan,
                        bool *ret_is_passed, s1_err *err)
{
    const s1_instrument *const instrument = supervisor->instrument;
    const s1_stream *const stream = supervisor->context->primary;
    const s1_dec last = s1_dec_from_mantissa(stream->bar.close, instrument->price_scale);
    const s1_dec prices[] = {
        s1_order_type_has_limit(plan->order_type) ? plan->limit_price : S1_DEC_ZERO,
        s1_order_type_has_trigger(plan->order_type) ? plan->trigger_price : S1_DEC_ZERO};
    s1_dec reach, low, high;
    *ret_is_passed = true;
    if (s1_dec_is_zero(instrument->price_band_percent)) {
        return S1_OK;
    }
    S1_TRY(err, s1_dec_mul_div(last, instrument->price_band_percent, s1_dec_from_int(100),
                               S1_ROUND_DOWN, &reach, err));
    S1_TRY(err, s1_dec_sub(last, reach, &low, err));
    S1_TRY(err, s1_dec_add(last, reach, &high, err));
    for (size_t i = 0; i < sizeof prices / sizeof prices[0] && *ret_is_passed; i++) {
        if (!s1_dec_is_zero(prices[i])) {
            *ret_is_passed = s1_dec_cmp(prices[i], last) < 0
                                 ? check_floor(supervisor, S1_STR("PRICE_BAND"), low, prices[i])
                                 : check(supervisor, S1_STR("PRICE_BAND"), high, prices[i]);
        }
    }
    return S1_OK;
}

/* What the venue would refuse: worked out here, so that no hopeless order is sent. `quantity` and
 * `notional` are those of one order, the smallest of several. */
static bool is_order_sound(s1_portfolio_supervisor *supervisor, const s1_plan *plan,
                           s1_dec quantity, s1_dec notional)
{
    const s1_instrument *const instrument = supervisor->instrument;
    if (plan->direction == S1_SHORT && (instrument->flags & S1_INSTRUMENT_MARGIN) == 0) {
        return break_rule(supervisor, S1_STR("SHORT_NOT_ALLOWED"), S1_DEC_ONE);
    }
    const s1_dec prices[] = {plan->limit_price, plan->trigger_price, plan->stop_loss,
                             plan->take_profit};
    for (size_t i = 0; i < sizeof prices / sizeof prices[0]; i++) {
        if (s1_dec_sign(prices[i]) < 0 || !is_multiple(prices[i], instrument->tick_size)) {
            return break_rule(supervisor, S1_STR("TICK_SIZE"), prices[i]);
        }
    }
    if (!is_multiple(plan->quantity, instrument->lot_size)) {
        return break_rule(supervisor, S1_STR("LOT_SIZE"), plan->quantity);
    }
    if (s1_dec_is_zero(quantity)) { /* slices of less than a lot */
        return break_rule(supervisor, S1_STR("LOT_SIZE"), quantity);
    }
    return is_bracket_sound(supervisor, plan) && are_trails_sound(supervisor, plan) &&
           is_routing_sound(supervisor, plan) &&
           check_floor(supervisor, S1_STR("MIN_QUANTITY"), instrument->min_quantity, quantity) &&
           check_floor(supervisor, S1_STR("MIN_NOTIONAL"), instrument->min_notional, notional) &&
           check_ceiling(supervisor, S1_STR("MAX_QUANTITY"), instrument->max_quantity, quantity) &&
           check_ceiling(supervisor, S1_STR("MAX_NOTIONAL"), instrument->max_notional, notional);
}

static s1_rc judge_order(s1_portfolio_supervisor *supervisor, const s1_plan *plan, s1_dec quantity,
                         s1_dec notional, bool *ret_is_passed, s1_err *err)
{
    *ret_is_passed = is_order_sound(supervisor, plan, quantity, notional);
    return *ret_is_passed ? judge_band(supervisor, plan, ret_is_passed, err) : S1_OK;
}

/* What the open positions hold of the capital: their cost, with margin their margin. */
static s1_rc held_capital(const s1_portfolio_supervisor *supervisor, s1_dec *ret_held, s1_err *err)
{
    const s1_dec exposure = s1_ledger_exposure(supervisor->ledger);
    if ((supervisor->instrument->flags & S1_INSTRUMENT_MARGIN) == 0) {
        *ret_held = exposure;
        return S1_OK;
    }
    return s1_dec_div(exposure, supervisor->instrument->leverage, S1_ROUND_UP, ret_held, err);
}

/* Does the operation let anything be opened at all? */
static bool is_open(s1_portfolio_supervisor *supervisor)
{
    const s1_portfolio_gate *const gate = supervisor->portfolio;
    if (gate->stop.code.len > 0) {
        supervisor->checks[supervisor->check_count++] = gate->stop;
        return false;
    }
    const s1_nanos left = gate->blocked_until - supervisor->context->now;
    if (left > 0) {
        const s1_nanos minute = 60 * S1_NANOS_PER_SECOND;
        supervisor->checks[supervisor->check_count++] =
            (s1_gate_check){.code = S1_STR("SIGNALS_BLOCKED"),
                            .limit = S1_DEC_ZERO,
                            .actual = s1_dec_from_int((left + minute - 1) / minute),
                            .threat_id = gate->blocked_by};
        return false;
    }
    return true;
}

/* Everything of this link that binds the market, this plan included, at cost. */
static s1_rc notional_of_link(const s1_portfolio_supervisor *supervisor, s1_dec notional,
                              s1_dec *ret_sum, s1_err *err)
{
    s1_dec held = supervisor->ledger->view.reserved;
    if ((supervisor->instrument->flags & S1_INSTRUMENT_MARGIN) != 0) {
        S1_TRY(err, s1_dec_mul(held, supervisor->instrument->leverage, S1_ROUND_UP, &held, err));
    }
    S1_TRY(err, s1_dec_add(held, s1_ledger_exposure(supervisor->ledger), &held, err));
    S1_TRY(err, s1_dec_add(held, supervisor->approved_notional, &held, err));
    return s1_dec_add(held, notional, ret_sum, err);
}

/* The limits of risk_policy.portfolio_rules that a single plan can break. */
static s1_rc judge_portfolio(s1_portfolio_supervisor *supervisor, const s1_plan *plan,
                             s1_dec notional, bool *ret_is_passed, s1_err *err)
{
    const s1_portfolio_gate *const gate = supervisor->portfolio;
    const s1_portfolio_rules *const rules = gate->rules;
    *ret_is_passed = true;
    if (rules == NULL) {
        return S1_OK;
    }
    if (rules->has_max_position_size_pct_per_strategy) {
        s1_dec held, size;
        const s1_str code = S1_STR("MAX_POSITION_SIZE_PER_STRATEGY");
        if (s1_dec_sign(gate->aggregate->equity) <= 0) {
            *ret_is_passed = break_rule(supervisor, code, gate->aggregate->equity);
            return S1_OK;
        }
        S1_TRY(err, notional_of_link(supervisor, notional, &held, err));
        S1_TRY(err, percent(held, gate->aggregate->equity, &size, err));
        if (!check(supervisor, code, rules->max_position_size_pct_per_strategy, size)) {
            *ret_is_passed = false;
            return S1_OK;
        }
    }
    if (rules->has_max_correlated_positions) {
        uint32_t together = gate->count_correlated(gate->self, gate->link, plan->direction) + 1;
        for (uint32_t i = 0; i < supervisor->approved.count; i++) {
            together += supervisor->approved.items[i].direction == plan->direction;
        }
        *ret_is_passed =
            check(supervisor, S1_STR("CORRELATION_LIMIT"),
                  s1_dec_from_int(rules->max_correlated_positions), s1_dec_from_int(together));
    }
    return S1_OK;
}

/* The limits of risk_policy.strategy_rules. *ret_is_passed is false at the first that is broken. */
static s1_rc judge_rules(s1_portfolio_supervisor *supervisor, s1_dec notional, s1_dec cost,
                         bool *ret_is_passed, s1_err *err)
{
    const s1_strategy_rules *const rules = supervisor->rules;
    const s1_ledger_view *const view = &supervisor->ledger->view;
    *ret_is_passed = true;
    if (rules->has_max_drawdown_pct) {
        s1_dec fall, drawdown;
        S1_TRY(err, s1_dec_sub(view->equity_peak, view->equity, &fall, err));
        S1_TRY(err, percent(fall, view->equity_peak, &drawdown, err));
        if (!check(supervisor, S1_STR("MAX_DRAWDOWN"), rules->max_drawdown_pct, drawdown)) {
            *ret_is_passed = false;
            return S1_OK;
        }
    }
    if (rules->has_max_position_size_pct && s1_dec_sign(view->equity) > 0) {
        s1_dec size;
        S1_TRY(err, percent(notional, view->equity, &size, err));
        if (!check(supervisor, S1_STR("MAX_POSITION_SIZE"), rules->max_position_size_pct, size)) {
            *ret_is_passed = false;
            return S1_OK;
        }
    }
    if (!rules->capital_allocation.has_percentage &&
        !rules->capital_allocation.has_max_quote_amount) {
        return S1_OK;
    }
    s1_dec allowed = S1_DEC_MAX;
    if (supervisor->is_allocated) {
        allowed = view->initial_capital;
    } else if (rules->capital_allocation.has_percentage) {
        S1_TRY(err, s1_dec_mul_div(view->initial_capital, rules->capital_allocation.percentage,
                                   s1_dec_from_int(100), S1_ROUND_DOWN, &allowed, err));
    }
    if (rules->capital_allocation.has_max_quote_amount) {
        allowed = s1_dec_min(allowed, rules->capital_allocation.max_quote_amount);
    }
    s1_dec held;
    S1_TRY(err, held_capital(supervisor, &held, err));
    S1_TRY(err, s1_dec_add(held, view->reserved, &held, err));
    S1_TRY(err, s1_dec_add(held, supervisor->approved_cost, &held, err));
    S1_TRY(err, s1_dec_add(held, cost, &held, err));
    *ret_is_passed = check(supervisor, S1_STR("CAPITAL_ALLOCATION"), allowed, held);
    return S1_OK;
}

/* Cash, or with margin the equity that holds no position yet. */
static s1_rc judge_funds(s1_portfolio_supervisor *supervisor, s1_dec cost, bool *ret_is_passed,
                         s1_err *err)
{
    const s1_ledger *const ledger = supervisor->ledger;
    s1_dec available = s1_ledger_free_cash(ledger);
    if ((supervisor->instrument->flags & S1_INSTRUMENT_MARGIN) != 0) {
        s1_dec used;
        S1_TRY(err, held_capital(supervisor, &used, err));
        S1_TRY(err, s1_dec_sub(ledger->view.equity, ledger->view.reserved, &available, err));
        S1_TRY(err, s1_dec_sub(available, used, &available, err));
    }
    S1_TRY(err, s1_dec_sub(available, supervisor->approved_cost, &available, err));
    *ret_is_passed = check(supervisor, S1_STR("INSUFFICIENT_FUNDS"), available, cost);
    return S1_OK;
}

/* The price the order manager holds cash for: that of the order, else the expected one. */
static s1_dec order_price(const s1_plan *plan)
{
    if (s1_order_type_has_limit(plan->order_type)) {
        return plan->limit_price;
    }
    return s1_order_type_has_trigger(plan->order_type) ? plan->trigger_price : plan->entry_price;
}

static s1_rc judge_plan(s1_portfolio_supervisor *supervisor, const s1_plan *plan, s1_err *err)
{
    s1_dec notional, cost, one, one_notional;
    bool is_passed;
    supervisor->check_count = 0;
    const s1_dec price = order_price(plan);
    S1_TRY(err, s1_dec_mul(price, plan->quantity, S1_ROUND_UP, &notional, err));
    S1_TRY(err, s1_order_manager_cost(supervisor->orders, price, plan->quantity, &cost, err));
    one = plan->quantity;
    one_notional = notional;
    if (plan->slices > 1) {
        S1_TRY(err, measure_slice(supervisor, plan, price, &one, &one_notional, err));
    }
    S1_TRY(err, judge_order(supervisor, plan, one, one_notional, &is_passed, err));
    if (is_passed && supervisor->portfolio != NULL) {
        is_passed = is_open(supervisor);
    }
    if (is_passed && supervisor->rules != NULL) {
        S1_TRY(err, judge_rules(supervisor, notional, cost, &is_passed, err));
    }
    if (is_passed && supervisor->portfolio != NULL) {
        S1_TRY(err, judge_portfolio(supervisor, plan, notional, &is_passed, err));
    }
    if (is_passed && s1_dec_is_zero(plan->cash_fraction)) { /* else what is free as it fills */
        S1_TRY(err, judge_funds(supervisor, cost, &is_passed, err));
    }
    if (!is_passed) {
        supervisor->rejected_total++;
        return s1_decision_journal_gate_refused(supervisor->journal, supervisor->context, plan,
                                                &supervisor->checks[supervisor->check_count - 1],
                                                err);
    }
    supervisor->approved_total++;
    S1_TRY(err, s1_dec_add(supervisor->approved_cost, cost, &supervisor->approved_cost, err));
    S1_TRY(err, s1_dec_add(supervisor->approved_notional, notional, &supervisor->approved_notional,
                           err));
    supervisor->approved.items[supervisor->approved.count++] = *plan;
    return s1_decision_journal_approved(supervisor->journal, supervisor->context, plan,
                                        supervisor->checks, supervisor->check_count, err);
}

s1_rc s1_portfolio_supervisor_judge_change(s1_portfolio_supervisor *supervisor, const s1_plan *plan,
                                           s1_dec held, s1_err *err)
{
    s1_dec notional, cost;
    bool is_passed;
    supervisor->check_count = 0;
    const s1_dec price = order_price(plan);
    S1_TRY(err, s1_dec_mul(price, plan->quantity, S1_ROUND_UP, &notional, err));
    S1_TRY(err, s1_order_manager_cost(supervisor->orders, price, plan->quantity, &cost, err));
    /* What is held for it is about to be given back: as if less was approved so far. */
    S1_TRY(err, s1_dec_neg(held, &supervisor->approved_cost, err));
    S1_TRY(err, judge_order(supervisor, plan, plan->quantity, notional, &is_passed, err));
    if (is_passed && supervisor->portfolio != NULL) {
        is_passed = is_open(supervisor);
    }
    if (is_passed && supervisor->rules != NULL) {
        S1_TRY(err, judge_rules(supervisor, notional, cost, &is_passed, err));
    }
    if (is_passed) {
        S1_TRY(err, judge_funds(supervisor, cost, &is_passed, err));
    }
    supervisor->approved_cost = S1_DEC_ZERO;
    if (is_passed) {
        return S1_OK;
    }
    const s1_gate_check *const broken = &supervisor->checks[supervisor->check_count - 1];
    char limit[S1_DEC_TEXT_MAX], actual[S1_DEC_TEXT_MAX];
    (void)s1_dec_print(broken->limit, limit);
    (void)s1_dec_print(broken->actual, actual);
    return S1_RAISE(err, S1_E_DENIED, "%.*s: limit %s, actual %s", S1_STR_ARG(broken->code), limit,
                    actual);
}

s1_rc s1_portfolio_supervisor_judge(s1_portfolio_supervisor *supervisor, const s1_plan_list *plans,
                                    s1_err *err)
{
    supervisor->approved.count = 0;
    supervisor->approved_cost = S1_DEC_ZERO;
    supervisor->approved_notional = S1_DEC_ZERO;
    for (uint32_t i = 0; i < plans->count; i++) {
        S1_TRY(err, judge_plan(supervisor, &plans->items[i], err));
    }
    return S1_OK;
}
