"""What builds of TwinHub's images and of site layers have in common."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

INPUTS_LABEL = "org.twinhub.inputs"
"""Label of an image with the digest of what it was built from."""

LOOK = "look at the lines above for the step that failed"
"""What to do where the output tells nothing."""

NETWORK = (
    r"Temporary failure resolving|Could not resolve|dns error|Name or service not known|no such"
    r" host|Network is unreachable|Connection timed out|Could not connect|Connection refused",
    "the network was not reached from inside the build: check DNS and the proxy settings of the"
    " Docker engine, then build again",
)
"""Signs in the output of a build, and the remedy; so are the others."""

HASHES = (
    r"Hash mismatch|DO NOT MATCH THE HASHES|hashes? (?:mismatch|do(?:es)? not match)",
    "a package differs from the one that was locked: do not use it, and ask who runs your"
    " package mirror",
)

CERTIFICATE_SIGNS = r"CERTIFICATE_VERIFY_FAILED|UnknownIssuer|self.signed certificate"
DISK_SIGNS = r"No space left on device|disk quota exceeded"


_UNPRINTED = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours, cursor
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"  # titles, clipboard
    r"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
)
"""What would do something to the terminal of whoever reads a log; see ECMA-48."""
_PASSWORDS = re.compile(r"(?<=://)[^/\s]+@")
"""Of proxies and of indexes, which pip and apt name in their errors."""


def digest_inputs(archive: bytes, arguments: Mapping[str, str], image_ids: Sequence[str]) -> str:
    """Return one digest for all that decides what a build makes; the parent's id comes first."""
    digest = hashlib.sha256(archive)
    for part in (*image_ids, *(f"{name}={arguments[name]}" for name in sorted(arguments))):
        digest.update(f"\0{part}".encode())
    return digest.hexdigest()


def first_remedy(output: str, remedies: Sequence[tuple[str, str]]) -> str | None:
    """Return what to do about the first fault whose signs are in the output of a build."""
    for signs, remedy in remedies:
        if re.search(signs, output, re.IGNORECASE):
            return remedy
    return None


def pack_context(context: Mapping[str, bytes], programs: Iterable[str]) -> bytes:
    """Return the files of a build context as an archive; some are programs."""
    executable = {*programs}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(context):
            member = tarfile.TarInfo(name)
            member.size = len(context[name])
            member.mode = 0o755 if name in executable else 0o644
            archive.addfile(member, io.BytesIO(context[name]))
    return buffer.getvalue()


def read_build(
    messages: Iterable[Mapping[str, Any]], failures: list[str], seconds: float
) -> Iterator[str]:
    """Yield the lines of a build's output, without what a terminal would obey and passwords.

    Why it failed, also that it took longer than so many seconds, is added to ``failures``.
    """
    output, deadline = BuildOutput(), monotonic() + seconds
    for message in messages:
        if monotonic() > deadline:
            failures.append(f"it took longer than {seconds / 60:g} minutes")
            return
        yield from output.take(message)
        failures.extend(output.failures)
        output.failures.clear()
    yield from output.end()


class BuildOutput:
    """The messages of a build as lines, without what a terminal would obey and passwords."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._pending = ""
        self.failures: list[str] = []
        """Why it failed."""

    def take(self, message: Mapping[str, Any]) -> list[str]:
        """Return the lines that a message completes."""
        if failure := message.get("error"):
            self.failures.append(_PASSWORDS.sub("***@", str(failure).strip()))
        self._pending += _UNPRINTED.sub("", str(message.get("stream") or "").replace("\r", "\n"))
        *complete, self._pending = self._pending.split("\n")
        return [_PASSWORDS.sub("***@", line) for line in complete]

    def end(self) -> list[str]:
        """Return the line that was not at its end."""
        left, self._pending = self._pending, ""
        return [_PASSWORDS.sub("***@", left)] if left else []
