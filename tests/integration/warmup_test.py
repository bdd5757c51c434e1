#!/usr/bin/env python3
"""`warmup`: windows need their window, recursive means what their formula says, a larger timeframe
its own bars; what a run as configured has is held against it, and `warmup_bars` gives more."""

import json
import math
import pathlib
import re
import sys

import harness
import streams_test as streams
from harness import call, has

ENVIRONMENT = "environments.backtest_eurusd_1h.simulation"


def looked(work, *options, env=None):
    done = call(work, "warmup", "demo", "--json", *options, env=env)
    link = json.loads(done.out)["links"][0]
    return link, {item["name"] or item["worker"]: item for item in link["items"]
                  if item["kind"] != "condition"}


def put(work, *items):
    """Context workers instead of the demo's detectors' own, before them."""
    path = work / "config/runs/demo.yaml"
    lines = "".join(f"    - {item}\n" for item in items)
    harness.replace(path, ("  context_workers:\n", f"  context_workers:\n{lines}"))


def windows(work):
    """An indicator over the last n closes stands with its n-th bar, to the bit or to rounding."""
    put(work, "{ plugin: talib_indicator, id: mid, params: { indicator: MIDPOINT, period: 30 } }",
        "{ plugin: rsi_calculator, params: { period: 14 } }")
    link, items = looked(work)
    columns = {name: item for name, item in items.items() if item["worker"] == "mid"}
    assert len(columns) == 1, items.keys()
    item = next(iter(columns.values()))
    assert item["declared"] == 30 and item["seen"] == 20, item
    assert item["needs"]["exact"]["rows"] == 30 and item["at_declared"] == 0, item
    assert item["differences"][link["lengths"].index(20)] is None, item  # no value yet
    return link, items


def recursive(items, link):
    """An EMA forgets its start by (1 - alpha) a bar: 0.1 %, 1e-9 and every bit take that long."""
    for period in (20, 50):
        item = items[f"ema_{period}"]
        forgets = -math.log(1 - 2 / (period + 1))
        needs = [item["needs"][name]["rows"] for name in
                 ("within_0.1_percent", "within_1e-9", "exact")]
        assert needs[0] < needs[1] < needs[2], needs
        # From 0.1 % to 1e-9 are 6 decades; hourly closes wander about 2 % from a mean.
        assert needs[1] < (math.log(0.05 / 1e-9)) / forgets + period, needs
        assert (math.log(1e-4 / 2 ** -53)) / forgets < needs[2] < math.log(2 ** 54) / forgets, needs
        curve = [d for n, d in zip(link["lengths"], item["differences"]) if n >= period]
        assert None not in curve and curve == sorted(curve, reverse=True), curve
        assert curve[-1] == 0
    # Wilder's smoothing forgets by 13/14 a bar.
    assert 300 < items["rsi_14"]["needs"]["exact"]["rows"] < 800, items["rsi_14"]
    assert items["rsi_14"]["declared"] == 15


def never(work):
    """What is not exact within the depth is said so, with how far it is off."""
    link, items = looked(work, "--depth", "100")
    assert link["depth"] == 100 and link["lengths"][-1] == 100
    assert items["ema_50"]["needs"]["exact"] is None, items["ema_50"]
    assert link["needs"]["exact"] is None
    assert 0 < items["ema_50"]["differences"][-1] < 0.001
    out = call(work, "warmup", "demo", "--depth", "100").out
    has(out, "> 101", "more than 100 bars for every value exact")


def configured(work):
    """What a run has before `from`: by the manifests, or by warmup_bars."""
    few, _ = looked(work, "--from", "2017-08-01")
    need = few["needs"]["within_0.1_percent"]["before"]
    assert few["has_from"] and few["declared"] <= few["given"] < need, few
    out = call(work, "warmup", "demo", "--from", "2017-08-01").out
    has(out, f"warning: the run has {few['given']} bars before `from`; with fewer than {need}",
        "set `from` and `warmup_bars`")
    more = ("--from", "2017-08-01", "--set", f"{ENVIRONMENT}.warmup_bars={need}")
    enough, _ = looked(work, *more)
    assert need <= enough["given"] <= 2 * need, enough
    has(call(work, "warmup", "demo", *more).out, "enough: the run has ")
    call(work, "backtest", "demo", "--results", "r", *more)
    started = json.loads((work / "r/journal.jsonl").read_text().splitlines()[0])
    assert started["details"]["warmup_bars"] == enough["given"], started
    call(work, "backtest", "--rerun", "r", "--results", "again")
    harness.same(work / "r", work / "again")
    has(call(work, "warmup", "demo").out, "warning: no `from` is configured")


def refused(work):
    without = call(work, "validate", "demo", "--set", f"{ENVIRONMENT}.warmup_bars=9")
    has(without.out + without.err, "warmup_bars without from", "a start (from)")
    for value, words in (("0", "1"), ("many", "an integer")):
        has(call(work, "backtest", "demo", "--results", "no", "--from", "2017-08-01", "--set",
                 f"{ENVIRONMENT}.warmup_bars={value}", expected=3).err, "warmup_bars", words)
    has(call(work, "warmup", "demo", "--bars", "0", expected=2).err, "--bars: found 0")
    has(call(work, "warmup", "demo", "--depth", "0", expected=2).err, "--depth: found 0")
    has(call(work, "warmup", "nobody", expected=7).err, "nobody")
    few = call(work, "warmup", "demo", "--from", "2017-06-01T10:00", "--to", "2017-04-19T12:00",
               expected=None)
    assert few.code == 3, few


def larger_timeframe(root):
    """Four-hour bars: a column of theirs is told in bars of theirs."""
    path = harness.sample()
    header, hours = streams.read(path)
    work = streams.world(root / "streams", header, hours)
    done = json.loads(call(work, "warmup", "demo", "--json", "--bars", "5").out)["links"][0]
    apart = [item for item in done["items"] if item["stream"] != done["stream"]]
    assert done["stream"] == "EUR/USD@1h" and apart, done
    for item in apart:
        for need in item["needs"].values():
            if need is not None and need["before"] > 40:
                assert abs(need["before"] / 4 - need["rows"]) < need["rows"] / 2, item


def page(work):
    """docs/bias.md shows what is printed."""
    shown = re.findall(r"```text\n(.*?)```", (harness.SOURCE / "docs/bias.md").read_text(), re.S)
    out = call(work, "warmup", "demo", env={"COLUMNS": "100"}).out
    assert out == shown[2], f"docs/bias.md says\n{shown[2]}\nfound\n{out}"


def main():
    if harness.sample() is None:
        sys.exit(0)
    with harness.folder(is_checked=False) as name:
        root = pathlib.Path(name)
        for part in ("demo", "plain"):
            (root / part).mkdir()
            harness.demo(root / part)
        page(root / "plain")
        link, items = windows(root / "demo")
        recursive(items, link)
        for part in (never, configured, refused):
            part(root / "demo")
            print(f"{part.__name__}: holds")
        larger_timeframe(root)


if __name__ == "__main__":
    main()
