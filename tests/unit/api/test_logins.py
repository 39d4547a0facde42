"""Which addresses are at a site."""

from __future__ import annotations

import pytest
from twinhub_api.logins import is_at

SITE = "https://gitlab.example.org"


@pytest.mark.d4(35)
@pytest.mark.parametrize(
    "remote",
    [
        "http://gitlab.example.org/a/b.git",
        "https://gitlab.example.org:8443/a/b.git",
        "https://gitlab.example.org.evil.org/a/b.git",
        "https://evil.org/gitlab.example.org/a/b.git",
        "https://gitlab.example.org@evil.org/a/b.git",
        "https://user@gitlab.example.org/a/b.git",
        "https://sub.gitlab.example.org/a/b.git",
        "https://gitlab.example.org./a/b.git",
        "https://gitlab.example.org\\@evil.org/a/b.git",
        "https://gitlab.example.org:x/a/b.git",
        "ssh://gitlab.example.org/a/b.git",
        "//gitlab.example.org/a/b.git",
        "https://gitlab.example.org",
        "",
    ],
)
def test_an_address_that_only_looks_alike_is_not(remote: str) -> None:
    assert not is_at(remote, SITE)


def test_the_usual_port_may_be_named() -> None:
    for remote in (f"{SITE}/a/b.git", f"{SITE}:443/a/b.git", "https://GitLab.example.org/a/b.git"):
        assert is_at(remote, SITE)
        assert is_at(remote, f"{SITE}:443")


def test_a_site_below_a_path_has_what_is_below_it_alone() -> None:
    site = "https://example.org/gitlab"
    assert is_at("https://example.org/gitlab/a/b.git", site)
    for path in ("/a/b.git", "/gitlab-evil/b.git", "/gitlab/../a/b.git", "/gitlab"):
        assert not is_at(f"https://example.org{path}", site)
