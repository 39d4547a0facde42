"""Who may start which image, by page, by API and in another's name."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from twinhub_hub.settings.images import OWN_IMAGE

from tests.fixtures.further import EXAM, NEVER, SOLVERS, container, is_ready, refusal, start, stop
from tests.fixtures.hub_client import HubClient

if TYPE_CHECKING:
    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow]

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def image_of(client: HubClient, server: str = "") -> str:
    """The image that a workspace runs on."""
    return str(container(client, server).attrs["Config"]["Image"])


def test_the_page_shows_each_image_with_its_size(offering: TestInstallation) -> None:
    with HubClient(offering, "alice") as alice:
        page = alice.get("/hub/spawn").text
    for image in (OWN_IMAGE, SOLVERS, NEVER):
        assert f'value="{image}"' in page
    assert EXAM not in page
    assert page.count("GB on disk") + page.count("MB on disk") == 2
    assert "Not on this machine yet" in page


def test_an_image_that_is_not_there_names_the_remedy(offering: TestInstallation) -> None:
    with HubClient(offering, "alice") as alice:
        said = refusal(alice, "", NEVER)
    assert f"The image {NEVER} is not on this machine." in said
    assert f"docker build --tag {NEVER} " in said


@pytest.mark.d4(49)
def test_a_group_has_its_own_images_and_no_other(offering: TestInstallation) -> None:
    with HubClient(offering, "instructor") as member:
        start(member, "")
        assert image_of(member) == EXAM, "the group's first one is its default"
        stop(member, "")
        assert "is not offered here" in refusal(member, "", SOLVERS)
        assert "is not offered here" in refusal(member, "", OWN_IMAGE)
    with HubClient(offering, "alice") as other:
        assert "is not offered here" in refusal(other, "", EXAM)


@pytest.mark.d4(49)
@pytest.mark.parametrize("server", ["", "second"])
def test_a_form_made_by_hand_gets_no_other_image(offering: TestInstallation, server: str) -> None:
    with HubClient(offering, "alice") as alice:
        stop(alice, server)
        alice.get("/hub/home")
        fields = {"image": EXAM, "_xsrf": alice.xsrf["X-XSRFToken"]}
        path = f"/hub/spawn/alice/{server}".rstrip("/")
        alice.post(path, content=urlencode(fields).encode(), headers=_FORM)
        assert "is not offered here" in refusal(alice, server, EXAM)
        assert not is_ready(alice, server)
        if server:
            stop(alice, server, remove=True)


@pytest.mark.d4(49)
def test_an_admin_starts_for_others_what_these_may_start(offering: TestInstallation) -> None:
    with HubClient(offering, "admin") as admin, HubClient(offering, "alice") as alice:
        stop(alice, "")
        admin.get("/hub/home")
        answer = admin.api("POST", "/users/alice/server", {"image": EXAM})
        assert answer.status_code in {201, 202, 400}
        assert "is not offered here" in refusal(alice, "", EXAM)
        assert not is_ready(alice, "")


@pytest.mark.d4(49)
def test_who_leaves_a_group_keeps_none_of_its_images(offering: TestInstallation) -> None:
    with HubClient(offering, "admin") as admin, HubClient(offering, "bob") as bob:
        for user in (admin, bob):
            user.get("/hub/home")
        body = {"users": ["bob"]}
        admin.api("POST", "/groups/exam/users", body).raise_for_status()
        start(bob, "", EXAM)
        stop(bob, "")
        admin.api("DELETE", "/groups/exam/users", body).raise_for_status()
        bob.get("/hub/home")
        assert "is not offered here" in refusal(bob, "", EXAM), "which was the last choice"
        start(bob, "")
        assert image_of(bob) == OWN_IMAGE
        stop(bob, "")
