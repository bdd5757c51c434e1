#!/usr/bin/env python3
"""`data resample` and `data export` through the program: the venue's own bars out of its smaller bars
and trades (../shared/data/README.md section 3), archives that do not change twice, what is in the
way, files that read back to the same bytes."""

import csv
import datetime
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
from decimal import Decimal

import harness
from harness import call, has

DATA = harness.SHARED / "data/crypto"
PRICES = ("open", "high", "low", "close")
# Volumes of the venues' files are sums of doubles: what they left behind, relative.
RESIDUE = Decimal("1e-12")


def there(*names):
    """Are the files here? Says which is not."""
    missing = [name for name in names if not (DATA / name).is_file()]
    if missing:
        print(f"skipped: {', '.join(missing)} not in {DATA}")
    return not missing


def resample(work, *arguments, expected=0, pair="BTC/USD", archive="archive"):
    done = call(work, "data", "resample", "--archive", archive, "--pair", pair, "--json",
                *arguments, expected=expected)
    return json.loads(done.out) if expected == 0 else done


def export(work, timeframe, *arguments, pair="BTC/USD", archive="archive", name="out.csv"):
    """The rows of a stream as dictionaries of exact numbers."""
    done = call(work, "data", "export", "--archive", archive, "--pair", pair, "--timeframe",
                timeframe, "--output", name, "--json", *arguments)
    with open(work / name, newline="") as file:
        rows = [{k: v if k == "time" else Decimal(v) for k, v in row.items() if k != "side"} |
                ({"side": row["side"]} if "side" in row else {}) for row in csv.DictReader(file)]
    assert json.loads(done.out)["rows"] == len(rows)
    return rows


def iso(seconds):
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def kraken(name, start=0, end=2 ** 60):
    """Kraken's OHLCVT rows by time, for as long as they have this layout."""
    with open(DATA / "kraken" / name, newline="") as file:
        return {iso(int(r[0])): dict(zip((*PRICES, "volume", "trades"), map(Decimal, r[1:7])))
                for r in csv.reader(file) if start <= int(r[0]) < end}


def differences(made, official):
    """Times at which a bar is not the venue's: times and prices to the digit, counts where both
    have them, volumes but for the residue."""
    times = {row["time"] for row in made}
    found = sorted(times ^ set(official))
    for row in made:
        other = official.get(row["time"])
        if other is not None and (
                any(row[p] != other[p] for p in PRICES) or
                abs(row["volume"] - other["volume"]) > RESIDUE * max(1, other["volume"]) or
                ("trades" in row and "trades" in other and row["trades"] != other["trades"])):
            found.append(row["time"])
    return found


def files(folder):
    """Data files of an archive with their bytes; the catalogue is none."""
    return {p.relative_to(folder): p.read_bytes() for p in sorted(folder.rglob("*.parquet"))
            if not any(part.startswith(".") for part in p.relative_to(folder).parts)}


# --- Bars of bars -------------------------------------------------------------------------------

def kraken_hours_make_its_days(work):
    for pair, name, count, odd, partial in (
            ("BTC/USD", "XBTUSD", 3369, "2023-01-07T00:00:00Z", 10),
            ("ETH/USD", "ETHUSD", 2788, "2023-03-31T00:00:00Z", 0)):
        if not there(f"kraken/{name}_60.csv", f"kraken/{name}_1440.csv"):
            continue
        harness.import_bars(work, DATA / f"kraken/{name}_60.csv", pair, "1h", "kraken", "archive")
        options = ("--from-timeframe", "1h", "--to-timeframe", "1d")
        report = resample(work, *options, "--partial", pair=pair)
        assert report["bars"] == count, report
        assert (report["partial"] or {"rows": 0})["rows"] == partial, report
        official = {t: row for t, row in kraken(f"{name}_1440.csv").items() if t <= odd}
        made = export(work, "1d", pair=pair)
        assert len(made) == count and differences(made, official) == [odd]
        # By default what is not over is left out (in another archive: nothing is taken away).
        shutil.copytree(work / "archive", work / "other")
        shutil.rmtree(work / f"other/{pair.replace('/', '_')}/1d")
        report = resample(work, *options, pair=pair, archive="other")
        assert report["bars"] == count - (1 if partial else 0)
        assert report["partial"] is None or report["partial"]["kept"] is False
        # Every day, at the close before where nothing was traded.
        filled = resample(work, *options, "--fill", "previous_close", "--to-source", "filled",
                          pair=pair, archive="other")
        assert filled["bars"] == report["bars"] + report["missing"], filled
        assert filled["filled"] == report["missing"] > 0 and filled["missing"] == 0
        every = {row["time"]: row for row in
                 export(work, "1d", "--source", "filled", pair=pair, archive="other")}
        close = None
        for day in sorted(every):
            if day in official:
                assert every[day]["close"] == official[day]["close"] or day == odd
            else:
                assert [every[day][p] for p in PRICES] == [close] * 4 and every[day]["volume"] == 0
            close = every[day]["close"]
        shutil.rmtree(work / "other")


def kraken_four_hours_make_rest_days(work):
    """From 2024 on the file of days holds what the venue's REST answered. Prices are equal; its
    archive of four-hour bars counts trades twice at the edges of pages (README, fault 9)."""
    if not there("kraken/XBTUSD_240.csv", "kraken/XBTUSD_1440.csv"):
        return
    with open(DATA / "kraken/XBTUSD_240.csv", newline="") as file, open(work / "4h.csv", "w") as out:
        for r in csv.reader(file):  # volumes at the venue's eight digits, without a double's rest
            r[5] = f"{Decimal(r[5]):.8f}"
            out.write(",".join(r) + "\n")
    harness.import_bars(work, "4h.csv", "BTC/USD", "4h", "kraken", "archive")
    resample(work, "--from-timeframe", "4h", "--to-timeframe", "1d", "--to-source", "made")
    rest = {}
    with open(DATA / "kraken/XBTUSD_1440.csv", newline="") as file:
        for r in csv.reader(file):
            if int(r[0]) >= 1704067200:
                rest[iso(int(r[0]))] = dict(zip((*PRICES, "vwap", "volume"), map(Decimal, r[1:7])))
    made = {row["time"]: row for row in export(work, "1d", "--source", "made")}
    days = [t for t in rest if t < "2024-03-20"]  # the last one was not over
    assert len(days) == 79
    assert all(made[t][p] == rest[t][p] for t in days for p in PRICES)
    assert all(made[t]["volume"] > rest[t]["volume"] for t in days)


def steps_and_offsets(work):
    """Hours to days is hours to four hours to days; other offsets are other days."""
    harness.minute_bars(work / "bars.csv", 20000)
    harness.import_bars(work, "bars.csv", "BTC/USD", "1m", "w1", "archive")
    resample(work, "--from", "1m", "--to-timeframe", "15m")
    resample(work, "--from", "15m", "--to-timeframe", "4h")
    resample(work, "--from", "4h", "--to-timeframe", "1d", "--to-source", "by-steps")
    report = resample(work, "--from-timeframe", "1m", "--to-timeframe", "1d")
    assert report["bars"] == 13 and report["rows"] == 20000 and report["missing"] == 0
    assert report["partial"] == {"time": "2021-01-14T00:00:00.000000000Z", "rows": 1280,
                                 "kept": False}, report
    assert export(work, "1d") == export(work, "1d", "--source", "by-steps")
    report = resample(work, "--from", "1m", "--to-timeframe", "1d", "--offset", "-2h",
                      "--to-source", "newyork")
    made = export(work, "1d", "--source", "newyork")
    assert [row["time"] for row in made] == [f"{day}T22:00:00Z" for day in (
        "2020-12-31", *(f"2021-01-{n:02d}" for n in range(1, 13)))]
    assert report["starts_inside"] is True and report["offset_seconds"] == -7200
    minutes = export(work, "1m")
    for row in made:
        inside = [m for m in minutes if row["time"] <= m["time"] and
                  m["time"] < f"{datetime.date.fromisoformat(row['time'][:10]) + datetime.timedelta(1)}"
                  "T22:00:00Z"]
        assert row["open"] == inside[0]["open"] and row["close"] == inside[-1]["close"]
        assert row["high"] == max(m["high"] for m in inside)
        assert row["low"] == min(m["low"] for m in inside)
        assert row["volume"] == sum(m["volume"] for m in inside)
    report = resample(work, "--from", "1m", "--to-timeframe", "1w", "--offset", "4d")
    assert report["first"] == "2020-12-28T00:00:00.000000000Z"  # a Monday
    text = call(work, "data", "resample", "--archive", "archive", "--pair", "BTC/USD", "--from",
                "1m", "--to-timeframe", "1d").out
    has(text, "BTC/USD 1d: 13 bars of 20,000 bars of 1m, 2021-01-01 00:00:00 to 2021-01-13 00:00:00",
        "unchanged     the archive held them already",
        "not over      the bar of 2021-01-14 00:00:00 (1,280 rows), left out")


# --- Bars of trades -----------------------------------------------------------------------------

def feather(name):
    """Columns of a feather file as lists; numbers as the shortest text of the double."""
    import pyarrow.feather
    table = pyarrow.feather.read_table(DATA / name)
    return {n: table[n].cast("int64").to_pylist() if n in ("date", "timestamp") else
            [str(v) if isinstance(v, str) else f"{Decimal(repr(v)):f}" for v in
             table[n].to_pylist()] for n in table.column_names}


def feather_bars(name, end=2 ** 62):
    """A venue's bars by time."""
    columns = feather(name)
    return {iso(t // 10 ** 9): {p: Decimal(columns[p][i]) for p in (*PRICES, "volume")}
            for i, t in enumerate(columns["date"]) if t < end}


def import_trades(work, name, pair):
    columns = feather(name)
    with open(work / "trades.csv", "w") as file:
        file.write("time,id,side,price,quantity\n")
        for row in zip(*(columns[c] for c in ("timestamp", "id", "side", "price", "amount"))):
            file.write(",".join(map(str, row)) + "\n")
    call(work, "data", "import", "trades.csv", "--type", "trades", "--pair", pair, "--archive",
         "archive")
    return len(columns["id"])


def kraken_trades_make_its_bars(work):
    """26,921 trades, 6,980 of them in a millisecond with another one: by id they make the venue's
    bars, at once or step by step."""
    names = [f"kraken/BTC_USDT-{kind}_2023-11.feather" for kind in ("trades", "1m", "5m", "15m",
                                                                     "1h")]
    if not there(*names):
        return
    assert import_trades(work, names[0], "BTC/USDT") == 26921
    smaller = "trades"
    for name, timeframe, count in zip(names[1:], ("1m", "5m", "15m", "1h"), (5388, 1520, 515, 129)):
        official = feather_bars(name)
        for source, to in (("trades", "direct"), (smaller, "steps")):
            options = ("--source", "steps") if source == smaller != "trades" else ()
            report = resample(work, "--from", source, "--to-timeframe", timeframe, "--partial",
                              "--to-source", to, *options, pair="BTC/USDT")
            assert report["bars"] == count, report
            made = export(work, timeframe, "--source", to, pair="BTC/USDT")
            assert len(made) == len(official) == count and differences(made, official) == []
        smaller = timeframe
    # Without --partial the last minute, which ends behind the last trade, is not told.
    report = resample(work, "--from", "trades", "--to-timeframe", "1m", pair="BTC/USDT")
    assert report["bars"] == 5387 and report["partial"]["kept"] is False
    assert report["partial"]["time"] == "2023-11-22T08:41:00.000000000Z"
    last = feather(names[0])
    made = export(work, "1m", pair="BTC/USDT")
    at = [i for i, t in enumerate(last["timestamp"]) if iso(t // 60000 * 60) == made[7]["time"]]
    spent = sum(Decimal(last["price"][i]) * Decimal(last["amount"][i]) for i in at)
    total = sum(Decimal(last["amount"][i]) for i in at)
    assert made[7]["trades"] == len(at) and made[7]["volume"] == total
    assert made[7]["vwap"] == (spent / total).quantize(Decimal("0.1"))


def bars_that_close_by_trades(work):
    """Nothing is lost: the bars and the one that is not full are all the trades."""
    name = "kraken/ETH_BTC-trades_2023-11.feather"
    if not there(name):
        return
    count = import_trades(work, name, "ETH/BTC")
    columns = feather(name)
    amounts, prices = ([Decimal(v) for v in columns[c]] for c in ("amount", "price"))
    spent = [a * p for a, p in zip(amounts, prices)]
    for rule, source, threshold, units in (("tick:100", "tick-100", 100, [1] * count),
                                           ("volume:12.5", "volume-12_5", Decimal("12.5"), amounts),
                                           ("dollar:0.75", "dollar-0_75", Decimal("0.75"), spent)):
        report = resample(work, "--from", "trades", "--bars", rule, "--partial", pair="ETH/BTC")
        assert report["to_source"] == source and report["rows"] == count, report
        made = export(work, "1s", "--source", source, pair="ETH/BTC")
        assert sum(row["trades"] for row in made) == count
        assert sum(row["volume"] for row in made) == sum(amounts)
        at, times = 0, []
        for number, row in enumerate(made):
            trades = slice(at, at + int(row["trades"]))
            at = trades.stop
            full = sum(units[trades])
            assert (full >= threshold) == (number < len(made) - 1 or report["partial"] is None)
            assert full - units[at - 1] < threshold, "it was full before"
            assert row["open"] == prices[trades][0] and row["close"] == prices[trades][-1]
            assert row["high"] == max(prices[trades]) and row["low"] == min(prices[trades])
            times.append(columns["timestamp"][at - 1])
        # Each stands at its last trade, a nanosecond later where that is taken.
        text = (work / "out.csv").read_text().splitlines()[1:]
        stamps = [line.split(",")[0] for line in text]
        exact = [s[:19] + s[19:-1].replace(".", "").ljust(9, "0") for s in stamps]
        assert exact == sorted(set(exact))
        assert all(s[:19] == iso(t // 1000)[:19] for s, t in zip(stamps, times))
        assert resample(work, "--from", "trades", "--bars", rule, "--partial",
                        pair="ETH/BTC")["is_unchanged"]


def an_hour_with_a_page_read_twice(work):
    """2,672 trades of which one is given twice; without it the venue's hour, to the digit."""
    name = "kraken/BTCUSD_trades_2019-07-01T00.csv"
    if not there(name, "kraken/XBTUSD_60.csv"):
        return
    with open(DATA / name, newline="") as file, open(work / "trades.csv", "w") as out:
        out.write("time,side,price,quantity\n")
        for row in csv.DictReader(file):
            out.write(f"{row['time_ms']},{row['side']},{row['price']},{Decimal(row['amount']):f}\n")
    call(work, "data", "import", "trades.csv", "--type", "trades", "--pair", "BTC/USD", "--archive",
         "archive")
    options = ("--from", "trades", "--to-timeframe", "1h", "--partial")
    twice = resample(work, *options, "--to-source", "twice")
    assert twice["rows"] == 2672 and twice["repeats"] == 0
    once = resample(work, *options, "--drop-repeats")
    assert once["repeats"] == 1 and once["bars"] == 1, once
    [hour] = export(work, "1h")
    assert hour["volume"] == Decimal("903.65604099") and hour["trades"] == 2671
    assert differences([hour], {hour["time"]: kraken("XBTUSD_60.csv")[hour["time"]]}) == []
    [hour] = export(work, "1h", "--source", "twice")
    assert hour["volume"] == Decimal("903.65604099") + Decimal("0.04641442")


def binance_makes_its_hours(work):
    """Five minutes to fifteen to hours: those of the venue's own file, the outage of 2023-03-24 with
    its bars without volume included."""
    for pair, name, fifteen in (("BTC/USDT", "BTC_USDT", 34939), ("ETH/USDT", "ETH_USDT", 34939)):
        if not there(f"binance/{name}-5m_2023.feather"):
            continue
        columns = feather(f"binance/{name}-5m_2023.feather")
        with open(work / "bars.csv", "w") as file:
            file.write("timestamp,open,high,low,close,volume\n")
            for row in zip(*(columns[c] for c in ("date", *PRICES, "volume"))):
                file.write(",".join((str(row[0] // 10 ** 9), *row[1:])) + "\n")
        harness.import_bars(work, "bars.csv", pair, "5m", "generic", "archive")
        steps = resample(work, "--from", "5m", "--to-timeframe", "15m", "--partial", pair=pair)
        assert steps["bars"] == fifteen, steps
        report = resample(work, "--from", "15m", "--to-timeframe", "1h", "--partial", pair=pair)
        made = export(work, "1h", pair=pair)
        resample(work, "--from", "5m", "--to-timeframe", "1h", "--partial", "--to-source", "direct",
                 pair=pair)
        assert made == export(work, "1h", "--source", "direct", pair=pair)
        if pair != "BTC/USDT" or not there("binance/BTC_USDT-1h_2017-2024.feather"):
            continue
        end = columns["date"][-1]
        official = {t: row for t, row in
                    feather_bars("binance/BTC_USDT-1h_2017-2024.feather", end).items()
                    if t >= made[0]["time"]}
        assert report["bars"] == len(official) == 8735 and differences(made, official) == []


def a_second_time_changes_nothing(work):
    harness.minute_bars(work / "bars.csv", 3000)
    harness.import_bars(work, "bars.csv", "BTC/USD", "1m", "w1", "archive")
    options = ("--from", "1m", "--to-timeframe", "1h")
    first = resample(work, *options)
    before = files(work / "archive")
    [made] = [p for p in before if "1h" in p.parts]
    assert b"resample:BTC/USD 1m ohlcv sha256:" in before[made]
    again = resample(work, *options)
    assert first["is_unchanged"] is False and again["is_unchanged"] is True
    assert again["content_hash"] == first["content_hash"] and files(work / "archive") == before
    # More rows: more bars, and the former version stays.
    harness.minute_bars(work / "bars.csv", 3700)
    harness.import_bars(work, "bars.csv", "BTC/USD", "1m", "w1", "archive")
    more = resample(work, *options)
    assert more["bars"] == 61 and more["former_hash"] == first["content_hash"], more
    # The catalogue knows the bars and what they were made of.
    entries = json.loads(call(work, "data", "list", "--archive", "archive", "--json").out)
    has(json.dumps(entries), '"1h"')
    shown = json.loads(call(work, "data", "show", "BTC/USD", "1h", "--archive", "archive",
                            "--json").out)
    assert [i["who"] for i in shown["imports"]] == ["resample"] * 2, shown["imports"]
    assert shown["imports"][-1]["file"] == "BTC/USD 1m ohlcv" and shown["imports"][-1]["rows"] == 61
    assert len(shown["imports"][-1]["sha256"]) == 64


def what_is_in_the_way(work):
    harness.minute_bars(work / "bars.csv", 3000)
    harness.import_bars(work, "bars.csv", "BTC/USD", "1m", "w1", "archive")
    with open(work / "hours.csv", "w") as file:
        file.write("timestamp,open,high,low,close,volume\n2021-01-01 00:00:00,1,1,1,1,1\n")
    harness.import_bars(work, "hours.csv", "BTC/USD", "1h", "generic", "archive")
    before = files(work / "archive")
    options = ("--from", "1m", "--to-timeframe", "1h")
    has(resample(work, *options, expected=6),
        "the archive holds BTC/USD 1h ohlcv that were not made by resampling")
    assert files(work / "archive") == before
    assert resample(work, *options, "--to-source", "made")["to_source"] == "made"
    assert resample(work, *options, "--replace")["rows_replaced"] == 1
    for path in (work / "archive").glob("catalog.db*"):
        path.unlink()  # the files themselves tell
    assert resample(work, *options)["is_unchanged"] is True  # now it was
    has(resample(work, *options, "--offset", "30m", expected=6),
        "the archive holds BTC/USD 1h ohlcv that open at another offset (the first at 2021-01-01")


def bad_options_are_refused(work):
    harness.minute_bars(work / "bars.csv", 100)
    harness.import_bars(work, "bars.csv", "BTC/USD", "1m", "w1", "archive")
    base = ("--archive", "archive", "--pair", "BTC/USD")
    for arguments, code, message in (
            ((), 2, "missing --archive DIR"),
            (("--archive", "archive"), 2, "missing --pair P"),
            (base, 2, "missing --from-timeframe T"),
            ((*base, "--from", "1m"), 2, "missing --to-timeframe T"),
            ((*base, "--from", "1m", "--to-timeframe", "90s"), 2,
             "found 90s, expected a multiple of the 1m"),
            ((*base, "--from", "1m", "--to-timeframe", "soon"), 2, "'soon'"),
            ((*base, "--from", "soon", "--to-timeframe", "1h"), 2, "'soon'"),
            ((*base, "--from", "1m", "--to-timeframe", "1m"), 2, "to make of itself"),
            ((*base, "--from", "1m", "--to-timeframe", "5m", "--offset", "x"), 2,
             "offset: found 'x', expected such as 8h"),
            ((*base, "--from", "1m", "--to-timeframe", "5m", "--offset", "30s"), 4,
             "lie in two bars of 5m"),
            ((*base, "--from", "1m", "--bars", "tick:5"), 2, "expected trades"),
            ((*base, "--from", "1m", "--bars", "ticks"), 2, "found 'ticks', expected tick:N"),
            ((*base, "--from", "1m", "--bars", "tick:5", "--to-timeframe", "1h"), 2,
             "found both, expected either"),
            ((*base, "--from", "1m", "--to-timeframe", "5m", "--drop-repeats"), 2,
             "repeats to drop: found bars, expected trades"),
            ((*base, "--from", "1m", "--to-timeframe", "5m", "--session", "fx"), 2,
             "session: found 'fx' with nothing to fill"),
            ((*base, "--from", "trades", "--bars", "tick:5", "--fill", "previous_close"), 7, ""),
            ((*base, "--from", "trades", "--to-timeframe", "5m"), 7, "no BTC/USD trades in"),
            ((*base, "--from", "1m", "--to-timeframe", "5m", "--to-source", "A B"), 2, "source"),
            (("--archive", "none", "--pair", "BTC/USD", "--from", "1m", "--to-timeframe", "5m"), 7,
             "none")):
        has(call(work, "data", "resample", *arguments, expected=code).err, message)
    for arguments, code, message in (
            ((*base, "--timeframe", "1m"), 2, "missing --output FILE"),
            ((*base, "--timeframe", "1m", "--output", "o", "--from", "soon"), 2, "soon"),
            ((*base, "--timeframe", "1m", "--output", "o", "--from", "2021-01-02", "--to",
              "2021-01-01"), 2, "expected a time after from"),
            ((*base, "--timeframe", "1h", "--output", "o"), 7, "no BTC/USD 1h ohlcv in"),
            ((*base, "--timeframe", "1m", "--output", "no/such/folder"), 7, "no/such/folder")):
        has(call(work, "data", "export", *arguments, expected=code).err, message)
    assert not (work / "o").exists() and not (work / "o.partial").exists()


# --- Export -------------------------------------------------------------------------------------

def what_goes_out_comes_back(work):
    """Exported, imported elsewhere and exported again: the same bytes, of all digits."""
    with open(work / "bars.csv", "w") as file:
        file.write("timestamp,open,high,low,close,volume\n"
                   "2021-12-31T23:59:00Z,1.50,2,0.00000001,1.999999999999,0\n"
                   "2022-01-01T00:00:00Z,999999.999999999999,999999.999999999999,1,1,0.1\n"
                   "2022-01-01T00:03:00Z,7,7,7,7,123456789.00000001\n")
    harness.import_bars(work, "bars.csv", "BTC/USD", "1m", "generic", "archive")
    first = export(work, "1m", name="one.csv")
    assert (work / "one.csv").read_text().splitlines()[:2] == [
        "time,open,high,low,close,volume",
        "2021-12-31T23:59:00Z,1.500000000000,2.000000000000,0.000000010000,1.999999999999,"
        "0.00000000"]
    harness.import_bars(work, "one.csv", "BTC/USD", "1m", "generic", "second")
    assert export(work, "1m", archive="second", name="two.csv") == first
    assert (work / "one.csv").read_bytes() == (work / "two.csv").read_bytes()
    part = export(work, "1m", "--from", "2022-01-01", "--to", "2022-01-01T00:03:00Z")
    assert part == first[1:2]
    assert export(work, "1m", "--from", "2030-01-01") == []
    # Replaced whole; a folder that is not there is no file.
    export(work, "1m", name="one.csv")
    assert (work / "one.csv").read_bytes() == (work / "two.csv").read_bytes()
    done = call(work, "data", "export", "--archive", "archive", "--pair", "BTC/USD", "--timeframe",
                "1m", "--format", "parquet", "--output", "one.parquet", "--json")
    assert json.loads(done.out)["rows"] == 3
    assert (work / "one.parquet").read_bytes()[:4] == b"PAR1"
    assert sorted(p.name for p in work.glob("*partial*")) == []


def as_parquet(work, timeframe, pair):
    """The same rows by pyarrow, and as exact as in CSV."""
    import pyarrow.parquet
    done = call(work, "data", "export", "--archive", "archive", "--pair", pair, "--timeframe",
                timeframe, "--format", "parquet", "--output", "out.parquet", "--json")
    table = pyarrow.parquet.read_table(work / "out.parquet", partitioning=None)
    assert json.loads(done.out)["rows"] == len(table)
    with open(work / "one.csv", newline="") as file:
        rows = list(csv.reader(file))
    assert table.column_names == rows[0]
    assert table.schema.metadata[b"asset_pair"] == pair.encode()
    sides = ["?", "buy", "sell", "unknown"]
    for i, name in enumerate(rows[0]):
        values = table[name]
        if name == "time":
            found = values.cast("int64").to_pylist()
            assert [iso(v // 10 ** 9)[:19] for v in found] == [r[i][:19] for r in rows[1:]]
        elif name == "side":
            assert [sides[v] for v in values.to_pylist()] == [r[i] for r in rows[1:]]
        else:
            assert [f"{v:f}" if isinstance(v, Decimal) else str(v) for v in values.to_pylist()] == \
                [r[i] for r in rows[1:]], name


def other_kinds_come_back(work):
    """Trades with ids and quotes, as CSV and as Parquet."""
    with open(work / "quotes.csv", "w") as file:
        file.write("time,bid,ask,bid_quantity,ask_quantity\n"
                   "2014-05-08T00:00:08.715Z,1.39101,1.39114,5.00,1.25\n"
                   "2014-05-08T00:00:08.715Z,1.39102,1.39114,5.50,1.00\n"
                   "2014-05-08T00:00:09.000000001Z,1.39100,1.39113,2.50,0.75\n")
    call(work, "data", "import", "quotes.csv", "--type", "quotes", "--pair", "EUR/USD", "--archive",
         "archive")
    kinds = [("quotes", "EUR/USD")]
    name = "kraken/ETH_BTC-trades_2023-11.feather"
    if there(name):
        import_trades(work, name, "ETH/BTC")
        resample(work, "--from", "trades", "--to-timeframe", "5m", pair="ETH/BTC")  # with averages
        kinds += [("5m", "ETH/BTC"), ("trades", "ETH/BTC")]
    for kind, pair in kinds:
        rows = export(work, kind, pair=pair, name="one.csv")
        options = ("--timeframe", kind) if kind == "5m" else ("--type", kind)
        call(work, "data", "import", "one.csv", *options, "--pair", pair, "--archive", "second")
        assert export(work, kind, pair=pair, archive="second", name="two.csv") == rows
        assert (work / "one.csv").read_bytes() == (work / "two.csv").read_bytes()
        as_parquet(work, kind, pair)
    assert (work / "one.csv").read_text().count("\n") > 9000 or len(kinds) == 1


def the_real_history_comes_back(work):
    if not there("kraken/XBTUSD_60.csv"):
        return
    harness.import_bars(work, DATA / "kraken/XBTUSD_60.csv", "BTC/USD", "1h", "kraken", "archive")
    rows = export(work, "1h", name="one.csv")
    assert differences(rows, kraken("XBTUSD_60.csv")) == [] and len(rows) == 70253
    harness.import_bars(work, "one.csv", "BTC/USD", "1h", "generic", "second")
    export(work, "1h", archive="second", name="two.csv")
    assert (work / "one.csv").read_bytes() == (work / "two.csv").read_bytes()


def stopping_leaves_things_as_they_were(work):
    """Ctrl-C while bars are made or written."""
    harness.minute_bars(work / "bars.csv", 400000)
    harness.import_bars(work, "bars.csv", "BTC/USD", "1m", "w1", "archive")
    before = files(work / "archive")
    stopped = 0
    for delay in (0.0, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12):
        for arguments in (("resample", "--from", "1m", "--to-timeframe", "2m"),
                          ("export", "--timeframe", "1m", "--output", "out.csv")):
            process = subprocess.Popen(
                harness.command("data", *arguments, "--archive", "archive", "--pair", "BTC/USD"),
                cwd=work, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                env=harness.environment())
            time.sleep(delay)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
            assert not list(work.glob("*.partial")), os.listdir(work)
            if process.returncode != 0:
                stopped += 1
                assert process.returncode in (-signal.SIGINT, 130), (process.returncode, err)
                assert not (work / "out.csv").exists()
                assert files(work / "archive") == before
            (work / "out.csv").unlink(missing_ok=True)
            shutil.rmtree(work / "archive/BTC_USD/2m", ignore_errors=True)
    assert stopped > 0


def main():
    for test in (kraken_hours_make_its_days, kraken_four_hours_make_rest_days, steps_and_offsets,
                 kraken_trades_make_its_bars, bars_that_close_by_trades,
                 an_hour_with_a_page_read_twice, binance_makes_its_hours,
                 a_second_time_changes_nothing, what_is_in_the_way, bad_options_are_refused,
                 what_goes_out_comes_back, other_kinds_come_back, the_real_history_comes_back,
                 stopping_leaves_things_as_they_were):
        with harness.folder() as folder:
            test(pathlib.Path(folder))


if __name__ == "__main__":
    main()
