/* Real files of ../shared/data: each with the exact rows, times and faults that others measured
 * (its INDEX.md and README.md). */
#include "backend/data/ingest/data_import.h"
#include "backend/data/ingest/import_profile.h"
#include "backend/data/persistors/memory_persistor.h"
#include "backend/utils/timefmt.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char path[512];
static s1_data_persistor *archive;

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

static bool shared_file(const char *name)
{
    const char *shared = getenv("S1_SHARED");
    (void)snprintf(path, sizeof path, "%s/data/%s", shared != NULL ? shared : "../shared", name);
    if (s1_fs_is_file(s1_fs_real(), path)) {
        return true;
    }
    print_message("skipped: no %s\n", path);
    return false;
}

static s1_data_import_options options_for(const char *profile, const char *pair, int32_t type,
                                          const char *timeframe)
{
    s1_data_import_options options = {.fs = s1_fs_real(),
                                      .archive = archive,
                                      .file = path,
                                      .profile = s1_str_of(profile),
                                      .key = {.asset_pair = s1_str_of(pair), .data_type = type},
                                      .price_scale = S1_SCALE_DETECT,
                                      .qty_scale = S1_SCALE_DETECT};
    s1_nanos length = 0;
    if (timeframe != NULL) {
        assert_int_equal(s1_timeframe_parse(s1_str_of(timeframe), &length, NULL), S1_OK);
    }
    options.key.timeframe = type == S1_DATA_OHLCV ? length : 0;
    options.bar_length = type == S1_DATA_OHLCV ? 0 : length;
    return options;
}

static s1_data_import_summary import(const s1_data_import_options *options)
{
    s1_data_import_summary summary = {0};
    s1_err err = S1_ERR_INIT;
    if (s1_data_import(options, &summary, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    return summary;
}

static void assert_refused(const s1_data_import_options *options, s1_rc code, const char *message)
{
    s1_data_import_summary summary;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_data_import(options, &summary, &err), code);
    assert_string_equal(
        s1_str_starts_with(s1_str_of(err.msg), s1_str_of(path)) ? err.msg + strlen(path) : err.msg,
        message);
}

static void assert_time(s1_nanos time, const char *iso)
{
    s1_nanos wanted = 0;
    char text[S1_TIME_TEXT_MAX];
    assert_int_equal(s1_time_parse(s1_str_of(iso), &wanted, NULL), S1_OK);
    (void)s1_time_print_short(time, text);
    if (time != wanted) {
        fail_msg("found %s, expected %s", text, iso);
    }
}

/* One value of row `index`. */
static int64_t value_of(const s1_data_import_options *options, size_t column, size_t index)
{
    s1_market_reader *reader;
    s1_market_batch batch;
    int64_t value = 0;
    assert_int_equal(s1_data_load(archive, &options->key, S1_RANGE_ALL, &reader, NULL), S1_OK);
    for (;;) {
        assert_int_equal(s1_market_reader_next(reader, &batch, NULL), S1_OK);
        assert_true(batch.count > 0);
        if (index < batch.count) {
            break;
        }
        index -= batch.count;
    }
    assert_non_null(batch.columns[column]);
    size_t count;
    const s1_market_column *const layout = s1_market_layout(options->key.data_type, &count);
    value = s1_market_column_size(&layout[column]) == 1
                ? ((const uint8_t *)batch.columns[column])[index]
                : ((const int64_t *)batch.columns[column])[index];
    s1_market_reader_close(reader);
    return value;
}

/* --- Every file with its figures -------------------------------------------------------------- */

typedef struct real_file {
    const char *name, *profile, *pair, *timeframe;
    uint64_t rows, gaps, missing_bars, zero_volume;
    const char *first, *last;
    uint64_t rounded; /* volumes with more than 8 decimals: floats were written; 0: none are */
} real_file;

/* Rows, holes, zero volumes: INDEX.md. LEAN's bars: rows of INDEX.md; gaps as the archive counts.
 */
static const real_file bar_files[] = {
    {"crypto/kraken/XBTUSD_60.csv", "kraken", "BTC/USD", "1h", 70253, 3254, 10856, 0,
     "2013-10-06T21:00", "2023-01-07T09:00", 0},
    {"crypto/kraken/ETHUSD_60.csv", "kraken", "ETH/USD", "1h", 63568, 842, 3474, 0,
     "2015-08-07T14:00", "2023-03-31T23:00", 0},
    {"crypto/kraken/XBTUSD_1440.csv", "kraken", "BTC/USD", "1d", 3807, 11, 12, 0, "2013-10-06",
     "2024-03-20", 0},
    {"crypto/kraken/ETHUSD_1440.csv", "kraken", "ETH/USD", "1d", 3143, 5, 6, 0, "2015-08-07",
     "2024-03-20", 0},
    {"crypto/kraken/XBTUSD_1440_mit.csv", "kraken", "BTC/USD", "1d", 3178, 11, 12, 0, "2013-10-06",
     "2022-06-30", 0},
    {"crypto/kraken/XBTUSD_240.csv", "kraken", "BTC/USD", "4h", 4383, 3, 3, 0, "2024-01-01",
     "2025-12-31T20:00", 62},
    {"crypto/kraken/XBTEUR_240.csv", "kraken", "BTC/EUR", "4h", 4384, 2, 2, 0, "2024-01-01",
     "2025-12-31T20:00", 18},
    {"crypto/kraken/ETHUSD_240.csv", "kraken", "ETH/USD", "4h", 4383, 3, 3, 0, "2024-01-01",
     "2025-12-31T20:00", 230},
    {"crypto/kraken/ETHEUR_240.csv", "kraken", "ETH/EUR", "4h", 4383, 3, 3, 0, "2024-01-01",
     "2025-12-31T20:00", 160},
    {"crypto/kraken/BTCUSDC_1m_2023Q1.csv", "kraken", "BTC/USDC", "1m", 56717, 26746, 72883, 0,
     "2023-01-01", "2023-03-31T23:59", 0},
    {"crypto/kraken/BTCUSD_minute_2022-01-25.csv", "generic", "BTC/USD", "1m", 720, 0, 0, 0,
     "2022-01-25T11:03", "2022-01-25T23:02", 0},
    {"crypto/kraken/ADAEUR_1d_cdd.csv", "cdd", "ADA/EUR", "1d", 759, 0, 0, 5, "2018-11-28",
     "2020-12-25", 0},
    {"crypto/kraken/ADAEUR_1h_cdd.csv", "cdd", "ADA/EUR", "1h", 1643, 0, 0, 219, "2020-10-17T14:00",
     "2020-12-25", 0},
    {"crypto/kraken/BTCEUR_1d_cdd.csv", "cdd", "BTC/EUR", "1d", 2663, 0, 0, 14, "2013-09-11",
     "2020-12-25", 0},
    {"crypto/kraken/BTCEUR_1h_cdd.csv", "cdd", "BTC/EUR", "1h", 30537, 2, 5, 333,
     "2017-07-01T11:00", "2020-12-25", 0},
    {"crypto/kraken/ETHEUR_1d_cdd.csv", "cdd", "ETH/EUR", "1d", 1968, 0, 0, 8, "2015-08-07",
     "2020-12-25", 0},
    {"crypto/kraken/ETHEUR_1h_cdd.csv", "cdd", "ETH/EUR", "1h", 30537, 2, 5, 268,
     "2017-07-01T11:00", "2020-12-25", 0},
    {"crypto/kraken/XRPUSD_1d_cdd.csv", "cdd-date", "XRP/USD", "1d", 837, 1, 12, 6, "2017-06-21",
     "2019-10-17", 0},
    {"crypto/coinbase/BTC-USD-PT4H-20160518_20251028.json", "coinbase", "BTC/USD", "4h", 20695, 3,
     5, 0, "2016-05-18T04:00", "2025-10-28", 0},
    {"crypto/coinbase/BTC-USD-PT4H-20160518_20251028.json", "generic", "BTC/USD", "4h", 20695, 3, 5,
     0, "2016-05-18T04:00", "2025-10-28", 0},
    {"dirty/bitfinex_BTCUSD_1m_2013_one_cent_low.csv.gz", "bitfinex", "BTC/USD", "1m", 148055,
     49884, 247938, 0, "2013-04-01T00:07", "2013-12-31T23:59", 0},
    {"equity/lean/daily/aapl.zip", "lean-equity", "AAPL/USD", "1d", 5849, 1267, 2641, 0,
     "1998-01-02", "2021-03-31", 0},
    {"equity/lean/daily/goog.zip", "lean-equity", "GOOG/USD", "1d", 4183, 906, 1886, 0,
     "2004-08-19", "2021-03-31", 0},
    {"equity/lean/daily/googl.zip", "lean-equity", "GOOGL/USD", "1d", 1761, 382, 794, 0,
     "2014-04-03", "2021-03-31", 0},
    {"equity/lean/daily/ibm.zip", "lean-equity", "IBM/USD", "1d", 5849, 1267, 2641, 0, "1998-01-02",
     "2021-03-31", 0},
    {"equity/lean/daily/spy.zip", "lean-equity", "SPY/USD", "1d", 5849, 1267, 2641, 0, "1998-01-02",
     "2021-03-31", 0},
    /* 09:00 in New York is 14:00 UTC in winter, 15:00 there 19:00 in summer. */
    {"equity/lean/hour/aapl.zip", "lean-equity", "AAPL/USD", "1h", 40831, 5849, 162911, 0,
     "1998-01-02T14:00", "2021-03-31T19:00", 0},
    {"equity/lean/hour/spy.zip", "lean-equity", "SPY/USD", "1h", 40832, 5848, 162910, 0,
     "1998-01-02T14:00", "2021-03-31T19:00", 0},
    {"equity/lean/minute/aapl/20140609_trade.zip", "lean-equity", "AAPL/USD", "1m", 834, 58, 126, 0,
     "2014-06-09T08:00", "2014-06-09T23:59", 0},
    {"equity/lean/minute/spy/20131007_trade.zip", "lean-equity", "SPY/USD", "1m", 828, 78, 132, 0,
     "2013-10-07T08:00", "2013-10-07T23:59", 0},
    {"equity/lean/minute/spy/20131007_quote.zip", "lean-equity", "SPY/USD", "1m", 908, 46, 53, 908,
     "2013-10-07T08:00", "2013-10-08T00:00", 0},
    {"fx/lean/cfd/oanda/daily/xauusd.zip", "lean-fx", "XAU/USD", "1d", 3949, 729, 777, 3949,
     "2006-03-20", "2019-02-25", 0},
    {"fx/lean/cfd/oanda/hour/xauusd.zip", "lean-fx", "XAU/USD", "1h", 76499, 1524, 36925, 76499,
     "2006-03-20", "2019-02-25T23:00", 0},
    {"fx/lean/forex/fxcm/hour/eurusd.zip", "lean-fx", "EUR/USD", "1h", 69928, 624, 28832, 69928,
     "2007-03-30", "2018-07-04T23:00", 0},
    {"fx/lean/forex/oanda/daily/eurusd.zip", "lean-fx", "EUR/USD", "1d", 3738, 629, 645, 3738,
     "2007-01-01", "2018-12-31", 0},
    {"fx/lean/forex/oanda/daily/gbpusd.zip", "lean-fx", "GBP/USD", "1d", 3738, 629, 645, 3738,
     "2007-01-01", "2018-12-31", 0},
    {"fx/lean/forex/oanda/hour/eurusd.zip", "lean-fx", "EUR/USD", "1h", 74439, 641, 30730, 74439,
     "2007-01-01T21:00", "2018-12-31T21:00", 0},
    {"fx/lean/forex/oanda/minute/eurusd/20140508_quote.zip", "lean-fx", "EUR/USD", "1m", 1419, 18,
     21, 1419, "2014-05-08", "2014-05-08T23:59", 0},
    {"fx/lean/forex/oanda/second/eurusd/20140508_quote.zip", "lean-fx", "EUR/USD", "1s", 24388,
     10936, 61994, 24388, "2014-05-08T00:00:08", "2014-05-08T23:59:49", 0},
};

static void test_bar_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bar_files / sizeof bar_files[0]; i++) {
        const real_file *const file = &bar_files[i];
        if (!shared_file(file->name)) {
            continue;
        }
        s1_data_import_options options =
            options_for(file->profile, file->pair, S1_DATA_OHLCV, file->timeframe);
        char source[16];
        (void)snprintf(source, sizeof source, "f%zu", i);
        options.key.source = s1_str_of(source);
        if (file->rounded > 0) {
            options.qty_scale = 8;
            options.rounds_quantity = true;
        }
        const s1_data_import_summary s = import(&options);
        if (s.rows != file->rows || s.gaps != file->gaps || s.missing_bars != file->missing_bars ||
            s.zero_volume_bars != file->zero_volume) {
            fail_msg("%s: %llu rows, %llu gaps, %llu missing, %llu without volume", file->name,
                     (unsigned long long)s.rows, (unsigned long long)s.gaps,
                     (unsigned long long)s.missing_bars, (unsigned long long)s.zero_volume_bars);
        }
        assert_int_equal(s.rejects + s.duplicates, 0);
        assert_int_equal(s.rounded, file->rounded);
        assert_time(s.first, file->first);
        assert_time(s.last, file->last);
        s1_archive_info info;
        assert_int_equal(s1_data_get_info(archive, &options.key, &info, NULL), S1_OK);
        assert_int_equal(info.rows, file->rows);
    }
}

/* README 5.6: Kraken's daily files change their layout on 2024-01-01. */
static void test_layout_changes_within_a_file(void **state)
{
    (void)state;
    enum { CLOSE = 4, VOLUME = 5, TRADES = 6 };
    if (!shared_file("crypto/kraken/XBTUSD_1440.csv")) {
        return;
    }
    const s1_data_import_options options = options_for("kraken", "BTC/USD", S1_DATA_OHLCV, "1d");
    const s1_data_import_summary s = import(&options);
    assert_int_equal(s.columns, 1u << TRADES); /* the VWAP is there for the last rows only */
    assert_int_equal(s.price_scale, 5);
    assert_int_equal(s.qty_scale, 10);
    /* 2023-12-31: archive columns; 2024-01-01: volume is the seventh, 2457.30419634. */
    assert_int_equal(value_of(&options, TRADES, 0), 1);
    assert_int_equal(value_of(&options, VOLUME, 0), 1000000000);
    assert_int_equal(value_of(&options, VOLUME, 3727), 24573041963400);
    assert_int_equal(value_of(&options, CLOSE, 3727), 4418080000);
    assert_int_equal(value_of(&options, TRADES, 3727), 19869);
    assert_int_equal(value_of(&options, TRADES, 3806), 33404);
}

/* Trade counts and VWAP are stored where all rows have them. */
static void test_counts_and_vwap(void **state)
{
    (void)state;
    enum { TRADES = 6, VWAP = 7 };
    if (shared_file("crypto/kraken/BTCUSD_minute_2022-01-25.csv")) {
        const s1_data_import_options options =
            options_for("generic", "BTC/USD", S1_DATA_OHLCV, "1m");
        const s1_data_import_summary s = import(&options);
        assert_int_equal(s.columns, 1u << TRADES | 1u << VWAP);
        assert_int_equal(s.vwap_scale, 1);
        assert_int_equal(value_of(&options, TRADES, 0), 7);
        assert_int_equal(value_of(&options, VWAP, 0), 365072);
    }
    if (shared_file("crypto/kraken/ADAEUR_1d_cdd.csv")) {
        const s1_data_import_options options = options_for("cdd", "ADA/EUR", S1_DATA_OHLCV, "1d");
        const s1_data_import_summary s = import(&options);
        assert_int_equal(s.columns, 1u << TRADES | 1u << VWAP);
        assert_int_equal(value_of(&options, TRADES, 758), 8); /* the first line of the file */
        assert_int_equal(value_of(&options, VWAP, 758), 125901);
    }
    if (shared_file("crypto/kraken/BTCEUR_1h_cdd.csv")) { /* counts that are NULL in some rows */
        const s1_data_import_options options = options_for("cdd", "BTC/EUR", S1_DATA_OHLCV, "1h");
        assert_int_equal(import(&options).columns, 1u << VWAP);
    }
}

/* README 5.6: Bitfinex stores the close before the high; 5.7: its low of one cent is stored. */
static void test_column_order_and_one_cent(void **state)
{
    (void)state;
    enum { OPEN = 1, HIGH = 2, LOW = 3, CLOSE = 4 };
    if (!shared_file("dirty/bitfinex_BTCUSD_1m_2013_one_cent_low.csv.gz")) {
        return;
    }
    const s1_data_import_options options = options_for("bitfinex", "BTC/USD", S1_DATA_OHLCV, "1m");
    const s1_data_import_summary s = import(&options);
    assert_int_equal(s.price_scale, 8);
    assert_int_equal(value_of(&options, OPEN, 0), 9325000000); /* 93.25,93.3,93.3,93.25 */
    assert_int_equal(value_of(&options, HIGH, 0), 9330000000);
    assert_int_equal(value_of(&options, LOW, 0), 9325000000);
    assert_int_equal(value_of(&options, CLOSE, 0), 9330000000);
    s1_bar_reader *reader;
    s1_bar_batch batch = {0};
    int64_t lowest = INT64_MAX;
    assert_int_equal(s1_data_load_ohlcv(archive, &options.key, S1_RANGE_ALL, &reader, NULL), S1_OK);
    do {
        assert_int_equal(s1_bar_reader_next(reader, &batch, NULL), S1_OK);
        for (size_t i = 0; i < batch.count; i++) {
            lowest = batch.low[i] < lowest ? batch.low[i] : lowest;
        }
    } while (batch.count > 0);
    s1_bar_reader_close(reader);
    assert_int_equal(lowest, 1000000); /* 0.01: odd, but a price; data check tells */
}

/* --- Trades ----------------------------------------------------------------------------------- */

/* README 3: with its duplicate left out the hour's trades are the official bar. */
static void test_trades_of_an_hour(void **state)
{
    (void)state;
    enum { QUANTITY = 2, SIDE = 3 };
    if (!shared_file("crypto/kraken/BTCUSD_trades_2019-07-01T00.csv")) {
        return;
    }
    s1_data_import_options options = options_for("kraken-trades", "BTC/USD", S1_DATA_TRADES, NULL);
    s1_data_import_summary s = import(&options);
    assert_int_equal(s.rows, 2672);
    assert_int_equal(s.duplicates, 1); /* kept, and counted */
    options.on_duplicate = S1_DUPLICATES_ERROR;
    assert_refused(&options, S1_E_DATA,
                   ":1002:1: time: found '1561939956670', expected later than 2019-07-01 "
                   "00:12:36.67 of line 1001 (a duplicate)");
    options.on_duplicate = S1_DUPLICATES_FIRST;
    s = import(&options);
    assert_int_equal(s.rows, 2671);
    assert_int_equal(s.duplicates, 1);
    assert_int_equal(s.qty_scale, 8);
    assert_time(s.first, "2019-07-01T00:00:03.172");
    int64_t volume = 0;
    for (size_t i = 0; i < s.rows; i++) {
        volume += value_of(&options, QUANTITY, i);
    }
    assert_int_equal(volume, 90365604099);
    assert_int_equal(value_of(&options, SIDE, 0), S1_TRADE_SELL);
    assert_int_equal(value_of(&options, SIDE, 1), S1_TRADE_BUY);
}

static void test_other_trades_and_quotes(void **state)
{
    (void)state;
    if (shared_file("crypto/kraken/BTCUSD_tradeprints_2022-01-25.csv")) {
        const s1_data_import_options options =
            options_for("kraken-trades", "BTC/USD", S1_DATA_TRADES, NULL);
        const s1_data_import_summary s = import(&options);
        assert_int_equal(s.rows, 1000);
        assert_time(s.first, "2022-01-25T21:47:09.2935");
        assert_time(s.last, "2022-01-25T23:02:42.7473");
    }
    if (shared_file("crypto/kraken/BTCUSD_spreads_2022-01-25.csv")) {
        const s1_data_import_options options =
            options_for("generic", "BTC/USD", S1_DATA_QUOTES, NULL);
        const s1_data_import_summary s = import(&options);
        assert_int_equal(s.rows, 220);
        assert_int_equal(s.crossed + s.locked, 0);
        assert_time(s.last, "2022-01-25T23:02:49");
    }
}

/* --- Bid and ask ------------------------------------------------------------------------------ */

/* README 5.11: FXCM has 2,613 crossed and 1,550 locked closes, OANDA none. */
static void test_crossed_quotes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t rows, crossed, locked;
    } files[] = {{"fx/lean/forex/fxcm/hour/eurusd.zip", 69928, 2613, 1550},
                 {"fx/lean/forex/oanda/hour/eurusd.zip", 74439, 0, 0}};
    for (size_t i = 0; i < 2; i++) {
        if (shared_file(files[i].name)) {
            const s1_data_import_options options =
                options_for("lean-fx", "EUR/USD", S1_DATA_QUOTES, "1h");
            const s1_data_import_summary s = import(&options);
            assert_int_equal(s.rows, files[i].rows);
            assert_int_equal(s.crossed, files[i].crossed);
            assert_int_equal(s.locked, files[i].locked);
        }
    }
}

/* FXCM's hours are five behind UTC all year: 2007-03-30 00:00 there is 05:00. */
static void test_a_fixed_zone(void **state)
{
    (void)state;
    if (!shared_file("fx/lean/forex/fxcm/hour/eurusd.zip")) {
        return;
    }
    s1_data_import_options options = options_for("lean-fx", "EUR/USD", S1_DATA_OHLCV, "1h");
    options.zone = S1_STR("-05:00");
    const s1_data_import_summary s = import(&options);
    assert_int_equal(s.rows, 69928);
    assert_int_equal(s.missing_bars, 28832);
    assert_time(s.first, "2007-03-30T05:00");
    assert_time(s.last, "2018-07-05T04:00");
}

/* 20070101 21:00,1.31927,1.31955,1.3187,1.31935,0,1.32027,1.32055,1.3197,1.32035,0 */
static void test_bid_ask_and_their_middle(void **state)
{
    (void)state;
    static const struct {
        int32_t price;
        int64_t open, high, low, close;
        uint32_t scale;
    } wanted[] = {{S1_PRICE_BID, 131927, 131955, 131870, 131935, 5},
                  {S1_PRICE_ASK, 132027, 132055, 131970, 132035, 5},
                  {S1_PRICE_MID, 1319770, 1320050, 1319200, 1319850, 6}};
    if (!shared_file("fx/lean/forex/oanda/hour/eurusd.zip")) {
        return;
    }
    for (size_t i = 0; i < 3; i++) {
        s1_data_import_options options = options_for("lean-fx", "EUR/USD", S1_DATA_OHLCV, "1h");
        options.price = wanted[i].price;
        options.key.source = i == 0 ? S1_STR("bid") : i == 1 ? S1_STR("ask") : S1_STR("mid");
        const s1_data_import_summary s = import(&options);
        assert_int_equal(s.price_scale, wanted[i].scale);
        assert_int_equal(value_of(&options, 1, 0), wanted[i].open);
        assert_int_equal(value_of(&options, 2, 0), wanted[i].high);
        assert_int_equal(value_of(&options, 3, 0), wanted[i].low);
        assert_int_equal(value_of(&options, 4, 0), wanted[i].close);
    }
    /* A quote is of its bar's end. */
    const s1_data_import_options options = options_for("lean-fx", "EUR/USD", S1_DATA_QUOTES, "1h");
    const s1_data_import_summary s = import(&options);
    assert_time(s.first, "2007-01-01T22:00");
    assert_int_equal(value_of(&options, 1, 0), 131935);
    assert_int_equal(value_of(&options, 2, 0), 132035);
}

static void test_lean_ticks(void **state)
{
    (void)state;
    if (!shared_file("fx/lean/forex/oanda/tick/eurusd/20140508_quote.zip")) {
        return;
    }
    const s1_data_import_options options = options_for("lean-fx", "EUR/USD", S1_DATA_QUOTES, NULL);
    const s1_data_import_summary s = import(&options);
    assert_int_equal(s.rows, 87833);
    assert_time(s.first, "2014-05-08T00:00:08.715");
    assert_time(s.last, "2014-05-08T23:59:49.008");
    assert_string_equal(s.member, "20140508_eurusd_tick_quote.csv");
}

/* 1/10000 dollars; README 5.12: the bar of a split's morning holds prices of both sides. */
static void test_lean_equity_prices(void **state)
{
    (void)state;
    if (!shared_file("equity/lean/minute/aapl/20140609_trade.zip")) {
        return;
    }
    s1_data_import_options options = options_for("lean-equity", "AAPL/USD", S1_DATA_OHLCV, "1m");
    const s1_data_import_summary s = import(&options);
    assert_int_equal(s.price_scale, 2);
    assert_int_equal(value_of(&options, 1, 0), 64557);
    assert_int_equal(value_of(&options, 3, 0), 9223);
    assert_int_equal(value_of(&options, 4, 0), 9242);
    /* Its name says what it is. */
    options.key.asset_pair = S1_STR("SPY/USD");
    assert_refused(&options, S1_E_INVALID,
                   "'20140609_aapl_minute_trade.csv': the name says aapl , expected a file of "
                   "SPY/USD 1m ohlcv (--ignore-name imports it all the same)");
}

/* --- Faults ----------------------------------------------------------------------------------- */

/* README 5.4: the date is five hours wrong, the unix column repeats itself where that ends. */
static void test_cdd_duplicates(void **state)
{
    (void)state;
    static const char *const names[] = {"dirty/Kraken_BTCUSD_1h_cdd2020_dups.csv",
                                        "crypto/kraken/XRPUSD_1h_cdd.csv"};
    static const uint64_t zero_volumes[] = {116, 124};
    for (size_t i = 0; i < 2; i++) {
        if (!shared_file(names[i])) {
            continue;
        }
        s1_data_import_options options =
            options_for("cdd", i == 0 ? "BTC/USD" : "XRP/USD", S1_DATA_OHLCV, "1h");
        assert_refused(&options, S1_E_DATA,
                       ":26498:1: time: found '1510473600.0', expected earlier than 2017-11-12 "
                       "08:00:00 of line 26497 (a duplicate)");
        options.on_duplicate = S1_DUPLICATES_LAST;
        s1_data_import_summary s = import(&options);
        assert_int_equal(s.rows, 29704);
        assert_int_equal(s.duplicates, 5);
        assert_int_equal(s.gaps, 2);
        assert_int_equal(s.missing_bars, 5);
        assert_int_equal(s.zero_volume_bars, zero_volumes[i]);
        options.on_duplicate = 0;
        options.max_rejects = 4;
        assert_refused(&options, S1_E_DATA,
                       ": found over 4 bad rows, expected at most that many (--max-rejects); the "
                       "first: 26498:1: time: found '1510473600.0', expected earlier than "
                       "2017-11-12 08:00:00 of line 26497 (a duplicate)");
        options.max_rejects = 5;
        s = import(&options);
        assert_int_equal(s.rejects, 5);
        assert_int_equal(s.first_reject_line, 26498);
        options.max_rejects = 0;
        options.max_rejects_ppm = 168; /* 5 of 29,709 are 0.01683 % */
        assert_refused(
            &options, S1_E_DATA,
            ": found 5 bad rows of 29709, expected at most 0.0168 % (--max-rejects); the "
            "first: 26498:1: time: found '1510473600.0', expected earlier than "
            "2017-11-12 08:00:00 of line 26497 (a duplicate)");
        options.max_rejects_ppm = 169;
        assert_int_equal(import(&options).rejects, 5);
    }
}

/* README 5.7, and more digits than the venue has: floats were written. */
static void test_gemini(void **state)
{
    (void)state;
    if (!shared_file("dirty/gemini_BTCUSD_1hr_zero_price.csv")) {
        return;
    }
    s1_data_import_options options = options_for("cdd", "BTC/USD", S1_DATA_OHLCV, "1h");
    assert_refused(
        &options, S1_E_DATA,
        ":31970:66: volume: found '17.604424559999998', expected fewer decimals: with 15 "
        "of them an earlier row has over 18 digits (--qty-scale N --round-quantity "
        "rounds)");
    options.qty_scale = 10;
    options.rounds_quantity = true;
    assert_refused(&options, S1_E_DATA, ":32725:39: open: found '0.0', expected above 0");
    options.max_rejects = 1;
    const s1_data_import_summary s = import(&options);
    assert_int_equal(s.rows, 32723);
    assert_int_equal(s.rejects, 1);
    assert_int_equal(s.rounded, 5);
    assert_int_equal(s.gaps, 0);
    assert_string_equal(s.first_reject, "32725:39: open: found '0.0', expected above 0");
}

/* Ten decimals and eight digits before them are more than a DECIMAL(18) has. */
static void test_too_many_digits(void **state)
{
    (void)state;
    if (!shared_file("crypto/kraken/ADAUSD_1440.csv")) {
        return;
    }
    s1_data_import_options options = options_for("kraken", "ADA/USD", S1_DATA_OHLCV, "1d");
    assert_refused(&options, S1_E_DATA,
                   ":824:47: volume: found '100299370.60701251', expected at most 18 digits at the "
                   "10 decimals of its column (--qty-scale N --round-quantity rounds)");
    options.qty_scale = 8;
    options.rounds_quantity = true;
    const s1_data_import_summary s = import(&options);
    assert_int_equal(s.rows, 916);
    assert_int_equal(s.missing_bars + s.zero_volume_bars, 0);
    assert_int_equal(s.rounded, 709);
    assert_time(s.first, "2018-09-28");
    assert_time(s.last, "2021-03-31");
}

/* README 5.3, 15 decimals of a volume in it. That its holes were filled, data check tells. */
static void test_gap_filled(void **state)
{
    (void)state;
    if (!shared_file("dirty/BTCUSDT_1h_gapfilled.csv")) {
        return;
    }
    s1_data_import_options options = options_for("generic", "BTC/USDT", S1_DATA_OHLCV, "1h");
    s1_data_import_summary s;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_data_import(&options, &s, &err), S1_E_DATA);
    assert_non_null(strstr(err.msg, "(--qty-scale N --round-quantity rounds)"));
    options.qty_scale = 8;
    assert_int_equal(s1_data_import(&options, &s, &err), S1_E_DATA);
    assert_non_null(strstr(err.msg, "expected at most 8 decimals (--qty-scale)"));
    options.rounds_quantity = true;
    s = import(&options);
    assert_int_equal(s.rows, 55597);
    assert_int_equal(s.rounded, 89); /* rows whose volume has 9 decimals or more */
    assert_int_equal(s.missing_bars, 0);
}

static void test_wrong_files(void **state)
{
    (void)state;
    if (shared_file("crypto/kraken/XRPUSD_1d_cdd.csv")) {
        const s1_data_import_options options = options_for("cdd", "XRP/USD", S1_DATA_OHLCV, "1d");
        assert_refused(&options, S1_E_DATA,
                       ":2:1: header: found 'Date,Symbol,Open,High,Low,Close,Volume XRP,Volume "
                       "USD', expected a column time 'unix|unix timestamp'");
    }
    if (shared_file("crypto/kraken/XBTUSD_60.csv")) {
        s1_data_import_options options = options_for("kraken", "ETH/USD", S1_DATA_OHLCV, "1h");
        assert_refused(&options, S1_E_INVALID,
                       "'XBTUSD_60.csv': the name says XBTUSD 1h, expected a file of ETH/USD 1h "
                       "ohlcv (--ignore-name imports it all the same)");
        options = options_for("kraken", "BTC/USD", S1_DATA_OHLCV, "4h");
        assert_refused(&options, S1_E_INVALID,
                       "'XBTUSD_60.csv': the name says XBTUSD 1h, expected a file of BTC/USD 4h "
                       "ohlcv (--ignore-name imports it all the same)");
        options.ignores_name = true;
        assert_refused(&options, S1_E_DATA,
                       ":1:1: time: found '1381093200', expected a multiple of 4h");
    }
    if (shared_file("crypto/kraken/ADAEUR_1h_cdd.csv")) {
        s1_data_import_options options = options_for("cdd", "BTC/EUR", S1_DATA_OHLCV, "1h");
        options.map = S1_STR("volume=Volume ADA");
        assert_refused(&options, S1_E_DATA,
                       ":3:32: symbol: found 'ADA/EUR', expected BTC/EUR (--symbol names another)");
        options.symbol = S1_STR("ADA/EUR");
        assert_int_equal(import(&options).rows, 1643);
    }
    if (shared_file("crypto/binance/BTC_USDT-1h_2017-2024.feather")) {
        const s1_data_import_options options =
            options_for("generic", "BTC/USDT", S1_DATA_OHLCV, "1h");
        assert_refused(
            &options, S1_E_UNSUPPORTED,
            ":1:1: file: found a feather file, expected plain text, gzip or zip (convert "
            "it first: docs/data.md)");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bar_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_layout_changes_within_a_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_counts_and_vwap, setup, teardown),
        cmocka_unit_test_setup_teardown(test_column_order_and_one_cent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_trades_of_an_hour, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_trades_and_quotes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_crossed_quotes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_fixed_zone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bid_ask_and_their_middle, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lean_ticks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lean_equity_prices, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cdd_duplicates, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gemini, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_many_digits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gap_filled, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_files, setup, teardown),
    };
    return cmocka_run_group_tests_name("import files", tests, NULL, NULL);
}
