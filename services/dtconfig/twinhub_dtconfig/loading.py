"""From ``twin.yaml`` to a twin, or to everything that is wrong with it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from twinhub_dtconfig.documents import Document, DocumentError, load_document, parse_document
from twinhub_dtconfig.explanations import Explainer
from twinhub_dtconfig.faults import START, Fault
from twinhub_dtconfig.fields import Tree, annotation_below, dotted, keys_of, sections_directly_in
from twinhub_dtconfig.finding import Finding
from twinhub_dtconfig.models.twin import Twin
from twinhub_dtconfig.rules import check_rules
from twinhub_dtconfig.shorthand import RENAMED, expand, find_nulls

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from twinhub_dtconfig.faults import Position, Severity
    from twinhub_dtconfig.nodes import Data, Key

FILE_NAME = "twin.yaml"
"""What the file is called in a twin's folder."""

TREE = Tree(Twin)
_MOST_FAULTS = 100
_MOST_FINDINGS = 120  # of a file that is made to be slow; nobody is shown as many


class TwinError(Exception):
    """A ``twin.yaml`` that cannot be used, with all its faults in order of position."""

    def __init__(self, faults: Iterable[Fault], document: Document | None = None) -> None:
        """Sort the faults; the text of the error is one line for each.

        ``document`` is what could be read all the same.
        """
        self.faults: tuple[Fault, ...] = _sorted(faults)
        self.document = document
        super().__init__("\n".join(map(str, self.faults)))


@dataclass(frozen=True, slots=True)
class LoadedTwin:
    """A twin, the document that it was read from, and what is doubtful about it."""

    twin: Twin
    document: Document
    warnings: tuple[Fault, ...] = field(default=())

    def position_of(self, path: Sequence[Key]) -> Position:
        """Return where a value of the twin begins; for one that is absent, its nearest parent."""
        return self.document.position_of(written(path, self.document))

    def locate(self, finding: Finding) -> Fault:
        """Return a finding as a fault of the file, which names the value and says where it is."""
        return _located(self.document, finding)


def load_twin(path: Path, *, is_link_refused: bool = False) -> LoadedTwin:
    """Return the twin in a file; nothing else is read.

    ``is_link_refused`` says whether the file has to be in its folder, as ``load_document`` has it.

    Raises:
        TwinError: the file cannot be used; holds every fault that can be found at once.
    """
    try:
        return _load(load_document(path, is_link_refused=is_link_refused))
    except DocumentError as error:
        raise _from_broken(error) from error


def parse_twin(content: bytes, file: str = FILE_NAME) -> LoadedTwin:
    """Return the twin in the bytes of a file, which faults call by the given name.

    Raises:
        TwinError: the content cannot be used.
    """
    try:
        return _load(parse_document(content, file))
    except DocumentError as error:
        raise _from_broken(error) from error


def written(path: Sequence[Key], document: Document) -> tuple[Key, ...]:
    """Return where the value at a path of the twin is in the document, as it was written.

    A phase may have its older name, and a short form stands where its section would.
    """
    place: list[Key] = []
    value = document.data
    annotation: Any = Twin
    for at, key in enumerate(path):
        section = next(sections_directly_in(annotation), None)
        if section is not None and key == section.SHORT and not isinstance(value, dict | None):
            annotation = keys_of(section)[section.SHORT].annotation
            continue
        name = _old_name(str(key), value) if tuple(path[:at]) == ("phases",) else key
        place.append(name)
        annotation = annotation_below(annotation, key)
        value = _child(value, name)
    return tuple(place)


_EXPLAINER = Explainer(TREE, written)


def _old_name(name: str, phases: Data) -> str:
    """Return what the file calls a phase."""
    old = next((old for old, new in RENAMED.items() if new == name), name)
    return old if isinstance(phases, dict) and name not in phases and old in phases else name


def _child(value: Data, key: Key) -> Data:
    if isinstance(value, dict) and isinstance(key, str):
        return value.get(key)
    if isinstance(value, list) and isinstance(key, int):
        return value[key] if key < len(value) else None
    return None


def _from_broken(error: DocumentError) -> TwinError:
    """Return all faults of a document that broke a rule of YAML, with those of the language."""
    faults = list(error.faults)
    if error.document is not None:
        try:
            _load(error.document)
        except TwinError as further:
            faults += further.faults
    return TwinError(faults, error.document)


def _load(document: Document) -> LoadedTwin:
    if document.data is None:
        what = "the file is empty"
        remedy = "begin with the keys `format: 1`, `name:` and `phases:`"
        raise TwinError([Fault(document.file, *START, what, remedy)], document)
    faults = list(_faults_of_data(document))
    data = _renamed(expand(document.data, Twin))
    try:
        twin = Twin.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        nulls = set(find_nulls(document.data))
        faults += _EXPLAINER.explain_errors(error, document, nulls)
        raise TwinError(faults, document) from error
    findings = [_located(document, finding) for finding in _first(check_rules(twin))]
    faults += [fault for fault in findings if fault.severity == "error"]
    if faults:
        warnings = [fault for fault in findings if fault.severity == "warning"]
        raise TwinError([*faults, *warnings], document)
    return LoadedTwin(twin, document, _sorted(findings))


def _first(findings: Iterator[Finding]) -> Iterator[Finding]:
    """Yield findings until there are more errors than anybody is shown, and few warnings.

    Warnings do not end it, since an error may follow.
    """
    errors = warnings = 0
    for finding in findings:
        if finding.is_warning:
            warnings += 1
            if warnings <= _MOST_FINDINGS:
                yield finding
        else:
            errors += 1
            yield finding
        if errors == _MOST_FINDINGS:
            return


def _faults_of_data(document: Document) -> Iterator[Fault]:
    for path in find_nulls(document.data):
        what = f"{dotted(path)} has no value"
        yield _fault(document, Finding(path, what, "give it one, or remove it", is_key=True))
    data = document.data
    phases = data.get("phases") if isinstance(data, dict) else None
    for old, new in RENAMED.items():
        if isinstance(phases, dict) and old in phases and new in phases:
            what = f"phases.{old} is another spelling of phases.{new}, which is given too"
            yield _fault(document, Finding(("phases", old), what, "keep one", is_key=True))


def _renamed(data: Data) -> Data:
    if not isinstance(data, dict) or not isinstance(phases := data.get("phases"), dict):
        return data
    return {**data, "phases": {_new_name(name, phases): value for name, value in phases.items()}}


def _new_name(name: str, phases: dict[str, Data]) -> str:
    new = RENAMED.get(name, name)
    return name if new in phases else new


def _located(document: Document, finding: Finding) -> Fault:
    """Return the fault of a finding, which names its value as the file writes it."""
    name = dotted(written(finding.path, document))
    return _fault(document, replace(finding, what=f"{name}: {finding.what}"))


def _fault(document: Document, finding: Finding) -> Fault:
    place = written(finding.path, document)
    position = document.key_position_of(place) if finding.is_key else document.position_of(place)
    severity: Severity = "warning" if finding.is_warning else "error"
    return Fault(document.file, *position, finding.what, finding.remedy, finding.nearest, severity)


def _sorted(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Return faults by position, once each, at most a hundred, errors before warnings."""
    unique = dict.fromkeys(faults)
    first = sorted(unique, key=lambda fault: (fault.severity, fault.line, fault.column))
    return tuple(sorted(first[:_MOST_FAULTS], key=lambda fault: (fault.line, fault.column)))
