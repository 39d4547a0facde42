#!/bin/sh
# Everything: `make check`, then the tests with real servers, containers and a browser.
# `--long` adds, by hand, what is marked long, and runs with images that stand on others what is
# otherwise tested once. TWINHUB_TEST_IMAGES names the images to test: see images/README.md.
set -eu
cd "$(dirname "$0")/.."
selection="not long"
if [ "${1:-}" = "--long" ]; then
    selection="long or not long"
    export TWINHUB_TEST_IMAGES="${TWINHUB_TEST_IMAGES:-all}"
fi
sh tests/setup.sh
sh tests/check.sh
.venv/bin/python -m pytest -q -n 2 -m "(heavy or long) and ($selection)" --durations=15 tests/unit
.venv/bin/python images/build.py
.venv/bin/python -m pytest -q -n 2 tests/contract tests/fuzz
# What is in one file shares an installation; two at a time have ports and prefixes of their own.
.venv/bin/python -m pytest -q -n 2 --dist loadfile -m "$selection" --durations=15 tests/images
.venv/bin/python -m pytest -q -rR -n 2 --dist loadfile -m "$selection" --durations=15 \
    tests/integration tests/security tests/e2e
