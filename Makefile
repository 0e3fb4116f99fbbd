# Each target sets up .venv by itself, from the lock file.
PYTHON := $(shell for each in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$each && break; done)
BIN := .venv/bin
READY := .venv/.ready
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header

.PHONY: help setup quick fast demo sandbox test outside chaos guards bench check style types imports docs lock

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## everything that the other targets need

quick: $(READY) ## checks and fast tests, in parallel: after every change
	@$(MAKE) --no-print-directory --jobs 4 --output-sync style types imports fast

# Types take longest when nothing is cached, so the tests give way to them.
fast: $(READY)
	nice $(BIN)/pytest -q -n 2 --dist worksteal --hypothesis-profile quick tests/unit tests/integration/vivoldi

demo: $(READY) ## a deletion from command to outcome, against a local Slack and a local Vivoldi
	$(BIN)/python -m sandbox.demo

sandbox: $(READY) ## a page to play an incident on, at http://localhost:8080
	$(BIN)/python -m sandbox.page

# Four workers, whatever the cores: most of the tests wait for processes of their own.
test: check ## everything that has to hold
	$(BIN)/python -m tests.browser.chromium
	$(BIN)/pytest -n 4 --dist loadfile -m "not chaos"

outside: $(READY) ## real databases, disks and networks; installs PgBouncer, as root; takes two minutes
	$(BIN)/python -m tests.scenario.outside

chaos: $(READY) ## crashes at every commit and call, faults at every call, and real processes; takes forty minutes
	$(BIN)/pytest -n 2 --dist worksteal --ignore tests/chaos/real tests/chaos
	$(BIN)/pytest tests/chaos/real

guards: $(READY) ## each guard removed in turn: the tests have to notice
	$(BIN)/python -m tests.guards

bench: $(READY) ## how quick the bot is, beside bare Bolt; takes half an hour, and wants an idle machine
	$(BIN)/python -m benchmarks

check: style types imports ## format, lint, types, imports

style: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy

imports: $(READY)
	$(BIN)/lint-imports

docs: $(READY) ## docs/configuration.md, from the settings
	$(BIN)/python -m docs.generate

lock: $(READY) ## pin the newest versions that pyproject.toml allows, with their hashes
	$(LOCK) --upgrade --output-file requirements.txt
	$(LOCK) --upgrade --extra dev --constraint requirements.txt --output-file requirements-dev.txt

$(READY): requirements-dev.txt
	@test -n "$(PYTHON)" || { echo "Coupon Guard needs Python 3.11 or newer; none was found." >&2; exit 1; }
	@echo "Setting up .venv; this takes a minute the first time."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@
