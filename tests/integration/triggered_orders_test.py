#!/usr/bin/env python3
"""Entries with a trigger, and for a day, on the real binary: what the journal says of each order is
held against the bars themselves, and the books hold, replay and repeat."""

import csv
import datetime
import decimal
import pathlib

import harness
from harness import call, has

D = decimal.Decimal
PLUGINS = harness.SOURCE / "tests/integration/triggered"
HOUR = datetime.timedelta(hours=1)
# name, kind, ticks of the trigger and of the limit from it, for a buyer away from the market
KINDS = [("STOP_LIMIT", 4, 60, 30), ("MARKET_IF_TOUCHED", 5, -60, 0),
         ("LIMIT_IF_TOUCHED", 6, -60, -40), ("STOP_LIMIT", 4, 60, -30)]


def bars():
    with open(harness.sample(), newline="") as file:
        return {datetime.datetime.fromisoformat(row[""]): row for row in csv.DictReader(file)}


def moment(entry):
    return datetime.datetime.fromisoformat(entry["time"][:19])


def beyond(side, price, level, is_stop):
    """Is the price at the level or past it, as the kind of order waits for it?"""
    return price >= level if (side == "buy") == is_stop else price <= level


def check_order(entries, history, is_stop):
    """One entry order: triggered by no bar before the one that says so, and by that one."""
    submitted = entries[0]
    details = submitted["details"]
    trigger, side = D(details["trigger"]), details["side"]
    told = next((e for e in entries[1:] if e["type"] in ("ORDER_TRIGGERED", "ORDER_FILLED")), None)
    extreme = "High" if (side == "buy") == is_stop else "Low"
    opened = moment(submitted)  # it is sent at a close: the next bar that opens is its first
    end = None if told is None else moment(told)
    for time, bar in history.items():
        if time < opened or (end is not None and time >= end):
            continue
        reached = beyond(side, D(bar[extreme]), trigger, is_stop)
        if end is not None and (time + HOUR == end):
            assert reached, (submitted, told, bar)
        elif end is None and entries[-1]["type"] != "ORDER_SUBMITTED" and \
                time + HOUR <= moment(entries[-1]):
            assert not reached, (submitted, entries[-1], bar)
        elif end is not None and time + HOUR < end:
            assert not reached, (submitted, told, bar)
    limit = details.get("limit")
    for entry in entries:
        if entry["type"] == "ORDER_FILLED" and limit is not None:
            price = D(entry["details"]["price"])
            assert price <= D(limit) if side == "buy" else price >= D(limit), (submitted, entry)
    return told is not None


def check(results, kind, history):
    by_order, states = {}, {}
    for entry in harness.entries(results):
        if entry["type"].startswith("ORDER_"):
            by_order.setdefault(entry["order_id"], []).append(entry)
            states[entry["type"]] = states.get(entry["type"], 0) + 1
    seen = 0
    for entries in by_order.values():
        if entries[0]["details"].get("role") == "entry":
            assert entries[0]["details"]["order_type"] == kind, entries[0]
            seen += check_order(entries, history, kind == "STOP_LIMIT")
    assert seen > 5, (kind, seen)
    assert ("ORDER_TRIGGERED" in states) == (kind != "MARKET_IF_TOUCHED"), states
    return seen


def prove(work, results):
    call(work, "results", "check", results)
    call(work, "replay", results)
    call(work, "replay", results, "--execute")


def main():
    if harness.sample() is None:
        return
    with harness.folder() as name:
        work = pathlib.Path(name)
        harness.demo(work)
        place = harness.build_plugins(PLUGINS, work / "own_plugins")
        harness.replace(work / "config/platform.yaml",
                        ("plugins_root_path: plugins", f"plugins_root_path: {place}"))
        blueprint = work / "config/runs/demo.yaml"
        text = blueprint.read_text()
        history = bars()
        for number, (kind, value, trigger, limit) in enumerate(KINDS):
            router = (f"{{ plugin: trigger_router, params: {{ type: {value}, trigger_ticks: "
                      f"{trigger}, limit_ticks: {limit}, time_in_force: DAY }} }}")
            blueprint.write_text(text.replace("{ plugin: default_router }", router))
            results = work / f"r{number}"
            call(work, "backtest", "demo", "--results", results)
            seen = check(results, kind, history)
            prove(work, results)
            ended = harness.entries(results, "ORDER_EXPIRED")
            assert ended and all(e["details"]["reason"] == "TIME_UP" for e in ended), kind
            print(f"{kind}: {seen} triggered, {len(ended)} ended with their day")
        trade = harness.trades(work / "r0")[0]["trade_id"]
        has(call(work, "explain", work / "r0", trade), "STOP_LIMIT", "trigger", "limit")


if __name__ == "__main__":
    main()
