# Every target makes its own environment when it is missing; with it in place the step costs nothing.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
EXTRAS ?= cpu,postgres,dev

.DEFAULT_GOAL := help
.PHONY: help demo dev test check bench clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/ -/'

$(READY): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing: install Python 3.11, or name another with make PYTHON=..." >&2; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(EXTRAS)]'
	@touch $@

demo: $(READY)  ## sample house -> promoted index, with a summary
	@$(BIN)/loupe demo

dev: $(READY)  ## the Dagster UI with its daemon on http://127.0.0.1:3000, the search page on http://127.0.0.1:8787
	@$(BIN)/loupe dev

test: $(READY)  ## the whole test suite
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: $(READY)  ## formatting, lint, types, import contracts, definitions
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/dg check defs

# What benchmarks share, or run in another environment: no scripts to start.
MODULES := hardware catalogue_vectors fronts plain_factories peer_libraries peer_worker

bench: $(READY)  ## every benchmark; JSON goes to benchmarks/out
	@set -e; for script in $(filter-out $(MODULES:%=benchmarks/%.py),$(wildcard benchmarks/*.py)); do echo "== $$script"; $(BIN)/python $$script; done

clean:  ## remove the environment, caches and the demo's home
	rm -rf $(VENV) .loupe .pytest_cache .mypy_cache .ruff_cache .import_linter_cache build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
