"""The page that tells how to connect, and what it needs."""

from __future__ import annotations

import asyncio
import os
import re
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado.template import Loader
from tornado.web import HTTPError, RedirectHandler, authenticated

from twinhub_lab.ssh import keys
from twinhub_lab.ssh.tunnel import RESOURCE, TunnelHandler

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDER = Path(__file__).with_name("page")
_CLIENT = "twinhub-ssh.py"
_FILES = {
    "page.css": ("text/css", "inline"),
    "page.js": ("text/javascript", "inline"),
    _CLIENT: ("text/x-python", "attachment"),
}
_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'self'"
)
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9.-]+")


def handlers(base_url: str) -> list[tuple[object, ...]]:
    """Return the handlers below a server's address."""
    here = url_path_join(base_url, "ssh")
    names = "|".join(map(re.escape, _FILES))
    return [
        (here, RedirectHandler, {"url": f"{here}/", "permanent": False}),
        (f"{here}/", PageHandler),
        (f"{here}/socket", TunnelHandler),
        (f"{here}/({names})", FileHandler),
    ]


class _Handler(JupyterHandler):  # type: ignore[misc]
    auth_resource = RESOURCE

    @property
    def content_security_policy(self) -> str:
        """Nothing but what comes from here."""
        return _POLICY


class FileHandler(_Handler):
    """`GET ssh/<name>`: the client, and what the page is made of."""

    @authenticated  # type: ignore[untyped-decorator]
    @authorized(action="execute")  # type: ignore[untyped-decorator]
    def get(self, name: str) -> None:
        """Answer with the file."""
        kind, disposition = _FILES[name]
        self.set_header("Content-Type", f"{kind}; charset=utf-8")
        self.set_header("Content-Disposition", f'{disposition}; filename="{name}"')
        self.finish((_FOLDER / name).read_bytes())


class PageHandler(_Handler):
    """`GET ssh/`: the page; `POST ssh/`: a key to add or to remove, then the page."""

    @authenticated  # type: ignore[untyped-decorator]
    @authorized(action="execute")  # type: ignore[untyped-decorator]
    async def get(self) -> None:
        """Show the page."""
        await self._show()

    @authenticated  # type: ignore[untyped-decorator]
    @authorized(action="execute")  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        """Add or remove a key of the user's, and show what came of it."""
        try:
            if gone := self.get_body_argument("remove", ""):
                await asyncio.to_thread(keys.remove_key, gone)
            else:
                key = keys.parse_key(self.get_body_argument("key", ""))
                await asyncio.to_thread(keys.add_key, key)
        except keys.KeyTextError as error:
            await self._show(HTTPStatus.BAD_REQUEST, str(error))
        except OSError as error:
            text = f"The home cannot be written ({error.strerror or error}): is it full?"
            await self._show(HTTPStatus.INSUFFICIENT_STORAGE, text)
        else:
            self.redirect(self.request.path, status=HTTPStatus.SEE_OTHER)

    async def _show(self, status: HTTPStatus = HTTPStatus.OK, trouble: str = "") -> None:
        try:
            own = await asyncio.to_thread(keys.host_key)
            listed = await asyncio.to_thread(keys.list_keys)
        except OSError as error:
            text = f"SSH needs to write to the home, which fails: {error}"
            raise HTTPError(HTTPStatus.INSUFFICIENT_STORAGE, text) from error
        page = Loader(str(_FOLDER), whitespace="all").load("page.html").generate(
            alias=alias(os.environ), host_key=own, keys=listed, path=self.base_url,
            tokens=_tokens_address(os.environ), trouble=trouble, xsrf=self.xsrf_token.decode(),
            pasted=self.get_body_argument("key", "") if trouble else "",
        )  # fmt: skip
        self.set_status(status)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(page)


def alias(environment: Mapping[str, str]) -> str:
    """Return the name by which ``ssh`` shall know this workspace."""
    parts = (environment.get("JUPYTERHUB_USER"), environment.get("JUPYTERHUB_SERVER_NAME"))
    name = "-".join(["twinhub", *(part for part in parts if part)])
    return _NOT_IN_A_NAME.sub("-", name).strip("-")


def _tokens_address(environment: Mapping[str, str]) -> str:
    host, base = environment.get("JUPYTERHUB_HOST", ""), environment.get("JUPYTERHUB_BASE_URL", "/")
    return f"{host}{base}hub/token"
