"""A library that answers what a test says: where the real one is not needed, or cannot fail so."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
from twinhub_api.client.library import LibraryClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Answer = tuple[int, object] | Exception
NOW = "2026-01-02T03:04:05Z"


@dataclass
class Answering:
    """Answers by method and path; of several answers to one request the last one stays."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    on_sleep: Callable[[], None] = lambda: None

    def on(self, request: str, *answers: Answer) -> None:
        """Answer a request such as ``GET /api/usage``."""
        self.answers[request] = list(answers)

    def client(self) -> LibraryClient:
        """Return a client that asks here."""
        http = httpx.Client(transport=httpx.MockTransport(self._answer), base_url="http://library")
        return LibraryClient(http, name="library", sleep=self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.on_sleep()

    def _answer(self, request: httpx.Request) -> httpx.Response:
        key = f"{request.method} {request.url.path}"
        self.asked.append(f"{request.method} {request.url.raw_path.decode()}")
        content = request.read()
        self.bodies.append(json.loads(content) if content[:1] in {b"{", b"["} else content)
        answers = self.answers.get(key, [problem(404, "not-found", "It is not there.")])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        status, body = answer
        if isinstance(body, bytes):
            return httpx.Response(status, content=body)
        return httpx.Response(status, json=body)


def problem(status: int, code: str, detail: str) -> Answer:
    """Return a refusal."""
    body = {"type": "about:blank", "title": "x", "status": status, "detail": detail, "code": code}
    return status, body


def operation(status: str, **values: object) -> Answer:
    """Return long work."""
    body = {"id": "op1", "kind": "import", "title": "Import", "status": status, "created_at": NOW}
    return 200, body | values


def imported(path: str = "alice/models/tank", **values: object) -> dict[str, object]:
    """Return the record of a copy."""
    return {
        "id": 7, "path": path, "source": "common/models/tank", "version": "1.0.0", "digest": "d",
        "newest": "1.1.0", "is_outdated": True, "made_by": "alice", "made_at": NOW,
        "updated_at": NOW,
    } | values  # fmt: skip


def report(outcomes: Iterable[tuple[str, str, str | None]], **values: object) -> dict[str, object]:
    """Return what an update has done."""
    files = [
        {"path": path, "outcome": outcome, "copy_path": copy, "note": ""}
        for path, outcome, copy in outcomes
    ]
    conflicts = sum(one["outcome"] == "conflict" for one in files)
    return {
        "path": "alice/models/tank", "version": "1.1.0", "dry_run": False, "files": files,
        "conflicts": conflicts,
    } | values  # fmt: skip
