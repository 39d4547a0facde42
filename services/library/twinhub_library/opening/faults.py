"""What can be wrong with an open link, told as a page with what to do next."""

from __future__ import annotations

from dataclasses import dataclass

from twinhub_library.errors import LibraryError


@dataclass(frozen=True, slots=True)
class NextStep:
    """A link on a page that tells what is wrong."""

    text: str
    address: str


class OpenLinkError(LibraryError):
    """A link that cannot be opened; ``steps`` lead on from it."""

    code = "open-link"
    status = 400
    title = "This link cannot be opened"

    def __init__(self, text: str, *steps: NextStep) -> None:
        """Hold what is wrong, in words for people, and where they can go."""
        super().__init__(text)
        self.steps = steps


class NoSuchAssetError(OpenLinkError):
    """Nothing that is published has the name, the version or the file of the link."""

    code = "not-found"
    status = 404
    title = "This is not in the library"


class WithdrawnError(OpenLinkError):
    """It was published and is withdrawn."""

    code = "withdrawn"
    status = 410
    title = "This was withdrawn"


class OwnWorkError(OpenLinkError):
    """Something of the visitor's own has the name; it is never replaced."""

    code = "own-work"
    status = 409
    title = "You have something of this name"


class HostNotAllowedError(OpenLinkError):
    """A repository on a host that the site does not allow."""

    code = "host-not-allowed"
    status = 403
    title = "This repository is not allowed here"
