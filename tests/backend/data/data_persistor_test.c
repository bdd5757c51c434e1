/* The contract of IDataPersistor, run on every implementation. */
#include "backend/core/interfaces/data_persistor.h"

#include "backend/data/persistors/memory_persistor.h"
#include "backend/data/persistors/parquet_persistor.h"
#include "backend/utils/fs.h"
#include "backend/utils/timefmt.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOUR S1_NANOS_PER_HOUR

typedef struct fixture {
    s1_data_persistor *persistor;
    s1_duckdb *duckdb;
    char folder[256];
} fixture;

static int setup_memory(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    assert_int_equal(s1_memory_persistor_new(&f->persistor, NULL), S1_OK);
    *state = f;
    return 0;
}

static int setup_parquet(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    const char *tmp = getenv("S1_TEST_TMP");
    (void)snprintf(f->folder, sizeof f->folder, "%s/persistorXXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(f->folder));
    char archive[300];
    (void)snprintf(archive, sizeof archive, "%s/it's an archive", f->folder);
    assert_int_equal(s1_duckdb_new(NULL, &f->duckdb, NULL), S1_OK);
    const s1_parquet_options options = {
        .fs = s1_fs_real(), .duckdb = f->duckdb, .archive = archive};
    assert_int_equal(s1_parquet_persistor_new(&options, &f->persistor, NULL), S1_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    s1_data_persistor_free(f->persistor);
    s1_duckdb_free(f->duckdb);
    if (f->folder[0] != '\0') {
        assert_int_equal(s1_fs_remove_tree(s1_fs_real(), f->folder, NULL), S1_OK);
    }
    free(f);
    return 0;
}

/* --- Data ------------------------------------------------------------------------------------- */

static const s1_stream_key hourly = {{"EUR/USD", 7}, HOUR, S1_DATA_OHLCV, 0, {NULL, 0}};
static const s1_stream_key ticks = {{"BTC/EUR", 7}, 0, S1_DATA_TRADES, 0, {NULL, 0}};

typedef struct bars {
    size_t count;
    s1_nanos *time;
    int64_t *v[5];
} bars;

static s1_nanos at(const char *text)
{
    s1_nanos time;
    assert_int_equal(s1_time_parse(s1_str_of(text), &time, NULL), S1_OK);
    return time;
}

/* Hourly bars with values that differ in every cell; `salt` makes another set. */
static bars make_bars(const char *start, size_t count, int64_t salt)
{
    bars b = {.count = count, .time = malloc(count * sizeof *b.time)};
    for (size_t c = 0; c < 5; c++) {
        b.v[c] = malloc(count * sizeof *b.v[c]);
    }
    const s1_nanos first = at(start);
    for (size_t i = 0; i < count; i++) {
        b.time[i] = first + (s1_nanos)i * HOUR;
        for (size_t c = 0; c < 5; c++) {
            b.v[c][i] = salt + (int64_t)(i * 7919 % 100003) * 10 + (int64_t)c;
        }
    }
    return b;
}

static void free_bars(bars *b)
{
    free(b->time);
    for (size_t c = 0; c < 5; c++) {
        free(b->v[c]);
    }
    memset(b, 0, sizeof *b);
}

static s1_bar_batch batch_of(const bars *b)
{
    return (s1_bar_batch){b->count, b->time, b->v[0], b->v[1], b->v[2],
                          b->v[3],  b->v[4], NULL,    NULL};
}

static const s1_save_options replace_5_2 = {5, 2, S1_OVERLAP_REPLACE, 0};

static s1_save_result save(s1_data_persistor *p, const s1_stream_key *key, const bars *b,
                           s1_save_options options)
{
    const s1_bar_batch batch = batch_of(b);
    s1_save_result result = {0};
    s1_err err = S1_ERR_INIT;
    if (s1_data_save_ohlcv(p, key, &batch, &options, &result, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    return result;
}

/* All rows of a range, and that the reader kept its promises. */
static bars load(s1_data_persistor *p, const s1_stream_key *key, s1_time_range range,
                 uint32_t *ret_price_scale)
{
    s1_bar_reader *reader = NULL;
    s1_err err = S1_ERR_INIT;
    if (s1_data_load_ohlcv(p, key, range, &reader, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    bars b = {.time = malloc(reader->rows_total * sizeof *b.time + 1)};
    for (size_t c = 0; c < 5; c++) {
        b.v[c] = malloc(reader->rows_total * sizeof *b.v[c] + 1);
    }
    s1_bar_batch batch;
    for (;;) {
        if (s1_bar_reader_next(reader, &batch, &err) != S1_OK) {
            fail_msg("%s", err.msg);
        }
        if (batch.count == 0) {
            break;
        }
        assert_true(b.count + batch.count <= reader->rows_total);
        const int64_t *columns[] = {batch.open, batch.high, batch.low, batch.close, batch.volume};
        memcpy(b.time + b.count, batch.open_time, batch.count * sizeof *b.time);
        for (size_t c = 0; c < 5; c++) {
            memcpy(b.v[c] + b.count, columns[c], batch.count * sizeof *b.v[c]);
        }
        b.count += batch.count;
    }
    assert_int_equal(b.count, reader->rows_total);
    assert_int_equal(s1_bar_reader_next(reader, &batch, &err), S1_OK); /* the end stays the end */
    assert_int_equal(batch.count, 0);
    if (ret_price_scale != NULL) {
        *ret_price_scale = reader->price_scale;
    }
    s1_bar_reader_close(reader);
    return b;
}

/* Rows [from, from + count) of a equal rows [row, ...) of b times `factor`. */
static void assert_rows(const bars *a, size_t from, size_t count, const bars *b, size_t row,
                        int64_t factor)
{
    assert_true(from + count <= a->count);
    assert_true(row + count <= b->count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(a->time[from + i], b->time[row + i]);
        for (size_t c = 0; c < 5; c++) {
            assert_int_equal(a->v[c][from + i], b->v[c][row + i] * factor);
        }
    }
}

/* --- Tests ------------------------------------------------------------------------------------ */

static s1_rc append_stream(void *user, const s1_stream_key *key, s1_err *err)
{
    (void)err;
    char text[S1_STREAM_TEXT_MAX];
    char *out = user;
    (void)snprintf(out + strlen(out), 256 - strlen(out), "%s;", s1_stream_key_format(key, text));
    return S1_OK;
}

static void test_empty(void **state)
{
    s1_data_persistor *p = ((fixture *)*state)->persistor;
    char streams[256] = "";
    assert_int_equal(s1_data_list_streams(p, append_stream, streams, NULL), S1_OK);
    assert_string_equal(streams, "");
    s1_err err = S1_ERR_INIT;
    s1_archive_info info = {.rows = 77};
    assert_int_equal(s1_data_get_info(p, &hourly, &info, &err), S1_E_NOT_FOUND);
    assert_int_equal(info.rows, 77);
    assert_non_null(strstr(err.msg, "no EUR/USD 1h ohlcv in "));
    assert_non_null(strstr(err.msg, "it holds no data"));
    s1_bar_reader *reader = NULL;
    assert_int_equal(s1_data_load_ohlcv(p, &hourly, S1_RANGE_ALL, &reader, NULL), S1_E_NOT_FOUND);
    assert_null(reader);
    s1_data_persistor_free(NULL);
    s1_bar_reader_close(NULL);
    s1_trade_reader_close(NULL);
}

static void test_round_trip_over_years(void **state)
{
    s1_data_persistor *p = ((fixture *)*state)->persistor;
    bars b = make_bars("2017-11-20", 20000, 100000); /* into 2020 */
    b.v[0][3] = S1_MANTISSA_MAX;
    b.v[4][4] = -S1_MANTISSA_MAX;
    b.v[2][5] = 0;
    const s1_save_result result = save(p, &hourly, &b, replace_5_2);
    assert_int_equal(result.rows_written, 20000);
    assert_int_equal(result.rows_replaced, 0);
    uint32_t price_scale;
    bars got = load(p, &hourly, S1_RANGE_ALL, &price_scale);
    assert_int_equal(price_scale, 5);
    assert_int_equal(got.count, 20000);
    assert_rows(&got, 0, 20000, &b, 0, 1);
    s1_archive_info info;
    assert_int_equal(s1_data_get_info(p, &hourly, &info, NULL), S1_OK);
    assert_int_equal(info.rows, 20000);
    assert_int_equal(info.price_scale, 5);
    assert_int_equal(info.qty_scale, 2);
    assert_int_equal(info.first, b.time[0]);
    assert_int_equal(info.last, b.time[19999]);
    assert_true(info.bytes > 0);
    s1_nanos time;
    assert_int_equal(s1_data_get_first_timestamp(p, &hourly, &time, NULL), S1_OK);
    assert_int_equal(time, b.time[0]);
    assert_int_equal(s1_data_get_last_timestamp(p, &hourly, &time, NULL), S1_OK);
    assert_int_equal(time, b.time[19999]);
    free_bars(&got);
    free_bars(&b);
}

static void test_ranges_are_half_open(void **state)
{
    s1_data_persistor *p = ((fixture *)*state)->persistor;
    bars b = make_bars("2018-12-31", 5000, 0);
    (void)save(p, &hourly, &b, replace_5_2);
    const size_t cuts[][2] = {{0, 5000}, {0, 1},       {1, 2}, {10, 30},
                              {23, 25},  {4000, 5000}, {7, 7}, {100, 4900}};
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        const size_t from = cuts[i][0];
        const size_t to = cuts[i][1];
        const s1_nanos end = to < b.count ? b.time[to] : b.time[b.count - 1] + 1;
        bars got = load(p, &hourly, (s1_time_range){b.time[from], end}, NULL);
        assert_int_equal(got.count, to - from);
        assert_rows(&got, 0, to - from, &b, from, 1);
        free_bars(&got);
        /* A nanosecond later at both ends: the first row is out, the next one behind is in. */
        got = load(p, &hourly, (s1_time_range){b.time[from] + 1, end + 1}, NULL);
        const size_t want = to == b.count ? to - from - 1 : to - from;
        assert_int_equal(got.count, want);
        assert_rows(&got, 0, want, &b, from + 1, 1);
        free_bars(&got);
    }
    bars got = load(p, &hourly, (s1_time_range){at("2030-01-01"), at("2031-01-01")}, NULL);
    assert_int_equal(got.count, 0);
    free_bars(&got);
    got = load(p, &hourly, (s1_time_range){b.time[10], b.time[5]}, NULL);
    assert_int_equal(got.count, 0);
    free_bars(&got);
    free_bars(&b);
}

static void test_saving_twice_is_saving_once(void **state)
{
    s1_data_persistor *p = ((fixture *)*state)->persistor;
    bars b = make_bars("2019-12-01", 3000, 5);
    char first[S1_SHA256_HEX];
    char again[S1_SHA256_HEX];
    (void)save(p, &hourly, &b, replace_5_2);
    assert_int_equal(s1_data_get_content_hash(p, &hourly, first, NULL), S1_OK);
    const s1_save_result result = save(p, &hourly, &b, replace_5_2);
    assert_int_equal(result.rows_replaced, 3000);
    assert_int_equal(s1_data_get_content_hash(p, &hourly, again, NULL), S1_OK);
    assert_int_equal(strlen(first), 64);
    assert_string_equal(first, again);
    b.v[3][1500]++;
    (void)save(p, &hourly, &b, replace_5_2);
    assert_int_equal(s1_data_get_content_hash(p, &hourly, again, NULL), S1_OK);
    assert_string_not_equal(first, again);
    free_bars(&b);
}

static void test_merging(void **state)
{
    s1_data_persistor *p = ((fixture *)*state)->persistor;
    bars old = make_bars("2019-01-01", 1000, 0);
    bars middle = make_bars("2019-01-11", 48, 70000000); /* rows 240..287 */
    bars later = make_bars("2019-12-30", 96, 80000000);  /* behind, over the year's end */
    bars before = make_bars("2018-12-31", 24, 90000000); /* the day before */
    (void)save(p, &hourly, &old, replace_5_2);
    assert_int_equal(save(p, &hourly, &middle, replace_5_2).rows_replaced, 48);
    assert_int_equal(save(p, &hourly, &later, replace_5_2).rows_replaced, 0);
    assert_int_equal(save(p, &hourly, &before, replace_5_2).rows_replaced, 0);
    bars got = load(p, &hourly, S1_RANGE_ALL, NULL);
    assert_int_equal(got.count, 24 + 1000 + 96);
    assert_rows(&got, 0, 24, &before, 0, 1);
    assert_rows(&got, 24, 240, &old, 0, 1);
    assert_rows(&got, 264, 48, &middle, 0, 1);
    assert_rows(&got, 312, 712, &old, 288, 1);
    assert_rows(&got, 1024, 96, &later, 0, 1);
    free_bars(&got);
    free_bars(&old);
    free_bars(&middle);
    free_bars(&later);
    free_bars(&before);
}

/* Rows put into the middle of a large file. (A UNION ALL of DuckDB once lost the order here.) */
static void test_merging_into_many_row_groups(void **state)
{
    s1_data_persistor *p = ((fixture *)*state)->persistor;
    const s1_stream_key minutes = {{"EUR/USD", 7}, HOUR / 60, S1_DATA_OHLCV, 0, {NULL, 0}};
    bars old = make_bars("2022-01-01", 450000, 0);
    bars middle = make_bars("2022-01-25", 720, 70000000);
    for (size_t i = 0; i < old.count; i++) {
        old.time[i] = old.time[0] + (s1_nanos)i * (HOUR / 60);
    }
    for (size_t i = 0; i < middle.count; i++) {
        middle.time[i] = middle.time[0] + (s1_nanos)i * (HOUR / 60);
    }
    const size_t at_row = 24 * 1440;
    (void)save(p, &minutes, &old, replace_5_2);
    assert_int_equal(save(p, &minutes, &middle, replace_5_2).rows_replaced, 720);
    bars got = load(p, &minutes, S1_RANGE_ALL, NULL);
    assert_int_equal(got.count, 450000);
    assert_rows(&got, 0, at_row, &old, 0, 1);
    assert_rows(&got, at_row, 720, &middle, 0, 1);
    assert_rows(&got, at_row + 720, 450000 - at_row - 720, &old, at_row + 720, 1);
    /* The same rows make the same bytes, however they came there. */
    char merged[S1_SHA256_HEX];
    char whole[S1_SHA256_HEX];
    assert_int_equal(s1_data_get_content_hash(p, &minutes, merged, NULL), S1_OK);
    (void)save(p, &minutes, &got, replace_5_2);
    assert_int_equal(s1_data_get_content_hash(p, &minutes, whole, NULL), S1_OK);
    assert_string_equal(merged, whole);
    free_bars(&got);
    free_bars(&old);
    free_bars(&middle);
}

/* What lies between first and last of the saved rows goes, also where they have a hole of years. */
static void test_replacing_over_a_hole(void **state)
{
    s1_data_persistor *p = ((fixture *)*state)->persistor;
    bars old = make_bars("2016-06-01", 30000, 0); /* into 2019 */
    (void)save(p, &hourly, &old, replace_5_2);
    bars sparse = make_bars("2016-12-31", 2, 1000);
    sparse.time[1] = at("2019-02-01");
    const s1_save_result result = save(p, &hourly, &sparse, replace_5_2);
    bars got = load(p, &hourly, S1_RANGE_ALL, NULL);
    const size_t before = (size_t)((sparse.time[0] - old.time[0]) / HOUR);
    const size_t after = (size_t)((sparse.time[1] - old.time[0]) / HOUR) + 1;
    assert_int_equal(result.rows_replaced, after - before);
    assert_int_equal(got.count, before + 2 + (30000 - after));
    assert_rows(&got, 0, before, &old, 0, 1);
    assert_rows(&got, before, 2, &sparse, 0, 1);
    assert_rows(&got, before + 2, 30000 - after, &old, after, 1);
    free_bars(&got);
    free_bars(&old);
    free_bars(&sparse);
}

static void test_refused_overlap_changes_nothing(void **state)
{
    s1_data_persistor *p = ((fixture *)*state)->persistor;
    bars old = make_bars("2019-12-01", 1000, 0);
    bars more = make_bars("2019-11-30", 1100, 9);
    (void)save(p, &hourly, &old, replace_5_2);
    const s1_bar_batch batch = batch_of(&more);
    const s1_save_options refuse = {5, 2, S1_OVERLAP_REFUSE, 0};
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_data_save_ohlcv(p, &hourly, &batch, &refuse, NULL, &err), S1_E_EXISTS);
    assert_non_null(strstr(err.msg, "EUR/USD 1h ohlcv: found 1000 stored rows"));
    bars got = load(p, &hourly, S1_RANGE_ALL, NULL);
    assert_int_equal(got.count, 1000);
    assert_rows(&got, 0, 1000, &old, 0, 1);
    free_bars(&got);
    free_bars(&old);
    free_bars(&more);
}

static void test_scales_widen_exactly(void **state)
{
    s1_data_persistor *p = ((fixture *)*state)->persistor;
    bars old = make_bars("2019-01-01", 100, 1000000);
    bars fine = make_bars("2019-01-05T04:00", 50, 3);
    bars coarse = make_bars("2020-06-01", 10, 4); /* a file of its own, of another scale */
    (void)save(p, &hourly, &old, replace_5_2);
    (void)save(p, &hourly, &fine, (s1_save_options){8, 2, S1_OVERLAP_REPLACE, 0});
    (void)save(p, &hourly, &coarse, (s1_save_options){0, 0, S1_OVERLAP_REPLACE, 0});
    uint32_t price_scale;
    bars got = load(p, &hourly, S1_RANGE_ALL, &price_scale);
    assert_int_equal(price_scale, 8);
    assert_int_equal(got.count, 160);
    assert_int_equal(got.v[0][0], old.v[0][0] * 1000);
    assert_int_equal(got.v[4][0], old.v[4][0]);
    assert_int_equal(got.v[0][100], fine.v[0][0]);
    assert_int_equal(got.v[3][159], coarse.v[3][9] * 100000000);
    assert_int_equal(got.v[4][159], coarse.v[4][9] * 100);
    free_bars(&got);
    /* A stored value that does not fit the larger scale. */
    old.v[1][7] = S1_MANTISSA_MAX;
    (void)save(p, &hourly, &old, (s1_save_options){8, 2, S1_OVERLAP_REPLACE, 0});
    const s1_bar_batch batch = batch_of(&fine);
    const s1_save_options finer = {9, 2, S1_OVERLAP_REPLACE, 0};
    assert_int_equal(s1_data_save_ohlcv(p, &hourly, &batch, &finer, NULL, NULL), S1_E_RANGE);
    got = load(p, &hourly, S1_RANGE_ALL, NULL);
    assert_int_equal(got.count, 160);
    assert_int_equal(got.v[1][7], S1_MANTISSA_MAX);
    free_bars(&got);
    free_bars(&old);
    free_bars(&fine);
    free_bars(&coarse);
}

static void test_two_readers_at_once(void **state)
{
    s1_data_persistor *p = ((fixture *)*state)->persistor;
    bars b = make_bars("2018-12-01", 9000, 1);
    (void)save(p, &hourly, &b, replace_5_2);
    s1_bar_reader *readers[2];
    size_t rows[2] = {0, 0};
    assert_int_equal(s1_data_load_ohlcv(p, &hourly, S1_RANGE_ALL, &readers[0], NULL), S1_OK);
    const s1_time_range half = {b.time[4500], INT64_MAX};
    assert_int_equal(s1_data_load_ohlcv(p, &hourly, half, &readers[1], NULL), S1_OK);
    for (int round = 0; round < 20; round++) {
        for (int r = 0; r < 2; r++) {
            s1_bar_batch batch;
            assert_int_equal(s1_bar_reader_next(readers[r], &batch, NULL), S1_OK);
            for (size_t i = 0; i < batch.count; i++) {
                const size_t row = rows[r] + i + (r == 1 ? 4500 : 0);
                assert_int_equal(batch.open_time[i], b.time[row]);
                assert_int_equal(batch.close[i], b.v[3][row]);
            }
            rows[r] += batch.count;
        }
    }
    assert_int_equal(rows[0], 9000);
    assert_int_equal(rows[1], 4500);
    s1_bar_reader_close(readers[0]);
    s1_bar_reader_close(readers[1]);
    /* Closed in the middle. */
    assert_int_equal(s1_data_load_ohlcv(p, &hourly, S1_RANGE_ALL, &readers[0], NULL), S1_OK);
    s1_bar_batch batch;
    assert_int_equal(s1_bar_reader_next(readers[0], &batch, NULL), S1_OK);
    assert_true(batch.count > 0);
    s1_bar_reader_close(readers[0]);
    free_bars(&b);
}

static void test_trades(void **state)
{
    s1_data_persistor *p = ((fixture *)*state)->persistor;
    enum { COUNT = 7000 };
    static s1_nanos time[COUNT];
    static int64_t price[COUNT];
    static int64_t quantity[COUNT];
    static uint8_t side[COUNT];
    const s1_nanos start = at("2023-11-29T12:00");
    for (size_t i = 0; i < COUNT; i++) {
        time[i] = start + (s1_nanos)(i / 5) * 122 * S1_NANOS_PER_SECOND; /* five share a time */
        price[i] = 3600000 + (int64_t)i;
        quantity[i] = 12 + (int64_t)(i % 97);
        side[i] = (uint8_t)(1 + i % 3);
    }
    const s1_trade_batch batch = {COUNT, time, price, quantity, side, NULL, NULL};
    const s1_save_options options = {2, 8, S1_OVERLAP_REPLACE, 0};
    assert_int_equal(s1_data_save_trades(p, &ticks, &batch, &options, NULL, NULL), S1_OK);
    s1_save_result result;
    assert_int_equal(s1_data_save_trades(p, &ticks, &batch, &options, &result, NULL), S1_OK);
    assert_int_equal(result.rows_replaced, COUNT);
    s1_trade_reader *reader;
    assert_int_equal(s1_data_load_trades(p, &ticks, S1_RANGE_ALL, &reader, NULL), S1_OK);
    assert_int_equal(reader->rows_total, COUNT);
    assert_int_equal(reader->qty_scale, 8);
    size_t row = 0;
    for (s1_trade_batch got = {.count = 1}; got.count > 0; row += got.count) {
        assert_int_equal(s1_trade_reader_next(reader, &got, NULL), S1_OK);
        for (size_t i = 0; i < got.count; i++) {
            assert_int_equal(got.time[i], time[row + i]);
            assert_int_equal(got.price[i], price[row + i]);
            assert_int_equal(got.quantity[i], quantity[row + i]);
            assert_int_equal(got.side[i], side[row + i]);
        }
    }
    assert_int_equal(row, COUNT);
    s1_trade_reader_close(reader);
    s1_bar_reader *bar_reader;
    assert_int_equal(s1_data_load_ohlcv(p, &ticks, S1_RANGE_ALL, &bar_reader, NULL), S1_E_INVALID);
    side[4] = 0;
    assert_int_equal(s1_data_save_trades(p, &ticks, &batch, &options, NULL, NULL), S1_E_INVALID);
    side[4] = 2;
}

typedef struct blocks {
    size_t count;
    size_t stop_at;
    s1_data_coverage items[8];
} blocks;

static s1_rc take_block(void *user, const s1_data_coverage *block, s1_err *err)
{
    (void)err;
    blocks *b = user;
    b->items[b->count++] = *block;
    return b->count == b->stop_at ? S1_E_CANCELED : S1_OK;
}

static void test_coverage(void **state)
{
    s1_data_persistor *p = ((fixture *)*state)->persistor;
    bars b = make_bars("2018-12-01", 5000, 0);
    for (size_t i = 10; i < b.count; i++) {
        b.time[i] += HOUR; /* one bar missing */
    }
    for (size_t i = 3000; i < b.count; i++) {
        b.time[i] += 90 * 24 * HOUR;
    }
    (void)save(p, &hourly, &b, replace_5_2);
    blocks got = {0};
    assert_int_equal(s1_data_get_data_coverage(p, &hourly, 0, take_block, &got, NULL), S1_OK);
    assert_int_equal(got.count, 3);
    assert_int_equal(got.items[0].start_time, b.time[0]);
    assert_int_equal(got.items[0].end_time, b.time[9]);
    assert_int_equal(got.items[0].trade_count, 10);
    assert_int_equal(got.items[1].trade_count, 2990);
    assert_int_equal(got.items[2].start_time, b.time[3000]);
    assert_int_equal(got.items[2].end_time, b.time[4999]);
    got = (blocks){0};
    assert_int_equal(s1_data_get_data_coverage(p, &hourly, 2 * HOUR, take_block, &got, NULL),
                     S1_OK);
    assert_int_equal(got.count, 2);
    got = (blocks){.stop_at = 1};
    assert_int_equal(s1_data_get_data_coverage(p, &hourly, 0, take_block, &got, NULL),
                     S1_E_CANCELED);
    free_bars(&b);
}

static void test_streams_are_listed_in_order(void **state)
{
    s1_data_persistor *p = ((fixture *)*state)->persistor;
    bars b = make_bars("2020-01-01", 30, 0);
    const s1_stream_key keys[] = {
        {{"EUR/USD", 7}, 24 * HOUR, S1_DATA_OHLCV, 0, {NULL, 0}},
        {{"EUR/USD", 7}, HOUR, S1_DATA_OHLCV, 0, {NULL, 0}},
        {{"BTC/EUR", 7}, HOUR, S1_DATA_OHLCV, 0, {NULL, 0}},
        {{"1INCH/USD.M-1", 13}, 7 * 24 * HOUR, S1_DATA_OHLCV, 0, {NULL, 0}},
    };
    for (size_t i = 0; i < 4; i++) {
        (void)save(p, &keys[i], &b, replace_5_2);
    }
    const s1_nanos time = at("2020-01-01");
    const int64_t one = 1;
    const uint8_t side = S1_TRADE_BUY;
    const s1_trade_batch trade = {1, &time, &one, &one, &side, NULL, NULL};
    assert_int_equal(s1_data_save_trades(p, &ticks, &trade, &replace_5_2, NULL, NULL), S1_OK);
    char streams[256] = "";
    assert_int_equal(s1_data_list_streams(p, append_stream, streams, NULL), S1_OK);
    assert_string_equal(streams, "1INCH/USD.M-1 1w ohlcv;BTC/EUR 1h ohlcv;BTC/EUR trades;"
                                 "EUR/USD 1h ohlcv;EUR/USD 1d ohlcv;");
    s1_err err = S1_ERR_INIT;
    s1_archive_info info;
    const s1_stream_key other = {{"EUR/USD", 7}, HOUR / 4, S1_DATA_OHLCV, 0, {NULL, 0}};
    assert_int_equal(s1_data_get_info(p, &other, &info, &err), S1_E_NOT_FOUND);
    assert_non_null(strstr(err.msg, "it holds 1INCH/USD.M-1 1w ohlcv, BTC/EUR 1h ohlcv, "));
    free_bars(&b);
}

static void test_bad_keys(void **state)
{
    s1_data_persistor *p = ((fixture *)*state)->persistor;
    bars b = make_bars("2020-01-01", 30, 0);
    const s1_bar_batch batch = batch_of(&b);
    const struct {
        s1_stream_key key;
        const char *message;
    } keys[] = {
        {{{"EURUSD", 6}, HOUR, 1, 0, {NULL, 0}}, "asset pair: found 'EURUSD', expected BASE/QUOTE"},
        {{{"EUR/", 4}, HOUR, 1, 0, {NULL, 0}}, "asset pair: found 'EUR/'"},
        {{{"../USD", 6}, HOUR, 1, 0, {NULL, 0}}, "asset pair: found '../USD'"},
        {{{"A_B/USD", 7}, HOUR, 1, 0, {NULL, 0}}, "asset pair: found 'A_B/USD'"},
        {{{"A/B/C", 5}, HOUR, 1, 0, {NULL, 0}}, "asset pair: found 'A/B/C'"},
        {{{NULL, 0}, HOUR, 1, 0, {NULL, 0}}, "asset pair: found ''"},
        {{{"EUR/USD", 7}, 0, 1, 0, {NULL, 0}},
         "timeframe of EUR/USD bars: found 0 ns, expected above 0"},
        {{{"EUR/USD", 7}, HOUR, 9, 0, {NULL, 0}},
         "data type of EUR/USD: found 9, expected one of: ohlcv trades quotes book"},
        {{{"EUR/USD", 7}, 0, 2, 0, {NULL, 0}},
         "data type of EUR/USD: found trades, expected ohlcv"},
        {{{"EUR/USD", 7}, HOUR, 2, 0, {NULL, 0}},
         "timeframe of EUR/USD trades: found 3600000000000 ns"},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        s1_err err = S1_ERR_INIT;
        assert_int_equal(s1_data_save_ohlcv(p, &keys[i].key, &batch, &replace_5_2, NULL, &err),
                         S1_E_INVALID);
        assert_non_null(strstr(err.msg, keys[i].message));
    }
    free_bars(&b);
}

static void test_bad_batches(void **state)
{
    s1_data_persistor *p = ((fixture *)*state)->persistor;
    bars b = make_bars("2020-01-01", 30, 0);
    const s1_bar_batch batch = batch_of(&b);
    s1_err err = S1_ERR_INIT;
    const s1_save_options bad[] = {{19, 2, 1, 0}, {5, 19, 1, 0}, {5, 2, 0, 0}, {5, 2, 3, 0}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(s1_data_save_ohlcv(p, &hourly, &batch, &bad[i], NULL, NULL), S1_E_INVALID);
    }
    const s1_bar_batch none = {0};
    assert_int_equal(s1_data_save_ohlcv(p, &hourly, &none, &replace_5_2, NULL, NULL), S1_E_INVALID);
    b.time[7] = b.time[6];
    assert_int_equal(s1_data_save_ohlcv(p, &hourly, &batch, &replace_5_2, NULL, &err),
                     S1_E_INVALID);
    assert_non_null(strstr(err.msg, "batch row 7: found time"));
    b.time[7] += HOUR;
    b.v[2][9] = S1_MANTISSA_MAX + 1;
    assert_int_equal(s1_data_save_ohlcv(p, &hourly, &batch, &replace_5_2, NULL, &err),
                     S1_E_INVALID);
    assert_string_equal(err.msg, "batch row 9: low: found mantissa 1000000000000000000, expected "
                                 "at most 18 digits");
    s1_archive_info info;
    assert_int_equal(s1_data_get_info(p, &hourly, &info, NULL), S1_E_NOT_FOUND); /* nothing saved */
    free_bars(&b);
}

/* --- Writers ---------------------------------------------------------------------------------- */

#define COLUMNS S1_MARKET_COLUMNS_MAX

/* Rows of any kind, values that differ in every cell; `columns` says which optional ones. */
typedef struct table {
    const s1_market_column *layout;
    size_t layout_count, count;
    uint32_t columns;
    void *values[COLUMNS];
} table;

static table make_table(int32_t type, uint32_t optional, const char *start, s1_nanos step,
                        size_t count, int64_t salt)
{
    table t = {.count = count, .columns = s1_market_mandatory(type) | optional};
    t.layout = s1_market_layout(type, &t.layout_count);
    const s1_nanos first = at(start);
    for (size_t c = 0; c < t.layout_count; c++) {
        int64_t *const wide = malloc(count * sizeof *wide);
        uint8_t *const narrow = malloc(count);
        for (size_t i = 0; i < count; i++) {
            wide[i] = t.layout[c].kind == S1_COLUMN_TIME ? first + (s1_nanos)i * step + (c > 0)
                                                         : salt + (int64_t)(i * 10 + c);
            narrow[i] = (uint8_t)(1 + i % (t.layout[c].enum_max > 0 ? t.layout[c].enum_max : 1));
        }
        const bool is_narrow = t.layout[c].kind == S1_COLUMN_ENUM;
        t.values[c] = is_narrow ? (void *)narrow : (void *)wide;
        free(is_narrow ? (void *)wide : (void *)narrow);
    }
    return t;
}

static void free_table(table *t)
{
    for (size_t c = 0; c < t->layout_count; c++) {
        free(t->values[c]);
    }
    memset(t, 0, sizeof *t);
}

static s1_market_batch slice(const table *t, size_t row, size_t count)
{
    s1_market_batch batch = {.count = count};
    for (size_t c = 0; c < t->layout_count; c++) {
        if ((t->columns >> c & 1u) != 0) {
            batch.columns[c] =
                (const char *)t->values[c] + row * s1_market_column_size(&t->layout[c]);
        }
    }
    return batch;
}

static s1_data_writer *open_writer(s1_data_persistor *p, const s1_stream_key *key,
                                   const s1_writer_options *options)
{
    s1_data_writer *writer = NULL;
    s1_err err = S1_ERR_INIT;
    if (s1_data_open_writer(p, key, options, &writer, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    return writer;
}

static void append(s1_data_writer *writer, const table *t, size_t row, size_t count,
                   s1_market_scales scales)
{
    s1_err err = S1_ERR_INIT;
    const s1_market_batch batch = slice(t, row, count);
    if (s1_data_writer_append(writer, &batch, &scales, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
}

static s1_save_result commit(s1_data_writer *writer)
{
    s1_save_result result = {0};
    s1_err err = S1_ERR_INIT;
    if (s1_data_writer_commit(writer, &result, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    return result;
}

/* Writes a table in one go, keeping the version before. */
static s1_save_result write_table(s1_data_persistor *p, const s1_stream_key *key, const table *t,
                                  s1_market_scales scales)
{
    const s1_writer_options options = {
        .overlap = S1_OVERLAP_REPLACE, .columns = t->columns, .keep_former = true};
    s1_data_writer *writer = open_writer(p, key, &options);
    append(writer, t, 0, t->count, scales);
    return commit(writer);
}

/* Are the rows of the range those of the table from `row` on, in these columns? */
static void assert_table(s1_data_persistor *p, const s1_stream_key *key, s1_time_range range,
                         const table *t, size_t row, size_t count, uint32_t columns)
{
    s1_market_reader *reader = NULL;
    s1_err err = S1_ERR_INIT;
    if (s1_data_load(p, key, range, &reader, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    assert_int_equal(reader->columns, columns);
    assert_int_equal(reader->rows_total, count);
    size_t seen = 0;
    for (s1_market_batch batch = {.count = 1}; batch.count > 0; seen += batch.count) {
        assert_int_equal(s1_market_reader_next(reader, &batch, NULL), S1_OK);
        const s1_market_batch want = slice(t, row + seen, batch.count);
        assert_true(seen + batch.count <= count);
        for (size_t c = 0; c < t->layout_count && batch.count > 0; c++) {
            assert_int_equal(batch.columns[c] != NULL, (columns >> c & 1u) != 0);
            if (batch.columns[c] != NULL) {
                assert_memory_equal(batch.columns[c], want.columns[c],
                                    batch.count * s1_market_column_size(&t->layout[c]));
            }
        }
    }
    assert_int_equal(seen, count);
    s1_market_reader_close(reader);
}

static const s1_market_scales scales_5_2_6 = {5, 2, 6};

static void test_every_kind_with_every_column(void **state)
{
    s1_data_persistor *p = ((fixture *)*state)->persistor;
    for (int32_t type = S1_DATA_OHLCV; type <= S1_DATA_BOOK; type++) {
        size_t count;
        (void)s1_market_layout(type, &count);
        for (uint32_t optional = 0; optional < 1u << count; optional++) {
            if ((optional & s1_market_mandatory(type)) != 0) {
                continue;
            }
            const s1_stream_key key = {
                {"BTC/EUR", 7}, type == S1_DATA_OHLCV ? HOUR : 0, type, 0, {"kraken", 6}};
            table t = make_table(type, optional, "2019-12-20", HOUR, 600, 1000);
            const s1_save_result result = write_table(p, &key, &t, scales_5_2_6);
            assert_int_equal(result.rows_written, 600);
            assert_false(result.is_unchanged);
            assert_table(p, &key, S1_RANGE_ALL, &t, 0, 600, t.columns);
            const s1_nanos *const times = t.values[0];
            assert_table(p, &key, (s1_time_range){times[10], times[590]}, &t, 10, 580, t.columns);
            s1_archive_info info;
            assert_int_equal(s1_data_get_info(p, &key, &info, NULL), S1_OK);
            assert_int_equal(info.columns, t.columns);
            assert_int_equal(info.vwap_scale, type == S1_DATA_OHLCV && (optional >> 7) ? 6 : 0);
            free_table(&t);
        }
    }
    char streams[256] = "";
    assert_int_equal(s1_data_list_streams(p, append_stream, streams, NULL), S1_OK);
    assert_string_equal(streams, "kraken:BTC/EUR 1h ohlcv;kraken:BTC/EUR trades;"
                                 "kraken:BTC/EUR quotes;kraken:BTC/EUR book;");
}

/* However the rows are cut into batches, and whatever scale each has, the stream is one. */
static void test_batches_do_not_matter(void **state)
{
    s1_data_persistor *p = ((fixture *)*state)->persistor;
    const s1_stream_key named = {{"EUR/USD", 7}, HOUR, S1_DATA_OHLCV, 0, {"desk_2-b", 8}};
    const s1_stream_key *const keys[] = {&hourly, &named};
    table fine = make_table(S1_DATA_OHLCV, 0xc0, "2018-11-01", HOUR, 12000, 1);
    table coarse = make_table(S1_DATA_OHLCV, 0xc0, "2018-11-01", HOUR, 12000, 1);
    for (size_t i = 0; i < fine.count; i++) {
        for (size_t c = 1; c < 8; c++) {
            if (c != 6) {
                ((int64_t *)fine.values[c])[i] *= 10;
            }
        }
    }
    const s1_writer_options options = {.overlap = S1_OVERLAP_REFUSE, .columns = 0xc0};
    s1_save_result results[2];
    for (size_t k = 0; k < 2; k++) {
        s1_data_writer *writer = open_writer(p, keys[k], &options);
        if (k == 0) {
            append(writer, &fine, 0, 12000, (s1_market_scales){3, 3, 3});
        }
        for (size_t row = 0, count = 1; k == 1 && row < 12000; row += count) {
            count = 1 + row * 7 % 1500;
            count = count < 12000 - row ? count : 12000 - row;
            const bool is_fine = row > 4000 && row < 9000;
            append(writer, is_fine ? &fine : &coarse, row, count,
                   is_fine ? (s1_market_scales){3, 3, 3} : (s1_market_scales){2, 2, 2});
            append(writer, &fine, 0, 0, (s1_market_scales){9, 9, 9}); /* nothing */
        }
        results[k] = commit(writer);
        assert_int_equal(results[k].scales.price, 3);
        assert_int_equal(results[k].first, ((s1_nanos *)fine.values[0])[0]);
        assert_int_equal(results[k].last, ((s1_nanos *)fine.values[0])[11999]);
        assert_table(p, keys[k], S1_RANGE_ALL, &fine, 0, 12000, fine.columns);
    }
    s1_archive_info info[2];
    for (size_t k = 0; k < 2; k++) {
        assert_int_equal(s1_data_get_info(p, keys[k], &info[k], NULL), S1_OK);
    }
    assert_int_equal(info[0].file_count, info[1].file_count);
    free_table(&fine);
    free_table(&coarse);
}

static void test_abandoned_and_refused_writers_leave_nothing(void **state)
{
    s1_data_persistor *p = ((fixture *)*state)->persistor;
    table t = make_table(S1_DATA_TRADES, 0x10, "2020-01-01", HOUR, 3000, 5);
    const s1_writer_options options = {.overlap = S1_OVERLAP_REFUSE, .columns = 0x10};
    s1_data_writer *writer = open_writer(p, &ticks, &options);
    append(writer, &t, 0, 3000, scales_5_2_6);
    s1_data_writer *second = NULL;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_data_open_writer(p, &ticks, &options, &second, &err), S1_E_DENIED);
    assert_non_null(strstr(err.msg, "BTC/EUR trades"));
    assert_non_null(strstr(err.msg, "there is one writer at a time"));
    s1_data_writer_abandon(writer);
    s1_data_writer_abandon(NULL);
    s1_archive_info info;
    assert_int_equal(s1_data_get_info(p, &ticks, &info, NULL), S1_E_NOT_FOUND);
    writer = open_writer(p, &ticks, &options);
    assert_int_equal(s1_data_writer_commit(writer, NULL, &err), S1_E_INVALID);
    assert_non_null(strstr(err.msg, "found no rows"));
    (void)write_table(p, &ticks, &t, scales_5_2_6);
    writer = open_writer(p, &ticks, &options);
    append(writer, &t, 100, 50, scales_5_2_6);
    assert_int_equal(s1_data_writer_commit(writer, NULL, &err), S1_E_EXISTS);
    assert_non_null(strstr(err.msg, "found 50 stored rows"));
    assert_table(p, &ticks, S1_RANGE_ALL, &t, 0, 3000, t.columns);
    free_table(&t);
}

static void assert_refused(s1_data_persistor *p, const table *t, uint32_t columns,
                           const char *message)
{
    const s1_writer_options options = {.overlap = S1_OVERLAP_REFUSE, .columns = columns};
    s1_data_writer *writer = open_writer(p, &ticks, &options);
    s1_err err = S1_ERR_INIT;
    const s1_market_batch batch = slice(t, 0, t->count);
    assert_int_equal(s1_data_writer_append(writer, &batch, &scales_5_2_6, &err), S1_E_INVALID);
    if (strcmp(err.msg, message) != 0) {
        fail_msg("found '%s', expected '%s'", err.msg, message);
    }
    s1_data_writer_abandon(writer);
}

static void test_bad_writers(void **state)
{
    s1_data_persistor *p = ((fixture *)*state)->persistor;
    table t = make_table(S1_DATA_TRADES, 0x10, "2020-01-01", HOUR, 10, 5);
    s1_data_writer *writer = NULL;
    s1_err err = S1_ERR_INIT;
    s1_writer_options options = {.overlap = S1_OVERLAP_REFUSE, .columns = 0x40};
    assert_int_equal(s1_data_open_writer(p, &ticks, &options, &writer, &err), S1_E_INVALID);
    assert_string_equal(err.msg, "columns: found bits 0x40, expected 6 columns of trades");
    options = (s1_writer_options){.overlap = 1, .provenance = S1_STR("two\nlines")};
    assert_int_equal(s1_data_open_writer(p, &ticks, &options, &writer, &err), S1_E_INVALID);
    assert_string_equal(err.msg, "provenance: expected one line of at most 500 bytes");
    s1_stream_key key = ticks;
    key.source = S1_STR("Kraken");
    options = (s1_writer_options){.overlap = 1};
    assert_int_equal(s1_data_open_writer(p, &key, &options, &writer, &err), S1_E_INVALID);
    assert_string_equal(err.msg, "source: found 'Kraken', expected at most 31 of a-z 0-9 _ -");
    assert_refused(p, &t, 0, "batch: found a column id, expected none");
    assert_refused(p, &t, 0x30, "batch: found no column received, expected one");
    ((s1_nanos *)t.values[0])[4] = ((s1_nanos *)t.values[0])[3];
    ((int64_t *)t.values[4])[4] = ((int64_t *)t.values[4])[3];
    assert_refused(p, &t, 0x10,
                   "batch row 4: found id 39 after 39 at one time, expected rising ids");
    ((uint8_t *)t.values[3])[7] = 4;
    assert_refused(p, &t, 0x10, "batch row 7: side: found 4, expected 1..3");
    ((s1_nanos *)t.values[0])[4] -= 1;
    assert_refused(p, &t, 0x10,
                   "batch row 4: found time 1577847599999999999 after 1577847600000000000, "
                   "expected never falling times");
    free_table(&t);
}

static s1_rc count_version(void *user, const s1_data_version *version, s1_err *err)
{
    (void)err;
    char *out = user;
    (void)snprintf(out + strlen(out), 1024 - strlen(out), "%s %llu;", version->content_hash,
                   (unsigned long long)version->rows);
    return S1_OK;
}

static void assert_versions(s1_data_persistor *p, const s1_save_result *const *made,
                            const unsigned *rows, size_t count)
{
    char want[1024] = "";
    char got[1024] = "";
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(want + strlen(want), sizeof want - strlen(want), "%s %u;",
                       made[i]->content_hash, rows[i]);
    }
    assert_int_equal(s1_data_list_versions(p, &ticks, count_version, got, NULL), S1_OK);
    assert_string_equal(got, want);
}

static void test_former_versions(void **state)
{
    s1_data_persistor *p = ((fixture *)*state)->persistor;
    table a = make_table(S1_DATA_TRADES, 0x10, "2020-01-01", HOUR, 3000, 5);
    table b = make_table(S1_DATA_TRADES, 0x10, "2020-01-20", HOUR, 100, 900000);
    table c = make_table(S1_DATA_TRADES, 0x10, "2020-06-01", HOUR, 50, 7);
    assert_versions(p, NULL, NULL, 0);
    const s1_save_result first = write_table(p, &ticks, &a, scales_5_2_6);
    assert_string_equal(first.former_hash, "");
    const s1_save_result second = write_table(p, &ticks, &b, scales_5_2_6);
    assert_string_equal(second.former_hash, first.content_hash);
    const s1_save_result third = write_table(p, &ticks, &c, scales_5_2_6);
    assert_string_equal(third.former_hash, second.content_hash);
    assert_versions(p, (const s1_save_result *[]){&first, &second}, (unsigned[]){3000, 3000}, 2);
    /* The same rows again are no version. */
    const s1_save_result again = write_table(p, &ticks, &c, scales_5_2_6);
    assert_true(again.is_unchanged);
    assert_int_equal(again.rows_replaced, 50);
    assert_string_equal(again.content_hash, third.content_hash);
    assert_versions(p, (const s1_save_result *[]){&first, &second}, (unsigned[]){3000, 3000}, 2);
    char hash[S1_SHA256_HEX];
    assert_int_equal(s1_data_get_content_hash(p, &ticks, hash, NULL), S1_OK);
    assert_string_equal(hash, third.content_hash);
    /* Each opens as what it was. */
    s1_data_persistor *old = NULL;
    assert_int_equal(s1_data_open_version(p, &ticks, first.content_hash, &old, NULL), S1_OK);
    assert_table(old, &ticks, S1_RANGE_ALL, &a, 0, 3000, a.columns);
    assert_int_equal(s1_data_get_content_hash(old, &ticks, hash, NULL), S1_OK);
    assert_string_equal(hash, first.content_hash);
    s1_data_writer *writer = NULL;
    const s1_writer_options options = {.overlap = S1_OVERLAP_REPLACE};
    assert_int_equal(s1_data_open_writer(old, &ticks, &options, &writer, NULL), S1_E_DENIED);
    assert_int_equal(s1_data_prune_versions(old, &ticks, 0, NULL, NULL), S1_E_DENIED);
    s1_archive_info info;
    assert_int_equal(s1_data_get_info(old, &hourly, &info, NULL), S1_E_NOT_FOUND);
    s1_data_persistor_free(old);
    assert_int_equal(s1_data_open_version(p, &ticks, third.content_hash, &old, NULL), S1_OK);
    assert_int_equal(s1_data_get_info(old, &ticks, &info, NULL), S1_OK);
    assert_int_equal(info.rows, 3050);
    s1_data_persistor_free(old);
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_data_open_version(p, &ticks, "../../etc", &old, &err), S1_E_NOT_FOUND);
    assert_non_null(strstr(err.msg, "no version ../../etc of BTC/EUR trades in "));
    /* Back to what it was: the first is the current one, no former one. */
    table all = make_table(S1_DATA_TRADES, 0x10, "2020-01-01", HOUR, 3000, 5);
    ((s1_nanos *)all.values[0])[2999] = ((s1_nanos *)c.values[0])[49];
    (void)write_table(p, &ticks, &all, scales_5_2_6);
    uint64_t removed = 0;
    assert_int_equal(s1_data_prune_versions(p, &ticks, 1, &removed, NULL), S1_OK);
    assert_int_equal(removed, 2);
    assert_versions(p, (const s1_save_result *[]){&third}, (unsigned[]){3050}, 1);
    assert_int_equal(s1_data_prune_versions(p, &ticks, 0, &removed, NULL), S1_OK);
    assert_int_equal(removed, 1);
    assert_int_equal(s1_data_open_version(p, &ticks, third.content_hash, &old, NULL),
                     S1_E_NOT_FOUND);
    free_table(&a);
    free_table(&b);
    free_table(&c);
    free_table(&all);
}

/* Rows with and without an optional column in one stream. */
static void test_columns_that_not_all_rows_have(void **state)
{
    s1_data_persistor *p = ((fixture *)*state)->persistor;
    table with = make_table(S1_DATA_OHLCV, 0xc0, "2020-01-01", HOUR, 200, 5);
    table without = make_table(S1_DATA_OHLCV, 0, "2020-02-01", HOUR, 200, 6);
    (void)write_table(p, &hourly, &with, scales_5_2_6);
    (void)write_table(p, &hourly, &without, scales_5_2_6);
    const uint32_t mandatory = s1_market_mandatory(S1_DATA_OHLCV);
    assert_table(p, &hourly, (s1_time_range){at("2020-02-01"), INT64_MAX}, &without, 0, 200,
                 mandatory);
    s1_market_reader *reader = NULL;
    assert_int_equal(s1_data_load(p, &hourly, S1_RANGE_ALL, &reader, NULL), S1_OK);
    assert_int_equal(reader->columns, mandatory);
    assert_int_equal(reader->rows_total, 400);
    s1_market_reader_close(reader);
    free_table(&with);
    free_table(&without);
}

#define ON(name, setup) {#setup "." #name, name, setup_##setup, teardown, NULL}
#define CONTRACT(setup)                                                                            \
    ON(test_empty, setup), ON(test_round_trip_over_years, setup),                                  \
        ON(test_ranges_are_half_open, setup), ON(test_saving_twice_is_saving_once, setup),         \
        ON(test_merging, setup), ON(test_merging_into_many_row_groups, setup),                     \
        ON(test_replacing_over_a_hole, setup), ON(test_refused_overlap_changes_nothing, setup),    \
        ON(test_scales_widen_exactly, setup), ON(test_two_readers_at_once, setup),                 \
        ON(test_trades, setup), ON(test_coverage, setup),                                          \
        ON(test_streams_are_listed_in_order, setup), ON(test_bad_keys, setup),                     \
        ON(test_bad_batches, setup), ON(test_every_kind_with_every_column, setup),                 \
        ON(test_batches_do_not_matter, setup),                                                     \
        ON(test_abandoned_and_refused_writers_leave_nothing, setup), ON(test_bad_writers, setup),  \
        ON(test_former_versions, setup), ON(test_columns_that_not_all_rows_have, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {CONTRACT(memory), CONTRACT(parquet)};
    return cmocka_run_group_tests_name("data_persistor contract", tests, NULL, NULL);
}
