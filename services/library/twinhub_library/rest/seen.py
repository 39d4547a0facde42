"""Changes of what somebody has seen: ``If-Match`` refuses them where it has changed since."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated, TypeVar

from fastapi import Header
from twinhub_kit.files.errors import ChangedError

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


IfNoneMatch = Annotated[
    str | None,
    Header(
        alias="If-None-Match", max_length=1024,
        description="`*` if you have seen that there is none yet: 412 if there is one by now.",
    ),
]  # fmt: skip
"""Type of a route's parameter that lets something be made only where nothing is."""


@contextlib.contextmanager
def as_seen(
    library: Library, if_match: str | None, look: Callable[[], BaseModel | None],
    if_none_match: str | None = None,
) -> Iterator[None]:  # fmt: skip
    """Let a change be made while nobody else makes one; ``look`` returns what a GET would.

    It returns None where nothing is there, which is as no etag says.

    Raises:
        BadRequestError: a condition is no etag.
        ChangedError: it is not what the caller has seen.
    """
    wanted, unwanted = _read(if_match), _read(if_none_match)
    with library.changing:
        found = look() if wanted is not None or unwanted is not None else None
        etags = set() if found is None else {"*", etag_of_model(found)}
        if (wanted is not None and not etags & wanted) or (unwanted and etags & unwanted):
            raise ChangedError("It was changed meanwhile: load it anew.")
        yield


def _read(condition: str | None) -> set[str] | None:
    return None if condition is None else set(read_etags(condition))


def with_etag(response: Response, model: Model) -> Model:
    """Return what a change has made, with the etag for the next one."""
    response.headers["ETag"] = quoted(etag_of_model(model))
    return model
