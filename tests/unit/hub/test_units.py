"""What `twinhub render systemd` prints."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from twinhub_hub.cli.main import main
from twinhub_hub.installation import Installation
from twinhub_hub.operate import units
from twinhub_hub.settings.models import Settings

from tests.fixtures.installation import TWINHUB

if TYPE_CHECKING:
    from pathlib import Path

SITE = {
    "domain": "twins.example.org",
    "port": 443,
    "tls": {"certificate_file": "tls/certificate.pem", "key_file": "tls/key.pem"},
}


@pytest.fixture
def service(tmp_path: Path) -> units.Service:
    settings = Settings.model_validate({"site": SITE})
    return units.Service(Installation(tmp_path / "my twins"), settings, None, "twins")


def lines(text: str) -> list[str]:
    return text.splitlines()


def test_a_unit_names_this_installation_and_this_command(service: units.Service) -> None:
    unit = lines(units.render_system_unit(service))
    assert f'ExecStart="{TWINHUB}" up' in unit
    assert f'Environment="TWINHUB_HOME={service.installation.home}"' in unit
    assert f"PIDFile={service.installation.state}/supervisord.pid" in unit


def test_an_ordinary_user_gets_low_ports_and_root_puts_up_the_walls(service: units.Service) -> None:
    unit = lines(units.render_system_unit(service))
    assert "User=twins" in unit
    assert "AmbientCapabilities=CAP_NET_BIND_SERVICE" in unit
    assert f'ExecStartPost=+"{TWINHUB}" walls' in unit


def test_the_command_prints_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "twinhub.yaml").write_text("site: {port: 9000}\n", encoding="utf-8")
    monkeypatch.setenv("TWINHUB_HOME", str(tmp_path))
    assert main(["render", "systemd"]) == 0
    assert "WantedBy=multi-user.target" in lines(capsys.readouterr().out)
    assert main(["render", "systemd", "--user"]) == 0
    unit = lines(capsys.readouterr().out)
    assert "WantedBy=default.target" in unit
    assert not any(line.startswith(("User=", "Protect", "Ambient")) for line in unit)
    assert [path.name for path in tmp_path.iterdir()] == ["twinhub.yaml"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_takes_the_unit(service: units.Service, tmp_path: Path) -> None:
    file = tmp_path / "twinhub.service"
    file.write_text(units.render_system_unit(service), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(file)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
