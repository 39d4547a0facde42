"""The broker's server: takes a request, has it decided, and sends Docker what was decided."""

from __future__ import annotations

import asyncio
import json
import logging
import stat
from http import HTTPStatus
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientOSError,
    ClientTimeout,
    HttpVersion10,
    ServerDisconnectedError,
    web,
)
from yarl import URL

from twinhub_hub.broker.policy import RefusedError, are_ours
from twinhub_hub.broker.rules import Action, decide
from twinhub_hub.builds import BuildOutput

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiohttp import ClientResponse, ClientSession

    from twinhub_hub.broker.environments import Build
    from twinhub_hub.broker.policy import Policy
    from twinhub_hub.broker.rules import Call
    from twinhub_hub.broker.run_policy import RunPolicy

MAX_BODY = 2**20
_BODY_SECONDS = 10
_ENGINE_SECONDS = 10
_ENGINE_WAIT_SECONDS = 0.1
_LONGEST_LINE = 2**20
"""Of what a build says, in bytes."""
_PASSED_HEADERS = ("Content-Type", "Api-Version")
_log = logging.getLogger(__name__)


class Broker:
    """Answers requests to Docker: the hub's, for workspaces, or the runner's, for runs."""

    def __init__(self, policy: Policy | RunPolicy, engine: ClientSession) -> None:
        """Take what is allowed, and a session whose base is the engine's address."""
        self._policy = policy
        self._engine = engine

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Return Docker's answer, or in Docker's shape why there is none.

        Never 500: DockerSpawner reads that as "the container is gone".
        """
        if request.version < HttpVersion10:  # a line without a version: no client of Docker's
            return _message(HTTPStatus.BAD_REQUEST, "that is no HTTP/1.1")
        try:
            return await self._answer_patiently(request, await _read(request))
        except RefusedError as error:
            # the reason first: a long line is cut
            _log.warning("refused, %s: %s %s", error, request.method, request.raw_path)
            return _message(HTTPStatus.FORBIDDEN, f"refused by TwinHub's broker: {error}")
        except (ClientError, TimeoutError, OSError) as error:
            _log.warning("no answer to %s %s: %r", request.method, request.raw_path, error)
            return _message(HTTPStatus.BAD_GATEWAY, "Docker does not answer TwinHub's broker")
        except Exception:  # noqa: BLE001 - a fault of ours must not look like a lost container
            _log.exception("broken %s %s", request.method, request.raw_path)
            return _message(HTTPStatus.BAD_GATEWAY, "TwinHub's broker failed: see broker.log")

    async def _answer_patiently(self, request: web.BaseRequest, body: bytes) -> web.StreamResponse:
        """Wait for an engine that is being started again, as long as it took nothing.

        Otherwise a start that is under way would fail, and what is left of it could not be removed.
        """
        deadline = monotonic() + _ENGINE_SECONDS
        while True:
            try:
                return await self._answer(request, body)
            except (ClientConnectorError, ServerDisconnectedError, ClientOSError) as error:
                was_taken = not isinstance(error, ClientConnectorError) and request.method != "GET"
                if was_taken or monotonic() > deadline:
                    raise
            await asyncio.sleep(_ENGINE_WAIT_SECONDS)

    async def _answer(self, request: web.BaseRequest, body: bytes) -> web.StreamResponse:
        call = decide(request.method, request.raw_path, body, self._policy)
        path = call.path
        if call.container:
            found = await self._inspect(call)
            if isinstance(found, web.Response):
                return found
            if call.action is Action.INSPECT:
                return web.json_response(found)
            # by its whole id from here on: a name may belong to another container by now
            path = path.replace(f"/containers/{call.container}", f"/containers/{found['Id']}")
            await self._check_mounts(found["HostConfig"]["Binds"], call)
        elif call.body is not None:
            await self._check_mounts(call.body["HostConfig"]["Binds"], call)
        return await self._forward(request, call, path)

    async def _inspect(self, call: Call) -> dict[str, Any] | web.Response:
        """Return what Docker says of a container of this installation, or why it says nothing.

        Raises:
            RefusedError: it is another's.
        """
        version = call.path.partition("/containers/")[0]
        url = URL(f"{version}/containers/{call.container}/json", encoded=True)
        async with self._engine.get(url, allow_redirects=False) as answer:
            body = await answer.read()
            if answer.status != HTTPStatus.OK:
                return web.Response(
                    status=answer.status, body=body, content_type="application/json"
                )
        found: dict[str, Any] = json.loads(body)
        if not are_ours(found["Config"]["Labels"], self._policy.labels):
            raise RefusedError(
                "that container was not made by the broker; if its name is that of a workspace it "
                "is of an earlier TwinHub: remove it with `docker rm -f NAME`"
            )
        return found

    async def _check_mounts(self, binds: Iterable[str] | None, call: Call) -> None:
        """Refuse a container that would mount what is no real folder.

        Docker follows symbolic links, and makes what is missing.
        """
        if call.action not in {Action.CREATE, Action.START}:
            return
        sources = [bind.split(":")[0] for bind in binds or () if bind.startswith("/")]
        for source in sources:
            may_be_file = "/.runs/copies/" in source  # where a run has a copy of a file
            if not await asyncio.to_thread(_is_real, Path(source), may_be_file=may_be_file):
                raise RefusedError(f"{source} is missing or is no real folder")

    async def _forward(self, request: web.BaseRequest, call: Call, path: str) -> web.StreamResponse:
        method, url = call.action.value.method, URL(path, encoded=True).with_query(call.query)
        if call.build is not None:
            return await self._build(request, url, call.build)
        async with self._engine.request(
            method, url, json=call.body, allow_redirects=False
        ) as answer:
            if call.action is Action.INSPECT_IMAGE and answer.status == HTTPStatus.OK:
                return web.json_response(_reduce_image(await answer.json()))
            if call.action is Action.LIST and answer.status == HTTPStatus.OK:
                return web.json_response(_reduce_list(await answer.json()))
            if call.action is Action.LIST_BUILT and answer.status == HTTPStatus.OK:
                return web.json_response(_reduce_built(await answer.json()))
            return await _stream(request, answer)

    async def _build(self, request: web.BaseRequest, url: URL, build: Build) -> web.StreamResponse:
        """Build, and stream what it says: objects with a ``line``, or with why it failed.

        Docker gives a build up when nobody listens any more.
        """
        timeout = ClientTimeout(total=build.seconds, sock_connect=5)
        headers = {"Content-Type": "application/x-tar"}
        async with self._engine.post(
            url,
            data=build.archive,
            headers=headers,
            timeout=timeout,
            allow_redirects=False,
            read_bufsize=_LONGEST_LINE,
        ) as answer:
            if answer.status != HTTPStatus.OK:
                return await _stream(request, answer)
            response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
            await response.prepare(request)
            output = BuildOutput()
            try:
                async for message in answer.content:
                    for line in output.take(json.loads(message)):
                        await _tell(response, line=line)
                for line in output.end():
                    await _tell(response, line=line)
            except TimeoutError:
                output.failures.append(f"it took longer than {build.seconds / 60:g} minutes")
            for why in output.failures[:1]:
                await _tell(response, error=why)
            if not output.failures:
                await _tell(response, built=True)
            await response.write_eof()
            return response


async def _tell(response: web.StreamResponse, **what: object) -> None:
    await response.write(json.dumps(what).encode() + b"\n")


async def _read(request: web.BaseRequest) -> bytes:
    body = b""
    async with asyncio.timeout(_BODY_SECONDS):
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > MAX_BODY:
                raise RefusedError(f"the body is longer than {MAX_BODY} bytes")
    return body


async def _stream(request: web.BaseRequest, answer: ClientResponse) -> web.StreamResponse:
    headers = {key: answer.headers[key] for key in _PASSED_HEADERS if key in answer.headers}
    response = web.StreamResponse(status=answer.status, headers=headers)
    await response.prepare(request)
    try:
        async for chunk in answer.content.iter_any():
            await response.write(chunk)
        await response.write_eof()
    except (ClientError, TimeoutError, OSError):
        # half an answer is out already: a cut connection is all that can still be said
        if request.transport is not None:
            request.transport.abort()
    return response


def _reduce_image(image: dict[str, Any]) -> dict[str, object]:
    """Return what the hub needs; environments of the machine's other images may tell more."""
    config = image.get("Config") or {}
    kept = {key: config.get(key) for key in ("Labels", "Cmd")}
    return {
        "Id": image["Id"],
        "Created": image.get("Created"),
        "Size": image.get("Size"),
        "Config": kept,
    }


def _reduce_list(containers: list[dict[str, Any]]) -> list[dict[str, object]]:
    return [{key: one[key] for key in ("Id", "Names", "State")} for one in containers]


def _reduce_built(images: list[dict[str, Any]]) -> list[dict[str, object]]:
    return [{"RepoTags": one["RepoTags"], "Size": one["Size"]} for one in images]


def _is_real(path: Path, *, may_be_file: bool) -> bool:
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False
    return stat.S_ISDIR(mode) or (may_be_file and stat.S_ISREG(mode))


def _message(status: HTTPStatus, text: str) -> web.Response:
    return web.json_response({"message": text}, status=status)
