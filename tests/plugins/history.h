/* tests/plugins/history.h - cutting the history: what workers said up to a bar is the same whether
 * later bars are there, are others, or not.
 */
#ifndef S1_TESTS_PLUGINS_HISTORY_H
#define S1_TESTS_PLUGINS_HISTORY_H

#include "tests/plugins/expect.h"

#define HISTORY_BARS 480u

typedef struct history_case {
    s1_harness_item items[6];  /* in this order, up to the first without a plugin */
    const char *columns[8];    /* up to the first NULL; each must hold some value */
    const char *artefacts[4];  /* up to the first NULL; each must hold some artefact */
    const char *second_stream; /* of four hours; NULL: none */
    bool has_signals;          /* some signal must be emitted */
} history_case;

static inline double history_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(*seed >> 40) / (double)(1u << 24);
}

/* A walk of `count` bars with many equal prices; from bar `cut` on another walk. */
static inline s1_harness *history_walk(const history_case *of, uint64_t cut, uint64_t count)
{
    const s1_harness_options options = {.second_stream = of->second_stream};
    s1_harness *const h = s1_harness_new(&options);
    for (size_t i = 0; i < sizeof of->items / sizeof *of->items && of->items[i].plugin; i++) {
        s1_worker *worker = NULL;
        s1_err err = S1_ERR_INIT;
        if (s1_harness_try_add(h, &of->items[i], &worker, &err) != S1_OK) {
            fail_msg("%s: %s", of->items[i].plugin, err.msg);
        }
    }
    uint64_t seed = 42;
    double close = 1.25;
    for (uint64_t t = 0; t < count; t++) {
        double steps[5];
        for (size_t i = 0; i < 5; i++) {
            steps[i] = history_random(&seed);
        }
        const double open = close;
        close = open + floor((steps[0] - 0.5) * (t < cut ? 12 : 40)) / 1000;
        close = steps[3] < 0.1 || close < 0.5 ? open : close;
        const double high = fmax(open, close) + floor(steps[1] * 5) / 1000;
        const double low = fmin(open, close) - floor(steps[2] * 5) / 1000;
        if (of->second_stream != NULL && t % 4 == 3) {
            s1_harness_bar_of(h, 1, open, high, low, close, 1);
        }
        s1_harness_bar(h, open, high, low, close, floor(1 + steps[4] * steps[4] * 40));
    }
    return h;
}

static inline void history_compare(const history_case *of, const s1_harness *h,
                                   const s1_harness *whole, uint64_t rows)
{
    for (size_t c = 0; c < 8 && of->columns[c] != NULL; c++) {
        const double *const found = s1_harness_column(h, of->columns[c]);
        const double *const expected = s1_harness_column(whole, of->columns[c]);
        for (uint64_t t = 0; t < rows; t++) {
            expect_same(found[t], expected[t]);
        }
    }
    for (size_t a = 0; a < 4 && of->artefacts[a] != NULL; a++) {
        const s1_artefact_list *const found = s1_harness_artefacts(h, of->artefacts[a]);
        const s1_artefact_list *const expected = s1_harness_artefacts(whole, of->artefacts[a]);
        assert_true(expected->total <= expected->capacity && found->total <= found->capacity);
        for (uint64_t i = 0; i < expected->total && expected->items[i].row <= rows; i++) {
            assert_true(i < found->total);
            assert_memory_equal(&found->items[i], &expected->items[i], sizeof *found->items);
        }
        for (uint64_t i = 0; i < found->total && found->items[i].row <= rows; i++) {
            assert_true(i < expected->total && expected->items[i].row <= rows);
        }
    }
    uint32_t i = 0;
    for (; i < s1_harness_signal_count(whole); i++) {
        const s1_harness_signal *const expected = s1_harness_signal_at(whole, i);
        if (expected->row > rows) {
            break;
        }
        assert_true(i < s1_harness_signal_count(h));
        const s1_harness_signal *const found = s1_harness_signal_at(h, i);
        assert_int_equal(found->row, expected->row);
        assert_int_equal(found->signal.direction, expected->signal.direction);
        assert_int_equal(found->signal.metadata_count, expected->signal.metadata_count);
        for (uint32_t k = 0; k < found->signal.metadata_count; k++) {
            expect_same(found->signal.metadata[k].number, expected->signal.metadata[k].number);
        }
    }
    assert_true(i >= s1_harness_signal_count(h) || s1_harness_signal_at(h, i)->row > rows);
}

/* The comparison is one of values: none of what is compared is empty. */
static inline void history_has_values(const history_case *of, const s1_harness *whole)
{
    for (size_t c = 0; c < 8 && of->columns[c] != NULL; c++) {
        const double *const values = s1_harness_column(whole, of->columns[c]);
        uint64_t count = 0;
        for (uint64_t t = 0; t < HISTORY_BARS; t++) {
            count += !isnan(values[t]) && values[t] != 0.0;
        }
        if (count == 0) {
            fail_msg("column %s holds no value", of->columns[c]);
        }
    }
    for (size_t a = 0; a < 4 && of->artefacts[a] != NULL; a++) {
        assert_true(s1_harness_artefacts(whole, of->artefacts[a])->total > 0);
    }
    assert_true(!of->has_signals || s1_harness_signal_count(whole) > 0);
}

static inline void expect_history_kept(const history_case *of)
{
    s1_harness *const whole = history_walk(of, HISTORY_BARS, HISTORY_BARS);
    history_has_values(of, whole);
    for (uint64_t cut = 1; cut < HISTORY_BARS; cut = cut < 30 ? cut + 3 : cut + 37) {
        s1_harness *const ended = history_walk(of, cut, cut);
        history_compare(of, ended, whole, cut);
        s1_harness_free(ended);
        s1_harness *const other = history_walk(of, cut, HISTORY_BARS);
        history_compare(of, other, whole, cut);
        s1_harness_free(other);
    }
    s1_harness_free(whole);
}

#endif /* S1_TESTS_PLUGINS_HISTORY_H */
