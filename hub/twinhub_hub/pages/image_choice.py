"""The choice of an image on the page that starts a workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader

from twinhub_hub.pages.handlers import FOLDER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinhub_hub.settings.models import Image

_TEMPLATES = Environment(autoescape=True, loader=FileSystemLoader(FOLDER / "templates"))


def render_image_choice(images: Sequence[Image], chosen: object) -> str:
    """Return the form's fields: one card an image, the chosen one (else the first) selected.

    There is nothing to choose from a single image: the text is then empty, and JupyterHub starts
    the workspace without a form.
    """
    if len(images) < 2:  # noqa: PLR2004 - a choice takes two
        return ""
    offered = [image.image for image in images]
    selected = chosen if chosen in offered else offered[0]
    return _TEMPLATES.get_template("image_choice.html").render(images=images, selected=selected)
