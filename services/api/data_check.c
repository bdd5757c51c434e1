#include "services/api/data_check.h"

#include "backend/config/sessions.h"
#include "backend/data/catalog/catalog.h"
#include "backend/data/persistors/parquet_persistor.h"
#include "backend/data/quality/quality.h"
#include "backend/utils/arena.h"
#include "backend/utils/clock.h"
#include "backend/utils/timefmt.h"
#include "s1mple/error.h"
#include "services/api/data_open_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)1 << 30)
#define STREAMS_MAX     1024u

struct s1_check_report {
    s1_arena arena;
    s1_check_stream streams[STREAMS_MAX];
    s1_stream_key keys[STREAMS_MAX];
    size_t count;
    char notice[512];
};

typedef struct request {
    const s1_check_options *options;
    s1_check_report *report;
    s1_data_persistor *archive;
    s1_catalog *catalog;              /* NULL: findings are not remembered */
    s1_instrument_sessions *sessions; /* of the configuration */
    s1_stream_key wanted;             /* where a timeframe or type is asked for */
    s1_time_range range;
    s1_quality_options quality; /* without the session's name */
} request;

bool s1_check_kind_at(size_t index, s1_check_kind *ret_kind)
{
    if (index >= S1_QUALITY_KINDS) {
        return false;
    }
    const int32_t kind = (int32_t)index;
    *ret_kind = (s1_check_kind){
        .kind = s1_quality_kind_name(kind),
        .severity = s1_quality_severity_name(s1_quality_kind_severity(kind)),
        .meaning = s1_quality_kind_meaning(kind),
    };
    return true;
}

/* --- What is asked for ------------------------------------------------------------------------ */

static s1_rc read_time(const char *text, s1_nanos otherwise, s1_nanos *ret_time, s1_err *err)
{
    *ret_time = otherwise;
    return text != NULL ? s1_time_parse(s1_str_of(text), ret_time, err) : S1_OK;
}

static s1_rc on_progress(void *user, uint64_t done, uint64_t total)
{
    const s1_check_options *const options = ((const request *)user)->options;
    if (options->is_stopping != NULL && atomic_load(options->is_stopping)) {
        return S1_E_CANCELED;
    }
    if (options->on_progress != NULL) {
        options->on_progress(options->user, done, total);
    }
    return S1_OK;
}

static s1_rc read_options(request *r, const s1_check_options *options, s1_err *err)
{
    r->options = options;
    if (options->timeframe != NULL) {
        S1_TRY(err, s1_stream_of(NULL, "A/B", options->timeframe, &r->wanted, err));
    }
    S1_TRY(err, read_time(options->from, INT64_MIN, &r->range.from, err));
    S1_TRY(err, read_time(options->to, INT64_MAX, &r->range.to, err));
    s1_quality_options *const quality = &r->quality;
    S1_TRY(err, read_time(options->as_of, s1_clock_wall(s1_clock_real()), &quality->as_of, err));
    for (size_t i = 0; i < options->closure_count; i++) {
        S1_TRY(err,
               s1_session_add_closure(&quality->session, s1_str_of(options->closures[i]), err));
    }
    for (size_t i = 0; i < options->outage_count; i++) {
        S1_TRY(err, s1_session_add_outage(&quality->session, s1_str_of(options->outages[i]), err));
    }
    s1_session probe = quality->session;
    if (options->session != NULL) {
        S1_TRY(err, s1_session_add_named(&probe, s1_str_of(options->session), err));
    }
    quality->frozen_min = options->frozen;
    quality->window = options->window;
    quality->findings_max = options->findings_max;
    quality->progress = on_progress;
    quality->progress_user = r;
    return S1_OK;
}

static s1_rc collect(void *user, const s1_stream_key *key, s1_err *err)
{
    const request *const r = user;
    s1_check_report *const report = r->report;
    if ((r->options->asset_pair != NULL &&
         !s1_str_eq_cstr(key->asset_pair, r->options->asset_pair)) ||
        (r->options->source != NULL && !s1_str_eq_cstr(key->source, r->options->source)) ||
        (r->options->timeframe != NULL &&
         (r->wanted.timeframe != key->timeframe || r->wanted.data_type != key->data_type))) {
        return S1_OK;
    }
    if (report->count == STREAMS_MAX) {
        return S1_RAISE(err, S1_E_INVALID,
                        "archive: found more than %u streams, expected fewer; name a pair",
                        STREAMS_MAX);
    }
    const char *const pair = s1_arena_copy_cstr(&report->arena, key->asset_pair);
    const char *const source = s1_arena_copy_cstr(&report->arena, key->source);
    if (pair == NULL || source == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a stream's name");
    }
    report->keys[report->count] = *key;
    report->keys[report->count].source = s1_str_of(source);
    report->keys[report->count++].asset_pair = s1_str_of(pair);
    return S1_OK;
}

static s1_rc find_streams(request *r, s1_err *err)
{
    S1_TRY(err, s1_data_list_streams(r->archive, collect, r, err));
    if (r->report->count > 0) {
        return S1_OK;
    }
    return S1_RAISE(err, S1_E_NOT_FOUND, "archive '%s': found no data of %s %s, expected some",
                    r->options->archive_dir,
                    r->options->asset_pair != NULL ? r->options->asset_pair : "any pair",
                    r->options->timeframe != NULL ? r->options->timeframe : "of any timeframe");
}

/* --- What was found --------------------------------------------------------------------------- */

static bool copy_findings(s1_arena *arena, const s1_quality_report *from, s1_check_stream *to)
{
    s1_check_finding *const findings =
        s1_arena_array(arena, s1_check_finding, from->finding_count + 1);
    if (findings == NULL) {
        return false;
    }
    for (size_t i = 0; i < from->finding_count; i++) {
        const s1_quality_finding *const one = &from->findings[i];
        findings[i] = (s1_check_finding){
            .kind = s1_quality_kind_name(one->kind),
            .severity = s1_quality_severity_name(one->severity),
            .first = one->first,
            .last = one->last,
            .row = one->row,
            .rows = one->rows,
            .found = s1_arena_copy_cstr(arena, s1_str_of(one->found)),
            .expected = s1_arena_copy_cstr(arena, s1_str_of(one->expected)),
        };
        if (findings[i].found == NULL || findings[i].expected == NULL) {
            return false;
        }
    }
    to->findings = findings;
    to->finding_count = from->finding_count;
    return true;
}

static bool copy_kinds(s1_arena *arena, const s1_quality_report *from, s1_check_stream *to)
{
    s1_check_kind *const kinds = s1_arena_array(arena, s1_check_kind, S1_QUALITY_KINDS);
    if (kinds == NULL) {
        return false;
    }
    for (size_t i = 0; s1_check_kind_at(i, &kinds[i]); i++) {
        kinds[i].findings = from->counts[i].findings;
        kinds[i].rows = from->counts[i].rows;
        const int32_t severity = s1_quality_kind_severity((int32_t)i);
        to->errors += severity == S1_QUALITY_ERROR ? kinds[i].findings : 0;
        to->warnings += severity == S1_QUALITY_WARNING ? kinds[i].findings : 0;
        to->infos += severity == S1_QUALITY_INFO ? kinds[i].findings : 0;
    }
    for (size_t i = 0; i < from->finding_count; i++) {
        kinds[from->findings[i].kind].shown++;
    }
    to->kinds = kinds;
    to->kind_count = S1_QUALITY_KINDS;
    return true;
}

/* --- What is remembered ------------------------------------------------------------------------
 */

static void forget_catalog(request *r, const s1_err *why)
{
    (void)snprintf(r->report->notice, sizeof r->report->notice, "findings are not remembered: %s",
                   why->msg);
    s1_catalog_close(r->catalog);
    r->catalog = NULL;
}

/* A check is what it found; a catalogue that cannot be written is a notice. */
static void open_catalog(request *r)
{
    s1_err why = S1_ERR_INIT;
    const bool is_whole = r->range.from == INT64_MIN && r->range.to == INT64_MAX;
    if (is_whole &&
        s1_catalog_open(s1_fs_real(), r->options->archive_dir, &r->catalog, &why) != S1_OK) {
        forget_catalog(r, &why);
    }
}

static void remember(request *r, const s1_stream_key *key, const char *session,
                     const s1_quality_report *found)
{
    char options[160], as_of[S1_TIME_TEXT_MAX];
    (void)s1_time_print(r->quality.as_of, as_of);
    (void)snprintf(options, sizeof options, "as of %s; frozen %u, neighbours %u, limit %u", as_of,
                   r->quality.frozen_min, r->quality.window, r->quality.findings_max);
    const s1_catalog_check check = {.at = s1_clock_wall(s1_clock_real()),
                                    .session = s1_str_of(session),
                                    .options = s1_str_of(options),
                                    .report = found};
    s1_err why = S1_ERR_INIT;
    if (r->catalog != NULL &&
        (s1_catalog_refresh_stream(r->catalog, r->archive, key, &why) != S1_OK ||
         s1_catalog_put_findings(r->catalog, key, &check, &why) != S1_OK)) {
        forget_catalog(r, &why);
    }
}

static s1_rc check_stream(request *r, size_t index, s1_err *err)
{
    s1_arena *const arena = &r->report->arena;
    const s1_stream_key *const key = &r->report->keys[index];
    s1_quality_options options = r->quality;
    const char *session = NULL;
    S1_TRY(err, s1_instrument_sessions_add(r->sessions, key->asset_pair, r->options->session,
                                           &options.session, &session, err));
    s1_quality_report *found = NULL;
    S1_TRY(err, s1_quality_check(r->archive, key, r->range, &options, &found, err));
    remember(r, key, session, found);
    char timeframe[S1_STREAM_KIND_MAX];
    (void)s1_stream_kind(key, timeframe);
    s1_check_stream stream = {
        .source = key->source.ptr,
        .asset_pair = key->asset_pair.ptr,
        .timeframe = s1_arena_copy_cstr(arena, s1_str_of(timeframe)),
        .session = s1_arena_copy_cstr(arena, s1_str_of(session)),
        .rows = found->rows,
        .first = found->first,
        .last = found->last,
    };
    const bool is_whole = stream.timeframe != NULL && stream.session != NULL &&
                          copy_kinds(arena, found, &stream) && copy_findings(arena, found, &stream);
    s1_quality_report_free(found);
    if (!is_whole) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a report of findings");
    }
    r->report->streams[index] = stream;
    return S1_OK;
}

static s1_rc check_all(request *r, s1_err *err)
{
    s1_duckdb *duckdb = NULL;
    S1_TRY(err, s1_duckdb_new(NULL, &duckdb, err));
    s1_rc rc = s1_parquet_persistor_new(&(s1_parquet_options){.fs = s1_fs_real(),
                                                              .duckdb = duckdb,
                                                              .archive = r->options->archive_dir},
                                        &r->archive, err);
    if (rc == S1_OK) {
        rc = s1_instrument_sessions_load(r->options->config_dir, &r->sessions, err);
    }
    if (rc == S1_OK) {
        rc = find_streams(r, err);
    }
    if (rc == S1_OK) {
        open_catalog(r);
    }
    for (size_t i = 0; rc == S1_OK && i < r->report->count; i++) {
        rc = check_stream(r, i, err);
    }
    if (r->catalog != NULL && s1_catalog_notice(r->catalog)[0] != '\0') {
        (void)snprintf(r->report->notice, sizeof r->report->notice, "%s",
                       s1_catalog_notice(r->catalog));
    }
    s1_catalog_close(r->catalog);
    s1_instrument_sessions_free(r->sessions);
    s1_data_persistor_free(r->archive);
    s1_duckdb_free(duckdb);
    return rc;
}

s1_rc s1_api_check_sessions(const char *config_dir, s1_err *err)
{
    s1_instrument_sessions *sessions = NULL;
    const s1_rc rc = s1_instrument_sessions_load(config_dir, &sessions, err);
    if (rc == S1_OK) {
        s1_instrument_sessions_free(sessions);
    }
    return rc;
}

s1_rc s1_api_data_check(const s1_check_options *options, s1_check_report **ret_report, s1_err *err)
{
    request r = {0};
    S1_TRY(err, read_options(&r, options, err));
    r.report = calloc(1, sizeof *r.report);
    if (r.report == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a report of findings");
    }
    s1_arena_init(&r.report->arena, ARENA_BYTES_MAX, (size_t)1 << 16);
    const s1_rc rc = check_all(&r, err);
    if (rc != S1_OK) {
        s1_check_report_free(r.report);
        return rc;
    }
    *ret_report = r.report;
    return S1_OK;
}

const s1_check_stream *s1_check_streams(const s1_check_report *report, size_t *ret_count)
{
    *ret_count = report->count;
    return report->streams;
}

const char *s1_check_notice(const s1_check_report *report)
{
    return report->notice;
}

void s1_check_report_free(s1_check_report *report)
{
    if (report != NULL) {
        s1_arena_done(&report->arena);
        free(report);
    }
}
