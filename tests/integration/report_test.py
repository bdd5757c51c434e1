#!/usr/bin/env python3
"""report.html, `results compare` and the diagnostics on the real binary: what the page holds, that it
loads nothing, escapes everything and is the same bytes every time, in both languages; what is said of
a run without trades; and the page in Chromium, where there is one."""

import csv
import datetime
import html.parser
import io
import json
import math
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import harness  # noqa: E402
from harness import call, has  # noqa: E402

SECTIONS = ["diagnosis", "equity", "months", "distribution", "drawdowns", "rolling", "price", "trades",
            "excursions", "refusals", "costs", "ambiguous", "figures", "run"]
VOID = {"meta", "path", "rect", "br"}


class Page(html.parser.HTMLParser):
    """Elements must be closed in order; texts and attributes are kept."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.attributes, self.texts = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == [], self.open

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        self.ids += [value for name, value in attrs if name == "id"]
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open and self.open[-1] == tag, (tag, self.open)
            self.open.pop()

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.texts.append(data)


def read(path):
    text = path.read_text()
    page = Page(text)
    assert len(page.ids) == len(set(page.ids)), "an id stands twice"
    for tag, name, value in page.attributes:  # nothing to load
        assert name not in ("src", "href", "srcset", "action", "data", "poster") and \
            not name.startswith("on"), (tag, name, value)
        assert "url(" not in (value or ""), (tag, name, value)
    style = re.search(r"<style>(.*?)</style>", text, re.S).group(1)
    assert "url(" not in style and "@import" not in style
    assert not re.search(r"https?://", text), "an address"
    has(text, "default-src 'none'")
    return text, page


def whole_page(work):
    results = work / "demo-run"
    out = call(work, "backtest", "demo", "--results", results, "--report").out
    has(out, "demo-run/report.html")
    text, page = read(results / "report.html")
    assert [i for i in page.ids if i in SECTIONS] == SECTIONS, page.ids
    words = "\n".join(page.texts)
    trades = harness.trades(results)
    assert text.count('<tr class="pick"') == len(trades)
    for trade in trades:
        assert trade["trade_id"][:8] in words
    refused = [e["details"] for e in harness.entries(results, "OPPORTUNITY_REJECTED")]
    for details in refused:
        has(words, details["rejection_reason"]["code"])
    for entry in harness.entries(results, "OPPORTUNITY_DETECTED")[:1]:
        has(words, entry["details"]["signal_type"])
    document = json.loads((results / "result_metrics.json").read_text())
    for name, definition in document["definitions"].items():
        has(words, definition)
        assert name in document["convention_of"], name
    for item in document["diagnostics"]:
        has(words, item["cause"], item["advice"])
    data = json.loads(re.search(r'id="price-data">(.*?)</script>', text).group(1))
    assert len(data["trades"]) == len(trades) and data["rows"] == document["metrics"]["bar_count"]
    opened = {e["trade_id"]: e["details"] for e in harness.entries(results, "TRADE_OPENED")}
    for trade, drawn in zip(trades, data["trades"]):
        assert drawn[1] == float(trade["entry_price"]) and drawn[3] == float(trade["exit_price"])
        assert drawn[4] == float(opened[trade["trade_id"]]["stop_loss"])
        assert drawn[0] <= drawn[2] < data["rows"]
    moved = moves_are_drawn(results, trades, data)
    excursions = document["excursions"]
    for trade, (adverse, favourable) in zip(trades, excursions):
        has(words, f"{adverse * 100:+.2f} %", f"{favourable * 100:+.2f} %")
        has(words, f"{float(trade['fees']):,.2f}")
    listed = json.loads(call(work, "results", "show", results, "--trades", "--json").out)
    assert [[item["mae"], item["mfe"]] for item in listed] == excursions
    rows = call(work, "results", "show", results, "--trades", "--limit", "0",
                env={"COLUMNS": "200"}).out
    for item, trade in zip(listed, trades):
        seconds = (datetime.datetime.fromisoformat(trade["exit_time"][:19]) -
                   datetime.datetime.fromisoformat(trade["entry_time"][:19])).total_seconds()
        assert item["held_seconds"] == seconds and item["pnl"] == trade["pnl"]
        row = next(line for line in rows.splitlines() if line.startswith(trade["trade_id"][:8]))
        has(row, f"{item['mae'] * 100:.2f} %", f"{item['mfe'] * 100:.2f} %", f"{float(trade['fees']):.2f}", trade["closure_reason"])
    rules = {e["details"]["rule"] for e in harness.entries(results, "ORDER_FILLED")}
    has(words, *rules)
    assert 0 < len(moved) < len(trades)
    return results, document, moved


def moves_are_drawn(results, trades, data):
    """The stop of a trade follows its moves in the journal, each in the bar that closed then. The
    trades that have some."""
    bars = json.loads(call(results.parent, "results", "show", results, "--equity", "--json").out)
    row_of = {time: row for row, time in enumerate(bars["time"])}
    expected = {}
    for entry in harness.entries(results, "POSITION_ADJUSTED"):
        if entry["details"]["what"] == "stop_loss":
            expected.setdefault(entry["trade_id"], []).extend(
                [row_of[entry["time"]], float(entry["details"]["to"])])
    for trade, drawn in zip(trades, data["trades"]):
        assert drawn[7] == expected.get(trade["trade_id"], []), trade["trade_id"]
        assert drawn[8] == [] and all(drawn[0] <= row <= drawn[2] for row in drawn[7][::2])
    return [i for i, drawn in enumerate(data["trades"]) if len(drawn[7]) > 2]


def same_bytes(work, results):
    """Neither the folder nor the moment is in it."""
    call(work, "results", "report", results, "--output", work / "again.html")
    assert (work / "again.html").read_bytes() == (results / "report.html").read_bytes()
    call(work, "backtest", "--rerun", results, "--results", work / "elsewhere", "--report")
    assert (work / "elsewhere/report.html").read_bytes() == (results / "report.html").read_bytes()
    made = json.loads(call(work, "results", "report", results, "--json").out)
    assert made["report"].endswith("demo-run/report.html")


def everything_is_escaped(work, results):
    """Texts of a run may hold anything: here all of run.json that is text does."""
    evil = "</script><img src=x onerror=alert(1)>\"'&"
    damaged = work / "evil"
    shutil.copytree(results, damaged)
    run = json.loads((damaged / "run.json").read_text())
    for name in ("command", "strategy", "strategy_link_id", "asset_pair", "environment", "version",
                 "timeframe", "currency", "fill_rule", "finish_reason"):
        run[name] = evil
    run["plugins"][0]["name"] = evil
    run["ambiguous_bars_first"][0]["rule"] = evil
    (damaged / "run.json").write_text(json.dumps(run))
    trades = (damaged / "result_trades.csv").read_text().replace(
        "STOP_LOSS", '"' + evil.replace('"', '""') + '"')
    (damaged / "result_trades.csv").write_text(trades)
    call(work, "results", "report", damaged)
    text, page = read(damaged / "report.html")
    assert "<img" not in text and text.count("</script>") == 2
    assert any(evil in data for data in page.texts)


def damage_is_told(work, results):
    """A page is written whole or not at all."""
    damaged = work / "damaged"
    shutil.copytree(results, damaged)
    (damaged / "report.html").unlink()
    has(call(work, "results", "report", damaged, "-o", "no/where.html", expected=7).err, "where.html")
    trades = (damaged / "result_trades.csv").read_text()
    first = harness.trades(damaged)[0]["entry_time"]
    for name, change, code, words in (
            ("result_trades.csv", lambda: trades.replace(first, "soon").encode(), 4,
             ("trade 1 of result_trades.csv", "soon")),
            ("equity.parquet", lambda: b"no table", 4, ("equity.parquet",)),
            ("equity.parquet", None, 7, ("equity.parquet does not exist",)),
            ("journal.jsonl", None, 7, ("keeps no journal",))):
        kept = (damaged / name).read_bytes()
        if change is None:
            (damaged / name).unlink()
        else:
            (damaged / name).write_bytes(change())
        has(call(work, "results", "report", damaged, expected=code).err, *words)
        (damaged / name).write_bytes(kept)
        assert not (damaged / "report.html").exists()
    call(work, "results", "report", damaged)
    assert (damaged / "report.html").read_bytes() == (results / "report.html").read_bytes()


def other_languages_and_levels(work, results):
    dutch = work / "dutch"
    call(work, "backtest", "demo", "--results", dutch, "--report", "--set",
         "platform.core.language=nl")
    text, page = read(dutch / "report.html")
    has(text, '<html lang="nl">')
    has("\n".join(page.texts), "Voor u dit gelooft", "Vermogen en terugval", "Geweigerd, en orders",
        "Getallen in de blueprint")
    has(call(work, "results", "show", dutch).out, "Diagnose", "Getallen in de blueprint", "Vermogen")
    words = "\n".join(page.texts)
    texts = {language: dict(re.findall(r'^([a-z0-9_.]+): "(.*)"$', (
        harness.SOURCE / f"locales/{language}.yaml").read_text(), re.M)) for language in ("en", "nl")}
    figures = words[words.index(texts["nl"]["html.figures"]):]
    for key, text in texts["nl"].items():  # every figure and heading by its Dutch name
        if key.startswith(("metric.", "metric_group.")):
            has(figures, text)
            assert text == texts["en"][key] or f"\n{texts['en'][key]}\n" not in figures, key
    has(figures, "rendementen per dag", "risicovrije rente 0", "trades met hun bars", "pogingen: 1")
    has(call(work, "results", "show", dutch, "--conventions").out, "rendementen per dag, 252 per jaar")
    for name in ("result_metrics.json", "result_trades.csv"):  # what programs read is English
        assert (dutch / name).read_bytes() == (results / name).read_bytes()
    for level in ("trades", "off"):
        call(work, "backtest", "demo", "--results", work / level, "--journal", level, "--report")
        text, page = read(work / level / "report.html")
        assert text.count('<tr class="pick"') == len(harness.trades(results))


def no_trades(work):
    """The report says why, and points at the funnel."""
    results = work / "none"
    call(work, "backtest", "demo", "--results", results, "--to", "2017-04-21", "--report")
    document = json.loads((results / "result_metrics.json").read_text())
    codes = {item["code"] for item in document["diagnostics"]}
    trades = harness.trades(results)
    assert ("few_trades" in codes) == (0 < len(trades) < 30), codes
    assert "short_period" in codes
    text, page = read(results / "report.html")
    silent = work / "silent"
    call(work, "backtest", "demo", "--results", silent, "--to", "2017-04-19T16:00", "--report")
    document = json.loads((silent / "result_metrics.json").read_text())
    first = document["diagnostics"][0]
    assert harness.trades(silent) == [] and first["level"] == "warning", document["diagnostics"]
    assert first["code"] in ("no_opportunities", "all_refused", "nothing_filled", "never_closed")
    assert first["code"] != "no_opportunities" or "--funnel" in first["advice"]
    out = call(work, "results", "show", silent).out
    has(out, "Diagnosis", first["cause"])
    has("\n".join(read(silent / "report.html")[1].texts), "No closed trades.")


def orders_that_came_to_nothing(work):
    """Entry orders that expired are among the refusals, by reason; those of exits are not."""
    results = work / "strict"
    call(work, "backtest", "channel_breakout", "--results", results, "--report", "--set",
         "runs.channel_breakout.workforce.planning_workers.order_routing[limit_order_router].params"
         ".max_slippage_percent=0.0005")
    ended = [e for e in harness.entries(results, "ORDER_EXPIRED", "ORDER_REJECTED")
             if e["details"]["role"] == "entry"]
    assert len(ended) > 3 and {e["details"]["reason"] for e in ended} == {"NOT_MARKETABLE"}
    text = (results / "report.html").read_text()
    section = text[text.index('<section id="refusals">'):]
    section = section[:section.index("</section>")]
    has(section, f"<td>entry order expired</td><td><code>NOT_MARKETABLE</code></td>"
                 f"<td class=\"r\">{len(ended)}</td>")
    assert "POSITION_CLOSED" not in section
    assert harness.entries(results, "ORDER_CANCELED")


def paired(work, first, other, periods):
    """The figures of a pair again, from the returns both runs print."""
    rows = []
    for folder in (first, other):
        out = call(work, "results", "show", folder, "--returns").out
        rows.append({row["end"]: float(row["return"]) for row in csv.DictReader(io.StringIO(out))})
    ends = sorted(rows[0].keys() & rows[1].keys())
    x, y = ([row[end] for end in ends] for row in rows)
    n = len(ends)
    apart = [b - a for a, b in zip(x, y)]
    rho = statistics.correlation(x, y)
    sx, sy = (statistics.mean(v) / statistics.stdev(v) for v in (x, y))
    variance = (2 * (1 - rho) + .5 * (sx * sx + sy * sy - 2 * sx * sy * rho * rho)) / n
    z = (sy - sx) / math.sqrt(variance)
    t = statistics.mean(apart) / (statistics.stdev(apart) / math.sqrt(n))
    return {"pairs": n, "correlation": rho, "mean": statistics.mean(apart) * periods, "mean_t": t,
            "mean_p": math.erfc(abs(t) / math.sqrt(2)), "sharpe": (sy - sx) * math.sqrt(periods),
            "sharpe_z": z, "sharpe_p": math.erfc(abs(z) / math.sqrt(2))}


def side_by_side(work, results):
    """Figures, how sure their differences are, and the settings behind them."""
    rule = "environments.backtest_eurusd_1h.simulation.fill_rule"
    call(work, "backtest", "demo", "--results", work / "close", "--set", f"{rule}=same_close")
    call(work, "backtest", "demo", "--results", work / "short", "--to", "2017-10-01")
    out = call(work, "results", "compare", results, work / "close").out
    has(out, "Sharpe", "Max drawdown", "Deflated Sharpe", "not the same: fill_rule\n", rule,
        "of 2 trials", "Against A, paired returns", "211 pairs", "2017-04-19 10:00")
    has(out, f"  {rule}\n    A  next_open\n    B  same_close\n")
    assert "data_hash" not in out and "not of the same data" not in out and "same_close" in out
    for name in ("demo-run", "close"):
        assert sum(line.endswith(f" {work / name}") for line in out.splitlines()) == 1, out
    runs = (results, work / "close", work / "short")
    three = json.loads(call(work, "results", "compare", *runs, "--json").out)
    assert [item["trials"] for item in three] == [3, 3, 3]
    for item, folder in zip(three, runs):
        own = harness.metrics(folder)
        assert item["run"]["metrics"]["sharpe"] == own["metrics"]["sharpe"]
        assert item["deflated_sharpe"] < own["metrics"]["probabilistic_sharpe"]
        if folder == work / "close":
            expected = paired(work, results, folder, own["conventions"]["periods_per_year"])
            for key, value in expected.items():
                assert abs(item["against_first"][key] - value) < 1e-9 * max(1, abs(value)), key
    assert [item["settings"][rule] for item in three] == ["next_open", "same_close", "next_open"]
    assert three[2]["settings"]["environments.backtest_eurusd_1h.simulation.to"].startswith("2017-10")
    assert len(three[0]["settings"]) == 2
    has(call(work, "results", "compare", *runs).out, "not of the same data and period")
    out = call(work, "results", "compare", results, work / "elsewhere").out
    has(out, "Every setting is the same.", "n/a")  # no difference has no spread
    call(work, "backtest", "mean_reversion", "--results", work / "other")
    out = call(work, "results", "compare", results, work / "other").out
    has(out, "not the same: strategy", "[ema_crossover]\n    A  {...}\n    B  -\n")
    copied = (work / "config/runs/demo.yaml").read_text()
    (work / "config/runs/mine.yaml").write_text(copied.replace("multiple: 2.0", "multiple: 2.5"))
    operation = work / "config/operation.yaml"
    operation.write_text(operation.read_text().replace("strategy_links:\n", (
        "strategy_links:\n  - { id: mine, strategy_blueprint_id: mine, "
        "execution_environment_id: backtest_eurusd_1h, is_active: false }\n"), 1))
    call(work, "backtest", "mine", "--results", work / "mine")
    item = json.loads(call(work, "results", "compare", results, work / "mine", "--json").out)[1]
    path = "runs.demo.workforce.planning_workers.exit_planning[atr_based_stops].params.multiple"
    assert item["settings"] == {path: "2.5", "operation.risk_policy.strategy_rules": "-"}
    has(call(work, "results", "compare", work / "dutch", work / "close", "--all").out,
        "Sharpe na aftrek van pogingen", "Instellingen die verschillen", "Tegen A")
    shutil.copytree(work / "close", work / "bare")
    (work / "bare/equity.parquet").unlink()
    shutil.rmtree(work / "bare/config")
    out = call(work, "results", "compare", results, work / "bare").out
    has(out, "Runs whose configuration cannot be read: 1", "of 2 trials")
    assert "Against A" not in out
    codes = {d["code"] for d in three[1]["run"]["diagnostics"]}
    assert "same_close" in codes
    has(call(work, "results", "compare", results, expected=2).err, "results compare")


def in_a_browser(work, results, document, moved):
    """Screenshots go to $S1_SCREENSHOTS where it is set."""
    node, chromium = shutil.which("node"), shutil.which("chromium")
    modules = pathlib.Path(os.environ.get("S1_PLAYWRIGHT", harness.SOURCE / ".deps/browser"))
    if node is None or chromium is None or not (modules / "node_modules/playwright-core").is_dir():
        print("skipped: the browser, for want of node, chromium or playwright-core "
              "(tools/setup.sh test)")
        return
    metrics = document["metrics"]
    call(work, "backtest", "mean_reversion", "--results", work / "band", "--ambiguity", "--report")
    expected = {"band": str(work / "band/report.html"), "sections": SECTIONS, "title": "demo", "trades": metrics["trade_count"],
                "diagnoses": len(document["diagnostics"]), "figures": len(metrics), "chosen": 20,
                "moved": moved[0],
                "tiles": [f"{metrics['total_return'] * 100:.2f} %", f"{metrics['sharpe']:.3f}",
                          f"{metrics['max_drawdown'] * 100:.2f} %", str(metrics["trade_count"])]}
    (work / "expected.json").write_text(json.dumps(expected))
    done = subprocess.run(
        [node, harness.SOURCE / "tests/browser/report.mjs", results / "report.html",
         work / "expected.json", os.environ.get("S1_SCREENSHOTS", work / "screenshots")],
        env={**os.environ, "S1_PLAYWRIGHT": str(modules), "S1_CHROMIUM": chromium},
        capture_output=True, text=True, check=False, timeout=300)
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)
    print(done.stdout.strip())


def main():
    with harness.folder(is_checked=False) as folder:
        work = pathlib.Path(folder)
        if not harness.demo(work):
            return
        results, document, moved = whole_page(work)
        same_bytes(work, results)
        everything_is_escaped(work, results)
        damage_is_told(work, results)
        other_languages_and_levels(work, results)
        no_trades(work)
        orders_that_came_to_nothing(work)
        side_by_side(work, results)
        in_a_browser(work, results, document, moved)


if __name__ == "__main__":
    main()
