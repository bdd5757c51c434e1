#include "backend/environments/matching/matching_line.h"

#include "backend/environments/matching/matching_book_internal.h"
#include "backend/utils/assert.h"
#include "backend/utils/uid.h"

#include <stdlib.h>
#include <string.h>

#define REASON_MAX 48u
#define BARS_MAX   2u /* a response takes no longer than a bar */

enum command_kind { COMMAND_NONE, COMMAND_SUBMIT, COMMAND_CANCEL, COMMAND_MODIFY, COMMAND_AMEND };

/* Something the trader sent. */
typedef struct command {
    int32_t kind; /* NONE: withdrawn on its way */
    uint32_t reason_length;
    s1_nanos arrives_at;
    s1_order order;          /* SUBMIT: all of it; else its order_id, prices and quantity */
    char reason[REASON_MAX]; /* CANCEL */
} command;

enum late_column { LATE_TIME, LATE_PRICE, LATE_QUANTITY, LATE_COLUMNS };

struct s1_matching_line {
    s1_matching_engine *engine;
    s1_order_listener listener;
    s1_matching_line_options options;
    command *commands; /* ring, oldest at command_at */
    uint32_t command_at, command_count;
    s1_bar bars[BARS_MAX]; /* of which the trader does not know all, oldest first */
    uint32_t bar_count;
    bool is_open_done;           /* of the oldest bar */
    bool is_delivering;          /* a callback may be running though the engine does not iterate */
    const s1_bar *last;          /* delivering: the close that what arrives meets, or NULL */
    int64_t *late[LATE_COLUMNS]; /* owned: trades of which the trader does not know yet */
    uint8_t *late_sides;         /* owned: of them, on a book */
    size_t late_count, late_capacity;
};

s1_rc s1_matching_line_new(s1_matching_engine *engine, const s1_order_listener *listener,
                           const s1_matching_line_options *options, s1_matching_line **ret_line,
                           s1_err *err)
{
    S1_ASSERT(options->timeframe > 0 && options->commands_max > 0);
    const s1_latency *const latency = &options->latency;
    if (latency->feed < 0 || latency->order < 0 || latency->response < 0) {
        return S1_RAISE(err, S1_E_INVALID, "a latency below zero");
    }
    if (latency->response > options->timeframe) {
        return S1_RAISE(err, S1_E_INVALID,
                        "a response (simulation.latency) of %lld ns, expected at most one bar of "
                        "the first stream, %lld ns",
                        (long long)latency->response, (long long)options->timeframe);
    }
    s1_matching_line *const line = calloc(1, sizeof *line);
    if (line == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "the way to a venue");
    }
    *line = (s1_matching_line){.engine = engine,
                               .listener = *listener,
                               .options = *options,
                               .commands = calloc(options->commands_max, sizeof *line->commands)};
    if (line->commands == NULL) {
        s1_matching_line_free(line);
        return S1_RAISE(err, S1_E_NO_MEMORY, "the way to a venue");
    }
    *ret_line = line;
    return S1_OK;
}

void s1_matching_line_free(s1_matching_line *line)
{
    if (line != NULL) {
        for (size_t i = 0; i < LATE_COLUMNS; i++) {
            free(line->late[i]);
        }
        free(line->late_sides);
        free(line->commands);
        free(line);
    }
}

/* --- What the trader sends. --------------------------------------------------------------- */

static bool is_at_venue(const s1_matching_line *line)
{
    return line->engine->is_matching || line->is_delivering;
}

static command *command_of(const s1_matching_line *line, uint32_t index)
{
    return &line->commands[(line->command_at + index) % line->options.commands_max];
}

/* A place behind everything that was sent before. */
static s1_rc take_command(s1_matching_line *line, int32_t kind, s1_nanos time,
                          command **ret_command, s1_err *err)
{
    if (line->command_count == line->options.commands_max) {
        return S1_RAISE(err, S1_E_NO_MEMORY,
                        "%u orders and changes of orders are on their way to the venue, the most "
                        "of this run (limits.working_orders_max)",
                        line->options.commands_max);
    }
    s1_nanos arrives_at;
    if (__builtin_add_overflow(time, line->options.latency.feed, &arrives_at) ||
        __builtin_add_overflow(arrives_at, line->options.latency.order, &arrives_at)) {
        arrives_at = INT64_MAX;
    }
    command *const taken = command_of(line, line->command_count++);
    *taken = (command){.kind = kind, .arrives_at = arrives_at};
    *ret_command = taken;
    return S1_OK;
}

/* The order's submission while it is on its way, or NULL. */
static command *find_on_way(const s1_matching_line *line, s1_order_id order_id)
{
    for (uint32_t i = 0; i < line->command_count; i++) {
        command *const sent = command_of(line, i);
        if (sent->kind == COMMAND_SUBMIT && s1_uid_eq(sent->order.order_id.uid, order_id.uid)) {
            return sent;
        }
    }
    return NULL;
}

s1_rc s1_matching_line_submit(s1_matching_line *line, const s1_order *order, s1_err *err)
{
    if (is_at_venue(line)) {
        return s1_matching_submit(line->engine, order, line->last, err);
    }
    command *sent;
    S1_TRY(err, take_command(line, COMMAND_SUBMIT, order->submitted_at, &sent, err));
    sent->order = *order;
    sent->order.arrives_at = sent->arrives_at;
    return S1_OK;
}

s1_rc s1_matching_line_cancel(s1_matching_line *line, s1_order_id order_id, s1_str reason,
                              s1_nanos time, s1_err *err)
{
    command *sent;
    if (!is_at_venue(line)) {
        S1_TRY(err, take_command(line, COMMAND_CANCEL, time, &sent, err));
        sent->order.order_id = order_id;
        sent->reason_length = (uint32_t)(reason.len < REASON_MAX ? reason.len : REASON_MAX);
        memcpy(sent->reason, reason.ptr, sent->reason_length);
        return S1_OK;
    }
    sent = find_on_way(line, order_id);
    if (sent == NULL) {
        return s1_matching_cancel(line->engine, order_id, reason, time, err);
    }
    sent->kind = COMMAND_NONE;
    s1_order withdrawn = sent->order;
    withdrawn.state = S1_ORDER_CANCELED;
    return line->listener.on_state(line->listener.self, &withdrawn, reason, time, err);
}

static const s1_order *find_working(const s1_matching_engine *engine, s1_order_id order_id)
{
    for (uint32_t i = 0; i < engine->count; i++) {
        const s1_working_order *const slot = &engine->orders[i];
        if (slot->is_working && s1_uid_eq(slot->order.order_id.uid, order_id.uid)) {
            return &slot->order;
        }
    }
    return NULL;
}

/* A fill changes how much an order beside it is for. Its price is the trader's, whose word about it
 * may be on its way. */
static s1_rc modify_at_venue(s1_matching_line *line, s1_order_id order_id, s1_dec quantity,
                             s1_err *err)
{
    command *const sent = find_on_way(line, order_id);
    if (sent != NULL) {
        sent->order.quantity = quantity;
        return S1_OK;
    }
    const s1_order *const working = find_working(line->engine, order_id);
    return s1_matching_modify(line->engine, order_id,
                              working != NULL ? working->price : S1_DEC_ZERO, quantity, err);
}

s1_rc s1_matching_line_modify(s1_matching_line *line, s1_order_id order_id, s1_dec price,
                              s1_dec quantity, s1_nanos time, s1_err *err)
{
    if (is_at_venue(line)) {
        return modify_at_venue(line, order_id, quantity, err);
    }
    command *sent;
    S1_TRY(err, take_command(line, COMMAND_MODIFY, time, &sent, err));
    sent->order.order_id = order_id;
    sent->order.price = price;
    sent->order.quantity = quantity;
    return S1_OK;
}

s1_rc s1_matching_line_amend(s1_matching_line *line, const s1_order_change *change, s1_nanos time,
                             s1_err *err)
{
    command *sent;
    S1_TRY(err, take_command(line, COMMAND_AMEND, time, &sent, err));
    sent->order.order_id = change->order_id;
    sent->order.price = change->price;
    sent->order.limit = change->limit;
    sent->order.quantity = change->quantity;
    return S1_OK;
}

/* --- What arrives. ------------------------------------------------------------------------ */

static s1_rc arrive_order(s1_matching_line *line, const s1_order *order, s1_err *err)
{
    s1_matching_engine *const engine = line->engine;
    const s1_bar *const last = line->last;
    if (last == NULL || order->expires_at == 0 || order->expires_at > last->close_time) {
        return s1_matching_submit(engine, order, last, err);
    }
    S1_TRY(err, s1_matching_submit(engine, order, NULL, err)); /* its time was up on the way */
    return s1_matching_expire_due(engine, last->close_time, err);
}

/* One command at the venue, which may have come too late. */
static s1_rc arrive(s1_matching_line *line, const command *sent, s1_err *err)
{
    if (sent->kind == COMMAND_SUBMIT) {
        return arrive_order(line, &sent->order, err);
    }
    const s1_order *const working =
        sent->kind == COMMAND_NONE ? NULL : find_working(line->engine, sent->order.order_id);
    const bool has_price = sent->kind == COMMAND_MODIFY || sent->kind == COMMAND_AMEND;
    if (working == NULL || (has_price && working->type == S1_ORDER_MARKET)) {
        return S1_OK;
    }
    if (sent->kind == COMMAND_CANCEL) {
        return s1_matching_cancel(line->engine, sent->order.order_id,
                                  (s1_str){sent->reason, sent->reason_length}, sent->arrives_at,
                                  err);
    }
    if (sent->kind == COMMAND_AMEND) {
        const bool is_limit = working->type == S1_ORDER_LIMIT && !s1_dec_is_zero(sent->order.limit);
        const s1_order_change change = {/* it may have been triggered meanwhile */
                                        sent->order.order_id,
                                        is_limit ? sent->order.limit : sent->order.price,
                                        sent->order.limit, sent->order.quantity};
        return s1_matching_amend(line->engine, &change, sent->arrives_at, line->last, err);
    }
    const s1_dec left = s1_dec_of_raw(s1_dec_raw(working->quantity) - s1_dec_raw(working->filled));
    return s1_matching_modify(line->engine, sent->order.order_id, sent->order.price,
                              working->role == S1_ROLE_ENTRY ? sent->order.quantity : left, err);
}

/* Everything that is there at `moment`; `last` is the bar that closes then, or NULL at an open. */
static s1_rc deliver(s1_matching_line *line, s1_nanos moment, const s1_bar *last, s1_err *err)
{
    s1_rc rc = S1_OK;
    line->is_delivering = true;
    line->last = last;
    while (rc == S1_OK && line->command_count > 0 && command_of(line, 0)->arrives_at <= moment) {
        command sent = *command_of(line, 0); /* its place is free for what it brings */
        sent.arrives_at = moment;            /* the first that it can be seen at */
        sent.order.arrives_at = moment;
        line->command_at = (line->command_at + 1) % line->options.commands_max;
        line->command_count--;
        rc = arrive(line, &sent, err);
    }
    line->is_delivering = false;
    line->last = NULL;
    return rc;
}

/* Is what happens at the venue at `moment` known at `now`? */
static bool is_known(const s1_matching_line *line, s1_nanos moment, s1_nanos now)
{
    return line->options.latency.response <= now - moment;
}

/* Matches of the oldest bar what is known at `now`; *ret_is_over tells whether that was all. */
static s1_rc match_oldest(s1_matching_line *line, s1_nanos now, bool *ret_is_over, s1_err *err)
{
    const s1_bar *const bar = &line->bars[0];
    *ret_is_over = false;
    if (!line->is_open_done && is_known(line, bar->open_time, now)) {
        S1_TRY(err, deliver(line, bar->open_time, NULL, err));
        line->engine->head.bars++;
        S1_TRY(err, s1_matching_bar_open(line->engine, bar, err));
        line->is_open_done = true;
    }
    if (line->is_open_done && is_known(line, bar->close_time, now)) {
        S1_TRY(err, s1_matching_bar_rest(line->engine, bar, err));
        S1_TRY(err, deliver(line, bar->close_time, bar, err));
        line->is_open_done = false;
        *ret_is_over = true;
    }
    return S1_OK;
}

s1_rc s1_matching_line_bar(s1_matching_line *line, const s1_bar *bar, s1_err *err)
{
    S1_ASSERT(line->bar_count < BARS_MAX);
    line->bars[line->bar_count++] = *bar;
    for (bool is_over = true; is_over && line->bar_count > 0;) {
        S1_TRY(err, match_oldest(line, bar->close_time, &is_over, err));
        if (is_over) {
            line->bars[0] = line->bars[1];
            line->bar_count--;
        }
    }
    return S1_OK;
}

/* --- Among trades. ------------------------------------------------------------------------ */

bool s1_matching_line_is_idle(const s1_matching_line *line)
{
    return s1_matching_is_idle(line->engine) && line->command_count == 0 && line->late_count == 0;
}

/* What is on its way is there at `arrival`. */
static s1_rc meet(s1_matching_line *line, s1_nanos arrival, s1_err *err)
{
    S1_TRY(err, s1_matching_expire_until(line->engine, arrival, err));
    S1_TRY(err, deliver(line, arrival, NULL, err));
    line->is_delivering = true;
    const s1_rc rc = s1_matching_expire_due(line->engine, arrival, err); /* up on their way */
    line->is_delivering = false;
    return rc;
}

static s1_nanos next_arrival(const s1_matching_line *line)
{
    return line->command_count > 0 ? command_of(line, 0)->arrives_at : INT64_MAX;
}

static s1_trade_batch range_of(const s1_trade_batch *trades, size_t at, size_t end)
{
    return (s1_trade_batch){.count = end - at,
                            .time = trades->time + at,
                            .price = trades->price + at,
                            .quantity = trades->quantity + at};
}

/* Matches the trades up to `known_to`, with what arrives between them; *ret_at is the first later
 * one. */
static s1_rc pass_trades(s1_matching_line *line, const s1_trade_flow *flow,
                         const s1_trade_batch *trades, s1_nanos known_to, size_t *ret_at,
                         s1_err *err)
{
    size_t at = 0;
    while (at < trades->count && trades->time[at] <= known_to) {
        const s1_nanos arrival = next_arrival(line);
        if (arrival <= trades->time[at]) {
            S1_TRY(err, meet(line, arrival, err));
            continue;
        }
        size_t end = at;
        while (end < trades->count && trades->time[end] < arrival &&
               trades->time[end] <= known_to) {
            end++;
        }
        if (!s1_matching_is_idle(line->engine)) {
            const s1_trade_batch range = range_of(trades, at, end);
            S1_TRY(err, s1_matching_trade_range(line->engine, flow, &range, err));
        }
        at = end;
    }
    *ret_at = at;
    return S1_OK;
}

static s1_rc grow_late(s1_matching_line *line, size_t count, s1_err *err)
{
    if (count <= line->late_capacity) {
        return S1_OK;
    }
    for (size_t i = 0; i < LATE_COLUMNS; i++) {
        int64_t *const grown = realloc(line->late[i], 2 * count * sizeof *grown);
        if (grown == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "%zu trades that are not known yet", 2 * count);
        }
        line->late[i] = grown;
    }
    uint8_t *const sides = realloc(line->late_sides, 2 * count);
    if (sides == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu trades that are not known yet", 2 * count);
    }
    line->late_sides = sides;
    line->late_capacity = 2 * count;
    return S1_OK;
}

static s1_rc keep_late(s1_matching_line *line, const s1_trade_batch *trades, size_t at, s1_err *err)
{
    if (at >= trades->count) {
        return S1_OK;
    }
    const size_t more = trades->count - at;
    const int64_t *const columns[LATE_COLUMNS] = {trades->time, trades->price, trades->quantity};
    S1_TRY(err, grow_late(line, line->late_count + more, err));
    for (size_t i = 0; i < LATE_COLUMNS; i++) {
        memcpy(line->late[i] + line->late_count, columns[i] + at, more * sizeof(int64_t));
    }
    if (trades->side != NULL) {
        memcpy(line->late_sides + line->late_count, trades->side + at, more);
    } else {
        memset(line->late_sides + line->late_count, S1_TRADE_SIDE_UNKNOWN, more);
    }
    line->late_count += more;
    return S1_OK;
}

/* The trades that were not known yet; gone with the next that is kept. */
static s1_trade_batch take_late(s1_matching_line *line)
{
    const s1_trade_batch late = {.count = line->late_count,
                                 .time = line->late[LATE_TIME],
                                 .price = line->late[LATE_PRICE],
                                 .quantity = line->late[LATE_QUANTITY],
                                 .side = line->late_sides};
    line->late_count = 0;
    return late;
}

s1_rc s1_matching_line_trades(s1_matching_line *line, const s1_bar *bar, const s1_trade_flow *flow,
                              s1_err *err)
{
    const s1_nanos known_to = bar->close_time - line->options.latency.response;
    size_t at = 0;
    line->engine->head.bars++;
    if (s1_matching_line_is_idle(line)) {
        return S1_OK;
    }
    const s1_trade_batch late = take_late(line);
    S1_TRY(err, pass_trades(line, flow, &late, known_to, &at, err));
    S1_ASSERT(at == late.count); /* a response takes no longer than a bar */
    for (uint32_t i = 0; i < flow->piece_count; i++) {
        S1_TRY(err, pass_trades(line, flow, &flow->pieces[i], known_to, &at, err));
        S1_TRY(err, keep_late(line, &flow->pieces[i], at, err));
    }
    while (next_arrival(line) <= known_to) {
        S1_TRY(err, meet(line, next_arrival(line), err));
    }
    return s1_matching_end_trades(line->engine, known_to, err);
}

/* --- On a book. --------------------------------------------------------------------------- */

/* What arrives next meets the book as everything before left it. */
static s1_rc meet_book(s1_matching_line *line, s1_trade_place *place, s1_nanos arrival, s1_err *err)
{
    s1_matching_engine *const engine = line->engine;
    S1_TRY(err, s1_matching_events_end(engine, arrival, err));
    while (s1_matching_next_trade(place) < arrival) {
        place->at++; /* passed while nothing worked */
    }
    S1_TRY(err, deliver(line, arrival, NULL, err));
    line->is_delivering = true;
    const s1_rc rc = s1_matching_expire_due(engine, arrival, err); /* up on their way */
    line->is_delivering = false;
    return rc;
}

static s1_rc match_late_events(s1_matching_line *line, s1_trade_place *place, s1_book_feed *feed,
                               s1_nanos known_to, s1_err *err)
{
    while (next_arrival(line) < known_to) {
        const s1_nanos arrival = next_arrival(line);
        S1_TRY(err, s1_matching_events(line->engine, place, feed, arrival, err));
        S1_TRY(err, meet_book(line, place, arrival, err));
    }
    S1_TRY(err, s1_matching_events(line->engine, place, feed, known_to, err));
    return s1_matching_events_end(line->engine, known_to, err);
}

/* Keeps the trades of the place that are not known at `known_to`. */
static s1_rc keep_rest(s1_matching_line *line, s1_trade_place *place, s1_nanos known_to,
                       s1_err *err)
{
    while (s1_matching_next_trade(place) < known_to) {
        place->at++;
    }
    for (uint32_t i = place->piece; i < place->flow->piece_count; i++) {
        S1_TRY(err,
               keep_late(line, &place->flow->pieces[i], i == place->piece ? place->at : 0, err));
    }
    return S1_OK;
}

s1_rc s1_matching_line_book(s1_matching_line *line, const s1_bar *bar, const s1_trade_flow *flow,
                            s1_book_feed *feed, s1_err *err)
{
    const s1_nanos known_to = bar->close_time - line->options.latency.response;
    const s1_trade_batch late = take_late(line);
    s1_trade_flow older = *flow;
    older.pieces = &late;
    older.piece_count = 1;
    s1_trade_place place = s1_matching_first_trade(line->engine, &older);
    line->engine->head.bars++;
    S1_TRY(err, match_late_events(line, &place, feed, bar->open_time, err));
    S1_ASSERT(s1_matching_next_trade(&place) == INT64_MAX ||
              s1_matching_is_idle(line->engine)); /* a response takes no longer than a bar */
    place = s1_matching_first_trade(line->engine, flow);
    S1_TRY(err, match_late_events(line, &place, feed, known_to, err));
    return keep_rest(line, &place, known_to, err);
}
