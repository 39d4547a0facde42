"""The loader of ``twin.yaml`` and its JSON Schema agree, but for a list of rules."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twinhub_dtconfig.catalogue import RULES, Rule, rule_of
from twinhub_dtconfig.documents import DocumentError, load_document, parse_document
from twinhub_dtconfig.loading import TwinError, load_twin, parse_twin
from twinhub_dtconfig.models.phases import STANDARD_PHASES
from twinhub_dtconfig.models.twin import RESERVED

from tests.contract.schemas.agreement import (
    EXAMPLES,
    SCHEMA,
    disagreement,
    errors_of,
    make_validator,
)
from tests.contract.schemas.mutations import ALTERNATIVES, NAMES, VALUES, mutations
from tests.unit.dtconfig.language.loading.cases import Case, read_cases

if TYPE_CHECKING:
    from pathlib import Path

    from twinhub_dtconfig.documents import Data

FULL = EXAMPLES[-1]
VALIDATOR = make_validator()
PER_SEED = 100
SMALLEST: dict[str, Data] = {"format": 1, "name": "tank", "phases": {"execute": "./run"}}
KEYS = json.loads(SCHEMA.read_text(encoding="utf-8"))["properties"]


def test_the_full_example_has_every_key_of_the_language() -> None:
    data = load_document(FULL).data
    assert isinstance(data, dict)
    assert set(data) == set(KEYS)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_an_example_is_accepted_by_both(path: Path) -> None:
    load_twin(path)
    VALIDATOR.validate(load_document(path).data)


@pytest.mark.parametrize("seed", range(6))
def test_loader_and_schema_agree_on_changed_files(seed: int) -> None:
    data = load_document(FULL).data
    found = [
        f"{what}: {difference}"
        for what, changed in mutations(data, PER_SEED, seed)
        if (difference := disagreement(changed, VALIDATOR))
    ]
    assert found == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_loader_and_schema_agree_on_changed_examples(path: Path) -> None:
    found = [
        f"{what}: {difference}"
        for what, changed in mutations(load_document(path).data, 20, seed=1)
        if (difference := disagreement(changed, VALIDATOR))
    ]
    assert found == []


def is_yaml(case: Case) -> bool:
    """Return whether a file can be read at all."""
    try:
        parse_document(case.text.encode(), "twin.yaml")
    except DocumentError:
        return False
    return True


_LEAVES = st.sampled_from([value for value in VALUES if value not in ([], {})])
_NAMES = st.sampled_from([*NAMES, *(name for name, _ in ALTERNATIVES), *KEYS])
_DATA = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=150)
@given(key=st.sampled_from(list(KEYS)), value=_DATA, name=_NAMES)
def test_loader_and_schema_agree_on_any_value_of_any_key(key: str, value: Data, name: str) -> None:
    assert disagreement({**SMALLEST, key: value}, VALIDATOR) is None
    assert disagreement({**SMALLEST, key: {name: value}}, VALIDATOR) is None


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_that_no_schema_can_express_is_the_loaders(rule: Rule) -> None:
    content = rule.broken_file.encode()
    assert VALIDATOR.is_valid(parse_document(content, "twin.yaml").data)
    try:
        faults = parse_twin(content).warnings
        assert rule.is_warning
    except TwinError as error:
        faults = error.faults
    assert [rule_of(fault.what) for fault in faults] == [rule]
    assert (errors_of(content) == ()) is rule.is_warning


@pytest.mark.parametrize(
    "case",
    [case for name in ("faults.txt", "rules.txt") for case in read_cases(name) if is_yaml(case)],
    ids=lambda case: case.title,
)
def test_what_the_loader_refuses_is_refused_by_the_schema_or_listed(case: Case) -> None:
    content = case.text.encode()
    assert disagreement(parse_document(content, "twin.yaml").data, VALIDATOR) is None


def test_rules_have_names_of_their_own() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)


def schemas_in(node: Any) -> list[dict[str, Any]]:  # noqa: ANN401  # any part of a schema
    """Return every object in a schema."""
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    found = [one for value in inner for one in schemas_in(value)]
    return [node, *found] if isinstance(node, dict) else found


def test_nothing_is_null_and_no_key_is_unknown() -> None:
    schemas = schemas_in(json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert not [one for one in schemas if one.get("type") == "null" or None in one.values()]
    sections = [one for one in schemas if "properties" in one and one.get("type") == "object"]
    assert all("additionalProperties" in one for one in sections)


def test_every_key_has_what_an_editor_shows() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    sections = [schema, *schema["$defs"].values()]
    shown = [
        described
        for section in sections
        for kind in (section, *section.get("anyOf", []))
        for described in kind.get("properties", {}).values()
    ]
    assert len(shown) > 100
    assert all({"title", "description", "markdownDescription"} <= set(one) for one in shown)
    assert all("title" in section and "description" in section for section in sections)


def test_standard_phases_complete_and_others_are_allowed() -> None:
    phases = KEYS["phases"]
    assert list(phases["properties"])[: len(STANDARD_PHASES)] == list(STANDARD_PHASES)
    assert phases["properties"]["analyze"]["deprecated"]
    assert VALIDATOR.is_valid({**SMALLEST, "phases": {"calibrate": "./calibrate"}})


@pytest.mark.parametrize("key", RESERVED)
def test_what_is_reserved_is_marked(key: str) -> None:
    assert "not yet run" in KEYS[key]["title"]
    assert "Not yet run." in KEYS[key]["description"]
