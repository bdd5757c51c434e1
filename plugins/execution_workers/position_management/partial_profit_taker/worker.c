/* partial_profit_taker - closes a part of every trade, once, when its profit reaches a target.
 *
 * Which open trades were taken from is state, committed before the order goes out: a restart in
 * between loses one partial close, it never takes twice.
 */
#include "s1mple/plugin.h"
#include "s1mple/text.h"
#include "s1mple/uid_text.h"

#include <stdlib.h>
#include <string.h>

#define TRADES_MAX  128u
#define ENTRY_BYTES (S1_UID_WRITTEN + 3u) /* "uuid", */

typedef struct taken_trade {
    s1_trade_id trade_id;
    bool is_open; /* seen in the ledger in this call */
} taken_trade;

typedef struct profit_taker {
    const s1_host *host;
    s1_dec profit_fraction; /* of the entry price */
    s1_dec close_fraction;  /* of the quantity */
    uint32_t count;
    taken_trade taken[TRADES_MAX];
    char json[32 + TRADES_MAX * ENTRY_BYTES];
} profit_taker;

/* --- State: {"v":1,"taken":["<trade id>",...]}. ---------------------------------------------- */

#define STATE_HEAD "{\"v\":1,\"taken\":["

_Static_assert(sizeof STATE_HEAD < 30, "the head, the bracket and the brace fit into the text");
_Static_assert(sizeof((profit_taker *)0)->json <= 65536, "a state holds 64 KiB");

static s1_rc commit_state(profit_taker *me, s1_err *err)
{
    size_t at = sizeof STATE_HEAD - 1;
    memcpy(me->json, STATE_HEAD, at);
    for (uint32_t i = 0; i < me->count; i++) {
        if (i > 0) {
            me->json[at++] = ',';
        }
        me->json[at++] = '"';
        s1_uid_write(me->json + at, me->taken[i].trade_id.uid);
        at += S1_UID_WRITTEN;
        me->json[at++] = '"';
    }
    memcpy(me->json + at, "]}", 2);
    S1_TRY(err, me->host->state->commit(me->host->ctx, (s1_str){me->json, at + 2}, err));
    return S1_OK;
}

/* Takes one "<trade id>" into the next free place. */
static bool take_trade(void *self, s1_str *rest)
{
    profit_taker *const me = self;
    s1_str id;
    if (me->count == TRADES_MAX || !s1_text_take_string(rest, &id) ||
        !s1_uid_read(id, &me->taken[me->count].trade_id.uid)) {
        return false;
    }
    me->count++;
    return true;
}

static s1_rc load_state(profit_taker *me, s1_err *err)
{
    s1_str json;
    S1_TRY(err, me->host->state->load(me->host->ctx, &json, err));
    if (json.len == 0) {
        return S1_OK;
    }
    s1_str rest = json;
    if (!s1_text_skip(&rest, S1_STR(STATE_HEAD)) ||
        !s1_text_take_list(&rest, S1_STR("]}"), take_trade, me) || rest.len != 0) {
        return S1_RAISE(err, S1_E_DATA,
                        "partial_profit_taker: state '%.*s', expected " STATE_HEAD
                        "\"<trade id>\",...]}",
                        (int)(json.len < 200 ? json.len : 200), json.ptr);
    }
    return S1_OK;
}

/* --- Taking. ------------------------------------------------------------------------------ */

static taken_trade *find_taken(profit_taker *me, s1_trade_id trade_id)
{
    for (uint32_t i = 0; i < me->count; i++) {
        if (memcmp(&me->taken[i].trade_id, &trade_id, sizeof trade_id) == 0) {
            return &me->taken[i];
        }
    }
    return NULL;
}

/* Forgets the trades that are no longer open. The next commit leaves them out: on its own it is no
 * reason for one, a trade nobody asks for does no harm. */
static void drop_closed(profit_taker *me, const s1_ledger_view *ledger)
{
    for (uint32_t i = 0; i < ledger->position_count; i++) {
        taken_trade *const found = find_taken(me, s1_ledger_position(ledger, i)->trade_id);
        if (found != NULL) {
            found->is_open = true;
        }
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < me->count; i++) {
        if (me->taken[i].is_open) {
            me->taken[i].is_open = false;
            me->taken[kept++] = me->taken[i];
        }
    }
    me->count = kept;
}

/* Has the close come as far from the entry as asked, in the trade's favour? */
static s1_rc has_reached(const profit_taker *me, const s1_position *position, s1_dec close,
                         bool *ret_reached, s1_err *err)
{
    s1_dec needed;
    s1_dec gain;
    S1_TRY(err, s1_dec_mul(position->entry_price, me->profit_fraction, S1_ROUND_UP, &needed, err));
    if (position->direction == S1_LONG) {
        S1_TRY(err, s1_dec_sub(close, position->entry_price, &gain, err));
    } else {
        S1_TRY(err, s1_dec_sub(position->entry_price, close, &gain, err));
    }
    *ret_reached = s1_dec_cmp(gain, needed) >= 0;
    return S1_OK;
}

/* The quantity to close; zero where the venue would refuse it or what is left of the position. */
static s1_rc part_of(const profit_taker *me, const s1_instrument *instrument,
                     const s1_position *position, s1_dec close, s1_dec *ret_part, s1_err *err)
{
    s1_verdict verdict = {.size = sizeof verdict};
    s1_dec part;
    s1_dec rest;
    S1_TRY(err, s1_dec_mul(position->quantity, me->close_fraction, S1_ROUND_DOWN, &part, err));
    S1_TRY(err, s1_quantity_to_lot(instrument, part, &part, err));
    S1_TRY(err, s1_dec_sub(position->quantity, part, &rest, err));
    S1_TRY(err, s1_verdict_check_minimum(&verdict, instrument, part, close, err));
    S1_TRY(err, s1_verdict_check_minimum(&verdict, instrument, rest, close, err));
    *ret_part = verdict.is_rejected ? S1_DEC_ZERO : part;
    return S1_OK;
}

static s1_rc take_part(profit_taker *me, const s1_context *context, const s1_position *position,
                       s1_dec close, const s1_order_api *orders, s1_err *err)
{
    bool is_reached;
    s1_close_request request = {.size = sizeof request, .reason = S1_STR("PARTIAL_PROFIT")};
    S1_TRY(err, has_reached(me, position, close, &is_reached, err));
    if (!is_reached) {
        return S1_OK;
    }
    S1_TRY(err, part_of(me, context->primary->instrument, position, close, &request.quantity, err));
    if (s1_dec_is_zero(request.quantity)) {
        return S1_OK; /* zero would close all of it */
    }
    if (me->count == TRADES_MAX) {
        return S1_RAISE(err, S1_E_RANGE, "partial_profit_taker: more than %u open trades",
                        TRADES_MAX);
    }
    const s1_trade_id trade_id = position->trade_id; /* the close may move the position */
    me->taken[me->count++] = (taken_trade){.trade_id = trade_id};
    S1_TRY(err, commit_state(me, err));
    S1_TRY(err, orders->close(orders->self, trade_id, &request, err));
    return S1_OK;
}

static bool is_same_pair(s1_str a, s1_str b)
{
    return a.len == b.len && (a.ptr == b.ptr || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static s1_rc taker_execute(void *self, const s1_context *context, const s1_execution_input *input,
                           const s1_order_api *orders, s1_err *err)
{
    (void)input;
    profit_taker *const me = self;
    const s1_stream *const primary = context->primary;
    const s1_dec close = s1_dec_from_mantissa(primary->bar.close, primary->instrument->price_scale);
    drop_closed(me, context->ledger);
    /* Newest first: a position that a close removes at once moves none that is still to come. */
    for (uint32_t left = context->ledger->position_count; left > 0; left--) {
        const s1_position *const position = s1_ledger_position(context->ledger, left - 1);
        if (!position->is_closing && is_same_pair(position->asset_pair, context->asset_pair) &&
            find_taken(me, position->trade_id) == NULL) {
            S1_TRY(err, take_part(me, context, position, close, orders, err));
        }
    }
    return S1_OK;
}

static s1_rc read_percent(const s1_binder *binder, s1_str name, s1_dec *ret_fraction, s1_err *err)
{
    s1_dec percent;
    S1_TRY(err, binder->param_decimal(binder->self, name, &percent, err));
    S1_TRY(err,
           s1_dec_mul(percent, s1_dec_from_mantissa(1, 2), S1_ROUND_HALF_EVEN, ret_fraction, err));
    return S1_OK;
}

static void taker_destroy(void *self)
{
    free(self);
}

static s1_rc taker_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                          s1_err *err)
{
    if (host->state == NULL) {
        return S1_RAISE(err, S1_E_INVALID, "partial_profit_taker: the host grants no state");
    }
    profit_taker *const me = calloc(1, sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "partial_profit_taker: %zu bytes", sizeof *me);
    }
    me->host = host;
    s1_rc rc = read_percent(binder, S1_STR("profit_percent"), &me->profit_fraction, err);
    if (rc == S1_OK) {
        rc = read_percent(binder, S1_STR("close_percent"), &me->close_fraction, err);
    }
    if (rc == S1_OK) {
        rc = load_state(me, err);
    }
    if (rc != S1_OK) {
        free(me);
        return rc;
    }
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops taker_ops = {
    .size = sizeof taker_ops,
    .type = S1_WORKER_EXECUTION,
    .create = taker_create,
    .destroy = taker_destroy,
    .execute = taker_execute,
};

S1_PLUGIN("partial_profit_taker", "1.0.0", &taker_ops, S1_CAP_STATE)
