"""``twin init``: a ``twin.yaml`` for a folder, with a comment on everything that is guessed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_dtconfig.inference import infer_twin
from twinhub_dtconfig.loading import FILE_NAME, TwinError

from twinhub_api.cli.command import GOOD, CommandError, FaultyTwinError
from twinhub_api.cli.terminal import safe

if TYPE_CHECKING:
    import argparse


def run(arguments: argparse.Namespace) -> int:
    """Write ``twin.yaml``, never over one that is there; nothing of the folder is executed."""
    folder = Path(arguments.path)
    file = folder / FILE_NAME
    if not arguments.only_print:
        if file.exists() or file.is_symlink():
            raise CommandError(
                f"{safe(str(file))} is there already; `twin init --print` prints a new one"
            )
        folder.mkdir(parents=True, exist_ok=True)
    try:
        text = infer_twin(folder).text
    except TwinError as error:
        raise FaultyTwinError(safe(str(error))) from error
    if arguments.only_print:
        print(text, end="")
        return GOOD
    with file.open("x", encoding="utf-8") as new:
        new.write(text)
    print(f"{safe(str(file))} is written; look at the lines with `guess`, then: twin validate")
    return GOOD
