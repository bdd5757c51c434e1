/* tests/support/exchange_thread.h - a simulated exchange that serves on a thread of its own. */
#ifndef S1_TESTS_SUPPORT_EXCHANGE_THREAD_H
#define S1_TESTS_SUPPORT_EXCHANGE_THREAD_H

#include "simulators/kraken/exchange.h"

typedef struct s1_exchange_thread s1_exchange_thread;

/* Serves until stopped; asserts that it can. `trades` of the options are borrowed. */
s1_exchange_thread *s1_exchange_thread_start(const s1_sim_exchange_options *options);

/* Ends it and gives its counts. */
s1_sim_exchange s1_exchange_thread_stop(s1_exchange_thread *thread);

/* The next reply is this fault (enum s1_sim_fault). */
void s1_exchange_thread_fail_next(s1_exchange_thread *thread, int32_t fault);

/* "http://127.0.0.1:PORT" */
const char *s1_exchange_thread_address(const s1_exchange_thread *thread);

#endif /* S1_TESTS_SUPPORT_EXCHANGE_THREAD_H */
