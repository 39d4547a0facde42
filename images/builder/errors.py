"""What can go wrong while images are built; the text of each error is for the person who builds."""

from __future__ import annotations


class ImagesError(Exception):
    """The base of every error of this package."""


class HierarchyError(ImagesError):
    """The list of images cannot be read, or does not hold the image that was named."""


class ContextError(ImagesError):
    """The files of a build are not there, or may not go into an image."""


class EngineError(ImagesError):
    """The Docker engine does not answer, or refuses."""


class BuildError(EngineError):
    """A step of a build failed; ``output`` is what the engine printed."""

    def __init__(self, message: str, output: tuple[str, ...]) -> None:
        """Keep the output, for the end of which the message may have no room."""
        super().__init__(message)
        self.output = output


class FoundationError(ImagesError):
    """The image that all others stand on can neither be pulled nor made here."""


class RecordsError(ImagesError):
    """What was recorded about builds cannot be read or written."""


class SbomError(ImagesError):
    """No bill of materials could be made."""
