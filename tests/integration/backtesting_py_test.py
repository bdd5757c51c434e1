#!/usr/bin/env python3
"""The runs of backtesting.py on recorded prices (shared/data/golden/backtesting_py), repeated under
its preset: every trade, bar, size, price and profit, and its figures of the account."""

import csv
import datetime
import json
import pathlib
import statistics

import harness
from harness import call

GOLDEN = harness.SHARED / "data/golden/backtesting_py"
KRAKEN = harness.SHARED / "data/crypto/kraken/XBTUSD_60.csv"
PLUGINS = harness.SOURCE / "tests/integration/smacross"
# name of the run, its bars, pair, timeframe, digits of a price, capital, fee, spread, averages, both
# directions? Those of one direction spend 95 percent of the account, the others all of it.
RUNS = [
    ("GOOG_1d_smacross_10_30_default", "GOOG.csv", "GOOG/USD", "1d", 2, 10000, "0", "0", 10, 30,
     True),
    ("GOOG_1d_longonly_10_30_comm20bp", "GOOG.csv", "GOOG/USD", "1d", 2, 100000, "0.002", "0", 10,
     30, False),
    ("EURUSD_1h_smacross_10_30_spread", "EURUSD.csv", "EUR/USD", "1h", 9, 10000, "0", "0.0002", 10,
     30, True),
    ("KRAKEN_XBTUSD_1h_2019_2022_smacross_10_30_comm26bp", None, "XBT/USD", "1h", 5, 1000000,
     "0.0026", "0", 10, 30, True),
    ("KRAKEN_XBTUSD_1h_2019_2022_longonly_50_200_comm26bp", None, "XBT/USD", "1h", 5, 1000000,
     "0.0026", "0", 50, 200, False),
]
BLUEPRINT = """schema_version: 1
display_name: Crossing averages
version: 1.0.0
description: The example of backtesting.py.
workforce:
  context_workers:
    - {{ plugin: talib_indicator, id: fast, params: {{ indicator: SMA, period: {fast} }} }}
    - {{ plugin: talib_indicator, id: slow, params: {{ indicator: SMA, period: {slow} }} }}
  opportunity_workers:
    - {{ plugin: sma_cross, params: {{ fast: {fast}, slow: {slow} }} }}
  planning_workers:
    entry_planning:
      - {{ plugin: market_entry_planner, params: {{ directions: {directions}, max_open_positions: 1 }} }}
    size_planning:
      - {{ plugin: cash_fraction_sizer, params: {{ fraction: "{fraction}", sized_at: fill }} }}
    order_routing:
      - {{ plugin: default_router }}
  execution_workers:
    trade_initiation:
      - {{ plugin: default_plan_executor, triggers: [on_plan_approved] }}
    position_management:
      - {{ plugin: {leave}, triggers: [on_signal_generated] }}
"""


def configure(work, run):
    name, _, pair, timeframe, digits, capital, fee, spread, fast, slow, is_both = run
    config = harness.config(work)

    def write(file, text):
        (config / file).write_text("schema_version: 1\n" + text)

    write("instruments.yaml", f"""{pair}:
  price_scale: {digits}
  qty_scale: {8 if digits == 9 else 10}
  tick_size: "{10 ** -digits:.{digits}f}"
  lot_size: "1"
  margin: {{ enabled: {str(is_both).lower()} }}
""")
    write("data_sources.yaml", f"bars: {{ type: parquet_archive, path: archive, "
                               f"asset_pair: {pair}, timeframe: {timeframe} }}\n")
    write("environments.yaml", f"""golden:
  type: backtest
  data_source_id: bars
  simulation:
    initial_capital: "{capital}"
    fees: {{ maker: "{fee}", taker: "{fee}" }}
    slippage: "{spread}"
    fill_rule: backtesting_py
""")
    write("operation.yaml", "display_name: golden\nstrategy_links:\n  - { id: golden, "
                            "strategy_blueprint_id: golden, execution_environment_id: golden }\n")
    harness.replace(config / "platform.yaml",
                    ("plugins_root_path: plugins", f"plugins_root_path: {work}/own_plugins"))
    (config / "runs/golden.yaml").write_text(BLUEPRINT.format(
        fast=fast, slow=slow, directions="both" if is_both else "long",
        fraction="1" if is_both else "0.95",
        leave="any_signal_exit" if is_both else "opposite_signal_exit"))
    harness.build_plugins(PLUGINS, work / "own_plugins")
    return name


def bars(work, run):
    """The bars as backtesting.py had them; Kraken's are those from 2019 to 2022."""
    _, file, pair, timeframe, *_ = run
    if file is not None:
        harness.import_bars(work, GOLDEN / file, pair, timeframe, archive="archive")
        return
    first, last = (datetime.datetime(year, 1, 1, tzinfo=datetime.timezone.utc).timestamp()
                   for year in (2019, 2023))
    with open(KRAKEN) as source, open(work / "bars.csv", "w") as target:
        for line in source:
            if first <= int(line.split(",", 1)[0]) < last:
                target.write(line)
    harness.import_bars(work, work / "bars.csv", pair, timeframe, "kraken", "archive")


def moment(text):
    text = text.rstrip("Z")[:19].replace(" ", "T")
    return datetime.datetime.fromisoformat(text)


def near(a, b, share=1e-9):
    return abs(float(a) - float(b)) <= share * max(1.0, abs(float(b)))


def compare_trades(results, name):
    """Ours, and theirs without the last: they close what is open at the open of the last bar, which
    is over when they do; ours stays open."""
    ours = harness.trades(results)
    with open(GOLDEN / f"{name}.trades.csv", newline="") as file:
        golden = list(csv.DictReader(file))
    last = golden.pop() if len(golden) == len(ours) + 1 else None
    assert len(ours) == len(golden), (name, len(ours), len(golden))
    for number, (a, b) in enumerate(zip(ours, golden)):
        where = f"{name}, trade {number}: {a} against {b}"
        size = int(b["Size"])
        assert moment(a["entry_time"]) == moment(b["EntryTime"]), where
        assert moment(a["exit_time"]) == moment(b["ExitTime"]), where
        assert a["direction"] == ("long" if size > 0 else "short"), where
        assert float(a["quantity"]) == abs(size), where
        # Their prices with a spread are products of doubles.
        assert near(a["entry_price"], b["EntryPrice"], 1e-15), where
        assert float(a["exit_price"]) == float(b["ExitPrice"]), where
        assert near(a["pnl"], b["PnL"]), where
        assert near(a["fees"], b["Commission"]), where
    return ours, last


def check_last(results, last):
    """The trade that is open at the end of ours, and its profit as they closed it."""
    opened = harness.entries(results, "TRADE_OPENED")[-1]
    details = opened["details"]
    assert moment(opened["time"]) == moment(last["EntryTime"]), (opened, last)
    assert float(details["quantity"]) == abs(int(last["Size"])), (opened, last)
    assert near(details["entry_price"], last["EntryPrice"], 1e-15), (opened, last)
    assert len(harness.entries(results, "TRADE_OPENED")) == len(harness.trades(results)) + 1
    return float(last["PnL"])


def compare_figures(results, name, ours, last):
    """What they print of the account and the trades, worked out of ours."""
    stats = json.loads((GOLDEN / f"{name}.stats.json").read_text())
    metrics = harness.metrics(results)["metrics"]
    profits = [float(row["pnl"]) for row in ours]
    returns = [float(row["pnl"]) / (float(row["entry_price"]) * float(row["quantity"]))
               for row in ours]
    if last is not None:
        profits.append(check_last(results, last))
        returns.append(float(last["ReturnPct"]))
    count = len(profits)
    equity = float(metrics["initial_capital"]) + sum(profits)
    # Closing the last trade may be the lowest point of theirs.
    lowest = equity / stats["Equity Peak [$]"] - 1
    figures = {
        "Equity Final [$]": equity,
        "# Trades": count,
        "Win Rate [%]": 100 * sum(profit > 0 for profit in profits) / count,
        "Best Trade [%]": 100 * max(returns),
        "Worst Trade [%]": 100 * min(returns),
        "Profit Factor": sum(r for r in returns if r > 0) / -sum(r for r in returns if r < 0),
        "Expectancy [%]": 100 * statistics.mean(returns),
        "SQN": count ** 0.5 * statistics.mean(profits) / statistics.stdev(profits),
        "Max. Drawdown [%]": 100 * min(metrics["max_drawdown"], lowest),
    }
    if metrics["max_drawdown"] < lowest:
        figures["Avg. Drawdown [%]"] = 100 * metrics["avg_drawdown"]
    for key, value in figures.items():
        assert near(value, stats[key], 1e-8), (name, key, value, stats[key])
    if last is None:
        assert near(metrics["final_equity"], stats["Equity Final [$]"])


def one(work, run):
    work.mkdir()
    name = configure(work, run)
    bars(work, run)
    call(work, "backtest", "golden", "--results", "r")
    ours, last = compare_trades(work / "r", name)
    compare_figures(work / "r", name, ours, last)
    print(f"{name}: {len(ours)} trades{'' if last is None else ' and one that is open'}")


def main():
    if not GOLDEN.is_dir() or not KRAKEN.is_file():
        print(f"skipped: {GOLDEN} or {KRAKEN} is absent")
        return
    with harness.folder() as folder:
        for number, run in enumerate(RUNS):
            one(pathlib.Path(folder) / str(number), run)


if __name__ == "__main__":
    main()
