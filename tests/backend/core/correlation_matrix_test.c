/* The rolling correlation against the textbook formula over the same returns, and how links of
 * different clocks are sampled. */
#include "backend/core/correlation_matrix.h"

#include "backend/utils/rng.h"
#include "tests/support/cmocka.h"

#include <math.h>
#include <stdlib.h>

#define MOMENTS 300u

static s1_correlation_matrix *matrix_new(uint32_t links, uint32_t window)
{
    s1_err err = S1_ERR_INIT;
    s1_correlation_matrix *matrix = NULL;
    assert_int_equal(s1_correlation_matrix_new(links, window, &matrix, &err), S1_OK);
    return matrix;
}

/* Pearson over the last `window` returns, one pass per sum, as a book has it. */
static double expected(const double *a, const double *b, size_t count, size_t window)
{
    double sums[5] = {0};
    for (size_t i = count - window; i < count; i++) {
        const double x = log(a[i] / a[i - 1]);
        const double y = log(b[i] / b[i - 1]);
        const double parts[] = {x, y, x * x, y * y, x * y};
        for (size_t k = 0; k < 5; k++) {
            sums[k] += parts[k];
        }
    }
    const double n = (double)window;
    return (n * sums[4] - sums[0] * sums[1]) /
           sqrt((n * sums[2] - sums[0] * sums[0]) * (n * sums[3] - sums[1] * sums[1]));
}

static void test_is_pearson(void **state)
{
    (void)state;
    s1_rng rng;
    double prices[3][MOMENTS];
    s1_rng_init(&rng, 7);
    s1_correlation_matrix *const matrix = matrix_new(3, 40);
    for (size_t t = 0; t < MOMENTS; t++) {
        const double common = s1_rng_unit(&rng) - 0.5;
        for (uint32_t k = 0; k < 3; k++) {
            const double own = s1_rng_unit(&rng) - 0.5;
            const double last = t == 0 ? 100.0 : prices[k][t - 1];
            prices[k][t] = last * exp(0.01 * (k == 2 ? own - common : own + common));
            s1_correlation_matrix_close(matrix, k, prices[k][t]);
        }
        s1_correlation_matrix_end_moment(matrix);
        double found;
        for (uint32_t a = 0; a < 3; a++) {
            for (uint32_t b = 0; b < 3; b++) {
                if (a != b) {
                    const bool is_known = s1_correlation_matrix_get(matrix, a, b, &found);
                    assert_int_equal(is_known, t >= 40);
                    if (is_known) {
                        assert_true(fabs(found - expected(prices[a], prices[b], t + 1, 40)) < 1e-9);
                    }
                }
            }
        }
    }
    double same, opposite;
    assert_true(s1_correlation_matrix_get(matrix, 0, 1, &same));
    assert_true(s1_correlation_matrix_get(matrix, 0, 2, &opposite));
    assert_true(same > 0.2 && opposite < -0.2);
    s1_correlation_matrix_free(matrix);
}

/* A slow link is compared with a fast one over the same spans: between two of its own bars. */
static void test_links_of_different_clocks(void **state)
{
    (void)state;
    s1_rng rng;
    double slow[MOMENTS], fast[MOMENTS];
    size_t count = 0;
    s1_rng_init(&rng, 3);
    s1_correlation_matrix *const matrix = matrix_new(2, 20);
    double price[2] = {50.0, 80.0};
    for (size_t t = 0; t < MOMENTS; t++) {
        const double common = s1_rng_unit(&rng) - 0.5;
        price[0] *= exp(0.01 * common);
        price[1] *= exp(0.01 * (common + 0.5 * (s1_rng_unit(&rng) - 0.5)));
        s1_correlation_matrix_close(matrix, 0, price[0]);
        if (t % 4 == 3) {
            s1_correlation_matrix_close(matrix, 1, price[1]);
            fast[count] = price[0];
            slow[count++] = price[1];
        }
        s1_correlation_matrix_end_moment(matrix);
    }
    double found;
    assert_true(s1_correlation_matrix_get(matrix, 1, 0, &found));
    assert_true(fabs(found - expected(fast, slow, count, 20)) < 1e-9);
    assert_true(found > 0.5);
    s1_correlation_matrix_free(matrix);
}

static void test_a_market_that_stands_still_is_not_known(void **state)
{
    (void)state;
    s1_correlation_matrix *const matrix = matrix_new(2, 10);
    double found = 7.0;
    for (int t = 0; t < 50; t++) {
        s1_correlation_matrix_close(matrix, 0, 100.0 + t);
        s1_correlation_matrix_close(matrix, 1, 5.0);
        s1_correlation_matrix_end_moment(matrix);
    }
    assert_false(s1_correlation_matrix_get(matrix, 0, 1, &found));
    assert_true(found > 6.9 && found < 7.1);
    s1_correlation_matrix_free(matrix);
    s1_correlation_matrix_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_pearson),
        cmocka_unit_test(test_links_of_different_clocks),
        cmocka_unit_test(test_a_market_that_stands_still_is_not_known),
    };
    return cmocka_run_group_tests_name("correlation_matrix", tests, NULL, NULL);
}
