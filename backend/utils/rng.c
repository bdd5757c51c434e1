#include "backend/utils/rng.h"

#include "backend/utils/assert.h"
#include "backend/utils/hash.h"
#include "s1mple/error.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

/* splitmix64: what xoshiro's authors seed it with. */
static uint64_t splitmix(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15ULL;
    return s1_hash_mix(*state);
}

void s1_rng_init(s1_rng *rng, uint64_t seed)
{
    for (size_t i = 0; i < 4; i++) {
        rng->state[i] = splitmix(&seed);
    }
}

void s1_rng_init_part(s1_rng *rng, uint64_t seed, uint64_t part)
{
    const uint64_t words[2] = {seed, part};
    s1_rng_init(rng, s1_hash64(words, sizeof words, 0x726e67)); /* "rng" */
}

uint64_t s1_rng_below(s1_rng *rng, uint64_t limit)
{
    S1_ASSERT(limit > 0);
    /* Lemire: the high half of a product, redrawn where the low half would bring a bias. */
    __extension__ typedef unsigned __int128 u128;
    u128 product = (u128)s1_rng_u64(rng) * limit;
    if ((uint64_t)product < limit) {
        const uint64_t threshold = (0 - limit) % limit;
        while ((uint64_t)product < threshold) {
            product = (u128)s1_rng_u64(rng) * limit;
        }
    }
    return (uint64_t)(product >> 64);
}

double s1_rng_unit(s1_rng *rng)
{
    return (double)(s1_rng_u64(rng) >> 11) * 0x1p-53;
}

static s1_rc kernel_fill(void *self, void *to, size_t len, s1_err *err)
{
    (void)self;
    size_t filled = 0;
    while (filled < len) {
        const ssize_t got = getrandom((uint8_t *)to + filled, len - filled, 0);
        if (got < 0 && errno != EINTR) {
            const int found = errno;
            const s1_rc rc = S1_RAISE(err, S1_E_IO, "getrandom: %s", strerror(found));
            if (err != NULL) {
                err->sys_errno = found;
            }
            return rc;
        }
        filled += got > 0 ? (size_t)got : 0;
    }
    return S1_OK;
}

const s1_entropy *s1_entropy_real(void)
{
    static const s1_entropy entropy = {NULL, kernel_fill};
    return &entropy;
}

s1_rc s1_rng_init_entropy(s1_rng *rng, const s1_entropy *entropy, s1_err *err)
{
    uint64_t seed;
    S1_TRY(err, entropy->fill(entropy->self, &seed, sizeof seed, err));
    s1_rng_init(rng, seed);
    return S1_OK;
}
