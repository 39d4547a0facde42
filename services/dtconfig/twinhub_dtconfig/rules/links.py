"""Names that must be given elsewhere in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_dtconfig.faults import nearest_key
from twinhub_dtconfig.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from twinhub_dtconfig.nodes import Key


def link(
    path: tuple[Key, ...], name: str | None, known: Collection[str], section: str
) -> Iterator[Finding]:
    """Yield a finding if a name is given that a section does not have."""
    if name is None or name in known:
        return
    what = f"{name!r} is not among {section}"
    nearest = nearest_key(name, known)
    remedy = "" if nearest else _remedy(known, section)
    yield Finding(path, what, remedy, nearest)


def _remedy(known: Collection[str], section: str) -> str:
    if known:
        return f"there are {', '.join(sorted(known)[:10])}"
    return f"add it to {section}"
