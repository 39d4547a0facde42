"""Rules between the keys of one file, which the models alone do not express."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_dtconfig.rules.assets import check_uses
from twinhub_dtconfig.rules.connections import check_connections
from twinhub_dtconfig.rules.files import check_files
from twinhub_dtconfig.rules.phases import check_phases
from twinhub_dtconfig.rules.plans import check_plans
from twinhub_dtconfig.rules.texts import check_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_dtconfig.finding import Finding
    from twinhub_dtconfig.models.twin import Twin

_RULES = (check_uses, check_phases, check_connections, check_files, check_plans, check_texts)


def check_rules(twin: Twin) -> Iterator[Finding]:
    """Yield what is wrong or doubtful between the keys of a twin; no file is read."""
    for rule in _RULES:
        yield from rule(twin)
