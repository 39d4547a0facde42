"""A group that the hub has no more is forgotten, so that a later one inherits nothing."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from twinhub_kit.callers import Caller
from twinhub_kit.errors import UnavailableError
from twinhub_kit.files.paths import RelativePath
from twinhub_library.catalogue import find_asset
from twinhub_library.gone_groups import forget_gone_groups
from twinhub_library.library import Library, open_library
from twinhub_library.publishing.publisher import Wish
from twinhub_library.store.publishing import GrantRow
from twinhub_library.testing import CrashPoints

from tests.fixtures.library import CALLERS, TEAM

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.testclient import TestClient
    from twinhub_library.settings import LibrarySettings

pytestmark = pytest.mark.d4(20)

MEMBER, ADMIN = CALLERS["member"], CALLERS["admin"]
FILE = f"teams/{TEAM}/models/pump/model.txt"


class Hub:
    """The groups of a hub."""

    def __init__(self, *groups: str) -> None:
        self.groups, self.answers = set(groups), True

    def has(self, group: str) -> bool:
        if not self.answers:
            raise UnavailableError("The hub starts.")
        return group in self.groups


def work_together(library: Library) -> None:
    """Have the team publish, pin, import and hold a grant."""
    grants = library.publishing.publisher.grants
    grants.add(ADMIN, GrantRow(subject_kind="group", subject=TEAM, kind="*", pattern="*",
                               needs_review=False))  # fmt: skip
    asset = find_asset(library.tree, RelativePath.parse(f"teams/{TEAM}/models/pump"))
    assert asset
    publisher = library.publishing.publisher
    publisher.put(MEMBER, publisher.prepare(MEMBER, Wish(asset, "1.0.0")))
    source = RelativePath.parse("common/models/pump")
    library.publishing.pins.put(MEMBER, asset.area, source, "")
    place = RelativePath.parse(f"teams/{TEAM}/models/copy")
    library.publishing.imports.start(MEMBER, source, "", place)


def test_a_new_group_of_the_name_has_no_grant_no_team_and_owns_nothing(
    library: Library, client_of: Callable[[str], TestClient], library_root: Path
) -> None:
    hub, member = Hub(TEAM), client_of("member")
    work_together(library)
    forget_gone_groups(library, hub.has)
    assert member.get("/api/grants").json()["grants"]
    assert (library_root / FILE).exists()

    hub.groups.clear()
    forget_gone_groups(library, hub.has)

    assert member.get("/api/grants").json()["grants"] == []
    assert not (library_root / f"teams/{TEAM}").exists()
    (version,) = member.get("/api/versions/models/pump").json()["versions"]
    assert version["owner"] == f"former-team:{TEAM}"
    why = {"why": "mine"}
    refused = member.post("/api/versions/models/pump/1.0.0/withdrawal", json=why)
    assert refused.status_code == 403
    assert client_of("admin").put(f"/api/teams/{TEAM}").json()["is_on"]
    hub.groups.add(TEAM)
    forget_gone_groups(library, hub.has)
    assert not (library_root / FILE).exists()
    for address in ("imports", "pins"):
        answer = member.get(f"/api/{address}", params={"area": f"teams/{TEAM}"})
        assert answer.json()[address] == []


def test_the_files_of_its_team_can_be_brought_back_by_an_administrator(
    library: Library, client_of: Callable[[str], TestClient], library_root: Path
) -> None:
    hub = Hub(TEAM)
    for groups in ({TEAM}, set()):
        hub.groups = groups
        forget_gone_groups(library, hub.has)
    assert client_of("admin").put(f"/api/teams/{TEAM}?bring_back=true").is_success
    assert (library_root / FILE).exists()


def test_a_grant_may_be_made_before_its_group_comes(library: Library) -> None:
    work_together(library)
    forget_gone_groups(library, Hub().has)
    assert library.publishing.publisher.grants.list_for(MEMBER)


def test_nothing_is_forgotten_while_the_hub_does_not_answer(library: Library) -> None:
    hub = Hub(TEAM)
    work_together(library)
    forget_gone_groups(library, hub.has)
    hub.answers = False
    forget_gone_groups(library, hub.has)
    assert library.teams.is_on(TEAM)
    assert library.publishing.publisher.grants.list_for(MEMBER)


def test_a_user_of_the_same_name_as_a_group_keeps_what_is_theirs(library: Library) -> None:
    namesake = Caller(TEAM)
    grants = library.publishing.publisher.grants
    grants.add(ADMIN, GrantRow(subject_kind="user", subject=TEAM, kind="*", pattern="*",
                               needs_review=False))  # fmt: skip
    work_together(library)
    for hub in (Hub(TEAM), Hub()):
        forget_gone_groups(library, hub.has)
    assert [one.subject_kind for one in grants.list_for(namesake)] == ["user"]


@pytest.mark.heavy
@pytest.mark.d4(28)
def test_a_kill_at_any_write_is_mended_by_the_next_look(
    library_settings: LibrarySettings, library_root: Path
) -> None:
    opened = contextlib.ExitStack()
    there: list[Library] = []

    def before() -> None:
        opened.close()
        there[:] = [opened.enter_context(open_library(library_settings))]
        there[0].teams.bring_back(TEAM, by="admin")
        forget_gone_groups(there[0], Hub(TEAM).has)

    with opened:
        for at in CrashPoints.sweep(lambda: forget_gone_groups(there[0], Hub().has), before=before):
            opened.close()
            with open_library(library_settings) as library:
                forget_gone_groups(library, Hub().has)
                assert not library.teams.is_on(TEAM), at
            assert list(library_root.glob(".library/teams-off/*/models/pump/model.txt")), at
