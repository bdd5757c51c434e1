#!/usr/bin/env bash
# Installs the release build into a scratch folder and uses it as a third party would: the program
# answers, the pkg-config file and the CMake package build examples/minimal_plugin, the plugin passes
# the host's checks, a new plugin is written, tested by the program, by make and by CMake, the shells
# have their completions, and uninstall leaves nothing behind.
set -u
cd "$(dirname "$0")/.." || exit 1
root="$PWD"
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
prefix="$scratch/usr"
fail() {
    echo "check_install: $1"
    exit 1
}

[ -f build/release/build.ninja ] || fail "no release build: run make build"
cp build/release/install_manifest.txt "$scratch/manifest.before" 2>/dev/null
cmake --install build/release --prefix "$prefix" >"$scratch/install.log" || fail "cmake --install failed"
cp build/release/install_manifest.txt "$scratch/manifest"
if [ -f "$scratch/manifest.before" ]; then
    cp "$scratch/manifest.before" build/release/install_manifest.txt
else
    rm -f build/release/install_manifest.txt
fi

if [ -x build/release/s1mpletrader ]; then
    (cd / && "$prefix/bin/s1mpletrader" version >"$scratch/version") || fail "the installed program does not answer 'version'"
    (cd / && "$prefix/bin/s1mpletrader" plugins list >"$scratch/plugins") || fail "the installed program does not find its plugins"
fi

# By pkg-config, with a compiler alone.
pc=$(find "$prefix" -name s1mpletrader.pc)
[ -n "$pc" ] || fail "no pkg-config file was installed"
export PKG_CONFIG_PATH="${pc%/*}"
flags=$(pkg-config --cflags s1mpletrader) || fail "pkg-config does not read $pc"
libs=$(pkg-config --libs s1mpletrader)
example=examples/minimal_plugin
if [ -f "$example/worker.c" ]; then
    # shellcheck disable=SC2086 # flags are words
    gcc -std=gnu17 -Wall -Wextra -Werror -shared -Wl,-z,defs $flags -o "$scratch/minimal.so" "$example/worker.c" $libs ||
        fail "$example/worker.c does not compile by the pkg-config file"
    tools/check_plugin.sh "$scratch/minimal.so" || fail "$example by pkg-config is no good plugin"

    # By the CMake package.
    if [ -f "$example/CMakeLists.txt" ]; then
        cp -r "$example" "$scratch/example"
        { cmake -S "$scratch/example" -B "$scratch/build" -DCMAKE_PREFIX_PATH="$prefix" &&
            cmake --build "$scratch/build"; } >"$scratch/cmake.log" 2>&1 || {
            tail -n 20 "$scratch/cmake.log"
            fail "$example does not build by the CMake package"
        }
        tools/check_plugin.sh --all "$scratch/build" || fail "$example by CMake is no good plugin"
    fi
fi

# A plugin of one's own, without the source tree.
(cd "$scratch" && unset CFLAGS S1_SOURCE_DIR S1_BUILD_DIR &&
    "$prefix/bin/s1mpletrader" plugins new mine --type context --capability state &&
    "$prefix/bin/s1mpletrader" plugins test mine && make -C mine clean test &&
    cmake -S mine -B by_cmake -DCMAKE_PREFIX_PATH="$prefix" && cmake --build by_cmake &&
    ctest --test-dir by_cmake) >"$scratch/mine.log" 2>&1 || {
    tail -n 20 "$scratch/mine.log"
    fail "a new plugin does not build or pass against the installation"
}
for file in bash-completion/completions/s1mpletrader zsh/site-functions/_s1mpletrader fish/vendor_completions.d/s1mpletrader.fish; do
    [ -s "$prefix/share/$file" ] || fail "no share/$file was installed"
done

(cd "$scratch" && "$root/tools/uninstall.sh" "$scratch/manifest") >/dev/null || fail "uninstall failed"
left=$(find "$prefix" -type f)
[ -z "$left" ] || fail "uninstall left $left"
echo "check_install: program, headers, pkg-config, CMake package, a new plugin, completions and uninstall are good"
