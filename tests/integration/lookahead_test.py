#!/usr/bin/env python3
"""`lookahead`: every example strategy knows nothing before its time; plugins that rewrite the past,
remember the run before or never do the same twice are found, named with column, bar and values."""

import csv
import json
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time

import harness
import w2_test as w2
from harness import call, has
from strategies_test import PAGES, commands

sys.path.insert(0, str(pathlib.Path(__file__).parent / "plugins"))
import build  # noqa: E402

BIASED = 11


def checked(work, name, *options, expected=0):
    done = call(work, "lookahead", name, "--json", *options, expected=expected)
    report = json.loads(done.out)
    assert report["is_biased"] == (expected == BIASED), report
    return report["links"][0]


def example(root, name, steps):
    """A strategy of config/runs on the recordings its page names."""
    work = root / name
    work.mkdir()
    harness.config(work)
    for step in steps:
        if step[:2] == ["data", "import"]:
            call(work, *step)
    link = checked(work, name, "--cuts", "40")
    assert link["findings"] == [] and link["cuts"] == 40
    kinds = {item["kind"] for item in link["items"]}
    assert kinds == {"bars", "column", "decision"}, kinds
    counts = {item["name"]: item["compared"] for item in link["items"]}
    assert counts["signals"] > 100 and counts["orders"] > 100, counts
    assert all(item["compared"] > 20 * link["bars"] for item in link["items"]
               if item["kind"] == "column" and item["stream"] == link["stream"]), link
    assert link["compared"] == sum(item["compared"] for item in link["items"])
    print(f"{name}: {link['compared']} values and decisions of 40 cuts are the same")
    return sum(item["compared"] for item in link["items"] if item["is_resampled"])


def examples(root):
    for path in sorted(PAGES.glob("*.md")):
        steps = commands(path.read_text())
        absent = [s[2] for s in steps if s[:2] == ["data", "import"]
                  and not pathlib.Path(s[2]).is_file()]
        if absent:
            print(f"skipped: {path.stem}: {absent[0]} is not there")
            continue
        example(root, path.stem, steps)


def made_of_trades(root):
    """Minutes that are made of trades while a run reads them, and orders that match on those: a
    minute that is not over at the cut is not there, and what is there is the same."""
    chance = random.Random(7)
    time, price, rows = 1609459200000, 100000, []
    while len(rows) < 30000:
        time += chance.randrange(1, 4000) if chance.random() < 0.999 else 400000
        price += chance.randrange(-9, 10)
        rows.append((time, price, chance.randrange(1, 500), chance.choice((-1, 1))))
    work = w2.world(root / "trades", rows)
    link = json.loads(call(work, "lookahead", "w2", "--cuts", "60", "--json").out)["links"][0]
    bars = link["items"][0]
    assert bars["is_resampled"] and bars["compared"] > 30 * link["bars"], bars
    assert link["findings"] == [] and link["cuts"] == 60
    print(f"made_of_trades: {link['compared']} values and decisions are the same")


class World:
    """The demo with a plugin of the test among its workers."""

    def __init__(self, work):
        self.work = work
        work.mkdir()
        harness.demo(work)
        shutil.copytree(harness.BUILD / "plugins", work / "plugins")
        harness.replace(work / "config/platform.yaml",
                        ("plugins_root_path: plugins", f"plugins_root_path: {work}/plugins"))
        for name in ("cheat", "oracle"):
            build.build(work / "plugins", name, f"{name}.c")
        self.blueprint = work / "config/runs/demo.yaml"
        self.text = self.blueprint.read_text()

    def put(self, kind, item):
        self.blueprint.write_text(self.text)
        harness.replace(self.blueprint, (f"  {kind}:\n", f"  {kind}:\n    - {item}\n"))

    def cheat(self, mode, *options, expected=BIASED):
        self.put("context_workers", f"{{ plugin: cheat, id: it, params: {{ mode: {mode} }} }}")
        return checked(self.work, "demo", *options, expected=expected)


def is_of(finding, **facts):
    for name, value in facts.items():
        assert finding[name] == value, (name, finding)


def closes(path):
    with open(path, encoding="utf-8") as lines:
        return [float(row["Close"]) for row in csv.DictReader(lines)]


def repaints(world):
    """A centred mean: the last three rows of the data cut are those that only later bars give."""
    link = world.cheat("repaint")
    assert len(link["findings"]) == 1, link["findings"]
    found = link["findings"][0]
    is_of(found, check="cut", kind="column", plugin="cheat", worker="it", field="told",
          stream="EUR/USD@1h", expected="NaN", runs=200)
    assert 590 <= found["values"] <= 600, found  # three a cut; the first rows have none
    close = closes(harness.sample())
    row = found["row"] - 1
    assert abs(float(found["found"]) - sum(close[row - 3:row + 4]) / 7) < 1e-12, found
    assert found["time"] <= found["cut"]
    done = call(world.work, "lookahead", "demo", "--cuts", "5", expected=BIASED)
    has(done.out, "knows the future: plugin cheat (it), column told of EUR/USD@1h, bar 2017-",
        "with all data", "expected  NaN  with data that ends at ", "5 of 5 cuts")


def remembers(world):
    """What it read in the run before is not there in the first."""
    link = world.cheat("remember", "--cuts", "10")
    is_of(link["findings"][0], check="repeat", plugin="cheat", field="told", row=1, cut=None)
    close = closes(harness.sample())
    found = link["findings"][0]
    assert (float(found["found"]), float(found["expected"])) == (close[0], close[1]), found
    assert len(link["findings"]) == 1


def does_not_repeat(world):
    link = world.cheat("chance", "--cuts", "3")
    is_of(link["findings"][0], check="repeat", plugin="cheat", field="told")
    assert link["findings"][0]["values"] > 4900
    has(call(world.work, "lookahead", "demo", "--cuts", "3", expected=BIASED).out,
        "does not repeat: plugin cheat (it), column told", "in the same run once more")


def foretells(world):
    """A signal from the future: the decisions part at its bar."""
    item = "{ plugin: oracle, id: seer, params: { is_honest: %s } }"
    world.put("opportunity_workers", item % "false")
    link = checked(world.work, "demo", "--cuts", "10", expected=BIASED)
    found = link["findings"][0]
    is_of(found, check="repeat", kind="decision", plugin="oracle", worker="seer", field="entry",
          stream="")
    assert {found["found"], found["expected"]} == {"none", "OPPORTUNITY_DETECTED"}, found
    world.put("opportunity_workers", item % "true")
    assert checked(world.work, "demo", "--cuts", "10")["findings"] == []


def says_what_is_wrong(world):
    assert world.cheat("none", "--cuts", "5", expected=0)["cuts"] == 5
    assert world.cheat("none", "--cuts", "5", "--from", "2017-06-01", "--to", "2017-06-02",
                       expected=0)["bars"] <= 24
    has(call(world.work, "lookahead", "demo", "--cuts", "0", expected=2).err, "--cuts: found 0")
    has(call(world.work, "lookahead", "nobody", expected=7).err, "nobody")
    harness.replace(world.blueprint, ("mode: none", "modes: none"))
    has(call(world.work, "lookahead", "demo", expected=3).err, "modes")


def stops(world):
    """ctrl-C: between two runs, with nothing left."""
    world.blueprint.write_text(world.text)
    process = subprocess.Popen(harness.command("lookahead", "demo", "--cuts", "4900"),
                               cwd=world.work, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, env=harness.environment())
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and out == "", (process.returncode, out, err)
    has(err, "stopped on request after ")


def page(world):
    """docs/bias.md shows what is printed."""
    shown = re.findall(r"```text\n(.*?)```", (harness.SOURCE / "docs/bias.md").read_text(), re.S)
    world.blueprint.write_text(world.text)
    out = call(world.work, "lookahead", "demo", env={"COLUMNS": "100"}).out
    assert out == shown[0], f"docs/bias.md says\n{shown[0]}\nfound\n{out}"
    world.put("context_workers", "{ plugin: cheat, id: it, params: { mode: repaint } }")
    out = call(world.work, "lookahead", "demo", env={"COLUMNS": "100"}, expected=BIASED).out
    assert shown[1] in out, f"docs/bias.md says\n{shown[1]}\nfound\n{out}"


def leaves_nothing(world):
    names = sorted(p.name for p in world.work.iterdir())
    assert names == ["config", "demo", "plugins"], names


def main():
    if harness.sample() is None:
        return
    with harness.folder(is_checked=False) as name:
        root = pathlib.Path(name)
        examples(root)
        made_of_trades(root)
        world = World(root / "world")
        for part in (repaints, remembers, does_not_repeat, foretells, says_what_is_wrong,
                     stops, page, leaves_nothing):
            part(world)
            print(f"{part.__name__}: holds")


if __name__ == "__main__":
    main()
