#include "services/operators/run_preparer.h"

#include "backend/assembly/dependency_validator.h"
#include "backend/data/ingest/feed_reader.h"
#include "backend/data/models/lightgbm.h"
#include "backend/utils/proc.h"
#include "services/operators/run_orchestrator.h"

#include <string.h>

#define ARENA_BYTES_MAX (256u << 20)

s1_rc s1_plugin_root(const s1_fs *fs, s1_str configured, char ret_path[static S1_PATH_MAX],
                     s1_err *err)
{
    if (configured.len > 0 && configured.ptr[0] == '/') {
        if (configured.len >= S1_PATH_MAX) {
            return S1_RAISE(err, S1_E_RANGE, "plugins_root_path is too long");
        }
        memcpy(ret_path, configured.ptr, configured.len);
        ret_path[configured.len] = '\0';
        return S1_OK;
    }
    char exe[S1_PATH_MAX];
    S1_TRY(err, s1_proc_exe_path(exe, sizeof exe, err));
    const s1_str folder = s1_str_dirname(s1_str_of(exe));
    /* Beside the program, installed, beside the folder of a test program. */
    const char *const ways[] = {"/", "/../lib/s1mpletrader/", "/../"};
    const s1_str name = configured.len > 0 ? configured : S1_STR("plugins");
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        const int length = snprintf(ret_path, S1_PATH_MAX, "%.*s%s%.*s", S1_STR_ARG(folder),
                                    ways[i], S1_STR_ARG(name));
        if (length > 0 && (size_t)length < S1_PATH_MAX && s1_fs_is_folder(fs, ret_path)) {
            return S1_OK;
        }
    }
    return S1_RAISE(err, S1_E_NOT_FOUND,
                    "plugins: no folder '%.*s' beside the program (%.*s) or in "
                    "../lib/s1mpletrader",
                    S1_STR_ARG(name), S1_STR_ARG(folder));
}

/* Resolves one worker; a plugin that cannot be used is a fault at the worker's place. */
static void prepare_worker(s1_preparation *preparation, const s1_worker_item *item,
                           s1_prepared_link *prepared, uint32_t index)
{
    s1_plugin *const plugin = s1_plugin_registry_find(preparation->registry, item->plugin);
    if (plugin == NULL || plugin->manifest == NULL) {
        const s1_str near = s1_plugin_registry_nearest(preparation->registry, item->plugin);
        s1_faults_addf(
            &preparation->faults, S1_FAULT_REFERENCE, &item->source, "plugin", item->plugin,
            near.len > 0 ? "a plugin there is (did you mean '%.*s'?)" : "a plugin there is%.*s",
            S1_STR_ARG(near));
        return;
    }
    s1_err err = S1_ERR_INIT;
    if (s1_plugin_check(plugin, &err) != S1_OK) {
        s1_faults_addf(&preparation->faults, S1_FAULT_DEPENDENCY, &item->source, "plugin",
                       item->plugin, "a plugin that may be used: %s", err.msg);
        return;
    }
    prepared->plugins[index] = plugin;
    s1_worker_plan_resolve(item, plugin->manifest, &preparation->arena, &preparation->faults,
                           &prepared->plans[index]);
}

/* What this version cannot do with streams is refused here. */
static void check_streams(s1_preparation *preparation, const s1_link *link)
{
    for (uint32_t i = 0; i < link->blueprint->workers.count; i++) {
        const s1_worker_item *const item = link->blueprint->workers.items[i];
        const bool trades = item->worker_type != S1_WORKER_CONTEXT;
        const s1_str own = s1_str_slice(item->stream, 0, s1_str_find_byte(item->stream, '@', 0));
        const s1_str pair =
            link->streams.count > 0 ? link->streams.items[0].need.asset_pair : (s1_str){NULL, 0};
        if (trades && item->stream.len > 0 && !s1_str_eq(own, pair)) {
            s1_faults_addf(&preparation->faults, S1_FAULT_DEPENDENCY, &item->source, "stream",
                           item->stream,
                           "a stream of %.*s: trading another pair than the primary is not in this "
                           "version",
                           S1_STR_ARG(pair));
        }
    }
}

/* One event of a manifest. `payload` empty: any. */
static void check_event(s1_preparation *preparation, const s1_worker_item *item, s1_str name,
                        s1_str payload)
{
    const s1_event_config *const event = s1_config_event(preparation->config, name);
    if (event == NULL) {
        s1_faults_addf(&preparation->faults, S1_FAULT_EVENT_CHAIN, &item->source, "plugin", name,
                       "events of event_map.yaml in the manifest of %.*s: add it with payload_dto "
                       "JSON",
                       S1_STR_ARG(item->plugin));
    } else if (payload.len > 0 && !s1_str_eq(event->payload_dto, payload)) {
        s1_faults_addf(&preparation->faults, S1_FAULT_EVENT_CHAIN, &item->source, "plugin",
                       event->payload_dto,
                       "payload_dto %.*s of event %.*s in event_map.yaml, as the manifest of "
                       "%.*s says",
                       S1_STR_ARG(payload), S1_STR_ARG(name), S1_STR_ARG(item->plugin));
    }
}

/* What workers say and hear must be on the closed list of events. */
static void check_worker_events(s1_preparation *preparation, const s1_worker_plan *plan)
{
    const struct s1_manifest_events *const events = &plan->manifest->capabilities.events;
    for (uint32_t i = 0; events->enabled && i < events->publishes.count; i++) {
        check_event(preparation, plan->item, events->publishes.items[i].as_event,
                    events->publishes.items[i].payload_dto);
    }
    for (uint32_t i = 0; events->enabled && i < events->wirings.count; i++) {
        check_event(preparation, plan->item, events->wirings.items[i].listens_to,
                    (s1_str){NULL, 0});
    }
}

#define RATES_MAX 3u

/* The rates of funding and interest that the environment reads of a feed, each column once. */
static uint32_t rates_of(const s1_prepared_link *prepared, s1_str feed, s1_feed_want *wants)
{
    const s1_simulation_config *const simulation = &prepared->link->environment->simulation;
    const struct {
        s1_str feed, column;
    } rates[RATES_MAX] = {{simulation->funding.feed, simulation->funding.column},
                          {simulation->borrow.feed, simulation->borrow.quote_column},
                          {simulation->borrow.feed, simulation->borrow.base_column}};
    uint32_t count = 0;
    for (size_t i = 0; i < RATES_MAX; i++) {
        bool is_new = rates[i].column.len > 0 && s1_str_eq(rates[i].feed, feed);
        for (uint32_t k = 0; k < count && is_new; k++) {
            is_new = !s1_str_eq(wants[k].name, rates[i].column);
        }
        if (is_new) {
            wants[count++] = (s1_feed_want){rates[i].column, S1_FEED_NUMBER, false};
        }
    }
    return count;
}

/* What the workers of a link read of one feed, each column once. It may lack a column only where
 * all of them can do without it. */
static uint32_t wants_of(const s1_prepared_link *prepared, s1_str feed, s1_feed_want *wants)
{
    uint32_t count = rates_of(prepared, feed, wants);
    for (uint32_t i = 0; i < prepared->worker_count; i++) {
        const s1_worker_plan *const plan = prepared->plans[i];
        for (uint32_t f = 0; f < plan->feeds.count; f++) {
            const s1_feed_plan *const given = &plan->feeds.items[f];
            for (uint32_t k = 0; k < given->fields.count && s1_str_eq(given->feed, feed); k++) {
                const s1_feed_plan_field *const field = &given->fields.items[k];
                uint32_t at = 0;
                while (at < count &&
                       (wants[at].type != field->type || !s1_str_eq(wants[at].name, field->name))) {
                    at++;
                }
                if (at == count) {
                    wants[count++] = (s1_feed_want){field->name, field->type, true};
                }
                wants[at].is_optional = wants[at].is_optional && field->is_optional;
            }
        }
    }
    return count;
}

/* How many workers read a feed, and how many fields they ask for. */
static uint32_t readers_of(const s1_prepared_link *prepared, s1_str feed, uint32_t *ret_fields)
{
    uint32_t count = 0;
    *ret_fields = 0;
    for (uint32_t i = 0; i < prepared->worker_count; i++) {
        for (uint32_t f = 0; f < prepared->plans[i]->feeds.count; f++) {
            const s1_feed_plan *const given = &prepared->plans[i]->feeds.items[f];
            if (s1_str_eq(given->feed, feed)) {
                count++;
                *ret_fields += given->fields.count;
            }
        }
    }
    return count;
}

static void free_table(void *table)
{
    s1_feed_table_free(table);
}

static s1_rc read_feed(s1_preparation *preparation, const s1_fs *fs, s1_prepared_link *prepared,
                       uint32_t index, s1_err *err)
{
    const s1_feed_config *const feed = &prepared->link->blueprint->feeds.items[index];
    s1_arena *const arena = &preparation->arena;
    uint32_t fields;
    s1_feed_want rates[RATES_MAX];
    if (readers_of(prepared, feed->id, &fields) + rates_of(prepared, feed->id, rates) == 0) {
        s1_faults_warn(&preparation->faults, S1_FAULT_DEPENDENCY, &feed->source, (s1_str){NULL, 0},
                       S1_STR("a feed no worker reads"),
                       S1_STR("a worker that names it in its feeds, or no such feed"),
                       (s1_str){NULL, 0});
        return S1_OK;
    }
    s1_feed_want *const wants = s1_arena_array(arena, s1_feed_want, (size_t)fields + RATES_MAX);
    if (wants == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u fields of a feed", fields);
    }
    const s1_str path = s1_config_path(preparation->config, feed->path, arena);
    const int64_t memory_mib = preparation->config->platform.limits.feed_memory_mib;
    const s1_feed_read_options options = {.file = path,
                                          .wants = wants,
                                          .want_count = wants_of(prepared, feed->id, wants),
                                          .memory_max_bytes = (size_t)memory_mib << 20};
    s1_feed_table *table = NULL;
    s1_err cause = S1_ERR_INIT;
    const uint32_t errors = preparation->faults.errors;
    const s1_rc rc = s1_feed_read(fs, path.ptr, &options, &preparation->faults, &table, &cause);
    if (rc == S1_OK) {
        prepared->feeds[index] = table;
        const s1_rc kept = s1_arena_on_done(arena, free_table, table, err);
        if (kept != S1_OK) {
            s1_feed_table_free(table);
        }
        return kept;
    }
    if (preparation->faults.errors == errors) { /* the file as a whole */
        s1_faults_addf(&preparation->faults, S1_FAULT_REFERENCE, &feed->source, "path", path,
                       "a feed file that can be read: %s", cause.msg);
    }
    return S1_OK;
}

static s1_rc read_feeds(s1_preparation *preparation, const s1_fs *fs, s1_prepared_link *prepared,
                        s1_err *err)
{
    const uint32_t count = prepared->link->blueprint->feeds.count;
    prepared->feeds = s1_arena_array(&preparation->arena, const s1_feed_table *, (size_t)count + 1);
    if (prepared->feeds == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u feeds", count);
    }
    for (uint32_t i = 0; i < count; i++) {
        S1_TRY(err, read_feed(preparation, fs, prepared, i, err));
    }
    return S1_OK;
}

static bool uses_model(const s1_prepared_link *prepared, s1_str model)
{
    for (uint32_t i = 0; i < prepared->worker_count; i++) {
        for (uint32_t k = 0; k < prepared->plans[i]->models.count; k++) {
            if (s1_str_eq(prepared->plans[i]->models.items[k].model, model)) {
                return true;
            }
        }
    }
    return false;
}

/* Reads a model file and tries it: what a run would fail on is a fault now. */
static s1_rc try_model(const s1_fs *fs, s1_str path, s1_arena *arena, s1_model_file *ret_file,
                       s1_err *err)
{
    s1_strbuf text;
    s1_model *model = NULL;
    s1_strbuf_init(&text, S1_MODEL_BYTES_MAX + 1);
    s1_rc rc = s1_fs_read_all(fs, path.ptr, S1_MODEL_BYTES_MAX, &text, err);
    if (rc == S1_OK) {
        rc = s1_lightgbm_new(s1_strbuf_view(&text), &model, err);
    }
    if (rc == S1_OK) {
        uint8_t digest[S1_SHA256_BYTES];
        s1_sha256_of(text.data, text.len, digest);
        s1_hex_print(digest, sizeof digest, ret_file->hash);
        ret_file->text = s1_arena_copy_str(arena, s1_strbuf_view(&text));
        rc = ret_file->text.ptr != NULL
                 ? S1_OK
                 : S1_RAISE(err, S1_E_NO_MEMORY, "a model of %zu bytes", text.len);
    }
    s1_lightgbm_free(model);
    s1_strbuf_done(&text);
    return rc;
}

static s1_rc read_models(s1_preparation *preparation, const s1_fs *fs, s1_prepared_link *prepared,
                         s1_err *err)
{
    const s1_blueprint *const blueprint = prepared->link->blueprint;
    prepared->models =
        s1_arena_array(&preparation->arena, s1_model_file, (size_t)blueprint->models.count + 1);
    if (prepared->models == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u models", blueprint->models.count);
    }
    for (uint32_t i = 0; i < blueprint->models.count; i++) {
        const s1_model_config *const config = &blueprint->models.items[i];
        const s1_str path = s1_config_path(preparation->config, config->path, &preparation->arena);
        s1_err cause = S1_ERR_INIT;
        if (!uses_model(prepared, config->id)) {
            s1_faults_warn(&preparation->faults, S1_FAULT_DEPENDENCY, &config->source,
                           (s1_str){NULL, 0}, S1_STR("a model no worker uses"),
                           S1_STR("a worker that names it in its models, or no such model"),
                           (s1_str){NULL, 0});
        } else if (try_model(fs, path, &preparation->arena, &prepared->models[i], &cause) !=
                   S1_OK) {
            s1_faults_addf(&preparation->faults, S1_FAULT_REFERENCE, &config->source, "path", path,
                           "a model that can be used: %s", cause.msg);
        }
    }
    return S1_OK;
}

static s1_rc prepare_link(s1_preparation *preparation, const s1_link *link, const s1_fs *fs,
                          s1_prepared_link *prepared, s1_err *err)
{
    const uint32_t count = link->blueprint->workers.count;
    const uint32_t errors = preparation->faults.errors;
    *prepared = (s1_prepared_link){
        .link = link,
        .worker_count = count,
        .plans = s1_arena_array(&preparation->arena, const s1_worker_plan *, (size_t)count + 1),
        .plugins = s1_arena_array(&preparation->arena, s1_plugin *, (size_t)count + 1)};
    if (prepared->plans == NULL || prepared->plugins == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u workers", count);
    }
    for (uint32_t i = 0; i < count; i++) {
        prepare_worker(preparation, link->blueprint->workers.items[i], prepared, i);
    }
    check_streams(preparation, link);
    if (preparation->faults.errors == errors) {
        const s1_dependency_options options = {.link = link,
                                               .plans = prepared->plans,
                                               .plan_count = count,
                                               .registry = preparation->registry,
                                               .arena = &preparation->arena};
        s1_dependencies_validate(&options, &preparation->faults);
        for (uint32_t i = 0; i < count; i++) {
            check_worker_events(preparation, prepared->plans[i]);
        }
        S1_TRY(err, read_feeds(preparation, fs, prepared, err));
        S1_TRY(err, read_models(preparation, fs, prepared, err));
    }
    return S1_OK;
}

static s1_rc prepare_all(const s1_prepare_options *options, s1_preparation *preparation,
                         s1_err *err)
{
    const s1_config_options load = {.dir = options->config_dir,
                                    .base = options->base,
                                    .target = options->target,
                                    .overrides = options->overrides,
                                    .override_count = options->override_count,
                                    .fs = options->fs};
    S1_TRY(err, s1_config_load(&load, &preparation->arena, &preparation->faults,
                               &preparation->config, err));
    const s1_config *const config = preparation->config;
    char root[S1_PATH_MAX];
    S1_TRY(err, s1_plugin_root(options->fs, config->platform.core.plugins_root_path, root, err));
    const s1_str roots[] = {s1_str_of(root)};
    const s1_plugin_registry_options registry = {
        .fs = options->fs, .roots = roots, .root_count = 1};
    S1_TRY(err,
           s1_plugin_registry_new(&registry, &preparation->faults, &preparation->registry, err));
    S1_TRY(err, s1_chain_check(config, &preparation->arena, &preparation->faults, err));
    preparation->links =
        s1_arena_array(&preparation->arena, s1_prepared_link, (size_t)config->links.count + 1);
    if (preparation->links == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u links", config->links.count);
    }
    for (uint32_t i = 0; i < config->links.count; i++) {
        S1_TRY(err, prepare_link(preparation, &config->links.items[i], options->fs,
                                 &preparation->links[i], err));
    }
    preparation->link_count = config->links.count;
    return S1_OK;
}

s1_rc s1_prepare(const s1_prepare_options *options, s1_preparation *preparation, s1_err *err)
{
    memset(preparation, 0, sizeof *preparation);
    s1_arena_init(&preparation->arena, ARENA_BYTES_MAX, 0);
    s1_faults_init(&preparation->faults, &preparation->arena, 0);
    return prepare_all(options, preparation, err);
}

void s1_preparation_done(s1_preparation *preparation)
{
    s1_plugin_registry_free(preparation->registry);
    s1_arena_done(&preparation->arena);
}
