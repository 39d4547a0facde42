"""What `twinhub check` says about encryption: certificates that can be served, and others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twinhub_hub.cli.main import main

from tests.fixtures.certificates import NAMES, Authority

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    made = Authority(tmp_path)
    made.give()
    return made


def check(authority: Authority, capsys: pytest.CaptureFixture[str], *, code: int = 0) -> str:
    """What the command says about an installation with the certificate that was given last."""
    file = authority.folder / "twinhub.yaml"
    file.write_text(f"site:\n{authority.settings}", encoding="utf-8")
    assert main(["check", str(file)]) == code
    out, err = capsys.readouterr()
    return out if code == 0 else err


def test_a_certificate_is_summarized_with_the_days_that_are_left(
    authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    said = check(authority, capsys)
    assert "\naddress: https://twinhub.localhost:8000/\n" in said
    assert f"\nencryption: certificate for {', '.join(NAMES)}, 89 days left\n" in said
    authority.give(days=10)
    assert "9 days left; RENEW IT NOW" in check(authority, capsys)


def _key_of_another(authority: Authority) -> None:
    certificate = (authority.folder / "certificate.pem").read_bytes()
    authority.give()
    (authority.folder / "certificate.pem").write_bytes(certificate)


FAULTS: dict[str, tuple[Callable[[Authority], object], int, str]] = {
    "without the names below the domain": (
        lambda a: a.give(["twinhub.localhost"]), 3, "is for twinhub.localhost and lacks *.twinhub",
    ),
    "ended": (lambda a: a.give(days=-2), 3, " ended on 20"),
    "key of another": (_key_of_another, 4, "belongs to another certificate"),
    "key for all to read": (lambda a: a.give(mode=0o644), 4, "0644, which must be 0600; chmod"),
    "no key": (lambda a: (a.folder / "key.pem").unlink(), 4, "does not exist; write it there"),
    "no certificate": (
        lambda a: (a.folder / "certificate.pem").write_text("x"), 3, "holds no certificate in PEM",
    ),
    "key with a passphrase": (
        lambda a: (a.folder / "key.pem").write_text("x"), 4, "holds no private key in PEM without",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_what_cannot_be_served_is_refused_with_file_line_and_remedy(
    authority: Authority, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    spoil, line, phrase = FAULTS[name]
    spoil(authority)
    said = check(authority, capsys, code=2)
    assert f"twinhub.yaml:{line}:" in said
    assert phrase in said
    assert str(authority.folder) in said


@pytest.mark.parametrize(
    ("site", "phrase"),
    [
        ("{listen: 0.0.0.0}", "passwords would cross the network"),
        ("{listen: example.org}", "that is no IP address"),
        ("{tls: {}}", "name certificate_file and key_file, or add the section acme"),
        ("{tls: {certificate_file: a}}", "name certificate_file and key_file"),
        ("{tls: {certificate_file: a, key_file: b, acme: {}}}", "two sources"),
        ("{port: 80, tls: {acme: {}}}", "port 80 is for http already"),
    ],
)
def test_settings_that_do_not_fit_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], site: str, phrase: str
) -> None:
    file = tmp_path / "twinhub.yaml"
    file.write_text(f"site: {site}\n", encoding="utf-8")
    assert main(["check", str(file)]) == 2
    assert phrase in capsys.readouterr().err


def test_an_authority_is_summarized(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "twinhub.yaml"
    file.write_text("site: {domain: twins.example.org, port: 443, tls: {acme: {}}}\n", "utf-8")
    assert main(["check", str(file)]) == 0
    said = capsys.readouterr().out
    assert "\naddress: https://twins.example.org/\n" in said
    assert (
        "\nencryption: certificates from https://acme-v02.api.letsencrypt.org/directory\n" in said
    )
