#!/usr/bin/env bash
# Line and branch coverage of the tests. Writes build/cover/coverage.{txt,html}. S1_NEVER() branches
# are left out.
set -u
cd "$(dirname "$0")/.." || exit 1
tools/setup.sh test || exit 1
tools/build.sh cover || exit 1
find build/cover -name '*.gcda' -delete
ctest --test-dir build/cover -LE lint -j2 --output-on-failure || exit 1
.deps/venv/bin/gcovr --root . --filter 'backend/' --filter 'services/' --filter 'frontends/' \
    --exclude-branches-by-pattern '.*S1_(NEVER|ASSERT)\(.*' --exclude-throw-branches \
    --txt build/cover/coverage.txt --html-details build/cover/coverage.html --print-summary build/cover
