"""Folders that are broken or meant to harm: always a twin, in bounded time, and nothing is run."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twinhub_dtconfig.inference import ReadingLimits, infer_twin
from twinhub_dtconfig.inference.guesses import slug
from twinhub_dtconfig.loading import parse_twin

from tests.unit.dtconfig.inference.folders import write

if TYPE_CHECKING:
    from pathlib import Path


def test_nothing_is_executed(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    script = f"#!/bin/sh\nA=$(touch {mark})\ntouch {mark}\n`touch {mark}`\n"
    infer_twin(
        write(tmp_path / "t", {"lifecycle/execute": script, "main.py": f"open('{mark}','w')"})
    )
    assert not mark.exists()


def test_links_that_leave_the_folder_are_not_followed(tmp_path: Path) -> None:
    outside = write(
        tmp_path / "outside", {"secret.md": "# Secret\n", "lifecycle/execute": "#!/bin/sh\n"}
    )
    folder = write(tmp_path / "t", {"main.py": "1\n"})
    (folder / "README.md").symlink_to(outside / "secret.md")
    (folder / "lifecycle").symlink_to(outside / "lifecycle")
    (folder / "loop").symlink_to("loop")
    (folder / "self").symlink_to(".")
    inferred = infer_twin(folder)
    assert inferred.twin.title is None
    assert inferred.twin.phases["execute"].command == "python3 main.py"


def test_a_link_within_the_folder_is_read(tmp_path: Path) -> None:
    folder = write(tmp_path / "t", {"docs/about.md": "# Mine\n", "main.py": "1\n"})
    (folder / "README.md").symlink_to("docs/about.md")
    assert infer_twin(folder).twin.title == "Mine"


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\xff\xfe\x00", b"\x00" * 100, b"\xef\xbb\xbf#!/bin/sh\r\nls\r\n", b"#!/bin/sh\n'\n",
        b"#!/bin/sh\nX=$X$X$X$X\necho $X\n", b"#!/bin/sh\nA=$B\nB=$A\nls $A\n",
        b"#!/bin/sh\n" + b"x" * 300_000, b"#!/bin/sh\n" + b"\\\n" * 5_000, b"\x1b[31m#!/bin/sh\n",
        b"#!/bin/sh\ncat <<X\n\"`(\nX\n", b"#!/bin/sh\npip install ; apt install | sudo\n",
        b"#!/bin/sh\npip install 'a; rm -rf /' ../x git+https://x $Y\n",
        b"#!/bin/sh\ncurl http://[::1 http://a:99999999/ amqp://:@/ mqtt://u:p@h:x/\n",
        "#!/bin/sh\necho \u2028 \u202e ключ 🔑\n".encode(),
    ],
)  # fmt: skip
def test_any_script_leads_to_a_twin(tmp_path: Path, content: bytes) -> None:
    folder = write(tmp_path / "t", {"lifecycle/create": "#!/bin/sh\nls\n"})
    for name in ("lifecycle/execute", "README.md", "description.md", ".gitlab-ci.yml", "mm.json"):
        (folder / name).write_bytes(content)
    inferred = infer_twin(folder)
    assert parse_twin(inferred.text.encode()).twin == inferred.twin


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("mm.json", "[" * 100_000),
        ("mm.json", '{"fmus": [], "connections": 1}'),
        ("mm.json", '{"fmus": {"{a}": 1}, "connections": {}}'),
        ("mm.json", '{"fmus": {}, "connections": {}, "x": NaN}'),
        (".gitlab-ci.yml", "a: &a [*a]"),
        (".gitlab-ci.yml", "run: {script: {a: b}, artifacts: [x], stage: [y]}"),
        (".gitlab-ci.yml", "run: {script: [1, null, ls], artifacts: {paths: {a: b}}}"),
        (".gitlab-ci.yml", "- a\n- b\n"),
        ("README.md", "#\n\n#  \n\n" + "# " * 1_000),
        ("README.md", "```\n# Code\n```\n"),
        ("description.md", "<" * 5_000 + "\n" + "[" * 5_000),
        ("requirements.txt", "\x00"),
    ],
)
def test_any_file_leads_to_a_twin(tmp_path: Path, file: str, content: str) -> None:
    inferred = infer_twin(write(tmp_path / "t", {file: content, "main.py": "1\n"}))
    assert parse_twin(inferred.text.encode()).twin == inferred.twin


def test_a_pipe_a_folder_or_a_huge_file_in_the_place_of_a_script_is_left_out(
    tmp_path: Path,
) -> None:
    folder = write(tmp_path / "t", {"main.py": "1\n"})
    (folder / "lifecycle" / "save").mkdir(parents=True)
    os.mkfifo(folder / "lifecycle" / "execute")
    with (folder / "lifecycle" / "create").open("wb") as stream:
        stream.truncate(10 * 2**30)
    began = time.monotonic()
    inferred = infer_twin(folder)
    assert list(inferred.twin.phases) == ["execute"]
    assert time.monotonic() - began < 5


def test_many_files_are_not_all_looked_at(tmp_path: Path) -> None:
    folder = tmp_path / "t"
    folder.mkdir()
    for number in range(60):
        (folder / f"f{number}").touch()
    inferred = infer_twin(folder, ReadingLimits(entries=50))
    assert "too many files" in inferred.notes[-1].what
    assert "too many files" not in str(infer_twin(folder).notes)


def test_a_deep_folder_is_not_followed_to_its_end(tmp_path: Path) -> None:
    deep = tmp_path / "t" / "/".join(["d"] * 50)
    deep.mkdir(parents=True)
    (deep / "mm.json").write_text('{"fmus": {}, "connections": {}}')
    assert infer_twin(tmp_path / "t").twin.cosimulations == {}


@pytest.mark.heavy
@pytest.mark.parametrize(
    "pattern",
    [
        "[",
        "![",
        "<",
        "#",
        "apt ",
        "app.run(",
        "password",
        "../",
        "a/",
        "$A ",
        "${A:-",
        "'",
        "a=$a ",
        "&a ",
    ],
)
def test_the_time_that_a_folder_takes_is_bounded(tmp_path: Path, pattern: str) -> None:
    line = f"{pattern * 4_000}"[:3_990]
    text = f"#!/bin/sh\n{line}\n" * 30
    names = ("README.md", "description.md", ".gitlab-ci.yml", "a.json", "b.py", "lifecycle/execute")
    folder = write(tmp_path / "t", dict.fromkeys(names, text))
    began = time.process_time()
    infer_twin(folder)
    assert time.process_time() - began < 3


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("Heart_DT", "heart-dt"), ("  x  ", "x"), ("Ångström Tank", "angstrom-tank"),
        ("___", "twin"), ("塔", "twin"), ("a" * 200, "a" * 63), ("-a-", "a"), ("1", "1"),
        ("a" * 62 + "_b", "a" * 62),
    ],
)  # fmt: skip
def test_a_folder_with_any_name_is_a_twin_with_a_valid_one(
    tmp_path: Path, name: str, valid: str
) -> None:
    assert infer_twin(write(tmp_path / name, {"main.py": "1\n"})).twin.name == valid


@given(st.text(max_size=200))
def test_every_slug_is_a_name(text: str) -> None:
    content = f"format: 1\nname: '{slug(text)}'\nphases: {{execute: ls}}\n"
    assert parse_twin(content.encode()).twin.name == slug(text)


LINES = st.sampled_from(
    [
        "pip install numpy scipy>=1", "sudo apt-get install -y default-jre", "ls | tee x", "cd ..",
        "cp ../../models/x.fmu .", "while true; do ls; done", "python3 -m http.server 8000",
        "export MQTT_HOST=localhost", "A=/workspace/data", "ls $A/b/c", "'", '"', "\\", "`",
        "$(", "&",
        "curl http://localhost:8086/x", "echo not supported", "wait", "${A:-b}", "#", "<<EOF",
    ]
) | st.text(max_size=30)  # fmt: skip


@pytest.mark.heavy
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(LINES, max_size=8), st.text(max_size=80), st.text(max_size=80))
def test_every_folder_is_a_twin(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], readme: str, pipeline: str
) -> None:
    folder = tmp_path_factory.mktemp("t")
    (folder / "lifecycle").mkdir()
    (folder / "lifecycle" / "execute").write_bytes("\n".join(lines).encode("utf-8", "replace"))
    (folder / "README.md").write_bytes(readme.encode("utf-8", "replace"))
    (folder / ".gitlab-ci.yml").write_bytes(pipeline.encode("utf-8", "replace"))
    inferred = infer_twin(folder)
    assert parse_twin(inferred.text.encode()).twin == inferred.twin
