/* backend/data/models/lightgbm.h - models LightGBM trained, evaluated by its own library
 * (docs/adr/0011).
 *
 * lib_lightgbm.so is opened at the first model and never before: S1_LIGHTGBM names it, else it lies
 * in lib, ../lib or ../lib/s1mpletrader of the program, or where tools/setup.sh puts it. A process
 * has one; it is not closed. One model belongs to one run and one thread.
 *
 * A model file is trusted as plugins are: the library reads it.
 */
#ifndef S1_BACKEND_DATA_MODELS_LIGHTGBM_H
#define S1_BACKEND_DATA_MODELS_LIGHTGBM_H

#include "backend/utils/text.h"
#include "s1mple/error.h"
#include "s1mple/model.h"

#define S1_MODEL_BYTES_MAX    ((size_t)256 << 20) /* of a model file */
#define S1_MODEL_FEATURES_MAX 4096u
#define S1_MODEL_SCORES_MAX   1024u

/* A model out of its text, as Booster.save_model writes it. Heap; free with s1_lightgbm_free.
 * Errors: S1_E_NOT_FOUND where there is no library, S1_E_ABI for another one, S1_E_DATA for a text
 * that is no model, with what the library says; S1_E_RANGE for too many features or scores. */
S1_WARN_UNUSED s1_rc s1_lightgbm_new(s1_str text, s1_model **ret_model, s1_err *err);
void s1_lightgbm_free(s1_model *model); /* accepts NULL */

#endif /* S1_BACKEND_DATA_MODELS_LIGHTGBM_H */
