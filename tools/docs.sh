#!/usr/bin/env bash
# Writes the pages that come from the code. With --check: fails where a committed page is stale.
set -u
cd "$(dirname "$0")/.." || exit 1
tools/build.sh release tools-bin >/dev/null || { echo "docs: the build failed" >&2; exit 1; }
fresh=$(mktemp) || exit 1
trap 'rm -f "$fresh"' EXIT
for name in configuration statistics; do
    page=docs/$name.md
    build/release/tools/print_docs "$name" >"$fresh" || exit 1
    if [ "${1:-}" = --check ]; then
        cmp -s "$fresh" "$page" || { echo "$page:1: error: stale; run make docs"; exit 1; }
    else
        cp "$fresh" "$page"
        echo "docs: $page, $(wc -l <"$page") lines"
    fi
done
