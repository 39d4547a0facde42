#!/bin/sh
# Makes .venv with exactly the locked packages and our members; repeatable.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
"$python" - <<'CHECK' || exit 1
import sys
if sys.version_info < (3, 11):
    sys.exit(f"TwinHub needs Python 3.11 or later, not {sys.version.split()[0]}: set PYTHON=python3.11")
try:
    import ensurepip, venv
except ImportError:
    sys.exit("Python's venv is missing. Install it with: sudo apt-get install python3-venv")
CHECK
start=$(date +%s)
say() { printf '[%6.1f s] %s\n' "$(($(date +%s) - start))" "$1" >&2; }
if [ ! -x .venv/bin/uv ]; then
    say "Environment: making .venv"
    "$python" -m venv .venv
    .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
fi
say "Environment: installing the locked packages"
.venv/bin/uv pip sync -q --python .venv/bin/python --compile-bytecode \
    --require-hashes requirements/dev.txt
.venv/bin/uv pip install -q --python .venv/bin/python --no-deps \
    -e services/dtconfig -e services/api -e services/kit -e services/library -e services/runner -e extensions/lab -e hub
touch .venv/.ready
say "Environment: ready"
