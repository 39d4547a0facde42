"""Site layers in ``twinhub.yaml``: packages of the site on top of an image, for whole groups."""

from __future__ import annotations

import re
from typing import Annotated, Self

from packaging.requirements import InvalidRequirement, Requirement
from pydantic import AfterValidator, Field, field_validator, model_validator
from twinhub_dtconfig.faults import nearest_key
from twinhub_dtconfig.sections import Section
from twinhub_dtconfig.values import RefusalError

from twinhub_hub.settings.images import OWN
from twinhub_hub.settings.values import (
    FilePath,
    GroupPath,
    ImageName,
    Line,
    check_differ,
)

_MOST_PACKAGES = 200
_LONGEST_PACKAGE = 300

# Debian policy 5.6.1 and 5.6.12. A name that ends in `-` would have apt remove a package.
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]*[a-z0-9+.](?:=[0-9][A-Za-z0-9.+~:-]*)?")
_HASHED_ADDRESS = re.compile(r"https://[A-Za-z0-9./_~%+:-]+#sha256=[0-9a-f]{64}")


def _check_package(value: str) -> str:
    if not _PACKAGE.fullmatch(value):
        raise RefusalError(
            f"{value!r} is no name of a Debian package",
            "write a name such as graphviz, or with a version such as graphviz=2.42.2-7",
        )
    return value


def _check_requirement(value: str) -> str:
    """Return the requirement in its plain form, which no installer takes for anything else."""
    try:
        requirement = Requirement(value)
    except InvalidRequirement as error:
        raise RefusalError(
            f"{value!r} is no requirement of a Python package",
            "write one such as pyfmi==2.16.1 or 'networkx>=3,<4'; options and paths have no place",
        ) from error
    if requirement.url and not _HASHED_ADDRESS.fullmatch(requirement.url):
        raise RefusalError(
            f"the address of {requirement.name} is not https with a checksum",
            "end it with #sha256= and the SHA-256 of the file, or name a version",
        )
    return str(requirement)


SystemPackage = Annotated[str, Field(max_length=_LONGEST_PACKAGE), AfterValidator(_check_package)]
PythonPackage = Annotated[
    Line, Field(max_length=_LONGEST_PACKAGE), AfterValidator(_check_requirement)
]


class Layer(Section):
    """Packages of the site on top of an image, built by `twinhub images build`.

    Members of its groups get it wherever they would get the image that it stands on.
    """

    name: str = Field(
        pattern=r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$",
        description="Its name: small letters, digits and hyphens.",
        examples=["mechanics"],
    )
    base: ImageName = Field(
        "workspace",
        description="What it stands on: a name of TwinHub's images, or a tag as Docker knows it.",
    )
    title: Line = Field(
        min_length=1,
        max_length=80,
        description="What the spawn page calls it.",
        examples=["Mechanics course"],
    )
    summary: Line = Field("", max_length=300, description="One sentence on what is in it.")
    system: tuple[SystemPackage, ...] = Field(
        (),
        max_length=_MOST_PACKAGES,
        description="Debian packages, each a name, or a name, `=` and a version.",
        examples=[["graphviz", "octave"]],
    )
    python: tuple[PythonPackage, ...] = Field(
        (),
        max_length=_MOST_PACKAGES,
        description=(
            "Python packages as PEP 508 requirements. What the image has already keeps its version."
        ),
        examples=[["networkx>=3,<4"]],
    )
    lock: FilePath | None = Field(
        None,
        description=(
            "File with Python packages of exact versions and hashes, in place of `python`; a "
            "relative path starts at the folder of `twinhub.yaml`."
        ),
        examples=["layers/mechanics.txt"],
    )
    groups: tuple[GroupPath, ...] = Field(
        (),
        description=(
            "Groups whose members get it as their default. Without groups everybody may choose it."
        ),
        examples=[["mechanics-2026"]],
    )

    @field_validator("name")
    @classmethod
    def _is_no_image(cls, value: str) -> str:
        if value in OWN:
            raise RefusalError(
                f"{value!r} is the name of an image of TwinHub's", "rename the layer"
            )
        return value

    @field_validator("base")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value in OWN or ":" in value or "/" in value:
            return value
        raise RefusalError(
            f"there is no image {value!r}",
            f"write one of {', '.join(OWN)}, or an image of your own with its tag",
            nearest=nearest_key(value, OWN),
        )

    @field_validator("system")
    @classmethod
    def _packages_differ(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        check_differ([package.partition("=")[0] for package in value], "entries name")
        return value

    @field_validator("groups")
    @classmethod
    def _groups_differ(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        check_differ(value, "entries name the group")
        return value

    @model_validator(mode="after")
    def _has_packages_in_one_way(self) -> Self:
        if self.python and self.lock:
            raise RefusalError(
                "`python` and `lock` both say which Python packages there are",
                "keep one of them: a lock names every package",
                "lock",
            )
        if not (self.system or self.python or self.lock):
            raise RefusalError(
                "the layer has no packages", "list some in `system` or `python`", "name"
            )
        return self

    @property
    def base_tag(self) -> str:
        """The image that it stands on, as Docker knows it."""
        return OWN[self.base].image if self.base in OWN else self.base
