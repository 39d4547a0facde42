"""The one list of the tools of a workspace; each is there where what it needs is installed.

Nothing of it runs, listens or is imported before somebody first opens its page.
"""

import sys
from pathlib import Path

from twinhub_lab.tools import Tool, servers

c = get_config()  # type: ignore[name-defined]  # noqa: F821 - given by the loader

_BIN = "/opt/twinhub/bin"
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
        timeout_seconds=60,
    ),
    Tool(
        name="vscode",
        title="VS Code",
        description="The editor, in the workspace's folder",
        command=[
            "/opt/twinhub/editors/bin/code-server",
            "--socket={unix_socket}",
            "--socket-mode=600",
        ],
        icon=_ICONS / "vscode.svg",
        opens=f"?folder={_WORKSPACE}",
        ready_path="healthz",
        timeout_seconds=90,
    ),
    Tool(
        name="git-page",
        title="Git",
        description="History, commits and branches of a repository",
        command=[
            "/opt/twinhub/editors/bin/ungit",
            "--socket={unix_socket}",
            "--rootPath={base_url}git-page",
        ],
        icon=_ICONS / "git-page.svg",
        keeps_prefix=True,
        opens="#/",
        timeout_seconds=60,
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
        timeout_seconds=90,
    ),
    Tool(
        name="monitor",
        title="Resource monitor",
        description="What this workspace uses of its CPU, memory and disk",
        command=[sys.executable, "-I", f"{_LAB}/monitor", "{unix_socket}"],
        icon=_ICONS / "monitor.svg",
        is_work=False,
        timeout_seconds=60,
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
