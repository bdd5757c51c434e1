#!/usr/bin/env bash
# A plugin exports exactly s1_plugin_entry and imports only what backend/assembly/plugin_imports.def
# lists (the list the host itself uses when it loads one).
#   tools/check_plugin.sh FILE.so...
#   tools/check_plugin.sh --all FOLDER    every .so below it; there must be one, each with a manifest
#   tools/check_plugin.sh --self-test     bad samples, compiled on the fly, are refused
set -u
cd "$(dirname "$0")/.." || exit 1
list=backend/assembly/plugin_imports.def
exact=$(sed -n -E 's/^S1_IMPORT\(([A-Za-z0-9_]+)\).*/\1/p' "$list" | paste -sd'|')
needed=$(sed -n -E 's/^S1_NEEDED\(([^)]+)\).*/\1/p' "$list" | sed 's/[.]/\\./g' | paste -sd'|')
[ -n "$exact" ] && [ -n "$needed" ] || { echo "check_plugin: $list holds no entries"; exit 1; }

check_one() {
    local plugin="$1" status=0 exported bad
    exported=$(nm -D --defined-only "$plugin" | awk '{print $NF}' | sort | paste -sd' ')
    if [ "$exported" != s1_plugin_entry ]; then
        echo "$plugin: error: exports '$exported', expected exactly 's1_plugin_entry'"
        status=1
    fi
    bad=$(nm -D --undefined-only "$plugin" | awk '{print $NF}' | sed 's/@.*//' | grep -v -x -E "$exact" | paste -sd' ')
    if [ -n "$bad" ]; then
        echo "$plugin: error: imports '$bad', which no plugin may (see $list)"
        status=1
    fi
    bad=$(readelf -d "$plugin" | sed -n -E 's/.*\(NEEDED\).*\[(.*)\]/\1/p' | grep -v -x -E "$needed" | paste -sd' ')
    if [ -n "$bad" ]; then
        echo "$plugin: error: needs the library '$bad', expected libc and libm only"
        status=1
    fi
    if [ -n "$(readelf -d "$plugin" | grep -E 'RPATH|RUNPATH|TEXTREL')" ]; then
        echo "$plugin: error: carries a run path or text relocations"
        status=1
    fi
    return "$status"
}

self_test() {
    local scratch failures=0
    scratch=$(mktemp -d) || return 1
    # shellcheck disable=SC2064 # the folder of now
    trap "rm -rf '$scratch'" EXIT
    sample() { # NAME EXPECTED-WORD SOURCE LINK-FLAGS...
        local name="$1" expected="$2" output
        printf '%s\n' "$3" >"$scratch/$name.c"
        shift 3
        gcc -std=gnu17 -shared -fPIC -fvisibility=hidden -O1 -o "$scratch/$name.so" "$scratch/$name.c" "$@" || return 1
        if output=$(check_one "$scratch/$name.so"); then output="passed"; fi
        case "$output" in
        *"$expected"*) ;;
        *)
            failures=$((failures + 1))
            echo "self-test: $name: expected '$expected', found '$output'"
            ;;
        esac
    }
    local entry='__attribute__((visibility("default"))) const void *s1_plugin_entry(void);'
    sample good passed "#include <math.h>
        $entry const void *s1_plugin_entry(void) { static double x; x = exp(x); return &x; }" -lm
    sample clock "imports 'time'" "#include <time.h>
        $entry const void *s1_plugin_entry(void) { static time_t t; t = time(0); return &t; }"
    sample files "imports 'fopen'" "#include <stdio.h>
        $entry const void *s1_plugin_entry(void) { return fopen(\"/etc/passwd\", \"r\"); }"
    sample chatty "exports 'helper s1_plugin_entry'" "__attribute__((visibility(\"default\"))) int helper = 1;
        $entry const void *s1_plugin_entry(void) { return &helper; }"
    sample silent "exports ''" "int x;"
    sample library "needs the library 'libcrypto.so.3'" "$entry const void *s1_plugin_entry(void) { return 0; }" \
        -Wl,--no-as-needed -l:libcrypto.so.3
    sample runpath "run path" "$entry const void *s1_plugin_entry(void) { return 0; }" -Wl,-rpath,/tmp
    echo "check_plugin self-test: 7 samples, $failures failures"
    [ "$failures" -eq 0 ]
}

case "${1:-}" in
--self-test) self_test ;;
--all)
    folder="${2:?folder}"
    mapfile -t plugins < <(find "$folder" -name '*.so' 2>/dev/null | sort)
    status=0
    for plugin in "${plugins[@]}"; do
        check_one "$plugin" || status=1
        [ -f "${plugin%/*}/manifest.yaml" ] || { echo "$plugin: error: no manifest.yaml beside it"; status=1; }
    done
    echo "check_plugin: ${#plugins[@]} plugins in $folder, $([ "$status" -eq 0 ] && echo "all good" || echo "breaches above")"
    [ "${#plugins[@]}" -gt 0 ] && exit "$status"
    exit 1
    ;;
'')
    echo "check_plugin: expected FILE.so..., --all FOLDER or --self-test" >&2
    exit 2
    ;;
*)
    status=0
    for plugin; do check_one "$plugin" || status=1; done
    exit "$status"
    ;;
esac
