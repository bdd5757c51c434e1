/* backend/core/strategy_ledger.h - the book of one isolated run: small, current and exact.
 *
 * Capital, open positions, the last ten closed, realised and unrealised PnL, fees. No causes and no
 * history: those live in the journal. Every amount is a decimal in the quote currency, unless its
 * name says otherwise.
 *
 * Invariants at every step:
 *   cash + cost of open positions + cost of what is held beside them + other
 *       = initial capital + realised (gross of fees) - fees - funding - interest
 *   of each currency: initial + traded - fees [- funding - interest] = balance
 *   base balance = held + signed sum of the positions
 * The cost of a long is +price*quantity, of a short -price*quantity, so that one formula holds for
 * both. A position keeps its cost; its average price is derived. What a part of a position cost is
 * its share of the cost (average) or what the oldest lots cost (first in, first out).
 *
 * Beside the positions there may be base currency: what was there at the start, what a fee in base
 * left of a lot. It counts at its price in the equity; its cost is what was paid in less what was
 * paid out of it. And there may be a third currency that fees are paid in, at a fixed price.
 *
 * One ledger belongs to one run and one thread. Nothing here allocates after s1_ledger_new.
 */
#ifndef S1_BACKEND_CORE_STRATEGY_LEDGER_H
#define S1_BACKEND_CORE_STRATEGY_LEDGER_H

#include "backend/core/ledger_lots.h"
#include "backend/dtos/execution/fees.h"
#include "s1mple/context.h"
#include "s1mple/error.h"

#define S1_LEDGER_CLOSED_MAX 10u

/* A position and what the workers' view of it leaves out. `view` is first: the SDK strides over
 * this struct. */
typedef struct s1_ledger_position_record {
    s1_position view;
    s1_dec cost;       /* signed */
    s1_dec net;        /* realised so far, less the fees of its fills and what it cost to hold it */
    s1_lot_queue lots; /* first in, first out */
} s1_ledger_position_record;

/* The currencies of an account, in the order of view.balances. */
enum s1_ledger_currency {
    S1_LEDGER_QUOTE,
    S1_LEDGER_BASE,
    S1_LEDGER_OTHER,
    S1_LEDGER_CURRENCIES_MAX
};

/* Why the balance of a currency is what it is, in that currency. */
typedef struct s1_ledger_account {
    s1_dec initial, traded, fees;
} s1_ledger_account;

/* What it cost to hold a position. */
enum s1_ledger_carry { S1_CARRY_FUNDING = 1, S1_CARRY_INTEREST };

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
    uint32_t closed_count;  /* ever; the newest is at (closed_count - 1) % S1_LEDGER_CLOSED_MAX */
    s1_dec open_cost;       /* sum of the positions' signed cost */
    int64_t net_quantity;   /* balance of the base currency, mantissa at qty_scale */
    s1_dec liquid;          /* cash + other: equity but for the base currency */
    s1_dec paid_in;         /* cost of positions and of what is held, signed */
    s1_dec held, held_cost; /* base currency beside the positions */
    s1_dec start_price;     /* of what was held at the start */
    s1_dec other_price;
    s1_balance balances[S1_LEDGER_CURRENCIES_MAX];
    s1_ledger_account accounts[S1_LEDGER_CURRENCIES_MAX];
    int32_t cost_basis;
    int32_t netted_side;    /* of netted_lots: 1, -1; 0: none */
    s1_dec netted_quantity; /* first in, first out: of all positions as one */
    s1_dec netted_pnl;      /* realised by them as one; gross of fees */
    s1_lot_queue netted_lots;
    s1_lot_pool lots;
    int64_t value_factor; /* 10^(18 - price_scale - qty_scale) */
    s1_closed_position closed[S1_LEDGER_CLOSED_MAX];
} s1_ledger;

typedef struct s1_ledger_options {
    const s1_instrument *instrument; /* outlives the ledger */
    s1_dec initial_capital;          /* > 0 */
    uint32_t positions_max;          /* open at the same time */
    int32_t cost_basis;              /* enum s1_cost_basis; 0: average */
    s1_dec base;                     /* at the start, >= 0; not zero: s1_ledger_start follows */
    s1_str other_currency;           /* that fees are paid in, borrowed; empty: none */
    s1_dec other;                    /* of it, at the start */
    s1_dec other_price;              /* quote for one of it */
} s1_ledger_options;

/* A ledger holding the initial capital as cash. Heap; free with s1_ledger_free. Errors:
 * S1_E_INVALID for a capital that is not positive or scales above 18 digits, S1_E_RANGE,
 * S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_ledger_new(const s1_ledger_options *options, s1_ledger **ret_ledger,
                                   s1_err *err);
void s1_ledger_free(s1_ledger *ledger); /* accepts NULL */

/* What is held at the start is worth this price (mantissa at price_scale) from now on: it joins the
 * initial capital. Once, before the first fill. Errors: S1_E_RANGE. */
S1_WARN_UNUSED s1_rc s1_ledger_start(s1_ledger *ledger, int64_t price, s1_err *err);

/* The open position of a trade, or NULL. Borrowed until the next open or close. */
s1_ledger_position_record *s1_ledger_find(s1_ledger *ledger, s1_trade_id trade_id);

/* One fill as the ledger sees it. */
typedef struct s1_ledger_fill {
    s1_trade_id trade_id;
    int32_t direction; /* of the position */
    s1_dec quantity;   /* > 0, multiple of 10^-qty_scale */
    s1_dec price;      /* > 0, multiple of 10^-price_scale */
    s1_dec fee;        /* >= 0; its worth in quote */
    s1_nanos time;
    uint64_t row;      /* rows of the primary stream */
    int32_t fee_in;    /* enum s1_fee_currency: QUOTE, BASE or OTHER */
    s1_dec fee_amount; /* of a fee in another currency than quote */
    s1_dec withheld;   /* of `quantity`, what does not join the position: fee and rest of a lot */
} s1_ledger_fill;

/* Opens the trade's position, or adds to it. Errors: S1_E_RANGE on overflow or for digits beyond
 * the instrument's scales, S1_E_NO_MEMORY when positions_max are open; the ledger is then
 * unchanged. */
S1_WARN_UNUSED s1_rc s1_ledger_open(s1_ledger *ledger, const s1_ledger_fill *fill, s1_err *err);

/* Reduces or closes the trade's position. ret_pnl is gross of fees; *ret_is_closed tells whether it
 * is gone. Errors: S1_E_NOT_FOUND, S1_E_INVALID for more than is open, S1_E_RANGE. */
S1_WARN_UNUSED s1_rc s1_ledger_close(s1_ledger *ledger, const s1_ledger_fill *fill, s1_dec *ret_pnl,
                                     bool *ret_is_closed, s1_err *err);

/* Pays (or, below zero, receives) what it cost to hold a position. Errors: S1_E_NOT_FOUND,
 * S1_E_RANGE; the ledger is then unchanged. */
S1_WARN_UNUSED s1_rc s1_ledger_carry(s1_ledger *ledger, s1_trade_id trade_id, int32_t carry,
                                     s1_dec amount, s1_err *err);

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

/* Checks the invariants of this header, and that the sums agree with the positions. S1_E_DATA names
 * what does not add up. */
S1_WARN_UNUSED s1_rc s1_ledger_check(const s1_ledger *ledger, s1_err *err);

#endif /* S1_BACKEND_CORE_STRATEGY_LEDGER_H */
