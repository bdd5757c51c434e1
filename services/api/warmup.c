#include "services/api/warmup.h"

#include "backend/analysis/warmup.h"
#include "backend/utils/arena.h"
#include "backend/utils/rng.h"
#include "backend/utils/timefmt.h"
#include "services/api/observe_internal.h"
#include "services/operators/rehearsal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)256 << 20)
#define ROWS_MIN        4u
#define TRIES_MAX       (S1_WARMUP_LENGTHS_MAX + S1_COLUMNS_MAX * 4u)
#define SEARCH_RUNS_MAX 4096u /* of one bar */

_Static_assert(S1_WARMUP_NEARNESSES == S1_NEARNESS_COUNT, "the facade tells every nearness");

struct s1_warmup_report {
    s1_arena arena;
    s1_warmup_link *links; /* [link_count] of link_capacity */
    size_t link_count, link_capacity;
};

/* The bars of the primary stream over the whole history. */
typedef struct history {
    s1_nanos *close_time; /* [rows]; owned */
    uint64_t rows, capacity;
    uint64_t *signals; /* [signal_count] rows at which somebody signalled; owned */
    size_t signal_count, signal_capacity;
} history;

/* What comes out at the bar that is looked at with as few bars as declared. */
typedef struct at_declared {
    uint64_t rows; /* the run had; 0: none had enough yet */
    double distance;
} at_declared;

/* One link at work. */
typedef struct session {
    const s1_warmup_options *options;
    s1_warmup_report *report;
    const s1_backtest_request *request;
    s1_rehearsal *rehearsal;
    s1_probe *probe;
    history past;
    s1_warmup_link link;
    s1_warmup_item *items; /* [item_count], of link.items */
    double *differences;   /* [item_count][length_count] */
    s1_probe_value *reference;
    s1_settling *settlings;    /* [item_count][S1_NEARNESS_COUNT] of the bar that is looked at */
    at_declared *declared;     /* [item_count] */
    uint64_t tries[TRIES_MAX]; /* [try_count] lengths tried at every bar, falling */
    size_t try_count;
    uint64_t row; /* that is looked at */
} session;

const char *s1_warmup_nearness(int index)
{
    return s1_nearness_name(index);
}

static const char *text_of(session *s, s1_str text)
{
    const char *const copy = s1_arena_copy_cstr(&s->report->arena, text);
    return copy != NULL ? copy : "";
}

/* --- The history. --------------------------------------------------------------------------- */

static s1_rc note_signals(void *self, const s1_observation *seen, s1_err *err)
{
    history *const past = self;
    if (seen->signals->count == 0) {
        return S1_OK;
    }
    if (past->signal_count == past->signal_capacity) {
        const size_t capacity = past->signal_capacity == 0 ? 256 : past->signal_capacity * 2;
        uint64_t *const grown = realloc(past->signals, capacity * sizeof *grown);
        if (grown == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "%zu bars", capacity);
        }
        past->signals = grown;
        past->signal_capacity = capacity;
    }
    past->signals[past->signal_count++] = seen->context->view.primary->rows - 1;
    return S1_OK;
}

static s1_rc note_times(void *self, const s1_observation *seen, s1_err *err)
{
    history *const past = self;
    const s1_stream *const primary = seen->context->view.primary;
    past->close_time = malloc((size_t)(primary->rows + 1) * sizeof *past->close_time);
    if (past->close_time == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%llu bars", (unsigned long long)primary->rows);
    }
    memcpy(past->close_time, primary->close_time, (size_t)primary->rows * sizeof *past->close_time);
    past->rows = primary->rows;
    return S1_OK;
}

static s1_rc read_history(session *s, s1_err *err)
{
    const s1_simulation_config *const simulation = &s->request->link->link->environment->simulation;
    const s1_run_observer observer = {
        .self = &s->past, .on_tick = note_signals, .on_end = note_times};
    const s1_rehearsal_start all = {.begin = INT64_MIN, .from = simulation->from};
    s1_run_sums sums;
    S1_TRY(err, s1_rehearsal_run(s->rehearsal, simulation->has_from ? &all : NULL, &observer, &sums,
                                 err));
    s->link.has_from = simulation->has_from;
    if (simulation->has_from) { /* as configured, for what it is given */
        const s1_run_observer nobody = s1_probe_observer(s->probe);
        S1_TRY(err, s1_rehearsal_run(s->rehearsal, NULL, &nobody, &sums, err));
        s->link.given = sums.warmup_bars;
    }
    if (s->past.rows < ROWS_MIN) {
        return S1_RAISE(err, S1_E_DATA, "found %llu bars, expected at least %u",
                        (unsigned long long)s->past.rows, ROWS_MIN);
    }
    s->link.depth = s->options->depth < s->past.rows / 2 ? s->options->depth : s->past.rows / 2;
    return S1_OK;
}

/* Rows to look at, each with `depth` bars before it: half of them where somebody signalled. */
static s1_rc draw_rows(session *s, uint64_t *rows, s1_err *err)
{
    const uint64_t span = s->past.rows - s->link.depth;
    const uint64_t wanted = s->options->bars < span ? s->options->bars : span;
    uint8_t *const taken = calloc((size_t)span, 1);
    s1_rng rng;
    if (taken == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%llu bars", (unsigned long long)span);
    }
    s1_rng_init(&rng, s->options->bars_seed);
    size_t first = 0;
    while (first < s->past.signal_count && s->past.signals[first] < s->link.depth) {
        first++;
    }
    const uint64_t signals = s->past.signal_count - first;
    for (uint64_t i = 0; i < wanted; i++) {
        uint64_t at = s1_rng_below(&rng, span);
        if (signals > 0 && i % 2 == 0) {
            at = s->past.signals[first + s1_rng_below(&rng, signals)] - s->link.depth;
        }
        while (taken[at] != 0) {
            at = at + 1 < span ? at + 1 : 0;
        }
        taken[at] = 1;
        rows[i] = at + s->link.depth;
    }
    free(taken);
    s->link.bars = wanted;
    return S1_OK;
}

/* --- One bar. ------------------------------------------------------------------------------- */

static s1_rc check_stop(const session *s, s1_err *err)
{
    return s->options->is_stopping != NULL && atomic_load(s->options->is_stopping)
               ? S1_RAISE(err, S1_E_CANCELED, "stopped on request after %llu runs",
                          (unsigned long long)s->link.runs)
               : S1_OK;
}

/* The strategy at the row that is looked at, with `bars` before it. */
static s1_rc run_with(session *s, uint64_t bars, s1_err *err)
{
    const s1_nanos timeframe = s->request->link->link->streams.items[0].need.timeframe;
    const s1_nanos *const closes = s->past.close_time;
    const s1_rehearsal_start start = {
        .begin = bars == UINT64_MAX ? INT64_MIN : closes[s->row - bars] - timeframe,
        .from = closes[s->row] - timeframe};
    const s1_run_observer observer = s1_probe_observer(s->probe);
    s1_run_sums sums;
    S1_TRY(err, check_stop(s, err));
    s->link.runs++;
    return s1_rehearsal_run(s->rehearsal, &start, &observer, &sums, err);
}

static void take_distance(session *s, size_t index, size_t length, uint64_t bars,
                          const s1_probe_value *value)
{
    static const double limits[] = {
#define X(name, text, limit) limit,
        S1_NEARNESS_MAP(X)
#undef X
    };
    const double distance = s1_probe_distance(&s->reference[index], value);
    if (length < s->link.length_count) {
        double *const most = &s->differences[index * s->link.length_count + length];
        *most = fmax(*most, distance);
    }
    for (int i = 0; i < S1_NEARNESS_COUNT; i++) {
        s1_settling_take(&s->settlings[index * S1_NEARNESS_COUNT + (size_t)i], bars, value->rows,
                         distance <= limits[i]);
    }
    at_declared *const declared = &s->declared[index];
    if (value->rows > s->items[index].deepest) {
        s->items[index].deepest = value->rows;
    }
    if (value->rows >= s->items[index].declared &&
        (declared->rows == 0 || value->rows < declared->rows)) {
        *declared = (at_declared){value->rows, distance};
    }
}

/* One length at this bar. */
static s1_rc try_length(session *s, uint64_t bars, s1_err *err)
{
    size_t length = 0;
    while (length < s->link.length_count && s->link.lengths[length] != bars) {
        length++;
    }
    S1_TRY(err, run_with(s, bars, err));
    const s1_probe_value *const values = s1_probe_values(s->probe);
    for (size_t i = 0; i < s->link.item_count; i++) {
        take_distance(s, i, length, bars, &values[i]);
    }
    return S1_OK;
}

/* Between what is too few and what is enough, for every item and nearness, until they meet. */
static s1_rc search(session *s, s1_err *err)
{
    const size_t count = s->link.item_count * S1_NEARNESS_COUNT;
    uint32_t runs = 0;
    for (bool is_open = true; is_open;) {
        is_open = false; /* a run for one may open another again */
        for (size_t i = 0; i < count; i++) {
            uint64_t bars;
            while (runs < SEARCH_RUNS_MAX && s1_settling_next(&s->settlings[i], &bars)) {
                S1_TRY(err, try_length(s, bars, err));
                runs++;
                is_open = true;
            }
        }
    }
    return S1_OK;
}

static void take_needs(session *s)
{
    for (size_t i = 0; i < s->link.item_count; i++) {
        s1_warmup_item *const item = &s->items[i];
        item->at_declared = fmax(item->at_declared, s->declared[i].distance);
        item->seen += s->reference[i].is_there && !isnan(s->reference[i].value);
        for (size_t k = 0; k < S1_NEARNESS_COUNT; k++) {
            const s1_settling *const settling = &s->settlings[i * S1_NEARNESS_COUNT + k];
            s1_warmup_need *const need = &item->needs[k];
            need->is_known &= settling->holds;
            if (settling->holds && settling->rows > need->rows) {
                need->rows = settling->rows;
            }
            if (settling->holds && settling->holds_from > need->before) {
                need->before = settling->holds_from;
            }
        }
    }
}

static s1_rc look_at(session *s, uint64_t row, s1_err *err)
{
    s->row = row;
    S1_TRY(err, s1_rehearsal_cut(s->rehearsal, s->past.close_time[row], err));
    S1_TRY(err, run_with(s, UINT64_MAX, err));
    memcpy(s->reference, s1_probe_values(s->probe), s->link.item_count * sizeof *s->reference);
    memset(s->settlings, 0, s->link.item_count * S1_NEARNESS_COUNT * sizeof *s->settlings);
    memset(s->declared, 0, s->link.item_count * sizeof *s->declared);
    for (size_t i = 0; i < s->try_count; i++) {
        S1_TRY(err, try_length(s, s->tries[i], err));
    }
    S1_TRY(err, search(s, err));
    take_needs(s);
    return S1_OK;
}

/* --- A link. -------------------------------------------------------------------------------- */

static void add_try(session *s, uint64_t bars)
{
    size_t at = 0;
    while (at < s->try_count && s->tries[at] > bars) {
        at++;
    }
    if (bars > s->link.depth || s->try_count == TRIES_MAX ||
        (at < s->try_count && s->tries[at] == bars)) {
        return;
    }
    memmove(&s->tries[at + 1], &s->tries[at], (s->try_count - at) * sizeof s->tries[0]);
    s->tries[at] = bars;
    s->try_count++;
}

/* 0, 1, 2, 5, 10, 20, 50, ... and the depth; and what is declared, in bars of the primary. */
static void choose_lengths(session *s)
{
    static const uint64_t steps[] = {1, 2, 5};
    s1_warmup_link *const link = &s->link;
    link->lengths[link->length_count++] = 0;
    for (uint64_t power = 1; power <= link->depth; power *= 10) {
        for (size_t i = 0; i < 3 && steps[i] * power < link->depth; i++) {
            link->lengths[link->length_count++] = steps[i] * power;
        }
    }
    link->lengths[link->length_count++] = link->depth;
    for (size_t i = 0; i < link->length_count; i++) {
        add_try(s, link->lengths[i]);
    }
    const s1_link_stream *const streams = s->request->link->link->streams.items;
    size_t count;
    const s1_probe_item *const items = s1_probe_items(s->probe, &count);
    for (size_t i = 0; i < count; i++) {
        const s1_nanos own = streams[items[i].stream_index].need.timeframe;
        const s1_nanos primary = streams[0].need.timeframe;
        const uint64_t before = items[i].declared > 0 ? items[i].declared - 1 : 0;
        add_try(s, own > primary ? items[i].declared * (uint64_t)(own / primary)
                                 : before * (uint64_t)own / (uint64_t)primary);
    }
}

static s1_rc make_items(session *s, s1_err *err)
{
    size_t count;
    s1_arena *const arena = &s->report->arena;
    const s1_probe_item *const items = s1_probe_items(s->probe, &count);
    s->items = s1_arena_array(arena, s1_warmup_item, count + 1);
    s->differences = s1_arena_array(arena, double, count * s->link.length_count + 1);
    s->reference = s1_arena_array(arena, s1_probe_value, count + 1);
    s->settlings = s1_arena_array(arena, s1_settling, count * S1_NEARNESS_COUNT + 1);
    s->declared = s1_arena_array(arena, at_declared, count + 1);
    if (s->items == NULL || s->differences == NULL || s->reference == NULL ||
        s->settlings == NULL || s->declared == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu values", count);
    }
    for (size_t i = 0; i < count; i++) {
        s1_warmup_item *const item = &s->items[i];
        *item = (s1_warmup_item){.kind = s1_probe_kind_name(items[i].kind),
                                 .stream = text_of(s, items[i].stream),
                                 .name = text_of(s, items[i].name),
                                 .worker = text_of(s, items[i].worker),
                                 .plugin = text_of(s, items[i].plugin),
                                 .declared = items[i].declared,
                                 .differences = s->differences + i * s->link.length_count};
        for (int k = 0; k < S1_NEARNESS_COUNT; k++) {
            item->needs[k].is_known = true;
        }
    }
    s->link.items = s->items;
    s->link.item_count = count;
    return S1_OK;
}

/* "BTC/USD@1h" of the primary stream. */
static const char *stream_of(session *s)
{
    const s1_data_need *const need = &s->request->link->link->streams.items[0].need;
    char timeframe[S1_TIMEFRAME_TEXT_MAX], text[256];
    const size_t length = s1_timeframe_print(need->timeframe, timeframe);
    (void)snprintf(text, sizeof text, "%.*s@%.*s", S1_STR_ARG(need->asset_pair), (int)length,
                   timeframe);
    return text_of(s, s1_str_of(text));
}

static void sum_up(session *s)
{
    const s1_link *const config = s->request->link->link;
    s1_warmup_link *const link = &s->link;
    for (int k = 0; k < S1_NEARNESS_COUNT; k++) {
        s1_warmup_need *const need = &link->needs[k];
        need->is_known = true;
        for (size_t i = 0; i < link->item_count; i++) {
            const s1_warmup_need *const one = &link->items[i].needs[k];
            if (strcmp(link->items[i].kind, s1_probe_kind_name(S1_PROBE_CONDITION)) == 0) {
                continue; /* a difference of two values near each other is never settled */
            }
            need->is_known &= one->is_known;
            need->before = one->before > need->before ? one->before : need->before;
        }
        need->rows = need->before + 1;
    }
    link->link = text_of(s, config->id);
    link->strategy = text_of(s, config->blueprint->blueprint_id);
    link->stream = stream_of(s);
    link->declared =
        s1_components_warmup_bars(s->request->link->plans, s->request->link->worker_count);
}

static s1_rc add_link(s1_warmup_report *report, const s1_warmup_link *link, s1_err *err)
{
    if (report->link_count == report->link_capacity) {
        const size_t capacity = report->link_capacity == 0 ? 4 : report->link_capacity * 2;
        s1_warmup_link *const grown = realloc(report->links, capacity * sizeof *grown);
        if (grown == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "%zu links", capacity);
        }
        report->links = grown;
        report->link_capacity = capacity;
    }
    report->links[report->link_count++] = *link;
    return S1_OK;
}

static s1_rc look(session *s, uint64_t *rows, s1_err *err)
{
    const s1_warmup_options *const o = s->options;
    S1_TRY(err, read_history(s, err));
    S1_TRY(err, draw_rows(s, rows, err));
    /* One run, for the probe to know what there is. */
    s->row = rows[0];
    S1_TRY(err, s1_rehearsal_cut(s->rehearsal, s->past.close_time[s->row], err));
    S1_TRY(err, run_with(s, 0, err));
    choose_lengths(s);
    S1_TRY(err, make_items(s, err));
    for (uint64_t i = 0; i < s->link.bars; i++) {
        if (o->on_progress != NULL) {
            o->on_progress(o->user, i, s->link.bars);
        }
        S1_TRY(err, look_at(s, rows[i], err));
    }
    sum_up(s);
    return add_link(s->report, &s->link, err);
}

static s1_rc look_at_link(void *user, const s1_backtest_request *request, s1_err *err)
{
    session *const s = user;
    uint64_t *const rows = malloc((size_t)s->options->bars * sizeof *rows);
    s->request = request;
    s1_rc rc = rows != NULL ? S1_OK : S1_RAISE(err, S1_E_NO_MEMORY, "bars to look at");
    if (rc == S1_OK) {
        rc = s1_rehearsal_new(request, &s->rehearsal, err);
    }
    if (rc == S1_OK) {
        rc = s1_probe_new(&s->probe, err);
    }
    if (rc == S1_OK) {
        rc = look(s, rows, err);
    }
    free(rows);
    free(s->past.close_time);
    free(s->past.signals);
    s1_probe_free(s->probe);
    s1_rehearsal_free(s->rehearsal);
    *s = (session){.options = s->options, .report = s->report};
    return rc;
}

static s1_rc check_options(const s1_warmup_options *options, s1_err *err)
{
    if (options->bars == 0 || options->bars > S1_WARMUP_BARS_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "bars: found %llu, expected 1 to %u",
                        (unsigned long long)options->bars, S1_WARMUP_BARS_MAX);
    }
    if (options->depth == 0 || options->depth > S1_WARMUP_DEPTH_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "depth: found %llu, expected 1 to %u",
                        (unsigned long long)options->depth, S1_WARMUP_DEPTH_MAX);
    }
    return S1_OK;
}

s1_rc s1_api_warmup(const s1_warmup_options *options, s1_warmup_report **ret_report, s1_err *err)
{
    S1_TRY(err, check_options(options, err));
    session *const s = calloc(1, sizeof *s);
    s1_warmup_report *const report = calloc(1, sizeof *report);
    if (s == NULL || report == NULL) {
        free(s);
        free(report);
        return S1_RAISE(err, S1_E_NO_MEMORY, "a report");
    }
    s->options = options;
    s->report = report;
    s1_arena_init(&report->arena, ARENA_BYTES_MAX, 0);
    s1_backtest_options run = *options->run;
    run.is_stopping = options->is_stopping;
    const s1_rc rc = s1_api_prepare_links(&run, look_at_link, s, err);
    free(s);
    if (rc != S1_OK) {
        s1_warmup_report_free(report);
        return rc;
    }
    *ret_report = report;
    return S1_OK;
}

const s1_warmup_link *s1_warmup_links(const s1_warmup_report *report, size_t *ret_count)
{
    *ret_count = report->link_count;
    return report->links;
}

void s1_warmup_report_free(s1_warmup_report *report)
{
    if (report != NULL) {
        s1_arena_done(&report->arena);
        free(report->links);
        free(report);
    }
}
