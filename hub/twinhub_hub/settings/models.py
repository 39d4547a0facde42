"""The settings of an installation: one frozen tree of models behind ``twinhub.yaml``.

Field names are the keys of the file; descriptions become the reference and the JSON Schema.
Nothing here reads a file or the environment: see ``twinhub_hub.settings.loading``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator
from twinhub_dtconfig.sections import Section
from twinhub_dtconfig.values import RefusalError

from twinhub_hub.egress import HOST_PATTERN, Egress, uses_proxy
from twinhub_hub.settings.auth import Auth
from twinhub_hub.settings.images import OWN, Image, OfferedImage
from twinhub_hub.settings.layers import Layer
from twinhub_hub.settings.library import Library
from twinhub_hub.settings.runner import Runner
from twinhub_hub.settings.site import Site
from twinhub_hub.settings.values import (
    Bytes,
    FilePath,
    GroupPath,
    check_differ,
)

PREFIX = r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$"
"""Pattern of ``engine.prefix``."""


ListedHost = Annotated[str, Field(pattern=HOST_PATTERN, max_length=254)]


class Workspace(Section):
    """The container that a user works in."""

    images: tuple[OfferedImage, ...] = Field(
        (OWN["workspace"],),
        min_length=1,
        description=(
            "What people may choose, the first is the default: short names of TwinHub's own "
            "images (`workspace`, `workspace-desktop`, `workspace-full`), which `twinhub up` "
            "builds, or other images with the keys below."
        ),
    )
    named: int = Field(
        1,
        ge=0,
        le=20,
        description=(
            "How many further workspaces each person may have beside the first, on the same home "
            "and files; 0 for none."
        ),
    )
    layers: tuple[Layer, ...] = Field(
        (),
        description=(
            "The site's own packages on top of images, for everybody in a group; see how-to "
            "“Packages for a course”."
        ),
    )
    memory: Bytes = Field(
        4 * 2**30,
        ge=64 * 2**20,
        le=2**50,
        description="Memory limit, such as `4G`; at least `64M`.",
    )
    cpus: float = Field(2.0, gt=0, le=1024, description="CPU limit, in cores.")
    processes: int = Field(1024, ge=64, le=1_000_000, description="Limit of processes and threads.")
    shared_memory: Bytes = Field(
        256 * 2**20, ge=2**20, le=2**50, description="Size of `/dev/shm`; at least `1M`."
    )
    egress: Egress = Field(
        "open",
        description=(
            "What a workspace reaches outside of this machine: `open`, everything but its walls; "
            "`listed`, the hosts of `egress_hosts` through a proxy; `none`, nothing, not even a "
            "name server. A change holds from a workspace's next start."
        ),
    )
    egress_hosts: tuple[ListedHost, ...] = Field(
        (),
        description=(
            "What `egress: listed` reaches, at ports 80 and 443: a host by its name or its IPv4 "
            "address, or a name with a dot before it for that host and every one below."
        ),
        examples=[["git.example.org", ".example.edu"]],
    )
    start_timeout_seconds: int = Field(
        120, ge=5, le=3600, description="How long a start may take before it counts as failed."
    )
    idle_hours: float = Field(
        24, ge=0, le=8760, description="Hours without activity before a stop; 0 means never."
    )

    @field_validator("egress_hosts")
    @classmethod
    def _hosts_differ(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        check_differ(list(value), "entries name the host", "host")
        return value

    @field_validator("layers")
    @classmethod
    def _layers_differ(cls, value: tuple[Layer, ...]) -> tuple[Layer, ...]:
        check_differ([layer.name for layer in value], "layers are named", "name")
        return value

    @field_validator("images")
    @classmethod
    def _images_differ(cls, value: tuple[Image, ...]) -> tuple[Image, ...]:
        check_differ([image.image for image in value], "entries offer the image")
        return value


class GroupRules(Section):
    """What members of one group are given instead of what `workspace` gives everybody.

    A key that is not set leaves the general value. Of several groups of one person the most
    generous value holds; of `egress` the strictest.
    """

    name: GroupPath = Field(
        description="The group, as the hub's admin panel shows it.", examples=["org/twins/course"]
    )
    memory: Bytes | None = Field(
        None, ge=64 * 2**20, le=2**50, description="Memory limit.", examples=["8G"]
    )
    cpus: float | None = Field(
        None, gt=0, le=1024, description="CPU limit, in cores.", examples=[4.0]
    )
    images: tuple[OfferedImage, ...] | None = Field(
        None,
        min_length=1,
        description=(
            "What members may choose instead of what `workspace.images` lists, in the same form; "
            "of several groups all together."
        ),
    )
    egress: Egress | None = Field(
        None,
        description="What their workspaces reach outside; of several groups the strictest holds.",
        examples=["none"],
    )
    workspaces: int | None = Field(
        None,
        ge=0,
        le=100_000,
        description=(
            "How many workspaces of the group may run at once; of several groups of one person "
            "each must have a place."
        ),
        examples=[30],
    )

    @field_validator("images")
    @classmethod
    def _images_differ(cls, value: tuple[Image, ...] | None) -> tuple[Image, ...] | None:
        check_differ([image.image for image in value or ()], "entries offer the image")
        return value


class Storage(Section):
    """Where assets are kept."""

    assets: FilePath = Field(
        Path("assets"),
        description="Assets root; a relative path starts at the folder of `twinhub.yaml`.",
    )


class Engine(Section):
    """What starts workspaces."""

    kind: Literal["auto", "docker", "process"] = Field(
        "auto",
        description=(
            "`docker`: a container for each user. `process`: one user, on loopback, under "
            "bubblewrap; only for a first look where no Docker engine can be had. `auto`: "
            "`docker` where an engine is installed, else `process`."
        ),
    )
    network: str = Field(
        "twinhub", pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$", description="Name of TwinHub's bridge."
    )
    prefix: str = Field(
        "twinhub",
        pattern=PREFIX,
        description="First part of the name of every container and volume.",
    )
    threads: int = Field(4, ge=1, le=64, description="Docker calls under way at once.")
    concurrent_starts: int = Field(
        20, ge=1, le=1000, description="Starts under way at once; more wait in a queue."
    )


class Secrets(Section):
    """Files that hold secrets; each must exist with mode 0600. Unset ones are generated."""

    cookie_secret_file: FilePath | None = Field(
        None,
        description="Key that signs sign-in cookies, 32 bytes as hexadecimal text.",
        examples=["secrets/cookie_secret"],
    )
    proxy_token_file: FilePath | None = Field(
        None,
        description="Token that the hub and the proxy share, 32 or more characters.",
        examples=["secrets/proxy_token"],
    )
    client_secret_file: FilePath | None = Field(
        None,
        description="Secret of TwinHub's application at the sign-in provider.",
        examples=["secrets/gitlab"],
    )


class Settings(Section):
    """The whole of ``twinhub.yaml``."""

    version: Literal[1] = Field(1, description="Version of this file's format.")
    uid: int = Field(
        1000,
        ge=100,
        le=2**31 - 2,
        description="The one uid of host folders and containers; images take it as build argument.",
    )
    site: Site = Field(Site(), description=Site.__doc__)
    auth: Auth = Field(Auth(), description=Auth.__doc__)
    workspace: Workspace = Field(Workspace(), description=Workspace.__doc__)
    groups: tuple[GroupRules, ...] = Field(
        (), description="Rules for groups, beside those for everybody."
    )
    storage: Storage = Field(Storage(), description=Storage.__doc__)
    library: Library = Field(Library(), description=Library.__doc__)
    runner: Runner = Field(Runner(), description=Runner.__doc__)
    engine: Engine = Field(Engine(), description=Engine.__doc__)
    secrets: Secrets = Field(Secrets(), description=Secrets.__doc__)

    @field_validator("groups")
    @classmethod
    def _groups_differ(cls, value: tuple[GroupRules, ...]) -> tuple[GroupRules, ...]:
        check_differ([group.name for group in value], "groups are named", "name")
        return value

    @model_validator(mode="after")
    def _has_client_secret(self) -> Self:
        if self.auth.provider and self.secrets.client_secret_file is None:
            raise RefusalError(
                f"`{self.auth.method}` needs the secret of TwinHub's application",
                "write it to a file of mode 0600 and name that in secrets.client_secret_file",
                "auth",
                "method",
            )
        return self

    @model_validator(mode="after")
    def _has_listed_hosts(self) -> Self:
        if uses_proxy(self) and not self.workspace.egress_hosts:
            raise RefusalError(
                "`egress: listed` is used and no host is listed",
                "name the hosts in workspace.egress_hosts, or write `egress: none`",
                "workspace",
                "egress_hosts",
            )
        return self
