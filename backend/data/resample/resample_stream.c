#include "backend/data/resample/resample_stream.h"

#include "backend/utils/text.h"
#include "backend/utils/timefmt.h"
#include "s1mple/decimal.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <string.h>

/* What is open while the rows pass by. */
typedef struct pass {
    const s1_resample_task *task;
    s1_market_reader *reader;
    s1_resampler *resampler;
    s1_data_writer *writer; /* opened with the first bar */
    s1_market_scales scales;
    char provenance[S1_PROVENANCE_MAX], from_hash[S1_SHA256_HEX];
    uint64_t rows;
} pass;

s1_rc s1_resample_source_name(s1_str source, int32_t rule, s1_dec threshold,
                              char ret_name[static S1_SOURCE_TEXT_MAX + 1], s1_err *err)
{
    char number[S1_DEC_TEXT_MAX], name[2 * S1_SOURCE_TEXT_MAX + S1_DEC_TEXT_MAX];
    (void)s1_dec_print(threshold, number);
    for (char *c = number; *c != '\0'; c++) {
        *c = *c == '.' ? '_' : *c;
    }
    const int length = snprintf(name, sizeof name, "%.*s%s%s-%s", S1_STR_ARG(source),
                                source.len > 0 ? "-" : "", s1_bar_rule_name(rule), number);
    if (length < 0 || (size_t)length > S1_SOURCE_TEXT_MAX) {
        return S1_RAISE(err, S1_E_RANGE,
                        "source of the bars: found '%s', expected at most %u characters", name,
                        S1_SOURCE_TEXT_MAX);
    }
    memcpy(ret_name, name, (size_t)length + 1);
    return S1_OK;
}

static s1_rc check_task(const s1_resample_task *task, s1_err *err)
{
    S1_TRY(err, s1_stream_key_check(&task->from, err));
    S1_TRY(err, s1_stream_key_check(&task->to, err));
    if (task->to.data_type != S1_DATA_OHLCV) {
        return S1_RAISE(err, S1_E_INVALID, "stream to make: found %s, expected ohlcv",
                        s1_data_type_name(task->to.data_type));
    }
    if (s1_stream_key_equal(&task->from, &task->to)) {
        char name[S1_STREAM_TEXT_MAX];
        return S1_RAISE(err, S1_E_INVALID, "found %s to make of itself, expected another timeframe",
                        s1_stream_key_format(&task->from, name));
    }
    return S1_OK;
}

/* One archive does not mix days that open at 00:00 with days that open at 22:00. */
static s1_rc check_grid(const s1_resample_task *task, s1_err *err)
{
    s1_archive_info info = {.size = sizeof info};
    s1_err ignored = S1_ERR_INIT;
    s1_nanos start;
    if (task->rule != S1_BARS_TIME ||
        s1_data_get_info(task->archive, &task->to, &info, &ignored) != S1_OK) {
        return S1_OK; /* a stream that is damaged is for the writer to tell */
    }
    S1_TRY(err, s1_time_bar_start(info.first, task->to.timeframe, task->offset, &start, err));
    if (start != info.first) {
        char name[S1_STREAM_TEXT_MAX], time[S1_TIME_TEXT_MAX];
        (void)s1_time_print_short(info.first, time);
        return S1_RAISE(err, S1_E_EXISTS,
                        "the archive holds %s that open at another offset (the first at %s)",
                        s1_stream_key_format(&task->to, name), time);
    }
    return S1_OK;
}

/* "resample:BTC/USD 1h ohlcv sha256:... bars:time offset:0" */
static s1_rc describe(pass *p, s1_err *err)
{
    const s1_resample_task *const task = p->task;
    char name[S1_STREAM_TEXT_MAX], number[S1_DEC_TEXT_MAX] = "";
    S1_TRY(err, s1_data_get_content_hash(task->archive, &task->from, p->from_hash, err));
    if (task->rule != S1_BARS_TIME) {
        (void)s1_dec_print(task->threshold, number);
    }
    (void)snprintf(
        p->provenance, sizeof p->provenance, "resample:%s sha256:%s bars:%s%s%s offset:%lld%s%s%s",
        s1_stream_key_format(&task->from, name), p->from_hash, s1_bar_rule_name(task->rule),
        number[0] != '\0' ? ":" : "", number, (long long)(task->offset / S1_NANOS_PER_SECOND),
        task->drops_repeats ? " repeats:dropped" : "", task->keeps_partial ? " partial:kept" : "",
        task->session != NULL ? " fill:previous_close" : "");
    return S1_OK;
}

/* What came out goes to the writer. */
static s1_rc put(pass *p, s1_err *err)
{
    s1_bar_batch bars;
    s1_resampler_take(p->resampler, &bars);
    if (bars.count == 0) {
        return S1_OK;
    }
    const s1_market_batch batch = s1_market_batch_of_bars(&bars);
    if (p->writer == NULL) {
        uint32_t columns = s1_market_mandatory(S1_DATA_OHLCV);
        for (uint32_t i = 0; i < S1_MARKET_COLUMNS_MAX; i++) {
            columns |= batch.columns[i] != NULL ? 1u << i : 0;
        }
        const s1_writer_options options = {.overlap = p->task->overlap,
                                           .columns = columns,
                                           .provenance = s1_str_of(p->provenance),
                                           .keep_former = true};
        S1_TRY(err, s1_data_open_writer(p->task->archive, &p->task->to, &options, &p->writer, err));
    }
    return s1_data_writer_append(p->writer, &batch, &p->scales, err);
}

static s1_rc add(pass *p, const s1_market_batch *batch, s1_err *err)
{
    if (p->task->from.data_type == S1_DATA_OHLCV) {
        const s1_bar_batch bars = s1_bars_of_market_batch(batch);
        return s1_resampler_add_bars(p->resampler, &bars, err);
    }
    const s1_trade_batch trades = s1_trades_of_market_batch(batch);
    return s1_resampler_add_trades(p->resampler, &trades, err);
}

static s1_rc tell(const pass *p)
{
    return p->task->progress != NULL
               ? p->task->progress(p->task->user, p->rows, p->reader->rows_total)
               : S1_OK;
}

static s1_rc pass_all(pass *p, s1_err *err)
{
    for (;;) {
        s1_market_batch batch;
        S1_TRY(err, s1_market_reader_next(p->reader, &batch, err));
        if (batch.count == 0) {
            break;
        }
        S1_TRY(err, add(p, &batch, err));
        S1_TRY(err, put(p, err));
        p->rows += batch.count;
        S1_TRY(err, tell(p));
    }
    S1_TRY(err, s1_resampler_finish(p->resampler, err));
    return put(p, err);
}

static s1_rc open_pass(pass *p, s1_err *err)
{
    const s1_resample_task *const task = p->task;
    S1_TRY(err, check_task(task, err));
    S1_TRY(err, s1_data_load(task->archive, &task->from, S1_RANGE_ALL, &p->reader, err));
    const s1_resample_options options = {.rule = task->rule,
                                         .from_type = task->from.data_type,
                                         .from_timeframe = task->from.timeframe,
                                         .timeframe = task->to.timeframe,
                                         .offset = task->offset,
                                         .threshold = task->threshold,
                                         .price_scale = p->reader->scales.price,
                                         .qty_scale = p->reader->scales.qty,
                                         .drops_repeats = task->drops_repeats,
                                         .keeps_partial = task->keeps_partial,
                                         .session = task->session};
    p->scales = (s1_market_scales){
        .price = options.price_scale, .qty = options.qty_scale, .vwap = options.price_scale};
    S1_TRY(err, s1_resampler_new(&options, &p->resampler, err));
    S1_TRY(err, check_grid(task, err));
    return describe(p, err);
}

s1_rc s1_resample_stream(const s1_resample_task *task, s1_resample_result *ret_result, s1_err *err)
{
    pass p = {.task = task};
    s1_resample_result result = {0};
    s1_rc rc = open_pass(&p, err);
    if (rc == S1_OK) {
        rc = pass_all(&p, err);
    }
    s1_market_reader_close(p.reader);
    if (rc == S1_OK && p.writer != NULL) {
        rc = s1_data_writer_commit(p.writer, &result.saved, err);
    } else {
        s1_data_writer_abandon(p.writer);
    }
    if (rc == S1_OK) {
        result.counts = *s1_resampler_counts(p.resampler);
        memcpy(result.from_hash, p.from_hash, sizeof result.from_hash);
        *ret_result = result;
    }
    s1_resampler_free(p.resampler);
    return rc;
}
