#!/usr/bin/env python3
"""A recorded Binance stream as a feed of order-book summaries (docs/feeds.md).

    tools/book_feed.py RECORDING.gz [--levels 5,20] > book.csv

A line of the recording is the receiver's clock in nanoseconds and the message: depth differences
("depthUpdate") and one REST snapshot ("lastUpdateId"); other messages are passed over. The book is
kept as Binance says: differences that end at or before the snapshot are dropped, also those that
came before it, from then on each replaces quantities, 0 takes a price away. After each difference one row is written:

    time,bid_price,bid_qty,ask_price,ask_qty,bid_qty_N,ask_qty_N...

`time` is the receiver's clock: when it was known here. bid_qty_N is the sum over the best N prices.
"""
import argparse
import decimal
import gzip
import heapq
import json
import sys


class Book:
    """One side is {price: quantity}; both are exact decimals as the exchange wrote them."""

    def __init__(self):
        self.bids, self.asks = {}, {}
        self.last = None  # update id; None: no snapshot yet
        self.early = []  # differences that came before it

    def start(self, snapshot):
        self.last = snapshot["lastUpdateId"]
        for side, rows in ((self.bids, snapshot["bids"]), (self.asks, snapshot["asks"])):
            side.clear()
            self.put(side, rows)
        for difference in self.early:
            self.take(difference)

    @staticmethod
    def put(side, rows):
        for price, quantity in rows:
            price, quantity = decimal.Decimal(price), decimal.Decimal(quantity)
            if quantity == 0:
                side.pop(price, None)
            else:
                side[price] = quantity

    def take(self, difference):
        """False where the difference is older than the snapshot, or there is none yet."""
        if self.last is None:
            self.early.append(difference)
            return False
        if difference["u"] <= self.last:
            return False
        if difference["U"] > self.last + 1:
            sys.exit(f"book_feed: found update {difference['U']}, expected {self.last + 1}: "
                     "the recording has a gap")
        self.last = difference["u"]
        self.put(self.bids, difference["b"])
        self.put(self.asks, difference["a"])
        return True

    def best(self, count):
        """The best bids and asks, (price, quantity)."""
        return ([(price, self.bids[price]) for price in heapq.nlargest(count, self.bids)],
                [(price, self.asks[price]) for price in heapq.nsmallest(count, self.asks)])


def messages(path):
    with gzip.open(path, "rt") as file:
        for line in file:
            received, text = line.split(" ", 1)
            message = json.loads(text)
            yield int(received), message.get("data", message)


def summaries(path, levels):
    book = Book()
    for received, message in messages(path):
        if "lastUpdateId" in message:
            book.start(message)
        elif message.get("e") == "depthUpdate" and book.take(message):
            bids, asks = book.best(max([1, *levels]))
            if bids and asks:
                sums = [sum(quantity for _, quantity in side[:n])
                        for n in levels for side in (bids, asks)]
                yield received, book.last, [*bids[0], *asks[0], *sums]


def header(levels):
    return ["time", "bid_price", "bid_qty", "ask_price", "ask_qty",
            *(f"{side}_qty_{n}" for n in levels for side in ("bid", "ask"))]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recording")
    parser.add_argument("--levels", default="", help="depths, such as 5,20")
    options = parser.parse_args()
    levels = [int(n) for n in options.levels.split(",") if n]
    print(",".join(header(levels)))
    for received, _, row in summaries(options.recording, levels):
        print(",".join(str(cell) for cell in [received, *(f"{value:f}" for value in row)]))


if __name__ == "__main__":
    main()
