#!/usr/bin/env bash
# Every header compiles alone, and twice in one file. Usage: tools/check_headers.sh [ROOT]
# With --self-test: a header that leans on another and one without a guard are found.
# The public SDK also compiles as C++17 where a C++ compiler is there.
set -u
cd "$(dirname "$0")/.." || exit 1
cc="${CC:-gcc}"
flags=(-std=gnu17 -Wall -Wextra -Werror -Wpedantic -Wconversion -Wsign-conversion -Wno-overlength-strings
    -fsyntax-only -I. -Iinclude -isystem "$PWD/.deps/duckdb/include")
for module in libfyaml jansson libcrypto; do
    # shellcheck disable=SC2207 # flags are words
    flags+=($(pkg-config --cflags "$module" 2>/dev/null))
done

check_tree() {
    local root="$1" status=0 count=0 header
    cd "$root" || return 1
    while IFS= read -r header; do
        count=$((count + 1))
        if ! printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
            "$cc" "${flags[@]}" -x c - 2>/tmp/s1-header.$$; then
            head -n 4 /tmp/s1-header.$$
            echo "$header:1: error: does not compile alone and twice"
            status=1
        fi
        case "$header" in
        include/s1mple/*)
            if command -v g++ >/dev/null && ! printf '#include "%s"\n' "$header" |
                g++ -std=c++17 -fsyntax-only -Wall -Wextra -I. -Iinclude -x c++ - 2>/tmp/s1-header.$$; then
                head -n 4 /tmp/s1-header.$$
                echo "$header:1: error: does not compile as C++17"
                status=1
            fi
            ;;
        esac
    done < <(find include backend services frontends tests bench -name '*.h' 2>/dev/null | sort)
    rm -f /tmp/s1-header.$$
    echo "check_headers: $count headers, $([ "$status" -eq 0 ] && echo "all stand alone" || echo "breaches above")"
    return "$status"
}

if [ "${1:-}" = --self-test ]; then
    scratch=$(mktemp -d) || exit 1
    trap 'rm -rf "$scratch"' EXIT
    mkdir -p "$scratch/backend/good" "$scratch/backend/bad"
    printf '#ifndef G\n#define G\n#include <stdint.h>\ntypedef struct g {\n    uint32_t x;\n} g;\n#endif\n' >"$scratch/backend/good/good.h"
    printf '#ifndef L\n#define L\nuint32_t leans(void);\n#endif\n' >"$scratch/backend/bad/leans.h"
    printf 'typedef struct t {\n    int x;\n} t;\n' >"$scratch/backend/bad/twice.h"
    output=$(check_tree "$scratch" 2>&1) && { echo "self-test: planted headers passed"; exit 1; }
    for name in leans twice; do
        grep -q "bad/$name.h:1: error" <<<"$output" || { echo "self-test: $name.h was not found"; exit 1; }
    done
    grep -q 'good.h:1: error' <<<"$output" && { echo "self-test: good.h was refused"; exit 1; }
    echo "check_headers self-test: 2 planted headers, 0 failures"
    exit 0
fi
check_tree "${1:-.}"
