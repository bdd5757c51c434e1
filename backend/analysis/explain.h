/* backend/analysis/explain.h - why a trade was, and was not, made: from the journal alone.
 *
 * The journal is read at most three times, front to back, whatever its size: once to find the
 * id and what it is linked to, once to collect the entries, and once more when an opposite signal
 * ended the trade. What is kept is the story of one decision, not the journal.
 *
 * What a person reads is worded by a locale (keys explain.*). Kinds, ids, times, counts, marks and
 * details of a node, and the codes, names and numbers inside its text, are the same in any.
 */
#ifndef S1_BACKEND_ANALYSIS_EXPLAIN_H
#define S1_BACKEND_ANALYSIS_EXPLAIN_H

#include "backend/core/journal_reader.h"
#include "backend/dtos/results/explain_node.h"
#include "backend/utils/arena.h"
#include "backend/utils/json_writer.h"
#include "backend/utils/locale.h"

#define S1_EXPLAIN_PREFIX_MIN    4u  /* hexadecimal digits of an abbreviated id */
#define S1_EXPLAIN_REFERENCES    50u /* of one threat that are listed; all are counted */
#define S1_EXPLAIN_AMBIGUOUS_MAX 6u  /* ids named when a prefix fits several */

/* Explains the opportunity, trade, threat or order whose id starts with `prefix` (dashes may be
 * left out, either case). The tree lives in `arena`. Errors: S1_E_NOT_FOUND when no id starts so,
 * S1_E_INVALID for a prefix that is too short, no hexadecimal, or fits several ids (the message
 * lists them), S1_E_DATA for a damaged journal, S1_E_NO_MEMORY, S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_explain_id(s1_journal_reader *reader, s1_str prefix, const s1_locale *locale,
                    s1_arena *arena, const s1_explain_node **ret_root, s1_err *err);

/* Explains every refusal: a branch per stage, below it one per reason code and threat type with its
 * count and the first `examples_max` opportunities. Errors as above. */
S1_WARN_UNUSED
s1_rc s1_explain_rejected(s1_journal_reader *reader, uint32_t examples_max, const s1_locale *locale,
                          s1_arena *arena, const s1_explain_node **ret_root, s1_err *err);

/* Writes a node with everything below it as one object:
 * {"kind","text","id","time","seq","count","details","children":[...]}; absent members are left
 * out. */
void s1_explain_json(const s1_explain_node *node, s1_json_writer *writer);

#endif /* S1_BACKEND_ANALYSIS_EXPLAIN_H */
