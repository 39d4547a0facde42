"""A minimal system becomes an image's root: without what no image needs, with our settings."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException

from images.builder.engine import Engine
from images.builder.foundation import clean_rootfs, ensure_foundation
from tests.fixtures.requirements import missing

OVERLAY = Path(__file__).resolve().parents[3] / "images" / "foundation" / "overlay"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A system just installed."""
    for name in (
        "etc/apt/sources.list", "etc/hostname", "etc/machine-id", "etc/passwd", "etc/resolv.conf",
        "usr/share/doc/bash/README", "usr/share/doc/bash/copyright", "usr/share/locale/de/x.mo",
        "usr/share/man/man1/ls.1.gz", "var/cache/apt/archives/a.deb", "var/lib/dpkg/status",
        "var/lib/apt/lists/index", "var/lib/dpkg/status-old", "var/log/bootstrap.log",
    ):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "etc/apt/sources.list").write_text("deb http://mirror.test/debian bookworm main\n")
    return tmp_path


def _files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_archives_manuals_and_traces_of_this_machine_go(root: Path) -> None:
    clean_rootfs(root, OVERLAY)
    ours = _files(OVERLAY)
    assert _files(root) - ours == {
        "etc/apt/sources.list.d/debian.sources", "etc/machine-id", "etc/passwd",
        "usr/share/doc/bash/copyright", "var/lib/dpkg/status",
    }  # fmt: skip
    assert (root / "etc/machine-id").read_text() == ""
    assert (root / "usr/share/man/man1").is_dir()


def test_daemons_cannot_start_and_archives_cannot_stay_in_a_build(root: Path) -> None:
    clean_rootfs(root, OVERLAY)
    policy = root / "usr/sbin/policy-rc.d"
    assert policy.stat().st_mode & 0o111
    assert "archives/*.deb" in (root / "etc/apt/apt.conf.d/docker-clean").read_text()
    sources = (root / "etc/apt/sources.list.d/debian.sources").read_text()
    assert "URIs: http://mirror.test/debian\n" in sources
    assert "URIs: http://mirror.test/debian-security\n" in sources


def test_links_are_removed_and_not_followed(root: Path) -> None:
    (root / "var/log/link").symlink_to(root / "etc")
    clean_rootfs(root, OVERLAY)
    assert (root / "etc/passwd").is_file()
    assert not (root / "var/log/link").is_symlink()


@pytest.mark.docker
@pytest.mark.slow
def test_image_that_no_registry_has_is_made_from_debian() -> None:
    if os.geteuid() != 0:
        missing("root", "run the test as root: debootstrap needs it")
    try:
        client = docker.from_env()
    except DockerException as error:
        missing("a Docker engine", f"start one ({error})")
    tag = f"twinhub-test-{uuid.uuid4().hex[:12]}/foundation:1"
    try:
        how = ensure_foundation(Engine(client.api), tag, overlay=OVERLAY, seconds=5)
        release = client.containers.run(tag, ["cat", "/etc/debian_version"], remove=True)
        assert how == "made by debootstrap"
        assert release.startswith(b"12.")
        assert client.images.get(tag).attrs["Size"] < 90_000_000
    finally:
        client.images.remove(tag, force=True)
        client.close()
