#!/usr/bin/env bash
# `make demo`: from a clean clone to a first backtest that explains itself. Writes under demo/ only.
set -u
cd "$(dirname "$0")/.." || exit 1
program=build/release/s1mpletrader
results=demo/results
archive=demo/archive

head_line() { printf '\n== %s\n' "$1"; }
stop() {
    echo "demo: $1" >&2
    exit 1
}
# run COMMAND...: shown as one would type it, then done.
run() {
    printf '$ %s\n' "$*"
    "$@" || stop "'$*' ended with exit code $?"
}

tools/setup.sh demo || exit 1
head_line "Build"
tools/build.sh release s1mpletrader plugins || stop "the build failed"
[ -x "$program" ] || stop "$program was not built"

head_line "Import ten months of hourly EUR/USD bars"
rm -rf "$results" "$archive"
mkdir -p demo
run "$program" data import .deps/samples/EURUSD.csv --profile backtesting --pair EUR/USD --timeframe 1h \
    --archive "$archive"

head_line "Backtest config/runs/demo.yaml"
run "$program" backtest config/runs/demo.yaml --results "$results"

# The trades and verdicts to explain are found in what the run wrote.
journal="$results/journal.jsonl"
trades="$results/result_trades.csv"
[ -s "$journal" ] && [ -s "$trades" ] || stop "$results holds no journal or no trades"

# trade CONDITION: the first trade's id for which an awk condition over reason and threat holds.
trade() {
    awk -F, -v OFS=, "NR == 1 { for (i = 1; i <= NF; i++) column[\$i] = i; next }
        { reason = \$column[\"closure_reason\"]; threat = \$column[\"threat_id\"] }
        $1 { print \$column[\"trade_id\"]; exit }" "$trades"
}
# refused STAGE: the first opportunity refused there.
refused() {
    grep -m 1 -E "\"type\":\"OPPORTUNITY_REJECTED\".*\"stage\":\"$1\"" "$journal" |
        sed -E 's/.*"opportunity_id":"([^"]+)".*/\1/'
}
explain() {
    head_line "Why: $1"
    [ -n "$2" ] || stop "the run holds no such case: $1"
    run "$program" explain "$results" "$2"
}

explain "a trade closed at its target or stop" "$(trade 'reason == "TAKE_PROFIT" || reason == "STOP_LOSS"')"
explain "a trade closed by a threat" "$(trade 'reason == "THREAT" && threat != ""')"
explain "an opportunity the risk governor refused" "$(refused governor)"
explain "an opportunity the portfolio gate refused" "$(refused gate)"

head_line "Done"
echo "Results: $results   Journal: $journal"
echo "Next:    $program explain $results --rejected"
