#!/usr/bin/env python3
"""The faults of ../shared/data/README.md section 5 that have a file here: imported as they are, each
gives the finding it must, on the terminal and in the catalogue; what is no fault gives none."""

import json
import pathlib

import pyarrow.feather

import harness
from harness import call, has

DATA = harness.SHARED / "data"
EVERYTHING = ("--limit", "100000", "--as-of", "2026-01-01")


def bring(work, path, profile, pair, timeframe=None, *more, expected=0):
    options = ("--timeframe", timeframe) if timeframe else ()
    return call(work, "data", "import", path, "--profile", profile, "--pair", pair, *options, "--archive",
                "archive", *more, expected=expected)


def findings(work, pair, timeframe, *options, source="", expected=0):
    """Findings by kind, of one stream; the catalogue must know of as many."""
    which = ("--archive", "archive", "--pair", pair, "--timeframe", timeframe, "--source", source, "--json")
    done = call(work, "data", "check", *which, *EVERYTHING, *options, expected=expected)
    [stream] = json.loads(done.out)["streams"]
    [listed] = json.loads(call(work, "data", "list", *which).out)["datasets"]
    assert [listed[k] for k in ("errors", "warnings", "infos")] == \
        [stream[k] for k in ("errors", "warnings", "infos")], (listed, stream["kinds"])
    kinds = {k["kind"]: (k["findings"], k["rows"]) for k in stream["kinds"] if k["findings"]}
    return kinds, [f for f in stream["findings"]]


def missing_bars_and_a_cut_off_end(work):
    """Faults 1, 2 and 8: Kraken's archive leaves out hours; 57 of them in a row; cut off at its end."""
    bring(work, DATA / "crypto/kraken/XBTUSD_60.csv", "kraken", "BTC/USD", "1h")
    kinds, found = findings(work, "BTC/USD", "1h")
    assert kinds["hole"] == (3254, 10856) and kinds["partial_last_bar"] == (1, 1), kinds
    longest = max((f for f in found if f["kind"] == "hole"), key=lambda f: f["rows"])
    assert (longest["first"][:13], longest["rows"]) == ("2014-09-25T19", 56), longest
    # The outage, once it is known, is no hole.
    outage = f"{longest['first'][:16]}..2014-09-28T03:00"
    kinds, _ = findings(work, "BTC/USD", "1h", "--outage", outage)
    assert kinds["hole"] == (3253, 10800), kinds


def an_outage_of_binance(work):
    """Fault 2: 14 bars without volume, then 16 that are missing."""
    table = pyarrow.feather.read_table(DATA / "crypto/binance/BTC_USDT-5m_2023.feather")
    names = table.column_names
    rows = table.to_pydict()
    times = [int(t.timestamp()) for t in rows[names[0]]]
    with open(work / "5m.csv", "w") as file:
        file.write("timestamp,open,high,low,close,volume\n")
        for i, time in enumerate(times):
            file.write(",".join([str(time), *(f"{rows[n][i]:.8f}" for n in names[1:6])]) + "\n")
    bring(work, work / "5m.csv", "generic", "BTC/USDT", "5m")
    kinds, found = findings(work, "BTC/USDT", "5m")
    in_march = [(f["kind"], f["first"][:16], f["last"][:16], f["rows"]) for f in found
                if f["first"].startswith("2023-03-24") and f["kind"] in ("hole", "zero_volume")]
    assert in_march == [("hole", "2023-03-24T12:40", "2023-03-24T13:55", 16),
                        ("zero_volume", "2023-03-24T11:30", "2023-03-24T12:35", 14)], (in_march, kinds)


def a_gap_that_somebody_filled(work):
    """Fault 3."""
    bring(work, DATA / "dirty/BTCUSDT_1h_gapfilled.csv", "generic", "BTC/USDT", "1h", "--qty-scale", "8",
          "--round-quantity", "--price-scale", "8", "--round-price")
    kinds, found = findings(work, "BTC/USDT", "1h")
    assert "hole" not in kinds and kinds["interpolated"][0] == 17, kinds
    assert [f["first"][:13] for f in found if f["kind"] == "interpolated"][0] == "2018-02-08T00"


def duplicates_are_refused_with_their_line(work):
    """Faults 4 and 5: a falling file whose times come twice where the clock was wrong."""
    path = DATA / "dirty/Kraken_BTCUSD_1h_cdd2020_dups.csv"
    has(bring(work, path, "cdd", "BTC/USD", "1h", expected=4).err,
        "cdd2020_dups.csv:26498:1: time: found '1510473600.0', expected earlier than 2017-11-12 08:00:00")
    done = bring(work, path, "cdd", "BTC/USD", "1h", "--on-duplicate", "first", "--json")
    assert json.loads(done.out)["rows"] == 29709 - 5, done.out
    kinds, _ = findings(work, "BTC/USD", "1h")
    assert "duplicate" not in kinds and "out_of_order" not in kinds, kinds


def a_column_that_was_mistaken(work):
    """Fault 6: from 2024 on the sixth field is a mean price; the profile knows, a map does not."""
    path = DATA / "crypto/kraken/XBTUSD_1440.csv"
    bring(work, path, "kraken", "BTC/USD", "1d")
    assert "volume_is_price" not in findings(work, "BTC/USD", "1d")[0]
    bring(work, path, "generic", "XBT/USD", "1d", "--map", "time=0,open=1,high=2,low=3,close=4,volume=5",
          "--header", "no")
    kinds, found = findings(work, "XBT/USD", "1d")
    assert kinds["volume_is_price"] == (1, 80), kinds
    [one] = [f for f in found if f["kind"] == "volume_is_price"]
    assert (one["first"][:10], one["last"][:10]) == ("2024-01-01", "2024-03-20"), one


def impossible_prices(work):
    """Fault 7."""
    has(bring(work, DATA / "dirty/gemini_BTCUSD_1hr_zero_price.csv", "cdd", "BTC/USD", "1h", "--qty-scale",
              "8", "--round-quantity", expected=4).err, "open: found '0.0'", "above 0")
    bring(work, DATA / "dirty/bitfinex_BTCUSD_1m_2013_one_cent_low.csv.gz", "bitfinex", "BTC/USD", "1m")
    kinds, found = findings(work, "BTC/USD", "1m", expected=4)
    assert kinds["impossible_price"] == (5, 5), kinds
    assert ("2013-04-16", "open 0.01") in {(f["first"][:10], f["found"]) for f in found}


def the_edge_of_a_page(work):
    """Fault 9: one trade twice."""
    bring(work, DATA / "crypto/kraken/BTCUSD_trades_2019-07-01T00.csv", "generic", "BTC/USD", None,
          "--type", "trades", "--map", "time=0,price=3,quantity=4,side=2", "--ignore-name")
    kinds, [one] = findings(work, "BTC/USD", "trades")
    assert kinds == {"repeated_trade": (1, 1)} and one["found"].startswith("0.04641442 at 10812.2"), one


def crossed_quotes_and_weekends(work):
    """Fault 11, and OANDA's, of which none is crossed: the weekend is no hole of its bars."""
    bring(work, DATA / "fx/lean/forex/fxcm/hour/eurusd.zip", "lean-fx", "EUR/USD", "1h", "--type", "quotes")
    kinds, _ = findings(work, "EUR/USD", "quotes")
    assert {k: rows for k, (_, rows) in kinds.items()} == {"crossed_quote": 2613, "locked_quote": 1550}
    bring(work, DATA / "fx/lean/forex/oanda/hour/eurusd.zip", "lean-fx", "EUR/USD", "1h", "--type", "quotes",
          "--source", "oanda")
    kinds, _ = findings(work, "EUR/USD", "quotes", source="oanda")
    assert "crossed_quote" not in kinds and "locked_quote" not in kinds, kinds


def splits(work):
    """Fault 12: five days, four splits and a crash."""
    bring(work, DATA / "equity/lean/daily/aapl.zip", "lean-equity", "AAPL/USD", "1d")
    kinds, found = findings(work, "AAPL/USD", "1d", "--session", "weekdays", expected=4)
    assert kinds["jump"] == (5, 5), kinds
    assert [f["first"][:10] for f in found if f["kind"] == "jump"] == [
        "2000-06-21", "2000-09-29", "2005-02-28", "2014-06-09", "2020-08-31"]


def main():
    if not DATA.is_dir():
        print(f"skipped: {DATA} is not there")
        return
    for test in (missing_bars_and_a_cut_off_end, an_outage_of_binance, a_gap_that_somebody_filled,
                 duplicates_are_refused_with_their_line, a_column_that_was_mistaken, impossible_prices,
                 the_edge_of_a_page, crossed_quotes_and_weekends, splits):
        with harness.folder() as folder:
            test(pathlib.Path(folder))
        print(f"ok {test.__name__}")


if __name__ == "__main__":
    main()
