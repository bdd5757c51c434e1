/* emergency_exit_on_news - closes positions on a threat from outside the market, or on news against
 * them.
 *
 * It keeps nothing between ticks: which rows are new follows from when they became known.
 */
#include "s1mple/exits.h"
#include "s1mple/news.h"

#include <stdlib.h>

typedef struct news_exit {
    s1_news news;               /* feed NULL: the blueprint gives none */
    s1_condition *bad, *good;   /* NULL without the feed */
    const s1_str *threat_types; /* [threat_type_count]; none: EXTERNAL_EVENT */
    size_t threat_type_count;
    uint32_t severities; /* bits 1 << enum s1_severity */
    double min_score;
} news_exit;

static bool is_news_threat(const void *self, const s1_threat *threat)
{
    const news_exit *const me = self;
    for (size_t i = 0; i < me->threat_type_count; i++) {
        if (s1_text_equal(me->threat_types[i], threat->threat_type)) {
            return true;
        }
    }
    return me->threat_type_count == 0 && s1_text_equal(threat->category, S1_STR("EXTERNAL_EVENT"));
}

static s1_rc leave_on_threat(const news_exit *me, const s1_context *context,
                             const s1_execution_input *input, const s1_order_api *orders,
                             s1_err *err)
{
    const s1_threat *const threat =
        s1_threat_gravest(input->threats, me->severities, is_news_threat, me);
    if (threat == NULL) {
        return S1_OK;
    }
    const s1_close_request request = {
        .size = sizeof request, .reason = S1_STR("THREAT"), .threat_id = threat->threat_id};
    return s1_positions_close(context, orders, 0, &request, err);
}

/* The worst and the best news of the newest bar; nothing if there was none about the pair. */
static s1_rc leave_on_news(const news_exit *me, const s1_context *context,
                           const s1_order_api *orders, s1_err *err)
{
    static const s1_close_request request = {.size = sizeof request,
                                             .reason = {"NEWS", sizeof "NEWS" - 1}};
    double worst = (double)NAN;
    double best = (double)NAN;
    for (uint64_t row = s1_news_first(&me->news); row < s1_feed_rows(me->news.feed); row++) {
        const double score = s1_news_score(&me->news, row);
        worst = fmin(worst, score); /* a NaN counts as nothing */
        best = fmax(best, score);
    }
    if (isnan(worst)) {
        return S1_OK;
    }
    if (S1_CONDITION(context, me->bad, worst, LE, -me->min_score)) {
        S1_TRY(err, s1_positions_close(context, orders, S1_LONG, &request, err));
    }
    if (S1_CONDITION(context, me->good, best, GE, me->min_score)) {
        S1_TRY(err, s1_positions_close(context, orders, S1_SHORT, &request, err));
    }
    return S1_OK;
}

static s1_rc exit_execute(void *self, const s1_context *context, const s1_execution_input *input,
                          const s1_order_api *orders, s1_err *err)
{
    const news_exit *const me = self;
    S1_TRY(err, leave_on_threat(me, context, input, orders, err));
    return me->news.feed != NULL && me->news.stream->is_new
               ? leave_on_news(me, context, orders, err)
               : S1_OK;
}

static s1_rc bind_news(news_exit *me, const s1_binder *binder, s1_err *err)
{
    s1_err reason = S1_ERR_INIT;
    const s1_rc rc = s1_news_bind(binder, S1_STR("score_field"), &me->news, &reason);
    if (rc == S1_E_NOT_FOUND && me->news.feed == NULL) {
        return S1_OK;
    }
    if (rc != S1_OK) {
        return S1_RAISE(err, rc, "%s", reason.msg);
    }
    S1_TRY(err, binder->condition(binder->self, S1_STR("bad_news"), &me->bad, err));
    S1_TRY(err, binder->condition(binder->self, S1_STR("good_news"), &me->good, err));
    return S1_OK;
}

static void exit_destroy(void *self)
{
    free(self);
}

static s1_rc exit_create(const s1_host *host, const s1_binder *binder, void **ret_self, s1_err *err)
{
    (void)host;
    void *const b = binder->self;
    news_exit bound = {.bad = NULL};
    S1_TRY(err, s1_param_severities(binder, S1_STR("exit_on_severity"), &bound.severities, err));
    S1_TRY(err, binder->param_text_list(b, S1_STR("threat_types"), &bound.threat_types,
                                        &bound.threat_type_count, err));
    S1_TRY(err, binder->param_float(b, S1_STR("min_score"), &bound.min_score, err));
    S1_TRY(err, bind_news(&bound, binder, err));
    if (bound.severities == 0 && bound.news.feed == NULL) {
        return S1_RAISE(err, S1_E_INVALID,
                        "emergency_exit_on_news: exit_on_severity is empty and no feed 'news' is "
                        "given, expected one of them");
    }
    news_exit *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "emergency_exit_on_news: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops exit_ops = {
    .size = sizeof exit_ops,
    .type = S1_WORKER_EXECUTION,
    .create = exit_create,
    .destroy = exit_destroy,
    .execute = exit_execute,
};

S1_PLUGIN("emergency_exit_on_news", "1.0.0", &exit_ops, 0)
