"""References to assets: what they stand for, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twinhub_dtconfig.references import Area, AssetKind, BadReferenceError, Reference

DIGEST = "sha256:" + "a1" * 32


@pytest.mark.parametrize(
    ("text", "area", "group", "kind", "name", "path", "version"),
    [
        ("models/tank", "private", None, "models", "tank", "", None),
        ("models/tank.fmu", "private", None, "models", "tank.fmu", "", None),
        ("common/models/tank@1.2", "common", None, "models", "tank", "", "1.2"),
        ("common/data/a/b/c.csv@>=1.2,<2", "common", None, "data", "a", "b/c.csv", ">=1.2,<2"),
        ("teams/lab-1/tools/x/y", "team", "lab-1", "tools", "x", "y", None),
        ("common/digital_twins/cooler@^1.0", "common", None, "digital_twins", "cooler", "", "^1.0"),
        (f"functions/f@{DIGEST}", "private", None, "functions", "f", "", DIGEST),
        ("models/Größe in m", "private", None, "models", "Größe in m", "", None),
        ("models/a/.hidden", "private", None, "models", "a", ".hidden", None),
    ],
)
def test_a_reference_has_parts(  # noqa: PLR0913, PLR0917 # one row of the table
    text: str, area: str, group: str | None, kind: str, name: str, path: str, version: str | None
) -> None:
    reference = Reference.parse(text)
    parts = (reference.area, reference.group, reference.kind, reference.name, reference.path)
    assert parts == (area, group, kind, name, path)
    assert (None if reference.version is None else str(reference.version)) == version
    assert str(reference) == text


@pytest.mark.parametrize(
    ("text", "words", "nearest"),
    [
        ("", "is empty", None),
        ("  ", "is empty", None),
        ("models", "names no asset", None),
        ("common", "names no asset", None),
        ("common/models", "names no asset", None),
        ("teams/lab", "names no asset", None),
        ("teams/lab/models", "names no asset", None),
        ("model/tank", "no kind of asset", "models"),
        ("common/digital-twins/tank", "no kind of asset", "digital_twins"),
        ("twins/tank", "no kind of asset", "digital_twins"),
        ("comon/models/tank", "no kind of asset", "common"),
        ("team/lab/models/tank", "no kind of asset", "teams"),
        ("tank", "no kind of asset", None),
        ("private/models/tank", "no area 'private'", "models/tank"),
        ("common/models/../../etc/passwd", "leads out", None),
        ("../models/tank", "leads out", None),
        ("models/..", "leads out", None),
        ("teams/../models/tank", "leads out", None),
        ("/etc/passwd", "path of one machine", None),
        ("/workspace/common/models/tank", "path of one machine", "common/models/tank"),
        ("~/models/tank", "path of one machine", None),
        ("./models/tank", "begins with '.'", "models/tank"),
        ("models//tank", "empty part", "models/tank"),
        ("models/tank/", "empty part", "models/tank"),
        ("models/./tank", "empty part", "models/tank"),
        ("models\\tank", "backslash", "models/tank"),
        ("models/ta\0nk", "U\\+0000", None),
        ("models/ta\nnk", "U\\+000A", None),
        ("models/\u202ekcat", "U\\+202E", None),
        (" models/tank", "spaces around", "models/tank"),
        ("models /tank", "spaces around", None),
        ("https://example.org/tank", "an address", None),
        ("models/.git", "no asset: names do not begin", None),
        ("models/" + "n" * 256, "has 256 bytes", None),
        ("models/" + "a/" * 600, "has 1,207 characters", None),
        ("models/tank@1.2", "only common assets have versions", None),
        ("common/models/tank@", "is no version", None),
        ("common/models/tank@latest", "is no version", None),
        ("common/models/tank@>=2,<1", "no version fits", None),
        ("common/models/tank@1.2/a.fmu", "before the path", "common/models/tank/a.fmu@1.2"),
    ],
)
def test_what_refers_to_no_asset_is_refused(text: str, words: str, nearest: str | None) -> None:
    with pytest.raises(BadReferenceError, match=words) as caught:
        Reference.parse(text)
    assert caught.value.nearest == nearest
    assert caught.value.remedy or nearest or text == "models/.git"


NAMES = st.text("abcXYZ019-_. ", min_size=1, max_size=8).filter(
    lambda name: name == name.strip() and not name.startswith(".")
)


@given(
    st.sampled_from(["", "common/", "teams/lab/"]), st.sampled_from(AssetKind),
    st.lists(NAMES, min_size=1, max_size=4),
)  # fmt: skip
def test_what_is_built_of_parts_parses_into_them(area: str, kind: str, names: list[str]) -> None:
    text = f"{area}{kind}/{'/'.join(names)}"
    reference = Reference.parse(text)
    assert str(reference) == text
    assert reference.asset == f"{area}{kind}/{names[0]}"


@given(st.text(max_size=40))
def test_no_text_makes_parsing_fail_otherwise_or_leads_out(text: str) -> None:
    try:
        reference = Reference.parse(text)
    except BadReferenceError:
        return
    assert ".." not in str(reference).split("/")
    assert not str(reference).startswith("/")
    assert Reference.parse(str(reference)) == reference
    assert reference.area in Area
