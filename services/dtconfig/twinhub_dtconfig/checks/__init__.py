"""Checks across the files of a twin: its folder, the library, models, the installation."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from twinhub_dtconfig.checks.commands import check_commands
from twinhub_dtconfig.checks.context import Context
from twinhub_dtconfig.checks.files import check_named_files, check_templates
from twinhub_dtconfig.checks.interfaces import check_ports, check_services, check_units
from twinhub_dtconfig.checks.uses import check_assets
from twinhub_dtconfig.checks.writers import (
    check_inputs,
    check_orders,
    check_ready_files,
    check_writers,
)
from twinhub_dtconfig.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from twinhub_dtconfig.assets import AssetTree
    from twinhub_dtconfig.finding import Finding
    from twinhub_dtconfig.loading import LoadedTwin

_MOST_OF_A_KIND = 100


def check_models(context: Context) -> Iterator[Fault | Finding]:
    """Yield what is wrong with co-simulations; their readers are imported where there are any."""
    if not context.twin.cosimulations and not context.twin.state.fmu_state:
        return
    from twinhub_dtconfig.checks.simulations import (  # noqa: PLC0415
        check_cosimulations,
        check_state,
    )
    from twinhub_dtconfig.checks.variables import check_bindings, check_signals  # noqa: PLC0415

    for check in (check_cosimulations, check_bindings, check_signals, check_state):
        yield from itertools.islice(check(context), _MOST_OF_A_KIND)


_CHECKS = (
    check_assets, check_commands, check_templates, check_named_files, check_writers,
    check_ready_files, check_orders, check_inputs, check_ports, check_services, check_units,
)  # fmt: skip


def check_twin(
    loaded: LoadedTwin,
    folder: Path,
    assets: AssetTree | None = None,
    services: Collection[str] | None = None,
) -> list[Fault]:
    """Return what is wrong or doubtful between a twin and the files around it.

    Only the twin's folder and the folders of ``assets`` are read, and never all of a large file.
    Without ``assets``, references are not looked up; without ``services``, the kinds of platform
    services that the installation has, theirs are not. Of each kind of fault there are a hundred at
    most. The twin's own file comes first, then others; in each by position.
    """
    context = Context(loaded, folder, assets, services)
    results = [
        result for check in _CHECKS for result in itertools.islice(check(context), _MOST_OF_A_KIND)
    ]
    results += check_models(context)
    faults = [one if isinstance(one, Fault) else loaded.locate(one) for one in results]
    own = loaded.document.file
    unique = dict.fromkeys(faults)
    return sorted(unique, key=lambda fault: (fault.file != own, *_order(fault)))


def _order(fault: Fault) -> tuple[str, int, int]:
    return fault.file, fault.line, fault.column
