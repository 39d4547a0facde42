"""New passwords for accounts that the installation keeps itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_hub import audit
from twinhub_hub.accounts import reset_password
from twinhub_hub.acting import by
from twinhub_hub.native_accounts import renew_password
from twinhub_hub.operate.lock import only_one

if TYPE_CHECKING:
    from twinhub_hub.installation import Installation
    from twinhub_hub.settings.models import Auth


def give_new_password(installation: Installation, auth: Auth, name: str) -> str:
    """Give an account a new password and return it; it holds at once, open sessions go on.

    Raises:
        OperateError: there is no such account.
    """
    with only_one(installation):
        if auth.method == "native":
            return renew_password(installation.native_accounts, name)
        return reset_password(
            name, hashes=installation.account_hashes, passwords=installation.account_passwords
        )


def give_and_record(installation: Installation, auth: Auth, name: str) -> str:
    """Do the same in the hub's process, the only one that writes to the audit trail."""
    password = give_new_password(installation, auth, name)
    audit.record(installation.audit_file, "password renewed", user=name, **by())
    return password
