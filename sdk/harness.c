#include "backend/data/ingest/feed_reader.h"
#include "backend/data/models/lightgbm.h"
#include "backend/utils/ids.h"
#include "backend/utils/proc.h"
#include "backend/utils/timefmt.h"
#include "sdk/harness_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORKERS_MAX   32u
#define FEEDS_MAX     32u
#define FILES_MAX     8u
#define WINDOWS_MAX   32u
#define POSITIONS_MAX 32u
#define THREATS_MAX   32u
#define CSV_BYTES_MAX ((size_t)256 << 20)

/* A growing array of one kind of record. */
#define HARNESS_LIST(type)                                                                         \
    struct {                                                                                       \
        type *items;                                                                               \
        uint32_t count, capacity;                                                                  \
    }

typedef struct episode {
    const s1_worker *worker;
    s1_str key;
    s1_threat_id id;
    uint64_t last_row;
} episode;

struct s1_harness {
    s1_arena arena;
    s1_faults faults;
    s1_plugin_registry *registry;
    s1_instrument instrument;
    s1_nanos timeframe;
    s1_trading_context *store;
    s1_worker_services services;
    s1_worker *workers[WORKERS_MAX];
    uint32_t worker_count;
    s1_worker *current; /* whose callback runs */
    struct {
        s1_str name; /* as declared, stream included */
        s1_column_store *column;
        double value;
    } feeds[FEEDS_MAX];
    uint32_t feed_count;
    struct {
        s1_str feed, csv;
    } files[FILES_MAX];
    uint32_t file_count;
    struct {
        s1_str model, text;
    } model_files[FILES_MAX];
    uint32_t model_file_count;
    s1_model *models[WINDOWS_MAX]; /* each worker has its own */
    uint32_t model_count;
    s1_feed_window *windows[WINDOWS_MAX]; /* each worker has its own */
    uint32_t window_count;
    s1_bar pending[S1_STREAMS_MAX];
    bool is_pending[S1_STREAMS_MAX];
    bool is_warmup;
    s1_str loading_state;
    uint32_t commits_to_fail;
    s1_derived_ids derived;
    s1_id_source ids;
    s1_ledger_view ledger;
    s1_position positions[POSITIONS_MAX];
    s1_threat threats[THREATS_MAX];
    s1_threat_list threat_list;
    s1_signal_list no_signals;
    bool is_sequential;
    uint32_t signals_before; /* this tick */
    s1_signal_list seen;     /* of this tick, under is_sequential */
    int32_t trigger;
    bool has_submitted;
    HARNESS_LIST(s1_harness_signal) signals;
    HARNESS_LIST(s1_harness_report) reports;
    HARNESS_LIST(s1_harness_note) notes;
    HARNESS_LIST(s1_harness_order) orders;
    HARNESS_LIST(episode) episodes;
};

#define PUSH(list, ...)                                                                            \
    do {                                                                                           \
        if ((list)->count == (list)->capacity) {                                                   \
            (list)->capacity = (list)->capacity > 0 ? 2 * (list)->capacity : 64;                   \
            (list)->items = realloc((list)->items, (list)->capacity * sizeof *(list)->items);      \
            S1_EXPECT((list)->items != NULL);                                                      \
        }                                                                                          \
        (list)->items[(list)->count++] = __VA_ARGS__;                                              \
    } while (0)

static s1_str keep(s1_harness *h, s1_str text)
{
    const s1_str copy = s1_arena_copy_str(&h->arena, text);
    S1_EXPECT(copy.ptr != NULL);
    return copy;
}

static const s1_field *keep_fields(s1_harness *h, const s1_field *fields, uint32_t count)
{
    s1_field *const copy = s1_arena_array(&h->arena, s1_field, (size_t)count + 1);
    S1_EXPECT(copy != NULL);
    for (uint32_t i = 0; i < count; i++) {
        copy[i] = (s1_field){keep(h, fields[i].name), keep(h, fields[i].text), fields[i].number};
    }
    return copy;
}

static uint64_t rows_now(const s1_harness *h)
{
    return h->store->view.primary->rows;
}

static s1_str format_error(const s1_err *err, char *text, size_t size)
{
    int used = snprintf(text, size, "%s", err->msg);
    for (uint32_t i = 0; i < err->depth && i < S1_ERR_FRAMES && used < (int)size; i++) {
        used += snprintf(text + used, size - (size_t)used, "\n    at %s (%s:%u)",
                         err->frames[i].func, err->frames[i].file, err->frames[i].line);
    }
    return s1_str_of(text);
}

static void must(s1_rc rc, const s1_err *err, const char *what)
{
    if (rc != S1_OK) {
        char text[2048];
        (void)format_error(err, text, sizeof text);
        S1_TEST_FAIL("%s: %s", what, text);
    }
}

/* --- Services. ------------------------------------------------------------------------------ */

static s1_nanos service_now(void *self)
{
    const s1_harness *const h = self;
    return h->store->view.now;
}

static void note(s1_harness *h, const s1_worker *worker, const char *kind, s1_str name, s1_str text,
                 int32_t level)
{
    PUSH(&h->notes,
         (s1_harness_note){rows_now(h), worker, kind, keep(h, name), keep(h, text), level});
}

static void service_log(void *self, const s1_worker *worker, int32_t level, s1_str message)
{
    note(self, worker, "log", S1_STR(""), message, level);
}

static s1_rc service_state_load(void *self, const s1_worker *worker, s1_str *ret_json, s1_err *err)
{
    (void)worker;
    (void)err;
    *ret_json = ((s1_harness *)self)->loading_state;
    return S1_OK;
}

static s1_rc service_state_commit(void *self, const s1_worker *worker, s1_str json, s1_err *err)
{
    s1_harness *const h = self;
    if (h->commits_to_fail > 0) {
        h->commits_to_fail--;
        return S1_RAISE(err, S1_E_IO, "the test makes this commit fail");
    }
    note(h, worker, "state", S1_STR(""), json, 0);
    return S1_OK;
}

static s1_rc service_event_emit(void *self, const s1_worker *worker, s1_str event,
                                s1_str payload_json, s1_err *err)
{
    (void)err;
    note(self, worker, "event", event, payload_json, 0);
    return S1_OK;
}

static s1_rc service_journal_append(void *self, const s1_worker *worker, s1_str event,
                                    s1_str details_json, s1_err *err)
{
    (void)err;
    note(self, worker, "journal", event, details_json, 0);
    return S1_OK;
}

/* --- Life. ---------------------------------------------------------------------------------- */

static s1_plugin_registry *registry_open(s1_harness *h, const char *stated)
{
    const char *const build = s1_proc_getenv("S1_BUILD_DIR");
    const char *const given = stated != NULL ? stated : s1_proc_getenv("S1_PLUGINS");
    if (build == NULL && given == NULL) {
        S1_TEST_FAIL("where are the plugins? Set S1_PLUGINS to the folder they were built in "
                     "(inside the source tree ctest sets S1_BUILD_DIR)");
    }
    char folder[S1_PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%s%s", given != NULL ? given : build,
                   given != NULL ? "" : "/plugins");
    const s1_str root = s1_str_of(folder);
    s1_plugin_registry *registry = NULL;
    s1_err err = S1_ERR_INIT;
    const s1_plugin_registry_options options = {
        .fs = s1_fs_real(), .roots = &root, .root_count = 1};
    must(s1_plugin_registry_new(&options, &h->faults, &registry, &err), &err, "plugin registry");
    return registry;
}

static void context_open(s1_harness *h, const s1_harness_options *options)
{
    const uint64_t capacity = options->capacity_rows > 0 ? options->capacity_rows : 200000;
    s1_stream_options streams[2] = {
        {h->instrument.asset_pair, h->timeframe, &h->instrument, capacity}};
    uint32_t count = 1;
    s1_err err = S1_ERR_INIT;
    if (options->second_stream != NULL && options->second_stream[0] != '\0') {
        const s1_str selector = s1_str_of(options->second_stream);
        const size_t at = s1_str_find_byte(selector, '@', 0);
        S1_EXPECT(at != S1_STR_NPOS);
        s1_nanos timeframe = 0;
        must(s1_timeframe_parse(s1_str_slice(selector, at + 1, selector.len), &timeframe, &err),
             &err, options->second_stream);
        streams[count++] =
            (s1_stream_options){s1_str_slice(selector, 0, at), timeframe, &h->instrument, capacity};
    }
    const s1_trading_context_options made = {
        .strategy_link_id = S1_STR("test@backtest"), .streams = streams, .stream_count = count};
    must(s1_trading_context_new(&made, &h->store, &err), &err, "trading context");
    h->store->view.ledger = &h->ledger;
}

s1_harness *s1_harness_new(const s1_harness_options *options)
{
    const s1_harness_options defaults = {.instrument = NULL};
    const s1_harness_options *const given = options != NULL ? options : &defaults;
    s1_harness *const h = calloc(1, sizeof *h);
    S1_EXPECT(h != NULL);
    s1_arena_init(&h->arena, (size_t)1 << 30, 0);
    s1_faults_init(&h->faults, &h->arena, 0);
    h->instrument = (s1_instrument){.size = sizeof h->instrument,
                                    .price_scale = 5,
                                    .qty_scale = 2,
                                    .asset_pair = S1_STR("EUR/USD"),
                                    .base = S1_STR("EUR"),
                                    .quote = S1_STR("USD"),
                                    .tick_size = s1_harness_dec("0.00001"),
                                    .lot_size = s1_harness_dec("0.01"),
                                    .leverage = S1_DEC_ONE};
    if (given->instrument != NULL) {
        h->instrument = *given->instrument;
    }
    h->timeframe = given->timeframe > 0 ? given->timeframe : S1_NANOS_PER_HOUR;
    h->services = (s1_worker_services){.self = h,
                                       .seed = given->seed,
                                       .now = service_now,
                                       .log = service_log,
                                       .state_load = service_state_load,
                                       .state_commit = service_state_commit,
                                       .event_emit = service_event_emit,
                                       .journal_append = service_journal_append};
    const s1_dec capital = s1_harness_dec("10000");
    h->ledger = (s1_ledger_view){.size = sizeof h->ledger,
                                 .position_stride = sizeof(s1_position),
                                 .positions = h->positions,
                                 .cash = capital,
                                 .equity = capital,
                                 .equity_peak = capital,
                                 .initial_capital = capital};
    h->threat_list = (s1_threat_list){
        .size = sizeof h->threat_list, .items = h->threats, .stride = sizeof(s1_threat)};
    h->no_signals = (s1_signal_list){.size = sizeof h->no_signals, .stride = sizeof(s1_signal)};
    s1_derived_ids_init(&h->derived, given->seed, S1_STR("test@backtest"));
    h->ids = s1_derived_ids_source(&h->derived);
    h->registry = registry_open(h, given->plugins_folder);
    context_open(h, given);
    return h;
}

void s1_harness_free(s1_harness *h)
{
    if (h == NULL) {
        return;
    }
    for (uint32_t i = h->worker_count; i > 0; i--) {
        s1_worker_free(h->workers[i - 1]);
    }
    for (uint32_t i = 0; i < h->window_count; i++) {
        s1_feed_table *const table = (s1_feed_table *)(uintptr_t)h->windows[i]->table;
        s1_feed_window_free(h->windows[i]);
        s1_feed_table_free(table);
    }
    for (uint32_t i = 0; i < h->model_count; i++) {
        s1_lightgbm_free(h->models[i]);
    }
    s1_trading_context_free(h->store);
    s1_plugin_registry_free(h->registry);
    free(h->signals.items);
    free(h->reports.items);
    free(h->notes.items);
    free(h->orders.items);
    free(h->episodes.items);
    s1_arena_done(&h->arena);
    free(h);
}

/* --- Columns and artefacts fed by hand. ------------------------------------------------------ */

/* "ETH/USD@4h.ema_50" as its stream and its name; a name alone is of the primary. */
static uint32_t split_column(s1_harness *h, s1_str column, s1_str *ret_name)
{
    const size_t dot = s1_str_rfind_byte(column, '.');
    *ret_name = column;
    if (s1_str_find_byte(column, '@', 0) == S1_STR_NPOS || dot == S1_STR_NPOS) {
        return 0;
    }
    uint32_t stream = 0;
    s1_err err = S1_ERR_INIT;
    must(s1_trading_context_find_stream(h->store, s1_str_slice(column, 0, dot), &stream, &err),
         &err, "s1_harness_feed");
    *ret_name = s1_str_slice(column, dot + 1, column.len);
    return stream;
}

void s1_harness_feed(s1_harness *h, const char *column)
{
    S1_EXPECT(h->feed_count < FEEDS_MAX);
    s1_str name;
    const uint32_t stream = split_column(h, s1_str_of(column), &name);
    const s1_column_options options = {.stream = stream, .name = name, .owner = S1_STR("the test")};
    s1_err err = S1_ERR_INIT;
    must(s1_trading_context_add_column(h->store, &options, &h->feeds[h->feed_count].column, &err),
         &err, "s1_harness_feed");
    h->feeds[h->feed_count].name = keep(h, s1_str_of(column));
    h->feeds[h->feed_count++].value = (double)NAN;
}

void s1_harness_set(s1_harness *h, const char *column, double value)
{
    for (uint32_t i = 0; i < h->feed_count; i++) {
        if (s1_str_eq_cstr(h->feeds[i].name, column)) {
            h->feeds[i].value = value;
            return;
        }
    }
    S1_TEST_FAIL("s1_harness_set: column '%s' was not declared with s1_harness_feed", column);
}

static s1_artefact_store *artefacts_of(const s1_harness *h, const char *name)
{
    s1_artefact_store *artefacts = NULL;
    s1_err err = S1_ERR_INIT;
    must(s1_trading_context_find_artefacts(h->store, 0, s1_str_of(name), &artefacts, &err), &err,
         name);
    return artefacts;
}

void s1_harness_feed_artefacts(s1_harness *h, const char *name)
{
    s1_artefact_store *artefacts = NULL;
    s1_err err = S1_ERR_INIT;
    must(s1_trading_context_add_artefacts(h->store, 0, s1_str_of(name), S1_STR("the test"), 0,
                                          &artefacts, &err),
         &err, "s1_harness_feed_artefacts");
}

void s1_harness_put_artefact(s1_harness *h, const char *name, const s1_artefact *artefact)
{
    s1_artefact_put(&artefacts_of(h, name)->list, artefact);
}

/* --- Workers. -------------------------------------------------------------------------------- */

static const s1_yaml_node *parse_params(s1_harness *h, const char *params)
{
    if (params == NULL || params[0] == '\0') {
        return NULL;
    }
    s1_yaml_node *root = NULL;
    const s1_yaml_options options = {.file = S1_STR("params of the test")};
    s1_yaml_parse(keep(h, s1_str_of(params)), &options, &h->arena, &h->faults, &root);
    return root;
}

void s1_harness_feed_file(s1_harness *h, const char *feed, const char *csv)
{
    S1_EXPECT(h->file_count < FILES_MAX);
    h->files[h->file_count].feed = keep(h, s1_str_of(feed));
    h->files[h->file_count++].csv = keep(h, s1_str_of(csv));
}

/* Names every file there is as the feed of the same name, if the manifest has one. */
static void give_feeds(s1_harness *h, s1_worker_item *item, const s1_manifest *manifest)
{
    s1_worker_feed *const feeds = s1_arena_array(&h->arena, s1_worker_feed, FILES_MAX);
    S1_EXPECT(feeds != NULL);
    item->feeds.items = feeds;
    for (uint32_t i = 0; i < h->file_count; i++) {
        for (uint32_t k = 0; k < manifest->dependencies.feeds.count; k++) {
            if (s1_str_eq(manifest->dependencies.feeds.items[k].name, h->files[i].feed)) {
                feeds[item->feeds.count++] =
                    (s1_worker_feed){.name = h->files[i].feed, .feed = h->files[i].feed};
            }
        }
    }
}

void s1_harness_model_file(s1_harness *h, const char *model, const char *text)
{
    S1_EXPECT(h->model_file_count < FILES_MAX);
    h->model_files[h->model_file_count].model = keep(h, s1_str_of(model));
    h->model_files[h->model_file_count++].text = keep(h, s1_str_of(text));
}

/* Every model there is as the model of the same name, if the manifest has one. */
static void give_models(s1_harness *h, s1_worker_item *item, const s1_manifest *manifest)
{
    s1_worker_model *const models = s1_arena_array(&h->arena, s1_worker_model, FILES_MAX);
    S1_EXPECT(models != NULL);
    item->models.items = models;
    for (uint32_t i = 0; i < h->model_file_count; i++) {
        for (uint32_t k = 0; k < manifest->dependencies.models.count; k++) {
            if (s1_str_eq(manifest->dependencies.models.items[k].name, h->model_files[i].model)) {
                models[item->models.count++] = (s1_worker_model){.name = h->model_files[i].model,
                                                                 .model = h->model_files[i].model};
            }
        }
    }
}

static s1_rc open_models(s1_harness *h, const s1_worker_plan *plan, s1_worker_builder *builder,
                         s1_err *err)
{
    s1_bound_model *const bound =
        s1_arena_array(&h->arena, s1_bound_model, (size_t)plan->models.count + 1);
    S1_EXPECT(bound != NULL);
    builder->models = bound;
    for (uint32_t i = 0; i < plan->models.count; i++) {
        uint32_t file = 0;
        if (plan->models.items[i].model.len == 0) {
            continue;
        }
        while (!s1_str_eq(h->model_files[file].model, plan->models.items[i].model)) {
            file++;
        }
        S1_EXPECT(h->model_count < WINDOWS_MAX);
        S1_TRY(err, s1_lightgbm_new(h->model_files[file].text, &h->models[h->model_count], err));
        bound[builder->model_count++] =
            (s1_bound_model){plan->models.items[i].model, h->models[h->model_count++]};
    }
    return S1_OK;
}

static s1_rc open_feed(s1_harness *h, const s1_feed_plan *plan, s1_bound_feed *ret_feed,
                       s1_err *err)
{
    uint32_t file = 0;
    while (!s1_str_eq(h->files[file].feed, plan->feed)) {
        file++;
    }
    s1_feed_want *const wants =
        s1_arena_array(&h->arena, s1_feed_want, (size_t)plan->fields.count + 1);
    S1_EXPECT(wants != NULL);
    for (uint32_t i = 0; i < plan->fields.count; i++) {
        const s1_feed_plan_field *const field = &plan->fields.items[i];
        wants[i] = (s1_feed_want){field->name, field->type, field->is_optional};
    }
    const s1_feed_read_options options = {.file = plan->feed,
                                          .wants = wants,
                                          .want_count = plan->fields.count,
                                          .memory_max_bytes = 64u << 20};
    s1_feed_table *table = NULL;
    const s1_rc rc = s1_feed_parse(h->files[file].csv, &options, &h->faults, &table, err);
    S1_TRY(err, s1_faults_check(&h->faults, err));
    S1_TRY(err, rc);
    S1_EXPECT(h->window_count < WINDOWS_MAX);
    S1_TRY(err, s1_feed_window_new(table, &h->windows[h->window_count], err));
    s1_feed_window_advance(h->windows[h->window_count], h->store->view.now);
    *ret_feed = (s1_bound_feed){plan->feed, h->windows[h->window_count++]};
    return S1_OK;
}

s1_rc s1_harness_try_add(s1_harness *h, const s1_harness_item *item, s1_worker **ret_worker,
                         s1_err *err)
{
    s1_plugin *const plugin = s1_plugin_registry_find(h->registry, s1_str_of(item->plugin));
    if (plugin == NULL) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "no plugin '%s' in the folder of plugins",
                        item->plugin);
    }
    S1_TRY(err, s1_plugin_check(plugin, err));
    s1_faults_init(&h->faults, &h->arena, 0); /* those of other plugins are not this test's */
    s1_worker_item *const made = s1_arena_one(&h->arena, s1_worker_item);
    S1_EXPECT(made != NULL);
    made->plugin = plugin->name;
    made->id = keep(h, s1_str_of(item->instance_id != NULL ? item->instance_id : item->plugin));
    made->worker_type = plugin->manifest->identification.type;
    made->subtype = plugin->manifest->identification.subtype;
    made->stream = keep(h, s1_str_of(item->stream != NULL ? item->stream : ""));
    made->params = parse_params(h, item->params);
    give_feeds(h, made, plugin->manifest);
    give_models(h, made, plugin->manifest);
    const s1_worker_plan *plan = NULL;
    s1_worker_plan_resolve(made, plugin->manifest, &h->arena, &h->faults, &plan);
    S1_TRY(err, s1_faults_check(&h->faults, err));
    S1_EXPECT(h->worker_count < WORKERS_MAX);
    s1_bound_feed *const feeds =
        s1_arena_array(&h->arena, s1_bound_feed, (size_t)plan->feeds.count + 1);
    S1_EXPECT(feeds != NULL);
    s1_worker_builder builder = {.context = h->store, .feeds = feeds, .services = &h->services};
    for (uint32_t i = 0; i < plan->feeds.count; i++) {
        if (plan->feeds.items[i].feed.len > 0) {
            S1_TRY(err, open_feed(h, &plan->feeds.items[i], &feeds[builder.feed_count], err));
            builder.feed_count++;
        }
    }
    S1_TRY(err, open_models(h, plan, &builder, err));
    h->loading_state = s1_str_of(item->state);
    S1_TRY(err, s1_worker_build(&builder, plugin, plan, ret_worker, err));
    h->workers[h->worker_count++] = *ret_worker;
    return S1_OK;
}

bool s1_harness_is_ready(s1_worker *worker)
{
    return s1_worker_is_ready(worker);
}

s1_plugin *s1_harness_plugin(s1_harness *h, const char *name)
{
    return s1_plugin_registry_find(h->registry, s1_str_of(name));
}

void s1_harness_refuses(s1_harness *h, const char *plugin, const char *params, const char *part)
{
    const s1_harness_item item = {.plugin = plugin, .params = params};
    s1_worker *worker = NULL;
    s1_err err = S1_ERR_INIT;
    if (s1_harness_try_add(h, &item, &worker, &err) == S1_OK) {
        S1_TEST_FAIL("%s accepted %s", plugin, params);
    }
    if (strstr(err.msg, part) == NULL) {
        S1_TEST_FAIL("message '%s' does not hold '%s'", err.msg, part);
    }
}

s1_worker *s1_harness_add(s1_harness *h, const char *plugin, const char *params)
{
    const s1_harness_item item = {.plugin = plugin, .params = params};
    s1_worker *worker = NULL;
    s1_err err = S1_ERR_INIT;
    must(s1_harness_try_add(h, &item, &worker, &err), &err, plugin);
    return worker;
}

/* --- Sinks. ---------------------------------------------------------------------------------- */

/* Shows what was found in this tick so far; called again whenever that may have grown. */
static void show_signals(s1_harness *h)
{
    if (h->is_sequential) {
        h->seen = (s1_signal_list){.size = sizeof h->seen,
                                   .count = h->signals.count - h->signals_before,
                                   .stride = sizeof(s1_harness_signal)};
        if (h->seen.count > 0) {
            h->seen.items = &h->signals.items[h->signals_before].signal;
        }
        h->store->view.signals = &h->seen;
    }
}

static s1_rc sink_emit(void *self, const s1_signal *draft, s1_opportunity_id *ret_id, s1_err *err)
{
    s1_harness *const h = self;
    if ((draft->direction != S1_LONG && draft->direction != S1_SHORT) ||
        draft->signal_type.len == 0 || draft->metadata_count > S1_FIELDS_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "signal '%.*s': direction %d, %u fields of metadata",
                        S1_STR_ARG(draft->signal_type), draft->direction, draft->metadata_count);
    }
    s1_harness_signal kept = {.row = rows_now(h), .worker = h->current, .signal = *draft};
    kept.signal.opportunity_id = s1_ids_opportunity(&h->ids, 1);
    kept.signal.timestamp = h->store->view.now;
    kept.signal.asset_pair = h->store->view.asset_pair;
    kept.signal.signal_type = keep(h, draft->signal_type);
    kept.signal.metadata = keep_fields(h, draft->metadata, draft->metadata_count);
    PUSH(&h->signals, kept);
    show_signals(h);
    if (ret_id != NULL) {
        *ret_id = kept.signal.opportunity_id;
    }
    return S1_OK;
}

static s1_threat_id episode_id(s1_harness *h, s1_str key)
{
    for (uint32_t i = 0; i < h->episodes.count; i++) {
        episode *const known = &h->episodes.items[i];
        if (known->worker == h->current && s1_str_eq(known->key, key) &&
            known->last_row + 1 >= rows_now(h)) {
            known->last_row = rows_now(h);
            return known->id;
        }
    }
    const episode made = {h->current, keep(h, key), s1_ids_threat(&h->ids, 2), rows_now(h)};
    PUSH(&h->episodes, made);
    return made.id;
}

static s1_rc sink_report(void *self, const s1_threat_report *report, s1_threat_id *ret_id,
                         s1_err *err)
{
    s1_harness *const h = self;
    if (report->severity < S1_SEVERITY_LOW || report->severity > S1_SEVERITY_CRITICAL ||
        report->threat_type.len == 0 || report->detail_count > S1_FIELDS_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "threat '%.*s': severity %d, %u details",
                        S1_STR_ARG(report->threat_type), report->severity, report->detail_count);
    }
    s1_harness_report kept = {.row = rows_now(h),
                              .worker = h->current,
                              .threat_id = episode_id(h, report->key),
                              .report = *report};
    kept.report.key = keep(h, report->key);
    kept.report.threat_type = keep(h, report->threat_type);
    kept.report.details = keep_fields(h, report->details, report->detail_count);
    PUSH(&h->reports, kept);
    if (ret_id != NULL) {
        *ret_id = kept.threat_id;
    }
    return S1_OK;
}

/* --- Ticks. ---------------------------------------------------------------------------------- */

static s1_rc call_worker(s1_harness *h, s1_worker *worker, s1_err *err)
{
    const s1_opportunity_sink signals = {.size = sizeof signals, .self = h, .emit = sink_emit};
    const s1_threat_sink threats = {.size = sizeof threats, .self = h, .report = sink_report};
    const s1_context *const context = &h->store->view;
    h->current = worker;
    show_signals(h);
    if (worker->type == S1_WORKER_OPPORTUNITY) {
        return worker->ops->detect(worker->self, context, &signals, err);
    }
    if (worker->type == S1_WORKER_THREAT) {
        return worker->ops->assess(worker->self, context, &threats, err);
    }
    const s1_rc rc = worker->ops->enrich(worker->self, context, err);
    s1_worker_seal_columns(worker);
    return rc;
}

static s1_rc call_workers(s1_harness *h, int32_t type, s1_err *err)
{
    for (uint32_t i = 0; i < h->worker_count; i++) {
        s1_worker *const worker = h->workers[i];
        const bool is_called = type == S1_WORKER_CONTEXT
                                   ? s1_worker_is_due(worker)
                                   : s1_worker_is_ready(worker) && !h->is_warmup;
        if (worker->type == type && is_called) {
            S1_TRY(err, call_worker(h, worker, err));
        }
    }
    return S1_OK;
}

static s1_rc tick(s1_harness *h, const s1_bar *given, s1_err *err)
{
    s1_bar bar = *given;
    const s1_stream *const primary = h->store->view.primary;
    if (bar.close_time == 0) {
        bar.open_time = primary->rows > 0 ? primary->bar.close_time : S1_HARNESS_START;
        bar.close_time = bar.open_time + h->timeframe;
    }
    s1_trading_context_begin_tick(h->store, bar.close_time);
    h->signals_before = h->signals.count;
    s1_ids_begin_tick(&h->ids, h->store->view.tick);
    h->store->view.is_warmup = h->is_warmup ? 1 : 0;
    for (uint32_t i = 1; i < h->store->view.stream_count; i++) {
        if (h->is_pending[i]) {
            h->pending[i].close_time = bar.close_time;
            h->pending[i].open_time = bar.close_time - h->store->streams[i].view.timeframe;
            s1_trading_context_append_bar(h->store, i, &h->pending[i]);
            h->is_pending[i] = false;
        }
    }
    s1_trading_context_append_bar(h->store, 0, &bar);
    for (uint32_t i = 0; i < h->window_count; i++) {
        s1_feed_window_advance(h->windows[i], bar.close_time);
    }
    for (uint32_t i = 0; i < h->feed_count; i++) {
        if (*h->feeds[i].column->column.rows > 0) {
            s1_column_put(&h->feeds[i].column->column, h->feeds[i].value);
        }
    }
    S1_TRY(err, call_workers(h, S1_WORKER_CONTEXT, err));
    S1_TRY(err, call_workers(h, S1_WORKER_OPPORTUNITY, err));
    S1_TRY(err, call_workers(h, S1_WORKER_THREAT, err));
    return S1_OK;
}

static s1_bar make_bar(const s1_harness *h, double open, double high, double low, double close,
                       double volume)
{
    const double price = pow(10.0, (double)h->instrument.price_scale);
    const double quantity = pow(10.0, (double)h->instrument.qty_scale);
    return (s1_bar){.open = llround(open * price),
                    .high = llround(high * price),
                    .low = llround(low * price),
                    .close = llround(close * price),
                    .volume = llround(volume * quantity)};
}

s1_rc s1_harness_try_bar(s1_harness *h, double open, double high, double low, double close,
                         double volume, s1_err *err)
{
    const s1_bar bar = make_bar(h, open, high, low, close, volume);
    return tick(h, &bar, err);
}

void s1_harness_exact_bar(s1_harness *h, const s1_bar *bar)
{
    s1_err err = S1_ERR_INIT;
    must(tick(h, bar, &err), &err, "a worker failed");
}

void s1_harness_bar(s1_harness *h, double open, double high, double low, double close,
                    double volume)
{
    const s1_bar bar = make_bar(h, open, high, low, close, volume);
    s1_harness_exact_bar(h, &bar);
}

void s1_harness_close(s1_harness *h, double close)
{
    s1_harness_bar(h, close, close, close, close, 1.0);
}

void s1_harness_bar_of(s1_harness *h, uint32_t stream, double open, double high, double low,
                       double close, double volume)
{
    S1_EXPECT(stream > 0 && stream < h->store->view.stream_count);
    h->pending[stream] = make_bar(h, open, high, low, close, volume);
    h->is_pending[stream] = true;
}

void s1_harness_warmup(s1_harness *h, bool is_warmup)
{
    h->is_warmup = is_warmup;
}

void s1_harness_sequential(s1_harness *h)
{
    h->is_sequential = true;
}

s1_rc s1_harness_event(s1_harness *h, s1_worker *worker, const s1_event *event, s1_err *err)
{
    if (worker->ops->on_event == NULL) {
        S1_TEST_FAIL("%.*s hears no events: it has no on_event()", S1_STR_ARG(worker->plugin_name));
    }
    h->current = worker;
    return worker->ops->on_event(worker->self, event, err);
}

/* --- CSV. ------------------------------------------------------------------------------------ */

/* Reads the file at `path`, or below one of the folders tests know. False if it is nowhere. */
static bool csv_read(const char *path, s1_strbuf *text)
{
    static const char *const roots[] = {"S1_SOURCE_DIR", "S1_SHARED"};
    const s1_fs *const fs = s1_fs_real();
    char full[S1_PATH_MAX];
    (void)snprintf(full, sizeof full, "%s", path);
    for (size_t i = 0; !s1_fs_is_file(fs, full) && i < sizeof roots / sizeof roots[0]; i++) {
        const char *const root = s1_proc_getenv(roots[i]);
        if (root != NULL) {
            (void)snprintf(full, sizeof full, "%s/%s", root, path);
        }
    }
    if (!s1_fs_is_file(fs, full)) {
        return false;
    }
    s1_err err = S1_ERR_INIT;
    must(s1_fs_read_all(fs, full, CSV_BYTES_MAX, text, &err), &err, path);
    return true;
}

/* Which column of the header is open, high, low, close, volume; -1 where there is none. */
static void csv_header(s1_str line, int columns[5])
{
    static const char *const names[] = {"open", "high", "low", "close", "volume"};
    s1_str cell;
    int at = 0;
    for (bool is_done = false; s1_str_split(&line, ',', &cell, &is_done); at++) {
        for (size_t k = 0; k < 5; k++) {
            if (s1_str_eq_nocase(s1_str_trim(cell), s1_str_of(names[k]))) {
                columns[k] = at;
            }
        }
    }
}

static void csv_row(s1_harness *h, s1_str line, const int columns[5])
{
    double values[5] = {0.0, 0.0, 0.0, 0.0, 1.0};
    s1_str cell;
    int at = 0;
    for (bool is_done = false; s1_str_split(&line, ',', &cell, &is_done); at++) {
        for (size_t k = 0; k < 5; k++) {
            s1_err err = S1_ERR_INIT;
            if (columns[k] == at) {
                must(s1_str_parse_double(s1_str_trim(cell), &values[k], &err), &err, "CSV");
            }
        }
    }
    s1_harness_bar(h, values[0], values[1], values[2], values[3], values[4]);
}

uint64_t s1_harness_csv(s1_harness *h, const char *path, uint64_t max_rows)
{
    s1_strbuf text;
    s1_strbuf_init(&text, CSV_BYTES_MAX);
    uint64_t rows = 0;
    if (!csv_read(path, &text)) {
        (void)printf("skipped: no file '%s'\n", path);
        return 0;
    }
    int columns[5] = {-1, -1, -1, -1, -1};
    s1_str rest = s1_strbuf_view(&text);
    s1_str line;
    bool is_header = true;
    for (bool is_done = false; s1_str_split(&rest, '\n', &line, &is_done);) {
        if (is_header) {
            csv_header(line, columns);
            is_header = false;
            if (columns[0] < 0 || columns[1] < 0 || columns[2] < 0 || columns[3] < 0) {
                S1_TEST_FAIL("%s: expected a header with open, high, low, close", path);
            }
        } else if (s1_str_trim(line).len > 0 && (max_rows == 0 || rows < max_rows)) {
            csv_row(h, line, columns);
            rows++;
        }
    }
    s1_strbuf_done(&text);
    return rows;
}

/* --- What came out. -------------------------------------------------------------------------- */

const s1_context *s1_harness_context(const s1_harness *h)
{
    return &h->store->view;
}

s1_trading_context *s1_harness_store(s1_harness *h)
{
    return h->store;
}

uint64_t s1_harness_rows(const s1_harness *h)
{
    return rows_now(h);
}

static const s1_series *series_of(const s1_harness *h, const char *column)
{
    s1_column_store *store = NULL;
    s1_err err = S1_ERR_INIT;
    must(s1_trading_context_find_column(h->store, 0, s1_str_of(column), &store, &err), &err,
         column);
    return &store->series;
}

const double *s1_harness_column(const s1_harness *h, const char *column)
{
    return series_of(h, column)->values;
}

double s1_harness_value(const s1_harness *h, const char *column, uint64_t ago)
{
    return s1_series_at(series_of(h, column), ago);
}

const s1_artefact_list *s1_harness_artefacts(const s1_harness *h, const char *name)
{
    return &artefacts_of(h, name)->list;
}

uint32_t s1_harness_signal_count(const s1_harness *h)
{
    return h->signals.count;
}

const s1_harness_signal *s1_harness_signal_at(const s1_harness *h, uint32_t index)
{
    S1_EXPECT(index < h->signals.count);
    return &h->signals.items[index];
}

uint32_t s1_harness_report_count(const s1_harness *h)
{
    return h->reports.count;
}

const s1_harness_report *s1_harness_report_at(const s1_harness *h, uint32_t index)
{
    S1_EXPECT(index < h->reports.count);
    return &h->reports.items[index];
}

double s1_harness_field(const s1_field *fields, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (s1_str_eq_cstr(fields[i].name, name)) {
            return fields[i].number;
        }
    }
    return (double)NAN;
}

uint32_t s1_harness_note_count(const s1_harness *h, const char *kind)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < h->notes.count; i++) {
        count += kind == NULL || strcmp(h->notes.items[i].kind, kind) == 0;
    }
    return count;
}

const s1_harness_note *s1_harness_note_at(const s1_harness *h, const char *kind, uint32_t index)
{
    for (uint32_t i = 0; i < h->notes.count; i++) {
        if ((kind == NULL || strcmp(h->notes.items[i].kind, kind) == 0) && index-- == 0) {
            return &h->notes.items[i];
        }
    }
    S1_TEST_FAIL("there are %u notes of kind %s", s1_harness_note_count(h, kind),
                 kind != NULL ? kind : "any");
    return NULL;
}

s1_str s1_harness_state(const s1_harness *h, const s1_worker *worker)
{
    (void)h;
    return s1_worker_state(worker);
}

void s1_harness_fail_commits(s1_harness *h, uint32_t count)
{
    h->commits_to_fail = count;
}

/* --- Ledger, threats. ------------------------------------------------------------------------ */

s1_ledger_view *s1_harness_ledger(s1_harness *h)
{
    return &h->ledger;
}

s1_position *s1_harness_open(s1_harness *h, int32_t direction, const char *quantity,
                             const char *price)
{
    S1_EXPECT(h->ledger.position_count < POSITIONS_MAX);
    s1_position *const position = &h->positions[h->ledger.position_count++];
    *position = (s1_position){.size = sizeof *position,
                              .direction = direction,
                              .trade_id = s1_ids_trade(&h->ids, 3),
                              .asset_pair = h->instrument.asset_pair,
                              .quantity = s1_harness_dec(quantity),
                              .entry_price = s1_harness_dec(price),
                              .opened_at = h->store->view.now,
                              .opened_row = rows_now(h)};
    return position;
}

void s1_harness_close_positions(s1_harness *h)
{
    h->ledger.position_count = 0;
}

void s1_harness_threat(s1_harness *h, const char *threat_type, const char *category,
                       int32_t severity)
{
    if (threat_type == NULL) {
        h->threat_list.count = 0;
        return;
    }
    S1_EXPECT(h->threat_list.count < THREATS_MAX);
    h->threats[h->threat_list.count++] = (s1_threat){.size = sizeof(s1_threat),
                                                     .severity = severity,
                                                     .threat_id = s1_ids_threat(&h->ids, 4),
                                                     .threat_type = keep(h, s1_str_of(threat_type)),
                                                     .category = keep(h, s1_str_of(category)),
                                                     .worker = S1_STR("the test"),
                                                     .raised_at = h->store->view.now,
                                                     .updated_at = h->store->view.now,
                                                     .is_new = 1};
}

const s1_threat_list *s1_harness_threats(const s1_harness *h)
{
    return &h->threat_list;
}

/* --- Planning. ------------------------------------------------------------------------------- */

s1_signal s1_harness_make_signal(s1_harness *h, int32_t direction)
{
    return (s1_signal){.size = sizeof(s1_signal),
                       .direction = direction,
                       .opportunity_id = s1_ids_opportunity(&h->ids, 5),
                       .timestamp = h->store->view.now,
                       .asset_pair = h->store->view.asset_pair,
                       .signal_type = S1_STR("test_signal"),
                       .score = (double)NAN,
                       .price = s1_series_last(&h->store->view.primary->close)};
}

s1_plan s1_harness_make_plan(s1_harness *h, const s1_signal *signal)
{
    return (s1_plan){.size = sizeof(s1_plan),
                     .direction = signal->direction,
                     .trade_id = s1_ids_trade(&h->ids, 6),
                     .opportunity_id = signal->opportunity_id};
}

s1_rc s1_harness_plan(s1_harness *h, s1_worker *worker, const s1_signal *signal, s1_plan *plan,
                      s1_verdict *ret_verdict, s1_err *err)
{
    S1_EXPECT_INT(worker->type, S1_WORKER_PLANNING);
    *ret_verdict =
        (s1_verdict){.size = sizeof *ret_verdict, .limit = (double)NAN, .actual = (double)NAN};
    h->current = worker;
    return worker->ops->plan(worker->self, &h->store->view, signal, &h->threat_list, plan,
                             ret_verdict, err);
}

/* --- Execution. ------------------------------------------------------------------------------ */

static s1_position *position_of(s1_harness *h, s1_trade_id trade_id)
{
    for (uint32_t i = 0; i < h->ledger.position_count; i++) {
        if (memcmp(&h->positions[i].trade_id, &trade_id, sizeof trade_id) == 0) {
            return &h->positions[i];
        }
    }
    return NULL;
}

static s1_rc orders_submit(void *self, const s1_plan *directive, s1_err *err)
{
    s1_harness *const h = self;
    if (h->trigger != S1_ON_PLAN_APPROVED || h->has_submitted) {
        return S1_RAISE(err, S1_E_DENIED, "submit() is for S1_ON_PLAN_APPROVED, once");
    }
    h->has_submitted = true;
    PUSH(&h->orders, (s1_harness_order){.kind = S1_HARNESS_SUBMIT,
                                        .row = rows_now(h),
                                        .trade_id = directive->trade_id,
                                        .directive = *directive});
    return S1_OK;
}

static s1_rc orders_modify_stop(void *self, s1_trade_id trade_id, s1_dec price, s1_err *err)
{
    s1_harness *const h = self;
    s1_position *const position = position_of(h, trade_id);
    if (position == NULL) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "no open position of this trade");
    }
    s1_dec rounded;
    S1_TRY(err,
           s1_dec_round_to_step(price, h->instrument.tick_size, S1_ROUND_HALF_EVEN, &rounded, err));
    if (!s1_dec_eq(rounded, price) || s1_dec_sign(price) <= 0) {
        return S1_RAISE(err, S1_E_INVALID, "stop price: expected a positive multiple of the tick");
    }
    if (!s1_dec_is_zero(position->stop_loss) &&
        s1_direction_sign(position->direction) * s1_dec_cmp(price, position->stop_loss) <= 0) {
        return S1_RAISE(err, S1_E_INVALID, "the stop may only move closer to the price");
    }
    position->stop_loss = price;
    PUSH(&h->orders, (s1_harness_order){.kind = S1_HARNESS_MODIFY_STOP,
                                        .row = rows_now(h),
                                        .trade_id = trade_id,
                                        .price = price});
    return S1_OK;
}

static s1_rc orders_close(void *self, s1_trade_id trade_id, const s1_close_request *request,
                          s1_err *err)
{
    s1_harness *const h = self;
    s1_position *const position = position_of(h, trade_id);
    if (position == NULL) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "no open position of this trade");
    }
    if (position->is_closing != 0) {
        return S1_OK;
    }
    position->is_closing = 1;
    s1_harness_order order = {.kind = S1_HARNESS_CLOSE,
                              .row = rows_now(h),
                              .trade_id = trade_id,
                              .request = *request,
                              .reason = keep(h, request->reason)};
    order.request.reason = order.reason;
    PUSH(&h->orders, order);
    return S1_OK;
}

static s1_rc orders_cancel_entry(void *self, s1_trade_id trade_id, s1_str reason, s1_err *err)
{
    s1_harness *const h = self;
    (void)err;
    PUSH(&h->orders, (s1_harness_order){.kind = S1_HARNESS_CANCEL_ENTRY,
                                        .row = rows_now(h),
                                        .trade_id = trade_id,
                                        .reason = keep(h, reason)});
    return S1_OK;
}

static s1_rc orders_amend_entry(void *self, s1_trade_id trade_id, const s1_entry_change *change,
                                s1_err *err)
{
    s1_harness *const h = self;
    (void)err;
    s1_harness_order order = {.kind = S1_HARNESS_AMEND_ENTRY,
                              .row = rows_now(h),
                              .trade_id = trade_id,
                              .change = *change,
                              .reason = keep(h, change->reason)};
    order.change.reason = order.reason;
    PUSH(&h->orders, order);
    return S1_OK;
}

s1_rc s1_harness_execute(s1_harness *h, s1_worker *worker, int32_t trigger,
                         const s1_plan *directive, const s1_signal_list *signals, s1_err *err)
{
    S1_EXPECT_INT(worker->type, S1_WORKER_EXECUTION);
    const s1_order_api orders = {.size = sizeof orders,
                                 .self = h,
                                 .submit = orders_submit,
                                 .modify_stop = orders_modify_stop,
                                 .close = orders_close,
                                 .cancel_entry = orders_cancel_entry,
                                 .amend_entry = orders_amend_entry};
    const s1_execution_input input = {.size = sizeof input,
                                      .trigger = trigger,
                                      .directive = directive,
                                      .signals = signals != NULL ? signals : &h->no_signals,
                                      .threats = &h->threat_list};
    h->current = worker;
    h->trigger = trigger;
    h->has_submitted = false;
    return worker->ops->execute(worker->self, &h->store->view, &input, &orders, err);
}

uint32_t s1_harness_order_count(const s1_harness *h)
{
    return h->orders.count;
}

const s1_harness_order *s1_harness_order_at(const s1_harness *h, uint32_t index)
{
    S1_EXPECT(index < h->orders.count);
    return &h->orders.items[index];
}

s1_dec s1_harness_dec(const char *text)
{
    s1_dec value = S1_DEC_ZERO;
    s1_err err = S1_ERR_INIT;
    must(s1_dec_parse(s1_str_of(text), &value, &err), &err, text);
    return value;
}

const char *s1_harness_text(s1_dec value)
{
    static char texts[4][S1_DEC_TEXT_MAX];
    static unsigned next;
    char *const text = texts[next++ % 4];
    (void)s1_dec_print(value, text);
    return text;
}
