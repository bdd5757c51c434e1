/* Pairs, coverage and range of an archive, told by its catalogue. */
#include "services/operators/data_query_service.h"

#include "backend/data/persistors/parquet_persistor.h"
#include "backend/utils/proc.h"
#include "backend/utils/timefmt.h"
#include "tests/support/cmocka.h"

#include <math.h>
#include <stdlib.h>

#define HOUR S1_NANOS_PER_HOUR

static const s1_nanos start = 1704067200 * S1_NANOS_PER_SECOND; /* 2024-01-01 */
static const s1_stream_key btc_1h = {
    .asset_pair = {"BTC/USD", 7}, .data_type = S1_DATA_OHLCV, .timeframe = HOUR};
static const s1_stream_key btc_trades = {.asset_pair = {"BTC/USD", 7}, .data_type = S1_DATA_TRADES};
static const s1_stream_key eth_1h = {
    .asset_pair = {"ETH/USD", 7}, .data_type = S1_DATA_OHLCV, .timeframe = HOUR};

typedef struct seen {
    char text[400];
} seen;

static s1_rc on_pair(void *user, const s1_query_pair *pair, s1_err *err)
{
    seen *const s = user;
    (void)err;
    const size_t at = strlen(s->text);
    (void)snprintf(s->text + at, sizeof s->text - at, "%.*s %u %llu %lld %lld;",
                   S1_STR_ARG(pair->asset_pair), pair->streams, (unsigned long long)pair->rows,
                   (long long)((pair->first - start) / HOUR),
                   (long long)((pair->last - start) / HOUR));
    return S1_OK;
}

static s1_rc on_block(void *user, const s1_data_coverage *block, s1_err *err)
{
    seen *const s = user;
    (void)err;
    const size_t at = strlen(s->text);
    (void)snprintf(s->text + at, sizeof s->text - at, "%lld-%lld:%llu;",
                   (long long)((block->start_time - start) / HOUR),
                   (long long)((block->end_time - start) / HOUR),
                   (unsigned long long)block->trade_count);
    return S1_OK;
}

/* `count` bars from hour `first` on. */
static void save_bars(s1_data_persistor *archive, const s1_stream_key *key, int64_t first,
                      size_t count)
{
    s1_nanos time[64];
    int64_t value[64];
    s1_err err = S1_ERR_INIT;
    for (size_t i = 0; i < count; i++) {
        time[i] = start + (first + (int64_t)i) * HOUR;
        value[i] = 100;
    }
    const s1_bar_batch bars = {.count = count,
                               .open_time = time,
                               .open = value,
                               .high = value,
                               .low = value,
                               .close = value,
                               .volume = value};
    const s1_save_options options = {.overlap = S1_OVERLAP_REPLACE};
    assert_int_equal(s1_data_save_ohlcv(archive, key, &bars, &options, NULL, &err), S1_OK);
}

static void test_queries(void **state)
{
    (void)state;
    const char *const tmp = s1_proc_getenv("S1_TEST_TMP");
    char folder[256];
    s1_err err = S1_ERR_INIT;
    s1_duckdb *duckdb = NULL;
    s1_data_persistor *archive = NULL;
    s1_data_query_service *service = NULL;
    (void)snprintf(folder, sizeof folder, "%s/query-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(s1_duckdb_new(NULL, &duckdb, &err), S1_OK);
    const s1_parquet_options options = {.fs = s1_fs_real(), .duckdb = duckdb, .archive = folder};
    assert_int_equal(s1_parquet_persistor_new(&options, &archive, &err), S1_OK);
    save_bars(archive, &eth_1h, 5, 3);
    save_bars(archive, &btc_1h, 0, 10);
    save_bars(archive, &btc_1h, 20, 5);
    const s1_nanos time = start + 30 * HOUR;
    const int64_t one = 1;
    const uint8_t side = S1_TRADE_BUY;
    const s1_trade_batch trade = {
        .count = 1, .time = &time, .price = &one, .quantity = &one, .side = &side};
    assert_int_equal(s1_data_save_trades(archive, &btc_trades, &trade,
                                         &(s1_save_options){.overlap = S1_OVERLAP_REPLACE}, NULL,
                                         &err),
                     S1_OK);
    assert_int_equal(s1_data_query_service_new(s1_fs_real(), folder, archive, &service, &err),
                     S1_OK);

    seen all = {""}, bars = {""}, blocks = {""}, part = {""}, none = {""};
    assert_int_equal(s1_data_get_pairs(service, &(s1_pairs_query){0}, on_pair, &all, &err), S1_OK);
    assert_string_equal(all.text, "BTC/USD 2 16 0 30;ETH/USD 1 3 5 7;");
    assert_int_equal(s1_data_get_pairs(service, &(s1_pairs_query){.data_type = S1_DATA_OHLCV},
                                       on_pair, &bars, &err),
                     S1_OK);
    assert_string_equal(bars.text, "BTC/USD 1 15 0 24;ETH/USD 1 3 5 7;");
    assert_int_equal(s1_data_get_pairs(service, &(s1_pairs_query){.source = S1_STR("kraken")},
                                       on_pair, &none, &err),
                     S1_OK);
    assert_string_equal(none.text, "");

    assert_int_equal(s1_data_get_coverage(service, &btc_1h, S1_RANGE_ALL, on_block, &blocks, &err),
                     S1_OK);
    assert_string_equal(blocks.text, "0-9:10;20-24:5;");
    const s1_time_range later = {start + 15 * HOUR, INT64_MAX};
    assert_int_equal(s1_data_get_coverage(service, &btc_1h, later, on_block, &part, &err), S1_OK);
    assert_string_equal(part.text, "20-24:5;");

    s1_query_range range;
    assert_int_equal(s1_data_get_range(service, &btc_1h, &range, &err), S1_OK);
    assert_int_equal(range.first, start);
    assert_int_equal(range.last, start + 24 * HOUR);
    assert_int_equal(range.rows, 15);
    assert_int_equal(range.gaps, 1);
    assert_true(fabs(range.completeness - 0.6) < 1e-9);
    s1_stream_key other = btc_1h;
    other.timeframe = 2 * HOUR;
    assert_int_equal(s1_data_get_range(service, &other, &range, &err), S1_E_NOT_FOUND);

    s1_data_query_service_free(service);
    s1_data_persistor_free(archive);
    s1_duckdb_free(duckdb);
    assert_int_equal(s1_fs_remove_tree(s1_fs_real(), folder, &err), S1_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_queries)};
    return cmocka_run_group_tests_name("data_query_service", tests, NULL, NULL);
}
