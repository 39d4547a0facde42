"""Where a twin listens, which services it needs, and the units that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_dtconfig import units
from twinhub_dtconfig.finding import Finding
from twinhub_dtconfig.rules.connections import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_dtconfig.checks.context import Context, Result
    from twinhub_dtconfig.nodes import Key


def check_ports(context: Context) -> Iterator[Result]:
    """Yield numbers that two ports have; UDP has numbers of its own."""
    seen: dict[tuple[bool, int], str] = {}
    for name, port in context.twin.ports.items():
        first = seen.setdefault((port.protocol == "udp", port.port), name)
        if first != name:
            what = f"{first} has the port {port.port} too"
            yield Finding(("ports", name, "port"), what, "give each its own number")


def check_services(context: Context) -> Iterator[Result]:
    """Yield managed services that the installation does not have; none where it is not known."""
    if context.services is None:
        return
    for name, service in context.twin.services.items():
        kind = kind_of(name, service)
        if service.managed is not None and kind is not None and kind not in context.services:
            offered = ", ".join(sorted(context.services)) or "none"
            what = f"this installation has no {kind}"
            remedy = f"it has {offered}; ask whoever runs it, or name one of your own: `external:`"
            yield Finding(("services", name), what, remedy, is_warning=True, is_key=True)


def check_units(context: Context) -> Iterator[Result]:
    """Yield units that are not known, so that nothing can be compared with them."""
    for place, unit in _units(context):
        try:
            units.check_unit(unit)
        except units.BadUnitError as error:
            remedy = f"{error.remedy}; a number without a unit has none"
            yield Finding(place, error.what, remedy, error.nearest, is_warning=True)


def _units(context: Context) -> Iterator[tuple[tuple[Key, ...], str]]:
    twin = context.twin
    for name, parameter in twin.parameters.items():
        if parameter.unit is not None:
            yield ("parameters", name, "unit"), parameter.unit
    for name, signal in twin.signals.items():
        if signal.unit is not None:
            yield ("signals", name, "unit"), signal.unit
    for name, command in twin.commands.items():
        for argument, quantity in command.arguments.items():
            if quantity.unit is not None:
                yield ("commands", name, "arguments", argument, "unit"), quantity.unit
