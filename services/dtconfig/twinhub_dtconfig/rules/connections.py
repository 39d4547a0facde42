"""Services, secrets, signals, commands, ports, co-simulations and the physical side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_dtconfig.finding import Finding
from twinhub_dtconfig.models.connections import BELONGS, SERVICE_KINDS
from twinhub_dtconfig.rules.links import check_address, link

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_dtconfig.models.connections import Service, ServiceKind
    from twinhub_dtconfig.models.interface import SignalSource
    from twinhub_dtconfig.models.twin import Twin

_BROKERS = ("mqtt", "rabbitmq")
SOURCE_KEYS = {
    "service": ("topic",),
    "field": ("topic",),
    "column": ("csv",),
    "cosimulation": ("variable",),
}
"""Which kinds of sources of a signal a key is for."""


def kind_of(name: str, service: Service) -> ServiceKind | None:
    """Return what a service is: what it says, else what its name says; None where neither does."""
    if service.kind is not None:
        return service.kind
    return next((kind for kind in SERVICE_KINDS if kind == name), None)


def check_connections(twin: Twin) -> Iterator[Finding]:
    """Yield what is wrong between services, signals, commands, ports and models."""
    for name, service in twin.services.items():
        yield from _check_service(twin, name, service)
    for name, signal in twin.signals.items():
        yield from _check_source(twin, name, signal.source)
    yield from _check_commands(twin)
    yield from _check_ports(twin)
    yield from _check_cosimulations(twin)
    if twin.physical is not None:
        yield from link(("physical", "data"), twin.physical.data, twin.uses, "uses")


def _check_ports(twin: Twin) -> Iterator[Finding]:
    for name, port in twin.ports.items():
        if port.access != "public" and "offer" in port.model_fields_set:
            what = f"a port with access {port.access} is offered to nobody"
            remedy = "remove it, or write `access: public`"
            yield Finding(("ports", name, "offer"), what, remedy, is_key=True)


def _check_cosimulations(twin: Twin) -> Iterator[Finding]:
    for name, cosimulation in twin.cosimulations.items():
        path = ("cosimulations", name)
        for parameter in cosimulation.bind:
            yield from link((*path, "bind", parameter), parameter, twin.parameters, "parameters")
        if cosimulation.configuration is not None and cosimulation.format != "maestro":
            what = f"configuration does not go with {cosimulation.format}"
            yield Finding((*path, "configuration"), what, "remove it", is_key=True)


def _check_service(twin: Twin, name: str, service: Service) -> Iterator[Finding]:
    path = ("services", name)
    kind = kind_of(name, service)
    if kind is None:
        what = f"it is not said what {name!r} is"
        yield Finding(path, what, f"add `kind:` with one of {', '.join(SERVICE_KINDS)}")
    if service.managed is not None:
        for key, belongs in BELONGS.items():
            if getattr(service.managed, key) and kind not in {None, belongs}:
                what = f"{kind} has no {key}"
                yield Finding((*path, "managed", key), what, f"{belongs} has", is_key=True)
    if service.external is not None:
        secret = service.external.secret
        remedy = "write `username:`, and `secret:` with the name of a secret"
        yield from check_address((*path, "external", "url"), service.external.url, remedy)
        yield from link((*path, "external", "secret"), secret, twin.secrets, "secrets")


def _check_source(twin: Twin, name: str, source: SignalSource) -> Iterator[Finding]:
    path = ("signals", name, "source")
    kind = next(key for key in source.ONE_OF if getattr(source, key) is not None)
    for key, kinds in SOURCE_KEYS.items():
        if kind not in kinds and getattr(source, key) is not None:
            what = f"{key} does not go with {kind}"
            yield Finding((*path, key), what, "remove it", is_key=True)
    yield from link(
        (*path, "cosimulation"), source.cosimulation, twin.cosimulations, "cosimulations"
    )
    yield from link((*path, "service"), source.service, twin.services, "services")
    if kind == "csv" and source.column is None:
        yield Finding((*path, "csv"), "it is not said which column", "add `column:`")
    if kind == "topic" and source.service is None and not _brokers(twin):
        yield Finding(
            (*path, "topic"), "the twin has no broker", "add mqtt or rabbitmq to services"
        )
    if kind == "variable" and not twin.cosimulations:
        what = "the twin has no co-simulation with variables"
        yield Finding((*path, "variable"), what, "add it to cosimulations")
    if kind == "topic" and source.service is None and len(_brokers(twin)) > 1:
        what = f"there are several brokers: {', '.join(_brokers(twin))}"
        yield Finding((*path, "topic"), what, "add `service:` with one of them")
    if kind == "variable" and source.cosimulation is None and len(twin.cosimulations) > 1:
        what = f"there are several co-simulations: {', '.join(twin.cosimulations)}"
        yield Finding((*path, "variable"), what, "add `cosimulation:` with one of them")


def _check_commands(twin: Twin) -> Iterator[Finding]:
    brokers = _brokers(twin)
    for name, command in twin.commands.items():
        path = ("commands", name, "effect")
        if command.effect.message is not None:
            service = command.effect.message.service
            yield from link((*path, "message", "service"), service, twin.services, "services")
            if service in twin.services and service not in brokers:
                what = f"{service} takes no messages"
                yield Finding((*path, "message", "service"), what, "name mqtt or rabbitmq")
        if command.effect.http is not None:
            port = command.effect.http.port
            yield from link((*path, "http", "port"), port, twin.ports, "ports")


def _brokers(twin: Twin) -> list[str]:
    return [name for name, one in twin.services.items() if kind_of(name, one) in _BROKERS]
