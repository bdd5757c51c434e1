#!/usr/bin/env python3
"""What a plugin may do because its manifest says so, tried with plugins compiled here against the
SDK headers alone and dropped into the plugins folder."""

import json
import pathlib
import shutil
import sys

import harness
from harness import call, entries, has

sys.path.insert(0, str(pathlib.Path(__file__).parent / "plugins"))
import build  # noqa: E402

EVENT = "  - { event_name: ProbeSpoke, payload_dto: JSON, category: worker, description: a test }\n"


class World:
    """The demo's configuration with a probe among its detectors."""

    def __init__(self, work):
        self.work = work
        self.blueprint = work / "config/runs/demo.yaml"
        self.events = work / "config/event_map.yaml"
        shutil.copytree(harness.BUILD / "plugins", work / "plugins")
        harness.replace(work / "config/platform.yaml",
                        ("plugins_root_path: plugins", f"plugins_root_path: {work}/plugins"))
        self.events.write_text(self.events.read_text() + EVENT)
        self.text = self.blueprint.read_text()

    def run(self, name, mode, *options, bytes_=64, expected=0, more=()):
        self.blueprint.write_text(self.text)
        harness.replace(self.blueprint, ("  opportunity_workers:\n",
                                         "  opportunity_workers:\n    - { plugin: probe, id: it, "
                                         f"params: {{ mode: {mode}, bytes: {bytes_} }} }}\n"),
                        *more)
        return call(self.work, "backtest", "demo", "--results", name, *options,
                    expected=expected)

    def notes(self, name, event):
        return [e for e in entries(self.work / name, "WORKER_NOTE")
                if e["details"]["event"] == event]

    def is_clean(self, name):
        return not (self.work / name).exists() and not (self.work / f"{name}.partial").exists()


def dropped_in(world):
    """A folder in the plugins folder is all it takes."""
    before = json.loads(call(world.work, "plugins", "list", "--plugins", "plugins", "--json").out)
    for name in ("probe", "hearer", "holey"):
        build.build(world.work / "plugins", name, f"{name}.c")
    after = json.loads(call(world.work, "plugins", "list", "--plugins", "plugins", "--json").out)
    names = [{p["name"] for p in listing} for listing in (before, after)]
    assert names[1] - names[0] == {"probe", "hearer", "holey"}, names
    call(world.work, "plugins", "check", "probe", "hearer", "holey", "--plugins", "plugins")
    has(call(world.work, "plugins", "show", "probe", "--plugins", "plugins").out,
        "probe 1.0.0", "state, events, journaling", "Tries one capability.")


def events(world):
    """One worker speaks, another hears it in the same tick and writes it down."""
    hears = ("  threat_workers:\n", "  threat_workers:\n    - { plugin: hearer }\n")
    world.run("heard", "event", more=[hears])
    heard = world.notes("heard", "HEARD")
    assert [e["details"]["details"]["tick"] for e in heard] == list(range(500, 5001, 500)), heard
    assert all(e["worker"] == "hearer" for e in heard)
    world.run("unheard", "event")
    assert world.notes("unheard", "HEARD") == []
    done = world.run("no", "undeclared", expected=5)
    has(done.err, "'it'", "'RunFinished' is not declared in the manifest of probe", "ProbeSpoke")
    text = world.events.read_text()
    world.events.write_text(text.replace(EVENT, ""))
    has(world.run("no", "event", expected=3), "ProbeSpoke")
    world.events.write_text(text.replace("ProbeSpoke, payload_dto: JSON",
                                         "ProbeSpoke, payload_dto: TradingContext"))
    has(world.run("no", "event", expected=3), "ProbeSpoke", "JSON")
    world.events.write_text(text)
    assert world.is_clean("no")


def state(world):
    """The last commit stands in a file of link and instance; more than 64 KiB is refused."""
    world.run("state", "state")
    path = world.work / "state/state/demo/it/state.json"
    envelope = json.loads(path.read_text())
    assert envelope["state"]["tick"] == 5000, envelope
    assert {"generation", "length", "crc32c"} <= set(envelope)
    world.run("large", "state", bytes_=65536)
    assert (world.work / "large/state/demo/it/state.json").stat().st_size > 65536
    done = world.run("no", "state", bytes_=65537, expected=5)
    has(done.err, "worker it failed in tick 100", "65537 bytes", "at most 65536")
    assert world.is_clean("no")


def denied(world):
    done = world.run("no", "peek", expected=5)
    has(done.err, "'it'", "'volume' is not declared in the manifest of probe", "close")
    has(world.run("no", "bad_json", expected=5).err, "worker it failed in tick 500")
    assert world.is_clean("no")


def holes(world):
    """A row nobody wrote is NaN, not what stood in memory and not the value before."""
    world.run("holes", "holes", more=[("  opportunity_workers:\n", "    - { plugin: holey }\n"
                                       "  opportunity_workers:\n")])
    found = world.notes("holes", "HOLES")[1:]  # the first tick has no row before it
    assert len(found) >= 99
    for note in found:
        details = note["details"]["details"]
        assert details["nan"] == [details["tick"] % 2 == 0, details["tick"] % 2 == 1], details
    done = world.run("no", "holes", expected=7)
    has(done.err, "nobody provides column 'sometimes', which is optional")


def chance(world):
    """Numbers by seed, link and instance: the same in every rerun, others with another seed."""
    world.run("one", "random")
    world.run("two", "random")
    call(world.work, "backtest", "--rerun", "one", "--results", "three")
    world.run("four", "random", "--seed", "2")
    drawn = [[e["details"]["details"]["drawn"] for e in world.notes(name, "RANDOM")]
             for name in ("one", "two", "three", "four")]
    assert len(set(drawn[0])) == 10 and drawn[0] == drawn[1] == drawn[2] != drawn[3], drawn
    harness.same(world.work / "one", world.work / "three")


def main():
    with harness.folder() as name:
        work = pathlib.Path(name)
        if not harness.demo(work):
            return
        world = World(work)
        for part in (dropped_in, events, state, denied, holes, chance):
            part(world)
            print(f"{part.__name__}: holds")


if __name__ == "__main__":
    main()
