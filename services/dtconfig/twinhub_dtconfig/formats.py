"""Formats of ``twin.yaml`` that are not the one of this package."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from twinhub_dtconfig.faults import Fault
from twinhub_dtconfig.models.twin import FORMAT

if TYPE_CHECKING:
    from twinhub_dtconfig.documents import Document


def other_format(document: Document, known: int = FORMAT) -> Fault | None:
    """Return the fault of a document in another format, which is its only one; else None."""
    found = document.data.get("format") if isinstance(document.data, dict) else None
    if not isinstance(found, int) or isinstance(found, bool) or found == known or found < 0:
        return None
    if found > known:
        return newer_format(document, known)
    position = document.position_of(("format",))
    return Fault(document.file, *position, f"format {found} is old", "run: twin migrate")


def newer_format(document: Document, newest: int) -> Fault:
    """Return the fault of a document whose format is newer than what is known here."""
    found = document.data.get("format") if isinstance(document.data, dict) else None
    here = version("twinhub-dtconfig")
    what = f"format {found} is newer than TwinHub {here}, which knows up to {newest}"
    remedy = f"use the TwinHub that brought format {found}; its changelog says which"
    return Fault(document.file, *document.position_of(("format",)), what, remedy)
