"""A site's own certificate: what has to be right before it is served."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from twinhub_dtconfig.files import FileRefusedError, read_regular_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import (
        CertificatePublicKeyTypes,
        PublicKeyTypes,
    )

_LIMIT_BYTES = 2**18
_PRIVATE_MODES = {0o600, 0o400}
_FEW_DAYS = 14


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that fits its key and the site."""

    names: Sequence[str]
    ends: datetime
    leaf: bytes
    """The certificate itself as browsers get it (DER), without those above it."""

    def days_left(self, now: datetime) -> int:
        """Return how many whole days it stays valid."""
        return (self.ends - now).days

    def ends_soon(self, now: datetime) -> bool:
        """Return whether it is time for a new one."""
        return self.days_left(now) < _FEW_DAYS


class CertificateError(Exception):
    """A certificate or key that cannot be served; ``key`` is the setting that names the file."""

    def __init__(self, key: str, what: str, remedy: str) -> None:
        """Hold which file, what is wrong and what to do."""
        super().__init__(f"{what}; {remedy}")
        self.key = key
        self.what = what
        self.remedy = remedy


def wanted_names(domain: str, *, wildcard: bool) -> list[str]:
    """Return the names that a certificate of a site must have."""
    return [domain, f"*.{domain}"] if wildcard else [domain]


def read_certificate(
    certificate_file: Path, key_file: Path, *, names: Sequence[str]
) -> Certificate:
    """Return what a certificate says that is valid now, has these names and fits the key.

    Raises:
        CertificateError: it is not so; names the file and a remedy.
    """
    leaf = _read_leaf(certificate_file)
    if _public_bytes(leaf.public_key()) != _read_key(key_file):
        raise CertificateError(
            "key_file",
            f"the key in {key_file} belongs to another certificate than {certificate_file}",
            "put the two files of one request there; the first certificate of the file is served",
        )
    _check_names(certificate_file, leaf, names)
    _check_time(certificate_file, leaf)
    return Certificate(
        _names_of(leaf),
        leaf.not_valid_after_utc,
        leaf.public_bytes(Encoding.DER),
    )


def _public_bytes(key: PublicKeyTypes | CertificatePublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _read(key: str, path: Path, *, is_private: bool) -> bytes:
    try:
        file = read_regular_file(path, _LIMIT_BYTES)
    except FileRefusedError as error:
        remedy = "write it there, readable for the user who runs TwinHub"
        raise CertificateError(key, f"the file {path} {error}", remedy) from error
    if is_private and file.mode not in _PRIVATE_MODES:
        what = f"the file {path} has mode {file.mode:04o}, which must be 0600"
        raise CertificateError(key, what, f"chmod 600 {shlex.quote(str(path))}")
    return file.content


def _read_leaf(path: Path) -> x509.Certificate:
    content = _read("certificate_file", path, is_private=False)
    try:
        return x509.load_pem_x509_certificates(content)[0]
    except ValueError as error:
        raise CertificateError(
            "certificate_file",
            f"the file {path} holds no certificate in PEM",
            "write it as text that begins with -----BEGIN CERTIFICATE-----",
        ) from error


def _read_key(path: Path) -> bytes:
    content = _read("key_file", path, is_private=True)
    try:
        return _public_bytes(load_pem_private_key(content, password=None).public_key())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CertificateError(
            "key_file",
            f"the file {path} holds no private key in PEM without a passphrase",
            "remove the passphrase with: openssl pkey -in KEY -out NEW",
        ) from error


def _names_of(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [name.lower() for name in found.value.get_values_for_type(x509.DNSName)]


def _check_names(path: Path, certificate: x509.Certificate, names: Sequence[str]) -> None:
    found = _names_of(certificate)
    missing = [name for name in names if name not in found]
    if missing:
        is_for = ", ".join(found) or "no name"
        raise CertificateError(
            "certificate_file",
            f"the certificate in {path} is for {is_for} and lacks {', '.join(missing)}",
            f"have one issued for {' and '.join(names)}",
        )


def _check_time(path: Path, certificate: x509.Certificate) -> None:
    now = datetime.now(UTC)
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if begins <= now <= ends:
        return
    when = f"ended on {ends:%Y-%m-%d}" if now > ends else f"begins on {begins:%Y-%m-%d}"
    raise CertificateError(
        "certificate_file",
        f"the certificate in {path} {when}",
        "put a new one there, or set this host's clock",
    )
