#!/usr/bin/env python3
"""Orders on an order book beside hftbacktest, the section "Order books" of docs/benchmarks.md.

Usage: bench/book.py [--tiles N] [--rounds N] [--page]    (after `tools/setup.sh bench`)

The recording of ../shared/data/l2 (Binance BTC/USDT, six minutes) again and again: the same rows of
the book and the same trades for everybody. Bars of a second, EMA(12) over EMA(26), market orders that
walk the levels, what is taken is there again (`liquidity: kept`, hftbacktest's way). Every order must
have got the same quantity at the same mean price before anything is timed; they are small, for of one
that takes several levels hftbacktest's PartialFillExchange tells its trader of the last. Rounds are interleaved, one
fresh process each, each starts with another.
"""

import argparse
import collections
import csv
import json
import os
import pathlib
import shutil
import statistics
from datetime import datetime, timezone

import ticks

ROOT = pathlib.Path(__file__).resolve().parent.parent
TITLE = "## Order books"
PYTHON = ROOT / ".deps/bench/hftbacktest/bin/python"
SCRIPT = ROOT / "bench/book_hft.py"
PEERS = {"hftbacktest, HashMap": "hash", "hftbacktest, ROIVector": "roi"}
RECORDING = "data/l2/binance_ws/spot_btcusdt_20240808.gz"


def configuration(work):
    shutil.rmtree(work / "config", ignore_errors=True)
    shutil.copytree(ROOT / "tests/integration/book/config", work / "config")
    for name in ("event_map", "operators", "wiring_map", "platform"):
        shutil.copy(ROOT / f"config/{name}.yaml", work / "config" / f"{name}.yaml")
    blueprint = work / "config/runs/l2.yaml"
    text = blueprint.read_text()
    for old, new in (("[5, 20]", "[12, 26]"), ("fast: 5, slow: 20", "fast: 12, slow: 26"),
                     ('fraction: "0.99"', 'fraction: "0.002"')):
        assert old in text
        text = text.replace(old, new)
    blueprint.write_text(text)
    planner = "market_entry_planner, params: { directions: long, max_open_positions: 1 }"
    assert planner in text
    (work / "config/runs/l2_rests.yaml").write_text(text.replace(
        planner, "limit_entry_planner, params: { directions: long, max_open_positions: 1, offset_by: ticks, "
                 "offset_ticks: 1 }"))


def make(work, binary, recording, tiles):
    made = work / f"data-{tiles}"
    if not (made / "done").exists():
        made.mkdir(parents=True, exist_ok=True)
        _, _, said = ticks.call([PYTHON, SCRIPT, "make", recording, made, tiles])
        shutil.rmtree(work / "archive", ignore_errors=True)
        for kind in ("book", "trades"):
            ticks.call([binary, "data", "import", made / f"{kind}.csv", "--type", kind, "--pair", "BTC/USDT",
                        "--source", "binance", "--time", "ns", "--archive", work / "archive"])
            (made / f"{kind}.csv").unlink()
        (made / "done").write_text(said)
    return made, int((made / "done").read_text())


def run_ours(work, binary, level, link="l2", more=()):
    results = work / "results"
    shutil.rmtree(results, ignore_errors=True)
    sets = ["environments.l2.simulation.book.liquidity=kept", "environments.l2.simulation.initial_capital=10000", *more]
    wall, _, _ = ticks.call([binary, "backtest", link, "--config", work / "config", "--results", results,
                             "--journal", level, *[part for text in sets for part in ("--set", text)]])
    log = json.loads((results / "run.log.json").read_text().strip().splitlines()[-1])
    return {"wall": wall, "peak": log["rss_peak_bytes"],
            "engine": (log["engine_ns"] + log["journal_drain_ns"]) / 1e9, "read": log["read_ns"] / 1e9,
            "trades": log["trades"]}


def run_peer(made, depth, *more):
    wall, peak, output = ticks.call([PYTHON, SCRIPT, "run", made, depth, *more])
    line = next(line for line in output.splitlines() if line.startswith("RESULT "))
    result = json.loads(line[len("RESULT "):])
    return {"wall": wall, "peak": peak, "engine": result["engine_s"], "read": result["load_s"],
            "trades": result["trades"]}


def nanos(text):
    moment, fraction = text.rstrip("Z").split(".")
    return int(datetime.fromisoformat(moment).replace(tzinfo=timezone.utc).timestamp()) * 10**9 + int(fraction)


def check(work, made, *offset):
    """Every order of theirs: quantity and mean price of ours, and its moment, which their list has to a
    few hundred nanoseconds."""
    run_peer(made, "roi", work / "list.csv", *offset)
    with open(work / "list.csv", newline="") as file:
        theirs = [(int(r["time"]), float(r["quantity"]), float(r["price"])) for r in csv.DictReader(file)]
    ours = []
    with open(work / "results/result_trades.csv", newline="") as file:
        for trade in csv.DictReader(file):
            for end, sign in (("entry", 1), ("exit", -1)):
                ours.append((nanos(trade[f"{end}_time"]), sign * float(trade["quantity"]),
                             float(trade[f"{end}_price"])))
    if offset:  # entries alone: an exit of theirs that takes two levels counts for nothing and comes again
        theirs, ours = ([order for order in orders if order[1] > 0] for orders in (theirs, ours))
    assert len(theirs) - len(ours) in (0, 1), (len(theirs), len(ours))  # one may be open at the end
    for number, (a, b) in enumerate(zip(ours, theirs)):
        assert abs(a[0] - b[0]) < 1000 and abs(a[1] - b[1]) < 1e-9 and abs(a[2] / b[2] - 1) < 1e-9, (number, a, b)
    return len(ours)


def check_resting(work, binary, made):
    """Entries by limit orders that wait in their queue, one cent and a dollar below the close."""
    rules, same = collections.Counter(), 0
    for cents in (1, 100):
        run_ours(work, binary, "full", "l2_rests",
                 [f"workforce.planning_workers.entry_planning[limit_entry_planner].params.offset_ticks={cents}"])
        same += check(work, made, cents)
        for line in open(work / "results/journal.jsonl"):
            entry = json.loads(line)
            if entry.get("type") == "ORDER_FILLED" and entry["details"]["liquidity"] == "maker":
                rules[entry["details"]["rule"]] += 1
    return same, ", ".join(f"{count} {rule}" for rule, count in sorted(rules.items()))


def table(runs, events):
    ours = runs["S1mpleTrader, journal full"]
    lines = ["| engine | engine s | million events a second | times our full run of the round | whole process s | "
             "peak MB | trades |", "|---|---|---|---|---|---|---|"]
    for name, results in runs.items():
        engine = [r["engine"] for r in results]
        times = [r["engine"] / full["engine"] for r, full in zip(results, ours)]
        lines.append(f"| {name} | {ticks.spread(engine)} | {events / statistics.median(engine) / 1e6:.2f} | "
                     f"{ticks.spread(times, 2)} | {ticks.spread([r['wall'] for r in results], 2)} | "
                     f"{statistics.median(r['peak'] for r in results) / 1e6:.0f} | {results[0]['trades']} |")
    return lines + ["", f"Reading, not in the engine's time: ours {ticks.spread([r['read'] for r in ours])} s of "
                    "Parquet, theirs an array that lies on disk as it is in memory. All of ours, from start to "
                    f"results: {events / statistics.median(r['wall'] for r in ours) / 1e6:.1f} million events a second."]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tiles", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--binary", default="build/release/s1mpletrader")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build/bench-book")
    parser.add_argument("--page", action="store_true")
    asked = parser.parse_args()
    recording = pathlib.Path(os.environ.get("S1_SHARED", ROOT / "../shared")) / RECORDING
    if not recording.is_file():
        print(f"skipped: {recording} is absent")
        return
    asked.work.mkdir(parents=True, exist_ok=True)
    configuration(asked.work)
    made, events = make(asked.work, asked.binary, recording, asked.tiles)
    run_ours(asked.work, asked.binary, "full")
    same = check(asked.work, made)
    rested, rules = check_resting(asked.work, asked.binary, made)
    ours = {"S1mpleTrader, journal full": "full", "S1mpleTrader, journal off": "off"}
    names = [*ours, *PEERS]
    runs = {name: [] for name in names}
    for turn in range(asked.rounds):
        at = turn % len(names)
        for name in names[at:] + names[:at]:
            runs[name].append(run_ours(asked.work, asked.binary, ours[name]) if name in ours else
                              run_peer(made, PEERS[name]))
            print(f"bench: round {turn + 1}, {name}: {runs[name][-1]}", flush=True)
    text = "\n".join([
        TITLE, "",
        "Written by `bench/book.py`; do not edit. The recorded book and trades of `../shared/data/l2` (Binance "
        f"BTC/USDT), {asked.tiles} times over: {events:,} events (a level of the book, or a trade). Bars of a second, "
        "EMA(12) over EMA(26), market orders that walk the levels (`match_on: book`, `liquidity: kept`); hftbacktest "
        f"2.4.4 with PartialFillExchange and no latency. All {same} orders have the same time, quantity and mean "
        f"price; so have {rested} entries of runs in which they rest in their queue (filled as makers: {rules}). {asked.rounds} "
        f"interleaved rounds, one fresh process each; median (lowest to highest). Engine: as "
        "above; theirs keeps two books, the exchange's and the trader's.", "", *table(runs, events), ""])
    print(text)
    if asked.page:
        ticks.TITLE = TITLE
        ticks.put_page(text)


if __name__ == "__main__":
    main()
