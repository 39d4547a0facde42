"""Title and summary from README.md and description.md."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_dtconfig.inference.guesses import Findings
    from twinhub_dtconfig.inference.reading import TwinFolder

_LONGEST_TITLE = 100
_LONGEST_SUMMARY = 500
_MOST_TEXT = 3_000
_HEADING = re.compile(r" {0,3}#{1,6}\s+(?P<title>.+?)\s*#*\s*")
_FENCE = re.compile(r"\s*(```|~~~)")
_IMAGE = re.compile(r"!\[[^\]]{0,300}\]\([^)]{0,500}\)")
_LINK = re.compile(r"\[(?P<text>[^\]]{0,300})\]\([^)]{0,500}\)")
_MARKUP = re.compile(r"<[^<>]{0,200}>|:[a-z_]+:|[\x00-\x1f\x7f-\x9f]")
_EMPHASIS = re.compile(r"[*`]+")


def guess_prose(folder: TwinFolder, findings: Findings) -> None:
    """Guess the title from a heading of the README, the summary from the first paragraph."""
    names = {path.lower(): path for path in folder.below("")}
    readme, description = names.get("readme.md"), names.get("description.md")
    readme_text = (folder.text(readme) if readme else None) or ""
    title = find_title(readme_text)
    if readme and title:
        findings.put(("title",), title, f"the first heading of {readme}", "certain")
    for file in (description, readme):
        summary = find_summary((folder.text(file) if file else None) or "")
        if file and summary:
            findings.put(("summary",), summary, f"the first paragraph of {file}", "likely")


def find_title(text: str) -> str | None:
    """Return the first heading of a Markdown text without its markup."""
    for paragraph in _paragraphs(text):
        heading = _HEADING.fullmatch(paragraph[0])
        is_underlined = len(paragraph) > 1 and re.fullmatch(r"=+\s*", paragraph[1])
        title = heading["title"] if heading else paragraph[0] if is_underlined else ""
        if _plain(title):
            return _cut(_plain(title), _LONGEST_TITLE)
    return None


def find_summary(text: str) -> str | None:
    """Return the first paragraph of a Markdown text that is prose, without its markup."""
    for paragraph in _paragraphs(text):
        if _HEADING.fullmatch(paragraph[0]):
            paragraph.pop(0)
        is_prose = bool(paragraph) and not re.match(r"\s*([|>\-*+=]|\d+\.)", paragraph[0])
        is_title = len(paragraph) > 1 and re.fullmatch(r"[=-]+\s*", paragraph[1])
        plain = _plain(" ".join(paragraph)) if is_prose and not is_title else ""
        if plain:
            return _cut(plain, _LONGEST_SUMMARY)
    return None


def _paragraphs(text: str) -> Iterator[list[str]]:
    """Yield the lines of each paragraph; what stands in fences is none."""
    paragraph: list[str] = []
    is_code = False
    for line in text.splitlines():
        is_fence = bool(_FENCE.match(line))
        is_code = is_code != is_fence
        if line.strip() and not is_code and not is_fence:
            paragraph.append(line)
        elif paragraph:
            yield paragraph
            paragraph = []
    if paragraph:
        yield paragraph


def _plain(text: str) -> str:
    text = text[:_MOST_TEXT]
    text = _LINK.sub(r"\g<text>", _IMAGE.sub("", text))
    return " ".join(_MARKUP.sub(" ", _EMPHASIS.sub("", text)).split())


def _cut(text: str, length: int) -> str:
    if len(text) <= length:
        return text
    return f"{text[: length - 1].rpartition(' ')[0] or text[: length - 1]}…"
