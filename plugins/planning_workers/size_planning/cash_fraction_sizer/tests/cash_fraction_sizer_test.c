/* cash_fraction_sizer: sizes by hand (work W1's numbers), minima, and what is refused. */
#include "tests/plugins/expect.h"

/* SYN/USD of work W1: two decimals in the price, lots of 0.000001. Cash 10000. */
static s1_instrument syn(void)
{
    return (s1_instrument){
        .size = sizeof(s1_instrument),
        .price_scale = 2,
        .qty_scale = 6,
        .asset_pair = S1_STR("SYN/USD"),
        .base = S1_STR("SYN"),
        .quote = S1_STR("USD"),
        .tick_size = s1_dec_from_mantissa(1, 2),
        .lot_size = s1_dec_from_mantissa(1, 6),
        .leverage = S1_DEC_ONE,
    };
}

static s1_verdict size_it(const s1_instrument *instrument, const char *params, const char *entry,
                          const char *cash, const char *reserved, s1_plan *plan)
{
    s1_harness *const h = s1_harness_new(&(s1_harness_options){.instrument = instrument});
    s1_worker *const sizer = s1_harness_add(h, "cash_fraction_sizer", params);
    s1_harness_close(h, 100.08);
    s1_harness_ledger(h)->cash = s1_harness_dec(cash);
    s1_harness_ledger(h)->reserved = s1_harness_dec(reserved);
    *plan = (s1_plan){.entry_price = s1_harness_dec(entry)};
    const s1_verdict verdict = expect_plan(h, sizer, S1_LONG, plan);
    s1_harness_free(h);
    return verdict;
}

static void sizes_by_hand(void **state)
{
    (void)state;
    const s1_instrument instrument = syn();
    s1_plan plan;
    /* 0.99 * 10000 / 100.08 = 98.92086330.. */
    s1_verdict verdict = size_it(&instrument, NULL, "100.08", "10000", "0", &plan);
    expect_passed(&verdict);
    EXPECT_DEC(plan.quantity, "98.920863");
    /* 0.99 * 9000 / 100.08 = 89.02877697.. */
    verdict = size_it(&instrument, NULL, "100.08", "10000", "1000", &plan);
    EXPECT_DEC(plan.quantity, "89.028776");
    /* 0.5 * 10000 / 100 */
    verdict = size_it(&instrument, "{fraction: 0.5}", "100", "10000", "0", &plan);
    EXPECT_DEC(plan.quantity, "50");
    /* all of it, to the last cent */
    verdict = size_it(&instrument, "{fraction: 1}", "0.01", "1", "0", &plan);
    EXPECT_DEC(plan.quantity, "100");
}

static void minima(void **state)
{
    (void)state;
    s1_instrument instrument = syn();
    s1_plan plan;
    s1_verdict verdict = size_it(&instrument, NULL, "100.08", "0", "0", &plan);
    expect_rejected(&verdict, "SIZE_BELOW_MINIMUM", 0.000001, 0);
    verdict = size_it(&instrument, NULL, "100.08", "100", "200", &plan);
    expect_rejected(&verdict, "SIZE_BELOW_MINIMUM", 0.000001, 0);
    assert_true(s1_dec_is_zero(plan.quantity));
    instrument.min_quantity = s1_dec_from_int(100);
    verdict = size_it(&instrument, NULL, "100.08", "10000", "0", &plan);
    expect_rejected(&verdict, "SIZE_BELOW_MINIMUM", 100, 98.920863);
    instrument = syn();
    instrument.min_notional = s1_dec_from_int(10000);
    verdict = size_it(&instrument, NULL, "100", "10000", "0", &plan);
    expect_rejected(&verdict, "SIZE_BELOW_MINIMUM", 10000, 9900);
}

/* An estimate of the whole account, and the fraction for whoever fills the order. */
static void sized_at_the_fill(void **state)
{
    (void)state;
    const s1_instrument instrument = syn();
    s1_harness *const h = s1_harness_new(&(s1_harness_options){.instrument = &instrument});
    s1_worker *const sizer =
        s1_harness_add(h, "cash_fraction_sizer", "{fraction: 0.5, sized_at: fill}");
    s1_harness_close(h, 100.08);
    s1_harness_ledger(h)->cash = s1_harness_dec("10");
    s1_harness_ledger(h)->equity = s1_harness_dec("1000");
    s1_plan plan = {.entry_price = s1_harness_dec("100")};
    s1_verdict verdict = expect_plan(h, sizer, S1_LONG, &plan);
    expect_passed(&verdict);
    EXPECT_DEC(plan.quantity, "5");
    EXPECT_DEC(plan.cash_fraction, "0.5");
    s1_harness_ledger(h)->equity = S1_DEC_ZERO;
    plan = (s1_plan){.entry_price = s1_harness_dec("100")};
    verdict = expect_plan(h, sizer, S1_LONG, &plan);
    expect_passed(&verdict);
    EXPECT_DEC(plan.quantity, "0.000001");
    s1_harness_free(h);
}

static void entry_is_needed(void **state)
{
    (void)state;
    const s1_instrument instrument = syn();
    s1_plan plan;
    const s1_verdict verdict = size_it(&instrument, NULL, "0", "10000", "0", &plan);
    expect_rejected(&verdict, "ENTRY_MISSING", NAN, NAN);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "cash_fraction_sizer", "{fraction: 0}", "fraction");
    expect_refused(h, "cash_fraction_sizer", "{fraction: 1.01}", "fraction");
    expect_refused(h, "cash_fraction_sizer", "{fraction: most}", "fraction");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_by_hand),          cmocka_unit_test(minima),
        cmocka_unit_test(sized_at_the_fill),      cmocka_unit_test(entry_is_needed),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("cash_fraction_sizer", tests, NULL, NULL);
}
