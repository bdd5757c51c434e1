#!/usr/bin/env bash
# Runs every libFuzzer target for SECONDS (default 30), two at a time. Findings and grown corpora lie
# in build/fuzz/; a finding is copied by hand to tests/fuzz/corpus/<name>/ with its fix.
# Usage: tools/fuzz.sh [SECONDS [NAME...]]
set -u
cd "$(dirname "$0")/.." || exit 1
seconds="${1:-30}"
shift || true
if ! ls tests/fuzz/*_fuzz.c >/dev/null 2>&1; then
    echo "fuzz: no target under tests/fuzz"
    exit 0
fi
tools/setup.sh test || exit 1
names=("$@")
[ ${#names[@]} -gt 0 ] || mapfile -t names < <(basename -a -s _fuzz.c tests/fuzz/*_fuzz.c)
tools/build.sh fuzz "${names[@]/%/_fuzz}" || exit 1

run_one() {
    local name="$1" work="build/fuzz/work/$1" seed="tests/fuzz/corpus/$1" log="build/fuzz/work/$1.log"
    mkdir -p "$work" "$seed"
    if ASAN_OPTIONS=detect_leaks=1 LSAN_OPTIONS=suppressions="$PWD/cmake/lsan.supp" \
        "build/fuzz/fuzz/${name}_fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -artifact_prefix="build/fuzz/work/$name-" -print_final_stats=1 "$work" "$seed" >"$log" 2>&1; then
        echo "fuzz: $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, no finding"
    else
        tail -n 30 "$log"
        echo "fuzz: $name: FINDING, see build/fuzz/work/$name-*"
        return 1
    fi
}
export -f run_one
export seconds
printf '%s\n' "${names[@]}" | xargs -P 2 -I '{}' bash -c 'run_one {}'
