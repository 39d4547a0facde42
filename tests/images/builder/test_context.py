"""What goes into a build, and when two builds are the same."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest
from twinhub_hub.builds import digest_inputs

from images.builder.context import (
    collect_context,
    find_certificates,
    pack,
    pinned_jupyterhub,
)
from images.builder.errors import ContextError

if TYPE_CHECKING:
    from pathlib import Path

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A context with one script and files that stay behind."""
    folder = tmp_path / "context"
    (folder / "extra-ca").mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "start").write_text("#!/bin/sh\n")
    (folder / "start").chmod(0o755)
    (folder / "README.md").write_text("not for the image")
    (folder / ".dockerignore").write_text("README.md\n")
    return folder


def _names(archive: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return opened.getnames()


def test_context_is_the_folder_its_locks_and_certificates(folder: Path, tmp_path: Path) -> None:
    lock, certificate = tmp_path / "a.txt", tmp_path / "site.crt"
    lock.write_text("a==1\n")
    certificate.write_text(CERTIFICATE)
    context = collect_context(folder, requirements=[lock], certificates=[certificate])
    assert sorted(context) == [
        "Dockerfile", "extra-ca/.gitkeep", "extra-ca/site.crt", "requirements/a.txt", "start",
    ]  # fmt: skip
    assert context["start"].is_executable
    assert not context["Dockerfile"].is_executable


def test_equal_files_make_equal_archives_at_any_time(folder: Path) -> None:
    first = pack(collect_context(folder, requirements=[], certificates=[]))
    (folder / "start").write_text("#!/bin/sh\n")  # a newer file with the same content
    assert pack(collect_context(folder, requirements=[], certificates=[])) == first
    assert _names(first) == sorted(_names(first))


@pytest.mark.parametrize(
    "changed",
    [
        (b"y", {"UID": "1"}, ["p", "c"]),
        (b"x", {"UID": "2"}, ["p", "c"]),
        (b"x", {"UID": "1"}, ["q", "c"]),
        (b"x", {"UID": "1"}, ["p", "d"]),
    ],
    ids=["content", "argument", "parent", "copied image"],
)
def test_digest_follows_every_input(changed: tuple[bytes, dict[str, str], list[str]]) -> None:
    assert digest_inputs(*changed) != digest_inputs(b"x", {"UID": "1"}, ["p", "c"])


@pytest.mark.d4(68)
def test_private_key_never_enters_a_context(folder: Path, tmp_path: Path) -> None:
    certificate = tmp_path / "site.crt"
    certificate.write_text(f"{CERTIFICATE}-----BEGIN RSA PRIVATE KEY-----\n")
    with pytest.raises(ContextError, match="holds a private key"):
        collect_context(folder, requirements=[], certificates=[certificate])


def test_file_without_a_certificate_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "site.crt").write_bytes(b"\x30\x82")
    with pytest.raises(ContextError, match="no certificate in PEM form"):
        collect_context(folder, requirements=[], certificates=[tmp_path / "site.crt"])


def test_missing_lock_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ContextError, match=r"gone\.txt is needed for the build"):
        collect_context(folder, requirements=[tmp_path / "gone.txt"], certificates=[])


def test_folder_without_dockerfile_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContextError, match="has no Dockerfile"):
        collect_context(tmp_path, requirements=[], certificates=[])


def test_certificates_of_an_image_come_before_those_of_the_machine(tmp_path: Path) -> None:
    own, machine = tmp_path / "own", tmp_path / "machine"
    for folder, names in ((own, ["a.crt"]), (machine, ["a.crt", "b.crt", "c.pem"])):
        folder.mkdir()
        for name in names:
            (folder / name).write_text(CERTIFICATE)
    found = find_certificates([own, machine, tmp_path / "absent"])
    assert found == (own / "a.crt", machine / "b.crt")


def test_version_of_jupyterhub_is_read_from_the_locks(tmp_path: Path) -> None:
    other, lock = tmp_path / "other.txt", tmp_path / "lock.txt"
    other.write_text("jupyterhub-idle-culler==2.0 \\\n    --hash=sha256:00\n")
    lock.write_text("a==1\njupyterhub==6.1.1 \\\n    --hash=sha256:00\n")
    assert pinned_jupyterhub([other, lock]) == "6.1.1"
    assert pinned_jupyterhub([other]) is None
