/* tests/plugins/cut.h - the property every detector has: what was said up to a bar is the same when
 * the history ends there, and when every later bar is another one. */
#ifndef S1_TESTS_PLUGINS_CUT_H
#define S1_TESTS_PLUGINS_CUT_H

#include "tests/plugins/expect.h"

typedef struct cut_case {
    const s1_harness_options *options;               /* NULL: the defaults */
    void (*build)(s1_harness *h);                    /* adds the workers */
    void (*feed)(s1_harness *h, size_t i, int seed); /* bar `i` of the history `seed` */
    size_t count;                                    /* bars */
    uint32_t said_min;                               /* signals and reports of the whole history */
} cut_case;

/* 0..1, by rule: the same for the same numbers. */
static inline double cut_noise(size_t i, int seed)
{
    uint64_t x = ((uint64_t)i + 1) * 6364136223846793005ULL +
                 (uint64_t)(unsigned)seed * 1442695040888963407ULL;
    x ^= x >> 29;
    x *= 0xbf58476d1ce4e5b9ULL;
    x ^= x >> 32;
    x *= 0x94d049bb133111ebULL;
    return (double)(x >> 48) / 65536.0;
}

static inline void cut_same_fields(const s1_field *found, const s1_field *expected, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(found[i].name.len, expected[i].name.len);
        expect_same(found[i].number, expected[i].number);
    }
}

/* Everything said up to row `cut`, and nothing else. */
static inline void cut_compare(const s1_harness *found, const s1_harness *whole, size_t cut)
{
    uint32_t n = 0;
    for (; n < s1_harness_signal_count(whole); n++) {
        const s1_harness_signal *const expected = s1_harness_signal_at(whole, n);
        if (expected->row > cut) {
            break;
        }
        assert_true(n < s1_harness_signal_count(found));
        const s1_harness_signal *const signal = s1_harness_signal_at(found, n);
        assert_int_equal(signal->row, expected->row);
        assert_int_equal(signal->signal.direction, expected->signal.direction);
        assert_int_equal(signal->signal.metadata_count, expected->signal.metadata_count);
        cut_same_fields(signal->signal.metadata, expected->signal.metadata,
                        expected->signal.metadata_count);
    }
    assert_int_equal(s1_harness_signal_count(found), n);
    for (n = 0; n < s1_harness_report_count(whole); n++) {
        const s1_harness_report *const expected = s1_harness_report_at(whole, n);
        if (expected->row > cut) {
            break;
        }
        assert_true(n < s1_harness_report_count(found));
        const s1_harness_report *const report = s1_harness_report_at(found, n);
        assert_int_equal(report->row, expected->row);
        assert_int_equal(report->report.severity, expected->report.severity);
        assert_int_equal(report->report.detail_count, expected->report.detail_count);
        cut_same_fields(report->report.details, expected->report.details,
                        expected->report.detail_count);
    }
    assert_int_equal(s1_harness_report_count(found), n);
}

/* A harness with room for the history and no more: there are many of them. */
static inline s1_harness *cut_harness(const cut_case *c)
{
    s1_harness_options options = c->options != NULL ? *c->options : (s1_harness_options){0};
    options.capacity_rows = c->count + 1;
    return s1_harness_new(&options);
}

/* The history of seed 1 whole, against the same up to a cut: at the cut both have said the same.
 * Then seed 2 goes on, and nothing that was said is another. */
static inline void expect_cut_changes_nothing(const cut_case *c)
{
    s1_harness *const whole = cut_harness(c);
    c->build(whole);
    for (size_t i = 0; i < c->count; i++) {
        c->feed(whole, i, 1);
    }
    const uint32_t said = s1_harness_signal_count(whole) + s1_harness_report_count(whole);
    if (said < c->said_min) {
        fail_msg("the history says %u things, expected %u at least", said, c->said_min);
    }
    for (size_t cut = 1; cut < c->count; cut += 1 + c->count / 40) {
        s1_harness *const h = cut_harness(c);
        c->build(h);
        for (size_t i = 0; i < cut; i++) {
            c->feed(h, i, 1);
        }
        cut_compare(h, whole, cut);
        const uint32_t signals = s1_harness_signal_count(h);
        const uint32_t reports = s1_harness_report_count(h);
        for (size_t i = cut; i < c->count; i++) {
            c->feed(h, i, 2);
        }
        assert_true(s1_harness_signal_count(h) == signals ||
                    s1_harness_signal_at(h, signals)->row > cut);
        assert_true(s1_harness_report_count(h) == reports ||
                    s1_harness_report_at(h, reports)->row > cut);
        s1_harness_free(h);
    }
    s1_harness_free(whole);
}

/* Detectors rest up to bar `begin`: what they say from then on is what they would have said. */
static inline void expect_warmup_changes_nothing(const cut_case *c, size_t begin)
{
    s1_harness *const whole = cut_harness(c);
    s1_harness *const late = cut_harness(c);
    c->build(whole);
    c->build(late);
    for (size_t i = 0; i < c->count; i++) {
        c->feed(whole, i, 1);
        s1_harness_warmup(late, i < begin);
        c->feed(late, i, 1);
    }
    uint32_t first = 0;
    while (first < s1_harness_signal_count(whole) &&
           s1_harness_signal_at(whole, first)->row <= begin) {
        first++;
    }
    assert_int_equal(s1_harness_signal_count(late), s1_harness_signal_count(whole) - first);
    for (uint32_t i = 0; i < s1_harness_signal_count(late); i++) {
        const s1_harness_signal *const signal = s1_harness_signal_at(late, i);
        const s1_harness_signal *const expected = s1_harness_signal_at(whole, first + i);
        assert_int_equal(signal->row, expected->row);
        assert_int_equal(signal->signal.direction, expected->signal.direction);
        cut_same_fields(signal->signal.metadata, expected->signal.metadata,
                        expected->signal.metadata_count);
    }
    first = 0;
    while (first < s1_harness_report_count(whole) &&
           s1_harness_report_at(whole, first)->row <= begin) {
        first++;
    }
    assert_int_equal(s1_harness_report_count(late), s1_harness_report_count(whole) - first);
    for (uint32_t i = 0; i < s1_harness_report_count(late); i++) {
        const s1_harness_report *const report = s1_harness_report_at(late, i);
        const s1_harness_report *const expected = s1_harness_report_at(whole, first + i);
        assert_int_equal(report->row, expected->row);
        assert_int_equal(report->report.severity, expected->report.severity);
        cut_same_fields(report->report.details, expected->report.details,
                        expected->report.detail_count);
    }
    s1_harness_free(late);
    s1_harness_free(whole);
}

#endif /* S1_TESTS_PLUGINS_CUT_H */
