#!/usr/bin/env bash
# Writes the pages that come from the code. With --check: fails where a committed page is stale.
set -u
cd "$(dirname "$0")/.." || exit 1
page=docs/configuration.md
tools/build.sh release tools-bin >/dev/null || { echo "docs: the build failed" >&2; exit 1; }
fresh=$(mktemp) || exit 1
trap 'rm -f "$fresh"' EXIT
build/release/tools/print_docs configuration >"$fresh" || exit 1
if [ "${1:-}" = --check ]; then
    cmp -s "$fresh" "$page" || { echo "$page:1: error: stale; run make docs"; exit 1; }
else
    cp "$fresh" "$page"
    echo "docs: $page, $(wc -l <"$page") lines"
fi
