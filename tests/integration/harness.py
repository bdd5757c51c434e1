"""What the end-to-end tests share: the binary, configurations to change, data made by rule."""

import csv
import filecmp
import json
import os
import pathlib
import random
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile

SOURCE = pathlib.Path(os.environ.get("S1_SOURCE_DIR", ".")).resolve()
BUILD = pathlib.Path(os.environ["S1_BUILD_DIR"]).resolve()
SHARED = pathlib.Path(os.environ.get("S1_SHARED", SOURCE / "../shared")).resolve()
BINARY = BUILD / "s1mpletrader"
SAMPLES = [SOURCE / ".deps/samples/EURUSD.csv", SHARED / "data/golden/backtesting_py/EURUSD.csv"]
# Byte identity covers these (the log holds host times and paths).
IDENTICAL = ["journal.jsonl", "result_trades.csv", "result_metrics.json", "equity.parquet"]


class Done:
    """What a call left behind."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __str__(self):
        return f"exit {self.code}\n{self.out}{self.err}"


def environment(**changes):
    """The caller's environment without what changes output; None takes a name out."""
    values = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS")}
    for name, value in changes.items():
        values.pop(name, None)
        if value is not None:
            values[name] = value
    return values


def command(*arguments):
    return [str(BINARY), *map(str, arguments)]


def call(work, *arguments, expected=0, env=None, **options):
    """Runs the program in `work`; another exit code than expected ends the test (None: any)."""
    done = subprocess.run(command(*arguments), text=True, capture_output=True, check=False,
                          cwd=work, env=environment(**(env or {})), timeout=100, **options)
    result = Done(done.returncode, done.stdout, done.stderr)
    if expected is not None and result.code != expected:
        sys.exit(f"{arguments}: expected exit {expected}, {result}")
    return result


def has(text, *words):
    """Asserts that every word stands in the text."""
    for word in words:
        assert word in str(text), f"{word!r} is not in:\n{text}"


def sample():
    """The EUR/USD hourly sample; None where the test has to be skipped, said in a line."""
    path = next((path for path in SAMPLES if path.is_file()), None)
    if path is None:
        print("skipped: neither .deps/samples nor shared/ holds EURUSD.csv")
    return path


def check_results(work):
    """Every invariant over every results folder below `work` (`results check`)."""
    done = subprocess.run(command("results", "check", work), text=True, capture_output=True,
                          check=False, env=environment(), timeout=100)
    if done.returncode not in (0, 7):  # 7: the test made no results
        sys.exit(f"results check {work}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Folder(tempfile.TemporaryDirectory):
    """A folder for one test; what results it holds at the end must keep every invariant."""

    def __init__(self, is_checked):
        super().__init__(dir=os.environ.get("S1_TEST_TMP", "/tmp"))
        self.is_checked = is_checked

    def __exit__(self, kind, value, trace):
        try:
            if kind is None and self.is_checked:
                check_results(self.name)
        finally:
            super().__exit__(kind, value, trace)


def folder(is_checked=True):
    """is_checked False: the test damages results, or keeps them where they cannot be read."""
    return Folder(is_checked)


def config(work, overlay=None):
    """The tree `init` writes, in work/config, with a test's files over it."""
    shutil.copytree(SOURCE / "config", work / "config")
    for path in sorted(overlay.rglob("*.yaml")) if overlay else []:
        shutil.copy(path, work / "config" / path.relative_to(overlay))
    return work / "config"


def replace(path, *pairs):
    """Replaces text in a file; each must be there."""
    text = path.read_text()
    for old, new in pairs:
        assert old in text, f"{path}: {old!r} is not there"
        text = text.replace(old, new)
    path.write_text(text)


def import_bars(work, path, pair="EUR/USD", timeframe="1h", profile="backtesting",
                archive="demo/archive"):
    call(work, "data", "import", path, "--profile", profile, "--pair", pair, "--timeframe",
         timeframe, "--archive", work / archive)


def demo(work):
    """The demo's configuration and data. False: skipped, and said so."""
    path = sample()
    if path is None:
        return False
    config(work)
    import_bars(work, path)
    return True


def build_plugins(sources, place):
    """Compiles a test's own plugins into a folder that holds the bundled ones too; gives it."""
    compiler = os.environ.get("CC") or sysconfig.get_config_var("CC").split()[0]
    for source in sorted(sources.iterdir()):
        (place / source.name).mkdir(parents=True)
        subprocess.run([compiler, "-std=gnu17", "-O2", "-Wall", "-Wextra", "-Werror",
                        "-ffp-contract=off", "-fPIC", "-shared",
                        *shlex.split(os.environ.get("CFLAGS", "")), f"-I{SOURCE}/include",
                        "-o", place / source.name / f"{source.name}.so", source / "worker.c"],
                       check=True)
        shutil.copy(source / "manifest.yaml", place / source.name)
    for kind in sorted((BUILD / "plugins").glob("*_workers")):
        (place / kind.name).symlink_to(kind)
    return place


def minute_bars(path, count, seed=7):
    """A CSV (profile w1, epoch milliseconds) of one-minute bars that walk at random by rule."""
    chance = random.Random(seed)
    price = 30000
    with open(path, "w") as file:
        file.write("ts_ms,open,high,low,close,volume\n")
        for i in range(count):
            first = price
            price = max(100, price + chance.randint(-40, 40))
            high, low = max(first, price) + chance.randint(0, 9), min(first, price) - \
                chance.randint(0, 9)
            cells = ",".join(f"{x // 100}.{x % 100:02d}" for x in (first, high, low, price))
            file.write(f"{1609459200000 + i * 60000},{cells},1\n")


def journal(results):
    return [json.loads(line) for line in (results / "journal.jsonl").read_text().splitlines()]


def entries(results, *kinds):
    return [e for e in journal(results) if "type" in e and (not kinds or e["type"] in kinds)]


def trades(results):
    with open(results / "result_trades.csv", newline="") as file:
        return list(csv.DictReader(file))


def metrics(results):
    return json.loads((results / "result_metrics.json").read_text())


def same(a, b, names=tuple(IDENTICAL)):
    for name in names:
        assert filecmp.cmp(a / name, b / name, shallow=False), f"{name} of {a} and {b} differ"
