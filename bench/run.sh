#!/usr/bin/env bash
# bench/run.sh - work W1 for us and the peers. Usage: bench/run.sh [BARS] [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/.."
bars="${1:-1000000}"
rounds="${2:-5}"
shared="${S1_SHARED:-../shared}"
work=build/bench
scripts="$shared/golden/peers/scripts"
if [ ! -d "$scripts" ]; then
    echo "skipped: $scripts is absent (work W1 and the peers' scripts lie there)"
    exit 0
fi
mkdir -p "$work"
if [ ! -f "$work/data-$bars/bars.npz" ]; then
    echo "bench: making $bars bars"
    mkdir -p "$work/data-$bars"
    .deps/bench/vectorbt/bin/python "$scripts/gen.py" "$work/data-$bars" "$bars" 1000
fi
rm -rf "$work/config" "$work/archive"
cp -r tests/integration/w1/config "$work/config"
for file in event_map operators wiring_map platform; do
    [ -f "$work/config/$file.yaml" ] || cp "config/$file.yaml" "$work/config/$file.yaml"
done
echo "bench: importing"
build/release/s1mpletrader data import "$work/data-$bars/bars.csv" --profile w1 --pair SYN/USD \
    --timeframe 1m --archive "$work/archive"
python3 bench/w1.py --bars "$bars" --rounds "$rounds" --work "$work" --scripts "$scripts"
