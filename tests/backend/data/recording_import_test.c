/* Recorded web sockets of Binance: which messages become which rows, what waits for a snapshot, and
 * what is said where messages are missing. */
#include "backend/data/ingest/data_import.h"
#include "backend/data/persistors/memory_persistor.h"
#include "backend/dtos/market/market_layout.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char path[400];

static int setup_group(void **state)
{
    (void)state;
    static char folder[256];
    const char *const tmp = getenv("S1_TEST_TMP");
    (void)snprintf(folder, sizeof folder, "%s/recordingXXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/recording", folder);
    return 0;
}

static int teardown_group(void **state)
{
    (void)state;
    *strrchr(path, '/') = '\0';
    assert_int_equal(s1_fs_remove_tree(s1_fs_real(), path, NULL), S1_OK);
    return 0;
}

#define DIFF(time, U, u, b, a)                                                                     \
    time " {\"stream\":\"btceur@depth@100ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":7,\"s\":"      \
         "\"BTCEUR\",\"U\":" #U ",\"u\":" #u ",\"b\":[" b "],\"a\":[" a "]}}\n"
#define SNAP(time, id, b, a) time " {\"lastUpdateId\":" #id ",\"bids\":[" b "],\"asks\":[" a "]}\n"
#define TICK                                                                                       \
    "3 "                                                                                           \
    "{\"stream\":\"btceur@bookTicker\",\"data\":{\"u\":9,\"s\":\"BTCEUR\",\"b\":\"99.5\",\"B\":"   \
    "\"1\",\"a\":\"100\",\"A\":\"0.25\"}}\n"
#define SOLD                                                                                       \
    "4 "                                                                                           \
    "{\"stream\":\"btceur@trade\",\"data\":{\"e\":\"trade\",\"E\":1,\"s\":\"BTCEUR\",\"t\":17,"    \
    "\"p\":\"99.5\",\"q\":\"0.02\",\"T\":2,\"m\":true,\"M\":true}}\n"
#define MANY                                                                                       \
    "5 "                                                                                           \
    "{\"e\":\"aggTrade\",\"s\":\"BTCEUR\",\"a\":18,\"p\":\"100\",\"q\":\"3\",\"f\":1,\"l\":2,"     \
    "\"m\":false}\n"
#define ELSE                                                                                       \
    "6 "                                                                                           \
    "{\"stream\":\"btceur@kline_1m\",\"data\":{\"e\":\"kline\",\"s\":\"BTCEUR\",\"k\":{\"t\":1,"   \
    "\"o\":[1]}}}\n"

static s1_rc import(const char *text, int32_t data_type, s1_data_persistor *archive,
                    s1_data_import_summary *summary, s1_err *err)
{
    const s1_str content = {text, strlen(text)};
    assert_int_equal(s1_fs_write_file(s1_fs_real(), path, content, NULL), S1_OK);
    const s1_data_import_options options = {
        .fs = s1_fs_real(),
        .archive = archive,
        .file = path,
        .profile = S1_STR("binance-ws"),
        .key = {.asset_pair = S1_STR("BTC/EUR"), .data_type = data_type},
        .price_scale = S1_SCALE_DETECT,
        .qty_scale = S1_SCALE_DETECT};
    return s1_data_import(&options, summary, err);
}

/* The rows in words: "time id S bid 99.5=1;..." with one decimal's mantissas. */
static void print_rows(s1_data_persistor *archive, char *to, size_t size)
{
    const s1_stream_key key = {.asset_pair = S1_STR("BTC/EUR"), .data_type = S1_DATA_BOOK};
    s1_market_reader *reader;
    s1_market_batch batch;
    size_t used = 0;
    assert_int_equal(s1_data_load(archive, &key, S1_RANGE_ALL, &reader, NULL), S1_OK);
    while (s1_market_reader_next(reader, &batch, NULL) == S1_OK && batch.count > 0) {
        for (size_t i = 0; i < batch.count; i++) {
            used += (size_t)snprintf(
                to + used, size - used, "%s%lld:%lld%c%c%lld=%lld", used > 0 ? " " : "",
                (long long)((const int64_t *)batch.columns[0])[i],
                (long long)((const int64_t *)batch.columns[1])[i],
                ((const uint8_t *)batch.columns[2])[i] == S1_BOOK_SNAPSHOT ? 'S' : 'U',
                ((const uint8_t *)batch.columns[3])[i] == S1_BOOK_BID ? 'b' : 'a',
                (long long)((const int64_t *)batch.columns[4])[i],
                (long long)((const int64_t *)batch.columns[5])[i]);
            assert_true(used < size);
        }
    }
    s1_market_reader_close(reader);
}

typedef struct book_case {
    const char *what, *text, *rows;
    uint64_t messages, snapshots, old, gaps;
} book_case;

static const book_case book_cases[] = {
    {"differences wait for the snapshot, at whose time the newer ones follow",
     DIFF("1", 90, 95, "[\"5\",\"1\"]", "") DIFF("2", 96, 102, "[\"7\",\"2\"]", "")
         SNAP("3", 100, "[\"6\",\"1\"]", "[\"8\",\"1\"]") DIFF("4", 103, 104, "", "[\"8\",\"0\"]"),
     "3:100Sb6=1 3:100Sa8=1 3:102Ub7=2 4:104Ua8=0", 3, 1, 1, 0},
    {"other messages are passed over", ELSE SNAP("6", 1, "[\"6\",\"1\"]", "") SOLD TICK, "6:1Sb6=1",
     1, 1, 0, 0},
    {"a file that goes on where another ended",
     DIFF("1", 1, 2, "[\"5\",\"1\"]", "") DIFF("2", 3, 3, "[\"5\",\"0\"]", ""), "1:2Ub5=1 2:3Ub5=0",
     2, 0, 0, 0},
    {"a snapshot that the first difference does not bridge",
     SNAP("1", 100, "[\"6\",\"1\"]", "") DIFF("2", 102, 110, "[\"5\",\"1\"]", "")
         DIFF("3", 111, 112, "[\"4\",\"1\"]", ""),
     "1:100Sb6=1 2:110Sb5=0 2:110Ub5=1 3:112Ub4=1", 3, 1, 0, 1},
    {"messages are missing, and a snapshot comes",
     SNAP("1", 100, "[\"6\",\"1\"]", "") DIFF("2", 101, 103, "[\"5\",\"1\"]", "")
         DIFF("3", 105, 106, "[\"4\",\"1\"]", "") DIFF("4", 107, 109, "[\"4\",\"2\"]", "")
             SNAP("5", 107, "[\"6\",\"3\"]", "") DIFF("6", 110, 110, "[\"4\",\"0\"]", ""),
     "1:100Sb6=1 2:103Ub5=1 3:106Sb4=0 5:107Sb6=3 5:109Ub4=2 6:110Ub4=0", 5, 2, 1, 1},
    {"a snapshot that is older than the book",
     SNAP("1", 100, "[\"6\",\"1\"]", "") DIFF("2", 101, 103, "[\"5\",\"1\"]", "")
         SNAP("3", 102, "[\"6\",\"3\"]", "") DIFF("4", 104, 104, "[\"4\",\"1\"]", ""),
     "1:100Sb6=1 2:103Ub5=1 4:104Ub4=1", 3, 1, 1, 0},
};

static void test_messages_of_a_book_become_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof book_cases / sizeof book_cases[0]; i++) {
        const book_case *const c = &book_cases[i];
        s1_data_persistor *archive;
        s1_data_import_summary summary;
        s1_err err = S1_ERR_INIT;
        char rows[512];
        assert_int_equal(s1_memory_persistor_new(&archive, NULL), S1_OK);
        if (import(c->text, S1_DATA_BOOK, archive, &summary, &err) != S1_OK) {
            fail_msg("%s: %s", c->what, err.msg);
        }
        print_rows(archive, rows, sizeof rows);
        if (strcmp(rows, c->rows) != 0 || summary.messages != c->messages ||
            summary.snapshots != c->snapshots || summary.old_messages != c->old ||
            summary.message_gaps != c->gaps) {
            fail_msg("%s: %s (%d %d %d %d)", c->what, rows, (int)summary.messages,
                     (int)summary.snapshots, (int)summary.old_messages, (int)summary.message_gaps);
        }
        s1_data_persistor_free(archive);
    }
}

/* More than can be held waits: it is taken as it stands, in order. */
static void test_what_waits_is_bounded(void **state)
{
    (void)state;
    enum { MESSAGES = 60000 };
    char *const text = malloc((size_t)MESSAGES * 160);
    size_t used = 0;
    assert_non_null(text);
    for (int i = 1; i <= MESSAGES; i++) {
        used += (size_t)sprintf(text + used,
                                "%d {\"e\":\"depthUpdate\",\"s\":\"BTCEUR\",\"U\":%d,\"u\":%d,"
                                "\"b\":[[\"5.25\",\"%d\"]],\"a\":[]}\n",
                                i, i, i, i);
    }
    s1_data_import_summary summary;
    s1_err err = S1_ERR_INIT;
    if (import(text, S1_DATA_BOOK, NULL, &summary, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    assert_int_equal(summary.rows, MESSAGES);
    assert_int_equal(summary.messages, MESSAGES);
    assert_int_equal(summary.message_gaps, 0);
    free(text);
}

static void test_trades_and_quotes(void **state)
{
    (void)state;
    s1_data_persistor *archive;
    s1_data_import_summary summary;
    s1_market_reader *reader;
    s1_market_batch batch;
    assert_int_equal(s1_memory_persistor_new(&archive, NULL), S1_OK);
    assert_int_equal(import(TICK SOLD MANY ELSE, S1_DATA_TRADES, archive, &summary, NULL), S1_OK);
    const s1_stream_key trades = {.asset_pair = S1_STR("BTC/EUR"), .data_type = S1_DATA_TRADES};
    assert_int_equal(s1_data_load(archive, &trades, S1_RANGE_ALL, &reader, NULL), S1_OK);
    assert_int_equal(s1_market_reader_next(reader, &batch, NULL), S1_OK);
    const s1_trade_batch sold = s1_trades_of_market_batch(&batch);
    assert_int_equal(sold.count, 2);
    assert_int_equal(sold.time[0], 4);
    assert_int_equal(sold.price[0], 995);
    assert_int_equal(sold.quantity[0], 2);
    assert_int_equal(sold.side[0], S1_TRADE_SELL); /* the buyer was there before */
    assert_int_equal(sold.side[1], S1_TRADE_BUY);
    assert_int_equal(sold.id[0], 17);
    assert_int_equal(sold.id[1], 18);
    s1_market_reader_close(reader);
    assert_int_equal(import(TICK SOLD, S1_DATA_QUOTES, archive, &summary, NULL), S1_OK);
    const s1_stream_key quotes = {.asset_pair = S1_STR("BTC/EUR"), .data_type = S1_DATA_QUOTES};
    assert_int_equal(s1_data_load(archive, &quotes, S1_RANGE_ALL, &reader, NULL), S1_OK);
    assert_int_equal(s1_market_reader_next(reader, &batch, NULL), S1_OK);
    const int64_t expected[] = {3, 995, 1000, 100, 25};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(*(const int64_t *)batch.columns[i], expected[i]);
    }
    s1_market_reader_close(reader);
    s1_data_persistor_free(archive);
}

typedef struct bad_recording {
    const char *text, *message;
} bad_recording;

static const bad_recording bad_recordings[] = {
    {"nonsense\n", ":1:1: message: found 'nonsense', expected a time in nanoseconds, a space and "
                   "a message"},
    {"1 [1]\n", ":1:3: message: found '[1]', expected a message of JSON behind the time"},
    {"1 {\"a\":1,}\n", ":1:3: message: found '{\"a\":1,}', expected a message of JSON behind the "
                       "time"},
    {"1 {\"data\":{\"e\":\"depthUpdate\"}\n",
     ":1:3: message: found '{\"data\":{\"e\":\"depthUpdate\"}', expected a message of JSON behind "
     "the time"},
    {"1 {\"e\":\"depthUpdate\",\"U\":1,\"u\":-2}\n",
     ":1:32: update_id: found '-2', expected a whole number at or above 0"},
    {SNAP("1", 1, "[\"6\"]", ""), "expected levels of two texts each"},
    {SNAP("1", 1, "[\"-6\",\"1\"]", ""), ":1:31: price: found '-6', expected above 0"},
    {SNAP("1", 1, "[\"6\",\"-1\"]", ""), ":1:35: quantity: found '-1', expected at or above 0"},
    {SNAP("2", 1, "[\"6\",\"1\"]", "") DIFF("1", 2, 2, "[\"6\",\"1\"]", ""),
     ":2:1: time: found '1', expected later than"},
    {"1 {\"e\":\"depthUpdate\",\"s\":\"ETHEUR\",\"U\":1,\"u\":2,\"b\":[[\"6\",\"1\"]]}\n",
     "symbol: found 'ETHEUR', expected BTC/EUR (--symbol names another)"},
    {ELSE, ":2:1: rows: found none, expected at least one"},
};

static void test_faults_are_told_with_their_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_recordings / sizeof bad_recordings[0]; i++) {
        s1_data_import_summary summary;
        s1_err err = S1_ERR_INIT;
        const s1_rc rc = import(bad_recordings[i].text, S1_DATA_BOOK, NULL, &summary, &err);
        if (rc != S1_E_DATA || strstr(err.msg, bad_recordings[i].message) == NULL) {
            fail_msg("%s: %d %s", bad_recordings[i].text, rc, err.msg);
        }
    }
}

/* What `data export` writes of a book comes back by the generic profile. */
static void test_a_book_as_lines(void **state)
{
    (void)state;
    static const char text[] = "time,update_id,kind,side,price,quantity\n"
                               "1,5,snapshot,bid,99.5,1\n1,5,1,2,100,2\n2,6,update,ask,100,0\n";
    s1_data_persistor *archive;
    s1_data_import_summary summary;
    s1_err err = S1_ERR_INIT;
    char rows[256];
    assert_int_equal(s1_memory_persistor_new(&archive, NULL), S1_OK);
    assert_int_equal(s1_fs_write_file(s1_fs_real(), path, (s1_str){text, sizeof text - 1}, NULL),
                     S1_OK);
    s1_data_import_options options = {
        .fs = s1_fs_real(),
        .archive = archive,
        .file = path,
        .time_form = 7, /* nanoseconds */
        .key = {.asset_pair = S1_STR("BTC/EUR"), .data_type = S1_DATA_BOOK},
        .price_scale = S1_SCALE_DETECT,
        .qty_scale = S1_SCALE_DETECT};
    if (s1_data_import(&options, &summary, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    print_rows(archive, rows, sizeof rows);
    assert_string_equal(rows, "1:5Sb995=1 1:5Sa1000=2 2:6Ua1000=0");
    s1_data_persistor_free(archive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_of_a_book_become_rows),
        cmocka_unit_test(test_what_waits_is_bounded),
        cmocka_unit_test(test_trades_and_quotes),
        cmocka_unit_test(test_faults_are_told_with_their_place),
        cmocka_unit_test(test_a_book_as_lines),
    };
    return cmocka_run_group_tests_name("backend/data/recording_import", tests, setup_group,
                                       teardown_group);
}
