/* adaptive_risk_sizer - the quantity whose loss at the stop is a fixed percentage of the equity,
 * reduced while threats are active; refuses while one of them leaves nothing.
 */
#include "s1mple/planning.h"

#include <stdlib.h>

typedef struct adaptive_sizer {
    s1_dec risk_fraction;                  /* of the equity, without threats */
    s1_dec max_fraction;                   /* of the buying power */
    s1_dec left[S1_SEVERITY_CRITICAL + 1]; /* of the risk, by severity */
    const s1_str *types;                   /* borrowed, lives as long as the worker */
    size_t type_count;                     /* 0: all of them */
    bool is_each;
} adaptive_sizer;

static bool counts(const adaptive_sizer *me, const s1_threat *threat)
{
    bool is_listed = me->type_count == 0;
    for (size_t i = 0; i < me->type_count && !is_listed; i++) {
        is_listed = s1_text_equal(me->types[i], threat->threat_type);
    }
    return is_listed && threat->severity >= S1_SEVERITY_LOW &&
           threat->severity <= S1_SEVERITY_CRITICAL;
}

/* What the active threats leave of the risk; refuses where that is nothing. */
static s1_rc risk_left(const adaptive_sizer *me, const s1_threat_list *threats, s1_verdict *verdict,
                       s1_dec *ret_left, s1_err *err)
{
    s1_dec left = S1_DEC_ONE;
    int32_t gravest = 0;
    for (uint32_t i = 0; i < threats->count; i++) {
        const s1_threat *const threat = s1_threat_list_at(threats, i);
        if (!counts(me, threat)) {
            continue;
        }
        const s1_dec part = me->left[threat->severity];
        if (s1_dec_is_zero(part)) {
            s1_verdict_reject(verdict, S1_STR("THREAT_ACTIVE"), 0.0, (double)threat->severity);
            verdict->threat_id = threat->threat_id;
            return S1_OK;
        }
        if (me->is_each) {
            S1_TRY(err, s1_dec_mul(left, part, S1_ROUND_DOWN, &left, err));
        } else if (threat->severity > gravest) {
            gravest = threat->severity;
            left = part;
        }
    }
    *ret_left = left;
    return S1_OK;
}

static s1_rc sizer_plan(void *self, const s1_context *context, const s1_signal *signal,
                        const s1_threat_list *threats, s1_plan *plan, s1_verdict *verdict,
                        s1_err *err)
{
    (void)signal;
    const adaptive_sizer *const me = self;
    s1_dec distance = S1_DEC_ZERO;
    s1_dec risk = S1_DEC_ZERO;
    S1_TRY(err, s1_plan_stop_distance(plan, verdict, &distance, err));
    if (!verdict->is_rejected) {
        S1_TRY(err, risk_left(me, threats, verdict, &risk, err));
    }
    if (verdict->is_rejected) {
        return S1_OK;
    }
    S1_TRY(err, s1_dec_mul(risk, me->risk_fraction, S1_ROUND_DOWN, &risk, err));
    S1_TRY(err,
           s1_plan_size_by_risk(context, plan, distance, risk, me->max_fraction, verdict, err));
    return S1_OK;
}

/* The parts by severity; the manifest keeps them within 0 and 100. */
static s1_rc read_parts(adaptive_sizer *me, const s1_binder *binder, s1_err *err)
{
    const s1_str names[] = {S1_STR("low_percent"), S1_STR("medium_percent"), S1_STR("high_percent"),
                            S1_STR("critical_percent")};
    for (int32_t i = 0; i < 4; i++) {
        s1_dec percent;
        S1_TRY(err, binder->param_decimal(binder->self, names[i], &percent, err));
        S1_TRY(err, s1_dec_mul(percent, s1_dec_from_mantissa(1, 2), S1_ROUND_DOWN,
                               &me->left[S1_SEVERITY_LOW + i], err));
    }
    return S1_OK;
}

static void sizer_destroy(void *self)
{
    free(self);
}

static s1_rc sizer_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                          s1_err *err)
{
    (void)host;
    void *const b = binder->self;
    adaptive_sizer bound = {0};
    s1_str combine;
    S1_TRY(err,
           s1_param_percent(binder, S1_STR("risk_per_trade_percent"), &bound.risk_fraction, err));
    S1_TRY(err, s1_param_percent(binder, S1_STR("max_capital_percent"), &bound.max_fraction, err));
    S1_TRY(err, read_parts(&bound, binder, err));
    S1_TRY(err, binder->param_text(b, S1_STR("combine"), &combine, err));
    S1_TRY(err, binder->param_text_list(b, S1_STR("threat_types"), &bound.types, &bound.type_count,
                                        err));
    bound.is_each = s1_text_equal(combine, S1_STR("each"));
    adaptive_sizer *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "adaptive_risk_sizer: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops sizer_ops = {
    .size = sizeof sizer_ops,
    .type = S1_WORKER_PLANNING,
    .create = sizer_create,
    .destroy = sizer_destroy,
    .plan = sizer_plan,
};

S1_PLUGIN("adaptive_risk_sizer", "1.0.0", &sizer_ops, 0)
