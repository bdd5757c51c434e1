/* The four commands against a simulated exchange and an archive in memory, in virtual time: what is
 * stored is the exchange's truth, however pages are cut, whatever goes wrong, and wherever a task
 * was ended and begun again. */
#include "services/operators/data_command_service.h"

#include "backend/connectors/kraken/kraken_public.h"
#include "backend/data/persistors/memory_persistor.h"
#include "backend/data/persistors/parquet_persistor.h"
#include "backend/utils/proc.h"
#include "backend/utils/timefmt.h"
#include "simulators/kraken/exchange.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>

#define SECOND S1_NANOS_PER_SECOND
#define TRADES 4000u

static const s1_stream_key trades_key = {.asset_pair = {"BTC/USD", 7}, .data_type = S1_DATA_TRADES};
static const s1_stream_key minutes_key = {
    .asset_pair = {"BTC/USD", 7}, .data_type = S1_DATA_OHLCV, .timeframe = S1_NANOS_PER_MINUTE};

typedef struct world {
    s1_transport transport; /* first: the service is handed this */
    s1_manual_clock clock;
    s1_sim_trade *trades;
    s1_sim_exchange exchange;
    s1_sim_reply reply;
    s1_connector *connector;
    s1_data_persistor *archive;
    s1_duckdb *duckdb; /* of use_parquet */
    char folder[256];
    s1_data_command_service *service;
    uint64_t requests, stop_at; /* the request that is never sent; 0: none */
    uint64_t commits;
} world;

/* --- A transport without a network ---------------------------------------------------------------
 */

static s1_rc sim_exchange(s1_transport *self, const s1_wire_request *request,
                          s1_wire_reply *ret_reply, s1_err *err)
{
    world *const w = (world *)self;
    char target[512];
    if (++w->requests == w->stop_at) {
        return S1_RAISE(err, S1_E_CANCELED, "stopped");
    }
    assert_true(request->not_before <= w->clock.monotonic_now);
    (void)snprintf(target, sizeof target, "%.*s?%.*s", S1_STR_ARG(request->path),
                   S1_STR_ARG(request->query));
    s1_sim_exchange_handle(&w->exchange, s1_str_of(target), w->clock.monotonic_now, &w->reply);
    const int32_t fault = w->reply.fault;
    const bool is_cut = fault == S1_SIM_CUT_BEFORE || fault == S1_SIM_CUT_WITHIN;
    s1_manual_clock_advance(&w->clock, fault == S1_SIM_STALL ? request->timeout : SECOND / 50);
    *ret_reply = (s1_wire_reply){.id = request->id,
                                 .outcome = fault == S1_SIM_STALL ? S1_WIRE_TIMEOUT
                                            : is_cut              ? S1_WIRE_CUT
                                                                  : S1_WIRE_REPLY,
                                 .status = w->reply.status,
                                 .body = s1_strbuf_view(&w->reply.body),
                                 .now = w->clock.monotonic_now,
                                 .received = w->clock.wall_now};
    return S1_OK;
}

static s1_rc sim_wait_until(s1_transport *self, s1_nanos time, s1_err *err)
{
    world *const w = (world *)self;
    (void)err;
    if (time > w->clock.monotonic_now) {
        s1_manual_clock_advance(&w->clock, time - w->clock.monotonic_now);
    }
    return S1_OK;
}

static void sim_free(s1_transport *self)
{
    (void)self;
}

static const s1_transport_ops sim_ops = {.size = sizeof sim_ops,
                                         .free = sim_free,
                                         .exchange = sim_exchange,
                                         .wait_until = sim_wait_until};

static void count_commit(void *user, const s1_stream_key *key, const s1_save_result *result)
{
    (void)key;
    assert_true(result->rows_written > 0);
    ((world *)user)->commits++;
}

/* --- A world ------------------------------------------------------------------------------ */

static void new_service(world *w, uint64_t buffer_rows)
{
    s1_err err = S1_ERR_INIT;
    const s1_data_command_options options = {.connector = w->connector,
                                             .transport = &w->transport,
                                             .archive = w->archive,
                                             .clock = &w->clock.clock,
                                             .buffer_rows_max = buffer_rows,
                                             .on_commit = count_commit,
                                             .user = w};
    s1_data_command_service_free(w->service);
    assert_int_equal(s1_data_command_service_new(&options, &w->service, &err), S1_OK);
}

static void world_init(world *w, const s1_sim_exchange_options *options, s1_nanos spacing,
                       uint64_t seed)
{
    *w = (world){.trades = calloc(TRADES, sizeof *w->trades)};
    assert_non_null(w->trades);
    s1_sim_trades_random(w->trades, TRADES, 1600000000 * SECOND, spacing, seed);
    s1_sim_exchange_options o = *options;
    o.id = "XXBTZUSD";
    o.altname = "XBTUSD";
    o.wsname = "XBT/USD";
    o.price_decimals = 1;
    o.lot_decimals = 8;
    o.trades = w->trades;
    o.trade_count = o.trade_count == 0 ? TRADES : o.trade_count;
    o.seed = seed;
    s1_sim_exchange_init(&w->exchange, &o);
    s1_strbuf_init(&w->reply.body, 8u << 20);
    s1_manual_clock_init(&w->clock, w->exchange.options.now);
    w->transport = (s1_transport){.ops = &sim_ops, .clock = &w->clock.clock};
    s1_err err = S1_ERR_INIT;
    const s1_kraken_public_options kraken = {
        .max_attempts = 100, .limited_max = 100, .spacing = SECOND / 1000, .seed = seed};
    assert_int_equal(s1_kraken_public_new(&kraken, &w->connector, &err), S1_OK);
    assert_int_equal(s1_memory_persistor_new(&w->archive, &err), S1_OK);
    new_service(w, 700);
}

/* An archive of Parquet files instead of one in memory. */
static void use_parquet(world *w)
{
    const char *const tmp = s1_proc_getenv("S1_TEST_TMP");
    s1_err err = S1_ERR_INIT;
    s1_data_command_service_free(w->service);
    w->service = NULL;
    s1_data_persistor_free(w->archive);
    (void)snprintf(w->folder, sizeof w->folder, "%s/command-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(w->folder));
    assert_int_equal(s1_duckdb_new(NULL, &w->duckdb, &err), S1_OK);
    const s1_parquet_options options = {
        .fs = s1_fs_real(), .duckdb = w->duckdb, .archive = w->folder};
    assert_int_equal(s1_parquet_persistor_new(&options, &w->archive, &err), S1_OK);
    new_service(w, 700);
}

static void world_done(world *w)
{
    s1_data_command_service_free(w->service);
    s1_connector_free(w->connector);
    s1_data_persistor_free(w->archive);
    s1_duckdb_free(w->duckdb);
    if (w->folder[0] != '\0') {
        s1_err err = S1_ERR_INIT;
        assert_int_equal(s1_fs_remove_tree(s1_fs_real(), w->folder, &err), S1_OK);
    }
    s1_strbuf_done(&w->reply.body);
    free(w->trades);
}

static s1_nanos at(const world *w, size_t i)
{
    return w->trades[i].time;
}

/* Trades [first, last) of the truth are what the archive has in [from, to), each once. */
static void check_archive(world *w, s1_nanos from, s1_nanos to, size_t first, size_t last)
{
    s1_market_reader *reader = NULL;
    s1_market_batch batch = {0};
    s1_err err = S1_ERR_INIT;
    size_t i = first;
    assert_int_equal(
        s1_data_load(w->archive, &trades_key, (s1_time_range){from, to}, &reader, &err), S1_OK);
    assert_int_equal(reader->rows_total, last - first);
    assert_int_equal(reader->scales.price, 1);
    assert_int_equal(reader->scales.qty, 8);
    do {
        assert_int_equal(s1_market_reader_next(reader, &batch, &err), S1_OK);
        const s1_nanos *const time = batch.columns[S1_TRADE_TIME];
        const int64_t *const price = batch.columns[S1_TRADE_PRICE];
        const int64_t *const quantity = batch.columns[S1_TRADE_QUANTITY];
        const int64_t *const id = batch.columns[S1_TRADE_ID];
        const uint8_t *const side = batch.columns[S1_TRADE_SIDE];
        for (size_t r = 0; r < batch.count; r++, i++) {
            const s1_sim_trade *const t = &w->trades[i];
            assert_true(i < last);
            assert_int_equal(id[r], t->id);
            assert_int_equal(time[r], t->time);
            assert_int_equal(price[r], t->price);
            assert_int_equal(quantity[r], t->quantity);
            assert_int_equal(side[r], t->is_buy ? S1_TRADE_BUY : S1_TRADE_SELL);
        }
    } while (batch.count > 0);
    assert_int_equal(i, last);
    s1_market_reader_close(reader);
}

static void check_whole(world *w)
{
    check_archive(w, INT64_MIN, INT64_MAX, 0, w->exchange.options.trade_count);
}

static s1_fetch_result period(world *w, const s1_stream_key *key, s1_nanos from, s1_nanos to)
{
    s1_fetch_result result;
    s1_err err = S1_ERR_INIT;
    if (s1_data_fetch_period(w->service, key, (s1_time_range){from, to}, &result, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    return result;
}

/* --- fetch_period ------------------------------------------------------------------------- */

static void test_period(void **state)
{
    (void)state;
    world w;
    world_init(&w, &(s1_sim_exchange_options){0}, 20 * SECOND, 1);
    const s1_nanos from = at(&w, 0) - SECOND;
    s1_fetch_result r = period(&w, &trades_key, from, INT64_MAX);
    assert_int_equal(r.added, TRADES);
    assert_int_equal(r.rows, TRADES);
    assert_int_equal(r.received, TRADES);
    assert_int_equal(r.parts, 1);
    assert_int_equal(r.first, at(&w, 0));
    assert_int_equal(r.last, at(&w, TRADES - 1));
    assert_int_equal(r.commits, w.commits);
    assert_in_range(r.commits, 4, 6); /* pages of 1000, a buffer of 700 */
    assert_string_equal(r.warning, "");
    assert_int_equal(strlen(r.content_hash), 64);
    check_whole(&w);
    /* again: a page for the head, one or two for the tail, nothing new */
    const s1_fetch_result again = period(&w, &trades_key, from, INT64_MAX);
    assert_int_equal(again.added, 0);
    assert_in_range(again.requests, 2, 4);
    assert_int_equal(again.commits, 0);
    assert_int_equal(w.commits, r.commits);
    check_whole(&w);
    world_done(&w);
}

/* Later, earlier, in between, across: only what misses is asked for. */
static void test_parts(void **state)
{
    (void)state;
    world w;
    world_init(&w, &(s1_sim_exchange_options){0}, 600 * SECOND, 2); /* about a month */
    period(&w, &trades_key, at(&w, 1000), at(&w, 1500));
    check_archive(&w, INT64_MIN, INT64_MAX, 1000, 1500);
    period(&w, &trades_key, at(&w, 3000), at(&w, 3200)); /* a hole between */
    check_archive(&w, INT64_MIN, at(&w, 2000), 1000, 1500);
    check_archive(&w, at(&w, 2000), INT64_MAX, 3000, 3200);
    period(&w, &trades_key, at(&w, 300), at(&w, 400)); /* before all, not touching it */
    check_archive(&w, INT64_MIN, at(&w, 900), 300, 400);
    period(&w, &trades_key, at(&w, 2000), at(&w, 2300)); /* inside the hole */
    check_archive(&w, at(&w, 1900), at(&w, 2500), 2000, 2300);
    const s1_fetch_result r = period(&w, &trades_key, at(&w, 0), INT64_MAX);
    assert_in_range(r.parts, 5, 12); /* head, three holes and real ones over a day, tail */
    check_whole(&w);
    assert_int_equal(r.added, TRADES - 500 - 200 - 100 - 300);
    world_done(&w);
}

/* Ended before request k for every k, then the same command again until it is done. */
static void test_ended_anywhere(void **state)
{
    (void)state;
    for (uint64_t k = 1; k < 60; k++) {
        world w;
        world_init(&w, &(s1_sim_exchange_options){.page = 300, .is_since_exclusive = k % 2 == 0},
                   600 * SECOND, k);
        new_service(&w, 250);
        period(&w, &trades_key, at(&w, 1800), at(&w, 2000));
        period(&w, &trades_key, at(&w, 3000), at(&w, 3100));
        uint64_t rounds = 0;
        for (bool is_done = false; !is_done; rounds++) {
            s1_fetch_result r;
            s1_err err = S1_ERR_INIT;
            w.stop_at = rounds < 8 ? w.requests + 1 + (k + rounds * 7) % 59 : 0;
            const s1_rc rc = s1_data_fetch_period(w.service, &trades_key,
                                                  (s1_time_range){at(&w, 0), INT64_MAX}, &r, &err);
            assert_true(rc == S1_OK || rc == S1_E_CANCELED);
            is_done = rc == S1_OK;
            new_service(&w, 250);
        }
        check_whole(&w);
        world_done(&w);
    }
}

static void test_faults(void **state)
{
    (void)state;
    uint64_t faults = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        world w;
        world_init(&w,
                   &(s1_sim_exchange_options){.fault_permille = (uint32_t)seed * 12,
                                              .page = seed % 3 == 0 ? 100 : 0,
                                              .is_since_exclusive = seed % 2 == 0},
                   30 * SECOND, seed);
        new_service(&w, 1 + seed * 40);
        const s1_fetch_result r = period(&w, &trades_key, at(&w, 0), INT64_MAX);
        faults += r.faults + r.limited;
        check_whole(&w);
        world_done(&w);
    }
    assert_true(faults > 300);
}

/* The buffer is stored by its age, too. */
static void test_buffer_age(void **state)
{
    (void)state;
    world w;
    world_init(&w, &(s1_sim_exchange_options){.page = 100}, 20 * SECOND, 4);
    s1_err err = S1_ERR_INIT;
    s1_data_command_service_free(w.service);
    w.service = NULL;
    const s1_data_command_options options = {.connector = w.connector,
                                             .transport = &w.transport,
                                             .archive = w.archive,
                                             .clock = &w.clock.clock,
                                             .buffer_age_max = SECOND / 10,
                                             .on_commit = count_commit,
                                             .user = &w};
    assert_int_equal(s1_data_command_service_new(&options, &w.service, &err), S1_OK);
    period(&w, &trades_key, at(&w, 0), INT64_MAX);
    assert_in_range(w.commits, 5, 14); /* of 40 pages at 20 ms */
    check_whole(&w);
    world_done(&w);
}

/* --- extend_history, fill_gaps, synchronize ----------------------------------------------- */

static void test_extend(void **state)
{
    (void)state;
    for (uint64_t stop = 0; stop < 12; stop++) {
        world w;
        s1_fetch_result r;
        s1_err err = S1_ERR_INIT;
        world_init(&w, &(s1_sim_exchange_options){.page = 200}, 600 * SECOND, 7);
        new_service(&w, 100);
        assert_int_equal(s1_data_extend_history(w.service, &trades_key, 3, &r, &err),
                         S1_E_NOT_FOUND);
        assert_non_null(strstr(err.msg, "the archive has no BTC/USD trades"));
        period(&w, &trades_key, at(&w, 3500), INT64_MAX);
        const s1_nanos first = at(&w, 3500), from = first - 5 * S1_NANOS_PER_DAY;
        size_t begin = 3500;
        while (begin > 0 && at(&w, begin - 1) >= from) {
            begin--;
        }
        w.stop_at = stop > 0 ? w.requests + stop : 0;
        s1_rc rc = s1_data_extend_history(w.service, &trades_key, 5, &r, &err);
        assert_true(rc == S1_OK || (stop > 0 && rc == S1_E_CANCELED));
        if (rc != S1_OK) { /* what is there begins anywhere, and has no hole */
            w.stop_at = 0;
            s1_archive_info info = {.size = sizeof info};
            assert_int_equal(s1_data_get_info(w.archive, &trades_key, &info, &err), S1_OK);
            size_t now_first = 3500;
            while (now_first > 0 && at(&w, now_first - 1) >= info.first) {
                now_first--;
            }
            check_archive(&w, INT64_MIN, INT64_MAX, now_first, TRADES);
            period(&w, &trades_key, from, INT64_MAX);
        }
        check_archive(&w, INT64_MIN, INT64_MAX, begin, TRADES);
        world_done(&w);
    }
}

static void test_fill_gaps(void **state)
{
    (void)state;
    world w;
    s1_fetch_result r;
    s1_err err = S1_ERR_INIT;
    world_init(&w, &(s1_sim_exchange_options){.page = 200}, 600 * SECOND, 9);
    new_service(&w, 100);
    for (size_t i = 0; i < 4; i++) { /* [0, 300), [1000, 1300), ... */
        period(&w, &trades_key, at(&w, i * 1000), at(&w, i * 1000 + 300));
    }
    /* Only holes over half a day, and only in a range. */
    assert_int_equal(s1_data_fill_gaps(w.service, &trades_key,
                                       (s1_time_range){at(&w, 0), at(&w, 1200)},
                                       S1_NANOS_PER_DAY / 2, &r, &err),
                     S1_OK);
    assert_int_equal(r.added, 700);
    check_archive(&w, INT64_MIN, at(&w, 1200), 0, 1200);
    for (uint64_t k = 1; k < 40; k += 3) {
        w.stop_at = w.requests + k;
        const s1_rc rc =
            s1_data_fill_gaps(w.service, &trades_key, S1_RANGE_ALL, S1_NANOS_PER_DAY / 2, &r, &err);
        assert_true(rc == S1_OK || rc == S1_E_CANCELED);
    }
    w.stop_at = 0;
    assert_int_equal(s1_data_fill_gaps(w.service, &trades_key, S1_RANGE_ALL, 0, &r, &err), S1_OK);
    check_archive(&w, INT64_MIN, INT64_MAX, 0, 3300);
    assert_true(r.empty > 100);             /* moments without a trade */
    assert_true(r.requests < r.parts / 20); /* many are asked for together */
    assert_int_equal(r.commits, 0);
    world_done(&w);
}

/* Rows here and there that are not stored, single ones too, come back; the others are not touched.
 */
static void test_single_rows(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        world w;
        s1_fetch_result r;
        s1_err err = S1_ERR_INIT;
        s1_rng rng;
        uint64_t kept = 0;
        s1_rng_init(&rng, seed);
        world_init(&w, &(s1_sim_exchange_options){.page = 150}, 100 * SECOND, seed);
        s1_sim_trade *const truth = malloc(TRADES * sizeof *truth);
        assert_non_null(truth);
        memcpy(truth, w.trades, TRADES * sizeof *truth);
        for (size_t i = 0; i < TRADES; i++) { /* an exchange that forgot some, moments whole */
            const bool is_same = i > 0 && truth[i].time == truth[i - 1].time;
            const bool is_kept = is_same ? kept > 0 && w.trades[kept - 1].time == truth[i].time
                                         : i == 0 || i == TRADES - 1 || s1_rng_below(&rng, 4) > 0;
            if (is_kept) {
                w.trades[kept++] = truth[i];
            }
        }
        w.exchange.options.trade_count = kept;
        period(&w, &trades_key, at(&w, 0), INT64_MAX);
        check_whole(&w);
        memcpy(w.trades, truth, TRADES * sizeof *truth);
        w.exchange.options.trade_count = TRADES;
        free(truth);
        assert_int_equal(s1_data_fill_gaps(w.service, &trades_key, S1_RANGE_ALL, 1, &r, &err),
                         S1_OK);
        assert_in_range(r.requests, TRADES / 150, TRADES / 20);
        check_whole(&w);
        world_done(&w);
    }
}

static void test_synchronize(void **state)
{
    (void)state;
    world w;
    s1_fetch_result r;
    s1_err err = S1_ERR_INIT;
    world_init(&w, &(s1_sim_exchange_options){.trade_count = 1000, .page = 50}, 20 * SECOND, 11);
    assert_int_equal(s1_data_synchronize(w.service, &trades_key, &r, &err), S1_E_NOT_FOUND);
    period(&w, &trades_key, at(&w, 0), INT64_MAX);
    for (size_t count = 1001; count < TRADES; count += 1 + count / 7) {
        w.exchange.options.trade_count = count;
        s1_manual_clock_set(&w.clock, at(&w, count - 1) + SECOND);
        const uint64_t before = w.requests;
        assert_int_equal(s1_data_synchronize(w.service, &trades_key, &r, &err), S1_OK);
        assert_in_range(w.requests - before, 1, 4 + count / 7 / 40);
        check_whole(&w);
    }
    world_done(&w);
}

/* What was imported has no ids; what is fetched behind it and in its holes does. */
static void check_imported(bool is_parquet)
{
    world w;
    s1_err err = S1_ERR_INIT;
    world_init(&w, &(s1_sim_exchange_options){0}, 20 * SECOND, 17);
    if (is_parquet) {
        use_parquet(&w);
    }
    s1_nanos time[1000];
    int64_t price[1000], quantity[1000];
    uint8_t side[1000];
    for (size_t i = 0; i < 1000; i++) {
        const s1_sim_trade *const t = &w.trades[1000 + i];
        time[i] = t->time;
        price[i] = t->price;
        quantity[i] = t->quantity;
        side[i] = t->is_buy ? S1_TRADE_BUY : S1_TRADE_SELL;
    }
    const s1_trade_batch batch = {
        .count = 1000, .time = time, .price = price, .quantity = quantity, .side = side};
    const s1_save_options options = {
        .price_scale = 1, .qty_scale = 8, .overlap = S1_OVERLAP_REPLACE};
    assert_int_equal(s1_data_save_trades(w.archive, &trades_key, &batch, &options, NULL, &err),
                     S1_OK);
    const s1_fetch_result r = period(&w, &trades_key, at(&w, 0), INT64_MAX);
    assert_int_equal(r.rows, TRADES);
    s1_market_reader *reader = NULL;
    assert_int_equal(s1_data_load(w.archive, &trades_key, S1_RANGE_ALL, &reader, &err), S1_OK);
    assert_int_equal(reader->rows_total, TRADES);
    size_t i = 0;
    s1_market_batch rows = {0};
    do {
        assert_int_equal(s1_market_reader_next(reader, &rows, &err), S1_OK);
        for (size_t k = 0; k < rows.count; k++, i++) {
            assert_int_equal(((const s1_nanos *)rows.columns[S1_TRADE_TIME])[k], at(&w, i));
            assert_int_equal(((const int64_t *)rows.columns[S1_TRADE_PRICE])[k], w.trades[i].price);
        }
    } while (rows.count > 0);
    s1_market_reader_close(reader);
    assert_int_equal(i, TRADES);
    world_done(&w);
}

static void test_imported(void **state)
{
    (void)state;
    check_imported(false);
    check_imported(true);
}

static s1_rc count_version(void *user, const s1_data_version *version, s1_err *err)
{
    (void)version;
    (void)err;
    ++*(size_t *)user;
    return S1_OK;
}

static size_t count_versions(world *w)
{
    size_t count = 0;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_data_list_versions(w->archive, &trades_key, count_version, &count, &err),
                     S1_OK);
    return count;
}

/* Stores trades [first, last) as a recorder would: the same ids, times of another clock. */
static void record(world *w, size_t first, size_t last, s1_nanos off)
{
    s1_err err = S1_ERR_INIT;
    s1_data_writer *writer = NULL;
    const s1_writer_options options = {.overlap = S1_OVERLAP_REPLACE, .columns = 1u << S1_TRADE_ID};
    assert_int_equal(s1_data_open_writer(w->archive, &trades_key, &options, &writer, &err), S1_OK);
    for (size_t i = first; i < last; i++) {
        const s1_sim_trade *const t = &w->trades[i];
        const s1_nanos time = t->time - off;
        const uint8_t side = t->is_buy ? S1_TRADE_BUY : S1_TRADE_SELL;
        const s1_market_batch batch = {1, {&time, &t->price, &t->quantity, &side, &t->id}};
        assert_int_equal(s1_data_writer_append(writer, &batch, &(s1_market_scales){1, 8, 0}, &err),
                         S1_OK);
    }
    assert_int_equal(s1_data_writer_commit(writer, NULL, &err), S1_OK);
}

/* A trade that stands behind a quiet moment, so that clocks do not change its place. */
static size_t quiet_from(const world *w, size_t i)
{
    while (at(w, i) - at(w, i - 1) < SECOND) {
        i++;
    }
    return i;
}

/* What was recorded live is completed by what is fetched: each trade once, whatever its time. */
static void test_recorded(void **state)
{
    (void)state;
    for (uint64_t seed = 20; seed < 30; seed++) {
        world w;
        s1_fetch_result r;
        s1_err err = S1_ERR_INIT;
        world_init(&w, &(s1_sim_exchange_options){.page = 200}, 600 * SECOND, seed);
        record(&w, quiet_from(&w, 500), quiet_from(&w, 1000), 700);
        record(&w, quiet_from(&w, 2000), quiet_from(&w, 2900), 700);
        assert_int_equal(s1_data_fill_gaps(w.service, &trades_key, S1_RANGE_ALL, 0, &r, &err),
                         S1_OK);
        assert_int_equal(s1_data_synchronize(w.service, &trades_key, &r, &err), S1_OK);
        period(&w, &trades_key, at(&w, 0), INT64_MAX);
        s1_market_reader *reader = NULL;
        s1_market_batch rows = {0};
        size_t i = 0;
        assert_int_equal(s1_data_load(w.archive, &trades_key, S1_RANGE_ALL, &reader, &err), S1_OK);
        do {
            assert_int_equal(s1_market_reader_next(reader, &rows, &err), S1_OK);
            for (size_t k = 0; k < rows.count; k++, i++) {
                assert_int_equal(((const int64_t *)rows.columns[S1_TRADE_ID])[k], w.trades[i].id);
            }
        } while (rows.count > 0);
        assert_int_equal(i, TRADES);
        s1_market_reader_close(reader);
        world_done(&w);
    }
}

/* Somebody else writes the stream: said before anything is asked for. */
static void test_other_writer(void **state)
{
    (void)state;
    for (int is_parquet = 0; is_parquet < 2; is_parquet++) {
        world w;
        s1_fetch_result r;
        s1_err err = S1_ERR_INIT;
        s1_data_writer *other = NULL;
        world_init(&w, &(s1_sim_exchange_options){0}, 20 * SECOND, 33);
        if (is_parquet != 0) {
            use_parquet(&w);
        }
        const s1_writer_options options = {.overlap = S1_OVERLAP_REPLACE};
        assert_int_equal(s1_data_open_writer(w.archive, &trades_key, &options, &other, &err),
                         S1_OK);
        assert_int_equal(s1_data_fetch_period(w.service, &trades_key,
                                              (s1_time_range){at(&w, 0), INT64_MAX}, &r, &err),
                         S1_E_DENIED);
        assert_int_equal(w.requests, 0);
        s1_data_writer_abandon(other);
        period(&w, &trades_key, at(&w, 0), INT64_MAX);
        check_whole(&w);
        world_done(&w);
    }
}

/* A moment of which some trades are stored and others are not is completed. */
static void test_half_moments(void **state)
{
    (void)state;
    size_t tried = 0;
    for (size_t i = 40; tried < 12; i++) {
        world w;
        s1_fetch_result r;
        s1_err err = S1_ERR_INIT;
        world_init(&w, &(s1_sim_exchange_options){.page = 200, .trade_count = 1000}, 20 * SECOND,
                   31);
        if (at(&w, i) == at(&w, i + 1)) {
            record(&w, 0, i + 1, 0);
            assert_int_equal(s1_data_synchronize(w.service, &trades_key, &r, &err), S1_OK);
            check_whole(&w);
            tried++;
        }
        world_done(&w);
    }
}

/* As test_parts, on files: several months, parts of them, and the version before is kept once. */
static void test_files(void **state)
{
    (void)state;
    world w;
    world_init(&w, &(s1_sim_exchange_options){0}, 1800 * SECOND, 18); /* over three months */
    use_parquet(&w);
    period(&w, &trades_key, at(&w, 2000), at(&w, 2800));
    period(&w, &trades_key, at(&w, 2000), at(&w, 3300)); /* behind: no version is kept */
    assert_int_equal(count_versions(&w), 0);
    period(&w, &trades_key, at(&w, 300), at(&w, 500)); /* before: one */
    assert_int_equal(count_versions(&w), 1);
    const s1_fetch_result r = period(&w, &trades_key, at(&w, 0), INT64_MAX);
    assert_true(r.commits > 3);
    assert_int_equal(count_versions(&w), 2);
    check_whole(&w);
    world_done(&w);
}

/* --- Bars --------------------------------------------------------------------------------- */

static void check_bars(world *w, const s1_stream_key *key)
{
    s1_bar_reader *reader = NULL;
    s1_bar_batch batch = {0};
    s1_err err = S1_ERR_INIT;
    size_t i = 0;
    s1_nanos before = 0;
    assert_int_equal(s1_data_load_ohlcv(w->archive, key, S1_RANGE_ALL, &reader, &err), S1_OK);
    do {
        assert_int_equal(s1_bar_reader_next(reader, &batch, &err), S1_OK);
        for (size_t r = 0; r < batch.count; r++) {
            const s1_nanos open = batch.open_time[r];
            int64_t high = 0, low = INT64_MAX, volume = 0, count = 0, last = 0;
            assert_true(before == 0 || open == before + key->timeframe);
            before = open;
            for (; i < TRADES && at(w, i) < open + key->timeframe; i++) {
                if (at(w, i) >= open) {
                    const s1_sim_trade *const t = &w->trades[i];
                    high = t->price > high ? t->price : high;
                    low = t->price < low ? t->price : low;
                    volume += t->quantity;
                    last = t->price;
                    count++;
                }
            }
            assert_int_equal(batch.volume[r], volume);
            assert_int_equal(batch.trades[r], count);
            if (count > 0) {
                assert_int_equal(batch.high[r], high);
                assert_int_equal(batch.low[r], low);
                assert_int_equal(batch.close[r], last);
            }
        }
    } while (batch.count > 0);
    assert_true(before + 2 * key->timeframe > w->exchange.options.now);
    s1_bar_reader_close(reader);
}

static void test_bars(void **state)
{
    (void)state;
    world w;
    s1_err err = S1_ERR_INIT;
    world_init(&w, &(s1_sim_exchange_options){0}, 20 * SECOND, 13);
    s1_fetch_result r = period(&w, &minutes_key, INT64_MIN, INT64_MAX);
    assert_in_range(r.rows, 716, 719);
    assert_int_equal(r.commits, 1);
    check_bars(&w, &minutes_key);
    /* five minutes later */
    s1_manual_clock_advance(&w.clock, 5 * S1_NANOS_PER_MINUTE);
    w.exchange.options.now = w.clock.wall_now;
    assert_int_equal(s1_data_synchronize(w.service, &minutes_key, &r, &err), S1_OK);
    assert_int_equal(r.added, 5);
    check_bars(&w, &minutes_key);
    /* nothing closed since: nothing asked */
    assert_int_equal(s1_data_synchronize(w.service, &minutes_key, &r, &err), S1_OK);
    assert_int_equal(r.requests + r.added, 0);
    /* too far back */
    err = S1_ERR_INIT;
    assert_int_equal(s1_data_extend_history(w.service, &minutes_key, 1, &r, &err),
                     S1_E_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "its OHLC goes back 720 bars"));
    check_bars(&w, &minutes_key);
    world_done(&w);
}

/* A period that begins within the day of the first bar misses nothing of it. */
static void test_days(void **state)
{
    (void)state;
    world w;
    s1_err err = S1_ERR_INIT;
    s1_stream_key days = minutes_key;
    days.timeframe = S1_NANOS_PER_DAY;
    world_init(&w, &(s1_sim_exchange_options){0}, 1800 * SECOND, 16);
    s1_fetch_result r = period(&w, &days, INT64_MIN, INT64_MAX);
    assert_in_range(r.rows, 40, 110);
    check_bars(&w, &days);
    r = period(&w, &days, r.first - S1_NANOS_PER_DAY / 2, INT64_MAX);
    assert_int_equal(r.parts + r.requests, 0);
    r = period(&w, &days, r.first - S1_NANOS_PER_DAY * 3 / 2, INT64_MAX);
    assert_int_equal(r.parts, 1);
    assert_int_equal(r.empty, 1);
    assert_int_equal(err.code, S1_OK);
    world_done(&w);
}

/* A hole of bars that can still be asked for is filled; one further back is counted and left. */
static void test_bar_gaps(void **state)
{
    (void)state;
    world w;
    s1_fetch_result r;
    s1_err err = S1_ERR_INIT;
    world_init(&w, &(s1_sim_exchange_options){0}, 20 * SECOND, 14);
    const s1_nanos minute = S1_NANOS_PER_MINUTE, now = w.clock.wall_now - w.clock.wall_now % minute;
    const int64_t price = 10, volume = 5, trades = 1;
    const s1_nanos old[] = {now - 2000 * minute, now - 1990 * minute};
    for (size_t i = 0; i < 2; i++) {
        s1_data_writer *writer = NULL;
        const s1_market_batch batch = {
            1, {&old[i], &price, &price, &price, &price, &volume, &trades, &price}};
        const s1_writer_options options = {.overlap = S1_OVERLAP_REPLACE,
                                           .columns = 1u << S1_BAR_TRADES | 1u << S1_BAR_VWAP};
        assert_int_equal(s1_data_open_writer(w.archive, &minutes_key, &options, &writer, &err),
                         S1_OK);
        assert_int_equal(s1_data_writer_append(writer, &batch, &(s1_market_scales){1, 8, 1}, &err),
                         S1_OK);
        assert_int_equal(s1_data_writer_commit(writer, NULL, &err), S1_OK);
    }
    err = S1_ERR_INIT;
    assert_int_equal(s1_data_synchronize(w.service, &minutes_key, &r, &err), S1_E_UNSUPPORTED);
    period(&w, &trades_key, at(&w, 0), INT64_MAX);
    s1_data_writer *writer = NULL;
    const s1_nanos recent[] = {now - 60 * minute, now - 50 * minute};
    const int64_t twice[] = {10, 10}, volumes[] = {5, 5}, ones[] = {1, 1};
    const s1_market_batch batch = {2, {recent, twice, twice, twice, twice, volumes, ones, twice}};
    assert_int_equal(s1_data_open_writer(
                         w.archive, &minutes_key,
                         &(s1_writer_options){.overlap = S1_OVERLAP_REPLACE,
                                              .columns = 1u << S1_BAR_TRADES | 1u << S1_BAR_VWAP},
                         &writer, &err),
                     S1_OK);
    assert_int_equal(s1_data_writer_append(writer, &batch, &(s1_market_scales){1, 8, 1}, &err),
                     S1_OK);
    assert_int_equal(s1_data_writer_commit(writer, NULL, &err), S1_OK);
    assert_int_equal(s1_data_fill_gaps(w.service, &minutes_key, S1_RANGE_ALL, 0, &r, &err), S1_OK);
    assert_int_equal(r.unreachable, 2);
    assert_int_equal(r.parts, 1);
    assert_int_equal(r.added, 9);
    world_done(&w);
}

/* --- Refusals ----------------------------------------------------------------------------- */

static void test_limits(void **state)
{
    (void)state;
    world w;
    s1_fetch_result r;
    s1_err err = S1_ERR_INIT;
    world_init(&w, &(s1_sim_exchange_options){0}, 20 * SECOND, 15);
    const s1_nanos now = w.clock.wall_now, day = S1_NANOS_PER_DAY;
    assert_int_equal(s1_data_fetch_period(w.service, &trades_key,
                                          (s1_time_range){now - 1826 * day, now}, &r, &err),
                     S1_E_DENIED);
    assert_string_equal(err.msg, "1826 days of history: expected at most 1825 (max_history_days of "
                                 "services.data_collection.limits in platform.yaml)");
    assert_int_equal(w.requests, 0);
    r = period(&w, &trades_key, now - 400 * day, INT64_MAX);
    assert_string_equal(r.warning, "400 days of history, more than 365 (warn_history_days): this "
                                   "takes long");
    check_whole(&w);
    assert_int_equal(s1_data_extend_history(w.service, &trades_key, 2000, &r, &err), S1_E_DENIED);
    assert_int_equal(s1_data_extend_history(w.service, &trades_key, 0, &r, &err), S1_E_INVALID);
    assert_int_equal(s1_data_fetch_period(w.service, &trades_key,
                                          (s1_time_range){INT64_MIN, INT64_MAX}, &r, &err),
                     S1_E_INVALID);
    assert_string_equal(err.msg, "from when on? kraken goes back to the first trade there was");
    assert_int_equal(
        s1_data_fetch_period(w.service, &trades_key, (s1_time_range){now, now - day}, &r, &err),
        S1_E_INVALID);
    const s1_stream_key other = {.asset_pair = {"FOO/USD", 7}, .data_type = S1_DATA_TRADES};
    assert_int_equal(
        s1_data_fetch_period(w.service, &other, (s1_time_range){now - day, now}, &r, &err),
        S1_E_NOT_FOUND);
    assert_non_null(strstr(err.msg, "EQuery:Unknown asset pair: FOO/USD"));
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_period),         cmocka_unit_test(test_parts),
        cmocka_unit_test(test_ended_anywhere), cmocka_unit_test(test_faults),
        cmocka_unit_test(test_buffer_age),     cmocka_unit_test(test_extend),
        cmocka_unit_test(test_fill_gaps),      cmocka_unit_test(test_single_rows),
        cmocka_unit_test(test_synchronize),    cmocka_unit_test(test_imported),
        cmocka_unit_test(test_files),          cmocka_unit_test(test_recorded),
        cmocka_unit_test(test_half_moments),   cmocka_unit_test(test_other_writer),
        cmocka_unit_test(test_bars),           cmocka_unit_test(test_days),
        cmocka_unit_test(test_bar_gaps),       cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests_name("data_command_service", tests, NULL, NULL);
}
