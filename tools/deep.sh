#!/usr/bin/env bash
# The tier that is too long for every commit: all presets in full, the storage programme,
# valgrind, ten minutes of fuzzing per target, coverage. Ends with 'N passed, N failed'.
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tools/tally.sh
. tools/tally.sh
tools/setup.sh test || exit 1
for preset in dev asan tsan clang release; do
    tally_build "$preset" && tally_ctest "$preset" -LE lint
done
tally_command "storage programme, T0 (docs/reliability.md)" tests/deep/run.sh T0 build/dev
tally_command "200 recordings killed" env S1_RECORD_KILLS=200 S1_SOURCE_DIR="$PWD" \
    S1_BUILD_DIR="$PWD/build/dev" S1_TEST_TMP="$PWD/build/dev/test-tmp" \
    S1_SHARED="${S1_SHARED:-$PWD/../shared}" .deps/venv/bin/python tests/integration/data_record_kill_test.py
tally_head "valgrind dev"
for test in build/dev/tests/*_test; do
    [ -x "$test" ] || continue
    tally_command "valgrind ${test##*/}" env S1_SOURCE_DIR="$PWD" S1_BUILD_DIR="$PWD/build/dev" \
        S1_TEST_TMP="$PWD/build/dev/test-tmp" S1_SHARED="${S1_SHARED:-$PWD/../shared}" \
        valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite \
        --suppressions=cmake/valgrind.supp "$test" >/dev/null
done
tally_command "fuzz" tools/fuzz.sh "${FUZZ_SECONDS:-600}"
tally_command "coverage" tools/cover.sh
tally_end
