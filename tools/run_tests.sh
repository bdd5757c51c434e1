#!/usr/bin/env bash
# Builds and runs the tests; what `make test` calls. Usage: tools/run_tests.sh [PRESET...]
# Without a preset: dev and asan, both in full, the lint in the first only. The last line is
# 'N passed, N failed'; a build that breaks counts as one failure. Exit 1 if anything failed.
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tools/tally.sh
. tools/tally.sh

tools/setup.sh test || exit 1
presets=("$@")
[ ${#presets[@]} -gt 0 ] || presets=(dev asan)

if [ $# -eq 0 ]; then
    tally_command "format" tools/format.sh --check
    # The release binary first: tests of the front door and of speed use it.
    if tally_build release; then
        tally_command "install" tools/check_install.sh
        [ ! -f docs/configuration.md ] || tally_command "pages that come from the code" tools/docs.sh --check
    fi
fi
first=1
for preset in "${presets[@]}"; do
    if tally_build "$preset"; then
        if [ "$first" -eq 1 ]; then tally_ctest "$preset"; else tally_ctest "$preset" -LE lint; fi
        first=0
    fi
done
tally_end
