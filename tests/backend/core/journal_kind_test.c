/* The table of entry kinds: names, ids, and a JSON Schema for each. */
#include "backend/dtos/journal/journal_kind.h"

#include "backend/utils/text.h"
#include "s1mple/error.h"
#include "tests/support/cmocka.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_names(void **state)
{
    (void)state;
    for (int32_t kind = 1; kind < S1_JOURNAL_KIND_COUNT; kind++) {
        const s1_journal_kind_info *info = s1_journal_kind_info_borrow(kind);
        assert_non_null(info);
        assert_string_equal(info->name, s1_journal_kind_name(kind));
        assert_int_equal(s1_journal_kind_parse(s1_str_of(info->name)), kind);
        assert_int_equal(info->ids_required & ~info->ids_allowed, 0);
        assert_int_not_equal(info->levels & 1u << S1_JOURNAL_LEVEL_FULL, 0);
        assert_int_equal(info->levels & 1u << S1_JOURNAL_LEVEL_OFF, 0);
        assert_true(info->field_count > 0);
    }
    assert_string_equal(s1_journal_kind_name(S1_JOURNAL_TRADE_CLOSED), "TRADE_CLOSED");
    assert_null(s1_journal_kind_info_borrow(0));
    assert_null(s1_journal_kind_info_borrow(-1));
    assert_null(s1_journal_kind_info_borrow(S1_JOURNAL_KIND_COUNT));
    assert_string_equal(s1_journal_kind_name(99), "INVALID");
    assert_int_equal(s1_journal_kind_parse(S1_STR("TRADE_CLOSE")), S1_JOURNAL_KIND_INVALID);
    assert_int_equal(s1_journal_kind_parse(S1_STR("")), S1_JOURNAL_KIND_INVALID);
    assert_string_equal(s1_journal_id_key(S1_JOURNAL_ID_SCHEDULED), "scheduled_id");
    assert_string_equal(s1_journal_id_key(9), "invalid");
    assert_string_equal(s1_journal_field_type_name(S1_JOURNAL_TIME), "a time, ISO with 9 digits");
    assert_string_equal(s1_journal_field_type_name(0), "INVALID");
    for (int32_t level = S1_JOURNAL_LEVEL_FULL; level <= S1_JOURNAL_LEVEL_OFF; level++) {
        assert_int_equal(s1_journal_level_parse(s1_str_of(s1_journal_level_name(level))), level);
    }
    assert_int_equal(s1_journal_level_parse(S1_STR("none")), 0);
}

static bool requires(const json_t *schema, const char *name)
{
    const json_t *list = json_object_get(schema, "required");
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (strcmp(json_string_value(json_array_get(list, i)), name) == 0) {
            return true;
        }
    }
    return false;
}

static void test_schemas(void **state)
{
    (void)state;
    for (int32_t kind = 1; kind < S1_JOURNAL_KIND_COUNT; kind++) {
        const s1_journal_kind_info *info = s1_journal_kind_info_borrow(kind);
        s1_err failure = S1_ERR_INIT;
        char *text = NULL;
        assert_int_equal(s1_journal_kind_schema(kind, &text, &failure), S1_OK);
        json_error_t fault;
        json_t *schema = json_loads(text, JSON_REJECT_DUPLICATES, &fault);
        if (schema == NULL) {
            fail_msg("%s: %s at %d", info->name, fault.text, fault.position);
        }
        assert_string_equal(json_string_value(json_object_get(schema, "title")), info->name);
        const json_t *properties = json_object_get(schema, "properties");
        for (int32_t id = 0; id < S1_JOURNAL_ID_COUNT; id++) {
            const char *key = s1_journal_id_key(id);
            assert_int_equal(json_object_get(properties, key) != NULL,
                             (info->ids_allowed >> id & 1u) != 0);
            assert_int_equal(requires(schema, key), (info->ids_required >> id & 1u) != 0);
        }
        const json_t *details = json_object_get(properties, "details");
        const json_t *members = json_object_get(details, "properties");
        assert_int_equal(json_object_size(members), info->field_count);
        for (uint32_t i = 0; i < info->field_count; i++) {
            assert_non_null(json_object_get(members, info->fields[i].name));
            assert_int_equal(requires(details, info->fields[i].name), info->fields[i].is_required);
        }
        json_decref(schema);
        free(text);
    }
    s1_err failure = S1_ERR_INIT;
    char *text = NULL;
    assert_int_equal(s1_journal_kind_schema(0, &text, &failure), S1_E_INVALID);
    assert_string_equal(failure.msg, "journal kind 0: expected 1 to 27");
}

/* docs/journal.md has a row per kind, with every member of its details. */
static void test_docs(void **state)
{
    (void)state;
    const char *root = getenv("S1_SOURCE_DIR");
    char path[512];
    (void)snprintf(path, sizeof path, "%s/docs/journal.md", root != NULL ? root : ".");
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("%s is not there", path);
    }
    char page[32768];
    const size_t length = fread(page, 1, sizeof page - 1, file);
    (void)fclose(file);
    assert_in_range(length, 1000, sizeof page - 2);
    page[length] = '\0';
    for (int32_t kind = 1; kind < S1_JOURNAL_KIND_COUNT; kind++) {
        const s1_journal_kind_info *info = s1_journal_kind_info_borrow(kind);
        char wanted[128];
        (void)snprintf(wanted, sizeof wanted, "| `%s`<br>", info->name);
        char *row = strstr(page, wanted);
        if (row == NULL) {
            fail_msg("%s has no row '%s'", path, wanted);
        }
        char *end = strchr(row, '\n');
        *end = '\0';
        for (uint32_t i = 0; i < info->field_count; i++) {
            (void)snprintf(wanted, sizeof wanted, "`%s`%s", info->fields[i].name,
                           info->fields[i].is_required != 0 ? "" : "?");
            if (strstr(row, wanted) == NULL) {
                fail_msg("%s: the row of %s has no %s", path, info->name, wanted);
            }
        }
        *end = '\n';
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_schemas),
        cmocka_unit_test(test_docs),
    };
    return cmocka_run_group_tests_name("journal_kind", tests, NULL, NULL);
}
