#!/usr/bin/env bash
# Formats every C file of the project, or with --check lists those that are not formatted (exit 1).
set -u
cd "$(dirname "$0")/.." || exit 1
tool=.deps/venv/bin/clang-format
[ -x "$tool" ] || { echo "format: $tool not found: run tools/setup.sh test" >&2; exit 1; }
mapfile -d '' files < <(git ls-files -z --cached --others --exclude-standard -- '*.c' '*.h' |
    while IFS= read -r -d '' file; do [ -f "$file" ] && printf '%s\0' "$file"; done)
if [ "${1:-}" = --check ]; then
    printf '%s\0' "${files[@]}" | xargs -0 "$tool" --dry-run -Werror --ferror-limit=1 2>&1 |
        sed -n -E 's/^([^:]+:[0-9]+):[0-9]+: error: .*/\1: error: not formatted (make format)/p' >"/tmp/s1-format.$$"
    cat "/tmp/s1-format.$$"
    bad=$(wc -l <"/tmp/s1-format.$$")
    rm -f "/tmp/s1-format.$$"
    echo "${#files[@]} C files, $bad not formatted"
    [ "$bad" -eq 0 ]
else
    printf '%s\0' "${files[@]}" | xargs -0 "$tool" -i && echo "${#files[@]} C files formatted"
fi
