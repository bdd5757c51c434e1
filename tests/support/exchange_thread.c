#include "tests/support/exchange_thread.h"

#include "backend/utils/assert.h"
#include "simulators/kraken/http_server.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct s1_exchange_thread {
    s1_sim_exchange exchange; /* of the thread, while it runs */
    s1_sim_server *server;
    pthread_t thread;
    atomic_bool is_stopping;
    atomic_int next_fault;
    char address[64];
};

static void *serve(void *user)
{
    s1_exchange_thread *const t = user;
    while (!atomic_load(&t->is_stopping)) {
        s1_err err = S1_ERR_INIT;
        const int fault = atomic_exchange(&t->next_fault, S1_SIM_NO_FAULT);
        if (fault != S1_SIM_NO_FAULT) {
            t->exchange.next_fault = fault;
        }
        S1_ASSERT(s1_sim_server_step(t->server, 2000000, &err) == S1_OK);
    }
    return NULL;
}

s1_exchange_thread *s1_exchange_thread_start(const s1_sim_exchange_options *options)
{
    s1_exchange_thread *const t = calloc(1, sizeof *t);
    s1_err err = S1_ERR_INIT;
    S1_ASSERT(t != NULL);
    s1_sim_exchange_init(&t->exchange, options);
    S1_ASSERT(s1_sim_server_new(&t->exchange, s1_clock_real(), 0, &t->server, &err) == S1_OK);
    (void)snprintf(t->address, sizeof t->address, "http://127.0.0.1:%u",
                   s1_sim_server_port(t->server));
    S1_ASSERT(pthread_create(&t->thread, NULL, serve, t) == 0);
    return t;
}

s1_sim_exchange s1_exchange_thread_stop(s1_exchange_thread *t)
{
    atomic_store(&t->is_stopping, true);
    S1_ASSERT(pthread_join(t->thread, NULL) == 0);
    const s1_sim_exchange exchange = t->exchange;
    s1_sim_server_free(t->server);
    free(t);
    return exchange;
}

void s1_exchange_thread_fail_next(s1_exchange_thread *t, int32_t fault)
{
    atomic_store(&t->next_fault, fault);
    while (atomic_load(&t->next_fault) != S1_SIM_NO_FAULT) {
        (void)sched_yield();
    }
}

const char *s1_exchange_thread_address(const s1_exchange_thread *t)
{
    return t->address;
}
