"""The one list of the tools of a workspace; each is there where what it needs is installed.

Nothing of it runs, listens or is imported before somebody first opens its page.
"""

import sys
from pathlib import Path

from twinhub_lab.tools import Tool, servers

c = get_config()  # type: ignore[name-defined]  # noqa: F821 - given by the loader

_BIN = "/opt/twinhub/bin"
_EDITORS = "/opt/twinhub/editors"
_NODE = f"{_EDITORS}/node/bin/node"
_WORKSPACE = "/workspace"
_LAB = Path("/opt/twinhub/lab/twinhub_lab")
_ICONS = _LAB / "tools/icons"

TOOLS = [
    Tool(
        name="desktop",
        title="Desktop",
        description="A Linux desktop in the browser",
        command=[f"{_BIN}/run-desktop", "{unix_socket}"],
        is_raw=True,
        page=Path("/opt/twinhub/desktop/page"),
        icon=_ICONS / "desktop.svg",
        timeout_seconds=30,
    ),
    Tool(
        name="vscode",
        title="VS Code",
        description="The editor, in the workspace's folder",
        command=[
            _NODE,
            f"{_EDITORS}/code-server/node_modules/code-server/out/node/entry.js",
            "--auth=none",
            "--disable-telemetry",
            "--disable-update-check",
            "--disable-workspace-trust",
            "--disable-getting-started-override",
            "--socket={unix_socket}",
            "--socket-mode=600",
        ],
        needs=[f"{_EDITORS}/code-server/node_modules/code-server/out/node/entry.js"],
        icon=_ICONS / "vscode.svg",
        opens=f"?folder={_WORKSPACE}",
        ready_path="healthz",
        timeout_seconds=45,
    ),
    Tool(
        name="git-page",
        title="Git",
        description="History, commits and branches of a repository",
        command=[
            "/usr/bin/env",
            "TWINHUB_SOCKET={unix_socket}",
            _NODE,
            f"--require={_LAB}/tools/on-socket.cjs",
            f"{_EDITORS}/ungit/node_modules/ungit/source/server.js",
            "--rootPath={base_url}git-page",
            "--no-launchBrowser",
            "--no-bugtracking",
            "--ungitVersionCheckOverride",
            "--autoFetch=false",
        ],
        needs=[f"{_EDITORS}/ungit/node_modules/ungit/source/server.js"],
        icon=_ICONS / "git-page.svg",
        keeps_prefix=True,
        opens=f"#/repository?path={_WORKSPACE}",
        timeout_seconds=30,
    ),
    Tool(
        name="tensorboard",
        title="TensorBoard",
        description="Curves of trainings whose logs are in the workspace's folder",
        command=[
            "/opt/twinhub/tensorboard/bin/tensorboard",
            f"--logdir={_WORKSPACE}",
            "--host=127.0.0.1",
            "--port={port}",
        ],
        icon=_ICONS / "tensorboard.svg",
        has_socket=False,
        timeout_seconds=60,
    ),
    Tool(
        name="monitor",
        title="Resource monitor",
        description="What this workspace uses of its CPU, memory and disk",
        command=[sys.executable, "-I", f"{_LAB}/monitor", "{unix_socket}"],
        icon=_ICONS / "monitor.svg",
        is_work=False,
    ),
    Tool(
        name="big-files",
        title="Big files",
        description="Uploads of any size, which go on where they broke off, and whole folders",
        command=[f"{_BIN}/run-big-files", "{unix_socket}", "{base_url}big-files"],
        needs=["/opt/twinhub/files/bin/python"],
        icon=_ICONS / "big-files.svg",
        keeps_prefix=True,
        is_streamed=True,
    ),
    Tool(
        name="ssh",
        title="SSH",
        description="ssh, scp, rsync and VS Code Remote from your own computer",
        needs=["/usr/sbin/sshd"],
        icon=_ICONS / "ssh.svg",
        is_own=True,
    ),
]

c.ServerProxy.servers = servers(TOOLS)
