/* max_drawdown_monitor - reports MAX_DRAWDOWN_BREACHED while the equity stands too far below its
 * peak of the run, or below its peak of the UTC day.
 *
 * The run's peak is tracked here and never below the ledger's. The day's peak starts at the equity
 * the day began with; it is state, so that a restart at noon does not forgive the morning.
 */
#include "s1mple/params.h"

#include <stdlib.h>

#define NANOS_PER_DAY (86400LL * S1_NANOS_PER_SECOND)
#define NO_DAY        INT64_MIN

typedef struct drawdown_monitor {
    const s1_host *host;
    s1_condition *total, *daily;
    double max_total; /* percent; 0: not watched */
    double max_daily;
    int32_t severity;
    int64_t day; /* days since 1970 of day_peak; NO_DAY before the first tick */
    s1_dec peak, day_peak;
    s1_dec last_equity; /* of the tick before: what a new day begins with */
} drawdown_monitor;

/* --- State: {"v":1,"day":N,"peak":"D","day_peak":"D","equity":"D"}. -------------------------- */

static s1_rc commit_state(const drawdown_monitor *me, s1_err *err)
{
    char peak[S1_DEC_TEXT_MAX];
    char day_peak[S1_DEC_TEXT_MAX];
    char equity[S1_DEC_TEXT_MAX];
    (void)s1_dec_print(me->peak, peak);
    (void)s1_dec_print(me->day_peak, day_peak);
    (void)s1_dec_print(me->last_equity, equity);
    char json[96 + 3 * S1_DEC_TEXT_MAX];
    const int length =
        snprintf(json, sizeof json,
                 "{\"v\":1,\"day\":%lld,\"peak\":\"%s\",\"day_peak\":\"%s\",\"equity\":\"%s\"}",
                 (long long)me->day, peak, day_peak, equity);
    S1_TRY(err, me->host->state->commit(me->host->ctx, (s1_str){json, (size_t)length}, err));
    return S1_OK;
}

static bool parse_day(s1_str text, int64_t *ret_day)
{
    int64_t day = 0;
    if (text.len == 0 || text.len > 7) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
        day = day * 10 + (text.ptr[i] - '0');
    }
    *ret_day = day;
    return true;
}

static s1_rc load_state(drawdown_monitor *me, s1_err *err)
{
    s1_str json;
    S1_TRY(err, me->host->state->load(me->host->ctx, &json, err));
    if (json.len == 0) {
        return S1_OK;
    }
    s1_str rest = json;
    s1_str day;
    s1_str peak;
    s1_str day_peak;
    s1_str equity;
    if (!s1_text_skip(&rest, S1_STR("{\"v\":1,\"day\":")) ||
        !s1_text_take_until(&rest, ',', &day) || !s1_text_skip(&rest, S1_STR("\"peak\":\"")) ||
        !s1_text_take_until(&rest, '"', &peak) ||
        !s1_text_skip(&rest, S1_STR(",\"day_peak\":\"")) ||
        !s1_text_take_until(&rest, '"', &day_peak) ||
        !s1_text_skip(&rest, S1_STR(",\"equity\":\"")) ||
        !s1_text_take_until(&rest, '"', &equity) || !parse_day(day, &me->day)) {
        return S1_RAISE(err, S1_E_DATA,
                        "max_drawdown_monitor: state '%.*s', expected "
                        "{\"v\":1,\"day\":N,\"peak\":..,\"day_peak\":..,\"equity\":..}",
                        (int)(json.len < 200 ? json.len : 200), json.ptr);
    }
    S1_TRY(err, s1_dec_parse(peak, &me->peak, err));
    S1_TRY(err, s1_dec_parse(day_peak, &me->day_peak, err));
    S1_TRY(err, s1_dec_parse(equity, &me->last_equity, err));
    return S1_OK;
}

/* --- Assessment. -------------------------------------------------------------------------- */

/* Tracks both peaks; true if one of them or the day changed. */
static bool track(drawdown_monitor *me, const s1_context *context)
{
    const s1_dec equity = context->ledger->equity;
    /* A bar that closes at midnight belongs to the day it ends. */
    const int64_t day = (context->now - 1) / NANOS_PER_DAY;
    bool has_changed = false;
    if (me->day == NO_DAY) {
        me->peak = equity;
        me->last_equity = equity;
    }
    if (day != me->day) {
        me->day = day;
        me->day_peak = me->last_equity;
        has_changed = true;
    }
    if (s1_dec_cmp(equity, me->day_peak) > 0) {
        me->day_peak = equity;
        has_changed = true;
    }
    const s1_dec peak = s1_dec_max(equity, context->ledger->equity_peak);
    if (s1_dec_cmp(peak, me->peak) > 0) {
        me->peak = peak;
        has_changed = true;
    }
    me->last_equity = equity;
    return has_changed;
}

/* Percent below the peak; 0 at it. */
static s1_rc drawdown(s1_dec peak, s1_dec equity, double *ret_percent, s1_err *err)
{
    s1_dec loss;
    S1_TRY(err, s1_dec_sub(peak, equity, &loss, err));
    *ret_percent =
        s1_dec_sign(peak) > 0 ? s1_dec_to_double(loss) * 100.0 / s1_dec_to_double(peak) : 0.0;
    return S1_OK;
}

static s1_rc report_breach(const drawdown_monitor *me, s1_str key, double percent, double limit,
                           s1_dec peak, const s1_threat_sink *out, s1_err *err)
{
    const s1_field details[] = {
        S1_FIELD_NUMBER("current_drawdown", percent),
        S1_FIELD_NUMBER("limit", limit),
        S1_FIELD_NUMBER("peak", s1_dec_to_double(peak)),
        S1_FIELD_NUMBER("equity", s1_dec_to_double(me->last_equity)),
    };
    const s1_threat_report report = {
        .size = sizeof report,
        .severity = me->severity,
        .key = key,
        .threat_type = S1_STR("MAX_DRAWDOWN_BREACHED"),
        .details = details,
        .detail_count = sizeof details / sizeof details[0],
    };
    s1_threat_id id;
    S1_TRY(err, out->report(out->self, &report, &id, err));
    return S1_OK;
}

static s1_rc monitor_assess(void *self, const s1_context *context, const s1_threat_sink *out,
                            s1_err *err)
{
    drawdown_monitor *const me = self;
    if (track(me, context)) {
        S1_TRY(err, commit_state(me, err));
    }
    double percent;
    if (me->max_total > 0.0) {
        S1_TRY(err, drawdown(me->peak, me->last_equity, &percent, err));
        if (S1_CONDITION(context, me->total, percent, GT, me->max_total)) {
            S1_TRY(err,
                   report_breach(me, S1_STR("total"), percent, me->max_total, me->peak, out, err));
        }
    }
    if (me->max_daily > 0.0) {
        S1_TRY(err, drawdown(me->day_peak, me->last_equity, &percent, err));
        if (S1_CONDITION(context, me->daily, percent, GT, me->max_daily)) {
            S1_TRY(err, report_breach(me, S1_STR("daily"), percent, me->max_daily, me->day_peak,
                                      out, err));
        }
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
    void *const b = binder->self;
    if (host->state == NULL) {
        return S1_RAISE(err, S1_E_INVALID, "max_drawdown_monitor: the host grants no state");
    }
    drawdown_monitor bound = {.host = host, .day = NO_DAY};
    S1_TRY(err, binder->param_float(b, S1_STR("max_total_drawdown"), &bound.max_total, err));
    S1_TRY(err, binder->param_float(b, S1_STR("max_daily_drawdown"), &bound.max_daily, err));
    S1_TRY(err, s1_param_severity(binder, S1_STR("severity"), &bound.severity, err));
    if (!(bound.max_total > 0.0) && !(bound.max_daily > 0.0)) {
        return S1_RAISE(err, S1_E_INVALID,
                        "max_drawdown_monitor: max_total_drawdown and max_daily_drawdown are both "
                        "0, expected at least one limit above 0");
    }
    S1_TRY(err, binder->condition(b, S1_STR("total_drawdown"), &bound.total, err));
    S1_TRY(err, binder->condition(b, S1_STR("daily_drawdown"), &bound.daily, err));
    S1_TRY(err, load_state(&bound, err));
    drawdown_monitor *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "max_drawdown_monitor: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops monitor_ops = {
    .size = sizeof monitor_ops,
    .type = S1_WORKER_THREAT,
    .create = monitor_create,
    .destroy = monitor_destroy,
    .assess = monitor_assess,
};

S1_PLUGIN("max_drawdown_monitor", "1.0.0", &monitor_ops, S1_CAP_STATE)
