#!/usr/bin/env python3
"""The data side beside its peers, the section "Data" of docs/benchmarks.md.

Usage: .deps/bench/data/bin/python bench/data.py [--rounds N] [--page]

Runs data_import.py, data_resample.py and data_size.py, times opening a backtest on the million bars
of bench/run.sh, and puts all of it into the page with --page.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/benchmarks.md"
TITLE = "## Data"
NEXT = "## Cost per plugin"


def script(name, *options):
    done = subprocess.run([sys.executable, ROOT / "bench" / name, *map(str, options)], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"bench: {name}\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def opening(rounds):
    """Rows of the table: how long a backtest on bench/run.sh's archive takes to its first bar."""
    results = ROOT / "build/bench/opened"
    times = {"open_ns": [], "data_ns": []}
    for _ in range(rounds):
        shutil.rmtree(results, ignore_errors=True)
        done = subprocess.run(
            [ROOT / "build/release/s1mpletrader", "backtest", "w1", "--config",
             ROOT / "build/bench/config", "--results", results], cwd=ROOT, capture_output=True,
            text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"bench: {done.stderr}")
        lines = [json.loads(line) for line in (results / "run.log.json").read_text().splitlines()]
        started = next(line for line in lines if "open_ns" in line)
        for name, values in times.items():
            values.append(started[name] / 1e9)
    return [f"{statistics.median(v):.3f} ({min(v):.3f} to {max(v):.3f})" for v in times.values()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--page", action="store_true")
    asked = parser.parse_args()
    to_first_bar, data = opening(asked.rounds)
    text = "\n".join([
        TITLE, "",
        "Written by `bench/data.py`; do not edit. Rounds are interleaved, one fresh process each; "
        "median (lowest to highest).", "",
        "### CSV into an archive", "",
        "Everybody reads the same file and writes the same DECIMAL columns, sorted, zstd; the rows "
        "were compared. Timed is the work without the start of the process, written to memory; "
        "fsync, on the disk, in a round of its own. We check every row, the peers do not.", "",
        script("data_import.py", "--rounds", asked.rounds), "",
        "### Trades to bars of one minute", "",
        script("data_resample.py", "--rounds", asked.rounds), "",
        "### Bytes", "",
        "The same rows, columns and types written by each, zstd, one file for one.", "",
        script("data_size.py", "build/bench/archive", "build/bench-resample/archive"), "",
        "### Opening", "",
        "A backtest on 1,000,000 bars of one minute, from its start to its first bar, the columns' "
        f"memory included: {to_first_bar} s; of it finding, checking and opening the data: "
        f"{data} s.", ""])
    print(text)
    if asked.page:
        page = PAGE.read_text()
        before = page.partition(f"\n{TITLE}\n")[0].partition(f"\n{NEXT}")[0].rstrip("\n")
        _, title, behind = page.partition(f"\n{NEXT}")
        PAGE.write_text(f"{before}\n\n{text}{title}{behind}")


if __name__ == "__main__":
    main()
