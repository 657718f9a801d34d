# Everything that is done with this project, by people and by CI, has its name here.
# `make` alone prints the list.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Where cargo puts what it builds; CARGO_TARGET_DIR moves it, as cargo itself has it.
TARGET := $(or $(CARGO_TARGET_DIR),target)
LISTEN ?= 127.0.0.1:4570
# The seeds that `make simulation` runs, of each kind
SEEDS ?= 0..2000
# More arguments for `cacheplane serve`: make run ARGS="--log-format json"
ARGS ?=

.PHONY: help run test check simulation generate openapi sqlx images docker venv venv-bench router-binary bench toolchain

help:
	@echo "cacheplane: a managed-cache control plane; ElastiCache's API over real Redis, Valkey and Memcached"
	@echo
	@echo "  make run        get all that is needed, build, and serve on http://$(LISTEN)"
	@echo "  make test       every test there is, on real engines and with real clients (about half an hour)"
	@echo
	@echo "  make check      the fast loop: format, lints, fast tests, generated files; no Docker"
	@echo "  make simulation   seeds by the thousand: make simulation SEEDS=2000..4000"
	@echo "  make bench      how fast, next to a bare docker run and next to moto"
	@echo
	@echo "  make generate   write api/src/generated anew from the service model"
	@echo "  make openapi    write openapi/ anew"
	@echo "  make sqlx       write .sqlx anew (after changing a query or a migration)"
	@echo
	@echo "  make docker     a Docker Engine, where none answers and you are root"
	@echo "  make images     the engine images that this Docker host lacks (images/README.md)"
	@echo "  make venv       the clients that tests/sdk runs: .venv, .venv-tools, tests/sdk/js/node_modules"
	@echo "  make router-binary   the static data-plane router, $(TARGET)/release/cacheplane-router"

# A missing image of one version stops the caches of that version only.
run: toolchain docker
	@images/make || echo "run: going on with the engine images that are here"
	@$(MAKE) router-binary
	@echo "run: building cacheplane"
	@cargo build --release --locked
	@exec "$(TARGET)/release/cacheplane" serve --listen $(LISTEN) $(ARGS)

test: toolchain docker images venv router-binary
	@CACHEPLANE_SIMULATION_SEEDS=$${CACHEPLANE_SIMULATION_SEEDS:-0..400} \
	CACHEPLANE_SIMULATION_CLUSTER_SEEDS=$${CACHEPLANE_SIMULATION_CLUSTER_SEEDS:-0..64} scripts/test fast images docker sdk

# An optimised build, which pays for itself after some hundred seeds.
simulation: toolchain
	@CACHEPLANE_SIMULATION_SEEDS=$(SEEDS) CACHEPLANE_SIMULATION_CLUSTER_SEEDS=$(SEEDS) \
	cargo test --profile simulation --test simulation -- seeds::

check: toolchain
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo run --quiet -p cacheplane-api-generate -- --check
	@scripts/test fast

generate: toolchain
	cargo run --quiet -p cacheplane-api-generate

openapi: toolchain
	CACHEPLANE_UPDATE_OPENAPI=1 cargo test --quiet --test integration openapi

# The query macros of sqlx write their metadata while they compile against a real database, so
# this compiles the crate (its tests too) against one made from the migrations. The new files
# take the place of the old only when all of them are there.
sqlx: toolchain
	@work=$$(mktemp -d) && trap 'rm -rf "$$work"' EXIT && mkdir "$$work/sqlx" && \
	python3 -c 'import glob, sqlite3, sys; db = sqlite3.connect(sys.argv[1]); [db.executescript(open(f).read()) for f in sorted(glob.glob("migrations/*.sql"))]' "$$work/scratch.db" && \
	touch src/lib.rs && \
	SQLX_OFFLINE=false SQLX_OFFLINE_DIR="$$work/sqlx" DATABASE_URL="sqlite://$$work/scratch.db" \
		cargo check -p cacheplane --lib --profile test && \
	rm -rf .sqlx && mkdir .sqlx && find "$$work/sqlx" -name 'query-*.json' -exec cp -t .sqlx {} + && \
	touch src/lib.rs && echo "sqlx: $$(ls .sqlx | wc -l) queries in .sqlx"

docker:
	@images/prepare-docker

images: docker
	@images/make

venv: .venv/.sdk-made .venv-tools/.made tests/sdk/js/node_modules/.made
venv-bench: .venv/.bench-made

.venv/.%-made: tests/%/requirements.txt
	@scripts/venv $<
	@touch $@

.venv-tools/.made: tests/sdk/tools/requirements.txt tests/sdk/tools/collections.txt
	@scripts/venv $< .venv-tools
	@scripts/collections tests/sdk/tools/collections.txt .venv-tools/collections
	@touch $@

# Where there is no npm, the test of the JavaScript SDK says so and is skipped.
tests/sdk/js/node_modules/.made: tests/sdk/js/package.json tests/sdk/js/package-lock.json
	@if command -v npm >/dev/null; then echo "venv: fetching the SDK for JavaScript" && \
		npm --prefix tests/sdk/js ci --no-audit --no-fund --silent && touch $@; fi

# Static, because the control plane turns this one file into a container image. A build with other
# flags and a target of its own leaves the other builds' caches alone.
router-binary: toolchain
	@echo "router: building the static binary"
	@triple=$$(rustc -vV | sed -n 's/^host: //p') && \
	RUSTFLAGS="-C target-feature=+crt-static" cargo build --release --locked -p cacheplane-router --target "$$triple" && \
	mkdir -p "$(TARGET)/release" && \
	install -m 755 "$(TARGET)/$$triple/release/cacheplane-router" "$(TARGET)/release/.cacheplane-router.new" && \
	mv -f "$(TARGET)/release/.cacheplane-router.new" "$(TARGET)/release/cacheplane-router"

bench: toolchain docker images venv venv-bench router-binary
	@cargo build --release --locked
	@.venv/bin/python tests/bench/run.py $(ARGS)

toolchain:
	@command -v cargo >/dev/null || { echo "cargo is missing: install Rust 1.95 or later (rustup, or your distribution)" >&2; exit 1; }
	@command -v cc >/dev/null || { echo "a C compiler is missing: sudo apt-get install build-essential" >&2; exit 1; }
