# The human door. Everything is done by CMake, Ninja and the scripts in tools/.
# Variables: PREFIX, DESTDIR (install); FUZZ_SECONDS (fuzz, per target).
PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 30

.DEFAULT_GOAL := help
.PHONY: help setup build demo test check format format-check lint asan tsan cover clang fuzz bench \
	deep plugin-check install uninstall clean docs

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what a build needs and is not there yet
	@tools/setup.sh build

build: setup ## release build: build/release/s1mpletrader, its plugins beside it
	@tools/build.sh release

demo: ## first backtest: sample data, report, and why trades were and were not made
	@tools/demo.sh

test: ## install what tests need, build, run every test; ends with 'N passed, N failed'
	@tools/run_tests.sh

check: ## everything CI runs
	@bash .ci/run

format: ## format every C file
	@tools/setup.sh test
	@tools/format.sh

format-check: ## fail where a C file is not formatted
	@tools/setup.sh test
	@tools/format.sh --check

lint: ## layers, seams, headers, tidiness; each check with its self-test
	@tools/setup.sh test
	@tools/build.sh dev tools-only
	@ctest --test-dir build/dev -L lint --output-on-failure -j2

asan: ## tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@tools/run_tests.sh asan

tsan: ## tests under ThreadSanitizer
	@tools/run_tests.sh tsan

clang: ## tests of the clang-14 build
	@tools/run_tests.sh clang

cover: ## coverage of the tests: build/cover/coverage.txt and .html
	@tools/cover.sh

fuzz: ## libFuzzer on every target, FUZZ_SECONDS each
	@tools/fuzz.sh $(FUZZ_SECONDS)

bench: build ## the bench table docs/benchmarks.md against the peers
	@tools/setup.sh bench
	@tools/build.sh release bench-bin
	@bench/run.sh
	@.deps/bench/data/bin/python bench/data.py --page
	@python3 bench/ticks.py --long 100000000 --page
	@python3 bench/book.py --page
	@python3 bench/plugins.py

deep: ## the long tier: every preset, the storage programme, valgrind, longer fuzzing
	@tools/deep.sh

plugin-check: build ## every bundled plugin: exports, imports, manifest
	@tools/check_plugin.sh --all build/release/plugins
	@build/release/s1mpletrader plugins check

docs: setup ## write the pages that come from the code (configuration, statistics)
	@tools/docs.sh

install: ## binary, plugins, SDK headers, pkg-config and CMake files to DESTDIR/PREFIX (after make build)
	@test -f build/release/build.ninja || { echo "install: nothing built yet: run make build" >&2; exit 1; }
	@DESTDIR="$(DESTDIR)" cmake --install build/release --prefix "$(PREFIX)"

uninstall: ## remove what `make install` wrote
	@tools/uninstall.sh build/release/install_manifest.txt "$(DESTDIR)"

clean: ## remove build/ and demo/ (keeps .deps)
	@rm -rf build demo
