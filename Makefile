# The one task runner of Argosy. Everything a person or CI does is a target here;
# the work itself is done by Go programs and the go command, so this file stays thin.
# It needs Go, make and git; `make test-race` also needs a C compiler.

.POSIX:
.NOTPARALLEL:
.DEFAULT_GOAL := help
SHELL := /bin/sh

BIN      := build/bin
TOOLS    := build/tools
NET_DIR  := build/net
FUZZTIME := 20s
GO       := go

# Programs, by the directory of their main package; each is named after it.
PROGRAMS := ./gateway/cmd/argosy ./gateway/cmd/settled ./network/cmd/argosy-net \
            ./chaincode/cmd/argosycc ./accelsvc/cmd/accelsvc ./oracle/cmd/oracled
UNIT     := ./chaincode/... ./accelsvc/... ./oracle/... ./gateway/... ./internal/...

# The linter is a program of its own module, cached by its version and Go's.
LINT_PKG     := github.com/golangci/golangci-lint/v2/cmd/golangci-lint
LINT_VERSION := $(shell sed -n 's|.*github.com/golangci/golangci-lint/v2 \(v[0-9.]*\).*|\1|p' internal/tools/lint/go.mod)
LINT         := $(TOOLS)/golangci-lint-$(LINT_VERSION)-$(shell $(GO) env GOVERSION)

.PHONY: help
help: ## Print this help
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {print "\n" substr($$0, 5)} \
	  /^[a-z0-9-]+:.*## / {printf "  %-13s %s\n", $$1, $$2}' Makefile

##@ Build
.PHONY: build fabric
build: ## Build every program of Argosy into build/bin
	@mkdir -p $(BIN)
	@echo "building Argosy's programs (a minute or two the first time, seconds after that)"
	@CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN)/ $(PROGRAMS)
	@CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN)/argosy-demo ./e2e/cmd/demo

fabric: ## Build Fabric's peer and orderer, once (about 1.5 minutes)
	@$(GO) run -trimpath ./network/cmd/argosy-net fabric build

##@ Run
.PHONY: demo up down status reset
demo: build fabric ## Start the network if it is down and follow one trade from invoice to payout
	$(BIN)/argosy-demo

up: build fabric ## Start the development network
	$(BIN)/argosy-net up --dir $(NET_DIR)

down: ## Stop the development network; its ledgers are kept
	$(BIN)/argosy-net down --dir $(NET_DIR)

status: ## Show every process of the development network
	$(BIN)/argosy-net status --dir $(NET_DIR)

reset: ## Delete the development network with its keys and ledgers (asks first)
	$(BIN)/argosy-net reset --dir $(NET_DIR)

##@ Check
.PHONY: check gen gen-clean lint fmt unit net e2e test test-race
check: lint gen-clean unit ## Lint, generated files and unit tests: run it before each commit

gen: ## Regenerate every generated file
	cd accelsvc && $(GO) tool -modfile=../internal/tools/buf/go.mod buf generate
	$(GO) generate ./...

gen-clean: ## Fail when a generated file is not what `make gen` makes
	@before=$$(git status --porcelain && git diff | git hash-object --stdin); \
	$(MAKE) gen; \
	after=$$(git status --porcelain && git diff | git hash-object --stdin); \
	if [ "$$before" != "$$after" ]; then \
	  git status --short; echo "make gen changed these files: commit what it makes"; exit 1; fi

lint: $(LINT) ## Run golangci-lint and the formatters it holds
	$(LINT) run ./...

fmt: $(LINT) ## Format the code as lint wants it
	$(LINT) fmt ./...

$(LINT): # Nothing but Go modules is fetched; the first build takes minutes.
	@echo "building golangci-lint $(LINT_VERSION), once"
	@mkdir -p $(TOOLS)
	cd internal/tools/lint && CGO_ENABLED=0 $(GO) build -trimpath -o ../../../$@ $(LINT_PKG)

unit: ## Unit tests: rules, contracts on the stub, adapters, the house rules
	$(GO) test $(UNIT)

net: build fabric ## Tests of the native network: real peers and orderers
	$(GO) test -count=1 -timeout 15m ./network/...

e2e: build fabric ## The scenarios, on the stub and on the native network
	$(GO) test -count=1 -timeout 20m ./e2e/...

test: fabric build lint unit net e2e ## Everything that CI runs, in this order

test-race: ## Unit tests under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race $(UNIT)

##@ Measure
.PHONY: fuzz bench bench-latency bench-up bench-accel
fuzz: ## Run every fuzz target for FUZZTIME (20s) each
	@$(GO) test -list '^Fuzz' ./... | \
	awk '/^Fuzz/ {f[n++] = $$1} /^ok/ {for (i = 0; i < n; i++) print $$2, f[i]; n = 0}' | \
	while read -r pkg target; do \
	  echo "== $$pkg $$target"; \
	  $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$pkg" || exit 1; \
	done

bench: ## Run every benchmark
	$(GO) test -run '^$$' -bench . -benchmem ./...

bench-accel: ## Run the accelerator's benchmarks only
	$(GO) test -run '^$$' -bench . -benchmem ./accelsvc/...

bench-latency: build fabric ## Time single transactions from submit to commit on the development network
	$(BIN)/argosy-demo -latency 100

bench-up: build fabric ## Time a network from nothing to its first committed transaction
	$(BIN)/argosy-net bench-up

##@ Tidy up
.PHONY: clean
clean: ## Delete built programs and tools; the network's state stays (see reset)
	rm -rf $(BIN) $(TOOLS)
