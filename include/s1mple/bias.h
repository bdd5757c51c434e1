/* s1mple/bias.h - detectors that may ask a column of -1, 0 and 1 for leave, such as the bias of a
 * higher timeframe.
 *
 * The manifest has the parameters `require_bias` (bool) and `bias_column` (string), and
 * "{bias_column}" among its `uses`.
 */
#ifndef S1MPLE_BIAS_H
#define S1MPLE_BIAS_H

#include "s1mple/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct s1_bias {
    const s1_series *column; /* NULL: not asked for */
    s1_condition *up, *down; /* bias_up, bias_down */
} s1_bias;

/* Reads the parameters and binds the column. Errors: S1_E_NOT_FOUND where it is asked for and
 * nobody provides it. */
S1_WARN_UNUSED
static inline s1_rc s1_bias_bind(const s1_binder *binder, s1_bias *ret_bias, s1_err *err)
{
    bool is_required;
    s1_str column;
    s1_bias bias = {NULL, NULL, NULL};
    S1_TRY(err, binder->param_bool(binder->self, S1_STR("require_bias"), &is_required, err));
    S1_TRY(err, binder->param_text(binder->self, S1_STR("bias_column"), &column, err));
    if (is_required && binder->series(binder->self, column, &bias.column, err) != S1_OK) {
        return S1_RAISE(err, S1_E_NOT_FOUND,
                        "require_bias needs column %.*s, which no context worker before provides",
                        S1_STR_ARG(column));
    }
    *ret_bias = bias;
    return S1_OK;
}

/* Binds the condition of a direction (bias_up for S1_LONG, bias_down for S1_SHORT), if the bias is
 * asked for. Conditions stand in the order they are bound in. */
S1_WARN_UNUSED
static inline s1_rc s1_bias_bind_condition(const s1_binder *binder, s1_bias *bias,
                                           int32_t direction, s1_err *err)
{
    if (bias->column == NULL) {
        return S1_OK;
    }
    return direction == S1_LONG
               ? binder->condition(binder->self, S1_STR("bias_up"), &bias->up, err)
               : binder->condition(binder->self, S1_STR("bias_down"), &bias->down, err);
}

/* Does the bias go with `direction`? True where it is not asked for; NaN goes with none. */
static inline bool s1_bias_allows(const s1_context *context, const s1_bias *bias, int32_t direction)
{
    if (bias->column == NULL) {
        return true;
    }
    const double value = s1_series_last(bias->column);
    return direction == S1_LONG ? S1_CONDITION(context, bias->up, value, GT, 0.0)
                                : S1_CONDITION(context, bias->down, value, LT, 0.0);
}

#ifdef __cplusplus
}
#endif
#endif /* S1MPLE_BIAS_H */
