# Two commands: `make run` and `make test`.  Each does its own set-up in .venv; nothing else is needed than
# Python >= 3.11, make and a package index.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help run test lint bench gate campaign evidence mutants reference fidelity claims clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(VENV)/.runtime: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --group test
	@touch $@

$(VENV)/.lint: $(VENV)/.test
	$(BIN)/python -m pip install --quiet --group lint
	@touch $@

run: $(VENV)/.runtime ## run the main job on embedded data and write its report
	$(BIN)/sim run quickstart

test: $(VENV)/.test ## run the test suite
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

lint: $(VENV)/.lint ## linter, formatter, type checker, import contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(VENV)/.bench: $(VENV)/.test
	$(BIN)/python -m pip install --quiet --group bench
	@touch $@

bench: $(VENV)/.bench ## measure speed as ratios (minutes; not part of the tests)
	$(BIN)/python -m tests.benchmarks

gate: $(VENV)/.runtime ## run the shipped scenarios against their expectations
	$(BIN)/sim check

campaign: $(VENV)/.test ## the long statistical checks (nightly)
	$(BIN)/python -m pytest -n $(JOBS) -m campaign --timeout 1800

evidence: $(VENV)/.test ## run what is missing of the campaigns, and rewrite reports/execution (hours; can be stopped)
	$(BIN)/python reports/make_execution.py

mutants: $(VENV)/.test ## change sim.execution in one place at a time and see whether a test notices (hours)
	$(BIN)/python -m pip install --quiet "coverage>=7.6"
	$(BIN)/python -m tests.mutation

reference: $(VENV)/.runtime ## rewrite the committed reference report
	$(BIN)/python reports/make_reference.py

fidelity: $(VENV)/.runtime ## rewrite the committed comparison of paths with real seconds (minutes)
	$(BIN)/python reports/make_fidelity.py

claims: $(VENV)/.runtime ## run what is missing of the maps of the document's claims, and rewrite them (minutes)
	$(BIN)/python reports/make_claims.py

clean: ## remove the environment and what runs wrote
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
