/* backend/utils/dtoa.h - doubles as text and back: shortest, locale-free, the same everywhere.
 *
 * Printing gives the fewest digits that read back as the same double and, of those, the ones
 * nearest to it: the digits of Python's repr() and of std::to_chars.
 */
#ifndef S1_UTILS_DTOA_H
#define S1_UTILS_DTOA_H

#include "s1mple/base.h"

#define S1_DOUBLE_TEXT_MAX 32u /* longest text of a double, NUL included */

/* Writes the shortest text, NUL-terminated; returns the length without the NUL. Notation as
 * Python's repr: "0.1", "100.0", "-0.0", "1e+16", "1e-05" (exponent below -4 or from 16 on); valid
 * JSON. NaN and infinities give "null". */
size_t s1_double_print(double value, char out[S1_DOUBLE_TEXT_MAX]);

/* The same without ".0" behind a whole number: "100", "-0", for tables and CSV. */
size_t s1_double_print_compact(double value, char out[S1_DOUBLE_TEXT_MAX]);

/* The shortest decimal: value = +-digits * 10^exponent, digits without trailing zeros (0 for
 * zero). `value` is finite. */
void s1_double_shortest(double value, uint64_t *ret_digits, int *ret_exponent);

/* The double nearest to digits * 10^exponent (ties to even), for any `digits`; infinity when it is
 * too large, zero when too small. `is_truncated`: more nonzero digits followed `digits`, so that
 * the exact value lies above digits and below digits + 1; the answer may then be undecided. Returns
 * false if it is, and a slower way must decide. */
bool s1_double_from_decimal(uint64_t digits, int exponent, bool is_truncated, double *ret_value);

#endif /* S1_UTILS_DTOA_H */
