/* default_router - one order of the planned kind for the whole quantity. */
#include "s1mple/planning.h"

#include <stdlib.h>

typedef struct router {
    s1_nanos expires_after; /* 0: never */
    int32_t time_in_force;
    uint32_t post_only;
} router;

static s1_rc router_plan(void *self, const s1_context *context, const s1_signal *signal,
                         const s1_threat_list *threats, s1_plan *plan, s1_verdict *verdict,
                         s1_err *err)
{
    (void)signal;
    (void)threats;
    const router *const me = self;
    S1_TRY(err, s1_plan_route(context, plan, me->time_in_force, me->post_only, verdict, err));
    return verdict->is_rejected ? S1_OK
                                : s1_plan_expire_after(plan, context->now, me->expires_after, err);
}

static void router_destroy(void *self)
{
    free(self);
}

static s1_rc router_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                           s1_err *err)
{
    (void)host;
    router bound = {0};
    bool is_post_only;
    S1_TRY(err, s1_param_time_in_force(binder, S1_STR("time_in_force"), &bound.time_in_force, err));
    S1_TRY(err, binder->param_bool(binder->self, S1_STR("post_only"), &is_post_only, err));
    S1_TRY(err, s1_param_expires_after(binder, bound.time_in_force, &bound.expires_after, err));
    bound.post_only = is_post_only;
    router *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "default_router: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops router_ops = {
    .size = sizeof router_ops,
    .type = S1_WORKER_PLANNING,
    .create = router_create,
    .destroy = router_destroy,
    .plan = router_plan,
};

S1_PLUGIN("default_router", "1.0.0", &router_ops, 0)
