"""Arguments of the verbs of ``twin assets`` that work with repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_api.cli.assets_verbs import Verb

if TYPE_CHECKING:
    import argparse

_PLACE = "what is connected: an asset or an area"


def _connect(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("place", metavar="PLACE", help="an asset, or an area, such as teams/pumps")
    parser.add_argument(
        "url", metavar="URL", help="https://host/path.git or ssh://user@host/path.git"
    )
    parser.add_argument("--branch", metavar="NAME", default="", help="default: the repository's")
    parser.add_argument("--folder", metavar="PATH", default="", help="a folder in the repository")
    _credential(parser)


def _credential(parser: argparse.ArgumentParser) -> None:
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--token-file", metavar="FILE", help="holds a token; - for standard input")
    parser.add_argument(
        "--token-user", metavar="NAME", default="", help="beside a token, where it is wanted"
    )
    how.add_argument("--key-file", metavar="FILE", help="holds a private SSH key; - likewise")
    how.add_argument(
        "--login",
        action="store_true",
        help="use your own login: what is done where you sign in with that GitLab",
    )
    how.add_argument("--public", action="store_true", help="use nothing: everybody may read it")
    parser.add_argument(
        "--host-key",
        metavar="PRINT",
        default="",
        help="of the SSH server, once you have compared it",
    )


def _reconnect(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("place", metavar="PLACE", help=_PLACE)
    parser.add_argument("--branch", metavar="NAME", help="sync with this branch from now on")
    parser.add_argument("--author-name", metavar="NAME", help='of commits; "" for your user name')
    parser.add_argument("--author-email", metavar="MAIL", help='likewise; "" for the usual one')
    _credential(parser)


def _disconnect(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("place", metavar="PLACE", help=_PLACE)


def _sync(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "place", metavar="PLACE", nargs="?", default="",
        help="an asset or area with a repository; default: all of yours",
    )  # fmt: skip
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--pull", action="store_true", help="only take in")
    way.add_argument("--push", action="store_true", help="only send")
    parser.add_argument("--message", metavar="TEXT", default="", help="of the commit")
    parser.add_argument(
        "--allow-secret", metavar="FILE", action="append", default=[],
        help="what looks like a secret in this file is none; may be given several times",
    )  # fmt: skip
    parser.add_argument(
        "--create-branch", action="store_true", help="with --push: make the branch if it is gone"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would happen")


def _status(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "place", metavar="PLACE", nargs="?", default="",
        help="what is connected, or an area; default: everything that you may read",
    )  # fmt: skip
    parser.add_argument("--fetch", action="store_true", help="ask the other side first")


def _history(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", help="what is connected, or a file or folder in it")
    parser.add_argument("--limit", metavar="N", type=int, default=20, help="how many, up to 1000")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--kept", action="store_true", help="list what was here before pulls and restores"
    )
    what.add_argument("--restore", metavar="COMMIT", help="bring PATH back to what it was there")
    parser.add_argument("--dry-run", action="store_true", help="with --restore: only say what")


def _difference(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="FILE", help="a file of what is connected")
    parser.add_argument(
        "commit", metavar="COMMIT", nargs="?", default="",
        help="what this commit changed; default: what you have changed since the last sync",
    )  # fmt: skip


def _follow(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("asset", metavar="ASSET", help="an asset of yours that is connected")
    parser.add_argument("--every", metavar="TIME", default="", help="look as often: 10m, 2h, 1d")
    parser.add_argument(
        "--webhook-secret", metavar="FILE", help="holds what a webhook shows; - for standard input"
    )
    parser.add_argument("--stop", action="store_true", help="publish nothing by itself any more")


GIT_VERBS = (
    Verb("connect", "connect an asset or area with a git repository", _connect,
         "connect models/tank https://gitlab.example.org/ada/tank.git --token-file ~/token"),
    Verb("sync", "pull from and push to the repositories of your assets", _sync,
         'sync models/tank --message "Tuned the valve"'),
    Verb("status", "tell how your files and their repositories stand to each other", _status,
         "status models/tank --fetch"),
    Verb("history", "list commits, or bring back how it was in one", _history,
         "history models/tank --restore 1a2b3c4"),
    Verb("difference", "show what differs in a file, as lines", _difference,
         "difference models/tank/model.py"),
    Verb("follow", "publish what a repository brings, by the clock or by a webhook", _follow,
         "follow models/tank --every 10m"),
    Verb("reconnect", "change the branch, token or author of what is connected", _reconnect,
         "reconnect models/tank --token-file ~/token"),
    Verb("disconnect", "end the syncing of an asset or area; the files stay", _disconnect,
         "disconnect models/tank"),
)  # fmt: skip
"""The verbs of this module."""
