#include "services/event_bus/event_adapter.h"

#include <stdlib.h>
#include <string.h>

struct s1_event_adapter {
    s1_bus_call call;
};

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
    adapter->call = (s1_bus_call){.invoke = method->invoke,
                                  .self = method->self,
                                  .only_with = method->only_with,
                                  .publishes = s1_bus_event(bus, wiring->publishes),
                                  .needed = (1u << wiring->listen_count) - 1};
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
        const s1_bus_subscription subscription = {.event = event,
                                                  .priority = wiring->priority,
                                                  .is_deferred = wiring->is_deferred,
                                                  .call = &adapter->call,
                                                  .bit = 1u << i,
                                                  .place = place};
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
