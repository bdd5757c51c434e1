/* Printing is Schubfach (R. Giulietti, "The Schubfach way to render doubles"); reading is
 * Clinger's fast path and Eisel-Lemire (D. Lemire, "Number parsing at a gigabyte per second"). Both
 * multiply by one table of 128-bit powers of ten. */
#include "backend/utils/dtoa.h"

#include "backend/utils/assert.h"
#include "backend/utils/dtoa_powers_internal.h"
#include "s1mple/decimal.h"

#include <string.h>

#define MANTISSA_BITS 52
#define EXPONENT_BIAS 1075 /* value = mantissa * 2^(biased - 1075) */
#define EXPONENT_INF  0x7ffu

static int floor_log2_pow10(int exponent)
{
    return (exponent * 1741647) >> 19;
}

/* The high part of power * factor, its lowest bit set if anything below it is. */
static uint64_t multiply_round_to_odd(dtoa_power power, uint64_t factor)
{
    const s1_u128 x = (s1_u128)power.low * factor;
    const s1_u128 y = (s1_u128)power.high * factor + (uint64_t)(x >> 64);
    return (uint64_t)(y >> 64) | ((uint64_t)y > 1);
}

/* digits * 10^exponent for a positive finite double; digits may end in zeros. */
static void shortest_decimal(uint64_t fraction, unsigned biased, uint64_t *ret_digits,
                             int *ret_exponent)
{
    const uint64_t c = biased != 0 ? fraction | 1ULL << MANTISSA_BITS : fraction;
    const int q = (int)(biased != 0 ? biased : 1) - EXPONENT_BIAS;
    if (q <= 0 && -q <= MANTISSA_BITS && (c & ((1ULL << -q) - 1)) == 0) {
        *ret_digits = c >> -q; /* an integer */
        *ret_exponent = 0;
        return;
    }
    const bool is_closer_below = fraction == 0 && biased > 1;
    /* floor(log10(2^q)), or of 3/4 2^q where the gap below is half as wide */
    const int k = (q * 1262611 - (is_closer_below ? 524031 : 0)) >> 22;
    const int shift = q + floor_log2_pow10(-k) + 1; /* 1..4 */
    dtoa_power power = dtoa_powers[-k - DTOA_POWER_MIN];
    if (-k < 0 || -k > 55) { /* the method wants it rounded up */
        power.low++;
        power.high += power.low == 0;
    }
    /* The double and the borders of what reads back as it, in units of 10^k / 4. */
    const uint64_t below = multiply_round_to_odd(power, (4 * c - 2 + is_closer_below) << shift);
    const uint64_t value = multiply_round_to_odd(power, (4 * c) << shift);
    const uint64_t above = multiply_round_to_odd(power, (4 * c + 2) << shift);
    const uint64_t is_odd = c & 1u; /* borders belong to the even neighbour */
    const uint64_t lower = below + is_odd;
    const uint64_t upper = above - is_odd;

    const uint64_t s = value / 4;
    if (s >= 10) { /* one digit less? */
        const uint64_t shorter = s / 10;
        const bool is_under_inside = lower <= 40 * shorter;
        const bool is_over_inside = 40 * shorter + 40 <= upper;
        if (is_under_inside != is_over_inside) {
            *ret_digits = shorter + is_over_inside;
            *ret_exponent = k + 1;
            return;
        }
    }
    const bool is_under_inside = lower <= 4 * s;
    const bool is_over_inside = 4 * s + 4 <= upper;
    const uint64_t middle = 4 * s + 2;
    const bool is_up = is_under_inside != is_over_inside
                           ? is_over_inside
                           : value > middle || (value == middle && (s & 1u) != 0);
    *ret_digits = s + is_up;
    *ret_exponent = k;
}

/* *digits > 0. */
static void strip_zeros(uint64_t *digits, int *exponent)
{
    uint64_t d = *digits;
    int e = *exponent;
    if (d % 100000000u == 0) {
        d /= 100000000u;
        e += 8;
    }
    if (d % 100000000u == 0) {
        d /= 100000000u;
        e += 8;
    }
    if (d % 10000u == 0) {
        d /= 10000u;
        e += 4;
    }
    if (d % 100u == 0) {
        d /= 100u;
        e += 2;
    }
    if (d % 10u == 0) {
        d /= 10u;
        e += 1;
    }
    *digits = d;
    *exponent = e;
}

void s1_double_shortest(double value, uint64_t *ret_digits, int *ret_exponent)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    const unsigned biased = (unsigned)(bits >> MANTISSA_BITS) & EXPONENT_INF;
    S1_ASSERT(biased != EXPONENT_INF);
    uint64_t digits;
    int exponent;
    if (bits << 1 == 0) {
        *ret_digits = 0;
        *ret_exponent = 0;
        return;
    }
    shortest_decimal(bits & ((1ULL << MANTISSA_BITS) - 1), biased, &digits, &exponent);
    strip_zeros(&digits, &exponent);
    *ret_digits = digits;
    *ret_exponent = exponent;
}

/* d.ddde+XX */
static size_t print_scientific(const char *digits, size_t count, int power, char *out)
{
    size_t at = 0;
    out[at++] = digits[0];
    if (count > 1) {
        out[at++] = '.';
        memcpy(out + at, digits + 1, count - 1);
        at += count - 1;
    }
    out[at++] = 'e';
    out[at++] = power < 0 ? '-' : '+';
    unsigned magnitude = (unsigned)(power < 0 ? -power : power);
    if (magnitude >= 100) {
        out[at++] = (char)('0' + magnitude / 100);
        magnitude %= 100;
    }
    s1_dec_internal_pair(out + at, magnitude); /* at least two digits, as Python has them */
    return at + 2;
}

/* Digits with the point behind the first `point` of them (which may lie outside). */
static size_t print_plain(const char *digits, size_t count, int point, bool is_compact, char *out)
{
    if (point <= 0) { /* 0.000ddd */
        memcpy(out, "0.000000", 8);
        const size_t at = 2 + (size_t)-point;
        memcpy(out + at, digits, count);
        return at + count;
    }
    const size_t whole = (size_t)point;
    if (whole < count) {
        memcpy(out, digits, whole);
        out[whole] = '.';
        memcpy(out + whole + 1, digits + whole, count - whole);
        return count + 1;
    }
    memcpy(out, digits, count);
    memset(out + count, '0', whole - count);
    if (is_compact) {
        return whole;
    }
    memcpy(out + whole, ".0", 2);
    return whole + 2;
}

static size_t print(double value, bool is_compact, char out[S1_DOUBLE_TEXT_MAX])
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    const unsigned biased = (unsigned)(bits >> MANTISSA_BITS) & EXPONENT_INF;
    const uint64_t fraction = bits & ((1ULL << MANTISSA_BITS) - 1);
    if (biased == EXPONENT_INF) {
        memcpy(out, "null", 5);
        return 4;
    }
    size_t at = 0;
    if ((bits >> 63) != 0) {
        out[at++] = '-';
    }
    if ((biased | fraction) == 0) {
        memcpy(out + at, "0.0", 4);
        at += is_compact ? 1 : 3;
        out[at] = '\0';
        return at;
    }
    uint64_t number;
    int exponent;
    shortest_decimal(fraction, biased, &number, &exponent);
    if (exponent != 0) { /* an integer keeps its zeros: they are printed anyway */
        strip_zeros(&number, &exponent);
    }
    char digits[20];
    const size_t count = s1_dec_internal_digits(digits, number);
    const int point = (int)count + exponent; /* value = 0.digits * 10^point */
    if (point > -4 && point <= 16) {
        at += print_plain(digits, count, point, is_compact, out + at);
    } else {
        at += print_scientific(digits, count, point - 1, out + at);
    }
    out[at] = '\0';
    return at;
}

size_t s1_double_print(double value, char out[S1_DOUBLE_TEXT_MAX])
{
    return print(value, false, out);
}

size_t s1_double_print_compact(double value, char out[S1_DOUBLE_TEXT_MAX])
{
    return print(value, true, out);
}

/* --- Reading ------------------------------------------------------------------------------- */

static double from_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The double nearest to digits * 10^exponent; digits != 0. */
static double eisel_lemire(uint64_t digits, int exponent)
{
    if (exponent < DTOA_POWER_MIN) {
        return 0.0;
    }
    if (exponent > 308) {
        return from_bits((uint64_t)EXPONENT_INF << MANTISSA_BITS);
    }
    const int zeros = __builtin_clzll(digits);
    const uint64_t w = digits << zeros;
    dtoa_power power = dtoa_powers[exponent - DTOA_POWER_MIN];
    if (exponent < 0) { /* the proof wants reciprocals rounded up */
        power.low++;
        power.high += power.low == 0;
    }
    s1_u128 product = (s1_u128)w * power.high;
    if (((uint64_t)(product >> 64) & 0x1ff) == 0x1ff) { /* too close to call by 64 bits alone */
        product += (uint64_t)(((s1_u128)w * power.low) >> 64);
    }
    const uint64_t high = (uint64_t)(product >> 64);
    const int upper = (int)(high >> 63);
    uint64_t mantissa = high >> (upper + 64 - MANTISSA_BITS - 3);
    int biased = floor_log2_pow10(exponent) + 63 + upper - zeros + 1023;
    if (biased <= 0) { /* subnormal, or nothing */
        if (-biased + 1 >= 64) {
            return 0.0;
        }
        mantissa >>= -biased + 1;
        mantissa += mantissa & 1u;
        mantissa >>= 1; /* if it grew to 2^52, that bit is the exponent's */
        return from_bits(mantissa);
    }
    if ((uint64_t)product <= 1 && exponent >= -4 && exponent <= 23 && (mantissa & 3u) == 1 &&
        mantissa << (upper + 64 - MANTISSA_BITS - 3) == high) {
        mantissa &= ~1ULL; /* exactly half way: to even */
    }
    mantissa += mantissa & 1u;
    mantissa >>= 1;
    if (mantissa >= 2ULL << MANTISSA_BITS) {
        mantissa = 1ULL << MANTISSA_BITS;
        biased++;
    }
    if (biased >= (int)EXPONENT_INF) {
        return from_bits((uint64_t)EXPONENT_INF << MANTISSA_BITS);
    }
    mantissa &= ~(1ULL << MANTISSA_BITS);
    return from_bits(mantissa | (uint64_t)biased << MANTISSA_BITS);
}

bool s1_double_from_decimal(uint64_t digits, int exponent, bool is_truncated, double *ret_value)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (digits == 0 && !is_truncated) {
        *ret_value = 0.0;
        return true;
    }
    if (!is_truncated && digits <= 1ULL << 53 && exponent >= -22 && exponent <= 22) {
        *ret_value = exponent < 0
                         ? (double)digits / powers[-exponent]
                         : (double)digits * powers[exponent]; /* exact, exact: one rounding */
        return true;
    }
    const double value = digits != 0 ? eisel_lemire(digits, exponent) : 0.0;
    if (is_truncated) {
        const double next = eisel_lemire(digits + 1, exponent);
        if (value < next) {
            return false;
        }
    }
    *ret_value = value;
    return true;
}
