"""The choice of an image: what the form offers."""

from __future__ import annotations

from html.parser import HTMLParser
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from docker.errors import APIError, NotFound
from twinhub_hub.pages.image_choice import render_image_choice, titles_of
from twinhub_hub.settings.images import Image
from twinhub_hub.spawners.shelf import ABSENT_SECONDS, OnDisk, Shelf

if TYPE_CHECKING:
    from collections.abc import Mapping

PLAIN = Image(image="site/plain:1", title="Plain", summary="Python & no more.")
SOLVERS = Image(image="site/solvers:2", title="<Solvers>", summary="")


class Form(HTMLParser):
    """The radio buttons of a form, and the text around them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.values: list[str | None] = []
        self.checked: list[str | None] = []
        self.disabled: list[str | None] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "input":
            assert (attributes["type"], attributes["name"]) == ("radio", "image")
            self.values.append(attributes["value"])
            if "checked" in attributes:
                self.checked.append(attributes["value"])
            if "disabled" in attributes:
                self.disabled.append(attributes["value"])

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_single_image_needs_no_form() -> None:
    assert render_image_choice([PLAIN], None) == ""


def test_each_image_is_offered_with_its_words() -> None:
    form = Form(render_image_choice([PLAIN, SOLVERS], None))
    assert form.values == ["site/plain:1", "site/solvers:2"]
    assert "Python & no more." in form.text
    assert "<Solvers>" in form.text, "a title is text and never markup"


def test_the_last_choice_is_selected() -> None:
    assert Form(render_image_choice([PLAIN, SOLVERS], "site/solvers:2")).checked == [
        "site/solvers:2"
    ]


def test_the_first_image_is_selected_when_the_last_choice_is_offered_no_more() -> None:
    for gone in (None, "site/old:1", ["site/solvers:2"]):
        assert Form(render_image_choice([PLAIN, SOLVERS], gone)).checked == ["site/plain:1"]


def test_each_card_says_what_is_in_the_image_and_how_large_it_is() -> None:
    found = {"site/plain:1": OnDisk(size=1_240_000_000), "site/solvers:2": OnDisk(size=640_000_000)}
    images = [PLAIN.model_copy(update={"tools": ("JupyterLab", "Octave")}), SOLVERS]
    text = Form(render_image_choice(images, None, found)).text
    assert "1.2 GB on disk" in text
    assert "640 MB on disk" in text
    assert "Octave" in text


def test_an_image_that_is_not_there_says_so_and_cannot_be_chosen() -> None:
    found = {"site/plain:1": OnDisk(is_there=False)}
    form = Form(render_image_choice([PLAIN, SOLVERS], "site/plain:1", found))
    assert form.checked == ["site/solvers:2"]
    assert form.disabled == ["site/plain:1"]
    assert "ask an administrator" in form.text


def test_where_docker_tells_no_size_none_is_shown() -> None:
    assert "on disk" not in Form(render_image_choice([PLAIN, SOLVERS], None)).text


async def test_docker_is_not_asked_again_for_what_it_has_just_said() -> None:
    now, asked = [0.0], []

    async def inspect(image: str) -> Mapping[str, Any]:
        asked.append(image)
        if image == "gone":
            raise NotFound("no such image")
        return {"Size": 5}

    shelf = Shelf(lambda: now[0])
    for _ in range(2):
        found = await shelf.look(["there", "gone"], inspect)
        assert found == {"there": OnDisk(size=5), "gone": OnDisk(is_there=False)}
    assert asked == ["there", "gone"]
    now[0] = ABSENT_SECONDS
    await shelf.look(["there", "gone"], inspect)
    assert asked == ["there", "gone", "gone"], "what was not there may have been built meanwhile"


async def test_a_docker_that_does_not_answer_hides_no_image() -> None:
    async def inspect(_image: str) -> Mapping[str, Any]:
        raise APIError("away")

    assert await Shelf().look(["there"], inspect) == {"there": OnDisk()}


def _workspace(name: str, *, image: str = "", options: object = None) -> SimpleNamespace:
    more = {"image": image} if image else {}
    return SimpleNamespace(name=name, active=bool(image), user_options=options, **more)


def test_the_home_page_knows_the_image_of_each_workspace() -> None:
    odd: list[object] = [None, [], {"image": [1]}]
    workspaces = [
        _workspace("", image="site/plain:1", options={"image": "site/solvers:2"}),
        _workspace("second", options={"image": "site/solvers:2"}),
        *(_workspace(f"odd{at}", options=options) for at, options in enumerate(odd)),
    ]
    user: Any = SimpleNamespace(all_spawners=lambda: iter(workspaces))
    titles = {"site/plain:1": "Plain", "site/solvers:2": "Solvers"}
    assert titles_of(titles, user) == {"": "Plain", "second": "Solvers"}
    assert titles_of({"site/plain:1": "Plain"}, user) == {}, "there is nothing to tell apart"
    assert titles_of(titles, None) == {}
