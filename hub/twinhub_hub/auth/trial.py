"""Trial sign-in: generated passwords, for an installation that has no identity provider yet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from traitlets import Dict, Unicode

from twinhub_hub.auth.passwords import PasswordAuthenticator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twinhub_hub.settings.values import Role


class TrialAuthenticator(PasswordAuthenticator):
    """The accounts of the settings; ``accounts_file`` is a JSON object of user name to hash."""

    accounts_file = Unicode(help="File of hashes, mode 0600.").tag(config=True)
    roles = Dict(help="Role of each account.").tag(config=True)

    def find_hash(self, name: str) -> str | None:
        """Return the hash in the file."""
        hashes: Mapping[str, str] = json.loads(Path(self.accounts_file).read_text("utf-8"))
        return hashes.get(name)

    def find_role(self, name: str) -> Role | None:
        """Return the role in the settings; an account that is gone from them has none."""
        role: Role | None = self.roles.get(name)
        return role
