"""Brings the text of a ``twin.yaml`` to the newest format, step by step; comments stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_dtconfig.documents import DocumentError, parse_document
from twinhub_dtconfig.editing import set_value
from twinhub_dtconfig.faults import Fault
from twinhub_dtconfig.formats import newer_format
from twinhub_dtconfig.loading import FILE_NAME
from twinhub_dtconfig.models.twin import FORMAT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twinhub_dtconfig.documents import Document


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: from a format to the next.

    ``migrate`` takes a text and the name of its file, and returns the text in the next format but
    for the key ``format``. It may raise ``DocumentError`` with faults that say where it stopped.
    """

    before: int
    summary: str
    migrate: Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Migrated:
    """A text in the newest format, the format that it had, and what was done."""

    text: str
    before: int
    after: int
    done: tuple[str, ...]


class MigrationError(DocumentError):
    """A text whose format cannot be brought to the newest one, with the place that says so."""


def migrate_text(
    text: str,
    *,
    file: str = FILE_NAME,
    migrations: Sequence[Migration] = (),
    newest: int = FORMAT,
) -> Migrated:
    """Return the text in the newest format; one that has it already is returned as it is.

    Raises:
        MigrationError: the format is missing, is no number, or is one that is not known here.
        DocumentError: the text is no document, or a step cannot be done.
    """
    before = _format_of(parse_document(text.encode(), file), newest)
    done: list[str] = []
    steps = {migration.before: migration for migration in migrations}
    for number in range(before, newest):
        if number not in steps:
            raise _refusal(
                parse_document(text.encode(), file),
                f"format {number} is not known",
                _format(newest),
            )
        text = set_value(steps[number].migrate(text, file), ("format",), number + 1, file=file)
        done.append(f"format {number} to {number + 1}: {steps[number].summary}")
    return Migrated(text, before, newest, tuple(done))


def _format_of(document: Document, newest: int) -> int:
    data = document.data
    if not isinstance(data, dict):
        raise _refusal(document, "the file is no twin", "write `format: 1` and `name: ` in it")
    found = data.get("format")
    if "format" not in data:
        raise _refusal(document, "the file does not say its format", _format(newest))
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise _refusal(document, f"format must be a number, not {found!r}", _format(newest))
    if found > newest:
        raise MigrationError([newer_format(document, newest)], document)
    return found


def _format(newest: int) -> str:
    return f"write `format: {newest}`, and see what `twin validate` says"


def _refusal(document: Document, what: str, remedy: str) -> MigrationError:
    position = document.position_of(("format",))
    return MigrationError([Fault(document.file, *position, what, remedy)], document)
