/* trailing_stop: distances, first stops and activations by hand, and each reason to refuse. */
#include "tests/plugins/expect.h"

typedef struct trail_case {
    const char *params;
    int32_t direction;
    const char *entry, *stop;                                       /* stop "0": none was planned */
    const char *want_stop, *want_percent, *want_amount, *want_from; /* NULL: refused with */
    const char *code;
} trail_case;

static void check(const trail_case *c)
{
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const worker = s1_harness_add(h, "trailing_stop", c->params);
    s1_harness_close(h, 1.1);
    s1_plan plan = {.entry_price = s1_harness_dec(c->entry), .stop_loss = s1_harness_dec(c->stop)};
    const s1_verdict verdict = expect_plan(h, worker, c->direction, &plan);
    if (c->code == NULL) {
        expect_passed(&verdict);
        EXPECT_DEC(plan.stop_loss, c->want_stop);
        EXPECT_DEC(plan.trail_percent, c->want_percent);
        EXPECT_DEC(plan.trail_amount, c->want_amount);
        EXPECT_DEC(plan.trail_activation, c->want_from);
    } else {
        assert_true(verdict.is_rejected);
        expect_text(verdict.code, c->code);
    }
    s1_harness_free(h);
}

static void distances_by_hand(void **state)
{
    (void)state;
    const trail_case cases[] = {
        {NULL, S1_LONG, "1.1", "0", "1.078", "2", "0", "0", NULL},
        {NULL, S1_SHORT, "1.1", "0", "1.122", "2", "0", "0", NULL},
        /* 1.12345 * 0.98 = 1.100981: to the tick away from the entry */
        {NULL, S1_LONG, "1.12345", "0", "1.10098", "2", "0", "0", NULL},
        {NULL, S1_SHORT, "1.12345", "0", "1.14592", "2", "0", "0", NULL},
        /* a planned stop stays */
        {NULL, S1_LONG, "1.1", "1.09", "1.09", "2", "0", "0", NULL},
        {"{trail_by: stop}", S1_LONG, "1.1", "1.09754", "1.09754", "0", "0.00246", "0", NULL},
        {"{trail_by: stop}", S1_SHORT, "1.1", "1.10246", "1.10246", "0", "0.00246", "0", NULL},
        {"{trail_by: amount, trail_amount: \"0.01\"}", S1_LONG, "1.1", "0", "1.09", "0", "0.01",
         "0", NULL},
        /* less than a tick is one */
        {"{trail_by: amount, trail_amount: \"0.000001\"}", S1_SHORT, "1.1", "0", "1.10001", "0",
         "0.00001", "0", NULL},
        {"{activate_after_percent: \"1\"}", S1_LONG, "1.1", "0", "1.078", "2", "0", "1.111", NULL},
        {"{activate_after_percent: \"1\"}", S1_SHORT, "1.1", "0", "1.122", "2", "0", "1.089", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check(&cases[i]);
    }
}

static void refuses_what_is_no_stop(void **state)
{
    (void)state;
    const trail_case cases[] = {
        {"{trail_by: stop}", S1_LONG, "1.1", "0", .code = "STOP_MISSING"},
        {"{trail_by: stop}", S1_LONG, "1.1", "1.2", .code = "STOP_INVALID"},
        {NULL, S1_SHORT, "1.1", "1.0", .code = "STOP_INVALID"},
        {"{trail_by: amount, trail_amount: \"2\"}", S1_LONG, "1.1", "0", .code = "STOP_INVALID"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check(&cases[i]);
    }
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "trailing_stop", "{trail_by: amount}", "trail_amount");
    expect_refused(h, "trailing_stop", "{trail_percent: \"100\"}", "trail_percent");
    expect_refused(h, "trailing_stop", "{trail_by: wish}", "trail_by");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_by_hand),
        cmocka_unit_test(refuses_what_is_no_stop),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("trailing_stop", tests, NULL, NULL);
}
