#!/usr/bin/env python3
"""What is told before a run is believed: for every diagnosis a run made to show it, on the real binary.
Each must name its cause with the count, and what to do; the counts are made again from the run."""

import csv
import datetime
import io
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import harness  # noqa: E402
from harness import call, has  # noqa: E402

RULE = "environments.backtest_eurusd_1h.simulation."
HOUR = datetime.timedelta(hours=1)
SHOWN = set()  # codes that fired in a run of this test


def run(work, name, *sets, options=(), strategy="demo"):
    for value in sets:
        options = (*options, "--set", value)
    call(work, "backtest", strategy, "--results", work / name, *options)
    return work / name


def told(results, code):
    """The diagnosis of that code: with its count in the cause, something to do, and the same in what
    people read."""
    items = {item["code"]: item for item in harness.metrics(results)["diagnostics"]}
    assert code in items, (code, sorted(items))
    item = items[code]
    SHOWN.add(code)
    assert len(item["cause"]) > 20 and len(item["advice"]) > 10, item
    assert "{" not in item["cause"] + item["advice"], item
    out = call(results.parent, "results", "show", results, env={"COLUMNS": "1000"}).out
    has(out, item["cause"], item["advice"].replace("RESULTS", str(results)))
    for command in re.findall(r"s1mpletrader ((?:[a-z]+ )+[a-z-]+)", item["advice"]):
        assert call(results.parent, *command.split()[:1], "--help").out, command
    return item


def silent(results, *codes):
    found = {item["code"] for item in harness.metrics(results)["diagnostics"]}
    assert not found & set(codes), (found, codes)


def counts(results):
    return json.loads((results / "run.json").read_text())["counts"]


def no_trades_and_why(work):
    none = run(work, "nothing", options=("--to", "2017-04-19T14:00"))
    item = told(none, "no_opportunities")
    assert item["count"] == 0 and item["of"] == counts(none)["ticks"] > 0
    has(item["advice"], "--funnel")
    has(item["cause"], str(item["of"]))
    out = call(work, "explain", none, "--funnel").out  # what is advised does tell
    has(out, "fvg_detector", "ema_crossover")
    refused = run(work, "refused", "instruments.EUR/USD.min_quantity=1000000000")
    item = told(refused, "all_refused")
    assert item["of"] == item["count"] == counts(refused)["opportunities"] > 0
    assert item["stage"] == max(("governor", "entry", "exit", "size", "routing", "gate", "venue"),
                                key=lambda stage: counts(refused)[f"rejected_{stage}"])
    has(item["cause"], str(item["of"]), item["stage"])
    far = run(work, "far", "runs.mean_reversion.workforce.planning_workers.entry_planning"
              "[limit_entry_planner].params.offset_atr=300.0", strategy="mean_reversion")
    item = told(far, "nothing_filled")
    assert item["of"] == counts(far)["orders"] > 0 and counts(far)["fills"] == 0
    has(item["cause"], str(item["of"]))
    first = harness.trades(work / "plain")[0]
    end = datetime.datetime.fromisoformat(first["entry_time"][:19]) + 3 * HOUR
    assert end < datetime.datetime.fromisoformat(first["exit_time"][:19])
    held = run(work, "held", options=("--to", end.isoformat()))
    item = told(held, "never_closed")
    assert item["count"] == counts(held)["open_positions"] == 1 and harness.trades(held) == []
    for results in (none, refused, far, held):
        silent(results, "few_trades", "one_trade", "costs", "parameters")
        assert len({"no_opportunities", "all_refused", "nothing_filled", "never_closed"} & {
            d["code"] for d in harness.metrics(results)["diagnostics"]}) == 1


def too_few(work):
    demo = work / "plain"
    item = told(demo, "parameters")
    assert (item["count"], item["of"]) == (15, len(harness.trades(demo)))
    silent(demo, "few_trades", "short_period", "no_opportunities", "costs", "one_trade", "stale_gap",
           "stale_flat", "same_close", "too_good", "always_wins", "never_under", "open_at_end")
    short = run(work, "short", options=("--to", "2017-05-10"))
    item = told(short, "few_trades")
    assert item["count"] == len(harness.trades(short)) and item["limit"] == 30
    item = told(short, "short_period")
    assert item["level"] == "note" and \
        item["count"] == harness.metrics(short)["conventions"]["samples"] < 60


def dependence(work):
    """Without its best trade the run has no profit; fees that eat the gains."""
    trades = harness.trades(work / "plain")
    pnl = [float(trade["pnl"]) for trade in trades]
    end = next(i for i in range(3, len(pnl)) if 0 < sum(pnl[:i]) <= max(pnl[:i]))
    to = datetime.datetime.fromisoformat(trades[end - 1]["exit_time"][:19]) + HOUR
    one = run(work, "one", options=("--to", to.isoformat()))
    own = [float(trade["pnl"]) for trade in harness.trades(one)]
    item = told(one, "one_trade")
    assert item["of"] == len(own) and abs(item["value"] - max(own) / sum(own)) < 1e-9
    has(item["cause"], f"{item['value'] * 100:.1f} %")
    dear = run(work, "dear", RULE + "fees.taker=0.0005")
    rows = [(float(row["pnl"]), float(row["fees"])) for row in harness.trades(dear)]
    share = sum(fee for _, fee in rows) / sum(max(0, p + fee) for p, fee in rows)
    item = told(dear, "costs")
    assert abs(item["value"] - share) < 1e-9 and share > .3 and item["of"] == len(rows)
    has(item["cause"], f"{share * 100:.1f} %", str(len(rows)))


def undecided(work):
    item = told(work / "plain", "stop_and_target")
    assert item["count"] == counts(work / "plain")["ambiguous_bars"] > 0
    has(item["advice"], "--ambiguity")
    closed = run(work, "close", RULE + "fill_rule=same_close")
    item = told(closed, "same_close")
    assert item["count"] == item["of"] == len(harness.trades(closed)) and item["level"] == "note"
    limits = run(work, "limits", strategy="mean_reversion")  # touched inside the bar after
    silent(limits, "same_close")
    later = run(work, "later", RULE + "fill_rule=zipline")  # at a close, but not that of the signal
    silent(later, "same_close")
    open_one = next(i for i, trade in enumerate(harness.trades(work / "plain")) if i > 40)
    trade = harness.trades(work / "plain")[open_one]
    to = datetime.datetime.fromisoformat(trade["entry_time"][:19]) + HOUR
    still = run(work, "still", options=("--to", to.isoformat()))
    item = told(still, "open_at_end")
    assert item["count"] == counts(still)["open_positions"] > 0 and item["level"] == "note"


def spoiled(work, name, change):
    """The demo on the sample's bars as `change` leaves them."""
    place = work / name
    place.mkdir()
    harness.config(place)
    with open(harness.sample(), newline="") as file:
        rows = list(csv.DictReader(file))
    fields = list(rows[0])
    with open(place / "bars.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, fields, lineterminator="\n")
        writer.writeheader()
        writer.writerows(change(rows))
    harness.import_bars(place, place / "bars.csv")
    return run(place, "run")


def filled_bars(results):
    """(time before, time, low, high) of the bar of every fill of a closed trade."""
    bars = list(csv.DictReader(io.StringIO(
        call(results.parent, "results", "show", results, "--equity").out)))
    times = [datetime.datetime.fromisoformat(bar["time"][:19]) for bar in bars]
    closed = {trade["trade_id"] for trade in harness.trades(results)}
    for entry in harness.entries(results, "ORDER_FILLED"):
        if entry["trade_id"] in closed:
            time = datetime.datetime.fromisoformat(entry["time"][:19])
            is_open = entry["details"]["rule"].startswith("OPEN")
            row = next(i for i, t in enumerate(times) if t > time or (t == time and not is_open))
            yield (times[row - 1] if row > 0 else None), times[row]


def stale(work):
    def holes(rows):
        return [row for i, row in enumerate(rows) if i < 100 or i % 40 >= 5]
    gaps = spoiled(work, "gaps", holes)
    fills = list(filled_bars(gaps))
    def is_gap(before, at):
        closes = before is not None and (before - datetime.timedelta(seconds=1)).weekday() in (4, 5)
        return before is not None and at - before > 2 * HOUR and \
            not (closes and at - before <= datetime.timedelta(days=3, hours=2))
    expected = sum(is_gap(before, at) for before, at in fills)
    item = told(gaps, "stale_gap")
    assert (item["count"], item["of"]) == (expected, len(fills)), (item, expected, len(fills))
    silent(gaps, "stale_flat")
    dead = {}

    def flat(rows):
        for i, row in enumerate(rows):
            if i % 9 == 0:
                row.update({name: row["Open"] for name in ("High", "Low", "Close")})
                dead[datetime.datetime.fromisoformat(row[""]) + HOUR] = True
        return rows
    still = spoiled(work, "flat", flat)
    fills = list(filled_bars(still))
    item = told(still, "stale_flat")
    assert (item["count"], item["of"]) == (sum(at in dead for _, at in fills), len(fills)), item
    silent(still, "stale_gap")


def too_good(work):
    """A market in which prices only ever go one way for a while: whoever follows always wins."""
    def saw(rows):
        price = 1.1
        for i, row in enumerate(rows):
            step = .0015 if i // 90 % 2 else -.0015
            row["Open"] = f"{price:.5f}"
            price += step
            row["Close"] = f"{price:.5f}"
            row["High"], row["Low"] = sorted((row["Open"], row["Close"]), reverse=True)
        return rows
    good = spoiled(work, "good", saw)
    figures = harness.metrics(good)
    item = told(good, "too_good")
    assert abs(item["value"] - figures["metrics"]["sharpe"]) < 1e-12 and item["value"] > 4
    assert item["count"] == figures["conventions"]["samples"]
    item = told(good, "always_wins")
    won = sum(float(trade["pnl"]) > 0 for trade in harness.trades(good))
    assert (item["count"], item["of"]) == (won, len(harness.trades(good))) and won >= 20
    item = told(good, "never_under")
    assert item["count"] == sum(adverse > -1e-4 for adverse, _ in figures["excursions"])


def main():
    with harness.folder() as folder:
        work = pathlib.Path(folder)
        if not harness.demo(work):
            return
        run(work, "plain")
        no_trades_and_why(work)
        too_few(work)
        dependence(work)
        undecided(work)
        stale(work)
        too_good(work)
        table = (harness.SOURCE / "backend/analysis/diagnostics.h").read_text()
        codes = set(re.findall(r'X\([A-Z_]+, "([a-z_]+)"', table))
        assert SHOWN == codes, f"no run shows {sorted(codes - SHOWN)}"
        print(f"{len(codes)} diagnoses, each on a run that shows it")


if __name__ == "__main__":
    main()
