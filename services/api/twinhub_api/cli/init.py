"""``twin init``: the first files of a twin, from what is in its folder or from a template."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_dtconfig.loading import FILE_NAME, TwinError
from twinhub_dtconfig.proposal import (
    TEMPLATES,
    ProposalError,
    init_twin,
    propose,
    template_files,
)

from twinhub_api.cli.command import GOOD, CommandError
from twinhub_api.cli.terminal import safe

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

_FIRST = "minimal"


def run(arguments: argparse.Namespace) -> int:
    """Write ``twin.yaml`` and what a template has, never over what is there; execute nothing."""
    folder = Path(arguments.path)
    is_empty = not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    template = arguments.template or (_FIRST if is_empty else None)
    try:
        if arguments.only_print:
            print(_text(folder, template), end="")
            return GOOD
        folder.mkdir(parents=True, exist_ok=True)
        written = init_twin(folder, template)
    except (ProposalError, TwinError) as error:
        raise CommandError(safe(str(error))) from error
    except FileExistsError as error:
        raise CommandError(f"{safe(str(folder))} is no folder") from error
    _tell(written, template, is_chosen=arguments.template is not None)
    return GOOD


def _text(folder: Path, template: str | None) -> str:
    if template is None:
        return propose(folder)
    return template_files(template, folder.resolve().name)[FILE_NAME]


def _tell(written: Sequence[Path], template: str | None, *, is_chosen: bool) -> None:
    for path in written:
        print(f"{safe(str(path))} is written")
    if template is None:
        print("Look at the lines with `guess`, then: twin validate")
        return
    if not is_chosen:
        others = "\n".join(f"  {name:<14}{what}" for name, what in TEMPLATES.items())
        print(f"The folder was empty, so this is `--template {template}`. There are:\n{others}")
    print("Change it, then: twin validate. What a key means: twin explain KEY")
