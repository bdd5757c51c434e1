#!/usr/bin/env python3
"""Bytes of an archive against what pyarrow, Polars and DuckDB's Python make of the same columns.

Usage: bench/data_size.py ARCHIVE...
(with .deps/bench/data/bin/python, which `tools/setup.sh bench` makes)

Every file of every stream is read with pyarrow and written again by each: the same rows in the same
order, the same DECIMAL and timestamp types, zstd, one file for one file, each writer as it comes.
Sums are per stream.
"""

import pathlib
import sys
import tempfile

import duckdb
import polars
import pyarrow.parquet


def with_pyarrow(table, path):
    pyarrow.parquet.write_table(table, path, compression="zstd")


def with_polars(table, path):
    polars.from_arrow(table).write_parquet(path, compression="zstd")


def with_duckdb(table, path):
    with duckdb.connect() as db:
        db.register("columns", table)
        db.execute(f"COPY columns TO '{path}' (FORMAT parquet, COMPRESSION zstd)")


WRITERS = {"pyarrow": with_pyarrow, "Polars": with_polars, "DuckDB": with_duckdb}


def streams(archive):
    """{name: its files}; former versions and what is being written are none."""
    found = {}
    for path in sorted(pathlib.Path(archive).rglob("*.parquet")):
        parts = path.relative_to(archive).parts
        if not parts[0].startswith("."):
            name = "/".join(part for part in parts[:-1]
                            if not part.startswith(("year=", "month=")))
            found.setdefault(name, []).append(path)
    return found


def main(archives):
    print("| stream | rows | files | ours | " + " | ".join(WRITERS) + " | ours / smallest |")
    print("|---|---|---|---|" + "---|" * (len(WRITERS) + 1))
    with tempfile.TemporaryDirectory() as folder:
        for archive in archives:
            for name, files in streams(archive).items():
                sizes = {**dict.fromkeys(WRITERS, 0)}
                rows = 0
                for path in files:
                    table = pyarrow.parquet.ParquetFile(path).read().replace_schema_metadata()
                    rows += table.num_rows
                    for writer, write in WRITERS.items():
                        copy = pathlib.Path(folder) / "copy.parquet"
                        write(table, str(copy))
                        sizes[writer] += copy.stat().st_size
                ours = sum(path.stat().st_size for path in files)
                cells = [name, f"{rows:,}", str(len(files)), f"{ours:,}",
                         *(f"{sizes[writer]:,}" for writer in WRITERS),
                         f"{ours / min(sizes.values()):.2f}"]
                print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main(sys.argv[1:])
