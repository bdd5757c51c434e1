/* Orders against an order book and the trades of it, event by event.
 *
 * What takes, walks: a fill a level, at that level's price, the best first. What rests, stands in a
 * queue: behind what is visible at its price when it comes, and moves forward as trades happen
 * there and, by a model, as quantity ahead of it is cancelled.
 *
 *   market order, level by level                                        BOOK
 *   limit that takes when it arrives, up to its limit, as taker         BOOK_MARKETABLE
 *   limit whose queue trades used up, its limit, as maker               QUEUE
 *   limit that a trade goes beyond, its limit, as maker                 TRADE_THROUGH
 *   limit that the other side's best reaches, its limit, as maker       BOOK_CROSSED
 *   stop that a trade reaches, level by level                           BOOK_STOP
 *   market-if-touched that a trade reaches, level by level              BOOK_TRIGGER
 *
 * Rows of one message count when the last of them is in. An order meets the book as it stands
 * before the first event after it arrived; while no book is known it waits. A trade goes before a
 * message of the same time. At one event exits go before entries and the older order before the
 * younger.
 */
#include "backend/environments/matching/matching_book_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

s1_rc s1_matching_book_new(const s1_matching_options *options, s1_matching_book **ret_book,
                           s1_err *err)
{
    s1_matching_book *const made = calloc(1, sizeof *made);
    if (made == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "an order book to match on");
    }
    const s1_instrument *const instrument = options->instrument;
    const s1_rc rc =
        s1_order_book_new(S1_BOOK_LEVELS_DEFAULT, options->book->cuts, &made->levels, err);
    if (rc != S1_OK) {
        free(made);
        return rc;
    }
    made->rules = *options->book;
    made->price_scale = instrument->price_scale;
    made->qty_scale = instrument->qty_scale;
    made->lot = s1_book_mantissa(instrument->lot_size, instrument->qty_scale);
    made->lot = made->lot > 0 ? made->lot : 1;
    made->now = INT64_MIN;
    *ret_book = made;
    return S1_OK;
}

void s1_matching_book_free(s1_matching_book *book)
{
    if (book != NULL) {
        s1_order_book_free(book->levels);
        free(book);
    }
}

const s1_order_book *s1_matching_levels(const s1_matching_engine *engine)
{
    return engine->book != NULL ? engine->book->levels : NULL;
}

int64_t s1_book_mantissa(s1_dec value, uint32_t scale)
{
    const s1_i128 unit = (s1_i128)s1_dec_internal_pow10(S1_DEC_SCALE - scale);
    const s1_i128 quotient = s1_dec_raw(value) / unit;
    return quotient > S1_MANTISSA_MAX ? S1_MANTISSA_MAX : (int64_t)quotient;
}

/* --- Taking. ------------------------------------------------------------------------------ */

static int32_t other_side(const s1_order *order)
{
    return order->side == S1_BUY ? S1_BOOK_ASK : S1_BOOK_BID;
}

static int32_t own_side(const s1_order *order)
{
    return order->side == S1_BUY ? S1_BOOK_BID : S1_BOOK_ASK;
}

static int64_t left_of(const s1_matching_book *book, const s1_order *order)
{
    return s1_book_mantissa(s1_dec_of_raw(s1_dec_raw(order->quantity) - s1_dec_raw(order->filled)),
                            book->qty_scale);
}

/* Is a level no worse than the limit? Without one (a market order) any is. */
static bool is_within(const s1_order *order, const int64_t *limit, int64_t price)
{
    return limit == NULL || (order->side == S1_BUY ? price <= *limit : price >= *limit);
}

/* What of the other side may be taken, `enough` at most. */
static int64_t available(const s1_matching_book *book, const s1_order *order, const int64_t *limit,
                         int64_t enough, int64_t *ret_last_price)
{
    int64_t sum = 0;
    for (uint32_t depth = 0; sum < enough; depth++) {
        const s1_book_level level = s1_order_book_level(book->levels, other_side(order), depth);
        if (level.quantity == 0 || !is_within(order, limit, level.price)) {
            break;
        }
        sum += level.quantity - level.quantity % book->lot;
        *ret_last_price = level.price;
    }
    return sum;
}

/* An order that is sized as it fills: at the last level that its estimate needs, so that the levels
 * before it cost no more. */
static s1_rc settle_size(s1_matching_engine *engine, uint32_t index, s1_nanos time, s1_err *err)
{
    s1_working_order *const slot = &engine->orders[index];
    const s1_matching_book *const book = engine->book;
    int64_t price = 0;
    if (s1_dec_is_zero(slot->order.cash_fraction) || slot->place.is_sized) {
        return S1_OK;
    }
    (void)available(book, &slot->order, NULL, left_of(book, &slot->order), &price);
    const s1_rc rc = engine->listener.on_size(engine->listener.self, &slot->order,
                                              s1_dec_from_mantissa(price, book->price_scale),
                                              &slot->order.quantity, err);
    slot->place.is_sized = true;
    if (rc != S1_E_DENIED) {
        return rc;
    }
    char reason[sizeof err->msg] = "";
    if (err != NULL) {
        (void)snprintf(reason, sizeof reason, "%s", err->msg);
    }
    return s1_matching_end(engine, index, S1_ORDER_REJECTED, s1_str_make(reason, strlen(reason)),
                           time, err);
}

/* Walks the other side up to the limit while something is left. */
static s1_rc take_levels(s1_matching_engine *engine, uint32_t index, const int64_t *limit,
                         int32_t rule, s1_nanos time, s1_err *err)
{
    s1_matching_book *const book = engine->book;
    s1_working_order *const slot = &engine->orders[index];
    const int32_t side = other_side(&slot->order);
    for (uint32_t depth = 0; slot->is_working;) {
        const s1_book_level level = s1_order_book_level(book->levels, side, depth);
        const int64_t left = left_of(book, &slot->order);
        const int64_t usable = level.quantity - level.quantity % book->lot;
        if (level.quantity == 0 || left <= 0 || !is_within(&slot->order, limit, level.price)) {
            break;
        }
        const int64_t taken = usable < left ? usable : left;
        if (taken > 0 && !book->rules.keeps_liquidity) {
            (void)s1_order_book_set(book->levels, side, level.price, level.quantity - taken);
        }
        depth += taken == 0 || taken < level.quantity || book->rules.keeps_liquidity ? 1 : 0;
        if (taken > 0) {
            const s1_execution decided = {.price =
                                              s1_dec_from_mantissa(level.price, book->price_scale),
                                          .time = time,
                                          .rule = rule,
                                          .quantity = s1_dec_from_mantissa(taken, book->qty_scale),
                                          .is_part = true};
            S1_TRY(err, s1_matching_fill(engine, index, decided, err));
        }
    }
    return S1_OK;
}

/* Joins the back of the queue at its price. */
static void join_queue(const s1_matching_engine *engine, s1_working_order *slot)
{
    const s1_matching_book *const book = engine->book;
    const s1_order *const order = &slot->order;
    s1_queue_place *const place = &slot->place;
    place->price = s1_book_mantissa(order->price, book->price_scale);
    place->quantity = order->quantity;
    place->ahead = (double)s1_order_book_quantity(book->levels, own_side(order), place->price);
    place->traded = 0;
    place->shown = s1_book_mantissa(order->display, book->qty_scale);
}

static s1_rc meet_limit(s1_matching_engine *engine, uint32_t index, s1_nanos time, s1_err *err)
{
    const s1_matching_book *const book = engine->book;
    s1_working_order *const slot = &engine->orders[index];
    const s1_order *const order = &slot->order;
    const int64_t limit = s1_book_mantissa(order->price, book->price_scale);
    const int64_t left = left_of(book, order);
    int64_t last = 0;
    const int64_t there = available(book, order, &limit, left, &last);
    slot->has_met = true;
    S1_TRY(err, s1_matching_arrive(engine, index, there > 0, time, err));
    if (slot->is_working && order->time_in_force == S1_TIF_FOK && there < left) {
        return s1_matching_end(engine, index, S1_ORDER_EXPIRED, S1_STR("NOT_ENOUGH_QUANTITY"), time,
                               err);
    }
    if (slot->is_working && there > 0) {
        S1_TRY(err, take_levels(engine, index, &limit, S1_FILL_BOOK_MARKETABLE, time, err));
    }
    if (slot->is_working && s1_matching_is_immediate(order)) {
        return s1_matching_end(engine, index, S1_ORDER_EXPIRED, S1_STR("NOT_ENOUGH_QUANTITY"), time,
                               err);
    }
    if (slot->is_working) {
        join_queue(engine, slot);
    }
    return S1_OK;
}

/* At market: what the book does not have waits for its next message, or ends. */
static s1_rc meet_market(s1_matching_engine *engine, uint32_t index, int32_t rule, s1_nanos time,
                         s1_err *err)
{
    s1_working_order *const slot = &engine->orders[index];
    const s1_matching_book *const book = engine->book;
    int64_t last = 0;
    const int64_t left = left_of(book, &slot->order);
    const int64_t there = available(book, &slot->order, NULL, left, &last);
    if (slot->order.time_in_force == S1_TIF_FOK && there < left) {
        return s1_matching_end(engine, index, S1_ORDER_EXPIRED, S1_STR("NOT_ENOUGH_QUANTITY"), time,
                               err);
    }
    if (there > 0) {
        S1_TRY(err, settle_size(engine, index, time, err));
        S1_TRY(err, take_levels(engine, index, NULL, rule, time, err));
    }
    return slot->is_working && slot->order.time_in_force == S1_TIF_IOC
               ? s1_matching_end(engine, index, S1_ORDER_EXPIRED, S1_STR("NOT_ENOUGH_QUANTITY"),
                                 time, err)
               : S1_OK;
}

/* --- Meeting the book. -------------------------------------------------------------------- */

static int32_t market_rule(const s1_working_order *slot)
{
    return slot->place.rule != 0 ? slot->place.rule : S1_FILL_BOOK;
}

/* Does the order wait for a book to take from? */
static bool is_taker(const s1_working_order *slot)
{
    return slot->order.type == S1_ORDER_MARKET || slot->place.rule != 0;
}

static s1_nanos arrival_of(const s1_order *order)
{
    return order->arrives_at != 0 ? order->arrives_at : order->submitted_at;
}

/* A resting order that was amended goes to the back, at another price as if it came anew. */
static void notice_amendment(const s1_matching_engine *engine, s1_working_order *slot)
{
    const s1_matching_book *const book = engine->book;
    if (slot->order.type != S1_ORDER_LIMIT || !slot->has_met) {
        return;
    }
    if (s1_book_mantissa(slot->order.price, book->price_scale) != slot->place.price) {
        slot->has_met = false;
    } else if (s1_dec_cmp(slot->order.quantity, slot->place.quantity) > 0) {
        join_queue(engine, slot);
    }
}

static s1_rc meet(s1_matching_engine *engine, uint32_t index, s1_nanos before, s1_err *err)
{
    s1_working_order *const slot = &engine->orders[index];
    const s1_nanos arrival = arrival_of(&slot->order);
    if (arrival >= before || (slot->order.expires_at != 0 && slot->order.expires_at <= arrival)) {
        return S1_OK;
    }
    notice_amendment(engine, slot);
    const s1_nanos time = arrival > engine->book->now ? arrival : engine->book->now;
    if (is_taker(slot)) {
        return meet_market(engine, index, market_rule(slot), time, err);
    }
    return slot->order.type == S1_ORDER_LIMIT && !slot->has_met
               ? meet_limit(engine, index, time, err)
               : S1_OK;
}

typedef s1_rc (*order_step)(s1_matching_engine *engine, uint32_t index, const s1_book_event *event,
                            s1_err *err);

/* One step for each order: exits, then entries. Those that come meanwhile are not among them. */
static s1_rc each_order(s1_matching_engine *engine, order_step step, const s1_book_event *event,
                        s1_err *err)
{
    const uint32_t resting = engine->count;
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < resting; i++) {
            const s1_working_order *const slot = &engine->orders[i];
            if (slot->is_working && (slot->order.role == S1_ROLE_ENTRY) == (pass == 1)) {
                S1_TRY(err, step(engine, i, event, err));
            }
        }
    }
    if (engine->count != engine->head.working) {
        s1_matching_compact(engine);
    }
    return S1_OK;
}

static s1_rc step_meet(s1_matching_engine *engine, uint32_t index, const s1_book_event *event,
                       s1_err *err)
{
    return meet(engine, index, event->time, err);
}

/* --- Resting. ----------------------------------------------------------------------------- */

static bool rests(const s1_working_order *slot)
{
    return slot->is_working && slot->order.type == S1_ORDER_LIMIT && slot->has_met;
}

static s1_rc fill_resting(s1_matching_engine *engine, uint32_t index, int32_t rule,
                          int64_t quantity, s1_nanos time, s1_err *err)
{
    const s1_execution decided = {.price = engine->orders[index].order.price,
                                  .time = time,
                                  .rule = rule,
                                  .is_maker = true,
                                  .quantity =
                                      s1_dec_from_mantissa(quantity, engine->book->qty_scale)};
    return s1_matching_fill(engine, index, decided, err);
}

/* Behind a message: the other side's best at or beyond the limit has met the order first. */
static s1_rc step_cross(s1_matching_engine *engine, uint32_t index, const s1_book_event *event,
                        s1_err *err)
{
    s1_working_order *const slot = &engine->orders[index];
    const s1_matching_book *const book = engine->book;
    if (!rests(slot)) {
        return S1_OK;
    }
    const s1_book_level best = s1_order_book_level(book->levels, other_side(&slot->order), 0);
    if (best.quantity == 0 || !is_within(&slot->order, &slot->place.price, best.price)) {
        return S1_OK;
    }
    return fill_resting(engine, index, S1_FILL_BOOK_CROSSED, left_of(book, &slot->order),
                        event->time, err);
}

static double probability_behind(const s1_book_rules *rules, double ahead, double behind)
{
    const bool is_log = rules->queue == S1_QUEUE_PROB_LOG;
    const double back = is_log ? log1p(behind) : pow(behind, rules->power);
    const double front = is_log ? log1p(ahead) : pow(ahead, rules->power);
    return back + front > 0 ? back / (back + front) : 1.0;
}

/* What stands at the order's price changed from `before` to `now`. */
static void move_queue(const s1_matching_book *book, s1_queue_place *place, int64_t before,
                       int64_t now)
{
    const double gone = (double)(before - now - place->traded); /* cancelled, not traded */
    place->traded = 0;
    if (book->rules.queue != S1_QUEUE_RISK_AVERSE && gone > 0) {
        const double scale = (double)s1_dec_internal_pow10(book->qty_scale);
        const double behind = (double)before > place->ahead ? (double)before - place->ahead : 0;
        const double chance =
            probability_behind(&book->rules, place->ahead / scale, behind / scale);
        const double spare = behind - chance * gone;
        place->ahead -= (1.0 - chance) * gone - (spare < 0 ? spare : 0);
        place->ahead = place->ahead > 0 ? place->ahead : 0;
    }
    place->ahead = place->ahead < (double)now ? place->ahead : (double)now;
}

static void move_queues(s1_matching_engine *engine, const s1_book_row *row, int64_t before)
{
    for (uint32_t i = 0; i < engine->count; i++) {
        s1_working_order *const slot = &engine->orders[i];
        if (slot->place.price == row->price && rests(slot) && own_side(&slot->order) == row->side) {
            move_queue(engine->book, &slot->place, before, row->quantity);
        }
    }
}

/* Behind a snapshot: nothing stands at a price that is not in it. */
static s1_rc step_snapshot(s1_matching_engine *engine, uint32_t index, const s1_book_event *event,
                           s1_err *err)
{
    s1_working_order *const slot = &engine->orders[index];
    (void)event;
    (void)err;
    if (rests(slot)) {
        const double there = (double)s1_order_book_quantity(
            engine->book->levels, own_side(&slot->order), slot->place.price);
        slot->place.ahead = slot->place.ahead < there ? slot->place.ahead : there;
    }
    return S1_OK;
}

/* What of a trade at the order's price is left for it, whole lots. */
static int64_t queue_share(const s1_matching_book *book, s1_queue_place *place,
                           const s1_book_event *event, int64_t given)
{
    place->ahead -= (double)event->quantity;
    place->traded += event->quantity;
    if (place->ahead >= 0) {
        return 0;
    }
    const double lots = floor(-place->ahead / (double)book->lot + 1e-9);
    place->ahead = 0;
    const int64_t share = (int64_t)lots * book->lot;
    const int64_t room = event->quantity - given;
    return share < room ? share : room;
}

static s1_rc trade_at_limit(s1_matching_engine *engine, uint32_t index, const s1_book_event *event,
                            s1_err *err)
{
    s1_matching_book *const book = engine->book;
    s1_working_order *const slot = &engine->orders[index];
    s1_queue_place *const place = &slot->place;
    int64_t *const given = &book->given[slot->order.side == S1_BUY];
    const int64_t left = left_of(book, &slot->order);
    int64_t share = queue_share(book, place, event, *given);
    share = share < left ? share : left;
    const bool is_iceberg = !s1_dec_is_zero(slot->order.display);
    share = is_iceberg && place->shown < share ? place->shown : share;
    if (share <= 0) {
        return S1_OK;
    }
    *given += share;
    place->shown -= share;
    if (is_iceberg && place->shown <= 0) {
        join_queue(engine, slot); /* the next part shows, at the back */
    }
    return fill_resting(engine, index, S1_FILL_QUEUE, share, event->time, err);
}

/* --- A trade. ----------------------------------------------------------------------------- */

static s1_rc trigger(s1_matching_engine *engine, uint32_t index, const s1_book_event *event,
                     s1_err *err)
{
    s1_working_order *const slot = &engine->orders[index];
    if (s1_matching_turns_limit(&slot->order)) {
        S1_TRY(err, s1_matching_turn(engine, index, event->time, err));
        slot->has_met = false;
    } else {
        slot->place.rule =
            slot->order.type == S1_ORDER_STOP ? S1_FILL_BOOK_STOP : S1_FILL_BOOK_TRIGGER;
    }
    if (!slot->is_working || engine->book->levels->state != S1_BOOK_FOLLOWS) {
        return S1_OK;
    }
    return slot->order.type == S1_ORDER_LIMIT
               ? meet_limit(engine, index, event->time, err)
               : meet_market(engine, index, market_rule(slot), event->time, err);
}

static s1_rc step_trade(s1_matching_engine *engine, uint32_t index, const s1_book_event *event,
                        s1_err *err)
{
    s1_working_order *const slot = &engine->orders[index];
    const s1_order *const order = &slot->order;
    if (is_taker(slot) || arrival_of(order) >= event->time) {
        return S1_OK;
    }
    if (order->type != S1_ORDER_LIMIT) {
        return s1_matching_is_reached(order,
                                      s1_dec_from_mantissa(event->price, engine->book->price_scale))
                   ? trigger(engine, index, event, err)
                   : S1_OK;
    }
    const int32_t own_aggressor = order->side == S1_BUY ? S1_TRADE_BUY : S1_TRADE_SELL;
    if (!slot->has_met || event->side == own_aggressor) {
        return S1_OK; /* who trades on the order's own side takes from the other one */
    }
    if (event->price == slot->place.price) {
        return trade_at_limit(engine, index, event, err);
    }
    const bool is_beyond =
        order->side == S1_BUY ? event->price < slot->place.price : event->price > slot->place.price;
    return is_beyond ? fill_resting(engine, index, S1_FILL_TRADE_THROUGH,
                                    left_of(engine->book, order), event->time, err)
                     : S1_OK;
}

/* --- Events. ------------------------------------------------------------------------------ */

/* Before an event of `time`: what the last message changed, whose time is up, who has arrived. */
static s1_rc before_event(s1_matching_engine *engine, s1_nanos time, s1_err *err)
{
    s1_matching_book *const book = engine->book;
    s1_book_event event = {.time = book->now};
    if (book->is_open) {
        book->is_open = false;
        s1_order_book_end(book->levels);
        if (book->levels->kind == S1_BOOK_SNAPSHOT) {
            S1_TRY(err, each_order(engine, step_snapshot, &event, err));
        }
        S1_TRY(err, each_order(engine, step_cross, &event, err));
    }
    event.time = time;
    if (book->levels->state == S1_BOOK_FOLLOWS) {
        S1_TRY(err, each_order(engine, step_meet, &event, err));
    }
    return s1_matching_expire_ends(engine, time, err);
}

s1_rc s1_matching_book_trade(s1_matching_engine *engine, const s1_book_event *event, s1_err *err)
{
    s1_matching_book *const book = engine->book;
    S1_TRY(err, before_event(engine, event->time, err));
    book->now = event->time;
    book->given[0] = 0;
    book->given[1] = 0;
    S1_TRY(err, each_order(engine, step_trade, event, err));
    return engine->trailing > 0
               ? s1_matching_trail_all(
                     engine, s1_dec_from_mantissa(event->price, book->price_scale), NULL, err)
               : S1_OK;
}

s1_rc s1_matching_book_row(s1_matching_engine *engine, const s1_book_row *row, s1_err *err)
{
    s1_matching_book *const book = engine->book;
    if (!s1_order_book_goes_on(book->levels, row)) {
        S1_TRY(err, before_event(engine, row->time, err));
        book->now = row->time;
        book->is_open = true;
    }
    const int64_t before = s1_order_book_take(book->levels, row);
    if (before >= 0 && before != row->quantity) {
        move_queues(engine, row, before);
    }
    return S1_OK;
}

s1_rc s1_matching_book_until(s1_matching_engine *engine, s1_nanos time, s1_err *err)
{
    return before_event(engine, time, err);
}
