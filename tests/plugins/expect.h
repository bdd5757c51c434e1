/* tests/plugins/expect.h - the assertions the plugins' tests share. */
#ifndef S1_TESTS_PLUGINS_EXPECT_H
#define S1_TESTS_PLUGINS_EXPECT_H

#include "tests/support/plugin_harness.h"

#include <math.h>
#include <string.h>

/* A decimal equals a text, as text. */
#define EXPECT_DEC(value, text) assert_string_equal(s1_harness_text(value), text)

/* A s1_str equals a literal. */
static inline void expect_text(s1_str value, const char *text)
{
    assert_int_equal(value.len, strlen(text));
    assert_memory_equal(value.ptr, text, value.len);
}

/* Two doubles are the same, or both are NaN. */
static inline void expect_same(double value, double expected)
{
    if (isnan(expected)) {
        assert_true(isnan(value));
    } else {
        assert_true(value == expected);
    }
}

/* Two doubles agree to `tolerance`. cmocka's own comparison is one of floats. */
static inline void expect_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance)) {
        fail_msg("found %.17g, expected %.17g within %g", value, expected, tolerance);
    }
}

/* The worker is refused at create with a message that holds `part`. */
static inline void expect_refused(s1_harness *h, const char *plugin, const char *params,
                                  const char *part)
{
    s1_harness_refuses(h, plugin, params, part);
}

/* A verdict that lets the plan pass. */
static inline void expect_passed(const s1_verdict *verdict)
{
    if (verdict->is_rejected) {
        fail_msg("rejected with %.*s", S1_STR_ARG(verdict->code));
    }
}

/* A verdict that refuses with a code and both numbers. */
static inline void expect_rejected(const s1_verdict *verdict, const char *code, double limit,
                                   double actual)
{
    assert_true(verdict->is_rejected);
    expect_text(verdict->code, code);
    if (isnan(limit)) {
        assert_true(isnan(verdict->limit));
    } else {
        expect_near(verdict->limit, limit, 1e-9);
    }
    if (isnan(actual)) {
        assert_true(isnan(verdict->actual));
    } else {
        expect_near(verdict->actual, actual, 1e-9);
    }
}

/* Plans a fresh signal of `direction` from `plan`'s prices. The call itself must not fail. */
static inline s1_verdict expect_plan(s1_harness *h, s1_worker *worker, int32_t direction,
                                     s1_plan *plan)
{
    const s1_signal signal = s1_harness_make_signal(h, direction);
    const s1_plan begun = s1_harness_make_plan(h, &signal);
    plan->size = begun.size;
    plan->direction = begun.direction;
    plan->trade_id = begun.trade_id;
    plan->opportunity_id = begun.opportunity_id;
    s1_verdict verdict;
    s1_err err = S1_ERR_INIT;
    if (s1_harness_plan(h, worker, &signal, plan, &verdict, &err) != S1_OK) {
        fail_msg("plan failed: %s", err.msg);
    }
    return verdict;
}

#endif /* S1_TESTS_PLUGINS_EXPECT_H */
