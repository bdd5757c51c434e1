#include "backend/connectors/pacing.h"

void s1_pacing_init(s1_pacing *pacing, const s1_pacing_options *options)
{
    *pacing = (s1_pacing){.options = *options, .empty_at = INT64_MIN, .retry_at = INT64_MIN};
    s1_rng_init(&pacing->rng, options->seed);
}

s1_nanos s1_pacing_not_before(const s1_pacing *pacing, uint32_t cost, s1_nanos now)
{
    const s1_pacing_options *const o = &pacing->options;
    s1_nanos at = now;
    if (o->decay > 0 && pacing->empty_at > now) {
        const s1_nanos room = (s1_nanos)(o->counter_max > cost ? o->counter_max - cost : 0);
        const s1_nanos allowed = pacing->empty_at - room * o->decay;
        at = allowed > at ? allowed : at;
    }
    return pacing->retry_at > at ? pacing->retry_at : at;
}

void s1_pacing_on_send(s1_pacing *pacing, uint32_t cost, s1_nanos now)
{
    const s1_nanos from = pacing->empty_at > now ? pacing->empty_at : now;
    pacing->empty_at = from + (s1_nanos)cost * pacing->options.decay;
}

void s1_pacing_on_success(s1_pacing *pacing)
{
    pacing->faults = 0;
    pacing->limits = 0;
    pacing->retry_at = INT64_MIN;
}

/* first * 2^(count-1), at most max, less up to a quarter of it. */
static s1_nanos wait_of(s1_pacing *pacing, s1_nanos first, s1_nanos max, uint32_t count)
{
    s1_nanos wait = first;
    for (uint32_t i = 1; i < count && wait < max; i++) {
        wait *= 2;
    }
    wait = wait < max ? wait : max;
    return wait < 4 ? wait : wait - (s1_nanos)s1_rng_below(&pacing->rng, (uint64_t)wait / 4);
}

s1_nanos s1_pacing_on_fault(s1_pacing *pacing, s1_nanos now)
{
    const s1_pacing_options *const o = &pacing->options;
    pacing->retry_at = now + wait_of(pacing, o->retry_first, o->retry_max, ++pacing->faults);
    return pacing->retry_at;
}

s1_nanos s1_pacing_on_limit(s1_pacing *pacing, s1_nanos now, s1_nanos at_least)
{
    const s1_pacing_options *const o = &pacing->options;
    const s1_nanos wait = wait_of(pacing, o->limited_first, o->limited_max, ++pacing->limits);
    pacing->retry_at = now + (wait > at_least ? wait : at_least);
    return pacing->retry_at;
}
