/* What is special about the Parquet archive: its library, its files, and what survives a crash. */
#include "backend/data/persistors/duckdb_internal.h"
#include "backend/data/persistors/parquet_persistor.h"
#include "backend/dtos/market/market_batch.h"
#include "backend/utils/timefmt.h"
#include "tests/support/cmocka.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROWS 60000u

extern char **environ;

static char folder[256];
static const s1_stream_key key = {{"EUR/USD", 7}, S1_NANOS_PER_MINUTE, S1_DATA_OHLCV, 0, {NULL, 0}};
static const s1_save_options save_options = {5, 2, S1_OVERLAP_REPLACE, 0};

static int setup_group(void **state)
{
    (void)state;
    const char *tmp = getenv("S1_TEST_TMP");
    (void)snprintf(folder, sizeof folder, "%s/archiveXXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    return 0;
}

static int teardown_group(void **state)
{
    (void)state;
    assert_int_equal(s1_fs_remove_tree(s1_fs_real(), folder, NULL), S1_OK);
    return 0;
}

static const char *in_folder(const char *name)
{
    static char paths[64][800];
    static size_t next;
    char *path = paths[next++ % 64];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* Minutes of 2020; `salt` makes other prices that do not compress to nothing. */
static void fill(s1_nanos *time, int64_t *columns[5], int64_t salt)
{
    uint64_t random = 88172645463325252ULL + (uint64_t)salt;
    for (size_t i = 0; i < ROWS; i++) {
        time[i] = 1577836800 * S1_NANOS_PER_SECOND + (s1_nanos)i * S1_NANOS_PER_MINUTE;
        for (size_t c = 0; c < 5; c++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            columns[c][i] = (int64_t)(random % 1000000) + salt;
        }
    }
}

typedef struct data {
    s1_nanos time[ROWS];
    int64_t columns[5][ROWS];
} data;

static s1_bar_batch make_batch(data *d, int64_t salt)
{
    int64_t *columns[5] = {d->columns[0], d->columns[1], d->columns[2], d->columns[3],
                           d->columns[4]};
    fill(d->time, columns, salt);
    return (s1_bar_batch){.count = ROWS,
                          .open_time = d->time,
                          .open = columns[0],
                          .high = columns[1],
                          .low = columns[2],
                          .close = columns[3],
                          .volume = columns[4]};
}

static data buffers[2]; /* static: large */

static s1_data_persistor *open_archive(s1_duckdb *duckdb, const s1_fs *fs, const char *path)
{
    s1_data_persistor *archive = NULL;
    const s1_parquet_options options = {fs, duckdb, path};
    assert_int_equal(s1_parquet_persistor_new(&options, &archive, NULL), S1_OK);
    return archive;
}

static s1_duckdb *new_duckdb(uint32_t threads)
{
    s1_duckdb *duckdb = NULL;
    const s1_duckdb_options options = {.threads = threads};
    assert_int_equal(s1_duckdb_new(&options, &duckdb, NULL), S1_OK);
    return duckdb;
}

/* Is the stream exactly this batch? */
static bool holds(s1_data_persistor *archive, const s1_bar_batch *want)
{
    s1_bar_reader *reader;
    s1_err err = S1_ERR_INIT;
    if (s1_data_load_ohlcv(archive, &key, S1_RANGE_ALL, &reader, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    bool is_same = reader->rows_total == want->count;
    size_t row = 0;
    for (s1_bar_batch b = {.count = 1}; b.count > 0; row += b.count) {
        assert_int_equal(s1_bar_reader_next(reader, &b, NULL), S1_OK);
        if (b.count > 0) {
            is_same = is_same && row + b.count <= want->count &&
                      memcmp(b.open_time, want->open_time + row, b.count * 8) == 0 &&
                      memcmp(b.open, want->open + row, b.count * 8) == 0 &&
                      memcmp(b.volume, want->volume + row, b.count * 8) == 0;
        }
    }
    s1_bar_reader_close(reader);
    return is_same;
}

static s1_rc save(s1_data_persistor *archive, const s1_bar_batch *batch, s1_err *err)
{
    return s1_data_save_ohlcv(archive, &key, batch, &save_options, NULL, err);
}

/* --- The library ------------------------------------------------------------------------------ */

static s1_rc open_with(const char *library, s1_err *err)
{
    s1_duckdb *duckdb;
    const s1_duckdb_options options = {.library_path = library};
    assert_int_equal(s1_duckdb_new(&options, &duckdb, NULL), S1_OK);
    const s1_rc rc = s1_duckdb_open(duckdb, err);
    assert_int_equal(s1_duckdb_is_open(duckdb), rc == S1_OK);
    s1_duckdb_free(duckdb);
    return rc;
}

/* First of all tests: nothing is loaded yet. */
static void test_wrong_libraries(void **state)
{
    (void)state;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(open_with("/nowhere/libduckdb.so", &err), S1_E_NOT_FOUND);
    assert_string_equal(err.msg,
                        "DuckDB library: no file '/nowhere/libduckdb.so' (named by the options)");
    const char *text = in_folder("text.so");
    assert_int_equal(s1_fs_write_file(s1_fs_real(), text, S1_STR("no library"), NULL), S1_OK);
    assert_int_equal(open_with(text, &err), S1_E_IO);
    assert_non_null(strstr(err.msg, "DuckDB library: "));
    assert_int_equal(setenv("S1_DUCKDB", "/nowhere/else.so", 1), 0);
    assert_int_equal(open_with(NULL, &err), S1_E_NOT_FOUND);
    assert_string_equal(err.msg, "DuckDB library: no file '/nowhere/else.so' (named by S1_DUCKDB)");
    assert_int_equal(unsetenv("S1_DUCKDB"), 0);
    static const char *const sources[][2] = {
        {"const char *duckdb_library_version(void) { return \"v1.4.0\"; }",
         "found version v1.4.0, expected v1.5.6"},
        {"const char *duckdb_library_version(void) { return \"v1.5.6\"; }",
         "it has no duckdb_create_config"},
        {"int nothing;", "it has no duckdb_library_version"},
    };
    for (size_t i = 0; i < 3; i++) {
        char name[32];
        char command[1600];
        (void)snprintf(name, sizeof name, "fake%zu.so", i);
        const char *library = in_folder(name);
        (void)snprintf(command, sizeof command, "echo '%s' | cc -shared -fPIC -x c - -o '%s'",
                       sources[i][0], library);
        assert_int_equal(system(command), 0);
        assert_int_equal(open_with(library, &err), i == 0 ? S1_E_UNSUPPORTED : S1_E_ABI);
        assert_non_null(strstr(err.msg, sources[i][1]));
    }
}

static void test_loaded_when_needed(void **state)
{
    (void)state;
    s1_duckdb *duckdb = new_duckdb(0);
    s1_data_persistor *archive = open_archive(duckdb, s1_fs_real(), in_folder("none"));
    s1_archive_info info;
    assert_int_equal(s1_data_get_info(archive, &key, &info, NULL), S1_E_NOT_FOUND);
    assert_false(s1_fs_exists(s1_fs_real(), in_folder("none"))); /* reading makes no folder */
    assert_false(s1_duckdb_is_open(duckdb));
    assert_int_equal(s1_duckdb_open(duckdb, NULL), S1_OK);
    assert_int_equal(s1_duckdb_open(duckdb, NULL), S1_OK);
    assert_true(s1_duckdb_is_open(duckdb));
    s1_err err = S1_ERR_INIT;
    assert_int_equal(open_with(in_folder("fake0.so"), &err), S1_E_DENIED);
    assert_non_null(strstr(err.msg, "another one is loaded in this process"));
    s1_data_persistor_free(archive);
    s1_duckdb_free(duckdb);
    s1_duckdb_free(NULL);
    static const char *const bad[] = {"", "a*b", "a?", "a[1]", "s3://bucket/x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const s1_parquet_options options = {s1_fs_real(), NULL, bad[i]};
        assert_int_equal(s1_parquet_persistor_new(&options, &archive, NULL), S1_E_INVALID);
    }
}

/* --- Files ------------------------------------------------------------------------------------ */

static void copy_file(const char *from, const char *to)
{
    s1_strbuf bytes;
    s1_strbuf_init(&bytes, 1u << 26);
    assert_int_equal(s1_fs_read_all(s1_fs_real(), from, 1u << 26, &bytes, NULL), S1_OK);
    assert_int_equal(s1_fs_write_file(s1_fs_real(), to, s1_strbuf_view(&bytes), NULL), S1_OK);
    s1_strbuf_done(&bytes);
}

static void assert_bad_archive(s1_data_persistor *archive, const s1_stream_key *stream,
                               const char *message)
{
    s1_archive_info info;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_data_get_info(archive, stream, &info, &err), S1_E_DATA);
    if (strstr(err.msg, message) == NULL) {
        fail_msg("found '%s', expected '%s'", err.msg, message);
    }
}

static void test_layout_and_foreign_files(void **state)
{
    (void)state;
    s1_duckdb *duckdb = new_duckdb(0);
    s1_data_persistor *archive = open_archive(duckdb, s1_fs_real(), in_folder("layout"));
    const s1_bar_batch batch = make_batch(&buffers[0], 7);
    assert_int_equal(save(archive, &batch, NULL), S1_OK);
    const char *file = in_folder("layout/EUR_USD/1m/year=2020/ohlcv.parquet");
    assert_true(s1_fs_is_file(s1_fs_real(), file));
    s1_fs_list list;
    assert_int_equal(
        s1_fs_list_names(s1_fs_real(), in_folder("layout/EUR_USD/1m/year=2020"), &list, NULL),
        S1_OK);
    assert_int_equal(list.count, 1); /* nothing beside it */
    s1_fs_list_done(&list);
    /* Strangers beside our folders do not disturb. */
    assert_int_equal(s1_fs_mkdir_all(s1_fs_real(), in_folder("layout/notes/a_b_c"), NULL), S1_OK);
    assert_int_equal(s1_fs_mkdir_all(s1_fs_real(), in_folder("layout/EUR_USD/1m/year=2031"), NULL),
                     S1_OK);
    assert_int_equal(
        s1_fs_write_file(s1_fs_real(),
                         in_folder("layout/EUR_USD/1m/year=2020/ohlcv.parquet.partial"),
                         S1_STR("torn"), NULL),
        S1_OK);
    assert_true(holds(archive, &batch));
    buffers[0].columns[0][5]++;
    assert_int_equal(save(archive, &batch, NULL), S1_OK); /* the torn one goes */
    assert_false(
        s1_fs_exists(s1_fs_real(), in_folder("layout/EUR_USD/1m/year=2020/ohlcv.parquet.partial")));
    /* The file of one stream in the folder of another. */
    const s1_stream_key other = {
        S1_STR("GBP/USD"), S1_NANOS_PER_MINUTE, S1_DATA_OHLCV, 0, {NULL, 0}};
    assert_int_equal(s1_fs_mkdir_all(s1_fs_real(), in_folder("layout/GBP_USD/1m/year=2020"), NULL),
                     S1_OK);
    const char *moved = in_folder("layout/GBP_USD/1m/year=2020/ohlcv.parquet");
    copy_file(file, moved);
    assert_bad_archive(archive, &other, "found asset_pair = 'EUR/USD', expected GBP/USD 1m ohlcv");
    /* A Parquet file that is not ours. */
    const s1_parquet_column column = {S1_STR("time"), S1_PARQUET_TIMESTAMP_NS, 0, batch.open_time};
    assert_int_equal(s1_parquet_write_table(duckdb, s1_fs_real(), moved, &column, 1, 10, NULL),
                     S1_OK);
    assert_bad_archive(archive, &other, "found no S1mpleTrader metadata");
    /* Twice the same span, under another year. */
    assert_int_equal(s1_fs_mkdir_all(s1_fs_real(), in_folder("layout/EUR_USD/1m/year=2031"), NULL),
                     S1_OK);
    copy_file(file, in_folder("layout/EUR_USD/1m/year=2031/ohlcv.parquet"));
    assert_bad_archive(archive, &key, "its time span is not behind the file before it");
    assert_int_equal(
        s1_fs_unlink(s1_fs_real(), in_folder("layout/EUR_USD/1m/year=2031/ohlcv.parquet"), NULL),
        S1_OK);
    /* Cut in half. */
    assert_int_equal(truncate(file, 70000), 0);
    assert_bad_archive(archive, &key, "read the archive of EUR/USD 1m ohlcv: ");
    s1_data_persistor_free(archive);
    s1_duckdb_free(duckdb);
}

static bool same_bytes(const char *a, const char *b)
{
    s1_strbuf bytes[2];
    s1_strbuf_init(&bytes[0], 1u << 26);
    s1_strbuf_init(&bytes[1], 1u << 26);
    assert_int_equal(s1_fs_read_all(s1_fs_real(), a, 1u << 26, &bytes[0], NULL), S1_OK);
    assert_int_equal(s1_fs_read_all(s1_fs_real(), b, 1u << 26, &bytes[1], NULL), S1_OK);
    const bool is_same = s1_str_eq(s1_strbuf_view(&bytes[0]), s1_strbuf_view(&bytes[1]));
    s1_strbuf_done(&bytes[0]);
    s1_strbuf_done(&bytes[1]);
    return is_same;
}

/* Half a million rows, so that more than one thread has something to do. */
static void test_bytes_do_not_depend_on_threads(void **state)
{
    (void)state;
    enum { COUNT = 500000 };
    s1_nanos *time = malloc(COUNT * sizeof *time);
    s1_dec *equity = malloc(COUNT * sizeof *equity);
    double *numbers = malloc(COUNT * sizeof *numbers);
    uint8_t *flags = malloc(COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        time[i] = (s1_nanos)i * S1_NANOS_PER_MINUTE;
        equity[i] = s1_dec_from_mantissa((int64_t)(i * 7919 % 1000003), 3);
        numbers[i] = (double)(i % 1013) / -1013.0;
        flags[i] = i % 3 == 0;
    }
    const s1_run_series series = {COUNT, time, equity, numbers, flags, NULL, NULL, NULL};
    static const uint32_t threads[] = {1, 1, 4, 2};
    for (size_t i = 0; i < 4; i++) {
        s1_duckdb *duckdb = new_duckdb(threads[i]);
        const char *name = in_folder(i == 0 ? "equity.parquet" : "again.parquet");
        assert_int_equal(
            s1_parquet_write_equity(duckdb, s1_fs_real(), name, &series, numbers, NULL), S1_OK);
        assert_true(same_bytes(in_folder("equity.parquet"), name));
        s1_duckdb_free(duckdb);
    }
    free(time);
    free(equity);
    free(numbers);
    free(flags);
}

/* --- Small tables ----------------------------------------------------------------------------- */

static void test_equity_reads_back(void **state)
{
    (void)state;
    enum { COUNT = 3 };
    const s1_nanos time[COUNT] = {-1, 0, 1577836800123456789};
    s1_dec equity[COUNT];
    static const char *const texts[COUNT] = {"99999999999999999999.999999999999999999",
                                             "-99999999999999999999.999999999999999999",
                                             "10000.000000000000000001"};
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(s1_dec_parse(s1_str_of(texts[i]), &equity[i], NULL), S1_OK);
    }
    const double drawdown[COUNT] = {0.0, -0.1, -1e-300};
    const double close[COUNT] = {1.1, 2.2, 3.3};
    const s1_run_series series = {COUNT, time, equity, close, NULL, NULL, NULL, NULL};
    const char *path = in_folder("small equity.parquet");
    s1_duckdb *duckdb = new_duckdb(0);
    assert_int_equal(s1_parquet_write_equity(duckdb, s1_fs_real(), path, &series, drawdown, NULL),
                     S1_OK);
    char sql[700];
    (void)snprintf(sql, sizeof sql,
                   "SELECT string_agg(column_name || ' ' || column_type, ', ') FROM "
                   "(DESCRIBE SELECT * FROM read_parquet('%s'))",
                   path);
    s1_duckdb_stream stream;
    size_t rows;
    assert_int_equal(s1_duckdb_stream_open(duckdb, sql, "test", &stream, NULL), S1_OK);
    assert_int_equal(s1_duckdb_stream_next(&stream, "test", &rows, NULL), S1_OK);
    assert_int_equal(rows, 1);
    const s1_str types = s1_duckdb_stream_text(&stream, 0, 0);
    assert_true(s1_str_eq_cstr(types, "time TIMESTAMP_NS, equity DECIMAL(38,18), drawdown DOUBLE, "
                                      "close DOUBLE, in_position BOOLEAN"));
    s1_duckdb_stream_close(&stream);
    (void)snprintf(sql, sizeof sql, "SELECT * FROM read_parquet('%s')", path);
    assert_int_equal(s1_duckdb_stream_open(duckdb, sql, "test", &stream, NULL), S1_OK);
    assert_int_equal(s1_duckdb_stream_next(&stream, "test", &rows, NULL), S1_OK);
    assert_int_equal(rows, COUNT);
    const uint8_t never[COUNT] = {0};
    const void *want[] = {time, equity, drawdown, close, never};
    const size_t sizes[] = {8, 16, 8, 8, 1};
    for (size_t c = 0; c < 5; c++) {
        const void *got;
        assert_int_equal(s1_duckdb_stream_column(&stream, c, "test", &got, NULL), S1_OK);
        assert_memory_equal(got, want[c], COUNT * sizes[c]);
    }
    s1_duckdb_stream_close(&stream);
    s1_duckdb_free(duckdb);
}

static void test_bad_tables(void **state)
{
    (void)state;
    s1_duckdb *duckdb = new_duckdb(0);
    const char *path = in_folder("bad.parquet");
    const int64_t mantissas[2] = {1, S1_MANTISSA_MAX + 1};
    const uint8_t flags[2] = {0, 2};
    s1_dec money[2];
    money[0] = S1_DEC_ZERO;
    assert_int_equal(s1_dec_parse(S1_STR("100000000000000000000"), &money[1], NULL), S1_OK);
    const struct {
        s1_parquet_column column;
        s1_rc code;
        const char *message;
    } bad[] = {
        {{S1_STR("a b"), S1_PARQUET_INT64, 0, mantissas},
         S1_E_INVALID,
         "column 0: found name 'a b'"},
        {{S1_STR(""), S1_PARQUET_INT64, 0, mantissas}, S1_E_INVALID, "column 0: found name ''"},
        {{S1_STR("a"), 0, 0, mantissas}, S1_E_INVALID, "column a: found type 0"},
        {{S1_STR("a"), S1_PARQUET_INT64, 3, mantissas}, S1_E_INVALID, "scale 3"},
        {{S1_STR("a"), S1_PARQUET_DECIMAL, 19, mantissas}, S1_E_INVALID, "scale 19"},
        {{S1_STR("a"), S1_PARQUET_INT64, 0, NULL}, S1_E_INVALID, "no values"},
        {{S1_STR("a"), S1_PARQUET_DECIMAL, 2, mantissas}, S1_E_RANGE, "column a, row 1: "},
        {{S1_STR("a"), S1_PARQUET_BOOL, 0, flags}, S1_E_RANGE, "column a, row 1: "},
        {{S1_STR("a"), S1_PARQUET_MONEY, 0, money}, S1_E_RANGE, "column a, row 1: "},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        s1_err err = S1_ERR_INIT;
        assert_int_equal(
            s1_parquet_write_table(duckdb, s1_fs_real(), path, &bad[i].column, 1, 2, &err),
            bad[i].code);
        assert_non_null(strstr(err.msg, bad[i].message));
    }
    assert_int_equal(s1_parquet_write_table(duckdb, s1_fs_real(), path, NULL, 0, 2, NULL),
                     S1_E_INVALID);
    assert_false(s1_duckdb_is_open(duckdb)); /* refused before anything is loaded */
    const s1_parquet_column good = {S1_STR("a"), S1_PARQUET_INT64, 0, NULL};
    assert_int_equal(s1_parquet_write_table(duckdb, s1_fs_real(), path, &good, 1, 0, NULL), S1_OK);
    assert_true(s1_fs_is_file(s1_fs_real(), path));
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_parquet_write_table(duckdb, s1_fs_real(), in_folder("no/such/t.parquet"),
                                            &good, 1, 0, &err),
                     S1_E_IO);
    assert_non_null(strstr(err.msg, "no/such/t.parquet': IO Error: "));
    s1_duckdb_free(duckdb);
}

/* --- Threads ---------------------------------------------------------------------------------- */

typedef struct worker {
    pthread_t thread;
    s1_duckdb *duckdb;
    char archive[300];
    s1_bar_batch batch;
    bool is_good;
} worker;

static void *work(void *argument)
{
    worker *w = argument;
    const s1_parquet_options options = {s1_fs_real(), w->duckdb, w->archive};
    s1_data_persistor *archive = NULL;
    if (s1_parquet_persistor_new(&options, &archive, NULL) != S1_OK) {
        return NULL;
    }
    w->is_good = true;
    for (int i = 0; i < 5; i++) {
        w->is_good =
            w->is_good && save(archive, &w->batch, NULL) == S1_OK && holds(archive, &w->batch);
    }
    s1_data_persistor_free(archive);
    return NULL;
}

/* Two runs side by side share one library and database. */
static void test_two_threads_share_a_database(void **state)
{
    (void)state;
    s1_duckdb *duckdb = new_duckdb(0);
    assert_int_equal(s1_duckdb_open(duckdb, NULL), S1_OK);
    worker workers[2];
    for (size_t i = 0; i < 2; i++) {
        workers[i] = (worker){.duckdb = duckdb, .batch = make_batch(&buffers[i], (int64_t)i)};
        (void)snprintf(workers[i].archive, sizeof workers[i].archive, "%s/thread%zu", folder, i);
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_true(workers[i].is_good);
    }
    s1_duckdb_free(duckdb);
}

/* --- Crashes ---------------------------------------------------------------------------------- */

/* Where the next version is made: a leftover when no writer is at it. */
static const char *next_of(const char *archive)
{
    char name[300];
    (void)snprintf(name, sizeof name, "%s/.next/EUR_USD/1m", archive);
    return in_folder(name);
}

/* Each of our own calls to the file system fails once. */
static void test_our_calls_fail(void **state)
{
    (void)state;
    const s1_bar_batch old = make_batch(&buffers[0], 1);
    const s1_bar_batch new = make_batch(&buffers[1], 2);
    s1_duckdb *duckdb = new_duckdb(0);
    s1_data_persistor *plain = open_archive(duckdb, s1_fs_real(), in_folder("faults"));
    bool is_through = false;
    for (uint64_t call = 1; !is_through; call++) {
        assert_int_equal(save(plain, &old, NULL), S1_OK);
        assert_false(s1_fs_exists(s1_fs_real(), next_of("faults"))); /* leftovers are gone */
        s1_fault_fs fault;
        s1_fault_fs_init(&fault, s1_fs_real());
        s1_fault_fs_fail(&fault, -1, call, ENOSPC, false);
        s1_data_persistor *archive = open_archive(duckdb, &fault.table, in_folder("faults"));
        const s1_rc rc = save(archive, &new, NULL);
        s1_data_persistor_free(archive);
        is_through = fault.failures == 0;
        assert_true(call < 200);
        if (is_through) {
            assert_int_equal(rc, S1_OK);
            assert_true(call > 8);
        }
        /* Old or new, never anything between; and new if it said so. */
        const bool has_new = holds(plain, &new);
        assert_true(has_new || (rc != S1_OK && holds(plain, &old)));
    }
    s1_data_persistor_free(plain);
    s1_duckdb_free(duckdb);
}

static s1_rc count_versions(void *user, const s1_data_version *version, s1_err *err)
{
    (void)err;
    assert_int_equal(version->rows, ROWS);
    (*(size_t *)user)++;
    return S1_OK;
}

static s1_rc write_stream(s1_data_persistor *archive, const s1_stream_key *stream,
                          const s1_bar_batch *batch, bool keeps)
{
    const s1_writer_options options = {.overlap = S1_OVERLAP_REPLACE, .keep_former = keeps};
    const s1_market_scales scales = {5, 2, 0};
    const s1_market_batch columns = s1_market_batch_of_bars(batch);
    s1_data_writer *writer = NULL;
    S1_TRY(NULL, s1_data_open_writer(archive, stream, &options, &writer, NULL));
    const s1_rc rc = s1_data_writer_append(writer, &columns, &scales, NULL);
    if (rc != S1_OK) {
        s1_data_writer_abandon(writer);
        return rc;
    }
    return s1_data_writer_commit(writer, NULL, NULL);
}

/* The same of a commit that keeps the version before: if the new one stands, the old one is kept.
 */
static void test_our_calls_fail_while_keeping(void **state)
{
    (void)state;
    const s1_bar_batch batches[2] = {make_batch(&buffers[0], 1), make_batch(&buffers[1], 2)};
    s1_duckdb *duckdb = new_duckdb(0);
    s1_data_persistor *plain = open_archive(duckdb, s1_fs_real(), in_folder("keeping"));
    assert_int_equal(save(plain, &batches[0], NULL), S1_OK);
    size_t now = 0;
    bool is_through = false;
    for (uint64_t call = 1; !is_through; call++) {
        size_t kept = 0;
        s1_fault_fs fault;
        s1_fault_fs_init(&fault, s1_fs_real());
        s1_fault_fs_fail(&fault, -1, call, EIO, call % 2 == 0);
        s1_data_persistor *archive = open_archive(duckdb, &fault.table, in_folder("keeping"));
        const s1_rc rc = write_stream(archive, &key, &batches[1 - now], true);
        s1_data_persistor_free(archive);
        is_through = fault.failures == 0;
        assert_true(call < 300);
        const bool has_new = holds(plain, &batches[1 - now]);
        assert_true(has_new || (rc != S1_OK && holds(plain, &batches[now])));
        assert_int_equal(s1_data_list_versions(plain, &key, count_versions, &kept, NULL), S1_OK);
        assert_true(kept == 1 || (kept == 0 && !has_new));
        now = has_new ? 1 - now : now;
    }
    s1_data_persistor_free(plain);
    s1_duckdb_free(duckdb);
}

/* A reader that was open before a commit gives the rows of then, or, if they are not kept, says
 * that it cannot. */
static void test_reading_while_another_writes(void **state)
{
    (void)state;
    enum { YEARS = 3, DAYS = 365 * YEARS };
    static s1_nanos time[DAYS];
    static int64_t old[DAYS], new[DAYS];
    for (size_t i = 0; i < DAYS; i++) {
        time[i] = 1577836800 * S1_NANOS_PER_SECOND + (s1_nanos)i * S1_NANOS_PER_DAY;
        old[i] = 1;
        new[i] = 2;
    }
    const s1_stream_key daily = {S1_STR("A/B"), S1_NANOS_PER_DAY, S1_DATA_OHLCV, 0, {NULL, 0}};
    const s1_bar_batch batches[2] = {{DAYS, time, old, old, old, old, old, NULL, NULL},
                                     {DAYS, time, new, new, new, new, new, NULL, NULL}};
    for (size_t round = 0; round < 6; round++) {
        const size_t read_before = round / 2;
        const bool keeps = round % 2 == 1;
        s1_duckdb *duckdb = new_duckdb(0);
        char name[32];
        (void)snprintf(name, sizeof name, "reading%zu", round);
        s1_data_persistor *archive = open_archive(duckdb, s1_fs_real(), in_folder(name));
        assert_int_equal(
            s1_data_save_ohlcv(archive, &daily, &batches[0], &save_options, NULL, NULL), S1_OK);
        s1_bar_reader *reader = NULL;
        s1_bar_batch batch = {.count = 1};
        s1_err err = S1_ERR_INIT;
        assert_int_equal(s1_data_load_ohlcv(archive, &daily, S1_RANGE_ALL, &reader, NULL), S1_OK);
        for (size_t i = 0; i < read_before; i++) {
            assert_int_equal(s1_bar_reader_next(reader, &batch, NULL), S1_OK);
        }
        assert_int_equal(write_stream(archive, &daily, &batches[1], keeps), S1_OK);
        size_t rows = batch.count * read_before;
        s1_rc rc = S1_OK;
        while (rc == S1_OK && batch.count > 0) {
            rc = s1_bar_reader_next(reader, &batch, &err);
            for (size_t i = 0; rc == S1_OK && i < batch.count; i++) {
                assert_int_equal(batch.close[i], 1);
            }
            rows += rc == S1_OK && read_before < 2 ? batch.count : 0;
        }
        assert_int_equal(rc, keeps ? S1_OK : S1_E_DATA);
        assert_true(!keeps || read_before == 2 || rows == DAYS);
        assert_true(keeps ||
                    strstr(err.msg, "read A/B 1d ohlcv: the archive was written to meanwhile"));
        s1_bar_reader_close(reader);
        s1_data_persistor_free(archive);
        s1_duckdb_free(duckdb);
    }
}

/* --- Provenance ------------------------------------------------------------------------------- */

static s1_save_result save_from(s1_data_persistor *archive, size_t row, size_t count, int64_t price,
                                const char *provenance)
{
    s1_nanos time[64];
    int64_t value[64];
    for (size_t i = 0; i < count; i++) {
        time[i] = 1577836800 * S1_NANOS_PER_SECOND + (s1_nanos)(row + i) * S1_NANOS_PER_MINUTE;
        value[i] = price;
    }
    const s1_bar_batch bars = {count, time, value, value, value, value, value, NULL, NULL};
    const s1_market_batch batch = s1_market_batch_of_bars(&bars);
    const s1_market_scales scales = {5, 2, 0};
    const s1_writer_options options = {.overlap = S1_OVERLAP_REPLACE,
                                       .provenance = s1_str_of(provenance)};
    s1_data_writer *writer = NULL;
    s1_save_result result = {0};
    assert_int_equal(s1_data_open_writer(archive, &key, &options, &writer, NULL), S1_OK);
    assert_int_equal(s1_data_writer_append(writer, &batch, &scales, NULL), S1_OK);
    assert_int_equal(s1_data_writer_commit(writer, &result, NULL), S1_OK);
    return result;
}

static void assert_provenance(s1_duckdb *duckdb, const char *file, const char *want)
{
    char sql[1200];
    s1_duckdb_stream stream;
    size_t rows;
    (void)snprintf(sql, sizeof sql,
                   "SELECT decode(value) FROM parquet_kv_metadata('%s') WHERE decode(key) = "
                   "'provenance'",
                   file);
    assert_int_equal(s1_duckdb_stream_open(duckdb, sql, "test", &stream, NULL), S1_OK);
    assert_int_equal(s1_duckdb_stream_next(&stream, "test", &rows, NULL), S1_OK);
    assert_int_equal(rows, want[0] != '\0' ? 1 : 0);
    assert_true(want[0] == '\0' || s1_str_eq_cstr(s1_duckdb_stream_text(&stream, 0, 0), want));
    s1_duckdb_stream_close(&stream);
}

/* A file names all that is in it, in one order whatever came first; the same rows change nothing,
 * wherever they come from. */
static void test_provenance(void **state)
{
    (void)state;
    const char *const file = in_folder("from/EUR_USD/1m/year=2020/ohlcv.parquet");
    s1_duckdb *duckdb = new_duckdb(0);
    s1_data_persistor *archive = open_archive(duckdb, s1_fs_real(), in_folder("from"));
    (void)save_from(archive, 0, 20, 1, "");
    assert_provenance(duckdb, file, "");
    (void)save_from(archive, 20, 20, 2, "import:it's b.csv");
    assert_provenance(duckdb, file, "import:it's b.csv");
    (void)save_from(archive, 40, 20, 3, "import:a.csv");
    assert_provenance(duckdb, file, "import:a.csv\nimport:it's b.csv");
    assert_true(save_from(archive, 10, 30, 1, "elsewhere").rows_replaced == 30);
    assert_provenance(duckdb, file, "elsewhere\nimport:a.csv\nimport:it's b.csv");
    char before[S1_SHA256_HEX];
    assert_int_equal(s1_data_get_content_hash(archive, &key, before, NULL), S1_OK);
    const s1_save_result again = save_from(archive, 40, 20, 3, "another name");
    assert_true(again.is_unchanged);
    assert_string_equal(again.content_hash, before);
    (void)save_from(archive, 0, 60, 7, "all of it");
    assert_provenance(duckdb, file, "all of it");
    s1_data_persistor_free(archive);
    s1_duckdb_free(duckdb);
}

/* The hash is kept while the files are the same; what another one writes is seen. */
static void test_hash_is_of_what_is_there(void **state)
{
    (void)state;
    s1_duckdb *duckdb = new_duckdb(0);
    s1_data_persistor *one = open_archive(duckdb, s1_fs_real(), in_folder("hash"));
    s1_data_persistor *two = open_archive(duckdb, s1_fs_real(), in_folder("hash"));
    char hash[S1_SHA256_HEX];
    for (int64_t price = 1; price < 6; price++) {
        const s1_save_result result = save_from(price % 2 == 0 ? one : two, 0, 30, price, "");
        for (int i = 0; i < 2; i++) {
            assert_int_equal(s1_data_get_content_hash(one, &key, hash, NULL), S1_OK);
            assert_string_equal(hash, result.content_hash);
            assert_int_equal(s1_data_get_content_hash(two, &key, hash, NULL), S1_OK);
            assert_string_equal(hash, result.content_hash);
        }
        s1_data_persistor *fresh = open_archive(duckdb, s1_fs_real(), in_folder("hash"));
        assert_int_equal(s1_data_get_content_hash(fresh, &key, hash, NULL), S1_OK);
        assert_string_equal(hash, result.content_hash);
        s1_data_persistor_free(fresh);
    }
    s1_data_persistor_free(one);
    s1_data_persistor_free(two);
    s1_duckdb_free(duckdb);
}

/* --- Parts ------------------------------------------------------------------------------------ */

#define PART_ROWS  (1u << 21)
#define MANY_ROWS  (2u * PART_ROWS + 1000u)
#define AT_ONCE    100000u
#define SHARE_TIME 7u /* trades with one time, over the ends of parts too */

static void write_many(s1_data_persistor *archive, const s1_stream_key *stream, size_t begin,
                       size_t end, int64_t salt, s1_save_result *ret_result)
{
    static s1_nanos time[AT_ONCE];
    static int64_t price[AT_ONCE], quantity[AT_ONCE];
    static uint8_t side[AT_ONCE];
    const s1_writer_options options = {.overlap = S1_OVERLAP_REPLACE};
    const s1_market_scales scales = {2, 8, 0};
    s1_data_writer *writer = NULL;
    assert_int_equal(s1_data_open_writer(archive, stream, &options, &writer, NULL), S1_OK);
    for (size_t row = begin; row < end;) {
        const size_t count = end - row < AT_ONCE ? end - row : AT_ONCE;
        for (size_t i = 0; i < count; i++) {
            time[i] = 1675209600 * S1_NANOS_PER_SECOND +
                      (s1_nanos)((row + i) / SHARE_TIME) * S1_NANOS_PER_SECOND;
            price[i] = (int64_t)(row + i) + salt;
            quantity[i] = (int64_t)((row + i) % 1009);
            side[i] = (uint8_t)(1 + (row + i) % 2);
        }
        const s1_market_batch batch = {count, {time, price, quantity, side}};
        assert_int_equal(s1_data_writer_append(writer, &batch, &scales, NULL), S1_OK);
        row += count;
    }
    assert_int_equal(s1_data_writer_commit(writer, ret_result, NULL), S1_OK);
}

static void assert_many(s1_data_persistor *archive, const s1_stream_key *stream, size_t salted)
{
    s1_trade_reader *reader = NULL;
    size_t row = 0;
    assert_int_equal(s1_data_load_trades(archive, stream, S1_RANGE_ALL, &reader, NULL), S1_OK);
    assert_int_equal(reader->rows_total, MANY_ROWS);
    for (s1_trade_batch batch = {.count = 1}; batch.count > 0; row += batch.count) {
        assert_int_equal(s1_trade_reader_next(reader, &batch, NULL), S1_OK);
        bool is_good = true;
        for (size_t i = 0; i < batch.count; i++) {
            is_good &= batch.price[i] == (int64_t)(row + i + (row + i >= salted ? 5 : 0));
        }
        assert_true(is_good);
    }
    assert_int_equal(row, MANY_ROWS);
    s1_trade_reader_close(reader);
}

static uint64_t inode_of(const char *name)
{
    s1_fs_info info;
    assert_int_equal(s1_fs_stat(s1_fs_real(), in_folder(name), &info, NULL), S1_OK);
    return info.inode;
}

/* More rows in a month than a file takes: parts, of which those before the change stay as they are.
 */
static void test_parts_of_a_month(void **state)
{
    (void)state;
    s1_duckdb *duckdb = new_duckdb(0);
    s1_data_persistor *archive = open_archive(duckdb, s1_fs_real(), in_folder("parts"));
    const s1_stream_key stream = {S1_STR("A/B"), 0, S1_DATA_TRADES, 0, {NULL, 0}};
    static const char *const names[] = {"parts/A_B/trades/year=2023/month=02/trades.parquet",
                                        "parts/A_B/trades/year=2023/month=02/trades-0002.parquet",
                                        "parts/A_B/trades/year=2023/month=02/trades-0003.parquet",
                                        "parts/A_B/trades/year=2023/month=02/trades-0004.parquet"};
    s1_save_result result;
    write_many(archive, &stream, 0, MANY_ROWS, 0, &result);
    assert_int_equal(result.files_written, 3);
    assert_true(s1_fs_is_file(s1_fs_real(), in_folder(names[2])));
    assert_false(s1_fs_exists(s1_fs_real(), in_folder(names[3])));
    assert_many(archive, &stream, SIZE_MAX);
    const uint64_t inodes[] = {inode_of(names[0]), inode_of(names[1])};
    /* From the middle of the second part on. */
    const size_t salted = (PART_ROWS + PART_ROWS / 2) / SHARE_TIME * SHARE_TIME;
    write_many(archive, &stream, salted, MANY_ROWS, 5, &result);
    assert_int_equal(result.rows_replaced, MANY_ROWS - salted);
    assert_int_equal(result.files_written, 2);
    assert_int_equal(inode_of(names[0]), inodes[0]);
    assert_int_not_equal(inode_of(names[1]), inodes[1]);
    assert_many(archive, &stream, salted);
    char merged[S1_SHA256_HEX];
    memcpy(merged, result.content_hash, sizeof merged);
    write_many(archive, &stream, salted, MANY_ROWS, 5, &result);
    assert_true(result.is_unchanged);
    assert_string_equal(result.content_hash, merged);
    s1_data_persistor_free(archive);
    s1_duckdb_free(duckdb);
}

/* The disk is full while DuckDB writes: a limit on the size of files gives it EFBIG. */
static void test_full_disk(void **state)
{
    (void)state;
    const s1_bar_batch old = make_batch(&buffers[0], 1);
    const s1_bar_batch new = make_batch(&buffers[1], 2);
    s1_duckdb *duckdb = new_duckdb(0);
    s1_data_persistor *archive = open_archive(duckdb, s1_fs_real(), in_folder("full"));
    assert_int_equal(save(archive, &old, NULL), S1_OK);
    (void)signal(SIGXFSZ, SIG_IGN);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    static const rlim_t limits[] = {64, 4096, 100000, 500000};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const struct rlimit limit = {limits[i], before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        s1_err err = S1_ERR_INIT;
        const s1_rc rc = save(archive, &new, &err);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(rc, S1_E_IO);
        assert_non_null(strstr(err.msg, "EUR_USD/1m/year=2020/ohlcv.parquet': IO Error: "));
        assert_false(s1_fs_exists(s1_fs_real(), next_of("full")));
        assert_true(holds(archive, &old));
    }
    (void)signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(save(archive, &new, NULL), S1_OK);
    assert_true(holds(archive, &new));
    s1_data_persistor_free(archive);
    s1_duckdb_free(duckdb);
}

/* What the child does: saves one batch, then the other, until it is killed. */
static int save_for_ever(const char *archive_path)
{
    const s1_bar_batch old = make_batch(&buffers[0], 1);
    const s1_bar_batch new = make_batch(&buffers[1], 2);
    s1_duckdb *duckdb = new_duckdb(0);
    s1_data_persistor *archive = open_archive(duckdb, s1_fs_real(), archive_path);
    while (save(archive, &new, NULL) == S1_OK && save(archive, &old, NULL) == S1_OK) {}
    return 1;
}

/* A process of its own: DuckDB's allocator and ThreadSanitizer do not go with fork alone. */
static pid_t start_child(void)
{
    char name[] = "parquet_archive_test";
    char what[] = "save-for-ever";
    char archive[800];
    (void)snprintf(archive, sizeof archive, "%s", in_folder("killed"));
    char *const arguments[] = {name, what, archive, NULL};
    pid_t child = -1;
    assert_int_equal(posix_spawn(&child, "/proc/self/exe", NULL, NULL, arguments, environ), 0);
    return child;
}

static void test_kills(void **state)
{
    (void)state;
    const s1_bar_batch old = make_batch(&buffers[0], 1);
    const s1_bar_batch new = make_batch(&buffers[1], 2);
    s1_duckdb *duckdb = new_duckdb(0);
    s1_data_persistor *archive = open_archive(duckdb, s1_fs_real(), in_folder("killed"));
    assert_int_equal(save(archive, &old, NULL), S1_OK);
    bool left_next = false;
    for (uint32_t i = 0; i < 12; i++) {
        const pid_t child = start_child();
        /* In the middle of a write, and each time a little deeper in it. */
        while (!s1_fs_exists(s1_fs_real(), next_of("killed"))) {
            assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
        }
        for (uint32_t looks = 0; looks < i * 1500; looks++) {
            (void)s1_fs_exists(s1_fs_real(), next_of("killed"));
        }
        assert_int_equal(kill(child, SIGKILL), 0);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        left_next = left_next || s1_fs_exists(s1_fs_real(), next_of("killed"));
        const bool has_new = holds(archive, &new);
        assert_true(has_new || holds(archive, &old));
    }
    assert_true(left_next); /* else no kill hit a write */
    assert_int_equal(save(archive, &new, NULL), S1_OK);
    assert_true(holds(archive, &new));
    assert_false(s1_fs_exists(s1_fs_real(), next_of("killed")));
    s1_data_persistor_free(archive);
    s1_duckdb_free(duckdb);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "save-for-ever") == 0) {
        return save_for_ever(argv[2]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_libraries),
        cmocka_unit_test(test_loaded_when_needed),
        cmocka_unit_test(test_layout_and_foreign_files),
        cmocka_unit_test(test_equity_reads_back),
        cmocka_unit_test(test_bytes_do_not_depend_on_threads),
        cmocka_unit_test(test_bad_tables),
        cmocka_unit_test(test_two_threads_share_a_database),
        cmocka_unit_test(test_our_calls_fail),
        cmocka_unit_test(test_our_calls_fail_while_keeping),
        cmocka_unit_test(test_reading_while_another_writes),
        cmocka_unit_test(test_provenance),
        cmocka_unit_test(test_hash_is_of_what_is_there),
        cmocka_unit_test(test_parts_of_a_month),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_kills),
    };
    return cmocka_run_group_tests_name("parquet archive", tests, setup_group, teardown_group);
}
