"""What an export cannot carry over, said for each part of the twin that is concerned."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from twinhub_dtconfig.export.names import variable_of
from twinhub_dtconfig.interpolation import Name
from twinhub_dtconfig.models.twin import RESERVED
from twinhub_dtconfig.references import Reference
from twinhub_dtconfig.software import toolchains_without_packages

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from twinhub_dtconfig.export.binding import Bound
    from twinhub_dtconfig.models.assets import Use
    from twinhub_dtconfig.models.twin import Twin

_IN_MEMORY = (
    "holds a secret: it is written with mode 0600 into /dev/shm, or the folder for temporary files,"
    " with a link in its place, and removed when the phase ends"
)


class LeftOut(NamedTuple):
    """A part of the twin, and how the export differs there."""

    path: str
    what: str


def find_left_out(
    twin: Twin, secret_files: Collection[str], bound: Mapping[str, Bound]
) -> Iterator[LeftOut]:
    """Yield every difference between the twin and what its export does.

    ``secret_files`` are the rendered files that hold a secret, ``bound`` the co-simulations that
    are written anew.
    """
    for name, use in twin.uses.items():
        yield from (LeftOut(f"uses.{name}", what) for what in _use(name, use))
    yield from _environment(twin)
    for path in secret_files:
        yield LeftOut(path, _IN_MEMORY)
    yield from _phases(twin)
    yield from _cosimulations(twin, bound)
    yield from _connections(twin)
    yield from _plans(twin)


def _use(name: str, use: Use) -> Iterator[str]:
    variable = variable_of(Name("uses", name))
    if use.s3 is not None or use.doi is not None:
        yield f"is not fetched: fetch {use.s3 or use.doi} and set {variable} to its path"
    reference = use.asset or use.twin
    if reference is not None and Reference.parse(reference).version is not None:
        yield f"the version in {reference} is not looked at: what is there is used"
    if use.copy_:
        yield "no private copy is made: the shared asset itself is used"
    if use.secret is not None and use.url is not None:
        yield f"is fetched without the secret {use.secret}"


def _environment(twin: Twin) -> Iterator[LeftOut]:
    environment = twin.environment
    if environment.image is not None:
        yield LeftOut("environment.image", "runs where the scripts are called, in no image")
    for tool in toolchains_without_packages(environment):
        yield LeftOut("environment.toolchains", f"{tool} is not installed: install it by hand")
    if twin.resources.model_fields_set:
        what = "nothing is limited or reserved: processors, memory, disk, devices, licences"
        yield LeftOut("resources", what)


def _phases(twin: Twin) -> Iterator[LeftOut]:
    for name, phase in twin.phases.items():
        if phase.outputs or phase.inputs:
            what = "results stay in the twin's folder; no run keeps a copy of its own"
            yield LeftOut(f"phases.{name}", what)
        if phase.live:
            what = (
                "runs in the foreground until ./lifecycle/terminate; the pipeline does not run it"
            )
            yield LeftOut(f"phases.{name}.live", what)


def _cosimulations(twin: Twin, bound: Mapping[str, Bound]) -> Iterator[LeftOut]:
    for name, one in twin.cosimulations.items():
        path = f"cosimulations.{name}.bind"
        if one.bind and name not in bound:
            yield LeftOut(path, f"parameters are not put into {one.file}: change it by hand")
        for parameter in one.bind if name in bound else ():
            unit = twin.parameters[parameter].unit
            if unit is not None:
                what = f"{parameter} is not converted: it has to be in the unit of its variables"
                yield LeftOut(path, f"{what}, and is in {unit}")
        for parameter in bound[name].fixed if name in bound else ():
            yield LeftOut(path, f"{parameter} keeps its default: it is no number")


def _connections(twin: Twin) -> Iterator[LeftOut]:
    for name, service in twin.services.items():
        if service.managed is not None:
            what = (
                "nothing is made on the service, and no account: make them, and set the variables"
                f" {variable_of(Name('services', name))}_* that scripts ask for"
            )
            yield LeftOut(f"services.{name}", what)
    for name, port in twin.ports.items():
        if port.access != "internal":
            yield LeftOut(
                f"ports.{name}",
                f"is open on the machine alone: nobody is given {port.access} access",
            )
    if twin.signals:
        yield LeftOut("signals", "are not shown: whoever wants them reads their sources")
    if twin.commands:
        yield LeftOut("commands", "cannot be given: use their effects directly")
    if twin.physical is not None:
        yield LeftOut("physical", "is not looked at: no replay, no clock, no lease of devices")


def _plans(twin: Twin) -> Iterator[LeftOut]:
    if twin.state.model_fields_set:
        yield LeftOut("state", "is not kept, and there is no checkpoint: a phase begins anew")
    for key in RESERVED:
        if getattr(twin, "class_" if key == "class" else key):
            yield LeftOut(key, "is not carried over")
