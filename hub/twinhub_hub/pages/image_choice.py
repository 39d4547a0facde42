"""The choice of an image on the page that starts a workspace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader

from twinhub_hub.pages.handlers import FOLDER
from twinhub_hub.spawners.shelf import OnDisk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyterhub.user import User

    from twinhub_hub.settings.images import Image

_TEMPLATES = Environment(autoescape=True, loader=FileSystemLoader(FOLDER / "templates"))
_GIGA, _MEGA = 10**9, 10**6


@dataclass(frozen=True)
class Card:
    """One image as the page shows it."""

    image: Image
    size: str
    """Such as ``1.2 GB``; empty where nobody knows."""
    is_there: bool


def render_image_choice(
    images: Sequence[Image], chosen: object, found: Mapping[str, OnDisk] | None = None
) -> str:
    """Return the form's fields: one card an image, the chosen one (else the first) selected.

    An image that is not on this machine is shown, and cannot be chosen. There is nothing to choose
    from a single image: the text is then empty, and JupyterHub starts the workspace without a form.
    """
    if len(images) < 2:  # noqa: PLR2004 - a choice takes two
        return ""
    cards = [_card(image, (found or {}).get(image.image, OnDisk())) for image in images]
    there = [card.image.image for card in cards if card.is_there]
    selected = chosen if chosen in there else next(iter(there), "")
    return _TEMPLATES.get_template("image_choice.html").render(cards=cards, selected=selected)


def show_size(size: int | None) -> str:
    """Return bytes as one says them: ``1.2 GB``, ``640 MB``; nothing for None."""
    if size is None:
        return ""
    return f"{size / _GIGA:.1f} GB" if size >= _GIGA else f"{max(1, round(size / _MEGA))} MB"


def _card(image: Image, found: OnDisk) -> Card:
    return Card(image, show_size(found.size), found.is_there)


def titles_of(titles: Mapping[str, str], user: User | None) -> Mapping[str, str]:
    """Return what a user's workspaces are, by their names, where there is more than one image.

    For one that does not run it is what it would be started as; that of a start which is refused
    may be anything.
    """
    if user is None or len(titles) < 2:  # noqa: PLR2004 - as above
        return {}
    images = {one.name: _image_of(one) for one in user.all_spawners()}
    return {name: titles[image] for name, image in images.items() if image in titles}


def _image_of(workspace: Any) -> str:  # noqa: ANN401 - a spawner, or a row of the database
    if workspace.active:
        return str(getattr(workspace, "image", ""))
    options = workspace.user_options
    return str(options.get("image", "")) if isinstance(options, dict) else ""
