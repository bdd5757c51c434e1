#!/usr/bin/env python3
"""A CSV of bars into an archive: us, pyarrow, Polars and DuckDB's Python, side by side.

Usage: bench/data_import.py [--rows N] [--rounds N] [--binary FILE] [--work DIR]
(with .deps/bench/data/bin/python, which `tools/setup.sh bench` makes)

Everybody reads the same file (milliseconds, open, high, low, close at two decimals, volume at
eight) in a fresh process and writes it sorted by time: TIMESTAMP_NS, DECIMAL(18,2), DECIMAL(18,8),
zstd, row groups of 122,880. The rows are compared, all columns, before anything is timed.

Timed is the work, not the start of the process. We check every row, which the peers do not; what
reading and checking alone take (--dry-run) stands beside. The SHA-256 of the file and the fsync are
ours alone: the hash is told apart; fsync is kept out by writing to memory (/dev/shm), and timed in a
round of its own on the disk, with an fsync of the peers' file. Rounds are interleaved, each starts
with another; ratios are made within a round.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve()
PRICES = ("open", "high", "low", "close")


def make_csv(path, count):
    """Minutes of a price that walks at random, by rule."""
    import numpy
    import pyarrow
    import pyarrow.compute as compute
    import pyarrow.csv
    chance = numpy.random.default_rng(11)
    close = 3_000_000 + numpy.cumsum(chance.integers(-200, 201, count))
    close -= min(0, int(close.min()) - 100_000)
    before = numpy.concatenate(([close[0]], close[:-1]))
    cents = {"open": before, "high": numpy.maximum(before, close) + chance.integers(0, 500, count),
             "low": numpy.minimum(before, close) - chance.integers(0, 500, count), "close": close}

    def text(values, decimals):
        unit = 10 ** decimals
        whole = pyarrow.array(values // unit).cast(pyarrow.string())
        rest = compute.utf8_lpad(pyarrow.array(values % unit).cast(pyarrow.string()), decimals, "0")
        return compute.binary_join_element_wise(whole, rest, ".")

    table = {"ts_ms": pyarrow.array(1_483_228_800_000 + 60_000 * numpy.arange(count))}
    table |= {name: text(values, 2) for name, values in cents.items()}
    table["volume"] = text(chance.integers(1, 1_000_000_000, count), 8)
    pyarrow.csv.write_csv(pyarrow.table(table), path, pyarrow.csv.WriteOptions(quoting_style="none"))
    text = path.read_bytes()
    path.write_bytes(text.replace(b'"', b"", 12))  # the header's quotes


# --- Peers ----------------------------------------------------------------------------------------

def peer_pyarrow(source, target):
    import pyarrow
    import pyarrow.compute as compute
    import pyarrow.csv
    import pyarrow.parquet as parquet
    types = {"ts_ms": pyarrow.int64(), "volume": pyarrow.decimal128(18, 8)}
    types |= dict.fromkeys(PRICES, pyarrow.decimal128(18, 2))
    bars = pyarrow.csv.read_csv(source, convert_options=pyarrow.csv.ConvertOptions(
        column_types=types))
    times = compute.multiply(bars["ts_ms"], 1_000_000).cast(pyarrow.timestamp("ns"))
    bars = bars.set_column(0, "time", times).sort_by("time")
    parquet.write_table(bars, target, compression="zstd", row_group_size=122_880,
                        store_decimal_as_integer=True)


def peer_polars(source, target):
    import polars
    schema = {"ts_ms": polars.Int64} | dict.fromkeys(PRICES, polars.Decimal(18, 2))
    schema["volume"] = polars.Decimal(18, 8)
    bars = polars.read_csv(source, schema=schema)
    time_ns = (polars.col("ts_ms") * 1_000_000).cast(polars.Datetime("ns")).alias("time")
    bars.select(time_ns, *PRICES, "volume").sort("time").write_parquet(
        target, compression="zstd", row_group_size=122_880)


def peer_duckdb(source, target):
    import duckdb
    types = {"ts_ms": "BIGINT"} | dict.fromkeys(PRICES, "DECIMAL(18,2)")
    types["volume"] = "DECIMAL(18,8)"
    duckdb.connect().execute(f"""COPY (
        SELECT make_timestamp_ns(ts_ms * 1000000) AS time, open, high, low, close, volume
        FROM read_csv('{source}', header = true, columns = {types}) ORDER BY time)
        TO '{target}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)""")


PEERS = {"pyarrow": peer_pyarrow, "Polars": peer_polars, "DuckDB": peer_duckdb}


def as_peer(name, source, target, is_durable):
    """In the fresh process: imports first, then the clock."""
    import pyarrow.csv  # noqa: F401
    if name == "Polars":
        import polars  # noqa: F401
    elif name == "DuckDB":
        import duckdb  # noqa: F401
    start = time.perf_counter()
    PEERS[name](source, target)
    if is_durable:
        file = os.open(target, os.O_RDWR)
        os.fsync(file)
        os.close(file)
    print(json.dumps({"seconds": time.perf_counter() - start}))


# --- Timing ---------------------------------------------------------------------------------------

def run(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def run_ours(binary, source, folder, *options):
    shutil.rmtree(folder, ignore_errors=True)
    return run([binary, "data", "import", source, "--profile", "w1", "--pair", "SYN/USD",
                "--timeframe", "1m", "--archive", folder, "--json", *options])


def run_peer(name, source, target, is_durable=False):
    pathlib.Path(target).unlink(missing_ok=True)
    return run([sys.executable, HERE, "--peer", name, "--source", source, "--target", target,
                *(["--durable"] if is_durable else [])])


def size_of(path):
    path = pathlib.Path(path)
    return path.stat().st_size if path.is_file() else sum(
        file.stat().st_size for file in path.rglob("*.parquet"))


def compare(ours, theirs):
    """All rows and columns of both, by DuckDB; ends the bench where they differ."""
    import duckdb
    listed = "time, open, high, low, close, volume"
    mine = f"SELECT {listed} FROM read_parquet('{ours}/**/*.parquet', hive_partitioning = false)"
    peer = f"SELECT time::TIMESTAMP_NS AS time, open, high, low, close, volume FROM '{theirs}'"
    rows, differ = duckdb.execute(
        f"""SELECT (SELECT count(*) FROM ({mine})),
                   (SELECT count(*) FROM (({mine} EXCEPT {peer}) UNION ALL ({peer} EXCEPT {mine})))
        """).fetchone()
    if differ:
        sys.exit(f"bench: {differ} of {rows} rows differ from {theirs}")
    return rows


def spread(values):
    return (f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"
            if values else "")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--binary", default="build/release/s1mpletrader")
    parser.add_argument("--work", default="build/bench/data-import")
    parser.add_argument("--peer")
    parser.add_argument("--source")
    parser.add_argument("--target")
    parser.add_argument("--durable", action="store_true")
    asked = parser.parse_args()
    if asked.peer:
        as_peer(asked.peer, asked.source, asked.target, asked.durable)
        return
    work = pathlib.Path(asked.work)
    memory = pathlib.Path("/dev/shm") / f"s1-bench-{os.getpid()}"
    work.mkdir(parents=True, exist_ok=True)
    memory.mkdir()
    source = work / f"bars-{asked.rows}.csv"
    try:
        if not source.is_file():
            make_csv(source, asked.rows)
        measure(asked, source, work, memory)
    finally:
        shutil.rmtree(memory, ignore_errors=True)


def measure(asked, source, work, memory):
    run_ours(asked.binary, source, memory / "ours")
    sizes = {"S1mpleTrader": size_of(memory / "ours")}
    for name in PEERS:
        run_peer(name, source, memory / f"{name}.parquet")
        compare(memory / "ours", memory / f"{name}.parquet")
        sizes[name] = size_of(memory / f"{name}.parquet")
    names = ["S1mpleTrader", *PEERS]
    seconds = {name: [] for name in names}
    durable = {name: [] for name in names}
    ratios, checks, hashes = [], [], []
    for number in range(asked.rounds):
        took = {}
        for name in names[number % len(names):] + names[:number % len(names)]:
            if name in PEERS:
                took[name] = run_peer(name, source, memory / f"{name}.parquet")["seconds"]
                durable[name].append(
                    run_peer(name, source, work / f"{name}.parquet", True)["seconds"])
                continue
            report = run_ours(asked.binary, source, memory / "ours")
            took[name] = report["seconds"] - report["seconds_hashing"]
            hashes.append(report["seconds_hashing"])
            report = run_ours(asked.binary, source, work / "ours")
            durable[name].append(report["seconds"] - report["seconds_hashing"])
            report = run_ours(asked.binary, source, work / "none", "--dry-run")
            checks.append(report["seconds_reading"])
        for name in names:
            seconds[name].append(took[name])
        ratios.append(took[names[0]] / min(took[name] for name in PEERS))
    print(f"{asked.rows:,} rows, {source.stat().st_size / 1e6:.0f} MB; "
          f"{asked.rounds} interleaved rounds; medians (lowest to highest)\n")
    print("| who | import s | MB/s | with fsync, on disk s | archive MB |")
    print("|---|---|---|---|---|")
    for name in names:
        rate = source.stat().st_size / 1e6 / statistics.median(seconds[name])
        print(f"| {name} | {spread(seconds[name])} | {rate:.0f} | {spread(durable[name])} "
              f"| {sizes[name] / 1e6:.1f} |")
    print(f"\nOurs over the fastest of them, within a round: {spread(ratios)}")
    print(f"Of ours, reading and checking alone: {spread(checks)} s; "
          f"the SHA-256 of the file, not in the table: {spread(hashes)} s")


if __name__ == "__main__":
    main()
