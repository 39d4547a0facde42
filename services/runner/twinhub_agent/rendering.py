"""Files that are made before a phase; those with a secret in them lie in memory, behind a link."""

from __future__ import annotations

import os
import re

from twinhub_agent.bare import suppress
from twinhub_agent.holding import open_other

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

MEMORY = "/dev/shm/twinhub-secrets"  # noqa: S108 - the sandbox's own
_MARK = re.compile(r"\$\$\{|\$\{(?P<inner>\s*[A-Za-z_][A-Za-z0-9_]*\.[^{}\s]*\s*)\}")
"""As `twinhub_dtconfig.interpolation` has it."""
_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC


def make_files(plan: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
    """Make the files of a plan: ``folder``, ``made``, and the ``values`` that are put in.

    ``secrets`` has the value of each dotted name that is secret.

    Raises:
        OSError: a template is not there, or a file cannot be made.
    """
    for number, one in enumerate(plan["made"]):
        target = os.path.join(plan["folder"], one["to"])
        text = one["text"]
        if text is None:
            template = os.path.join(plan["folder"], one["render"])
            with open(
                template, encoding="utf-8", errors="surrogateescape", opener=open_other
            ) as file:
                text = file.read()
        content, is_secret = _put_in(text, plan["values"], secrets)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with suppress(FileNotFoundError):
            os.unlink(target)
        mode = 0o700 if one["executable"] else 0o600
        if is_secret:
            os.makedirs(MEMORY, mode=0o700, exist_ok=True)
            _write(f"{MEMORY}/{number}", content, mode)
            os.symlink(f"{MEMORY}/{number}", target)
        else:
            _write(target, content, mode | (0o055 if one["executable"] else 0o044))


def remove_links(plan: Mapping[str, Any]) -> None:
    """Remove what led to files in memory."""
    for one in plan["made"]:
        target = os.path.join(plan["folder"], one["to"])
        with suppress(OSError):
            if os.readlink(target).startswith(f"{MEMORY}/"):
                os.unlink(target)


def _put_in(text: str, values: Mapping[str, str], secrets: Mapping[str, str]) -> tuple[str, bool]:
    """Return a text with its values, and whether a secret is among them."""
    is_secret = False

    def replace(match: re.Match[str]) -> str:
        nonlocal is_secret
        if match["inner"] is None:
            return "${"
        name = match["inner"].strip()
        is_secret |= name in secrets
        return secrets.get(name, values.get(name, match[0]))

    content = _MARK.sub(replace, text)
    return content, is_secret


def _write(path: str, content: str, mode: int) -> None:
    descriptor = os.open(path, _NEW, mode)
    with open(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        os.fchmod(descriptor, mode)
        file.write(content)
