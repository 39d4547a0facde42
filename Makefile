# One line each, no logic: what a target does is in hub/twinhub_hub (twinhub …) and tests/run.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup up down purge status logs images check test test-long bench docs locks

setup: .venv/.ready  ## .venv with the locked dependencies
.venv/.ready: requirements/dev.txt requirements/bootstrap.txt hub/pyproject.toml services/dtconfig/pyproject.toml services/api/pyproject.toml services/kit/pyproject.toml services/library/pyproject.toml services/runner/pyproject.toml extensions/lab/pyproject.toml
	@PYTHON=$(PYTHON) sh requirements/setup.sh

up: setup  ## start TwinHub, or repair it: make up [ENGINE=install|process] [TWINHUB_PORT=8000]
	@$(BIN)/twinhub up $(if $(ENGINE),--engine=$(ENGINE)) $(if $(TWINHUB_PORT),--port=$(TWINHUB_PORT))
down: setup  ## stop everything, remove nothing
	@$(BIN)/twinhub down
purge: setup  ## remove containers, volumes and state after a typed confirmation
	@$(BIN)/twinhub purge
status: setup  ## each process and workspace; JSON=1 for programs
	@$(BIN)/twinhub status $(if $(JSON),--json)
logs: setup  ## follow the logs
	@$(BIN)/twinhub logs
images: setup  ## build the images
	@$(BIN)/python images/build.py
check: setup  ## the inner loop: format, lint, types, architecture, unit tests
	@sh tests/check.sh
test: setup  ## everything, with all the set-up it needs
	@sh tests/test.sh
test-long: setup  ## what takes longer, by hand
	@sh tests/test.sh --long
bench: setup  ## measure and report: make bench [BENCH=spawn]
	@$(BIN)/python -m tests.bench $(BENCH)
docs: setup  ## build the documentation
	@$(BIN)/sphinx-build -q -W -b html docs docs/_build
locks: setup  ## write the lock files anew
	@sh requirements/lock.sh
