/* The SDK's helpers that plugins lean on: rolling sums against sums taken anew in long double,
 * texts at their edges. What the plugins make of them stands in their own tests. */
#include "s1mple/moments.h"
#include "s1mple/params.h"
#include "s1mple/rolling.h"
#include "tests/plugins/cut.h"

#define PAIRS 5000

/* Pearson's correlation of the newest `n` pairs, anew. */
static double correlation_of(const double *x, const double *y, size_t end, size_t n)
{
    long double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
    for (size_t i = end - n; i < end; i++) {
        mx += (long double)x[i] / (long double)n;
        my += (long double)y[i] / (long double)n;
    }
    for (size_t i = end - n; i < end; i++) {
        const long double dx = (long double)x[i] - mx;
        const long double dy = (long double)y[i] - my;
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    return (double)(xy / sqrtl(xx * yy));
}

/* Numbers far from zero with little variance, and now and then a jump a million times as large: the
 * two ways in which sums of raw squares lose everything. */
static void windows_lose_nothing(void **state)
{
    (void)state;
    static double x[PAIRS], y[PAIRS];
    static double memory[50 * (sizeof(s1_moments) + sizeof(s1_pair)) / sizeof(double)];
    s1_moments_window window;
    assert_int_equal(sizeof memory, s1_moments_window_bytes(50));
    s1_moments_window_init(&window, 50, memory);
    for (size_t i = 0; i < PAIRS; i++) {
        const bool is_jump = i % 333 == 100;
        x[i] = 11.0 + 1e-4 * cut_noise(i, 1) + (is_jump ? 100.0 : 0.0);
        y[i] = 7.0 + 1e-4 * (cut_noise(i, 1) + 0.5 * cut_noise(i, 2)) + (is_jump ? -50.0 : 0.0);
        const s1_moments sums = s1_moments_window_take(&window, x[i], y[i]);
        assert_int_equal(sums.count >= 50.0, i + 1 >= 50);
        if (i + 1 >= 50) { /* a jump that left leaves no error behind */
            expect_near(s1_moments_correlation(&sums), correlation_of(x, y, i + 1, 50), 1e-6);
        }
    }
}

static void what_stands_still_has_no_correlation(void **state)
{
    (void)state;
    double memory[10 * (sizeof(s1_moments) + sizeof(s1_pair)) / sizeof(double)] = {0};
    s1_moments_window window;
    s1_moments_window_init(&window, 10, memory);
    (void)s1_moments_window_take(&window, 5, 5);
    for (size_t i = 0; i < 200; i++) {
        const s1_moments sums = s1_moments_window_take(&window, 0.1, cut_noise(i, 1));
        if (i >= 9) { /* the 5 has left */
            assert_true(isnan(s1_moments_correlation(&sums)));
        }
    }
}

static void streams_are_walked_together(void **state)
{
    (void)state;
    const s1_nanos first_times[] = {1, 2, 3, 5, 8, 9};
    const s1_nanos second_times[] = {2, 4, 5, 6, 9};
    s1_stream first = {.close_time = first_times, .rows = 3};
    s1_stream second = {.close_time = second_times, .rows = 1};
    s1_stream_pair pair = {.first = &first, .second = &second};
    uint64_t a = 99;
    uint64_t b = 99;
    assert_true(s1_stream_pair_next(&pair, &a, &b));
    assert_true(a == 1 && b == 0);
    assert_false(s1_stream_pair_next(&pair, &a, &b));
    assert_true(a == 1 && b == 0);
    first.rows = 6;
    second.rows = 5;
    assert_true(s1_stream_pair_next(&pair, &a, &b)); /* 5 */
    assert_true(a == 3 && b == 2);
    assert_true(s1_stream_pair_next(&pair, &a, &b)); /* 9 */
    assert_true(a == 5 && b == 4);
    assert_false(s1_stream_pair_next(&pair, &a, &b));
}

/* Whenever the sum is first asked for, it is bit by bit the same. */
static void series_sums_do_not_remember(void **state)
{
    (void)state;
    static double values[1000];
    for (size_t i = 0; i < 1000; i++) {
        values[i] = 1.0 / 3.0 + cut_noise(i, 3);
    }
    for (uint64_t window = 1; window < 60; window += 7) {
        uint64_t rows = 0;
        const s1_series series = {values, &rows};
        s1_series_sum always = {.series = &series, .window = window};
        for (rows = 1; rows <= 1000; rows++) {
            const bool is_there = s1_series_sum_advance(&always);
            assert_int_equal(is_there, rows >= window);
            s1_series_sum late = {.series = &series, .window = window};
            if (is_there) {
                assert_true(s1_series_sum_advance(&late));
                assert_true(late.sum == always.sum);
                long double exact = 0;
                for (uint64_t i = rows - window; i < rows; i++) {
                    exact += (long double)values[i];
                }
                expect_near(always.sum, (double)exact, 1e-11);
            }
        }
    }
}

/* Takes one number onto a sum. */
static bool take_part(void *self, s1_str *rest)
{
    uint64_t number;
    if (!s1_text_take_number(rest, &number)) {
        return false;
    }
    *(uint64_t *)self += number;
    return true;
}

static void lists(void **state)
{
    (void)state;
    static const struct {
        const char *text, *rest; /* NULL: no list */
        uint64_t sum;
    } cases[] = {{"]}", "", 0},     {"5]}x", "x", 5},   {"1,20,300]}", "", 321}, {"1,]}", NULL, 1},
                 {",1]}", NULL, 0}, {"1 2]}", NULL, 1}, {"1,2", NULL, 3},        {"", NULL, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        s1_str rest = {cases[i].text, strlen(cases[i].text)};
        uint64_t sum = 0;
        const bool is_list = s1_text_take_list(&rest, S1_STR("]}"), take_part, &sum);
        assert_int_equal(is_list, cases[i].rest != NULL);
        assert_int_equal(sum, cases[i].sum);
        if (is_list) {
            expect_text(rest, cases[i].rest);
        }
    }
}

static void texts(void **state)
{
    (void)state;
    assert_true(s1_text_equal((s1_str){NULL, 0}, S1_STR("")));
    assert_true(s1_text_equal(S1_STR("ab"), S1_STR("ab")));
    assert_false(s1_text_equal(S1_STR("ab"), S1_STR("abc")));
    assert_false(s1_text_equal(S1_STR("ab"), S1_STR("ac")));
    s1_str rest = S1_STR("a\"bc\"12,x");
    s1_str text;
    uint64_t number = 7;
    assert_false(s1_text_skip(&rest, S1_STR("b")));
    assert_true(s1_text_skip(&rest, S1_STR("a")));
    assert_true(s1_text_take_string(&rest, &text));
    expect_text(text, "bc");
    assert_true(s1_text_take_number(&rest, &number));
    assert_int_equal(number, 12);
    assert_false(s1_text_take_number(&rest, &number));
    assert_true(s1_text_take_until(&rest, ',', &text));
    assert_int_equal(text.len, 0);
    assert_false(s1_text_take_until(&rest, ',', &text));
    expect_text(rest, "x");
    rest = (s1_str){NULL, 0};
    assert_false(s1_text_take_until(&rest, ',', &text));
    assert_false(s1_text_take_number(&rest, &number));
    rest = S1_STR("999999999999999999");
    assert_true(s1_text_take_number(&rest, &number));
    assert_true(number == 999999999999999999u);
    rest = S1_STR("1000000000000000000");
    assert_false(s1_text_take_number(&rest, &number));
}

static void severities_and_columns(void **state)
{
    (void)state;
    const char *const names[] = {"LOW", "MEDIUM", "HIGH", "CRITICAL"};
    s1_err err = S1_ERR_INIT;
    for (int32_t i = 0; i < 4; i++) {
        int32_t severity = 0;
        const s1_str name = {names[i], strlen(names[i])};
        assert_int_equal(s1_severity_parse(S1_STR("severity"), name, &severity, &err), S1_OK);
        assert_int_equal(severity, S1_SEVERITY_LOW + i);
        assert_string_equal(s1_severity_name(severity), names[i]);
    }
    int32_t severity = 9;
    assert_int_equal(s1_severity_parse(S1_STR("grade"), S1_STR("low"), &severity, &err),
                     S1_E_INVALID);
    assert_int_equal(severity, 9);
    assert_non_null(strstr(err.msg, "grade 'low'"));
    assert_string_equal(s1_severity_name(0), "UNKNOWN");
    char part[S1_DEC_TEXT_MAX];
    assert_int_equal(s1_column_part(s1_harness_dec("2.5"), part), 3);
    assert_string_equal(part, "2_5");
    assert_int_equal(s1_column_part(s1_harness_dec("2"), part), 1);
    assert_string_equal(part, "2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_lose_nothing),
        cmocka_unit_test(what_stands_still_has_no_correlation),
        cmocka_unit_test(streams_are_walked_together),
        cmocka_unit_test(series_sums_do_not_remember),
        cmocka_unit_test(texts),
        cmocka_unit_test(lists),
        cmocka_unit_test(severities_and_columns),
    };
    return cmocka_run_group_tests_name("sdk headers", tests, NULL, NULL);
}
