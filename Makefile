# make        sets everything up, checks the wiki, runs its snippets and builds the site
# make test   sets everything up and passes all tests
# make test-cuda   the tests that need a CUDA device; fails where there is none
# make gate   what a change must pass: format, lint, types, layers, tests

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
export NO_MKDOCS_2_WARNING := 1
# Thousands of processes start here: none compiles again what another has compiled.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := site
.PHONY: site serve test test-cuda gate lint programs fuzz clean help

site: $(VENV)/.wiki
	@$(BIN)/kb build

serve: $(VENV)/.wiki
	@$(BIN)/kb serve

test: $(VENV)/.dev programs
	@echo "== tests, and the snippets of this wiki as tests"
	@$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder --kb-cache tests docs

# With an environment of your own that has torch for CUDA and the packages: make test-cuda CUDA_PYTHON=python3
CUDA_PYTHON ?=
CUDA_LOG    ?= cuda-tests.md

test-cuda: $(if $(CUDA_PYTHON),,$(VENV)/.dev)
	@echo "== tests on CUDA, told in $(CUDA_LOG)"
	@$(or $(CUDA_PYTHON),$(BIN)/python) -c 'import sys, torch; sys.exit(None if torch.cuda.is_available() else f"no CUDA device is available to torch {torch.__version__}: nothing was tested")'
	@KB_REQUIRE_CUDA=1 KB_CUDA_LOG=$(CUDA_LOG) $(or $(CUDA_PYTHON),$(BIN)/python) -m pytest tests/cuda -p no:randomly -v

lint: $(VENV)/.dev
	@echo "== format, lint, types, layers"
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

gate: lint test

programs:
	@sh tests/install-programs.sh

$(VENV)/.wiki: pyproject.toml constraints.txt
	@echo "== environment: $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit("kbtools needs Python 3.11 or later, this is " + sys.version.split()[0] + ": make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "== packages (torch is large: the first time takes minutes)"
	@$(PIP) --editable '.[wiki]'
	@touch $@

$(VENV)/.dev: $(VENV)/.wiki
	@echo "== packages for development"
	@$(PIP) --editable '.[dev]'
	@touch $@

fuzz: $(VENV)/.dev
	@$(PIP) --editable '.[fuzz]'
	@echo "== properties, with new random examples"
	@HYPOTHESIS_PROFILE=search $(BIN)/python -m pytest -n auto -q -m 'not browser' tests/properties tests/conformance $$(grep -l hypothesis tests/test_*.py)
	@echo "== every command that writes, killed and out of space at each call"
	@$(BIN)/python tests/fuzz/kills.py
	@echo "== fuzzing for a minute"
	@mkdir -p .fuzz
	@$(BIN)/python tests/fuzz/fuzz.py .fuzz -max_total_time=60 -max_len=3000 -timeout=20 -artifact_prefix=.fuzz-

clean:
	rm -rf site .kb dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

help:
	@sed -n '1,4s/^# //p' Makefile
