#!/usr/bin/env python3
"""backtest --ambiguity: the run's own folder is what it is without, the worst and the best resolution
of every ambiguous bar lie beside it, and what is reported is what the three folders hold."""

import json
import pathlib
import shutil

import harness
from harness import call, has

RULE = "environments.backtest_eurusd_1h.simulation."


def net(results):
    return float(harness.metrics(results)["metrics"]["net_profit"])


def told(results):
    """The trades whose exit a rule decided, and how."""
    fills = {e["trade_id"]: e["details"]["rule"] for e in harness.entries(results, "ORDER_FILLED")}
    return {trade: rule for trade, rule in fills.items()
            if rule.startswith(("AMBIGUOUS", "ENTRY_BAR"))}


def three(work):
    call(work, "backtest", "mean_reversion", "--results", "plain")
    done = call(work, "backtest", "mean_reversion", "--results", "r", "--ambiguity")
    harness.same(work / "plain", work / "r", (*harness.IDENTICAL, "run.json"))
    has(done.out, " own ", " worst ", " best ", "r-worst", "r-best")
    # stop_first, our default, is the worst of every bar.
    harness.same(work / "r", work / "r-worst", ("result_trades.csv", "result_metrics.json"))
    assert net(work / "r-worst") < net(work / "r-best"), "nothing was decided the other way"
    assert not any(rule.endswith("TARGET") for rule in told(work / "r-worst").values())
    assert any(rule == "ENTRY_BAR_TARGET" for rule in told(work / "r-best").values())
    rules = [json.loads((work / name / "run.json").read_text())["ambiguity_rule"]
             for name in ("r", "r-worst", "r-best")]
    assert rules == ["stop_first", "worst", "best"], rules


def on_the_page(work):
    """The report of the run shows the three side by side and the band of their equity; without the
    two folders, or with those of another run, it is the page of the run alone."""
    alone = call(work, "results", "report", "plain", "-o", "plain.html") and \
        (work / "plain.html").read_text()
    assert 'id="band"' not in alone
    call(work, "results", "report", "r")
    text = (work / "r/report.html").read_text()
    band = text[text.index('<section id="band">'):]
    band = band[:band.index("</section>")]
    assert text.replace(band + "</section>\n", "") == alone
    for name in ("r-worst", "r", "r-best"):
        values = harness.metrics(work / name)["metrics"]
        has(band, f"{values['total_return'] * 100:.2f} %", f"{values['sharpe']:.3f}",
            f"{float(values['net_profit']):,.2f}", f"{values['profit_factor']:.3f}")
    for kind in ("band", "worst", "best", "own"):
        assert band.count(f'<path class="{kind}"') == 1, kind
    call(work, "backtest", "mean_reversion", "--results", "q", "--ambiguity", "--report", "--set",
         "platform.core.language=nl")
    has((work / "q/report.html").read_text(), 'id="band"', "deze run", "slechtste")
    (work / "r-best").rename(work / "away")
    (work / "q-best").rename(work / "r-best")
    call(work, "results", "report", "r", "-o", "mixed.html")  # of the same run: the language is not
    assert 'id="band"' in (work / "mixed.html").read_text()
    shutil.copytree(work / "r-worst", work / "s-best")
    shutil.copytree(work / "r-worst", work / "s-worst")
    shutil.copytree(work / "r", work / "s")
    call(work, "results", "report", "s")
    assert 'id="band"' not in (work / "s/report.html").read_text(), "a worst run is no best one"
    run = json.loads((work / "r-best/run.json").read_text())
    (work / "r-best/run.json").write_text(json.dumps({**run, "data_hash": "other"}))
    call(work, "results", "report", "r")
    assert 'id="band"' not in (work / "r/report.html").read_text(), "other data"
    shutil.rmtree(work / "r-best")
    (work / "away").rename(work / "r-best")


def of_an_operation(work):
    """Each link of an operation has the band of its own."""
    harness.replace(work / "config/operation.yaml", (
        "    strategy_blueprint_id: mean_reversion\n    execution_environment_id: "
        "backtest_eurusd_1h\n    is_active: false\n",
        "    strategy_blueprint_id: mean_reversion\n    execution_environment_id: "
        "backtest_eurusd_1h\n"))
    call(work, "backtest", "operation", "--results", "o", "--ambiguity", "--report")
    for link in ("demo", "mean_reversion"):
        text = (work / "o" / link / "report.html").read_text()
        for side in ("o", "o-worst", "o-best"):
            profit = float(harness.metrics(work / side / link)["metrics"]["net_profit"])
            has(text[text.index('id="band"'):], f"{profit:,.2f}")


def between(work):
    """Another rule of the run's own, as JSON: the band is the same, and holds it."""
    out = json.loads(call(work, "backtest", "mean_reversion", "--results", "t", "--ambiguity",
                          "--json", "--set", RULE + "ambiguity=target_first").out)
    for side in ("worst", "best"):
        (run,) = out["ambiguity"][side]
        assert run["run"]["ambiguity_rule"] == side
        harness.same(work / f"r-{side}", work / f"t-{side}", ("result_trades.csv",))
    assert net(work / "t-worst") <= net(work / "t") <= net(work / "t-best")


def refusals(work):
    has(call(work, "backtest", "demo", "--results", "r", "--ambiguity", expected=6), "r-worst")
    call(work, "backtest", "--rerun", "plain", "--results", "x", "--ambiguity", expected=2)
    done = call(work, "backtest", "mean_reversion", "--results", "z", "--ambiguity", "--set",
                RULE + "fill_rule=zipline", expected=None)
    assert done.code != 0 and (work / "z/run.json").is_file(), done
    has(done.err, "at the close alone: no bar of it is ambiguous")


def main():
    with harness.folder() as name:
        work = pathlib.Path(name)
        if not harness.demo(work):
            return
        three(work)
        on_the_page(work)
        between(work)
        refusals(work)
        of_an_operation(work)


if __name__ == "__main__":
    main()
