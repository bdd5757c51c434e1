#!/usr/bin/env python3
"""Volume, slippage models and latency on the real binary (work W1): no bar gives more than its
share, the books hold, chance is the run's own, and the configuration says what it was."""

import collections
import csv
import decimal
import json
import pathlib

import harness
import w1_test as w1

SIMULATION = "environments.w1.simulation"
BARS = w1.GOLDEN / "bars20k.csv"
D = decimal.Decimal


def run(work, name, *options, seed=None):
    results = work / name
    sets = [part for option in options for part in ("--set", f"{SIMULATION}.{option}")]
    more = ["--seed", seed] if seed is not None else []
    w1.call("backtest", "w1", "--config", work / "config", "--results", results, *sets, *more)
    harness.call(work, "results", "check", results)
    return results


def entries(results, kind):
    for line in (results / "journal.jsonl").read_text().splitlines():
        entry = json.loads(line)
        if entry.get("type") == kind:
            yield entry


def trades(results):
    with open(results / "result_trades.csv", newline="") as file:
        return list(csv.DictReader(file))


def volume_is_shared(work, share):
    """Orders that fill at opens: every fill names its bar by its time."""
    results = run(work, f"share-{share}", f"matching.volume_share={share}")
    with open(BARS, newline="") as file:
        volumes = [D(row["volume"]) for row in csv.DictReader(file)]
    taken = collections.Counter()
    parts = 0
    for entry in entries(results, "ORDER_FILLED"):
        taken[w1.minute(entry["time"])] += D(entry["details"]["quantity"])
        parts += "remaining" in entry["details"]
    assert parts > 100, parts
    for bar, quantity in taken.items():
        assert quantity <= volumes[bar] * D(share), (bar, quantity, volumes[bar])
    assert len(trades(results)) > 250, len(trades(results))
    return parts


def slippage_is_paid(work):
    """Both sides of a trade slip by what the model says: 3 ticks of 0.01."""
    plain = trades(run(work, "plain"))
    for model in ("{model: ticks, ticks: 3}", "{model: fixed, amount: 0.03}",
                  "{model: spread, spread: 0.06}"):
        slipped = trades(run(work, "slipped-" + model[8:11], f"slippage={model}"))
        for a, b in zip(plain, slipped):
            assert D(b["entry_price"]) - D(a["entry_price"]) == D("0.03"), (model, a, b)
            assert D(a["exit_price"]) - D(b["exit_price"]) == D("0.03"), (model, a, b)
    # A bare number is a fraction, and the same as the map of it.
    bare = run(work, "bare", "slippage=0.001")
    mapped = run(work, "mapped", "slippage={model: fraction, fraction: 0.001}")
    w1.same(bare, mapped)


def chance_is_the_runs_own(work):
    chance = "slippage={model: chance, probability: 0.5}"
    first = run(work, "chance-1", chance)
    again = run(work, "chance-2", chance)
    w1.same(first, again)
    w1.call("backtest", "--rerun", first, "--results", work / "chance-rerun")
    w1.same(first, work / "chance-rerun")
    other = run(work, "chance-3", chance, seed=7)
    plain = trades(work / "plain")
    count = {}
    for results in (first, other):
        rows = trades(results)
        assert {D(b["entry_price"]) - D(a["entry_price"]) for a, b in zip(plain, rows)} == {
            D("0"), D("0.01")}
        count[results] = [b["entry_price"] != a["entry_price"] for a, b in zip(plain, rows)]
        assert 90 < sum(count[results]) < 190, sum(count[results])
    assert count[first] != count[other]


def everything_at_once(work):
    for rule in ("next_open", "same_close", "nautilus", "zipline"):
        run(work, f"all-{rule}", f"fill_rule={rule}", "matching.volume_share=0.0005",
            "slippage={model: volume_share, impact: 0.1}",
            "latency={feed: 1ms, order: 50ms, response: 30s}")


def refused(work):
    done = harness.call(work, "backtest", "w1", "--config", work / "config", "--results",
                        work / "no", "--set", f"{SIMULATION}.latency.response=61s", expected=None)
    assert done.code != 0
    harness.has(done.err, "latency.response: found '61s', expected at most one bar")


def main():
    if not w1.GOLDEN.is_dir():
        print(f"skipped: {w1.GOLDEN} is absent")
        return
    with harness.folder() as folder:
        work = pathlib.Path(folder)
        w1.configuration(work)
        w1.call("data", "import", BARS, "--profile", "w1", "--pair", "SYN/USD", "--timeframe",
                "1m", "--archive", work / "archive")
        parts = volume_is_shared(work, "0.0005")
        slippage_is_paid(work)
        chance_is_the_runs_own(work)
        everything_at_once(work)
        refused(work)
    print(f"{parts} fills in parts, no bar beyond its share; slippage to the tick; same luck")


if __name__ == "__main__":
    main()
