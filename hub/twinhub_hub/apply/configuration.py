"""From settings to JupyterHub's traits: an ordered list of small steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twinhub_hub.apply import audit, auth, idle, network, pages, roles, spawner

if TYPE_CHECKING:
    from collections.abc import Callable

    from twinhub_hub.apply.context import Context

STEPS: tuple[Callable[[Context, Any], None], ...] = (
    network.apply,
    auth.apply,
    audit.apply,
    roles.apply,
    spawner.apply,
    pages.apply,
    idle.apply,
)


def apply_settings(context: Context, c: Any) -> None:  # noqa: ANN401 - traitlets' configuration
    """Run every step, then the site's own Python files in the order of their names."""
    for step in STEPS:
        step(context, c)
    for path in sorted(context.installation.config_folder.glob("*.py")):
        code = compile(path.read_text("utf-8"), str(path), "exec")
        exec(code, {"c": c, "__file__": str(path)})  # noqa: S102 - the site's own configuration
