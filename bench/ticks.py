#!/usr/bin/env python3
"""Work W2 (../shared/golden/peers/INDEX.md) for us and the peers, the section "Trades" of
docs/benchmarks.md: five million trades to minutes, EMA(12) over EMA(26), orders matched on trades.

Usage: bench/ticks.py [--rounds N] [--long N] [--page]
(after `tools/setup.sh bench`; `make bench` calls it)

Everybody gets the same five million trades. Rounds are interleaved, one fresh process each, each
starts with another; ratios are made within a round. "Engine" is the time around the engine's run call
alone: no import, no file reading, no building of the peer's objects; ours is the loop without reading
the archive, until the last block of the journal is written. Our trades and their prices are compared
with the golden list before anything is timed.

--long N makes an archive of N trades besides, in a file a month, and runs the same strategy over it:
its memory must not grow with N.
"""

import argparse
import csv
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/benchmarks.md"
TITLE, NEXT = "## Trades", "## Cost per plugin"
PYTHON = ROOT / ".deps/bench/{}/bin/python"
PEERS = {
    # name: (virtual environment, script)
    "hftbacktest": ("hftbacktest", "w_hft.py"),
    "NautilusTrader": ("nautilus_trader", "w_nautilus.py"),
}
OURS = {"S1mpleTrader, journal full": "full", "S1mpleTrader, journal off": "off"}
START = 1_609_459_200_000_000_000  # 2021-01-01
MONTH = 30 * 86_400_000_000_000


def call(command):
    """Runs a process: (wall seconds, peak memory in bytes, its output)."""
    start = time.perf_counter()
    with subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, cwd=ROOT) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    if process.returncode != 0:
        sys.exit(f"bench: {' '.join(map(str, command))}: exit {process.returncode}\n{output}")
    return wall, usage.ru_maxrss * 1024, output


# --- Data -----------------------------------------------------------------------------------------

def configuration(work):
    shutil.rmtree(work / "config", ignore_errors=True)
    shutil.copytree(ROOT / "tests/integration/w2/config", work / "config")
    for name in ("event_map", "operators", "wiring_map", "platform"):
        shutil.copy(ROOT / f"config/{name}.yaml", work / "config" / f"{name}.yaml")


def make_five_million(work, scripts, binary, count):
    """What the peers' scripts read, and the same as an archive."""
    made = work / f"data-{count}"
    if not (made / "ticks.bin").exists():
        made.mkdir(parents=True, exist_ok=True)
        call([str(PYTHON).format("vectorbt"), scripts / "gen.py", made, 1000, count])
    configuration(work)
    if (work / "archive").is_dir():
        return made
    with open(made / "ticks.csv") as source, open(work / "trades.csv", "w") as target:
        target.write(next(source).replace("ts_ns", "time").replace("qty", "quantity"))
        target.writelines(line.replace(",-1\n", ",sell\n").replace(",1\n", ",buy\n")
                          for line in source)
    call([binary, "data", "import", work / "trades.csv", "--type", "trades", "--pair", "SYN/USD",
          "--archive", work / "archive"])
    (work / "trades.csv").unlink()
    return made


def write_month(path, month, count, cents):
    """Trades of thirty days as CSV, by rule; returns the last price."""
    import numpy
    import pyarrow
    import pyarrow.csv
    chance = numpy.random.default_rng(1000 + month)
    times = START + month * MONTH + numpy.sort(
        chance.integers(0, MONTH, count, dtype=numpy.int64))
    steps = chance.integers(-2, 3, count)
    prices = 5000 + numpy.abs(cents - 5000 + numpy.cumsum(steps))
    quantities = chance.integers(1, 100_000, count)
    table = pyarrow.table({
        "time": times,
        "price": pyarrow.array(prices / 100.0).cast(pyarrow.float64()),
        "quantity": pyarrow.array(quantities / 100.0),
        "side": pyarrow.array(numpy.where(chance.integers(0, 2, count) == 1, "buy", "sell"))})
    pyarrow.csv.write_csv(table, path, pyarrow.csv.WriteOptions(quoting_style="none"))
    return int(prices[-1])


def make_long(work, binary, count):
    """An archive of `count` trades, a month at a time."""
    archive = work / "archive"
    if (work / "made").exists() and (work / "made").read_text() == str(count):
        return
    shutil.rmtree(archive, ignore_errors=True)
    work.mkdir(parents=True, exist_ok=True)
    months, cents = 12, 10_000
    for month in range(months):
        path = work / "month.csv"
        rows = count * (month + 1) // months - count * month // months
        _, _, said = call([str(PYTHON).format("data"), __file__, "--month", path, month, rows,
                           cents])
        cents = int(said)
        wall, _, _ = call([binary, "data", "import", path, "--type", "trades", "--pair", "SYN/USD",
                           "--archive", archive, "--price-scale", 2, "--qty-scale", 2])
        path.unlink()
        print(f"bench: month {month + 1}: {rows:,} trades imported in {wall:.1f} s", flush=True)
    (work / "made").write_text(str(count))


# --- Runs -----------------------------------------------------------------------------------------

def run_ours(work, binary, level):
    results = work / "results"
    shutil.rmtree(results, ignore_errors=True)
    wall, _, _ = call([binary, "backtest", "w2", "--config", work / "config", "--results",
                       results, "--journal", level])
    log = json.loads((results / "run.log.json").read_text().strip().splitlines()[-1])
    return {"wall": wall, "peak": log["rss_peak_bytes"], "anon": log["rss_anon_bytes"],
            "engine": (log["engine_ns"] + log["journal_drain_ns"]) / 1e9,
            "read": log["read_ns"] / 1e9, "bars": log["ticks"], "trades": log["trades"]}


def run_peer(scripts, made, count, peer):
    venv, script = PEERS[peer]
    wall, peak, output = call([str(PYTHON).format(venv), scripts / script, "ticks",
                               made / "ticks.bin", count])
    line = next(line for line in output.splitlines() if line.startswith("RESULT "))
    result = json.loads(line[len("RESULT "):])
    return {"wall": wall, "peak": peak, "engine": result["engine_s"],
            "trades": result.get("trades")}


def check(work, scripts, count):
    """Every trade of the golden list: bars and prices; the list is of five million."""
    with open(work / "results/result_trades.csv", newline="") as file:
        ours = list(csv.DictReader(file))
    with open(scripts.parent / "lists/ref_ticks_sameclose.csv", newline="") as file:
        golden = list(csv.DictReader(file))
    assert count != 5_000_000 or len(ours) == len(golden), (len(ours), len(golden))
    for number, (a, b) in enumerate(zip(ours, golden)):
        for price in ("entry_price", "exit_price"):
            assert float(a[price]) == float(b[price]), (number, a, b)
        assert abs(float(a["quantity"]) - float(b["qty"])) < 1e-9, (number, a, b)
    return len(ours)


def run_long(work, binary, count):
    """The lines about many trades."""
    make_long(work, binary, count)
    configuration(work)
    result = run_ours(work, binary, "full")
    return [
        "", f"{count:,} trades, a file a month, {result['bars']:,} bars, {result['trades']:,} trades "
        f"of the strategy: engine {result['engine']:.2f} s "
        f"({count / result['engine'] / 1e6:.0f} million trades a second), reading "
        f"{result['read']:.2f} s, whole process {result['wall']:.2f} s; anonymous memory at its end "
        f"{result['anon'] / 1e6:.0f} MB, resident at the most {result['peak'] / 1e6:.0f} MB with the "
        f"mapped files. As columns in memory, 25 bytes each, the trades would be {count * 25 / 1e6:,.0f} MB."]


# --- The page -------------------------------------------------------------------------------------

def spread(values, digits=3):
    middle = statistics.median(values)
    return f"{middle:.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def table(runs, count):
    ours = runs["S1mpleTrader, journal full"]
    lines = ["| engine | engine s | million trades a second | times our full run of the round | whole "
             "process s | peak MB | trades |", "|---|---|---|---|---|---|---|"]
    for name, results in runs.items():
        engine = [r["engine"] for r in results]
        times = [r["engine"] / full["engine"] for r, full in zip(results, ours)]
        lines.append(f"| {name} | {spread(engine)} | "
                     f"{count / statistics.median(engine) / 1e6:.1f} | {spread(times, 2)} | "
                     f"{spread([r['wall'] for r in results], 2)} | "
                     f"{statistics.median(r['peak'] for r in results) / 1e6:.0f} | "
                     f"{results[0]['trades']} |")
    read = spread([r["read"] for r in ours])
    return lines + ["", f"Reading the archive, not in the engine's time: {read} s. All of ours, from "
                    "start to results: "
                    f"{count / statistics.median(r['wall'] for r in ours) / 1e6:.1f} million trades a "
                    "second."]


def put_page(text):
    page = PAGE.read_text()
    before, title, behind = page.partition(f"\n{NEXT}")
    before = before.partition(f"\n{TITLE}\n")[0].rstrip("\n")
    PAGE.write_text(f"{before}\n\n{text}{title}{behind}")


def main():
    if sys.argv[1:2] == ["--month"]:
        path, *numbers = sys.argv[2:]
        print(write_month(path, *map(int, numbers)))
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("--trades", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--long", type=int, default=0, metavar="N")
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--binary", default="build/release/s1mpletrader")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build/bench-ticks")
    parser.add_argument("--page", action="store_true")
    asked = parser.parse_args()
    scripts = pathlib.Path(os.environ.get("S1_SHARED", ROOT / "../shared")) / "golden/peers/scripts"
    if not scripts.is_dir():
        print(f"skipped: {scripts} is absent (work W2 and the peers' scripts lie there)")
        return
    asked.work.mkdir(parents=True, exist_ok=True)
    made = make_five_million(asked.work, scripts, asked.binary, asked.trades)
    run_ours(asked.work, asked.binary, "full")
    found = check(asked.work, scripts, asked.trades)
    names = [*OURS, *[peer for peer in asked.peers.split(",") if peer]]
    runs = {name: [] for name in names}
    for turn in range(asked.rounds):
        at = turn % len(names)
        for name in names[at:] + names[:at]:
            runs[name].append(run_ours(asked.work, asked.binary, OURS[name]) if name in OURS else
                              run_peer(scripts, made, asked.trades, name))
            print(f"bench: round {turn + 1}, {name}: {runs[name][-1]}", flush=True)
    lines = [
        TITLE, "",
        "Written by `bench/ticks.py`; do not edit. Work W2 of `../shared/golden/peers/INDEX.md`: "
        f"{asked.trades:,} trades to bars of a minute, EMA(12) over EMA(26), orders matched on the "
        f"trades (`match_on: trades`); our {found} trades and their prices are those of the list. "
        f"{asked.rounds} interleaved rounds, one fresh process each; median (lowest to highest). "
        "Engine: as above; ours makes the bars in it. hftbacktest is given a book besides, and so "
        "buys a cent higher; NautilusTrader 1.221 fills at the last trade of the other side.", "",
        *table(runs, asked.trades)]
    if asked.long:
        lines += run_long(asked.work / "long", asked.binary, asked.long)
    text = "\n".join([*lines, ""])
    print(text)
    if asked.page:
        put_page(text)


if __name__ == "__main__":
    main()
