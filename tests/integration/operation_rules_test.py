#!/usr/bin/env python3
"""Portfolio rules and event responses on one clock: a drawdown stops every link at the same moment,
limits over all links refuse with what they compared, and a rule that never binds changes nothing."""

import json
import pathlib
import shutil
import signal
import subprocess
import sys
import time
from decimal import Decimal

import harness
import operation_world as world
from harness import call, entries, has
from operation_test import check_sums, ids, operation, plugins, same_tree

FIGURES = ("result_trades.csv", "result_metrics.json", "equity.parquet")
OPENING = ("OPPORTUNITY_APPROVED", "TRADE_OPENED")


def policy(rules="", responses="", strategies=""):
    parts = [("portfolio_rules", rules), ("event_responses", responses),
             ("strategy_rules", strategies)]
    return "risk_policy: { " + ", ".join(f"{k}: {{ {v} }}" for k, v in parts if v) + " }\n"


def run(work, name, links, text, *more, expected=0):
    """Writes a configuration and runs it into r_NAME."""
    if not (work / name).exists():
        world.tree(work, links, text, name=name)
    done = call(work, "backtest", "operation", "-c", name, "--results", f"r_{name}", *more,
                expected=expected)
    return work / f"r_{name}", done


def instants(folder, *kinds):
    return [e["time"] for e in entries(folder, *kinds)]


def breach(folder):
    event, = [e for e in operation(folder)["events"] if e["event"] == "MAX_DRAWDOWN_BREACHED" and
              e["link"] is None]
    return event


def refusals(folder, code):
    return [e for e in entries(folder, "OPPORTUNITY_REJECTED")
            if e["details"]["rejection_reason"]["code"] == code]


def check_stopped(folder, links, late=()):
    """The threat stands in every journal at the moment of the breach, with an id of its own; from
    then on nothing is opened; the runs end normally and say why. Links in `late` begin after it, and
    are told when they do."""
    event = breach(folder)
    assert Decimal(event["actual"]) > Decimal(event["limit"])
    assert sorted(event["threat_ids"]) == sorted(links)
    assert len(set(event["threat_ids"].values())) == len(links)
    for link in links:
        threat, = [e for e in entries(folder / link, "THREAT_DETECTED")
                   if e["details"]["threat_type"] == "MAX_DRAWDOWN_BREACHED"]
        at = instants(folder / link, "RUN_STARTED")[0] if link in late else event["time"]
        assert threat["time"] == at >= event["time"], (threat, event)
        assert threat["threat_id"] == event["threat_ids"][link]
        assert threat["details"]["category"] == "PORTFOLIO_RISK"
        assert all(e["time"] <= event["time"] for e in entries(folder / link, *OPENING))
        last = entries(folder / link, "RUN_FINISHED")[0]
        assert last["details"]["reason"] == "MAX_DRAWDOWN_BREACHED", last
        for entry in refusals(folder / link, "MAX_TOTAL_DRAWDOWN"):
            assert entry["threat_id"] == threat["threat_id"]
            assert entry["details"]["stage"] == "gate"
            assert entry["details"]["rejection_reason"]["limit"] == event["limit"]
            assert entry["details"]["rejection_reason"]["actual"] == event["actual"]
    check_sums(folder)
    return event


def never_binds(work):
    """The clock alone changes no result: the same trades and the same sums as links apart."""
    rules = policy("max_total_drawdown_pct: 99, max_correlated_positions: 1000, "
                   "max_position_size_pct_per_strategy: 1000000")
    own, _ = run(work, "own", world.TWO, "")
    shared, done = run(work, "never", world.TWO, rules)
    has(done.out, "shared clock")
    for link in ("btc", "eth"):
        harness.same(own / link, shared / link, FIGURES)
    assert operation(own)["aggregate"] == operation(shared)["aggregate"]
    assert (own / "aggregate.USD.parquet").read_bytes() == \
        (shared / "aggregate.USD.parquet").read_bytes()
    assert operation(shared)["events"] == []
    call(work, "backtest", "operation", "-c", "never", "--results", "never_2", "--threads", 2)
    same_tree(shared, work / "never_2")
    call(work, "backtest", "--rerun", "never_2", "--results", "never_3")
    same_tree(shared, work / "never_3")
    done = call(work, "backtest", "--rerun", "never_2/btc", "--results", "x", expected=3)
    has(done.err, "link btc shared its clock with its operation", "repeat the operation")


def drawdown(work):
    """Left open or closed, on one timeframe."""
    rules = "max_total_drawdown_pct: 5"
    left, done = run(work, "left", world.TWO, policy(rules))
    has(done.out, "MAX_DRAWDOWN_BREACHED", "shutdown")
    event = check_stopped(left, ["btc", "eth"])
    for link in ("btc", "eth"): # both closed a bar at that moment, and it was their last
        assert instants(left / link, "RUN_FINISHED") == [event["time"]]
        assert max(e["time"] for e in entries(left / link)) == event["time"]
    assert sum(x["open_positions"] for x in operation(left)["links"]) > 0
    for fill in ("next_open", "same_close"):
        links = [dict(link, fill=fill) for link in world.TWO]
        closed, _ = run(work, f"closed_{fill}", links, policy(
            rules, "MAX_DRAWDOWN_BREACHED: { close_all_portfolio_positions: true, "
                   "notification_message: '{strategy_name} is flat' }"))
        event = check_stopped(closed, ["btc", "eth"])
        assert event["message"] == "operation is flat"
        assert all(x["open_positions"] == 0 for x in operation(closed)["links"])
        for link in ("btc", "eth"):
            after = [e for e in entries(closed / link, "TRADE_CLOSED") if e["time"] >= event["time"]]
            assert after and all(e["details"]["closure_reason"] == "THREAT" and e["threat_id"] ==
                                 event["threat_ids"][link] for e in after), after
    call(work, "backtest", "operation", "-c", "left", "--results", "again", "--threads", 2)
    same_tree(left, work / "again")


def clocks_apart(work):
    """Hours beside days, and a link that begins after the breach: the same moment for all."""
    links = [world.link("btc", "xbt_1h", risk="6"),
             world.link("day", "xbt_1d", fast=3, slow=8, capital="5000"),
             world.link("late", "eth_1h", start="2021-05-01")]
    folder, _ = run(work, "apart", links, policy(
        "max_total_drawdown_pct: 4", "MAX_DRAWDOWN_BREACHED: { close_strategy_positions: true }"))
    event = check_stopped(folder, ["btc", "day", "late"], ["late"])
    assert not event["time"].endswith("T00:00:00.000000000Z"), "no bar of the day closed then"
    assert event["time"] < "2021-05-01"
    assert operation(folder)["links"][2]["bars"] == 1 # it ends after the first bar it has
    left, _ = run(work, "apart_left", links, policy("max_total_drawdown_pct: 4"))
    assert check_stopped(left, ["btc", "day", "late"], ["late"])["time"] == event["time"]
    assert instants(left / "day", "RUN_FINISHED") == [event["time"]]


def ended_before(work):
    """A link whose data end earlier stays in the sum with how it ended."""
    links = [world.link("btc", "xbt_1h"), world.link("eth", "eth_1h", end="2021-02-01")]
    folder, _ = run(work, "ended", links, policy("max_total_drawdown_pct: 60"))
    reasons = [x["finish_reason"] for x in operation(folder)["links"]]
    assert reasons == ["END_OF_DATA", "END_OF_DATA"]
    check_sums(folder)
    own, _ = run(work, "ended_own", links, "")
    assert operation(own)["aggregate"] == operation(folder)["aggregate"]


def open_counts(folder, links):
    """The largest number of positions open at once over all links."""
    steps = []
    for link in links:
        for trade in harness.trades(folder / link):
            steps += [(trade["entry_time"], 1), (trade["exit_time"], 0)]
    count = most = 0
    for _, kind in sorted(steps):
        count += 1 if kind else -1
        most = max(most, count)
    return most


def correlation(work):
    folder, _ = run(work, "corr", world.TWO, policy(
        "max_correlated_positions: 1, correlation_window: 50, correlation_threshold: 0.3"))
    found = [e for link in ("btc", "eth") for e in refusals(folder / link, "CORRELATION_LIMIT")]
    assert len(found) > 20
    for entry in found:
        reason = entry["details"]["rejection_reason"]
        assert entry["details"]["stage"] == "gate" and reason["limit"] == "1"
        assert int(reason["actual"]) > 1
    # Two markets never correlate perfectly: only a link's own second position is one too many.
    alone, _ = run(work, "corr_one", world.TWO, policy(
        "max_correlated_positions: 1000, correlation_threshold: 1"))
    assert not refusals(alone / "btc", "CORRELATION_LIMIT")
    # The same market twice is one market from the first bar on, with no correlation to wait for.
    same = [world.link("a", "xbt_1h"), world.link("b", "xbt_1h")]
    twins, _ = run(work, "twins", same, policy("max_correlated_positions: 1"))
    first = entries(twins / "a", "OPPORTUNITY_APPROVED")[0]["time"]
    assert refusals(twins / "b", "CORRELATION_LIMIT")[0]["time"] == first # ties by link order
    assert open_counts(twins, ["a"]) == 1


def position_size(work):
    folder, _ = run(work, "size", world.TWO, policy("max_position_size_pct_per_strategy: 15"))
    found = [e for x in ("btc", "eth")
             for e in refusals(folder / x, "MAX_POSITION_SIZE_PER_STRATEGY")]
    assert found and all(Decimal(e["details"]["rejection_reason"]["actual"]) > 15 for e in found)
    passed = [c for x in ("btc", "eth") for e in entries(folder / x, "OPPORTUNITY_APPROVED")
              for c in e["details"]["checks"] if c["code"] == "MAX_POSITION_SIZE_PER_STRATEGY"]
    assert passed and all(Decimal(c["actual"]) <= 15 for c in passed)


def allocation(work):
    shares = "btc: { capital_allocation: { percentage: 60 } }, eth: { capital_allocation: { " \
             "percentage: 40, max_quote_amount: 35000 } }"
    text = "capital: { USD: 100000 }\n" + policy("", "", shares)
    folder, _ = run(work, "shares", world.TWO, text)
    assert [x["initial_capital"] for x in operation(folder)["links"]] == ["60000", "35000"]
    check_sums(folder)
    call(work, "backtest", "--rerun", "r_shares", "--results", "shares_2")
    same_tree(folder, work / "shares_2")
    world.tree(work, world.TWO, text.replace("40,", "40.5,"), name="too_much")
    done = call(work, "backtest", "operation", "-c", "too_much", "--results", "x", expected=3)
    has(done.err, "capital.USD: found shares of 100.5 %, expected capital_allocation.percentage of "
        "its links to add up to 100 at most")


def responses(work):
    """Each action on a threat of one link, and those that reach the others."""
    monitor = "  threat_workers: [ { plugin: max_drawdown_monitor, params: { max_total_drawdown: " \
              "3.0 } } ]\n"
    links = [world.link("btc", "xbt_1h", threats=monitor), world.link("eth", "eth_1h")]
    own, _ = run(work, "unanswered", links, "")
    first = instants(own / "btc", "THREAT_DETECTED")[0]
    name = "MAX_DRAWDOWN_BREACHED"
    folder, _ = run(work, "blocked", links, policy("", f"{name}: {{ block_new_signals_min: 2880 }}"))
    blocked = refusals(folder / "btc", "SIGNALS_BLOCKED")
    raised = {e["threat_id"]: e["time"] for e in entries(folder / "btc", "THREAT_DETECTED")}
    assert blocked and all(raised[e["threat_id"]] <= e["time"] for e in blocked)
    assert all(0 <= int(e["details"]["rejection_reason"]["actual"]) <= 2880 for e in blocked)
    harness.same(own / "eth", folder / "eth", FIGURES) # the other link is not spoken to
    event = operation(folder)["events"][0]
    assert event["time"] == first and event["link"] == "btc", event
    assert event["actions"] == "block_new_signals_min" and list(event["threat_ids"]) == ["btc"]

    folder, _ = run(work, "closing", links, policy("", f"{name}: {{ close_strategy_positions: true }}"))
    closed = [e for e in entries(folder / "btc", "TRADE_CLOSED") if e.get("threat_id")]
    assert closed and closed[0]["details"]["closure_reason"] == "THREAT"
    harness.same(own / "eth", folder / "eth", FIGURES)

    folder, _ = run(work, "flat", links, policy(
        "", f"{name}: {{ close_all_portfolio_positions: true, "
            "cancel_all_entry_orders_portfolio: true, notification_message: \"{strategy_name}!\" }"))
    event = operation(folder)["events"][0]
    assert sorted(event["threat_ids"]) == ["btc", "eth"] and event["message"] == "btc!"
    told = [e for e in entries(folder / "eth", "THREAT_DETECTED")]
    assert told[0]["time"] == first and told[0]["details"]["key"] == "other_link"
    assert told[0]["threat_id"] == event["threat_ids"]["eth"]
    assert [e for e in entries(folder / "eth", "TRADE_CLOSED") if e.get("threat_id")]
    assert not ids(folder / "btc") & ids(folder / "eth")

    folder, _ = run(work, "reduced", links, policy(
        "", f"{name}: {{ reduce_position_size_pct_strategy: 50 }}"))
    assert (folder / "btc/result_trades.csv").read_bytes() != \
        (own / "btc/result_trades.csv").read_bytes()
    folder, _ = run(work, "even", links, policy(
        "", f"{name}: {{ move_sl_to_breakeven_strategy: true }}"))
    for entry in entries(folder / "btc", "POSITION_ADJUSTED"):
        assert entry["worker"] == "PortfolioSupervisor", entry

    folder, _ = run(work, "strategy", world.TWO, policy(
        "", "STRATEGY_DRAWDOWN_EXCEEDED: { close_strategy_positions: true }",
        "eth: { max_drawdown_pct: 4 }"))
    found = entries(folder / "eth", "THREAT_DETECTED")
    assert found and found[0]["details"]["threat_type"] == "STRATEGY_DRAWDOWN_EXCEEDED"
    assert not entries(folder / "btc", "THREAT_DETECTED")
    assert [e["link"] for e in operation(folder)["events"]] == ["eth"] * len(found)


def failures(work):
    """A link that fails on the shared clock leaves the sum with its last state; the others go on."""
    root = plugins(work)
    config = world.tree(work, world.TWO, policy("max_total_drawdown_pct: 90"), name="fails")
    (config / "platform.yaml").write_text(
        f"schema_version: 1\ncore: {{ plugins_root_path: {root} }}\n")
    harness.replace(config / "runs/btc.yaml", (
        "  planning_workers:",
        "    - { plugin: failing_detector, params: { fails_at: 700 } }\n  planning_workers:"))
    folder, done = run(work, "fails", None, "", expected=5)
    has(done.err, "link btc", "700th tick")
    assert sorted(p.name for p in folder.iterdir()) == ["aggregate.USD.parquet", "eth",
                                                        "operation.json"]
    harness.same(folder / "eth", work / "r_own/eth", FIGURES)
    check_sums(folder)


def stopped(work):
    """Ctrl-C leaves nothing, of no link."""
    caught = 0
    for delay in (0.15, 0.3, 0.45, 0.6):
        process = subprocess.Popen(
            harness.command("backtest", "operation", "-c", "never", "--results", "halted"),
            cwd=work, env=harness.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        if process.returncode == 0: # too late
            shutil.rmtree(work / "halted")
        else:
            caught += process.returncode == 130
            assert process.returncode in (130, -signal.SIGINT), process.returncode
        assert not list(work.glob("halted*")), list(work.glob("halted*"))
    print(f"stopped {caught} of 4")


def wiring(work):
    """A rule nobody would judge is refused, with what is missing."""
    config = world.tree(work, world.TWO, policy("max_total_drawdown_pct: 5"), name="unwired")
    text = (config / "wiring_map.yaml").read_text()
    for cut, missing in (
            ("  # The bus of an operation", "AggregatePortfolioView.update and publishes "
             "AggregatePortfolioUpdated: portfolio_rules needs it"),
            ("  - adapter_id: PortfolioRulesAdapter", "PortfolioSupervisor.judge_portfolio and "
             "publishes ShutdownRequested: portfolio_rules.max_total_drawdown_pct needs it")):
        (config / "wiring_map.yaml").write_text(text[:text.index(cut)])
        done = call(work, "validate", "operation", "-c", "unwired", expected=3)
        has(done.out + done.err, "wirings: found nothing, expected a wiring that invokes " + missing)
    (config / "wiring_map.yaml").write_text(text.replace("method: judge_portfolio }",
                                                         "method: judge }"))
    done = call(work, "validate", "operation", "-c", "unwired", expected=3)
    has(done.out + done.err, "found judge, expected a method of PortfolioSupervisor: approve, "
        "judge_portfolio")


def single(work):
    """One link under a rule is an operation too."""
    folder, _ = run(work, "single", world.TWO[:1], policy("max_total_drawdown_pct: 5"))
    check_stopped(folder, ["btc"])


def example():
    """examples/operation runs as its README says."""
    with harness.folder() as name:
        work = pathlib.Path(name)
        if not harness.demo(work):
            return
        (work / "config/operations").mkdir()
        shutil.copy(harness.SOURCE / "examples/operation/desk.yaml", work / "config/operations")
        call(work, "validate", "desk")
        call(work, "backtest", "desk")
        report = operation(work / "results/desk")
        assert report["clock"] == "shared" and report["operation"] == "desk"
        assert [x["initial_capital"] for x in report["links"]] == ["12000", "9000", "9000"]
        assert sum(x["trades"] for x in report["links"]) > 20
        check_sums(work / "results/desk")
        has(call(work, "results", "show", "results/desk").out, "trend", "session", "reversion")


def main():
    example()
    with harness.folder() as name:
        work = pathlib.Path(name)
        if not world.data(work, ("xbt_1h", "eth_1h", "xbt_1d")):
            return
        for step in (never_binds, drawdown, clocks_apart, ended_before, correlation, position_size,
                     allocation, responses, failures, stopped, wiring, single):
            step(work)
        assert not list(work.glob("*.partial")) and not list(work.glob("*.lock"))


if __name__ == "__main__":
    sys.exit(main())
