#include "backend/assembly/worker_builder.h"

#include "backend/utils/hash.h"
#include "backend/utils/rng.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)16 << 20)

/* The worker and all the host keeps for it; what a plugin sees as s1_host_ctx and binder->self. */
struct s1_host_ctx {
    s1_worker worker;
    s1_arena arena;
    s1_trading_context *context;
    const s1_bound_feed *feeds;
    size_t feed_count;
    const s1_bound_model *models;
    size_t model_count;
    const s1_worker_services *services;
    s1_host host;
    s1_binder binder;
    s1_rng rng;
    bool is_creating;
    bool is_twin;
    bool has_state;
    uint64_t need_rows[S1_STREAMS_MAX];
    /* Two buffers in turn: the committed text stays valid while the next one is kept. */
    char *state[2];
    size_t state_capacity[2];
    s1_str committed;
    uint32_t committed_index;
    double *twin_values; /* of a twin's columns, one after the other; NULL: it is none */
    uint64_t twin_rows;
    uint32_t artefacts_in_count;
    s1_artefact_store **artefacts_in; /* [artefacts_in_count] as the plan lists them */
};

static s1_rc no_memory(const s1_host_ctx *ctx, s1_err *err)
{
    return S1_RAISE(err, S1_E_NO_MEMORY, "worker '%.*s'", S1_STR_ARG(ctx->worker.instance_id));
}

/* Puts who it happened to in front of a message, keeping the frames. */
static s1_rc blame(const s1_host_ctx *ctx, s1_rc code, const char *what, s1_err *err)
{
    if (err == NULL) {
        return code;
    }
    char message[sizeof err->msg + 256];
    (void)snprintf(message, sizeof message, "worker '%.*s' (plugin %.*s)%s: %s",
                   S1_STR_ARG(ctx->worker.instance_id), S1_STR_ARG(ctx->worker.plugin_name), what,
                   err->msg[0] != '\0' ? err->msg : "it gave no reason");
    message[sizeof err->msg - 1] = '\0';
    memcpy(err->msg, message, sizeof err->msg);
    err->code = code;
    s1_err_push(err, __FILE__, __func__, __LINE__);
    return code;
}

/* --- What the host offers. ---------------------------------------------------------------- */

static s1_nanos host_now(s1_host_ctx *ctx)
{
    return ctx->services->now(ctx->services->self);
}

static uint64_t host_random_u64(s1_host_ctx *ctx)
{
    return s1_rng_u64(&ctx->rng);
}

static void host_log(s1_host_ctx *ctx, int32_t level, s1_str message)
{
    ctx->services->log(ctx->services->self, &ctx->worker, level, message);
}

static s1_rc state_load(s1_host_ctx *ctx, s1_str *ret_json, s1_err *err)
{
    (void)err;
    *ret_json = ctx->committed;
    return S1_OK;
}

static s1_rc state_keep(s1_host_ctx *ctx, s1_str json, s1_str *ret_kept, s1_err *err)
{
    if (json.len > S1_WORKER_STATE_MAX) {
        return S1_RAISE(err, S1_E_RANGE, "worker '%.*s': a state of %zu bytes, expected at most %u",
                        S1_STR_ARG(ctx->worker.instance_id), json.len, S1_WORKER_STATE_MAX);
    }
    const uint32_t index = 1 - ctx->committed_index;
    if (json.len > ctx->state_capacity[index]) {
        size_t capacity = 256;
        while (capacity < json.len) {
            capacity *= 2;
        }
        char *const grown = malloc(capacity);
        if (grown == NULL) {
            return no_memory(ctx, err);
        }
        free(ctx->state[index]);
        ctx->state[index] = grown;
        ctx->state_capacity[index] = capacity;
    }
    if (json.len > 0) {
        memcpy(ctx->state[index], json.ptr, json.len);
    }
    *ret_kept = (s1_str){json.len > 0 ? ctx->state[index] : "", json.len};
    return S1_OK;
}

static s1_rc state_commit(s1_host_ctx *ctx, s1_str json, s1_err *err)
{
    s1_str kept;
    S1_TRY(err, state_keep(ctx, json, &kept, err));
    const s1_worker_services *const services = ctx->services;
    if (services->state_commit != NULL) {
        S1_TRY(err, services->state_commit(services->self, &ctx->worker, kept, err));
    }
    ctx->committed = kept;
    ctx->committed_index = 1 - ctx->committed_index;
    ctx->worker.state_commit_count++;
    return S1_OK;
}

static s1_rc event_emit(s1_host_ctx *ctx, uint32_t event, s1_str payload_json, s1_err *err)
{
    const s1_str name = s1_worker_event_name(&ctx->worker, event);
    if (name.len == 0) {
        return S1_RAISE(err, S1_E_DENIED, "worker '%.*s': event handle %u is none of its manifest",
                        S1_STR_ARG(ctx->worker.instance_id), event);
    }
    const s1_worker_services *const services = ctx->services;
    S1_TRY(err, services->event_emit(services->self, &ctx->worker, name, payload_json, err));
    return S1_OK;
}

static s1_rc journal_append(s1_host_ctx *ctx, s1_str event, s1_str details_json, s1_err *err)
{
    const s1_worker_services *const services = ctx->services;
    S1_TRY(err, services->journal_append(services->self, &ctx->worker, event, details_json, err));
    return S1_OK;
}

static const s1_state_api state_api = {
    .size = sizeof state_api, .load = state_load, .commit = state_commit};
static const s1_event_api event_api = {.size = sizeof event_api, .emit = event_emit};
static const s1_journal_api journal_api = {.size = sizeof journal_api, .append = journal_append};

/* --- Binder: parameters. ------------------------------------------------------------------ */

/* For messages: "a, b, c", or "none". */
static void print_names(const s1_str *names, uint32_t count, char *text, size_t size)
{
    (void)snprintf(text, size, "none");
    size_t used = 0;
    for (uint32_t i = 0; i < count && used < size; i++) {
        const int written =
            snprintf(text + used, size - used, "%s%.*s", i > 0 ? ", " : "", S1_STR_ARG(names[i]));
        used += written > 0 ? (size_t)written : 0;
    }
}

static bool has_name(const s1_text_list *names, s1_str name, uint32_t *ret_index)
{
    for (uint32_t i = 0; i < names->count; i++) {
        if (s1_str_eq(names->items[i], name)) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

static s1_rc denied(const s1_host_ctx *ctx, const char *what, s1_str name,
                    const s1_text_list *names, s1_err *err)
{
    char text[256];
    print_names(names->items, names->count, text, sizeof text);
    return S1_RAISE(err, S1_E_DENIED,
                    "%s '%.*s' is not declared in the manifest of %.*s; it has: %s", what,
                    S1_STR_ARG(name), S1_STR_ARG(ctx->worker.plugin_name), text);
}

static s1_rc creating(const s1_host_ctx *ctx, s1_err *err)
{
    return ctx->is_creating ? S1_OK
                            : S1_RAISE(err, S1_E_DENIED,
                                       "worker '%.*s': the binder is valid during create() only",
                                       S1_STR_ARG(ctx->worker.instance_id));
}

static s1_rc find_param(void *self, s1_str name, int32_t type, const s1_param **ret_param,
                        s1_err *err)
{
    const s1_host_ctx *const ctx = self;
    S1_TRY(err, creating(ctx, err));
    const s1_worker_plan *const plan = ctx->worker.plan;
    const s1_param *const param = s1_worker_plan_param(plan, name);
    if (param == NULL) {
        s1_str names[32];
        s1_text_list list = {.items = names};
        for (uint32_t i = 0; i < plan->params.count && i < 32; i++) {
            names[list.count++] = plan->params.items[i].name;
        }
        return denied(ctx, "parameter", name, &list, err);
    }
    const bool is_text = type == S1_PARAM_STRING && param->type == S1_PARAM_ENUM;
    if (param->type != type && !is_text) {
        return S1_RAISE(err, S1_E_INVALID,
                        "parameter '%.*s' is %s in the manifest, asked for as %s", S1_STR_ARG(name),
                        s1_enum_text(s1_param_type_names, param->type),
                        s1_enum_text(s1_param_type_names, type));
    }
    *ret_param = param;
    return S1_OK;
}

/* One function of the binder per type: X(function, parameter type, C type, member). */
#define SCALAR_PARAM_MAP(X)                                                                        \
    X(param_int, S1_PARAM_INT, int64_t, int_value)                                                 \
    X(param_float, S1_PARAM_FLOAT, double, float_value)                                            \
    X(param_bool, S1_PARAM_BOOL, bool, bool_value)                                                 \
    X(param_text, S1_PARAM_STRING, s1_str, text)                                                   \
    X(param_decimal, S1_PARAM_DECIMAL, s1_dec, decimal)                                            \
    X(param_duration, S1_PARAM_DURATION, s1_nanos, duration)
#define LIST_PARAM_MAP(X)                                                                          \
    X(param_int_list, S1_PARAM_INT_LIST, int64_t, ints)                                            \
    X(param_float_list, S1_PARAM_FLOAT_LIST, double, floats)                                       \
    X(param_text_list, S1_PARAM_STRING_LIST, s1_str, texts)

#define X(function, param_type, c_type, member)                                                    \
    static s1_rc function(void *self, s1_str name, c_type *ret_value, s1_err *err)                 \
    {                                                                                              \
        const s1_param *param = NULL;                                                              \
        S1_TRY(err, find_param(self, name, param_type, &param, err));                              \
        *ret_value = param->as.member;                                                             \
        return S1_OK;                                                                              \
    }
SCALAR_PARAM_MAP(X)
#undef X

#define X(function, param_type, c_type, member)                                                    \
    static s1_rc function(void *self, s1_str name, const c_type **ret_items, size_t *ret_count,    \
                          s1_err *err)                                                             \
    {                                                                                              \
        const s1_param *param = NULL;                                                              \
        S1_TRY(err, find_param(self, name, param_type, &param, err));                              \
        *ret_items = param->as.member.items;                                                       \
        *ret_count = param->as.member.count;                                                       \
        return S1_OK;                                                                              \
    }
LIST_PARAM_MAP(X)
#undef X

/* --- Binder: columns, streams, artefacts, conditions, events. ------------------------------- */

static s1_rc bind_series(void *self, s1_str name, const s1_series **ret_series, s1_err *err)
{
    s1_host_ctx *const ctx = self;
    S1_TRY(err, creating(ctx, err));
    for (uint32_t i = 0; i < ctx->worker.input_count; i++) {
        if (s1_str_eq(ctx->worker.inputs[i].name, name)) {
            *ret_series = ctx->worker.inputs[i].series;
            return S1_OK;
        }
    }
    uint32_t index = 0;
    if (has_name(&ctx->worker.plan->uses, name, &index)) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "nobody provides column '%.*s', which is optional",
                        S1_STR_ARG(name));
    }
    return denied(ctx, "column", name, &ctx->worker.plan->requires, err);
}

static s1_rc bind_column(void *self, s1_str name, s1_column **ret_column, s1_err *err)
{
    s1_host_ctx *const ctx = self;
    S1_TRY(err, creating(ctx, err));
    uint32_t index = 0;
    if (!has_name(&ctx->worker.plan->provides, name, &index)) {
        return denied(ctx, "provided column", name, &ctx->worker.plan->provides, err);
    }
    *ret_column = &ctx->worker.columns[index]->column;
    return S1_OK;
}

static s1_rc bind_stream(void *self, s1_str selector, const s1_stream **ret_stream, s1_err *err)
{
    s1_host_ctx *const ctx = self;
    S1_TRY(err, creating(ctx, err));
    uint32_t index = ctx->worker.stream_index;
    if (selector.len > 0) {
        S1_TRY(err, s1_trading_context_find_stream(ctx->context, selector, &index, err));
    }
    ctx->need_rows[index] = ctx->need_rows[index] > 0 ? ctx->need_rows[index] : 1;
    *ret_stream = &ctx->context->streams[index].view;
    return S1_OK;
}

static s1_rc bind_artefacts_in(void *self, s1_str name, const s1_artefact_list **ret_list,
                               s1_err *err)
{
    s1_host_ctx *const ctx = self;
    S1_TRY(err, creating(ctx, err));
    uint32_t index = 0;
    if (!has_name(&ctx->worker.plan->artefacts_in, name, &index)) {
        return denied(ctx, "artefact", name, &ctx->worker.plan->artefacts_in, err);
    }
    *ret_list = &ctx->artefacts_in[index]->list;
    return S1_OK;
}

static s1_rc bind_artefacts_out(void *self, s1_str name, s1_artefact_list **ret_list, s1_err *err)
{
    s1_host_ctx *const ctx = self;
    S1_TRY(err, creating(ctx, err));
    uint32_t index = 0;
    if (!has_name(&ctx->worker.plan->artefacts_out, name, &index)) {
        return denied(ctx, "provided artefact", name, &ctx->worker.plan->artefacts_out, err);
    }
    *ret_list = &ctx->worker.artefacts[index]->list;
    return S1_OK;
}

static s1_rc bind_condition(void *self, s1_str name, s1_condition **ret_condition, s1_err *err)
{
    s1_host_ctx *const ctx = self;
    S1_TRY(err, creating(ctx, err));
    s1_worker *const worker = &ctx->worker;
    for (uint32_t i = 0; i < worker->condition_count; i++) {
        if (s1_str_eq(worker->conditions[i].name, name)) {
            *ret_condition = &worker->conditions[i].condition;
            return S1_OK;
        }
    }
    if (name.len == 0 || name.len > 63) {
        return S1_RAISE(err, S1_E_INVALID, "condition name '%.*s': expected 1 to 63 bytes",
                        S1_STR_ARG(name));
    }
    if (worker->condition_count == S1_WORKER_CONDITIONS_MAX) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "condition '%.*s': a worker has at most %u",
                        S1_STR_ARG(name), S1_WORKER_CONDITIONS_MAX);
    }
    const s1_str copy = s1_arena_copy_str(&ctx->arena, name);
    if (copy.ptr == NULL) {
        return no_memory(ctx, err);
    }
    s1_worker_condition *const made = &worker->conditions[worker->condition_count++];
    made->name = copy;
    *ret_condition = &made->condition;
    return S1_OK;
}

static s1_rc bind_event(void *self, s1_str name, uint32_t *ret_event, s1_err *err)
{
    s1_host_ctx *const ctx = self;
    S1_TRY(err, creating(ctx, err));
    const struct s1_manifest_events *const events =
        &ctx->worker.plan->manifest->capabilities.events;
    for (uint32_t i = 0; events->enabled && i < events->publishes.count; i++) {
        if (s1_str_eq(events->publishes.items[i].as_event, name)) {
            *ret_event = i;
            return S1_OK;
        }
    }
    s1_str names[32];
    s1_text_list list = {.items = names};
    for (uint32_t i = 0; events->enabled && i < events->publishes.count && i < 32; i++) {
        names[list.count++] = events->publishes.items[i].as_event;
    }
    return denied(ctx, "event", name, &list, err);
}

/* The plan of a feed the manifest declares. */
static s1_rc find_feed(const s1_host_ctx *ctx, s1_str name, const s1_feed_plan **ret_plan,
                       s1_err *err)
{
    const s1_worker_plan *const plan = ctx->worker.plan;
    s1_str names[32];
    s1_text_list list = {.items = names};
    S1_TRY(err, creating(ctx, err));
    for (uint32_t i = 0; i < plan->feeds.count; i++) {
        if (s1_str_eq(plan->feeds.items[i].name, name)) {
            *ret_plan = &plan->feeds.items[i];
            return S1_OK;
        }
        if (list.count < 32) {
            names[list.count++] = plan->feeds.items[i].name;
        }
    }
    return denied(ctx, "feed", name, &list, err);
}

static s1_rc find_window(const s1_host_ctx *ctx, const s1_feed_plan *plan,
                         const s1_feed_window **ret_window, s1_err *err)
{
    for (size_t i = 0; i < ctx->feed_count && plan->feed.len > 0; i++) {
        if (s1_str_eq(ctx->feeds[i].id, plan->feed)) {
            *ret_window = ctx->feeds[i].window;
            return S1_OK;
        }
    }
    return S1_RAISE(err, S1_E_NOT_FOUND, "the blueprint gives no feed for '%.*s'%s",
                    S1_STR_ARG(plan->name), plan->feed.len > 0 ? "" : ", which is optional");
}

static s1_rc bind_feed(void *self, s1_str name, const s1_feed **ret_feed, s1_err *err)
{
    const s1_feed_plan *plan = NULL;
    const s1_feed_window *window = NULL;
    S1_TRY(err, find_feed(self, name, &plan, err));
    S1_TRY(err, find_window(self, plan, &window, err));
    *ret_feed = &window->view;
    return S1_OK;
}

static s1_rc bind_feed_field(void *self, s1_str feed, s1_str name, const s1_feed_field **ret_field,
                             s1_err *err)
{
    const s1_feed_plan *plan = NULL;
    const s1_feed_window *window = NULL;
    s1_str names[32];
    s1_text_list list = {.items = names};
    S1_TRY(err, find_feed(self, feed, &plan, err));
    S1_TRY(err, find_window(self, plan, &window, err));
    for (uint32_t i = 0; i < plan->fields.count; i++) {
        const s1_feed_plan_field *const field = &plan->fields.items[i];
        if (s1_str_eq(field->name, name)) {
            *ret_field = s1_feed_window_field(window, name, field->type);
            return *ret_field != NULL ? S1_OK
                                      : S1_RAISE(err, S1_E_NOT_FOUND,
                                                 "feed '%.*s' has no column '%.*s', which is "
                                                 "optional",
                                                 S1_STR_ARG(plan->feed), S1_STR_ARG(name));
        }
        if (list.count < 32) {
            names[list.count++] = field->name;
        }
    }
    return denied(self, "feed field", name, &list, err);
}

static s1_rc bind_model(void *self, s1_str name, const s1_model **ret_model, s1_err *err)
{
    const s1_host_ctx *const ctx = self;
    const s1_worker_plan *const plan = ctx->worker.plan;
    s1_str names[32];
    s1_text_list list = {.items = names};
    S1_TRY(err, creating(ctx, err));
    for (uint32_t i = 0; i < plan->models.count; i++) {
        const s1_model_plan *const given = &plan->models.items[i];
        if (list.count < 32) {
            names[list.count++] = given->name;
        }
        if (!s1_str_eq(given->name, name)) {
            continue;
        }
        for (size_t k = 0; k < ctx->model_count && given->model.len > 0; k++) {
            if (s1_str_eq(ctx->models[k].id, given->model)) {
                *ret_model = ctx->models[k].model;
                return S1_OK;
            }
        }
        return S1_RAISE(err, S1_E_NOT_FOUND, "the blueprint gives no model for '%.*s'%s",
                        S1_STR_ARG(name), given->model.len > 0 ? "" : ", which is optional");
    }
    return denied(ctx, "model", name, &list, err);
}

static const s1_binder binder_functions = {
    .size = sizeof binder_functions,
    .param_int = param_int,
    .param_float = param_float,
    .param_bool = param_bool,
    .param_text = param_text,
    .param_decimal = param_decimal,
    .param_duration = param_duration,
    .param_int_list = param_int_list,
    .param_float_list = param_float_list,
    .param_text_list = param_text_list,
    .series = bind_series,
    .column = bind_column,
    .stream = bind_stream,
    .artefacts_in = bind_artefacts_in,
    .artefacts_out = bind_artefacts_out,
    .condition = bind_condition,
    .event = bind_event,
    .feed = bind_feed,
    .feed_field = bind_feed_field,
    .model = bind_model,
};

/* --- Building. ---------------------------------------------------------------------------- */

static s1_rc take_input(s1_host_ctx *ctx, s1_worker_input *inputs, s1_str name, bool is_required,
                        s1_err *err)
{
    s1_column_store *column = NULL;
    s1_err reason = S1_ERR_INIT;
    for (uint32_t i = 0; i < ctx->worker.input_count; i++) {
        if (s1_str_eq(inputs[i].name, name)) { /* a parameter names what is required anyway */
            return S1_OK;
        }
    }
    const s1_rc rc = s1_trading_context_find_column(ctx->context, ctx->worker.stream_index, name,
                                                    &column, &reason);
    if (rc != S1_OK) {
        return is_required ? S1_RAISE(err, rc, "requires a column: %s", reason.msg) : S1_OK;
    }
    inputs[ctx->worker.input_count++] = (s1_worker_input){name, &column->series, column};
    /* An optional column does not hold the worker back: it must do without anyway. */
    for (uint32_t i = 0; is_required && i < S1_STREAMS_MAX; i++) {
        if (column->need_rows[i] > ctx->need_rows[i]) {
            ctx->need_rows[i] = column->need_rows[i];
        }
    }
    return S1_OK;
}

/* Resolves what it reads, and from that the rows it needs. */
static s1_rc bind_inputs(s1_host_ctx *ctx, s1_err *err)
{
    const s1_worker_plan *const plan = ctx->worker.plan;
    const size_t count = (size_t)plan->requires.count + plan->uses.count;
    s1_worker_input *const inputs = s1_arena_array(&ctx->arena, s1_worker_input, count + 1);
    ctx->artefacts_in =
        s1_arena_array(&ctx->arena, s1_artefact_store *, (size_t)plan->artefacts_in.count + 1);
    if (inputs == NULL || ctx->artefacts_in == NULL) {
        return no_memory(ctx, err);
    }
    ctx->worker.inputs = inputs;
    for (uint32_t i = 0; i < plan->requires.count; i++) {
        S1_TRY(err, take_input(ctx, inputs, plan->requires.items[i], true, err));
    }
    for (uint32_t i = 0; i < plan->uses.count; i++) {
        S1_TRY(err, take_input(ctx, inputs, plan->uses.items[i], false, err));
    }
    for (uint32_t i = 0; i < plan->artefacts_in.count; i++) {
        S1_TRY(err, s1_trading_context_find_artefacts(ctx->context, ctx->worker.stream_index,
                                                      plan->artefacts_in.items[i],
                                                      &ctx->artefacts_in[i], err));
    }
    uint64_t *const own = &ctx->need_rows[ctx->worker.stream_index];
    *own = (*own > 0 ? *own : 1) + plan->lookback - 1;
    return S1_OK;
}

/* The columns of a twin stand in no context. */
static s1_rc reserve_own_columns(s1_host_ctx *ctx, s1_column_store **columns, s1_err *err)
{
    s1_worker *const worker = &ctx->worker;
    const uint32_t count = worker->plan->provides.count;
    s1_column_store *const stores = s1_arena_array(&ctx->arena, s1_column_store, (size_t)count + 1);
    ctx->twin_rows = worker->stream->rows;
    ctx->twin_values = calloc((size_t)(ctx->twin_rows * count) + 1, sizeof *ctx->twin_values);
    if (stores == NULL || ctx->twin_values == NULL) {
        return no_memory(ctx, err);
    }
    for (uint32_t i = 0; i < count; i++) {
        double *const values = ctx->twin_values + ctx->twin_rows * i;
        stores[i] = (s1_column_store){.column = {.values = values, .rows = &worker->stream->rows},
                                      .series = {.values = values, .rows = &worker->stream->rows},
                                      .name = worker->plan->provides.items[i],
                                      .owner = worker->instance_id,
                                      .stream = worker->stream_index};
        columns[i] = &stores[i];
    }
    worker->column_count = count;
    return S1_OK;
}

static s1_rc reserve_outputs(s1_host_ctx *ctx, s1_err *err)
{
    s1_worker *const worker = &ctx->worker;
    const s1_worker_plan *const plan = worker->plan;
    if (worker->type != S1_WORKER_CONTEXT &&
        (plan->provides.count > 0 || plan->artefacts_out.count > 0)) {
        return S1_RAISE(err, S1_E_DENIED, "a %s provides no columns and no artefacts",
                        s1_enum_text(s1_worker_class_names, worker->type));
    }
    s1_column_store **const columns =
        s1_arena_array(&ctx->arena, s1_column_store *, (size_t)plan->provides.count + 1);
    s1_artefact_store **const artefacts =
        s1_arena_array(&ctx->arena, s1_artefact_store *, (size_t)plan->artefacts_out.count + 1);
    if (columns == NULL || artefacts == NULL) {
        return no_memory(ctx, err);
    }
    worker->columns = columns;
    worker->artefacts = artefacts;
    if (ctx->is_twin) {
        return reserve_own_columns(ctx, columns, err);
    }
    for (uint32_t i = 0; i < plan->provides.count; i++) {
        const s1_column_options options = {.stream = worker->stream_index,
                                           .name = plan->provides.items[i],
                                           .owner = worker->instance_id,
                                           .need_rows = ctx->need_rows};
        S1_TRY(err, s1_trading_context_add_column(ctx->context, &options, &columns[i], err));
        worker->column_count++;
    }
    for (uint32_t i = 0; i < plan->artefacts_out.count; i++) {
        S1_TRY(err, s1_trading_context_add_artefacts(ctx->context, worker->stream_index,
                                                     plan->artefacts_out.items[i],
                                                     worker->instance_id, 0, &artefacts[i], err));
        worker->artefact_count++;
    }
    return S1_OK;
}

static s1_rc grant(s1_host_ctx *ctx, s1_err *err)
{
    const s1_worker_services *const services = ctx->services;
    const uint32_t capabilities = ctx->worker.capabilities;
    ctx->host = (s1_host){.size = sizeof ctx->host,
                          .abi_minor = S1_ABI_MINOR,
                          .ctx = ctx,
                          .now = host_now,
                          .random_u64 = host_random_u64,
                          .log = host_log,
                          .state = (capabilities & S1_CAP_STATE) != 0 ? &state_api : NULL,
                          .events = (capabilities & S1_CAP_EVENTS) != 0 ? &event_api : NULL,
                          .journal = (capabilities & S1_CAP_JOURNAL) != 0 ? &journal_api : NULL};
    if ((ctx->host.events != NULL && services->event_emit == NULL) ||
        (ctx->host.journal != NULL && services->journal_append == NULL)) {
        return S1_RAISE(err, S1_E_UNSUPPORTED, "asks for %s, which this run does not offer",
                        services->event_emit == NULL && ctx->host.events != NULL ? "events"
                                                                                 : "journaling");
    }
    if (ctx->host.state != NULL && services->state_load != NULL) {
        s1_str json = {NULL, 0};
        S1_TRY(err, services->state_load(services->self, &ctx->worker, &json, err));
        if (json.len > 0) {
            S1_TRY(err, state_keep(ctx, json, &ctx->committed, err));
            ctx->committed_index = 1 - ctx->committed_index;
        }
    }
    return S1_OK;
}

static s1_rc make_gates(s1_host_ctx *ctx, s1_err *err)
{
    s1_worker_gate *const gates = s1_arena_array(&ctx->arena, s1_worker_gate, S1_STREAMS_MAX);
    if (gates == NULL) {
        return no_memory(ctx, err);
    }
    for (uint32_t i = 0; i < ctx->context->view.stream_count; i++) {
        if (ctx->need_rows[i] > 0) {
            gates[ctx->worker.gate_count++] =
                (s1_worker_gate){&ctx->context->streams[i].view.rows, ctx->need_rows[i]};
        }
    }
    ctx->worker.gates = gates;
    return S1_OK;
}

static s1_rc create(s1_host_ctx *ctx, s1_err *err)
{
    ctx->binder = binder_functions;
    ctx->binder.self = ctx;
    ctx->is_creating = true;
    void *self = NULL;
    s1_err reason = S1_ERR_INIT;
    s1_rc rc = ctx->worker.ops->create(&ctx->host, &ctx->binder, &self, &reason);
    ctx->is_creating = false;
    if (rc != S1_OK) {
        if (err != NULL) {
            *err = reason;
        }
        return blame(ctx, rc < 0 ? rc : S1_E_PLUGIN, ": create() failed", err);
    }
    ctx->worker.self = self;
    return S1_OK;
}

static s1_rc prepare(s1_host_ctx *ctx, const s1_worker_plan *plan, const s1_plugin *plugin,
                     s1_err *err)
{
    s1_worker *const worker = &ctx->worker;
    const s1_manifest *const manifest = plugin->manifest;
    worker->ops = plugin->desc->ops;
    worker->plugin = plugin;
    worker->plan = plan;
    worker->plugin_name = manifest->identification.name;
    worker->version = manifest->identification.version;
    worker->type = manifest->identification.type;
    worker->subtype = manifest->identification.subtype;
    worker->capabilities = plugin->desc->capabilities;
    worker->lookback = plan->lookback;
    worker->conditions = s1_arena_array(&ctx->arena, s1_worker_condition, S1_WORKER_CONDITIONS_MAX);
    if (worker->conditions == NULL) {
        return no_memory(ctx, err);
    }
    S1_TRY(err, s1_trading_context_find_stream(ctx->context, plan->item->stream,
                                               &worker->stream_index, err));
    worker->stream = &ctx->context->streams[worker->stream_index].view;
    const s1_str link = ctx->context->view.strategy_link_id;
    const s1_str instance = worker->instance_id;
    s1_rng_init_part(&ctx->rng, ctx->services->seed,
                     s1_hash64(instance.ptr, instance.len, s1_hash64(link.ptr, link.len, 0)));
    S1_TRY(err, bind_inputs(ctx, err));
    S1_TRY(err, reserve_outputs(ctx, err));
    S1_TRY(err, grant(ctx, err));
    return S1_OK;
}

static s1_rc build(const s1_worker_builder *builder, const s1_plugin *plugin,
                   const s1_worker_plan *plan, bool is_twin, s1_worker **ret_worker, s1_err *err)
{
    s1_host_ctx *const ctx = calloc(1, sizeof *ctx);
    if (ctx == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "worker '%.*s'", S1_STR_ARG(plan->item->id));
    }
    s1_arena_init(&ctx->arena, ARENA_BYTES_MAX, 0);
    ctx->is_twin = is_twin;
    ctx->context = builder->context;
    ctx->feeds = builder->feeds;
    ctx->feed_count = builder->feed_count;
    ctx->models = builder->models;
    ctx->model_count = builder->model_count;
    ctx->services = builder->services;
    ctx->worker.host_ctx = ctx;
    ctx->worker.plugin_name = plugin->name;
    const s1_str id = plan->item->id.len > 0 ? plan->item->id : plugin->name;
    ctx->worker.instance_id = s1_arena_copy_str(&ctx->arena, id);
    s1_rc rc = S1_OK;
    if (ctx->worker.instance_id.ptr == NULL) {
        rc = no_memory(ctx, err);
        goto failed;
    }
    s1_err reason = S1_ERR_INIT;
    rc = prepare(ctx, plan, plugin, &reason);
    if (rc != S1_OK) {
        if (err != NULL) {
            *err = reason;
        }
        rc = blame(ctx, rc, "", err);
        goto failed;
    }
    S1_TRY_GOTO(err, rc, failed, create(ctx, err));
    S1_TRY_GOTO(err, rc, failed, make_gates(ctx, err));
    *ret_worker = &ctx->worker;
    return S1_OK;
failed:
    s1_worker_free(&ctx->worker);
    return rc;
}

s1_rc s1_worker_build(const s1_worker_builder *builder, s1_plugin *plugin,
                      const s1_worker_plan *plan, s1_worker **ret_worker, s1_err *err)
{
    S1_ASSERT(plan->manifest == plugin->manifest);
    S1_TRY(err, s1_plugin_load(plugin, err));
    return build(builder, plugin, plan, false, ret_worker, err);
}

s1_rc s1_worker_build_twin(const s1_worker *worker, s1_worker **ret_twin, s1_err *err)
{
    const s1_host_ctx *const of = worker->host_ctx;
    const s1_worker_builder builder = {.context = of->context,
                                       .feeds = of->feeds,
                                       .feed_count = of->feed_count,
                                       .models = of->models,
                                       .model_count = of->model_count,
                                       .services = of->services};
    return build(&builder, worker->plugin, worker->plan, true, ret_twin, err);
}

void s1_worker_free(s1_worker *worker)
{
    if (worker == NULL) {
        return;
    }
    s1_host_ctx *const ctx = worker->host_ctx;
    if (worker->ops != NULL && worker->self != NULL) {
        worker->ops->destroy(worker->self);
    }
    free(ctx->twin_values);
    free(ctx->state[0]);
    free(ctx->state[1]);
    s1_arena_done(&ctx->arena);
    free(ctx);
}

s1_str s1_worker_state(const s1_worker *worker)
{
    return worker->host_ctx->committed;
}

s1_str s1_worker_event_name(const s1_worker *worker, uint32_t event)
{
    const struct s1_manifest_events *const events = &worker->plan->manifest->capabilities.events;
    return events->enabled && event < events->publishes.count
               ? events->publishes.items[event].as_event
               : (s1_str){NULL, 0};
}
