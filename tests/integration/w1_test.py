#!/usr/bin/env python3
"""Work W1 on the real binary: every trade of the golden lists, for both fill rules, and the same
bytes on a second run, a rerun and a run from the recorded configuration."""

import csv
import datetime
import filecmp
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import harness  # noqa: E402

SOURCE = pathlib.Path(os.environ.get("S1_SOURCE_DIR", ".")).resolve()
BUILD = pathlib.Path(os.environ["S1_BUILD_DIR"])
SHARED = pathlib.Path(os.environ.get("S1_SHARED", SOURCE / "../shared"))
GOLDEN = SHARED / "golden/peers"
IDENTICAL = ["journal.jsonl", "result_trades.csv", "result_metrics.json", "equity.parquet"]
START = datetime.datetime(2021, 1, 1)


def call(*arguments):
    done = subprocess.run([str(BUILD / "s1mpletrader"), *map(str, arguments)], text=True,
                          capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def configuration(work):
    """The tree `init` writes, with W1's files over it."""
    config = work / "config"
    shutil.copytree(SOURCE / "config", config)
    overlay = SOURCE / "tests/integration/w1/config"
    for path in overlay.rglob("*.yaml"):
        shutil.copy(path, config / path.relative_to(overlay))
    return config


def minute(text):
    return int((datetime.datetime.fromisoformat(text[:19]) - START).total_seconds() // 60)


def compare(results, golden, shift):
    """Bars and prices equal, quantity to its last digit, pnl to the reference's rounding."""
    with open(results / "result_trades.csv", newline="") as file:
        ours = list(csv.DictReader(file))
    with open(golden, newline="") as file:
        reference = list(csv.DictReader(file))
    assert len(ours) == len(reference) == 278, (len(ours), len(reference))
    for number, (a, b) in enumerate(zip(ours, reference)):
        where = f"{golden.name}, trade {number}: {a} against {b}"
        assert minute(a["entry_time"]) - shift == int(b["entry_idx"]), where
        assert minute(a["exit_time"]) - shift == int(b["exit_idx"]), where
        assert float(a["entry_price"]) == float(b["entry_price"]), where
        assert float(a["exit_price"]) == float(b["exit_price"]), where
        assert abs(float(a["quantity"]) - float(b["qty"])) < 1e-9, where
        assert abs(float(a["pnl"]) - float(b["pnl"])) < 1e-7, where


def same(a, b):
    for name in IDENTICAL:
        assert filecmp.cmp(a / name, b / name, shallow=False), f"{name} of {a} and {b} differ"


def main():
    if not GOLDEN.is_dir():
        print(f"skipped: {GOLDEN} is absent")
        return
    with harness.folder() as folder:
        work = pathlib.Path(folder)
        config = configuration(work)
        call("data", "import", GOLDEN / "bars20k.csv", "--profile", "w1", "--pair", "SYN/USD",
             "--timeframe", "1m", "--archive", work / "archive")
        run = ["backtest", "w1", "--config", config, "--results"]
        call(*run, work / "next")
        # A fill at the open of bar i carries the open time of bar i, one at its close the close.
        compare(work / "next", GOLDEN / "lists/ref_f_c_n.csv", 0)
        call(*run, work / "close", "--set", "environments.w1.simulation.fill_rule=same_close")
        compare(work / "close", GOLDEN / "lists/ref_f_c_c.csv", 1)
        call(*run, work / "again")
        same(work / "next", work / "again")
        call("backtest", "--rerun", work / "next", "--results", work / "rerun")
        same(work / "next", work / "rerun")
        call("journal", "verify", work / "next")
        print("2 x 278 trades, and 3 runs of the same bytes")


if __name__ == "__main__":
    main()
