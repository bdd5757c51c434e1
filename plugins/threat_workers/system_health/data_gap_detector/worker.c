/* data_gap_detector - reports DATA_GAP when bars are missing that the known sessions should have
 * had.
 *
 * A gap is the time between two bars that no bar covers, less the time the market is known to be
 * closed. Which row ended the newest gap is a function of the visible bars: after a warm-up that
 * did not call the worker, or a restart, the bars it still speaks of are looked at once.
 */
#include "s1mple/params.h"

#include <stdlib.h>

#define DAY  (86400LL * S1_NANOS_PER_SECOND)
#define WEEK (7 * DAY)
/* 1970-01-01 was a Thursday: the Monday before it. */
#define MONDAY (-3 * DAY)

/* Closed from `closes` to `opens` of each period, over its end if `opens` is the smaller; equal:
 * never closed. */
typedef struct closure {
    s1_nanos closes, opens;
} closure;

typedef struct data_gap {
    const s1_stream *stream;
    s1_condition *missing;
    closure week, day;
    uint64_t min_missing, hold;
    uint64_t seen;      /* rows looked at */
    uint64_t ended_row; /* rows when the newest gap had ended; 0: none */
    double missing_bars;
    s1_nanos length; /* of that gap, closed time included */
    int32_t severity;
} data_gap;

static s1_nanos overlap(s1_nanos a, s1_nanos b, s1_nanos c, s1_nanos d)
{
    const s1_nanos from = a > c ? a : c;
    const s1_nanos to = b < d ? b : d;
    return to > from ? to - from : 0;
}

/* When a period from `start` to `end` is closed: up to two parts, as pairs of times. */
static uint32_t closed_parts(const closure *c, s1_nanos start, s1_nanos end, s1_nanos parts[4])
{
    if (c->closes == c->opens) {
        return 0;
    }
    if (c->closes < c->opens) {
        parts[0] = start + c->closes;
        parts[1] = start + c->opens;
        return 1;
    }
    parts[0] = start;
    parts[1] = start + c->opens;
    parts[2] = start + c->closes;
    parts[3] = end;
    return 2;
}

static s1_nanos floor_to(s1_nanos time, s1_nanos origin, s1_nanos period)
{
    const s1_nanos since = time - origin;
    const s1_nanos rest = since % period;
    return time - (rest < 0 ? rest + period : rest);
}

/* Of [from, to), which lies within one UTC day, the time the market is open. */
static s1_nanos open_time(const data_gap *me, s1_nanos from, s1_nanos to)
{
    s1_nanos week[4];
    s1_nanos day[4];
    const s1_nanos monday = floor_to(from, MONDAY, WEEK);
    const s1_nanos midnight = floor_to(from, 0, DAY);
    const uint32_t weeks = closed_parts(&me->week, monday, monday + WEEK, week);
    const uint32_t days = closed_parts(&me->day, midnight, midnight + DAY, day);
    s1_nanos open = to - from;
    for (uint32_t i = 0; i < weeks; i++) {
        open -= overlap(from, to, week[2 * i], week[2 * i + 1]);
    }
    for (uint32_t k = 0; k < days; k++) {
        const s1_nanos first = day[2 * k] > from ? day[2 * k] : from;
        const s1_nanos last = day[2 * k + 1] < to ? day[2 * k + 1] : to;
        open -= last > first ? last - first : 0;
        for (uint32_t i = 0; i < weeks && last > first; i++) { /* taken away already */
            open += overlap(first, last, week[2 * i], week[2 * i + 1]);
        }
    }
    return open;
}

/* Bars that are missing between two closes. A gap of years is walked day by day, when it ends. */
static double missing_between(const data_gap *me, s1_nanos before, s1_nanos close)
{
    const s1_nanos opened = close - me->stream->timeframe;
    s1_nanos open = 0;
    for (s1_nanos from = before; from < opened;) {
        const s1_nanos midnight = floor_to(from, 0, DAY) + DAY;
        const s1_nanos to = midnight < opened ? midnight : opened;
        open += open_time(me, from, to);
        from = to;
    }
    return floor((double)open / (double)me->stream->timeframe);
}

/* Looks at the rows that closed since the last call, and are still spoken of. Returns what is
 * missing before the newest. */
static double advance(data_gap *me)
{
    const uint64_t rows = me->stream->rows;
    const s1_nanos *const close_time = me->stream->close_time;
    const uint64_t oldest = rows > me->hold + 1 ? rows - me->hold - 1 : 1;
    double missing = 0.0;
    for (uint64_t row = me->seen > oldest ? me->seen : oldest; row < rows; row++) {
        missing = missing_between(me, close_time[row - 1], close_time[row]);
        if (missing >= (double)me->min_missing) {
            me->ended_row = row + 1;
            me->missing_bars = missing;
            me->length = close_time[row] - me->stream->timeframe - close_time[row - 1];
        }
    }
    me->seen = rows;
    return missing;
}

static s1_rc gap_assess(void *self, const s1_context *context, const s1_threat_sink *out,
                        s1_err *err)
{
    data_gap *const me = self;
    if (me->stream->is_new) {
        (void)S1_CONDITION(context, me->missing, advance(me), GE, (double)me->min_missing);
    }
    if (me->ended_row == 0 || me->stream->rows - me->ended_row > me->hold) {
        return S1_OK;
    }
    const s1_field details[] = {
        S1_FIELD_NUMBER("missing_bars", me->missing_bars),
        S1_FIELD_NUMBER("limit", (double)me->min_missing),
        S1_FIELD_NUMBER("gap_seconds", (double)(me->length / S1_NANOS_PER_SECOND)),
        S1_FIELD_NUMBER("bars_ago", (double)(me->stream->rows - me->ended_row)),
    };
    S1_TRY(err, s1_threat_emit(out, S1_STR("DATA_GAP"), (s1_str){NULL, 0}, me->severity, details,
                               sizeof details / sizeof details[0], err));
    return S1_OK;
}

static s1_rc read_closures(data_gap *me, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    S1_TRY(err, binder->param_duration(b, S1_STR("week_closes"), &me->week.closes, err));
    S1_TRY(err, binder->param_duration(b, S1_STR("week_opens"), &me->week.opens, err));
    S1_TRY(err, binder->param_duration(b, S1_STR("day_closes"), &me->day.closes, err));
    S1_TRY(err, binder->param_duration(b, S1_STR("day_opens"), &me->day.opens, err));
    return S1_OK;
}

static void gap_destroy(void *self)
{
    free(self);
}

static s1_rc gap_create(const s1_host *host, const s1_binder *binder, void **ret_self, s1_err *err)
{
    (void)host;
    void *const b = binder->self;
    data_gap bound = {0};
    int64_t missing;
    int64_t hold;
    S1_TRY(err, binder->param_int(b, S1_STR("min_missing_bars"), &missing, err));
    S1_TRY(err, binder->param_int(b, S1_STR("hold_bars"), &hold, err));
    S1_TRY(err, read_closures(&bound, binder, err));
    S1_TRY(err, s1_param_severity(binder, S1_STR("severity"), &bound.severity, err));
    S1_TRY(err, binder->stream(b, (s1_str){NULL, 0}, &bound.stream, err));
    S1_TRY(err, binder->condition(b, S1_STR("missing_bars"), &bound.missing, err));
    bound.min_missing = (uint64_t)missing;
    bound.hold = (uint64_t)hold;
    data_gap *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "data_gap_detector: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops gap_ops = {
    .size = sizeof gap_ops,
    .type = S1_WORKER_THREAT,
    .create = gap_create,
    .destroy = gap_destroy,
    .assess = gap_assess,
};

S1_PLUGIN("data_gap_detector", "1.0.0", &gap_ops, 0)
