#include "services/api/data_resample.h"

#include "backend/data/quality/fill.h"
#include "backend/data/resample/resample_stream.h"
#include "backend/utils/clock.h"
#include "backend/utils/timefmt.h"
#include "s1mple/error.h"
#include "services/api/data_open_internal.h"

#include <stdio.h>
#include <string.h>

#define WHO "resample"

typedef struct request {
    const s1_api_resample_options *options;
    s1_open_archive archive;
    s1_resample_task task;
    s1_session session; /* with a fill */
    char to_source[S1_SOURCE_TEXT_MAX + 1];
} request;

/* --- Options ---------------------------------------------------------------------------------- */

/* "8h", "-2h", "0". */
static s1_rc parse_offset(const char *text, s1_nanos *ret_offset, s1_err *err)
{
    const bool is_negative = text[0] == '-';
    const s1_str number = s1_str_of(text + (is_negative ? 1 : 0));
    s1_nanos offset = 0;
    if (!s1_str_eq_cstr(number, "0") && s1_timeframe_parse(number, &offset, NULL) != S1_OK) {
        return S1_RAISE(err, S1_E_INVALID, "offset: found '%.40s', expected such as 8h, -90m or 4d",
                        text);
    }
    *ret_offset = is_negative ? -offset : offset;
    return S1_OK;
}

static s1_rc read_rule(request *r, s1_err *err)
{
    const s1_api_resample_options *const options = r->options;
    s1_resample_task *const task = &r->task;
    const s1_str source = s1_str_of(options->source != NULL ? options->source : "");
    if ((options->timeframe != NULL) == (options->bars != NULL)) {
        return S1_RAISE(err, S1_E_INVALID,
                        "found %s, expected either a timeframe or a rule of the bars",
                        options->bars != NULL ? "both" : "neither");
    }
    if (options->bars != NULL) {
        S1_TRY(err,
               s1_bar_rule_parse(s1_str_of(options->bars), &task->rule, &task->threshold, err));
        task->to.timeframe = S1_INFORMATION_TIMEFRAME;
        S1_TRY(err,
               s1_resample_source_name(source, task->rule, task->threshold, r->to_source, err));
        if (options->offset != NULL) {
            return S1_RAISE(err, S1_E_INVALID, "offset: found one of %s bars, expected none",
                            s1_bar_rule_name(task->rule));
        }
    } else {
        task->rule = S1_BARS_TIME;
        S1_TRY(err, s1_timeframe_parse(s1_str_of(options->timeframe), &task->to.timeframe, err));
        (void)snprintf(r->to_source, sizeof r->to_source, "%.*s", S1_STR_ARG(source));
    }
    return options->offset != NULL ? parse_offset(options->offset, &task->offset, err) : S1_OK;
}

static s1_rc read_fill(request *r, s1_err *err)
{
    const s1_api_resample_options *const options = r->options;
    int32_t policy = S1_FILL_NONE;
    if (options->fill != NULL) {
        S1_TRY(err, s1_fill_policy_parse(s1_str_of(options->fill), &policy, err));
    }
    if (policy == S1_FILL_NONE) {
        return options->session == NULL
                   ? S1_OK
                   : S1_RAISE(err, S1_E_INVALID,
                              "session: found '%.40s' with nothing to fill, expected "
                              "fill previous_close",
                              options->session);
    }
    const char *const name =
        options->session != NULL ? options->session : s1_session_name_for(r->task.from.asset_pair);
    S1_TRY(err, s1_session_add_named(&r->session, s1_str_of(name), err));
    r->task.session = &r->session;
    return S1_OK;
}

static s1_rc progress(void *user, uint64_t done, uint64_t total)
{
    const s1_api_resample_options *const options = user;
    if (options->is_stopping != NULL && atomic_load(options->is_stopping)) {
        return S1_E_CANCELED;
    }
    if (options->on_progress != NULL) {
        options->on_progress(options->user, done, total);
    }
    return S1_OK;
}

static s1_rc read_options(request *r, s1_api_resample_options *options, s1_err *err)
{
    s1_resample_task *const task = &r->task;
    S1_TRY(err, s1_stream_of(NULL, options->asset_pair, options->from, &task->from, err));
    task->from.source = s1_str_of(options->source != NULL ? options->source : "");
    task->to.asset_pair = task->from.asset_pair;
    task->to.data_type = S1_DATA_OHLCV;
    S1_TRY(err, read_rule(r, err));
    task->to.source = s1_str_of(options->to_source != NULL ? options->to_source : r->to_source);
    if (s1_stream_key_equal(&task->from, &task->to)) {
        char name[S1_STREAM_TEXT_MAX];
        return S1_RAISE(err, S1_E_INVALID, "found %s to make of itself, expected another timeframe",
                        s1_stream_key_format(&task->from, name));
    }
    S1_TRY(err, read_fill(r, err));
    task->drops_repeats = options->drops_repeats;
    task->keeps_partial = options->keeps_partial;
    task->overlap = S1_OVERLAP_REPLACE;
    task->progress = progress;
    task->user = options;
    return S1_OK;
}

/* --- What is in the way ----------------------------------------------------------------------- */

typedef struct origin {
    s1_data_persistor *archive;
    const s1_stream_key *key;
    uint64_t lines, made_lines; /* of provenance; of these, of resampling */
} origin;

static s1_rc count_line(void *user, s1_str line, s1_err *err)
{
    origin *const o = user;
    (void)err;
    o->lines++;
    o->made_lines += s1_str_starts_with(line, S1_STR(WHO ":")) ? 1 : 0;
    return S1_OK;
}

static s1_rc count_file(void *user, const s1_parquet_file *file, s1_err *err)
{
    origin *const o = user;
    return s1_parquet_visit_provenance(o->archive, o->key, file, count_line, user, err);
}

/* A venue's own bars are not replaced by made ones in passing: only what says of itself that it was
 * made by resampling, all of it. */
static s1_rc check_target(const request *r, s1_err *err)
{
    s1_archive_info info = {.size = sizeof info};
    s1_err ignored = S1_ERR_INIT;
    origin o = {.archive = r->archive.persistor, .key = &r->task.to};
    if (r->options->replaces ||
        s1_data_get_info(r->archive.persistor, &r->task.to, &info, &ignored) != S1_OK) {
        return S1_OK;
    }
    S1_TRY(err, s1_parquet_visit_files(o.archive, o.key, count_file, &o, err));
    if (o.lines > 0 && o.made_lines == o.lines) {
        return S1_OK;
    }
    char name[S1_STREAM_TEXT_MAX];
    return S1_RAISE(
        err, S1_E_EXISTS,
        "the archive holds %s that were not made by resampling; name another source for "
        "what is made (--to-source), or --replace",
        s1_stream_key_format(&r->task.to, name));
}

/* --- What came of it -------------------------------------------------------------------------- */

static void put_name(char out[static 33], s1_str text)
{
    (void)snprintf(out, 33, "%.*s", S1_STR_ARG(text));
}

static void tell(const request *r, const s1_resample_result *result, s1_api_resample_report *report)
{
    const s1_resample_counts *const counts = &result->counts;
    char kind[S1_STREAM_KIND_MAX];
    put_name(report->source, r->task.from.source);
    put_name(report->to_source, r->task.to.source);
    put_name(report->from, s1_str_of(s1_stream_kind(&r->task.from, kind)));
    put_name(report->to, s1_str_of(r->options->bars != NULL ? r->options->bars
                                                            : s1_stream_kind(&r->task.to, kind)));
    report->rule = s1_bar_rule_name(r->task.rule);
    report->offset_seconds = r->task.offset / S1_NANOS_PER_SECOND;
    report->rows = counts->rows;
    report->bars = counts->bars;
    report->repeats = counts->repeats;
    report->quiet_rows = counts->quiet_rows;
    report->filled = counts->filled;
    report->missing = counts->missing;
    report->moved = counts->moved;
    report->partial_rows = counts->partial_rows;
    report->partial_time = counts->partial_time;
    report->has_partial_kept = counts->partial_rows > 0 && r->task.keeps_partial;
    report->starts_inside = counts->starts_inside;
    report->rows_replaced = result->saved.rows_replaced;
    report->is_unchanged = result->saved.is_unchanged;
    report->first = result->saved.first;
    report->last = result->saved.last;
    report->price_scale = result->saved.scales.price;
    report->qty_scale = result->saved.scales.qty;
    memcpy(report->former_hash, result->saved.former_hash, sizeof report->former_hash);
    memcpy(report->content_hash, result->saved.content_hash, sizeof report->content_hash);
}

/* The catalogue hears of it; that it could not is a warning, the data is safe. */
static void remember(const request *r, const s1_resample_result *result,
                     s1_api_resample_report *report)
{
    char from[S1_STREAM_TEXT_MAX];
    s1_err why = S1_ERR_INIT;
    const s1_catalog_import import = {
        .at = s1_clock_wall(s1_clock_real()),
        .who = S1_STR(WHO),
        .file = s1_str_of(s1_stream_key_format(&r->task.from, from)),
        .sha256 = s1_str_of(result->from_hash),
        .profile = s1_str_of(report->to),
        .rows = result->counts.bars,
        .rejects = result->counts.repeats,
        .replaced = result->saved.rows_replaced,
    };
    s1_rc rc =
        s1_catalog_refresh_stream(r->archive.catalog, r->archive.persistor, &r->task.to, &why);
    if (rc == S1_OK) {
        rc = s1_catalog_add_import(r->archive.catalog, &r->task.to, &import, &why);
    }
    if (rc != S1_OK) {
        (void)snprintf(report->warning, sizeof report->warning, "catalogue: %.200s", why.msg);
    }
}

static s1_rc resample(request *r, s1_api_resample_report *report, s1_err *err)
{
    s1_resample_result result = {0};
    r->task.archive = r->archive.persistor;
    S1_TRY(err, check_target(r, err));
    S1_TRY(err, s1_resample_stream(&r->task, &result, err));
    tell(r, &result, report);
    if (result.counts.bars > 0 && !result.saved.is_unchanged) {
        remember(r, &result, report);
    }
    return S1_OK;
}

s1_rc s1_api_data_resample(const s1_api_resample_options *options,
                           s1_api_resample_report *ret_report, s1_err *err)
{
    const s1_nanos start = s1_clock_monotonic(s1_clock_real());
    s1_api_resample_options callback = *options;
    request r = {.options = options};
    s1_api_resample_report report = {0};
    S1_TRY(err, read_options(&r, &callback, err));
    S1_TRY(err, s1_open_archive_begin(options->archive_dir, &r.archive, err));
    const s1_rc rc = resample(&r, &report, err);
    s1_open_archive_end(&r.archive);
    if (rc == S1_OK) {
        report.seconds = (double)(s1_clock_monotonic(s1_clock_real()) - start) / 1e9;
        *ret_report = report;
    }
    return rc;
}
