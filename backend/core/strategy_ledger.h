/* backend/core/strategy_ledger.h - the book of one isolated run: small, current and exact.
 *
 * Capital, open positions, the last ten closed, realised and unrealised PnL, fees. No causes and no
 * history: those live in the journal. Every amount is a decimal in the quote currency.
 *
 * Invariant at every step:
 *   cash + cost of open positions = initial capital + realised (gross of fees) - fees
 * The cost of a long is +price*quantity, of a short -price*quantity, so that one formula holds for
 * both. A position keeps its cost; its average price is derived.
 *
 * One ledger belongs to one run and one thread. Nothing here allocates after s1_ledger_new.
 */
#ifndef S1_BACKEND_CORE_STRATEGY_LEDGER_H
#define S1_BACKEND_CORE_STRATEGY_LEDGER_H

#include "s1mple/context.h"
#include "s1mple/error.h"

#define S1_LEDGER_CLOSED_MAX 10u

/* A position and what the workers' view of it leaves out. `view` is first: the SDK strides over
 * this struct. */
typedef struct s1_ledger_position_record {
    s1_position view;
    s1_dec cost; /* signed */
    s1_dec net;  /* realised so far, less the fees of its fills */
} s1_ledger_position_record;

typedef struct s1_closed_position {
    s1_trade_id trade_id;
    int32_t direction;
    s1_dec quantity, entry_price, exit_price;
    s1_dec pnl; /* gross of fees */
    s1_nanos closed_at;
} s1_closed_position;

typedef struct s1_ledger {
    s1_ledger_view view; /* what workers read; refreshed by s1_ledger_mark */
    const s1_instrument *instrument;
    s1_ledger_position_record *positions; /* oldest first, view.position_count of them */
    uint32_t positions_max;
    uint32_t closed_count; /* ever; the newest is at (closed_count - 1) % S1_LEDGER_CLOSED_MAX */
    s1_dec open_cost;      /* sum of the positions' signed cost */
    int64_t net_quantity;  /* signed sum of the positions, mantissa at qty_scale */
    int64_t value_factor;  /* 10^(18 - price_scale - qty_scale) */
    s1_closed_position closed[S1_LEDGER_CLOSED_MAX];
} s1_ledger;

typedef struct s1_ledger_options {
    const s1_instrument *instrument; /* outlives the ledger */
    s1_dec initial_capital;          /* > 0 */
    uint32_t positions_max;          /* open at the same time */
} s1_ledger_options;

/* A ledger holding the initial capital as cash. Heap; free with s1_ledger_free. Errors:
 * S1_E_INVALID for a capital that is not positive or scales above 18 digits, S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_ledger_new(const s1_ledger_options *options, s1_ledger **ret_ledger,
                                   s1_err *err);
void s1_ledger_free(s1_ledger *ledger); /* accepts NULL */

/* The open position of a trade, or NULL. Borrowed until the next open or close. */
s1_ledger_position_record *s1_ledger_find(s1_ledger *ledger, s1_trade_id trade_id);

/* One fill as the ledger sees it. */
typedef struct s1_ledger_fill {
    s1_trade_id trade_id;
    int32_t direction; /* of the position */
    s1_dec quantity;   /* > 0, multiple of 10^-qty_scale */
    s1_dec price;      /* > 0, multiple of 10^-price_scale */
    s1_dec fee;        /* >= 0 */
    s1_nanos time;
    uint64_t row; /* rows of the primary stream */
} s1_ledger_fill;

/* Opens the trade's position, or adds to it. Errors: S1_E_RANGE on overflow or for digits beyond
 * the instrument's scales, S1_E_NO_MEMORY when positions_max are open; the ledger is then
 * unchanged. */
S1_WARN_UNUSED s1_rc s1_ledger_open(s1_ledger *ledger, const s1_ledger_fill *fill, s1_err *err);

/* Reduces or closes the trade's position. ret_pnl is gross of fees; *ret_is_closed tells whether it
 * is gone. Errors: S1_E_NOT_FOUND, S1_E_INVALID for more than is open, S1_E_RANGE. */
S1_WARN_UNUSED s1_rc s1_ledger_close(s1_ledger *ledger, const s1_ledger_fill *fill, s1_dec *ret_pnl,
                                     bool *ret_is_closed, s1_err *err);

/* Holds cash for a working entry order, or gives it back. Errors: S1_E_RANGE; releasing more than
 * is held is a bug and asserts. */
S1_WARN_UNUSED s1_rc s1_ledger_reserve(s1_ledger *ledger, s1_dec amount, s1_err *err);
void s1_ledger_release(s1_ledger *ledger, s1_dec amount);

/* The slow half of s1_ledger_mark: full 128-bit arithmetic, aborts on overflow of 1.7e20. */
void s1_ledger_mark_wide(s1_ledger *ledger, int64_t close);

/* Values the open positions at a close (mantissa at price_scale) and refreshes the view. O(1). */
static inline void s1_ledger_mark(s1_ledger *ledger, int64_t close)
{
    if (ledger->net_quantity == 0 && ledger->view.position_count == 0) {
        return; /* equity = cash was set when the last position closed */
    }
    s1_ledger_mark_wide(ledger, close);
}

/* cash - reserved: what a new order may use. */
static inline s1_dec s1_ledger_free_cash(const s1_ledger *ledger)
{
    return s1_dec_of_raw(s1_dec_raw(ledger->view.cash) - s1_dec_raw(ledger->view.reserved));
}

/* Sum of |cost| of the open positions: what is at work in the market, at cost. */
s1_dec s1_ledger_exposure(const s1_ledger *ledger);

/* Checks the invariant of this header, and that the sums agree with the positions. S1_E_DATA names
 * what does not add up. */
S1_WARN_UNUSED s1_rc s1_ledger_check(const s1_ledger *ledger, s1_err *err);

#endif /* S1_BACKEND_CORE_STRATEGY_LEDGER_H */
