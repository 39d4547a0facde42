"""Assets over HTTP: pages of them, and what is cheap to tell about one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.library.assets.test_catalogue import make, publish

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.testclient import TestClient


@pytest.fixture(name="alice")
def _alice(client_of: Callable[[str], TestClient]) -> TestClient:
    return client_of("alice")


def list_all(client: TestClient, **query: Any) -> list[str]:  # noqa: ANN401 - any query
    """Return the paths of all pages."""
    paths: list[str] = []
    after = ""
    while True:
        answer = client.get("/api/assets", params={**query, "after": after})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        paths += [one["path"] for one in page["assets"]]
        after = page["next"]
        if not after:
            return paths


def test_own_assets_come_first_then_those_of_teams_then_common_ones(
    client_of: Callable[[str], TestClient], library_root: Path
) -> None:
    make(library_root, "member/tools/z/x")
    assert list_all(client_of("member")) == [
        "member/tools/z", "teams/pumps/models/pump", "common/data/weather.csv",
    ]  # fmt: skip
    assert list_all(client_of("bob")) == ["bob/models/secret", "common/data/weather.csv"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("sort", ["path", "name"])
def test_pages_of_any_size_make_up_the_whole_list(
    alice: TestClient, library_root: Path, limit: int, sort: str
) -> None:
    make(library_root, *(f"alice/models/m{at}/x" for at in range(5)), "alice/data/weather.csv")
    make(library_root, "alice/examples/pump/models/m1/x", "alice/examples/pump/data/m2.csv")
    whole = list_all(alice, sort=sort)
    assert len(whole) == len(set(whole)) == 11
    assert list_all(alice, sort=sort, limit=limit) == whole
    if sort == "name":
        names = [path.rpartition("/")[2] for path in whole]
        assert names == sorted(names)


def test_filters_leave_an_area_a_kind_and_a_root(alice: TestClient, library_root: Path) -> None:
    make(library_root, "alice/examples/pump/models/m1/x")
    assert list_all(alice, area="common") == ["common/data/weather.csv"]
    assert list_all(alice, area="private", kind="data") == ["alice/data/levels.csv"]
    assert list_all(alice, kind=["data", "tools"], area="alice") == ["alice/data/levels.csv"]
    assert list_all(alice, root="alice/examples") == ["alice/examples/pump/models/m1"]
    assert list_all(alice, area="team") == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"area": "bob"}, 404), ({"area": "teams/pumps"}, 404), ({"root": "bob/models"}, 404),
        ({"kind": "modles"}, 422), ({"limit": 0}, 422), ({"limit": 1001}, 422),
        ({"after": "x"}, 400), ({"after": "WyJhIl0"}, 400), ({"after": "eyJhIjoxfQ"}, 400),
        ({"are": "common"}, 422), ({"area": "../bob"}, 400),
    ],
)  # fmt: skip
def test_what_is_not_the_callers_or_makes_no_sense_is_refused(
    alice: TestClient, query: dict[str, Any], status: int
) -> None:
    answer = alice.get("/api/assets", params=query)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_whoever_has_the_list_already_is_sent_nothing(
    alice: TestClient, library_root: Path
) -> None:
    first = alice.get("/api/assets")
    again = alice.get("/api/assets", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    make(library_root, "alice/tools/new/x")
    changed = alice.get("/api/assets", headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200


def test_details_tell_everything_that_is_cheap(alice: TestClient, library_root: Path) -> None:
    publish(library_root, "tools", "master", "1.0.0", "1.2.0", "2.0.0")
    (library_root / "alice/models/tank/asset.yaml").write_text(
        "title: Heated tank\nsummary: Warm.\nversion: 0.1.0\nlicence: MIT\nauthors: [Ada]\n"
        "keywords: [heat]\n"
        "requires: [common/tools/master@^1.0, common/tools/mastr, models/tank, "
        "teams/pumps/data/x]\n"
    )
    details = alice.get("/api/assets/alice/models/tank").json()
    requires = details.pop("requires")
    parts = {part["name"]: part["address"] for part in details.pop("parts")}
    assert details.pop("changed_at")
    assert details == {
        "path": "alice/models/tank", "area": "private", "label": "alice", "kind": "models",
        "name": "tank", "root": "alice", "version": None, "is_folder": True,
        "title": "Heated tank", "summary": "Warm.", "licence": "MIT", "keywords": ["heat"],
        "faults": 0, "is_deprecated": False, "deprecated_why": "", "successor": "",
            "is_withdrawn": False, "withdrawn_why": "",
        "authors": ["Ada"], "companions": [], "versions": [],
        "source": "asset.yaml", "fault_texts": [], "size": 0,
    }  # fmt: skip
    assert parts["readme"] == "/api/assets/alice/models/tank/-/readme"
    found = {one["reference"]: one for one in requires}
    assert found["common/tools/master@^1.0"] == {
        "reference": "common/tools/master@^1.0", "is_found": True,
        "path": "common/tools/master@1.2.0", "version": "1.2.0", "newest": "2.0.0",
        "is_outdated": True, "problem": "",
    }  # fmt: skip
    assert found["common/tools/mastr"]["problem"].endswith("Did you mean common/tools/master?")
    assert found["models/tank"]["is_found"]
    assert not found["teams/pumps/data/x"]["is_found"]


def test_a_published_asset_shows_its_versions(alice: TestClient, library_root: Path) -> None:
    publish(library_root, "models", "tank", "1.0.0", "1.10.0", "1.9.0")
    details = alice.get("/api/assets/common/models/tank").json()
    assert (details["version"], details["versions"]) == ("1.10.0", ["1.10.0", "1.9.0", "1.0.0"])
    old = alice.get("/api/assets/common/models/tank@1.0.0").json()
    assert (old["name"], old["version"]) == ("tank", "1.0.0")


@pytest.mark.parametrize(
    "path",
    ["bob/models/secret", "bob/models/absent", "teams/pumps/models/pump", "alice/models/absent",
     "alice/models", "alice", "alice/models/tank/README.md", "common/data/weather.csv/x"],
)  # fmt: skip
def test_what_is_somebody_elses_or_no_asset_is_not_there(alice: TestClient, path: str) -> None:
    answer = alice.get(f"/api/assets/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
