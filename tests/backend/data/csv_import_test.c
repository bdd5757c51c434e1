/* CSV files into archives: every fault with its exact message, real files, policies. */
#include "backend/data/ingest/data_import.h"
#include "backend/data/persistors/memory_persistor.h"
#include "backend/data/persistors/parquet_persistor.h"
#include "backend/utils/timefmt.h"
#include "tests/support/cmocka.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[256];
static char path[400];
static const s1_stream_key key = {{"BTC/EUR", 7}, S1_NANOS_PER_MINUTE, S1_DATA_OHLCV, 0, {NULL, 0}};

static int setup_group(void **state)
{
    (void)state;
    const char *tmp = getenv("S1_TEST_TMP");
    (void)snprintf(folder, sizeof folder, "%s/importXXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/in.csv", folder);
    return 0;
}

static int teardown_group(void **state)
{
    (void)state;
    assert_int_equal(s1_fs_remove_tree(s1_fs_real(), folder, NULL), S1_OK);
    return 0;
}

static s1_data_import_options options_for(s1_data_persistor *archive, const char *profile)
{
    return (s1_data_import_options){.fs = s1_fs_real(),
                                    .archive = archive,
                                    .file = path,
                                    .profile = s1_str_of(profile),
                                    .key = key,
                                    .price_scale = S1_SCALE_DETECT,
                                    .qty_scale = S1_SCALE_DETECT};
}

static void write_file(const char *content, size_t len)
{
    const s1_str text = {content, len};
    assert_int_equal(s1_fs_write_file(s1_fs_real(), path, text, NULL), S1_OK);
}

static bool is_empty(s1_data_persistor *archive)
{
    s1_archive_info info;
    return s1_data_get_info(archive, &key, &info, NULL) == S1_E_NOT_FOUND;
}

/* --- Faults ----------------------------------------------------------------------------------- */

#define HEAD   "timestamp,open,high,low,close,volume\n"
#define GOOD   "2020-01-01 00:00:00,10.0,12.5,9.25,11,3\n"
#define KRAKEN "1577836800,10.0,12.5,9.25,11,3,7\n"

typedef struct bad_file {
    const char *profile;
    const char *content;
    s1_rc code;
    const char *message; /* behind the path */
} bad_file;

static const bad_file bad_files[] = {
    {"generic", "", S1_E_DATA, ":1:1: file: found nothing, expected rows of data"},
    {"generic", HEAD, S1_E_DATA, ":2:1: rows: found none, expected at least one"},
    {"generic", "\n\n", S1_E_DATA, ":2:1: header: found '', expected a header line behind it"},
    {"generic", "\x1f\x8b\x08 gz", S1_E_DATA,
     ":1:1: file: found gzip data that is damaged, expected a whole gzip file"},
    {"generic", "PK\x03\x04 zip", S1_E_DATA,
     ":1:1: file: found a zip archive that does not open (Not a zip archive), expected a whole "
     "one"},
    {"generic", "BZh91AY", S1_E_UNSUPPORTED,
     ":1:1: file: found bzip2 data, expected plain text, gzip or zip (convert it first: "
     "docs/data.md)"},
    {"generic", "timestamp,open,high,low,volume\n" GOOD, S1_E_DATA,
     ":1:1: header: found 'timestamp,open,high,low,volume', expected a column close 'close'"},
    {"backtesting", HEAD GOOD, S1_E_DATA,
     ":1:1: header: found 'timestamp,open,high,low,close,volume', expected a column time 'without "
     "a name'"},
    {"cdd", "https://x\nDate,Open,High,Low,Close,Volume BTC\n", S1_E_DATA,
     ":2:1: header: found 'Date,Open,High,Low,Close,Volume BTC', expected a column time "
     "'unix|unix timestamp'"},
    {"generic", HEAD GOOD "2020-01-01 00:01:00,10.0,12.5\n", S1_E_DATA,
     ":3:1: row: found '3 fields', expected 6 fields"},
    {"generic", HEAD GOOD "2020-01-01 00:01:00,10,12,9,11,3,4\n", S1_E_DATA,
     ":3:1: row: found '7 fields', expected 6 fields"},
    {"kraken", KRAKEN "1577836860,10.0,12.5,9.25,11,3.5,11,8,9\n", S1_E_DATA,
     ":2:1: row: found '9 fields', expected 7 or 8 fields"},
    {"generic", HEAD GOOD "\n2020-01-01 00:01:00,10,12,9,11,3\n", S1_E_DATA,
     ":3:1: row: found an empty line, expected a row"},
    {"generic", HEAD "2020-01-01 00:00:00,10.0,12.x5,9.25,11,3\n", S1_E_DATA,
     ":2:26: high: found '12.x5', expected a decimal number"},
    {"generic", HEAD "2020-01-01 00:00:00,,12,9,11,3\n", S1_E_DATA,
     ":2:21: open: found '', expected a decimal number"},
    {"generic", HEAD "2020-01-01 00:00:00,10,12,9,nan,3\n", S1_E_DATA,
     ":2:29: close: found 'nan', expected a decimal number"},
    {"generic", HEAD "2020-01-01 00:00:00,10,12,9,1 1,3\n", S1_E_DATA,
     ":2:29: close: found '1 1', expected a decimal number"},
    {"generic", HEAD "2020-01-01 00:00:00,10,12,9,+11,3\n", S1_E_DATA,
     ":2:29: close: found '+11', expected a decimal number"},
    {"generic", HEAD "2020-01-01 00:00:00,10,12,9,11,1234567890123456789\n", S1_E_DATA,
     ":2:32: volume: found '1234567890123456789', expected at most 18 significant digits "
     "(--qty-scale N --round-quantity rounds)"},
    {"generic", HEAD "2020-01-01 00:00:00,10,12,9,11,0.0000000000000000001\n", S1_E_DATA,
     ":2:32: volume: found '0.0000000000000000001', expected at most 18 decimals (--qty-scale N "
     "--round-quantity rounds)"},
    {"generic",
     HEAD GOOD "2020-01-01 00:01:00,10,12,9,11,1234567890123.5\n"
               "2020-01-01 00:02:00,10,12,9,11,0.000001\n",
     S1_E_DATA,
     ":4:32: volume: found '0.000001', expected fewer decimals: with 6 of them an earlier row has "
     "over 18 digits (--qty-scale N --round-quantity rounds)"},
    {"generic",
     HEAD "2020-01-01 00:00:00,10,12,9,11,0.000001\n"
          "2020-01-01 00:01:00,10,12,9,11,1234567890123\n",
     S1_E_DATA,
     ":3:32: volume: found '1234567890123', expected at most 18 digits at the 6 decimals of its "
     "column (--qty-scale N --round-quantity rounds)"},
    {"generic", HEAD "01/02/2020,10,12,9,11,3\n", S1_E_DATA,
     ":2:1: time: found '01/02/2020', expected a UTC time like 2017-04-19 09:00:00, unix seconds "
     "or milliseconds"},
    {"generic", HEAD "2020-02-30 00:00:00,10,12,9,11,3\n", S1_E_DATA,
     ":2:1: time: found '2020-02-30 00:00:00', expected a UTC time like 2017-04-19 09:00:00"},
    {"kraken", "2020-01-01,10,12,9,11,3,7\n", S1_E_DATA,
     ":1:1: time: found '2020-01-01', expected unix seconds"},
    {"w1", "ts_ms,open,high,low,close,volume\n1577836800000.x,1,1,1,1,1\n", S1_E_DATA,
     ":2:1: time: found '1577836800000.x', expected unix milliseconds"},
    {"generic", HEAD "2020-01-01 00:00:30,10,12,9,11,3\n", S1_E_DATA,
     ":2:1: time: found '2020-01-01 00:00:30', expected a multiple of 1m"},
    {"generic",
     "timestamp,open,high,low,close,volume,id\n1577836800,1,1,1,1,1,1\n1577836860,1,1,1,1,1,2\n"
     "1577836860,1,1,1,1,1,3\n",
     S1_E_DATA,
     ":4:1: time: found '1577836860', expected later than 2020-01-01 00:01:00 of line 3 (a "
     "duplicate)"},
    {"generic", HEAD GOOD GOOD, S1_E_DATA,
     ":3:1: time: found '2020-01-01 00:00:00', expected later than 2020-01-01 00:00:00 of line 2 "
     "(a duplicate)"},
    {"generic", HEAD GOOD "2020-01-01 00:01:00,10,12,9,11,3\n2020-01-01 00:00:00,10,12,9,11,3\n",
     S1_E_DATA,
     ":4:1: time: found '2020-01-01 00:00:00', expected later than 2020-01-01 00:01:00 of line 3"},
    {"generic", HEAD GOOD "2019-12-31 23:59:00,10,12,9,11,3\n2020-01-01 00:01:00,10,12,9,11,3\n",
     S1_E_DATA,
     ":4:1: time: found '2020-01-01 00:01:00', expected earlier than 2019-12-31 23:59:00 of line "
     "3"},
    {"cdd",
     "unix,open,high,low,close,Volume BTC\n1577836800,10,12,9,11,3\n1577836860,10,12,9,11,3\n",
     S1_E_DATA,
     ":3:1: time: found '1577836860', expected earlier than 2020-01-01 00:00:00 of line 2"},
    {"generic", HEAD "2020-01-01 00:00:00,0.0,12,0.0,11,3\n", S1_E_DATA,
     ":2:21: open: found '0.0', expected above 0"},
    {"generic", HEAD "2020-01-01 00:00:00,10,12,-9,11,3\n", S1_E_DATA,
     ":2:27: low: found '-9', expected above 0"},
    {"generic", HEAD "2020-01-01 00:00:00,10,8.5,9,11,3\n", S1_E_DATA,
     ":2:24: high: found '8.5', expected at or above the low '9'"},
    {"generic", HEAD "2020-01-01 00:00:00,12.1,12,9,11,3\n", S1_E_DATA,
     ":2:21: open: found '12.1', expected within low '9' and high '12'"},
    {"generic", HEAD "2020-01-01 00:00:00,10,12,9,8.99,3\n", S1_E_DATA,
     ":2:29: close: found '8.99', expected within low '9' and high '12'"},
    {"generic", HEAD "2020-01-01 00:00:00,10,12,9,11,-3\n", S1_E_DATA,
     ":2:32: volume: found '-3', expected at or above 0"},
};

static void test_bad_files(void **state)
{
    (void)state;
    s1_data_persistor *archive;
    assert_int_equal(s1_memory_persistor_new(&archive, NULL), S1_OK);
    for (size_t i = 0; i < sizeof bad_files / sizeof bad_files[0]; i++) {
        const bad_file *bad = &bad_files[i];
        write_file(bad->content, strlen(bad->content));
        const s1_data_import_options options = options_for(archive, bad->profile);
        s1_data_import_summary summary = {.rows = 99};
        s1_err err = S1_ERR_INIT;
        char message[600];
        (void)snprintf(message, sizeof message, "%s%s", path, bad->message);
        const s1_rc rc = s1_data_import(&options, &summary, &err);
        assert_string_equal(err.msg, message);
        assert_int_equal(rc, bad->code);
        assert_int_equal(summary.rows, 99); /* written on success only */
        assert_true(is_empty(archive));     /* a bad file changes nothing */
    }
    s1_data_persistor_free(archive);
}

static void test_bytes_that_are_no_text(void **state)
{
    (void)state;
    s1_data_persistor *archive;
    assert_int_equal(s1_memory_persistor_new(&archive, NULL), S1_OK);
    s1_err err = S1_ERR_INIT;
    const s1_data_import_options options = options_for(archive, "generic");
    s1_data_import_summary summary;
    write_file(HEAD "2020\0x", sizeof(HEAD "2020\0x") - 1);
    assert_int_equal(s1_data_import(&options, &summary, &err), S1_E_UNSUPPORTED);
    assert_non_null(strstr(err.msg, ":1:1: file: found binary data, expected plain text"));
    /* One line that has no end. */
    const size_t len = (1u << 20) + 1000;
    char *text = malloc(len);
    memset(text, 'x', len);
    write_file(text, len);
    free(text);
    assert_int_equal(s1_data_import(&options, &summary, &err), S1_E_DATA);
    assert_non_null(strstr(err.msg, ":1:1: row: found over 1048576 bytes, expected a line end"));
    s1_data_persistor_free(archive);
}

static void test_bad_options(void **state)
{
    (void)state;
    s1_data_persistor *archive;
    assert_int_equal(s1_memory_persistor_new(&archive, NULL), S1_OK);
    write_file(HEAD GOOD, strlen(HEAD GOOD));
    s1_data_import_summary summary;
    s1_err err = S1_ERR_INIT;
    s1_data_import_options options = options_for(archive, "krakken");
    assert_int_equal(s1_data_import(&options, &summary, &err), S1_E_NOT_FOUND);
    assert_string_equal(err.msg, "profile: found 'krakken', expected one of backtesting, generic, "
                                 "kraken, kraken-trades, binance, binance-trades, binance-ws, "
                                 "bitfinex, cdd, cdd-date, coinbase, yahoo, lean-equity, lean-fx, "
                                 "w1");
    options = options_for(archive, "generic");
    options.price_scale = 19;
    assert_int_equal(s1_data_import(&options, &summary, &err), S1_E_INVALID);
    assert_string_equal(err.msg, "--price-scale: found 19, expected 0..18");
    options = options_for(archive, "generic");
    options.price_scale = 1;
    assert_int_equal(s1_data_import(&options, &summary, &err), S1_E_DATA);
    assert_non_null(
        strstr(err.msg, ":2:31: low: found '9.25', expected at most 1 decimals (--price-scale)"));
    options = options_for(archive, "generic");
    options.on_duplicate = S1_DUPLICATES_KEEP; /* no two bars of one time */
    assert_int_equal(s1_data_import(&options, &summary, &err), S1_E_INVALID);
    options = options_for(archive, "generic");
    options.rounds_quantity = true; /* to what? */
    assert_int_equal(s1_data_import(&options, &summary, &err), S1_E_INVALID);
    assert_string_equal(err.msg, "--qty-scale: found none, expected the decimals to round to");
    options = options_for(archive, "generic");
    options.key.data_type = S1_DATA_BOOK; /* has no columns of one */
    options.key.timeframe = 0;
    assert_int_equal(s1_data_import(&options, &summary, &err), S1_E_DATA);
    options = options_for(archive, "kraken"); /* has no trades */
    options.key.data_type = S1_DATA_TRADES;
    options.key.timeframe = 0;
    assert_int_equal(s1_data_import(&options, &summary, &err), S1_E_INVALID);
    options = options_for(archive, "generic");
    options.zone = S1_STR("Mars/Olympus");
    assert_int_equal(s1_data_import(&options, &summary, &err), S1_E_NOT_FOUND);
    options.zone = S1_STR("../../etc/passwd");
    assert_int_equal(s1_data_import(&options, &summary, &err), S1_E_INVALID);
    options = options_for(archive, "generic");
    options.file = "/nowhere/at/all.csv";
    assert_int_equal(s1_data_import(&options, &summary, &err), S1_E_NOT_FOUND);
    options.file = folder;
    assert_int_equal(s1_data_import(&options, &summary, &err), S1_E_INVALID);
    assert_true(is_empty(archive));
    s1_data_persistor_free(archive);
}

/* --- What is accepted ------------------------------------------------------------------------- */

/* The first batch of the stream. */
static void first_batch(s1_data_persistor *archive, s1_bar_reader **ret_reader,
                        s1_bar_batch *ret_batch)
{
    assert_int_equal(s1_data_load_ohlcv(archive, &key, S1_RANGE_ALL, ret_reader, NULL), S1_OK);
    assert_int_equal(s1_bar_reader_next(*ret_reader, ret_batch, NULL), S1_OK);
}

static void test_shapes_that_are_fine(void **state)
{
    (void)state;
    /* Each says the same: two bars, 00:00 and 00:03. */
    static const struct {
        const char *profile;
        const char *content;
    } files[] = {
        {"generic", HEAD GOOD "2020-01-01 00:03:00,11,11,11,11,0\n"},
        {"generic", HEAD GOOD "2020-01-01T00:03,11,11,11,11,0\n\n\n"},
        {"generic", HEAD "2020-01-01T03:00:00+03:00,10,12.5,9.25,11,3\r\n"
                         "2020-01-01T00:03:00.000Z,11,11,11,11,0"},
        {"generic", "\xef\xbb\xbfVolume,close,LOW, High ,open,x,Date\n3,11,9.25,12.5,10,?,"
                    "2020-01-01\n0.000,1.1e1,110E-1,011.00,11.,,2020-01-01 00:03\n"},
        {"generic", HEAD "1577836800,10,12.5,9.25,11,3\n1577836980000,11,11,11,11,0\n"},
        {"generic", HEAD "\"2020-01-01\",\"10\",12.5,9.25,11,\"3\"\n1577836980.0,11,11,11,11,0\n"},
        {"kraken", KRAKEN "1577836980,11,11,11,11,0,0,\n"},
        {"cdd",
         "made by hand, without warranty\nunix,date,symbol,open,high,low,close,Volume EUR,"
         "Volume "
         "BTC\n1577836980.0,?,BTCEUR,11,11,11,11,0,0\n1577836800,?,BTC/EUR,10,12.5,9.25,11,9,3"},
        {"w1", "ts_ms,open,high,low,close,volume\n1577836800000,10,12.5,9.25,11,3\n"
               "1577836980000,11,11,11,11,0\n"},
        {"backtesting", ",Open,High,Low,Close,Volume\n2020-01-01,10,12.5,9.25,11,3\n"
                        "2020-01-01 00:03:00,11,11,11,11,0\n"},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        s1_data_persistor *archive;
        assert_int_equal(s1_memory_persistor_new(&archive, NULL), S1_OK);
        write_file(files[i].content, strlen(files[i].content));
        const s1_data_import_options options = options_for(archive, files[i].profile);
        s1_data_import_summary s;
        s1_err err = S1_ERR_INIT;
        if (s1_data_import(&options, &s, &err) != S1_OK) {
            fail_msg("file %zu: %s", i, err.msg);
        }
        assert_int_equal(s.rows, 2);
        assert_int_equal(s.gaps, 1);
        assert_int_equal(s.missing_bars, 2);
        assert_int_equal(s.largest_gap_bars, 2);
        assert_int_equal(s.largest_gap_after, s.first);
        assert_int_equal(s.zero_volume_bars, 1);
        assert_int_equal(s.price_scale, 2);
        assert_int_equal(s.qty_scale, 0);
        assert_int_equal(s.bytes, strlen(files[i].content));
        assert_int_equal(s.ends_without_newline,
                         files[i].content[strlen(files[i].content) - 1] != '\n');
        s1_bar_reader *reader;
        s1_bar_batch b;
        first_batch(archive, &reader, &b);
        assert_int_equal(b.count, 2);
        assert_int_equal(b.open_time[0], 1577836800 * S1_NANOS_PER_SECOND);
        assert_int_equal(b.open_time[1], 1577836980 * S1_NANOS_PER_SECOND);
        assert_int_equal(b.open[0], 1000);
        assert_int_equal(b.high[0], 1250);
        assert_int_equal(b.low[0], 925);
        assert_int_equal(b.close[0], 1100);
        assert_int_equal(b.volume[0], 3);
        assert_int_equal(b.high[1], 1100);
        assert_int_equal(b.volume[1], 0);
        s1_bar_reader_close(reader);
        s1_data_persistor_free(archive);
    }
}

/* A finer value late in the file widens all that came before, its own row included. */
static void test_scale_grows_within_a_row(void **state)
{
    (void)state;
    static const char content[] = HEAD "2020-01-01 00:00:00,1,3,1,2,5\n"
                                       "2020-01-01 00:01:00,1.5,3.125,1,2.25,0.75\n"
                                       "2020-01-01 00:02:00,1.50000,3,1e0,2,1E-3\n";
    s1_data_persistor *archive;
    assert_int_equal(s1_memory_persistor_new(&archive, NULL), S1_OK);
    write_file(content, sizeof content - 1);
    s1_data_import_options options = options_for(archive, "generic");
    s1_data_import_summary s;
    assert_int_equal(s1_data_import(&options, &s, NULL), S1_OK);
    assert_int_equal(s.price_scale, 3);
    assert_int_equal(s.qty_scale, 3);
    s1_bar_reader *reader;
    s1_bar_batch b;
    first_batch(archive, &reader, &b);
    const int64_t want[3][5] = {
        {1000, 3000, 1000, 2000, 5000}, {1500, 3125, 1000, 2250, 750}, {1500, 3000, 1000, 2000, 1}};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(b.open[i], want[i][0]);
        assert_int_equal(b.high[i], want[i][1]);
        assert_int_equal(b.low[i], want[i][2]);
        assert_int_equal(b.close[i], want[i][3]);
        assert_int_equal(b.volume[i], want[i][4]);
    }
    s1_bar_reader_close(reader);
    options.price_scale = 6;
    options.qty_scale = 4;
    assert_int_equal(s1_data_import(&options, &s, NULL), S1_OK);
    assert_int_equal(s.price_scale, 6);
    assert_int_equal(s.rows_replaced, 3);
    first_batch(archive, &reader, &b);
    assert_int_equal(b.high[1], 3125000);
    assert_int_equal(b.volume[1], 7500);
    s1_bar_reader_close(reader);
    options.overlap = S1_OVERLAP_REFUSE;
    assert_int_equal(s1_data_import(&options, &s, NULL), S1_E_EXISTS);
    s1_data_persistor_free(archive);
}

static void test_policies(void **state)
{
    (void)state;
    static const char content[] = HEAD "2020-01-01 00:00:00,1,3,1,2,5\n"
                                       "2020-01-01 00:00:00,1,3,1,3,6\n"
                                       "2020-01-01 00:01:00,0,3,0,2,5\n"
                                       "2020-01-01 00:02:00,2,1,3,2,5\n"
                                       "2020-01-01 00:03:00,2,2,2,2,5\n";
    s1_data_persistor *archive;
    assert_int_equal(s1_memory_persistor_new(&archive, NULL), S1_OK);
    write_file(content, sizeof content - 1);
    s1_data_import_options options = options_for(archive, "generic");
    s1_data_import_summary s;
    options.on_duplicate = S1_DUPLICATES_LAST;
    options.max_rejects = 1;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_data_import(&options, &s, &err), S1_E_DATA);
    assert_non_null(strstr(err.msg, "in.csv: found over 1 bad rows, expected at most that many "
                                    "(--max-rejects); the first: 4:21: open: found '0', expected "
                                    "above 0"));
    assert_true(is_empty(archive));
    options.max_rejects = 2;
    assert_int_equal(s1_data_import(&options, &s, NULL), S1_OK);
    assert_int_equal(s.rows, 2);
    assert_int_equal(s.duplicates, 1);
    assert_int_equal(s.rejects, 2);
    assert_int_equal(s.first_reject_line, 4);
    assert_int_equal(s.missing_bars, 2);
    s1_bar_reader *reader;
    s1_bar_batch b;
    first_batch(archive, &reader, &b);
    assert_int_equal(b.close[0], 3); /* the later line */
    assert_int_equal(b.volume[0], 6);
    s1_bar_reader_close(reader);
    s1_data_persistor_free(archive);
}

typedef struct progress_log {
    size_t calls;
    uint64_t bytes_done, bytes_total, rows;
    s1_rc answer;
} progress_log;

static s1_rc on_progress(void *user, uint64_t bytes_done, uint64_t bytes_total, uint64_t rows)
{
    progress_log *log = user;
    assert_true(bytes_done > log->bytes_done || log->calls == 0);
    *log = (progress_log){log->calls + 1, bytes_done, bytes_total, rows, log->answer};
    return log->answer;
}

/* A file of 40,000 minutes, 2 MB, over several blocks. */
static size_t write_long_file(void)
{
    s1_strbuf text;
    s1_strbuf_init(&text, 1u << 24);
    s1_strbuf_lit(&text, HEAD);
    for (int i = 0; i < 40000; i++) {
        s1_strbuf_printf(&text, "%lld,%d.25,%d.75,%d.00,%d.5,%d.125\n", 1577836800LL + i * 60LL,
                         1000 + i, 1000 + i, 1000 + i, 1000 + i, i);
    }
    write_file(text.data, text.len);
    const size_t len = text.len;
    s1_strbuf_done(&text);
    return len;
}

static void test_progress_cancel_and_limits(void **state)
{
    (void)state;
    const size_t len = write_long_file();
    s1_data_persistor *archive;
    assert_int_equal(s1_memory_persistor_new(&archive, NULL), S1_OK);
    s1_data_import_options options = options_for(archive, "generic");
    s1_data_import_summary s;
    s1_err err = S1_ERR_INIT;
    progress_log log = {.answer = S1_E_CANCELED};
    options.progress = on_progress;
    options.progress_user = &log;
    assert_int_equal(s1_data_import(&options, &s, &err), S1_E_CANCELED);
    assert_non_null(strstr(err.msg, "; nothing stored"));
    assert_int_equal(log.calls, 1);
    assert_true(is_empty(archive));
    options.rows_max = 39999;
    log = (progress_log){0};
    assert_int_equal(s1_data_import(&options, &s, &err), S1_E_NO_MEMORY);
    assert_non_null(strstr(err.msg, ":40001:1: row: found over 39999 rows, expected fewer"));
    options.rows_max = 40000;
    s1_manual_clock clock;
    s1_manual_clock_init(&clock, 0);
    options.clock = &clock.clock;
    log = (progress_log){0};
    assert_int_equal(s1_data_import(&options, &s, &err), S1_OK);
    assert_int_equal(s.rows, 40000);
    assert_true(log.calls >= len / S1_IMPORT_PROGRESS_STEP);
    assert_int_equal(log.bytes_done, len);
    assert_int_equal(log.bytes_total, len);
    assert_int_equal(log.rows, 40000);
    assert_true(s.seconds == 0.0);
    s1_data_persistor_free(archive);
}

static void test_reading_fails_anywhere(void **state)
{
    (void)state;
    (void)write_long_file();
    for (uint64_t call = 1;; call++) {
        s1_data_persistor *archive;
        assert_int_equal(s1_memory_persistor_new(&archive, NULL), S1_OK);
        s1_fault_fs fault;
        s1_fault_fs_init(&fault, s1_fs_real());
        s1_fault_fs_fail(&fault, -1, call, EIO, false);
        s1_data_import_options options = options_for(archive, "generic");
        options.fs = &fault.table;
        s1_data_import_summary s;
        const s1_rc rc = s1_data_import(&options, &s, NULL);
        if (fault.failures == 0) {
            assert_int_equal(rc, S1_OK);
            assert_true(call > 5); /* open, stat, several reads */
            s1_data_persistor_free(archive);
            break;
        }
        if (fault.calls_of[S1_FS_OP_CLOSE] == 0 ||
            rc != S1_OK) { /* closing what was read may fail */
            assert_int_equal(rc, S1_E_IO);
            assert_true(is_empty(archive));
        }
        s1_data_persistor_free(archive);
    }
}

/* --- Real files ------------------------------------------------------------------------------- */

static bool shared_file(const char *name)
{
    const char *shared = getenv("S1_SHARED");
    (void)snprintf(path, sizeof path, "%s/%s", shared != NULL ? shared : "../shared", name);
    if (s1_fs_is_file(s1_fs_real(), path)) {
        return true;
    }
    print_message("skipped: no %s\n", path);
    return false;
}

/* A decimal with or without an exponent (Kraken writes 1E+1 and 3.811e-05), by s1_dec alone. */
static s1_dec dec_of(s1_str text)
{
    size_t e = s1_str_find_byte(text, 'e', 0);
    e = e == S1_STR_NPOS ? s1_str_find_byte(text, 'E', 0) : e;
    s1_dec value = S1_DEC_ZERO;
    int64_t exponent = 0;
    assert_int_equal(s1_dec_parse(s1_str_slice(text, 0, e), &value, NULL), S1_OK);
    if (e != S1_STR_NPOS) {
        const s1_str digits = s1_str_slice(text, e + 1, text.len);
        assert_int_equal(s1_str_parse_i64(digits, &exponent, NULL), S1_OK);
    }
    const s1_dec ten = s1_dec_from_int(10);
    for (; exponent > 0; exponent--) {
        assert_int_equal(s1_dec_mul(value, ten, S1_ROUND_DOWN, &value, NULL), S1_OK);
    }
    for (; exponent < 0; exponent++) {
        assert_int_equal(s1_dec_div(value, ten, S1_ROUND_DOWN, &value, NULL), S1_OK);
    }
    return value;
}

/* Every value of the archive equals the text of the file, read by other code (s1_dec_parse). The
 * file's columns stand at `position`. */
static void assert_archive_is_file(s1_data_persistor *archive, const s1_stream_key *stream,
                                   const size_t position[5], bool has_header)
{
    s1_strbuf text;
    s1_strbuf_init(&text, 1u << 26);
    assert_int_equal(s1_fs_read_all(s1_fs_real(), path, 1u << 26, &text, NULL), S1_OK);
    s1_str rest = s1_strbuf_view(&text);
    s1_str line;
    bool is_done = false;
    if (has_header) {
        assert_true(s1_str_split(&rest, '\n', &line, &is_done));
    }
    s1_bar_reader *reader;
    assert_int_equal(s1_data_load_ohlcv(archive, stream, S1_RANGE_ALL, &reader, NULL), S1_OK);
    s1_bar_batch b = {0};
    uint64_t rows = 0;
    do {
        assert_int_equal(s1_bar_reader_next(reader, &b, NULL), S1_OK);
        for (size_t i = 0; i < b.count; i++) {
            assert_true(s1_str_split(&rest, '\n', &line, &is_done));
            s1_str fields[8];
            size_t count = 0;
            bool is_cut = false;
            while (count < 8 && s1_str_split(&line, ',', &fields[count], &is_cut)) {
                count++;
            }
            const int64_t got[] = {b.open[i], b.high[i], b.low[i], b.close[i], b.volume[i]};
            for (size_t c = 0; c < 5; c++) {
                const s1_dec want = dec_of(fields[position[c]]);
                const s1_dec value =
                    s1_dec_from_mantissa(got[c], c == 4 ? reader->qty_scale : reader->price_scale);
                assert_int_equal(s1_dec_cmp(value, want), 0);
            }
        }
        rows += b.count;
    } while (b.count > 0);
    assert_int_equal(rows, reader->rows_total);
    s1_bar_reader_close(reader);
    s1_strbuf_done(&text);
}

typedef struct real_file {
    const char *name, *profile, *pair, *timeframe;
    uint64_t rows, gaps, missing_bars, zero_volume_bars;
    uint32_t price_scale, qty_scale;
    const char *first, *last;
} real_file;

/* Figures of gaps and volumes: measured by others, ../shared/data/INDEX.md. */
static const real_file real_files[] = {
    {"data/golden/backtesting_py/EURUSD.csv", "backtesting", "EUR/USD", "1h", 5000, 42, 2063, 0, 5,
     0, "2017-04-19 09:00:00", "2018-02-07 15:00:00"},
    {"golden/peers/bars20k.csv", "w1", "BTC/USD", "1m", 20000, 0, 0, 0, 2, 2, "2021-01-01 00:00:00",
     "2021-01-14 21:19:00"},
    {"data/crypto/kraken/XBTUSD_60.csv", "kraken", "BTC/USD", "1h", 70253, 3254, 10856, 0, 5, 10,
     "2013-10-06 21:00:00", "2023-01-07 09:00:00"},
    {"data/crypto/kraken/ETHUSD_60.csv", "kraken", "ETH/USD", "1h", 63568, 842, 3474, 0, 5, 10,
     "2015-08-07 14:00:00", "2023-03-31 23:00:00"},
    {"data/crypto/kraken/BTCUSDC_1m_2023Q1.csv", "kraken", "BTC/USDC", "1m", 56717, 26746, 72883, 0,
     2, 8, "2023-01-01 00:00:00", "2023-03-31 23:59:00"},
    {"data/crypto/kraken/BTCEUR_1h_cdd.csv", "cdd", "BTC/EUR", "1h", 30537, 2, 5, 333, 2, 8,
     "2017-07-01 11:00:00", "2020-12-25 00:00:00"},
    {"data/crypto/kraken/ETHEUR_1d_cdd.csv", "cdd", "ETH/EUR", "1d", 1968, 0, 0, 8, 4, 8,
     "2015-08-07 00:00:00", "2020-12-25 00:00:00"},
};

static void check_real_file(const real_file *file, s1_data_persistor *archive)
{
    s1_data_import_options options = options_for(archive, file->profile);
    options.key.asset_pair = s1_str_of(file->pair);
    assert_int_equal(s1_timeframe_parse(s1_str_of(file->timeframe), &options.key.timeframe, NULL),
                     S1_OK);
    s1_data_import_summary s;
    s1_err err = S1_ERR_INIT;
    if (s1_data_import(&options, &s, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    char text[S1_TIME_TEXT_MAX];
    assert_int_equal(s.rows, file->rows);
    assert_int_equal(s.gaps, file->gaps);
    assert_int_equal(s.missing_bars, file->missing_bars);
    assert_int_equal(s.zero_volume_bars, file->zero_volume_bars);
    assert_int_equal(s.price_scale, file->price_scale);
    assert_int_equal(s.qty_scale, file->qty_scale);
    (void)s1_time_print_short(s.first, text);
    assert_non_null(strstr(file->first, text)); /* midnight may be printed as a date */
    (void)s1_time_print_short(s.last, text);
    assert_non_null(strstr(file->last, text));
    if (strcmp(file->profile, "cdd") != 0) {
        const size_t position[5] = {1, 2, 3, 4, 5};
        assert_archive_is_file(archive, &options.key, position,
                               strcmp(file->profile, "kraken") != 0);
    }
    s1_archive_info info;
    assert_int_equal(s1_data_get_info(archive, &options.key, &info, NULL), S1_OK);
    assert_int_equal(info.rows, file->rows);
    assert_int_equal(info.first, s.first);
    assert_int_equal(info.last, s.last);
}

static void test_real_files(void **state)
{
    (void)state;
    char root[300];
    (void)snprintf(root, sizeof root, "%s/archive", folder);
    s1_duckdb *duckdb;
    s1_data_persistor *archive;
    assert_int_equal(s1_duckdb_new(NULL, &duckdb, NULL), S1_OK);
    const s1_parquet_options options = {s1_fs_real(), duckdb, root};
    assert_int_equal(s1_parquet_persistor_new(&options, &archive, NULL), S1_OK);
    for (size_t i = 0; i < sizeof real_files / sizeof real_files[0]; i++) {
        if (shared_file(real_files[i].name)) {
            check_real_file(&real_files[i], archive);
        }
    }
    s1_data_persistor_free(archive);
    s1_duckdb_free(duckdb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_bytes_that_are_no_text),
        cmocka_unit_test(test_bad_options),
        cmocka_unit_test(test_shapes_that_are_fine),
        cmocka_unit_test(test_scale_grows_within_a_row),
        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_progress_cancel_and_limits),
        cmocka_unit_test(test_reading_fails_anywhere),
        cmocka_unit_test(test_real_files),
    };
    return cmocka_run_group_tests_name("csv import", tests, setup_group, teardown_group);
}
