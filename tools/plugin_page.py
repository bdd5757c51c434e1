#!/usr/bin/env python3
"""Writes docs/plugin-checks.md: every bundled plugin, its independent check, and the example
strategies it runs in. With --check: fails where the page is stale, or where a plugin has no check or
runs in no example.

What is checked by whom stands in CHECKS below; types come from the manifests, the rest from
config/runs. A check must name the plugin, so that a line here cannot outlive it.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/plugin-checks.md"
TYPES = ["context", "opportunity", "threat", "planning", "execution"]

# Test -> what it holds the plugins named in it against. A plugin's own tests come by themselves.
CHECKS = {
    "tests/plugins/indicator_oracle_test.py": (
        "TA-Lib on real bars",
        "ema_detector atr_calculator rsi_calculator macd_calculator bollinger_calculator "
        "volatility_percentile_calculator adx_regime_classifier volatility_regime_detector"),
    "tests/plugins/talib_oracle_test.py": (
        "TA-Lib and Stock.Indicators on real bars", "talib_indicator"),
    "tests/plugins/book_feed_test.py": (
        "a plain computation over a recorded order book", "orderbook_imbalance_detector"),
    "tests/integration/opportunity_plugins_test.py": (
        "TA-Lib or a plain computation over real bars, through the program",
        "breakout_scanner momentum_scanner limit_entry_planner partial_profit_taker "
        "exposure_monitor kelly_criterion_sizer"),
    "tests/integration/order_paths_test.py": (
        "sums over the journal's lines, through the program",
        "twap_entry iceberg_router default_router"),
    "tests/integration/detector_oracle_test.py": (
        "a plain computation over real bars, through the program",
        "ema_crossover fvg_detector volume_spike_refiner oversold_detector rsi_reversal "
        "trend_continuation_detector pair_trading_detector"),
    "tests/integration/feeds_test.py": (
        "when a row became known, through the program",
        "news_signal_generator economic_calendar_monitor"),
    "tests/integration/models_test.py": (
        "the side of the split worked out from the bars, through the program", "ml_prediction"),
}


def plugins():
    """(type, subtype, name) of all, in the order of their folders."""
    found = [path.parts[-4:-1] for path in
             (ROOT / "plugins").glob("*_workers/*/*/manifest.yaml")]
    found = [(kind.removesuffix("_workers"), subtype, name) for kind, subtype, name in found]
    return sorted(found, key=lambda p: (TYPES.index(p[0]), p[1], p[2]))


def examples():
    """Plugin -> the blueprints of config/runs that name it."""
    runs = {}
    for path in sorted((ROOT / "config/runs").glob("*.yaml")):
        text = re.sub(r"(^|\s)#.*", "", path.read_text())
        for name in re.findall(r"\bplugin:\s*([a-z0-9_]+)", text):
            names = runs.setdefault(name, [])
            if path.stem not in names:
                names.append(path.stem)
    return runs


def checks_of(folder, name, faults):
    """The cells' links: the plugin's own tests, and those of CHECKS."""
    cells = []
    for path, (what, names) in CHECKS.items():
        if name in names.split():
            text = (ROOT / path).read_text() if (ROOT / path).exists() else ""
            if not re.search(rf"\b{name}\b", text):
                faults.append(f"{path} does not name {name}")
            cells.append(f"[{what}](../{path})")
    own = sorted((folder / "tests").glob("*_test.c"))
    if own:
        cells.append("[cases by hand](../" + own[0].relative_to(ROOT).as_posix() + ")")
    if not cells:
        faults.append(f"{name} has no check")
    return ", ".join(cells)


def page(faults):
    runs = examples()
    lines = [
        "# Checks and examples of the bundled plugins", "",
        "Written by `tools/plugin_page.py`; do not edit. What each one does: [plugins.md]"
        "(plugins.md). The example strategies lie in `config/runs`, their pages in "
        "[strategies](strategies).", "",
        "Beside the checks named here every plugin goes through the enrolment gate "
        "(`tests/plugins/gate_test.c`), and on real bars, with its defaults, every value of its "
        "enum parameters and the parameters of the examples, cutting the history or going on "
        "otherwise never changes what it said (`tests/plugins/history_property_test.c`). What a "
        "call costs: [benchmarks.md](benchmarks.md).", "",
        "| type | plugin | independent check | runs in |", "|---|---|---|---|"]
    for kind, subtype, name in plugins():
        place = f"plugins/{kind}_workers/{subtype}/{name}"
        used = runs.get(name, [])
        if not used:
            faults.append(f"{name} runs in no example of config/runs")
        lines.append(f"| {kind} | [{name}](../{place}/README.md) | "
                     f"{checks_of(ROOT / place, name, faults)} | "
                     + ", ".join(f"[{run}](../config/runs/{run}.yaml)" for run in used) + " |")
    return "\n".join(lines) + "\n"


def main():
    faults = []
    text = page(faults)
    if sys.argv[1:] == ["--check"]:
        if not PAGE.exists() or PAGE.read_text() != text:
            faults.append(f"{PAGE.relative_to(ROOT)} is stale: run tools/plugin_page.py")
        overview = (ROOT / "docs/plugins.md").read_text()
        faults += [f"{name} is missing in docs/plugins.md" for _, _, name in plugins()
                   if f"/{name}/README.md)" not in overview]
    else:
        PAGE.write_text(text)
    for fault in faults:
        print(f"plugin_page: {fault}", file=sys.stderr)
    if not faults:
        print(f"plugin_page: {len(plugins())} plugins")
    return 1 if faults and sys.argv[1:] == ["--check"] else 0


if __name__ == "__main__":
    sys.exit(main())
