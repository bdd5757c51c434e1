#include "backend/operators/planning_pass.h"

#include "backend/utils/uid.h"

#include <math.h>
#include <string.h>

/* The blocks of s1_plan by phase: [begin, end) in bytes; those of one phase in their order. */
typedef struct plan_block {
    int32_t subtype;
    size_t begin, end;
} plan_block;
static const plan_block blocks[] = {
    {S1_SUBTYPE_ENTRY_PLANNING, offsetof(s1_plan, entry_price), offsetof(s1_plan, reserved0)},
    {S1_SUBTYPE_EXIT_PLANNING, offsetof(s1_plan, stop_loss), offsetof(s1_plan, quantity)},
    {S1_SUBTYPE_SIZE_PLANNING, offsetof(s1_plan, quantity), offsetof(s1_plan, limit_price)},
    {S1_SUBTYPE_ORDER_ROUTING, offsetof(s1_plan, limit_price), offsetof(s1_plan, reserved1)},
    {S1_SUBTYPE_ORDER_ROUTING, offsetof(s1_plan, expires_at), offsetof(s1_plan, slices)},
    {S1_SUBTYPE_ENTRY_PLANNING, offsetof(s1_plan, slices), offsetof(s1_plan, reserved2)},
    {S1_SUBTYPE_ENTRY_PLANNING, offsetof(s1_plan, slice_interval),
     offsetof(s1_plan, cash_fraction)},
    {S1_SUBTYPE_SIZE_PLANNING, offsetof(s1_plan, cash_fraction), offsetof(s1_plan, trail_amount)},
    {S1_SUBTYPE_EXIT_PLANNING, offsetof(s1_plan, trail_amount),
     offsetof(s1_plan, entry_trail_amount)},
    {S1_SUBTYPE_ORDER_ROUTING, offsetof(s1_plan, entry_trail_amount), offsetof(s1_plan, oco_group)},
    {S1_SUBTYPE_ENTRY_PLANNING, offsetof(s1_plan, oco_group), sizeof(s1_plan)},
};

static bool wrote_elsewhere(const s1_plan *before, const s1_plan *after, int32_t subtype)
{
    const char *const a = (const char *)(const void *)before;
    const char *const b = (const char *)(const void *)after;
    size_t from = 0; /* of what the phase may not write */
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        if (blocks[i].subtype != subtype) {
            continue;
        }
        if (memcmp(a + from, b + from, blocks[i].begin - from) != 0) {
            return true;
        }
        from = blocks[i].end;
    }
    return memcmp(a + from, b + from, sizeof *before - from) != 0;
}

static s1_rc on_step(void *self, const s1_operator_worker *item, s1_err *err)
{
    s1_planning_pass *const pass = self;
    const s1_worker *const worker = item->worker;
    const s1_plan *const before =
        pass->step_count > 0 ? &pass->steps[pass->step_count - 1].after : &pass->steps[0].before;
    if (wrote_elsewhere(before, &pass->current, worker->subtype)) {
        return S1_RAISE(err, S1_E_PLUGIN,
                        "worker %.*s wrote fields of the plan that belong to another phase than %s",
                        S1_STR_ARG(worker->instance_id),
                        s1_enum_text(s1_subtype_names, worker->subtype));
    }
    if (pass->step_count == S1_PLAN_STEPS_MAX) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "more than %u planning workers", S1_PLAN_STEPS_MAX);
    }
    s1_plan_step *const step = &pass->steps[pass->step_count];
    if (pass->step_count++ > 0) { /* the first has it already */
        step->before = *before;
    }
    step->worker = worker;
    step->after = pass->current;
    return S1_OK;
}

static enum s1_plan_stage stage_of(const s1_verdict *verdict, int32_t subtype)
{
    switch (subtype) {
    case S1_SUBTYPE_ENTRY_PLANNING:
        return s1_uid_is_none(verdict->threat_id.uid) ? S1_STAGE_ENTRY : S1_STAGE_GOVERNOR;
    case S1_SUBTYPE_EXIT_PLANNING:
        return S1_STAGE_EXIT;
    case S1_SUBTYPE_SIZE_PLANNING:
        return S1_STAGE_SIZE;
    default:
        return S1_STAGE_ROUTING;
    }
}

/* The phase that left the plan unfinished, or S1_SUBTYPE_NONE. */
static int32_t missing_phase(const s1_plan *plan)
{
    if (s1_dec_sign(plan->entry_price) <= 0) {
        return S1_SUBTYPE_ENTRY_PLANNING;
    }
    if (s1_dec_sign(plan->quantity) <= 0) {
        return S1_SUBTYPE_SIZE_PLANNING;
    }
    const bool has_limit =
        !s1_order_type_has_limit(plan->order_type) || s1_dec_sign(plan->limit_price) > 0;
    const bool has_trigger =
        !s1_order_type_has_trigger(plan->order_type) || s1_dec_sign(plan->trigger_price) > 0;
    if (plan->slices > 1 && plan->slice_interval <= 0) {
        return S1_SUBTYPE_ENTRY_PLANNING;
    }
    const bool trails = !s1_dec_is_zero(plan->trail_amount) || !s1_dec_is_zero(plan->trail_percent);
    if (s1_dec_is_zero(plan->stop_loss) && (trails || !s1_dec_is_zero(plan->trail_activation))) {
        return S1_SUBTYPE_EXIT_PLANNING;
    }
    if ((plan->time_in_force == S1_TIF_GTD) != (plan->expires_at != 0)) {
        return S1_SUBTYPE_ORDER_ROUTING;
    }
    return plan->order_type == 0 || plan->time_in_force == 0 || !has_limit || !has_trigger
               ? S1_SUBTYPE_ORDER_ROUTING
               : S1_SUBTYPE_NONE;
}

static s1_rc refuse(s1_planning_pass *pass, const s1_signal *signal, const s1_worker *worker,
                    int32_t subtype, s1_err *err)
{
    static const s1_str names[S1_STAGE_COUNT] = {
#define X(name, text) [S1_STAGE_##name] = {text, sizeof(text) - 1},
        S1_PLAN_STAGE_MAP(X)
#undef X
    };
    const enum s1_plan_stage stage = stage_of(&pass->verdict, subtype);
    pass->rejected[stage]++;
    return s1_decision_journal_refused(pass->journal, pass->op->context, worker, names[stage],
                                       signal->opportunity_id, pass->current.trade_id,
                                       &pass->verdict, err);
}

static s1_rc plan_signal(s1_planning_pass *pass, const s1_signal *signal, s1_err *err)
{
    memset(&pass->current, 0, sizeof pass->current); /* padding too: blocks are compared as bytes */
    pass->current.size = sizeof pass->current;
    pass->current.direction = signal->direction;
    pass->current.trade_id = s1_ids_trade(pass->ids, 0);
    pass->current.opportunity_id = signal->opportunity_id;
    pass->verdict =
        (s1_verdict){.size = sizeof pass->verdict, .limit = (double)NAN, .actual = (double)NAN};
    pass->steps[0].before = pass->current;
    pass->step_count = 0;
    const uint64_t failures = pass->op->failures;
    const s1_operator_pass run = {.signal = signal,
                                  .plan = &pass->current,
                                  .verdict = &pass->verdict,
                                  .on_step = on_step,
                                  .self = pass};
    S1_TRY(err, s1_base_operator_run(pass->op, &run, err));
    if (pass->op->failures != failures && !pass->verdict.is_rejected) {
        s1_verdict_reject(&pass->verdict, S1_STR("WORKER_FAILED"), (double)NAN, (double)NAN);
    }
    if (pass->verdict.is_rejected) {
        const s1_worker *const worker =
            pass->step_count > 0 ? pass->steps[pass->step_count - 1].worker : NULL;
        return refuse(pass, signal, worker,
                      worker != NULL ? worker->subtype : S1_SUBTYPE_ENTRY_PLANNING, err);
    }
    const int32_t missing = missing_phase(&pass->current);
    if (missing != S1_SUBTYPE_NONE) {
        s1_verdict_reject(&pass->verdict, S1_STR("PLAN_INCOMPLETE"), (double)NAN, (double)NAN);
        return refuse(pass, signal, NULL, missing, err);
    }
    S1_TRY(err, s1_decision_journal_plan(pass->journal, pass->op->context, &pass->current,
                                         pass->steps, pass->step_count, err));
    pass->plans.items[pass->plans.count++] = pass->current;
    return S1_OK;
}

s1_rc s1_planning_pass_run(s1_planning_pass *pass, const s1_signal_list *signals, s1_err *err)
{
    pass->plans.count = 0;
    for (uint32_t i = 0; i < signals->count; i++) {
        S1_TRY(err, plan_signal(pass, s1_signal_list_at(signals, i), err));
    }
    return S1_OK;
}
