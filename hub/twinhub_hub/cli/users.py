"""`twinhub users`: TwinHub's own accounts, and the end of a user's."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from twinhub_api import names

from twinhub_hub.account_list import parse_account_list
from twinhub_hub.deletions import find_deletion
from twinhub_hub.installation import Installation, default_home
from twinhub_hub.native_accounts import (
    NO_ADMIN,
    account_name,
    add_account,
    import_accounts,
    lacks_admin,
    load_accounts,
)
from twinhub_hub.operate import up
from twinhub_hub.operate.deletion import delete_user
from twinhub_hub.operate.errors import AccountListError, NotRunningError, OperateError
from twinhub_hub.operate.lock import only_one
from twinhub_hub.operate.passwords import give_new_password
from twinhub_hub.operate.steps import Steps
from twinhub_hub.settings.loading import load_settings
from twinhub_hub.settings.values import Role

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from twinhub_hub.settings.auth import Auth


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its own sub-commands."""
    parser = subparsers.add_parser("users", help="look after accounts, delete users")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="show each account and its role")
    listing.set_defaults(run=run_list)
    adding = actions.add_parser("add", help="add an account (auth.method: native)")
    adding.add_argument("name", metavar="NAME", help="user name")
    adding.add_argument("--role", choices=get_args(Role), default="user", help="what it may do")
    adding.set_defaults(run=run_add)
    importing = actions.add_parser("import", help="add or change the accounts of a CSV file")
    importing.add_argument("file", type=Path, metavar="FILE", help="columns name, role, password")
    importing.set_defaults(run=run_import)
    reset = actions.add_parser(
        "reset-password",
        help="give an account a new password",
        description="Gives an account a new password and prints it. Ends no session and no token: "
        "for a stolen password use the hub's admin panel, which signs out everywhere.",
    )
    reset.add_argument("name", metavar="NAME", help="user name")
    reset.set_defaults(run=run_reset_password)
    deleting = actions.add_parser("delete", help="put a user's files into an archive, end the rest")
    deleting.add_argument("name", metavar="NAME", help="user name")
    deleting.add_argument("--yes", action="store_true", help="do not ask for the name once more")
    deleting.set_defaults(run=run_delete)


def run_list(arguments: argparse.Namespace) -> int:
    """Print the accounts, sorted by name."""
    installation = Installation(default_home())
    auth = _load_auth(installation)
    if auth.provider is not None:
        raise OperateError(_kept_elsewhere(auth, "The hub's admin panel lists who has signed in."))
    roles: dict[str, str] = {account.name: account.role for account in auth.accounts}
    if auth.method == "native":
        found = load_accounts(installation.native_accounts)
        roles = {name: account.role for name, account in found.items()}
    width = max(map(len, roles), default=0)
    for name in sorted(roles):
        print(f"{name:<{width}}  {roles[name]}")
    return 0


def run_add(arguments: argparse.Namespace) -> int:
    """Add an account and print its password."""
    installation = _native_installation()
    name = _check_name(arguments.name)
    with only_one(installation):
        _check_not_leaving(installation, [name])
        password = add_account(installation.native_accounts, name, role=arguments.role)
    print(f"{name}  {password}")
    return 0


def run_import(arguments: argparse.Namespace) -> int:
    """Add and change accounts; say what was done and where the generated passwords are."""
    installation = _native_installation()
    wanted = parse_account_list(_read_list(arguments.file), str(arguments.file))
    now = datetime.now(UTC)
    passwords = installation.secrets / f"passwords-{now:%Y%m%dT%H%M%S.%fZ}.json"
    with only_one(installation):
        _check_not_leaving(installation, [account.name for account in wanted])
        done = import_accounts(installation.native_accounts, wanted, passwords=passwords)
    print(f"{len(done.added)} added, {len(done.changed)} changed, {done.unchanged} as they were.")
    for name, (before, after) in done.roles.items():
        print(f"{name}: {before} -> {after}")
    if done.has_passwords:
        print(f"The generated passwords are in {passwords}")
        print("Only you can read it. Hand them out one by one, then delete it.")
    _warn_without_admin(installation)
    return 0


def _read_list(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise AccountListError([f"There is no file {file}"]) from error
    except IsADirectoryError as error:
        raise AccountListError([f"{file} is a folder; name the list in it"]) from error
    except OSError as error:
        raise AccountListError([f"{file} cannot be read: {error.strerror}"]) from error


def _warn_without_admin(installation: Installation) -> None:
    if lacks_admin(installation.native_accounts):
        print(*NO_ADMIN, sep="\n", file=sys.stderr)


def run_reset_password(arguments: argparse.Namespace) -> int:
    """Print the new password of an account."""
    installation = Installation(default_home())
    auth = _load_auth(installation)
    if auth.provider is not None:
        raise OperateError(_kept_elsewhere(auth, "Change this password there."))
    password = give_new_password(installation, auth, arguments.name)
    print(f"{arguments.name}  {password}")
    return 0


def run_delete(arguments: argparse.Namespace) -> int:
    """Delete a user after the operator typed the name again; say where the files are."""
    installation, name = Installation(default_home()), _check_name(arguments.name)
    context = up.load_running(installation)
    if not arguments.yes and not _is_confirmed(name, installation):
        print("Nothing was removed.")
        return 1
    with only_one(installation):
        archive = delete_user(context, name, Steps())
    if archive:
        print(f"The files are in {archive}")
    if context.settings.auth.method != "native":
        print(_may_come_back(context.settings.auth, name))
    else:
        _warn_without_admin(installation)
    return 0


def _is_confirmed(name: str, installation: Installation) -> bool:
    print(
        f"This stops the workspace of {name} and removes home, folder, tokens and account. The\n"
        f"files go into an archive in {installation.archive} before."
    )
    try:
        return input(f"Type {name} to go on: ").strip() == name
    except EOFError:
        return False


def _may_come_back(auth: Auth, name: str) -> str:
    if auth.provider is not None:
        return f"{name} can sign in again, to empty folders, as long as the provider lets them."
    return f"{name} can sign in again, to empty folders, as long as auth.accounts lists the name."


def _kept_elsewhere(auth: Auth, remedy: str) -> str:
    return f"Accounts are kept by the provider of auth.method {auth.method}. {remedy}"


def _load_auth(installation: Installation) -> Auth:
    if not installation.settings_file.exists():
        raise NotRunningError(
            f"There is no installation in {installation.home}. Make one with: twinhub up"
        )
    return load_settings(installation.settings_file).settings.auth


def _native_installation() -> Installation:
    """Return the installation if its accounts are its own; it need not have been started."""
    installation = Installation(default_home())
    auth = _load_auth(installation)
    if auth.provider is not None:
        raise OperateError(_kept_elsewhere(auth, "Add people to its groups."))
    if auth.method != "native":
        raise OperateError(
            f"The accounts of auth.method {auth.method} are listed in {installation.settings_file} "
            "itself. Write `method: native` below `auth:` there, and run `twinhub up`."
        )
    installation.make_folders()
    return installation


def _check_name(name: str) -> str:
    try:
        return account_name(names.check_user_name(name))
    except ValueError as error:
        raise OperateError(f"{error}.") from error


def _check_not_leaving(installation: Installation, wanted: Iterable[str]) -> None:
    """Refuse names of users whose deletion has not ended: it would take the new account along."""
    for name in wanted:
        if find_deletion(installation.deletions, name):
            raise OperateError(
                f"{name} is being deleted: end that first with `twinhub users delete {name}`."
            )
