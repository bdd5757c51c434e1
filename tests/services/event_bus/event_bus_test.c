/* The bus: order, run-to-completion, deferral and its limits, as a trace of who heard what. */
#include "services/event_bus/event_bus.h"

#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

enum { EVENT_A, EVENT_B, EVENT_C, EVENT_COUNT };
static const s1_str events[EVENT_COUNT] = {
    {"A", 1},
    {"B", 1},
    {"C", 1},
};

typedef struct stage {
    s1_bus *bus;
    char trace[512];
} stage;

/* Writes "<name><payload> " and publishes what it was told to. */
typedef struct ear {
    stage *stage;
    char name;
    bool publishes;
    uint32_t event;
    int times; /* at most; keeps a loop of publications finite */
    const void *payload;
    bool fails;
} ear;

static s1_rc hear(void *self, uint32_t event, const void *payload, s1_err *err)
{
    ear *const e = self;
    (void)event;
    const size_t used = strlen(e->stage->trace);
    (void)snprintf(e->stage->trace + used, sizeof e->stage->trace - used, "%c%s ", e->name,
                   payload != NULL ? (const char *)payload : "");
    if (e->fails) {
        return S1_RAISE(err, S1_E_PLUGIN, "ear %c hurts", e->name);
    }
    if (e->publishes && e->times-- > 0) {
        return s1_bus_publish(e->stage->bus, e->event, e->payload, err);
    }
    return S1_OK;
}

static void open_stage(stage *s, uint32_t queue_max)
{
    s1_err err = S1_ERR_INIT;
    *s = (stage){0};
    assert_int_equal(s1_bus_new(events, EVENT_COUNT, queue_max, &s->bus, &err), S1_OK);
}

static void listen(stage *s, ear *e, uint32_t event, int32_t priority, bool is_deferred)
{
    s1_err err = S1_ERR_INIT;
    e->stage = s;
    const s1_bus_subscription subscription = {.event = event,
                                              .priority = priority,
                                              .is_deferred = is_deferred,
                                              .handler = hear,
                                              .self = e};
    assert_int_equal(s1_bus_subscribe(s->bus, &subscription, &err), S1_OK);
}

static void seal(stage *s)
{
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_bus_seal(s->bus, &err), S1_OK);
}

static void publish(stage *s, uint32_t event, const char *payload)
{
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_bus_publish(s->bus, event, payload, &err), S1_OK);
}

static void drain(stage *s)
{
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_bus_drain(s->bus, &err), S1_OK);
}

static void begin_tick(stage *s, uint64_t tick)
{
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_bus_begin_tick(s->bus, tick, &err), S1_OK);
}

static void test_names(void **state)
{
    (void)state;
    stage s;
    open_stage(&s, 8);
    assert_int_equal(s1_bus_event(s.bus, S1_STR("B")), EVENT_B);
    assert_int_equal(s1_bus_event(s.bus, S1_STR("D")), S1_EVENT_NONE);
    assert_int_equal(s1_bus_event(s.bus, S1_STR("")), S1_EVENT_NONE);
    assert_memory_equal(s1_bus_event_name(s.bus, EVENT_C).ptr, "C", 1);
    assert_null(s1_bus_event_name(s.bus, EVENT_COUNT).ptr);
    s1_bus_free(s.bus);
}

static void test_fifo_over_events(void **state)
{
    (void)state;
    stage s;
    ear a = {.name = 'a'}, b = {.name = 'b'};
    open_stage(&s, 8);
    listen(&s, &a, EVENT_A, 0, false);
    listen(&s, &b, EVENT_B, -100, false); /* priority orders listeners of one event only */
    seal(&s);
    publish(&s, EVENT_A, "1");
    publish(&s, EVENT_B, "2");
    publish(&s, EVENT_A, "3");
    assert_string_equal(s.trace, "");
    drain(&s);
    assert_string_equal(s.trace, "a1 b2 a3 ");
    s1_bus_free(s.bus);
}

static void test_priority_then_order_of_subscription(void **state)
{
    (void)state;
    stage s;
    ear late = {.name = 'l'}, first = {.name = 'f'}, second = {.name = 's'}, early = {.name = 'e'};
    open_stage(&s, 8);
    listen(&s, &late, EVENT_A, 20, false);
    listen(&s, &first, EVENT_A, 0, false);
    listen(&s, &second, EVENT_A, 0, false);
    listen(&s, &early, EVENT_A, -5, false);
    seal(&s);
    publish(&s, EVENT_A, NULL);
    drain(&s);
    assert_string_equal(s.trace, "e f s l ");
    s1_bus_free(s.bus);
}

/* What a handler publishes waits until every listener of the event at hand, and every event queued
 * before, was served; and it is served before drain returns. */
static void test_runs_to_completion(void **state)
{
    (void)state;
    stage s;
    ear x = {.name = 'x', .publishes = true, .event = EVENT_C, .times = 1, .payload = "3"};
    ear y = {.name = 'y'}, b = {.name = 'b'};
    ear c = {.name = 'c', .publishes = true, .event = EVENT_A, .times = 1, .payload = "4"};
    open_stage(&s, 8);
    listen(&s, &x, EVENT_A, 0, false);
    listen(&s, &y, EVENT_A, 1, false);
    listen(&s, &b, EVENT_B, 0, false);
    listen(&s, &c, EVENT_C, 0, false);
    seal(&s);
    publish(&s, EVENT_A, "1");
    publish(&s, EVENT_B, "2");
    drain(&s);
    assert_string_equal(s.trace, "x1 y1 b2 c3 x4 y4 ");
    s1_bus_free(s.bus);
}

static void test_deferred_waits_for_the_next_tick(void **state)
{
    (void)state;
    stage s;
    ear now = {.name = 'n'}, later = {.name = 'd'}, after = {.name = 'D'};
    open_stage(&s, 8);
    listen(&s, &after, EVENT_A, 5, true);
    listen(&s, &later, EVENT_A, 0, true);
    listen(&s, &now, EVENT_A, 9, false);
    seal(&s);
    begin_tick(&s, 1);
    publish(&s, EVENT_A, "1");
    publish(&s, EVENT_A, "2");
    drain(&s);
    assert_string_equal(s.trace, "n1 n2 ");
    begin_tick(&s, 2);
    assert_string_equal(s.trace, "n1 n2 d1 D1 d2 D2 ");
    begin_tick(&s, 3);
    assert_string_equal(s.trace, "n1 n2 d1 D1 d2 D2 ");
    s1_bus_free(s.bus);
}

/* A deferred handler publishes: an ordinary listener hears it at once, a deferred one a tick on. */
static void test_deferral_inside_a_delivery(void **state)
{
    (void)state;
    stage s;
    ear loop = {.name = 'd', .publishes = true, .event = EVENT_A, .times = 2, .payload = "+"};
    ear other = {.name = 'e', .publishes = true, .event = EVENT_B, .times = 1, .payload = "!"};
    ear now = {.name = 'b'};
    open_stage(&s, 8);
    listen(&s, &loop, EVENT_A, 0, true);
    listen(&s, &other, EVENT_A, 1, true);
    listen(&s, &now, EVENT_B, 0, false);
    seal(&s);
    begin_tick(&s, 1);
    publish(&s, EVENT_A, "1");
    publish(&s, EVENT_A, "2");
    drain(&s);
    begin_tick(&s, 2);
    assert_string_equal(s.trace, "d1 e1 b! d2 e2 ");
    s.trace[0] = '\0';
    begin_tick(&s, 3);
    assert_string_equal(s.trace, "d+ e+ d+ e+ ");
    s.trace[0] = '\0';
    begin_tick(&s, 4);
    assert_string_equal(s.trace, "");
    s1_bus_free(s.bus);
}

static void test_full_ring_is_an_error(void **state)
{
    (void)state;
    stage s;
    ear a = {.name = 'a'};
    s1_err err = S1_ERR_INIT;
    open_stage(&s, 4);
    listen(&s, &a, EVENT_A, 0, false);
    seal(&s);
    for (int i = 0; i < 4; i++) {
        publish(&s, EVENT_A, NULL);
    }
    assert_int_equal(s1_bus_publish(s.bus, EVENT_A, NULL, &err), S1_E_NO_MEMORY);
    assert_string_equal(err.msg, "the bus holds 4 events, its limit");
    drain(&s); /* nothing was lost */
    assert_string_equal(s.trace, "a a a a ");
    publish(&s, EVENT_A, NULL);
    drain(&s);
    assert_string_equal(s.trace, "a a a a a ");
    s1_bus_free(s.bus);
}

static void test_too_many_deferred_is_an_error(void **state)
{
    (void)state;
    stage s;
    ear a = {.name = 'a'};
    s1_err err = S1_ERR_INIT;
    open_stage(&s, 2);
    listen(&s, &a, EVENT_A, 0, true);
    seal(&s);
    publish(&s, EVENT_A, "1");
    publish(&s, EVENT_A, "2");
    assert_int_equal(s1_bus_publish(s.bus, EVENT_A, NULL, &err), S1_E_NO_MEMORY);
    assert_string_equal(err.msg, "more than 2 events are deferred to one tick");
    begin_tick(&s, 1);
    assert_string_equal(s.trace, "a1 a2 ");
    s1_bus_free(s.bus);
}

/* An event nobody hears costs no place in the ring, but is counted. */
static void test_unheard_event_is_counted(void **state)
{
    (void)state;
    stage s;
    open_stage(&s, 2);
    seal(&s);
    for (int i = 0; i < 10; i++) {
        publish(&s, EVENT_B, NULL);
    }
    assert_int_equal(s1_bus_published(s.bus, EVENT_B), 10);
    assert_int_equal(s1_bus_published(s.bus, EVENT_A), 0);
    drain(&s);
    s1_bus_free(s.bus);
}

static void test_failing_handler_stops(void **state)
{
    (void)state;
    stage s;
    ear a = {.name = 'a', .fails = true}, b = {.name = 'b'};
    s1_err err = S1_ERR_INIT;
    open_stage(&s, 8);
    listen(&s, &a, EVENT_A, 0, false);
    listen(&s, &b, EVENT_A, 1, false);
    listen(&s, &b, EVENT_B, 0, false);
    seal(&s);
    publish(&s, EVENT_A, NULL);
    publish(&s, EVENT_B, NULL);
    assert_int_equal(s1_bus_drain(s.bus, &err), S1_E_PLUGIN);
    assert_string_equal(err.msg, "ear a hurts");
    assert_string_equal(s.trace, "a ");
    s1_bus_free(s.bus);
}

static void test_failing_deferred_handler_stops(void **state)
{
    (void)state;
    stage s;
    ear a = {.name = 'a', .fails = true}, b = {.name = 'b'};
    s1_err err = S1_ERR_INIT;
    open_stage(&s, 8);
    listen(&s, &a, EVENT_A, 0, true);
    listen(&s, &b, EVENT_A, 1, true);
    seal(&s);
    publish(&s, EVENT_A, NULL);
    assert_int_equal(s1_bus_begin_tick(s.bus, 1, &err), S1_E_PLUGIN);
    assert_string_equal(s.trace, "a ");
    s1_bus_free(s.bus);
}

static void test_unknown_event_number_is_refused(void **state)
{
    (void)state;
    stage s;
    s1_err err = S1_ERR_INIT;
    open_stage(&s, 2);
    const s1_bus_subscription subscription = {.event = 3, .handler = hear};
    assert_int_equal(s1_bus_subscribe(s.bus, &subscription, &err), S1_E_NOT_FOUND);
    assert_string_equal(err.msg, "no event of number 3");
    s1_bus_free(s.bus);
}

/* More publications than the counters of the ring can hold twice over a small ring: no slot is
 * mixed up. */
static void test_ring_wraps(void **state)
{
    (void)state;
    static const char *const digits[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    stage s;
    ear a = {.name = 'a'};
    open_stage(&s, 4);
    listen(&s, &a, EVENT_A, 0, false);
    seal(&s);
    for (int i = 0; i < 1000; i++) {
        s.trace[0] = '\0';
        publish(&s, EVENT_A, digits[i % 10]);
        publish(&s, EVENT_A, digits[(i + 1) % 10]);
        publish(&s, EVENT_A, digits[(i + 2) % 10]);
        drain(&s);
        char expected[16];
        (void)snprintf(expected, sizeof expected, "a%d a%d a%d ", i % 10, (i + 1) % 10,
                       (i + 2) % 10);
        assert_string_equal(s.trace, expected);
    }
    assert_int_equal(s1_bus_published(s.bus, EVENT_A), 3000);
    s1_bus_free(s.bus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_fifo_over_events),
        cmocka_unit_test(test_priority_then_order_of_subscription),
        cmocka_unit_test(test_runs_to_completion),
        cmocka_unit_test(test_deferred_waits_for_the_next_tick),
        cmocka_unit_test(test_deferral_inside_a_delivery),
        cmocka_unit_test(test_full_ring_is_an_error),
        cmocka_unit_test(test_too_many_deferred_is_an_error),
        cmocka_unit_test(test_unheard_event_is_counted),
        cmocka_unit_test(test_failing_handler_stops),
        cmocka_unit_test(test_failing_deferred_handler_stops),
        cmocka_unit_test(test_unknown_event_number_is_refused),
        cmocka_unit_test(test_ring_wraps),
    };
    return cmocka_run_group_tests_name("event_bus", tests, NULL, NULL);
}
