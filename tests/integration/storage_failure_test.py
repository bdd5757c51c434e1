#!/usr/bin/env python3
"""What a person sees when the disk fails under a backtest: the run stops with an exit code of its
own, says what happened, leaves nothing behind, tells a worker that listens to AlertRaised, and sends
no order any more. And: one writer at a time."""

import fcntl
import json
import os
import pathlib
import shutil
import signal
import sys

import harness
from harness import call, has

sys.path.insert(0, str(pathlib.Path(__file__).parent / "plugins"))
import build  # noqa: E402

SHIM = harness.BUILD / "tests/fault_shim.so"
STORAGE = 10


def failing(path, calls, at, errno, for_ever=False):
    """The environment in which the at-th such call under a path fails."""
    return {"LD_PRELOAD": str(SHIM), "S1_SHIM_PATH": str(path), "S1_SHIM_CALLS": calls,
            "S1_SHIM_AT": str(at), "S1_SHIM_DO": str(errno),
            "S1_SHIM_FOREVER": "1" if for_ever else "0",
            "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"}


def is_clean(work, name):
    return not [p.name for p in work.iterdir() if p.name.startswith(name)]


def journal_fails(work):
    """A write to the journal, with any errno. (Of a longer one that is written in several pieces
    any may fail: test_held_failure.)"""
    for errno, text in ((28, "No space left"), (5, "Input/output error"), (122, "quota")):
        name = f"failed-{errno}"
        path = f"{name}.partial/journal"
        done = call(work, "backtest", "demo", "--results", name, expected=STORAGE,
                    env=failing(path, "write", 1, errno))
        has(done.err, "the journal cannot be written, the run stopped", text)
        assert is_clean(work, name), list(work.iterdir())
    done = call(work, "backtest", "demo", "--results", "failed", "--json", expected=STORAGE,
                env=failing("failed.partial/journal", "write", 1, 28))
    error = json.loads(done.out or done.err)["error"]
    assert error["exit_code"] == STORAGE and error["cause"] == "storage", error


def alert_is_heard(work):
    """A worker that listens to AlertRaised hears of it. It cannot say so any more (its journal and
    its log are gone with the run), so this one traps when the code is STORAGE_FAILED."""
    build.build(work / "plugins", "alarmed", "alarmed.c")
    config = work / "config/runs/demo.yaml"
    harness.replace(work / "config/platform.yaml",
                    ("plugins_root_path: plugins", f"plugins_root_path: {work}/plugins"))
    harness.replace(config, ("  threat_workers:\n", "  threat_workers:\n    - { plugin: alarmed }\n"))
    call(work, "backtest", "demo", "--results", "quiet")
    call(work, "backtest", "demo", "--results", "heard", expected=-signal.SIGILL,
         env=failing("heard.partial/journal", "write", 1, 5))


def one_writer(work):
    """A second run into a folder that is being written names who writes it."""
    path = work / "busy.lock"
    with open(path, "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        done = call(work, "backtest", "demo", "--results", "busy", expected=6)
        has(done.err, "results folder", "busy' is in use by process", str(os.getpid()))
        assert not (work / "busy.partial").exists()
    call(work, "backtest", "demo", "--results", "busy")  # a lock file nobody holds is taken over
    assert (work / "busy").is_dir() and not path.exists()


def main():
    with harness.folder(is_checked=False) as name:
        work = pathlib.Path(name)
        if not harness.demo(work):
            return
        shutil.copytree(harness.BUILD / "plugins", work / "plugins")
        for part in (journal_fails, one_writer, alert_is_heard):
            part(work)
            print(f"{part.__name__}: holds")


if __name__ == "__main__":
    main()
