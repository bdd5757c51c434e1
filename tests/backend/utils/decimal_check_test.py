#!/usr/bin/env python3
"""One million random decimal operations of ours against Python's decimal.

The unit test's executable prints "op rounding a b c [more] result" per line; everything on the line
is read back by Python, worked out anew with plenty of digits, and compared as text. So parsing and
printing are checked on every line, too.

    decimal_check_test.py [COUNT] [SEED]        S1_BUILD_DIR names the build (default build/dev)
"""
import decimal
import os
import subprocess
import sys
from decimal import Decimal

ROUNDINGS = {
    "E": decimal.ROUND_HALF_EVEN,
    "D": decimal.ROUND_DOWN,
    "U": decimal.ROUND_UP,
    "F": decimal.ROUND_FLOOR,
    "C": decimal.ROUND_CEILING,
}
WORK = decimal.Context(prec=200)
decimal.setcontext(WORK)  # else even abs() would round to 28 digits
UNIT = Decimal(1).scaleb(-18)
LIMIT = Decimal(2**127 - 1).scaleb(-18)


def to_unit(value, rounding):
    """To 18 places, or RANGE. `value` is exact or has far more digits than are kept."""
    result = value.quantize(UNIT, rounding=rounding, context=WORK)
    return "RANGE" if abs(result) > LIMIT else text(result)


def text(value):
    shown = format(value, "f")
    if "." in shown:
        shown = shown.rstrip("0").rstrip(".")
    return "0" if shown in ("-0", "") else shown


def ratio(numerator, denominator, rounding):
    """numerator / denominator to 18 places by integers: a rounded quotient would round twice."""
    if denominator == 0:
        return "RANGE"
    n = int(numerator.scaleb(54, context=WORK))
    d = int(denominator.scaleb(54, context=WORK))
    n *= 10**18
    negative = (n < 0) != (d < 0)
    quotient, rest = divmod(abs(n), abs(d))
    if rest:
        if rounding == decimal.ROUND_HALF_EVEN:
            twice = 2 * rest
            quotient += twice > abs(d) or (twice == abs(d) and quotient & 1)
        elif rounding == decimal.ROUND_UP:
            quotient += 1
        elif rounding == decimal.ROUND_FLOOR:
            quotient += negative
        elif rounding == decimal.ROUND_CEILING:
            quotient += not negative
    if quotient > 2**127 - 1:
        return "RANGE"
    return text(Decimal(-quotient if negative else quotient).scaleb(-18, context=WORK))


def step(value, unit, rounding):
    if unit <= 0:
        return "INVALID"
    n, d = int(value.scaleb(18, context=WORK)), int(unit.scaleb(18, context=WORK))
    whole = Decimal(ratio_int(n, d, rounding) * d).scaleb(-18, context=WORK)
    return "RANGE" if abs(whole) > LIMIT else text(whole)


def ratio_int(n, d, rounding):
    quotient = WORK.divide(Decimal(n), Decimal(d))
    exact = quotient.quantize(Decimal(1), rounding=rounding, context=WORK)
    return int(exact)


def expected(op, rounding, a, b, c, more):
    if op == "add":
        return to_unit(WORK.add(a, b), rounding)
    if op == "sub":
        return to_unit(WORK.subtract(a, b), rounding)
    if op == "mul":
        return to_unit(WORK.multiply(a, b), rounding)
    if op == "div":
        return ratio(a, b, rounding)
    if op == "muldiv":
        return ratio(WORK.multiply(a, b), c, rounding)
    if op == "step":
        return step(a, b, rounding)
    if op == "double":
        return to_unit(WORK.create_decimal(Decimal(float.fromhex(more[0]))), decimal.ROUND_HALF_EVEN)
    if op == "fixed":
        places = int(more[0])
        rounded = a.quantize(Decimal(1).scaleb(-places), rounding=rounding, context=WORK)
        return format(abs(rounded) if rounded == 0 else rounded, "f")
    if op == "todouble":
        return float(a).hex()
    raise SystemExit(f"unknown operation {op}")


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000000
    seed = sys.argv[2] if len(sys.argv) > 2 else "42"
    build = os.environ.get("S1_BUILD_DIR", "build/dev")
    driver = os.path.join(build, "tests", "backend_utils_decimal_test")
    process = subprocess.Popen(
        [driver, "--ops", seed, str(count)], stdout=subprocess.PIPE, text=True, bufsize=1 << 20
    )
    seen = {}
    checked = wrong = 0
    for line in process.stdout:
        op, name, a, b, c, *more, found = line.split()
        want = expected(op, ROUNDINGS[name], Decimal(a), Decimal(b), Decimal(c), more)
        if op == "todouble":
            found = float.fromhex(found).hex()
        if want != found:
            wrong += 1
            if wrong <= 10:
                print(f"seed {seed}: {line.strip()}\n    expected {want}")
        checked += 1
        key = (op, name, found if found in ("RANGE", "INVALID") else "ok")
        seen[key] = seen.get(key, 0) + 1
    if process.wait() != 0:
        print(f"{driver} ended with {process.returncode}")
        return 1
    missing = [
        (op, name)
        for op in ("mul", "div", "muldiv", "step", "fixed")
        for name in ROUNDINGS
        if not seen.get((op, name, "ok"))
    ]
    print(f"{checked} operations, {wrong} wrong, {sum(v for k, v in seen.items() if k[2] == 'RANGE')} overflows")
    return 1 if wrong or missing or checked != count else 0


if __name__ == "__main__":
    sys.exit(main())
