#include "services/api/data_record.h"

#include "backend/config/schema.h"
#include "backend/data/catalog/catalog.h"
#include "backend/data/persistors/parquet_persistor.h"
#include "backend/utils/rng.h"
#include "s1mple/error.h"
#include "services/live/stream_session.h"

#include <stdlib.h>

#define PROGRESS_INTERVAL (200 * 1000000LL)
#define DEPTH_DEFAULT     10u

typedef struct recording {
    const s1_record_options *options;
    s1_duckdb *duckdb;
    s1_data_persistor *persistor;
    s1_recorder *recorder;
    s1_session *session;
    s1_ingestion_profile profile;
    int32_t policy;
    s1_nanos duration; /* 0: none */
    s1_nanos started;
    size_t stream_count;
    s1_recorder_stream streams[S1_RECORD_STREAMS_MAX];
    s1_kraken_ws_stream wanted[S1_RECORD_STREAMS_MAX];
    s1_store_recovery recoveries[S1_RECORD_STREAMS_MAX];
    s1_recorder_status statuses[S1_RECORD_STREAMS_MAX];
    s1_session_status session_status;
} recording;

/* --- Options. --- */

static s1_rc add_stream(recording *r, const char *pair, const char *type, s1_err *err)
{
    int32_t data_type;
    if (r->stream_count == S1_RECORD_STREAMS_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "found more than %u streams, expected at most that many",
                        S1_RECORD_STREAMS_MAX);
    }
    S1_TRY(err, s1_data_type_parse(s1_str_of(type), &data_type, err));
    if (data_type == S1_DATA_OHLCV) {
        return S1_RAISE(err, S1_E_INVALID, "type: found 'ohlcv', expected trades, quotes or book");
    }
    const uint32_t depth = r->options->depth != 0 ? r->options->depth : DEPTH_DEFAULT;
    const size_t at = r->stream_count++;
    r->streams[at] = (s1_recorder_stream){s1_str_of(pair), data_type};
    r->wanted[at] = (s1_kraken_ws_stream){.asset_pair = s1_str_of(pair),
                                          .data_type = data_type,
                                          .depth = data_type == S1_DATA_BOOK ? depth : 0};
    return S1_OK;
}

static s1_rc add_streams(recording *r, s1_err *err)
{
    static const char *const trades[] = {"trades"};
    const s1_record_options *const o = r->options;
    const char *const *const types = o->type_count != 0 ? o->types : trades;
    const size_t type_count = o->type_count != 0 ? o->type_count : 1;
    for (size_t p = 0; p < o->pair_count; p++) {
        for (size_t t = 0; t < type_count; t++) {
            S1_TRY(err, add_stream(r, o->pairs[p], types[t], err));
        }
    }
    return S1_OK;
}

static s1_rc read_options(recording *r, s1_err *err)
{
    const s1_record_options *const o = r->options;
    if (strcmp(o->connector, "kraken") != 0) {
        return S1_RAISE(err, S1_E_INVALID, "connector: found '%s', expected kraken", o->connector);
    }
    if (o->depth != 0 && o->depth != 10 && o->depth != 25 && o->depth != 100 && o->depth != 500 &&
        o->depth != 1000) {
        return S1_RAISE(err, S1_E_INVALID, "depth: found %u, expected 10, 25, 100, 500 or 1000",
                        o->depth);
    }
    if (o->queue_records > (uint64_t)1 << 25) {
        return S1_RAISE(err, S1_E_INVALID, "queue: found %llu rows, expected at most %u",
                        (unsigned long long)o->queue_records, 1u << 25);
    }
    S1_TRY(err, add_streams(r, err));
    S1_TRY(err, s1_queue_policy_parse(s1_str_of(o->on_full != NULL ? o->on_full : "drop_newest"),
                                      &r->policy, err));
    if (o->duration != NULL) {
        S1_TRY(err, s1_duration_parse(s1_str_of(o->duration), &r->duration, err));
    }
    return s1_ingestion_profile_load(o->config_dir,
                                     s1_str_of(o->profile != NULL ? o->profile : S1_INGESTION_LIVE),
                                     &r->profile, err);
}

/* --- The report. --- */

static void copy_text(char *to, size_t size, s1_str text)
{
    (void)snprintf(to, size, "%.*s", S1_STR_ARG(text));
}

static void report_stream(const recording *r, size_t index, s1_record_stream *to)
{
    const s1_recorder_status *const from = &r->statuses[index];
    const s1_store_recovery *const recovery = &r->recoveries[index];
    *to = (s1_record_stream){
        .accepted = from->accepted,
        .dropped = from->dropped,
        .depth = from->depth,
        .high_water = from->high_water,
        .capacity = from->capacity,
        .accept_longest = from->accept_longest,
        .duplicates = from->duplicates,
        .gaps = from->store.gaps,
        .missing = from->missing,
        .resyncs = from->notes[S1_NOTE_RESYNC],
        .durable = from->store.rows_durable,
        .archived = from->store.rows_archived,
        .refused = from->store.rows_refused,
        .flushes = from->store.flushes,
        .flush_failures = from->store.flush_failures,
        .flush_longest = from->store.flush_longest,
        .recovered_segments = recovery->segments,
        .recovered_rows = recovery->rows,
        .recovered_new = recovery->rows_added,
        .torn_bytes = recovery->bytes_torn,
        .damaged_rows = recovery->rows_damaged,
        .resumed_after = recovery->last_time,
        .crashed_after = recovery->last_received,
    };
    copy_text(to->asset_pair, sizeof to->asset_pair, r->streams[index].asset_pair);
    copy_text(to->data_type, sizeof to->data_type,
              s1_str_of(s1_data_type_name(r->streams[index].data_type)));
}

static void make_report(recording *r, s1_record_report *to)
{
    const s1_session_status *const session = &r->session_status;
    *to = (s1_record_report){
        .is_connected = session->is_connected,
        .connects = session->connects,
        .disconnects = session->disconnects,
        .failed_connects = session->failed_connects,
        .messages = session->messages,
        .bytes = session->bytes,
        .malformed = session->malformed,
        .subscribed = session->subscribed,
        .refused = session->refused,
        .seconds = (double)(s1_clock_monotonic(s1_clock_real()) - r->started) / 1e9,
        .max_records = r->profile.max_records,
        .max_age = r->profile.max_age,
        .stream_count = r->stream_count,
    };
    copy_text(to->system, sizeof to->system, s1_str_of(session->system));
    copy_text(to->last_problem, sizeof to->last_problem, s1_str_of(session->last_problem));
    for (size_t i = 0; i < r->stream_count; i++) {
        report_stream(r, i, &to->streams[i]);
    }
}

/* --- Recording. --- */

/* Tells the catalogue; one that does not work is made good by its next sync. */
static void on_commit(void *user, const s1_store_commit *commit)
{
    const recording *const r = user;
    s1_err why = S1_ERR_INIT;
    const s1_catalog_import import = {.at = s1_clock_wall(s1_clock_real()),
                                      .who = S1_STR("record"),
                                      .file = commit->key->source,
                                      .profile = s1_str_of(r->profile.name),
                                      .rows = commit->rows_added,
                                      .rejects = commit->rows_missing};
    (void)s1_catalog_note_commit(s1_fs_real(), r->options->archive_dir, r->persistor, commit->key,
                                 &import, &why);
}

static s1_rc start_recorder(recording *r, s1_err *err)
{
    const s1_recorder_options recorder = {.fs = s1_fs_real(),
                                          .clock = s1_clock_real(),
                                          .persistor = r->persistor,
                                          .archive = r->options->archive_dir,
                                          .connector_id = s1_str_of(r->options->connector),
                                          .streams = r->streams,
                                          .stream_count = r->stream_count,
                                          .profile = r->profile,
                                          .queue_records = r->options->queue_records,
                                          .queue_policy = r->policy,
                                          .on_commit = on_commit,
                                          .user = r};
    S1_TRY(err, s1_recorder_start(&recorder, r->recoveries, &r->recorder, err));
    for (size_t i = 0; i < r->stream_count; i++) {
        r->wanted[i].last_id = r->recoveries[i].last_id;
        r->wanted[i].last_time = r->recoveries[i].last_time;
    }
    return S1_OK;
}

static s1_rc start_session(recording *r, s1_err *err)
{
    s1_rng rng;
    S1_TRY(err, s1_rng_init_entropy(&rng, s1_entropy_real(), err));
    const s1_session_options session = {.url = r->options->url != NULL ? r->options->url
                                                                       : S1_KRAKEN_WS_URL,
                                        .streams = r->wanted,
                                        .stream_count = r->stream_count,
                                        .recorder = r->recorder,
                                        .clock = s1_clock_real(),
                                        .seed = s1_rng_u64(&rng)};
    return s1_session_start(&session, &r->session, err);
}

static bool is_over(const recording *r)
{
    const bool is_told = r->options->is_stopping != NULL && atomic_load(r->options->is_stopping);
    const s1_nanos passed = s1_clock_monotonic(s1_clock_real()) - r->started;
    return is_told || (r->duration != 0 && passed >= r->duration) ||
           r->session_status.refused == r->stream_count;
}

static void look(recording *r)
{
    s1_session_get_status(r->session, &r->session_status);
    for (size_t i = 0; i < r->stream_count; i++) {
        r->statuses[i] = s1_recorder_get_status(r->recorder, i);
    }
}

static void tell(recording *r, s1_record_report *report)
{
    make_report(r, report);
    if (r->options->on_progress != NULL) {
        r->options->on_progress(r->options->user, report);
    }
}

static s1_rc watch(recording *r, s1_record_report *report, s1_err *err)
{
    for (;;) {
        look(r);
        tell(r, report);
        S1_TRY(err, s1_recorder_check(r->recorder, err));
        if (is_over(r)) {
            break;
        }
        s1_recorder_wait(r->recorder, PROGRESS_INTERVAL);
    }
    if (r->session_status.refused == r->stream_count) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "the exchange refused every stream: %s",
                        r->session_status.last_problem);
    }
    if (r->session_status.connects == 0) {
        return S1_RAISE(err, S1_E_IO, "no connection to %s in %llu attempts: %s",
                        r->options->url != NULL ? r->options->url : S1_KRAKEN_WS_URL,
                        (unsigned long long)r->session_status.failed_connects,
                        r->session_status.last_problem);
    }
    return S1_OK;
}

/* The socket first, so that nothing comes any more; then what is queued goes to the archive. */
static s1_rc stop_all(recording *r, s1_rc rc, s1_record_report *report, s1_err *err)
{
    s1_err own = S1_ERR_INIT;
    if (r->session != NULL) {
        s1_session_get_status(r->session, &r->session_status);
        s1_session_stop(r->session);
    }
    if (r->recorder != NULL) {
        const s1_rc stopped = s1_recorder_stop(r->recorder, r->statuses, &own);
        make_report(r, report);
        if (rc == S1_OK && stopped != S1_OK) {
            return S1_RAISE(err, stopped, "%s", own.msg);
        }
    }
    return rc;
}

static s1_rc record(recording *r, s1_record_report *report, s1_err *err)
{
    s1_rc rc = start_recorder(r, err);
    if (rc == S1_OK) {
        rc = start_session(r, err);
    }
    if (rc == S1_OK) {
        r->started = s1_clock_monotonic(s1_clock_real()); /* bringing in is not recording */
        rc = watch(r, report, err);
    }
    return stop_all(r, rc, report, err);
}

s1_rc s1_api_data_record(const s1_record_options *options, s1_record_report *ret_report,
                         s1_err *err)
{
    recording *const r = calloc(1, sizeof *r);
    if (r == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a recording");
    }
    r->options = options;
    r->started = s1_clock_monotonic(s1_clock_real());
    s1_rc rc = read_options(r, err);
    if (rc == S1_OK) {
        rc = s1_fs_mkdir_all(s1_fs_real(), options->archive_dir, err);
    }
    if (rc == S1_OK) {
        rc = s1_duckdb_new(NULL, &r->duckdb, err);
    }
    if (rc == S1_OK) {
        rc = s1_duckdb_open(r->duckdb, err); /* before another thread uses it */
    }
    if (rc == S1_OK) {
        const s1_parquet_options parquet = {s1_fs_real(), r->duckdb, options->archive_dir};
        rc = s1_parquet_persistor_new(&parquet, &r->persistor, err);
    }
    if (rc == S1_OK) {
        rc = record(r, ret_report, err);
    }
    s1_data_persistor_free(r->persistor);
    s1_duckdb_free(r->duckdb);
    free(r);
    return rc;
}
