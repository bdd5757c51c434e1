/* The factory: where each file lies, and that no name leads out of its folder or into another's. */
#include "backend/assembly/persistor_factory.h"

#include "tests/contract/journal_fixture.h"

static s1_persistor_factory *factory_on(const s1_fs *fs, const char *run_folder, const char *root)
{
    const s1_persistor_factory_options options = {.fs = fs, .run_folder = run_folder, .root = root};
    s1_persistor_factory *factory = NULL;
    MUST(s1_persistor_factory_new(&options, &factory, err));
    return factory;
}

static void assert_file(const folder *where, const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", where->path, name);
    if (!s1_fs_is_file(s1_fs_real(), path)) {
        fail_msg("%s is not there", path);
    }
}

static void save(s1_persistor_factory *factory, const char *link, const char *instance,
                 const char *json)
{
    s1_state_persistor *persistor = NULL;
    MUST(s1_create_state_persistor(factory, s1_str_of(link), s1_str_of(instance), &persistor, err));
    MUST(s1_state_save_atomic(persistor, s1_str_of(json), err));
    s1_state_persistor_free(persistor);
}

static void test_backtest_layout(void **state)
{
    (void)state;
    folder where;
    folder_init(&where, "");
    s1_persistor_factory *factory = factory_on(s1_fs_real(), where.path, NULL);
    save(factory, "ema_crossover@backtest", "trailing_stop", "{}");
    assert_file(&where, "state/ema_crossover@backtest/trailing_stop/state.json");
    s1_journal_persistor *journal = NULL;
    MUST(s1_create_journal_persistor(factory, S1_STR("l"), S1_STR("r"), &journal, err));
    s1_journal_persistor_free(journal);
    assert_file(&where, "journal.jsonl");
    s1_persistor_factory_free(factory);
    folder_done(&where);
}

static void test_live_layout(void **state)
{
    (void)state;
    folder where;
    folder_init(&where, "");
    s1_persistor_factory *factory = factory_on(s1_fs_real(), NULL, where.path);
    save(factory, "grid@kraken", "grid", "{}");
    assert_file(&where, "state/grid@kraken/grid/state.json");
    for (int round = 0; round < 2; round++) {
        s1_journal_persistor *journal = NULL;
        MUST(s1_create_journal_persistor(factory, S1_STR("grid@kraken"), S1_STR(FIXTURE_RUN_ID),
                                         &journal, err));
        s1_journal_persistor_free(journal);
    }
    assert_file(&where, "journals/grid@kraken/" FIXTURE_RUN_ID "/journal.jsonl");
    s1_persistor_factory_free(factory);
    folder_done(&where);
}

/* Every link and instance has its own file, whatever its name. */
static void test_names(void **state)
{
    (void)state;
    folder where;
    folder_init(&where, "");
    s1_persistor_factory *factory = factory_on(s1_fs_real(), where.path, NULL);
    static const char *const names[][2] = {
        {"a", "b"},        {"a", "c"},   {"b", "b"},  {"..", "b"},   {"../a", "b"},
        {"a/b", "c"},      {"a", "b/c"}, {".", "."},  {"%2E.", "b"}, {"a b", "c"},
        {"\xc3\xa9", "b"}, {"A", "b"},   {".a", "b"}, {"a%", "b"},   {"a\nb", "b"},
    };
    const size_t count = sizeof names / sizeof names[0];
    for (size_t i = 0; i < count; i++) {
        char json[32];
        (void)snprintf(json, sizeof json, "%zu", i);
        save(factory, names[i][0], names[i][1], json);
    }
    for (size_t i = 0; i < count; i++) {
        char json[32];
        (void)snprintf(json, sizeof json, "%zu", i);
        s1_state_persistor *persistor = NULL;
        MUST(s1_create_state_persistor(factory, s1_str_of(names[i][0]), s1_str_of(names[i][1]),
                                       &persistor, err));
        s1_state_text text;
        MUST(s1_state_load(persistor, &text, err));
        assert_true(s1_str_eq_cstr(text.json, json));
        assert_int_equal(text.generation, 1);
        s1_state_persistor_free(persistor);
    }
    assert_file(&where, "state/%2E./b/state.json");
    assert_file(&where, "state/%2E.%2Fa/b/state.json");
    s1_fs_list list;
    MUST(s1_fs_list_names(s1_fs_real(), where.path, &list, err));
    assert_int_equal(list.count, 1); /* nothing beside state/ */
    s1_fs_list_done(&list);
    s1_persistor_factory_free(factory);
    folder_done(&where);
}

static void test_refusals(void **state)
{
    (void)state;
    folder where;
    folder_init(&where, "");
    s1_err failure = S1_ERR_INIT;
    s1_persistor_factory *factory = NULL;
    const s1_persistor_factory_options neither = {.fs = s1_fs_real()};
    const s1_persistor_factory_options both = {.fs = s1_fs_real(), .run_folder = "a", .root = "b"};
    assert_int_equal(s1_persistor_factory_new(&neither, &factory, &failure), S1_E_INVALID);
    assert_int_equal(s1_persistor_factory_new(&both, &factory, &failure), S1_E_INVALID);
    factory = factory_on(s1_fs_real(), where.path, NULL);
    s1_state_persistor *persistor = NULL;
    assert_int_equal(
        s1_create_state_persistor(factory, S1_STR(""), S1_STR("w"), &persistor, &failure),
        S1_E_INVALID);
    assert_string_equal(failure.msg, "strategy link: expected a name, found ''");
    char name[256];
    memset(name, 'x', sizeof name);
    assert_int_equal(s1_create_state_persistor(factory, S1_STR("l"), s1_str_make(name, 256),
                                               &persistor, &failure),
                     S1_E_INVALID);
    assert_non_null(strstr(failure.msg, "its folder name has 256 bytes, at most 255"));
    s1_data_persistor *data = NULL;
    assert_int_equal(s1_create_data_persistor(factory, &data, &failure), S1_E_INVALID);
    s1_persistor_factory_free(factory);
    folder_done(&where);
}

/* Live: the folders' own names are made durable, or the persistor is not handed out. */
static void test_folders_are_synced(void **state)
{
    (void)state;
    folder where;
    folder_init(&where, "");
    for (uint64_t number = 1; number <= 3; number++) { /* state, link, instance */
        s1_fault_fs fault;
        s1_fault_fs_init(&fault, s1_fs_real());
        s1_persistor_factory *factory = factory_on(&fault.table, NULL, where.path);
        s1_fault_fs_fail(&fault, S1_FS_OP_FSYNC, number, 5, false);
        char link[16];
        (void)snprintf(link, sizeof link, "l%d", (int)number);
        s1_state_persistor *persistor = NULL;
        assert_int_equal(
            s1_create_state_persistor(factory, s1_str_of(link), S1_STR("w"), &persistor, NULL),
            S1_E_IO);
        assert_null(persistor);
        s1_persistor_factory_free(factory);
    }
    folder_done(&where);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backtest_layout),
        cmocka_unit_test(test_live_layout),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_folders_are_synced),
    };
    return cmocka_run_group_tests_name("persistor_factory", tests, NULL, NULL);
}
