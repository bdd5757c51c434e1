#include "backend/analysis/warmup.h"

#include "backend/utils/arena.h"
#include "backend/utils/text.h"
#include "backend/utils/timefmt.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_BYTES_MAX ((size_t)16 << 20)

struct s1_probe {
    s1_arena arena;
    s1_probe_item *items;   /* [item_count] */
    s1_probe_value *values; /* [item_count] */
    size_t item_count;
};

const char *s1_probe_kind_name(int kind)
{
    static const char *const names[] = {
#define X(name, text) text,
        S1_PROBE_KIND_MAP(X)
#undef X
    };
    return names[kind];
}

const char *s1_nearness_name(int nearness)
{
    static const char *const names[] = {
#define X(name, text, limit) text,
        S1_NEARNESS_MAP(X)
#undef X
    };
    return names[nearness];
}

/* --- The probe. ----------------------------------------------------------------------------- */

s1_rc s1_probe_new(s1_probe **ret_probe, s1_err *err)
{
    s1_probe *const probe = calloc(1, sizeof *probe);
    if (probe == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "an observer");
    }
    s1_arena_init(&probe->arena, NAMES_BYTES_MAX, 0);
    *ret_probe = probe;
    return S1_OK;
}

void s1_probe_free(s1_probe *probe)
{
    if (probe != NULL) {
        s1_arena_done(&probe->arena);
        free(probe);
    }
}

const s1_probe_item *s1_probe_items(const s1_probe *probe, size_t *ret_count)
{
    *ret_count = probe->item_count;
    return probe->items;
}

const s1_probe_value *s1_probe_values(const s1_probe *probe)
{
    return probe->values;
}

static s1_str keep(s1_probe *probe, s1_str text)
{
    const char *const copy = s1_arena_copy_cstr(&probe->arena, text);
    return s1_str_of(copy != NULL ? copy : "");
}

static s1_str name_stream(s1_probe *probe, const s1_stream *stream)
{
    char timeframe[S1_TIMEFRAME_TEXT_MAX], text[256];
    const size_t length = s1_timeframe_print(stream->timeframe, timeframe);
    (void)snprintf(text, sizeof text, "%.*s@%.*s", S1_STR_ARG(stream->asset_pair), (int)length,
                   timeframe);
    return keep(probe, s1_str_of(text));
}

static void add_item(s1_probe *probe, const s1_worker *worker, int32_t kind, s1_str name,
                     uint64_t declared)
{
    probe->items[probe->item_count++] =
        (s1_probe_item){.kind = kind,
                        .stream_index = worker->stream_index,
                        .stream = name_stream(probe, worker->stream),
                        .name = keep(probe, name),
                        .worker = keep(probe, worker->instance_id),
                        .plugin = keep(probe, worker->plugin_name),
                        .declared = declared};
}

/* The bars of its own stream a worker is not called before. */
static uint64_t gate_of(const s1_worker *worker)
{
    for (uint32_t i = 0; i < worker->gate_count; i++) {
        if (worker->gates[i].rows == &worker->stream->rows) {
            return worker->gates[i].need;
        }
    }
    return 1;
}

static s1_rc list_items(s1_probe *probe, const s1_observation *seen, s1_err *err)
{
    size_t count = 0;
    for (uint32_t i = 0; i < seen->worker_count; i++) {
        count += seen->workers[i]->column_count + seen->workers[i]->condition_count + 1;
    }
    probe->items = s1_arena_array(&probe->arena, s1_probe_item, count + 1);
    probe->values = s1_arena_array(&probe->arena, s1_probe_value, count + 1);
    if (probe->items == NULL || probe->values == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu values", count);
    }
    for (uint32_t i = 0; i < seen->worker_count; i++) {
        const s1_worker *const worker = seen->workers[i];
        for (uint32_t k = 0; k < worker->column_count; k++) {
            const s1_column_store *const column = worker->columns[k];
            add_item(probe, worker, S1_PROBE_COLUMN, column->name,
                     column->need_rows[column->stream]);
        }
        for (uint32_t k = 0; k < worker->condition_count; k++) {
            add_item(probe, worker, S1_PROBE_CONDITION, worker->conditions[k].name,
                     gate_of(worker));
        }
        if (worker->type == S1_WORKER_OPPORTUNITY) {
            add_item(probe, worker, S1_PROBE_SIGNALS, (s1_str){NULL, 0}, gate_of(worker));
        }
    }
    return S1_OK;
}

static double count_signals(const s1_observation *seen, const s1_worker *worker)
{
    double count = 0;
    for (uint32_t i = 0; i < seen->signals->count; i++) {
        count += seen->emitters[i] == worker;
    }
    return count;
}

static s1_rc take_tick(void *self, const s1_observation *seen, s1_err *err)
{
    s1_probe *const probe = self;
    if (probe->items == NULL) {
        S1_TRY(err, list_items(probe, seen, err));
    }
    s1_probe_value *to = probe->values;
    for (uint32_t i = 0; i < seen->worker_count; i++) {
        const s1_worker *const worker = seen->workers[i];
        const uint64_t rows = worker->stream->rows;
        for (uint32_t k = 0; k < worker->column_count; k++) {
            *to++ = (s1_probe_value){.value = s1_series_last(&worker->columns[k]->series),
                                     .rows = rows,
                                     .is_there = true};
        }
        for (uint32_t k = 0; k < worker->condition_count; k++) {
            const s1_condition *const condition = &worker->conditions[k].condition;
            *to = (s1_probe_value){.rows = rows};
            to->is_there = condition->tick == seen->context->view.tick;
            if (to->is_there) {
                to->value = condition->value;
                to->threshold = condition->threshold;
            }
            to++;
        }
        if (worker->type == S1_WORKER_OPPORTUNITY) {
            *to++ = (s1_probe_value){
                .value = count_signals(seen, worker), .rows = rows, .is_there = true};
        }
    }
    return S1_OK;
}

s1_run_observer s1_probe_observer(s1_probe *probe)
{
    return (s1_run_observer){.self = probe, .on_tick = take_tick};
}

/* --- Settling. ------------------------------------------------------------------------------ */

static double distance(double reference, double value)
{
    if (memcmp(&reference, &value, sizeof value) == 0) {
        return 0.0;
    }
    if (!isfinite(reference) || !isfinite(value)) {
        return (double)INFINITY;
    }
    const double difference = fabs(value - reference);
    const double relative = reference != 0.0 ? difference / fabs(reference) : difference;
    return relative > DBL_MIN ? relative : DBL_MIN;
}

double s1_probe_distance(const s1_probe_value *reference, const s1_probe_value *value)
{
    if (!reference->is_there || !value->is_there) {
        return reference->is_there == value->is_there ? 0.0 : (double)INFINITY;
    }
    return fmax(distance(reference->value, value->value),
                distance(reference->threshold, value->threshold));
}

void s1_settling_take(s1_settling *settling, uint64_t bars, uint64_t rows, bool is_near)
{
    if (settling->has_failed && bars <= settling->fails_at) {
        return;
    }
    if (is_near) {
        if (!settling->holds) {
            settling->most = bars;
            settling->most_rows = rows;
        }
        if (!settling->holds || bars < settling->holds_from) {
            settling->holds_from = bars;
            settling->rows = rows;
        }
        settling->holds = true;
        return;
    }
    settling->has_failed = true;
    settling->fails_at = bars;
    if (settling->holds && bars >= settling->holds_from) {
        settling->holds = bars < settling->most;
        settling->holds_from = settling->most;
        settling->rows = settling->most_rows;
    }
}

bool s1_settling_next(const s1_settling *settling, uint64_t *ret_bars)
{
    if (!settling->holds || settling->holds_from == 0 ||
        (settling->has_failed && settling->fails_at + 1 == settling->holds_from)) {
        return false;
    }
    const uint64_t from = settling->has_failed ? settling->fails_at + 1 : 0;
    *ret_bars = from + (settling->holds_from - from) / 2;
    return true;
}
