"""The process mode reads the image's own Dockerfile, so that both have the same layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_hub.installation import share
from twinhub_hub.sandbox.recipe import Copy, copy_into, read_recipe

if TYPE_CHECKING:
    from pathlib import Path

_DOCKERFILE = """\
ARG PARENT=debian
FROM ${PARENT}
ENV FIRST=1 \\
    # a comment between the lines
    SECOND="two words"
ENV THIRD=$FIRST/3
COPY --chown=1:1 one.txt two.txt /opt/parts/
# COPY never.txt /opt/parts/
COPY folder/ /opt/parts/folder/
RUN echo COPY no.txt /opt
copy renamed /etc/profile.d/name.sh
"""


def test_env_and_copy_lines_are_read_as_docker_reads_them(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(_DOCKERFILE)
    recipe = read_recipe(tmp_path / "Dockerfile")
    assert recipe.environment == {"FIRST": "1", "SECOND": "two words", "THIRD": "1/3"}
    assert recipe.copies == [
        Copy("one.txt", "/opt/parts/"),
        Copy("two.txt", "/opt/parts/"),
        Copy("folder/", "/opt/parts/folder/"),
        Copy("renamed", "/etc/profile.d/name.sh"),
    ]


def test_files_and_contents_of_folders_go_where_docker_puts_them(tmp_path: Path) -> None:
    context, target = tmp_path / "context", tmp_path / "target"
    (context / "folder" / "deep").mkdir(parents=True)
    (context / "folder" / "deep" / "file").write_text("deep")
    (context / "plain").write_text("plain")
    (context / "plain").chmod(0o755)
    copies = [
        Copy("folder/", "/opt/parts/"),
        Copy("plain", "/opt/parts/bin/"),
        Copy("plain", "/opt/parts/renamed"),
        Copy("plain", "/usr/elsewhere"),
    ]
    copy_into([context], copies, {"/opt/parts": target})
    files = {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}
    assert files == {"deep/file", "bin/plain", "renamed"}
    assert (target / "bin/plain").stat().st_mode & 0o777 == 0o755


def test_a_copy_never_writes_through_a_hard_link(tmp_path: Path) -> None:
    context, target = tmp_path / "context", tmp_path / "target"
    context.mkdir()
    target.mkdir()
    (context / "file").write_text("new")
    (tmp_path / "shared").write_text("old")
    (target / "file").hardlink_to(tmp_path / "shared")
    copy_into([context], [Copy("file", "/opt/")], {"/opt": target})
    assert (target / "file").read_text() == "new"
    assert (tmp_path / "shared").read_text() == "old"


def test_the_images_dockerfile_says_all_that_a_workspace_needs() -> None:
    recipe = read_recipe(share() / "images" / "workspace" / "Dockerfile")
    assert {"PATH", "HOME", "TWINHUB_PYTHON", "TWINHUB_ENVIRONMENT"} <= set(recipe.environment)
    assert f"python-{recipe.environment['TWINHUB_PYTHON']}" in recipe.environment["PATH"]
    destinations = [copy.destination for copy in recipe.copies]
    assert "/opt/twinhub/bin/" in destinations
    assert "/opt/twinhub/environment/" in destinations
