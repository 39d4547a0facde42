"""Sign-in with accounts of TwinHub's own, for a lab without an identity provider."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from traitlets import Unicode

from twinhub_hub.auth.passwords import PasswordAuthenticator
from twinhub_hub.deletions import find_deletion
from twinhub_hub.native_accounts import account_name, load_accounts

if TYPE_CHECKING:
    from twinhub_hub.native_accounts import Account
    from twinhub_hub.settings.values import Role


class NativeAuthenticator(PasswordAuthenticator):
    """The accounts that `twinhub users` keeps; see `native_accounts`."""

    accounts_file = Unicode(help="File of the accounts, mode 0600.").tag(config=True)

    def find_hash(self, name: str) -> str | None:
        """Return the hash in the file."""
        found = self._find(name)
        return found.password_hash if found else None

    def find_role(self, name: str) -> Role | None:
        """Return the role in the file."""
        found = self._find(name)
        return found.role if found else None

    def _find(self, name: str) -> Account | None:
        """Return an account unless its user is being deleted: the file is changed last."""
        if find_deletion(Path(self.deletions), account_name(name)):
            return None
        return load_accounts(Path(self.accounts_file)).get(account_name(name))
