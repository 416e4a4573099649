# One virtual environment, one lock file. `make help` lists the targets.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PORT   ?= 8000
DIR    ?= demo-data
STAMP  := $(VENV)/.stamp-installed
SYSTEM := $(VENV)/.stamp-system

.DEFAULT_GOAL := help
.PHONY: help app demo test check format bench conformance fuzz lock clean system

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/bin/uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9,<1"

# Exactly what the lock file says, every download checked against its hash.
$(STAMP): requirements.lock pyproject.toml | $(VENV)/bin/uv
	$(BIN)/uv pip sync --quiet --python $(BIN)/python requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# libzbar0 (second decoder), Chromium (browser tests), poppler-utils: from Debian where root allows.
$(SYSTEM): | $(VENV)/bin/uv
	@sh .ci/system-packages && touch $@

# The phone app, when what it is made of has changed. Everything else works without it.
app: $(STAMP)
	-@$(BIN)/python scanner/hatch_build.py

demo: $(STAMP) app ## build a sample world and serve it (PORT=8000 DIR=demo-data TLS=1)
	$(BIN)/temthat demo --dir $(DIR) --port $(PORT) $(if $(TLS),--tls)

test: $(STAMP) $(SYSTEM) app ## style, types, architecture and every test
	$(MAKE) --no-print-directory check
	$(BIN)/pytest -n 2 --dist loadfile

check: $(STAMP) ## ruff, mypy strict, import-linter
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## let ruff tidy the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP) ## measure everything at full size; writes bench/results.jsonl
	$(BIN)/python -m bench

conformance: $(STAMP) ## run the data others made through the service; writes docs/conformance.md
	$(BIN)/python -m bench.conformance

fuzz: $(STAMP) ## the property tests with many more examples
	HYPOTHESIS_PROFILE=fuzz $(BIN)/pytest -n 2 --timeout 3600 -m "not browser" -k "property or fuzz or hostile"

lock: $(VENV)/bin/uv ## renew requirements.lock from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 --all-extras --group dev pyproject.toml --output-file requirements.lock

clean: ## forget the environment, the demo and all caches
	rm -rf $(VENV) $(DIR) scanner/temthat_scanner/app scanner/temthat_scanner/web/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
