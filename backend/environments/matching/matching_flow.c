/* The events of a bar, trades and rows of the book by their times, to matching_book.c. */
#include "backend/environments/matching/matching_book_internal.h"

static int64_t factor_of(uint32_t from, uint32_t to)
{
    return to > from ? (int64_t)s1_dec_internal_pow10(to - from) : 1;
}

s1_trade_place s1_matching_first_trade(const s1_matching_engine *engine, const s1_trade_flow *flow)
{
    return (s1_trade_place){.flow = flow,
                            .price_factor = factor_of(flow->price_scale, engine->book->price_scale),
                            .qty_factor = factor_of(flow->qty_scale, engine->book->qty_scale)};
}

s1_nanos s1_matching_next_trade(s1_trade_place *place)
{
    for (; place->piece < place->flow->piece_count; place->piece++, place->at = 0) {
        const s1_trade_batch *const trades = &place->flow->pieces[place->piece];
        if (place->at < trades->count) {
            return trades->time[place->at];
        }
    }
    return INT64_MAX;
}

static s1_rc take_trade(s1_matching_engine *engine, s1_trade_place *place, s1_err *err)
{
    const s1_trade_batch *const trades = &place->flow->pieces[place->piece];
    const size_t at = place->at++;
    s1_book_event event = {.time = trades->time[at],
                           .side = trades->side != NULL ? trades->side[at]
                                                        : (int32_t)S1_TRADE_SIDE_UNKNOWN};
    if (__builtin_mul_overflow(trades->price[at], place->price_factor, &event.price) ||
        __builtin_mul_overflow(trades->quantity[at], place->qty_factor, &event.quantity)) {
        return S1_RAISE(err, S1_E_RANGE, "a trade does not fit the instrument's scales");
    }
    return s1_matching_book_trade(engine, &event, err);
}

/* --- Rows of the book. -------------------------------------------------------------------- */

/* Time of the next row, INT64_MAX behind the last. */
static s1_rc next_row(s1_book_feed *feed, s1_nanos *ret_time, s1_err *err)
{
    if (feed->at == feed->batch.count && !feed->is_done) {
        const s1_nanos start = s1_clock_monotonic(feed->clock);
        S1_TRY(err, s1_market_reader_next(feed->reader, &feed->batch, err));
        feed->read_time += s1_clock_monotonic(feed->clock) - start;
        feed->at = 0;
        feed->is_done = feed->batch.count == 0;
    }
    *ret_time = feed->is_done ? INT64_MAX : ((const s1_nanos *)feed->batch.columns[0])[feed->at];
    return S1_OK;
}

static inline s1_rc row_at(const s1_book_feed *feed, size_t at, s1_book_row *ret_row, s1_err *err)
{
    *ret_row = s1_book_row_of(&feed->batch, at);
    if (feed->price_factor == 1 && feed->qty_factor == 1) {
        return S1_OK;
    }
    return __builtin_mul_overflow(ret_row->price, feed->price_factor, &ret_row->price) ||
                   __builtin_mul_overflow(ret_row->quantity, feed->qty_factor, &ret_row->quantity)
               ? S1_RAISE(err, S1_E_RANGE, "a level does not fit the instrument's scales")
               : S1_OK;
}

/* Rows of the batch before `until` (a row at it is the next one's), to the book. */
static s1_rc take_rows(s1_matching_engine *engine, s1_book_feed *feed, s1_nanos until, s1_err *err)
{
    const s1_nanos *const times = feed->batch.columns[0];
    size_t at = feed->at;
    s1_rc rc = S1_OK;
    for (; at < feed->batch.count && times[at] < until && rc == S1_OK; at++) {
        s1_book_row row;
        rc = row_at(feed, at, &row, err);
        if (rc == S1_OK) {
            rc = s1_matching_book_row(engine, &row, err);
        }
    }
    feed->at = at;
    return rc;
}

/* The same where no order works: nobody waits for anything. */
static s1_rc pass_rows(s1_matching_engine *engine, s1_book_feed *feed, s1_nanos until, s1_err *err)
{
    s1_matching_book *const book = engine->book;
    const s1_nanos *const times = feed->batch.columns[0];
    size_t at = feed->at;
    for (; at < feed->batch.count && times[at] < until; at++) {
        s1_book_row row;
        S1_TRY(err, row_at(feed, at, &row, err));
        (void)s1_order_book_take(book->levels, &row);
    }
    if (at > feed->at) {
        book->now = times[at - 1];
        book->is_open = true;
    }
    feed->at = at;
    return S1_OK;
}

static s1_rc match_events(s1_matching_engine *engine, s1_trade_place *trades, s1_book_feed *feed,
                          s1_nanos until, s1_err *err)
{
    for (;;) {
        const bool is_idle = engine->head.working == 0;
        const s1_nanos trade_time = is_idle ? INT64_MAX : s1_matching_next_trade(trades);
        const s1_nanos limit = trade_time < until ? trade_time : until;
        s1_nanos row_time;
        S1_TRY(err, next_row(feed, &row_time, err));
        if (row_time < limit) {
            S1_TRY(err, is_idle ? pass_rows(engine, feed, limit, err)
                                : take_rows(engine, feed, limit, err));
        } else if (trade_time < until) {
            S1_TRY(err, take_trade(engine, trades, err));
        } else {
            return S1_OK;
        }
    }
}

s1_rc s1_matching_events(s1_matching_engine *engine, s1_trade_place *trades, s1_book_feed *feed,
                         s1_nanos until, s1_err *err)
{
    engine->is_matching = true;
    const s1_rc rc = match_events(engine, trades, feed, until, err);
    engine->is_matching = false;
    return rc;
}

s1_rc s1_matching_events_end(s1_matching_engine *engine, s1_nanos time, s1_err *err)
{
    s1_rc rc = S1_OK;
    engine->is_matching = true;
    if (engine->head.working > 0) {
        rc = s1_matching_book_until(engine, time, err);
    }
    if (rc == S1_OK && engine->trailing > 0) {
        rc = s1_matching_tell_trailed(engine, NULL, time, err);
    }
    engine->is_matching = false;
    s1_matching_compact(engine);
    return rc;
}

s1_rc s1_matching_flow(s1_matching_engine *engine, const s1_bar *bar, const s1_trade_flow *trades,
                       s1_book_feed *feed, s1_err *err)
{
    s1_trade_place place = s1_matching_first_trade(engine, trades);
    engine->head.bars++;
    S1_TRY(err, s1_matching_events(engine, &place, feed, bar->close_time, err));
    return s1_matching_events_end(engine, bar->close_time, err);
}
