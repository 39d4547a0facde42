"""Open links as text: what they name, and the addresses of pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote, urlencode, urlsplit

from pydantic import BaseModel, ConfigDict, Field
from twinhub_dtconfig.faults import nearest_key
from twinhub_dtconfig.references import AssetKind
from twinhub_kit.files.errors import BadPathError
from twinhub_kit.files.paths import RelativePath, check_name

from twinhub_library.opening.faults import (
    HostNotAllowedError,
    NextStep,
    NoSuchAssetError,
    OpenLinkError,
)

PAGES = "/open"
_LONGEST_ADDRESS = 1000
_KINDS = ", ".join(map(str, AssetKind))
_VIEWS = ("lab/tree", "doc/tree", "tree", "notebooks", "edit", "files", "view")
"""What an address in a workspace begins with that leads to a file; `lab/tree` is what we open."""


@dataclass(frozen=True, slots=True)
class AssetLink:
    """A link to a published asset, or to a file in it."""

    kind: AssetKind
    name: str
    version: str | None = None
    """None for the newest."""
    path: RelativePath = field(default_factory=RelativePath)
    """Below the asset."""

    @classmethod
    def parse(cls, kind: str, name: str, path: str = "") -> AssetLink:
        """Return the link that the parts of an address stand for.

        Raises:
            NoSuchAssetError: there is no such kind, or no asset can have the name.
        """
        if kind not in set(AssetKind):
            near = nearest_key(kind, map(str, AssetKind))
            steps = [NextStep(f"{near}/{name}", f"{PAGES}/common/{near}/{quote(name)}")]
            raise NoSuchAssetError(
                f"There are no {kind!r} in the library: its kinds are {_KINDS}.",
                *(steps if near else ()),
            )
        plain, at, version = name.rpartition("@")
        plain, version = (plain, version) if at else (name, "")
        try:
            check_name(plain)
            inner = RelativePath.parse(path.lstrip("/"))
        except BadPathError as error:
            raise NoSuchAssetError(f"No asset has this address: {error}") from error
        return cls(AssetKind(kind), plain, version or None, inner)

    @property
    def subject(self) -> str:
        """The asset of all versions, as what was opened is counted by."""
        return f"common/{self.kind}/{self.name}"

    @property
    def address(self) -> str:
        """The address of its page, from the site's root on."""
        version = f"@{self.version}" if self.version else ""
        query = f"?path={quote(str(self.path))}" if self.path.names else ""
        return f"{PAGES}/{quote(self.subject + version, safe='/@')}{query}"


@dataclass(frozen=True, slots=True)
class GitLink:
    """A link to a repository, in the form of nbgitpuller's links."""

    repository: str
    branch: str
    target: RelativePath
    """The folder of the area that it is cloned into."""
    path: RelativePath
    """What opens, below the area."""

    @classmethod
    def parse(
        cls, repository: str, branch: str, path: str, target: str, hosts: tuple[str, ...]
    ) -> GitLink:
        """Return the link that nbgitpuller's parameters stand for.

        Raises:
            OpenLinkError: no repository can be at the address.
            HostNotAllowedError: it is on a host that the site does not allow.
        """
        name = _check_repository(repository, hosts)
        if branch.startswith("-") or len(branch) > 250 or not branch.isprintable():  # noqa: PLR2004
            raise OpenLinkError(f"{branch[:60]!r} is no branch: mend the link.")
        try:
            folder = RelativePath.parse(target or name)
            opened = RelativePath.parse(_strip_view(path)) if path else folder
        except BadPathError as error:
            raise OpenLinkError(f"The link leads to no file: {error}") from error
        if len(folder.names) == 0 or folder.names[0].startswith("."):
            raise OpenLinkError(f"{target!r} is no folder for a repository: mend the link.")
        return cls(repository, branch, folder, opened)

    @property
    def subject(self) -> str:
        """What it is counted by."""
        return f"git/{self.repository}" + (f"@{self.branch}" if self.branch else "")


class GitQuery(BaseModel):
    """The parameters of nbgitpuller's links; those that only its own pages need are let through."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    repo: str = Field("", max_length=_LONGEST_ADDRESS)
    branch: str = Field("", max_length=250)
    urlpath: str = Field("", max_length=4096)
    sub_path: str = Field("", max_length=4096, alias="subPath")
    target: str = Field("", max_length=4096, alias="targetpath")
    target_path: str = Field("", max_length=4096, alias="targetPath")

    def parse(self, hosts: tuple[str, ...]) -> GitLink:
        """Return the link that they stand for.

        Raises:
            OpenLinkError: no repository can be at the address, or the site does not allow it.
        """
        target = self.target or self.target_path
        path = self.urlpath
        if self.sub_path and not path:  # the older form: below the repository
            name = target or self.repo.rstrip("/").rpartition("/")[2].removesuffix(".git")
            path = f"{name}/{self.sub_path}"
        return GitLink.parse(self.repo, self.branch, path, target, hosts)

    @property
    def address(self) -> str:
        """The address of the page."""
        query = self.model_dump(by_alias=True, exclude_defaults=True)
        return f"{PAGES}/git?{urlencode(query)}"


def _check_repository(address: str, hosts: tuple[str, ...]) -> str:
    """Return the name of the repository at an address, or refuse the address."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError as error:
        raise OpenLinkError("The link names no repository: mend it.") from error
    plain = address.isascii() and address.isprintable() and " " not in address
    if not plain or parts.scheme != "https" or not host or len(address) > _LONGEST_ADDRESS:
        raise OpenLinkError("A link to a repository begins with https:// and has no spaces.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise OpenLinkError("The address of the repository holds more than host and path: mend it.")
    allowed = {one.lower() for one in hosts}
    if host.lower() not in allowed and parts.netloc.lower() not in allowed:
        known = f" It allows {', '.join(sorted(hosts))}." if hosts else ""
        raise HostNotAllowedError(
            f"This site opens no repositories of {host}.{known} Ask an administrator to add it."
        )
    name = parts.path.rstrip("/").rpartition("/")[2].removesuffix(".git")
    if not name or name.startswith((".", "-")):
        raise OpenLinkError("The link names no repository: mend it.")
    return name


def _strip_view(path: str) -> str:
    plain = path.partition("?")[0].lstrip("/")
    for view in _VIEWS:
        if plain == view or plain.startswith(f"{view}/"):
            return plain.removeprefix(view).lstrip("/")
    return "" if plain in {"lab", "retro"} else plain


def workspace_address(path: RelativePath) -> str:
    """Return the address that opens a path in the visitor's own workspace.

    The hub starts the workspace if it is stopped, and leads on to its own origin.
    """
    return f"/hub/user-redirect/lab/tree/{quote('/'.join(path.names))}"


def with_query(address: str, query: str) -> str:
    """Return an address with something more in its query."""
    return f"{address}{'&' if '?' in address else '?'}{query}"
