"""The sub-command ``twin serve``, described; what it does is imported when it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_api.cli.command import RUNNING, Command

if TYPE_CHECKING:
    import argparse


def _serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "path", metavar="DIR", nargs="?", default=".",
        help="the folder of a twin; default: this folder",
    )  # fmt: skip
    parser.add_argument(
        "--config", metavar="FILE", help="serve the scripts that a runner.yaml names instead"
    )
    parser.add_argument(
        "--port", metavar="N", type=int, help="the port; default: that of FILE, else a free one"
    )
    parser.add_argument(
        "--address", metavar="ADDRESS", default="127.0.0.1", help="default: 127.0.0.1"
    )
    parser.add_argument(
        "--token-file", metavar="FILE", help="the token that is asked for; default: a new one"
    )
    parser.add_argument(
        "--allow-anonymous", action="store_true", help="ask for no token; on loopback alone"
    )


SERVE = Command(
    "serve", "Offer a twin's phases to programs, by the interface of DTaaS's runner", _serve,
    "twinhub_runner.solo.serving:run",
    example="digital_twins/tank --port 5000 --token-file token.txt", group=RUNNING,
)  # fmt: skip
