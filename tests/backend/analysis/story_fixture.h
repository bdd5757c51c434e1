/* tests/backend/analysis/story_fixture.h - a hand-written journal with one of every kind of story.
 *
 *  - a1, b1: approved, bought, stop moved up, closed at its target
 *  - a2: refused by the governor because of threat c1
 *  - a3, b3: refused by the gate
 *  - a4, b4: approved, closed by threat c2
 *  - a5, b5: approved, closed by the opposite signal a6
 *  - a6: refused in size planning
 */
#ifndef S1_TESTS_BACKEND_ANALYSIS_STORY_FIXTURE_H
#define S1_TESTS_BACKEND_ANALYSIS_STORY_FIXTURE_H

#include "backend/utils/hash.h"
#include "backend/utils/text.h"

#include <inttypes.h>
#include <stdio.h>

#define STORY_ID(digits) digits "000000-0000-8000-8000-000000000000"
#define O(n)             ",\"opportunity_id\":\"" STORY_ID("a" n) "\""
#define T(n)             ",\"trade_id\":\"" STORY_ID("b" n) "\""
#define H(n)             ",\"threat_id\":\"" STORY_ID("c" n) "\""
#define R(n)             ",\"order_id\":\"" STORY_ID("d" n) "\""
#define BY(worker)       ",\"worker\":\"" worker "\""

typedef struct story_line {
    const char *time, *type, *ids, *details;
} story_line;

#define SIGNAL(direction)                                                                          \
    "{\"signal_type\":\"ema_cross\",\"direction\":\"" direction                                    \
    "\",\"asset\":\"EUR/USD\",\"price\":1.0712,"                                                   \
    "\"score\":0.8,\"metadata\":{\"gap\":0.0014},\"conditions\":[{\"name\":\"fast_above_slow\","   \
    "\"value\":1.0712,\"op\":\">\",\"threshold\":1.0698,\"held\":true}],"                          \
    "\"context\":{\"ema_20\":1.0712,\"ema_50\":1.0698}}"
#define PLAN                                                                                       \
    "{\"direction\":\"long\",\"entry_type\":\"MARKET\",\"entry_price\":\"1.0712\","                \
    "\"stop_loss\":\"1.065\",\"take_profit\":\"1.08\",\"quantity\":\"1000\","                      \
    "\"order_type\":\"MARKET\",\"time_in_force\":\"GTC\",\"steps\":["                              \
    "{\"worker\":\"governor\",\"phase\":\"entry_planning\",\"changed\":{}},"                       \
    "{\"worker\":\"stops\",\"phase\":\"exit_planning\",\"changed\":{\"stop_loss\":\"1.065\","      \
    "\"take_profit\":\"1.08\"}}]}"
#define CHECKS "{\"checks\":[{\"code\":\"MAX_POSITION_SIZE\",\"limit\":\"10\",\"actual\":\"4.2\"}]}"
#define SUBMITTED                                                                                  \
    "{\"side\":\"BUY\",\"order_type\":\"MARKET\",\"role\":\"entry\",\"quantity\":\"1000\"}"
#define FILLED                                                                                     \
    "{\"side\":\"BUY\",\"order_type\":\"MARKET\",\"role\":\"entry\",\"price\":\"1.0713\","         \
    "\"quantity\":\"1000\",\"fee\":\"0.21\",\"liquidity\":\"taker\",\"rule\":\"next_open\"}"
#define OPENED                                                                                     \
    "{\"direction\":\"long\",\"entry_price\":\"1.0713\",\"quantity\":\"1000\",\"fee\":\"0.21\","   \
    "\"entry_time\":\"2017-05-01T10:00:00.000000000Z\",\"stop_loss\":\"1.065\","                   \
    "\"take_profit\":\"1.08\"}"
#define CLOSED(reason, more)                                                                       \
    "{\"closure_reason\":\"" reason "\"," more "\"exit_price\":\"1.08\","                          \
    "\"exit_time\":\"2017-05-01T12:00:00.000000000Z\",\"quantity\":\"1000\",\"fees\":\"0.43\","    \
    "\"pnl\":\"8.27\",\"pnl_gross\":\"8.7\"}"
#define REFUSED(stage, code, limit, actual)                                                        \
    "{\"stage\":\"" stage "\",\"rejection_reason\":{\"code\":\"" code "\",\"limit\":" limit        \
    ",\"actual\":" actual "}}"

static const story_line story_lines[] = {
    {"09:00", "RUN_STARTED", "",
     "{\"run_id\":\"" STORY_ID(
         "e1") "\",\"strategy\":\"demo\",\"version\":\"1\","
               "\"environment\":\"backtest\",\"asset_pair\":\"EUR/"
               "USD\",\"timeframe\":\"1h\",\"seed\":7,"
               "\"from\":\"2017-05-01T00:00:00.000000000Z\",\"to\":\"2017-06-01T00:00:00."
               "000000000Z\","
               "\"warmup_bars\":50,\"config_hash\":\"00\",\"data_hash\":\"00\","
               "\"initial_capital\":\"10000\",\"fill_rule\":\"next_open\",\"currency\":\"USD\"}"},
    {"09:00", "THREAT_DETECTED", BY("volatility") H("1"),
     "{\"threat_type\":\"VOLATILITY_SPIKE\",\"category\":\"MARKET_RISK\",\"severity\":\"HIGH\","
     "\"key\":\"\",\"details\":{\"atr_ratio\":2.5}}"},
    {"09:00", "OPPORTUNITY_DETECTED", BY("crossover") O("1"), SIGNAL("long")},
    {"09:00", "PLAN_CREATED", O("1") T("1"), PLAN},
    {"09:00", "OPPORTUNITY_APPROVED", O("1") T("1"), CHECKS},
    {"09:00", "ORDER_SUBMITTED", BY("executor") T("1") R("1"), SUBMITTED},
    {"10:00", "ORDER_FILLED", T("1") R("1"), FILLED},
    {"10:00", "TRADE_OPENED", O("1") T("1"), OPENED},
    {"10:00", "OPPORTUNITY_DETECTED", BY("crossover") O("2"), SIGNAL("long")},
    {"10:00", "OPPORTUNITY_REJECTED", BY("governor") O("2") H("1"),
     REFUSED("governor", "THREAT_ACTIVE", "2.0", "2.5")},
    {"11:00", "THREAT_CLEARED", BY("volatility") H("1"),
     "{\"threat_type\":\"VOLATILITY_SPIKE\",\"category\":\"MARKET_RISK\",\"severity\":\"HIGH\","
     "\"key\":\"\",\"duration_bars\":2}"},
    {"11:00", "POSITION_ADJUSTED", BY("trailing") T("1"),
     "{\"what\":\"stop_loss\",\"from\":\"1.065\",\"to\":\"1.069\"}"},
    {"12:00", "TRADE_CLOSED", O("1") T("1"), CLOSED("TAKE_PROFIT", "")},
    {"12:00", "OPPORTUNITY_DETECTED", BY("crossover") O("3"), SIGNAL("long")},
    {"12:00", "PLAN_CREATED", O("3") T("3"), PLAN},
    {"12:00", "OPPORTUNITY_REJECTED", O("3") T("3"),
     "{\"stage\":\"gate\",\"rejection_reason\":{\"code\":\"MAX_DRAWDOWN\",\"limit\":\"5\","
     "\"actual\":\"5.4\"}}"},
    {"13:00", "OPPORTUNITY_DETECTED", BY("crossover") O("4"), SIGNAL("long")},
    {"13:00", "PLAN_CREATED", O("4") T("4"), PLAN},
    {"13:00", "OPPORTUNITY_APPROVED", O("4") T("4"), CHECKS},
    {"13:00", "ORDER_SUBMITTED", T("4") R("4"), SUBMITTED},
    {"14:00", "ORDER_FILLED", T("4") R("4"), FILLED},
    {"14:00", "TRADE_OPENED", O("4") T("4"), OPENED},
    {"15:00", "THREAT_DETECTED", BY("drawdown") H("2"),
     "{\"threat_type\":\"MAX_DRAWDOWN_BREACHED\",\"category\":\"PORTFOLIO_RISK\","
     "\"severity\":\"CRITICAL\",\"key\":\"\",\"details\":{\"drawdown_pct\":5.4}}"},
    {"16:00", "TRADE_CLOSED", O("4") T("4") H("2"), CLOSED("THREAT", "")},
    {"17:00", "THREAT_UPDATED", BY("drawdown") H("2"),
     "{\"threat_type\":\"MAX_DRAWDOWN_BREACHED\",\"category\":\"PORTFOLIO_RISK\","
     "\"severity\":\"LOW\",\"key\":\"\",\"details\":{\"drawdown_pct\":1.1}}"},
    {"17:00", "THREAT_CLEARED", BY("drawdown") H("2"),
     "{\"threat_type\":\"MAX_DRAWDOWN_BREACHED\",\"category\":\"PORTFOLIO_RISK\","
     "\"severity\":\"LOW\",\"key\":\"\",\"duration_bars\":2}"},
    {"17:00", "OPPORTUNITY_DETECTED", BY("crossover") O("5"), SIGNAL("long")},
    {"17:00", "PLAN_CREATED", O("5") T("5"), PLAN},
    {"17:00", "OPPORTUNITY_APPROVED", O("5") T("5"), CHECKS},
    {"18:00", "TRADE_OPENED", O("5") T("5"), OPENED},
    {"19:00", "OPPORTUNITY_DETECTED", BY("crossover") O("6"), SIGNAL("short")},
    {"19:00", "OPPORTUNITY_REJECTED", BY("sizer") O("6"),
     REFUSED("size", "QUANTITY_TOO_SMALL", "1.0", "0.2")},
    {"20:00", "TRADE_CLOSED", O("5") T("5"),
     CLOSED("OPPOSITE_SIGNAL", "\"closing_opportunity_id\":\"" STORY_ID("a6") "\",")},
    {"21:00", "RUN_FINISHED", "",
     "{\"ticks\":13,\"opportunities\":6,\"approved\":3,\"rejected\":3,\"trades\":3,\"threats\":2,"
     "\"final_cash\":\"10024.81\",\"final_equity\":\"10024.81\",\"fees\":\"1.29\","
     "\"realized_pnl\":\"26.1\",\"open_positions\":0,\"ambiguous_bars\":0,\"reason\":\"end of "
     "data\"}"},
};

/* Appends the journal with line `at` (from 0) replaced, or left out where `instead` is NULL; every
 * line with its checksum, no seal: a tail that was never closed. */
static inline void story_write_with(s1_strbuf *out, size_t at, const story_line *instead)
{
    const size_t count = sizeof story_lines / sizeof story_lines[0];
    size_t seq = 0;
    for (size_t i = 0; i < count; i++) {
        const story_line *const l = i == at ? instead : &story_lines[i];
        if (l == NULL) {
            continue;
        }
        const size_t start = out->len;
        s1_strbuf_printf(out,
                         "{\"v\":1,\"seq\":%zu,\"time\":\"2017-05-01T%s:00.000000000Z\","
                         "\"type\":\"%s\",\"link\":\"demo\"%s,\"details\":%s",
                         ++seq, l->time, l->type, l->ids, l->details);
        const uint32_t crc = s1_crc32c(0, out->data + start, out->len - start);
        s1_strbuf_printf(out, ",\"crc\":\"%08" PRIx32 "\"}\n", crc);
    }
}

/* The journal as it stands above. */
static inline void story_write(s1_strbuf *out)
{
    story_write_with(out, SIZE_MAX, NULL);
}

#endif /* S1_TESTS_BACKEND_ANALYSIS_STORY_FIXTURE_H */
