/* Tasks run in order, one at a time, and wait() shows what they wrote. Under ThreadSanitizer too.
 */
#include "services/operators/task_thread.h"

#include "tests/support/cmocka.h"

#define TASKS 20000u

typedef struct trail {
    unsigned seen[TASKS];
    unsigned count;
} trail;

typedef struct step {
    trail *trail;
    unsigned number;
} step;

static void leave_mark(void *argument)
{
    const step *const mine = argument;
    mine->trail->seen[mine->trail->count++] = mine->number;
}

static void test_in_order_and_visible(void **state)
{
    (void)state;
    static trail marks;
    static step steps[TASKS];
    s1_err err = S1_ERR_INIT;
    s1_task_thread *thread = NULL;
    assert_int_equal(s1_task_thread_new(&thread, &err), S1_OK);
    const s1_executor executor = s1_task_thread_executor(thread);
    for (unsigned i = 0; i < TASKS; i++) {
        steps[i] = (step){&marks, i};
        executor.submit(executor.self, leave_mark, &steps[i]);
        if (i == TASKS / 2) {
            executor.wait(executor.self);
            assert_int_equal(marks.count, i + 1);
        }
    }
    executor.wait(executor.self);
    assert_int_equal(marks.count, TASKS);
    for (unsigned i = 0; i < TASKS; i++) {
        assert_int_equal(marks.seen[i], i);
    }
    s1_task_thread_free(thread);
}

/* Freeing works off what is pending. */
static void test_free_finishes(void **state)
{
    (void)state;
    static trail marks;
    static step steps[100];
    s1_err err = S1_ERR_INIT;
    s1_task_thread *thread = NULL;
    assert_int_equal(s1_task_thread_new(&thread, &err), S1_OK);
    const s1_executor executor = s1_task_thread_executor(thread);
    for (unsigned i = 0; i < 100; i++) {
        steps[i] = (step){&marks, i};
        executor.submit(executor.self, leave_mark, &steps[i]);
    }
    s1_task_thread_free(thread);
    assert_int_equal(marks.count, 100);
    s1_task_thread_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order_and_visible),
        cmocka_unit_test(test_free_finishes),
    };
    return cmocka_run_group_tests_name("task_thread", tests, NULL, NULL);
}
