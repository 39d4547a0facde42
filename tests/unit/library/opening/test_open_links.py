"""Open links: what a visitor is shown, what a click does, and who is told of it."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from twinhub_library.opening.importing import State

from tests.fixtures.library import CALLERS
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from httpx import Response
    from starlette.testclient import TestClient
    from twinhub_library.library import Library

    from tests.unit.library.opening.doubles import CountingGit

    Client = Callable[[str], TestClient]

TANK = "/open/common/models/tank"


def text_of(answer: Response) -> str:
    """Return the text of a page, without tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def open_it(client: TestClient, address: str = TANK) -> Response:
    """Click, and return the report."""
    answer = client.post(address)
    assert answer.status_code == 303, answer.text
    return read_report(client, answer.headers["location"])


def read_report(client: TestClient, address: str) -> Response:
    """Return a report, after the page that waits for it where there is one."""
    found: list[Response] = []

    def is_done() -> bool:
        answer = client.get(address)
        if answer.status_code == 303:
            answer = client.get(answer.headers["location"])
        found.append(answer)
        return 'http-equiv="refresh"' not in answer.text

    wait_for(is_done, seconds=30, what="a report")
    return found[-1]


def test_first_visit_asks_before_anything_changes(alice: TestClient, library_root: Path) -> None:
    page = alice.get(f"{TANK}?path=start.md")

    assert page.status_code == 200
    assert "will be copied into your files as models/tank" in text_of(page)
    assert "Opens models/tank/start.md" in text_of(page)
    assert not (library_root / "alice/models/tank").exists()


def test_click_copies_reports_each_file_and_leads_on(alice: TestClient, library_root: Path) -> None:
    report = open_it(alice, f"{TANK}?path=start.md")

    assert "TWO" in (library_root / "alice/models/tank/start.md").read_text()
    assert "3 new" in text_of(report)
    assert "new.txt" in text_of(report)
    assert 'href="/hub/user-redirect/lab/tree/models/tank/start.md"' in report.text


def test_next_visit_leads_straight_into_the_workspace(alice: TestClient) -> None:
    open_it(alice)

    answer = alice.get(f"{TANK}?path=start.md")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/hub/user-redirect/lab/tree/models/tank/start.md"


@pytest.mark.d4(36)
def test_update_keeps_what_a_student_has_written(alice: TestClient, library_root: Path) -> None:
    open_it(alice, f"{TANK}@1.0.0")
    tank = library_root / "alice/models/tank"
    tank.joinpath("start.md").write_text("# Start\n\none\n\nmy two\n\nthree\n")
    tank.joinpath("README.md").write_text("mine\n")

    page = alice.get(TANK)
    assert "in version 1.0.0" in text_of(page)
    assert "What you have changed stays yours" in text_of(page)
    report = text_of(open_it(alice))

    (copy,) = (
        one for one in tank.iterdir() if one.name.startswith("start") and "yours" in one.name
    )
    assert "my two" in copy.read_text()
    assert "TWO" in tank.joinpath("start.md").read_text()
    assert tank.joinpath("README.md").read_text() == "mine\n"
    assert f"yours is {copy.name}" in report
    assert "1 of your files was changed on both sides" in report
    assert "1 kept as you have it" in report


def test_link_to_an_older_version_takes_nobody_back(alice: TestClient) -> None:
    open_it(alice)

    assert alice.get(f"{TANK}@1.0.0").status_code == 303


def test_copy_that_was_deleted_is_brought_anew(alice: TestClient, library_root: Path) -> None:
    open_it(alice)
    shutil.rmtree(library_root / "alice/models/tank")

    assert "will be copied" in text_of(alice.get(TANK))
    open_it(alice)
    assert (library_root / "alice/models/tank/new.txt").read_text() == "new"


def test_something_else_of_the_name_is_never_touched(alice: TestClient, library_root: Path) -> None:
    own = library_root / "alice/models/tank/mine.txt"
    own.parent.mkdir(parents=True)
    own.write_text("mine")

    page = alice.get(TANK)
    refused = alice.post(TANK)

    assert "It stays as it is" in text_of(page)
    assert refused.status_code == 409
    assert "rename yours and open the link once more" in text_of(refused)
    assert own.read_text() == "mine"
    assert [one.name for one in own.parent.iterdir()] == ["mine.txt"]


def test_copy_beside_something_of_the_name_is_what_the_link_opens_from_then_on(
    alice: TestClient, library_root: Path
) -> None:
    own = library_root / "alice/models/tank/mine.txt"
    own.parent.mkdir(parents=True)
    own.write_text("mine")

    assert "Copy it beside mine" in alice.get(f"{TANK}@1.0.0?path=start.md").text
    report = open_it(alice, f"{TANK}@1.0.0?path=start.md&beside=true")

    assert "It is in your files as models/tank-2" in text_of(report)
    assert 'href="/hub/user-redirect/lab/tree/models/tank-2/start.md"' in report.text
    again = alice.get(f"{TANK}@1.0.0")
    assert again.headers["location"] == "/hub/user-redirect/lab/tree/models/tank-2"
    assert "You have models/tank-2 in version 1.0.0" in text_of(alice.get(TANK))
    open_it(alice)
    assert "TWO" in (library_root / "alice/models/tank-2/start.md").read_text()
    assert own.read_text() == "mine"


@pytest.mark.parametrize(
    ("address", "status", "words", "step"),
    [
        ("/open/common/models/tnak", 404, "The nearest name is 'tank'", TANK),
        ("/open/common/model/tank", 404, "its kinds are", TANK),
        (f"{TANK}@1.0.1", 404, "there are 1.1.0, 1.0.0", f"{TANK}@1.0.0"),
        (f"{TANK}?path=nope.md", 404, "has no file 'nope.md'", TANK),
        (f"{TANK}?path=../../secret", 404, "No asset has this address", "/hub/home"),
        ("/open/common/models/%2e%2e", 404, "No asset has this address", "/hub/home"),
        ("/open/collections/corse", 404, "Is it 'course'?", "/open/collections/course"),
        ("/open/collections/course@9.9.9", 404, "no version 9.9.9", "/open/collections/course"),
        ("/open/reports/nothing", 404, "This report is not there", "/hub/home"),
    ],
)
def test_faults_are_pages_in_plain_words_that_lead_on(
    alice: TestClient, address: str, status: int, words: str, step: str
) -> None:
    page = alice.get(address)

    assert page.status_code == status
    assert page.headers["content-type"].startswith("text/html")
    assert words in text_of(page).replace("&#39;", "'")
    assert f'href="{quote(step, safe="/@")}"' in page.text or f'href="{step}"' in page.text


@pytest.mark.d4(54)
def test_full_area_is_a_page_that_says_what_takes_most(client_of: Client) -> None:
    page = client_of("bob").post(TANK)

    assert page.status_code == 507
    assert "There is no room" in text_of(page)
    assert "Most is taken by models/secret" in text_of(page)


@pytest.mark.parametrize("version", ["", "@1.0.0"])
def test_withdrawn_asset_is_a_page_that_says_why(
    alice: TestClient, library: Library, version: str
) -> None:
    publisher = library.publishing.publisher
    (row,) = publisher.versions.list_of("models", "pump")
    publisher.withdraw(CALLERS["instructor"], row, why="It leaks.")

    page = alice.get(f"/open/common/models/pump{version}")

    assert page.status_code == 410
    assert "has withdrawn it: It leaks." in text_of(page)


def test_pages_run_no_script_and_take_nothing_from_elsewhere(alice: TestClient) -> None:
    report = alice.post(TANK).headers["location"]
    for address in (TANK + "@1.0.0", report, "/open/collections/course", "/open/collections"):
        page = alice.get(address)
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "<script" not in page.text
        assert not re.findall(r'(?:src|href)="(?:https?:)?//', page.text)
        assert page.headers["cache-control"] == "no-store"


def test_names_of_people_cannot_write_into_a_page(alice: TestClient) -> None:
    page = alice.get("/open/common/models/%3Cscript%3Ealert(1)%3C%2Fscript%3E")

    assert "<script" not in page.text


def test_style_is_served_to_everybody_and_nothing_else(client_of: Client) -> None:
    nobody = client_of("")

    assert nobody.get("/open/static/open.css").headers["content-type"].startswith("text/css")
    assert nobody.get("/open/static/favicon.svg").status_code == 200
    assert nobody.get("/open/static/..%2fpages.py").status_code == 401


@pytest.mark.d4(1)
def test_nobody_opens_a_link_without_a_session(client_of: Client) -> None:
    nobody = client_of("")
    for address in (TANK, "/open/collections", "/open/reports/x", "/open/git?repo=x"):
        assert nobody.get(address).status_code == 401
    assert nobody.post(TANK).status_code == 401


def test_report_is_of_whoever_opened(alice: TestClient, client_of: Client) -> None:
    report = alice.post(TANK).headers["location"]

    assert alice.get(report).status_code == 200
    assert client_of("bob").get(report).status_code == 404


def test_publisher_and_instructors_see_who_opened_it_and_when(
    alice: TestClient, client_of: Client
) -> None:
    open_it(alice)
    alice.get(TANK)
    url = "/api/open-links/common/models/tank"

    for name in ("bob", "instructor", "admin"):
        page = client_of(name).get(url).json()
        assert (page["people"], page["times"]) == (1, 2)
        assert page["link"] == TANK
        (one,) = page["items"]
        assert (one["user"], one["times"]) == ("alice", 2)
        assert one["first_at"] <= one["last_at"]
        shown = client_of(name).get("/open/opened/common/models/tank")
        assert "1 person has opened" in text_of(shown)
        assert "alice" in text_of(shown)
    for name in ("alice", "member"):
        assert client_of(name).get(url).status_code == 404
        assert client_of(name).get("/open/opened/common/models/tank").status_code == 404


def test_opened_links_are_listed_for_those_who_may_see_them(
    alice: TestClient, client_of: Client
) -> None:
    open_it(alice)
    alice.get("/open/collections/course")

    def subjects(name: str) -> list[str]:
        page = client_of(name).get("/api/open-links").json()
        return [one["subject"] for one in page["items"]]

    assert subjects("instructor") == ["collections/course", "common/models/tank"]
    assert subjects("bob") == ["common/models/tank"]
    assert subjects("alice") == []
    first = client_of("instructor").get("/api/open-links", params={"limit": 1}).json()
    second = client_of("instructor").get("/api/open-links", params={"after": first["next"]}).json()
    assert [one["subject"] for one in second["items"]] == ["common/models/tank"]


def test_collection_shows_its_parts_in_order_each_with_a_link(alice: TestClient) -> None:
    page = alice.get("/open/collections/course")

    text = text_of(page)
    assert text.index("Week 1") < text.index("First steps") < text.index("Heated tank")
    assert "<em>here</em>" in page.text
    assert "<script" not in page.text
    assert f'href="{TANK}@1.0.0?path=start.md"' in page.text
    assert f'href="{TANK}"' in page.text
    assert "gone is not published any more" in text
    assert "Version 1.1.0" in text


def test_older_version_of_a_collection_says_that_there_is_a_newer_one(alice: TestClient) -> None:
    page = alice.get("/open/collections/course@1.0.0")

    assert "version 1.1.0 is newer" in text_of(page)
    assert "There is nothing in this collection yet" in text_of(page)


def test_collection_with_faults_names_them_with_lines(alice: TestClient) -> None:
    page = alice.get("/open/collections/broken")

    assert page.status_code == 200
    assert "collection.yaml:1:" in text_of(page)


def test_link_leads_its_publisher_to_what_they_published_from(client_of: Client) -> None:
    instructor = client_of("instructor")
    instructor.follow_redirects = False

    answer = instructor.get(TANK)

    assert answer.headers["location"] == "/hub/user-redirect/lab/tree/models/tank"


def test_everything_of_a_collection_is_copied_in_its_order_with_a_report_of_each(
    alice: TestClient, library_root: Path
) -> None:
    assert "Copy everything" in alice.get("/open/collections/course").text

    report = open_it(alice, "/open/collections/course")

    text = text_of(report)
    assert text.index("Week 1") < text.index("First steps") < text.index("Heated tank")
    assert "First steps copied" in text
    assert "Heated tank updated" in text  # its item asks for the newest, the one before for 1.0.0
    assert "gone not copied" in text
    assert "1 part could not be copied" in text
    assert "It is not published any more" in text
    assert 'href="/hub/user-redirect/lab/tree/models/tank/start.md"' in report.text
    files = re.findall(r'href="(/open/reports/[^"]+)"', report.text)
    assert "3 new" in text_of(alice.get(files[0])) or "2 new" in text_of(alice.get(files[0]))
    assert (library_root / "alice/models/tank/new.txt").exists()
    again = text_of(open_it(alice, "/open/collections/course"))
    assert again.count("you have it already") == 2


def test_collection_is_copied_by_programs_and_own_work_of_a_name_stays(
    alice: TestClient, library_root: Path
) -> None:
    own = library_root / "alice/models/tank/mine.txt"
    own.parent.mkdir(parents=True)
    own.write_text("mine")

    begun = alice.post("/api/collections/course/copy")
    assert begun.status_code == 202
    address = f"/api/operations/{begun.json()['id']}"
    wait_for(lambda: alice.get(address).json()["ended_at"], seconds=30, what="the copy ends")
    copied = alice.get(address).json()["result"]

    assert [one["heading"] for one in copied["items"]] == ["Week 1", "", "", ""]
    assert copied["items"][0]["text"].startswith("Begin")
    assert [one["outcome"] for one in copied["items"]] == ["", "own", "own", "missing"]
    assert "rename yours" in copied["items"][1]["detail"]
    assert [one.name for one in own.parent.iterdir()] == ["mine.txt"]
    assert alice.post("/api/collections/corse/copy").status_code == 404


def test_copy_that_fails_is_told_in_plain_words(client_of: Client) -> None:
    bob = client_of("bob")  # whose area is full
    bob.follow_redirects = False

    report = text_of(open_it(bob, "/open/collections/course"))

    assert "not copied" in report
    assert "Most is taken by models/secret" in report


def test_collections_are_listed(alice: TestClient) -> None:
    page = alice.get("/open/collections")
    listed = alice.get("/api/collections").json()

    assert 'href="/open/collections/course"' in page.text
    assert [one["name"] for one in listed["items"]] == ["broken", "course"]
    assert alice.get("/api/collections", params={"after": 2**63}).status_code == 422
    detail = alice.get("/api/collections/course").json()
    assert [one["asset"] for one in detail["items"]] == [
        "", "common/models/tank@1.0.0", "common/models/tank", "",
    ]  # fmt: skip
    assert [one["is_there"] for one in detail["items"]] == [True, True, True, False]
    assert detail["versions"] == ["1.1.0", "1.0.0"]


GIT = "/open/git?repo=https%3A%2F%2Fgitlab.test%2Fx%2Fcourse.git&branch=main"


def test_link_of_nbgitpuller_opens_the_same_path(alice: TestClient, git: CountingGit) -> None:
    address = f"{GIT}&urlpath=lab%2Ftree%2Fcourse%2Fa.ipynb"

    page = alice.get(address)
    assert "https://gitlab.test/x/course.git" in text_of(page)
    assert "only if you trust" in text_of(page)
    report = open_it(alice, address)

    assert 'href="/hub/user-redirect/lab/tree/course/a.ipynb"' in report.text
    (asked,) = git.asked
    assert (str(asked.target), asked.branch) == ("course", "main")
    git.state = State.CURRENT
    assert alice.get(address).headers["location"].endswith("/lab/tree/course/a.ipynb")


@pytest.mark.d4(32)
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("repo=https://elsewhere.test/x/y", 403),
        ("repo=ext::sh -c x", 400),
        ("repo=file:///etc", 400),
        ("repo=git@gitlab.test:x/y", 400),
        ("repo=--upload-pack=x", 400),
        ("repo=https://user:word@gitlab.test/x/y", 400),
        ("repo=https://gitlab.test.elsewhere.test/x/y", 403),
        ("repo=https://elsewhere.test%23@gitlab.test/x", 400),
        ("repo=https://gitlab.test/x/y&branch=--upload-pack=x", 400),
        ("repo=https://gitlab.test/x/y&targetPath=../bob", 400),
        ("repo=https://gitlab.test/x/y&targetPath=.ssh", 400),
        ("repo=https://gitlab.test/x/y&urlpath=lab/tree/../../bob", 400),
        ("repo=", 400),
        ("", 400),
        ("repo=" + "x" * 2000, 400),
    ],
)
def test_repositories_of_other_hosts_and_tricks_are_refused(
    alice: TestClient, git: CountingGit, query: str, status: int
) -> None:
    shown, done = alice.get(f"/open/git?{query}"), alice.post(f"/open/git?{query}")

    assert (shown.status_code, done.status_code) == (status, status), text_of(shown)
    assert git.asked == []


@pytest.mark.d4(3)
@pytest.mark.parametrize(
    "path", ["//elsewhere.test", "/\\elsewhere.test", "https://elsewhere.test"]
)
def test_no_link_leads_out_of_the_site(alice: TestClient, path: str) -> None:
    open_it(alice)
    for address in (f"{TANK}?path={quote(path)}", f"{GIT}&urlpath={quote(path)}"):
        answer = alice.get(address)
        location = answer.headers.get("location", "/hub/user-redirect/lab/tree/")
        assert location.startswith("/hub/user-redirect/lab/tree/")
        assert 'href="//' not in answer.text
        assert 'href="https:' not in answer.text
