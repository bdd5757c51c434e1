"""Reads a stream's folder with pandas, pyarrow, Polars and DuckDB's Python as it stands, and holds
what they give to a CSV of exact values: read_archive.py FOLDER CSV KIND (archive_readers_test.c)."""

import csv
import datetime
import pathlib
import sys
from decimal import Decimal

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.dataset
import pyarrow.parquet

PRICES, QUANTITIES = ("open", "high", "low", "close", "price", "bid", "ask"), (
    "volume", "quantity", "bid_quantity", "ask_quantity")
ENUMS, TIMES = ("side", "kind"), ("time", "received")
EPOCH = datetime.datetime(1970, 1, 1)
SCALES = {**dict.fromkeys(PRICES, 5), **dict.fromkeys(QUANTITIES, 8), "vwap": 10}


def expected(path):
    """{column: exact values}; times in nanoseconds since 1970, UTC."""
    with open(path) as file:
        rows = list(csv.DictReader(file))
    return {name: [Decimal(row[name]) if name in SCALES else int(row[name]) for row in rows]
            for name in rows[0]}


def same(reader, name, found, wanted):
    assert len(found) == len(wanted), (reader, name, len(found), len(wanted))
    for row, (a, b) in enumerate(zip(found, wanted)):
        assert a == b, (reader, name, row, a, b)


def with_pyarrow(folder, want):
    table = pyarrow.dataset.dataset(folder, partitioning="hive").to_table(columns=list(want))
    for name, values in want.items():
        field = table.schema.field(name).type
        kind = (pyarrow.timestamp("ns") if name in TIMES else
                pyarrow.decimal128(18, SCALES[name]) if name in SCALES else
                pyarrow.uint8() if name in ENUMS else pyarrow.int64())
        assert field == kind, (name, field, kind)
        column = table.column(name)
        found = column.cast(pyarrow.int64()) if name in TIMES else column
        same("pyarrow", name, found.to_pylist(), values)
    assert table.column("time").null_count == 0


def with_pandas(folder, want):
    frame = pandas.read_parquet(folder)
    for name, values in want.items():
        if name in TIMES:
            assert frame[name].dtype == "datetime64[ns]", frame[name].dtype
            same("pandas", name, frame[name].astype("int64").tolist(), values)
        else:
            same("pandas", name, frame[name].tolist(), values)
    assert frame["time"].is_monotonic_increasing


def with_polars(folder, want):
    for frame in (polars.read_parquet(folder),
                  polars.scan_parquet(f"{folder}/**/*.parquet").collect()):
        for name, values in want.items():
            kind = (polars.Datetime("ns") if name in TIMES else
                    polars.Decimal(18, SCALES[name]) if name in SCALES else
                    polars.UInt8 if name in ENUMS else polars.Int64)
            assert frame.schema[name] == kind, (name, frame.schema[name], kind)
            column = frame[name].to_physical() if name in TIMES else frame[name]
            same("polars", name, column.to_list(), values)


def with_duckdb(folder, want):
    files = f"read_parquet('{folder}/**/*.parquet', hive_partitioning = true)"
    types = dict(duckdb.sql(f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {files})")
                 .fetchall())
    for name, values in want.items():
        kind = ("TIMESTAMP_NS" if name in TIMES else
                f"DECIMAL(18,{SCALES[name]})" if name in SCALES else
                "UTINYINT" if name in ENUMS else "BIGINT")
        assert types[name] == kind, (name, types[name], kind)
        what = f"epoch_ns({name})" if name in TIMES else name
        same("duckdb", name, [row[0] for row in duckdb.sql(f"SELECT {what} FROM {files}").fetchall()],
             values)


def metadata(folder, want, kind):
    files = sorted(pathlib.Path(folder).rglob("*.parquet"))
    assert len(files) == 2, files
    rows = 0
    for path in files:
        found = pyarrow.parquet.read_metadata(path)
        tags = {key.decode(): value.decode() for key, value in found.metadata.items()}
        assert tags["s1_format"] == "1" and tags["data_type"] == kind, tags
        assert tags["asset_pair"] == "BTC/EUR" and tags["source"] == "kraken", tags
        assert tags["price_scale"] == "5" and int(tags["rows"]) == found.num_rows, tags
        assert tags["provenance"] == "import:a.csv sha256:00", tags
        first, last = int(tags["first_ns"]), int(tags["last_ns"])
        assert want["time"][rows] == first, tags
        rows += found.num_rows
        assert want["time"][rows - 1] == last, tags
        for group in range(found.num_row_groups):
            assert found.row_group(group).num_rows <= 122880
            for column in range(found.num_columns):
                chunk = found.row_group(group).column(column)
                assert chunk.compression == "ZSTD", chunk
                assert chunk.statistics is not None and chunk.statistics.null_count == 0, chunk
    assert rows == len(want["time"])


def main(folder, path, kind):
    want = expected(path)
    with_pyarrow(folder, want)
    with_pandas(folder, want)
    with_polars(folder, want)
    with_duckdb(folder, want)
    metadata(folder, want, kind)
    print(f"{kind}: {len(want)} columns, {len(want['time'])} rows, as pyarrow {pyarrow.__version__}, "
          f"pandas {pandas.__version__}, Polars {polars.__version__}, DuckDB {duckdb.__version__} "
          "read them")


if __name__ == "__main__":
    main(*sys.argv[1:])
