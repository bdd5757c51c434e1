/* liquidity_zone_mapper: ten bars by hand on both sides, the map recomputed from all swings, few
 * levels, the history cut, and what is refused. */
#include "tests/plugins/history.h"

static const struct {
    double high, level, touches, taken;
} story[] = {
    {100, NAN, NAN, NAN}, {110, NAN, NAN, NAN}, {105, 110, 1, NAN}, {109.5, 110, 1, NAN},
    {104, 110, 2, NAN},   {106, 110, 2, NAN},   {103, 106, 1, NAN}, {107, 110, 2, 106},
    {110, 110, 2, NAN},   {111, NAN, NAN, 110},
};
#define STORY (sizeof story / sizeof story[0])

/* The story above the market, and mirrored at 100 below it. */
static void ten_bars(void **state)
{
    (void)state;
    for (int side = 0; side < 2; side++) {
        s1_harness *const h = s1_harness_new(NULL);
        s1_harness_add(h, "liquidity_zone_mapper",
                       side == 0 ? "{strength: 1, tolerance_percent: 1}"
                                 : "{strength: 1, tolerance_percent: 1.1}");
        const char *const names[2][3] = {
            {"buy_side_level", "buy_side_touches", "buy_side_taken"},
            {"sell_side_level", "sell_side_touches", "sell_side_taken"}};
        for (size_t i = 0; i < STORY; i++) {
            const double price = side == 0 ? story[i].high : 200 - story[i].high;
            s1_harness_bar(h, 100, side == 0 ? price : 120, side == 0 ? 80 : price, 100, 1);
            const double mirror = side == 0 ? 0 : 200;
            const double sign = side == 0 ? 1 : -1;
            expect_same(s1_harness_value(h, names[side][0], 0), mirror + sign * story[i].level);
            expect_same(s1_harness_value(h, names[side][1], 0), story[i].touches);
            expect_same(s1_harness_value(h, names[side][2], 0), mirror + sign * story[i].taken);
        }
        const s1_artefact_list *const map =
            s1_harness_artefacts(h, side == 0 ? "buy_side_liquidity" : "sell_side_liquidity");
        assert_int_equal(map->total, 3);
        assert_int_equal(s1_artefact_at(map, 2)->kind, S1_ARTEFACT_LEVEL);
        assert_int_equal(s1_artefact_at(map, 1)->kind, S1_ARTEFACT_ZONE);
        assert_int_equal(s1_artefact_at(map, 1)->row, 5);
        expect_same(s1_artefact_at(map, 1)->lower, side == 0 ? 109.5 : 90);
        expect_same(s1_artefact_at(map, 1)->upper, side == 0 ? 110 : 90.5);
        s1_harness_free(h);
    }
}

/* A bar that takes several levels tells the farthest. With room for one, the far one is forgotten.
 */
static void farthest_is_told(void **state)
{
    (void)state;
    const char *const params[] = {"{strength: 1, tolerance_percent: 0}",
                                  "{strength: 1, tolerance_percent: 0, max_levels: 1}"};
    const double taken[] = {110, 106};
    for (size_t k = 0; k < 2; k++) {
        s1_harness *const h = s1_harness_new(NULL);
        s1_harness_add(h, "liquidity_zone_mapper", params[k]);
        const double highs[] = {100, 110, 105, 106, 104, 112};
        for (size_t i = 0; i < 6; i++) {
            s1_harness_bar(h, 100, highs[i], 90, 100, 1);
        }
        expect_same(s1_harness_value(h, "buy_side_taken", 0), taken[k]);
        expect_same(s1_harness_value(h, "buy_side_taken_touches", 0), 1);
        expect_same(s1_harness_value(h, "buy_side_level", 0), NAN);
        s1_harness_free(h);
    }
}

/* Without tolerance the nearest level of a bar is the nearest of all swings known then that no bar
 * since has gone beyond, and the taken one the farthest that stood a bar before and does no more.
 */
static void expect_definition(const s1_harness *h, int64_t rows, int64_t n, double sign)
{
    const double *const values = s1_harness_column(h, sign > 0 ? "high" : "low");
    const double *const level =
        s1_harness_column(h, sign > 0 ? "buy_side_level" : "sell_side_level");
    const double *const taken =
        s1_harness_column(h, sign > 0 ? "buy_side_taken" : "sell_side_taken");
    double standing[HISTORY_BARS];
    size_t count = 0;
    for (int64_t t = 0; t < rows; t++) {
        double far = NAN;
        size_t kept = 0;
        for (size_t i = 0; i < count; i++) {
            if (sign * values[t] > sign * standing[i]) {
                far = isnan(far) || sign * standing[i] > sign * far ? standing[i] : far;
            } else {
                standing[kept++] = standing[i];
            }
        }
        count = kept;
        bool is_swing = t >= 2 * n;
        for (int64_t k = 1; is_swing && k <= n; k++) {
            is_swing = sign * values[t - n] > sign * values[t - n - k] &&
                       sign * values[t - n] >= sign * values[t - n + k];
        }
        if (is_swing) {
            standing[count++] = values[t - n];
        }
        double near = NAN;
        for (size_t i = 0; i < count; i++) {
            near = isnan(near) || sign * standing[i] < sign * near ? standing[i] : near;
        }
        expect_same(level[t], near);
        expect_same(taken[t], far);
    }
}

static void equals_the_definition(void **state)
{
    (void)state;
    for (int n = 1; n <= 4; n++) {
        char params[64];
        (void)snprintf(params, sizeof params,
                       "{strength: %d, tolerance_percent: 0, max_levels: 1000}", n);
        const history_case of = {.items = {{.plugin = "liquidity_zone_mapper", .params = params}}};
        s1_harness *const h = history_walk(&of, HISTORY_BARS, HISTORY_BARS);
        expect_definition(h, HISTORY_BARS, n, 1);
        expect_definition(h, HISTORY_BARS, n, -1);
        s1_harness_free(h);
        s1_harness *const real = s1_harness_new(NULL);
        s1_harness_add(real, "liquidity_zone_mapper", params);
        const uint64_t rows =
            s1_harness_csv(real, "data/golden/backtesting_py/EURUSD.csv", HISTORY_BARS);
        expect_definition(real, (int64_t)rows, n, 1);
        expect_definition(real, (int64_t)rows, n, -1);
        s1_harness_free(real);
    }
}

static void later_bars_change_nothing(void **state)
{
    (void)state;
    const history_case of = {
        .items = {{.plugin = "liquidity_zone_mapper",
                   .params = "{strength: 2, tolerance_percent: 0.2, max_levels: 3}"}},
        .columns = {"buy_side_level", "buy_side_touches", "buy_side_taken",
                    "buy_side_taken_touches", "sell_side_level", "sell_side_touches",
                    "sell_side_taken", "sell_side_taken_touches"},
        .artefacts = {"buy_side_liquidity", "sell_side_liquidity"},
    };
    expect_history_kept(&of);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    const char *const plugin = "liquidity_zone_mapper";
    expect_refused(h, plugin, "{strength: 0}", "strength");
    expect_refused(h, plugin, "{tolerance_percent: -0.1}", "tolerance_percent");
    expect_refused(h, plugin, "{tolerance_percent: 11}", "tolerance_percent");
    expect_refused(h, plugin, "{max_levels: 0}", "max_levels");
    expect_refused(h, plugin, "{max_levels: 1001}", "max_levels");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_bars),
        cmocka_unit_test(farthest_is_told),
        cmocka_unit_test(equals_the_definition),
        cmocka_unit_test(later_bars_change_nothing),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("liquidity_zone_mapper", tests, NULL, NULL);
}
