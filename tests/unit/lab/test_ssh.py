"""What SSH into a workspace is made of: pasted keys, the configuration, the script's frames."""

from __future__ import annotations

import subprocess
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import twinhub_lab.ssh
from hypothesis import given, settings
from hypothesis import strategies as st
from twinhub_lab.ssh import keys
from twinhub_lab.ssh.configuration import render_configuration
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

if TYPE_CHECKING:
    from collections.abc import Generator

_PAGE = Path(twinhub_lab.ssh.__file__).with_name("page")


def _load_client() -> Any:  # noqa: ANN401 - a script, not a module of ours
    spec = spec_from_file_location("twinhub_ssh", _PAGE / "twinhub-ssh.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CLIENT = _load_client()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def make_key(folder: Path, *options: str, comment: str = "ann@laptop") -> str:
    """Return a fresh public key."""
    command = ["ssh-keygen", "-q", "-N", "", "-C", comment, "-f", str(folder / "made"), *options]
    subprocess.run(command, check=True, input=b"y\n")
    return (folder / "made.pub").read_text()


@pytest.mark.heavy
@pytest.mark.parametrize("kind", [("ed25519",), ("ecdsa", "-b", "384"), ("rsa", "-b", "2048")])
def test_public_keys_are_read_as_ssh_keygen_writes_them(
    tmp_path: Path, kind: tuple[str, ...]
) -> None:
    text = make_key(tmp_path, "-t", *kind)
    key = keys.parse_key(f"\n  {text}\n")
    assert key.line == text.strip()
    listed = subprocess.run(
        ["ssh-keygen", "-lf", str(tmp_path / "made.pub")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert key.fingerprint == listed.stdout.split()[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "one line"),
        ("ssh-ed25519", "cut off"),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "cut off"),
        ("ssh-ed25519 !!!", "cut off"),
        ("ssh-dss AAAA", "begins with its kind"),
        ('command="evil" ssh-ed25519 AAAA', "begins with its kind"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "private key"),
        ("a\nb", "one line"),
    ],
)
def test_what_is_no_public_key_is_refused_with_the_remedy(text: str, said: str) -> None:
    with pytest.raises(keys.KeyTextError, match=said):
        keys.parse_key(text)


def test_short_rsa_key_is_refused(tmp_path: Path) -> None:
    text = make_key(tmp_path, "-t", "rsa", "-b", "1024")
    with pytest.raises(keys.KeyTextError, match="2048"):
        keys.parse_key(text)


def test_comment_cannot_bring_characters_that_a_terminal_obeys(tmp_path: Path) -> None:
    text = make_key(tmp_path, "-t", "ed25519").strip()
    assert keys.parse_key(f"{text} \x1b[31m").line.endswith("ann@laptop ?[31m")


@given(st.text())
def test_any_text_is_a_key_or_a_fault_of_its_owner(text: str) -> None:
    try:
        key = keys.parse_key(text)
    except keys.KeyTextError:
        return
    assert "\n" not in key.line


def test_other_lines_of_the_file_stay_as_they_are(home: Path, tmp_path: Path) -> None:
    mine, other = (make_key(tmp_path, "-t", "ed25519", comment=name) for name in ("me", "other"))
    file = home / ".ssh" / "authorized_keys"
    file.parent.mkdir()
    file.write_text(f'# mine\nfrom="10.*" {other.strip()}\n')
    key = keys.parse_key(mine)
    keys.add_key(key)
    keys.add_key(key)
    assert file.read_text().splitlines()[:2] == ["# mine", f'from="10.*" {other.strip()}']
    assert file.read_text().count(mine.strip()) == 1
    assert file.stat().st_mode & 0o777 == 0o600
    assert [known.comment for known in keys.list_keys()] == ["other", "me"]
    keys.remove_key(key.fingerprint)
    assert file.read_text().splitlines() == ["# mine", f'from="10.*" {other.strip()}']


@pytest.mark.parametrize(
    "options",
    [
        "restrict",
        'from="10.0.0.0/8",no-pty',
        r'command="echo \"ssh-rsa one\" two",restrict',
        "cert-authority",
    ],
)
def test_keys_with_options_are_listed_with_them_and_can_be_removed(
    home: Path, tmp_path: Path, options: str
) -> None:
    text = make_key(tmp_path, "-t", "ed25519").strip()
    file = home / ".ssh" / "authorized_keys"
    file.parent.mkdir()
    file.write_text(f"# no key\n{options} {text}\n'\"unfinished {text}\n")
    (listed,) = keys.list_keys()
    assert (listed.options, listed.line) == (options, f"{options} {text}")
    assert listed.fingerprint == keys.parse_key(text).fingerprint
    keys.remove_key(listed.fingerprint)
    assert keys.list_keys() == []
    assert "# no key" in file.read_text()


def test_key_of_the_workspace_is_made_once(home: Path) -> None:
    first = keys.host_key()
    assert keys.host_key() == first
    assert first.kind == "ssh-ed25519"
    made = home / ".local" / "share" / "twinhub" / "ssh"
    assert sorted(path.name for path in made.iterdir()) == ["host_ed25519", "host_ed25519.pub"]
    assert (made / "host_ed25519").stat().st_mode & 0o777 == 0o600


def test_configuration_lets_one_user_in_by_key_alone() -> None:
    text = render_configuration("twin", Path("/home/twin/key"), {})
    for line in ("AllowUsers twin", "StrictModes yes", "UsePAM no", "PasswordAuthentication no",
                 "AuthenticationMethods publickey", "PermitRootLogin no"):  # fmt: skip
        assert line in text.splitlines()


def test_variables_are_quoted_and_those_of_a_session_left_out() -> None:
    values = {"A": 'a "b" \\ c', "TERM": "x", "SSH_TTY": "y", "LINES": "3", "MANY": "a\nPermit b"}
    text = render_configuration("twin", Path("/k"), values)
    assert 'SetEnv "A=a \\"b\\" \\\\ c"' in text.splitlines()
    assert not {"TERM", "SSH_TTY", "MANY", "Permit b"} & {*text.replace("=", " ").split()}


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=70_000), st.sampled_from([Opcode.BINARY, Opcode.PONG]))
def test_frames_of_the_script_are_those_of_the_standard(payload: bytes, kind: Opcode) -> None:
    if kind is Opcode.PONG:
        payload = payload[:125]
    found = _parse(CLIENT.frame(kind, payload))
    assert (found.opcode, bytes(found.data), found.fin) == (kind, payload, True)


def _parse(data: bytes) -> Frame:
    reader = StreamReader()
    reader.feed_data(data)
    steps: Generator[None, None, Frame] = Frame.parse(reader.read_exact, mask=True)
    with pytest.raises(StopIteration) as whole:
        next(steps)
    found = whole.value.value
    assert isinstance(found, Frame)
    return found


@settings(max_examples=25, deadline=None)
@given(st.lists(st.binary(max_size=70_000), max_size=5), st.integers(1, 50_000))
def test_script_finds_frames_however_they_are_cut(payloads: list[bytes], size: int) -> None:
    stream = b"".join(Frame(Opcode.BINARY, one).serialize(mask=False) for one in payloads)
    frames = CLIENT.Frames()
    found = [
        payload
        for start in range(0, len(stream), size)
        for _, payload in frames.feed(stream[start : start + size])
    ]
    assert found == payloads


def test_script_refuses_what_is_no_websocket() -> None:
    with pytest.raises(CLIENT.TunnelError):
        CLIENT.Frames().feed(b"\xf2\x80")
