#include "backend/data/quality/fill.h"

#include "backend/utils/text.h"
#include "s1mple/error.h"

#include <stdlib.h>

#define BATCH_ROWS 2048u
#define COLUMNS    7u /* open, high, low, close, volume; where there: trades, vwap */

typedef struct fill_reader {
    s1_bar_reader base;   /* first: they are one address */
    s1_bar_reader *inner; /* owned */
    s1_time_range range;
    s1_nanos timeframe;
    s1_session session;
    uint64_t filled; /* bars that are made */
    bool is_filling; /* policy is not none */
    bool has_trades, has_vwap;
    /* Where it stands: */
    bool has_previous;
    s1_nanos previous; /* time of the bar given last, or passed over */
    int64_t close;     /* its close */
    s1_bar_batch batch;
    size_t row; /* of the batch, next */
    /* What is given: */
    s1_nanos times[BATCH_ROWS];
    int64_t values[COLUMNS][BATCH_ROWS];
    uint8_t marks[BATCH_ROWS];
} fill_reader;

const char *s1_fill_policy_name(int32_t policy)
{
    switch (policy) {
#define X(name, value, text)                                                                       \
    case (value):                                                                                  \
        return text;
        S1_FILL_POLICY_MAP(X)
#undef X
    default:
        return "?";
    }
}

s1_rc s1_fill_policy_parse(s1_str text, int32_t *ret_policy, s1_err *err)
{
#define X(name, value, word)                                                                       \
    if (s1_str_eq_cstr(text, word)) {                                                              \
        *ret_policy = (value);                                                                     \
        return S1_OK;                                                                              \
    }
    S1_FILL_POLICY_MAP(X)
#undef X
    return S1_RAISE(err, S1_E_INVALID, "fill: found '%.*s', expected none or previous_close",
                    S1_STR_ARG(text));
}

/* --- Counting ----------------------------------------------------------------------------------
 */

/* What the range cuts: rows to read, and bars to make. */
typedef struct plan {
    s1_time_range range; /* of what is given */
    s1_time_range rows;  /* of what is read: out to the stored bars around a gap it cuts */
    s1_nanos timeframe;
    const s1_session *session;
    bool has_block;
    s1_nanos last; /* of the block before */
    uint64_t filled;
} plan;

/* Open moments of the grid behind `after` and before `before` that lie in the range. */
static uint64_t count_made(const plan *p, s1_nanos after, s1_nanos before)
{
    s1_nanos from = after;
    if (p->range.from > after) { /* the grid point before the first one of the range */
        from += (p->range.from - 1 - after) / p->timeframe * p->timeframe;
    }
    const s1_nanos to = p->range.to < before ? p->range.to : before;
    return from < to ? s1_session_open_slots(p->session, from, to, p->timeframe).count : 0;
}

static s1_rc take_block(void *user, const s1_data_coverage *block, s1_err *err)
{
    (void)err;
    plan *const p = user;
    const s1_nanos after = p->last;
    const bool is_gap = p->has_block;
    p->has_block = true;
    p->last = block->end_time;
    if (!is_gap || block->start_time <= p->range.from || after >= p->range.to) {
        return S1_OK;
    }
    const uint64_t made = count_made(p, after, block->start_time);
    p->filled += made;
    if (made > 0 && after < p->range.from) {
        p->rows.from = after;
    }
    if (made > 0 && block->start_time >= p->range.to) {
        p->rows.to = block->start_time + 1;
    }
    return S1_OK;
}

/* --- Reading -----------------------------------------------------------------------------------
 */

static s1_rc next_stored(fill_reader *me, s1_err *err)
{
    if (me->row < me->batch.count) {
        return S1_OK;
    }
    me->row = 0;
    return s1_bar_reader_next(me->inner, &me->batch, err);
}

static void give(fill_reader *me, size_t at, s1_nanos time, const int64_t values[COLUMNS],
                 uint8_t mark)
{
    me->times[at] = time;
    for (size_t c = 0; c < COLUMNS; c++) {
        me->values[c][at] = values[c];
    }
    me->marks[at] = mark;
}

/* Makes bars up to the stored one at `before`; false: there was no room for all. */
static bool make_bars(fill_reader *me, s1_nanos before, size_t *count)
{
    while (me->has_previous && before - me->previous > me->timeframe) {
        const s1_open_slots slots =
            s1_session_open_slots(&me->session, me->previous, before, me->timeframe);
        if (slots.count == 0) {
            break;
        }
        /* Those from the first open one on are looked at one by one: the market may close again. */
        s1_nanos time = slots.first;
        if (time < me->range.from) {
            me->previous = time;
            continue;
        }
        if (time >= me->range.to) {
            break;
        }
        if (*count == BATCH_ROWS) {
            return false;
        }
        const int64_t flat[COLUMNS] = {me->close, me->close, me->close, me->close};
        give(me, (*count)++, time, flat, 1);
        me->previous = time;
    }
    return true;
}

/* Puts stored and made bars into the columns until they are full or the end is reached. */
static s1_rc collect(fill_reader *me, size_t *ret_count, s1_err *err)
{
    size_t count = 0;
    for (;;) {
        S1_TRY(err, next_stored(me, err));
        if (me->batch.count == 0) {
            break;
        }
        const size_t i = me->row;
        const s1_bar_batch *const b = &me->batch;
        const s1_nanos time = b->open_time[i];
        if (!make_bars(me, time, &count) || count == BATCH_ROWS) {
            break;
        }
        if (time >= me->range.from && time < me->range.to) {
            const int64_t values[COLUMNS] = {b->open[i],
                                             b->high[i],
                                             b->low[i],
                                             b->close[i],
                                             b->volume[i],
                                             b->trades != NULL ? b->trades[i] : 0,
                                             b->vwap != NULL ? b->vwap[i] : 0};
            give(me, count++, time, values, 0);
        }
        me->has_previous = true;
        me->previous = time;
        me->close = b->close[i];
        me->row++;
    }
    *ret_count = count;
    return S1_OK;
}

static s1_rc fill_next(s1_bar_reader *self, s1_bar_batch *ret_batch, s1_err *err)
{
    fill_reader *const me = (fill_reader *)self;
    if (!me->is_filling) {
        return s1_bar_reader_next(me->inner, ret_batch, err);
    }
    size_t count = 0;
    S1_TRY(err, collect(me, &count, err));
    *ret_batch = (s1_bar_batch){.count = count,
                                .open_time = me->times,
                                .open = me->values[0],
                                .high = me->values[1],
                                .low = me->values[2],
                                .close = me->values[3],
                                .volume = me->values[4],
                                .trades = me->has_trades ? me->values[5] : NULL,
                                .vwap = me->has_vwap ? me->values[6] : NULL};
    return S1_OK;
}

static void fill_close(s1_bar_reader *self)
{
    fill_reader *const me = (fill_reader *)self;
    s1_bar_reader_close(me->inner);
    free(me);
}

static s1_rc open_inner(fill_reader *me, s1_data_persistor *persistor, const s1_stream_key *key,
                        s1_err *err)
{
    s1_time_range rows = me->range;
    if (me->is_filling) {
        plan p = {.range = me->range,
                  .rows = me->range,
                  .timeframe = key->timeframe,
                  .session = &me->session};
        S1_TRY(err, s1_data_get_data_coverage(persistor, key, 0, take_block, &p, err));
        rows = p.rows;
        me->filled = p.filled;
    }
    S1_TRY(err, s1_data_load_ohlcv(persistor, key, rows, &me->inner, err));
    /* Bars that are read only to know their close, or that a gap ends, are not given. */
    const uint64_t around =
        (uint64_t)(rows.from != me->range.from) + (uint64_t)(rows.to != me->range.to);
    me->base.rows_total = me->inner->rows_total - around + me->filled;
    me->base.price_scale = me->inner->price_scale;
    me->base.qty_scale = me->inner->qty_scale;
    me->base.vwap_scale = me->inner->vwap_scale;
    me->base.columns = me->inner->columns;
    me->has_trades =
        (me->inner->columns >> s1_market_column_find(S1_DATA_OHLCV, "trades") & 1) != 0;
    me->has_vwap = (me->inner->columns >> s1_market_column_find(S1_DATA_OHLCV, "vwap") & 1) != 0;
    return S1_OK;
}

s1_rc s1_fill_load(s1_data_persistor *persistor, const s1_stream_key *key, s1_time_range range,
                   int32_t policy, const s1_session *session, s1_bar_reader **ret_reader,
                   s1_err *err)
{
    static const s1_bar_reader_ops ops = {
        .size = sizeof ops, .next = fill_next, .close = fill_close};
    if (policy != S1_FILL_NONE && policy != S1_FILL_PREVIOUS_CLOSE) {
        return S1_RAISE(err, S1_E_INVALID, "fill: found %d, expected a policy", policy);
    }
    fill_reader *const me = calloc(1, sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a reader");
    }
    me->base.ops = &ops;
    me->range = range;
    me->timeframe = key->timeframe;
    /* Of another type than bars, loading says what is wrong. */
    me->is_filling = policy != S1_FILL_NONE && key->data_type == S1_DATA_OHLCV;
    if (session != NULL) {
        me->session = *session;
    }
    const s1_rc rc = open_inner(me, persistor, key, err);
    if (rc != S1_OK) {
        free(me);
        return rc;
    }
    *ret_reader = &me->base;
    return S1_OK;
}

const uint8_t *s1_fill_marks(const s1_bar_reader *reader)
{
    const fill_reader *const me = (const fill_reader *)reader;
    return me->is_filling ? me->marks : NULL;
}

uint64_t s1_fill_count(const s1_bar_reader *reader)
{
    return ((const fill_reader *)reader)->filled;
}

/* --- A persistor -------------------------------------------------------------------------------
 */

typedef struct fill_persistor {
    s1_data_persistor base;
    s1_data_persistor *archive; /* borrowed */
    int32_t policy;
    s1_session session;
    uint64_t made;
} fill_persistor;

/* A reader of bars as one of any kind. */
typedef struct market_fill_reader {
    s1_market_reader base;
    s1_bar_reader *bars; /* owned */
} market_fill_reader;

static s1_rc market_next(s1_market_reader *self, s1_market_batch *ret_batch, s1_err *err)
{
    s1_bar_batch bars;
    S1_TRY(err, s1_bar_reader_next(((market_fill_reader *)self)->bars, &bars, err));
    *ret_batch = s1_market_batch_of_bars(&bars);
    return S1_OK;
}

static void market_close(s1_market_reader *self)
{
    s1_bar_reader_close(((market_fill_reader *)self)->bars);
    free(self);
}

static s1_data_persistor *archive_of(s1_data_persistor *self)
{
    return ((fill_persistor *)self)->archive;
}

static s1_rc filled_load(s1_data_persistor *self, const s1_stream_key *key, s1_time_range range,
                         s1_market_reader **ret_reader, s1_err *err)
{
    static const s1_market_reader_ops ops = {
        .size = sizeof ops, .next = market_next, .close = market_close};
    fill_persistor *const me = (fill_persistor *)self;
    if (key->data_type != S1_DATA_OHLCV || me->policy == S1_FILL_NONE) {
        return s1_data_load(me->archive, key, range, ret_reader, err);
    }
    market_fill_reader *const reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a reader");
    }
    const s1_rc rc =
        s1_fill_load(me->archive, key, range, me->policy, &me->session, &reader->bars, err);
    if (rc != S1_OK) {
        free(reader);
        return rc;
    }
    const s1_bar_reader *const bars = reader->bars;
    reader->base = (s1_market_reader){
        .ops = &ops,
        .rows_total = bars->rows_total,
        .scales = {.price = bars->price_scale, .qty = bars->qty_scale, .vwap = bars->vwap_scale},
        .columns = bars->columns};
    me->made += s1_fill_count(bars);
    *ret_reader = &reader->base;
    return S1_OK;
}

static s1_rc filled_list(s1_data_persistor *self, s1_stream_visitor visit, void *user, s1_err *err)
{
    return s1_data_list_streams(archive_of(self), visit, user, err);
}

static s1_rc filled_info(s1_data_persistor *self, const s1_stream_key *key,
                         s1_archive_info *ret_info, s1_err *err)
{
    return s1_data_get_info(archive_of(self), key, ret_info, err);
}

static s1_rc filled_hash(s1_data_persistor *self, const s1_stream_key *key,
                         char ret_hex[static S1_SHA256_HEX], s1_err *err)
{
    return s1_data_get_content_hash(archive_of(self), key, ret_hex, err);
}

static s1_rc filled_coverage(s1_data_persistor *self, const s1_stream_key *key,
                             s1_nanos spacing_max, s1_coverage_visitor visit, void *user,
                             s1_err *err)
{
    return s1_data_get_data_coverage(archive_of(self), key, spacing_max, visit, user, err);
}

static s1_rc filled_versions(s1_data_persistor *self, const s1_stream_key *key,
                             s1_version_visitor visit, void *user, s1_err *err)
{
    return s1_data_list_versions(archive_of(self), key, visit, user, err);
}

static s1_rc filled_version(s1_data_persistor *self, const s1_stream_key *key,
                            const char *content_hash, s1_data_persistor **ret_persistor,
                            s1_err *err)
{
    return s1_data_open_version(archive_of(self), key, content_hash, ret_persistor, err);
}

static s1_rc filled_write(s1_data_persistor *self, const s1_stream_key *key,
                          const s1_writer_options *options, s1_data_writer **ret_writer,
                          s1_err *err)
{
    char name[S1_STREAM_TEXT_MAX];
    (void)self;
    (void)options;
    (void)ret_writer;
    return S1_RAISE(err, S1_E_DENIED, "%s: a filled archive cannot be written",
                    s1_stream_key_format(key, name));
}

static s1_rc filled_prune(s1_data_persistor *self, const s1_stream_key *key, uint64_t keep_count,
                          uint64_t *ret_removed, s1_err *err)
{
    (void)keep_count;
    (void)ret_removed;
    return filled_write(self, key, NULL, NULL, err);
}

static void filled_free(s1_data_persistor *self)
{
    free(self);
}

s1_rc s1_fill_persistor_new(s1_data_persistor *archive, int32_t policy, const s1_session *session,
                            s1_data_persistor **ret_persistor, s1_err *err)
{
    static const s1_data_persistor_ops ops = {
        .size = sizeof ops,
        .free = filled_free,
        .list_streams = filled_list,
        .get_info = filled_info,
        .get_content_hash = filled_hash,
        .get_data_coverage = filled_coverage,
        .load = filled_load,
        .open_writer = filled_write,
        .list_versions = filled_versions,
        .open_version = filled_version,
        .prune_versions = filled_prune,
    };
    if (policy != S1_FILL_NONE && policy != S1_FILL_PREVIOUS_CLOSE) {
        return S1_RAISE(err, S1_E_INVALID, "fill: found %d, expected a policy", policy);
    }
    fill_persistor *const me = calloc(1, sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a persistor");
    }
    me->base.ops = &ops;
    me->archive = archive;
    me->policy = policy;
    if (session != NULL) {
        me->session = *session;
    }
    *ret_persistor = &me->base;
    return S1_OK;
}

uint64_t s1_fill_persistor_made(const s1_data_persistor *persistor)
{
    return ((const fill_persistor *)persistor)->made;
}
