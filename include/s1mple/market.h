/* s1mple/market.h - bars, instruments and the one crossing from double to price.
 *
 * Bulk market data is int64 mantissas at the instrument's price_scale and qty_scale (powers of
 * ten): 1.07123 at price_scale 5 is 107123. Tick and lot are order rules, not storage.
 */
#ifndef S1MPLE_MARKET_H
#define S1MPLE_MARKET_H

#include "s1mple/base.h"
#include "s1mple/decimal.h"

#ifdef __cplusplus
extern "C" {
#endif

enum s1_direction { S1_LONG = 1, S1_SHORT = 2 };

/* +1 for long, -1 for short. */
static inline int s1_direction_sign(int32_t direction)
{
    return direction == S1_LONG ? 1 : -1;
}

/* One closed bar. It exists for workers from close_time on. Frozen per S1_ABI_MAJOR. */
typedef struct s1_bar {
    s1_nanos open_time;
    s1_nanos close_time;
    int64_t open, high, low, close; /* mantissas at price_scale */
    int64_t volume;                 /* mantissa at qty_scale */
} s1_bar;

enum s1_instrument_flag { S1_INSTRUMENT_MARGIN = 1u << 0 /* shorts and leverage are allowed */ };

/* What may be traded and by which rules. Host-owned, constant for a run. */
typedef struct s1_instrument {
    uint32_t size;
    uint32_t flags;       /* enum s1_instrument_flag */
    uint32_t price_scale; /* 0..18; price_scale + qty_scale <= 18 */
    uint32_t qty_scale;
    s1_str asset_pair; /* "BTC/EUR" */
    s1_str base, quote;
    s1_dec tick_size;    /* prices of orders are multiples of it */
    s1_dec lot_size;     /* quantities of orders are multiples of it */
    s1_dec min_quantity; /* zero: none */
    s1_dec min_notional; /* quote currency; zero: none */
    s1_dec maker_fee;    /* fraction of the notional */
    s1_dec taker_fee;
    s1_dec leverage; /* 1 without margin */
    /* since minor 2; zero: none */
    s1_dec max_quantity;
    s1_dec max_notional;       /* quote currency */
    s1_dec price_band_percent; /* how far from the last price the price of an order may be */
} s1_instrument;

/* An indicator's double becomes an order price: exact value, then rounded to the tick. The only
 * place where a double turns into money. Errors: S1_E_RANGE for NaN, infinity or overflow. */
S1_WARN_UNUSED
static inline s1_rc s1_price_from_double(const s1_instrument *instrument, double value,
                                         enum s1_rounding rounding, s1_dec *ret_price, s1_err *err)
{
    s1_dec exact;
    const s1_rc rc = s1_dec_from_double(value, &exact, err);
    return rc != S1_OK
               ? rc
               : s1_dec_round_to_step(exact, instrument->tick_size, rounding, ret_price, err);
}

/* Quantity rounded down to the lot, never up: a plan may not buy more than it was sized for. */
S1_WARN_UNUSED
static inline s1_rc s1_quantity_to_lot(const s1_instrument *instrument, s1_dec quantity,
                                       s1_dec *ret_quantity, s1_err *err)
{
    return s1_dec_round_to_step(quantity, instrument->lot_size, S1_ROUND_DOWN, ret_quantity, err);
}

#ifdef __cplusplus
}
#endif
#endif /* S1MPLE_MARKET_H */
