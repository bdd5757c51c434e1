#!/usr/bin/env python3
"""Every type, subtype and set of capabilities `plugins new` knows gives a plugin that compiles
without a warning, is accepted, passes its tests and the gate, as it was generated."""

import concurrent.futures
import json
import os
import pathlib
import shutil
import tempfile

from harness import call
from plugin_authoring_test import CAPABILITIES, SUBTYPES, arguments_of, environment

# One of every type of parameter, with and without a default; names that C has for itself.
PARAMS = ["period:int=14", "factor:float=1.5", "is_on:bool=true", "label:string=a \"b\" \\c",
          "money:decimal=1.25", "pause:duration=4h", "mode:enum:fast,slow=fast",
          "periods:int_list=12,26", "weights:float_list=0.5,0.5", "names:string_list=a,b",
          "for:int", "double:string", "need_list:int_list", "need_mode:enum:x,y", "need:duration"]


def table():
    """Every subtype, every set of capabilities of every type; S1_DEEP=1 takes all pairs."""
    for kind, subtypes in SUBTYPES.items():
        if os.environ.get("S1_DEEP") == "1":
            yield from ((kind, s, c) for s in subtypes for c in CAPABILITIES)
            continue
        for i in range(max(len(subtypes), len(CAPABILITIES))):
            yield kind, subtypes[i % len(subtypes)], CAPABILITIES[i % len(CAPABILITIES)]


def one(work, env, number, kind, subtype, capabilities, **more):
    name = f"p{number}_{kind}"
    call(work, "plugins", "new", name, *arguments_of(kind, subtype, capabilities, **more))
    done = call(work, "plugins", "test", name, "--json", expected=None, env=env)
    report = json.loads(done.out)
    assert done.code == 0 and report["passed"], f"{name} {subtype} {capabilities}: {done}"
    states = {step["name"]: step["state"] for step in report["steps"]}
    assert states == dict.fromkeys(["build", "check", "tests", "gate"], "ok"), states
    assert report["steps"][0]["text"] == "", report["steps"][0]["text"]  # no warning
    shutil.rmtree(work / name)
    return name


def every_kind_passes(work, env):
    jobs = [(i, *row) for i, row in enumerate(table())]
    if "sanitize" in env["CFLAGS"]:  # each takes many times as long to build
        jobs = jobs[::5]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(one, work, env, *job) for job in jobs]
        for kind in SUBTYPES:  # with every type of parameter, and columns named by them
            futures.append(pool.submit(
                one, work, env, 100 + len(futures), kind, SUBTYPES[kind][0], ["state"],
                params=PARAMS,
                requires=["close", "atr_{period}", "band_{mode}", "volume", "ETH/USD@1h.close",
                          "is_bos"],
                provides=["out_{period}_{mode}", "other"] if kind == "context" else []))
        done = [future.result() for future in futures]
    print(f"{len(done)} plugins generated, built, tested and through the gate")


def main():
    env = environment()
    with tempfile.TemporaryDirectory(dir=os.environ.get("S1_TEST_TMP")) as folder:
        every_kind_passes(pathlib.Path(folder), env)


if __name__ == "__main__":
    main()
