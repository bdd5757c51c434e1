#include "backend/environments/backtest/backtest_environment.h"

#include "backend/utils/assert.h"

#include <stdlib.h>
#include <string.h>

/* One stream and how far it was handed out. */
typedef struct stream_cursor {
    s1_backtest_stream stream;
    s1_bar_batch batch;
    size_t at; /* next row of batch */
    int64_t price_factor, qty_factor;
    bool is_done;
} stream_cursor;

struct s1_backtest_environment {
    stream_cursor *cursors;
    s1_bar *bars;  /* [stream_count] of the snapshot */
    bool *has_bar; /* [stream_count] */
    uint32_t stream_count;
    s1_nanos from;
    s1_nanos read_time;
    const s1_clock *clock;
    s1_trade_bars *trades; /* of the primary, whose reader it is; NULL: orders match on bars */
    s1_book_feed book;     /* reader NULL: orders do not match on a book */
    s1_matching_engine *matching;
    s1_matching_line *line; /* NULL without latency */
    s1_market_snapshot snapshot;
};

/* --- Reading. ----------------------------------------------------------------------------- */

/* Do trades do nothing at the moment? */
static bool is_idle(const s1_backtest_environment *environment)
{
    return environment->line != NULL ? s1_matching_line_is_idle(environment->line)
                                     : s1_matching_is_idle(environment->matching);
}

/* The primary's next bars, made of trades; those of the bar that is being made are kept for the
 * orders that work now. */
static s1_rc refill_of_trades(s1_backtest_environment *environment, stream_cursor *cursor,
                              s1_err *err)
{
    S1_TRY(err,
           s1_trade_bars_next(environment->trades, !is_idle(environment), &cursor->batch, err));
    cursor->at = 0;
    cursor->is_done = cursor->batch.count == 0;
    return S1_OK;
}

static s1_rc refill(s1_backtest_environment *environment, stream_cursor *cursor, s1_err *err)
{
    if (environment->trades != NULL && cursor == environment->cursors) {
        return refill_of_trades(environment, cursor, err);
    }
    const s1_nanos start = s1_clock_monotonic(environment->clock);
    const s1_rc rc = s1_bar_reader_next(cursor->stream.reader, &cursor->batch, err);
    environment->read_time += s1_clock_monotonic(environment->clock) - start;
    S1_TRY(err, rc);
    cursor->at = 0;
    cursor->is_done = cursor->batch.count == 0;
    return S1_OK;
}

/* data mantissas -> instrument mantissas: *ret_factor = 10^(to - from). */
static s1_rc scale_factor(s1_str pair, const char *what, uint32_t from, uint32_t to,
                          int64_t *ret_factor, s1_err *err)
{
    if (from > to) {
        return S1_RAISE(err, S1_E_DATA,
                        "%.*s: the data has %u decimals of %s, the instrument %u (raise its "
                        "%s_scale in instruments.yaml)",
                        S1_STR_ARG(pair), from, what, to, what);
    }
    int64_t factor = 1;
    for (uint32_t i = from; i < to; i++) {
        factor *= 10;
    }
    *ret_factor = factor;
    return S1_OK;
}

static s1_rc scaled(const stream_cursor *cursor, int64_t mantissa, int64_t factor,
                    int64_t *ret_value, s1_err *err)
{
    return __builtin_mul_overflow(mantissa, factor, ret_value)
               ? S1_RAISE(err, S1_E_RANGE,
                          "%.*s: a value of the data does not fit the instrument's "
                          "scale",
                          S1_STR_ARG(cursor->stream.asset_pair))
               : S1_OK;
}

/* Takes the next bar of a stream that has one. */
static inline s1_rc take_bar(stream_cursor *cursor, s1_bar *ret_bar, s1_err *err)
{
    const s1_bar_batch *const batch = &cursor->batch;
    const size_t row = cursor->at++;
    const s1_nanos open_time = batch->open_time[row];
    *ret_bar = (s1_bar){.open_time = open_time,
                        .close_time = open_time + cursor->stream.timeframe,
                        .open = batch->open[row],
                        .high = batch->high[row],
                        .low = batch->low[row],
                        .close = batch->close[row],
                        .volume = batch->volume[row]};
    if (cursor->price_factor != 1) {
        int64_t *const prices[] = {&ret_bar->open, &ret_bar->high, &ret_bar->low, &ret_bar->close};
        for (size_t i = 0; i < 4; i++) {
            S1_TRY(err, scaled(cursor, *prices[i], cursor->price_factor, prices[i], err));
        }
    }
    if (cursor->qty_factor != 1) {
        S1_TRY(err, scaled(cursor, ret_bar->volume, cursor->qty_factor, &ret_bar->volume, err));
    }
    return S1_OK;
}

/* Makes sure the cursor points at a bar or knows that there is none. */
static inline s1_rc look(s1_backtest_environment *environment, stream_cursor *cursor, s1_err *err)
{
    return cursor->at < cursor->batch.count || cursor->is_done ? S1_OK
                                                               : refill(environment, cursor, err);
}

static s1_nanos next_close(const stream_cursor *cursor)
{
    return cursor->is_done ? INT64_MAX
                           : cursor->batch.open_time[cursor->at] + cursor->stream.timeframe;
}

/* The next bar of a run with one stream: nothing to merge. */
static s1_rc next_alone(s1_backtest_environment *environment,
                        const s1_market_snapshot **ret_snapshot, s1_err *err)
{
    stream_cursor *const cursor = &environment->cursors[0];
    S1_TRY(err, look(environment, cursor, err));
    if (cursor->is_done) {
        *ret_snapshot = NULL;
        return S1_OK;
    }
    s1_bar *const bar = &environment->bars[0];
    S1_TRY(err, take_bar(cursor, bar, err));
    environment->has_bar[0] = true;
    environment->snapshot.now = bar->close_time;
    environment->snapshot.is_warmup = bar->open_time < environment->from;
    *ret_snapshot = &environment->snapshot;
    return S1_OK;
}

/* --- The verbs. --------------------------------------------------------------------------- */

static s1_rc next(void *self, const s1_market_snapshot **ret_snapshot, s1_err *err)
{
    s1_backtest_environment *const environment = self;
    if (environment->stream_count == 1) {
        return next_alone(environment, ret_snapshot, err);
    }
    stream_cursor *const primary = &environment->cursors[0];
    S1_TRY(err, look(environment, primary, err));
    if (primary->is_done) {
        *ret_snapshot = NULL;
        return S1_OK;
    }
    s1_nanos now = next_close(primary);
    for (uint32_t i = 1; i < environment->stream_count; i++) {
        S1_TRY(err, look(environment, &environment->cursors[i], err));
        const s1_nanos close = next_close(&environment->cursors[i]);
        now = close < now ? close : now;
    }
    for (uint32_t i = 0; i < environment->stream_count; i++) {
        environment->has_bar[i] = next_close(&environment->cursors[i]) == now;
        if (environment->has_bar[i]) {
            S1_TRY(err, take_bar(&environment->cursors[i], &environment->bars[i], err));
        }
    }
    environment->snapshot.now = now;
    environment->snapshot.is_warmup = now - primary->stream.timeframe < environment->from;
    *ret_snapshot = &environment->snapshot;
    return S1_OK;
}

static s1_rc match(void *self, s1_err *err)
{
    s1_backtest_environment *const environment = self;
    return environment->has_bar[0]
               ? s1_matching_bar(environment->matching, &environment->bars[0], err)
               : S1_OK;
}

/* The same against the trades of the bar. */
static s1_rc match_trades(void *self, s1_err *err)
{
    s1_backtest_environment *const environment = self;
    const stream_cursor *const primary = &environment->cursors[0];
    s1_trade_pieces pieces;
    s1_trade_flow flow = {.pieces = pieces.items};
    if (!environment->has_bar[0]) {
        return S1_OK;
    }
    if (!is_idle(environment)) {
        s1_trade_bars_trades(environment->trades, primary->at - 1, &pieces);
        flow.piece_count = S1_TRADE_PIECES;
        flow.price_scale = environment->trades->base.price_scale;
        flow.qty_scale = environment->trades->base.qty_scale;
    }
    return environment->line != NULL
               ? s1_matching_line_trades(environment->line, &environment->bars[0], &flow, err)
               : s1_matching_trades(environment->matching, &environment->bars[0], &flow, err);
}

/* The same against the order book and the trades of the bar. The book follows also while nobody
 * trades. */
static s1_rc match_book(void *self, s1_err *err)
{
    s1_backtest_environment *const environment = self;
    const stream_cursor *const primary = &environment->cursors[0];
    s1_trade_pieces pieces;
    s1_trade_flow flow = {.pieces = pieces.items,
                          .price_scale = environment->trades->base.price_scale,
                          .qty_scale = environment->trades->base.qty_scale};
    if (!environment->has_bar[0]) {
        return S1_OK;
    }
    if (!is_idle(environment)) {
        s1_trade_bars_trades(environment->trades, primary->at - 1, &pieces);
        flow.piece_count = S1_TRADE_PIECES;
    }
    return environment->line != NULL
               ? s1_matching_line_book(environment->line, &environment->bars[0], &flow,
                                       &environment->book, err)
               : s1_matching_flow(environment->matching, &environment->bars[0], &flow,
                                  &environment->book, err);
}

/* No close does anything to an order on a book. */
static s1_rc submit_to_book(void *self, const s1_order *order, s1_err *err)
{
    s1_backtest_environment *const environment = self;
    return s1_matching_submit(environment->matching, order, NULL, err);
}

static s1_rc amend_on_book(void *self, const s1_order_change *change, s1_err *err)
{
    s1_backtest_environment *const environment = self;
    return s1_matching_amend(environment->matching, change, environment->snapshot.now, NULL, err);
}

static s1_rc submit(void *self, const s1_order *order, s1_err *err)
{
    s1_backtest_environment *const environment = self;
    return s1_matching_submit(environment->matching, order, &environment->bars[0], err);
}

static s1_rc cancel(void *self, s1_order_id order_id, s1_str reason, s1_nanos time, s1_err *err)
{
    s1_backtest_environment *const environment = self;
    return s1_matching_cancel(environment->matching, order_id, reason, time, err);
}

static s1_rc modify(void *self, s1_order_id order_id, s1_dec price, s1_dec quantity, s1_err *err)
{
    s1_backtest_environment *const environment = self;
    return s1_matching_modify(environment->matching, order_id, price, quantity, err);
}

static s1_rc amend(void *self, const s1_order_change *change, s1_err *err)
{
    s1_backtest_environment *const environment = self;
    return s1_matching_amend(environment->matching, change, environment->snapshot.now,
                             &environment->bars[0], err);
}

/* --- The verbs with latency. -------------------------------------------------------------- */

static s1_rc match_late(void *self, s1_err *err)
{
    s1_backtest_environment *const environment = self;
    return environment->has_bar[0]
               ? s1_matching_line_bar(environment->line, &environment->bars[0], err)
               : S1_OK;
}

static s1_rc submit_late(void *self, const s1_order *order, s1_err *err)
{
    s1_backtest_environment *const environment = self;
    return s1_matching_line_submit(environment->line, order, err);
}

static s1_rc cancel_late(void *self, s1_order_id order_id, s1_str reason, s1_nanos time,
                         s1_err *err)
{
    s1_backtest_environment *const environment = self;
    return s1_matching_line_cancel(environment->line, order_id, reason, time, err);
}

static s1_rc modify_late(void *self, s1_order_id order_id, s1_dec price, s1_dec quantity,
                         s1_err *err)
{
    s1_backtest_environment *const environment = self;
    return s1_matching_line_modify(environment->line, order_id, price, quantity,
                                   environment->snapshot.now, err);
}

static s1_rc amend_late(void *self, const s1_order_change *change, s1_err *err)
{
    s1_backtest_environment *const environment = self;
    return s1_matching_line_amend(environment->line, change, environment->snapshot.now, err);
}

s1_environment s1_backtest_environment_verbs(s1_backtest_environment *environment)
{
    const bool has_book = environment->book.reader != NULL;
    if (environment->line != NULL) {
        return (s1_environment){.self = environment,
                                .next = next,
                                .match = has_book                      ? match_book
                                         : environment->trades != NULL ? match_trades
                                                                       : match_late,
                                .submit = submit_late,
                                .cancel = cancel_late,
                                .modify = modify_late,
                                .amend = amend_late};
    }
    if (has_book) {
        return (s1_environment){.self = environment,
                                .next = next,
                                .match = match_book,
                                .submit = submit_to_book,
                                .cancel = cancel,
                                .modify = modify,
                                .amend = amend_on_book};
    }
    return (s1_environment){.self = environment,
                            .next = next,
                            .match = environment->trades != NULL ? match_trades : match,
                            .submit = submit,
                            .cancel = cancel,
                            .modify = modify,
                            .amend = amend};
}

s1_nanos s1_backtest_environment_read_time(const s1_backtest_environment *environment)
{
    return environment->read_time + environment->book.read_time +
           (environment->trades != NULL ? s1_trade_bars_read_time(environment->trades) : 0);
}

const uint64_t *s1_backtest_environment_rules(const s1_backtest_environment *environment)
{
    return s1_matching_rule_counts(environment->matching);
}

/* --- Life. -------------------------------------------------------------------------------- */

void s1_backtest_environment_free(s1_backtest_environment *environment)
{
    if (environment == NULL) {
        return;
    }
    for (uint32_t i = 0; environment->cursors != NULL && i < environment->stream_count; i++) {
        s1_bar_reader_close(environment->cursors[i].stream.reader);
    }
    s1_market_reader_close(environment->book.reader);
    s1_matching_line_free(environment->line);
    s1_matching_free(environment->matching);
    free(environment->cursors);
    free(environment->bars);
    free(environment->has_bar);
    free(environment);
}

static s1_rc open_cursor(stream_cursor *cursor, s1_err *err)
{
    const s1_bar_reader *const reader = cursor->stream.reader;
    const s1_instrument *const instrument = cursor->stream.instrument;
    S1_TRY(err, scale_factor(cursor->stream.asset_pair, "price", reader->price_scale,
                             instrument->price_scale, &cursor->price_factor, err));
    return scale_factor(cursor->stream.asset_pair, "qty", reader->qty_scale, instrument->qty_scale,
                        &cursor->qty_factor, err);
}

/* A book has the scales of its own. */
static s1_rc open_book(s1_backtest_environment *environment, s1_err *err)
{
    s1_book_feed *const feed = &environment->book;
    const s1_backtest_stream *const stream = &environment->cursors[0].stream;
    if (feed->reader == NULL) {
        return S1_OK;
    }
    const s1_market_scales *const scales = &feed->reader->scales;
    S1_TRY(err, scale_factor(stream->asset_pair, "price", scales->price,
                             stream->instrument->price_scale, &feed->price_factor, err));
    return scale_factor(stream->asset_pair, "qty", scales->qty, stream->instrument->qty_scale,
                        &feed->qty_factor, err);
}

s1_rc s1_backtest_environment_new(const s1_backtest_environment_options *options,
                                  const s1_order_listener *listener,
                                  s1_backtest_environment **ret_environment, s1_err *err)
{
    const uint32_t count = options->stream_count;
    s1_backtest_environment *const environment = calloc(1, sizeof *environment);
    stream_cursor *const cursors = calloc(count, sizeof *cursors);
    if (environment == NULL || cursors == NULL) {
        free(environment);
        free(cursors);
        for (uint32_t i = 0; i < count; i++) {
            s1_bar_reader_close(options->streams[i].reader);
        }
        s1_market_reader_close(options->book);
        return S1_RAISE(err, S1_E_NO_MEMORY, "a backtest environment of %u streams", count);
    }
    *environment =
        (s1_backtest_environment){.cursors = cursors,
                                  .bars = calloc(count, sizeof *environment->bars),
                                  .has_bar = calloc(count, sizeof *environment->has_bar),
                                  .stream_count = count,
                                  .from = options->from,
                                  .trades = options->trades,
                                  .book = {.reader = options->book, .clock = options->clock},
                                  .clock = options->clock};
    for (uint32_t i = 0; i < count; i++) {
        cursors[i].stream = options->streams[i];
    }
    s1_rc rc = environment->bars != NULL && environment->has_bar != NULL
                   ? S1_OK
                   : S1_RAISE(err, S1_E_NO_MEMORY, "a backtest environment of %u streams", count);
    for (uint32_t i = 0; i < count && rc == S1_OK; i++) {
        rc = open_cursor(&cursors[i], err);
    }
    if (rc == S1_OK) {
        rc = open_book(environment, err);
    }
    if (rc == S1_OK) {
        rc = s1_matching_new(&options->matching, listener, &environment->matching, err);
    }
    if (rc == S1_OK && s1_latency_is_any(&options->latency)) {
        const s1_matching_line_options line = {.latency = options->latency,
                                               .timeframe = options->streams[0].timeframe,
                                               .commands_max = options->matching.orders_max};
        rc = s1_matching_line_new(environment->matching, listener, &line, &environment->line, err);
    }
    if (rc != S1_OK) {
        s1_backtest_environment_free(environment);
        return rc;
    }
    environment->snapshot = (s1_market_snapshot){
        .stream_count = count, .bars = environment->bars, .has_bar = environment->has_bar};
    *ret_environment = environment;
    return S1_OK;
}
