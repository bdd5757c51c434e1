#!/usr/bin/env bash
# The storage programme of docs/reliability.md in full: tests/deep/run.sh [T0|T1] [build folder].
# One line per row with its figures, a REPLAY line per failure; ends with 'N passed, N failed'.
set -u
tier=${1:-T0}
build=${2:-build/dev}
cd "$(dirname "$0")/../.." || exit 1
case $tier in T0 | T1) ;; *) echo "usage: $0 [T0|T1] [build folder]" >&2; exit 2 ;; esac
passed=0
failed=0
for program in storage process memory memory_run data_fetch data_import archive; do
    test="$build/tests/deep_${program}_test"
    if [ ! -x "$test" ]; then
        echo "$test is not there: build the tests first" >&2
        failed=$((failed + 1))
        continue
    fi
    output=$("$test" --tier "$tier")
    echo "$output" | sed '$d'
    last=$(echo "$output" | tail -n 1)
    if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
        passed=$((passed + BASH_REMATCH[1]))
        failed=$((failed + BASH_REMATCH[2]))
    else
        echo "$test did not come to its end: $last"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
