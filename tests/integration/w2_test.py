#!/usr/bin/env python3
"""Work W2: the EMA strategy of W1 on minutes made of a million trades, whose orders match on those
trades. Every trade of the golden lists; the same run as on bars that the archive holds; closed bars
only, with and without warm-up; what cannot be is refused."""

import csv
import importlib.util
import pathlib
import re
import shutil

import harness
import resampled_run_test as resampled
import w1_test as w1

LISTS = w1.GOLDEN / "lists"
TICKS = 1_000_000
SPREAD = "environments.w2.simulation.slippage=0.00001"  # a cent, to the tick


def ticks():
    """Times, cents, hundredths and sides, as the peers had them."""
    spec = importlib.util.spec_from_file_location("gen", w1.GOLDEN / "scripts/gen.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return list(zip(*(column.tolist() for column in module.ticks(TICKS))))


def write(path, rows):
    with open(path, "w") as file:
        file.write("time,price,quantity,side\n")
        file.writelines(f"{time},{price // 100}.{price % 100:02d},{quantity // 100}."
                        f"{quantity % 100:02d},{'buy' if side > 0 else 'sell'}\n"
                        for time, price, quantity, side in rows)


def world(work, rows):
    work.mkdir()
    shutil.copytree(harness.SOURCE / "config", work / "config")
    overlay = harness.SOURCE / "tests/integration/w2/config"
    for path in overlay.rglob("*.yaml"):
        shutil.copy(path, work / "config" / path.relative_to(overlay))
    write(work / "ticks.csv", rows)
    harness.call(work, "data", "import", "ticks.csv", "--type", "trades", "--pair", "SYN/USD",
                 "--archive", "archive")
    (work / "ticks.csv").unlink()
    return work


def run(work, name, *sets):
    harness.call(work, "backtest", "w2", "--results", name,
                 *[part for text in ("recording.context=true", *sets)
                   for part in ("--set", text)])
    return work / name


def compare(results, name):
    """Bars and prices exact, quantity to its last digit, profit to what the list was rounded to; a
    list of all five million goes on."""
    ours, golden = ([*csv.DictReader(open(path, newline=""))] for path in
                    (results / "result_trades.csv", LISTS / f"{name}.csv"))
    assert len(ours) == 290 and len(golden) in (290, 1395), (name, len(ours), len(golden))
    for number, (a, b) in enumerate(zip(ours, golden)):
        where = f"{name}, trade {number}: {a} against {b}"
        for end in ("entry", "exit"):
            assert w1.minute(a[f"{end}_time"]) - 1 == int(b[f"{end}_idx"]), where
            assert float(a[f"{end}_price"]) == float(b[f"{end}_price"]), where
        assert abs(float(a["quantity"]) - float(b["qty"])) < 1e-9, where
        assert abs(float(a["pnl"]) - float(b["pnl"])) <= 1e-7 * max(1, abs(float(b["pnl"]))), where


def that_of_the_archive(work, close):
    """Bars that `data resample` stored, the same made at opening, and made of trades in passing."""
    on_bars = run(work, "on_bars", "environments.w2.simulation.match_on=bars")
    assert resampled.same_runs(on_bars, close) > 1000
    harness.call(work, "data", "resample", "--archive", "archive", "--pair", "SYN/USD", "--from",
                 "trades", "--to-timeframe", "1m")
    stored = run(work, "stored", "environments.w2.simulation.match_on=bars",
                 "data_sources.w2_archive.data_type=ohlcv", "data_sources.w2_archive.timeframe=1m",
                 "data_sources.w2_archive.resample=false")
    assert resampled.same_runs(stored, close) > 1000
    harness.call(work, "replay", "close")


def market_orders_at_the_next_trade(work, rows):
    """Under next_open an order is filled by the first trade behind its decision."""
    results = run(work, "next", "environments.w2.simulation.fill_rule=next_open")
    prices = {}
    for time, price, _, _ in rows:
        prices.setdefault(time // 60_000_000_000, (time, price))
    fills = harness.entries(results, "ORDER_FILLED")
    assert len(fills) == 581, len(fills)  # one is open
    for fill in fills:
        first = prices[1609459200 // 60 + w1.minute(fill["time"])]
        assert fill["details"]["rule"] == "TRADE", fill
        assert fill["details"]["price"] == f"{first[1] / 100:.2f}".rstrip("0").rstrip("."), fill
        assert fill["time"].rstrip("Z")[17:] == f"{first[0] % 60_000_000_000 / 1e9:012.9f}", fill


def a_nanosecond_later(work):
    """An order that takes a nanosecond misses the close it was decided on, and meets the trade that
    it meets under next_open; with an answer that takes a second nothing else is filled."""
    def fills(results):
        return [(e["time"], e["details"]["price"], e["details"]["rule"])
                for e in harness.entries(results, "ORDER_FILLED")]
    late = run(work, "late", "environments.w2.simulation.latency.order=1ns")
    assert fills(late) == fills(work / "next")
    heard = run(work, "heard", "environments.w2.simulation.latency.order=1ns",
                "environments.w2.simulation.latency.response=1s")
    assert len(fills(heard)) > 500


def closed_bars_only(root, work, rows):
    """Other trades from T on, in the middle of a bar, change nothing before it."""
    for number, index in enumerate((250_011, 612_345)):
        first = rows[index][0]
        other = world(root / f"other{number}", [
            (time, price + (time >= first) * (17 + time % 23), quantity, side)
            for time, price, quantity, side in rows])
        results = run(other, "next", "environments.w2.simulation.fill_rule=next_open")
        before, after = (lines_until(folder, first) for folder in (work / "next", results))
        assert before == after and len(before) > 300, (len(before), len(after))
        assert (results / "result_trades.csv").read_bytes() != \
            (work / "next/result_trades.csv").read_bytes()
        shutil.rmtree(other)


def nanoseconds(text):
    seconds = (w1.datetime.datetime.fromisoformat(text[:19]) - w1.START).total_seconds()
    fraction = text[19:].rstrip("Z").lstrip(".")
    return 1609459200 * 10**9 + int(seconds) * 10**9 + int((fraction + "0" * 9)[:9])


def lines_until(results, first):
    lines = resampled.facts(results)
    times = [nanoseconds(re.search(r'"time":"([^"]+)"', line)[1]) for line in lines]
    return [line for line, time in zip(lines, times) if time < first]


def with_warmup(work):
    """From the middle of a bar on: what the run on stored bars does."""
    period = ["environments.w2.simulation.from=2021-01-03T07:11:30Z",
              "environments.w2.simulation.to=2021-01-09T22:00:17Z"]
    traded = run(work, "traded", *period)
    stored = run(work, "stored_part", "environments.w2.simulation.match_on=bars",
                 "data_sources.w2_archive.data_type=ohlcv", "data_sources.w2_archive.timeframe=1m",
                 "data_sources.w2_archive.resample=false", *period)
    assert resampled.same_runs(stored, traded) > 100


def another_stream_beside(work):
    """Hours of the same trades beside the minutes change nothing that was traded."""
    path = work / "config/runs/w2.yaml"
    text = path.read_text()
    harness.replace(path, ("  - { asset_pair: SYN/USD, timeframe: 1m }\n",
                           "  - { asset_pair: SYN/USD, timeframe: 1m }\n"
                           "  - { asset_pair: SYN/USD, timeframe: 1h }\n"))
    hours = run(work, "hours")
    path.write_text(text)
    for name in ("result_trades.csv", "equity.parquet"):
        assert (hours / name).read_bytes() == (work / "close" / name).read_bytes(), name


def memory_holds_bars_alone(work, close):
    """Eight times as many trades, 21 MB more of them, cost what their bars take (250 bytes each)."""
    if any(word in str(harness.BUILD) for word in ("address", "thread", "asan", "tsan")):
        return  # a sanitizer keeps what was freed
    def log(results):
        return harness.json.loads((results / "run.log.json").read_text().splitlines()[-1])
    part = log(run(work, "part", "environments.w2.simulation.to=2021-01-02T18:00:00Z"))
    whole = log(close)
    bars = whole["ticks"] - part["ticks"]
    grown = whole["rss_anon_bytes"] - part["rss_anon_bytes"]
    assert bars > 15000 and grown < 500 * bars, (bars, grown)


def two_links_on_one_clock(work):
    path = work / "config/operation.yaml"
    text = path.read_text()
    path.write_text(text.replace("{ id: w2,", "{ id: other, strategy_blueprint_id: w2, "
                                 "execution_environment_id: w2 }\n  - { id: w2,") +
                    "risk_policy:\n  portfolio_rules:\n    max_total_drawdown_pct: 90\n")
    harness.call(work, "backtest", "operation", "--results", "two")
    path.write_text(text)
    columns = ("entry_time", "entry_price", "exit_time", "exit_price", "quantity", "pnl")
    lists = [[[row[name] for name in columns] for row in csv.DictReader(open(file, newline=""))]
             for file in (work / "close/result_trades.csv", work / "two/w2/result_trades.csv",
                          work / "two/other/result_trades.csv")]
    assert lists[0] == lists[1] == lists[2] and len(lists[0]) == 290


def known_too_early(work):
    """`lookahead`: the strategy over trades that end at twenty moments."""
    harness.call(work, "lookahead", "w2", "--cuts", 20)


def nothing_is_ambiguous(work):
    harness.has(harness.call(work, "backtest", "w2", "--results", "band", "--ambiguity",
                             expected=None), "matches on trades: no bar of it is ambiguous")
    found = harness.json.loads((work / "close/run.json").read_text())
    assert found["ambiguity_rule"] == "trades", found["ambiguity_rule"]
    started, = harness.entries(work / "close", "RUN_STARTED")
    assert started["details"]["match_on"] == "trades", started


def faults(work):
    def refused(*words, sets):
        options = [part for text in sets for part in ("--set", text)]
        harness.has(harness.call(work, "backtest", "w2", "--results", "no", *options, expected=3),
                    *words)
        assert not (work / "no").exists()

    refused("a source of its trades (data_type: trades, resample: true) in environment w2",
            sets=["data_sources.w2_archive.data_type=ohlcv",
                  "data_sources.w2_archive.timeframe=1m",
                  "data_sources.w2_archive.resample=false"])
    refused("found zipline with match_on: trades",
            sets=["environments.w2.simulation.fill_rule=zipline"])
    refused("expected none, as match_on: trades matches no bars",
            sets=["environments.w2.simulation.matching.path=ohlc"])
    refused("expected bars, trades or book", sets=["environments.w2.simulation.match_on=quotes"])


def main():
    if not w1.GOLDEN.is_dir():
        print(f"skipped: {w1.GOLDEN} is absent")
        return
    rows = ticks()
    with harness.folder() as folder:
        root = pathlib.Path(folder)
        work = world(root / "w2", rows)
        close = run(work, "close")
        compare(close, "ref_ticks_sameclose")
        compare(run(work, "nautilus", "environments.w2.simulation.fill_rule=nautilus"),
                "ref_ticks_sameclose")
        spread = run(work, "spread", SPREAD)
        compare(spread, "ref_ticks_spread")
        compare(spread, "hftbacktest_ticks1M")
        that_of_the_archive(work, close)
        market_orders_at_the_next_trade(work, rows)
        a_nanosecond_later(work)
        closed_bars_only(root, work, rows)
        with_warmup(work)
        another_stream_beside(work)
        memory_holds_bars_alone(work, close)
        two_links_on_one_clock(work)
        known_too_early(work)
        nothing_is_ambiguous(work)
        faults(work)
    print("4 x 290 trades")


if __name__ == "__main__":
    main()
