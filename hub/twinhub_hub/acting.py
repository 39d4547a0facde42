"""For whom the hub does what it does right now; the audit trail has it as ``by``."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAME: ContextVar[str | None] = ContextVar("acts for", default=None)


def act_for(name: str | None) -> None:
    """Act for a user or service from here on, in this task and those that it begins.

    None is the hub itself.
    """
    _NAME.set(name)


@contextmanager
def acting_for(name: str | None) -> Iterator[None]:
    """Act for somebody else meanwhile."""
    before = _NAME.set(name)
    try:
        yield
    finally:
        _NAME.reset(before)


def by() -> Mapping[str, str]:
    """Return the trail's field ``by``; none where the hub acts for itself."""
    name = _NAME.get()
    return {} if name is None else {"by": name}


class ActsForWhoAsks:
    """Mixin of JupyterHub's handlers: a request is handled for who makes it.

    Tornado has a task for each request, so that none acts for who made another one.
    """

    current_user: Any

    async def prepare(self) -> None:
        """Find out who asks; what changes by that, such as groups, is the hub's doing."""
        await super().prepare()  # type: ignore[misc]
        act_for(self.current_user.name if self.current_user else None)

    async def login_user(self, data: Any = None) -> Any:  # noqa: ANN401 - as its parent has it
        """Sign somebody in: what a sign-in gives is given by the site's rules."""
        with acting_for(None):
            return await super().login_user(data)  # type: ignore[misc]


class PolledByTheHub:
    """Mixin of spawners: a workspace that ends by itself was not ended by who started it."""

    async def poll_and_notify(self) -> Any:  # noqa: ANN401 - as its parent has it
        """Look whether it runs; while it does, this is called in the context of its start."""
        with acting_for(None):
            return await super().poll_and_notify()  # type: ignore[misc]
