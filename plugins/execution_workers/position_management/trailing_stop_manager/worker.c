/* trailing_stop_manager - lets a stop follow the best close of a trade, never back.
 *
 * The best close of each open trade (its high water mark; for a short the lowest) is state: it is
 * committed when it moves, and a restart goes on from it.
 */
#include "s1mple/plugin.h"
#include "s1mple/text.h"
#include "s1mple/uid_text.h"

#include <stdlib.h>
#include <string.h>

#define TRADES_MAX  128u
#define ENTRY_BYTES (S1_UID_WRITTEN + S1_DEC_TEXT_MAX + 6u) /* "uuid":"decimal", */

typedef struct mark {
    s1_trade_id trade_id;
    s1_dec price;
    bool is_open; /* seen in the ledger in this call */
} mark;

typedef struct trailing_stop {
    const s1_host *host;
    const s1_series *atr; /* NULL: trail by percent */
    double atr_multiple;
    s1_dec long_factor, short_factor; /* 1 -/+ trail_percent / 100 */
    uint32_t count;
    mark marks[TRADES_MAX];
    char json[32 + TRADES_MAX * ENTRY_BYTES];
} trailing_stop;

/* --- State: {"v":1,"high_water_marks":{"<trade id>":"<price>",...}}. -------------------------- */

#define STATE_HEAD "{\"v\":1,\"high_water_marks\":{"

_Static_assert(sizeof STATE_HEAD < 32, "the head and the two closing braces fit into the text");
_Static_assert(sizeof((trailing_stop *)0)->json <= 65536, "a state holds 64 KiB");

static s1_rc commit_state(trailing_stop *me, s1_err *err)
{
    size_t at = sizeof STATE_HEAD - 1;
    memcpy(me->json, STATE_HEAD, at);
    for (uint32_t i = 0; i < me->count; i++) {
        if (i > 0) {
            me->json[at++] = ',';
        }
        me->json[at++] = '"';
        s1_uid_write(me->json + at, me->marks[i].trade_id.uid);
        at += S1_UID_WRITTEN;
        memcpy(me->json + at, "\":\"", 3);
        at += 3;
        char price[S1_DEC_TEXT_MAX];
        (void)s1_dec_print(me->marks[i].price, price);
        const size_t length = strlen(price);
        memcpy(me->json + at, price, length);
        at += length;
        me->json[at++] = '"';
    }
    memcpy(me->json + at, "}}", 2);
    S1_TRY(err, me->host->state->commit(me->host->ctx, (s1_str){me->json, at + 2}, err));
    return S1_OK;
}

/* Takes one "<trade id>":"<price>" into the next free mark. */
static bool take_mark(void *self, s1_str *rest)
{
    trailing_stop *const me = self;
    s1_str id;
    s1_str price;
    mark *const next = &me->marks[me->count];
    if (me->count == TRADES_MAX || !s1_text_take_string(rest, &id) ||
        !s1_text_skip(rest, S1_STR(":")) || !s1_text_take_string(rest, &price) ||
        !s1_uid_read(id, &next->trade_id.uid) || s1_dec_parse(price, &next->price, NULL) != S1_OK) {
        return false;
    }
    me->count++;
    return true;
}

static s1_rc load_state(trailing_stop *me, s1_err *err)
{
    s1_str json;
    S1_TRY(err, me->host->state->load(me->host->ctx, &json, err));
    if (json.len == 0) {
        return S1_OK;
    }
    s1_str rest = json;
    if (!s1_text_skip(&rest, S1_STR(STATE_HEAD)) ||
        !s1_text_take_list(&rest, S1_STR("}}"), take_mark, me) || rest.len != 0) {
        return S1_RAISE(err, S1_E_DATA,
                        "trailing_stop_manager: state '%.*s', expected " STATE_HEAD
                        "\"<trade id>\":\"<price>\",...}}",
                        (int)(json.len < 200 ? json.len : 200), json.ptr);
    }
    return S1_OK;
}

/* --- Trailing. ---------------------------------------------------------------------------- */

/* The mark of a trade, or NULL. */
static mark *find_mark(trailing_stop *me, s1_trade_id trade_id)
{
    for (uint32_t i = 0; i < me->count; i++) {
        if (memcmp(&me->marks[i].trade_id, &trade_id, sizeof trade_id) == 0) {
            return &me->marks[i];
        }
    }
    return NULL;
}

/* Forgets the trades that are no longer open. The next commit leaves them out: on its own it is no
 * reason for one, a mark nobody asks for does no harm. */
static void drop_closed(trailing_stop *me)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < me->count; i++) {
        if (me->marks[i].is_open) {
            me->marks[i].is_open = false;
            me->marks[kept++] = me->marks[i];
        }
    }
    me->count = kept;
}

/* Starts or moves the mark of one open trade. */
static s1_rc move_mark(trailing_stop *me, const s1_position *position, s1_dec close,
                       bool *has_changed, s1_err *err)
{
    mark *const found = find_mark(me, position->trade_id);
    if (found == NULL) {
        if (me->count == TRADES_MAX) {
            return S1_RAISE(err, S1_E_RANGE, "trailing_stop_manager: more than %u open trades",
                            TRADES_MAX);
        }
        me->marks[me->count++] = (mark){.trade_id = position->trade_id, .price = close};
        *has_changed = true;
        return S1_OK;
    }
    const int side = s1_dec_cmp(close, found->price);
    if (position->direction == S1_LONG ? side > 0 : side < 0) {
        found->price = close;
        *has_changed = true;
    }
    return S1_OK;
}

static s1_rc move_marks(trailing_stop *me, const s1_ledger_view *ledger, s1_dec close,
                        bool *has_changed, s1_err *err)
{
    for (uint32_t i = 0; i < ledger->position_count; i++) {
        mark *const found = find_mark(me, s1_ledger_position(ledger, i)->trade_id);
        if (found != NULL) {
            found->is_open = true;
        }
    }
    drop_closed(me);
    for (uint32_t i = 0; i < ledger->position_count; i++) {
        S1_TRY(err, move_mark(me, s1_ledger_position(ledger, i), close, has_changed, err));
    }
    return S1_OK;
}

/* The stop that belongs to a mark, rounded to the tick away from it. */
static s1_rc stop_of(const trailing_stop *me, const s1_instrument *instrument, int32_t direction,
                     s1_dec price, s1_dec *ret_stop, s1_err *err)
{
    const bool is_long = direction == S1_LONG;
    s1_dec stop;
    if (me->atr == NULL) {
        S1_TRY(err, s1_dec_mul(price, is_long ? me->long_factor : me->short_factor,
                               S1_ROUND_HALF_EVEN, &stop, err));
    } else {
        s1_dec distance;
        S1_TRY(err, s1_price_from_double(instrument, me->atr_multiple * s1_series_last(me->atr),
                                         S1_ROUND_HALF_EVEN, &distance, err));
        if (is_long) {
            S1_TRY(err, s1_dec_sub(price, distance, &stop, err));
        } else {
            S1_TRY(err, s1_dec_add(price, distance, &stop, err));
        }
    }
    S1_TRY(err, s1_dec_round_to_step(stop, instrument->tick_size,
                                     is_long ? S1_ROUND_DOWN : S1_ROUND_UP, ret_stop, err));
    return S1_OK;
}

static s1_rc trail(const trailing_stop *me, const s1_instrument *instrument,
                   const s1_position *position, s1_dec mark_price, s1_dec close,
                   const s1_order_api *orders, s1_err *err)
{
    const bool is_long = position->direction == S1_LONG;
    s1_dec stop;
    S1_TRY(err, stop_of(me, instrument, position->direction, mark_price, &stop, err));
    const int market = s1_dec_cmp(close, stop);
    if (is_long ? market <= 0 : market >= 0) {
        /* Already through it (the range shrank, or a gap while we were down): leave now, a stop on
         * the wrong side of the market is no order. */
        const s1_close_request request = {.size = sizeof request,
                                          .reason = S1_STR("TRAILING_STOP")};
        S1_TRY(err, orders->close(orders->self, position->trade_id, &request, err));
        return S1_OK;
    }
    const int tighter = s1_dec_cmp(stop, position->stop_loss);
    const bool has_stop = !s1_dec_is_zero(position->stop_loss);
    if (s1_dec_sign(stop) > 0 && (!has_stop || (is_long ? tighter > 0 : tighter < 0))) {
        S1_TRY(err, orders->modify_stop(orders->self, position->trade_id, stop, err));
    }
    return S1_OK;
}

static s1_rc stop_execute(void *self, const s1_context *context, const s1_execution_input *input,
                          const s1_order_api *orders, s1_err *err)
{
    (void)input;
    trailing_stop *const me = self;
    const s1_ledger_view *const ledger = context->ledger;
    if (ledger->position_count == 0) {
        me->count = 0;
        return S1_OK;
    }
    const s1_stream *const primary = context->primary;
    const s1_dec close = s1_dec_from_mantissa(primary->bar.close, primary->instrument->price_scale);
    bool has_changed = false;
    S1_TRY(err, move_marks(me, ledger, close, &has_changed, err));
    if (has_changed) {
        S1_TRY(err, commit_state(me, err));
    }
    if (me->atr != NULL && !(s1_series_last(me->atr) > 0.0)) {
        return S1_OK;
    }
    /* Newest first: a position that a close removes at once moves none that is still to come. */
    for (uint32_t left = ledger->position_count; left > 0; left--) {
        const s1_position *const position = s1_ledger_position(ledger, left - 1);
        const mark *const found = find_mark(me, position->trade_id);
        if (found != NULL && !position->is_closing) {
            S1_TRY(err, trail(me, primary->instrument, position, found->price, close, orders, err));
        }
    }
    return S1_OK;
}

/* --- Life. -------------------------------------------------------------------------------- */

static s1_rc read_percent(trailing_stop *me, const s1_binder *binder, s1_err *err)
{
    s1_dec percent;
    s1_dec fraction;
    S1_TRY(err, binder->param_decimal(binder->self, S1_STR("trail_percent"), &percent, err));
    if (s1_dec_sign(percent) <= 0 || s1_dec_cmp(percent, s1_dec_from_int(100)) >= 0) {
        return S1_RAISE(err, S1_E_INVALID,
                        "trailing_stop_manager: trail_percent %g, expected above 0 and below 100",
                        s1_dec_to_double(percent));
    }
    S1_TRY(err,
           s1_dec_mul(percent, s1_dec_from_mantissa(1, 2), S1_ROUND_HALF_EVEN, &fraction, err));
    S1_TRY(err, s1_dec_sub(S1_DEC_ONE, fraction, &me->long_factor, err));
    S1_TRY(err, s1_dec_add(S1_DEC_ONE, fraction, &me->short_factor, err));
    return S1_OK;
}

static s1_rc bind_atr(trailing_stop *me, const s1_binder *binder, s1_err *err)
{
    int64_t period;
    S1_TRY(err, binder->param_float(binder->self, S1_STR("atr_multiple"), &me->atr_multiple, err));
    S1_TRY(err, binder->param_int(binder->self, S1_STR("atr_period"), &period, err));
    if (!(me->atr_multiple > 0.0)) {
        return S1_RAISE(err, S1_E_INVALID,
                        "trailing_stop_manager: atr_multiple %g, expected above 0",
                        me->atr_multiple);
    }
    char name[32];
    const int length = snprintf(name, sizeof name, "atr_%lld", (long long)period);
    if (binder->series(binder->self, (s1_str){name, (size_t)length}, &me->atr, err) != S1_OK) {
        return S1_RAISE(err, S1_E_NOT_FOUND,
                        "trailing_stop_manager: trail_by atr needs column %s; place an "
                        "atr_calculator with period %lld in context_workers",
                        name, (long long)period);
    }
    return S1_OK;
}

/* percent | atr */
static s1_rc read_distance(trailing_stop *me, const s1_binder *binder, s1_err *err)
{
    s1_str trail_by;
    S1_TRY(err, binder->param_text(binder->self, S1_STR("trail_by"), &trail_by, err));
    return trail_by.ptr[0] == 'a' ? bind_atr(me, binder, err) : read_percent(me, binder, err);
}

static void stop_destroy(void *self)
{
    free(self);
}

static s1_rc stop_create(const s1_host *host, const s1_binder *binder, void **ret_self, s1_err *err)
{
    if (host->state == NULL) {
        return S1_RAISE(err, S1_E_INVALID, "trailing_stop_manager: the host grants no state");
    }
    trailing_stop *const me = calloc(1, sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "trailing_stop_manager: %zu bytes", sizeof *me);
    }
    me->host = host;
    s1_rc rc;
    S1_TRY_GOTO(err, rc, fail, read_distance(me, binder, err));
    S1_TRY_GOTO(err, rc, fail, load_state(me, err));
    *ret_self = me;
    return S1_OK;
fail:
    stop_destroy(me);
    return rc;
}

static const s1_worker_ops stop_ops = {
    .size = sizeof stop_ops,
    .type = S1_WORKER_EXECUTION,
    .create = stop_create,
    .destroy = stop_destroy,
    .execute = stop_execute,
};

S1_PLUGIN("trailing_stop_manager", "1.0.0", &stop_ops, S1_CAP_STATE)
