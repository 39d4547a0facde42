"""What is left of runs: results, where they come from, and having the same again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse, StreamingResponse
from twinhub_api.runner.results import Artefacts, Preview, Provenance
from twinhub_api.runner.runs import Submitted
from twinhub_kit.callers import KnownCaller  # noqa: TC002 - read by FastAPI

from twinhub_runner.errors import NoArtefactError, NoPictureError, NotReadyError
from twinhub_runner.rest.runs import After, Limit, TheRunner  # noqa: TC001 - read by FastAPI
from twinhub_runner.results.crate import stream_crate
from twinhub_runner.results.keeping import read_results
from twinhub_runner.results.previewing import preview
from twinhub_runner.results.provenance import tell_provenance
from twinhub_runner.results.rerunning import rerun

if TYPE_CHECKING:
    from pathlib import Path

    from twinhub_api.runner.results import Artefact
    from twinhub_kit.callers import Caller

    from twinhub_runner.runner import Runner

router = APIRouter(tags=["results"])

_OF_A_STRANGER = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
}
"""What a twin has made is shown by nobody in TwinHub's own origin."""


@router.get("/api/runs/{run_id}/artefacts")
def list_artefacts(
    run_id: str, runner: TheRunner, caller: KnownCaller, limit: Limit = 100, after: After = 0
) -> Artefacts:
    """Return the declared outputs of a run, as they were when it ended."""
    kept = read_results(runner.places.of(runner.find(caller, run_id)).folder)
    items = kept.artefacts[after : after + limit]
    following = after + limit if len(kept.artefacts) > after + limit else None
    return Artefacts(items=items, missing=kept.missing, fault=kept.fault, next=following)


@router.get("/api/runs/{run_id}/artefacts/{path:path}", response_class=FileResponse)
def download_artefact(
    run_id: str, path: str, runner: TheRunner, caller: KnownCaller,
    *, shown: Annotated[bool, Query(description="A picture, for a browser to show.")] = False,
) -> FileResponse:  # fmt: skip
    """Return a declared output of a run; its `ETag` is the digest."""
    file, artefact = _find(runner, caller, run_id, path)
    media_type, way = "application/octet-stream", "attachment"
    if shown:
        picture = preview(file, artefact).picture
        if picture is None:
            raise NoPictureError(f"{path} is no picture that is shown: download it.")
        media_type, way = picture.media_type, "inline"
    headers = {**_OF_A_STRANGER, "ETag": f'"{artefact.sha256}"'}
    return FileResponse(
        file, filename=file.name, media_type=media_type, headers=headers,
        content_disposition_type=way,
    )  # fmt: skip


@router.get("/api/runs/{run_id}/previews/{path:path}")
def preview_artefact(run_id: str, path: str, runner: TheRunner, caller: KnownCaller) -> Preview:
    """Return the beginning of a declared output: text, JSON, rows of a table, or a picture's size.

    It is data: whoever shows it, shows text.
    """
    return preview(*_find(runner, caller, run_id, path))


def _find(runner: Runner, caller: Caller, run_id: str, path: str) -> tuple[Path, Artefact]:
    kept = read_results(runner.places.of(runner.find(caller, run_id)).folder)
    artefact = kept.find(path)
    if artefact is None:
        raise NoArtefactError(f"The run {run_id} has no result of this path.")
    return kept.folder / artefact.path, artefact


@router.get("/api/runs/{run_id}/provenance")
def get_provenance(run_id: str, runner: TheRunner, caller: KnownCaller) -> Provenance:
    """Return where a run comes from: configuration, inputs with digests, who and when."""
    row = runner.find(caller, run_id)
    return tell_provenance(runner.table, row, runner.places.of(row).folder)


@router.get("/api/runs/{run_id}/crate", response_class=StreamingResponse)
def download_crate(run_id: str, runner: TheRunner, caller: KnownCaller) -> StreamingResponse:
    """Return a run that has ended as an RO-Crate: a ZIP archive with its results and metadata."""
    row = runner.find(caller, run_id)
    if row.ended_at is None:
        raise NotReadyError(f"The run {run_id} has not ended: ask again when it has.")
    folder = runner.places.of(row).folder
    chunks = stream_crate(tell_provenance(runner.table, row, folder), read_results(folder))
    name = {"Content-Disposition": f'attachment; filename="{quote(run_id)}.zip"'}
    return StreamingResponse(
        chunks, media_type="application/zip", headers={**_OF_A_STRANGER, **name}
    )


@router.post("/api/runs/{run_id}/rerun", status_code=202)
def rerun_run(run_id: str, runner: TheRunner, caller: KnownCaller) -> Submitted:
    """Ask for the same again: the phases that led to the run, with the same inputs and values.

    What is not there any more as it was is refused, and named. A run in place has no inputs of its
    own: it is run again on what is there now.
    """
    return Submitted(runs=tuple(rerun(runner, caller, runner.find(caller, run_id))))
