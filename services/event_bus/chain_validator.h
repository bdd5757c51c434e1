/* services/event_bus/chain_validator.h - is the wiring a chain that can run?
 *
 * Errors: an event nobody declared, a component or method nobody offers, a payload a method does
 * not take or give, a listener without a publisher, a cycle (edges with `defer: next_tick` do not
 * count), two adapters of one name. Warning: an event that is published and that nobody hears,
 * unless it is one the platform offers to whoever wants it.
 */
#ifndef S1_SERVICES_EVENT_BUS_CHAIN_VALIDATOR_H
#define S1_SERVICES_EVENT_BUS_CHAIN_VALIDATOR_H

#include "services/event_bus/event_adapter.h"

typedef struct s1_chain {
    const s1_event_spec *events;
    uint32_t event_count;
    const s1_wiring *wirings;
    uint32_t wiring_count;
    const s1_component_method *methods;
    uint32_t method_count;
    const char *const *platform_events; /* published by the platform itself; NULL-terminated */
} s1_chain;

/* One finding. `wiring` is the index it is about, UINT32_MAX for one about an event. */
typedef struct s1_chain_finding {
    bool is_error;
    uint32_t wiring;
    s1_str subject; /* adapter or event name */
    const char
        *field; /* "listens_to", "invokes", "publishes_result_as", "adapter_id", "event_name" */
    s1_str found;
    char expected[256];
} s1_chain_finding;

/* Hears the findings in the order of the file. */
typedef void (*s1_chain_report)(void *self, const s1_chain_finding *finding);

/* Checks the whole chain; reports every finding and returns the number of errors. */
uint32_t s1_chain_validate(const s1_chain *chain, s1_chain_report report, void *self);

/* The method a wiring invokes, or NULL. */
const s1_component_method *s1_chain_method(const s1_chain *chain, const s1_wiring *wiring);

#endif /* S1_SERVICES_EVENT_BUS_CHAIN_VALIDATOR_H */
