/* Adapters: one event, a join on the same tick, and what does not fit. */
#include "services/event_bus/event_adapter.h"

#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

enum { EVENT_SIGNALS, EVENT_THREATS, EVENT_PLAN, EVENT_COUNT };
static const s1_event_spec specs[EVENT_COUNT] = {
    {{"SignalsDetected", 15}, {"List[Signal]", 12}},
    {{"ThreatsDetected", 15}, {"List[CriticalEvent]", 19}},
    {{"PlanReady", 9}, {"List[RoutedTradePlan]", 21}},
};
static const s1_str names[EVENT_COUNT] = {
    {"SignalsDetected", 15},
    {"ThreatsDetected", 15},
    {"PlanReady", 9},
};

typedef struct stage {
    s1_bus *bus;
    s1_event_adapter *adapter, *listener;
    char trace[256];
    bool is_silent, fails;
    uint32_t work; /* the planner is called only while there is some */
} stage;

static void note(stage *s, const char *text)
{
    const size_t used = strlen(s->trace);
    (void)snprintf(s->trace + used, sizeof s->trace - used, "%s ", text);
}

/* The method of the test: takes signals and threats, says what it got, gives "plan". */
static s1_rc plan(void *self, const void *const *payloads, const void **ret_result, s1_err *err)
{
    stage *const s = self;
    char text[64];
    (void)snprintf(text, sizeof text, "plan(%s,%s)", (const char *)payloads[0],
                   (const char *)payloads[1]);
    note(s, text);
    if (s->fails) {
        return S1_RAISE(err, S1_E_PLUGIN, "no plan today");
    }
    *ret_result = s->is_silent ? NULL : "plan";
    return S1_OK;
}

static s1_rc hear_plan(void *self, const void *const *payloads, const void **ret_result,
                       s1_err *err)
{
    (void)err;
    note(self, payloads[0]);
    *ret_result = "ignored: nothing is published";
    return S1_OK;
}

static void open_stage(stage *s, const char *first, const char *second, bool is_deferred)
{
    s1_err err = S1_ERR_INIT;
    *s = (stage){.work = 1};
    const s1_component_method planner = {
        "Planner", "run",   {"List[Signal]", "List[CriticalEvent]"}, "List[RoutedTradePlan]", s,
        plan,      &s->work};
    const s1_component_method ear = {"Ear",     "hear", {"List[RoutedTradePlan]"}, NULL, s,
                                     hear_plan, NULL};
    const s1_wiring wiring = {.adapter_id = S1_STR("P"),
                              .listens_to = {{first, strlen(first)}, {second, strlen(second)}},
                              .listen_count = 2,
                              .component = S1_STR("Planner"),
                              .method = S1_STR("run"),
                              .publishes = S1_STR("PlanReady"),
                              .is_deferred = is_deferred};
    const s1_wiring hearing = {.adapter_id = S1_STR("E"),
                               .listens_to = {S1_STR("PlanReady")},
                               .listen_count = 1,
                               .component = S1_STR("Ear"),
                               .method = S1_STR("hear")};
    assert_int_equal(s1_bus_new(names, EVENT_COUNT, 16, &s->bus, &err), S1_OK);
    assert_int_equal(s1_event_adapter_new(s->bus, specs, &wiring, &planner, &s->adapter, &err),
                     S1_OK);
    assert_int_equal(s1_event_adapter_new(s->bus, specs, &hearing, &ear, &s->listener, &err),
                     S1_OK);
    assert_int_equal(s1_bus_seal(s->bus, &err), S1_OK);
}

static void close_stage(stage *s)
{
    s1_bus_free(s->bus);
    s1_event_adapter_free(s->adapter);
    s1_event_adapter_free(s->listener);
}

/* One tick with the given publications; NULL leaves one out. */
static s1_rc tick(stage *s, uint64_t number, const char *signals, const char *threats, s1_err *err)
{
    S1_TRY(err, s1_bus_begin_tick(s->bus, number, err));
    if (signals != NULL) {
        S1_TRY(err, s1_bus_publish(s->bus, EVENT_SIGNALS, signals, err));
    }
    if (threats != NULL) {
        S1_TRY(err, s1_bus_publish(s->bus, EVENT_THREATS, threats, err));
    }
    return s1_bus_drain(s->bus, err);
}

static void test_join_calls_once_both_came(void **state)
{
    (void)state;
    stage s;
    s1_err err = S1_ERR_INIT;
    open_stage(&s, "SignalsDetected", "ThreatsDetected", false);
    assert_int_equal(tick(&s, 1, "s1", "t1", &err), S1_OK);
    assert_string_equal(s.trace, "plan(s1,t1) plan ");
    assert_int_equal(tick(&s, 2, "s2", "t2", &err), S1_OK);
    assert_string_equal(s.trace, "plan(s1,t1) plan plan(s2,t2) plan ");
    close_stage(&s);
}

/* Without work no call, whatever came; with it, the payloads are those of this tick. */
static void test_no_call_without_work(void **state)
{
    (void)state;
    stage s;
    s1_err err = S1_ERR_INIT;
    open_stage(&s, "SignalsDetected", "ThreatsDetected", false);
    s.work = 0;
    assert_int_equal(tick(&s, 1, "s1", "t1", &err), S1_OK);
    assert_string_equal(s.trace, "");
    assert_int_equal(tick(&s, 2, "s2", NULL, &err), S1_OK);
    s.work = 1;
    assert_int_equal(tick(&s, 3, NULL, "t3", &err), S1_OK);
    assert_string_equal(s.trace, "");
    assert_int_equal(tick(&s, 4, "s4", "t4", &err), S1_OK);
    assert_string_equal(s.trace, "plan(s4,t4) plan ");
    close_stage(&s);
}

/* The order of listens_to does not matter: a payload goes where its type belongs. */
static void test_payloads_go_by_type(void **state)
{
    (void)state;
    stage s;
    s1_err err = S1_ERR_INIT;
    open_stage(&s, "ThreatsDetected", "SignalsDetected", false);
    assert_int_equal(tick(&s, 1, "s1", "t1", &err), S1_OK);
    assert_string_equal(s.trace, "plan(s1,t1) plan ");
    close_stage(&s);
}

/* Half a join of an old tick is worth nothing, and a new half does not meet it. */
static void test_stale_half_is_dropped(void **state)
{
    (void)state;
    stage s;
    s1_err err = S1_ERR_INIT;
    open_stage(&s, "SignalsDetected", "ThreatsDetected", false);
    assert_int_equal(tick(&s, 1, "s1", NULL, &err), S1_OK);
    assert_int_equal(tick(&s, 2, NULL, "t2", &err), S1_OK);
    assert_int_equal(tick(&s, 3, "s3", NULL, &err), S1_OK);
    assert_string_equal(s.trace, "");
    assert_int_equal(tick(&s, 4, "s4", "t4", &err), S1_OK);
    assert_string_equal(s.trace, "plan(s4,t4) plan ");
    close_stage(&s);
}

/* Within a tick the newest payload of a half counts, and a join that fired starts anew. */
static void test_join_within_a_tick(void **state)
{
    (void)state;
    stage s;
    s1_err err = S1_ERR_INIT;
    open_stage(&s, "SignalsDetected", "ThreatsDetected", false);
    assert_int_equal(tick(&s, 1, "old", NULL, &err), S1_OK);
    assert_int_equal(s1_bus_publish(s.bus, EVENT_SIGNALS, "new", &err), S1_OK);
    assert_int_equal(s1_bus_publish(s.bus, EVENT_THREATS, "t", &err), S1_OK);
    assert_int_equal(s1_bus_publish(s.bus, EVENT_THREATS, "u", &err), S1_OK);
    assert_int_equal(s1_bus_drain(s.bus, &err), S1_OK);
    assert_string_equal(s.trace, "plan(new,t) plan ");
    close_stage(&s);
}

/* A deferred join is made in the tick it is delivered in. */
static void test_deferred_join(void **state)
{
    (void)state;
    stage s;
    s1_err err = S1_ERR_INIT;
    open_stage(&s, "SignalsDetected", "ThreatsDetected", true);
    assert_int_equal(tick(&s, 1, "s1", "t1", &err), S1_OK);
    assert_string_equal(s.trace, "");
    assert_int_equal(tick(&s, 2, NULL, NULL, &err), S1_OK);
    assert_string_equal(s.trace, "plan(s1,t1) plan ");
    close_stage(&s);
}

static void test_no_result_publishes_nothing(void **state)
{
    (void)state;
    stage s;
    s1_err err = S1_ERR_INIT;
    open_stage(&s, "SignalsDetected", "ThreatsDetected", false);
    s.is_silent = true;
    assert_int_equal(tick(&s, 1, "s1", "t1", &err), S1_OK);
    assert_string_equal(s.trace, "plan(s1,t1) ");
    assert_int_equal(s1_bus_published(s.bus, EVENT_PLAN), 0);
    close_stage(&s);
}

static void test_method_error_travels(void **state)
{
    (void)state;
    stage s;
    s1_err err = S1_ERR_INIT;
    open_stage(&s, "SignalsDetected", "ThreatsDetected", false);
    s.fails = true;
    assert_int_equal(tick(&s, 1, "s1", "t1", &err), S1_E_PLUGIN);
    assert_string_equal(err.msg, "no plan today");
    assert_int_equal(s1_bus_published(s.bus, EVENT_PLAN), 0);
    close_stage(&s);
}

static void refuses(const char *event)
{
    s1_bus *bus = NULL;
    s1_event_adapter *adapter = NULL;
    s1_err err = S1_ERR_INIT;
    const s1_component_method ear = {"Ear",     "hear", {"List[RoutedTradePlan]"}, NULL, NULL,
                                     hear_plan, NULL};
    const s1_wiring wiring = {
        .adapter_id = S1_STR("E"), .listens_to = {{event, strlen(event)}}, .listen_count = 1};
    char expected[96];
    assert_int_equal(s1_bus_new(names, EVENT_COUNT, 16, &bus, &err), S1_OK);
    assert_int_equal(s1_event_adapter_new(bus, specs, &wiring, &ear, &adapter, &err), S1_E_INVALID);
    (void)snprintf(expected, sizeof expected, "adapter E: Ear.hear does not take %s", event);
    assert_string_equal(err.msg, expected);
    assert_null(adapter);
    s1_bus_free(bus);
}

static void test_wrong_payload_is_refused(void **state)
{
    (void)state;
    refuses("SignalsDetected");
    refuses("NoSuchEvent");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_join_calls_once_both_came),
        cmocka_unit_test(test_no_call_without_work),
        cmocka_unit_test(test_payloads_go_by_type),
        cmocka_unit_test(test_stale_half_is_dropped),
        cmocka_unit_test(test_join_within_a_tick),
        cmocka_unit_test(test_deferred_join),
        cmocka_unit_test(test_no_result_publishes_nothing),
        cmocka_unit_test(test_method_error_travels),
        cmocka_unit_test(test_wrong_payload_is_refused),
    };
    return cmocka_run_group_tests_name("event_adapter", tests, NULL, NULL);
}
