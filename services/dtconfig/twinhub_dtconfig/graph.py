"""A twin as a flowchart of Mermaid: what it is made of and how its parts stand together.

Source of the syntax: the documentation of Mermaid's flowcharts. Ids are made here and labels are
escaped, so that no name or text of a file can be read as syntax, link or HTML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from twinhub_dtconfig.interpolation import find_names
from twinhub_dtconfig.rules.connections import kind_of
from twinhub_dtconfig.rules.texts import texts_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_dtconfig.models.assets import Use
    from twinhub_dtconfig.models.interface import Signal, TwinCommand
    from twinhub_dtconfig.models.phases import Phase
    from twinhub_dtconfig.models.twin import Twin
    from twinhub_dtconfig.sections import Section

Shape = Literal["box", "round", "cylinder", "hexagon", "flag", "circle"]
Place = tuple[str, ...]
"""Where in the twin something is, such as ``("uses", "tank")``."""

_SHAPES: dict[Shape, tuple[str, str]] = {
    "box": ("[", "]"),
    "round": ("(", ")"),
    "cylinder": ("[(", ")]"),
    "hexagon": ("{{", "}}"),
    "flag": (">", "]"),
    "circle": ("((", "))"),
}
_SPECIAL = re.compile(
    r"[^A-Za-z0-9 .,:/_()\u00a1-\u00ac\u00ae-\u061b\u061d-\u180d\u180f-\u200a\u2010-\u2027"
    r"\u202f-\u205f\u2070-\ud7ff-]|[.-](?= )"
)
_LONGEST_LABEL = 80


def draw_twin(twin: Twin) -> str:
    """Return the source of a Mermaid flowchart, which is the same for equal twins."""
    chart = _Chart()
    _draw_uses(twin, chart)
    _draw_connections(twin, chart)
    for name, phase in twin.phases.items():
        _draw_phase(name, phase, chart)
    for name, signal in twin.signals.items():
        _draw_signal(name, signal, twin, chart)
    for name, command in twin.commands.items():
        _draw_command(name, command, chart)
    return chart.render(twin.title or twin.name)


@dataclass(slots=True)
class _Chart:
    """Nodes by their place in the twin, in groups, and the arrows between them."""

    ids: dict[Place, str] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    arrows: dict[tuple[Place, Place], str] = field(default_factory=dict)

    def add(self, place: Place, label: str, shape: Shape, *, group: str) -> None:
        """Add a node."""
        self.ids[place] = f"n{sum(map(len, self.groups.values())) + 1}"
        opening, closing = _SHAPES[shape]
        line = f'{self.ids[place]}{opening}"{escape_label(label)}"{closing}'
        self.groups.setdefault(group, []).append(line)

    def name_group(self, place: Place, group: str) -> None:
        """Have arrows to a place lead to a whole group."""
        self.ids[place] = f"g{list(self.groups).index(group) + 1}"

    def connect(self, start: Place, end: Place, label: str = "") -> None:
        """Add an arrow; of two between the same nodes, the first stays."""
        if start != end:
            self.arrows.setdefault((start, end), label)

    def connect_texts(self, section: Section, node: Place, *, without: str = "") -> None:
        """Add arrows for all that ``${…}`` names in a part of the twin, but for one of its keys."""
        for path, text, _ in texts_of(section):
            for name in find_names(text) if path[0] != without else ():
                other = (name.namespace, name.name)
                if name.namespace == "ports":
                    self.connect(node, other)
                else:
                    self.connect(other, node)

    def render(self, title: str) -> str:
        """Return the chart; arrows from or to what is no node are left out."""
        lines = ["flowchart LR", f'  subgraph twin["{escape_label(title)}"]']
        for at, (group, nodes) in enumerate(self.groups.items(), start=1):
            lines.append(f'    subgraph g{at}["{escape_label(group)}"]')
            lines += [f"      {node}" for node in nodes]
            lines.append("    end")
        lines.append("  end")
        for (start, end), label in self.arrows.items():
            if start in self.ids and end in self.ids:
                text = f'|"{escape_label(label)}"|' if label else ""
                lines.append(f"  {self.ids[start]} -->{text} {self.ids[end]}")
        return "\n".join(lines) + "\n"


def escape_label(text: str) -> str:
    """Return text for a label in quotes: what might mean something to Mermaid is a number."""
    line = " ".join(text.split())
    if len(line) > _LONGEST_LABEL:
        line = f"{line[:_LONGEST_LABEL]}…"
    return _SPECIAL.sub(lambda found: f"#{ord(found[0])};", line) or "#32;"


def _draw_uses(twin: Twin, chart: _Chart) -> None:
    for name, use in twin.uses.items():
        shape: Shape = "box" if use.asset else "round" if use.twin else "cylinder"
        chart.add(("uses", name), f"{name}: {_source_of(use)}", shape, group="Uses")
    for name, step in twin.build.items():
        place = ("build", name)
        chart.add(place, name, "round", group="Build")
        chart.connect_texts(step, place)
        for before in step.after:
            chart.connect(("build", before), place)


def _source_of(use: Use) -> str:
    return next(text for text in (use.asset, use.twin, use.url, use.s3, use.doi) if text)


def _draw_connections(twin: Twin, chart: _Chart) -> None:
    for name, cosimulation in twin.cosimulations.items():
        place = ("cosimulations", name)
        chart.add(place, f"{name} ({cosimulation.format})", "hexagon", group="Co-simulations")
        chart.connect_texts(cosimulation, place)
    for name, service in twin.services.items():
        kind = kind_of(name, service) or "service"
        label = name if kind == name else f"{name} ({kind})"
        where = service.external.url if service.external is not None else "managed"
        chart.add(("services", name), f"{label}: {where}", "cylinder", group="Services")
    for name, port in twin.ports.items():
        label = f"{name}: {port.port} {port.protocol}, {port.access}"
        chart.add(("ports", name), label, "circle", group="Ports")
    if twin.physical is not None:
        for name in twin.physical.devices:
            chart.add(("devices", name), name, "hexagon", group="Physical side")


def _draw_phase(name: str, phase: Phase, chart: _Chart) -> None:
    if phase.processes is None:
        place: Place = ("phases", name)
        chart.add(place, name, "round", group="Phases")
        chart.connect_texts(phase, place)
        return
    for inner, process in phase.processes.items():
        place = ("phases", name, inner)
        chart.add(place, inner, "round", group=f"Phase {name}")
        chart.connect_texts(process, place)
        for before in process.after:
            chart.connect(("phases", name, before), place, "ready")
        if process.ready is not None and isinstance(process.ready.port, str):
            chart.connect(place, ("ports", process.ready.port))
    chart.name_group(("phases", name), f"Phase {name}")
    chart.connect_texts(phase, ("phases", name), without="processes")


def _draw_signal(name: str, signal: Signal, twin: Twin, chart: _Chart) -> None:
    unit = f" [{signal.unit}]" if signal.unit else ""
    chart.add(("signals", name), f"{name}{unit}", "flag", group="Signals")
    for start, label in _origins(signal, twin):
        chart.connect(start, ("signals", name), label)


def _origins(signal: Signal, twin: Twin) -> Iterator[tuple[Place, str]]:
    """Yield where a signal comes from, as far as the twin says so."""
    source = signal.source
    if source.variable is not None:
        names = [source.cosimulation] if source.cosimulation else list(twin.cosimulations)
        yield from ((("cosimulations", one), source.variable) for one in names[:1])
    elif source.topic is not None:
        brokers = [one for one in twin.services if kind_of(one, twin.services[one]) in _BROKERS]
        names = [source.service] if source.service else brokers
        yield from ((("services", one), source.topic) for one in names[:1])
    else:
        yield ("phases", "execute"), source.csv or source.metric or ""


def _draw_command(name: str, command: TwinCommand, chart: _Chart) -> None:
    place = ("commands", name)
    chart.add(place, name, "flag", group="Commands")
    effect = command.effect
    if effect.message is not None:
        chart.connect(place, ("services", effect.message.service), effect.message.topic)
    elif effect.http is not None:
        chart.connect(place, ("ports", effect.http.port), effect.http.path)


_BROKERS = ("mqtt", "rabbitmq")
