"""What `twinhub render compose` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from twinhub_hub.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Render = Callable[[str], dict[str, Any]]


@pytest.fixture
def render(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Render:
    """Return what the service is, for an installation with a ``twinhub.yaml``."""
    home = tmp_path / "my $twins"
    home.mkdir()
    monkeypatch.setenv("TWINHUB_HOME", str(home))
    monkeypatch.delenv("DOCKER_HOST", raising=False)

    def rendered(settings: str) -> dict[str, Any]:
        (home / "twinhub.yaml").write_text(settings, encoding="utf-8")
        assert main(["render", "compose"]) == 0
        service: dict[str, Any] = yaml.safe_load(capsys.readouterr().out)["services"]["hub"]
        return service

    return rendered


def mounts(service: dict[str, Any]) -> dict[str, bool]:
    """Return the sources of what is mounted at its own path, and whether it may be written."""
    return {
        mount["source"]: not mount.get("read_only", False)
        for mount in service["volumes"]
        if isinstance(mount, dict) and mount["source"] == mount["target"]
    }


def test_a_dollar_in_a_path_is_no_variable(render: Render, tmp_path: Path) -> None:
    home = str(tmp_path / "my $$twins")
    service = render("version: 1\n")
    assert service["environment"]["TWINHUB_HOME"] == home
    assert f"{home}-backups:/backups" in service["volumes"]
    assert mounts(service) == {"/var/run/docker.sock": True, home: True}


def test_assets_and_files_that_lie_elsewhere_are_mounted_too(
    render: Render, tmp_path: Path
) -> None:
    assets, tls = tmp_path / "assets", tmp_path / "tls"
    found = mounts(
        render(
            f"storage: {{assets: {assets}}}\n"
            "site:\n  domain: twins.example.org\n  port: 443\n"
            f"  tls: {{certificate_file: {tls}/certificate.pem, key_file: {tls}/key.pem}}\n"
        )
    )
    assert found[str(assets)] is True
    assert found[str(tls)] is False


def test_a_folder_that_the_library_could_not_enter_is_named_with_the_remedy(
    render: Render, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "my $twins"
    render("version: 1\nuid: 12345\n")
    home.chmod(0o700)
    assert main(["render", "compose"]) == 1
    assert f"chmod o+x '{home}'" in capsys.readouterr().err
    home.chmod(0o711)
    assert render("version: 1\nuid: 12345\n")


def test_an_engine_elsewhere_is_refused(
    render: Render, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    render("version: 1\n")
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2375")
    assert main(["render", "compose"]) == 1
    assert "without DOCKER_HOST" in capsys.readouterr().err


def test_a_users_unit_is_systemds_alone(render: Render, capsys: pytest.CaptureFixture[str]) -> None:
    render("version: 1\n")
    assert main(["render", "compose", "--user"]) == 1
    assert "render systemd" in capsys.readouterr().err
