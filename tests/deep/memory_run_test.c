/* S10 of the storage programme for the order path and for what reads a run again: every allocation
 * of ours and of jansson's fails, once and for ever, each in a process of its own
 * (tests/support/failing_memory.h).
 *
 * S10o: a small run of the demo strategy is built and driven over bars made here, its journal in a
 * file. Either the run is the one without a failure, byte for byte, or it stops: then no order went
 * out after the failure, and the journal it left is a sound beginning of the other one.
 * S10b: the same through the whole service into a results folder: whole and the same, or not there.
 *       From when the configuration was read; before that nothing is written.
 * S10r: replay, journal verify and explain over that folder: the same answer, or none; nothing in
 * it is changed.
 */
#include "backend/core/journal_reader.h"
#include "backend/data/persistors/json_persistor.h"
#include "backend/data/persistors/memory_persistor.h"
#include "backend/utils/hash.h"
#include "backend/utils/locale.h"
#include "backend/utils/rng.h"
#include "frontends/cli/exit_code.h"
#include "s1mple/error.h"
#include "services/api/backtest.h"
#include "services/api/config.h"
#include "services/api/data.h"
#include "services/api/explain.h"
#include "services/api/journal.h"
#include "services/api/replay.h"
#include "services/operators/backtest_service.h"
#include "services/operators/run_internal.h"
#include "services/operators/run_preparer.h"
#include "tests/support/deep.h"
#include "tests/support/failing_memory.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOUR         (3600 * S1_NANOS_PER_SECOND)
#define BARS         260u
#define PATH_SIZE    512u
#define SHARE_STEP   13u /* of the cases, in ctest */
#define T0_STEP      5u  /* of the cases of S10b at T0: each loads DuckDB */
#define JANSSON_STEP 16u
#define ENTRIES_MAX  ((size_t)4 << 20)

static char root[256];

__attribute__((noreturn)) static void stop(const char *what, const s1_err *err)
{
    (void)fprintf(stderr, "memory_run_test: %s: %s\n", what, err != NULL ? err->msg : "");
    exit(97);
}

/* EUR/USD at scale 5: waves, so that averages cross, with noise. */
static void make_bars(int64_t columns[6][BARS])
{
    s1_rng rng;
    s1_rng_init(&rng, 11);
    int64_t last = 110000;
    for (size_t i = 0; i < BARS; i++) {
        const int64_t close = 110000 + (int64_t)(3000.0 * sin((double)i / 9.0)) - 150 +
                              (int64_t)s1_rng_below(&rng, 301);
        columns[0][i] = 1483228800 * S1_NANOS_PER_SECOND + (s1_nanos)i * HOUR;
        columns[1][i] = last;
        columns[2][i] = (last > close ? last : close) + (int64_t)s1_rng_below(&rng, 100);
        columns[3][i] = (last < close ? last : close) - (int64_t)s1_rng_below(&rng, 100);
        columns[4][i] = close;
        columns[5][i] = 100;
        last = close;
    }
}

/* --- S10o ----------------------------------------------------------------------------------- */

enum { SENT, SENT_AFTER, RC, ENTRIES, TRADES };

typedef struct stage {
    s1_preparation preparation;
    s1_data_persistor *data;
    s1_manual_clock clock;
    char journal[PATH_SIZE];
    uint64_t number;
    bool is_for_ever;
    s1_str sound; /* entries of the run without a failure */
} stage;

/* The venue, and who counts what reaches it. */
static s1_environment venue;
static s1_memory_case *counting;

static s1_rc counted_submit(void *self, const s1_order *order, s1_err *err)
{
    counting->numbers[SENT]++;
    counting->numbers[SENT_AFTER] += counting->failed > 0;
    return venue.submit(self, order, err);
}

static s1_rc drive(const stage *s, s1_run_orchestrator *run, s1_memory_case *memory, s1_err *err)
{
    static s1_environment counted;
    const s1_components *const parts = s1_run_orchestrator_parts(run);
    s1_run_sums sums;
    size_t trades = 0;
    (void)s;
    venue = parts->environment;
    counted = venue;
    counted.submit = counted_submit;
    counting = memory;
    s1_order_manager_connect(parts->orders, &counted);
    const s1_rc rc = s1_run_orchestrator_run(run, &sums, err);
    (void)s1_order_manager_trades(parts->orders, &trades);
    memory->numbers[TRADES] = trades;
    return rc;
}

/* Builds a run and drives it to its end. */
static s1_rc run_once(const stage *s, s1_memory_case *memory, s1_err *err)
{
    const s1_prepared_link *const prepared = &s->preparation.links[0];
    const s1_stream_key key = {
        .asset_pair = S1_STR("EUR/USD"), .timeframe = HOUR, .data_type = S1_DATA_OHLCV};
    const s1_json_persistor_options options = {
        .fs = s1_fs_real(), .path = s->journal, .mode = S1_JSON_PERSISTOR_APPEND_ONLY};
    s1_json_persistor *persistor = NULL;
    s1_bar_reader *reader = NULL;
    s1_run_orchestrator *run = NULL;
    S1_TRY(err, s1_json_persistor_new(&options, &persistor, err));
    s1_rc rc = s1_data_load_ohlcv(s->data, &key, S1_RANGE_ALL, &reader, err);
    s1_bar_reader *readers[] = {reader};
    const s1_run_options run_options = {
        .components = {.config = s->preparation.config,
                       .link = prepared->link,
                       .plans = prepared->plans,
                       .plugins = prepared->plugins,
                       .readers = readers,
                       .from = 1483228800 * S1_NANOS_PER_SECOND + HOUR,
                       .seed = 7,
                       .run_id = {{{1}}},
                       .journal_persistor = s1_json_persistor_journal(persistor),
                       .journal_level = S1_JOURNAL_LEVEL_FULL,
                       .checks_invariants = true,
                       .clock = &s->clock.clock},
        .config_hash = S1_STR("c"),
        .data_hash = S1_STR("d")};
    if (rc == S1_OK) {
        rc = s1_run_orchestrator_new(&run_options, &run, err);
    }
    if (rc == S1_OK) {
        rc = drive(s, run, memory, err);
    }
    s1_run_orchestrator_free(run);
    s1_json_persistor_free(persistor);
    return rc;
}

static void run_case(s1_memory_case *memory, void *user)
{
    const stage *const s = user;
    s1_err err = S1_ERR_INIT;
    s1_memory_arm(memory, s->number, s->is_for_ever, NULL, NULL);
    const s1_rc rc = run_once(s, memory, &err);
    s1_memory_disarm();
    memory->numbers[RC] = (uint64_t)rc;
    const int code = s1_exit_from_rc(rc);
    memory->is_right = rc == S1_OK || ((code == S1_EXIT_INTERNAL || code == S1_EXIT_STORAGE) &&
                                       memory->numbers[SENT_AFTER] == 0 && memory->failed > 0);
    if (!memory->is_right) {
        (void)snprintf(memory->what, sizeof memory->what,
                       "exit code %d, %" PRIu64 " orders after the failure: %s", code,
                       memory->numbers[SENT_AFTER], err.msg);
    }
}

/* The lines of all whole entries of a journal, one after another. */
static s1_rc read_entries(const char *path, s1_strbuf *ret_lines, s1_err *err)
{
    s1_journal_reader *reader = NULL;
    if (!s1_fs_is_file(s1_fs_real(), path)) {
        return S1_OK;
    }
    S1_TRY(err, s1_journal_reader_open(s1_fs_real(), path, &reader, err));
    s1_rc rc = S1_OK;
    const s1_journal_entry *entry = NULL;
    do {
        rc = s1_journal_reader_next(reader, &entry, err);
        if (rc == S1_OK && entry != NULL) {
            s1_strbuf_str(ret_lines, entry->line);
            s1_strbuf_char(ret_lines, '\n');
        }
    } while (rc == S1_OK && entry != NULL);
    s1_journal_reader_free(reader);
    return rc;
}

/* What the case left: opened and recovered as a start does, then read. */
static bool is_beginning(const stage *s, bool is_all, char what[static 128])
{
    const s1_json_persistor_options options = {
        .fs = s1_fs_real(), .path = s->journal, .mode = S1_JSON_PERSISTOR_APPEND_ONLY};
    s1_json_persistor *persistor = NULL;
    s1_strbuf lines;
    s1_err err = S1_ERR_INIT;
    s1_strbuf_init(&lines, ENTRIES_MAX);
    s1_rc rc = s1_json_persistor_new(&options, &persistor, &err);
    s1_json_persistor_free(persistor);
    if (rc == S1_OK) {
        rc = read_entries(s->journal, &lines, &err);
    }
    const s1_str left = s1_strbuf_view(&lines);
    const bool is_right = rc == S1_OK && left.len <= s->sound.len &&
                          (left.len == 0 || memcmp(left.ptr, s->sound.ptr, left.len) == 0) &&
                          (!is_all || left.len == s->sound.len);
    (void)snprintf(what, 128, "%zu bytes of entries of %zu: %s", left.len, s->sound.len, err.msg);
    s1_strbuf_done(&lines);
    return is_right;
}

static void clean(void)
{
    if (s1_fs_remove_tree(s1_fs_real(), root, NULL) != S1_OK ||
        s1_fs_mkdir(s1_fs_real(), root, NULL) != S1_OK) {
        stop(root, NULL);
    }
}

static void stage_init(stage *s)
{
    s1_err err = S1_ERR_INIT;
    static int64_t columns[6][BARS];
    *s = (stage){.number = 0};
    const s1_prepare_options options = {
        .config_dir = "config", .target = "demo", .fs = s1_fs_real()};
    const s1_stream_key key = {
        .asset_pair = S1_STR("EUR/USD"), .timeframe = HOUR, .data_type = S1_DATA_OHLCV};
    const s1_save_options save = {.price_scale = 5, .qty_scale = 2, .overlap = S1_OVERLAP_REFUSE};
    make_bars(columns);
    const s1_bar_batch batch = {.count = BARS,
                                .open_time = columns[0],
                                .open = columns[1],
                                .high = columns[2],
                                .low = columns[3],
                                .close = columns[4],
                                .volume = columns[5]};
    s1_manual_clock_init(&s->clock, 0);
    (void)snprintf(s->journal, sizeof s->journal, "%s/journal.jsonl", root);
    if (s1_prepare(&options, &s->preparation, &err) != S1_OK || s->preparation.faults.errors > 0 ||
        s1_memory_persistor_new(&s->data, &err) != S1_OK ||
        s1_data_save_ohlcv(s->data, &key, &batch, &save, NULL, &err) != S1_OK) {
        stop("the stage", &err);
    }
}

static void stage_done(stage *s)
{
    s1_preparation_done(&s->preparation);
    s1_data_persistor_free(s->data);
}

static void forget(s1_memory_case *memory)
{
    memset(memory, 0, offsetof(s1_memory_case, is_jansson));
}

static void run_s10o(s1_deep *deep)
{
    stage s;
    s1_strbuf sound;
    s1_memory_case *const memory = s1_memory_case_new();
    uint64_t at = 0, cases = 0, stopped = 0, unharmed = 0, late = 0;
    char what[128];
    s1_strbuf_init(&sound, ENTRIES_MAX);
    stage_init(&s);
    clean();
    if (s1_memory_try(memory, run_case, &s) != S1_MEMORY_RIGHT || memory->numbers[TRADES] == 0 ||
        read_entries(s.journal, &sound, NULL) != S1_OK) {
        s1_deep_fail(deep, 0, "the run without a failure: %s", memory->what);
    }
    s.sound = s1_strbuf_view(&sound);
    const uint64_t orders = memory->numbers[SENT], trades = memory->numbers[TRADES];
    const uint64_t allocations = memory->allocations;
    for (int mode = 0; mode < 2; mode++) {
        s.is_for_ever = mode != 0;
        for (s.number = 1; s.number <= allocations && deep->failures < 20; s.number++, at++) {
            if ((deep->first > 0 && at != deep->first) ||
                (deep->is_share && at % SHARE_STEP != 0)) {
                continue;
            }
            forget(memory);
            clean();
            const int32_t end = s1_memory_try(memory, run_case, &s);
            const bool is_all = end == S1_MEMORY_RIGHT && memory->numbers[RC] == S1_OK;
            cases++;
            unharmed += is_all;
            late += memory->numbers[SENT] > 0;
            stopped += end == S1_MEMORY_RIGHT && !is_all;
            if (end != S1_MEMORY_RIGHT || !is_beginning(&s, is_all, what)) {
                s1_deep_fail(deep, at, "allocation %" PRIu64 " fails %s: %s", s.number,
                             s.is_for_ever ? "for ever" : "once",
                             end == S1_MEMORY_RIGHT ? what : memory->what);
            }
        }
    }
    stage_done(&s);
    s1_strbuf_done(&sound);
    s1_deep_figures(deep,
                    "%" PRIu64 " failing allocations of a run of %" PRIu64 " orders and %" PRIu64
                    " trades: %" PRIu64 " stopped it (%" PRIu64
                    " after an order was sent), %" PRIu64 " did no harm; %" PRIu64 " broken",
                    cases, orders, trades, stopped, late, unharmed, deep->failures);
}

/* --- S10b and S10r -------------------------------------------------------------------------- */

#define FILES 4u

/* A configuration, an archive and results, in root/work. */
typedef struct service {
    char work[PATH_SIZE];
    uint64_t number;
    bool is_for_ever;
    int what;              /* of S10r */
    char trade[40];        /* id of a trade of the sound run */
    uint64_t sound[FILES]; /* hashes of its files */
    uint64_t answers[8];   /* of S10r */
} service;

static const char *const result_files[FILES] = {"journal.jsonl", "result_trades.csv",
                                                "result_metrics.json", "run.json"};

/* 0: it is not there. */
static uint64_t file_hash(const char *folder, const char *name)
{
    char path[PATH_SIZE + 64];
    s1_strbuf text;
    uint64_t hash = 0;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    s1_strbuf_init(&text, ENTRIES_MAX);
    if (s1_fs_read_all(s1_fs_real(), path, ENTRIES_MAX, &text, NULL) == S1_OK) {
        hash = s1_hash64(text.data, text.len, 1) | 1u;
    }
    s1_strbuf_done(&text);
    return hash;
}

static void make_csv(const char *path)
{
    static int64_t columns[6][BARS];
    FILE *const file = fopen(path, "w");
    make_bars(columns);
    if (file == NULL) {
        stop(path, NULL);
    }
    (void)fputs("ts_ms,open,high,low,close,volume\n", file);
    for (size_t i = 0; i < BARS; i++) {
        (void)fprintf(file, "%lld", (long long)(columns[0][i] / 1000000));
        for (size_t k = 1; k < 5; k++) {
            (void)fprintf(file, ",%lld.%05lld", (long long)(columns[k][i] / 100000),
                          (long long)(columns[k][i] % 100000));
        }
        (void)fputs(",1\n", file);
    }
    (void)fclose(file);
}

/* The folder to work in: numbers[0] says whether a run can be made here. */
static void make_service(s1_memory_case *memory, void *user)
{
    const service *const s = user;
    s1_err err = S1_ERR_INIT;
    uint32_t files = 0;
    s1_api_import_report report;
    const s1_api_import_options options = {.file = "bars.csv",
                                           .profile = "w1",
                                           .asset_pair = "EUR/USD",
                                           .timeframe = "1h",
                                           .archive_dir = "demo/archive"};
    if (s1_fs_mkdir_all(s1_fs_real(), s->work, &err) != S1_OK || chdir(s->work) != 0 ||
        s1_fs_mkdir_all(s1_fs_real(), "demo/archive", &err) != S1_OK) {
        stop(s->work, &err);
    }
    make_csv("bars.csv");
    memory->numbers[0] = s1_api_config_init("config", &files, &err) == S1_OK &&
                         s1_api_data_import(&options, &report, &err) == S1_OK;
    (void)snprintf(memory->what, sizeof memory->what, "%s", err.msg);
    memory->is_right = true;
}

/* The first bars only, through the front door. */
static void short_run(s1_memory_case *memory, void *user)
{
    const service *const s = user;
    s1_err err = S1_ERR_INIT;
    s1_backtest_outcome *outcome = NULL;
    const s1_backtest_options options = {
        .target = "demo", .config_dir = "config", .results_dir = "r", .to = "2017-01-05"};
    const s1_rc rc = chdir(s->work) == 0 ? s1_api_backtest(&options, &outcome, &err) : S1_E_IO;
    s1_backtest_outcome_free(outcome);
    memory->is_right = rc == S1_OK;
    (void)snprintf(memory->what, sizeof memory->what, "%s", err.msg);
}

/* From the moment the configuration was read and found right. */
static void backtest_case(s1_memory_case *memory, void *user)
{
    const service *const s = user;
    s1_err err = S1_ERR_INIT;
    s1_preparation preparation;
    s1_backtest_result result;
    const s1_prepare_options options = {
        .config_dir = "config", .target = "demo", .fs = s1_fs_real()};
    if (chdir(s->work) != 0 || s1_prepare(&options, &preparation, &err) != S1_OK ||
        preparation.faults.errors > 0) {
        stop("the configuration", &err);
    }
    const s1_backtest_request request = {.preparation = &preparation,
                                         .link = &preparation.links[0],
                                         .results_dir = "r",
                                         .command = "backtest demo",
                                         .seed = 7,
                                         .fs = s1_fs_real(),
                                         .clock = s1_clock_real()};
    s1_memory_arm(memory, s->number, s->is_for_ever, NULL, NULL);
    const s1_rc rc = s1_backtest_run(&request, &result, &err);
    s1_memory_disarm();
    s1_preparation_done(&preparation);
    const int code = s1_exit_from_rc(rc);
    memory->numbers[RC] = (uint64_t)rc;
    memory->is_right = rc == S1_OK || (memory->failed > 0 &&
                                       (code == S1_EXIT_INTERNAL || code == S1_EXIT_STORAGE));
    (void)snprintf(memory->what, sizeof memory->what, "%s: %s", s1_error_name(rc), err.msg);
}

/* The folder is there and the one of the run without a failure, or it is not there. */
static bool is_whole_or_absent(const service *s, bool is_all, bool may_leave, char what[static 128])
{
    char folder[PATH_SIZE + 8], partial[PATH_SIZE + 16];
    (void)snprintf(folder, sizeof folder, "%s/r", s->work);
    (void)snprintf(partial, sizeof partial, "%s/r.partial", s->work);
    const bool is_there = s1_fs_exists(s1_fs_real(), folder);
    const bool has_partial = s1_fs_exists(s1_fs_real(), partial);
    bool is_same = true;
    for (size_t i = 0; i < FILES; i++) {
        is_same = is_same && file_hash(folder, result_files[i]) == s->sound[i];
    }
    (void)snprintf(what, 128, "the results are %sthere%s%s", is_there ? "" : "not ",
                   is_same ? ", the same" : "", has_partial ? ", and a partial folder" : "");
    /* With no memory at all not even a folder can be listed; the next run removes it. What failed
     * after the folder was published leaves it, whole. */
    return is_there == is_same && (is_there || !is_all) && (!has_partial || may_leave);
}

static void remove_results(const service *s)
{
    char folder[PATH_SIZE + 16];
    static const char *const names[] = {"r", "r.partial"};
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(folder, sizeof folder, "%s/%s", s->work, names[i]);
        if (s1_fs_remove_tree(s1_fs_real(), folder, NULL) != S1_OK) {
            stop(folder, NULL);
        }
    }
}

/* Makes the sound run. False: it cannot be made here (no DuckDB). */
static bool service_init(s1_deep *deep, service *s,
                         void (*make)(s1_memory_case *memory, void *user), s1_memory_case *memory)
{
    char folder[PATH_SIZE + 8], path[PATH_SIZE + 32];
    s1_strbuf text;
    clean();
    *s = (service){.number = 0};
    (void)snprintf(s->work, sizeof s->work, "%s/work", root);
    (void)snprintf(folder, sizeof folder, "%s/r", s->work);
    if (s1_memory_try(memory, make_service, s) != S1_MEMORY_RIGHT || memory->numbers[0] == 0) {
        s1_deep_figures(deep, "skipped: no archive can be made here: %.200s", memory->what);
        return false;
    }
    forget(memory);
    if (s1_memory_try(memory, make, s) != S1_MEMORY_RIGHT || memory->numbers[RC] != S1_OK) {
        s1_deep_fail(deep, 0, "the run without a failure: %s", memory->what);
        return false;
    }
    for (size_t i = 0; i < FILES; i++) {
        s->sound[i] = file_hash(folder, result_files[i]);
    }
    (void)snprintf(path, sizeof path, "%s/result_trades.csv", folder);
    s1_strbuf_init(&text, ENTRIES_MAX);
    if (s1_fs_read_all(s1_fs_real(), path, ENTRIES_MAX, &text, NULL) == S1_OK) {
        const char *const line = strchr(s1_strbuf_cstr(&text), '\n');
        (void)snprintf(s->trade, sizeof s->trade, "%.36s", line != NULL ? line + 1 : "");
    }
    s1_strbuf_done(&text);
    return strlen(s->trade) == 36;
}

static void run_s10b(s1_deep *deep)
{
    service s;
    s1_memory_case *const memory = s1_memory_case_new();
    if (!service_init(deep, &s, backtest_case, memory)) {
        return;
    }
    const uint64_t allocations = memory->allocations;
    const uint64_t step = deep->is_share ? allocations / 6 : deep->is_night ? 1 : T0_STEP;
    uint64_t at = 0, cases = 0, stopped = 0, aborted = 0;
    char what[128];
    for (int mode = 0; mode < 2; mode++) {
        s.is_for_ever = mode != 0;
        for (s.number = 1; s.number <= allocations && deep->failures < 20; s.number++, at++) {
            if (deep->first > 0 ? at != deep->first : at % step != 0) {
                continue;
            }
            forget(memory);
            remove_results(&s);
            const int32_t end = s1_memory_try(memory, backtest_case, &s);
            const bool is_all = end == S1_MEMORY_RIGHT && memory->numbers[RC] == S1_OK;
            cases++;
            aborted += end == S1_MEMORY_ABORTED;
            stopped += end == S1_MEMORY_RIGHT && !is_all;
            /* Who was ended could not clean up: as after a kill, the next run does. */
            const bool may_leave = s.is_for_ever || end == S1_MEMORY_ABORTED;
            if (end == S1_MEMORY_WRONG || !is_whole_or_absent(&s, is_all, may_leave, what)) {
                s1_deep_fail(deep, at, "allocation %" PRIu64 " fails %s: %s", s.number,
                             s.is_for_ever ? "for ever" : "once",
                             end == S1_MEMORY_WRONG ? memory->what : what);
            }
        }
    }
    s1_deep_figures(deep,
                    "%" PRIu64 " of %" PRIu64 " failing allocations of a backtest: %" PRIu64
                    " stopped it without results, %" PRIu64
                    " ended the process, without, too; %" PRIu64 " broken",
                    cases, 2 * allocations, stopped, aborted, deep->failures);
}

static const char *const questions[] = {"replay", "journal verify", "explain",
                                        "explain --rejected"};

/* *ret_answer: a hash of what was found. */
static s1_rc ask(const service *s, uint64_t *ret_answer, s1_err *err)
{
    if (s->what == 0) {
        s1_replay *replay = NULL;
        S1_TRY(err, s1_api_replay("r", &replay, err));
        const s1_replay_view *const view = s1_replay_view_borrow(replay);
        *ret_answer = s1_hash64(view->json, strlen(view->json), 1) | 1u;
        s1_replay_free(replay);
        return S1_OK;
    }
    if (s->what == 1) {
        s1_journal_report report;
        S1_TRY(err, s1_api_journal_verify("r", &report, err));
        *ret_answer = s1_hash64(report.head, strlen(report.head), report.entries) | 1u;
        return S1_OK;
    }
    s1_explanation *explanation = NULL;
    S1_TRY(err, s->what == 2 ? s1_api_explain("r", s->trade, S1_LANGUAGE_EN, &explanation, err)
                             : s1_api_explain_rejected("r", 3, S1_LANGUAGE_EN, &explanation, err));
    const char *const json = s1_explanation_json_borrow(explanation);
    *ret_answer = s1_hash64(json, strlen(json), 1) | 1u;
    s1_explanation_free(explanation);
    return S1_OK;
}

static void ask_case(s1_memory_case *memory, void *user)
{
    const service *const s = user;
    s1_err err = S1_ERR_INIT;
    if (chdir(s->work) != 0) {
        stop(s->work, NULL);
    }
    s1_memory_arm(memory, s->number, s->is_for_ever, NULL, NULL);
    const s1_rc rc = ask(s, &memory->numbers[0], &err);
    s1_memory_disarm();
    memory->is_right = s->number == 0 ? rc == S1_OK
                       : rc == S1_OK  ? memory->numbers[0] == s->answers[s->what]
                                      : rc == S1_E_NO_MEMORY && memory->failed > 0;
    (void)snprintf(memory->what, sizeof memory->what, "%s: %s: %s", questions[s->what],
                   s1_error_name(rc), err.msg);
}

/* Ours are all tried. jansson's are many and all answered in one place: a share of them. */
static bool is_tried(const s1_deep *deep, const bool *is_jansson, uint64_t number, uint64_t at)
{
    if (deep->first > 0) {
        return at == deep->first;
    }
    const bool is_jansson_s = number < S1_MEMORY_KNOWN && is_jansson[number];
    const uint64_t step = deep->is_share                    ? (is_jansson_s ? 2003 : 61)
                          : is_jansson_s && !deep->is_night ? JANSSON_STEP
                                                            : 1;
    return at % step == 0;
}

static void ask_all(s1_deep *deep, service *s, s1_memory_case *memory, uint64_t *at,
                    uint64_t figures[static 3])
{
    static bool is_jansson[S1_MEMORY_KNOWN];
    s->number = 0;
    forget(memory);
    if (s1_memory_try(memory, ask_case, s) != S1_MEMORY_RIGHT) {
        s1_deep_fail(deep, *at, "without a failure: %s", memory->what);
        return;
    }
    s->answers[s->what] = memory->numbers[0];
    memcpy(is_jansson, memory->is_jansson, sizeof is_jansson);
    const uint64_t allocations = memory->allocations;
    for (int mode = 0; mode < 2; mode++) {
        s->is_for_ever = mode != 0;
        for (s->number = 1; s->number <= allocations && deep->failures < 20; s->number++, ++*at) {
            if (!is_tried(deep, is_jansson, s->number, *at)) {
                continue;
            }
            forget(memory);
            const int32_t end = s1_memory_try(memory, ask_case, s);
            figures[0]++;
            figures[1] += memory->has_jansson;
            figures[2] += end == S1_MEMORY_ABORTED;
            if (end == S1_MEMORY_WRONG) {
                s1_deep_fail(deep, *at, "allocation %" PRIu64 "%s fails %s: %s", s->number,
                             memory->has_jansson ? " (jansson's)" : "",
                             s->is_for_ever ? "for ever" : "once", memory->what);
            }
        }
    }
}

static void run_s10r(s1_deep *deep)
{
    service s;
    s1_memory_case *const memory = s1_memory_case_new();
    uint64_t at = 0, figures[3] = {0};
    char what[128];
    if (!service_init(deep, &s, short_run, memory)) {
        return;
    }
    for (s.what = 0; s.what < 4; s.what++) {
        ask_all(deep, &s, memory, &at, figures);
    }
    if (!is_whole_or_absent(&s, true, false, what)) {
        s1_deep_fail(deep, at, "after all questions: %s", what);
    }
    s1_deep_figures(deep,
                    "%" PRIu64
                    " failing allocations of replay, journal verify and explain, %" PRIu64
                    " of them in jansson, where %" PRIu64 " ended the process; %" PRIu64 " broken",
                    figures[0], figures[1], figures[2], deep->failures);
}

int main(int argc, char **argv)
{
    static const s1_deep_row rows[] = {
        {"S10o", "every allocation of the order path fails", 1, 1, 1, run_s10o},
        {"S10b", "allocations of a backtest into a folder fail", 1, 1, 1, run_s10b},
        {"S10r", "every allocation of replay and explain fails", 1, 1, 1, run_s10r},
    };
    (void)snprintf(root, sizeof root, "%s/s1-memory-run-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (mkdtemp(root) == NULL) {
        return 1;
    }
    const int status = s1_deep_main(argc, argv, rows, sizeof rows / sizeof rows[0]);
    return s1_fs_remove_tree(s1_fs_real(), root, NULL) == S1_OK ? status : 1;
}
