/* fvg_detector - signals a fair value gap: three candles whose first and third do not overlap.
 *
 * Only the newest three closed bars are looked at, so a gap is signalled once, when it is made.
 */
#include "s1mple/params.h"
#include "s1mple/plugin.h"

#include <stdlib.h>

typedef struct fvg_detector {
    const s1_stream *stream;
    const s1_series *atr;               /* NULL unless min_gap_atr > 0 */
    const s1_series *is_bos, *is_choch; /* NULL unless require_structure_break */
    s1_condition *gap_up, *long_gap, *gap_down, *short_gap, *structure_break;
    double min_gap_size;
    double min_gap_atr;
    uint64_t structure_bars;
    bool has_long, has_short;
} fvg_detector;

/* The smallest gap that counts now; NaN while the ATR does not exist, and a NaN never holds. */
static double smallest_gap(const fvg_detector *me)
{
    if (me->atr == NULL) {
        return me->min_gap_size;
    }
    const double by_atr = me->min_gap_atr * s1_series_last(me->atr);
    return isnan(by_atr) || by_atr > me->min_gap_size ? by_atr : me->min_gap_size;
}

/* Did the structure break in `direction` (+1 or -1) within the last structure_bars bars? */
static bool has_structure_break(const fvg_detector *me, const s1_context *context, double direction)
{
    if (me->is_bos == NULL) {
        return true;
    }
    uint64_t ago = 0;
    while (ago < me->structure_bars && s1_series_at(me->is_bos, ago) != direction &&
           s1_series_at(me->is_choch, ago) != direction) {
        ago++;
    }
    return S1_CONDITION(context, me->structure_break, (double)ago, LT, (double)me->structure_bars);
}

static s1_rc emit_gap(const fvg_detector *me, int32_t direction, double lower, double upper,
                      const s1_opportunity_sink *out, s1_err *err)
{
    const s1_field metadata[] = {
        S1_FIELD_NUMBER("gap_lower", lower),
        S1_FIELD_NUMBER("gap_upper", upper),
        S1_FIELD_NUMBER("gap_size", upper - lower),
    };
    return s1_signal_emit(out, S1_STR("fvg_entry"), direction, s1_series_last(&me->stream->close),
                          metadata, sizeof metadata / sizeof metadata[0], err);
}

static s1_rc fvg_detect(void *self, const s1_context *context, const s1_opportunity_sink *out,
                        s1_err *err)
{
    fvg_detector *const me = self;
    const s1_stream *const stream = me->stream;
    if (!stream->is_new || stream->rows < 3) {
        return S1_OK;
    }
    const double first_high = s1_series_at(&stream->high, 2);
    const double first_low = s1_series_at(&stream->low, 2);
    const double last_high = s1_series_last(&stream->high);
    const double last_low = s1_series_last(&stream->low);
    const double smallest = smallest_gap(me);
    if (me->has_long && S1_CONDITION(context, me->gap_up, last_low, GT, first_high) &&
        S1_CONDITION(context, me->long_gap, last_low - first_high, GE, smallest) &&
        has_structure_break(me, context, 1.0)) {
        S1_TRY(err, emit_gap(me, S1_LONG, first_high, last_low, out, err));
    }
    if (me->has_short && S1_CONDITION(context, me->gap_down, last_high, LT, first_low) &&
        S1_CONDITION(context, me->short_gap, first_low - last_high, GE, smallest) &&
        has_structure_break(me, context, -1.0)) {
        S1_TRY(err, emit_gap(me, S1_SHORT, last_high, first_low, out, err));
    }
    return S1_OK;
}

/* The optional columns become needed by the parameters that use them. */
static s1_rc bind_optional(fvg_detector *me, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    if (me->min_gap_atr > 0.0) {
        int64_t period;
        S1_TRY(err, binder->param_int(b, S1_STR("atr_period"), &period, err));
        char name[32];
        const int length = snprintf(name, sizeof name, "atr_%lld", (long long)period);
        if (binder->series(b, (s1_str){name, (size_t)length}, &me->atr, err) != S1_OK) {
            return S1_RAISE(err, S1_E_NOT_FOUND,
                            "fvg_detector: min_gap_atr %g needs column %s; place an "
                            "atr_calculator with period %lld in context_workers",
                            me->min_gap_atr, name, (long long)period);
        }
    }
    bool needs_break;
    S1_TRY(err, binder->param_bool(b, S1_STR("require_structure_break"), &needs_break, err));
    if (needs_break && (binder->series(b, S1_STR("is_bos"), &me->is_bos, err) != S1_OK ||
                        binder->series(b, S1_STR("is_choch"), &me->is_choch, err) != S1_OK)) {
        return S1_RAISE(err, S1_E_NOT_FOUND,
                        "fvg_detector: require_structure_break needs columns is_bos and is_choch; "
                        "place a market_structure_detector in context_workers");
    }
    return S1_OK;
}

static void fvg_destroy(void *self)
{
    free(self);
}

static s1_rc fvg_create(const s1_host *host, const s1_binder *binder, void **ret_self, s1_err *err)
{
    (void)host;
    void *const b = binder->self;
    fvg_detector bound = {0};
    int64_t structure_bars;
    S1_TRY(err, s1_param_directions(binder, S1_STR("direction"), &bound.has_long, &bound.has_short,
                                    err));
    S1_TRY(err, binder->param_float(b, S1_STR("min_gap_size"), &bound.min_gap_size, err));
    S1_TRY(err, binder->param_float(b, S1_STR("min_gap_atr"), &bound.min_gap_atr, err));
    S1_TRY(err, binder->param_int(b, S1_STR("structure_break_bars"), &structure_bars, err));
    bound.structure_bars = (uint64_t)structure_bars;
    S1_TRY(err, binder->stream(b, (s1_str){NULL, 0}, &bound.stream, err));
    S1_TRY(err, bind_optional(&bound, binder, err));
    S1_TRY(err, binder->condition(b, S1_STR("gap_up"), &bound.gap_up, err));
    S1_TRY(err, binder->condition(b, S1_STR("long_gap_size"), &bound.long_gap, err));
    S1_TRY(err, binder->condition(b, S1_STR("gap_down"), &bound.gap_down, err));
    S1_TRY(err, binder->condition(b, S1_STR("short_gap_size"), &bound.short_gap, err));
    S1_TRY(err, binder->condition(b, S1_STR("bars_since_break"), &bound.structure_break, err));
    fvg_detector *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "fvg_detector: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops fvg_ops = {
    .size = sizeof fvg_ops,
    .type = S1_WORKER_OPPORTUNITY,
    .create = fvg_create,
    .destroy = fvg_destroy,
    .detect = fvg_detect,
};

S1_PLUGIN("fvg_detector", "1.0.0", &fvg_ops, 0)
