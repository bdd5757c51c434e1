/* backend/connectors/wire_number.h - numbers as exchanges write them, exactly. No float anywhere.
 *
 * All errors are S1_E_DATA; `what` names the field ("Trades: price of row 3").
 */
#ifndef S1_BACKEND_CONNECTORS_WIRE_NUMBER_H
#define S1_BACKEND_CONNECTORS_WIRE_NUMBER_H

#include "backend/dtos/market/market_batch.h"
#include "s1mple/error.h"

/* "37247.10000" -> 372471 at scale 1: digits, perhaps a point and digits; no sign, no exponent.
 * Zeros at the end of the fraction do not count. Refused: what does not fit DECIMAL(18). */
S1_WARN_UNUSED s1_rc s1_wire_decimal(s1_str text, const char *what, int64_t *ret_mantissa,
                                     uint32_t *ret_scale, s1_err *err);

/* Seconds since 1970 with up to nine digits of fraction: "1701019771.0383663". */
S1_WARN_UNUSED s1_rc s1_wire_seconds(s1_str text, const char *what, s1_nanos *ret_time,
                                     s1_err *err);

/* Digits only, at most INT64_MAX. */
S1_WARN_UNUSED s1_rc s1_wire_count(s1_str text, const char *what, int64_t *ret_value, s1_err *err);

/* `count` mantissas from a scale to a larger one, in place; false if one of them does not fit, and
 * nothing is changed. */
S1_WARN_UNUSED bool s1_wire_raise(int64_t *values, size_t count, uint32_t from, uint32_t to);

#endif /* S1_BACKEND_CONNECTORS_WIRE_NUMBER_H */
