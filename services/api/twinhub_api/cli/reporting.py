"""Faults as people read them, with the line of the file and a caret, and as programs read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_api.cli.terminal import safe, width_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from twinhub_dtconfig.faults import Fault

    from twinhub_api.cli.terminal import Terminal


_SHOWN_WIDTH = 100
_SHOWN_BEFORE = 60


def render_fault(fault: Fault, source: str, terminal: Terminal) -> str:
    """Return a fault with its line of the file, if there is one, and a caret below its column."""
    place = f"{fault.file}:{fault.line}:{fault.column}:"
    rest = str(fault).removeprefix(place).lstrip()
    is_warning = fault.severity == "warning"
    kind = terminal.paint(f"{fault.severity}:", "yellow" if is_warning else "red", "bold")
    head = f"{terminal.paint(safe(place), 'bold')} {kind} {safe(rest.removeprefix('warning: '))}"
    if not source.strip():
        return head
    shown, before = _window(source, fault.column)
    number = f"{fault.line:>5} | "
    indent = "".join("\t" if one == "\t" else " " * width_of(one) for one in before)
    caret = terminal.paint("^", "yellow" if is_warning else "red", "bold")
    gutter = terminal.paint(f"{'':>5} | ", "dim")
    return f"{head}\n{terminal.paint(number, 'dim')}{shown}\n{gutter}{indent}{caret}"


def render_faults(
    faults: Iterable[Fault], line_of: Callable[[Fault], str], terminal: Terminal
) -> str:
    """Return faults one after the other."""
    return "\n".join(render_fault(fault, line_of(fault), terminal) for fault in faults)


def count_faults(faults: Sequence[Fault]) -> tuple[int, int]:
    """Return how many errors and how many warnings there are."""
    errors = sum(fault.severity == "error" for fault in faults)
    return errors, len(faults) - errors


def counted(number: int, word: str) -> str:
    """Return a number with its word, as in ``2 warnings``."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def fault_data(fault: Fault, source: str) -> dict[str, str | int | None]:
    """Return a fault for programs."""
    return {
        "file": fault.file,
        "line": fault.line,
        "column": fault.column,
        "severity": fault.severity,
        "what": fault.what,
        "remedy": fault.remedy,
        "nearest": fault.nearest,
        "source": source,
    }


def _window(source: str, column: int) -> tuple[str, str]:
    """Return the part of a line around a column, and what of it is before the column."""
    at = column - 1
    start = at - _SHOWN_BEFORE if at > _SHOWN_WIDTH - 1 else 0
    cut = safe(source[start : start + _SHOWN_WIDTH])
    lead = "…" if start else ""
    tail = "…" if len(source) > start + _SHOWN_WIDTH else ""
    return f"{lead}{cut}{tail}", f"{lead}{safe(source[start:at])}"
