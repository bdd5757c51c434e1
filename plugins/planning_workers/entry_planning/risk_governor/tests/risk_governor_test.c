/* risk_governor: what refuses and what does not, and what is noted. */
#include "tests/plugins/expect.h"

static s1_verdict judge(s1_harness *h, s1_worker *governor)
{
    s1_plan plan = {0};
    return expect_plan(h, governor, S1_LONG, &plan);
}

static void passes_without_threats(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const governor = s1_harness_add(h, "risk_governor", NULL);
    s1_harness_close(h, 1.1);
    const s1_verdict verdict = judge(h, governor);
    expect_passed(&verdict);
    assert_int_equal(s1_harness_note_count(h, "journal"), 0);
    s1_harness_free(h);
}

/* The default refuses on any threat; the gravest is named, the first of equals. */
static void refuses_on_the_gravest(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const governor = s1_harness_add(h, "risk_governor", NULL);
    s1_harness_close(h, 1.1);
    s1_harness_threat(h, "VOLATILITY_SPIKE", "MARKET_RISK", S1_SEVERITY_LOW);
    s1_verdict verdict = judge(h, governor);
    expect_rejected(&verdict, "THREAT_ACTIVE", S1_SEVERITY_LOW, S1_SEVERITY_LOW);
    s1_harness_threat(h, "MAX_DRAWDOWN_BREACHED", "PORTFOLIO_RISK", S1_SEVERITY_HIGH);
    s1_harness_threat(h, "NEWS_EVENT", "EXTERNAL_EVENT", S1_SEVERITY_HIGH);
    verdict = judge(h, governor);
    expect_rejected(&verdict, "THREAT_ACTIVE", S1_SEVERITY_LOW, S1_SEVERITY_HIGH);
    const s1_threat *const second = s1_threat_list_at(s1_harness_threats(h), 1);
    assert_memory_equal(&verdict.threat_id, &second->threat_id, sizeof verdict.threat_id);
    s1_harness_free(h);
}

static void min_severity_is_a_line(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const governor = s1_harness_add(h, "risk_governor", "{min_severity: HIGH}");
    s1_harness_close(h, 1.1);
    s1_harness_threat(h, "VOLATILITY_SPIKE", "MARKET_RISK", S1_SEVERITY_MEDIUM);
    s1_verdict verdict = judge(h, governor);
    expect_passed(&verdict);
    s1_harness_threat(h, "VOLATILITY_SPIKE", "MARKET_RISK", S1_SEVERITY_HIGH);
    verdict = judge(h, governor);
    expect_rejected(&verdict, "THREAT_ACTIVE", S1_SEVERITY_HIGH, S1_SEVERITY_HIGH);
    s1_harness_free(h);
}

static void only_listed_types_refuse(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const governor =
        s1_harness_add(h, "risk_governor", "{threat_types: [NEWS_EVENT, MAX_DRAWDOWN_BREACHED]}");
    s1_harness_close(h, 1.1);
    s1_harness_threat(h, "VOLATILITY_SPIKE", "MARKET_RISK", S1_SEVERITY_CRITICAL);
    s1_verdict verdict = judge(h, governor);
    expect_passed(&verdict);
    s1_harness_threat(h, "MAX_DRAWDOWN_BREACHED", "PORTFOLIO_RISK", S1_SEVERITY_LOW);
    verdict = judge(h, governor);
    expect_rejected(&verdict, "THREAT_ACTIVE", S1_SEVERITY_LOW, S1_SEVERITY_LOW);
    s1_harness_free(h);
}

/* SPEC D19: {opportunity_id, threat_id, reason} stands in the journal. */
static void notes_what_it_refused(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const governor = s1_harness_add(h, "risk_governor", NULL);
    s1_harness_close(h, 1.1);
    s1_harness_threat(h, "A\"B\\C", "MARKET_RISK", S1_SEVERITY_CRITICAL);
    const s1_verdict verdict = judge(h, governor);
    assert_true(verdict.is_rejected);
    assert_int_equal(s1_harness_note_count(h, "journal"), 1);
    const s1_harness_note *const note = s1_harness_note_at(h, "journal", 0);
    expect_text(note->name, "GOVERNOR_REFUSED");
    char text[512];
    assert_true(note->text.len < sizeof text);
    memcpy(text, note->text.ptr, note->text.len);
    text[note->text.len] = '\0';
    assert_non_null(strstr(text, "{\"opportunity_id\":\""));
    assert_non_null(strstr(text, "\",\"threat_id\":\""));
    assert_non_null(strstr(text, "\",\"reason\":\"ABC is CRITICAL\"}"));
    s1_harness_free(h);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "risk_governor", "{min_severity: SEVERE}", "min_severity");
    expect_refused(h, "risk_governor", "{threat_types: 3}", "threat_types");
    expect_refused(h, "risk_governor",
                   "{threat_types: [a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,"
                   "a,a]}",
                   "33 threat_types");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_without_threats), cmocka_unit_test(refuses_on_the_gravest),
        cmocka_unit_test(min_severity_is_a_line), cmocka_unit_test(only_listed_types_refuse),
        cmocka_unit_test(notes_what_it_refused),  cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("risk_governor", tests, NULL, NULL);
}
