"""What a job may be fetched from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twinhub_programs.sources import GitSource, SourceError, git_commands, inside, parse_git_url

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("git+https://h/a.git", GitSource("https://h/a.git", "HEAD", "")),
        ("git+https://h/a@v1.0", GitSource("https://h/a", "v1.0", "")),
        ("git+https://u:t@h/a@x/y#subdirectory=b/c", GitSource("https://u:t@h/a", "x/y", "b/c")),
        ("git+ssh://git@h:22/a.git", GitSource("ssh://git@h:22/a.git", "HEAD", "")),
        ("git+file:///srv/a@main", GitSource("file:///srv/a", "main", "")),
    ],
)
def test_git_url_has_a_place_a_ref_and_a_folder(text: str, expected: GitSource) -> None:
    assert parse_git_url(text) == expected


@pytest.mark.parametrize("path", ["job.py", "./a", "/workspace/a b", "-x.py", "folder/at@home"])
def test_all_else_is_a_path(path: str) -> None:
    assert parse_git_url(path) is None


@pytest.mark.parametrize(
    "text",
    [
        "git+http://h/a", "git+ext::sh -c id", "ext::sh -c id", "https://h/a.git", "git@h:a.git",
        "git+https://-oProxyCommand=id/a", "git+ssh://-oProxyCommand=id/a", "git+https://h/a b",
        "git+https://h/a@--upload-pack=id", "git+https://h/a#egg=x", "git+https://h/a#subdirectory=",
        "git+https://h/a#subdirectory=../b", "git+https://h/a#subdirectory=/etc", "git+--x",
        "git+https://h/a#subdirectory=-x", "file:///srv/a", "git+fd::17/foo",
    ],
)  # fmt: skip
def test_other_ways_and_hidden_options_are_refused(text: str) -> None:
    with pytest.raises(SourceError):
        parse_git_url(text)


def test_a_password_in_a_url_is_not_shown() -> None:
    source = parse_git_url("git+https://me:t0ken@h/a")
    assert source is not None
    assert source.shown == "https://h/a"
    with pytest.raises(SourceError) as caught:
        parse_git_url("https://me:t0ken@h/a")
    assert "t0ken" not in str(caught.value)


def test_url_and_ref_come_behind_the_end_of_options() -> None:
    source = GitSource("https://h/a", "main", "")
    fetch = next(command for command in git_commands(source, "/x") if "fetch" in command)
    assert fetch[-3:] == ["--", "https://h/a", "main"]


def test_no_link_leads_out_of_a_repository(tmp_path: Path) -> None:
    repository = tmp_path / "code"
    (repository / "job").mkdir(parents=True)
    (repository / "out").symlink_to("/etc")
    assert inside(str(repository), "job") == str(repository / "job")
    for name in ("out", "absent"):
        with pytest.raises(SourceError):
            inside(str(repository), name)
