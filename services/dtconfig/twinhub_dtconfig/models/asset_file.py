"""What ``asset.yaml`` says about an asset."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from twinhub_dtconfig.licences import check_licence
from twinhub_dtconfig.models.assets import AssetReference
from twinhub_dtconfig.models.block import Line, Prose
from twinhub_dtconfig.models.twin import SEMVER
from twinhub_dtconfig.sections import Section

Licence = Annotated[
    str,
    Field(min_length=1, max_length=200),
    AfterValidator(check_licence),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 200}),
]
"""A licence as SPDX writes it."""


class AssetFile(Section):
    """An asset: what it is called and for, whose it is, and what else it needs."""

    title: Line | None = Field(
        None, description="What people call it; without one, its name.", examples=["Heated tank"]
    )
    summary: Prose | None = Field(
        None,
        description="A paragraph on what it is for.",
        examples=["Water in a tank with a heater, as an FMU."],
    )
    version: Annotated[str, Field(pattern=SEMVER)] | None = Field(
        None,
        description="Its version, three numbers; publishing offers it as the next one.",
        examples=["1.2.0"],
    )
    licence: Licence | None = Field(
        None,
        description="Its licence, as SPDX writes it.",
        examples=["BSD-3-Clause", "Apache-2.0 OR MIT"],
    )
    authors: Annotated[tuple[Line, ...], Field(max_length=200)] = Field(
        (), description="Who has made it.", examples=[["Ada Lovelace", "Grace Hopper"]]
    )
    keywords: Annotated[tuple[Line, ...], Field(max_length=50)] = Field(
        (), description="Words that it is found by.", examples=[["tank", "control"]]
    )
    requires: Annotated[tuple[AssetReference, ...], Field(max_length=200)] = Field(
        (),
        description="Assets that it needs, with the versions that are good enough.",
        examples=[["common/tools/fixed-step-master@^1.0"]],
    )
