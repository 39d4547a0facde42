"""What asset.yaml says, and every fault in one with its line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from twinhub_dtconfig.asset_files import is_asset_file, read_asset
from twinhub_dtconfig.documents import dump_document
from twinhub_dtconfig.licences import USUAL, check_licence
from twinhub_dtconfig.models.asset_file import AssetFile
from twinhub_dtconfig.values import RefusalError

SCHEMA = Path(__file__).parents[3] / "config/schemas/asset.schema.json"


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("titel: x", ["1:1: unknown key 'titel' at the top level; did you mean 'title'?"]),
        ("license: MIT", ["1:1: unknown key 'license' at the top level; did you mean 'licence'?"]),
        ("a: 1\ntitle: 7", ["1:1: unknown key 'a' at the top level; known keys: title, summary",
                            "2:8: title must be text, not 7; put it in quotes"]),
        ("version: '1'", ["1:10: version cannot be '1'; write for example 1.2.0"]),
        ("licence: mit", ["1:10: licence: 'mit' is spelt differently; did you mean 'MIT'?"]),
        ("licence: GPL-3.0", ["1:10: licence: 'GPL-3.0' is no licence of SPDX any more;"
                              " did you mean 'GPL-3.0-only'?"]),
        ("licence: my own", ["1:10: licence: 'my own' is no licence; write it as SPDX does"]),
        ("requires: [x/y]", ["1:12: requires[0]: 'x' is no kind of asset"]),
        ("requires: models/x", ["1:11: requires must be a list, not 'models/x'; begin each item"]),
        ("requires:\n- models/x@1", ["2:3: requires[0]: only common assets have versions"]),
        ("title:", ["1:1: title has no value; give it one, or remove it"]),
        ("- a", ["1:1: the file must be made of keys with values, not a list"]),
        ("", ["1:1: the file is empty; write `title:` and what it is called, or remove it"]),
        ("title: a\ntitle: b", ["2:1: the key 'title' is written twice, first at 1:1; keep one"]),
        ("a: &a [*a]", ["1:8: the alias *a stands inside what it repeats"]),
        ("keywords: [''] ", ["1:12: keywords[0] must not be empty"]),
    ],
)  # fmt: skip
def test_a_fault_has_its_line_and_remedy(text: str, faults: list[str]) -> None:
    found = [str(fault) for fault in read_asset(text.encode()).faults]
    for fault, beginning in zip(found, faults, strict=False):
        assert fault.startswith(f"asset.yaml:{beginning}"), found
    assert len(found) >= len(faults)


def test_what_is_right_is_kept_beside_what_is_wrong() -> None:
    read = read_asset(b"title: T\nversion: 1\nlicence: mit\nkeywords: [a]\nother: 1\n")
    assert (read.asset.title, read.asset.keywords) == ("T", ("a",))
    assert (read.asset.version, read.asset.licence) == (None, None)
    assert len(read.faults) == 3


@pytest.mark.parametrize(
    "text",
    [*USUAL, "LicenseRef-mine", "Apache-2.0 OR MIT", "(MIT AND (ISC OR 0BSD))", "GPL-2.0-or-later",
     "GPL-2.0-only WITH Classpath-exception-2.0", "MIT AND ISC OR BSD-2-Clause", "EUPL-1.2+",
     "DocumentRef-x:LicenseRef-y", "Something-9.9"],
)  # fmt: skip
def test_a_licence_of_spdx_is_taken(text: str) -> None:
    assert check_licence(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "MIT OR", "OR MIT", "MIT ISC", "(MIT", "MIT)", "()", "MIT WITH", "AND", "MIT/ISC", "mit",
     "MIT OR apache-2.0", "GPL", "BSD", "see LICENSE file", "a!",
     "(" * 30 + "MIT" + ")" * 30, "MIT WITH a WITH b", "(MIT) WITH x", "MIT, ISC"],
)  # fmt: skip
def test_what_is_no_licence_of_spdx_is_refused(text: str) -> None:
    with pytest.raises(RefusalError):
        check_licence(text)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("asset.yaml", True), ("x.asset.yaml", True), ("twin.yaml", False), (".asset.yaml", False)],
)
def test_the_name_says_whether_it_is_one(name: str, is_one: bool) -> None:  # noqa: FBT001
    assert is_asset_file(name) is is_one


_LEAVES = st.one_of(
    st.integers(), st.booleans(), st.sampled_from(
        ["", "x", "1.0.0", "1.0", "MIT", "models/x", "common/models/x@1", "a" * 300, "../x", "x/y"]
    )
)  # fmt: skip
_VALUES = _LEAVES | st.lists(_LEAVES, max_size=3) | st.dictionaries(st.just("k"), _LEAVES)
_FILES = st.dictionaries(st.sampled_from([*AssetFile.model_fields, "other"]), _VALUES, max_size=4)


@pytest.mark.heavy
@settings(max_examples=200)
@given(data=_FILES.filter(bool))
def test_the_schema_accepts_what_is_read_without_a_fault(data: dict[str, object]) -> None:
    validator = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    text = json.dumps(data)
    read = read_asset(text.encode())
    if not read.faults:
        assert validator.is_valid(data), list(validator.iter_errors(data))
    elif validator.is_valid(data):  # rules that no schema can express: pins, spellings
        assert all("requires[" in fault.what or "licence" in fault.what for fault in read.faults)
    assert read_asset(dump_document(json.loads(text)).encode()).asset == read.asset


def test_the_example_of_the_reference_has_no_fault() -> None:
    page = (SCHEMA.parents[2] / "docs/reference/asset-yaml.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    read = read_asset(example.encode())
    assert read.faults == ()
    assert all(getattr(read.asset, key) for key in AssetFile.model_fields)
