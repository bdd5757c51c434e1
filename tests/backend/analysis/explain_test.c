#include "backend/analysis/explain.h"

#include "tests/backend/analysis/story_fixture.h"
#include "tests/support/cmocka.h"

#include <jansson.h>
#include <string.h>

typedef struct bench {
    s1_strbuf journal;
    s1_str bytes;
    s1_journal_source source;
    s1_journal_reader *reader;
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
    s1_strbuf_init(&b.journal, 1 << 20);
    s1_strbuf_init(&b.printed, 1 << 20);
    s1_arena_init(&b.arena, (size_t)64 << 20, 0);
    story_write(&b.journal);
    b.bytes = s1_strbuf_view(&b.journal);
    b.source = s1_journal_source_bytes(&b.bytes);
    return s1_journal_reader_new(&b.source, &b.reader, &b.err) == S1_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    s1_locale_free(b.locale);
    s1_journal_reader_free(b.reader);
    s1_arena_done(&b.arena);
    s1_strbuf_done(&b.journal);
    s1_strbuf_done(&b.printed);
    return 0;
}

/* The tree as indented lines "kind: text". */
static void print(const s1_explain_node *node, uint32_t depth)
{
    s1_strbuf_repeat(&b.printed, ' ', (size_t)depth * 2);
    s1_strbuf_printf(&b.printed, "%s: %s\n", node->kind, node->text);
    for (const s1_explain_node *child = node->first_child; child != NULL; child = child->next) {
        print(child, depth + 1);
    }
}

static void assert_story(const char *id, const char *expected)
{
    const s1_explain_node *root = NULL;
    const s1_rc rc = s1_explain_id(b.reader, s1_str_of(id), b.locale, &b.arena, &root, &b.err);
    if (rc != S1_OK) {
        fail_msg("%s", b.err.msg);
    }
    print(root, 0);
    assert_string_equal(s1_strbuf_cstr(&b.printed), expected);
}

static void a_trade_closed_at_its_target(void **state)
{
    (void)state;
    assert_story("b100",
                 "trade: b1000000: closed by TAKE_PROFIT at 1.08: pnl 8.27 after fees 0.43\n"
                 "  opportunity: a1000000: ema_cross long on EUR/USD at 1.0712 by crossover, "
                 "score 0.8\n"
                 "    context: ema_20 1.0712, ema_50 1.0698\n"
                 "    metadata: gap 0.0014\n"
                 "    condition: fast_above_slow held: 1.0712 > 1.0698, margin +0.0014\n"
                 "    active_threat: c1000000: VOLATILITY_SPIKE, HIGH, MARKET_RISK by volatility\n"
                 "      measured: atr_ratio 2.5\n"
                 "  plan: long 1000 MARKET at 1.0712, stop 1.065, target 1.08, GTC\n"
                 "    step: entry_planning by governor: let it pass\n"
                 "    step: exit_planning by stops: stop_loss 1.065, take_profit 1.08\n"
                 "  verdict: approved by the portfolio gate\n"
                 "    check: MAX_POSITION_SIZE: limit 10, actual 4.2\n"
                 "  order: d1000000: BUY MARKET 1000, the entry\n"
                 "    order_event: submitted\n"
                 "    order_event: filled 1000 at 1.0713, fee 0.21, taker, rule next_open\n"
                 "  opened: opened long 1000 at 1.0713, stop 1.065, target 1.08, fee 0.21\n"
                 "  adjusted: stop_loss from 1.065 to 1.069 by trailing\n"
                 "  closed: closed by TAKE_PROFIT at 1.08: pnl 8.27 after fees 0.43\n");
}

/* Another language words the same story: codes, names, numbers and marks stay. */
static void a_trade_in_dutch(void **state)
{
    (void)state;
    s1_locale_free(b.locale);
    assert_int_equal(s1_locale_new(S1_LANGUAGE_NL, &b.locale, &b.err), S1_OK);
    assert_story("b100",
                 "trade: b1000000: gesloten door TAKE_PROFIT op 1.08: resultaat 8.27 na kosten "
                 "0.43\n"
                 "  opportunity: a1000000: ema_cross long in EUR/USD op 1.0712 door crossover, "
                 "score 0.8\n"
                 "    context: ema_20 1.0712, ema_50 1.0698\n"
                 "    metadata: gap 0.0014\n"
                 "    condition: fast_above_slow voldaan: 1.0712 > 1.0698, marge +0.0014\n"
                 "    active_threat: c1000000: VOLATILITY_SPIKE, HIGH, MARKET_RISK door "
                 "volatility\n"
                 "      measured: atr_ratio 2.5\n"
                 "  plan: long 1000 MARKET op 1.0712, stop 1.065, doel 1.08, GTC\n"
                 "    step: entry_planning door governor: liet het zo\n"
                 "    step: exit_planning door stops: stop_loss 1.065, take_profit 1.08\n"
                 "  verdict: goedgekeurd door de portefeuillepoort\n"
                 "    check: MAX_POSITION_SIZE: grens 10, gevonden 4.2\n"
                 "  order: d1000000: BUY MARKET 1000, rol entry\n"
                 "    order_event: ingediend\n"
                 "    order_event: uitgevoerd 1000 op 1.0713, kosten 0.21, taker, regel "
                 "next_open\n"
                 "  opened: geopend long 1000 op 1.0713, stop 1.065, doel 1.08, kosten 0.21\n"
                 "  adjusted: stop_loss van 1.065 naar 1.069 door trailing\n"
                 "  closed: gesloten door TAKE_PROFIT op 1.08: resultaat 8.27 na kosten 0.43\n");
}

/* The first node of a kind, below or at `node`; NULL where there is none. */
static const s1_explain_node *find(const s1_explain_node *node, const char *kind)
{
    const s1_explain_node *found = strcmp(node->kind, kind) == 0 ? node : NULL;
    for (const s1_explain_node *child = node->first_child; child != NULL && found == NULL;
         child = child->next) {
        found = find(child, kind);
    }
    return found;
}

/* What colour a line has is no word of it. */
static void marks(void **state)
{
    (void)state;
    for (int32_t language = S1_LANGUAGE_EN; language <= S1_LANGUAGE_NL; language++) {
        const s1_explain_node *root = NULL;
        s1_locale_free(b.locale);
        assert_int_equal(s1_locale_new(language, &b.locale, &b.err), S1_OK);
        assert_int_equal(
            s1_explain_id(b.reader, S1_STR("b1000000"), b.locale, &b.arena, &root, &b.err), S1_OK);
        assert_int_equal(find(root, "verdict")->mark, S1_EXPLAIN_GOOD);
        assert_int_equal(find(root, "active_threat")->mark, S1_EXPLAIN_WARN);
        assert_int_equal(find(root, "condition")->mark, S1_EXPLAIN_PLAIN);
        assert_int_equal(
            s1_explain_id(b.reader, S1_STR("a3000000"), b.locale, &b.arena, &root, &b.err), S1_OK);
        assert_int_equal(find(root, "verdict")->mark, S1_EXPLAIN_BAD);
    }
}

static void an_order_leads_to_its_trade(void **state)
{
    (void)state;
    const s1_explain_node *root = NULL;
    assert_int_equal(s1_explain_id(b.reader, S1_STR("d4000000"), b.locale, &b.arena, &root, &b.err),
                     S1_OK);
    print(root, 0);
    const char *const text = s1_strbuf_cstr(&b.printed);
    assert_memory_equal(text, "order: d4000000: closed by THREAT", 33);
    assert_non_null(strstr(text, "opportunity: a4000000"));
    assert_non_null(strstr(text, "order: d4000000: BUY"));
    assert_string_equal(root->id, STORY_ID("d4"));
}

static void a_trade_closed_by_a_threat(void **state)
{
    (void)state;
    const s1_explain_node *root = NULL;
    assert_int_equal(s1_explain_id(b.reader, S1_STR("b4000000"), b.locale, &b.arena, &root, &b.err),
                     S1_OK);
    print(root, 0);
    assert_non_null(
        strstr(s1_strbuf_cstr(&b.printed),
               "  closed: closed by THREAT at 1.08: pnl 8.27 after fees 0.43\n"
               "    threat: c2000000: MAX_DRAWDOWN_BREACHED, CRITICAL, PORTFOLIO_RISK by "
               "drawdown\n"
               "      measured: drawdown_pct 5.4\n"));
    /* As it stood when it closed the trade, not as it was an hour later; and the threat that was
     * cleared before the decision is not told. */
    assert_null(strstr(s1_strbuf_cstr(&b.printed), "LOW"));
    assert_null(strstr(s1_strbuf_cstr(&b.printed), "VOLATILITY_SPIKE"));
}

static void a_trade_closed_by_the_opposite_signal(void **state)
{
    (void)state;
    const s1_explain_node *root = NULL;
    assert_int_equal(s1_explain_id(b.reader, S1_STR("b5000000"), b.locale, &b.arena, &root, &b.err),
                     S1_OK);
    print(root, 0);
    assert_non_null(strstr(s1_strbuf_cstr(&b.printed),
                           "  closed: closed by OPPOSITE_SIGNAL at 1.08: pnl 8.27 after fees "
                           "0.43\n    opportunity: a6000000: ema_cross short on EUR/USD"));
}

static void an_opportunity_the_governor_refused(void **state)
{
    (void)state;
    assert_story("A2000000-0000",
                 "opportunity: a2000000: refused at governor by governor: THREAT_ACTIVE, limit 2, "
                 "actual 2.5\n"
                 "  opportunity: a2000000: ema_cross long on EUR/USD at 1.0712 by crossover, "
                 "score 0.8\n"
                 "    context: ema_20 1.0712, ema_50 1.0698\n"
                 "    metadata: gap 0.0014\n"
                 "    condition: fast_above_slow held: 1.0712 > 1.0698, margin +0.0014\n"
                 "    active_threat: c1000000: VOLATILITY_SPIKE, HIGH, MARKET_RISK by volatility\n"
                 "      measured: atr_ratio 2.5\n"
                 "  verdict: refused at governor by governor: THREAT_ACTIVE, limit 2, actual 2.5\n"
                 "    threat: c1000000: VOLATILITY_SPIKE, HIGH, MARKET_RISK by volatility\n"
                 "      measured: atr_ratio 2.5\n");
}

static void an_opportunity_the_gate_refused(void **state)
{
    (void)state;
    const s1_explain_node *root = NULL;
    assert_int_equal(s1_explain_id(b.reader, S1_STR("a3000000"), b.locale, &b.arena, &root, &b.err),
                     S1_OK);
    assert_string_equal(root->text, "a3000000: refused at gate: MAX_DRAWDOWN, limit 5, actual 5.4");
    assert_string_equal(root->kind, "opportunity");
}

static void a_threat_and_what_it_did(void **state)
{
    (void)state;
    assert_story("c1000000",
                 "threat: c1000000: VOLATILITY_SPIKE cleared after bars: 2; opportunities "
                 "refused: 1, trades closed: 0\n"
                 "  threat: c1000000: VOLATILITY_SPIKE, HIGH, MARKET_RISK by volatility\n"
                 "    measured: atr_ratio 2.5\n"
                 "  verdict: refused at governor by governor: THREAT_ACTIVE, limit 2, actual 2.5\n"
                 "  threat: c1000000: VOLATILITY_SPIKE cleared after bars: 2\n");
}

static void refusals_by_stage_and_reason(void **state)
{
    (void)state;
    const s1_explain_node *root = NULL;
    assert_int_equal(s1_explain_rejected(b.reader, 1, b.locale, &b.arena, &root, &b.err), S1_OK);
    print(root, 0);
    assert_string_equal(s1_strbuf_cstr(&b.printed),
                        "rejected: 6 opportunities: 3 approved (50.0 %), 3 refused (50.0 %)\n"
                        "  stage: governor: 1 (33.3 %)\n"
                        "    reason: THREAT_ACTIVE, because of VOLATILITY_SPIKE: 1 (33.3 %)\n"
                        "      opportunity: a2000000: limit 2, actual 2.5, by governor\n"
                        "  stage: size: 1 (33.3 %)\n"
                        "    reason: QUANTITY_TOO_SMALL: 1 (33.3 %)\n"
                        "      opportunity: a6000000: limit 1, actual 0.2, by sizer\n"
                        "  stage: gate: 1 (33.3 %)\n"
                        "    reason: MAX_DRAWDOWN: 1 (33.3 %)\n"
                        "      opportunity: a3000000: limit 5, actual 5.4\n");
    assert_int_equal(root->count, 3);
}

static void ids_that_cannot_be_explained(void **state)
{
    (void)state;
    const s1_explain_node *root = NULL;
    assert_int_equal(s1_explain_id(b.reader, S1_STR("ffff"), b.locale, &b.arena, &root, &b.err),
                     S1_E_NOT_FOUND);
    assert_non_null(strstr(b.err.msg, "'ffff'"));
    assert_int_equal(s1_explain_id(b.reader, S1_STR("b1"), b.locale, &b.arena, &root, &b.err),
                     S1_E_INVALID);
    assert_non_null(strstr(b.err.msg, "at least 4"));
    assert_int_equal(s1_explain_id(b.reader, S1_STR("ema_"), b.locale, &b.arena, &root, &b.err),
                     S1_E_INVALID);
    assert_non_null(strstr(b.err.msg, "hexadecimal"));
    assert_null(root);
}

static void an_abbreviation_that_fits_several_lists_them(void **state)
{
    (void)state;
    /* One more opportunity whose id starts as the first one's. */
    const size_t start = b.journal.len;
    s1_strbuf_printf(&b.journal,
                     "{\"v\":1,\"seq\":%zu,\"time\":\"2017-05-01T22:00:00.000000000Z\","
                     "\"type\":\"OPPORTUNITY_DETECTED\",\"link\":\"demo\",\"opportunity_id\":"
                     "\"a1000000-0000-8000-8000-00000000ffff\",\"details\":%s",
                     sizeof story_lines / sizeof story_lines[0] + 1, SIGNAL("long"));
    s1_strbuf_printf(&b.journal, ",\"crc\":\"%08" PRIx32 "\"}\n",
                     s1_crc32c(0, b.journal.data + start, b.journal.len - start));
    b.bytes = s1_strbuf_view(&b.journal);
    const s1_explain_node *root = NULL;
    assert_int_equal(s1_explain_id(b.reader, S1_STR("a100"), b.locale, &b.arena, &root, &b.err),
                     S1_E_INVALID);
    assert_non_null(strstr(b.err.msg, "fits several ids"));
    assert_non_null(strstr(b.err.msg, "a1000000-0000-8000-8000-00000000ffff"));
    assert_int_equal(
        s1_explain_id(b.reader, S1_STR(STORY_ID("a1")), b.locale, &b.arena, &root, &b.err), S1_OK);
}

static void damage_is_named_with_its_line(void **state)
{
    (void)state;
    char *const digit = strstr(b.journal.data, "atr_ratio\":2.5") + 11;
    *digit = '3';
    const s1_explain_node *root = NULL;
    assert_int_equal(s1_explain_id(b.reader, S1_STR("b100"), b.locale, &b.arena, &root, &b.err),
                     S1_E_DATA);
    assert_non_null(strstr(b.err.msg, "line 2"));
}

static void json_holds_the_same_tree(void **state)
{
    (void)state;
    const s1_explain_node *root = NULL;
    assert_int_equal(s1_explain_id(b.reader, S1_STR("b100"), b.locale, &b.arena, &root, &b.err),
                     S1_OK);
    s1_json_writer writer;
    s1_json_init(&writer, &b.printed, 0);
    s1_explain_json(root, &writer);
    json_t *const json = json_loads(s1_strbuf_cstr(&b.printed), 0, NULL);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "id")), STORY_ID("b1"));
    const json_t *const children = json_object_get(json, "children");
    assert_int_equal(json_array_size(children), 7);
    const json_t *const first = json_array_get(children, 0);
    assert_string_equal(json_string_value(json_object_get(first, "kind")), "opportunity");
    assert_int_equal(json_integer_value(json_object_get(first, "seq")), 3);
    const json_t *const details = json_object_get(first, "details");
    assert_string_equal(json_string_value(json_object_get(details, "signal_type")), "ema_cross");
    json_decref(json);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_trade_closed_at_its_target),
        TEST(a_trade_in_dutch),
        TEST(marks),
        TEST(an_order_leads_to_its_trade),
        TEST(a_trade_closed_by_a_threat),
        TEST(a_trade_closed_by_the_opposite_signal),
        TEST(an_opportunity_the_governor_refused),
        TEST(an_opportunity_the_gate_refused),
        TEST(a_threat_and_what_it_did),
        TEST(refusals_by_stage_and_reason),
        TEST(ids_that_cannot_be_explained),
        TEST(an_abbreviation_that_fits_several_lists_them),
        TEST(damage_is_named_with_its_line),
        TEST(json_holds_the_same_tree),
    };
    return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
