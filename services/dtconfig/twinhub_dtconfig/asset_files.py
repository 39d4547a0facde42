"""From ``asset.yaml`` to what it says, or to everything that is wrong with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from twinhub_dtconfig.assets import AssetError
from twinhub_dtconfig.documents import Document, DocumentError, Limits, parse_document
from twinhub_dtconfig.explanations import Explainer
from twinhub_dtconfig.faults import START, Fault
from twinhub_dtconfig.fields import Tree, dotted, keys_of
from twinhub_dtconfig.layout import METADATA
from twinhub_dtconfig.models.asset_file import AssetFile
from twinhub_dtconfig.references import Reference
from twinhub_dtconfig.shorthand import find_nulls

if TYPE_CHECKING:
    from twinhub_dtconfig.assets import AssetTree
    from twinhub_dtconfig.nodes import Data

FILE_NAME = "asset.yaml"
"""What the file is called in an asset's folder."""

LIMITS = Limits(size_bytes=128 * 1024)
"""Much less than a twin's: a list of assets reads many of them."""

_TREE = Tree(AssetFile)
_EXPLAINER = Explainer(_TREE)
_MOST_FAULTS = 100


@dataclass(frozen=True, slots=True)
class ReadAsset:
    """What could be read of an ``asset.yaml``, and everything that is wrong with it."""

    asset: AssetFile
    """Without the keys that are wrong."""
    faults: tuple[Fault, ...] = ()
    document: Document | None = None
    """None where it could not be read at all."""


def read_asset(content: bytes, file: str = FILE_NAME) -> ReadAsset:
    """Return what the bytes of an ``asset.yaml`` say; bad content is told in the faults."""
    faults: list[Fault] = []
    try:
        document = parse_document(content, file, limits=LIMITS)
    except DocumentError as error:
        faults += error.faults
        if error.document is None:
            return ReadAsset(AssetFile(), error.faults)
        document = error.document
    if document.data is None:
        what, remedy = "the file is empty", "write `title:` and what it is called, or remove it"
        return ReadAsset(AssetFile(), (*faults, Fault(file, *START, what, remedy)), document)
    asset = _validate(document, faults)
    unique = sorted(dict.fromkeys(faults), key=lambda fault: (fault.line, fault.column))
    return ReadAsset(asset, tuple(unique[:_MOST_FAULTS]), document)


def is_asset_file(name: str) -> bool:
    """Tell whether a file of this name says what an asset is: its own, or that of one beside it."""
    return name == FILE_NAME or (name.endswith(METADATA) and not name.startswith("."))


def check_requires(read: ReadAsset, assets: AssetTree) -> list[Fault]:
    """Return a fault for each reference that leads to nothing in a library."""
    if read.document is None:
        return []
    faults = []
    for at, text in enumerate(read.asset.requires):
        try:
            assets.locate(Reference.parse(text))
        except AssetError as error:
            position = read.document.position_of(("requires", at))
            what = f"requires[{at}]: {error.what}"
            fault = Fault(read.document.file, *position, what, error.remedy, error.nearest)
            faults.append(fault)
    return faults


def keep_what_is_right(data: Data) -> AssetFile:
    """Return what plain data says of an asset, without keys that are unknown or wrong."""
    kept = data if isinstance(data, dict) else {}
    kept = {key: value for key, value in kept.items() if key in keys_of(AssetFile)}
    while True:
        try:
            return AssetFile.model_validate_json(json.dumps(kept), strict=True)
        except ValidationError as error:
            wrong = {found["loc"][0] for found in error.errors(include_url=False)}
            kept = {key: value for key, value in kept.items() if key not in wrong}


def _validate(document: Document, faults: list[Fault]) -> AssetFile:
    nulls = set(find_nulls(document.data))
    for path in nulls:
        what, remedy = f"{dotted(path)} has no value", "give it one, or remove it"
        faults.append(Fault(document.file, *document.key_position_of(path), what, remedy))
    try:
        return AssetFile.model_validate_json(json.dumps(document.data), strict=True)
    except ValidationError as error:
        faults += _EXPLAINER.explain_errors(error, document, nulls)
        return keep_what_is_right(document.data)
