"""`twinhub images`: what is built, left alone, and said; Docker is a dictionary here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from docker.errors import NotFound
from twinhub_hub.builds import INPUTS_LABEL
from twinhub_hub.cli.images import left_as_they_are
from twinhub_hub.cli.main import main
from twinhub_hub.installation import Installation, share
from twinhub_hub.layers.errors import LayerError
from twinhub_hub.layers.recipe import Sources, tag_of
from twinhub_hub.layers.records import read_offered
from twinhub_hub.operate.image_reports import report_images
from twinhub_hub.operate.layers import Workshop
from twinhub_hub.operate.steps import Steps
from twinhub_hub.settings.loading import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_SETTINGS = """\
engine: {prefix: th}
workspace:
  images: [{image: "site/base:1", title: Base}, workspace]
  layers:
    - {name: trees, base: "site/base:1", title: Trees, system: [tree], groups: [forest]}
    - {name: rivers, base: "site/absent:1", title: Rivers, system: [tree]}
"""
_TREES = tag_of("th", "trees")


class Engine:
    """Docker's images: a build gives its tag to a new one, unless it is to fail."""

    def __init__(self) -> None:
        self.images: dict[str, dict[str, Any]] = {}
        self.failure = ""
        self.builds = 0
        self.add("site/base:1", {})

    def add(self, tag: str, labels: Mapping[str, str]) -> None:
        """Give a tag to a new image."""
        self.images[tag] = {
            "Id": f"sha256:{len(self.images)}-{self.builds}", "Created": "2026-11-26T11:00:00Z",
            "Size": 5, "Config": {"Labels": dict(labels)},
        }  # fmt: skip

    def inspect_image(self, tag: str) -> dict[str, Any]:
        """As docker-py has it."""
        if tag not in self.images:
            raise NotFound(tag)
        return self.images[tag]

    def build(self, **options: Any) -> Iterator[dict[str, str]]:  # noqa: ANN401
        """As docker-py has it: lines of output, then an image or an error."""
        self.builds += 1
        yield {"stream": "Step 1 : FROM\n"}
        if self.failure:
            yield {"stream": f"{self.failure}\n"}
            yield {"error": "returned a non-zero code: 1"}
            return
        self.add(options["tag"], options["labels"])


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """A folder with layers in its settings."""
    monkeypatch.setenv("TWINHUB_HOME", str(tmp_path))
    made = Installation(tmp_path)
    made.make_folders()
    made.settings_file.write_text(_SETTINGS)
    return made


@pytest.fixture
def engine() -> Engine:
    """A Docker with one image."""
    return Engine()


@pytest.fixture
def workshop(installation: Installation, engine: Engine) -> Workshop:
    """Where the layers are built."""
    settings = load_settings(installation.settings_file).settings
    sources = Sources.of(settings, share=share(), folder=installation.home)
    return Workshop(installation, settings, engine, sources)  # type: ignore[arg-type]


def ensure(workshop: Workshop, index: int = 0, *, is_fresh: bool = False) -> list[str]:
    """Have a layer built, and return what would be shown."""
    shown: list[str] = []
    layer = workshop.settings.workspace.layers[index]
    workshop.ensure(layer, Steps(quiet=True), shown.append, is_fresh=is_fresh)
    return shown


def test_a_layer_is_built_once_and_then_left_alone(workshop: Workshop, engine: Engine) -> None:
    assert ensure(workshop) == ["Step 1 : FROM"]
    assert ensure(workshop) == []
    assert engine.builds == 1
    assert ensure(workshop, is_fresh=True) == ["Step 1 : FROM"]


def test_a_layer_is_built_anew_when_the_image_below_has_changed(
    workshop: Workshop, engine: Engine
) -> None:
    ensure(workshop)
    engine.add("site/base:1", {"changed": "yes"})
    assert ensure(workshop) == ["Step 1 : FROM"]


def test_a_failure_says_what_to_do_and_leaves_the_build_before(
    workshop: Workshop, engine: Engine
) -> None:
    engine.failure = "site layer: no Debian package treee; near: tree"
    with pytest.raises(LayerError, match="did you mean 'tree'") as first:
        ensure(workshop)
    assert "nobody can start it yet" in str(first.value)
    engine.failure = ""
    ensure(workshop)
    before = engine.images[_TREES]
    engine.failure = "No space left on device"
    with pytest.raises(LayerError, match="the disk is full") as second:
        ensure(workshop, is_fresh=True)
    assert "The build before stays in use" in str(second.value)
    assert engine.images[_TREES] is before


def test_a_layer_on_an_image_that_is_not_there_names_it(workshop: Workshop) -> None:
    with pytest.raises(LayerError, match="stands on site/absent:1, which is not on this machine"):
        ensure(workshop, 1)


def test_the_hub_is_told_of_unbuilt_layers_only_by_up(workshop: Workshop) -> None:
    path = workshop.installation.layers_file
    ensure(workshop)
    workshop.publish(with_unbuilt=False)
    assert [layer.name for layer in read_offered(path)] == ["trees"]
    workshop.publish(with_unbuilt=True)
    assert [layer.name for layer in read_offered(path)] == ["trees", "rivers"]
    workshop.publish(with_unbuilt=False)
    assert [layer.name for layer in read_offered(path)] == ["trees", "rivers"], "it knows it"


def test_a_report_tells_state_size_and_use(workshop: Workshop, engine: Engine) -> None:
    def states() -> dict[str, str]:
        found = report_images(workshop.client, workshop.settings, workshop.sources, {_TREES: 3})
        assert [one.workspaces for one in found if one.name == "trees"] == [3]
        return {one.name: one.state for one in found}

    absent = {"workspace": "absent", "site/absent:1": "absent", "rivers": "absent"}
    assert states() == {"site/base:1": "present", "trees": "absent"} | absent
    ensure(workshop)
    assert states() == {"site/base:1": "present", "trees": "current"} | absent
    engine.images[_TREES]["Config"]["Labels"][INPUTS_LABEL] = "other"
    assert states() == {"site/base:1": "present", "trees": "outdated"} | absent


@pytest.mark.parametrize("action", ["build", "log"])
@pytest.mark.usefixtures("installation")
def test_an_unknown_name_is_wrong_input_with_the_nearest(
    action: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["images", action, "treess"]) == 2
    assert "did you mean 'trees'?" in capsys.readouterr().err


def test_the_log_of_a_layer_that_was_never_built_says_how_to_build_it(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["images", "log", "trees"]) == 1
    assert "twinhub images build trees" in capsys.readouterr().err
    log = installation.image_log("trees")
    log.parent.mkdir()
    log.write_text("one\ntwo\n")
    assert main(["images", "log", "trees"]) == 0
    assert capsys.readouterr().out == "one\ntwo\n"


def test_a_fresh_build_says_what_it_leaves_as_it_is(installation: Installation) -> None:
    settings = load_settings(installation.settings_file).settings
    (own, ours) = left_as_they_are(settings)
    assert own.endswith("--fresh workspace"), "the settings' second image"
    assert ours == "site/base:1: left as it is, for it is yours: docker build"


def test_the_warnings_of_check_are_in_its_json(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    text = _SETTINGS + "groups: [{name: forrest}]\n"
    installation.settings_file.write_text(text)
    assert main(["check", "--json", str(installation.settings_file)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [warning["nearest"] for warning in report["warnings"]] == ["forrest"]
    assert "trees on site/base:1 for forest" in report["summary"]["layers"]
