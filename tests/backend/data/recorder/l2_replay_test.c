/* A recorded order book of another exchange (Binance spot, ../shared/data/l2) through the archive:
 * snapshot and differences as rows, stored, read back and applied, are never crossed and agree with
 * every best price the exchange itself told. Figures: ../shared/data/README.md section 3, of which
 * this file is the first of two. */
#include "backend/connectors/kraken/kraken_book.h"
#include "backend/core/order_book.h"
#include "backend/data/ingest/data_import.h"
#include "backend/data/persistors/memory_persistor.h"
#include "backend/data/recorder/compaction.h"
#include "backend/utils/json_pull.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define LINE_MAX_BYTES (1u << 20)
#define ROWS_MAX       160000u
#define TICKERS_MAX    40000u
#define CHUNK_ROWS     20000u
#define BOOK_DEPTH     1000u

/* The best prices at an update. */
typedef struct ticker {
    int64_t update_id;
    s1_kraken_level bid, ask;
} ticker;

typedef struct recording {
    s1_stream_row *rows;
    size_t row_count;
    ticker *tickers;
    size_t ticker_count;
    int64_t last_update;
    s1_nanos last_time;
    size_t differences, gaps, before_snapshot;
} recording;

static const s1_stream_key key = {
    .asset_pair = {"BTC/USDT", 8}, .data_type = S1_DATA_BOOK, .source = {"binance", 7}};

/* --- Reading. --- */

static void add_row(recording *r, int32_t kind, int32_t side, const s1_kraken_level *level)
{
    s1_stream_row row = {.price_scale = (uint8_t)level->price_scale,
                         .qty_scale = (uint8_t)level->quantity_scale};
    assert_true(r->row_count < ROWS_MAX);
    row.columns[S1_ROW_BOOK_TIME] = r->last_time;
    row.columns[S1_ROW_BOOK_UPDATE_ID] = r->last_update;
    row.columns[S1_ROW_BOOK_KIND] = kind;
    row.columns[S1_ROW_BOOK_SIDE] = side;
    row.columns[S1_ROW_BOOK_PRICE] = level->price;
    row.columns[S1_ROW_BOOK_QUANTITY] = level->quantity;
    row.columns[S1_ROW_BOOK_RECEIVED] = (int64_t)r->row_count + 1;
    r->rows[r->row_count++] = row;
}

/* [["61737.63000000","0.00000000"],...] */
static void read_levels(recording *r, s1_json_pull pull, int32_t kind, int32_t side)
{
    s1_str text;
    s1_kraken_level level;
    assert_int_equal(s1_json_pull_next(&pull, &text), S1_JSON_ARRAY);
    while (s1_json_pull_next(&pull, &text) == S1_JSON_ARRAY) {
        assert_int_equal(s1_json_pull_next(&pull, &text), S1_JSON_STRING);
        assert_true(s1_mantissa_parse(text, &level.price, &level.price_scale));
        assert_int_equal(s1_json_pull_next(&pull, &text), S1_JSON_STRING);
        assert_true(s1_mantissa_parse(text, &level.quantity, &level.quantity_scale));
        assert_int_equal(s1_json_pull_next(&pull, &text), S1_JSON_ARRAY_END);
        add_row(r, kind, side, &level);
    }
}

/* The members of an object by their one letter; others are read over. */
typedef struct members {
    s1_json_pull bids, asks;
    int64_t first, last, event_time;
    ticker best;
    bool is_difference;
} members;

static void read_members(s1_json_pull *pull, members *m)
{
    s1_str name, text;
    assert_int_equal(s1_json_pull_next(pull, &name), S1_JSON_OBJECT);
    while (s1_json_pull_next(pull, &name) == S1_JSON_KEY) {
        s1_json_pull ahead = *pull;
        const enum s1_json_token token = s1_json_pull_next(&ahead, &text);
        int64_t number = 0;
        if (token == S1_JSON_NUMBER) {
            assert_int_equal(s1_str_parse_i64(text, &number, NULL), S1_OK);
        }
        if (s1_str_eq_cstr(name, "U")) {
            m->first = number;
        } else if (s1_str_eq_cstr(name, "u") || s1_str_eq_cstr(name, "lastUpdateId")) {
            m->last = number;
        } else if (s1_str_eq_cstr(name, "E")) {
            m->event_time = number * 1000000;
        } else if (s1_str_eq_cstr(name, "e")) {
            m->is_difference = s1_str_eq_cstr(text, "depthUpdate");
        } else if (token == S1_JSON_ARRAY) {
            *(name.ptr[0] == 'b' ? &m->bids : &m->asks) = *pull;
        } else if (s1_str_eq_cstr(name, "b")) {
            assert_true(s1_mantissa_parse(text, &m->best.bid.price, &m->best.bid.price_scale));
        } else if (s1_str_eq_cstr(name, "B")) {
            assert_true(
                s1_mantissa_parse(text, &m->best.bid.quantity, &m->best.bid.quantity_scale));
        } else if (s1_str_eq_cstr(name, "a")) {
            assert_true(s1_mantissa_parse(text, &m->best.ask.price, &m->best.ask.price_scale));
        } else if (s1_str_eq_cstr(name, "A")) {
            assert_true(
                s1_mantissa_parse(text, &m->best.ask.quantity, &m->best.ask.quantity_scale));
        }
        assert_true(s1_json_pull_skip(pull));
    }
}

static void take_time(recording *r, s1_nanos time)
{
    r->last_time = time > r->last_time ? time : r->last_time;
}

static void read_difference(recording *r, const members *m)
{
    if (m->last <= r->last_update) {
        r->before_snapshot++;
        return;
    }
    const bool is_first = r->differences++ == 0;
    const bool goes_on = is_first ? m->first <= r->last_update + 1 : m->first == r->last_update + 1;
    r->gaps += goes_on ? 0 : 1;
    r->last_update = m->last;
    take_time(r, m->event_time);
    read_levels(r, m->bids, S1_BOOK_UPDATE, S1_BOOK_BID);
    read_levels(r, m->asks, S1_BOOK_UPDATE, S1_BOOK_ASK);
}

/* The snapshot, or all else: differences that came before it may reach beyond it. */
static void read_line(recording *r, s1_str line, bool wants_snapshot)
{
    const size_t space = s1_str_find_byte(line, ' ', 0);
    const s1_str json = s1_str_slice(line, space + 1, line.len);
    s1_json_pull pull;
    s1_str text;
    members m = {.first = 0};
    s1_json_pull_init(&pull, json);
    const bool is_snapshot = s1_str_starts_with(json, S1_STR("{\"lastUpdateId\""));
    if (is_snapshot != wants_snapshot) {
        return;
    }
    if (is_snapshot) {
        assert_int_equal(s1_str_parse_i64(s1_str_slice(line, 0, space), &r->last_time, NULL),
                         S1_OK);
        read_members(&pull, &m);
        r->last_update = m.last;
        read_levels(r, m.bids, S1_BOOK_SNAPSHOT, S1_BOOK_BID);
        read_levels(r, m.asks, S1_BOOK_SNAPSHOT, S1_BOOK_ASK);
        return;
    }
    assert_int_equal(s1_json_pull_next(&pull, &text), S1_JSON_OBJECT);
    assert_int_equal(s1_json_pull_next(&pull, &text), S1_JSON_KEY);
    assert_int_equal(s1_json_pull_next(&pull, &text), S1_JSON_STRING);
    const bool is_ticker = s1_str_ends_with(text, S1_STR("@bookTicker"));
    const bool is_difference = s1_str_ends_with(text, S1_STR("@depth@100ms"));
    assert_int_equal(s1_json_pull_next(&pull, &text), S1_JSON_KEY);
    if (is_ticker) {
        read_members(&pull, &m);
        assert_true(r->ticker_count < TICKERS_MAX);
        m.best.update_id = m.last;
        r->tickers[r->ticker_count++] = m.best;
    } else if (is_difference) {
        read_members(&pull, &m);
        assert_true(m.is_difference);
        read_difference(r, &m);
    }
}

static bool read_file(recording *r, bool wants_snapshot)
{
    const char *const shared = getenv("S1_SHARED") != NULL ? getenv("S1_SHARED") : "../shared";
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/data/l2/binance_ws/spot_btcusdt_20240808.gz", shared);
    gzFile file = gzopen(path, "rb");
    char *const line = malloc(LINE_MAX_BYTES);
    if (file == NULL || line == NULL) {
        (void)printf("skipped: %s is not there\n", path);
        free(line);
        return false;
    }
    while (gzgets(file, line, LINE_MAX_BYTES) != NULL) {
        read_line(r, s1_str_trim(s1_str_of(line)), wants_snapshot);
    }
    (void)gzclose(file);
    free(line);
    return true;
}

/* --- Through the archive. --- */

static void store(s1_data_persistor *persistor, const recording *r)
{
    s1_stream_row *const chunk = malloc(CHUNK_ROWS * sizeof *chunk);
    assert_non_null(chunk);
    for (size_t at = 0; at < r->row_count; at += CHUNK_ROWS) {
        const size_t count = r->row_count - at < CHUNK_ROWS ? r->row_count - at : CHUNK_ROWS;
        s1_compaction done;
        s1_err err = S1_ERR_INIT;
        memcpy(chunk, r->rows + at, count * sizeof *chunk);
        if (s1_compact_rows(persistor, &key, chunk, count, S1_STR("test"), &done, &err) != S1_OK) {
            fail_msg("%s", err.msg);
        }
        assert_int_equal(done.rows_added, count);
    }
    free(chunk);
}

typedef struct replay {
    const recording *recording;
    s1_kraken_book *book;
    int64_t update_id;
    size_t rows, updates, crossed, compared, agreed, ticker_at;
} replay;

static bool is_level(const s1_kraken_level *told, const s1_kraken_level *found)
{
    return s1_dec_cmp(s1_dec_from_mantissa(told->price, told->price_scale),
                      s1_dec_from_mantissa(found->price, found->price_scale)) == 0 &&
           s1_dec_cmp(s1_dec_from_mantissa(told->quantity, told->quantity_scale),
                      s1_dec_from_mantissa(found->quantity, found->quantity_scale)) == 0;
}

/* Behind the last row of an update. */
static void end_update(replay *p)
{
    if (p->update_id == 0) {
        return;
    }
    p->updates++;
    p->crossed += s1_kraken_book_is_crossed(p->book) ? 1 : 0;
    const s1_kraken_level bid = s1_kraken_book_level(p->book, S1_KRAKEN_BID, 0);
    const s1_kraken_level ask = s1_kraken_book_level(p->book, S1_KRAKEN_ASK, 0);
    const recording *const r = p->recording;
    for (; p->ticker_at < r->ticker_count && r->tickers[p->ticker_at].update_id <= p->update_id;
         p->ticker_at++) {
        const ticker *const told = &r->tickers[p->ticker_at];
        if (told->update_id == p->update_id) {
            p->compared++;
            p->agreed += is_level(&told->bid, &bid) && is_level(&told->ask, &ask) ? 1 : 0;
        }
    }
}

static void apply(replay *p, const s1_market_batch *batch, const s1_market_scales *scales)
{
    const int64_t *const update = batch->columns[S1_ROW_BOOK_UPDATE_ID];
    const uint8_t *const side = batch->columns[S1_ROW_BOOK_SIDE];
    const int64_t *const price = batch->columns[S1_ROW_BOOK_PRICE];
    const int64_t *const quantity = batch->columns[S1_ROW_BOOK_QUANTITY];
    for (size_t i = 0; i < batch->count; i++, p->rows++) {
        const s1_kraken_level level = {price[i], quantity[i], scales->price, scales->qty};
        if (update[i] != p->update_id) {
            end_update(p);
            p->update_id = update[i];
        }
        assert_int_equal(s1_kraken_book_set(p->book, side[i], &level, NULL), S1_OK);
    }
}

static void read_back(s1_data_persistor *persistor, replay *p)
{
    s1_market_reader *reader;
    s1_market_batch batch;
    assert_int_equal(s1_data_load(persistor, &key, S1_RANGE_ALL, &reader, NULL), S1_OK);
    while (s1_market_reader_next(reader, &batch, NULL) == S1_OK && batch.count > 0) {
        apply(p, &batch, &reader->scales);
    }
    end_update(p);
    s1_market_reader_close(reader);
}

static void test_a_recorded_book(void **state)
{
    recording r = {.rows = calloc(ROWS_MAX, sizeof *r.rows),
                   .tickers = calloc(TICKERS_MAX, sizeof *r.tickers)};
    (void)state;
    assert_non_null(r.rows);
    assert_non_null(r.tickers);
    if (read_file(&r, true) && read_file(&r, false)) {
        s1_data_persistor *persistor;
        replay p = {.recording = &r};
        assert_int_equal(r.differences, 3449);
        assert_int_equal(r.before_snapshot, 2);
        assert_int_equal(r.gaps, 0);
        assert_int_equal(s1_memory_persistor_new(&persistor, NULL), S1_OK);
        assert_int_equal(s1_kraken_book_new(BOOK_DEPTH, &p.book, NULL), S1_OK);
        store(persistor, &r);
        read_back(persistor, &p);
        assert_int_equal(p.rows, 2000 + 124073);
        assert_int_equal(p.updates, 1 + 3449);
        assert_int_equal(p.crossed, 0);
        assert_int_equal(p.compared, 564);
        assert_int_equal(p.agreed, 564);
        s1_kraken_book_free(p.book);
        s1_data_persistor_free(persistor);
    }
    free(r.rows);
    free(r.tickers);
}

/* --- Through the product's import, archive and book; told against what was read above. --- */

typedef struct own_replay {
    size_t messages, crossed, compared, agreed, ticker_at;
    uint32_t levels; /* the most of a side */
} own_replay;

static bool is_best(const s1_kraken_level *told, s1_book_level found,
                    const s1_market_scales *scales)
{
    const s1_kraken_level level = {found.price, found.quantity, scales->price, scales->qty};
    return is_level(told, &level);
}

/* Behind the last row of a message. */
static void end_message(own_replay *p, const s1_order_book *book, const recording *r,
                        const s1_market_scales *scales)
{
    p->messages++;
    p->crossed += s1_order_book_is_crossed(book) ? 1 : 0;
    p->levels = book->bids.count > p->levels ? book->bids.count : p->levels;
    p->levels = book->asks.count > p->levels ? book->asks.count : p->levels;
    for (; p->ticker_at < r->ticker_count && r->tickers[p->ticker_at].update_id <= book->update_id;
         p->ticker_at++) {
        const ticker *const told = &r->tickers[p->ticker_at];
        if (told->update_id == book->update_id) {
            p->compared++;
            p->agreed +=
                is_best(&told->bid, s1_order_book_level(book, S1_BOOK_BID, 0), scales) &&
                        is_best(&told->ask, s1_order_book_level(book, S1_BOOK_ASK, 0), scales)
                    ? 1
                    : 0;
        }
    }
}

static void import_recording(s1_data_persistor *archive, s1_data_import_summary *summary)
{
    const char *const shared = getenv("S1_SHARED") != NULL ? getenv("S1_SHARED") : "../shared";
    char path[1024];
    s1_err err = S1_ERR_INIT;
    (void)snprintf(path, sizeof path, "%s/data/l2/binance_ws/spot_btcusdt_20240808.gz", shared);
    const s1_data_import_options options = {.fs = s1_fs_real(),
                                            .archive = archive,
                                            .file = path,
                                            .profile = S1_STR("binance-ws"),
                                            .key = key,
                                            .price_scale = S1_SCALE_DETECT,
                                            .qty_scale = S1_SCALE_DETECT};
    if (s1_data_import(&options, summary, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
}

static void replay_own(s1_data_persistor *archive, const recording *r, s1_order_book *book,
                       own_replay *p)
{
    s1_market_reader *reader;
    s1_market_batch batch;
    assert_int_equal(s1_data_load(archive, &key, S1_RANGE_ALL, &reader, NULL), S1_OK);
    while (s1_market_reader_next(reader, &batch, NULL) == S1_OK && batch.count > 0) {
        for (size_t i = 0; i < batch.count; i++) {
            const s1_book_row row = s1_book_row_of(&batch, i);
            if (!s1_order_book_goes_on(book, &row) && book->counts.messages > 0) {
                end_message(p, book, r, &reader->scales);
            }
            (void)s1_order_book_take(book, &row);
        }
    }
    end_message(p, book, r, &reader->scales);
    s1_market_reader_close(reader);
}

static void test_an_imported_book(void **state)
{
    recording r = {.rows = calloc(ROWS_MAX, sizeof *r.rows),
                   .tickers = calloc(TICKERS_MAX, sizeof *r.tickers)};
    (void)state;
    assert_non_null(r.rows);
    assert_non_null(r.tickers);
    if (read_file(&r, true) && read_file(&r, false)) {
        s1_data_persistor *archive;
        s1_data_import_summary summary;
        s1_order_book *book;
        own_replay p = {0};
        assert_int_equal(s1_memory_persistor_new(&archive, NULL), S1_OK);
        import_recording(archive, &summary);
        assert_int_equal(summary.rows, r.row_count);
        assert_int_equal(summary.messages, 1 + r.differences);
        assert_int_equal(summary.old_messages, r.before_snapshot);
        assert_int_equal(summary.message_gaps, 0);
        assert_int_equal(s1_order_book_new(S1_BOOK_LEVELS_DEFAULT, false, &book, NULL), S1_OK);
        replay_own(archive, &r, book, &p);
        (void)printf("%zu messages, %llu rows, %u levels at most, %llu gaps, %zu crossed, "
                     "bookTicker %zu of %zu\n",
                     p.messages, (unsigned long long)book->counts.rows, p.levels,
                     (unsigned long long)book->counts.gaps, p.crossed, p.agreed, p.compared);
        assert_int_equal(book->counts.rows, r.row_count);
        assert_int_equal(p.messages, 1 + r.differences);
        assert_int_equal(book->counts.stale + book->counts.early + book->counts.gaps, 0);
        assert_int_equal(p.crossed, 0);
        assert_int_equal(p.compared, 564);
        assert_int_equal(p.agreed, p.compared);
        s1_order_book_free(book);
        s1_data_persistor_free(archive);
    }
    free(r.rows);
    free(r.tickers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_recorded_book),
        cmocka_unit_test(test_an_imported_book),
    };
    return cmocka_run_group_tests_name("backend/data/recorder/l2_replay", tests, NULL, NULL);
}
