#include "backend/core/strategy_ledger.h"

#include "backend/utils/assert.h"
#include "backend/utils/uid.h"
#include "s1mple/decimal.h"

#include <stdlib.h>
#include <string.h>

s1_rc s1_ledger_new(const s1_ledger_options *options, s1_ledger **ret_ledger, s1_err *err)
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
    s1_ledger *const ledger = calloc(1, sizeof *ledger);
    s1_ledger_position_record *const positions = calloc(options->positions_max, sizeof *positions);
    if (ledger == NULL || positions == NULL) {
        free(ledger);
        free(positions);
        return S1_RAISE(err, S1_E_NO_MEMORY, "a ledger of %u positions", options->positions_max);
    }
    ledger->instrument = instrument;
    ledger->positions = positions;
    ledger->positions_max = options->positions_max;
    ledger->value_factor = (int64_t)s1_dec_internal_pow10(S1_DEC_SCALE - instrument->price_scale -
                                                          instrument->qty_scale);
    ledger->view = (s1_ledger_view){
        .size = sizeof ledger->view,
        .position_stride = sizeof *positions,
        .positions = &positions->view,
        .cash = options->initial_capital,
        .equity = options->initial_capital,
        .equity_peak = options->initial_capital,
        .initial_capital = options->initial_capital,
    };
    *ret_ledger = ledger;
    return S1_OK;
}

void s1_ledger_free(s1_ledger *ledger)
{
    if (ledger != NULL) {
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
    const s1_i128 equity = s1_dec_raw(ledger->view.cash) + value;
    ledger->view.equity = s1_dec_of_raw(equity);
    ledger->view.unrealized_pnl = s1_dec_of_raw(value - s1_dec_raw(ledger->open_cost));
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

/* What a fill adds to cash, cost and quantity, computed before anything changes. */
typedef struct fill_effect {
    s1_dec notional;  /* price * quantity, exact */
    int64_t quantity; /* mantissa at qty_scale */
    int64_t price;    /* mantissa at price_scale: the newest price there is */
    int sign;         /* +1 long, -1 short */
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

static s1_rc fill_measure(const s1_ledger *ledger, const s1_ledger_fill *fill,
                          fill_effect *ret_effect, s1_err *err)
{
    S1_ASSERT(s1_dec_sign(fill->quantity) > 0);
    S1_ASSERT(s1_dec_sign(fill->price) > 0);
    S1_ASSERT(s1_dec_sign(fill->fee) >= 0);
    fill_effect effect = {.sign = s1_direction_sign(fill->direction)};
    S1_TRY(err, exact_mantissa(fill->quantity, ledger->instrument->qty_scale, "quantity",
                               &effect.quantity, err));
    S1_TRY(err, exact_mantissa(fill->price, ledger->instrument->price_scale, "price", &effect.price,
                               err));
    S1_TRY(err, s1_dec_mul(fill->price, fill->quantity, S1_ROUND_HALF_EVEN, &effect.notional, err));
    *ret_effect = effect;
    return S1_OK;
}

/* a + sign * b. */
static s1_rc add_signed(s1_dec a, int sign, s1_dec b, s1_dec *ret_sum, s1_err *err)
{
    return sign > 0 ? s1_dec_add(a, b, ret_sum, err) : s1_dec_sub(a, b, ret_sum, err);
}

static s1_rc derive_price(s1_dec cost, s1_dec quantity, s1_dec *ret_price, s1_err *err)
{
    return s1_dec_div(s1_dec_abs(cost), quantity, S1_ROUND_HALF_EVEN, ret_price, err);
}

s1_rc s1_ledger_open(s1_ledger *ledger, const s1_ledger_fill *fill, s1_err *err)
{
    fill_effect effect;
    S1_TRY(err, fill_measure(ledger, fill, &effect, err));
    s1_ledger_position_record *position = s1_ledger_find(ledger, fill->trade_id);
    if (position == NULL && ledger->view.position_count == ledger->positions_max) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u positions are open, the most this run may hold",
                        ledger->positions_max);
    }
    S1_ASSERT(position == NULL || position->view.direction == fill->direction);
    const s1_dec old_cost = position != NULL ? position->cost : S1_DEC_ZERO;
    const s1_dec old_quantity = position != NULL ? position->view.quantity : S1_DEC_ZERO;
    s1_dec cash, cost, quantity, open_cost, fees, price, net;
    S1_TRY(err, add_signed(ledger->view.cash, -effect.sign, effect.notional, &cash, err));
    S1_TRY(err, s1_dec_sub(cash, fill->fee, &cash, err));
    S1_TRY(err, add_signed(old_cost, effect.sign, effect.notional, &cost, err));
    S1_TRY(err, add_signed(ledger->open_cost, effect.sign, effect.notional, &open_cost, err));
    S1_TRY(err, s1_dec_add(old_quantity, fill->quantity, &quantity, err));
    S1_TRY(err, s1_dec_add(ledger->view.fees, fill->fee, &fees, err));
    S1_TRY(err, s1_dec_sub(position != NULL ? position->net : S1_DEC_ZERO, fill->fee, &net, err));
    if (position == NULL) {
        price = fill->price;
    } else {
        S1_TRY(err, derive_price(cost, quantity, &price, err));
    }
    /* Nothing below can fail. */
    if (position == NULL) {
        position = &ledger->positions[ledger->view.position_count++];
        *position = (s1_ledger_position_record){
            .view = {.size = sizeof position->view,
                     .direction = fill->direction,
                     .trade_id = fill->trade_id,
                     .asset_pair = ledger->instrument->asset_pair,
                     .opened_at = fill->time,
                     .opened_row = fill->row},
        };
    }
    position->cost = cost;
    position->net = net;
    position->view.quantity = quantity;
    position->view.entry_price = price;
    ledger->view.cash = cash;
    ledger->view.fees = fees;
    ledger->open_cost = open_cost;
    ledger->net_quantity += effect.sign * effect.quantity;
    s1_ledger_mark_wide(ledger, effect.price);
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
    fill_effect effect;
    S1_TRY(err, fill_measure(ledger, fill, &effect, err));
    const bool is_all = s1_dec_eq(fill->quantity, position->view.quantity);
    s1_dec part = position->cost; /* cost of what is closed, signed */
    if (!is_all) {
        S1_TRY(err, s1_dec_mul_div(position->cost, fill->quantity, position->view.quantity,
                                   S1_ROUND_HALF_EVEN, &part, err));
    }
    s1_dec cash, pnl, realized, fees, open_cost, cost, net;
    S1_TRY(err, add_signed(ledger->view.cash, effect.sign, effect.notional, &cash, err));
    S1_TRY(err, s1_dec_sub(cash, fill->fee, &cash, err));
    S1_TRY(err, add_signed(S1_DEC_ZERO, effect.sign, effect.notional, &pnl, err));
    S1_TRY(err, s1_dec_sub(pnl, part, &pnl, err));
    S1_TRY(err, s1_dec_add(ledger->view.realized_pnl, pnl, &realized, err));
    S1_TRY(err, s1_dec_add(ledger->view.fees, fill->fee, &fees, err));
    S1_TRY(err, s1_dec_sub(ledger->open_cost, part, &open_cost, err));
    S1_TRY(err, s1_dec_sub(position->cost, part, &cost, err));
    S1_TRY(err, s1_dec_add(position->net, pnl, &net, err));
    S1_TRY(err, s1_dec_sub(net, fill->fee, &net, err));
    /* Nothing below can fail: the quantity only shrinks. */
    ledger->view.cash = cash;
    ledger->view.realized_pnl = realized;
    ledger->view.fees = fees;
    ledger->open_cost = open_cost;
    ledger->net_quantity -= effect.sign * effect.quantity;
    remember_closed(ledger, position, fill, pnl);
    if (is_all) {
        ledger->view.closed_trades++;
        ledger->view.closed_wins += s1_dec_sign(net) > 0;
        ledger->view.last_closed_pnl = net;
        remove_position(ledger, position);
    } else {
        position->net = net;
        position->cost = cost;
        position->view.quantity =
            s1_dec_of_raw(s1_dec_raw(position->view.quantity) - s1_dec_raw(fill->quantity));
    }
    s1_ledger_mark_wide(ledger, effect.price);
    *ret_pnl = pnl;
    *ret_is_closed = is_all;
    return S1_OK;
}

s1_rc s1_ledger_reserve(s1_ledger *ledger, s1_dec amount, s1_err *err)
{
    S1_ASSERT(s1_dec_sign(amount) >= 0);
    return s1_dec_add(ledger->view.reserved, amount, &ledger->view.reserved, err);
}

void s1_ledger_release(s1_ledger *ledger, s1_dec amount)
{
    S1_ASSERT(s1_dec_cmp(amount, ledger->view.reserved) <= 0);
    ledger->view.reserved = s1_dec_of_raw(s1_dec_raw(ledger->view.reserved) - s1_dec_raw(amount));
}

s1_dec s1_ledger_exposure(const s1_ledger *ledger)
{
    s1_i128 sum = 0;
    for (uint32_t i = 0; i < ledger->view.position_count; i++) {
        sum += s1_dec_raw(s1_dec_abs(ledger->positions[i].cost));
    }
    return s1_dec_of_raw(sum);
}

s1_rc s1_ledger_check(const s1_ledger *ledger, s1_err *err)
{
    const s1_ledger_view *const view = &ledger->view;
    const s1_i128 have = s1_dec_raw(view->cash) + s1_dec_raw(ledger->open_cost);
    const s1_i128 owed =
        s1_dec_raw(view->initial_capital) + s1_dec_raw(view->realized_pnl) - s1_dec_raw(view->fees);
    if (have != owed) {
        return S1_RAISE(err, S1_E_DATA,
                        "ledger: cash + cost is not capital + realised - fees (off by %g)",
                        s1_dec_to_double(s1_dec_of_raw(have - owed)));
    }
    s1_i128 cost = 0;
    s1_i128 quantity = 0;
    for (uint32_t i = 0; i < view->position_count; i++) {
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
    if (cost != s1_dec_raw(ledger->open_cost) || quantity != net) {
        return S1_RAISE(err, S1_E_DATA, "ledger: the positions do not add up to its sums");
    }
    if (s1_dec_sign(view->reserved) < 0) {
        return S1_RAISE(err, S1_E_DATA, "ledger: reserved cash is negative");
    }
    return S1_OK;
}
