#!/usr/bin/env python3
"""Completion in the shells themselves: bash always, zsh and fish where they are there. The words come
from the table of commands, so every command and option of docs/cli.md must be among them."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import harness
from harness import call


def words(work, *line):
    """The candidates for the last word, without what they mean."""
    out = call(work, "completion", "words", *line).out
    return [entry.split("\t")[0] for entry in out.splitlines()]


def table_is_whole(work):
    text = (harness.SOURCE / "docs/cli.md").read_text()
    sections = re.split(r"^## s1mpletrader ", text, flags=re.M)[1:]
    assert len(sections) > 20
    for section in sections:
        name = section.split("\n")[0].split()
        assert name[0] in words(work, ""), name
        if len(name) == 2:
            assert name[1] in words(work, name[0], ""), name
        found = words(work, *name, "--")
        for option in re.findall(r"`(--[a-z-]+)", section.split("```sh")[0].split("| option")[1]):
            assert option in found, (name, option, found)
        for option, choices in re.findall(r"`--([a-z-]+) \w+` \| [^|\n]*: ((?:`\w+`(?:, )?)+)", section):
            expected = re.findall(r"`(\w+)`", choices)
            assert words(work, *name, f"--{option}", "") == expected, (name, option)


def values(work):
    """What depends on this place: plugins, strategies, results, the option before."""
    assert words(work, "plugins", "show", "rsi_c") == ["rsi_calculator"]
    assert words(work, "plugins", "check", "rsi_calculator", "macd_c") == ["macd_calculator"]
    assert words(work, "plugins", "new", "") == []  # a new name
    assert words(work, "plugins", "new", "x", "--type", "planning", "--subtype", "") == [
        "entry_planning", "exit_planning", "size_planning", "order_routing"]
    assert len(words(work, "plugins", "new", "x", "--subtype", "")) == 27
    assert words(work, "plugins", "new", "x", "-t", "th") == ["threat"]
    assert words(work, "plugins", "new", "x", "--type=th") == ["--type=threat"]
    assert words(work, "plugins", "new", "x", "--type", "=", "th") == ["threat"]  # as bash splits
    assert "--json" not in words(work, "version", "--json", "--")
    assert "--capability" in words(work, "plugins", "new", "--capability", "state", "--")
    assert words(work, "plugins", "new", "--", "--") == []
    assert words(work, "init", "") == [":dirs"]
    assert words(work, "data", "import", "") == [":files"]
    assert words(work, "data", "import", "a.csv", "") == []
    call(work, "init", "config")
    runs = sorted(path.stem for path in (harness.SOURCE / "config/runs").glob("*.yaml"))
    assert "demo" in runs and words(work, "validate", "") == runs + ["operation"]
    assert words(work, "backtest", "dem") == ["demo"]
    (work / "elsewhere/runs").mkdir(parents=True)
    (work / "elsewhere/runs/mine.yaml").write_text("x: 1\n")
    assert words(work, "validate", "--config", "elsewhere", "") == ["mine"]
    assert words(work, "validate", "--config", "") == [":dirs"]
    assert words(work, "no", "such", "") == []
    assert words(work, "help", "results", "") == ["list", "show", "compare", "report", "check"]
    assert set(words(work, "explain", "")) >= {"diff", ":dirs"}
    assert call(work, "completion", "words").out == ""
    call(work, "completion", "tcsh", expected=2)


def results(work):
    """Runs that are there, by their folder."""
    sample = next((path for path in harness.SAMPLES if path.exists()), None)
    if sample is None:
        print("skipped: no sample to run on")
        return
    harness.import_bars(work, sample, timeframe="1h", profile="backtesting")
    call(work, "backtest", "demo", "--results", "runs/first")
    assert words(work, "results", "show", "runs/f") == ["runs/first", ":dirs"]
    assert "runs/first" in words(work, "explain", "ru")
    assert "runs/first" in words(work, "explain", "diff", "runs/first", "ru")


def shell_environment(work):
    return harness.environment(PATH=f"{harness.BUILD}:{os.environ['PATH']}", HOME=str(work))


def run_shell(work, *command):
    done = subprocess.run(command, cwd=work, env=shell_environment(work), text=True,
                          capture_output=True, timeout=60, check=False)
    assert done.returncode == 0 and done.stderr == "", (command, done)
    return done.stdout.split("\n")[:-1]


def bash(work):
    script = work / "completion.bash"
    script.write_text(call(work, "completion", "bash").out)

    def typed(*line):
        quoted = " ".join(f"'{word}'" for word in line)
        return run_shell(work, "bash", "--norc", "-c",
                         f"source {script}; COMP_WORDS=(s1mpletrader {quoted}); "
                         f"COMP_CWORD={len(line)}; _s1mpletrader; printf '%s\\n' \"${{COMPREPLY[@]}}\"")

    assert run_shell(work, "bash", "--norc", "-c", f"source {script}; complete -p s1mpletrader") == [
        "complete -F _s1mpletrader s1mpletrader"]
    assert typed("plu") == ["plugins"]
    assert typed("plugins", "") == ["list", "show", "check", "new", "test"]
    assert typed("plugins", "new", "x", "--type", "=", "op") == ["opportunity"]
    assert typed("plugins", "show", "macd") == ["macd_calculator"]
    (work / "a folder").mkdir()
    (work / "a file.csv").write_text("")
    assert typed("init", "a") == ["a folder"]
    assert sorted(typed("data", "import", "a")) == ["a file.csv", "a folder"]


def zsh(work):
    if shutil.which("zsh") is None:
        print("skipped: no zsh")
        return
    script = work / "_s1mpletrader"
    script.write_text(call(work, "completion", "zsh").out)

    def typed(*line):
        quoted = " ".join(f"'{word}'" for word in ("s1mpletrader", *line))
        return run_shell(work, "zsh", "-f", "-c",
                         "compdef() { print compdef $@ }; _files() { print files $@ }; "
                         "_describe() { print -l -- ${(P)2} }; "
                         f"source {script} > /dev/null; words=({quoted}); CURRENT={len(line) + 1}; "
                         "_s1mpletrader; true")

    assert run_shell(work, "zsh", "-f", "-c", f"compdef() {{ print $@ }}; source {script}") == [
        "_s1mpletrader s1mpletrader"]
    assert [w.split(":")[0] for w in typed("plugins", "")] == ["list", "show", "check", "new", "test"]
    assert typed("plugins", "show", "rsi_c")[0].startswith("rsi_calculator:Wilder")
    assert typed("init", "") == ["files -/"]
    assert typed("data", "import", "x") == ["files"]


def fish(work):
    if shutil.which("fish") is None:
        print("skipped: no fish")
        return
    script = work / "s1mpletrader.fish"
    script.write_text(call(work, "completion", "fish").out)

    def typed(line):
        found = run_shell(work, "fish", "--no-config", "-c", f"source {script}; complete -C '{line}'")
        return [entry.split("\t")[0] for entry in found]

    assert typed("s1mpletrader plu") == ["plugins"]
    assert sorted(typed("s1mpletrader plugins ")) == ["check", "list", "new", "show", "test"]
    assert typed("s1mpletrader plugins show rsi_c") == ["rsi_calculator"]
    assert "a folder/" in [w.replace("\\", "") for w in typed("s1mpletrader init a")]


def main():
    with tempfile.TemporaryDirectory(dir=os.environ.get("S1_TEST_TMP")) as folder:
        work = pathlib.Path(folder)
        table_is_whole(work)
        values(work)
        results(work)
        bash(work)
        zsh(work)
        fish(work)


if __name__ == "__main__":
    main()
