/* s1mple/params.h - parameters that many plugins have in common, read in one way.
 *
 * All are for create(). The manifest declares the parameter and its range; what is checked here
 * again is what the arithmetic behind it relies on.
 */
#ifndef S1MPLE_PARAMS_H
#define S1MPLE_PARAMS_H

#include "s1mple/plugin.h"
#include "s1mple/text.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(name): the severities in ascending order, as in a manifest's enum. */
#define S1_SEVERITY_MAP(X)                                                                         \
    X(LOW)                                                                                         \
    X(MEDIUM)                                                                                      \
    X(HIGH)                                                                                        \
    X(CRITICAL)

/* "LOW" .. "CRITICAL"; "UNKNOWN" for what is no severity. */
static inline const char *s1_severity_name(int32_t severity)
{
    switch (severity) {
#define X(name)                                                                                    \
    case S1_SEVERITY_##name:                                                                       \
        return #name;
        S1_SEVERITY_MAP(X)
#undef X
    default:
        return "UNKNOWN";
    }
}

/* The severity a text names. Errors: S1_E_INVALID, naming `param` and the text. */
S1_WARN_UNUSED
static inline s1_rc s1_severity_parse(s1_str param, s1_str text, int32_t *ret_severity, s1_err *err)
{
#define X(name)                                                                                    \
    if (s1_text_equal(text, S1_STR(#name))) {                                                      \
        *ret_severity = S1_SEVERITY_##name;                                                        \
        return S1_OK;                                                                              \
    }
    S1_SEVERITY_MAP(X)
#undef X
    return S1_RAISE(err, S1_E_INVALID, "%.*s '%.*s', expected LOW, MEDIUM, HIGH or CRITICAL",
                    S1_STR_ARG(param), S1_STR_ARG(text));
}

/* An enum or string parameter that names a severity. */
S1_WARN_UNUSED
static inline s1_rc s1_param_severity(const s1_binder *binder, s1_str name, int32_t *ret_severity,
                                      s1_err *err)
{
    s1_str text;
    S1_TRY(err, binder->param_text(binder->self, name, &text, err));
    S1_TRY(err, s1_severity_parse(name, text, ret_severity, err));
    return S1_OK;
}

/* A decimal percentage in (0, 100] as a fraction, exactly. Errors: S1_E_INVALID outside it. */
S1_WARN_UNUSED
static inline s1_rc s1_param_percent(const s1_binder *binder, s1_str name, s1_dec *ret_fraction,
                                     s1_err *err)
{
    s1_dec percent;
    S1_TRY(err, binder->param_decimal(binder->self, name, &percent, err));
    if (s1_dec_sign(percent) <= 0 || s1_dec_cmp(percent, s1_dec_from_int(100)) > 0) {
        return S1_RAISE(err, S1_E_INVALID, "%.*s %g, expected above 0 and at most 100",
                        S1_STR_ARG(name), s1_dec_to_double(percent));
    }
    S1_TRY(err,
           s1_dec_mul(percent, s1_dec_from_mantissa(1, 2), S1_ROUND_HALF_EVEN, ret_fraction, err));
    return S1_OK;
}

/* An enum parameter of long, short and both. */
S1_WARN_UNUSED
static inline s1_rc s1_param_directions(const s1_binder *binder, s1_str name, bool *ret_has_long,
                                        bool *ret_has_short, s1_err *err)
{
    s1_str text;
    S1_TRY(err, binder->param_text(binder->self, name, &text, err));
    const bool is_both = s1_text_equal(text, S1_STR("both"));
    const bool is_long = s1_text_equal(text, S1_STR("long"));
    if (!is_both && !is_long && !s1_text_equal(text, S1_STR("short"))) {
        return S1_RAISE(err, S1_E_INVALID, "%.*s '%.*s', expected long, short or both",
                        S1_STR_ARG(name), S1_STR_ARG(text));
    }
    *ret_has_long = is_both || is_long;
    *ret_has_short = is_both || !is_long;
    return S1_OK;
}

/* An enum parameter of GTC, IOC, FOK and DAY, as enum s1_time_in_force. */
S1_WARN_UNUSED
static inline s1_rc s1_param_time_in_force(const s1_binder *binder, s1_str name, int32_t *ret_value,
                                           s1_err *err)
{
    s1_str text;
    S1_TRY(err, binder->param_text(binder->self, name, &text, err));
    if (s1_text_equal(text, S1_STR("GTC"))) {
        *ret_value = S1_TIF_GTC;
    } else if (s1_text_equal(text, S1_STR("IOC"))) {
        *ret_value = S1_TIF_IOC;
    } else if (s1_text_equal(text, S1_STR("FOK"))) {
        *ret_value = S1_TIF_FOK;
    } else if (s1_text_equal(text, S1_STR("DAY"))) {
        *ret_value = S1_TIF_DAY;
    } else {
        return S1_RAISE(err, S1_E_INVALID, "%.*s '%.*s', expected GTC, IOC, FOK or DAY",
                        S1_STR_ARG(name), S1_STR_ARG(text));
    }
    return S1_OK;
}

/* A field of a feed that may be missing: NULL where the file has no such column. Errors: those of
 * binder->feed_field. */
S1_WARN_UNUSED
static inline s1_rc s1_feed_field_optional(const s1_binder *binder, s1_str feed, s1_str field,
                                           const s1_feed_field **ret_field, s1_err *err)
{
    const s1_feed_field *found = NULL;
    s1_err reason = S1_ERR_INIT;
    const s1_rc rc = binder->feed_field(binder->self, feed, field, &found, &reason);
    if (rc != S1_OK && rc != S1_E_NOT_FOUND) {
        return S1_RAISE(err, rc, "%s", reason.msg);
    }
    *ret_field = rc == S1_OK ? found : NULL;
    return S1_OK;
}

/* A decimal parameter as part of a column's name, as templates write it: 2.5 is "2_5". Writes a NUL
 * behind it; returns the length. */
static inline size_t s1_column_part(s1_dec value, char text[S1_DEC_TEXT_MAX])
{
    const size_t length = s1_dec_print(value, text);
    for (size_t i = 0; i < length; i++) {
        text[i] = text[i] == '.' || text[i] == '-' ? '_' : text[i];
    }
    return length;
}

#ifdef __cplusplus
}
#endif
#endif /* S1MPLE_PARAMS_H */
