"""Settings of encryption: where the certificates of a host come from."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator
from twinhub_dtconfig.sections import Section
from twinhub_dtconfig.values import RefusalError

from twinhub_hub.settings.values import FilePath, Line, WebAddress


class Acme(Section):
    """Certificates from an authority that speaks ACME: one for each host, when it is first visited.

    The authority must reach this host by its domain on port 80 or 443.
    """

    email: Line | None = Field(
        None,
        max_length=200,
        description="Whom the authority may write to.",
        examples=["admin@example.org"],
    )
    directory: WebAddress = Field(
        "https://acme-v02.api.letsencrypt.org/directory",
        description="Address of the authority's directory.",
    )
    ca_file: FilePath | None = Field(
        None,
        description="Certificate that a private authority's own https is checked against, as PEM.",
        examples=["tls/authority.pem"],
    )


class Tls(Section):
    """Encryption; see how-to “A host with a domain”. Either the two files or `acme`."""

    certificate_file: FilePath | None = Field(
        None,
        description=(
            "Certificate for the domain and every name below it, as PEM, with those between it and "
            "its authority. A new one is served within a minute."
        ),
        examples=["tls/certificate.pem"],
    )
    key_file: FilePath | None = Field(
        None,
        description="Its private key, as PEM without a passphrase, with mode 0600.",
        examples=["tls/key.pem"],
    )
    acme: Acme | None = Field(None, description=Acme.__doc__)
    http_port: int | None = Field(
        80,
        ge=1,
        le=65535,
        description="Port that leads from http to https; `null` for none.",
    )

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        files = (self.certificate_file, self.key_file)
        if self.acme and any(files):
            raise RefusalError("there are two sources of certificates", "remove acme or the files")
        if not self.acme and not all(files):
            raise RefusalError(
                "it says not where certificates come from",
                "name certificate_file and key_file, or add the section acme",
            )
        return self
