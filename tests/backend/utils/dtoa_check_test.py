#!/usr/bin/env python3
"""Doubles as our printer writes them against Python's repr, text for text.

    dtoa_check_test.py [COUNT] [SEED]        S1_BUILD_DIR names the build (default build/dev)
"""
import math
import os
import struct
import subprocess
import sys


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000000
    seed = sys.argv[2] if len(sys.argv) > 2 else "7"
    driver = os.path.join(
        os.environ.get("S1_BUILD_DIR", "build/dev"), "tests", "backend_utils_dtoa_test"
    )
    process = subprocess.Popen(
        [driver, "--print", seed, str(count)], stdout=subprocess.PIPE, text=True, bufsize=1 << 20
    )
    checked = wrong = 0
    unpack = struct.Struct(">d").unpack
    for line in process.stdout:
        bits, found = line.split()
        (value,) = unpack(bytes.fromhex(bits))
        want = repr(value) if math.isfinite(value) else "null"
        checked += 1
        if want != found:
            wrong += 1
            if wrong <= 10:
                print(f"{bits}: found {found}, expected {want}")
    if process.wait() != 0:
        print(f"{driver} ended with {process.returncode}")
        return 1
    print(f"{checked} doubles, {wrong} wrong")
    return 1 if wrong or checked != count else 0


if __name__ == "__main__":
    sys.exit(main())
