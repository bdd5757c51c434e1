#!/usr/bin/env python3
"""Entries in slices, icebergs and orders with an end, on the real binary: the demo's signals sent
in these ways, and sums over the journal's lines that no code of the program made."""

import csv
import decimal
import json
import pathlib
import shutil

import harness
import journal_invariants
import operation_rules_test as rules
import operation_world as world
from harness import call, has

D = decimal.Decimal

MARKET = "{ plugin: market_entry_planner, params: { max_open_positions: 1 } }"
TWAP = ((MARKET,
         "{ plugin: twap_entry, params: { max_open_positions: 1, duration_minutes: 480, "
         "slices: 4 } }"),)
LIMIT = ("{ plugin: limit_entry_planner, params: { max_open_positions: 3, offset_by: ticks, "
         "offset_ticks: %d } }")
ICEBERG = ((MARKET, LIMIT % 1),
           ("{ plugin: default_router }",
            "{ plugin: iceberg_router, params: { display_percent: \"15\", expires_after: 1d } }"))
ENDS = ((MARKET, LIMIT % 60),
        ("{ plugin: default_router }",
         "{ plugin: default_router, params: { expires_after: 90m } }"))


def strategy(work, changes, step=None):
    harness.replace(work / "config/runs/demo.yaml", *changes)
    if step is not None:  # whole steps of price, so that a bar's extreme meets a limit
        harness.replace(work / "config/instruments.yaml", ('tick_size: "0.00001"',
                                                           f'tick_size: "{step}"'))


def by_trade(results):
    told = {}
    for entry in harness.entries(results):
        told.setdefault(entry.get("trade_id"), []).append(entry)
    told.pop(None)
    return told


def check_trade(entries, row):
    """Average prices, quantity and profit of one trade from its fills alone."""
    roles, sums = {}, {True: [D(0), D(0)], False: [D(0), D(0)]}
    fees, position = D(0), D(0)
    for entry in entries:
        details = entry["details"]
        if entry["type"] == "ORDER_SUBMITTED":
            roles[entry["order_id"]] = details["role"]
        elif entry["type"] == "ORDER_FILLED":
            is_entry = roles[entry["order_id"]] == "entry"
            quantity = D(details["quantity"])
            sums[is_entry][0] += quantity
            sums[is_entry][1] += quantity * D(details["price"])
            fees += D(details["fee"])
            position += quantity if is_entry else -quantity
            filled = details
        elif entry["type"] == "POSITION_ADJUSTED" and details["what"] == "quantity":
            assert D(details["to"]) == position, entry
            assert abs(D(details["to"]) - D(details["from"])) == D(filled["quantity"]), entry
            if "price" in details:
                assert (details["price"], details["fee"]) == (filled["price"], filled["fee"])
    if row is None:
        return
    assert position == 0 and sums[True][0] == sums[False][0] == D(row["quantity"]), row
    places = D(1).scaleb(-18)
    for is_entry, name in ((True, "entry_price"), (False, "exit_price")):
        average = (sums[is_entry][1] / sums[is_entry][0]).quantize(places, decimal.ROUND_HALF_EVEN)
        assert average == D(row[name]), (row, average)
    sign = 1 if row["direction"] == "long" else -1
    assert sign * (sums[False][1] - sums[True][1]) - fees == D(row["pnl"]), row
    assert fees == D(row["fees"]), row


def check_trades(results):
    rows = {row["trade_id"]: row for row in harness.trades(results)}
    told = by_trade(results)
    for trade, entries in told.items():
        check_trade(entries, rows.pop(trade, None))
    assert not rows
    return told


def check_slices(told):
    """Equal in lots, an interval apart, and none after the end of the entry."""
    whole = dropped = 0
    for entries in told.values():
        plan = next((e["details"] for e in entries if e["type"] == "PLAN_CREATED"), None)
        orders = [e for e in entries if e["type"] == "ORDER_SUBMITTED"
                  and e["details"]["role"] == "entry"]
        if plan is None or not orders:
            continue
        assert (plan["slices"], plan["slice_interval"]) == (4, "2h"), plan
        quantity = D(plan["quantity"])
        slices = [D(e["details"]["quantity"]) for e in orders]
        even = (quantity / 4).quantize(D("0.01"), decimal.ROUND_DOWN)
        assert slices[:3] == [even] * min(3, len(slices)), (plan, slices)
        if len(slices) == 4:
            assert sum(slices) == quantity and slices[3] >= even
            whole += 1
        planned = [e for e in entries if e["type"] == "POSITION_ADJUSTED"
                   and e["details"]["what"] == "planned_quantity"]
        if planned:
            dropped += 1
            at = entries.index(planned[0])
            assert not any(e["type"] == "ORDER_SUBMITTED" and e["details"]["role"] == "entry"
                           for e in entries[at:])
    return whole, dropped


def run(work, name, *options):
    call(work, "backtest", "demo", "--results", name, *options)
    return work / name


def prove(work, results):
    """The books from the journal alone, at both levels, and the same bytes again."""
    call(work, "results", "check", results)
    call(work, "replay", results)
    call(work, "replay", results, "--execute")
    less = run(work, f"{results.name}-trades", "--journal", "trades")
    call(work, "results", "check", less)
    call(work, "replay", less)
    harness.same(results, less, ("result_trades.csv", "result_metrics.json"))
    journal_invariants.check(results)


def twap(work):
    strategy(work, TWAP)
    results = run(work, "twap")
    told = check_trades(results)
    whole, dropped = check_slices(told)
    assert whole > 20 and dropped > 2, (whole, dropped)
    prove(work, results)
    grown = harness.entries(results, "POSITION_ADJUSTED")
    one = next(e for e in grown if "price" in e["details"])
    has(call(work, "explain", results, one["trade_id"]), "slices 4 every 2h", "quantity from ",
        f" at {one['details']['price']}", "submitted")
    # The close that a slice fills at is the close it is sent at.
    close = run(work, "close", "--set",
                "environments.backtest_eurusd_1h.simulation.fill_rule=same_close")
    check_slices(check_trades(close))
    call(work, "results", "check", close)
    call(work, "replay", close)


def coarse(path, out):
    """The same bars in whole thousandths, where a bar's extreme often is a limit."""
    with open(path, newline="") as source, open(out, "w", newline="") as file:
        rows = csv.reader(source)
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(next(rows))
        for row in rows:
            prices = [str(D(x).quantize(D("0.001"), decimal.ROUND_HALF_EVEN)) for x in row[1:5]]
            writer.writerow([row[0], *prices, *row[5:]])


def iceberg(work):
    coarse(harness.sample(), work / "coarse.csv")
    shutil.rmtree(work / "demo")
    harness.import_bars(work, work / "coarse.csv")
    strategy(work, ICEBERG, "0.001")
    results = run(work, "iceberg")
    check_trades(results)
    filled = harness.entries(results, "ORDER_FILLED")
    parts = [e for e in filled if "remaining" in e["details"]]
    expired = [e for e in harness.entries(results, "ORDER_EXPIRED")
               if e["details"].get("reason") == "TIME_UP"]
    assert len(parts) > 5 and len(expired) > 5, (len(parts), len(expired))
    shown = {e["order_id"]: e["details"] for e in harness.entries(results, "ORDER_SUBMITTED")
             if "display_quantity" in e["details"]}
    for entry in parts:
        assert entry["details"]["quantity"] == shown[entry["order_id"]]["display_quantity"], entry
    for entry in expired:
        assert entry["time"] >= shown[entry["order_id"]]["expires_at"], entry
    prove(work, results)
    has(call(work, "explain", results, parts[0]["trade_id"]), ", shows ", " until ", ", remaining ")


def ends(work):
    strategy(work, ENDS)
    results = run(work, "ends")
    check_trades(results)
    by_order = {e["order_id"]: e["details"] for e in harness.entries(results, "ORDER_SUBMITTED")
                if "expires_at" in e["details"]}
    expired = harness.entries(results, "ORDER_EXPIRED")
    assert len(expired) > 20
    for entry in expired:
        # 90 minutes from a full hour: over at the close of the second bar.
        end = by_order[entry["order_id"]]["expires_at"]
        assert end[14:16] == "30" and entry["time"][:13] > end[:13], entry
    prove(work, results)
    return results


def cut(work, path, whole):
    """On the first bars the same is said as on all of them."""
    bars = path.read_text().splitlines(keepends=True)
    for count in (1501, 3210):
        place = work / str(count)
        place.mkdir()
        harness.config(place)
        strategy(place, ENDS)
        (place / "bars.csv").write_text("".join(bars[:count + 1]))
        harness.import_bars(place, place / "bars.csv")
        short = run(place, "r")
        last = json.loads((short / "run.json").read_text())["to"]
        lines = [[e for e in harness.journal(r) if "type" in e and e["time"] <= last
                  and not e["type"].startswith("RUN_")] for r in (short, whole)]
        for one in lines[0] + lines[1]:
            one.pop("crc")
        assert lines[0] == lines[1][:len(lines[0])] and len(lines[0]) > 100
        assert all(e["time"] == last for e in lines[1][len(lines[0]):])
        shutil.rmtree(place)


def stopped(work):
    """A drawdown of all links ends the slices of each at its moment, between two bars too."""
    if not world.data(work, ("xbt_1h", "eth_1h", "xbt_1d")):
        return
    planner = "{{ plugin: market_entry_planner, params: {{ max_open_positions: 2 }} }}"
    assert planner in world.BLUEPRINT
    whole, world.BLUEPRINT = world.BLUEPRINT, world.BLUEPRINT.replace(
        planner, "{{ plugin: twap_entry, params: {{ max_open_positions: 2, "
                 "duration_minutes: 8640, slices: 6 }} }}")
    days = [world.link("btc", "xbt_1h", risk="6"),
            world.link("day", "xbt_1d", fast=3, slow=8, capital="5000")]
    for name, links, response in (
            ("left", world.TWO, ""),
            ("closed", world.TWO, "{ close_all_portfolio_positions: true }"),
            ("days", days, "{ close_strategy_positions: true }")):
        folder, _ = rules.run(work, name, links, rules.policy(
            "max_total_drawdown_pct: 2", f"MAX_DRAWDOWN_BREACHED: {response}" if response else ""))
        at = rules.breach(folder)["time"]
        for link in links:
            told = harness.entries(folder / link["name"])
            ended = [e for e in told if e["type"] == "POSITION_ADJUSTED"
                     and e["details"]["what"] == "planned_quantity"
                     and e["details"]["reason"] == "MAX_DRAWDOWN_BREACHED"]
            assert [e["time"] for e in ended] == [at], (name, link, ended)
            assert not [e for e in told if e["type"] == "ORDER_SUBMITTED" and e["time"] > at
                        and e["details"]["role"] == "entry"], (name, link)
    world.BLUEPRINT = whole


def refused(work):
    """What the gate and the planner say of plans that cannot be sent so."""
    strategy(work, (TWAP[0], ("{ plugin: default_router }", "{ plugin: limit_order_router }")))
    codes = {e["details"]["rejection_reason"]["code"]
             for e in harness.entries(run(work, "limit"), "OPPORTUNITY_REJECTED")}
    assert "SLICES_NOT_AT_MARKET" in codes, codes
    harness.replace(work / "config/runs/demo.yaml",
                    ("duration_minutes: 480", "duration_minutes: 60"))
    codes = {e["details"]["rejection_reason"]["code"]
             for e in harness.entries(run(work, "short"), "OPPORTUNITY_REJECTED")}
    assert "INTERVAL_BELOW_BAR" in codes, codes


def main():
    path = harness.sample()
    if path is None:
        return
    with harness.folder() as name:
        root = pathlib.Path(name)
        results = {}
        for part in (twap, iceberg, ends, refused, stopped):
            work = root / part.__name__
            work.mkdir()
            if part is not stopped:
                harness.demo(work)
            results[part.__name__] = part(work)
        cut(root, path, results["ends"])


if __name__ == "__main__":
    main()
