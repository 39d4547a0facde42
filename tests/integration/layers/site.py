"""An installation with site layers: its ``twinhub.yaml``, its groups, its images."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from docker.errors import ImageNotFound
from twinhub_hub.layers.recipe import tag_of
from twinhub_hub.operate.prepare import first_settings
from twinhub_hub.settings.images import OWN_IMAGE

from tests.fixtures.hub_client import HubClient
from tests.fixtures.installation import TWINHUB, engine, running_installation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.installation import TestInstallation

BASE = OWN_IMAGE
"""What the layers stand on."""

_SETTINGS = f"""
workspace:
  images:
    - image: {BASE}
      title: Workspace
  layers:
"""


def layers(*lines: str) -> str:
    """The part of ``twinhub.yaml`` with layers, each a line of YAML."""
    return _SETTINGS + "".join(f"    - {line}\n" for line in lines)


class Site:
    """One installation, whose layers change."""

    def __init__(self, installation: TestInstallation) -> None:
        """Take one that runs."""
        self.installation = installation
        self.first_log = installation.run("images", "log", "trees").stdout
        """The log of the build that `twinhub up` made, before any other."""

    def rewrite(self, *lines: str) -> None:
        """Give ``twinhub.yaml`` other layers."""
        text = first_settings(self.installation.home) + layers(*lines)
        self.installation.settings_file.write_text(text)

    def build(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `twinhub images build`."""
        return self.installation.run("images", "build", *arguments)

    def begin_build(self, *arguments: str) -> subprocess.Popen[str]:
        """Begin `twinhub images build -v`, whose lines can be read as they come.

        It can be interrupted, also where the tests run in a shell's background.
        """
        command = ["env", "--default-signal=INT", str(TWINHUB), "images", "build", "-v"]
        return subprocess.Popen(
            [*command, *arguments], text=True,
            env=self.installation.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def image(self, name: str) -> str:
        """The id of a layer's image; empty when there is none."""
        try:
            return str(engine().images.get(tag_of(self.installation.prefix, name)).id)
        except ImageNotFound:
            return ""

    def has(self, user: str, program: str) -> bool:
        """Whether a program works in a user's workspace."""
        found = self.installation.container(user).exec_run(["bash", "-c", program])
        return bool(found.exit_code == 0)

    def join(self, group: str, user: str) -> None:
        """Put a user into a group."""
        with HubClient(self.installation, "admin") as admin, HubClient(self.installation, user):
            admin.get("/hub/home")
            assert admin.api("POST", f"/groups/{group}").status_code == HTTPStatus.CREATED
            answer = admin.api("POST", f"/groups/{group}/users", {"users": [user]})
            assert answer.status_code == HTTPStatus.OK, answer.text


@contextmanager
def site_with(*lines: str) -> Iterator[Site]:
    """An installation with layers; its images are gone at the end."""
    with running_installation(settings=layers(*lines)) as installation:
        prefix = installation.prefix
        try:
            yield Site(installation)
        finally:
            installation.run("down")
            _remove_images(prefix)


def _remove_images(prefix: str) -> None:
    client = engine()
    labels: dict[str, str | list[str] | bool] = {"label": f"org.twinhub.installation={prefix}"}
    for container in client.containers.list(all=True, ignore_removed=True, filters=labels):
        container.remove(force=True)
    for image in client.images.list(all=False, filters=labels):
        client.images.remove(str(image.id), force=True)
