/* The journal through a thread: the same bytes as without one, whoever of the two words them, and a
 * failure of the thread's is told. Under ThreadSanitizer too. */
#include "services/operators/task_thread.h"
#include "tests/contract/journal_fixture.h"

#include <sched.h>
#include <stdatomic.h>

#define ENTRIES 20000u

/* A persistor that lets nothing through while it is shut, so that the thread falls behind and the
 * run words for itself. */
typedef struct slow {
    s1_journal_persistor persistor; /* first */
    s1_journal_persistor *inner;
    atomic_bool is_shut;
} slow;

static slow *slow_of(s1_journal_persistor *persistor)
{
    return (slow *)(void *)persistor;
}

static s1_rc slow_append(s1_journal_persistor *persistor, s1_str block, s1_err *err)
{
    while (atomic_load(&slow_of(persistor)->is_shut)) {
        (void)sched_yield();
    }
    return s1_journal_persistor_append(slow_of(persistor)->inner, block, err);
}

static s1_rc slow_sync(s1_journal_persistor *persistor, s1_err *err)
{
    return s1_journal_persistor_sync(slow_of(persistor)->inner, err);
}

static const s1_journal_tail *slow_tail(const s1_journal_persistor *persistor)
{
    return s1_journal_persistor_tail_borrow(((const slow *)(const void *)persistor)->inner);
}

static bool slow_is_low(const s1_journal_persistor *persistor)
{
    return s1_journal_persistor_is_low(((const slow *)(const void *)persistor)->inner);
}

static s1_journal *journal_through(const s1_executor *executor, s1_journal_persistor *persistor,
                                   uint32_t block_bytes_max)
{
    const s1_journal_options options = {.level = S1_JOURNAL_LEVEL_FULL,
                                        .block_bytes_max = block_bytes_max,
                                        .link = S1_STR(FIXTURE_LINK),
                                        .run_id = S1_STR(FIXTURE_RUN_ID),
                                        .executor = *executor};
    s1_journal *journal = NULL;
    MUST(s1_journal_new(&options, persistor, &journal, err));
    return journal;
}

static void assert_same_bytes(bool falls_behind, uint32_t block_bytes_max)
{
    static const s1_journal_persistor_ops ops = {.size = sizeof ops,
                                                 .append = slow_append,
                                                 .sync = slow_sync,
                                                 .tail_borrow = slow_tail,
                                                 .is_low = slow_is_low};
    slow persistor = {.persistor = {&ops}, .is_shut = falls_behind};
    MUST(s1_memory_journal_persistor_new(S1_STR(""), &persistor.inner, err));
    s1_task_thread *thread = NULL;
    MUST(s1_task_thread_new(&thread, err));
    const s1_executor executor = s1_task_thread_executor(thread);
    s1_journal *journal = journal_through(&executor, &persistor.persistor, block_bytes_max);
    MUST(write_started(journal, err));
    for (uint64_t n = 1; n < ENTRIES; n++) {
        MUST(write_opportunity(journal, n, err));
    }
    atomic_store(&persistor.is_shut, false);
    uint8_t head[S1_JOURNAL_HASH_SIZE];
    MUST(s1_journal_finish(journal, head, err));
    const s1_str expected = fixture_journal(ENTRIES, block_bytes_max);
    char *found = malloc(expected.len + 1);
    assert_non_null(found);
    size_t got = 0;
    MUST(s1_journal_persistor_read_at(persistor.inner, 0, found, expected.len + 1, &got, err));
    assert_int_equal(got, expected.len);
    assert_memory_equal(found, expected.ptr, got);
    assert_int_equal(s1_journal_counts_borrow(journal)->bytes, got);
    free(found);
    free_str(expected);
    s1_journal_free(journal);
    s1_task_thread_free(thread);
    s1_journal_persistor_free(persistor.inner);
}

static void test_same_bytes(void **state)
{
    (void)state;
    assert_same_bytes(false, 0);
    assert_same_bytes(false, 4096);
}

static void test_same_bytes_behind(void **state)
{
    (void)state;
    assert_same_bytes(true, 0);
}

/* The disk fills up under the thread: the run hears of it, and nothing is written after that. */
static void test_failure_is_told(void **state)
{
    (void)state;
    folder where;
    folder_init(&where, "journal.jsonl");
    s1_fault_fs fault;
    s1_fault_fs_init(&fault, s1_fs_real());
    const s1_json_persistor_options options = {
        .fs = &fault.table, .path = where.file, .mode = S1_JSON_PERSISTOR_APPEND_ONLY};
    s1_json_persistor *persistor = NULL;
    MUST(s1_json_persistor_new(&options, &persistor, err));
    fault.write_limit = fault.bytes_written + 300000;
    s1_task_thread *thread = NULL;
    MUST(s1_task_thread_new(&thread, err));
    const s1_executor executor = s1_task_thread_executor(thread);
    s1_journal *journal = journal_through(&executor, s1_json_persistor_journal(persistor), 0);
    MUST(write_started(journal, err));
    s1_err failure = S1_ERR_INIT;
    s1_rc rc = S1_OK;
    for (uint64_t n = 1; n < ENTRIES && rc == S1_OK; n++) {
        rc = write_opportunity(journal, n, &failure);
    }
    if (rc == S1_OK) { /* the thread was that far behind */
        rc = s1_journal_commit(journal, &failure);
    }
    assert_int_not_equal(rc, S1_OK);
    assert_true(s1_journal_has_failed(journal));
    const uint64_t calls = fault.calls_of[S1_FS_OP_PWRITE];
    assert_int_not_equal(write_opportunity(journal, 1, &failure), S1_OK);
    uint8_t head[S1_JOURNAL_HASH_SIZE];
    assert_int_not_equal(s1_journal_finish(journal, head, &failure), S1_OK);
    assert_int_equal(fault.calls_of[S1_FS_OP_PWRITE], calls);
    s1_journal_free(journal);
    s1_task_thread_free(thread);
    s1_json_persistor_free(persistor);
    folder_done(&where);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bytes),
        cmocka_unit_test(test_same_bytes_behind),
        cmocka_unit_test(test_failure_is_told),
    };
    return cmocka_run_group_tests_name("journal_thread", tests, NULL, NULL);
}
