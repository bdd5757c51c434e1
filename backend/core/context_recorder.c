#include "backend/core/context_recorder.h"

#include "backend/utils/arena.h"
#include "backend/utils/reserve.h"
#include "backend/utils/text.h"
#include "backend/utils/timefmt.h"

#include <stdio.h>
#include <stdlib.h>

#define NAMES_BYTES_MAX (1u << 20)

struct s1_context_recorder {
    const s1_trading_context *context;
    s1_arena arena;
    const s1_series **series; /* [column_count] */
    s1_str *names;            /* [column_count] */
    uint32_t column_count;
    char *bytes; /* reserved */
    size_t stride;
    uint64_t count, capacity, bytes_max;
};

/* "ema_20" of the primary stream, "ETH/USD@1h.ema_20" of another. */
static s1_rc add_column(s1_context_recorder *recorder, uint32_t stream, s1_str name,
                        const s1_series *series, s1_err *err)
{
    const s1_stream *const view = &recorder->context->streams[stream].view;
    char text[256];
    char timeframe[S1_TIMEFRAME_TEXT_MAX];
    const size_t length = s1_timeframe_print(view->timeframe, timeframe);
    (void)snprintf(text, sizeof text, "%.*s@%.*s.%.*s", S1_STR_ARG(view->asset_pair), (int)length,
                   timeframe, S1_STR_ARG(name));
    const s1_str full = stream == 0 ? name : s1_str_of(text);
    const char *const copy = s1_arena_copy_cstr(&recorder->arena, full);
    if (copy == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "names of recorded columns");
    }
    recorder->names[recorder->column_count] = (s1_str){copy, full.len};
    recorder->series[recorder->column_count++] = series;
    return S1_OK;
}

static s1_rc add_streams(s1_context_recorder *recorder, s1_err *err)
{
    const s1_trading_context *const context = recorder->context;
    for (uint32_t i = 0; i < context->view.stream_count; i++) {
        const s1_stream_store *const store = &context->streams[i];
#define X(member, name)                                                                            \
    S1_TRY(err, add_column(recorder, i, S1_STR(name), &store->view.member, err));
        S1_BASE_COLUMN_MAP(X)
#undef X
        for (uint32_t k = 0; k < store->column_count; k++) {
            const s1_column_store *const column = store->columns[k];
            S1_TRY(err, add_column(recorder, i, column->name, &column->series, err));
        }
    }
    return S1_OK;
}

s1_rc s1_context_recorder_new(const s1_trading_context *context, uint64_t bytes_max,
                              s1_context_recorder **ret_recorder, s1_err *err)
{
    s1_context_recorder *const recorder = calloc(1, sizeof *recorder);
    if (recorder == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a context recorder");
    }
    recorder->context = context;
    recorder->bytes_max = bytes_max;
    s1_arena_init(&recorder->arena, NAMES_BYTES_MAX, 0);
    size_t columns = 0;
    for (uint32_t i = 0; i < context->view.stream_count; i++) {
        columns += S1_BASE_COLUMN_COUNT + context->streams[i].column_count;
    }
    recorder->stride = sizeof(s1_context_record) + columns * sizeof(double);
    recorder->capacity = bytes_max / recorder->stride;
    recorder->series = s1_arena_array(&recorder->arena, const s1_series *, columns);
    recorder->names = s1_arena_array(&recorder->arena, s1_str, columns);
    recorder->bytes = s1_reserve_new(bytes_max);
    s1_rc rc = S1_OK;
    if (recorder->series == NULL || recorder->names == NULL || recorder->bytes == NULL) {
        rc = S1_RAISE(err, S1_E_NO_MEMORY, "%llu bytes for records of the context",
                      (unsigned long long)bytes_max);
    } else {
        rc = add_streams(recorder, err);
    }
    if (rc != S1_OK) {
        s1_context_recorder_free(recorder);
        return rc;
    }
    *ret_recorder = recorder;
    return S1_OK;
}

void s1_context_recorder_free(s1_context_recorder *recorder)
{
    if (recorder != NULL) {
        s1_reserve_free(recorder->bytes, recorder->bytes_max);
        s1_arena_done(&recorder->arena);
        free(recorder);
    }
}

static s1_rc record(s1_context_recorder *recorder, s1_str worker, s1_opportunity_id opportunity_id,
                    s1_trade_id trade_id, s1_err *err)
{
    if (recorder->count == recorder->capacity) {
        return S1_RAISE(err, S1_E_NO_MEMORY,
                        "more than %llu decisions of %u columns to record "
                        "(limits.context_record_mib)",
                        (unsigned long long)recorder->capacity, recorder->column_count);
    }
    char *const at = recorder->bytes + recorder->count * recorder->stride;
    *(s1_context_record *)(void *)at = (s1_context_record){.time = recorder->context->view.now,
                                                           .worker = worker,
                                                           .opportunity_id = opportunity_id,
                                                           .trade_id = trade_id};
    double *const values = (double *)(void *)(at + sizeof(s1_context_record));
    for (uint32_t i = 0; i < recorder->column_count; i++) {
        values[i] = s1_series_last(recorder->series[i]);
    }
    recorder->count++;
    return S1_OK;
}

s1_rc s1_context_recorder_signals(s1_context_recorder *recorder, const s1_signal_list *signals,
                                  const s1_worker *const *emitters, s1_err *err)
{
    for (uint32_t i = 0; i < signals->count; i++) {
        const s1_signal *const signal = s1_signal_list_at(signals, i);
        const s1_worker *const worker = emitters != NULL ? emitters[i] : NULL;
        S1_TRY(err, record(recorder, worker != NULL ? worker->instance_id : S1_STR(""),
                           signal->opportunity_id, (s1_trade_id){0}, err));
    }
    return S1_OK;
}

s1_rc s1_context_recorder_plans(s1_context_recorder *recorder, s1_str worker,
                                const s1_plan_list *plans, s1_err *err)
{
    for (uint32_t i = 0; i < plans->count; i++) {
        S1_TRY(err, record(recorder, worker, plans->items[i].opportunity_id,
                           plans->items[i].trade_id, err));
    }
    return S1_OK;
}

s1_context_records s1_context_recorder_records(const s1_context_recorder *recorder)
{
    return (s1_context_records){.items = recorder->bytes,
                                .columns = recorder->names,
                                .stride = recorder->stride,
                                .count = recorder->count,
                                .column_count = recorder->column_count};
}
