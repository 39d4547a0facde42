"""Documents as an index keeps them to be shown: JSON in UTF-8, the text by itself."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime

from twinhub_library.index.base import Document

_FIELDS = tuple(one.name for one in dataclasses.fields(Document) if one.name != "text")


def without_text(document: Document) -> Document:
    """Return the document as a hit has it."""
    return dataclasses.replace(document, text="") if document.text else document


def dump_document(document: Document) -> bytes:
    """Return a document without its text."""
    content = {name: getattr(document, name) for name in _FIELDS}
    content["changed_at"] = document.changed_at.timestamp()
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def load_document(content: bytes) -> Document:
    """Return what `dump_document` was given, without its text.

    Raises:
        ValueError: it is nothing of that.
    """
    fields = json.loads(content)
    try:
        fields["changed_at"] = datetime.fromtimestamp(fields["changed_at"], UTC)
        fields["keywords"] = tuple(fields["keywords"])
        fields["requires"] = tuple(fields["requires"])
        return Document(**fields)
    except (KeyError, TypeError) as error:
        raise ValueError("no document") from error
