/* backend/dtos/market/market_layout.h - the columns of every kind of market data: one table.
 *
 *   ohlcv   time, open, high, low, close PRICE, volume QTY | trades INT64?, vwap VWAP?
 *   trades  time, price PRICE, quantity QTY, side ENUM (s1_trade_side) | id INT64?, received TIME?
 *   quotes  time, bid, ask PRICE | bid_quantity, ask_quantity QTY?, received TIME?
 *   book    time, update_id INT64, kind ENUM (s1_book_kind), side ENUM (s1_book_side),
 *           price PRICE, quantity QTY (0 removes the level) | received TIME?
 *
 * A row of a kind has all its mandatory columns; those with a ? are there in a batch or not, for
 * all of its rows alike. Sort: bars strictly rising time; of the others time never falls and equal
 * times keep the order they were given in (trades with ids: rising id).
 */
#ifndef S1_BACKEND_DTOS_MARKET_MARKET_LAYOUT_H
#define S1_BACKEND_DTOS_MARKET_MARKET_LAYOUT_H

#include "s1mple/base.h"

enum s1_column_kind {
    S1_COLUMN_TIME = 1,  /* s1_nanos -> TIMESTAMP_NS */
    S1_COLUMN_PRICE = 2, /* int64 mantissa -> DECIMAL(18, price scale) */
    S1_COLUMN_QTY = 3,   /* int64 mantissa -> DECIMAL(18, qty scale) */
    S1_COLUMN_ENUM = 4,  /* uint8 -> UTINYINT */
    S1_COLUMN_INT64 = 5, /* int64 -> BIGINT */
    S1_COLUMN_VWAP = 6,  /* int64 mantissa -> DECIMAL(18, vwap scale) */
};

/* What a row of an order book is. Frozen: it is the stored value. */
enum s1_book_kind { S1_BOOK_SNAPSHOT = 1, S1_BOOK_UPDATE = 2 };
enum s1_book_side { S1_BOOK_BID = 1, S1_BOOK_ASK = 2 };

typedef struct s1_market_column {
    const char *name;
    int32_t kind; /* enum s1_column_kind */
    bool is_optional;
    uint8_t enum_max; /* of ENUM: values are 1..enum_max */
} s1_market_column;

#define S1_MARKET_COLUMNS_MAX 8u

/* The columns of a data type, the time first, the optional ones last. Static; NULL and 0 for a
 * value outside enum s1_data_type. */
const s1_market_column *s1_market_layout(int32_t data_type, size_t *ret_count);

/* The bits of the columns every row has (bit i: column i). */
uint32_t s1_market_mandatory(int32_t data_type);

/* The index of a column by its name, or S1_MARKET_COLUMNS_MAX. */
uint32_t s1_market_column_find(int32_t data_type, const char *name);

/* Bytes of one value: 1 of an ENUM, else 8. */
size_t s1_market_column_size(const s1_market_column *column);

/* The scales the mantissas of a batch, a reader or a file are at. */
typedef struct s1_market_scales {
    uint32_t price, qty, vwap; /* 0..S1_SCALE_MAX each */
} s1_market_scales;

/* The scale of a column of the kind; 0 for one without. */
uint32_t s1_market_scale(const s1_market_scales *scales, int32_t kind);

/* The scales that one of these columns (bits) has; 0 for the others. */
s1_market_scales s1_market_scales_used(int32_t data_type, uint32_t columns,
                                       s1_market_scales scales);

/* The larger one of each. */
s1_market_scales s1_market_scales_max(s1_market_scales a, s1_market_scales b);

/* Any kind, column by column of its layout. Borrowed as the batches of market_batch.h are. */
typedef struct s1_market_batch {
    size_t count;
    const void *columns[S1_MARKET_COLUMNS_MAX]; /* NULL: an optional column that is not there */
} s1_market_batch;

#endif /* S1_BACKEND_DTOS_MARKET_MARKET_LAYOUT_H */
