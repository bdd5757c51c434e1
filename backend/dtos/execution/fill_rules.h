/* backend/dtos/execution/fill_rules.h - what matching does where venues and simulators differ.
 *
 * A rule set is data: one value for each knob. Presets are named rule sets, our own and those of
 * other simulators, so that their trade lists can be reproduced; docs/matching.md says what each
 * knob does, and what of a simulator no knob covers. A zero in a knob means: as the preset has it.
 */
#ifndef S1_BACKEND_DTOS_EXECUTION_FILL_RULES_H
#define S1_BACKEND_DTOS_EXECUTION_FILL_RULES_H

#include <stdint.h>

/* X(name, value, text): the presets, `simulation.fill_rule`. */
#define S1_FILL_PRESET_MAP(X)                                                                      \
    X(NEXT_OPEN, 1, "next_open")                                                                   \
    X(SAME_CLOSE, 2, "same_close")                                                                 \
    X(NAUTILUS, 3, "nautilus")                                                                     \
    X(BACKTESTING_PY, 4, "backtesting_py")                                                         \
    X(BACKTRADER, 5, "backtrader")                                                                 \
    X(FREQTRADE, 6, "freqtrade")                                                                   \
    X(VECTORBT, 7, "vectorbt")                                                                     \
    X(JESSE, 8, "jesse")                                                                           \
    X(ZIPLINE, 9, "zipline")

/* X(name, value, text): what orders are matched against, `simulation.match_on`. */
#define S1_MATCH_ON_MAP(X)                                                                         \
    X(MATCH_ON_BARS, 1, "bars")                                                                    \
    X(MATCH_ON_TRADES, 2, "trades")                                                                \
    X(MATCH_ON_BOOK, 3, "book")

/* X(name, value, text): how an order moves forward in its queue, `simulation.book.queue`. */
#define S1_QUEUE_MODEL_MAP(X)                                                                      \
    X(QUEUE_RISK_AVERSE, 1, "risk_averse")                                                         \
    X(QUEUE_PROB_POWER, 2, "prob_power")                                                           \
    X(QUEUE_PROB_LOG, 3, "prob_log")

/* X(name, value, text): what own fills do to the book, `simulation.book.liquidity`. */
#define S1_BOOK_LIQUIDITY_MAP(X)                                                                   \
    X(LIQUIDITY_CONSUMED, 1, "consumed")                                                           \
    X(LIQUIDITY_KEPT, 2, "kept")

/* When and at which price a market order fills. */
#define S1_FILL_TIMING_MAP(X)                                                                      \
    X(FILL_NEXT_OPEN, 1, "next_open")                                                              \
    X(FILL_SAME_CLOSE, 2, "same_close")                                                            \
    X(FILL_NEXT_CLOSE, 3, "next_close")

/* When a limit or stop entry is looked at first: the next bar, or the close it was decided on. */
#define S1_ARRIVAL_MAP(X)                                                                          \
    X(ARRIVAL_NEXT_BAR, 1, "next_bar")                                                             \
    X(ARRIVAL_CLOSE, 2, "close")

/* In which order the prices of a bar came. Up to BEST a bar has no path; the others have one. */
#define S1_PATH_MAP(X)                                                                             \
    X(PATH_UNKNOWN, 1, "unknown")                                                                  \
    X(PATH_WORST, 2, "worst")                                                                      \
    X(PATH_BEST, 3, "best")                                                                        \
    X(PATH_CLOSE, 4, "close")                                                                      \
    X(PATH_OHLC, 5, "ohlc")                                                                        \
    X(PATH_OLHC, 6, "olhc")                                                                        \
    X(PATH_NEAREST, 7, "nearest")                                                                  \
    X(PATH_COLOUR, 8, "colour")

/* What fills a resting limit: a price at it, or only one beyond it. */
#define S1_LIMIT_FILL_MAP(X)                                                                       \
    X(LIMIT_FILL_TOUCH, 1, "touch")                                                                \
    X(LIMIT_FILL_THROUGH, 2, "through")

/* When a limit gets a better price than its own. */
#define S1_LIMIT_PRICE_MAP(X)                                                                      \
    X(LIMIT_PRICE_FIRST_OPEN, 1, "first_open")                                                     \
    X(LIMIT_PRICE_OPEN, 2, "open")                                                                 \
    X(LIMIT_PRICE_LIMIT, 3, "limit")                                                               \
    X(LIMIT_PRICE_CLAMPED, 4, "clamped")

/* What a stop gets that the open has passed. */
#define S1_STOP_GAP_MAP(X)                                                                         \
    X(STOP_GAP_OPEN, 1, "open")                                                                    \
    X(STOP_GAP_TRIGGER, 2, "trigger")                                                              \
    X(STOP_GAP_INSIDE, 3, "inside")

/* Which exits count in the bar of the entry. */
#define S1_ENTRY_BAR_MAP(X)                                                                        \
    X(ENTRY_BAR_STOP_INSIDE, 1, "stop_inside")                                                     \
    X(ENTRY_BAR_NONE, 2, "none")                                                                   \
    X(ENTRY_BAR_AFTER_OPEN, 3, "after_open")                                                       \
    X(ENTRY_BAR_ALL, 4, "all")

/* What happens on a bar without volume. */
#define S1_ZERO_VOLUME_MAP(X)                                                                      \
    X(ZERO_VOLUME_MATCH, 1, "match")                                                               \
    X(ZERO_VOLUME_SKIP, 2, "skip")

/* Which market and stop fills slip. */
#define S1_SLIPPAGE_ON_MAP(X)                                                                      \
    X(SLIPPAGE_ON_ALL, 1, "all")                                                                   \
    X(SLIPPAGE_ON_ENTRIES, 2, "entries")

/* What happens to orders of one run that would meet each other at the venue. */
#define S1_SELF_TRADE_MAP(X)                                                                       \
    X(SELF_TRADE_ALLOW, 1, "allow")                                                                \
    X(SELF_TRADE_CANCEL_NEWEST, 2, "cancel_newest")                                                \
    X(SELF_TRADE_CANCEL_OLDEST, 3, "cancel_oldest")                                                \
    X(SELF_TRADE_CANCEL_BOTH, 4, "cancel_both")                                                    \
    X(SELF_TRADE_DECREMENT, 5, "decrement")

/* X(field, MAP): the knobs. */
#define S1_FILL_KNOB_MAP(X)                                                                        \
    X(market, S1_FILL_TIMING_MAP)                                                                  \
    X(arrival, S1_ARRIVAL_MAP)                                                                     \
    X(path, S1_PATH_MAP)                                                                           \
    X(limit_fill, S1_LIMIT_FILL_MAP)                                                               \
    X(limit_price, S1_LIMIT_PRICE_MAP)                                                             \
    X(stop_gap, S1_STOP_GAP_MAP)                                                                   \
    X(entry_bar, S1_ENTRY_BAR_MAP)                                                                 \
    X(zero_volume, S1_ZERO_VOLUME_MAP)                                                             \
    X(slippage_on, S1_SLIPPAGE_ON_MAP)                                                             \
    X(self_trade, S1_SELF_TRADE_MAP)

#define X(name, value, text) S1_PRESET_##name = (value),
enum s1_fill_preset { S1_FILL_PRESET_MAP(X) S1_FILL_PRESET_COUNT };
#undef X
#define X(name, value, text) S1_##name = (value),
enum s1_match_on { S1_MATCH_ON_MAP(X) };
enum s1_queue_model { S1_QUEUE_MODEL_MAP(X) };
enum s1_book_liquidity { S1_BOOK_LIQUIDITY_MAP(X) };
enum s1_fill_timing { S1_FILL_TIMING_MAP(X) };
enum s1_arrival { S1_ARRIVAL_MAP(X) };
enum s1_bar_path { S1_PATH_MAP(X) };
enum s1_limit_fill { S1_LIMIT_FILL_MAP(X) };
enum s1_limit_price { S1_LIMIT_PRICE_MAP(X) };
enum s1_stop_gap { S1_STOP_GAP_MAP(X) };
enum s1_entry_bar { S1_ENTRY_BAR_MAP(X) };
enum s1_zero_volume { S1_ZERO_VOLUME_MAP(X) };
enum s1_slippage_on { S1_SLIPPAGE_ON_MAP(X) };
enum s1_self_trade { S1_SELF_TRADE_MAP(X) };
#undef X

typedef struct s1_fill_rules {
#define X(field, MAP) int32_t field;
    S1_FILL_KNOB_MAP(X)
#undef X
} s1_fill_rules;

/* The rule set of a preset (enum s1_fill_preset), with every knob of `changes` that is not zero
 * over it; NULL: none. */
s1_fill_rules s1_fill_rules_of(int32_t preset, const s1_fill_rules *changes);

#endif /* S1_BACKEND_DTOS_EXECUTION_FILL_RULES_H */
