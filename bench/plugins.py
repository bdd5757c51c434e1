#!/usr/bin/env python3
"""Writes the section "Cost per plugin" of docs/benchmarks.md.

    tools/build.sh release bench-bin && python3 bench/plugins.py [--bars N] [--build build/release]

The rows are bench/plugins.c's. Nothing of it is asserted by a test: a machine is not a rule.
"""

import argparse
import os
import pathlib
import statistics
import subprocess

PAGE = pathlib.Path("docs/benchmarks.md")
TITLE = "\n## Cost per plugin"
BARS = "data/golden/backtesting_py/EURUSD.csv"
TYPES = ["context_worker", "opportunity_worker", "threat_worker", "planning_worker",
         "execution_worker"]


def rows_of(build, bars):
    shared = os.environ.get("S1_SHARED", "../shared")
    command = [build / "bench/plugins", build / "plugins"]
    if (pathlib.Path(shared) / BARS).exists():
        command += [BARS, str(bars)]
    out = subprocess.run(command, check=True, capture_output=True, text=True,
                         env=os.environ | {"S1_SHARED": shared}).stdout
    return [line.split("\t") for line in out.splitlines()]


def medians(runs):
    """The rows of the first run, with the median cost of all."""
    costs = {}
    for rows in runs:
        for row in rows:
            costs.setdefault((row[0], row[2]), []).append(float(row[4]))
    return [[*row[:4], statistics.median(costs[row[0], row[2]]), row[5]] for row in runs[0]]


def table(rows):
    lines = ["| type | plugin | ns a call |", "|---|---|---|"]
    plain = [row for row in rows if not row[2]]
    for name, kind, _, _, nanos, _ in sorted(plain, key=lambda r: (TYPES.index(r[1]), r[0])):
        lines.append(f"| {kind.removesuffix('_worker')} | {name} | {max(0, float(nanos)):.0f} |")
    return lines


def variants(rows):
    """The indicators of one plugin, dearest first, in a few lines."""
    found = {}
    for name, _, setting, _, nanos, _ in rows:
        if setting:
            found.setdefault(name, []).append((max(0.0, float(nanos)), setting))
    lines = []
    for name, costs in found.items():
        costs.sort()
        middle = costs[len(costs) // 2][0]
        lines += ["", f"{name}, by indicator: {costs[0][0]:.0f} to {costs[-1][0]:.0f} ns, half of "
                  f"them below {middle:.0f}.", "", "| ns a call | indicators |", "|---|---|"]
        low = 0
        for high in (10, 20, 40, 80, 160, 10 ** 9):
            names = sorted(s for cost, s in costs if low <= cost < high)
            if names:
                label = f"{low} to {high}" if high < 10 ** 9 else f"{low} and more"
                lines.append(f"| {label} | {', '.join(names)} |")
            low = high
    return lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bars", type=int, default=5000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/release"))
    options = parser.parse_args()
    rows = medians([rows_of(options.build.resolve(), options.bars) for _ in range(options.runs)])
    text = "\n".join([
        TITLE, "",
        f"Written by `bench/plugins.py`; do not edit. One call of each bundled plugin with its "
        f"defaults, over {options.bars:,} hourly bars of EUR/USD in the plugins' test harness: the "
        "bars with its calls, less the same bars with calls of nothing, the least of 15 rounds of "
        f"each; the median of {options.runs} such runs. Context, opportunity and threat workers are called once a bar, planning workers once "
        "a signal, execution workers once a bar and at every trigger. What the host does for a "
        "signal, a report or an order is in it.", "",
        *table(rows), *variants(rows), ""])
    page = PAGE.read_text()
    PAGE.write_text(page.partition(TITLE)[0].rstrip("\n") + "\n" + text)
    print(text)


if __name__ == "__main__":
    main()
