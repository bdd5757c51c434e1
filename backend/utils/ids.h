/* backend/utils/ids.h - the seam that makes causal ids. Nobody else mints one.
 *
 * In a backtest or a replay an id is hash(seed, link, instance, tick, ordinal) (ARCHITECTURE
 * §12.8): the same every run, whatever the other workers do. Live it is a version-7 UUID.
 */
#ifndef S1_UTILS_IDS_H
#define S1_UTILS_IDS_H

#include "backend/utils/clock.h"
#include "backend/utils/rng.h"
#include "s1mple/base.h"

/* What the id names; part of the hash, so that kinds never collide. */
enum s1_id_kind {
    S1_ID_RUN = 1,
    S1_ID_OPPORTUNITY,
    S1_ID_THREAT,
    S1_ID_TRADE,
    S1_ID_ORDER,
    S1_ID_SCHEDULED,
    S1_ID_KINDS /* one past the last */
};

/* A source of ids. One thread. */
typedef struct s1_id_source {
    void *self;
    /* A new id of `kind`, made by the worker `instance` (its index in the blueprint, or any number
     * the caller keeps stable; 0 for the host itself). Never "none". */
    s1_uid (*next)(void *self, enum s1_id_kind kind, uint32_t instance);
    /* Tells the tick: a new one starts the ordinals again at 0. Ticks ascend. Optional for live
     * sources (may be NULL). */
    void (*begin_tick)(void *self, uint64_t tick);
} s1_id_source;

static inline s1_uid s1_ids_next(const s1_id_source *source, enum s1_id_kind kind,
                                 uint32_t instance)
{
    return source->next(source->self, kind, instance);
}

static inline void s1_ids_begin_tick(const s1_id_source *source, uint64_t tick)
{
    if (source->begin_tick != NULL) {
        source->begin_tick(source->self, tick);
    }
}

static inline s1_opportunity_id s1_ids_opportunity(const s1_id_source *source, uint32_t instance)
{
    return (s1_opportunity_id){s1_ids_next(source, S1_ID_OPPORTUNITY, instance)};
}
static inline s1_threat_id s1_ids_threat(const s1_id_source *source, uint32_t instance)
{
    return (s1_threat_id){s1_ids_next(source, S1_ID_THREAT, instance)};
}
static inline s1_trade_id s1_ids_trade(const s1_id_source *source, uint32_t instance)
{
    return (s1_trade_id){s1_ids_next(source, S1_ID_TRADE, instance)};
}
static inline s1_order_id s1_ids_order(const s1_id_source *source, uint32_t instance)
{
    return (s1_order_id){s1_ids_next(source, S1_ID_ORDER, instance)};
}

#define S1_ID_INSTANCE_SLOTS 64u

/* Derived ids. In the caller's memory; fields private. */
typedef struct s1_derived_ids {
    uint64_t base; /* hash of seed and link */
    uint64_t tick;
    struct {
        uint64_t tick; /* + 1; of the count */
        uint64_t count;
    } ordinals[S1_ID_KINDS][S1_ID_INSTANCE_SLOTS];
} s1_derived_ids;

/* `link` is the strategy link's id; it is hashed, not kept. */
void s1_derived_ids_init(s1_derived_ids *ids, uint64_t seed, s1_str link);
/* The source over it; valid as long as `ids`. */
s1_id_source s1_derived_ids_source(s1_derived_ids *ids);

/* Version-7 ids. In the caller's memory; fields private. Ids of one source ascend. */
typedef struct s1_live_ids {
    const s1_clock *clock; /* borrowed */
    s1_rng *rng;           /* borrowed */
    s1_nanos last_ms;
    uint32_t sequence;
} s1_live_ids;

void s1_live_ids_init(s1_live_ids *ids, const s1_clock *clock, s1_rng *rng);
s1_id_source s1_live_ids_source(s1_live_ids *ids);

#endif /* S1_UTILS_IDS_H */
