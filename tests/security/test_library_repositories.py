"""D4 32 to 37: hostile addresses, hostile repositories and hostile folders."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from twinhub_library.errors import LibraryError
from twinhub_library.repositories.errors import (
    BadAddressError,
    HostileRepositoryError,
    RemoteRefusedError,
)
from twinhub_library.repositories.sandbox import Job, Limits
from twinhub_library.repository import Repository

from tests.fixtures.git_servers import git
from tests.integration.library.repositories.conftest import ALICE, bench

if TYPE_CHECKING:
    from tests.fixtures.git_servers import GitServers, Remote
    from tests.integration.library.repositories.conftest import Bench

__all__ = ["bench"]


@pytest.mark.d4(32)
@pytest.mark.parametrize(
    "address",
    [
        "-x", "--upload-pack=touch /tmp/x", "ext::sh -c id", "file:///etc", "/etc", "../x", "x",
        "fd::17", "git://host/x.git", "ftp://host/x.git", "http://host/x.git", "ssh://host/x.git",
        "ssh://-oProxyCommand=id/x", "ssh://git@-oProxyCommand=id/x", "-oProxyCommand=id@host:x",
        "git@-host:x", "https://host", "https://", "https://h ost/x", "https://host/x\n",
        "https://host/../x", "https://host/x?y=z", "https://host/x#y", "https://host/%00x",
        "https://user:secret@host/x", "https://token@host/x", "HTTPS+ext::x://host/x",
        "https://host:99999/x", "https://[::1/x", "https://host/x;id", "https://host/$(id)",
        "transport::https://host/x",
    ],
)  # fmt: skip
def test_an_address_that_git_could_take_otherwise_is_refused(
    bench: Bench, address: str
) -> None:  # fmt: skip
    if address == "https://host/%00x":
        address = "https://127.0.0.1/\0x"
    with pytest.raises(BadAddressError) as told:
        bench.connect(address)
    assert "secret" not in str(told.value)


@pytest.mark.d4(32)
@pytest.mark.parametrize(
    "branch",
    ["-x", "--upload-pack=id", "a..b", "a b", "a~1", "a^", "a:b", "*", "a\\b", "@{u}", "HEAD",
     "a.lock", "/a", "a/", "a//b", ".a", "a.", "a\nb", "+a:b"],
)  # fmt: skip
def test_a_branch_that_git_could_take_otherwise_is_refused(
    bench: Bench, git_servers: GitServers, branch: str
) -> None:
    with pytest.raises(BadAddressError):
        bench.connect(f"http://127.0.0.1:{git_servers.http_port}/x.git", branch=branch)


@pytest.mark.d4(32)
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "169.254.169.254",
        "[::1]",
        "0.0.0.0",  # noqa: S104 - to be refused
        "[::ffff:127.0.0.1]",
        "[fd00:ec2::254]",
        "100.100.100.200",
        "192.0.0.192",
    ],
)
def test_this_machine_and_its_link_are_not_spoken_to(host: str) -> None:
    from twinhub_library.repositories.addresses import parse_address  # noqa: PLC0415
    from twinhub_library.repositories.hosts import check_host  # noqa: PLC0415

    with pytest.raises(BadAddressError):
        check_host(parse_address(f"https://{host}/x.git"), allowed=(), allow_loopback=False)


@pytest.mark.d4(33)
def test_a_redirect_is_not_followed(bench: Bench, git_servers: GitServers) -> None:
    with pytest.raises(RemoteRefusedError, match="another address"):
        bench.connect(f"http://127.0.0.1:{git_servers.http_port}/moved/x.git")


def _tree(remote: Remote, *entries: tuple[str, str, str]) -> str:
    """Return a tree of raw entries (mode, type, name), whose blob or tree is made here."""
    blob = git(remote.path, "hash-object", "-w", "--stdin", text="hostile\n")
    lines = []
    for mode, kind, name in entries:
        inner = git(remote.path, "mktree", text=f"100644 blob {blob}\tx\n")
        lines.append(f"{mode} {kind} {inner if kind == 'tree' else blob}\t{name}\0")
    return git(remote.path, "mktree", "-z", text="".join(lines))


def _commit_tree(remote: Remote, tree: str) -> None:
    made = git(remote.path, "commit-tree", tree, "-m", "hostile")
    git(remote.path, "update-ref", "refs/heads/main", made)


@pytest.mark.d4(33)
@pytest.mark.parametrize("name", [".git", ".GIT", "git~1", ".g\u200cit"])
def test_a_repository_with_a_git_folder_in_it_is_refused_whole(
    bench: Bench, git_servers: GitServers, name: str, request: pytest.FixtureRequest
) -> None:
    remote = git_servers.make(f"dotgit-{request.node.callspec.indices['name']}", {"a.txt": "a\n"})
    row = bench.cloned(remote.url)
    raw = _raw_tree(remote, f"40000 {name}".encode(), is_folder=True)
    _commit_tree(remote, raw)

    with pytest.raises(HostileRepositoryError, match="refuses to take in"):
        bench.syncing.pull(ALICE, row.id)

    assert bench.files() == {"a.txt": "a\n"}
    assert not bench.looking.status(ALICE, row.id).changes


def _raw_tree(remote: Remote, entry: bytes, *, is_folder: bool) -> str:
    """Write a tree that mktree would refuse."""
    blob = git(remote.path, "hash-object", "-w", "--stdin", text="hostile\n")
    inner = git(remote.path, "mktree", text=f"100644 blob {blob}\tconfig\n")
    content = entry + b"\0" + bytes.fromhex(inner if is_folder else blob)
    return git(
        remote.path, "hash-object", "-w", "-t", "tree", "--literally", "--stdin", text=content
    )


@pytest.mark.d4(33)
def test_a_path_that_leads_out_is_refused_whole(bench: Bench, git_servers: GitServers) -> None:
    remote = git_servers.make("dotdot", {"a.txt": "a\n"})
    row = bench.cloned(remote.url)
    for entry in (b"40000 ..", b"40000 .", b"100644 a/b"):
        _commit_tree(remote, _raw_tree(remote, entry, is_folder=entry.startswith(b"4")))
        with pytest.raises(HostileRepositoryError):
            bench.syncing.pull(ALICE, row.id)
    assert bench.files() == {"a.txt": "a\n"}
    assert sorted(path.name for path in bench.root.iterdir()) == [".library", "alice"]


@pytest.mark.d4(33)
def test_links_submodules_and_names_that_no_file_has_stay_in_the_repository(
    bench: Bench, git_servers: GitServers
) -> None:
    remote = git_servers.make("odd", {"a.txt": "a\n", "dir/b.txt": "b\n"})
    with remote.edited() as work:
        (work / "out").symlink_to("/etc")
        (work / "passwd").symlink_to("/etc/passwd")
        (work / "back\\slash").write_text("x\n")
        git(work, "add", "-A")
        head = git(work, "rev-parse", "HEAD")
        git(work, "update-index", "--add", "--cacheinfo", f"160000,{head},module")
        (work / ".gitmodules").write_text(
            f'[submodule "module"]\n\tpath = module\n\turl = {remote.url}\n'
        )
        git(work, "add", ".gitmodules")
        git(work, "commit", "-q", "-m", "odd")
    row = bench.connect(remote.url)

    pulled = bench.syncing.pull(ALICE, row.id)

    left_out = {one.path for one in pulled.left_out}
    assert {"out", "passwd", "module", "back\\slash"} <= left_out
    assert set(bench.files()) == {"a.txt", "dir/b.txt", ".gitmodules"}
    bench.write("alice/models/tank/a.txt", "mine\n")
    bench.syncing.sync(ALICE, row.id)
    names = git(remote.path, "ls-tree", "-r", "main", "--name-only", "-z").split("\0")
    assert {"out", "passwd", "module", "back\\slash", "a.txt"} <= set(names)
    assert remote.read("a.txt") == "mine"


@pytest.mark.d4(33)
def test_a_hostile_gitmodules_is_refused_whole(bench: Bench, git_servers: GitServers) -> None:
    remote = git_servers.make("modules", {"a.txt": "a\n"})
    row = bench.cloned(remote.url)
    remote.commit({".gitmodules": '[submodule "x"]\n\tpath = x\n\turl = --upload-pack=id\n'})

    with pytest.raises(HostileRepositoryError):
        bench.syncing.pull(ALICE, row.id)
    assert bench.files() == {"a.txt": "a\n"}


@pytest.mark.d4(33)
def test_attributes_of_a_repository_start_no_program_and_change_no_byte(
    bench: Bench, git_servers: GitServers
) -> None:
    rules = (
        "* text=auto eol=crlf filter=evil diff=evil merge=evil ident export-subst\n"
        "*.utf working-tree-encoding=UTF-16\n"
    )
    files = {".gitattributes": rules, "a.txt": "$Id$\nline\n", "b.utf": "text\n"}
    remote = git_servers.make(
        "attributes", {name: text for name, text in files.items() if name != ".gitattributes"}
    )
    blob = git(remote.path, "hash-object", "-w", "--stdin", text=rules)
    entries = git(remote.path, "ls-tree", "main") + f"\n100644 blob {blob}\t.gitattributes\n"
    _commit_tree(remote, git(remote.path, "mktree", text=entries))
    row = bench.cloned(remote.url)

    assert bench.files() == files
    assert not bench.looking.status(ALICE, row.id).changes


@pytest.mark.d4(33)
def test_names_that_differ_in_their_case_alone_are_two_files(
    bench: Bench, git_servers: GitServers
) -> None:
    remote = git_servers.make("case", {"a/x.txt": "lower\n", "A/x.txt": "upper\n"})
    row = bench.cloned(remote.url)

    assert bench.files() == {"a/x.txt": "lower\n", "A/x.txt": "upper\n"}
    assert not bench.looking.status(ALICE, row.id).changes


@pytest.mark.d4(33)
def test_a_git_folder_that_a_user_has_written_is_never_opened(
    bench: Bench, git_servers: GitServers, tmp_path: Path
) -> None:
    remote = git_servers.make("local", {"a.txt": "a\n"})
    row = bench.cloned(remote.url)
    place = bench.root / "alice/models/tank"
    proof = tmp_path / "proof"
    program = tmp_path / "evil.sh"
    program.write_text(f"#!/bin/sh\ntouch {proof}\n")
    program.chmod(0o755)
    for folder in (place, place / "inner", bench.root / "alice", bench.root):
        folder.mkdir(exist_ok=True)
        subprocess.run(["git", "init", "-q", str(folder)], check=True)
        (folder / ".git/hooks").mkdir(exist_ok=True)
        for hook in ("pre-push", "post-checkout", "reference-transaction", "post-merge"):
            (folder / ".git/hooks" / hook).write_bytes(program.read_bytes())
            (folder / ".git/hooks" / hook).chmod(0o755)
        (folder / ".git/config").write_text(
            f"[core]\n\trepositoryformatversion = 0\n\tfsmonitor = {program}\n"
            f"\thooksPath = {folder}/.git/hooks\n\tsshCommand = {program}\n\tpager = {program}\n"
            f'[filter "evil"]\n\tclean = {program}\n\tsmudge = {program}\n'
            f"[credential]\n\thelper = !{program}\n[diff]\n\texternal = {program}\n"
        )
    (place / ".gitattributes").write_text("* filter=evil diff=evil\n")
    bare = place / "bare"
    subprocess.run(["git", "init", "-q", "--bare", str(bare)], check=True)
    (bare / "config").write_text(f"[core]\n\tbare = true\n\tfsmonitor = {program}\n")
    (place / "file.git").write_text("gitdir: /\n")
    remote.commit({"a.txt": "theirs\n"})

    synced = bench.syncing.sync(ALICE, row.id)
    bench.looking.difference(row.id, "a.txt")

    assert not proof.exists()
    assert synced.pushed
    assert {one.path for one in synced.pushed.left_out} >= {".git", "inner/.git"}
    assert not [name for name in remote.files() if ".git" in Path(name).parts]
    assert "bare/config" in remote.files()


@pytest.mark.d4(36)
def test_links_and_devices_in_a_place_are_not_followed(
    bench: Bench, git_servers: GitServers, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret\n")
    remote = git_servers.make("out", {"a.txt": "a\n", "dir/b.txt": "b\n"})
    row = bench.cloned(remote.url)
    place = bench.root / "alice/models/tank"
    (place / "link.txt").symlink_to(outside / "secret.txt")
    (place / "folder").symlink_to(outside)
    os.mkfifo(place / "pipe")
    (place / "dir/b.txt").unlink()
    (place / "dir").rmdir()
    (place / "dir").symlink_to(outside)
    (place / ".gitattributes").symlink_to(outside / "secret.txt")
    remote.commit({"dir/b.txt": "theirs\n", "dir/c.txt": "new\n"})

    bench.syncing.sync(ALICE, row.id)

    assert sorted(outside.iterdir()) == [outside / "secret.txt"]
    assert "secret" not in git(remote.path, "log", "--all", "-p")


@pytest.mark.d4(34)
def test_git_runs_without_rights_and_sees_its_own_folders_alone(
    bench: Bench, git_servers: GitServers
) -> None:
    remote = git_servers.make("walls", {"a.txt": "a\n"})
    row = bench.cloned(remote.url)
    walls = bench.connections.walls()
    folder = bench.root / ".library/git" / row.id
    script = (
        "id -u; grep -E '^(CapEff|NoNewPrivs)' /proc/self/status; ls /; ls /home /root /tmp 2>&1;"
        " ulimit -t; ulimit -f; ls /proc | grep -c '^[0-9]'; ls -d " + str(bench.root) + " 2>&1;"
        " grep -c . /proc/net/route; env"
    )
    job = Job(["sh", "-c", script], folder / "git", folder / "work", limits=Limits(cpu_seconds=7))
    with walls.sandbox.prepared(job) as (words, descriptors):
        done = subprocess.run(
            words, pass_fds=descriptors, capture_output=True, text=True, check=False,
            env=os.environ | {"GIT_DIR": "/etc", "SECRET": "xyzzy"},
        )  # fmt: skip
    lines = done.stdout.splitlines()
    assert int(lines[0]) != 0
    assert "CapEff:\t0000000000000000" in lines
    assert "NoNewPrivs:\t1" in lines
    assert "7" in lines
    assert "home" not in lines
    assert "root" not in lines
    assert f"ls: cannot access '{bench.root}': No such file or directory" in lines
    assert "xyzzy" not in done.stdout
    assert "GIT_DIR" not in done.stdout


@pytest.mark.d4(34)
def test_a_run_that_takes_too_long_or_writes_too_much_is_ended_and_said(
    bench: Bench, git_servers: GitServers
) -> None:
    from dataclasses import replace  # noqa: PLC0415

    remote = git_servers.make("large", {"a.bin": os.urandom(3 << 20)})
    row = bench.connect(remote.url)
    walls = bench.connections.walls()
    opened = bench.connections.remote(ALICE, row)
    folder = bench.root / ".library/git" / row.id
    small = replace(walls, limits=Limits(file_bytes=1 << 20))
    short = replace(walls, limits=Limits(seconds=0.01))
    from twinhub_library.repositories.running import Silent  # noqa: PLC0415

    with pytest.raises(LibraryError, match="larger than this installation allows"):
        Repository(folder, small).fetch(opened, "main", Silent())
    with pytest.raises(LibraryError, match="longer than this installation allows"):
        Repository(folder, short).fetch(opened, "main", Silent())
    bench.syncing.pull(ALICE, row.id)
    assert (bench.root / "alice/models/tank/a.bin").stat().st_size == 3 << 20
