"""The key of the workspace, and the keys by which its user signs in."""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import os
import re
import struct
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_lab.ssh.folders import data_folder, private_folder, write_private

if TYPE_CHECKING:
    from collections.abc import Sequence

_KINDS = (
    "ssh-ed25519", "sk-ssh-ed25519@openssh.com", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521", "sk-ecdsa-sha2-nistp256@openssh.com", "ssh-rsa",
)  # fmt: skip
_LONGEST = 16 * 1024
_LONGEST_COMMENT = 100
_KEYGEN_SECONDS = 30
_SHORTEST_RSA = 256
"""Bytes of a key of 2048 bits, the shortest that sshd takes."""

_OPTIONS = re.compile(r'(?:"(?:\\.|[^"\\])*"|[^\s"])*')
"""What stands before the kind of a key: no space but between quotation marks; see sshd(8)."""

_SEEN = re.compile(r"[^\x20-\x7e]")


class KeyTextError(ValueError):
    """A text is not one public key; the message tells its owner what to paste instead."""


@dataclass(frozen=True)
class PublicKey:
    """One public key, as a line of ``authorized_keys`` has it."""

    kind: str
    data: str
    comment: str
    options: str = ""
    """What the line allows or forbids the key, such as ``restrict``; nobody sets it here."""

    @property
    def line(self) -> str:
        """The line of ``authorized_keys``."""
        return f"{self.options} {self.kind} {self.data} {self.comment}".strip()

    @property
    def fingerprint(self) -> str:
        """The fingerprint, as ``ssh-keygen -l`` prints it."""
        digest = hashlib.sha256(base64.b64decode(self.data)).digest()
        return "SHA256:" + base64.b64encode(digest).decode("ascii").rstrip("=")


def parse_key(text: str) -> PublicKey:
    """Return the public key that a person has pasted.

    Raises:
        KeyTextError: it is none, or a private one, or several.
    """
    if "PRIVATE KEY" in text:
        raise KeyTextError(
            "That is a private key, which never leaves your computer: paste the file whose name "
            "ends in .pub."
        )
    lines = [line.strip() for line in text[:_LONGEST].splitlines() if line.strip()]
    if len(lines) != 1 or len(text) > _LONGEST:
        raise KeyTextError("Paste one public key, which is one line.")
    kind, _, rest = lines[0].partition(" ")
    if kind not in _KINDS:
        raise KeyTextError(
            f"A public key begins with its kind, such as ssh-ed25519, not with “{kind[:30]}”."
        )
    data, _, comment = rest.strip().partition(" ")
    _check_data(kind, data)
    return PublicKey(kind, data, _SEEN.sub("?", comment.strip())[:_LONGEST_COMMENT])


def _check_data(kind: str, data: str) -> None:
    cut = KeyTextError("The key is cut off or altered: copy the whole line once more.")
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise cut from error
    fields = _fields(raw)
    if len(fields) < 2 or fields[0] != kind.encode():  # noqa: PLR2004 - its kind and a number
        raise cut
    if kind == "ssh-rsa" and len(fields[-1].lstrip(b"\0")) < _SHORTEST_RSA:
        raise KeyTextError("RSA keys need at least 2048 bits: make one with ssh-keygen -t ed25519.")


def _fields(raw: bytes) -> list[bytes]:
    """Return the fields of a key; none, if it does not consist of whole ones."""
    fields = []
    while raw:
        if len(raw) < 4:  # noqa: PLR2004 - the length of a length
            return []
        (length,) = struct.unpack(">I", raw[:4])
        if length > len(raw) - 4:
            return []
        fields.append(raw[4 : 4 + length])
        raw = raw[4 + length :]
    return fields


def keys_file() -> Path:
    """Return where sshd looks for the user's keys."""
    return Path.home() / ".ssh" / "authorized_keys"


def list_keys() -> Sequence[PublicKey]:
    """Return the keys that can sign in, with their options; other kinds, and comments, are not."""
    return [key for line in _lines() if (key := _listed(line)) is not None]


def _listed(line: str) -> PublicKey | None:
    options, rest = "", line.strip()
    if not rest.startswith(_KINDS) and (found := _OPTIONS.match(rest)):
        options = found[0]
        rest = rest.removeprefix(options)
    try:
        key = parse_key(rest)
    except KeyTextError:
        return None
    return replace(key, options=_SEEN.sub("?", options))


def add_key(key: PublicKey) -> None:
    """Let a key sign in; nothing happens when it can already.

    Raises:
        OSError: the home cannot be written.
    """
    if key.data not in {known.data for known in list_keys()}:
        _write([*_lines(), key.line])


def remove_key(fingerprint: str) -> None:
    """Let a key sign in no more.

    Raises:
        OSError: the home cannot be written.
    """
    gone = {key.data for key in list_keys() if key.fingerprint == fingerprint}
    if gone:
        _write([line for line in _lines() if not gone & {*line.split()}])


def _lines() -> list[str]:
    path = keys_file()
    return path.read_text("utf-8", "replace").splitlines() if path.is_file() else []


def _write(lines: Sequence[str]) -> None:
    folder = private_folder(keys_file().parent)
    folder.chmod(0o700)  # sshd refuses keys in a folder that others can write
    write_private(keys_file(), "".join(f"{line}\n" for line in lines))


def ensure_host_key() -> Path:
    """Return the file with the workspace's own key, which is made at first use.

    Raises:
        OSError: the home cannot be written, or there is no ssh-keygen.
    """
    final = data_folder() / "host_ed25519"
    if not final.is_file():
        folder = os.open(final.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            # two workspaces of one home; the two halves have to be of one key
            fcntl.flock(folder, fcntl.LOCK_EX)
            if not final.is_file():
                _make_host_key(final)
        finally:
            os.close(folder)
    return final


def _make_host_key(final: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".new-", dir=final.parent) as aside:
        made = Path(aside, "key")
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(made)]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_KEYGEN_SECONDS, check=False
        )
        if done.returncode != 0:
            why = done.stderr.strip().rpartition(": ")[2]
            raise OSError(f"no key of the workspace could be made: {why}")
        made.with_suffix(".pub").replace(final.with_suffix(".pub"))
        made.replace(final)


def host_key() -> PublicKey:
    """Return the public half of the workspace's own key.

    Raises:
        OSError: see `ensure_host_key`.
    """
    return parse_key(ensure_host_key().with_suffix(".pub").read_text("ascii"))
