#!/usr/bin/env python3
"""The demo on the first so many bars decides what it decides on all of them: the journal up to the
last bar is the same bytes (the run's own entries, hashes included, apart)."""

import json
import pathlib
import shutil

import harness
from harness import call


def lines(results, last):
    """Entry lines up to a moment; at the moment itself only what stands before the next bar."""
    found = []
    for line in (results / "journal.jsonl").read_text().splitlines():
        entry = json.loads(line)
        if "type" in entry and not entry["type"].startswith("RUN_") and entry["time"] <= last:
            found.append(line)
    return found


def main():
    path = harness.sample()
    if path is None:
        return
    bars = path.read_text().splitlines(keepends=True)
    with harness.folder() as name:
        root = pathlib.Path(name)
        (root / "full").mkdir()
        harness.demo(root / "full")
        call(root / "full", "backtest", "demo", "--results", "r")
        for count in (60, 333, 1200, 2501, 3777, 4999):
            work = root / str(count)
            work.mkdir()
            harness.config(work)
            (work / "bars.csv").write_text("".join(bars[:count + 1]))
            harness.import_bars(work, work / "bars.csv")
            call(work, "backtest", "demo", "--results", "r")
            run = json.loads((work / "r/run.json").read_text())
            assert run["counts"]["ticks"] == count
            last = run["to"]
            short, full = lines(work / "r", last), lines(root / "full/r", last)
            # What the full run does at `last` beyond this is the next bar's: it opens at that time.
            assert short == full[:len(short)], next(p for p in zip(short, full) if p[0] != p[1])
            rest = [json.loads(line) for line in full[len(short):]]
            assert all(e["time"] == last and not e["type"].startswith(("OPPORTUNITY_", "THREAT_",
                                                                      "PLAN_"))
                       for e in rest), rest
            assert len(short) > (0 if count < 100 else 50)
            shutil.rmtree(work)


if __name__ == "__main__":
    main()
