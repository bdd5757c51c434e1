#!/usr/bin/env bash
# Installs what a purpose needs and is not there yet; says nothing but one line when all is there.
#
#   tools/setup.sh build    compilers, libraries, DuckDB's header and library
#   tools/setup.sh demo     build + the sample data
#   tools/setup.sh model    LightGBM's library, for strategies with a trained model
#   tools/setup.sh test     build + demo + clang, cmocka, valgrind, .deps/venv with the test oracles
#   tools/setup.sh bench    build + one virtual environment per peer under .deps/bench/<peer>
#
# Everything comes by name and version from Debian, npm (package-lock.json) and PyPI (hashes below or
# pinned requirements). Works as root, and through sudo for anyone else. Without a network it ends
# with one line naming what could not be installed.
set -u
cd "$(dirname "$0")/.." || exit 1
mode="${1:-build}"
deps="$PWD/.deps"
log="$deps/setup.log"
did_work=0
mkdir -p "$deps" || { echo "setup: cannot write to $PWD" >&2; exit 1; }

build_packages="gcc libc6-dev make cmake ninja-build pkg-config libfyaml-dev libjansson-dev
    libssl-dev libsqlite3-dev libcurl4-openssl-dev zlib1g-dev libzip-dev
    libwebsockets-dev ca-certificates"
test_packages="clang-14 llvm-14 libclang-rt-14-dev libcmocka-dev valgrind binutils git python3
    python3-venv ca-certificates"
libduckdb_sha256=3f4962cdd266eab2b479a5b5a4a6d063d279b2954ae814ed00385d553b747633
header_sha256=e85f70155b5948c8575e59f66e60d43575cec8b252293534c9e8598eb313a293
lightgbm_sha256=6a12e1a7b13824d14c252d2a4d2e36af467383331a114eb0e7448eecbf02d7b1
sample_sha256=81e977905a006cc8fbc034ebdb83c999a8ed6ba00191dc7ea5ef5b386fb74a82

# fail WHAT: the one line, with the last word of whoever failed.
fail() {
    local reason
    reason=$(grep -iE "error|unable|fail|could not|cannot|unreach" "$log" 2>/dev/null | grep -v -i "complete log" | tail -n 1 |
        sed -E 's#(https?|ftp)://[^ ]*#[address]#g' | cut -c1-160)
    echo "setup: could not install $1${reason:+ ($reason)}: is there a network? see ${log#"$PWD"/}" >&2
    exit 1
}

# step LABEL COMMAND...: runs it with its output in the log, showing that time passes.
step() {
    local label="$1" started=$SECONDS pid shown=0 rc
    shift
    did_work=1
    echo "setup: $label ..."
    printf '\n== %s\n' "$label" >>"$log"
    "$@" >>"$log" 2>&1 </dev/null &
    pid=$!
    while kill -0 "$pid" 2>/dev/null; do
        sleep 0.2
        if [ $((SECONDS - started)) -ge $((shown + 5)) ]; then
            shown=$((SECONDS - started))
            echo "setup:   ... $shown s"
        fi
    done
    wait "$pid"
    rc=$?
    [ "$rc" -ne 0 ] || echo "setup:   done in $((SECONDS - started)) s"
    return "$rc"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        env DEBIAN_FRONTEND=noninteractive "$@"
    else
        sudo -n env DEBIAN_FRONTEND=noninteractive "$@"
    fi
}

apt_get() {
    as_root apt-get -q -y -o DPkg::Lock::Timeout=120 -o Acquire::Retries=1 \
        -o Acquire::http::Timeout=60 -o APT::Update::Error-Mode=any "$@"
}

missing_packages() {
    local installed
    # shellcheck disable=SC2086 # a list of names
    installed=" $(dpkg-query -W -f='${db:Status-Status}=${Package} ' $1 2>/dev/null) "
    for package in $1; do
        case "$installed" in *" installed=$package "*) ;; *) printf '%s ' "$package" ;; esac
    done
}

# debian PACKAGES: lists are renewed at most once, and only when the install needs them.
debian() {
    local missing
    missing=$(missing_packages "$1")
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null || fail "Debian packages: $missing- apt-get is not on this machine"
    : >"$log"
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "Debian packages: $missing- neither root nor sudo"
        echo "setup: sudo is needed for Debian packages: $missing"
        sudo -v || fail "Debian packages: $missing- sudo was refused"
    fi
    # shellcheck disable=SC2086 # a list of names
    if ! ls /var/lib/apt/lists/*Packages* >/dev/null 2>&1 ||
        ! step "Debian packages: $missing" apt_get install --no-install-recommends $missing; then
        step "renewing Debian's package lists" apt_get update || fail "Debian packages: $missing"
        step "Debian packages: $missing" apt_get install --no-install-recommends $missing ||
            fail "Debian packages: $missing"
    fi
}

has_sha256() { [ -f "$1" ] && [ "$(sha256sum <"$1" | cut -d' ' -f1)" = "$2" ]; }

pip_tool() {
    if python3 -m pip --version >/dev/null 2>&1; then
        python3 -m pip --disable-pip-version-check "$@"
    else
        /usr/bin/python3 -m pip --disable-pip-version-check "$@"
    fi
}

# DuckDB's library: npm checks it against package-lock.json, we against the hash above.
duckdb_library() {
    local target="$deps/duckdb/lib/libduckdb.so" stamp="$deps/duckdb/lib/.sha256"
    [ -f "$target" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$libduckdb_sha256" ] && return 0
    mkdir -p "${target%/*}"
    if ! has_sha256 "$target" "$libduckdb_sha256"; then
        command -v npm >/dev/null || debian "npm"
        local work="$deps/npm"
        mkdir -p "$work" && cp package.json package-lock.json "$work/"
        : >"$log"
        step "libduckdb.so (npm, 70 MB)" npm --prefix "$work" ci --omit=dev --prefer-offline --ignore-scripts --no-audit --no-fund \
            --fetch-retries=1 --fetch-timeout=120000 || fail "libduckdb.so from npm (@duckdb/node-bindings-linux-x64)"
        mv -f "$work/node_modules/@duckdb/node-bindings-linux-x64/libduckdb.so" "$target" 2>>"$log" ||
            fail "libduckdb.so: the npm package does not hold it"
        rm -rf "$work"
        has_sha256 "$target" "$libduckdb_sha256" || { rm -f "$target"; fail "libduckdb.so: its hash is not the expected one"; }
    fi
    echo "$libduckdb_sha256" >"$stamp"
}

# DuckDB's C header lies in the source package on PyPI. pip reads the package's metadata, for which it
# fetches the build backend; nothing is compiled.
duckdb_header() {
    local target="$deps/duckdb/include/duckdb.h" work="$deps/header"
    has_sha256 "$target" "$header_sha256" && return 0
    python3 -m pip --version >/dev/null 2>&1 || debian "python3 python3-pip ca-certificates"
    rm -rf "$work" && mkdir -p "$work" "${target%/*}"
    : >"$log"
    step "duckdb.h (source package on PyPI, 18 MB)" pip_tool download --no-deps --no-binary duckdb \
        --require-hashes --retries 1 -d "$work" -r tools/requirements-header.txt ||
        fail "duckdb.h from PyPI (duckdb==1.5.6)"
    tar -xzf "$work"/duckdb-1.5.6.tar.gz -O duckdb-1.5.6/external/duckdb/src/include/duckdb.h >"$target" 2>>"$log" ||
        fail "duckdb.h: the source package does not hold it"
    rm -rf "$work"
    has_sha256 "$target" "$header_sha256" || fail "duckdb.h: its hash is not the expected one"
}

# Three years of hourly EUR/USD bars, as the package backtesting ships them for its own tests.
sample_data() {
    local target="$deps/samples/EURUSD.csv" work="$deps/sample-wheel"
    has_sha256 "$target" "$sample_sha256" && return 0
    python3 -m pip --version >/dev/null 2>&1 || debian "python3 python3-pip ca-certificates"
    rm -rf "$work" && mkdir -p "$work" "${target%/*}"
    : >"$log"
    step "sample data EUR/USD 1h (PyPI package backtesting)" pip_tool download --no-deps \
        --only-binary :all: --require-hashes --retries 1 -d "$work" -r tools/requirements-sample.txt ||
        fail "the sample data from PyPI (backtesting==0.6.6)"
    python3 -c 'import sys, zipfile
sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read("backtesting/test/EURUSD.csv"))' \
        "$work"/backtesting-*.whl >"$target" 2>>"$log" || fail "the sample data: the package does not hold it"
    rm -rf "$work"
    has_sha256 "$target" "$sample_sha256" || fail "the sample data: its hash is not the expected one"
}

# LightGBM's library out of its wheel: evaluates the models of docs/models.md.
model_library() {
    local target="$deps/lightgbm/lib/lib_lightgbm.so" work="$deps/model-wheel"
    has_sha256 "$target" "$lightgbm_sha256" && return 0
    python3 -m pip --version >/dev/null 2>&1 || debian "python3 python3-pip ca-certificates"
    debian "libgomp1"
    rm -rf "$work" && mkdir -p "$work" "${target%/*}"
    : >"$log"
    step "lib_lightgbm.so (PyPI wheel, 4 MB)" pip_tool download --no-deps --only-binary :all: \
        --require-hashes --retries 1 -d "$work" -r tools/requirements-model.txt ||
        fail "lib_lightgbm.so from PyPI (lightgbm==4.6.0)"
    python3 -c 'import sys, zipfile
sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read("lightgbm/lib/lib_lightgbm.so"))' \
        "$work"/lightgbm-*.whl >"$target" 2>>"$log" || fail "lib_lightgbm.so: the wheel does not hold it"
    rm -rf "$work"
    has_sha256 "$target" "$lightgbm_sha256" || { rm -f "$target"; fail "lib_lightgbm.so: its hash is not the expected one"; }
}

# venv FOLDER REQUIREMENTS: made anew whenever the pinned list changes.
venv() {
    local folder="$1" list="$2" stamp
    stamp=$(cat "$list" "${list%.txt}-alone.txt" 2>/dev/null | sha256sum)
    [ "$(cat "$folder/.pinned" 2>/dev/null)" = "$stamp" ] && return 0
    debian "python3 python3-venv ca-certificates"
    rm -rf "$folder" && mkdir -p "${folder%/*}"
    : >"$log"
    step "Python packages of $list" make_venv "$folder" "$list" || fail "the Python packages of $list"
    echo "$stamp" >"$folder/.pinned"
}

make_venv() {
    /usr/bin/python3 -m venv "$1" &&
        "$1/bin/python" -m pip --disable-pip-version-check install --retries 1 --only-binary :all: -r "$2" ||
        return 1
    # Packages of which a part is used, without what the other parts need.
    [ ! -f "${2%.txt}-alone.txt" ] ||
        "$1/bin/python" -m pip --disable-pip-version-check install --retries 1 --only-binary :all: \
            --no-deps -r "${2%.txt}-alone.txt"
}

# Debian's Chromium and playwright-core, which drives it: the pages we write are looked at in a browser.
browser() {
    local stamp
    debian "chromium"
    command -v node >/dev/null || debian "nodejs"
    command -v npm >/dev/null || debian "npm"
    stamp=$(sha256sum <package-lock.json)
    [ "$(cat "$deps/browser/.pinned" 2>/dev/null)" = "$stamp" ] && return 0
    rm -rf "$deps/browser" && mkdir -p "$deps/browser" && cp package.json package-lock.json "$deps/browser/"
    : >"$log"
    # npm takes a prefix behind a symbolic link for another package.
    step "playwright-core (npm)" npm --prefix "$(cd "$deps/browser" && pwd -P)" ci --include=dev \
        --omit=optional --ignore-scripts --no-audit --no-fund || fail "playwright-core from npm"
    rm -rf "$deps/browser/node_modules/@duckdb"
    echo "$stamp" >"$deps/browser/.pinned"
}

setup_build() {
    debian "$build_packages"
    duckdb_library
    duckdb_header
}

case "$mode" in
build) setup_build ;;
demo)
    setup_build
    sample_data
    ;;
model) model_library ;;
test)
    setup_build
    sample_data
    model_library
    debian "$test_packages"
    venv "$deps/venv" tools/requirements-test.txt
    browser
    ;;
bench)
    setup_build
    for list in tools/requirements-bench-*.txt; do
        peer="${list#tools/requirements-bench-}"
        venv "$deps/bench/${peer%.txt}" "$list"
    done
    ;;
*)
    echo "setup: found mode '$mode', expected build, demo, model, test or bench" >&2
    exit 2
    ;;
esac
[ "$did_work" -eq 0 ] || echo "setup: everything for '$mode' is there"
