/* Every implementation of IStatePersistor and IJournalPersistor, against the same contract. */
#include "tests/contract/journal_persistor_contract.h"
#include "tests/contract/state_persistor_contract.h"

static s1_state_persistor *open_json_state(const folder *where)
{
    const s1_json_persistor_options options = {.fs = s1_fs_real(),
                                               .path = where->file,
                                               .mode = S1_JSON_PERSISTOR_ATOMIC,
                                               .bytes_max = CONTRACT_STATE_MAX};
    s1_json_persistor *persistor = NULL;
    MUST(s1_json_persistor_new(&options, &persistor, err));
    return s1_json_persistor_state(persistor);
}

static s1_state_persistor *open_memory_state(const folder *where)
{
    (void)where;
    s1_state_persistor *persistor = NULL;
    MUST(s1_memory_state_persistor_new(CONTRACT_STATE_MAX, &persistor, err));
    return persistor;
}

static s1_rc open_json_journal(const folder *where, s1_str bytes,
                               s1_journal_persistor **ret_persistor, s1_err *err)
{
    write_bytes(where->file, bytes);
    const s1_json_persistor_options options = {
        .fs = s1_fs_real(), .path = where->file, .mode = S1_JSON_PERSISTOR_APPEND_ONLY};
    s1_json_persistor *persistor = NULL;
    S1_TRY(err, s1_json_persistor_new(&options, &persistor, err));
    *ret_persistor = s1_json_persistor_journal(persistor);
    return S1_OK;
}

static s1_rc open_memory_journal(const folder *where, s1_str bytes,
                                 s1_journal_persistor **ret_persistor, s1_err *err)
{
    (void)where;
    return s1_memory_journal_persistor_new(bytes, ret_persistor, err);
}

static void test_json_state(void **state)
{
    (void)state;
    const state_maker maker = {open_json_state, true};
    STATE_CONTRACT(maker);
}

static void test_memory_state(void **state)
{
    (void)state;
    const state_maker maker = {open_memory_state, false};
    STATE_CONTRACT(maker);
}

static void test_json_journal(void **state)
{
    (void)state;
    const journal_maker maker = {open_json_journal};
    JOURNAL_CONTRACT(maker);
}

static void test_memory_journal(void **state)
{
    (void)state;
    const journal_maker maker = {open_memory_journal};
    JOURNAL_CONTRACT(maker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_state),
        cmocka_unit_test(test_memory_state),
        cmocka_unit_test(test_json_journal),
        cmocka_unit_test(test_memory_journal),
    };
    return cmocka_run_group_tests_name("persistor contract", tests, NULL, NULL);
}
