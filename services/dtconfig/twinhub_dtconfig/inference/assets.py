"""Assets that a twin uses, from the paths in its scripts and configuration."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_dtconfig.inference.guesses import alias

if TYPE_CHECKING:
    from twinhub_dtconfig.inference.guesses import Findings, Sureness
    from twinhub_dtconfig.inference.reading import TwinFolder
    from twinhub_dtconfig.inference.shell import Script
    from twinhub_dtconfig.nodes import Data

_KINDS = "data|models|functions|tools|digital_twins"
_ABSOLUTE = re.compile(
    rf"(?P<root>(?:/workspace|\$\{{?CI_PROJECT_DIR\}}?|\$\{{?TWINHUB_WORKSPACE\}}?)/(?:common/|examples/(?:common/)?)?"
    rf"|\$\{{?TWINHUB_COMMON\}}?/)"
    rf"(?P<kind>{_KINDS})/(?P<name>[A-Za-z0-9][\w.+-]{{0,98}})(?P<rest>/[\w./+-]*)?"
)
_RELATIVE = re.compile(
    rf"(?<![\w./])(?P<up>(?:\.\./){{2,4}})(?P<common>common/)?"
    rf"(?:(?P<kind>{_KINDS})/)?(?P<name>[A-Za-z0-9][\w.+-]{{0,98}})(?P<rest>/[\w./+-]*)?"
)
_WRITES = re.compile(r"mkdir|-output\b|--output\b|\btee\b|>\s*\S*$|\brm\b|\btouch\b")
_SCANNED = (".json", ".yml", ".yaml", ".conf", ".cfg", ".ini", ".toml", ".py", ".sh", ".mabl")
_MOST_ASSETS = 50


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a path stands, and whether what it names is written there."""

    text: str
    is_written: bool
    sure: Sureness


def guess_uses(scripts: list[Script], folder: TwinFolder, findings: Findings) -> None:
    """Guess the assets: every asset that a script or a configuration file names by its path."""
    found: dict[str, _Place] = {}
    prefix = "common/" if "common" in folder.root.absolute().parts[-3:-1] else ""
    for script in scripts:
        for line in script.lines:
            place = _Place(
                f"{script.path}:{line.number}", bool(_WRITES.search(line.text)), "certain"
            )
            _collect(line.text, place, prefix, found)
            _note_examples(line.text, script.path, line.number, findings)
    read = {script.path for script in scripts}
    for path in folder.files:
        if path.endswith(_SCANNED) and path not in read and path.count("/") <= 1:
            for number, text in enumerate((folder.text(path) or "").splitlines()[:2_000], start=1):
                _collect(text[:1_000], _Place(f"{path}:{number}", False, "likely"), prefix, found)  # noqa: FBT003
    own = f"{prefix}digital_twins/{folder.root.name}"
    for reference, place in list(found.items())[:_MOST_ASSETS]:
        if reference != own:
            _put(reference, place, findings)


def _put(reference: str, place: _Place, findings: Findings) -> None:
    stem = reference.rpartition("/")[2]
    name = alias(re.sub(r"\.(fmu|jar|csv|py|json|mat|xml|zip|exe|txt)$", "", stem))
    kind = reference.removeprefix("common/").partition("/")[0]
    free = [one for one in (name, f"{name}_{kind}") if findings.get("uses", one) is None]
    if not free:
        return
    why = f"{place.text} names its path"
    if kind == "digital_twins":
        findings.put(("uses", free[0]), {"twin": reference}, why, place.sure)
    elif place.is_written and kind == "data" and not reference.startswith("common/"):
        value: dict[str, Data] = {"asset": reference, "writable": True}
        findings.put(("uses", free[0]), value, f"{why} and seems to write there", "likely")
    else:
        findings.put(("uses", free[0]), reference, why, place.sure)


def _collect(text: str, place: _Place, prefix: str, found: dict[str, _Place]) -> None:
    for match in _ABSOLUTE.finditer(text):
        if "examples/" not in match["root"]:
            is_common = "common/" in match["root"] or "COMMON" in match["root"]
            _add(match, "common/" if is_common else "", place, found)
    for match in _RELATIVE.finditer(text):
        if match["kind"]:
            _add(match, "common/" if match["common"] else prefix, place, found)


def _add(match: re.Match[str], area: str, place: _Place, found: dict[str, _Place]) -> None:
    reference = f"{area}{match['kind']}/{match['name'].rstrip('.')}"
    known = found.get(reference)
    if known is None or (place.is_written and not known.is_written):
        found[reference] = place


def _note_examples(text: str, path: str, number: int, findings: Findings) -> None:
    match = _ABSOLUTE.search(text)
    if match and "examples/" in match["root"]:
        what = f"{match[0]} is below /workspace/examples, which is no place of assets"
        remedy = (
            f"move it to /workspace/{match['kind']}/{match['name']}, or keep it as a plain path"
        )
        findings.note(path, number, what, remedy)
