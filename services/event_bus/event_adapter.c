#include "services/event_bus/event_adapter.h"

#include <stdlib.h>
#include <string.h>

struct s1_event_adapter {
    s1_bus *bus;
    s1_rc (*invoke)(void *self, const void *const *payloads, const void **ret_result, s1_err *err);
    void *self;
    uint32_t publishes; /* S1_EVENT_NONE for none */
    uint32_t event_count;
    uint32_t needed, have; /* bit i: events[i] */
    uint64_t tick;         /* of `have` */
    uint32_t events[S1_WIRING_EVENTS_MAX];
    uint32_t places[S1_WIRING_EVENTS_MAX]; /* events[i] is payload places[i] of the method */
    const void *payloads[S1_WIRING_EVENTS_MAX];
};

static s1_rc call(s1_event_adapter *adapter, s1_err *err)
{
    const void *result = NULL;
    S1_TRY(err, adapter->invoke(adapter->self, adapter->payloads, &result, err));
    return result == NULL || adapter->publishes == S1_EVENT_NONE
               ? S1_OK
               : s1_bus_publish(adapter->bus, adapter->publishes, result, err);
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
    s1_event_adapter *const adapter = self;
    if (adapter->tick != s1_bus_tick(adapter->bus)) {
        adapter->tick = s1_bus_tick(adapter->bus);
        adapter->have = 0;
    }
    for (uint32_t i = 0; i < adapter->event_count; i++) {
        if (adapter->events[i] == event) {
            adapter->payloads[adapter->places[i]] = payload;
            adapter->have |= 1u << i;
        }
    }
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
                                  .event_count = wiring->listen_count,
                                  .needed = (1u << wiring->listen_count) - 1,
                                  .publishes = s1_bus_event(bus, wiring->publishes)};
    s1_rc rc = S1_OK;
    for (uint32_t i = 0; i < wiring->listen_count && rc == S1_OK; i++) {
        adapter->events[i] = s1_bus_event(bus, wiring->listens_to[i]);
        adapter->places[i] = adapter->events[i] == S1_EVENT_NONE
                                 ? S1_WIRING_EVENTS_MAX
                                 : place_of(method, events[adapter->events[i]].payload);
        if (adapter->places[i] == S1_WIRING_EVENTS_MAX) {
            rc = S1_RAISE(err, S1_E_INVALID, "adapter %.*s: %s.%s does not take %.*s",
                          S1_STR_ARG(wiring->adapter_id), method->component, method->method,
                          S1_STR_ARG(wiring->listens_to[i]));
            break;
        }
        rc = s1_bus_subscribe(bus,
                              &(s1_bus_subscription){.event = adapter->events[i],
                                                     .priority = wiring->priority,
                                                     .is_deferred = wiring->is_deferred,
                                                     .handler = wiring->listen_count == 1
                                                                    ? on_only_event
                                                                    : on_joined_event,
                                                     .self = adapter},
                              err);
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
