"""Why something is not published, imported or updated; the text is for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_library.errors import LibraryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinhub_library.publishing.secrets import SecretFinding

_SHOWN = 10


class NotPublishableError(LibraryError):
    """What is to be published cannot be a version as it is."""

    code = "not-publishable"
    status = 422


class VersionTakenError(LibraryError):
    """The version was published already, or a higher one of its line."""

    code = "version-taken"
    status = 409


class NameTakenError(LibraryError):
    """The name is another owner's, or one that has no versions."""

    code = "name-taken"
    status = 409


class SecretsFoundError(LibraryError):
    """There is likely a secret in what others would read."""

    code = "secret-found"
    status = 422

    def __init__(self, findings: Sequence[SecretFinding]) -> None:
        """Name the places."""
        places = "; ".join(str(one) for one in findings[:_SHOWN])
        more = f"; and {len(findings) - _SHOWN} more" if len(findings) > _SHOWN else ""
        super().__init__(
            f"There is likely a secret in it: {places}{more}. Remove it, name the file in "
            ".twinignore, or, if it is none, allow that file."
        )
        self.findings = tuple(findings)


class StateError(LibraryError):
    """It is not in a state in which that can be done."""

    code = "wrong-state"
    status = 409
