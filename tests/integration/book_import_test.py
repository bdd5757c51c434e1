#!/usr/bin/env python3
"""The recorded order book of ../shared/data/l2 by the program: what the import and the check say is
what a reader of its own says here. Then with a message taken out, and with a book that is crossed."""

import gzip
import json
import pathlib

import harness
from harness import call

RECORDING = harness.SHARED / "data/l2/binance_ws/spot_btcusdt_20240808.gz"
WHAT = ("--profile", "binance-ws", "--pair", "BTC/USDT", "--source", "binance", "--archive", "archive", "--json")


def replay(lines):
    """A reader of its own: rows, messages, gaps, crossed books, bookTicker told and right."""
    bids, asks, tickers, early = {}, {}, {}, []
    said = dict(rows=0, messages=0, old=0, gaps=0, crossed=0, compared=0, right=0, trades=0, quotes=0)
    last = None

    def put(levels_b, levels_a, update):
        for side, levels in ((bids, levels_b), (asks, levels_a)):
            for price, quantity in levels:
                said["rows"] += 1
                if float(quantity) == 0:
                    side.pop(float(price), None)
                else:
                    side[float(price)] = float(quantity)
        said["messages"] += 1
        best = (max(bids), min(asks))
        said["crossed"] += best[0] >= best[1]
        if update in tickers:
            said["compared"] += 1
            said["right"] += tickers[update] == (best[0], bids[best[0]], best[1], asks[best[1]])

    def take(m):
        nonlocal last
        if m["u"] <= last:
            said["old"] += 1
            return
        said["gaps"] += not (m["U"] == last + 1 or (said["messages"] == 1 and m["U"] <= last))
        last = m["u"]
        put(m["b"], m["a"], m["u"])

    messages = [json.loads(line.split(" ", 1)[1]) for line in lines]
    for m in messages:
        if m.get("stream", "").endswith("@bookTicker"):
            d = m["data"]
            tickers[d["u"]] = tuple(float(d[k]) for k in "bBaA")
    for m in messages:
        d = m.get("data", m)
        if "lastUpdateId" in m:
            last = m["lastUpdateId"]
            put(m["bids"], m["asks"], last)
            for difference in early:
                take(difference)
        elif d.get("e") == "depthUpdate":
            take(d) if last is not None else early.append(d)
        elif d.get("e") == "trade":
            said["trades"] += 1
        else:
            said["quotes"] += 1
    return said


def check(work, expected=0):
    done = call(work, "data", "check", "--archive", "archive", "--timeframe", "book", "--json", expected=expected)
    [stream] = json.loads(done.out)["streams"]
    return {k["kind"]: k["rows"] for k in stream["kinds"] if k["findings"]}


def bring(work, path, kind):
    return json.loads(call(work, "data", "import", path, "--type", kind, *WHAT).out)


def the_recording(work, lines):
    own = replay(lines)
    report = bring(work, RECORDING, "book")
    assert (report["rows"], report["messages"], report["old_messages"], report["message_gaps"], report["snapshots"]) \
        == (own["rows"], own["messages"], own["old"], own["gaps"], 1), (report, own)
    assert own["gaps"] == own["crossed"] == 0 and own["right"] == own["compared"] > 0, own
    assert bring(work, RECORDING, "trades")["rows"] == own["trades"]
    quotes = bring(work, RECORDING, "quotes")
    assert (quotes["rows"], quotes["crossed"]) == (own["quotes"], 0), quotes
    assert check(work) == {}
    print(f"   {own}")


def a_message_that_is_missing(work, lines):
    differences = [i for i, line in enumerate(lines) if "depthUpdate" in line]
    (work / "cut").write_text("".join(lines[:differences[100]] + lines[differences[101]:]))
    report = bring(work, work / "cut", "book")
    assert (report["message_gaps"], report["snapshots"]) == (1, 1), report
    kept = replay(lines[:differences[100]])["rows"]
    assert check(work) == {"book_unknown": report["rows"] - kept}, (check(work), kept)


def a_crossed_book(work, lines):
    start = [line for line in lines if "lastUpdateId" in line]
    last = json.loads(start[0].split(" ", 1)[1])["lastUpdateId"]
    (work / "crossed").write_text(start[0] + lines[-1].split(" ", 1)[0] + " " + json.dumps(
        {"e": "depthUpdate", "s": "BTCUSDT", "U": last + 1, "u": last + 1, "b": [["99999", "1"]], "a": []}) + "\n")
    bring(work, work / "crossed", "book")
    assert check(work, expected=4) == {"crossed_book": 1}


def main():
    if not RECORDING.is_file():
        print(f"skipped: {RECORDING} is not there")
        return
    with gzip.open(RECORDING, "rt") as file:
        lines = file.readlines()
    for test in (the_recording, a_message_that_is_missing, a_crossed_book):
        with harness.folder() as folder:
            test(pathlib.Path(folder), lines)
        print(f"ok {test.__name__}")


if __name__ == "__main__":
    main()
