#!/usr/bin/env python3
"""The statistics of our own runs against quantstats and empyrical: the demo, every example strategy on
the same bars, and W1. The returns the program says it used go into both; every value must be the
same within 1e-9, or the difference in convention is written here, one by one."""

import csv
import importlib.util
import io
import json
import math
import pathlib
import statistics
import sys
import types
import warnings

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import harness  # noqa: E402
import strategies_test  # noqa: E402
import w1_test  # noqa: E402

TOLERANCE = 1e-9


def libraries():
    """quantstats.stats and empyrical, without what quantstats needs to draw and to download; None
    where the pinned packages are not there."""
    if any(importlib.util.find_spec(name) is None for name in ("pandas", "scipy", "empyrical",
                                                               "quantstats")):
        return None
    warnings.filterwarnings("ignore")
    folder = pathlib.Path(importlib.util.find_spec("quantstats").origin).parent
    for name in ("yfinance", "matplotlib", "seaborn"):
        sys.modules.setdefault(name, types.ModuleType(name))
    package = types.ModuleType("quantstats")  # its __init__ imports the plots
    package.__path__ = [str(folder)]
    sys.modules["quantstats"] = package
    import empyrical
    import pandas
    import quantstats.stats
    return pandas, quantstats.stats, empyrical


def close_to(ours, theirs):
    if ours is None or theirs is None or math.isnan(theirs) or math.isinf(theirs):
        return ours is None
    return abs(ours - theirs) <= TOLERANCE * max(abs(theirs), 1e-3)


def pairs(pd, qs, ep, returns, market, periods, values):
    """name of ours, what they say, with their name."""
    greeks = qs.greeks(returns, market, periods=periods, prepare_returns=False)
    top = qs.to_drawdown_series(returns)
    yield "sharpe", qs.sharpe(returns, periods=periods), "qs.sharpe"
    yield "sharpe", ep.sharpe_ratio(returns, annualization=periods), "ep.sharpe_ratio"
    yield "sortino", qs.sortino(returns, periods=periods), "qs.sortino"
    yield "sortino", ep.sortino_ratio(returns, annualization=periods), "ep.sortino_ratio"
    yield "adjusted_sortino", qs.adjusted_sortino(returns, periods=periods), "qs.adjusted_sortino"
    yield "smart_sharpe", qs.smart_sharpe(returns, periods=periods), "qs.smart_sharpe"
    yield "smart_sortino", qs.smart_sortino(returns, periods=periods), "qs.smart_sortino"
    yield "volatility", qs.volatility(returns, periods=periods), "qs.volatility"
    yield "volatility", ep.annual_volatility(returns, annualization=periods), "ep.annual_volatility"
    yield "cagr", qs.cagr(returns, periods=periods), "qs.cagr"
    yield "cagr", ep.annual_return(returns, annualization=periods), "ep.annual_return"
    yield "downside_risk", ep.downside_risk(returns, annualization=periods), "ep.downside_risk"
    yield "omega", qs.omega(returns, periods=periods), "qs.omega"
    yield "total_return", ep.cum_returns_final(returns), "ep.cum_returns_final"
    yield "expected_return", qs.expected_return(returns), "qs.expected_return"
    yield "avg_active_return", qs.avg_return(returns), "qs.avg_return"
    yield "avg_up", qs.avg_win(returns), "qs.avg_win"
    yield "avg_down", qs.avg_loss(returns), "qs.avg_loss"
    yield "best_return", qs.best(returns), "qs.best"
    yield "worst_return", qs.worst(returns), "qs.worst"
    yield "up_share", qs.win_rate(returns), "qs.win_rate"
    yield "consecutive_up", qs.consecutive_wins(returns), "qs.consecutive_wins"
    yield "consecutive_down", qs.consecutive_losses(returns), "qs.consecutive_losses"
    yield "skew", qs.skew(returns), "qs.skew"
    yield "kurtosis", qs.kurtosis(returns), "qs.kurtosis"
    yield "tail_ratio", qs.tail_ratio(returns), "qs.tail_ratio"
    yield "tail_ratio", ep.tail_ratio(returns), "ep.tail_ratio"
    yield "outlier_win_ratio", qs.outlier_win_ratio(returns), "qs.outlier_win_ratio"
    yield "outlier_loss_ratio", qs.outlier_loss_ratio(returns), "qs.outlier_loss_ratio"
    yield "var_95", ep.value_at_risk(returns), "ep.value_at_risk"
    yield "cvar_95", ep.conditional_value_at_risk(returns), "ep.conditional_value_at_risk"
    yield "var_95_normal", qs.value_at_risk(returns), "qs.value_at_risk"
    yield "cvar_95_normal", qs.conditional_value_at_risk(returns), "qs.conditional_value_at_risk"
    yield "ulcer_index", qs.ulcer_index(returns), "qs.ulcer_index"
    yield "ulcer_performance", qs.ulcer_performance_index(returns), "qs.ulcer_performance_index"
    yield "serenity", qs.serenity_index(returns), "qs.serenity_index"
    yield "gain_to_pain", qs.gain_to_pain_ratio(returns), "qs.gain_to_pain_ratio"
    yield "gain_to_pain_monthly", qs.gain_to_pain_ratio(returns, 0, "ME"), "qs.gain_to_pain (1M)"
    yield "return_payoff", qs.payoff_ratio(returns), "qs.payoff_ratio"
    yield "cpc_index", qs.cpc_index(returns), "qs.cpc_index"
    yield "common_sense", qs.common_sense_ratio(returns), "qs.common_sense_ratio"
    yield "return_kelly", qs.kelly_criterion(returns), "qs.kelly_criterion"
    yield "stability", ep.stability_of_timeseries(returns), "ep.stability_of_timeseries"
    yield "var_99", ep.value_at_risk(returns, cutoff=.01), "ep.value_at_risk 1 %"
    yield "cvar_99", ep.conditional_value_at_risk(returns, cutoff=.01), "ep.cvar 1 %"
    yield "expected_monthly", qs.expected_return(returns, aggregate="ME"), "qs.expected_return ME"
    yield "expected_yearly", qs.expected_return(returns, aggregate="YE"), "qs.expected_return YE"
    yield "avg_up_month", qs.avg_win(returns, aggregate="ME"), "qs.avg_win ME"
    yield "avg_down_month", qs.avg_loss(returns, aggregate="ME"), "qs.avg_loss ME"
    yield "best_month", qs.best(returns, aggregate="ME"), "qs.best ME"
    yield "worst_month", qs.worst(returns, aggregate="ME"), "qs.worst ME"
    yield "best_year", qs.best(returns, aggregate="YE"), "qs.best YE"
    yield "worst_year", qs.worst(returns, aggregate="YE"), "qs.worst YE"
    by_quarter = (1 + returns).groupby(returns.index.to_period("Q")).prod() - 1
    by_year = (1 + returns).groupby(returns.index.to_period("Y")).prod() - 1
    yield "up_quarters", float((by_quarter > 0).mean()), "quarters above 0"
    if (by_quarter != 0).all():
        yield "up_quarters", qs.win_rate(returns, aggregate="QE"), "qs.win_rate QE"
    if (by_year != 0).all():
        yield "up_years", qs.win_rate(returns, aggregate="YE"), "qs.win_rate YE"
    end = returns.index[-1]
    yield ("month_to_date", ep.cum_returns_final(returns[returns.index >= end.replace(day=1)]),
           "MTD of qs.reports")
    yield ("year_to_date", ep.cum_returns_final(returns[returns.index >= end.replace(day=1, month=1)]),
           "YTD of qs.reports")
    for name, count in (("up_periods", (returns > 0).sum()), ("down_periods", (returns < 0).sum()),
                        ("flat_periods", (returns == 0).sum())):
        yield name, int(count), "counted"
    yield "beta", greeks["beta"], "qs.greeks"
    yield "alpha_quantstats", greeks["alpha"], "qs.greeks"
    yield "alpha", ep.alpha(returns, market, annualization=periods), "ep.alpha"
    yield "r_squared", qs.r_squared(returns, market), "qs.r_squared"
    yield "information_quantstats", ep.excess_sharpe(returns, market), "ep.excess_sharpe"
    # Named differences: theirs is made again from ours.
    yield ("probabilistic_sharpe", None, "qs.probabilistic_sharpe_ratio: excess kurtosis in place "
           "of the kurtosis")
    deepest = float(top.min())
    if values["max_drawdown"] is not None:  # every bar against every day: deeper, or the same
        assert values["max_drawdown"] <= deepest + 1e-12, (values["max_drawdown"], deepest)
    yield "calmar", values["cagr"] / abs(values["max_drawdown"]) if values["max_drawdown"] else \
        float("nan"), "qs.calmar on the drawdown of every bar"


def months(pd, returns):
    return {str(month): float((1 + part).prod() - 1)
            for month, part in returns.groupby(returns.index.strftime("%Y-%m"))}


def sampled_again(pd, results, returns, market, document):
    """The returns made anew from the bars: the last equity of each UTC day over that of the day
    before, weekends with the Monday where the market has no Saturdays."""
    text = harness.call(results.parent, "results", "show", results, "--equity").out
    bars = pd.read_csv(io.StringIO(text))
    ends = pd.to_datetime(bars["time"], utc=True) - pd.Timedelta(1, "ns")
    days = ends.dt.tz_localize(None).dt.normalize()
    saturdays = days[days.dt.dayofweek == 5].nunique()
    span = pd.date_range(days.iloc[0], days.iloc[-1], freq="D")
    is_open_all_week = saturdays >= .6 * sum(span.dayofweek == 5) > 0
    assert document["conventions"]["periods_per_year"] == (365 if is_open_all_week else 252)
    if not is_open_all_week:
        days += pd.to_timedelta((7 - days.dt.dayofweek).where(days.dt.dayofweek >= 5, 0), "D")
    for column, first, ours in (("equity", float(document["metrics"]["initial_capital"]), returns),
                                ("close", bars["close"].iloc[0], market)):
        last = bars[column].groupby(days).last()
        again = last / last.shift(1, fill_value=first) - 1
        assert len(again) == len(ours)
        assert max(abs(a - b) for a, b in zip(again, ours)) < 1e-12, (results, column)
    drawdown = bars["equity"] / bars["equity"].cummax().clip(
        lower=float(document["metrics"]["initial_capital"])) - 1
    assert close_to(document["metrics"]["max_drawdown"], float(drawdown.min()))
    assert close_to(document["metrics"]["highest_equity"], float(bars["equity"].max()))
    assert close_to(document["metrics"]["lowest_equity"], float(bars["equity"].min()))
    assert close_to(document["metrics"]["exposure"], float(bars["in_position"].mean()))
    assert (bars["drawdown"] - drawdown).abs().max() < 1e-12


def check(name, results, libs):
    pd, qs, ep = libs
    text = harness.call(results.parent, "results", "show", results, "--returns").out
    rows = list(csv.DictReader(io.StringIO(text)))
    # A close at midnight belongs to the day before.
    index = (pd.to_datetime([row["end"] for row in rows], utc=True) -
             pd.Timedelta(1, "ns")).tz_localize(None).normalize()
    returns = pd.Series([float(row["return"]) for row in rows], index=index)
    market = pd.Series([float(row["buy_and_hold"]) for row in rows], index=index)
    document = json.loads((results / "result_metrics.json").read_text())
    values, periods = document["metrics"], document["conventions"]["periods_per_year"]
    sampled_again(pd, results, returns, market, document)
    compared, faults = 0, []
    if len(returns) < 4 or not (returns < 0).any():
        sys.exit(f"{name}: a run to compare needs returns, some of them below 0")
    for ours, theirs, whose in pairs(pd, qs, ep, returns, market, periods, values):
        if theirs is None:
            continue
        compared += 1
        if not close_to(values[ours], float(theirs)):
            faults.append(f"{name}: {ours} is {values[ours]}, {whose} says {theirs}")
    for month, value in months(pd, returns).items():
        ours = next(m["return"] for m in document["months"] if m["name"] == month)
        assert close_to(ours, value), (name, month, ours, value)
        compared += 1
    if faults:
        sys.exit("\n".join(faults))
    for key in values:
        assert document["convention_of"][key]["of"], key
    print(f"{name}: {compared} values of {len(returns)} returns are the same")


def configured(work, libs):
    """The demo with a risk-free rate, periods a year and trials of its own: quantstats and empyrical
    with the same; every value says what it was made with."""
    pd, qs, ep = libs
    at = "environments.backtest_eurusd_1h.statistics."
    results = work / "configured"
    harness.call(work, "backtest", "demo", "--results", results, "--set", at + "risk_free_rate=0.03",
                 "--set", at + "periods_per_year=260", "--set", at + "trials=25", "--set",
                 at + "trials_variance=0.004", "--report")
    rows = list(csv.DictReader(io.StringIO(
        harness.call(work, "results", "show", results, "--returns").out)))
    index = (pd.to_datetime([row["end"] for row in rows], utc=True) -
             pd.Timedelta(1, "ns")).tz_localize(None).normalize()
    returns = pd.Series([float(row["return"]) for row in rows], index=index)
    market = pd.Series([float(row["buy_and_hold"]) for row in rows], index=index)
    document = harness.metrics(results)
    values, made = document["metrics"], document["convention_of"]
    rate = 1.03 ** (1 / 260) - 1
    expected = {"sharpe": qs.sharpe(returns, rf=0.03, periods=260),
                "sortino": qs.sortino(returns, rf=0.03, periods=260),
                "smart_sharpe": qs.smart_sharpe(returns, rf=0.03, periods=260),
                "omega": ep.omega_ratio(returns, risk_free=rate, annualization=1),
                "alpha": ep.alpha(returns, market, risk_free=rate, annualization=260),
                "volatility": qs.volatility(returns, periods=260),
                "buy_and_hold_sharpe": qs.sharpe(market, rf=0.03, periods=260),
                "downside_risk": ep.downside_risk(returns, required_return=rate, annualization=260)}
    for key, value in expected.items():
        assert close_to(values[key], float(value)), (key, values[key], value)
        assert made[key]["risk_free_rate" if key != "volatility" else "periods_per_year"] in (0.03, 260)
    plain = harness.metrics(work / "demo-run")["metrics"]
    assert values["deflated_sharpe"] < values["probabilistic_sharpe"] < plain["probabilistic_sharpe"]
    assert made["deflated_sharpe"]["trials"] == 25
    assert made["deflated_sharpe"]["trials_variance"] == 0.004
    best = (1 - 0.5772156649015329) * normal_quantile(1 - 1 / 25) + \
        0.5772156649015329 * normal_quantile(1 - 1 / (25 * math.e))
    s = float((returns - rate).mean() / returns.std())
    spread = 1 - values["skew"] * s + (values["kurtosis"] + 2) / 4 * s * s
    chance = statistics.NormalDist().cdf(
        (s - math.sqrt(0.004) * best) * math.sqrt((len(returns) - 1) / spread))
    assert close_to(values["deflated_sharpe"], chance), (values["deflated_sharpe"], chance)
    harness.has(harness.call(work, "results", "show", results, "--conventions").out,
                "260 a year", "risk-free rate 0.03", "trials: 25, of variance 0.004")
    harness.has(harness.call(work, "results", "show", results).out,
                "260 periods a year, risk-free rate 0.03")
    harness.has((results / "report.html").read_text(), "risk-free rate 0.03, ddof 1")
    print(f"configured: {len(expected) + 1} values above a risk-free rate are the same")


def slipped(work):
    """What slippage took, again from the journal and the bars: a fill at an open against that open, a
    stop against its trigger; a limit does not slip."""
    results = work / "slipped"
    harness.call(work, "backtest", "demo", "--results", results, "--set",
                 "environments.backtest_eurusd_1h.simulation.slippage=0.0002", "--report")
    with open(harness.sample(), newline="") as file:
        opens = {row[""].replace(" ", "T"): float(row["Open"]) for row in csv.DictReader(file)}
    closed = {row["trade_id"]: row for row in harness.trades(results)}
    triggers, lost = {}, dict.fromkeys(closed, 0.0)
    for entry in harness.entries(results, "TRADE_OPENED", "POSITION_ADJUSTED", "ORDER_FILLED"):
        details, trade = entry["details"], entry["trade_id"]
        if entry["type"] == "TRADE_OPENED":
            triggers[trade] = float(details["stop_loss"])
        elif entry["type"] == "POSITION_ADJUSTED" and details["what"] == "stop_loss":
            triggers[trade] = float(details["to"])
        elif entry["type"] == "ORDER_FILLED" and trade in closed and details["liquidity"] == "taker":
            decided = opens[entry["time"][:19]] if details["rule"].startswith("OPEN") else \
                triggers[trade]
            worse = (float(details["price"]) - decided) * (1 if details["side"] == "buy" else -1)
            assert worse >= -1e-12, (entry, decided)
            lost[trade] += worse * float(details["quantity"])
    values = harness.metrics(results)["metrics"]
    clean = [float(row["pnl"]) + float(row["fees"]) + lost[trade] for trade, row in closed.items()]
    total = sum(lost.values())
    assert total > 0 and abs(float(values["slippage"]) - total) < 1e-6, (values["slippage"], total)
    assert close_to(values["slippage_share"], total / sum(c for c in clean if c > 0))
    assert float(harness.metrics(work / "demo-run")["metrics"]["slippage"]) == 0
    harness.has((results / "report.html").read_text(), "Slippage share", f"{total:,.2f}")
    print(f"slippage: {total:.2f} of {len(closed)} trades is the same")


def normal_quantile(share):
    return statistics.NormalDist().inv_cdf(share)


def held_against(work, archive, libs):
    """pair_spread held against the stream it reads: buy and hold is of the closes of BTC/USD as they
    were known at the bars of ETH/USD, in the bars, the figures and the page."""
    pd, qs, ep = libs
    results, stream = work / "results/against", "BTC/USD@1h"
    harness.call(work, "backtest", "pair_spread", "--results", results, "--report", "--set",
                 f"environments.backtest_ethusd_1h.statistics.benchmark={stream}")
    harness.call(work, "data", "export", "--archive", archive, "--pair", "BTC/USD", "--timeframe",
                 "1h", "--output", "btc.csv")
    bars = pd.read_csv(io.StringIO(
        harness.call(work, "results", "show", results, "--equity").out))
    btc = pd.read_csv(work / "btc.csv")
    opened = pd.to_datetime(btc.iloc[:, 0], utc=True, format="ISO8601")
    known = pd.DataFrame({"time": opened + pd.Timedelta(1, "h"), "other": btc["close"]})
    wanted = pd.merge_asof(pd.DataFrame({"time": pd.to_datetime(bars["time"], utc=True)}), known,
                           on="time")
    assert (wanted["other"] == bars["benchmark"]).all() and len(bars) > 30000
    own = harness.metrics(work / "results/pair_spread")
    document = harness.metrics(results)
    values = document["metrics"]
    assert values["sharpe"] == own["metrics"]["sharpe"] and values["beta"] != own["metrics"]["beta"]
    assert close_to(values["buy_and_hold_return"],
                    bars["benchmark"].iloc[-1] / bars["benchmark"].iloc[0] - 1)
    depth = bars["benchmark"] / bars["benchmark"].cummax() - 1
    assert close_to(values["buy_and_hold_max_drawdown"], float(depth.min()))
    rows = list(csv.DictReader(io.StringIO(
        harness.call(work, "results", "show", results, "--returns").out)))
    returns, market = (pd.Series([float(row[name]) for row in rows])
                       for name in ("return", "buy_and_hold"))
    greeks = qs.greeks(returns, market, periods=365, prepare_returns=False)
    assert close_to(values["beta"], greeks["beta"])
    assert close_to(values["alpha"], ep.alpha(returns, market, annualization=365))
    with_it = {key for key, made in document["convention_of"].items() if "benchmark" in made}
    assert {"beta", "alpha", "buy_and_hold_return", "treynor"} < with_it and "sharpe" not in with_it
    assert all(document["convention_of"][key]["benchmark"] == stream for key in with_it)
    assert document["conventions"]["benchmark_stream"] == stream
    harness.has((results / "report.html").read_text(), f"buy and hold of {stream}")
    print(f"against {stream}: {len(bars)} bars and {len(with_it)} figures are of it")


def trade_figures(name, results):
    """What is made of trades, again from result_trades.csv."""
    rows = harness.trades(results)
    values = harness.metrics(results)["metrics"]
    pnl = [float(row["pnl"]) for row in rows]
    won, lost = [x for x in pnl if x > 0], [x for x in pnl if x < 0]
    mean = sum(pnl) / len(pnl)
    spread = math.sqrt(sum((x - mean) ** 2 for x in pnl) / (len(pnl) - 1))
    payoff = (sum(won) / len(won)) / (-sum(lost) / len(lost))
    ordered = sorted(pnl)
    half = len(pnl) // 2
    expected = {
        "trade_count": len(pnl), "won_trades": len(won), "win_rate": len(won) / len(pnl),
        "profit_factor": sum(won) / -sum(lost), "expectancy": mean, "payoff": payoff,
        "expectancy_ratio": (1 + payoff) * len(won) / len(pnl) - 1,
        "sqn": math.sqrt(len(pnl)) * mean / spread, "trade_deviation": spread,
        "median_trade": ordered[half] if len(pnl) % 2 else (ordered[half - 1] + ordered[half]) / 2,
        "traded_value": sum((float(r["entry_price"]) + float(r["exit_price"])) *
                            float(r["quantity"]) for r in rows),
    }
    expected.update(sides(rows, pnl, values))
    for key, value in expected.items():
        assert close_to(values[key], value), (name, key, values[key], value)
    assert values["max_mae"] <= values["avg_mae"] <= 0 <= values["avg_mfe"] <= values["max_mfe"]


def sides(rows, pnl, values):
    """What is told of trades won and lost apart, of their times, and of their sum."""
    import numpy
    from scipy import stats
    won, lost = [x for x in pnl if x > 0], [x for x in pnl if x < 0]
    stake = [float(r["entry_price"]) * float(r["quantity"]) for r in rows]
    share = [x / y for x, y in zip(pnl, stake)]
    held = [(moment(r["exit_time"]) - moment(r["entry_time"])) / 1e9 for r in rows]
    level = numpy.cumsum([0.0] + pnl)
    peak = numpy.maximum.accumulate(level)
    deepest = int(numpy.argmin(level - peak))
    fall = float((level - peak)[deepest])
    capital = float(values["initial_capital"])
    days = (moment(values["end_time"]) - moment(values["start_time"])) / 1e9 / 86400
    expected = {
        "loss_rate": len(lost) / len(pnl), "gross_profit": sum(won), "gross_loss": sum(lost),
        "long_share": sum(r["direction"] == "long" for r in rows) / len(rows),
        "avg_stake": sum(stake) / len(stake), "smallest_win": min(won), "smallest_loss": max(lost),
        "avg_win_return": statistics.mean(x for x in share if x > 0),
        "avg_loss_return": statistics.mean(x for x in share if x < 0),
        "trade_p": float(stats.ttest_1samp(pnl, 0.0).pvalue),
        "trade_sharpe": statistics.mean(pnl) / statistics.stdev(pnl),
        "closed_drawdown": fall, "profit_to_drawdown": sum(pnl) / -fall,
        "trades_a_day": len(pnl) / days, "median_trade_duration": statistics.median(held),
        "calmar_freqtrade": sum(pnl) / capital / days * 100 /
        (-fall / (capital + float(peak[deepest]))) * math.sqrt(365)}
    for name, sign in (("win", 1), ("loss", -1)):
        of = [h for h, x in zip(held, pnl) if x * sign > 0]
        expected |= {f"min_{name}_duration": min(of), f"max_{name}_duration": max(of)}
    return expected


def moment(text):
    """Nanoseconds of an ISO time."""
    import pandas
    return pandas.Timestamp(text).value


def w1(work, libs):
    if not w1_test.GOLDEN.is_dir():
        print(f"skipped: {w1_test.GOLDEN} is absent")
        return
    config = w1_test.configuration(work)
    harness.import_bars(work, w1_test.GOLDEN / "bars20k.csv", "SYN/USD", "1m", "w1", "archive")
    harness.call(work, "backtest", "w1", "--config", config, "--results", work / "w1")
    check("w1", work / "w1", libs)
    trade_figures("w1", work / "w1")


def examples(libs):
    for name in sorted(path.stem for path in strategies_test.PAGES.glob("*.md")):
        steps = strategies_test.commands((strategies_test.PAGES / f"{name}.md").read_text())
        if not all(pathlib.Path(step[2]).is_file() for step in steps if step[0] == "data"):
            print(f"skipped: {name}: its recording is not there")
            continue
        with harness.folder(is_checked=False) as folder:
            work = pathlib.Path(folder)
            harness.config(work)
            for step in steps:
                harness.call(work, *step)
            check(name, work / "results" / name, libs)
            trade_figures(name, work / "results" / name)
            if name == "pair_spread":
                held_against(work, steps[0][steps[0].index("--archive") + 1], libs)


def main():
    libs = libraries()
    if libs is None:
        print("skipped: quantstats and empyrical are not in .deps/venv (tools/setup.sh test)")
        return
    with harness.folder() as folder:
        work = pathlib.Path(folder)
        if harness.demo(work):
            harness.call(work, "backtest", "demo", "--results", work / "demo-run")
            check("demo", work / "demo-run", libs)
            trade_figures("demo", work / "demo-run")
            configured(work, libs)
            slipped(work)
    with harness.folder() as folder:
        w1(pathlib.Path(folder), libs)
    examples(libs)


if __name__ == "__main__":
    main()
