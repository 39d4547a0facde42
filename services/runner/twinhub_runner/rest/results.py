"""What is left of runs: results, where they come from, and having the same again."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import FileResponse, StreamingResponse
from twinhub_api.runner.results import Artefacts, Provenance
from twinhub_api.runner.runs import Submitted
from twinhub_kit.callers import KnownCaller  # noqa: TC002 - read by FastAPI

from twinhub_runner.errors import NoArtefactError, NotReadyError
from twinhub_runner.rest.runs import After, Limit, TheRunner  # noqa: TC001 - read by FastAPI
from twinhub_runner.results.crate import stream_crate
from twinhub_runner.results.keeping import read_results
from twinhub_runner.results.provenance import tell_provenance
from twinhub_runner.results.rerunning import rerun

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
    run_id: str, path: str, runner: TheRunner, caller: KnownCaller
) -> FileResponse:
    """Return a declared output of a run; its `ETag` is the digest."""
    kept = read_results(runner.places.of(runner.find(caller, run_id)).folder)
    artefact = kept.find(path)
    if artefact is None:
        raise NoArtefactError(f"The run {run_id} has no result of this path.")
    headers = {**_OF_A_STRANGER, "ETag": f'"{artefact.sha256}"'}
    return FileResponse(
        kept.folder / artefact.path, filename=artefact.path.rpartition("/")[2],
        media_type="application/octet-stream", headers=headers,
    )  # fmt: skip


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
