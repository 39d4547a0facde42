"""What git says in plain words, and nothing of what it says besides."""

from __future__ import annotations

import signal

import pytest
from twinhub_kit.files.errors import FullError
from twinhub_library.repositories import errors
from twinhub_library.repositories.faults import By, fault_of

SAID = [
    ("fatal: Authentication failed for 'https://h/x/'", errors.RemoteRefusedError),
    ("remote: HTTP Basic: Access denied", errors.RemoteRefusedError),
    ("git@h: Permission denied (publickey).", errors.RemoteRefusedError),
    ("fatal: Could not resolve host: h", errors.RemoteError),
    ("fatal: unable to access: Failed to connect to h port 443", errors.RemoteError),
    ("ssh: connect to host h port 22: No route to host", errors.RemoteError),
    ("! [rejected] main -> main (stale info)", errors.BehindError),
    ("! [rejected] main -> main (non-fast-forward)", errors.BehindError),
    ("! [remote rejected] main (pre-receive hook declined)", errors.RemoteRefusedError),
    ("GitLab: You are not allowed to push code to protected branches", errors.RemoteRefusedError),
    ("fatal: couldn't find remote ref refs/heads/x", errors.BranchGoneError),
    ("remote: Repository not found.", errors.RemoteRefusedError),
    ("error: object 1: hasDotgit: contains '.git'", errors.HostileRepositoryError),
    ("Host key verification failed.", errors.UnknownHostKeyError),
    ("fatal: write error: No space left on device", FullError),
    ("fatal: write error: File too large", errors.TooLargeError),
    ("git: 'lfs' is not a git command.", errors.GitUnavailableError),
    ("something nobody has seen: s3cret", errors.RemoteError),
]


@pytest.mark.parametrize(("said", "kind"), SAID)
def test_each_fault_of_git_is_said_in_plain_words(said: str, kind: type[Exception]) -> None:
    error = fault_of(128, said, by=By("h"), verb="change")
    assert type(error) is kind
    assert "s3cret" not in str(error)
    assert "fatal" not in str(error)


@pytest.mark.parametrize("status", [-signal.SIGXCPU, 128 + signal.SIGXCPU, -signal.SIGKILL])
def test_a_run_that_a_limit_has_ended_is_said_so(status: int) -> None:
    assert isinstance(fault_of(status, "", by=By(), verb="read"), errors.TooLargeError)
