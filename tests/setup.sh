#!/bin/sh
# Gives the tests what they need from the system: an engine that answers, a browser, bubblewrap, a compiler.
set -eu
cd "$(dirname "$0")/.."
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

PATH="$PATH:/usr/sbin:/sbin"
packages=
need() { command -v "$1" >/dev/null 2>&1 || packages="$packages $2"; }
need chromium chromium
need bwrap bubblewrap
need ssh openssh-client
need debootstrap debootstrap
need nginx nginx-light
need fcgiwrap fcgiwrap
need sshd openssh-server
need git-lfs git-lfs
need squid squid
need cc "gcc libc6-dev"
need docker-compose docker-compose
docker_answers() { .venv/bin/python -c "import docker; docker.from_env().ping()" >/dev/null 2>&1; }
if [ -n "$packages" ]; then
    echo "== installing:$packages"
    as_root apt-get update -q >/dev/null
    # shellcheck disable=SC2086 # several words on purpose
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q $packages >/dev/null
fi
if [ ! -x .giftless/bin/flask ]; then
    echo "== a server of Git LFS"
    .venv/bin/uv venv -q --python .venv/bin/python .giftless
    .venv/bin/uv pip install -q --python .giftless/bin/python --no-deps --require-hashes -r requirements/giftless.txt
fi
if ! docker_answers && ! command -v dockerd >/dev/null 2>&1; then
    .venv/bin/python -c "from twinhub_hub.operate import engine, steps; engine.install_engine(steps.Steps())"
fi
if ! docker_answers; then
    echo "== starting the Docker engine"
    if [ -d /run/systemd/system ]; then
        as_root systemctl start docker
    else
        as_root sh -c 'setsid dockerd </dev/null >/var/log/dockerd.log 2>&1 &'
    fi
    tries=0
    until docker_answers; do
        tries=$((tries + 1))
        if [ "$tries" -gt 60 ]; then
            echo "The Docker engine does not answer: see /var/log/dockerd.log or journalctl" >&2
            exit 1
        fi
        sleep 1
    done
fi
