/* History handed out moment by moment: streams merged by close time, scales converted, nothing of a
 * bar before its close. */
#include "backend/environments/backtest/backtest_environment.h"

#include "backend/data/persistors/memory_persistor.h"
#include "s1mple/error.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE      (60 * S1_NANOS_PER_SECOND)
#define HOUR        (60 * MINUTE)
#define STREAMS_MAX 3
#define ROWS_MAX    5000

#define MUST(call)                                                                                 \
    do {                                                                                           \
        s1_err must_err = S1_ERR_INIT;                                                             \
        s1_err *const err = &must_err;                                                             \
        if ((call) != S1_OK) {                                                                     \
            fail_msg("%s:%d: %s: %s", __FILE__, __LINE__, #call, must_err.msg);                    \
        }                                                                                          \
    } while (0)

typedef struct stage {
    s1_data_persistor *data;
    s1_instrument instrument;
    s1_backtest_stream streams[STREAMS_MAX];
    uint32_t stream_count;
    s1_manual_clock clock;
    s1_backtest_environment *environment;
    s1_environment verbs;
    char trace[256]; /* what happened to orders */
} stage;

static s1_rc on_before_fill(void *self, const s1_order *order, const s1_fill *fill, s1_err *err)
{
    (void)self, (void)order, (void)fill, (void)err;
    return S1_OK;
}

static s1_rc on_fill(void *self, const s1_order *order, const s1_fill *fill, s1_err *err)
{
    stage *const s = self;
    const size_t used = strlen(s->trace);
    char price[S1_DEC_TEXT_MAX];
    (void)order, (void)err;
    price[s1_dec_print(fill->price, price)] = '\0';
    (void)snprintf(s->trace + used, sizeof s->trace - used, "FILLED@%s ", price);
    return S1_OK;
}

static s1_rc on_state(void *self, const s1_order *order, s1_str reason, s1_nanos time, s1_err *err)
{
    stage *const s = self;
    const size_t used = strlen(s->trace);
    (void)reason, (void)time, (void)err;
    (void)snprintf(s->trace + used, sizeof s->trace - used, "%s ",
                   s1_order_state_name(order->state));
    return S1_OK;
}

static stage *stage_new(uint32_t price_scale, uint32_t qty_scale)
{
    stage *const s = calloc(1, sizeof *s);
    assert_non_null(s);
    MUST(s1_memory_persistor_new(&s->data, err));
    s1_manual_clock_init(&s->clock, 0);
    s->instrument = (s1_instrument){.size = sizeof s->instrument,
                                    .price_scale = price_scale,
                                    .qty_scale = qty_scale,
                                    .asset_pair = S1_STR("BTC/EUR"),
                                    .leverage = S1_DEC_ONE};
    return s;
}

static void stage_free(stage *s)
{
    s1_backtest_environment_free(s->environment);
    s1_data_persistor_free(s->data);
    free(s);
}

/* Adds a stream of `count` bars of `pair` that open at `first`, one timeframe apart; bar n has the
 * prices 100+n .. (at price_scale) and the volume n. Bars in [hole, hole_end) are left out. */
static void add_stream_with_hole(stage *s, const char *pair, s1_nanos timeframe, s1_nanos first,
                                 size_t count, uint32_t price_scale, uint32_t qty_scale,
                                 size_t hole, size_t hole_end)
{
    static int64_t columns[6][ROWS_MAX];
    size_t rows = 0;
    for (size_t i = 0; i < count; i++) {
        if (i >= hole && i < hole_end) {
            continue;
        }
        columns[0][rows] = first + (s1_nanos)i * timeframe;
        columns[1][rows] = 100 + (int64_t)i;
        columns[2][rows] = 102 + (int64_t)i;
        columns[3][rows] = 98 + (int64_t)i;
        columns[4][rows] = 101 + (int64_t)i;
        columns[5][rows] = (int64_t)i;
        rows++;
    }
    const s1_stream_key key = {
        .asset_pair = {pair, strlen(pair)}, .timeframe = timeframe, .data_type = S1_DATA_OHLCV};
    const s1_save_options options = {
        .price_scale = price_scale, .qty_scale = qty_scale, .overlap = S1_OVERLAP_REFUSE};
    const s1_bar_batch batch = {.count = rows,
                                .open_time = columns[0],
                                .open = columns[1],
                                .high = columns[2],
                                .low = columns[3],
                                .close = columns[4],
                                .volume = columns[5]};
    MUST(s1_data_save_ohlcv(s->data, &key, &batch, &options, NULL, err));
    s1_backtest_stream *const stream = &s->streams[s->stream_count++];
    *stream = (s1_backtest_stream){
        .asset_pair = key.asset_pair, .timeframe = timeframe, .instrument = &s->instrument};
    MUST(s1_data_load_ohlcv(s->data, &key, S1_RANGE_ALL, &stream->reader, err));
}

static void add_stream(stage *s, const char *pair, s1_nanos timeframe, s1_nanos first, size_t count)
{
    add_stream_with_hole(s, pair, timeframe, first, count, s->instrument.price_scale,
                         s->instrument.qty_scale, 0, 0);
}

static s1_rc open_environment(stage *s, s1_nanos from, s1_err *err)
{
    const s1_backtest_environment_options options = {
        .streams = s->streams,
        .stream_count = s->stream_count,
        .from = from,
        .matching = {.instrument = &s->instrument,
                     .rules = s1_fill_rules_of(S1_FILL_NEXT_OPEN, NULL),
                     .ambiguity = S1_AMBIGUITY_STOP_FIRST,
                     .orders_max = 8},
        .clock = &s->clock.clock};
    const s1_order_listener listener = {
        .self = s, .on_before_fill = on_before_fill, .on_fill = on_fill, .on_state = on_state};
    S1_TRY(err, s1_backtest_environment_new(&options, &listener, &s->environment, err));
    s->verbs = s1_backtest_environment_verbs(s->environment);
    return S1_OK;
}

static const s1_market_snapshot *next(stage *s)
{
    const s1_market_snapshot *snapshot = NULL;
    MUST(s->verbs.next(s->verbs.self, &snapshot, err));
    return snapshot;
}

/* "minute:streams" of every moment to the end, "w" before warm-up ones: "60:01 120:0". */
static void expect_moments(stage *s, const char *expected)
{
    char text[512] = "";
    const s1_market_snapshot *at;
    while ((at = next(s)) != NULL) {
        size_t used = strlen(text);
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s%d:", used > 0 ? " " : "",
                                 at->is_warmup ? "w" : "", (int)(at->now / MINUTE));
        for (uint32_t i = 0; i < at->stream_count; i++) {
            if (at->has_bar[i]) {
                assert_int_equal(at->bars[i].close_time, at->now);
                used += (size_t)snprintf(text + used, sizeof text - used, "%u", i);
            }
        }
    }
    assert_string_equal(text, expected);
    assert_null(next(s)); /* the end stays the end */
}

static void test_one_stream(void **state)
{
    (void)state;
    stage *const s = stage_new(2, 3);
    add_stream(s, "BTC/EUR", HOUR, 0, 2);
    MUST(open_environment(s, 0, err));
    const s1_market_snapshot *const first = next(s);
    assert_int_equal(first->now, HOUR);
    assert_int_equal(first->stream_count, 1);
    assert_int_equal(first->is_warmup, 0);
    const s1_bar expected = {0, HOUR, 100, 102, 98, 101, 0};
    assert_memory_equal(&first->bars[0], &expected, sizeof expected);
    assert_int_equal(next(s)->bars[0].open, 101);
    assert_null(next(s));
    stage_free(s);
}

/* Several batches of the reader, none lost or twice. */
static void test_batches_join_without_a_seam(void **state)
{
    (void)state;
    stage *const s = stage_new(2, 3);
    add_stream(s, "BTC/EUR", MINUTE, 0, ROWS_MAX);
    add_stream(s, "ETH/EUR", MINUTE, 0, ROWS_MAX);
    MUST(open_environment(s, 0, err));
    for (int64_t i = 0; i < ROWS_MAX; i++) {
        const s1_market_snapshot *const at = next(s);
        assert_int_equal(at->now, (i + 1) * MINUTE);
        assert_true(at->has_bar[0] && at->has_bar[1]);
        assert_int_equal(at->bars[0].open, 100 + i);
        assert_int_equal(at->bars[1].volume, i);
    }
    assert_null(next(s));
    stage_free(s);
}

/* The higher timeframe shows at its close, together with the primary bar that ends there. */
static void test_streams_merge_by_close_time(void **state)
{
    (void)state;
    stage *const s = stage_new(2, 3);
    add_stream(s, "BTC/EUR", 15 * MINUTE, 0, 5);
    add_stream(s, "BTC/EUR", 30 * MINUTE, 0, 2);
    add_stream(s, "ETH/EUR", 10 * MINUTE, 0, 4);
    MUST(open_environment(s, 0, err));
    expect_moments(s, "w10:2 15:0 20:2 30:012 40:2 45:0 60:01 75:0");
    stage_free(s);
}

/* The run ends with the primary stream, whatever others have left. */
static void test_primary_ends_the_run(void **state)
{
    (void)state;
    stage *const s = stage_new(2, 3);
    add_stream(s, "BTC/EUR", 30 * MINUTE, 0, 1);
    add_stream(s, "ETH/EUR", 10 * MINUTE, 0, 9);
    MUST(open_environment(s, 0, err));
    /* Before the first primary bar there is nothing to trade on. */
    expect_moments(s, "w10:1 w20:1 30:01");
    stage_free(s);
}

/* Holes in one stream are no bars of it, and no reason to wait. */
static void test_holes(void **state)
{
    (void)state;
    stage *const s = stage_new(2, 3);
    add_stream_with_hole(s, "BTC/EUR", 10 * MINUTE, 0, 6, 2, 3, 2, 5);
    add_stream(s, "ETH/EUR", 20 * MINUTE, 0, 3);
    MUST(open_environment(s, 0, err));
    expect_moments(s, "10:0 20:01 40:1 60:01");
    stage_free(s);
}

static void test_warmup_ends_with_the_first_bar_from_on(void **state)
{
    (void)state;
    stage *const s = stage_new(2, 3);
    add_stream(s, "BTC/EUR", 30 * MINUTE, 0, 3);
    add_stream(s, "ETH/EUR", 20 * MINUTE, 0, 4);
    MUST(open_environment(s, 30 * MINUTE, err));
    expect_moments(s, "w20:1 w30:0 w40:1 60:01 80:1 90:0");
    stage_free(s);
}

static void test_scales_are_converted_exactly(void **state)
{
    (void)state;
    stage *const s = stage_new(5, 8);
    add_stream_with_hole(s, "BTC/EUR", HOUR, 0, 2, 2, 3, 0, 1);
    MUST(open_environment(s, 0, err));
    const s1_market_snapshot *const at = next(s);
    const s1_bar expected = {HOUR, 2 * HOUR, 101000, 103000, 99000, 102000, 100000};
    assert_memory_equal(&at->bars[0], &expected, sizeof expected);
    stage_free(s);
}

static void refuses(uint32_t price_scale, uint32_t qty_scale, const char *message)
{
    stage *const s = stage_new(2, 3);
    s1_err err = S1_ERR_INIT;
    add_stream_with_hole(s, "BTC/EUR", HOUR, 0, 2, price_scale, qty_scale, 0, 0);
    assert_int_equal(open_environment(s, 0, &err), S1_E_DATA);
    assert_string_equal(err.msg, message);
    stage_free(s); /* its readers went with the failure */
}

static void test_more_decimals_than_the_instrument(void **state)
{
    (void)state;
    refuses(5, 3,
            "BTC/EUR: the data has 5 decimals of price, the instrument 2 (raise its price_scale in "
            "instruments.yaml)");
    refuses(2, 8,
            "BTC/EUR: the data has 8 decimals of qty, the instrument 3 (raise its qty_scale in "
            "instruments.yaml)");
}

static void test_value_that_does_not_fit_the_scale(void **state)
{
    (void)state;
    stage *const s = stage_new(18, 0);
    add_stream_with_hole(s, "BTC/EUR", HOUR, 0, 1, 0, 0, 0, 0);
    MUST(open_environment(s, 0, err));
    const s1_market_snapshot *snapshot;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s->verbs.next(s->verbs.self, &snapshot, &err), S1_E_RANGE);
    assert_string_equal(err.msg,
                        "BTC/EUR: a value of the data does not fit the instrument's scale");
    stage_free(s);
}

/* A range in which there is nothing. */
static void test_empty_data(void **state)
{
    (void)state;
    stage *const s = stage_new(2, 3);
    add_stream(s, "BTC/EUR", HOUR, 0, 2);
    s1_bar_reader_close(s->streams[0].reader);
    const s1_stream_key key = {
        .asset_pair = S1_STR("BTC/EUR"), .timeframe = HOUR, .data_type = S1_DATA_OHLCV};
    MUST(s1_data_load_ohlcv(s->data, &key, (s1_time_range){100 * HOUR, 200 * HOUR},
                            &s->streams[0].reader, err));
    MUST(open_environment(s, 0, err));
    expect_moments(s, "");
    stage_free(s);
}

/* An empty second stream holds nobody up. */
static void test_empty_secondary(void **state)
{
    (void)state;
    stage *const s = stage_new(2, 3);
    add_stream(s, "BTC/EUR", HOUR, 0, 2);
    add_stream(s, "ETH/EUR", HOUR, 0, 1);
    s1_bar_reader_close(s->streams[1].reader);
    const s1_stream_key key = {
        .asset_pair = S1_STR("ETH/EUR"), .timeframe = HOUR, .data_type = S1_DATA_OHLCV};
    MUST(s1_data_load_ohlcv(s->data, &key, (s1_time_range){100 * HOUR, 200 * HOUR},
                            &s->streams[1].reader, err));
    MUST(open_environment(s, 0, err));
    expect_moments(s, "60:0 120:0");
    stage_free(s);
}

/* Orders meet bars of the primary stream only, and never the bar they were sent on. */
static void test_orders_match_on_the_primary(void **state)
{
    (void)state;
    stage *const s = stage_new(0, 0);
    s->instrument.tick_size = s->instrument.lot_size = S1_DEC_ONE;
    add_stream(s, "BTC/EUR", 30 * MINUTE, 0, 2);
    add_stream(s, "ETH/EUR", 20 * MINUTE, 0, 2);
    MUST(open_environment(s, 0, err));
    const s1_order order = {.order_id = {{{1}}},
                            .trade_id = {{{1}}},
                            .side = S1_BUY,
                            .type = S1_ORDER_MARKET,
                            .role = S1_ROLE_ENTRY,
                            .time_in_force = S1_TIF_GTC,
                            .quantity = S1_DEC_ONE};
    assert_false(next(s)->has_bar[0]); /* 20 */
    assert_true(next(s)->has_bar[0]);  /* 30 */
    MUST(s->verbs.submit(s->verbs.self, &order, err));
    assert_string_equal(s->trace, "ACCEPTED ");
    assert_false(next(s)->has_bar[0]); /* 40 */
    MUST(s->verbs.match(s->verbs.self, err));
    assert_string_equal(s->trace, "ACCEPTED ");
    assert_true(next(s)->has_bar[0]); /* 60 */
    MUST(s->verbs.match(s->verbs.self, err));
    assert_string_equal(s->trace, "ACCEPTED FILLED@101 ");
    assert_int_equal(s1_backtest_environment_rules(s->environment)[S1_FILL_OPEN], 1);
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s->verbs.cancel(s->verbs.self, order.order_id, S1_STR("late"), 0, &err),
                     S1_E_NOT_FOUND);
    assert_int_equal(s->verbs.modify(s->verbs.self, order.order_id, S1_DEC_ONE, S1_DEC_ONE, &err),
                     S1_E_NOT_FOUND);
    stage_free(s);
}

static s1_rc no_rows(s1_market_reader *self, s1_market_batch *ret_batch, s1_err *err)
{
    (void)self, (void)err;
    *ret_batch = (s1_market_batch){0};
    return S1_OK;
}

static void no_close(s1_market_reader *self)
{
    (void)self;
}

static s1_rc on_amended(void *self, const s1_order *order, s1_str reason, s1_nanos time,
                        s1_err *err)
{
    (void)reason;
    stage *const s = self;
    (void)order, (void)time, (void)err;
    (void)strcat(s->trace, "AMENDED ");
    return S1_OK;
}

/* Bars of a minute made of trades at 100, 101, .. every twenty seconds, which orders match on; with
 * an order book beside them, an empty one, or without. */
static void open_traded(stage *s, bool has_book)
{
    static const s1_market_reader_ops ops = {
        .size = sizeof ops, .next = no_rows, .close = no_close};
    static s1_market_reader book = {.ops = &ops};
    static const s1_book_rules rules = {0};
    s1_nanos times[12], first;
    int64_t prices[12], quantities[12];
    uint8_t sides[12];
    s1_trade_bars *trades;
    for (int i = 0; i < 12; i++) {
        times[i] = i * 20 * S1_NANOS_PER_SECOND;
        prices[i] = 100 + i;
        quantities[i] = 1;
        sides[i] = S1_TRADE_BUY;
    }
    const s1_resample_source source = {
        .key = {.asset_pair = S1_STR("BTC/EUR"), .data_type = S1_DATA_TRADES}, .timeframe = MINUTE};
    const s1_trade_batch batch = {
        .count = 12, .time = times, .price = prices, .quantity = quantities, .side = sides};
    const s1_save_options scales = {.price_scale = 0, .qty_scale = 0, .overlap = S1_OVERLAP_REFUSE};
    MUST(s1_data_save_trades(s->data, &source.key, &batch, &scales, NULL, err));
    MUST(s1_trade_bars_open(s->data, &source, S1_RANGE_ALL, &s->clock.clock, &trades, &first, err));
    s->streams[s->stream_count++] = (s1_backtest_stream){.reader = &trades->base,
                                                         .asset_pair = source.key.asset_pair,
                                                         .timeframe = MINUTE,
                                                         .instrument = &s->instrument};
    const s1_backtest_environment_options options = {
        .streams = s->streams,
        .stream_count = s->stream_count,
        .trades = trades,
        .book = has_book ? &book : NULL,
        .matching = {.instrument = &s->instrument,
                     .rules = s1_fill_rules_of(S1_FILL_NEXT_OPEN, NULL),
                     .book = has_book ? &rules : NULL,
                     .orders_max = 8},
        .clock = &s->clock.clock};
    const s1_order_listener listener = {.self = s,
                                        .on_before_fill = on_before_fill,
                                        .on_fill = on_fill,
                                        .on_state = on_state,
                                        .on_amended = on_amended};
    MUST(s1_backtest_environment_new(&options, &listener, &s->environment, err));
    s->verbs = s1_backtest_environment_verbs(s->environment);
}

/* What is sent at a close meets the trades behind it; the verbs are all there, on a book too. */
static void test_orders_match_on_trades(void **state)
{
    (void)state;
    for (int has_book = 0; has_book < 2; has_book++) {
        stage *const s = stage_new(0, 0);
        open_traded(s, has_book == 1);
        const s1_market_snapshot *at = next(s);
        assert_int_equal(at->now, MINUTE);
        const s1_bar expected = {0, MINUTE, 100, 102, 100, 102, 3};
        assert_memory_equal(&at->bars[0], &expected, sizeof expected);
        MUST(s->verbs.match(s->verbs.self, err));
        const s1_order order = {.order_id = {{{1}}},
                                .side = S1_SELL,
                                .type = S1_ORDER_LIMIT,
                                .role = S1_ROLE_ENTRY,
                                .time_in_force = S1_TIF_GTC,
                                .quantity = S1_DEC_ONE,
                                .price = s1_dec_from_int(120)};
        MUST(s->verbs.submit(s->verbs.self, &order, err));
        const s1_order_change change = {order.order_id, s1_dec_from_int(105), S1_DEC_ZERO,
                                        S1_DEC_ONE};
        MUST(s->verbs.amend(s->verbs.self, &change, err));
        assert_int_equal(next(s)->now, 2 * MINUTE);
        MUST(s->verbs.match(s->verbs.self, err));
        if (has_book == 0) {
            assert_string_equal(s->trace, "ACCEPTED AMENDED FILLED@105 ");
            assert_int_equal(s1_backtest_environment_rules(s->environment)[S1_FILL_TRADE_TOUCH], 1);
        } else {
            assert_int_equal(strncmp(s->trace, "ACCEPTED AMENDED ", 17), 0);
        }
        assert_int_equal(next(s)->bars[0].open, 106); /* the trade at 2:00 is of the third */
        assert_null(next(s));                         /* nothing behind the fourth closes it */
        stage_free(s);
    }
}

static void test_free_accepts_null(void **state)
{
    (void)state;
    s1_backtest_environment_free(NULL);
    stage *const s = stage_new(2, 3);
    add_stream(s, "BTC/EUR", HOUR, 0, 1);
    MUST(open_environment(s, 0, err));
    assert_int_equal(s1_backtest_environment_read_time(s->environment), 0); /* nothing read yet */
    stage_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_stream),
        cmocka_unit_test(test_batches_join_without_a_seam),
        cmocka_unit_test(test_streams_merge_by_close_time),
        cmocka_unit_test(test_primary_ends_the_run),
        cmocka_unit_test(test_holes),
        cmocka_unit_test(test_warmup_ends_with_the_first_bar_from_on),
        cmocka_unit_test(test_scales_are_converted_exactly),
        cmocka_unit_test(test_more_decimals_than_the_instrument),
        cmocka_unit_test(test_value_that_does_not_fit_the_scale),
        cmocka_unit_test(test_empty_data),
        cmocka_unit_test(test_empty_secondary),
        cmocka_unit_test(test_orders_match_on_the_primary),
        cmocka_unit_test(test_orders_match_on_trades),
        cmocka_unit_test(test_free_accepts_null),
    };
    return cmocka_run_group_tests_name("backtest_environment", tests, NULL, NULL);
}
