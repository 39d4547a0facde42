"""What every step is given."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_hub.installation import Installation, share
from twinhub_hub.settings.loading import load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinhub_hub.installation import Running
    from twinhub_hub.settings.models import Settings, TrialAccount


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

    @property
    def address(self) -> str:
        """The address that people type, without a slash at its end."""
        return f"http://{self.settings.site.domain}:{self.running.port}"

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
    return Context(
        settings=loaded.settings,
        installation=installation,
        running=installation.running,
        assets=loaded.assets,
        share=share(),
    )
