#!/usr/bin/env python3
"""Two strategy links on two instruments: ids, ledgers and journals apart, the aggregate their sum,
the same bytes on any number of threads and on repetition; one that fails leaves the other alone."""

import filecmp
import json
import pathlib
import shutil
import sys
from decimal import Decimal

import harness
import operation_world as world
from harness import call, entries, has

sys.path.insert(0, str(pathlib.Path(__file__).parent / "plugins"))
import build # noqa: E402

SUMS = ["initial_capital", "equity", "cash", "reserved", "exposure", "realized_pnl",
        "unrealized_pnl", "fees"]


def files(folder):
    return sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())


def same_tree(a, b):
    """Every byte but the logs, which hold host times."""
    names = files(a)
    assert names == files(b), (names, files(b))
    for name in names:
        if name.name != "run.log.json":
            assert filecmp.cmp(a / name, b / name, shallow=False), f"{name} of {a} and {b} differ"


def operation(folder):
    return json.loads((folder / "operation.json").read_text())


def ids(folder):
    found = set()
    for entry in entries(folder):
        found |= {v for k, v in entry.items() if k.endswith("_id") and v and k != "strategy_link_id"}
    return found


def check_sums(folder):
    """The aggregate against what the runs themselves say, in exact decimals."""
    report = operation(folder)
    links = [link for link in report["links"] if link["status"] == "completed"]
    for total in report["aggregate"]:
        own = [link for link in links if link["currency"] == total["currency"]]
        assert total["links"] == len(own)
        for name in SUMS:
            assert Decimal(total[name]) == sum(Decimal(link[name]) for link in own), name
        assert total["open_positions"] == sum(link["open_positions"] for link in own)
    for link in links:
        run = json.loads((folder / link["link"] / "run.json").read_text())
        last = entries(folder / link["link"], "RUN_FINISHED")[0]["details"]
        assert link["run_id"] == run["run_id"] and link["journal_head"] == run["journal_head"]
        assert Decimal(link["equity"]) == Decimal(last["final_equity"])
        assert Decimal(link["cash"]) == Decimal(last["final_cash"])
        assert Decimal(link["fees"]) == Decimal(last["fees"])
        assert Decimal(link["realized_pnl"]) == Decimal(last["realized_pnl"])
        assert link["trades"] == run["counts"]["trades"] == len(harness.trades(folder /
                                                                               link["link"]))


def two(work):
    world.tree(work, world.TWO)
    for name, threads in (("one", 1), ("two", 2), ("again", 2)):
        call(work, "backtest", "operation", "--results", name, "--threads", threads)
    same_tree(work / "one", work / "two")
    same_tree(work / "one", work / "again")
    check_sums(work / "one")
    btc, eth = work / "one/btc", work / "one/eth"
    assert len(harness.trades(btc)) > 100 and len(harness.trades(eth)) > 100
    assert not ids(btc) & ids(eth), "an id of one link stands in the other's journal"
    for name in ("btc", "eth"):
        assert {e["link"] for e in harness.journal(work / "one" / name) if "link" in e} <= {name}
    # Each is what it would have been alone.
    call(work, "backtest", "btc", "--results", "alone")
    harness.same(work / "alone", btc, ("result_trades.csv", "result_metrics.json",
                                       "equity.parquet"))
    call(work, "backtest", "--rerun", "one", "--results", "rerun")
    same_tree(work / "one", work / "rerun")
    call(work, "backtest", "--rerun", "one/eth", "--results", "eth_again")
    harness.same(eth, work / "eth_again")
    has(harness.check_results(work / "one"), "one/btc", "one/eth")
    has(call(work, "replay", "one/eth"), "eth")


def carried(work):
    """Funding and interest are no part of what is open: the sums of a link add up with them."""
    words = []
    for key in ("funding.every=8h", "funding.rate=0.0005", "borrow.every=1h",
                "borrow.base_rate=0.00001"):
        words += ["--set", f"environments.e_btc.simulation.{key}"]
    call(work, "backtest", "operation", "--results", "carried", *words)
    check_sums(work / "carried")
    for link in operation(work / "carried")["links"]:
        last = entries(work / "carried" / link["link"], "RUN_FINISHED")[0]["details"]
        paid = Decimal(last.get("funding", 0)) + Decimal(last.get("interest", 0))
        assert (paid != 0) == (link["link"] == "btc"), last
        assert Decimal(link["equity"]) == (
            Decimal(link["initial_capital"]) + Decimal(link["realized_pnl"]) - paid
            - Decimal(link["fees"]) + Decimal(link["unrealized_pnl"])), (link, last)


def tampered(work):
    """An operation.json that does not add up is found, with what it says and what it should."""
    report = operation(work / "one")
    expected = report["aggregate"][0]["cash"]
    cases = [
        (("aggregate", "cash", "12.5"), "aggregate of USD, cash: found 12.5, expected " + expected),
        (("aggregate", "open_positions", 9), "found 2 links with 9 open positions"),
        (("links", "equity", "1"), "link btc, equity: found 1, expected "),
        (("links", "run_id", "x"), "link btc, run_id: found x, expected "),
        (("links", "link", "gone"), "one_bad/gone"),
    ]
    for (part, name, value), message in cases:
        bad = work / "one_bad"
        shutil.copytree(work / "one", bad)
        changed = json.loads(json.dumps(report))
        changed[part][0][name] = value
        (bad / "operation.json").write_text(json.dumps(changed))
        has(call(work, "results", "check", "one_bad", expected=None if name == "link" else 4).err,
            message)
        shutil.rmtree(bad)
    (work / "torn").mkdir()
    (work / "torn/operation.json").write_text("{")
    has(call(work, "results", "show", "torn", expected=4).err, "torn/operation.json:1:")
    shutil.rmtree(work / "torn")


def shown(work):
    out = call(work, "results", "show", "one")
    has(out.out, "btc", "eth", "all links", "USD", "30,000.00")
    assert json.loads(call(work, "results", "show", "one", "--json").out) == \
        operation(work / "one")
    has(call(work, "results", "show", "one", "--link", "btc").out, "XBT/USD")
    has(call(work, "results", "list", ".").out, "one/btc", "one/eth", "one: 2 links, 30,000.00 to ")
    said = json.loads(call(work, "backtest", "operation", "--results", "said", "--json").out)
    assert said["operation"] == operation(work / "said") and len(said["runs"]) == 2
    # A folder that is no operation is shown as before.
    has(call(work, "results", "show", "alone").out, "XBT/USD")


def plugins(work):
    """The bundled plugins and one that fails when asked to."""
    root = work / "plugins"
    shutil.copytree(harness.BUILD / "plugins", root)
    build.build(root / "opportunity_workers/event_driven", "failing_detector",
                "failing_detector.c")
    return root


def failures(work):
    """A worker that fails in the middle of one link: the other's results are what they are without
    it, and the failed one leaves nothing but its line in operation.json."""
    root = plugins(work)
    for name, tick in (("fails", 700), ("holds", 0)):
        config = world.tree(work, world.TWO, name=name)
        (config / "platform.yaml").write_text(
            f"schema_version: 1\ncore: {{ plugins_root_path: {root} }}\n")
        harness.replace(config / "runs/btc.yaml", (
            "  planning_workers:", f"    - {{ plugin: failing_detector, params: {{ fails_at: {tick} }}"
                                   " }\n  planning_workers:"))
    for threads in (1, 2):
        done = call(work, "backtest", "operation", "-c", "fails", "--results", f"f{threads}",
                    "--threads", threads, expected=5)
        has(done.err, "link btc", "failing_detector", "700th tick")
        has(done.out, "failed: S1_E_PLUGIN", "END_OF_DATA")
    same_tree(work / "f1", work / "f2")
    call(work, "backtest", "operation", "-c", "holds", "--results", "h")
    assert sorted(p.name for p in (work / "f1").iterdir()) == ["aggregate.USD.parquet", "eth",
                                                               "operation.json"]
    harness.same(work / "f1/eth", work / "h/eth", ("result_trades.csv", "result_metrics.json",
                                                   "equity.parquet"))
    check_sums(work / "f1")
    broken = operation(work / "f1")["links"][0]
    assert broken["status"] == "failed" and broken["error"]["code"] == "S1_E_PLUGIN", broken
    assert Decimal(operation(work / "f1")["aggregate"][0]["initial_capital"]) == 20000
    # Where none completes nothing is left.
    done = call(work, "backtest", "operation", "-c", "fails", "--set",
                "environments.e_eth.simulation.from=2020-08-01", "--set",
                "environments.e_eth.simulation.to=2020-08-02", "--results", "none", expected=5)
    has(done.err, "link btc")
    assert not list(work.glob("none*"))


def data_failure(work):
    """Data that cannot be used is the failure of its link alone, too."""
    done = call(work, "backtest", "operation", "--set",
                "environments.e_eth.simulation.from=2020-08-01", "--set",
                "environments.e_eth.simulation.to=2020-08-02", "--results", "d", expected=4)
    has(done.err, "link eth", "no bars between")
    harness.same(work / "d/btc", work / "one/btc", ("result_trades.csv", "result_metrics.json",
                                                    "equity.parquet"))


def main():
    with harness.folder() as name:
        work = pathlib.Path(name)
        if not world.data(work):
            return
        two(work)
        carried(work)
        shown(work)
        tampered(work)
        failures(work)
        data_failure(work)
        assert not list(work.glob("*.partial")) and not list(work.glob("*.lock"))


if __name__ == "__main__":
    main()
