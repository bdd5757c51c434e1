#include "backend/core/trading_context.h"

#include "backend/utils/reserve.h"
#include "backend/utils/text.h"
#include "backend/utils/timefmt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef S1_TRADING_CONTEXT_POISON
#include <sanitizer/asan_interface.h>
#endif

#define NAME_MAX_BYTES 63u

/* Columns are read side by side at the same row. Were all of them to start at the same offset of a
 * page, they would compete for the same few cache sets; each begins a few lines after the last. */
#define COLOUR_BYTES 320u
#define COLOUR_COUNT 12u

static const char *const base_names[S1_BASE_COLUMN_COUNT] = {
#define X(member, name) name,
    S1_BASE_COLUMN_MAP(X)
#undef X
};

/* One array of 8-byte values: reserved, zero. */
typedef struct mapping {
    void *address;
    size_t bytes;
} mapping;

struct s1_trading_context_private {
    s1_signal_list no_signals;
    s1_threat_list no_threats;
    uint64_t memory_max_bytes, memory_bytes;
    mapping mappings[S1_COLUMNS_MAX + S1_STREAMS_MAX];
    uint32_t mapping_count;
    uint32_t column_count;
    s1_column_store *columns[S1_COLUMNS_MAX]; /* base columns included */
    uint32_t artefact_count;
    uint32_t text_count;
    s1_artefact_store *artefacts[S1_ARTEFACTS_MAX];
    char *texts[S1_STREAMS_MAX + 1];
    const s1_stream *stream_views[S1_STREAMS_MAX];
};

/* --- Memory. ------------------------------------------------------------------------------ */

static s1_rc map_values(s1_trading_context *context, uint64_t rows, double **ret_values,
                        s1_err *err)
{
    struct s1_trading_context_private *const own = context->private_part;
    const size_t colour = (own->mapping_count % COLOUR_COUNT) * COLOUR_BYTES;
    if (rows > (SIZE_MAX / 4) / sizeof(double)) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a column of %llu rows", (unsigned long long)rows);
    }
    const size_t usable = (size_t)rows * sizeof(double) + colour;
    if (own->memory_max_bytes != 0 && own->memory_bytes + usable > own->memory_max_bytes) {
        return S1_RAISE(err, S1_E_NO_MEMORY,
                        "columns of the trading context need more than the limit of %llu bytes: "
                        "%llu reserved, %zu more asked for",
                        (unsigned long long)own->memory_max_bytes,
                        (unsigned long long)own->memory_bytes, usable);
    }
    S1_ASSERT(own->mapping_count < sizeof own->mappings / sizeof own->mappings[0]);
    char *const address = s1_reserve_new(usable);
    if (address == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu bytes for a column", usable);
    }
    s1_reserve_populate(address, usable); /* the rows are known, and all of them will come */
    double *const values = (double *)(void *)(address + colour);
#ifdef S1_TRADING_CONTEXT_POISON
    ASAN_POISON_MEMORY_REGION(address, usable);
#endif
    own->mappings[own->mapping_count++] = (mapping){address, usable};
    own->memory_bytes += usable;
    *ret_values = values;
    return S1_OK;
}

void s1_stream_store_unpoison(const s1_stream_store *store, uint64_t row)
{
#ifdef S1_TRADING_CONTEXT_POISON
    ASAN_UNPOISON_MEMORY_REGION(&store->close_time[row], sizeof store->close_time[row]);
    for (uint32_t i = 0; i < S1_BASE_COLUMN_COUNT; i++) {
        ASAN_UNPOISON_MEMORY_REGION(&store->base[i][row], sizeof(double));
    }
    for (uint32_t i = 0; i < store->column_count; i++) {
        ASAN_UNPOISON_MEMORY_REGION(&store->columns[i]->column.values[row], sizeof(double));
    }
#else
    (void)store;
    (void)row;
#endif
}

void s1_stream_store_seal(s1_stream_store *store)
{
    for (uint32_t i = 0; i < store->column_count; i++) {
        s1_column_store_seal(store->columns[i]);
    }
}

/* --- Names. ------------------------------------------------------------------------------- */

static bool is_name(s1_str name)
{
    if (name.len == 0 || name.len > NAME_MAX_BYTES) {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_')) {
            return false;
        }
    }
    return true;
}

/* A list of names for a message: cut with "..." when it does not fit. */
typedef struct name_list {
    char text[400];
    size_t len;
} name_list;

static void name_list_add(name_list *list, const char *format_prefix, s1_str name)
{
    const size_t room = sizeof list->text - 5;
    const size_t prefix = strlen(format_prefix);
    const size_t need = name.len + prefix + (list->len > 0 ? 2 : 0);
    if (list->len > 0 && list->text[list->len - 1] == '.') {
        return;
    }
    if (list->len + need > room) {
        memcpy(list->text + list->len, " ...", 5);
        list->len += 4;
        return;
    }
    list->len += (size_t)snprintf(list->text + list->len, sizeof list->text - list->len, "%s%s%.*s",
                                  list->len > 0 ? ", " : "", format_prefix, S1_STR_ARG(name));
}

static void name_list_add_stream(name_list *list, const s1_stream *stream)
{
    char text[128];
    char timeframe[S1_TIMEFRAME_TEXT_MAX];
    (void)s1_timeframe_print(stream->timeframe, timeframe);
    (void)snprintf(text, sizeof text, "%.*s@%s", S1_STR_ARG(stream->asset_pair), timeframe);
    name_list_add(list, "", s1_str_of(text));
}

s1_rc s1_trading_context_find_stream(const s1_trading_context *context, s1_str selector,
                                     uint32_t *ret_stream, s1_err *err)
{
    if (selector.len == 0) {
        *ret_stream = 0;
        return S1_OK;
    }
    const char *const at = memchr(selector.ptr, '@', selector.len);
    const s1_str pair = {selector.ptr, at != NULL ? (size_t)(at - selector.ptr) : 0};
    s1_nanos timeframe = 0;
    if (pair.len == 0 || s1_timeframe_parse((s1_str){at + 1, selector.len - pair.len - 1},
                                            &timeframe, NULL) != S1_OK) {
        return S1_RAISE(err, S1_E_INVALID,
                        "'%.*s' names no stream; expected PAIR@TIMEFRAME, as in "
                        "ETH/USD@1h",
                        S1_STR_ARG(selector));
    }
    for (uint32_t i = 0; i < context->view.stream_count; i++) {
        const s1_stream *const stream = &context->streams[i].view;
        if (stream->timeframe == timeframe && s1_str_eq(stream->asset_pair, pair)) {
            *ret_stream = i;
            return S1_OK;
        }
    }
    name_list streams = {.len = 0};
    for (uint32_t i = 0; i < context->view.stream_count; i++) {
        name_list_add_stream(&streams, &context->streams[i].view);
    }
    return S1_RAISE(err, S1_E_NOT_FOUND, "no stream '%.*s'; the blueprint's data has: %s",
                    S1_STR_ARG(selector), streams.text);
}

/* "ETH/USD@1h.close" -> its stream and "close"; "close" -> the stream given. */
static s1_rc resolve_name(const s1_trading_context *context, uint32_t stream, s1_str qualified,
                          uint32_t *ret_stream, s1_str *ret_name, s1_err *err)
{
    const char *const at = qualified.len > 0 ? memchr(qualified.ptr, '@', qualified.len) : NULL;
    if (at == NULL) {
        *ret_stream = stream;
        *ret_name = qualified;
        return S1_OK;
    }
    const char *const end = qualified.ptr + qualified.len;
    const char *const dot = memchr(at, '.', (size_t)(end - at));
    if (dot == NULL) {
        return S1_RAISE(err, S1_E_INVALID,
                        "'%.*s' names a stream but no column; expected PAIR@TIMEFRAME.column",
                        S1_STR_ARG(qualified));
    }
    const s1_str selector = {qualified.ptr, (size_t)(dot - qualified.ptr)};
    S1_TRY(err, s1_trading_context_find_stream(context, selector, ret_stream, err));
    *ret_name = (s1_str){dot + 1, (size_t)(end - dot - 1)};
    return S1_OK;
}

/* --- Columns. ----------------------------------------------------------------------------- */

static s1_column_store *column_find(const s1_trading_context *context, uint32_t stream, s1_str name)
{
    const struct s1_trading_context_private *const own = context->private_part;
    for (uint32_t i = 0; i < own->column_count; i++) {
        if (own->columns[i]->stream == stream && s1_str_eq(own->columns[i]->name, name)) {
            return own->columns[i];
        }
    }
    return NULL;
}

s1_rc s1_trading_context_find_column(const s1_trading_context *context, uint32_t stream,
                                     s1_str name, s1_column_store **ret_column, s1_err *err)
{
    s1_str plain;
    S1_TRY(err, resolve_name(context, stream, name, &stream, &plain, err));
    s1_column_store *const column = column_find(context, stream, plain);
    if (column != NULL) {
        *ret_column = column;
        return S1_OK;
    }
    name_list names = {.len = 0};
    const struct s1_trading_context_private *const own = context->private_part;
    for (uint32_t i = 0; i < own->column_count; i++) {
        if (own->columns[i]->stream == stream) {
            name_list_add(&names, "", own->columns[i]->name);
        }
    }
    name_list of = {.len = 0};
    name_list_add_stream(&of, &context->streams[stream].view);
    return S1_RAISE(err, S1_E_NOT_FOUND, "no column '%.*s' on %s; it has: %s", S1_STR_ARG(plain),
                    of.text, names.text);
}

/* A record with the two texts behind it, so that one free() is enough. */
static void *record_new(size_t size, s1_str name, s1_str owner, s1_str *ret_name, s1_str *ret_owner)
{
    char *const record = calloc(1, size + name.len + owner.len + 1);
    if (record == NULL) {
        return NULL;
    }
    memcpy(record + size, name.ptr, name.len);
    if (owner.len > 0) {
        memcpy(record + size + name.len, owner.ptr, owner.len);
    }
    *ret_name = (s1_str){record + size, name.len};
    *ret_owner = (s1_str){record + size + name.len, owner.len};
    return record;
}

static s1_rc column_new(s1_trading_context *context, uint32_t stream, s1_str name, s1_str owner,
                        s1_column_store **ret_column, s1_err *err)
{
    struct s1_trading_context_private *const own = context->private_part;
    if (own->column_count == S1_COLUMNS_MAX) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "column '%.*s': there are %u columns already",
                        S1_STR_ARG(name), S1_COLUMNS_MAX);
    }
    s1_stream_store *const store = &context->streams[stream];
    double *values = NULL;
    S1_TRY(err, map_values(context, store->capacity_rows, &values, err));
    s1_str name_copy;
    s1_str owner_copy;
    s1_column_store *const column =
        record_new(sizeof *column, name, owner, &name_copy, &owner_copy);
    if (column == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "column '%.*s'", S1_STR_ARG(name));
    }
    column->column = (s1_column){.values = values, .rows = &store->view.rows};
    column->series = (s1_series){.values = values, .rows = &store->view.rows};
    column->name = name_copy;
    column->owner = owner_copy;
    column->stream = stream;
    own->columns[own->column_count++] = column;
    *ret_column = column;
    return S1_OK;
}

s1_rc s1_trading_context_add_column(s1_trading_context *context, const s1_column_options *options,
                                    s1_column_store **ret_column, s1_err *err)
{
    S1_ASSERT(options->stream < context->view.stream_count);
    S1_ASSERT(context->view.tick == 0);
    if (!is_name(options->name)) {
        return S1_RAISE(err, S1_E_INVALID,
                        "column name '%.*s': expected 1 to %u letters, digits and '_'",
                        S1_STR_ARG(options->name), NAME_MAX_BYTES);
    }
    const s1_column_store *const present = column_find(context, options->stream, options->name);
    if (present != NULL) {
        return S1_RAISE(err, S1_E_EXISTS, "column '%.*s' of '%.*s' is provided by %s%.*s already",
                        S1_STR_ARG(options->name), S1_STR_ARG(options->owner),
                        present->owner.len > 0 ? "" : "the market data",
                        S1_STR_ARG(present->owner));
    }
    s1_stream_store *const store = &context->streams[options->stream];
    s1_column_store **const grown =
        realloc(store->columns, (store->column_count + 1) * sizeof(s1_column_store *));
    if (grown == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "column '%.*s'", S1_STR_ARG(options->name));
    }
    store->columns = grown;
    s1_column_store *column = NULL;
    S1_TRY(err, column_new(context, options->stream, options->name, options->owner, &column, err));
    column->need_rows[options->stream] = 1;
    for (uint32_t i = 0; options->need_rows != NULL && i < context->view.stream_count; i++) {
        column->need_rows[i] = options->need_rows[i];
    }
    store->columns[store->column_count++] = column;
    *ret_column = column;
    return S1_OK;
}

/* --- Artefacts. --------------------------------------------------------------------------- */

static s1_artefact_store *artefacts_find(const s1_trading_context *context, uint32_t stream,
                                         s1_str name)
{
    const struct s1_trading_context_private *const own = context->private_part;
    for (uint32_t i = 0; i < own->artefact_count; i++) {
        if (own->artefacts[i]->stream == stream && s1_str_eq(own->artefacts[i]->name, name)) {
            return own->artefacts[i];
        }
    }
    return NULL;
}

s1_rc s1_trading_context_add_artefacts(s1_trading_context *context, uint32_t stream, s1_str name,
                                       s1_str owner, uint32_t capacity,
                                       s1_artefact_store **ret_artefacts, s1_err *err)
{
    struct s1_trading_context_private *const own = context->private_part;
    S1_ASSERT(stream < context->view.stream_count);
    if (!is_name(name)) {
        return S1_RAISE(err, S1_E_INVALID,
                        "artefact name '%.*s': expected 1 to %u letters, digits and '_'",
                        S1_STR_ARG(name), NAME_MAX_BYTES);
    }
    const s1_artefact_store *const present = artefacts_find(context, stream, name);
    if (present != NULL) {
        return S1_RAISE(err, S1_E_EXISTS, "artefact '%.*s' of '%.*s' is provided by %.*s already",
                        S1_STR_ARG(name), S1_STR_ARG(owner), S1_STR_ARG(present->owner));
    }
    if (own->artefact_count == S1_ARTEFACTS_MAX) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "artefact '%.*s': there are %u lists already",
                        S1_STR_ARG(name), S1_ARTEFACTS_MAX);
    }
    const uint32_t kept = capacity > 0 ? capacity : S1_ARTEFACT_CAPACITY;
    s1_str name_copy;
    s1_str owner_copy;
    s1_artefact_store *const store =
        record_new(sizeof *store, name, owner, &name_copy, &owner_copy);
    s1_artefact *const items = calloc(kept, sizeof *items);
    if (store == NULL || items == NULL) {
        free(store);
        free(items);
        return S1_RAISE(err, S1_E_NO_MEMORY, "artefact '%.*s': %u items", S1_STR_ARG(name), kept);
    }
    store->list = (s1_artefact_list){.size = sizeof store->list, .capacity = kept, .items = items};
    store->name = name_copy;
    store->owner = owner_copy;
    store->stream = stream;
    own->artefacts[own->artefact_count++] = store;
    *ret_artefacts = store;
    return S1_OK;
}

s1_rc s1_trading_context_find_artefacts(const s1_trading_context *context, uint32_t stream,
                                        s1_str name, s1_artefact_store **ret_artefacts, s1_err *err)
{
    s1_str plain;
    S1_TRY(err, resolve_name(context, stream, name, &stream, &plain, err));
    s1_artefact_store *const artefacts = artefacts_find(context, stream, plain);
    if (artefacts != NULL) {
        *ret_artefacts = artefacts;
        return S1_OK;
    }
    name_list names = {.len = 0};
    const struct s1_trading_context_private *const own = context->private_part;
    for (uint32_t i = 0; i < own->artefact_count; i++) {
        if (own->artefacts[i]->stream == stream) {
            name_list_add(&names, "", own->artefacts[i]->name);
        }
    }
    return S1_RAISE(err, S1_E_NOT_FOUND, "no artefacts '%.*s'; there are: %s", S1_STR_ARG(plain),
                    names.len > 0 ? names.text : "none");
}

/* --- Life. -------------------------------------------------------------------------------- */

static s1_rc text_copy(struct s1_trading_context_private *own, s1_str text, s1_str *ret_copy,
                       s1_err *err)
{
    char *const copy = calloc(1, text.len + 1);
    if (copy == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu bytes", text.len);
    }
    if (text.len > 0) {
        memcpy(copy, text.ptr, text.len);
    }
    S1_ASSERT(own->text_count < sizeof own->texts / sizeof own->texts[0]);
    own->texts[own->text_count++] = copy;
    *ret_copy = (s1_str){copy, text.len};
    return S1_OK;
}

static double power_of_ten(uint32_t exponent)
{
    double power = 1.0; /* exact up to 10^22 */
    for (uint32_t i = 0; i < exponent; i++) {
        power *= 10.0;
    }
    return power;
}

double s1_mantissa_to_double_wide(int64_t mantissa, double divisor)
{
    /* The quotient of |mantissa| * 2^64 has at least 57 bits here; with the rest folded into its
     * lowest bit the conversion to double rounds once, and the power of two is exact. */
    __extension__ typedef unsigned __int128 uint128;
    const uint64_t magnitude = mantissa < 0 ? 0 - (uint64_t)mantissa : (uint64_t)mantissa;
    const uint128 numerator = (uint128)magnitude << 64;
    const uint64_t denominator = (uint64_t)divisor;
    uint128 quotient = numerator / denominator;
    if (numerator % denominator != 0) {
        quotient |= 1;
    }
    const double value = (double)quotient * 0x1p-64;
    return mantissa < 0 ? -value : value;
}

static s1_rc stream_check(const s1_trading_context_options *options, uint32_t index, s1_err *err)
{
    const s1_stream_options *const stream = &options->streams[index];
    if (stream->asset_pair.len == 0 || stream->timeframe <= 0 || stream->capacity_rows == 0 ||
        stream->instrument == NULL) {
        return S1_RAISE(err, S1_E_INVALID,
                        "stream %u ('%.*s'): expected a pair, a timeframe, an instrument and a "
                        "capacity above zero",
                        index, S1_STR_ARG(stream->asset_pair));
    }
    if (stream->instrument->price_scale > 18 || stream->instrument->qty_scale > 18) {
        return S1_RAISE(err, S1_E_INVALID, "stream %u ('%.*s'): scales %u and %u, expected 0..18",
                        index, S1_STR_ARG(stream->asset_pair), stream->instrument->price_scale,
                        stream->instrument->qty_scale);
    }
    for (uint32_t i = 0; i < index; i++) {
        if (options->streams[i].timeframe == stream->timeframe &&
            s1_str_eq(options->streams[i].asset_pair, stream->asset_pair)) {
            return S1_RAISE(err, S1_E_INVALID, "streams %u and %u are the same: '%.*s'", i, index,
                            S1_STR_ARG(stream->asset_pair));
        }
    }
    return S1_OK;
}

static s1_rc stream_init(s1_trading_context *context, uint32_t index,
                         const s1_stream_options *options, s1_err *err)
{
    s1_stream_store *const store = &context->streams[index];
    store->index = index;
    store->capacity_rows = options->capacity_rows;
    store->price_divisor = power_of_ten(options->instrument->price_scale);
    store->qty_divisor = power_of_ten(options->instrument->qty_scale);
    store->view.size = sizeof store->view;
    store->view.timeframe = options->timeframe;
    store->view.instrument = options->instrument;
    S1_TRY(err,
           text_copy(context->private_part, options->asset_pair, &store->view.asset_pair, err));
    double *times = NULL;
    _Static_assert(sizeof *times == sizeof(s1_nanos), "one mapping serves both");
    S1_TRY(err, map_values(context, options->capacity_rows, &times, err));
    store->close_time = (s1_nanos *)(void *)times;
    store->view.close_time = store->close_time;
    for (uint32_t i = 0; i < S1_BASE_COLUMN_COUNT; i++) {
        s1_column_store *column = NULL;
        S1_TRY(err, column_new(context, index, s1_str_of(base_names[i]), S1_STR(""), &column, err));
        column->need_rows[index] = 1;
        store->base[i] = column->column.values;
    }
#define X(member, name)                                                                            \
    store->view.member = (s1_series){store->base[S1_BASE_##member], &store->view.rows};
    S1_BASE_COLUMN_MAP(X)
#undef X
    context->private_part->stream_views[index] = &store->view;
    return S1_OK;
}

s1_rc s1_trading_context_new(const s1_trading_context_options *options,
                             s1_trading_context **ret_context, s1_err *err)
{
    if (options->stream_count == 0 || options->stream_count > S1_STREAMS_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "%u streams, expected 1 to %u", options->stream_count,
                        S1_STREAMS_MAX);
    }
    for (uint32_t i = 0; i < options->stream_count; i++) {
        S1_TRY(err, stream_check(options, i, err));
    }
    s1_rc rc = S1_OK;
    s1_trading_context *const context = calloc(1, sizeof *context);
    struct s1_trading_context_private *const own = calloc(1, sizeof *own);
    s1_stream_store *const streams = calloc(options->stream_count, sizeof *streams);
    if (context == NULL || own == NULL || streams == NULL) {
        free(context);
        free(own);
        free(streams);
        return S1_RAISE(err, S1_E_NO_MEMORY, "trading context of %u streams",
                        options->stream_count);
    }
    context->private_part = own;
    context->streams = streams;
    own->memory_max_bytes = options->memory_max_bytes;
    own->no_signals = (s1_signal_list){.size = sizeof own->no_signals, .stride = sizeof(s1_signal)};
    own->no_threats = (s1_threat_list){.size = sizeof own->no_threats, .stride = sizeof(s1_threat)};
    context->view = (s1_context){.size = sizeof context->view,
                                 .stream_count = options->stream_count,
                                 .now = INT64_MIN,
                                 .primary = &streams[0].view,
                                 .streams = own->stream_views,
                                 .signals = &own->no_signals,
                                 .threats = &own->no_threats};
    S1_TRY_GOTO(err, rc, failed,
                text_copy(own, options->strategy_link_id, &context->view.strategy_link_id, err));
    for (uint32_t i = 0; i < options->stream_count; i++) {
        S1_TRY_GOTO(err, rc, failed, stream_init(context, i, &options->streams[i], err));
    }
    context->view.asset_pair = streams[0].view.asset_pair;
    *ret_context = context;
    return S1_OK;
failed:
    s1_trading_context_free(context);
    return rc;
}

void s1_trading_context_free(s1_trading_context *context)
{
    if (context == NULL) {
        return;
    }
    struct s1_trading_context_private *const own = context->private_part;
    for (uint32_t i = 0; i < own->mapping_count; i++) {
#ifdef S1_TRADING_CONTEXT_POISON
        ASAN_UNPOISON_MEMORY_REGION(own->mappings[i].address, own->mappings[i].bytes);
#endif
        s1_reserve_free(own->mappings[i].address, own->mappings[i].bytes);
    }
    for (uint32_t i = 0; i < own->column_count; i++) {
        free(own->columns[i]);
    }
    for (uint32_t i = 0; i < own->artefact_count; i++) {
        free(own->artefacts[i]->list.items);
        free(own->artefacts[i]);
    }
    for (uint32_t i = 0; i < own->text_count; i++) {
        free(own->texts[i]);
    }
    for (uint32_t i = 0; i < context->view.stream_count; i++) {
        free(context->streams[i].columns);
    }
    free(context->streams);
    free(own);
    free(context);
}
