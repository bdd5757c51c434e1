/* fixed_rr_exit: targets by hand on both sides, and each reason to refuse. */
#include "tests/plugins/expect.h"

typedef struct target_case {
    const char *params;
    int32_t direction;
    const char *entry, *stop;
    const char *target, *code; /* one of them */
} target_case;

static void check(const target_case *c)
{
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const worker = s1_harness_add(h, "fixed_rr_exit", c->params);
    s1_harness_close(h, 1.1);
    s1_plan plan = {.entry_price = s1_harness_dec(c->entry), .stop_loss = s1_harness_dec(c->stop)};
    const s1_verdict verdict = expect_plan(h, worker, c->direction, &plan);
    if (c->target != NULL) {
        expect_passed(&verdict);
        EXPECT_DEC(plan.take_profit, c->target);
        EXPECT_DEC(plan.stop_loss, c->stop);
    } else {
        assert_true(verdict.is_rejected);
        expect_text(verdict.code, c->code);
        assert_true(s1_dec_is_zero(plan.take_profit));
    }
    s1_harness_free(h);
}

static void targets_by_hand(void **state)
{
    (void)state;
    const target_case cases[] = {
        /* 1.1 + 2 * (1.1 - 1.09754) */
        {NULL, S1_LONG, "1.1", "1.09754", "1.10492", NULL},
        /* 1.1 - 2 * (1.10246 - 1.1) */
        {NULL, S1_SHORT, "1.1", "1.10246", "1.09508", NULL},
        /* 1.1 + 1.5 * 0.00246 */
        {"{reward_risk: 1.5}", S1_LONG, "1.1", "1.09754", "1.10369", NULL},
        /* 1.1 + 1.25 * 0.00246 = 1.103075: half to the even tick */
        {"{reward_risk: 1.25}", S1_LONG, "1.1", "1.09754", "1.10308", NULL},
        /* SPEC WF05: entry 34500.50, stop 34200; 34500.5 + 2 * 300.5 */
        {NULL, S1_LONG, "34500.5", "34200", "35101.5", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check(&cases[i]);
    }
}

static void refuses_what_has_no_target(void **state)
{
    (void)state;
    const target_case cases[] = {
        {NULL, S1_LONG, "1.1", "0", NULL, "STOP_MISSING"},
        {NULL, S1_LONG, "1.1", "1.2", NULL, "STOP_INVALID"},
        {NULL, S1_SHORT, "1.1", "1.0", NULL, "STOP_INVALID"},
        {NULL, S1_LONG, "1.1", "1.1", NULL, "STOP_INVALID"},
        /* 1 - 2 * 0.6 is below zero */
        {NULL, S1_SHORT, "1", "1.6", NULL, "TARGET_INVALID"},
        /* 1.1 + 0.01 * 0.0001 is the entry again in ticks */
        {"{reward_risk: 0.01}", S1_LONG, "1.1", "1.0999", NULL, "TARGET_INVALID"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check(&cases[i]);
    }
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "fixed_rr_exit", "{reward_risk: 0}", "reward_risk");
    expect_refused(h, "fixed_rr_exit", "{reward_risk: -2}", "reward_risk");
    expect_refused(h, "fixed_rr_exit", "{reward_risk: two}", "reward_risk");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_by_hand),
        cmocka_unit_test(refuses_what_has_no_target),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("fixed_rr_exit", tests, NULL, NULL);
}
