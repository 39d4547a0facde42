"""Assets as people write them, and paths of the library as its requests have them.

People write references, where what begins with a kind is their own: ``models/tank``. The library's
paths begin with an area: ``alice/models/tank``.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_dtconfig.references import AssetKind

from twinhub_api.client.errors import ClientError, NotSetUpError
from twinhub_api.names import label_for

if TYPE_CHECKING:
    from collections.abc import Mapping

_USER = "JUPYTERHUB_USER"
_KINDS = frozenset(AssetKind)
_WORKSPACE = "/workspace/"


class NotInWorkspaceError(ClientError):
    """A folder where no twin can be run; the text says where they are."""


@dataclass(frozen=True, slots=True)
class Places:
    """Paths of one person; ``label`` is that of their area, or empty where nobody is known."""

    label: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Places:
        """Return the paths of whose workspace this is."""
        user = environment.get(_USER, "")
        return cls(label_for(user) if user else "")

    def path_of(self, text: str) -> str:
        """Return the library's path of what somebody writes: a reference, or such a path.

        Raises:
            NotSetUpError: it is one's own, and nobody is known.
        """
        plain = text.removeprefix(_WORKSPACE).strip("/")
        first = plain.partition("/")[0]
        if first not in _KINDS:
            return plain
        if not self.label:
            raise NotSetUpError(
                f"{_USER} is not set, so it is not known whose {plain} is: "
                f"write <user>/{plain}, or run this in a workspace"
            )
        return f"{self.label}/{plain}"

    def twin_of(self, text: str) -> str:
        """Return what the runner is told of a twin: its name, its folder, or its path.

        Raises:
            NotInWorkspaceError: it is a folder that is not among the twins of the workspace.
            NotSetUpError: it is one's own, and nobody is known.
        """
        if not text.startswith((".", "/")):
            return text if "/" not in text.strip("/") else self.path_of(text)
        root = Path(os.environ.get("TWINHUB_WORKSPACE") or "/workspace").resolve()
        folder = Path(os.path.normpath(Path.cwd() / text))
        if folder.name == "twin.yaml":
            folder = folder.parent
        for base in (root, Path("/workspace")):
            if folder.is_relative_to(base) and folder != base:
                return self._twin_at(folder, base)
        raise NotInWorkspaceError(
            f"{text} is not in {root}: only twins of the library run, such as those in"
            f" {root}/digital_twins"
        )

    def _twin_at(self, folder: Path, base: Path) -> str:
        """Return the path of a twin in the library by its folder below the workspace's."""
        place = folder.relative_to(base)
        if AssetKind.DIGITAL_TWINS not in place.parts:
            raise NotInWorkspaceError(
                f"{folder} is not in {base}/digital_twins, where your twins are run from: move it,"
                f" as by `mv {shlex.quote(str(folder))} {base}/digital_twins/`"
            )
        return self.path_of(place.as_posix())

    def shown(self, path: str) -> str:
        """Return what one writes for a path of the library, the shorter way."""
        first, _, rest = path.partition("/")
        return rest if rest and first == self.label else path
