"""Documents in any format that YAML allows, with the place of every value known as it is written.

The writer marks each value with characters of the private area; taking them out gives the text and,
independently of the code under test, the characters that belong to each value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

    from twinhub_dtconfig.documents import Data, Key

_PRIVATE = 0xE000
WORDS = (
    "a",
    "no",
    "it's",
    'say "x"',
    "a b c",
    "x: y",
    "# no",
    "1e3",
    "007",
    "é😀",
    "- z",
    "{",
    "*q",
)
KEYS = ("alpha", "b", "1883", "x y", "no", "it's", "a: b", "ключ", "k-1", "<<")
NUMBERS = (0, -7, 1.5, 12000, 1e300)
TEXTS = ("one\ntwo\n", "one\n\n  two\nthree", "  led\nby blanks\n", "end\n\n", "\n")

BETWEEN = ("", "", "", "\n", "# alone\n", "     # far\n\n")
"""What may stand between the lines of two entries."""

Path = tuple["Key", ...]


@dataclass(frozen=True)
class Value:
    """Where a value stands, whether by itself on its lines, and whether aliases are involved."""

    start: int
    end: int
    form: str  # inline, literal, block, empty


@dataclass(frozen=True)
class Formatted:
    """A text, what it holds, and where."""

    text: str
    data: Data
    values: dict[Path, Value]
    shared: frozenset[Path]
    """Values that aliases repeat."""
    aliases: frozenset[Path]


SCALARS: st.SearchStrategy[Data] = (
    st.sampled_from(WORDS) | st.sampled_from(NUMBERS) | st.sampled_from(TEXTS) | st.booleans()
) | st.none()
LITERALS = {
    "one\ntwo\n": [("|", "one\ntwo"), (">", "one\n\ntwo"), ("|+", "one\ntwo")],
    "one\n\n  two\nthree": [("|-", "one\n\n  two\nthree")],
    "end\n\n": [("|+", "end\n")],
    "a b c": [("|-", "a b c"), (">-", "a\nb c")],
}
"""Texts as block scalars: the header, and the lines in it."""

PLAIN_SAFE = {"a", "no", "it's", "a b c", "é😀", "alpha", "b", "1883", "x y", "ключ", "k-1"}


class _Writer:
    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self._draw = draw
        self.values: list[tuple[Path, str]] = []
        self.anchors: dict[str, tuple[Path, Data]] = {}
        self.shared: set[Path] = set()
        self.aliases: set[Path] = set()
        self._open: set[str] = set()
        self._between_lines = BETWEEN

    def pick(self, *choices: Any) -> Any:  # noqa: ANN401  # one of what it is given
        return self._draw(st.sampled_from(choices))

    def _coin(self, sides: int) -> bool:
        """Return whether the one bad side of so many is not up."""
        return bool(self._draw(st.sampled_from(range(sides))))

    def value(self, depth: int, path: Path, indent: int, *, flow: bool) -> tuple[str, Data]:
        """Return the text of a value as it follows its colon or dash, and what it holds."""
        self._between_lines = BETWEEN
        kinds = ["scalar"] * 3 + (["flow"] if depth < 3 else [])
        kinds += ["block"] * 3 if depth < 3 and not flow else []
        kinds += ["alias"] if path and self.anchors.keys() - self._open else []
        kind = self.pick(*kinds)
        if kind == "alias":
            return self._alias(path)
        anchor = self._anchor(path)
        if kind == "block":
            text, data = self._block(depth, path, indent, anchor)
        elif kind == "flow":
            text, data = self._flow(depth, path, indent, anchor)
        else:
            data = self._draw(SCALARS)
            text = self._scalar(data, path, indent, anchor if not flow else f"{anchor} ")
        if anchor:
            self._open.discard(anchor)
            self.anchors[anchor] = (path, data)
        return text, data

    def _mark(self, path: Path, form: str) -> tuple[str, str]:
        self.values.append((path, form))
        first = _PRIVATE + 2 * (len(self.values) - 1)
        return chr(first), chr(first + 1)

    def _anchor(self, path: Path) -> str:
        if not path or self._coin(6):
            return ""
        name = f"x{len(self.anchors)}"
        self.anchors[name] = (path, None)
        self._open.add(name)
        return name

    def _alias(self, path: Path) -> tuple[str, Data]:
        name = self.pick(*sorted(self.anchors.keys() - self._open))
        target, data = self.anchors[name]
        self.shared.add(target)
        self.aliases.add(path)
        opened, closed = self._mark(path, "inline")
        return f" {opened}*{name}{closed} ", data

    def _comment(self) -> str:
        return str(self.pick("", "", " # note: 'x' - [", "  "))

    def _between(self) -> str:
        return str(self.pick(*self._between_lines))

    def _key(self, used: set[str]) -> tuple[str, str]:
        key = self.pick(*[key for key in KEYS if key not in used])
        used.add(key)
        forms = [f"'{key.replace(chr(39), chr(39) * 2)}'", f'"{key}"']
        forms += [key, key] if key in PLAIN_SAFE else []
        return key, self.pick(*forms) + self.pick("", "", " ")

    def _block(self, depth: int, path: Path, indent: int, anchor: str) -> tuple[str, Data]:
        """Return a collection on lines of its own, or one that begins behind a dash."""
        opened, closed = self._mark(path, "block")
        is_map = self._coin(3)
        is_item = bool(path) and isinstance(path[-1], int)
        if is_item and not anchor and self._coin(2):
            gap = self.pick(1, 1, 3)
            inner = indent + 1 + gap
            lines, data = self._lines(depth, path, inner, is_map=is_map)
            return f"{' ' * gap}{opened}{lines[inner:]}{closed}", data
        least = indent if not is_map and path and not is_item else indent + 1
        inner = least + self.pick(0, 1, 3) + (1 if least == indent + 1 and path else 0)
        head = f" {opened}&{anchor}" if anchor else ""
        head += self._comment() + "\n" + self._between()
        lines, data = self._lines(depth, path, inner, is_map=is_map)
        return f"{head}{' ' * inner}{'' if anchor else opened}{lines[inner:]}{closed}", data

    def _lines(self, depth: int, path: Path, inner: int, *, is_map: bool) -> tuple[str, Data]:
        text, margin = "", " " * inner
        items: list[Data] = []
        entries: dict[str, Data] = {}
        used: set[str] = set()
        count = self.pick(1, 2, 3)
        for index in range(count):
            if is_map:
                key, lead = self._key(used)
                is_explicit = not self._coin(8)
                lead = f"? {lead}\n{margin}:" if is_explicit else f"{lead}:"
                shown, entries[key] = self.value(depth + 1, (*path, key), inner, flow=False)
            else:
                lead = "-"
                shown, item = self.value(depth + 1, (*path, index), inner, flow=False)
                items.append(item)
            text += f"{margin}{lead}{shown}\n" + (self._between() if index < count - 1 else "")
        return text.removesuffix("\n"), entries if is_map else items

    def _flow(self, depth: int, path: Path, indent: int, anchor: str) -> tuple[str, Data]:
        opened, closed = self._mark(path, "inline")
        margin = " " * (indent + 2)
        gap = self.pick("", " ", f"\n{margin}", f" # in: it\n{margin} ")
        comma = self.pick(", ", f",\n{margin}", f" , # c\n{margin}")
        count = self.pick(0, 1, 2, 3)
        is_map = self._coin(2)
        items: list[Data] = []
        entries: dict[str, Data] = {}
        used: set[str] = set()
        parts: list[str] = []
        for index in range(count):
            if is_map:
                key, lead = self._key(used)
                shown, entries[key] = self.value(depth + 1, (*path, key), indent + 1, flow=True)
                parts.append(f"{lead}:{shown}")
            else:
                shown, item = self.value(depth + 1, (*path, index), indent + 1, flow=True)
                items.append(item)
                parts.append(shown.removeprefix(" "))
        brackets = "{}" if is_map else "[]"
        end = self.pick("", "", ",") if parts else ""
        inner = f"{gap}{comma.join(parts)}{end}{gap}"
        mark = f"&{anchor} " if anchor else ""
        text = f" {opened}{mark}{brackets[0]}{inner}{brackets[1]}{closed}"
        return text, entries if is_map else items

    def _scalar(self, data: Data, path: Path, indent: int, anchor: str) -> str:
        flow = anchor.endswith(" ")
        anchor = f"&{anchor.strip()} " if anchor.strip() else ""
        is_text = isinstance(data, str) and not flow
        if is_text and str(data) in LITERALS and self._coin(3):
            return self._literal(str(data), path, indent, anchor)
        word = self._word(data, indent, may_be_empty=not flow or isinstance(path[-1], str))
        opened, closed = self._mark(path, "inline" if word or anchor else "empty")
        comment = "" if flow else self._comment()
        return f" {opened}{anchor}{word}{closed}{comment}"

    def _word(self, data: Data, indent: int, *, may_be_empty: bool) -> str:
        if data is None:
            return str(self.pick("~", "null", *([""] if may_be_empty else [])))
        if isinstance(data, bool):
            return str(self.pick(*(["true", "True"] if data else ["false", "FALSE"])))
        if not isinstance(data, str):
            return str(self.pick(repr(data), f"!!{type(data).__name__} '{data!r}'"))
        escaped = data.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        forms = [f'"{escaped}"', f'!!str "{escaped}"']
        if "\n" not in data:
            forms.append(f"'{data.replace(chr(39), chr(39) * 2)}'")
        if data in PLAIN_SAFE:
            forms += [data, data]
        if data == "a b c":
            margin = " " * (indent + 2)
            forms += [f"a\n{margin}b\n{margin}c", f"'a b\n{margin}c'", f'"a\n{margin}b c"']
        return str(self.pick(*forms))

    def _literal(self, text: str, path: Path, indent: int, anchor: str) -> str:
        opened, closed = self._mark(path, "literal")
        margin = " " * (max(indent, 0) + self.pick(1, 2, 4))
        head, body = self.pick(*LITERALS[text])
        is_kept = "+" in head  # then blank lines belong to it, as indented comments always do
        self._between_lines = ("", "# alone\n", *(() if is_kept else ("\n",)))
        head += "" if is_kept else self.pick("", " # head")
        lines = "".join(f"\n{margin}{line}" if line else "\n" for line in body.split("\n"))
        tail = "" if is_kept else self.pick("", "", "\n")
        return f" {opened}{anchor}{head}{lines}{closed}{tail}"


@st.composite
def formatted(draw: Callable[[st.SearchStrategy[Any]], Any]) -> Formatted:
    """Return a document in some format."""
    writer = _Writer(draw)
    marked, data = writer.value(0, (), -1, flow=False)
    if writer.values[0][1] != "block":
        marked = marked.lstrip(" ")
    lead = writer.pick("", "# first\n\n", "---\n", "%YAML 1.1\n---\n", "--- # it\n")
    has_literal = any(form == "literal" for _, form in writer.values)
    has_literal |= writer.values[0][1] == "empty"
    end = "\n" if has_literal else writer.pick("\n", "\n", "\n# last\n", "\n...\n", "")
    newline = writer.pick("\n", "\n", "\r\n", "\r")
    return _measured(writer, (lead + marked + end).replace("\n", newline), data)


def _measured(writer: _Writer, marked: str, data: Data) -> Formatted:
    text = ""
    starts: dict[int, int] = {}
    values: dict[Path, Value] = {}
    for character in marked:
        number = ord(character) - _PRIVATE
        if not 0 <= number < 2 * len(writer.values):
            text += character
        elif number % 2 == 0:
            starts[number // 2] = len(text)
        else:
            path, form = writer.values[number // 2]
            values[path] = Value(starts[number // 2], len(text), form)
    return Formatted(text, data, values, frozenset(writer.shared), frozenset(writer.aliases))
