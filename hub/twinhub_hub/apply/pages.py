"""How the hub's pages look, and the headers that go with them."""

from __future__ import annotations

from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import jupyterhub

from twinhub_hub.images import all_images
from twinhub_hub.operate.health import look
from twinhub_hub.operate.passwords import HubPasswords
from twinhub_hub.pages import access, git_token, health, old_addresses, passwords
from twinhub_hub.pages.handlers import HEADERS, PageFilesHandler
from twinhub_hub.pages.image_choice import titles_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyterhub.user import User

    from twinhub_hub.apply.context import Context

PROCESS_BANNER = (
    "Process mode: one user, no container, no limits. "
    "For the real thing run: twinhub up --engine=install"
)


def apply(context: Context, c: Any) -> None:  # noqa: ANN401 - traitlets' configuration
    """Put our templates and files before JupyterHub's, with the words that they need."""
    folder = context.share_pages
    c.JupyterHub.template_paths = [str(folder / "templates")]
    c.JupyterHub.logo_file = str(folder / "static" / "twinhub.svg")
    c.JupyterHub.template_vars = _words(context)
    c.JupyterHub.extra_handlers = [
        *c.JupyterHub.get("extra_handlers", []),
        *health.handlers(partial(look, context)),
        *_password_handlers(context),
        *old_addresses.handlers(),
        *access.handlers(),
        *git_token.handlers(context.installation.audit_file),
    ]
    c.JupyterHub.user_redirect_hook = old_addresses.redirect_git_pull
    c.JupyterHub.tornado_settings.update(
        static_handler_class=PageFilesHandler, headers=dict(HEADERS)
    )


def _password_handlers(context: Context) -> Sequence[tuple[object, ...]]:
    auth = context.settings.auth
    if auth.provider is not None:
        return ()
    return passwords.handlers(HubPasswords(context.installation, auth))


def _words(context: Context) -> dict[str, object]:
    settings = context.settings
    titles = {one.image: one.title for one in all_images(settings)}
    notices = [settings.site.notice] if settings.site.notice else []
    if context.running.engine == "process":
        notices.append(PROCESS_BANNER)
    return {
        "twinhub_title": settings.site.title,
        "twinhub_notices": notices,
        "twinhub_trial": settings.auth.method == "trial",
        "twinhub_own_accounts": settings.auth.provider is None,
        "twinhub_images": partial(titles_of, titles),
        "twinhub_stop_notices": _stop_notices,
        "twinhub_idle_hours": settings.workspace.idle_hours,
        "twinhub_form_targets": _form_targets(context),
        "twinhub_version": version("twinhub-hub"),
        "twinhub_jupyterhub_version": jupyterhub.__version__,
    }


def _stop_notices(user: User | None) -> Mapping[str, str]:
    """Return why workspaces of who looks were stopped without being asked to, by their names."""
    spawners = user.spawners.values() if user else ()
    return {one.name: getattr(one, "stop_notice", "") for one in list(spawners)}


def _form_targets(context: Context) -> str:
    """Return where a form may lead: browsers apply this to redirects after sign-in as well."""
    if not context.settings.site.wildcard:
        return "'self'"
    return f"'self' {context.address.replace('://', '://*.')}"
