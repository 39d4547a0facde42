"""Addresses from elsewhere, and where they lead."""

from __future__ import annotations

from unittest.mock import Mock

import pytest
from twinhub_hub.pages.old_addresses import redirect_git_pull

_QUERY = "repo=https%3A%2F%2Fgitlab.test%2Fa%2Fb&branch=main&urlpath=lab%2Ftree%2Fb"


@pytest.mark.parametrize(
    ("path", "query", "leads_to"),
    [
        ("git-pull", _QUERY, f"/open/git?{_QUERY}"),
        ("/git-pull/", "", "/open/git"),
        ("lab/tree/git-pull", _QUERY, None),
        ("git-pull/x", _QUERY, None),
        ("", "", None),
    ],
)
def test_links_of_nbgitpuller_lead_to_the_librarys_page_with_all_they_say(
    path: str, query: str, leads_to: str | None
) -> None:
    assert redirect_git_pull(path, Mock(query=query), user=Mock(), base_url="/") == leads_to
