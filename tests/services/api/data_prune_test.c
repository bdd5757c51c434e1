/* Former versions go, the newest stay, and the catalogue knows. */
#include "services/api/data_prune.h"

#include "backend/data/persistors/parquet_persistor.h"
#include "backend/utils/timefmt.h"
#include "services/api/data_list.h"
#include "services/api/data_show.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>

#define OK(call)                                                                                   \
    do {                                                                                           \
        s1_err err_ = S1_ERR_INIT;                                                                 \
        if ((call) != S1_OK) {                                                                     \
            fail_msg("%s: %s", #call, err_.msg);                                                   \
        }                                                                                          \
    } while (0)

static char archive[300];

static void write_rows(const s1_stream_key *key, s1_nanos first, int64_t count)
{
    s1_duckdb *duckdb = NULL;
    s1_data_persistor *persistor = NULL;
    s1_data_writer *writer = NULL;
    const s1_writer_options options = {.overlap = S1_OVERLAP_REPLACE, .keep_former = true};
    const s1_market_scales scales = {.price = 2, .qty = 8};
    OK(s1_duckdb_new(NULL, &duckdb, &err_));
    const s1_parquet_options where = {.fs = s1_fs_real(), .duckdb = duckdb, .archive = archive};
    OK(s1_parquet_persistor_new(&where, &persistor, &err_));
    OK(s1_data_open_writer(persistor, key, &options, &writer, &err_));
    for (int64_t i = 0; i < count; i++) {
        const s1_nanos time = first + i * S1_NANOS_PER_SECOND;
        const int64_t bid = 10000 + i, ask = bid + 5;
        const s1_market_batch batch = {1, {&time, &bid, &ask}};
        OK(s1_data_writer_append(writer, &batch, &scales, &err_));
    }
    OK(s1_data_writer_commit(writer, NULL, &err_));
    s1_data_persistor_free(persistor);
    s1_duckdb_free(duckdb);
}

static uint64_t versions_of(const char *pair)
{
    s1_list_report *report = NULL;
    size_t count = 0;
    OK(s1_api_data_list(&(s1_list_options){.archive_dir = archive, .asset_pair = pair}, &report,
                        &err_));
    const s1_list_entry *const entries = s1_list_entries(report, &count);
    assert_int_equal(count, 1);
    const uint64_t versions = entries[0].versions;
    s1_list_report_free(report);
    return versions;
}

static void the_newest_stay(void **state)
{
    (void)state;
    static const s1_stream_key a = {
        .asset_pair = {"EUR/USD", 7}, .data_type = S1_DATA_QUOTES, .source = {"fxcm", 4}};
    static const s1_stream_key b = {.asset_pair = {"XAU/USD", 7}, .data_type = S1_DATA_QUOTES};
    for (int64_t i = 0; i < 4; i++) {
        write_rows(&a, i * S1_NANOS_PER_DAY, 10);
    }
    write_rows(&b, 0, 10);
    write_rows(&b, S1_NANOS_PER_DAY, 10);
    assert_int_equal(versions_of("EUR/USD"), 3);
    s1_prune_report report;
    s1_prune_options options = {.archive_dir = archive, .keep = 1, .source = "fxcm"};
    OK(s1_api_data_prune(&options, &report, &err_));
    assert_int_equal(report.versions, 2);
    assert_int_equal(report.datasets, 1);
    assert_true(report.bytes > 0);
    assert_int_equal(versions_of("EUR/USD"), 1);
    assert_int_equal(versions_of("XAU/USD"), 1);
    options = (s1_prune_options){.archive_dir = archive, .kind = "1h"};
    OK(s1_api_data_prune(&options, &report, &err_));
    assert_int_equal(report.versions, 0);
    options.kind = "quotes";
    OK(s1_api_data_prune(&options, &report, &err_));
    assert_int_equal(report.versions, 2);
    assert_int_equal(versions_of("EUR/USD"), 0);
    options.kind = "soon";
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_api_data_prune(&options, &report, &err), S1_E_INVALID);
    options = (s1_prune_options){.archive_dir = "/nowhere"};
    assert_int_equal(s1_api_data_prune(&options, &report, &err), S1_E_NOT_FOUND);
}

/* Quotes are shown as bars are: rows with their own columns, the middle in the chart. */
static void any_kind_is_shown(void **state)
{
    (void)state;
    static const s1_stream_key key = {.asset_pair = {"GBP/USD", 7}, .data_type = S1_DATA_QUOTES};
    write_rows(&key, 0, 3);
    write_rows(&key, 100 * S1_NANOS_PER_SECOND, 3);
    s1_show_report *report = NULL;
    OK(s1_api_data_show(&(s1_show_options){.archive_dir = archive,
                                           .asset_pair = "GBP/USD",
                                           .kind = "quotes",
                                           .rows_max = 2,
                                           .items_max = 5,
                                           .column_count = 2},
                        &report, &err_));
    const s1_show *const show = s1_show_view(report);
    assert_int_equal(show->cell_count, 3);
    assert_string_equal(show->names[2], "ask");
    assert_string_equal(show->cells[3], "1970-01-01 00:01:42");
    assert_string_equal(show->cells[5], "100.07");
    assert_int_equal(show->version_count, 1);
    assert_int_equal(show->versions[0].rows, 3);
    assert_int_equal(show->gap_count, 1);
    assert_int_equal(show->columns[0].rows, 3);
    assert_true(show->columns[0].close > 100.0449 && show->columns[0].close < 100.0451);
    s1_show_report_free(report);
}

int main(void)
{
    const char *const tmp = getenv("S1_TEST_TMP");
    (void)snprintf(archive, sizeof archive, "%s/pruneXXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(archive) == NULL) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_stay),
        cmocka_unit_test(any_kind_is_shown),
    };
    const int failures = cmocka_run_group_tests_name("data_prune", tests, NULL, NULL);
    return s1_fs_remove_tree(s1_fs_real(), archive, NULL) == S1_OK ? failures : 1;
}
