#!/usr/bin/env python3
"""One binary, many behaviours: what a run does changes with the YAML alone, and what makes no sense
is refused with its reason."""

import json
import pathlib
import shutil
import sys

import harness
from harness import call, entries, has, same, trades

sys.path.insert(0, str(pathlib.Path(__file__).parent / "plugins"))
import build  # noqa: E402

DETECTORS = "  opportunity_workers:\n"
RESULT = ["result_trades.csv", "result_metrics.json", "equity.parquet"]


def run(work, name, *options, expected=0):
    return call(work, "backtest", "demo", "--results", name, *options, expected=expected)


def operator_pair(work):
    """Detectors that do not look at each other trade the same, isolated or in turn."""
    path = work / "config/operators.yaml"
    before = path.read_text()
    harness.replace(path, ("manages_worker_type: OpportunityWorker\n    execution_strategy: "
                           "PARALLEL", "manages_worker_type: OpportunityWorker\n    "
                           "execution_strategy: SEQUENTIAL"))
    run(work, "sequential")
    path.write_text(before)
    same(work / "base", work / "sequential", RESULT)
    blueprint = work / "config/runs/demo.yaml"
    text = blueprint.read_text()
    blueprint.write_text(text + "operator_overrides:\n"
                         "  OpportunityOperator: { execution_strategy: SEQUENTIAL }\n")
    run(work, "overridden")
    same(work / "sequential", work / "overridden", RESULT)
    has((work / "overridden/config/runs/demo.yaml").read_text(), "SEQUENTIAL")
    blueprint.write_text(text + "operator_overrides:\n"
                         "  OpportunityOperator: { aggregation_strategy: CHAIN_THROUGH }\n")
    refused = run(work, "no", expected=3)
    has(refused, "runs/demo.yaml:", "CHAIN_THROUGH", "every finding of every detector counts")
    blueprint.write_text(text)


def matrix_cell(work):
    path = work / "config/operators.yaml"
    before = path.read_text()
    harness.replace(path, ("execution_strategy: EVENT_DRIVEN", "execution_strategy: PARALLEL"))
    refused = run(work, "no", expected=3)
    has(refused, "operators.yaml:", "EVENT_DRIVEN and NONE", "PARALLEL")
    path.write_text(before)


def failing(work, fails_at=0, every=0, signals=1):
    """Puts the failing detector first among the demo's detectors."""
    return f"    - {{ plugin: failing_detector, params: {{ fails_at: {fails_at}, every: " \
           f"{every}, signals: {signals} }} }}\n"


def with_detector(work, line):
    harness.replace(work / "config/runs/demo.yaml", (DETECTORS, DETECTORS + line))


def failure_policy(work):
    """The same failure: under stop the end of the run, under skip a threat in the journal."""
    blueprint = work / "config/runs/demo.yaml"
    text = blueprint.read_text()
    with_detector(work, failing(work, fails_at=1000))
    stopped = run(work, "no", expected=5)
    has(stopped.err, "worker failing_detector failed in tick 1000: it fails at its 1000th tick")
    assert not (work / "no").exists() and not (work / "no.partial").exists()
    blueprint.write_text(blueprint.read_text() + "operator_overrides:\n"
                         "  OpportunityOperator: { on_worker_failure: skip }\n")
    run(work, "skipped", "--set", "workforce.threat_workers=[]")
    raised = [e for e in entries(work / "skipped", "THREAT_DETECTED")]
    assert len(raised) == 1, raised
    details = raised[0]["details"]
    assert details["category"] == "SYSTEM_HEALTH", details
    assert details["threat_type"] == "WORKER_FAILED" and details["key"] == "failing_detector"
    has(details["details"], "it fails at its 1000th tick")
    cleared = entries(work / "skipped", "THREAT_CLEARED")
    assert [e["threat_id"] for e in cleared] == [raised[0]["threat_id"]]
    assert len(entries(work / "skipped", "OPPORTUNITY_DETECTED")) > 100
    blueprint.write_text(text)


def limits(work):
    """A limit of platform.yaml ends the run by its name, under either policy."""
    blueprint = work / "config/runs/demo.yaml"
    text = blueprint.read_text()
    with_detector(work, failing(work, every=300, signals=9))
    for policy in ("stop", "skip"):
        blueprint.write_text(blueprint.read_text() + "operator_overrides:\n  OpportunityOperator:"
                             f" {{ on_worker_failure: {policy} }}\n")
        done = run(work, "no", "--set", "platform.limits.signals_per_tick_max=8", expected=1)
        has(done.err, "more than 8 signals in one tick (limits.signals_per_tick_max)", "tick 300",
            "failing_detector")
        blueprint.write_text(blueprint.read_text().split("operator_overrides")[0])
    many = ["--set", "platform.limits.open_trades_max=2", "--set",
            "operation.risk_policy.strategy_rules.demo.enabled=false", "--set",
            "workforce.planning_workers.entry_planning[1].params.max_open_positions=1000"]
    done = run(work, "no", *many, expected=1)
    has(done.err, "limits.open_trades_max")
    assert not (work / "no").exists() and not (work / "no.partial").exists()
    blueprint.write_text(text)


def fill_rule(work):
    """Market orders at the next open, or at the close they were decided on."""
    run(work, "close", "--set", "environments.backtest_eurusd_1h.simulation.fill_rule=same_close")
    rows, base = trades(work / "close"), trades(work / "base")
    assert len(rows) > 50 and rows != base
    fills = {e["trade_id"]: e for e in entries(work / "close", "TRADE_OPENED")}
    plans = {e["trade_id"]: e for e in entries(work / "close", "PLAN_CREATED")}
    assert all(fills[r["trade_id"]]["time"] == plans[r["trade_id"]]["time"] for r in rows)
    plans = {e["trade_id"]: e for e in entries(work / "base", "PLAN_CREATED")}
    later = entries(work / "base", "TRADE_OPENED")
    assert all(e["time"] >= plans[e["trade_id"]]["time"] for e in later)
    assert any(e["details"] != fills.get(e["trade_id"], e)["details"] for e in later) or \
        {e["trade_id"] for e in later} != set(fills)


def journal_level(work):
    """What is written down changes nothing of what is done."""
    for level in ("trades", "off"):
        run(work, level, "--set", f"platform.journal.level={level}")
        same(work / "base", work / level, RESULT)
    kinds = {e["type"] for e in entries(work / "trades")}
    assert "TRADE_CLOSED" in kinds and "OPPORTUNITY_DETECTED" not in kinds, kinds
    assert not (work / "off/journal.jsonl").exists()
    run(work, "option", "--journal", "trades")
    same(work / "trades", work / "option", RESULT)


def wiring(work):
    """Planning joins signals and threats: without the threats' wiring it could never run."""
    path = work / "config/wiring_map.yaml"
    before = path.read_text()
    first = before.index("  - adapter_id: ThreatPipelineAdapter")
    last = before.index("  # Exits and position management")
    path.write_text(before[:first] + before[last:])
    has(run(work, "no", expected=3), "ThreatsDetected", "wiring_map.yaml:",
        "an event somebody publishes")
    faults = json.loads(call(work, "validate", "demo", "--json", expected=3).out)["faults"]
    assert {f["class"] for f in faults} == {"EventChainError"}, faults
    path.write_text(before.replace("publishes_result_as: ThreatsDetected",
                                   "publishes_result_as: ThreatsDetectd"))
    has(run(work, "no", expected=3), "ThreatsDetectd", "an event of event_map.yaml")
    path.write_text(before)


def overrides(work):
    """--set changes one value, stands in the resolved configuration, and knows its paths."""
    run(work, "set", "--set", "workforce.context_workers[0].params.periods=[10,50]", "--set",
        "workforce.opportunity_workers[0].params.fast=10")
    assert trades(work / "set") != trades(work / "base")
    call(work, "backtest", "--rerun", "set", "--results", "rerun")
    same(work / "set", work / "rerun")
    wrong = run(work, "no", "--set",
                "environments.backtest_eurusd_1h.simulation.fillrule=same_close", expected=3)
    has(wrong, "fillrule", "fill_rule")


def main():
    with harness.folder() as name:
        work = pathlib.Path(name)
        if not harness.demo(work):
            return
        shutil.copytree(harness.BUILD / "plugins", work / "plugins")
        build.build(work / "plugins", "failing_detector", "failing_detector.c")
        harness.replace(work / "config/platform.yaml",
                        ("plugins_root_path: plugins", f"plugins_root_path: {work}/plugins"))
        run(work, "base")
        for part in (operator_pair, matrix_cell, failure_policy, limits, fill_rule,
                     journal_level, wiring, overrides):
            part(work)
            print(f"{part.__name__}: holds")


if __name__ == "__main__":
    main()
