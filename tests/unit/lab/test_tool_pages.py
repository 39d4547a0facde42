"""What is shown in a tool's place: nothing that is not meant to be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twinhub_lab.tools.cookies import confined, without_ours, without_sign_in
from twinhub_lab.tools.logs import LINES, last_lines, masked
from twinhub_lab.tools.pages import failure_page, starting_page

if TYPE_CHECKING:
    from pathlib import Path


def test_pages_escape_what_they_show() -> None:
    page = failure_page("<b>Tool</b>", "It & its <friends>", ["<script>alert(1)</script>", "$x"])
    assert "<b>" not in page
    assert page.count("<script>") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "It &amp; its &lt;friends&gt;" in page
    assert "<b>" not in starting_page("<b>Tool</b>")


def test_failure_without_a_word_says_so_and_can_be_tried_again() -> None:
    page = failure_page("Tool did not start", "It ended.", [])
    assert "It has said nothing." in page
    assert 'href=""' in page


def test_last_lines_are_few_short_and_plain(tmp_path: Path) -> None:
    log = tmp_path / "log"
    lines = [f"line {number}" for number in range(1000)]
    log.write_text("\n".join([*lines, "\x1b[31mred\x1b[0m\x07 bell", "x" * 5000, ""]))
    shown = last_lines(log, {})
    assert len(shown) == LINES
    assert shown[-2] == "red  bell"
    assert len(shown[-1]) == 400
    assert last_lines(tmp_path / "none", {}) == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("started with 5e7e7 tokens", "started with 5e7e7 tokens"),
        ("url?token=abcdef&x=1", "url?token=***&x=1"),
        ("Password: hunter2", "Password: ***"),
        ('"api_key": "abc"', '"api_key": "***"'),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("as 0123456789abcdef says", "as *** says"),
    ],
)
def test_secrets_are_masked(text: str, shown: str) -> None:
    assert masked(text, {"MY_TOKEN": "0123456789abcdef", "A_SECRET": "x"}) == shown


def test_tool_sees_no_cookie_of_its_neighbours() -> None:
    given = "a=1; jupyterhub-user-ann=x; _xsrf=y; username-8888=z; b=2"
    assert without_ours(given) == "a=1; b=2"
    assert without_ours("_xsrf=y") == ""
    bound = "__Host-jupyterhub-user-ann=x; __Secure-_xsrf=y; __Host-Http-username-1=z; __Host-b=2"
    assert without_ours(bound) == "__Host-b=2"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a=1", "a=1; Path=/u/x/"),
        ("a=1; Path=/; Domain=example.org; Secure", "a=1; Secure; Path=/u/x/"),
        ("a=1; domain = example.org;PATH=/hub/", "a=1; Path=/u/x/"),
        ("_xsrf=1; Path=/", None),
        ("jupyterhub-session-id=1", None),
        ("__Host-a=1; Secure; Path=/", None),
        ("__Secure-jupyterhub-user-ann=1; Secure", None),
    ],
)
def test_cookies_are_set_for_the_tools_own_address_only(given: str, kept: str | None) -> None:
    assert confined(given, "/u/x/") == kept


@pytest.mark.parametrize(
    ("given", "passed"),
    [
        ({"Cookie": "a=1; __Host-jupyterhub-user-ann=x; _xsrf=y"}, {"Cookie": "a=1; _xsrf=y"}),
        ({"Cookie": "jupyterhub-session-id=x"}, {}),
        ({"Cookie": "a=1", "Authorization": "Bearer of-the-hub"}, {"Cookie": "a=1"}),
        ({"Cookie": "jupyterhub-user-ann=x", "Authorization": "token of-the-hub"}, {}),
        (
            {"Cookie": "jupyterhub-user-ann=x", "Authorization": "Bearer its-own"},
            {"Authorization": "Bearer its-own"},
        ),
    ],
)
def test_program_at_a_port_sees_its_own_and_nothing_of_the_hub(
    given: dict[str, str], passed: dict[str, str]
) -> None:
    assert without_sign_in(given) == passed
