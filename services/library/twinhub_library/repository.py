"""One repository of the library: the only module that speaks to git, through GitPython.

Its git directory lies in ``.library/git``, outside every mount, with a configuration of our own. No
``.git`` that a user can write is ever opened. Every program that GitPython starts runs in a sandbox
(`repositories.sandbox`), with settings that neither users nor repositories can change.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import subprocess
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # a machine without git may serve all else

import git
from git.exc import GitCommandNotFound

from twinhub_library.repositories.errors import (
    GitUnavailableError,
    HostileRepositoryError,
)
from twinhub_library.repositories.faults import By, fault_of
from twinhub_library.repositories.gate import through_gate
from twinhub_library.repositories.imports import NewCommit, import_stream
from twinhub_library.repositories.largefiles import LargeFiles
from twinhub_library.repositories.objects import (
    LOG_FORMAT,
    Listing,
    parse_listing,
    parse_log,
    parse_parents,
)
from twinhub_library.repositories.refs import Refs
from twinhub_library.repositories.remotes import parse_branches
from twinhub_library.repositories.running import Listener, Run, Silent
from twinhub_library.repositories.sandbox import CA_FILE, NOBODY, Job, Limits, Sandbox
from twinhub_library.repositories.settings_of_git import (
    ATTRIBUTES,
    ENVIRONMENT,
    options,
    options_for,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from twinhub_library.repositories.objects import Commit, GitFile, Lines
    from twinhub_library.repositories.remotes import Remote, RemoteBranches

_log = logging.getLogger(__name__)

_LOGGED = 500
_CHUNK = 1 << 20
_NEXT = "refs/twinhub/next"
_MOST_PACKS = 40
_NEAR = 20
"""Commits that are looked at one by one, before git is started to find another."""
_MOST_LOOSE = 1 << 20
"""Bytes of a commit that git takes out of the pack that it has just written."""


@dataclass(frozen=True)
class Walls:
    """How git is run on this machine."""

    sandbox: Sandbox
    limits: Limits = field(default_factory=Limits)
    ca_file: Path | None = None


class _SandboxedGit(git.Git):
    """GitPython's way to git, with every program in the sandbox."""

    def __init__(
        self, walls: Walls, git_dir: Path, work: Path, remote: Remote | None = None
    ) -> None:
        super().__init__(None)
        self._walls, self._git_dir, self._work = walls, git_dir, work
        self.remote = remote
        self.lasting = contextlib.ExitStack()
        """What has to last as long as the programs that were started."""

    def execute(self, command: Any, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - GitPython's
        """Run a command whose first word is git, as GitPython asks for it."""
        remote = self.remote
        words = ["git", *options(command[1])]
        job = Job(
            [], self._git_dir, self._work, ENVIRONMENT, limits=self._walls.limits,
            ca_file=self._walls.ca_file,
        )  # fmt: skip
        if job.ca_file:
            words += ["-c", f"http.sslCAInfo={CA_FILE}"]
        if remote:
            delivered = remote.delivery
            words += options_for(remote.address, remote.addresses)
            words += [word for one in delivered.options for word in ("-c", one)]
            job = replace(
                job, environment={**ENVIRONMENT, **delivered.environment},
                secrets=delivered.secrets, has_network=True,
            )  # fmt: skip
        prepared = self._walls.sandbox.prepared(replace(job, command=[*words, *command[1:]]))
        inner, descriptors = self.lasting.enter_context(prepared)
        try:
            return super().execute(inner, *arguments, pass_fds=descriptors, **named)
        except GitCommandNotFound as error:
            raise GitUnavailableError(
                "Syncing needs git, prlimit and setpriv: an administrator installs them."
            ) from error


class Repository:
    """A git directory, a work folder beside it, and what git does with them."""

    def __init__(self, folder: Path, walls: Walls) -> None:
        """Use a folder that `create` has made."""
        self.folder = folder
        self._walls = walls
        self.work = folder / "work"
        self._listings: dict[tuple[str, str], Listing] = {}
        self._lines: Lines = {}
        self._git = _SandboxedGit(walls, folder / "git", self.work)
        self.refs = Refs(folder / "git", self.give)
        self.large = LargeFiles(folder / "git", self.give)

    @classmethod
    def create(cls, folder: Path, walls: Walls) -> Repository:
        """Make an empty one; what an earlier attempt left is made anew."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        repository = cls(folder, walls)
        for inner in (folder / "git", repository.work):
            inner.mkdir(mode=0o755)
            repository.give(inner)
        repository.run("init", "--quiet", "--initial-branch=main")
        attributes = folder / "git" / "info" / "attributes"
        attributes.parent.mkdir(exist_ok=True)
        attributes.write_text(ATTRIBUTES)
        return repository

    def close(self) -> None:
        """End the programs that read objects."""
        self._git.clear_cache()
        self._git.lasting.close()

    def give(self, path: Path) -> None:
        """Give a file or folder of ours to whom git runs as."""
        if os.geteuid() == 0:
            os.chown(path, self._walls.sandbox.uid, self._walls.sandbox.uid)

    def run(
        self,
        *arguments: str,
        feed: Iterable[bytes] = (),
        listener: Listener | None = None,
        remote: Remote | None = None,
        verb: str = "read",
        wanted: frozenset[int] = frozenset({0}),
    ) -> bytes:
        """Run git and return what it prints.

        Raises:
            LibraryError: what it says went wrong, in plain words.
        """
        program = _SandboxedGit(self._walls, self.folder / "git", self.work, remote)
        with program.lasting:
            process = program.execute(
                ["git", *arguments], as_process=True,
                istream=subprocess.PIPE if feed else None,
            )  # fmt: skip
            run = Run(process.proc, listener or Silent())
            status, output, said = run.finish(feed, seconds=self._walls.limits.seconds)
        if status not in wanted:
            by = By(remote.address.host, by_login=remote.by_login) if remote else By()
            shown = said[-_LOGGED:].encode("unicode_escape").decode("ascii")
            _log.warning(
                "git failed command=%s status=%d said=%s", " ".join(arguments[:2]), status, shown
            )
            raise fault_of(status, said, by=by, verb=verb)
        return output

    # -- names of commits

    def find_commit(self, name: str) -> str | None:
        """Return the commit that a ref or digits name; None where there is none."""
        wanted = frozenset({0, 1, 128})
        found = self.run(
            "rev-parse", "--quiet", "--verify", "--end-of-options", f"{name}^{{commit}}",
            wanted=wanted,
        )  # fmt: skip
        return found.decode("ascii").strip() or None

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Return whether a commit is in the history of another, or is it."""
        near, seen = [newer], 0
        while near and seen < _NEAR:  # by the program that reads objects anyway
            if older in near:
                return True
            seen += len(near)
            near = [one for name in near for one in parse_parents(self.read_blob(name))]
        wanted = frozenset({0, 1})
        before = self.run("rev-list", "--count", "--max-count=1", older, f"^{newer}", wanted=wanted)
        return before.strip() == b"0"

    def count_commits(self, older: str | None, newer: str) -> int:
        """Return how many commits the newer has that the older has not."""
        if older == newer:
            return 0
        names = [newer, f"^{older}"] if older else [newer]
        return int(self.run("rev-list", "--count", *names))

    # -- content

    def list_files(self, commit: str | None, folder: str = "") -> Listing:
        """Return the files of a commit below a folder; of no commit there are none."""
        if commit is None:
            return Listing({}, ())
        if known := self._listings.get((commit, folder)):
            return known
        paths = ["--", f"{folder}/"] if folder else []
        output = self.run(
            "--literal-pathspecs", "ls-tree", "-r", "-l", "-z", "--full-tree", commit, *paths
        )
        found = self._listings[commit, folder] = parse_listing(output, folder, self._lines)
        return found

    def read_blob(self, name: str) -> bytes:
        """Return the content that git has a name for; one program reads all of them."""
        try:
            return bytes(self._git.get_object_data(name)[3])
        except (ValueError, git.exc.GitError) as error:
            raise HostileRepositoryError(
                f"The content {name[:12]} is missing in the repository: connect it anew."
            ) from error

    def blob_chunks(self, name: str) -> Iterator[bytes]:
        """Yield the content that git has a name for, piece by piece."""
        try:
            stream = self._git.stream_object_data(name)[3]
            while chunk := stream.read(_CHUNK):
                yield bytes(chunk)
        except (ValueError, git.exc.GitError) as error:
            raise HostileRepositoryError(
                f"The content {name[:12]} is missing in the repository: connect it anew."
            ) from error

    def commit(self, new: NewCommit, listener: Listener | None = None) -> str:
        """Make a commit that no ref names yet, and return it."""
        is_large = sum(one.size for one in new.written) > _MOST_LOOSE
        packed = ("-c", "fastimport.unpackLimit=0") if is_large else ()
        self.run(
            *packed, "fast-import", "--force", "--quiet", "--done", "--depth=0",
            "--date-format=raw", feed=import_stream(new, _NEXT), listener=listener,
        )  # fmt: skip
        made = self.refs.find(_NEXT)
        assert made, "fast-import has ended well"  # noqa: S101
        return made

    def export(self, files: Mapping[str, GitFile], listener: Listener | None = None) -> None:
        """Write files into the work folder, which is emptied first."""
        self.empty_work()
        entries = (f"{one.mode} {one.blob}\t{path}\0".encode() for path, one in files.items())
        self.run("read-tree", "--empty")
        self.run("update-index", "-z", "--index-info", feed=entries)
        self.run("checkout-index", "--all", "--force", listener=listener)

    def empty_work(self) -> None:
        """Remove what is in the work folder."""
        for path in self.work.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def list_ignored(self, paths: Sequence[str]) -> set[str]:
        """Return the paths that the ``.gitignore`` files in the work folder leave out."""
        wanted = frozenset({0, 1})
        output = self.run(
            "check-ignore", "--no-index", "-z", "--stdin",
            feed=(f"./{path}\0".encode() for path in paths), wanted=wanted,
        )  # fmt: skip
        return {path.removeprefix("./") for path in output.decode().split("\0") if path}

    def list_large(self, paths: Sequence[str]) -> set[str]:
        """Return the paths that the ``.gitattributes`` in the work folder give to Git LFS."""
        output = self.run(
            "check-attr", "-z", "--stdin", "filter",
            feed=(f"{path}\0".encode() for path in paths),
        )  # fmt: skip
        words = output.decode().split("\0")
        return {
            path for path, _, value in zip(words[::3], words[1::3], words[2::3], strict=False)
            if value == "lfs"
        }  # fmt: skip

    # -- history

    def list_commits(self, commit: str, *, path: str = "", skip: int, count: int) -> list[Commit]:
        """Return commits, the newest first; with a path those that changed something there."""
        paths = ["--", path] if path else []
        output = self.run(
            "--literal-pathspecs", "log", "-z", f"--format={LOG_FORMAT}", f"--skip={skip}",
            f"--max-count={count}", commit, *paths,
        )  # fmt: skip
        return list(parse_log(output))

    def difference(self, old: str | None, new: str) -> str:
        """Return the lines that differ between two contents; empty where they are no text."""
        empty = self.run("hash-object", "-w", "--stdin", feed=[b""]).decode().strip()
        output = self.run("diff", "--no-ext-diff", "--no-textconv", "--no-color", old or empty, new)
        text = output.decode("utf-8", "replace")
        _, start, lines = text.partition("\n@@")
        return f"@@{lines}" if start else ""

    def hash_content(self, content: bytes) -> str:
        """Keep content and return git's name for it."""
        return self.run("hash-object", "-w", "--stdin", feed=[content]).decode().strip()

    # -- transports

    def list_remote(self, remote: Remote) -> RemoteBranches:
        """Return what the other side has.

        Raises:
            LibraryError: it does not answer, or does not let us in.
        """
        output = self.run(
            "ls-remote", "--symref", "--", str(remote.address), "HEAD", "refs/heads/*",
            remote=remote,
        )  # fmt: skip
        return parse_branches(output)

    def fetch(self, remote: Remote, branch: str, listener: Listener) -> str:
        """Bring what a branch has now, however it came about, and return its commit.

        Raises:
            BranchGoneError: there is no such branch.
        """
        ref = f"refs/remotes/origin/{branch}"
        self.run(
            "fetch", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--progress",
            "--no-auto-maintenance", "--", str(remote.address), f"+refs/heads/{branch}:{ref}",
            remote=remote, listener=listener,
        )  # fmt: skip
        found = self.refs.find(ref)
        assert found, "fetch has ended well"  # noqa: S101
        self.tidy()
        return found

    def push(
        self, remote: Remote, commit: str, branch: str, *, expected: str | None, listener: Listener
    ) -> None:
        """Make a commit the newest of a branch, if the branch still is at its parent.

        ``expected`` is that parent; None says that there must be no such branch.

        Raises:
            BehindError: the branch is at another commit.
        """
        lease = f"--force-with-lease=refs/heads/{branch}:{expected or ''}"
        self.run(
            "push", "--porcelain", "--progress", "--no-follow-tags", lease, "--",
            str(remote.address), f"{commit}:refs/heads/{branch}", remote=remote,
            listener=listener, verb="change",
        )  # fmt: skip

    def fetch_large(self, remote: Remote, commit: str, listener: Listener) -> None:
        """Bring the large files of a commit."""
        with through_gate(remote) as gate:
            self.run("lfs", "fetch", "origin", commit, remote=gate, listener=listener)

    def push_large(self, remote: Remote, digests: Sequence[str], listener: Listener) -> None:
        """Send large files that were kept."""
        step = 500  # arguments
        for start in range(0, len(digests), step):
            with through_gate(remote) as gate:
                self.run(
                    "lfs", "push", "--object-id", "origin", *digests[start : start + step],
                    remote=gate, listener=listener, verb="change",
                )  # fmt: skip

    def tidy(self) -> None:
        """Make one pack of many, once there are many; what no ref names any more stays too."""
        packs = self.folder / "git" / "objects" / "pack"
        if len(list(packs.glob("*.pack"))) > _MOST_PACKS:
            self.run("repack", "-a", "-d", "-k", "-q")


def running_uid(folder: Path) -> int:
    """Return whom git runs as where we are root: the folder's owner, who must not be root too."""
    return folder.stat().st_uid or NOBODY
