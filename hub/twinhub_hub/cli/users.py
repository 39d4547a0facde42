"""`twinhub users`: the accounts of the trial sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_hub.accounts import reset_password
from twinhub_hub.installation import Installation, default_home
from twinhub_hub.operate import up
from twinhub_hub.operate.errors import OperateError
from twinhub_hub.operate.lock import only_one

if TYPE_CHECKING:
    import argparse


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its own sub-command."""
    parser = subparsers.add_parser("users", help="look after the trial accounts")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    reset = actions.add_parser("reset-password", help="give a trial account a new password")
    reset.add_argument("name", metavar="NAME", help="user name")
    reset.set_defaults(run=run_reset_password)


def run_reset_password(arguments: argparse.Namespace) -> int:
    """Print the new password of an account."""
    installation = Installation(default_home())
    context = up.load_running(installation)
    if context.settings.auth.method != "trial":
        raise OperateError(
            f"Passwords are kept by the provider of auth.method {context.settings.auth.method}: "
            "change this one there."
        )
    with only_one(installation):
        password = reset_password(
            arguments.name,
            hashes=installation.account_hashes,
            passwords=installation.account_passwords,
        )
    print(f"{arguments.name}  {password}")
    return 0
