"""`BENCH=spawn`: how long until a workspace is there, and what the hub costs.

- *bare*: a container with the exact arguments of a spawned one, against a stub hub, to its first
  200. It is created through Docker's API, which is some 50 ms faster than `docker run`.
- *ours*: from asking our hub to its `ready` event.
- *stock hub*: the same with JupyterHub's and DockerSpawner's defaults, for our image and for one
  of the same packages installed by plain pip: the gains of image and spawner are seen apart.

Each round measures all four, so that a noisy minute falls on all.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

import psutil
from twinhub_hub.installation import Installation

from tests.bench.bare import bare_start
from tests.bench.report import Figure, p95
from tests.bench.stock_hub import running_stock_hub
from tests.fixtures.hub_client import HubClient
from tests.fixtures.installation import TestInstallation, engine, running_installation
from tests.fixtures.stub_hub import running_stub_hub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.stub_hub import StubHub

OURS, STOCK = "twinhub/workspace:0.1.0", "twinhub/bench-stock:0.1.0"
USERS = tuple(f"user{number}" for number in range(10))
_ROUNDS = int(os.environ.get("BENCH_N", "10"))
_ACCOUNTS = "auth:\n  accounts:\n" + "".join(f"    - name: {user}\n" for user in USERS)
_MIB = 2**20


def run() -> Iterator[Figure]:
    """Measure everything."""
    build = [sys.executable, "images/build.py", "bench-stock", "--quiet"]
    subprocess.run(build, check=True, stdout=sys.stderr)
    with ExitStack() as stack:
        ours = stack.enter_context(running_installation(settings=_ACCOUNTS))
        running = Installation(ours.home).running
        assert running.gateway is not None
        network = ours.setting("network")
        stock = stack.enter_context(
            running_stock_hub(
                Path(stack.enter_context(tempfile.TemporaryDirectory())),
                gateway=running.gateway, network=network,
                proxy_packages=ours.home / "node", images=[STOCK, OURS],
            )
        )  # fmt: skip
        stub = stack.enter_context(
            running_stub_hub(docker_jupyterhub_version(), USERS[0], running.gateway)
        )
        mine = stack.enter_context(HubClient(ours, USERS[0]))
        theirs = stack.enter_context(HubClient(stock, "stock"))  # type: ignore[arg-type]
        yield from _rounds(ours, mine, theirs, stub)
        yield from _ten_at_once(ours, stack, stub)
        yield from _memory(ours)


def docker_jupyterhub_version() -> str:
    """Return the JupyterHub version on our image's label."""
    labels = engine().images.get(OURS).labels
    return str(labels["org.twinhub.jupyterhub"])


def _rounds(
    ours: TestInstallation, mine: HubClient, theirs: HubClient, stub: StubHub
) -> Iterator[Figure]:
    client = engine()
    _timed_start(mine)  # warms the page cache, and shows the exact arguments
    spawned = ours.container(USERS[0]).attrs
    mine.stop()
    times: dict[str, list[float]] = {"bare": [], "ours": [], "hub": [], "stock": []}
    for number in range(_ROUNDS):
        with bare_start(client, spawned, stub) as seconds:
            times["bare"].append(seconds)
        times["ours"].append(_timed_start(mine))
        mine.stop()
        for name, image in (("hub", OURS), ("stock", STOCK)):
            times[name].append(_timed_start(theirs, {"image": image}))
            theirs.stop()
        print(f"round {number + 1} of {_ROUNDS}", file=sys.stderr)
    bare, own, hub, stock = (median(times[name]) for name in times)
    n = _ROUNDS

    def figure(metric: str, value: float, **more: Any) -> Figure:  # noqa: ANN401 - as Figure has them
        return Figure("spawn", metric, value, "s", n, **more)

    yield figure("bare container, median", bare)
    yield figure("bare container, p95", p95(times["bare"]))
    yield figure("our start, median", own, versus="bare container, median", base=bare, goal=1.25)
    yield figure("our start, p95", p95(times["ours"]), versus="bare container, p95",
                 base=p95(times["bare"]))  # fmt: skip
    yield figure("our start, median", own, versus="stock start, median", base=stock, goal=0.5)
    yield figure("stock start, median", stock)
    yield figure("stock start, p95", p95(times["stock"]))
    yield figure("gain of the image", hub, versus="stock hub, stock image", base=stock)
    yield figure("gain of the spawner", own, versus="stock hub, our image", base=hub)


def _timed_start(client: HubClient, options: object = None) -> float:
    start = perf_counter()
    client.start_and_follow(options)
    return perf_counter() - start


def _ten_at_once(ours: TestInstallation, stack: ExitStack, stub: StubHub) -> Iterator[Figure]:
    sessions = [stack.enter_context(HubClient(ours, user)) for user in USERS]
    for session in sessions:  # folders and volumes of first starts are there for both
        session.start_and_follow()
    spawned = [ours.container(user).attrs for user in USERS]
    for session in sessions:
        session.stop()
    client = engine()
    with ThreadPoolExecutor(len(USERS)) as pool:
        with ExitStack() as containers:
            start = perf_counter()
            starts = [bare_start(client, attributes, stub) for attributes in spawned]
            list(pool.map(lambda one: one.__enter__(), starts))
            bare = perf_counter() - start
            for one in starts:
                containers.push(one.__exit__)
        start = perf_counter()
        list(pool.map(_timed_start, sessions))
        own = perf_counter() - start
    yield Figure("spawn", "last of ten bare containers", bare, "s", 1)
    yield Figure("spawn", "last of ten starts at once", own, "s", 1,
                 versus="last of ten bare containers", base=bare, goal=1.3)  # fmt: skip


def _memory(ours: TestInstallation) -> Iterator[Figure]:
    status: Any = ours.status()
    rss = {process["name"]: process["rss_bytes"] / _MIB for process in status["processes"]}
    supervisor = int((ours.home / "state" / "supervisord.pid").read_text())
    rss["supervisor"] = psutil.Process(supervisor).memory_info().rss / _MIB
    served = sum(rss[name] for name in ("hub", "proxy", "edge"))
    yield Figure("spawn", "RSS of hub, proxy and edge", served, "MiB", 1, goal=260)
    for name in ("hub", "proxy", "edge", "broker", "supervisor", "culler"):
        yield Figure("spawn", f"RSS of {name}", rss[name], "MiB", 1)
    idle = [_rss_of(ours, user) for user in USERS]
    yield Figure("spawn", "RSS of an idle workspace, median", median(idle), "MiB", len(idle),
                 goal=120)  # fmt: skip


def _rss_of(ours: TestInstallation, user: str) -> float:
    top = ours.container(user).top()
    pid = top["Titles"].index("PID")
    return sum(psutil.Process(int(row[pid])).memory_info().rss for row in top["Processes"]) / _MIB
