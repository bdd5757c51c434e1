/* backend/core/interfaces/executor.h - work that may be done beside the run loop, in order.
 *
 * The backend starts no threads; who owns threads hands it one of these. Tasks run one after the
 * other in the order of submission, and what a task wrote is visible to the submitter after wait().
 */
#ifndef S1_BACKEND_CORE_INTERFACES_EXECUTOR_H
#define S1_BACKEND_CORE_INTERFACES_EXECUTOR_H

/* When submit returns, at most this many tasks wait or run: enough to bridge a file system that is
 * slow for a while. */
#define S1_EXECUTOR_PENDING_MAX 64u

typedef struct s1_executor {
    void *self;
    /* Has task(argument) run; waits while too many are pending. */
    void (*submit)(void *self, void (*task)(void *argument), void *argument);
    /* Returns when every task submitted so far has run. */
    void (*wait)(void *self);
} s1_executor;

#endif /* S1_BACKEND_CORE_INTERFACES_EXECUTOR_H */
