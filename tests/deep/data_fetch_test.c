/* `data fetch` against an exchange on loopback, killed and lied to. F1: kill -9 of the program at a
 * random moment, over and over, then to the end. F2: faults on the wire at random. After every kill
 * the archive is a piece of the exchange's truth without a hole; at the end it is all of it, each
 * trade once, and the catalogue says the same. */
#include "backend/connectors/connector.h"
#include "backend/data/catalog/catalog.h"
#include "backend/data/persistors/parquet_persistor.h"
#include "backend/utils/proc.h"
#include "backend/utils/rng.h"
#include "tests/support/deep.h"
#include "tests/support/exchange_thread.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECOND  S1_NANOS_PER_SECOND
#define TRADES  12000u
#define PAIR    "BTC/USD"
#define HEAD    9000u /* trades from here on are stored first, in a case with a head */
#define KILLS   3u    /* in one case, before the run that ends */
#define RUN_MAX (60 * SECOND)

typedef struct world {
    char folder[256], archive[300], config[300];
    s1_sim_trade *trades;
    s1_exchange_thread *exchange;
    s1_rng rng;
    uint64_t pages;
} world;

static const s1_stream_key key = {.asset_pair = {PAIR, 7}, .data_type = S1_DATA_TRADES};

static const char *const options_of_pieces =
    "schema_version: 1\n"
    "services:\n"
    "  data_ingestion:\n"
    "    profiles:\n"
    "      pieces: { max_records: 1500, max_seconds: 3600 }\n";
static const char *const options_of_patience =
    "schema_version: 1\n"
    "kraken_public:\n"
    "  type: kraken_public\n"
    "  retries: { max_attempts: 100, delay_seconds: 1 }\n";

/* --- The world ---------------------------------------------------------------------------- */

static bool write_config(const world *w)
{
    char path[400];
    s1_err ignored = S1_ERR_INIT;
    const s1_fs *const fs = s1_fs_real();
    (void)snprintf(path, sizeof path, "%s/platform.yaml", w->config);
    bool is_written = s1_fs_mkdir(fs, w->config, &ignored) == S1_OK &&
                      s1_fs_write_file(fs, path, s1_str_of(options_of_pieces), &ignored) == S1_OK;
    (void)snprintf(path, sizeof path, "%s/connectors.yaml", w->config);
    return is_written &&
           s1_fs_write_file(fs, path, s1_str_of(options_of_patience), &ignored) == S1_OK;
}

static bool world_init(world *w, uint32_t fault_permille, uint32_t fault_mask, uint64_t seed)
{
    const char *const tmp = s1_proc_getenv("S1_TEST_TMP");
    *w = (world){.trades = calloc(TRADES, sizeof *w->trades)};
    (void)snprintf(w->folder, sizeof w->folder, "%s/fetch-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (w->trades == NULL || mkdtemp(w->folder) == NULL) {
        return false;
    }
    (void)snprintf(w->archive, sizeof w->archive, "%s/archive", w->folder);
    (void)snprintf(w->config, sizeof w->config, "%s/config", w->folder);
    s1_rng_init(&w->rng, seed);
    /* Over the end of a month, so that commits touch more than one file. */
    s1_sim_trades_random(w->trades, TRADES, 1698700000 * SECOND, 30 * SECOND, seed);
    const s1_sim_exchange_options options = {.id = "XXBTZUSD",
                                             .altname = "XBTUSD",
                                             .wsname = "XBT/USD",
                                             .price_decimals = 1,
                                             .lot_decimals = 8,
                                             .page = 400,
                                             .is_since_exclusive = seed % 2 == 0,
                                             .trades = w->trades,
                                             .trade_count = TRADES,
                                             .fault_permille = fault_permille,
                                             .fault_mask = fault_mask,
                                             .seed = seed};
    w->exchange = s1_exchange_thread_start(&options);
    return write_config(w);
}

static void world_done(world *w)
{
    s1_err ignored = S1_ERR_INIT;
    if (w->exchange != NULL) {
        w->pages += s1_exchange_thread_stop(w->exchange).pages;
    }
    (void)!s1_fs_remove_tree(s1_fs_real(), w->folder, &ignored);
    free(w->trades);
}

/* --- The program -------------------------------------------------------------------------- */

/* Runs `data fetch` with `arguments`, for at most `limit`: then kill -9. Its exit code, or -1. */
static int run_fetch(const world *w, s1_nanos limit, const char *const arguments[])
{
    char program[300], log[400];
    const char *const build = s1_proc_getenv("S1_BUILD_DIR");
    (void)snprintf(program, sizeof program, "%s/s1mpletrader", build != NULL ? build : "build");
    (void)snprintf(log, sizeof log, "%s/log", w->folder);
    const char *argv[32] = {program,
                            "data",
                            "fetch",
                            "--pair",
                            PAIR,
                            "--archive",
                            w->archive,
                            "--config",
                            w->config,
                            "--url",
                            s1_exchange_thread_address(w->exchange),
                            "--pace",
                            "0",
                            "--profile",
                            "pieces",
                            "--timeout",
                            "1500"};
    size_t count = 17;
    for (size_t i = 0; arguments[i] != NULL; i++) {
        argv[count++] = arguments[i];
    }
    posix_spawn_file_actions_t actions;
    extern char **environ;
    pid_t pid = 0;
    sigset_t child, before;
    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &child, &before);
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log,
                                           O_WRONLY | O_CREAT | O_TRUNC, 0644);
    (void)posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    const int failed = posix_spawn(&pid, program, &actions, NULL, (char *const *)argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) {
        return -2;
    }
    const struct timespec wait = {.tv_sec = limit / SECOND, .tv_nsec = limit % SECOND};
    int status = 0;
    (void)sigtimedwait(&child, NULL, &wait);
    if (waitpid(pid, &status, WNOHANG) == 0) {
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, &status, 0);
    }
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* --- What is in the archive --------------------------------------------------------------- */

static bool is_trade(const s1_market_batch *batch, size_t row, const s1_sim_trade *t)
{
    return ((const s1_nanos *)batch->columns[S1_TRADE_TIME])[row] == t->time &&
           ((const int64_t *)batch->columns[S1_TRADE_PRICE])[row] == t->price &&
           ((const int64_t *)batch->columns[S1_TRADE_QUANTITY])[row] == t->quantity &&
           ((const int64_t *)batch->columns[S1_TRADE_ID])[row] == t->id &&
           ((const uint8_t *)batch->columns[S1_TRADE_SIDE])[row] ==
               (t->is_buy ? S1_TRADE_BUY : S1_TRADE_SELL);
}

/* Reads all of it: trades [first, last) of the truth. "" or what is wrong. */
static const char *read_archive(const world *w, s1_data_persistor *archive, size_t *ret_first,
                                size_t *ret_last)
{
    s1_market_reader *reader = NULL;
    s1_market_batch batch = {0};
    s1_err err = S1_ERR_INIT;
    size_t at = 0;
    static char wrong[600];
    wrong[0] = '\0';
    s1_rc rc = s1_data_load(archive, &key, S1_RANGE_ALL, &reader, &err);
    *ret_first = *ret_last = 0;
    if (rc == S1_E_NOT_FOUND) {
        return "";
    }
    for (bool is_first = true; rc == S1_OK && wrong[0] == '\0'; is_first = false) {
        rc = s1_market_reader_next(reader, &batch, &err);
        if (rc != S1_OK || batch.count == 0) {
            break;
        }
        const s1_nanos *const time = batch.columns[S1_TRADE_TIME];
        const int64_t *const id = batch.columns[S1_TRADE_ID];
        while (is_first && at < TRADES && w->trades[at].id != id[0]) {
            at++;
        }
        *ret_first = is_first ? at : *ret_first;
        for (size_t r = 0; r < batch.count && wrong[0] == '\0'; r++, at++) {
            if (at >= TRADES || !is_trade(&batch, r, &w->trades[at])) {
                (void)snprintf(wrong, sizeof wrong, "row %zu (time %lld, id %lld) is not trade %zu",
                               at - *ret_first, (long long)time[r], (long long)id[r], at);
            }
        }
    }
    *ret_last = at;
    s1_market_reader_close(reader);
    if (rc != S1_OK) {
        (void)snprintf(wrong, sizeof wrong, "%s", err.msg);
    }
    return wrong;
}

/* After a kill: a piece of the truth, which the catalogue, looking at it, counts the same. */
static const char *check_archive(const world *w, size_t *ret_first, size_t *ret_last)
{
    static char wrong[700];
    s1_err err = S1_ERR_INIT;
    s1_duckdb *duckdb = NULL;
    s1_data_persistor *archive = NULL;
    s1_catalog *catalog = NULL;
    s1_catalog_dataset dataset = {0};
    wrong[0] = '\0';
    *ret_first = *ret_last = 0;
    if (!s1_fs_is_folder(s1_fs_real(), w->archive)) {
        return "";
    }
    s1_rc rc = s1_duckdb_new(NULL, &duckdb, &err);
    if (rc == S1_OK) {
        rc = s1_parquet_persistor_new(
            &(s1_parquet_options){.fs = s1_fs_real(), .duckdb = duckdb, .archive = w->archive},
            &archive, &err);
    }
    if (rc == S1_OK) {
        (void)snprintf(wrong, sizeof wrong, "%s", read_archive(w, archive, ret_first, ret_last));
        rc = s1_catalog_open(s1_fs_real(), w->archive, &catalog, &err);
    }
    if (rc == S1_OK) {
        rc = s1_catalog_sync(catalog, archive, NULL, &err);
    }
    if (rc == S1_OK && *ret_last > *ret_first) {
        rc = s1_catalog_find(catalog, &key, &dataset, &err);
    }
    if (rc != S1_OK) {
        (void)snprintf(wrong, sizeof wrong, "%s", err.msg);
    } else if (wrong[0] == '\0' && dataset.rows != *ret_last - *ret_first) {
        (void)snprintf(wrong, sizeof wrong, "the catalogue says %llu rows, the archive %zu",
                       (unsigned long long)dataset.rows, *ret_last - *ret_first);
    }
    s1_catalog_close(catalog);
    s1_data_persistor_free(archive);
    s1_duckdb_free(duckdb);
    return wrong;
}

static void time_text(s1_nanos time, char out[static 40])
{
    /* A moment of the options' kind: seconds are enough for both ends. */
    const time_t seconds = (time_t)(time / SECOND);
    struct tm parts;
    (void)gmtime_r(&seconds, &parts);
    (void)strftime(out, 40, "%Y-%m-%dT%H:%M:%S", &parts);
}

/* --- F1 ----------------------------------------------------------------------------------- */

/* One case: perhaps a head that is there, some kills, a run that ends, and one more that adds
 * nothing. */
static void kill_case(s1_deep *deep, uint64_t at, s1_nanos usual)
{
    world w;
    char from[40], middle[40];
    const bool has_head = at % 2 == 1;
    size_t first = 0, last = 0, before = 0;
    if (!world_init(&w, 0, 0, deep->seed * 1000 + at)) {
        s1_deep_fail(deep, at, "no world");
        return;
    }
    time_text(w.trades[0].time, from);
    time_text(w.trades[HEAD].time, middle);
    const char *const all[] = {"--from", from, NULL}, *const head[] = {"--from", middle, NULL};
    const char *wrong = "";
    if (has_head && run_fetch(&w, RUN_MAX, head) != 0) {
        wrong = "the head was not fetched";
    }
    for (uint32_t k = 0; k < KILLS && wrong[0] == '\0'; k++) {
        const s1_nanos moment = (s1_nanos)s1_rng_below(&w.rng, (uint64_t)usual);
        const int code = run_fetch(&w, moment, all);
        wrong = code > 0 ? "a run that was to be killed failed by itself"
                         : check_archive(&w, &first, &last);
        if (wrong[0] == '\0' && last - first < before) {
            wrong = "rows that were stored are gone";
        }
        before = last - first;
    }
    for (int k = 0; k < 2 && wrong[0] == '\0'; k++) {
        wrong = run_fetch(&w, RUN_MAX, all) != 0 ? "the run that was to end did not"
                                                 : check_archive(&w, &first, &last);
        if (wrong[0] == '\0' && (first != 0 || last != TRADES)) {
            wrong = "the archive is not all of it";
        }
    }
    if (wrong[0] != '\0') {
        s1_deep_fail(deep, at, "%s", wrong);
    }
    world_done(&w);
}

/* How long a run takes that nobody kills. */
static s1_nanos usual_time(const s1_deep *deep)
{
    world w;
    char from[40];
    struct timespec begin, end;
    if (!world_init(&w, 0, 0, deep->seed)) {
        return SECOND;
    }
    time_text(w.trades[0].time, from);
    const char *const all[] = {"--from", from, NULL};
    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    (void)run_fetch(&w, RUN_MAX, all);
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    world_done(&w);
    return (end.tv_sec - begin.tv_sec) * SECOND + end.tv_nsec - begin.tv_nsec;
}

static void run_kills(s1_deep *deep)
{
    const s1_nanos usual = usual_time(deep);
    for (uint64_t at = deep->first; at < deep->end; at++) {
        kill_case(deep, at, usual);
    }
    s1_deep_figures(deep, "%llu kills, a run of %.2f s",
                    (unsigned long long)((deep->end - deep->first) * KILLS), (double)usual / 1e9);
}

/* --- F2 ----------------------------------------------------------------------------------- */

/* Everything that does not make the client wait for seconds in real time. */
#define QUICK_FAULTS                                                                               \
    (1u << S1_SIM_CUT_BEFORE | 1u << S1_SIM_CUT_WITHIN | 1u << S1_SIM_HTTP_502 |                   \
     1u << S1_SIM_GARBAGE | 1u << S1_SIM_TRUNCATED | 1u << S1_SIM_OTHER_PAIR |                     \
     1u << S1_SIM_STALL | 1u << S1_SIM_WARNING)

static void fault_case(s1_deep *deep, uint64_t at, uint64_t *faults)
{
    world w;
    char from[40];
    size_t first = 0, last = 0;
    if (!world_init(&w, 60, QUICK_FAULTS, deep->seed * 3000 + at)) {
        s1_deep_fail(deep, at, "no world");
        return;
    }
    time_text(w.trades[0].time, from);
    const char *const all[] = {"--from", from, NULL};
    char ended[64];
    const int code = run_fetch(&w, RUN_MAX, all);
    (void)snprintf(ended, sizeof ended, "the fetch ended with exit code %d", code);
    const char *wrong = code != 0 ? ended : check_archive(&w, &first, &last);
    if (wrong[0] == '\0' && (first != 0 || last != TRADES)) {
        wrong = "the archive is not all of it";
    }
    if (wrong[0] != '\0') {
        s1_deep_fail(deep, at, "%s", wrong);
    }
    const s1_sim_exchange counts = s1_exchange_thread_stop(w.exchange);
    w.exchange = NULL;
    for (int32_t f = 1; f < S1_SIM_FAULTS; f++) {
        *faults += counts.faults[f];
    }
    world_done(&w);
}

static void run_faults(s1_deep *deep)
{
    uint64_t faults = 0;
    for (uint64_t at = deep->first; at < deep->end; at++) {
        fault_case(deep, at, &faults);
    }
    s1_deep_figures(deep, "%llu faults on the wire", (unsigned long long)faults);
}

int main(int argc, char **argv)
{
    static const s1_deep_row rows[] = {
        {"F1", "data fetch, kill -9 at random moments", 5, 70, 1000, run_kills},
        {"F2", "data fetch, faults on the wire", 2, 20, 200, run_faults},
    };
    return s1_deep_main(argc, argv, rows, sizeof rows / sizeof rows[0]);
}
