#include "backend/data/persistors/equity_reader.h"

#include "backend/data/persistors/parquet_persistor.h"
#include "backend/utils/fs.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS 5000u /* more than a vector of DuckDB */

static char folder[256];
static char path[512];
static s1_duckdb *duckdb;

static int setup(void **state)
{
    (void)state;
    const char *const tmp = getenv("S1_TEST_TMP");
    (void)snprintf(folder, sizeof folder, "%s/equityXXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(folder) == NULL || s1_duckdb_new(NULL, &duckdb, NULL) != S1_OK) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/it's equity.parquet", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    s1_duckdb_free(duckdb);
    return s1_fs_remove_tree(s1_fs_real(), folder, NULL) == S1_OK ? 0 : -1;
}

static bool has_library(void)
{
    s1_err err = S1_ERR_INIT;
    if (s1_duckdb_open(duckdb, &err) == S1_E_NOT_FOUND) {
        print_message("skipped: %s\n", err.msg);
        return false;
    }
    return true;
}

static void write_rows(size_t count, s1_nanos *time, s1_dec *equity, double *numbers,
                       uint8_t *flags)
{
    for (size_t i = 0; i < count; i++) {
        time[i] = (s1_nanos)(i + 1) * 60 * S1_NANOS_PER_SECOND + 7;
        /* below zero, and above what 64 bits hold */
        assert_int_equal(s1_dec_mul(s1_dec_from_mantissa((int64_t)i - 20, 3),
                                    s1_dec_from_mantissa(123456789012345, 4), S1_ROUND_HALF_EVEN,
                                    &equity[i], NULL),
                         S1_OK);
        numbers[i] = 1.0 / (double)(i + 3);
        flags[i] = i % 3 == 0;
    }
    const s1_run_series series = {count, time, equity, numbers, flags, NULL, NULL, NULL};
    assert_int_equal(s1_parquet_write_equity(duckdb, s1_fs_real(), path, &series, numbers, NULL),
                     S1_OK);
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    static s1_nanos time[ROWS];
    static s1_dec equity[ROWS];
    static double numbers[ROWS];
    static uint8_t flags[ROWS];
    static const size_t counts[] = {0, 1, ROWS};
    if (!has_library()) {
        return;
    }
    for (size_t k = 0; k < 3; k++) {
        s1_equity_table table;
        write_rows(counts[k], time, equity, numbers, flags);
        assert_int_equal(s1_equity_table_read(duckdb, path, false, &table, NULL), S1_OK);
        assert_int_equal(table.count, counts[k]);
        for (size_t i = 0; i < counts[k]; i++) {
            assert_int_equal(table.time[i], time[i]);
            assert_true(s1_dec_eq(table.equity[i], equity[i]));
            assert_memory_equal(&table.close[i], &numbers[i], sizeof numbers[i]);
            assert_memory_equal(&table.drawdown[i], &numbers[i], sizeof numbers[i]);
            assert_int_equal(table.in_position[i], flags[i]);
        }
        s1_equity_table_done(&table);
    }
}

/* The sixth column of a run that is held against another stream. */
static void a_benchmark_is_a_column(void **state)
{
    (void)state;
    const s1_nanos time[3] = {1, 2, 3};
    const s1_dec equity[3] = {S1_DEC_ONE, S1_DEC_ONE, S1_DEC_ONE};
    const double close[3] = {1.0, 2.0, 3.0};
    const double other[3] = {7.5, 0.1, -2.0};
    const s1_run_series series = {3, time, equity, close, NULL, NULL, NULL, other};
    s1_equity_table table;
    if (!has_library()) {
        return;
    }
    assert_int_equal(s1_parquet_write_equity(duckdb, s1_fs_real(), path, &series, close, NULL),
                     S1_OK);
    assert_int_equal(s1_equity_table_read(duckdb, path, true, &table, NULL), S1_OK);
    assert_memory_equal(table.benchmark, other, sizeof other);
    assert_memory_equal(table.close, close, sizeof close);
    s1_equity_table_done(&table);
    assert_int_equal(s1_equity_table_read(duckdb, path, false, &table, NULL), S1_OK);
    assert_null(table.benchmark);
    s1_equity_table_done(&table);
}

static void other_files_are_refused(void **state)
{
    (void)state;
    static const double numbers[2] = {1.0, 2.0};
    const s1_parquet_column columns[] = {
        {S1_STR("time"), S1_PARQUET_DOUBLE, 0, numbers},
        {S1_STR("equity"), S1_PARQUET_DOUBLE, 0, numbers},
        {S1_STR("drawdown"), S1_PARQUET_DOUBLE, 0, numbers},
        {S1_STR("close"), S1_PARQUET_DOUBLE, 0, numbers},
        {S1_STR("in_position"), S1_PARQUET_DOUBLE, 0, numbers},
    };
    if (!has_library()) {
        return;
    }
    s1_equity_table table;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_parquet_write_table(duckdb, s1_fs_real(), path, columns, 5, 2, NULL),
                     S1_OK);
    assert_int_equal(s1_equity_table_read(duckdb, path, false, &table, &err), S1_E_DATA);
    assert_non_null(strstr(err.msg, "column 1"));
    assert_int_equal(s1_parquet_write_table(duckdb, s1_fs_real(), path, columns, 2, 2, NULL),
                     S1_OK);
    assert_int_not_equal(s1_equity_table_read(duckdb, path, false, &table, &err), S1_OK);
    assert_int_equal(s1_fs_write_file(s1_fs_real(), path, S1_STR("no table"), NULL), S1_OK);
    assert_int_not_equal(s1_equity_table_read(duckdb, path, false, &table, &err), S1_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_written_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(a_benchmark_is_a_column, setup, teardown),
        cmocka_unit_test_setup_teardown(other_files_are_refused, setup, teardown),
    };
    return cmocka_run_group_tests_name("equity_reader", tests, NULL, NULL);
}
