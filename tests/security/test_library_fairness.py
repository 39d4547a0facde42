"""One person against all: whatever somebody asks for at once, others are served meanwhile."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from twinhub_kit.turns import AT_ONCE
from twinhub_library.archives import packing
from twinhub_library.graphql.endpoint import GraphQLEndpoint
from twinhub_library.rest import files

from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from httpx import Response
    from starlette.testclient import TestClient

MANY = 60
"""More than there are threads for requests."""
TOO_LONG = 20
QUERY = '{ readFile(path: "alice/data/levels.csv", domainName: "") { name } }'


class Stuck:
    """Work that goes on and on, such as the digest of a sparse file of a million terabytes."""

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.begun = 0

    def __call__(self, *_: object, **__: object) -> str:
        self.begun += 1
        assert self.may_end.wait(10 * TOO_LONG)
        return "0"

    def chunks(self, *_: object, **__: object) -> Iterator[bytes]:
        yield b"first"
        yield self().encode()

    def answer(self, *_: object) -> tuple[int, bytes]:
        return 200, self().encode()


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stuck]:
    found = Stuck()
    monkeypatch.setattr(files, "digest_file", found)
    monkeypatch.setattr(packing, "_read", found.chunks)
    monkeypatch.setattr(GraphQLEndpoint, "answer_simple", lambda *_: None)
    monkeypatch.setattr(GraphQLEndpoint, "answer", found.answer)
    yield found
    found.may_end.set()


def ask_often(pool: ThreadPoolExecutor, ask: Callable[[], Response]) -> list[Future[Response]]:
    return [pool.submit(ask) for _ in range(MANY)]


@pytest.mark.parametrize(
    "address",
    ["/api/checksums/alice/data/levels.csv", "/api/archives/alice/data?format=tar", "/lib"],
)
def test_who_asks_for_endless_work_many_times_holds_up_nobody_else(
    client_of: Callable[[str], TestClient], stuck: Stuck, address: str
) -> None:
    alice, bob = client_of("alice"), client_of("bob")

    def ask() -> Response:
        is_query = address == "/lib"
        answer: Response = (
            alice.post(address, json={"query": QUERY}) if is_query else alice.get(address)
        )
        return answer

    with ThreadPoolExecutor(MANY + 1) as pool:
        asked = ask_often(pool, ask)
        try:
            wait_for(lambda: stuck.begun >= AT_ONCE, seconds=TOO_LONG, what="alice's work")
            for _ in range(20):
                other = pool.submit(bob.get, "/api/entries/bob/models/secret/notes.txt")
                assert other.result(TOO_LONG).status_code == 200
        finally:
            stuck.may_end.set()
        assert {one.result(TOO_LONG).status_code for one in asked} == {200}


@pytest.mark.d4(25)
def test_a_body_that_does_not_fit_into_memory_is_refused_whoever_sends_it(
    client_of: Callable[[str], TestClient],
) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(1000):
            yield bytes(1 << 16)

    for name in ("", "alice"):
        headers = {"Content-Type": "application/json"}
        answer = client_of(name).post("/api/moves", content=endless(), headers=headers)
        assert answer.status_code == 413
        assert answer.headers["Content-Type"] == "application/problem+json"
