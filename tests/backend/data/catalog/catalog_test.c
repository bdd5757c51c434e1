/* The catalogue agrees with the archive, and nothing that befalls it is fatal. */
#include "backend/data/catalog/catalog.h"

#include "backend/data/persistors/parquet_persistor.h"
#include "backend/utils/timefmt.h"
#include "tests/support/cmocka.h"

#include <math.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOUR  S1_NANOS_PER_HOUR
#define START 1483228800000000000LL /* 2017-01-01, a Sunday */

typedef struct fixture {
    s1_duckdb *duckdb;
    s1_data_persistor *persistor;
    s1_fault_fs fault; /* of the catalogue and the archive: counts calls */
    char folder[256], archive[300], file[340];
} fixture;

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    const char *tmp = getenv("S1_TEST_TMP");
    (void)snprintf(f->folder, sizeof f->folder, "%s/catalogXXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(f->folder));
    (void)snprintf(f->archive, sizeof f->archive, "%s/it's 100%%? #1", f->folder);
    /* DuckDB takes '?' for a pattern: not in an archive's path */
    *strchr(f->archive, '?') = '_';
    assert_int_equal(mkdir(f->archive, 0755), 0);
    (void)snprintf(f->file, sizeof f->file, "%s/" S1_CATALOG_FILE, f->archive);
    s1_fault_fs_init(&f->fault, s1_fs_real());
    assert_int_equal(s1_duckdb_new(NULL, &f->duckdb, NULL), S1_OK);
    const s1_parquet_options options = {
        .fs = &f->fault.table, .duckdb = f->duckdb, .archive = f->archive};
    assert_int_equal(s1_parquet_persistor_new(&options, &f->persistor, NULL), S1_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    s1_data_persistor_free(f->persistor);
    s1_duckdb_free(f->duckdb);
    assert_int_equal(s1_fs_remove_tree(s1_fs_real(), f->folder, NULL), S1_OK);
    free(f);
    return 0;
}

#define OK(call)                                                                                   \
    do {                                                                                           \
        s1_err err_ = S1_ERR_INIT;                                                                 \
        if ((call) != S1_OK) {                                                                     \
            fail_msg("%s: %s", #call, err_.msg);                                                   \
        }                                                                                          \
    } while (0)

static const s1_stream_key btc = {{"BTC/USD", 7}, HOUR, S1_DATA_OHLCV, 0, {"", 0}};
static const s1_stream_key eur = {{"EUR/USD", 7}, HOUR, S1_DATA_OHLCV, 0, {"", 0}};
static const s1_stream_key ticks = {{"BTC/EUR", 7}, 0, S1_DATA_TRADES, 0, {"", 0}};

static void save_bars(fixture *f, const s1_stream_key *key, s1_nanos first, size_t count)
{
    s1_nanos *const times = malloc(count * sizeof *times);
    int64_t *const values = malloc(count * sizeof *values);
    for (size_t i = 0; i < count; i++) {
        times[i] = first + (s1_nanos)i * HOUR;
        values[i] = 100000 + (int64_t)(i * i * 7919 % 977);
    }
    const s1_bar_batch batch = {.count = count,
                                .open_time = times,
                                .open = values,
                                .high = values,
                                .low = values,
                                .close = values,
                                .volume = values};
    const s1_save_options options = {5, 2, S1_OVERLAP_REPLACE, 0};
    OK(s1_data_save_ohlcv(f->persistor, key, &batch, &options, NULL, &err_));
    free(times);
    free(values);
}

static void save_trades(fixture *f, s1_nanos first, s1_nanos step, size_t count)
{
    s1_nanos *const times = malloc(count * sizeof *times);
    int64_t *const values = malloc(count * sizeof *values);
    uint8_t *const sides = malloc(count);
    for (size_t i = 0; i < count; i++) {
        times[i] = first + (s1_nanos)i * step;
        values[i] = 1000 + (int64_t)(i % 7);
        sides[i] = S1_TRADE_BUY;
    }
    const s1_trade_batch batch = {
        .count = count, .time = times, .price = values, .quantity = values, .side = sides};
    const s1_save_options options = {2, 8, S1_OVERLAP_REPLACE, 0};
    OK(s1_data_save_trades(f->persistor, &ticks, &batch, &options, NULL, &err_));
    free(times);
    free(values);
    free(sides);
}

/* Two years of hours with a hole of ten, a week of FX, trades with a pause. */
static void fill(fixture *f)
{
    save_bars(f, &btc, START, 9000);
    save_bars(f, &btc, START + 9010 * HOUR, 500);
    save_bars(f, &eur, START + 22 * HOUR, 119); /* Sunday 22:00 to Friday 20:00 */
    save_bars(f, &eur, START + 190 * HOUR, 24); /* the Sunday after */
    save_trades(f, START, S1_NANOS_PER_SECOND, 1000);
    save_trades(f, START + 40 * 24 * HOUR, S1_NANOS_PER_SECOND, 10);
}

static s1_catalog *open_catalog(fixture *f)
{
    s1_catalog *catalog = NULL;
    OK(s1_catalog_open(&f->fault.table, f->archive, &catalog, &err_));
    return catalog;
}

static size_t sync_catalog(fixture *f, s1_catalog *catalog)
{
    size_t count = 0;
    OK(s1_catalog_sync(catalog, f->persistor, &count, &err_));
    return count;
}

/* Everything the catalogue derives from the files, as text and without ids. */
static void dump(fixture *f, s1_strbuf *text)
{
    static const char *const queries[] = {
        "SELECT source, asset_pair, data_type, timeframe_ns, rows, bytes, file_count, first_ns, "
        "last_ns, price_scale, qty_scale, spacing_ns, session, gaps, missing, fingerprint FROM "
        "dataset ORDER BY 1, 2, 3, 4",
        "SELECT d.asset_pair, d.timeframe_ns, path, f.rows, f.bytes, f.first_ns, f.last_ns, "
        "f.price_scale, f.qty_scale, sha256, modified_ns, inode FROM file f JOIN dataset d ON d.id "
        "= f.dataset_id ORDER BY path",
        "SELECT path, start_ns, end_ns, b.rows FROM block b JOIN file f ON f.id = b.file_id "
        "JOIN dataset d ON d.id = b.dataset_id AND d.id = f.dataset_id ORDER BY 1, 2",
        "SELECT asset_pair, source, content_hash, v.rows, v.bytes, v.first_ns, v.last_ns, "
        "replaced_ns, position FROM version v JOIN dataset d ON d.id = v.dataset_id ORDER BY 1, 2, "
        "position",
        "SELECT count(*) FROM block",
        "SELECT count(*) FROM file",
        "PRAGMA integrity_check",
    };
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(f->file, &db), SQLITE_OK);
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        sqlite3_stmt *s = NULL;
        assert_int_equal(sqlite3_prepare_v2(db, queries[i], -1, &s, NULL), SQLITE_OK);
        while (sqlite3_step(s) == SQLITE_ROW) {
            for (int c = 0; c < sqlite3_column_count(s); c++) {
                s1_strbuf_printf(text, "%s|", (const char *)sqlite3_column_text(s, c));
            }
            s1_strbuf_char(text, '\n');
        }
        sqlite3_finalize(s);
    }
    sqlite3_close(db);
}

static void expect_agrees(fixture *f, s1_catalog *catalog)
{
    s1_strbuf before, after;
    s1_strbuf_init(&before, 1 << 24);
    s1_strbuf_init(&after, 1 << 24);
    size_t count = 0;
    dump(f, &before);
    OK(s1_catalog_reindex(catalog, f->persistor, NULL, NULL, &count, &err_));
    dump(f, &after);
    assert_true(before.len > 100);
    assert_string_equal(s1_strbuf_cstr(&before), s1_strbuf_cstr(&after));
    s1_strbuf_done(&before);
    s1_strbuf_done(&after);
}

typedef struct seen {
    size_t count;
    s1_data_coverage blocks[16];
    s1_catalog_gap gaps[16];
    char text[1024];
} seen;

static s1_rc see_dataset(void *user, const s1_catalog_dataset *d, s1_err *err)
{
    (void)err;
    seen *const s = user;
    char name[S1_STREAM_TEXT_MAX];
    const size_t length = strlen(s->text);
    (void)snprintf(s->text + length, sizeof s->text - length, "%s %llu %u %llu %llu\n",
                   s1_stream_key_format(&d->key, name), (unsigned long long)d->rows, d->file_count,
                   (unsigned long long)d->gaps, (unsigned long long)d->missing);
    s->count++;
    return S1_OK;
}

static s1_rc see_block(void *user, const s1_data_coverage *block, s1_err *err)
{
    (void)err;
    seen *const s = user;
    s->blocks[s->count++] = *block;
    return S1_OK;
}

static s1_rc see_gap(void *user, const s1_catalog_gap *gap, s1_err *err)
{
    (void)err;
    seen *const s = user;
    s->gaps[s->count++] = *gap;
    return S1_OK;
}

static void expect_list(s1_catalog *catalog, const char *text)
{
    seen s = {0};
    OK(s1_catalog_visit_datasets(catalog, see_dataset, &s, &err_));
    assert_string_equal(s.text, text);
}

static const char *const whole = "BTC/EUR trades 1010 2 1 0\n"
                                 "BTC/USD 1h ohlcv 9500 2 1 10\n"
                                 "EUR/USD 1h ohlcv 143 1 0 0\n";

static void it_tells_what_is_there(void **state)
{
    fixture *f = *state;
    fill(f);
    s1_catalog *catalog = open_catalog(f);
    assert_int_equal(sync_catalog(f, catalog), 3);
    expect_list(catalog, whole);
    s1_catalog_dataset d;
    OK(s1_catalog_find(catalog, &btc, &d, &err_));
    assert_int_equal(d.first, START);
    assert_int_equal(d.last, START + 9509 * HOUR);
    assert_true(fabs(d.completeness - 9500.0 / 9510.0) < 1e-12);
    assert_string_equal(d.session, "always");
    OK(s1_catalog_find(catalog, &ticks, &d, &err_));
    assert_true(isnan(d.completeness));
    seen s = {0};
    OK(s1_catalog_visit_gaps(catalog, &btc, S1_RANGE_ALL, NULL, see_gap, &s, &err_));
    assert_int_equal(s.count, 1);
    assert_int_equal(s.gaps[0].first, START + 9000 * HOUR);
    assert_int_equal(s.gaps[0].last, START + 9009 * HOUR);
    s = (seen){0};
    OK(s1_catalog_visit_coverage(catalog, &btc, S1_RANGE_ALL, see_block, &s, &err_));
    assert_int_equal(s.count, 2); /* the turn of the year is no edge */
    assert_int_equal(s.blocks[0].trade_count, 9000);
    assert_int_equal(s.blocks[1].start_time, START + 9010 * HOUR);
    s1_err err = S1_ERR_INIT;
    const s1_stream_key none = {{"ETH/USD", 7}, HOUR, S1_DATA_OHLCV, 0, {"", 0}};
    assert_int_equal(s1_catalog_find(catalog, &none, &d, &err), S1_E_NOT_FOUND);
    assert_non_null(strstr(err.msg, "found no ETH/USD 1h ohlcv"));
    s1_catalog_close(catalog);
}

static void ranges_cut_coverage_and_gaps(void **state)
{
    fixture *f = *state;
    fill(f);
    s1_catalog *catalog = open_catalog(f);
    (void)sync_catalog(f, catalog);
    static const struct {
        int64_t from, to; /* hours */
        size_t blocks, gaps;
    } cases[] = {
        {0, 9000, 1, 0},    {0, 9001, 1, 1},    {9003, 9004, 0, 1}, {9010, 9011, 1, 0},
        {9009, 9010, 0, 1}, {8999, 9011, 2, 1}, {-50, -10, 0, 0},   {9510, 9999, 0, 0},
        {9509, 9999, 1, 0}, {50, 40, 0, 0},     {-50, 9999, 2, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const s1_time_range range = {START + cases[i].from * HOUR, START + cases[i].to * HOUR};
        seen s = {0};
        OK(s1_catalog_visit_coverage(catalog, &btc, range, see_block, &s, &err_));
        if (s.count != cases[i].blocks) {
            fail_msg("case %zu: %zu blocks", i, s.count);
        }
        s = (seen){0};
        OK(s1_catalog_visit_gaps(catalog, &btc, range, NULL, see_gap, &s, &err_));
        if (s.count != cases[i].gaps) {
            fail_msg("case %zu: %zu gaps", i, s.count);
        }
    }
    s1_catalog_close(catalog);
}

static void refreshing_is_reindexing(void **state)
{
    fixture *f = *state;
    fill(f);
    s1_catalog *catalog = open_catalog(f);
    (void)sync_catalog(f, catalog);
    expect_agrees(f, catalog);
    save_bars(f, &btc, START + 9005 * HOUR, 5); /* a part of the hole, in one file */
    OK(s1_catalog_refresh_stream(catalog, f->persistor, &btc, &err_));
    expect_agrees(f, catalog);
    save_bars(f, &btc, START - 100 * HOUR, 50); /* another year, before */
    save_trades(f, START + 10 * 24 * HOUR, S1_NANOS_PER_SECOND, 5);
    assert_int_equal(sync_catalog(f, catalog), 2);
    assert_int_equal(sync_catalog(f, catalog), 0);
    expect_agrees(f, catalog);
    char path[S1_PATH_MAX];
    OK(s1_parquet_stream_folder(f->persistor, &eur, path, &err_));
    OK(s1_fs_remove_tree(s1_fs_real(), path, &err_));
    assert_int_equal(sync_catalog(f, catalog), 1);
    expect_list(catalog, "BTC/EUR trades 1015 2 2 0\nBTC/USD 1h ohlcv 9555 3 2 55\n");
    expect_agrees(f, catalog);
    s1_catalog_close(catalog);
}

static void nothing_is_opened_where_nothing_changed(void **state)
{
    fixture *f = *state;
    fill(f);
    s1_catalog *catalog = open_catalog(f);
    (void)sync_catalog(f, catalog);
    s1_catalog_close(catalog);
    const uint64_t opened = f->fault.calls_of[S1_FS_OP_OPEN];
    catalog = open_catalog(f);
    assert_int_equal(sync_catalog(f, catalog), 0);
    expect_list(catalog, whole);
    seen s = {0};
    OK(s1_catalog_visit_coverage(catalog, &eur, S1_RANGE_ALL, see_block, &s, &err_));
    assert_int_equal(s.count, 2);
    s1_catalog_close(catalog);
    assert_int_equal(f->fault.calls_of[S1_FS_OP_OPEN], opened);
}

/* --- Damage ------------------------------------------------------------------------------------
 */

static void write_bytes(const char *path, const void *bytes, size_t length)
{
    FILE *const file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void damaged_is_rebuilt(void **state)
{
    fixture *f = *state;
    fill(f);
    s1_catalog *catalog = open_catalog(f);
    (void)sync_catalog(f, catalog);
    s1_catalog_close(catalog);
    struct stat info;
    assert_int_equal(stat(f->file, &info), 0);
    char *const garbage = malloc(20000);
    for (size_t i = 0; i < 20000; i++) {
        garbage[i] = (char)(i * 7919 % 251);
    }
    for (int fault = 0; fault < 6; fault++) {
        switch (fault) {
        case 0:
            assert_int_equal(truncate(f->file, info.st_size / 2), 0);
            break;
        case 1:
            write_bytes(f->file, garbage, 20000);
            break;
        case 2:
            assert_int_equal(truncate(f->file, 100), 0);
            break;
        case 3:
            write_bytes(f->file, "", 0);
            break;
        case 4:
            assert_int_equal(unlink(f->file), 0);
            break;
        default: { /* a header that is right, and garbage behind it */
            FILE *const file = fopen(f->file, "r+b");
            assert_non_null(file);
            assert_int_equal(fseek(file, 4096, SEEK_SET), 0);
            assert_int_equal(fwrite(garbage, 1, 20000, file), 20000);
            assert_int_equal(fclose(file), 0);
        }
        }
        catalog = open_catalog(f);
        assert_int_equal(sync_catalog(f, catalog), 3);
        expect_list(catalog, whole);
        assert_true(fault == 3 || fault == 4 ||
                    strstr(s1_catalog_notice(catalog), "damaged") != NULL);
        expect_agrees(f, catalog);
        s1_catalog_close(catalog);
    }
    free(garbage);
}

static void alter(const fixture *f, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(f->file, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void versions_are_told_apart(void **state)
{
    fixture *f = *state;
    fill(f);
    /* Somebody else's database. */
    alter(f, "CREATE TABLE songs(name TEXT)");
    s1_catalog *catalog = open_catalog(f);
    assert_non_null(strstr(s1_catalog_notice(catalog), "put aside as catalog.db.damaged"));
    (void)sync_catalog(f, catalog);
    s1_catalog_close(catalog);
    /* An older one of ours: what came later is added. */
    alter(f, "DROP TABLE version; PRAGMA user_version = 2");
    catalog = open_catalog(f);
    assert_string_equal(s1_catalog_notice(catalog), "");
    expect_list(catalog, whole);
    s1_catalog_close(catalog);
    /* A newer one: refused, kept, and the data reads. */
    alter(f, "PRAGMA user_version = 99; CREATE TABLE of_tomorrow(x)");
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_catalog_open(&f->fault.table, f->archive, &catalog, &err),
                     S1_E_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "found version 99, expected at most 3: a newer s1mpletrader "
                                    "made it; the data is readable without it"));
    assert_false(
        s1_catalog_note_commit(&f->fault.table, f->archive, f->persistor, &btc, NULL, &err));
    alter(f, "INSERT INTO of_tomorrow VALUES(1)");
    s1_archive_info archive_info = {.size = sizeof archive_info};
    OK(s1_data_get_info(f->persistor, &btc, &archive_info, &err_));
    assert_int_equal(archive_info.rows, 9500);
}

static void locked_is_no_damage(void **state)
{
    fixture *f = *state;
    fill(f);
    s1_catalog *catalog = open_catalog(f);
    (void)sync_catalog(f, catalog);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(f->file, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    /* Who reads does not wait for who writes. */
    s1_catalog *other = open_catalog(f);
    assert_int_equal(sync_catalog(f, other), 0);
    expect_list(other, whole);
    save_bars(f, &btc, START + 9005 * HOUR, 5);
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_catalog_sync(other, f->persistor, NULL, &err), S1_E_DENIED);
    assert_non_null(strstr(err.msg, "another process has been writing to it"));
    /* Who asks is told what is there. */
    OK(s1_catalog_catch_up(other, f->persistor, NULL, &err_));
    assert_non_null(strstr(s1_catalog_notice(other), "what is told may be old: catalogue of"));
    expect_list(other, whole);
    s1_catalog_close(other);
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(sync_catalog(f, catalog), 1);
    expect_agrees(f, catalog);
    s1_catalog_close(catalog);
}

/* Runs `body` as a user who may not write, and fails with it. */
static void as_reader(fixture *f, void (*body)(fixture *))
{
    assert_int_equal(chmod(f->folder, 0755), 0);
    assert_int_equal(chmod(f->archive, 0555), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (geteuid() == 0 && setuid(65534) != 0) {
            _exit(3);
        }
        body(f);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(chmod(f->archive, 0755), 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

#define NEED(number, condition)                                                                    \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            _exit(number);                                                                         \
        }                                                                                          \
    } while (0)

static void read_only_with_catalog(fixture *f)
{
    s1_catalog *catalog = NULL;
    NEED(10, s1_catalog_open(&f->fault.table, f->archive, &catalog, NULL) == S1_OK);
    NEED(11, s1_catalog_notice(catalog)[0] == '\0');
    seen s = {0};
    NEED(12, s1_catalog_visit_datasets(catalog, see_dataset, &s, NULL) == S1_OK);
    NEED(13, strcmp(s.text, whole) == 0);
    NEED(14, s1_catalog_sync(catalog, f->persistor, NULL, NULL) == S1_OK);
    const s1_catalog_import import = {.at = 1};
    NEED(15, s1_catalog_add_import(catalog, &btc, &import, NULL) == S1_E_DENIED);
    s1_catalog_close(catalog);
}

/* Without a catalogue, and with one that is old. */
static void read_only_without_catalog(fixture *f)
{
    s1_catalog *catalog = NULL;
    NEED(20, s1_catalog_open(&f->fault.table, f->archive, &catalog, NULL) == S1_OK);
    /* What DuckDB holds does not cross a fork. */
    s1_duckdb *duckdb = NULL;
    s1_data_persistor *persistor = NULL;
    NEED(25, s1_duckdb_new(NULL, &duckdb, NULL) == S1_OK);
    const s1_parquet_options options = {
        .fs = &f->fault.table, .duckdb = duckdb, .archive = f->archive};
    NEED(26, s1_parquet_persistor_new(&options, &persistor, NULL) == S1_OK);
    NEED(22, s1_catalog_sync(catalog, persistor, NULL, NULL) == S1_OK);
    NEED(21, strstr(s1_catalog_notice(catalog), "cannot be written") != NULL);
    seen s = {0};
    NEED(23, s1_catalog_visit_datasets(catalog, see_dataset, &s, NULL) == S1_OK);
    NEED(24, strcmp(s.text, whole) == 0);
    s1_catalog_close(catalog);
}

static void a_folder_that_cannot_be_written(void **state)
{
    fixture *f = *state;
    fill(f);
    as_reader(f, read_only_without_catalog);
    s1_catalog *catalog = open_catalog(f);
    (void)sync_catalog(f, catalog);
    s1_catalog_close(catalog);
    as_reader(f, read_only_with_catalog);
    alter(f, "UPDATE dataset SET rows = 1; UPDATE file SET bytes = 1");
    as_reader(f, read_only_without_catalog);
}

static void die(int signal)
{
    (void)signal;
    (void)kill(getpid(), SIGKILL);
}

/* A process that refreshes is killed at some moment, again and again. */
static void killed_while_refreshing(void **state)
{
    fixture *f = *state;
    fill(f);
    for (unsigned i = 0; i < 20; i++) {
        save_bars(f, &btc, START + (9005 + (int64_t)(i % 4)) * HOUR, 1 + i % 3);
        save_trades(f, START + 10 * 24 * HOUR, S1_NANOS_PER_SECOND, 1 + i);
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            const struct itimerval moment = {.it_value.tv_usec = 20000 + i * 7919 % 90 * 1000};
            NEED(6, signal(SIGALRM, die) != SIG_ERR && setitimer(ITIMER_REAL, &moment, NULL) == 0);
            /* Everything anew: what SQLite and DuckDB hold does not cross a fork. */
            s1_duckdb *duckdb = NULL;
            s1_data_persistor *persistor = NULL;
            s1_catalog *catalog = NULL;
            const s1_fs *const fs = s1_fs_real();
            NEED(2, s1_duckdb_new(NULL, &duckdb, NULL) == S1_OK);
            NEED(3, s1_parquet_persistor_new(
                        &(s1_parquet_options){.fs = fs, .duckdb = duckdb, .archive = f->archive},
                        &persistor, NULL) == S1_OK);
            for (;;) {
                NEED(4, s1_catalog_open(fs, f->archive, &catalog, NULL) == S1_OK);
                NEED(5, s1_catalog_reindex(catalog, persistor, NULL, NULL, NULL, NULL) == S1_OK);
                s1_catalog_close(catalog);
            }
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        s1_catalog *catalog = open_catalog(f);
        assert_string_equal(s1_catalog_notice(catalog), "");
        (void)sync_catalog(f, catalog);
        expect_agrees(f, catalog);
        s1_catalog_close(catalog);
    }
}

/* Another process commits again and again: what is told is always one version of it, whole. */
static void a_writer_beside(void **state)
{
    fixture *f = *state;
    save_bars(f, &btc, START, 100);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        s1_duckdb *duckdb = NULL;
        NEED(2, s1_duckdb_new(NULL, &duckdb, NULL) == S1_OK);
        const s1_parquet_options options = {
            .fs = s1_fs_real(), .duckdb = duckdb, .archive = f->archive};
        fixture other = {.duckdb = duckdb};
        NEED(3, s1_parquet_persistor_new(&options, &other.persistor, NULL) == S1_OK);
        for (int64_t i = 0; i < 30; i++) { /* hundreds of bars, over one to four years */
            save_bars(&other, &btc, START + i % 4 * 9000 * HOUR, 100 + (size_t)i * 100);
        }
        _exit(0);
    }
    s1_catalog *catalog = open_catalog(f);
    int status = 0;
    size_t rounds = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
        (void)sync_catalog(f, catalog);
        assert_string_equal(s1_catalog_notice(catalog), "");
        s1_catalog_dataset d;
        seen s = {0};
        OK(s1_catalog_find(catalog, &btc, &d, &err_));
        OK(s1_catalog_visit_coverage(catalog, &btc, S1_RANGE_ALL, see_block, &s, &err_));
        uint64_t rows = 0;
        for (size_t i = 0; i < s.count; i++) {
            rows += s.blocks[i].trade_count;
        }
        assert_int_equal(rows, d.rows);
        assert_int_equal(rows % 100, 0);
        rounds++;
    }
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_true(rounds > 3);
    (void)sync_catalog(f, catalog);
    expect_agrees(f, catalog);
    s1_catalog_close(catalog);
}

/* Bytes of it are wrong, here and there: nothing breaks, and a reindex mends what it told. */
static void any_byte_may_be_wrong(void **state)
{
    fixture *f = *state;
    fill(f);
    s1_catalog *catalog = open_catalog(f);
    (void)sync_catalog(f, catalog);
    s1_catalog_close(catalog);
    s1_strbuf good;
    s1_strbuf_init(&good, 1 << 24);
    OK(s1_fs_read_all(s1_fs_real(), f->file, 1 << 24, &good, &err_));
    uint64_t random = 88172645463325252ULL;
    for (size_t round = 0; round < 40; round++) {
        char *const bytes = malloc(good.len);
        memcpy(bytes, good.data, good.len);
        for (size_t k = 0; k < 1 + round % 40; k++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            bytes[random % good.len] = (char)(random >> 32);
        }
        write_bytes(f->file, bytes, good.len);
        free(bytes);
        catalog = NULL;
        s1_err err = S1_ERR_INIT;
        const s1_rc rc = s1_catalog_open(&f->fault.table, f->archive, &catalog, &err);
        if (rc == S1_E_UNSUPPORTED) { /* the byte of the version */
            assert_int_equal(unlink(f->file), 0);
            continue;
        }
        assert_int_equal(rc, S1_OK);
        OK(s1_catalog_sync(catalog, f->persistor, NULL, &err_));
        seen s = {0};
        const s1_rc asked = s1_catalog_visit_datasets(catalog, see_dataset, &s, &err);
        assert_true(asked == S1_OK || asked == S1_E_DATA);
        OK(s1_catalog_reindex(catalog, f->persistor, NULL, NULL, NULL, &err_));
        expect_list(catalog, whole);
        s1_catalog_close(catalog);
    }
    s1_strbuf_done(&good);
}

static void a_corrupt_file_hides_no_other_stream(void **state)
{
    fixture *f = *state;
    fill(f);
    char path[S1_PATH_MAX];
    OK(s1_parquet_stream_folder(f->persistor, &btc, path, &err_));
    (void)snprintf(path + strlen(path), sizeof path - strlen(path), "/year=2018/ohlcv.parquet");
    write_bytes(path, "no parquet at all", 17);
    s1_catalog *catalog = open_catalog(f);
    (void)sync_catalog(f, catalog);
    expect_list(catalog, "BTC/EUR trades 1010 2 1 0\nEUR/USD 1h ohlcv 143 1 0 0\n");
    assert_non_null(strstr(s1_catalog_notice(catalog), "BTC/USD 1h ohlcv is left out: "));
    s1_catalog_close(catalog);
}

/* --- Sources and former versions -----------------------------------------------------------------
 */

static s1_rc see_version(void *user, const s1_data_version *version, s1_err *err)
{
    (void)err;
    seen *const s = user;
    const size_t length = strlen(s->text);
    (void)snprintf(s->text + length, sizeof s->text - length, "%.8s %llu\n", version->content_hash,
                   (unsigned long long)version->rows);
    s->count++;
    return S1_OK;
}

static void sources_and_versions_are_told(void **state)
{
    fixture *f = *state;
    const s1_stream_key kraken = {{"BTC/USD", 7}, HOUR, S1_DATA_OHLCV, 0, {"kraken", 6}};
    save_bars(f, &btc, START, 100);
    save_bars(f, &kraken, START, 50);
    s1_catalog *catalog = open_catalog(f);
    (void)sync_catalog(f, catalog);
    expect_list(catalog, "BTC/USD 1h ohlcv 100 1 0 0\nkraken:BTC/USD 1h ohlcv 50 1 0 0\n");
    /* Two more versions of the one, kept. */
    char hashes[2][S1_SHA256_HEX], expected[64];
    const s1_writer_options options = {.overlap = S1_OVERLAP_REPLACE, .keep_former = true};
    for (int64_t i = 0; i < 2; i++) {
        OK(s1_data_get_content_hash(f->persistor, &btc, hashes[i], &err_));
        s1_data_writer *writer = NULL;
        const s1_nanos time = START + (100 + i) * HOUR;
        const int64_t price = 100000 + i;
        const s1_market_batch batch = {1, {&time, &price, &price, &price, &price, &price}};
        const s1_market_scales scales = {.price = 5, .qty = 2};
        OK(s1_data_open_writer(f->persistor, &btc, &options, &writer, &err_));
        OK(s1_data_writer_append(writer, &batch, &scales, &err_));
        OK(s1_data_writer_commit(writer, NULL, &err_));
    }
    OK(s1_catalog_refresh_stream(catalog, f->persistor, &btc, &err_));
    seen s = {0};
    OK(s1_catalog_visit_versions(catalog, &btc, see_version, &s, &err_));
    (void)snprintf(expected, sizeof expected, "%.8s 100\n%.8s 101\n", hashes[0], hashes[1]);
    assert_string_equal(s.text, expected);
    s1_catalog_dataset d;
    OK(s1_catalog_find(catalog, &btc, &d, &err_));
    assert_int_equal(d.versions, 2);
    expect_agrees(f, catalog);
    uint64_t removed = 0;
    OK(s1_data_prune_versions(f->persistor, &btc, 1, &removed, &err_));
    assert_int_equal(removed, 1);
    OK(s1_catalog_refresh_stream(catalog, f->persistor, &btc, &err_));
    s = (seen){0};
    OK(s1_catalog_visit_versions(catalog, &btc, see_version, &s, &err_));
    assert_string_equal(s.text, expected + 13);
    expect_agrees(f, catalog);
    s1_catalog_close(catalog);
}

/* --- What is remembered --------------------------------------------------------------------------
 */

static s1_rc see_import(void *user, const s1_catalog_import *import, s1_err *err)
{
    (void)err;
    seen *const s = user;
    const size_t length = strlen(s->text);
    (void)snprintf(s->text + length, sizeof s->text - length, "%lld %.*s %.*s %.*s %llu/%llu;",
                   (long long)import->at, S1_STR_ARG(import->who), S1_STR_ARG(import->file),
                   S1_STR_ARG(import->profile), (unsigned long long)import->rows,
                   (unsigned long long)import->rejects);
    return S1_OK;
}

static s1_rc see_finding(void *user, const s1_quality_finding *finding, s1_err *err)
{
    (void)err;
    seen *const s = user;
    const size_t length = strlen(s->text);
    (void)snprintf(s->text + length, sizeof s->text - length, "%s %llu %s/%s;",
                   s1_quality_kind_name(finding->kind), (unsigned long long)finding->rows,
                   finding->found, finding->expected);
    return S1_OK;
}

static void imports_and_findings_are_remembered(void **state)
{
    fixture *f = *state;
    fill(f);
    s1_err why = S1_ERR_INIT;
    const s1_catalog_import import = {.at = 77,
                                      .who = S1_STR("import"),
                                      .file = S1_STR("XBTUSD_60.csv"),
                                      .profile = S1_STR("kraken"),
                                      .rows = 9500,
                                      .rejects = 3};
    assert_true(
        s1_catalog_note_commit(&f->fault.table, f->archive, f->persistor, &btc, &import, &why));
    s1_catalog *catalog = open_catalog(f);
    (void)sync_catalog(f, catalog);
    s1_quality_options options = {.findings_max = 100, .as_of = S1_QUALITY_AS_OF_NEVER};
    s1_quality_report *report = NULL;
    OK(s1_quality_check(f->persistor, &btc, S1_RANGE_ALL, &options, &report, &err_));
    s1_catalog_check check = {.at = 88, .session = S1_STR("always"), .report = report};
    OK(s1_catalog_put_findings(catalog, &btc, &check, &err_));
    OK(s1_catalog_put_findings(catalog, &btc, &check, &err_));
    s1_catalog_dataset d;
    OK(s1_catalog_find(catalog, &btc, &d, &err_));
    assert_int_equal(d.checked_at, 88);
    assert_int_equal(d.errors, 0);
    assert_int_equal(d.warnings, 1);
    assert_false(d.is_check_old);
    /* They outlive a reindex; a change of the files makes the findings old. */
    OK(s1_catalog_reindex(catalog, f->persistor, NULL, NULL, NULL, &err_));
    save_bars(f, &btc, START + 9000 * HOUR, 10);
    (void)sync_catalog(f, catalog);
    seen s = {0};
    OK(s1_catalog_visit_imports(catalog, &btc, see_import, &s, &err_));
    assert_string_equal(s.text, "77 import XBTUSD_60.csv kraken 9500/3;");
    s = (seen){0};
    OK(s1_catalog_visit_findings(catalog, &btc, see_finding, &s, &err_));
    assert_string_equal(s.text, "hole 10 0 bars/10 bars;");
    OK(s1_catalog_find(catalog, &btc, &d, &err_));
    assert_true(d.is_check_old);
    s1_err err = S1_ERR_INIT;
    const s1_stream_key none = {{"ETH/USD", 7}, HOUR, S1_DATA_OHLCV, 0, {"", 0}};
    assert_int_equal(s1_catalog_put_findings(catalog, &none, &check, &err), S1_E_NOT_FOUND);
    s1_quality_report_free(report);
    s1_catalog_close(catalog);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(it_tells_what_is_there),
        TEST(ranges_cut_coverage_and_gaps),
        TEST(refreshing_is_reindexing),
        TEST(nothing_is_opened_where_nothing_changed),
        TEST(damaged_is_rebuilt),
        TEST(versions_are_told_apart),
        TEST(locked_is_no_damage),
        TEST(a_folder_that_cannot_be_written),
        TEST(killed_while_refreshing),
        TEST(a_writer_beside),
        TEST(any_byte_may_be_wrong),
        TEST(a_corrupt_file_hides_no_other_stream),
        TEST(sources_and_versions_are_told),
        TEST(imports_and_findings_are_remembered),
    };
    return cmocka_run_group_tests_name("catalog", tests, NULL, NULL);
}
