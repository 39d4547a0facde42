#!/bin/sh
# Writes the locks anew. They hold hashes and no address: see conventions in docs/explanation.
set -eu
cd "$(dirname "$0")"
compile() {
    ../.venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-header --annotation-style line "$@"
}
# jsonschema's optional check of IRIs: compiles 35 grammars at import, 20 MiB and 1.3 s of CPU in the
# hub. What installs these locks does so with --no-deps, so that it stays out.
lean() { compile --no-emit-package rfc3987-syntax --no-emit-package lark "$@"; }
compile bootstrap.in -o bootstrap.txt
compile build.in -c bootstrap.txt -o build.txt
lean hub.in -o hub.txt
compile workspace.in -c hub.txt -o workspace.txt
compile science.in -c workspace.txt -o science.txt
lean full.in -c workspace.txt -o full.txt
compile tensorboard.in -c science.txt -o tensorboard.txt
compile editors.in -c hub.txt -o editors.txt
compile files.in -c hub.txt -o files.txt
compile giftless.in -o giftless.txt
lean dev.in -c hub.txt -c science.txt -o dev.txt
bin=$(cd ../.venv/bin && pwd)
for folder in proxy ../images/editors/code-server ../images/editors/ungit; do
    (cd "$folder" && PATH="$bin:$PATH" npm install --package-lock-only --omit-lockfile-registry-resolved=true --no-audit --no-fund)
done
