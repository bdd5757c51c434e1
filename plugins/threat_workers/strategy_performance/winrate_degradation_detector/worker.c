/* winrate_degradation_detector - reports WINRATE_DEGRADED while too few of the last closed trades
 * were won, or too many in a row were lost.
 *
 * The results of the last trades are state, committed when a trade closes: a restart does not
 * forget a losing streak.
 */
#include "s1mple/params.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRADES_MAX 1000u

typedef struct winrate_monitor {
    const s1_host *host;
    s1_condition *winrate, *losses; /* losses NULL: not counted */
    double min_winrate;             /* percent */
    uint64_t trades, max_losses, cool_down;
    int32_t severity;
    uint64_t seen_trades, seen_wins; /* of the ledger */
    uint64_t bars;                   /* since a trade closed, or they were forgotten */
    double rate;                     /* percent won; NaN before enough are closed */
    uint64_t streak;                 /* lost in a row */
    size_t count;
    char results[TRADES_MAX + 1]; /* 'W' and 'L', oldest first */
    char json[TRADES_MAX + 96];
} winrate_monitor;

/* --- State: {"v":1,"trades":N,"wins":N,"bars":N,"results":"WL.."}. ---------------------------- */

#define STATE_FORM "{\"v\":1,\"trades\":%llu,\"wins\":%llu,\"bars\":%llu,\"results\":\"%s\"}"

static s1_rc commit_state(winrate_monitor *me, s1_err *err)
{
    me->results[me->count] = '\0';
    const int length =
        snprintf(me->json, sizeof me->json, STATE_FORM, (unsigned long long)me->seen_trades,
                 (unsigned long long)me->seen_wins, (unsigned long long)me->bars, me->results);
    S1_TRY(err, me->host->state->commit(me->host->ctx, (s1_str){me->json, (size_t)length}, err));
    return S1_OK;
}

static bool is_result(s1_str text)
{
    bool is_good = text.len <= TRADES_MAX;
    for (size_t i = 0; i < text.len && is_good; i++) {
        is_good = text.ptr[i] == 'W' || text.ptr[i] == 'L';
    }
    return is_good;
}

static s1_rc load_state(winrate_monitor *me, s1_err *err)
{
    s1_str json;
    S1_TRY(err, me->host->state->load(me->host->ctx, &json, err));
    if (json.len == 0) {
        return S1_OK;
    }
    s1_str rest = json;
    s1_str results = {NULL, 0};
    if (!s1_text_skip(&rest, S1_STR("{\"v\":1,\"trades\":")) ||
        !s1_text_take_number(&rest, &me->seen_trades) ||
        !s1_text_skip(&rest, S1_STR(",\"wins\":")) || !s1_text_take_number(&rest, &me->seen_wins) ||
        !s1_text_skip(&rest, S1_STR(",\"bars\":")) || !s1_text_take_number(&rest, &me->bars) ||
        !s1_text_skip(&rest, S1_STR(",\"results\":")) || !s1_text_take_string(&rest, &results) ||
        !s1_text_equal(rest, S1_STR("}")) || !is_result(results)) {
        return S1_RAISE(err, S1_E_DATA,
                        "winrate_degradation_detector: state '%.*s', expected "
                        "{\"v\":1,\"trades\":N,\"wins\":N,\"bars\":N,\"results\":\"WL..\"}",
                        (int)(json.len < 200 ? json.len : 200), json.ptr);
    }
    /* Fewer trades count now than then: the last of them. */
    const size_t kept = results.len < me->trades ? results.len : (size_t)me->trades;
    if (kept > 0) {
        memcpy(me->results, results.ptr + results.len - kept, kept);
    }
    me->count = kept;
    return S1_OK;
}

/* --- Assessment. -------------------------------------------------------------------------- */

static void push(winrate_monitor *me, char result)
{
    if (me->count == me->trades) {
        memmove(me->results, me->results + 1, me->count - 1);
        me->count--;
    }
    me->results[me->count++] = result;
}

/* Takes in the trades closed since the last call; true if there were any. Of those that closed in
 * one tick only the numbers are known: the lost ones come first, so that they end no streak. */
static bool take_trades(winrate_monitor *me, const s1_ledger_view *ledger)
{
    if (ledger->closed_trades < me->seen_trades) { /* a ledger that began anew */
        me->seen_trades = 0;
        me->seen_wins = 0;
    }
    const uint64_t closed = ledger->closed_trades - me->seen_trades;
    const uint64_t wins = ledger->closed_wins - me->seen_wins;
    for (uint64_t i = 0; i < closed; i++) {
        push(me, i < closed - wins ? 'L' : 'W');
    }
    me->seen_trades = ledger->closed_trades;
    me->seen_wins = ledger->closed_wins;
    return closed > 0;
}

/* Counts the results anew; only when they changed. */
static void count_results(winrate_monitor *me)
{
    uint64_t wins = 0;
    me->streak = 0;
    for (size_t i = 0; i < me->count; i++) {
        const bool is_won = me->results[i] == 'W';
        wins += is_won;
        me->streak = is_won ? 0 : me->streak + 1;
    }
    me->rate = me->count < me->trades ? (double)NAN : (double)wins * 100.0 / (double)me->count;
}

static s1_rc report(const winrate_monitor *me, s1_str key, double limit, const s1_threat_sink *out,
                    s1_err *err)
{
    const s1_field details[] = {
        S1_FIELD_NUMBER("limit", limit),
        S1_FIELD_NUMBER("losses_in_row", (double)me->streak),
        S1_FIELD_NUMBER("trades", (double)me->count),
        S1_FIELD_NUMBER("winrate", me->rate),
    };
    const size_t count = sizeof details / sizeof details[0] - (isnan(me->rate) ? 1 : 0);
    S1_TRY(err,
           s1_threat_emit(out, S1_STR("WINRATE_DEGRADED"), key, me->severity, details, count, err));
    return S1_OK;
}

/* Brings the results up to date and writes them down where they changed. */
static s1_rc track(winrate_monitor *me, const s1_context *context, s1_err *err)
{
    if (take_trades(me, context->ledger)) {
        me->bars = 0;
        count_results(me);
        return commit_state(me, err);
    }
    if (me->cool_down == 0 || me->count == 0) {
        return S1_OK;
    }
    if (context->ledger->position_count > 0) {
        return S1_OK; /* a trade is open: its result is still to come */
    }
    me->bars++;
    if (me->bars < me->cool_down) {
        return S1_OK;
    }
    me->count = 0;
    me->bars = 0;
    count_results(me);
    return commit_state(me, err);
}

static s1_rc monitor_assess(void *self, const s1_context *context, const s1_threat_sink *out,
                            s1_err *err)
{
    winrate_monitor *const me = self;
    S1_TRY(err, track(me, context, err));
    if (S1_CONDITION(context, me->winrate, me->rate, LT, me->min_winrate)) {
        S1_TRY(err, report(me, S1_STR("winrate"), me->min_winrate, out, err));
    }
    if (me->losses != NULL &&
        S1_CONDITION(context, me->losses, (double)me->streak, GT, (double)me->max_losses)) {
        S1_TRY(err, report(me, S1_STR("losses"), (double)me->max_losses, out, err));
    }
    return S1_OK;
}

static s1_rc read_params(winrate_monitor *me, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    int64_t trades;
    int64_t losses;
    int64_t cool_down;
    S1_TRY(err, binder->param_int(b, S1_STR("trades"), &trades, err));
    S1_TRY(err, binder->param_int(b, S1_STR("max_losses_in_row"), &losses, err));
    S1_TRY(err, binder->param_int(b, S1_STR("cool_down_bars"), &cool_down, err));
    S1_TRY(err, binder->param_float(b, S1_STR("min_winrate_percent"), &me->min_winrate, err));
    S1_TRY(err, s1_param_severity(binder, S1_STR("severity"), &me->severity, err));
    me->trades = (uint64_t)trades;
    me->max_losses = (uint64_t)losses;
    me->cool_down = (uint64_t)cool_down;
    if (me->max_losses >= me->trades) {
        return S1_RAISE(err, S1_E_INVALID,
                        "winrate_degradation_detector: max_losses_in_row %lld, expected below "
                        "trades %lld, of which no more are known",
                        (long long)losses, (long long)trades);
    }
    return S1_OK;
}

static void monitor_destroy(void *self)
{
    free(self);
}

static s1_rc monitor_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                            s1_err *err)
{
    if (host->state == NULL) {
        return S1_RAISE(err, S1_E_INVALID,
                        "winrate_degradation_detector: the host grants no state");
    }
    winrate_monitor *const me = calloc(1, sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "winrate_degradation_detector: %zu bytes", sizeof *me);
    }
    me->host = host;
    s1_rc rc = S1_OK;
    S1_TRY_GOTO(err, rc, failed, read_params(me, binder, err));
    S1_TRY_GOTO(err, rc, failed,
                binder->condition(binder->self, S1_STR("winrate"), &me->winrate, err));
    if (me->max_losses > 0) {
        S1_TRY_GOTO(err, rc, failed,
                    binder->condition(binder->self, S1_STR("losses_in_row"), &me->losses, err));
    }
    S1_TRY_GOTO(err, rc, failed, load_state(me, err));
    count_results(me);
    *ret_self = me;
    return S1_OK;
failed:
    free(me);
    return rc;
}

static const s1_worker_ops monitor_ops = {
    .size = sizeof monitor_ops,
    .type = S1_WORKER_THREAT,
    .create = monitor_create,
    .destroy = monitor_destroy,
    .assess = monitor_assess,
};

S1_PLUGIN("winrate_degradation_detector", "1.0.0", &monitor_ops, S1_CAP_STATE)
