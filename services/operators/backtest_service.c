#include "services/operators/backtest_service.h"

#include "backend/analysis/results_writer.h"
#include "backend/assembly/persistor_factory.h"
#include "backend/config/sessions.h"
#include "backend/data/persistors/journal_sink.h"
#include "backend/data/persistors/parquet_persistor.h"
#include "backend/data/quality/fill.h"
#include "backend/data/resample/resample_reader.h"
#include "backend/utils/folder_lock.h"
#include "backend/utils/hash.h"
#include "backend/utils/proc.h"
#include "backend/utils/timefmt.h"
#include "backend/utils/uid.h"
#include "services/operators/app_logger.h"
#include "services/operators/result_logger.h"
#include "services/operators/task_thread.h"

#include <stdlib.h>
#include <string.h>

#define BINARY_BYTES_MAX (512u << 20)

/* Everything of one backtest that has to be given back. */
struct s1_backtest {
    const s1_backtest_request *request;
    s1_arena arena;
    char partial[S1_PATH_MAX];
    s1_folder_lock *lock; /* of the results folder and its partial */
    bool has_folder;
    s1_sha256 *config_digest;
    s1_duckdb *duckdb;
    s1_persistor_factory *factory;
    s1_data_persistor **archives; /* [stream_count] */
    s1_data_persistor **versions; /* [stream_count]; what is read instead, or NULL */
    s1_run_stream *streams;       /* [stream_count]; as they are read */
    s1_bar_reader **readers;      /* [stream_count]; taken by the run */
    s1_trade_bars *trades;        /* readers[0], where orders match on its trades */
    s1_market_reader *book;       /* where they match on it; taken by the run */
    bool has_given_readers;
    s1_nanos opened, data_time; /* host time: when opening began, what the data took of it */
    s1_nanos from;              /* of the run: configured, else the first bar's open */
    s1_journal_persistor *journal;
    s1_locale *locale;
    s1_log *log;
    s1_result_logger results;
    s1_task_thread *writer; /* of the journal */
    s1_run_orchestrator *run;
    int32_t journal_level; /* enum s1_journal_level */
    s1_run_id run_id;
    char config_hash[S1_SHA256_HEX], data_hash[S1_SHA256_HEX], binary_hash[S1_SHA256_HEX];
};
typedef struct s1_backtest backtest;

static const s1_link *link_of(const backtest *b)
{
    return b->request->link->link;
}

/* "<partial>/<name>" */
static s1_rc path_in(const backtest *b, const char *name, char path[static S1_PATH_MAX],
                     s1_err *err)
{
    return s1_path_join(path, S1_PATH_MAX, s1_str_of(b->partial), s1_str_of(name), err);
}

/* --- Folder and configuration. --------------------------------------------------------------- */

static s1_rc make_folder(backtest *b, s1_err *err)
{
    const char *const dir = b->request->results_dir;
    char path[S1_PATH_MAX], what[S1_PATH_MAX + 32];
    if ((size_t)snprintf(path, sizeof path, "%s.lock", dir) >= sizeof path) {
        return S1_RAISE(err, S1_E_RANGE, "results folder: the path is too long");
    }
    (void)snprintf(what, sizeof what, "results folder '%s'", dir);
    S1_TRY(err, s1_folder_lock_new(b->request->fs, path, what, &b->lock, err));
    if (s1_fs_exists(b->request->fs, dir)) {
        return S1_RAISE(err, S1_E_EXISTS,
                        "results folder '%s' is there already; name another or remove it", dir);
    }
    const int length = snprintf(b->partial, sizeof b->partial, "%s.partial", dir);
    if (length < 0 || (size_t)length >= sizeof b->partial) {
        return S1_RAISE(err, S1_E_RANGE, "results folder: the path is too long");
    }
    S1_TRY(err, s1_fs_remove_tree(b->request->fs, b->partial, err)); /* of a run that was killed */
    S1_TRY(err, s1_fs_mkdir(b->request->fs, b->partial, err));
    b->has_folder = true;
    return S1_OK;
}

/* Writes one file of the resolved configuration and adds it to the hash. */
static s1_rc write_config_file(void *user, s1_str name, s1_str text, s1_err *err)
{
    const backtest *const b = user;
    s1_sha256_update(b->config_digest, name.ptr, name.len);
    s1_sha256_update(b->config_digest, "\n", 1);
    s1_sha256_update(b->config_digest, text.ptr, text.len);
    if (!b->has_folder) {
        return S1_OK; /* repeated in memory */
    }
    char path[S1_PATH_MAX], relative[S1_PATH_MAX];
    const int length = snprintf(relative, sizeof relative, "config/%.*s", S1_STR_ARG(name));
    if (length < 0 || (size_t)length >= sizeof relative) {
        return S1_RAISE(err, S1_E_RANGE, "the name of a configuration file is too long");
    }
    S1_TRY(err, path_in(b, relative, path, err));
    char *const slash = strrchr(path, '/');
    *slash = '\0';
    S1_TRY(err, s1_fs_mkdir_all(b->request->fs, path, err));
    *slash = '/';
    return s1_fs_write_file(b->request->fs, path, text, err);
}

/* The hash is over the files as written: a rerun from them has the same. */
static s1_rc write_config(backtest *b, s1_err *err)
{
    uint8_t digest[S1_SHA256_BYTES];
    S1_TRY(err, s1_sha256_new(&b->config_digest, err));
    S1_TRY(err,
           s1_config_print_resolved(b->request->preparation->config, write_config_file, b, err));
    s1_sha256_finish(b->config_digest, digest);
    s1_hex_print(digest, sizeof digest, b->config_hash);
    return S1_OK;
}

static s1_rc hash_binary(backtest *b, s1_err *err)
{
    char path[S1_PATH_MAX];
    s1_strbuf bytes;
    S1_TRY(err, s1_proc_exe_path(path, sizeof path, err));
    s1_strbuf_init(&bytes, BINARY_BYTES_MAX);
    const s1_rc rc = s1_fs_read_all(b->request->fs, path, BINARY_BYTES_MAX, &bytes, err);
    if (rc == S1_OK) {
        uint8_t digest[S1_SHA256_BYTES];
        s1_sha256_of(bytes.data, bytes.len, digest);
        s1_hex_print(digest, sizeof digest, b->binary_hash);
    }
    s1_strbuf_done(&bytes);
    return rc;
}

/* --- Data. ----------------------------------------------------------------------------------- */

/* What a stream is read from: the archive, or the version of it that the run to repeat had, or what
 * the run to rehearse was given. */
static s1_data_persistor *archive_of(const backtest *b, uint32_t index)
{
    if (b->request->rehearsed != NULL) {
        return b->request->rehearsed->sources[index];
    }
    return b->versions[index] != NULL ? b->versions[index] : b->archives[index];
}

static const s1_recorded_stream *find_recorded(const backtest *b, const char *name)
{
    for (size_t i = 0; i < b->request->stream_count; i++) {
        const s1_recorded_stream *const stream = &b->request->streams[i];
        if (s1_str_eq_cstr(link_of(b)->id, stream->link) && strcmp(stream->name, name) == 0) {
            return stream;
        }
    }
    return NULL;
}

/* The files of a stream, collected. */
typedef struct file_list {
    s1_arena *arena;
    s1_run_file *items;
    size_t count, capacity;
} file_list;

static s1_rc add_file(void *user, const s1_parquet_file *file, s1_err *err)
{
    file_list *const list = user;
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        s1_run_file *const items = s1_arena_array(list->arena, s1_run_file, list->capacity);
        if (items == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "%zu files of a stream", list->capacity);
        }
        if (list->count > 0) {
            memcpy(items, list->items, list->count * sizeof *items);
        }
        list->items = items;
    }
    list->items[list->count++] = (s1_run_file){file->first, file->rows, file->bytes};
    return S1_OK;
}

/* From when on two versions differ, as far as their files tell; "" where they do not. */
static const char *parting_of(const s1_recorded_stream *recorded, const file_list *now,
                              char ret_time[static S1_TIME_TEXT_MAX])
{
    for (size_t i = 0; i < recorded->file_count || i < now->count; i++) {
        const char *const then = i < recorded->file_count ? recorded->files[i].first : "";
        ret_time[0] = '\0';
        if (i < now->count) {
            (void)s1_time_print(now->items[i].first, ret_time);
        }
        if (i < recorded->file_count && i < now->count && strcmp(then, ret_time) == 0 &&
            recorded->files[i].rows == now->items[i].rows &&
            recorded->files[i].bytes == now->items[i].bytes) {
            continue;
        }
        const bool is_then = i >= now->count || (then[0] != '\0' && strcmp(then, ret_time) < 0);
        return is_then ? then : ret_time;
    }
    return "";
}

/* The version is gone: what is there instead. */
static s1_rc raise_changed(const s1_recorded_stream *recorded, const s1_archive_info *info,
                           const file_list *now, const char *hash, s1_err *err)
{
    char first[S1_TIME_TEXT_MAX];
    char last[S1_TIME_TEXT_MAX];
    char time[S1_TIME_TEXT_MAX];
    (void)s1_time_print(info->first, first);
    (void)s1_time_print(info->last, last);
    const char *const parting = recorded->file_count > 0 ? parting_of(recorded, now, time) : "";
    return S1_RAISE(err, S1_E_DATA,
                    "%s: the archive holds other data now, and the version of the run is not kept: "
                    "%.12s had %llu rows, %s to %s; %.12s has %llu, %s to %s%s%s",
                    recorded->name, recorded->hash, (unsigned long long)recorded->rows,
                    recorded->first, recorded->last, hash, (unsigned long long)info->rows, first,
                    last, parting[0] != '\0' ? "; they differ from somewhere behind " : "",
                    parting);
}

/* Names what is read of a stream: as it is, or as the run to repeat read it. */
static s1_rc choose_version(backtest *b, uint32_t index, const s1_stream_key *key,
                            s1_archive_info *ret_info, s1_err *err)
{
    char hash[S1_SHA256_HEX];
    char name[S1_STREAM_TEXT_MAX];
    s1_run_stream *const stream = &b->streams[index];
    const s1_recorded_stream *const recorded = find_recorded(b, s1_stream_key_format(key, name));
    S1_TRY(err, s1_data_get_info(b->archives[index], key, ret_info, err));
    S1_TRY(err, s1_data_get_content_hash(b->archives[index], key, hash, err));
    file_list files = {.arena = &b->arena};
    S1_TRY(err, s1_parquet_visit_files(b->archives[index], key, add_file, &files, err));
    if (recorded != NULL && strcmp(recorded->hash, hash) != 0) {
        const s1_rc rc = s1_data_open_version(b->archives[index], key, recorded->hash,
                                              &b->versions[index], NULL);
        if (rc == S1_E_NOT_FOUND) {
            return raise_changed(recorded, ret_info, &files, hash, err);
        }
        S1_TRY(err, rc);
        S1_TRY(err, s1_data_get_info(b->versions[index], key, ret_info, err));
        files.count = 0;
        S1_TRY(err, s1_parquet_visit_files(b->versions[index], key, add_file, &files, err));
        (void)snprintf(hash, sizeof hash, "%s", recorded->hash);
    }
    const char *const name_kept = s1_arena_copy_cstr(&b->arena, s1_str_of(name));
    const char *const hash_kept = s1_arena_copy_cstr(&b->arena, s1_str_of(hash));
    if (name_kept == NULL || hash_kept == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%s", name);
    }
    *stream =
        (s1_run_stream){s1_str_of(name_kept), s1_str_of(hash_kept), ret_info->rows, ret_info->first,
                        ret_info->last,       files.items,          files.count};
    return S1_OK;
}

/* Bars made while they are read are named by what they are made of and how. */
static s1_rc open_resampled(backtest *b, const s1_link_stream *stream, uint32_t index,
                            s1_time_range range, s1_nanos *ret_first, s1_sha256 *hash, s1_err *err)
{
    const s1_data_source_config *const config = stream->data_source;
    const s1_resample_source source = {
        .key = {.asset_pair = config->asset_pair,
                .timeframe = config->timeframe,
                .data_type = config->data_type,
                .source = config->archive_source},
        .timeframe = stream->need.timeframe,
        .offset = config->resample_offset,
        .drops_repeats = config->resample_drops_repeats,
        .known_to = b->request->rehearsed != NULL ? b->request->rehearsed->known_to : 0};
    char text[96];
    const int length =
        snprintf(text, sizeof text, "resampled %lld %lld%s", (long long)source.timeframe,
                 (long long)source.offset, source.drops_repeats ? " once" : "");
    s1_sha256_update(hash, text, (size_t)length);
    if (index == 0 && link_of(b)->environment->simulation.match_on != S1_MATCH_ON_BARS) {
        S1_TRY(err, s1_trade_bars_open(archive_of(b, index), &source, range, b->request->clock,
                                       &b->trades, ret_first, err));
        b->readers[index] = &b->trades->base;
        return S1_OK;
    }
    return s1_resample_load(archive_of(b, index), &source, range, &b->readers[index], ret_first,
                            NULL, err);
}

/* Stored bars, and what the source's policy puts between them. */
static s1_rc open_stored(backtest *b, const s1_link_stream *stream, uint32_t index,
                         const s1_stream_key *key, s1_time_range range, s1_sha256 *hash,
                         s1_err *err)
{
    s1_data_persistor *const archive = archive_of(b, index);
    if (stream->data_source->fill != S1_FILL_PREVIOUS_CLOSE) {
        return s1_data_load_ohlcv(archive, key, range, &b->readers[index], err);
    }
    s1_session session;
    char text[96];
    const s1_config *const config = b->request->preparation->config;
    S1_TRY(err, s1_instrument_session(s1_config_instrument(config, key->asset_pair),
                                      key->asset_pair, &session, err));
    S1_TRY(err, s1_fill_load(archive, key, range, stream->data_source->fill, &session,
                             &b->readers[index], err));
    const int length = snprintf(text, sizeof text, "filled %s %llu",
                                s1_fill_policy_name(stream->data_source->fill),
                                (unsigned long long)s1_fill_count(b->readers[index]));
    s1_sha256_update(hash, text, (size_t)length);
    return S1_OK;
}

/* Readers are open: what they give is what was hashed, if the archive has not moved on between. */
static s1_rc check_still(const backtest *b, uint32_t index, const s1_stream_key *key, s1_err *err)
{
    char hash[S1_SHA256_HEX];
    if (b->request->rehearsed != NULL) {
        return S1_OK;
    }
    S1_TRY(err, s1_data_get_content_hash(archive_of(b, index), key, hash, err));
    return s1_str_eq_cstr(b->streams[index].hash, hash)
               ? S1_OK
               : S1_RAISE(err, S1_E_DATA, "%.*s: the archive was written to while it was opened",
                          S1_STR_ARG(b->streams[index].name));
}

/* The archive of a stream, and which version of it is read. */
static s1_rc open_archive(backtest *b, uint32_t index, const s1_stream_key *key,
                          s1_archive_info *ret_info, s1_err *err)
{
    if (b->request->rehearsed != NULL) {
        return s1_data_get_info(archive_of(b, index), key, ret_info, err);
    }
    const s1_str path =
        s1_config_path(b->request->preparation->config,
                       link_of(b)->streams.items[index].data_source->path, &b->arena);
    const s1_parquet_options options = {
        .fs = b->request->fs, .duckdb = b->duckdb, .archive = path.ptr};
    S1_TRY(err, s1_parquet_persistor_new(&options, &b->archives[index], err));
    return choose_version(b, index, key, ret_info, err);
}

/* The order book beside the trades of the first stream, from its first row on: levels that stood
 * before the run stand in it. */
static s1_rc open_book(backtest *b, s1_sha256 *hash, s1_err *err)
{
    const s1_simulation_config *const simulation = &link_of(b)->environment->simulation;
    const s1_data_source_config *const source = link_of(b)->streams.items[0].data_source;
    const s1_stream_key key = {.asset_pair = source->asset_pair,
                               .data_type = S1_DATA_BOOK,
                               .source = source->archive_source};
    if (simulation->match_on != S1_MATCH_ON_BOOK) {
        return S1_OK;
    }
    if (b->request->rehearsed != NULL) {
        return S1_RAISE(err, S1_E_UNSUPPORTED,
                        "%.*s: a run that matches on an order book cannot be looked at on cuts of "
                        "its data",
                        S1_STR_ARG(key.asset_pair));
    }
    char text[S1_SHA256_HEX];
    S1_TRY(err, s1_data_get_content_hash(b->archives[0], &key, text, err));
    s1_sha256_update(hash, text, strlen(text));
    const s1_time_range range = {INT64_MIN, simulation->has_to ? simulation->to : INT64_MAX};
    return s1_data_load(b->archives[0], &key, range, &b->book, err);
}

/* Where as many bars before `from` begin as the workers need, or the configuration says. Time
 * without trading (weekends) makes holes, so twice as long a span is asked for. */
static s1_nanos begin_of(const s1_simulation_config *simulation, uint64_t warmup_bars,
                         s1_nanos timeframe)
{
    const uint64_t asked = simulation->has_warmup_bars ? (uint64_t)simulation->warmup_bars : 0;
    const int64_t bars = (int64_t)(warmup_bars > asked ? warmup_bars : asked);
    s1_nanos before, begin;
    return __builtin_mul_overflow(bars, 2 * timeframe, &before) ||
                   __builtin_sub_overflow(simulation->from, before, &begin)
               ? INT64_MIN
               : begin;
}

/* Opens one stream with the bars before `from` that the workers need, where there are any. */
static s1_rc open_stream(backtest *b, uint32_t index, uint64_t warmup_bars, s1_sha256 *hash,
                         s1_err *err)
{
    const s1_link_stream *const stream = &link_of(b)->streams.items[index];
    const s1_simulation_config *const simulation = &link_of(b)->environment->simulation;
    const s1_rehearsed_data *const rehearsed = b->request->rehearsed;
    const s1_stream_key key = {.asset_pair = stream->data_source->asset_pair,
                               .timeframe = stream->data_source->timeframe,
                               .data_type = stream->data_source->data_type,
                               .source = stream->data_source->archive_source};
    const bool is_resampled =
        key.timeframe != stream->need.timeframe || key.data_type != stream->need.data_type;
    s1_archive_info info = {.size = sizeof info};
    S1_TRY(err, open_archive(b, index, &key, &info, err));
    s1_sha256_update(hash, b->streams[index].hash.ptr, b->streams[index].hash.len);
    s1_time_range range = S1_RANGE_ALL;
    if (simulation->has_from) {
        range.from = begin_of(simulation, warmup_bars, link_of(b)->streams.items[0].need.timeframe);
    }
    if (simulation->has_to) {
        range.to = simulation->to;
    }
    const bool has_begin = rehearsed != NULL && rehearsed->has_begin;
    if (has_begin) {
        range.from = rehearsed->begin;
    }
    s1_nanos first = info.first;
    S1_TRY(err, is_resampled ? open_resampled(b, stream, index, range, &first, hash, err)
                             : open_stored(b, stream, index, &key, range, hash, err));
    if (index == 0) {
        S1_TRY(err, open_book(b, hash, err));
        b->from = has_begin ? rehearsed->from : simulation->has_from ? simulation->from : first;
    }
    return check_still(b, index, &key, err);
}

/* Feeds and models are data as the archives are; without any the hash is that of the archives. */
static void hash_files(const backtest *b, s1_sha256 *hash)
{
    const s1_prepared_link *const prepared = b->request->link;
    for (uint32_t i = 0; i < link_of(b)->blueprint->feeds.count; i++) {
        if (prepared->feeds[i] != NULL) {
            s1_sha256_update(hash, prepared->feeds[i]->hash, strlen(prepared->feeds[i]->hash));
        }
    }
    for (uint32_t i = 0; i < link_of(b)->blueprint->models.count; i++) {
        s1_sha256_update(hash, prepared->models[i].hash, strlen(prepared->models[i].hash));
    }
}

static s1_rc open_data(backtest *b, s1_err *err)
{
    const uint32_t count = link_of(b)->streams.count;
    const s1_prepared_link *const prepared = b->request->link;
    const uint64_t warmup = s1_components_warmup_bars(prepared->plans, prepared->worker_count);
    s1_sha256 *hash;
    b->archives = s1_arena_array(&b->arena, s1_data_persistor *, count);
    b->versions = s1_arena_array(&b->arena, s1_data_persistor *, count);
    b->streams = s1_arena_array(&b->arena, s1_run_stream, count);
    b->readers = s1_arena_array(&b->arena, s1_bar_reader *, count);
    if (b->archives == NULL || b->versions == NULL || b->streams == NULL || b->readers == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u streams", count);
    }
    if (b->request->rehearsed == NULL) {
        S1_TRY(err, s1_duckdb_new(NULL, &b->duckdb, err));
    }
    S1_TRY(err, s1_sha256_new(&hash, err));
    s1_rc rc = S1_OK;
    for (uint32_t i = 0; i < count && rc == S1_OK; i++) {
        rc = open_stream(b, i, warmup, hash, err);
    }
    if (rc == S1_OK) {
        uint8_t digest[S1_SHA256_BYTES];
        hash_files(b, hash);
        s1_sha256_finish(hash, digest);
        if (b->request->rehearsed == NULL) { /* no run is named by what it was given for a look */
            s1_hex_print(digest, sizeof digest, b->data_hash);
        }
    }
    s1_sha256_free(hash);
    if (rc == S1_OK && b->readers[0]->rows_total == 0) {
        rc = S1_RAISE(err, S1_E_DATA, "%.*s: no bars between `from` and `to`",
                      S1_STR_ARG(link_of(b)->streams.items[0].need.asset_pair));
    }
    return rc;
}

/* --- The run. --------------------------------------------------------------------------------- */

static int32_t journal_level_of(const backtest *b)
{
    if (b->request->journal_level != 0) {
        return b->request->journal_level;
    }
    switch (link_of(b)->journal_level) {
    case S1_CONFIG_JOURNAL_OFF:
        return S1_JOURNAL_LEVEL_OFF;
    case S1_CONFIG_JOURNAL_TRADES:
        return S1_JOURNAL_LEVEL_TRADES;
    default:
        return S1_JOURNAL_LEVEL_FULL;
    }
}

/* A run is named by what it is a function of. */
static void name_run(backtest *b)
{
    const s1_str link = link_of(b)->id;
    const uint64_t parts[] = {
        b->request->seed,
        s1_hash64(link.ptr, link.len, 1),
        s1_hash64(b->config_hash, strlen(b->config_hash), 2),
        s1_hash64(b->data_hash, strlen(b->data_hash), 3),
    };
    b->run_id.uid = s1_uid_derive(b->request->seed, parts, sizeof parts / sizeof parts[0]);
}

static s1_rc open_outputs(backtest *b, s1_err *err)
{
    char path[S1_PATH_MAX];
    char run_id[S1_UID_TEXT_MAX];
    name_run(b);
    const s1_str run_text = {run_id, s1_uid_print(b->run_id.uid, run_id)};
    const s1_limits_config *const limits = &b->request->preparation->config->platform.limits;
    const s1_persistor_factory_options options = {.fs = b->request->fs,
                                                  .run_folder = b->partial,
                                                  .journal_segment_bytes =
                                                      (uint64_t)limits->journal_segment_mib << 20};
    S1_TRY(err, s1_persistor_factory_new(&options, &b->factory, err));
    b->journal_level = journal_level_of(b);
    if (b->journal_level != S1_JOURNAL_LEVEL_OFF) {
        S1_TRY(err,
               s1_create_journal_persistor(b->factory, link_of(b)->id, run_text, &b->journal, err));
        S1_TRY(err, s1_task_thread_new(&b->writer, err));
    }
    S1_TRY(err, path_in(b, S1_RESULTS_LOG_FILE, path, err));
    const s1_core_config *const core = &b->request->preparation->config->platform.core;
    S1_TRY(err, s1_locale_new(core->language, &b->locale, err));
    const s1_app_logger_options log = {.core = core,
                                       .clock = b->request->clock,
                                       .fs = b->request->fs,
                                       .path = path,
                                       .run_id = b->run_id,
                                       .strategy_link_id = link_of(b)->id,
                                       .locale = b->locale};
    return s1_app_logger_open(&log, &b->log, err);
}

/* A journal for the run's hash chain alone: an observed run leaves nothing behind. */
static s1_rc keep_journal_in_mind(backtest *b, s1_err *err)
{
    name_run(b);
    b->journal_level = journal_level_of(b);
    if (b->journal_level == S1_JOURNAL_LEVEL_OFF) {
        return S1_OK;
    }
    S1_TRY(err, s1_journal_sink_new(&b->journal, err));
    return s1_task_thread_new(&b->writer, err);
}

static void pass_progress(void *user, const s1_run_progress *progress)
{
    const backtest *const b = user;
    if (b->request->on_progress != NULL) {
        b->request->on_progress(b->request->user, "run", progress);
    }
}

static s1_rc build_run(backtest *b, s1_err *err)
{
    s1_run_options options = {
        .components = {.config = b->request->preparation->config,
                       .link = link_of(b),
                       .plans = b->request->link->plans,
                       .plugins = b->request->link->plugins,
                       .readers = b->readers,
                       .trades = b->trades,
                       .book = b->book,
                       .feeds = b->request->link->feeds,
                       .models = b->request->link->models,
                       .from = b->from,
                       .seed = b->request->seed,
                       .run_id = b->run_id,
                       .journal_persistor = b->journal,
                       .journal_level = b->journal_level,
                       .is_profiled = b->request->is_profiled,
#ifdef S1_DEBUG
                       .checks_invariants = true,
#endif
                       .clock = b->request->clock,
                       .log = b->log,
                       .journal_executor = b->writer != NULL ? s1_task_thread_executor(b->writer)
                                                             : (s1_executor){0}},
        .on_progress = pass_progress,
        .user = b,
        .is_stopping = b->request->is_stopping,
        .config_hash = s1_str_of(b->config_hash),
        .data_hash = s1_str_of(b->data_hash),
        .observer = b->request->observer,
    };
    options.gate = b->request->gate;
    if (b->request->on_threats != NULL) {
        options.on_threats.self = b->request->user;
        options.on_threats.heard = b->request->on_threats;
    }
    if (b->request->on_ledger != NULL) {
        options.on_ledger.self = b->request->user;
        options.on_ledger.changed = b->request->on_ledger;
    }
    if (b->has_folder) { /* a repeated run leaves nothing */
        options.on_completed.self = &b->results;
        options.on_completed.store = s1_result_logger_store;
    }
    const s1_result_logger_options results = {
        .fs = b->request->fs,
        .folder = b->partial,
        .duckdb = b->duckdb,
        .factory = b->factory,
        .link = link_of(b),
        .command = b->request->command,
        .seed = b->request->seed,
        .from = b->from,
        .run_id = b->run_id,
        .journal_level = b->journal_level,
        .language = b->request->preparation->config->platform.core.language,
        .binary_hash = b->binary_hash,
        .config_hash = b->config_hash,
        .data_hash = b->data_hash,
        .streams = b->streams,
        .stream_count = link_of(b)->streams.count,
    };
    s1_result_logger_init(&b->results, &results);
    b->has_given_readers = true;
    return s1_run_orchestrator_new(&options, &b->run, err);
}

/* --- All of it. ------------------------------------------------------------------------------- */

/* What a rerun and a person want to know, and what no result may depend on. */
static s1_rc log_summary(backtest *b, const s1_backtest_result *result, s1_err *err)
{
    char host[256], cwd[S1_PATH_MAX], base[S1_PATH_MAX];
    const s1_str configured = b->request->preparation->config->base;
    s1_proc_hostname(host, sizeof host);
    S1_TRY(err, s1_proc_cwd(cwd, sizeof cwd, err));
    const bool is_absolute = s1_str_starts_with(configured, S1_STR("/"));
    const int length = snprintf(base, sizeof base, "%s%s%.*s", is_absolute ? "" : cwd,
                                is_absolute ? "" : "/", S1_STR_ARG(configured));
    if (length < 0 || (size_t)length >= sizeof base) {
        return S1_RAISE(err, S1_E_RANGE, "the path of the configuration is too long");
    }
    const s1_components *const parts = s1_run_orchestrator_parts(b->run);
    if (parts->recorder != NULL) {
        const s1_context_records records = s1_context_recorder_records(parts->recorder);
        S1_LOG_EVENT(b->log, S1_LOG_INFO, "run.context_recorded",
                     s1_log_u64("records", records.count),
                     s1_log_u64("columns", records.column_count));
    }
    S1_LOG_EVENT(b->log, S1_LOG_RESULT, "run.finished", s1_log_u64("ticks", result->sums.ticks),
                 s1_log_u64("opportunities", result->sums.opportunities),
                 s1_log_u64("trades", result->statistics.trade_count),
                 s1_log_dec("final_equity", parts->ledger->view.equity),
                 s1_log_i64("engine_ns", result->sums.engine_time),
                 s1_log_i64("journal_drain_ns", result->sums.drain_time),
                 s1_log_i64("read_ns", result->read_time),
                 s1_log_u64("rss_peak_bytes", s1_proc_memory_now().rss_peak),
                 s1_log_u64("rss_anon_bytes", s1_proc_memory_now().rss_anon),
                 s1_log_str("host", s1_str_of(host)), s1_log_str("config_base", s1_str_of(base)));
    return s1_log_flush(b->log, err);
}

static void log_start(const backtest *b)
{
    const s1_link *const link = link_of(b);
    char timeframe[S1_TIMEFRAME_TEXT_MAX];
    const size_t length = s1_timeframe_print(link->streams.items[0].need.timeframe, timeframe);
    S1_LOG_EVENT(
        b->log, S1_LOG_SETUP, "run.started", s1_log_str("strategy", link->blueprint->blueprint_id),
        s1_log_str("asset_pair", link->streams.items[0].need.asset_pair),
        s1_log_str("timeframe", (s1_str){timeframe, length}),
        s1_log_str("environment", link->environment->environment_id),
        s1_log_u64("seed", b->request->seed), s1_log_u64("workers", b->request->link->worker_count),
        s1_log_i64("open_ns", s1_clock_monotonic(b->request->clock) - b->opened),
        s1_log_i64("data_ns", b->data_time));
}

static s1_rc open_all(backtest *b, s1_err *err)
{
    b->opened = s1_clock_monotonic(b->request->clock);
    S1_TRY(err, make_folder(b, err));
    S1_TRY(err, write_config(b, err));
    S1_TRY(err, hash_binary(b, err));
    const s1_nanos before_data = s1_clock_monotonic(b->request->clock);
    S1_TRY(err, open_data(b, err));
    b->data_time = s1_clock_monotonic(b->request->clock) - before_data;
    S1_TRY(err, open_outputs(b, err));
    S1_TRY(err, build_run(b, err));
    log_start(b);
    return S1_OK;
}

/* What is left to do once the run ended. */
static s1_rc finish_all(backtest *b, s1_backtest_result *result, s1_err *err)
{
    const s1_components *const parts = s1_run_orchestrator_parts(b->run);
    result->read_time = s1_backtest_environment_read_time(parts->backtest);
    result->statistics = b->results.statistics;
    result->run_id = b->run_id;
    memcpy(result->config_hash, b->config_hash, sizeof result->config_hash);
    memcpy(result->binary_hash, b->binary_hash, sizeof result->binary_hash);
    if (b->request->on_finished != NULL) {
        S1_TRY(err, b->request->on_finished(b->request->user, parts, err));
    }
    return log_summary(b, result, err);
}

static void release(backtest *b)
{
    s1_run_orchestrator_free(b->run);
    s1_task_thread_free(b->writer);
    for (uint32_t i = 0;
         b->readers != NULL && !b->has_given_readers && i < link_of(b)->streams.count; i++) {
        s1_bar_reader_close(b->readers[i]);
    }
    if (!b->has_given_readers) {
        s1_market_reader_close(b->book);
    }
    for (uint32_t i = 0; b->archives != NULL && i < link_of(b)->streams.count; i++) {
        s1_data_persistor_free(b->versions != NULL ? b->versions[i] : NULL);
        s1_data_persistor_free(b->archives[i]);
    }
    s1_journal_persistor_free(b->journal);
    s1_persistor_factory_free(b->factory);
    s1_result_logger_done(&b->results);
    s1_log_free(b->log);
    s1_locale_free(b->locale);
    s1_duckdb_free(b->duckdb);
    s1_sha256_free(b->config_digest);
    s1_arena_done(&b->arena);
}

void s1_backtest_abandon(s1_backtest *b, const s1_err *cause)
{
    if (b == NULL) {
        return;
    }
    if (cause != NULL) {
        s1_log_err(b->log, S1_LOG_ERROR, "run.failed", cause);
    }
    release(b);
    if (b->has_folder) {
        s1_err ignored = S1_ERR_INIT; /* the first failure is what counts */
        (void)!s1_fs_remove_tree(b->request->fs, b->partial, &ignored);
    }
    s1_folder_lock_free(b->lock);
    free(b);
}

s1_rc s1_backtest_open(const s1_backtest_request *request, s1_backtest **ret_backtest, s1_err *err)
{
    backtest *const b = calloc(1, sizeof *b);
    if (b == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a backtest");
    }
    b->request = request;
    s1_arena_init(&b->arena, 64u << 20, 0);
    const s1_rc rc = open_all(b, err);
    if (rc != S1_OK) {
        s1_backtest_abandon(b, err);
        return rc;
    }
    *ret_backtest = b;
    return S1_OK;
}

s1_run_orchestrator *s1_backtest_orchestrator(s1_backtest *b)
{
    return b->run;
}

s1_rc s1_backtest_complete(s1_backtest *b, const s1_run_sums *sums, s1_backtest_result *ret_result,
                           s1_err *err)
{
    s1_backtest_result result = {.sums = *sums};
    s1_rc rc = finish_all(b, &result, err);
    if (rc != S1_OK) {
        s1_backtest_abandon(b, err);
        return rc;
    }
    release(b);
    rc = s1_fs_publish_folder(b->request->fs, b->partial, b->request->results_dir, err);
    if (rc == S1_OK) {
        *ret_result = result;
    } else {
        s1_err ignored = S1_ERR_INIT; /* the first failure is what counts */
        (void)!s1_fs_remove_tree(b->request->fs, b->partial, &ignored);
    }
    s1_folder_lock_free(b->lock);
    free(b);
    return rc;
}

s1_rc s1_backtest_run(const s1_backtest_request *request, s1_backtest_result *ret_result,
                      s1_err *err)
{
    backtest *b;
    s1_run_sums sums = {0};
    S1_TRY(err, s1_backtest_open(request, &b, err));
    const s1_rc rc = s1_run_orchestrator_run(b->run, &sums, err);
    if (rc != S1_OK) {
        s1_backtest_abandon(b, err);
        return rc;
    }
    return s1_backtest_complete(b, &sums, ret_result, err);
}

/* --- Repeating. ------------------------------------------------------------------------------- */

/* One hash of the recorded run against the one at hand; no record, no claim. */
static s1_rc compare(const char *what, const char *recorded, const char *found, s1_rc code,
                     s1_err *err)
{
    if (recorded[0] == '\0' || strcmp(recorded, found) == 0) {
        return S1_OK;
    }
    return S1_RAISE(err, code,
                    "cannot repeat this run: %s, found sha256 %.16s..., expected %.16s... of its "
                    "run.json",
                    what, found, recorded);
}

static s1_rc compare_plugins(const backtest *b, s1_err *err)
{
    const s1_recorded_run *const recorded = b->request->recorded;
    const s1_prepared_link *const link = b->request->link;
    for (uint32_t i = 0; i < link->worker_count; i++) {
        const s1_plugin *const plugin = link->plugins[i];
        char found[S1_SHA256_HEX];
        char what[160];
        s1_hex_print(plugin->library_sha256, S1_SHA256_BYTES, found);
        (void)snprintf(what, sizeof what, "plugin %.*s is another", S1_STR_ARG(plugin->name));
        for (size_t k = 0; k < recorded->plugin_count; k++) {
            if (s1_str_eq_cstr(plugin->name, recorded->plugins[k].name)) {
                S1_TRY(err, compare(what, recorded->plugins[k].hash, found, S1_E_UNSUPPORTED, err));
            }
        }
    }
    return S1_OK;
}

static s1_rc compare_feeds(const backtest *b, s1_err *err)
{
    const s1_recorded_run *const recorded = b->request->recorded;
    const s1_blueprint *const blueprint = link_of(b)->blueprint;
    for (uint32_t i = 0; i < blueprint->feeds.count; i++) {
        const s1_feed_table *const table = b->request->link->feeds[i];
        const s1_str id = blueprint->feeds.items[i].id;
        char what[160];
        (void)snprintf(what, sizeof what, "feed %.*s is another file now", S1_STR_ARG(id));
        for (size_t k = 0; table != NULL && k < recorded->feed_count; k++) {
            if (s1_str_eq_cstr(id, recorded->feeds[k].id)) {
                S1_TRY(err, compare(what, recorded->feeds[k].hash, table->hash, S1_E_DATA, err));
            }
        }
    }
    return S1_OK;
}

static s1_rc compare_models(const backtest *b, s1_err *err)
{
    const s1_recorded_run *const recorded = b->request->recorded;
    const s1_blueprint *const blueprint = link_of(b)->blueprint;
    for (uint32_t i = 0; i < blueprint->models.count; i++) {
        const s1_str id = blueprint->models.items[i].id;
        char what[160];
        (void)snprintf(what, sizeof what, "model %.*s is another file now", S1_STR_ARG(id));
        for (size_t k = 0; k < recorded->model_count; k++) {
            if (s1_str_eq_cstr(id, recorded->models[k].id)) {
                S1_TRY(err, compare(what, recorded->models[k].hash,
                                    b->request->link->models[i].hash, S1_E_DATA, err));
            }
        }
    }
    return S1_OK;
}

/* The run is a function of these: if they are the same, so is the run. */
static s1_rc compare_causes(backtest *b, s1_err *err)
{
    const s1_recorded_run *const recorded = b->request->recorded;
    S1_TRY(err, compare("the program is another build", recorded->binary_hash, b->binary_hash,
                        S1_E_UNSUPPORTED, err));
    S1_TRY(err, compare_plugins(b, err));
    S1_TRY(err, compare("its configuration was changed", recorded->config_hash, b->config_hash,
                        S1_E_UNSUPPORTED, err));
    S1_TRY(err, compare_feeds(b, err));
    S1_TRY(err, compare_models(b, err));
    return compare("the archive holds other data now", recorded->data_hash, b->data_hash, S1_E_DATA,
                   err);
}

static s1_rc repeat_all(backtest *b, s1_backtest_result *result, s1_err *err)
{
    S1_TRY(err, write_config(b, err));
    S1_TRY(err, hash_binary(b, err));
    S1_TRY(err, open_data(b, err));
    S1_TRY(err, compare_causes(b, err));
    S1_TRY(err, keep_journal_in_mind(b, err));
    S1_TRY(err, build_run(b, err));
    S1_TRY(err, s1_run_orchestrator_run(b->run, &result->sums, err));
    const char *const expected = b->request->recorded->journal_head;
    if (result->sums.is_cut_short || b->journal_level == S1_JOURNAL_LEVEL_OFF) {
        return S1_OK;
    }
    char journal_head[S1_SHA256_HEX];
    s1_hex_print(result->sums.journal_head, S1_JOURNAL_HASH_SIZE, journal_head);
    return compare("its journal came out different", expected, journal_head, S1_E_DATA, err);
}

/* One run that leaves nothing behind. */
static s1_rc in_memory(const s1_backtest_request *request,
                       s1_rc (*all)(backtest *b, s1_backtest_result *result, s1_err *err),
                       s1_backtest_result *ret_result, s1_err *err)
{
    backtest *const b = calloc(1, sizeof *b);
    if (b == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a backtest");
    }
    b->request = request;
    s1_arena_init(&b->arena, 64u << 20, 0);
    s1_backtest_result result = {0};
    const s1_rc rc = all(b, &result, err);
    release(b);
    free(b);
    if (rc == S1_OK) {
        *ret_result = result;
    }
    return rc;
}

s1_rc s1_backtest_repeat(const s1_backtest_request *request, s1_backtest_result *ret_result,
                         s1_err *err)
{
    return in_memory(request, repeat_all, ret_result, err);
}

static s1_rc rehearse_all(backtest *b, s1_backtest_result *result, s1_err *err)
{
    S1_TRY(err, write_config(b, err));
    S1_TRY(err, open_data(b, err));
    name_run(b);
    b->journal_level = journal_level_of(b);
    if (b->journal_level != S1_JOURNAL_LEVEL_OFF) {
        S1_TRY(err, s1_journal_sink_new(&b->journal, err));
    }
    S1_TRY(err, build_run(b, err));
    return s1_run_orchestrator_run(b->run, &result->sums, err);
}

s1_rc s1_backtest_rehearse(const s1_backtest_request *request, s1_backtest_result *ret_result,
                           s1_err *err)
{
    return in_memory(request, rehearse_all, ret_result, err);
}
