#include "backend/core/carry.h"

#include <stdlib.h>

/* One of funding and interest, and how far it is paid. */
typedef struct due {
    s1_carry_rates rates;
    s1_nanos paid_to; /* moments up to here are done; 0: no bar yet */
    uint64_t row;     /* of the feed, by time: the next one */
    int32_t kind;     /* enum s1_ledger_carry */
    bool is_on;
} due;

struct s1_carry {
    s1_carry_options options;
    s1_environment inner;
    const s1_market_snapshot *snapshot; /* the newest */
    int64_t close;                      /* of the newest bar before it; 0: none */
    due dues[2];
    uint64_t liquidations;
};

s1_rc s1_carry_new(const s1_carry_options *options, s1_carry **ret_carry, s1_err *err)
{
    s1_carry *const carry = calloc(1, sizeof *carry);
    if (carry == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "what positions cost to hold");
    }
    carry->options = *options;
    carry->dues[0] =
        (due){.rates = options->funding, .kind = S1_CARRY_FUNDING, .is_on = options->has_funding};
    carry->dues[1] = (due){
        .rates = options->interest, .kind = S1_CARRY_INTEREST, .is_on = options->has_interest};
    *ret_carry = carry;
    return S1_OK;
}

void s1_carry_free(s1_carry *carry)
{
    free(carry);
}

uint64_t s1_carry_liquidations(const s1_carry *carry)
{
    return carry->liquidations;
}

static s1_dec price_of(const s1_carry *carry, int64_t mantissa)
{
    return s1_dec_from_mantissa(mantissa, carry->options.instrument->price_scale);
}

/* --- Margin. ------------------------------------------------------------------------------ */

/* equity - maintenance at a price is liquid + slope * price. */
static s1_rc slope_of(const s1_carry *carry, s1_dec *ret_slope, s1_err *err)
{
    const s1_ledger *const ledger = carry->options.ledger;
    const s1_dec base = ledger->balances[S1_LEDGER_BASE].total;
    s1_dec net, held;
    S1_TRY(err, s1_dec_sub(base, ledger->held, &net, err));
    S1_TRY(err, s1_dec_mul(s1_dec_abs(net), carry->options.maintenance, S1_ROUND_UP, &held, err));
    return s1_dec_sub(base, held, ret_slope, err);
}

static s1_rc is_short_at(const s1_carry *carry, s1_dec slope, s1_dec price, bool *ret_is_short,
                         s1_err *err)
{
    s1_dec worth, left;
    S1_TRY(err, s1_dec_mul(slope, price, S1_ROUND_FLOOR, &worth, err));
    S1_TRY(err, s1_dec_add(carry->options.ledger->liquid, worth, &left, err));
    *ret_is_short = s1_dec_sign(left) < 0;
    return S1_OK;
}

static s1_rc liquidate(s1_carry *carry, s1_dec price, s1_nanos time, s1_err *err)
{
    carry->liquidations++;
    return s1_order_manager_liquidate(carry->options.orders, price, time, err);
}

static s1_rc check_at(s1_carry *carry, int64_t mantissa, s1_nanos time, s1_err *err)
{
    s1_dec slope;
    bool is_short;
    const s1_dec price = price_of(carry, mantissa);
    if (carry->options.ledger->view.position_count == 0) {
        return S1_OK;
    }
    S1_TRY(err, slope_of(carry, &slope, err));
    S1_TRY(err, is_short_at(carry, slope, price, &is_short, err));
    return is_short ? liquidate(carry, price, time, err) : S1_OK;
}

/* The first tick on the way to the end of the bar that hurts. */
static s1_rc check_inside(s1_carry *carry, const s1_bar *bar, s1_err *err)
{
    const s1_ledger *const ledger = carry->options.ledger;
    const s1_dec tick = carry->options.instrument->tick_size;
    s1_dec slope, at, price, end;
    bool is_short;
    if (ledger->view.position_count == 0) {
        return S1_OK;
    }
    S1_TRY(err, slope_of(carry, &slope, err));
    const bool falls = s1_dec_sign(slope) > 0;
    end = price_of(carry, falls ? bar->low : bar->high);
    S1_TRY(err, is_short_at(carry, slope, end, &is_short, err));
    if (!is_short) {
        return S1_OK;
    }
    price = end;
    if (!s1_dec_is_zero(slope)) {
        S1_TRY(err, s1_dec_div(ledger->liquid, slope, S1_ROUND_HALF_EVEN, &at, err));
        S1_TRY(err, s1_dec_neg(at, &at, err));
        S1_TRY(err,
               s1_dec_round_to_step(at, tick, falls ? S1_ROUND_FLOOR : S1_ROUND_CEIL, &price, err));
        S1_TRY(err, is_short_at(carry, slope, price, &is_short, err));
        if (!is_short) { /* exactly enough there */
            S1_TRY(err, falls ? s1_dec_sub(price, tick, &price, err)
                              : s1_dec_add(price, tick, &price, err));
        }
    }
    price = s1_dec_min(s1_dec_max(price, price_of(carry, bar->low)), price_of(carry, bar->high));
    return liquidate(carry, price, bar->close_time, err);
}

/* --- Funding and interest. ---------------------------------------------------------------- */

/* A feed's number as it is written: a double says 15 digits behind the point of a fraction. */
static s1_rc rate_of(const s1_feed_column *column, uint32_t row, s1_dec *ret_rate, s1_err *err)
{
    *ret_rate = S1_DEC_ZERO;
    if (column == NULL) {
        return S1_OK;
    }
    s1_dec exact;
    S1_TRY(err, s1_dec_from_double(column->numbers[row], &exact, err));
    return s1_dec_round_to_step(exact, s1_dec_from_mantissa(1, 15), S1_ROUND_HALF_EVEN, ret_rate,
                                err);
}

/* The next moment after what is paid, up to `end`; false: none. */
static s1_rc next_moment(due *d, s1_nanos end, s1_nanos *ret_time, s1_dec *ret_rate,
                         s1_dec *ret_base, bool *ret_is_there, s1_err *err)
{
    const s1_feed_table *const table = d->rates.table;
    *ret_is_there = false;
    if (table == NULL) {
        const s1_nanos next = (d->paid_to / d->rates.every + 1) * d->rates.every;
        if (next <= end) {
            *ret_is_there = true;
            *ret_time = next;
            *ret_rate = d->rates.rate;
            *ret_base = d->rates.rate_base;
        }
        return S1_OK;
    }
    while (d->row < table->row_count && table->time[table->by_time[d->row]] <= d->paid_to) {
        d->row++;
    }
    if (d->row == table->row_count || table->time[table->by_time[d->row]] > end) {
        return S1_OK;
    }
    const uint32_t row = table->by_time[d->row];
    *ret_is_there = true;
    *ret_time = table->time[row];
    S1_TRY(err, rate_of(d->rates.column, row, ret_rate, err));
    return rate_of(d->rates.column_base, row, ret_base, err);
}

/* What all longs together cost, of those that pay at `time`. */
static s1_i128 cost_of_longs(const s1_ledger *ledger, s1_nanos time)
{
    s1_i128 sum = 0;
    for (uint32_t i = 0; i < ledger->view.position_count; i++) {
        const s1_ledger_position_record *const position = &ledger->positions[i];
        if (position->view.direction == S1_LONG && position->view.opened_at < time) {
            sum += s1_dec_raw(position->cost);
        }
    }
    return sum;
}

/* What one position has to pay on: its worth, signed for funding; of interest what it borrowed. */
static s1_rc basis_of(const due *d, const s1_ledger_position_record *position, s1_dec worth,
                      s1_dec borrowed, s1_i128 longs, s1_dec *ret_basis, s1_err *err)
{
    const bool is_long = position->view.direction == S1_LONG;
    if (d->kind == S1_CARRY_FUNDING) {
        *ret_basis = worth;
        return is_long ? S1_OK : s1_dec_neg(worth, ret_basis, err);
    }
    *ret_basis = is_long ? S1_DEC_ZERO : worth;
    return is_long && longs > 0 && s1_dec_sign(borrowed) > 0
               ? s1_dec_mul_div(borrowed, position->cost, s1_dec_of_raw(longs), S1_ROUND_HALF_EVEN,
                                ret_basis, err)
               : S1_OK;
}

/* Every position opened before a moment pays. `what` has rate, price and the time it is told at. */
static s1_rc pay_at(s1_carry *carry, const due *d, s1_nanos moment, s1_dec rate_base,
                    const s1_carried *what, s1_err *err)
{
    s1_ledger *const ledger = carry->options.ledger;
    const s1_i128 longs = cost_of_longs(ledger, moment);
    const s1_dec borrowed = s1_dec_of_raw(-s1_dec_raw(ledger->view.cash));
    for (uint32_t i = 0; i < ledger->view.position_count; i++) {
        const s1_ledger_position_record *const position = &ledger->positions[i];
        const bool is_short = position->view.direction == S1_SHORT;
        s1_dec worth, basis;
        s1_carried carried = *what;
        carried.kind = d->kind;
        carried.trade_id = position->view.trade_id;
        carried.rate = d->kind == S1_CARRY_INTEREST && is_short ? rate_base : what->rate;
        if (position->view.opened_at >= moment) {
            continue;
        }
        S1_TRY(err,
               s1_dec_mul(position->view.quantity, what->price, S1_ROUND_HALF_EVEN, &worth, err));
        S1_TRY(err, basis_of(d, position, worth, borrowed, longs, &basis, err));
        S1_TRY(err, s1_dec_mul(basis, carried.rate, S1_ROUND_HALF_EVEN, &carried.amount, err));
        if (!s1_dec_is_zero(carried.amount)) {
            S1_TRY(err, s1_order_manager_carry(carry->options.orders, &carried, err));
        }
    }
    return S1_OK;
}

/* Pays all that fell due up to `end`, at a price. What fell due inside a bar is told of at its end.
 */
static s1_rc pay(s1_carry *carry, s1_nanos end, int64_t mantissa, bool is_inside, s1_err *err)
{
    for (size_t i = 0; i < sizeof carry->dues / sizeof carry->dues[0]; i++) {
        due *const d = &carry->dues[i];
        bool is_there = d->is_on && mantissa > 0 && d->paid_to > 0;
        while (is_there) {
            s1_nanos time;
            s1_dec rate, base;
            S1_TRY(err, next_moment(d, end, &time, &rate, &base, &is_there, err));
            if (is_there) {
                const s1_carried what = {.rate = rate,
                                         .price = price_of(carry, mantissa),
                                         .time = is_inside ? end : time};
                d->paid_to = time;
                S1_TRY(err, pay_at(carry, d, time, base, &what, err));
            }
        }
        d->paid_to = end > d->paid_to ? end : d->paid_to;
    }
    return S1_OK;
}

/* --- The verbs. --------------------------------------------------------------------------- */

static s1_rc next(void *self, const s1_market_snapshot **ret_snapshot, s1_err *err)
{
    s1_carry *const carry = self;
    if (carry->snapshot != NULL && carry->snapshot->has_bar[0]) {
        carry->close = carry->snapshot->bars[0].close;
    }
    S1_TRY(err, carry->inner.next(carry->inner.self, ret_snapshot, err));
    carry->snapshot = *ret_snapshot;
    return S1_OK;
}

static s1_rc match(void *self, s1_err *err)
{
    s1_carry *const carry = self;
    if (carry->snapshot == NULL || !carry->snapshot->has_bar[0]) {
        return carry->inner.match(carry->inner.self, err);
    }
    const s1_bar bar = carry->snapshot->bars[0];
    const bool has_margin = !s1_dec_is_zero(carry->options.maintenance);
    S1_TRY(err, pay(carry, bar.open_time, carry->close, false, err));
    if (has_margin) {
        S1_TRY(err, check_at(carry, bar.open, bar.open_time, err));
    }
    S1_TRY(err, carry->inner.match(carry->inner.self, err));
    if (has_margin) {
        S1_TRY(err, carry->options.is_close_only ? check_at(carry, bar.close, bar.close_time, err)
                                                 : check_inside(carry, &bar, err));
    }
    return pay(carry, bar.close_time, bar.close, true, err);
}

static s1_rc submit(void *self, const s1_order *order, s1_err *err)
{
    const s1_carry *const carry = self;
    return carry->inner.submit(carry->inner.self, order, err);
}

static s1_rc cancel(void *self, s1_order_id order_id, s1_str reason, s1_nanos time, s1_err *err)
{
    const s1_carry *const carry = self;
    return carry->inner.cancel(carry->inner.self, order_id, reason, time, err);
}

static s1_rc modify(void *self, s1_order_id order_id, s1_dec price, s1_dec quantity, s1_err *err)
{
    const s1_carry *const carry = self;
    return carry->inner.modify(carry->inner.self, order_id, price, quantity, err);
}

static s1_rc amend(void *self, const s1_order_change *change, s1_err *err)
{
    const s1_carry *const carry = self;
    return carry->inner.amend(carry->inner.self, change, err);
}

s1_environment s1_carry_wrap(s1_carry *carry, const s1_environment *inner)
{
    carry->inner = *inner;
    return (s1_environment){.self = carry,
                            .next = next,
                            .match = match,
                            .submit = submit,
                            .cancel = cancel,
                            .modify = modify,
                            .amend = amend};
}
