/* backend/utils/rng.h - chance: seeded streams (xoshiro256**), and the seam to the real thing. */
#ifndef S1_UTILS_RNG_H
#define S1_UTILS_RNG_H

#include "s1mple/base.h"

/* A seeded stream, the same on every machine and in every version. Not for secrets. */
typedef struct s1_rng {
    uint64_t state[4];
} s1_rng;

void s1_rng_init(s1_rng *rng, uint64_t seed);
/* A stream of its own for `part` (a worker, a trial): independent of how much others draw. */
void s1_rng_init_part(s1_rng *rng, uint64_t seed, uint64_t part);

static inline uint64_t s1_rng_u64(s1_rng *rng)
{
    uint64_t *const s = rng->state;
    const uint64_t five = s[1] * 5;
    const uint64_t result = (five << 7 | five >> 57) * 9;
    const uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = s[3] << 45 | s[3] >> 19;
    return result;
}

/* Uniform in [0, limit), without bias; `limit` > 0. */
uint64_t s1_rng_below(s1_rng *rng, uint64_t limit);
/* Uniform in [0, 1), 53 bits. */
double s1_rng_unit(s1_rng *rng);

/* Where unpredictable bytes come from. */
typedef struct s1_entropy {
    void *self;
    s1_rc (*fill)(void *self, void *to, size_t len, s1_err *err); /* all of it, or S1_E_IO */
} s1_entropy;

/* The kernel's. Static, any thread. */
const s1_entropy *s1_entropy_real(void);
/* A stream seeded from `entropy`. */
S1_WARN_UNUSED s1_rc s1_rng_init_entropy(s1_rng *rng, const s1_entropy *entropy, s1_err *err);

#endif /* S1_UTILS_RNG_H */
