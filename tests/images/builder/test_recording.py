"""What is in a real image is read without starting anything of it, and compared at a rebuild."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from images.builder.engine import Engine
from images.builder.errors import EngineError, RecordsError
from images.builder.manifest import read_contents
from images.builder.reading import read_image
from images.builder.recording import Recorder
from images.builder.records import Records
from tests.fixtures.waiting import wait_for
from tests.images.builder.conftest import PARENT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.images.builder.conftest import Trial

pytestmark = pytest.mark.docker

_METADATA = "/opt/x/lib/python3.11/site-packages/foo-{0}.dist-info/METADATA"
_READING: dict[str, str | list[str] | bool] = {"label": "org.twinhub.reading"}


def _steps(version: str) -> str:
    path = _METADATA.format(version)
    return (
        "FROM ${PARENT}\nCOPY content /content\n"
        f"RUN mkdir -p {path.rpartition('/')[0]} && printf 'Name: foo\\nVersion: {version}\\n'"
        f" > {path}\nENTRYPOINT ['never']\n"
    )


@pytest.fixture
def recorder(trial: Trial, tmp_path: Path) -> Recorder:
    """A recorder with a folder of its own."""
    return Recorder(Engine(trial.client.api), Records(tmp_path / "records"))


def test_the_foundation_has_the_packages_that_dpkg_lists(trial: Trial) -> None:
    command = ["dpkg-query", "--show", "--showformat", "${Package} ${Version}\n"]
    listed = trial.client.containers.run(PARENT, command, remove=True).decode().split("\n")
    found = read_contents(read_image(Engine(trial.client.api), PARENT)).debian
    assert found == dict(line.split() for line in listed if line)


def test_a_first_build_is_counted_and_a_second_one_compared(
    trial: Trial, recorder: Recorder
) -> None:
    trial.write(_steps("1"), "x")
    trial.build()
    assert "1 Python distributions" in recorder.record(trial.builds[-1])
    with pytest.raises(RecordsError, match="1 of the 2 builds to compare are recorded"):
        recorder.last_change(trial.tag)
    trial.write(_steps("2"), "x")
    built, _ = trial.build()
    assert recorder.record(trial.builds[-1]) == "1 package changed: foo (x) 1 → 2"
    assert recorder.last_change(trial.tag).endswith(": 1 changed\n  foo (x) 1 → 2")
    manifest = recorder.manifest_of("trial", trial.tag)
    assert manifest.id == built
    assert manifest.seconds is not None
    assert manifest.inputs == trial.client.images.get(built).labels["org.twinhub.inputs"]


def test_the_same_image_again_keeps_the_record_of_its_build(
    trial: Trial, recorder: Recorder
) -> None:
    first, _ = trial.build()
    recorder.record(trial.builds[-1])
    before = recorder.manifest_of("trial", trial.tag)
    trial.client.images.get(first).tag(f"{trial.prefix}/kept", "1")
    trial.client.images.remove(trial.tag, noprune=True)
    assert trial.build()[0] == first
    assert recorder.record(trial.builds[-1]) == "the same image as before"
    assert recorder.manifest_of("trial", trial.tag) == before


def test_an_image_without_a_record_is_compared_and_read_itself(
    trial: Trial, recorder: Recorder
) -> None:
    trial.write(_steps("1"), "x")
    trial.build()
    assert recorder.manifest_of("trial", trial.tag).seconds is None
    trial.write(_steps("2"), "x")
    trial.build()
    assert recorder.record(trial.builds[-1]) == "1 package changed: foo (x) 1 → 2"


def test_a_build_that_cannot_be_recorded_is_a_build(trial: Trial, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    recorder = Recorder(Engine(trial.client.api), Records(tmp_path / "file"))
    trial.build()
    assert recorder.record(trial.builds[-1]).startswith("not recorded: ")


def _wait_until_none_reads(trial: Trial) -> None:
    """Others read images at the same time, for a moment each; one that was left would stay."""
    wait_for(
        lambda: trial.client.containers.list(all=True, filters=_READING) == [],
        seconds=60,
        what="no container is read",
    )


def test_the_container_that_is_read_has_no_network_and_no_right_and_is_gone(trial: Trial) -> None:
    engine = Engine(trial.client.api)
    script = (
        "id -u; ls /sys/class/net; grep CapBnd /proc/self/status; touch /tmp/x 2>&1 || echo refused"
    )
    uid, *network, capabilities, _, refused = (
        engine.run_isolated(PARENT, ("/bin/sh", "-c", script)).decode().splitlines()
    )
    assert uid == "65534"
    assert network == ["lo"]
    assert capabilities.split() == ["CapBnd:", "0000000000000000"]
    assert refused == "refused"
    _wait_until_none_reads(trial)


def test_a_failed_reading_says_why_and_leaves_no_container(trial: Trial) -> None:
    engine = Engine(trial.client.api)
    with pytest.raises(EngineError, match="failed with 3: no such luck"):
        engine.run_isolated(PARENT, ("/bin/sh", "-c", "echo no such luck >&2; exit 3"))
    with pytest.raises(EngineError, match=r"there is no image test/none:1: build it first"):
        read_image(engine, "test/none:1")
    _wait_until_none_reads(trial)


def test_a_manifest_is_json_that_others_can_read(trial: Trial, recorder: Recorder) -> None:
    trial.write(_steps("1"), "x")
    trial.build()
    recorder.record(trial.builds[-1])
    read = json.loads(recorder.manifest_of("trial", trial.tag).model_dump_json())
    assert read["contents"]["python"] == {"/opt/x": {"foo": "1"}}
    assert read["size"] > read["added"] > 0
