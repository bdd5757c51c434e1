#!/usr/bin/env python3
"""Why, on the demo: the seeds' three questions, why nothing was found at a bar, where opportunities
are lost, and where two runs part."""

import csv
import datetime
import json
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from harness import call, demo, entries, folder, has, replace, sample, trades  # noqa: E402


def nodes(tree, kind=None):
    """Every node of an explanation, front to back."""
    if kind is None or tree["kind"] == kind:
        yield tree
    for child in tree.get("children", []):
        yield from nodes(child, kind)


def explain(work, *arguments, expected=0):
    return json.loads(call(work, "explain", *arguments, "--json", expected=expected).out)


def worker(tree, name):
    return next(n for n in nodes(tree, "worker") if n["details"]["worker"] == name)


def bars(work):
    """(close time, open, high, low, close) of the sample, from the archive's source."""
    with open(sample(), newline="") as file:
        rows = list(csv.reader(file))[1:]
    hour = datetime.timedelta(hours=1)
    return [(datetime.datetime.fromisoformat(r[0]) + hour, *map(float, r[1:5])) for r in rows]


# --- The seeds' three questions. -----------------------------------------------------------------

def why_was_it_opened(work):
    """From the trade to what was seen, compared, planned and checked."""
    trade = trades(work / "r")[0]
    tree = explain(work, "r", trade["trade_id"])
    assert tree["kind"] == "trade" and tree["id"] == trade["trade_id"], tree["text"]
    found = next(nodes(tree, "opportunity"))
    assert found["id"] == trade["opportunity_id"]
    kinds = [n["kind"] for n in found["children"]]
    assert "context" in kinds and "condition" in kinds, kinds
    held = [n["text"] for n in found["children"] if n["kind"] == "condition"]
    assert any(" held: " in text and "margin" in text for text in held), held
    plan = next(nodes(tree, "plan"))
    phases = [n["text"].split(" by ")[0] for n in plan["children"]]
    assert phases == ["entry_planning", "entry_planning", "exit_planning", "exit_planning",
                      "size_planning", "order_routing"], phases
    verdict = next(nodes(tree, "verdict"))
    assert verdict["text"].startswith("approved") and verdict["children"], verdict
    assert next(nodes(tree, "opened")) and next(nodes(tree, "closed"))
    text = call(work, "explain", "r", trade["trade_id"]).out
    has(text, "saw: ", "planned: ", "approved by the portfolio gate", "closed by ")


def which_threat_forced_it(work):
    """From an exit to the threat that forced it, and from the threat back."""
    forced = [t for t in trades(work / "r") if t["closure_reason"] == "THREAT"]
    assert forced
    for trade in forced:
        tree = explain(work, "r", trade["trade_id"])
        closed = next(nodes(tree, "closed"))
        assert "THREAT" in closed["text"], closed["text"]
        threat = next(n for n in nodes(closed, "threat"))
        assert threat["id"] == trade["threat_id"], (threat, trade)
        assert any(n["kind"] == "measured" for n in nodes(threat)), threat
        back = explain(work, "r", trade["threat_id"])
        assert trade["opportunity_id"] in json.dumps(back)


def what_was_refused_and_why(work):
    """Groups add up, level by level, to what the journal refused."""
    refused = entries(work / "r", "OPPORTUNITY_REJECTED")
    tree = explain(work, "r", "--rejected", "--examples", "1000")
    assert tree["count"] == len(refused)
    expected = {}
    for entry in refused:
        key = (entry["details"]["stage"], entry["details"]["rejection_reason"]["code"],
               "threat_id" in entry)
        expected[key] = expected.get(key, 0) + 1
    found = {}
    for stage in tree["children"]:
        assert stage["count"] == sum(n["count"] for n in stage["children"])
        for reason in stage["children"]:
            d = reason["details"]
            found[d["stage"], d["code"], d["threat_type"] is not None] = d["count"]
            assert abs(d["share"] - d["count"] / len(refused)) < 1e-12
            assert len(reason["children"]) == d["count"]
    assert found == expected, (found, expected)
    has(call(work, "explain", "r", "--rejected").out, "because of VOLATILITY_SPIKE", " %)")


# --- One bar. ------------------------------------------------------------------------------------

def why_not(work):
    """Each bar without a signal tells what missed, and by as much as the data say."""
    closes = bars(work)
    found = {e["time"][:16] for e in entries(work / "r", "OPPORTUNITY_DETECTED")}
    silent = [i for i, b in enumerate(closes)
              if i > 300 and b[0].isoformat()[:16] not in found][:400:80]
    assert len(silent) == 5
    for i in silent:
        at = closes[i][0].isoformat()
        tree = explain(work, "r", "--why-not", "--at", at)
        assert tree["time"][:16] == at[:16] and tree["details"]["opportunities"] == 0
        assert [tree["details"][k] for k in ("open", "high", "low", "close")] == list(closes[i][1:])
        assert not list(nodes(tree, "undeclared")), "a bundled plugin declares what it tests"
        failed = [n["details"] for n in nodes(worker(tree, "fvg_detector"), "condition")
                  if n["details"]["reached"] and not n["details"]["held"]]
        assert failed, tree
        up = next(d for d in failed if d["name"] == "gap_up")
        assert (up["value"], up["threshold"]) == (closes[i][3], closes[i - 2][2]), up
        assert up["missed_by"] == up["threshold"] - up["value"] >= 0
        assert abs(up["missed_share"] - up["missed_by"] / up["threshold"]) < 1e-15
        unreached = next(n for n in nodes(worker(tree, "fvg_detector"), "condition")
                         if n["details"]["name"] == "long_gap_size")
        assert unreached["details"]["reached"] is False
    text = call(work, "explain", "r", "--why-not", "--at", closes[silent[0]][0].isoformat(),
                env={"COLUMNS": "100"}).out
    has(text, "found no opportunity", "did not hold", "missed by", "not reached", "on the map: ")
    assert max(map(len, text.splitlines())) <= 100


def why_not_a_found_one(work):
    """A bar with an opportunity: it points to it and to its verdict."""
    for kind in ("OPPORTUNITY_APPROVED", "OPPORTUNITY_REJECTED"):
        entry = entries(work / "r", kind)[3]
        tree = explain(work, "r", "--why-not", "--at", entry["time"])
        mine = next(n for n in nodes(tree, "opportunity") if n["id"] == entry["opportunity_id"])
        verdict = next(nodes(mine, "verdict"))
        assert verdict["seq"] == entry["seq"], verdict
    # What stood in the ledger and what threatened are those of the journal.
    long_ones = [t for t in trades(work / "r")
                 if t["exit_time"][:13] > t["entry_time"][:11] + "99"]
    trade = long_ones[0]
    inside = datetime.datetime.fromisoformat(trade["entry_time"][:13] + ":00") + \
        datetime.timedelta(hours=1)
    tree = explain(work, "r", "--why-not", "--at", inside.isoformat())
    assert any(n.get("id") == trade["trade_id"] for n in nodes(tree, "position"))
    raised = entries(work / "r", "THREAT_DETECTED")[2]
    tree = explain(work, "r", "--why-not", "--at", raised["time"])
    assert any(n["id"] == raised["threat_id"] for n in nodes(tree, "active_threat"))


def bars_that_are_none(work):
    tree = explain(work, "r", "--why-not", "--at", "2017-06-03T13:00Z")
    assert tree["time"].startswith("2017-06-02T21:00") and len(list(nodes(tree, "gap"))) == 1
    has(next(nodes(tree, "gap"))["text"], "the next at 2017-06-04 22:00")
    tree = explain(work, "r", "--why-not", "--at", "2017-06-01T13:20Z")
    assert tree["time"].startswith("2017-06-01T13:00") and len(list(nodes(tree, "inside"))) == 1
    tree = explain(work, "r", "--why-not", "--at", "2017-04-19T12:00Z")
    has(json.dumps(tree), "was not asked: its inputs have 3 of the 50 rows it needs")
    for at, words, code in (("2016-01-01", "before the first bar of the run", 7),
                            ("2031-01-01", "after the last bar of the run", 7),
                            ("yesterday", "yesterday", 2)):
        has(call(work, "explain", "r", "--why-not", "--at", at, expected=code).err, words)
    for arguments in (["--why-not"], ["--at", "2017-06-01"], ["--funnel", "--rejected"]):
        call(work, "explain", "r", *arguments, expected=2)


# --- The funnel. ---------------------------------------------------------------------------------

def funnel(work):
    """Counts that the journal and the data can check."""
    tree = explain(work, "r", "--funnel", "--examples", "5")
    detected = entries(work / "r", "OPPORTUNITY_DETECTED")
    whose = {e["opportunity_id"]: e["worker"] for e in detected}
    closes = bars(work)
    assert tree["details"]["bars"] == len(closes)
    for name in ("ema_crossover", "fvg_detector"):
        node = worker(tree, name)
        assert node["details"]["opportunities"] == list(whose.values()).count(name)
        refused = sum(n["count"] for n in nodes(node, "refused"))
        approved = next(nodes(node, "approved")).get("count", 0)
        assert refused + approved == node["details"]["opportunities"]
        closed = next(nodes(node, "closed"))["details"]
        mine = [t for t in trades(work / "r") if whose[t["opportunity_id"]] == name]
        assert closed["closed"] == len(mine)
        assert abs(closed["pnl"] - sum(float(t["pnl"]) for t in mine)) < 1e-6
        assert closed["won"] == sum(float(t["pnl"]) > 0 for t in mine)
        steps = list(nodes(node, "condition"))
        for step in steps:
            assert step["details"]["held"] <= step["details"]["reached"] <= \
                node["details"]["bars_asked"]
            shares = [m["details"]["missed_share"] for m in nodes(step, "miss")]
            if None not in shares:
                assert shares == sorted(shares) and len(shares) <= 5
    steps = {n["details"]["condition"]: n for n in nodes(worker(tree, "fvg_detector"), "condition")}
    gaps = [i for i in range(2, len(closes)) if closes[i][3] > closes[i - 2][2]]
    up = steps["gap_up"]["details"]
    assert up["held"] == sum(i >= len(closes) - up["reached"] for i in gaps), up
    assert steps["long_gap_size"]["details"]["reached"] == up["held"]
    missed = [(closes[i - 2][2] - closes[i][3]) / closes[i - 2][2]
              for i in range(len(closes) - up["reached"], len(closes))
              if closes[i][3] <= closes[i - 2][2]]
    closest = next(nodes(steps["gap_up"], "miss"))["details"]
    assert abs(closest["missed_share"] - min(missed)) < 1e-9, (closest, min(missed))
    has(call(work, "explain", "r", "--funnel").out, "reached", "held", "closest: ", "approved")


def without_a_journal(work):
    call(work, "backtest", "demo", "--results", "off", "--journal", "off")
    tree = explain(work, "off", "--funnel")
    assert len(list(nodes(tree, "unknown"))) == 2
    full = explain(work, "r", "--funnel")
    assert worker(tree, "fvg_detector")["details"] == worker(full, "fvg_detector")["details"]
    assert explain(work, "off", "--why-not", "--at", "2017-06-01")["details"] == \
        explain(work, "r", "--why-not", "--at", "2017-06-01")["details"]
    has(call(work, "explain", "off", "--rejected", expected=7).err, "keeps no journal")
    has(call(work, "explain", "diff", "off", "r", expected=7).err, "keeps no journal")


# --- Two runs. -----------------------------------------------------------------------------------

def two_runs(work):
    call(work, "backtest", "demo", "--results", "again")
    same = explain(work, "diff", "r", "again")
    assert same["details"] == {"same": True, "parting": "the same",
                               "common_entries": same["count"]}
    # A stricter gap: what A finds and B does not, B tells with the threshold it missed.
    replace(work / "config/runs/demo.yaml", ("min_gap_atr: 0.5", "min_gap_atr: 0.7"))
    call(work, "backtest", "demo", "--results", "stricter")
    tree = explain(work, "diff", "r", "stricter", expected=9)
    assert tree["details"]["parting"] == "only_a" and tree["details"]["worker"] == "fvg_detector"
    a, b = entries(work / "r"), entries(work / "stricter")
    first = next(i for i in range(1, len(a))
                 if (a[i]["type"], a[i]["time"]) != (b[i]["type"], b[i]["time"]))
    assert tree["time"] == a[first]["time"] and a[first]["worker"] == "fvg_detector"
    assert tree["details"]["common_entries"] == first - 1
    missed = [n["details"] for n in nodes(worker(tree, "fvg_detector"), "condition")]
    assert any(d["reached"] and not d["held"] and d["name"].endswith("gap_size") for d in missed)
    causes = [n["text"] for n in nodes(tree, "cause")]
    assert causes == ["configuration, of the worker that decided: runs.demo.workforce."
                      "opportunity_workers[fvg_detector].params.min_gap_atr: A 0.5, B 0.7"], causes
    sums = {n["details"]["name"]: n["details"] for n in nodes(tree, "sum")}
    assert sums["trades"]["a"] == len(trades(work / "r"))
    assert sums["trades"]["b"] == len(trades(work / "stricter"))
    ended = entries(work / "stricter", "RUN_FINISHED")[0]["details"]
    assert sums["final_equity"]["b"] == ended["final_equity"]
    mirrored = explain(work, "diff", "stricter", "r", expected=9)
    assert mirrored["details"]["parting"] == "only_b" and mirrored["time"] == tree["time"]
    has(call(work, "explain", "diff", "r", "stricter", expected=9).out, "A: OPPORTUNITY_DETECTED",
        "B: nothing of the kind", "because", "in the end")
    call(work, "explain", "diff", "r", "nowhere", expected=7)
    call(work, "explain", "diff", "r", expected=2)


def other_causes(work):
    """What a repeated run needs is missing or another: refused, and said which."""
    text = (work / "again/run.json").read_text()
    shutil.copytree(work / "again", work / "forged")
    facts = json.loads(text)
    for key, words, code in (("binary_hash", "the program is another build", 3),
                             ("config_hash", "its configuration was changed", 3),
                             ("data_hash", "the archive holds other data now", 4),
                             ("journal_head", "its journal came out different", 4)):
        (work / "forged/run.json").write_text(json.dumps({**facts, key: "0" * 63 + "1"}))
        has(call(work, "explain", "forged", "--funnel", expected=code).err, words)
    plugins = [dict(p, sha256="0" * 64) for p in facts["plugins"]]
    (work / "forged/run.json").write_text(json.dumps({**facts, "plugins": plugins}))
    has(call(work, "explain", "forged", "--funnel", expected=3).err, "plugin ", "is another")
    counts = dict(facts["counts"], ticks=facts["counts"]["ticks"] + 1)
    (work / "forged/run.json").write_text(json.dumps({**facts, "counts": counts}))
    has(call(work, "explain", "forged", "--funnel", expected=4).err, "ticks", "run.json")
    (work / "forged/run.json").write_text(json.dumps({**facts, "data_hash": "0" * 64}))
    tree = explain(work, "diff", "r", "forged")
    assert any("the data differ" in n["text"] for n in nodes(tree, "cause")), tree
    shutil.rmtree(work / "forged")
    shutil.move(work / "demo/archive", work / "demo/elsewhere")
    assert call(work, "explain", "r", "--funnel", expected=None).code in (4, 7)
    explain(work, "r", "--rejected")  # needs the journal alone
    shutil.move(work / "demo/elsewhere", work / "demo/archive")


def links_of_an_operation(work):
    """Each link of an operation is a run of its own; two of them can be held together."""
    lines = ["schema_version: 1"]
    for name in ("next_open", "same_close"):
        lines.append(f"e_{name}:\n  type: backtest\n  data_source_id: eurusd_1h_archive\n"
                     f"  simulation: {{ initial_capital: \"10000\", fill_rule: {name} }}")
    (work / "config/environments.yaml").write_text("\n".join(lines) + "\n")
    lines = ["schema_version: 1", "display_name: Two", "strategy_links:"]
    for name in ("next_open", "same_close"):
        lines.append(f"  - {{ id: {name}, strategy_blueprint_id: demo, "
                     f"execution_environment_id: e_{name} }}")
    (work / "config/operation.yaml").write_text("\n".join(lines) + "\n")
    call(work, "backtest", "operation", "--results", "links")
    has(call(work, "explain", "links", "--funnel", expected=None).err, "next_open", "same_close")
    for name in ("next_open", "same_close"):
        tree = explain(work, f"links/{name}", "--funnel")
        found = len(entries(work / "links" / name, "OPPORTUNITY_DETECTED"))
        assert sum(n["details"]["opportunities"] for n in nodes(tree, "worker")) == found
    tree = explain(work, "diff", "links/next_open", "links/same_close", expected=9)
    assert tree["details"]["parting"] != "the same"


def nothing_is_left(work):
    before = sorted(str(p) for p in work.rglob("*"))
    explain(work, "r", "--funnel")
    explain(work, "r", "--why-not", "--at", "2017-06-01")
    assert sorted(str(p) for p in work.rglob("*")) == before


def main():
    with folder() as path:
        work = pathlib.Path(path)
        if not demo(work):
            return
        call(work, "backtest", "demo", "--results", "r")
        for part in (why_was_it_opened, which_threat_forced_it, what_was_refused_and_why, why_not,
                     why_not_a_found_one, bars_that_are_none, funnel, without_a_journal, two_runs,
                     other_causes, nothing_is_left, links_of_an_operation):
            part(work)
            print(part.__name__)


if __name__ == "__main__":
    main()
