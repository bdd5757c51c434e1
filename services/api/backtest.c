#include "services/api/backtest.h"

#include "backend/utils/json_writer.h"
#include "backend/utils/timefmt.h"
#include "services/operators/backtest_service.h"

#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define OVERRIDES_EXTRA_MAX 8u
#define OVERRIDE_TEXT_MAX   512u
#define RUN_JSON_BYTES_MAX  (8u << 20)

struct s1_backtest_outcome {
    s1_backtest_facts facts;
    s1_arena arena;
};

/* What one call carries between its steps. */
typedef struct call {
    const s1_backtest_options *options;
    s1_backtest_outcome *outcome;
    s1_preparation preparation;
    bool is_prepared;
    /* The options' overrides and those that options and a rerun turn into. */
    const char **overrides;
    size_t override_count;
    char extra[OVERRIDES_EXTRA_MAX][OVERRIDE_TEXT_MAX];
    size_t extra_count;
    char config_dir[S1_PATH_MAX];
    char target[S1_PATH_MAX];
    uint64_t seed;
    int32_t journal_level;
    pthread_mutex_t lock; /* guards the rest, in a run of several links */
    uint32_t next_link;
    s1_rc rc; /* of the first link that failed */
    s1_err err;
    s1_backtest_facts sums;
} call;

static s1_rc add_override(call *c, s1_err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static s1_rc add_override(call *c, s1_err *err, const char *format, ...)
{
    if (c->extra_count == OVERRIDES_EXTRA_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "too many overrides");
    }
    char *const text = c->extra[c->extra_count++];
    va_list args;
    va_start(args, format);
    const int length = vsnprintf(text, OVERRIDE_TEXT_MAX, format, args);
    va_end(args);
    if (length < 0 || (size_t)length >= OVERRIDE_TEXT_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "an override is longer than %u bytes",
                        OVERRIDE_TEXT_MAX - 1);
    }
    c->overrides[c->override_count++] = text;
    return S1_OK;
}

/* --- Rerun: the configuration, seed and level of an earlier run. ------------------------------ */

static const char *text_of(const json_t *object, const char *key)
{
    const char *const text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static int32_t level_of(const char *name)
{
    return strcmp(name, "off") == 0      ? S1_JOURNAL_LEVEL_OFF
           : strcmp(name, "trades") == 0 ? S1_JOURNAL_LEVEL_TRADES
                                         : S1_JOURNAL_LEVEL_FULL;
}

static s1_rc read_rerun(call *c, s1_err *err)
{
    const char *const dir = c->options->rerun_dir;
    char path[S1_PATH_MAX];
    s1_strbuf text;
    S1_TRY(err, s1_path_join(path, sizeof path, s1_str_of(dir), S1_STR("run.json"), err));
    s1_strbuf_init(&text, RUN_JSON_BYTES_MAX);
    s1_rc rc = s1_fs_read_all(s1_fs_real(), path, RUN_JSON_BYTES_MAX, &text, err);
    json_t *const run = rc == S1_OK ? json_loadb(text.data, text.len, 0, NULL) : NULL;
    s1_strbuf_done(&text);
    S1_TRY(err, rc);
    if (run == NULL) {
        return S1_RAISE(err, S1_E_DATA, "%s: not a JSON object", path);
    }
    c->seed = (uint64_t)json_integer_value(json_object_get(run, "seed"));
    c->journal_level = level_of(text_of(run, "journal_level"));
    (void)snprintf(c->target, sizeof c->target, "operation");
    json_decref(run);
    return s1_path_join(c->config_dir, sizeof c->config_dir, s1_str_of(dir), S1_STR("config"), err);
}

/* --- Preparing. -------------------------------------------------------------------------------- */

static s1_rc prepare_once(call *c, s1_err *err)
{
    const s1_prepare_options options = {.config_dir = c->config_dir,
                                        .target = c->target[0] != '\0' ? c->target : NULL,
                                        .overrides = c->overrides,
                                        .override_count = c->override_count,
                                        .fs = s1_fs_real()};
    if (c->is_prepared) {
        s1_preparation_done(&c->preparation);
    }
    c->is_prepared = true;
    S1_TRY(err, s1_prepare(&options, &c->preparation, err));
    return s1_faults_check(&c->preparation.faults, err);
}

/* --from and --to belong to the environment of each link: known only after a first reading. */
static s1_rc add_range(call *c, s1_err *err)
{
    const struct {
        const char *name, *text;
    } ends[] = {{"from", c->options->from}, {"to", c->options->to}};
    for (size_t i = 0; i < 2; i++) {
        s1_nanos time;
        if (ends[i].text == NULL) {
            continue;
        }
        S1_TRY(err, s1_time_parse(s1_str_of(ends[i].text), &time, err));
        for (uint32_t k = 0; k < c->preparation.link_count; k++) {
            const s1_str id = c->preparation.links[k].link->environment->environment_id;
            S1_TRY(err, add_override(c, err, "environments.%.*s.simulation.%s=%s", S1_STR_ARG(id),
                                     ends[i].name, ends[i].text));
        }
    }
    return S1_OK;
}

static s1_rc prepare(call *c, s1_err *err)
{
    const s1_backtest_options *const options = c->options;
    c->seed = options->has_seed ? options->seed : 1;
    c->journal_level = options->journal == S1_BACKTEST_JOURNAL_FULL     ? S1_JOURNAL_LEVEL_FULL
                       : options->journal == S1_BACKTEST_JOURNAL_TRADES ? S1_JOURNAL_LEVEL_TRADES
                       : options->journal == S1_BACKTEST_JOURNAL_OFF    ? S1_JOURNAL_LEVEL_OFF
                                                                        : 0;
    for (size_t i = 0; i < options->override_count; i++) {
        c->overrides[c->override_count++] = options->overrides[i];
    }
    if (options->rerun_dir != NULL) {
        S1_TRY(err, read_rerun(c, err));
    } else {
        (void)snprintf(c->config_dir, sizeof c->config_dir, "%s", options->config_dir);
        (void)snprintf(c->target, sizeof c->target, "%s",
                       options->target != NULL ? options->target : "");
    }
    S1_TRY(err, prepare_once(c, err));
    if (options->from != NULL || options->to != NULL) {
        S1_TRY(err, add_range(c, err));
        S1_TRY(err, prepare_once(c, err));
    }
    if (c->preparation.link_count == 0) {
        return S1_RAISE(err, S1_E_INVALID, "%s: no active strategy link to run",
                        c->target[0] != '\0' ? c->target : c->config_dir);
    }
    return S1_OK;
}

static s1_rc keep_warnings(call *c, s1_err *err)
{
    const s1_faults *const faults = &c->preparation.faults;
    const char **const lines =
        s1_arena_array(&c->outcome->arena, const char *, (size_t)faults->count + 1);
    s1_strbuf text;
    if (lines == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u warnings", faults->count);
    }
    s1_strbuf_init(&text, 1u << 20);
    for (uint32_t i = 0; i < faults->count; i++) {
        s1_strbuf_clear(&text);
        s1_fault_print(&faults->items[i], &text);
        lines[i] = s1_arena_copy_cstr(&c->outcome->arena, s1_strbuf_view(&text));
    }
    s1_strbuf_done(&text);
    c->outcome->facts.warnings = lines;
    c->outcome->facts.warning_count = faults->count;
    return S1_OK;
}

/* --- Running. ---------------------------------------------------------------------------------- */

static void on_progress(void *user, const char *phase, const s1_run_progress *progress)
{
    const call *const c = user;
    if (c->options->on_progress != NULL) {
        const s1_backtest_progress passed = {progress->done, progress->total, progress->simulated,
                                             phase};
        c->options->on_progress(c->options->user, &passed);
    }
}

/* --profile: time per worker, kept beyond the run. Called under no lock by one run at a time. */
static void on_finished(void *user, const s1_components *parts)
{
    call *const c = user;
    if (!c->options->is_profiled) {
        return;
    }
    (void)pthread_mutex_lock(&c->lock);
    s1_backtest_facts *const facts = &c->outcome->facts;
    s1_backtest_worker_time *const times =
        s1_arena_array(&c->outcome->arena, s1_backtest_worker_time,
                       facts->worker_count + parts->worker_count + 1);
    if (times != NULL) {
        for (size_t i = 0; i < facts->worker_count; i++) {
            times[i] = facts->workers[i];
        }
        const char *const link =
            s1_arena_copy_cstr(&c->outcome->arena, parts->context->view.strategy_link_id);
        for (uint32_t i = 0; i < parts->worker_count; i++) {
            const s1_operator_worker *const item = &parts->operator_workers[i];
            times[facts->worker_count + i] = (s1_backtest_worker_time){
                .link = link,
                .worker = s1_arena_copy_cstr(&c->outcome->arena, item->worker->instance_id),
                .kind = s1_enum_text(s1_worker_type_names, item->worker->type),
                .calls = item->calls,
                .time = item->time,
            };
        }
        facts->workers = times;
        facts->worker_count += parts->worker_count;
    }
    (void)pthread_mutex_unlock(&c->lock);
}

/* One link: into the results folder itself, or, of several, into a folder below it. */
static s1_rc run_link(call *c, uint32_t index, s1_backtest_result *ret_result, s1_err *err)
{
    const s1_prepared_link *const link = &c->preparation.links[index];
    char folder[S1_PATH_MAX];
    if (c->preparation.link_count == 1) {
        (void)snprintf(folder, sizeof folder, "%s", c->options->results_dir);
    } else {
        S1_TRY(err, s1_path_join(folder, sizeof folder, s1_str_of(c->options->results_dir),
                                 link->link->id, err));
    }
    const s1_backtest_request request = {
        .preparation = &c->preparation,
        .link = link,
        .results_dir = folder,
        .command = "backtest",
        .seed = c->seed,
        .journal_level = c->journal_level,
        .is_profiled = c->options->is_profiled,
        .fs = s1_fs_real(),
        .clock = s1_clock_real(),
        .on_progress = c->preparation.link_count == 1 ? on_progress : NULL,
        .user = c,
        .is_stopping = c->options->is_stopping,
        .on_finished = on_finished,
    };
    return s1_backtest_run(&request, ret_result, err);
}

/* Takes links until none is left or one has failed. */
static void *work(void *user)
{
    call *const c = user;
    for (;;) {
        (void)pthread_mutex_lock(&c->lock);
        const uint32_t index = c->rc == S1_OK ? c->next_link++ : c->preparation.link_count;
        (void)pthread_mutex_unlock(&c->lock);
        if (index >= c->preparation.link_count) {
            return NULL;
        }
        s1_err err = S1_ERR_INIT;
        s1_backtest_result result = {0};
        const s1_rc rc = run_link(c, index, &result, &err);
        (void)pthread_mutex_lock(&c->lock);
        if (rc != S1_OK && c->rc == S1_OK) {
            c->rc = rc;
            c->err = err;
        }
        c->outcome->facts.bars += result.sums.ticks;
        c->outcome->facts.engine_time += result.sums.engine_time;
        (void)pthread_mutex_unlock(&c->lock);
    }
}

static s1_rc run_links(call *c, s1_err *err)
{
    const uint32_t links = c->preparation.link_count;
    uint32_t threads = c->options->threads > 0 ? c->options->threads : 1;
    threads = threads < links ? threads : links;
    pthread_t *const workers = calloc(threads, sizeof *workers);
    if (workers == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u threads", threads);
    }
    uint32_t started = 0;
    while (started + 1 < threads && pthread_create(&workers[started], NULL, work, c) == 0) {
        started++;
    }
    (void)work(c);
    for (uint32_t i = 0; i < started; i++) {
        (void)pthread_join(workers[i], NULL);
    }
    free(workers);
    if (c->rc != S1_OK) {
        *err = c->err;
    }
    return c->rc;
}

static s1_rc run_all(call *c, s1_err *err)
{
    const s1_fs *const fs = s1_fs_real();
    const char *const dir = c->options->results_dir;
    S1_TRY(err, prepare(c, err));
    S1_TRY(err, keep_warnings(c, err));
    if (c->preparation.link_count == 1) {
        return run_links(c, err);
    }
    if (s1_fs_exists(fs, dir)) {
        return S1_RAISE(err, S1_E_EXISTS,
                        "results folder '%s' is there already; name another or remove it", dir);
    }
    S1_TRY(err, s1_fs_mkdir(fs, dir, err));
    const s1_rc rc = run_links(c, err);
    if (rc != S1_OK) {
        s1_err ignored = S1_ERR_INIT; /* the first failure is what counts */
        (void)!s1_fs_remove_tree(fs, dir, &ignored);
    }
    return rc;
}

s1_rc s1_api_backtest(const s1_backtest_options *options, s1_backtest_outcome **ret_outcome,
                      s1_err *err)
{
    const s1_nanos start = s1_clock_monotonic(s1_clock_real());
    call *const c = calloc(1, sizeof *c);
    s1_backtest_outcome *const outcome = calloc(1, sizeof *outcome);
    const char **const overrides =
        calloc(options->override_count + OVERRIDES_EXTRA_MAX, sizeof *overrides);
    if (c == NULL || outcome == NULL || overrides == NULL) {
        free(c);
        free(outcome);
        free(overrides);
        return S1_RAISE(err, S1_E_NO_MEMORY, "a backtest");
    }
    c->options = options;
    c->outcome = outcome;
    c->overrides = overrides;
    (void)pthread_mutex_init(&c->lock, NULL);
    s1_arena_init(&outcome->arena, 16u << 20, 0);
    const s1_rc rc = run_all(c, err);
    if (c->is_prepared) {
        s1_preparation_done(&c->preparation);
    }
    (void)pthread_mutex_destroy(&c->lock);
    free(overrides);
    free(c);
    if (rc != S1_OK) {
        s1_backtest_outcome_free(outcome);
        return rc;
    }
    outcome->facts.results_dir =
        s1_arena_copy_cstr(&outcome->arena, s1_str_of(options->results_dir));
    outcome->facts.total_time = s1_clock_monotonic(s1_clock_real()) - start;
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
