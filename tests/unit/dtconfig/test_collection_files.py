"""What `collection.yaml` says, and what is wrong with it, each with its line."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
from twinhub_dtconfig.collection_files import read_collection

GUIDE = Path(__file__).parents[3] / "docs" / "howto" / "collections.md"


def test_example_of_the_guide_is_one() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)

    read = read_collection(textwrap.dedent(example).encode())

    assert read.faults == ()
    assert [item.heading for item in read.collection.items] == ["Week 1", None, None, "Week 2"]
    assert read.collection.items[1].title == "First steps"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "collection.yaml:1:1: the file is empty"),
        (
            "items:\n  - asset: models/tank\n",
            "collection.yaml:2:12: 'models/tank' is not published",
        ),
        ("items:\n  - text: x\n", "collection.yaml:2:5:"),
        ("items:\n  - heading: a\n    asset: common/data/x\n", "collection.yaml:2:5:"),
        ("items:\n  - assett: common/data/x\n", "did you mean 'asset'?"),
        ("items:\n  - asset: common/data/../x\n", "collection.yaml:2:12:"),
        ("title: [\n", "collection.yaml:"),
        ("title: ''\n", "collection.yaml:1:"),
        ("title:\nitems: []\n", "collection.yaml:1:"),
        ("- x\n", "collection.yaml:1:1:"),
    ],
)
def test_fault_names_line_and_remedy_and_stops_the_collection(text: str, fault: str) -> None:
    read = read_collection(text.encode())

    assert fault in "\n".join(map(str, read.faults))
    assert read.collection.items == ()


@pytest.mark.d4(27)
def test_alias_bomb_is_refused_at_once() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + at)}: &{chr(98 + at)} [{','.join(['*' + chr(97 + at)] * 9)}]\n"
        for at in range(9)
    )

    assert read_collection(bomb.encode()).faults
