/* asker - a ContextWorker that asks the host what its parameter `ask` says: "KIND:NAME". What
 * create kinds give goes to the log; tick kinds are done in every enrich(). For the worker
 * builder's test.
 */
#include "s1mple/plugin.h"

#include <stdlib.h>
#include <string.h>

typedef struct asker {
    const s1_host *host;
    s1_binder binder; /* a copy: to be asked too late */
    s1_str kind, name;
    const s1_series *close;
    s1_column *out;
    s1_condition *is_up;
} asker;

static bool is_kind(const asker *me, const char *kind)
{
    return me->kind.len == strlen(kind) && memcmp(me->kind.ptr, kind, me->kind.len) == 0;
}

static void tell(const s1_host *host, const char *text)
{
    host->log(host->ctx, S1_LOG_INFO, (s1_str){text, strlen(text)});
}

static s1_rc ask_scalars(const asker *me, const s1_binder *b, char *text, size_t size, s1_err *err)
{
    int64_t integer = 0;
    double number = 0.0;
    bool flag = false;
    s1_str word = {NULL, 0};
    s1_dec decimal = S1_DEC_ZERO;
    if (is_kind(me, "int")) {
        S1_TRY(err, b->param_int(b->self, me->name, &integer, err));
        (void)snprintf(text, size, "%lld", (long long)integer);
    } else if (is_kind(me, "float")) {
        S1_TRY(err, b->param_float(b->self, me->name, &number, err));
        (void)snprintf(text, size, "%g", number);
    } else if (is_kind(me, "bool")) {
        S1_TRY(err, b->param_bool(b->self, me->name, &flag, err));
        (void)snprintf(text, size, "%d", flag);
    } else if (is_kind(me, "text")) {
        S1_TRY(err, b->param_text(b->self, me->name, &word, err));
        (void)snprintf(text, size, "%.*s", S1_STR_ARG(word));
    } else if (is_kind(me, "decimal")) {
        char digits[S1_DEC_TEXT_MAX];
        S1_TRY(err, b->param_decimal(b->self, me->name, &decimal, err));
        (void)s1_dec_print(decimal, digits);
        (void)snprintf(text, size, "%s", digits);
    } else if (is_kind(me, "duration")) {
        S1_TRY(err, b->param_duration(b->self, me->name, &integer, err));
        (void)snprintf(text, size, "%lld", (long long)integer);
    }
    return S1_OK;
}

static s1_rc ask_lists(const asker *me, const s1_binder *b, char *text, size_t size, s1_err *err)
{
    size_t count = 0;
    const int64_t *integers = NULL;
    const double *numbers = NULL;
    const s1_str *words = NULL;
    if (is_kind(me, "int_list")) {
        S1_TRY(err, b->param_int_list(b->self, me->name, &integers, &count, err));
        (void)snprintf(text, size, "%zu %lld", count, (long long)integers[count - 1]);
    } else if (is_kind(me, "float_list")) {
        S1_TRY(err, b->param_float_list(b->self, me->name, &numbers, &count, err));
        (void)snprintf(text, size, "%zu %g", count, numbers[count - 1]);
    } else if (is_kind(me, "text_list")) {
        S1_TRY(err, b->param_text_list(b->self, me->name, &words, &count, err));
        (void)snprintf(text, size, "%zu %.*s", count, S1_STR_ARG(words[count - 1]));
    }
    return S1_OK;
}

/* "feed:NAME", "feed_field:FEED.FIELD". */
static s1_rc ask_feeds(const asker *me, const s1_binder *b, char *text, size_t size, s1_err *err)
{
    const char *const dot = memchr(me->name.ptr, '.', me->name.len);
    const s1_feed *feed = NULL;
    const s1_feed_field *field = NULL;
    if (dot == NULL) {
        S1_TRY(err, b->feed(b->self, me->name, &feed, err));
    } else {
        const s1_str name = {me->name.ptr, (size_t)(dot - me->name.ptr)};
        const s1_str part = {dot + 1, me->name.len - name.len - 1};
        S1_TRY(err, b->feed_field(b->self, name, part, &field, err));
        feed = field->feed;
    }
    (void)snprintf(text, size, "%llu", (unsigned long long)s1_feed_rows(feed));
    return S1_OK;
}

static s1_rc ask_handles(asker *me, const s1_binder *b, char *text, size_t size, s1_err *err)
{
    const s1_series *series = NULL;
    s1_column *column = NULL;
    const s1_stream *stream = NULL;
    const s1_artefact_list *in = NULL;
    s1_artefact_list *out = NULL;
    s1_condition *condition = NULL;
    uint32_t event = 0;
    if (is_kind(me, "feed") || is_kind(me, "feed_field")) {
        return ask_feeds(me, b, text, size, err);
    }
    if (is_kind(me, "series")) {
        S1_TRY(err, b->series(b->self, me->name, &series, err));
    } else if (is_kind(me, "column")) {
        S1_TRY(err, b->column(b->self, me->name, &column, err));
    } else if (is_kind(me, "stream")) {
        S1_TRY(err, b->stream(b->self, me->name, &stream, err));
        (void)snprintf(text, size, "%.*s", S1_STR_ARG(stream->asset_pair));
    } else if (is_kind(me, "artefacts_in")) {
        S1_TRY(err, b->artefacts_in(b->self, me->name, &in, err));
    } else if (is_kind(me, "artefacts_out")) {
        S1_TRY(err, b->artefacts_out(b->self, me->name, &out, err));
    } else if (is_kind(me, "condition")) {
        S1_TRY(err, b->condition(b->self, me->name, &condition, err));
        S1_TRY(err, b->condition(b->self, S1_STR("is_up"), &me->is_up, err));
        (void)snprintf(text, size, "%s", condition == me->is_up ? "same" : "other");
    } else if (is_kind(me, "event")) {
        S1_TRY(err, b->event(b->self, me->name, &event, err));
        (void)snprintf(text, size, "%u", event);
    } else if (is_kind(me, "tables")) {
        (void)snprintf(text, size, "%d%d%d", me->host->state != NULL, me->host->events != NULL,
                       me->host->journal != NULL);
    } else if (is_kind(me, "fail")) {
        return S1_RAISE(err, S1_E_RANGE, "as it was told");
    } else if (is_kind(me, "mute")) {
        return S1_E_RANGE;
    } else if (is_kind(me, "state")) {
        s1_str json;
        S1_TRY(err, me->host->state->load(me->host->ctx, &json, err));
        (void)snprintf(text, size, "%.*s", S1_STR_ARG(json));
    }
    return S1_OK;
}

static s1_rc asker_create(const s1_host *host, const s1_binder *b, void **ret_self, s1_err *err)
{
    asker made = {.host = host, .binder = *b};
    s1_str ask;
    int64_t n = 0;
    S1_TRY(err, b->param_text(b->self, S1_STR("ask"), &ask, err));
    S1_TRY(err, b->param_int(b->self, S1_STR("n"), &n, err));
    const char *const colon = ask.len > 0 ? memchr(ask.ptr, ':', ask.len) : NULL;
    made.kind = (s1_str){ask.ptr, colon != NULL ? (size_t)(colon - ask.ptr) : ask.len};
    if (colon != NULL) {
        made.name = (s1_str){colon + 1, ask.len - made.kind.len - 1};
    }
    char column[32];
    const int length = snprintf(column, sizeof column, "out_%lld", (long long)n);
    S1_TRY(err, b->series(b->self, S1_STR("close"), &made.close, err));
    S1_TRY(err, b->column(b->self, (s1_str){column, (size_t)length}, &made.out, err));
    char text[256] = "";
    S1_TRY(err, ask_scalars(&made, b, text, sizeof text, err));
    S1_TRY(err, ask_lists(&made, b, text, sizeof text, err));
    S1_TRY(err, ask_handles(&made, b, text, sizeof text, err));
    tell(host, text);
    asker *const self = malloc(sizeof *self);
    if (self == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "asker");
    }
    *self = made;
    *ret_self = self;
    return S1_OK;
}

static void asker_destroy(void *self)
{
    free(self);
}

static s1_rc asker_enrich(void *self, const s1_context *context, s1_err *err)
{
    asker *const me = self;
    const s1_host *const host = me->host;
    double value = s1_series_last(me->close);
    if (is_kind(me, "commit")) {
        S1_TRY(err, host->state->commit(host->ctx, me->name, err));
    } else if (is_kind(me, "emit")) {
        S1_TRY(err, host->events->emit(host->ctx, me->name.len > 0 ? 99 : 0, S1_STR("{}"), err));
    } else if (is_kind(me, "note")) {
        S1_TRY(err, host->journal->append(host->ctx, me->name, S1_STR("{\"a\":1}"), err));
    } else if (is_kind(me, "random")) {
        value = (double)(host->random_u64(host->ctx) >> 11);
    } else if (is_kind(me, "now")) {
        value = (double)(host->now(host->ctx) / S1_NANOS_PER_SECOND);
    } else if (is_kind(me, "late")) {
        S1_TRY(err, me->binder.series(me->binder.self, S1_STR("close"), &me->close, err));
    } else if (is_kind(me, "silent")) {
        return S1_OK;
    } else if (is_kind(me, "condition") && me->is_up != NULL) {
        (void)S1_CONDITION(context, me->is_up, value, GT, 1.0);
    }
    s1_column_put(me->out, value);
    return S1_OK;
}

static const s1_worker_ops ops = {.size = sizeof ops,
                                  .type = S1_WORKER_CONTEXT,
                                  .create = asker_create,
                                  .destroy = asker_destroy,
                                  .enrich = asker_enrich};
S1_PLUGIN("asker", "1.0.0", &ops, S1_CAP_STATE | S1_CAP_EVENTS | S1_CAP_JOURNAL)
