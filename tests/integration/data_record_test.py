#!/usr/bin/env python3
"""`data record` against a simulated exchange on loopback: what is stored is what was traded, with
faults of the connection, after kill -9, and as bars equal to the exchange's own.

S1_RECORD_KILLS: how many recordings are killed (default 15; the deep tier uses 200).
"""

import csv
import json
import signal
import subprocess
import sys
import time
from decimal import Decimal

import harness
from harness import call, has

sys.path.insert(0, str(harness.SOURCE / "simulators/kraken"))
import ws_server  # noqa: E402 (its folder is known from here on)

PAIR = "BTC/USD"


def record(work, server, *arguments, expected=0, pairs=(PAIR,)):
    done = call(work, "data", "record", "--connector", "kraken",
                *[word for pair in pairs for word in ("--pair", pair)],
                "--url", server.url, "--archive", "archive", "--json", *arguments,
                expected=expected)
    assert expected != 0 or "error" not in done.err, done.err
    return json.loads(done.out) if expected == 0 else done


def exported(work, data_type, pair=PAIR):
    """The rows of a stream as dicts of texts."""
    file = work / "rows.csv"
    call(work, "data", "export", "--archive", "archive", "--source", "kraken", "--pair", pair,
         "--timeframe", data_type, "--format", "csv", "--output", file)
    with open(file, newline="") as rows:
        found = list(csv.DictReader(rows))
    file.unlink()
    return found


def stored_trades(work, pair=PAIR):
    """(id, microseconds, tenths, 10^-8 of quantity, side) of each row, in order."""
    found = []
    for row in exported(work, "trades", pair):
        found.append((int(row["id"]), to_micros(row["time"]), to_units(row["price"], 1),
                      to_units(row["quantity"], 8), row["side"]))
    return found


def to_micros(text):
    moment, _, fraction = text.rstrip("Z").partition(".")
    seconds = ws_server.datetime.fromisoformat(moment + "+00:00").timestamp()
    return round(seconds) * 1_000_000 + int(fraction.ljust(9, "0")[:6] or 0)


def to_units(text, digits):
    value = Decimal(text).scaleb(digits)
    assert value == int(value), text
    return int(value)


def notes(work, data_type="trades", pair=PAIR):
    file = (work / "archive/.recorder/kraken" / pair.replace("/", "_") / data_type / "notes.jsonl")
    return [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []


def expect_trades(found, pair=PAIR):
    """Every row is the trade of its id, and ids rise."""
    ids = [row[0] for row in found]
    assert ids == sorted(set(ids)), "an id twice, or out of order"
    for row in found:
        number, micros, price, quantity, side = ws_server.trade(pair, row[0])
        assert row[2:] == (price, quantity, side), (row, ws_server.trade(pair, row[0]))
        assert row[1] == micros, (row, micros)
    return ids


def check_archive(work):
    """The archive reads, and the catalogue agrees with it."""
    listed = json.loads(call(work, "data", "list", "--archive", "archive", "--json").out)
    before = listed["datasets"]
    call(work, "data", "reindex", "--archive", "archive")
    after = json.loads(call(work, "data", "list", "--archive", "archive", "--json").out)["datasets"]
    assert [(d["asset_pair"], d["rows"]) for d in before] == [(d["asset_pair"], d["rows"]) for d in after]
    return before


# --- In order. ---

def trades_quotes_and_books(work):
    server = ws_server.Server(symbols=(PAIR, "ETH/USD"), rate=300).start_thread()
    report = record(work, server, "--type", "trades", "--type", "quotes", "--type", "book", "--for", "3s",
                    pairs=(PAIR, "ETH/USD"))
    server.stop()
    assert len(report["streams"]) == 6 and report["connects"] == 1 and report["malformed"] == 0
    for stream in report["streams"]:
        assert stream["accepted"] == stream["archived"] > 100, stream
        assert stream["dropped"] == stream["gaps"] == stream["resyncs"] == 0, stream
    for pair in (PAIR, "ETH/USD"):
        ids = expect_trades(stored_trades(work, pair), pair)
        assert ids == list(range(ids[0], ids[-1] + 1)), "a trade is missing"
    books = exported(work, "book")
    assert {row["kind"] for row in books} == {"snapshot", "update"}, books[0]
    replay_book(books, server.books[PAIR])
    quotes = exported(work, "quotes")
    assert all(float(q["bid"]) < float(q["ask"]) for q in quotes)
    assert {d["data_type"] for d in check_archive(work)} == {"trades", "quotes", "book"}


def replay_book(rows, book):
    """The stored rows make the book of the exchange, update by update, never crossed."""
    mine, other = {"bid": {}, "ask": {}}, ws_server.Book(PAIR)
    last = None
    for index, row in enumerate(rows):
        if row["kind"] == "snapshot" and last != row["update_id"]:
            mine = {"bid": {}, "ask": {}}
        last = row["update_id"]
        side, price, quantity = mine[row["side"]], to_units(row["price"], 1), to_units(row["quantity"], 8)
        side[price] = quantity
        if quantity == 0:
            del side[price]
        if index + 1 == len(rows) or rows[index + 1]["update_id"] != last:
            assert max(mine["bid"]) < min(mine["ask"]), "a crossed book"
    for _ in range(book.count):
        other.step()
        if other.asks == mine["ask"] and other.bids == mine["bid"]:
            return
    sys.exit("the book as stored never was the exchange's")


def a_second_recording_goes_on(work):
    server = ws_server.Server(rate=300).start_thread()
    first = record(work, server, "--for", "1s")["streams"][0]
    assert first["resumed_after"] is None
    second = record(work, server, "--for", "1s")["streams"][0]
    server.stop()
    assert second["resumed_after"] is not None and second["recovered"]["segments"] == 0
    ids = expect_trades(stored_trades(work))
    missing = ids[-1] - ids[0] + 1 - len(ids)
    assert missing == second["missing"] == sum(n["count"] for n in notes(work)), (missing, second)
    assert len(ids) == first["archived"] + second["archived"]
    shown = json.loads(call(work, "data", "show", PAIR, "trades", "--source", "kraken", "--archive",
                            "archive", "--json").out)
    assert [(i["who"], i["rows"], i["rejects"]) for i in shown["imports"]] == [
        ("record", first["archived"], 0), ("record", second["archived"], missing)], shown["imports"]


def ctrl_c(work):
    server = ws_server.Server(rate=300).start_thread()
    child = start(work, server)
    wait_for_rows(server, 200)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    server.stop()
    assert child.returncode == 0, err
    stream = json.loads(out)["streams"][0]
    assert stream["accepted"] == stream["archived"] > 0
    assert len(expect_trades(stored_trades(work))) == stream["archived"]
    assert not list((work / "archive/.recorder").rglob("*.seg"))


# --- Options. ---

def bad_options(work):
    common = ["--connector", "kraken", "--pair", PAIR, "--archive", "archive"]
    for arguments, message in [
        (["--pair", PAIR, "--archive", "archive"], "missing --connector NAME"),
        (["--connector", "kraken", "--archive", "archive"], "missing --pair P"),
        (["--connector", "kraken", "--pair", PAIR], "missing --archive DIR"),
        (["--connector", "binance", "--pair", PAIR, "--archive", "archive"],
         "connector: found 'binance', expected kraken"),
        (common + ["--type", "ohlcv"], "type: found 'ohlcv', expected trades, quotes or book"),
        (common + ["--depth", "11"], "depth: found 11, expected 10, 25, 100, 500 or 1000"),
        (common + ["--url", "http://127.0.0.1:1/v2"], "expected ws://HOST[:PORT]/PATH"),
        (common + ["--url", "ws://example.com/v2"], "found ws:// to another machine, expected wss://"),
        (common + ["--for", "soon"], "soon"),
    ]:
        has(call(work, "data", "record", *arguments, expected=2).err, message)
    done = call(work, "data", "record", *common, "--profile", "none", expected=None)
    assert done.code != 0
    has(done.err, "ingestion profile 'none': not there, expected live_task, historical_task")


# --- Profiles. ---

def profiles(work):
    (work / "config").mkdir()
    (work / "config/platform.yaml").write_text(
        "schema_version: 1\nservices: { data_ingestion: { profiles: "
        "{ quick: { max_records: 100, max_seconds: 1 } } } }\n")
    server = ws_server.Server(rate=500).start_thread()
    report = record(work, server, "--profile", "quick", "--for", "3s")
    server.stop()
    stream = report["streams"][0]
    assert report["max_records"] == 100 and report["max_seconds"] == 1
    assert stream["flushes"] >= 3 and stream["archived"] == stream["accepted"]
    expect_trades(stored_trades(work))


# --- While it runs. ---

def start(work, server, *arguments):
    return subprocess.Popen(
        harness.command("data", "record", "--connector", "kraken", "--pair", PAIR, "--url", server.url,
                        "--archive", "archive", "--json", *arguments),
        cwd=work, env=harness.environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wait_for_rows(server, count, seconds=30):
    upto = server.number[PAIR] + count
    deadline = time.monotonic() + seconds
    while server.number[PAIR] < upto and time.monotonic() < deadline:
        time.sleep(0.01)


# --- Bars of the exchange. ---

def bars_are_the_exchanges_own(work):
    """One hour of Kraken's BTC/USD trades over the wire: the hour bar of Kraken's archive."""
    file = harness.SHARED / "data/crypto/kraken/BTCUSD_trades_2019-07-01T00.csv"
    bars = harness.SHARED / "data/crypto/kraken/XBTUSD_60.csv"
    if not file.is_file():
        print(f"skipped: {file} is not there")
        return
    trades, seen = [], set()
    with open(file, newline="") as rows:
        for row in csv.DictReader(rows):
            key = (row["time_ms"], row["price"], row["amount"], row["side"])
            number = len(trades) + (0 if key in seen else 1)  # the repeated row has the id of the first
            seen.add(key)
            trades.append((number, int(row["time_ms"]) * 1000, to_units(row["price"], 1),
                           to_units(row["amount"], 8), row["side"]))
    unique = {}
    for item in trades:
        unique.setdefault(item[0], item)
    assert len(trades) == 2672 and len(unique) == 2671
    server = ws_server.Server(symbols=(PAIR,), rate=2000, trades={PAIR: trades}, pace=True).start_thread()
    child = start(work, server)
    while server.number[PAIR] < len(trades):
        time.sleep(0.05)
    time.sleep(1)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    server.stop()
    assert child.returncode == 0, err
    assert json.loads(out)["streams"][0]["archived"] == 2671, out
    assert [row[:5] for row in stored_trades(work)] == [unique[n] for n in sorted(unique)]
    expected = next(line for line in bars.read_text().splitlines() if line.startswith("1561939200,"))
    call(work, "data", "resample", "--archive", "archive", "--source", "kraken", "--pair", PAIR,
         "--from-timeframe", "trades", "--to-timeframe", "1h", "--partial")
    found = call(work, "data", "export", "--archive", "archive", "--source", "kraken", "--pair", PAIR,
                 "--timeframe", "1h", "--format", "csv", "--output", "bar.csv") and \
        list(csv.DictReader(open(work / "bar.csv", newline="")))
    _, *values, count = expected.split(",")
    assert len(found) == 1, found
    for name, value in zip(("open", "high", "low", "close", "volume"), values):
        assert to_units(found[0][name], 8) == to_units(value, 8), (name, found, expected)
    assert int(found[0].get("trades") or count) == int(count) == 2671


TESTS = [trades_quotes_and_books, a_second_recording_goes_on, ctrl_c,
         bad_options, profiles, bars_are_the_exchanges_own]


def main(tests=tuple(TESTS)):
    wanted = sys.argv[1:]
    for test in tests:
        if wanted and test.__name__ not in wanted:
            continue
        with harness.folder(is_checked=False) as name:
            test(harness.pathlib.Path(name))
        print(f"ok: {test.__name__}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
