/* liquidity_target_exit: targets by hand at levels and zones on both sides, each refusal. */
#include "tests/plugins/expect.h"

#define PLUGIN "liquidity_target_exit"

static void put(s1_harness *h, const char *name, double lower, double upper)
{
    const s1_artefact artefact = {.row = s1_harness_rows(h),
                                  .lower = lower,
                                  .upper = upper,
                                  .kind = lower < upper ? S1_ARTEFACT_ZONE : S1_ARTEFACT_LEVEL};
    s1_harness_put_artefact(h, name, &artefact);
}

/* A map with a level on every side of 1.1, in no order, and zones further out. */
static s1_harness *map(void)
{
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_feed_artefacts(h, "swing_high_levels");
    s1_harness_feed_artefacts(h, "swing_low_levels");
    s1_harness_feed_artefacts(h, "zones");
    s1_harness_close(h, 1.1);
    const double highs[] = {1.13, 1.104, 1.115, 1.095};
    const double lows[] = {1.0851234, 1.105, 1.07, 1.096};
    for (size_t i = 0; i < 4; i++) {
        put(h, "swing_high_levels", highs[i], highs[i]);
        put(h, "swing_low_levels", lows[i], lows[i]);
    }
    put(h, "zones", 1.112, 1.12);
    put(h, "zones", 1.08, 1.0888);
    return h;
}

static s1_verdict target(s1_harness *h, const char *params, int32_t direction, const char *stop,
                         s1_plan *plan)
{
    s1_worker *worker = NULL;
    static int made;
    char id[16];
    (void)snprintf(id, sizeof id, "w%d", made++);
    const s1_harness_item item = {.plugin = PLUGIN, .params = params, .instance_id = id};
    s1_err err = S1_ERR_INIT;
    if (s1_harness_try_add(h, &item, &worker, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    *plan = (s1_plan){.entry_price = s1_harness_dec("1.1"), .stop_loss = s1_harness_dec(stop)};
    return expect_plan(h, worker, direction, plan);
}

static void targets_by_hand(void **state)
{
    (void)state;
    const struct {
        const char *params;
        int32_t direction;
        const char *stop, *target;
    } cases[] = {
        {NULL, S1_LONG, "1.09", "1.115"},
        {"{min_reward_risk: 0.4}", S1_LONG, "1.09", "1.104"},
        {"{min_reward_risk: 0.41}", S1_LONG, "1.09", "1.115"},
        {"{min_reward_risk: 3}", S1_LONG, "1.09", "1.13"},
        {"{min_reward_risk: 0.4, choose: nearest}", S1_LONG, "1.09", "1.104"},
        {"{buffer_ticks: 15}", S1_LONG, "1.09", "1.11485"},
        /* 1.0851234 up to the tick before it */
        {NULL, S1_SHORT, "1.11", "1.08513"},
        {"{min_reward_risk: 0.4}", S1_SHORT, "1.11", "1.096"},
        {"{buffer_ticks: 15}", S1_SHORT, "1.11", "1.08528"},
        {"{min_reward_risk: 2}", S1_SHORT, "1.11", "1.07"},
        /* zones are met at the near edge */
        {"{above: zones, below: zones}", S1_LONG, "1.09", "1.112"},
        {"{above: zones, below: zones, buffer_ticks: 20}", S1_LONG, "1.09", "1.1118"},
        {"{above: zones, below: zones}", S1_SHORT, "1.11", "1.0888"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        s1_harness *const h = map();
        s1_plan plan;
        const s1_verdict verdict =
            target(h, cases[k].params, cases[k].direction, cases[k].stop, &plan);
        expect_passed(&verdict);
        EXPECT_DEC(plan.take_profit, cases[k].target);
        EXPECT_DEC(plan.stop_loss, cases[k].stop);
        s1_harness_free(h);
    }
}

static void refusals(void **state)
{
    (void)state;
    s1_harness *const h = map();
    s1_plan plan;
    s1_verdict verdict = target(h, "{choose: nearest}", S1_LONG, "1.09", &plan);
    expect_rejected(&verdict, "REWARD_TOO_SMALL", 1, 0.4);
    assert_true(s1_dec_is_zero(plan.take_profit));
    verdict = target(h, "{min_reward_risk: 3.1}", S1_LONG, "1.09", &plan);
    expect_rejected(&verdict, "TARGET_MISSING", 3.1, NAN);
    verdict =
        target(h, "{buffer_ticks: 3000}", S1_LONG, "1.09", &plan); /* 1.13 - 0.03 is the entry */
    expect_rejected(&verdict, "TARGET_MISSING", 1, NAN);
    verdict = target(h, NULL, S1_LONG, "0", &plan);
    expect_rejected(&verdict, "STOP_MISSING", NAN, NAN);
    verdict = target(h, NULL, S1_SHORT, "1.09", &plan);
    expect_rejected(&verdict, "STOP_INVALID", 1.1, 1.09);
    s1_harness_free(h);
}

static void old_levels_do_not_count(void **state)
{
    (void)state;
    s1_harness *const h = map(); /* put on row 1 */
    s1_plan plan;
    for (size_t i = 0; i < 10; i++) {
        s1_harness_close(h, 1.1);
    }
    s1_verdict verdict = target(h, "{max_age_bars: 10}", S1_LONG, "1.09", &plan);
    expect_passed(&verdict);
    verdict = target(h, "{max_age_bars: 9}", S1_LONG, "1.09", &plan);
    expect_rejected(&verdict, "TARGET_MISSING", 1, NAN);
    put(h, "swing_high_levels", 1.2, 1.2);
    verdict = target(h, "{max_age_bars: 9}", S1_LONG, "1.09", &plan);
    expect_passed(&verdict);
    EXPECT_DEC(plan.take_profit, "1.2");
    s1_harness_free(h);
}

/* The lists a market_structure_detector writes are the defaults. */
static void takes_the_swings_of_the_structure(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "market_structure_detector", "{strength: 1}");
    const double closes[] = {1, 1.2, 1.1, 1.05, 1.1};
    for (size_t i = 0; i < 5; i++) {
        s1_harness_close(h, closes[i]);
    }
    s1_plan plan;
    const s1_verdict verdict = target(h, NULL, S1_LONG, "1.05", &plan);
    expect_passed(&verdict);
    EXPECT_DEC(plan.take_profit, "1.2");
    s1_harness_free(h);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, PLUGIN, NULL, "swing_high_levels");
    s1_harness_feed_artefacts(h, "swing_high_levels");
    s1_harness_feed_artefacts(h, "swing_low_levels");
    expect_refused(h, PLUGIN, "{below: zones}", "zones");
    expect_refused(h, PLUGIN, "{min_reward_risk: 0}", "min_reward_risk");
    expect_refused(h, PLUGIN, "{choose: far}", "choose");
    expect_refused(h, PLUGIN, "{buffer_ticks: -1}", "buffer_ticks");
    expect_refused(h, PLUGIN, "{max_age_bars: -1}", "max_age_bars");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_by_hand),
        cmocka_unit_test(refusals),
        cmocka_unit_test(old_levels_do_not_count),
        cmocka_unit_test(takes_the_swings_of_the_structure),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("liquidity_target_exit", tests, NULL, NULL);
}
