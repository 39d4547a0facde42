"""Labels say what an image is, and never where it is from."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from images.builder.labels import Facts, find_revision, render_labels

if TYPE_CHECKING:
    from pathlib import Path

FACTS = Facts(
    name="workspace", summary="JupyterLab", version="1.2", inputs="ab", parent="debian:x", uid=1000
)


def test_a_fact_that_is_not_known_has_no_label() -> None:
    labels = render_labels(FACTS)
    assert "org.twinhub.jupyterhub" not in labels
    assert "org.opencontainers.image.revision" not in labels
    assert labels["org.opencontainers.image.description"] == "JupyterLab"


def test_no_label_holds_an_address() -> None:
    labels = render_labels(FACTS)
    assert not {"org.opencontainers.image.source", "org.opencontainers.image.url"} & set(labels)
    assert not any("://" in value for value in labels.values())


def test_the_revision_is_the_commit_and_says_when_files_differ(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    assert find_revision(tmp_path) is None
    git("init", "-q")
    assert find_revision(tmp_path) is None
    (tmp_path / "file").write_text("one")
    git("add", "file")
    git("commit", "-q", "-m", "one")
    git("tag", "v1")
    commit = git("rev-parse", "HEAD")
    assert find_revision(tmp_path) == commit
    (tmp_path / "file").write_text("two")
    assert find_revision(tmp_path) == f"{commit}-dirty"
