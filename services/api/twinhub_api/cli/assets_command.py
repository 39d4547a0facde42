"""``twin assets``: its verbs and their arguments; what they do is imported later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_api.cli.assets_git_verbs import GIT_VERBS
from twinhub_api.cli.assets_verbs import KINDS, MORE_VERBS, Verb
from twinhub_api.cli.command import SHARING, Command

if TYPE_CHECKING:
    import argparse

_ASSET = "an asset, such as common/models/tank@1.2 or, of your own, models/tank"
_OR_COLLECTION = f"{_ASSET}; or a collection, such as collections/course"


def _asset(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("asset", metavar="ASSET", help=_ASSET)


def _asset_or_collection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("asset", metavar="ASSET", help=_OR_COLLECTION)


def _search(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", metavar="WORD", nargs="*", help="words, or keyword:pump")
    parser.add_argument(
        "--kind", metavar="KIND", action="append", default=[], choices=KINDS,
        help=f"only this kind: {', '.join(KINDS)}; may be given several times",
    )  # fmt: skip
    parser.add_argument(
        "--area", metavar="AREA", action="append", default=[],
        help="only in common, teams/GROUP or your own name; may be given several times",
    )  # fmt: skip
    parser.add_argument("--limit", metavar="N", type=int, default=20, help="how many, up to 200")


def _import(parser: argparse.ArgumentParser) -> None:
    _asset_or_collection(parser)
    parser.add_argument(
        "target", metavar="TARGET", nargs="?", default="",
        help="where the copy goes; default: the same kind and name of your own",
    )  # fmt: skip


def _update(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("asset", metavar="ASSET", nargs="?", help="a copy that was imported")
    parser.add_argument("--all", action="store_true", help="every copy with a newer version")
    parser.add_argument(
        "--version", metavar="PIN", default="", dest="wanted", help="to this one, not the newest"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would happen")
    parser.add_argument(
        "--fresh", action="store_true", help="import anew beside it, without your changes"
    )


def _publish(parser: argparse.ArgumentParser) -> None:
    _asset(parser)
    parser.add_argument(
        "--version",
        metavar="VERSION",
        default="",
        dest="wanted",
        help="default: that of asset.yaml or twin.yaml",
    )
    parser.add_argument("--message", metavar="TEXT", default="", help="what it is, in a line")
    parser.add_argument("--changelog", metavar="FILE", help="Markdown: what has changed")
    parser.add_argument(
        "--allow-secret", metavar="FILE", action="append", default=[],
        help="what looks like a secret in this file of the asset is none",
    )  # fmt: skip
    parser.add_argument("--dry-run", action="store_true", help="check everything, publish nothing")


def _usage(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "area", metavar="AREA", nargs="?", default="",
        help="list what is in this area, the largest first; default: all areas",
    )  # fmt: skip
    parser.add_argument("--fresh", action="store_true", help="measure the area now")


def _open_link(parser: argparse.ArgumentParser) -> None:
    _asset_or_collection(parser)
    parser.add_argument("--path", metavar="FILE", default="", help="the file in it that opens")


VERBS: tuple[Verb, ...] = (
    Verb("search", "find assets by words", _search, "search heated tank --kind models"),
    Verb("show", "tell everything about an asset or collection", _asset_or_collection,
         "show common/models/heated-tank"),
    Verb("import", "copy an asset or collection into your files", _import,
         "import common/models/heated-tank"),
    Verb("update", "bring copies to the newest version; your changes stay", _update,
         "update models/heated-tank --dry-run"),
    Verb("publish", "publish an asset of yours as a version for everybody", _publish,
         'publish models/tank --version 1.0.0 --message "First version"'),
    Verb("usage", "tell how much room your assets take", _usage, "usage teams/pumps"),
    Verb("open-link", "print a link that opens an asset in anybody's workspace", _open_link,
         "open-link common/models/tank --path notebooks/start.ipynb"),
    *MORE_VERBS,
    *GIT_VERBS,
)  # fmt: skip
"""All verbs, in the order in which they are listed."""


def _assets(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(
        metavar="VERB",
        dest="verb",
        required=True,
        help="one of these; `twin assets VERB --help` tells its options, with an example",
    )
    for one in VERBS:
        verb = verbs.add_parser(
            one.name, help=one.summary,
            description=f"{one.summary[0].upper()}{one.summary[1:]}.",
            epilog=f"example: twin assets {one.example}", allow_abbrev=False,
        )  # fmt: skip
        one.add_arguments(verb)
        verb.add_argument("--json", action="store_true", help="print JSON, for programs")


ASSETS = Command(
    "assets", "Find, import, update and publish assets", _assets, "twinhub_api.cli.assets:run",
    example="search heated tank", group=SHARING,
)  # fmt: skip
