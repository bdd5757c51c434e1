#!/usr/bin/env python3
"""Works out the table of dtoa_powers_internal.h anew and compares. With UPDATE=1 writes it."""
import os
import sys

MIN, MAX = -342, 324
PATH = "backend/utils/dtoa_powers_internal.h"
HEAD = """/* Written by tests/backend/utils/dtoa_powers_test.py, which also checks it. Internal to dtoa.c.
 *
 * The first 128 bits of 10^q, q = -342..324, rounded down: 10^q = (high:low + r) * 2^e, 0 <= r < 1,
 * with the top bit of `high` set. r is 0 for q = 0..55. */
#ifndef S1_UTILS_DTOA_POWERS_INTERNAL_H
#define S1_UTILS_DTOA_POWERS_INTERNAL_H

#include <stdint.h>

#define DTOA_POWER_MIN (-342)
#define DTOA_POWER_MAX 324

typedef struct dtoa_power {
    uint64_t high, low;
} dtoa_power;

/* clang-format off */
static const dtoa_power dtoa_powers[DTOA_POWER_MAX - DTOA_POWER_MIN + 1] = {
"""
TAIL = """};
/* clang-format on */

#endif /* S1_UTILS_DTOA_POWERS_INTERNAL_H */
"""


def power(q):
    """floor(10^q * 2^s) with exactly 128 bits."""
    if q >= 0:
        value = 10**q
        bits = value.bit_length()
        return value << (128 - bits) if bits <= 128 else value >> (bits - 128)
    divisor = 10**-q
    shift = 127 + divisor.bit_length()  # the quotient has 128 bits, or 127 for none: 10^n != 2^m
    return (1 << shift) // divisor


def table():
    rows = []
    for q in range(MIN, MAX + 1):
        bits = power(q)
        assert bits.bit_length() == 128, q
        rows.append("    {0x%016xULL, 0x%016xULL},\n" % (bits >> 64, bits & (2**64 - 1)))
    return HEAD + "".join(rows) + TAIL


def main():
    wanted = table()
    if os.environ.get("UPDATE") == "1":
        with open(PATH, "w", encoding="ascii") as out:
            out.write(wanted)
    with open(PATH, encoding="ascii") as found:
        if found.read() != wanted:
            print(f"{PATH} differs; UPDATE=1 {sys.argv[0]} writes it")
            return 1
    print(f"{MAX - MIN + 1} powers of ten as they should be")
    return 0


if __name__ == "__main__":
    sys.exit(main())
