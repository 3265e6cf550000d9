# CONFIG=release builds `build`, `testnet` and `torture` with optimization. They share one debug build with the tests
# otherwise.
CONFIG ?= debug

.DEFAULT_GOAL := help
.PHONY: help setup build deb image test test-package test-book attacks torture lint testnet bench regressions simulate explore mutants fuzz

testnet: ARGS ?= --nodes 5 --replay 60

help:
	@echo 'make testnet   start a local market of 5 nodes with real offers and bids, and open a console on it'
	@echo '               (ARGS="--nodes 8 --replay 200 --exit" instead; ARGS=--help lists the options)'
	@echo 'make test      run the tests (ARGS="--filter NAME" for some of them)'
	@echo 'make test-book check the order book alone: its tests under the address sanitizer, then ten million random'
	@echo '               operations against a plain reference (OPERATIONS=N for more or fewer)'
	@echo 'make attacks   attack an optimized node and measure what its honest peers notice'
	@echo 'make torture   kill nodes while they trade, cut their power, break their disks and set their clocks, and look'
	@echo '               whether anything is lost (ARGS="--cycles 1000 --json"; ARGS=--help; docs/RELIABILITY.md)'
	@echo 'make build     build everything'
	@echo 'make deb       build a Debian package in dist/ (docs/INSTALL.md)'
	@echo 'make image     build a root file system for a container in dist/'
	@echo 'make test-package'
	@echo '               build both, and install, run and uninstall them in a new Debian, as root'
	@echo 'make bench     measure the order book and whole nodes, in release (ARGS="--only book", ARGS="--replay" for real'
	@echo '               offers and demand; ARGS=--help; docs/PERFORMANCE.md)'
	@echo 'make regressions  count what fixed inputs cost, allocations and instructions, against thresholds'
	@echo 'make simulate  run simulated networks of real nodes (ARGS="--seed 7 --trace"; ARGS=--help; docs/SIMULATION.md)'
	@echo 'make explore   go through all that may happen in small markets of real nodes (ARGS=--deep; docs/RELIABILITY.md)'
	@echo 'make mutants   plant bugs in a copy of the sources, and look whether simulator and explorer find them'
	@echo 'make fuzz      run each parser under libFuzzer for a minute (ARGS="--seconds 10 --only entry"; ARGS=--help)'
	@echo 'make lint      check the format of all sources'
	@echo 'make setup     install the system packages that the build and the tests need, when any is missing'
	@echo 'CONFIG=release makes build, testnet and torture optimize.'

setup:
	@scripts/setup --tests

build:
	@scripts/setup
	swift build -c $(CONFIG)

# Standard output is the file's path.
deb image:
	@scripts/setup --package
	@scripts/package $@

test-package:
	@scripts/setup --test-package
	@image=$$(scripts/package image | tail -n 1) && scripts/test-package "$${image%.tar.gz}.deb" "$$image"

# One after the other: what waits for a node with a deadline must not compete with what simulates whole networks.
test:
	@scripts/setup --tests
	swift test --no-parallel $(ARGS)

# Both builds are of the book alone (Package.swift) and share nothing with the others. There are no XCTest tests, and
# XCTest leaks a little, which the sanitizer would report.
test-book: export P2PNODE_ONLY = book
test-book: OPERATIONS ?= 10000000
test-book:
	@scripts/setup
	swift test --scratch-path .build-book --sanitize=address --disable-xctest
	swift run --scratch-path .build-book -c release BookCheck --operations $(OPERATIONS)

# The tests are the usual debug build; the node that they start is not.
attacks: export P2PNODE_BINARY = $(shell swift build -c release --show-bin-path)/p2pnode
attacks: export P2PNODE_SHOW_ROUND_TRIPS = 1
attacks:
	@scripts/setup --tests
	swift build -c release --product p2pnode
	swift test --filter AttackTests

# Standard output is the table's or the JSON document's.
torture:
	@scripts/setup
	@for product in p2pnode faults torture; do swift build -c $(CONFIG) --product $$product >&2 || exit 1; done
	@"$$(swift build -c $(CONFIG) --show-bin-path)/torture" $(ARGS)

lint:
	@scripts/setup
	find Package.swift Benchmarks Sources Tests Testnet -name '*.swift' -not -path '*/Generated/*' -print0 \
	  | xargs -0 swift format lint --strict

# What is built is told on standard error: standard output is the testnet's, so that `--exit --json` can be piped.
testnet:
	@scripts/setup
	@swift build -c $(CONFIG) --product p2pnode >&2
	@swift build -c $(CONFIG) --product testnet >&2
	@"$$(swift build -c $(CONFIG) --show-bin-path)/testnet" $(ARGS)

# Built of the pure targets alone, which takes a fraction of the whole, and always optimized.
simulate: export P2PNODE_ONLY = core
simulate: ARGS ?= --seeds 100
simulate:
	@scripts/setup
	@swift build --scratch-path .build-simulate -c release --product simulate >&2
	@"$$(swift build --scratch-path .build-simulate -c release --show-bin-path)/simulate" $(ARGS)

explore: export P2PNODE_ONLY = core
explore:
	@scripts/setup
	@swift build --scratch-path .build-simulate -c release --product explore >&2
	@"$$(swift build --scratch-path .build-simulate -c release --show-bin-path)/explore" $(ARGS)

mutants:
	@scripts/setup --tests
	@scripts/mutants $(ARGS)

# Always optimized. The node's rows need the whole build, all others a part of it that takes a minute or two. Standard
# output is the table's or the JSON document's.
PART_BUILD = P2PNODE_ONLY=bench swift build --scratch-path .build-bench -c release
BENCH_NODE = $(if $(findstring --only,$(ARGS)),$(findstring node,$(ARGS)),$(if $(filter --replay --help,$(ARGS)),,node))
BENCH_BUILD = $(if $(BENCH_NODE),swift build -c release,$(PART_BUILD))
bench:
	@scripts/setup
	@$(if $(BENCH_NODE),$(BENCH_BUILD) --product p2pnode >&2,:)
	@$(BENCH_BUILD) --product benchmarks >&2
	@"$$($(BENCH_BUILD) --show-bin-path)/benchmarks" $(ARGS)

# Counted, not timed: the same on a busy machine.
regressions:
	@scripts/setup --tests
	@$(PART_BUILD) --product regressions >&2
	@scripts/regressions "$$($(PART_BUILD) --show-bin-path)/regressions" $(ARGS)

# Keeps what it finds under Tests/Fixtures/fuzz, and fails then.
fuzz:
	@scripts/setup
	@scripts/fuzz $(ARGS)
