/* backend/dtos/execution/fees.h - what a fill costs, and in which currency.
 *
 * A fee is a fraction of the notional: the maker's or the taker's rate, or those of the tier that
 * the volume of 30 days has reached. It is paid in the quote currency, in the base currency or in a
 * third one with a fixed price. Whatever it is paid in, s1_fill.fee is its worth in the quote
 * currency, exactly amount * price.
 *
 *   paid in base    of an entry that buys: out of what it bought (`withheld`). Of any other fill
 *                   out of the base currency held outside of positions.
 *   paid in another out of the balance of it.
 *   where there is not enough: in quote, and the fill says so (is_fee_fallback).
 *
 * The volume is the notional of this run's fills of today (UTC) and the 29 days before, without the
 * fill that is charged; what was there at the start leaves by a thirtieth a day.
 *
 * One book belongs to one run and one thread; it is a value.
 */
#ifndef S1_BACKEND_DTOS_EXECUTION_FEES_H
#define S1_BACKEND_DTOS_EXECUTION_FEES_H

#include "backend/dtos/execution/order.h"

/* X(name, value, text in a configuration). OTHER is written as the currency itself. */
#define S1_FEE_CURRENCY_MAP(X)                                                                     \
    X(QUOTE, 0, "quote")                                                                           \
    X(BASE, 1, "base")         /* of every fill */                                                 \
    X(RECEIVED, 2, "received") /* base of a buy, quote of a sell */                                \
    X(OTHER, 3, "")
enum s1_fee_currency {
#define X(name, value, text) S1_FEE_##name = (value),
    S1_FEE_CURRENCY_MAP(X)
#undef X
};

/* What a part of a position cost: its share of the whole, or what was bought first. */
enum s1_cost_basis { S1_COST_AVERAGE = 1, S1_COST_FIFO };

#define S1_FEE_DAYS 30

typedef struct s1_fee_tier {
    s1_dec volume; /* from this much on, quote currency */
    s1_dec maker, taker;
} s1_fee_tier;

typedef struct s1_fee_rules {
    s1_dec maker, taker;      /* fractions, below the first tier */
    const s1_fee_tier *tiers; /* [tier_count] by volume, ascending; outlives the book */
    uint32_t tier_count;
    int32_t currency;  /* enum s1_fee_currency */
    int32_t rounding;  /* enum s1_rounding; 0: half to even */
    uint32_t decimals; /* of a fee in what it is paid in; 18: as exact as a decimal is */
    s1_str code;       /* OTHER: which; outlives the book */
    s1_dec price;      /* OTHER: quote for one of it, > 0 */
    s1_dec volume_30d; /* traded in the 30 days before the run */
} s1_fee_rules;

typedef struct s1_fee_book {
    s1_fee_rules rules;
    const s1_instrument *instrument; /* borrowed */
    /* What is there to pay from; borrowed. NULL: nothing. */
    const s1_dec *free_base, *free_other;
    int64_t first_day, last_day; /* since 1970; 0: nothing was traded */
    s1_dec days[S1_FEE_DAYS];    /* volume by day % S1_FEE_DAYS */
    uint64_t fallbacks;          /* fills paid in quote because there was not enough */
} s1_fee_book;

/* Fee, fee_in, fee_amount, withheld and is_fee_fallback of a fill whose price and quantity stand.
 * Errors: S1_E_DENIED "SIZE_BELOW_MINIMUM" where the fee leaves less than a lot of what is bought,
 * S1_E_RANGE. */
S1_WARN_UNUSED s1_rc s1_fee_book_charge(const s1_fee_book *book, const s1_order *order,
                                        s1_fill *fill, s1_err *err);

/* The fill happened: its notional counts from now on. Errors: S1_E_RANGE. */
S1_WARN_UNUSED s1_rc s1_fee_book_traded(s1_fee_book *book, const s1_fill *fill, s1_err *err);

/* The volume that counts at a time. Errors: S1_E_RANGE. */
S1_WARN_UNUSED s1_rc s1_fee_book_volume(const s1_fee_book *book, s1_nanos time, s1_dec *ret_volume,
                                        s1_err *err);

/* A plain fee: in quote, by one rate, as exact as a decimal is; no book is needed. */
S1_WARN_UNUSED s1_rc s1_fee_plain(s1_dec rate, s1_fill *fill, s1_err *err);

#endif /* S1_BACKEND_DTOS_EXECUTION_FEES_H */
