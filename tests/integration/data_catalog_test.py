#!/usr/bin/env python3
"""`data list` and `data reindex` through the program: what is there, and a catalogue that breaks."""

import contextlib
import fcntl
import hashlib
import json
import os
import pty
import re
import sqlite3
import struct
import subprocess
import termios

import harness
from harness import call, has


def listed(work, *arguments):
    return json.loads(call(work, "data", "list", "--archive", "archive", "--json", *arguments).out)


def catalogue(work):
    return work / "archive/catalog.db"


def it_lists_what_is_there(work):
    path = harness.sample()
    if path is None:
        return
    harness.import_bars(work, path, archive="archive")
    harness.minute_bars(work / "bars.csv", 500)
    harness.import_bars(work, "bars.csv", "BTC/USD", "1m", "w1", "archive")
    answer = listed(work)
    assert answer["notice"] is None
    assert [(d["asset_pair"], d["timeframe"], d["rows"]) for d in answer["datasets"]] == [
        ("BTC/USD", "1m", 500), ("EUR/USD", "1h", 5000)]
    euro = answer["datasets"][1]
    assert (euro["gaps"], euro["missing"], euro["session"]) == (2, 48, "fx")
    assert abs(euro["completeness"] - 5000 / 5048) < 1e-15
    assert euro["bytes"] == sum(p.stat().st_size for p in (work / "archive/EUR_USD").rglob("*.parquet"))
    done = call(work, "data", "list", "--archive", "archive")
    has(done.out, "EUR/USD  1h", "2017-04-19  2018-02-07  5000", "99.04     2", "2 datasets, 5,500 rows")
    assert max(map(len, done.out.splitlines())) <= 80, done.out
    assert [d["asset_pair"] for d in listed(work, "--pair", "EUR/USD")["datasets"]] == ["EUR/USD"]
    assert listed(work, "--timeframe", "4h")["datasets"] == []
    has(call(work, "data", "list", "--archive", "archive", "-t", "trades").out, "no data of that")


def it_shows_one(work):
    path = harness.sample()
    if path is None:
        return
    harness.import_bars(work, path, archive="archive")
    show = ("data", "show", "EUR/USD", "1h", "--archive", "archive")
    answer = json.loads(call(work, *show, "--json", "--rows", "2").out)
    assert (answer["rows"], answer["gaps"], answer["missing"], answer["blocks"]) == (5000, 2, 48, 43)
    assert [g["missing"] for g in answer["largest_gaps"]] == [24, 24]
    assert answer["largest_gaps"][0]["first"] == "2017-12-24T22:00:00.000000000Z"
    assert [f["path"] for f in answer["files"]] == [
        f"EUR_USD/1h/year={year}/ohlcv.parquet" for year in (2017, 2018)]
    for told in answer["files"]:
        content = (work / "archive" / told["path"]).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (told["sha256"], told["bytes"])
    assert answer["last_rows"][-1] == {"time": "2018-02-07 15:00:00", "open": "1.23427", "high": "1.23444",
                                       "low": "1.22904", "close": "1.22904", "volume": "6143"}
    assert len(answer["last_rows"]) == 2 and len(answer["content_hash"]) == 64
    for env, expected in (({"LANG": "C.UTF-8"}, "┃"), ({"LANG": "C", "LC_ALL": None}, "#")):
        done = call(work, *show, env={"COLUMNS": "80", **env})
        has(done.out, "EUR/USD 1h", "rows          5,000 in 2 files", expected, "2017-04-19",
            "complete      99.04 %: 48 bars missing in 2 gaps; session fx", "Largest gaps", "Last rows")
        assert max(map(len, done.out.splitlines())) <= 80 and "\033" not in done.out, done.out
        assert done.out == call(work, *show, env={"COLUMNS": "80", **env}).out
    assert "volume |" not in call(work, *show, "--no-chart", env={"LANG": "C"}).out
    (work / "config").mkdir()
    (work / "config/instruments.yaml").write_text(
        "EUR/USD: {price_scale: 5, qty_scale: 2, session: {hours: always}}\n")
    assert json.loads(call(work, *show, "--json").out)["gaps"] == 42
    assert listed(work)["datasets"][0]["gaps"] == 42
    assert listed(work, "--config", "none")["datasets"][0]["gaps"] == 2
    for arguments, code, message in ((("EUR/USD", "4h"), 7, "found no EUR/USD 4h ohlcv"),
                                     (("EURUSD", "1h"), 2, "EURUSD"),
                                     (("EUR/USD", "soon"), 2, "'soon': expected a timeframe"),
                                     (("EUR/USD", "1h", "--from", "x"), 2, "x"),
                                     (("EUR/USD", "1h", "--limit", "9999999"), 2, "9999999 items")):
        has(call(work, "data", "show", *arguments, "--archive", "archive", expected=code).err, message)


def on_a_screen(work, env, *arguments):
    """What the program writes to a terminal of 80 columns."""
    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
    process = subprocess.Popen(harness.command(*arguments), stdin=subprocess.DEVNULL, stdout=side,
                               stderr=subprocess.DEVNULL, cwd=work, env=harness.environment(**env))
    os.close(side)
    text = b""
    try:
        while chunk := os.read(main, 65536):
            text += chunk
    except OSError:  # the other side is closed
        pass
    os.close(main)
    assert process.wait(timeout=60) == 0
    return text.decode().replace("\r\n", "\n")


def a_screen_has_colour_and_no_more_than_its_columns(work):
    path = harness.sample()
    if path is None:
        return
    harness.import_bars(work, path, archive="archive")
    terminal = {"LANG": "C.UTF-8", "LC_ALL": None, "TERM": "xterm"}
    for arguments in (("list",), ("show", "EUR/USD", "1h")):
        coloured = on_a_screen(work, terminal, "data", *arguments, "--archive", "archive")
        plain = on_a_screen(work, {**terminal, "NO_COLOR": "1"}, "data", *arguments, "--archive", "archive")
        assert "\033[" in coloured and "\033[" not in plain
        bare = re.sub(r"\033\[[0-9;]*m", "", coloured)
        assert max(map(len, bare.splitlines())) <= 80 and max(map(len, plain.splitlines())) <= 80
        # Without colour, falling candles differ by form; nothing else does.
        assert bare.translate({ord(c): "x" for c in "█▄▀┃╻╹╽╿│╷╵"}) == \
            plain.translate({ord(c): "x" for c in "█▄▀┃╻╹╽╿│╷╵"})


def export_fills(work):
    """Both forms of Kraken (README 5.1) are one file when they are filled."""
    path = harness.SHARED / "data/crypto/kraken/BTCUSDC_1m_2023Q1.csv"
    if not path.is_file():
        print(f"skipped: {path} is not there")
        return
    rows = [line.split(",") for line in path.read_text().splitlines()]
    with open(work / "rest.csv", "w") as file:
        for before, row in zip([None] + rows, rows):
            for time in range(int(before[0]) + 60, int(row[0]), 60) if before else ():
                file.write(f"{time},{before[4]},{before[4]},{before[4]},{before[4]},0,0\n")
            file.write(",".join(row) + "\n")
    harness.import_bars(work, path, "BTC/USDC", "1m", "kraken", "archive")
    call(work, "data", "import", "rest.csv", "--profile", "kraken", "--pair", "BTC/USDC", "--timeframe", "1m",
         "--archive", "archive", "--source", "rest")

    def export(name, *options):
        done = call(work, "data", "export", "--archive", "archive", "--pair", "BTC/USDC", "--timeframe", "1m",
                    "--output", name, "--json", *options)
        return json.loads(done.out), (work / name).read_bytes()
    told, filled = export("a.csv", "--fill", "previous_close")
    assert (told["rows"], told["filled"], told["fill"]) == (129600, 72883, "previous_close"), told
    told, same = export("b.csv", "--fill", "previous_close", "--source", "rest")
    assert (told["rows"], told["filled"]) == (129600, 0), told
    assert filled == same
    told, bare = export("c.csv")
    assert (told["rows"], told["filled"], told["fill"]) == (56717, 0, "none"), told
    has(call(work, "data", "export", "--archive", "archive", "--pair", "BTC/USDC", "--timeframe", "1m",
             "--output", "d.csv", "--fill", "linear", expected=2).err, "linear")


def a_broken_catalogue_is_made_anew(work):
    harness.minute_bars(work / "bars.csv", 500)
    harness.import_bars(work, "bars.csv", "BTC/USD", "1m", "w1", "archive")
    before = listed(work)
    catalogue(work).write_bytes(b"garbage " * 1000)
    done = call(work, "data", "list", "--archive", "archive")
    has(done.err, "warning: catalogue of 'archive' was damaged: put aside as catalog.db.damaged")
    has(done.out, "BTC/USD")
    assert listed(work) == before
    assert catalogue(work).with_suffix(".db.damaged").read_bytes() == b"garbage " * 1000
    catalogue(work).unlink()
    assert listed(work) == before
    answer = json.loads(call(work, "data", "reindex", "--archive", "archive", "--json").out)
    assert (answer["datasets"], answer["files"], answer["rows"]) == (1, 1, 500)
    assert listed(work) == before
    has(call(work, "data", "reindex", "--archive", "archive").out, "datasets 1, files 1, rows 500")


def imports_are_found_again(work):
    """A catalogue that is lost knows who brought the rows, not when; the next import is told once."""
    harness.minute_bars(work / "bars.csv", 500)
    harness.import_bars(work, "bars.csv", "BTC/USD", "1m", "w1", "archive")

    def imports():
        done = call(work, "data", "show", "BTC/USD", "1m", "--archive", "archive", "--json")
        return json.loads(done.out)["imports"]
    [before] = imports()
    assert before["at"] is not None
    catalogue(work).unlink()
    [after] = imports()
    assert after == {**before, "at": None}, (before, after)
    has(call(work, "data", "show", "BTC/USD", "1m", "--archive", "archive").out, "Last imports", "bars.csv")
    call(work, "data", "reindex", "--archive", "archive")
    assert imports() == [after]
    harness.import_bars(work, "bars.csv", "BTC/USD", "1m", "w1", "archive")
    [again] = imports()
    assert again["at"] is not None and again["sha256"] == before["sha256"]
    call(work, "data", "reindex", "--archive", "archive")
    assert imports() == [again]


def a_newer_catalogue_is_left_alone(work):
    """It is refused with its version; the data is imported, checked, exported and shown to be whole."""
    harness.minute_bars(work / "bars.csv", 500)
    harness.import_bars(work, "bars.csv", "BTC/USD", "1m", "w1", "archive")
    listed(work)
    with contextlib.closing(sqlite3.connect(catalogue(work))) as db:
        db.executescript("PRAGMA user_version = 4711; CREATE TABLE of_tomorrow(x)")
    for command in (("list",), ("show", "BTC/USD", "1m"), ("reindex",), ("prune", "--keep", "0")):
        has(call(work, "data", *command, "--archive", "archive", expected=3).err,
            "error: catalogue 'archive/catalog.db': found version 4711, expected at most 3: a newer "
            "s1mpletrader made it; the data is readable without it")
    done = call(work, "data", "check", "--archive", "archive")
    has(done.err, "warning: findings are not remembered: catalogue 'archive/catalog.db': found version 4711")
    has(done.out, "BTC/USD 1m: 500 rows")
    harness.minute_bars(work / "more.csv", 600)
    done = call(work, "data", "import", "more.csv", "--profile", "w1", "--pair", "BTC/USD", "--timeframe",
                "1m", "--archive", "archive")
    has(done.err, "warning: catalogue: ", "found version 4711")
    call(work, "data", "export", "--archive", "archive", "--pair", "BTC/USD", "--timeframe", "1m", "--output",
         "out.csv")
    assert len((work / "out.csv").read_text().splitlines()) == 601
    with contextlib.closing(sqlite3.connect(catalogue(work))) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (4711,)


def what_is_asked_wrongly(work):
    has(call(work, "data", "list", expected=2).err, "missing --archive DIR")
    has(call(work, "data", "list", "--archive", "none", expected=7).err,
        "archive 'none': found no folder")
    (work / "empty").mkdir()
    has(call(work, "data", "list", "--archive", "empty").out, "empty: no data")
    has(call(work, "data", "list", "--archive", "empty", "-t", "2x", expected=2).err, "'2x'")
    has(call(work, "data", "reindex", expected=2).err, "missing --archive DIR")


def main():
    for test in (it_lists_what_is_there, it_shows_one,
                 a_screen_has_colour_and_no_more_than_its_columns, export_fills, a_broken_catalogue_is_made_anew,
                 imports_are_found_again, a_newer_catalogue_is_left_alone, what_is_asked_wrongly):
        with harness.folder() as folder:
            test(harness.pathlib.Path(folder))
        print(f"ok {test.__name__}")


if __name__ == "__main__":
    main()
