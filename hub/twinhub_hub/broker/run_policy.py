"""What the broker allows for runs, which the runner asks for on a socket of its own.

A run is either *in place*, with somebody's area at ``/workspace``, or it has copies at the places
of what was copied; never both, as a twin in place could lay a link where a copy is to be mounted.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Self

from twinhub_api.names import RESERVED, find_environment, find_sandbox

from twinhub_hub.broker.environments import EnvironmentPolicy
from twinhub_hub.broker.policy import KIND_LABEL, LABEL, USER_LABEL, RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WORKSPACE = "/workspace"
_INSIDE, _OUTSIDE = "/run/twinhub/in", "/run/twinhub/out"
_PLACE = re.compile(r"[^/:\x00-\x1f\x7f]{1,255}")
_DEEPEST, _MOST_COPIES = 32, 256


@dataclass(frozen=True)
class RunPolicy:
    """The values that every run of an installation must have, or may not exceed."""

    prefix: str
    """First part of the names of containers."""
    networks: tuple[str, ...]
    images: tuple[str, ...]
    uid: int
    assets: str
    """The assets root on this host, absolute."""
    memory: int
    cpus: float
    processes: int
    environments: EnvironmentPolicy | None = None
    """Of the software of twins; None where only images of the settings are had."""

    @property
    def labels(self) -> Mapping[str, str]:
        """Return what the broker labels a run with."""
        return {LABEL: self.prefix, KIND_LABEL: "run"}

    def find_owner(self, container: str) -> str | None:
        """Return the sandbox that has this name; None of other names."""
        return find_sandbox(self.prefix, container)

    def has_image(self, tag: object) -> bool:
        """Return whether a run may be on an image: one of the settings, or a twin's software."""
        if not isinstance(tag, str):
            return False
        return tag in self.images or find_environment(self.prefix, tag) is not None

    def check_mounts(self, binds: Sequence[str], sandbox: str) -> None:
        """Refuse mounts, as Docker's ``Binds`` have them, of anything but a run.

        Sources are folders that no container can exchange for a link: those of the run, its copies,
        and direct children of the assets root or of ``teams`` in it.

        Raises:
            RefusedError: with the one that is refused.
        """
        folder = f"{self.assets}/.runs/{sandbox}"
        own = {f"{folder}/in:{_INSIDE}:ro", f"{folder}/out:{_OUTSIDE}:rw"}
        if not own <= set(binds):
            raise RefusedError("HostConfig.Binds lacks the folders of the run")
        rest = [bind for bind in binds if bind not in own and not self._is_built(bind)]
        copies = [bind for bind in rest if not self._is_area(bind)]
        for bind in copies:
            if not self._is_copy(bind):
                raise RefusedError(f"HostConfig.Binds cannot have {bind[:200]!r}")
        targets = [bind.split(":")[1] for bind in binds]
        if len(set(targets)) != len(binds) or len(copies) > _MOST_COPIES:
            raise RefusedError("HostConfig.Binds mounts two things at one place, or very many")
        if copies and WORKSPACE in targets:
            raise RefusedError("HostConfig.Binds has a copy within an area")

    def _is_area(self, bind: str) -> bool:
        """Return whether it mounts a user's area, a team's or the common one at its place."""
        source, _, rest = bind.partition(":")
        kind, _, label = source.removeprefix(f"{self.assets}/").rpartition("/")
        if source == f"{self.assets}/common":
            return rest == f"{WORKSPACE}/common:ro"
        if source != f"{self.assets}/{kind}{'/' if kind else ''}{label}" or not _is_label(label):
            return False
        if kind == "teams":
            return rest in {f"{WORKSPACE}/teams/{label}:{mode}" for mode in ("rw", "ro")}
        return not kind and rest == f"{WORKSPACE}:rw"

    def _is_copy(self, bind: str) -> bool:
        """Return whether it mounts a working copy or a part of one below ``/workspace``."""
        source, _, rest = bind.partition(":")
        target, _, mode = rest.rpartition(":")
        copy = re.escape(f"{self.assets}/.runs/copies/") + r"[0-9a-f]{32}/(twin|inputs/[0-9]{1,4})"
        names = target.removeprefix(f"{WORKSPACE}/").split("/")
        return (
            re.fullmatch(copy, source) is not None
            and mode in {"rw", "ro"}
            and target.startswith(f"{WORKSPACE}/")
            and len(names) <= _DEEPEST
            and all(_PLACE.fullmatch(name) and name not in {".", ".."} for name in names)
        )

    def _is_built(self, bind: str) -> bool:
        """Return whether it mounts what one person's twin has built before."""
        built = re.escape(f"{self.assets}/.runs/builds/") + "[0-9a-f]{32}"
        return re.fullmatch(f"{built}:/run/twinhub/builds:rw", bind) is not None

    def as_json(self) -> str:
        """Return the policy as text."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the policy that `as_json` wrote."""
        values = json.loads(text)
        if values["environments"] is not None:
            values["environments"] = EnvironmentPolicy.from_values(values["environments"])
        return cls(**values | {name: tuple(values[name]) for name in ("images", "networks")})


def _is_label(text: str) -> bool:
    return USER_LABEL.fullmatch(text) is not None and text not in RESERVED
