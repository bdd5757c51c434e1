/* news_signal_generator - signals when news about the pair with a strong score became known since
 * the bar before.
 *
 * It keeps nothing between ticks: which rows are new follows from when they became known and when
 * the bar before closed, so a restart or a warm-up that did not call it changes no signal.
 */
#include "s1mple/news.h"
#include "s1mple/params.h"

#include <stdlib.h>

typedef struct news_signals {
    s1_news news;
    s1_condition *is_known, *is_fresh, *is_good, *is_bad;
    double min_score, full_score;
    s1_nanos max_age;
    bool has_long, has_short, fades, emits_every;
} news_signals;

static double age_seconds(const news_signals *me, uint64_t row, s1_nanos now)
{
    return (double)(now - s1_feed_published_at(me->news.feed, row)) / (double)S1_NANOS_PER_SECOND;
}

static s1_rc emit_news(const news_signals *me, const s1_context *context, uint64_t row,
                       int32_t direction, const s1_opportunity_sink *out, s1_err *err)
{
    const double score = s1_news_score(&me->news, row);
    const double strength = fabs(score) / me->full_score;
    const s1_str headline = s1_news_headline(&me->news, row);
    const s1_field metadata[] = {
        S1_FIELD_NUMBER("news_score", score),
        S1_FIELD_NUMBER("age_seconds", age_seconds(me, row, context->now)),
        S1_FIELD_TEXT("headline", headline),
    };
    const s1_signal draft = {
        .size = sizeof draft,
        .direction = direction,
        .signal_type = S1_STR("news"),
        .score = strength < 1.0 ? strength : 1.0,
        .price = s1_series_last(&me->news.stream->close),
        .metadata = metadata,
        .metadata_count = headline.len > 0 ? 3 : 2,
    };
    s1_opportunity_id id;
    S1_TRY(err, out->emit(out->self, &draft, &id, err));
    return S1_OK;
}

/* One row about the pair: fresh and strong enough, in a direction that is wanted? */
static s1_rc consider(const news_signals *me, const s1_context *context, uint64_t row,
                      const s1_opportunity_sink *out, s1_err *err)
{
    const double age = age_seconds(me, row, context->now);
    const double age_max = (double)me->max_age / (double)S1_NANOS_PER_SECOND;
    const double score = s1_news_score(&me->news, row);
    if (!S1_CONDITION(context, me->is_fresh, age, LE, age_max)) {
        return S1_OK;
    }
    if ((me->fades ? me->has_short : me->has_long) &&
        S1_CONDITION(context, me->is_good, score, GE, me->min_score)) {
        return emit_news(me, context, row, me->fades ? S1_SHORT : S1_LONG, out, err);
    }
    if ((me->fades ? me->has_long : me->has_short) &&
        S1_CONDITION(context, me->is_bad, score, LE, -me->min_score)) {
        return emit_news(me, context, row, me->fades ? S1_LONG : S1_SHORT, out, err);
    }
    return S1_OK;
}

static s1_rc news_detect(void *self, const s1_context *context, const s1_opportunity_sink *out,
                         s1_err *err)
{
    const news_signals *const me = self;
    if (!me->news.stream->is_new) {
        return S1_OK;
    }
    const uint64_t rows = s1_feed_rows(me->news.feed);
    uint64_t count = 0;
    uint64_t strongest = rows;
    for (uint64_t row = s1_news_first(&me->news); row < rows; row++) {
        const double score = s1_news_score(&me->news, row);
        if (isnan(score)) {
            continue;
        }
        count++;
        if (me->emits_every) {
            S1_TRY(err, consider(me, context, row, out, err));
        } else if (strongest == rows || fabs(score) > fabs(s1_news_score(&me->news, strongest))) {
            strongest = row;
        }
    }
    (void)S1_CONDITION(context, me->is_known, (double)count, GT, 0.0);
    return strongest < rows ? consider(me, context, strongest, out, err) : S1_OK;
}

/* Only what will be tested is declared, in the order it is tested. */
static s1_rc bind_conditions(news_signals *me, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    S1_TRY(err, binder->condition(b, S1_STR("news_of_the_pair"), &me->is_known, err));
    S1_TRY(err, binder->condition(b, S1_STR("age_seconds"), &me->is_fresh, err));
    if (me->fades ? me->has_short : me->has_long) {
        S1_TRY(err, binder->condition(b, S1_STR("good_news"), &me->is_good, err));
    }
    if (me->fades ? me->has_long : me->has_short) {
        S1_TRY(err, binder->condition(b, S1_STR("bad_news"), &me->is_bad, err));
    }
    return S1_OK;
}

static void news_destroy(void *self)
{
    free(self);
}

static s1_rc news_create(const s1_host *host, const s1_binder *binder, void **ret_self, s1_err *err)
{
    (void)host;
    void *const b = binder->self;
    news_signals bound = {.is_known = NULL};
    s1_str reaction;
    s1_str emit;
    S1_TRY(err, s1_news_bind(binder, S1_STR("score_field"), &bound.news, err));
    S1_TRY(err, binder->param_float(b, S1_STR("min_score"), &bound.min_score, err));
    S1_TRY(err, binder->param_float(b, S1_STR("full_score"), &bound.full_score, err));
    S1_TRY(err, binder->param_duration(b, S1_STR("max_age"), &bound.max_age, err));
    S1_TRY(err, binder->param_text(b, S1_STR("reaction"), &reaction, err));
    S1_TRY(err, binder->param_text(b, S1_STR("emit"), &emit, err));
    S1_TRY(err, s1_param_directions(binder, S1_STR("direction"), &bound.has_long, &bound.has_short,
                                    err));
    bound.fades = s1_text_equal(reaction, S1_STR("fade"));
    bound.emits_every = s1_text_equal(emit, S1_STR("every"));
    S1_TRY(err, bind_conditions(&bound, binder, err));
    news_signals *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "news_signal_generator: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops news_ops = {
    .size = sizeof news_ops,
    .type = S1_WORKER_OPPORTUNITY,
    .create = news_create,
    .destroy = news_destroy,
    .detect = news_detect,
};

S1_PLUGIN("news_signal_generator", "1.0.0", &news_ops, 0)
