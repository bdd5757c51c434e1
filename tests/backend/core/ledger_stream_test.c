/* Random streams of orders, partial fills, cancels, fees in every currency, funding, interest and
 * marks through the fee book and the ledger. Here its own invariants are held after every event;
 * with S1_LEDGER_TRACE each event and the books after it are written to that file, for
 * tests/integration/ledger_reference_test.py, which works them out on its own.
 * S1_LEDGER_EVENTS says how many; 20,000 by default. */
#include "backend/core/order_manager.h"
#include "backend/utils/rng.h"
#include "backend/utils/uid.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRADES      12u
#define EVENTS_EACH 1000u /* by one configuration */
#define HOUR        (3600 * S1_NANOS_PER_SECOND)

#define MUST(call)                                                                                 \
    do {                                                                                           \
        s1_err err_ = S1_ERR_INIT;                                                                 \
        s1_err *const err = &err_;                                                                 \
        if ((call) != S1_OK) {                                                                     \
            fail_msg("%s:%d: %s", __FILE__, __LINE__, err_.msg);                                   \
        }                                                                                          \
    } while (0)

typedef struct wanted {
    uint32_t id; /* 0: free */
    int32_t direction;
    s1_dec pending, price, reserved; /* of the entry that works */
} wanted;

typedef struct stream {
    FILE *trace; /* NULL: nobody reads it */
    s1_rng rng;
    s1_instrument instrument;
    s1_fee_tier tiers[3];
    s1_fee_book fees;
    s1_ledger *ledger;
    s1_order_manager *orders; /* what an order holds */
    wanted trades[TRADES];
    uint32_t next_id;
    int64_t price;
    s1_nanos now;
} stream;

static int64_t pick(s1_rng *rng, int64_t low, int64_t high)
{
    return low + (int64_t)s1_rng_below(rng, (uint64_t)(high - low + 1));
}

static bool one_in(s1_rng *rng, uint64_t n)
{
    return s1_rng_below(rng, n) == 0;
}

static void put(const stream *s, const char *word)
{
    if (s->trace != NULL) {
        (void)fprintf(s->trace, "%s ", word);
    }
}

static void put_dec(const stream *s, s1_dec value)
{
    char text[S1_DEC_TEXT_MAX];
    if (s->trace != NULL) {
        text[s1_dec_print(value, text)] = '\0';
        put(s, text);
    }
}

static void put_int(const stream *s, int64_t value)
{
    if (s->trace != NULL) {
        (void)fprintf(s->trace, "%lld ", (long long)value);
    }
}

static void end_line(const stream *s)
{
    if (s->trace != NULL) {
        (void)fputc('\n', s->trace);
    }
}

static s1_dec price_of(const stream *s, int64_t mantissa)
{
    return s1_dec_from_mantissa(mantissa, s->instrument.price_scale);
}

static s1_trade_id trade_id(uint32_t id)
{
    s1_trade_id trade = {0};
    memcpy(trade.uid.bytes, &id, sizeof id);
    return trade;
}

/* The books as they stand, with the position of one trade. */
static void put_state(const stream *s, uint32_t id)
{
    if (s->trace == NULL) {
        return;
    }
    const s1_ledger *const ledger = s->ledger;
    const s1_ledger_view *const view = &ledger->view;
    const s1_dec sums[] = {view->cash,
                           view->reserved,
                           view->equity,
                           view->equity_peak,
                           view->realized_pnl,
                           view->unrealized_pnl,
                           view->fees,
                           view->funding,
                           view->interest,
                           ledger->balances[S1_LEDGER_BASE].total,
                           ledger->held,
                           ledger->balances[S1_LEDGER_OTHER].total,
                           view->last_closed_pnl,
                           ledger->netted_pnl};
    put(s, "=");
    for (size_t i = 0; i < sizeof sums / sizeof sums[0]; i++) {
        put_dec(s, sums[i]);
    }
    put_int(s, view->position_count);
    put_int(s, (int64_t)view->closed_trades);
    put_int(s, (int64_t)view->closed_wins);
    const s1_ledger_position_record *const position = s1_ledger_find(s->ledger, trade_id(id));
    if (position != NULL) {
        put_dec(s, position->view.quantity);
        put_dec(s, position->view.entry_price);
        put_dec(s, position->net);
    }
    end_line(s);
}

/* A pair, its fees, and an account; told in one line. */
static void begin(stream *s)
{
    s1_rng *const rng = &s->rng;
    static const uint32_t scales[][2] = {{2, 6}, {5, 2}, {0, 8}, {8, 0}, {1, 10}, {4, 4}};
    const uint32_t *const scale = scales[s1_rng_below(rng, 6)];
    const int32_t currency = (int32_t)s1_rng_below(rng, 4);
    const bool is_fifo = one_in(rng, 2);
    s->instrument = (s1_instrument){
        .size = sizeof s->instrument,
        .price_scale = scale[0],
        .qty_scale = scale[1],
        .flags = one_in(rng, 2) ? S1_INSTRUMENT_MARGIN : 0,
        .leverage = s1_dec_from_int(pick(rng, 1, 7)),
        .base = S1_STR("BASE"),
        .quote = S1_STR("QUOTE"),
        .lot_size = s1_dec_from_mantissa(scale[1] > 2 && one_in(rng, 2) ? 7 : 1, scale[1]),
    };
    s->instrument.leverage = s->instrument.flags != 0 ? s->instrument.leverage : S1_DEC_ONE;
    s->instrument.maker_fee = s1_dec_from_mantissa(pick(rng, 0, 30), 4);
    s->instrument.taker_fee = s1_dec_from_mantissa(pick(rng, 10, 60), 4);
    static const int32_t ways[] = {S1_ROUND_HALF_EVEN, S1_ROUND_DOWN, S1_ROUND_UP};
    const uint32_t tier_count = (uint32_t)s1_rng_below(rng, 4);
    for (uint32_t i = 0; i < tier_count; i++) {
        s->tiers[i] = (s1_fee_tier){s1_dec_from_int((i + 1) * 25000),
                                    s1_dec_from_mantissa(pick(rng, 0, 10), 5),
                                    s1_dec_from_mantissa(pick(rng, 0, 100), 6)};
    }
    s->fees = (s1_fee_book){
        .rules = {.maker = s->instrument.maker_fee,
                  .taker = s->instrument.taker_fee,
                  .tiers = s->tiers,
                  .tier_count = tier_count,
                  .currency = currency,
                  .rounding = ways[s1_rng_below(rng, 3)],
                  .decimals = currency == S1_FEE_OTHER ? (uint32_t)pick(rng, 0, 12)
                              : one_in(rng, 2)         ? 18
                                                       : (uint32_t)pick(rng, 0, 17),
                  .code = S1_STR("THIRD"),
                  .price = currency == S1_FEE_OTHER ? s1_dec_from_mantissa(pick(rng, 1, 900), 2)
                                                    : S1_DEC_ZERO,
                  .volume_30d = s1_dec_from_int(one_in(rng, 2) ? 0 : pick(rng, 0, 60000))},
        .instrument = &s->instrument};
    s->price = scale[0] == 8 ? 40000000 : pick(rng, 900, 1100) * (scale[0] == 0 ? 30 : 100);
    const s1_ledger_options options = {
        .instrument = &s->instrument,
        .initial_capital = s1_dec_from_int(pick(rng, 100000, 900000)),
        .positions_max = TRADES,
        .cost_basis = is_fifo ? S1_COST_FIFO : S1_COST_AVERAGE,
        .base = one_in(rng, 2) ? S1_DEC_ZERO : s1_dec_from_int(pick(rng, 1, 90)),
        .other_currency = currency == S1_FEE_OTHER ? S1_STR("THIRD") : S1_STR(""),
        .other = currency == S1_FEE_OTHER ? s1_dec_from_int(pick(rng, 0, 20000)) : S1_DEC_ZERO,
        .other_price = s->fees.rules.price};
    MUST(s1_ledger_new(&options, &s->ledger, err));
    if (!s1_dec_is_zero(options.base)) {
        MUST(s1_ledger_start(s->ledger, s->price, err));
    }
    s->fees.free_base = &s->ledger->held;
    s->fees.free_other = &s->ledger->balances[S1_LEDGER_OTHER].total;
    const s1_order_manager_options orders = {
        .ledger = s->ledger, .instrument = &s->instrument, .trades_max = 1};
    MUST(s1_order_manager_new(&orders, &s->orders, err));
    memset(s->trades, 0, sizeof s->trades);
    s->now = pick(rng, 18000, 19000) * 24 * HOUR;
    put(s, "NEW");
    put_int(s, scale[1]);
    put_dec(s, s->instrument.lot_size);
    put_dec(s, s->instrument.flags != 0 ? s->instrument.leverage : S1_DEC_ZERO);
    put_dec(s, options.initial_capital);
    put_dec(s, options.base);
    put_dec(s, options.other);
    put_dec(s, options.other_price);
    put_dec(s, price_of(s, s->price));
    put(s, is_fifo ? "fifo" : "average");
    put_int(s, currency);
    put_int(s, s->fees.rules.rounding);
    put_int(s, s->fees.rules.decimals);
    put_dec(s, s->fees.rules.volume_30d);
    put_dec(s, s->fees.rules.maker);
    put_dec(s, s->fees.rules.taker);
    for (uint32_t i = 0; i < tier_count; i++) {
        put_dec(s, s->tiers[i].volume);
        put_dec(s, s->tiers[i].maker);
        put_dec(s, s->tiers[i].taker);
    }
    end_line(s);
    put_state(s, 0);
}

static void end(stream *s)
{
    s1_order_manager_free(s->orders);
    s1_ledger_free(s->ledger);
}

/* At most `left`, in lots where the whole is. */
static s1_dec part_of(stream *s, s1_dec left)
{
    s1_dec part = left;
    if (!one_in(&s->rng, 3)) {
        MUST(s1_dec_mul_div(left, s1_dec_from_int(pick(&s->rng, 1, 99)), s1_dec_from_int(100),
                            S1_ROUND_DOWN, &part, err));
        MUST(s1_dec_round_to_step(part, s->instrument.lot_size, S1_ROUND_DOWN, &part, err));
    }
    return s1_dec_is_zero(part) ? left : part;
}

static void wander(stream *s)
{
    const int64_t reach = s->price / 100 + 1;
    s->price += pick(&s->rng, -reach, reach);
    s->price = s->price < 10 ? 10 : s->price;
    s->now += one_in(&s->rng, 400) ? pick(&s->rng, 1, 40) * 24 * HOUR : pick(&s->rng, 0, 12) * HOUR;
}

/* Charges a fill, as the matching engine does; false: refused. Its line is begun. */
static bool charge(stream *s, const char *word, const wanted *trade, s1_fill *fill, bool is_entry)
{
    const int32_t entry = trade->direction == S1_LONG ? S1_BUY : S1_SELL;
    const s1_order order = {.role = is_entry ? S1_ROLE_ENTRY : S1_ROLE_EXIT,
                            .side = is_entry ? entry : S1_BUY + S1_SELL - entry};
    s1_err err = S1_ERR_INIT;
    fill->price = price_of(s, s->price);
    fill->time = s->now;
    fill->is_maker = one_in(&s->rng, 2);
    put(s, word);
    put_int(s, trade->id);
    put_int(s, trade->direction);
    put_dec(s, fill->quantity);
    put_dec(s, fill->price);
    put_int(s, fill->is_maker);
    put_int(s, s->now);
    const s1_rc rc = s1_fee_book_charge(&s->fees, &order, fill, &err);
    end_line(s);
    assert_true(rc == S1_OK || rc == S1_E_DENIED);
    return rc == S1_OK;
}

static s1_ledger_fill booked(const wanted *trade, const s1_fill *fill)
{
    return (s1_ledger_fill){.trade_id = trade_id(trade->id),
                            .direction = trade->direction,
                            .quantity = fill->quantity,
                            .price = fill->price,
                            .fee = fill->fee,
                            .time = fill->time,
                            .fee_in = fill->fee_in,
                            .fee_amount = fill->fee_amount,
                            .withheld = fill->withheld};
}

static void submit(stream *s, wanted *trade)
{
    *trade = (wanted){.id = ++s->next_id,
                      .direction = one_in(&s->rng, 2) ? S1_LONG : S1_SHORT,
                      .price = price_of(s, s->price)};
    const int64_t lots = pick(&s->rng, 1, 5000);
    s1_dec worth, one;
    MUST(s1_dec_div(s1_dec_from_int(lots), trade->price, S1_ROUND_UP, &worth, err));
    MUST(s1_dec_round_to_step(worth, s->instrument.lot_size, S1_ROUND_UP, &one, err));
    trade->pending = one;
    MUST(s1_order_manager_cost(s->orders, trade->price, trade->pending, &trade->reserved, err));
    put(s, "ORDER");
    put_int(s, trade->id);
    put_dec(s, trade->pending);
    put_dec(s, trade->price);
    end_line(s);
    MUST(s1_ledger_reserve(s->ledger, trade->reserved, err));
}

static void enter(stream *s, wanted *trade)
{
    s1_fill fill = {.quantity = part_of(s, trade->pending)};
    if (!charge(s, "ENTER", trade, &fill, true)) {
        return;
    }
    s1_dec left, kept = S1_DEC_ZERO, freed;
    MUST(s1_dec_sub(trade->pending, fill.quantity, &left, err));
    if (!s1_dec_is_zero(left)) {
        MUST(s1_order_manager_cost(s->orders, trade->price, left, &kept, err));
    }
    MUST(s1_dec_sub(trade->reserved, kept, &freed, err));
    s1_ledger_release(s->ledger, freed);
    trade->pending = left;
    trade->reserved = kept;
    const s1_ledger_fill booking = booked(trade, &fill);
    MUST(s1_ledger_open(s->ledger, &booking, err));
    MUST(s1_fee_book_traded(&s->fees, &fill, err));
}

static void leave(stream *s, wanted *trade)
{
    s1_fill fill = {.quantity =
                        part_of(s, s1_ledger_find(s->ledger, trade_id(trade->id))->view.quantity)};
    assert_true(charge(s, "LEAVE", trade, &fill, false));
    const s1_ledger_fill booking = booked(trade, &fill);
    s1_dec pnl;
    bool is_closed;
    MUST(s1_ledger_close(s->ledger, &booking, &pnl, &is_closed, err));
    MUST(s1_fee_book_traded(&s->fees, &fill, err));
}

static void cancel(stream *s, wanted *trade)
{
    put(s, "CANCEL");
    put_int(s, trade->id);
    end_line(s);
    s1_ledger_release(s->ledger, trade->reserved);
    trade->pending = trade->reserved = S1_DEC_ZERO;
}

static void carry(stream *s, const wanted *trade)
{
    const int32_t kind = one_in(&s->rng, 2) ? S1_CARRY_FUNDING : S1_CARRY_INTEREST;
    const int64_t least = kind == S1_CARRY_FUNDING ? -9000 : 0;
    const s1_dec amount = s1_dec_from_mantissa(pick(&s->rng, least, 9000), 7);
    put(s, kind == S1_CARRY_FUNDING ? "FUNDING" : "INTEREST");
    put_int(s, trade->id);
    put_dec(s, amount);
    end_line(s);
    MUST(s1_ledger_carry(s->ledger, trade_id(trade->id), kind, amount, err));
}

static void mark(stream *s)
{
    put(s, "MARK");
    put_dec(s, price_of(s, s->price));
    end_line(s);
    s1_ledger_mark(s->ledger, s->price);
}

static void event(stream *s)
{
    wanted *const trade = &s->trades[s1_rng_below(&s->rng, TRADES)];
    const bool is_open = trade->id != 0 && s1_ledger_find(s->ledger, trade_id(trade->id)) != NULL;
    const bool is_pending = !s1_dec_is_zero(trade->pending);
    const uint64_t choice = s1_rng_below(&s->rng, 10);
    wander(s);
    if (choice == 0) {
        mark(s);
    } else if (!is_open && !is_pending) {
        submit(s, trade);
    } else if (is_pending && (choice < 5 || !is_open)) {
        if (choice < 9) {
            enter(s, trade);
        } else {
            cancel(s, trade);
        }
    } else if (is_open && choice < 9) {
        leave(s, trade);
    } else {
        carry(s, trade);
    }
    put_state(s, choice == 0 ? 0 : trade->id);
    MUST(s1_ledger_check(s->ledger, err));
}

static void test_streams(void **state)
{
    (void)state;
    const char *const text = getenv("S1_LEDGER_EVENTS");
    const char *const path = getenv("S1_LEDGER_TRACE");
    const uint64_t events = text != NULL ? strtoull(text, NULL, 10) : 20000;
    stream s = {.trace = path != NULL ? fopen(path, "w") : NULL};
    assert_true(path == NULL || s.trace != NULL);
    s1_rng_init(&s.rng, 20261121);
    uint64_t flat = 0;
    for (uint64_t i = 0; i < events; i++) {
        if (i % EVENTS_EACH == 0) {
            begin(&s);
        }
        event(&s);
        /* With nothing open both ways of counting lots made the same. */
        if (s.ledger->cost_basis == S1_COST_FIFO && s.ledger->view.position_count == 0) {
            assert_true(s1_dec_eq(s.ledger->netted_pnl, s.ledger->view.realized_pnl));
            flat++;
        }
        if (i % EVENTS_EACH == EVENTS_EACH - 1 || i + 1 == events) {
            end(&s);
        }
    }
    assert_true(flat > events / 10000);
    if (s.trace != NULL) {
        assert_int_equal(fclose(s.trace), 0);
    }
    print_message("%llu events, the books right after each\n", (unsigned long long)events);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_streams)};
    return cmocka_run_group_tests_name("ledger streams", tests, NULL, NULL);
}
