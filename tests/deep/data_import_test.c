/* `data import` as a whole program. I1: kill -9 at a random moment, over and over, then to the end:
 * after every kill the archive is the file before or the new one, all of it, and the catalogue says
 * the same. I2: ten million rows, rising, falling and in no order, in bounded memory. */
#include "backend/data/catalog/catalog.h"
#include "backend/data/persistors/parquet_persistor.h"
#include "backend/utils/proc.h"
#include "backend/utils/rng.h"
#include "backend/utils/timefmt.h"
#include "tests/support/deep.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECOND      S1_NANOS_PER_SECOND
#define PAIR        "BTC/USD"
#define RUN_MAX     (600 * SECOND)
#define KILLS       3u
#define OLD_ROWS    40000u /* of the file that is there; the new one has more, and other volumes */
#define NEW_ROWS    60000u
#define NEW_VOLUME  1000000u
#define MEMORY_ROWS 10000000u
#define SHARE_ROWS  1500000u /* more than are held in memory */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 3 /* times the memory: what is freed is held back, and shadowed */
#else
#define SANITIZED 1
#endif
#define MEMORY_MIB (SANITIZED * 512)
#define SHARE_MIB  (SANITIZED * 300)

typedef struct world {
    char folder[256], archive[300], file[300];
} world;

/* How a run ended, and how much memory it had at most. */
typedef struct ending {
    int code; /* -1: killed */
    long rss_kib;
    s1_nanos took;
} ending;

static const s1_stream_key key = {
    .asset_pair = {PAIR, 7}, .timeframe = 3600 * SECOND, .data_type = S1_DATA_OHLCV};

static bool world_init(world *w)
{
    const char *const tmp = s1_proc_getenv("S1_TEST_TMP");
    (void)snprintf(w->folder, sizeof w->folder, "%s/import-XXXXXX", tmp != NULL ? tmp : "/tmp");
    const bool is_made = mkdtemp(w->folder) != NULL;
    (void)snprintf(w->archive, sizeof w->archive, "%s/archive", w->folder);
    (void)snprintf(w->file, sizeof w->file, "%s/in.csv", w->folder);
    return is_made;
}

static void world_done(const world *w)
{
    s1_err ignored = S1_ERR_INIT;
    (void)!s1_fs_remove_tree(s1_fs_real(), w->folder, &ignored);
}

enum shape { RISING, FALLING, SHUFFLED, SHAPES };

/* Bars of `step` seconds whose volume is their number and `volume` more. */
static bool write_file(const world *w, uint64_t rows, uint64_t step, uint64_t volume,
                       enum shape shape)
{
    FILE *const file = fopen(w->file, "w");
    if (file == NULL) {
        return false;
    }
    (void)fputs("time,open,high,low,close,volume\n", file);
    for (uint64_t i = 0; i < rows; i++) {
        const uint64_t at = shape == FALLING    ? rows - 1 - i
                            : shape == SHUFFLED ? i * 1237 % rows
                                                : i;
        (void)fprintf(file, "%llu,%llu.25,%llu.75,%llu.01,%llu.50,%llu\n",
                      (unsigned long long)(1483228800 + at * step),
                      (unsigned long long)(100 + at % 97), (unsigned long long)(100 + at % 97),
                      (unsigned long long)(100 + at % 97), (unsigned long long)(100 + at % 97),
                      (unsigned long long)(at + volume));
    }
    return fclose(file) == 0;
}

/* Runs `data import`, for at most `limit`: then kill -9. */
static ending run_import(const world *w, const char *timeframe, bool sorts, s1_nanos limit)
{
    char program[300], log[300];
    const char *const build = s1_proc_getenv("S1_BUILD_DIR");
    (void)snprintf(program, sizeof program, "%s/s1mpletrader", build != NULL ? build : "build");
    (void)snprintf(log, sizeof log, "%s/log", w->folder);
    const char *const argv[] = {program,
                                "data",
                                "import",
                                w->file,
                                "--pair",
                                PAIR,
                                "-t",
                                timeframe,
                                "--archive",
                                w->archive,
                                sorts ? "--sort" : NULL,
                                NULL};
    posix_spawn_file_actions_t actions;
    extern char **environ;
    pid_t pid = 0;
    sigset_t child, before;
    struct timespec begin, end;
    struct rusage usage = {0};
    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &child, &before);
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log,
                                           O_WRONLY | O_CREAT | O_TRUNC, 0644);
    (void)posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    const int failed = posix_spawn(&pid, program, &actions, NULL, (char *const *)argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) {
        return (ending){.code = -2};
    }
    const struct timespec wait = {.tv_sec = limit / SECOND, .tv_nsec = limit % SECOND};
    int status = 0;
    (void)sigtimedwait(&child, NULL, &wait);
    if (wait4(pid, &status, WNOHANG, &usage) == 0) {
        (void)kill(pid, SIGKILL);
        (void)wait4(pid, &status, 0, &usage);
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return (ending){.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                    .rss_kib = usage.ru_maxrss,
                    .took = (end.tv_sec - begin.tv_sec) * SECOND + end.tv_nsec - begin.tv_nsec};
}

/* --- What is in the archive --------------------------------------------------------------- */

/* Reads all of it: whole, of one of the two files. "" or what is wrong. */
static const char *read_archive(s1_data_persistor *archive, uint64_t *ret_rows)
{
    static char wrong[600];
    s1_bar_reader *reader = NULL;
    s1_bar_batch batch = {0};
    s1_err err = S1_ERR_INIT;
    uint64_t at = 0;
    int64_t volume = 0;
    wrong[0] = '\0';
    s1_rc rc = s1_data_load_ohlcv(archive, &key, S1_RANGE_ALL, &reader, &err);
    do {
        rc = rc == S1_OK ? s1_bar_reader_next(reader, &batch, &err) : rc;
        for (size_t i = 0; rc == S1_OK && i < batch.count && wrong[0] == '\0'; i++, at++) {
            volume = at == 0 ? batch.volume[0] : volume;
            if (batch.volume[i] != volume + (int64_t)at) {
                (void)snprintf(wrong, sizeof wrong, "row %llu has volume %lld of another file",
                               (unsigned long long)at, (long long)batch.volume[i]);
            }
        }
    } while (rc == S1_OK && batch.count > 0 && wrong[0] == '\0');
    s1_bar_reader_close(reader);
    if (rc != S1_OK) {
        (void)snprintf(wrong, sizeof wrong, "%s", err.msg);
    } else if (wrong[0] == '\0' && !(volume == 0 && at == OLD_ROWS) &&
               !(volume == NEW_VOLUME && at == NEW_ROWS)) {
        (void)snprintf(wrong, sizeof wrong, "%llu rows, volumes from %lld on",
                       (unsigned long long)at, (long long)volume);
    }
    *ret_rows = at;
    return wrong;
}

static const char *check_archive(const world *w, uint64_t *ret_rows)
{
    static char wrong[700];
    s1_err err = S1_ERR_INIT;
    s1_duckdb *duckdb = NULL;
    s1_data_persistor *archive = NULL;
    s1_catalog *catalog = NULL;
    s1_catalog_dataset dataset = {0};
    wrong[0] = '\0';
    s1_rc rc = s1_duckdb_new(NULL, &duckdb, &err);
    if (rc == S1_OK) {
        rc = s1_parquet_persistor_new(
            &(s1_parquet_options){.fs = s1_fs_real(), .duckdb = duckdb, .archive = w->archive},
            &archive, &err);
    }
    if (rc == S1_OK) {
        (void)snprintf(wrong, sizeof wrong, "%s", read_archive(archive, ret_rows));
        rc = s1_catalog_open(s1_fs_real(), w->archive, &catalog, &err);
    }
    if (rc == S1_OK) {
        rc = s1_catalog_sync(catalog, archive, NULL, &err);
    }
    if (rc == S1_OK) {
        rc = s1_catalog_find(catalog, &key, &dataset, &err);
    }
    if (rc != S1_OK) {
        (void)snprintf(wrong, sizeof wrong, "%s", err.msg);
    } else if (wrong[0] == '\0' && dataset.rows != *ret_rows) {
        (void)snprintf(wrong, sizeof wrong, "the catalogue says %llu rows, the archive %llu",
                       (unsigned long long)dataset.rows, (unsigned long long)*ret_rows);
    }
    s1_catalog_close(catalog);
    s1_data_persistor_free(archive);
    s1_duckdb_free(duckdb);
    return wrong;
}

/* --- I1 ----------------------------------------------------------------------------------- */

static void kill_case(s1_deep *deep, uint64_t at, s1_nanos usual)
{
    world w;
    s1_rng rng;
    uint64_t rows = 0;
    const char *wrong = "";
    s1_rng_init(&rng, deep->seed * 1000 + at);
    if (!world_init(&w) || !write_file(&w, OLD_ROWS, 3600, 0, RISING) ||
        run_import(&w, "1h", false, RUN_MAX).code != 0 ||
        !write_file(&w, NEW_ROWS, 3600, NEW_VOLUME, at % 2 == 0 ? RISING : FALLING)) {
        s1_deep_fail(deep, at, "no world");
        world_done(&w);
        return;
    }
    for (uint32_t k = 0; k < KILLS && wrong[0] == '\0'; k++) {
        const uint64_t before = rows;
        const s1_nanos moment = (s1_nanos)s1_rng_below(&rng, (uint64_t)usual);
        const ending end = run_import(&w, "1h", false, moment);
        wrong = end.code > 0 ? "a run that was to be killed failed by itself"
                             : check_archive(&w, &rows);
        if (wrong[0] == '\0' && (rows < before || (end.code == 0 && rows != NEW_ROWS))) {
            wrong = "rows that were stored are gone";
        }
    }
    for (int k = 0; k < 2 && wrong[0] == '\0'; k++) {
        wrong = run_import(&w, "1h", false, RUN_MAX).code != 0 ? "the run that was to end did not"
                                                               : check_archive(&w, &rows);
        if (wrong[0] == '\0' && rows != NEW_ROWS) {
            wrong = "the archive is not the new file";
        }
    }
    if (wrong[0] != '\0') {
        s1_deep_fail(deep, at, "%s", wrong);
    }
    world_done(&w);
}

/* How long a run takes that nobody kills. */
static s1_nanos usual_time(void)
{
    world w;
    s1_nanos took = SECOND;
    if (world_init(&w) && write_file(&w, NEW_ROWS, 3600, 0, RISING)) {
        took = run_import(&w, "1h", false, RUN_MAX).took;
    }
    world_done(&w);
    return took;
}

static void run_kills(s1_deep *deep)
{
    const s1_nanos usual = usual_time();
    for (uint64_t at = deep->first; at < deep->end; at++) {
        kill_case(deep, at, usual);
    }
    s1_deep_figures(deep, "%llu kills, a run of %.2f s",
                    (unsigned long long)((deep->end - deep->first) * KILLS), (double)usual / 1e9);
}

/* --- I2 ----------------------------------------------------------------------------------- */

static void run_memory(s1_deep *deep)
{
    const uint64_t rows = deep->is_share ? SHARE_ROWS : MEMORY_ROWS;
    long most = 0;
    double longest = 0;
    for (uint64_t at = deep->first; at < deep->end; at++) {
        world w;
        const enum shape shape = (enum shape)(at % SHAPES);
        if (!world_init(&w) || !write_file(&w, rows, 60, 0, shape)) {
            s1_deep_fail(deep, at, "no world");
            world_done(&w);
            continue;
        }
        const ending end = run_import(&w, "1m", shape == SHUFFLED, RUN_MAX);
        if (end.code != 0) {
            s1_deep_fail(deep, at, "the import ended with %d", end.code);
        } else if (end.rss_kib > (deep->is_share ? SHARE_MIB : MEMORY_MIB) * 1024) {
            s1_deep_fail(deep, at, "%ld KiB of memory", end.rss_kib);
        }
        most = end.rss_kib > most ? end.rss_kib : most;
        longest = (double)end.took / 1e9 > longest ? (double)end.took / 1e9 : longest;
        world_done(&w);
    }
    s1_deep_figures(deep, "%llu rows, at most %ld MiB and %.1f s", (unsigned long long)rows,
                    most / 1024, longest);
}

int main(int argc, char **argv)
{
    static const s1_deep_row rows[] = {
        {"I1", "data import, kill -9 at random moments", 4, 70, 1000, run_kills},
        {"I2", "data import, memory", SHAPES, SHAPES, SHAPES, run_memory},
    };
    return s1_deep_main(argc, argv, rows, sizeof rows / sizeof rows[0]);
}
