/* Bars made while they are read: those of the whole source, whatever part is asked for. */
#include "backend/data/resample/resample_reader.h"

#include "backend/data/persistors/memory_persistor.h"
#include "backend/data/resample/trade_bars.h"
#include "backend/utils/timefmt.h"
#include "s1mple/error.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>

#define HOUR S1_NANOS_PER_HOUR
#define ROWS 3000u

static const s1_stream_key hourly = {
    .asset_pair = {"BTC/USD", 7}, .timeframe = HOUR, .data_type = S1_DATA_OHLCV};
static const s1_stream_key ticks = {.asset_pair = {"BTC/USD", 7}, .data_type = S1_DATA_TRADES};
static const s1_save_options scales = {
    .price_scale = 2, .qty_scale = 3, .overlap = S1_OVERLAP_REPLACE};

typedef struct fixture {
    s1_data_persistor *persistor;
    int64_t time[ROWS], price[ROWS], volume[ROWS];
    uint8_t side[ROWS];
} fixture;

/* Hours with holes, and trades; neither begins nor ends with a bar. */
static int setup(void **state)
{
    fixture *const f = calloc(1, sizeof *f);
    assert_int_equal(s1_memory_persistor_new(&f->persistor, NULL), S1_OK);
    s1_nanos time = 1001 * HOUR;
    for (size_t i = 0; i < ROWS; i++) {
        f->time[i] = time;
        f->price[i] = 10000 + (int64_t)(i * 7919 % 1009);
        f->volume[i] = (int64_t)(i * 31 % 17) * 100;
        f->side[i] = S1_TRADE_BUY;
        time += HOUR * (i % 13 == 0 ? 3 : i % 500 == 7 ? 200 : 1);
    }
    const s1_bar_batch bars = {.count = ROWS,
                               .open_time = f->time,
                               .open = f->price,
                               .high = f->price,
                               .low = f->price,
                               .close = f->price,
                               .volume = f->volume};
    assert_int_equal(s1_data_save_ohlcv(f->persistor, &hourly, &bars, &scales, NULL, NULL), S1_OK);
    const s1_trade_batch trades = {
        .count = ROWS, .time = f->time, .price = f->price, .quantity = f->volume, .side = f->side};
    assert_int_equal(s1_data_save_trades(f->persistor, &ticks, &trades, &scales, NULL, NULL),
                     S1_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *const f = *state;
    s1_data_persistor_free(f->persistor);
    free(f);
    return 0;
}

static s1_bar_reader *load(const fixture *f, const s1_resample_source *source, s1_time_range range,
                           s1_bar_batch *ret_batch, s1_nanos *ret_first)
{
    s1_bar_reader *reader = NULL;
    s1_err err = S1_ERR_INIT;
    s1_resample_counts counts;
    if (s1_resample_load(f->persistor, source, range, &reader, ret_first, &counts, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    assert_int_equal(reader->price_scale, 2);
    assert_int_equal(reader->qty_scale, 3);
    assert_int_equal(s1_bar_reader_next(reader, ret_batch, NULL), S1_OK);
    assert_int_equal(ret_batch->count, reader->rows_total);
    s1_bar_batch end;
    assert_int_equal(s1_bar_reader_next(reader, &end, NULL), S1_OK);
    assert_int_equal(end.count, 0);
    return reader;
}

/* Every range, its ends on starts of bars, beside them, far inside and outside. */
static void test_a_range_changes_no_bar(void **state)
{
    const fixture *const f = *state;
    const s1_resample_source sources[] = {
        {.key = hourly, .timeframe = 4 * HOUR},
        {.key = hourly, .timeframe = 24 * HOUR, .offset = 22 * HOUR},
        {.key = ticks, .timeframe = 6 * HOUR, .offset = HOUR / 2},
    };
    for (size_t k = 0; k < sizeof sources / sizeof sources[0]; k++) {
        s1_bar_batch whole;
        s1_nanos first = 0;
        s1_bar_reader *const all = load(f, &sources[k], S1_RANGE_ALL, &whole, &first);
        assert_true(whole.count > 100);
        assert_int_equal(first, whole.open_time[0]);
        assert_true(whole.open_time[whole.count - 1] + sources[k].timeframe <=
                    f->time[ROWS - 1] + HOUR);
        for (s1_nanos from = 900 * HOUR; from < 4800 * HOUR; from += 137 * HOUR + HOUR / 4) {
            for (s1_nanos length = 0; length < 4000 * HOUR; length += 311 * HOUR + 1) {
                s1_bar_batch part;
                const s1_time_range range = {from, from + length};
                s1_bar_reader *const reader = load(f, &sources[k], range, &part, &first);
                size_t at = 0;
                while (at < whole.count && whole.open_time[at] < range.from) {
                    at++;
                }
                size_t count = 0;
                while (at + count < whole.count && whole.open_time[at + count] < range.to) {
                    count++;
                }
                assert_int_equal(part.count, count);
                assert_int_equal(first, count > 0 ? whole.open_time[at] : 0);
                const int64_t *const a[] = {part.open_time, part.open,  part.high,
                                            part.low,       part.close, part.volume};
                const int64_t *const b[] = {whole.open_time, whole.open,  whole.high,
                                            whole.low,       whole.close, whole.volume};
                for (size_t c = 0; c < 6 && count > 0; c++) {
                    assert_memory_equal(a[c], b[c] + at, count * sizeof a[c][0]);
                }
                s1_bar_reader_close(reader);
            }
        }
        s1_bar_reader_close(all);
    }
}

/* The first rows of the source in a persistor of their own. */
static fixture cut_of(const fixture *whole, size_t rows)
{
    fixture cut = {.persistor = NULL};
    assert_int_equal(s1_memory_persistor_new(&cut.persistor, NULL), S1_OK);
    const s1_bar_batch bars = {.count = rows,
                               .open_time = whole->time,
                               .open = whole->price,
                               .high = whole->price,
                               .low = whole->price,
                               .close = whole->price,
                               .volume = whole->volume};
    assert_int_equal(s1_data_save_ohlcv(cut.persistor, &hourly, &bars, &scales, NULL, NULL), S1_OK);
    return cut;
}

/* An archive that ends at a moment, of which nothing before it is missing: the bars that closed by
 * then, also those whose last rows never came, and no other. */
static void test_known_to_a_moment(void **state)
{
    const fixture *const f = *state;
    s1_resample_source source = {.key = hourly, .timeframe = 4 * HOUR};
    s1_bar_batch whole;
    s1_nanos first = 0;
    s1_bar_reader *const all = load(f, &source, S1_RANGE_ALL, &whole, &first);
    size_t held_back = 0;
    for (size_t rows = 10; rows < ROWS; rows += 29) {
        const fixture cut = cut_of(f, rows);
        const s1_nanos moments[] = {f->time[rows - 1] + HOUR, f->time[rows]};
        for (size_t k = 0; k < 2; k++) {
            size_t count = 0;
            while (count < whole.count && whole.open_time[count] + 4 * HOUR <= moments[k]) {
                count++;
            }
            s1_bar_batch part;
            source.known_to = moments[k];
            s1_bar_reader *const reader = load(&cut, &source, S1_RANGE_ALL, &part, &first);
            assert_int_equal(part.count, count);
            assert_memory_equal(part.close, whole.close, count * sizeof part.close[0]);
            assert_memory_equal(part.volume, whole.volume, count * sizeof part.volume[0]);
            s1_bar_reader_close(reader);
            source.known_to = 0;
            s1_bar_reader *const unsure = load(&cut, &source, S1_RANGE_ALL, &part, &first);
            held_back += part.count < count;
            s1_bar_reader_close(unsure);
        }
        s1_data_persistor_free(cut.persistor);
    }
    assert_true(held_back > 0);
    s1_bar_reader_close(all);
}

/* Are the trades of a bar those it is made of? */
static void check_trades(const s1_trade_pieces *pieces, const s1_bar_batch *bar, size_t row,
                         s1_nanos timeframe)
{
    int64_t open = 0, high = 0, low = 0, close = 0, volume = 0;
    size_t count = 0;
    s1_nanos last = bar->open_time[row];
    for (size_t p = 0; p < S1_TRADE_PIECES; p++) {
        const s1_trade_batch *const piece = &pieces->items[p];
        for (size_t i = 0; i < piece->count; i++, count++) {
            const int64_t price = piece->price[i];
            assert_true(piece->time[i] >= last);
            last = piece->time[i];
            open = count == 0 ? price : open;
            high = count == 0 || price > high ? price : high;
            low = count == 0 || price < low ? price : low;
            close = price;
            volume += piece->quantity[i];
        }
    }
    assert_true(count > 0 && last < bar->open_time[row] + timeframe);
    assert_int_equal(open, bar->open[row]);
    assert_int_equal(high, bar->high[row]);
    assert_int_equal(low, bar->low[row]);
    assert_int_equal(close, bar->close[row]);
    assert_int_equal(volume, bar->volume[row]);
}

/* Bars made in passing, in batches, against those made at once; `every` which bar's trades are
 * asked for. */
static size_t pass_by(s1_data_persistor *persistor, const s1_resample_source *source,
                      s1_time_range range, size_t every, const s1_clock *clock)
{
    s1_bar_reader *made = NULL;
    s1_trade_bars *bars = NULL;
    s1_bar_batch whole, batch;
    s1_nanos first = 0, found = 0;
    size_t at = 0;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_resample_load(persistor, source, range, &made, &first, NULL, &err), S1_OK);
    assert_int_equal(s1_bar_reader_next(made, &whole, &err), S1_OK);
    assert_int_equal(s1_trade_bars_open(persistor, source, range, clock, &bars, &found, &err),
                     S1_OK);
    assert_int_equal(found, first);
    assert_true(bars->base.rows_total >= whole.count);
    assert_true((bars->base.rows_total == 0) == (whole.count == 0));
    for (;;) {
        const bool keeps = at > 0 && at % every == 0;
        assert_int_equal(s1_trade_bars_next(bars, keeps, &batch, &err), S1_OK);
        if (batch.count == 0) {
            break;
        }
        const int64_t *const a[] = {batch.open_time, batch.open,  batch.high,
                                    batch.low,       batch.close, batch.volume};
        const int64_t *const b[] = {whole.open_time, whole.open,  whole.high,
                                    whole.low,       whole.close, whole.volume};
        assert_true(at + batch.count <= whole.count);
        for (size_t c = 0; c < 6; c++) {
            assert_memory_equal(a[c], b[c] + at, batch.count * sizeof a[c][0]);
        }
        for (size_t row = 0; row < batch.count; row++, at++) {
            s1_trade_pieces pieces;
            if (at % every == 0 && (row > 0 || keeps)) {
                s1_trade_bars_trades(bars, row, &pieces);
                check_trades(&pieces, &batch, row, source->timeframe);
            }
        }
    }
    assert_int_equal(at, whole.count);
    s1_bar_reader_close(made);
    s1_bar_reader_close(&bars->base);
    return at;
}

/* Trades enough for several batches, at times that several share, some given twice. */
static s1_data_persistor *many_trades(size_t count, bool has_ids)
{
    s1_data_persistor *persistor = NULL;
    int64_t *const columns = calloc(4 * count, sizeof *columns);
    uint8_t *const sides = malloc(count);
    assert_non_null(columns);
    assert_non_null(sides);
    memset(sides, S1_TRADE_BUY, count);
    s1_nanos time = 1001 * HOUR + 7;
    uint64_t chance = 88172645463325252ULL;
    for (size_t i = 0; i < count; i++) {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        const bool repeats = i > 0 && chance % 11 == 0;
        time += repeats || chance % 5 == 0 ? 0 : (s1_nanos)(chance % (HOUR / 50));
        time += chance % 997 == 0 ? 30 * HOUR : 0;
        columns[i] = time;
        columns[count + i] =
            repeats ? columns[count + i - 1] : 10000 + (int64_t)(chance >> 40) % 500;
        columns[2 * count + i] = repeats ? columns[2 * count + i - 1] : (int64_t)(chance >> 30) % 9;
        columns[3 * count + i] = i == 0 ? 0 : columns[3 * count + i - 1] + 1;
    }
    assert_int_equal(s1_memory_persistor_new(&persistor, NULL), S1_OK);
    const s1_trade_batch trades = {.count = count,
                                   .time = columns,
                                   .price = columns + count,
                                   .quantity = columns + 2 * count,
                                   .side = sides,
                                   .id = has_ids ? columns + 3 * count : NULL};
    s1_err err = S1_ERR_INIT;
    if (s1_data_save_trades(persistor, &ticks, &trades, &scales, NULL, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    free(columns);
    free(sides);
    return persistor;
}

static void test_bars_made_in_passing(void **state)
{
    (void)state;
    s1_manual_clock clock;
    s1_manual_clock_init(&clock, 0);
    for (int has_ids = 0; has_ids < 2; has_ids++) {
        s1_data_persistor *const persistor = many_trades(20000, has_ids == 1);
        const s1_nanos last = 1001 * HOUR + 1100 * HOUR;
        size_t bars = 0;
        for (int drops = 0; drops < 2; drops++) {
            const s1_nanos timeframes[] = {HOUR / 60, HOUR / 7, HOUR, 24 * HOUR, 700 * HOUR};
            for (size_t k = 0; k < sizeof timeframes / sizeof timeframes[0]; k++) {
                const s1_resample_source source = {.key = ticks,
                                                   .timeframe = timeframes[k],
                                                   .offset = (s1_nanos)k * 3 * HOUR / 4,
                                                   .drops_repeats = drops == 1};
                bars += pass_by(persistor, &source, S1_RANGE_ALL, 1 + k % 3, &clock.clock);
                for (s1_nanos from = 990 * HOUR; from < last; from += 83 * HOUR + 11) {
                    const s1_time_range range = {from, from + (from % 7 + 1) * 41 * HOUR + 3};
                    bars += pass_by(persistor, &source, range, 1 + k % 2, &clock.clock);
                }
            }
        }
        assert_true(bars > 50000);
        s1_data_persistor_free(persistor);
    }
}

static void test_errors(void **state)
{
    const fixture *const f = *state;
    s1_bar_reader *reader = NULL;
    s1_nanos first = 77;
    s1_err err = S1_ERR_INIT;
    s1_resample_source source = {.key = hourly, .timeframe = 4 * HOUR};
    source.key.asset_pair = S1_STR("ETH/USD");
    assert_int_equal(
        s1_resample_load(f->persistor, &source, S1_RANGE_ALL, &reader, &first, NULL, &err),
        S1_E_NOT_FOUND);
    source.key = hourly;
    source.timeframe = HOUR / 2;
    assert_int_equal(
        s1_resample_load(f->persistor, &source, S1_RANGE_ALL, &reader, &first, NULL, &err),
        S1_E_INVALID);
    source.timeframe = 4 * HOUR;
    source.offset = HOUR / 2;
    assert_int_equal(
        s1_resample_load(f->persistor, &source, S1_RANGE_ALL, &reader, &first, NULL, &err),
        S1_E_DATA);
    assert_null(reader);
    assert_int_equal(first, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_range_changes_no_bar, setup, teardown),
        cmocka_unit_test_setup_teardown(test_known_to_a_moment, setup, teardown),
        cmocka_unit_test(test_bars_made_in_passing),
        cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
    };
    return cmocka_run_group_tests_name("resample_reader", tests, NULL, NULL);
}
