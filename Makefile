# The two commands: `make grade` runs the main job, `make test` passes the tests. Each sets up what is missing first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
HUB := datasets/hub/SHA256SUMS
RECIPE := $(addprefix datasets/,build_hub.py tiny_models.py tiny_vocabularies.py) $(wildcard datasets/samples/*)
RUN := runs/sample_class
# Compiled modules are kept: every worker is a process that would compile all of them anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup grade test check test-slow verify redteam bench release clean

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) $(HUB) ## packages in .venv, tiny models, bubblewrap and libseccomp through apt; nothing where all is there
	@sh .ci/system-packages

$(READY): requirements.lock pyproject.toml .ci/set-up
	@sh .ci/set-up $(PYTHON) $(VENV)
	@touch $@

$(HUB): $(RECIPE) | $(READY)
	@echo "make setup: training the tiny models of the offline hub (once, a quarter of a minute)"
	@$(BIN)/python datasets/build_hub.py

grade: setup ## grade the sample class of a4_attention: a table, and JSON reports in runs/
	@$(BIN)/grader batch assignments/a4_attention/sample_class -a a4_attention -o $(RUN)

test: setup ## the test suite; are skeletons and notebooks in step, is a part of the corpus marked right
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile
	@$(BIN)/grader release --check
	@$(BIN)/grader verify --quick

check: setup ## ruff and mypy --strict
	@$(BIN)/ruff check grader
	@$(BIN)/mypy

verify: setup ## are the hidden suites worth trusting: every known right and wrong variant is graded
	@$(BIN)/grader verify

test-slow: setup ## tests of minutes each: solution notebooks from top to bottom, bundles on laid-out platforms
	@$(BIN)/python -m pytest -m slow --numprocesses auto --maxprocesses 4

redteam: setup ## may any of the hostile submissions gain, break, change or leave something
	@$(BIN)/python -m grader.redteam
	@$(BIN)/python -m grader.redteam --sparse

bench: setup ## speed, as ratios within one run
	@$(BIN)/python -m grader.tools.bench

release: setup ## write skeletons and notebooks from the solutions
	@$(BIN)/grader release

clean: ## remove what was set up and graded
	rm -rf $(VENV) runs build .mypy_cache .ruff_cache
