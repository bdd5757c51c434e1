/* An opportunity worker that tries its capabilities, one `mode` each: keeps a state, draws numbers,
 * emits an event, reads a column with holes, or asks for what its manifest does not declare. */
#include "s1mple/plugin.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct probe {
    const s1_host *host;
    const s1_series *close, *sometimes;
    char mode[32];
    uint32_t event;
    int64_t bytes;
} probe;

static bool is_mode(const probe *me, const char *mode)
{
    return strcmp(me->mode, mode) == 0;
}

static s1_rc bind(probe *me, const s1_binder *binder, s1_err *err)
{
    s1_str mode;
    const s1_series *denied;
    S1_TRY(err, binder->param_text(binder->self, S1_STR("mode"), &mode, err));
    (void)snprintf(me->mode, sizeof me->mode, "%.*s", (int)mode.len, mode.ptr);
    S1_TRY(err, binder->param_int(binder->self, S1_STR("bytes"), &me->bytes, err));
    S1_TRY(err, binder->series(binder->self, S1_STR("close"), &me->close, err));
    if (is_mode(me, "peek")) {
        S1_TRY(err, binder->series(binder->self, S1_STR("volume"), &denied, err));
    }
    if (is_mode(me, "holes")) {
        S1_TRY(err, binder->series(binder->self, S1_STR("sometimes"), &me->sometimes, err));
    }
    return binder->event(binder->self,
                         is_mode(me, "undeclared") ? S1_STR("RunFinished") : S1_STR("ProbeSpoke"),
                         &me->event, err);
}

static s1_rc create(const s1_host *host, const s1_binder *binder, void **ret_self, s1_err *err)
{
    probe *const me = calloc(1, sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "probe");
    }
    me->host = host;
    const s1_rc rc = bind(me, binder, err);
    if (rc != S1_OK) {
        free(me);
        return rc;
    }
    *ret_self = me;
    return S1_OK;
}

static s1_rc note(const probe *me, const char *event, const char *json, s1_err *err)
{
    return me->host->journal->append(me->host->ctx, (s1_str){event, strlen(event)},
                                     (s1_str){json, strlen(json)}, err);
}

/* A state of `bytes` bytes: {"tick":N,"pad":"xxx"}. */
static s1_rc commit(const probe *me, uint64_t tick, s1_err *err)
{
    char *const text = malloc((size_t)me->bytes + 64);
    if (text == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "probe");
    }
    const int head = snprintf(text, 64, "{\"tick\":%" PRIu64 ",\"pad\":\"", tick);
    size_t length = (size_t)head;
    while (length + 2 < (size_t)me->bytes) {
        text[length++] = 'x';
    }
    text[length++] = '"';
    text[length++] = '}';
    const s1_rc rc = me->host->state->commit(me->host->ctx, (s1_str){text, length}, err);
    free(text);
    return rc;
}

static s1_rc detect(void *self, const s1_context *context, const s1_opportunity_sink *out,
                    s1_err *err)
{
    probe *const me = self;
    char json[96];
    (void)out;
    if (is_mode(me, "state") && context->tick % 100 == 0) {
        return commit(me, context->tick, err);
    }
    if (is_mode(me, "random") && context->tick % 500 == 0) {
        (void)snprintf(json, sizeof json, "{\"drawn\":\"%" PRIu64 "\"}",
                       me->host->random_u64(me->host->ctx));
        return note(me, "RANDOM", json, err);
    }
    if (is_mode(me, "event") && context->tick % 500 == 0) {
        (void)snprintf(json, sizeof json, "{\"tick\":%" PRIu64 "}", context->tick);
        return me->host->events->emit(me->host->ctx, me->event, (s1_str){json, strlen(json)}, err);
    }
    if (is_mode(me, "bad_json") && context->tick == 500) {
        return note(me, "BROKEN", "{\"tick\":", err);
    }
    if (is_mode(me, "holes") && context->tick % 100 < 2) {
        const double now = s1_series_last(me->sometimes), before = s1_series_at(me->sometimes, 1);
        (void)snprintf(json, sizeof json, "{\"tick\":%" PRIu64 ",\"nan\":[%s,%s]}", context->tick,
                       isnan(before) ? "true" : "false", isnan(now) ? "true" : "false");
        return note(me, "HOLES", json, err);
    }
    return S1_OK;
}

static const s1_worker_ops ops = {.size = sizeof ops,
                                  .type = S1_WORKER_OPPORTUNITY,
                                  .create = create,
                                  .destroy = free,
                                  .detect = detect};
S1_PLUGIN("probe", "1.0.0", &ops, S1_CAP_STATE | S1_CAP_EVENTS | S1_CAP_JOURNAL)
