"""What every OAuth 2 provider shares: groups give access, and leaving them ends it.

JupyterHub asks at sign-in only whether somebody is allowed. Here each refresh asks again, one at a
time for each user (refresh tokens are single-use, RFC 6749 section 6 with rotation), and users who
have work running are refreshed even when they make no request.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from http import HTTPStatus
from time import monotonic, time
from typing import TYPE_CHECKING, Any

from jupyterhub import orm, roles
from oauthenticator.oauth2 import OAuthenticator
from tornado.httpclient import AsyncHTTPClient, HTTPClientError
from tornado.ioloop import PeriodicCallback
from tornado.web import HTTPError
from traitlets import Float, Instance, default
from twinhub_api import names

from twinhub_hub.acting import act_for
from twinhub_hub.auth.access import AccessPolicy
from twinhub_hub.auth.audited import AuditedSignIns
from twinhub_hub.auth.deleting import RecordsDeletions
from twinhub_hub.auth.folders import MakesFolders
from twinhub_hub.auth.git_tokens import find_end
from twinhub_hub.auth.leaving import KnowsLeavers, end_access, has_access
from twinhub_hub.auth.provider_errors import (
    NO_ANSWER,
    TIMED_OUT,
    LeftError,
    NotActiveError,
    ProviderDownError,
    TakenNameError,
    is_down,
    remedy,
)
from twinhub_hub.auth.provider_pages import (
    ProviderCallbackHandler,
    ProviderLoginHandler,
    ProviderSignedOutHandler,
)
from twinhub_hub.auth.refusals import explain_refusal, is_about_us
from twinhub_hub.auth.user_names import SafeNames

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence

    from jupyterhub.app import JupyterHub
    from jupyterhub.user import User

    AuthModel = dict[str, Any]

_LEFT_ALONE_SECONDS = 15
"""How long a provider that did not answer is not asked about people who are signed in already."""
_LOOK_SECONDS = 5
"""How long somebody who wants to sign in waits to hear that the provider does not answer."""
_CALLS_AT_ONCE = 100
"""Of the 10 that Tornado allows, a class that signs in would wait for its turn until a time-out."""

DISCOVERY = "/.well-known/openid-configuration"
"""See OpenID Connect Discovery 1.0, section 4; GitLab has one too."""


class ProviderAuthenticator(
    AuditedSignIns,
    RecordsDeletions,
    MakesFolders,
    SafeNames,
    KnowsLeavers,
    OAuthenticator,  # type: ignore[misc]
):
    """Base of the sign-ins through a provider: access policy, refresh, leavers.

    A subclass says in `list_groups` where a person's groups come from, and in `get_subject` what
    names the person for good.
    """

    policy = Instance(AccessPolicy, help="Which groups give what.").tag(config=True)
    grace_seconds = Float(
        3600, help="How long people stay signed in while the provider does not answer."
    ).tag(config=True)
    ends_when_refused = False
    """Whether a refused refresh says that the person has left, and not that a session is over."""
    renews_before_seconds = 0
    """How long before its end an access token is renewed, where the provider tells when that is."""
    login_handler = ProviderLoginHandler
    logout_handler = ProviderSignedOutHandler
    callback_handler = ProviderCallbackHandler

    def __init__(self, **options: object) -> None:
        """Prepare to refresh each user once at a time."""
        super().__init__(**options)
        self._refreshing: dict[str, asyncio.Task[bool]] = {}
        self._asked_at: dict[str, float] = {}
        self._hub: JupyterHub | None = None
        self._sweeper: PeriodicCallback | None = None
        self._began = time()
        self._silent_at = float("-inf")

    @default("http_client")  # type: ignore[untyped-decorator]
    def _make_http_client(self) -> AsyncHTTPClient:
        return AsyncHTTPClient(force_instance=True, max_clients=_CALLS_AT_ONCE)

    @property
    def provider_address(self) -> str:
        """Where the provider's discovery document is, without the path that all have."""
        raise NotImplementedError

    async def find_provider(self) -> None:
        """Return when the provider answers, whatever it says.

        Raises:
            HTTPClientError, OSError: it does not.
        """
        try:
            await self.httpfetch(
                f"{self.provider_address}{DISCOVERY}",
                label="looking for it",
                parse_json=False,
                request_timeout=_LOOK_SECONDS,
            )
        except HTTPClientError as error:
            if is_down(error):
                raise

    async def list_groups(self, auth_state: Mapping[str, Any]) -> Sequence[str]:
        """Return the full paths of a person's groups.

        Raises:
            HTTPClientError, OSError: the provider refuses or does not answer.
        """
        raise NotImplementedError

    def get_subject(self, auth_state: Mapping[str, Any]) -> str:
        """Return what names a person for good: names change hands, this does not.

        Raises:
            NotActiveError: the provider has not confirmed who it is, or has closed the account.
        """
        raise NotImplementedError

    def get_handlers(self, app: JupyterHub) -> Sequence[tuple[object, ...]]:
        """Learn of the hub, and begin to look after users who make no request."""
        self._hub = app
        if self._sweeper is None and self.auth_refresh_age:
            self._sweeper = PeriodicCallback(self.refresh_working_users, self._sweep_ms)
            self._sweeper.start()
        handlers: Sequence[tuple[object, ...]] = super().get_handlers(app)
        return handlers

    @property
    def _sweep_ms(self) -> float:
        return float(self.auth_refresh_age) * 1000

    async def authenticate(
        self, handler: object, data: Mapping[str, str] | None = None, **options: object
    ) -> AuthModel | None:
        """Return who signs in, with groups and whether an admin.

        Raises:
            HTTPError: 503 when the provider does not answer; 502 when it refuses us; 403 when the
                name belongs to another person here, or cannot be anybody's.
        """
        try:
            model: AuthModel | None = await super().authenticate(handler, data, **options)
        except NO_ANSWER as error:
            raise self.explain(error) from error
        if model is not None:
            self._check_name(model["name"])
            await self._check_same_person(model)
        return model

    def _check_name(self, name: str) -> None:
        """Refuse a name that TwinHub cannot take, with the reason."""
        try:
            names.check_user_name(name)
        except ValueError as error:
            raise HTTPError(
                HTTPStatus.FORBIDDEN,
                f"Your name at {self.login_service} cannot be one here: {error}.",
            ) from error

    async def update_auth_model(self, auth_model: AuthModel) -> AuthModel:
        """Add the groups, whether it is an admin, and when this was asked."""
        state = auth_model["auth_state"]
        state["subject"] = self.get_subject(state)
        state["groups"] = sorted(await self.list_groups(state))
        state["refreshed_at"] = time()
        auth_model["admin"] = self.policy.is_admin(state["groups"])
        return auth_model

    async def get_user_groups(self, auth_state: Mapping[str, Any]) -> set[str]:
        """Return the groups that `update_auth_model` has found."""
        return set(auth_state["groups"])

    async def check_allowed(self, username: str, auth_model: AuthModel | None) -> bool:
        """Return whether somebody may enter; JupyterHub passes no model for names from its API."""
        return auth_model is None or self.policy.may_enter(auth_model["groups"])

    async def refresh_user(
        self, user: User, handler: object = None, **options: object
    ) -> bool | AuthModel:
        """Ask the provider again; return whether the user stays signed in.

        Several requests at once share one refresh. What has changed is stored here, since a refresh
        token that is used twice ends the session at the provider.
        """
        task = self._refreshing.get(user.name)
        if task is None:
            task = asyncio.ensure_future(self._refresh(user))
            self._refreshing[user.name] = task
            task.add_done_callback(lambda _: self._refreshing.pop(user.name, None))
        return await asyncio.shield(task)

    async def refresh_working_users(self) -> None:
        """Refresh whoever has a server or a token, request or not, and so find the leavers."""
        if self._hub is None:
            return
        known = [self._hub.users[one] for one in self._hub.db.query(orm.User)]
        for user in known:
            if not has_access(user):
                continue
            try:
                if await self.refresh_user(user):
                    user._auth_refreshed = monotonic()  # noqa: SLF001 - where the hub looks
            except Exception:  # one user's trouble must not keep the others' leavers in
                self.log.exception("refresh failed user=%s", user.name)

    async def has_left(self, user: User) -> bool:
        """Return whether access has ended, once the provider was asked as often as of others.

        So those are found, too, who have neither a server nor a token, and runs that go on.
        """
        asked_at = max(user._auth_refreshed or 0.0, self._asked_at.get(user.name, 0.0))  # noqa: SLF001
        if monotonic() - asked_at >= self.auth_refresh_age:
            self._asked_at[user.name] = monotonic()
            await self.refresh_user(user)
        state = await user.get_auth_state()
        if state:
            return "token_response" not in state
        return user.encrypted_auth_state is None or not self._is_recent(
            {"refreshed_at": self._began}
        )

    async def _refresh(self, user: User) -> bool:
        act_for(None)  # this is a task of its own, whoever's request has begun it
        state = await user.get_auth_state()
        if not state:
            return await self._refresh_unknown(user)
        try:
            model = await self._find_member(user, state)
        except ProviderDownError as error:
            return self._stays_meanwhile(user, state, error)
        except LeftError:
            await self._end_access(user, state)
            return False
        if model is not None:
            self._apply(user, model)
            await user.save_auth_state(model["auth_state"])
        return model is not None

    async def _find_member(self, user: User, state: Mapping[str, Any]) -> AuthModel | None:
        """Return the user as the provider sees it now, or None when it has to sign in again.

        Raises:
            ProviderDownError: nobody knows.
            LeftError: it may not be here any more.
        """
        if "token_response" not in state:  # has left before; a server may have been starting then
            raise LeftError
        if monotonic() - self._silent_at < _LEFT_ALONE_SECONDS:
            raise ProviderDownError("it has not answered just now")
        model = await self._ask_again(user, state)
        if model is None and (self.ends_when_refused or not self._is_recent(state)):
            raise LeftError
        if model is not None and not await self.check_allowed(user.name, model):
            raise LeftError
        return model

    async def _refresh_unknown(self, user: User) -> bool:
        """Return False: nobody knows whether this user, who has access, is still a member.

        That is an account of another way of signing in, from before, which ends; or what was
        stored cannot be read, since a key is gone. Then there is some time to bring it back.
        """
        if user.encrypted_auth_state is None or not self._is_recent({"refreshed_at": self._began}):
            await self._end_access(user, {})
        return False

    async def _ask_again(self, user: User, state: Mapping[str, Any]) -> AuthModel | None:
        """Return the user as the provider sees it now, or None when it wants a new sign-in."""
        if not (state.get("refresh_token") and self._ends_soon(state["token_response"])):
            found = await self._try(self._token_to_auth_model(state["token_response"]))
            if found is not None or not state.get("refresh_token"):
                return found
        params = self.build_refresh_token_request_params(state["refresh_token"])
        tokens = await self._try(self.get_token_info(None, params))
        if tokens is None:
            return None
        tokens.setdefault("refresh_token", state["refresh_token"])
        # kept before anything else: the old one is used up
        fresh = {**state, "token_response": tokens, "refresh_token": tokens["refresh_token"]}
        await user.save_auth_state(fresh)
        return await self._try(self._token_to_auth_model(tokens))

    def _ends_soon(self, tokens: Mapping[str, Any]) -> bool:
        ends_at = find_end(tokens)
        return ends_at is not None and ends_at - time() < self.renews_before_seconds

    async def _or_down(self, call: Awaitable[None]) -> None:
        """Await what must not fail while people are signed in."""
        try:
            await call
        except NO_ANSWER as error:
            raise self._note_down(error) from error

    async def _try(self, call: Any) -> AuthModel | None:  # noqa: ANN401 - a coroutine of a base
        """Return what a call to the provider gives, or None when it refuses us."""
        try:
            found: AuthModel = await call
        except NO_ANSWER as error:
            if is_down(error) or is_about_us(error):  # which an administrator has time to mend
                raise self._note_down(error) from error
            return None
        except NotActiveError as error:
            raise LeftError from error
        except HTTPError:
            return None
        return found

    def _note_down(self, error: Exception) -> ProviderDownError:
        """Remember a time-out: each who waits for one waits with a page open."""
        if isinstance(error, HTTPClientError) and error.code == TIMED_OUT:
            self._silent_at = monotonic()
        return ProviderDownError(str(error))

    def _stays_meanwhile(
        self, user: User, state: Mapping[str, Any], error: ProviderDownError
    ) -> bool:
        age = time() - float(state.get("refreshed_at", 0))
        self.log.warning("provider does not answer user=%s age=%d error=%s", user.name, age, error)
        return self._is_recent(state)

    def _is_recent(self, state: Mapping[str, Any]) -> bool:
        """Return whether the provider has said not long ago that the user is a member."""
        return bool(time() - float(state.get("refreshed_at", 0)) < self.grace_seconds)

    def _apply(self, user: User, model: AuthModel) -> None:
        """Store groups and rights, as the hub does after a sign-in."""
        if user.admin != model["admin"]:
            self.log.info("role changed user=%s admin=%s", user.name, model["admin"])
            user.admin = model["admin"]
        roles.assign_default_roles(self._database, entity=user.orm_user)
        user.sync_groups(model["groups"])
        self._database.commit()

    async def _end_access(self, user: User, state: Mapping[str, Any]) -> None:
        self.log.warning("access ended user=%s reason=left", user.name)
        assert self._hub is not None  # noqa: S101 - requests come after the handlers
        await end_access(self._hub, user)
        if "subject" in state:
            await user.save_auth_state({"subject": state["subject"]})

    @property
    def _database(self) -> Any:  # noqa: ANN401 - a session of SQLAlchemy
        assert self._hub is not None  # noqa: S101 - requests come after the handlers
        return self._hub.db

    async def _check_same_person(self, model: AuthModel) -> None:
        """Refuse a name that has changed hands at the provider: its files are another person's."""
        assert self._hub is not None  # noqa: S101 - requests come after the handlers
        name = model["name"]
        known = orm.User.find(self._database, name)
        state = await self._hub.users[known].get_auth_state() if known else None
        if state and state.get("subject") not in (None, model["auth_state"]["subject"]):
            self.log.warning("name has changed hands user=%s", name)
            raise TakenNameError

    def explain(self, error: Exception) -> HTTPError:
        """Return the page for somebody whose sign-in fails through no fault of theirs."""
        service = self.login_service
        if is_down(error):
            self.log.error("%s does not answer: %r", service, error)
            return HTTPError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"{service} does not answer, so that nobody can sign in. Workspaces go on. "
                f"{remedy(error)}",
            )
        self.log.error("sign-in refused by %s: %s", service, error)
        return HTTPError(
            HTTPStatus.BAD_GATEWAY,
            explain_refusal(
                error, service=service, callback=self.oauth_callback_url, now=datetime.now(UTC)
            ),
        )
