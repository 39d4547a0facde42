"""What each kind of thing among ``uses`` may say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_dtconfig.finding import Finding
from twinhub_dtconfig.references import AssetKind, Reference
from twinhub_dtconfig.rules.links import check_address, link

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_dtconfig.models.assets import Use
    from twinhub_dtconfig.models.twin import Twin

BELONGS = {
    "file": ("doi",),
    "sha256": ("url", "s3", "doi"),
    "size": ("url", "s3", "doi"),
    "secret": ("url", "s3"),
    "copy": ("asset", "twin"),
    "writable": ("asset",),
}
"""Which kinds of sources a key is for."""


def check_uses(twin: Twin) -> Iterator[Finding]:
    """Yield what does not fit the kind of a source, and secrets that are not named."""
    for alias, use in twin.uses.items():
        source = next(key for key in use.ONE_OF if getattr(use, key) is not None)
        for key, sources in BELONGS.items():
            if source not in sources and _is_given(use, key):
                what = f"{key} does not go with {source}"
                yield Finding(("uses", alias, key), what, "remove it", is_key=True)
        yield from link(("uses", alias, "secret"), use.secret, twin.secrets, "secrets")
        if use.url is not None:
            remedy = "write `secret:` with the name of a secret"
            yield from check_address(("uses", alias, "url"), use.url, remedy)
        yield from _check_use(alias, use)
    if twin.class_ is not None:
        yield from _check_is_twin(("class",), twin.class_)


def _check_use(alias: str, use: Use) -> Iterator[Finding]:
    if use.url is not None and use.sha256 is None:
        what = "what is fetched may change without notice: it has no sha256"
        yield Finding(("uses", alias, "url"), what, "add `sha256:`", is_warning=True)
    if use.writable and use.copy_:
        what = "a copy is private, so nothing is written to the asset"
        yield Finding(("uses", alias, "writable"), what, "remove `copy` or `writable`")
    if use.writable and (use.asset or "").startswith("common/"):
        what = "common assets are read-only"
        remedy = "remove it, or write `copy: true` for a private working copy"
        yield Finding(("uses", alias, "writable"), what, remedy)
    if use.twin is not None:
        yield from _check_is_twin(("uses", alias, "twin"), use.twin)


def _check_is_twin(path: tuple[str, ...], text: str) -> Iterator[Finding]:
    reference = Reference.parse(text)
    if reference.kind is not AssetKind.DIGITAL_TWINS or reference.path:
        what = f"{text!r} is no digital twin"
        yield Finding(path, what, "name one, as in common/digital_twins/cooler@^1.0")


def _is_given(use: Use, key: str) -> bool:
    return ("copy_" if key == "copy" else key) in use.model_fields_set
