#!/usr/bin/env python3
"""enrich_range: a long warm-up made by it is the run bar by bar, to the byte; a plugin whose rows
differ, by rounding, by a row to come or by what it forgot, is refused with column, row and values:
by the run, by `lookahead` and by `plugins test`."""

import json
import pathlib
import shutil
import sys

import harness
from harness import call, has

sys.path.insert(0, str(pathlib.Path(__file__).parent / "plugins"))
import build  # noqa: E402

ENVIRONMENT = "environments.backtest_eurusd_1h.simulation"
LONG = ("--from", "2017-11-01", "--set", f"{ENVIRONMENT}.warmup_bars=1500")
# The demo without structure, whose worker has no enrich_range.
NO_STRUCTURE = (("    - { plugin: market_structure_detector }\n", ""),
                ("    - { plugin: fvg_detector, params: { min_gap_atr: 0.5,"
                 " require_structure_break: true } }\n", ""))
WRONG = ("rounds", "peeks", "forgets", "leaves_out")


def world(work, *plugins):
    work.mkdir()
    harness.demo(work)
    shutil.copytree(harness.BUILD / "plugins", work / "plugins")
    harness.replace(work / "config/platform.yaml",
                    ("plugins_root_path: plugins", f"plugins_root_path: {work}/plugins"))
    blueprint = work / "config/runs/demo.yaml"
    harness.replace(blueprint, *NO_STRUCTURE)
    for plugin in plugins:
        build.build(work / "plugins", plugin, f"{plugin}.c")
    return blueprint


def put(blueprint, text, item):
    blueprint.write_text(text)
    harness.replace(blueprint, ("  context_workers:\n", f"  context_workers:\n    - {item}\n"))


def calls(work, *options):
    """How often each context worker was called, by --profile."""
    out = call(work, "backtest", "demo", *options, "--profile", "--json").out
    return {w["worker"]: w["calls"] for w in json.loads(out)["workers"]}


def is_that_of_bar_by_bar(root):
    """With a worker among them that has no enrich_range, all rows are made bar by bar."""
    blueprint = world(root / "range", "ranged")
    work = root / "range"
    for item in ("rsi_calculator", "macd_calculator", "ranged"):
        put(blueprint, blueprint.read_text(), f"{{ plugin: {item} }}")
    by_range = calls(work, *LONG, "--results", "fast")
    call(work, "backtest", "--rerun", "fast", "--results", "again")
    harness.same(work / "fast", work / "again")
    shutil.rmtree(work / "plugins/ranged")
    build.build(work / "plugins", "ranged", "ranged.c", defines=["BAR_BY_BAR"])
    by_bar = calls(work, *LONG, "--results", "slow")
    run = json.loads((work / "slow/run.json").read_text())
    started = json.loads((work / "slow/journal.jsonl").read_text().splitlines()[0])
    bars = run["counts"]["ticks"] + started["details"]["warmup_bars"]
    for name in ("ema_detector", "atr_calculator", "rsi_calculator", "macd_calculator", "ranged"):
        assert by_bar[name] == bars, (name, by_bar, bars)
        assert by_range[name] < bars - 1000, (name, by_range, bars)
    harness.same(work / "fast", work / "slow")
    print(f"{bars} bars: the run is the same, with {by_range['ema_detector']} calls of each worker")


def run_refuses(work, blueprint, text):
    for mode in WRONG:
        put(blueprint, text, f"{{ plugin: ranged, id: it, params: {{ mode: {mode} }} }}")
        done = call(work, "backtest", "demo", *LONG, "--results", "no", expected=5)
        has(done.err, "plugin ranged (worker it): enrich_range differs from enrich: column mean, row",
            "found ", "expected ")
        assert not (work / "no").exists() and not (work / "no.partial").exists()
    put(blueprint, text, "{ plugin: ranged, id: it, params: { mode: fails } }")
    done = call(work, "backtest", "demo", *LONG, "--results", "no", expected=5)
    has(done.err, "plugin ranged (worker it): enrich_range(15, 16) failed: cannot do so many")
    # A short warm-up is made bar by bar: nothing is asked of it.
    call(work, "backtest", "demo", "--from", "2017-11-01", "--results", "short")


def lookahead_tells(work, blueprint, text):
    for mode in WRONG:
        put(blueprint, text, f"{{ plugin: ranged, id: it, params: {{ mode: {mode} }} }}")
        done = call(work, "lookahead", "demo", "--cuts", "3", "--json", expected=11)
        findings = json.loads(done.out)["links"][0]["findings"]
        assert [(f["check"], f["plugin"], f["field"]) for f in findings] == \
            [("range", "ranged", "mean")], findings
        assert findings[0]["cut"] is None and findings[0]["row"] >= 1, findings
    has(call(work, "lookahead", "demo", "--cuts", "3", expected=11).out,
        "differs by range: plugin ranged (it), column mean of EUR/USD@1h", "by enrich_range",
        "bar by bar")
    put(blueprint, text, "{ plugin: ranged, id: it }")
    link = json.loads(call(work, "lookahead", "demo", "--cuts", "3", "--json").out)["links"][0]
    assert link["findings"] == []


def test_refuses(root):
    for mode in ("right", *WRONG):
        manifest = (build.HERE / "ranged.yaml").read_text().replace("default: right",
                                                                    f"default: {mode}")
        folder = build.build(root / mode, "ranged", "ranged.c", manifest)
        done = call(root, "plugins", "test", folder, expected=0 if mode == "right" else 5)
        if mode != "right":
            has(done.out, "enrich_range differs from enrich: column mean, row ")


def main():
    if harness.sample() is None:
        return
    with harness.folder(is_checked=False) as name:
        root = pathlib.Path(name)
        is_that_of_bar_by_bar(root)
        blueprint = world(root / "wrong", "ranged")
        text = blueprint.read_text()
        for part in (run_refuses, lookahead_tells):
            part(root / "wrong", blueprint, text)
            print(f"{part.__name__}: holds")
        test_refuses(root)
        print("test_refuses: holds")


if __name__ == "__main__":
    main()
