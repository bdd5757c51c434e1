/* s1mple/model.h - a trained model the host holds: a row of features in, scores out.
 *
 * The manifest asks for it (dependencies.models), the blueprint names the file, the handle comes
 * from binder->model in create() and lives as long as the worker. A row costs microseconds: once a
 * bar, not once a candidate.
 */
#ifndef S1MPLE_MODEL_H
#define S1MPLE_MODEL_H

#include "s1mple/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct s1_model {
    uint32_t size;
    uint32_t feature_count; /* of a row */
    uint32_t score_count;   /* of what comes out: 1, or one per class */
    uint32_t reserved;
    void *self;
    /* `features` [feature_count], a NaN is a missing value; ret_scores [score_count]. The same row
     * gives the same scores, to the last bit. Errors: S1_E_PLUGIN. */
    s1_rc (*predict)(void *self, const double *features, double *ret_scores, s1_err *err);
} s1_model;

#ifdef __cplusplus
}
#endif
#endif /* S1MPLE_MODEL_H */
