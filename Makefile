# Two commands are enough to start: `make grade` does the main job, `make test` runs the tests. Each sets up what is missing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DOCS_READY := build/docs-venv/.ready
PACKAGE_READY := build/package-venv/.ready
SCHEMATHESIS_READY := build/schemathesis-venv/.ready
HUB := datasets/hub/SHA256SUMS
RECIPE := $(addprefix datasets/,build_hub.py tiny_models.py tiny_vocabularies.py) $(wildcard datasets/samples/*)
RUN := runs/sample_class
TESTS := pytest --numprocesses auto --maxprocesses 4 --dist loadfile
# It has no wheel for every Python, so that it is in no lock.
ATHERIS := atheris==3.0.0
FUZZ_SECONDS ?= 1800
# It brings a copy of Node.js, and no test but those of pages needs it. The last one brings axe, which checks whether
# people with disabilities can use a page.
PLAYWRIGHT := playwright==1.65.2 greenlet==3.5.6 axe-playwright-python==0.1.8
# A part of the browser tests, in pytest's words.
ONLY ?=
# Other checkouts to measure beside this one: make measure BESIDE="../httpx ../coverage"
BESIDE ?=
# Keep compiled modules: every worker is a process that would compile all of them again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup grade test check coverage test-slow test-browser verify mutants redteam fuzz schemathesis bench measure docs messages package image audit reference release clean

help: ## print this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) $(HUB) ## install packages into .venv, train the tiny models, install bubblewrap and libseccomp
	@sh .ci/system-packages

$(READY): requirements.lock pyproject.toml .ci/set-up
	@sh .ci/set-up $(PYTHON) $(VENV)
	@touch $@

$(HUB): $(RECIPE) | $(READY)
	@echo "make setup: training the tiny models of the offline hub (once, about 15 seconds)"
	@$(BIN)/python datasets/build_hub.py

$(DOCS_READY): .ci/docs-requirements.txt | $(READY)
	@$(BIN)/python -m venv build/docs-venv
	@build/docs-venv/bin/pip install --quiet --disable-pip-version-check --no-deps -r .ci/docs-requirements.txt
	@touch $@

$(PACKAGE_READY): .ci/package-requirements.txt | $(READY)
	@$(BIN)/python -m venv build/package-venv
	@build/package-venv/bin/pip install --quiet --disable-pip-version-check --no-deps -r .ci/package-requirements.txt
	@touch $@

$(SCHEMATHESIS_READY): .ci/schemathesis-requirements.txt | $(READY)
	@$(BIN)/python -m venv build/schemathesis-venv
	@build/schemathesis-venv/bin/pip install --quiet --disable-pip-version-check --no-deps -r .ci/schemathesis-requirements.txt
	@touch $@

grade: setup ## grade the sample class of a4_attention: a table, and JSON reports in runs/
	@$(BIN)/grader batch assignments/a4_attention/sample_class -a a4_attention -o $(RUN)

test: check ## run the checks, then the test suite, then grade a part of each corpus
	@$(BIN)/python -m $(TESTS)
	@if [ -n "$$CI" ]; then echo "make test: with CI set, the corpus is left to make verify"; \
	else GRADER_SECRET=tests $(BIN)/grader verify --quick; fi

check: setup ## run the fast checks: ruff, formatting, mypy --strict, generated files
	@$(BIN)/ruff check grader
	@$(BIN)/ruff format --check grader
	@$(BIN)/mypy
	@$(BIN)/grader release --check

coverage: setup ## run the test suite and print how much of the grader it covers
	@rm -f build/coverage*
	@$(BIN)/coverage run -m $(TESTS)
	@$(BIN)/coverage combine --quiet && $(BIN)/coverage report

test-slow: setup ## run tests that take minutes each: whole notebooks, bundles on simulated platforms
	@$(BIN)/python -m pytest -m slow --numprocesses auto --maxprocesses 4

test-browser: setup ## run a term in a real browser: needs `apt install chromium fonts-noto-cjk`
	@command -v chromium >/dev/null || command -v chromium-headless-shell >/dev/null || \
		{ echo "make test-browser: there is no chromium: apt install chromium fonts-noto-cjk" >&2; exit 1; }
	@test -d build/browser/playwright -a -d build/browser/axe_playwright_python || \
		$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --target build/browser $(PLAYWRIGHT)
	@PYTHONPATH=build/browser $(BIN)/python -m pytest -m browser $(ONLY)

verify: setup ## grade every known right and wrong variant: can the hidden suites be trusted?
	@$(BIN)/grader verify

mutants: setup ## make the mistakes of students in each solution: do the hidden suites find them?
	@$(BIN)/grader verify --mutants

redteam: setup ## grade the hostile submissions: none may gain, break, change or leave anything
	@$(BIN)/python -m grader.redteam
	@$(BIN)/python -m grader.redteam --sparse

fuzz: setup ## fuzz the confined intake as a whole for half an hour (FUZZ_SECONDS=1800), guided by coverage
	@$(BIN)/python -c "import importlib.util as u; exit(not u.find_spec('atheris'))" || test -d build/fuzz/atheris || \
		$(BIN)/pip install --quiet --disable-pip-version-check --target build/fuzz $(ATHERIS)
	@mkdir -p build/fuzz-corpus
	@PYTHONPATH=build/fuzz $(BIN)/python -m grader.tests.support.fuzz confined build/fuzz-corpus \
		-max_total_time=$(FUZZ_SECONDS) -max_len=8000 -len_control=0 -timeout=60 -artifact_prefix=build/

schemathesis: setup $(SCHEMATHESIS_READY) ## ask the API of the service what its description allows, and what it does not
	@$(BIN)/python -m grader.tests.support.api_fuzz build/schemathesis-venv/bin/st --max-examples 50

bench: setup ## measure speed, as ratios within one run
	@$(BIN)/python -m grader.tools.bench

measure: setup ## measure the structure of the code, with BESIDE="DIR ..." side by side
	@$(BIN)/python -m grader.tools.measure_structure grader $(BESIDE)

docs: setup $(DOCS_READY) ## build the documentation into build/docs; fails on a broken link
	@sh .ci/build-docs

messages: setup ## bring the catalogues of translations up to date
	@$(BIN)/python -m grader.tools.message_catalogue tests_hidden/*/ assignments/*/tests_public

package: $(PACKAGE_READY) ## build the sdist, the wheel and the SBOM into build/dist, twice, and compare the bytes
	@sh .ci/package

image: ## build the container image of the service with this course; needs buildah and mmdebstrap
	@sh .ci/image

audit: $(PACKAGE_READY) ## look for known vulnerabilities of the packages in requirements.lock; uses the network
	@sh .ci/audit

reference: setup ## write the command reference again after a change of the command line
	@$(BIN)/python -m grader.cli.command_reference

release: setup ## write skeletons and notebooks from the solutions
	@$(BIN)/grader release

clean: ## remove what was set up, built and graded
	rm -rf $(VENV) runs build .mypy_cache .ruff_cache
