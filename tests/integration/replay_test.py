#!/usr/bin/env python3
"""replay, replay --execute and results check on the real binary: what a run left is what its journal
gives, at both levels, with positions open; and what was changed is named."""

import json
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import harness  # noqa: E402
from harness import call, has  # noqa: E402


def equal(work, results, entries=None):
    report = json.loads(call(work, "replay", results, "--json").out)
    assert report["is_equal"] and report["breach_count"] == 0, report
    assert entries is None or report["entries"] == entries
    return report


def check_full(work):
    report = equal(work, "full")
    rows = harness.trades(work / "full")
    assert report["trade_fields"] == 12 * len(rows) > 1000
    closed = report["books"]["last_closed"]
    assert [c["trade_id"] for c in closed] == [r["trade_id"] for r in rows[-10:]]
    assert [c["pnl"] for c in closed] == [r["pnl"] for r in rows[-10:]]
    run = json.loads((work / "full/run.json").read_text())
    for name in ("opportunities", "approved", "rejected", "orders", "fills", "threats"):
        assert report["books"][name] == run["counts"][name], name
    text = call(work, "replay", "full").out
    has(text, "0 do not hold", "final_cash", "counts.rejected_gate", "level full")


def check_trades(work):
    """Level trades gives the same books, and says what it does not keep."""
    full, trades = equal(work, "full"), equal(work, "trades")
    for name in ("cash", "realized_pnl", "fees", "equity", "last_closed"):
        assert full["books"][name] == trades["books"][name], name
    missing = {c["field"] for c in trades["compared"] if c["status"] == "not in the journal"}
    assert {"counts.orders", "counts.threats", "counts.opportunities"} <= missing, missing


def check_open(work):
    """A run that ends with a position open: it is listed, and equity is what the run states."""
    row = harness.trades(work / "full")[40]
    entry, end = row["entry_time"], row["exit_time"]
    assert entry < end
    call(work, "backtest", "demo", "--results", "open", "--to", end[:10])
    report = equal(work, "open")
    books = report["books"]
    if books["open_positions"]:
        assert books["cash"] != books["equity"]
        assert any(c["field"] == "equity" for c in report["compared"])
    return len(books["open_positions"])


def damaged(work, name, change):
    shutil.copytree(work / "full", work / name)
    change(work / name)
    return call(work, "replay", name, expected=4)


def check_differences(work):
    """Each changed file is named with its field, what was found and what was expected."""
    rows = (work / "full/result_trades.csv").read_text().splitlines()
    cells = rows[3].split(",")

    def counts(folder):
        harness.replace(folder / "run.json", ('"trades": 148', '"trades": 149'))

    def pnl(folder):
        text = (folder / "result_trades.csv").read_text()
        (folder / "result_trades.csv").write_text(text.replace(cells[9], "1.5", 1))

    def lost(folder):
        (folder / "result_trades.csv").write_text("\n".join(rows[:-1]) + "\n")

    def equity(folder):
        metrics = harness.metrics(folder)["metrics"]
        harness.replace(folder / "result_metrics.json",
                        (metrics["final_equity"], metrics["final_equity"] + "1"))

    def state(folder):
        path = next(folder.glob("state/*/max_drawdown_monitor/state.json"))
        harness.replace(path, ('"peak":"1', '"peak":"2'))

    done = damaged(work, "d1", counts)
    has(done, "run.json", "counts.trades", "found 149", "expected 148")
    done = damaged(work, "d2", pnl)
    has(done, "result_trades.csv", "line 4 pnl", "found 1.5", f"expected {cells[9]}")
    has(damaged(work, "d3", lost), "result_trades.csv", "rows", "found 147", "expected 148")
    has(damaged(work, "d4", equity), "result_metrics.json", "final_equity")
    has(damaged(work, "d5", state), "state.json", "found damaged")
    done = call(work, "results", "check", "d2", expected=4)
    has(done, "breach", "result_trades.csv", "REPLAY")
    report = json.loads(call(work, "results", "check", "d2", "--json", expected=4).out)
    assert report[0]["breaches"][0]["line"] == 4, report[0]["breaches"]


def check_execute(work):
    shutil.copytree(work / "config", work / "config2")
    harness.replace(work / "config2/runs/demo.yaml", ('reward_risk: "2"', 'reward_risk: "3"'))
    before = sorted(p.name for p in work.iterdir())
    report = json.loads(call(work, "replay", "full", "--execute", "--json").out)
    assert report["is_identical"] and report["files"] > 10 and report["entries"] > 3000
    has(call(work, "replay", "trades", "--execute"), "identical")
    other = ("--set", "environments.backtest_eurusd_1h.simulation.fill_rule=same_close")
    done = call(work, "replay", "full", "--execute", *other, expected=9)
    has(done, "fill_rule", "same_close")
    report = json.loads(call(work, "replay", "full", "--execute", *other, "--json",
                             expected=9).out)
    assert report["execution"]["is_other_configuration"] and report["difference"]["children"]
    call(work, "replay", "full", "--execute", "--config", "config2", expected=9)
    has(call(work, "replay", "d2", "--execute", expected=4), "result_trades.csv differs")
    has(call(work, "replay", "full", "--set", "a=b", expected=2), "--execute")
    after = sorted(p.name for p in work.iterdir())
    assert after == before, f"the second run was not removed: {set(after) - set(before)}"


def main():
    with harness.folder(is_checked=False) as folder:
        work = pathlib.Path(folder)
        if not harness.demo(work):
            return
        call(work, "backtest", "demo", "--results", "full")
        call(work, "backtest", "demo", "--results", "trades", "--journal", "trades")
        call(work, "backtest", "demo", "--results", "off", "--journal", "off")
        harness.check_results(work / "full")
        check_full(work)
        check_trades(work)
        opened = check_open(work)
        has(call(work, "replay", "off", expected=7), "level off")
        has(call(work, "results", "check", "off"), "kept no journal")
        check_differences(work)
        check_execute(work)
        print(f"replayed, {opened} open at the end of one; 5 changes named; run again, same bytes")


if __name__ == "__main__":
    main()
