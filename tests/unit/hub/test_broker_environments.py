"""What the broker has built for the runner: packages that are allowed, and nothing else."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from twinhub_hub.broker.environments import EnvironmentPolicy
from twinhub_hub.broker.policy import RefusedError
from twinhub_hub.broker.rules import Action, decide
from twinhub_hub.broker.run_policy import RunPolicy

if TYPE_CHECKING:
    from twinhub_hub.broker.rules import Call

pytestmark = pytest.mark.d4(52)

FILES = {"Dockerfile": "FROM x\n", "install-environment": "#!/bin/sh\n"}
ALLOWED = EnvironmentPolicy(
    "twinhub/run:0.1.0", 1000, FILES, python=("numpy", "pandas*"), system=("graphviz", "lib*"),
    memory=2**31, cpus=1.5, seconds=60, arguments={"http_proxy": "http://proxy:3128"},
)  # fmt: skip
POLICY = RunPolicy(
    prefix="th", networks=("th",), images=("twinhub/run:0.1.0",), uid=1000, assets="/srv/assets",
    memory=2**32, cpus=2.0, processes=1024, environments=ALLOWED,
)  # fmt: skip
ADDRESS = "0123456789abcdef" * 4
HASH = "--hash=sha256:" + "0" * 64


def ask(body: object, policy: RunPolicy = POLICY) -> Call:
    """What Docker is asked for."""
    return decide("POST", f"/environments/{ADDRESS}", json.dumps(body).encode(), policy)


def files_of(call: Call) -> dict[str, str]:
    """The files that a build is made of."""
    assert call.build is not None
    with tarfile.open(fileobj=io.BytesIO(call.build.archive)) as archive:
        opened = {one.name: archive.extractfile(one) for one in archive}
    return {name: file.read().decode() for name, file in opened.items() if file is not None}


def test_a_build_has_own_files_the_lists_and_limits() -> None:
    call = ask({"python": ["pandas>=2", f"numpy==2.1 {HASH}"], "system": ["graphviz=2.42.2-7"]})
    assert (call.action, call.path) == (Action.BUILD, "/build")
    assert files_of(call) == FILES | {
        "python.txt": f"numpy==2.1 {HASH}\npandas>=2\n", "system.txt": "graphviz=2.42.2-7\n",
    }  # fmt: skip
    assert call.query["t"] == f"th/environment:{ADDRESS}"
    assert json.loads(call.query["labels"]) == {
        "org.twinhub.installation": "th", "org.twinhub.kind": "environment",
    }  # fmt: skip
    assert json.loads(call.query["buildargs"]) == {
        "PARENT": "twinhub/run:0.1.0", "TWINHUB_UID": "1000", "http_proxy": "http://proxy:3128",
    }  # fmt: skip
    assert (call.query["memory"], call.query["cpuquota"]) == (str(2**31), "150000")


def test_a_package_is_compiled_only_where_the_site_says_so() -> None:
    body = {"python": ["numpy"], "system": []}
    policy = replace(POLICY, environments=replace(ALLOWED, may_compile=True))
    assert "may-compile" not in files_of(ask(body))
    assert "may-compile" in files_of(ask(body, policy))


@pytest.mark.parametrize(
    ("kind", "package"),
    [
        ("python", "scipy"), ("python", "numpy @ https://example.org/a.whl"), ("python", "-e ."),
        ("python", "numpy --index-url https://example.org"), ("python", "numpy\n-r /etc/passwd"),
        ("python", 'numpy; sys_platform == "x --global-option y"'), ("python", ""), ("python", 1),
        ("python", "numpy==2.1 --hash=md5:0"), ("python", "../numpy"), ("python", "Numpy_2"),
        ("system", "gcc"), ("system", "graphviz-"), ("system", "-o=x"), ("system", "libx;rm"),
        ("system", "lib x"), ("system", "/libx.deb"), ("system", "libx\nliby"), ("system", None),
    ],
)  # fmt: skip
def test_anything_but_an_allowed_package_is_refused(kind: str, package: object) -> None:
    with pytest.raises(RefusedError):
        ask({"python": [], "system": [], kind: [package]})


@pytest.mark.parametrize(
    "body", [{}, [], {"python": []}, {"python": [], "system": [], "image": "x"}, {"python": {}}]
)
def test_anything_but_lists_is_refused(body: object) -> None:
    with pytest.raises(RefusedError):
        ask(body)


def test_only_environments_of_the_installation_are_listed_and_removed() -> None:
    call = decide("GET", "/environments", b"", POLICY)
    labels = ["org.twinhub.installation=th", "org.twinhub.kind=environment"]
    assert (call.path, json.loads(call.query["filters"])) == ("/images/json", {"label": labels})
    call = decide("DELETE", f"/environments/{ADDRESS}", b"", POLICY)
    assert (call.path, call.query) == (f"/images/th/environment:{ADDRESS}", {"force": "0"})
    for target in ("/environments?all=1", "/environments/x", f"/environments/{ADDRESS}?force=1"):
        with pytest.raises(RefusedError):
            decide("DELETE" if "x" in target else "GET", target, b"", POLICY)


def test_the_policy_is_told_as_text() -> None:
    assert RunPolicy.from_json(POLICY.as_json()) == POLICY
