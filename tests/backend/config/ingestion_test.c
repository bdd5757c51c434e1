/* Ingestion profiles: the defaults, those of a platform.yaml, what is said of a wrong name. */
#include "backend/config/ingestion.h"

#include "backend/utils/fs.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[512];

static int make_folder(void **state)
{
    const char *const parent = getenv("S1_TEST_TMP") != NULL ? getenv("S1_TEST_TMP") : "/tmp";
    (void)state;
    (void)snprintf(folder, sizeof folder, "%s/ingestion_XXXXXX", parent);
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return s1_fs_remove_tree(s1_fs_real(), folder, NULL) == S1_OK ? 0 : -1;
}

static void write_platform(const char *text)
{
    char path[600];
    (void)snprintf(path, sizeof path, "%s/platform.yaml", folder);
    assert_int_equal(s1_fs_write_file(s1_fs_real(), path, s1_str_of(text), NULL), S1_OK);
}

static s1_ingestion_profile load(const char *name)
{
    s1_ingestion_profile profile;
    s1_err err = S1_ERR_INIT;
    if (s1_ingestion_profile_load(folder, s1_str_of(name), &profile, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    return profile;
}

static void test_defaults_without_a_file(void **state)
{
    (void)state;
    const s1_ingestion_profile live = load(S1_INGESTION_LIVE);
    assert_string_equal(live.name, "live_task");
    assert_int_equal(live.max_records, 10000);
    assert_int_equal(live.max_age, 300 * S1_NANOS_PER_SECOND);
    const s1_ingestion_profile historical = load(S1_INGESTION_HISTORICAL);
    assert_string_equal(historical.name, "historical_task");
    assert_int_equal(historical.max_records, 500000);
}

static void test_profiles_of_the_file(void **state)
{
    (void)state;
    write_platform("schema_version: 1\n"
                   "services:\n"
                   "  data_ingestion:\n"
                   "    defaults: { live_task: { max_records: 77 } }\n"
                   "    profiles:\n"
                   "      careful: { max_records: 1, max_seconds: 2 }\n");
    assert_int_equal(load("careful").max_records, 1);
    assert_int_equal(load("careful").max_age, 2 * S1_NANOS_PER_SECOND);
    assert_int_equal(load("live_task").max_records, 77);
    assert_int_equal(load("live_task").max_age, 300 * S1_NANOS_PER_SECOND);
    s1_ingestion_profile profile;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_ingestion_profile_load(folder, S1_STR("fast"), &profile, &err),
                     S1_E_NOT_FOUND);
    assert_string_equal(err.msg, "ingestion profile 'fast': not there, expected live_task, "
                                 "historical_task, careful");
}

static void test_faults_of_the_file(void **state)
{
    (void)state;
    write_platform("schema_version: 1\n"
                   "services: { data_ingestion: { profiles: { a: { max_records: 0 } } } }\n");
    s1_ingestion_profile profile;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_ingestion_profile_load(folder, S1_STR("a"), &profile, &err), S1_E_INVALID);
    assert_non_null(strstr(err.msg, "max_records"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_without_a_file),
        cmocka_unit_test(test_profiles_of_the_file),
        cmocka_unit_test(test_faults_of_the_file),
    };
    return cmocka_run_group_tests_name("backend/config/ingestion", tests, make_folder,
                                       remove_folder);
}
