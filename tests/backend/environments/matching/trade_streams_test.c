/* Random orders among random trades, and a slow reference in whole numbers that asks every order at
 * every trade. Every line of what was heard must be the same. S1_TRADE_STREAMS says how many
 * streams; the first that differs is told with its seed. */
#include "backend/environments/matching/matching_line.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STREAMS    400
#define ORDERS_MAX 512
#define TEXT_MAX   (1u << 20)
#define MINUTE     600 /* tenths of a second */
#define TENTH      (S1_NANOS_PER_SECOND / 10)
#define BARS       40
#define TICKS_MAX  40

typedef struct tale {
    char *text;
    size_t length;
} tale;

__attribute__((format(printf, 2, 3))) static void say(tale *t, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const int length = vsnprintf(t->text + t->length, TEXT_MAX - t->length, format, list);
    va_end(list);
    t->length += (size_t)length;
    assert_true(t->length < TEXT_MAX);
}

/* --- What is random. ---------------------------------------------------------------------- */

static uint64_t chance_state;

static int64_t below(int64_t end)
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return (int64_t)((chance_state >> 11) % (uint64_t)end);
}

/* Prices are whole ticks, quantities whole lots, times tenths of a second. */
typedef struct spec {
    int id, trade, side, type, role, tif, post_only;
    int64_t price, limit, quantity, display, expires_at, submitted_at;
    int64_t trail_amount, trail_percent, activation; /* of stops */
} spec;

typedef struct rules {
    int32_t preset, limit_fill, limit_price;
    int64_t slippage;      /* thousandths */
    int64_t halves;        /* of a trade's quantity that fills may take; 0: any */
    int64_t way, response; /* latency, tenths; way: of an order, there */
} rules;

typedef struct protection {
    int64_t stop, target; /* 0: none */
    int64_t trail_amount, trail_percent, activation;
} protection;

typedef struct tick {
    int64_t time, price, quantity;
} tick;

/* --- The reference. ----------------------------------------------------------------------- */

typedef struct ref_order {
    spec is;
    int64_t filled;
    bool works, has_met;
} ref_order;

enum { CANCEL = -1, AMEND = -2 };

/* On its way to the venue: an order, or by its type the cancel or the change of one. */
typedef struct ref_sent {
    spec is;
    int64_t arrival;
} ref_sent;

typedef struct reference {
    tale *tale;
    rules rules;
    const protection *protections;
    ref_order orders[ORDERS_MAX];
    int count;
    ref_sent sent[ORDERS_MAX];
    int sent_count, arrived;
    tick ticks[BARS * TICKS_MAX];
    size_t tick_count, tick_at;
    int64_t room; /* what fills may take, of this trade or close */
} reference;

static void ref_add(reference *r, spec is)
{
    assert_true(r->count < ORDERS_MAX);
    r->orders[r->count++] = (ref_order){.is = is, .works = true};
}

static ref_order *ref_find(reference *r, int trade, int role)
{
    for (int i = 0; i < r->count; i++) {
        if (r->orders[i].works && r->orders[i].is.trade == trade && r->orders[i].is.role == role) {
            return &r->orders[i];
        }
    }
    return NULL;
}

static void ref_end(reference *r, ref_order *o, const char *how, int64_t time)
{
    o->works = false;
    say(r->tale, "%d %s @%lld\n", o->is.id, how, (long long)time);
}

/* The trigger of a trailing stop follows a price, never back. */
static void ref_trail(ref_order *o, int64_t price)
{
    const int64_t way = o->is.side == S1_BUY ? 1 : -1; /* of the trigger from the price */
    if ((o->is.trail_amount == 0 && o->is.trail_percent == 0) ||
        (o->is.activation != 0 && way * (price - o->is.activation) > 0)) {
        return;
    }
    o->is.activation = 0;
    int64_t trigger = price + way * o->is.trail_amount;
    if (o->is.trail_percent != 0) {
        const int64_t hundreds = price * (100 + way * o->is.trail_percent);
        trigger = way > 0 ? (hundreds + 99) / 100 : hundreds / 100;
    }
    if (way * (trigger - o->is.price) < 0) {
        o->is.limit += o->is.limit != 0 ? trigger - o->is.price : 0;
        o->is.price = trigger;
    }
}

static void ref_protect(reference *r, const ref_order *entry, int role, int64_t price,
                        int64_t filled_at)
{
    const protection *const wanted = &r->protections[entry->is.trade];
    ref_order *const working = ref_find(r, entry->is.trade, role);
    if (price == 0) {
        return;
    }
    if (working != NULL) {
        working->is.quantity = working->filled + entry->filled;
        return;
    }
    ref_add(r, (spec){.id = entry->is.id + role * 1000,
                      .trade = entry->is.trade,
                      .side = entry->is.side == S1_BUY ? S1_SELL : S1_BUY,
                      .type = role == S1_ROLE_STOP_LOSS ? S1_ORDER_STOP : S1_ORDER_LIMIT,
                      .role = role,
                      .price = price,
                      .quantity = entry->filled});
    if (role == S1_ROLE_STOP_LOSS) {
        ref_order *const stop = &r->orders[r->count - 1];
        stop->is.trail_amount = wanted->trail_amount;
        stop->is.trail_percent = wanted->trail_percent;
        stop->is.activation = wanted->activation;
        ref_trail(stop, filled_at);
    }
}

static int64_t ref_slipped(const reference *r, const ref_order *o, int64_t price)
{
    const int64_t moved = o->is.side == S1_BUY ? price * (1000 + r->rules.slippage)
                                               : price * (1000 - r->rules.slippage);
    int64_t whole = o->is.side == S1_BUY ? (moved + 999) / 1000 : moved / 1000;
    if (o->is.type == S1_ORDER_LIMIT) {
        const bool is_beyond = o->is.side == S1_BUY ? whole > o->is.price : whole < o->is.price;
        whole = is_beyond ? o->is.price : whole;
    }
    return whole;
}

static void ref_fill(reference *r, int index, int64_t price, int64_t quantity, const char *rule,
                     bool is_maker, int64_t time)
{
    ref_order *const o = &r->orders[index];
    const int64_t left = o->is.quantity - o->filled;
    int64_t part = quantity == 0 || quantity > left ? left : quantity;
    part = r->rules.halves > 0 && part > r->room ? r->room : part;
    if ((o->is.tif == S1_TIF_FOK && part < left) || (o->is.tif == S1_TIF_IOC && part == 0)) {
        ref_end(r, o, "EXPIRED NO_VOLUME", time);
        return;
    }
    if (part == 0) {
        return;
    }
    r->room -= part;
    o->filled += part;
    o->works = o->filled < o->is.quantity;
    say(r->tale, "%d FILLED %lld of %lld %s %d @%lld\n", o->is.id, (long long)part,
        (long long)(is_maker ? price : ref_slipped(r, o, price)), rule, is_maker, (long long)time);
    if (o->is.type != S1_ORDER_LIMIT) { /* what is left is at market */
        o->is.type = S1_ORDER_MARKET;
        o->is.trail_amount = o->is.trail_percent = 0;
    }
    const ref_order copy = *o;
    if (copy.is.role == S1_ROLE_ENTRY) {
        const protection *const wanted = &r->protections[copy.is.trade];
        ref_protect(r, &copy, S1_ROLE_STOP_LOSS, wanted->stop, price);
        ref_protect(r, &copy, S1_ROLE_TAKE_PROFIT, wanted->target, price);
    }
    for (int role = S1_ROLE_ENTRY; role <= S1_ROLE_TAKE_PROFIT && copy.is.role != S1_ROLE_ENTRY;
         role++) {
        ref_order *const rival = ref_find(r, copy.is.trade, role);
        if (rival != NULL && rival != o) {
            ref_end(r, rival, "CANCELED CLOSED", time);
        }
    }
    if (o->works && o->is.tif == S1_TIF_IOC) {
        ref_end(r, o, "EXPIRED NO_VOLUME", time);
    }
}

static bool ref_reaches(const ref_order *o, int64_t price)
{
    const bool is_stop = o->is.type == S1_ORDER_STOP || o->is.type == S1_ORDER_STOP_LIMIT;
    const bool is_below = (o->is.side == S1_BUY) != is_stop;
    return is_below ? price <= o->is.price : price >= o->is.price;
}

/* A limit order's first price: false where that is the end of the order. */
static bool ref_meet(reference *r, ref_order *o, bool takes, int64_t time)
{
    if (takes && o->is.post_only) {
        ref_end(r, o, "REJECTED POST_ONLY_WOULD_TAKE", time);
    } else if (!takes && (o->is.tif == S1_TIF_IOC || o->is.tif == S1_TIF_FOK)) {
        ref_end(r, o, "EXPIRED NOT_MARKETABLE", time);
    }
    return o->works;
}

static void ref_limit(reference *r, int index, const tick *t)
{
    ref_order *const o = &r->orders[index];
    const bool is_immediate = o->is.tif == S1_TIF_IOC || o->is.tif == S1_TIF_FOK;
    const bool reaches = ref_reaches(o, t->price);
    if (!o->has_met) {
        o->has_met = true;
        if (!ref_meet(r, o, reaches, t->time)) {
            return;
        }
        if (reaches && (is_immediate || r->rules.limit_price == S1_LIMIT_PRICE_FIRST_OPEN)) {
            ref_fill(r, index, t->price, 0, "TRADE_MARKETABLE", false, t->time);
            return;
        }
    }
    const bool is_at = t->price == o->is.price;
    if (!reaches || (is_at && r->rules.limit_fill == S1_LIMIT_FILL_THROUGH)) {
        return;
    }
    const int64_t shown = o->is.display < t->quantity ? o->is.display : t->quantity;
    if (is_at && o->is.display > 0 && shown == 0) {
        return;
    }
    ref_fill(r, index, o->is.price, is_at && o->is.display > 0 ? shown : 0,
             is_at ? "TRADE_TOUCH" : "TRADE_THROUGH", true, t->time);
}

/* It becomes a limit order at a price it may take. */
static void ref_trigger(reference *r, int index, int64_t price, const char *rule, int64_t time)
{
    ref_order *const o = &r->orders[index];
    ref_order copy;
    say(r->tale, "%d TRIGGERED @%lld\n", o->is.id, (long long)time);
    o->is.type = S1_ORDER_LIMIT;
    o->is.price = o->is.limit;
    o->is.trail_amount = o->is.trail_percent = 0;
    o->has_met = true;
    copy = *o;
    const bool takes = ref_reaches(&copy, price);
    if (ref_meet(r, o, takes, time) && takes) {
        ref_fill(r, index, price, 0, rule, false, time);
    }
}

static void ref_match(reference *r, int index, const tick *t)
{
    const ref_order *const o = &r->orders[index];
    if (o->is.type == S1_ORDER_MARKET) {
        ref_fill(r, index, t->price, 0, "TRADE", false, t->time);
    } else if (o->is.type == S1_ORDER_LIMIT) {
        ref_limit(r, index, t);
    } else if (ref_reaches(o, t->price)) {
        const bool is_stop = o->is.type == S1_ORDER_STOP || o->is.type == S1_ORDER_STOP_LIMIT;
        const char *const rule = is_stop ? "TRADE_STOP" : "TRADE_TRIGGER";
        if (o->is.type == S1_ORDER_STOP_LIMIT || o->is.type == S1_ORDER_LIMIT_IF_TOUCHED) {
            ref_trigger(r, index, t->price, rule, t->time);
        } else {
            ref_fill(r, index, t->price, 0, rule, false, t->time);
            r->orders[index].is.type = S1_ORDER_MARKET;
            r->orders[index].is.trail_amount = r->orders[index].is.trail_percent = 0;
        }
    }
}

static void ref_expire(reference *r, int64_t time)
{
    for (int64_t at = 0; at <= time; at++) { /* slow, and in order */
        bool any = false;
        for (int i = 0; i < r->count; i++) {
            any |= r->orders[i].works && r->orders[i].is.expires_at != 0 &&
                   r->orders[i].is.expires_at <= time;
            if (r->orders[i].works && r->orders[i].is.expires_at == at && at != 0) {
                ref_end(r, &r->orders[i], "EXPIRED TIME_UP", at);
            }
        }
        if (!any) {
            return;
        }
    }
}

static void ref_tick(reference *r, const tick *t)
{
    ref_expire(r, t->time);
    r->room = t->quantity * r->rules.halves / 2;
    const int count = r->count;
    for (int is_entry = 0; is_entry < 2; is_entry++) {
        for (int i = 0; i < count; i++) {
            if (r->orders[i].works && (r->orders[i].is.role == S1_ROLE_ENTRY) == is_entry) {
                ref_match(r, i, t);
            }
        }
    }
    for (int i = 0; i < r->count; i++) {
        ref_trail(&r->orders[i], t->price);
    }
}

/* Its price, limit and quantity change; the new place of an order that loses its own, or -1. */
static int ref_amend(reference *r, spec change, int64_t time)
{
    int at = 0;
    while (at < r->count && !(r->orders[at].works && r->orders[at].is.id == change.id)) {
        at++;
    }
    if (at == r->count || r->orders[at].is.type == S1_ORDER_MARKET) {
        return -1; /* too late */
    }
    ref_order *const o = &r->orders[at];
    if (o->is.type == S1_ORDER_LIMIT && change.limit != 0) {
        change.price = change.limit; /* it is triggered */
    }
    if (change.quantity <= o->filled) {
        ref_end(r, o, "CANCELED AMENDED", time);
        return -1;
    }
    const bool keeps_place = change.price == o->is.price && change.limit == o->is.limit &&
                             change.quantity <= o->is.quantity;
    const bool trails = o->is.trail_amount != 0 || o->is.trail_percent != 0;
    const bool is_further =
        o->is.side == S1_BUY ? o->is.price <= change.price : o->is.price >= change.price;
    o->is.price = trails && is_further ? o->is.price : change.price;
    o->is.limit = change.limit;
    o->is.quantity = change.quantity;
    say(r->tale, "%d AMENDED %lld of %lld @%lld\n", o->is.id, (long long)o->is.quantity,
        (long long)o->is.price, (long long)time);
    if (keeps_place) {
        return -1;
    }
    assert_true(r->count < ORDERS_MAX);
    r->orders[r->count] = *o;
    r->orders[r->count].has_met = false;
    o->works = false;
    return r->count++;
}

/* Everything with this arrival is there. */
static void ref_arrive(reference *r, int64_t arrival)
{
    ref_expire(r, arrival);
    for (; r->arrived < r->sent_count && r->sent[r->arrived].arrival == arrival; r->arrived++) {
        const spec is = r->sent[r->arrived].is;
        for (int i = 0; i < r->count && is.type == CANCEL; i++) {
            if (r->orders[i].works && r->orders[i].is.id == is.id) {
                ref_end(r, &r->orders[i], "CANCELED ASKED", arrival);
            }
        }
        if (is.type == AMEND) {
            (void)ref_amend(r, is, arrival);
        } else if (is.type != CANCEL) {
            ref_add(r, is);
        }
    }
    for (int i = 0; i < r->count; i++) {
        const int64_t end = r->orders[i].is.expires_at;
        if (r->orders[i].works && end != 0 && end <= arrival) {
            ref_end(r, &r->orders[i], "EXPIRED TIME_UP", arrival);
        }
    }
}

/* The trades and what arrives, one after another, as far as is known. */
static void ref_until(reference *r, int64_t known_to)
{
    for (;;) {
        const int64_t none = INT64_MAX;
        const int64_t arrival = r->arrived < r->sent_count ? r->sent[r->arrived].arrival : none;
        const int64_t traded = r->tick_at < r->tick_count ? r->ticks[r->tick_at].time : none;
        if (arrival > known_to && traded > known_to) {
            break;
        }
        if (arrival <= traded) {
            ref_arrive(r, arrival);
        } else {
            ref_tick(r, &r->ticks[r->tick_at++]);
        }
    }
    ref_expire(r, known_to);
}

/* What the close does that an order meets. */
static void ref_close(reference *r, int index, int64_t close, int64_t time)
{
    ref_order *const o = &r->orders[index];
    if (o->is.type == S1_ORDER_MARKET) {
        if (r->rules.preset != S1_PRESET_NEXT_OPEN) {
            ref_fill(r, index, close, 0, "CLOSE", false, time);
        }
        return;
    }
    if (r->rules.preset != S1_PRESET_NAUTILUS || o->is.role != S1_ROLE_ENTRY) {
        return;
    }
    const int type = o->is.type;
    const bool reaches = ref_reaches(o, close);
    o->has_met = true;
    if (reaches && (type == S1_ORDER_STOP_LIMIT || type == S1_ORDER_LIMIT_IF_TOUCHED)) {
        ref_trigger(r, index, close, "CLOSE", time);
    } else if ((type != S1_ORDER_LIMIT || ref_meet(r, o, reaches, time)) && reaches) {
        ref_fill(r, index, close, 0, "CLOSE", false, time);
    }
}

/* An order, a cancel or a change is sent. */
static void ref_send(reference *r, spec is, int64_t close, int64_t time)
{
    if (r->rules.way > 0 || r->rules.response > 0) {
        assert_true(r->sent_count < ORDERS_MAX);
        r->sent[r->sent_count++] = (ref_sent){is, time + r->rules.way};
        return;
    }
    int index = r->count;
    if (is.type == CANCEL) {
        index = 0;
        while (r->orders[index].is.id != is.id || !r->orders[index].works) {
            index++;
        }
        ref_end(r, &r->orders[index], "CANCELED ASKED", time);
        return;
    }
    if (is.type == AMEND) {
        index = ref_amend(r, is, time);
    } else {
        ref_add(r, is);
    }
    if (index >= 0) {
        ref_close(r, index, close, time);
    }
}

/* --- The engine, heard. ------------------------------------------------------------------- */

typedef struct ear {
    tale *tale;
    s1_matching_engine *engine;
    s1_matching_line *line; /* NULL: no latency */
    s1_bar last;
    const protection *protections;
} ear;

static int64_t whole(s1_dec value)
{
    assert_true(s1_dec_raw(value) % (s1_i128)S1_DEC_UNIT == 0);
    return (int64_t)(s1_dec_raw(value) / (s1_i128)S1_DEC_UNIT);
}

static int number_of(s1_order_id id)
{
    int number;
    memcpy(&number, id.uid.bytes, sizeof number);
    return number;
}

static s1_order order_of(spec is)
{
    s1_order order = {.side = is.side,
                      .type = is.type,
                      .role = is.role,
                      .time_in_force = is.tif != 0 ? is.tif : S1_TIF_GTC,
                      .post_only = (uint32_t)is.post_only,
                      .quantity = s1_dec_from_int(is.quantity),
                      .price = s1_dec_from_int(is.price),
                      .limit = s1_dec_from_int(is.limit),
                      .display = s1_dec_from_int(is.display),
                      .expires_at = is.expires_at * TENTH,
                      .trail_amount = s1_dec_from_int(is.trail_amount),
                      .trail_percent = s1_dec_from_int(is.trail_percent),
                      .trail_activation = s1_dec_from_int(is.activation),
                      .submitted_at = is.submitted_at * TENTH};
    memcpy(order.order_id.uid.bytes, &is.id, sizeof is.id);
    const int trade = is.trade + 1;
    memcpy(order.trade_id.uid.bytes, &trade, sizeof trade);
    return order;
}

static s1_rc on_before_fill(void *self, const s1_order *order, const s1_fill *fill, s1_err *err)
{
    (void)self, (void)order, (void)fill, (void)err;
    return S1_OK;
}

static s1_rc protect(ear *heard, const s1_order *entry, int32_t role, int64_t price, s1_err *err)
{
    const s1_order *const working = s1_matching_find(heard->engine, entry->trade_id, role);
    if (price == 0) {
        return S1_OK;
    }
    if (working != NULL) {
        return s1_matching_modify(heard->engine, working->order_id, working->price, entry->filled,
                                  err);
    }
    int trade;
    memcpy(&trade, entry->trade_id.uid.bytes, sizeof trade);
    const protection *const wanted = &heard->protections[trade - 1];
    const bool is_stop = role == S1_ROLE_STOP_LOSS;
    const s1_order order =
        order_of((spec){.id = number_of(entry->order_id) + role * 1000,
                        .trade = trade - 1,
                        .side = entry->side == S1_BUY ? S1_SELL : S1_BUY,
                        .type = role == S1_ROLE_STOP_LOSS ? S1_ORDER_STOP : S1_ORDER_LIMIT,
                        .role = role,
                        .price = price,
                        .quantity = whole(entry->filled),
                        .trail_amount = is_stop ? wanted->trail_amount : 0,
                        .trail_percent = is_stop ? wanted->trail_percent : 0,
                        .activation = is_stop ? wanted->activation : 0});
    return heard->line != NULL ? s1_matching_line_submit(heard->line, &order, err)
                               : s1_matching_submit(heard->engine, &order, &heard->last, err);
}

static s1_rc cancel(ear *heard, s1_order_id id, s1_str reason, s1_nanos time, s1_err *err)
{
    return heard->line != NULL ? s1_matching_line_cancel(heard->line, id, reason, time, err)
                               : s1_matching_cancel(heard->engine, id, reason, time, err);
}

static s1_rc on_fill(void *self, const s1_order *order, const s1_fill *fill, s1_err *err)
{
    ear *const heard = self;
    say(heard->tale, "%d FILLED %lld of %lld %s %d @%lld\n", number_of(order->order_id),
        (long long)whole(fill->quantity), (long long)whole(fill->price),
        s1_fill_rule_name(fill->rule), (int)fill->is_maker, (long long)(fill->time / TENTH));
    if (order->role == S1_ROLE_ENTRY) {
        int trade;
        memcpy(&trade, order->trade_id.uid.bytes, sizeof trade);
        const protection *const wanted = &heard->protections[trade - 1];
        S1_TRY(err, protect(heard, order, S1_ROLE_STOP_LOSS, wanted->stop, err));
        return protect(heard, order, S1_ROLE_TAKE_PROFIT, wanted->target, err);
    }
    for (int32_t role = S1_ROLE_ENTRY; role <= S1_ROLE_TAKE_PROFIT; role++) {
        const s1_order *const rival = s1_matching_find(heard->engine, order->trade_id, role);
        if (rival != NULL && number_of(rival->order_id) != number_of(order->order_id)) {
            S1_TRY(err, cancel(heard, rival->order_id, S1_STR("CLOSED"), fill->time, err));
        }
    }
    return S1_OK;
}

static s1_rc on_state(void *self, const s1_order *order, s1_str reason, s1_nanos time, s1_err *err)
{
    ear *const heard = self;
    (void)err;
    if (order->state != S1_ORDER_ACCEPTED) {
        say(heard->tale, "%d %s%s%.*s @%lld\n", number_of(order->order_id),
            s1_order_state_name(order->state), reason.len > 0 ? " " : "", S1_STR_ARG(reason),
            (long long)(time / TENTH));
    }
    return S1_OK;
}

static s1_rc on_amended(void *self, const s1_order *order, s1_str reason, s1_nanos time,
                        s1_err *err)
{
    (void)reason;
    const ear *const heard = self;
    (void)err;
    say(heard->tale, "%d AMENDED %lld of %lld @%lld\n", number_of(order->order_id),
        (long long)whole(order->quantity), (long long)whole(order->price),
        (long long)(time / TENTH));
    return S1_OK;
}

static s1_rc on_trailed(void *self, const s1_order *order, s1_dec from, s1_nanos time, s1_err *err)
{
    (void)self, (void)time, (void)err;
    assert_false(s1_dec_eq(order->price, from));
    return S1_OK;
}

/* --- A stream. ---------------------------------------------------------------------------- */

static spec any_order(int id, int64_t price, int64_t now, protection *ret_protection)
{
    static const int types[] = {S1_ORDER_MARKET,          S1_ORDER_LIMIT,
                                S1_ORDER_LIMIT,           S1_ORDER_STOP,
                                S1_ORDER_STOP_LIMIT,      S1_ORDER_MARKET_IF_TOUCHED,
                                S1_ORDER_LIMIT_IF_TOUCHED};
    spec is = {.id = id,
               .trade = id,
               .side = below(2) == 0 ? S1_BUY : S1_SELL,
               .type = types[below(7)],
               .role = S1_ROLE_ENTRY,
               .quantity = 1 + below(12),
               .submitted_at = now};
    is.price = is.type == S1_ORDER_MARKET ? 0 : price + below(21) - 10;
    if (is.type == S1_ORDER_STOP_LIMIT || is.type == S1_ORDER_LIMIT_IF_TOUCHED) {
        is.limit = is.price + below(9) - 4;
    }
    const bool is_limit = is.type == S1_ORDER_LIMIT || is.limit != 0;
    is.tif = is_limit && below(6) == 0 ? (below(2) == 0 ? S1_TIF_IOC : S1_TIF_FOK) : 0;
    is.post_only = is_limit && is.tif == 0 && below(5) == 0;
    is.display = is.type == S1_ORDER_LIMIT && is.tif == 0 && below(3) == 0 ? 1 + below(4) : 0;
    is.expires_at = below(4) == 0 ? now + 1 + below(3 * MINUTE) : 0;
    const int64_t way = is.side == S1_BUY ? 1 : -1;
    const bool is_stop = is.type == S1_ORDER_STOP || is.type == S1_ORDER_STOP_LIMIT;
    if (is_stop && below(3) == 0) {
        is.trail_amount = below(2) * (1 + below(10));
        is.trail_percent = is.trail_amount == 0 ? 1 + below(2) : 0;
        is.activation = below(2) * (price - way * below(10));
    }
    *ret_protection = (protection){.stop = below(3) != 0 ? price - way * (1 + below(12)) : 0,
                                   .target = below(3) != 0 ? price + way * (1 + below(12)) : 0};
    if (below(3) == 0) {
        ret_protection->trail_amount = below(2) * (1 + below(10));
        ret_protection->trail_percent = ret_protection->trail_amount == 0 ? 1 + below(2) : 0;
        ret_protection->activation = below(2) * (price + way * below(10));
    }
    return is;
}

/* The trades of a minute, which may have none. */
static size_t any_ticks(int64_t open, int64_t *price, tick ticks[static TICKS_MAX])
{
    const size_t count = below(5) == 0 ? 0 : (size_t)below(TICKS_MAX);
    int64_t time = open;
    for (size_t i = 0; i < count; i++) {
        time += below(3) == 0 ? 0 : below(2 * MINUTE / TICKS_MAX);
        time = time < open + MINUTE ? time : open + MINUTE - 1;
        *price += below(20) == 0 ? below(25) - 12 : below(5) - 2;
        *price = *price < 900 ? 900 : *price;
        ticks[i] = (tick){time, *price, below(6)};
    }
    return count;
}

static void match_minute(ear *heard, const tick *ticks, size_t count, const s1_bar *bar,
                         s1_err *err)
{
    int64_t times[TICKS_MAX], prices[TICKS_MAX], quantities[TICKS_MAX];
    for (size_t i = 0; i < count; i++) {
        times[i] = ticks[i].time * TENTH;
        prices[i] = ticks[i].price;
        quantities[i] = ticks[i].quantity;
    }
    const size_t cut = (size_t)below((int64_t)count + 1);
    const s1_trade_batch pieces[] = {
        {.count = cut, .time = times, .price = prices, .quantity = quantities},
        {.count = count - cut,
         .time = times + cut,
         .price = prices + cut,
         .quantity = quantities + cut}};
    const s1_trade_flow flow = {.pieces = pieces, .piece_count = 2};
    assert_int_equal(heard->line != NULL ? s1_matching_line_trades(heard->line, bar, &flow, err)
                                         : s1_matching_trades(heard->engine, bar, &flow, err),
                     S1_OK);
}

typedef struct stream {
    ear heard;
    reference ref;
    protection protections[ORDERS_MAX];
    int next_id;
} stream;

static s1_rc amend(stream *s, const spec *is, const s1_bar *bar, int64_t now, s1_err *err)
{
    const s1_order order = order_of(*is);
    const s1_order_change change = {order.order_id, order.price, order.limit, order.quantity};
    return s->heard.line != NULL
               ? s1_matching_line_amend(s->heard.line, &change, now * TENTH, err)
               : s1_matching_amend(s->heard.engine, &change, now * TENTH, bar, err);
}

/* Cancels or changes an entry that works. */
static void change_any(stream *s, const ref_order *any, int type, const s1_bar *bar, int64_t now,
                       s1_err *err)
{
    if (!any->works || any->is.role != S1_ROLE_ENTRY ||
        (type == AMEND && any->is.type == S1_ORDER_MARKET)) {
        return;
    }
    spec is = any->is;
    if (type == AMEND) {
        is.price += below(2) * (below(7) - 3);
        is.limit += is.limit != 0 ? below(3) - 1 : 0;
        is.price = is.type == S1_ORDER_LIMIT && is.limit != 0 ? is.limit : is.price;
        is.quantity += below(3) == 0 ? below(9) - 4 : 0;
        is.quantity = is.quantity < 1 ? 1 : is.quantity;
    }
    const s1_order order = order_of(is);
    assert_int_equal(type == AMEND
                         ? amend(s, &is, bar, now, err)
                         : cancel(&s->heard, order.order_id, S1_STR("ASKED"), now * TENTH, err),
                     S1_OK);
    is.type = type;
    ref_send(&s->ref, is, bar->close, now);
}

/* What is decided at a close: a cancel, a change of an entry, new orders. */
static void decide(stream *s, const s1_bar *bar, int64_t now, s1_err *err)
{
    for (int change = CANCEL; change >= AMEND; change--) {
        const ref_order *any = NULL;
        for (int tries = 0; tries < 12 && s->ref.count > 0 && (any == NULL || !any->works);
             tries++) {
            any = &s->ref.orders[below(s->ref.count)];
        }
        if (any != NULL && below(change == CANCEL ? 4 : 2) == 0) {
            change_any(s, any, change, bar, now, err);
        }
    }
    for (int64_t left = below(4); left > 0 && s->next_id < 140; left--) {
        const int id = s->next_id++;
        const spec is = any_order(id, bar->close, now, &s->protections[id]);
        const s1_order order = order_of(is);
        ref_send(&s->ref, is, bar->close, now);
        assert_int_equal(s->heard.line != NULL
                             ? s1_matching_line_submit(s->heard.line, &order, err)
                             : s1_matching_submit(s->heard.engine, &order, bar, err),
                         S1_OK);
    }
}

static s1_rc open_engine(stream *s, const s1_instrument *instrument, s1_err *err)
{
    const rules *const r = &s->ref.rules;
    const s1_fill_rules changes = {.limit_fill = r->limit_fill, .limit_price = r->limit_price};
    s1_matching_options options = {.instrument = instrument,
                                   .rules = s1_fill_rules_of(r->preset, &changes),
                                   .ambiguity = S1_AMBIGUITY_STOP_FIRST,
                                   .orders_max = ORDERS_MAX};
    options.costs.model = S1_SLIPPAGE_FRACTION;
    options.costs.volume_share = s1_dec_of_raw(s1_dec_raw(S1_DEC_ONE) / 2 * r->halves);
    S1_TRY(err, s1_dec_div(s1_dec_from_int(r->slippage), s1_dec_from_int(1000), S1_ROUND_HALF_EVEN,
                           &options.costs.value, err));
    const s1_order_listener listener = {.self = &s->heard,
                                        .on_before_fill = on_before_fill,
                                        .on_fill = on_fill,
                                        .on_state = on_state,
                                        .on_trailed = on_trailed,
                                        .on_amended = on_amended};
    S1_TRY(err, s1_matching_new(&options, &listener, &s->heard.engine, err));
    const int64_t feed = r->way / 3;
    const s1_matching_line_options line = {.latency = {.feed = feed * TENTH,
                                                       .order = (r->way - feed) * TENTH,
                                                       .response = r->response * TENTH},
                                           .timeframe = MINUTE * TENTH,
                                           .commands_max = ORDERS_MAX};
    return s1_latency_is_any(&line.latency)
               ? s1_matching_line_new(s->heard.engine, &listener, &line, &s->heard.line, err)
               : S1_OK;
}

static rules any_rules(void)
{
    static const int32_t presets[] = {S1_PRESET_NEXT_OPEN, S1_PRESET_SAME_CLOSE,
                                      S1_PRESET_NAUTILUS};
    return (rules){.preset = presets[below(3)],
                   .limit_fill = 1 + (int32_t)below(2),
                   .limit_price = below(2) == 0 ? S1_LIMIT_PRICE_FIRST_OPEN : S1_LIMIT_PRICE_LIMIT,
                   .slippage = below(2) * below(5),
                   .halves = below(2) * below(3),
                   .way = below(3) == 0 ? below(3 * MINUTE) : below(2) * below(30),
                   .response = below(2) * below(MINUTE + 1)};
}

static int64_t volume_of(const tick *ticks, size_t count)
{
    int64_t volume = 0;
    for (size_t i = 0; i < count; i++) {
        volume += ticks[i].quantity;
    }
    return volume;
}

static void run_stream(uint64_t seed, tale *ours, tale *theirs)
{
    static stream s;
    s1_err err = S1_ERR_INIT;
    chance_state = seed * 0x9E3779B97F4A7C15ULL + 1;
    s = (stream){.heard = {.tale = ours, .protections = s.protections},
                 .ref = {.tale = theirs, .protections = s.protections, .rules = any_rules()},
                 .next_id = 1};
    const s1_instrument instrument = {.size = sizeof instrument, .tick_size = S1_DEC_ONE};
    assert_int_equal(open_engine(&s, &instrument, &err), S1_OK);
    int64_t price = 1000;
    for (int bar_number = 1; bar_number <= BARS; bar_number++) {
        const int64_t open = (int64_t)bar_number * MINUTE;
        tick *const ticks = &s.ref.ticks[s.ref.tick_count];
        const size_t count = any_ticks(open, &price, ticks);
        if (count == 0) {
            continue;
        }
        const s1_bar bar = {.open_time = open * TENTH,
                            .close_time = (open + MINUTE) * TENTH,
                            .close = price,
                            .volume = volume_of(ticks, count)};
        s.ref.tick_count += count;
        s.heard.last = bar;
        match_minute(&s.heard, ticks, count, &bar, &err);
        ref_until(&s.ref, open + MINUTE - s.ref.rules.response);
        s.ref.room = bar.volume * s.ref.rules.halves / 2; /* at the close, of the whole bar */
        decide(&s, &bar, open + MINUTE, &err);
    }
    s1_matching_line_free(s.heard.line);
    s1_matching_free(s.heard.engine);
}

static const char *const kinds[] = {
    " TRADE ",         " TRADE_MARKETABLE ", " TRADE_TOUCH ", " TRADE_THROUGH ",
    " TRADE_STOP ",    " TRADE_TRIGGER",     " CLOSE ",       "TRIGGERED",
    "EXPIRED TIME_UP", "NOT_MARKETABLE",     "POST_ONLY",     "CANCELED CLOSED",
    "ASKED",           "NO_VOLUME",          "AMENDED",
};
#define KINDS (sizeof kinds / sizeof kinds[0])

static void tell_difference(uint64_t seed, const tale *ours, const tale *theirs)
{
    size_t at = 0;
    size_t line = 0;
    while (ours->text[at] == theirs->text[at] && ours->text[at] != '\0') {
        line = ours->text[at] == '\n' ? at + 1 : line;
        at++;
    }
    fail_msg("stream %llu:\n  engine    %.*s\n  reference %.*s", (unsigned long long)seed,
             (int)strcspn(ours->text + line, "\n"), ours->text + line,
             (int)strcspn(theirs->text + line, "\n"), theirs->text + line);
}

static void test_streams_against_the_reference(void **state)
{
    (void)state;
    const char *const asked = getenv("S1_TRADE_STREAMS");
    const uint64_t streams = asked != NULL ? strtoull(asked, NULL, 10) : STREAMS;
    tale ours = {.text = malloc(TEXT_MAX)};
    tale theirs = {.text = malloc(TEXT_MAX)};
    uint64_t counts[KINDS] = {0};
    assert_non_null(ours.text);
    assert_non_null(theirs.text);
    for (uint64_t seed = 1; seed <= streams; seed++) {
        ours.length = theirs.length = 0;
        ours.text[0] = theirs.text[0] = '\0';
        run_stream(seed, &ours, &theirs);
        if (strcmp(ours.text, theirs.text) != 0) {
            tell_difference(seed, &ours, &theirs);
        }
        for (size_t i = 0; i < KINDS; i++) {
            for (const char *at = strstr(ours.text, kinds[i]); at != NULL;
                 at = strstr(at + 1, kinds[i])) {
                counts[i]++;
            }
        }
    }
    for (size_t i = 0; i < KINDS && streams >= STREAMS; i++) {
        if (counts[i] < 20) {
            fail_msg("%s came %llu times", kinds[i], (unsigned long long)counts[i]);
        }
    }
    for (size_t i = 0; i < KINDS; i++) {
        print_message("%s %llu\n", kinds[i], (unsigned long long)counts[i]);
    }
    free(ours.text);
    free(theirs.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_streams_against_the_reference)};
    return cmocka_run_group_tests_name("trade_streams", tests, NULL, NULL);
}
