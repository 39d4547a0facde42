"""What people have given for the secrets of twins: kept sealed, never told.

A secret belongs to a person and one twin, so that another twin that asks for the same name gets
nothing. What is sealed names both, so that a row that is moved opens nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from twinhub_api.names import label_for
from twinhub_api.runner.secrets import LEAST, MOST, KeptSecret
from twinhub_dtconfig.faults import nearest_key
from twinhub_kit.sealing import SealError

from twinhub_runner.errors import BadSecretError, MissingSecretError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinhub_kit.callers import Caller
    from twinhub_kit.sealing import Sealer

    from twinhub_runner.store.secrets import SecretTable
    from twinhub_runner.twins import FoundTwin

MOST_OF_A_PERSON = 1000
MOST_OF_A_RUN = 48 << 10
"""Bytes: all of them fit into a pipe at once."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """Everybody's secrets."""

    table: SecretTable
    sealer: Sealer

    def put(self, caller: Caller, found: FoundTwin, name: str, value: str) -> None:
        """Keep somebody's secret for a twin, in place of what they gave before.

        Raises:
            BadSecretError: the twin has no such secret, or it cannot be one.
        """
        _check(found, name, value)
        owner = caller.name
        if self.table.count(owner) >= MOST_OF_A_PERSON:
            raise BadSecretError(f"You have {MOST_OF_A_PERSON:,} secrets: remove some first.")
        sealed = self.sealer.seal(json.dumps([owner, found.path, name, value]))
        group = next((one for one in caller.groups if label_for(one) == found.team), "")
        self.table.put(owner, found.path, name, sealed, group=group)

    def list_of(self, owner: str) -> list[KeptSecret]:
        """Return what somebody has given, without values."""
        return [
            KeptSecret(twin=row.twin, name=row.name, set_at=datetime.fromtimestamp(row.set_at, UTC))
            for row in self.table.list_of(owner)
        ]

    def list_for(self, owner: str, found: FoundTwin) -> list[KeptSecret]:
        """Return each secret that a twin has, and those that it has no more, without values."""
        given = {row.name: row.set_at for row in self.table.list_of(owner, found.path)}
        known = {name: one.description or "" for name, one in found.twin.secrets.items()}
        return [
            KeptSecret(
                twin=found.path, name=name, description=known.get(name, ""),
                set_at=datetime.fromtimestamp(given[name], UTC) if name in given else None,
            )
            for name in dict.fromkeys((*known, *given))
        ]  # fmt: skip

    def remove(self, owner: str, twin: str, name: str) -> bool:
        """Forget a secret; return whether there was one."""
        return self.table.remove(owner, twin, name)

    def check(self, owner: str, twin: str, names: Iterable[str]) -> None:
        """Refuse a run whose secrets somebody has not given.

        Raises:
            MissingSecretError: some are not there; the text says how to give them.
        """
        if not (wanted := set(names)):
            return
        if missing := sorted(wanted - {row.name for row in self.table.list_of(owner, twin)}):
            raise _missing(twin, missing)

    def open(self, owner: str, twin: str, names: Iterable[str]) -> dict[str, str]:
        """Return the values that a run is given, by name.

        Raises:
            MissingSecretError: one is not there, or cannot be opened any more.
        """
        wanted = set(names)
        values: dict[str, str] = {}
        for row in self.table.list_of(owner, twin):
            if row.name in wanted:
                values[row.name] = self._open(row.sealed, owner, twin, row.name)
        if missing := sorted(wanted - set(values)):
            raise _missing(twin, missing)
        if sum(map(len, map(json.dumps, values.values()))) > MOST_OF_A_RUN:
            raise MissingSecretError(f"The secrets of {twin} have over {MOST_OF_A_RUN:,} bytes.")
        return values

    def _open(self, sealed: bytes, *place: str) -> str:
        try:
            *where, value = json.loads(self.sealer.open(sealed))
        except SealError as error:
            raise _missing(place[1], [place[2]], "The key of the secrets is gone: ") from error
        if tuple(where) != place:
            raise _missing(place[1], [place[2]])
        return str(value)


def _check(found: FoundTwin, name: str, value: str) -> None:
    known = found.twin.secrets
    if name not in known:
        nearest = nearest_key(name, known)
        hint = f" Did you mean {nearest!r}?" if nearest else ""
        has = f"it has {', '.join(known)}" if known else "it has none"
        raise BadSecretError(f"{found.path} has no secret {name!r}: {has}.{hint}")
    size = len(value.encode("utf-8", "surrogatepass"))
    if not LEAST <= size <= MOST or "\0" in value:
        raise BadSecretError(f"A secret has {LEAST} to {MOST:,} bytes of text.")


def _missing(twin: str, names: list[str], why: str = "") -> MissingSecretError:
    first = f"`twin secret set {twin} {names[0]}`"
    return MissingSecretError(
        f"{why}{twin} needs what you have not given: {', '.join(names)}. Give it by {first}."
    )
