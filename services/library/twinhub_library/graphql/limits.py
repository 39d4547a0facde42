"""How deep and how costly a query may be, found out before anything else is done with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
)

if TYPE_CHECKING:
    from graphql import SelectionSetNode

MOST_TOKENS = 1000
MOST_FIELDS = 500
"""Fields with those of fragments, each time that they are spread."""
MOST_READS = 20
"""Folders and files that one request may ask for."""
DEEPEST, DEEPEST_INTROSPECTION = 10, 20
"""Fields in fields; DTaaS's own queries have 7, the introspection of editors 15."""

_META = frozenset({"__schema", "__type"})


class CostlyError(Exception):
    """A query that is too deep or too costly; the text says which limit it is over."""


def check_cost(document: DocumentNode) -> None:
    """Refuse a document with an operation over one of the limits.

    Raises:
        CostlyError: it is over a limit, or its fragments go round in a circle.
    """
    fragments = {
        one.name.value: one.selection_set
        for one in document.definitions
        if isinstance(one, FragmentDefinitionNode)
    }
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            counting = _Counting(fragments)
            counting.count(operation.selection_set, 1, DEEPEST)
            if counting.reads > MOST_READS:
                raise CostlyError(
                    f"The query asks for {counting.reads} folders and files: at most {MOST_READS}"
                    " are allowed in one request."
                )


@dataclass
class _Counting:
    fragments: dict[str, SelectionSetNode]
    fields: int = 0
    reads: int = 0
    within: list[str] = field(default_factory=list)
    """Names of the fragments that one is in."""

    def count(self, selected: SelectionSetNode | None, depth: int, deepest: int) -> None:
        """Count the fields of a selection, of which the first ones are at a depth."""
        for one in selected.selections if selected else ():
            if isinstance(one, FieldNode):
                self._count_field(one, depth, deepest)
            elif isinstance(one, InlineFragmentNode):
                self._add()
                self.count(one.selection_set, depth, deepest)
            elif isinstance(one, FragmentSpreadNode):
                self._add()
                self._count_fragment(one.name.value, depth, deepest)

    def _add(self) -> None:
        """Count a field, or a fragment, of which there could be many without a field."""
        self.fields += 1
        if self.fields > MOST_FIELDS:
            raise CostlyError(f"The query is too large: at most {MOST_FIELDS} fields are allowed.")

    def _count_field(self, one: FieldNode, depth: int, deepest: int) -> None:
        self._add()
        if depth == 1 and one.name.value in _META:
            deepest = DEEPEST_INTROSPECTION
        elif depth == 1:
            self.reads += 1
        if depth > deepest:
            raise CostlyError(f"The query is too deep: at most {deepest} fields in one another.")
        self.count(one.selection_set, depth + 1, deepest)

    def _count_fragment(self, name: str, depth: int, deepest: int) -> None:
        if name in self.within:
            raise CostlyError(f'Cannot spread fragment "{name}" within itself.')
        self.within.append(name)
        self.count(self.fragments.get(name), depth, deepest)
        self.within.pop()
