"""Declared outputs are kept as they were, whatever a twin has put in their place."""

from __future__ import annotations

import hashlib
import os
import threading
from typing import TYPE_CHECKING

import pytest
from twinhub_runner.results.keeping import keep_results, read_results

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(name="made")
def _made(tmp_path: Path) -> Path:
    folder = tmp_path / "twin"
    (folder / "output/deep").mkdir(parents=True)
    (folder / "output/a.csv").write_text("1\n")
    (folder / "output/deep/b.csv").write_text("2\n")
    (folder / "output/notes.txt").write_text("not declared\n")
    return folder


def test_declared_outputs_are_kept_with_size_and_digest_and_nothing_else(
    made: Path, tmp_path: Path
) -> None:
    keep_results(made, ["output/**/*.csv", "output/*.json"], tmp_path / "run")
    (made / "output/a.csv").write_text("changed\n")

    kept = read_results(tmp_path / "run")
    assert [(one.path, one.size) for one in kept.artefacts] == [
        ("output/a.csv", 2), ("output/deep/b.csv", 2),
    ]  # fmt: skip
    assert kept.artefacts[0].sha256 == hashlib.sha256(b"1\n").hexdigest()
    assert (kept.folder / "output/a.csv").read_text() == "1\n"
    assert (kept.missing, kept.fault) == (("output/*.json",), "")


def test_keeping_may_be_repeated(made: Path, tmp_path: Path) -> None:
    keep_results(made, ["output/*.csv"], tmp_path / "run")
    (made / "output/a.csv").unlink()
    keep_results(made, ["output/**"], tmp_path / "run")
    paths = [one.path for one in read_results(tmp_path / "run").artefacts]
    assert paths == ["output/deep/b.csv", "output/notes.txt"]


def test_links_and_pipes_among_outputs_are_not_followed(made: Path, tmp_path: Path) -> None:
    (made / "output/secret.csv").symlink_to("/etc/passwd")
    (made / "linked").symlink_to("/etc")
    os.mkfifo(made / "output/pipe.csv")
    kept = keep_results(made, ["output/*.csv", "linked/**"], tmp_path / "run")
    assert [one.path for one in kept.artefacts] == ["output/a.csv"]
    assert kept.missing == ("linked/**",)


def test_run_that_kept_nothing_has_no_results(tmp_path: Path) -> None:
    assert read_results(tmp_path).artefacts == ()


def test_names_that_are_no_text_are_told_and_the_others_are_kept(
    made: Path, tmp_path: Path
) -> None:
    (made / os.fsdecode(b"output/\xff.csv")).touch()
    (made / "output/\x1b[2J.csv").touch()
    kept = keep_results(made, ["output/**"], tmp_path / "run")
    assert [one.path for one in kept.artefacts] == [
        "output/\x1b[2J.csv", "output/a.csv", "output/deep/b.csv", "output/notes.txt",
    ]  # fmt: skip
    kept.fault.encode()
    assert "udcff.csv' is no text" in kept.fault


@pytest.mark.d4(43)
def test_endless_holes_are_not_read_and_the_others_are_kept(made: Path, tmp_path: Path) -> None:
    for name in ("output/0.csv", "output/z.csv"):
        with (made / name).open("wb") as file:
            file.truncate(1 << 42)
    kept = keep_results(made, ["output/*.csv"], tmp_path / "run")
    assert [one.path for one in kept.artefacts] == ["output/a.csv"]
    assert "output/0.csv is large, and mostly holes" in kept.fault


@pytest.mark.d4(22)
@pytest.mark.d4(23)
def test_nothing_from_outside_is_kept_while_somebody_swaps_names(
    made: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    (secret / "deep").mkdir(parents=True)
    for name in ("a.csv", "deep/b.csv"):
        (secret / name).write_text("secret\n")
    is_over = threading.Event()

    def swap() -> None:
        (tmp_path / "link").symlink_to(secret / "a.csv")
        (tmp_path / "folder").symlink_to(secret)
        os.mkfifo(tmp_path / "pipe")
        swaps = (("link", "output/a.csv"), ("folder", "output"), ("pipe", "output/notes.txt"))
        while not is_over.is_set():
            for name, place in swaps:
                for _ in range(2):
                    (made / place).rename(tmp_path / "spare")
                    (tmp_path / name).rename(made / place)
                    (tmp_path / "spare").rename(tmp_path / name)

    swapper = threading.Thread(target=swap)
    swapper.start()
    kept_some = 0
    try:
        for _ in range(400):
            kept = keep_results(made, ["output/**"], tmp_path / "run")
            texts = [(kept.folder / one.path).read_text() for one in kept.artefacts]
            assert "secret\n" not in texts
            kept_some += bool(texts)
    finally:
        is_over.set()
        swapper.join()
    assert kept_some
