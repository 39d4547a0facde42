"""What an FMU says about itself, read without unpacking or running it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_api.library.assets import Model, ModelVariable
from twinhub_dtconfig.fmu import FmuError, read_model_description

from twinhub_library.cursors import make_cursor, read_cursor
from twinhub_library.details.errors import UnreadablePartError

if TYPE_CHECKING:
    from twinhub_dtconfig.fmu import ModelDescription, Variable
    from twinhub_kit.files.paths import RelativePath

    from twinhub_library.tree import Tree

MOST_BYTES = 8 * 1024 * 1024
"""Bytes of a ``modelDescription.xml`` that is read."""


def read_model(tree: Tree, path: RelativePath, *, after: str, limit: int) -> Model:
    """Return what an FMU says, with the variables after a cursor, by name.

    Raises:
        NotThereError: there is no such file.
        UnreadablePartError: it is no FMU, or a broken one.
        BadCursorError: no page has given the cursor.
    """
    place = read_cursor(after, 1)
    model = _read(tree, path)
    every = sorted(model.variables)
    names = [name for name in every if not place or name > place[0]]
    page = names[:limit]
    return Model(
        file=path.name, name=model.name, fmi_version=model.fmi_version,
        description=model.description, kinds=tuple(map(str, model.kinds)),
        platforms=model.platforms, has_sources=model.has_sources,
        start_time=model.experiment.start, stop_time=model.experiment.stop,
        step_size=model.experiment.step, count=len(every),
        variables=tuple(_variable(model.variables[name]) for name in page),
        next=make_cursor([page[-1]]) if len(page) < len(names) else "",
    )  # fmt: skip


def _read(tree: Tree, path: RelativePath) -> ModelDescription:
    """Read by the descriptor that the tree has opened, whatever has the name by then."""
    file = tree.open_file(path)
    opened = f"/proc/self/fd/{file}"
    try:
        return read_model_description(Path(opened), limit_bytes=MOST_BYTES)
    except FmuError as error:
        raise UnreadablePartError(str(error).replace(opened, str(path))) from error
    finally:
        os.close(file)


def _variable(one: Variable) -> ModelVariable:
    return ModelVariable(
        name=one.name, type=one.declared, causality=one.causality.value,
        variability=one.variability.value, unit=one.unit, start=one.start,
        minimum=one.minimum, maximum=one.maximum, description=one.description,
    )  # fmt: skip
