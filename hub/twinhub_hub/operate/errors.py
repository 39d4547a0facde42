"""What can go wrong in operating an installation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHOWN = 50


class OperateError(Exception):
    """Something that the operator can mend; the text says what and how."""


class EngineError(OperateError):
    """The Docker engine is absent, stopped or closed to this user."""


class FirewallError(OperateError):
    """The host's firewall cannot be read or changed; the text says why."""


class PortTakenError(OperateError):
    """Another program listens where TwinHub should."""


class NotRunningError(OperateError):
    """The installation has not been started."""


class BusyError(OperateError):
    """Another command works on the installation, and this one does not wait for it."""


class NoAccountError(OperateError):
    """There is no account of a name; what says so, and where to see which there are."""

    def __init__(self, what: str, *, hint: str) -> None:
        """Put the two together."""
        super().__init__(f"{what} {hint}")
        self.what, self.hint = what, hint


class ArchiveError(OperateError):
    """A backup that cannot be restored; names the archive, the member and what is wrong."""


class AccountListError(OperateError):
    """A list of accounts that cannot be imported; names file, line and remedy of every fault."""

    def __init__(self, faults: Sequence[str]) -> None:
        """Show the faults, one a line."""
        more = [f"and {len(faults) - _SHOWN} more"] if len(faults) > _SHOWN else []
        super().__init__("\n".join([*faults[:_SHOWN], *more]))
