"""What a purge tells of images, which stay."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import docker
from twinhub_hub.operate.workspaces import list_layers

if TYPE_CHECKING:
    import pytest


def test_layers_of_an_installation_are_listed_with_their_earlier_builds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[dict[str, str]] = []

    def find(*, filters: dict[str, str]) -> list[Any]:
        asked.append(filters)
        return [
            SimpleNamespace(tags=["th/layer-trees:1"], short_id="sha256:1"),
            SimpleNamespace(tags=[], short_id="sha256:2"),
        ]

    client = SimpleNamespace(images=SimpleNamespace(list=find), close=lambda: None)
    monkeypatch.setattr(docker, "from_env", lambda: client)
    assert list_layers("th") == ["sha256:2", "th/layer-trees:1"]
    assert asked == [{"label": "org.twinhub.installation=th"}]
