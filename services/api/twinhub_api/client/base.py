"""What clients of all services share: who one is, retries, refusals as errors, long work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Self, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from twinhub_api.client.errors import (
    ClientError,
    NotSetUpError,
    OperationError,
    ProblemError,
    UnreachableError,
)
from twinhub_api.operations import Operation, OperationStatus
from twinhub_api.problems import Problem

if TYPE_CHECKING:
    import httpx

Model = TypeVar("Model", bound=BaseModel)
Values = Mapping[str, str | int | float | bool | list[str] | tuple[str, ...] | None]

_TOKEN = "JUPYTERHUB_API_TOKEN"  # noqa: S105  # the name of a variable
_SECONDS = 60.0
_PAUSES = (0.2, 1.0, 3.0)
"""Seconds before each further try of what may be asked twice."""
_AGAIN = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE,
                    HTTPStatus.GATEWAY_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})  # fmt: skip
_IDEMPOTENT = frozenset({"GET", "HEAD", "DELETE"})
_LONGEST_WAIT = 30.0
_POLLS = (0.1, 0.2, 0.4, 0.8, 1.0)


class ServiceClient:
    """Asks one service; all of its methods raise `ClientError` with the server's own text."""

    def __init__(
        self, http: httpx.Client, *, name: str, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Ask through a client of HTTP, whose base address is the service's."""
        self._http, self._name, self._sleep = http, name, sleep

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], *, variable: str, name: str) -> Self:
        """Return a client of the service whose address a variable holds, as whoever runs this.

        Raises:
            NotSetUpError: the variable is not set.
        """
        import httpx  # noqa: PLC0415  # costs time that `twin --help` does not have

        url = environment.get(variable, "")
        if not url.startswith(("http://", "https://")):
            raise NotSetUpError(
                f"{variable} does not say where the {name} is: run this in a workspace of TwinHub,"
                f" or set it, such as {variable}=http://127.0.0.1:4001 for a server on this machine"
            )
        token = environment.get(_TOKEN, "")
        headers = {"Authorization": f"token {token}"} if token else {}
        http = httpx.Client(
            base_url=url.rstrip("/"), headers=headers, timeout=_SECONDS, trust_env=False
        )
        return cls(http, name=name)

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close all connections."""
        self.close()

    def get(self, model: type[Model], path: str, values: Values | None = None) -> Model:
        """Return what a GET answers."""
        return self._read(model, self.ask("GET", path, values=values))

    def post(
        self, model: type[Model], path: str, body: object, values: Values | None = None
    ) -> Model:
        """Return what a POST of JSON answers; it is asked once."""
        return self._read(model, self.ask("POST", path, body=body, values=values))

    def ask(
        self, method: str, path: str, *, body: object = None, values: Values | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:  # fmt: skip
        """Return an answer that is no refusal; what may be asked twice is tried again.

        That is what changes nothing more the second time, also by a header ``Idempotency-Key``.

        Raises:
            ProblemError: the service refuses.
            UnreachableError: it does not answer.
        """
        import httpx  # noqa: PLC0415  # see above

        is_safe = method in _IDEMPOTENT or "Idempotency-Key" in (headers or {})
        pauses = iter(_PAUSES if is_safe else ())
        while True:
            try:
                answer = self._http.request(
                    method, path, json=body, params=_given(values), headers=dict(headers or {})
                )
            except httpx.TransportError as error:
                if (pause := next(pauses, None)) is None:
                    raise self._unreachable(error) from error
            else:
                if answer.status_code not in _AGAIN or (pause := next(pauses, None)) is None:
                    return self._checked(answer)
                pause = max(pause, _retry_after(answer))
            self._sleep(pause)

    @contextmanager
    def stream(self, method: str, path: str, *, content: Iterable[bytes] | None = None,
               headers: Mapping[str, str] | None = None) -> Iterator[httpx.Response]:  # fmt: skip
        """Ask once and yield the answer before its content has come."""
        import httpx  # noqa: PLC0415  # see above

        try:
            with self._http.stream(
                method,
                path,
                content=content,
                headers=dict(headers or {}),
            ) as answer:
                if answer.is_error:
                    answer.read()
                yield self._checked(answer)
        except httpx.TransportError as error:
            raise self._unreachable(error) from error

    def wait(
        self, operation: Operation, tell: Callable[[Operation], None] | None = None
    ) -> Operation:
        """Wait until long work is done; an interruption of the wait cancels the work.

        Raises:
            OperationError: it has failed, or was cancelled or cut off.
        """
        polls = iter(_POLLS)
        try:
            while not operation.status.has_ended:
                if tell is not None:
                    tell(operation)
                self._sleep(next(polls, _POLLS[-1]))
                operation = self.get(Operation, f"/api/operations/{quote(operation.id)}")
        except KeyboardInterrupt:
            with suppress(ClientError):
                self.ask("DELETE", f"/api/operations/{quote(operation.id)}")
            raise
        return _ended_well(operation)

    def _read(self, model: type[Model], answer: httpx.Response) -> Model:
        try:
            # a newer service tells more, and workspaces go on with the client that they began with
            return model.model_validate_json(answer.content, extra="ignore")
        except ValidationError as error:
            raise UnreachableError(
                f"The {self._name} answers something else than this version of TwinHub knows:"
                f" {error.error_count()} faults in {model.__name__}; is it of the same version?"
            ) from error

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_success:
            return answer
        try:
            problem = Problem.model_validate_json(answer.content, extra="ignore")
        except ValidationError:
            raise UnreachableError(
                f"Something before the {self._name} answers {answer.status_code}"
                f" {answer.reason_phrase}: is its address right, and does it run?"
            ) from None
        raise ProblemError(problem.status, problem.code, problem.detail)

    def _unreachable(self, error: Exception) -> UnreachableError:
        reason = str(error) or type(error).__name__
        return UnreachableError(
            f"The {self._name} at {self._http.base_url} does not answer: {reason};"
            " is its address right, and does it run?"
        )


def _ended_well(operation: Operation) -> Operation:
    if operation.status is OperationStatus.DONE:
        return operation
    if operation.problem is not None:
        raise OperationError(operation.problem.code, operation.problem.detail)
    words = {
        OperationStatus.CANCELLED: "was cancelled",
        OperationStatus.INTERRUPTED: "was cut off when the service ended; ask for it again",
    }
    what = words.get(operation.status, "has failed")
    raise OperationError(operation.status.value, f"{operation.title} {what}")


def _given(values: Values | None) -> dict[str, str | int | float | bool | list[str] | None]:
    """Return values without those that say nothing; for a list, one of each."""
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in (values or {}).items()
        if value is not None and value not in ("", (), [])
    }


def _retry_after(answer: httpx.Response) -> float:
    text = answer.headers.get("retry-after", "")
    return min(float(text), _LONGEST_WAIT) if text.isdecimal() else 0.0
