/* s1mple/swing.h - swings: bars that stand out from those around them, for plugins that read
 * structure.
 */
#ifndef S1MPLE_SWING_H
#define S1MPLE_SWING_H

#include "s1mple/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Is the bar `ago + strength` back a swing of `extreme` (high with sign 1.0, low with sign -1.0)?
 * Known once the bar `ago` back had closed: the right side of the swing is complete there, and no
 * later bar is looked at. Strictly beyond each of the `strength` bars to its left, at least level
 * with each of those to its right: the first bar of a plateau counts. False where bars are missing.
 */
static inline bool s1_swing_is(const s1_series *extreme, double sign, uint64_t strength,
                               uint64_t ago)
{
    if (s1_series_rows(extreme) < ago + 2 * strength + 1) {
        return false;
    }
    const uint64_t middle = ago + strength;
    const double peak = sign * s1_series_at(extreme, middle);
    for (uint64_t k = 1; k <= strength; k++) {
        if (!(peak > sign * s1_series_at(extreme, middle + k)) ||
            !(peak >= sign * s1_series_at(extreme, middle - k))) {
            return false;
        }
    }
    return true;
}

#ifdef __cplusplus
}
#endif
#endif /* S1MPLE_SWING_H */
