"""Names that must be given elsewhere in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

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


def check_address(path: tuple[Key, ...], url: str, remedy: str) -> Iterator[Finding]:
    """Yield a finding if an address holds a password, which everybody sees who sees the twin."""
    try:
        has_password = bool(urlsplit(url).password)
    except ValueError:  # brackets that do not match
        has_password = "@" in url
    if has_password:
        yield Finding(path, "the address holds a password", remedy)


def _remedy(known: Collection[str], section: str) -> str:
    if known:
        return f"there are {', '.join(sorted(known)[:10])}"
    return f"add it to {section}"
