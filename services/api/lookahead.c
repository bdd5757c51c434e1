#include "services/api/lookahead.h"

#include "backend/analysis/bias.h"
#include "backend/assembly/range_check.h"
#include "backend/utils/arena.h"
#include "backend/utils/rng.h"
#include "backend/utils/timefmt.h"
#include "services/api/observe_internal.h"
#include "services/operators/rehearsal.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES_MAX  ((size_t)256 << 20)
#define RECORD_BYTES_MAX ((size_t)8 << 30)

struct s1_lookahead_report {
    s1_arena arena;
    s1_lookahead_link *links; /* [link_count] of link_capacity */
    size_t link_count, link_capacity;
};

/* One link at work. */
typedef struct session {
    const s1_lookahead_options *options;
    s1_lookahead_report *report;
    const s1_backtest_request *request;
    s1_rehearsal *rehearsal;
    s1_bias *bias;
    s1_nanos *cuts; /* [cut_count] in the order they are made */
    uint64_t cut_count;
} session;

static const char *text_of(session *s, s1_str text)
{
    const char *const copy = s1_arena_copy_cstr(&s->report->arena, text);
    return copy != NULL ? copy : "";
}

/* --- Runs. ---------------------------------------------------------------------------------- */

static s1_rc tell_progress(const session *s, uint64_t done, s1_err *err)
{
    const s1_lookahead_options *const o = s->options;
    const uint64_t total = (s->cuts != NULL ? s->cut_count : o->cuts) + 2;
    if (o->on_progress != NULL) {
        o->on_progress(o->user, done, total);
    }
    if (o->is_stopping != NULL && atomic_load(o->is_stopping)) {
        return S1_RAISE(err, S1_E_CANCELED, "stopped on request after %llu of %llu runs",
                        (unsigned long long)done, (unsigned long long)total);
    }
    return S1_OK;
}

static s1_rc run_once(session *s, s1_run_observer observer, s1_err *err)
{
    s1_run_sums sums;
    return s1_rehearsal_run(s->rehearsal, NULL, &observer, &sums, err);
}

/* Draws moments, each at most once, in no order: whoever keeps something from run to run meets them
 * unprepared. */
static s1_rc draw_cuts(session *s, s1_err *err)
{
    uint64_t count;
    const s1_nanos *const ticks = s1_bias_ticks(s->bias, &count);
    if (count == 0) {
        return S1_RAISE(err, S1_E_DATA, "found no bar to trade on, expected one");
    }
    s1_nanos *const all = malloc((size_t)count * sizeof *all);
    s->cut_count = s->options->cuts < count ? s->options->cuts : count;
    s->cuts = s1_arena_array(&s->report->arena, s1_nanos, (size_t)s->cut_count);
    if (all == NULL || s->cuts == NULL) {
        free(all);
        return S1_RAISE(err, S1_E_NO_MEMORY, "%llu cuts", (unsigned long long)s->cut_count);
    }
    s1_rng rng;
    s1_rng_init(&rng, s->options->cuts_seed);
    memcpy(all, ticks, (size_t)count * sizeof *all);
    for (uint64_t i = 0; i < s->cut_count; i++) {
        const uint64_t k = i + s1_rng_below(&rng, count - i);
        s->cuts[i] = all[k];
        all[k] = all[i];
    }
    free(all);
    return S1_OK;
}

static s1_rc run_all(session *s, s1_err *err)
{
    S1_TRY(err, tell_progress(s, 0, err));
    S1_TRY(err, run_once(s, s1_bias_recorder(s->bias), err));
    S1_TRY(err, draw_cuts(s, err));
    S1_TRY(err, tell_progress(s, 1, err));
    S1_TRY(err, run_once(s, s1_bias_comparer(s->bias, S1_BIAS_REPEAT, INT64_MAX), err));
    for (uint64_t i = 0; i < s->cut_count; i++) {
        S1_TRY(err, tell_progress(s, i + 2, err));
        S1_TRY(err, s1_rehearsal_cut(s->rehearsal, s->cuts[i], err));
        S1_TRY(err, run_once(s, s1_bias_comparer(s->bias, S1_BIAS_CUT, s->cuts[i]), err));
    }
    return S1_OK;
}

/* --- The report. ---------------------------------------------------------------------------- */

static bool is_resampled(const session *s, const s1_bias_item *item)
{
    const s1_link_stream *const stream = &s->request->link->link->streams.items[item->stream_index];
    return item->kind == S1_BIAS_BARS &&
           (stream->data_source->timeframe != stream->need.timeframe ||
            stream->data_source->data_type != stream->need.data_type);
}

static s1_lookahead_finding finding_of(session *s, const s1_bias_item *item, int check)
{
    const s1_bias_result *const result = &item->results[check];
    const s1_bias_difference *const first = &result->first;
    return (s1_lookahead_finding){.check = s1_bias_check_name(check),
                                  .kind = s1_bias_kind_name(item->kind),
                                  .stream = text_of(s, item->stream),
                                  .worker = text_of(s, first->worker),
                                  .plugin = text_of(s, first->plugin),
                                  .field = text_of(s, first->field),
                                  .time = first->time,
                                  .row = first->row,
                                  .cut = first->cut,
                                  .found = text_of(s, first->found),
                                  .expected = text_of(s, first->expected),
                                  .values = result->different,
                                  .runs = result->runs_different};
}

/* Behind those that are as early or earlier. */
static void add_finding(s1_lookahead_finding *findings, size_t *count, s1_lookahead_finding finding)
{
    size_t at = (*count)++;
    while (at > 0 && findings[at - 1].time > finding.time) {
        findings[at] = findings[at - 1];
        at--;
    }
    findings[at] = finding;
}

static s1_rc take_items(session *s, s1_lookahead_link *link, s1_err *err)
{
    size_t count;
    const s1_bias_item *const found = s1_bias_items(s->bias, &count);
    s1_lookahead_item *const items = s1_arena_array(&s->report->arena, s1_lookahead_item, count);
    s1_lookahead_finding *const findings =
        s1_arena_array(&s->report->arena, s1_lookahead_finding, count * S1_BIAS_CHECK_COUNT);
    if (items == NULL || findings == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu columns", count);
    }
    for (size_t i = 0; i < count; i++) {
        const s1_bias_item *const item = &found[i];
        items[i] = (s1_lookahead_item){.kind = s1_bias_kind_name(item->kind),
                                       .stream = text_of(s, item->stream),
                                       .name = text_of(s, item->name),
                                       .worker = text_of(s, item->worker),
                                       .plugin = text_of(s, item->plugin),
                                       .is_resampled = is_resampled(s, item)};
        bool is_told = false; /* what does not repeat is not held against cuts */
        for (int check = 0; check < S1_BIAS_CHECK_COUNT; check++) {
            items[i].compared += item->results[check].compared;
            items[i].different += item->results[check].different;
            if (item->results[check].different > 0 && (!is_told || check == S1_BIAS_RANGE)) {
                is_told = true;
                add_finding(findings, &link->finding_count, finding_of(s, item, check));
            }
        }
        link->different += items[i].different;
        link->compared += items[i].compared;
    }
    link->items = items;
    link->item_count = count;
    link->findings = findings;
    return S1_OK;
}

static s1_rc take_link(session *s, s1_err *err)
{
    s1_lookahead_report *const report = s->report;
    if (report->link_count == report->link_capacity) {
        const size_t capacity = report->link_capacity == 0 ? 4 : report->link_capacity * 2;
        s1_lookahead_link *const grown = realloc(report->links, capacity * sizeof *grown);
        if (grown == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "%zu links", capacity);
        }
        report->links = grown;
        report->link_capacity = capacity;
    }
    const s1_link *const config = s->request->link->link;
    s1_lookahead_link link = {.link = text_of(s, config->id),
                              .strategy = text_of(s, config->blueprint->blueprint_id),
                              .cuts = s->cut_count};
    uint64_t ticks;
    const s1_nanos *const times = s1_bias_ticks(s->bias, &ticks);
    link.bars = ticks;
    link.first = times[0];
    link.last = times[ticks - 1];
    S1_TRY(err, take_items(s, &link, err));
    link.stream = link.items[0].stream;
    report->links[report->link_count++] = link;
    return S1_OK;
}

static s1_rc check_link(void *user, const s1_backtest_request *request, s1_err *err)
{
    session *const s = user;
    s->request = request;
    s->cuts = NULL;
    s1_rc rc = s1_rehearsal_new(request, &s->rehearsal, err);
    if (rc == S1_OK) {
        const s1_bias_ranges ranges = {s1_worker_has_range, s1_range_compare};
        rc = s1_bias_new(RECORD_BYTES_MAX, &ranges, &s->bias, err);
    }
    if (rc == S1_OK) {
        rc = run_all(s, err);
    }
    if (rc == S1_OK) {
        rc = take_link(s, err);
    }
    s1_bias_free(s->bias);
    s1_rehearsal_free(s->rehearsal);
    s->bias = NULL;
    s->rehearsal = NULL;
    return rc;
}

s1_rc s1_api_lookahead(const s1_lookahead_options *options, s1_lookahead_report **ret_report,
                       s1_err *err)
{
    if (options->cuts == 0 || options->cuts > S1_LOOKAHEAD_CUTS_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "cuts: found %llu, expected 1 to %u",
                        (unsigned long long)options->cuts, S1_LOOKAHEAD_CUTS_MAX);
    }
    session s = {.options = options, .report = calloc(1, sizeof *s.report)};
    if (s.report == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a report");
    }
    s1_arena_init(&s.report->arena, ARENA_BYTES_MAX, 0);
    s1_backtest_options run = *options->run;
    run.is_stopping = options->is_stopping;
    const s1_rc rc = s1_api_prepare_links(&run, check_link, &s, err);
    if (rc != S1_OK) {
        s1_lookahead_report_free(s.report);
        return rc;
    }
    *ret_report = s.report;
    return S1_OK;
}

const s1_lookahead_link *s1_lookahead_links(const s1_lookahead_report *report, size_t *ret_count)
{
    *ret_count = report->link_count;
    return report->links;
}

void s1_lookahead_report_free(s1_lookahead_report *report)
{
    if (report != NULL) {
        s1_arena_done(&report->arena);
        free(report->links);
        free(report);
    }
}
