#!/usr/bin/env python3
"""`data check` through the program: exact findings on real bars, exit codes, bad options."""

import json
import pathlib

import harness
from harness import call, has

CHRISTMAS = "2017-12-24T22:00..2017-12-25T22:00"
NEW_YEAR = "2017-12-31T22:00..2018-01-01T22:00"


def check(work, *arguments, expected=0):
    done = call(work, "data", "check", "--archive", "archive", "--json", *arguments,
                expected=expected)
    report = json.loads(done.out)
    assert report["has_errors"] == (expected == 4)
    return report["streams"]


def counts(stream):
    return {k["kind"]: (k["findings"], k["rows"]) for k in stream["kinds"] if k["findings"] > 0}


def weekends_are_no_holes(work):
    path = harness.sample()
    if path is None:
        return
    harness.import_bars(work, path, archive="archive")
    [stream] = check(work)
    assert stream["session"] == "fx" and stream["rows"] == 5000
    assert counts(stream) == {"hole": (2, 48)}, counts(stream)
    assert [(f["first"], f["last"], f["expected"]) for f in stream["findings"]] == [
        ("2017-12-24T22:00:00.000000000Z", "2017-12-25T21:00:00.000000000Z", "24 bars"),
        ("2017-12-31T22:00:00.000000000Z", "2018-01-01T21:00:00.000000000Z", "24 bars")]
    [stream] = check(work, "--outage", CHRISTMAS, "--outage", NEW_YEAR)
    assert counts(stream) == {}
    [stream] = check(work, "--session", "always", "--limit", "1")
    assert counts(stream)["hole"][0] == 42 and len(stream["findings"]) == 1, counts(stream)
    [stream] = check(work, "--session", "always", "--closed", "Fri 21:00..Sun 22:00")
    assert counts(stream) == {"hole": (2, 48)}
    [stream] = check(work, "--to", "2017-04-19T12:00")
    assert stream["rows"] == 3 and counts(stream) == {}
    [stream] = check(work, "--as-of", "2018-02-07T15:30")
    assert counts(stream)["partial_last_bar"] == (1, 1)
    has(call(work, "data", "check", "--archive", "archive").out, "EUR/USD 1h: 5,000 rows",
        "session fx", "hole", "2017-12-24 22:00:00")


def data_files(work):
    return {p: p.read_bytes() for p in (work / "archive").rglob("*.parquet")}


def sessions_are_configured(work):
    path = harness.sample()
    if path is None:
        return
    harness.import_bars(work, path, archive="archive")
    config = work / "config"
    config.mkdir()
    (config / "instruments.yaml").write_text(f"""schema_version: 1
EUR/USD:
  price_scale: 5
  qty_scale: 2
  session:
    hours: always
    closed: ["Fri 21:00..Sun 22:00"]
    outages: ["{CHRISTMAS}"]
""")
    [stream] = check(work)
    assert counts(stream) == {"hole": (1, 24)} and stream["session"] == "always", stream
    [stream] = check(work, "--outage", NEW_YEAR)
    assert counts(stream) == {}
    [stream] = check(work, "--session", "fx")
    assert counts(stream) == {"hole": (1, 24)} and stream["session"] == "fx", stream
    [stream] = check(work, "--config", "elsewhere")
    assert counts(stream) == {"hole": (2, 48)} and stream["session"] == "fx", stream
    harness.replace(config / "instruments.yaml", ("hours: always", "hours: nyse"))
    has(call(work, "data", "check", "--archive", "archive", expected=3).err,
        "config/instruments.yaml:6:12: error: EUR/USD.session.hours: found 'nyse', expected hours")


def findings_are_remembered(work):
    rows = ["timestamp,open,high,low,close,volume"]
    rows += [f"2020-01-01 00:{m:02d}:00,100,101,{'0.01' if m == 33 else '99.5'},100.{m % 7},5"
             for m in range(60)]
    (work / "bars.csv").write_text("\n".join(rows) + "\n")
    harness.import_bars(work, "bars.csv", "BTC/USD", "1m", "generic", "archive")

    def dataset():
        return json.loads(call(work, "data", "list", "--archive", "archive", "--json").out)["datasets"][0]
    assert dataset()["checked_at"] is None
    has(call(work, "data", "list", "--archive", "archive").out, "check", "-")
    check(work, "--to", "2020-01-01T00:10")  # a part is no check of the whole
    assert dataset()["checked_at"] is None
    check(work, expected=4)
    told = dataset()
    assert (told["errors"], told["warnings"], told["is_check_old"]) == (1, 0, False), told
    has(call(work, "data", "list", "--archive", "archive").out, "1 err")
    (work / "more.csv").write_text(rows[0] + "\n2020-01-01 01:00:00,100,101,99.5,100,5\n")
    harness.import_bars(work, "more.csv", "BTC/USD", "1m", "generic", "archive")
    assert dataset()["is_check_old"]
    (work / "archive/catalog.db").write_bytes(b"garbage" * 1000)
    done = call(work, "data", "check", "--archive", "archive", expected=4)
    has(done.err, "warning: catalogue of 'archive' was damaged")
    assert dataset()["errors"] == 1


def errors_have_an_exit_code(work):
    rows = ["timestamp,open,high,low,close,volume"]
    for minute in range(60):
        low = "0.01" if minute == 33 else "99.5"
        rows.append(f"2020-01-01 00:{minute:02d}:00,100,101,{low},100.{minute % 7},5")
    (work / "bars.csv").write_text("\n".join(rows) + "\n")
    harness.import_bars(work, "bars.csv", "BTC/USD", "1m", "generic", "archive")
    before = data_files(work)
    [stream] = check(work, "--pair", "BTC/USD", "--timeframe", "1m", expected=4)
    assert counts(stream) == {"impossible_price": (1, 1)}
    [finding] = stream["findings"]
    assert finding == {"kind": "impossible_price", "severity": "error",
                       "first": "2020-01-01T00:33:00.000000000Z",
                       "last": "2020-01-01T00:33:00.000000000Z", "row": 33, "rows": 1,
                       "found": "low 0.01", "expected": "near the median close 100.3"}, finding
    done = call(work, "data", "check", "--archive", "archive", expected=4)
    has(done.out, "impossible_price", "low 0.01")
    assert done.err == ""
    again = call(work, "data", "check", "--archive", "archive", expected=4)
    assert again.out == done.out
    assert before == data_files(work)


def several_streams_in_order(work):
    harness.minute_bars(work / "bars.csv", 500)
    for pair in ("ETH/USD", "BTC/USD"):
        harness.import_bars(work, "bars.csv", pair, "1m", "w1", "archive")
    streams = check(work)
    assert [s["asset_pair"] for s in streams] == ["BTC/USD", "ETH/USD"]
    assert all(counts(s) == {} for s in streams)
    has(call(work, "data", "check", "--archive", "archive").out, "nothing found")
    [stream] = check(work, "--pair", "ETH/USD")
    assert stream["asset_pair"] == "ETH/USD"


def bad_options_are_refused(work):
    harness.minute_bars(work / "bars.csv", 50)
    harness.import_bars(work, "bars.csv", "BTC/USD", "1m", "w1", "archive")
    for arguments, code, message in (
            ((), 2, "missing --archive DIR"),
            (("--archive", "archive", "--pair", "ETH/USD"), 7,
             "archive 'archive': found no data of ETH/USD of any timeframe, expected some"),
            (("--archive", "archive", "--timeframe", "soon"), 2, "'soon'"),
            (("--archive", "archive", "--session", "nyse"), 2, "nyse"),
            (("--archive", "archive", "--closed", "Fri"), 2, "closed: found 'Fri', expected"),
            (("--archive", "archive", "--outage", "2020"), 2, "outage: found '2020', expected"),
            (("--archive", "archive", "--as-of", "soon"), 2, "soon"),
            (("--archive", "archive", "--frozen", "1"), 2, "frozen: found 1, expected at least 2"),
            (("--archive", "archive", "--neighbours", "3"), 2,
             "neighbours: found 3, expected 4 to 64"),
            (("--archive", "archive", "--limit", "100001"), 2, "found 100001 of a kind")):
        has(call(work, "data", "check", *arguments, expected=code).err, message)


def main():
    for test in (weekends_are_no_holes, errors_have_an_exit_code, several_streams_in_order,
                 sessions_are_configured, findings_are_remembered,
                 bad_options_are_refused):
        with harness.folder() as folder:
            test(pathlib.Path(folder))


if __name__ == "__main__":
    main()
