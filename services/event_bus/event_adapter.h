/* services/event_bus/event_adapter.h - bridges between the bus and components that know no bus.
 *
 * A component offers methods (s1_component_method: what it takes, what it gives). A wiring of
 * wiring_map.yaml says which event calls which method and under which name the result travels on.
 * An adapter is one wiring, bound. A wiring that listens to several events is a join: it calls when
 * all of them have come in the same tick.
 */
#ifndef S1_SERVICES_EVENT_BUS_EVENT_ADAPTER_H
#define S1_SERVICES_EVENT_BUS_EVENT_ADAPTER_H

#include "services/event_bus/event_bus.h"

#define S1_WIRING_EVENTS_MAX S1_BUS_JOIN_MAX

/* One callable of a component. */
typedef struct s1_component_method {
    const char *component; /* "PlanningOperator" */
    const char *method;    /* "run_pipeline" */
    /* Payload types it takes, in any order; NULL-terminated. A wiring listens to events of exactly
     * these. */
    const char *takes[S1_WIRING_EVENTS_MAX + 1];
    const char *gives; /* payload type of the result; NULL: side effects only */
    void *self;
    /* payloads[i] belongs to takes[i]. *ret_result = NULL publishes nothing. NULL: the component
     * stands on another bus; known here so that its wirings can be checked. */
    s1_rc (*invoke)(void *self, const void *const *payloads, const void **ret_result, s1_err *err);
    /* A count without which there is nothing to do: no call while it is 0. NULL: always called. */
    const uint32_t *only_with;
} s1_component_method;

/* WiringInstruction: one line of wiring_map.yaml. Texts are borrowed from the configuration. */
typedef struct s1_wiring {
    s1_str adapter_id;
    s1_str listens_to[S1_WIRING_EVENTS_MAX];
    uint32_t listen_count;
    int32_t priority;
    s1_str component, method;
    s1_str publishes; /* "" means no publication */
    bool is_deferred; /* defer: next_tick */
} s1_wiring;

/* One event of event_map.yaml. */
typedef struct s1_event_spec {
    s1_str name;
    s1_str payload; /* payload_dto */
} s1_event_spec;

typedef struct s1_event_adapter s1_event_adapter;

/* Binds a wiring to a method and subscribes it. The wiring was validated
 * (services/event_bus/chain_validator.h). Free with s1_event_adapter_free after the bus. */
S1_WARN_UNUSED s1_rc s1_event_adapter_new(s1_bus *bus, const s1_event_spec *events,
                                          const s1_wiring *wiring,
                                          const s1_component_method *method,
                                          s1_event_adapter **ret_adapter, s1_err *err);
void s1_event_adapter_free(s1_event_adapter *adapter); /* accepts NULL */

#endif /* S1_SERVICES_EVENT_BUS_EVENT_ADAPTER_H */
