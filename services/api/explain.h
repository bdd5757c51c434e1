/* services/api/explain.h - why a trade was, and was not, made: from the journal alone. */
#ifndef S1_SERVICES_API_EXPLAIN_H
#define S1_SERVICES_API_EXPLAIN_H

#include "backend/dtos/results/explain_node.h"
#include "s1mple/base.h"

/* `language` (enum s1_language) is that of the texts of the tree: usually what
 * s1_api_results_language says of the run. Kinds, ids, counts, marks and details do not depend on
 * it, and the JSON exists in English only: machines have one text. Messages of errors are English.
 */
typedef struct s1_explanation s1_explanation; /* opaque, heap */

/* Explains the opportunity, trade, threat or order whose id starts with `id` (at least 4 hex
 * digits; dashes optional). Errors: S1_E_NOT_FOUND when no id starts so (or the journal was not
 * kept in full), S1_E_INVALID when several do (the message lists some), S1_E_DATA, S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_api_explain(const char *results_dir, const char *id, int32_t language,
                     s1_explanation **ret_explanation, s1_err *err);

/* Explains all refused opportunities: one branch per stage, reason code and threat type, with
 * counts and the first `examples_max` of each. */
S1_WARN_UNUSED
s1_rc s1_api_explain_rejected(const char *results_dir, uint32_t examples_max, int32_t language,
                              s1_explanation **ret_explanation, s1_err *err);

/* Explains the bar that closes at `at` (ISO 8601, UTC), or is the last before it: per
 * OpportunityWorker which conditions held, by how much the others missed and which were not
 * reached; columns, position and threats then; and what became of what was found. The run is
 * repeated in memory up to there. Errors: S1_E_INVALID for a time that is none, S1_E_NOT_FOUND for
 * one outside the run; S1_E_UNSUPPORTED when program, plugins or configuration, and S1_E_DATA when
 * the data are no longer those of the run; S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_api_explain_why_not(const char *results_dir, const char *at, int32_t language,
                             s1_explanation **ret_explanation, s1_err *err);

/* Explains where opportunities were lost, per OpportunityWorker: bars, bars through each condition
 * with the `misses_max` closest misses, opportunities, refusals by stage, approvals, trades. The
 * run is repeated in memory and held against what was recorded. Errors as above. */
S1_WARN_UNUSED
s1_rc s1_api_explain_funnel(const char *results_dir, uint32_t misses_max, int32_t language,
                            s1_explanation **ret_explanation, s1_err *err);

/* Finds the first decision in which two runs differ, and its cause: configuration, data, program,
 * plugins, seed, or the first value that differs. A run that did not decide what the other did is
 * repeated to say why not, where that is possible. *ret_is_same tells whether all decisions are the
 * same. Errors: S1_E_INVALID when the two did not keep the same journal level, S1_E_NOT_FOUND when
 * one kept none; those of both folders, the message naming which. */
S1_WARN_UNUSED
s1_rc s1_api_explain_diff(const char *results_a, const char *results_b, int32_t language,
                          s1_explanation **ret_explanation, bool *ret_is_same, s1_err *err);

/* Host time the repeated run took, its observer included; 0 for what came from the journal alone.
 */
s1_nanos s1_explanation_engine_time(const s1_explanation *explanation);

const s1_explain_node *s1_explanation_root_borrow(const s1_explanation *explanation);
/* One JSON object; NULL unless the explanation is in English. */
const char *s1_explanation_json_borrow(const s1_explanation *explanation);
void s1_explanation_free(s1_explanation *explanation); /* accepts NULL */

#endif /* S1_SERVICES_API_EXPLAIN_H */
