#include "backend/dtos/execution/fill_rules.h"

#include "backend/utils/assert.h"

#include <stddef.h>

/* One line a preset: how each simulator matches on bars (docs/matching.md). */
static const s1_fill_rules presets[S1_FILL_PRESET_COUNT] = {
#define ROW(preset, when, first, way, hit, better, gap, entry, empty, slips)                       \
    [S1_PRESET_##preset] = {.market = S1_FILL_##when,                                              \
                            .arrival = S1_ARRIVAL_##first,                                         \
                            .path = S1_PATH_##way,                                                 \
                            .limit_fill = S1_LIMIT_FILL_##hit,                                     \
                            .limit_price = S1_LIMIT_PRICE_##better,                                \
                            .stop_gap = S1_STOP_GAP_##gap,                                         \
                            .entry_bar = S1_ENTRY_BAR_##entry,                                     \
                            .zero_volume = S1_ZERO_VOLUME_##empty,                                 \
                            .slippage_on = S1_SLIPPAGE_ON_##slips,                                 \
                            .self_trade = S1_SELF_TRADE_ALLOW}
    ROW(NEXT_OPEN, NEXT_OPEN, NEXT_BAR, UNKNOWN, TOUCH, FIRST_OPEN, OPEN, STOP_INSIDE, MATCH, ALL),
    ROW(SAME_CLOSE, SAME_CLOSE, NEXT_BAR, UNKNOWN, TOUCH, FIRST_OPEN, OPEN, STOP_INSIDE, MATCH,
        ALL),
    ROW(NAUTILUS, SAME_CLOSE, CLOSE, OHLC, TOUCH, LIMIT, OPEN, NONE, SKIP, ALL),
    ROW(BACKTESTING_PY, NEXT_OPEN, NEXT_BAR, UNKNOWN, TOUCH, OPEN, OPEN, AFTER_OPEN, MATCH,
        ENTRIES),
    ROW(BACKTRADER, NEXT_OPEN, NEXT_BAR, UNKNOWN, TOUCH, OPEN, OPEN, NONE, MATCH, ALL),
    ROW(FREQTRADE, NEXT_OPEN, NEXT_BAR, UNKNOWN, TOUCH, CLAMPED, INSIDE, ALL, MATCH, ALL),
    ROW(VECTORBT, NEXT_OPEN, NEXT_BAR, UNKNOWN, TOUCH, OPEN, OPEN, NONE, MATCH, ALL),
    ROW(JESSE, SAME_CLOSE, NEXT_BAR, COLOUR, TOUCH, LIMIT, TRIGGER, ALL, MATCH, ALL),
    ROW(ZIPLINE, NEXT_CLOSE, NEXT_BAR, CLOSE, TOUCH, OPEN, OPEN, NONE, MATCH, ALL),
#undef ROW
};

s1_fill_rules s1_fill_rules_of(int32_t preset, const s1_fill_rules *changes)
{
    S1_ASSERT(preset > 0 && preset < S1_FILL_PRESET_COUNT);
    s1_fill_rules rules = presets[preset];
    if (changes != NULL) {
#define X(field, MAP) rules.field = changes->field != 0 ? changes->field : rules.field;
        S1_FILL_KNOB_MAP(X)
#undef X
    }
    return rules;
}
