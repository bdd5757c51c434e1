/* backend/core/carry.h - what it takes to hold a position: margin, funding, interest.
 *
 * Stands between the run and its environment, and only in runs that have one of the three: `match`
 * looks at the open for a liquidation, lets the environment match, looks at the rest of the bar,
 * and pays what fell due. All other verbs go through.
 *
 * Liquidation: the equity at a price is below `maintenance` of the worth of the net position there.
 * Then every order that enters is cancelled and every position closed, as a taker, at that price:
 * at the open if it is so there, else at the first tick of the bar where it is, whatever came
 * before it in the bar. What stop orders closed inside the bar is gone by then.
 *
 * Funding is paid at its moments by each position opened before: direction * quantity * price *
 * rate (below zero: received). Interest is paid by shorts on what they are worth, and by longs, by
 * their cost, on cash below zero. The price is the newest close at that moment; a moment up to the
 * open of a bar is paid before the bar is matched. Amounts are rounded half to even at 18 digits.
 */
#ifndef S1_BACKEND_CORE_CARRY_H
#define S1_BACKEND_CORE_CARRY_H

#include "backend/core/feed.h"
#include "backend/core/interfaces/environment.h"
#include "backend/core/order_manager.h"

/* When and how much: every so often at a constant rate, or at the times of a feed's rows. */
typedef struct s1_carry_rates {
    s1_nanos every;             /* since 1970; 0: by the feed */
    s1_dec rate, rate_base;     /* of funding; of interest on cash, and on base */
    const s1_feed_table *table; /* NULL: constant */
    const s1_feed_column *column, *column_base;
} s1_carry_rates;

typedef struct s1_carry_options {
    s1_ledger *ledger;
    s1_order_manager *orders;
    const s1_instrument *instrument;
    s1_dec maintenance; /* fraction; zero: nothing is liquidated */
    s1_carry_rates funding, interest;
    bool has_funding, has_interest;
    bool
        is_close_only; /* entries may be at the close: of a bar only open and close are looked at */
} s1_carry_options;

typedef struct s1_carry s1_carry;

/* Heap; free with s1_carry_free. Options are borrowed members, copied. Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_carry_new(const s1_carry_options *options, s1_carry **ret_carry,
                                  s1_err *err);
void s1_carry_free(s1_carry *carry); /* accepts NULL */

/* The environment with the carry in front of it; `inner` outlives it. */
s1_environment s1_carry_wrap(s1_carry *carry, const s1_environment *inner);

/* How often positions were liquidated. */
uint64_t s1_carry_liquidations(const s1_carry *carry);

#endif /* S1_BACKEND_CORE_CARRY_H */
