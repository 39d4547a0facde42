"""Repositories elsewhere, and what they say of their branches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twinhub_library.repositories.addresses import Address
    from twinhub_library.repositories.credentials import Delivery


@dataclass(frozen=True)
class Remote:
    """A repository elsewhere, with what lets us in."""

    address: Address
    delivery: Delivery
    addresses: tuple[str, ...] = ()
    """Those of its host that were checked: git speaks to them, whatever the name is later."""
    by_login: bool = False
    """Whether it is the login of who asks that lets us in."""
    may_write: bool = True


@dataclass(frozen=True)
class RemoteBranches:
    """What a repository elsewhere has."""

    default: str | None
    """Name of the branch that its owner made the first; None of an empty repository."""
    commits: Mapping[str, str]
    """Branches by name."""


def parse_branches(output: bytes) -> RemoteBranches:
    """Return what ``git ls-remote --symref`` says of the default branch and of all."""
    default, commits = None, {}
    for line in output.decode("utf-8", "replace").splitlines():
        value, _, name = line.partition("\t")
        if name == "HEAD" and value.startswith("ref: refs/heads/"):
            default = value.removeprefix("ref: refs/heads/")
        elif name.startswith("refs/heads/"):
            commits[name.removeprefix("refs/heads/")] = value
    return RemoteBranches(default if default in commits else None, commits)
