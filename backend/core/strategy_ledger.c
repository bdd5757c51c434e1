#include "backend/core/strategy_ledger.h"

#include "backend/utils/assert.h"
#include "backend/utils/uid.h"
#include "s1mple/decimal.h"

#include <stdlib.h>
#include <string.h>

static s1_rc check_options(const s1_ledger_options *options, s1_err *err)
{
    const s1_instrument *const instrument = options->instrument;
    if (s1_dec_sign(options->initial_capital) <= 0) {
        return S1_RAISE(err, S1_E_INVALID, "initial capital must be above zero");
    }
    if (instrument->price_scale + instrument->qty_scale > S1_DEC_SCALE) {
        return S1_RAISE(err, S1_E_INVALID, "%.*s: price_scale %u + qty_scale %u is above 18 digits",
                        S1_STR_ARG(instrument->asset_pair), instrument->price_scale,
                        instrument->qty_scale);
    }
    return S1_OK;
}

/* The accounts of a fresh ledger. */
static void fill_accounts(s1_ledger *ledger, const s1_ledger_options *options)
{
    const struct {
        s1_str currency;
        s1_dec amount;
    } has[S1_LEDGER_CURRENCIES_MAX] = {
        [S1_LEDGER_QUOTE] = {options->instrument->quote, options->initial_capital},
        [S1_LEDGER_BASE] = {options->instrument->base, options->base},
        [S1_LEDGER_OTHER] = {options->other_currency, options->other},
    };
    for (uint32_t i = 0; i < S1_LEDGER_CURRENCIES_MAX; i++) {
        ledger->balances[i] = (s1_balance){
            .size = sizeof(s1_balance), .currency = has[i].currency, .total = has[i].amount};
        ledger->accounts[i].initial = has[i].amount;
    }
    ledger->view.balances = ledger->balances;
    ledger->view.balance_stride = sizeof(s1_balance);
    ledger->view.balance_count =
        options->other_currency.len > 0 ? S1_LEDGER_CURRENCIES_MAX : S1_LEDGER_OTHER;
}

/* Everything of a ledger but its memory. */
static s1_rc begin(s1_ledger *ledger, const s1_ledger_options *options, s1_err *err)
{
    const s1_instrument *const instrument = options->instrument;
    s1_dec other, capital;
    S1_TRY(err, s1_dec_mul(options->other, options->other_price, S1_ROUND_HALF_EVEN, &other, err));
    S1_TRY(err, s1_dec_add(options->initial_capital, other, &capital, err));
    S1_TRY(err, s1_dec_to_mantissa(options->base, instrument->qty_scale, S1_ROUND_DOWN,
                                   &ledger->net_quantity, err));
    ledger->instrument = instrument;
    ledger->positions_max = options->positions_max;
    ledger->cost_basis = options->cost_basis != 0 ? options->cost_basis : S1_COST_AVERAGE;
    ledger->other_price = options->other_price;
    ledger->held = options->base;
    ledger->value_factor = (int64_t)s1_dec_internal_pow10(S1_DEC_SCALE - instrument->price_scale -
                                                          instrument->qty_scale);
    ledger->liquid = capital;
    ledger->view = (s1_ledger_view){
        .size = sizeof ledger->view,
        .position_stride = sizeof *ledger->positions,
        .positions = &ledger->positions->view,
        .cash = options->initial_capital,
        .equity = capital,
        .equity_peak = capital,
        .initial_capital = capital,
    };
    fill_accounts(ledger, options);
    return ledger->cost_basis == S1_COST_FIFO ? s1_lot_pool_init(&ledger->lots, err) : S1_OK;
}

s1_rc s1_ledger_new(const s1_ledger_options *options, s1_ledger **ret_ledger, s1_err *err)
{
    S1_TRY(err, check_options(options, err));
    s1_ledger *const ledger = calloc(1, sizeof *ledger);
    s1_ledger_position_record *const positions = calloc(options->positions_max, sizeof *positions);
    if (ledger == NULL || positions == NULL) {
        free(ledger);
        free(positions);
        return S1_RAISE(err, S1_E_NO_MEMORY, "a ledger of %u positions", options->positions_max);
    }
    ledger->positions = positions;
    const s1_rc rc = begin(ledger, options, err);
    if (rc != S1_OK) {
        s1_ledger_free(ledger);
        return rc;
    }
    *ret_ledger = ledger;
    return S1_OK;
}

void s1_ledger_free(s1_ledger *ledger)
{
    if (ledger != NULL) {
        s1_lot_pool_done(&ledger->lots);
        free(ledger->positions);
        free(ledger);
    }
}

s1_ledger_position_record *s1_ledger_find(s1_ledger *ledger, s1_trade_id trade_id)
{
    for (uint32_t i = 0; i < ledger->view.position_count; i++) {
        if (s1_uid_eq(ledger->positions[i].view.trade_id.uid, trade_id.uid)) {
            return &ledger->positions[i];
        }
    }
    return NULL;
}

/* Equity, its peak and the open result, after cash or the value of the positions changed. */
static void refresh_equity(s1_ledger *ledger, s1_i128 value)
{
    const s1_i128 equity = s1_dec_raw(ledger->liquid) + value;
    ledger->view.equity = s1_dec_of_raw(equity);
    ledger->view.unrealized_pnl = s1_dec_of_raw(value - s1_dec_raw(ledger->paid_in));
    if (equity > s1_dec_raw(ledger->view.equity_peak)) {
        ledger->view.equity_peak = ledger->view.equity;
    }
}

void s1_ledger_mark_wide(s1_ledger *ledger, int64_t close)
{
    const s1_i128 product = (s1_i128)ledger->net_quantity * close; /* 63 + 63 bits */
    if (product <= INT64_MAX && product >= INT64_MIN) {
        refresh_equity(ledger, product * ledger->value_factor); /* 63 + 60 bits */
        return;
    }
    s1_i128 value;
    const bool overflows = __builtin_mul_overflow(product, (s1_i128)ledger->value_factor, &value);
    S1_ASSERT(!overflows);
    refresh_equity(ledger, value);
}

s1_rc s1_ledger_start(s1_ledger *ledger, int64_t price, s1_err *err)
{
    s1_dec worth, capital;
    ledger->start_price = s1_dec_from_mantissa(price, ledger->instrument->price_scale);
    S1_TRY(err, s1_dec_mul(ledger->held, ledger->start_price, S1_ROUND_HALF_EVEN, &worth, err));
    S1_TRY(err, s1_dec_add(ledger->view.initial_capital, worth, &capital, err));
    ledger->held_cost = worth;
    ledger->paid_in = worth;
    ledger->view.initial_capital = capital;
    ledger->view.equity_peak = capital;
    s1_ledger_mark_wide(ledger, price);
    return S1_OK;
}

/* What a fill does to the books but for its position, worked out before anything changes. */
typedef struct fill_effect {
    s1_dec notional;  /* price * quantity, exact */
    s1_dec joined;    /* what of the quantity is of the position */
    s1_dec cost;      /* price * joined */
    int64_t quantity; /* mantissa at qty_scale */
    int64_t price;    /* mantissa at price_scale: the newest price there is */
    int64_t net;      /* the base balance after it */
    int side;         /* +1 bought, -1 sold */
    s1_dec cash, liquid, fees, held, held_cost, other;
    s1_dec quote_fees, base_fees, other_fees, quote_traded, base_traded;
} fill_effect;

static s1_rc exact_mantissa(s1_dec value, uint32_t scale, const char *what, int64_t *ret_mantissa,
                            s1_err *err)
{
    int64_t mantissa;
    S1_TRY(err, s1_dec_to_mantissa(value, scale, S1_ROUND_DOWN, &mantissa, err));
    if (!s1_dec_eq(s1_dec_from_mantissa(mantissa, scale), value)) {
        return S1_RAISE(err, S1_E_RANGE, "fill %s has more than %u decimals", what, scale);
    }
    *ret_mantissa = mantissa;
    return S1_OK;
}

/* a + sign * b. */
static s1_rc add_signed(s1_dec a, int sign, s1_dec b, s1_dec *ret_sum, s1_err *err)
{
    return sign > 0 ? s1_dec_add(a, b, ret_sum, err) : s1_dec_sub(a, b, ret_sum, err);
}

/* A fee in the base currency, or base that is left of a lot. */
static s1_rc measure_held(const s1_ledger *ledger, const s1_ledger_fill *fill, s1_dec fee,
                          fill_effect *effect, s1_err *err)
{
    int64_t mantissa;
    s1_dec rest, worth;
    S1_TRY(err, exact_mantissa(fee, ledger->instrument->qty_scale, "fee", &mantissa, err));
    S1_TRY(err, s1_dec_sub(fill->withheld, fee, &rest, err));
    S1_TRY(err, s1_dec_mul(rest, fill->price, S1_ROUND_HALF_EVEN, &worth, err));
    S1_TRY(err, s1_dec_add(effect->held, rest, &effect->held, err));
    S1_TRY(err, s1_dec_add(effect->held_cost, worth, &effect->held_cost, err));
    effect->net -= mantissa;
    return s1_dec_add(effect->base_fees, fee, &effect->base_fees, err);
}

/* Out of which balance the fee goes. */
static s1_rc measure_fee(const s1_ledger *ledger, const s1_ledger_fill *fill, fill_effect *effect,
                         s1_err *err)
{
    S1_TRY(err, s1_dec_add(ledger->view.fees, fill->fee, &effect->fees, err));
    if (fill->fee_in == S1_FEE_BASE || !s1_dec_is_zero(fill->withheld)) {
        S1_TRY(err, measure_held(ledger, fill,
                                 fill->fee_in == S1_FEE_BASE ? fill->fee_amount : S1_DEC_ZERO,
                                 effect, err));
    }
    if (fill->fee_in == S1_FEE_BASE) {
        return S1_OK;
    }
    if (fill->fee_in == S1_FEE_OTHER) {
        S1_TRY(err, s1_dec_sub(effect->other, fill->fee_amount, &effect->other, err));
        S1_TRY(err, s1_dec_add(effect->other_fees, fill->fee_amount, &effect->other_fees, err));
    } else {
        S1_TRY(err, s1_dec_sub(effect->cash, fill->fee, &effect->cash, err));
        S1_TRY(err, s1_dec_add(effect->quote_fees, fill->fee, &effect->quote_fees, err));
    }
    return s1_dec_sub(effect->liquid, fill->fee, &effect->liquid, err);
}

static s1_rc fill_measure(const s1_ledger *ledger, const s1_ledger_fill *fill, int side,
                          fill_effect *ret_effect, s1_err *err)
{
    S1_ASSERT(s1_dec_sign(fill->quantity) > 0);
    S1_ASSERT(s1_dec_sign(fill->price) > 0);
    S1_ASSERT(s1_dec_sign(fill->fee) >= 0);
    const s1_ledger_account *const quote = &ledger->accounts[S1_LEDGER_QUOTE];
    const s1_ledger_account *const base = &ledger->accounts[S1_LEDGER_BASE];
    fill_effect e = {.side = side,
                     .joined = fill->quantity,
                     .held = ledger->held,
                     .held_cost = ledger->held_cost,
                     .other = ledger->balances[S1_LEDGER_OTHER].total,
                     .quote_fees = quote->fees,
                     .base_fees = base->fees,
                     .other_fees = ledger->accounts[S1_LEDGER_OTHER].fees};
    S1_TRY(err, exact_mantissa(fill->quantity, ledger->instrument->qty_scale, "quantity",
                               &e.quantity, err));
    S1_TRY(err,
           exact_mantissa(fill->price, ledger->instrument->price_scale, "price", &e.price, err));
    S1_TRY(err, s1_dec_mul(fill->price, fill->quantity, S1_ROUND_HALF_EVEN, &e.notional, err));
    e.cost = e.notional;
    if (!s1_dec_is_zero(fill->withheld)) {
        S1_TRY(err, s1_dec_sub(fill->quantity, fill->withheld, &e.joined, err));
        S1_TRY(err, s1_dec_mul(fill->price, e.joined, S1_ROUND_HALF_EVEN, &e.cost, err));
    }
    e.net = ledger->net_quantity + side * e.quantity;
    S1_TRY(err, add_signed(ledger->view.cash, -side, e.notional, &e.cash, err));
    S1_TRY(err, add_signed(ledger->liquid, -side, e.notional, &e.liquid, err));
    S1_TRY(err, add_signed(quote->traded, -side, e.notional, &e.quote_traded, err));
    S1_TRY(err, add_signed(base->traded, side, fill->quantity, &e.base_traded, err));
    S1_TRY(err, measure_fee(ledger, fill, &e, err));
    *ret_effect = e;
    return S1_OK;
}

/* Cannot fail. */
static void apply(s1_ledger *ledger, const fill_effect *effect)
{
    ledger->view.cash = effect->cash;
    ledger->view.fees = effect->fees;
    ledger->liquid = effect->liquid;
    ledger->held = effect->held;
    ledger->held_cost = effect->held_cost;
    ledger->net_quantity = effect->net;
    ledger->accounts[S1_LEDGER_QUOTE].traded = effect->quote_traded;
    ledger->accounts[S1_LEDGER_QUOTE].fees = effect->quote_fees;
    ledger->accounts[S1_LEDGER_BASE].traded = effect->base_traded;
    ledger->accounts[S1_LEDGER_BASE].fees = effect->base_fees;
    ledger->accounts[S1_LEDGER_OTHER].fees = effect->other_fees;
    ledger->balances[S1_LEDGER_QUOTE].total = effect->cash;
    ledger->balances[S1_LEDGER_BASE].total =
        s1_dec_from_mantissa(effect->net, ledger->instrument->qty_scale);
    ledger->balances[S1_LEDGER_OTHER].total = effect->other;
}

static s1_rc derive_price(s1_dec cost, s1_dec quantity, s1_dec *ret_price, s1_err *err)
{
    return s1_dec_div(s1_dec_abs(cost), quantity, S1_ROUND_HALF_EVEN, ret_price, err);
}

/* --- First in, first out. ----------------------------------------------------------------- */

/* All positions as one: what is bought ends what was sold first, and the other way round. */
static s1_rc net_fill(s1_ledger *ledger, int side, s1_dec price, s1_dec quantity, s1_err *err)
{
    s1_dec rest = quantity;
    if (ledger->netted_side == -side) {
        const s1_dec part = s1_dec_min(quantity, ledger->netted_quantity);
        s1_dec cost, worth, pnl;
        S1_TRY(err, s1_lots_cost(&ledger->lots, &ledger->netted_lots, part, &cost, err));
        S1_TRY(err, s1_dec_mul(price, part, S1_ROUND_HALF_EVEN, &worth, err));
        S1_TRY(err, add_signed(ledger->netted_pnl, -side, worth, &pnl, err));
        S1_TRY(err, add_signed(pnl, side, cost, &ledger->netted_pnl, err));
        s1_lots_take(&ledger->lots, &ledger->netted_lots, part);
        S1_TRY(err, s1_dec_sub(ledger->netted_quantity, part, &ledger->netted_quantity, err));
        S1_TRY(err, s1_dec_sub(quantity, part, &rest, err));
        ledger->netted_side = s1_dec_is_zero(ledger->netted_quantity) ? 0 : -side;
    }
    if (s1_dec_is_zero(rest)) {
        return S1_OK;
    }
    ledger->netted_side = side;
    S1_TRY(err, s1_dec_add(ledger->netted_quantity, rest, &ledger->netted_quantity, err));
    return s1_lots_push(&ledger->lots, &ledger->netted_lots, price, rest, err);
}

/* What a part of a position cost, signed. */
static s1_rc cost_of_part(const s1_ledger *ledger, const s1_ledger_position_record *position,
                          s1_dec quantity, s1_dec *ret_cost, s1_err *err)
{
    if (s1_dec_eq(quantity, position->view.quantity)) {
        *ret_cost = position->cost;
        return S1_OK;
    }
    if (ledger->cost_basis != S1_COST_FIFO) {
        return s1_dec_mul_div(position->cost, quantity, position->view.quantity, S1_ROUND_HALF_EVEN,
                              ret_cost, err);
    }
    s1_dec cost;
    S1_TRY(err, s1_lots_cost(&ledger->lots, &position->lots, quantity, &cost, err));
    return add_signed(S1_DEC_ZERO, s1_direction_sign(position->view.direction), cost, ret_cost,
                      err);
}

/* --- Fills. ------------------------------------------------------------------------------- */

static s1_ledger_position_record *add_position(s1_ledger *ledger, const s1_ledger_fill *fill)
{
    s1_ledger_position_record *const position = &ledger->positions[ledger->view.position_count++];
    *position = (s1_ledger_position_record){
        .view = {.size = sizeof position->view,
                 .direction = fill->direction,
                 .trade_id = fill->trade_id,
                 .asset_pair = ledger->instrument->asset_pair,
                 .opened_at = fill->time,
                 .opened_row = fill->row},
    };
    return position;
}

s1_rc s1_ledger_open(s1_ledger *ledger, const s1_ledger_fill *fill, s1_err *err)
{
    fill_effect e;
    const int side = s1_direction_sign(fill->direction);
    S1_TRY(err, fill_measure(ledger, fill, side, &e, err));
    s1_ledger_position_record *position = s1_ledger_find(ledger, fill->trade_id);
    if (position == NULL && ledger->view.position_count == ledger->positions_max) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u positions are open, the most this run may hold",
                        ledger->positions_max);
    }
    S1_ASSERT(position == NULL || position->view.direction == fill->direction);
    const s1_dec old_cost = position != NULL ? position->cost : S1_DEC_ZERO;
    const s1_dec old_quantity = position != NULL ? position->view.quantity : S1_DEC_ZERO;
    s1_dec cost, quantity, open_cost, paid_in, price, net;
    S1_TRY(err, add_signed(old_cost, side, e.cost, &cost, err));
    S1_TRY(err, add_signed(ledger->open_cost, side, e.cost, &open_cost, err));
    S1_TRY(err, s1_dec_add(open_cost, e.held_cost, &paid_in, err));
    S1_TRY(err, s1_dec_add(old_quantity, e.joined, &quantity, err));
    S1_TRY(err, s1_dec_sub(position != NULL ? position->net : S1_DEC_ZERO, fill->fee, &net, err));
    if (position == NULL) {
        price = fill->price;
    } else {
        S1_TRY(err, derive_price(cost, quantity, &price, err));
    }
    if (ledger->cost_basis == S1_COST_FIFO) {
        S1_TRY(err, net_fill(ledger, side, fill->price, e.joined, err));
    }
    /* Nothing below can fail but for want of room for lots, which ends a run. */
    position = position != NULL ? position : add_position(ledger, fill);
    if (ledger->cost_basis == S1_COST_FIFO) {
        S1_TRY(err, s1_lots_push(&ledger->lots, &position->lots, fill->price, e.joined, err));
    }
    position->cost = cost;
    position->net = net;
    position->view.quantity = quantity;
    position->view.entry_price = price;
    ledger->open_cost = open_cost;
    ledger->paid_in = paid_in;
    apply(ledger, &e);
    s1_ledger_mark_wide(ledger, e.price);
    return S1_OK;
}

static void remember_closed(s1_ledger *ledger, const s1_ledger_position_record *position,
                            const s1_ledger_fill *fill, s1_dec pnl)
{
    ledger->closed[ledger->closed_count++ % S1_LEDGER_CLOSED_MAX] = (s1_closed_position){
        .trade_id = fill->trade_id,
        .direction = position->view.direction,
        .quantity = fill->quantity,
        .entry_price = position->view.entry_price,
        .exit_price = fill->price,
        .pnl = pnl,
        .closed_at = fill->time,
    };
}

static void remove_position(s1_ledger *ledger, s1_ledger_position_record *position)
{
    const size_t index = (size_t)(position - ledger->positions);
    const size_t tail = ledger->view.position_count - index - 1;
    memmove(position, position + 1, tail * sizeof *position);
    ledger->view.position_count--;
}

/* What is left of a position of which a part was closed. */
static s1_rc shrink(s1_ledger *ledger, s1_ledger_position_record *position, s1_dec quantity,
                    s1_err *err)
{
    position->view.quantity =
        s1_dec_of_raw(s1_dec_raw(position->view.quantity) - s1_dec_raw(quantity));
    if (ledger->cost_basis == S1_COST_FIFO) {
        s1_lots_take(&ledger->lots, &position->lots, quantity);
        return derive_price(position->cost, position->view.quantity, &position->view.entry_price,
                            err);
    }
    return S1_OK;
}

s1_rc s1_ledger_close(s1_ledger *ledger, const s1_ledger_fill *fill, s1_dec *ret_pnl,
                      bool *ret_is_closed, s1_err *err)
{
    s1_ledger_position_record *const position = s1_ledger_find(ledger, fill->trade_id);
    if (position == NULL) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "no open position of this trade");
    }
    if (s1_dec_cmp(fill->quantity, position->view.quantity) > 0) {
        return S1_RAISE(err, S1_E_INVALID, "a close of more than is open");
    }
    S1_ASSERT(s1_dec_is_zero(fill->withheld));
    fill_effect e;
    const int sign = s1_direction_sign(fill->direction);
    S1_TRY(err, fill_measure(ledger, fill, -sign, &e, err));
    const bool is_all = s1_dec_eq(fill->quantity, position->view.quantity);
    s1_dec part, pnl, realized, open_cost, paid_in, cost, net;
    S1_TRY(err, cost_of_part(ledger, position, fill->quantity, &part, err));
    S1_TRY(err, add_signed(S1_DEC_ZERO, sign, e.notional, &pnl, err));
    S1_TRY(err, s1_dec_sub(pnl, part, &pnl, err));
    S1_TRY(err, s1_dec_add(ledger->view.realized_pnl, pnl, &realized, err));
    S1_TRY(err, s1_dec_sub(ledger->open_cost, part, &open_cost, err));
    S1_TRY(err, s1_dec_add(open_cost, e.held_cost, &paid_in, err));
    S1_TRY(err, s1_dec_sub(position->cost, part, &cost, err));
    S1_TRY(err, s1_dec_add(position->net, pnl, &net, err));
    S1_TRY(err, s1_dec_sub(net, fill->fee, &net, err));
    if (ledger->cost_basis == S1_COST_FIFO) {
        S1_TRY(err, net_fill(ledger, -sign, fill->price, fill->quantity, err));
    }
    /* Nothing below can fail: the quantity only shrinks. */
    ledger->view.realized_pnl = realized;
    ledger->open_cost = open_cost;
    ledger->paid_in = paid_in;
    apply(ledger, &e);
    remember_closed(ledger, position, fill, pnl);
    position->net = net;
    position->cost = cost;
    if (is_all) {
        ledger->view.closed_trades++;
        ledger->view.closed_wins += s1_dec_sign(net) > 0;
        ledger->view.last_closed_pnl = net;
        if (ledger->cost_basis == S1_COST_FIFO) {
            s1_lots_take(&ledger->lots, &position->lots, fill->quantity);
        }
        remove_position(ledger, position);
    } else {
        S1_TRY(err, shrink(ledger, position, fill->quantity, err));
    }
    s1_ledger_mark_wide(ledger, e.price);
    *ret_pnl = pnl;
    *ret_is_closed = is_all;
    return S1_OK;
}

s1_rc s1_ledger_carry(s1_ledger *ledger, s1_trade_id trade_id, int32_t carry, s1_dec amount,
                      s1_err *err)
{
    s1_ledger_position_record *const position = s1_ledger_find(ledger, trade_id);
    if (position == NULL) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "no open position of this trade");
    }
    s1_dec *const sum = carry == S1_CARRY_FUNDING ? &ledger->view.funding : &ledger->view.interest;
    s1_dec cash, liquid, net, equity, total;
    S1_TRY(err, s1_dec_sub(ledger->view.cash, amount, &cash, err));
    S1_TRY(err, s1_dec_sub(ledger->liquid, amount, &liquid, err));
    S1_TRY(err, s1_dec_sub(ledger->view.equity, amount, &equity, err));
    S1_TRY(err, s1_dec_sub(position->net, amount, &net, err));
    S1_TRY(err, s1_dec_add(*sum, amount, &total, err));
    *sum = total;
    position->net = net;
    ledger->liquid = liquid;
    ledger->view.cash = cash;
    ledger->view.equity = equity;
    ledger->view.equity_peak = s1_dec_max(ledger->view.equity_peak, equity);
    ledger->balances[S1_LEDGER_QUOTE].total = cash;
    return S1_OK;
}

s1_rc s1_ledger_reserve(s1_ledger *ledger, s1_dec amount, s1_err *err)
{
    S1_ASSERT(s1_dec_sign(amount) >= 0);
    S1_TRY(err, s1_dec_add(ledger->view.reserved, amount, &ledger->view.reserved, err));
    ledger->balances[S1_LEDGER_QUOTE].reserved = ledger->view.reserved;
    return S1_OK;
}

void s1_ledger_release(s1_ledger *ledger, s1_dec amount)
{
    S1_ASSERT(s1_dec_cmp(amount, ledger->view.reserved) <= 0);
    ledger->view.reserved = s1_dec_of_raw(s1_dec_raw(ledger->view.reserved) - s1_dec_raw(amount));
    ledger->balances[S1_LEDGER_QUOTE].reserved = ledger->view.reserved;
}

s1_dec s1_ledger_exposure(const s1_ledger *ledger)
{
    s1_i128 sum = 0;
    for (uint32_t i = 0; i < ledger->view.position_count; i++) {
        sum += s1_dec_raw(s1_dec_abs(ledger->positions[i].cost));
    }
    return s1_dec_of_raw(sum);
}

/* The sums of the quote currency. */
static s1_rc check_money(const s1_ledger *ledger, s1_err *err)
{
    const s1_ledger_view *const view = &ledger->view;
    const s1_i128 have =
        s1_dec_raw(ledger->liquid) + s1_dec_raw(ledger->open_cost) + s1_dec_raw(ledger->held_cost);
    const s1_i128 owed = s1_dec_raw(view->initial_capital) + s1_dec_raw(view->realized_pnl) -
                         s1_dec_raw(view->fees) - s1_dec_raw(view->funding) -
                         s1_dec_raw(view->interest);
    if (have != owed) {
        return S1_RAISE(err, S1_E_DATA,
                        "ledger: cash + cost is not capital + realised - fees (off by %g)",
                        s1_dec_to_double(s1_dec_of_raw(have - owed)));
    }
    if (s1_dec_sign(view->reserved) < 0) {
        return S1_RAISE(err, S1_E_DATA, "ledger: reserved cash is negative");
    }
    return S1_OK;
}

/* Each balance is what came in less what went out. */
static s1_rc check_balances(const s1_ledger *ledger, s1_err *err)
{
    const s1_ledger_view *const view = &ledger->view;
    s1_dec other;
    for (uint32_t i = 0; i < S1_LEDGER_CURRENCIES_MAX; i++) {
        const s1_ledger_account *const account = &ledger->accounts[i];
        s1_i128 sum =
            s1_dec_raw(account->initial) + s1_dec_raw(account->traded) - s1_dec_raw(account->fees);
        if (i == S1_LEDGER_QUOTE) {
            sum -= s1_dec_raw(view->funding) + s1_dec_raw(view->interest);
        }
        if (sum != s1_dec_raw(ledger->balances[i].total)) {
            return S1_RAISE(err, S1_E_DATA, "ledger: the balance of %.*s is not what moved it",
                            S1_STR_ARG(ledger->balances[i].currency));
        }
    }
    S1_TRY(err, s1_dec_mul(ledger->balances[S1_LEDGER_OTHER].total, ledger->other_price,
                           S1_ROUND_HALF_EVEN, &other, err));
    const s1_dec base = s1_dec_from_mantissa(ledger->net_quantity, ledger->instrument->qty_scale);
    return s1_dec_eq(view->cash, ledger->balances[S1_LEDGER_QUOTE].total) &&
                   s1_dec_eq(base, ledger->balances[S1_LEDGER_BASE].total) &&
                   s1_dec_raw(view->cash) + s1_dec_raw(other) == s1_dec_raw(ledger->liquid)
               ? S1_OK
               : S1_RAISE(err, S1_E_DATA, "ledger: the balances are not what it counts with");
}

s1_rc s1_ledger_check(const s1_ledger *ledger, s1_err *err)
{
    S1_TRY(err, check_money(ledger, err));
    S1_TRY(err, check_balances(ledger, err));
    s1_i128 cost = 0;
    s1_i128 quantity = s1_dec_raw(ledger->held);
    for (uint32_t i = 0; i < ledger->view.position_count; i++) {
        const s1_ledger_position_record *const position = &ledger->positions[i];
        if (s1_dec_sign(position->view.quantity) <= 0) {
            return S1_RAISE(err, S1_E_DATA, "ledger: position %u has no quantity", i);
        }
        cost += s1_dec_raw(position->cost);
        quantity +=
            s1_direction_sign(position->view.direction) * s1_dec_raw(position->view.quantity);
    }
    const s1_i128 net =
        s1_dec_raw(s1_dec_from_mantissa(ledger->net_quantity, ledger->instrument->qty_scale));
    if (cost != s1_dec_raw(ledger->open_cost) || quantity != net ||
        cost + s1_dec_raw(ledger->held_cost) != s1_dec_raw(ledger->paid_in)) {
        return S1_RAISE(err, S1_E_DATA, "ledger: the positions do not add up to its sums");
    }
    return S1_OK;
}
