/* news_event_monitor - reports NEWS_EVENT for a while after strong news about the pair became
 * known.
 *
 * It keeps nothing between ticks: the rows of the last `hold` are looked at again.
 */
#include "s1mple/news.h"

#include <stdlib.h>

typedef struct news_monitor {
    s1_news news;
    s1_condition *is_strong;
    s1_nanos hold;
    double scores[3]; /* MEDIUM, HIGH, CRITICAL; ascending */
    bool counts_bad, counts_good;
} news_monitor;

/* How strong a row is, or 0 if it is none of the news that count. */
static double strength_of(const news_monitor *me, uint64_t row)
{
    const double score = s1_news_score(&me->news, row);
    const bool does_count = (score < 0.0 && me->counts_bad) || (score > 0.0 && me->counts_good);
    return does_count ? fabs(score) : 0.0;
}

static s1_rc report_news(const news_monitor *me, const s1_context *context, uint64_t row,
                         const s1_threat_sink *out, s1_err *err)
{
    const double strength = strength_of(me, row);
    const s1_str headline = s1_news_headline(&me->news, row);
    const double age = (double)(context->now - s1_feed_published_at(me->news.feed, row));
    const s1_field details[] = {
        S1_FIELD_NUMBER("news_score", s1_news_score(&me->news, row)),
        S1_FIELD_NUMBER("age_seconds", age / (double)S1_NANOS_PER_SECOND),
        S1_FIELD_TEXT("headline", headline),
    };
    const s1_threat_report report = {
        .size = sizeof report,
        .severity = strength >= me->scores[2]   ? S1_SEVERITY_CRITICAL
                    : strength >= me->scores[1] ? S1_SEVERITY_HIGH
                                                : S1_SEVERITY_MEDIUM,
        .threat_type = S1_STR("NEWS_EVENT"),
        .details = details,
        .detail_count = headline.len > 0 ? 3 : 2,
    };
    s1_threat_id id;
    S1_TRY(err, out->report(out->self, &report, &id, err));
    return S1_OK;
}

static s1_rc monitor_assess(void *self, const s1_context *context, const s1_threat_sink *out,
                            s1_err *err)
{
    const news_monitor *const me = self;
    const s1_feed *const feed = me->news.feed;
    uint64_t strongest = s1_feed_rows(feed);
    double strength = 0.0;
    for (uint64_t row = s1_feed_since(feed, context->now - me->hold); row < s1_feed_rows(feed);
         row++) {
        const double found = strength_of(me, row);
        if (found > strength) {
            strength = found;
            strongest = row;
        }
    }
    return S1_CONDITION(context, me->is_strong, strength, GE, me->scores[0])
               ? report_news(me, context, strongest, out, err)
               : S1_OK;
}

static s1_rc read_scores(news_monitor *me, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    S1_TRY(err, binder->param_float(b, S1_STR("medium_score"), &me->scores[0], err));
    S1_TRY(err, binder->param_float(b, S1_STR("high_score"), &me->scores[1], err));
    S1_TRY(err, binder->param_float(b, S1_STR("critical_score"), &me->scores[2], err));
    if (!(me->scores[0] <= me->scores[1] && me->scores[1] <= me->scores[2])) {
        return S1_RAISE(err, S1_E_INVALID,
                        "news_event_monitor: medium_score %g, high_score %g, critical_score %g, "
                        "expected ascending",
                        me->scores[0], me->scores[1], me->scores[2]);
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
    (void)host;
    void *const b = binder->self;
    news_monitor bound = {.is_strong = NULL};
    s1_str which;
    S1_TRY(err, s1_news_bind(binder, S1_STR("score_field"), &bound.news, err));
    S1_TRY(err, binder->param_duration(b, S1_STR("hold"), &bound.hold, err));
    S1_TRY(err, binder->param_text(b, S1_STR("news"), &which, err));
    S1_TRY(err, read_scores(&bound, binder, err));
    S1_TRY(err, binder->condition(b, S1_STR("news_strength"), &bound.is_strong, err));
    bound.counts_bad = !s1_text_equal(which, S1_STR("good"));
    bound.counts_good = !s1_text_equal(which, S1_STR("bad"));
    news_monitor *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "news_event_monitor: %zu bytes", sizeof *me);
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

S1_PLUGIN("news_event_monitor", "1.0.0", &monitor_ops, 0)
