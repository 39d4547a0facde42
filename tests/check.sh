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
step "dead code" vulture
step "YAML" yamllint -s .pre-commit-config.yaml images config
# shellcheck disable=SC2046 # the files have no spaces in their names
step "shell" shellcheck $(git ls-files '*.sh' '.ci/run' 'images/*/bin/*' 'images/*/finish' 'images/*/install-*' 'images/*/prune' '*/desktop/session')
step "unit tests" python -m pytest -q -n 2 -m "not heavy and not long" tests/unit
