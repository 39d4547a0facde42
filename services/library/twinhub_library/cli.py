"""The command `twinhub-library`: serve a folder on loopback, bring one of DTaaS."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from twinhub_api.command_lines import CommandParser
from twinhub_api.names import check_user_name
from twinhub_api.scopes import ADMIN, INSTRUCT
from twinhub_dtconfig.references import AssetKind

from twinhub_library.errors import LibraryError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from twinhub_library.dtaas import Import
    from twinhub_library.dtaas_twins import TwinCheck

GOOD, ODD, WRONG_USE = 0, 1, 2
"""Exit codes: all is well; something is to be looked at; wrong use, or nothing to read."""

_FRESH_SECONDS = 1.0
_NOBODY = "user"
"""A name that no user can have."""
_ROLES = {
    "user": frozenset[str](),
    "instructor": frozenset({INSTRUCT}),
    "admin": frozenset({INSTRUCT, ADMIN}),
}


class UseError(Exception):
    """Something that stops the command, in words for people."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except (UseError, LibraryError, OSError) as error:
        print(f"twinhub-library: {error}", file=sys.stderr)
        return WRONG_USE
    except KeyboardInterrupt:
        print("twinhub-library: interrupted; say it again to go on", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser("twinhub-library", description="TwinHub's asset library.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_options_of_serve(
        commands.add_parser(
            "serve",
            help="serve a folder to everybody on this machine, without a login",
            description="Serve a folder to everybody on this machine, without a login: for"
            " development and for contract tests. Everything in DIR/<name>/<kind>/... can be read.",
            epilog="example: twinhub-library serve --root library --port 4001 --insecure-loopback",
        )
    )
    _add_options_of_import(
        commands.add_parser(
            "import-dtaas",
            help="copy the files folder of a DTaaS installation into an assets root",
            description="Copy the files folder of a DTaaS installation into an assets root. Nothing"
            " is replaced, and no link is followed; the command may be repeated.",
            epilog="example: twinhub-library import-dtaas /srv/dtaas/files --root assets --dry-run",
        )
    )
    return parser


def _add_options_of_serve(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--root", metavar="DIR", type=Path, required=True, help="the assets root")
    serve.add_argument(
        "--port", metavar="N", type=int, required=True, help="the port; 0 for any that is free"
    )
    serve.add_argument(
        "--address", metavar="ADDRESS", default="127.0.0.1", help="of loopback, such as ::1"
    )
    serve.add_argument(
        "--state", metavar="DIR", type=Path,
        help="keep database and search index here; default: .library/state in the root",
    )  # fmt: skip
    serve.add_argument(
        "--insecure-loopback", action="store_true", required=True,
        help="yes, everybody on this machine may read all, and change what is not common",
    )  # fmt: skip
    serve.add_argument(
        "--user", metavar="NAME", help="whose own area everybody has; default: one of nobody's"
    )
    serve.add_argument(
        "--role", metavar="ROLE", choices=tuple(_ROLES), default="user",
        help="what everybody is: a user, an instructor (publishes, reviews) or an admin (grants)",
    )  # fmt: skip
    serve.set_defaults(run=_serve)


def _add_options_of_import(dtaas: argparse.ArgumentParser) -> None:
    dtaas.add_argument("files", metavar="FILES", type=Path, help="the folder, with `common` in it")
    dtaas.add_argument("--root", metavar="DIR", type=Path, required=True, help="the assets root")
    dtaas.add_argument("--dry-run", action="store_true", help="copy nothing, say what would be")
    dtaas.add_argument("--json", action="store_true", help="print JSON, for programs")
    dtaas.set_defaults(run=_import_dtaas)


def _serve(options: argparse.Namespace) -> int:
    # imported here: the other command needs no server
    from twinhub_kit.callers import Caller, OpenIdentity  # noqa: PLC0415
    from twinhub_kit.listening import (  # noqa: PLC0415
        ListeningError,
        find_port,
        read_address,
        show_url,
    )  # fmt: skip
    from twinhub_kit.serving import serve, share_heaps  # noqa: PLC0415

    from twinhub_library.library import open_library  # noqa: PLC0415
    from twinhub_library.main import make_library_application  # noqa: PLC0415
    from twinhub_library.settings import LibrarySettings  # noqa: PLC0415

    share_heaps()
    root = _folder(options.root, "--root").resolve()
    try:
        address = read_address(options.address, only_loopback="and there is no login")
        port = find_port(address, options.port)
    except ListeningError as error:
        raise UseError(str(error)) from error
    settings = LibrarySettings(root, options.state or root / ".library" / "state")
    caller = Caller(_user(options.user), scopes=_ROLES[options.role], is_everybody=True)
    identity = OpenIdentity(caller, _Others(root).list)
    url = show_url(address, port)

    def ready() -> None:
        print(f"Serving {root} at {url} to everybody on this machine", flush=True)
        user = f" JUPYTERHUB_USER={options.user}" if options.user else ""
        print(f"To ask it by twin assets: export TWINHUB_LIBRARY_URL={url}{user}", flush=True)

    with open_library(settings) as library:
        application = make_library_application(library, identity)
        asyncio.run(serve(application, port=port, address=address, ready=ready))
    return GOOD


def _user(name: str | None) -> str:
    if name is None:
        return _NOBODY
    try:
        return check_user_name(name)
    except ValueError as error:
        raise UseError(f"--user: {error}") from error


class _Others:
    """The private areas of a root, looked up anew after a second."""

    def __init__(self, root: Path) -> None:
        self._root, self._until, self._found = root, 0.0, frozenset[str]()

    def list(self) -> frozenset[str]:
        """Return the labels of those whose areas there are."""
        if monotonic() >= self._until:
            names = {one.name for one in self._root.iterdir() if one.is_dir()}
            own = {"common", "teams"}
            self._found = frozenset(one for one in names - own if not one.startswith("."))
            self._until = monotonic() + _FRESH_SECONDS
        return self._found


def _folder(path: Path, name: str) -> Path:
    if not path.is_dir():
        other = ", or make it" if name == "--root" else ""
        raise UseError(f"{name}: there is no folder {path}: name one that is there{other}")
    return path


def _import_dtaas(options: argparse.Namespace) -> int:
    from twinhub_library.dtaas import Fate, Importer  # noqa: PLC0415
    from twinhub_library.dtaas_twins import check_twins  # noqa: PLC0415
    from twinhub_library.tree import Tree  # noqa: PLC0415

    files, root = _folder(options.files, "FILES"), _folder(options.root, "--root")
    _check_has_users(files)
    if root.resolve().is_relative_to(files.resolve()) or files.resolve().is_relative_to(
        root.resolve()
    ):
        raise UseError("FILES and the assets root are in one another: name another root")
    with Tree(files) as source, Tree(root) as target:
        importer = Importer(source, target, is_dry=options.dry_run, owner=_owner(root))
        report = importer.run(lambda _: None if options.json else print(_, flush=True))
    twins = check_twins(files, list(report.areas))
    if options.json:
        print(json.dumps(_data(report, twins, is_dry=options.dry_run), indent=2))
    else:
        _print(report, twins, is_dry=options.dry_run)
    is_odd = report.counts[Fate.REFUSED] or report.counts[Fate.KEPT]
    return ODD if is_odd else GOOD


def _check_has_users(files: Path) -> None:
    """Refuse the folder of one user, which would make an area of each kind of assets."""
    kinds = sorted(kind for kind in AssetKind if (files / kind).is_dir())
    if len(kinds) > 1:
        raise UseError(
            f"FILES: {files} has {', '.join(kinds)} itself, as one user's folder has: "
            f"name the folder above it, {files.resolve().parent}"
        )


def _owner(root: Path) -> tuple[int, int] | None:
    """Return who is to own what root makes: whoever owns the assets root."""
    status = root.stat()
    return (status.st_uid, status.st_gid) if os.geteuid() == 0 else None


def _print(report: Import, twins: Sequence[TwinCheck], *, is_dry: bool) -> None:
    for odd in report.odd:
        print(f"{odd.path}: {odd.fate}: {odd.why}")
    for twin in twins:
        print(f"{twin.path}: {twin.errors} errors, {twin.warnings} warnings by `twin validate`")
    counts = ", ".join(f"{count} {fate}" for fate, count in sorted(report.counts.items()))
    start = "Would copy" if is_dry else "Copied"
    print(f"{start} {report.bytes:,} bytes from {len(report.areas)} folders: {counts or 'nothing'}")


def _data(report: Import, twins: Sequence[TwinCheck], *, is_dry: bool) -> dict[str, object]:
    return {
        "dry_run": is_dry,
        "areas": report.areas,
        "bytes": report.bytes,
        "files": {str(fate): count for fate, count in report.counts.items()},
        "odd": [{"path": o.path, "fate": o.fate, "why": o.why} for o in report.odd],
        "twins": [
            {
                "path": t.path,
                "described": t.is_described,
                "errors": t.errors,
                "warnings": t.warnings,
            }
            for t in twins
        ],
    }


if __name__ == "__main__":
    sys.exit(main())
