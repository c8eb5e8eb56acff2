SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
REQUIREMENTS := $(wildcard requirements*.txt) constraints.txt pipeline_lambdas/requirements.txt

.DEFAULT_GOAL := help
.PHONY: help run test test-faults check format messages bench lighthouse lock clean

help:  ## List every target
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: $(VENV)/run.stamp  ## Set everything up and run Shoebox on this machine
	@exec $(BIN)/python manage.py runstack

test: $(VENV)/dev.stamp  ## Set everything up and run all tests (ARGS="-k upload" narrows them)
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(ARGS)

test-faults: $(VENV)/dev.stamp  ## Run the tests of faults with their full numbers (an hour and more)
	SHOEBOX_FAULTS=long $(BIN)/python -m pytest -rA tests/faults tests/stack/test_burst.py tests/stack/test_kill.py $(ARGS)

check: $(VENV)/dev.stamp  ## Lint, types, templates, settings, the SAM template
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/djlint --check --lint --quiet webapp
	$(BIN)/cfn-lint infra/template.yaml
	DJANGO_SETTINGS_MODULE=webapp.settings.test $(BIN)/python manage.py makemigrations --check --dry-run
	DJANGO_SETTINGS_MODULE=webapp.settings.test $(BIN)/python manage.py check --fail-level WARNING

format: $(VENV)/dev.stamp  ## Format the code
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	$(BIN)/djlint --reformat --quiet webapp || true

messages: $(VENV)/dev.stamp  ## Collect the texts for people for translation, and compile the translations (needs gettext)
	@command -v msgfmt >/dev/null || { echo "Collecting texts needs gettext; on Debian and Ubuntu: apt install gettext"; exit 1; }
	cd webapp && DJANGO_SETTINGS_MODULE=webapp.settings.test PYTHONPATH=.. ../$(BIN)/django-admin makemessages -l de --no-location --no-wrap --no-obsolete
	cd webapp && DJANGO_SETTINGS_MODULE=webapp.settings.test PYTHONPATH=.. ../$(BIN)/django-admin compilemessages -l de

PHOTOS ?= tests/photos
bench: $(VENV)/bench.stamp  ## Compare our renditions with sharp's and Pillow's (PHOTOS=folder ARGS="--rounds 9")
	$(BIN)/python -m benchmarks.renditions $(PHOTOS) $(ARGS)

lighthouse: $(VENV)/lighthouse.stamp  ## Let Lighthouse judge the pages on a phone (PHOTOS=folder ARGS="--runs 5")
	$(BIN)/python -m benchmarks.lighthouse --photos $(PHOTOS) $(ARGS)

lock:  ## Write constraints.txt anew from what the requirements resolve to today
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	: > constraints.txt
	build/lock/bin/python -m pip install --quiet -r requirements-dev.txt
	(echo '# Every package at the version the tests passed with; written by `make lock`.'; \
		build/lock/bin/python -m pip freeze | sort -f) > constraints.txt
	rm -rf build/lock

clean:  ## Remove the virtual environment and caches (never var/, where your photos are)
	rm -rf $(VENV) build .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) here. Shoebox needs Python 3.11 or newer."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Shoebox needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12 run"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is missing; on Debian and Ubuntu: apt install python3-venv"; exit 1; }

$(VENV)/run.stamp: $(REQUIREMENTS) | $(BIN)/python
	@echo "Installing what Shoebox needs (once, about a minute) ..."
	$(PIP) install -r requirements-local.txt
	@touch $@

$(VENV)/dev.stamp: $(REQUIREMENTS) | $(BIN)/python
	@echo "Installing what Shoebox and its tests need (once, about a minute) ..."
	$(PIP) install -r requirements-dev.txt
	@touch $@ $(VENV)/run.stamp

$(VENV)/bench.stamp: benchmarks/requirements.txt benchmarks/sharp/package-lock.json $(VENV)/dev.stamp
	$(PIP) install -r benchmarks/requirements.txt
	@if command -v npm >/dev/null; then npm ci --prefix benchmarks/sharp --no-audit --no-fund; \
		else echo "There is no npm here: sharp is left out of the comparison."; fi
	@touch $@

$(VENV)/lighthouse.stamp: benchmarks/lighthouse/package-lock.json $(VENV)/dev.stamp
	@command -v npm >/dev/null || { echo "There is no npm here. Lighthouse needs Node 18.20 or newer: see nodejs.org."; exit 1; }
	npm ci --prefix benchmarks/lighthouse --no-audit --no-fund
	@touch $@
