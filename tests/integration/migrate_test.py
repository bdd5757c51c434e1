#!/usr/bin/env python3
"""`migrate`: files of the forms before, made from the spec (SPEC 2.7, 2.9, A08, U36). Everything they
say is in the report; what has no place is in the new file as a comment; the new file is today's."""

import json
import os
import pathlib
import re
import shutil
import tempfile

import harness
from harness import call, has

FIXTURES = harness.SOURCE / "tests/integration/migrate"


def migrate(work, *files, expected=3, output="out"):
    done = call(work, "migrate", *files, "--output", output, "--json", expected=expected)
    report = json.loads(done.out)
    assert report["complete"] == (expected == 0)
    return {pathlib.Path(f["from"]).name: f for f in report["files"]}


def destinations(file):
    return {e["from"]: e["to"] for e in file["entries"] if e["what"] == "mapped"}


def scalars(path):
    """(line, key or value) of every line of a fixture that says something by itself."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.strip() and not line.strip().startswith("#") and not line.rstrip().endswith(":"):
            yield number


def nothing_is_dropped(name, file):
    """Every line that says something has an entry, or stands below a line that has one."""
    told = sorted(e["line"] for e in file["entries"] if e["what"] in ("mapped", "left out"))
    text = (FIXTURES / name).read_text().splitlines()
    for number in scalars(FIXTURES / name):
        if number in told:
            continue
        depth = len(text[number - 1]) - len(text[number - 1].lstrip())
        above = max(line for line in told if line < number)
        assert len(text[above - 1]) - len(text[above - 1].lstrip()) < depth, (name, number)


def portfolio(work):
    file = migrate(work, FIXTURES / "portfolio.yaml")["portfolio.yaml"]
    to = destinations(file)
    assert to["strategies[0].strategy_blueprint_path"] == "strategy_links[0].strategy_blueprint_id"
    assert to["strategies[1].strategy"] == "strategy_links[1].strategy_blueprint_id"
    rule = "risk_policy.strategy_rules.mss_fvg_strategy"
    for key in ("capital_allocation.percentage", "capital_allocation.max_quote_amount",
                "max_drawdown_pct", "max_position_size_pct", "enabled"):
        assert to[f"{rule}.{key}"] == f"{rule}.{key}"
    for key in ("portfolio_rules.max_total_drawdown_pct", "portfolio_rules.max_correlated_positions",
                "portfolio_rules.max_position_size_pct_per_strategy",
                "event_responses.MAX_DRAWDOWN_BREACHED.block_new_signals_min",
                "event_responses.MAX_DRAWDOWN_BREACHED.close_all_portfolio_positions"):
        assert to[f"risk_policy.{key}"] == f"risk_policy.{key}"
    left = {e["from"]: e for e in file["entries"] if e["what"] == "left out"}
    assert {name: entry["line"] for name, entry in left.items()} == {
        "strategies[1].notes": 8, "max_drawdown_pct": 9}
    assert [e for e in file["entries"] if e["what"] == "fault"] == [], file
    nothing_is_dropped("portfolio.yaml", file)
    text = (work / "out/operation.yaml").read_text()
    has(text, "strategy_blueprint_id: mss_fvg_strategy", "execution_environment_id: backtest_btc_eur",
        "# Left out", "watch the spread", "max_quote_amount: 25000.0")
    for entry in left.values():
        has(text, f"#   {entry['line']}: {entry['from']}: {entry['why']}")
    (work / "first.yaml").write_text("display_name: First\nmax_drawdown_pct: 30.0\nstrategies:\n"
                                     "  - { strategy: demo, execution_environment_id: e }\n")
    to = destinations(migrate(work, "first.yaml", output="first", expected=0)["first.yaml"])
    assert to["max_drawdown_pct"] == "risk_policy.portfolio_rules.max_total_drawdown_pct"
    for key in ("max_total_drawdown_pct", "max_correlated_positions", "block_new_signals_min"):
        has(text, key)


def taskboard(work):
    file = migrate(work, FIXTURES / "mss_fvg_strategy.yaml")["mss_fvg_strategy.yaml"]
    to = destinations(file)
    expected = {
        "taskboard.regime_filter[0]": "context_workers[0]",
        "taskboard.structural_context[1]": "context_workers[2]",
        "taskboard.signal_generator[0]": "opportunity_workers[0]",
        "taskboard.signal_refiner[0]": "opportunity_workers[1]",
        "taskboard.entry_planner[0]": "planning_workers.entry_planning[0]",
        "taskboard.exit_planner[1]": "planning_workers.exit_planning[1]",
        "taskboard.size_planner[0]": "planning_workers.size_planning[0]",
        "taskboard.order_router[0]": "planning_workers.order_routing[0]",
        "taskboard.critical_event_detector[0]": "threat_workers[0]",
        "workforce.ema_detector.params": "context_workers[2].params",
        "workforce.fvg_detector": "opportunity_workers[0].params",
    }
    for old, new in expected.items():
        assert to[old] == f"workforce.{new}", (old, to[old])
    assert to["data.trading_pair"] == "data[0].asset_pair"
    left = {e["from"]: e["why"] for e in file["entries"] if e["what"] == "left out"}
    assert set(left) == {"data.warmup_bars", "taskboard.portfolio_overlay",
                         "workforce.abandoned_filter"}, left
    assert {e["to"] for e in file["entries"] if e["what"] == "added"} == {
        "version", "workforce.execution_workers.trade_initiation[0]"}
    nothing_is_dropped("mss_fvg_strategy.yaml", file)


def four_categories(work):
    file = migrate(work, FIXTURES / "four_categories.yaml")["four_categories.yaml"]
    to = destinations(file)
    old = "workforce.analysis_workers"
    for index, place in ((0, "opportunity_workers[0]"), (2, "planning_workers.exit_planning[0]"),
                         (3, "planning_workers.size_planning[0]"),
                         (4, "planning_workers.order_routing[0]"), (5, "opportunity_workers[1]")):
        assert to[f"{old}[{index}].plugin"] == f"workforce.{place}", index
    assert to[f"{old}[1].plugin_name"] == "workforce.planning_workers.entry_planning[0]"
    assert to["workforce.monitor_workers[0]"] == "workforce.threat_workers[0]"
    faults = [e for e in file["entries"] if e["what"] == "fault"]
    assert len(faults) == 1 and "home_made_idea" in faults[0]["why"], faults
    assert [e["from"] for e in file["entries"] if e["what"] == "left out"] == [f"{old}[4].weight"]
    nothing_is_dropped("four_categories.yaml", file)


def what_is_written_runs(work):
    """Without what has no place, the new blueprint is valid in a whole tree, and nothing is left."""
    text = (FIXTURES / "four_categories.yaml").read_text()
    text = text.replace(", weight: 3", "").replace("    - { plugin: home_made_idea }\n", "")
    (work / "mine.yaml").write_text(text)
    (work / "portfolio.yaml").write_text(
        "display_name: Desk\nstrategies:\n  - strategy_blueprint_path: runs/mine.yaml\n"
        "    execution_environment_id: backtest_eurusd_1h\n")
    call(work, "init", "config")
    (work / "config/operation.yaml").unlink()
    files = migrate(work, "mine.yaml", "portfolio.yaml", output="config", expected=0)
    for file in files.values():
        assert all(e["what"] in ("mapped", "added") for e in file["entries"])
    has(call(work, "validate", "mine").out, "OK")
    call(work, "migrate", "mine.yaml", "--output", "config", expected=6)  # it is there now
    done = call(work, "migrate", "mine.yaml", "--output", "config", "--json", expected=6)
    assert json.loads(done.err)["error"]["cause"] == "io"


def nothing_is_overwritten(work):
    both = [FIXTURES / "portfolio.yaml", FIXTURES / "mss_fvg_strategy.yaml"]
    (work / "there/runs").mkdir(parents=True)
    (work / "there/runs/mss_fvg_strategy.yaml").write_text("mine\n")
    has(call(work, "migrate", *both, "--output", "there", expected=6).err, "nothing was written")
    assert [p.name for p in (work / "there").rglob("*.yaml")] == ["mss_fvg_strategy.yaml"]
    assert (work / "there/runs/mss_fvg_strategy.yaml").read_text() == "mine\n"
    shutil.copy(both[0], work / "portfolio_blueprint.yaml")
    has(call(work, "migrate", both[0], "portfolio_blueprint.yaml", "--output", "two",
             expected=6).err, "would both be")
    assert not (work / "two").exists()
    has(call(work, "migrate", harness.SOURCE / "config/operation.yaml", "--output", "two",
             expected=3).err, "expected a portfolio")
    (work / "bad.yaml").write_text("strategies: [\n")
    call(work, "migrate", "bad.yaml", "--output", "two", expected=4)
    call(work, "migrate", "none.yaml", "--output", "two", expected=7)
    call(work, "migrate", expected=2)
    assert not (work / "two").exists()


def loading_them_names_the_command(work):
    """Where today's program meets an old file, it says what to do."""
    call(work, "init", "tree")
    for name in ("portfolio.yaml", "mss_fvg_strategy.yaml", "four_categories.yaml"):
        shutil.copy(FIXTURES / name, work / name)
        done = call(work, "validate", work / name, "--config", "tree", expected=3)
        has(done.err, "s1mpletrader migrate", name)
        assert re.search(rf"{name}:\d+:\d+: error", done.err), done.err
        has(done.err, "the configuration has 1 fault")  # one answer, not a hundred
    (work / "tree/operation.yaml").rename(work / "kept.yaml")
    shutil.copy(FIXTURES / "portfolio.yaml", work / "tree/portfolio.yaml")
    has(call(work, "validate", "--config", "tree", expected=3).err, "s1mpletrader migrate",
        "tree/portfolio.yaml:4")


ODD = ["strategies: x", "strategies:", "strategies: [[], {}, null, 1]", "strategies: {a: {b: 1}}",
       "strategies: [{strategy_blueprint_path: [1]}]\nrisk_policy: [1, 2]",
       "strategies: [a]\nrisk_policy: {strategy_rules: [1], portfolio_rules: {x: {y: [1]}}}",
       "strategies: [a]\nrisk_policy: {strategy_rules: {a: 1, b: {capital_allocation: 2}}}",
       "strategies: [{strategy: a, strategy: b}]", "strategies: [{id: {}, is_active: []}]",
       "taskboard: x", "taskboard:", "taskboard: {signal_generator: a}",
       "taskboard: {signal_generator: [{plugin: a}, {plugin: [1]}, [a], null, {}]}\ndata: 7",
       "taskboard: {signal_generator: [a, a, a], exit_planner: [a]}\nworkforce: {a: 1, b: [1]}",
       "taskboard: {signal_generator: [a]}\nworkforce: [1, 2]\ndata: []\nversion: [1]",
       "taskboard: {entry_planner: {x: {y: z}}}\ndata: {trading_pair: {a: 1}}\njournal: 4",
       "workforce: {analysis_workers: x}", "workforce: {analysis_workers:}\nname: [x]",
       "workforce: {analysis_workers: [null, 1, [x], {plugin: [y]}, {params: {}}, {name: n}]}",
       "workforce: {monitor_workers: {m: {params: 3}, n: null, o: {subtype: portfolio_risk}}}",
       "workforce: {monitor_workers: [{plugin: p, id: 1, id2: 2, event_config: [], params: [1]}]}",
       "workforce: {analysis_workers: {entry_planning: [], exit_planning: [{a: b}], q: []}}",
       "workforce: {analysis_workers: [a], execution_workers: {operational: [b], x: {y: 1}}}"]


def odd_files_are_answered(work):
    """Whatever stands in them: a new file with a report of every leaf, or a refusal; no crash."""
    for number, text in enumerate(ODD):
        (work / f"odd{number}.yaml").write_text(text + "\n")
        done = call(work, "migrate", f"odd{number}.yaml", "--output", f"out{number}", "--json",
                    expected=None)
        assert done.code in (0, 3, 4), (text, done)
        if done.out:
            entries = json.loads(done.out)["files"][0]["entries"]
            assert all(e["line"] <= 99 and (e["from"] or e["to"] or e["why"]) for e in entries)
            for path in (work / f"out{number}").rglob("*.yaml"):
                assert path.read_text().startswith("# Written by"), text


def the_page_is_right(work):
    """Every row of the tables of docs/migrate.md, as the program does it."""
    page = (harness.SOURCE / "docs/migrate.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| `([\w.]+)` \|$", page, re.M)
    phases = [(old, new) for old, new in rows if not old.endswith("_workers")]
    assert len(phases) == 9 and ("monitor_workers", "threat_workers") in rows, rows
    (work / "page.yaml").write_text(
        "taskboard:\n" + "".join(f"  {old}: [p{i}]\n" for i, (old, _) in enumerate(phases)))
    to = destinations(migrate(work, "page.yaml")["page.yaml"])
    for old, new in phases:
        assert re.fullmatch(rf"workforce\.{new}\[\d\]", to[f"taskboard.{old}[0]"]), (old, new)


def text_report(work):
    out = call(work, "migrate", FIXTURES / "mss_fvg_strategy.yaml", "--output", "text",
               expected=3).out
    has(out, "a taskboard of phases", "left out", "abandoned_filter", "3 left out, 0 faults")


def main():
    with tempfile.TemporaryDirectory(dir=os.environ.get("S1_TEST_TMP")) as folder:
        for test in (portfolio, taskboard, four_categories, what_is_written_runs,
                     nothing_is_overwritten, loading_them_names_the_command, text_report,
                     odd_files_are_answered, the_page_is_right):
            work = pathlib.Path(folder) / test.__name__
            work.mkdir()
            test(work)


if __name__ == "__main__":
    main()
