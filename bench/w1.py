#!/usr/bin/env python3
"""Work W1 (../shared/golden/peers/INDEX.md) for us and the peers, and docs/benchmarks.md.

Rounds are interleaved: every contender runs once per round, each in a fresh process, so that a busy
minute hurts all alike, and each round starts with another. Ratios are made within a round.
"Engine" is the time around the engine's run call alone: no import, no file reading, no building of
the peer's objects; ours is the loop without reading the archive, until the last block of the
journal is written. Medians, with the spread in brackets.
"""

import argparse
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time

PEERS = {
    # name: (virtual environment, script, what it is asked for beside FILE.npz N)
    "vectorbt (numba)": ("vectorbt", "w_vectorbt.py"),
    "vectorbt (Rust)": ("vectorbt_rust", "w_vectorbt.py"),
    "backtesting.py": ("backtesting", "w_btpy.py"),
    "NautilusTrader": ("nautilus_trader", "w_nautilus.py"),
    "backtrader": ("backtrader", "w_backtrader.py"),
}
OURS = {
    "S1mpleTrader, journal full": "full",
    "S1mpleTrader, journal trades": "trades",
    "S1mpleTrader, journal off": "off",
}


def timed(command, cores=None, merged=False):
    """Runs a process, on these cores alone if given; returns (wall seconds, its output, with what
    it said beside it if merged)."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                               stderr=subprocess.STDOUT if merged else subprocess.PIPE,
                               preexec_fn=cores and (lambda: os.sched_setaffinity(0, cores)))
    output, errors = process.communicate()
    wall = time.perf_counter() - start
    if process.returncode != 0:
        sys.exit(f"bench: {' '.join(command)}\n{errors}")
    return wall, output


def run_ours(work, level, cores=None):
    results = work / "results"
    shutil.rmtree(results, ignore_errors=True)
    wall, _ = timed(["build/release/s1mpletrader", "backtest", "w1", "--config",
                     str(work / "config"), "--results", str(results), "--journal", level], cores)
    last = (results / "run.log.json").read_text().strip().splitlines()[-1]
    log = json.loads(last)
    metrics = json.loads((results / "run.json").read_text())
    trades = metrics.get("trades", metrics.get("counts", {}).get("trades"))
    return {"wall": wall, "engine": (log["engine_ns"] + log["journal_drain_ns"]) / 1e9,
            "trades": trades,
            "journal_bytes": sum(f.stat().st_size for f in results.glob("journal.jsonl*")),
            "entries": metrics["counts"]["journal_entries"], "drain": log["journal_drain_ns"] / 1e9,
            "rss": log["rss_peak_bytes"] / 1e6, "anon": log["rss_anon_bytes"] / 1e6}


def run_watched(work):
    """The run in work/results again, every condition of every worker watched: engine seconds."""
    _, output = timed(["build/release/s1mpletrader", "explain", str(work / "results"), "--funnel",
                       "--verbose"], merged=True)
    number, unit = re.search(r"repeated in ([0-9.]+) (ms|s) of engine time", output).groups()
    return float(number) * {"ms": 1e-3, "s": 1.0}[unit]


def run_peer(work, scripts, bars, peer):
    venv, script = PEERS[peer]
    python = pathlib.Path(".deps/bench") / venv / "bin/python"
    wall, output = timed([str(python), str(scripts / script), "bars",
                          str(work / f"data-{bars}/bars.npz"), str(bars)])
    line = next(l for l in output.splitlines() if l.startswith("RESULT "))
    result = json.loads(line[len("RESULT "):])
    return {"wall": wall, "engine": result["engine_s"], "trades": result.get("trades")}


def spread(values, digits):
    middle = statistics.median(values)
    return f"{middle:.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def cpu_name():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def entry_cost(full, off):
    """Nanoseconds a journal entry adds to the engine: medians of the runs with and without."""
    added = (statistics.median(r["engine"] for r in full) -
             statistics.median(r["engine"] for r in off))
    return added * 1e9 / full[0]["entries"]


def budgets(runs, pinned, watched):
    """What ARCHITECTURE section 9 allows beside the table, and what was found."""
    full, off = runs["S1mpleTrader, journal full"], runs["S1mpleTrader, journal off"]
    size = full[0]["journal_bytes"] / full[0]["entries"]
    return ["", "| budget | allowed | found |", "|---|---|---|",
            f"| a journal entry ({full[0]['entries']:,} of {size:.0f} bytes), what it adds to the "
            f"engine | 500 ns | {entry_cost(full, off):.0f} ns |",
            f"| the same on one core, all of it: words, CRC, SHA-256, write | 500 ns | "
            f"{entry_cost(pinned['full'], pinned['off']):.0f} ns |",
            f"| every condition of every bar recorded, times the full run of the round | 2 | "
            f"{spread(watched, 2)} |",
            f"| anonymous memory | columns and 64 MiB | {full[0]['anon']:.0f} MB "
            f"({full[0]['rss']:.0f} MB at the peak with the mapped files) |", ""]


def page(runs, pinned, watched, bars, rounds):
    ours = runs["S1mpleTrader, journal full"]
    lines = [
        "# Benchmarks", "",
        "Written by `make bench`; do not edit. Work W1 of `../shared/golden/peers/INDEX.md`: "
        f"{bars:,} one-minute bars, EMA(12) over EMA(26), long only, fee 0.1 % a side.", "",
        f"Machine: {os.cpu_count()} cores, {cpu_name()}. {rounds} interleaved rounds, one fresh "
        "process each; median (lowest to highest). Engine: around the engine's run call alone, "
        "without import, reading and building of objects. Ours decides, books and records every journal "
        "entry in that time while a second thread words, hashes and writes them; it ends when the last "
        "block is written, and how long that took after the last bar stands under drained.", "",
        "| engine | engine s | ns a bar | of it drained s | times our full run of the round | whole process s | trades |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, results in runs.items():
        engine = [r["engine"] for r in results]
        middle = statistics.median(engine)
        times = [r["engine"] / full["engine"] for r, full in zip(results, ours)]
        drained = f"{statistics.median(r['drain'] for r in results):.3f}" if name in OURS else ""
        lines.append(f"| {name} | {spread(engine, 3)} | {middle / bars * 1e9:.0f} | {drained} | "
                     f"{spread(times, 2)} | {spread([r['wall'] for r in results], 2)} | "
                     f"{results[0]['trades']} |")
    lines += budgets(runs, pinned, watched)
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bars", type=int, default=1000000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("build/bench"))
    parser.add_argument("--scripts", type=pathlib.Path, required=True)
    parser.add_argument("--peers", default=",".join(PEERS))
    options = parser.parse_args()
    peers = [p for p in options.peers.split(",") if p]
    runs = {name: [] for name in [*OURS, *peers]}
    names = list(runs)
    for number in range(options.rounds):
        first = number * 3 % len(names)  # nobody always runs after the same one
        for name in names[first:] + names[:first]:
            if name in OURS:
                runs[name].append(run_ours(options.work, OURS[name]))
            else:
                runs[name].append(run_peer(options.work, options.scripts, options.bars, name))
            print(f"bench: round {number + 1}, {name}: {runs[name][-1]}", flush=True)
    pinned, watched = {level: [] for level in ("full", "off")}, []
    for number in range(options.rounds):
        full = run_ours(options.work, "full")
        watched.append(run_watched(options.work) / full["engine"])
        for level in pinned:
            pinned[level].append(run_ours(options.work, level, cores={0}))
    text = page(runs, pinned, watched, options.bars, options.rounds)
    kept = pathlib.Path("docs/benchmarks.md")
    _, title, others = kept.read_text().partition("\n## ")  # of data.py and plugins.py
    text += title + others
    kept.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
