#!/usr/bin/env python3
"""Fees in every currency, tiers, balances and cost bases on the real binary: each journal is folded
here, in whole numbers and currency by currency, with no code shared with what wrote it; then
`results check` and `replay` have their say."""

import csv
import decimal
import json
import math
import pathlib
import random

import harness
from harness import call, has

decimal.getcontext().prec = 60
D = decimal.Decimal
ENVIRONMENT = "environments.w1.simulation."


def bars(path):
    """A price that wanders, 6,000 minutes: enough for some hundred trades."""
    rng = random.Random(7)
    price = 20000
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["ts_ms", "open", "high", "low", "close", "volume"])
        for minute in range(6000):
            opened = price
            price = max(2000, price + round(rng.gauss(0, 60)))
            high, low = max(opened, price) + rng.randrange(20), min(opened, price) - rng.randrange(20)
            out.writerow([1609459200000 + 60000 * minute,
                          *(f"{p / 100:.2f}" for p in (opened, high, low, price)),
                          "10"])


def fold(results):
    """Balances of every currency out of the fills, and what else moved them."""
    entries = harness.entries(results)
    first, last = entries[0]["details"], entries[-1]["details"]
    base, other = first.get("base_currency", "?"), first.get("fee_currency", "?")
    start = {"base": D(first.get("base_balance", 0)), "other": D(first.get("fee_balance", 0))}
    worth = start["base"] * D(first.get("base_price", 0)) + start["other"] * D(
        first.get("fee_price", 0))
    has_now = {"quote": D(first["initial_capital"]) - worth, **start}
    fees, realized, sides = D(0), {}, {}
    for entry in entries:
        details = entry["details"]
        if entry["type"] in ("FUNDING_PAID", "INTEREST_PAID"):
            has_now["quote"] -= D(details["amount"])
        if entry["type"] != "ORDER_FILLED":
            continue
        sign = 1 if details["side"] == "buy" else -1
        quantity, price, fee = (D(details[k]) for k in ("quantity", "price", "fee"))
        has_now["quote"] -= sign * quantity * price
        has_now["base"] += sign * quantity
        fees += fee
        amount = D(details.get("fee_amount", 0))
        currency = details.get("fee_currency")
        if currency is None:
            has_now["quote"] -= fee
        elif currency == base:
            has_now["base"] -= amount
            assert fee == amount * price, entry
        else:
            assert currency == other, entry
            has_now["other"] -= amount
            assert fee == amount * D(first["fee_price"]), entry
        sides.setdefault(entry["trade_id"], []).append({**details, "_at": entry["seq"]})
    assert has_now["quote"] == D(last["final_cash"]), (has_now, last)
    assert fees == D(last["fees"]), (fees, last)
    if "base_balance" in last:
        assert has_now["base"] == D(last["base_balance"]), (has_now, last)
    if "fee_balance" in last:
        assert has_now["other"] == D(last["fee_balance"]), (has_now, last)
    return sides, last


def rate_error(details, rate, decimals):
    """How far a fee is from its rate, in units of the last digit it may have."""
    amount = D(details.get("fee_amount", details["fee"]))
    exact = D(details["quantity"]) * rate
    if details.get("fee_currency") is None:
        exact *= D(details["price"])
    return abs(amount - exact) * D(10) ** decimals


class Runs:
    def __init__(self, work):
        self.work, self.count = work, 0

    def run(self, *settings, levels=("full", "trades")):
        """One run per journal level; the first is folded. The levels tell the same sums."""
        ends = []
        for level in levels:
            self.count += 1
            results = self.work / f"r{self.count}"
            words = [word for key in settings for word in ("--set", ENVIRONMENT + key)]
            call(self.work, "backtest", "w1", "--results", results, "--journal", level, *words)
            call(self.work, "results", "check", results)
            call(self.work, "replay", results)
            ends.append(harness.entries(results)[-1]["details"])
            if level == "full":
                sides, last = fold(results)
                full = results
        for name in ("final_cash", "final_equity", "fees", "trades"):
            assert len({end[name] for end in ends}) == 1, (name, ends)
        return full, sides, last


def fees_in_each_currency(runs):
    plain, sides, last = runs.run()
    text = (plain / "journal.jsonl").read_text()
    for word in ("fee_currency", "withheld", "base_currency", "balance", "cost_basis", "funding"):
        assert word not in text, word
    trades = int(last["trades"])
    assert trades > 50, trades

    _, sides, last = runs.run("fees.currency=received")
    for trade in sides.values():
        buy, sell = trade[0], trade[1] if len(trade) > 1 else None
        assert buy["fee_currency"] == "SYN" and buy["withheld"] == buy["fee_amount"], buy
        assert rate_error(buy, D("0.001"), 6) <= D("0.5"), buy
        assert sell is None or "fee_currency" not in sell, sell
        assert sell is None or D(sell["quantity"]) == D(buy["quantity"]) - D(buy["withheld"]), trade
    held = D(last["base_balance"])

    # Base of a sale comes out of what is held beside positions: where nothing is, quote, and told.
    _, sides, _ = runs.run("fees.currency=base")
    assert all("fee_fallback" in t[1] for t in sides.values() if len(t) > 1)
    _, sides, _ = runs.run("fees.currency=base", "initial_balances.SYN=500")
    assert all(t[1]["fee_currency"] == "SYN" for t in sides.values() if len(t) > 1)

    # A third currency until there is no more of it.
    third = ["fees.currency=KFEE", "fees.price=0.5", "initial_balances.KFEE=300"]
    results, sides, last = runs.run(*third)
    paid = [f for t in sides.values() for f in t]
    assert paid[0]["fee_currency"] == "KFEE" and paid[-1]["fee_fallback"] is True
    assert 0 <= D(last["fee_balance"]) < 100
    whole = harness.entries(results)[0]["details"]
    assert D(whole["initial_capital"]) == 10150 and whole["fee_price"] == "0.5", whole
    return trades, held


def tiers_and_rounding(runs):
    tiers = ('[{volume: 20000, maker: 0.0008, taker: 0.0008},'
             '{volume: 100000, maker: 0, taker: 0.0002}]')
    _, sides, _ = runs.run(f"fees.tiers={tiers}")
    fills = sorted((f for t in sides.values() for f in t), key=lambda f: f["_at"])
    volume, rates = D(0), set()
    for fill in fills:
        rate = D("0.001") if volume < 20000 else D("0.0008") if volume < 100000 else D("0.0002")
        notional = D(fill["quantity"]) * D(fill["price"])
        assert abs(D(fill["fee"]) - notional * rate) <= D(10) ** -18, (fill, volume)
        volume += notional
        rates.add(rate)
    assert len(rates) == 3, rates
    _, sides, _ = runs.run(f"fees.tiers={tiers}", "fees.volume_30d=100000")
    assert D(next(iter(sides.values()))[0]["fee"]) > 0
    for way, low, high in (("half_even", "-0.5", "0.5"), ("down", "-1", "0"), ("up", "0", "1")):
        _, sides, _ = runs.run("fees.decimals=2", f"fees.rounding={way}", levels=("full",))
        for fill in (f for t in sides.values() for f in t):
            exact = D(fill["quantity"]) * D(fill["price"]) * D("0.001")
            off = (D(fill["fee"]) - exact) * 100
            assert D(fill["fee"]) * 100 % 1 == 0 and D(low) <= off <= D(high), (way, fill)


def held_at_the_start(runs):
    results, _, last = runs.run("initial_balances.SYN=12.5")
    first = harness.entries(results)[0]["details"]
    opened = D(first["base_price"])
    assert D(first["initial_capital"]) == 10000 + D("12.5") * opened, first
    assert D(last["base_balance"]) == D("12.5") or int(last["open_positions"]) > 0
    metrics = json.loads((results / "result_metrics.json").read_text())
    text = json.dumps(metrics)
    has(text, first["initial_capital"])


def first_in_first_out(runs):
    average, _, a = runs.run()
    fifo, _, f = runs.run("cost_basis=fifo")
    assert harness.entries(fifo)[0]["details"]["cost_basis"] == "fifo"
    for name in ("final_cash", "final_equity", "fees", "trades", "realized_pnl"):
        assert a[name] == f[name], (name, a, f)  # every position is closed whole


def lots(results, is_fifo):
    """What the parts of every position made, by one basis or the other, out of the fills."""
    made, parts, has_now = D(0), 0, {}
    for entry in harness.entries(results, "ORDER_FILLED"):
        details = entry["details"]
        quantity, price = D(details["quantity"]), D(details["price"])
        queue = has_now.setdefault(entry["trade_id"], [])
        if details["side"] == "buy":
            queue.append([quantity - D(details.get("withheld", 0)), price])
            continue
        whole = sum(lot[0] for lot in queue)
        parts += quantity < whole
        if not is_fifo:
            cost = sum(q * p for q, p in queue)
            part = (cost * quantity / whole).quantize(D(10) ** -18, decimal.ROUND_HALF_EVEN)
            part = cost if quantity == whole else part
            made += quantity * price - part
            left = whole - quantity
            queue[:] = [[left, (cost - part) / left]] if left else []
            continue
        while quantity:
            took = min(queue[0][0], quantity)
            made += took * (price - queue[0][1])
            queue[0][0] -= took
            quantity -= took
            if not queue[0][0]:
                queue.pop(0)
    return made, parts


def parts_of_positions(runs, blueprint):
    """Entries in slices, exits in parts: the bases differ while a position is open."""
    harness.replace(blueprint, ("plugin: market_entry_planner", "plugin: twap_entry"),
                    ("max_open_positions: 1", "max_open_positions: 1, duration_minutes: 6, slices: 3"),
                    ("      - plugin: opposite_signal_exit",
                     "      - plugin: partial_profit_taker\n        triggers: [on_context_ready]\n"
                     '        params: { profit_percent: "0.4", close_percent: "40" }\n'
                     "      - plugin: opposite_signal_exit"))
    for pays in ("quote", "received"):
        words = [f"fees.currency={pays}", "to=2021-01-03T23:11:00Z"]
        average, _, a = runs.run(*words)
        fifo, _, f = runs.run("cost_basis=fifo", *words)
        assert a["final_cash"] == f["final_cash"] and a["final_equity"] == f["final_equity"]
        for results, end, is_fifo in ((average, a, False), (fifo, f, True)):
            made, parts = lots(results, is_fifo)
            assert parts > 20, parts
            assert abs(made - D(end["realized_pnl"])) <= D(10) ** -15 * (not is_fifo), (made, end)


def main():
    with harness.folder() as name:
        work = pathlib.Path(name)
        harness.config(work, harness.SOURCE / "tests/integration/w1/config")
        bars(work / "bars.csv")
        call(work, "data", "import", work / "bars.csv", "--profile", "w1", "--pair", "SYN/USD",
             "--timeframe", "1m", "--archive", work / "archive")
        runs = Runs(work)
        trades, held = fees_in_each_currency(runs)
        tiers_and_rounding(runs)
        held_at_the_start(runs)
        first_in_first_out(runs)
        parts_of_positions(runs, work / "config/runs/w1.yaml")
        assert not math.isnan(float(held))
        print(f"{runs.count} runs of some {trades} trades: every balance is what its fills made it")


if __name__ == "__main__":
    main()
