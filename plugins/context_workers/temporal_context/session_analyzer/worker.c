/* session_analyzer - the session of the day a bar belongs to, its range so far, the range before.
 *
 * A bar belongs to the session it opens in. Where sessions overlap the one that began last counts,
 * so that each moment belongs to one session at most.
 */
#include "s1mple/plugin.h"

#include <stdlib.h>

#define MINUTE   (60 * S1_NANOS_PER_SECOND)
#define HOUR     (60 * MINUTE)
#define DAY      (24 * HOUR)
#define SESSIONS 3

/* The ids in session_id; 0 is no session. */
static const char *const session_names[SESSIONS] = {"asia", "london", "new_york"};

typedef struct session_range {
    double id; /* 1..SESSIONS, 0 none */
    s1_nanos begin;
    double open, high, low; /* NaN outside sessions */
} session_range;

typedef struct session_analyzer {
    const s1_stream *stream;
    s1_column *id, *open, *high, *low, *minutes;
    s1_column *previous_id, *previous_high, *previous_low;
    s1_nanos offset;
    s1_nanos starts[SESSIONS], lengths[SESSIONS]; /* of the day; length 0: switched off */
    session_range now, previous;
} session_analyzer;

/* The session a time lies in, without its prices. */
static session_range session_at(const session_analyzer *me, s1_nanos time)
{
    session_range found = {0.0, 0, (double)NAN, (double)NAN, (double)NAN};
    for (int i = 0; i < SESSIONS; i++) {
        const s1_nanos since = (time + me->offset - me->starts[i]) % DAY;
        const s1_nanos elapsed = since < 0 ? since + DAY : since;
        const s1_nanos begin = time - elapsed;
        if (elapsed < me->lengths[i] && (found.id <= 0.0 || begin >= found.begin)) {
            found.id = i + 1;
            found.begin = begin;
        }
    }
    return found;
}

/* Puts the newest bar into the session it belongs to. */
static void take_bar(session_analyzer *me)
{
    const double high = s1_series_last(&me->stream->high);
    const double low = s1_series_last(&me->stream->low);
    session_range at = session_at(me, me->stream->bar.open_time);
    if (at.id != me->now.id || at.begin != me->now.begin) {
        if (me->now.id > 0.0) {
            me->previous = me->now;
        }
        if (at.id > 0.0) {
            at.open = s1_series_last(&me->stream->open);
            at.high = high;
            at.low = low;
        }
        me->now = at;
    } else if (me->now.id > 0.0) {
        me->now.high = high > me->now.high ? high : me->now.high;
        me->now.low = low < me->now.low ? low : me->now.low;
    }
}

static s1_rc session_enrich(void *self, const s1_context *context, s1_err *err)
{
    (void)context;
    (void)err;
    session_analyzer *const me = self;
    take_bar(me);
    const s1_nanos elapsed = me->stream->bar.close_time - me->now.begin;
    s1_column_put(me->id, me->now.id);
    s1_column_put(me->open, me->now.open);
    s1_column_put(me->high, me->now.high);
    s1_column_put(me->low, me->now.low);
    s1_column_put(me->minutes, me->now.id > 0.0 ? (double)elapsed / (double)MINUTE : (double)NAN);
    s1_column_put(me->previous_id, me->previous.id);
    s1_column_put(me->previous_high, me->previous.high);
    s1_column_put(me->previous_low, me->previous.low);
    return S1_OK;
}

static s1_rc bind_hour(const s1_binder *binder, const char *session, const char *which,
                       int64_t *ret_hour, s1_err *err)
{
    char name[32];
    const int length = snprintf(name, sizeof name, "%s_%s", session, which);
    return binder->param_int(binder->self, (s1_str){name, (size_t)length}, ret_hour, err);
}

static s1_rc bind_hours(session_analyzer *me, const s1_binder *binder, s1_err *err)
{
    int64_t offset;
    S1_TRY(err, binder->param_int(binder->self, S1_STR("utc_offset_hours"), &offset, err));
    me->offset = offset * HOUR;
    for (int i = 0; i < SESSIONS; i++) {
        int64_t start;
        int64_t end;
        S1_TRY(err, bind_hour(binder, session_names[i], "start", &start, err));
        S1_TRY(err, bind_hour(binder, session_names[i], "end", &end, err));
        me->starts[i] = start * HOUR;
        me->lengths[i] = (end < start ? end + 24 - start : end - start) * HOUR;
    }
    return S1_OK;
}

static s1_rc bind_columns(session_analyzer *me, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    S1_TRY(err, binder->stream(b, (s1_str){NULL, 0}, &me->stream, err));
    S1_TRY(err, binder->column(b, S1_STR("session_id"), &me->id, err));
    S1_TRY(err, binder->column(b, S1_STR("session_open"), &me->open, err));
    S1_TRY(err, binder->column(b, S1_STR("session_high"), &me->high, err));
    S1_TRY(err, binder->column(b, S1_STR("session_low"), &me->low, err));
    S1_TRY(err, binder->column(b, S1_STR("minutes_into_session"), &me->minutes, err));
    S1_TRY(err, binder->column(b, S1_STR("previous_session_id"), &me->previous_id, err));
    S1_TRY(err, binder->column(b, S1_STR("previous_session_high"), &me->previous_high, err));
    S1_TRY(err, binder->column(b, S1_STR("previous_session_low"), &me->previous_low, err));
    return S1_OK;
}

static void session_destroy(void *self)
{
    free(self);
}

static s1_rc session_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                            s1_err *err)
{
    (void)host;
    const session_range none = {0.0, 0, (double)NAN, (double)NAN, (double)NAN};
    session_analyzer bound = {.now = none, .previous = none};
    S1_TRY(err, bind_hours(&bound, binder, err));
    S1_TRY(err, bind_columns(&bound, binder, err));
    session_analyzer *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "session_analyzer: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops session_ops = {
    .size = sizeof session_ops,
    .type = S1_WORKER_CONTEXT,
    .create = session_create,
    .destroy = session_destroy,
    .enrich = session_enrich,
};

S1_PLUGIN("session_analyzer", "1.0.0", &session_ops, 0)
