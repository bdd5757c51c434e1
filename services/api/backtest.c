#include "services/api/backtest.h"

#include "backend/analysis/results_writer.h"
#include "backend/dtos/enums.h"
#include "backend/utils/clock.h"
#include "backend/utils/json_memory.h"
#include "backend/utils/timefmt.h"
#include "services/api/observe_internal.h"
#include "services/api/operation.h"
#include "services/api/results.h"
#include "services/operators/operation_service.h"

#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>

#define SEED_DEFAULT    1u
#define ARENA_BYTES_MAX ((size_t)64 << 20)
#define LOG_BYTES_MAX   ((size_t)1 << 30)

struct s1_backtest_outcome {
    s1_arena arena;
    s1_backtest_facts facts;
};

/* One call of s1_api_backtest. */
typedef struct session {
    const s1_backtest_options *options;
    s1_backtest_outcome *outcome;
    const char *target, *config_dir, *command;
    const char *base;      /* of relative paths; NULL: beside config_dir */
    const char *only_link; /* of the configuration's links; NULL: all */
    const char *const *overrides;
    size_t override_count;
    uint64_t seed;
    int32_t journal_level;
    s1_preparation preparation;
    bool is_prepared;
    const char *name; /* of the operation */
    s1_operation_outcome several;
    const s1_recorded_stream *streams; /* [stream_count]: what the runs to repeat read */
    size_t stream_count;
    uint64_t bars;
    s1_nanos engine_time;
    pthread_mutex_t lock; /* of what follows */
    s1_backtest_worker_time *workers;
    size_t worker_count;
} session;

/* --- What is to be run. ------------------------------------------------------------------- */

/* The file's or folder's own name: run.json holds no path. */
static s1_str bare_name(const char *target)
{
    return s1_str_basename(s1_str_of(target));
}

static s1_rc make_command(session *s, s1_err *err)
{
    const s1_backtest_options *const o = s->options;
    s1_strbuf text;
    s1_strbuf_init(&text, 1u << 20);
    s1_strbuf_lit(&text, "backtest ");
    s1_strbuf_str(&text, bare_name(s->target));
    s1_strbuf_printf(&text, " --seed %llu", (unsigned long long)s->seed);
    const char *const pairs[][2] = {{" --from ", o->from}, {" --to ", o->to}};
    for (size_t i = 0; i < 2; i++) {
        if (pairs[i][1] != NULL) {
            s1_strbuf_cstr_add(&text, pairs[i][0]);
            s1_strbuf_cstr_add(&text, pairs[i][1]);
        }
    }
    for (size_t i = 0; i < o->override_count; i++) {
        s1_strbuf_lit(&text, " --set ");
        s1_strbuf_cstr_add(&text, o->overrides[i]);
    }
    s->command = s1_arena_copy_cstr(&s->outcome->arena, s1_strbuf_view(&text));
    s1_strbuf_done(&text);
    return s->command != NULL ? S1_OK : S1_RAISE(err, S1_E_NO_MEMORY, "command");
}

static int32_t level_of(int32_t option)
{
    switch (option) {
    case S1_BACKTEST_JOURNAL_FULL:
        return S1_JOURNAL_LEVEL_FULL;
    case S1_BACKTEST_JOURNAL_TRADES:
        return S1_JOURNAL_LEVEL_TRADES;
    case S1_BACKTEST_JOURNAL_OFF:
        return S1_JOURNAL_LEVEL_OFF;
    default:
        return 0;
    }
}

/* Where the relative paths of a run's configuration start: only its log knows the host's paths. */
static s1_rc take_base(session *s, const char *dir, s1_err *err)
{
    char path[S1_PATH_MAX];
    s1_strbuf text;
    S1_TRY(err,
           s1_path_join(path, sizeof path, s1_str_of(dir), s1_str_of(S1_RESULTS_LOG_FILE), err));
    s1_strbuf_init(&text, LOG_BYTES_MAX);
    s1_rc rc = s1_fs_read_all(s1_fs_real(), path, LOG_BYTES_MAX, &text, err);
    s1_str rest = s1_strbuf_view(&text);
    s1_str line;
    const uint64_t before = s1_json_memory_failures();
    for (bool is_done = rc != S1_OK; s1_str_split(&rest, '\n', &line, &is_done);) {
        json_t *const event = json_loadb(line.len > 0 ? line.ptr : "", line.len, 0, NULL);
        const char *const base = json_string_value(json_object_get(event, "config_base"));
        if (base != NULL) {
            s->base = s1_arena_copy_cstr(&s->outcome->arena, s1_str_of(base));
        }
        json_decref(event);
    }
    s1_strbuf_done(&text);
    S1_TRY(err, s1_json_memory_judge(before, rc, err));
    return s->base != NULL ? S1_OK
                           : S1_RAISE(err, S1_E_DATA, "%s: found no event with config_base", path);
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *const text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

/* The files of a stream; none where run.json tells none. */
static s1_rc take_stream_files(s1_arena *arena, const json_t *list, s1_recorded_stream *stream,
                               s1_err *err)
{
    const size_t count = json_array_size(list);
    s1_recorded_file *const files = s1_arena_array(arena, s1_recorded_file, count + 1);
    if (files == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu files of a stream", count);
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *const file = json_array_get(list, i);
        files[i] = (s1_recorded_file){s1_arena_copy_cstr(arena, s1_str_of(text_of(file, "first"))),
                                      (uint64_t)json_integer_value(json_object_get(file, "rows")),
                                      (uint64_t)json_integer_value(json_object_get(file, "bytes"))};
        if (files[i].first == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "%zu files of a stream", count);
        }
    }
    stream->files = files;
    stream->file_count = count;
    return S1_OK;
}

/* Adds the streams one run read; a run.json from before it told them adds none. */
static s1_rc take_streams(session *s, const s1_results_view *view, s1_err *err)
{
    s1_arena *const arena = &s->outcome->arena;
    const uint64_t before = s1_json_memory_failures();
    json_t *const facts = json_loads(view->json, 0, NULL);
    const json_t *const data = json_object_get(json_object_get(facts, "run"), "data");
    const size_t count = json_array_size(data);
    s1_recorded_stream *const all =
        s1_arena_array(arena, s1_recorded_stream, s->stream_count + count + 1);
    s1_rc rc = all != NULL ? S1_OK : S1_RAISE(err, S1_E_NO_MEMORY, "%zu streams", count);
    if (rc == S1_OK && s->stream_count > 0) {
        memcpy(all, s->streams, s->stream_count * sizeof *all);
    }
    for (size_t i = 0; i < count && rc == S1_OK; i++) {
        const json_t *const stream = json_array_get(data, i);
        const json_int_t rows = json_integer_value(json_object_get(stream, "rows"));
        all[s->stream_count + i] = (s1_recorded_stream){
            .link = s1_arena_copy_cstr(arena, s1_str_of(view->link)),
            .name = s1_arena_copy_cstr(arena, s1_str_of(text_of(stream, "stream"))),
            .hash = s1_arena_copy_cstr(arena, s1_str_of(text_of(stream, "sha256"))),
            .first = s1_arena_copy_cstr(arena, s1_str_of(text_of(stream, "first"))),
            .last = s1_arena_copy_cstr(arena, s1_str_of(text_of(stream, "last"))),
            .rows = rows > 0 ? (uint64_t)rows : 0};
        const s1_recorded_stream *const taken = &all[s->stream_count + i];
        if (taken->link == NULL || taken->name == NULL || taken->hash == NULL ||
            taken->first == NULL || taken->last == NULL) {
            rc = S1_RAISE(err, S1_E_NO_MEMORY, "%zu streams", count);
        }
        if (rc == S1_OK) {
            rc = take_stream_files(arena, json_object_get(stream, "files"),
                                   &all[s->stream_count + i], err);
        }
    }
    json_decref(facts);
    if (rc == S1_OK) {
        s->streams = all;
        s->stream_count += count;
    }
    return s1_json_memory_judge(before, rc, err);
}

static s1_rc take_run(session *s, const s1_results_view *view, s1_err *err)
{
    s1_arena *const arena = &s->outcome->arena;
    char path[S1_PATH_MAX];
    S1_TRY(err, s1_path_join(path, sizeof path, s1_str_of(view->dir), S1_STR("config"), err));
    s->config_dir = s1_arena_copy_cstr(arena, s1_str_of(path));
    s->command = s1_arena_copy_cstr(arena, s1_str_of(view->command));
    s->only_link = s1_arena_copy_cstr(arena, s1_str_of(view->link));
    if (s->config_dir == NULL || s->command == NULL || s->only_link == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "rerun of %s", view->dir);
    }
    s->target = "operation";
    s->journal_level = s1_journal_level_parse(s1_str_of(view->journal_level));
    S1_TRY(err, s1_str_parse_u64(s1_str_of(view->seed), &s->seed, err));
    return take_base(s, view->dir, err);
}

/* Takes what a results folder says of its run, or of its runs. */
static s1_rc take_rerun(session *s, s1_err *err)
{
    const char *const dir = s->options->rerun_dir;
    s1_results_list list;
    S1_TRY(err, s1_api_results_list(dir, &list, err));
    s1_rc rc = list.count > 0
                   ? take_run(s, s1_results_view_borrow(list.items[0]), err)
                   : S1_RAISE(err, S1_E_NOT_FOUND, "%s: found no results, expected some", dir);
    const bool has_all = s1_api_is_operation(dir);
    for (size_t i = 0; rc == S1_OK && i < (has_all ? list.count : 1); i++) {
        rc = take_streams(s, s1_results_view_borrow(list.items[i]), err);
    }
    if (has_all) {
        s->only_link = NULL;
    }
    s1_results_list_free(&list);
    return rc;
}

/* The operation's name as its command says it: the same when it is repeated. */
static s1_rc take_name(session *s, s1_err *err)
{
    s1_str rest = s1_str_of(s->command);
    s1_str name = {NULL, 0};
    bool is_done = false;
    (void)s1_str_split(&rest, ' ', &name, &is_done); /* "backtest" */
    (void)s1_str_split(&rest, ' ', &name, &is_done);
    if (s1_str_ends_with(name, S1_STR(".yaml"))) {
        name.len -= 5;
    }
    s->name = s1_arena_copy_cstr(&s->outcome->arena, name);
    return s->name != NULL ? S1_OK : S1_RAISE(err, S1_E_NO_MEMORY, "name of an operation");
}

static s1_rc take_options(session *s, s1_err *err)
{
    const s1_backtest_options *const o = s->options;
    s->target = o->target;
    s->config_dir = o->config_dir;
    s->overrides = o->overrides;
    s->override_count = o->override_count;
    s->seed = o->has_seed ? o->seed : SEED_DEFAULT;
    s->journal_level = level_of(o->journal);
    S1_TRY(err, o->rerun_dir != NULL ? take_rerun(s, err) : make_command(s, err));
    return take_name(s, err);
}

/* --- Preparing. --------------------------------------------------------------------------- */

static s1_rc prepare_once(session *s, s1_err *err)
{
    if (s->is_prepared) {
        s1_preparation_done(&s->preparation);
    }
    s->is_prepared = true;
    S1_TRY(err, s1_prepare(&(s1_prepare_options){.config_dir = s->config_dir,
                                                 .base = s->base,
                                                 .target = s->target,
                                                 .overrides = s->overrides,
                                                 .override_count = s->override_count,
                                                 .fs = s1_fs_real()},
                           &s->preparation, err));
    S1_TRY(err, s1_faults_check(&s->preparation.faults, err));
    if (s->preparation.link_count == 0) {
        return S1_RAISE(err, S1_E_INVALID, "%s: found no active strategy link, expected one",
                        s->target);
    }
    return S1_OK;
}

/* --from and --to are overrides of every environment the links run in. */
static s1_rc add_period(session *s, s1_err *err)
{
    s1_arena *const arena = &s->outcome->arena;
    const size_t most = s->override_count + 2u * s->preparation.link_count;
    const char **const all = s1_arena_array(arena, const char *, most);
    if (all == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu overrides", most);
    }
    size_t count = s->override_count;
    if (count > 0) {
        memcpy(all, s->overrides, count * sizeof *all);
    }
    const char *const pairs[][2] = {{"from", s->options->from}, {"to", s->options->to}};
    for (uint32_t i = 0; i < s->preparation.link_count; i++) {
        const s1_str id = s->preparation.links[i].link->environment->environment_id;
        for (size_t k = 0; k < 2; k++) {
            char text[512];
            if (pairs[k][1] == NULL) {
                continue;
            }
            (void)snprintf(text, sizeof text, "environments.%.*s.simulation.%s=%s", S1_STR_ARG(id),
                           pairs[k][0], pairs[k][1]);
            all[count] = s1_arena_copy_cstr(arena, s1_str_of(text));
            if (all[count] == NULL) {
                return S1_RAISE(err, S1_E_NO_MEMORY, "override");
            }
            count++;
        }
    }
    s->overrides = all;
    s->override_count = count;
    return S1_OK;
}

/* Leaves only the link to be repeated. */
static s1_rc select_link(session *s, s1_err *err)
{
    s1_preparation *const p = &s->preparation;
    for (uint32_t i = 0; s->only_link != NULL && i < p->link_count; i++) {
        if (s1_str_eq_cstr(p->links[i].link->id, s->only_link)) {
            if (s1_operation_shares_clock(p)) {
                return S1_RAISE(err, S1_E_UNSUPPORTED,
                                "link %s shared its clock with its operation, whose rules look at "
                                "all links: repeating one alone is not in this version, repeat "
                                "the operation",
                                s->only_link);
            }
            p->links[0] = p->links[i];
            p->link_count = 1;
            return S1_OK;
        }
    }
    return s->only_link == NULL ? S1_OK
                                : S1_RAISE(err, S1_E_DATA, "%s: found no link '%s', expected it",
                                           s->config_dir, s->only_link);
}

static s1_rc prepare(session *s, s1_err *err)
{
    S1_TRY(err, prepare_once(s, err));
    if (s->options->from != NULL || s->options->to != NULL) {
        S1_TRY(err, add_period(s, err));
        S1_TRY(err, prepare_once(s, err));
    }
    S1_TRY(err, select_link(s, err));
    /* Libraries are opened here, on one thread, before runs may go side by side. */
    for (uint32_t i = 0; i < s->preparation.link_count; i++) {
        const s1_prepared_link *const link = &s->preparation.links[i];
        for (uint32_t k = 0; k < link->worker_count; k++) {
            S1_TRY(err, s1_plugin_load(link->plugins[k], err));
        }
    }
    return S1_OK;
}

/* --- Running. ----------------------------------------------------------------------------- */

static void pass_progress(void *user, const char *phase, const s1_run_progress *progress)
{
    session *const s = user;
    if (s->options->on_progress != NULL) {
        s->options->on_progress(s->options->user,
                                &(s1_backtest_progress){.done = progress->done,
                                                        .total = progress->total,
                                                        .simulated = progress->simulated,
                                                        .phase = phase});
    }
}

static const char *cstr(s1_arena *arena, s1_str text)
{
    const char *const copy = s1_arena_copy_cstr(arena, text);
    return copy != NULL ? copy : "";
}

/* The profile of a finished run; under the lock, as links may finish together. */
static s1_rc take_profile(void *user, const s1_components *parts, s1_err *err)
{
    session *const s = user;
    (void)pthread_mutex_lock(&s->lock);
    s1_arena *const arena = &s->outcome->arena;
    const size_t wanted = s->worker_count + parts->worker_count;
    s1_backtest_worker_time *const all = s1_arena_array(arena, s1_backtest_worker_time, wanted + 1);
    if (all != NULL) {
        if (s->worker_count > 0) {
            memcpy(all, s->workers, s->worker_count * sizeof *all);
        }
        for (uint32_t i = 0; i < parts->worker_count; i++) {
            const s1_operator_worker *const timed = &parts->operator_workers[i];
            all[s->worker_count++] = (s1_backtest_worker_time){
                .link = cstr(arena, parts->options.link->id),
                .worker = cstr(arena, timed->worker->instance_id),
                .kind = s1_enum_text(s1_subtype_names, timed->worker->subtype),
                .calls = timed->calls,
                .time = timed->time};
        }
        s->workers = all;
    }
    (void)pthread_mutex_unlock(&s->lock);
    return all != NULL ? S1_OK : S1_RAISE(err, S1_E_NO_MEMORY, "a profile of %zu workers", wanted);
}

static s1_rc run_one(session *s, s1_err *err)
{
    s1_backtest_result result = {0};
    S1_TRY(err,
           s1_backtest_run(
               &(s1_backtest_request){.preparation = &s->preparation,
                                      .link = &s->preparation.links[0],
                                      .results_dir = s->options->results_dir,
                                      .command = s->command,
                                      .seed = s->seed,
                                      .journal_level = s->journal_level,
                                      .is_profiled = s->options->is_profiled,
                                      .fs = s1_fs_real(),
                                      .clock = s1_clock_real(),
                                      .on_progress = pass_progress,
                                      .user = s,
                                      .is_stopping = s->options->is_stopping,
                                      .on_finished = s->options->is_profiled ? take_profile : NULL,
                                      .streams = s->streams,
                                      .stream_count = s->stream_count},
               &result, err));
    s->bars = result.sums.ticks;
    s->engine_time = result.sums.engine_time;
    return S1_OK;
}

/* Several links: each a folder in one that appears when all are done. */
static s1_rc run_several(session *s, s1_err *err)
{
    S1_TRY(err,
           s1_operation_run(
               &(s1_operation_request){.preparation = &s->preparation,
                                       .name = s->name,
                                       .results_dir = s->options->results_dir,
                                       .command = s->command,
                                       .seed = s->seed,
                                       .journal_level = s->journal_level,
                                       .is_profiled = s->options->is_profiled,
                                       .threads = s->options->threads,
                                       .fs = s1_fs_real(),
                                       .clock = s1_clock_real(),
                                       .on_progress = pass_progress,
                                       .on_finished = s->options->is_profiled ? take_profile : NULL,
                                       .user = s,
                                       .is_stopping = s->options->is_stopping,
                                       .streams = s->streams,
                                       .stream_count = s->stream_count},
               &s->several, err));
    s->bars = s->several.bars;
    s->engine_time = s->several.engine_time;
    return S1_OK;
}

static s1_rc run(session *s, s1_err *err)
{
    const s1_fs *const fs = s1_fs_real();
    const char *const dir = s->options->results_dir;
    if (s1_fs_exists(fs, dir)) {
        return S1_RAISE(err, S1_E_EXISTS,
                        "results folder '%s' is there already; name another or remove it", dir);
    }
    S1_TRY(err, take_options(s, err));
    S1_TRY(err, prepare(s, err));
    char parent[S1_PATH_MAX];
    S1_TRY(err,
           s1_path_join(parent, sizeof parent, s1_str_dirname(s1_str_of(dir)), S1_STR("."), err));
    S1_TRY(err, s1_fs_mkdir_all(fs, parent, err));
    const bool is_one =
        s->preparation.link_count == 1 && !s1_operation_shares_clock(&s->preparation);
    return is_one ? run_one(s, err) : run_several(s, err);
}

static s1_rc take_facts(session *s, s1_nanos started, s1_err *err)
{
    s1_backtest_outcome *const outcome = s->outcome;
    const s1_faults *const faults = &s->preparation.faults;
    const char **const warnings =
        s1_arena_array(&outcome->arena, const char *, (size_t)faults->count + 1);
    outcome->facts.results_dir =
        s1_arena_copy_cstr(&outcome->arena, s1_str_of(s->options->results_dir));
    if (warnings == NULL || outcome->facts.results_dir == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "outcome of the backtest");
    }
    s1_strbuf text;
    s1_strbuf_init(&text, 1u << 16);
    for (uint32_t i = 0; i < faults->count; i++) {
        s1_strbuf_clear(&text);
        s1_fault_print(&faults->items[i], &text);
        warnings[outcome->facts.warning_count++] = cstr(&outcome->arena, s1_strbuf_view(&text));
    }
    s1_strbuf_done(&text);
    outcome->facts.warnings = warnings;
    outcome->facts.bars = s->bars;
    outcome->facts.engine_time = s->engine_time;
    outcome->facts.total_time = s1_clock_monotonic(s1_clock_real()) - started;
    outcome->facts.workers = s->workers;
    outcome->facts.worker_count = s->worker_count;
    outcome->facts.link_count = s->preparation.link_count;
    outcome->facts.failed_count = s->several.failed_count;
    outcome->facts.failed_rc = s->several.failed_rc;
    if (s->several.failed_count > 0) {
        outcome->facts.failure = cstr(&outcome->arena, s1_str_of(s->several.failed.msg));
    }
    return S1_OK;
}

s1_rc s1_api_backtest(const s1_backtest_options *options, s1_backtest_outcome **ret_outcome,
                      s1_err *err)
{
    const s1_nanos started = s1_clock_monotonic(s1_clock_real());
    session *const s = calloc(1, sizeof *s);
    s1_backtest_outcome *const outcome = calloc(1, sizeof *outcome);
    if (s == NULL || outcome == NULL) {
        free(s);
        free(outcome);
        return S1_RAISE(err, S1_E_NO_MEMORY, "a backtest");
    }
    s->options = options;
    s->outcome = outcome;
    (void)pthread_mutex_init(&s->lock, NULL);
    s1_arena_init(&outcome->arena, ARENA_BYTES_MAX, 0);
    s1_rc rc = run(s, err);
    if (rc == S1_OK) {
        rc = take_facts(s, started, err);
    }
    if (s->is_prepared) {
        s1_preparation_done(&s->preparation);
    }
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
    if (rc != S1_OK) {
        s1_backtest_outcome_free(outcome);
        return rc;
    }
    *ret_outcome = outcome;
    return S1_OK;
}

const s1_backtest_facts *s1_backtest_facts_borrow(const s1_backtest_outcome *outcome)
{
    return &outcome->facts;
}

void s1_backtest_outcome_free(s1_backtest_outcome *outcome)
{
    if (outcome != NULL) {
        s1_arena_done(&outcome->arena);
        free(outcome);
    }
}

/* --- Links, for who runs them in a way of their own. --------------------------------------- */

static s1_rc hand_over(session *s, s1_prepared_fn fn, void *user, s1_err *err)
{
    S1_TRY(err, take_options(s, err));
    S1_TRY(err, prepare(s, err));
    for (uint32_t i = 0; i < s->preparation.link_count; i++) {
        const s1_backtest_request request = {.preparation = &s->preparation,
                                             .link = &s->preparation.links[i],
                                             .seed = s->seed,
                                             .journal_level = s->journal_level,
                                             .fs = s1_fs_real(),
                                             .clock = s1_clock_real(),
                                             .is_stopping = s->options->is_stopping};
        S1_TRY(err, fn(user, &request, err));
    }
    return S1_OK;
}

s1_rc s1_api_prepare_links(const s1_backtest_options *options, s1_prepared_fn fn, void *user,
                           s1_err *err)
{
    s1_backtest_outcome outcome = {0};
    session *const s = calloc(1, sizeof *s);
    if (s == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a backtest");
    }
    s->options = options;
    s->outcome = &outcome;
    s1_arena_init(&outcome.arena, ARENA_BYTES_MAX, 0);
    const s1_rc rc = hand_over(s, fn, user, err);
    if (s->is_prepared) {
        s1_preparation_done(&s->preparation);
    }
    s1_arena_done(&outcome.arena);
    free(s);
    return rc;
}

/* --- Looking again. ----------------------------------------------------------------------- */

/* A list of files with their hashes: feeds, models. */
static s1_rc take_files(s1_arena *arena, const json_t *list, s1_recorded_feed **ret_files,
                        size_t *ret_count, s1_err *err)
{
    s1_recorded_feed *const files =
        s1_arena_array(arena, s1_recorded_feed, json_array_size(list) + 1);
    if (files == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu files", json_array_size(list));
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *const file = json_array_get(list, i);
        files[i] = (s1_recorded_feed){text_of(file, "id"), text_of(file, "sha256")};
    }
    *ret_files = files;
    *ret_count = json_array_size(list);
    return S1_OK;
}

/* What run.json says the run was a function of; texts are borrowed from `run`. */
static s1_rc take_recorded(s1_arena *arena, const json_t *run, s1_recorded_run *ret_recorded,
                           s1_err *err)
{
    const json_t *const plugins = json_object_get(run, "plugins");
    s1_recorded_plugin *const list =
        s1_arena_array(arena, s1_recorded_plugin, json_array_size(plugins) + 1);
    if (list == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu plugins", json_array_size(plugins));
    }
    for (size_t i = 0; i < json_array_size(plugins); i++) {
        const json_t *const plugin = json_array_get(plugins, i);
        list[i] = (s1_recorded_plugin){text_of(plugin, "name"), text_of(plugin, "sha256")};
    }
    s1_recorded_feed *feeds;
    s1_recorded_feed *models;
    size_t feed_count;
    size_t model_count;
    S1_TRY(err, take_files(arena, json_object_get(run, "feeds"), &feeds, &feed_count, err));
    S1_TRY(err, take_files(arena, json_object_get(run, "models"), &models, &model_count, err));
    *ret_recorded = (s1_recorded_run){.binary_hash = text_of(run, "binary_hash"),
                                      .config_hash = text_of(run, "config_hash"),
                                      .data_hash = text_of(run, "data_hash"),
                                      .journal_head = text_of(run, "journal_head"),
                                      .plugins = list,
                                      .plugin_count = json_array_size(plugins),
                                      .feeds = feeds,
                                      .feed_count = feed_count,
                                      .models = models,
                                      .model_count = model_count};
    return S1_OK;
}

static s1_rc compare_counts(const s1_results_view *view, const s1_run_sums *sums, s1_err *err)
{
    const s1_results_count found[] = {{"ticks", sums->ticks},
                                      {"opportunities", sums->opportunities},
                                      {"approved", sums->approved},
                                      {"rejected", sums->rejected},
                                      {"threats", sums->threats}};
    for (size_t i = 0; i < sizeof found / sizeof found[0]; i++) {
        const uint64_t expected = s1_results_count_find(view, found[i].name);
        if (found[i].value != expected) {
            return S1_RAISE(err, S1_E_DATA,
                            "%s: repeated, the run has %llu %s, expected the %llu of its run.json",
                            view->dir, (unsigned long long)found[i].value, found[i].name,
                            (unsigned long long)expected);
        }
    }
    return S1_OK;
}

static s1_rc observe(session *s, const s1_results_view *view, const json_t *run,
                     const s1_run_observer *observer, s1_observed *ret_observed, s1_err *err)
{
    s1_recorded_run recorded;
    S1_TRY(err, take_recorded(&s->outcome->arena, run, &recorded, err));
    S1_TRY(err, take_streams(s, view, err));
    S1_TRY(err, take_run(s, view, err));
    S1_TRY(err, prepare(s, err));
    const s1_backtest_request request = {.preparation = &s->preparation,
                                         .link = &s->preparation.links[0],
                                         .seed = s->seed,
                                         .journal_level = s->journal_level,
                                         .fs = s1_fs_real(),
                                         .clock = s1_clock_real(),
                                         .observer = observer,
                                         .streams = s->streams,
                                         .stream_count = s->stream_count,
                                         .recorded = &recorded};
    s1_backtest_result result = {0};
    S1_TRY(err, s1_backtest_repeat(&request, &result, err));
    if (!result.sums.is_cut_short) {
        S1_TRY(err, compare_counts(view, &result.sums, err));
    }
    if (ret_observed != NULL) {
        *ret_observed = (s1_observed){result.sums.engine_time, result.sums.is_cut_short};
    }
    return S1_OK;
}

s1_rc s1_api_observe(const char *results_dir, const s1_run_observer *observer,
                     s1_observed *ret_observed, s1_err *err)
{
    s1_results *results = NULL;
    S1_TRY(err, s1_api_results_open(results_dir, NULL, &results, err));
    const s1_results_view *const view = s1_results_view_borrow(results);
    const s1_backtest_options options = {.rerun_dir = results_dir};
    s1_backtest_outcome outcome = {0};
    session *const s = calloc(1, sizeof *s);
    json_t *const facts = json_loads(view->json, 0, NULL);
    s1_rc rc;
    s1_arena_init(&outcome.arena, ARENA_BYTES_MAX, 0);
    if (s == NULL || facts == NULL) {
        rc = S1_RAISE(err, S1_E_NO_MEMORY, "a run to repeat");
    } else {
        s->options = &options;
        s->outcome = &outcome;
        rc = observe(s, view, json_object_get(facts, "run"), observer, ret_observed, err);
    }
    if (s != NULL && s->is_prepared) {
        s1_preparation_done(&s->preparation);
    }
    json_decref(facts);
    free(s);
    s1_arena_done(&outcome.arena);
    s1_results_free(results);
    return rc;
}
