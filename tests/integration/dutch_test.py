#!/usr/bin/env python3
"""What people read of a run in Dutch: the seeds' three questions, a bar, the funnel, two runs, replay
and checks. The language is the run's (core.language); JSON is English whatever it is."""

import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from harness import SOURCE, call, demo, entries, folder, has, replace, trades  # noqa: E402

LINE = re.compile(r'^([a-z0-9_.]+): "(.*)"$', re.MULTILINE)
GROUPS = ("explain", "replay", "rule", "check", "verify")
WIDE = {"COLUMNS": "1000"}


def texts(language):
    """The texts of what is said about a run, by key."""
    rows = LINE.findall((SOURCE / f"locales/{language}.yaml").read_text())
    return {key: text for key, text in rows if key.split(".")[0] in GROUPS}


def fragments(text):
    """What stands between the slots of a text and holds a word."""
    parts = (part.strip(" ,;:()%") for part in re.split(r"\{[a-z_]+\}", text))
    return {part for part in parts if re.search("[a-z]{2}", part)}


def word(fragment):
    """The fragment as words of their own: not inside a path, a code or a name."""
    return re.compile(r"(?<![\w.\[/-])" + re.escape(fragment) + r"(?![\w/=-])")


def english_only():
    """Fragments no Dutch text holds."""
    dutch = "\n".join(texts("nl").values())
    return sorted(fragment for text in texts("en").values() for fragment in fragments(text)
                  if not word(fragment).search(dutch))


ENGLISH = english_only()


def assert_dutch(output):
    for fragment in ENGLISH:
        found = word(fragment).search(output)
        assert found is None, \
            f"{fragment!r} is English, in:\n{output[max(0, found.start() - 200):found.end() + 200]}"


def ask(work, *arguments, expected=0):
    """What a command prints for a person, which must hold no English."""
    output = call(work, *arguments, expected=expected, env=WIDE).out
    assert output.strip()
    assert_dutch(output)
    return output


# --- The seeds' three questions. -----------------------------------------------------------------

def why_was_it_opened(work):
    output = ask(work, "explain", "nl", trades(work / "nl")[0]["trade_id"])
    has(output, "kans ", " voldaan: ", "marge +", "gepland: ", "goedgekeurd door de portefeuillepoort",
        "geopend ", "gesloten door ", "volledig id ")


def which_threat_forced_it(work):
    trade = next(t for t in trades(work / "nl") if t["closure_reason"] == "THREAT")
    has(ask(work, "explain", "nl", trade["trade_id"]), "gesloten door THREAT", "dreiging ", "gemeten: ")
    has(ask(work, "explain", "nl", trade["threat_id"]), "kansen geweigerd: ", "trades gesloten: ")


def what_was_refused_and_why(work):
    output = ask(work, "explain", "nl", "--rejected")
    has(output, " kansen: ", " goedgekeurd (", " geweigerd (", "wegens VOLATILITY_SPIKE", "grens ")


# --- The other questions. ------------------------------------------------------------------------

def every_story(work):
    """Some of every kind of id and ending."""
    ends = {t["closure_reason"]: t["trade_id"] for t in trades(work / "nl")}
    refused = {(e["details"]["stage"], e["details"]["rejection_reason"]["code"]): e["opportunity_id"]
               for e in entries(work / "nl", "OPPORTUNITY_REJECTED")}
    orders = {e["type"]: e["order_id"] for e in entries(work / "nl") if "order_id" in e}
    assert len(ends) > 2 and len(refused) > 2 and len(orders) > 3
    for uid in [*ends.values(), *refused.values(), *orders.values()]:
        ask(work, "explain", "nl", uid)


def bars(work):
    has(ask(work, "explain", "nl", "--why-not", "--at", "2017-06-01T13:00Z"), "vond geen kans",
        "niet voldaan: ", "scheelde ", "niet bereikt", "op de kaart: ", "ziet geen dreiging")
    has(ask(work, "explain", "nl", "--why-not", "--at", "2017-06-03T13:00Z"), "een gat in de gegevens")
    has(ask(work, "explain", "nl", "--why-not", "--at", "2017-06-01T13:20Z"), "binnen een bar")
    has(ask(work, "explain", "nl", "--why-not", "--at", "2017-04-19T12:00Z"), "werd niet gevraagd")
    for kind in ("OPPORTUNITY_APPROVED", "OPPORTUNITY_REJECTED", "TRADE_OPENED", "THREAT_UPDATED"):
        for entry in entries(work / "nl", kind)[3:40:12]:
            ask(work, "explain", "nl", "--why-not", "--at", entry["time"])


def funnel(work):
    output = ask(work, "explain", "nl", "--funnel")
    has(output, " bars van ", " tot ", "bereikt", "voldaan", "dichtstbij: ", "% gewonnen")
    counts = [line for line in output.splitlines() if re.search(r"\d+ {2,}\d+\.\d\d %", line)]
    assert len(counts) > 10
    ask(work, "explain", "trades", "--funnel")


def two_runs(work):
    output = ask(work, "explain", "diff", "nl", "stricter", expected=9)
    has(output, "de runs gaan uiteen op ", "want", "niets van dien aard", "aan het eind", "kosten")
    has(ask(work, "explain", "diff", "nl", "nl"), "de runs beslissen hetzelfde", "hoewel")
    ask(work, "replay", "nl", "--execute", "--set", "runs.demo.workforce.opportunity_workers"
        "[fvg_detector].params.min_gap_atr=0.7", expected=9)


# --- Proofs. -------------------------------------------------------------------------------------

def without_fields(output):
    """The output without the first two columns of the table, which name files and members."""
    return "\n".join(line.split("  ", 1)[1].strip().split("  ", 1)[-1]
                     if re.match(r"(RUN_FINISHED|run\.json|result_|state/|books) ", line) else line
                     for line in output.splitlines())


def proofs(work):
    for name in ("nl", "trades"):
        output = call(work, "replay", name, env=WIDE).out
        assert_dutch(without_fields(output))
        has(output, "kas ", "vermogen ", "uit het journaal", "zoals de run het naliet",
            "0 kloppen niet", "niveau ")
    has(output, "niveau trades houdt het niet bij")
    has(ask(work, "journal", "verify", "nl"), "gaaf: ", "run.json vermeldt hetzelfde")
    has(ask(work, "journal", "verify", "nl/journal.jsonl"), "gaaf: ")
    has(ask(work, "results", "check", "nl"), "klopt ", " velden van trades")
    has(ask(work, "replay", "nl", "--execute"), "identiek: ")
    path = work / "stricter/run.json"
    facts = json.loads(path.read_text())
    kept = path.read_text()
    facts["counts"]["orders"] += 1
    path.write_text(json.dumps(facts))
    for command in (["replay", "stricter"], ["results", "check", "stricter"]):
        output = call(work, *command, expected=4, env=WIDE).out
        assert_dutch(without_fields(output))
        has(output, "run.json, counts.orders: gevonden ", ", verwacht ",
            "(REPLAY: wat het journaal geeft is wat de run naliet)")
    path.write_text(kept)


def json_is_english(work):
    """The same bytes as of the run in English, but for ids and hashes."""
    trade = trades(work / "nl")[0]["trade_id"]
    text = call(work, "explain", "nl", trade, "--json").out
    has(text, "approved by the portfolio gate", " held: ", "closed by ")
    for question in (["--rejected"], ["--funnel"], ["--why-not", "--at", "2017-06-01T13:00Z"]):
        documents = [call(work, "explain", name, *question, "--json").out for name in ("nl", "en")]
        ids = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{8}\b")
        assert ids.sub("ID", documents[0]) == ids.sub("ID", documents[1]), question
    has(call(work, "replay", "trades", "--json").out, "level trades does not keep it")
    english = call(work, "explain", "en", "--rejected").out
    assert any(word(fragment).search(english) for fragment in ENGLISH), "the check finds nothing"


def main():
    assert len(ENGLISH) > 100, len(ENGLISH)
    with folder() as path:
        work = pathlib.Path(path)
        if not demo(work):
            return
        call(work, "backtest", "demo", "--results", "en")
        replace(work / "config/platform.yaml", ("language: en", "language: nl"))
        call(work, "backtest", "demo", "--results", "nl")
        call(work, "backtest", "demo", "--results", "trades", "--journal", "trades")
        replace(work / "config/runs/demo.yaml", ("min_gap_atr: 0.5", "min_gap_atr: 0.7"))
        call(work, "backtest", "demo", "--results", "stricter")
        for part in (why_was_it_opened, which_threat_forced_it, what_was_refused_and_why,
                     every_story, bars, funnel, two_runs, proofs, json_is_english):
            part(work)
            print(part.__name__)


if __name__ == "__main__":
    main()
