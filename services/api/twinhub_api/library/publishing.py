"""Publishing: versions, grants, proposals."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from twinhub_api.wire import Wire

Kind = Literal["data", "models", "functions", "tools", "digital_twins"]
_TEXT = 20_000


class PublishRequest(Wire):
    """What is to be published."""

    path: str = Field(description="An asset of the caller's own or of a team's.")
    version: str = Field("", description="Empty for the one that its asset.yaml or twin.yaml says.")
    message: str = Field("", max_length=_TEXT, description="What this version is, in a line.")
    changelog: str = Field("", max_length=_TEXT, description="What has changed, in Markdown.")
    allowed_secrets: tuple[str, ...] = Field(
        (), description="Files of the asset in which what looks like a secret is none; recorded."
    )
    dry_run: bool = Field(default=False, description="Check everything and publish nothing.")


class Version(Wire):
    """A published version; its content never changes."""

    path: str = Field(description="`common/<kind>/<name>@<version>`.")
    kind: Kind
    name: str
    version: str
    digest: str = Field(description="SHA-256 over names, modes and contents.")
    content: str = Field(
        description=(
            "Where the content lies below the library's root, as a workspace has it; "
            "no route reads it by this name."
        )
    )
    is_folder: bool
    size: int
    files: int
    owner: str = Field(description="`user:<label>` or `team:<label>`.")
    author: str
    message: str
    changelog: str
    origin: str = Field(description="What it was published from; empty for other people.")
    published_at: datetime
    is_newest: bool
    is_withdrawn: bool
    withdrawn_why: str
    is_deprecated: bool
    deprecated_why: str
    successor: str


class VersionList(Wire):
    """Versions, by kind, name, and the highest first."""

    versions: tuple[Version, ...]
    next: str | None = None


class Comment(Wire):
    """What somebody says of a proposal."""

    by: str
    at: datetime
    text: str


class Proposal(Wire):
    """A version that waits for somebody to accept it, or what became of it."""

    id: int
    state: Literal["open", "accepted", "returned", "taken-back"]
    kind: Kind
    name: str
    version: str
    digest: str
    size: int
    files: int
    owner: str
    author: str
    message: str
    changelog: str
    made_at: datetime
    decided_at: datetime | None
    decided_by: str
    comments: tuple[Comment, ...]


class ProposalList(Wire):
    """Proposals, the newest first."""

    proposals: tuple[Proposal, ...]
    next: str | None = None


class Decision(Wire):
    """What goes with a decision about a proposal."""

    comment: str = Field("", max_length=_TEXT)


class Published(Wire):
    """What came of publishing: a version, or a proposal where a grant asks for review."""

    state: Literal["published", "proposed", "checked"]
    version: Version | None = None
    proposal: Proposal | None = None


class Deprecation(Wire):
    """Why something else is better than a version."""

    version: str = Field("", description="Empty for all versions.")
    why: str = Field(max_length=_TEXT, description="Empty takes it back.")
    successor: str = Field("", description="What to use instead: something published.")


class Withdrawal(Wire):
    """Why a version is hidden."""

    why: str = Field("", max_length=_TEXT)


class Transfer(Wire):
    """Who owns an asset from now on."""

    kind: Literal["user", "team"]
    name: str = Field(description="Name of a user or of a group.")


class FileDifference(Wire):
    """One file that is not the same in both."""

    path: str
    change: Literal["added", "removed", "changed"]
    old_digest: str
    new_digest: str
    old_size: int
    new_size: int
    text: str = Field(description="A unified difference; of notebooks that of the cells' sources.")


class Difference(Wire):
    """What is not the same, by path."""

    files: tuple[FileDifference, ...]


class GrantRequest(Wire):
    """Who may publish what."""

    subject_kind: Literal["user", "group"]
    subject: str = Field(min_length=1, max_length=255)
    kind: Kind | Literal["*"] = "*"
    pattern: str = Field("*", min_length=1, max_length=255, description="Of names: `pump-*`.")
    needs_review: bool = Field(default=False, description="Somebody accepts each version first.")


class Grant(GrantRequest):
    """A grant, with who made it."""

    id: int
    made_by: str
    made_at: datetime


class GrantList(Wire):
    """Grants, in order of their making."""

    grants: tuple[Grant, ...]
    next: str | None = None


class Permission(Wire):
    """How the caller may publish an asset."""

    verdict: Literal["direct", "review", "no"]
    detail: str = ""
