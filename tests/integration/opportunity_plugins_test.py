#!/usr/bin/env python3
"""Detectors, planners and monitors of the starter set in a blueprint of their own, on hourly
EUR/USD: what they say against TA-Lib or a plain computation over the bars, the same on repetition,
and told by `explain`."""

import csv
import datetime
import decimal
import json
import pathlib
import sys

import numpy
import talib

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from harness import call, demo, entries, folder, has, same, sample  # noqa: E402

LOT = decimal.Decimal("0.01")
BREAKOUT = "{ plugin: breakout_scanner, params: { bars: 20 } }"


def blueprint(opportunities=BREAKOUT, threats=None,
              entry="{ plugin: market_entry_planner, params: { max_open_positions: 1 } }",
              sizer='{ plugin: fixed_risk_sizer, params: { risk_per_trade_percent: "1" } }',
              managers="{ plugin: opposite_signal_exit, triggers: [on_signal_generated] }"):
    """A whole strategy around the workers under test."""
    watch = f"  threat_workers:\n    - {threats}\n" if threats else ""
    return f"""schema_version: 1
display_name: Starter set
version: 1.0.0
description: Workers under test.
data:
  - {{ asset_pair: EUR/USD, timeframe: 1h }}
recording: {{ context: true }}
workforce:
  context_workers:
    - {{ plugin: atr_calculator, params: {{ period: 14 }} }}
  opportunity_workers:
    - {opportunities}
{watch}  planning_workers:
    entry_planning:
      - {entry}
    exit_planning:
      - {{ plugin: atr_based_stops, params: {{ atr_period: 14, multiple: 2.0 }} }}
      - {{ plugin: fixed_rr_exit, params: {{ reward_risk: "2" }} }}
    size_planning:
      - {sizer}
    order_routing:
      - {{ plugin: default_router }}
  execution_workers:
    trade_initiation:
      - {{ plugin: default_plan_executor, triggers: [on_plan_approved] }}
    position_management:
      - {managers}
"""


def run(work, name, **workers):
    """A run of the blueprint twice: the same to the byte. Its results' folder."""
    (work / "config/runs/demo.yaml").write_text(blueprint(**workers))
    call(work, "validate", "demo")
    call(work, "backtest", "demo", "--results", name)
    call(work, "backtest", "demo", "--results", f"{name}_again")
    same(work / name, work / f"{name}_again")
    return work / name


def bars():
    """Close times (as the journal writes them), highs, lows and closes of the sample."""
    with open(sample(), newline="") as file:
        rows = list(csv.reader(file))[1:]
    hour = datetime.timedelta(hours=1)
    times = [(datetime.datetime.fromisoformat(r[0]) + hour).isoformat()[:19] for r in rows]
    return times, *(numpy.array([float(r[i]) for r in rows]) for i in (2, 3, 4))


def detected(results):
    return [(e["time"][:19], e["details"]["direction"].lower())
            for e in entries(results, "OPPORTUNITY_DETECTED")]


def expected_signals(times, first, is_long, is_short):
    """(time, direction) of every bar from `first` (a time) on."""
    return [(t, "long" if up else "short") for t, up, down in zip(times, is_long, is_short)
            if (up or down) and t >= first]


def equal_signals(results, is_long, is_short):
    """All that was signalled and nothing besides, from the first bar the worker was asked for."""
    times = bars()[0]
    found = detected(results)
    assert len(found) > 100, len(found)
    wanted = expected_signals(times, found[0][0], is_long, is_short)
    assert found == wanted, next((a, b) for a, b in zip(found, wanted) if a != b)
    before = expected_signals(times, "", is_long, is_short)
    assert len(before) - len(wanted) <= 3, "the first signals came late"


def funnel_of(work, results, name):
    tree = json.loads(call(work, "explain", results, "--funnel", "--json").out)
    todo = [tree]
    while todo:
        node = todo.pop()
        if node["kind"] == "worker" and node["details"].get("worker") == name:
            return node
        todo += node.get("children", [])
    raise AssertionError(f"{name} is not in the funnel")


def conditions_of(node):
    return [n["details"] for n in node["children"] if n["kind"] == "condition"]


# --- The plugins. --------------------------------------------------------------------------------

def breakout(work):
    """breakout_scanner is TA-Lib's MAX and MIN of the bars before."""
    results = run(work, "breakout")
    _, high, low, close = bars()
    highest, lowest = talib.MAX(high, 20), talib.MIN(low, 20)
    highest[1:], lowest[1:] = highest[:-1].copy(), lowest[:-1].copy()
    highest[0] = lowest[0] = numpy.nan
    equal_signals(results, close > highest, close < lowest)
    found = conditions_of(funnel_of(work, "breakout", "breakout_scanner"))
    assert [c["condition"] for c in found] == ["above_highest", "below_lowest"], found
    assert sum(c["held"] for c in found) == len(detected(results))
    assert entries(results, "TRADE_OPENED")
    at = next(t for t, up, down in zip(bars()[0], close > highest, close < lowest)
              if t > "2017-06" and not up and not down)
    has(call(work, "explain", "breakout", "--why-not", "--at", at + "Z").out, "above_highest",
        "below_lowest", "missed by")


def limit_entry(work):
    """limit_entry_planner: every limit is a tenth of a percent from the signal, to the tick on the
    far side, and no entry is filled at a worse price."""
    results = run(work, "limit", entry="{ plugin: limit_entry_planner, params: "
                                       "{ offset_by: percent, offset_percent: \"0.1\" } }")
    signals = {e["opportunity_id"]: e["details"] for e in entries(results, "OPPORTUNITY_DETECTED")}
    plans = {e["trade_id"]: e for e in entries(results, "PLAN_CREATED")}
    for plan in plans.values():
        details, signal = plan["details"], signals[plan["opportunity_id"]]
        price = decimal.Decimal(str(signal["price"]))
        is_long = details["direction"].lower() == "long"
        limit = price * decimal.Decimal("0.999" if is_long else "1.001")
        limit = limit.quantize(decimal.Decimal("0.00001"),
                               decimal.ROUND_FLOOR if is_long else decimal.ROUND_CEILING)
        assert decimal.Decimal(details["entry_price"]) == limit, (details, signal)
        assert details["order_type"].lower() == "limit", details
    opened = entries(results, "TRADE_OPENED")
    assert len(opened) > 10, len(opened)
    for trade in opened:
        details = trade["details"]
        sign = 1 if details["direction"].lower() == "long" else -1
        limit = decimal.Decimal(plans[trade["trade_id"]]["details"]["entry_price"])
        assert sign * (limit - decimal.Decimal(details["entry_price"])) >= 0, trade


def partial_profit(work):
    """partial_profit_taker: at most one part per trade, half of it down to the lot, at the first
    close half a percent from the entry, and never from a trade that did not come so far."""
    results = run(work, "partial", managers="{ plugin: partial_profit_taker, triggers: "
                  "[on_context_ready], params: { profit_percent: \"0.5\" } }")
    times, _, _, close = bars()
    closes = dict(zip(times, close))
    opened = {e["trade_id"]: e for e in entries(results, "TRADE_OPENED")}
    parts = [e for e in entries(results, "POSITION_ADJUSTED")
             if e["details"]["what"] == "quantity"]
    assert len(parts) > 10 and len({e["trade_id"] for e in parts}) == len(parts), len(parts)
    asked = {}
    for order in entries(results, "ORDER_SUBMITTED"):
        if order["details"]["role"] == "exit":
            asked[order["trade_id"]] = order
    for part in parts:
        opening, details = opened[part["trade_id"]], part["details"]
        trade = opening["details"]
        before, after = decimal.Decimal(details["from"]), decimal.Decimal(details["to"])
        assert before == decimal.Decimal(trade["quantity"])
        assert abs(before / 2 - (before - after)) < LOT and before - after <= before / 2, details
        sign = 1 if trade["direction"].lower() == "long" else -1
        entry = float(trade["entry_price"])
        at = asked[part["trade_id"]]["time"][:19]
        assert sign * (closes[at] - entry) >= entry * 0.005 - 1e-9, (part, closes[at])
        earlier = [c for t, c in closes.items() if opening["time"][:19] < t < at]
        assert all(sign * (c - entry) < entry * 0.005 for c in earlier), part


def momentum(work):
    """momentum_scanner is TA-Lib's ROC over 10 bars, on the bar that passes half a percent."""
    results = run(work, "momentum", opportunities="{ plugin: momentum_scanner, params: "
                                                  "{ threshold_percent: 0.5 } }")
    rate = talib.ROC(bars()[3], 10)
    before = numpy.concatenate(([numpy.nan], rate[:-1]))
    equal_signals(results, (rate > 0.5) & (before <= 0.5), (rate < -0.5) & (before >= -0.5))
    found = conditions_of(funnel_of(work, "momentum", "momentum_scanner"))
    assert [c["condition"] for c in found] == ["rate_above", "was_not_above", "rate_below",
                                               "was_not_below"], found
    assert found[1]["reached"] == found[0]["held"] and found[3]["reached"] == found[2]["held"]
    assert found[1]["held"] + found[3]["held"] == len(detected(results))


def exposure(work):
    """exposure_monitor: raised at the first close at which the position is worth more than half of
    the equity, told with the sums, and cleared when the position is gone."""
    results = run(work, "exposure",
                  threats="{ plugin: exposure_monitor, params: { max_exposure_percent: 50 } }")
    closes = dict(zip(bars()[0], bars()[3]))
    raised = entries(results, "THREAT_DETECTED")
    cleared = {e["threat_id"] for e in entries(results, "THREAT_CLEARED")}
    opened = entries(results, "TRADE_OPENED")
    assert len(raised) > 10 and len(cleared) >= len(raised) - 1, (len(raised), len(cleared))
    for threat in raised:
        told = threat["details"]
        assert told["threat_type"] == "EXPOSURE_LIMIT_BREACHED", told
        sums = told["details"]
        assert sums["value"] > sums["allowed_value"], sums
        assert abs(sums["allowed_value"] - sums["equity"] / 2) < 1e-6, sums
        if sums["positions"] == 1:
            trade = [e for e in opened if e["time"] <= threat["time"]][-1]["details"]
            value = float(trade["quantity"]) * closes[threat["time"][:19]]
            assert abs(value - sums["value"]) < 1e-6, (value, sums)


def kelly(work):
    """kelly_criterion_sizer: the first plan's loss at the stop is a twentieth of the Kelly fraction
    of the equity, down to the lot: 0.4 - 0.6 / 2 = 0.1, so half a percent of 10000."""
    results = run(work, "kelly", sizer="{ plugin: kelly_criterion_sizer, params: { "
                  'win_rate_percent: "40", payoff_ratio: "2", kelly_percent: "5" } }')
    plans = [e["details"] for e in entries(results, "PLAN_CREATED")]
    assert len(plans) > 10
    first = plans[0]
    distance = abs(decimal.Decimal(first["entry_price"]) - decimal.Decimal(first["stop_loss"]))
    quantity = decimal.Decimal(first["quantity"])
    assert quantity == (50 / distance).quantize(LOT, decimal.ROUND_DOWN), (first, 50 / distance)


def main():
    with folder() as name:
        work = pathlib.Path(name)
        if not demo(work):
            return
        for part in (breakout, limit_entry, partial_profit, momentum, exposure, kelly):
            part(work)
            print(part.__name__)


if __name__ == "__main__":
    main()
