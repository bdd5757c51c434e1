/* Streams with faults: each is found where it is, nothing else is; real files with the numbers that
 * others measured. */
#include "backend/data/quality/quality.h"

#include "backend/data/persistors/memory_persistor.h"
#include "backend/utils/timefmt.h"
#include "s1mple/error.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE     S1_NANOS_PER_MINUTE
#define HOUR       S1_NANOS_PER_HOUR
#define START      (1577836800LL * S1_NANOS_PER_SECOND) /* 2020-01-01, a Wednesday */
#define BATCH_ROWS 777u

/* --- A stream in any order: what no persistor stores ------------------------------------------ */

typedef struct rows {
    size_t count, capacity;
    s1_nanos *time;
    int64_t *columns[5]; /* open, high, low, close, volume */
} rows;

enum { OPEN, HIGH, LOW, CLOSE, VOLUME };

static void rows_add(rows *r, s1_nanos time, const int64_t values[5])
{
    if (r->count == r->capacity) {
        r->capacity = r->capacity == 0 ? 4096 : r->capacity * 2;
        r->time = realloc(r->time, r->capacity * sizeof *r->time);
        assert_non_null(r->time);
        for (size_t k = 0; k < 5; k++) {
            r->columns[k] = realloc(r->columns[k], r->capacity * sizeof(int64_t));
            assert_non_null(r->columns[k]);
        }
    }
    r->time[r->count] = time;
    for (size_t k = 0; k < 5; k++) {
        r->columns[k][r->count] = values[k];
    }
    r->count++;
}

static void rows_done(rows *r)
{
    free(r->time);
    for (size_t k = 0; k < 5; k++) {
        free(r->columns[k]);
    }
    memset(r, 0, sizeof *r);
}

static void rows_remove(rows *r, size_t at, size_t count)
{
    const size_t rest = r->count - at - count;
    memmove(&r->time[at], &r->time[at + count], rest * sizeof *r->time);
    for (size_t k = 0; k < 5; k++) {
        memmove(&r->columns[k][at], &r->columns[k][at + count], rest * sizeof(int64_t));
    }
    r->count -= count;
}

typedef struct rows_persistor {
    s1_data_persistor base;
    const rows *rows;
    uint32_t price_scale, qty_scale;
} rows_persistor;

typedef struct rows_reader {
    s1_market_reader base;
    const rows *rows;
    size_t at;
} rows_reader;

static s1_rc rows_next(s1_market_reader *self, s1_market_batch *ret_batch, s1_err *err)
{
    (void)err;
    rows_reader *const me = (rows_reader *)self;
    const rows *const r = me->rows;
    const size_t at = me->at;
    const size_t left = r->count - at;
    const s1_bar_batch batch = {.count = left < BATCH_ROWS ? left : BATCH_ROWS,
                                .open_time = r->time + at,
                                .open = r->columns[OPEN] + at,
                                .high = r->columns[HIGH] + at,
                                .low = r->columns[LOW] + at,
                                .close = r->columns[CLOSE] + at,
                                .volume = r->columns[VOLUME] + at};
    *ret_batch = s1_market_batch_of_bars(&batch);
    me->at += batch.count;
    return S1_OK;
}

static void rows_close(s1_market_reader *self)
{
    free(self);
}

static s1_rc rows_load(s1_data_persistor *self, const s1_stream_key *key, s1_time_range range,
                       s1_market_reader **ret_reader, s1_err *err)
{
    static const s1_market_reader_ops ops = {
        .size = sizeof ops, .next = rows_next, .close = rows_close};
    const rows_persistor *const me = (const rows_persistor *)self;
    (void)range;
    rows_reader *const reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a reader");
    }
    reader->base = (s1_market_reader){&ops,
                                      me->rows->count,
                                      {me->price_scale, me->qty_scale, 0},
                                      s1_market_mandatory(key->data_type)};
    reader->rows = me->rows;
    *ret_reader = &reader->base;
    return S1_OK;
}

static s1_quality_options defaults(void)
{
    return (s1_quality_options){.findings_max = 100, .as_of = S1_QUALITY_AS_OF_NEVER};
}

static s1_quality_report *check_scaled(const rows *r, s1_nanos timeframe, uint32_t price_scale,
                                       uint32_t qty_scale, const s1_quality_options *options)
{
    static const s1_data_persistor_ops ops = {.size = sizeof ops, .load = rows_load};
    rows_persistor persistor = {{&ops}, r, price_scale, qty_scale};
    const s1_stream_key key = {S1_STR("BTC/USD"), timeframe, S1_DATA_OHLCV, 0, S1_STR("")};
    s1_quality_report *report = NULL;
    s1_err err = {0};
    if (s1_quality_check(&persistor.base, &key, S1_RANGE_ALL, options, &report, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    assert_int_equal(report->rows, r->count);
    return report;
}

static s1_quality_report *check(const rows *r, const s1_quality_options *options)
{
    return check_scaled(r, MINUTE, 2, 3, options);
}

/* --- Made-up streams -------------------------------------------------------------------------- */

static uint64_t seed;

static int64_t chance(int64_t below)
{
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (int64_t)((seed >> 33) % (uint64_t)below);
}

/* A walk with nothing wrong: prices at scale 2 from 1000.00, volumes at scale 3. */
static rows clean(size_t count)
{
    rows made = {0};
    int64_t close = 100000;
    for (size_t i = 0; i < count; i++) {
        const int64_t open = close;
        close += chance(401) - 200;
        close = close < 50000 ? 50000 + chance(100) : close;
        const int64_t high = (open > close ? open : close) + chance(100);
        const int64_t low = (open < close ? open : close) - chance(100);
        rows_add(&made, START + (s1_nanos)i * MINUTE,
                 (int64_t[]){open, high, low, close, 1000 + chance(2000)});
    }
    return made;
}

static void assert_none(const s1_quality_report *report)
{
    for (int32_t kind = 0; kind < S1_QUALITY_KINDS; kind++) {
        if (report->counts[kind].findings != 0) {
            fail_msg("seed %llu: %s of row %llu, found %s, expected %s", (unsigned long long)seed,
                     s1_quality_kind_name(kind), (unsigned long long)report->findings[0].row,
                     report->findings[0].found, report->findings[0].expected);
        }
    }
    assert_int_equal(report->finding_count, 0);
}

static void a_clean_stream_has_no_findings(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 2, 4, 5, 15, 16, 30, 31, 32, 776, 777, 778, 20000};
    for (uint64_t k = 0; k < 20; k++) {
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            seed = k;
            rows r = clean(lengths[i]);
            const s1_quality_options options = defaults();
            s1_quality_report *const report = check(&r, &options);
            assert_none(report);
            s1_quality_report_free(report);
            rows_done(&r);
        }
    }
}

/* --- Faults put in ---------------------------------------------------------------------------- */

/* Puts a fault at row `at` and says what must be found. */
typedef struct fault {
    const char *name;
    int32_t kind;
    void (*put)(rows *r, size_t at);
    int64_t first_bars, last_bars; /* times of the finding, bars from the row's before the fault */
    uint64_t rows;
    int64_t row; /* from `at` */
} fault;

static void put_hole(rows *r, size_t at)
{
    rows_remove(r, at, 3);
}
static void put_duplicate(rows *r, size_t at)
{
    r->time[at] = r->time[at - 1];
}
static void put_swap(rows *r, size_t at)
{
    const s1_nanos time = r->time[at];
    r->time[at] = r->time[at - 1];
    r->time[at - 1] = time;
}
static void put_skew(rows *r, size_t at)
{
    r->time[at] += 7 * S1_NANOS_PER_SECOND;
    r->time[at + 1] += 7 * S1_NANOS_PER_SECOND;
}
static void put_zero_price(rows *r, size_t at)
{
    r->columns[LOW][at] = 0;
}
static void put_one_cent(rows *r, size_t at)
{
    r->columns[LOW][at] = 1;
}
static void put_ten_times(rows *r, size_t at)
{
    r->columns[HIGH][at] *= 20;
}
static void put_crossed(rows *r, size_t at)
{
    r->columns[HIGH][at] = r->columns[LOW][at] - 1;
}
static void put_outside(rows *r, size_t at)
{
    r->columns[OPEN][at] = r->columns[HIGH][at] + 1;
}
static void put_negative_volume(rows *r, size_t at)
{
    r->columns[VOLUME][at] = -5;
}
static void put_zero_volume(rows *r, size_t at)
{
    r->columns[VOLUME][at] = 0;
    r->columns[VOLUME][at + 1] = 0;
}
static void put_spike(rows *r, size_t at)
{
    r->columns[HIGH][at] = r->columns[HIGH][at] * 2;
}
static void put_frozen(rows *r, size_t at)
{
    for (size_t i = at; i < at + 24; i++) {
        for (size_t k = OPEN; k <= CLOSE; k++) {
            r->columns[k][i] = r->columns[CLOSE][at];
        }
    }
    r->columns[OPEN][at + 24] = r->columns[CLOSE][at];
    r->columns[CLOSE][at + 24] = r->columns[CLOSE][at] + 10;
    r->columns[HIGH][at + 24] = r->columns[CLOSE][at] + 20;
    r->columns[LOW][at + 24] = r->columns[CLOSE][at] - 20;
    if (r->columns[CLOSE][at - 1] == r->columns[CLOSE][at]) {
        r->columns[CLOSE][at - 1]--;
        r->columns[LOW][at - 1] -= 1;
    }
}
static void put_line(rows *r, size_t at)
{
    for (size_t k = 0; k < 5; k++) {
        const int64_t step = 3 + (int64_t)k;
        for (size_t i = 1; i < 5; i++) {
            r->columns[k][at + i] = r->columns[k][at] + (int64_t)i * step;
        }
    }
    for (size_t i = 0; i < 5; i++) { /* keeps the bars' own order */
        r->columns[HIGH][at + i] += 500;
        r->columns[LOW][at + i] -= 500;
    }
}

static const fault faults[] = {
    {"hole", S1_QUALITY_HOLE, put_hole, 0, 2, 3, 0},
    {"duplicate", S1_QUALITY_DUPLICATE, put_duplicate, -1, -1, 1, 0},
    {"out of order", S1_QUALITY_OUT_OF_ORDER, put_swap, -1, -1, 1, 0},
    {"zero price", S1_QUALITY_IMPOSSIBLE_PRICE, put_zero_price, 0, 0, 1, 0},
    {"one cent", S1_QUALITY_IMPOSSIBLE_PRICE, put_one_cent, 0, 0, 1, 0},
    {"twenty times", S1_QUALITY_IMPOSSIBLE_PRICE, put_ten_times, 0, 0, 1, 0},
    {"high below low", S1_QUALITY_HIGH_BELOW_LOW, put_crossed, 0, 0, 1, 0},
    {"outside", S1_QUALITY_OUTSIDE_RANGE, put_outside, 0, 0, 1, 0},
    {"negative volume", S1_QUALITY_NEGATIVE_VOLUME, put_negative_volume, 0, 0, 1, 0},
    {"zero volume", S1_QUALITY_ZERO_VOLUME, put_zero_volume, 0, 1, 2, 0},
    {"spike", S1_QUALITY_OUTLIER, put_spike, 0, 0, 1, 0},
    {"frozen", S1_QUALITY_FROZEN, put_frozen, 0, 23, 24, 0},
    {"line", S1_QUALITY_INTERPOLATED, put_line, 0, 4, 5, 0},
};

/* Kinds a fault brings with it: a swap leaves a hole, a duplicate too. */
static bool is_beside(int32_t put, int32_t kind)
{
    return kind == S1_QUALITY_HOLE &&
           (put == S1_QUALITY_DUPLICATE || put == S1_QUALITY_OUT_OF_ORDER);
}

static void try_fault(const fault *f, size_t count, size_t at)
{
    rows r = clean(count);
    const s1_nanos time = r.time[at];
    f->put(&r, at);
    const s1_quality_options options = defaults();
    s1_quality_report *const report = check(&r, &options);
    const s1_quality_finding *found = NULL;
    for (size_t i = 0; i < report->finding_count; i++) {
        const s1_quality_finding *const one = &report->findings[i];
        if (one->kind == f->kind) {
            assert_null(found);
            found = one;
        } else if (!is_beside(f->kind, one->kind)) {
            fail_msg("%s at %zu: also %s, found %s, expected %s", f->name, at,
                     s1_quality_kind_name(one->kind), one->found, one->expected);
        }
    }
    if (found == NULL || found->first != time + f->first_bars * MINUTE ||
        found->last != time + f->last_bars * MINUTE || found->rows != f->rows ||
        found->row != (uint64_t)((int64_t)at + f->row)) {
        fail_msg("%s at %zu: %s", f->name, at, found == NULL ? "not found" : "elsewhere");
    }
    assert_int_equal(report->counts[f->kind].findings, 1);
    assert_int_equal(report->counts[f->kind].rows, f->rows);
    s1_quality_report_free(report);
    rows_done(&r);
}

static void each_fault_is_found_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        for (uint64_t k = 0; k < 40; k++) {
            seed = 1000 * i + k;
            const size_t count = 60 + (size_t)chance(1800);
            try_fault(&faults[i], count, 2 + (size_t)chance((int64_t)count - 40));
        }
    }
}

static void a_clock_off_the_grid_is_one_finding(void **state)
{
    (void)state;
    seed = 5;
    rows r = clean(100);
    put_skew(&r, 40);
    const s1_quality_options options = defaults();
    s1_quality_report *const report = check(&r, &options);
    assert_int_equal(report->counts[S1_QUALITY_CLOCK_SKEW].findings, 1);
    assert_int_equal(report->counts[S1_QUALITY_CLOCK_SKEW].rows, 2);
    const s1_quality_finding *const found = &report->findings[0];
    assert_int_equal(found->row, 40);
    assert_int_equal(found->first, START + 40 * MINUTE + 7 * S1_NANOS_PER_SECOND);
    assert_string_equal(found->found, "opens 2020-01-01 00:40:07");
    assert_string_equal(found->expected, "a multiple of 1m");
    s1_quality_report_free(report);
    rows_done(&r);
}

/* Fault 2 as Binance had it on 2023-03-24: 14 bars without volume, all at one price, then 16 that
 * are missing. */
static void an_outage_is_told_unless_it_is_known(void **state)
{
    (void)state;
    seed = 10;
    rows r = clean(300);
    for (size_t i = 100; i < 114; i++) {
        for (size_t k = OPEN; k <= CLOSE; k++) {
            r.columns[k][i] = r.columns[CLOSE][99];
        }
        r.columns[VOLUME][i] = 0;
    }
    rows_remove(&r, 114, 16);
    s1_quality_options options = defaults();
    s1_quality_report *report = check(&r, &options);
    assert_int_equal(report->finding_count, 2);
    const s1_quality_finding *const hole = &report->findings[0];
    assert_int_equal(hole->kind, S1_QUALITY_HOLE);
    assert_int_equal(hole->first, START + 114 * MINUTE);
    assert_int_equal(hole->last, START + 129 * MINUTE);
    assert_int_equal(hole->row, 114);
    assert_string_equal(hole->expected, "16 bars");
    assert_int_equal(report->findings[1].kind, S1_QUALITY_ZERO_VOLUME);
    assert_int_equal(report->findings[1].row, 100);
    assert_int_equal(report->findings[1].rows, 14);
    s1_quality_report_free(report);
    const struct {
        const char *outage;
        uint64_t missing; /* still */
    } cases[] = {{"2020-01-01T01:54..2020-01-01T02:10", 0},
                 {"2020-01-01T01:54..2020-01-01T02:09", 1},
                 {"2020-01-01T01:55..2020-01-01T02:10", 1},
                 {"2020-01-01T02:10..2020-01-01T03:00", 16}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        options.session = (s1_session){0};
        assert_int_equal(s1_session_add_outage(&options.session,
                                               (s1_str){cases[i].outage, strlen(cases[i].outage)},
                                               NULL),
                         S1_OK);
        report = check(&r, &options);
        assert_int_equal(report->counts[S1_QUALITY_HOLE].rows, cases[i].missing);
        if (cases[i].missing == 1) {
            assert_string_equal(report->findings[0].expected, "1 bar");
        }
        s1_quality_report_free(report);
    }
    rows_done(&r);
}

static void a_level_that_stays_is_a_jump(void **state)
{
    (void)state;
    seed = 6; /* a split of 7 for 1 */
    rows r = clean(400);
    for (size_t i = 200; i < 400; i++) {
        for (size_t k = OPEN; k <= CLOSE; k++) {
            r.columns[k][i] /= 7;
        }
    }
    const s1_quality_options options = defaults();
    s1_quality_report *const report = check(&r, &options);
    assert_int_equal(report->finding_count, 1);
    assert_int_equal(report->findings[0].kind, S1_QUALITY_JUMP);
    assert_int_equal(report->findings[0].row, 200);
    s1_quality_report_free(report);
    rows_done(&r);
}

static void texts_name_found_and_expected(void **state)
{
    (void)state;
    seed = 7;
    rows r = clean(100);
    r.columns[LOW][50] = 1;
    r.columns[HIGH][60] = 90000;
    r.columns[LOW][60] = 90001;
    r.columns[OPEN][60] = r.columns[CLOSE][60] = 90000;
    r.columns[VOLUME][70] = -1500;
    const s1_quality_options options = defaults();
    s1_quality_report *const report = check(&r, &options);
    assert_int_equal(report->finding_count, 3);
    assert_string_equal(report->findings[0].found, "low 0.01");
    assert_memory_equal(report->findings[0].expected, "near the median close ", 22);
    assert_string_equal(report->findings[1].found, "high 900");
    assert_string_equal(report->findings[1].expected, "at or above the low 900.01");
    assert_string_equal(report->findings[2].found, "volume -1.5");
    assert_string_equal(report->findings[2].expected, "at or above 0");
    s1_quality_report_free(report);
    rows_done(&r);
}

static void the_last_bar_is_held_against_the_clock_and_its_volume(void **state)
{
    (void)state;
    seed = 8;
    rows r = clean(100);
    s1_quality_options options = defaults();
    options.as_of = START + 99 * MINUTE + MINUTE / 2;
    s1_quality_report *report = check(&r, &options);
    assert_int_equal(report->finding_count, 1);
    assert_int_equal(report->findings[0].kind, S1_QUALITY_PARTIAL_LAST);
    assert_int_equal(report->findings[0].row, 99);
    s1_quality_report_free(report);
    options.as_of = START + 100 * MINUTE; /* over, to the nanosecond */
    report = check(&r, &options);
    assert_none(report);
    s1_quality_report_free(report);
    options.as_of = START + 97 * MINUTE; /* two bars of the future */
    report = check(&r, &options);
    assert_int_equal(report->counts[S1_QUALITY_CLOCK_SKEW].rows, 2);
    assert_string_equal(report->findings[0].expected, "at the latest 2020-01-01 01:37:00");
    s1_quality_report_free(report);
    r.columns[VOLUME][99] = 10;
    options.as_of = S1_QUALITY_AS_OF_NEVER;
    report = check(&r, &options);
    assert_int_equal(report->counts[S1_QUALITY_PARTIAL_LAST].findings, 1);
    assert_string_equal(report->findings[0].found, "volume 0.01");
    s1_quality_report_free(report);
    rows_done(&r);
}

static void counts_are_exact_beyond_the_limit(void **state)
{
    (void)state;
    seed = 9;
    rows r = clean(5000);
    for (size_t i = 10; i < 5000; i += 10) {
        r.columns[VOLUME][i] = 0;
    }
    s1_quality_options options = defaults();
    options.findings_max = 3;
    s1_quality_report *report = check(&r, &options);
    assert_int_equal(report->counts[S1_QUALITY_ZERO_VOLUME].findings, 499);
    assert_int_equal(report->counts[S1_QUALITY_ZERO_VOLUME].rows, 499);
    assert_int_equal(report->finding_count, 3);
    assert_int_equal(report->findings[2].row, 30);
    s1_quality_report_free(report);
    options.findings_max = 0;
    report = check(&r, &options);
    assert_int_equal(report->counts[S1_QUALITY_ZERO_VOLUME].findings, 499);
    assert_int_equal(report->finding_count, 0);
    s1_quality_report_free(report);
    rows_done(&r);
}

static void options_out_of_bounds_are_refused(void **state)
{
    (void)state;
    static const struct {
        s1_quality_options options;
        const char *message;
    } cases[] = {
        {{.window = 3}, "neighbours: found 3, expected 4 to 64"},
        {{.window = 65}, "neighbours: found 65, expected 4 to 64"},
        {{.frozen_min = 1}, "frozen: found 1, expected at least 2"},
        {{.findings_max = 100001}, "findings: found 100001 of a kind, expected at most 100000"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        s1_quality_checker *checker = NULL;
        s1_err err = {0};
        assert_int_equal(s1_quality_checker_new(&cases[i].options, MINUTE, 2, 2, &checker, &err),
                         S1_E_INVALID);
        assert_null(checker);
        assert_string_equal(err.msg, cases[i].message);
    }
}

static s1_rc stop_at_once(void *user, uint64_t done, uint64_t total)
{
    uint64_t *const seen = user;
    seen[0] = done;
    seen[1] = total;
    return S1_E_CANCELED;
}

static void progress_ends_a_check(void **state)
{
    (void)state;
    static const s1_data_persistor_ops ops = {.size = sizeof ops, .load = rows_load};
    rows r = clean(2000);
    rows_persistor persistor = {{&ops}, &r, 2, 3};
    const s1_stream_key key = {S1_STR("BTC/USD"), MINUTE, S1_DATA_OHLCV, 0, S1_STR("")};
    uint64_t seen[2] = {0};
    s1_quality_options options = defaults();
    options.progress = stop_at_once;
    options.progress_user = seen;
    s1_quality_report *report = NULL;
    assert_int_equal(s1_quality_check(&persistor.base, &key, S1_RANGE_ALL, &options, &report, NULL),
                     S1_E_CANCELED);
    assert_null(report);
    assert_int_equal(seen[0], BATCH_ROWS);
    assert_int_equal(seen[1], 2000);
    rows_done(&r);
}

/* --- Real files ------------------------------------------------------------------------------- */

/* LEAN's zips hold one file; its times are "19980102 00:00". */
#define LEAN                                                                                       \
    "lean() { python3 -c 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); "                 \
    "print(z.read(z.namelist()[0]).decode())' \"$1\" | "                                           \
    "sed -E 's/^(....)(..)(..) (.....)/\\1-\\2-\\3T\\4/'; }; lean"

typedef struct real_file {
    const char *name, *command; /* command: reads it as text */
    s1_nanos timeframe;
    int64_t time_unit; /* nanoseconds of a number; 0: an ISO text */
    int fields[6];     /* where time, open, high, low, close, volume stand */
    bool is_falling;
    size_t rows;
    uint64_t findings[S1_QUALITY_KINDS], hole_bars, zero_volume_bars;
    const char *longest_after; /* bar before the longest hole */
    uint64_t longest;
    int32_t kind; /* first finding of this one */
    const char *place;
    const char *session; /* NULL: always open */
} real_file;

/* Rows, holes, gaps, duplicates and volumes as INDEX.md has them. Outliers, lines and last bars are
 * what this check found, and were looked at. */
static const real_file real_files[] = {
    {.name = "crypto/kraken/XBTUSD_60.csv",
     .command = "cat",
     .timeframe = HOUR,
     .time_unit = S1_NANOS_PER_SECOND,
     .fields = {0, 1, 2, 3, 4, 5},
     .rows = 70253,
     .findings = {[S1_QUALITY_HOLE] = 3254,
                  [S1_QUALITY_OUTLIER] = 7,
                  [S1_QUALITY_PARTIAL_LAST] = 1},
     .hole_bars = 10856,
     .longest_after = "2014-09-25 18:00:00",
     .longest = 56,
     .kind = S1_QUALITY_PARTIAL_LAST, /* fault 8: cut off in that hour */
     .place = "2023-01-07 09:00:00"},
    {.name = "crypto/kraken/ETHUSD_60.csv",
     .command = "cat",
     .timeframe = HOUR,
     .time_unit = S1_NANOS_PER_SECOND,
     .fields = {0, 1, 2, 3, 4, 5},
     .rows = 63568,
     .findings = {[S1_QUALITY_HOLE] = 842, [S1_QUALITY_OUTLIER] = 11, [S1_QUALITY_JUMP] = 1},
     .hole_bars = 3474,
     .longest_after = "2015-08-08 21:00:00",
     .longest = 51},
    {.name = "crypto/kraken/BTCUSDC_1m_2023Q1.csv",
     .command = "cat",
     .timeframe = MINUTE,
     .time_unit = S1_NANOS_PER_SECOND,
     .fields = {0, 1, 2, 3, 4, 5},
     .rows = 56717,
     .findings = {[S1_QUALITY_HOLE] = 26746, [S1_QUALITY_OUTLIER] = 3},
     .hole_bars = 72883,
     .longest_after = "2023-02-22 00:06:00",
     .longest = 87},
    {.name = "dirty/Kraken_BTCUSD_1h_cdd2020_dups.csv",
     .command = "cat",
     .timeframe = HOUR,
     .time_unit = S1_NANOS_PER_SECOND,
     .fields = {0, 3, 4, 5, 6, 7},
     .is_falling = true,
     .rows = 29709,
     .findings = {[S1_QUALITY_HOLE] = 2,
                  [S1_QUALITY_DUPLICATE] = 5,
                  [S1_QUALITY_OUTLIER] = 2,
                  [S1_QUALITY_PARTIAL_LAST] = 1},
     .hole_bars = 5,
     .zero_volume_bars = 116,
     .longest_after = "2017-09-22 19:00:00",
     .longest = 4,
     .kind = S1_QUALITY_DUPLICATE, /* fault 4 */
     .place = "2017-11-12 04:00:00"},
    {.name = "dirty/gemini_BTCUSD_1hr_zero_price.csv",
     .command = "cat",
     .timeframe = HOUR,
     .fields = {1, 3, 4, 5, 6, 7},
     .is_falling = true,
     .rows = 32724,
     .findings = {[S1_QUALITY_IMPOSSIBLE_PRICE] = 1, [S1_QUALITY_OUTLIER] = 5},
     .zero_volume_bars = 1066,
     .kind = S1_QUALITY_IMPOSSIBLE_PRICE, /* fault 7 */
     .place = "2015-10-08 13:00:00"},
    {.name = "dirty/BTCUSDT_1h_gapfilled.csv",
     .command = "cat",
     .timeframe = HOUR,
     .fields = {0, 1, 2, 3, 4, 5},
     .rows = 55597,
     .findings = {[S1_QUALITY_INTERPOLATED] = 17},
     .kind = S1_QUALITY_INTERPOLATED, /* fault 3, over the outage of fault 2 */
     .place = "2018-02-08 00:00:00"},
    {.name = "dirty/bitfinex_BTCUSD_1m_2013_one_cent_low.csv.gz",
     .command = "gzip -dc",
     .timeframe = MINUTE,
     .time_unit = 1000000,
     .fields = {0, 1, 3, 4, 2, 5}, /* fault 6 */
     .rows = 148055,
     .findings = {[S1_QUALITY_HOLE] = 49884,
                  [S1_QUALITY_IMPOSSIBLE_PRICE] = 5,
                  [S1_QUALITY_OUTLIER] = 17,
                  [S1_QUALITY_FROZEN] = 1},
     .hole_bars = 247938,
     .longest_after = "2013-08-10 08:05:00",
     .longest = 279,
     .kind = S1_QUALITY_FROZEN,
     .place = "2013-10-15 02:13:00"},
    /* Fault 6: from 2024 on the sixth field is the mean price. */
    {.name = "crypto/kraken/XBTUSD_1440.csv",
     .command = "cat",
     .timeframe = 24 * HOUR,
     .time_unit = S1_NANOS_PER_SECOND,
     .fields = {0, 1, 2, 3, 4, 5},
     .rows = 3807,
     .findings = {[S1_QUALITY_HOLE] = 11, [S1_QUALITY_VOLUME_IS_PRICE] = 1},
     .hole_bars = 12,
     .longest_after = "2014-09-25 00:00:00",
     .longest = 2,
     .kind = S1_QUALITY_VOLUME_IS_PRICE,
     .place = "2024-01-01 00:00:00"},
    /* Fault 12: four splits and a crash, by factor_files/aapl.csv. */
    {.name = "equity/lean/daily/aapl.zip",
     .command = LEAN,
     .timeframe = 24 * HOUR,
     .fields = {0, 1, 2, 3, 4, 5},
     .rows = 5849,
     .findings = {[S1_QUALITY_HOLE] = 210, /* holidays */
                  [S1_QUALITY_IMPOSSIBLE_PRICE] = 2,
                  [S1_QUALITY_OUTLIER] = 1,
                  [S1_QUALITY_JUMP] = 5},
     .hole_bars = 215,
     .longest_after = "2001-09-10 00:00:00",
     .longest = 4,
     .kind = S1_QUALITY_JUMP,
     .place = "2000-06-21 00:00:00",
     .session = "weekdays"},
    {.name = "equity/lean/hour/aapl.zip",
     .command = LEAN,
     .timeframe = HOUR,
     .fields = {0, 1, 2, 3, 4, 5},
     .rows = 40831,
     .findings = {[S1_QUALITY_HOLE] = 5849,
                  [S1_QUALITY_IMPOSSIBLE_PRICE] = 2,
                  [S1_QUALITY_OUTLIER] = 6,
                  [S1_QUALITY_JUMP] = 5},
     .hole_bars = 104688,
     .kind = S1_QUALITY_JUMP,
     .place = "2000-06-21 09:00:00",
     .session = "weekdays"},
};

/* "12.345" at scale 8; digits behind that are cut. */
static int64_t read_decimal(const char *text)
{
    int64_t value = 0;
    int places = -1;
    for (; (*text >= '0' && *text <= '9') || *text == '.'; text++) {
        if (*text == '.') {
            places = 0;
        } else if (places < 8) {
            value = value * 10 + (*text - '0');
            places += places >= 0;
        }
    }
    for (places = places < 0 ? 0 : places; places < 8; places++) {
        value *= 10;
    }
    return value;
}

static void read_line(const real_file *file, char *line, rows *r)
{
    const char *fields[16];
    size_t count = 0;
    for (char *at = strtok(line, ",\r\n"); at != NULL && count < 16; at = strtok(NULL, ",\r\n")) {
        fields[count++] = at;
    }
    assert_true(count > 5);
    s1_nanos time = 0;
    if (file->time_unit > 0) {
        time = strtoll(fields[file->fields[0]], NULL, 10) * file->time_unit;
    } else {
        assert_int_equal(
            s1_time_parse((s1_str){fields[file->fields[0]], strlen(fields[file->fields[0]])}, &time,
                          NULL),
            S1_OK);
    }
    rows_add(
        r, time,
        (int64_t[]){read_decimal(fields[file->fields[1]]), read_decimal(fields[file->fields[2]]),
                    read_decimal(fields[file->fields[3]]), read_decimal(fields[file->fields[4]]),
                    read_decimal(fields[file->fields[5]])});
}

static bool read_file(const real_file *file, rows *r)
{
    const char *const shared = getenv("S1_SHARED");
    char command[600], line[512];
    (void)snprintf(command, sizeof command, "%s/data/%s", shared != NULL ? shared : "../shared",
                   file->name);
    FILE *const there = fopen(command, "r");
    if (there == NULL) {
        print_message("skipped: no %s\n", command);
        return false;
    }
    (void)fclose(there);
    (void)snprintf(command, sizeof command, "%s '%s/data/%s'", file->command,
                   shared != NULL ? shared : "../shared", file->name);
    FILE *const in = popen(command, "r");
    assert_non_null(in);
    while (fgets(line, sizeof line, in) != NULL) {
        if (line[0] >= '0' && line[0] <= '9') { /* not a header */
            read_line(file, line, r);
        }
    }
    assert_int_equal(pclose(in), 0);
    for (size_t i = 0; file->is_falling && i < r->count / 2; i++) {
        const size_t k = r->count - 1 - i;
        const s1_nanos time = r->time[i];
        r->time[i] = r->time[k];
        r->time[k] = time;
        for (size_t c = 0; c < 5; c++) {
            const int64_t value = r->columns[c][i];
            r->columns[c][i] = r->columns[c][k];
            r->columns[c][k] = value;
        }
    }
    return true;
}

static const s1_quality_finding *longest_hole(const s1_quality_report *report)
{
    const s1_quality_finding *longest = NULL;
    for (size_t i = 0; i < report->finding_count; i++) {
        const s1_quality_finding *const one = &report->findings[i];
        if (one->kind == S1_QUALITY_HOLE && (longest == NULL || one->rows > longest->rows)) {
            longest = one;
        }
    }
    return longest;
}

static void check_real_file(const real_file *file)
{
    rows r = {0};
    if (!read_file(file, &r)) {
        return;
    }
    assert_int_equal(r.count, file->rows);
    s1_quality_options options = defaults();
    options.findings_max = S1_QUALITY_SHOWN_MAX;
    if (file->session != NULL) {
        assert_int_equal(s1_session_add_named(&options.session,
                                              (s1_str){file->session, strlen(file->session)}, NULL),
                         S1_OK);
    }
    s1_quality_report *const report = check_scaled(&r, file->timeframe, 8, 8, &options);
    for (int32_t kind = 0; kind < S1_QUALITY_KINDS; kind++) {
        if (kind == S1_QUALITY_ZERO_VOLUME) {
            assert_int_equal(report->counts[kind].rows, file->zero_volume_bars);
        } else if (report->counts[kind].findings != file->findings[kind]) {
            fail_msg("%s: found %llu of %s, expected %llu", file->name,
                     (unsigned long long)report->counts[kind].findings, s1_quality_kind_name(kind),
                     (unsigned long long)file->findings[kind]);
        }
    }
    assert_int_equal(report->counts[S1_QUALITY_HOLE].rows, file->hole_bars);
    if (file->longest_after != NULL) {
        const s1_quality_finding *const longest = longest_hole(report);
        char text[S1_TIME_TEXT_MAX];
        (void)s1_time_print_short(longest->first - file->timeframe, text);
        assert_string_equal(text, file->longest_after);
        assert_int_equal(longest->rows, file->longest);
    }
    if (file->place != NULL) {
        size_t i = 0;
        while (i < report->finding_count && report->findings[i].kind != file->kind) {
            i++;
        }
        assert_true(i < report->finding_count);
        char text[S1_TIME_TEXT_MAX];
        (void)s1_time_print_short(report->findings[i].first, text);
        assert_string_equal(text, file->place);
    }
    s1_quality_report_free(report);
    rows_done(&r);
}

static void real_files_have_the_faults_others_measured(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof real_files / sizeof real_files[0]; i++) {
        check_real_file(&real_files[i]);
    }
}

/* --- Trades ----------------------------------------------------------------------------------- */

#define TRADES_MAX 3000u

typedef struct trades {
    size_t count;
    s1_nanos time[TRADES_MAX];
    int64_t price[TRADES_MAX], quantity[TRADES_MAX];
    uint8_t side[TRADES_MAX];
} trades;

static s1_trade_batch batch_of(const trades *t)
{
    return (s1_trade_batch){t->count, t->time, t->price, t->quantity, t->side, NULL, NULL};
}

static s1_quality_report *check_trades(const trades *t, s1_nanos as_of)
{
    s1_quality_options options = defaults();
    options.as_of = as_of;
    s1_quality_checker *checker = NULL;
    s1_quality_report *report = NULL;
    const s1_trade_batch batch = batch_of(t);
    assert_int_equal(s1_quality_checker_new(&options, 0, 8, 8, &checker, NULL), S1_OK);
    assert_int_equal(s1_quality_checker_add_trades(checker, &batch, NULL), S1_OK);
    assert_int_equal(s1_quality_checker_end(checker, &report, NULL), S1_OK);
    s1_quality_checker_free(checker);
    assert_int_equal(report->rows, t->count);
    return report;
}

static void clean_trades(trades *t)
{
    int64_t price = 1000000;
    s1_nanos time = START;
    for (t->count = 0; t->count < 500; t->count++) {
        price += chance(2001) - 1000;
        time += chance(3) * S1_NANOS_PER_SECOND; /* some share a time */
        t->time[t->count] = time;
        t->price[t->count] = price;
        t->quantity[t->count] = 1 + (int64_t)t->count; /* none is another's equal */
        t->side[t->count] = (uint8_t)(1 + chance(2));
    }
}

static void faults_of_trades_are_found_with_their_place(void **state)
{
    (void)state;
    static trades t;
    for (uint64_t k = 0; k < 50; k++) {
        seed = 9000 + k;
        clean_trades(&t);
        s1_quality_report *report = check_trades(&t, S1_QUALITY_AS_OF_NEVER);
        assert_none(report);
        s1_quality_report_free(report);
        /* One of a page's edge, another trade of that time between; one of the past; a free one. */
        t.time[101] = t.time[102] = t.time[100];
        t.price[102] = t.price[100];
        t.quantity[102] = t.quantity[100];
        t.side[102] = t.side[100];
        t.time[200] = t.time[199] - 1;
        t.price[300] = 0;
        t.price[400] *= 2;
        report = check_trades(&t, t.time[499] - 1);
        assert_int_equal(report->counts[S1_QUALITY_REPEATED_TRADE].findings, 1);
        assert_int_equal(report->counts[S1_QUALITY_OUT_OF_ORDER].findings, 1);
        assert_int_equal(report->counts[S1_QUALITY_IMPOSSIBLE_PRICE].findings, 1);
        assert_int_equal(report->counts[S1_QUALITY_OUTLIER].findings, 1);
        assert_int_equal(report->counts[S1_QUALITY_CLOCK_SKEW].findings, 1);
        assert_int_equal(report->finding_count, 5);
        static const uint64_t places[] = {200, 0, 300, 400, 102};
        for (size_t i = 0; i < 5; i++) {
            if (report->findings[i].kind != S1_QUALITY_CLOCK_SKEW) {
                assert_int_equal(report->findings[i].row, places[i]);
            }
        }
        s1_quality_report_free(report);
    }
}

/* Kraken's BTC/USD of 2019-07-01 00h: 2,672 rows, one of them twice (README 3). */
static void a_real_hour_of_trades_has_one_twice(void **state)
{
    (void)state;
    static trades t;
    const char *const shared = getenv("S1_SHARED");
    char path[400], line[256];
    (void)snprintf(path, sizeof path, "%s/data/crypto/kraken/BTCUSD_trades_2019-07-01T00.csv",
                   shared != NULL ? shared : "../shared");
    FILE *const in = fopen(path, "r");
    if (in == NULL) {
        print_message("skipped: no %s\n", path);
        return;
    }
    t.count = 0;
    while (fgets(line, sizeof line, in) != NULL) {
        if (line[0] < '0' || line[0] > '9') {
            continue;
        }
        assert_true(t.count < TRADES_MAX);
        t.time[t.count] = strtoll(strtok(line, ","), NULL, 10) * 1000000;
        (void)strtok(NULL, ",");
        t.side[t.count] = strcmp(strtok(NULL, ","), "buy") == 0 ? S1_TRADE_BUY : S1_TRADE_SELL;
        t.price[t.count] = read_decimal(strtok(NULL, ","));
        t.quantity[t.count] = read_decimal(strtok(NULL, ",\r\n"));
        t.count++;
    }
    (void)fclose(in);
    s1_data_persistor *archive = NULL;
    const s1_stream_key key = {S1_STR("BTC/USD"), 0, S1_DATA_TRADES, 0, S1_STR("")};
    const s1_save_options save = {8, 8, S1_OVERLAP_REFUSE, 0};
    const s1_trade_batch batch = batch_of(&t);
    const s1_quality_options options = defaults();
    s1_quality_report *report = NULL;
    assert_int_equal(s1_memory_persistor_new(&archive, NULL), S1_OK);
    assert_int_equal(s1_data_save_trades(archive, &key, &batch, &save, NULL, NULL), S1_OK);
    assert_int_equal(s1_quality_check(archive, &key, S1_RANGE_ALL, &options, &report, NULL), S1_OK);
    assert_int_equal(report->rows, 2672);
    assert_int_equal(report->finding_count, 1);
    const s1_quality_finding *const found = &report->findings[0];
    assert_int_equal(found->kind, S1_QUALITY_REPEATED_TRADE);
    char text[S1_TIME_TEXT_MAX];
    (void)s1_time_print_short(found->first, text);
    assert_string_equal(text, "2019-07-01 00:12:36.67");
    assert_memory_equal(found->found, "0.04641442 at 10812.2 as row ", 29);
    s1_quality_report_free(report);
    s1_data_persistor_free(archive);
}

/* --- Quotes, ids, times of receiving, mean prices ----------------------------------------------
 */

static s1_quality_report *check_rows(int32_t data_type, s1_nanos timeframe,
                                     const s1_market_scales *scales, const s1_market_batch *batch)
{
    const s1_stream_key key = {
        .asset_pair = S1_STR("EUR/USD"), .timeframe = timeframe, .data_type = data_type};
    const s1_quality_options options = defaults();
    s1_quality_checker *checker = NULL;
    s1_quality_report *report = NULL;
    assert_int_equal(s1_quality_checker_new_for(&options, &key, scales, &checker, NULL), S1_OK);
    assert_int_equal(s1_quality_checker_add_rows(checker, batch, NULL), S1_OK);
    assert_int_equal(s1_quality_checker_end(checker, &report, NULL), S1_OK);
    s1_quality_checker_free(checker);
    assert_int_equal(report->rows, batch->count);
    return report;
}

static void expect_one(const s1_quality_report *report, int32_t kind, uint64_t row, uint64_t count,
                       const char *found, const char *expected)
{
    for (size_t i = 0; i < report->finding_count; i++) {
        const s1_quality_finding *const one = &report->findings[i];
        if (one->kind == kind && one->row == row) {
            assert_int_equal(one->rows, count);
            assert_string_equal(one->found, found);
            assert_string_equal(one->expected, expected);
            return;
        }
    }
    fail_msg("no %s at row %llu", s1_quality_kind_name(kind), (unsigned long long)row);
}

static void faults_of_quotes_are_found_with_their_place(void **state)
{
    (void)state;
    enum { ROWS = 60 };
    s1_nanos time[ROWS], received[ROWS];
    int64_t bid[ROWS], ask[ROWS];
    for (int64_t i = 0; i < ROWS; i++) {
        time[i] = START + i * S1_NANOS_PER_SECOND;
        received[i] = time[i] + 1000;
        bid[i] = 107000 + i % 3;
        ask[i] = bid[i] + 5;
    }
    const s1_market_scales scales = {.price = 5};
    const s1_market_batch batch = {ROWS, {time, bid, ask, NULL, NULL, received}};
    s1_quality_report *report = check_rows(S1_DATA_QUOTES, 0, &scales, &batch);
    assert_none(report);
    s1_quality_report_free(report);
    ask[10] = ask[11] = 106000;
    ask[20] = bid[20];
    bid[30] = 0;
    ask[40] = 1200000;
    time[50] = time[49] - 1;
    for (size_t i = 5; i < 9; i++) {
        received[i] = time[i] - 1200 * 1000000LL; /* fault 10 */
    }
    report = check_rows(S1_DATA_QUOTES, 0, &scales, &batch);
    assert_int_equal(report->finding_count, 6);
    expect_one(report, S1_QUALITY_CROSSED_QUOTE, 10, 2, "bid 1.07001", "below the ask of 1.06");
    expect_one(report, S1_QUALITY_LOCKED_QUOTE, 20, 1, "bid 1.07002", "below the ask of 1.07002");
    expect_one(report, S1_QUALITY_IMPOSSIBLE_PRICE, 30, 1, "bid 0", "above 0");
    expect_one(report, S1_QUALITY_IMPOSSIBLE_PRICE, 40, 1, "ask 12",
               "near the median close 1.07003");
    expect_one(report, S1_QUALITY_RECEIVED_EARLY, 5, 4, "received 1.20 s before its time",
               "at its time or later");
    expect_one(report, S1_QUALITY_OUT_OF_ORDER, 50, 1, "at 2020-01-01 00:00:48.999999999",
               "not before 2020-01-01 00:00:49");
    s1_quality_report_free(report);
}

/* Fault 11: closes of FXCM's hourly quotes. */
static void real_quotes_are_crossed_and_locked(void **state)
{
    (void)state;
    const char *const shared = getenv("S1_SHARED");
    char command[900], line[512];
    (void)snprintf(command, sizeof command, "%s/data/fx/lean/forex/fxcm/hour/eurusd.zip",
                   shared != NULL ? shared : "../shared");
    FILE *const there = fopen(command, "r");
    if (there == NULL) {
        print_message("skipped: no %s\n", command);
        return;
    }
    (void)fclose(there);
    (void)snprintf(command, sizeof command, LEAN " '%s/data/fx/lean/forex/fxcm/hour/eurusd.zip'",
                   shared != NULL ? shared : "../shared");
    FILE *const in = popen(command, "r");
    assert_non_null(in);
    rows r = {0};
    while (fgets(line, sizeof line, in) != NULL) {
        char *fields[11] = {0};
        size_t count = 0;
        for (char *at = strtok(line, ",\r\n"); at != NULL && count < 11;
             at = strtok(NULL, ",\r\n")) {
            fields[count++] = at;
        }
        if (count == 11) {
            s1_nanos time = 0;
            assert_int_equal(s1_time_parse((s1_str){fields[0], strlen(fields[0])}, &time, NULL),
                             S1_OK);
            rows_add(&r, time,
                     (int64_t[]){read_decimal(fields[4]), read_decimal(fields[9]), 0, 0, 0});
        }
    }
    assert_int_equal(pclose(in), 0);
    const s1_market_scales scales = {.price = 8};
    const s1_market_batch batch = {r.count, {r.time, r.columns[0], r.columns[1]}};
    s1_quality_report *const report = check_rows(S1_DATA_QUOTES, 0, &scales, &batch);
    assert_int_equal(report->rows, 69928);
    assert_int_equal(report->counts[S1_QUALITY_CROSSED_QUOTE].rows, 2613);
    assert_int_equal(report->counts[S1_QUALITY_LOCKED_QUOTE].rows, 1550);
    for (int32_t kind = 0; kind < S1_QUALITY_KINDS; kind++) {
        assert_true(kind == S1_QUALITY_CROSSED_QUOTE || kind == S1_QUALITY_LOCKED_QUOTE ||
                    report->counts[kind].findings == 0);
    }
    s1_quality_report_free(report);
    rows_done(&r);
}

static void ids_tell_trades_apart(void **state)
{
    (void)state;
    enum { ROWS = 40 };
    s1_nanos time[ROWS];
    int64_t price[ROWS], quantity[ROWS], id[ROWS];
    uint8_t side[ROWS];
    for (int64_t i = 0; i < ROWS; i++) {
        time[i] = START + i / 4 * S1_NANOS_PER_SECOND; /* four of each time, alike */
        price[i] = 10000;
        quantity[i] = 5;
        side[i] = S1_TRADE_BUY;
        id[i] = 700 + i;
    }
    const s1_market_scales scales = {.price = 2, .qty = 3};
    const s1_market_batch batch = {ROWS, {time, price, quantity, side, id}};
    s1_quality_report *report = check_rows(S1_DATA_TRADES, 0, &scales, &batch);
    assert_none(report);
    s1_quality_report_free(report);
    for (size_t i = 20; i < ROWS; i++) {
        id[i] += 9;
    }
    id[10] = id[9];
    id[30] = 1;
    report = check_rows(S1_DATA_TRADES, 0, &scales, &batch);
    expect_one(report, S1_QUALITY_DUPLICATE, 10, 1, "id 709", "above 709");
    expect_one(report, S1_QUALITY_ID_JUMP, 11, 1, "id 711", "710, the next one");
    expect_one(report, S1_QUALITY_ID_JUMP, 20, 9, "id 729", "720, the next one");
    expect_one(report, S1_QUALITY_OUT_OF_ORDER, 30, 1, "id 1", "above 738");
    assert_int_equal(report->counts[S1_QUALITY_REPEATED_TRADE].findings, 0);
    s1_quality_report_free(report);
}

static void a_mean_price_lies_in_its_bar(void **state)
{
    (void)state;
    enum { ROWS = 40 };
    s1_nanos time[ROWS];
    int64_t open[ROWS], high[ROWS], low[ROWS], close[ROWS], volume[ROWS], ticks[ROWS], vwap[ROWS];
    seed = 3;
    for (int64_t i = 0; i < ROWS; i++) {
        time[i] = START + i * MINUTE;
        close[i] = 100000 + chance(50);
        open[i] = 100000 + chance(50);
        high[i] = 100060;
        low[i] = 99990;
        volume[i] = 1 + chance(900);
        ticks[i] = 1;
        vwap[i] = 10000 + chance(5); /* one digit fewer: by one in the last may be off */
    }
    const s1_market_scales scales = {.price = 2, .qty = 3, .vwap = 1};
    const s1_market_batch batch = {ROWS, {time, open, high, low, close, volume, ticks, vwap}};
    s1_quality_report *report = check_rows(S1_DATA_OHLCV, MINUTE, &scales, &batch);
    assert_none(report);
    s1_quality_report_free(report);
    vwap[7] = 10009;
    vwap[8] = 0;
    volume[8] = 1;
    vwap[9] = 9900;
    report = check_rows(S1_DATA_OHLCV, MINUTE, &scales, &batch);
    assert_int_equal(report->finding_count, 2);
    expect_one(report, S1_QUALITY_OUTSIDE_RANGE, 7, 1, "vwap 1000.9",
               "at or below the high 1000.6");
    expect_one(report, S1_QUALITY_OUTSIDE_RANGE, 9, 1, "vwap 990", "at or above the low 999.9");
    s1_quality_report_free(report);
}

static void a_book_is_held_to_little(void **state)
{
    (void)state;
    enum { ROWS = 30 };
    s1_nanos time[ROWS];
    int64_t id[ROWS], price[ROWS], quantity[ROWS];
    uint8_t kind[ROWS], side[ROWS];
    for (int64_t i = 0; i < ROWS; i++) {
        time[i] = START + i;
        id[i] = i / 3;
        price[i] = i % 2 == 0 ? 1 : 99999999; /* levels may lie anywhere */
        quantity[i] = i % 5;                  /* none: the level is gone */
        quantity[i] += i < 3 ? 1 : 0;
        kind[i] = i < 3 ? S1_BOOK_SNAPSHOT : S1_BOOK_UPDATE;
        side[i] = S1_BOOK_BID;
    }
    const s1_market_scales scales = {.price = 2, .qty = 3};
    const s1_market_batch batch = {ROWS, {time, id, kind, side, price, quantity}};
    s1_quality_report *report = check_rows(S1_DATA_BOOK, 0, &scales, &batch);
    assert_none(report);
    s1_quality_report_free(report);
    price[3] = 0;
    quantity[4] = -1;
    time[20] = START;
    report = check_rows(S1_DATA_BOOK, 0, &scales, &batch);
    assert_int_equal(report->finding_count, 3);
    expect_one(report, S1_QUALITY_IMPOSSIBLE_PRICE, 3, 1, "price 0", "above 0");
    expect_one(report, S1_QUALITY_NEGATIVE_VOLUME, 4, 1, "volume -0.001", "at or above 0");
    s1_quality_report_free(report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clean_stream_has_no_findings),
        cmocka_unit_test(each_fault_is_found_with_its_place),
        cmocka_unit_test(a_clock_off_the_grid_is_one_finding),
        cmocka_unit_test(an_outage_is_told_unless_it_is_known),
        cmocka_unit_test(a_level_that_stays_is_a_jump),
        cmocka_unit_test(texts_name_found_and_expected),
        cmocka_unit_test(the_last_bar_is_held_against_the_clock_and_its_volume),
        cmocka_unit_test(counts_are_exact_beyond_the_limit),
        cmocka_unit_test(options_out_of_bounds_are_refused),
        cmocka_unit_test(progress_ends_a_check),
        cmocka_unit_test(faults_of_trades_are_found_with_their_place),
        cmocka_unit_test(a_real_hour_of_trades_has_one_twice),
        cmocka_unit_test(faults_of_quotes_are_found_with_their_place),
        cmocka_unit_test(real_quotes_are_crossed_and_locked),
        cmocka_unit_test(ids_tell_trades_apart),
        cmocka_unit_test(a_mean_price_lies_in_its_bar),
        cmocka_unit_test(a_book_is_held_to_little),
        cmocka_unit_test(real_files_have_the_faults_others_measured),
    };
    return cmocka_run_group_tests_name("quality", tests, NULL, NULL);
}
