#!/usr/bin/env python3
"""What a run writes beside its decisions: the log by profile and in two languages, the record of the
context, and the keys of every text."""

import json
import pathlib
import re

import harness
from harness import call, has

IDS = ("opportunity_id", "trade_id", "threat_id", "order_id")
DECISIONS = {"MATCH", "FILTER", "POLICY", "TRADE", "DEBUG"}
KEY = re.compile(r'"((?:check|compare|convention|decision|error|exit|explain|log|replay|report|rule|run|verify|'
                 r'worker)\.[a-z_]*[a-z])"')
STATISTICS = harness.SOURCE / "backend/analysis/statistics.h"
FILE = re.compile(r"\.(json|c|html|css|js)$")  # looks like a key, names a file


def run(work, name, *sets, expected=0):
    pairs = [word for text in sets for word in ("--set", text)]
    return call(work, "backtest", "demo", "--results", work / name, *pairs, expected=expected)


def log(results):
    return [json.loads(line) for line in (results / "run.log.json").read_text().splitlines()]


def check_default(work):
    """The default says how the program ran, and nothing per bar or decision."""
    run(work, "plain")
    lines = log(work / "plain")
    assert [line["event"] for line in lines] == ["run.started", "run.bootstrapped",
                                                 "run.context_recorded", "run.finished"], lines
    of_run = json.loads((work / "plain/run.json").read_text())
    for line in lines:
        assert line["run_id"] == of_run["run_id"] and line["strategy_link_id"] == "demo"
        assert line["text"] and "{" not in line["text"], line
    counts = of_run["counts"]
    recorded = counts["opportunities"] + len(harness.entries(work / "plain", "PLAN_CREATED"))
    assert lines[2]["records"] == recorded, lines[2]


def check_analysis(work):
    """Every decision is a line with the ids of its entry; the run itself is the same."""
    run(work, "analysis", "platform.core.logging.profile=analysis")
    lines = {line["seq"]: line for line in log(work / "analysis") if "seq" in line}
    entries = [e for e in harness.entries(work / "analysis")
               if e["type"] not in ("RUN_STARTED", "RUN_FINISHED")]
    assert len(lines) == len(entries) > 1000
    for entry in entries:
        line = lines[entry["seq"]]
        assert line["event"] == "decision." + entry["type"].lower()
        assert line["level"] in DECISIONS and line["time"] == entry["time"]
        assert all(line.get(name) == entry.get(name) for name in IDS), (entry, line)
        assert "{" not in line["text"], line
    levels = {line["level"] for line in lines.values()}
    assert {"MATCH", "FILTER", "POLICY", "TRADE"} <= levels, levels
    for name in ("result_trades.csv", "result_metrics.json", "equity.parquet", "context.parquet"):
        harness.same(work / "plain", work / "analysis", [name])


def check_own_profile(work):
    """A profile of one's own; what a rerun needs is there all the same."""
    path = work / "config/platform.yaml"
    text = path.read_text()
    harness.replace(path, ("profile: developer", "profile: trades, profiles: { trades: [TRADE] }"))
    run(work, "own")
    assert {line["level"] for line in log(work / "own")} == {"TRADE", "RESULT"}
    call(work, "backtest", "--rerun", work / "own", "--results", work / "again")
    harness.same(work / "own", work / "again", ["journal.jsonl", "context.parquet", "run.json"])
    path.write_text(text)


def check_dutch(work):
    done = run(work, "nl", "platform.core.language=nl", "platform.core.logging.console=true")
    texts = {line["event"]: line["text"] for line in log(work / "nl")}
    has(texts["run.started"], "Run van demo op EUR/USD 1h")
    has(texts["run.finished"], "Run voltooid: 5000 bars")
    has(done.err, "SETUP    Run van demo op EUR/USD 1h", "RESULT   Run voltooid")
    has(done.out, "Periode", "Kapitaal", "Rendement", "Nettowinst", "Kansen", "Dreigingen")
    assert "Period " not in done.out and "Capital" not in done.out
    shown = call(work, "results", "show", work / "nl").out
    has(shown, "Periode", "Geweigerd")
    harness.replace(work / "config/platform.yaml", ("language: en", "language: nl"))
    fault = run(work, "nl", expected=6)
    has(fault.err, "fout: ")
    verbose = call(work, "backtest", "demo", "--results", work / "nl", "-v", expected=6)
    has(verbose.err, "S1_E_EXISTS (bestaat al)", "afsluitcode 6: een bestand kon niet")
    harness.replace(work / "config/platform.yaml", ("language: nl", "language: en"))
    has(run(work, "nl", expected=6).err, "error: ")


def check_recording(work):
    run(work, "off", "recording.context=false")
    assert not (work / "off/context.parquet").exists()
    harness.same(work / "plain", work / "off", ["result_trades.csv", "equity.parquet"])
    # A record of 13 columns has 160 bytes: 1 MiB holds 6,553 of them.
    harness.minute_bars(work / "bars.csv", 60_000)
    harness.import_bars(work, work / "bars.csv", timeframe="1m", profile="w1")
    for name in ("runs/demo.yaml", "data_sources.yaml"):
        harness.replace(work / "config" / name, ("timeframe: 1h", "timeframe: 1m"))
    full = run(work, "full", "platform.limits.context_record_mib=1",
               "workforce.opportunity_workers[1].params.min_gap_atr=0.01", expected=1)
    has(full.err, "more than 6553 decisions of 13 columns", "limits.context_record_mib")
    assert not (work / "full").exists()
    wiring = work / "config/wiring_map.yaml"
    wiring.write_text(re.sub(r"  - adapter_id: (Signal|Plan)RecordAdapter\n.*\n.*\n", "",
                             wiring.read_text()))
    refused = run(work, "unwired", expected=3)
    has(refused.err, "recording.context is true, but no wiring")


def check_keys():
    """Every key in the code has its texts, and no text is left that nothing says."""
    keys = {line.split(":")[0] for line in (harness.SOURCE / "locales/en.yaml").read_text()
            .splitlines() if line and line[0] != "#"}
    used = set()
    for root in ("backend", "services", "frontends"):
        for path in pathlib.Path(harness.SOURCE / root).rglob("*.[ch]"):
            used |= {key for key in KEY.findall(path.read_text()) if not FILE.search(key)}
    assert len(used) > 50 and used <= keys, used - keys
    by_table = re.compile(r"decision\.|diagnosis\.|html\.|error\.|exit\.|report\.(stage|sampling)_|rule\.|"
                          r"explain\.(event|name)_|replay\.(note|status)_|"
                          r"metric_group\.|convention\.(sample|sampling)_")
    used |= {f"metric.{name}" for name in
             re.findall(r"X\((?:double|int64_t|uint64_t|s1_\w+), (\w+),", STATISTICS.read_text())}
    unused = {key for key in keys - used if not by_table.match(key)}
    assert not unused, unused


def main():
    check_keys()
    with harness.folder() as name:
        work = pathlib.Path(name)
        if not harness.demo(work):
            return
        check_default(work)
        check_analysis(work)
        check_own_profile(work)
        check_dutch(work)
        check_recording(work)


if __name__ == "__main__":
    main()
