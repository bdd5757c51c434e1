#!/usr/bin/env python3
"""`data import` as users call it: what it says, leaves alone, keeps aside and remembers."""

import collections
import gzip
import hashlib
import json
import pathlib
import signal
import subprocess
import time

import harness
from harness import call, has

HEAD = "timestamp,open,high,low,close,volume\n"
SAME = ["--pair", "BTC/EUR", "-t", "1m", "--archive", "a"]


def rows(first, count, volume=1):
    return "".join(f"{1577836800 + 60 * i},10,12.5,9.25,11,{volume}\n"
                   for i in range(first, first + count))


def state(folder):
    """Every file but the catalogue's, with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.name.startswith("catalog.db")}


def document(work, *arguments):
    return json.loads(call(work, "data", "import", *arguments, "--json").out)


def twice_is_once(work):
    (work / "in.csv").write_text(HEAD + rows(0, 1000))
    first = document(work, "in.csv", *SAME)
    assert not first["unchanged"] and first["rows"] == 1000, first
    assert first["sha256"] == hashlib.sha256((work / "in.csv").read_bytes()).hexdigest()
    before = state(work / "a")
    again = document(work, "in.csv", *SAME)
    assert again["unchanged"] and again["content_hash"] == first["content_hash"], again
    assert state(work / "a") == before
    has(call(work, "data", "import", "in.csv", *SAME), "unchanged     the archive held these rows")
    with gzip.open(work / "in.csv.gz", "wb") as file:
        file.write((work / "in.csv").read_bytes())
    assert document(work, "in.csv.gz", *SAME)["unchanged"]
    assert state(work / "a") == before


def failures_change_nothing(work):
    before = state(work / "a")
    bad = HEAD + rows(0, 2000, 7) + "1577956800,10,9,9.25,11,1\n" + rows(2001, 5)
    (work / "bad.csv").write_text(bad)
    done = call(work, "data", "import", "bad.csv", *SAME, expected=4)
    has(done, "error: bad.csv:2002:15: high: found '9', expected at or above the low '9.25'")
    assert state(work / "a") == before
    done = call(work, "data", "import", "bad.csv", *SAME, "--map", "open=Open2", expected=4)
    has(done, "bad.csv:1:1: header: found 'timestamp,open,high,low,close,volume', expected a column "
              "'Open2' (--map)")
    for wrong, words in (
            (["--max-rejects", "lots"], "expected a number of rows or a percentage"),
            (["--price-scale", "x"], "--price-scale: found 'x', expected 0..18"),
            (["--qty-scale", "2", "--round-price"], "--price-scale: found none"),
            (["--separator", "##"], "--separator: found '##', expected one of comma"),
            (["--time", "stardate"], "--time: found 'stardate', expected one of iso, s, ms"),
            (["--type", "trades", "--on-duplicate", "last"], "on duplicate: found last")):
        has(call(work, "data", "import", "in.csv", *SAME, *wrong, expected=2), words)
    has(call(work, "data", "import", "in.csv", "--pair", "BTC/EUR", "-a", "a", expected=2),
        "missing --timeframe T")
    call(work, "data", "import", "nowhere.csv", *SAME, expected=7)
    assert state(work / "a") == before


def bad_rows_are_kept_aside(work):
    done = document(work, "bad.csv", *SAME, "--max-rejects", "0.05%")
    assert done["rejects"] == 1 and done["rows"] == 2005, done
    kept = work / done["rejects_file"]
    assert kept == work / "a/.rejects/BTC_EUR-1m-bad.csv.tsv", kept
    lines = kept.read_text().splitlines()
    assert lines[0] == "line\treason\trow"
    number, reason, row = lines[1].split("\t")
    assert (number, row) == ("2002", "1577956800,10,9,9.25,11,1"), lines
    has(reason, "2002:15: high: found '9', expected at or above the low '9.25'")
    has(call(work, "data", "import", "bad.csv", *SAME, "--max-rejects", "1"), "bad rows      1, "
        "kept in a/.rejects/BTC_EUR-1m-bad.csv.tsv", "the first   2002:15: high: found '9'")
    # Mended, the file leaves nothing behind.
    (work / "bad.csv").write_text(HEAD + rows(0, 2006, 7))
    assert document(work, "bad.csv", *SAME)["rows"] == 2006
    assert not kept.exists()
    # Where it is told to be, also when there were too many.
    (work / "bad.csv").write_text(HEAD + rows(0, 10) + "x\ny\n")
    call(work, "data", "import", "bad.csv", *SAME, "--max-rejects", "1", "--rejects", "why.tsv",
         expected=4)
    assert len((work / "why.tsv").read_text().splitlines()) == 3


def history_is_remembered(work):
    shown = call(work, "data", "show", "BTC/EUR", "1m", "--archive", "a", "--limit", "99",
                 "--json")
    imports = json.loads(shown.out)["imports"]
    assert [one["file"] for one in imports][:2] == ["in.csv", "in.csv"], imports
    assert imports[-1]["rows"] == 2006 and imports[0]["profile"] == "generic", imports
    # A catalogue that cannot be read costs the history, not the import.
    for path in (work / "a").glob("catalog.db*"):
        path.unlink()
    (work / "a/catalog.db").mkdir()
    call(work, "data", "import", "in.csv", *SAME)
    has(call(work, "data", "list", "--archive", "a").out, "BTC/EUR")


def a_stop_changes_nothing(work):
    """Ctrl-C in the middle of the rows."""
    harness.minute_bars(work / "long.csv", 400000)
    before = state(work / "a")
    stopped = 0
    for wait in (0.02, 0.05, 0.1, 0.15, 0.2):
        process = subprocess.Popen(
            harness.command("data", "import", "long.csv", "-p", "w1", "--pair", "BTC/EUR", "-t", "1m",
                            "--archive", "a"), cwd=work, env=harness.environment(),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(wait)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        if process.returncode == 0:
            break
        assert process.returncode in (130, -signal.SIGINT), (process.returncode, errors)
        assert state(work / "a") == before, errors
        stopped += 1
    assert stopped > 0
    print("stopped", stopped, "times")


def trades_quotes_and_sources(work):
    (work / "t.csv").write_text("time,id,price,qty,side\n1577836800.25,7,5.5,1,buy\n"
                                "1577836801,9,5.25,.5,sell\n")
    done = document(work, "t.csv", "--type", "trades", "--pair", "BTC/EUR", "-a", "a", "--source",
                    "kraken")
    assert (done["rows"], done["id_jumps"], done["type"]) == (2, 1, "trades"), done
    (work / "q.csv").write_text("time;bid;ask\n1577836800;5;6\n1577836801;6;5\n1577836801;5;5\n")
    done = call(work, "data", "import", "q.csv", "--type", "quotes", "--pair", "BTC/EUR", "-a", "a")
    has(done, "BTC/EUR quotes: 3 quotes", "crossed       1 quotes, 1 locked")
    listed = call(work, "data", "list", "--archive", "a").out
    has(listed, "kraken", "trades", "quotes")
    done = call(work, "data", "import", "t.csv", "--type", "trades", "--pair", "BTC/EUR",
                "--dry-run")
    has(done, "checked only  nothing is stored")


def feather(work):
    """Files of pandas and pyarrow by way of CSV, as docs/data.md says."""
    try:
        import pyarrow.csv
        import pyarrow.feather
        import pyarrow.parquet
    except ImportError:
        print("skipped: feather files: pyarrow is not there")
        return
    folder = harness.SHARED / "data/crypto"
    bars = [("binance/BTC_USDT-1h_2017-2024.feather", "BTC/USDT", "1h", 58419, 128, 28),
            ("binance/BTC_USDT-5m_2023.feather", "BTC/USDT", "5m", 104816, 16, 1),
            ("binance/ETH_USDT-5m_2023.feather", "ETH/USDT", "5m", 104816, 16, 1),
            ("kraken/BTC_USDT-1m_2023-11.feather", "BTC/USDT", "1m", 5388, 2334, 1367),
            ("kraken/BTC_USDT-5m_2023-11.feather", "BTC/USDT", "5m", 1520, 25, 25),
            ("kraken/BTC_USDT-15m_2023-11.feather", "BTC/USDT", "15m", 515, 0, 0),
            ("kraken/BTC_USDT-1h_2023-11.feather", "BTC/USDT", "1h", 129, 0, 0)]
    for number, (name, pair, timeframe, count, missing, gaps) in enumerate(bars):
        if not (folder / name).is_file():
            print(f"skipped: {name} is absent")
            continue
        pyarrow.csv.write_csv(pyarrow.feather.read_table(folder / name), work / "f.csv")
        done = document(work, "f.csv", "--pair", pair, "-t", timeframe, "-a", "f", "--source",
                        f"s{number}", "--qty-scale", "8", "--round-quantity")
        found = (done["rows"], done["missing_bars"], done["gaps"])
        assert found == (count, missing, gaps), (name, found)
    # Trades: 26 jumps of the id, thousands that share a millisecond, in the order of their ids.
    for name, pair, count, jumps, shared, most in (
            ("BTC_USDT-trades_2023-11", "BTC/USDT", 26921, 26, 6980, 38),
            ("ETH_BTC-trades_2023-11", "ETH/BTC", 9282, None, None, None)):
        path = folder / f"kraken/{name}.feather"
        if not path.is_file():
            print(f"skipped: {path} is absent")
            continue
        table = pyarrow.feather.read_table(path)
        pyarrow.csv.write_csv(table, work / "t.csv")
        done = document(work, "t.csv", "-p", "kraken-trades", "--pair", pair, "-a", "f")
        assert done["rows"] == count and done["duplicates"] == 0, done
        stored = pyarrow.parquet.ParquetDataset(
            work / "f" / pair.replace("/", "_") / "trades", partitioning=None).read()
        assert stored.column("id").to_pylist() == [int(one) for one in table["id"].to_pylist()]
        times = collections.Counter(stored.column("time").cast("int64").to_pylist())
        found = (done["id_jumps"], sum(n - 1 for n in times.values()), max(times.values()))
        assert jumps is None or found == (jumps, shared, most), found
        (file, *_) = (work / "f" / pair.replace("/", "_") / "trades").rglob("*.parquet")
        provenance = pyarrow.parquet.read_metadata(file).metadata[b"provenance"].decode()
        assert provenance == f"import:t.csv sha256:{done['sha256']} profile:kraken-trades"


def main():
    with harness.folder() as folder:
        work = pathlib.Path(folder)
        for test in (twice_is_once, failures_change_nothing, bad_rows_are_kept_aside,
                     history_is_remembered, a_stop_changes_nothing, trades_quotes_and_sources,
                     feather):
            test(work)
            print("ok", test.__name__)


if __name__ == "__main__":
    main()
