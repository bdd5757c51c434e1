#!/usr/bin/env python3
"""The ledger against a slow book of our own: random streams of orders, partial fills, cancels, fees
in every currency, tiers, funding, interest and marks (tests/backend/core/ledger_stream_test.c writes
each event and the books after it); every number is worked out again here, from the events alone.

S1_LEDGER_EVENTS says how many events; 20,000 by default."""

import decimal
import os
import pathlib
import subprocess
import sys
import tempfile
from decimal import Decimal as D

decimal.getcontext().prec = 90
PROGRAM = pathlib.Path(os.environ["S1_BUILD_DIR"]).resolve() / "tests/backend_core_ledger_stream_test"
EVENTS = os.environ.get("S1_LEDGER_EVENTS", "20000")
WAYS = {1: decimal.ROUND_HALF_EVEN, 2: decimal.ROUND_DOWN, 3: decimal.ROUND_UP}
HALF, DOWN, UP = decimal.ROUND_HALF_EVEN, decimal.ROUND_DOWN, decimal.ROUND_UP
QUOTE, BASE, RECEIVED, THIRD = range(4)
DAY = 24 * 3600 * 10 ** 9


def cut(value, decimals=18, way=HALF):
    return value.quantize(D(1).scaleb(-decimals), way)


class Trade:
    def __init__(self):
        self.waiting = self.held_for = self.price = D(0)
        self.sign, self.size, self.cost, self.net = 0, D(0), D(0), D(0)
        self.bought = []  # [quantity, price] in the order they came
        self.shown, self.entries = D(0), 0  # entry price; of the fills that made it

    def part(self, quantity, is_fifo):
        """What `quantity` of the position cost; it goes."""
        if is_fifo:
            cost = D(0)
            while quantity:
                lot = self.bought[0]
                took = min(lot[0], quantity)
                cost += took * lot[1]
                lot[0] -= took
                quantity -= took
                if not lot[0]:
                    self.bought.pop(0)
            return cost
        return self.cost if quantity == self.size else cut(self.cost * quantity / self.size)


class Book:
    def __init__(self, words):
        (self.scale, self.lot, self.leverage, capital, base, third, self.third_price, self.mark,
         basis, self.pays, self.way, self.decimals, self.before, self.maker,
         self.taker) = words[:15]
        self.scale, self.pays, self.decimals = int(self.scale), int(self.pays), int(self.decimals)
        self.lot, self.leverage, self.third_price, self.mark = map(
            D, (self.lot, self.leverage, self.third_price, self.mark))
        self.way, self.before = WAYS[int(self.way)], D(self.before)
        self.maker, self.taker = D(self.maker), D(self.taker)
        self.is_fifo = basis == "fifo"
        rest = [D(w) for w in words[15:]]
        self.tiers = [rest[i:i + 3] for i in range(0, len(rest), 3)]
        self.has = {"quote": D(capital), "base": D(base), "third": D(third)}
        self.initial = self.worth()
        self.peak = self.equity = self.initial
        self.fees = self.funding = self.interest = self.realized = self.last = D(0)
        self.trades, self.volumes, self.netted, self.netted_pnl = {}, [], [], D(0)
        self.closed = self.wins = 0

    def worth(self):
        return (self.has["quote"] + self.has["base"] * self.mark
                + self.has["third"] * self.third_price)

    def positions(self):
        return [t for t in self.trades.values() if t.size]

    def beside(self):
        return self.has["base"] - sum((t.sign * t.size for t in self.positions()), D(0))

    def see(self):
        self.equity = self.worth()
        self.peak = max(self.peak, self.equity)

    def holds(self, price, quantity):
        notional = cut(price * quantity, 18, UP)
        share = cut(notional / self.leverage, 18, UP) if self.leverage else notional
        return share + cut(notional * self.taker, 18, UP)

    def rate(self, is_maker, time):
        rate = self.maker if is_maker else self.taker
        if not self.tiers:
            return rate
        today = time // DAY
        volume = sum((n for day, n in self.volumes if today - 30 < day <= today), D(0))
        gone = today - self.volumes[0][0] if self.volumes else 0
        if gone < 30:
            volume += cut(self.before * (30 - gone) / 30, 18, DOWN)
        for least, maker, taker in self.tiers:
            if volume >= least:
                rate = maker if is_maker else taker
        return rate

    def fee(self, is_buy, is_entry, quantity, price, is_maker, time):
        """(currency, amount, worth, what does not join the position); None: refused."""
        rate = self.rate(is_maker, time)
        plain = cut(cut(price * quantity) * rate, 18, self.way)
        if self.pays == BASE or (self.pays == RECEIVED and is_buy):
            amount = cut(cut(quantity * rate, 18, self.way), min(self.decimals, self.scale, 18),
                         self.way)
            if is_buy and is_entry:
                joins = (quantity - amount) // self.lot * self.lot
                return ("base", amount, amount * price, quantity - joins) if joins > 0 else None
            if amount <= self.beside():
                return "base", amount, amount * price, D(0)
            return "quote", plain, plain, D(0)
        if self.pays == THIRD:
            amount = cut(cut(plain / self.third_price, 18, self.way), self.decimals, self.way)
            if amount <= self.has["third"]:
                return "third", amount, amount * self.third_price, D(0)
            return "quote", plain, plain, D(0)
        exact = cut(plain, min(self.decimals, 18), self.way)
        return "quote", exact, exact, D(0)

    def net(self, sign, quantity, price):
        """All positions as one queue of signed lots."""
        while quantity and self.netted and self.netted[0][0] == -sign:
            lot = self.netted[0]
            took = min(lot[1], quantity)
            self.netted_pnl += sign * took * (lot[2] - price)
            lot[1] -= took
            quantity -= took
            if not lot[1]:
                self.netted.pop(0)
        if quantity:
            self.netted.append([sign, quantity, price])

    def fill(self, number, direction, quantity, price, is_maker, time, is_entry):
        trade = self.trades[number]
        sign = 1 if direction == 1 else -1
        side = sign if is_entry else -sign
        charged = self.fee(side > 0, is_entry, quantity, price, is_maker, time)
        if charged is None:
            return
        currency, amount, worth, aside = charged
        self.has["quote"] -= side * quantity * price
        self.has["base"] += side * quantity
        self.has[currency] -= amount
        self.fees += worth
        trade.net -= worth
        if self.tiers:
            self.volumes.append((time // DAY, quantity * price))
        if self.is_fifo:
            self.net(side, quantity - aside, price)
        if is_entry:
            trade.waiting -= quantity
            trade.held_for = self.holds(trade.price, trade.waiting) if trade.waiting else D(0)
            trade.sign = sign
            trade.size += quantity - aside
            trade.cost += (quantity - aside) * price
            trade.bought.append([quantity - aside, price])
            trade.shown = price if trade.entries == 0 else cut(trade.cost / trade.size)
            trade.entries += 1
        else:
            cost = trade.part(quantity, self.is_fifo)
            made = sign * (quantity * price - cost)
            self.realized += made
            trade.net += made
            trade.cost -= cost
            trade.size -= quantity
            if not trade.size:
                self.closed += 1
                self.wins += trade.net > 0
                self.last = trade.net
                trade.cost, trade.net, trade.bought = D(0), D(0), []
                trade.entries = 0
            elif self.is_fifo:
                trade.shown = cut(trade.cost / trade.size)
        self.mark = price
        self.see()

    def event(self, words):
        kind = words[0]
        if kind == "MARK":
            if self.positions() or self.has["base"]:
                self.mark = D(words[1])
                self.see()
            return 0
        number = int(words[1])
        trade = self.trades.setdefault(number, Trade())
        if kind == "ORDER":
            trade.waiting, trade.price = D(words[2]), D(words[3])
            trade.held_for = self.holds(trade.price, trade.waiting)
        elif kind == "CANCEL":
            trade.waiting = trade.held_for = D(0)
        elif kind in ("ENTER", "LEAVE"):
            self.fill(number, int(words[2]), D(words[3]), D(words[4]), words[5] == "1",
                      int(words[6]), kind == "ENTER")
        else:
            amount = D(words[2])
            self.has["quote"] -= amount
            trade.net -= amount
            if kind == "FUNDING":
                self.funding += amount
            else:
                self.interest += amount
            self.equity -= amount
            self.peak = max(self.peak, self.equity)
        return number

    def state(self, number):
        open_now = self.positions()
        reserved = sum((t.held_for for t in self.trades.values()), D(0))
        result = (self.equity - self.initial - self.realized + self.fees + self.funding
                  + self.interest)
        numbers = [self.has["quote"], reserved, self.equity, self.peak, self.realized, result,
                   self.fees, self.funding, self.interest, self.has["base"], self.beside(),
                   self.has["third"], self.last, self.netted_pnl, D(len(open_now)),
                   D(self.closed), D(self.wins)]
        trade = self.trades.get(number)
        if trade is not None and trade.size:
            numbers += [trade.size, trade.shown, trade.net]
        return numbers

    def forget(self):
        """Trades that are over stand in nobody's way."""
        self.trades = {n: t for n, t in self.trades.items() if t.size or t.waiting}


def main():
    with tempfile.TemporaryDirectory(dir=os.environ.get("S1_TEST_TMP", "/tmp")) as folder:
        trace = pathlib.Path(folder) / "trace"
        os.mkfifo(trace)
        program = subprocess.Popen([PROGRAM], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   env={**os.environ, "S1_LEDGER_TRACE": str(trace),
                                        "S1_LEDGER_EVENTS": EVENTS})
        book, number, line, events, differences, kinds = None, 0, "", 0, 0, {}
        with open(trace) as file:
            for row in file:
                words = row.split()
                if words[0] == "NEW":
                    book, number, line = Book(words[1:]), 0, row
                elif words[0] != "=":
                    number, line = book.event(words), row
                    events += 1
                    kinds[words[0]] = kinds.get(words[0], 0) + 1
                else:
                    ours = book.state(number)
                    if len(ours) != len(words) - 1 or any(a != D(b) for a, b in zip(ours, words[1:])):
                        differences += 1
                        if differences <= 3:
                            print(f"event {events}: {line}found {row}expected "
                                  f"{[str(n) for n in ours]}")
                    if events % 16 == 0:
                        book.forget()
        errors = program.communicate()[1]
        if program.returncode != 0:
            sys.exit(f"the ledger's own invariants: {errors.decode()}")
    assert events == int(EVENTS) and len(kinds) == 7, (events, kinds)
    print(f"{events:,} events, {differences} differences: "
          + ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items())))
    sys.exit(differences > 0)


if __name__ == "__main__":
    main()
