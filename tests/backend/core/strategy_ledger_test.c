/* The ledger against hand-worked books and against random ones: its invariant must hold after
 * every step, and no failed step may change anything. */
#include "backend/core/strategy_ledger.h"

#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

static const s1_instrument instrument = {
    .size = sizeof instrument,
    .price_scale = 2,
    .qty_scale = 6,
};

static s1_dec dec(const char *text)
{
    s1_err err = S1_ERR_INIT;
    s1_dec value;
    if (s1_dec_parse((s1_str){text, strlen(text)}, &value, &err) != S1_OK) {
        fail_msg("%s: %s", text, err.msg);
    }
    return value;
}

static void assert_dec(s1_dec value, const char *expected)
{
    char text[S1_DEC_TEXT_MAX];
    const size_t length = s1_dec_print(value, text);
    text[length] = '\0';
    assert_string_equal(text, expected);
}

static s1_ledger *ledger_new(const char *capital, uint32_t positions_max)
{
    s1_err err = S1_ERR_INIT;
    s1_ledger *ledger = NULL;
    const s1_ledger_options options = {
        .instrument = &instrument, .initial_capital = dec(capital), .positions_max = positions_max};
    assert_int_equal(s1_ledger_new(&options, &ledger, &err), S1_OK);
    return ledger;
}

static s1_ledger_fill fill_of(uint8_t trade, int32_t direction, const char *quantity,
                              const char *price, const char *fee)
{
    return (s1_ledger_fill){.trade_id = {{{trade}}},
                            .direction = direction,
                            .quantity = dec(quantity),
                            .price = dec(price),
                            .fee = dec(fee)};
}

/* Buy 2 at 100, mark at 110, sell 2 at 120; fees 0.2 and 0.24. */
static void test_long_round_trip(void **state)
{
    (void)state;
    s1_err err = S1_ERR_INIT;
    s1_ledger *const ledger = ledger_new("1000", 4);
    const s1_ledger_fill in = fill_of(1, S1_LONG, "2", "100.00", "0.2");
    assert_int_equal(s1_ledger_open(ledger, &in, &err), S1_OK);
    assert_dec(ledger->view.cash, "799.8");
    assert_dec(ledger->view.equity, "999.8");
    s1_ledger_mark(ledger, 11000);
    assert_dec(ledger->view.equity, "1019.8");
    assert_dec(ledger->view.unrealized_pnl, "20");
    assert_dec(ledger->view.equity_peak, "1019.8");
    const s1_ledger_fill out = fill_of(1, S1_LONG, "2", "120.00", "0.24");
    s1_dec pnl;
    bool is_closed = false;
    assert_int_equal(s1_ledger_close(ledger, &out, &pnl, &is_closed, &err), S1_OK);
    assert_true(is_closed);
    assert_dec(pnl, "40");
    assert_dec(ledger->view.cash, "1039.56");
    assert_dec(ledger->view.equity, "1039.56");
    assert_dec(ledger->view.realized_pnl, "40");
    assert_dec(ledger->view.fees, "0.44");
    assert_int_equal(s1_ledger_check(ledger, &err), S1_OK);
    s1_ledger_free(ledger);
}

/* Sell short 3 at 50.00, cover 1 at 40.00 and 2 at 55.00. */
static void test_short_in_parts(void **state)
{
    (void)state;
    s1_err err = S1_ERR_INIT;
    s1_ledger *const ledger = ledger_new("1000", 4);
    const s1_ledger_fill in = fill_of(1, S1_SHORT, "3", "50.00", "0");
    assert_int_equal(s1_ledger_open(ledger, &in, &err), S1_OK);
    assert_dec(ledger->view.cash, "1150");
    s1_ledger_mark(ledger, 4000);
    assert_dec(ledger->view.equity, "1030");
    s1_dec pnl;
    bool is_closed = true;
    const s1_ledger_fill first = fill_of(1, S1_SHORT, "1", "40.00", "0");
    assert_int_equal(s1_ledger_close(ledger, &first, &pnl, &is_closed, &err), S1_OK);
    assert_false(is_closed);
    assert_dec(pnl, "10");
    const s1_ledger_fill second = fill_of(1, S1_SHORT, "2", "55.00", "0");
    assert_int_equal(s1_ledger_close(ledger, &second, &pnl, &is_closed, &err), S1_OK);
    assert_true(is_closed);
    assert_dec(pnl, "-10");
    assert_dec(ledger->view.cash, "1000");
    assert_int_equal(s1_ledger_check(ledger, &err), S1_OK);
    s1_ledger_free(ledger);
}

static void test_two_entries_average(void **state)
{
    (void)state;
    s1_err err = S1_ERR_INIT;
    s1_ledger *const ledger = ledger_new("1000", 1);
    const s1_ledger_fill first = fill_of(1, S1_LONG, "1", "100.00", "0");
    const s1_ledger_fill second = fill_of(1, S1_LONG, "2", "103.00", "0");
    assert_int_equal(s1_ledger_open(ledger, &first, &err), S1_OK);
    assert_int_equal(s1_ledger_open(ledger, &second, &err), S1_OK);
    assert_dec(s1_ledger_position(&ledger->view, 0)->entry_price, "102");
    assert_dec(s1_ledger_exposure(ledger), "306");
    s1_ledger_free(ledger);
}

static void test_refusals_change_nothing(void **state)
{
    (void)state;
    s1_err err = S1_ERR_INIT;
    s1_ledger *const ledger = ledger_new("1000", 1);
    const s1_ledger_fill in = fill_of(1, S1_LONG, "1", "100.00", "0.1");
    assert_int_equal(s1_ledger_open(ledger, &in, &err), S1_OK);
    const s1_ledger before = *ledger;
    const s1_ledger_fill full = fill_of(2, S1_LONG, "1", "100.00", "0");
    assert_int_equal(s1_ledger_open(ledger, &full, &err), S1_E_NO_MEMORY);
    assert_string_equal(err.msg, "1 positions are open, the most this run may hold");
    const s1_ledger_fill digits = fill_of(1, S1_LONG, "0.0000001", "100.00", "0");
    assert_int_equal(s1_ledger_open(ledger, &digits, &err), S1_E_RANGE);
    const s1_ledger_fill price = fill_of(1, S1_LONG, "1", "100.001", "0");
    assert_int_equal(s1_ledger_open(ledger, &price, &err), S1_E_RANGE);
    s1_dec pnl;
    bool is_closed;
    const s1_ledger_fill much = fill_of(1, S1_LONG, "1.5", "100.00", "0");
    assert_int_equal(s1_ledger_close(ledger, &much, &pnl, &is_closed, &err), S1_E_INVALID);
    const s1_ledger_fill unknown = fill_of(9, S1_LONG, "1", "100.00", "0");
    assert_int_equal(s1_ledger_close(ledger, &unknown, &pnl, &is_closed, &err), S1_E_NOT_FOUND);
    assert_memory_equal(&before, ledger, sizeof before);
    s1_ledger_free(ledger);
}

/* A peak is made of prices that were seen: closing one of two trades must not value the other at
 * its cost. Failed before marks were kept at the newest price. */
static void test_peak_is_never_at_cost(void **state)
{
    (void)state;
    s1_err err = S1_ERR_INIT;
    s1_ledger *const ledger = ledger_new("1000", 2);
    const s1_ledger_fill a = fill_of(1, S1_LONG, "1", "100.00", "0");
    const s1_ledger_fill b = fill_of(2, S1_LONG, "1", "100.00", "0");
    assert_int_equal(s1_ledger_open(ledger, &a, &err), S1_OK);
    assert_int_equal(s1_ledger_open(ledger, &b, &err), S1_OK);
    s1_ledger_mark(ledger, 5000);
    assert_dec(ledger->view.equity, "900");
    const s1_ledger_fill out = fill_of(1, S1_LONG, "1", "50.00", "0");
    s1_dec pnl;
    bool is_closed;
    assert_int_equal(s1_ledger_close(ledger, &out, &pnl, &is_closed, &err), S1_OK);
    assert_dec(ledger->view.equity, "900");
    assert_dec(ledger->view.equity_peak, "1000");
    s1_ledger_free(ledger);
}

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return *seed >> 33;
}

/* One random step on a random trade. */
static void close_at(s1_ledger *ledger, const s1_ledger_fill *fill, bool is_last)
{
    s1_err err = S1_ERR_INIT;
    s1_dec pnl;
    bool is_closed = false;
    assert_int_equal(s1_ledger_close(ledger, fill, &pnl, &is_closed, &err), S1_OK);
    assert_int_equal(is_closed, is_last);
}

/* A trade in two entries and two closes is one closed trade, its result after all its fees; one
 * whose gain the fees eat up is not won. */
static void test_closed_trades_are_counted(void **state)
{
    (void)state;
    s1_err err = S1_ERR_INIT;
    s1_ledger *const ledger = ledger_new("10000", 4);
    s1_ledger_fill fill = fill_of(1, S1_LONG, "1", "100.00", "0.1");
    assert_int_equal(s1_ledger_open(ledger, &fill, &err), S1_OK);
    fill = fill_of(1, S1_LONG, "1", "102.00", "0.1");
    assert_int_equal(s1_ledger_open(ledger, &fill, &err), S1_OK);
    fill = fill_of(1, S1_LONG, "0.5", "90.00", "0.1"); /* -5.5 */
    close_at(ledger, &fill, false);
    assert_int_equal(ledger->view.closed_trades, 0);
    fill = fill_of(1, S1_LONG, "1.5", "111.00", "0.1"); /* +15 */
    close_at(ledger, &fill, true);
    assert_int_equal(ledger->view.closed_trades, 1);
    assert_int_equal(ledger->view.closed_wins, 1);
    assert_dec(ledger->view.last_closed_pnl, "9.1");
    fill = fill_of(2, S1_SHORT, "1", "100.00", "0.5");
    assert_int_equal(s1_ledger_open(ledger, &fill, &err), S1_OK);
    fill = fill_of(2, S1_SHORT, "1", "99.00", "0.5"); /* 1 less 1 */
    close_at(ledger, &fill, true);
    assert_int_equal(ledger->view.closed_trades, 2);
    assert_int_equal(ledger->view.closed_wins, 1);
    assert_dec(ledger->view.last_closed_pnl, "0");
    s1_ledger_free(ledger);
}

static void random_step(s1_ledger *ledger, uint64_t *seed)
{
    s1_err err = S1_ERR_INIT;
    const uint8_t trade = (uint8_t)(1 + next_random(seed) % 8);
    s1_ledger_position_record *const position = s1_ledger_find(ledger, (s1_trade_id){{{trade}}});
    const s1_ledger_fill fill = {
        .trade_id = {{{trade}}},
        .direction = position != NULL ? position->view.direction
                                      : (int32_t)(S1_LONG + next_random(seed) % 2),
        .quantity = s1_dec_from_mantissa((int64_t)(1 + next_random(seed) % 5000000), 6),
        .price = s1_dec_from_mantissa((int64_t)(1 + next_random(seed) % 100000), 2),
        .fee = s1_dec_from_mantissa((int64_t)(next_random(seed) % 1000), 18),
    };
    if (position == NULL || next_random(seed) % 3 == 0) {
        assert_int_equal(s1_ledger_open(ledger, &fill, &err), S1_OK);
    } else {
        s1_ledger_fill part = fill;
        part.quantity = s1_dec_min(part.quantity, position->view.quantity);
        s1_dec pnl;
        bool is_closed;
        assert_int_equal(s1_ledger_close(ledger, &part, &pnl, &is_closed, &err), S1_OK);
    }
    s1_ledger_mark(ledger, (int64_t)(1 + next_random(seed) % 100000));
    if (s1_ledger_check(ledger, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
}

static void test_invariant_on_random_books(void **state)
{
    (void)state;
    uint64_t seed = 20261121;
    printf("seed %llu\n", (unsigned long long)seed);
    for (int book = 0; book < 200; book++) {
        s1_ledger *const ledger = ledger_new("1000000", 8);
        for (int step = 0; step < 500; step++) {
            random_step(ledger, &seed);
        }
        s1_ledger_free(ledger);
    }
}

/* Bought 2 at 100 and 1 at 130, sold 1 at 120: the first cost 100, the average is 110. */
static void test_cost_bases(void **state)
{
    (void)state;
    const struct {
        int32_t basis;
        const char *pnl, *left;
    } cases[] = {{S1_COST_AVERAGE, "10", "110"}, {S1_COST_FIFO, "20", "115"}};
    for (size_t i = 0; i < 2; i++) {
        s1_err err = S1_ERR_INIT;
        s1_ledger *ledger = NULL;
        s1_dec pnl;
        bool is_closed = true;
        const s1_ledger_options options = {.instrument = &instrument,
                                           .initial_capital = dec("1000"),
                                           .positions_max = 2,
                                           .cost_basis = cases[i].basis};
        assert_int_equal(s1_ledger_new(&options, &ledger, &err), S1_OK);
        const s1_ledger_fill fills[] = {
            fill_of(1, S1_LONG, "2", "100.00", "0"), fill_of(1, S1_LONG, "1", "130.00", "0"),
            fill_of(1, S1_LONG, "1", "120.00", "0"), fill_of(1, S1_LONG, "2", "125.00", "0")};
        assert_int_equal(s1_ledger_open(ledger, &fills[0], &err), S1_OK);
        assert_int_equal(s1_ledger_open(ledger, &fills[1], &err), S1_OK);
        assert_int_equal(s1_ledger_close(ledger, &fills[2], &pnl, &is_closed, &err), S1_OK);
        assert_dec(pnl, cases[i].pnl);
        assert_dec(ledger->positions[0].view.entry_price, cases[i].left);
        assert_int_equal(s1_ledger_close(ledger, &fills[3], &pnl, &is_closed, &err), S1_OK);
        assert_true(is_closed);
        assert_dec(ledger->view.realized_pnl, "40");
        assert_int_equal(s1_ledger_check(ledger, &err), S1_OK);
        s1_ledger_free(ledger);
    }
}

/* 5 held at the start, worth 100 each. A fee in base of 0.002 leaves 0.997 of 1 bought, for the
 * lot, and 0.001 beside it; a fee in base of the sale comes out of what is held. */
static void test_balances(void **state)
{
    (void)state;
    s1_err err = S1_ERR_INIT;
    s1_ledger *ledger = NULL;
    s1_dec pnl;
    bool is_closed = false;
    const s1_ledger_options options = {.instrument = &instrument,
                                       .initial_capital = dec("1000"),
                                       .positions_max = 2,
                                       .base = dec("5"),
                                       .other_currency = S1_STR("KFEE"),
                                       .other = dec("10"),
                                       .other_price = dec("0.5")};
    assert_int_equal(s1_ledger_new(&options, &ledger, &err), S1_OK);
    assert_int_equal(s1_ledger_start(ledger, 10000, &err), S1_OK);
    assert_dec(ledger->view.initial_capital, "1505");
    s1_ledger_fill in = fill_of(1, S1_LONG, "1", "100.00", "0.2");
    in.fee_in = S1_FEE_BASE;
    in.fee_amount = dec("0.002");
    in.withheld = dec("0.003");
    assert_int_equal(s1_ledger_open(ledger, &in, &err), S1_OK);
    assert_dec(ledger->positions[0].view.quantity, "0.997");
    assert_dec(ledger->view.cash, "900");
    assert_dec(ledger->held, "5.001");
    assert_dec(ledger->view.equity, "1504.8");
    s1_ledger_mark(ledger, 11000);
    assert_dec(ledger->view.equity, "1564.78");
    s1_ledger_fill out = fill_of(1, S1_LONG, "0.997", "110.00", "0.11");
    out.fee_in = S1_FEE_BASE;
    out.fee_amount = dec("0.001");
    assert_int_equal(s1_ledger_close(ledger, &out, &pnl, &is_closed, &err), S1_OK);
    assert_dec(pnl, "9.97");
    assert_dec(ledger->view.cash, "1009.67");
    assert_dec(s1_ledger_balance(&ledger->view, S1_LEDGER_BASE)->total, "5");
    assert_dec(s1_ledger_balance(&ledger->view, S1_LEDGER_OTHER)->total, "10");
    assert_dec(ledger->view.equity, "1564.67");
    assert_dec(ledger->view.unrealized_pnl, "50.01");
    s1_ledger_fill again = fill_of(2, S1_SHORT, "1", "110.00", "0.75");
    again.fee_in = S1_FEE_OTHER;
    again.fee_amount = dec("1.5");
    assert_int_equal(s1_ledger_open(ledger, &again, &err), S1_OK);
    assert_dec(s1_ledger_balance(&ledger->view, S1_LEDGER_OTHER)->total, "8.5");
    assert_dec(ledger->view.cash, "1119.67");
    assert_dec(ledger->view.fees, "1.06");
    assert_int_equal(s1_ledger_carry(ledger, again.trade_id, S1_CARRY_FUNDING, dec("-2"), &err),
                     S1_OK);
    assert_dec(ledger->view.equity, "1565.92");
    assert_int_equal(s1_ledger_check(ledger, &err), S1_OK);
    ledger->balances[S1_LEDGER_OTHER].total = dec("8.4");
    assert_int_equal(s1_ledger_check(ledger, &err), S1_E_DATA);
    s1_ledger_free(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cost_bases),
        cmocka_unit_test(test_balances),
        cmocka_unit_test(test_long_round_trip),
        cmocka_unit_test(test_short_in_parts),
        cmocka_unit_test(test_two_entries_average),
        cmocka_unit_test(test_closed_trades_are_counted),
        cmocka_unit_test(test_refusals_change_nothing),
        cmocka_unit_test(test_peak_is_never_at_cost),
        cmocka_unit_test(test_invariant_on_random_books),
    };
    return cmocka_run_group_tests_name("strategy_ledger", tests, NULL, NULL);
}
