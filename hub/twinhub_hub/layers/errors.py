"""What can go wrong with a site layer; the texts are for the operator."""

from __future__ import annotations

from twinhub_hub.operate.errors import OperateError


class LayerError(OperateError):
    """A layer cannot be built as it is asked for; names the remedy."""


class BuildFailedError(LayerError):
    """A step of a layer's build failed; ``output`` is what it printed."""

    def __init__(self, message: str, output: tuple[str, ...]) -> None:
        """Keep the output, for its last lines and for the remedy."""
        super().__init__(message)
        self.output = output
