/* ml_prediction - signals where a trained model scores the columns of the bar high or low enough.
 *
 * It keeps nothing between ticks: what was said a bar ago is the model's score of the bar before,
 * so a restart or a warm-up that did not call it changes no signal.
 */
#include "s1mple/params.h"

#include <stdlib.h>

typedef struct ml_prediction {
    const s1_model *model;
    const s1_stream *stream;
    s1_condition *above, *below;
    double long_from, short_to;
    size_t score_index;
    bool has_long, has_short, is_on_change;
    double *scores; /* [model->score_count] */
    double *row;    /* [model->feature_count] */
    const s1_series *features[];
} ml_prediction;

/* The model's score of the bar `ago` bars back. */
static s1_rc score_at(const ml_prediction *me, uint64_t ago, double *ret_score, s1_err *err)
{
    for (uint32_t i = 0; i < me->model->feature_count; i++) {
        me->row[i] = s1_series_at(me->features[i], ago);
    }
    S1_TRY(err, me->model->predict(me->model->self, me->row, me->scores, err));
    *ret_score = me->scores[me->score_index];
    return S1_OK;
}

/* Which side a score is on: S1_LONG, S1_SHORT, or 0. */
static int32_t side_of(const ml_prediction *me, double score)
{
    return score >= me->long_from ? S1_LONG : score <= me->short_to ? S1_SHORT : 0;
}

static s1_rc emit_prediction(const ml_prediction *me, int32_t direction, double score,
                             const s1_opportunity_sink *out, s1_err *err)
{
    const s1_field metadata[] = {S1_FIELD_NUMBER("model_score", score)};
    const bool is_share = score >= 0.0 && score <= 1.0; /* a probability, not a return */
    const s1_signal draft = {
        .size = sizeof draft,
        .direction = direction,
        .signal_type = S1_STR("ml_prediction"),
        .score = !is_share              ? (double)NAN
                 : direction == S1_LONG ? score
                                        : 1.0 - score,
        .price = s1_series_last(&me->stream->close),
        .metadata = metadata,
        .metadata_count = sizeof metadata / sizeof metadata[0],
    };
    s1_opportunity_id id;
    S1_TRY(err, out->emit(out->self, &draft, &id, err));
    return S1_OK;
}

static s1_rc prediction_detect(void *self, const s1_context *context,
                               const s1_opportunity_sink *out, s1_err *err)
{
    const ml_prediction *const me = self;
    double score;
    double before = (double)NAN;
    if (!me->stream->is_new) {
        return S1_OK;
    }
    S1_TRY(err, score_at(me, 0, &score, err));
    const bool is_long = me->has_long && S1_CONDITION(context, me->above, score, GE, me->long_from);
    const bool is_short =
        me->has_short && S1_CONDITION(context, me->below, score, LE, me->short_to);
    if (!is_long && !is_short) {
        return S1_OK;
    }
    if (me->is_on_change) {
        S1_TRY(err, score_at(me, 1, &before, err));
    }
    return me->is_on_change && side_of(me, before) == side_of(me, score)
               ? S1_OK
               : emit_prediction(me, is_long ? S1_LONG : S1_SHORT, score, out, err);
}

static s1_rc read_params(ml_prediction *me, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    int64_t index;
    s1_str emit;
    S1_TRY(err, binder->param_int(b, S1_STR("score_index"), &index, err));
    S1_TRY(err, binder->param_float(b, S1_STR("long_from"), &me->long_from, err));
    S1_TRY(err, binder->param_float(b, S1_STR("short_to"), &me->short_to, err));
    S1_TRY(err, binder->param_text(b, S1_STR("emit"), &emit, err));
    S1_TRY(err,
           s1_param_directions(binder, S1_STR("direction"), &me->has_long, &me->has_short, err));
    me->is_on_change = s1_text_equal(emit, S1_STR("on_change"));
    me->score_index = (size_t)index;
    if (me->score_index >= me->model->score_count) {
        return S1_RAISE(err, S1_E_INVALID, "ml_prediction: score_index %zu, the model gives %u",
                        me->score_index, me->model->score_count);
    }
    if (!(me->short_to < me->long_from)) {
        return S1_RAISE(err, S1_E_INVALID,
                        "ml_prediction: short_to %g, expected below long_from %g", me->short_to,
                        me->long_from);
    }
    return S1_OK;
}

static s1_rc bind_all(ml_prediction *me, const s1_binder *binder, const s1_str *names, s1_err *err)
{
    void *const b = binder->self;
    S1_TRY(err, binder->stream(b, (s1_str){NULL, 0}, &me->stream, err));
    for (uint32_t i = 0; i < me->model->feature_count; i++) {
        S1_TRY(err, binder->series(b, names[i], &me->features[i], err));
    }
    S1_TRY(err, read_params(me, binder, err));
    if (me->has_long) {
        S1_TRY(err, binder->condition(b, S1_STR("score_above"), &me->above, err));
    }
    if (me->has_short) {
        S1_TRY(err, binder->condition(b, S1_STR("score_below"), &me->below, err));
    }
    return S1_OK;
}

static void prediction_destroy(void *self)
{
    ml_prediction *const me = self;
    if (me != NULL) {
        free(me->scores);
        free(me->row);
        free(me);
    }
}

static s1_rc prediction_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                               s1_err *err)
{
    (void)host;
    const s1_model *model;
    const s1_str *names;
    size_t count;
    S1_TRY(err, binder->model(binder->self, S1_STR("model"), &model, err));
    S1_TRY(err, binder->param_text_list(binder->self, S1_STR("features"), &names, &count, err));
    if (count != model->feature_count) {
        return S1_RAISE(err, S1_E_INVALID,
                        "ml_prediction: %zu features, the model was trained on %u", count,
                        model->feature_count);
    }
    ml_prediction *const me = calloc(1, sizeof *me + count * sizeof(const s1_series *));
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "ml_prediction: %zu features", count);
    }
    me->model = model;
    me->scores = calloc(model->score_count, sizeof *me->scores);
    me->row = calloc(count, sizeof *me->row);
    const s1_rc rc = me->scores == NULL || me->row == NULL
                         ? S1_RAISE(err, S1_E_NO_MEMORY, "ml_prediction: %zu features", count)
                         : bind_all(me, binder, names, err);
    if (rc != S1_OK) {
        prediction_destroy(me);
        return rc;
    }
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops prediction_ops = {
    .size = sizeof prediction_ops,
    .type = S1_WORKER_OPPORTUNITY,
    .create = prediction_create,
    .destroy = prediction_destroy,
    .detect = prediction_detect,
};

S1_PLUGIN("ml_prediction", "1.0.0", &prediction_ops, 0)
