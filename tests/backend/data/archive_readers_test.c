/* Others read the archive as it stands: a stream of each kind with every column, by pyarrow,
 * pandas, Polars and DuckDB's Python (tests/support/read_archive.py), value by value. */
#include "backend/data/persistors/parquet_persistor.h"
#include "backend/utils/timefmt.h"
#include "tests/support/cmocka.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS 4000u

static const s1_market_scales scales = {5, 8, 10};

typedef struct world {
    char folder[256];
    s1_duckdb *duckdb;
    s1_data_persistor *archive;
} world;

static int setup(void **state)
{
    world *w = calloc(1, sizeof *w);
    char path[300];
    const char *tmp = getenv("S1_TEST_TMP");
    (void)snprintf(w->folder, sizeof w->folder, "%s/readersXXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(w->folder));
    (void)snprintf(path, sizeof path, "%s/archive", w->folder);
    assert_int_equal(s1_duckdb_new(NULL, &w->duckdb, NULL), S1_OK);
    const s1_parquet_options options = {s1_fs_real(), w->duckdb, path};
    assert_int_equal(s1_parquet_persistor_new(&options, &w->archive, NULL), S1_OK);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world *w = *state;
    s1_data_persistor_free(w->archive);
    s1_duckdb_free(w->duckdb);
    assert_int_equal(s1_fs_remove_tree(s1_fs_real(), w->folder, NULL), S1_OK);
    free(w);
    return 0;
}

/* Values of all sizes and signs, the largest among them; times with nanoseconds over a year's end.
 */
static int64_t value_of(const s1_market_column *column, size_t c, size_t row, s1_nanos step)
{
    const int64_t signs[] = {1, -1, 1000003, 0};
    switch (column->kind) {
    case S1_COLUMN_TIME:
        return 1703980800123456789 + (s1_nanos)row * step + (s1_nanos)c; /* 2023-12-31 */
    case S1_COLUMN_ENUM:
        return (int64_t)(1 + row % column->enum_max);
    default:
        return row == 7 ? S1_MANTISSA_MAX : signs[row % 4] * (int64_t)(row * 7919 % 100003 + c);
    }
}

static void print_value(FILE *csv, const s1_market_column *column, int64_t value)
{
    const uint32_t scale = s1_market_scale(&scales, column->kind);
    char text[S1_DEC_TEXT_MAX];
    if (scale == 0) {
        (void)fprintf(csv, "%" PRId64, value);
        return;
    }
    const size_t len = s1_dec_print(s1_dec_from_mantissa(value, scale), text);
    (void)fprintf(csv, "%.*s", (int)len, text);
}

static void read_by_others(world *w, int32_t type)
{
    size_t count;
    void *columns[S1_MARKET_COLUMNS_MAX] = {NULL};
    char path[600];
    const s1_market_column *const layout = s1_market_layout(type, &count);
    const s1_nanos step = type == S1_DATA_OHLCV ? S1_NANOS_PER_MINUTE : 21777777777;
    (void)snprintf(path, sizeof path, "%s/%s.csv", w->folder, s1_data_type_name(type));
    FILE *csv = fopen(path, "w");
    assert_non_null(csv);
    for (size_t c = 0; c < count; c++) {
        (void)fprintf(csv, "%s%s", c > 0 ? "," : "", layout[c].name);
        columns[c] = malloc(ROWS * sizeof(int64_t));
    }
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t c = 0; c < count; c++) {
            const int64_t value = layout[c].kind == S1_COLUMN_INT64
                                      ? (int64_t)(i + c) * 1000000007
                                      : value_of(&layout[c], c, i, step);
            (void)fputs(c > 0 ? "," : "\n", csv);
            print_value(csv, &layout[c], value);
            if (layout[c].kind == S1_COLUMN_ENUM) {
                ((uint8_t *)columns[c])[i] = (uint8_t)value;
            } else {
                ((int64_t *)columns[c])[i] = value;
            }
        }
    }
    assert_int_equal(fclose(csv), 0);
    const s1_stream_key key = {
        {"BTC/EUR", 7}, type == S1_DATA_OHLCV ? step : 0, type, 0, {"kraken", 6}};
    const s1_writer_options options = {.overlap = S1_OVERLAP_REFUSE,
                                       .columns = (1u << count) - 1,
                                       .provenance = S1_STR("import:a.csv sha256:00")};
    s1_market_batch batch = {.count = ROWS};
    memcpy(batch.columns, columns, sizeof columns);
    s1_data_writer *writer = NULL;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_data_open_writer(w->archive, &key, &options, &writer, &err), S1_OK);
    if (s1_data_writer_append(writer, &batch, &scales, &err) != S1_OK ||
        s1_data_writer_commit(writer, NULL, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    const char *const source = getenv("S1_SOURCE_DIR") != NULL ? getenv("S1_SOURCE_DIR") : ".";
    char command[2400];
    (void)snprintf(command, sizeof command,
                   "'%s/.deps/venv/bin/python' '%s/tests/support/read_archive.py' "
                   "'%s/archive/source=kraken/BTC_EUR/%s' '%s' %s",
                   source, source, w->folder,
                   type == S1_DATA_OHLCV ? "1m" : s1_data_type_name(type), path,
                   s1_data_type_name(type));
    assert_int_equal(system(command), 0);
    for (size_t c = 0; c < count; c++) {
        free(columns[c]);
    }
}

static void bars_are_read_by_others(void **state)
{
    read_by_others(*state, S1_DATA_OHLCV);
}

static void trades_are_read_by_others(void **state)
{
    read_by_others(*state, S1_DATA_TRADES);
}

static void quotes_are_read_by_others(void **state)
{
    read_by_others(*state, S1_DATA_QUOTES);
}

static void books_are_read_by_others(void **state)
{
    read_by_others(*state, S1_DATA_BOOK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bars_are_read_by_others, setup, teardown),
        cmocka_unit_test_setup_teardown(trades_are_read_by_others, setup, teardown),
        cmocka_unit_test_setup_teardown(quotes_are_read_by_others, setup, teardown),
        cmocka_unit_test_setup_teardown(books_are_read_by_others, setup, teardown),
    };
    return cmocka_run_group_tests_name("archive readers", tests, NULL, NULL);
}
