#include "backend/utils/ids.h"

#include "backend/utils/assert.h"
#include "backend/utils/hash.h"
#include "backend/utils/uid.h"

void s1_derived_ids_init(s1_derived_ids *ids, uint64_t seed, s1_str link)
{
    *ids = (s1_derived_ids){.base = s1_hash64(link.ptr, link.len, seed)};
}

static s1_uid derived_next(void *self, enum s1_id_kind kind, uint32_t instance)
{
    s1_derived_ids *const ids = self;
    S1_ASSERT(kind > 0 && kind < S1_ID_KINDS);
    /* Counted per worker, so that what one worker makes never renames what another does. Instances
     * that share a slot share its count: their ids stay distinct, only less independent. */
    const uint32_t slot = instance % S1_ID_INSTANCE_SLOTS;
    if (ids->ordinals[kind][slot].tick != ids->tick + 1) {
        ids->ordinals[kind][slot].tick = ids->tick + 1;
        ids->ordinals[kind][slot].count = 0;
    }
    const uint64_t parts[3] = {
        (uint64_t)kind << 32 | instance,
        ids->tick,
        ids->ordinals[kind][slot].count++,
    };
    return s1_uid_derive(ids->base, parts, 3);
}

static void derived_begin_tick(void *self, uint64_t tick)
{
    ((s1_derived_ids *)self)->tick = tick;
}

s1_id_source s1_derived_ids_source(s1_derived_ids *ids)
{
    return (s1_id_source){ids, derived_next, derived_begin_tick};
}

void s1_live_ids_init(s1_live_ids *ids, const s1_clock *clock, s1_rng *rng)
{
    *ids = (s1_live_ids){.clock = clock, .rng = rng, .last_ms = -1};
}

static s1_uid live_next(void *self, enum s1_id_kind kind, uint32_t instance)
{
    s1_live_ids *const ids = self;
    (void)kind;
    (void)instance;
    s1_nanos now_ms = s1_clock_wall(ids->clock) / 1000000;
    /* RFC 9562 method 1: within a millisecond (or a clock that went back) the 12 bits behind the
     * version count on; when they are used up, the time is taken one millisecond on. */
    if (now_ms > ids->last_ms) {
        ids->sequence = (uint32_t)(s1_rng_u64(ids->rng) & 0x7ffu);
    } else {
        now_ms = ids->last_ms;
        ids->sequence++;
        if (ids->sequence > 0xfffu) {
            ids->sequence = 0;
            now_ms++;
        }
    }
    ids->last_ms = now_ms;
    s1_uid uid = s1_uid_v7(now_ms * 1000000, ids->rng);
    uid.bytes[6] = (uint8_t)(0x70u | ids->sequence >> 8);
    uid.bytes[7] = (uint8_t)(ids->sequence & 0xffu);
    return uid;
}

s1_id_source s1_live_ids_source(s1_live_ids *ids)
{
    return (s1_id_source){ids, live_next, NULL};
}
