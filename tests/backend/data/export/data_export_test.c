/* CSV of every kind of data, to the byte; files whole or not at all. */
#include "backend/data/export/data_export.h"

#include "backend/data/persistors/memory_persistor.h"
#include "backend/dtos/market/market_layout.h"
#include "backend/utils/text.h"
#include "s1mple/error.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct fixture {
    s1_data_persistor *archive;
    char folder[256], path[300];
} fixture;

static int setup(void **state)
{
    fixture *const f = calloc(1, sizeof *f);
    const char *const tmp = getenv("S1_TEST_TMP");
    (void)snprintf(f->folder, sizeof f->folder, "%s/exportXXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(f->folder));
    (void)snprintf(f->path, sizeof f->path, "%s/out.csv", f->folder);
    assert_int_equal(s1_memory_persistor_new(&f->archive, NULL), S1_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *const f = *state;
    s1_data_persistor_free(f->archive);
    assert_int_equal(s1_fs_remove_tree(s1_fs_real(), f->folder, NULL), S1_OK);
    free(f);
    return 0;
}

static const s1_nanos times[] = {-1, 0, 1500000000123000000, 1500000000123456789};

typedef struct stream {
    s1_stream_key key;
    s1_market_scales scales;
    s1_market_batch batch;
    const char *csv;
} stream;

static const int64_t prices[] = {-5, 0, 123456, 999999999999999999};
static const int64_t others[] = {1, 10, 100, 1000};
static const uint8_t sides[] = {1, 2, 3, 1};
static const uint8_t kinds[] = {1, 2, 2, 1};
static const uint8_t books[] = {1, 2, 1, 2};

#define PAIR .asset_pair = {"BTC/USD", 7}

static const stream streams[] = {
    {{PAIR, .timeframe = 1, .data_type = S1_DATA_OHLCV},
     {2, 1, 3},
     {4, {times, prices, prices, others, prices, others, others, prices}},
     "time,open,high,low,close,volume,trades,vwap\n"
     "1969-12-31T23:59:59.999999999Z,-0.05,-0.05,0.01,-0.05,0.1,1,-0.005\n"
     "1970-01-01T00:00:00Z,0.00,0.00,0.10,0.00,1.0,10,0.000\n"
     "2017-07-14T02:40:00.123Z,1234.56,1234.56,1.00,1234.56,10.0,100,123.456\n"
     "2017-07-14T02:40:00.123456789Z,9999999999999999.99,9999999999999999.99,10.00,"
     "9999999999999999.99,100.0,1000,999999999999999.999\n"},
    {{PAIR, .data_type = S1_DATA_TRADES},
     {18, 0, 0},
     {4, {times, prices, others, sides, others, NULL}},
     "time,price,quantity,side,id\n"
     "1969-12-31T23:59:59.999999999Z,-0.000000000000000005,1,buy,1\n"
     "1970-01-01T00:00:00Z,0.000000000000000000,10,sell,10\n"
     "2017-07-14T02:40:00.123Z,0.000000000000123456,100,unknown,100\n"
     "2017-07-14T02:40:00.123456789Z,0.999999999999999999,1000,buy,1000\n"},
    {{PAIR, .data_type = S1_DATA_QUOTES},
     {1, 1, 0},
     {4, {times, others, others, NULL, others, times}},
     "time,bid,ask,ask_quantity,received\n"
     "1969-12-31T23:59:59.999999999Z,0.1,0.1,0.1,1969-12-31T23:59:59.999999999Z\n"
     "1970-01-01T00:00:00Z,1.0,1.0,1.0,1970-01-01T00:00:00Z\n"
     "2017-07-14T02:40:00.123Z,10.0,10.0,10.0,2017-07-14T02:40:00.123Z\n"
     "2017-07-14T02:40:00.123456789Z,100.0,100.0,100.0,2017-07-14T02:40:00.123456789Z\n"},
    {{PAIR, .data_type = S1_DATA_BOOK, .source = {"kraken", 6}},
     {1, 1, 0},
     {4, {times, others, kinds, books, others, others, NULL}},
     "time,update_id,kind,side,price,quantity\n"
     "1969-12-31T23:59:59.999999999Z,1,snapshot,bid,0.1,0.1\n"
     "1970-01-01T00:00:00Z,10,update,ask,1.0,1.0\n"
     "2017-07-14T02:40:00.123Z,100,update,bid,10.0,10.0\n"
     "2017-07-14T02:40:00.123456789Z,1000,snapshot,ask,100.0,100.0\n"},
};

static void store(const fixture *f, const stream *s)
{
    s1_writer_options options = {.overlap = S1_OVERLAP_REPLACE};
    s1_data_writer *writer = NULL;
    s1_err err = S1_ERR_INIT;
    for (uint32_t i = 0; i < S1_MARKET_COLUMNS_MAX; i++) {
        options.columns |= s->batch.columns[i] != NULL ? 1u << i : 0;
    }
    if (s1_data_open_writer(f->archive, &s->key, &options, &writer, &err) != S1_OK ||
        s1_data_writer_append(writer, &s->batch, &s->scales, &err) != S1_OK ||
        s1_data_writer_commit(writer, NULL, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
}

static void assert_file(const char *path, const char *text)
{
    s1_strbuf found;
    s1_strbuf_init(&found, 1u << 24);
    assert_int_equal(s1_fs_read_all(s1_fs_real(), path, 1u << 24, &found, NULL), S1_OK);
    assert_string_equal(s1_strbuf_cstr(&found), text);
    s1_strbuf_done(&found);
}

static s1_data_export_task task_of(const fixture *f, const s1_stream_key *key)
{
    return (s1_data_export_task){.fs = s1_fs_real(),
                                 .archive = f->archive,
                                 .key = *key,
                                 .range = S1_RANGE_ALL,
                                 .format = S1_DATA_EXPORT_CSV,
                                 .path = f->path};
}

static void test_every_kind(void **state)
{
    const fixture *const f = *state;
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++) {
        store(f, &streams[i]);
        const s1_data_export_task task = task_of(f, &streams[i].key);
        s1_data_export_result result;
        assert_int_equal(s1_data_export(&task, &result, NULL), S1_OK);
        assert_file(f->path, streams[i].csv);
        assert_int_equal(result.rows, 4);
        assert_int_equal(result.bytes, strlen(streams[i].csv));
        assert_int_equal(result.first, times[0]);
        assert_int_equal(result.last, times[3]);
        assert_int_equal(result.scales.price, streams[i].scales.price);
    }
}

static void test_a_range(void **state)
{
    const fixture *const f = *state;
    store(f, &streams[1]);
    s1_data_export_task task = task_of(f, &streams[1].key);
    s1_data_export_result result;
    task.range = (s1_time_range){0, times[2]};
    assert_int_equal(s1_data_export(&task, &result, NULL), S1_OK);
    assert_file(f->path, "time,price,quantity,side,id\n"
                         "1970-01-01T00:00:00Z,0.000000000000000000,10,sell,10\n");
    task.range = (s1_time_range){times[3] + 1, INT64_MAX};
    assert_int_equal(s1_data_export(&task, &result, NULL), S1_OK);
    assert_int_equal(result.rows, 0);
    assert_int_equal(result.first, 0);
}

/* Many rows, over the buffer and back: row by row what was stored. */
static void test_many_rows(void **state)
{
    const fixture *const f = *state;
    enum { COUNT = 50000 };
    static int64_t time[COUNT], price[COUNT];
    static uint8_t side[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        time[i] = (s1_nanos)i * 1000000007;
        price[i] = (int64_t)(i * 2654435761u % 1000000007u);
        side[i] = (uint8_t)(i % 3 + 1);
    }
    const stream many = {
        .key = streams[1].key, .scales = {4, 4, 0}, .batch = {COUNT, {time, price, price, side}}};
    store(f, &many);
    const s1_data_export_task task = task_of(f, &many.key);
    s1_data_export_result result;
    assert_int_equal(s1_data_export(&task, &result, NULL), S1_OK);
    assert_int_equal(result.rows, COUNT);
    FILE *const file = fopen(f->path, "r");
    char line[256];
    assert_non_null(fgets(line, sizeof line, file));
    for (size_t i = 0; i < COUNT; i++) {
        long long whole, part;
        assert_non_null(fgets(line, sizeof line, file));
        assert_int_equal(sscanf(line, "%*[^,],%lld.%lld,", &whole, &part), 2);
        assert_int_equal(whole * 10000 + part, price[i]);
    }
    assert_null(fgets(line, sizeof line, file));
    (void)fclose(file);
}

static s1_rc stop(void *user, uint64_t done, uint64_t total)
{
    (void)user;
    (void)done;
    (void)total;
    return S1_E_CANCELED;
}

/* Every call of the file system fails once: the old file stays, and nothing beside it. */
static void test_whole_or_not_at_all(void **state)
{
    const fixture *const f = *state;
    store(f, &streams[1]);
    s1_data_export_task task = task_of(f, &streams[1].key);
    s1_data_export_result result = {.rows = 77};
    task.progress = stop;
    assert_int_equal(s1_data_export(&task, &result, NULL), S1_E_CANCELED);
    task.progress = NULL;
    s1_fs_list names;
    assert_int_equal(s1_fs_list_names(s1_fs_real(), f->folder, &names, NULL), S1_OK);
    assert_int_equal(names.count, 0);
    s1_fs_list_done(&names);
    assert_int_equal(s1_fs_write_file(s1_fs_real(), f->path, S1_STR("old"), NULL), S1_OK);
    s1_fault_fs fault;
    s1_fault_fs_init(&fault, s1_fs_real());
    task.fs = &fault.table;
    bool is_done = false;
    for (uint64_t number = 1; !is_done && number < 100; number++) {
        s1_fault_fs_fail(&fault, -1, number, 5, false);
        const s1_rc rc = s1_data_export(&task, &result, NULL);
        is_done = rc == S1_OK;
        if (is_done) {
            break;
        }
        assert_int_equal(rc, S1_E_IO);
        assert_int_equal(result.rows, 77);
        assert_int_equal(s1_fs_list_names(s1_fs_real(), f->folder, &names, NULL), S1_OK);
        assert_int_equal(names.count, 1);
        s1_fs_list_done(&names);
    }
    assert_true(is_done);
    assert_file(f->path, streams[1].csv);
    task.format = 3;
    assert_int_equal(s1_data_export(&task, &result, NULL), S1_E_INVALID);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_every_kind),
        CASE(test_a_range),
        CASE(test_many_rows),
        CASE(test_whole_or_not_at_all),
    };
    return cmocka_run_group_tests_name("data_export", tests, NULL, NULL);
}
