/* A stream's store: when rows reach the archive, and that each is there once whatever happens. */
#include "backend/data/recorder/stream_store.h"

#include "backend/data/persistors/memory_persistor.h"
#include "backend/data/recorder/compaction.h"
#include "backend/utils/text.h"
#include "tests/support/cmocka.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START    (1700000000LL * S1_NANOS_PER_SECOND)
#define SECOND   S1_NANOS_PER_SECOND
#define ROWS_MAX 4096

typedef struct world {
    char archive[512], folder[600];
    s1_manual_clock clock;
    s1_data_persistor *persistor;
    s1_stream_store_options options;
    s1_store_recovery recovery;
    s1_stream_store *store;
    s1_err err;
} world;

static s1_stream_row make_trade(int64_t id)
{
    s1_stream_row row = {.price_scale = 1, .qty_scale = 8};
    row.columns[S1_ROW_TRADE_TIME] = START + id / 3 * 1000; /* three of a time */
    row.columns[S1_ROW_TRADE_PRICE] = 600000 + id;
    row.columns[S1_ROW_TRADE_QUANTITY] = 100 + id;
    row.columns[S1_ROW_TRADE_SIDE] = 1 + id % 2;
    row.columns[S1_ROW_TRADE_ID] = id;
    row.columns[S1_ROW_TRADE_RECEIVED] = START + id * 7;
    return row;
}

static int begin(void **state)
{
    world *const w = calloc(1, sizeof *w);
    const char *const parent = getenv("S1_TEST_TMP") != NULL ? getenv("S1_TEST_TMP") : "/tmp";
    (void)snprintf(w->archive, sizeof w->archive, "%s/store_XXXXXX", parent);
    if (mkdtemp(w->archive) == NULL || s1_memory_persistor_new(&w->persistor, NULL) != S1_OK) {
        return -1;
    }
    (void)snprintf(w->folder, sizeof w->folder, "%s/.recorder/kraken/BTC_USD/trades", w->archive);
    s1_manual_clock_init(&w->clock, START);
    w->options = (s1_stream_store_options){
        .fs = s1_fs_real(),
        .clock = &w->clock.clock,
        .persistor = w->persistor,
        .archive = w->archive,
        .key = {.asset_pair = S1_STR("BTC/USD"),
                .data_type = S1_DATA_TRADES,
                .source = S1_STR("kraken")},
        .profile = {.name = "test", .max_records = 10, .max_age = 300 * SECOND}};
    w->err = S1_ERR_INIT;
    *state = w;
    return 0;
}

static int end(void **state)
{
    world *const w = *state;
    s1_stream_store_abandon(w->store);
    s1_data_persistor_free(w->persistor);
    const s1_rc rc = s1_fs_remove_tree(s1_fs_real(), w->archive, NULL);
    free(w);
    return rc == S1_OK ? 0 : -1;
}

static void must(world *w, s1_rc rc)
{
    if (rc != S1_OK) {
        fail_msg("%s", w->err.msg);
    }
}

static void open_store(world *w)
{
    must(w, s1_stream_store_open(&w->options, &w->store, &w->recovery, &w->err));
}

static void crash(world *w)
{
    s1_stream_store_abandon(w->store);
    w->store = NULL;
}

static void take(world *w, int64_t from, int64_t upto)
{
    for (int64_t id = from; id < upto; id++) {
        const s1_stream_row row = make_trade(id);
        must(w, s1_stream_store_append(w->store, &row, 1, &w->err));
    }
}

/* The archive's rows; how many. */
static size_t load(world *w, s1_stream_row rows[ROWS_MAX])
{
    s1_market_reader *reader;
    s1_market_batch batch;
    size_t count = 0;
    size_t columns;
    const s1_market_column *const layout = s1_market_layout(w->options.key.data_type, &columns);
    const s1_rc rc = s1_data_load(w->persistor, &w->options.key, S1_RANGE_ALL, &reader, &w->err);
    if (rc == S1_E_NOT_FOUND) {
        return 0;
    }
    must(w, rc);
    while (s1_market_reader_next(reader, &batch, &w->err) == S1_OK && batch.count > 0) {
        for (size_t r = 0; r < batch.count; r++, count++) {
            rows[count] = (s1_stream_row){.price_scale = (uint8_t)reader->scales.price,
                                          .qty_scale = (uint8_t)reader->scales.qty};
            for (size_t i = 0; i < columns; i++) {
                rows[count].columns[i] = layout[i].kind == S1_COLUMN_ENUM
                                             ? ((const uint8_t *)batch.columns[i])[r]
                                             : ((const int64_t *)batch.columns[i])[r];
            }
        }
    }
    s1_market_reader_close(reader);
    return count;
}

/* Trades 1 .. count, each once, all columns as they were taken. */
static void assert_archive(world *w, size_t count)
{
    static s1_stream_row rows[ROWS_MAX];
    assert_int_equal(load(w, rows), count);
    for (size_t i = 0; i < count; i++) {
        const s1_stream_row row = make_trade((int64_t)i + 1);
        assert_memory_equal(rows[i].columns, row.columns, sizeof row.columns);
    }
}

static size_t count_segments(const world *w)
{
    s1_fs_list list = {NULL, 0};
    size_t count = 0;
    assert_int_equal(s1_fs_list_names(s1_fs_real(), w->folder, &list, NULL), S1_OK);
    for (size_t i = 0; i < list.count; i++) {
        count += s1_str_ends_with(s1_str_of(list.names[i]), S1_STR(".seg")) ? 1 : 0;
    }
    s1_fs_list_done(&list);
    return count;
}

static s1_strbuf read_file(const char *path)
{
    s1_strbuf text;
    s1_strbuf_init(&text, 1 << 20);
    assert_int_equal(s1_fs_read_all(s1_fs_real(), path, 1 << 20, &text, NULL), S1_OK);
    return text;
}

static void segment_file(const world *w, char path[700])
{
    s1_fs_list list = {NULL, 0};
    assert_int_equal(s1_fs_list_names(s1_fs_real(), w->folder, &list, NULL), S1_OK);
    path[0] = '\0';
    for (size_t i = 0; i < list.count; i++) {
        if (s1_str_ends_with(s1_str_of(list.names[i]), S1_STR(".seg"))) {
            (void)snprintf(path, 700, "%s/%s", w->folder, list.names[i]);
        }
    }
    s1_fs_list_done(&list);
    assert_int_not_equal(path[0], '\0');
}

/* --- When. --- */

static void test_flush_by_records(void **state)
{
    world *const w = *state;
    open_store(w);
    assert_int_equal(w->recovery.segments, 0);
    assert_int_equal(w->recovery.last_id, 0);
    take(w, 1, 10);
    assert_archive(w, 0);
    assert_int_equal(count_segments(w), 1);
    take(w, 10, 11);
    assert_archive(w, 10);
    assert_int_equal(count_segments(w), 0);
    take(w, 11, 26);
    assert_archive(w, 20);
    must(w, s1_stream_store_close(w->store, &w->err));
    w->store = NULL;
    assert_archive(w, 25);
    open_store(w);
    assert_int_equal(w->recovery.segments, 0); /* it ended in order */
    assert_int_equal(w->recovery.last_id, 25);
    assert_int_equal(w->recovery.last_time, make_trade(25).columns[0]);
}

static void test_flush_by_age(void **state)
{
    world *const w = *state;
    open_store(w);
    take(w, 1, 4);
    s1_manual_clock_advance(&w->clock, 299 * SECOND);
    must(w, s1_stream_store_tick(w->store, &w->err));
    assert_archive(w, 0);
    assert_int_equal(s1_stream_store_counts(w->store).rows_durable, 3);
    s1_manual_clock_advance(&w->clock, SECOND);
    must(w, s1_stream_store_tick(w->store, &w->err));
    assert_archive(w, 3);
    must(w, s1_stream_store_tick(w->store, &w->err));
    assert_int_equal(s1_stream_store_counts(w->store).flushes, 1);
}

static void test_sync_within_a_second(void **state)
{
    world *const w = *state;
    open_store(w);
    take(w, 1, 3);
    assert_int_equal(s1_stream_store_counts(w->store).rows_durable, 0);
    s1_manual_clock_advance(&w->clock, SECOND);
    take(w, 3, 4);
    assert_int_equal(s1_stream_store_counts(w->store).rows_durable, 3);
}

/* --- After a crash. --- */

static void test_a_crash_loses_nothing_that_was_taken(void **state)
{
    world *const w = *state;
    open_store(w);
    take(w, 1, 18);
    crash(w);
    assert_archive(w, 10);
    open_store(w);
    assert_archive(w, 17);
    assert_int_equal(w->recovery.segments, 1);
    assert_int_equal(w->recovery.rows, 7);
    assert_int_equal(w->recovery.rows_added, 7);
    assert_int_equal(w->recovery.last_id, 17);
    assert_int_equal(w->recovery.last_received, make_trade(17).columns[S1_ROW_TRADE_RECEIVED]);
    take(w, 18, 30);
    crash(w);
    open_store(w);
    assert_archive(w, 29);
}

static void test_a_crash_behind_the_commit_doubles_nothing(void **state)
{
    world *const w = *state;
    char path[700];
    open_store(w);
    take(w, 1, 8);
    segment_file(w, path);
    s1_strbuf segment = read_file(path);
    must(w, s1_stream_store_flush(w->store, &w->err));
    crash(w);
    assert_archive(w, 7);
    assert_int_equal(s1_fs_write_file(s1_fs_real(), path, s1_strbuf_view(&segment), NULL), S1_OK);
    open_store(w);
    assert_int_equal(w->recovery.rows, 7);
    assert_int_equal(w->recovery.rows_added, 0);
    assert_archive(w, 7);
    assert_int_equal(count_segments(w), 0);
    s1_strbuf_done(&segment);
}

static void test_a_torn_segment(void **state)
{
    world *const w = *state;
    char path[700];
    open_store(w);
    take(w, 1, 8);
    crash(w);
    segment_file(w, path);
    s1_strbuf segment = read_file(path);
    assert_int_equal(
        s1_fs_write_file(s1_fs_real(), path, s1_str_make(segment.data, segment.len - 5), NULL),
        S1_OK);
    open_store(w);
    assert_int_equal(w->recovery.bytes_torn, 24 + sizeof(s1_stream_row) - 5);
    assert_archive(w, 6);
    s1_strbuf_done(&segment);
}

static void test_one_recorder_of_a_stream(void **state)
{
    world *const w = *state;
    s1_stream_store *second;
    s1_store_recovery recovery;
    open_store(w);
    assert_int_equal(s1_stream_store_open(&w->options, &second, &recovery, &w->err), S1_E_DENIED);
    assert_non_null(strstr(w->err.msg, "recording of kraken:BTC/USD trades"));
}

/* --- Gaps. --- */

static void test_notes_once(void **state)
{
    world *const w = *state;
    char path[700], notes[700];
    s1_stream_row gap = {.kind = S1_ROW_GAP};
    (void)snprintf(notes, sizeof notes, "%s/notes.jsonl", w->folder);
    open_store(w);
    take(w, 1, 3);
    gap.columns[S1_ROW_GAP_AFTER] = START;
    gap.columns[S1_ROW_GAP_COUNT] = 12;
    gap.columns[S1_ROW_GAP_WHY] = S1_GAP_CONNECTION;
    must(w, s1_stream_store_append(w->store, &gap, 1, &w->err));
    segment_file(w, path);
    s1_strbuf segment = read_file(path);
    must(w, s1_stream_store_flush(w->store, &w->err));
    assert_int_equal(s1_stream_store_counts(w->store).gaps, 1);
    assert_int_equal(s1_stream_store_counts(w->store).rows_taken, 2);
    crash(w);
    assert_int_equal(s1_fs_write_file(s1_fs_real(), path, s1_strbuf_view(&segment), NULL), S1_OK);
    open_store(w);
    s1_strbuf text = read_file(notes);
    assert_string_equal(s1_strbuf_cstr(&text),
                        "{\"segment\":1700000000000000000,\"kind\":\"gap\",\"after\":"
                        "\"2023-11-14T22:13:20.000000000Z\",\"upto\":null,\"count\":12,"
                        "\"why\":\"the connection was broken\"}\n");
    s1_strbuf_done(&text);
    s1_strbuf_done(&segment);
}

/* --- What fails. --- */

static void test_every_failing_call(void **state)
{
    world *const w = *state;
    size_t failures = 0;
    for (uint64_t at = 1; at < 400; at++) {
        s1_fault_fs fault;
        s1_data_persistor_free(w->persistor);
        assert_int_equal(s1_memory_persistor_new(&w->persistor, NULL), S1_OK);
        assert_int_equal(s1_fs_remove_tree(s1_fs_real(), w->folder, NULL), S1_OK);
        s1_manual_clock_advance(&w->clock, SECOND);
        s1_fault_fs_init(&fault, s1_fs_real());
        s1_fault_fs_fail(&fault, -1, at, EIO, true);
        w->options.fs = &fault.table;
        w->options.persistor = w->persistor;
        uint64_t durable = 0;
        int64_t taken = 0;
        if (s1_stream_store_open(&w->options, &w->store, &w->recovery, &w->err) == S1_OK) {
            s1_rc rc = S1_OK;
            for (int64_t id = 1; id <= 25 && rc == S1_OK; id++) {
                const s1_stream_row row = make_trade(id);
                s1_manual_clock_advance(&w->clock, id % 4 == 0 ? SECOND : 0);
                rc = s1_stream_store_append(w->store, &row, 1, &w->err);
                assert_true(rc == S1_OK || rc == S1_E_STORAGE);
                taken = id;
            }
            durable = s1_stream_store_counts(w->store).rows_durable;
            crash(w);
        }
        failures += fault.failures > 0 ? 1 : 0;
        w->options.fs = s1_fs_real();
        open_store(w);
        static s1_stream_row rows[ROWS_MAX];
        const size_t count = load(w, rows);
        assert_true(count >= durable && count <= (size_t)taken);
        assert_archive(w, count); /* the first ones, each once */
        crash(w);
        if (fault.failures == 0) {
            break;
        }
    }
    assert_true(failures > 50);
}

static void test_an_archive_that_is_taken(void **state)
{
    world *const w = *state;
    s1_data_writer *other;
    const s1_writer_options writer = {.overlap = S1_OVERLAP_REPLACE};
    open_store(w);
    must(w, s1_data_open_writer(w->persistor, &w->options.key, &writer, &other, &w->err));
    take(w, 1, 16); /* the flush at ten does not get through */
    assert_int_equal(s1_stream_store_counts(w->store).flush_failures, 1);
    assert_int_equal(s1_stream_store_counts(w->store).last_error, S1_E_DENIED);
    assert_int_equal(count_segments(w), 2);
    s1_data_writer_abandon(other);
    s1_manual_clock_advance(&w->clock, 30 * SECOND);
    must(w, s1_stream_store_tick(w->store, &w->err));
    assert_int_equal(s1_stream_store_counts(w->store).last_error, S1_OK);
    assert_archive(w, 15);
}

static void test_rows_the_archive_can_never_take(void **state)
{
    world *const w = *state;
    char notes[700];
    s1_stream_row huge = make_trade(2);
    (void)snprintf(notes, sizeof notes, "%s/notes.jsonl", w->folder);
    open_store(w);
    take(w, 1, 2);
    huge.columns[S1_ROW_TRADE_PRICE] = S1_MANTISSA_MAX;
    huge.price_scale = 0; /* at the other trade's scale: 19 digits */
    must(w, s1_stream_store_append(w->store, &huge, 1, &w->err));
    must(w, s1_stream_store_flush(w->store, &w->err));
    assert_int_equal(s1_stream_store_counts(w->store).rows_refused, 2);
    assert_int_equal(count_segments(w), 0);
    take(w, 1, 4); /* what comes behind is stored */
    must(w, s1_stream_store_flush(w->store, &w->err));
    assert_archive(w, 3);
    s1_strbuf text = read_file(notes);
    assert_non_null(
        strstr(s1_strbuf_cstr(&text), "\"count\":2,\"why\":\"the archive cannot take them\""));
    s1_strbuf_done(&text);
    crash(w);
    open_store(w);
    assert_int_equal(w->recovery.segments, 0);
}

/* --- Sameness. --- */

static void test_trades_that_came_another_way(void **state)
{
    world *const w = *state;
    s1_stream_row rows[3] = {make_trade(1), make_trade(2), make_trade(3)};
    s1_compaction done;
    rows[0].columns[S1_ROW_TRADE_TIME] += 300; /* finer than the WebSocket tells it */
    must(w,
         s1_compact_rows(w->persistor, &w->options.key, rows, 3, S1_STR("test"), &done, &w->err));
    assert_int_equal(done.rows_added, 3);
    open_store(w);
    assert_int_equal(w->recovery.last_id, 3);
    take(w, 1, 6);
    must(w, s1_stream_store_flush(w->store, &w->err));
    assert_int_equal(s1_stream_store_counts(w->store).rows_known, 3);
    static s1_stream_row stored[ROWS_MAX];
    assert_int_equal(load(w, stored), 5);
}

static void test_an_id_twice_in_a_segment(void **state)
{
    world *const w = *state;
    open_store(w);
    take(w, 1, 4);
    take(w, 2, 4);
    must(w, s1_stream_store_flush(w->store, &w->err));
    assert_archive(w, 3);
}

static s1_stream_row make_level(int64_t update, int64_t side, int64_t price)
{
    s1_stream_row row = {.price_scale = 1, .qty_scale = 2};
    row.columns[S1_ROW_BOOK_TIME] = START + update;
    row.columns[S1_ROW_BOOK_UPDATE_ID] = update;
    row.columns[S1_ROW_BOOK_KIND] = 2;
    row.columns[S1_ROW_BOOK_SIDE] = side;
    row.columns[S1_ROW_BOOK_PRICE] = price;
    row.columns[S1_ROW_BOOK_QUANTITY] = price % 3;
    row.columns[S1_ROW_BOOK_RECEIVED] = START;
    return row;
}

static void test_books_keep_their_order(void **state)
{
    world *const w = *state;
    s1_stream_row rows[6], again[6];
    s1_compaction done;
    static s1_stream_row stored[ROWS_MAX];
    w->options.key.data_type = S1_DATA_BOOK;
    for (int64_t i = 0; i < 6; i++) {
        rows[i] = make_level(5 + i / 3, 1 + i % 2, 100 - i * 7);
    }
    memcpy(again, rows, sizeof rows);
    rows[4].price_scale = 3; /* the finer scale is that of all */
    again[4].price_scale = 3;
    must(w,
         s1_compact_rows(w->persistor, &w->options.key, rows, 6, S1_STR("test"), &done, &w->err));
    assert_int_equal(load(w, stored), 6);
    for (int64_t i = 0; i < 6; i++) {
        assert_int_equal(stored[i].columns[S1_ROW_BOOK_SIDE], 1 + i % 2);
        assert_int_equal(stored[i].columns[S1_ROW_BOOK_PRICE], (100 - i * 7) * (i == 4 ? 1 : 100));
    }
    must(w,
         s1_compact_rows(w->persistor, &w->options.key, again, 6, S1_STR("test"), &done, &w->err));
    assert_int_equal(done.rows_added, 0);
    assert_int_equal(done.rows_known, 6);
    assert_int_equal(load(w, stored), 6);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_flush_by_records),
        TEST(test_flush_by_age),
        TEST(test_sync_within_a_second),
        TEST(test_a_crash_loses_nothing_that_was_taken),
        TEST(test_a_crash_behind_the_commit_doubles_nothing),
        TEST(test_a_torn_segment),
        TEST(test_one_recorder_of_a_stream),
        TEST(test_notes_once),
        TEST(test_every_failing_call),
        TEST(test_an_archive_that_is_taken),
        TEST(test_rows_the_archive_can_never_take),
        TEST(test_trades_that_came_another_way),
        TEST(test_an_id_twice_in_a_segment),
        TEST(test_books_keep_their_order),
    };
#undef TEST
    return cmocka_run_group_tests_name("backend/data/recorder/stream_store", tests, NULL, NULL);
}
