#!/usr/bin/env bash
# Counting for test scripts; to be sourced. Every tally_* adds to `passed` and `failed` and shows what
# it does as it does it; tally_end prints the closing line and exits.
passed=0
failed=0
failures=()
tally_started=$SECONDS

tally_head() { printf '\n== %s (%d s)\n' "$1" $((SECONDS - tally_started)); }

# tally_command NAME COMMAND...: one check, judged by its exit code.
tally_command() {
    local name="$1"
    shift
    tally_head "$name"
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        failures+=("$name")
        return 1
    fi
}

# tally_build PRESET [TARGET...]: counts only when it fails.
tally_build() {
    tally_head "build $*"
    if ! tools/build.sh "$@"; then
        failed=$((failed + 1))
        failures+=("build $1")
        return 1
    fi
}

# tally_ctest PRESET [CTEST ARGS...]: adds what ctest counted.
tally_ctest() {
    local preset="$1" log
    shift
    tally_head "tests $preset $*"
    log="build/$preset/ctest.log"
    rm -rf "build/$preset/test-tmp" && mkdir -p "build/$preset/test-tmp"
    ctest --test-dir "build/$preset" --output-on-failure --no-tests=error -j2 "$@" 2>&1 | tee "$log" |
        grep -v -E '^ *Start +[0-9]+:|^$'
    local total bad
    bad=$(sed -n -E 's/^[0-9]+% tests passed, ([0-9]+) tests? failed out of ([0-9]+)$/\1/p' "$log")
    total=$(sed -n -E 's/^[0-9]+% tests passed, ([0-9]+) tests? failed out of ([0-9]+)$/\2/p' "$log")
    if [ -z "$total" ]; then
        failed=$((failed + 1))
        failures+=("tests $preset: ctest ran nothing")
        return 1
    fi
    passed=$((passed + total - bad))
    failed=$((failed + bad))
    while read -r name; do failures+=("$preset: $name"); done < <(
        sed -n -E 's/^[[:space:]]+[0-9]+ - (.+) \((.+)\)$/\1 (\2)/p' "$log")
    [ "$bad" -eq 0 ]
}

tally_end() {
    printf '\n'
    for name in ${failures[@]+"${failures[@]}"}; do echo "FAILED  $name"; done
    echo "took $((SECONDS - tally_started)) s"
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
    exit $?
}
