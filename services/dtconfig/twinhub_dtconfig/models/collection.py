"""What ``collection.yaml`` says: assets and notebooks in an order, with text between them."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from twinhub_dtconfig.models.assets import AssetReference
from twinhub_dtconfig.models.block import Line, Prose
from twinhub_dtconfig.sections import Section


class CollectionItem(Section):
    """One part of a collection: a heading, or an asset; either with a text below it."""

    ONE_OF: ClassVar[tuple[str, ...]] = ("heading", "asset")

    heading: Line | None = Field(
        None, description="Begins a new part of the collection.", examples=["Week 1"]
    )
    asset: AssetReference | None = Field(
        None,
        description="A published asset, or a file in it such as a notebook, with a version if it "
        "is to stay that one.",
        examples=["common/models/tank/start.ipynb@1.0.0"],
    )
    title: Line | None = Field(
        None, description="What the asset is called here; without one, its own title."
    )
    text: Prose | None = Field(
        None, description="What one should know or do, as Markdown.", examples=["Run all cells."]
    )


class CollectionFile(Section):
    """A collection: assets and notebooks in an order, with headings and text."""

    title: Line | None = Field(
        None, description="What people call it; without one, its name.", examples=["Digital twins"]
    )
    summary: Prose | None = Field(
        None, description="What it is for, as Markdown.", examples=["The course of this autumn."]
    )
    items: Annotated[tuple[CollectionItem, ...], Field(max_length=500)] = Field(
        (), description="Its parts, in order."
    )
