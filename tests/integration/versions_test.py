#!/usr/bin/env python3
"""An archive that moves on: a run is repeated on the version it read; where that is not kept any
more, what changed is said. Importing a file twice touches nothing."""

import json
import pathlib
import shutil

import harness
from harness import call, has

STREAM = "EUR_USD/1h"


def facts(results):
    return json.loads((results / "run.json").read_text())


def keep(work, results):
    """Keeps the stream's folder as the version of a run, as a writer that is asked to does."""
    (data,) = facts(results)["data"]
    versions = work / "demo/archive/.versions" / STREAM
    if not any(path.name.endswith(data["sha256"]) for path in versions.glob("*")):
        shutil.copytree(work / "demo/archive" / STREAM, versions / f"000001-{data['sha256']}")


def state(folder):
    """Every file with its bytes and the time it was written."""
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
            for path in sorted(folder.rglob("*")) if path.is_file()}


def importing_twice_touches_nothing(work):
    before = state(work / "demo/archive" / STREAM)
    assert len(before) == 2, before.keys()
    harness.import_bars(work, harness.sample())
    assert state(work / "demo/archive" / STREAM) == before


def names_what_it_read(work):
    call(work, "backtest", "demo", "--results", "r")
    (data,) = facts(work / "r")["data"]
    assert data["stream"] == "EUR/USD 1h ohlcv" and data["rows"] == 5000, data
    assert data["first"] == "2017-04-19T09:00:00.000000000Z" and len(data["sha256"]) == 64, data
    assert [file["rows"] for file in data["files"]] == [4358, 642], data


def repeats_on_the_version_of_the_run(work):
    """A price of the past is corrected; the run is repeated to the byte, and explained."""
    keep(work, work / "r")
    lines = harness.sample().read_text().splitlines()
    cells = lines[4000].split(",")
    cells[2] = f"{float(cells[2]) + 0.01:.5f}"  # a higher high
    lines[4000] = ",".join(cells)
    (work / "corrected.csv").write_text("\n".join(lines) + "\n")
    harness.import_bars(work, work / "corrected.csv")
    call(work, "backtest", "demo", "--results", "now")
    assert facts(work / "now")["data"][0]["sha256"] != facts(work / "r")["data"][0]["sha256"]
    call(work, "backtest", "--rerun", "r", "--results", "again")
    harness.same(work / "r", work / "again")
    call(work, "replay", "r", "--execute")
    call(work, "explain", "r", "--funnel")
    call(work, "backtest", "--rerun", "now", "--results", "now_again")
    harness.same(work / "now", work / "now_again")


def says_what_changed(work):
    """The version is pruned."""
    shutil.rmtree(work / "demo/archive/.versions")
    then, now = facts(work / "r")["data"][0], facts(work / "now")["data"][0]
    for command in (("backtest", "--rerun", "r", "--results", "x"), ("explain", "r", "--funnel")):
        done = call(work, *command, expected=4)
        has(done.err, "EUR/USD 1h ohlcv: the archive holds other data now",
            "the version of the run is not kept", then["sha256"][:12], "had 5000 rows",
            now["sha256"][:12], "has 5000, ",
            "they differ from somewhere behind 2017-04-19T09:00:00.000000000Z")
    assert not (work / "x").exists()
    lines = harness.sample().read_text().splitlines()
    (work / "longer.csv").write_text("\n".join(lines[:1] + lines[100:]) + "\n")
    shutil.rmtree(work / "demo/archive" / STREAM)
    harness.import_bars(work, work / "longer.csv")
    done = call(work, "backtest", "--rerun", "r", "--results", "x", expected=4)
    has(done.err, "had 5000 rows, 2017-04-19T09:00:00", "has 4901, ",
        "they differ from somewhere behind 2017-04-19T09:00:00")
    # What it was, imported again, is the same to the byte; then a correction in the second year.
    shutil.rmtree(work / "demo/archive" / STREAM)
    harness.import_bars(work, harness.sample())
    call(work, "backtest", "--rerun", "r", "--results", "once_more")
    harness.same(work / "r", work / "once_more")
    cells = lines[-5].split(",")
    cells[2] = f"{float(cells[2]) + 0.01:.5f}"
    (work / "second.csv").write_text("\n".join([lines[0], ",".join(cells)]) + "\n")
    harness.import_bars(work, work / "second.csv")
    shutil.rmtree(work / "demo/archive/.versions", ignore_errors=True)
    done = call(work, "backtest", "--rerun", "r", "--results", "x", expected=4)
    has(done.err, "has 5000, ", "they differ from somewhere behind 2018-01-01T22:00")


def main():
    with harness.folder() as path:
        work = pathlib.Path(path)
        if not harness.demo(work):
            return
        for part in (importing_twice_touches_nothing, names_what_it_read,
                     repeats_on_the_version_of_the_run, says_what_changed):
            part(work)
            print(part.__name__)


if __name__ == "__main__":
    main()
