/* Recorded trades of Kraken, served page by page over loopback, fetched into an archive and made
 * into bars: they are the bars Kraken recorded itself. */
#include "backend/connectors/kraken/kraken_public.h"
#include "backend/connectors/wire_number.h"
#include "backend/data/persistors/memory_persistor.h"
#include "backend/data/resample/resample.h"
#include "backend/utils/fs.h"
#include "backend/utils/json_pull.h"
#include "backend/utils/proc.h"
#include "backend/utils/timefmt.h"
#include "services/live/http_transport.h"
#include "services/operators/data_command_service.h"
#include "tests/support/cmocka.h"
#include "tests/support/exchange_thread.h"

#include <stdlib.h>

#define TRADES_MAX 4000u
#define FIELDS_MAX 12u

static const s1_stream_key trades_key = {.asset_pair = {"BTC/USD", 7}, .data_type = S1_DATA_TRADES};

/* --- Recorded files ----------------------------------------------------------------------- */

typedef struct table {
    s1_strbuf text;
    s1_str rest;
} table;

static bool open_table(const char *name, table *t)
{
    const char *const shared = s1_proc_getenv("S1_SHARED");
    char path[S1_PATH_MAX];
    s1_err err = S1_ERR_INIT;
    s1_str header;
    bool is_done = false;
    (void)snprintf(path, sizeof path, "%s/data/crypto/kraken/%s",
                   shared != NULL ? shared : "../shared", name);
    s1_strbuf_init(&t->text, 4u << 20);
    if (s1_fs_read_all(s1_fs_real(), path, 4u << 20, &t->text, &err) != S1_OK) {
        print_message("skipped: no %s\n", path);
        s1_strbuf_done(&t->text);
        return false;
    }
    t->rest = s1_strbuf_view(&t->text);
    return s1_str_split(&t->rest, '\n', &header, &is_done);
}

/* The fields of the next line; false at the end. */
static bool next_line(table *t, s1_str fields[static FIELDS_MAX])
{
    s1_str line;
    bool is_done = false;
    if (t->rest.len == 0 || !s1_str_split(&t->rest, '\n', &line, &is_done)) {
        return false;
    }
    line = s1_str_trim(line);
    size_t count = 0;
    for (bool is_end = false;
         count < FIELDS_MAX && s1_str_split(&line, ',', &fields[count], &is_end); count++) {}
    return count > 1;
}

/* At a scale that is large enough. */
static int64_t mantissa(s1_str text, uint32_t scale)
{
    int64_t value = 0;
    uint32_t found = 0;
    assert_true(s1_mantissa_parse(text, &value, &found));
    for (; found > scale && value % 10 == 0; found--) {
        value /= 10;
    }
    assert_true(found <= scale);
    assert_true(s1_wire_raise(&value, 1, found, scale));
    return value;
}

static s1_nanos seconds(s1_str text)
{
    s1_nanos time = 0;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_wire_seconds(text, "a time", &time, &err), S1_OK);
    return time;
}

/* --- Fetching ----------------------------------------------------------------------------- */

typedef struct fetched {
    s1_data_persistor *archive;
    s1_fetch_result result;
    uint64_t pages;
} fetched;

static fetched fetch(const s1_sim_trade *trades, size_t count, s1_nanos from, s1_nanos to)
{
    fetched f = {0};
    s1_err err = S1_ERR_INIT;
    s1_transport *transport = NULL;
    s1_connector *connector = NULL;
    s1_data_command_service *service = NULL;
    const s1_sim_exchange_options exchange_options = {.id = "XXBTZUSD",
                                                      .altname = "XBTUSD",
                                                      .wsname = "XBT/USD",
                                                      .price_decimals = 1,
                                                      .lot_decimals = 8,
                                                      .trades = trades,
                                                      .trade_count = count};
    s1_exchange_thread *const exchange = s1_exchange_thread_start(&exchange_options);
    const s1_http_transport_options http = {.clock = s1_clock_real(),
                                            .address = s1_exchange_thread_address(exchange)};
    assert_int_equal(s1_http_transport_new(&http, &transport, &err), S1_OK);
    assert_int_equal(
        s1_kraken_public_new(&(s1_kraken_public_options){.spacing = -1}, &connector, &err), S1_OK);
    assert_int_equal(s1_memory_persistor_new(&f.archive, &err), S1_OK);
    const s1_data_command_options options = {.connector = connector,
                                             .transport = transport,
                                             .archive = f.archive,
                                             .clock = s1_clock_real(),
                                             .buffer_rows_max = 600,
                                             .max_history_days = 36500};
    assert_int_equal(s1_data_command_service_new(&options, &service, &err), S1_OK);
    if (s1_data_fetch_period(service, &trades_key, (s1_time_range){from, to}, &f.result, &err) !=
        S1_OK) {
        fail_msg("%s", err.msg);
    }
    s1_data_command_service_free(service);
    s1_connector_free(connector);
    s1_transport_free(transport);
    f.pages = s1_exchange_thread_stop(exchange).pages;
    return f;
}

/* All trades of the archive through a resampler to bars of `timeframe`. */
static s1_resampler *make_bars(s1_data_persistor *archive, s1_nanos timeframe)
{
    s1_trade_reader *reader = NULL;
    s1_trade_batch batch = {0};
    s1_resampler *resampler = NULL;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_data_load_trades(archive, &trades_key, S1_RANGE_ALL, &reader, &err), S1_OK);
    const s1_resample_options options = {.rule = S1_BARS_TIME,
                                         .from_type = S1_DATA_TRADES,
                                         .timeframe = timeframe,
                                         .price_scale = reader->price_scale,
                                         .qty_scale = reader->qty_scale,
                                         .keeps_partial = true};
    assert_int_equal(s1_resampler_new(&options, &resampler, &err), S1_OK);
    do {
        assert_int_equal(s1_trade_reader_next(reader, &batch, &err), S1_OK);
        assert_int_equal(s1_resampler_add_trades(resampler, &batch, &err), S1_OK);
    } while (batch.count > 0);
    s1_trade_reader_close(reader);
    assert_int_equal(s1_resampler_finish(resampler, &err), S1_OK);
    return resampler;
}

/* --- The checks --------------------------------------------------------------------------- */

/* 1,000 trades of 2022-01-25 and Kraken's own minutes of them: every whole minute is equal, and
 * minutes without a trade are those Kraken filled. */
static void test_minutes(void **state)
{
    (void)state;
    static s1_sim_trade trades[TRADES_MAX];
    table prints, minutes;
    s1_str f[FIELDS_MAX];
    size_t count = 0, at = 0, equal = 0, quiet = 0;
    if (!open_table("BTCUSD_tradeprints_2022-01-25.csv", &prints)) {
        return;
    }
    assert_true(open_table("BTCUSD_minute_2022-01-25.csv", &minutes));
    for (; next_line(&prints, f); count++) {
        trades[count] = (s1_sim_trade){.id = 1 + (int64_t)count,
                                       .time = seconds(f[2]),
                                       .price = mantissa(f[0], 1),
                                       .quantity = mantissa(f[1], 8),
                                       .is_buy = s1_str_eq_cstr(f[3], "buy")};
    }
    assert_int_equal(count, 1000);
    fetched got = fetch(trades, count, trades[0].time, trades[count - 1].time + 1);
    assert_int_equal(got.result.rows, 1000);
    s1_resampler *const resampler = make_bars(got.archive, S1_NANOS_PER_MINUTE);
    s1_bar_batch bars;
    s1_resampler_take(resampler, &bars);
    while (next_line(&minutes, f)) {
        const s1_nanos open_time = seconds(f[0]);
        if (open_time < trades[0].time ||
            open_time + S1_NANOS_PER_MINUTE > trades[count - 1].time) {
            continue; /* not a whole minute of what was recorded */
        }
        while (at < bars.count && bars.open_time[at] < open_time) {
            at++;
        }
        if (mantissa(f[7], 0) == 0) {
            assert_true(at == bars.count || bars.open_time[at] > open_time);
            quiet++;
            continue;
        }
        assert_true(at < bars.count);
        assert_int_equal(bars.open_time[at], open_time);
        assert_int_equal(bars.open[at], mantissa(f[1], 1));
        assert_int_equal(bars.high[at], mantissa(f[2], 1));
        assert_int_equal(bars.low[at], mantissa(f[3], 1));
        assert_int_equal(bars.close[at], mantissa(f[4], 1));
        assert_int_equal(bars.volume[at], mantissa(f[6], 8));
        assert_int_equal(bars.trades[at], mantissa(f[7], 0));
        equal++;
    }
    print_message("%zu minutes equal to Kraken's, %zu without a trade\n", equal, quiet);
    assert_true(equal > 60);
    s1_resampler_free(resampler);
    s1_data_persistor_free(got.archive);
    s1_strbuf_done(&prints.text);
    s1_strbuf_done(&minutes.text);
}

/* An hour of 2019 in three pages. The recording holds one trade twice, from the edge of a page; the
 * exchange has it once, the edges repeat it, and the archive has the official hour. */
static void test_hour(void **state)
{
    (void)state;
    static s1_sim_trade trades[TRADES_MAX];
    table prints;
    s1_str f[FIELDS_MAX];
    size_t count = 0;
    int64_t volume = 0;
    if (!open_table("BTCUSD_trades_2019-07-01T00.csv", &prints)) {
        return;
    }
    while (next_line(&prints, f)) {
        const s1_sim_trade trade = {.id = 1 + (int64_t)count,
                                    .time = mantissa(f[0], 0) * 1000000,
                                    .price = mantissa(f[3], 1),
                                    .quantity = mantissa(f[4], 8),
                                    .is_buy = s1_str_eq_cstr(f[2], "buy")};
        if (count > 0 && trades[count - 1].time == trade.time &&
            trades[count - 1].quantity == trade.quantity && trade.quantity == 4641442) {
            continue;
        }
        trades[count++] = trade;
    }
    assert_int_equal(count, 2671);
    fetched got = fetch(trades, count, trades[0].time, trades[count - 1].time + 1);
    assert_int_equal(got.result.rows, 2671);
    assert_in_range(got.pages, 3, 4);
    assert_true(got.result.repeated >= 2);
    s1_resampler *const resampler = make_bars(got.archive, S1_NANOS_PER_HOUR);
    s1_bar_batch bars;
    s1_resampler_take(resampler, &bars);
    assert_int_equal(bars.count, 1);
    volume = bars.volume[0];
    assert_int_equal(volume, 90365604099);
    assert_int_equal(bars.trades[0], 2671);
    s1_resampler_free(resampler);
    s1_data_persistor_free(got.archive);
    s1_strbuf_done(&prints.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_minutes),
        cmocka_unit_test(test_hour),
    };
    return cmocka_run_group_tests_name("fetch_recorded", tests, NULL, NULL);
}
