"""`BENCH=hub`: what the hub, the proxy and the edge themselves cost.

- *sign-in*: from the form to the hub's home, against JupyterHub as it comes.
- *latency*: a tiny answer through edge and proxy, against the same one fetched directly.
- *many users*: a thousand people who start at the same moment, with a spawner that starts nothing,
  against JupyterHub's own settings with the same spawner, whose limit of starts under way refuses
  most for half a minute or more; `BENCH_USERS` for another number.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

import httpx
import psutil
from twinhub_api import names
from twinhub_hub.apply.context import Context
from twinhub_hub.installation import Installation
from twinhub_hub.settings.loading import load_settings

from tests.bench.many_users import Api, create_users, start_all, stop_all
from tests.bench.report import Figure, p95
from tests.bench.stock_hub import running_stock_hub
from tests.bench.tiny_server import running_tiny_server
from tests.fixtures.hub_client import HubClient
from tests.fixtures.installation import running_installation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.bench.stock_hub import StockHub
    from tests.fixtures.installation import TestInstallation

_USERS = int(os.environ.get("BENCH_USERS", "1000"))
_SIGN_INS = 20
_REQUESTS = 500
_MIB = 2**20
_ROOT = Path(__file__).parents[2]

_CONFIG = """
import sys
sys.path.insert(0, {root!r})
c.JupyterHub.spawner_class = "tests.bench.null_spawner.NullSpawner"
c.NullSpawner.server_port = {server}
c.JupyterHub.services = [*c.JupyterHub.get("services", []), {{
    "name": "bench", "api_token": {token!r}, "display": False,
}}]
c.JupyterHub.load_roles = [*c.JupyterHub.get("load_roles", []), {{
    "name": "bench", "scopes": ["admin:users", "admin:servers"], "services": ["bench"],
}}]
"""
_OURS = """
c.NullSpawner.pre_spawn_hook = None
c.NullSpawner.options_form = ""
c.Authenticator.allow_all = True
"""


@dataclass(frozen=True)
class Pair:
    """Our hub and a stock one, with the same spawner."""

    ours: TestInstallation
    stock: StockHub
    api: Api
    stock_api: Api
    server: int
    """Port of the one server behind every workspace."""


def run() -> Iterator[Figure]:
    """Measure everything."""
    with _running_pair() as pair:
        yield from _sign_in(pair)
        yield from _latency(pair)
        yield from _many_users(pair)


@contextmanager
def _running_pair() -> Iterator[Pair]:
    token = secrets.token_hex(16)
    with ExitStack() as stack:
        server = stack.enter_context(running_tiny_server())
        config = _CONFIG.format(root=str(_ROOT), server=server, token=token)
        ours = stack.enter_context(running_installation(site_python=config + _OURS))
        running = Installation(ours.home).running
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stock = stack.enter_context(
            running_stock_hub(
                folder, gateway="127.0.0.1", network=ours.setting("network"),
                proxy_packages=ours.home / "node", images=["none"], more=config,
            )
        )  # fmt: skip
        api = Api(f"http://127.0.0.1:{running.hub_port}", token)
        yield Pair(ours, stock, api, Api(stock.hub, token), server)


def _sign_in(pair: Pair) -> Iterator[Figure]:
    times: dict[str, list[float]] = {"ours": [], "stock": []}
    with (
        HubClient(pair.ours, "alice") as mine,
        HubClient(pair.stock, "alice") as theirs,  # type: ignore[arg-type]
    ):
        for _ in range(_SIGN_INS):
            times["ours"].append(_timed(mine.sign_in))
            times["stock"].append(_timed(theirs.sign_in))
    stock = median(times["stock"])
    yield Figure("hub", "stock sign-in, median", stock * 1000, "ms", _SIGN_INS)
    yield Figure("hub", "our sign-in, median", median(times["ours"]) * 1000, "ms", _SIGN_INS,
                 versus="stock sign-in, median", base=stock * 1000)  # fmt: skip


def _timed(call: Callable[[], object]) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start


def _latency(pair: Pair) -> Iterator[Figure]:
    context = _context(pair.ours)
    running = context.running
    host = names.host_for("bench", context.settings.site.domain)
    path = "/user/bench/"
    httpx.post(
        f"http://127.0.0.1:{running.proxy_api_port}/api/routes/{host}{path}",
        json={"target": f"http://127.0.0.1:{pair.server}"},
        headers={"Authorization": f"token {context.proxy_token}"},
    ).raise_for_status()
    ports = {"direct": pair.server, "proxy": running.proxy_port, "edge and proxy": running.port}
    times: dict[str, list[float]] = {way: [] for way in ports}
    with httpx.Client(headers={"Host": f"{host}:{running.port}"}) as client:
        for _ in range(_REQUESTS):
            for way, port in ports.items():
                start = perf_counter()
                client.get(f"http://127.0.0.1:{port}{path}").raise_for_status()
                times[way].append((perf_counter() - start) * 1000)
    direct = median(times["direct"])
    yield Figure("hub", "direct answer, median", direct, "ms", _REQUESTS)
    for way in ("proxy", "edge and proxy"):
        yield Figure("hub", f"through {way}, median", median(times[way]), "ms", _REQUESTS,
                     versus="direct answer, median", base=direct)  # fmt: skip
        added = median(times[way]) - direct
        yield Figure("hub", f"added by {way}, median", added, "ms", _REQUESTS)


def _many_users(pair: Pair) -> Iterator[Figure]:
    users = [f"crowd{number:04}" for number in range(_USERS)]
    hub = psutil.Process(pair.ours.pids()["hub"])
    stock_hub = psutil.Process(pair.stock.pid)
    figures: dict[str, Any] = {}
    for name, api, process in (("stock", pair.stock_api, stock_hub), ("our", pair.api, hub)):
        asyncio.run(create_users(api, users))
        before = sum(process.cpu_times()[:2])
        start = perf_counter()
        waits = asyncio.run(start_all(api, users))
        seconds = perf_counter() - start
        cpu = sum(process.cpu_times()[:2]) - before
        rss = process.memory_info().rss / _MIB
        asyncio.run(stop_all(api, users))
        figures[name] = (seconds, waits, cpu, rss)
    base = figures["stock"][0]
    for name, (seconds, waits, cpu, rss) in figures.items():
        what = f"{name} start of {_USERS} users"
        against: dict[str, Any] = (
            {} if name == "stock" else {"versus": "stock", "base": base, "goal": 0.5}
        )
        yield Figure("hub", what, seconds, "s", 1, **against)
        yield Figure("hub", f"{what}, a second", _USERS / seconds, "1/s", 1)
        yield Figure("hub", f"{what}, wait of each, median", median(waits), "s", _USERS)
        yield Figure("hub", f"{what}, wait of each, p95", p95(waits), "s", _USERS)
        yield Figure("hub", f"{what}, CPU of the hub for each", cpu / _USERS * 1000, "ms", _USERS)
        yield Figure("hub", f"{what}, RSS of the hub", rss, "MiB", 1)


def _context(installation: TestInstallation) -> Context:
    there = Installation(installation.home)
    return Context.of(there, load_settings(there.settings_file), there.running)
