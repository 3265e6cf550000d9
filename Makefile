# CONFIG=release builds `build` and `testnet` with optimization. Tests and the testnet share one debug build otherwise.
CONFIG ?= debug

.DEFAULT_GOAL := help
.PHONY: help setup build test test-book lint testnet bench

testnet: ARGS ?= --nodes 5 --replay 60

help:
	@echo 'make testnet   start a local market of 5 nodes with real offers and bids, and open a console on it'
	@echo '               (ARGS="--nodes 8 --replay 200 --exit" instead; ARGS=--help lists the options)'
	@echo 'make test      run the tests (ARGS="--filter NAME" for some of them)'
	@echo 'make test-book check the order book alone: its tests under the address sanitizer, then ten million random'
	@echo '               operations against a plain reference (OPERATIONS=N for more or fewer)'
	@echo 'make build     build everything'
	@echo 'make bench     measure the order book, in release (ARGS="--replay" for real offers and demand; ARGS=--help)'
	@echo 'make lint      check the format of all sources'
	@echo 'make setup     install the system packages that the build and the tests need, when any is missing'
	@echo 'CONFIG=release makes build and testnet optimize.'

setup:
	@scripts/setup --tests

build:
	@scripts/setup
	swift build -c $(CONFIG)

test:
	@scripts/setup --tests
	swift test $(ARGS)

# Both builds are of the book alone (Package.swift) and share nothing with the others. There are no XCTest tests, and
# XCTest leaks a little, which the sanitizer would report.
test-book: export P2PNODE_ONLY = book
test-book: OPERATIONS ?= 10000000
test-book:
	@scripts/setup
	swift test --scratch-path .build-book --sanitize=address --disable-xctest
	swift run --scratch-path .build-book -c release BookCheck --operations $(OPERATIONS)

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

# Always optimized, and built alone. Standard output is the table's or the JSON document's.
bench: export P2PNODE_ONLY = bench
bench:
	@scripts/setup
	@swift build --scratch-path .build-bench -c release --product benchmarks >&2
	@"$$(swift build --scratch-path .build-bench -c release --show-bin-path)/benchmarks" $(ARGS)
