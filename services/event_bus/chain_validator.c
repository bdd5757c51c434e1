#include "services/event_bus/chain_validator.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct validation {
    const s1_chain *chain;
    s1_chain_report report;
    void *self;
    uint32_t errors;
} validation;

static bool same(s1_str a, s1_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static s1_str text(const char *literal)
{
    return (s1_str){literal, strlen(literal)};
}

S1_PRINTF(6, 7)
static void find(validation *v, bool is_error, uint32_t wiring, const char *field, s1_str found,
                 const char *expected, ...)
{
    s1_chain_finding finding = {
        .is_error = is_error,
        .wiring = wiring,
        .subject = wiring == UINT32_MAX ? found : v->chain->wirings[wiring].adapter_id,
        .field = field,
        .found = found};
    va_list args;
    va_start(args, expected);
    (void)vsnprintf(finding.expected, sizeof finding.expected, expected, args);
    va_end(args);
    v->errors += is_error;
    v->report(v->self, &finding);
}

static const s1_event_spec *event_of(const s1_chain *chain, s1_str name)
{
    for (uint32_t i = 0; i < chain->event_count; i++) {
        if (same(chain->events[i].name, name)) {
            return &chain->events[i];
        }
    }
    return NULL;
}

const s1_component_method *s1_chain_method(const s1_chain *chain, const s1_wiring *wiring)
{
    for (uint32_t i = 0; i < chain->method_count; i++) {
        if (same(text(chain->methods[i].component), wiring->component) &&
            same(text(chain->methods[i].method), wiring->method)) {
            return &chain->methods[i];
        }
    }
    return NULL;
}

static bool is_platform_event(const s1_chain *chain, s1_str event)
{
    for (const char *const *name = chain->platform_events; *name != NULL; name++) {
        if (same(text(*name), event)) {
            return true;
        }
    }
    return false;
}

static bool is_published(const s1_chain *chain, s1_str event)
{
    if (is_platform_event(chain, event)) {
        return true;
    }
    for (uint32_t i = 0; i < chain->wiring_count; i++) {
        if (same(chain->wirings[i].publishes, event)) {
            return true;
        }
    }
    return false;
}

static bool is_heard(const s1_chain *chain, s1_str event)
{
    for (uint32_t i = 0; i < chain->wiring_count; i++) {
        for (uint32_t k = 0; k < chain->wirings[i].listen_count; k++) {
            if (same(chain->wirings[i].listens_to[k], event)) {
                return true;
            }
        }
    }
    return false;
}

static bool takes(const s1_component_method *method, s1_str payload)
{
    for (uint32_t i = 0; method->takes[i] != NULL; i++) {
        if (same(text(method->takes[i]), payload)) {
            return true;
        }
    }
    return false;
}

/* A payload of the method that two events carry would leave another one empty. */
static void check_payload_once(validation *v, uint32_t index, uint32_t at)
{
    const s1_wiring *const wiring = &v->chain->wirings[index];
    const s1_event_spec *const event = event_of(v->chain, wiring->listens_to[at]);
    for (uint32_t i = 0; i < at; i++) {
        const s1_event_spec *const other = event_of(v->chain, wiring->listens_to[i]);
        if (other != NULL && same(other->payload, event->payload)) {
            find(v, true, index, "listens_to", wiring->listens_to[at],
                 "an event with another payload: %.*s carries %.*s too", S1_STR_ARG(other->name),
                 S1_STR_ARG(other->payload));
            return;
        }
    }
}

static void check_listens(validation *v, uint32_t index, const s1_component_method *method)
{
    const s1_wiring *const wiring = &v->chain->wirings[index];
    for (uint32_t k = 0; k < wiring->listen_count; k++) {
        const s1_str name = wiring->listens_to[k];
        const s1_event_spec *const event = event_of(v->chain, name);
        if (event == NULL) {
            find(v, true, index, "listens_to", name, "an event of event_map.yaml");
            continue;
        }
        if (!is_published(v->chain, name)) {
            find(v, true, index, "listens_to", name, "an event somebody publishes");
        }
        if (method != NULL && !takes(method, event->payload)) {
            find(v, true, index, "listens_to", name,
                 "an event whose payload %s.%s takes; %.*s carries %.*s", method->component,
                 method->method, S1_STR_ARG(name), S1_STR_ARG(event->payload));
        } else if (method != NULL) {
            check_payload_once(v, index, k);
        }
    }
    uint32_t wanted = 0;
    while (method != NULL && method->takes[wanted] != NULL) {
        wanted++;
    }
    if (method != NULL && wanted != wiring->listen_count) {
        find(v, true, index, "listens_to", wiring->listens_to[0],
             "%u event(s): %s.%s needs %u payload(s), this wiring listens to %u", wanted,
             method->component, method->method, wanted, wiring->listen_count);
    }
}

static void check_publishes(validation *v, uint32_t index, const s1_component_method *method)
{
    const s1_wiring *const wiring = &v->chain->wirings[index];
    if (wiring->publishes.len == 0) {
        return;
    }
    const s1_event_spec *const event = event_of(v->chain, wiring->publishes);
    if (event == NULL) {
        find(v, true, index, "publishes_result_as", wiring->publishes,
             "an event of event_map.yaml");
        return;
    }
    if (method == NULL) {
        return;
    }
    if (method->gives == NULL) {
        find(v, true, index, "publishes_result_as", wiring->publishes,
             "nothing: %s.%s gives no result", method->component, method->method);
    } else if (!same(text(method->gives), event->payload)) {
        find(v, true, index, "publishes_result_as", wiring->publishes,
             "an event that carries %s, what %s.%s gives; %.*s carries %.*s", method->gives,
             method->component, method->method, S1_STR_ARG(event->name),
             S1_STR_ARG(event->payload));
    }
}

static void check_wiring(validation *v, uint32_t index)
{
    const s1_wiring *const wiring = &v->chain->wirings[index];
    for (uint32_t i = 0; i < index; i++) {
        if (same(v->chain->wirings[i].adapter_id, wiring->adapter_id)) {
            find(v, true, index, "adapter_id", wiring->adapter_id, "a name used once");
        }
    }
    const s1_component_method *const method = s1_chain_method(v->chain, wiring);
    if (method == NULL) {
        char methods[160] = "";
        size_t used = 0;
        for (uint32_t i = 0; i < v->chain->method_count && used < sizeof methods; i++) {
            const s1_component_method *const offered = &v->chain->methods[i];
            if (same(text(offered->component), wiring->component)) {
                const int put = snprintf(methods + used, sizeof methods - used, "%s%s",
                                         used == 0 ? "" : ", ", offered->method);
                used += put > 0 ? (size_t)put : 0;
            }
        }
        if (used > 0) {
            find(v, true, index, "invokes", wiring->method, "a method of %.*s: %s",
                 S1_STR_ARG(wiring->component), methods);
        } else {
            find(v, true, index, "invokes", wiring->component, "a component of this run");
        }
    }
    check_listens(v, index, method);
    check_publishes(v, index, method);
}

/* Depth-first over wirings: i leads to k if k listens to what i publishes, in the same tick. */
typedef struct walk {
    validation *v;
    uint8_t *state; /* [wiring_count] 0 new, 1 on the path, 2 done */
} walk;

static bool leads_to(const s1_chain *chain, uint32_t from, uint32_t to)
{
    const s1_wiring *const next = &chain->wirings[to];
    if (chain->wirings[from].publishes.len == 0 || next->is_deferred) {
        return false;
    }
    for (uint32_t k = 0; k < next->listen_count; k++) {
        if (same(next->listens_to[k], chain->wirings[from].publishes)) {
            return true;
        }
    }
    return false;
}

/* Recursion is bounded by the number of wirings, which the configuration limits. */
static void visit(walk *w, uint32_t index)
{
    const s1_chain *const chain = w->v->chain;
    w->state[index] = 1;
    for (uint32_t k = 0; k < chain->wiring_count; k++) {
        if (!leads_to(chain, index, k)) {
            continue;
        }
        if (w->state[k] == 1) {
            find(w->v, true, index, "publishes_result_as", chain->wirings[index].publishes,
                 "no way back to adapter %.*s in the same tick (say defer: next_tick)",
                 S1_STR_ARG(chain->wirings[k].adapter_id));
        } else if (w->state[k] == 0) {
            visit(w, k);
        }
    }
    w->state[index] = 2;
}

static void check_cycles(validation *v)
{
    walk w = {v, calloc((size_t)v->chain->wiring_count + 1, 1)};
    S1_ASSERT(w.state != NULL);
    for (uint32_t i = 0; i < v->chain->wiring_count; i++) {
        if (w.state[i] == 0) {
            visit(&w, i);
        }
    }
    free(w.state);
}

uint32_t s1_chain_validate(const s1_chain *chain, s1_chain_report report, void *self)
{
    validation v = {chain, report, self, 0};
    for (uint32_t i = 0; i < chain->wiring_count; i++) {
        check_wiring(&v, i);
    }
    check_cycles(&v);
    for (uint32_t i = 0; i < chain->wiring_count; i++) {
        const s1_str event = chain->wirings[i].publishes;
        if (event.len > 0 && !is_heard(chain, event) && !is_platform_event(chain, event)) {
            find(&v, false, i, "publishes_result_as", event, "an event somebody listens to");
        }
    }
    return v.errors;
}
