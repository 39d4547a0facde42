"""The accounts of the trial sign-in: generated passwords and the file of their hashes."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

from argon2 import PasswordHasher

from twinhub_hub.files import write_private
from twinhub_hub.operate.errors import NoAccountError, OperateError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from twinhub_hub.settings.auth import TrialAccount

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # no letters that are mistaken for others
_GROUPS, _GROUP_LENGTH = 4, 5  # 20 characters of 31: 99 bits


def generate_password() -> str:
    """Return a new password of 99 random bits, in groups that can be typed."""
    groups = (
        "".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS)
    )
    return "-".join(groups)


def ensure_accounts(
    accounts: Sequence[TrialAccount], *, hashes: Path, passwords: Path
) -> Mapping[str, str]:
    """Make what is missing; return the generated passwords that can still be shown, by user name.

    ``hashes`` is what the hub reads. ``passwords`` is only there to be shown again; its owner may
    delete it. An account that is no longer in the settings loses its hash, and so its sign-in.
    """
    known = _read(hashes)
    shown = _read(passwords) if passwords.exists() or not known else {}
    missing = [account.name for account in accounts if account.name not in known]
    fresh = {name: generate_password() for name in missing}
    hasher = PasswordHasher()
    wanted = {account.name for account in accounts}
    kept = {name: value for name, value in known.items() if name in wanted}
    kept |= {name: hasher.hash(password) for name, password in fresh.items()}
    shown = {name: value for name, value in (shown | fresh).items() if name in wanted}
    # the passwords first: a crash in between leaves a password too many, never one that is lost
    if shown and shown != _read(passwords):
        write_private(passwords, json.dumps(shown, indent=1))
    if kept != known:
        write_private(hashes, json.dumps(kept, indent=1))
    return shown


def get_trial_account(name: str, *, hashes: Path) -> str:
    """Return the name of an account as it is kept.

    Raises:
        NoAccountError: there is no such account.
    """
    known = _read(hashes)
    if name not in known:
        raise NoAccountError(
            f"There is no trial account {name!r}.",
            hint=f"There are: {', '.join(sorted(known))}.",
        )
    return name


def reset_password(name: str, *, hashes: Path, passwords: Path) -> str:
    """Give an account a new password and return it; it holds at once, open sessions go on.

    Raises:
        OperateError: there is no such account.
    """
    name, known = get_trial_account(name, hashes=hashes), _read(hashes)
    fresh = generate_password()
    # the password first: a crash in between leaves one that does not hold yet, and the old hash
    write_private(passwords, json.dumps(_read(passwords) | {name: fresh}, indent=1))
    write_private(hashes, json.dumps(known | {name: PasswordHasher().hash(fresh)}, indent=1))
    return fresh


def _read(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except json.JSONDecodeError as error:
        raise OperateError(
            f"{path}:{error.lineno}:{error.colno}: not JSON ({error.msg}); mend "
            "the file, or remove it for new passwords"
        ) from error
    return {str(name): str(value) for name, value in found.items()}
