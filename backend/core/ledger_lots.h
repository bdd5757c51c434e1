/* backend/core/ledger_lots.h - first in, first out: what was bought, by price, until it is sold.
 *
 * A queue of lots of one side, in the order they came. Lots of all queues of a ledger lie in one
 * pool of reserved address space, so that nothing is allocated while a run goes. A part of a lot is
 * price * quantity, exact: nothing is rounded here.
 */
#ifndef S1_BACKEND_CORE_LEDGER_LOTS_H
#define S1_BACKEND_CORE_LEDGER_LOTS_H

#include "s1mple/decimal.h"
#include "s1mple/error.h"

#define S1_LOTS_MAX (16u * 1024u * 1024u) /* address space only; pages are touched as needed */

typedef struct s1_lot {
    s1_dec price, quantity;
    uint32_t next; /* number of the next lot; 0: none */
    uint32_t reserved;
} s1_lot;

typedef struct s1_lot_pool {
    s1_lot *lots; /* [S1_LOTS_MAX]; number n lies at n - 1 */
    uint32_t used, free;
} s1_lot_pool;

/* Zero: empty. */
typedef struct s1_lot_queue {
    uint32_t first, last;
} s1_lot_queue;

/* Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_lot_pool_init(s1_lot_pool *pool, s1_err *err);
void s1_lot_pool_done(s1_lot_pool *pool);

/* Adds at the end; a price equal to that of the last lot joins it. Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_lots_push(s1_lot_pool *pool, s1_lot_queue *queue, s1_dec price,
                                  s1_dec quantity, s1_err *err);

/* What the oldest `quantity` cost; the queue stays. At most what is there. Errors: S1_E_RANGE. */
S1_WARN_UNUSED s1_rc s1_lots_cost(const s1_lot_pool *pool, const s1_lot_queue *queue,
                                  s1_dec quantity, s1_dec *ret_cost, s1_err *err);

/* Takes the oldest `quantity` away. */
void s1_lots_take(s1_lot_pool *pool, s1_lot_queue *queue, s1_dec quantity);

#endif /* S1_BACKEND_CORE_LEDGER_LOTS_H */
