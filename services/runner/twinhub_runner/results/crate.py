"""A run as a Research Object Crate: its results with where they come from, in one archive.

Metadata as RO-Crate 1.1 (https://w3id.org/ro/crate/1.1) with the Process Run Crate profile 0.5
(https://w3id.org/ro/wfrun/process/0.5).
"""

from __future__ import annotations

import json
import re
import zipfile
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from twinhub_api.runner.runs import Status
from twinhub_kit.files.zipping import Sink, pack_entry

from twinhub_runner.reading import parse_description

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_api.runner.results import Artefact, Pinned, Provenance

    from twinhub_runner.results.keeping import Kept

    Entity = dict[str, Any]

_CHUNK = 1 << 20
METADATA = "ro-crate-metadata.json"
_CRATE, _PROFILE = "https://w3id.org/ro/crate/1.1", "https://w3id.org/ro/wfrun/process/0.5"
_TERMS = {
    name: f"https://w3id.org/ro/terms/workflow-run#{name}" for name in ("sha256", "containerImage")
}
_SPDX = re.compile(r"[A-Za-z0-9.+-]+")
_NO_LICENCE = "The twin states none."
_STATUS = {
    Status.SUCCEEDED: "http://schema.org/CompletedActionStatus",
    Status.FAILED: "http://schema.org/FailedActionStatus",
    Status.STOPPED: "http://schema.org/FailedActionStatus",
    Status.LOST: "http://schema.org/FailedActionStatus",
}


def stream_crate(provenance: Provenance, kept: Kept) -> Iterator[bytes]:
    """Yield the archive while it is made.

    Raises:
        OSError: a result cannot be read.
    """
    sink = Sink()
    texts = {
        METADATA: json.dumps(make_metadata(provenance), indent=2),
        "provenance.json": provenance.model_dump_json(indent=2),
    }
    if provenance.description:
        texts["twin.yaml"] = provenance.description
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        for name, text in texts.items():
            archive.writestr(name, text)
        for one in kept.artefacts:
            with (kept.folder / one.path).open("rb") as file:
                about = zipfile.ZipInfo.from_file(file.name, f"results/{one.path}")
                about.compress_type = zipfile.ZIP_DEFLATED
                chunks = iter(partial(file.read, _CHUNK), b"")
                yield from pack_entry(archive, sink, about, chunks, one.size)
    yield sink.take()


def make_metadata(provenance: Provenance) -> Entity:
    """Return what the archive says of itself, as JSON-LD."""
    results = [_file(f"results/{one.path}", one) for one in provenance.artefacts]
    files = [*results, *_documents(provenance)]
    inputs = [_input(one) for one in provenance.inputs]
    values = list(_values(provenance))
    graph = [
        _descriptor(), _root(provenance, files), {"@id": _PROFILE, "@type": "CreativeWork"},
        _run(provenance, objects=[*inputs, *values], results=results), _twin(provenance),
        {"@id": "#user", "@type": "Person", "name": provenance.run.owner},
        *files, *inputs, *values,
    ]  # fmt: skip
    return {"@context": [f"{_CRATE}/context", _TERMS], "@graph": graph}


def _descriptor() -> Entity:
    return {
        "@id": METADATA, "@type": "CreativeWork", "conformsTo": {"@id": _CRATE},
        "about": {"@id": "./"},
    }  # fmt: skip


def _root(provenance: Provenance, files: list[Entity]) -> Entity:
    run = provenance.run
    ended = run.ended_at or run.created_at
    return {
        "@id": "./", "@type": "Dataset", "name": f"{run.phase} of {run.twin}",
        "description": f"The run {run.id} of the digital twin {run.twin}: {run.status}.",
        "datePublished": ended.isoformat(), "conformsTo": {"@id": _PROFILE},
        "license": _licence(provenance),
        "hasPart": _refer(files), "mentions": {"@id": "#run"},
    }  # fmt: skip


def _licence(provenance: Provenance) -> Entity | str:
    """Return the licence of the twin, by its address where it is one of SPDX."""
    if not provenance.description:
        return _NO_LICENCE
    licence = parse_description(provenance.description.encode(), "twin.yaml").licence
    if licence is None or not _SPDX.fullmatch(licence):
        return licence or _NO_LICENCE
    return {"@id": f"https://spdx.org/licenses/{licence}"}


def _run(provenance: Provenance, *, objects: list[Entity], results: list[Entity]) -> Entity:
    run = provenance.run
    made: Entity = {
        "@id": "#run", "@type": "CreateAction", "identifier": run.id,
        "name": f"{run.phase} of {run.twin}", "instrument": {"@id": "#twin"},
        "agent": {"@id": "#user"}, "object": _refer(objects), "result": _refer(results),
    }  # fmt: skip
    if run.started_at is not None:
        made["startTime"] = run.started_at.isoformat()
    if run.ended_at is not None:
        made["endTime"] = run.ended_at.isoformat()
    if run.status in _STATUS:
        made["actionStatus"] = {"@id": _STATUS[run.status]}
    if run.reason:
        made["error"] = run.reason
    if provenance.image:
        made["containerImage"] = provenance.image
    return made


def _twin(provenance: Provenance) -> Entity:
    twin = provenance.twin
    made: Entity = {
        "@id": "#twin", "@type": "SoftwareApplication", "name": provenance.run.twin,
        "identifier": provenance.run.twin,
    }  # fmt: skip
    return made if twin is None else {**made, "sha256": twin.digest}


def _documents(provenance: Provenance) -> Iterator[Entity]:
    yield {
        "@id": "provenance.json", "@type": "File", "encodingFormat": "application/json",
        "name": "All that TwinHub knows of the run",
    }  # fmt: skip
    if provenance.description:
        yield {
            "@id": "twin.yaml", "@type": "File", "encodingFormat": "application/yaml",
            "name": "The twin's description",
        }  # fmt: skip


def _values(provenance: Provenance) -> Iterator[Entity]:
    for name, value in provenance.run.parameters.items():
        yield {
            "@id": f"#parameter-{quote(name)}", "@type": "PropertyValue", "name": name,
            "value": value,
        }  # fmt: skip


def _input(pin: Pinned) -> Entity:
    return {
        "@id": f"#input-{quote(pin.path, safe='')}", "@type": "CreativeWork", "name": pin.path,
        "identifier": pin.path, "sha256": pin.digest,
    }  # fmt: skip


def _file(place: str, artefact: Artefact) -> Entity:
    return {
        "@id": quote(place), "@type": "File", "name": artefact.path,
        "contentSize": str(artefact.size), "sha256": artefact.sha256,
    }  # fmt: skip


def _refer(entities: list[Entity]) -> list[Entity]:
    return [{"@id": one["@id"]} for one in entities]
