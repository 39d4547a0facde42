"""Labels: safe as folder, Docker name and DNS label, and never shared by two users."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twinhub_api import names
from twinhub_lab.tools import tool
from twinhub_runner.identifiers import make_run_id

DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
any_name = st.text(min_size=1, max_size=300)


@given(any_name)
def test_every_label_is_a_dns_label(name: str) -> None:
    assert DNS_LABEL.fullmatch(names.label_for(name))


@pytest.mark.d4(11)
@given(any_name, any_name)
def test_two_names_never_share_a_label(one: str, other: str) -> None:
    assert (names.label_for(one) == names.label_for(other)) == (one == other)


@pytest.mark.d4(11)
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann.x", "ann-x"), ("ann.x", "ann_x"), ("Ann", "ann"), ("straße", "strasse"),
        ("é", "e\N{COMBINING ACUTE ACCENT}"), ("a" * 32, "a" * 33), ("a-", "a"), ("a--b", "a-b"),
    ],
)  # fmt: skip
def test_names_that_escape_or_fold_alike_have_labels_of_their_own(one: str, other: str) -> None:
    assert names.label_for(one) != names.label_for(other)


@given(st.lists(any_name, unique=True, max_size=8), any_name)
def test_a_label_leads_back_to_its_user_only(users: list[str], stranger: str) -> None:
    for user in users:
        assert user in names.RESERVED or names.find_user(names.label_for(user), users) == user
    if stranger not in users:
        assert names.find_user(names.label_for(stranger), users) is None


@given(any_name, st.sets(any_name, max_size=4))
def test_text_that_is_no_label_is_nobodys(text: str, users: set[str]) -> None:
    found = names.find_user(text, users)
    assert found is None or names.label_for(found) == text


@pytest.mark.parametrize("name", sorted(names.RESERVED))
def test_reserved_names_are_nobodys_and_nobodys_label(name: str) -> None:
    with pytest.raises(ValueError, match="reserved"):
        names.check_user_name(name)
    with pytest.raises(ValueError, match="reserved"):
        names.check_user_name(name.upper())
    assert names.label_for(name) not in names.RESERVED
    assert names.find_user(name, [name]) is None


@given(any_name)
def test_no_label_is_reserved(name: str) -> None:
    assert names.label_for(name) not in names.RESERVED


@pytest.mark.d4(10)
@pytest.mark.parametrize(
    "name",
    ["", " ", "a ", "a\0b", "a\nb", "a\u202eb", "a\u200bb", "a/b", "../a", "x" * 201, "\ud800"],
)
def test_names_that_no_one_can_have(name: str) -> None:
    with pytest.raises(ValueError, match="a user name"):
        names.check_user_name(name)


@given(any_name)
def test_container_and_volume_names_are_what_docker_takes(name: str) -> None:
    docker_name = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
    assert docker_name.fullmatch(names.container_for("twinhub", name))
    assert docker_name.fullmatch(names.volume_for("twinhub", name))
    assert names.container_for("twinhub", name) != names.container_for("twinhub", name, "b")


@pytest.mark.parametrize("name", ["second", "a", "s-2", "course2026", "a" * 30])
def test_a_further_workspace_may_have_a_plain_name(name: str) -> None:
    assert names.check_server_name(name) == name
    container = names.container_for("twinhub", "ada", name)
    assert names.find_label("twinhub", container) == "ada"


@pytest.mark.parametrize(
    "name",
    ["", "lab", "api", "tools", "vscode", "Second", "2nd", "a--b", "a-", "a.b", "a/b", "a" * 31],
)
def test_a_further_workspace_is_called_like_no_page_of_the_first(name: str) -> None:
    with pytest.raises(ValueError, match="workspace"):
        names.check_server_name(name)


def test_no_further_workspace_hides_a_page_of_the_first_one() -> None:
    checkout = Path(__file__).resolve().parents[3]
    listed = (checkout / "images/workspace/config/tools_config.py").read_text()
    tools = set(re.findall(r'^        name="([a-z-]+)",$', listed, re.MULTILINE))
    assert {"desktop", "big-files", "ssh"} <= tools
    assert tools <= names.SERVER_PATHS
    assert tool.TAKEN <= names.SERVER_PATHS


@given(
    any_name, st.sampled_from(["twinhub", "a-run", "run"]), st.text("0123456789abc-", max_size=4)
)
def test_container_of_a_run_is_no_workspace_and_no_workspace_is_one_of_a_run(
    user: str, prefix: str, odd: str
) -> None:
    sandbox = f"{make_run_id()}-12"
    run = names.run_container_for(prefix, sandbox)
    assert names.find_sandbox(prefix, run) == sandbox
    assert names.find_label(prefix, run) is None
    assert names.find_sandbox(prefix, names.container_for(prefix, user)) is None
    for other in (f"{run}{odd}x", f"x{run}", f"{run}\n", names.run_container_for(prefix, odd)):
        assert names.find_sandbox(prefix, other) is None
