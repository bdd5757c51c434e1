/* atr_based_stops: stops by hand on both sides, rounding, and each reason to refuse. */
#include "tests/plugins/expect.h"

typedef struct stop_case {
    int32_t direction;
    double atr;
    const char *entry, *stop; /* stop NULL: refused */
} stop_case;

static void check(const char *params, const stop_case *c)
{
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_feed(h, "atr_14");
    s1_worker *const stops = s1_harness_add(h, "atr_based_stops", params);
    s1_harness_set(h, "atr_14", c->atr);
    s1_harness_close(h, 1.1);
    s1_plan plan = {.entry_price = s1_harness_dec(c->entry), .entry_type = S1_ORDER_MARKET};
    const s1_verdict verdict = expect_plan(h, stops, c->direction, &plan);
    if (c->stop != NULL) {
        expect_passed(&verdict);
        EXPECT_DEC(plan.stop_loss, c->stop);
    } else {
        assert_true(verdict.is_rejected);
        expect_text(verdict.code, "STOP_INVALID");
        assert_true(s1_dec_is_zero(plan.stop_loss));
    }
    s1_harness_free(h);
}

static void stops_by_hand(void **state)
{
    (void)state;
    const stop_case cases[] = {
        {S1_LONG, 0.00123, "1.1", "1.09754"},      /* 1.1 - 2 * 0.00123 */
        {S1_SHORT, 0.00123, "1.1", "1.10246"},     /* 1.1 + 2 * 0.00123 */
        {S1_LONG, 0.0012345, "1.1", "1.09753"},    /* 0.002469 is 0.00247 in ticks */
        {S1_LONG, 0.00123, "1.100004", "1.09754"}, /* an entry between two ticks: away from it */
        {S1_SHORT, 0.00123, "1.100004", "1.10247"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check(NULL, &cases[i]);
    }
    check("{multiple: 0.5}", &(stop_case){S1_LONG, 0.002, "1.1", "1.099"});
}

static void refuses_what_is_no_stop(void **state)
{
    (void)state;
    const stop_case cases[] = {
        {S1_LONG, NAN, "1.1", NULL},      /* no range yet */
        {S1_LONG, 0.0, "1.1", NULL},      /* no range at all */
        {S1_LONG, 0.000001, "1.1", NULL}, /* less than a tick */
        {S1_LONG, 0.55, "1.1", NULL},     /* at zero */
        {S1_LONG, 9.0, "1.1", NULL},      /* below zero */
        {S1_LONG, 0.001, "0", NULL},      /* no entry planned */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check(NULL, &cases[i]);
    }
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "atr_based_stops", NULL, "atr_14");
    s1_harness_feed(h, "atr_14");
    expect_refused(h, "atr_based_stops", "{multiple: 0}", "multiple");
    expect_refused(h, "atr_based_stops", "{atr_period: 7}", "atr_7");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stops_by_hand),
        cmocka_unit_test(refuses_what_is_no_stop),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("atr_based_stops", tests, NULL, NULL);
}
