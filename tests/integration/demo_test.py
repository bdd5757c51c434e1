#!/usr/bin/env python3
"""The demo strategy on the real binary: every kind of outcome it is there to show, the invariants of
any journal, and the same bytes twice."""

import csv
import filecmp
import json
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import harness  # noqa: E402
import journal_invariants  # noqa: E402

SOURCE = pathlib.Path(os.environ.get("S1_SOURCE_DIR", ".")).resolve()
BUILD = pathlib.Path(os.environ["S1_BUILD_DIR"])
SHARED = pathlib.Path(os.environ.get("S1_SHARED", SOURCE / "../shared"))
SAMPLES = [SOURCE / ".deps/samples/EURUSD.csv", SHARED / "data/golden/backtesting_py/EURUSD.csv"]


def call(work, *arguments, expected=0):
    done = subprocess.run([str(BUILD / "s1mpletrader"), *map(str, arguments)], text=True,
                          capture_output=True, check=False, cwd=work)
    if done.returncode != expected:
        sys.exit(f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def check_cases(results):
    with open(results / "result_trades.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    reasons = {row["closure_reason"] for row in rows}
    assert {"TAKE_PROFIT", "STOP_LOSS", "TRAILING_STOP", "OPPOSITE_SIGNAL", "THREAT"} <= reasons
    assert all(bool(row["threat_id"]) == (row["closure_reason"] == "THREAT") for row in rows)
    refused = [e for e in journal_invariants.entries(results)
               if e["type"] == "OPPORTUNITY_REJECTED"]
    stages = {e["details"]["stage"] for e in refused}
    assert {"governor", "entry", "gate"} <= stages, stages
    assert all(e.get("threat_id") for e in refused if e["details"]["stage"] == "governor")


def check_explain(work, results):
    for entry in journal_invariants.entries(results):
        if entry["type"] in ("TRADE_CLOSED", "OPPORTUNITY_REJECTED"):
            key = "trade_id" if entry["type"] == "TRADE_CLOSED" else "opportunity_id"
            tree = json.loads(call(work, "explain", results, entry[key], "--json"))
            assert entry[key] in json.dumps(tree)
            if entry["seq"] > 400:
                break


def main():
    sample = next((path for path in SAMPLES if path.is_file()), None)
    if sample is None:
        print("skipped: neither .deps/samples nor shared/ holds EURUSD.csv")
        return
    with harness.folder() as folder:
        work = pathlib.Path(folder)
        shutil.copytree(SOURCE / "config", work / "config")
        call(work, "data", "import", sample, "--profile", "backtesting", "--pair", "EUR/USD",
             "--timeframe", "1h", "--archive", work / "demo/archive")
        for name in ("one", "two"):
            call(work, "backtest", "config/runs/demo.yaml", "--results", work / name)
        for name in ("journal.jsonl", "result_trades.csv", "result_metrics.json",
                     "equity.parquet", "context.parquet", "run.json"):
            assert filecmp.cmp(work / "one" / name, work / "two" / name, shallow=False), name
        kinds = journal_invariants.check(work / "one")
        check_cases(work / "one")
        check_explain(work, work / "one")
        call(work, "backtest", "demo", "--config", "config", "--results", work / "late",
             "--from", "2017-09-01")
        journal_invariants.check(work / "late")
        late = json.loads((work / "late/run.json").read_text())
        assert late["counts"]["warmup_bars"] > 50, late["counts"]
        assert not list(work.glob("*.partial"))
        print(kinds)


if __name__ == "__main__":
    main()
