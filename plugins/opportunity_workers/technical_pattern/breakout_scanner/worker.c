/* breakout_scanner - signals a bar that leaves the range of the bars before it.
 *
 * Highest high and lowest low are kept in two monotonic queues: each bar enters and leaves each
 * once, so a bar costs O(1) amortised whatever the length of the range. What the queues hold is a
 * function of the visible bars: after a warm-up that did not call the worker, or a restart, they
 * are filled from the bars themselves.
 */
#include "s1mple/params.h"
#include "s1mple/plugin.h"

#include <stdlib.h>

/* Rows (0 is the first bar) whose values descend (highest) or ascend (lowest) from front to back;
 * the front is the extreme of the range. A ring of `bars` items: no more rows are in a range. */
typedef struct extreme_queue {
    uint64_t *rows;
    uint64_t front, count;
} extreme_queue;

typedef struct breakout_scanner {
    const s1_stream *stream;
    const s1_series *session_id;                 /* NULL unless `sessions` names some */
    const s1_series *session_high, *session_low; /* NULL unless the range is a session's */
    s1_condition *in_session;
    s1_condition *above_highest, *was_not_above, *long_break;
    s1_condition *below_lowest, *was_not_below, *short_break;
    double min_break; /* fraction of the level; 0: no condition of its own */
    uint64_t bars;
    uint64_t seen;     /* rows that went through the queues */
    uint32_t sessions; /* mask of the ids breaks count in */
    bool has_long, has_short, is_by_close;
    extreme_queue highest, lowest;
    uint64_t rings[]; /* [2 * bars] */
} breakout_scanner;

/* Row `row` enters at the back, over those it makes pointless (`sign` 1: lower highs, -1: higher
 * lows); rows before `first` leave at the front. */
static void queue_push(extreme_queue *queue, uint64_t capacity, const double *values, uint64_t row,
                       uint64_t first, double sign)
{
    while (queue->count > 0 && queue->rows[queue->front] < first) {
        queue->front = (queue->front + 1) % capacity;
        queue->count--;
    }
    while (queue->count > 0) {
        const uint64_t back = queue->rows[(queue->front + queue->count - 1) % capacity];
        if (sign * values[back] > sign * values[row]) {
            break;
        }
        queue->count--;
    }
    queue->rows[(queue->front + queue->count) % capacity] = row;
    queue->count++;
}

/* Brings the queues to the `bars` rows before the newest. */
static void advance(breakout_scanner *me)
{
    const uint64_t end = me->stream->rows - 1; /* the newest bar is no part of its own range */
    const uint64_t begin = end - me->bars;
    uint64_t row = me->seen > begin ? me->seen : begin;
    for (; row < end; row++) {
        const uint64_t first = row + 1 > me->bars ? row + 1 - me->bars : 0;
        queue_push(&me->highest, me->bars, me->stream->high.values, row, first, 1.0);
        queue_push(&me->lowest, me->bars, me->stream->low.values, row, first, -1.0);
    }
    me->seen = end;
}

static s1_rc emit_break(const breakout_scanner *me, int32_t direction, double level, double size,
                        const s1_opportunity_sink *out, s1_err *err)
{
    const s1_field metadata[] = {
        S1_FIELD_NUMBER("level", level),
        S1_FIELD_NUMBER("break_size", size),
    };
    return s1_signal_emit(out, S1_STR("breakout"), direction, s1_series_last(&me->stream->close),
                          metadata, sizeof metadata / sizeof metadata[0], err);
}

/* Is a break of `size` large enough? */
static bool is_large(const breakout_scanner *me, const s1_context *context, s1_condition *condition,
                     double size, double level)
{
    return me->min_break <= 0.0 ||
           S1_CONDITION(context, condition, size, GE, me->min_break * level);
}

/* Is this one of the sessions asked for? The threshold told is the one that held, or the first. */
static bool is_in_session(const breakout_scanner *me, const s1_context *context)
{
    if (me->session_id == NULL) {
        return true;
    }
    const double id = s1_series_last(me->session_id);
    double told = (double)NAN;
    for (int i = 3; i >= 0; i--) {
        if ((me->sessions >> i & 1u) != 0 && !(told == id)) {
            told = i;
        }
    }
    return s1_condition_record(context, me->in_session, S1_EQ, id, told, told == id);
}

/* A session's range stays as it is, and a move beyond it does too: the first bar out counts. */
static bool was_inside(const breakout_scanner *me, const s1_context *context, double sign,
                       double level)
{
    if (me->session_high == NULL) {
        return true;
    }
    const s1_series *const price = me->is_by_close ? &me->stream->close
                                   : sign > 0.0    ? &me->stream->high
                                                   : &me->stream->low;
    const double before = s1_series_at(price, 1);
    return sign > 0.0 ? S1_CONDITION(context, me->was_not_above, before, LE, level)
                      : S1_CONDITION(context, me->was_not_below, before, GE, level);
}

static s1_rc breakout_detect(void *self, const s1_context *context, const s1_opportunity_sink *out,
                             s1_err *err)
{
    breakout_scanner *const me = self;
    const s1_stream *const stream = me->stream;
    if (!stream->is_new || stream->rows <= me->bars) {
        return S1_OK;
    }
    double highest;
    double lowest;
    if (me->session_high != NULL) {
        highest = s1_series_last(me->session_high);
        lowest = s1_series_last(me->session_low);
    } else {
        advance(me);
        highest = stream->high.values[me->highest.rows[me->highest.front]];
        lowest = stream->low.values[me->lowest.rows[me->lowest.front]];
    }
    if (!is_in_session(me, context)) {
        return S1_OK;
    }
    const double close = s1_series_last(&stream->close);
    const double high = me->is_by_close ? close : s1_series_last(&stream->high);
    const double low = me->is_by_close ? close : s1_series_last(&stream->low);
    if (me->has_long && S1_CONDITION(context, me->above_highest, high, GT, highest) &&
        was_inside(me, context, 1.0, highest) &&
        is_large(me, context, me->long_break, high - highest, highest)) {
        S1_TRY(err, emit_break(me, S1_LONG, highest, high - highest, out, err));
    }
    if (me->has_short && S1_CONDITION(context, me->below_lowest, low, LT, lowest) &&
        was_inside(me, context, -1.0, lowest) &&
        is_large(me, context, me->short_break, lowest - low, lowest)) {
        S1_TRY(err, emit_break(me, S1_SHORT, lowest, lowest - low, out, err));
    }
    return S1_OK;
}

/* Only what will be tested is declared, in the order it is tested. */
static s1_rc bind_conditions(breakout_scanner *me, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    const bool has_minimum = me->min_break > 0.0;
    const bool is_session = me->session_high != NULL;
    if (me->session_id != NULL) {
        S1_TRY(err, binder->condition(b, S1_STR("in_session"), &me->in_session, err));
    }
    if (me->has_long) {
        S1_TRY(err, binder->condition(b, S1_STR("above_highest"), &me->above_highest, err));
    }
    if (me->has_long && is_session) {
        S1_TRY(err, binder->condition(b, S1_STR("was_not_above"), &me->was_not_above, err));
    }
    if (me->has_long && has_minimum) {
        S1_TRY(err, binder->condition(b, S1_STR("long_break_size"), &me->long_break, err));
    }
    if (me->has_short) {
        S1_TRY(err, binder->condition(b, S1_STR("below_lowest"), &me->below_lowest, err));
    }
    if (me->has_short && is_session) {
        S1_TRY(err, binder->condition(b, S1_STR("was_not_below"), &me->was_not_below, err));
    }
    if (me->has_short && has_minimum) {
        S1_TRY(err, binder->condition(b, S1_STR("short_break_size"), &me->short_break, err));
    }
    return S1_OK;
}

/* The columns of session_analyzer, where a parameter asks for them. */
static s1_rc bind_sessions(breakout_scanner *me, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    s1_str range;
    const int64_t *sessions;
    size_t count;
    S1_TRY(err, binder->param_text(b, S1_STR("range"), &range, err));
    S1_TRY(err, binder->param_int_list(b, S1_STR("sessions"), &sessions, &count, err));
    const bool is_session = s1_text_equal(range, S1_STR("session"));
    for (size_t i = 0; i < count; i++) {
        me->sessions |= 1u << sessions[i];
    }
    if ((count > 0 && binder->series(b, S1_STR("session_id"), &me->session_id, err) != S1_OK) ||
        (is_session &&
         (binder->series(b, S1_STR("previous_session_high"), &me->session_high, err) != S1_OK ||
          binder->series(b, S1_STR("previous_session_low"), &me->session_low, err) != S1_OK))) {
        return S1_RAISE(err, S1_E_NOT_FOUND,
                        "breakout_scanner: range session and sessions need columns session_id, "
                        "previous_session_high and previous_session_low; place a session_analyzer "
                        "in context_workers");
    }
    return S1_OK;
}

static void breakout_destroy(void *self)
{
    free(self);
}

static s1_rc breakout_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                             s1_err *err)
{
    (void)host;
    void *const b = binder->self;
    breakout_scanner bound = {0};
    s1_str trigger;
    int64_t bars;
    double percent;
    S1_TRY(err, binder->param_int(b, S1_STR("bars"), &bars, err));
    S1_TRY(err, s1_param_directions(binder, S1_STR("direction"), &bound.has_long, &bound.has_short,
                                    err));
    S1_TRY(err, binder->param_text(b, S1_STR("trigger"), &trigger, err));
    S1_TRY(err, binder->param_float(b, S1_STR("min_break_percent"), &percent, err));
    bound.bars = (uint64_t)bars;
    bound.min_break = percent / 100.0;
    bound.is_by_close = trigger.ptr[0] == 'c'; /* close | extreme */
    S1_TRY(err, binder->stream(b, (s1_str){NULL, 0}, &bound.stream, err));
    S1_TRY(err, bind_sessions(&bound, binder, err));
    S1_TRY(err, bind_conditions(&bound, binder, err));
    const size_t bytes = sizeof bound + 2 * bound.bars * sizeof bound.rings[0];
    breakout_scanner *const me = malloc(bytes);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "breakout_scanner: %zu bytes", bytes);
    }
    *me = bound;
    me->highest.rows = me->rings;
    me->lowest.rows = me->rings + me->bars;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops breakout_ops = {
    .size = sizeof breakout_ops,
    .type = S1_WORKER_OPPORTUNITY,
    .create = breakout_create,
    .destroy = breakout_destroy,
    .detect = breakout_detect,
};

S1_PLUGIN("breakout_scanner", "1.0.0", &breakout_ops, 0)
