"""The asset library in ``twinhub.yaml``: limits, previous versions, repositories, open links."""

from __future__ import annotations

from pydantic import Field, field_validator
from twinhub_dtconfig.sections import Section

from twinhub_hub.settings.values import Bytes, DomainName, FilePath, GroupPath, check_differ

_GIB = 2**30
_MOST = 2**60


class UserQuota(Section):
    """Another limit for one user's own area."""

    name: str = Field(description="User name.", examples=["alice"])
    limit: Bytes = Field(ge=2**20, le=_MOST, description="The limit.", examples=["200G"])


class TeamQuota(Section):
    """Another limit for one team's area."""

    name: GroupPath = Field(
        description="The group whose team it is, as the hub's admin panel shows it.",
        examples=["org/twins/plant"],
    )
    limit: Bytes = Field(ge=2**20, le=_MOST, description="The limit.", examples=["1T"])


_NamedQuota = UserQuota | TeamQuota


class Quota(Section):
    """How much may be kept; what is not set has no limit but the disk."""

    user: Bytes | None = Field(
        None,
        ge=2**20,
        le=_MOST,
        description="Limit of each user's own area, with what is in their bin.",
        examples=["20G"],
    )
    team: Bytes | None = Field(
        None, ge=2**20, le=_MOST, description="Limit of each team's area.", examples=["100G"]
    )
    common: Bytes | None = Field(
        None, ge=2**20, le=_MOST, description="Limit of the common area.", examples=["1T"]
    )
    users: tuple[UserQuota, ...] = Field((), description="Other limits for some users.")
    teams: tuple[TeamQuota, ...] = Field((), description="Other limits for some teams.")
    free_space: Bytes = Field(
        2 * _GIB,
        ge=2**20,
        le=_MOST,
        description="Room on the assets' disk below which the library writes nothing any more.",
    )

    @field_validator("users", "teams")
    @classmethod
    def _names_differ(cls, value: tuple[_NamedQuota, ...]) -> tuple[_NamedQuota, ...]:
        check_differ([one.name for one in value], "limits are for", "name")
        return value


class Snapshots(Section):
    """Previous versions of private and team areas, thinned out as they get older."""

    every_minutes: int = Field(
        60, ge=0, le=10_080, description="How often they are taken; 0 for never."
    )
    hours: int = Field(
        24, ge=0, le=1000, description="How many hours with a change keep their newest version."
    )
    days: int = Field(7, ge=0, le=1000, description="Likewise, how many days.")
    weeks: int = Field(4, ge=0, le=1000, description="Likewise, how many weeks.")
    months: int = Field(3, ge=0, le=1000, description="Likewise, how many months.")
    largest_file: Bytes = Field(
        10 * _GIB, ge=2**10, le=_MOST, description="Larger files have no previous versions."
    )
    free_space: Bytes = Field(
        5 * _GIB,
        ge=2**20,
        le=_MOST,
        description="None are taken while the assets' disk has less room.",
    )


class Git(Section):
    """Syncing of assets with git repositories."""

    hosts: tuple[str, ...] = Field(
        (),
        description="The only hosts that are synced with; empty for all but this machine.",
        examples=[["gitlab.example.org"]],
    )
    largest_pull: Bytes = Field(
        10 * _GIB, ge=2**20, le=_MOST, description="How much one pull may bring."
    )
    minutes: int = Field(60, ge=1, le=1440, description="How long one run of git may take.")
    ca_file: FilePath | None = Field(
        None,
        description="Certificates of the site's own authorities, as PEM, for git over https.",
        examples=["trust/authority.pem"],
    )
    known_hosts: FilePath | None = Field(
        None,
        description=(
            "Keys of SSH servers that the site vouches for, as ssh keeps them; of others a person "
            "confirms the key."
        ),
        examples=["trust/known_hosts"],
    )
    email_domain: DomainName = Field(
        "users.twinhub.invalid",
        description="What is behind the @ of authors of commits who give no address.",
        examples=["example.org"],
    )


class OpenLinks(Section):
    """Links that open what is published, or a repository, in one's own workspace."""

    git_hosts: tuple[DomainName, ...] = Field(
        (),
        description="Hosts whose repositories such links open; empty for those of `git.hosts`.",
        examples=[["gitlab.example.org"]],
    )


class Library(Section):
    """The asset library."""

    quota: Quota = Field(Quota(), description=Quota.__doc__)
    snapshots: Snapshots = Field(Snapshots(), description=Snapshots.__doc__)
    git: Git = Field(Git(), description=Git.__doc__)
    open_links: OpenLinks = Field(OpenLinks(), description=OpenLinks.__doc__)
