#!/bin/sh
# Everything: `make check`, then the tests with real servers, containers and a browser.
# `--long` adds what is marked long, by hand.
set -eu
cd "$(dirname "$0")/.."
selection="not long"
[ "${1:-}" = "--long" ] && selection="long or not long"
sh tests/setup.sh
sh tests/check.sh
.venv/bin/python images/build.py workspace
.venv/bin/python -m pytest -q -n 2 tests/contract
.venv/bin/python -m pytest -q -m "$selection" --durations=15 \
    tests/images tests/integration tests/security tests/e2e
