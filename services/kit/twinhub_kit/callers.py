"""Who calls: a person and what the token that came along may do."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Protocol

from fastapi import Depends, Request
from twinhub_api.log_lines import shorten
from twinhub_api.names import label_for
from twinhub_api.scopes import ADMIN, INSTRUCT, READ_METRICS, USE_LIBRARY

from twinhub_kit.errors import NotSignedInError
from twinhub_kit.turns import take_turn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.types import Scope

_LONGEST_ADDRESS = 64
_SCHEMES = frozenset({"token", "bearer"})


@dataclass(frozen=True, slots=True)
class Caller:
    """A person, with what the token of this request may do."""

    name: str
    groups: frozenset[str] = frozenset()
    """The hub's groups that the person is in."""
    scopes: frozenset[str] = field(default=frozenset(), repr=False)
    """The token's own scopes: a workspace's has fewer than its user."""

    is_everybody: bool = False
    """Whoever asks a server without a login, which only listens on loopback: may read it all."""
    others: frozenset[str] = field(default=frozenset(), repr=False)
    """Labels of those whose areas the caller reads too; of `is_everybody` alone."""

    look_again: Callable[[], Caller | None] | None = field(default=None, repr=False, compare=False)
    """Returns who it is by now, see `Identity.look_again`; None where nothing is done later."""

    @property
    def label(self) -> str:
        """Name of the person's folder."""
        return label_for(self.name)

    @property
    def is_admin(self) -> bool:
        """Whether the token administers."""
        return ADMIN in self.scopes

    @property
    def is_instructor(self) -> bool:
        """Whether the token may do what instructors do."""
        return self.is_admin or INSTRUCT in self.scopes


class Identity(Protocol):
    """Knows who is behind a token."""

    @property
    def scope(self) -> str:
        """What a token needs to use the service."""

    async def find_caller(self, token: str, address: str = "") -> Caller | None:
        """Return who is behind a token that may use this service; None for anything else.

        ``address`` is where it comes from: one that sends many unknown tokens has to wait.

        Raises:
            BusyError: it has sent too many.
            UnavailableError: whoever knows does not answer.
        """

    async def find_scopes(self, token: str, address: str = "") -> frozenset[str] | None:
        """Return what a token may do, also one that is no person's; None of an unknown one.

        Raises:
            BusyError: as `find_caller`.
            UnavailableError: whoever knows does not answer.
        """

    def look_again(self, token: str) -> Caller | None:
        """Return who is behind a token by now, as `find_caller` does; for threads alone.

        Raises:
            UnavailableError: whoever knows does not answer.
        """

    def forget_user(self, name: str) -> None:
        """Remember no token of a person any more: they were deleted."""


@dataclass(frozen=True)
class TableIdentity:
    """Callers by their tokens, for tests."""

    callers: dict[str, Caller]
    scope: str = USE_LIBRARY

    async def find_caller(self, token: str, address: str = "") -> Caller | None:
        """Return who has the token."""
        del address
        return self.callers.get(token)

    async def find_scopes(self, token: str, address: str = "") -> frozenset[str] | None:
        """Return the scopes of who has the token."""
        del address
        caller = self.callers.get(token)
        return caller.scopes if caller else None

    def look_again(self, token: str) -> Caller | None:
        """Return who has the token."""
        return self.callers.get(token)

    def forget_user(self, name: str) -> None:
        """Do nothing: the table is asked each time."""


@functools.lru_cache(8)
def _everybody(caller: Caller, others: frozenset[str]) -> Caller:
    return replace(caller, is_everybody=True, others=others)


@dataclass(frozen=True)
class OpenIdentity:
    """Everybody is the same caller, with or without a token: on loopback, for development."""

    caller: Caller
    list_others: Callable[[], frozenset[str]] = frozenset
    """Returns the labels of those whose areas there are."""
    scope: str = USE_LIBRARY

    async def find_caller(self, token: str, address: str = "") -> Caller | None:
        """Return the one caller."""
        del token, address
        return _everybody(self.caller, self.list_others())

    async def find_scopes(self, token: str, address: str = "") -> frozenset[str] | None:
        """Return the scopes of the one caller, who may also read metrics."""
        del token, address
        return self.caller.scopes | {READ_METRICS}

    def look_again(self, token: str) -> Caller | None:
        """Return the one caller."""
        del token
        return _everybody(self.caller, self.list_others())

    def forget_user(self, name: str) -> None:
        """Do nothing: there are no tokens."""


def read_token(scope: Scope) -> str:
    """Return the token of a request's ``Authorization`` header; empty without one."""
    found = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    scheme, _, token = found.decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() in _SCHEMES else ""


def read_address(scope: Scope) -> str:
    """Return where a request comes from; the edge, which is the only client, says so."""
    told = next((v for k, v in scope["headers"] if k == b"x-forwarded-for"), b"")
    return _show_address(told[-2 * _LONGEST_ADDRESS :])


@functools.lru_cache(1024)
def _show_address(told: bytes) -> str:
    return shorten(told.decode("latin-1").rpartition(",")[2].strip())[:_LONGEST_ADDRESS]


def _why_nobody(token: str, scope: str) -> str:
    if not token:
        return (
            "Send a token of yours: Authorization: token <token>. "
            "The page Token in the hub's menu makes one."
        )
    return (
        "This token is unknown, has ended or may not be used here: make another one on the page "
        f"Token in the hub's menu; one whose scopes are limited needs {scope}."
    )


async def get_caller(request: Request) -> Caller:
    """Return who calls; the dependency of every route that is not public.

    Raises:
        NotSignedInError: nobody is known by what came along.
    """
    caller = await identify(request.scope)
    identity: Identity = request.app.state.identity
    return with_look(caller, identity, read_token(request.scope))


async def identify(scope: Scope) -> Caller:
    """Return who sends the request of a scope, for what is done at once: they have no look.

    Raises:
        NotSignedInError: nobody is known by what came along.
    """
    identity: Identity = scope["app"].state.identity
    token = read_token(scope)
    caller = await identity.find_caller(token, read_address(scope))
    if caller is None:
        raise NotSignedInError(_why_nobody(token, identity.scope))
    scope.setdefault("state", {})["caller"] = caller  # for the log of the request
    return caller


def with_look(caller: Caller, identity: Identity, token: str) -> Caller:
    """Return a caller who can be looked up again by their token."""
    return replace(caller, look_again=functools.partial(identity.look_again, token))


async def _take_turn(
    request: Request, caller: Annotated[Caller, Depends(get_caller)]
) -> AsyncIterator[Caller]:
    """Return who calls once it is their turn, which lasts as long as the route's function."""
    async with take_turn(request, caller) as has_waited:
        yield await get_caller(request) if has_waited else caller


KnownCaller = Annotated[Caller, Depends(_take_turn, scope="function")]
"""Type of a route's parameter that is who calls; so many of their requests are served at once."""
