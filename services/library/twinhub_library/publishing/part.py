"""All that belongs to publishing and importing, put together once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_library.imports.imports import Imports
from twinhub_library.imports.pins import Pins
from twinhub_library.publishing.holding import Holds
from twinhub_library.publishing.proposals import Proposals
from twinhub_library.publishing.publisher import Publisher

if TYPE_CHECKING:
    from twinhub_kit.audit import Audit
    from twinhub_kit.database import Database

    from twinhub_library.publishing.surroundings import Surroundings
    from twinhub_library.tree import Tree


@dataclass(frozen=True)
class Publishing:
    """Publishing, proposals, imports and pins."""

    publisher: Publisher
    proposals: Proposals
    holds: Holds
    imports: Imports
    pins: Pins


def open_publishing(
    tree: Tree, database: Database, audit: Audit, around: Surroundings
) -> Publishing:  # fmt: skip
    """Return the parts after ending what a crash has broken off."""
    publisher = Publisher(tree, database, audit, around)
    publisher.recover()
    proposals = Proposals(tree, database, publisher, audit)
    proposals.recover()
    imports = Imports(tree, database, publisher, audit, around)
    imports.recover()
    return Publishing(
        publisher, proposals, Holds(tree, database, publisher), imports,
        Pins(database, imports.sources),
    )  # fmt: skip
