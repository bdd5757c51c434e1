/* backend/assembly/money_builder.h - fees and balances of a run, out of its configuration.
 *
 * Everything lies in the arena it is given or is borrowed from the configuration.
 */
#ifndef S1_BACKEND_ASSEMBLY_MONEY_BUILDER_H
#define S1_BACKEND_ASSEMBLY_MONEY_BUILDER_H

#include "backend/config/config.h"
#include "backend/core/carry.h"
#include "backend/core/strategy_ledger.h"
#include "backend/dtos/execution/fees.h"
#include "backend/utils/arena.h"

/* Capital, balances and cost basis of a link's ledger; instrument and positions_max are the
 * caller's. `instrument` is the one the link trades. */
void s1_ledger_options_of(const s1_link *link, const s1_instrument *instrument,
                          s1_ledger_options *ret_options);

/* The book a run charges its fees by, or NULL where a rate in quote is all there is. Its balances
 * are those of the ledger. Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_fee_book_of(const s1_link *link, const s1_instrument *instrument,
                                    const s1_ledger *ledger, s1_arena *arena,
                                    s1_fee_book **ret_book, s1_err *err);

/* What stands in front of the run's environment, or NULL where holding a position costs nothing and
 * nothing is liquidated. `feeds` are those of the blueprint, in its order. Errors: S1_E_NO_MEMORY,
 * S1_E_DATA where a feed lacks the column. */
S1_WARN_UNUSED s1_rc s1_carry_of(const s1_link *link, const s1_carry_options *base,
                                 const s1_feed_table *const *feeds, s1_carry **ret_carry,
                                 s1_err *err);

#endif /* S1_BACKEND_ASSEMBLY_MONEY_BUILDER_H */
