"""What every step is given."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from twinhub_hub.installation import COOKIE_SECRET, CRYPT_KEYS, PROXY_TOKEN, Installation, share
from twinhub_hub.settings.loading import load_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import SecretStr

    from twinhub_hub.installation import Running
    from twinhub_hub.settings.auth import TrialAccount
    from twinhub_hub.settings.loading import LoadedSettings
    from twinhub_hub.settings.models import Settings


@dataclass(frozen=True)
class Context:
    """The settings, the installation that they belong to, and what `twinhub up` decided."""

    settings: Settings
    installation: Installation
    running: Running
    assets: Path
    """The assets root, absolute."""
    share: Path
    """Folder of the images, defaults and sample assets that come with TwinHub."""
    given_secrets: Mapping[str, SecretStr] = field(default_factory=dict)
    """Secrets that the site's own files give, instead of the generated ones."""

    @classmethod
    def of(cls, installation: Installation, loaded: LoadedSettings, running: Running) -> Self:
        """Put together what was loaded and what was decided."""
        return cls(loaded.settings, installation, running, loaded.assets, share(), loaded.secrets)

    @property
    def proxy_token(self) -> str:
        """The token that hub and proxy share."""
        given = self.given_secrets.get("proxy_token")
        return given.get_secret_value() if given else self.installation.token(PROXY_TOKEN)

    @property
    def cookie_secret(self) -> bytes:
        """The key that signs sign-in cookies."""
        given = self.given_secrets.get("cookie_secret")
        text = given.get_secret_value() if given else self.installation.token(COOKIE_SECRET)
        return bytes.fromhex(text)

    @property
    def crypt_keys(self) -> Sequence[str]:
        """Keys of what the hub stores encrypted, one a line: the first encrypts, all decrypt."""
        return self.installation.token(CRYPT_KEYS).split()

    @property
    def client_secret(self) -> str:
        """The secret of TwinHub's application at the sign-in provider; empty without one."""
        given = self.given_secrets.get("client_secret")
        return given.get_secret_value() if given else ""

    @property
    def address(self) -> str:
        """The address that people type, without a slash at its end."""
        return self.settings.site.address(self.running.port)

    @property
    def certificate_files(self) -> tuple[Path, Path] | None:
        """The site's own certificate and its key, absolute, if it has them."""
        tls = self.settings.site.tls
        if tls is None or tls.certificate_file is None or tls.key_file is None:
            return None
        home = self.installation.home
        return home / tls.certificate_file, home / tls.key_file

    @property
    def accounts(self) -> Sequence[TrialAccount]:
        """The trial accounts that may sign in; the process mode has one user only."""
        accounts = self.settings.auth.accounts
        if self.running.engine == "docker":
            return accounts
        return [next((a for a in accounts if a.role == "user"), accounts[0])]

    @property
    def share_pages(self) -> Path:
        """Folder of the hub's templates and static files."""
        return Path(__file__).parents[1] / "pages"


def load_context() -> Context:
    """Load what the hub's process needs, from the folder that ``TWINHUB_HOME`` names."""
    installation = Installation(Path(os.environ["TWINHUB_HOME"]))
    loaded = load_settings(installation.settings_file)
    return Context.of(installation, loaded, installation.running)
