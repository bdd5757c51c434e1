/* An archive that is written to and killed, or whose calls fail. A stream of trades over three
 * months has one version after another: version n writes the price n into the second month, and
 * into all three if n is no multiple of 3, so that commits replace several files or link to most.
 * Whatever happens, the stream is the last version that was acknowledged or the one that was tried,
 * whole; every former version that is listed is one that was; the next commit goes through and
 * leaves nothing behind.
 *
 * The program is its own victim: `--victim FOLDER FROM COUNT` commits versions and says so on
 * standard output, a line at a time: "T n" tries, "A n" acknowledged, "F n text" failed.
 * tests/support/shim/fault_shim.c does the rest. */
#define _GNU_SOURCE 1 /* pipe2 */
#include "backend/data/persistors/parquet_persistor.h"
#include "backend/utils/rng.h"
#include "backend/utils/timefmt.h"
#include "s1mple/error.h"
#include "tests/support/deep.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MONTHS         3u
#define ROWS_OF_MONTH  3000u
#define ROWS           (MONTHS * ROWS_OF_MONTH)
#define VERSIONS_A_RUN 4u /* one is there before */
#define VERSIONS_KEPT  2u
#define PATH_SIZE      512u
#define DAY            S1_NANOS_PER_DAY

static char program[PATH_SIZE], shim[PATH_SIZE + 32], root[PATH_SIZE];
extern char **environ;

static const s1_stream_key key = {.asset_pair = {"BTC/EUR", 7}, .data_type = S1_DATA_TRADES};
static const s1_nanos months[MONTHS + 1] = {1672531200 * S1_NANOS_PER_SECOND, /* 2023-01-01 */
                                            1675209600 * S1_NANOS_PER_SECOND,
                                            1677628800 * S1_NANOS_PER_SECOND,
                                            1680307200 * S1_NANOS_PER_SECOND};

/* --- Versions ------------------------------------------------------------------------------- */

static bool writes_all(uint64_t version)
{
    return version % 3 != 0;
}

/* The price in a month of a version. */
static int64_t price_of(uint64_t version, size_t month)
{
    return (int64_t)(month == 1 || writes_all(version) ? version : version - 1);
}

static s1_nanos time_of(size_t row)
{
    const s1_nanos step = 28 * DAY / ROWS_OF_MONTH;
    return months[row / ROWS_OF_MONTH] + (s1_nanos)(row % ROWS_OF_MONTH) * step;
}

static s1_rc write_version(s1_data_persistor *archive, uint64_t version, s1_save_result *ret_result,
                           s1_err *err)
{
    static s1_nanos time[ROWS];
    static int64_t price[ROWS], quantity[ROWS];
    static uint8_t side[ROWS];
    const size_t begin = writes_all(version) ? 0 : ROWS_OF_MONTH;
    const size_t end = writes_all(version) ? ROWS : 2 * ROWS_OF_MONTH;
    for (size_t i = begin; i < end; i++) {
        time[i] = time_of(i);
        price[i] = (int64_t)version;
        quantity[i] = (int64_t)i;
        side[i] = (uint8_t)(1 + i % 3);
    }
    const s1_writer_options options = {.overlap = S1_OVERLAP_REPLACE, .keep_former = true};
    const s1_market_scales scales = {2, 8, 0};
    s1_data_writer *writer = NULL;
    S1_TRY(err, s1_data_open_writer(archive, &key, &options, &writer, err));
    for (size_t row = begin; row < end; row += 1000) {
        const s1_market_batch batch = {1000, {time + row, price + row, quantity + row, side + row}};
        const s1_rc rc = s1_data_writer_append(writer, &batch, &scales, err);
        if (rc != S1_OK) {
            s1_data_writer_abandon(writer);
            return rc;
        }
    }
    return s1_data_writer_commit(writer, ret_result, err);
}

static s1_rc open_archive(const char *folder, s1_duckdb **ret_duckdb,
                          s1_data_persistor **ret_archive, s1_err *err)
{
    S1_TRY(err, s1_duckdb_new(NULL, ret_duckdb, err));
    const s1_parquet_options options = {s1_fs_real(), *ret_duckdb, folder};
    return s1_parquet_persistor_new(&options, ret_archive, err);
}

/* --- The victim ----------------------------------------------------------------------------- */

S1_PRINTF(1, 2) static void say(const char *format, ...)
{
    char line[600];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    const size_t size = (size_t)length < sizeof line ? (size_t)length : sizeof line - 1;
    if (write(STDOUT_FILENO, line, size) != (ssize_t)size) {
        _exit(98);
    }
}

static int victim(const char *folder, uint64_t from, uint64_t count)
{
    s1_duckdb *duckdb = NULL;
    s1_data_persistor *archive = NULL;
    s1_err err = S1_ERR_INIT;
    s1_rc rc = open_archive(folder, &duckdb, &archive, &err);
    for (uint64_t version = from; version < from + count && rc == S1_OK; version++) {
        say("T %" PRIu64 "\n", version);
        rc = write_version(archive, version, NULL, &err);
        if (rc == S1_OK) {
            say("A %" PRIu64 "\n", version);
            rc = s1_data_prune_versions(archive, &key, VERSIONS_KEPT, NULL, &err);
        }
        if (rc != S1_OK) {
            say("F %" PRIu64 " %s\n", version, err.msg);
        }
    }
    s1_data_persistor_free(archive);
    s1_duckdb_free(duckdb);
    return rc == S1_OK ? 0 : 6;
}

/* --- What is left --------------------------------------------------------------------------- */

typedef struct verdict {
    char text[400]; /* "": good */
} verdict;

#define WRONG(v, ...) (void)snprintf((v)->text, sizeof(v)->text, __VA_ARGS__)

/* Which version a stream is; 0 for none that ever was. */
static uint64_t version_of(s1_data_persistor *archive, verdict *v)
{
    int64_t prices[MONTHS] = {0};
    s1_market_reader *reader = NULL;
    s1_err err = S1_ERR_INIT;
    size_t row = 0;
    s1_rc rc = s1_data_load(archive, &key, S1_RANGE_ALL, &reader, &err);
    for (s1_market_batch batch = {.count = 1}; rc == S1_OK && batch.count > 0;) {
        rc = s1_market_reader_next(reader, &batch, &err);
        for (size_t i = 0; rc == S1_OK && i < batch.count; i++, row++) {
            const s1_nanos *const times = batch.columns[0];
            const int64_t *const price = batch.columns[1];
            const int64_t *const quantity = batch.columns[2];
            int64_t *const month = &prices[row / ROWS_OF_MONTH < MONTHS ? row / ROWS_OF_MONTH : 0];
            *month = row % ROWS_OF_MONTH == 0 ? price[i] : *month;
            if (row >= ROWS || times[i] != time_of(row) || quantity[i] != (int64_t)row ||
                price[i] != *month) {
                WRONG(v, "row %zu is not of this version", row);
                s1_market_reader_close(reader);
                return 0;
            }
        }
    }
    s1_market_reader_close(reader);
    if (rc != S1_OK || row != ROWS) {
        WRONG(v, "%zu rows read: %.300s", row, rc != S1_OK ? err.msg : "too few");
        return 0;
    }
    const uint64_t version = (uint64_t)prices[1];
    for (size_t month = 0; month < MONTHS; month++) {
        if (prices[month] != price_of(version, month)) {
            WRONG(v, "month %zu has price %" PRId64 " beside version %" PRIu64, month,
                  prices[month], version);
            return 0;
        }
    }
    return version;
}

typedef struct former {
    s1_data_persistor *archive;
    verdict *v;
    uint64_t last; /* the youngest that is kept */
    uint64_t count;
} former;

static s1_rc check_former(void *user, const s1_data_version *found, s1_err *err)
{
    former *const f = user;
    s1_data_persistor *version = NULL;
    char hash[S1_SHA256_HEX] = "";
    S1_TRY(err, s1_data_open_version(f->archive, &key, found->content_hash, &version, err));
    const uint64_t number = version_of(version, f->v);
    const s1_rc rc = s1_data_get_content_hash(version, &key, hash, err);
    s1_data_persistor_free(version);
    if (f->v->text[0] == '\0' && (number <= f->last || strcmp(hash, found->content_hash) != 0)) {
        WRONG(f->v, "former version %" PRIu64 " after %" PRIu64 ", or of another hash", number,
              f->last);
    }
    f->last = number;
    f->count++;
    return rc;
}

static bool is_there(const char *folder, const char *name)
{
    char path[PATH_SIZE + 100];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return s1_fs_exists(s1_fs_real(), path);
}

/* The archive after an accident, and after the commit that comes next. */
static void check(const char *folder, uint64_t acknowledged, uint64_t tried, verdict *v)
{
    s1_duckdb *duckdb = NULL;
    s1_data_persistor *archive = NULL;
    s1_err err = S1_ERR_INIT;
    former f = {.v = v};
    uint64_t found = 0;
    s1_rc rc = open_archive(folder, &duckdb, &archive, &err);
    f.archive = archive;
    if (rc == S1_OK) {
        found = version_of(archive, v);
        rc = s1_data_list_versions(archive, &key, check_former, &f, &err);
    }
    if (rc == S1_OK && v->text[0] == '\0' && found != acknowledged && found != tried) {
        WRONG(v, "found version %" PRIu64 ", acknowledged %" PRIu64, found, acknowledged);
    }
    if (rc == S1_OK && v->text[0] == '\0' && found > 1 && f.last != found - 1) {
        WRONG(v, "version %" PRIu64 " before %" PRIu64 " is not kept", found - 1, found);
    }
    const uint64_t next = tried + 3 - tried % 3 + 1; /* writes all */
    if (rc == S1_OK && v->text[0] == '\0') {
        rc = write_version(archive, next, NULL, &err);
    }
    if (rc == S1_OK && v->text[0] == '\0' && version_of(archive, v) != next) {
        WRONG(v, "the commit after it is not there");
    }
    if (rc != S1_OK) {
        WRONG(v, "after it: %.300s", err.msg);
    }
    if (v->text[0] == '\0' && (is_there(folder, ".next/BTC_EUR/trades") ||
                               is_there(folder, ".versions/BTC_EUR/trades/partial") ||
                               is_there(folder, ".versions/BTC_EUR/trades/removed") ||
                               is_there(folder, ".locks/BTC_EUR+trades.lock"))) {
        WRONG(v, "leftovers stay");
    }
    s1_data_persistor_free(archive);
    s1_duckdb_free(duckdb);
}

/* --- Accidents ------------------------------------------------------------------------------ */

typedef struct outcome {
    uint64_t acknowledged, tried, calls;
    uint64_t time; /* ns from its first try to its end */
    bool was_killed, has_failed;
} outcome;

static void fail_hard(const char *what)
{
    (void)fprintf(stderr, "archive_test: %s: %s\n", what, strerror(errno));
    exit(97);
}

static void read_outcome(char *text, outcome *found)
{
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        const uint64_t number = strtoull(line + 1, NULL, 10);
        found->tried = line[0] == 'T' ? number : found->tried;
        found->acknowledged = line[0] == 'A' ? number : found->acknowledged;
        found->has_failed = found->has_failed || line[0] == 'F';
        found->calls = line[0] == 'C' ? number : found->calls;
    }
}

static uint64_t now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Reads what the victim says until it ends, and kills it `delay` ns after its first try (0: not).
 * Gives the time from the first try to the end. */
static uint64_t listen_to(int from, pid_t pid, uint64_t delay, char *text, size_t size)
{
    uint64_t begun = 0;
    size_t length = 0;
    for (;;) {
        const ssize_t got = read(from, text + length, size - 1 - length);
        if (got == 0 || length == size - 1) {
            break;
        }
        if (got < 0 && errno != EAGAIN) {
            fail_hard("read");
        }
        length += got > 0 ? (size_t)got : 0;
        begun = begun == 0 && length > 0 ? now() : begun;
        if (delay != 0 && begun != 0 && now() - begun >= delay) {
            (void)kill(pid, SIGKILL);
            delay = 0;
        }
    }
    text[length] = '\0';
    return now() - begun;
}

/* Runs the victim; `at` and `what` for the shim (0: none), `delay` until it is killed (0: not). */
static outcome run_victim(const char *folder, uint64_t at, const char *what, uint64_t delay)
{
    char env[8][PATH_SIZE + 64];
    char *envp[9];
    size_t used = 0;
    const char *const duckdb = getenv("S1_DUCKDB");
    (void)snprintf(env[used++], sizeof env[0],
                   "ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0");
    (void)snprintf(env[used++], sizeof env[0], "LD_PRELOAD=%s", shim);
    (void)snprintf(env[used++], sizeof env[0], "S1_SHIM_PATH=%s", folder);
    (void)snprintf(env[used++], sizeof env[0], "S1_SHIM_NOSYNC=1");
    (void)snprintf(env[used++], sizeof env[0], "S1_SHIM_AT=%" PRIu64, at);
    (void)snprintf(env[used++], sizeof env[0], "S1_SHIM_DO=%s", what);
    (void)snprintf(env[used++], sizeof env[0], "S1_SHIM_REPORT=1");
    if (duckdb != NULL) {
        (void)snprintf(env[used++], sizeof env[0], "S1_DUCKDB=%s", duckdb);
    }
    for (size_t i = 0; i < used; i++) {
        envp[i] = env[i];
    }
    envp[used] = NULL;
    char victim_text[] = "--victim", from_text[] = "2", count_text[] = "3", where[PATH_SIZE];
    (void)snprintf(where, sizeof where, "%s", folder);
    char *const argv[] = {program, victim_text, where, from_text, count_text, NULL};
    int out[2], status;
    pid_t pid = 0;
    posix_spawn_file_actions_t actions;
    if (pipe2(out, O_CLOEXEC) != 0 || (delay != 0 && fcntl(out[0], F_SETFL, O_NONBLOCK) != 0)) {
        fail_hard("pipe");
    }
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    errno = posix_spawn(&pid, program, &actions, NULL, argv, envp);
    if (errno != 0) {
        fail_hard(program);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(out[1]);
    char text[8192];
    const uint64_t time = listen_to(out[0], pid, delay, text, sizeof text);
    (void)close(out[0]);
    if (waitpid(pid, &status, 0) != pid) {
        fail_hard("waitpid");
    }
    outcome found = {.acknowledged = 1,
                     .tried = 1,
                     .time = time,
                     .was_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL};
    read_outcome(text, &found);
    if (!found.was_killed &&
        (!WIFEXITED(status) || (WEXITSTATUS(status) != 0) != found.has_failed)) {
        found.tried = 0; /* it fell over */
    }
    return found;
}

/* An archive with its first version, in a folder of its own. */
static void first_version(char folder[PATH_SIZE])
{
    s1_duckdb *duckdb = NULL;
    s1_data_persistor *archive = NULL;
    s1_err err = S1_ERR_INIT;
    (void)snprintf(folder, PATH_SIZE, "%s/archive", root);
    if (s1_fs_remove_tree(s1_fs_real(), folder, &err) != S1_OK ||
        open_archive(folder, &duckdb, &archive, &err) != S1_OK ||
        write_version(archive, 1, NULL, &err) != S1_OK) {
        (void)fprintf(stderr, "archive_test: %s\n", err.msg);
        exit(97);
    }
    s1_data_persistor_free(archive);
    s1_duckdb_free(duckdb);
}

/* Three commits when nothing happens. */
static outcome measure(void)
{
    char folder[PATH_SIZE];
    verdict v = {{0}};
    first_version(folder);
    const outcome found = run_victim(folder, 0, "kill", 0);
    check(folder, VERSIONS_A_RUN, VERSIONS_A_RUN, &v);
    if (found.acknowledged != VERSIONS_A_RUN || found.calls == 0 || v.text[0] != '\0') {
        (void)fprintf(stderr, "archive_test: a run without an accident: %s\n", v.text);
        exit(97);
    }
    return found;
}

static void judge(s1_deep *deep, uint64_t at, const char *folder, const outcome *found)
{
    verdict v = {{0}};
    if (found->tried == 0) {
        WRONG(&v, "the victim fell over");
    } else {
        check(folder, found->acknowledged, found->tried, &v);
    }
    if (v.text[0] != '\0') {
        s1_deep_fail(deep, at, "%s", v.text);
    }
}

/* Half of the kills at a call of libc, half at a moment. */
static void run_kills(s1_deep *deep)
{
    uint64_t killed = 0;
    const outcome usual = measure();
    for (uint64_t at = deep->first; at < deep->end; at++) {
        char folder[PATH_SIZE];
        s1_rng rng;
        s1_rng_init(&rng, deep->seed * 7919 + at);
        first_version(folder);
        const bool is_at_call = at % 2 == 0;
        const uint64_t when =
            1 + s1_rng_below(&rng, is_at_call ? usual.calls : usual.time * 9 / 10);
        const outcome found =
            is_at_call ? run_victim(folder, when, "kill", 0) : run_victim(folder, 0, "kill", when);
        killed += found.was_killed;
        judge(deep, at, folder, &found);
    }
    s1_deep_figures(deep, "%" PRIu64 " killed, three commits are %" PRIu64 " calls", killed,
                    usual.calls);
}

/* A call of libc fails; the commit fails or not, and the process goes on. */
static void run_failures(s1_deep *deep)
{
    uint64_t failed = 0;
    const outcome usual = measure();
    for (uint64_t at = deep->first; at < deep->end; at++) {
        char folder[PATH_SIZE], what[16];
        s1_rng rng;
        s1_rng_init(&rng, deep->seed * 104729 + at);
        first_version(folder);
        static const int codes[] = {EIO, ENOSPC, EDQUOT};
        (void)snprintf(what, sizeof what, "%d", codes[s1_rng_below(&rng, 3)]);
        const outcome found = run_victim(folder, 1 + s1_rng_below(&rng, usual.calls), what, 0);
        failed += found.has_failed;
        judge(deep, at, folder, &found);
    }
    s1_deep_figures(deep, "%" PRIu64 " commits failed", failed);
}

/* Reads over and over, whole and from a moment on, while the victim commits: one version or an
 * error that says why. */
static void read_beside(s1_deep *deep, uint64_t at, const char *folder, int from, uint64_t *reads,
                        uint64_t *refused)
{
    s1_duckdb *duckdb = NULL;
    s1_data_persistor *archive = NULL;
    s1_err err = S1_ERR_INIT;
    if (open_archive(folder, &duckdb, &archive, &err) != S1_OK) {
        s1_deep_fail(deep, at, "%s", err.msg);
        return;
    }
    for (bool is_over = false; !is_over; (*reads)++) {
        char text[4096];
        verdict v = {{0}};
        const ssize_t got = read(from, text, sizeof text);
        is_over = got == 0 || (got < 0 && errno != EAGAIN);
        const uint64_t version = version_of(archive, &v);
        const bool is_refused = strstr(v.text, "written to meanwhile") != NULL;
        *refused += is_refused;
        if (version == 0 && (!is_refused || is_over)) {
            s1_deep_fail(deep, at, "read %" PRIu64 ": %s", *reads, v.text);
            break;
        }
    }
    s1_data_persistor_free(archive);
    s1_duckdb_free(duckdb);
}

static void run_readers(s1_deep *deep)
{
    uint64_t reads = 0, refused = 0;
    for (uint64_t at = deep->first; at < deep->end; at++) {
        char folder[PATH_SIZE], library[PATH_SIZE + 64] = "S1_NOTHING=1";
        first_version(folder);
        if (getenv("S1_DUCKDB") != NULL) {
            (void)snprintf(library, sizeof library, "S1_DUCKDB=%s", getenv("S1_DUCKDB"));
        }
        char *const envp[] = {library, NULL};
        char victim_text[] = "--victim", from_text[] = "2", count_text[] = "30", where[PATH_SIZE];
        (void)snprintf(where, sizeof where, "%s", folder);
        char *const argv[] = {program, victim_text, where, from_text, count_text, NULL};
        int out[2], status;
        pid_t pid = 0;
        posix_spawn_file_actions_t actions;
        if (pipe2(out, O_CLOEXEC | O_NONBLOCK) != 0) {
            fail_hard("pipe");
        }
        (void)posix_spawn_file_actions_init(&actions);
        (void)posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
        errno = posix_spawn(&pid, program, &actions, NULL, argv, envp);
        if (errno != 0) {
            fail_hard(program);
        }
        (void)posix_spawn_file_actions_destroy(&actions);
        (void)close(out[1]);
        read_beside(deep, at, folder, out[0], &reads, &refused);
        (void)close(out[0]);
        if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            s1_deep_fail(deep, at, "the writer failed");
        }
    }
    s1_deep_figures(deep, "%" PRIu64 " reads, %" PRIu64 " of them refused", reads, refused);
}

/* Kills need no disk: in memory where there is room for that. */
static void find_places(const char *self)
{
    const char *folder = access("/dev/shm", W_OK) == 0   ? "/dev/shm"
                         : getenv("S1_TEST_TMP") != NULL ? getenv("S1_TEST_TMP")
                                                         : "/tmp";
    (void)snprintf(root, sizeof root, "%s/s1-archive-XXXXXX", folder);
    const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (mkdtemp(root) == NULL || length <= 0) {
        fail_hard(self);
    }
    program[length] = '\0';
    const char *slash = strrchr(program, '/');
    (void)snprintf(shim, sizeof shim, "%.*s/fault_shim.so", (int)(slash - program), program);
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "--victim") == 0) {
        return victim(argv[2], strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
    }
    static const s1_deep_row rows[] = {
        {"A1", "kill -9 of commits to an archive", 20, 220, 4000, run_kills},
        {"A3", "reading beside a process that commits", 1, 10, 200, run_readers},
        {"A2", "a call of libc fails in commits to an archive", 10, 200, 2000, run_failures},
    };
    find_places(argv[0]);
    const int status = s1_deep_main(argc, argv, rows, sizeof rows / sizeof rows[0]);
    if (s1_fs_remove_tree(s1_fs_real(), root, NULL) != S1_OK) {
        return 1;
    }
    return status;
}
