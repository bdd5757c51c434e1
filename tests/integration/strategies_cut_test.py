#!/usr/bin/env python3
"""Every example strategy on the first so many bars decides what it decides on all of them: the whole
chain of its workers through the program, on the recordings its page names. The journal up to the cut
is the same bytes (the run's own entries, hashes included, apart)."""

import datetime
import json
import pathlib

import harness
from harness import call
from no_lookahead_test import lines
from strategies_test import PAGES, commands

SHARES = (0.35, 0.8)  # of the bars of the run


def moment(line):
    """When the bar of a CSV line opens: epoch seconds, or ISO 8601 in UTC. None for a header."""
    cell = line.split(",", 1)[0]
    if cell.isdigit():
        return int(cell)
    try:
        return int(datetime.datetime.fromisoformat(cell).replace(
            tzinfo=datetime.timezone.utc).timestamp())
    except ValueError:
        return None


def cut_file(path, last, to):
    """The lines whose bars are closed at `last`."""
    rows = path.read_text().splitlines(keepends=True)
    times = [moment(row) for row in rows]
    step = min(b - a for a, b in zip(times[1:], times[2:]) if b > a)
    to.write_text("".join(row for row, time in zip(rows, times)
                          if time is None or time + step <= last))


def run(work, name, steps, last=None):
    """The strategy in a folder of its own, its recordings cut at a moment; its results."""
    work.mkdir()
    harness.config(work)
    for number, step in enumerate(steps):
        if step[:2] == ["data", "import"]:
            path = pathlib.Path(step[2])
            if last is not None:
                cut_file(path, last, work / f"{number}.csv")
                path = work / f"{number}.csv"
            call(work, *step[:2], path, *step[3:])
    call(work, "backtest", name, "--results", "r")
    return work / "r"


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def check(root, name, steps):
    full = run(root / name, name, steps)
    told = json.loads((full / "run.json").read_text())
    begun, ended = seconds(told["from"][:19] + "Z"), seconds(told["to"][:19] + "Z")
    compared = []
    for share in SHARES:
        last = int((begun + (ended - begun) * share) // 86400 * 86400)
        cut = run(root / f"{name}{share}", name, steps, last)
        at = datetime.datetime.fromtimestamp(last, datetime.timezone.utc).strftime(
            "%Y-%m-%dT%H:%M:%S.000000000Z")
        short, whole = lines(cut, at), lines(full, at)
        # What the whole run does at `at` beyond this is the next bar's: it opens at that time.
        assert short == whole[:len(short)], \
            next((a, b) for a, b in zip(short, whole) if a != b)
        rest = [json.loads(line) for line in whole[len(short):]]
        decided = [e for e in rest if e["time"] != at
                   or e["type"].startswith(("OPPORTUNITY_", "THREAT_", "PLAN_"))]
        assert not decided, f"{name}: decided before {at} only with later bars: {decided[0]}"
        assert len(short) > 50, f"{name}: {len(short)} entries at {at}"
        compared.append(len(short))
    print(f"{name}: {compared} entries before the cuts are the same")


def main():
    with harness.folder() as folder:
        for page in sorted(PAGES.glob("*.md")):
            steps = commands(page.read_text())
            absent = [s[2] for s in steps if s[:2] == ["data", "import"]
                      and not pathlib.Path(s[2]).is_file()]
            if absent:
                print(f"skipped: {page.stem}: {absent[0]} is not there")
                continue
            check(pathlib.Path(folder), page.stem, steps)


if __name__ == "__main__":
    main()
