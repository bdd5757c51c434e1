#!/usr/bin/env python3
"""Every documented exit code by its cause, `--json` of every command, NO_COLOR, and help with
examples."""

import json
import os
import pathlib
import pty
import re
import shutil
import signal
import subprocess
import time

import harness
from harness import call, has

# The top-level keys of --json; a list where the document is a list of such.
KEYS = {
    ("version",): {"abi_major", "abi_minor", "build", "compiler", "version"},
    ("doctor",): {"checks", "faults"},
    ("validate",): {"errors", "faults", "files", "valid", "warnings"},
    ("plugins", "list"): [{"author", "capabilities", "description", "dir", "display_name", "fault",
                           "feeds", "lookback", "models", "name", "parameters",
                           "provides_columns", "requires_columns", "requires_context", "subtype",
                           "type", "uses_columns", "version"}],
    ("plugins", "show", "ema_detector"): {
        "author", "capabilities", "description", "dir", "display_name", "fault", "feeds", "lookback",
        "models", "name", "parameters", "provides_columns", "requires_columns", "requires_context",
        "subtype", "type", "uses_columns", "version"},
    ("plugins", "check"): [{"name", "reason", "sound"}],
    ("results", "list", "."): [{"asset_pair", "max_drawdown", "results", "run_id", "sharpe",
                                "strategy_link_id", "timeframe", "total_return", "trades"}],
    ("results", "show", "r"): {"conventions", "diagnostics", "metrics", "results", "run"},
    ("explain", "r", "--rejected"): {"children", "count", "kind", "text"},
    ("journal", "verify", "r"): {"blocks", "entries", "head", "sound", "stated", "torn_bytes"},
    ("backtest", "demo", "--results", "json"): {"bars", "engine_ns", "results", "runs", "total_ns",
                                                "workers"},
}
MINUTES = ["backtest", "demo", "--results", "no", "--set", "data[0].timeframe=1m", "--set",
           "data_sources.eurusd_1h_archive.timeframe=1m"]
COMMANDS = [("init",), ("validate",), ("data", "import"), ("backtest",), ("results", "list"),
            ("results", "show"), ("explain",), ("explain", "diff"), ("journal", "show"), ("journal", "verify"),
            ("plugins", "list"), ("plugins", "show"), ("plugins", "check"), ("plugins", "new"),
            ("plugins", "test"), ("migrate",), ("completion",), ("doctor",),
            ("version",)]


def documented():
    """The table of docs/cli.md."""
    text = (harness.SOURCE / "docs/cli.md").read_text()
    return {int(code): name for code, name in re.findall(r"^\| (\d+) \| `(\w+)` \|", text, re.M)}


def interrupted(work):
    """ctrl-C in a run that is long enough to be hit."""
    harness.minute_bars(work / "minutes.csv", 150_000)
    harness.import_bars(work, work / "minutes.csv", timeframe="1m", profile="w1")
    for delay in (0.15, 0.1, 0.2, 0.3, 0.07, 0.4):
        process = subprocess.Popen(harness.command(*MINUTES), cwd=work, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, env=harness.environment())
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        if process.returncode == 130:
            return err
        shutil.rmtree(work / "no", ignore_errors=True)
    raise AssertionError(f"never interrupted, last exit code {process.returncode}")


def causes(work):
    """Exit code by cause: what a caller may rely on."""
    bad = work / "bad.csv"
    bad.write_text(",Open,High,Low,Close,Volume\n2017-04-19 09:00:00,1,2,oops,1,1\n")
    (work / "empty").mkdir()
    journal = (work / "r/journal.jsonl").read_text().splitlines(keepends=True)
    shutil.copytree(work / "r", work / "forged")
    (work / "forged/journal.jsonl").write_text("".join(journal[:9] + journal[10:]))
    importing = ["--profile", "backtesting", "--pair", "EUR/USD", "--timeframe", "1h", "--archive",
                 "other"]
    cases = [
        (0, ["version"]), (0, ["--help"]), (0, ["backtest", "--help"]),
        (2, []), (2, ["backtes"]), (2, ["backtest"]), (2, ["backtest", "demo", "--nonsense"]),
        (2, ["backtest", "demo", "--threads", "many"]), (2, ["data", "import"]),
        (2, ["explain", "r"]), (2, ["backtest", "demo", "--rerun", "r"]),
        (3, ["backtest", "demo", "--set", "operators.operators[0].execution_strategy=PARALLEL"]),
        (3, ["validate", "--set", "platform.journal.level=loud"]),
        (4, ["data", "import", "bad.csv", *importing]),
        (4, ["journal", "verify", "forged"]),
        (4, ["backtest", "demo", "--from", "2031-01-01"]),
        (5, ["plugins", "check", "broken", "--plugins", "plugins"]),
        (6, ["backtest", "demo", "--results", "r"]),
        (6, ["init", "config"]),
        (7, ["backtest", "dem"]), (7, ["backtest", "demo", "--config", "nowhere"]),
        (7, ["results", "show", "nowhere"]), (7, ["plugins", "show", "ema"]),
        (7, ["explain", "r", "ffffffffffff"]), (7, ["data", "import", "none.csv", *importing]),
        (8, ["doctor", "--plugins", "empty"]),
        (9, ["explain", "diff", "r", "same_close"]),
    ]
    (work / "plugins/broken").mkdir(parents=True)
    (work / "plugins/broken/manifest.yaml").write_text("identification: 7\n")
    call(work, "backtest", "demo", "--results", "same_close", "--set",
         "environments.backtest_eurusd_1h.simulation.fill_rule=same_close")
    seen = {}
    for code, arguments in cases:
        done = call(work, *arguments, expected=None)
        if done.code != code:
            raise AssertionError(f"{arguments}: expected {code}, {done}")
        seen.setdefault(code, []).append(" ".join(arguments))
        if code not in (0, 8, 9):
            text = call(work, *arguments, "--json", expected=code).err if arguments else None
            check_error(text, code)
    has(interrupted(work), "stopped")
    seen[130] = ["ctrl-C"]
    done = call(work, *MINUTES, "--set", "platform.limits.context_memory_mib=1", expected=1)
    has(done.err, "the limit of 1048576 bytes")
    seen[1] = ["a limit"]
    seen[10] = ["storage_failure_test.py"]
    seen[11] = ["lookahead_test.py"]
    assert set(seen) == set(documented()), (sorted(seen), sorted(documented()))
    assert not list(work.glob("no*"))


def check_error(text, code):
    """With --json an error is one object on stderr, but where stdout tells it (faults, verdicts)."""
    if not text or not text.strip():
        return
    error = json.loads(text)["error"]
    assert set(error) == {"name", "cause", "exit_code", "message"}, error
    assert error["exit_code"] == code and error["cause"] == documented()[code], error
    assert error["message"], error


def documents(work):
    """--json of every command is one document with the keys that were promised."""
    for arguments, keys in KEYS.items():
        found = json.loads(call(work, *arguments, "--json").out)
        if isinstance(keys, list):
            assert isinstance(found, list) and found, arguments
            found, keys = found[0], keys[0]
        assert set(found) == keys, (arguments, sorted(found))
    lines = call(work, "journal", "show", "r", "--json").out.splitlines()
    kinds = [json.loads(line)["type"] for line in lines]
    assert kinds[0] == "RUN_STARTED" and kinds[-1] == "RUN_FINISHED"
    own = json.loads(call(work, "init", "own", "--json").out)
    assert isinstance(own, dict) and own
    imported = json.loads(call(work, "data", "import", harness.sample(), "--profile", "backtesting",
                               "--pair", "EUR/USD", "--timeframe", "1h", "--archive", "demo/archive",
                               "--json").out)
    assert imported


def on_terminal(work, *arguments, **changes):
    """What a person sees: the output of a command on a pseudo-terminal."""
    master, slave = pty.openpty()
    process = subprocess.Popen(harness.command(*arguments), cwd=work, stdout=slave, stderr=slave,
                               stdin=slave, env=harness.environment(TERM="xterm", **changes))
    os.close(slave)
    text = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError: # the other end is closed
            break
        if not part:
            break
        text += part
    os.close(master)
    assert process.wait(timeout=20) == 0
    return text.decode()


def colours(work):
    escape = "\x1b["
    plain = on_terminal(work, "results", "show", "r", NO_COLOR="1")
    assert escape + "3" not in plain and escape + "1m" not in plain, plain
    assert escape in on_terminal(work, "results", "show", "r")
    assert escape not in call(work, "results", "show", "r").out


def helps(work):
    for names in COMMANDS:
        text = call(work, *names, "--help").out
        has(text, "s1mpletrader " + " ".join(names), "--json")
        examples = [line for line in text.splitlines()
                    if line.strip().startswith("s1mpletrader " + " ".join(names))]
        assert examples, f"{names}: at least one example expected in\n{text}"


def main():
    with harness.folder(is_checked=False) as name:  # it forges a journal
        work = pathlib.Path(name)
        if not harness.demo(work):
            return
        call(work, "backtest", "demo", "--results", "r")
        for part in (causes, documents, colours, helps):
            part(work)
            print(f"{part.__name__}: holds")


if __name__ == "__main__":
    main()
