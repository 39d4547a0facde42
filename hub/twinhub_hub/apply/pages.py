"""How the hub's pages look, and the headers that go with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twinhub_hub.apply.context import Context

PROCESS_BANNER = (
    "Process mode: one user, no container, no limits. "
    "For the real thing run: make up ENGINE=install"
)


def apply(context: Context, c: Any) -> None:  # noqa: ANN401 - traitlets' configuration
    """Put our templates before JupyterHub's and give them the title and the notices."""
    folder = context.share_pages
    c.JupyterHub.template_paths = [str(folder / "templates")]
    c.JupyterHub.logo_file = str(folder / "static" / "twinhub.svg")
    notices = [context.settings.site.notice] if context.settings.site.notice else []
    if context.running.engine == "process":
        notices.append(PROCESS_BANNER)
    c.JupyterHub.template_vars = {
        "twinhub_title": context.settings.site.title,
        "twinhub_notices": notices,
        "twinhub_trial": context.settings.auth.method == "trial",
    }
