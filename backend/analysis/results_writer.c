#include "backend/analysis/results_writer.h"

#include "backend/data/persistors/parquet_persistor.h"
#include "backend/dtos/results/trade_codec.h"
#include "backend/utils/json_writer.h"

#include <math.h>
#include <stdlib.h>

#define WORDS_MAX_BYTES 4096u
#define EXCURSIONS_MAX  2000u /* trades */
#define LINE_POINTS     50u
#define TEXT_MAX_BYTES  ((size_t)4 << 30) /* of one file built in memory */

/* --- Metrics. ----------------------------------------------------------------------------- */

static void json_time_or_null(s1_json_writer *writer, s1_nanos time)
{
    if (time == 0) {
        s1_json_null(writer);
    } else {
        s1_json_time(writer, time);
    }
}

static void json_money_or_null(s1_json_writer *writer, s1_dec value, bool is_null)
{
    if (is_null) {
        s1_json_null(writer);
    } else {
        s1_json_dec(writer, value);
    }
}

/* Durations are whole seconds with a fraction where there is one: 3600.0. */
static void json_seconds(s1_json_writer *writer, s1_nanos value, bool is_null)
{
    s1_json_double(writer, is_null ? (double)NAN : (double)value / (double)S1_NANOS_PER_SECOND);
}

#define METRIC_TIME(value)           json_time_or_null(&writer, (value))
#define METRIC_DURATION(value)       json_seconds(&writer, (value), false)
#define METRIC_TRADE_DURATION(value) json_seconds(&writer, (value), !has_trades)
#define METRIC_COUNT(value)          s1_json_u64(&writer, (value))
#define METRIC_MONEY(value)          s1_json_dec(&writer, (value))
#define METRIC_TRADE_MONEY(value)    json_money_or_null(&writer, (value), !has_trades)
#define METRIC_FRACTION(value)       s1_json_double(&writer, (value))
#define METRIC_RATIO(value)          s1_json_double(&writer, (value))
#define METRIC_AMOUNT(value)         s1_json_double(&writer, (value))

static void print_trials_variance(s1_json_writer *writer, const s1_statistics *statistics)
{
    if (statistics->trials_variance > 0.0) {
        s1_json_key_lit(writer, "trials_variance");
        s1_json_double(writer, statistics->trials_variance);
    }
}

static void print_conventions(s1_json_writer *writer, const s1_statistics *statistics)
{
    s1_json_object(writer);
    s1_json_key_lit(writer, "returns");
    s1_json_cstr(writer, statistics->sampling == S1_RETURNS_BAR ? "bar" : "daily");
    s1_json_key_lit(writer, "day");
    s1_json_cstr(writer, statistics->is_weekend_in_next_day
                             ? "UTC, Saturday and Sunday count to the Monday"
                             : "UTC");
    s1_json_key_lit(writer, "samples");
    s1_json_u64(writer, statistics->samples);
    s1_json_key_lit(writer, "periods_per_year");
    s1_json_double(writer, statistics->periods_per_year);
    s1_json_key_lit(writer, "risk_free_rate");
    s1_json_double(writer, statistics->risk_free_rate);
    s1_json_key_lit(writer, "stddev_ddof");
    s1_json_u64(writer, 1);
    s1_json_key_lit(writer, "benchmark");
    if (statistics->benchmark.len == 0) {
        s1_json_cstr(writer, "buy and hold: the closes, sampled as the equity");
    } else {
        s1_json_cstr(writer, "buy and hold: the closes of benchmark_stream, sampled as the equity");
        s1_json_key_lit(writer, "benchmark_stream");
        s1_json_str(writer, statistics->benchmark);
    }
    s1_json_key_lit(writer, "trials");
    s1_json_u64(writer, statistics->trials);
    print_trials_variance(writer, statistics);
    s1_json_key_lit(writer, "fractions");
    s1_json_cstr(writer, "0.1 is 10 %");
    s1_json_key_lit(writer, "durations");
    s1_json_cstr(writer, "seconds");
    s1_json_object_end(writer);
}

/* What one value was made of. */
static void print_basis(s1_json_writer *writer, const s1_statistics *statistics, uint32_t basis)
{
    const uint32_t sample = basis & S1_BASIS_SAMPLE;
    const bool is_of_returns =
        sample == S1_OF_RETURNS || sample == S1_OF_ACTIVE || sample == S1_OF_MARKET;
    s1_json_object(writer);
    s1_json_key_lit(writer, "of");
    s1_json_cstr(writer, sample == S1_OF_RUN ? "run" : s1_basis_sample(basis));
    if (sample != S1_OF_RUN) {
        s1_json_key_lit(writer, "n");
        s1_json_u64(writer, s1_basis_count(statistics, basis));
    }
    if (is_of_returns) {
        s1_json_key_lit(writer, "sampling");
        s1_json_cstr(writer, statistics->sampling == S1_RETURNS_BAR ? "bar" : "daily");
    }
    if ((basis & S1_ANNUAL) != 0) {
        s1_json_key_lit(writer, "periods_per_year");
        s1_json_double(writer, statistics->periods_per_year);
    }
    if ((basis & S1_RISK_FREE) != 0) {
        s1_json_key_lit(writer, "risk_free_rate");
        s1_json_double(writer, statistics->risk_free_rate);
    }
    if ((basis & (S1_DDOF_0 | S1_DDOF_1)) != 0) {
        s1_json_key_lit(writer, "ddof");
        s1_json_u64(writer, (basis & S1_DDOF_1) != 0);
    }
    if ((basis & S1_QUANTILE) != 0) {
        s1_json_key_lit(writer, "quantile");
        s1_json_cstr(writer, "linear");
    }
    if ((basis & S1_TRIALS) != 0) {
        s1_json_key_lit(writer, "trials");
        s1_json_u64(writer, statistics->trials);
        print_trials_variance(writer, statistics);
    }
    if (statistics->benchmark.len > 0 &&
        (sample == S1_OF_ACTIVE || sample == S1_OF_MARKET || (basis & S1_AGAINST) != 0)) {
        s1_json_key_lit(writer, "benchmark");
        s1_json_str(writer, statistics->benchmark);
    }
    s1_json_object_end(writer);
}

static void print_spans(s1_json_writer *writer, const s1_return_span *spans, size_t count)
{
    s1_json_array(writer);
    for (size_t i = 0; i < count; i++) {
        char name[32];
        if (spans[i].month > 0) {
            (void)snprintf(name, sizeof name, "%04d-%02d", spans[i].year, spans[i].month);
        } else {
            (void)snprintf(name, sizeof name, "%04d", spans[i].year);
        }
        s1_json_object(writer);
        s1_json_key_lit(writer, "name");
        s1_json_cstr(writer, name);
        s1_json_key_lit(writer, "return");
        s1_json_double(writer, spans[i].value);
        s1_json_key_lit(writer, "buy_and_hold");
        s1_json_double(writer, spans[i].market);
        s1_json_object_end(writer);
    }
    s1_json_array_end(writer);
}

static void print_drawdowns(s1_json_writer *writer, const s1_statistics_tables *tables)
{
    s1_json_array(writer);
    for (size_t i = 0; i < tables->drawdown_count; i++) {
        const s1_drawdown_span *const span = &tables->drawdowns[i];
        s1_json_object(writer);
        s1_json_key_lit(writer, "depth");
        s1_json_double(writer, span->depth);
        s1_json_key_lit(writer, "peak");
        s1_json_time(writer, span->peak);
        s1_json_key_lit(writer, "trough");
        s1_json_time(writer, span->trough);
        s1_json_key_lit(writer, "regained");
        json_time_or_null(writer, span->regained);
        s1_json_object_end(writer);
    }
    s1_json_array_end(writer);
}

static void print_tables(s1_json_writer *writer, const s1_statistics_tables *tables)
{
    s1_json_key_lit(writer, "months");
    print_spans(writer, tables->months, tables->month_count);
    s1_json_key_lit(writer, "years");
    print_spans(writer, tables->years, tables->year_count);
    s1_json_key_lit(writer, "drawdowns");
    print_drawdowns(writer, tables);
}

static void print_words(s1_json_writer *writer, const s1_locale *english,
                        const s1_diagnosis *diagnosis)
{
    s1_strbuf text;
    s1_strbuf_init(&text, WORDS_MAX_BYTES);
    s1_diagnosis_cause(english, diagnosis, &text);
    s1_json_key_lit(writer, "cause");
    s1_json_str(writer, s1_strbuf_view(&text));
    const bool has_failed = text.has_failed; /* words that are missing make the file wrong */
    s1_strbuf_clear(&text);
    s1_diagnosis_advice(english, diagnosis, "RESULTS", &text);
    s1_json_key_lit(writer, "advice");
    s1_json_str(writer, s1_strbuf_view(&text));
    writer->buf->has_failed = writer->buf->has_failed || has_failed || text.has_failed;
    s1_strbuf_done(&text);
}

static void print_diagnoses(s1_json_writer *writer, const s1_diagnoses *diagnoses,
                            const s1_locale *english)
{
    s1_json_array(writer);
    for (size_t i = 0; i < diagnoses->count; i++) {
        const s1_diagnosis *const item = &diagnoses->items[i];
        s1_json_object(writer);
        s1_json_key_lit(writer, "code");
        s1_json_cstr(writer, s1_diagnosis_name(item->code));
        s1_json_key_lit(writer, "level");
        s1_json_cstr(writer, s1_diagnosis_is_warning(item->code) ? "warning" : "note");
        s1_json_key_lit(writer, "count");
        s1_json_u64(writer, item->count);
        s1_json_key_lit(writer, "of");
        s1_json_u64(writer, item->of);
        s1_json_key_lit(writer, "value");
        s1_json_double(writer, item->value);
        s1_json_key_lit(writer, "limit");
        s1_json_double(writer, item->limit);
        s1_json_key_lit(writer, "stage");
        s1_json_cstr(writer, item->detail);
        print_words(writer, english, item);
        s1_json_object_end(writer);
    }
    s1_json_array_end(writer);
}

/* [adverse, favourable] of each trade, on one line; null where there are too many to keep. */
static void print_excursions(s1_json_writer *writer, const s1_statistics_tables *tables)
{
    s1_strbuf text;
    if (tables->extreme_count > EXCURSIONS_MAX) {
        s1_json_null(writer);
        return;
    }
    s1_strbuf_init(&text, TEXT_MAX_BYTES);
    s1_strbuf_char(&text, '[');
    for (size_t i = 0; i < tables->extreme_count; i++) {
        s1_strbuf_cstr_add(&text, i > 0 ? ", [" : "[");
        s1_strbuf_double(&text, tables->extremes[i].adverse);
        s1_strbuf_lit(&text, ", ");
        s1_strbuf_double(&text, tables->extremes[i].favourable);
        s1_strbuf_char(&text, ']');
    }
    s1_strbuf_char(&text, ']');
    s1_json_raw(writer, s1_strbuf_view(&text));
    writer->buf->has_failed = writer->buf->has_failed || text.has_failed;
    s1_strbuf_done(&text);
}

/* The equity at even steps, the last at the end: a sparkline without the bars. */
static void print_line(s1_json_writer *writer, const s1_run_series *series)
{
    const size_t width = series->count < LINE_POINTS ? series->count : LINE_POINTS;
    s1_json_array(writer);
    for (size_t i = 0; i < width; i++) {
        s1_json_double(writer,
                       s1_dec_to_double(series->equity[(i + 1) * series->count / width - 1]));
    }
    s1_json_array_end(writer);
}

void s1_results_print_metrics(const s1_statistics *statistics, const s1_statistics_tables *tables,
                              const s1_diagnoses *diagnoses, const s1_run_series *series,
                              const s1_locale *english, s1_strbuf *out)
{
    const bool has_trades = statistics->trade_count > 0;
    s1_json_writer writer;
    s1_json_init(&writer, out, 2);
    s1_json_object(&writer);
    s1_json_key_lit(&writer, "schema_version");
    s1_json_u64(&writer, S1_RESULTS_VERSION);
    s1_json_key_lit(&writer, "metrics");
    s1_json_object(&writer);
#define X(type, field, kind, basis, label, definition)                                             \
    s1_json_key_lit(&writer, #field);                                                              \
    METRIC_##kind(statistics->field);
    S1_STATISTICS_MAP(X)
#undef X
    s1_json_object_end(&writer);
    s1_json_key_lit(&writer, "conventions");
    print_conventions(&writer, statistics);
    size_t count;
    const s1_statistic *const table = s1_statistics_table(&count);
    s1_json_key_lit(&writer, "convention_of");
    s1_json_object(&writer);
    for (size_t i = 0; i < count; i++) {
        s1_json_key(&writer, s1_str_of(table[i].name));
        print_basis(&writer, statistics, table[i].basis);
    }
    s1_json_object_end(&writer);
    s1_json_key_lit(&writer, "definitions");
    s1_json_object(&writer);
    for (size_t i = 0; i < count; i++) {
        s1_json_key(&writer, s1_str_of(table[i].name));
        s1_json_cstr(&writer, table[i].definition);
    }
    s1_json_object_end(&writer);
    print_tables(&writer, tables);
    s1_json_key_lit(&writer, "diagnostics");
    print_diagnoses(&writer, diagnoses, english);
    s1_json_key_lit(&writer, "excursions");
    print_excursions(&writer, tables);
    s1_json_key_lit(&writer, "equity_line");
    print_line(&writer, series);
    s1_json_object_end(&writer);
    s1_strbuf_char(out, '\n');
}

/* --- Manifest. ---------------------------------------------------------------------------- */

static void json_text_or_null(s1_json_writer *writer, s1_str text)
{
    if (text.len == 0) {
        s1_json_null(writer);
    } else {
        s1_json_str(writer, text);
    }
}

static void print_plugins(s1_json_writer *writer, const s1_run_manifest *manifest)
{
    s1_json_array(writer);
    for (size_t i = 0; i < manifest->plugin_count; i++) {
        s1_json_object(writer);
        s1_json_key_lit(writer, "name");
        s1_json_str(writer, manifest->plugins[i].name);
        s1_json_key_lit(writer, "version");
        s1_json_str(writer, manifest->plugins[i].version);
        s1_json_key_lit(writer, "sha256");
        json_text_or_null(writer, manifest->plugins[i].hash);
        s1_json_object_end(writer);
    }
    s1_json_array_end(writer);
}

static void print_streams(s1_json_writer *writer, const s1_run_manifest *manifest)
{
    s1_json_array(writer);
    for (size_t i = 0; i < manifest->stream_count; i++) {
        const s1_run_stream *const stream = &manifest->streams[i];
        s1_json_object(writer);
        s1_json_key_lit(writer, "stream");
        s1_json_str(writer, stream->name);
        s1_json_key_lit(writer, "rows");
        s1_json_u64(writer, stream->rows);
        s1_json_key_lit(writer, "first");
        s1_json_time(writer, stream->first);
        s1_json_key_lit(writer, "last");
        s1_json_time(writer, stream->last);
        s1_json_key_lit(writer, "sha256");
        s1_json_str(writer, stream->hash);
        s1_json_key_lit(writer, "files");
        s1_json_array(writer);
        for (size_t k = 0; k < stream->file_count; k++) {
            s1_json_object(writer);
            s1_json_key_lit(writer, "first");
            s1_json_time(writer, stream->files[k].first);
            s1_json_key_lit(writer, "rows");
            s1_json_u64(writer, stream->files[k].rows);
            s1_json_key_lit(writer, "bytes");
            s1_json_u64(writer, stream->files[k].bytes);
            s1_json_object_end(writer);
        }
        s1_json_array_end(writer);
        s1_json_object_end(writer);
    }
    s1_json_array_end(writer);
}

static void print_feeds(s1_json_writer *writer, const s1_run_manifest *manifest)
{
    s1_json_array(writer);
    for (size_t i = 0; i < manifest->feed_count; i++) {
        s1_json_object(writer);
        s1_json_key_lit(writer, "id");
        s1_json_str(writer, manifest->feeds[i].id);
        s1_json_key_lit(writer, "rows");
        s1_json_u64(writer, manifest->feeds[i].rows);
        s1_json_key_lit(writer, "sha256");
        s1_json_str(writer, manifest->feeds[i].hash);
        s1_json_object_end(writer);
    }
    s1_json_array_end(writer);
}

static void print_models(s1_json_writer *writer, const s1_run_manifest *manifest)
{
    s1_json_array(writer);
    for (size_t i = 0; i < manifest->model_count; i++) {
        s1_json_object(writer);
        s1_json_key_lit(writer, "id");
        s1_json_str(writer, manifest->models[i].id);
        s1_json_key_lit(writer, "sha256");
        s1_json_str(writer, manifest->models[i].hash);
        s1_json_object_end(writer);
    }
    s1_json_array_end(writer);
}

static void print_ambiguous(s1_json_writer *writer, const s1_run_manifest *manifest)
{
    s1_json_array(writer);
    for (size_t i = 0; i < manifest->ambiguous_count; i++) {
        s1_json_object(writer);
        s1_json_key_lit(writer, "time");
        s1_json_time(writer, manifest->ambiguous[i].time);
        s1_json_key_lit(writer, "trade_id");
        s1_json_uid(writer, manifest->ambiguous[i].trade_id.uid);
        s1_json_key_lit(writer, "rule");
        s1_json_str(writer, manifest->ambiguous[i].rule);
        s1_json_object_end(writer);
    }
    s1_json_array_end(writer);
}

static void print_costs(s1_json_writer *writer, const s1_run_costs *costs)
{
    if (costs == NULL) {
        return;
    }
    s1_json_key_lit(writer, "costs");
    s1_json_object(writer);
    s1_json_key_lit(writer, "fees");
    s1_json_dec(writer, costs->fees);
    s1_json_key_lit(writer, "funding");
    s1_json_dec(writer, costs->funding);
    s1_json_key_lit(writer, "interest");
    s1_json_dec(writer, costs->interest);
    s1_json_key_lit(writer, "fee_fallbacks");
    s1_json_u64(writer, costs->fee_fallbacks);
    s1_json_key_lit(writer, "liquidations");
    s1_json_u64(writer, costs->liquidations);
    s1_json_object_end(writer);
}

void s1_results_print_manifest(const s1_run_manifest *manifest, s1_strbuf *out)
{
    s1_json_writer writer;
    s1_json_init(&writer, out, 2);
    s1_json_object(&writer);
    s1_json_key_lit(&writer, "schema_version");
    s1_json_u64(&writer, S1_RESULTS_VERSION);
    s1_json_key_lit(&writer, "run_id");
    s1_json_uid(&writer, manifest->run_id.uid);
#define X(field, key, description)                                                                 \
    s1_json_key_lit(&writer, key);                                                                 \
    json_text_or_null(&writer, manifest->field);
    S1_RUN_TEXT_MAP(X)
#undef X
    s1_json_key_lit(&writer, "seed");
    s1_json_u64(&writer, manifest->seed);
    s1_json_key_lit(&writer, "from");
    json_time_or_null(&writer, manifest->from);
    s1_json_key_lit(&writer, "to");
    json_time_or_null(&writer, manifest->to);
    s1_json_key_lit(&writer, "initial_capital");
    s1_json_dec(&writer, manifest->initial_capital);
    print_costs(&writer, manifest->costs);
    s1_json_key_lit(&writer, "counts");
    s1_json_object(&writer);
#define X(field, key, description)                                                                 \
    s1_json_key_lit(&writer, key);                                                                 \
    s1_json_u64(&writer, manifest->field);
    S1_RUN_COUNT_MAP(X)
#undef X
    s1_json_object_end(&writer);
    s1_json_key_lit(&writer, "plugins");
    print_plugins(&writer, manifest);
    s1_json_key_lit(&writer, "data");
    print_streams(&writer, manifest);
    s1_json_key_lit(&writer, "feeds");
    print_feeds(&writer, manifest);
    s1_json_key_lit(&writer, "models");
    print_models(&writer, manifest);
    s1_json_key_lit(&writer, "ambiguous_bars_first");
    print_ambiguous(&writer, manifest);
    s1_json_object_end(&writer);
    s1_strbuf_char(out, '\n');
}

/* --- Files. ------------------------------------------------------------------------------- */

static s1_rc write_text(const s1_fs *fs, const char *folder, const char *name, s1_strbuf *text,
                        s1_err *err)
{
    char path[S1_PATH_MAX];
    S1_TRY(err, s1_strbuf_check(text, err));
    S1_TRY(err, s1_path_join(path, sizeof path, s1_str_of(folder), s1_str_of(name), err));
    S1_TRY(err, s1_fs_write_file(fs, path, s1_strbuf_view(text), err));
    return S1_OK;
}

static s1_rc write_equity(const s1_results_input *input, const s1_fs *fs, const char *folder,
                          s1_err *err)
{
    char path[S1_PATH_MAX];
    S1_TRY(err, s1_path_join(path, sizeof path, s1_str_of(folder),
                             s1_str_of(S1_RESULTS_EQUITY_FILE), err));
    double *const drawdown = calloc(input->series.count + 1, sizeof *drawdown);
    if (drawdown == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "drawdown of %zu bars", input->series.count);
    }
    s1_drawdown_fill(&input->series, input->manifest->initial_capital, drawdown);
    s1_rc rc = s1_parquet_write_equity(input->duckdb, fs, path, &input->series, drawdown, err);
    free(drawdown);
    return rc;
}

static s1_rc write_context(const s1_results_input *input, const s1_fs *fs, const char *folder,
                           s1_err *err)
{
    char path[S1_PATH_MAX];
    S1_TRY(err, s1_path_join(path, sizeof path, s1_str_of(folder),
                             s1_str_of(S1_RESULTS_CONTEXT_FILE), err));
    return s1_parquet_write_context(input->duckdb, fs, path, input->context, err);
}

s1_rc s1_results_write(const s1_results_input *input, const s1_fs *fs, const char *folder,
                       s1_statistics *ret_statistics, s1_err *err)
{
    s1_statistics statistics;
    s1_statistics_tables tables;
    S1_TRY(err, s1_statistics_compute(
                    &(s1_statistics_input){.series = input->series,
                                           .trades = input->trades,
                                           .trade_count = input->trade_count,
                                           .initial_capital = input->manifest->initial_capital,
                                           .fees = input->fees,
                                           .funding = input->funding,
                                           .interest = input->interest,
                                           .periods_per_year = input->periods_per_year,
                                           .risk_free_rate = input->risk_free_rate,
                                           .trials = input->trials,
                                           .trials_variance = input->trials_variance,
                                           .benchmark = input->benchmark},
                    &statistics, &tables, err));
    s1_rc rc = S1_OK;
    s1_strbuf text;
    s1_diagnoses found;
    s1_locale *english = NULL;
    s1_strbuf_init(&text, TEXT_MAX_BYTES);
    s1_diagnostics_find(&(s1_diagnostics_input){.manifest = input->manifest,
                                                .statistics = &statistics,
                                                .tables = &tables,
                                                .series = &input->series,
                                                .trades = input->trades,
                                                .trade_count = input->trade_count,
                                                .parameter_count = input->parameter_count},
                        &found);
    S1_TRY_GOTO(err, rc, out, s1_locale_new(S1_LANGUAGE_EN, &english, err));
    s1_results_print_metrics(&statistics, &tables, &found, &input->series, english, &text);
    S1_TRY_GOTO(err, rc, out, write_text(fs, folder, S1_RESULTS_METRICS_FILE, &text, err));
    s1_strbuf_clear(&text);
    s1_trade_record_csv_header(&text);
    for (size_t i = 0; i < input->trade_count; i++) {
        s1_trade_record_csv_row(&input->trades[i], &text);
    }
    S1_TRY_GOTO(err, rc, out, write_text(fs, folder, S1_RESULTS_TRADES_FILE, &text, err));
    if (input->duckdb != NULL) {
        S1_TRY_GOTO(err, rc, out, write_equity(input, fs, folder, err));
    }
    if (input->duckdb != NULL && input->context != NULL) {
        S1_TRY_GOTO(err, rc, out, write_context(input, fs, folder, err));
    }
    s1_strbuf_clear(&text);
    s1_results_print_manifest(input->manifest, &text);
    S1_TRY_GOTO(err, rc, out, write_text(fs, folder, S1_RESULTS_RUN_FILE, &text, err));
    if (ret_statistics != NULL) {
        *ret_statistics = statistics;
    }
out:
    s1_locale_free(english);
    s1_statistics_tables_free(&tables);
    s1_strbuf_done(&text);
    return rc;
}
