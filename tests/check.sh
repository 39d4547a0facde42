#!/bin/sh
# The inner loop, under two minutes: format, lint, types, architecture, dependencies, unit tests.
set -eu
cd "$(dirname "$0")/.."
bin=.venv/bin
PATH="$PWD/$bin:$PATH"
export PATH
step() {
    printf '== %s\n' "$1"
    shift
    "$@"
}
# The unit tests in two processes: each collects only its half, which takes as long as the other.
selection="not heavy and not long"
library="tests/unit/library tests/unit/api/client"
moved="tests/unit/library/files tests/unit/library/graphql"  # to the other half
log=$(mktemp)
# shellcheck disable=SC2086 # two folders each
python -m pytest -q -n 0 -m "$selection" $library \
    --ignore=tests/unit/library/files --ignore=tests/unit/library/graphql >"$log" 2>&1 &
half=$!
trap 'kill $half 2>/dev/null || true; rm -f "$log"' EXIT
trap 'exit 130' INT TERM
step "format" ruff format --check -q .
step "lint" ruff check -q .
step "types" mypy
step "architecture" lint-imports --no-logo
step "dependencies of the hub" deptry hub --config hub/pyproject.toml
step "dependencies of the JupyterLab extension" deptry extensions/lab --config extensions/lab/pyproject.toml
step "dependencies of dtconfig" deptry services/dtconfig --config services/dtconfig/pyproject.toml
step "dependencies of the twin command" deptry services/api --config services/api/pyproject.toml
step "dependencies of the kit" deptry services/kit --config services/kit/pyproject.toml
step "dependencies of the library" deptry services/library --config services/library/pyproject.toml
step "dependencies of the runner" deptry services/runner --config services/runner/pyproject.toml
step "dead code" vulture
step "YAML" yamllint -s .pre-commit-config.yaml images config
# shellcheck disable=SC2046 # the files have no spaces in their names
step "shell" shellcheck $(git ls-files '*.sh' '.ci/run' 'images/*/bin/*' 'images/*/finish' 'images/*/install-*' 'images/*/prune' '*/desktop/session' 'services/runner/twinhub_agent/programs/*')
others=$(find tests/unit -mindepth 1 -maxdepth 1 -type d ! -name library ! -name '__*')
# shellcheck disable=SC2086 # their names have no spaces
step "unit tests" python -m pytest -q -n 0 -m "$selection" $others $moved \
    --ignore=tests/unit/api/client
step "unit tests of the library" wait "$half" || { cat "$log"; exit 1; }
half=
tail -n 1 "$log"
