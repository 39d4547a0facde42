"""The requests that pages on the library show are answered by a server as the pages say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from tests.contract.docs.pages import CHECKOUT, blocks

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fixtures.library import RunningLibrary

_FILES = CHECKOUT / "docs" / "howto" / "library-files.md"
_INTERFACES = CHECKOUT / "docs" / "reference" / "library-api.md"


def _run(program: str, text: str, folder: Path, url: str) -> str:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.defpath])
    environment = {"PATH": path, "TWINHUB_LIBRARY_URL": url, "JUPYTERHUB_API_TOKEN": "x"}
    done = subprocess.run(
        [program, *(["-e"] if program == "bash" else [])], input=text, env=environment,
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_files_are_read_written_packed_and_brought_back_as_the_guide_says(
    running_library: Callable[..., RunningLibrary], library_root: Path, tmp_path: Path
) -> None:
    url = running_library(library_root).url
    (tmp_path / "recording.h5").write_bytes(b"x" * 100_000)
    removed = httpx.delete(f"{url}/api/files/alice/models/tank/README.md").json()
    shell = [one.text for one in blocks(_FILES) if one.language == "sh"]
    (program,) = (one.text for one in blocks(_FILES) if one.language == "python")
    _run("bash", "".join(shell).replace("<id>", removed["id"]), tmp_path, url)
    _run("python", program, tmp_path, url)
    assert (tmp_path / "levels.csv").read_text().startswith("time,level")
    assert (library_root / "alice/models/tank-copy/model.txt").is_file()
    assert (library_root / "alice/models/tank/README.md").is_file()
    assert (library_root / "alice/data/recording.h5").stat().st_size == 100_000


def test_the_reference_of_the_interfaces_shows_requests_that_are_answered(
    running_library: Callable[..., RunningLibrary], library_root: Path, tmp_path: Path
) -> None:
    url = running_library(library_root).url
    (text,) = (one.text for one in blocks(_INTERFACES) if "curl" in one.text)
    for shown in ("https://twins.example.org/services/library", "https://twins.example.org"):
        text = text.replace(shown, url)
    printed = _run("bash", text.replace("$TOKEN", "x"), tmp_path, url)
    assert '"items":' in printed
    assert "day,rain" in printed
