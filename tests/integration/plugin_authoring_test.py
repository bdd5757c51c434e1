#!/usr/bin/env python3
"""`plugins new` and `plugins test`: what is not possible is refused and leaves nothing behind; what is
wrong with a plugin ends with the exit code of its cause. plugin_table_test.py compiles them all."""

import itertools
import json
import os
import pathlib
import shutil
import tempfile

import harness
from harness import call, has

SUBTYPES = {
    "context": ["regime_classification", "structural_analysis", "indicator_calculation",
                "microstructure_analysis", "temporal_context", "sentiment_enrichment",
                "fundamental_enrichment"],
    "opportunity": ["technical_pattern", "momentum_signal", "mean_reversion",
                    "statistical_arbitrage", "event_driven", "sentiment_signal", "ml_prediction"],
    "threat": ["portfolio_risk", "market_risk", "system_health", "strategy_performance",
               "external_event"],
    "planning": ["entry_planning", "exit_planning", "size_planning", "order_routing"],
    "execution": ["trade_initiation", "position_management", "risk_safety", "operational"],
}
CAPABILITIES = [list(c) for n in range(4) for c in itertools.combinations(
    ["state", "events", "journaling"], n)]
WARNINGS = ("-O1 -g0 -Werror -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wdouble-promotion "
            "-Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wswitch-enum -Wundef -Wcast-qual")


def environment():
    """CFLAGS of the generated code: more warnings, and the sanitizers of the build under test."""
    build = json.loads(call(".", "version", "--json").out)["build"]
    sanitize = {"address": "-fsanitize=address,undefined", "thread": "-fsanitize=thread"}
    flags = next((flag for name, flag in sanitize.items() if name in str(build)), "")
    return {"CFLAGS": f"{flags} -Werror=implicit-function-declaration" if flags else WARNINGS}


def arguments_of(kind, subtype, capabilities, params=(), requires=(), provides=()):
    words = ["--type", kind, "--subtype", subtype]
    for option, values in (("--capability", capabilities), ("--param", params),
                           ("--requires", requires), ("--provides", provides)):
        words += [w for value in values for w in (option, value)]
    return words


def every_pair_is_written(work):
    """All 27 x 8 folders; the manifest is read by the product as it is written."""
    count = 0
    for kind, subtypes in SUBTYPES.items():
        for subtype, capabilities in itertools.product(subtypes, CAPABILITIES):
            done = call(work, "plugins", "new", f"w{count}", "--output", "all", "--json",
                        *arguments_of(kind, subtype, capabilities))
            files = json.loads(done.out)
            assert sorted(files["files"]) == sorted(
                ["manifest.yaml", "worker.c", "README.md", "Makefile", "CMakeLists.txt",
                 f"tests/w{count}_test.c"])
            found = sorted(str(p.relative_to(work / files["dir"]))
                           for p in (work / files["dir"]).rglob("*") if p.is_file())
            assert found == sorted(files["files"]), found
            count += 1
    assert count == 216
    listed = json.loads(call(work, "plugins", "list", "--plugins", "all", "--json").out)
    assert len(listed) == 216  # their manifests are read; the libraries are not there yet
    shutil.rmtree(work / "all")


def requests_are_refused(work):
    """Every refusal tells what was found, is usage, and leaves nothing behind."""
    base = ["plugins", "new"]
    cases = [
        (["Bad", "--type", "context"], 2, "lower case"),
        (["9lives", "--type", "context"], 2, "a letter first"),
        (["x", "--type", "contexts"], 2, "--type"),
        (["x"], 2, "missing --type"),
        (["x", "--type", "context", "--subtype", "momentum_signal"], 2, "regime_classification"),
        (["x", "--type", "threat", "--provides", "y"], 2, "only context workers"),
        (["x", "--type", "context", "--param", "p"], 2, "name:type"),
        (["x", "--type", "context", "--param", "p:number"], 2, "name:type"),
        (["x", "--type", "context", "--param", "p:enum"], 2, "values of an enum"),
        (["x", "--type", "context", "--param", "p:int=many"], 2, "many"),
        (["x", "--type", "context", "--param", "p:int=1", "--param", "p:int=2"], 2, "before"),
        (["x", "--type", "context", "--requires", "a b"], 2, "column"),
        (["x", "--type", "context", "--requires", "A/B@1h.close", "--requires", "C/D@1h.close"], 2,
         "one other stream"),
        (["x", "--type", "context", "--requires", "A/B@1h.ema_3"], 2, "of another stream"),
        (["x", "--type", "context", "--requires", "ema_{p}"], 2, "--param"),
        (["x", "--type", "context", "--description", "a */ b"], 2, "*/"),
        (["x", "--type", "context", "--capability", "schedule"], 2, "state"),
    ]
    for words, code, text in cases:
        done = call(work, *base, *words, "--output", "out/deep", expected=code)
        has(done.err, text)
        assert not (work / "out").exists(), words
    call(work, *base, "x", "--type", "context", "--output", "out/deep")
    before = sorted((work / "out").rglob("*"))
    has(call(work, *base, "x", "--type", "threat", "--output", "out/deep", expected=6).err,
        "nothing was written")
    assert sorted((work / "out").rglob("*")) == before
    shutil.rmtree(work / "out")


def causes(work, env):
    """Each way not to pass, by its exit code; both answers of a failed test and a passed gate."""
    call(work, "plugins", "new", "mine", "--type", "opportunity", "--capability", "state")
    worker = work / "mine/worker.c"
    sound = worker.read_text()

    def tried(change_from, change_to, code, step, text):
        assert change_from in sound, change_from
        worker.write_text(sound.replace(change_from, change_to))
        done = call(work, "plugins", "test", "mine", "--json", expected=code, env=env)
        report = json.loads(done.out)
        failed = [s for s in report["steps"] if s["state"] == "failed"]
        assert failed and failed[0]["name"] == step, report
        has(" ".join(s["text"] for s in failed), text)
        return report

    idea = "S1_CONDITION(context, me->rises, now, GT, before)"
    tried("s1_opportunity_id id;", "s1_no_such_type id;", 5, "build", "s1_no_such_type")
    tried("0.1.0\", &ops", "0.2.0\", &ops", 5, "check", "0.2.0")
    tried("#include <stdlib.h>", "#include <stdlib.h>\n#include <time.h>\n#define calloc(a, b) "
          "((void)time(NULL), calloc(a, b))", 5, "check", "'time'")
    tried(idea, "S1_CONDITION(context, me->rises, now, LT, before)", 9, "tests", "signals_a_rise")
    if "sanitize" not in env["CFLAGS"]:
        report = tried("const double now = s1_series_last", "if (s1_series_rows(me->in.close) == "
                       "30) { __builtin_trap(); }\n    const double now = s1_series_last",
                       9, "tests", "illegal instruction")
        assert report["steps"][3]["state"] == "failed"  # the gate told of its own crash
    report = tried(idea, f"(getpid(), {idea})", 5, "build", "getpid")
    worker.write_text(sound.replace("static s1_rc account", "static uint64_t lives;\nstatic s1_rc account")
                      .replace("    me->host = host;", "    me->host = host;\n    lives++;")
                      .replace(idea, f"s1_series_rows(me->in.close) == 300 + lives % 2 || {idea}"))
    (work / "mine/tests/mine_test.c").unlink()
    done = call(work, "plugins", "test", "mine", expected=9, env=env)
    has(done.out, "second run", "skipped  tests: no tests")
    worker.write_text(sound)
    has(call(work, "plugins", "test", "mine", env=env).out, "mine: passed")
    has(call(work, "plugins", "test", "mine", expected=7, env={**env, "PATH": "/nowhere"}).out,
        "no C compiler")
    has(call(work, "plugins", "test", "mine", expected=7, env={**env, "CC": "no-such-cc"}).out,
        "no C compiler: CC")
    has(call(work, "plugins", "test", "nothing", expected=7).err, "expected the folder of a plugin")
    has(call(work, "plugins", "test", "mine", "--sdk", "/nowhere", expected=7).err, "plugin.h")
    has(call(work, "plugins", "test", "mine", "--bars", "no.csv", expected=7, env=env).err, "no.csv")
    has(call(work, "plugins", "test", "mine", "--params", "{x: 1}", expected=5, env=env).out, "x")
    rows = "\n".join(f"{1.1 + i % 7 * 0.01:.5f},{1.2:.5f},{1.0:.5f},{1.1 + i % 5 * 0.01:.5f},3"
                     for i in range(120))
    (work / "bars.csv").write_text("open,high,low,close,volume\n" + rows + "\n")
    has(call(work, "plugins", "test", "mine", "--bars", "bars.csv", env=env).out, "120 bars")
    call(work, "plugins", "new", "quiet", "--type", "context", "--provides", "a", "--provides", "b")
    source = work / "quiet/worker.c"
    source.write_text(source.read_text().replace("s1_column_put(me->out.b, value);", ""))
    (work / "quiet/tests/quiet_test.c").unlink()
    has(call(work, "plugins", "test", "quiet", env=env).out, "400 values; NaN on every bar: b")
    built = harness.BUILD / "plugins/context_workers/indicator_calculation/rsi_calculator"
    has(call(work, "plugins", "test", built).out, "taken as built", "rsi_calculator: passed")
    manifest = work / "mine/manifest.yaml"
    manifest.write_text(manifest.read_text().replace("mine.so", "other_name.so"))
    shutil.rmtree(work / "mine/build")
    has(call(work, "plugins", "test", "mine", env=env).out, "mine: passed")
    manifest.write_text("identification: {}\n")
    has(call(work, "plugins", "test", "mine", expected=3, env=env).err, "identification.name")


def main():
    env = environment()
    with tempfile.TemporaryDirectory(dir=os.environ.get("S1_TEST_TMP")) as folder:
        work = pathlib.Path(folder)
        requests_are_refused(work)
        every_pair_is_written(work)
        causes(work, env)


if __name__ == "__main__":
    main()
