#include "services/operators/task_thread.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct pending_task {
    void (*task)(void *argument);
    void *argument;
} pending_task;

struct s1_task_thread {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t is_filled, is_drained;
    pending_task tasks[S1_EXECUTOR_PENDING_MAX]; /* ring; the oldest may be running */
    unsigned first, count;
    bool is_ending;
};

static void *work(void *self)
{
    s1_task_thread *const thread = self;
    (void)pthread_mutex_lock(&thread->lock);
    for (;;) {
        while (thread->count == 0 && !thread->is_ending) {
            (void)pthread_cond_wait(&thread->is_filled, &thread->lock);
        }
        if (thread->count == 0) {
            break;
        }
        const pending_task next = thread->tasks[thread->first];
        (void)pthread_mutex_unlock(&thread->lock);
        next.task(next.argument);
        (void)pthread_mutex_lock(&thread->lock);
        thread->first = (thread->first + 1) % S1_EXECUTOR_PENDING_MAX;
        thread->count--;
        (void)pthread_cond_signal(&thread->is_drained);
    }
    (void)pthread_mutex_unlock(&thread->lock);
    return NULL;
}

static void submit(void *self, void (*task)(void *argument), void *argument)
{
    s1_task_thread *const thread = self;
    (void)pthread_mutex_lock(&thread->lock);
    while (thread->count == S1_EXECUTOR_PENDING_MAX) {
        (void)pthread_cond_wait(&thread->is_drained, &thread->lock);
    }
    thread->tasks[(thread->first + thread->count) % S1_EXECUTOR_PENDING_MAX] =
        (pending_task){task, argument};
    thread->count++;
    (void)pthread_cond_signal(&thread->is_filled);
    (void)pthread_mutex_unlock(&thread->lock);
}

static void wait_for_all(void *self)
{
    s1_task_thread *const thread = self;
    (void)pthread_mutex_lock(&thread->lock);
    while (thread->count > 0) {
        (void)pthread_cond_wait(&thread->is_drained, &thread->lock);
    }
    (void)pthread_mutex_unlock(&thread->lock);
}

s1_rc s1_task_thread_new(s1_task_thread **ret_thread, s1_err *err)
{
    s1_task_thread *const thread = calloc(1, sizeof *thread);
    if (thread == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a task thread");
    }
    (void)pthread_mutex_init(&thread->lock, NULL);
    (void)pthread_cond_init(&thread->is_filled, NULL);
    (void)pthread_cond_init(&thread->is_drained, NULL);
    if (pthread_create(&thread->thread, NULL, work, thread) != 0) {
        free(thread);
        return S1_RAISE(err, S1_E_NO_MEMORY, "the system gives no further thread");
    }
    *ret_thread = thread;
    return S1_OK;
}

void s1_task_thread_free(s1_task_thread *thread)
{
    if (thread == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&thread->lock);
    thread->is_ending = true;
    (void)pthread_cond_signal(&thread->is_filled);
    (void)pthread_mutex_unlock(&thread->lock);
    (void)pthread_join(thread->thread, NULL);
    (void)pthread_cond_destroy(&thread->is_drained);
    (void)pthread_cond_destroy(&thread->is_filled);
    (void)pthread_mutex_destroy(&thread->lock);
    free(thread);
}

s1_executor s1_task_thread_executor(s1_task_thread *thread)
{
    return (s1_executor){.self = thread, .submit = submit, .wait = wait_for_all};
}
