"""From ``collection.yaml`` to what it says, or to everything that is wrong with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from twinhub_dtconfig.documents import Document, DocumentError, parse_document
from twinhub_dtconfig.explanations import Explainer
from twinhub_dtconfig.faults import START, Fault
from twinhub_dtconfig.fields import Tree, dotted
from twinhub_dtconfig.models.collection import CollectionFile, CollectionItem
from twinhub_dtconfig.references import Area, Reference
from twinhub_dtconfig.shorthand import find_nulls

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE_NAME = "collection.yaml"
"""What the file is called in an asset's folder."""

_EXPLAINER = Explainer(Tree(CollectionFile))
_MOST_FAULTS = 100
_REMEDY = "publish the asset and write 'common/<kind>/<name>'"


@dataclass(frozen=True, slots=True)
class ReadCollection:
    """What a ``collection.yaml`` says, and everything that is wrong with it."""

    collection: CollectionFile
    """Empty where there are faults."""
    faults: tuple[Fault, ...] = ()


def read_collection(content: bytes, file: str = FILE_NAME) -> ReadCollection:
    """Return what the bytes of a ``collection.yaml`` say; bad content is told in the faults."""
    try:
        document = parse_document(content, file)
    except DocumentError as error:
        return ReadCollection(CollectionFile(), error.faults)
    if document.data is None:
        what, remedy = "the file is empty", "write `items:` and what is in the collection"
        return ReadCollection(CollectionFile(), (Fault(file, *START, what, remedy),))
    nulls = set(find_nulls(document.data))
    try:
        collection = CollectionFile.model_validate_json(json.dumps(document.data), strict=True)
    except ValidationError as error:
        explained = tuple(_EXPLAINER.explain_errors(error, document, nulls))
        return ReadCollection(CollectionFile(), explained[:_MOST_FAULTS])
    faults = [
        *(
            Fault(file, *document.key_position_of(path), f"{dotted(path)} has no value", "give it")
            for path in nulls
        ),
        *_check_items(document, collection),
    ]
    if faults:
        return ReadCollection(CollectionFile(), tuple(faults[:_MOST_FAULTS]))
    return ReadCollection(collection)


def _check_items(document: Document, collection: CollectionFile) -> Iterator[Fault]:
    for at, item in enumerate(collection.items):
        path = ("items", at)
        if (item.heading is None) == (item.asset is None):
            what = f"item {at + 1} has to be a heading or an asset"
            yield Fault(document.file, *document.position_of(path), what, "write one of the two")
        elif item.asset is not None and _is_private(item):
            what = f"{item.asset!r} is not published, so nobody else can open it"
            place = document.position_of((*path, "asset"))
            yield Fault(document.file, *place, what, _REMEDY)


def _is_private(item: CollectionItem) -> bool:
    return item.asset is not None and Reference.parse(item.asset).area is not Area.COMMON
