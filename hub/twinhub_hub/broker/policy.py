"""What the broker allows, as it is told when it starts."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Self

from twinhub_api.names import find_label

if TYPE_CHECKING:
    from collections.abc import Mapping

SHORT_LOOKUPS = ("timeout:1", "attempts:1")
"""Options of resolv.conf(5) for a workspace without a name server, so that a lookup fails soon."""

LABEL = "org.twinhub.installation"
"""Label that the broker puts on each container that it creates; its value is the prefix."""

KIND_LABEL = "org.twinhub.kind"
"""Label of what is no workspace; its value says what it is."""

USER_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LAYER = re.compile(r"[a-z0-9-]{1,32}:[0-9][A-Za-z0-9._-]{0,60}")


class RefusedError(Exception):
    """A request that the broker does not pass on; its text says why, in one sentence's part."""


def are_ours(found: Mapping[str, str] | None, labels: Mapping[str, str]) -> bool:
    """Return whether labels of a container are those that the broker gives to its kind."""
    has = found or {}
    return all(has.get(key) == labels.get(key) for key in (LABEL, KIND_LABEL))


@dataclass(frozen=True)
class Policy:
    """The values that every workspace of an installation must have, or may not exceed."""

    prefix: str
    """First part of the names of containers and volumes."""
    networks: tuple[str, ...]
    images: tuple[str, ...]
    uid: int
    assets: str
    """The assets root on this host, absolute."""
    home: str
    """Where a user's volume is mounted."""
    workspace: str
    """Where a user's folder is mounted, and ``common`` in it."""
    memory: int
    cpus: float
    processes: int
    shared_memory: int
    layers: str = ""
    """What tags of this installation's site layers begin with; empty where it has none."""
    log: Mapping[str, object] = field(default_factory=dict)
    """The one log configuration, as Docker names it."""

    @property
    def labels(self) -> Mapping[str, str]:
        """Return what the broker labels a workspace with."""
        return {LABEL: self.prefix}

    def find_owner(self, container: str) -> str | None:
        """Return the label of the user whose workspace has this name; None of other names."""
        return find_label(self.prefix, container)

    def mounts(self, label: str) -> tuple[str, ...]:
        """Return all that a user's container may mount, as Docker's ``Binds`` have it.

        Beside these it may mount teams' folders, see `is_team_mount`. Folders are direct children
        of the assets root, or of ``teams`` in it, which no container mounts: what lies deeper
        belongs to users, who could exchange it for a symbolic link between the check and the mount.
        """
        return (
            f"{self.prefix}-home-{label}:{self.home}:rw",
            f"{self.assets}/{label}:{self.workspace}:rw",
            f"{self.assets}/common:{self.workspace}/common:ro",
        )

    def is_team_mount(self, bind: object) -> bool:
        """Return whether it mounts a team's folder at the place of that team.

        Who is in which team the hub decides, as it decides who has which label.
        """
        if not isinstance(bind, str):
            return False
        label = bind.removeprefix(f"{self.assets}/teams/").partition(":")[0]
        wanted = f"{self.assets}/teams/{label}:{self.workspace}/teams/{label}:rw"
        return bind == wanted and USER_LABEL.fullmatch(label) is not None

    def has_image(self, tag: object) -> bool:
        """Return whether workspaces may run on an image: one of the settings, or a site layer.

        A layer may have been built since the broker started; only an administrator builds them.
        """
        if not isinstance(tag, str):
            return False
        if tag in self.images:
            return True
        rest = tag.removeprefix(self.layers)
        return bool(self.layers) and rest != tag and _LAYER.fullmatch(rest) is not None

    def as_json(self) -> str:
        """Return the policy as text."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the policy that `as_json` wrote."""
        values = json.loads(text)
        lists = {name: tuple(values[name]) for name in ("images", "networks")}
        return cls(**values | lists)
