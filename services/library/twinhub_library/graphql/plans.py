"""Answers to simple queries, written without the executor: DTaaS's clients ask few questions.

A plan exists for an operation that asks for one folder or one file with plain fields of the
contract: no fragment, no directive, no default value, no field of ours, no name twice. Its answer
is a text with holes, one for each list of names or text of a file. Everything else, every refusal
too, is the executor's: a test asks both and compares.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Literal

from graphql import (
    DocumentNode,
    FieldNode,
    NamedTypeNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    OperationType,
    StringValueNode,
    VariableNode,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphql import SelectionSetNode, ValueNode

Hole = Literal["blobs", "trees", "name", "text"]
_Part = str | tuple[Hole, tuple[str, ...]]
"""Text as it is, or a hole: for a list of names, the pieces between the names in a row."""

_CONSTANT: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "listDirectory": {
        "Query": {"listDirectory": "Project"},
        "Project": {"repository": "Repository"},
        "Repository": {"tree": "Tree"},
        "Tree": {"blobs": "BlobConnection", "trees": "TreeConnection"},
    },
    "readFile": {
        "Query": {"readFile": "Project"},
        "Project": {"repository": "Repository"},
        "Repository": {"blobs": "RepositoryBlobConnection"},
    },
}
"""For each question, the objects that there is one of: type → field → type of its value."""
_LISTS: Mapping[str, tuple[str, Hole, str]] = {
    "BlobConnection": ("edges", "blobs", "BlobEdge"),
    "TreeConnection": ("edges", "trees", "TreeEdge"),
}
_NODES = {"BlobEdge": ("Blob", "blob"), "TreeEdge": ("TreeEntry", "tree")}
_TEXTS: Mapping[str, Hole] = {"name": "name", "rawBlob": "text", "rawTextBlob": "text"}
_TYPENAME = "__typename"


class _NotPlainError(Exception):
    """A query that has no plan."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a simple query is answered."""

    asks: Literal["listDirectory", "readFile"]
    path: str | None
    """The path, where the query itself has it."""
    variable: str
    """The name of the variable that holds the path otherwise."""
    operation: str | None
    variables: frozenset[str]
    parts: tuple[_Part, ...]

    def path_of(self, variables: Mapping[str, object] | None, operation: str | None) -> str | None:
        """Return the path that a request asks for; None where the executor is to decide."""
        if operation is not None and operation != self.operation:
            return None
        given = variables or {}
        if any(not isinstance(given.get(name), str) for name in self.variables):
            return None
        path = self.path if self.path is not None else given[self.variable]
        return path if isinstance(path, str) else None

    def render(self, names: Mapping[str, list[str]], texts: Mapping[str, str]) -> str:
        """Return the answer with names of a folder, or name and text of a file, as JSON."""
        out = ['{"data":']
        for part in self.parts:
            if isinstance(part, str):
                out.append(part)
            elif part[1]:
                out.append(_rows(part[1], names[part[0]]))
            else:
                out.append(encode_basestring(texts[part[0]]))
        out.append("}\n")
        return "".join(out)


def make_plan(document: DocumentNode) -> Plan | None:
    """Return the plan of a document that was found valid, or None if it has none."""
    try:
        return _plan(document)
    except _NotPlainError:
        return None


def _plan(document: DocumentNode) -> Plan:
    if len(document.definitions) != 1:
        raise _NotPlainError
    operation = document.definitions[0]
    if not isinstance(operation, OperationDefinitionNode) or operation.directives:
        raise _NotPlainError
    if operation.operation is not OperationType.QUERY:
        raise _NotPlainError
    root = _fields(operation.selection_set)
    asked = [one for one in root if one.name.value != _TYPENAME]
    if len(asked) != 1 or asked[0].name.value not in _CONSTANT:
        raise _NotPlainError
    path = _argument(asked[0])
    question: Literal["listDirectory", "readFile"] = (
        "listDirectory" if asked[0].name.value == "listDirectory" else "readFile"
    )
    return Plan(
        asks=question,
        path=path.value if isinstance(path, StringValueNode) else None,
        variable=path.name.value if isinstance(path, VariableNode) else "",
        operation=operation.name.value if operation.name else None,
        variables=_variables(operation),
        parts=_merged(_object("Query", operation.selection_set, question)),
    )


def _argument(asked: FieldNode) -> ValueNode:
    (argument,) = asked.arguments or ()  # the schema asks for exactly one
    value = argument.value
    if not isinstance(value, StringValueNode | VariableNode):
        raise _NotPlainError
    return value


def _variables(operation: OperationDefinitionNode) -> frozenset[str]:
    """Return the names of the variables, all of which are texts that must be given."""
    names = []
    for one in operation.variable_definitions or ():
        kind = one.type.type if isinstance(one.type, NonNullTypeNode) else None
        plain = isinstance(kind, NamedTypeNode) and kind.name.value == "String"
        if not plain or one.directives or one.default_value is not None:
            raise _NotPlainError
        names.append(one.variable.name.value)
    return frozenset(names)


def _fields(selected: SelectionSetNode | None) -> list[FieldNode]:
    chosen = selected.selections if selected else ()
    fields = [one for one in chosen if isinstance(one, FieldNode) and not one.directives]
    if not fields or len({_key(one) for one in fields}) != len(chosen):
        raise _NotPlainError
    return fields


def _key(one: FieldNode) -> str:
    return (one.alias or one.name).value


def _object(kind: str, selected: SelectionSetNode | None, question: str) -> list[_Part]:
    """Return an object that there is one of."""
    parts: list[_Part] = []
    for one in _fields(selected):
        parts.append(f"{',' if parts else '{'}{json.dumps(_key(one))}:")
        parts += _value(kind, one, question)
    return [*parts, "}"]


def _value(kind: str, one: FieldNode, question: str) -> list[_Part]:
    name = one.name.value
    if name == _TYPENAME:
        return [json.dumps(kind)]
    if inner := _CONSTANT[question].get(kind, {}).get(name):
        return _object(inner, one.selection_set, question)
    if kind in _LISTS and name == _LISTS[kind][0]:
        _, hole, edge = _LISTS[kind]
        return ["[", (hole, _row(edge, one.selection_set)), "]"]
    if kind == "RepositoryBlobConnection" and name == "nodes":
        return ["[", *_file(one.selection_set), "]"]
    raise _NotPlainError


def _file(selected: SelectionSetNode | None) -> list[_Part]:
    parts: list[_Part] = []
    for one in _fields(selected):
        parts.append(f"{',' if parts else '{'}{json.dumps(_key(one))}:")
        if one.name.value == _TYPENAME:
            parts.append('"RepositoryBlob"')
        elif one.name.value in _TEXTS:
            parts.append((_TEXTS[one.name.value], ()))
        else:
            raise _NotPlainError
    return [*parts, "}"]


def _row(edge: str, selected: SelectionSetNode | None) -> tuple[str, ...]:
    """Return the pieces of text between the names in one row of a list."""
    pieces = [""]
    node, word = _NODES[edge]
    for at, one in enumerate(_fields(selected)):
        pieces[-1] += f"{',' if at else '{'}{json.dumps(_key(one))}:"
        if one.name.value == _TYPENAME:
            pieces[-1] += json.dumps(edge)
        else:
            _add_node(pieces, _fields(one.selection_set), {_TYPENAME: node, "type": word})
    pieces[-1] += "}"
    return tuple(pieces)


def _add_node(pieces: list[str], fields: list[FieldNode], constants: Mapping[str, str]) -> None:
    for at, one in enumerate(fields):
        pieces[-1] += f"{',' if at else '{'}{json.dumps(_key(one))}:"
        if one.name.value == "name":
            pieces.append("")
        elif one.name.value in constants:
            pieces[-1] += json.dumps(constants[one.name.value])
        else:
            raise _NotPlainError
    pieces[-1] += "}"


def _rows(pieces: tuple[str, ...], names: list[str]) -> str:
    if len(pieces) == 2:  # noqa: PLR2004  # one name in a row: the usual one
        before, after = pieces
        between = f"{after},{before}"
        return f"{before}{between.join(map(encode_basestring, names))}{after}" if names else ""
    return ",".join(encode_basestring(name).join(pieces) for name in names)


def _merged(parts: list[_Part]) -> tuple[_Part, ...]:
    """Return the parts with neighbouring texts as one."""
    merged: list[_Part] = []
    for part in parts:
        if merged and isinstance(part, str) and isinstance(last := merged[-1], str):
            merged[-1] = last + part
        else:
            merged.append(part)
    return tuple(merged)
