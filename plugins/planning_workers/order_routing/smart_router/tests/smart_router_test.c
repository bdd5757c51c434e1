/* smart_router: limit or market by hand, planned kinds kept, what is refused. */
#include "tests/plugins/expect.h"

#define PLUGIN "smart_router"

typedef struct route_case {
    const char *params;
    int32_t direction;
    double before, atr; /* the close three bars before, the range */
    const char *stop;
    const char *limit; /* NULL: market */
} route_case;

static void check(const route_case *c)
{
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_feed(h, "atr_14");
    s1_harness_set(h, "atr_14", c->atr);
    s1_worker *const router = s1_harness_add(h, PLUGIN, c->params);
    s1_harness_close(h, c->before);
    for (size_t i = 0; i < 3; i++) {
        s1_harness_close(h, 1.1);
    }
    s1_plan plan = {.entry_price = s1_harness_dec("1.1"),
                    .entry_type = S1_ORDER_MARKET,
                    .stop_loss = s1_harness_dec(c->stop)};
    const s1_verdict verdict = expect_plan(h, router, c->direction, &plan);
    expect_passed(&verdict);
    EXPECT_DEC(plan.limit_price, c->limit != NULL ? c->limit : "0");
    EXPECT_DEC(plan.entry_price, "1.1");
    assert_int_equal(plan.order_type, c->limit != NULL ? S1_ORDER_LIMIT : S1_ORDER_MARKET);
    assert_int_equal(plan.time_in_force, S1_TIF_GTC);
    s1_harness_free(h);
}

static void routes_by_hand(void **state)
{
    (void)state;
    const route_case cases[] = {
        {NULL, S1_LONG, 1.099, 0.002, "0", "1.0995"},
        {NULL, S1_SHORT, 1.099, 0.002, "0", "1.1005"},
        {NULL, S1_LONG, 1.097, 0.002, "0", NULL}, /* runs away: 1.5 */
        {NULL, S1_SHORT, 1.097, 0.002, "0", "1.1005"},
        {NULL, S1_SHORT, 1.103, 0.002, "0", NULL},
        {"{max_move_atr: 1.6}", S1_LONG, 1.097, 0.002, "0", "1.0995"},
        {"{move_bars: 2}", S1_LONG, 1.097, 0.002, "0", "1.0995"}, /* two bars ago it was here */
        /* 0.002 of 1.1 is 0.1818 % */
        {"{min_atr_percent: 0.2}", S1_LONG, 1.1, 0.002, "0", NULL},
        {"{min_atr_percent: 0.18}", S1_LONG, 1.1, 0.002, "0", "1.0995"},
        {"{max_atr_percent: 0.18}", S1_LONG, 1.1, 0.002, "0", NULL},
        {"{max_atr_percent: 0.2}", S1_LONG, 1.1, 0.002, "0", "1.0995"},
        /* between two ticks: the one further away */
        {"{offset_atr: 0.1}", S1_LONG, 1.1, 0.00123, "0", "1.09987"},
        {"{offset_atr: 0.1}", S1_SHORT, 1.1, 0.00123, "0", "1.10013"},
        {"{offset_atr: 0}", S1_LONG, 1.1, 0.002, "0", "1.1"},
        /* the stop */
        {NULL, S1_LONG, 1.1, 0.002, "1.0994", "1.0995"},
        {NULL, S1_LONG, 1.1, 0.002, "1.0995", NULL},
        {NULL, S1_SHORT, 1.1, 0.002, "1.1004", NULL},
        {"{offset_atr: 100}", S1_LONG, 1.1, 0.1, "0", NULL}, /* below zero */
        {NULL, S1_LONG, 1.1, NAN, "0", NULL},
        {NULL, S1_LONG, 1.1, 0, "0", NULL},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        check(&cases[k]);
    }
}

/* Before the bars to measure a move by exist, nothing is known: market. */
static void unknown_moves(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_feed(h, "atr_14");
    s1_harness_set(h, "atr_14", 0.002);
    s1_worker *const router = s1_harness_add(h, PLUGIN, NULL);
    s1_harness_close(h, 1.1);
    s1_plan plan = {.entry_price = s1_harness_dec("1.1"), .entry_type = S1_ORDER_MARKET};
    const s1_verdict verdict = expect_plan(h, router, S1_LONG, &plan);
    expect_passed(&verdict);
    assert_int_equal(plan.order_type, S1_ORDER_MARKET);
    s1_harness_free(h);
}

static void planned_kinds_stay(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_feed(h, "atr_14");
    s1_harness_set(h, "atr_14", 0.002);
    s1_worker *const router = s1_harness_add(h, PLUGIN, "{time_in_force: FOK}");
    s1_harness_close(h, 1.1);
    s1_plan plan = {.entry_price = s1_harness_dec("1.100016"), .entry_type = S1_ORDER_LIMIT};
    s1_verdict verdict = expect_plan(h, router, S1_LONG, &plan);
    expect_passed(&verdict);
    EXPECT_DEC(plan.limit_price, "1.10001");
    assert_int_equal(plan.order_type, S1_ORDER_LIMIT);
    assert_int_equal(plan.time_in_force, S1_TIF_FOK);
    plan = (s1_plan){.entry_price = s1_harness_dec("1.100016"), .entry_type = S1_ORDER_STOP};
    verdict = expect_plan(h, router, S1_SHORT, &plan);
    EXPECT_DEC(plan.trigger_price, "1.10001");
    assert_int_equal(plan.order_type, S1_ORDER_STOP);
    plan = (s1_plan){.entry_price = s1_harness_dec("1.1")};
    verdict = expect_plan(h, router, S1_LONG, &plan);
    expect_rejected(&verdict, "ENTRY_MISSING", NAN, 0);
    s1_harness_free(h);
}

static void orders_end(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_feed(h, "atr_14");
    s1_harness_set(h, "atr_14", 0.002);
    s1_worker *const router = s1_harness_add(h, PLUGIN, "{expires_after: 6h}");
    for (size_t i = 0; i < 4; i++) {
        s1_harness_close(h, 1.1);
    }
    const int32_t kinds[] = {S1_ORDER_MARKET, S1_ORDER_LIMIT};
    for (size_t i = 0; i < 2; i++) {
        s1_plan plan = {.entry_price = s1_harness_dec("1.1"), .entry_type = kinds[i]};
        const s1_verdict verdict = expect_plan(h, router, S1_LONG, &plan);
        expect_passed(&verdict);
        assert_int_equal(plan.order_type, S1_ORDER_LIMIT);
        assert_int_equal(plan.time_in_force, S1_TIF_GTD);
        assert_int_equal(plan.expires_at,
                         s1_harness_context(h)->now + 6 * 3600 * S1_NANOS_PER_SECOND);
    }
    s1_harness_free(h);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, PLUGIN, NULL, "atr_14");
    s1_harness_feed(h, "atr_14");
    expect_refused(h, PLUGIN, "{atr_period: 0}", "atr_period");
    expect_refused(h, PLUGIN, "{offset_atr: -1}", "offset_atr");
    expect_refused(h, PLUGIN, "{min_atr_percent: 2, max_atr_percent: 1}",
                   "at most max_atr_percent");
    expect_refused(h, PLUGIN, "{move_bars: 0}", "move_bars");
    expect_refused(h, PLUGIN, "{max_move_atr: -1}", "max_move_atr");
    expect_refused(h, PLUGIN, "{time_in_force: DAY}", "time_in_force");
    expect_refused(h, PLUGIN, "{time_in_force: FOK, expires_after: 1h}", "expires_after");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(routes_by_hand),         cmocka_unit_test(unknown_moves),
        cmocka_unit_test(planned_kinds_stay),     cmocka_unit_test(orders_end),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("smart_router", tests, NULL, NULL);
}
