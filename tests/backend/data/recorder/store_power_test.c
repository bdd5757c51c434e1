/* A stream's store on a disk that loses power at every change, and again while it recovers: what
 * was said to be durable is in the archive, and every row is there once, from the first on. */
#include "backend/data/persistors/memory_persistor.h"
#include "backend/data/recorder/stream_store.h"
#include "tests/support/cmocka.h"
#include "tests/support/sim_fs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START     (1700000000LL * S1_NANOS_PER_SECOND)
#define ROWS      40
#define SEEDS     6
#define PLACE_MAX 1000u

typedef struct world {
    s1_sim_fs *sim;
    s1_rng rng;
    s1_manual_clock clock;
    s1_data_persistor *persistor; /* the archive is taken to be durable */
    s1_stream_store_options options;
    s1_stream_store *store;
} world;

static s1_stream_row make_trade(int64_t id)
{
    s1_stream_row row = {.price_scale = 1, .qty_scale = 8};
    row.columns[S1_ROW_TRADE_TIME] = START + id;
    row.columns[S1_ROW_TRADE_PRICE] = 600000 + id;
    row.columns[S1_ROW_TRADE_QUANTITY] = 100 + id;
    row.columns[S1_ROW_TRADE_SIDE] = 1;
    row.columns[S1_ROW_TRADE_ID] = id;
    row.columns[S1_ROW_TRADE_RECEIVED] = START + id;
    return row;
}

static void begin(world *w, uint64_t seed)
{
    *w = (world){.sim = s1_sim_fs_new()};
    s1_rng_init(&w->rng, seed);
    s1_manual_clock_init(&w->clock, START);
    assert_int_equal(s1_memory_persistor_new(&w->persistor, NULL), S1_OK);
    assert_int_equal(s1_fs_mkdir_all(s1_sim_fs_table(w->sim), "archive", NULL), S1_OK);
    s1_sim_fs_sync_all(w->sim);
    w->options = (s1_stream_store_options){
        .fs = s1_sim_fs_table(w->sim),
        .clock = &w->clock.clock,
        .persistor = w->persistor,
        .archive = "archive",
        .key = {.asset_pair = {"BTC/USD", 7}, .data_type = S1_DATA_TRADES, .source = {"kraken", 6}},
        .profile = {.name = "test", .max_records = 11, .max_age = 300 * S1_NANOS_PER_SECOND}};
}

static void end(world *w)
{
    s1_stream_store_abandon(w->store);
    s1_data_persistor_free(w->persistor);
    s1_sim_fs_free(w->sim);
}

/* Takes trades until the power goes; how many were said to be durable. */
static uint64_t record(world *w)
{
    s1_store_recovery recovery;
    if (s1_stream_store_open(&w->options, &w->store, &recovery, NULL) != S1_OK) {
        w->store = NULL;
        return 0;
    }
    for (int64_t id = 1; id <= ROWS; id++) {
        s1_stream_row rows[2] = {make_trade(id), {.kind = S1_ROW_GAP}};
        rows[1].columns[S1_ROW_GAP_WHY] = S1_GAP_EXCHANGE;
        s1_manual_clock_advance(&w->clock, id % 3 == 0 ? S1_NANOS_PER_SECOND : 1);
        if (s1_stream_store_append(w->store, rows, id % 8 == 0 ? 2 : 1, NULL) != S1_OK) {
            break;
        }
    }
    return s1_stream_store_counts(w->store).rows_durable;
}

/* Ids 1 .. n, each once; n. */
static uint64_t count_archive(world *w)
{
    s1_market_reader *reader;
    s1_market_batch batch;
    int64_t id = 0;
    if (s1_data_load(w->persistor, &w->options.key, S1_RANGE_ALL, &reader, NULL) != S1_OK) {
        return 0;
    }
    while (s1_market_reader_next(reader, &batch, NULL) == S1_OK && batch.count > 0) {
        const int64_t *const ids = batch.columns[S1_ROW_TRADE_ID];
        for (size_t i = 0; i < batch.count; i++) {
            assert_int_equal(ids[i], ++id);
        }
    }
    s1_market_reader_close(reader);
    return (uint64_t)id;
}

static void restart(world *w)
{
    s1_stream_store_abandon(w->store);
    w->store = NULL;
    s1_sim_fs_restart_power(w->sim, &w->rng);
}

/* False: the recording came to its end before the change `place`. */
static bool lose_power_at(uint64_t place, uint64_t seed)
{
    world w;
    s1_store_recovery recovery;
    s1_err err = S1_ERR_INIT;
    begin(&w, seed * 1000 + place);
    s1_sim_fs_crash_at(w.sim, place, s1_rng_below(&w.rng, 4096));
    const uint64_t durable = record(&w);
    const bool was_lost = s1_sim_fs_is_off(w.sim);
    if (was_lost) {
        restart(&w);
        s1_sim_fs_crash_at(w.sim, 1 + s1_rng_below(&w.rng, 8), s1_rng_below(&w.rng, 512));
        if (s1_stream_store_open(&w.options, &w.store, &recovery, NULL) != S1_OK) {
            w.store = NULL;
        }
        restart(&w);
        if (s1_stream_store_open(&w.options, &w.store, &recovery, &err) != S1_OK) {
            fail_msg("seed %" PRIu64 " at %" PRIu64 ": %s", seed, place, err.msg);
        }
        const uint64_t stored = count_archive(&w);
        if (stored < durable || stored > ROWS) {
            fail_msg("seed %" PRIu64 " at %" PRIu64 ": %" PRIu64 " rows are there, %" PRIu64
                     " were said to be durable",
                     seed, place, stored, durable);
        }
    }
    end(&w);
    return was_lost;
}

static void test_power_loss_at_every_change(void **state)
{
    uint64_t places = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        uint64_t place = 1;
        while (place < PLACE_MAX && lose_power_at(place, seed)) {
            place++;
        }
        places += place - 1;
    }
    (void)printf("%" PRIu64 " losses of power\n", places);
    assert_true(places > 100 * SEEDS / 2);
    assert_true(places < (PLACE_MAX - 1) * SEEDS);
}

/* An fsync that failed is not believed a second time. */
static void test_a_failed_fsync_is_the_end(void **state)
{
    (void)state;
    for (uint64_t number = 1; number < 60; number++) {
        world w;
        s1_store_recovery recovery;
        begin(&w, number);
        s1_sim_fs_fail_fsync(w.sim, number, false);
        const uint64_t durable = record(&w);
        s1_sim_fs_fail_fsync(w.sim, 0, false);
        restart(&w);
        assert_int_equal(s1_stream_store_open(&w.options, &w.store, &recovery, NULL), S1_OK);
        assert_true(count_archive(&w) >= durable);
        end(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_loss_at_every_change),
        cmocka_unit_test(test_a_failed_fsync_is_the_end),
    };
    return cmocka_run_group_tests_name("backend/data/recorder/store_power", tests, NULL, NULL);
}
