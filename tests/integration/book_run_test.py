#!/usr/bin/env python3
"""A strategy on the recorded order book of ../shared/data/l2: bars of a second made of its trades,
orders on its book. Every fill of a market order is found in a book of this test's own, level by
level; resting orders, stops and queues leave books that balance; the run repeats byte for byte."""

import collections
import gzip
import json
import pathlib
from datetime import datetime, timezone
from decimal import Decimal

import harness
from harness import call

RECORDING = harness.SHARED / "data/l2/binance_ws/spot_btcusdt_20240808.gz"


def world(work):
    harness.config(work, harness.SOURCE / "tests/integration/book/config")
    for kind in ("book", "trades"):
        call(work, "data", "import", RECORDING, "--profile", "binance-ws", "--type", kind, "--pair", "BTC/USDT",
             "--source", "binance", "--archive", "archive")


def run(work, link, name, *sets):
    call(work, "backtest", link, "--results", name, *[part for text in sets for part in ("--set", text)])
    call(work, "results", "check", name)
    return harness.entries(work / name, "ORDER_FILLED")


def nanos(text):
    moment, fraction = text.rstrip("Z").split(".")
    return int(datetime.fromisoformat(moment).replace(tzinfo=timezone.utc).timestamp()) * 10**9 + int(fraction)


def differences():
    """(time, bids, asks) of the snapshot and of what follows it, in order."""
    last, early = None, []
    for line in gzip.open(RECORDING, "rt"):
        time, text = line.split(" ", 1)
        m = json.loads(text)
        d = m.get("data", m)
        if "lastUpdateId" in m:
            last = m["lastUpdateId"]
            yield int(time), m["bids"], m["asks"]
            for held in early:
                if held["u"] > last:
                    yield int(time), held["b"], held["a"]
        elif d.get("e") == "depthUpdate" and last is None:
            early.append(d)
        elif d.get("e") == "depthUpdate" and d["u"] > last:
            yield int(time), d["b"], d["a"]


def every_fill_is_in_the_book(work):
    fills = run(work, "l2", "market")
    orders = collections.OrderedDict()
    for fill in fills:
        assert fill["details"]["rule"] == "BOOK" and fill["details"]["liquidity"] == "taker", fill
        orders.setdefault(fill["order_id"], []).append(fill)
    assert len(orders) == 10 and len(fills) > 50, (len(orders), len(fills))
    book = {"sell": {}, "buy": {}}  # by who takes from it
    rows = differences()
    ahead = next(rows)
    for parts in orders.values():
        moment, side = nanos(parts[0]["time"]), parts[0]["details"]["side"]
        while ahead is not None and ahead[0] < moment:
            for levels, changes in ((book["sell"], ahead[1]), (book["buy"], ahead[2])):
                for price, quantity in changes:
                    if Decimal(quantity) == 0:
                        levels.pop(Decimal(price), None)
                    else:
                        levels[Decimal(price)] = Decimal(quantity)
            ahead = next(rows, None)
        assert max(book["sell"]) < min(book["buy"]), parts[0]
        left = sum(Decimal(part["details"]["quantity"]) for part in parts)
        levels = book[side]
        for part in parts:
            price = (min if side == "buy" else max)(levels)
            taken = min(left, levels[price])
            assert (Decimal(part["details"]["price"]), Decimal(part["details"]["quantity"])) == (price, taken), \
                (part, price, taken)
            left -= taken
            levels[price] -= taken
            if levels[price] == 0:
                del levels[price]
        assert left == 0
    print(f"   {len(orders)} market orders, {len(fills)} fills, each of its level")


def it_repeats(work):
    run(work, "l2", "again")
    harness.same(work / "market", work / "again")
    call(work, "replay", "market")


def what_rests_stands_in_a_queue(work):
    """Icebergs with stop and target: who rests makes, and the books balance."""
    for queue in ("risk_averse", "prob_power", "prob_log"):
        rules = collections.Counter()
        name = f"rests_{queue}"
        for fill in run(work, "l2_rests", name, f"environments.l2.simulation.book.queue={queue}"):
            rules[fill["details"]["rule"]] += 1
            is_maker = fill["details"]["rule"] in ("QUEUE", "TRADE_THROUGH", "BOOK_CROSSED")
            assert (fill["details"]["liquidity"] == "maker") == is_maker, fill
        print(f"   {queue}: {dict(sorted(rules.items()))}")
        assert rules["BOOK_STOP"] > 0 and rules["QUEUE"] + rules["TRADE_THROUGH"] + rules["BOOK_CROSSED"] > 0, rules
        call(work, "replay", name)


def without_a_book(work):
    """The archive holds none of another source; cuts of the data have none."""
    other = ("--set", "data_sources.l2.archive_source=elsewhere")
    call(work, "data", "import", RECORDING, "--profile", "binance-ws", "--type", "trades", "--pair", "BTC/USDT",
         "--source", "elsewhere", "--archive", "archive")
    done = call(work, "backtest", "l2", "--results", "none", *other, expected=None)
    harness.has(done.err, "no elsewhere:BTC/USDT book in archive")
    assert done.code != 0 and not (work / "none").exists()


def main():
    if not RECORDING.is_file():
        print(f"skipped: {RECORDING} is not there")
        return
    with harness.folder() as folder:
        work = pathlib.Path(folder)
        world(work)
        for test in (every_fill_is_in_the_book, it_repeats, what_rests_stands_in_a_queue, without_a_book):
            test(work)
            print(f"ok {test.__name__}")


if __name__ == "__main__":
    main()
