"""What the page on the installation warns of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from socket import AF_UNIX, socket

from twinhub_hub.apply.context import Context
from twinhub_hub.installation import Installation, Running
from twinhub_hub.operate.engine import ask_broker
from twinhub_hub.operate.health import Docker, Health, OwnCertificate, Space, look
from twinhub_hub.operate.image_reports import ImageReport, ShownImage
from twinhub_hub.operate.supervisor import Process
from twinhub_hub.settings.loading import load_settings

from tests.fixtures.certificates import Authority

WELL = Health(
    processes=[Process("hub", "RUNNING", 1, 60)],
    spaces=[Space("Assets", Path("/assets"), free=50, total=100)],
    database_bytes=1,
    deletions=[],
    docker=Docker("29.1", "in place (31 rules)", walls_stand=True),
    certificate=OwnCertificate(days_left=80),
)


def test_all_is_well() -> None:
    assert WELL.problems == []


def test_each_problem_is_a_sentence_with_a_remedy() -> None:
    ill = Health(
        processes=[Process("hub", "FATAL", 0, 0)],
        spaces=[Space("Assets", Path("/assets"), free=5, total=100)],
        database_bytes=1,
        deletions=["alice"],
        services=["Search watches 5 folders, and there are more: raise the limit."],
        docker=Docker("", "MISSING", walls_stand=False),
        certificate=OwnCertificate(3, "The certificate ends soon: renew it."),
    )
    assert ill.problems == [
        "The process hub does not run (FATAL): see `twinhub logs`.",
        "Docker does not answer, so no workspace can be started or stopped; those that run go on. "
        "Start it: `twinhub up` says how.",
        "The walls around workspaces do not stand: run `twinhub up`.",
        "Little room is left on the disk of /assets: remove files or enlarge it.",
        "Search watches 5 folders, and there are more: raise the limit.",
        "Files of deleted users wait to be archived: run `twinhub up`.",
        "The certificate ends soon: renew it.",
    ]


def test_a_layer_that_was_never_built_is_a_problem_and_an_outdated_one_is_none() -> None:
    def shown(state: str) -> ShownImage:
        return ShownImage(ImageReport("trees", "th/t:1", state, 0, "", is_layer=True), ())

    assert replace(WELL, images=[shown("outdated")]).problems == []
    assert replace(WELL, images=[shown("absent")]).problems == [
        "The layer trees was never built: run `twinhub images build trees`."
    ]


def test_a_supervisor_that_does_not_answer_is_a_problem() -> None:
    assert replace(WELL, processes=[]).problems == [
        "The supervisor does not answer: run `twinhub up`."
    ]


def test_walls_that_only_root_sees_are_no_problem() -> None:
    unseen = Docker("29.1", "not known", walls_stand=None)
    assert replace(WELL, docker=unseen).problems == []


def test_where_there_is_no_docker_nothing_is_said_of_it() -> None:
    assert replace(WELL, docker=None, certificate=None).problems == []


def test_a_docker_that_takes_the_question_and_says_nothing_does_not_answer(
    tmp_path: Path,
) -> None:
    with socket(AF_UNIX) as silent:
        silent.bind(str(tmp_path / "broker.sock"))
        silent.listen()
        assert ask_broker(tmp_path / "broker.sock", seconds=0.1) == ""


def test_neither_does_one_that_is_not_there(tmp_path: Path) -> None:
    assert ask_broker(tmp_path / "broker.sock") == ""


def look_at(authority: Authority, *, engine_root: str = "") -> Health:
    """What is found in a folder with a certificate, and nothing that runs."""
    installation = Installation(authority.folder)
    installation.make_folders()
    (authority.folder / "assets").mkdir(exist_ok=True)
    installation.settings_file.write_text(f"site:\n{authority.settings}", encoding="utf-8")
    running = Running(
        "process", 1, 2, 3, 4, None, engine_address="http+unix:///x", engine_root=engine_root
    )
    return look(Context.of(installation, load_settings(installation.settings_file), running))


def test_the_days_of_the_sites_own_certificate_are_told_and_few_are_a_problem(
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path)
    authority.give()
    assert look_at(authority).certificate == OwnCertificate(days_left=89)
    authority.give(days=10)
    problem = "The site's certificate ends in 9 days: put a new one in its place."
    assert problem in look_at(authority).problems
    authority.give(days=-2)
    found = look_at(authority)
    assert found.certificate
    assert found.certificate.days_left is None
    assert "cannot be served" in found.problems[-1]


def test_the_space_of_docker_is_told_where_its_folder_can_be_seen(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.give()
    names = [one.name for one in look_at(authority, engine_root=str(tmp_path)).spaces]
    assert names == ["Installation", "Assets", "Docker"]
    elsewhere = look_at(authority, engine_root=str(tmp_path / "in-a-virtual-machine")).spaces
    assert [one.name for one in elsewhere] == ["Installation", "Assets"]
