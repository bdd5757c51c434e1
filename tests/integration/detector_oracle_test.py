#!/usr/bin/env python3
"""Detectors through the program, on hourly EUR/USD, against a plain computation over the bars from
what their READMEs say (TA-Lib for the indicators they read): every signal, and none besides."""

import csv
import datetime
import pathlib

import numpy
import talib

from harness import call, demo, entries, folder, sample
from opportunity_plugins_test import blueprint
from strategies_test import PAGES, commands

FIRST = 300  # rows compared from here on, where every input has stood for long
CONTEXT = """  context_workers:
    - { plugin: ema_detector, params: { periods: [20, 50], seed: sma } }
    - { plugin: rsi_calculator, params: { period: 14 } }
    - { plugin: bollinger_calculator }
    - { plugin: adx_regime_classifier }
"""


def bars():
    with open(sample(), newline="") as file:
        rows = list(csv.reader(file))[1:]
    hour = datetime.timedelta(hours=1)
    times = [(datetime.datetime.fromisoformat(r[0]) + hour).isoformat()[:19] for r in rows]
    return times, *(numpy.array([float(r[i]) for r in rows]) for i in (1, 2, 3, 4, 5))


def before(values, ago=1):
    """The values so many bars back."""
    out = numpy.full(len(values), numpy.nan)
    out[ago:] = values[:-ago]
    return out


def signals(work, name, opportunity):
    """(time, direction) of everything the first opportunity worker says."""
    text = blueprint(opportunities=opportunity).replace("  context_workers:\n", CONTEXT)
    (work / "config/runs/demo.yaml").write_text(text)
    name = f"{name}_{len(list(work.glob('*')))}"
    call(work, "backtest", "demo", "--results", name)
    return [(e["time"][:19], e["details"]["direction"].lower())
            for e in entries(work / name, "OPPORTUNITY_DETECTED")]


def equal(work, name, params, is_long, is_short, least=50):
    times = bars()[0]
    found = [s for s in signals(work, name, f"{{ plugin: {name}, params: {params} }}")
             if s[0] >= times[FIRST]]
    wanted = [(t, "long" if up else "short") for t, up, down in
              list(zip(times, is_long, is_short))[FIRST:] if up or down]
    wrong = [(a, b) for a, b in zip(found, wanted) if a != b][:1]
    assert found == wanted, f"{name}: {len(found)} signals, {len(wanted)} expected, {wrong}"
    assert len(wanted) >= least, f"{name}: {len(wanted)} signals only"
    print(f"{name} {params}: {len(wanted)} signals as computed")


# --- From the READMEs. ---------------------------------------------------------------------------

def crossover(work, close):
    fast, slow = talib.EMA(close, 20), talib.EMA(close, 50)
    equal(work, "ema_crossover", "{ fast: 20, slow: 50 }",
          (fast > slow) & (before(fast) <= before(slow)),
          (fast < slow) & (before(fast) >= before(slow)))


def gap(work, high, low):
    up, down = low - before(high, 2), before(low, 2) - high
    equal(work, "fvg_detector", "{ min_gap_size: 0.0005 }", up >= 0.0005, down >= 0.0005)


def spike(work, open_, close, volume):
    usual = before(talib.SMA(volume, 20))
    is_spike = volume >= 2 * usual
    equal(work, "volume_spike_refiner", "{}", is_spike & (close > open_),
          is_spike & (close < open_))


def oversold(work, close):
    rsi = talib.RSI(close, 14)
    upper, _, lower = talib.BBANDS(close, 20, 2, 2)
    low, high = rsi < 30, rsi > 70
    was_low, was_high = before(rsi) < 30, before(rsi) > 70
    equal(work, "oversold_detector", "{}", low & ~was_low, high & ~was_high)
    equal(work, "oversold_detector", "{ require_band: true, emit: every_bar }",
          low & (close < lower), high & (close > upper))


def reversal(work, close):
    rsi = talib.RSI(close, 14)
    equal(work, "rsi_reversal", "{}", (before(rsi) < 30) & (rsi >= 30),
          (before(rsi) > 70) & (rsi <= 70))
    equal(work, "rsi_reversal", "{ min_bars_beyond: 2 }",
          (before(rsi) < 30) & (before(rsi, 2) < 30) & (rsi >= 30),
          (before(rsi) > 70) & (before(rsi, 2) > 70) & (rsi <= 70), least=30)


def continuation(work, high, low, close):
    fast, slow = talib.EMA(close, 20), talib.EMA(close, 50)
    adx = talib.ADX(high, low, close, 14)

    def side(sign):
        found = numpy.zeros(len(close), bool)
        for t in range(60, len(close)):
            back = 1
            while back <= t and sign * close[t - back] <= sign * fast[t - back]:
                back += 1
            pullback = range(t - back + 1, t)
            found[t] = (sign * fast[t] > sign * slow[t] and sign * close[t] > sign * fast[t]
                        and 1 <= back - 1 <= 10 and adx[t] >= 20
                        and all(sign * close[i] >= sign * slow[i] for i in pullback))
        return found

    equal(work, "trend_continuation_detector", "{ min_adx: 20.0 }", side(1), side(-1))


def pairs(work):
    """pair_trading_detector in the example pair_spread: the entries, with z of each window."""
    steps = [s for s in commands((PAGES / "pair_spread.md").read_text()) if s[0] == "data"]
    if not all(pathlib.Path(s[2]).is_file() for s in steps):
        print(f"skipped: {steps[0][2]} or the other leg is not there")
        return
    for step in steps:
        call(work, *step)
    call(work, "backtest", "pair_spread", "--results", "pairs")
    closes = []
    for step in steps:
        with open(step[2], newline="") as file:
            closes.append({int(r[0]) + 3600: float(r[4]) for r in csv.reader(file)})
    times = numpy.array(sorted(closes[0].keys() & closes[1].keys()))
    x, y = (numpy.log([leg[t] for t in times]) for leg in closes)
    wx, wy = (numpy.lib.stride_tricks.sliding_window_view(v, 240) for v in (x, y))
    wx, wy = (w - w.mean(axis=1)[:, None] for w in (wx, wy))
    ratio = (wx * wy).mean(axis=1) / (wy ** 2).mean(axis=1)
    spread = wx - ratio[:, None] * wy
    z = numpy.concatenate((numpy.full(239, numpy.nan), spread[:, -1] / spread.std(axis=1)))
    correlation = numpy.concatenate((numpy.full(239, numpy.nan), (wx * wy).mean(axis=1) /
                                     (wx.std(axis=1) * wy.std(axis=1))))
    found = {e["time"][:19]: (e["details"]["direction"].lower(), e["details"]["metadata"]["z"])
             for e in entries(work / "pairs", "OPPORTUNITY_DETECTED")
             if e["details"]["signal_type"] == "pair_entry"}
    wanted = {}
    for t, now, last, c in zip(times, z, before(z), correlation):
        moment = datetime.datetime.fromtimestamp(int(t), datetime.timezone.utc).isoformat()[:19]
        if not "2019-01-10" < moment < "2022-06-29" or not c >= 0.7:
            continue
        if now <= -2.5 < last or now >= 2.5 > last:
            wanted[moment] = ("long" if now < 0 else "short", now)
    found = {t: s for t, s in found.items() if "2019-01-10" < t < "2022-06-29"}
    assert found.keys() == wanted.keys(), sorted(found.keys() ^ wanted.keys())[:5]
    for moment, (direction, value) in wanted.items():
        assert found[moment][0] == direction and abs(found[moment][1] - value) < 1e-7, \
            (moment, found[moment], value)
    assert len(wanted) > 100
    print(f"pair_trading_detector: {len(wanted)} entries as computed")


def main():
    with folder() as name:
        work = pathlib.Path(name)
        if not demo(work):
            return
        pairs(work)
        _, open_, high, low, close, volume = bars()
        crossover(work, close)
        gap(work, high, low)
        spike(work, open_, close, volume)
        oversold(work, close)
        reversal(work, close)
        continuation(work, high, low, close)


if __name__ == "__main__":
    main()
