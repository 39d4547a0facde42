"""Pages that wait, long reports, and who a page says that looks at it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from twinhub_library.store.openings import Opened

from tests.unit.library.opening.test_open_links import GIT, TANK, read_report, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.testclient import TestClient
    from twinhub_library.library import Library

    from tests.unit.library.opening.doubles import CountingGit


def test_what_takes_long_is_waited_for_on_a_page_of_whoever_asked(
    alice: TestClient, client_of: Callable[[str], TestClient], git: CountingGit
) -> None:
    git.may_go_on.clear()
    address = alice.post(GIT).headers["location"]

    page = alice.get(address)
    assert page.status_code == 200
    assert '<meta http-equiv="refresh"' in page.text
    assert "goes on by itself" in text_of(page)
    assert "<progress" in page.text
    assert client_of("bob").get(address).status_code == 404
    git.may_go_on.set()
    assert "course was copied" in text_of(read_report(alice, address))


def test_what_is_cancelled_says_so_and_what_to_do(
    alice: TestClient, library: Library, git: CountingGit
) -> None:
    git.may_go_on.clear()
    addresses = [alice.post(GIT).headers["location"] for _ in range(8)]
    number = addresses[-1].rpartition("/")[2]
    assert alice.delete(f"/api/operations/{number}").status_code == 200

    page = alice.get(addresses[-1])
    git.may_go_on.set()

    assert page.status_code == 409
    assert "open the link once more" in text_of(page)
    for one in addresses[:-1]:
        read_report(alice, one)


def test_long_report_has_pages_that_together_name_every_file(
    alice: TestClient, library: Library
) -> None:
    names = [f"file-{number:04}.txt" for number in range(450)]
    files = [{"path": one, "outcome": "added", "copy": ""} for one in names]
    report: dict[str, object] = {
        "place": "models/long", "opens": "", "counts": {"added": 450}, "files": files,
    }  # fmt: skip
    library.opening.openings.add(
        Opened("r", "common/models/long", "alice", datetime.now(UTC), "1.0.0", "imported", report)
    )

    found, address = [], "/open/reports/r"
    while address:
        page = alice.get(address)
        found += re.findall(r"file-\d{4}\.txt", page.text)
        following = re.search(r'href="([^"#]+)#files">Next page', page.text)
        address = f"/open/reports/r{following[1]}" if following else ""

    assert found == names
    assert "401 to 450 of 450" in text_of(page)
    assert 'href="?after=200#files">Page before' in page.text


def test_every_page_says_who_looks_at_it_and_lets_them_sign_out(alice: TestClient) -> None:
    for address in (TANK, "/open/collections", "/open/common/models/tnak", "/open/reports/x"):
        page = alice.get(address)
        assert '<span class="who">alice</span>' in page.text, address
        assert 'href="/hub/logout"' in page.text, address


def test_every_page_has_the_name_of_the_site(alice: TestClient, git: CountingGit) -> None:
    git.may_go_on.clear()
    work = alice.post(GIT).headers["location"]
    for address in (
        TANK, GIT, work, "/open/collections", "/open/opened", f"/open/opened{TANK[5:]}",
        "/open/common/models/tnak", "/open/reports/x", "/open/git",
    ):  # fmt: skip
        page = alice.get(address).text
        assert re.search(r"<title>[^<]+ - Pumps &amp; Co</title>", page), address
        assert "<span>Pumps &amp; Co</span>" in page, address
        assert "TwinHub" not in page.replace("TwinHub library", ""), address
    git.may_go_on.set()
    read_report(alice, work)


def test_link_to_what_is_not_published_says_so_whether_it_is_there_or_not(
    alice: TestClient, client_of: Callable[[str], TestClient]
) -> None:
    for name in ("bob/models/secret", "bob/models/nothing", "teams/pumps/models/pump"):
        page = alice.get(f"/open/{name}")
        assert page.status_code == 404
        assert f"No link opens {name}. Links open what is published" in text_of(page).replace(
            "&#39;", ""
        )
    assert alice.get("/open").headers["location"] == "/open/collections"
    assert client_of("").get("/open/bob/models/secret").status_code == 401


def test_publisher_finds_every_link_of_theirs_that_was_opened(
    alice: TestClient, client_of: Callable[[str], TestClient]
) -> None:
    alice.post(TANK)
    alice.get("/open/collections/course")

    bob, instructor = client_of("bob").get("/open/opened"), client_of("instructor")
    assert 'href="/open/opened/common/models/tank"' in bob.text
    assert "collections/course" not in bob.text
    assert "collections/course" in instructor.get("/open/opened").text
    assert "Nobody has opened a link" in text_of(alice.get("/open/opened"))
