"""Which hosts the edge may ask an authority to certify."""

from __future__ import annotations

from http import HTTPStatus

from jupyterhub import orm
from jupyterhub.handlers.base import BaseHandler
from twinhub_api import names


class CertificateHandler(BaseHandler):  # type: ignore[misc]
    """Answers the edge's question for a host: 200 for that of a user, else 404.

    Without it anybody could use up the authority's limits with names of their own making.
    """

    def get(self) -> None:
        """Answer; to nobody whom the edge has let through, since that would list the users."""
        domain = str(self.settings["domain"])
        label, _, parent = self.get_argument("domain", "").partition(".")
        is_asked_by_edge = "X-Forwarded-For" not in self.request.headers
        users = (name for (name,) in self.db.query(orm.User.name))
        is_known = parent == domain and names.find_user(label, users) is not None
        self.set_status(HTTPStatus.OK if is_asked_by_edge and is_known else HTTPStatus.NOT_FOUND)
        self.finish()
