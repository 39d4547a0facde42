"""The command's words: what it refuses, and what to do when a build failed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from images.builder.errors import BuildError
from images.builder.remedies import find_remedy

SCRIPT = Path(__file__).resolve().parents[3] / "images" / "build.py"


def _run(*arguments: str, docker_host: str = "unix:///nowhere.sock") -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        env={"DOCKER_HOST": docker_host}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr


@pytest.mark.parametrize("uid", ["0", "99", "-1", "root", "2147483647", "1e3"])
def test_uid_of_a_system_account_is_refused(uid: str) -> None:
    status, said = _run(f"--uid={uid}")
    assert status == 2
    assert "is no uid for a workspace" in said


def test_silent_engine_is_named_without_a_traceback() -> None:
    status, said = _run()
    assert status == 1
    assert said.startswith("error: no Docker engine answers")
    assert "Traceback" not in said


def test_unwritable_log_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    status, said = _run("--log", str(tmp_path / "file" / "log"))
    assert status == 1
    assert "cannot be written" in said


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]", "extra-ca"),
        ("invalid peer certificate: UnknownIssuer", "extra-ca"),
        ("OSError: [Errno 28] No space left on device", "docker image prune"),
        ("Temporary failure resolving 'mirror.test'", "DNS"),
        ("error: THESE PACKAGES DO NOT MATCH THE HASHES FROM", "do not use it"),
        ("something nobody has seen", "the lines above"),
    ],
)
def test_failed_build_names_a_remedy(line: str, remedy: str) -> None:
    assert remedy in find_remedy(BuildError("the command returned 1", ("Step 1", line, "end")))
