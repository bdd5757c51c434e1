#include "backend/analysis/bias.h"

#include "backend/analysis/json_diff.h"
#include "backend/dtos/journal/journal_kind.h"
#include "backend/utils/arena.h"
#include "backend/utils/json_memory.h"
#include "backend/utils/text.h"
#include "backend/utils/timefmt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES_MAX 4096u
#define TEXT_BYTES_MAX (1u << 20)

/* X(kinds of the journal that are told under one name). */
#define GROUP_MAP(X)                                                                               \
    X(SIGNALS, "signals")                                                                          \
    X(THREATS, "threats")                                                                          \
    X(PLANS, "plans")                                                                              \
    X(GATE, "verdicts")                                                                            \
    X(ORDERS, "orders")                                                                            \
    X(TRADES, "trades")                                                                            \
    X(NOTES, "other entries")
enum group {
#define X(name, text) GROUP_##name,
    GROUP_MAP(X)
#undef X
        GROUP_COUNT
};

/* The values of a column, or of a base column of a stream. */
typedef struct kept_values {
    uint32_t item;
    s1_str field;
    double *values; /* [rows of the stream] */
} kept_values;

typedef struct kept_stream {
    uint64_t rows;
    s1_nanos *close_time; /* [rows] */
} kept_stream;

typedef struct kept_entry {
    s1_nanos time;
    s1_str line;
    int32_t kind;
} kept_entry;

typedef struct kept_worker {
    s1_str instance, plugin;
} kept_worker;

struct s1_bias {
    s1_arena arena;
    s1_bias_ranges ranges;
    s1_bias_item *items; /* [item_count]; the last GROUP_COUNT are decisions */
    size_t item_count;
    kept_values *values; /* [value_count] */
    size_t value_count;
    kept_stream *streams; /* [stream_count] */
    uint32_t stream_count;
    kept_worker *workers; /* [worker_count] */
    uint32_t worker_count;
    kept_entry *entries; /* [entry_count] */
    size_t entry_count, entry_capacity;
    uint64_t first_tick; /* rows of the primary at the first tick */
    /* The run that is compared: */
    int check;
    s1_nanos cut;
    size_t entry; /* of the next one */
    bool is_parted;
};

const char *s1_bias_check_name(int check)
{
    static const char *const names[] = {
#define X(name, text, meaning) text,
        S1_BIAS_CHECK_MAP(X)
#undef X
    };
    return names[check];
}

const char *s1_bias_kind_name(int kind)
{
    static const char *const names[] = {
#define X(name, text) text,
        S1_BIAS_KIND_MAP(X)
#undef X
    };
    return names[kind];
}

s1_rc s1_bias_new(size_t bytes_max, const s1_bias_ranges *ranges, s1_bias **ret_bias, s1_err *err)
{
    s1_bias *const me = calloc(1, sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "an observer");
    }
    s1_arena_init(&me->arena, bytes_max, 0);
    me->ranges = ranges != NULL ? *ranges : (s1_bias_ranges){0};
    *ret_bias = me;
    return S1_OK;
}

void s1_bias_free(s1_bias *me)
{
    if (me != NULL) {
        s1_arena_done(&me->arena);
        free(me->entries);
        free(me);
    }
}

static s1_rc no_room(s1_err *err)
{
    return S1_RAISE(err, S1_E_NO_MEMORY,
                    "what the run leaves does not fit in memory: give a shorter span (--from, "
                    "--to)");
}

/* --- Keeping. ------------------------------------------------------------------------------- */

static s1_rc keep_text(s1_bias *me, s1_str text, s1_str *ret_text, s1_err *err)
{
    const char *const copy = s1_arena_copy_cstr(&me->arena, text);
    if (copy == NULL) {
        return no_room(err);
    }
    *ret_text = (s1_str){copy, text.len};
    return S1_OK;
}

static s1_str plugin_of(const s1_bias *me, s1_str instance)
{
    for (uint32_t i = 0; i < me->worker_count; i++) {
        if (s1_str_eq(me->workers[i].instance, instance)) {
            return me->workers[i].plugin;
        }
    }
    return (s1_str){NULL, 0};
}

static s1_rc keep_workers(s1_bias *me, const s1_observation *seen, s1_err *err)
{
    me->workers = s1_arena_array(&me->arena, kept_worker, (size_t)seen->worker_count + 1);
    if (me->workers == NULL) {
        return no_room(err);
    }
    for (; me->worker_count < seen->worker_count; me->worker_count++) {
        const s1_worker *const worker = seen->workers[me->worker_count];
        kept_worker *const kept = &me->workers[me->worker_count];
        S1_TRY(err, keep_text(me, worker->instance_id, &kept->instance, err));
        S1_TRY(err, keep_text(me, worker->plugin_name, &kept->plugin, err));
    }
    return S1_OK;
}

static s1_rc keep_values(s1_bias *me, uint32_t item, s1_str field, const double *values,
                         uint64_t rows, s1_err *err)
{
    double *const copy = s1_arena_array(&me->arena, double, (size_t)rows + 1);
    if (copy == NULL) {
        return no_room(err);
    }
    memcpy(copy, values, (size_t)rows * sizeof *copy);
    kept_values *const kept = &me->values[me->value_count++];
    kept->item = item;
    kept->values = copy;
    return keep_text(me, field, &kept->field, err);
}

/* "BTC/USD@1h" */
static s1_rc keep_stream_name(s1_bias *me, const s1_stream *stream, s1_str *ret_name, s1_err *err)
{
    char timeframe[S1_TIMEFRAME_TEXT_MAX], text[256];
    const size_t length = s1_timeframe_print(stream->timeframe, timeframe);
    (void)snprintf(text, sizeof text, "%.*s@%.*s", S1_STR_ARG(stream->asset_pair), (int)length,
                   timeframe);
    return keep_text(me, s1_str_of(text), ret_name, err);
}

static s1_rc keep_bars(s1_bias *me, const s1_stream_store *store, s1_err *err)
{
    static const char *const names[] = {
#define X(member, name) name,
        S1_BASE_COLUMN_MAP(X)
#undef X
    };
    const uint64_t rows = store->view.rows;
    kept_stream *const stream = &me->streams[me->stream_count++];
    s1_bias_item *const item = &me->items[me->item_count];
    stream->rows = rows;
    stream->close_time = s1_arena_array(&me->arena, s1_nanos, (size_t)rows + 1);
    if (stream->close_time == NULL) {
        return no_room(err);
    }
    memcpy(stream->close_time, store->close_time, (size_t)rows * sizeof *stream->close_time);
    *item =
        (s1_bias_item){.kind = S1_BIAS_BARS, .stream_index = store->index, .name = S1_STR("bars")};
    S1_TRY(err, keep_stream_name(me, &store->view, &item->stream, err));
    for (uint32_t i = 0; i < S1_BASE_COLUMN_COUNT; i++) {
        S1_TRY(err, keep_values(me, (uint32_t)me->item_count, s1_str_of(names[i]), store->base[i],
                                rows, err));
    }
    me->item_count++;
    return S1_OK;
}

static s1_rc keep_column(s1_bias *me, const s1_observation *seen, const s1_column_store *column,
                         s1_err *err)
{
    const s1_stream_store *const store = &seen->context->streams[column->stream];
    s1_bias_item *const item = &me->items[me->item_count];
    *item = (s1_bias_item){.kind = S1_BIAS_COLUMN,
                           .stream_index = column->stream,
                           .stream = me->items[column->stream].stream};
    S1_TRY(err, keep_text(me, column->name, &item->name, err));
    S1_TRY(err, keep_text(me, column->owner, &item->worker, err));
    item->plugin = plugin_of(me, item->worker);
    S1_TRY(err, keep_values(me, (uint32_t)me->item_count, column->name, column->column.values,
                            store->view.rows, err));
    me->item_count++;
    return S1_OK;
}

static s1_rc check_ranges(s1_bias *me, const s1_observation *seen, s1_err *err);

static s1_rc record_end(void *self, const s1_observation *seen, s1_err *err)
{
    static const char *const groups[] = {
#define X(name, text) text,
        GROUP_MAP(X)
#undef X
    };
    s1_bias *const me = self;
    const uint32_t streams = seen->context->view.stream_count;
    me->items =
        s1_arena_array(&me->arena, s1_bias_item, streams + S1_COLUMNS_MAX + (size_t)GROUP_COUNT);
    me->values = s1_arena_array(&me->arena, kept_values,
                                (size_t)streams * S1_BASE_COLUMN_COUNT + S1_COLUMNS_MAX);
    me->streams = s1_arena_array(&me->arena, kept_stream, streams);
    if (me->items == NULL || me->values == NULL || me->streams == NULL) {
        return no_room(err);
    }
    S1_TRY(err, keep_workers(me, seen, err));
    for (uint32_t i = 0; i < streams; i++) {
        S1_TRY(err, keep_bars(me, &seen->context->streams[i], err));
    }
    for (uint32_t w = 0; w < seen->worker_count; w++) {
        const s1_worker *const worker = seen->workers[w];
        for (uint32_t k = 0; k < worker->column_count; k++) {
            S1_TRY(err, keep_column(me, seen, worker->columns[k], err));
        }
    }
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        me->items[me->item_count++] =
            (s1_bias_item){.kind = S1_BIAS_DECISION, .name = s1_str_of(groups[i])};
    }
    return check_ranges(me, seen, err);
}

static s1_rc record_tick(void *self, const s1_observation *seen, s1_err *err)
{
    s1_bias *const me = self;
    (void)err;
    if (me->first_tick == 0) {
        me->first_tick = seen->context->view.primary->rows;
    }
    return S1_OK;
}

/* What a run says of itself is no decision. */
static bool is_of_the_run(int32_t kind)
{
    return kind == S1_JOURNAL_RUN_STARTED || kind == S1_JOURNAL_RUN_FINISHED;
}

static s1_rc record_entry(void *self, const s1_journal_notice *notice, s1_err *err)
{
    s1_bias *const me = self;
    if (is_of_the_run(notice->kind)) {
        return S1_OK;
    }
    if (me->entry_count == me->entry_capacity) {
        const size_t capacity = me->entry_capacity == 0 ? 1024 : me->entry_capacity * 2;
        kept_entry *const grown = realloc(me->entries, capacity * sizeof *grown);
        if (grown == NULL) {
            return no_room(err);
        }
        me->entries = grown;
        me->entry_capacity = capacity;
    }
    kept_entry *const entry = &me->entries[me->entry_count];
    entry->time = notice->time;
    entry->kind = notice->kind;
    S1_TRY(err, keep_text(me, notice->line, &entry->line, err));
    me->entry_count++;
    return S1_OK;
}

s1_run_observer s1_bias_recorder(s1_bias *me)
{
    return (s1_run_observer){
        .self = me, .on_tick = record_tick, .on_end = record_end, .on_entry = record_entry};
}

const s1_nanos *s1_bias_ticks(const s1_bias *me, uint64_t *ret_count)
{
    const uint64_t before = me->first_tick > 0 ? me->first_tick - 1 : 0;
    *ret_count = me->first_tick > 0 ? me->streams[0].rows - before : 0;
    return me->streams[0].close_time + before;
}

const s1_bias_item *s1_bias_items(const s1_bias *me, size_t *ret_count)
{
    *ret_count = me->item_count;
    return me->items;
}

/* --- Differences. --------------------------------------------------------------------------- */

/* Counts a difference; it is kept if it is the earliest of its item. Texts are copied. */
static s1_rc note(s1_bias *me, uint32_t item, const s1_bias_difference *found, uint64_t count,
                  s1_err *err)
{
    s1_bias_result *const result = &me->items[item].results[me->check];
    const bool is_first = result->different == 0 || found->time < result->first.time;
    result->different += count;
    result->runs_different++;
    if (!is_first) {
        return S1_OK;
    }
    s1_bias_difference *const first = &result->first;
    *first = *found;
    S1_TRY(err, keep_text(me, found->worker, &first->worker, err));
    S1_TRY(err, keep_text(me, found->plugin, &first->plugin, err));
    S1_TRY(err, keep_text(me, found->field, &first->field, err));
    S1_TRY(err, keep_text(me, found->found, &first->found, err));
    return keep_text(me, found->expected, &first->expected, err);
}

/* Both as they are read back, and their bits where those look the same. */
static void print_values(double a, double b, char ret_a[static 64], char ret_b[static 64])
{
    const double values[] = {a, b};
    char *const texts[] = {ret_a, ret_b};
    for (size_t i = 0; i < 2; i++) {
        s1_strbuf text;
        s1_strbuf_init(&text, 64);
        s1_strbuf_double(&text, values[i]);
        (void)snprintf(texts[i], 64, "%.*s",
                       S1_STR_ARG(isnan(values[i]) ? S1_STR("NaN") : s1_strbuf_view(&text)));
        s1_strbuf_done(&text);
    }
    if (strcmp(ret_a, ret_b) == 0) {
        for (size_t i = 0; i < 2; i++) {
            uint64_t bits;
            const size_t length = strlen(texts[i]);
            memcpy(&bits, &values[i], sizeof bits);
            (void)snprintf(texts[i] + length, 64 - length, " (0x%016llx)",
                           (unsigned long long)bits);
        }
    }
}

static s1_rc compare_values(s1_bias *me, const kept_values *kept, const kept_stream *stream,
                            const double *values, uint64_t rows, s1_err *err)
{
    s1_bias_item *const item = &me->items[kept->item];
    item->results[me->check].compared += rows;
    if (memcmp(kept->values, values, (size_t)rows * sizeof *values) == 0) {
        return S1_OK;
    }
    uint64_t count = 0;
    uint64_t first = 0;
    for (uint64_t row = rows; row-- > 0;) {
        if (memcmp(&kept->values[row], &values[row], sizeof *values) != 0) {
            first = row;
            count++;
        }
    }
    char found[64], expected[64];
    print_values(kept->values[first], values[first], found, expected);
    const s1_bias_difference difference = {.worker = item->worker,
                                           .plugin = item->plugin,
                                           .field = kept->field,
                                           .time = stream->close_time[first],
                                           .row = first + 1,
                                           .cut = me->cut,
                                           .found = s1_str_of(found),
                                           .expected = s1_str_of(expected)};
    return note(me, kept->item, &difference, count, err);
}

/* What a worker that offers many rows in one call makes of all rows that way. */
static s1_rc check_range(s1_bias *me, const s1_worker *worker, uint32_t item, s1_err *err)
{
    s1_range_difference found[S1_COLUMNS_MAX];
    uint64_t compared = 0;
    S1_TRY(err, me->ranges.compare(worker, found, &compared, err));
    for (uint32_t i = 0; i < worker->column_count; i++, item++) {
        const s1_bias_item *const of = &me->items[item];
        char values[2][64];
        me->items[item].results[me->check].compared += compared / worker->column_count;
        if (found[i].column == NULL) {
            continue;
        }
        print_values(found[i].found, found[i].expected, values[0], values[1]);
        const s1_bias_difference difference = {
            .worker = of->worker,
            .plugin = of->plugin,
            .field = of->name,
            .time = me->streams[of->stream_index].close_time[found[i].row],
            .row = found[i].row + 1,
            .cut = INT64_MAX,
            .found = s1_str_of(values[0]),
            .expected = s1_str_of(values[1])};
        S1_TRY(err, note(me, item, &difference, found[i].count, err));
    }
    return S1_OK;
}

static s1_rc check_ranges(s1_bias *me, const s1_observation *seen, s1_err *err)
{
    uint32_t item = me->stream_count; /* columns stand behind the bars */
    me->check = S1_BIAS_RANGE;
    for (uint32_t w = 0; w < seen->worker_count; w++) {
        const s1_worker *const worker = seen->workers[w];
        if (me->ranges.has_range != NULL && me->ranges.has_range(worker)) {
            S1_TRY(err, check_range(me, worker, item, err));
        }
        item += worker->column_count;
    }
    return S1_OK;
}

/* How many of `rows` closed by `cut`. */
static uint64_t rows_by(const s1_nanos *close_time, uint64_t rows, s1_nanos cut)
{
    uint64_t from = 0;
    uint64_t to = rows;
    while (from < to) {
        const uint64_t middle = from + (to - from) / 2;
        if (close_time[middle] <= cut) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

/* A bar that stands in one run only, or at another time: what follows is not laid side by side. */
static s1_rc compare_times(s1_bias *me, uint32_t index, const s1_stream_store *store,
                           uint64_t *ret_rows, s1_err *err)
{
    const kept_stream *const kept = &me->streams[index];
    const uint64_t all = rows_by(kept->close_time, kept->rows, me->cut);
    const uint64_t other = rows_by(store->close_time, store->view.rows, me->cut);
    const uint64_t rows = all < other ? all : other;
    uint64_t same = 0;
    me->items[index].results[me->check].compared += all > other ? all : other;
    while (same < rows && kept->close_time[same] == store->close_time[same]) {
        same++;
    }
    *ret_rows = same;
    if (same == all && same == other) {
        return S1_OK;
    }
    char times[2][S1_TIME_TEXT_MAX] = {"no bar", "no bar"};
    s1_nanos time = INT64_MAX;
    if (same < all) {
        (void)s1_time_print_short(kept->close_time[same], times[0]);
        time = kept->close_time[same];
    }
    if (same < other) {
        (void)s1_time_print_short(store->close_time[same], times[1]);
        time = store->close_time[same] < time ? store->close_time[same] : time;
    }
    const s1_bias_difference difference = {.field = S1_STR("close_time"),
                                           .time = time,
                                           .row = same + 1,
                                           .cut = me->cut,
                                           .found = s1_str_of(times[0]),
                                           .expected = s1_str_of(times[1])};
    return note(me, index, &difference, 1, err);
}

static s1_rc compare_context(s1_bias *me, const s1_observation *seen, s1_err *err)
{
    size_t at = 0;
    uint64_t rows[S1_STREAMS_MAX] = {0};
    for (uint32_t i = 0; i < me->stream_count; i++) {
        const s1_stream_store *const store = &seen->context->streams[i];
        S1_TRY(err, compare_times(me, i, store, &rows[i], err));
        for (uint32_t k = 0; k < S1_BASE_COLUMN_COUNT; k++) {
            S1_TRY(err, compare_values(me, &me->values[at++], &me->streams[i], store->base[k],
                                       rows[i], err));
        }
    }
    for (uint32_t w = 0; w < seen->worker_count; w++) {
        const s1_worker *const worker = seen->workers[w];
        for (uint32_t k = 0; k < worker->column_count; k++) {
            const s1_column_store *const column = worker->columns[k];
            S1_TRY(err, compare_values(me, &me->values[at++], &me->streams[column->stream],
                                       column->column.values, rows[column->stream], err));
        }
    }
    return S1_OK;
}

/* --- Decisions. ----------------------------------------------------------------------------- */

static enum group group_of(int32_t kind)
{
    const s1_str name = s1_str_of(s1_journal_kind_name(kind));
    if (kind == S1_JOURNAL_OPPORTUNITY_DETECTED) {
        return GROUP_SIGNALS;
    }
    if (kind == S1_JOURNAL_PLAN_CREATED) {
        return GROUP_PLANS;
    }
    return s1_str_starts_with(name, S1_STR("THREAT_"))        ? GROUP_THREATS
           : s1_str_starts_with(name, S1_STR("OPPORTUNITY_")) ? GROUP_GATE
           : s1_str_starts_with(name, S1_STR("ORDER_"))       ? GROUP_ORDERS
           : s1_str_starts_with(name, S1_STR("TRADE_")) || kind == S1_JOURNAL_POSITION_ADJUSTED
               ? GROUP_TRADES
               : GROUP_NOTES;
}

/* The first member that differs. */
typedef struct parting {
    s1_strbuf path, found, expected;
    bool has_path;
} parting;

static void put_json(s1_strbuf *to, const json_t *value)
{
    char *const text =
        value != NULL ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(17))
                      : NULL;
    s1_strbuf_cstr_add(to, text != NULL ? text : "nothing");
    s1_json_text_free(text);
}

static void take_parting(void *user, s1_str path, const json_t *a, const json_t *b)
{
    parting *const p = user;
    if (p->has_path || s1_str_eq(path, S1_STR("crc")) || s1_str_eq(path, S1_STR("seq"))) {
        return;
    }
    p->has_path = true;
    s1_strbuf_str(&p->path, path);
    put_json(&p->found, a);
    put_json(&p->expected, b);
}

static const char *worker_of(const json_t *entry)
{
    const char *const worker = json_string_value(json_object_get(entry, "worker"));
    return worker != NULL ? worker : "";
}

/* Does the whole run say this, of this worker, at this moment too? */
static bool is_said(const s1_bias *me, const kept_entry *cut, const char *worker)
{
    for (size_t i = me->entry; i < me->entry_count && me->entries[i].time <= cut->time; i++) {
        const kept_entry *const entry = &me->entries[i];
        json_t *const value = entry->time == cut->time && entry->kind == cut->kind
                                  ? json_loadb(entry->line.ptr, entry->line.len, 0, NULL)
                                  : NULL;
        const bool is_same = value != NULL && strcmp(worker_of(value), worker) == 0;
        json_decref(value);
        if (is_same) {
            return true;
        }
    }
    return false;
}

/* Which of two entries stands in its run alone: the earlier one, and of one moment that of the cut
 * run, if the whole run does not say it as well. */
static const kept_entry *extra_of(const s1_bias *me, const kept_entry *full, const kept_entry *cut,
                                  const char *cut_worker)
{
    if (full == NULL || cut == NULL) {
        return full != NULL ? full : cut;
    }
    if (full->time != cut->time) {
        return full->time < cut->time ? full : cut;
    }
    return is_said(me, cut, cut_worker) ? full : cut;
}

static void init_parting(parting *p)
{
    *p = (parting){.has_path = false};
    s1_strbuf_init(&p->path, PATH_BYTES_MAX);
    s1_strbuf_init(&p->found, TEXT_BYTES_MAX);
    s1_strbuf_init(&p->expected, TEXT_BYTES_MAX);
}

/* One entry in both, with another member; or an entry that only one has. */
static const kept_entry *find_parting(const s1_bias *me, const kept_entry *full,
                                      const kept_entry *cut, const json_t *a, const json_t *b,
                                      parting *p)
{
    if (full != NULL && cut != NULL && full->kind == cut->kind && full->time == cut->time &&
        strcmp(worker_of(a), worker_of(b)) == 0) {
        s1_strbuf scratch;
        s1_strbuf_init(&scratch, PATH_BYTES_MAX);
        s1_strbuf_printf(&p->path, "%s ", s1_journal_kind_name(full->kind));
        s1_json_diff(a, b, &scratch, take_parting, p);
        s1_strbuf_done(&scratch);
        return full;
    }
    const kept_entry *const extra = extra_of(me, full, cut, worker_of(b));
    s1_strbuf_lit(&p->path, "entry");
    s1_strbuf_cstr_add(&p->found, extra == full ? s1_journal_kind_name(extra->kind) : "none");
    s1_strbuf_cstr_add(&p->expected, extra == cut ? s1_journal_kind_name(extra->kind) : "none");
    return extra;
}

/* Notes where the journals part: `full` and `cut`, NULL for the run that has no more. */
static s1_rc part(s1_bias *me, const kept_entry *full, const kept_entry *cut, s1_err *err)
{
    const uint64_t before = s1_json_memory_failures();
    json_t *const a = full != NULL ? json_loadb(full->line.ptr, full->line.len, 0, NULL) : NULL;
    json_t *const b = cut != NULL ? json_loadb(cut->line.ptr, cut->line.len, 0, NULL) : NULL;
    parting p;
    init_parting(&p);
    const kept_entry *const one = find_parting(me, full, cut, a, b, &p);
    const uint32_t item = (uint32_t)(me->item_count - GROUP_COUNT) + group_of(one->kind);
    const kept_stream *const primary = &me->streams[0];
    const s1_str worker = s1_str_of(worker_of(one == full ? a : b));
    const s1_bias_difference difference = {
        .worker = worker,
        .plugin = plugin_of(me, worker),
        .field = s1_strbuf_view(&p.path),
        .time = one->time,
        .row = rows_by(primary->close_time, primary->rows, one->time),
        .cut = me->cut,
        .found = s1_strbuf_view(&p.found),
        .expected = s1_strbuf_view(&p.expected)};
    me->is_parted = true;
    const s1_rc rc = note(me, item, &difference, 1, err);
    s1_strbuf_done(&p.path);
    s1_strbuf_done(&p.found);
    s1_strbuf_done(&p.expected);
    json_decref(a);
    json_decref(b);
    return s1_json_memory_judge(before, rc, err);
}

static s1_rc compare_entry(void *self, const s1_journal_notice *notice, s1_err *err)
{
    s1_bias *const me = self;
    if (is_of_the_run(notice->kind) || me->is_parted) {
        return S1_OK;
    }
    const kept_entry cut = {.time = notice->time, .line = notice->line, .kind = notice->kind};
    const kept_entry *const full = me->entry < me->entry_count ? &me->entries[me->entry] : NULL;
    me->items[me->item_count - GROUP_COUNT + group_of(cut.kind)].results[me->check].compared++;
    if (full == NULL || !s1_str_eq(full->line, cut.line)) {
        return part(me, full, &cut, err);
    }
    me->entry++;
    return S1_OK;
}

/* Decisions of the whole run up to the cut that the other does not have. What it did at the moment
 * of the cut itself on the bar that opens then is no decision: orders fill there. */
static s1_rc compare_rest(s1_bias *me, s1_err *err)
{
    for (size_t i = me->entry; !me->is_parted && i < me->entry_count; i++) {
        const kept_entry *const full = &me->entries[i];
        const enum group group = group_of(full->kind);
        if (full->time > me->cut) {
            break;
        }
        if (full->time < me->cut || group == GROUP_SIGNALS || group == GROUP_THREATS ||
            group == GROUP_PLANS) {
            S1_TRY(err, part(me, full, NULL, err));
        }
    }
    return S1_OK;
}

static s1_rc compare_end(void *self, const s1_observation *seen, s1_err *err)
{
    s1_bias *const me = self;
    S1_TRY(err, compare_context(me, seen, err));
    return compare_rest(me, err);
}

static s1_rc compare_tick(void *self, const s1_observation *seen, s1_err *err)
{
    (void)self;
    (void)seen;
    (void)err;
    return S1_OK;
}

s1_run_observer s1_bias_comparer(s1_bias *me, int check, s1_nanos cut)
{
    me->check = check;
    me->cut = cut;
    me->entry = 0;
    me->is_parted = false;
    return (s1_run_observer){
        .self = me, .on_tick = compare_tick, .on_end = compare_end, .on_entry = compare_entry};
}
