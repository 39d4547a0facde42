"""What `twinhub check` says about files that can be used."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from twinhub_api.storage import find_quota_support
from twinhub_hub.cli.main import main
from twinhub_hub.settings.loading import load_settings

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "5ecre7" * 8
FULL = """\
site: {title: "8000", domain: twins.example.org, port: 80, wildcard: false, notice: "yes: 'no'"}
auth:
  accounts:
    - {name: ada, role: admin}
    - {name: Grace Hopper}
workspace:
  images:
    - {image: "a:1", title: "007"}
    - {image: "b:1", title: B, summary: "- not a list # nor a comment"}
  memory: 1536M
  cpus: 0.5
secrets: {proxy_token_file: token}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "twinhub.yaml"
    path.write_text(FULL, encoding="utf-8")
    (tmp_path / "token").write_text(SECRET, encoding="utf-8")
    (tmp_path / "token").chmod(0o600)
    return path


def check(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["check", *arguments]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert SECRET not in out
    return out


def test_a_file_that_can_be_used_is_summarized(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = check(capsys, str(file)).splitlines()
    assert lines[0] == f"{file} can be used."
    summary = dict(line.split(": ", 1) for line in lines[1:])
    assert summary["address"] == "http://twins.example.org/"
    assert summary["sign-in"] == "trial, ada (admin), Grace Hopper (user)"
    assert summary["images"] == "a:1, b:1"
    assert summary["assets"] == str(file.parent / "assets")


def test_sharing_is_off_without_a_wildcard_domain_and_the_reason_is_shown(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "\nsharing: off (site.wildcard is false, so all users share one origin" in check(
        capsys, str(file)
    )
    file.write_text("", encoding="utf-8")
    assert "\nsharing: on (" in check(capsys, str(file))


def test_the_file_of_the_installation_is_checked_by_default(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TWINHUB_HOME", str(file.parent))
    assert check(capsys).startswith(f"{file} can be used.\n")
    monkeypatch.delenv("TWINHUB_HOME")
    monkeypatch.setenv("HOME", str(file.parent))
    assert main(["check"]) == 2
    assert f"{file.parent}/.local/share/twinhub/twinhub.yaml:1:1: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("engine", "said"),
    [("docker", "MISSING; put them up with: twinhub up"), ("process", "none (the process mode ")],
)
def test_the_walls_of_the_installation_are_told_too(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    engine: str, said: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("TWINHUB_HOME", str(file.parent))
    assert "\nwalls: none yet (" in check(capsys)
    assert "\nwalls: " not in check(capsys, str(file))
    earlier = {"engine": engine, "port": 1, "proxy_port": 2, "proxy_api_port": 3, "hub_port": 4}
    (file.parent / "state").mkdir()
    running = file.parent / "state" / "running.json"
    running.write_text(json.dumps(earlier | {"gateway": "172.18.0.1"}), encoding="utf-8")
    assert f"\nwalls: {said}" in check(capsys)
    assert json.loads(check(capsys, "--json"))["walls"]["in_place"] is False


def test_the_address_has_the_port_that_up_takes_here_or_took_last(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def address(*arguments: str) -> str:
        lines = check(capsys, *arguments).splitlines()[1:]
        return dict(line.split(": ", 1) for line in lines if ": " in line)["address"]

    monkeypatch.setenv("TWINHUB_HOME", str(file.parent))
    monkeypatch.delenv("TWINHUB_PORT", raising=False)
    earlier = {"engine": "process", "port": 28500, "proxy_port": 2, "proxy_api_port": 3}
    (file.parent / "state").mkdir()
    running = file.parent / "state" / "running.json"
    running.write_text(json.dumps(earlier | {"hub_port": 4, "gateway": None}), encoding="utf-8")
    assert address() == "http://twins.example.org/", "site.port is written"
    file.write_text("site: {domain: twins.example.org}\n", encoding="utf-8")
    assert address() == address(str(file)) == "http://twins.example.org:28500/"
    monkeypatch.setenv("TWINHUB_PORT", "28501")
    assert address() == "http://twins.example.org:28501/"
    other = file.with_name("other.yaml")
    other.write_bytes(file.read_bytes())
    assert address(str(other)) == "http://twins.example.org:8000/"
    monkeypatch.setenv("TWINHUB_PORT", "x")
    assert main(["check"]) == 1
    assert "'x' is no port" in capsys.readouterr().err


def test_effective_settings_load_back_as_equal(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = file.with_name("printed.yaml")
    printed.write_text(check(capsys, str(file), "--print"), encoding="utf-8")
    assert load_settings(printed).settings == load_settings(file).settings


def test_effective_settings_tell_defaults_and_mask_secrets(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [line.strip() for line in check(capsys, str(file), "--print").splitlines()]
    assert "port: 80" in lines
    assert "uid: 1000  # default" in lines
    assert "role: user  # default" in lines
    assert "role: admin" in lines
    assert "proxy_token_file: token  # holds ********" in lines
    assert "cookie_secret_file: null  # default" in lines


def test_json_holds_the_same(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = json.loads(check(capsys, str(file), "--json", "--print"))
    assert report["valid"] is True
    assert report["faults"] == []
    assert report["summary"]["address"] == "http://twins.example.org/"
    assert report["settings"]["workspace"]["memory"] == "1536M"
    assert "settings" not in json.loads(check(capsys, str(file), "--json"))


def test_json_holds_every_fault(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("site: {prot: 1, port: x}\n", encoding="utf-8")
    assert main(["check", "--json", str(file)]) == 2
    out, err = capsys.readouterr()
    report = json.loads(out)
    assert err == ""
    assert report["valid"] is False
    assert [(fault["line"], fault["column"]) for fault in report["faults"]] == [(1, 8), (1, 23)]
    assert report["faults"][0]["nearest"] == "port"


def test_checking_imports_neither_hub_nor_engine(file: Path) -> None:
    code = (
        "import sys; from twinhub_hub.cli.main import main; "
        f"code = main(['check', {str(file)!r}]); "
        "loaded = {name.partition('.')[0] for name in sys.modules}; "
        "sys.exit(code or ', '.join(loaded & {'jupyterhub', 'docker', 'dockerspawner', 'tornado', "
        "'traitlets', 'sqlalchemy', 'supervisor'}) or None)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr


def test_who_keeps_quotas_where_the_assets_are_is_told(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text("library: {quota: {user: 20G}}\n")
    out = check(capsys, str(file))
    (line,) = (line for line in out.splitlines() if line.startswith("library: "))
    assert line.startswith("library: 20G for each user; none for teams; versions every 60")
    assert line.endswith(str(find_quota_support(file.parent / "assets")))
