"""The choice of an image: what the form offers."""

from __future__ import annotations

from html.parser import HTMLParser

from twinhub_hub.pages.image_choice import render_image_choice
from twinhub_hub.settings.models import Image

PLAIN = Image(image="site/plain:1", title="Plain", summary="Python & no more.")
SOLVERS = Image(image="site/solvers:2", title="<Solvers>", summary="")


class Form(HTMLParser):
    """The radio buttons of a form, and the text around them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.values: list[str | None] = []
        self.checked: list[str | None] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "input":
            assert (attributes["type"], attributes["name"]) == ("radio", "image")
            self.values.append(attributes["value"])
            if "checked" in attributes:
                self.checked.append(attributes["value"])

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
