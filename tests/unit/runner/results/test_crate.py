"""A run as an RO-Crate: what is in it, and that each file in it is described."""

from __future__ import annotations

import io
import json
import random
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from twinhub_api.runner.results import Pinned, Provenance
from twinhub_api.runner.runs import Run, Status, Target
from twinhub_runner.results.crate import METADATA, make_metadata, stream_crate
from twinhub_runner.results.keeping import keep_results

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)
TWIN = "format: 1\nname: tank\n{licence}phases: {{execute: ./run}}\n"


def make_provenance(**changed: Any) -> Provenance:  # noqa: ANN401 - columns of any kind
    """Return where a run comes from that has ended well."""
    run = Run(
        id="0abc", twin="alice/digital_twins/tank", phase="execute", owner="alice",
        status=Status.SUCCEEDED, target=Target.RUN, parameters={"power": 3}, created_at=NOW,
        started_at=NOW, ended_at=NOW,
    )  # fmt: skip
    told: dict[str, Any] = {
        "run": run, "is_live": False, "configuration": {}, "description": TWIN.format(licence=""),
        "twin": Pinned(path="alice/digital_twins/tank", digest="a" * 64),
        "inputs": (Pinned(path="common/data/profile@1.0.0", digest="b" * 64),),
    }  # fmt: skip
    return Provenance(**told | changed)


def entities(provenance: Provenance) -> dict[str, dict[str, Any]]:
    """Return what a crate's metadata describes, by name."""
    return {one["@id"]: one for one in make_metadata(provenance)["@graph"]}


@pytest.mark.parametrize("name", ["a b ü.csv", "c#d%20.csv", "deep/e.csv"])
def test_every_file_of_an_archive_is_described_whatever_its_name(name: str, tmp_path: Path) -> None:
    file = tmp_path / "twin" / name
    file.parent.mkdir(parents=True)
    file.write_text("1\n")
    kept = keep_results(tmp_path / "twin", ["**"], tmp_path / "run")
    archive = b"".join(stream_crate(make_provenance(artefacts=kept.artefacts), kept))
    names = set(zipfile.ZipFile(io.BytesIO(archive)).namelist())
    described = entities(make_provenance(artefacts=kept.artefacts))
    parts = {unquote(one["@id"]) for one in described["./"]["hasPart"]}
    assert names == {*parts, METADATA}


def test_large_result_goes_out_piece_by_piece_and_comes_back_whole(tmp_path: Path) -> None:
    content = random.Random(7).randbytes(12 << 20)  # noqa: S311 - the same each time
    (tmp_path / "twin").mkdir()
    (tmp_path / "twin" / "large.bin").write_bytes(content)
    kept = keep_results(tmp_path / "twin", ["**"], tmp_path / "run")
    pieces = list(stream_crate(make_provenance(artefacts=kept.artefacts), kept))
    assert max(map(len, pieces)) < 3 << 20
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        assert archive.testzip() is None
        assert archive.read("results/large.bin") == content


def test_whatever_an_entity_refers_to_is_described() -> None:
    described = entities(make_provenance())
    run = described["#run"]
    referred = [run["instrument"], run["agent"], *run["object"], *run["result"]]
    assert {one["@id"] for one in referred} <= set(described)
    assert described["#parameter-power"]["value"] == 3
    json.dumps(described)


@pytest.mark.parametrize(
    ("licence", "shown"),
    [
        ("licence: BSD-3-Clause\n", {"@id": "https://spdx.org/licenses/BSD-3-Clause"}),
        ("licence: My own terms\n", "My own terms"),
        ("", "The twin states none."),
    ],
)
def test_licence_is_that_of_the_twin(licence: str, shown: object) -> None:
    provenance = make_provenance(description=TWIN.format(licence=licence))
    assert entities(provenance)["./"]["license"] == shown


def test_run_in_place_has_no_description_and_no_digest() -> None:
    described = entities(make_provenance(is_live=True, twin=None, inputs=(), description=""))
    assert "sha256" not in described["#twin"]
    assert "twin.yaml" not in described
