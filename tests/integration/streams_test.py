#!/usr/bin/env python3
"""Several timeframes and pairs: a higher timeframe shows closed bars only, what comes later changes
nothing before it, and what is missing is said with a hint."""

import csv
import datetime
import json
import pathlib
import shutil

import harness
from harness import call, entries, has

HOUR = datetime.timedelta(hours=1)
SECOND = """eurusd_4h_archive:
  { type: parquet_archive, path: demo/archive, asset_pair: EUR/USD, timeframe: 4h }
"""
SLOW = "{ plugin: ema_detector, id: slow_ema, stream: EUR/USD@4h, params: { periods: [3, 8], seed: sma } }"
CROSS = "{ plugin: ema_crossover, id: slow_cross, stream: EUR/USD@4h, params: { fast: 3, slow: 8," \
        " direction: both } }"
# Written at the close of a bar, before the venue sees the next one.
DECISIONS = ("OPPORTUNITY_DETECTED", "OPPORTUNITY_APPROVED", "OPPORTUNITY_REJECTED",
             "THREAT_DETECTED", "THREAT_UPDATED", "THREAT_CLEARED", "PLAN_CREATED")


def read(path):
    with open(path, newline="") as file:
        rows = list(csv.reader(file))
    return rows[0], [(datetime.datetime.fromisoformat(r[0]), *r[1:]) for r in rows[1:]]


def write(path, header, rows):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows((str(row[0]), *row[1:]) for row in rows)


def bucket(time):
    return time.replace(hour=time.hour // 4 * 4)


def aggregate(rows):
    """Four-hour bars from hourly ones; the exact text of prices is kept."""
    groups = {}
    for row in rows:
        groups.setdefault(bucket(row[0]), []).append(row)
    return [(at, bars[0][1], max((b[2] for b in bars), key=float),
             min((b[3] for b in bars), key=float), bars[-1][4],
             str(sum(int(b[5]) for b in bars))) for at, bars in sorted(groups.items())]


def perturb(rows, first):
    """Other prices from `first` on."""
    return [row if row[0] < first else
            (row[0], *(f"{float(x) * 1.03:.5f}" for x in row[1:5]), row[5]) for row in rows]


def world(work, header, hours):
    """A configuration with both streams in a folder of its own."""
    work.mkdir()
    config = harness.config(work)
    write(work / "1h.csv", header, hours)
    write(work / "4h.csv", header, aggregate(hours))
    harness.import_bars(work, work / "1h.csv")
    harness.import_bars(work, work / "4h.csv", timeframe="4h")
    with open(config / "data_sources.yaml", "a") as file:
        file.write(SECOND)
    harness.replace(config / "environments.yaml",
                    ("data_source_id: eurusd_1h_archive",
                     "data_archives: [eurusd_1h_archive, eurusd_4h_archive]"))
    harness.replace(config / "runs/demo.yaml",
                    ("  - { asset_pair: EUR/USD, timeframe: 1h }\n",
                     "  - { asset_pair: EUR/USD, timeframe: 1h }\n"
                     "  - { asset_pair: EUR/USD, timeframe: 4h }\n"),
                    ("  opportunity_workers:\n",
                     f"    - {SLOW}\n  opportunity_workers:\n    - {CROSS}\n"))
    return work


def lines_until(results, moment):
    """The journal's entry lines before `moment`, and the decisions at it."""
    text = moment.isoformat()
    found = []
    for line in (results / "journal.jsonl").read_text().splitlines():
        entry = json.loads(line)
        if "type" in entry and not entry["type"].startswith("RUN_") and (
                entry["time"][:19] < text or
                (entry["time"][:19] == text and entry["type"] in DECISIONS)):
            found.append(line)
    return found


def ema(values, period):
    """What ema_detector computes: seeded by the mean of the first `period`."""
    out, last = [], None
    for i, value in enumerate(values):
        if i == period - 1:
            last = sum(values[:period]) / period
        elif i >= period:
            last += (value - last) * 2 / (period + 1)
        out.append(last)
    return out


def closed_bars_only(base, hours):
    """The slow detector speaks only when a four-hour bar closed, with that bar's averages."""
    bars = aggregate(hours)
    fast, slow = (ema([float(b[4]) for b in bars], period) for period in (3, 8))
    closes = {(bar[0] + 4 * HOUR).isoformat(): i for i, bar in enumerate(bars)}
    mine = [e for e in entries(base / "r", "OPPORTUNITY_DETECTED") if e["worker"] == "slow_cross"]
    assert len(mine) > 40, len(mine)
    for entry in mine:
        at = closes.get(entry["time"][:19])
        assert at is not None, f"{entry['time']} is no close of a four-hour bar"
        crossed = [c for c in entry["details"]["conditions"]
                   if c["held"] and c["name"].startswith("fast_")]
        assert len(crossed) == 1, entry
        assert abs(crossed[0]["value"] - fast[at]) < 1e-12, entry
        assert abs(crossed[0]["threshold"] - slow[at]) < 1e-12, entry
        assert entry["details"]["price"] == float(bars[at][4]), entry


def no_future(root, base, header, hours):
    """Other prices from T on, in both files: not a byte of the journal changes up to T."""
    for number, index in enumerate((700, 1801, 3003, 4406)):
        first = hours[index][0]
        work = world(root / f"t{number}", header, perturb(hours, first))
        call(work, "backtest", "demo", "--results", "r")
        before, after = (lines_until(folder / "r", first) for folder in (base, work))
        assert before == after, next((pair for pair in zip(before, after) if pair[0] != pair[1]),
                                     (len(before), len(after)))
        assert len(before) > 100
        assert (base / "r/result_trades.csv").read_bytes() != \
            (work / "r/result_trades.csv").read_bytes()
        shutil.rmtree(work)


def faults(work):
    """What is missing, with the nearest name."""
    blueprint, data = work / "config/runs/demo.yaml", work / "config/data_sources.yaml"
    text, sources = blueprint.read_text(), data.read_text()
    blueprint.write_text(text.replace("stream: EUR/USD@4h", "stream: EUR/USD@2h"))
    has(call(work, "backtest", "demo", "--results", "no", expected=3), "runs/demo.yaml:",
        "EUR/USD@2h", "a stream of the blueprint's data list", "EUR/USD@4h")
    blueprint.write_text(text.replace("timeframe: 4h", "timeframe: 2h")
                         .replace("EUR/USD@4h", "EUR/USD@2h"))
    has(call(work, "backtest", "demo", "--results", "no", expected=3), "EUR/USD@2h",
        "a stream of environment backtest_eurusd_1h", "`resample: true` at one")
    blueprint.write_text(text)
    data.write_text(sources.replace("EUR/USD, timeframe: 4h", "EUR/USD, timeframe: 1d"))
    refused = call(work, "backtest", "demo", "--results", "no", expected=3)
    has(refused, "EUR/USD@4h", "EUR/USD@1d")
    data.write_text(sources)
    blueprint.write_text(text.replace("slow: 8,", "slow: 9,"))
    has(call(work, "backtest", "demo", "--results", "no", expected=3), "'ema_9'", "EUR/USD@4h",
        "'ema_detector' with periods [9]")
    blueprint.write_text(text)
    assert not (work / "no").exists() and not (work / "no.partial").exists()


def second_pair(work):
    """Another pair is context: its columns are on the map, orders for it are not in this version."""
    kraken = harness.SHARED / "data/crypto/kraken/XBTUSD_60.csv"
    if not kraken.is_file():
        print(f"skipped: {kraken} is absent")
        return
    harness.import_bars(work, kraken, pair="XBT/USD", profile="kraken")
    config = work / "config"
    with open(config / "data_sources.yaml", "a") as file:
        file.write("xbt: { type: parquet_archive, path: demo/archive, asset_pair: XBT/USD, "
                   "timeframe: 1h }\n")
    with open(config / "instruments.yaml", "a") as file:
        file.write("XBT/USD: { price_scale: 5, qty_scale: 10 }\n")
    harness.replace(config / "environments.yaml", ("eurusd_4h_archive]", "eurusd_4h_archive, xbt]"))
    harness.replace(config / "runs/demo.yaml",
                    ("timeframe: 4h }\n", "timeframe: 4h }\n"
                     "  - { asset_pair: XBT/USD, timeframe: 1h }\n"),
                    ("  opportunity_workers:\n",
                     "    - { plugin: ema_detector, id: xbt, stream: XBT/USD@1h, params: { periods: "
                     "[5] } }\n  opportunity_workers:\n"))
    call(work, "backtest", "demo", "--results", "two_pairs")
    harness.same(work / "r", work / "two_pairs", ["equity.parquet"])
    # ids and numbers set count the blueprint's workers
    one, other = (json.loads((work / name / "result_metrics.json").read_text())
                  for name in ("r", "two_pairs"))
    for metrics in (one, other):
        metrics["diagnostics"] = [d for d in metrics["diagnostics"] if d["code"] != "parameters"]
    assert one == other
    for old, new in ((CROSS, CROSS.replace("EUR/USD@4h", "XBT/USD@1h").replace("fast: 3", "fast: 5")
                      .replace("slow: 8", "slow: 10")),
                     ("{ plugin: atr_based_stops,",
                      "{ plugin: atr_based_stops, stream: XBT/USD@1h,")):
        before = (config / "runs/demo.yaml").read_text()
        harness.replace(config / "runs/demo.yaml", (old, new),
                        ("periods: [5] }", "periods: [5, 10] }"))
        if "atr" in old:
            harness.replace(config / "runs/demo.yaml",
                            ("  opportunity_workers:\n", "    - { plugin: atr_calculator, id: xbt_atr,"
                             " stream: XBT/USD@1h }\n  opportunity_workers:\n"))
        has(call(work, "backtest", "demo", "--results", "no", expected=3), "XBT/USD",
            "not in this version")
        (config / "runs/demo.yaml").write_text(before)


def similar_pair(root, header, hours):
    """A pair whose name begins like the primary's is another pair all the same."""
    work = world(root / "similar", header, hours[:300])
    config = work / "config"
    with open(config / "data_sources.yaml", "a") as file:
        file.write("other: { type: parquet_archive, path: demo/archive, asset_pair: EUR/USDT, "
                   "timeframe: 4h }\n")
    with open(config / "instruments.yaml", "a") as file:
        file.write("EUR/USDT: { price_scale: 5, qty_scale: 2 }\n")
    harness.replace(config / "environments.yaml", ("eurusd_4h_archive]", "eurusd_4h_archive, other]"))
    harness.replace(config / "runs/demo.yaml", ("EUR/USD@4h", "EUR/USDT@4h"),
                    ("  - { asset_pair: EUR/USD, timeframe: 4h }",
                     "  - { asset_pair: EUR/USDT, timeframe: 4h }"))
    has(call(work, "validate", "demo", expected=3), "EUR/USDT@4h", "not in this version")


def main():
    sample = harness.sample()
    if sample is None:
        return
    header, hours = read(sample)
    with harness.folder() as name:
        root = pathlib.Path(name)
        base = world(root / "base", header, hours)
        call(base, "backtest", "demo", "--results", "r")
        closed_bars_only(base, hours)
        no_future(root, base, header, hours)
        faults(base)
        second_pair(base)
        similar_pair(root, header, hours)


if __name__ == "__main__":
    main()
