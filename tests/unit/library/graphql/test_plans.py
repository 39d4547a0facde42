"""Simple queries are answered without the executor, and nobody can tell by the answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from graphql import parse, validate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twinhub_kit.callers import Caller
from twinhub_library.graphql.documents import Query
from twinhub_library.graphql.endpoint import GraphQLEndpoint
from twinhub_library.graphql.plans import make_plan
from twinhub_library.graphql.reading import Reader
from twinhub_library.graphql.requests import Asked
from twinhub_library.graphql.schema import core_schema
from twinhub_library.nearness import NotAtOnceError

from tests.unit.library.graphql.asking import LIST, READ

if TYPE_CHECKING:
    from pathlib import Path

    from twinhub_library.library import Library

_NODE = {"name": None, "type": None, "__typename": None}
_EDGES = {"edges": {"node": _NODE, "__typename": None}, "__typename": None}
_TREE = {"blobs": _EDGES, "trees": _EDGES, "__typename": None}
_FILE = {"name": None, "rawBlob": None, "rawTextBlob": None, "__typename": None}
_FILES = {"nodes": _FILE, "__typename": None}


def _project(**repository: object) -> dict[str, Any]:
    inner = {**repository, "__typename": None}
    return {"repository": inner, "__typename": None}


_ROOTS = {
    'listDirectory(path: "alice/data")': _project(tree=_TREE),
    'readFile(path: "alice/data/levels.csv")': _project(blobs=_FILES),
    'readFile(path: "alice/data/ü \\"x\\".txt")': _project(blobs=_FILES),
}


@st.composite
def _selections(draw: st.DrawFn, shape: dict[str, Any]) -> str:
    names = draw(st.lists(st.sampled_from(sorted(shape)), min_size=1, max_size=4))
    texts = []
    for at, name in enumerate(names):
        inner = shape[name]
        alias = f"a{at}: " if names.count(name) > 1 or draw(st.booleans()) else ""
        texts.append(f"{alias}{name}{draw(_selections(inner)) if inner else ''}")
    return "{ " + " ".join(texts) + " }"


@st.composite
def _queries(draw: st.DrawFn) -> str:
    root = draw(st.sampled_from(sorted(_ROOTS)))
    head = draw(
        st.sampled_from(["", "query ", "query named ", "{ __typename ", "{ kind: __typename "])
    )
    alias = draw(st.sampled_from(["", "x: "]))
    asked = f"{alias}{root} {draw(_selections(_ROOTS[root]))}"
    return f"{head if head.startswith('{') else head + '{ '}{asked} }}"


@pytest.fixture(name="reader")
def _reader(library: Library, library_root: Path) -> Reader:
    folder = library_root / "alice" / "data"
    (folder / 'ü "x".txt').write_text(' "quoted" \\ \u2028 \x01 🙂 </script> \n')
    for name in ("a\nb", "c\\d", 'e"f', "g\u2028h", "🙂"):
        (folder / name).touch()
        (folder / f"{name}.d").mkdir()
    return Reader(library, Caller("alice"))


@pytest.mark.heavy
@settings(
    max_examples=150, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(query=_queries())
def test_both_ways_give_the_same_answer(library: Library, reader: Reader, query: str) -> None:
    endpoint = GraphQLEndpoint(library)
    asked = Asked(query)
    assert endpoint.answer_simple(asked, reader) is None  # not seen before
    whole = endpoint.execute(asked, reader)
    short = endpoint.answer_simple(asked, reader)
    assert short is not None
    assert json.loads(short) == json.loads(whole)
    assert list(_keys(json.loads(short))) == list(_keys(json.loads(whole)))


def _keys(value: object) -> list[str]:
    if isinstance(value, dict):
        return [key for name, inner in value.items() for key in (name, *_keys(inner))]
    return [key for one in value for key in _keys(one)] if isinstance(value, list) else []


@pytest.mark.parametrize("query", [LIST, READ])
@pytest.mark.parametrize(
    "path", ["alice", "alice/data", "alice/data/levels.csv", "", "common", "teams", "bob", "..",
             "alice/none", "/alice//data/", "alice/data/levels.csv/", "alice/models/tank/README.md"]
)  # fmt: skip
def test_both_ways_agree_on_any_path(
    library: Library, reader: Reader, query: str, path: str
) -> None:
    endpoint = GraphQLEndpoint(library)
    asked = Asked(query, {"path": path})
    whole = json.loads(endpoint.execute(asked, reader))
    short = endpoint.answer_simple(asked, reader)
    if "errors" in whole:
        assert short is None
    else:
        assert short is not None
        assert json.loads(short) == whole


@pytest.mark.parametrize(
    "query",
    [
        '{ listDirectory(path: "a") {repository {tree {blobs {edges {node { size } } } } } } }',
        '{ listDirectory(path: "a") { repository { blobs { nodes { name } } } } }',
        '{ readFile(path: "a") { repository { tree { __typename } } } }',
        '{ a: readFile(path: "a") { __typename } b: readFile(path: "b") { __typename } }',
        '{ readFile(path: "a") { ... on Project { __typename } } }',
        '{ readFile(path: "a") { ...f } } fragment f on Project { __typename }',
        '{ readFile(path: "a") @include(if: true) { __typename } }',
        'query q @skip(if: false) { readFile(path: "a") { __typename } }',
        'query ($p: String = "a") { readFile(path: $p) { __typename } }',
        '{ readFile(path: "a") { __typename __typename } }',
        'query a { readFile(path: "a") { __typename } } query b { __typename }',
        "{ __typename }",
        "{ __schema { queryType { name } } }",
    ],
)
def test_what_is_not_simple_has_no_plan(query: str) -> None:
    assert make_plan(parse(query)) is None


@pytest.mark.parametrize(
    ("variables", "operation"),
    [(None, None), ({}, None), ({"path": 1}, None), ({"path": None}, None),
     ({"path": ["alice"]}, None), ({"path": "alice"}, "other")],
)  # fmt: skip
def test_values_that_are_no_text_are_the_executors(
    variables: dict[str, object] | None, operation: str | None
) -> None:
    plan = make_plan(parse(LIST))
    assert plan is not None
    assert plan.path_of(variables, operation) is None


def test_the_queries_of_the_tests_are_valid_and_have_plans() -> None:
    for text in (LIST, READ):
        document = parse(text)
        assert validate(core_schema(), document) == []
        assert Query(document, make_plan(document)).plan is not None


def test_what_is_large_is_not_read_at_once(library: Library, library_root: Path) -> None:
    (library_root / "alice" / "data" / "large.txt").write_text("x" * 100_000)
    at_once = Reader(library, Caller("alice"), at_once=True)
    assert at_once.read_file("alice/data/levels.csv")
    with pytest.raises(NotAtOnceError):
        at_once.read_file("alice/data/large.txt")
    assert len(Reader(library, Caller("alice")).read_file("alice/data/large.txt")) == 100_000
