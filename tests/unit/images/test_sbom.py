"""A bill of materials is valid CycloneDX, has every package once, and is the same each time."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from images.builder.engine import Built
from images.builder.errors import SbomError
from images.builder.reading import Reading
from images.builder.sbom import make_sbom
from tests.unit.images.readings import reading

FOUND = Built(
    id=f"sha256:{'ab' * 32}",
    created=datetime(2026, 11, 26, tzinfo=UTC),
    size=1,
    labels={"org.twinhub.version": "1", "maintainer": "nobody"},
)
TAG = "test/trial:1"


@pytest.fixture(scope="module")
def text() -> str:
    """The bill of a small image."""
    read = reading(nodes={"/opt/x/bin/node": "24.19.0"})
    return make_sbom(read, tag=TAG, found=FOUND)


@pytest.mark.heavy
def test_it_is_valid_and_the_same_each_time(text: str) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    read = reading(nodes={"/opt/x/bin/node": "24.19.0"})
    assert make_sbom(read, tag=TAG, found=FOUND) == text


def test_each_package_is_in_it_once_with_all_its_places(text: str) -> None:
    components = json.loads(text)["components"]
    names = [component["bom-ref"] for component in components]
    assert len(names) == len(set(names))
    ours = {
        c["purl"]: [place["location"] for place in c["evidence"]["occurrences"]]
        for c in components
        if "evidence" in c
    }
    assert ours == {
        "pkg:deb/debian/novnc@1:1.3.0-1": ["/opt/twinhub/page/novnc"],
        "pkg:pypi/foo-bar@1.2": ["/opt/x/science", "/opt/x/server"],
        "pkg:npm/%40a/b@2.0.0": ["/opt/x/editor/node_modules/@a/b"],
        "pkg:npm/c@1.0.0": ["/opt/x/editor/node_modules/c"],
        "pkg:npm/d@3.0.0": ["/opt/x/editor/node_modules/c/node_modules/d"],
        "pkg:generic/node@24.19.0": ["/opt/x/bin/node"],
    }
    assert any(c["purl"].startswith("pkg:deb/debian/dpkg@1.21.23") for c in components)


def test_the_image_is_what_depends_on_them(text: str) -> None:
    bom = json.loads(text)
    root = bom["metadata"]["component"]
    assert (root["type"], root["name"]) == ("container", TAG)
    properties = {p["name"]: p["value"] for p in root["properties"]}
    assert properties == {"twinhub:image:id": FOUND.id, "org.twinhub.version": "1"}
    (of_root,) = [d for d in bom["dependencies"] if d["ref"] == root["bom-ref"]]
    assert {"pkg:pypi/foo-bar@1.2", "pkg:npm/d@3.0.0"} < set(of_root["dependsOn"])


def test_licences_are_expressions_only_where_they_are_said_to_be(text: str) -> None:
    licences = {c["purl"]: c.get("licenses") for c in json.loads(text)["components"]}
    assert licences["pkg:npm/c@1.0.0"] == [{"license": {"name": "BSD in parts"}}]
    assert licences["pkg:npm/d@3.0.0"] is None
    assert licences["pkg:generic/node@24.19.0"] == [{"expression": "MIT"}]


@pytest.mark.heavy
def test_a_failure_of_debsbom_is_told() -> None:
    with pytest.raises(SbomError, match="debsbom failed with"):
        make_sbom(Reading(b"no archive", {}), tag=TAG, found=FOUND)
