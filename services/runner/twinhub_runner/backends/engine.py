"""The requests of Docker's interface that runs need, over the socket of an engine or a broker.

See https://docs.docker.com/reference/api/engine/. Paths carry no version: what is asked is the same
in all versions since 1.40, and an engine takes such a request for its own.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

from twinhub_runner.backends.base import BackendError, ImpossibleError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

_UNIX = ("http+unix://", "unix://")
_TIMEOUT = httpx.Timeout(60.0, connect=5.0)
_BUILDING = httpx.Timeout(None, connect=5.0)
_REFUSED = {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN}
_CONNECTIONS = httpx.Limits(max_connections=32, keepalive_expiry=5.0)


@dataclass
class Engine:
    """One engine; any thread may ask."""

    base_url: str
    """``unix:///path``, or an address of HTTP."""

    @cached_property
    def _client(self) -> httpx.Client:
        for scheme in _UNIX:
            if self.base_url.startswith(scheme):
                path = self.base_url.removeprefix(scheme)
                return httpx.Client(
                    transport=_SocketTransport(path), base_url="http://docker", timeout=_TIMEOUT
                )
        return httpx.Client(base_url=self.base_url, timeout=_TIMEOUT, limits=_CONNECTIONS)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def ask(
        self, method: str, path: str, *, expected: Collection[int] = (),
        query: Mapping[str, str] | None = None, body: object = None,
    ) -> httpx.Response:  # fmt: skip
        """Return the answer to a request, which has succeeded or has one of some statuses.

        Raises:
            BackendError: nobody answers, or something else is answered; its text is for people.
        """
        try:
            answer = self._client.request(method, path, params=query, json=body)
        except httpx.HTTPError as error:
            raise BackendError(f"Docker does not answer: {error}") from error
        if not answer.is_success and answer.status_code not in expected:
            raise BackendError(f"Docker: {message_of(answer)}")
        return answer

    @contextlib.contextmanager
    def stream(self, method: str, path: str, *, body: object) -> Iterator[Iterator[str]]:
        """Give the lines of an answer while they come, however long that takes.

        Raises:
            BackendError: nobody answers, or something else; its text is for people.
            ImpossibleError: it is refused.
        """
        try:
            with self._client.stream(method, path, json=body, timeout=_BUILDING) as answer:
                if not answer.is_success:
                    answer.read()
                    if answer.status_code in _REFUSED:
                        raise ImpossibleError(message_of(answer))
                    raise BackendError(f"Docker: {message_of(answer)}")
                yield answer.iter_lines()
        except httpx.HTTPError as error:
            raise BackendError(f"Docker does not answer: {error}") from error

    def inspect(self, container: str) -> dict[str, Any] | None:
        """Return what an engine knows of a container; None where there is none.

        Raises:
            BackendError: nobody can say.
        """
        answer = self.ask("GET", f"/containers/{container}/json", expected={HTTPStatus.NOT_FOUND})
        found: dict[str, Any] | None = None
        if answer.status_code != HTTPStatus.NOT_FOUND:
            found = answer.json()
        return found


class _SocketTransport(httpx.HTTPTransport):
    """Speaks with who listens at a socket, and leaves none open where nobody does."""

    def __init__(self, path: str) -> None:
        super().__init__(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))  # has nothing to load
        self._pool = httpcore.ConnectionPool(
            uds=path, network_backend=_ClosingBackend(),
            max_connections=_CONNECTIONS.max_connections,
            keepalive_expiry=_CONNECTIONS.keepalive_expiry,
        )  # fmt: skip


class _ClosingBackend(httpcore.SyncBackend):
    """Closes the socket of a connection that is refused, which httpcore leaves to Python."""

    def connect_unix_socket(
        self, path: str, timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        """Return a connection, once it was seen that there is somebody."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(timeout)
            try:
                probe.connect(path)
            except TimeoutError as error:
                raise httpcore.ConnectTimeout(str(error)) from error
            except OSError as error:
                raise httpcore.ConnectError(str(error)) from error
        return super().connect_unix_socket(path, timeout, socket_options)


def message_of(answer: httpx.Response) -> str:
    """Return what is said in an answer that tells of a failure."""
    try:
        return str(answer.json()["message"]).strip()
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status_code}"


def filter_by_labels(labels: Mapping[str, str]) -> str:
    """Return the filter of a list for what has some labels."""
    return json.dumps({"label": [f"{key}={value}" for key, value in sorted(labels.items())]})
