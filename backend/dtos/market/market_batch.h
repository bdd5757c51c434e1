/* backend/dtos/market/market_batch.h - market data in bulk: columns of int64 mantissas.
 *
 * A batch borrows its columns. Who hands it out says until when they are valid; who takes it copies
 * what it keeps. Prices are mantissas at price_scale, volumes and quantities at qty_scale (1.07123
 * at scale 5 is 107123); the scales stand beside the batch, never in it.
 */
#ifndef S1_BACKEND_DTOS_MARKET_MARKET_BATCH_H
#define S1_BACKEND_DTOS_MARKET_MARKET_BATCH_H

#include "s1mple/base.h"

/* The largest scale, and the largest mantissa a column may hold: DECIMAL(18, scale). */
#define S1_SCALE_MAX    18u
#define S1_MANTISSA_MAX 999999999999999999LL

/* Bars, open time rising (no two equal). */
typedef struct s1_bar_batch {
    size_t count; /* 0: nothing */
    const s1_nanos *open_time;
    const int64_t *open, *high, *low, *close; /* at price_scale */
    const int64_t *volume;                    /* at qty_scale */
    const int64_t *trades;                    /* NULL: not known */
    const int64_t *vwap;                      /* at vwap_scale; NULL: not known */
} s1_bar_batch;

/* Who took liquidity. Frozen: it is the stored value. */
enum s1_trade_side { S1_TRADE_BUY = 1, S1_TRADE_SELL = 2, S1_TRADE_SIDE_UNKNOWN = 3 };

/* Trade ticks in the order they happened: time never falls, and trades that share a time keep the
 * order they were given in. */
typedef struct s1_trade_batch {
    size_t count; /* 0: nothing */
    const s1_nanos *time;
    const int64_t *price;     /* at price_scale */
    const int64_t *quantity;  /* at qty_scale */
    const uint8_t *side;      /* enum s1_trade_side */
    const int64_t *id;        /* the exchange's; NULL: not known */
    const s1_nanos *received; /* when we heard of it; NULL: not known */
} s1_trade_batch;

#endif /* S1_BACKEND_DTOS_MARKET_MARKET_BATCH_H */
