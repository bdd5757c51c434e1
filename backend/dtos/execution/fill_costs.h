/* backend/dtos/execution/fill_costs.h - what a fill costs beyond its price, and how much there is.
 *
 * Slippage moves the price of a taking fill against the trader, rounded to the tick away from him
 * (p: price before, + for a buyer, - for a seller):
 *
 *   fraction      p * (1 +- value)                        LEAN ConstantSlippageModel, backtrader
 *                                                         slip_perc, vectorbt slippage
 *   fixed         p +- value                              backtrader slip_fixed
 *   ticks         p +- value * tick
 *   spread        p +- value / 2                          half a constant spread, value being all
 *                                                         of it; zipline FixedSlippage
 *   volume_share  p * (1 +- value * share^2)              zipline VolumeShareSlippage: share is
 * what our orders took of the bar so far, this fill included, over its volume, at most volume_share
 * (1 without) chance        p +- tick, with probability value       NautilusTrader
 * FillModel.prob_slippage
 *
 * Chance is drawn from the seed of the run, the order and the fill: the same run has the same luck,
 * whatever else happens in it.
 */
#ifndef S1_BACKEND_DTOS_EXECUTION_FILL_COSTS_H
#define S1_BACKEND_DTOS_EXECUTION_FILL_COSTS_H

#include "s1mple/decimal.h"

/* X(name, value, text, key of its value in a configuration) */
#define S1_SLIPPAGE_MODEL_MAP(X)                                                                   \
    X(FRACTION, 1, "fraction", fraction)                                                           \
    X(FIXED, 2, "fixed", amount)                                                                   \
    X(TICKS, 3, "ticks", ticks)                                                                    \
    X(SPREAD, 4, "spread", spread)                                                                 \
    X(VOLUME_SHARE, 5, "volume_share", impact)                                                     \
    X(CHANCE, 6, "chance", probability)

#define X(name, value, text, key) S1_SLIPPAGE_##name = (value),
enum s1_slippage_model { S1_SLIPPAGE_MODEL_MAP(X) };
#undef X

typedef struct s1_fill_costs {
    int32_t model; /* enum s1_slippage_model; 0: fraction */
    uint32_t reserved;
    s1_dec value;        /* of the model, >= 0 */
    s1_dec volume_share; /* of a bar's volume our orders may take together; zero: any */
    s1_dec touch_luck;   /* probability that a limit fills which the price only touches; zero: 1 */
    uint64_t seed;       /* of the run */
} s1_fill_costs;

#endif /* S1_BACKEND_DTOS_EXECUTION_FILL_COSTS_H */
