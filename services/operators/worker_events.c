/* Workers with the events capability: what they hear and what they say. */
#include "backend/utils/assert.h"
#include "services/operators/run_internal.h"

#include <string.h>

/* Hands an event over with the member that goes with its payload. */
static s1_rc on_event(void *self, uint32_t event, const void *payload, s1_err *err)
{
    const s1_worker_listener *const listener = self;
    const s1_context *const context = &listener->run->parts->context->view;
    s1_event typed = {.size = sizeof typed,
                      .name = s1_bus_event_name(listener->run->bus, event),
                      .time = context->now,
                      .context = context};
    if (s1_str_eq_cstr(listener->payload, "List[Signal]")) {
        typed.signals = payload;
    } else if (s1_str_eq_cstr(listener->payload, "List[CriticalEvent]")) {
        typed.threats = payload;
    } else if (s1_str_eq_cstr(listener->payload, "LedgerState")) {
        typed.ledger = payload;
    } else if (s1_str_eq_cstr(listener->payload, "JSON")) {
        typed.json = *(const s1_str *)payload;
    }
    return listener->worker->ops->on_event(listener->worker->self, &typed, err);
}

static uint32_t count_listeners(const s1_run_orchestrator *run)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < run->parts->worker_count; i++) {
        const s1_worker *const worker = run->parts->workers[i];
        if (worker->ops->on_event != NULL) {
            count += worker->plan->manifest->capabilities.events.wirings.count;
        }
    }
    return count;
}

s1_rc s1_run_bind_workers(s1_run_orchestrator *run, s1_err *err)
{
    const uint32_t count = count_listeners(run);
    run->listeners = s1_arena_array(&run->arena, s1_worker_listener, (size_t)count + 1);
    if (run->listeners == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u event listeners", count);
    }
    for (uint32_t i = 0; i < run->parts->worker_count; i++) {
        s1_worker *const worker = run->parts->workers[i];
        const uint32_t wirings = worker->ops->on_event != NULL
                                     ? worker->plan->manifest->capabilities.events.wirings.count
                                     : 0;
        for (uint32_t k = 0; k < wirings; k++) {
            const s1_str name =
                worker->plan->manifest->capabilities.events.wirings.items[k].listens_to;
            const uint32_t event = s1_bus_event(run->bus, name);
            if (event == S1_EVENT_NONE) {
                return S1_RAISE(err, S1_E_INVALID,
                                "worker %.*s listens to %.*s, which event_map.yaml does not list",
                                S1_STR_ARG(worker->instance_id), S1_STR_ARG(name));
            }
            s1_worker_listener *const listener = &run->listeners[run->listener_count++];
            *listener = (s1_worker_listener){run, worker, event, run->chain.events[event].payload};
            const s1_bus_subscription subscription = {
                .event = event, .priority = INT32_MAX, .handler = on_event, .self = listener};
            S1_TRY(err, s1_bus_subscribe(run->bus, &subscription, err));
        }
    }
    return S1_OK;
}

s1_rc s1_run_emit(void *self, const s1_worker *worker, s1_str event, s1_str json, s1_err *err)
{
    s1_run_orchestrator *const run = self;
    if (run->bus == NULL) { /* in create(), or in the destroy() of a run that could not be built */
        return S1_RAISE(err, S1_E_DENIED, "worker %.*s emits %.*s outside of a run",
                        S1_STR_ARG(worker->instance_id), S1_STR_ARG(event));
    }
    const uint32_t number = s1_bus_event(run->bus, event);
    if (number == S1_EVENT_NONE || !s1_str_eq_cstr(run->chain.events[number].payload, "JSON")) {
        return S1_RAISE(err, S1_E_INVALID,
                        "worker %.*s emits %.*s, which event_map.yaml does not list with payload "
                        "JSON",
                        S1_STR_ARG(worker->instance_id), S1_STR_ARG(event));
    }
    void *memory;
    S1_TRY(err, s1_text_pool_take(&run->parts->pool, sizeof(s1_str), &memory, err));
    s1_str *const payload = memory;
    S1_TRY(err, s1_text_pool_copy(&run->parts->pool, json, payload, err));
    return s1_bus_publish(run->bus, number, payload, err);
}
