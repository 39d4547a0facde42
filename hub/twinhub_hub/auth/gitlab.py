"""Sign-in through GitLab, its groups read page by page, groups below groups included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oauthenticator.gitlab import GitLabOAuthenticator
from tornado.escape import json_decode
from tornado.httputil import url_concat
from traitlets import Unicode

from twinhub_hub.auth.provider import ProviderAuthenticator
from twinhub_hub.auth.provider_errors import NotActiveError

if TYPE_CHECKING:
    from collections.abc import Mapping

_GUEST = 10
"""GitLab's lowest access level of a member."""
_PAGE_SIZE = 100
_MOST_PAGES = 100


class TwinHubGitLabAuthenticator(ProviderAuthenticator, GitLabOAuthenticator):  # type: ignore[misc]
    """GitLab's users and groups; see https://docs.gitlab.com/api/groups/ and .../api/users/."""

    ends_when_refused = True  # refresh tokens of GitLab last until they are revoked
    renews_before_seconds = 600  # git that has begun with a token asks again and again with it
    git_access = Unicode("none", help="What the library may do with it: none, read or write.").tag(
        config=True
    )

    @property
    def provider_address(self) -> str:
        """GitLab's own address."""
        return str(self.gitlab_url)

    def get_subject(self, auth_state: Mapping[str, Any]) -> str:
        """Return GitLab's number of the user, which no other user ever gets."""
        user = auth_state[self.user_auth_state_key]
        if not user.get("confirmed_at") or user.get("state") != "active":
            raise NotActiveError(
                "Your GitLab account is not active, or its e-mail address is not confirmed. "
                "Confirm it in GitLab, then sign in again.",
            )
        return str(user["id"])

    async def list_groups(self, auth_state: Mapping[str, Any]) -> list[str]:
        """Return the full paths of all groups that the user is a member of."""
        token = auth_state["token_response"]["access_token"]
        found: list[str] = []
        page = "1"
        for _ in range(_MOST_PAGES):
            answer = await self.httpfetch(
                url_concat(
                    f"{self.gitlab_api}/groups",
                    {"min_access_level": _GUEST, "per_page": _PAGE_SIZE, "page": page},
                ),
                label="listing groups",
                parse_json=False,
                headers={"Authorization": f"Bearer {token}"},
            )
            found += [group["full_path"] for group in json_decode(answer.body)]
            page = answer.headers.get("x-next-page", "")
            if not page:
                return found
        self.log.warning("groups cut off after=%d", len(found))
        return found
