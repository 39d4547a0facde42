"""Where the code of a job comes from: a path, or a git URL of which only one commit is fetched."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

_URL = re.compile(
    r"git\+(?P<scheme>https|ssh|file)://(?P<place>[^/\s#]*/[^\s#@]+)"
    r"(?:@(?P<ref>[A-Za-z0-9][A-Za-z0-9._/+-]*))?(?:#(?P<fragment>[^\s#]*))?"
)
_FORM = "git+https://HOST/PATH[@REF][#subdirectory=FOLDER], or with ssh or file in place of https"
_LOOKS_REMOTE = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*::?|^[^/]+@[^/]+:")


class SourceError(Exception):
    """The code of a job cannot be had."""


@dataclass(frozen=True)
class GitSource:
    """One commit of a repository, and a folder in it."""

    url: str
    ref: str
    subdirectory: str

    @property
    def shown(self) -> str:
        """Return the URL without a password or token."""
        return re.sub(r"//[^/]*@", "//", self.url)


def parse_git_url(text: str) -> GitSource | None:
    """Return what a git URL names, or nothing for a path.

    Raises:
        SourceError: it is a URL, but of no kind that is fetched.
    """
    if not text.startswith("git+"):
        if _LOOKS_REMOTE.match(text) and not os.path.exists(text):
            raise SourceError(f"{_hidden(text)} is not fetched. Write it as {_FORM}")
        return None
    match = _URL.fullmatch(text)
    if match is None or match["place"].split("/")[0].split("@")[-1].startswith("-"):
        raise SourceError(f"{_hidden(text)} is not understood. Write it as {_FORM}")
    return GitSource(
        url=f"{match['scheme']}://{match['place']}",
        ref=match["ref"] or "HEAD",
        subdirectory=_subdirectory(match["fragment"] or ""),
    )


def _hidden(text: str) -> str:
    return re.sub(r"//[^/]*@", "//", text)


def _subdirectory(fragment: str) -> str:
    if not fragment:
        return ""
    key, _, folder = fragment.partition("=")
    if key != "subdirectory" or not folder:
        raise SourceError(f"#{fragment} is not understood: #subdirectory=FOLDER is")
    if folder.startswith(("/", "-")) or ".." in folder.split("/"):
        raise SourceError(f"the subdirectory {folder} leads out of the repository")
    return folder


def git_commands(source: GitSource, folder: str) -> list[list[str]]:
    """Return the commands that lay the source into a new folder, without hooks or submodules."""
    git = [
        "git", "-C", folder, "-c", "core.hooksPath=/dev/null", "-c", "submodule.recurse=false",
        "-c", "protocol.ext.allow=never", "-c", "core.fsmonitor=false",
        "-c", "advice.detachedHead=false",
    ]  # fmt: skip
    return [
        [*git, "init", "--quiet", "--template="],
        [*git, "fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--",
         source.url, source.ref],
        [*git, "checkout", "--quiet", "--detach", "FETCH_HEAD"],
    ]  # fmt: skip


GIT_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "https:ssh:file",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
    "GIT_HTTP_LOW_SPEED_LIMIT": "1000",
    "GIT_HTTP_LOW_SPEED_TIME": "60",
    "GIT_LFS_SKIP_SMUDGE": "1",
}
"""Nothing is asked for, and a connection on which nothing comes ends after a minute."""


def inside(folder: str, subdirectory: str) -> str:
    """Return a subdirectory's path, which no link leads out of the folder.

    Raises:
        SourceError: there is none, or it lies elsewhere.
    """
    path = os.path.realpath(os.path.join(folder, subdirectory))
    if not os.path.isdir(path):
        raise SourceError(f"the repository has no folder {subdirectory}")
    if os.path.commonpath([path, os.path.realpath(folder)]) != os.path.realpath(folder):
        raise SourceError(f"the subdirectory {subdirectory} leads out of the repository")
    return path
