#!/usr/bin/env bash
# Configures a preset where needed and builds it. Usage: tools/build.sh PRESET [TARGET...]
# The target 'tools-only' configures and builds nothing (the lint tests read sources).
set -u
cd "$(dirname "$0")/.." || exit 1
preset="${1:?preset}"
shift
export NINJA_STATUS="[$preset %f/%t] "
export CCACHE_SLOPPINESS=time_macros
mkdir -p "build/$preset"
if [ ! -f "build/$preset/build.ninja" ] || [ CMakePresets.json -nt "build/$preset/build.ninja" ]; then
    if ! cmake --preset "$preset" >"build/$preset/configure.log" 2>&1; then
        cat "build/$preset/configure.log" >&2
        echo "build: preset '$preset' could not be configured" >&2
        exit 1
    fi
fi
[ "${1:-}" != tools-only ] || exec ninja -C "build/$preset" --quiet build.ninja
exec ninja -C "build/$preset" "$@"
