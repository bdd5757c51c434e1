#!/usr/bin/env python3
"""The fill rules of other simulators: work W1 under each preset gives the trade list that simulator
gave, every trade, bar and price; quantities and profits to what each row says (docs/matching.md has
the reasons)."""

import csv
import pathlib

import harness
import w1_test as w1

LISTS = w1.GOLDEN / "lists"
EXACT = {"quantity": 1e-9, "pnl": 1e-7}
SMA = ("workforce.context_workers[ema_detector].params.seed=sma",)
WHOLE = ("instruments.SYN/USD.lot_size=1",)
CENTS = {"quantity": 2e-5, "pnl": 6e-3}     # its money is rounded to cents
# preset, list, bars that our time of a fill lies after its index, --set, tolerances
FILL = ("workforce.planning_workers.size_planning[cash_fraction_sizer].params.sized_at=fill",)
ALL_IN = FILL + ("workforce.planning_workers.size_planning[cash_fraction_sizer].params.fraction=1",
                 "instruments.SYN/USD.qty_scale=12", "instruments.SYN/USD.lot_size=0.000000000001")
DIGITS = {"quantity": 5e-9, "pnl": 1e-7}    # the list has nine digits
# An order of 1 ns lands in the next bar, at its close; that engine lets it fill after its strategy
# has seen the bar, which is a response of 1 ns.
LATE = ("environments.w1.simulation.latency.order=1ns",
        "environments.w1.simulation.latency.response=1ns")
TRADES = {"nautilus_lat1ns": 276}
ROWS = [
    ("next_open", "ref_f_c_n", 0, (), EXACT),
    ("next_open", "ref_s_c_n", 0, SMA, EXACT),
    ("next_open", "ref_f_w_n", 0, WHOLE, EXACT),
    ("next_open", "ref_s_w_n", 0, SMA + WHOLE, EXACT),
    ("same_close", "ref_f_c_c", 1, (), EXACT),
    ("nautilus", "ref_f_c_c", 1, (), EXACT),
    ("nautilus", "nautilus_sameclose", 1, (), CENTS),
    ("nautilus", "nautilus1231_sameclose", 1, (), CENTS),
    ("nautilus", "nautilus_rust", 1, (), CENTS),
    ("nautilus", "nautilus_lat1ns", 1, LATE, CENTS),
    ("backtrader", "backtrader", 0, SMA, EXACT),
    # its stake is rounded its own way
    ("freqtrade", "freqtrade", 0, (), {"quantity": 3.2e-4, "pnl": 7e-2}),
    ("jesse", "jesse", 1, (), {"quantity": 4e-4, "pnl": 8e-2}),
    ("jesse", "jesse_fast", 1, (), {"quantity": 4e-4, "pnl": 8e-2}),
    ("backtesting_py", "backtestingpy", 0, FILL, EXACT),
    ("backtesting_py", "ref_f_b_n", 0, FILL, EXACT),
    ("vectorbt", "vectorbt", 0, ALL_IN, EXACT),
    ("vectorbt", "ref_f_v_n", 0, ALL_IN, DIGITS),
    # What vectorbt does by itself: the close of the signal.
    ("vectorbt", "ref_f_v_c", 1,
     ALL_IN + ("environments.w1.simulation.matching.market=same_close",), DIGITS),
    ("zipline", "ref_f_w_x", 1, WHOLE, EXACT),
    ("zipline", "ref_f_c_x", 1, (), EXACT),
]
# Its first callback is not the first bar, and its run was two trades longer.
LATER = [("zipline", "zipline", 1, WHOLE, EXACT), ("zipline", "rustybt", 1, WHOLE, EXACT)]


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def compare(ours, name, shift, tolerance):
    golden = read(LISTS / f"{name}.csv")
    extra = {"zipline": 2, "rustybt": 2}.get(name, 0)
    assert len(ours) == len(golden) - extra == TRADES.get(name, 278), (name, len(ours), len(golden))
    for number, (a, b) in enumerate(zip(ours, golden)):
        where = f"{name}, trade {number}: {a} against {b}"
        assert w1.minute(a["entry_time"]) - shift == int(float(b["entry_idx"])), where
        assert w1.minute(a["exit_time"]) - shift == int(float(b["exit_idx"])), where
        for price in ("entry_price", "exit_price"):  # vectorbt's are averages: a digit too many
            assert a[price] == f"{float(b[price]):.9f}".rstrip("0").rstrip("."), where
        quantity = float(b["qty"])
        assert abs(float(a["quantity"]) - quantity) <= tolerance["quantity"] * quantity, where
        assert abs(float(a["pnl"]) - float(b["pnl"])) <= tolerance["pnl"], where
    equity = sum(float(row["pnl"]) for row in ours)
    expected = sum(float(row["pnl"]) for row in golden[:len(ours)])
    assert abs(equity - expected) <= 278 * tolerance["pnl"], (name, equity, expected)


def run(work, row):
    preset, name, shift, sets, tolerance = row
    results = work / f"{preset}-{name}"
    options = [f"environments.w1.simulation.fill_rule={preset}", *sets]
    w1.call("backtest", "w1", "--config", work / "config", "--results", results,
            *[part for option in options for part in ("--set", option)])
    harness.call(work, "results", "check", results)
    compare(read(results / "result_trades.csv"), name, shift, tolerance)


def archive(work, source):
    w1.call("data", "import", source, "--profile", "w1", "--pair", "SYN/USD", "--timeframe", "1m",
            "--archive", work / "archive")


def main():
    if not w1.GOLDEN.is_dir():
        print(f"skipped: {w1.GOLDEN} is absent")
        return
    with harness.folder() as folder:
        work = pathlib.Path(folder) / "all"
        work.mkdir()
        w1.configuration(work)
        archive(work, w1.GOLDEN / "bars20k.csv")
        for row in ROWS:
            run(work, row)
        work = pathlib.Path(folder) / "later"
        work.mkdir()
        w1.configuration(work)
        lines = (w1.GOLDEN / "bars20k.csv").read_text().splitlines(keepends=True)
        (work / "bars.csv").write_text(lines[0] + "".join(lines[2:]))
        archive(work, work / "bars.csv")
        for row in LATER:
            run(work, row)
    print(f"{len(ROWS) + len(LATER)} x 278 trades")


if __name__ == "__main__":
    main()
