/* economic_calendar_monitor - reports ECONOMIC_EVENT_BLACKOUT around the calendar's important
 * events.
 *
 * It keeps nothing between ticks: the events around now are found again each time, O(log rows), so
 * that one announced late counts from then on.
 */
#include "s1mple/params.h"

#include <stdlib.h>

typedef struct calendar_monitor {
    const s1_feed *calendar;
    const s1_feed_field *importance;
    const s1_feed_field *currency, *title; /* NULL: no such column */
    const s1_instrument *traded;
    s1_condition *events_near;
    const s1_str *currencies; /* [currency_count]; none: those of the pair */
    size_t currency_count;
    s1_nanos before, after;
    double min_importance;
    int32_t severity;
} calendar_monitor;

static bool is_chosen_currency(const calendar_monitor *me, s1_str currency)
{
    if (currency.len == 0) { /* about all of them */
        return true;
    }
    for (size_t i = 0; i < me->currency_count; i++) {
        if (s1_text_equal(me->currencies[i], currency)) {
            return true;
        }
    }
    return me->currency_count == 0 && (s1_text_equal(me->traded->base, currency) ||
                                       s1_text_equal(me->traded->quote, currency));
}

static s1_str text_of(const s1_feed_field *field, uint64_t row)
{
    return field != NULL ? s1_feed_text(field, row) : (s1_str){NULL, 0};
}

static bool counts(const calendar_monitor *me, uint64_t row)
{
    return s1_feed_number(me->importance, row) >= me->min_importance &&
           is_chosen_currency(me, text_of(me->currency, row));
}

static s1_nanos distance(s1_nanos a, s1_nanos b)
{
    return a > b ? a - b : b - a;
}

static s1_rc report_event(const calendar_monitor *me, s1_nanos now, uint64_t row, uint64_t count,
                          const s1_threat_sink *out, s1_err *err)
{
    const double minute = 60.0 * (double)S1_NANOS_PER_SECOND;
    const s1_str currency = text_of(me->currency, row);
    const s1_str title = text_of(me->title, row);
    s1_field details[] = {
        S1_FIELD_NUMBER("minutes_to_event",
                        (double)(s1_feed_time(me->calendar, row) - now) / minute),
        S1_FIELD_NUMBER("importance", s1_feed_number(me->importance, row)),
        S1_FIELD_NUMBER("events", (double)count),
        S1_FIELD_NUMBER("", 0.0),
        S1_FIELD_NUMBER("", 0.0),
    };
    uint32_t detail_count = 3;
    if (currency.len > 0) {
        details[detail_count++] = S1_FIELD_TEXT("currency", currency);
    }
    if (title.len > 0) {
        details[detail_count++] = S1_FIELD_TEXT("title", title);
    }
    const s1_threat_report report = {
        .size = sizeof report,
        .severity = me->severity,
        .threat_type = S1_STR("ECONOMIC_EVENT_BLACKOUT"),
        .details = details,
        .detail_count = detail_count,
    };
    s1_threat_id id;
    S1_TRY(err, out->report(out->self, &report, &id, err));
    return S1_OK;
}

static s1_rc monitor_assess(void *self, const s1_context *context, const s1_threat_sink *out,
                            s1_err *err)
{
    const calendar_monitor *const me = self;
    const s1_feed *const calendar = me->calendar;
    const s1_nanos now = context->now;
    uint64_t count = 0;
    uint64_t nearest = s1_feed_rows(calendar);
    for (uint64_t place = s1_feed_seek(calendar, now - me->after);; place++) {
        const uint64_t row = s1_feed_row_by_time(calendar, place);
        const s1_nanos time = s1_feed_time(calendar, row);
        if (time == S1_FEED_NO_TIME || time > now + me->before) {
            break;
        }
        if (counts(me, row)) {
            count++;
            if (nearest == s1_feed_rows(calendar) ||
                distance(time, now) < distance(s1_feed_time(calendar, nearest), now)) {
                nearest = row;
            }
        }
    }
    return S1_CONDITION(context, me->events_near, (double)count, GT, 0.0)
               ? report_event(me, now, nearest, count, out, err)
               : S1_OK;
}

static void monitor_destroy(void *self)
{
    free(self);
}

static s1_rc bind_calendar(calendar_monitor *me, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    const s1_str feed = S1_STR("calendar");
    const s1_stream *stream;
    S1_TRY(err, binder->stream(b, (s1_str){NULL, 0}, &stream, err));
    me->traded = stream->instrument;
    S1_TRY(err, binder->feed(b, feed, &me->calendar, err));
    S1_TRY(err, binder->feed_field(b, feed, S1_STR("importance"), &me->importance, err));
    S1_TRY(err, s1_feed_field_optional(binder, feed, S1_STR("currency"), &me->currency, err));
    S1_TRY(err, s1_feed_field_optional(binder, feed, S1_STR("title"), &me->title, err));
    return S1_OK;
}

static s1_rc monitor_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                            s1_err *err)
{
    (void)host;
    void *const b = binder->self;
    calendar_monitor bound = {.calendar = NULL};
    S1_TRY(err, bind_calendar(&bound, binder, err));
    S1_TRY(err, binder->param_duration(b, S1_STR("before"), &bound.before, err));
    S1_TRY(err, binder->param_duration(b, S1_STR("after"), &bound.after, err));
    S1_TRY(err, binder->param_float(b, S1_STR("min_importance"), &bound.min_importance, err));
    S1_TRY(err, binder->param_text_list(b, S1_STR("currencies"), &bound.currencies,
                                        &bound.currency_count, err));
    S1_TRY(err, s1_param_severity(binder, S1_STR("severity"), &bound.severity, err));
    S1_TRY(err, binder->condition(b, S1_STR("events_near"), &bound.events_near, err));
    calendar_monitor *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "economic_calendar_monitor: %zu bytes", sizeof *me);
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

S1_PLUGIN("economic_calendar_monitor", "1.0.0", &monitor_ops, 0)
