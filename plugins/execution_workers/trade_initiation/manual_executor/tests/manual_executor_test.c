/* manual_executor: nothing, everything, or what is listed by either id; what it notes. */
#include "s1mple/uid_text.h"
#include "tests/plugins/expect.h"

#define PLUGIN "manual_executor"

static s1_plan directive(s1_harness *h)
{
    const s1_signal signal = s1_harness_make_signal(h, S1_SHORT);
    s1_plan plan = s1_harness_make_plan(h, &signal);
    plan.entry_price = s1_harness_dec("1.1");
    plan.stop_loss = s1_harness_dec("1.15");
    plan.quantity = s1_harness_dec("25");
    return plan;
}

static void execute(s1_harness *h, s1_worker *executor, const s1_plan *plan)
{
    s1_err err = S1_ERR_INIT;
    if (s1_harness_execute(h, executor, S1_ON_PLAN_APPROVED, plan, NULL, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
}

static void none_and_all(void **state)
{
    (void)state;
    const char *const params[] = {NULL, "{approve: all}"};
    for (uint32_t k = 0; k < 2; k++) {
        s1_harness *const h = s1_harness_new(NULL);
        s1_worker *const executor = s1_harness_add(h, PLUGIN, params[k]);
        s1_harness_close(h, 1.1);
        const s1_plan plan = directive(h);
        execute(h, executor, &plan);
        assert_int_equal(s1_harness_order_count(h), k);
        assert_int_equal(s1_harness_note_count(h, "journal"), 1 - k);
        if (k == 1) {
            assert_int_equal(s1_harness_order_at(h, 0)->kind, S1_HARNESS_SUBMIT);
            EXPECT_DEC(s1_harness_order_at(h, 0)->directive.quantity, "25");
        }
        s1_harness_free(h);
    }
}

static void tells_what_is_held(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const executor = s1_harness_add(h, PLUGIN, NULL);
    s1_harness_close(h, 1.1);
    const s1_plan plan = directive(h);
    execute(h, executor, &plan);
    const s1_harness_note *const note = s1_harness_note_at(h, "journal", 0);
    expect_text(note->name, "MANUAL_APPROVAL_MISSING");
    char expected[512];
    char opportunity[S1_UID_WRITTEN];
    char trade[S1_UID_WRITTEN];
    s1_uid_write(opportunity, plan.opportunity_id.uid);
    s1_uid_write(trade, plan.trade_id.uid);
    (void)snprintf(expected, sizeof expected,
                   "{\"opportunity_id\":\"%.36s\",\"trade_id\":\"%.36s\",\"direction\":\"SHORT\","
                   "\"quantity\":\"25\",\"entry_price\":\"1.1\",\"stop_loss\":\"1.15\","
                   "\"take_profit\":\"0\"}",
                   opportunity, trade);
    expect_text(note->text, expected);
    s1_harness_free(h);
}

/* The ids of one run, as text, approve the same directives in the next: by opportunity and by
 * trade. */
static void what_is_listed(void **state)
{
    (void)state;
    char params[512];
    char first[S1_UID_WRITTEN];
    char third[S1_UID_WRITTEN];
    s1_harness *h = s1_harness_new(NULL);
    s1_harness_close(h, 1.1);
    const s1_plan seen[] = {directive(h), directive(h), directive(h)};
    s1_uid_write(first, seen[0].opportunity_id.uid);
    s1_uid_write(third, seen[2].trade_id.uid);
    s1_harness_free(h);
    (void)snprintf(params, sizeof params,
                   "{approve: listed, approved: [\"%.36s\", \"%.36s\", "
                   "\"00000000-0000-0000-0000-000000000001\"]}",
                   third, first);
    h = s1_harness_new(NULL);
    s1_worker *const executor = s1_harness_add(h, PLUGIN, params);
    s1_harness_close(h, 1.1);
    for (size_t i = 0; i < 3; i++) {
        const s1_plan plan = directive(h);
        assert_memory_equal(&plan.trade_id, &seen[i].trade_id, sizeof plan.trade_id);
        execute(h, executor, &plan);
        expect_text(s1_harness_note_at(h, "journal", (uint32_t)i)->name,
                    i == 1 ? "MANUAL_APPROVAL_MISSING" : "MANUAL_APPROVAL_USED");
    }
    assert_int_equal(s1_harness_order_count(h), 2);
    assert_memory_equal(&s1_harness_order_at(h, 1)->trade_id, &seen[2].trade_id,
                        sizeof(s1_trade_id));
    s1_harness_free(h);
}

static void other_triggers_do_nothing(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const executor = s1_harness_add(h, PLUGIN, "{approve: all}");
    s1_harness_close(h, 1.1);
    const s1_plan plan = directive(h);
    const int32_t triggers[] = {S1_ON_CONTEXT_READY, S1_ON_SIGNAL_GENERATED, S1_ON_POSITION_CLOSED};
    for (size_t i = 0; i < sizeof triggers / sizeof triggers[0]; i++) {
        s1_err err = S1_ERR_INIT;
        assert_int_equal(s1_harness_execute(h, executor, triggers[i], &plan, NULL, &err), S1_OK);
        assert_int_equal(s1_harness_execute(h, executor, triggers[i], NULL, NULL, &err), S1_OK);
    }
    assert_int_equal(s1_harness_order_count(h), 0);
    assert_int_equal(s1_harness_note_count(h, "journal"), 0);
    s1_harness_free(h);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, PLUGIN, "{approve: some}", "approve");
    expect_refused(h, PLUGIN, "{approve: listed}", "approved");
    expect_refused(h, PLUGIN, "{approved: [\"00000000-0000-0000-0000-000000000001\"]}", "beside");
    expect_refused(h, PLUGIN, "{approve: listed, approved: [\"12\"]}", "'12'");
    expect_refused(h, PLUGIN,
                   "{approve: listed, approved: [\"00000000-0000-0000-0000-00000000000G\"]}",
                   "expected the id");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none_and_all),           cmocka_unit_test(tells_what_is_held),
        cmocka_unit_test(what_is_listed),         cmocka_unit_test(other_triggers_do_nothing),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("manual_executor", tests, NULL, NULL);
}
