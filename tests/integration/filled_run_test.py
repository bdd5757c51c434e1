#!/usr/bin/env python3
"""A run over an archive with holes and `fill: previous_close` is that over an archive which holds the
bars without volume, but for the hashes of its causes; without the key it is another run."""

import pathlib

import harness
import resampled_run_test as resampled
import streams_test as streams
from harness import call, has, journal

SOURCE = "  asset_pair: EUR/USD\n  timeframe: 1h\n"
FILLED = SOURCE + "  fill: previous_close\n"


def thinned(rows):
    """Every seventh bar is not there."""
    return [row for i, row in enumerate(rows) if i == 0 or i + 1 == len(rows) or i % 7 != 3]


def filled(rows):
    """Between two rows, for every hour that the FX market was open."""
    out = []
    for row in rows:
        while out and row[0] - out[-1][0] > streams.HOUR:
            time, close = out[-1][0] + streams.HOUR, out[-1][4]
            weekend = (time.weekday() == 4 and time.hour >= 21) or time.weekday() == 5 or \
                (time.weekday() == 6 and time.hour < 22)
            if weekend:  # stands in for the bar before, so that the next hour is looked at
                out.append((time, None, None, None, close, None))
            else:
                out.append((time, close, close, close, close, "0"))
        out.append(row)
    return [row for row in out if row[1] is not None]


def world(work, header, rows, *changes):
    work.mkdir()
    harness.config(work)
    streams.write(work / "bars.csv", header, rows)
    harness.import_bars(work, work / "bars.csv")
    for change in changes:
        harness.replace(work / "config/data_sources.yaml", change)
    return work


def run(work, *options):
    call(work, "backtest", "demo", "--results", "results", *options)
    return work / "results"


def the_run_is_that_of_whole_data(root, header, rows):
    holes = thinned(rows)
    whole = filled(holes)
    assert len(whole) > len(holes) + 500
    base = run(world(root / "whole", header, whole))
    made = run(world(root / "made", header, holes, (SOURCE, FILLED)))
    count = resampled.same_runs(base, made)
    assert count > 100, count
    bare = run(world(root / "bare", header, holes))
    assert resampled.facts(bare) != resampled.facts(made)
    # It is recorded: in the configuration of the run, and in the hash of its data.
    has((made / "config/data_sources.yaml").read_text(), "fill: ", "previous_close")
    hashes = {journal(results)[0]["details"]["data_hash"] for results in (base, made, bare)}
    assert len(hashes) == 3, hashes


def what_cannot_be_filled_is_said(root, header, rows):
    work = world(root / "said", header, rows[:200])
    sources = work / "config/data_sources.yaml"
    text = sources.read_text()
    for key, message in (
            ("  fill: linear\n", "found 'linear', expected none or previous_close"),
            ("  resample: true\n  fill: previous_close\n",
             "found previous_close with resample, expected none: only bars that are read as they are "
             "stored are filled")):
        sources.write_text(text.replace(SOURCE, SOURCE + key))
        has(call(work, "validate", expected=3).err, "eurusd_1h_archive.fill: " + message)


def main():
    path = harness.sample()
    if path is None:
        return
    header, rows = streams.read(path)
    with harness.folder() as folder:
        the_run_is_that_of_whole_data(pathlib.Path(folder), header, rows)
        what_cannot_be_filled_is_said(pathlib.Path(folder), header, rows)


if __name__ == "__main__":
    main()
