/* higher_timeframe_bias: bars by hand on four hours, nothing of an open bar, real bars against the
 * definition, the history cut, and what is refused. */
#include "tests/plugins/history.h"

#define HIGHER "EUR/USD@4h"

static s1_harness *harness(const char *ema, const char *bias)
{
    const s1_harness_options options = {.second_stream = HIGHER};
    s1_harness *const h = s1_harness_new(&options);
    const s1_harness_item item = {.plugin = "ema_detector", .params = ema, .stream = HIGHER};
    s1_worker *worker = NULL;
    s1_err err = S1_ERR_INIT;
    if (s1_harness_try_add(h, &item, &worker, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    s1_harness_add(h, "higher_timeframe_bias", bias);
    return h;
}

static void higher(s1_harness *h, double close)
{
    s1_harness_bar_of(h, 1, close, close, close, close, 1);
}

/* ema_3 (alpha 1/2) of 8, 10, 12, 12, 6, 9, 10: -, -, 10.5, 11.25, 8.625, 8.8125, 9.40625. The bars
 * of one hour between them change nothing, and neither do their closes. */
static void by_hand(void **state)
{
    (void)state;
    s1_harness *const h = harness(
        "{periods: [3]}", "{stream: " HIGHER ", period: 3, slope_bars: 1, neutral_percent: 3}");
    const double closes[] = {8, 10, 12, 12, 6, 9, 10};
    const double average[] = {NAN, NAN, 10.5, 11.25, 8.625, 8.8125, 9.40625};
    const double bias[] = {NAN, NAN, NAN, 1, -1, 0, 1};
    expect_same(s1_harness_rows(h), 0);
    for (size_t i = 0; i < 7; i++) {
        higher(h, closes[i]);
        for (size_t k = 0; k < 4; k++) {
            s1_harness_close(h, 100.0 - (double)k * 30);
            expect_same(s1_harness_value(h, "higher_timeframe_bias", 0), bias[i]);
            const double distance = isnan(bias[i]) ? NAN : 100 * (closes[i] / average[i] - 1);
            expect_same(s1_harness_value(h, "higher_timeframe_bias_distance", 0), distance);
        }
    }
    s1_harness_free(h);
}

/* Above the average, which falls: with the slope no bias, without it one. */
static void slope_is_asked_for(void **state)
{
    (void)state;
    const char *const params[] = {"{stream: " HIGHER ", period: 2, slope_bars: 2}",
                                  "{stream: " HIGHER ", period: 2, slope_bars: 0}"};
    const double expected[] = {0, 1};
    for (size_t k = 0; k < 2; k++) {
        s1_harness *const h = harness("{periods: [2]}", params[k]);
        const double closes[] = {20, 20, 10, 14};
        for (size_t i = 0; i < 4; i++) {
            higher(h, closes[i]);
            s1_harness_close(h, 1);
        }
        expect_same(s1_harness_value(h, "higher_timeframe_bias", 0), expected[k]);
        s1_harness_free(h);
    }
}

/* Before the first bar of the other stream has closed there is nothing to say. */
static void nothing_of_an_open_bar(void **state)
{
    (void)state;
    s1_harness *const h =
        harness("{periods: [1]}", "{stream: " HIGHER ", period: 1, slope_bars: 0}");
    for (size_t i = 0; i < 3; i++) {
        s1_harness_close(h, 1.5);
        expect_same(s1_harness_value(h, "higher_timeframe_bias", 0), NAN);
    }
    higher(h, 1.5);
    s1_harness_close(h, 1.5);
    expect_same(s1_harness_value(h, "higher_timeframe_bias", 0), 0);
    s1_harness_free(h);
}

/* Two instances beside each other, on names of their own. */
static void two_names(void **state)
{
    (void)state;
    s1_harness *const h = harness("{periods: [1, 2]}", "{stream: " HIGHER ", period: 2}");
    const s1_harness_item item = {.plugin = "higher_timeframe_bias",
                                  .params = "{stream: " HIGHER ", period: 1, column: other}",
                                  .instance_id = "other"};
    s1_worker *worker = NULL;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_harness_try_add(h, &item, &worker, &err), S1_OK);
    for (int i = 1; i < 8; i++) {
        higher(h, i);
        s1_harness_close(h, 1);
    }
    expect_same(s1_harness_value(h, "higher_timeframe_bias", 0), 1);
    expect_same(s1_harness_value(h, "other", 0), 0);
    s1_harness_free(h);
}

static void later_bars_change_nothing(void **state)
{
    (void)state;
    const history_case of = {
        .items = {{.plugin = "ema_detector", .params = "{periods: [5]}", .stream = HIGHER},
                  {.plugin = "higher_timeframe_bias", .params = "{stream: " HIGHER ", period: 5}"}},
        .columns = {"higher_timeframe_bias", "higher_timeframe_bias_distance"},
        .second_stream = HIGHER,
    };
    expect_history_kept(&of);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = harness("{periods: [3]}", "{stream: " HIGHER ", period: 3}");
    const char *const plugin = "higher_timeframe_bias";
    expect_refused(h, plugin, "", "stream");
    expect_refused(h, plugin, "{stream: EUR/USD@2h, column: a}", "EUR/USD@2h");
    expect_refused(h, plugin, "{stream: daily, column: a}", "daily");
    expect_refused(h, plugin, "{stream: " HIGHER ", period: 4, column: a}", "ema_4");
    expect_refused(h, plugin, "{stream: " HIGHER ", period: 0, column: a}", "period");
    expect_refused(h, plugin, "{stream: " HIGHER ", slope_bars: -1, column: a}", "slope_bars");
    expect_refused(h, plugin, "{stream: " HIGHER ", neutral_percent: 101, column: a}", "neutral");
    expect_refused(h, plugin, "{stream: " HIGHER ", period: 3}", "higher_timeframe_bias");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(slope_is_asked_for),
        cmocka_unit_test(nothing_of_an_open_bar),
        cmocka_unit_test(two_names),
        cmocka_unit_test(later_bars_change_nothing),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("higher_timeframe_bias", tests, NULL, NULL);
}
