"""What a twin is made of: whether each asset exists in a version that fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_dtconfig.assets import AssetError
from twinhub_dtconfig.checks.context import find_model_sources
from twinhub_dtconfig.finding import Finding
from twinhub_dtconfig.references import Reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_dtconfig.checks.context import Context, Result
    from twinhub_dtconfig.nodes import Key


def check_assets(context: Context) -> Iterator[Result]:
    """Yield references that lead to no asset; none where there is no library to look into."""
    if context.assets is None:
        return
    for alias, use in context.twin.uses.items():
        for key in ("asset", "twin"):
            text = getattr(use, key)
            if text is not None:
                yield from _check(context, ("uses", alias, key), text)
    if context.twin.class_ is not None:
        yield from _check(context, ("class",), context.twin.class_)


def _check(context: Context, path: tuple[Key, ...], text: str) -> Iterator[Result]:
    assert context.assets is not None  # noqa: S101 # the caller looked
    try:
        context.assets.locate(Reference.parse(text))
    except AssetError as error:
        if error.nearest is not None or find_model_sources(context.assets, text) is None:
            yield Finding(path, error.what, error.remedy, error.nearest)
        else:
            remedy = "only its sources are there: build it before a run"
            yield Finding(path, error.what, remedy, is_warning=True)
