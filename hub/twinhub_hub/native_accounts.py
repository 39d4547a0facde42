"""The accounts of ``auth.method: native``: one private file of names, roles and hashes.

Names are kept in lower case, as JupyterHub keeps its users' names.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from argon2 import PasswordHasher

from twinhub_hub.accounts import generate_password
from twinhub_hub.files import write_private
from twinhub_hub.operate.errors import NoAccountError, OperateError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from twinhub_hub.settings.values import Role

NO_ADMIN = (
    "There is no admin's account. Make one, and note its password:",
    "  twinhub users add NAME --role admin",
)
"""What to say, in lines, where `lacks_admin` is true."""

_HASHES_AT_ONCE = 4  # 64 MiB of memory each


@dataclass(frozen=True)
class Account:
    """What is kept of an account."""

    role: Role
    password_hash: str


@dataclass(frozen=True)
class WantedAccount:
    """An account as an operator asks for it."""

    name: str
    role: Role
    password: str = ""
    """Empty: a new account gets a generated one, and another one keeps its own."""


@dataclass(frozen=True)
class Imported:
    """What an import has done."""

    added: Sequence[str]
    changed: Sequence[str]
    unchanged: int
    has_passwords: bool
    """Whether passwords were generated, and their file written."""
    roles: Mapping[str, tuple[Role, Role]] = field(default_factory=dict)
    """The role before and now of each account that has another one."""


def account_name(name: str) -> str:
    """Return the one way to write a name."""
    return name.lower()


def load_accounts(path: Path) -> dict[str, Account]:
    """Return the accounts by name; none where there is no file.

    Raises:
        OperateError: the file is damaged.
    """
    try:
        found = json.loads(path.read_text("utf-8"))
        return {name: Account(**account) for name, account in found.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError) as error:
        raise OperateError(
            f"{path} is damaged ({error}): put back the one of your last `twinhub backup`."
        ) from error


def lacks_admin(path: Path) -> bool:
    """Return whether none of the accounts is an admin's.

    Raises:
        OperateError: the file is damaged.
    """
    return all(account.role != "admin" for account in load_accounts(path).values())


def add_account(path: Path, name: str, *, role: Role) -> str:
    """Add an account and return its generated password; it can sign in at once.

    Raises:
        OperateError: there is one of this name.
    """
    known, name = load_accounts(path), account_name(name)
    if name in known:
        raise OperateError(
            f"There is an account {name!r} with the role {known[name].role}. Another role is given "
            "by `twinhub users import`, a new password by `twinhub users reset-password`."
        )
    return _give_password(path, known, name, role=role)


def get_account(path: Path, name: str) -> str:
    """Return the name of an account as it is kept.

    Raises:
        NoAccountError: there is no such account.
    """
    name = account_name(name)
    if name not in load_accounts(path):
        raise NoAccountError(
            f"There is no account {name!r}.", hint="`twinhub users list` shows all."
        )
    return name


def renew_password(path: Path, name: str) -> str:
    """Give an account a new password and return it; it holds at once, open sessions go on.

    Raises:
        OperateError: there is no such account.
    """
    name, known = get_account(path, name), load_accounts(path)
    return _give_password(path, known, name, role=known[name].role)


def import_accounts(path: Path, wanted: Sequence[WantedAccount], *, passwords: Path) -> Imported:
    """Add or change accounts, all or none; generated passwords go to the file ``passwords``."""
    known = load_accounts(path)
    new = [one.name for one in wanted if one.name not in known]
    given = {one.name: one.password for one in wanted if one.password}
    generated = {name: generate_password() for name in new if name not in given}
    hashes = _hash_all(given | generated)
    result = dict(known)
    for one in wanted:
        before = known.get(one.name, Account(one.role, ""))
        result[one.name] = replace(
            before, role=one.role, password_hash=hashes.get(one.name, before.password_hash)
        )
    # the passwords first: a crash in between leaves passwords too many, never ones that are lost
    if generated:
        write_private(passwords, json.dumps(generated, indent=1, ensure_ascii=False) + "\n")
    changed = [name for name in known if result[name] != known[name]]
    if new or changed:
        _save(path, result)
    unchanged = len(wanted) - len(new) - len(changed)
    roles = {
        name: (known[name].role, result[name].role)
        for name in changed
        if known[name].role != result[name].role
    }
    return Imported(new, changed, unchanged, bool(generated), roles)


def remove_account(path: Path, name: str) -> None:
    """Remove an account, if there is one; its name can no longer sign in."""
    known = load_accounts(path)
    if known.pop(account_name(name), None):
        _save(path, known)


def _give_password(path: Path, known: Mapping[str, Account], name: str, *, role: Role) -> str:
    password = generate_password()
    _save(path, {**known, name: Account(role, PasswordHasher().hash(password))})
    return password


def _hash_all(passwords: Mapping[str, str]) -> dict[str, str]:
    with ThreadPoolExecutor(_HASHES_AT_ONCE) as pool:
        return dict(
            zip(passwords, pool.map(PasswordHasher().hash, passwords.values()), strict=True)
        )


def _save(path: Path, accounts: Mapping[str, Account]) -> None:
    shown = {name: asdict(accounts[name]) for name in sorted(accounts)}
    write_private(path, json.dumps(shown, indent=1, ensure_ascii=False))
