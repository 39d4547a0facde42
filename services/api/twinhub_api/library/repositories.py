"""Repositories that places of the library are synced with."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from twinhub_api.wire import Wire


class CredentialIn(Wire):
    """What lets git in; it is kept encrypted and never told again."""

    kind: Literal["none", "login", "token", "ssh-key"] = Field(
        description="`login` uses the token of your own login at each use, where the remote is the "
        "GitLab that you sign in with."
    )
    user: str = Field("", max_length=200, description="Name beside a token; GitLab takes any.")
    secret: str = Field(
        "", max_length=32768, repr=False, description="The token, or the private SSH key."
    )


class ConnectIn(Wire):
    """What a place is to be synced with."""

    place: str = Field(
        description="An area or the folder of an asset, such as `alice/models/tank`."
    )
    url: str = Field(description="`https://host/path.git` or `ssh://user@host/path.git`.")
    branch: str = Field("", description="Empty for the repository's default branch.")
    folder: str = Field("", description="Folder in the repository; empty for all of it.")
    credential: CredentialIn | None = Field(
        None,
        description="Without one your own login, where the remote is the GitLab that you sign in "
        "with and the installation lets it; else none.",
    )
    host_key: str = Field(
        "", description="Fingerprint of the SSH server, once you have checked it."
    )
    author_name: str = Field("", max_length=200)
    author_email: str = Field("", max_length=200)


class RepositoryChange(Wire):
    """What of a connected repository is to be another; what is left out stays."""

    branch: str | None = None
    credential: CredentialIn | None = None
    host_key: str = ""
    author_name: str | None = Field(None, max_length=200)
    author_email: str | None = Field(None, max_length=200)


class Repository(Wire):
    """A place and what it is synced with."""

    id: str
    place: str
    url: str
    branch: str
    folder: str
    credential: Literal["none", "login", "token", "ssh-key"]
    connected_by: str
    connected_at: datetime
    synced_at: datetime | None
    fault: str = Field(description="What went wrong the last time; empty when nothing did.")
    conflicts: tuple[str, ...] = Field(description="Copies of your files that wait for you.")
    follow_path: str = Field(description="Asset whose common one follows, or empty.")
    follow_seconds: int = Field(
        0, description="How often it is looked at; 0 for the webhook alone."
    )
    has_webhook: bool = Field(default=False, description="Whether a webhook has it looked at.")


class RepositoryList(Wire):
    """Repositories whose places you may read, by place."""

    repositories: tuple[Repository, ...]
    next: str | None = Field(None, description="What `after` is to be for more; null at the end.")


class ChangedFile(Wire):
    """A file that differs from the last synced commit."""

    path: str
    kind: Literal["added", "changed", "removed"]


class LeftOutFile(Wire):
    """Something that is not synced, and why."""

    path: str
    reason: str


class RepositoryStatus(Wire):
    """How a place and its repository stand to each other."""

    base: str | None = Field(description="The last synced commit.")
    ahead: int = Field(description="Commits that the next push makes: 1 where files differ.")
    behind: int = Field(description="Commits of the other side that are not here.")
    was_rewritten: bool = Field(description="The other side replaced commits: a forced push.")
    changes: tuple[ChangedFile, ...]
    changes_count: int
    left_out: tuple[LeftOutFile, ...]
    conflicts: tuple[str, ...]
    fault: str
    synced_at: datetime | None


class SyncIn(Wire):
    """How a pull, push or sync is done."""

    dry_run: bool = Field(default=False, description="Tell what would happen, and change nothing.")
    message: str = Field("", max_length=10_000, description="Of the commit; made up when empty.")
    create_branch: bool = Field(default=False, description="A push may make the branch anew.")
    allowed_secrets: tuple[str, ...] = Field(
        (), description="Files in which what looks like a secret is none."
    )


class RestoreIn(Wire):
    """What is to be as it was."""

    commit: str
    path: str = Field("", description="A file or folder of the place; empty for all.")
    dry_run: bool = False


class FileOutcome(Wire):
    """What became, or would become, of a file."""

    path: str
    outcome: Literal["unchanged", "updated", "added", "removed", "kept", "merged", "conflict"]
    copy_path: str | None = Field(description="Your own version, where both sides changed it.")
    note: str


class PullReport(Wire):
    """What a pull or a restore did, or would do."""

    commit: str | None
    files: tuple[FileOutcome, ...]
    files_count: int
    was_rewritten: bool
    kept: str | None = Field(description="Commit with what was here before: restore it to go back.")
    left_out: tuple[LeftOutFile, ...]
    notes: tuple[str, ...]


class LikelySecret(Wire):
    """A place that looks as if it held a secret; the secret itself is not told."""

    path: str
    line: int
    what: str


class PushReport(Wire):
    """What a push did, or would do."""

    commit: str | None = Field(description="Null where nothing was to be pushed.")
    changes: tuple[ChangedFile, ...]
    changes_count: int
    left_out: tuple[LeftOutFile, ...]
    secrets: tuple[LikelySecret, ...] = Field(
        (), description="At a dry run, what the push would be refused for."
    )


class SyncReport(Wire):
    """What a sync did, or would do."""

    pulled: PullReport
    pushed: PushReport | None = Field(description="Null where a person has to look first.")
    notes: tuple[str, ...]


class RepositoryCommit(Wire):
    """One commit."""

    id: str
    parents: tuple[str, ...]
    author: str
    at: datetime
    message: str


class CommitList(Wire):
    """Commits, the newest first."""

    commits: tuple[RepositoryCommit, ...]
    next: str | None = Field(None, description="What `after` is to be for more; null at the end.")


class FileDifference(Wire):
    """What differs in a file, as lines of a unified difference; empty where it is no text."""

    path: str
    text: str


class FollowIn(Wire):
    """How a common asset follows a repository."""

    path: str = Field(description="Asset in the place that is published, such as the place itself.")
    every_seconds: int = Field(
        0, ge=0, le=7 * 24 * 3600, description="How often to look; 0 for the webhook alone."
    )
    webhook_secret: str = Field(
        "", max_length=200, repr=False, description="What the webhook is to know; empty for none."
    )


class FollowReport(Wire):
    """What following a repository has brought."""

    commit: str | None
    version: str = Field(description="The version, empty where it was published before.")
