"""All that belongs to publishing and importing, put together once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_library.imports.imports import Imports
from twinhub_library.imports.moves import Moves
from twinhub_library.imports.pins import Pins
from twinhub_library.publishing.holding import Holds
from twinhub_library.publishing.proposals import Proposals
from twinhub_library.publishing.publisher import Publisher

if TYPE_CHECKING:
    from twinhub_kit.audit import Audit
    from twinhub_kit.background import Background
    from twinhub_kit.database import Database

    from twinhub_library.publishing.surroundings import Surroundings
    from twinhub_library.tree import Tree

_SECONDS_BETWEEN_COLLECTIONS = 6 * 3600.0
_SECONDS_BEFORE_THE_FIRST = 600.0


@dataclass(frozen=True)
class Publishing:
    """Publishing, proposals, imports and pins."""

    publisher: Publisher
    proposals: Proposals
    holds: Holds
    imports: Imports
    moves: Moves
    """Of what was imported."""
    pins: Pins


def open_publishing(
    tree: Tree, database: Database, audit: Audit, around: Surroundings,
    background: Background | None = None,
) -> Publishing:  # fmt: skip
    """Return the parts after ending what a crash has broken off."""
    publisher = Publisher(tree, database, audit, around)
    publisher.recover()
    proposals = Proposals(tree, database, publisher, audit)
    proposals.recover()
    imports = Imports(tree, database, publisher, audit, around)
    moves = Moves(tree, database)
    moves.recover()
    imports.recover()
    holds = Holds(tree, database, publisher)
    if background is not None:
        background.every(
            _SECONDS_BETWEEN_COLLECTIONS, "contents", holds.collect_quietly,
            first_after_seconds=_SECONDS_BEFORE_THE_FIRST,
        )  # fmt: skip
    pins = Pins(database, imports.sources, publisher.versions)
    return Publishing(publisher, proposals, holds, imports, moves, pins)
