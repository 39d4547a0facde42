"""Queries, parsed and checked once: the same text has the same document for everybody."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    parse,
    specified_rules,
    validate,
)
from graphql.validation import KnownOperationTypesRule

from twinhub_library.graphql.limits import MOST_TOKENS, CostlyError, check_cost
from twinhub_library.graphql.plans import Plan, make_plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphql import GraphQLSchema

_MOST_KEPT = 128
_LONGEST_KEPT = 4096
_MOST_ERRORS = 20
_RULES = [rule for rule in specified_rules if rule is not KnownOperationTypesRule]
"""Those of graphql-js 16, which leaves it to the execution to refuse a mutation."""


class RefusedQueryError(Exception):
    """A query that is not executed; holds what is wrong and the code of Apollo for it."""

    def __init__(self, code: str, errors: Sequence[GraphQLError]) -> None:
        """Hold code and errors."""
        super().__init__(code)
        self.code = code
        self.errors = tuple(errors)


@dataclass(frozen=True, slots=True)
class Query:
    """A query that may be executed, with its plan if it is simple enough to have one."""

    document: DocumentNode
    plan: Plan | None

    def is_mutation(self, name: str | None) -> bool:
        """Tell whether the named operation, or the only one, changes something."""
        return any(
            isinstance(one, OperationDefinitionNode)
            and one.operation is not OperationType.QUERY
            and (name is None or (one.name is not None and one.name.value == name))
            for one in self.document.definitions
        )

    def check_operation(self, name: str | None) -> None:
        """Refuse a name that no operation has, or no name where there are several.

        Raises:
            RefusedQueryError: there is no such operation.
        """
        operations = [
            one for one in self.document.definitions if isinstance(one, OperationDefinitionNode)
        ]
        if name is None and len(operations) > 1:
            message = "Must provide operation name if query contains multiple operations."
            raise RefusedQueryError("OPERATION_RESOLUTION_FAILURE", [GraphQLError(message)])
        if name is not None and name not in {one.name.value for one in operations if one.name}:
            error = GraphQLError(f'Unknown operation named "{name}".')
            raise RefusedQueryError("OPERATION_RESOLUTION_FAILURE", [error])


class Queries:
    """Queries by their text; the latest that are short are kept, and nothing of anybody's data."""

    def __init__(self, schema: GraphQLSchema) -> None:
        """Prepare to check queries against a schema."""
        self._schema = schema
        self._kept: OrderedDict[str, Query] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, text: str) -> Query | None:
        """Return a query that is kept."""
        with self._lock:
            if (query := self._kept.get(text)) is not None:
                self._kept.move_to_end(text)
            return query

    def load(self, text: str) -> Query:
        """Return the query that a text is.

        Raises:
            RefusedQueryError: it is no query of the schema, or too costly.
        """
        if (query := self.find(text)) is None:
            query = self._check(text)
            if len(text) <= _LONGEST_KEPT:
                with self._lock:
                    self._kept[text] = query
                    while len(self._kept) > _MOST_KEPT:
                        self._kept.popitem(last=False)
        return query

    def _check(self, text: str) -> Query:
        document = _parse(text)
        try:
            check_cost(document)
        except CostlyError as error:
            message = GraphQLError(str(error))
            raise RefusedQueryError("GRAPHQL_VALIDATION_FAILED", [message]) from error
        if errors := validate(self._schema, document, _RULES, max_errors=_MOST_ERRORS):
            raise RefusedQueryError("GRAPHQL_VALIDATION_FAILED", errors)
        return Query(document, make_plan(document))


def _parse(text: str) -> DocumentNode:
    try:
        return parse(text, max_tokens=MOST_TOKENS, allow_empty_selection_sets=False)
    except GraphQLSyntaxError as error:
        raise RefusedQueryError("GRAPHQL_PARSE_FAILED", [error]) from error
    except RecursionError as error:
        message = GraphQLError("Syntax Error: The document is nested too deep.")
        raise RefusedQueryError("GRAPHQL_PARSE_FAILED", [message]) from error
