"""New passwords for accounts that the installation keeps itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_hub import audit
from twinhub_hub.accounts import get_trial_account, reset_password
from twinhub_hub.native_accounts import get_account, renew_password
from twinhub_hub.operate.lock import only_one

if TYPE_CHECKING:
    from twinhub_hub.installation import Installation
    from twinhub_hub.settings.auth import Auth


def give_new_password(installation: Installation, auth: Auth, name: str) -> str:
    """Give an account a new password and return it; it holds at once, open sessions go on.

    Raises:
        OperateError: there is no such account.
    """
    with only_one(installation):
        return _renew(installation, auth, name)


@dataclass(frozen=True)
class HubPasswords:
    """Gives new passwords in the hub's process, the only one that writes to the audit trail."""

    installation: Installation
    auth: Auth

    def get_account(self, name: str) -> str:
        """Return the name of an account as it is kept.

        Raises:
            OperateError: there is no such account.
        """
        if self.auth.method == "native":
            return get_account(self.installation.native_accounts, name)
        return get_trial_account(name, hashes=self.installation.account_hashes)

    def renew(self, name: str, *, by: str, signs_out: bool) -> str:
        """Give an account a new password on an admin's behalf and return it; waits for nobody.

        Whether the caller then ``signs_out`` the user everywhere is recorded.

        Raises:
            OperateError: there is no such account; as BusyError, another command works.
            OSError: something cannot be written, and the old password holds on.
        """
        with only_one(self.installation, wait=False):
            name = self.get_account(name)
            # the trail first: a fault in between leaves a line too many, never a change unseen
            more = {"user": name, "by": by, "signed_out": signs_out}
            audit.record(self.installation.audit_file, "password renewed", **more)
            return _renew(self.installation, self.auth, name)


def _renew(installation: Installation, auth: Auth, name: str) -> str:
    if auth.method == "native":
        return renew_password(installation.native_accounts, name)
    return reset_password(
        name, hashes=installation.account_hashes, passwords=installation.account_passwords
    )
