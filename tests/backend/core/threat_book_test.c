/* Episodes of threats: raised, updated, cleared, in blueprint order, the platform's last. */
#include "backend/core/threat_book.h"

#include "backend/dtos/enums.h"
#include "backend/utils/uid.h"
#include "tests/backend/operators/kernel_fixture.h"

static const s1_worker_ops ops = {.size = sizeof ops, .type = S1_WORKER_THREAT};

typedef struct scene {
    kernel *k;
    s1_worker drawdown, volatility;
} scene;

static scene scene_new(void)
{
    kernel *const k = kernel_new();
    return (scene){.k = k,
                   .drawdown = kernel_worker(k, &ops, NULL, "drawdown", S1_SUBTYPE_PORTFOLIO_RISK),
                   .volatility = kernel_worker(k, &ops, NULL, "vola", S1_SUBTYPE_MARKET_RISK)};
}

/* Reports as worker `order` (0 drawdown, 1 volatility). */
static s1_rc report(scene *s, uint32_t order, const char *type, const char *key, int32_t severity,
                    s1_threat_id *ret_id, s1_err *err)
{
    const s1_threat_report what = {.size = sizeof what,
                                   .severity = severity,
                                   .key = {key, strlen(key)},
                                   .threat_type = {type, strlen(type)}};
    s1_threat_book *const book = &s->k->threats;
    book->worker = order == 0 ? &s->drawdown : &s->volatility;
    book->order = order;
    return book->sink.report(book->sink.self, &what, ret_id, err);
}

static void close_tick(scene *s)
{
    MUST(s1_threat_book_close_tick(&s->k->threats, err));
}

static const s1_threat *threat_at(const scene *s, uint32_t index)
{
    return s1_threat_list_at(&s->k->threats.list, index);
}

static void test_life_of_an_episode(void **state)
{
    (void)state;
    scene s = scene_new();
    s1_threat_id raised, again, updated, second;
    kernel_tick(s.k, 100);
    MUST(report(&s, 0, "MAX_DRAWDOWN", "", S1_SEVERITY_HIGH, &raised, err));
    close_tick(&s);
    assert_int_equal(s.k->threats.list.count, 1);
    assert_int_equal(threat_at(&s, 0)->is_new, 1);
    ASSERT_HOLDS(tape_only(&s.k->tape, "THREAT_DETECTED"),
                 "\"details\":{\"threat_type\":\"MAX_DRAWDOWN\",\"category\":\"PORTFOLIO_RISK\","
                 "\"severity\":\"HIGH\",\"key\":\"\",\"details\":{}}");
    /* The same again: still the episode, and not a word in the journal. */
    kernel_tick(s.k, 100);
    MUST(report(&s, 0, "MAX_DRAWDOWN", "", S1_SEVERITY_HIGH, &again, err));
    close_tick(&s);
    assert_true(s1_uid_eq(raised.uid, again.uid));
    assert_int_equal(threat_at(&s, 0)->is_new, 0);
    assert_int_equal(threat_at(&s, 0)->raised_at, KERNEL_HOUR);
    assert_int_equal(threat_at(&s, 0)->updated_at, 2 * KERNEL_HOUR);
    assert_int_equal(s.k->tape.count, 1);
    /* Another severity. */
    kernel_tick(s.k, 100);
    MUST(report(&s, 0, "MAX_DRAWDOWN", "", S1_SEVERITY_CRITICAL, &updated, err));
    close_tick(&s);
    assert_true(s1_uid_eq(raised.uid, updated.uid));
    assert_int_equal(threat_at(&s, 0)->severity, S1_SEVERITY_CRITICAL);
    ASSERT_HOLDS(tape_only(&s.k->tape, "THREAT_UPDATED"), "\"severity\":\"CRITICAL\"");
    /* Silence. */
    kernel_tick(s.k, 100);
    close_tick(&s);
    assert_int_equal(s.k->threats.list.count, 0);
    ASSERT_HOLDS(tape_only(&s.k->tape, "THREAT_CLEARED"), "\"duration_bars\":3");
    assert_int_equal(s.k->tape.count, 3);
    /* A new episode of the same threat has an id of its own. */
    kernel_tick(s.k, 100);
    MUST(report(&s, 0, "MAX_DRAWDOWN", "", S1_SEVERITY_HIGH, &second, err));
    assert_false(s1_uid_eq(raised.uid, second.uid));
    assert_int_equal(s.k->threats.total, 2);
    kernel_free(s.k);
}

/* Moments at which only other streams closed a bar do not make an episode longer. */
static void test_duration_is_in_bars(void **state)
{
    (void)state;
    scene s = scene_new();
    kernel_tick(s.k, 100);
    MUST(report(&s, 0, "X", "", S1_SEVERITY_LOW, NULL, err));
    close_tick(&s);
    for (int i = 1; i <= 11; i++) {
        s1_trading_context_begin_tick(s.k->context, KERNEL_HOUR + i);
    }
    kernel_tick(s.k, 100);
    close_tick(&s);
    ASSERT_HOLDS(tape_only(&s.k->tape, "THREAT_CLEARED"), "\"duration_bars\":1");
    kernel_free(s.k);
}

/* The list stands in blueprint order, whoever spoke first; one worker's episodes by their age. */
static void test_order_and_keys(void **state)
{
    (void)state;
    scene s = scene_new();
    kernel_tick(s.k, 100);
    MUST(s1_threat_book_report_platform(&s.k->threats, S1_STR("WORKER_FAILED"), S1_STR("w"),
                                        S1_STR("boom"), err));
    MUST(report(&s, 1, "SPIKE", "b", S1_SEVERITY_LOW, NULL, err));
    MUST(report(&s, 1, "SPIKE", "a", S1_SEVERITY_LOW, NULL, err));
    MUST(report(&s, 0, "MAX_DRAWDOWN", "", S1_SEVERITY_LOW, NULL, err));
    close_tick(&s);
    assert_int_equal(s.k->threats.list.count, 4);
    const char *const workers[] = {"drawdown", "vola", "vola", "platform"};
    const char *const keys[] = {"", "b", "a", "w"};
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(threat_at(&s, i)->worker.len, strlen(workers[i]));
        assert_memory_equal(threat_at(&s, i)->worker.ptr, workers[i], strlen(workers[i]));
        assert_int_equal(threat_at(&s, i)->key.len, strlen(keys[i]));
        assert_memory_equal(threat_at(&s, i)->key.ptr, keys[i], strlen(keys[i]));
    }
    assert_int_equal(tape_count(&s.k->tape, "\"category\":\"SYSTEM_HEALTH\"",
                                "\"details\":{\"message\":\"boom\"}"),
                     1);
    assert_int_equal(
        tape_count(&s.k->tape, "\"category\":\"MARKET_RISK\"", TYPE("THREAT_DETECTED")), 2);
    /* The first ones fall silent: the others move up with their texts. */
    kernel_tick(s.k, 100);
    MUST(report(&s, 1, "SPIKE", "a", S1_SEVERITY_LOW, NULL, err));
    close_tick(&s);
    assert_int_equal(s.k->threats.list.count, 1);
    assert_memory_equal(threat_at(&s, 0)->key.ptr, "a", 1);
    assert_memory_equal(threat_at(&s, 0)->threat_type.ptr, "SPIKE", 5);
    assert_int_equal(tape_count(&s.k->tape, TYPE("THREAT_CLEARED"), ""), 3);
    kernel_free(s.k);
}

/* What fails after the list was handed out (planning, execution) is seen by the next tick. */
static void test_late_platform_threat_is_held_over(void **state)
{
    (void)state;
    scene s = scene_new();
    kernel_tick(s.k, 100);
    close_tick(&s);
    MUST(s1_threat_book_report_platform(&s.k->threats, S1_STR("WORKER_FAILED"), S1_STR("sizer"),
                                        S1_STR("no size"), err));
    kernel_tick(s.k, 100);
    close_tick(&s);
    assert_int_equal(s.k->threats.list.count, 1); /* seen */
    kernel_tick(s.k, 100);
    close_tick(&s);
    assert_int_equal(s.k->threats.list.count, 0); /* recovered */
    assert_int_equal(tape_count(&s.k->tape, TYPE("THREAT_CLEARED"), "\"duration_bars\":2"), 1);
    kernel_free(s.k);
}

/* One that fails every tick is one episode. */
static void test_failing_on_is_one_episode(void **state)
{
    (void)state;
    scene s = scene_new();
    for (int i = 0; i < 5; i++) {
        kernel_tick(s.k, 100);
        close_tick(&s);
        MUST(s1_threat_book_report_platform(&s.k->threats, S1_STR("WORKER_FAILED"), S1_STR("w"),
                                            S1_STR("again"), err));
    }
    assert_int_equal(s.k->threats.total, 1);
    assert_int_equal(s.k->tape.count, 1);
    kernel_free(s.k);
}

static void test_ids_repeat_in_a_second_run(void **state)
{
    (void)state;
    s1_threat_id first[2][3];
    for (int run = 0; run < 2; run++) {
        scene s = scene_new();
        for (int i = 0; i < 3; i++) {
            kernel_tick(s.k, 100);
            MUST(report(&s, 0, "X", "", S1_SEVERITY_LOW, &first[run][i], err));
            close_tick(&s);
            kernel_tick(s.k, 100);
            close_tick(&s);
        }
        kernel_free(s.k);
    }
    assert_memory_equal(first[0], first[1], sizeof first[0]);
    assert_false(s1_uid_eq(first[0][0].uid, first[0][1].uid));
    assert_false(s1_uid_eq(first[0][1].uid, first[0][2].uid));
}

static void test_refusals(void **state)
{
    (void)state;
    scene s = scene_new();
    char name[S1_THREAT_TYPE_MAX + 1];
    memset(name, 'N', sizeof name);
    name[S1_THREAT_TYPE_MAX] = '\0';
    kernel_tick(s.k, 100);
    FAILS(report(&s, 0, "X", "", 0, NULL, err), S1_E_INVALID,
          "severity 0, expected S1_SEVERITY_LOW to _CRITICAL");
    FAILS(report(&s, 0, "X", "", 5, NULL, err), S1_E_INVALID, "severity 5");
    FAILS(report(&s, 0, "", "k", S1_SEVERITY_LOW, NULL, err), S1_E_INVALID,
          "threat_type '' with key 'k': expected 1 to 63 and at most 63 bytes");
    FAILS(report(&s, 0, name, "", S1_SEVERITY_LOW, NULL, err), S1_E_INVALID, "expected 1 to 63");
    FAILS(report(&s, 0, "X", name, S1_SEVERITY_LOW, NULL, err), S1_E_INVALID, "at most 63 bytes");
    name[S1_THREAT_TYPE_MAX - 1] = '\0';
    MUST(report(&s, 0, name, name, S1_SEVERITY_LOW, NULL, err));
    const s1_threat_report wordy = {.size = sizeof wordy,
                                    .severity = S1_SEVERITY_LOW,
                                    .threat_type = S1_STR("X"),
                                    .detail_count = S1_FIELDS_MAX + 1};
    FAILS(s.k->threats.sink.report(s.k->threats.sink.self, &wordy, NULL, err), S1_E_INVALID,
          "17 details of a threat, expected at most 16");
    kernel_free(s.k);
}

static void test_limit(void **state)
{
    (void)state;
    scene s = scene_new();
    kernel_tick(s.k, 100);
    for (uint32_t i = 0; i < KERNEL_CAPACITY; i++) {
        const char key[] = {(char)('a' + i), '\0'};
        MUST(report(&s, 0, "X", key, S1_SEVERITY_LOW, NULL, err));
    }
    FAILS(report(&s, 0, "X", "z", S1_SEVERITY_LOW, NULL, err), S1_E_NO_MEMORY,
          "more than 8 active threats (limits.active_threats_max)");
    MUST(report(&s, 0, "X", "a", S1_SEVERITY_HIGH, NULL, err)); /* an old one still updates */
    kernel_free(s.k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life_of_an_episode),
        cmocka_unit_test(test_duration_is_in_bars),
        cmocka_unit_test(test_order_and_keys),
        cmocka_unit_test(test_late_platform_threat_is_held_over),
        cmocka_unit_test(test_failing_on_is_one_episode),
        cmocka_unit_test(test_ids_repeat_in_a_second_run),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_limit),
    };
    return cmocka_run_group_tests_name("threat_book", tests, NULL, NULL);
}
