/* liquidity_target_exit - a target at the nearest level or zone on the other side that pays enough.
 *
 * A zone is met at its near edge. The lists hold the newest of their name; a plan looks through
 * one of them, a bar costs nothing.
 */
#include "s1mple/planning.h"

#include <stdlib.h>

typedef struct liquidity_target {
    const s1_artefact_list *above, *below;
    s1_dec min_reward_risk;
    int64_t buffer_ticks;
    uint64_t max_age; /* bars; 0: any */
    bool is_nearest;  /* the nearest of all, or refuse */
} liquidity_target;

/* Where a target before this level would lie, on the tick before it: the level must be passed by
 * what makes the fill. */
static s1_rc target_before(const liquidity_target *me, const s1_instrument *instrument,
                           const s1_artefact *artefact, bool is_long, s1_dec *ret_target,
                           s1_err *err)
{
    /* The decimal the double stands for first: 1.115 is stored a little below, and rounding that
     * down would lose a tick. */
    const uint32_t scale = instrument->price_scale < 14 ? instrument->price_scale + 4 : 18;
    s1_dec buffer;
    s1_dec target;
    S1_TRY(err, s1_dec_from_double(is_long ? artefact->lower : artefact->upper, &target, err));
    S1_TRY(err, s1_dec_round_to_step(target, s1_dec_from_mantissa(1, scale), S1_ROUND_HALF_EVEN,
                                     &target, err));
    S1_TRY(err, s1_dec_round_to_step(target, instrument->tick_size,
                                     is_long ? S1_ROUND_FLOOR : S1_ROUND_CEIL, &target, err));
    S1_TRY(err, s1_dec_mul(instrument->tick_size, s1_dec_from_int(me->buffer_ticks),
                           S1_ROUND_HALF_EVEN, &buffer, err));
    if (is_long) {
        S1_TRY(err, s1_dec_sub(target, buffer, &target, err));
    } else {
        S1_TRY(err, s1_dec_add(target, buffer, &target, err));
    }
    *ret_target = target;
    return S1_OK;
}

/* The nearest reward of at least `least` in the plan's direction, as the distance from the entry,
 * above 0; zero if there is none. */
static s1_rc nearest(const liquidity_target *me, const s1_context *context, const s1_plan *plan,
                     s1_dec least, s1_dec *ret_reward, s1_err *err)
{
    const bool is_long = plan->direction == S1_LONG;
    const s1_artefact_list *const list = is_long ? me->above : me->below;
    s1_dec best = S1_DEC_ZERO;
    const s1_artefact *artefact;
    for (uint64_t ago = 0; (artefact = s1_artefact_at(list, ago)) != NULL; ago++) {
        if (me->max_age > 0 && context->primary->rows - artefact->row > me->max_age) {
            continue;
        }
        s1_dec target;
        s1_dec reward;
        S1_TRY(err,
               target_before(me, context->primary->instrument, artefact, is_long, &target, err));
        if (s1_dec_sign(target) <= 0) {
            continue;
        }
        if (is_long) {
            S1_TRY(err, s1_dec_sub(target, plan->entry_price, &reward, err));
        } else {
            S1_TRY(err, s1_dec_sub(plan->entry_price, target, &reward, err));
        }
        if (s1_dec_sign(reward) > 0 && s1_dec_cmp(reward, least) >= 0 &&
            (s1_dec_is_zero(best) || s1_dec_cmp(reward, best) < 0)) {
            best = reward;
        }
    }
    *ret_reward = best;
    return S1_OK;
}

static s1_rc exit_plan(void *self, const s1_context *context, const s1_signal *signal,
                       const s1_threat_list *threats, s1_plan *plan, s1_verdict *verdict,
                       s1_err *err)
{
    (void)signal;
    (void)threats;
    const liquidity_target *const me = self;
    s1_dec risk = S1_DEC_ZERO;
    S1_TRY(err, s1_plan_stop_distance(plan, verdict, &risk, err));
    if (verdict->is_rejected) {
        return S1_OK;
    }
    risk = s1_dec_abs(risk);
    s1_dec least;
    s1_dec reward;
    S1_TRY(err, s1_dec_mul(risk, me->min_reward_risk, S1_ROUND_UP, &least, err));
    S1_TRY(err, nearest(me, context, plan, me->is_nearest ? S1_DEC_ZERO : least, &reward, err));
    if (s1_dec_is_zero(reward)) {
        s1_verdict_reject(verdict, S1_STR("TARGET_MISSING"), s1_dec_to_double(me->min_reward_risk),
                          (double)NAN);
        return S1_OK;
    }
    if (s1_dec_cmp(reward, least) < 0) {
        s1_verdict_reject(verdict, S1_STR("REWARD_TOO_SMALL"),
                          s1_dec_to_double(me->min_reward_risk),
                          s1_dec_to_double(reward) / s1_dec_to_double(risk));
        return S1_OK;
    }
    if (plan->direction == S1_LONG) {
        S1_TRY(err, s1_dec_add(plan->entry_price, reward, &plan->take_profit, err));
    } else {
        S1_TRY(err, s1_dec_sub(plan->entry_price, reward, &plan->take_profit, err));
    }
    return S1_OK;
}

static void exit_destroy(void *self)
{
    free(self);
}

static s1_rc exit_create(const s1_host *host, const s1_binder *binder, void **ret_self, s1_err *err)
{
    (void)host;
    void *const b = binder->self;
    liquidity_target bound = {0};
    s1_str above;
    s1_str below;
    s1_str choose;
    int64_t max_age;
    S1_TRY(err, binder->param_text(b, S1_STR("above"), &above, err));
    S1_TRY(err, binder->param_text(b, S1_STR("below"), &below, err));
    S1_TRY(err, binder->param_text(b, S1_STR("choose"), &choose, err));
    S1_TRY(err, binder->param_decimal(b, S1_STR("min_reward_risk"), &bound.min_reward_risk, err));
    S1_TRY(err, binder->param_int(b, S1_STR("buffer_ticks"), &bound.buffer_ticks, err));
    S1_TRY(err, binder->param_int(b, S1_STR("max_age_bars"), &max_age, err));
    S1_TRY(err, binder->artefacts_in(b, above, &bound.above, err));
    S1_TRY(err, binder->artefacts_in(b, below, &bound.below, err));
    bound.max_age = (uint64_t)max_age;
    bound.is_nearest = s1_text_equal(choose, S1_STR("nearest"));
    liquidity_target *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "liquidity_target_exit: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops exit_ops = {
    .size = sizeof exit_ops,
    .type = S1_WORKER_PLANNING,
    .create = exit_create,
    .destroy = exit_destroy,
    .plan = exit_plan,
};

S1_PLUGIN("liquidity_target_exit", "1.0.0", &exit_ops, 0)
