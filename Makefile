# The two commands of the README: `make run` and `make test`. Everything else here serves them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Bytecode is kept: services start three times faster with it.
export PYTHONDONTWRITEBYTECODE :=

DATA ?= .candour
PORT ?= 8000

.PHONY: run install assets test check lint types arch unit system alone browser bench assure lock clean

run: install assets
	@$(BIN)/candour up --demo --data "$(DATA)" --port "$(PORT)"

install: $(STAMP)

$(STAMP): requirements.lock requirements-uv.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-build-isolation --no-deps -e .
	@touch $(STAMP)

assets: install
	@$(BIN)/python tools/build_assets.py

# Every part, whatever became of those before it: one run says all that there is to say.
PARTS := check unit system alone browser
test: install assets
	@failed=; trap 'exit 130' INT TERM; \
	  for part in $(PARTS); do $(MAKE) --no-print-directory $$part || failed="$$failed $$part"; done; \
	  if [ -n "$$failed" ]; then echo "failed:$$failed" >&2; exit 1; fi

check: lint types

lint: install
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: install
	@$(BIN)/mypy

unit: install assets
	@$(BIN)/python tools/run_part.py -n 2 --dist loadfile tests/architecture tests/spec tests/proof tests/unit

# On a real disk, as houses have one. Which tests may run beside each other: tests/system/scheduling.py
SYSTEM = TMPDIR="$${TMPDIR:-/tmp}" $(BIN)/python tools/run_part.py
system: install assets
	@sh tools/install_nginx.sh
	@$(SYSTEM) -n 2 --no-loadscope-reorder -m "not alone" tests/system

alone: install assets
	@sh tools/install_nginx.sh
	@$(SYSTEM) -m alone tests/system

browser: install assets
	@bash tools/install_chromium.sh
	@$(BIN)/python tools/run_part.py tests/browser

bench: install assets
	@$(BIN)/python -m benchmarks main_job

# One promise at its full size: make assure GOAL=withdrawals (see docs/assurance.md for the goals)
assure: install assets
	@$(BIN)/python -m benchmarks.assure "$(GOAL)"

lock:
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra dev --no-header \
	  pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --constraints requirements.lock pyproject.toml -o requirements-run.lock

clean:
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
	@rm -rf services/gateway/site/static/build services/consent/console/static/build
