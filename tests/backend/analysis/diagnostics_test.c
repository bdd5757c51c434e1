#include "backend/analysis/diagnostics.h"

#include "backend/dtos/execution/order.h"
#include "tests/support/cmocka.h"

#include <math.h>
#include <string.h>

#define HOUR  (3600 * S1_NANOS_PER_SECOND)
#define BARS  2000u
#define COUNT 40u

/* A run in which nothing is to be remarked: every test spoils one thing. */
typedef struct run {
    s1_nanos time[BARS];
    s1_dec equity[BARS];
    double close[BARS], high[BARS], low[BARS];
    s1_trade_record trades[COUNT];
    size_t trade_count;
    s1_run_manifest manifest;
    uint64_t parameter_count;
} run;

static s1_dec dec(const char *text)
{
    s1_dec value;
    assert_int_equal(s1_dec_parse(s1_str_of(text), &value, NULL), S1_OK);
    return value;
}

static void fill(run *r)
{
    *r = (run){.trade_count = COUNT, .parameter_count = 3};
    for (size_t i = 0; i < BARS; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "%d", 10000 + (int)(i % 50) + (int)(i / 50));
        r->time[i] = (s1_nanos)(i + 1) * HOUR;
        r->equity[i] = dec(text);
        r->close[i] = 100.0;
        r->high[i] = 101.0;
        r->low[i] = 99.0;
    }
    for (size_t i = 0; i < COUNT; i++) {
        const size_t row = i * 40;
        r->trades[i] = (s1_trade_record){.direction = S1_LONG,
                                         .quantity = dec("1"),
                                         .entry_price = dec("100"),
                                         .exit_price = dec(i % 2 == 0 ? "103" : "98"),
                                         .fees = dec("0.1"),
                                         .pnl = dec(i % 2 == 0 ? "2.9" : "-2.1"),
                                         .entry_time = r->time[row] - HOUR,
                                         .exit_time = r->time[row + 5] - HOUR / 2,
                                         .entry_row = row,
                                         .exit_row = row + 5};
    }
    r->manifest = (s1_run_manifest){
        .ticks = BARS, .opportunities = 60, .approved = COUNT, .orders = 120, .fills = 80};
}

static s1_diagnoses look(const run *r)
{
    s1_statistics statistics;
    s1_statistics_tables tables;
    s1_diagnoses found;
    const s1_run_series series = {BARS, r->time, r->equity, r->close, NULL, r->high, r->low, NULL};
    const s1_statistics_input input = {.series = series,
                                       .trades = r->trades,
                                       .trade_count = r->trade_count,
                                       .initial_capital = dec("10000")};
    assert_int_equal(s1_statistics_compute(&input, &statistics, &tables, NULL), S1_OK);
    s1_diagnostics_find(&(s1_diagnostics_input){.manifest = &r->manifest,
                                                .statistics = &statistics,
                                                .tables = &tables,
                                                .series = &series,
                                                .trades = r->trades,
                                                .trade_count = r->trade_count,
                                                .parameter_count = r->parameter_count},
                        &found);
    s1_statistics_tables_free(&tables);
    return found;
}

/* The only finding, and its numbers. */
static void assert_finds(const run *r, const char *name, uint64_t count, uint64_t of)
{
    const s1_diagnoses found = look(r);
    if (found.count != 1 || strcmp(s1_diagnosis_name(found.items[0].code), name) != 0) {
        for (size_t i = 0; i < found.count; i++) {
            print_message("found %s\n", s1_diagnosis_name(found.items[i].code));
        }
        fail_msg("expected %s alone", name);
    }
    assert_int_equal(found.items[0].count, count);
    assert_int_equal(found.items[0].of, of);
}

static void a_run_without_fault_has_no_finding(void **state)
{
    (void)state;
    static run r;
    fill(&r);
    assert_int_equal(look(&r).count, 0);
}

static void no_trades_and_why(void **state)
{
    (void)state;
    static run r;
    fill(&r);
    r.trade_count = 0;
    r.manifest.opportunities = 0;
    assert_finds(&r, "no_opportunities", 0, BARS);
    r.manifest = (s1_run_manifest){
        .opportunities = 9, .rejected = 9, .rejected_entry = 2, .rejected_governor = 7};
    assert_finds(&r, "all_refused", 9, 9);
    assert_string_equal(look(&r).items[0].detail, "governor");
    r.manifest = (s1_run_manifest){.opportunities = 9, .orders = 4};
    assert_finds(&r, "nothing_filled", 0, 4);
    r.manifest =
        (s1_run_manifest){.opportunities = 9, .orders = 4, .fills = 1, .open_positions = 1};
    assert_finds(&r, "never_closed", 1, 1);
}

static void too_few_trades(void **state)
{
    (void)state;
    static run r;
    fill(&r);
    r.trade_count = 29;
    r.parameter_count = 2;
    assert_finds(&r, "few_trades", 29, 0);
    r.trade_count = 30;
    assert_int_equal(look(&r).count, 0);
}

static void parameters_against_trades(void **state)
{
    (void)state;
    static run r;
    fill(&r);
    r.parameter_count = 4;
    assert_int_equal(look(&r).count, 0);
    r.parameter_count = 5;
    assert_finds(&r, "parameters", 5, COUNT);
}

static void one_trade_carries_the_profit(void **state)
{
    (void)state;
    static run r;
    fill(&r);
    for (size_t i = 0; i < COUNT; i++) {
        r.trades[i].pnl = dec(i == 0 ? "60" : i % 2 == 0 ? "2" : "-2.5");
    }
    assert_finds(&r, "one_trade", 1, COUNT);
    assert_true(look(&r).items[0].value > 1.0);
}

static void costs(void **state)
{
    (void)state;
    static run r;
    fill(&r);
    for (size_t i = 0; i < COUNT; i++) {
        r.trades[i].fees = dec("1");
    }
    assert_finds(&r, "costs", COUNT, COUNT);
    assert_true(fabs(look(&r).items[0].value - 40.0 / (20.0 * 3.9)) < 1e-12);
}

static void stop_and_target_in_one_bar(void **state)
{
    (void)state;
    static run r;
    fill(&r);
    r.manifest.ambiguous_bars = 3;
    assert_finds(&r, "stop_and_target", 3, COUNT);
}

static void fills_on_stale_data(void **state)
{
    (void)state;
    static run r;
    fill(&r);
    for (size_t i = 40; i < BARS; i++) {
        r.time[i] += 5 * HOUR;
    }
    for (size_t i = 1; i < COUNT; i++) {
        r.trades[i].entry_time += 5 * HOUR;
        r.trades[i].exit_time += 5 * HOUR;
    }
    assert_finds(&r, "stale_gap", 1, 2 * COUNT);
    fill(&r);
    r.high[80] = r.low[80] = 100.0;
    r.high[85] = r.low[85] = 98.0;
    assert_finds(&r, "stale_flat", 2, 2 * COUNT);
}

static void fills_at_the_close_of_the_decision(void **state)
{
    (void)state;
    static run r;
    fill(&r);
    for (size_t i = 0; i < COUNT; i++) {
        r.trades[i].entry_time += HOUR;
        r.trades[i].entry_rule = S1_FILL_CLOSE;
    }
    assert_finds(&r, "same_close", COUNT, COUNT);
    /* A limit that is touched fills at some moment of its bar, with the time of its close, as does
     * a market order at the close of the bar after: neither knew that close. */
    for (size_t i = 0; i < COUNT; i++) {
        r.trades[i].entry_rule = i % 2 == 0 ? S1_FILL_LIMIT_TOUCH : S1_FILL_CLOSE_NEXT;
    }
    assert_int_equal(look(&r).count, 0);
}

static void too_good_to_be_true(void **state)
{
    (void)state;
    static run r;
    fill(&r);
    for (size_t i = 0; i < COUNT; i++) {
        r.trades[i].pnl = dec(i < 2 ? "-1" : "3");
    }
    assert_finds(&r, "always_wins", COUNT - 2, COUNT);
    fill(&r);
    for (size_t i = 0; i < COUNT * 6 / 10; i++) {
        for (size_t row = i * 40; row < i * 40 + 5; row++) {
            r.low[row] = 100.0;
        }
        r.trades[i].exit_price = dec("103");
    }
    assert_finds(&r, "never_under", COUNT * 6 / 10, COUNT);
    fill(&r);
    for (size_t i = 0; i < BARS; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "%d", 10000 + (int)(i * 10));
        r.equity[i] = dec(text);
    }
    assert_finds(&r, "too_good", 84, 0);
}

static void positions_open_at_the_end(void **state)
{
    (void)state;
    static run r;
    fill(&r);
    r.manifest.open_positions = 2;
    assert_finds(&r, "open_at_end", 2, 0);
    assert_false(s1_diagnosis_is_warning(S1_DIAGNOSIS_OPEN_AT_END));
}

/* Every code has its words in both languages, and no slot is left open. */
static void every_finding_has_words(void **state)
{
    (void)state;
    for (int32_t language = S1_LANGUAGE_EN; language <= S1_LANGUAGE_NL; language++) {
        s1_locale *locale;
        assert_int_equal(s1_locale_new(language, &locale, NULL), S1_OK);
        for (int32_t code = 0; code < S1_DIAGNOSIS_CODE_COUNT; code++) {
            const s1_diagnosis diagnosis = {.code = code,
                                            .count = 3,
                                            .of = 7,
                                            .value = 0.5,
                                            .limit = 0.3,
                                            .detail = "governor"};
            s1_strbuf cause, advice;
            s1_strbuf_init(&cause, 4096);
            s1_strbuf_init(&advice, 4096);
            s1_diagnosis_cause(locale, &diagnosis, &cause);
            s1_diagnosis_advice(locale, &diagnosis, "results/x", &advice);
            assert_true(cause.len > 10 && advice.len > 5);
            assert_null(strpbrk(s1_strbuf_cstr(&cause), "{}"));
            assert_null(strpbrk(s1_strbuf_cstr(&advice), "{}"));
            assert_int_equal(s1_diagnosis_parse(s1_str_of(s1_diagnosis_name(code))), code);
            s1_strbuf_done(&cause);
            s1_strbuf_done(&advice);
        }
        s1_locale_free(locale);
    }
    assert_int_equal(s1_diagnosis_parse(S1_STR("other")), S1_DIAGNOSIS_CODE_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_without_fault_has_no_finding),
        cmocka_unit_test(no_trades_and_why),
        cmocka_unit_test(too_few_trades),
        cmocka_unit_test(parameters_against_trades),
        cmocka_unit_test(one_trade_carries_the_profit),
        cmocka_unit_test(costs),
        cmocka_unit_test(stop_and_target_in_one_bar),
        cmocka_unit_test(fills_on_stale_data),
        cmocka_unit_test(fills_at_the_close_of_the_decision),
        cmocka_unit_test(too_good_to_be_true),
        cmocka_unit_test(positions_open_at_the_end),
        cmocka_unit_test(every_finding_has_words),
    };
    return cmocka_run_group_tests_name("diagnostics", tests, NULL, NULL);
}
