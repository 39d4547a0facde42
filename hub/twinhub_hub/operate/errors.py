"""What can go wrong in operating an installation."""

from __future__ import annotations


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


class ArchiveError(OperateError):
    """A backup that cannot be restored; names the archive, the member and what is wrong."""
