"""What the broker lets through: the spawner's requests, and nothing that is not safe."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twinhub_api import names
from twinhub_hub.broker.policy import Policy, RefusedError
from twinhub_hub.broker.rules import Action, decide

from tests.fixtures.create_bodies import (
    changed,
    hostile_changes,
    hostile_texts,
    is_safe,
    valid_body,
    without,
)

pytestmark = pytest.mark.d4(52)

POLICY = Policy(
    prefix="twinhub", networks=("twinhub", "twinhub-none"),
    images=("twinhub/workspace:0.1.0", "site/other:1"),
    uid=1000, assets="/srv/assets", home="/home/twin", workspace="/workspace", memory=2**32,
    cpus=2.0, processes=1024, shared_memory=2**28,
    log={"Type": "json-file", "Config": {"max-size": "5m", "max-file": "2"}},
)  # fmt: skip
ID = "0123456789abcdef" * 4
OURS = "twinhub-workspace-alice"
CREATE = f"/v1.41/containers/create?name={OURS}"
VALID = valid_body(POLICY, "alice")


def send(body: object, target: str = CREATE) -> dict[str, Any]:
    """What Docker would be sent for a body."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    call = decide("POST", target, raw, POLICY)
    assert call.body is not None
    return dict(call.body)


def test_a_workspace_is_created_as_it_was_asked_for_and_labelled() -> None:
    sent = send(VALID)
    expected = {key: value for key, value in VALID.items() if value is not None}
    assert sent == expected | {"Labels": {"org.twinhub.installation": "twinhub"}}
    assert is_safe(sent, POLICY, "alice")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("Image", "site/other:1"), ("Cmd", ["sh", "-c", "x"]), ("Env", []), ("Hostname", "b-2"),
        ("HostConfig.Memory", None), ("HostConfig.CpuQuota", 1000), ("HostConfig.PidsLimit", 1),
        ("HostConfig.Dns", ["192.0.2.53", "2001:db8::1"]), ("HostConfig.AutoRemove", False),
        ("HostConfig.DnsOptions", ["timeout:1", "attempts:1"]),
        ("NetworkingConfig", {}), ("ExposedPorts", {"9999/tcp": {}}),
    ],
)  # fmt: skip
def test_what_settings_and_site_python_may_change_passes(path: str, value: object) -> None:
    body = changed(VALID, path, value)
    if path == "HostConfig.Memory":
        body["HostConfig"] |= {"Memory": 2**30, "MemorySwap": 2**30}
    assert is_safe(send(body), POLICY, "alice")


@pytest.mark.parametrize(("path", "value"), hostile_changes(POLICY, "alice"))
def test_a_hostile_body_is_refused(path: str, value: object) -> None:
    with pytest.raises(RefusedError):
        send(changed(VALID, path, value))


@pytest.mark.parametrize("number", range(len(hostile_texts(POLICY, "alice"))))
def test_a_body_that_readers_differ_on_is_refused(number: int) -> None:
    with pytest.raises(RefusedError):
        send(hostile_texts(POLICY, "alice")[number])


@pytest.mark.parametrize(
    "path",
    ["Image", "User", "HostConfig"]
    + [
        f"HostConfig.{key}"
        for key in VALID["HostConfig"]
        if key not in {"Links", "Mounts", "ShmSize"}
    ],
)
def test_a_body_without_a_limit_or_a_wall_is_refused(path: str) -> None:
    with pytest.raises(RefusedError, match="is missing"):
        send(without(VALID, path))


@pytest.mark.parametrize(
    ("method", "target", "action", "sent"),
    [
        ("GET", "/_ping", Action.PING, "/_ping"),
        ("GET", "/version", Action.VERSION, "/version"),
        ("GET", "/v1.41/images/a/b:1%40sha256:0/json", Action.INSPECT_IMAGE,
         "/v1.41/images/a/b:1@sha256:0/json"),
        ("GET", f"/v1.41/containers/{OURS}/json", Action.INSPECT, f"/v1.41/containers/{OURS}/json"),
        ("GET", f"/v1.54/containers/{ID}/json", Action.INSPECT, f"/v1.54/containers/{ID}/json"),
        ("POST", f"/v1.41/containers/{ID}/start", Action.START, f"/v1.41/containers/{ID}/start"),
        ("POST", f"/v1.41/containers/{ID}/stop?t=10", Action.STOP,
         f"/v1.41/containers/{ID}/stop"),
        ("DELETE", f"/v1.41/containers/{ID}?v=True&link=False&force=False", Action.REMOVE,
         f"/v1.41/containers/{ID}"),
        ("GET", f"/v1.41/containers/{ID}/logs?stderr=1&stdout=1&timestamps=0&follow=0&tail=200",
         Action.LOGS, f"/v1.41/containers/{ID}/logs"),
    ],
)  # fmt: skip
def test_the_spawners_requests_pass(method: str, target: str, action: Action, sent: str) -> None:
    call = decide(method, target, b"", POLICY)
    assert (call.action, call.path) == (action, sent)


REFUSED = [
    ("GET", "/containers/json"), ("GET", "/info"), ("GET", "/images/json"), ("GET", "/events"),
    ("GET", "/volumes"), ("POST", "/volumes/create"), ("POST", "/networks/create"),
    ("GET", "/v1.41/networks/twinhub"), ("POST", "/images/create?fromImage=x"), ("POST", "/build"),
    ("POST", "/auth"), ("POST", "/session"), ("POST", "/grpc"), ("GET", "/secrets"),
    ("POST", "/swarm/init"), ("POST", "/plugins/pull"), ("POST", "/containers/prune"),
    *[("POST", f"/v1.41/containers/{OURS}/{verb}") for verb in (
        "exec", "kill", "attach", "rename?name=x", "update", "pause", "restart", "resize", "wait",
        "copy",
    )],
    ("POST", f"/v1.41/exec/{ID}/start"), ("PUT", f"/v1.41/containers/{OURS}/archive?path=/"),
    ("GET", f"/v1.41/containers/{OURS}/export"), ("GET", f"/v1.41/containers/{OURS}/top"),
    ("HEAD", f"/v1.41/containers/{OURS}/json"), ("get", "/_ping"), ("GET", ""), ("GET", "/"),
    ("GET", "//_ping"), ("GET", "/_ping/"), ("GET", "/./_ping"), ("GET", "/x/../_ping"),
    ("GET", "http://docker/_ping"), ("GET", "/_ping#"), ("GET", "/_PING"), ("GET", "/_ping\n"),
    ("GET", "/v1.41/%5fping"), ("GET", "/v1.39/version"), ("GET", "/v2.00/version"),
    ("GET", "/v1.41/v1.41/version"), ("GET", "/_ping?x=1"), ("GET", "/_ping?x"),
    ("GET", "/v1.41/containers/twinhub-workspace-alice%2f..%2fother/json"),
    ("GET", "/v1.41/containers/twinhub-workspace-alice/../other/json"),
    ("GET", "/v1.41/containers/%2e%2e/json"), ("GET", "/v1.41/containers/other/json"),
    ("GET", "/v1.41/containers/twinhub-workspace-workspace--bob/json"),
    ("GET", "/v1.41/containers/twinhub-two-workspace-bob/json"),
    ("GET", "/v1.41/containers/twinhub-workspace-common/json"),
    ("GET", "/v1.41/containers/twinhub-workspace-/json"),
    ("GET", f"/v1.41/containers/{ID[:12]}/json"), ("GET", f"/v1.41/containers/{ID.upper()}/json"),
    ("DELETE", "/v1.41/containers/other"), ("DELETE", f"/v1.41/containers/{ID}?link=1"),
    ("DELETE", "/v1.41/images/debian"), ("DELETE", "/v1.41/volumes/twinhub-home-bob"),
    ("GET", f"/v1.41/containers/{ID}/logs?follow=1"), ("POST", f"/containers/{ID}/stop?t=-1"),
    ("DELETE", f"/v1.41/containers/{ID}?v=1&v=0"), ("GET", f"/v1.41/containers/{ID}/json?size=1"),
    ("POST", "/v1.41/containers/create"), ("POST", "/v1.41/containers/create?name=other"),
    ("POST", f"{CREATE}&platform=linux"), ("POST", f"{CREATE}&name={OURS}"),
    ("POST", "/v1.41/containers/create?name=twinhub-workspace-bob"),
    ("POST", "/v1.41/containers/create?name=twinhub-workspace-common"),
    ("GET", "/v1.41/images/a//b/json"), ("GET", "/v1.41/images/%2e%2e/json"),
    ("GET", "/v1.41/images/a/../../info/json"), ("GET", "/" + "a" * 2000),
]  # fmt: skip


@pytest.mark.parametrize(("method", "target"), REFUSED)
def test_everything_else_is_refused(method: str, target: str) -> None:
    body = json.dumps(VALID).encode() if "create" in target else b""
    with pytest.raises(RefusedError):
        decide(method, target, body, POLICY)


def test_a_start_takes_no_body() -> None:
    with pytest.raises(RefusedError, match="body"):
        decide("POST", f"/v1.41/containers/{ID}/start", b'{"Privileged": true}', POLICY)


_KEYS = sorted(
    {path.rpartition(".")[2] for path, _ in hostile_changes(POLICY, "alice")}
    | set(VALID)
    | set(VALID["HostConfig"])
)
_VALUES = [value for _, value in hostile_changes(POLICY, "alice")] + [
    *VALID.values(), *VALID["HostConfig"].values(), VALID["HostConfig"]["Binds"][:1],
]  # fmt: skip
_any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)
_key = st.sampled_from(_KEYS) | st.sampled_from(_KEYS).map(str.swapcase) | st.text(max_size=9)
_change = st.tuples(
    st.sampled_from(["", "HostConfig."]), _key, st.sampled_from(_VALUES) | _any_json, st.booleans()
)


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    """A valid body with some keys exchanged, added or taken away."""
    body: dict[str, Any] = valid_body(POLICY, "alice")
    for where, key, value, is_gone in draw(st.lists(_change, max_size=4)):
        place = body if not where else body.get("HostConfig")
        if not isinstance(place, dict):
            continue
        if is_gone:
            place.pop(key, None)
        else:
            place[key] = value
    return body


@pytest.mark.heavy
@settings(max_examples=600, deadline=None)
@given(bodies() | _any_json)
def test_whatever_passes_is_safe(body: object) -> None:
    try:
        sent = send(json.dumps(body).encode())
    except RefusedError:
        return
    assert is_safe(sent, POLICY, "alice")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_break_the_reading_of_a_body(raw: bytes) -> None:
    with pytest.raises(RefusedError):
        send(raw)


_part = st.sampled_from(
    ["", "/", "//", ".", "..", "%2e", "%2F", "%00", "v1.41", "containers", "images", "json", "exec",
     "create", "start", "logs", "_ping", "volumes", OURS, ID, "other", "?name=", "?", "&", "#", "@",
     "force=1", "twinhub-workspace-bob", "\\", " ", "\u0131"]
)  # fmt: skip
_shape = st.sampled_from(
    [("", "v1.41", "containers", OURS, "json"), ("", "containers", ID), ("", "images", "a", "json")]
)
_target = st.lists(_part | st.text(max_size=3), max_size=9).map("".join) | st.tuples(
    _shape, st.integers(0, 5), _part | st.text(max_size=3)
).map(lambda one: "/".join([*one[0][: one[1]], one[2], *one[0][one[1] :]]))
_PASSABLE = re.compile(
    r"(/v1\.\d\d)?(/_ping|/version|/images/[a-z0-9][a-z0-9._/:@-]*/json|"
    r"/containers/(twinhub-workspace-[a-z0-9-]+|[0-9a-f]{64})(/json|/logs|/start|/stop)?)"
)


@pytest.mark.heavy
@settings(max_examples=600, deadline=None)
@given(st.sampled_from(["GET", "POST", "DELETE", "PUT", "HEAD"]), _target)
def test_whatever_path_passes_is_one_of_a_workspace(method: str, target: str) -> None:
    try:
        call = decide(method, target, b"", POLICY)
    except RefusedError:
        return
    assert _PASSABLE.fullmatch(call.path)
    assert ".." not in call.path
    assert "//" not in call.path


@settings(deadline=None)
@given(st.text(min_size=1, max_size=60), st.sampled_from(["", "a", "two-1"]))
def test_the_label_in_a_containers_name_is_its_users(user: str, server: str) -> None:
    container = names.container_for("twinhub", user, server)
    assert names.find_label("twinhub", container) == names.label_for(user)
    assert names.find_label("twin", container) is None
