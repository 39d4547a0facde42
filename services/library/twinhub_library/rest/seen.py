"""Changes of what somebody has seen: ``If-Match`` refuses them where it has changed since."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated, TypeVar

from fastapi import Header

from twinhub_library.errors import ChangedError
from twinhub_library.rest.answers import etag_of_model
from twinhub_library.rest.conditions import quoted, read_etags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fastapi import Response
    from pydantic import BaseModel

    from twinhub_library.library import Library

    Model = TypeVar("Model", bound=BaseModel)

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match", max_length=1024,
        description="The `ETag` of what you have seen: 412 if it is another by now.",
    ),
]  # fmt: skip
"""Type of a route's parameter that is the condition of a change."""


@contextlib.contextmanager
def as_seen(
    library: Library, if_match: str | None, look: Callable[[], BaseModel]
) -> Iterator[None]:
    """Let a change be made while nobody else makes one; ``look`` returns what a GET would.

    Raises:
        BadRequestError: the condition is no etag.
        ChangedError: it is not what the caller has seen.
    """
    wanted = None if if_match is None else set(read_etags(if_match))
    with library.changing:
        if wanted is not None and not {"*", etag_of_model(look())} & wanted:
            raise ChangedError("It was changed meanwhile: load it anew.")
        yield


def with_etag(response: Response, model: Model) -> Model:
    """Return what a change has made, with the etag for the next one."""
    response.headers["ETag"] = quoted(etag_of_model(model))
    return model
