#!/usr/bin/env python3
"""Five million trades to bars of a minute: us, pyarrow, Polars and DuckDB's Python, side by side.

Usage: bench/data_resample.py [--trades N] [--rounds N] [--binary FILE] [--work DIR]
(with .deps/bench/data/bin/python, which `tools/setup.sh bench` makes)

Everybody does the same work in a fresh process: reads the same Parquet files of an archive (DECIMAL
columns, zstd), makes open, high, low, close, volume and count of every minute that has a trade, and
writes them as Parquet with DECIMAL columns and zstd, with an fsync. We also compute the VWAP, check
that times never fall, take the SHA-256 of what is read, and tell the catalogue. The bars are
compared, all columns, before anything is timed. Rounds are interleaved, each starts with another;
ratios are made within a round.
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

PEER = pathlib.Path(__file__).resolve()
START = 1_704_067_200_000_000_000  # 2024-01-01


def make_archive(folder, count):
    """A month of trades as the archive has them, by rule."""
    import duckdb
    import numpy
    import pyarrow
    chance = numpy.random.default_rng(7)
    span = 30 * 86_400_000_000_000 // count
    times = START + numpy.cumsum(chance.integers(0, 2 * span, count, dtype=numpy.int64) * 98 // 100)
    table = pyarrow.table({
        "t": times,
        "p": 6_000_000 + numpy.cumsum(chance.integers(-50, 51, count)),
        "q": chance.integers(1, 50_000_000, count),
        "s": chance.integers(1, 3, count).astype(numpy.uint8)})
    path = folder / "BTC_USD/trades/year=2024/month=01"
    path.mkdir(parents=True)
    db = duckdb.connect()
    db.register("made", table)
    db.execute("SET threads = 1")
    tags = {"s1_format": 1, "asset_pair": "BTC/USD", "timeframe_ns": 0, "data_type": "trades",
            "price_scale": 2, "qty_scale": 8, "rows": count, "first_ns": times[0],
            "last_ns": times[-1]}
    listed = ", ".join(f"{key}: '{value}'" for key, value in tags.items())
    db.execute(f"""COPY (SELECT make_timestamp_ns(t) AS time,
        (p::DECIMAL(18,0) / 100)::DECIMAL(18,2) AS price,
        (q::DECIMAL(18,0) / 100000000)::DECIMAL(18,8) AS quantity, s AS side FROM made)
        TO '{path}/trades.parquet' (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2,
        ROW_GROUP_SIZE 122880, KV_METADATA {{{listed}}})""")


def fsync(path):
    file = os.open(path, os.O_RDWR)
    os.fsync(file)
    os.close(file)


# --- Peers ----------------------------------------------------------------------------------------

def peer_pyarrow(source, target):
    import numpy
    import pyarrow
    import pyarrow.compute as compute
    import pyarrow.parquet as parquet
    trades = parquet.read_table(source, columns=["time", "price", "quantity"], partitioning=None)
    minute = compute.floor_temporal(trades["time"], unit="minute")
    row = pyarrow.array(numpy.arange(len(trades)))
    # it has no first and last of decimals: they are taken by the numbers of their rows
    bars = pyarrow.table([minute, row, trades["price"], trades["quantity"]],
                         names=["time", "row", "price", "quantity"])
    bars = bars.group_by("time").aggregate(
        [("row", "min"), ("row", "max"), ("price", "max"), ("price", "min"), ("quantity", "sum"),
         ("quantity", "count")]).sort_by("time")
    bars = pyarrow.table({
        "time": bars["time"], "open": trades["price"].take(bars["row_min"]),
        "high": bars["price_max"], "low": bars["price_min"],
        "close": trades["price"].take(bars["row_max"]),
        "volume": bars["quantity_sum"].cast(pyarrow.decimal128(18, 8)),
        "trades": bars["quantity_count"]})
    parquet.write_table(bars, target, compression="zstd")


def peer_polars(source, target):
    import polars
    bars = (polars.scan_parquet(source, hive_partitioning=False)
            .select("time", "price", "quantity")
            .group_by_dynamic("time", every="1m")
            .agg(polars.col("price").first().alias("open"), polars.col("price").max().alias("high"),
                 polars.col("price").min().alias("low"), polars.col("price").last().alias("close"),
                 polars.col("quantity").sum().alias("volume"), polars.len().alias("trades"))
            .collect())
    bars.with_columns(polars.col("volume").cast(polars.Decimal(18, 8))).write_parquet(
        target, compression="zstd")


def peer_duckdb(source, target):
    import duckdb
    duckdb.connect().execute(f"""COPY (
        SELECT date_trunc('minute', time) AS time, arg_min(price, file_row_number) AS open,
            max(price) AS high, min(price) AS low, arg_max(price, file_row_number) AS close,
            sum(quantity)::DECIMAL(18,8) AS volume, count(*) AS trades
        FROM read_parquet('{source}', file_row_number = true, hive_partitioning = false)
        GROUP BY 1 ORDER BY 1) TO '{target}' (FORMAT parquet, COMPRESSION zstd)""")


PEERS = {"pyarrow": peer_pyarrow, "Polars": peer_polars, "DuckDB": peer_duckdb}


# --- Timing ---------------------------------------------------------------------------------------

def run(command):
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - start
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return wall, done.stdout


def contender(name, work, binary):
    """Runs one in a fresh process: wall seconds."""
    source = work / "archive/BTC_USD/trades/year=2024/month=01/trades.parquet"
    if name == "S1mpleTrader":
        shutil.rmtree(work / "archive/BTC_USD/1m", ignore_errors=True)
        wall, out = run([binary, "data", "resample", "--archive", work / "archive", "--pair",
                         "BTC/USD", "--from", "trades", "--to-timeframe", "1m", "--partial",
                         "--json"])
        return wall, json.loads(out)["seconds"]
    target = work / f"{name}.parquet"
    target.unlink(missing_ok=True)
    wall, out = run([sys.executable, PEER, "--peer", name, str(source), str(target)])
    return wall, float(out)


def check(work):
    """All tell the same bars."""
    import pyarrow
    import pyarrow.parquet as parquet
    names = ["time", "open", "high", "low", "close", "volume", "trades"]

    def load(path):
        table = parquet.read_table(path, columns=names, partitioning=None).sort_by("time")
        kinds = {"time": pyarrow.timestamp("ns"), "trades": pyarrow.int64()}
        return [table[name].cast(kinds.get(name, pyarrow.string())) for name in names]

    ours = load(work / "archive/BTC_USD/1m")
    for name in PEERS:
        theirs = load(work / f"{name}.parquet")
        for column, a, b in zip(names, ours, theirs):
            assert a.equals(b), f"{name}: {column} differs"
    return len(ours[0])


def spread(values):
    return f"{statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--trades", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--binary", default="build/release/s1mpletrader")
    parser.add_argument("--work", default="build/bench-resample")
    parser.add_argument("--peer", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        name, source, target = arguments.peer
        start = time.perf_counter()
        PEERS[name](source, target)
        fsync(target)
        print(time.perf_counter() - start)
        return
    work = pathlib.Path(arguments.work)
    shutil.rmtree(work, ignore_errors=True)
    make_archive(work / "archive", arguments.trades)
    names = ["S1mpleTrader", *PEERS]
    for name in names:
        contender(name, work, arguments.binary)
    bars = check(work)
    print(f"{arguments.trades:,} trades, {bars:,} bars, equal in all columns")
    times = {name: [] for name in names}
    for turn in range(arguments.rounds):
        at = turn % len(names)
        for name in names[at:] + names[:at]:
            times[name].append(contender(name, work, arguments.binary))
    ours = times["S1mpleTrader"]
    print("| | whole process, s | without start and imports, s | times ours, whole process |")
    print("|---|---|---|---|")
    for name in names:
        ratio = [a[0] / b[0] for a, b in zip(times[name], ours)]
        print(f"| {name} | {spread([t[0] for t in times[name]])} | "
              f"{spread([t[1] for t in times[name]])} | {spread(ratio)} |")


if __name__ == "__main__":
    main()
