/* iceberg_router: what shows, by hand; the order around it; and what is refused. */
#include "tests/plugins/expect.h"

static s1_instrument with_minimum(const char *minimum)
{
    return (s1_instrument){
        .size = sizeof(s1_instrument),
        .price_scale = 5,
        .qty_scale = 2,
        .asset_pair = S1_STR("EUR/USD"),
        .base = S1_STR("EUR"),
        .quote = S1_STR("USD"),
        .tick_size = s1_dec_from_mantissa(1, 5),
        .lot_size = s1_dec_from_mantissa(1, 2),
        .min_quantity = s1_harness_dec(minimum),
        .leverage = S1_DEC_ONE,
    };
}

static s1_verdict route(const char *params, const char *minimum, int32_t direction,
                        const char *quantity, s1_plan *plan)
{
    const s1_instrument instrument = with_minimum(minimum);
    s1_harness *const h = s1_harness_new(&(s1_harness_options){.instrument = &instrument});
    s1_worker *const router = s1_harness_add(h, "iceberg_router", params);
    s1_harness_close(h, 1.1);
    *plan = (s1_plan){.entry_price = s1_harness_dec("1.100016"),
                      .entry_type = S1_ORDER_LIMIT,
                      .quantity = s1_harness_dec(quantity)};
    const s1_verdict verdict = expect_plan(h, router, direction, plan);
    s1_harness_free(h);
    return verdict;
}

static void shown_by_hand(void **state)
{
    (void)state;
    const struct {
        const char *params, *minimum, *quantity, *display;
    } cases[] = {
        {NULL, "1", "25.37", "2.53"},
        {NULL, "1", "5", "1"},
        {NULL, "1", "1", "0"},
        {NULL, "0", "0.05", "0.01"}, /* a lot is the least */
        {NULL, "0", "0.01", "0"},
        {"{display_percent: 33.333}", "0", "3", "0.99"},
        {"{display_percent: 100}", "1", "7", "0"},
        {"{display_percent: 99.99}", "1", "7", "6.99"},
        {"{display_percent: 0.01}", "0", "123456.78", "12.34"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        s1_plan plan;
        const s1_verdict verdict =
            route(cases[k].params, cases[k].minimum, S1_LONG, cases[k].quantity, &plan);
        expect_passed(&verdict);
        EXPECT_DEC(plan.display_quantity, cases[k].display);
        EXPECT_DEC(plan.quantity, cases[k].quantity);
    }
}

/* What shows is a multiple of the lot, no less than the minimum and less than the whole. */
static void shown_is_always_sound(void **state)
{
    (void)state;
    const s1_instrument instrument = with_minimum("0.07");
    s1_harness *const h = s1_harness_new(&(s1_harness_options){.instrument = &instrument});
    s1_worker *const router = s1_harness_add(h, "iceberg_router", "{display_percent: 7.3}");
    s1_harness_close(h, 1.1);
    for (int64_t lots = 7; lots < 3000; lots++) {
        s1_plan plan = {.entry_price = s1_harness_dec("1.1"),
                        .entry_type = S1_ORDER_LIMIT,
                        .quantity = s1_dec_from_mantissa(lots, 2)};
        const s1_verdict verdict = expect_plan(h, router, S1_LONG, &plan);
        expect_passed(&verdict);
        const int64_t part = lots * 73 / 1000 > 7 ? lots * 73 / 1000 : 7;
        assert_true(
            s1_dec_eq(plan.display_quantity, s1_dec_from_mantissa(part < lots ? part : 0, 2)));
    }
    s1_harness_free(h);
}

static void order_around_it(void **state)
{
    (void)state;
    s1_plan plan;
    s1_verdict verdict = route(NULL, "1", S1_LONG, "25", &plan);
    expect_passed(&verdict);
    assert_int_equal(plan.order_type, S1_ORDER_LIMIT);
    assert_int_equal(plan.time_in_force, S1_TIF_GTC);
    assert_int_equal(plan.post_only, 0);
    assert_int_equal(plan.expires_at, 0);
    EXPECT_DEC(plan.limit_price, "1.10001");
    verdict = route("{post_only: true}", "1", S1_SHORT, "25", &plan);
    expect_passed(&verdict);
    EXPECT_DEC(plan.limit_price, "1.10002");
    assert_int_equal(plan.post_only, 1);
}

static void orders_have_an_end(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const router = s1_harness_add(h, "iceberg_router", "{expires_after: 2d}");
    s1_harness_close(h, 1.1);
    s1_plan plan = {.entry_price = s1_harness_dec("1.1"),
                    .entry_type = S1_ORDER_LIMIT,
                    .quantity = s1_harness_dec("10")};
    const s1_verdict verdict = expect_plan(h, router, S1_LONG, &plan);
    expect_passed(&verdict);
    assert_int_equal(plan.time_in_force, S1_TIF_GTD);
    assert_int_equal(plan.expires_at, s1_harness_context(h)->now + 48 * 3600 * S1_NANOS_PER_SECOND);
    s1_harness_free(h);
}

static void limit_entries_only(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const router = s1_harness_add(h, "iceberg_router", NULL);
    s1_harness_close(h, 1.1);
    const int32_t kinds[] = {0, S1_ORDER_MARKET, S1_ORDER_STOP};
    for (size_t k = 0; k < 3; k++) {
        s1_plan plan = {.entry_price = s1_harness_dec("1.1"),
                        .entry_type = kinds[k],
                        .quantity = s1_harness_dec("10")};
        const s1_verdict verdict = expect_plan(h, router, S1_LONG, &plan);
        expect_rejected(&verdict, "LIMIT_ENTRY_NEEDED", NAN, kinds[k]);
        assert_int_equal(plan.order_type, 0);
        assert_true(s1_dec_is_zero(plan.display_quantity));
    }
    s1_harness_free(h);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "iceberg_router", "{display_percent: 0}", "display_percent");
    expect_refused(h, "iceberg_router", "{display_percent: 100.01}", "display_percent");
    expect_refused(h, "iceberg_router", "{post_only: 7}", "post_only");
    expect_refused(h, "iceberg_router", "{expires_after: -1h}", "expires_after");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shown_by_hand),      cmocka_unit_test(shown_is_always_sound),
        cmocka_unit_test(order_around_it),    cmocka_unit_test(orders_have_an_end),
        cmocka_unit_test(limit_entries_only), cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("iceberg_router", tests, NULL, NULL);
}
