"""What a twin is made of: assets, data from elsewhere, other twins."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, WithJsonSchema

from twinhub_dtconfig.models.block import Block, Name
from twinhub_dtconfig.references import BadReferenceError, Reference
from twinhub_dtconfig.values import RefusalError, RelativePath, Size

REFERENCE_PATTERN = (
    r"^(common/|teams/[^/]+/)?(data|models|functions|tools|digital_twins)/[^/.][^/]*(/[^/]+)*$"
)
_URL = r"^https?://[^\s/?#]+[^\s]*$"
_S3 = r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+$"
_DOI = r"^10\.[0-9]{4,9}/[^\s]+$"


def _check_reference(value: str) -> str:
    try:
        Reference.parse(value)
    except BadReferenceError as error:
        nearest = str(error.nearest) if error.nearest else None
        raise RefusalError(error.what, error.remedy, nearest=nearest) from error
    return value


AssetReference = Annotated[
    str,
    Field(max_length=1024),
    AfterValidator(_check_reference),
    WithJsonSchema({"type": "string", "pattern": REFERENCE_PATTERN, "maxLength": 1024}),
]
"""``[common/|teams/<group>/]<kind>/<name>[/<path>][@<version>]``."""

TWIN_PATTERN = r"^(common/|teams/[^/]+/)?digital_twins/[^/.][^/]*$"

TwinReference = Annotated[
    str,
    Field(max_length=1024),
    AfterValidator(_check_reference),
    WithJsonSchema({"type": "string", "pattern": TWIN_PATTERN, "maxLength": 1024}),
]
"""An `AssetReference` that names a digital twin."""


class Use(Block):
    """One thing that a twin is made of, under the name that the twin calls it."""

    SHORT: ClassVar[str | None] = "asset"
    ONE_OF: ClassVar[tuple[str, ...]] = ("asset", "twin", "url", "s3", "doi")

    asset: AssetReference | None = Field(
        None,
        description="An asset of the library: a folder or a single file, with a version if it is"
        " common.",
        examples=["common/models/tank@1.2"],
    )
    twin: TwinReference | None = Field(
        None,
        description="Another twin, as a part of this one.",
        examples=["common/digital_twins/cooler@^1.0"],
    )
    url: str | None = Field(
        None,
        description="A file to be fetched; give its sha256 too.",
        max_length=2048,
        pattern=_URL,
        examples=["https://example.org/profile.csv"],
    )
    s3: str | None = Field(
        None,
        description="An object, or all below a prefix that ends in '/', in an S3 bucket.",
        max_length=2048,
        pattern=_S3,
        examples=["s3://measurements/tank/"],
    )
    doi: str | None = Field(
        None,
        description="A published data set.",
        max_length=256,
        pattern=_DOI,
        examples=["10.5281/zenodo.1234"],
    )
    file: RelativePath | None = Field(
        None,
        description="The one file of a published data set, else all of them.",
        examples=["profile.csv"],
    )
    sha256: str | None = Field(
        None,
        description="The digest that the fetched file must have.",
        pattern=r"^[0-9a-f]{64}$",
        examples=["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    )
    size: Size | None = Field(
        None, description="How large it is expected to be.", examples=["120M"]
    )
    secret: Name | None = Field(
        None, description="The secret that opens it.", examples=["lake_key"]
    )
    mount: bool = Field(
        default=True, description="Whether it is mounted where a run needs it; else it is copied."
    )
    writable: bool = Field(
        default=False, description="Whether a run may change it, where whoever runs it may."
    )
    copy_: bool = Field(
        default=False,
        alias="copy",
        description="Whether each run has a private working copy of a read-only asset.",
    )
