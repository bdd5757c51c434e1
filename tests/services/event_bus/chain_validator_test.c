/* The chain validator: every finding with its words, and that a good chain has none. */
#include "services/event_bus/chain_validator.h"

#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

static const s1_event_spec events[] = {
    {{"Start", 5}, {"Go", 2}},       {{"Signals", 7}, {"S", 1}}, {{"Threats", 7}, {"T", 1}},
    {{"MoreSignals", 11}, {"S", 1}}, {{"Plans", 5}, {"P", 1}},   {{"Orphan", 6}, {"S", 1}},
};

static s1_rc nothing(void *self, const void *const *payloads, const void **ret_result, s1_err *err)
{
    (void)self, (void)payloads, (void)ret_result, (void)err;
    return S1_OK;
}

static const s1_component_method methods[] = {
    {"Finder", "find", {"Go"}, "S", NULL, nothing, NULL},
    {"Guard", "watch", {"Go"}, "T", NULL, nothing, NULL},
    {"Planner", "plan", {"S", "T"}, "P", NULL, nothing, NULL},
    {"Doer", "act", {"P"}, NULL, NULL, nothing, NULL},
    {"Doer", "undo", {"P"}, "P", NULL, nothing, NULL},
    {"Doer", "react", {"P"}, "S", NULL, nothing, NULL},
};
static const char *const platform_events[] = {"Start", NULL};

#define WIRES_MAX 8
typedef struct chain {
    s1_wiring wirings[WIRES_MAX];
    uint32_t count;
    char found[2048];
    uint32_t reports;
} chain;

static s1_str str(const char *text)
{
    return (s1_str){text, strlen(text)};
}

/* listens: one or two names. */
static s1_wiring *wire(chain *c, const char *id, const char *first, const char *second,
                       const char *component, const char *method, const char *publishes)
{
    s1_wiring *const wiring = &c->wirings[c->count++];
    *wiring = (s1_wiring){.adapter_id = str(id),
                          .listens_to = {str(first)},
                          .listen_count = second != NULL ? 2 : 1,
                          .component = str(component),
                          .method = str(method),
                          .publishes = str(publishes)};
    if (second != NULL) {
        wiring->listens_to[1] = str(second);
    }
    return wiring;
}

static void report(void *self, const s1_chain_finding *finding)
{
    chain *const c = self;
    const size_t used = strlen(c->found);
    (void)snprintf(c->found + used, sizeof c->found - used, "%s %.*s %s '%.*s': expected %s\n",
                   finding->is_error ? "error" : "warning", S1_STR_ARG(finding->subject),
                   finding->field, S1_STR_ARG(finding->found), finding->expected);
    c->reports++;
}

static void expect(chain *c, uint32_t errors, const char *findings)
{
    const s1_chain checked = {.events = events,
                              .event_count = sizeof events / sizeof events[0],
                              .wirings = c->wirings,
                              .wiring_count = c->count,
                              .methods = methods,
                              .method_count = sizeof methods / sizeof methods[0],
                              .platform_events = platform_events};
    const uint32_t found = s1_chain_validate(&checked, report, c);
    assert_string_equal(c->found, findings);
    assert_int_equal(found, errors);
}

static chain good_chain(void)
{
    chain c = {.count = 0};
    (void)wire(&c, "F", "Start", NULL, "Finder", "find", "Signals");
    (void)wire(&c, "G", "Start", NULL, "Guard", "watch", "Threats");
    (void)wire(&c, "P", "Threats", "Signals", "Planner", "plan", "Plans");
    (void)wire(&c, "D", "Plans", NULL, "Doer", "act", "");
    return c;
}

static void test_good_chain(void **state)
{
    (void)state;
    chain c = good_chain();
    expect(&c, 0, "");
}

static void test_unknown_event(void **state)
{
    (void)state;
    chain c = {.count = 0};
    (void)wire(&c, "F", "Startt", NULL, "Finder", "find", "Signalz");
    expect(&c, 2,
           "error F listens_to 'Startt': expected an event of event_map.yaml\n"
           "error F publishes_result_as 'Signalz': expected an event of event_map.yaml\n"
           "warning F publishes_result_as 'Signalz': expected an event somebody listens to\n");
}

static void test_no_publisher(void **state)
{
    (void)state;
    chain c = {.count = 0};
    (void)wire(&c, "D", "Plans", NULL, "Doer", "act", "");
    expect(&c, 1, "error D listens_to 'Plans': expected an event somebody publishes\n");
}

static void test_unknown_component_and_method(void **state)
{
    (void)state;
    chain c = {.count = 0};
    (void)wire(&c, "A", "Start", NULL, "Nobody", "find", "");
    (void)wire(&c, "B", "Start", NULL, "Doer", "find", "");
    expect(&c, 2,
           "error A invokes 'Nobody': expected a component of this run\n"
           "error B invokes 'find': expected a method of Doer: act, undo, react\n");
}

static void test_wrong_payload(void **state)
{
    (void)state;
    chain c = {.count = 0};
    (void)wire(&c, "D", "Start", NULL, "Doer", "act", "");
    expect(&c, 1,
           "error D listens_to 'Start': expected an event whose payload Doer.act takes; Start "
           "carries Go\n");
}

static void test_wrong_count(void **state)
{
    (void)state;
    chain c = {.count = 0};
    (void)wire(&c, "F", "Start", NULL, "Finder", "find", "Signals");
    (void)wire(&c, "P", "Signals", NULL, "Planner", "plan", "");
    expect(&c, 1,
           "error P listens_to 'Signals': expected 2 event(s): Planner.plan needs 2 payload(s), "
           "this wiring listens to 1\n");
}

/* Two events of one type leave the other payload of the method empty. */
static void test_one_payload_twice(void **state)
{
    (void)state;
    chain c = {.count = 0};
    (void)wire(&c, "F", "Start", NULL, "Finder", "find", "Signals");
    (void)wire(&c, "M", "Start", NULL, "Finder", "find", "MoreSignals");
    (void)wire(&c, "P", "Signals", "MoreSignals", "Planner", "plan", "");
    expect(&c, 1,
           "error P listens_to 'MoreSignals': expected an event with another payload: Signals "
           "carries S too\n");
}

static void test_one_event_twice(void **state)
{
    (void)state;
    chain c = {.count = 0};
    (void)wire(&c, "F", "Start", NULL, "Finder", "find", "Signals");
    (void)wire(&c, "P", "Signals", "Signals", "Planner", "plan", "");
    expect(&c, 1,
           "error P listens_to 'Signals': expected an event with another payload: Signals carries "
           "S too\n");
}

static void test_wrong_result(void **state)
{
    (void)state;
    chain c = good_chain();
    c.wirings[0].publishes = str("Threats");
    c.wirings[3].publishes = str("Orphan");
    expect(&c, 3,
           "error F publishes_result_as 'Threats': expected an event that carries S, what "
           "Finder.find gives; Threats carries T\n"
           "error P listens_to 'Signals': expected an event somebody publishes\n"
           "error D publishes_result_as 'Orphan': expected nothing: Doer.act gives no result\n"
           "warning D publishes_result_as 'Orphan': expected an event somebody listens to\n");
}

static void test_two_adapters_of_one_name(void **state)
{
    (void)state;
    chain c = good_chain();
    c.wirings[1].adapter_id = str("F");
    expect(&c, 1, "error F adapter_id 'F': expected a name used once\n");
}

static void test_dead_end_is_a_warning(void **state)
{
    (void)state;
    chain c = {.count = 0};
    (void)wire(&c, "F", "Start", NULL, "Finder", "find", "Signals");
    expect(&c, 0,
           "warning F publishes_result_as 'Signals': expected an event somebody listens to\n");
}

/* What the platform offers to whoever wants it is no dead end. */
static void test_platform_event_is_no_dead_end(void **state)
{
    (void)state;
    static const s1_component_method starter = {"A", "b", {"Go"}, "Go", NULL, nothing, NULL};
    static const char *const both[] = {"Start", "Again", NULL};
    static const s1_event_spec two[] = {{{"Start", 5}, {"Go", 2}}, {{"Again", 5}, {"Go", 2}}};
    chain c = {.count = 0};
    (void)wire(&c, "F", "Start", NULL, "A", "b", "Again");
    const s1_chain checked = {two, 2, c.wirings, 1, &starter, 1, both};
    assert_int_equal(s1_chain_validate(&checked, report, &c), 0);
    assert_string_equal(c.found, "");
}

static void test_cycle(void **state)
{
    (void)state;
    chain c = good_chain();
    (void)wire(&c, "R", "Plans", NULL, "Doer", "react", "Signals");
    expect(&c, 1,
           "error R publishes_result_as 'Signals': expected no way back to adapter P in the same "
           "tick (say defer: next_tick)\n");
}

static void test_cycle_of_one(void **state)
{
    (void)state;
    chain c = good_chain();
    (void)wire(&c, "U", "Plans", NULL, "Doer", "undo", "Plans");
    expect(&c, 1,
           "error U publishes_result_as 'Plans': expected no way back to adapter U in the same "
           "tick (say defer: next_tick)\n");
}

/* Any edge of the cycle may be the deferred one. */
static void test_defer_breaks_a_cycle(void **state)
{
    (void)state;
    chain c = good_chain();
    wire(&c, "R", "Plans", NULL, "Doer", "react", "Signals")->is_deferred = true;
    expect(&c, 0, "");
    chain d = good_chain();
    (void)wire(&d, "R", "Plans", NULL, "Doer", "react", "Signals");
    d.wirings[2].is_deferred = true; /* P hears signals a tick later */
    expect(&d, 0, "");
}

static void test_method_of_a_wiring(void **state)
{
    (void)state;
    chain c = good_chain();
    const s1_chain checked = {.methods = methods,
                              .method_count = sizeof methods / sizeof methods[0]};
    assert_ptr_equal(s1_chain_method(&checked, &c.wirings[2]), &methods[2]);
    c.wirings[2].method = str("plans");
    assert_null(s1_chain_method(&checked, &c.wirings[2]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_chain),
        cmocka_unit_test(test_unknown_event),
        cmocka_unit_test(test_no_publisher),
        cmocka_unit_test(test_unknown_component_and_method),
        cmocka_unit_test(test_wrong_payload),
        cmocka_unit_test(test_wrong_count),
        cmocka_unit_test(test_one_payload_twice),
        cmocka_unit_test(test_one_event_twice),
        cmocka_unit_test(test_wrong_result),
        cmocka_unit_test(test_two_adapters_of_one_name),
        cmocka_unit_test(test_dead_end_is_a_warning),
        cmocka_unit_test(test_platform_event_is_no_dead_end),
        cmocka_unit_test(test_cycle),
        cmocka_unit_test(test_cycle_of_one),
        cmocka_unit_test(test_defer_breaks_a_cycle),
        cmocka_unit_test(test_method_of_a_wiring),
    };
    return cmocka_run_group_tests_name("chain_validator", tests, NULL, NULL);
}
