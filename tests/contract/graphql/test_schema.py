"""The schema that clients of DTaaS were written for is in ours, which only adds."""

from __future__ import annotations

from pathlib import Path

from graphql import (
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    find_schema_changes,
    is_introspection_type,
)
from graphql.utilities import BreakingChangeType
from twinhub_library.graphql.schema import SCHEMA

_HERE = Path(__file__).parent
_COMMITTED = Path(__file__).resolve().parents[3] / "config" / "schemas" / "library.graphql"


def _fields(schema: GraphQLSchema) -> dict[str, str]:
    """The type of each field and of its arguments, as text, by its type and name."""
    return {
        f"{kind.name}.{name}": str([*((n, a.type) for n, a in field.args.items()), field.type])
        for kind in schema.type_map.values()
        if isinstance(kind, GraphQLObjectType) and not is_introspection_type(kind)
        for name, field in kind.fields.items()
    }


def test_every_type_and_field_of_dtaas_is_there_as_it_was() -> None:
    theirs = _fields(build_schema((_HERE / "libms.graphql").read_text("utf-8")))
    ours = _fields(build_schema(SCHEMA.as_str()))
    assert len(theirs) == 19
    assert theirs.items() <= ours.items()


def test_what_is_added_breaks_no_client() -> None:
    theirs = build_schema((_HERE / "libms.graphql").read_text("utf-8"))
    changes = find_schema_changes(theirs, build_schema(SCHEMA.as_str()))
    assert [one for one in changes if isinstance(one.type, BreakingChangeType)] == []


def test_nothing_but_queries_is_offered() -> None:
    schema = build_schema(SCHEMA.as_str())
    assert schema.mutation_type is None
    assert schema.subscription_type is None


def test_the_committed_schema_is_what_the_code_has() -> None:
    assert _COMMITTED.read_text("utf-8") == f"{SCHEMA.as_str()}\n"
