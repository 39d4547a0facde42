"""The images that users may choose, and the short names of those that TwinHub makes itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from twinhub_dtconfig.faults import nearest_key
from twinhub_dtconfig.sections import Section
from twinhub_dtconfig.values import RefusalError

from twinhub_hub.settings.values import ImageName, Line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import GetJsonSchemaHandler

VERSION = "0.1.0"
"""Version of TwinHub, which its images have as their tag."""

Picture = Literal["workspace", "desktop", "full", "generic"]


def _as_tuple(value: object) -> object:
    """Return a list as the tuple that pydantic wants once a validator has had its hands on it."""
    return tuple(value) if isinstance(value, list) else value


class Image(Section):
    """One image that users may choose for a workspace."""

    image: ImageName = Field(
        description="Image name with tag, as Docker knows it.",
        examples=[f"twinhub/workspace:{VERSION}"],
    )
    title: Line = Field(
        min_length=1,
        max_length=80,
        description="What the spawn page calls it.",
        examples=["Workspace"],
    )
    summary: Line = Field("", max_length=300, description="One sentence on what it is for.")
    tools: Annotated[tuple[Line, ...], BeforeValidator(_as_tuple)] = Field(
        (),
        max_length=20,
        description="What is in it, as short names for the spawn page.",
        examples=[["JupyterLab", "Octave"]],
    )
    picture: Picture = Field("generic", description="Which drawing the spawn page shows beside it.")


def _own(name: str, picture: Picture, title: str, summary: str, *tools: str) -> Image:
    image = f"twinhub/{name}:{VERSION}"
    return Image(image=image, title=title, summary=summary, tools=tools, picture=picture)


_TOOLS = ("JupyterLab", "Python", "FMPy", "git", "terminal")
_DESKTOP_TOOLS = ("Linux desktop", "Firefox")

OWN: Mapping[str, Image] = {
    "workspace": _own(
        "workspace", "workspace", "Workspace", "JupyterLab with scientific Python", *_TOOLS
    ),
    "workspace-desktop": _own(
        "workspace-desktop",
        "desktop",
        "Workspace with desktop",
        "JupyterLab and a Linux desktop with Firefox, in the browser",
        *_TOOLS,
        *_DESKTOP_TOOLS,
    ),
    "workspace-full": _own(
        "workspace-full",
        "full",
        "Full workspace",
        "Desktop, VS Code, git pages, TensorBoard, Java, and compilers for C, C++ and Fortran",
        *_TOOLS,
        *_DESKTOP_TOOLS,
        "VS Code",
        "git page",
        "TensorBoard",
        "Java",
        "compilers",
    ),
}
"""TwinHub's own images by their short names; summaries as in ``images/hierarchy.yaml``."""

OWN_IMAGE = OWN["workspace"].image
"""The image that `twinhub up` builds unless the settings name others."""

RUN_IMAGE = f"twinhub/run:{VERSION}"
"""The image that runs of twins execute in, which `twinhub up` builds as well."""


def _in_full(value: object) -> object:
    """Return the image that a short name stands for; leave everything else to the model.

    Raises:
        RefusalError: TwinHub has no image of that name.
    """
    if not isinstance(value, str):
        return value
    if value in OWN:
        return OWN[value]
    if "/" in value or ":" in value:
        what = f"{value[:60]!r} is no short name of an image of TwinHub's own"
        raise RefusalError(what, f"write `- image: {value[:60]}` and a `title:` below it")
    nearest = nearest_key(value, OWN)
    remedy = f"known: {', '.join(OWN)}"
    raise RefusalError(f"there is no image {value[:60]!r}", remedy, nearest=nearest)


class _OrShortName:
    """Has the JSON Schema tell of short names too."""

    def __get_pydantic_json_schema__(
        self,
        schema: Any,  # noqa: ANN401 - pydantic's own
        handler: GetJsonSchemaHandler,
    ) -> dict[str, Any]:
        return {"anyOf": [handler(schema), {"enum": list(OWN)}]}


OfferedImage = Annotated[Image, BeforeValidator(_in_full), _OrShortName()]
"""An image, which in the file may be a short name of one of TwinHub's own."""
