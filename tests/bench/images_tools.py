"""From the first click on a tool to something that can be used, in a fresh workspace each time."""

from __future__ import annotations

import os
import sys
from statistics import median
from time import perf_counter, sleep
from typing import TYPE_CHECKING

import httpx
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from tests.bench.images_starts import PORT, PREFIX
from tests.bench.report import Figure, p95

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.bench.images_starts import Stage

_GOAL_SECONDS = 5
_ROUNDS = int(os.environ.get("BENCH_TOOLS_N", "3"))
_LIMIT_SECONDS = 90
_POLL_SECONDS = 0.05
_SERVERS_OWN = frozenset({"lab", "notebook"})
# Tools whose page is there without them: they are up when they greet over a websocket.
_GREETINGS = {"desktop": ("desktop/socket", b"RFB "), "ssh": ("ssh/socket", b"SSH-")}


def measure_tools(stage: Stage, tags: Mapping[str, str]) -> Iterator[Figure]:
    """Measure each tool in the first image of the family that has it."""
    seen: set[str] = set()
    for image, tag in tags.items():
        for name, page in sorted(_tools(stage, tag).items()):
            if name not in seen:
                seen.add(name)
                yield from _figures(stage, image, tag=tag, name=name, page=page)
    if not seen:
        print("no image lists a tool, so none is measured", file=sys.stderr)


def _figures(stage: Stage, image: str, *, tag: str, name: str, page: str) -> Iterator[Figure]:
    times = []
    for _ in range(_ROUNDS):
        try:
            times.append(_first_click(stage, tag, name=name, page=page))
        except (TimeoutError, httpx.HTTPError, WebSocketException) as error:
            print(f"{name} in {image}: {type(error).__name__}: {error}", file=sys.stderr)
    if times:
        metric = f"first click on {name} in {image}"
        yield Figure("images", f"{metric}, median", median(times), "s", len(times),
                     goal=_GOAL_SECONDS)  # fmt: skip
        yield Figure("images", f"{metric}, p95", p95(times), "s", len(times))


def _tools(stage: Stage, tag: str) -> dict[str, str]:
    """Return what opens each installed tool, relative to the workspace's address."""
    with stage.started(tag) as (_, container), _client(stage, stage.address(container)) as client:
        answer = client.get("services")
        if answer.status_code != httpx.codes.OK:
            return {}
        listed = answer.json()
    return {n: entry["endpoint"] for n, entry in listed.items() if n not in _SERVERS_OWN}


def _first_click(stage: Stage, tag: str, *, name: str, page: str) -> float:
    with stage.started(tag) as (_, container):
        ip = stage.address(container)
        with _client(stage, ip) as client:
            start = perf_counter()
            _open(client, page.partition("#")[0], limit=start + _LIMIT_SECONDS)
            if name in _GREETINGS:
                path, greeting = _GREETINGS[name]
                address = f"ws://{ip}:{PORT}{PREFIX}{path}"
                _await_greeting(stage, address, greeting, limit=start + _LIMIT_SECONDS)
            return perf_counter() - start


def _open(client: httpx.Client, page: str, *, limit: float) -> None:
    while perf_counter() < limit:
        answer = client.get(page)
        if answer.status_code == httpx.codes.OK and answer.content:
            return
        sleep(_POLL_SECONDS)
    raise TimeoutError(f"no page at {page}: {answer.status_code} {answer.text[:300]}")


def _await_greeting(stage: Stage, address: str, greeting: bytes, *, limit: float) -> None:
    headers = {"Authorization": f"token {stage.hub.user_token}"}
    with connect(address, additional_headers=headers, open_timeout=_LIMIT_SECONDS) as channel:
        said = channel.recv(timeout=max(limit - perf_counter(), 1))
    if not isinstance(said, bytes) or not said.startswith(greeting):
        raise TimeoutError(f"{address} said {said[:40]!r}")


def _client(stage: Stage, ip: str) -> httpx.Client:
    headers = {"Authorization": f"token {stage.hub.user_token}"}
    base = f"http://{ip}:{PORT}{PREFIX}"
    return httpx.Client(
        base_url=base, headers=headers, timeout=_LIMIT_SECONDS, follow_redirects=True
    )
