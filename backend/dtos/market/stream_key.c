#include "backend/dtos/market/stream_key.h"

#include "backend/utils/text.h"
#include "backend/utils/timefmt.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <string.h>

#define PAIR_SIDE_MAX 16u

#define X(name, value, text) " " text
static const char data_type_list[] = S1_DATA_TYPE_MAP(X);
#undef X

const char *s1_data_type_name(int32_t data_type)
{
    switch (data_type) {
#define X(name, value, text)                                                                       \
    case value:                                                                                    \
        return text;
        S1_DATA_TYPE_MAP(X)
#undef X
    default:
        return "?";
    }
}

s1_rc s1_data_type_parse(s1_str text, int32_t *ret_data_type, s1_err *err)
{
#define X(name, value, literal)                                                                    \
    if (text.len == sizeof(literal) - 1 && memcmp(text.ptr, literal, text.len) == 0) {             \
        *ret_data_type = (value);                                                                  \
        return S1_OK;                                                                              \
    }
    S1_DATA_TYPE_MAP(X)
#undef X
    return S1_RAISE(err, S1_E_INVALID, "data type: found '%.*s', expected one of:%s",
                    S1_STR_ARG(text), data_type_list);
}

const char *s1_stream_key_format(const s1_stream_key *key, char buffer[static S1_STREAM_TEXT_MAX])
{
    char timeframe[S1_TIMEFRAME_TEXT_MAX] = "";
    const bool is_bars = key->data_type == S1_DATA_OHLCV;
    if (is_bars && key->timeframe > 0) {
        (void)s1_timeframe_print(key->timeframe, timeframe);
    }
    const size_t source =
        key->source.len < S1_SOURCE_TEXT_MAX ? key->source.len : S1_SOURCE_TEXT_MAX;
    const size_t pair =
        key->asset_pair.len < S1_PAIR_TEXT_MAX ? key->asset_pair.len : S1_PAIR_TEXT_MAX;
    (void)snprintf(buffer, S1_STREAM_TEXT_MAX, "%.*s%s%.*s%s%s %s", (int)source,
                   source > 0 ? key->source.ptr : "", source > 0 ? ":" : "", (int)pair,
                   key->asset_pair.ptr != NULL ? key->asset_pair.ptr : "", is_bars ? " " : "",
                   timeframe, s1_data_type_name(key->data_type));
    return buffer;
}

static bool is_pair_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-';
}

/* One side of a pair: its length at `at`, or 0 if it is malformed. No '_': folders of archives
 * write the '/' so. A leading dot would hide the folder or climb out of it. */
static size_t pair_side(s1_str pair, size_t at)
{
    size_t len = 0;
    while (at + len < pair.len && is_pair_char(pair.ptr[at + len])) {
        len++;
    }
    return len > PAIR_SIDE_MAX || (len > 0 && pair.ptr[at] == '.') ? 0 : len;
}

static s1_rc check_source(s1_str source, s1_err *err)
{
    bool is_good = source.len <= S1_SOURCE_TEXT_MAX;
    for (size_t i = 0; i < source.len && is_good; i++) {
        const char c = source.ptr[i];
        is_good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    }
    return is_good
               ? S1_OK
               : S1_RAISE(err, S1_E_INVALID,
                          "source: found '%.*s', expected at most %u of a-z 0-9 _ -",
                          (int)(source.len < 64 ? source.len : 64), source.ptr, S1_SOURCE_TEXT_MAX);
}

s1_rc s1_stream_key_check(const s1_stream_key *key, s1_err *err)
{
    const s1_str pair = key->asset_pair;
    const size_t base = pair_side(pair, 0);
    const bool has_slash = base > 0 && base < pair.len && pair.ptr[base] == '/';
    const size_t quote = has_slash ? pair_side(pair, base + 1) : 0;
    if (quote == 0 || base + 1 + quote != pair.len) {
        return S1_RAISE(err, S1_E_INVALID,
                        "asset pair: found '%.*s', expected BASE/QUOTE of 1 to %u letters, digits "
                        "or . - each",
                        (int)(pair.len < 64 ? pair.len : 64), pair.ptr != NULL ? pair.ptr : "",
                        PAIR_SIDE_MAX);
    }
    if (key->data_type < S1_DATA_OHLCV || key->data_type > S1_DATA_BOOK) {
        return S1_RAISE(err, S1_E_INVALID, "data type of %.*s: found %d, expected one of:%s",
                        S1_STR_ARG(pair), key->data_type, data_type_list);
    }
    if (key->data_type == S1_DATA_OHLCV && key->timeframe <= 0) {
        return S1_RAISE(err, S1_E_INVALID,
                        "timeframe of %.*s bars: found %lld ns, expected above 0", S1_STR_ARG(pair),
                        (long long)key->timeframe);
    }
    if (key->data_type != S1_DATA_OHLCV && key->timeframe != 0) {
        return S1_RAISE(err, S1_E_INVALID, "timeframe of %.*s %s: found %lld ns, expected 0",
                        S1_STR_ARG(pair), s1_data_type_name(key->data_type),
                        (long long)key->timeframe);
    }
    return check_source(key->source, err);
}

bool s1_stream_key_equal(const s1_stream_key *a, const s1_stream_key *b)
{
    return a->timeframe == b->timeframe && a->data_type == b->data_type &&
           s1_str_eq(a->asset_pair, b->asset_pair) && s1_str_eq(a->source, b->source);
}

int s1_stream_key_compare(const s1_stream_key *a, const s1_stream_key *b)
{
    const int order = s1_str_cmp(a->asset_pair, b->asset_pair);
    if (order != 0) {
        return order;
    }
    if (a->data_type != b->data_type) {
        return a->data_type < b->data_type ? -1 : 1;
    }
    if (a->timeframe != b->timeframe) {
        return a->timeframe < b->timeframe ? -1 : 1;
    }
    return s1_str_cmp(a->source, b->source);
}

void s1_stream_key_copy_init(s1_stream_key_copy *copy, const s1_stream_key *key)
{
    copy->key = *key;
    (void)snprintf(copy->pair, sizeof copy->pair, "%.*s", S1_STR_ARG(key->asset_pair));
    (void)snprintf(copy->source, sizeof copy->source, "%.*s", (int)key->source.len,
                   key->source.len > 0 ? key->source.ptr : "");
    copy->key.asset_pair = s1_str_of(copy->pair);
    copy->key.source = s1_str_of(copy->source);
}
