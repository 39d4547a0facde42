"""What the library has answered, as people read it: tables, sizes, outcomes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from twinhub_api.cli.terminal import safe, width_of
from twinhub_api.library.usage import UsagePage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinhub_api.cli.terminal import Colour, Terminal
    from twinhub_api.client.places import Places
    from twinhub_api.library.assets import AssetDetails
    from twinhub_api.library.imports import UpdateReport
    from twinhub_api.library.search import AssetHit, SearchPage
    from twinhub_api.library.usage import AssetUsagePage

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_STEP = 1024
_LEAST_OF_TEXT = 20
_MOST_OF_SUMMARY = 80
_COLOURS: dict[str, Colour] = {"conflict": "red", "merged": "green", "kept": "yellow"}


def size_of(number: int) -> str:
    """Return bytes in words, such as ``1.5 MiB``."""
    size = float(number)
    for unit in _UNITS:
        if size < _STEP or unit == _UNITS[-1]:
            break
        size /= _STEP
    return f"{number} B" if unit == "B" else f"{size:.1f} {unit}"


def count_of(number: int, what: str) -> str:
    """Return how many, such as ``1 file`` or ``2 files``."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def render_rows(
    rows: Sequence[Sequence[str]], terminal: Terminal, *, has_text: bool = False
) -> str:
    """Return rows as columns, the first one bold; nothing in them steers a terminal.

    With ``has_text`` the last column is for reading alone: it is cut at the terminal's width.
    """
    cells = [[safe(cell) for cell in row] for row in rows]
    widths = [max(map(width_of, column)) for column in zip(*cells, strict=True)]
    if has_text and terminal.width:
        room = max(_LEAST_OF_TEXT, terminal.width - sum(widths[:-1]) - 2 * (len(widths) - 1))
        cells = [[*row[:-1], _cut(row[-1], room)] for row in cells]
        widths[-1] = min(widths[-1], room)
    lines = []
    for row in cells:
        parts = [
            cell + " " * (width - width_of(cell)) for cell, width in zip(row, widths, strict=True)
        ]
        lines.append("  ".join([terminal.paint(parts[0], "bold"), *parts[1:]]).rstrip())
    return "\n".join(lines)


def _cut(text: str, room: int) -> str:
    """Return a text, or as much of its beginning as has room."""
    if width_of(text) <= room:
        return text
    while width_of(text) > room - 1:
        text = text[:-1]
    return f"{text.rstrip()}…"


def print_found(page: SearchPage, places: Places, terminal: Terminal) -> None:
    """Print what a search has found, a line each."""
    if not page.hits:
        hints = ", ".join(map(safe, page.suggestions))
        other = f"did you mean {hints}?" if hints else "an asset has to have all the words."
        print(f"Nothing was found; {other}")
    else:
        rows = [(places.shown(hit.path), hit.version, _summary(hit)) for hit in page.hits]
        print(render_rows(rows, terminal, has_text=True))
    if page.count > len(page.hits):
        print(f"and {page.count - len(page.hits)} more: add words, or a larger --limit")
    if not page.is_complete:
        print(f"The index is being built ({page.progress:.0%}): there may be more.")


def _summary(hit: AssetHit) -> str:
    text = " ".join((hit.summary or hit.title or hit.snippet.text).split())
    if hit.is_deprecated:
        text = f"[deprecated: {_deprecation(hit)}] {text}"
    if hit.is_withdrawn:
        text = f"[withdrawn: {_withdrawal(hit)}] {text}"
    return text if len(text) <= _MOST_OF_SUMMARY else f"{text[: _MOST_OF_SUMMARY - 1]}…"


def _withdrawal(asset: AssetHit | AssetDetails) -> str:
    return asset.withdrawn_why or "its publisher gave no reason"


def _deprecation(asset: AssetHit | AssetDetails) -> str:
    instead = f"use {asset.successor}" if asset.successor else ""
    return "; ".join(filter(None, (asset.deprecated_why, instead)))


def print_details(details: AssetDetails, places: Places, terminal: Terminal) -> None:
    """Print everything about an asset."""
    requires = [
        f"{one.reference}{'' if one.is_found else f' (missing: {one.problem})'}"
        for one in details.requires
    ]
    rows = {
        "asset": places.shown(details.path),
        "title": details.title,
        "summary": details.summary,
        "kind": details.kind,
        "version": details.version or "",
        "versions": ", ".join(details.versions),
        "deprecated": _deprecation(details) if details.is_deprecated else "",
        "withdrawn": _withdrawal(details) if details.is_withdrawn else "",
        "licence": details.licence,
        "authors": ", ".join(details.authors),
        "keywords": ", ".join(details.keywords),
        "requires": "\n".join(requires),
        "files": ", ".join(details.companions),
        "changed": f"{details.changed_at:%Y-%m-%d %H:%M}",
        "faults": "\n".join(details.fault_texts),
    }
    shown = [(name, _safe_lines(text)) for name, text in rows.items() if text]
    print(terminal.table(shown))


def _safe_lines(text: str) -> str:
    return "\n".join(map(safe, text.splitlines()))


def render_outcomes(report: UpdateReport, places: Places, terminal: Terminal) -> str:
    """Return what became of each file that was not simply left, and a line for all."""
    lines = []
    for file in report.files:
        if file.outcome != "unchanged":
            colour = _COLOURS.get(file.outcome)
            word = terminal.paint(f"{file.outcome:>9}", *([colour] if colour else []))
            copy = f" (yours: {file.copy_path})" if file.copy_path else ""
            note = f": {file.note}" if file.note else ""
            lines.append(f"{word}  {safe(file.path)}{safe(copy)}{safe(note)}")
    counts = Counter(file.outcome for file in report.files)
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    start = "would be brought to" if report.dry_run else "is now"
    version = report.version or "the newest"
    lines.append(f"{safe(places.shown(report.path))} {start} {safe(version)}: {told or 'no files'}")
    return "\n".join(lines)


def print_usage(page: UsagePage | AssetUsagePage, places: Places, terminal: Terminal) -> None:
    """Print how much room areas take, or the assets of one."""
    if not isinstance(page, UsagePage):
        rows = [(places.shown(one.path), size_of(one.bytes), count_of(one.files, "file"))
                for one in page.items]  # fmt: skip
        print(render_rows(rows, terminal) if rows else "Nothing is in it.")
        return
    rows = [
        (one.area, size_of(one.bytes), f"of {size_of(one.limit)}" if one.limit else "no limit")
        for one in page.items
    ]
    if rows:
        print(render_rows(rows, terminal))
    print(f"{size_of(page.free)} are free on the disk")
