#!/usr/bin/env python3
"""Funding, interest and liquidation on the real binary. What every position paid is worked out here
from its fills and the bars; the account is followed from bar to bar, so that it is liquidated where
it has to be and nowhere else. Then `results check` and `replay` have their say."""

import csv
import datetime
import decimal
import pathlib
import random

import harness
from harness import call, has

decimal.getcontext().prec = 60
D = decimal.Decimal
ENVIRONMENT, INSTRUMENT = "environments.w1.simulation.", "instruments.SYN/USD."
MINUTE = 60
START = 1609459200
ONE = D(1).scaleb(-18)


def bars(path):
    """A price that wanders far, 6,000 minutes; by the time a bar opens. Some minutes are missing."""
    rng = random.Random(11)
    price, kept = 20000, {}
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["ts_ms", "open", "high", "low", "close", "volume"])
        for minute in range(6000):
            opened = price
            price = max(3000, price + round(rng.gauss(0, 90)))
            if minute % 997 == 17:
                price = max(3000, price + rng.choice((-1, 1)) * 3000)
            high, low = max(opened, price) + rng.randrange(20), min(opened, price) - rng.randrange(20)
            if minute % 480 in (238, 239, 240, 241):
                continue
            row = [D(p) / 100 for p in (opened, high, low, price)]
            time = START + MINUTE * minute
            kept[time] = row
            out.writerow([time * 1000, *(f"{p:.2f}" for p in row), "10"])
    return kept


def seconds(text):
    moment = datetime.datetime.fromisoformat(text[:19]).replace(tzinfo=datetime.timezone.utc)
    return int(moment.timestamp())


def halves(value):
    return value.quantize(ONE, decimal.ROUND_HALF_EVEN)


class Account:
    """What the journal's entries make of it."""

    def __init__(self, capital):
        self.cash, self.open = D(capital), {}

    def see(self, entry):
        details = entry["details"]
        if entry["type"] == "ORDER_FILLED":
            sign = 1 if details["side"] == "buy" else -1
            quantity, price = D(details["quantity"]), D(details["price"])
            self.cash -= sign * quantity * price + D(details["fee"])
            has_now = self.open.setdefault(entry["trade_id"], [D(0), seconds(entry["time"]), D(0)])
            has_now[0] += sign * quantity
            has_now[2] += sign * quantity * price
            if not has_now[0]:
                del self.open[entry["trade_id"]]
        elif entry["type"] in ("FUNDING_PAID", "INTEREST_PAID"):
            self.cash -= D(details["amount"])

    def net(self):
        return sum((p[0] for p in self.open.values()), D(0))


def expected_payments(account, moment, price, rates, kind):
    """(trade, amount) of each position that was there before the moment."""
    longs = sum(p[2] for p in account.open.values() if p[0] > 0 and p[1] < moment)
    borrowed, result = -account.cash, {}
    for trade, (quantity, opened, cost) in account.open.items():
        if opened >= moment:
            continue
        worth = halves(abs(quantity) * price)
        if kind == "FUNDING_PAID":
            amount = halves((worth if quantity > 0 else -worth) * rates[0])
        elif quantity < 0:
            amount = halves(worth * rates[1])
        else:
            basis = halves(borrowed * cost / longs) if borrowed > 0 else D(0)
            amount = halves(basis * rates[0])
        if amount:
            result[trade] = amount
    return result


def follow(results, history, kind, moments, capital="10000"):
    """Every payment there is, and no other. `moments`: {time: rates}."""
    account = Account(capital)
    times = sorted(history)
    closes = {time + MINUTE: history[time][3] for time in times}
    opens = set(times)
    entries = [e for e in harness.entries(results)
               if e["type"] in ("ORDER_FILLED", kind)]
    paid, count, at = {}, 0, 0
    last_close = None
    for time in sorted(set(times) | set(closes) | set(moments)):
        # What filled at an open comes after what fell due at or before it; at a close before it.
        closing = time in closes
        if closing:
            last_close = closes[time]
            while at < len(entries) and seconds(entries[at]["time"]) <= time and \
                    entries[at]["type"] == "ORDER_FILLED" and \
                    (time not in opens or entries[at]["details"]["rule"] not in
                     ("OPEN", "OPEN_GAP", "OPEN_MARKETABLE", "OPEN_IMPROVED")):
                account.see(entries[at])
                at += 1
        if time in moments and last_close is not None:
            paid = expected_payments(account, time, last_close, moments[time], kind)
            for _ in range(len(paid)):
                entry = entries[at]
                assert entry["type"] == kind and seconds(entry["time"]) == time, (entry, paid)
                assert D(entry["details"]["amount"]) == paid.pop(entry["trade_id"]), entry
                assert D(entry["details"]["price"]) == last_close, (entry, last_close)
                account.see(entry)
                at += 1
                count += 1
        while at < len(entries) and seconds(entries[at]["time"]) <= time and \
                entries[at]["type"] == "ORDER_FILLED":
            account.see(entries[at])
            at += 1
    assert at == len(entries), (at, entries[at])
    return count


def liquidated(results, history, maintenance):
    """The account from bar to bar: it is closed where it first falls short, and only there."""
    account = Account("10000")
    entries = harness.entries(results)
    ends = [e for e in entries if e["type"] == "TRADE_CLOSED"
            and e["details"]["closure_reason"] == "LIQUIDATION"]
    fills = [e for e in entries if e["type"] == "ORDER_FILLED"]
    assert len(ends) == sum(e["details"]["rule"] == "LIQUIDATION" for e in fills)

    def falls_short(price):
        net = account.net()
        return net != 0 and account.cash + net * price < maintenance * abs(net) * price

    at, found = 0, 0
    for time in sorted(history):
        opened, high, low, _ = history[time]
        before = falls_short(opened)
        group = []
        while at < len(fills) and seconds(fills[at]["time"]) <= time + MINUTE:
            if seconds(fills[at]["time"]) == time + MINUTE and \
                    fills[at]["details"]["rule"] == "OPEN":
                break
            group.append(fills[at])
            at += 1
        first = next((e for e in group if e["details"]["rule"] == "LIQUIDATION"), None)
        for entry in group:
            details = entry["details"]
            found += details["rule"] == "LIQUIDATION"
            if entry is first:
                price, is_long = D(details["price"]), account.net() > 0
                assert falls_short(price), entry
                if before:
                    assert price == opened and seconds(entry["time"]) == time, (entry, opened)
                else:
                    nearer = price + (D("0.01") if is_long else -D("0.01"))
                    assert low <= price <= high and \
                        (not falls_short(nearer) or not low <= nearer <= high), entry
            account.see(entry)
        assert first is None or not account.open, first  # all of them at once
        if account.open:
            assert not falls_short(low if account.net() > 0 else high), (time, history[time])
    assert found == len(ends), (found, len(ends))
    return found


class Runs:
    def __init__(self, work):
        self.work, self.count = work, 0

    def run(self, *settings):
        ends = []
        for level in ("trades", "full"):
            self.count += 1
            results = self.work / f"r{self.count}"
            words = [word for key in settings for word in ("--set", key)]
            call(self.work, "backtest", "w1", "--results", results, "--journal", level, *words)
            call(self.work, "results", "check", results)
            call(self.work, "replay", results)
            ends.append(harness.entries(results)[-1]["details"])
        for name in ("final_cash", "final_equity", "fees", "trades", "funding", "interest"):
            assert ends[0].get(name) == ends[1].get(name), (name, ends)
        return results


def spot_stays_long(runs):
    """Without margin nothing goes short, and a reason says so."""
    results = runs.run()
    sides = {e["details"]["direction"] for e in harness.entries(results, "TRADE_OPENED")}
    assert sides == {"long"}, sides
    codes = {e["details"]["rejection_reason"]["code"]
             for e in harness.entries(results, "OPPORTUNITY_REJECTED")}
    assert codes & {"MARGIN_DISABLED", "SHORT_NOT_ALLOWED"}, codes


def main():
    with harness.folder() as name:
        work = pathlib.Path(name)
        harness.config(work, harness.SOURCE / "tests/integration/w1/config")
        history = bars(work / "bars.csv")
        call(work, "data", "import", work / "bars.csv", "--profile", "w1", "--pair", "SYN/USD",
             "--timeframe", "1m", "--archive", work / "archive")
        runs = Runs(work)
        last = max(history) + MINUTE

        hourly = {t: (D("0.0003"), D(0)) for t in range(START, last + 1, 3600)}
        results = runs.run(ENVIRONMENT + "funding.every=1h", ENVIRONMENT + "funding.rate=0.0003")
        funded = follow(results, history, "FUNDING_PAID", hourly)
        end = harness.entries(results)[-1]["details"]
        total = sum(D(e["details"]["amount"]) for e in harness.entries(results, "FUNDING_PAID"))
        assert total == D(end["funding"]) > 0, end
        figures = harness.metrics(results)["metrics"]
        assert D(str(figures["funding"])) == total and D(str(figures["interest"])) == 0, figures

        # By a feed: the rows' own times, also in a gap and inside a bar; rates change sign.
        rng = random.Random(3)
        rows = {}
        for time in range(START + 1800, last, 4800):
            rate = rng.choice((D(rng.randrange(-50, 50)) / 100000, D("0.1"), D("-0.07")))
            rows[time + rng.choice((0, 0, 0, 600))] = (rate, D(0))
        with open(work / "funding.csv", "w", newline="") as file:
            out = csv.writer(file)
            out.writerow(["time", "rate"])
            out.writerows([t, rate[0]] for t, rate in rows.items())
        blueprint = work / "config/runs/w1.yaml"
        blueprint.write_text(blueprint.read_text() + "feeds:\n  rates: { path: funding.csv }\n")
        results = runs.run(ENVIRONMENT + "funding.feed=rates", ENVIRONMENT + "funding.column=rate")
        by_feed = follow(results, history, "FUNDING_PAID", rows)

        # Both ways, with all the leverage there is.
        harness.replace(blueprint, ("direction: long", "direction: both"),
                        ("directions: long", "directions: both"),
                        ('fraction: "0.99"', 'fraction: "0.99", sized_at: fill'))
        spot_stays_long(runs)
        margin = [INSTRUMENT + "margin.enabled=true", INSTRUMENT + "margin.leverage=5"]
        sized = [ENVIRONMENT + "borrow.every=30m", ENVIRONMENT + "borrow.quote_rate=0.0002",
                 ENVIRONMENT + "borrow.base_rate=0.0005"]
        halfhours = {t: (D("0.0002"), D("0.0005")) for t in range(START, last + 1, 1800)}
        results = runs.run(*margin, *sized)
        lent = follow(results, history, "INTEREST_PAID", halfhours)

        held = runs.run(margin[0], INSTRUMENT + "margin.leverage=3",
                        INSTRUMENT + "margin.maintenance=0.325")
        fell = liquidated(held, history, D("0.325"))
        # Several positions are one for the margin; they go at once.
        harness.replace(blueprint, ("max_open_positions: 1", "max_open_positions: 6"),
                        ("emit: while_unaligned", "emit: on_cross"),
                        ('fraction: "0.99", sized_at: fill', 'fraction: "0.45", sized_at: fill'),
                        ("direction: both", "direction: long"),
                        ("directions: both", "directions: long"))
        text = blueprint.read_text()
        blueprint.write_text(text[:text.index("    position_management:")]
                             + text[text.index("feeds:"):])
        several = runs.run(margin[0], INSTRUMENT + "margin.leverage=6",
                           INSTRUMENT + "margin.maintenance=0.12")
        at_once = liquidated(several, history, D("0.12"))
        assert at_once > 8, at_once
        fell += at_once
        print(f"{funded} and {by_feed} fundings, {lent} payments of interest, {fell} liquidations in "
              f"{runs.count} runs, each where and what it has to be")
        assert funded > 20 and by_feed > 20 and lent > 50 and fell > 3
        has(call(work, "validate", "--set", margin[0], "--set", INSTRUMENT + "margin.maintenance=0.1",
                 "--set", ENVIRONMENT + "latency.order=1s", expected=None), "no latency")
        for path, word in ((ENVIRONMENT + "funding.every=1h", "every and a rate"),
                           (INSTRUMENT + "margin.maintenance=0.1", "margin.enabled")):
            has(call(work, "validate", "--set", path, expected=None), word)


if __name__ == "__main__":
    main()
