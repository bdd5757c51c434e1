#!/usr/bin/env python3
"""Data that is not bars, through the program: it is shown from the moment it was known and no
sooner, faults name their line, and a run knows its feed files as it knows its archives."""

import json
import shutil

import harness
from harness import call, entries, has, same

FEEDS = "feeds:\n  wire: { path: config/feeds/wire.csv }\n"
WORKER = "    - { plugin: news_signal_generator, params: { emit: every }, feeds: { news: wire } }\n"
HEAD = "time,published_at,pair,score,headline\n"
# The bars of the sample begin at 2017-04-19T09:00; each is one hour, weekends apart.
ROWS = ["2017-05-03T10:10:00Z,,EUR,0.9,Made up: good",
        "2017-05-04T10:10:00Z,2017-05-05T11:20:00Z,USD,0.8,\"Made up: known, a day later\"",
        "2017-05-09T12:00:00Z,,EUR,-0.7,Made up: bad"]


def wire(work, rows):
    (work / "config/feeds").mkdir(exist_ok=True)
    (work / "config/feeds/wire.csv").write_text(HEAD + "\n".join(rows) + "\n")


def world(work):
    if not harness.demo(work):
        return False
    blueprint = work / "config/runs/demo.yaml"
    harness.replace(blueprint, ("  opportunity_workers:\n", "  opportunity_workers:\n" + WORKER))
    blueprint.write_text(blueprint.read_text() + FEEDS)
    wire(work, ROWS)
    return True


def run(work, name, *options, expected=0):
    return call(work, "backtest", "demo", "--results", name, *options, expected=expected)


def news(results):
    return [(e["time"][:16], e["details"]["direction"]) for e in
            entries(results, "OPPORTUNITY_DETECTED") if e.get("worker") == "news_signal_generator"]


def shown_when_known(work):
    """A row comes with the first bar that closes at or after the moment it was published."""
    run(work, "r")
    found = news(work / "r")
    assert found == [("2017-05-03T11:00", "long"), ("2017-05-05T12:00", "short"),
                     ("2017-05-09T12:00", "short")], found
    run(work, "again")
    same(work / "r", work / "again")
    assert (work / "r/run.json").read_bytes() == (work / "again/run.json").read_bytes()


def later_rows_change_nothing(work):
    """Other rows from a moment on: the journal up to it is the same but for the first line."""
    shutil.copytree(work / "config", work / "kept")
    wire(work, [ROWS[0], ROWS[1].replace("0.8", "-0.8"), "2017-05-08T08:00:00Z,,EUR,1,", ROWS[2]])
    run(work, "other")
    whole, other = (entries(work / name)[1:] for name in ("r", "other"))
    before = "2017-05-05T12:00:00"
    first = [[{k: v for k, v in e.items() if k != "crc"} for e in side if e["time"] < before]
             for side in (whole, other)]
    assert len(first[0]) > 5 and first[0] == first[1]
    assert [e for e in news(work / "other") if e[0] >= before[:16]] == \
        [("2017-05-05T12:00", "long"), ("2017-05-08T08:00", "long"), ("2017-05-09T12:00", "short")]


def inputs_are_recorded(work):
    """run.json names the file's hash; a repetition with another file is refused, with the same it
    is the same; the archive's hash alone is not the data's any more."""
    facts = json.loads((work / "r/run.json").read_text())
    other = json.loads((work / "other/run.json").read_text())
    assert [(f["id"], f["rows"]) for f in facts["feeds"]] == [("wire", 3)], facts["feeds"]
    assert facts["feeds"][0]["sha256"] != other["feeds"][0]["sha256"]
    assert facts["data_hash"] != other["data_hash"]
    assert facts["config_hash"] == other["config_hash"]
    refused = call(work, "explain", "r", "--funnel", expected=4)
    has(refused.err, "feed wire is another file now")
    refused = call(work, "replay", "r", "--execute", expected=None)
    assert refused.code != 0, refused
    has(refused, "data")
    wire(work, ROWS)
    has(call(work, "replay", "r", "--execute").out)
    has(call(work, "explain", "r", "--funnel").out, "news_signal_generator", "news_of_the_pair")
    call(work, "backtest", "--rerun", "r", "--results", "rerun")
    same(work / "r", work / "rerun")
    (work / "config/feeds/wire.csv").unlink()
    gone = call(work, "explain", "r", "--funnel", expected=None)
    assert gone.code != 0
    wire(work, ROWS)


def faults_name_their_line(work):
    """Every fault of a file at once; a worker without its feed; a feed nobody reads."""
    wire(work, ["soon,,EUR,0.9,", ROWS[0], "2017-05-03T10:10:00Z,,EUR,high,"])
    refused = call(work, "validate", "demo", expected=None)
    assert refused.code != 0
    has(refused, "config/feeds/wire.csv:2:1: error: time: found 'soon', expected a UTC time",
        "config/feeds/wire.csv:4:27: error: score: found 'high', expected a number like -1.5")
    has(run(work, "no", expected=None), "wire.csv:2:1")
    assert not (work / "no").exists()
    wire(work, ROWS)
    blueprint = work / "config/runs/demo.yaml"
    text = blueprint.read_text()
    for old, new, words in (
            ("news: wire }", "news: wires }", ["a feed of the blueprint's feeds", "did you mean 'wire'"]),
            ("feeds: { news: wire } }", "}", ["news: an id of the blueprint's feeds"]),
            ("{ news: wire }", "{ new: wire }", ["an unknown feed of news_signal_generator",
                                                "did you mean 'news'"]),
            ("feeds/wire.csv", "feeds/wir.csv", ["a feed file that can be read", "wir.csv"]),
            ("{ emit: every }", "{ score_field: mood }", ["a column 'mood', which a worker reads"])):
        blueprint.write_text(text)
        harness.replace(blueprint, (old, new))
        refused = call(work, "validate", "demo", expected=None)
        assert refused.code != 0, (old, refused)
        has(refused, *words)
    blueprint.write_text(text + "  calendar: { path: config/feeds/none.csv }\n")
    has(call(work, "validate", "demo"), "warning", "a feed no worker reads")
    blueprint.write_text(text)


def show(work):
    """`plugins show` says what a plugin reads beside columns."""
    has(call(work, "plugins", "show", "economic_calendar_monitor").out, "feeds",
        "calendar (importance, currency, title)")
    has(call(work, "plugins", "show", "ml_prediction").out, "models        model")
    shown = json.loads(call(work, "plugins", "show", "emergency_exit_on_news", "--json").out)
    assert shown["feeds"] == "news, optional ({score_field}, pair, headline)", shown


def example(work):
    """config/runs/news_fade.yaml as it stands: nothing is opened in a blackout, both exits act."""
    call(work, "backtest", "news_fade", "--results", "fade")
    reasons = {t["closure_reason"] for t in harness.trades(work / "fade")}
    assert {"NEWS", "THREAT", "STOP_LOSS", "TAKE_PROFIT"} <= reasons, reasons
    active = False
    for entry in entries(work / "fade"):
        if entry["type"] in ("THREAT_DETECTED", "THREAT_CLEARED") and \
                entry.get("worker") == "economic_calendar_monitor":
            active = entry["type"] == "THREAT_DETECTED"
        assert not (active and entry["type"] == "OPPORTUNITY_APPROVED"), entry
    facts = json.loads((work / "fade/run.json").read_text())
    assert [(f["id"], f["rows"]) for f in facts["feeds"]] == \
        [("wire", 123), ("macro", 41), ("book", 60)], facts["feeds"]


def main():
    with harness.folder() as name:
        work = harness.pathlib.Path(name)
        if not world(work):
            return
        shown_when_known(work)
        later_rows_change_nothing(work)
        inputs_are_recorded(work)
        faults_name_their_line(work)
        show(work)
        example(work)


if __name__ == "__main__":
    main()
