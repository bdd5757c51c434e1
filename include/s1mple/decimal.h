/* s1mple/decimal.h - money, prices and quantities: fixed point, 18 decimal places, never rounded
 * unless the caller names how.
 *
 * An s1_dec is value * 10^18 as a 128-bit two's complement integer. The range is symmetric,
 * +-170141183460469231731.687303715884105727; the one pattern below it (-2^127) is no value, and
 * no function here makes it. Whatever does not fit is S1_E_RANGE, never a wrapped number.
 * Products and quotients go through 256-bit intermediates and round once, at the end.
 *
 * Header-only: a plugin needs no library for it. C17 and C++17, x86-64 or any 64-bit target with
 * __int128. Names with `_internal_` are not part of the contract.
 *
 * `ret_value` is written on success only; it may point at an operand. `err` may be NULL.
 */
#ifndef S1MPLE_DECIMAL_H
#define S1MPLE_DECIMAL_H

#include "s1mple/base.h"
#include "s1mple/error.h"

#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define S1_DEC_SCALE     18u
#define S1_DEC_UNIT      1000000000000000000ULL /* 10^S1_DEC_SCALE */
#define S1_DEC_TEXT_MAX  48u                    /* longest text of a decimal, NUL included */
#define S1_DEC_RANGE_MAX "170141183460469231731.687303715884105727"

typedef struct s1_dec {
    uint64_t lo;
    int64_t hi;
} s1_dec;

__extension__ typedef __int128 s1_i128;
__extension__ typedef unsigned __int128 s1_u128;

#ifdef __cplusplus
#define S1_DEC_LITERAL_(lo, hi)                                                                    \
    s1_dec                                                                                         \
    {                                                                                              \
        lo, hi                                                                                     \
    }
#else
#define S1_DEC_LITERAL_(lo, hi) ((s1_dec){(lo), (hi)})
#endif
#define S1_DEC_ZERO S1_DEC_LITERAL_(0, 0)
#define S1_DEC_ONE  S1_DEC_LITERAL_(S1_DEC_UNIT, 0)
#define S1_DEC_MAX  S1_DEC_LITERAL_(UINT64_MAX, INT64_MAX)

/* What happens to digits that do not fit. Zero is not a rounding: it is refused. */
enum s1_rounding {
    S1_ROUND_HALF_EVEN = 1, /* nearest; a tie goes to the even neighbour */
    S1_ROUND_DOWN,          /* toward zero */
    S1_ROUND_UP,            /* away from zero */
    S1_ROUND_FLOOR,         /* toward minus infinity */
    S1_ROUND_CEIL           /* toward plus infinity */
};

/* --- The integer inside ------------------------------------------------------------------- */

/* value * 10^18. */
static inline s1_i128 s1_dec_raw(s1_dec value)
{
    return (s1_i128)(((s1_u128)(uint64_t)value.hi << 64) | value.lo);
}

/* The decimal raw / 10^18. `raw` is not -2^127. */
static inline s1_dec s1_dec_of_raw(s1_i128 raw)
{
    s1_dec value;
    value.lo = (uint64_t)(s1_u128)raw;
    value.hi = (int64_t)(uint64_t)((s1_u128)raw >> 64);
    return value;
}

static inline uint64_t s1_dec_internal_pow10(unsigned exponent)
{
    static const uint64_t powers[19] = {1ULL,
                                        10ULL,
                                        100ULL,
                                        1000ULL,
                                        10000ULL,
                                        100000ULL,
                                        1000000ULL,
                                        10000000ULL,
                                        100000000ULL,
                                        1000000000ULL,
                                        10000000000ULL,
                                        100000000000ULL,
                                        1000000000000ULL,
                                        10000000000000ULL,
                                        100000000000000ULL,
                                        1000000000000000ULL,
                                        10000000000000000ULL,
                                        100000000000000000ULL,
                                        1000000000000000000ULL};
    if (exponent > S1_DEC_SCALE) {
        __builtin_trap(); /* a programmer error: scales are 0..18 */
    }
    return powers[exponent];
}

static inline s1_u128 s1_dec_internal_magnitude(s1_i128 raw)
{
    return raw < 0 ? (s1_u128)0 - (s1_u128)raw : (s1_u128)raw;
}

/* high:low / divisor; high < divisor, so that the quotient fits. */
static inline uint64_t s1_dec_internal_div2by1(uint64_t high, uint64_t low, uint64_t divisor,
                                               uint64_t *ret_rest)
{
#if defined(__x86_64__)
    uint64_t quotient, rest;
    __asm__("divq %4" : "=a"(quotient), "=d"(rest) : "0"(low), "1"(high), "rm"(divisor) : "cc");
    *ret_rest = rest;
    return quotient;
#else
    const s1_u128 number = ((s1_u128)high << 64) | low;
    *ret_rest = (uint64_t)(number % divisor);
    return (uint64_t)(number / divisor);
#endif
}

/* r1:r0:low / d1:d0 for a divisor with its top bit set and r1:r0 < d1:d0 (Knuth D, one step). */
static inline uint64_t s1_dec_internal_div3by2(s1_u128 high, uint64_t low, s1_u128 divisor,
                                               s1_u128 *ret_rest)
{
    const uint64_t r1 = (uint64_t)(high >> 64);
    const uint64_t r0 = (uint64_t)high;
    const uint64_t d1 = (uint64_t)(divisor >> 64);
    const uint64_t d0 = (uint64_t)divisor;
    uint64_t unused;
    uint64_t quotient = r1 >= d1 ? UINT64_MAX : s1_dec_internal_div2by1(r1, r0, d1, &unused);
    const s1_u128 number_low = ((s1_u128)r0 << 64) | low;
    for (;;) { /* the guess is at most 2 too high */
        const s1_u128 p0 = (s1_u128)quotient * d0;
        const s1_u128 p1 = (s1_u128)quotient * d1 + (uint64_t)(p0 >> 64);
        const s1_u128 product_low = (p1 << 64) | (uint64_t)p0;
        const uint64_t product_high = (uint64_t)(p1 >> 64);
        if (product_high < r1 || (product_high == r1 && product_low <= number_low)) {
            *ret_rest = number_low - product_low;
            return quotient;
        }
        quotient--;
    }
}

/* high:low / divisor, all 128 bits wide; high < divisor, so that the quotient fits. */
static inline s1_u128 s1_dec_internal_divide(s1_u128 high, s1_u128 low, s1_u128 divisor,
                                             s1_u128 *ret_rest)
{
    if ((divisor >> 64) == 0) {
        const uint64_t d = (uint64_t)divisor;
        uint64_t rest = (uint64_t)high; /* high < divisor */
        uint64_t q1 = 0;
        const uint64_t low_high = (uint64_t)(low >> 64);
        if (rest == 0 && low_high < d) {
            rest = low_high;
        } else {
            q1 = s1_dec_internal_div2by1(rest, low_high, d, &rest);
        }
        const uint64_t q0 = s1_dec_internal_div2by1(rest, (uint64_t)low, d, &rest);
        *ret_rest = rest;
        return ((s1_u128)q1 << 64) | q0;
    }
    const int shift = __builtin_clzll((uint64_t)(divisor >> 64));
    if (shift > 0) {
        high = (high << shift) | (low >> (128 - shift));
        low <<= shift;
        divisor <<= shift;
    }
    s1_u128 rest = high;
    const uint64_t q1 = s1_dec_internal_div3by2(rest, (uint64_t)(low >> 64), divisor, &rest);
    const uint64_t q0 = s1_dec_internal_div3by2(rest, (uint64_t)low, divisor, &rest);
    *ret_rest = rest >> shift;
    return ((s1_u128)q1 << 64) | q0;
}

/* The 256-bit product of two magnitudes. */
static inline void s1_dec_internal_multiply(s1_u128 a, s1_u128 b, s1_u128 *ret_high,
                                            s1_u128 *ret_low)
{
    const uint64_t a0 = (uint64_t)a, a1 = (uint64_t)(a >> 64);
    const uint64_t b0 = (uint64_t)b, b1 = (uint64_t)(b >> 64);
    const s1_u128 p00 = (s1_u128)a0 * b0;
    const s1_u128 p01 = (s1_u128)a0 * b1;
    const s1_u128 p10 = (s1_u128)a1 * b0;
    const s1_u128 p11 = (s1_u128)a1 * b1;
    const s1_u128 middle = (p00 >> 64) + (uint64_t)p01 + (uint64_t)p10; /* < 3 * 2^64 */
    *ret_low = (middle << 64) | (uint64_t)p00;
    *ret_high = p11 + (p01 >> 64) + (p10 >> 64) + (middle >> 64);
}

/* 1 if the quotient of magnitudes has to grow by one, 0 if not. */
static inline unsigned s1_dec_internal_increment(s1_u128 quotient, s1_u128 rest, s1_u128 divisor,
                                                 bool is_negative, enum s1_rounding rounding)
{
    switch (rounding) {
    case S1_ROUND_HALF_EVEN: {
        const s1_u128 missing = divisor - rest;
        return rest > missing || (rest == missing && ((uint64_t)quotient & 1u) != 0);
    }
    case S1_ROUND_DOWN:
        return 0;
    case S1_ROUND_UP:
        return rest != 0;
    case S1_ROUND_FLOOR:
        return is_negative && rest != 0;
    case S1_ROUND_CEIL:
        return !is_negative && rest != 0;
    }
    __builtin_trap(); /* a programmer error: no rounding was named */
}

static inline s1_dec s1_dec_internal_signed(s1_u128 magnitude, bool is_negative)
{
    return s1_dec_of_raw(is_negative ? (s1_i128)((s1_u128)0 - magnitude) : (s1_i128)magnitude);
}

/* Out of line and cold: formatting an error must not weigh on the arithmetic around it. */
__attribute__((cold, noinline, unused)) static void s1_dec_internal_report_overflow(
    const char *operation, s1_err *err)
{
    (void)S1_RAISE(err, S1_E_RANGE, "%s: result exceeds +-" S1_DEC_RANGE_MAX, operation);
}

/* The code is inline, so that the compiler knows a failure was returned. */
static inline s1_rc s1_dec_internal_overflow(const char *operation, s1_err *err)
{
    s1_dec_internal_report_overflow(operation, err);
    return S1_E_RANGE;
}

/* high:low / divisor, rounded and given its sign. */
static inline s1_rc s1_dec_internal_quotient(s1_u128 high, s1_u128 low, s1_u128 divisor,
                                             bool is_negative, enum s1_rounding rounding,
                                             const char *operation, s1_dec *ret_value, s1_err *err)
{
    if (__builtin_expect(high >= divisor, 0)) {
        return s1_dec_internal_overflow(operation, err);
    }
    s1_u128 rest;
    s1_u128 quotient = s1_dec_internal_divide(high, low, divisor, &rest);
    const unsigned grows =
        s1_dec_internal_increment(quotient, rest, divisor, is_negative, rounding);
    if (__builtin_expect((quotient >> 127) != 0, 0)) {
        return s1_dec_internal_overflow(operation, err);
    }
    quotient += grows;
    if (__builtin_expect((quotient >> 127) != 0, 0)) {
        return s1_dec_internal_overflow(operation, err);
    }
    *ret_value = s1_dec_internal_signed(quotient, is_negative);
    return S1_OK;
}

/* --- Making and comparing ----------------------------------------------------------------- */

static inline s1_dec s1_dec_from_int(int64_t value)
{
    return s1_dec_of_raw((s1_i128)value * (s1_i128)S1_DEC_UNIT);
}

/* mantissa / 10^scale; cannot overflow. `scale` is 0..18. */
static inline s1_dec s1_dec_from_mantissa(int64_t mantissa, unsigned scale)
{
    return s1_dec_of_raw((s1_i128)mantissa * (s1_i128)s1_dec_internal_pow10(S1_DEC_SCALE - scale));
}

/* -1, 0 or 1. */
static inline int s1_dec_sign(s1_dec value)
{
    return value.hi < 0 ? -1 : (value.hi | (int64_t)(value.lo != 0)) != 0;
}

static inline bool s1_dec_is_zero(s1_dec value)
{
    return value.hi == 0 && value.lo == 0;
}

static inline bool s1_dec_eq(s1_dec a, s1_dec b)
{
    return a.hi == b.hi && a.lo == b.lo;
}

/* -1, 0 or 1: a below, equal to or above b. */
static inline int s1_dec_cmp(s1_dec a, s1_dec b)
{
    const s1_i128 x = s1_dec_raw(a), y = s1_dec_raw(b);
    return (x > y) - (x < y);
}

static inline s1_dec s1_dec_min(s1_dec a, s1_dec b)
{
    return s1_dec_cmp(b, a) < 0 ? b : a;
}

static inline s1_dec s1_dec_max(s1_dec a, s1_dec b)
{
    return s1_dec_cmp(b, a) > 0 ? b : a;
}

/* The magnitude; the range is symmetric, so there always is one. */
static inline s1_dec s1_dec_abs(s1_dec value)
{
    return s1_dec_of_raw((s1_i128)s1_dec_internal_magnitude(s1_dec_raw(value)));
}

/* -value. Errors: S1_E_RANGE for the pattern that is no value (-2^127). */
S1_WARN_UNUSED static inline s1_rc s1_dec_neg(s1_dec value, s1_dec *ret_value, s1_err *err)
{
    const s1_u128 raw = (s1_u128)0 - (s1_u128)s1_dec_raw(value);
    if (raw == (s1_u128)1 << 127) {
        return s1_dec_internal_overflow("negate", err);
    }
    *ret_value = s1_dec_of_raw((s1_i128)raw);
    return S1_OK;
}

/* --- Arithmetic; every function: S1_E_RANGE on overflow ------------------------------------ */

S1_WARN_UNUSED static inline s1_rc s1_dec_add(s1_dec a, s1_dec b, s1_dec *ret_value, s1_err *err)
{
    s1_i128 raw;
    if (__builtin_expect(__builtin_add_overflow(s1_dec_raw(a), s1_dec_raw(b), &raw), 0) ||
        __builtin_expect((s1_u128)raw == (s1_u128)1 << 127, 0)) {
        return s1_dec_internal_overflow("add", err);
    }
    *ret_value = s1_dec_of_raw(raw);
    return S1_OK;
}

S1_WARN_UNUSED static inline s1_rc s1_dec_sub(s1_dec a, s1_dec b, s1_dec *ret_value, s1_err *err)
{
    s1_i128 raw;
    if (__builtin_expect(__builtin_sub_overflow(s1_dec_raw(a), s1_dec_raw(b), &raw), 0) ||
        __builtin_expect((s1_u128)raw == (s1_u128)1 << 127, 0)) {
        return s1_dec_internal_overflow("subtract", err);
    }
    *ret_value = s1_dec_of_raw(raw);
    return S1_OK;
}

/* a * b, rounded to 18 places. */
S1_WARN_UNUSED static inline s1_rc s1_dec_mul(s1_dec a, s1_dec b, enum s1_rounding rounding,
                                              s1_dec *ret_value, s1_err *err)
{
    const s1_i128 x = s1_dec_raw(a), y = s1_dec_raw(b);
    s1_u128 high, low;
    s1_dec_internal_multiply(s1_dec_internal_magnitude(x), s1_dec_internal_magnitude(y), &high,
                             &low);
    return s1_dec_internal_quotient(high, low, S1_DEC_UNIT, (x < 0) != (y < 0), rounding,
                                    "multiply", ret_value, err);
}

/* a / b, rounded to 18 places. Errors: S1_E_RANGE also for b = 0. */
S1_WARN_UNUSED static inline s1_rc s1_dec_div(s1_dec a, s1_dec b, enum s1_rounding rounding,
                                              s1_dec *ret_value, s1_err *err)
{
    const s1_i128 x = s1_dec_raw(a), y = s1_dec_raw(b);
    if (__builtin_expect(y == 0, 0)) {
        return S1_RAISE(err, S1_E_RANGE, "divide: by zero");
    }
    s1_u128 high, low;
    s1_dec_internal_multiply(s1_dec_internal_magnitude(x), S1_DEC_UNIT, &high, &low);
    return s1_dec_internal_quotient(high, low, s1_dec_internal_magnitude(y), (x < 0) != (y < 0),
                                    rounding, "divide", ret_value, err);
}

/* a * b / c, rounded once. Errors: S1_E_RANGE also for c = 0. */
S1_WARN_UNUSED static inline s1_rc s1_dec_mul_div(s1_dec a, s1_dec b, s1_dec c,
                                                  enum s1_rounding rounding, s1_dec *ret_value,
                                                  s1_err *err)
{
    const s1_i128 x = s1_dec_raw(a), y = s1_dec_raw(b), z = s1_dec_raw(c);
    if (__builtin_expect(z == 0, 0)) {
        return S1_RAISE(err, S1_E_RANGE, "multiply and divide: by zero");
    }
    s1_u128 high, low;
    s1_dec_internal_multiply(s1_dec_internal_magnitude(x), s1_dec_internal_magnitude(y), &high,
                             &low);
    const bool is_negative = ((x < 0) != (y < 0)) != (z < 0);
    return s1_dec_internal_quotient(high, low, s1_dec_internal_magnitude(z), is_negative, rounding,
                                    "multiply and divide", ret_value, err);
}

/* The multiple of `step` that `rounding` chooses. Errors: S1_E_INVALID unless step > 0. */
S1_WARN_UNUSED static inline s1_rc s1_dec_round_to_step(s1_dec value, s1_dec step,
                                                        enum s1_rounding rounding,
                                                        s1_dec *ret_value, s1_err *err)
{
    if (__builtin_expect(s1_dec_sign(step) <= 0, 0)) {
        return S1_RAISE(err, S1_E_INVALID, "round to step: found a step <= 0, expected above 0");
    }
    const s1_i128 raw = s1_dec_raw(value);
    const s1_u128 magnitude = s1_dec_internal_magnitude(raw);
    const s1_u128 divisor = (s1_u128)s1_dec_raw(step);
    s1_u128 rest;
    const s1_u128 quotient = s1_dec_internal_divide(0, magnitude, divisor, &rest);
    s1_u128 result = magnitude - rest;
    if (s1_dec_internal_increment(quotient, rest, divisor, raw < 0, rounding) != 0) {
        result += divisor; /* both below 2^127 */
        if (__builtin_expect((result >> 127) != 0, 0)) {
            return s1_dec_internal_overflow("round to step", err);
        }
    }
    *ret_value = s1_dec_internal_signed(result, raw < 0);
    return S1_OK;
}

/* value * 10^scale as an integer. `scale` is 0..18. Errors: S1_E_RANGE if it exceeds int64. */
S1_WARN_UNUSED static inline s1_rc s1_dec_to_mantissa(s1_dec value, unsigned scale,
                                                      enum s1_rounding rounding,
                                                      int64_t *ret_mantissa, s1_err *err)
{
    const s1_i128 raw = s1_dec_raw(value);
    const s1_u128 magnitude = s1_dec_internal_magnitude(raw);
    const uint64_t divisor = s1_dec_internal_pow10(S1_DEC_SCALE - scale);
    s1_u128 rest;
    s1_u128 quotient = s1_dec_internal_divide(0, magnitude, divisor, &rest);
    quotient += s1_dec_internal_increment(quotient, rest, divisor, raw < 0, rounding);
    if (__builtin_expect(quotient > (s1_u128)INT64_MAX + (raw < 0), 0)) {
        return S1_RAISE(err, S1_E_RANGE, "to mantissa: result at scale %u exceeds 64 bits", scale);
    }
    *ret_mantissa = (int64_t)(raw < 0 ? (uint64_t)0 - (uint64_t)quotient : (uint64_t)quotient);
    return S1_OK;
}

/* --- Doubles ------------------------------------------------------------------------------- */

/* The double's exact value, rounded half-even to 18 places. Errors: S1_E_RANGE for NaN, infinity
 * and what exceeds the range. */
S1_WARN_UNUSED static inline s1_rc s1_dec_from_double(double value, s1_dec *ret_value, s1_err *err)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    const bool is_negative = (bits >> 63) != 0;
    const unsigned biased = (unsigned)(bits >> 52) & 0x7ffu;
    if (__builtin_expect(biased == 0x7ffu, 0)) {
        return S1_RAISE(err, S1_E_RANGE, "from double: found NaN or infinity, expected a number");
    }
    uint64_t mantissa = bits & 0xfffffffffffffULL;
    mantissa |= biased != 0 ? 1ULL << 52 : 0;
    const int exponent = (int)(biased != 0 ? biased : 1) - 1075; /* value = mantissa * 2^exponent */
    const s1_u128 scaled = (s1_u128)mantissa * S1_DEC_UNIT;      /* < 2^113 */
    s1_u128 magnitude;
    if (exponent >= 0) {
        if (exponent > 126 || scaled > ((((s1_u128)1 << 127) - 1) >> exponent)) {
            return s1_dec_internal_overflow("from double", err);
        }
        magnitude = scaled << exponent;
    } else if (exponent <= -127) {
        magnitude = 0; /* below 2^113 / 2^127: less than half a unit */
    } else {
        const s1_u128 divisor = (s1_u128)1 << -exponent;
        magnitude = scaled >> -exponent;
        magnitude += s1_dec_internal_increment(magnitude, scaled & (divisor - 1), divisor,
                                               is_negative, S1_ROUND_HALF_EVEN);
    }
    *ret_value = s1_dec_internal_signed(magnitude, is_negative);
    return S1_OK;
}

/* The double nearest to the value (ties to even). For indicators, statistics and display. */
static inline double s1_dec_to_double(s1_dec value)
{
    const s1_i128 raw = s1_dec_raw(value);
    if (raw >= -((s1_i128)1 << 53) && raw <= (s1_i128)1 << 53) {
        return (double)(int64_t)raw / 1e18; /* both exact, so one rounding */
    }
    s1_u128 number = s1_dec_internal_magnitude(raw);
    const uint64_t top = (uint64_t)(number >> 64);
    const int length =
        top != 0 ? 128 - __builtin_clzll(top) : 64 - __builtin_clzll((uint64_t)number);
    const int shift = 123 - length; /* the quotient then has 63 or 64 bits: 10 below the double's */
    uint64_t sticky = 0;
    if (shift >= 0) {
        number <<= shift;
    } else {
        sticky = (number & (((s1_u128)1 << -shift) - 1)) != 0;
        number >>= -shift;
    }
    uint64_t rest;
    uint64_t quotient =
        s1_dec_internal_div2by1((uint64_t)(number >> 64), (uint64_t)number, S1_DEC_UNIT, &rest);
    quotient |= sticky | (uint64_t)(rest != 0);
    double factor; /* 2^-shift; -4..70 */
    const uint64_t factor_bits = (uint64_t)(1023 - shift) << 52;
    memcpy(&factor, &factor_bits, sizeof factor);
    const double magnitude = (double)quotient * factor;
    return raw < 0 ? -magnitude : magnitude;
}

/* --- Text ---------------------------------------------------------------------------------- */

__attribute__((cold, noinline, unused)) static void s1_dec_internal_report_malformed(s1_str text,
                                                                                     s1_err *err)
{
    const int shown = text.len > 64 ? 64 : (int)text.len;
    (void)S1_RAISE(err, S1_E_INVALID,
                   "found '%.*s', expected a decimal such as -12.345 (digits, at most 18 after "
                   "the point, no exponent)",
                   shown, text.ptr != NULL ? text.ptr : "");
}

static inline s1_rc s1_dec_internal_malformed(s1_str text, s1_err *err)
{
    s1_dec_internal_report_malformed(text, err);
    return S1_E_INVALID;
}

/* [+-]digits[.digits], at most 18 digits after the point, nothing before or behind: the exact
 * value or an error. Errors: S1_E_INVALID malformed, S1_E_RANGE too large. */
S1_WARN_UNUSED static inline s1_rc s1_dec_parse(s1_str text, s1_dec *ret_value, s1_err *err)
{
    size_t at = 0;
    bool is_negative = false;
    if (text.len > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+')) {
        is_negative = text.ptr[0] == '-';
        at = 1;
    }
    const size_t whole_at = at;
    s1_u128 whole = 0;
    bool is_huge = false;
    for (; at < text.len; at++) {
        const unsigned digit = (unsigned)(unsigned char)text.ptr[at] - '0';
        if (digit > 9) {
            break;
        }
        if (whole <= UINT64_MAX) { /* ten times that is out of range already: only syntax counts */
            whole = whole * 10 + digit;
        } else {
            is_huge = true;
        }
    }
    if (at == whole_at) {
        return s1_dec_internal_malformed(text, err);
    }
    uint64_t fraction = 0;
    if (at < text.len) {
        const size_t fraction_at = at + 1;
        if (text.ptr[at] != '.' || text.len - fraction_at == 0 ||
            text.len - fraction_at > S1_DEC_SCALE) {
            return s1_dec_internal_malformed(text, err);
        }
        for (at = fraction_at; at < text.len; at++) {
            const unsigned digit = (unsigned)(unsigned char)text.ptr[at] - '0';
            if (digit > 9) {
                return s1_dec_internal_malformed(text, err);
            }
            fraction = fraction * 10 + digit;
        }
        fraction *= s1_dec_internal_pow10(S1_DEC_SCALE - (unsigned)(text.len - fraction_at));
    }
    if (is_huge || whole > (((s1_u128)1 << 127) - 1) / S1_DEC_UNIT) {
        return s1_dec_internal_overflow("parse", err);
    }
    const s1_u128 magnitude = whole * S1_DEC_UNIT + fraction;
    if ((magnitude >> 127) != 0) {
        return s1_dec_internal_overflow("parse", err);
    }
    *ret_value = s1_dec_internal_signed(magnitude, is_negative);
    return S1_OK;
}

/* Two digits at `out`. */
static inline void s1_dec_internal_pair(char *out, unsigned value)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    memcpy(out, pairs + 2 * (size_t)value, 2);
}

/* The 9 digits of a value below 10^9. */
static inline void s1_dec_internal_nine(char *out, uint32_t value)
{
    const uint32_t top = value / 100000000u;
    const uint32_t low = value - top * 100000000u;
    const uint32_t a = low / 10000u, b = low - a * 10000u;
    out[0] = (char)('0' + top);
    s1_dec_internal_pair(out + 1, a / 100u);
    s1_dec_internal_pair(out + 3, a % 100u);
    s1_dec_internal_pair(out + 5, b / 100u);
    s1_dec_internal_pair(out + 7, b % 100u);
}

/* The digits of `value` without leading zeros; at least one. Returns their number, at most 20. */
static inline size_t s1_dec_internal_digits(char *out, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    while (value >= 100) {
        at -= 2;
        s1_dec_internal_pair(digits + at, (unsigned)(value % 100));
        value /= 100;
    }
    if (value >= 10) {
        at -= 2;
        s1_dec_internal_pair(digits + at, (unsigned)value);
    } else {
        digits[--at] = (char)('0' + value);
    }
    memcpy(out, digits + at, sizeof digits - at);
    return sizeof digits - at;
}

/* Sign and digits before the point; hands back the digits behind it as an integer below 10^18.
 * A magnitude up to 2^128 is welcome. Returns the length. */
static inline size_t s1_dec_internal_print_whole(s1_u128 magnitude, bool is_negative, char *out,
                                                 uint64_t *ret_fraction)
{
    s1_u128 rest;
    const s1_u128 whole = s1_dec_internal_divide(0, magnitude, S1_DEC_UNIT, &rest);
    *ret_fraction = (uint64_t)rest;
    size_t length = 0;
    if (is_negative) {
        out[length++] = '-';
    }
    if (__builtin_expect((whole >> 64) != 0, 0)) { /* 21 digits: below 3.5e20 */
        const uint64_t top = (uint64_t)(whole / 1000000000u);
        length += s1_dec_internal_digits(out + length, top);
        s1_dec_internal_nine(out + length, (uint32_t)(whole % 1000000000u));
        return length + 9;
    }
    return length + s1_dec_internal_digits(out + length, (uint64_t)whole);
}

/* Plain notation without trailing zeros: "0", "-12.5"; never "-0", never an exponent. NUL-
 * terminated. Returns the length without the NUL. s1_dec_parse gives the same value back. */
static inline size_t s1_dec_print(s1_dec value, char out[S1_DEC_TEXT_MAX])
{
    const s1_i128 raw = s1_dec_raw(value);
    uint64_t fraction;
    size_t length =
        s1_dec_internal_print_whole(s1_dec_internal_magnitude(raw), raw < 0, out, &fraction);
    if (fraction != 0) {
        const uint32_t high = (uint32_t)(fraction / 1000000000u);
        const uint32_t low = (uint32_t)(fraction - (uint64_t)high * 1000000000u);
        out[length++] = '.';
        s1_dec_internal_nine(out + length, high);
        length += 9;
        if (low != 0) {
            s1_dec_internal_nine(out + length, low);
            length += 9;
        }
        while (out[length - 1] == '0') {
            length--;
        }
    }
    out[length] = '\0';
    return length;
}

/* Exactly `places` (0..18) digits after the point, for people: "1234.50", never "-0.00". NUL-
 * terminated. Returns the length without the NUL. */
static inline size_t s1_dec_print_fixed(s1_dec value, unsigned places, enum s1_rounding rounding,
                                        char out[S1_DEC_TEXT_MAX])
{
    const s1_i128 raw = s1_dec_raw(value);
    const s1_u128 magnitude = s1_dec_internal_magnitude(raw);
    const uint64_t divisor = s1_dec_internal_pow10(S1_DEC_SCALE - places);
    s1_u128 rest;
    const s1_u128 quotient = s1_dec_internal_divide(0, magnitude, divisor, &rest);
    s1_u128 rounded = magnitude - rest;
    if (s1_dec_internal_increment(quotient, rest, divisor, raw < 0, rounding) != 0) {
        rounded += divisor;
    }
    uint64_t fraction;
    size_t length = s1_dec_internal_print_whole(rounded, raw < 0 && rounded != 0, out, &fraction);
    if (places > 0) {
        out[length++] = '.';
        char digits[18];
        s1_dec_internal_nine(digits, (uint32_t)(fraction / 1000000000u));
        s1_dec_internal_nine(digits + 9, (uint32_t)(fraction % 1000000000u));
        memcpy(out + length, digits, places);
        length += places;
    }
    out[length] = '\0';
    return length;
}

#ifdef __cplusplus
}
#endif
#endif /* S1MPLE_DECIMAL_H */
