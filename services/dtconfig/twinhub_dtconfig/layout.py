"""Which names in the folder of a kind are assets, and which names belong together.

Hidden names and temporaries are none. ``tank@1.2.0`` beside ``tank`` is a version of it where an
area has versions. ``tank.md`` and ``tank.asset.yaml`` beside ``tank`` or ``tank.fmu`` belong to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_dtconfig.versions import Version, newest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

TEXT, METADATA = ".md", ".asset.yaml"
"""Endings of what is beside an asset and belongs to it: its text, and its ``asset.yaml``."""

_TEMPORARY = re.compile(
    r"(?s).*(?:~|\.tmp|\.part|\.crdownload|\.swp|\.swo)|~\$.*|#.*#"
    r"|__pycache__|lost\+found|Thumbs\.db|desktop\.ini"
)


@dataclass(frozen=True, slots=True)
class NamedAsset:
    """One asset of a folder by its names."""

    name: str
    """Without a version."""
    is_plain: bool
    """Whether the name stands there without a version too."""
    versions: tuple[str, ...] = ()
    companions: tuple[str, ...] = ()
    """Names beside it that belong to it, without versions."""

    @property
    def newest(self) -> str | None:
        """The newest of its versions."""
        return newest(self.versions)

    def list_versions(self) -> list[str]:
        """Return its versions, newest first."""
        return sorted(self.versions, key=Version.parse, reverse=True)

    @property
    def entry(self) -> str:
        """The name in the folder that leads to the asset where no version is asked for."""
        return self.name if self.is_plain else f"{self.name}@{self.newest}"


def is_asset_name(name: str) -> bool:
    """Tell whether something of this name counts: not if it is hidden or a temporary."""
    return not name.startswith(".") and _TEMPORARY.fullmatch(name) is None


def split_version(name: str) -> tuple[str, str | None]:
    """Return a name without its version, and the version; None if it has none."""
    plain, at, version = name.rpartition("@")
    return (plain, version) if at and plain and newest([version]) else (name, None)


def companion_names(name: str) -> Iterator[str]:
    """Yield what would belong to an asset of this name if it was beside it."""
    for stem in _stems(name):
        for ending in _ENDINGS:
            if f"{stem}{ending}" != name and _rank(f"{stem}{ending}") > _rank(name):
                yield f"{stem}{ending}"


def may_be_companion(name: str) -> bool:
    """Tell whether something of this name may belong to what is beside it."""
    return _rank(name) > 0


def group_names(names: Iterable[str], *, has_versions: bool) -> dict[str, NamedAsset]:
    """Return the assets that the names in a folder make up, in order of their names."""
    plain: set[str] = set()
    versions: dict[str, list[str]] = {}
    for name in filter(is_asset_name, names):
        base, version = split_version(name) if has_versions and "@" in name else (name, None)
        if version is None:
            plain.add(base)
        else:
            versions.setdefault(base, []).append(version)
    known = plain | versions.keys()
    companions = _companions(known)
    return {
        name: NamedAsset(
            name, name in plain, tuple(versions.get(name, ())),
            tuple(one for one in companion_names(name) if one in known) if companions else (),
        )
        for name in sorted(known - companions)
    }  # fmt: skip


_ENDINGS = (TEXT, METADATA)


def _companions(known: Collection[str]) -> set[str]:
    """Return the names that belong to another one."""
    candidates = [name for name in known if may_be_companion(name)]
    if not candidates:
        return set()
    lowest: dict[str, int] = {}
    for name in known:
        for stem in _stems(name):
            lowest[stem] = min(_rank(name), lowest.get(stem, _rank(name)))
    return {
        name for name in candidates if lowest.get(name.removesuffix(_ending(name)), 9) < _rank(name)
    }


def _rank(name: str) -> int:
    """Return 0 for what may be an asset beside others, more for what may belong to one."""
    return 2 if name.endswith(METADATA) else 1 if name.endswith(TEXT) else 0


def _ending(name: str) -> str:
    return METADATA if name.endswith(METADATA) else TEXT


def _stems(name: str) -> tuple[str, ...]:
    """Return what the names of companions begin with: the name, and the name without its suffix."""
    stem = name.rpartition(".")[0]
    return (name, stem) if stem else (name,)
