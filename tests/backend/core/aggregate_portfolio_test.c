/* The aggregate against hand-worked sums and against random ledgers: after every state it is the
 * sum over the links, per currency, and what cannot be added changes nothing. */
#include "backend/core/aggregate_portfolio.h"

#include "backend/core/strategy_ledger.h"
#include "backend/utils/rng.h"
#include "tests/support/cmocka.h"

#include <string.h>

#define LINKS 5u

static s1_dec dec(const char *text)
{
    s1_err err = S1_ERR_INIT;
    s1_dec value;
    assert_int_equal(s1_dec_parse((s1_str){text, strlen(text)}, &value, &err), S1_OK);
    return value;
}

static void assert_dec(s1_dec value, const char *expected)
{
    char text[S1_DEC_TEXT_MAX];
    text[s1_dec_print(value, text)] = '\0';
    assert_string_equal(text, expected);
}

static s1_portfolio_state worth(uint32_t link, const char *capital, const char *equity)
{
    return (s1_portfolio_state){.link = link,
                                .time = 1,
                                .initial_capital = dec(capital),
                                .equity = dec(equity),
                                .cash = dec(equity)};
}

static s1_aggregate_portfolio *view_new(const s1_aggregate_link *links, uint32_t count)
{
    s1_err err = S1_ERR_INIT;
    s1_aggregate_portfolio *view = NULL;
    assert_int_equal(s1_aggregate_portfolio_new(links, count, &view, &err), S1_OK);
    return view;
}

/* Before anything happened the links count with their capital; currencies never meet. */
static void test_starts_with_capital(void **state)
{
    (void)state;
    const s1_aggregate_link links[] = {
        {S1_STR("USD"), dec("100")}, {S1_STR("EUR"), dec("7.5")}, {S1_STR("USD"), dec("50")}};
    s1_aggregate_portfolio *const view = view_new(links, 3);
    uint32_t count;
    const s1_aggregate_metrics *const sums = s1_aggregate_portfolio_metrics(view, &count);
    assert_int_equal(count, 2);
    assert_true(memcmp(sums[0].currency.ptr, "USD", 3) == 0);
    assert_int_equal(sums[0].links, 2);
    assert_dec(sums[0].equity, "150");
    assert_dec(sums[0].peak, "150");
    assert_dec(sums[1].cash, "7.5");
    assert_ptr_equal(s1_aggregate_portfolio_of_link(view, 1), &sums[1]);
    s1_aggregate_portfolio_free(view);
}

/* The peak moves at the end of a moment only; the drawdown is measured at once, rounded up. */
static void test_peak_and_drawdown(void **state)
{
    (void)state;
    s1_err err = S1_ERR_INIT;
    const s1_aggregate_link links[] = {{S1_STR("USD"), dec("100")}, {S1_STR("USD"), dec("200")}};
    s1_aggregate_portfolio *const view = view_new(links, 2);
    const s1_aggregate_metrics *const sum = s1_aggregate_portfolio_of_link(view, 0);
    s1_portfolio_state next = worth(0, "100", "160");
    assert_int_equal(s1_aggregate_portfolio_update(view, &next, &err), S1_OK);
    assert_dec(sum->equity, "360");
    assert_dec(sum->peak, "300");
    assert_int_equal(s1_aggregate_portfolio_end_moment(view, &err), S1_OK);
    assert_dec(sum->peak, "360");
    next = worth(1, "200", "80");
    assert_int_equal(s1_aggregate_portfolio_update(view, &next, &err), S1_OK);
    assert_dec(sum->drawdown, "120");
    assert_dec(sum->drawdown_pct, "33.333333333333333334");
    assert_dec(sum->max_drawdown_pct, "0");
    assert_int_equal(s1_aggregate_portfolio_end_moment(view, &err), S1_OK);
    assert_dec(sum->max_drawdown_pct, "33.333333333333333334");
    next = worth(1, "200", "200");
    assert_int_equal(s1_aggregate_portfolio_update(view, &next, &err), S1_OK);
    assert_int_equal(s1_aggregate_portfolio_end_moment(view, &err), S1_OK);
    assert_dec(sum->drawdown_pct, "0");
    assert_dec(sum->max_drawdown_pct, "33.333333333333333334");
    s1_aggregate_portfolio_free(view);
}

static void test_refuses(void **state)
{
    (void)state;
    s1_err err = S1_ERR_INIT;
    s1_aggregate_portfolio *view = NULL;
    assert_int_equal(s1_aggregate_portfolio_new(NULL, 0, &view, &err), S1_E_INVALID);
    const s1_aggregate_link huge[] = {{S1_STR("USD"), S1_DEC_MAX}, {S1_STR("USD"), S1_DEC_MAX}};
    assert_int_equal(s1_aggregate_portfolio_new(huge, 2, &view, &err), S1_E_RANGE);
    const s1_aggregate_link links[] = {{S1_STR("USD"), dec("1")}, {S1_STR("USD"), dec("1")}};
    view = view_new(links, 2);
    s1_portfolio_state next = worth(2, "1", "1");
    assert_int_equal(s1_aggregate_portfolio_update(view, &next, &err), S1_E_INVALID);
    assert_string_equal(err.msg, "a state of link 2, expected one of 2");
    next = worth(0, "1", "2");
    next.fees = S1_DEC_MAX;
    assert_int_equal(s1_aggregate_portfolio_update(view, &next, &err), S1_OK);
    next.link = 1;
    assert_int_equal(s1_aggregate_portfolio_update(view, &next, &err), S1_E_RANGE);
    assert_int_equal(s1_aggregate_portfolio_check(view, &err), S1_OK);
    assert_dec(s1_aggregate_portfolio_of_link(view, 0)->equity, "3");
    s1_aggregate_portfolio_free(view);
}

/* --- Random ledgers. ------------------------------------------------------------------------ */

typedef struct books {
    s1_ledger *ledgers[LINKS];
    s1_aggregate_portfolio *view;
    s1_rng rng;
} books;

/* Opens, closes or marks one ledger at random; prices walk between 1 and 200. */
static void step(books *b, uint32_t link, uint64_t number)
{
    s1_err err = S1_ERR_INIT;
    s1_ledger *const ledger = b->ledgers[link];
    const int64_t price = 100 + (int64_t)s1_rng_below(&b->rng, 20000);
    s1_ledger_fill fill = {.direction = s1_rng_below(&b->rng, 2) == 0 ? S1_LONG : S1_SHORT,
                           .quantity =
                               s1_dec_from_mantissa(1 + (int64_t)s1_rng_below(&b->rng, 500), 2),
                           .price = s1_dec_from_mantissa(price, 2),
                           .fee = s1_dec_from_mantissa((int64_t)s1_rng_below(&b->rng, 99), 4)};
    const uint32_t open = ledger->view.position_count;
    const uint64_t what = s1_rng_below(&b->rng, 4);
    if (what == 0 && open < 3) {
        memcpy(&fill.trade_id, &number, sizeof number);
        assert_int_equal(s1_ledger_open(ledger, &fill, &err), S1_OK);
    } else if (what == 1 && open > 0) {
        const s1_position *const position =
            s1_ledger_position(&ledger->view, (uint32_t)s1_rng_below(&b->rng, open));
        s1_dec pnl;
        bool is_closed;
        fill.trade_id = position->trade_id;
        fill.quantity = position->quantity;
        assert_int_equal(s1_ledger_close(ledger, &fill, &pnl, &is_closed, &err), S1_OK);
    }
    s1_ledger_mark(ledger, price);
}

/* Every field of every aggregate, straight from the ledgers. */
static void assert_is_sum(const books *b)
{
    s1_err err = S1_ERR_INIT;
    uint32_t count;
    const s1_aggregate_metrics *const sums = s1_aggregate_portfolio_metrics(b->view, &count);
    assert_int_equal(count, 2);
    for (uint32_t c = 0; c < count; c++) {
        s1_i128 equity = 0, cash = 0, exposure = 0, realized = 0, unrealized = 0, fees = 0;
        uint32_t open = 0;
        for (uint32_t i = c; i < LINKS; i += 2) {
            const s1_ledger_view *const view = &b->ledgers[i]->view;
            equity += s1_dec_raw(view->equity);
            cash += s1_dec_raw(view->cash);
            exposure += s1_dec_raw(s1_ledger_exposure(b->ledgers[i]));
            realized += s1_dec_raw(view->realized_pnl);
            unrealized += s1_dec_raw(view->unrealized_pnl);
            fees += s1_dec_raw(view->fees);
            open += view->position_count;
        }
        assert_true(s1_dec_raw(sums[c].equity) == equity && s1_dec_raw(sums[c].cash) == cash);
        assert_true(s1_dec_raw(sums[c].exposure) == exposure);
        assert_true(s1_dec_raw(sums[c].realized_pnl) == realized);
        assert_true(s1_dec_raw(sums[c].unrealized_pnl) == unrealized);
        assert_true(s1_dec_raw(sums[c].fees) == fees);
        assert_int_equal(sums[c].open_positions, open);
        /* equity = capital + realised + unrealised - fees */
        assert_true(equity == s1_dec_raw(sums[c].initial_capital) + realized + unrealized - fees);
    }
    assert_int_equal(s1_aggregate_portfolio_check(b->view, &err), S1_OK);
}

static void test_is_the_sum_at_every_tick(void **state)
{
    (void)state;
    static const s1_instrument instrument = {
        .size = sizeof instrument, .price_scale = 2, .qty_scale = 2};
    s1_err err = S1_ERR_INIT;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        books b = {0};
        s1_aggregate_link links[LINKS];
        s1_rng_init(&b.rng, seed);
        for (uint32_t i = 0; i < LINKS; i++) {
            const s1_ledger_options options = {
                .instrument = &instrument,
                .initial_capital = s1_dec_from_int(1000 + (int64_t)s1_rng_below(&b.rng, 1000)),
                .positions_max = 4};
            assert_int_equal(s1_ledger_new(&options, &b.ledgers[i], &err), S1_OK);
            links[i] = (s1_aggregate_link){i % 2 == 0 ? S1_STR("USD") : S1_STR("EUR"),
                                           options.initial_capital};
        }
        b.view = view_new(links, LINKS);
        for (uint64_t tick = 1; tick <= 500; tick++) {
            const uint32_t moving = (uint32_t)s1_rng_below(&b.rng, 1u << LINKS);
            for (uint32_t i = 0; i < LINKS; i++) {
                if ((moving >> i & 1u) == 0) {
                    continue;
                }
                step(&b, i, tick * LINKS + i);
                const s1_portfolio_state next = s1_portfolio_state_of(
                    &b.ledgers[i]->view, s1_ledger_exposure(b.ledgers[i]), i, (s1_nanos)tick);
                assert_int_equal(s1_aggregate_portfolio_update(b.view, &next, &err), S1_OK);
            }
            assert_int_equal(s1_aggregate_portfolio_end_moment(b.view, &err), S1_OK);
            assert_is_sum(&b);
        }
        s1_aggregate_portfolio_free(b.view);
        for (uint32_t i = 0; i < LINKS; i++) {
            s1_ledger_free(b.ledgers[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_starts_with_capital),
        cmocka_unit_test(test_peak_and_drawdown),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_is_the_sum_at_every_tick),
    };
    return cmocka_run_group_tests_name("aggregate_portfolio", tests, NULL, NULL);
}
