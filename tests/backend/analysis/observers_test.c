/* What is told of a bar, and counted over a run, from observations made here by hand. */
#include "backend/analysis/funnel.h"
#include "backend/analysis/why_not.h"
#include "backend/data/persistors/journal_sink.h"
#include "tests/support/cmocka.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HOUR (3600 * S1_NANOS_PER_SECOND)

#define MUST(call)                                                                                 \
    do {                                                                                           \
        s1_err must_err = S1_ERR_INIT;                                                             \
        s1_err *const err = &must_err;                                                             \
        if ((call) != S1_OK) {                                                                     \
            fail_msg("%s:%d: %s: %s", __FILE__, __LINE__, #call, must_err.msg);                    \
        }                                                                                          \
    } while (0)

/* One opportunity worker with two conditions on a stream of whole hours. */
typedef struct bench {
    s1_instrument instrument;
    s1_trading_context *context;
    s1_ledger_view ledger;
    s1_position position;
    s1_worker_condition conditions[2];
    s1_worker_gate gate;
    s1_worker worker;
    s1_worker *workers[1];
    const s1_worker *emitters[1];
    s1_signal signal;
    s1_signal_list signals;
    s1_threat_list threats;
    s1_observation seen;
    s1_arena arena;
    s1_locale *locale;
    s1_strbuf printed;
    s1_err err;
} bench;

static bench b;

static int setup(void **state)
{
    (void)state;
    b = (bench){.err = S1_ERR_INIT};
    if (s1_locale_new(S1_LANGUAGE_EN, &b.locale, &b.err) != S1_OK) {
        return -1;
    }
    b.instrument = (s1_instrument){.size = sizeof b.instrument,
                                   .price_scale = 2,
                                   .qty_scale = 3,
                                   .asset_pair = S1_STR("EUR/USD"),
                                   .base = S1_STR("EUR"),
                                   .quote = S1_STR("USD")};
    const s1_stream_options stream = {.asset_pair = S1_STR("EUR/USD"),
                                      .timeframe = HOUR,
                                      .instrument = &b.instrument,
                                      .capacity_rows = 64};
    MUST(s1_trading_context_new(&(s1_trading_context_options){.strategy_link_id = S1_STR("test"),
                                                              .streams = &stream,
                                                              .stream_count = 1},
                                &b.context, err));
    b.context->view.ledger = &b.ledger;
    b.ledger = (s1_ledger_view){
        .size = sizeof b.ledger, .position_stride = sizeof b.position, .positions = &b.position};
    b.conditions[0].name = S1_STR("close_above");
    b.conditions[1].name = S1_STR("far_enough");
    b.gate = (s1_worker_gate){.rows = &b.context->view.primary->rows, .need = 3};
    b.worker = (s1_worker){.stream = b.context->view.primary,
                           .gates = &b.gate,
                           .gate_count = 1,
                           .conditions = b.conditions,
                           .condition_count = 2,
                           .instance_id = S1_STR("finder"),
                           .type = S1_WORKER_OPPORTUNITY};
    b.workers[0] = &b.worker;
    b.emitters[0] = &b.worker;
    b.signal = (s1_signal){.size = sizeof b.signal,
                           .direction = S1_LONG,
                           .opportunity_id = {{{0xab, 0xcd}}},
                           .signal_type = S1_STR("found")};
    b.signals =
        (s1_signal_list){.size = sizeof b.signals, .items = &b.signal, .stride = sizeof b.signal};
    b.threats = (s1_threat_list){.size = sizeof b.threats, .stride = sizeof(s1_threat)};
    b.seen = (s1_observation){.context = b.context,
                              .workers = b.workers,
                              .worker_count = 1,
                              .signals = &b.signals,
                              .emitters = b.emitters,
                              .threats = &b.threats};
    s1_arena_init(&b.arena, (size_t)16 << 20, 0);
    s1_strbuf_init(&b.printed, 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    s1_locale_free(b.locale);
    s1_trading_context_free(b.context);
    s1_arena_done(&b.arena);
    s1_strbuf_done(&b.printed);
    return 0;
}

/* The bar that closes at `hour` with that close; the worker signals if both conditions hold, the
 * second being asked only if the first did. Returns whether the observer had seen enough. */
static bool play(const s1_run_observer *observer, int64_t hour, int64_t close, double above,
                 double far)
{
    bool is_enough = false;
    b.signals.count = 0;
    s1_trading_context_begin_tick(b.context, hour * HOUR);
    s1_trading_context_append_bar(b.context, 0,
                                  &(s1_bar){.open_time = (hour - 1) * HOUR,
                                            .close_time = hour * HOUR,
                                            .open = close,
                                            .high = close,
                                            .low = close,
                                            .close = close,
                                            .volume = 1000});
    if (observer->on_bar != NULL) {
        MUST(observer->on_bar(observer->self, &b.seen, &is_enough, err));
    }
    if (is_enough) {
        return true;
    }
    if (s1_worker_is_ready(&b.worker)) {
        const s1_context *const context = &b.context->view;
        const double value = s1_series_last(&context->primary->close);
        if (S1_CONDITION(context, &b.conditions[0].condition, value, GT, above) &&
            S1_CONDITION(context, &b.conditions[1].condition, value - above, GE, far)) {
            b.signals.count = 1;
        }
    }
    MUST(observer->on_tick(observer->self, &b.seen, err));
    return false;
}

static void print(const s1_explain_node *node, uint32_t depth)
{
    s1_strbuf_repeat(&b.printed, ' ', (size_t)depth * 2);
    s1_strbuf_printf(&b.printed, "%s: %s\n", node->kind, node->text);
    for (const s1_explain_node *child = node->first_child; child != NULL; child = child->next) {
        print(child, depth + 1);
    }
}

/* Plays five bars and a gap: closes 1, 2, 3 (not ready before), 4, 5 at hours 1..5, then 6 at 9. */
static void play_all(const s1_run_observer *observer)
{
    for (int64_t hour = 1; hour <= 5; hour++) {
        if (play(observer, hour, hour * 100, 3.5, 1.0)) {
            break;
        }
    }
    if (b.context->view.now == 5 * HOUR) {
        (void)play(observer, 9, 600, 3.5, 1.0);
    }
    if (observer->on_end != NULL) {
        MUST(observer->on_end(observer->self, &b.seen, err));
    }
}

static s1_rc tell_at(s1_nanos at)
{
    s1_why_not *why_not;
    const s1_explain_node *root = NULL;
    MUST(s1_why_not_new(at, &why_not, err));
    const s1_run_observer observer = s1_why_not_observer(why_not);
    play_all(&observer);
    const s1_rc rc = s1_why_not_tell(why_not, NULL, b.locale, &b.arena, &root, &b.err);
    s1_why_not_free(why_not);
    if (rc == S1_OK) {
        print(root, 0);
    }
    return rc;
}

static void assert_told(s1_nanos at, const char *expected)
{
    if (tell_at(at) != S1_OK) {
        fail_msg("%s", b.err.msg);
    }
    assert_string_equal(s1_strbuf_cstr(&b.printed), expected);
}

static void a_condition_that_missed(void **state)
{
    (void)state;
    assert_told(3 * HOUR, "bar: EUR/USD 1h: open 3, high 3, low 3, close 3, volume 1\n"
                          "  worker: finder found no opportunity\n"
                          "    condition: close_above did not hold: 3 > 3.5, missed by 0.5 (14.3 "
                          "%)\n"
                          "    condition: far_enough: not reached\n"
                          "  position: no position was open\n"
                          "  threats: no threat was active\n");
    assert_int_equal(b.context->view.now, 4 * HOUR); /* and the run went no further */
}

static void one_that_missed_after_one_that_held(void **state)
{
    (void)state;
    b.ledger.position_count = 1;
    b.position = (s1_position){.size = sizeof b.position,
                               .direction = S1_SHORT,
                               .trade_id = {{{0x12, 0x34, 0x56, 0x78}}},
                               .asset_pair = S1_STR("EUR/USD"),
                               .quantity = s1_dec_from_int(7),
                               .entry_price = s1_dec_from_int(4),
                               .opened_at = HOUR};
    assert_told(4 * HOUR, "bar: EUR/USD 1h: open 4, high 4, low 4, close 4, volume 1\n"
                          "  worker: finder found no opportunity\n"
                          "    condition: close_above held: 4 > 3.5, margin 0.5 (14.3 %)\n"
                          "    condition: far_enough did not hold: 0.5 >= 1, missed by 0.5 (50 %)\n"
                          "  position: a position was open: short 7 EUR/USD at 4 since 1970-01-01 "
                          "01:00, trade 12345678\n"
                          "  threats: no threat was active\n");
}

static void a_bar_with_an_opportunity_before_a_gap(void **state)
{
    (void)state;
    assert_told(7 * HOUR, "bar: EUR/USD 1h: open 5, high 5, low 5, close 5, volume 1\n"
                          "  gap: a gap in the data: no bar closes at 1970-01-01 07:00, the last "
                          "before it closes at 1970-01-01 05:00, the next at 1970-01-01 09:00\n"
                          "  worker: finder found 1 opportunity\n"
                          "    condition: close_above held: 5 > 3.5, margin 1.5 (42.9 %)\n"
                          "    condition: far_enough held: 1.5 >= 1, margin 0.5 (50 %)\n"
                          "    opportunity: abcd0000: found long\n"
                          "  position: no position was open\n"
                          "  threats: no threat was active\n");
}

static void a_worker_that_was_not_asked(void **state)
{
    (void)state;
    assert_told(2 * HOUR + 1, "bar: EUR/USD 1h: open 2, high 2, low 2, close 2, volume 1\n"
                              "  inside: asked for a moment inside a bar: 1970-01-01 "
                              "02:00:00.000000001, the last before it closes at 1970-01-01 02:00, "
                              "the next at 1970-01-01 03:00\n"
                              "  worker: finder was not asked: its inputs have 2 of the 3 rows it "
                              "needs\n"
                              "  position: no position was open\n"
                              "  threats: no threat was active\n");
}

static void moments_outside_the_run(void **state)
{
    (void)state;
    assert_int_equal(tell_at(HOUR - 1), S1_E_NOT_FOUND);
    assert_non_null(strstr(b.err.msg, "before the first bar"));
    assert_int_equal(b.context->view.now, HOUR);
    teardown(NULL);
    setup(NULL);
    assert_int_equal(tell_at(10 * HOUR), S1_E_NOT_FOUND);
    assert_non_null(strstr(b.err.msg, "after the last bar"));
}

static void the_last_bar(void **state)
{
    (void)state;
    if (tell_at(9 * HOUR) != S1_OK) {
        fail_msg("%s", b.err.msg);
    }
    assert_non_null(strstr(s1_strbuf_cstr(&b.printed), "close 6"));
}

/* --- The funnel. ---------------------------------------------------------------------------- */

static void what_a_funnel_counts(void **state)
{
    (void)state;
    s1_funnel *funnel;
    const s1_explain_node *root = NULL;
    MUST(s1_funnel_new(1, &funnel, err));
    const s1_run_observer observer = s1_funnel_observer(funnel);
    play_all(&observer);
    MUST(s1_funnel_tell(funnel, NULL, b.locale, &b.arena, &root, err));
    s1_funnel_free(funnel);
    print(root, 0);
    assert_string_equal(
        s1_strbuf_cstr(&b.printed),
        "funnel: EUR/USD 1h, 6 bars from 1970-01-01 01:00:00 to 1970-01-01 09:00:00\n"
        "  worker: finder: 2 opportunities on 2 of 6 bars\n"
        "    asked: bars asked on                  4   66.67 % of bars\n"
        "    condition: close_above                    4 reached          3 held   75.00 %\n"
        "      miss: closest: 3 > 3.5, missed by 0.5 (14.3 %)\n"
        "    condition: far_enough                     3 reached          2 held   66.67 %\n"
        "      miss: closest: 0.5 >= 1, missed by 0.5 (50 %)\n"
        "    found: opportunities                  2   50.00 % of bars asked on\n"
        "    unknown: what became of them is not known: the journal was not kept in full\n");
}

static void the_closest_misses(void **state)
{
    (void)state;
    static const int64_t closes[] = {100, 100, 300, 340, 320, 340, 349, 100};
    static const double expected[] = {3.49, 3.4, 3.4};
    s1_funnel *funnel;
    const s1_explain_node *root = NULL;
    MUST(s1_funnel_new(3, &funnel, err));
    const s1_run_observer observer = s1_funnel_observer(funnel);
    for (size_t i = 0; i < sizeof closes / sizeof closes[0]; i++) {
        (void)play(&observer, (int64_t)i + 1, closes[i], 3.5, 1.0);
    }
    MUST(s1_funnel_tell(funnel, NULL, b.locale, &b.arena, &root, err));
    s1_funnel_free(funnel);
    const s1_explain_node *const asked = root->first_child->first_child;
    const s1_explain_node *miss = asked->next->first_child;
    s1_nanos before = 0;
    for (size_t i = 0; i < 3; i++, miss = miss->next) {
        char text[64];
        (void)snprintf(text, sizeof text, "closest: %.8g > 3.5", expected[i]);
        assert_non_null(miss);
        assert_non_null(strstr(miss->text, text));
        assert_true(i < 2 || miss->time > before); /* of equals the earlier one first */
        before = miss->time;
    }
    assert_null(miss);
}

static void a_missing_value_and_no_misses(void **state)
{
    (void)state;
    s1_funnel *funnel;
    const s1_explain_node *root = NULL;
    assert_int_equal(s1_funnel_new(S1_FUNNEL_MISSES_MAX + 1, &funnel, &b.err), S1_E_INVALID);
    MUST(s1_funnel_new(0, &funnel, err));
    const s1_run_observer observer = s1_funnel_observer(funnel);
    for (int64_t hour = 1; hour <= 4; hour++) {
        (void)play(&observer, hour, 100, hour == 4 ? (double)NAN : 3.0, 1.0);
    }
    MUST(s1_funnel_tell(funnel, NULL, b.locale, &b.arena, &root, err));
    s1_funnel_free(funnel);
    print(root, 0);
    assert_non_null(strstr(s1_strbuf_cstr(&b.printed), "2 reached          0 held    0.00 %"));
    assert_null(strstr(s1_strbuf_cstr(&b.printed), "closest"));
}

static void a_sink_keeps_nothing(void **state)
{
    (void)state;
    s1_journal_persistor *sink;
    char buffer[8];
    size_t length = 1;
    MUST(s1_journal_sink_new(&sink, err));
    MUST(s1_journal_persistor_append(sink, S1_STR("{}\n"), err));
    MUST(s1_journal_persistor_sync(sink, err));
    MUST(s1_journal_persistor_read_at(sink, 0, buffer, sizeof buffer, &length, err));
    assert_int_equal(length, 0);
    assert_int_equal(s1_journal_persistor_append(sink, S1_STR(""), &b.err), S1_E_INVALID);
    assert_int_equal(s1_journal_persistor_append(sink, S1_STR("{}"), &b.err), S1_E_INVALID);
    assert_int_equal(s1_journal_persistor_tail_borrow(sink)->blocks, 0);
    assert_false(s1_journal_persistor_is_poisoned(sink));
    s1_journal_persistor_free(sink);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_condition_that_missed),
        TEST(one_that_missed_after_one_that_held),
        TEST(a_bar_with_an_opportunity_before_a_gap),
        TEST(a_worker_that_was_not_asked),
        TEST(moments_outside_the_run),
        TEST(the_last_bar),
        TEST(what_a_funnel_counts),
        TEST(the_closest_misses),
        TEST(a_missing_value_and_no_misses),
        TEST(a_sink_keeps_nothing),
    };
    return cmocka_run_group_tests_name("backend/analysis/observers", tests, NULL, NULL);
}
