"""Settings of what people see of an installation, and of how it is reached."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator
from twinhub_dtconfig.sections import Section
from twinhub_dtconfig.values import RefusalError

from twinhub_hub.settings.tls import Tls
from twinhub_hub.settings.values import (
    DomainName,
    IpAddress,
    Line,
    is_address,
    is_loopback,
)


class Site(Section):
    """What people see of the installation and the address that they type."""

    title: Line = Field("TwinHub", min_length=1, max_length=80, description="Name on every page.")
    domain: DomainName = Field(
        "twinhub.localhost", description="Host name of the installation, without scheme or port."
    )
    port: int = Field(
        8000, ge=1, le=65535, description="Port of the edge; with `tls` 443 is the usual one."
    )
    listen: IpAddress | None = Field(
        None,
        description=(
            "Address of this host that the edge listens on. Unset: loopback, or with `tls` every "
            "address. Another one than loopback needs `tls`."
        ),
        examples=["192.0.2.10"],
    )
    tls: Tls | None = Field(
        None, description="Encryption, for a host that others reach; without it only loopback."
    )
    wildcard: bool = Field(
        default=True,
        description=(
            "Whether every name below the domain reaches this host too. Each user's workspace then "
            "has an origin of its own. Without it the hub runs, with sharing off."
        ),
    )
    notice: Line | None = Field(
        None,
        max_length=500,
        description="A line of text on every page.",
        examples=["Closed for maintenance on Friday."],
    )

    @model_validator(mode="after")
    def _has_names_below(self) -> Self:
        if self.wildcard and is_address(self.domain):
            raise RefusalError(
                f"no name can stand below the address {self.domain}",
                "set site.wildcard to false, or give a host name",
                "domain",
            )
        return self

    @model_validator(mode="after")
    def _is_private_or_encrypted(self) -> Self:
        if self.tls is None and self.listen and not is_loopback(self.listen):
            raise RefusalError(
                "without TLS passwords would cross the network for all to read",
                "add the section site.tls, or remove the key",
                "listen",
            )
        return self

    @model_validator(mode="after")
    def _ports_differ(self) -> Self:
        if self.tls and self.tls.http_port == self.port:
            raise RefusalError(
                f"port {self.port} is for http already",
                "choose another, such as 443, or set site.tls.http_port to null",
                "port",
            )
        return self

    @property
    def is_encrypted(self) -> bool:
        """Whether browsers reach it by https."""
        return self.tls is not None

    @property
    def bind(self) -> str:
        """The one address that the edge listens on; empty for every address."""
        return self.listen or ("" if self.tls else "127.0.0.1")

    @property
    def nearby(self) -> str:
        """An address at which this host itself reaches the edge."""
        return "127.0.0.1" if self.bind in {"", "0.0.0.0", "::"} else self.bind  # noqa: S104

    def address(self, port: int, *, host: str = "") -> str:
        """Return the address that people type for a port, without a slash at its end."""
        scheme, usual = ("https", 443) if self.is_encrypted else ("http", 80)
        return f"{scheme}://{host or self.domain}" + ("" if port == usual else f":{port}")
