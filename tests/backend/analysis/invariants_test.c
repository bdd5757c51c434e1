/* Every invariant: a sound journal has no finding, and one with a single breach is refused, naming
 * the invariant and the line. */
#include "backend/analysis/invariants.h"

#include "backend/utils/hash.h"
#include "backend/utils/text.h"
#include "tests/contract/journal_fixture.h"

#define UID(digits)      digits "000000-0000-8000-8000-000000000000"
#define O(n)             ",\"opportunity_id\":\"" UID("a" n) "\""
#define T(n)             ",\"trade_id\":\"" UID("b" n) "\""
#define H(n)             ",\"threat_id\":\"" UID("c" n) "\""
#define R(n)             ",\"order_id\":\"" UID("d" n) "\""
#define SIDE(side, role) "{\"side\":\"" side "\",\"order_type\":\"MARKET\",\"role\":\"" role "\""
#define SENT(side, role, quantity) SIDE(side, role) ",\"quantity\":\"" quantity "\"}"
#define FILL(side, role, price, quantity)                                                          \
    SIDE(side, role)                                                                               \
    ",\"price\":\"" price "\",\"quantity\":\"" quantity "\",\"fee\":\"1\",\"liquidity\":"          \
    "\"taker\"}"
#define OPENED(price)                                                                              \
    "{\"direction\":\"long\",\"entry_price\":\"" price                                             \
    "\",\"quantity\":\"100\",\"fee\":\"1\",\"entry_time\":\"2020-01-01T07:00:00.000000000Z\","     \
    "\"stop_loss\":\"9\"}"
#define CLOSED_AT(time, quantity, fees, pnl, gross)                                                \
    "{\"closure_reason\":\"THREAT\",\"exit_price\":\"11\",\"exit_time\":\"2020-01-01T" time        \
    ":00:00.000000000Z\",\"quantity\":\"" quantity "\",\"fees\":\"" fees "\",\"pnl\":\"" pnl       \
    "\",\"pnl_gross\":\"" gross "\"}"
#define CLOSED CLOSED_AT("14", "100", "2", "98", "100")
#define SIGNAL                                                                                     \
    "{\"signal_type\":\"cross\",\"direction\":\"long\",\"asset\":\"EUR/USD\",\"price\":10.0}"
#define PLAN                                                                                       \
    "{\"direction\":\"long\",\"entry_type\":\"MARKET\",\"entry_price\":\"10\","                    \
    "\"quantity\":\"100\",\"order_type\":\"MARKET\",\"time_in_force\":\"GTC\",\"steps\":[]}"
#define DANGER  "{\"threat_type\":\"SPIKE\",\"severity\":\"HIGH\"}"
#define SAFE    "{\"threat_type\":\"SPIKE\",\"severity\":\"HIGH\",\"duration_bars\":3}"
#define REFUSED "{\"stage\":\"governor\",\"rejection_reason\":{\"code\":\"SPIKE\"}}"
#define PASSED  "{\"checks\":[]}"
#define FINISHED_WITH(cash, open)                                                                  \
    "{\"ticks\":20,\"opportunities\":2,\"approved\":1,\"rejected\":1,\"trades\":1,\"threats\":1,"  \
    "\"final_cash\":\"" cash "\",\"final_equity\":\"" cash                                         \
    "\",\"fees\":\"2\",\"realized_pnl\":\"100\",\"open_positions\":" open                          \
    ",\"reason\":\"END_OF_DATA\"}"
#define FINISHED FINISHED_WITH("10098", "0")
#define STARTED                                                                                    \
    "{\"run_id\":\"" FIXTURE_RUN_ID "\",\"strategy\":\"demo\",\"environment\":\"backtest\","       \
    "\"asset_pair\":\"EUR/USD\",\"timeframe\":\"1h\",\"seed\":1,\"config_hash\":\"ab\","           \
    "\"data_hash\":\"cd\",\"initial_capital\":\"10000\"}"

typedef struct written {
    unsigned hour;
    const char *type, *ids, *details;
} written;

#define STORY_COUNT 20u
static const written story[STORY_COUNT] = {
    {1, "RUN_STARTED", "", STARTED},
    {2, "OPPORTUNITY_DETECTED", O("1"), SIGNAL},
    {3, "PLAN_CREATED", O("1") T("1"), PLAN},
    {4, "OPPORTUNITY_APPROVED", O("1") T("1"), PASSED},
    {5, "ORDER_SUBMITTED", T("1") R("1"), SENT("buy", "entry", "100")},
    {6, "ORDER_ACCEPTED", T("1") R("1"), "{}"},
    {7, "ORDER_FILLED", T("1") R("1"), FILL("buy", "entry", "10", "100")},
    {7, "TRADE_OPENED", O("1") T("1"), OPENED("10")},
    {9, "ORDER_SUBMITTED", T("1") R("2"), SENT("sell", "stop_loss", "100")},
    {10, "ORDER_ACCEPTED", T("1") R("2"), "{}"},
    {11, "THREAT_DETECTED", H("1"), DANGER},
    {12, "ORDER_SUBMITTED", T("1") R("3"), SENT("sell", "exit", "100")},
    {13, "ORDER_ACCEPTED", T("1") R("3"), "{}"},
    {14, "ORDER_FILLED", T("1") R("3"), FILL("sell", "exit", "11", "100")},
    {14, "TRADE_CLOSED", O("1") T("1") H("1"), CLOSED},
    {16, "ORDER_CANCELED", T("1") R("2"), SIDE("sell", "stop_loss") "}"},
    {17, "OPPORTUNITY_DETECTED", O("2"), SIGNAL},
    {18, "OPPORTUNITY_REJECTED", O("2") H("1"), REFUSED},
    {19, "THREAT_CLEARED", H("1"), SAFE},
    {20, "RUN_FINISHED", "", FINISHED},
};

static void add_line(s1_strbuf *text, const written *entry, unsigned seq)
{
    const size_t start = text->len;
    s1_strbuf_printf(text,
                     "{\"v\":1,\"seq\":%u,\"time\":\"2020-01-01T%02u:00:00.000000000Z\","
                     "\"type\":\"%s\",\"link\":\"" FIXTURE_LINK "\"%s,\"details\":%s",
                     seq, entry->hour, entry->type, entry->ids, entry->details);
    const uint32_t crc = s1_crc32c(0, text->data + start, text->len - start);
    s1_strbuf_printf(text, ",\"crc\":\"%08x\"}\n", crc);
}

/* One block, sealed. */
static void seal(s1_strbuf *text, unsigned entries)
{
    char header[S1_JOURNAL_HEADER_SIZE], hex[S1_SHA256_HEX];
    uint8_t hash[S1_JOURNAL_HASH_SIZE];
    s1_sha256 *digest = NULL;
    MUST(s1_journal_header(S1_STR(FIXTURE_LINK), S1_STR(FIXTURE_RUN_ID), header, err));
    s1_sha256_of(header, strlen(header), hash);
    MUST(s1_sha256_new(&digest, err));
    s1_sha256_update(digest, hash, sizeof hash);
    s1_sha256_update(digest, text->data, text->len);
    s1_sha256_finish(digest, hash);
    s1_sha256_free(digest);
    s1_hex_print(hash, sizeof hash, hex);
    const size_t start = text->len;
    s1_strbuf_printf(text, "{\"v\":1,\"seq\":%u,\"block\":1,\"entries\":%u,\"sha256\":\"%s\"",
                     entries, entries, hex);
    const uint32_t crc = s1_crc32c(0, text->data + start, text->len - start);
    s1_strbuf_printf(text, ",\"crc\":\"%08x\"}\n", crc);
}

/* What is done to the story: line `at` is replaced, or with type NULL left out, or `put` stands
 * behind it. */
typedef struct breach {
    const char *name;
    int32_t invariant;
    unsigned line; /* the finding names it */
    unsigned at;
    bool is_put;
    written put;
} breach;

static s1_audit *audit_story(const written *told, unsigned told_count, const breach *change,
                             int32_t level)
{
    s1_strbuf text;
    s1_strbuf_init(&text, 1u << 20);
    unsigned seq = 0;
    for (unsigned i = 0; i < told_count; i++) {
        const bool is_here = change != NULL && change->at == i + 1;
        if (!is_here || change->is_put) {
            add_line(&text, &told[i], ++seq);
        }
        if (is_here && change->put.type != NULL) {
            add_line(&text, &change->put, ++seq);
        }
    }
    seal(&text, seq);
    MUST(s1_strbuf_check(&text, err));
    const s1_str bytes = s1_strbuf_view(&text);
    const s1_journal_source source = s1_journal_source_bytes(&bytes);
    s1_journal_reader *reader = NULL;
    s1_journal_verdict verdict;
    s1_audit *audit = NULL;
    MUST(s1_journal_reader_new(&source, &reader, err));
    MUST(s1_audit_new(level, &audit, err));
    MUST(s1_audit_journal(audit, reader, &verdict, err));
    assert_int_equal(verdict.fault, S1_JOURNAL_FAULT_NONE);
    s1_journal_reader_free(reader);
    s1_strbuf_done(&text);
    return audit;
}

static s1_audit *audit_of(const breach *change, int32_t level)
{
    return audit_story(story, STORY_COUNT, change, level);
}

static void expect_sound(const s1_audit *audit)
{
    size_t kept;
    uint64_t count;
    const s1_finding *const found = s1_audit_findings_borrow(audit, &kept, &count);
    if (count > 0) {
        fail_msg("line %u %s: found %s, expected %s", (unsigned)found->line, found->field,
                 found->found, found->expected);
    }
}

/* Among the findings is the invariant of the breach, in its line. */
static void expect_breach(const s1_audit *audit, const breach *change)
{
    size_t kept;
    uint64_t count;
    bool is_named = false;
    const s1_finding *const found = s1_audit_findings_borrow(audit, &kept, &count);
    for (size_t k = 0; k < kept; k++) {
        is_named =
            is_named || (found[k].invariant == change->invariant && found[k].line == change->line);
    }
    if (!is_named) {
        fail_msg("%s: %llu findings, the first in line %u %s: found %s, expected %s", change->name,
                 (unsigned long long)count, count > 0 ? (unsigned)found->line : 0,
                 count > 0 ? s1_invariant_name(found->invariant) : "",
                 count > 0 ? found->found : "", count > 0 ? found->expected : "");
    }
}

static void test_sound(void **state)
{
    (void)state;
    s1_audit *const audit = audit_of(NULL, S1_JOURNAL_LEVEL_FULL);
    expect_sound(audit);
    const s1_books *const books = s1_audit_books_borrow(audit);
    s1_dec cash;
    MUST(s1_dec_parse(S1_STR("10098"), &cash, err));
    assert_true(s1_dec_eq(books->cash, cash));
    assert_int_equal(books->closed_count, 1);
    assert_int_equal(books->orders, 3);
    assert_int_equal(books->fills, 2);
    assert_int_equal(books->open_positions, 0);
    assert_int_equal(books->all_threats[0].is_active, 0);
    s1_audit_free(audit);
}

static const breach breaches[] = {
    {"cash at the end",
     S1_INVARIANT_CASH,
     20,
     20,
     false,
     {20, "RUN_FINISHED", "", FINISHED_WITH("10099", "0")}},
    {"pnl is not gross less fees",
     S1_INVARIANT_CASH,
     15,
     15,
     false,
     {14, "TRADE_CLOSED", O("1") T("1") H("1"), CLOSED_AT("14", "100", "2", "99", "100")}},
    {"gross pnl",
     S1_INVARIANT_CASH,
     15,
     15,
     false,
     {14, "TRADE_CLOSED", O("1") T("1") H("1"), CLOSED_AT("14", "100", "2", "99", "101")}},
    {"fees",
     S1_INVARIANT_CASH,
     15,
     15,
     false,
     {14, "TRADE_CLOSED", O("1") T("1") H("1"), CLOSED_AT("14", "100", "3", "97", "100")}},
    {"filled above its quantity",
     S1_INVARIANT_FILLED,
     7,
     5,
     false,
     {5, "ORDER_SUBMITTED", T("1") R("1"), SENT("buy", "entry", "99")}},
    {"closed with another quantity",
     S1_INVARIANT_POSITION,
     15,
     15,
     false,
     {14, "TRADE_CLOSED", O("1") T("1") H("1"), CLOSED_AT("14", "99", "2", "98", "100")}},
    {"a position left that is not told",
     S1_INVARIANT_POSITION,
     20,
     20,
     false,
     {20, "RUN_FINISHED", "", FINISHED_WITH("10098", "1")}},
    {"opened at another price",
     S1_INVARIANT_POSITION,
     8,
     8,
     false,
     {7, "TRADE_OPENED", O("1") T("1"), OPENED("10.5")}},
    {"sold more than is open",
     S1_INVARIANT_POSITION,
     15,
     14,
     true,
     {14, "ORDER_FILLED", T("1") R("2"), FILL("sell", "stop_loss", "9", "1")}},
    {"a fill twice",
     S1_INVARIANT_ONCE,
     8,
     7,
     true,
     {7, "ORDER_FILLED", T("1") R("1"), FILL("buy", "entry", "10", "100")}},
    {"a trade closed twice",
     S1_INVARIANT_ONCE,
     16,
     15,
     true,
     {14, "TRADE_CLOSED", O("1") T("1") H("1"), CLOSED}},
    {"canceled after the end",
     S1_INVARIANT_STATE,
     17,
     16,
     true,
     {16, "ORDER_CANCELED", T("1") R("2"), SIDE("sell", "stop_loss") "}"}},
    {"accepted after it was filled",
     S1_INVARIANT_STATE,
     8,
     7,
     true,
     {7, "ORDER_ACCEPTED", T("1") R("1"), "{}"}},
    {"submitted twice",
     S1_INVARIANT_STATE,
     6,
     5,
     true,
     {5, "ORDER_SUBMITTED", T("1") R("1"), SENT("buy", "entry", "100")}},
    {"filled before it was accepted", S1_INVARIANT_STATE, 6, 6, false, {0, NULL, NULL, NULL}},
    {"a fill after the cancel",
     S1_INVARIANT_STATE,
     17,
     16,
     true,
     {16, "ORDER_FILLED", T("1") R("2"), FILL("sell", "stop_loss", "9", "100")}},
    {"an order of no trade",
     S1_INVARIANT_CAUSE,
     5,
     4,
     true,
     {4, "ORDER_SUBMITTED", T("9") R("9"), SENT("buy", "entry", "1")}},
    {"an order nobody sent",
     S1_INVARIANT_CAUSE,
     6,
     5,
     true,
     {5, "ORDER_ACCEPTED", T("1") R("9"), "{}"}},
    {"an opportunity nobody detected",
     S1_INVARIANT_CAUSE,
     18,
     17,
     true,
     {17, "OPPORTUNITY_REJECTED", O("9"), REFUSED}},
    {"a threat nobody detected",
     S1_INVARIANT_CAUSE,
     12,
     11,
     true,
     {11, "THREAT_CLEARED", H("9"), SAFE}},
    {"a threat that was cleared",
     S1_INVARIANT_CAUSE,
     20,
     19,
     true,
     {19, "THREAT_UPDATED", H("1"), DANGER}},
    {"an opportunity detected twice",
     S1_INVARIANT_CAUSE,
     3,
     2,
     true,
     {2, "OPPORTUNITY_DETECTED", O("1"), SIGNAL}},
    {"a note on an id that is none",
     S1_INVARIANT_CAUSE,
     3,
     2,
     true,
     {2, "WORKER_NOTE", T("9"), "{\"event\":\"HELLO\"}"}},
    {"a position adjusted that is closed",
     S1_INVARIANT_CAUSE,
     16,
     15,
     true,
     {15, "POSITION_ADJUSTED", T("1"), "{\"what\":\"stop_loss\",\"from\":\"9\",\"to\":\"10\"}"}},
    {"something after the end",
     S1_INVARIANT_CAUSE,
     21,
     20,
     true,
     {20, "WORKER_NOTE", "", "{\"event\":\"HELLO\"}"}},
    {"no start", S1_INVARIANT_CAUSE, 1, 1, false, {1, "WORKER_NOTE", "", "{\"event\":\"HELLO\"}"}},
    {"closed by a signal of nobody",
     S1_INVARIANT_CAUSE,
     15,
     15,
     false,
     {14, "TRADE_CLOSED", O("1") T("1") H("1"),
      "{\"closing_opportunity_id\":\"" UID(
          "a9") "\",\"closure_reason\":\"THREAT\","
                "\"exit_price\":\"11\",\"exit_time\":\"2020-01-01T14:00:00.000000000Z\","
                "\"quantity\":\"100\",\"fees\":\"2\",\"pnl\":\"98\",\"pnl_gross\":\"100\"}"}},
    {"time runs back",
     S1_INVARIANT_TIME,
     14,
     13,
     true,
     {12, "WORKER_NOTE", "", "{\"event\":\"HELLO\"}"}},
    {"two verdicts",
     S1_INVARIANT_VERDICT,
     19,
     18,
     true,
     {18, "OPPORTUNITY_APPROVED", O("2") T("1"), PASSED}},
    {"no verdict",
     S1_INVARIANT_VERDICT,
     18,
     17,
     true,
     {17, "OPPORTUNITY_DETECTED", O("3"), SIGNAL}},
    {"a member is missing",
     S1_INVARIANT_KIND,
     18,
     18,
     false,
     {18, "OPPORTUNITY_REJECTED", O("2") H("1"), "{\"stage\":\"governor\"}"}},
    {"an id it may not have",
     S1_INVARIANT_KIND,
     11,
     11,
     false,
     {11, "THREAT_DETECTED", O("1") H("1"), DANGER}},
    {"a count of the end",
     S1_INVARIANT_REPLAY,
     20,
     20,
     false,
     {20, "RUN_FINISHED", "",
      "{\"ticks\":20,\"opportunities\":3,\"approved\":1,\"rejected\":1,\"trades\":1,"
      "\"threats\":1,\"final_cash\":\"10098\",\"final_equity\":\"10098\",\"fees\":\"2\","
      "\"realized_pnl\":\"100\",\"open_positions\":0,\"reason\":\"END_OF_DATA\"}"}},
};

static void test_breaches(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof breaches / sizeof breaches[0]; i++) {
        const breach *const change = &breaches[i];
        s1_audit *const audit = audit_of(change, S1_JOURNAL_LEVEL_FULL);
        expect_breach(audit, change);
        s1_audit_free(audit);
    }
}

/* Everything but chain and files has a breach above. */
static void test_every_invariant_is_breached(void **state)
{
    (void)state;
    for (int32_t invariant = 1; invariant < S1_INVARIANT_COUNT; invariant++) {
        bool is_covered = invariant == S1_INVARIANT_CHAIN; /* journal_reader_test, below */
        for (size_t i = 0; i < sizeof breaches / sizeof breaches[0]; i++) {
            is_covered = is_covered || breaches[i].invariant == invariant;
        }
        assert_true(is_covered);
        assert_true(s1_invariant_row(invariant) > 0);
    }
    assert_string_equal(s1_invariant_name(S1_INVARIANT_CASH), "CASH");
    assert_string_equal(s1_invariant_name(-1), "INVALID");
    assert_string_equal(s1_invariant_text(S1_INVARIANT_COUNT), "INVALID");
}

static void test_damage_is_a_finding(void **state)
{
    (void)state;
    const s1_str bytes = S1_STR("{\"v\":1,\"seq\":1}\n{}\n");
    const s1_journal_source source = s1_journal_source_bytes(&bytes);
    s1_journal_reader *reader = NULL;
    s1_journal_verdict verdict;
    s1_audit *audit = NULL;
    size_t kept;
    uint64_t count;
    MUST(s1_journal_reader_new(&source, &reader, err));
    MUST(s1_audit_new(0, &audit, err));
    MUST(s1_audit_journal(audit, reader, &verdict, err));
    const s1_finding *const found = s1_audit_findings_borrow(audit, &kept, &count);
    assert_int_equal(count, 1);
    assert_int_equal(found->invariant, S1_INVARIANT_CHAIN);
    assert_int_equal(found->line, 1);
    s1_journal_reader_free(reader);
    s1_audit_free(audit);
}

/* At level trades TRADE_* move the money themselves. */
static void test_level_trades(void **state)
{
    (void)state;
    const written short_story[] = {
        story[0],
        story[7],
        {9, "POSITION_ADJUSTED", T("1"), "{\"what\":\"quantity\",\"from\":\"100\",\"to\":\"40\"}"},
        story[14],
        {15, "TRADE_OPENED", O("2") T("2"), OPENED("10")},
        {20, "RUN_FINISHED", "",
         "{\"ticks\":20,\"opportunities\":2,\"approved\":2,\"rejected\":0,\"trades\":1,"
         "\"threats\":1,\"final_cash\":\"9097\",\"final_equity\":\"10097\",\"fees\":\"3\","
         "\"realized_pnl\":\"100\",\"open_positions\":1,\"reason\":\"END_OF_DATA\"}"},
    };
    s1_audit *audit = NULL;
    s1_strbuf text;
    s1_strbuf_init(&text, 1u << 20);
    for (unsigned i = 0; i < 6; i++) {
        add_line(&text, &short_story[i], i + 1);
    }
    seal(&text, 6);
    const s1_str bytes = s1_strbuf_view(&text);
    const s1_journal_source source = s1_journal_source_bytes(&bytes);
    s1_journal_reader *reader = NULL;
    s1_journal_verdict verdict;
    size_t kept;
    uint64_t count;
    MUST(s1_journal_reader_new(&source, &reader, err));
    MUST(s1_audit_new(S1_JOURNAL_LEVEL_TRADES, &audit, err));
    MUST(s1_audit_journal(audit, reader, &verdict, err));
    const s1_finding *const found = s1_audit_findings_borrow(audit, &kept, &count);
    if (count > 0) {
        fail_msg("line %u %s: found %s, expected %s", (unsigned)found->line, found->field,
                 found->found, found->expected);
    }
    const s1_books *const books = s1_audit_books_borrow(audit);
    assert_int_equal(books->open_positions, 1);
    assert_int_equal(books->unknown_parts, 0);
    assert_int_equal(books->closed_count, 1);
    s1_journal_reader_free(reader);
    s1_audit_free(audit);
    s1_strbuf_done(&text);
}

/* --- An entry of several fills. ----------------------------------------------------------------
 */

#define AT(hour) "2020-01-01T" hour ":00:00.000000000Z"
#define SLICED_PLAN                                                                                \
    "{\"direction\":\"long\",\"entry_type\":\"MARKET\",\"entry_price\":\"10\","                    \
    "\"quantity\":\"100\",\"order_type\":\"MARKET\",\"time_in_force\":\"GTD\",\"expires_at\":"     \
    "\"" AT("12") "\",\"slices\":2,\"slice_interval\":\"2h\",\"steps\":[]}"
#define SENT_UNTIL(side, quantity, end)                                                            \
    SIDE(side, "entry") ",\"quantity\":\"" quantity "\",\"expires_at\":\"" AT(end) "\"}"
#define PART(price, quantity, remaining)                                                           \
    SIDE("buy", "entry")                                                                           \
    ",\"price\":\"" price "\",\"quantity\":\"" quantity "\",\"fee\":\"1\",\"liquidity\":"          \
    "\"maker\",\"remaining\":\"" remaining "\"}"
#define GREW(from, to, price, fee)                                                                 \
    "{\"what\":\"quantity\",\"from\":\"" from "\",\"to\":\"" to "\",\"price\":\"" price            \
    "\",\"fee\":\"" fee "\"}"
#define PLANNED(from, to)                                                                          \
    "{\"what\":\"planned_quantity\",\"from\":\"" from "\",\"to\":\"" to "\",\"reason\":\"X\"}"
#define GROWN_OPENED                                                                               \
    "{\"direction\":\"long\",\"entry_price\":\"10\",\"quantity\":\"50\",\"fee\":\"1\","            \
    "\"entry_time\":\"" AT("07") "\"}"
#define GROWN_CLOSED                                                                               \
    "{\"closure_reason\":\"MANUAL\",\"exit_price\":\"11\",\"exit_time\":\"" AT(                    \
        "15") "\",\"quantity\":\"70\",\"fees\":\"3\",\"pnl\":\"27\",\"pnl_gross\":\"30\"}"
#define GROWN_FINISHED                                                                             \
    "{\"ticks\":20,\"opportunities\":1,\"approved\":1,\"rejected\":0,\"trades\":1,\"threats\":0,"  \
    "\"final_cash\":\"10027\",\"final_equity\":\"10027\",\"fees\":\"3\",\"realized_pnl\":\"30\","  \
    "\"open_positions\":0,\"reason\":\"END_OF_DATA\"}"

/* 50 at 10 and 20 of the other 50 at 12 come in, 70 leave at 11. */
#define GROWN_COUNT 18u
static const written grown_story[GROWN_COUNT] = {
    {1, "RUN_STARTED", "", STARTED},
    {2, "OPPORTUNITY_DETECTED", O("1"), SIGNAL},
    {3, "PLAN_CREATED", O("1") T("1"), SLICED_PLAN},
    {4, "OPPORTUNITY_APPROVED", O("1") T("1"), PASSED},
    {5, "ORDER_SUBMITTED", T("1") R("1"), SENT("buy", "entry", "50")},
    {6, "ORDER_ACCEPTED", T("1") R("1"), "{}"},
    {7, "ORDER_FILLED", T("1") R("1"), FILL("buy", "entry", "10", "50")},
    {7, "TRADE_OPENED", O("1") T("1"), GROWN_OPENED},
    {8, "ORDER_SUBMITTED", T("1") R("2"), SENT_UNTIL("buy", "50", "12")},
    {8, "ORDER_ACCEPTED", T("1") R("2"), "{}"},
    {9, "ORDER_FILLED", T("1") R("2"), PART("12", "20", "30")},
    {9, "POSITION_ADJUSTED", T("1"), GREW("50", "70", "12", "1")},
    {12, "ORDER_EXPIRED", T("1") R("2"), SIDE("buy", "entry") ",\"reason\":\"TIME_UP\"}"},
    {13, "ORDER_SUBMITTED", T("1") R("3"), SENT("sell", "exit", "70")},
    {14, "ORDER_ACCEPTED", T("1") R("3"), "{}"},
    {15, "ORDER_FILLED", T("1") R("3"), FILL("sell", "exit", "11", "70")},
    {15, "TRADE_CLOSED", O("1") T("1"), GROWN_CLOSED},
    {16, "RUN_FINISHED", "", GROWN_FINISHED},
};

static const breach grown_breaches[] = {
    {"more entry orders than slices",
     S1_INVARIANT_CAUSE,
     14,
     13,
     true,
     {12, "ORDER_SUBMITTED", T("1") R("4"), SENT("buy", "entry", "1")}},
    {"more ordered than planned",
     S1_INVARIANT_FILLED,
     9,
     9,
     false,
     {8, "ORDER_SUBMITTED", T("1") R("2"), SENT_UNTIL("buy", "51", "12")}},
    {"an entry against its trade",
     S1_INVARIANT_POSITION,
     11,
     9,
     false,
     {8, "ORDER_SUBMITTED", T("1") R("2"), SENT_UNTIL("sell", "50", "12")}},
    {"filled on a bar that opened at the end",
     S1_INVARIANT_STATE,
     11,
     9,
     false,
     {8, "ORDER_SUBMITTED", T("1") R("2"), SENT_UNTIL("buy", "50", "08")}},
    {"over before its end",
     S1_INVARIANT_STATE,
     13,
     13,
     false,
     {11, "ORDER_EXPIRED", T("1") R("2"), SIDE("buy", "entry") ",\"reason\":\"TIME_UP\"}"}},
    {"what remains of the order",
     S1_INVARIANT_FILLED,
     11,
     11,
     false,
     {9, "ORDER_FILLED", T("1") R("2"), PART("12", "20", "31")}},
    {"grown at another price",
     S1_INVARIANT_POSITION,
     12,
     12,
     false,
     {9, "POSITION_ADJUSTED", T("1"), GREW("50", "70", "11", "1")}},
    {"grown for another fee",
     S1_INVARIANT_CASH,
     12,
     12,
     false,
     {9, "POSITION_ADJUSTED", T("1"), GREW("50", "70", "12", "2")}},
    {"grown from another quantity",
     S1_INVARIANT_POSITION,
     12,
     12,
     false,
     {9, "POSITION_ADJUSTED", T("1"), GREW("40", "70", "12", "1")}},
    {"another plan was cut short",
     S1_INVARIANT_POSITION,
     14,
     13,
     true,
     {12, "POSITION_ADJUSTED", T("1"), PLANNED("90", "70")}},
    {"cut short to what did not come in",
     S1_INVARIANT_POSITION,
     14,
     13,
     true,
     {12, "POSITION_ADJUSTED", T("1"), PLANNED("100", "60")}},
};

static void test_grown(void **state)
{
    (void)state;
    s1_audit *audit = audit_story(grown_story, GROWN_COUNT, NULL, S1_JOURNAL_LEVEL_FULL);
    expect_sound(audit);
    const s1_book_trade *const trade = &s1_audit_books_borrow(audit)->trades[0];
    s1_dec average;
    MUST(s1_dec_parse(S1_STR("10.571428571428571429"), &average, err)); /* 740 / 70 */
    assert_true(s1_dec_eq(trade->entry_price, average));
    assert_int_equal(trade->entry_time % (24 * 3600 * S1_NANOS_PER_SECOND),
                     7 * 3600 * S1_NANOS_PER_SECOND); /* of the first fill */
    s1_audit_free(audit);
    for (size_t i = 0; i < sizeof grown_breaches / sizeof grown_breaches[0]; i++) {
        audit = audit_story(grown_story, GROWN_COUNT, &grown_breaches[i], S1_JOURNAL_LEVEL_FULL);
        expect_breach(audit, &grown_breaches[i]);
        s1_audit_free(audit);
    }
}

/* Level trades: the entry that says a position grew says at what price, and the money follows. */
static void test_grown_at_level_trades(void **state)
{
    (void)state;
    const written told[] = {grown_story[0], grown_story[7], grown_story[11], grown_story[16],
                            grown_story[17]};
    s1_audit *audit = audit_story(told, 5, NULL, S1_JOURNAL_LEVEL_TRADES);
    expect_sound(audit);
    assert_int_equal(s1_audit_books_borrow(audit)->unknown_parts, 0);
    s1_audit_free(audit);
    const breach without = {
        "grown at no price",
        S1_INVARIANT_KIND,
        3,
        3,
        false,
        {9, "POSITION_ADJUSTED", T("1"), "{\"what\":\"quantity\",\"from\":\"50\",\"to\":\"70\"}"}};
    audit = audit_story(told, 5, &without, S1_JOURNAL_LEVEL_TRADES);
    expect_breach(audit, &without);
    s1_audit_free(audit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound),
        cmocka_unit_test(test_breaches),
        cmocka_unit_test(test_every_invariant_is_breached),
        cmocka_unit_test(test_damage_is_a_finding),
        cmocka_unit_test(test_level_trades),
        cmocka_unit_test(test_grown),
        cmocka_unit_test(test_grown_at_level_trades),
    };
    return cmocka_run_group_tests_name("invariants", tests, NULL, NULL);
}
