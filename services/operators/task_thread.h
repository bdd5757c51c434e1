/* services/operators/task_thread.h - one thread that works off tasks in order: an s1_executor.
 *
 * A run hands it what does not decide anything: hashing and writing the journal's blocks.
 */
#ifndef S1_SERVICES_OPERATORS_TASK_THREAD_H
#define S1_SERVICES_OPERATORS_TASK_THREAD_H

#include "backend/core/interfaces/executor.h"
#include "s1mple/error.h"

typedef struct s1_task_thread s1_task_thread;

/* Starts the thread. Heap; free with s1_task_thread_free. Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_task_thread_new(s1_task_thread **ret_thread, s1_err *err);

/* Works off what is pending and ends the thread. Accepts NULL. */
void s1_task_thread_free(s1_task_thread *thread);

/* Valid as long as the thread. One submitter at a time. */
s1_executor s1_task_thread_executor(s1_task_thread *thread);

#endif /* S1_SERVICES_OPERATORS_TASK_THREAD_H */
