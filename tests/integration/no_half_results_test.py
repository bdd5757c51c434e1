#!/usr/bin/env python3
"""A results folder is whole or absent: stopped, killed, on a full disk, in a folder nobody may
write, with nobody reading the output."""

import ctypes
import os
import random
import resource
import shutil
import signal
import subprocess
import tempfile
import pathlib
import time

import harness
from harness import call, has

BARS = 300_000
WHOLE = {"config", "context.parquet", "equity.parquet", "journal.jsonl", "result_metrics.json",
         "result_trades.csv", "run.json", "run.log.json", "state"}


def configuration(work):
    """The demo on one-minute bars, long enough to be stopped in the middle."""
    config = harness.config(work)
    harness.replace(config / "runs/demo.yaml", ("timeframe: 1h", "timeframe: 1m"))
    harness.replace(config / "data_sources.yaml", ("timeframe: 1h", "timeframe: 1m"))
    harness.minute_bars(work / "bars.csv", BARS)
    harness.import_bars(work, work / "bars.csv", timeframe="1m", profile="w1")


def leftovers(work):
    return sorted(path.name for path in work.iterdir()
                  if path.name not in ("config", "demo", "bars.csv"))


def start(work, *arguments, **options):
    return subprocess.Popen(harness.command(*arguments), cwd=work, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env=harness.environment(), **options)


def check_stop(work, number, delay):
    """One run, stopped after `delay`. Returns whether the signal came while it ran."""
    process = start(work, "backtest", "demo", "--results", "r")
    time.sleep(delay)
    process.send_signal(number)
    sent = time.monotonic()
    _, err = process.communicate(timeout=30)
    assert time.monotonic() - sent < 5, f"{number!r} after {delay}: went on for too long"
    if process.returncode == 0: # the signal came behind the last moment it could stop
        assert {p.name for p in (work / "r").iterdir()} == WHOLE
        shutil.rmtree(work / "r")
        assert leftovers(work) == []
        return False
    # Before main() installs its handlers a signal ends the process; nothing was begun then.
    if process.returncode != -number:
        assert process.returncode == 130, (process.returncode, err)
        lines = [line for line in err.splitlines() if "error" in line]
        assert len(lines) == 1 and "stopped" in lines[0], err
    assert leftovers(work) == [], (number, delay, leftovers(work))
    return process.returncode == 130


def stopped(work, chance, whole):
    """SIGINT and SIGTERM at random moments; the name is free afterwards."""
    caught = {number: sum(check_stop(work, number, chance.uniform(0.0, whole))
                          for _ in range(7))
              for number in (signal.SIGINT, signal.SIGTERM)}
    assert min(caught.values()) > 0, caught
    return caught


def killed(work, chance, whole):
    """SIGKILL leaves DIR.partial and a lock file nobody holds at most, and the next run of that name takes its place."""
    partials = 0
    for _ in range(4):
        process = start(work, "backtest", "demo", "--results", "k")
        time.sleep(chance.uniform(0.3 * whole, 0.8 * whole))
        process.kill()
        process.communicate(timeout=30)
        if process.returncode == 0:
            shutil.rmtree(work / "k")
            continue
        assert set(leftovers(work)) <= {"k.lock", "k.partial"}, leftovers(work)
        partials += (work / "k.partial").exists()
    assert partials > 0
    call(work, "backtest", "demo", "--results", "k", "--to", "2021-01-20")
    assert {p.name for p in (work / "k").iterdir()} == WHOLE and leftovers(work) == ["k"]
    shutil.rmtree(work / "k")


SHORT = ["backtest", "demo", "--to", "2021-01-20"]


def unwritable(work):
    """Folders that cannot be written, are not there, or are there already."""
    (work / "taken").mkdir()
    has(call(work, *SHORT, "--results", "taken", expected=6).err, "'taken' is there already")
    assert leftovers(work) == ["taken"] and list((work / "taken").iterdir()) == []
    (work / "taken").rmdir()
    (work / "file").write_text("no folder")
    has(call(work, *SHORT, "--results", "file/r", expected=6).err, "'file'")
    (work / "file").unlink()
    call(work, *SHORT, "--results", "missing/deep/r")
    assert {p.name for p in (work / "missing/deep/r").iterdir()} == WHOLE
    shutil.rmtree(work / "missing")
    (work / "locked").mkdir(mode=0o555)
    if os.geteuid() == 0: # root may write anywhere but in /sys
        has(call(work, *SHORT, "--results", "/sys/r", expected=6).err, "/sys/r")
        as_nobody(work)
    else:
        has(call(work, *SHORT, "--results", "locked/r", expected=6).err, "locked/r")
    assert list((work / "locked").iterdir()) == []
    (work / "locked").rmdir()


def as_nobody(work):
    """The same where permissions count: the program as a user who may read and not write."""
    for path in [work, *work.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)

    def become():
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)

    try:
        done = subprocess.run(harness.command(*SHORT, "--results", "locked/r"), cwd=work,
                              text=True, capture_output=True, check=False, preexec_fn=become,
                              timeout=60)
        assert done.returncode == 6, done
        has(done.stderr, "locked/r", "ermission denied")
    except PermissionError:
        print("skipped: another user cannot reach the build or the test folder")
    finally:
        for path in [work, *work.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)


def limited(work, whole_sizes):
    """A limit on the size of a file, at every stage: each file cut once."""
    def limit(size):
        def before():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        return before

    for size in sorted({max(1, bytes_ // 2) for bytes_ in whole_sizes.values()}):
        done = call(work, *SHORT, "--results", "full", expected=None, preexec_fn=limit(size))
        assert done.code == (10 if "the run stopped" in done.err else 6), done
        assert done.err.count("error:") == 1, done
        assert leftovers(work) == [], (size, leftovers(work))


def full_disk(work, whole_sizes):
    """A file system with room for the first so many bytes."""
    mount = work / "small"
    mount.mkdir()
    libc = ctypes.CDLL(None, use_errno=True)
    total = sum(whole_sizes.values())
    for part in (0.02, 0.3, 0.6, 0.8, 0.95):
        size = max(8192, int(part * total)) // 4096 * 4096
        if libc.mount(b"none", bytes(mount), b"tmpfs", 0, b"size=%d" % size) != 0:
            print(f"skipped: mount refused ({os.strerror(ctypes.get_errno())})")
            break
        try:
            done = call(work, *SHORT, "--results", mount / "r", expected=None)
            assert done.code == (10 if "the run stopped" in done.err else 6), done
            assert done.err.count("error:") == 1, done
            has(done.err, "o space left on device")
            assert list(mount.iterdir()) == [], list(mount.iterdir())
        finally:
            assert libc.umount2(bytes(mount), 2) == 0
    mount.rmdir()


def no_reader(work):
    """Nobody reads stdout: the run and its folder are not harmed, the process ends quietly."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(harness.command(*SHORT, "--results", "p"), cwd=work, check=False,
                          stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(writer)
    assert done.returncode in (0, -signal.SIGPIPE, 141), done
    assert {p.name for p in (work / "p").iterdir()} == WHOLE and leftovers(work) == ["p"]
    head = subprocess.run(f"'{harness.BINARY}' journal show p --json | head -1", shell=True,
                          cwd=work, text=True, capture_output=True, check=False, timeout=60)
    assert head.stdout.count("\n") == 1 and head.stderr == "", head
    shutil.rmtree(work / "p")


def main():
    chance = random.Random(11)
    with harness.folder() as name:
        work = pathlib.Path(name)
        configuration(work)
        began = time.monotonic()
        call(work, "backtest", "demo", "--results", "whole")
        whole = time.monotonic() - began
        shutil.rmtree(work / "whole")
        caught = stopped(work, chance, min(whole, 1.2))
        killed(work, chance, whole)
        call(work, *SHORT, "--results", "short")
        sizes = {str(p): p.stat().st_size for p in (work / "short").rglob("*") if p.is_file()}
        shutil.rmtree(work / "short")
        unwritable(work)
        limited(work, sizes)
        full_disk(work, sizes)
        no_reader(work)
        print(f"stopped {caught} of 7 each, whole run {whole:.2f} s")


if __name__ == "__main__":
    main()
