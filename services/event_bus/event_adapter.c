#include "services/event_bus/event_adapter.h"

#include <stdlib.h>
#include <string.h>

/* Where one event of a join comes in. */
typedef struct join_port {
    s1_event_adapter *adapter;
    uint32_t bit;   /* in needed and have */
    uint32_t place; /* of the method's payloads */
} join_port;

struct s1_event_adapter {
    s1_bus *bus;
    s1_rc (*invoke)(void *self, const void *const *payloads, const void **ret_result, s1_err *err);
    void *self;
    uint32_t publishes;    /* S1_EVENT_NONE for none */
    uint32_t needed, have; /* bit i: ports[i] */
    uint64_t tick;         /* of `have` */
    join_port ports[S1_WIRING_EVENTS_MAX];
    const void *payloads[S1_WIRING_EVENTS_MAX];
    const void *result; /* of the last call */
};

/* Not inlined: the callers only note what came, and need no frame then. */
__attribute__((noinline)) static s1_rc call(s1_event_adapter *adapter, s1_err *err)
{
    adapter->result = NULL;
    S1_TRY(err, adapter->invoke(adapter->self, adapter->payloads, &adapter->result, err));
    return adapter->result == NULL || adapter->publishes == S1_EVENT_NONE
               ? S1_OK
               : s1_bus_publish(adapter->bus, adapter->publishes, adapter->result, err);
}

static s1_rc on_only_event(void *self, uint32_t event, const void *payload, s1_err *err)
{
    s1_event_adapter *const adapter = self;
    (void)event;
    adapter->payloads[0] = payload;
    return call(adapter, err);
}

static s1_rc on_joined_event(void *self, uint32_t event, const void *payload, s1_err *err)
{
    const join_port *const port = self;
    s1_event_adapter *const adapter = port->adapter;
    const uint64_t tick = s1_bus_tick(adapter->bus);
    (void)event;
    if (adapter->tick != tick) {
        adapter->tick = tick;
        adapter->have = 0;
    }
    adapter->payloads[port->place] = payload;
    adapter->have |= port->bit;
    if (adapter->have != adapter->needed) {
        return S1_OK;
    }
    adapter->have = 0;
    return call(adapter, err);
}

/* Which of the method's payloads an event of this type is. */
static uint32_t place_of(const s1_component_method *method, s1_str payload)
{
    for (uint32_t i = 0; method->takes[i] != NULL; i++) {
        if (strlen(method->takes[i]) == payload.len &&
            memcmp(method->takes[i], payload.ptr, payload.len) == 0) {
            return i;
        }
    }
    return S1_WIRING_EVENTS_MAX;
}

s1_rc s1_event_adapter_new(s1_bus *bus, const s1_event_spec *events, const s1_wiring *wiring,
                           const s1_component_method *method, s1_event_adapter **ret_adapter,
                           s1_err *err)
{
    s1_event_adapter *const adapter = calloc(1, sizeof *adapter);
    if (adapter == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "adapter %.*s", S1_STR_ARG(wiring->adapter_id));
    }
    *adapter = (s1_event_adapter){.bus = bus,
                                  .invoke = method->invoke,
                                  .self = method->self,
                                  .needed = (1u << wiring->listen_count) - 1,
                                  .publishes = s1_bus_event(bus, wiring->publishes)};
    s1_rc rc = S1_OK;
    for (uint32_t i = 0; i < wiring->listen_count && rc == S1_OK; i++) {
        const uint32_t event = s1_bus_event(bus, wiring->listens_to[i]);
        const uint32_t place =
            event == S1_EVENT_NONE ? S1_WIRING_EVENTS_MAX : place_of(method, events[event].payload);
        if (place == S1_WIRING_EVENTS_MAX) {
            rc = S1_RAISE(err, S1_E_INVALID, "adapter %.*s: %s.%s does not take %.*s",
                          S1_STR_ARG(wiring->adapter_id), method->component, method->method,
                          S1_STR_ARG(wiring->listens_to[i]));
            break;
        }
        const bool is_join = wiring->listen_count > 1;
        adapter->ports[i] = (join_port){adapter, 1u << i, place};
        const s1_bus_subscription subscription = {
            .event = event,
            .priority = wiring->priority,
            .is_deferred = wiring->is_deferred,
            .handler = is_join ? on_joined_event : on_only_event,
            .self = is_join ? (void *)&adapter->ports[i] : (void *)adapter,
        };
        rc = s1_bus_subscribe(bus, &subscription, err);
    }
    if (rc != S1_OK) {
        free(adapter);
        return rc;
    }
    *ret_adapter = adapter;
    return S1_OK;
}

void s1_event_adapter_free(s1_event_adapter *adapter)
{
    free(adapter);
}
