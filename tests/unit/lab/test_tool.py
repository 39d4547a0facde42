"""What may be listed as a tool, and how its command is filled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twinhub_lab.tools import Tool, ToolError
from twinhub_lab.tools.files import find_file
from twinhub_lab.tools.state import describe, new_address
from twinhub_lab.tools.tool import RUNTIME

if TYPE_CHECKING:
    from pathlib import Path


def _tool(name: str = "editor", **options: object) -> Tool:
    return Tool(name=name, title=name.title(), command=["/bin/sh"], **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", "Editor", "a/b", "../x", "a b", "9lives", "x" * 40, "a_b"])
def test_name_is_one_plain_part_of_an_address(name: str) -> None:
    with pytest.raises(ToolError, match="a name has small letters"):
        _tool(name)


@pytest.mark.parametrize("name", ["files", "lab", "api", "proxy", "git", "services", "tools"])
def test_name_that_the_server_answers_to_is_refused(name: str) -> None:
    with pytest.raises(ToolError, match="choose another name"):
        _tool(name)


def test_tool_is_installed_when_all_that_it_needs_is_there(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.touch()
    assert _tool(needs=[str(there)]).is_installed
    assert not _tool(needs=[str(there), str(tmp_path / "not")]).is_installed
    assert not Tool(name="x", title="X", command=[str(tmp_path / "not")]).is_installed
    assert not Tool(name="x", title="X", command=["no-such-program"]).is_installed


def test_command_is_filled_and_nothing_else_is_read_as_a_placeholder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(RUNTIME, str(tmp_path))
    command = ["run", "--at={unix_socket}", "--below={base_url}x", "--port={port}", "{other}{}"]
    filled = Tool(name="x", title="X", command=command).render_command(base_url="/u/", port=7)
    assert filled == ["run", f"--at={tmp_path}/tools/x/socket", "--below=/u/x", "--port=7",
                      "{other}{}"]  # fmt: skip


def test_services_say_what_runs_and_where_it_is() -> None:
    described = describe([_tool(opens="?folder=/workspace"), _tool("other")], {"other"})
    assert set(described) == {"editor", "other", "lab", "notebook"}
    assert described["editor"]["endpoint"] == "editor/?folder=/workspace"
    assert (described["editor"]["running"], described["other"]["running"]) == (False, True)


@pytest.mark.parametrize(
    ("name", "rest", "query", "new"),
    [
        ("vnc", "", "", "desktop/"),
        ("vnc", "vnc.html", "path=x&resize=remote", "desktop/"),
        ("vscode", "", "", "vscode/?folder=/workspace"),
        ("vscode", "", "folder=/workspace/a", "vscode/?folder=/workspace/a"),
        ("jupyter", "tree", "", "lab"),
        ("8080", "a/b", "c=d", "proxy/8080/a/b?c=d"),
        ("netdata", "", "", None),
        ("nothing", "", "", None),
    ],
)
def test_old_addresses_lead_to_what_is_there(
    name: str, rest: str, query: str, new: str | None
) -> None:
    tools = {"desktop": _tool("desktop"), "vscode": _tool("vscode", opens="?folder=/workspace")}
    assert new_address(name, rest, query, tools) == new


def test_page_of_a_tool_is_read_from_its_folder_only(tmp_path: Path) -> None:
    page = tmp_path / "page"
    page.mkdir()
    (page / "index.html").touch()
    (tmp_path / "page-secret").touch()
    (page / "link").symlink_to(tmp_path / "page-secret")
    assert find_file(page, "/") == (page / "index.html").resolve()
    for path in ("/../page-secret", "/link", "/nothing", "/a\0b", "//etc/passwd", "/.."):
        assert find_file(page, path) is None
    assert find_file(None, "/") is None
