"""Arguments of the verbs of ``twin assets`` that look after what is there and who may have it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

KINDS = ("data", "models", "functions", "tools", "digital_twins")
"""Kinds of assets: named here too, since what they are is imported later."""


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb: what its help says, and an example of it."""

    name: str
    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    example: str


def _published(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("asset", metavar="ASSET", help="what was published: common/models/tank")


def _bin(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "area", metavar="AREA", nargs="?", default="", help="teams/GROUP; default: your own area"
    )
    parser.add_argument(
        "--restore", metavar="WHAT", help="bring this path back; of equal paths, an id of the list"
    )
    parser.add_argument("--to", metavar="PATH", default="", help="to here, not to where it was")


def _previous(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "path", metavar="PATH", help="a file or folder of yours, also a deleted one"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--difference", metavar="TIME", help="show how a text differs from then")
    what.add_argument("--restore", metavar="TIME", help="bring back how it was; undone by one more")
    parser.add_argument(
        "--into", metavar="PATH", default="", help="with --restore: a copy here, where nothing is"
    )


def _review(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "number", metavar="NUMBER", nargs="?", type=int, help="show what it changes"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--accept", action="store_true", help="publish it")
    what.add_argument(
        "--return", metavar="TEXT", dest="send_back", help="give it back, and say why"
    )


def _deprecate(parser: argparse.ArgumentParser) -> None:
    _published(parser)
    parser.add_argument("--why", metavar="TEXT", required=True, help='"" takes it back')
    parser.add_argument("--successor", metavar="ASSET", default="", help="what to use instead")


def _withdraw(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("asset", metavar="ASSET", help="a version: common/models/tank@1.2.0")
    parser.add_argument("--why", metavar="TEXT", required=True, help="is shown to who uses it")


def _transfer(parser: argparse.ArgumentParser) -> None:
    _published(parser)
    to = parser.add_mutually_exclusive_group(required=True)
    to.add_argument("--user", metavar="NAME", default="", help="to this user")
    to.add_argument("--team", metavar="GROUP", default="", help="to this team")


def _team(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("group", metavar="GROUP", nargs="?", default="", help="default: list all")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--on", action="store_true", help="give the group an area")
    what.add_argument("--off", action="store_true", help="end all access; the files are kept")


def _grant(parser: argparse.ArgumentParser) -> None:
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--user", metavar="NAME", default="", help="let this user publish")
    who.add_argument("--team", metavar="GROUP", default="", help="let all of this group publish")
    who.add_argument("--remove", metavar="NUMBER", type=int, help="take a grant back")
    parser.add_argument(
        "--kind",
        metavar="KIND",
        default="*",
        choices=("*", *KINDS),
        help=f"only this kind: {', '.join(KINDS)}; default: all",
    )
    parser.add_argument("--name", metavar="PATTERN", default="*", help="only such names: pump-*")
    parser.add_argument("--review", action="store_true", help="each version is a proposal first")


MORE_VERBS = (
    Verb("bin", "list what was deleted, or bring it back", _bin, "bin --restore data/levels.csv"),
    Verb("previous", "list how a file or folder was, or bring it back", _previous,
         "previous models/tank/model.py"),
    Verb("review", "list proposals, show one, accept it or return it", _review,
         'review 7 --return "Say the units"'),
    Verb("deprecate", "say that something else is better than what was published", _deprecate,
         'deprecate common/models/tank --why "Too slow" --successor common/models/tank-2'),
    Verb("withdraw", "hide a version from everybody who does not use it yet", _withdraw,
         'withdraw common/models/tank@1.2.0 --why "Wrong units"'),
    Verb("transfer", "let another user or a team own what you have published", _transfer,
         "transfer common/models/tank --team pumps"),
    Verb("team", "list teams, or switch the area of a group on or off", _team, "team pumps --on"),
    Verb("grant", "list who may publish what, or change it as an administrator", _grant,
         "grant --team pumps --kind models --name 'pump-*' --review"),
    Verb("opened", "tell who has opened the link of an asset", _published,
         "opened common/models/tank"),
)  # fmt: skip
"""The verbs of this module."""
