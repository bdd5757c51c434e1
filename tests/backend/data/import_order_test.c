/* Orders, duplicates, bad rows and packings: what an import makes of rows in bounded memory is what
 * it would make of them all at once. */
#include "backend/data/ingest/data_import.h"
#include "backend/data/ingest/import_name.h"
#include "backend/data/ingest/import_profile.h"
#include "backend/data/ingest/time_zone.h"
#include "backend/data/persistors/memory_persistor.h"
#include "backend/utils/timefmt.h"
#include "tests/support/cmocka.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>
#include <zlib.h>

#define HEAD  "timestamp,open,high,low,close,volume\n"
#define START 1577836800LL

static char folder[256];
static char path[400];
static char scratch[400];
static char rejects[400];
static s1_data_persistor *archive;

static int setup_group(void **state)
{
    (void)state;
    const char *tmp = getenv("S1_TEST_TMP");
    (void)snprintf(folder, sizeof folder, "%s/orderXXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/in.csv", folder);
    (void)snprintf(scratch, sizeof scratch, "%s/scratch", folder);
    (void)snprintf(rejects, sizeof rejects, "%s/aside/in.tsv", folder);
    return 0;
}

static int teardown_group(void **state)
{
    (void)state;
    assert_int_equal(s1_fs_remove_tree(s1_fs_real(), folder, NULL), S1_OK);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    assert_int_equal(s1_memory_persistor_new(&archive, NULL), S1_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    s1_data_persistor_free(archive);
    return 0;
}

static void write_file(s1_str text)
{
    assert_int_equal(s1_fs_write_file(s1_fs_real(), path, text, NULL), S1_OK);
}

static s1_data_import_options options_for(int32_t type)
{
    return (s1_data_import_options){
        .fs = s1_fs_real(),
        .archive = archive,
        .file = path,
        .key = {.asset_pair = S1_STR("BTC/EUR"),
                .timeframe = type == S1_DATA_OHLCV ? S1_NANOS_PER_MINUTE : 0,
                .data_type = type},
        .scratch_path = scratch,
        .price_scale = S1_SCALE_DETECT,
        .qty_scale = S1_SCALE_DETECT};
}

static s1_data_import_summary import(const s1_data_import_options *options)
{
    s1_data_import_summary summary = {0};
    s1_err err = S1_ERR_INIT;
    if (s1_data_import(options, &summary, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    assert_false(s1_fs_exists(s1_fs_real(), scratch)); /* it has no name, ever */
    return summary;
}

static void assert_refused(const s1_data_import_options *options, const char *part)
{
    s1_data_import_summary summary;
    s1_err err = S1_ERR_INIT;
    assert_int_not_equal(s1_data_import(options, &summary, &err), S1_OK);
    if (strstr(err.msg, part) == NULL) {
        fail_msg("found '%s', expected '%s'", err.msg, part);
    }
}

/* The hash of the stream's rows. */
static void hash_of(const s1_data_import_options *options, char hash[S1_SHA256_HEX])
{
    assert_int_equal(s1_data_get_content_hash(options->archive, &options->key, hash, NULL), S1_OK);
}

/* --- The same rows, whichever way ------------------------------------------------------------- */

enum { ROWS = 5000 };

/* Bar `i`; decimals grow along the file, some minutes are missing. */
static void add_bar(s1_strbuf *text, int i, const char *quote)
{
    const long long time = START + 60LL * (i + i / 100);
    s1_strbuf_printf(text, "%s%lld%s,%d.%d,%d.%d,%d.0,%d.%d,%s%d.%03d%s\n", quote, time, quote,
                     100 + i % 7, i % 10, 110 + i % 7, i % 10, 90 + i % 3, 101 + i % 7, i % 10,
                     quote, i % 1000, i > 3000 ? i % 1000 : 0, quote);
}

enum shape { RISING, FALLING, SHUFFLED, QUOTED };

static void write_bars(enum shape shape)
{
    s1_strbuf text;
    s1_strbuf_init(&text, 1u << 22);
    s1_strbuf_lit(&text, HEAD);
    for (int i = 0; i < ROWS; i++) {
        const int at = shape == FALLING    ? ROWS - 1 - i
                       : shape == SHUFFLED ? (int)((long long)i * 1237 % ROWS)
                                           : i;
        add_bar(&text, at, shape == QUOTED ? "\"" : "");
    }
    assert_int_equal(s1_strbuf_check(&text, NULL), S1_OK);
    write_file(s1_strbuf_view(&text));
    s1_strbuf_done(&text);
}

/* A file plain, quoted (the slow way), falling and shuffled, in buffers of any size, is one stream;
 * the decimals its last rows have are those of all. */
static void test_every_way_gives_the_same_rows(void **state)
{
    (void)state;
    static const uint32_t buffers[] = {0, 2, 3, 64, 999, 5000, 5001};
    char wanted[S1_SHA256_HEX] = "";
    for (size_t shape = RISING; shape <= QUOTED; shape++) {
        write_bars((enum shape)shape);
        for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++) {
            s1_data_persistor *fresh;
            char hash[S1_SHA256_HEX];
            assert_int_equal(s1_memory_persistor_new(&fresh, NULL), S1_OK);
            s1_data_import_options options = options_for(S1_DATA_OHLCV);
            options.archive = fresh;
            options.buffer_rows = buffers[i];
            options.on_disorder = shape == SHUFFLED ? S1_DISORDER_SORT : 0;
            const s1_data_import_summary s = import(&options);
            assert_int_equal(s.rows, ROWS);
            assert_int_equal(s.gaps, 49);
            assert_int_equal(s.missing_bars, 49);
            assert_int_equal(s.price_scale, 1);
            assert_int_equal(s.qty_scale, 3);
            assert_int_equal(s.first, START * S1_NANOS_PER_SECOND);
            hash_of(&options, hash);
            if (wanted[0] == '\0') {
                memcpy(wanted, hash, sizeof wanted);
            }
            assert_string_equal(hash, wanted);
            s1_data_persistor_free(fresh);
        }
    }
}

static void test_without_a_scratch_file(void **state)
{
    (void)state;
    write_bars(FALLING);
    s1_data_import_options options = options_for(S1_DATA_OHLCV);
    options.scratch_path = NULL;
    options.buffer_rows = 100;
    assert_refused(&options,
                   "found over 100 rows that are not in rising order, expected fewer or a "
                   "place for a scratch file");
    write_bars(RISING);
    assert_int_equal(import(&options).rows, ROWS);
}

/* Any call that fails on the way of a spilled import: an error, and nothing stored. */
static void test_scratch_fails_anywhere(void **state)
{
    (void)state;
    write_bars(SHUFFLED);
    for (uint64_t call = 1;; call++) {
        s1_fault_fs fault;
        s1_fault_fs_init(&fault, s1_fs_real());
        s1_fault_fs_fail(&fault, -1, call, EIO, false);
        s1_data_import_options options = options_for(S1_DATA_OHLCV);
        options.fs = &fault.table;
        options.buffer_rows = 700;
        options.on_disorder = S1_DISORDER_SORT;
        s1_data_import_summary summary;
        s1_archive_info info;
        const s1_rc rc = s1_data_import(&options, &summary, NULL);
        if (fault.failures == 0) {
            assert_int_equal(rc, S1_OK);
            assert_true(call > 50);
            break;
        }
        if (rc != S1_OK) { /* closing what was read may fail */
            assert_int_equal(s1_data_get_info(archive, &options.key, &info, NULL), S1_E_NOT_FOUND);
        } else {
            s1_data_persistor_free(archive);
            assert_int_equal(s1_memory_persistor_new(&archive, NULL), S1_OK);
        }
        (void)unlink(scratch);
    }
}

/* --- Duplicates and disorder ------------------------------------------------------------------ */

static void test_duplicates_of_bars(void **state)
{
    (void)state;
    static const char content[] = HEAD "1577836860,1,3,1,2,5\n"
                                       "1577836800,1,3,1,1,5\n"
                                       "1577836860,1,3,1,3,6\n"
                                       "1577836920,1,3,1,2,5\n"
                                       "1577836860,1,3,1,1,7\n";
    write_file(S1_STR(content));
    s1_data_import_options options = options_for(S1_DATA_OHLCV);
    options.order = S1_ORDER_RISING;
    assert_refused(&options, "in.csv:3:1: time: found '1577836800', expected later than 2020-01-01 "
                             "00:01:00 of line 2");
    options.on_disorder = S1_DISORDER_SORT;
    assert_refused(&options, "in.csv:4:1: time: found 2020-01-01 00:01:00, expected another time "
                             "than that of line 2 (a duplicate; sorted rows that stand twice are "
                             "not kept aside, --on-duplicate drops them)");
    static const int64_t volumes[] = {0, 0, 5, 7};
    for (int32_t policy = S1_DUPLICATES_FIRST; policy <= S1_DUPLICATES_LAST; policy++) {
        for (uint32_t buffer = 2; buffer < 8; buffer++) {
            options.on_duplicate = policy;
            options.buffer_rows = buffer;
            const s1_data_import_summary s = import(&options);
            assert_int_equal(s.rows, 3);
            assert_int_equal(s.duplicates, 2);
            s1_bar_reader *reader;
            s1_bar_batch batch;
            assert_int_equal(s1_data_load_ohlcv(archive, &options.key, S1_RANGE_ALL, &reader, NULL),
                             S1_OK);
            assert_int_equal(s1_bar_reader_next(reader, &batch, NULL), S1_OK);
            assert_int_equal(batch.volume[1], volumes[policy]);
            s1_bar_reader_close(reader);
        }
    }
}

/* Pages of a venue that begin with the end of the one before: README 5.9. */
static void test_pages_of_trades(void **state)
{
    (void)state;
    static const char content[] = "time,id,price,qty,side\n"
                                  "1577836800.1,10,5,1,buy\n"
                                  "1577836800.2,11,5,2,sell\n"
                                  "1577836800.2,12,5,2,sell\n"
                                  "1577836800.2,11,5,2,sell\n"
                                  "1577836800.2,12,5,2,sell\n"
                                  "1577836800.2,14,5,2,b\n"
                                  "1577836801,15,5,.5,S\n";
    write_file(S1_STR(content));
    s1_data_import_options options = options_for(S1_DATA_TRADES);
    assert_refused(&options, "in.csv:5:1: time: found '1577836800.2', expected later than "
                             "2020-01-01 00:00:00.2 of line 4 (a duplicate)");
    options.on_duplicate = S1_DUPLICATES_FIRST;
    for (uint32_t buffer = 5; buffer < 9; buffer++) {
        options.buffer_rows = buffer;
        const s1_data_import_summary s = import(&options);
        assert_int_equal(s.rows, 5);
        assert_int_equal(s.duplicates, 2);
        assert_int_equal(s.id_jumps, 1);
        assert_int_equal(s.qty_scale, 1);
    }
    /* By id, in any order of the file. */
    static const char shuffled[] = "time,id,price,qty,side\n"
                                   "1577836801,15,5,.5,S\n"
                                   "1577836800.2,14,5,2,b\n"
                                   "1577836800.2,12,5,2,sell\n"
                                   "1577836800.1,10,5,1,buy\n"
                                   "1577836800.2,11,5,2,sell\n"
                                   "1577836800.2,12,5,2,sell\n";
    char one[S1_SHA256_HEX], other[S1_SHA256_HEX];
    hash_of(&options, one);
    write_file(S1_STR(shuffled));
    options.on_disorder = S1_DISORDER_SORT;
    assert_int_equal(import(&options).rows, 5);
    hash_of(&options, other);
    assert_string_equal(one, other);
}

/* Newest first, the newest of one moment: the ids tell which way it goes. */
static void test_falling_trades(void **state)
{
    (void)state;
    static const char content[] = "time,id,price,qty\n"
                                  "1577836801,12,5,3\n"
                                  "1577836801,11,5,2\n"
                                  "1577836800,10,5,1\n";
    write_file(S1_STR(content));
    s1_data_import_options options = options_for(S1_DATA_TRADES);
    const s1_data_import_summary s = import(&options);
    assert_int_equal(s.rows, 3);
    assert_int_equal(s.id_jumps, 0);
    s1_trade_reader *reader;
    s1_trade_batch batch;
    assert_int_equal(s1_data_load_trades(archive, &options.key, S1_RANGE_ALL, &reader, NULL),
                     S1_OK);
    assert_int_equal(s1_trade_reader_next(reader, &batch, NULL), S1_OK);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(batch.id[i], 10 + (int64_t)i);
        assert_int_equal(batch.quantity[i], 1 + (int64_t)i);
    }
    s1_trade_reader_close(reader);
    static const char mixed[] = "time,id,price,qty\n"
                                "1577836801,12,5,3\n"
                                "1577836801,11,5,2\n"
                                "1577836802,13,5,1\n";
    write_file(S1_STR(mixed));
    assert_refused(&options, "in.csv:4:1: time: found '1577836802', expected earlier than "
                             "2020-01-01 00:00:01 of line 3");
}

static void test_trades_without_ids(void **state)
{
    (void)state;
    static const char content[] = "time,price,qty\n"
                                  "1577836800.1,5,1\n"
                                  "1577836800.2,5,2\n"
                                  "1577836800.2,5,1\n"
                                  "1577836800.2,5,2\n";
    write_file(S1_STR(content));
    s1_data_import_options options = options_for(S1_DATA_TRADES);
    s1_data_import_summary s = import(&options);
    assert_int_equal(s.rows, 4); /* two equal trades in one moment are possible: both stay */
    assert_int_equal(s.duplicates, 1);
    options.on_duplicate = S1_DUPLICATES_FIRST;
    s = import(&options);
    assert_int_equal(s.rows, 3);
    options.on_duplicate = S1_DUPLICATES_ERROR;
    assert_refused(&options, "in.csv:5:1: time: found '1577836800.2', expected later than");
}

/* --- Bad rows --------------------------------------------------------------------------------- */

static void test_rejects(void **state)
{
    (void)state;
    static const char content[] = HEAD "1577836800,1,3,1,2,5\n"
                                       "1577836860,1,3,0,2,5\n"
                                       "\n"
                                       "1577836920,1,3,1,2,\n"
                                       "1577836980,1,3\t,1,2,5\n"
                                       "1577837040,1,3,1,2,5\n"
                                       "1577836800,1,3,1,2,5\n"
                                       "1577837100,1,3\n";
    static const char wanted[] =
        "line\treason\trow\n"
        "3\t3:16: low: found '0', expected above 0\t1577836860,1,3,0,2,5\n"
        "4\t4:1: row: found an empty line, expected a row\t\n"
        "5\t5:20: volume: found '', expected a decimal number\t1577836920,1,3,1,2,\n"
        "6\t6:14: high: found '3 ', expected a decimal number\t1577836980,1,3\t,1,2,5\n"
        "8\t8:1: time: found '1577836800', expected later than 2020-01-01 00:04:00 of line "
        "7\t1577836800,1,3,1,2,5\n"
        "9\t9:1: row: found '3 fields', expected 6 fields\t1577837100,1,3\n";
    write_file(S1_STR(content));
    s1_data_import_options options = options_for(S1_DATA_OHLCV);
    options.rejects_path = rejects;
    assert_refused(&options, "in.csv:3:16: low: found '0', expected above 0");
    options.max_rejects = 5;
    assert_refused(&options, "found over 5 bad rows, expected at most that many");
    assert_false(s1_fs_exists(s1_fs_real(), rejects));
    options.keeps_rejects = true; /* to look at what was wrong */
    assert_refused(&options, "found over 5 bad rows, expected at most that many");
    assert_true(s1_fs_is_file(s1_fs_real(), rejects));
    s1_archive_info info;
    assert_int_equal(s1_data_get_info(archive, &options.key, &info, NULL), S1_E_NOT_FOUND);
    options.max_rejects = 6;
    const s1_data_import_summary s = import(&options);
    assert_int_equal(s.rows, 2);
    assert_int_equal(s.rejects, 6);
    s1_strbuf text;
    s1_strbuf_init(&text, 1u << 16);
    assert_int_equal(s1_fs_read_all(s1_fs_real(), rejects, 1u << 16, &text, NULL), S1_OK);
    assert_string_equal(s1_strbuf_cstr(&text), wanted);
    s1_strbuf_done(&text);
    options.max_rejects = 0;
    options.max_rejects_ppm = 750000; /* 6 of 8 */
    assert_int_equal(import(&options).rejects, 6);
    options.max_rejects_ppm = 749999;
    assert_refused(&options, "found 6 bad rows of 8, expected at most 74.9999 % (--max-rejects)");
}

/* Yahoo writes days it does not know as null. */
static void test_null_rows(void **state)
{
    (void)state;
    static const char content[] = "Date,Open,High,Low,Close,Adj Close,Volume\n"
                                  "2020-01-02,1.5,2,1,1.25,1.1,100\n"
                                  "2020-01-03,null,null,null,null,null,null\n"
                                  "2020-01-06,1.5,2,1,1.25,1.1,100\n";
    write_file(S1_STR(content));
    s1_data_import_options options = options_for(S1_DATA_OHLCV);
    options.profile = S1_STR("yahoo");
    options.key.timeframe = S1_NANOS_PER_DAY;
    assert_refused(&options, "in.csv:3:12: open: found 'null', expected a decimal number");
    options.max_rejects = 1;
    const s1_data_import_summary s = import(&options);
    assert_int_equal(s.rows, 2);
    assert_int_equal(s.missing_bars, 3);
}

/* --- Layouts ---------------------------------------------------------------------------------- */

typedef struct layout_case {
    const char *profile, *map, *content;
    int32_t header, time_form, type;
    const char *zone;
} layout_case;

/* Every one is a row of 2020-01-01 00:00 UTC: 10, 12.5, 9.25, 11 and 3. */
static const layout_case layouts[] = {
    {"generic", "time=0,open=1,high=2,low=3,close=4,volume=5", "1577836800,10,12.5,9.25,11,3\n", 0,
     0, 0, NULL},
    {"generic", "time=5,open=4,high=3,low=2,close=1,volume=0", "3,11,9.25,12.5,10,1577836800000\n",
     0, 0, 0, NULL},
    {"generic", "time=0,open=1,high=2,low=3,close=4,volume=5",
     "a,b,c,d,e,f\n1577836800,10,12.5,9.25,11,3\n", 0, 0, 0, NULL},
    {"generic", "time=when,volume=Turn Over",
     "when;Open;High;Low;Close;Turn Over\n2020-01-01;10;12.5;9.25;11;3\n", 0, 0, 0, NULL},
    {"generic", "time=Day+Clock",
     "Day\tClock\tOpen\tHigh\tLow\tClose\tVol\n"
     "2020.01.01\t00:00\t10\t12.5\t9.25\t11\t3\n",
     0, 0, 0, NULL},
    {"generic", "time=0+1,open=2,high=3,low=4,close=5,volume=6",
     "20200101 000000|ignored|10|12.5|9.25|11|3\n", S1_HEADER_NO, 0, -1, NULL},
    {"generic", "",
     "# made by hand\n# twice\ntime,open,high,low,close,volume\n"
     "2020-01-01T03:00:00+03:00,10,12.5,9.25,11,3\n",
     0, 0, 0, NULL},
    {"generic", "", HEAD "2019-12-31 19:00,10,12.5,9.25,11,3\n", 0, 0, 0, "America/New_York"},
    {"generic", "", HEAD "2020-01-01 05:30,10,12.5,9.25,11,3\n", 0, 0, 0, "+05:30"},
    {"generic", "", HEAD "2020-01-01 12-AM,10,12.5,9.25,11,3\n", 0, 0, 0, NULL},
    {"generic", "", HEAD "1577836800000000,10,12.5,9.25,11,3\n", 0, 0, 0, NULL},
    {"generic", "", HEAD "1577836800000000000,10,12.5,9.25,11,3\n", 0, 0, 0, NULL},
    {"generic", "", HEAD "1577836800000,10,12.5,9.25,11,3\n", 0, S1_TIME_FORM_MILLIS, 0, NULL},
    {"binance", "", "1577836800000,10,12.5,9.25,11,3,1577836859999,33.1,7,1.5,16.5,0\n", 0, 0, 0,
     NULL},
    {"binance", "",
     "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
     "taker_buy_quote_volume,ignore\n"
     "1577836800000000,10,12.5,9.25,11,3,1577836859999999,33.1,7,1.5,16.5,0\n",
     0, 0, 0, NULL},
    {"binance", "",
     "[[1577836800000,\"10\",\"12.5\",\"9.25\",\"11\",\"3\",1577836859999,\"33.1\",7,\"1.5\","
     "\"16.5\",\"0\"]]",
     0, 0, 0, NULL},
    {"bitfinex", "", "1577836800000,10,11,12.5,9.25,3\n", 0, 0, 0, NULL},
    {"bitfinex", "", " [ [1577836800000, 10, 11, 12.5, 9.25, 3] ] ", 0, 0, 0, NULL},
    {"coinbase", "", "[[1577836800, 9.25, 12.5, 10, 11, 3]]\n", 0, 0, 0, NULL},
    {"coinbase", "",
     "{\"candles\": [{\"start\": \"1577836800\", \"low\": \"9.25\", \"high\": \"12.5\",\n"
     "\"open\": \"10\", \"close\": \"11\", \"volume\": \"3\"}], \"more\": {\"a\": [1, 2]}}\n",
     0, 0, 0, NULL},
    {"kraken", "",
     "{\"error\":[],\"result\":{\"XXBTZEUR\":[[1577836800,\"10\",\"12.5\",\"9.25\",\"11\",\"10.7\","
     "\"3\",7]],\"last\":1577836800}}",
     0, 0, 0, NULL},
    {"kraken", "", "1577836800,10,12.5,9.25,11,10.7,3,7\n", 0, 0, 0, NULL},
    {"yahoo", "", "Date,Open,High,Low,Close,Adj Close,Volume\n2020-01-01,10,12.5,9.25,11,5.5,3\n",
     0, 0, 0, NULL},
    {"cdd", "",
     "https://www.CryptoDataDownload.com\nunix,date,symbol,open,high,low,close,Volume "
     "EUR,Volume BTC\n1577836800,x,XBT/EUR,10,12.5,9.25,11,9,3\n",
     0, 0, 0, NULL},
};

static void test_layouts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        const layout_case *const c = &layouts[i];
        write_file(s1_str_of(c->content));
        s1_data_import_options options = options_for(S1_DATA_OHLCV);
        options.profile = s1_str_of(c->profile);
        options.map = s1_str_of(c->map);
        options.zone = s1_str_of(c->zone);
        options.header = c->header;
        options.time_form = c->time_form;
        char source[16];
        (void)snprintf(source, sizeof source, "f%zu", i);
        options.key.source = s1_str_of(source);
        s1_data_import_summary s;
        s1_err err = S1_ERR_INIT;
        const s1_rc rc = s1_data_import(&options, &s, &err);
        if (c->type == -1) { /* two columns that make no time together */
            assert_int_equal(rc, S1_E_DATA);
            continue;
        }
        if (rc != S1_OK) {
            fail_msg("layout %zu: %s", i, err.msg);
        }
        s1_bar_reader *reader;
        s1_bar_batch b;
        assert_int_equal(s1_data_load_ohlcv(archive, &options.key, S1_RANGE_ALL, &reader, NULL),
                         S1_OK);
        assert_int_equal(s1_bar_reader_next(reader, &b, NULL), S1_OK);
        assert_int_equal(b.count, 1);
        assert_int_equal(b.open_time[0], START * S1_NANOS_PER_SECOND);
        assert_int_equal(reader->price_scale, 2);
        assert_int_equal(b.open[0], 1000);
        assert_int_equal(b.high[0], 1250);
        assert_int_equal(b.low[0], 925);
        assert_int_equal(b.close[0], 1100);
        assert_int_equal(b.volume[0], 3);
        assert_int_equal(b.trades != NULL ? b.trades[0] : 7, 7);
        s1_bar_reader_close(reader);
    }
}

static void test_bad_layouts(void **state)
{
    (void)state;
    static const struct {
        const char *profile, *map, *content, *message;
    } cases[] = {
        {"generic", "time=0,open", "1,2\n", "--map: found 'open', expected FIELD=COLUMN"},
        {"generic", "tim=0", "1,2\n", "--map: found 'tim', expected one of time, open, high, low,"},
        {"generic", "time=0,open=1,high=1,low=1,close=1,volume=9", "1,2\n",
         "--map: found volume=9, expected a position below the 2 fields of a row (the first is 0)"},
        {"generic", "time=0,open=1,high=1,low=1,close=1", "1577836800,2\n",
         "in.csv:1:1: header: found '1577836800,2', expected a column volume"},
        {"generic", "close=Last", HEAD,
         "in.csv:1:1: header: found "
         "'timestamp,open,high,low,close,volume', expected a column "
         "'Last' (--map)"},
        {"coinbase", "",
         "{\"candles\": [{\"start\": 60, \"low\": 1, \"high\": 1, \"open\": 1, \"close\": 1, "
         "\"volume\": 1}",
         "found an end within the data"},
        {"coinbase", "", "[[60,1,1,1,1,1]", "in.csv:1:1: file: found an end within the data"},
        {"coinbase", "", "[[60,1,1,1,1,1]}]",
         "found something else, expected a comma or the list's"},
        {"coinbase", "", "[[60,1,1,1,1,1] [120,1,1,1,1,1]]",
         "found something else, expected a comma or the list's end behind a row"},
        {"coinbase", "", "[[60,1,1,1,1,1]] [[120,1,1,1,1,1]]",
         "found a second list of rows, expected one"},
        {"coinbase", "", "[[60,1,1 1,1,1,1]]",
         "in.csv:1:9: row: found '1,1,1,1]', expected a comma"},
        {"coinbase", "", "[[60,1,1,1,1,]]", "expected a value behind the comma"},
        {"coinbase", "", "{\"a\": 1}\n", "in.csv:2:1: header: found '', expected a header line"},
        {"coinbase", "", "[{\"start\":60,\"start\":61}]", "expected at most 64 members, each once"},
        {"coinbase", "", "[[[1}]]", "found brackets that do not match, expected whole rows"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_file(s1_str_of(cases[i].content));
        s1_data_import_options options = options_for(S1_DATA_OHLCV);
        options.profile = s1_str_of(cases[i].profile);
        options.map = s1_str_of(cases[i].map);
        assert_refused(&options, cases[i].message);
    }
}

/* --- Packings --------------------------------------------------------------------------------- */

static void write_gzip(s1_str text, const char *mode)
{
    gzFile file = gzopen(path, mode);
    assert_non_null(file);
    assert_int_equal(gzwrite(file, text.ptr, (unsigned)text.len), (int)text.len);
    assert_int_equal(gzclose(file), Z_OK);
}

static void add_member(zip_t *zip, const char *name, const char *content)
{
    zip_source_t *const source = zip_source_buffer(zip, content, strlen(content), 0);
    assert_non_null(source);
    assert_true(zip_file_add(zip, name, source, ZIP_FL_ENC_UTF_8) >= 0);
}

static void test_gzip(void **state)
{
    (void)state;
    s1_data_import_options options = options_for(S1_DATA_OHLCV);
    write_bars(RISING);
    (void)import(&options);
    char wanted[S1_SHA256_HEX], hash[S1_SHA256_HEX];
    hash_of(&options, wanted);
    s1_strbuf text;
    s1_strbuf_init(&text, 1u << 22);
    assert_int_equal(s1_fs_read_all(s1_fs_real(), path, 1u << 22, &text, NULL), S1_OK);
    /* Two members, cut within a row. */
    const s1_str whole = s1_strbuf_view(&text);
    write_gzip(s1_str_slice(whole, 0, 77777), "wb");
    write_gzip(s1_str_slice(whole, 77777, whole.len), "ab");
    const s1_data_import_summary s = import(&options);
    assert_int_equal(s.rows, ROWS);
    assert_int_equal(s.bytes, whole.len);
    assert_true(s.is_unchanged);
    hash_of(&options, hash);
    assert_string_equal(hash, wanted);
    s1_strbuf_clear(&text);
    assert_int_equal(s1_fs_read_all(s1_fs_real(), path, 1u << 22, &text, NULL), S1_OK);
    const size_t len = text.len;
    write_file(s1_str_slice(s1_strbuf_view(&text), 0, len - 9));
    assert_refused(&options, "in.csv:1:1: file: found gzip data that ends early");
    text.data[len / 2] = (char)(text.data[len / 2] ^ 0x55);
    write_file(s1_strbuf_view(&text));
    assert_refused(&options, "in.csv"); /* bytes that do not unpack, or rows that are none */
    s1_strbuf_done(&text);
}

/* Kraken's archive is one zip of all pairs; AIXBTUSD_1.csv ends like XBTUSD_1.csv. */
static void test_zip(void **state)
{
    (void)state;
    int code = 0;
    zip_t *const zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);
    assert_non_null(zip);
    add_member(zip, "all/AIXBTUSD_1.csv", "1577836800,1,1,1,1,1,1\n");
    add_member(zip, "all/XBTUSD_1.csv", "1577836800,7,7,7,7,7,7\n1577836860,7,7,7,7,7,7\n");
    add_member(zip, "all/XBTUSD_60.csv", "1577836800,9,9,9,9,9,9\n");
    add_member(zip, "all/readme.txt", "no rows\n");
    assert_int_equal(zip_close(zip), 0);
    s1_data_import_options options = options_for(S1_DATA_OHLCV);
    options.profile = S1_STR("kraken");
    options.key.asset_pair = S1_STR("BTC/USD");
    s1_data_import_summary s = import(&options);
    assert_int_equal(s.rows, 2);
    assert_string_equal(s.member, "all/XBTUSD_1.csv");
    options.key.asset_pair = S1_STR("AIXBT/USD");
    assert_int_equal(import(&options).rows, 1);
    options.key.asset_pair = S1_STR("ETH/USD");
    assert_refused(&options, "found 0 members in the zip archive that are meant (of 4: "
                             "all/AIXBTUSD_1.csv, all/XBTUSD_1.csv, all/XBTUSD_60.csv, "
                             "all/readme.txt), expected one: name it with --member");
    options.member = S1_STR("XBTUSD_60.csv");
    assert_refused(&options, "the name says XBTUSD 1h, expected a file of ETH/USD 1m ohlcv");
    options.ignores_name = true;
    s = import(&options);
    assert_string_equal(s.member, "all/XBTUSD_60.csv");
    options.member = (s1_str){NULL, 0};
    options.profile = S1_STR("generic");
    assert_refused(&options, "found 4 members in the zip archive that are meant");
}

/* --- Zones and names -------------------------------------------------------------------------- */

static void test_zones(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *local, *utc; /* NULL: shown never, or twice */
    } cases[] = {
        {"America/New_York", "2013-10-07T04:00", "2013-10-07T08:00"},
        {"America/New_York", "1998-01-02T09:00", "1998-01-02T14:00"},
        {"America/New_York", "1998-04-06T09:00", "1998-04-06T13:00"}, /* first Sunday of April */
        {"America/New_York", "2021-03-14T01:59", "2021-03-14T06:59"},
        {"America/New_York", "2021-03-14T02:30", NULL},
        {"America/New_York", "2021-03-14T03:00", "2021-03-14T07:00"},
        {"America/New_York", "2021-11-07T00:59", "2021-11-07T04:59"},
        {"America/New_York", "2021-11-07T01:30", NULL},
        {"America/New_York", "2021-11-07T02:00", "2021-11-07T07:00"},
        {"America/New_York", "1969-12-31T19:00", "1970-01-01T00:00"},
        {"+03:00", "2020-01-01T03:00", "2020-01-01T00:00"},
        {"-05:30", "2020-01-01T00:00", "2020-01-01T05:30"},
        {"UTC", "2020-01-01T00:00", "2020-01-01T00:00"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        s1_time_zone *zone;
        s1_nanos local, wanted = 0, time = 0;
        const s1_rc rc = s1_time_zone_load(s1_fs_real(), s1_str_of(cases[i].zone), &zone, NULL);
        if (rc == S1_E_NOT_FOUND) {
            print_message("skipped: no zone %s on this machine\n", cases[i].zone);
            continue;
        }
        assert_int_equal(rc, S1_OK);
        assert_int_equal(s1_time_parse(s1_str_of(cases[i].local), &local, NULL), S1_OK);
        const char *const expected = s1_time_zone_to_utc(zone, local, &time);
        assert_int_equal(expected == NULL, cases[i].utc != NULL);
        if (cases[i].utc != NULL) {
            assert_int_equal(s1_time_parse(s1_str_of(cases[i].utc), &wanted, NULL), S1_OK);
            assert_int_equal(time, wanted);
        }
        s1_time_zone_free(zone);
    }
    s1_time_zone *zone;
    assert_int_equal(s1_time_zone_load(s1_fs_real(), S1_STR("+3"), &zone, NULL), S1_E_INVALID);
    assert_int_equal(s1_time_zone_parse(S1_STR("x"), S1_STR("TZif"), &zone, NULL), S1_E_DATA);
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *symbol, *pair;
        bool is_it;
    } symbols[] = {{"XBTUSD", "BTC/USD", true},    {"BTCUSD", "XBT/USD", true},
                   {"AIXBTUSD", "BTC/USD", false}, {"AIXBTUSD", "AIXBT/USD", true},
                   {"ADA/EUR", "ADA/EUR", true},   {"btc-usd", "BTC/USD", true},
                   {"XDGUSD", "DOGE/USD", true},   {"BTCUSDT", "BTC/USD", false},
                   {"BTCBUSD", "BTC/BUSD", true},  {"USD", "BTC/USD", false},
                   {"", "BTC/USD", false}};
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        assert_int_equal(
            s1_symbol_is_pair(s1_str_of(symbols[i].symbol), s1_str_of(symbols[i].pair)),
            symbols[i].is_it);
    }
    char pair[S1_PAIR_TEXT_MAX + 1];
    assert_true(s1_pair_normalise(S1_STR("XBT/EUR"), pair));
    assert_string_equal(pair, "BTC/EUR");
    assert_true(s1_pair_normalise(S1_STR("ETH/XBT"), pair));
    assert_string_equal(pair, "ETH/BTC");
    assert_false(s1_pair_normalise(S1_STR("XBTEUR"), pair));
    s1_import_name name;
    assert_true(s1_import_name_read(S1_NAMING_KRAKEN_BARS, S1_STR("XBTUSD_60.csv"), &name));
    assert_int_equal(name.timeframe, S1_NANOS_PER_HOUR);
    assert_false(s1_import_name_read(S1_NAMING_KRAKEN_BARS, S1_STR("bars_60.csv"), &name));
    assert_false(s1_import_name_read(S1_NAMING_KRAKEN_BARS, S1_STR("XBTUSD_60_old.csv"), &name));
    assert_true(
        s1_import_name_read(S1_NAMING_BINANCE_BARS, S1_STR("BTCUSDT-5m-2023-01.zip"), &name));
    assert_int_equal(name.timeframe, 5 * S1_NANOS_PER_MINUTE);
    assert_true(s1_import_name_read(S1_NAMING_CDD, S1_STR("Kraken_BTCUSD_d.csv"), &name));
    assert_int_equal(name.timeframe, S1_NANOS_PER_DAY);
    assert_true(s1_import_name_read(S1_NAMING_LEAN, S1_STR("20131007_trade.zip"), &name));
    assert_true(name.has_date);
    assert_int_equal(name.symbol.len, 0);
}

/* The same file twice is the same file once. */
static void test_twice(void **state)
{
    (void)state;
    write_bars(RISING);
    s1_data_import_options options = options_for(S1_DATA_OHLCV);
    s1_data_import_summary s = import(&options);
    assert_false(s.is_unchanged);
    const s1_data_import_summary again = import(&options);
    assert_true(again.is_unchanged);
    assert_string_equal(again.content_hash, s.content_hash);
    assert_string_equal(again.sha256, s.sha256);
    options.archive = NULL; /* only looked at */
    s = import(&options);
    assert_int_equal(s.rows, ROWS);
    assert_string_equal(s.content_hash, "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_every_way_gives_the_same_rows),
        TEST(test_without_a_scratch_file),
        TEST(test_scratch_fails_anywhere),
        TEST(test_duplicates_of_bars),
        TEST(test_pages_of_trades),
        TEST(test_falling_trades),
        TEST(test_trades_without_ids),
        TEST(test_rejects),
        TEST(test_null_rows),
        TEST(test_layouts),
        TEST(test_bad_layouts),
        TEST(test_gzip),
        TEST(test_zip),
        TEST(test_zones),
        TEST(test_names),
        TEST(test_twice),
    };
#undef TEST
    return cmocka_run_group_tests_name("import order", tests, setup_group, teardown_group);
}
