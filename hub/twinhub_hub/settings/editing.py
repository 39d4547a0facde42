"""Changing single values of a ``twinhub.yaml`` that somebody wrote, with its comments kept."""

from __future__ import annotations

from twinhub_dtconfig import editing
from twinhub_dtconfig.documents import DocumentError


def set_value(text: str, section: str, key: str, value: str) -> str:
    """Return the text of a file with ``section.key`` set to a value; nothing else changes.

    Raises:
        ValueError: the file has a form in which this cannot be done.
    """
    try:
        return editing.set_value(text, (section, key), value, file="twinhub.yaml")
    except DocumentError as error:
        raise ValueError(str(error)) from error
