"""Plain words for what pydantic finds, in any kind of file."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import AfterValidator, Field, ValidationError
from twinhub_dtconfig.documents import parse_document
from twinhub_dtconfig.explanations import Explainer, example_of, fault_at, inline, shown
from twinhub_dtconfig.fields import Tree, keys_of
from twinhub_dtconfig.sections import Section
from twinhub_dtconfig.values import Duration, Size


def _refuse(value: str) -> str:
    raise ValueError(f"{value} is worn out")


class Wheel(Section):
    """A part."""

    size: Size | None = Field(None, examples=["1M"])
    pause: Duration = 30.0


class Cart(Section):
    """A whole."""

    wheels: Annotated[tuple[Wheel, ...], Field(min_length=2, max_length=3)] = ()
    colour: Annotated[str, Field(min_length=3)] = "red"
    axle: Annotated[str, AfterValidator(_refuse)] = Field("a", examples=["steel"])
    labels: dict[Annotated[str, Field(pattern="^[a-z]+$")], str] = Field({})
    spare: Wheel = Wheel()


def said_of(text: str) -> list[str]:
    """Return what is said about a file of a cart."""
    document = parse_document(text.encode(), "cart.yaml")
    with pytest.raises(ValidationError) as caught:
        Cart.model_validate(document.data)
    return [str(fault) for fault in Explainer(Tree(Cart)).explain_errors(caught.value, document)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("wheels: []\n", "1:9: wheels must not be empty; put something in, or remove it"),
        ("wheels: [{}]\n", "1:9: wheels is too short; give at least 2"),
        ("wheels: [{}, {}, {}, {}]\n", "1:9: wheels is too long; give at most 3 entries"),
        ("colour: x\n", "1:9: colour is too short; give at least 3"),
        ("colour: ''\n", "1:9: colour must not be empty; write for example red"),
        ("axle: oak\n", "1:7: axle: oak is worn out; write for example steel"),
        (
            "labels: {A1: x}\n",
            "1:10: labels: the name 'A1' cannot be used; use letters, digits and '_'",
        ),
        (
            "spare: {size: -1}\n",
            "1:15: spare.size must be at least 0, not -1; write for example 1M",
        ),
        (
            "spare: {pause: 1h}\nspare2: 1\n",
            "2:1: unknown key 'spare2' at the top level; did you mean 'spare'?",
        ),
        ("spare: {colour: x}\n", "1:9: unknown key 'colour' in spare; move it to the top level"),
    ],
)
def test_what_is_said(text: str, said: str) -> None:
    assert said_of(text) == [f"cart.yaml:{said}"]


def test_a_list_of_wrong_items_is_not_called_too_short() -> None:
    assert said_of("wheels: [{size: x}, {size: 5}]\n") == [
        "cart.yaml:1:17: wheels[0].size: 'x' is no size;"
        " write bytes, or a number with K, M, G or T, as in 512M"
    ]


def test_a_fault_stands_at_its_value() -> None:
    document = parse_document(b"spare: {size: 1}\n", "cart.yaml")
    fault = fault_at(document, ("spare", "size"), "it is odd", remedy="change it")
    assert str(fault) == "cart.yaml:1:15: it is odd; change it"


@pytest.mark.parametrize(
    ("key", "example"), [("colour", "red"), ("axle", "steel"), ("spare", None), ("labels", "{}")]
)
def test_an_example_is_a_good_value(key: str, example: str | None) -> None:
    assert example_of(keys_of(Cart)[key]) == example


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        ("true", "'true'"),
        (1.5, "1.5"),
        ("a, b", "'a, b'"),
        ("it's {x}", "'it''s {x}'"),
        ("a\nb", '"a\\nb"'),
        ({"a": ["b", 1]}, "{a: [b, 1]}"),
    ],
)
def test_a_value_in_one_line_reads_as_itself(value: object, text: str) -> None:
    assert inline(value) == text
    assert parse_document(f"x: {text}\n".encode(), "").data == {"x": value}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        ({}, "keys with values"),
        ([], "an empty list"),
        ([1], "a list"),
        ("x" * 50, f"'{'x' * 40}…'"),
        (float("inf"), "inf"),
        (False, "false"),
    ],
)
def test_a_value_in_a_message_is_short(value: object, text: str) -> None:
    assert shown(value) == text
