/* bench/catalog.c - what questions of a catalogue of 10,000 files cost.
 *
 *     build/release/bench/catalog FOLDER [FILES]
 *
 * Makes a catalogue in FOLDER (which must be empty) out of made-up metadata: half of the files in
 * one dataset of trades, ten blocks each, half over a hundred datasets of bars. Prints the median
 * and the worst of 101 rounds of each question, in milliseconds, separated by tabs.
 */
#include "backend/data/catalog/catalog.h"

#include "backend/utils/clock.h"
#include "backend/utils/timefmt.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS   101
#define DATASETS 100
#define BLOCKS   10

static const s1_stream_key trades = {{"BTC/USD", 7}, 0, S1_DATA_TRADES, 0, {"", 0}};
static const s1_stream_key bars = {{"C050/USD", 8}, S1_NANOS_PER_MINUTE, S1_DATA_OHLCV, 0, {"", 0}};

static int run(sqlite3 *db, const char *sql)
{
    const int code = sqlite3_exec(db, sql, NULL, NULL, NULL);
    if (code != SQLITE_OK) {
        (void)fprintf(stderr, "catalog: %s\n", sqlite3_errmsg(db));
    }
    return code;
}

static int make(const char *folder, int files)
{
    char path[4096], sql[4096];
    sqlite3 *db = NULL;
    (void)snprintf(path, sizeof path, "%s/" S1_CATALOG_FILE, folder);
    if (sqlite3_open(path, &db) != SQLITE_OK) {
        return 1;
    }
    const int half = files / 2;
    (void)snprintf(
        sql, sizeof sql,
        "BEGIN;"
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
        "INSERT INTO dataset SELECT i + 1, '', iif(i = 0, 'BTC/USD', printf('C%%03d/USD', i)), "
        "iif(i = 0, 2, 1), iif(i = 0, 0, 60000000000), 1000000, 20000000, 50, 0, "
        "9000000000000000, 2, 8, 60000000000, 'always', 500, iif(i = 0, 0, 1000), hex(i) FROM n;"
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
        "INSERT INTO file SELECT i + 1, iif(i < %d, 1, 2 + i %% %d), printf('%%06d.parquet', i), "
        "100000, 2000000, i * 86400000000000, i * 86400000000000 + 86399000000000, 2, 8, "
        "printf('%%064x', i), i, i FROM n;"
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
        "INSERT INTO block SELECT dataset_id, first_ns + i * 8640000000000, id, "
        "first_ns + i * 8640000000000 + 8000000000000, 10000 FROM file, n;"
        "COMMIT",
        DATASETS, files - 1, half, DATASETS, BLOCKS - 1);
    const int code = run(db, sql);
    (void)sqlite3_close(db);
    return code != SQLITE_OK;
}

static s1_rc count_dataset(void *user, const s1_catalog_dataset *dataset, s1_err *err)
{
    (void)dataset;
    (void)err;
    (*(size_t *)user)++;
    return S1_OK;
}

static s1_rc count_block(void *user, const s1_data_coverage *block, s1_err *err)
{
    (void)block;
    (void)err;
    (*(size_t *)user)++;
    return S1_OK;
}

static s1_rc count_gap(void *user, const s1_catalog_gap *gap, s1_err *err)
{
    (void)gap;
    (void)err;
    (*(size_t *)user)++;
    return S1_OK;
}

enum question { OPEN, LIST, ONE, MONTH, ALL, BARS, GAPS, QUESTIONS };
static const char *const texts[QUESTIONS] = {
    "open",
    "every dataset",
    "one dataset",
    "coverage of a month of one dataset",
    "all coverage of half of the files",
    "all coverage of a dataset of bars",
    "all gaps of half of the files",
};

static s1_rc ask(const char *folder, s1_catalog *catalog, int question, size_t *ret_count,
                 s1_err *err)
{
    const s1_time_range month = {1000 * S1_NANOS_PER_DAY, 1030 * S1_NANOS_PER_DAY};
    s1_catalog_dataset dataset;
    s1_catalog *other = NULL;
    switch (question) {
    case OPEN: {
        const s1_rc rc = s1_catalog_open(s1_fs_real(), folder, &other, err);
        if (rc == S1_OK) {
            s1_catalog_close(other);
        }
        return rc;
    }
    case LIST:
        return s1_catalog_visit_datasets(catalog, count_dataset, ret_count, err);
    case ONE:
        *ret_count = 1;
        return s1_catalog_find(catalog, &bars, &dataset, err);
    case MONTH:
        return s1_catalog_visit_coverage(catalog, &trades, month, count_block, ret_count, err);
    case ALL:
        return s1_catalog_visit_coverage(catalog, &trades, S1_RANGE_ALL, count_block, ret_count,
                                         err);
    case BARS:
        return s1_catalog_visit_coverage(catalog, &bars, S1_RANGE_ALL, count_block, ret_count, err);
    default:
        return s1_catalog_visit_gaps(catalog, &trades, S1_RANGE_ALL, NULL, count_gap, ret_count,
                                     err);
    }
}

static int compare(const void *a, const void *b)
{
    const s1_nanos left = *(const s1_nanos *)a, right = *(const s1_nanos *)b;
    return left < right ? -1 : left > right;
}

int main(int argc, char **argv)
{
    const char *const folder = argc > 1 ? argv[1] : ".";
    const int files = argc > 2 ? atoi(argv[2]) : 10000;
    s1_err err = S1_ERR_INIT;
    s1_catalog *catalog = NULL;
    if (s1_catalog_open(s1_fs_real(), folder, &catalog, &err) != S1_OK) {
        (void)fprintf(stderr, "catalog: %s\n", err.msg);
        return 1;
    }
    if (make(folder, files) != 0) {
        return 1;
    }
    printf("question\tanswers\tmedian ms\tworst ms\n");
    for (int question = 0; question < QUESTIONS; question++) {
        s1_nanos times[ROUNDS];
        size_t count = 0;
        for (int round = 0; round < ROUNDS; round++) {
            const s1_nanos started = s1_clock_monotonic(s1_clock_real());
            count = 0;
            if (ask(folder, catalog, question, &count, &err) != S1_OK) {
                (void)fprintf(stderr, "catalog: %s\n", err.msg);
                return 1;
            }
            times[round] = s1_clock_monotonic(s1_clock_real()) - started;
        }
        qsort(times, ROUNDS, sizeof times[0], compare);
        printf("%s\t%zu\t%.3f\t%.3f\n", texts[question], count, (double)times[ROUNDS / 2] / 1e6,
               (double)times[ROUNDS - 1] / 1e6);
    }
    s1_catalog_close(catalog);
    return 0;
}
