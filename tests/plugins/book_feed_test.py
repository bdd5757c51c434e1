#!/usr/bin/env python3
"""A recorded order book (shared/data/l2) as a feed: what tools/book_feed.py makes of it agrees with
the exchange's own best prices, and orderbook_imbalance_detector with exact fractions of it."""

import csv
import fractions
import os
import pathlib
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ.get("S1_SOURCE_DIR", ".")).resolve()
BUILD = pathlib.Path(os.environ["S1_BUILD_DIR"])
SHARED = pathlib.Path(os.environ.get("S1_SHARED", SOURCE / "../shared"))
RECORDING = SHARED / "data/l2/binance_ws/spot_btcusdt_20240808.gz"
PROBE = BUILD / "tests/plugin_orderbook_imbalance_detector_orderbook_imbalance_detector_test"
SECOND = 1_000_000_000
BAR = 10 * SECOND

sys.path.insert(0, str(SOURCE / "tools"))
import book_feed  # noqa: E402


def agrees_with_the_tickers():
    """bookTicker is the exchange's own top of the book: the newest one up to an update is that of
    the book kept from the differences."""
    tickers = [m for _, m in book_feed.messages(RECORDING) if "B" in m and "A" in m and "u" in m
               and "e" not in m]
    tickers.sort(key=lambda m: m["u"])
    at = checked = equal = 0
    for _, last, row in book_feed.summaries(RECORDING, []):
        while at + 1 < len(tickers) and tickers[at + 1]["u"] <= last:
            at += 1
        ticker = tickers[at]
        if ticker["u"] > last:
            continue
        found = [str(ticker[key]) for key in "bBaA"]
        checked += 1
        equal += [f"{value:.8f}" for value in row] == found
    assert checked > 3000 and equal == checked, f"{equal} of {checked} tops are the exchange's"


def imbalance(bid, ask):
    return (bid - ask) / (bid + ask)


def agrees_with_fractions(work):
    feed = work / "book.csv"
    with open(feed, "w") as file:
        subprocess.run([sys.executable, SOURCE / "tools/book_feed.py", RECORDING, "--levels",
                        "5,20"], check=True, stdout=file)
    with open(feed, newline="") as file:
        rows = [{k: fractions.Fraction(v) for k, v in row.items()} for row in csv.DictReader(file)]
    first = int(rows[0]["time"]) // BAR * BAR
    bars = (int(rows[-1]["time"]) - first) // BAR + 2
    columns = ["book_imbalance", "book_imbalance_mean", "book_imbalance_5", "book_imbalance_20"]
    out = subprocess.run([PROBE, feed, "{levels: [5, 20], max_age: 1s}", str(first), str(BAR),
                          str(bars), *columns], check=True, capture_output=True, text=True).stdout
    found = [[float(value) for value in line.split()] for line in out.splitlines()]
    assert len(found) == bars and bars > 30
    compared = 0
    for i, values in enumerate(found):
        close = first + (i + 1) * BAR
        known = [row for row in rows if row["time"] <= close]
        new = [row for row in known if row["time"] > close - BAR]
        newest = known[-1] if known and known[-1]["time"] >= close - SECOND else None
        expected = [imbalance(newest[f"bid_qty{n}"], newest[f"ask_qty{n}"]) if newest else None
                    for n in ("", "_5", "_20")]
        expected.insert(1, sum(imbalance(r["bid_qty"], r["ask_qty"]) for r in new) / len(new)
                        if new else None)
        for value, exact in zip(values, expected):
            assert (value != value) == (exact is None), (i, value, exact)
            if exact is not None:
                assert abs(value - float(exact)) <= 1e-12, (i, value, float(exact))
                compared += 1
    assert compared >= 4 * 30, compared


def main():
    if not RECORDING.is_file():
        print(f"skipped: no {RECORDING}")
        return
    agrees_with_the_tickers()
    with tempfile.TemporaryDirectory(dir=os.environ.get("S1_TEST_TMP", "/tmp")) as name:
        agrees_with_fractions(pathlib.Path(name))


if __name__ == "__main__":
    main()
