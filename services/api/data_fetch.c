#include "services/api/data_fetch.h"

#include "backend/config/config.h"
#include "backend/config/ingestion.h"
#include "backend/config/tables.h"
#include "backend/connectors/kraken/kraken_public.h"
#include "backend/data/catalog/catalog.h"
#include "backend/data/persistors/parquet_persistor.h"
#include "backend/utils/proc.h"
#include "backend/utils/timefmt.h"
#include "services/live/http_transport.h"
#include "services/operators/data_command_service.h"

#include <stdio.h>
#include <stdlib.h>

#define FILE_BYTES_MAX  (1u << 20)
#define ARENA_BYTES_MAX ((size_t)64 << 20)
#define MS              1000000LL

typedef struct task {
    const s1_fetch_options *options;
    s1_fetch_report *report;
    s1_arena arena;
    s1_faults faults;
    s1_platform_config platform;
    s1_connectors_config connectors;
    s1_stream_key key;
    s1_time_range range;
    s1_nanos started;
    s1_duckdb *duckdb;
    s1_data_persistor *archive;
    s1_connector *connector;
    s1_transport *transport;
    s1_fetch_status status; /* told last */
} task;

/* --- Settings -----------------------------------------------------------------------------------
 */

/* A file of the configuration by its schema; its defaults where it is not there. */
static s1_rc read_file(task *t, const char *name, const s1_schema *schema, void *to, s1_err *err)
{
    char path[S1_PATH_MAX];
    s1_yaml_node *root = NULL;
    const char *const dir = t->options->config_dir;
    S1_TRY(err, s1_path_join(path, sizeof path, s1_str_of(dir != NULL ? dir : "."), s1_str_of(name),
                             err));
    if (dir != NULL && s1_fs_exists(s1_fs_real(), path)) {
        const s1_yaml_options options = {.file = s1_str_of(path), .read_variable = s1_proc_getenv};
        s1_strbuf text;
        s1_strbuf_init(&text, FILE_BYTES_MAX);
        const s1_rc rc = s1_fs_read_all(s1_fs_real(), path, FILE_BYTES_MAX, &text, err);
        if (rc == S1_OK) {
            s1_yaml_parse(s1_strbuf_view(&text), &options, &t->arena, &t->faults, &root);
        }
        s1_strbuf_done(&text);
        S1_TRY(err, rc);
    }
    s1_schema_read(schema, root, to, &t->arena, &t->faults);
    return s1_faults_check(&t->faults, err);
}

/* The connector of that id, or for "kraken" the first public one of the file; NULL: the built-in.
 */
static s1_rc find_connector(const task *t, const s1_connector_config **ret_config, s1_err *err)
{
    const s1_str wanted = s1_str_of(t->options->connector);
    const s1_connector_config *public = NULL;
    for (uint32_t i = 0; i < t->connectors.connectors.count; i++) {
        const s1_connector_config *const c = &t->connectors.connectors.items[i];
        if (s1_str_eq(c->connector_id, wanted)) {
            if (c->type != S1_CONNECTOR_KRAKEN_PUBLIC) {
                return S1_RAISE(err, S1_E_INVALID,
                                "connector '%s': found a private one, expected kraken_public",
                                t->options->connector);
            }
            *ret_config = c;
            return S1_OK;
        }
      public
        = public == NULL && c->type == S1_CONNECTOR_KRAKEN_PUBLIC ? c : public;
    }
    if (!s1_str_eq_cstr(wanted, "kraken") && !s1_str_eq_cstr(wanted, "kraken_public")) {
        return S1_RAISE(err, S1_E_NOT_FOUND,
                        "connector '%s': not there, expected kraken or a connector_id of "
                        "connectors.yaml",
                        t->options->connector);
    }
    *ret_config = public;
    return S1_OK;
}

/* The exchange's address: paths of requests begin with /0/public themselves. */
static void set_address(task *t, const s1_connector_config *config)
{
    s1_str address = t->options->url != NULL                      ? s1_str_of(t->options->url)
                     : config != NULL && config->base_url.len > 0 ? config->base_url
                                                                  : S1_STR(S1_KRAKEN_ADDRESS);
    while (address.len > 0 && address.ptr[address.len - 1] == '/') {
        address.len--;
    }
    if (s1_str_ends_with(address, S1_STR("/0/public"))) {
        address.len -= strlen("/0/public");
    }
    (void)snprintf(t->report->address, sizeof t->report->address, "%.*s", S1_STR_ARG(address));
}

static s1_rc read_time(const char *text, s1_nanos otherwise, s1_nanos *ret_time, s1_err *err)
{
    *ret_time = otherwise;
    return text != NULL ? s1_time_parse(s1_str_of(text), ret_time, err) : S1_OK;
}

static s1_rc read_options(task *t, s1_err *err)
{
    const s1_fetch_options *const o = t->options;
    t->key.asset_pair = s1_str_of(o->asset_pair);
    t->key.source = s1_str_of(o->source != NULL ? o->source : "");
    S1_TRY(err, s1_data_type_parse(s1_str_of(o->data_type), &t->key.data_type, err));
    if (t->key.data_type != S1_DATA_TRADES && t->key.data_type != S1_DATA_OHLCV) {
        return S1_RAISE(err, S1_E_INVALID, "found --type %s, expected trades or ohlcv",
                        o->data_type);
    }
    if ((o->timeframe != NULL) != (t->key.data_type == S1_DATA_OHLCV)) {
        return S1_RAISE(err, S1_E_INVALID, "%s",
                        o->timeframe != NULL ? "found a timeframe of trades, expected none"
                                             : "found no timeframe of ohlcv, expected one");
    }
    if (o->timeframe != NULL) {
        S1_TRY(err, s1_timeframe_parse(s1_str_of(o->timeframe), &t->key.timeframe, err));
    }
    S1_TRY(err, read_time(o->from, INT64_MIN, &t->range.from, err));
    S1_TRY(err, read_time(o->to, INT64_MAX, &t->range.to, err));
    return s1_stream_key_check(&t->key, err);
}

/* --- What the service calls ---------------------------------------------------------------------
 */

static void tell(const task *t)
{
    if (t->options->on_progress != NULL) {
        t->options->on_progress(t->options->user, &t->status);
    }
}

/* Asked while a request is out, too: whoever is told how far it is may then want to stop. */
static bool is_stopping(void *user)
{
    const task *const t = user;
    tell(t);
    return t->options->is_stopping != NULL && atomic_load(t->options->is_stopping);
}

static void warn(const task *t, const char *message)
{
    if (t->options->on_warning != NULL && message[0] != '\0') {
        t->options->on_warning(t->options->user, message);
    }
}

static void on_progress(void *user, const s1_fetch_progress *progress)
{
    task *const t = user;
    t->status = (s1_fetch_status){
        .rows = progress->rows,
        .requests = progress->requests,
        .seconds_done = (uint64_t)(progress->done / S1_NANOS_PER_SECOND),
        .seconds_total = (uint64_t)(progress->total / S1_NANOS_PER_SECOND),
        .waiting = progress->waiting,
    };
    tell(t);
}

/* A commit is in the catalogue as soon as it stands. */
static void on_commit(void *user, const s1_stream_key *key, const s1_save_result *result)
{
    const task *const t = user;
    s1_err why = S1_ERR_INIT;
    const s1_catalog_import import = {.at = s1_clock_wall(s1_clock_real()),
                                      .who = S1_STR("fetch"),
                                      .file = s1_str_of(t->report->address),
                                      .profile = s1_str_of(t->options->connector),
                                      .rows = result->rows_written,
                                      .replaced = result->rows_replaced};
    if (!s1_catalog_note_commit(s1_fs_real(), t->options->archive_dir, t->archive, key, &import,
                                &why)) {
        char message[600];
        (void)snprintf(message, sizeof message, "the catalogue was not brought up to date: %s",
                       why.msg);
        warn(t, message);
    }
}

/* --- The task -----------------------------------------------------------------------------------
 */

static s1_rc open_connector(task *t, s1_err *err)
{
    const s1_fetch_options *const o = t->options;
    const s1_connector_config *config = NULL;
    S1_TRY(err, find_connector(t, &config, err));
    set_address(t, config);
    s1_kraken_public_options kraken = {.timeout = (s1_nanos)o->timeout_ms * MS,
                                       .seed = (uint64_t)t->started};
    if (config != NULL) {
        kraken.max_attempts = (uint32_t)config->retries.max_attempts;
        kraken.retry_delay = config->retries.delay_seconds * S1_NANOS_PER_SECOND;
    }
    if (o->pace_ms != UINT32_MAX) {
        kraken.spacing = o->pace_ms > 0 ? (s1_nanos)o->pace_ms * MS : -1;
    }
    S1_TRY(err, s1_kraken_public_new(&kraken, &t->connector, err));
    const s1_http_transport_options http = {.clock = s1_clock_real(),
                                            .address = t->report->address,
                                            .is_stopping = is_stopping,
                                            .user = t};
    return s1_http_transport_new(&http, &t->transport, err);
}

static s1_rc open_archive(task *t, s1_err *err)
{
    const s1_fs *const fs = s1_fs_real();
    S1_TRY(err, s1_fs_mkdir_all(fs, t->options->archive_dir, err));
    S1_TRY(err, s1_duckdb_new(NULL, &t->duckdb, err));
    return s1_parquet_persistor_new(
        &(s1_parquet_options){.fs = fs, .duckdb = t->duckdb, .archive = t->options->archive_dir},
        &t->archive, err);
}

static s1_rc run_command(task *t, s1_data_command_service *service, s1_fetch_result *result,
                         s1_err *err)
{
    switch (t->options->command) {
    case S1_FETCH_EXTEND:
        return s1_data_extend_history(service, &t->key, (int64_t)t->options->extend_days, result,
                                      err);
    case S1_FETCH_FILL_GAPS:
        return s1_data_fill_gaps(service, &t->key, t->range, 0, result, err);
    case S1_FETCH_SYNCHRONIZE:
        return s1_data_synchronize(service, &t->key, result, err);
    default:
        return s1_data_fetch_period(service, &t->key, t->range, result, err);
    }
}

static void copy_result(task *t, const s1_fetch_result *r)
{
    s1_fetch_report *const p = t->report;
    p->requests = r->requests;
    p->faults = r->faults;
    p->limited = r->limited;
    p->received = r->received;
    p->repeated = r->repeated;
    p->added = r->added;
    p->rows = r->rows;
    p->commits = r->commits;
    p->parts = r->parts;
    p->empty = r->empty;
    p->unreachable = r->unreachable;
    p->first = r->first;
    p->last = r->last;
    p->asked_from = r->asked.from;
    p->asked_to = r->asked.to;
    (void)snprintf(p->content_hash, sizeof p->content_hash, "%s", r->content_hash);
    p->seconds = (double)(s1_clock_monotonic(s1_clock_real()) - t->started) / 1e9;
}

static s1_rc fetch(task *t, s1_err *err)
{
    const s1_fetch_options *const o = t->options;
    s1_ingestion_profile profile;
    S1_TRY(err, read_options(t, err));
    S1_TRY(err, read_file(t, "platform.yaml", &s1_platform_schema, &t->platform, err));
    S1_TRY(err, read_file(t, "connectors.yaml", &s1_connectors_schema, &t->connectors, err));
    const s1_str name = s1_str_of(o->profile != NULL ? o->profile : S1_INGESTION_HISTORICAL);
    S1_TRY(err, s1_ingestion_profile_find(&t->platform, name, &profile, err));
    S1_TRY(err, open_connector(t, err));
    S1_TRY(err, open_archive(t, err));
    const struct s1_collection_limits *const limits = &t->platform.services.data_collection.limits;
    const s1_data_command_options command = {.connector = t->connector,
                                             .transport = t->transport,
                                             .archive = t->archive,
                                             .clock = s1_clock_real(),
                                             .buffer_rows_max = profile.max_records,
                                             .buffer_age_max = profile.max_age,
                                             .max_history_days = limits->max_history_days,
                                             .warn_history_days = limits->warn_history_days,
                                             .on_commit = on_commit,
                                             .on_progress = on_progress,
                                             .user = t};
    s1_data_command_service *service = NULL;
    s1_fetch_result result = {0};
    S1_TRY(err, s1_data_command_service_new(&command, &service, err));
    const s1_rc rc = run_command(t, service, &result, err);
    s1_data_command_service_free(service);
    copy_result(t, &result);
    warn(t, result.warning);
    return rc;
}

s1_rc s1_api_data_fetch(const s1_fetch_options *options, s1_fetch_report *ret_report, s1_err *err)
{
    task *const t = calloc(1, sizeof *t);
    *ret_report = (s1_fetch_report){0};
    if (t == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a task");
    }
    t->options = options;
    t->report = ret_report;
    t->started = s1_clock_monotonic(s1_clock_real());
    s1_arena_init(&t->arena, ARENA_BYTES_MAX, 0);
    s1_faults_init(&t->faults, &t->arena, 0);
    const s1_rc rc = fetch(t, err);
    s1_transport_free(t->transport);
    s1_connector_free(t->connector);
    s1_data_persistor_free(t->archive);
    s1_duckdb_free(t->duckdb);
    s1_arena_done(&t->arena);
    free(t);
    return rc;
}
