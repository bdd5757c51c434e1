#!/usr/bin/env python3
"""Bars made while a run reads them: the run is that on an archive which holds them, to the byte; no
look-ahead; several timeframes of one archive; what cannot be made is said."""

import pathlib
import re
import shutil

import harness
import streams_test as streams
from harness import call, has

FOUR_HOURS = "eurusd_4h_archive"
ALONE = ("data_archives: [eurusd_1h_archive, eurusd_4h_archive]", "data_source_id: eurusd_1h_archive")
MADE = ("  timeframe: 1h\n", "  timeframe: 1h\n  resample: true\n")
# The first line names the hashes of configuration and data; the chain of blocks is made of it.
CAUSES = re.compile(r'^\{"v":1,"seq":\d+,("block"|.*"type":"RUN_STARTED")')


def made(config, *more):
    """Takes the archive of four-hour bars away and lets them be made of hours."""
    harness.replace(config / "data_sources.yaml", (streams.SECOND, ""), MADE)
    harness.replace(config / "environments.yaml", ALONE, *more)


def world(work, header, hours):
    """Hours alone in the archive."""
    work.mkdir()
    shutil.copytree(streams_config(work, header, hours), work / "config")
    made(work / "config")
    streams.write(work / "1h.csv", header, hours)
    harness.import_bars(work, work / "1h.csv")
    return work


def streams_config(work, header, hours):
    """The configuration of streams_test, made once."""
    base = work.parent / "configuration"
    if not base.exists():
        streams.world(base, header, hours[:100])
    return base / "config"


def facts(results):
    """The journal's lines but for those that name their causes."""
    return [line for line in (results / "journal.jsonl").read_text().splitlines()
            if not CAUSES.match(line)]


def same_runs(one, other):
    a, b = facts(one), facts(other)
    assert a == b, next((pair for pair in zip(a, b) if pair[0] != pair[1]), (len(a), len(b)))
    harness.same(one, other, ["result_trades.csv", "result_metrics.json", "equity.parquet",
                              "context.parquet"])
    return len(a)


def is_that_of_the_archive(root, header, hours):
    """With and without a period, whose ends lie inside of four-hour bars, and with warm-up."""
    base = streams.world(root / "base", header, hours)
    fly = world(root / "fly", header, hours)
    for number, period in enumerate((None, ("2017-06-01T05:00:00Z", "2017-12-15T14:00:00Z"),
                                     ("2017-05-05T11:00:00Z", "2017-08-18T08:00:00Z"))):
        for work in (base, fly):
            if period is not None:
                path = work / "config/environments.yaml"
                text = path.read_text()
                head, rest = text.split("ambiguity: stop_first\n", 1)
                rest = re.sub(r"^(    (from|to): .*\n)*", "", rest)
                path.write_text(f"{head}ambiguity: stop_first\n    from: {period[0]}\n"
                                f"    to: {period[1]}\n{rest}")
            call(work, "backtest", "demo", "--results", f"r{number}")
        assert same_runs(base / f"r{number}", fly / f"r{number}") > 1000
    # The bars that `data resample` makes of the same hours, under a source of their own.
    made_first = root / "made"
    made_first.mkdir()
    shutil.copytree(streams_config(made_first, header, hours), made_first / "config")
    harness.import_bars(made_first, base / "1h.csv")
    call(made_first, "data", "resample", "--archive", "demo/archive", "--pair", "EUR/USD", "--from",
         "1h", "--to-timeframe", "4h", "--to-source", "made")
    harness.replace(made_first / "config/data_sources.yaml",
                    ("timeframe: 4h }", "timeframe: 4h, archive_source: made }"))
    call(made_first, "backtest", "demo", "--results", "r0")
    assert same_runs(made_first / "r0", fly / "r0") > 1000
    # Nothing is left behind, and the run can be repeated.
    assert not [p for p in (fly / "demo").rglob("*") if "4h" in p.name]
    call(fly, "replay", "r0")
    return fly


def closed_bars_only(fly, hours):
    shutil.copytree(fly / "r0", fly / "r")
    streams.closed_bars_only(fly, hours)


def no_future(root, fly, header, hours):
    """Other prices from T on change nothing before it."""
    for number, index in enumerate((701, 1803, 3002, 4407)):
        first = hours[index][0]
        work = world(root / f"t{number}", header, streams.perturb(hours, first))
        call(work, "backtest", "demo", "--results", "r")
        before, after = (streams.lines_until(folder, first) for folder in (fly / "r0", work / "r"))
        assert before == after, next((p for p in zip(before, after) if p[0] != p[1]), None)
        assert len(before) > 100
        shutil.rmtree(work)


def the_primary_stream_too(root, header, hours):
    """A strategy on four-hour and daily bars alone, of the archive of hours."""
    base = streams.world(root / "primary_base", header, hours)
    daily = {}
    for row in hours:
        daily.setdefault(row[0].replace(hour=0), []).append(row)
    streams.write(base / "1d.csv", header, [
        (at, bars[0][1], max((b[2] for b in bars), key=float),
         min((b[3] for b in bars), key=float), bars[-1][4], str(sum(int(b[5]) for b in bars)))
        for at, bars in sorted(daily.items())[:-1]])  # the last day is not over
    harness.import_bars(base, base / "1d.csv", timeframe="1d")
    fly = world(root / "primary_fly", header, hours)
    with open(base / "config/data_sources.yaml", "a") as file:
        file.write("days: { type: parquet_archive, path: demo/archive, asset_pair: EUR/USD, "
                   "timeframe: 1d }\n")
    harness.replace(base / "config/environments.yaml", (f"{FOUR_HOURS}]", f"{FOUR_HOURS}, days]"))
    for work in (base, fly):
        harness.replace(work / "config/runs/demo.yaml",
                        ("  - { asset_pair: EUR/USD, timeframe: 1h }\n"
                         "  - { asset_pair: EUR/USD, timeframe: 4h }\n",
                         "  - { asset_pair: EUR/USD, timeframe: 4h }\n"
                         "  - { asset_pair: EUR/USD, timeframe: 1d }\n"),
                        (streams.SLOW, streams.SLOW.replace("@4h", "@1d")),
                        (streams.CROSS, streams.CROSS.replace("@4h", "@1d")))
        call(work, "backtest", "demo", "--results", "r")
    assert same_runs(base / "r", fly / "r") > 200


def of_trades_as_well(root, header, hours):
    """Hours and four-hour bars of one stream of trades: the run on the hours they were taken from."""
    hours = hours[:1503]  # the last of them is not over: nothing is traded behind it
    base = streams.world(root / "trades_base", header, hours[:-1])
    work = root / "trades_fly"
    work.mkdir()
    shutil.copytree(streams_config(work, header, hours), work / "config")
    with open(work / "trades.csv", "w") as file:
        file.write("time,side,price,quantity\n")
        for at, first, high, low, last, volume in hours:
            shares = (int(volume) - 3, 1, 1, 1)
            for price, minute, share in zip((first, high, low, last), (0, 7, 31, 59), shares):
                file.write(f"{at.isoformat()[:14]}{minute:02d}:00Z,buy,{price},{share}\n")
                if at.hour % 5 == 2 and minute == 31:  # read twice
                    file.write(f"{at.isoformat()[:14]}{minute:02d}:00Z,buy,{price},{share}\n")
    call(work, "data", "import", "trades.csv", "--type", "trades", "--pair", "EUR/USD", "--archive",
         "demo/archive")
    harness.replace(work / "config/data_sources.yaml", (streams.SECOND, ""),
                    ("  timeframe: 1h\n", "  data_type: trades\n  resample: true\n"
                     "  resample_drops_repeats: true\n"))
    harness.replace(work / "config/environments.yaml", ALONE)
    for folder in (base, work):
        call(folder, "backtest", "demo", "--results", "r")
    assert same_runs(base / "r", work / "r") > 1000


def another_pair_too(root, header, hours):
    """A second pair's four-hour bars, made of its hours, are context beside the primary's hours: the
    run on bars that lie in the archive."""
    worlds = []
    for name in ("pair_base", "pair_fly"):
        work = root / name
        work.mkdir()
        shutil.copytree(streams_config(work, header, hours), work / "config")
        streams.write(work / "1h.csv", header, hours)
        harness.import_bars(work, work / "1h.csv")
        streams.write(work / "gbp.csv", header, streams.perturb(hours, hours[40][0]))
        harness.import_bars(work, work / "gbp.csv", pair="GBP/USD")
        with open(work / "config/instruments.yaml", "a") as file:
            file.write("GBP/USD: { price_scale: 5, qty_scale: 2 }\n")
        kind = "timeframe: 4h }" if name == "pair_base" else "timeframe: 1h, resample: true }"
        harness.replace(work / "config/data_sources.yaml", (
            streams.SECOND, "gbp: { type: parquet_archive, path: demo/archive, asset_pair: GBP/USD, "
                            f"{kind}\n"))
        harness.replace(work / "config/environments.yaml", ("eurusd_4h_archive]", "gbp]"))
        harness.replace(work / "config/runs/demo.yaml",
                        ("  - { asset_pair: EUR/USD, timeframe: 4h }",
                         "  - { asset_pair: GBP/USD, timeframe: 4h }"),
                        (f"    - {streams.SLOW}\n", f"    - {streams.SLOW}\n".replace("EUR", "GBP")),
                        (f"    - {streams.CROSS}\n", ""))
        worlds.append(work)
    base, fly = worlds
    call(base, "data", "resample", "--archive", "demo/archive", "--pair", "GBP/USD", "--from", "1h",
         "--to-timeframe", "4h")
    for work in worlds:
        call(work, "backtest", "demo", "--results", "r")
    assert same_runs(base / "r", fly / "r") > 1000


def tick_world(work, header, hours):
    """Trades of the hours, four each, and bars of six of them."""
    work.mkdir()
    shutil.copytree(streams_config(work, header, hours), work / "config")
    with open(work / "trades.csv", "w") as file:
        file.write("time,side,price,quantity\n")
        for at, *prices, _ in hours:
            for price, minute in zip(prices, (0, 7, 31, 59)):
                file.write(f"{at.isoformat()[:14]}{minute:02d}:00Z,buy,{price},1\n")
    call(work, "data", "import", "trades.csv", "--type", "trades", "--pair", "EUR/USD", "--archive",
         "demo/archive")
    call(work, "data", "resample", "--archive", "demo/archive", "--pair", "EUR/USD", "--from",
         "trades", "--bars", "tick:6")
    harness.replace(work / "config/data_sources.yaml", (streams.SECOND, ""),
                    ("  timeframe: 1h\n", "  timeframe: 1s\n  archive_source: tick-6\n"))
    harness.replace(work / "config/environments.yaml", ALONE)
    harness.replace(work / "config/runs/demo.yaml", ("EUR/USD, timeframe: 1h", "EUR/USD, timeframe: 1s"),
                    ("  - { asset_pair: EUR/USD, timeframe: 4h }\n", ""),
                    (f"    - {streams.SLOW}\n", ""), (f"    - {streams.CROSS}\n", ""))
    call(work, "backtest", "demo", "--results", "r")
    return work


def bars_of_trades_without_look_ahead(root, header, hours):
    """A bar that closes by trades is seen after the trade that closed it: what is traded from T on
    changes nothing before it, and every decision is behind a sixth trade."""
    hours = hours[:2000]
    base = tick_world(root / "ticks", header, hours)
    stamps = [line.split(",")[0][:19] for line in
              (base / "trades.csv").read_text().splitlines()[1:]]
    closes = {stamp[:-1] + "1" for stamp in stamps[5::6]}  # a second behind it
    made = harness.entries(base / "r", "OPPORTUNITY_DETECTED")
    assert len(made) > 30 and all(e["time"][:19] in closes for e in made)
    for number, index in enumerate((902, 1503)):
        first = hours[index][0]
        work = tick_world(root / f"ticks{number}", header, streams.perturb(hours, first))
        before, after = (streams.lines_until(folder / "r", first) for folder in (base, work))
        assert before == after and len(before) > 20
        assert (base / "r/result_trades.csv").read_bytes() != \
            (work / "r/result_trades.csv").read_bytes()


def a_rerun_reads_what_the_run_read(root, header, hours):
    """The hours are corrected after the run: a rerun makes its bars of the hours it had."""
    work = world(root / "rerun", header, hours[:2000])
    call(work, "backtest", "demo", "--results", "r")
    streams.write(work / "1h.csv", header, streams.perturb(hours[:2000], hours[1000][0]))
    harness.import_bars(work, work / "1h.csv")
    call(work, "backtest", "demo", "--results", "corrected")
    assert facts(work / "corrected") != facts(work / "r")
    call(work, "backtest", "--rerun", "r", "--results", "again")
    assert (work / "again/journal.jsonl").read_bytes() == (work / "r/journal.jsonl").read_bytes()


def of_several_the_largest(root, fly, header, hours):
    """Hours and four-hour bars may both be made days of; the fewest rows are read. They tell the
    same, so the offset of one of them shows which it was."""
    work = root / "several"
    shutil.copytree(fly, work, ignore=shutil.ignore_patterns("r", "r[0-9]"))
    streams.write(work / "4h.csv", header, streams.aggregate(hours))
    harness.import_bars(work, work / "4h.csv", timeframe="4h")
    config = work / "config"
    with open(config / "data_sources.yaml", "a") as file:
        file.write(streams.SECOND.replace("timeframe: 4h", "timeframe: 4h, resample: true, "
                                          "resample_offset: 1h"))
    harness.replace(config / "environments.yaml", ALONE[::-1])
    harness.replace(config / "runs/demo.yaml", ("timeframe: 4h }", "timeframe: 12h }"),
                    (streams.SLOW, streams.SLOW.replace("@4h", "@12h")),
                    (streams.CROSS, streams.CROSS.replace("@4h", "@12h")))
    has(call(work, "backtest", "demo", "--results", "no", expected=4), "the 4h from 2017-",
        "lie in two bars of 12h; another offset is needed")
    assert not (work / "no").exists() and not (work / "no.partial").exists()
    harness.replace(config / "data_sources.yaml", ("resample_offset: 1h", "resample_offset: 16h"))
    call(work, "backtest", "demo", "--results", "yes")
    slow = [e for e in harness.entries(work / "yes", "OPPORTUNITY_DETECTED")
            if e["worker"] == "slow_cross"]
    assert len(slow) > 5 and all(e["time"][11:13] in ("04", "16") for e in slow)


def faults(fly):
    blueprint, sources = fly / "config/runs/demo.yaml", fly / "config/data_sources.yaml"
    text, data = blueprint.read_text(), sources.read_text()

    def refused(*words, expected=3):
        has(call(fly, "backtest", "demo", "--results", "no", expected=expected), *words)
        assert not (fly / "no").exists()

    blueprint.write_text(text.replace("timeframe: 4h", "timeframe: 90m")
                         .replace("EUR/USD@4h", "EUR/USD@90m"))
    refused("found EUR/USD@90m, expected a stream of environment backtest_eurusd_1h: EUR/USD@1h (or "
            "`resample: true` at one it can be made of)")
    blueprint.write_text(text)
    sources.write_text(data.replace("resample: true", "resample: false"))
    refused("found EUR/USD@4h, expected a stream of environment")
    sources.write_text(data.replace("resample: true", "resample_offset: 1h"))
    refused("resample_offset", "found it without resample, expected resample: true, or no offset")
    sources.write_text(data.replace("resample: true", "data_type: trades"))
    refused("timeframe: found the timeframe of trades, expected none")
    sources.write_text(data.replace("  timeframe: 1h\n", "", 1))
    refused("timeframe: found nothing, expected a timeframe such as 1m, 1h or 1d")
    sources.write_text(data.replace("  timeframe: 1h\n", "  data_type: trades\n", 1))
    refused("no EUR/USD trades in", expected=7)
    sources.write_text(data)


def main():
    sample = harness.sample()
    if sample is None:
        return
    header, hours = streams.read(sample)
    with harness.folder() as name:
        root = pathlib.Path(name)
        fly = is_that_of_the_archive(root, header, hours)
        closed_bars_only(fly, hours)
        no_future(root, fly, header, hours)
        the_primary_stream_too(root, header, hours)
        another_pair_too(root, header, hours)
        of_trades_as_well(root, header, hours)
        bars_of_trades_without_look_ahead(root, header, hours)
        a_rerun_reads_what_the_run_read(root, header, hours)
        of_several_the_largest(root, fly, header, hours)
        faults(fly)


if __name__ == "__main__":
    main()
