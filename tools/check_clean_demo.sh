#!/usr/bin/env bash
# `make demo` as a newcomer meets it: a fresh clone, nothing of ours installed in it, twice in a row.
# Both must succeed and write the same journal, trades, metrics and equity, byte for byte.
# Usage: tools/check_clean_demo.sh [FOLDER]   (default build/clean-clone, made anew)
set -u
cd "$(dirname "$0")/.." || exit 1
clone="${1:-build/clean-clone}"
rm -rf "$clone"
mkdir -p "${clone%/*}"
git clone --quiet . "$clone" || exit 1
cd "$clone" || exit 1
make demo || exit 1
mkdir -p first
for file in journal.jsonl result_trades.csv result_metrics.json equity.parquet; do
    cp "demo/results/$file" first/ || { echo "clean demo: demo/results/$file was not written"; exit 1; }
done
started=$SECONDS
make demo >second.log 2>&1 || { tail -n 20 second.log; echo "clean demo: the second run failed"; exit 1; }
echo "clean demo: the second run took $((SECONDS - started)) s"
status=0
for file in first/*; do
    cmp "$file" "demo/results/${file#first/}" || status=1
done
[ -z "$(git status --porcelain --untracked-files=no)" ] || { echo "clean demo: tracked files were changed"; status=1; }
[ "$status" -eq 0 ] && echo "clean demo: both runs gave the same bytes"
cd ../.. && [ "$status" -eq 0 ] && [ "$clone" = build/clean-clone ] && rm -rf "$clone"
exit "$status"
