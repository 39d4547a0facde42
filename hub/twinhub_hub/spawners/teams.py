"""Which teams' folders a workspace has: decided at its start, remembered as long as it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from traitlets import HasTraits, Unicode

if TYPE_CHECKING:
    from collections.abc import Iterable


class HasTeams(HasTraits):  # type: ignore[misc]
    """Mixed into a spawner, before JupyterHub's own class."""

    team_folders = Unicode(help="Folder of the host with one folder for each team.").tag(
        config=True
    )
    team_places = Unicode(help="Where workspaces have them.").tag(config=True)

    teams: tuple[str, ...] = ()
    """Labels of the teams whose folders are mounted, or will be at the next start."""

    stop_notice: str = ""
    """Why it was stopped, for its user, until the next start; empty when it was asked to."""

    def take_teams(self, labels: Iterable[str]) -> None:
        """Have the next start mount the folders of these teams, which are there."""
        self.teams, self.stop_notice = tuple(sorted(labels)), ""

    def get_state(self) -> dict[str, Any]:
        """Keep what is mounted: a hub that starts anew has to know whom to take it from."""
        state: dict[str, Any] = super().get_state()
        own = {"teams": list(self.teams), "stop_notice": self.stop_notice}
        return state | {name: value for name, value in own.items() if value}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take it back."""
        super().load_state(state)
        self.teams = tuple(state.get("teams", ()))
        self.stop_notice = state.get("stop_notice", "")

    def clear_state(self) -> None:
        """Forget what was mounted."""
        super().clear_state()
        self.teams = ()
