/* winrate_degradation_detector: rates and streaks by hand, forgetting, and its state through a
 * restart. */
#include "tests/plugins/expect.h"

#define PLUGIN "winrate_degradation_detector"

/* One bar on which these trades closed ("W", "L", "" or several); the reports made on it. */
static uint32_t step(s1_harness *h, const char *results)
{
    const uint32_t before = s1_harness_report_count(h);
    s1_ledger_view *const ledger = s1_harness_ledger(h);
    for (; *results != '\0'; results++) {
        ledger->closed_trades++;
        ledger->closed_wins += *results == 'W';
    }
    s1_harness_close(h, 1);
    return s1_harness_report_count(h) - before;
}

static const s1_threat_report *last(const s1_harness *h)
{
    return &s1_harness_report_at(h, s1_harness_report_count(h) - 1)->report;
}

static double detail(const s1_harness *h, const char *name)
{
    return s1_harness_field(last(h)->details, last(h)->detail_count, name);
}

static void rates_by_hand(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, PLUGIN, "{trades: 4, min_winrate_percent: 50, severity: HIGH}");
    assert_int_equal(step(h, ""), 0);
    assert_int_equal(step(h, "L"), 0);
    assert_int_equal(step(h, "W"), 0);
    assert_int_equal(step(h, "L"), 0);
    assert_int_equal(step(h, "W"), 0); /* 50 % is not below it */
    assert_int_equal(step(h, "L"), 0); /* W L W L */
    assert_int_equal(step(h, "L"), 1); /* L W L L */
    expect_text(last(h)->threat_type, "WINRATE_DEGRADED");
    expect_text(last(h)->key, "winrate");
    assert_int_equal(last(h)->severity, S1_SEVERITY_HIGH);
    expect_same(detail(h, "winrate"), 25);
    expect_same(detail(h, "limit"), 50);
    expect_same(detail(h, "trades"), 4);
    expect_same(detail(h, "losses_in_row"), 2);
    assert_int_equal(step(h, ""), 1); /* as long as it is so */
    assert_int_equal(step(h, "W"), 0);
    s1_harness_free(h);
}

static void streaks_by_hand(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, PLUGIN, "{max_losses_in_row: 2}");
    assert_int_equal(step(h, "L"), 0);
    assert_int_equal(step(h, "L"), 0);
    assert_int_equal(step(h, "L"), 1);
    expect_text(last(h)->key, "losses");
    expect_same(detail(h, "losses_in_row"), 3);
    expect_same(detail(h, "limit"), 2);
    assert_true(isnan(detail(h, "winrate"))); /* not known yet: left out */
    assert_int_equal(step(h, "W"), 0);
    assert_int_equal(step(h, "WLLL"), 0); /* the lost ones count as the first */
    assert_int_equal(step(h, "LL"), 0);
    assert_int_equal(step(h, "L"), 1);
    s1_harness_free(h);
}

/* More closed in one tick than count: only the last of them. */
static void many_at_once(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, PLUGIN, "{trades: 2, min_winrate_percent: 100}");
    assert_int_equal(step(h, "LLLLLWW"), 0);
    assert_int_equal(step(h, "L"), 1);
    expect_same(detail(h, "winrate"), 50);
    s1_harness_free(h);
}

static void forgets_when_it_has_rested(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, PLUGIN, "{trades: 2, cool_down_bars: 3}");
    assert_int_equal(step(h, "LL"), 1);
    (void)s1_harness_open(h, S1_LONG, "1", "1");
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(step(h, ""), 1); /* a trade is open: that is no rest */
    }
    s1_harness_close_positions(h);
    assert_int_equal(step(h, "L"), 1);
    assert_int_equal(step(h, ""), 1);
    assert_int_equal(step(h, ""), 1);
    assert_int_equal(step(h, ""), 0);
    assert_int_equal(step(h, "L"), 0); /* one is not two */
    assert_int_equal(step(h, "L"), 1);
    s1_harness_free(h);
}

static void lives_through_a_restart(void **state)
{
    (void)state;
    const char *const params = "{trades: 4, min_winrate_percent: 50, cool_down_bars: 100}";
    s1_harness *h = s1_harness_new(NULL);
    s1_worker *worker = s1_harness_add(h, PLUGIN, params);
    (void)step(h, "WLW");
    const uint32_t commits = s1_harness_note_count(h, "state");
    (void)step(h, "");
    assert_int_equal(s1_harness_note_count(h, "state"), commits); /* only what changed */
    (void)step(h, "L");
    char kept[256];
    const s1_str text = s1_harness_state(h, worker);
    (void)snprintf(kept, sizeof kept, "%.*s", S1_STR_ARG(text));
    assert_string_equal(kept, "{\"v\":1,\"trades\":4,\"wins\":2,\"bars\":0,\"results\":\"LWWL\"}");
    s1_harness_free(h);
    for (uint32_t is_new_ledger = 0; is_new_ledger < 2; is_new_ledger++) {
        h = s1_harness_new(NULL);
        const s1_harness_item item = {.plugin = PLUGIN, .params = params, .state = kept};
        s1_err err = S1_ERR_INIT;
        assert_int_equal(s1_harness_try_add(h, &item, &worker, &err), S1_OK);
        s1_harness_ledger(h)->closed_trades = is_new_ledger ? 0 : 4;
        s1_harness_ledger(h)->closed_wins = is_new_ledger ? 0 : 2;
        assert_int_equal(step(h, ""), 0);
        assert_int_equal(step(h, "L"), 0); /* W W L L */
        assert_int_equal(step(h, "L"), 1); /* W L L L */
        s1_harness_free(h);
    }
    /* fewer trades count in the second life */
    h = s1_harness_new(NULL);
    const s1_harness_item item = {
        .plugin = PLUGIN, .params = "{trades: 2, min_winrate_percent: 100}", .state = kept};
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_harness_try_add(h, &item, &worker, &err), S1_OK);
    assert_int_equal(step(h, ""), 1); /* W L */
    s1_harness_free(h);
}

static void a_failed_commit_is_passed_on(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, PLUGIN, NULL);
    s1_harness_fail_commits(h, 1);
    s1_harness_ledger(h)->closed_trades = 1;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_harness_try_bar(h, 1, 1, 1, 1, 1, &err), S1_E_IO);
    s1_harness_free(h);
}

static void refuses_what_is_not_its_state(void **state)
{
    (void)state;
    const char *const states[] = {
        "{}",
        "{\"v\":2,\"trades\":4,\"wins\":2,\"bars\":0,\"results\":\"LWWL\"}",
        "{\"v\":1,\"trades\":-4,\"wins\":2,\"bars\":0,\"results\":\"LWWL\"}",
        "{\"v\":1,\"trades\":4,\"wins\":2,\"bars\":0,\"results\":\"LWXL\"}",
        "{\"v\":1,\"trades\":4,\"wins\":2,\"bars\":0,\"results\":\"LWWL\"}}",
        "{\"v\":1,\"trades\":4444444444444444444,\"wins\":2,\"bars\":0,\"results\":\"\"}",
    };
    for (size_t k = 0; k < sizeof states / sizeof states[0]; k++) {
        s1_harness *const h = s1_harness_new(NULL);
        const s1_harness_item item = {.plugin = PLUGIN, .state = states[k]};
        s1_worker *worker = NULL;
        s1_err err = S1_ERR_INIT;
        assert_int_equal(s1_harness_try_add(h, &item, &worker, &err), S1_E_DATA);
        assert_non_null(strstr(err.msg, "expected {\"v\":1"));
        s1_harness_free(h);
    }
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, PLUGIN, "{trades: 1}", "trades");
    expect_refused(h, PLUGIN, "{min_winrate_percent: 101}", "min_winrate_percent");
    expect_refused(h, PLUGIN, "{trades: 5, max_losses_in_row: 5}", "expected below trades");
    expect_refused(h, PLUGIN, "{cool_down_bars: -1}", "cool_down_bars");
    expect_refused(h, PLUGIN, "{severity: SOME}", "severity");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_by_hand),
        cmocka_unit_test(streaks_by_hand),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(forgets_when_it_has_rested),
        cmocka_unit_test(lives_through_a_restart),
        cmocka_unit_test(a_failed_commit_is_passed_on),
        cmocka_unit_test(refuses_what_is_not_its_state),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("winrate_degradation_detector", tests, NULL, NULL);
}
