#include "backend/dtos/market/market_layout.h"

#include "backend/dtos/market/stream_key.h"

#include <string.h>

static const s1_market_column ohlcv[] = {
    {"time", S1_COLUMN_TIME, false, 0},   {"open", S1_COLUMN_PRICE, false, 0},
    {"high", S1_COLUMN_PRICE, false, 0},  {"low", S1_COLUMN_PRICE, false, 0},
    {"close", S1_COLUMN_PRICE, false, 0}, {"volume", S1_COLUMN_QTY, false, 0},
    {"trades", S1_COLUMN_INT64, true, 0}, {"vwap", S1_COLUMN_VWAP, true, 0},
};
static const s1_market_column trades[] = {
    {"time", S1_COLUMN_TIME, false, 0},    {"price", S1_COLUMN_PRICE, false, 0},
    {"quantity", S1_COLUMN_QTY, false, 0}, {"side", S1_COLUMN_ENUM, false, 3},
    {"id", S1_COLUMN_INT64, true, 0},      {"received", S1_COLUMN_TIME, true, 0},
};
static const s1_market_column quotes[] = {
    {"time", S1_COLUMN_TIME, false, 0},       {"bid", S1_COLUMN_PRICE, false, 0},
    {"ask", S1_COLUMN_PRICE, false, 0},       {"bid_quantity", S1_COLUMN_QTY, true, 0},
    {"ask_quantity", S1_COLUMN_QTY, true, 0}, {"received", S1_COLUMN_TIME, true, 0},
};
static const s1_market_column book[] = {
    {"time", S1_COLUMN_TIME, false, 0},    {"update_id", S1_COLUMN_INT64, false, 0},
    {"kind", S1_COLUMN_ENUM, false, 2},    {"side", S1_COLUMN_ENUM, false, 2},
    {"price", S1_COLUMN_PRICE, false, 0},  {"quantity", S1_COLUMN_QTY, false, 0},
    {"received", S1_COLUMN_TIME, true, 0},
};

const s1_market_column *s1_market_layout(int32_t data_type, size_t *ret_count)
{
    switch (data_type) {
    case S1_DATA_OHLCV:
        *ret_count = sizeof ohlcv / sizeof ohlcv[0];
        return ohlcv;
    case S1_DATA_TRADES:
        *ret_count = sizeof trades / sizeof trades[0];
        return trades;
    case S1_DATA_QUOTES:
        *ret_count = sizeof quotes / sizeof quotes[0];
        return quotes;
    case S1_DATA_BOOK:
        *ret_count = sizeof book / sizeof book[0];
        return book;
    default:
        *ret_count = 0;
        return NULL;
    }
}

uint32_t s1_market_mandatory(int32_t data_type)
{
    size_t count;
    const s1_market_column *const columns = s1_market_layout(data_type, &count);
    uint32_t bits = 0;
    for (size_t i = 0; i < count; i++) {
        bits |= columns[i].is_optional ? 0u : 1u << i;
    }
    return bits;
}

uint32_t s1_market_column_find(int32_t data_type, const char *name)
{
    size_t count;
    const s1_market_column *const columns = s1_market_layout(data_type, &count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(columns[i].name, name) == 0) {
            return (uint32_t)i;
        }
    }
    return S1_MARKET_COLUMNS_MAX;
}

size_t s1_market_column_size(const s1_market_column *column)
{
    return column->kind == S1_COLUMN_ENUM ? sizeof(uint8_t) : sizeof(int64_t);
}

uint32_t s1_market_scale(const s1_market_scales *scales, int32_t kind)
{
    switch (kind) {
    case S1_COLUMN_PRICE:
        return scales->price;
    case S1_COLUMN_QTY:
        return scales->qty;
    case S1_COLUMN_VWAP:
        return scales->vwap;
    default:
        return 0;
    }
}

s1_market_scales s1_market_scales_used(int32_t data_type, uint32_t columns, s1_market_scales scales)
{
    size_t count;
    const s1_market_column *const layout = s1_market_layout(data_type, &count);
    s1_market_scales used = {0};
    for (size_t i = 0; i < count; i++) {
        const bool is_there = (columns >> i & 1u) != 0;
        used.price = is_there && layout[i].kind == S1_COLUMN_PRICE ? scales.price : used.price;
        used.qty = is_there && layout[i].kind == S1_COLUMN_QTY ? scales.qty : used.qty;
        used.vwap = is_there && layout[i].kind == S1_COLUMN_VWAP ? scales.vwap : used.vwap;
    }
    return used;
}

s1_market_scales s1_market_scales_max(s1_market_scales a, s1_market_scales b)
{
    return (s1_market_scales){a.price > b.price ? a.price : b.price, a.qty > b.qty ? a.qty : b.qty,
                              a.vwap > b.vwap ? a.vwap : b.vwap};
}
