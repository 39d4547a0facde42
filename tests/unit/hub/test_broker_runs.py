"""What the broker lets through on the runner's socket: runs, and nothing that is not safe."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twinhub_hub.broker.policy import Policy, RefusedError
from twinhub_hub.broker.rules import Action, decide
from twinhub_hub.broker.run_policy import RunPolicy

from tests.fixtures.create_bodies import changed, without
from tests.fixtures.run_bodies import (
    SANDBOX,
    bad_mounts,
    good_mounts,
    hostile_run_changes,
    is_safe_run,
    valid_run,
)

pytestmark = pytest.mark.d4(52)

POLICY = RunPolicy(
    prefix="twinhub", networks=("twinhub", "twinhub-none"), images=("twinhub/run:0.1.0",),
    uid=1000, assets="/srv/assets", memory=2**32, cpus=2.0, processes=1024,
)  # fmt: skip
WORKSPACES = Policy(
    prefix="twinhub", networks=POLICY.networks, images=("twinhub/workspace:0.1.0",), uid=1000,
    assets="/srv/assets", home="/home/twin", workspace="/workspace", memory=2**32, cpus=2.0,
    processes=1024, shared_memory=2**28,
)  # fmt: skip
ID = "0123456789abcdef" * 4
OURS = f"twinhub-run-{SANDBOX}"
CREATE = f"/containers/create?name={OURS}"
VALID = valid_run(POLICY, "alice")
LABELS = '{"label": ["org.twinhub.installation=twinhub", "org.twinhub.kind=run"]}'
OWN = VALID["HostConfig"]["Binds"][2:]


def send(body: object, target: str = CREATE) -> dict[str, Any]:
    """What Docker would be sent for a body."""
    call = decide("POST", target, json.dumps(body).encode(), POLICY)
    assert call.body is not None
    return dict(call.body)


def test_run_is_created_as_it_was_asked_for_and_labelled() -> None:
    assert send(VALID) == VALID
    assert send(without(VALID, "Labels")) == VALID
    assert is_safe_run(VALID, POLICY)


@pytest.mark.parametrize("mounts", good_mounts(POLICY))
def test_areas_and_copies_are_mounted_at_their_places(mounts: list[str]) -> None:
    body = changed(VALID, "HostConfig.Binds", [*mounts, *OWN])
    assert send(body)["HostConfig"]["Binds"] == [*mounts, *OWN]


@pytest.mark.parametrize("mounts", bad_mounts(POLICY))
def test_nothing_else_is_mounted(mounts: list[str]) -> None:
    with pytest.raises(RefusedError):
        send(changed(VALID, "HostConfig.Binds", [*mounts, *OWN]))


@pytest.mark.parametrize("kept", [[], OWN[:1], OWN[1:]])
def test_folders_of_a_run_are_always_mounted_and_are_its_own(kept: list[str]) -> None:
    with pytest.raises(RefusedError, match="lacks the folders"):
        send(changed(VALID, "HostConfig.Binds", kept))
    with pytest.raises(RefusedError, match="lacks the folders"):
        send(VALID, f"/containers/create?name={OURS[:-1]}2")


@pytest.mark.parametrize(("path", "value"), hostile_run_changes(POLICY, WORKSPACES))
def test_a_hostile_body_is_refused(path: str, value: object) -> None:
    with pytest.raises(RefusedError):
        send(changed(VALID, path, value) if value is not None else without(VALID, path))


@pytest.mark.parametrize(
    ("method", "target", "action"),
    [
        ("GET", "/_ping", Action.PING), ("GET", f"/containers/{OURS}/json", Action.INSPECT),
        ("POST", f"/containers/{OURS}/start", Action.START),
        ("POST", f"/containers/{OURS}/kill?signal=SIGTERM", Action.KILL),
        ("POST", f"/containers/{OURS}/kill?signal=SIGKILL", Action.KILL),
        ("DELETE", f"/containers/{OURS}?force=1&v=1", Action.REMOVE),
        ("GET", f"/containers/{OURS}/logs?stdout=1&tail=20", Action.LOGS),
        ("GET", "/images/twinhub/run:0.1.0/json", Action.INSPECT_IMAGE),
        ("GET", f"/images/twinhub/environment:{ID}/json", Action.INSPECT_IMAGE),
    ],
)  # fmt: skip
def test_the_runners_requests_pass(method: str, target: str, action: Action) -> None:
    assert decide(method, target, b"", POLICY).action is action


def list_target(labels: str) -> str:
    """The target of a list of what has some labels."""
    return "/containers/json?all=1&filters=" + labels.replace(" ", "%20")


def test_a_list_is_of_the_installations_runs_alone() -> None:
    call = decide("GET", list_target(LABELS), b"", POLICY)
    assert call.query == {"all": "1", "filters": LABELS}


@pytest.mark.parametrize(
    "target",
    [
        "/containers/json?all=1", "/containers/json", list_target("{}"), list_target(LABELS[:-20]),
        list_target(LABELS.replace("=run", "=other")), list_target(LABELS) + "&size=1",
        list_target(LABELS.replace("=twinhub", "=twinhub-two")),
        list_target(LABELS).replace("all=1", "all=0"),
    ],
)  # fmt: skip
def test_no_other_list_passes(target: str) -> None:
    with pytest.raises(RefusedError):
        decide("GET", target, b"", POLICY)


REFUSED = [
    *[("POST", f"/containers/{OURS}/{verb}") for verb in (
        "exec", "attach", "rename?name=x", "update", "pause", "restart", "resize", "wait", "stop",
        "kill?signal=SIGSTOP", "kill?signal=9", "kill?signal=SIGTERM&signal=SIGKILL",
    )],
    ("GET", "/images/twinhub/workspace:0.1.0/json"), ("GET", "/images/json"), ("GET", "/info"),
    ("GET", f"/images/other/environment:{ID}/json"), ("POST", f"/environments/{ID[:-1]}"),
    ("DELETE", "/images/twinhub/run:0.1.0"), ("POST", "/build"), ("POST", f"/environments/{ID}"),
    ("GET", "/containers/twinhub-workspace-alice/json"),
    ("GET", "/containers/twinhub-run-x-1/json"),
    ("POST", "/containers/twinhub-workspace-alice/kill?signal=SIGKILL"),
    ("DELETE", "/containers/twinhub-workspace-alice?force=1"),
    ("GET", f"/containers/twinhub-two-run-{SANDBOX}/json"), ("PUT", f"/containers/{OURS}/archive"),
    ("POST", "/containers/create?name=twinhub-workspace-alice"), ("POST", "/containers/create"),
    ("POST", f"{CREATE}&platform=linux"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "target"), REFUSED)
def test_everything_else_is_refused(method: str, target: str) -> None:
    body = json.dumps(VALID).encode() if "create" in target else b""
    with pytest.raises(RefusedError):
        decide(method, target, body, POLICY)


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", f"/containers/{OURS}/json"), ("POST", f"/containers/{OURS}/start"),
        ("POST", f"/containers/{ID}/kill?signal=SIGKILL"), ("POST", CREATE),
        ("GET", list_target(LABELS)),
    ],
)  # fmt: skip
def test_on_the_hubs_socket_there_is_no_run(method: str, target: str) -> None:
    body = json.dumps(VALID).encode() if "create" in target else b""
    with pytest.raises(RefusedError):
        decide(method, target, body, WORKSPACES)


_root, _copy = POLICY.assets, f"{POLICY.assets}/.runs/copies/{'0' * 32}"
_source = st.sampled_from(
    [_root, f"{_root}/alice", f"{_root}/bob", f"{_root}/common", f"{_root}/teams/pumps", f"{_copy}",
     f"{_copy}/twin", f"{_copy}/inputs/3", f"{_root}/.runs", "/", "/etc", "volume"]
)  # fmt: skip
_tail = st.sampled_from(["", "", "", "/..", "/.", "/x", "//", ":", "/*", "\\"])
_target = st.sampled_from(
    ["/workspace", "/workspace/common", "/workspace/teams/pumps", "/workspace/x", "/etc",
     "/run/twinhub/in", "/run/twinhub/out", "/workspace/../etc", "workspace"]
)  # fmt: skip
_mode = st.sampled_from([":rw", ":ro", "", ":rw,shared", ":z", ":rw:rw"])
_bind = st.tuples(_source, _tail, st.just(":"), _target, _tail, _mode).map("".join)


@settings(max_examples=300, deadline=None)
@given(st.lists(_bind, max_size=4))
def test_whatever_mounts_pass_are_of_one_area_or_of_copies(binds: list[str]) -> None:
    try:
        sent = send(changed(VALID, "HostConfig.Binds", [*binds, *OWN]))
    except RefusedError:
        return
    assert is_safe_run(sent, POLICY)
    for bind in binds:
        source, target, mode = bind.split(":")
        assert source not in {_root, f"{_root}/.runs", _copy}
        assert ".." not in bind.replace(":", "/").split("/")
        assert target == "/workspace" or target.startswith("/workspace/")
        assert mode == "ro" or source != f"{_root}/common"
    assert sum(bind.split(":")[1] == "/workspace" for bind in binds) <= 1
