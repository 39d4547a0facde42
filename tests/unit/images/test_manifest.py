"""A manifest has the version of everything that is installed, and nothing that is not."""

from __future__ import annotations

from images.builder.manifest import read_contents
from tests.unit.images.readings import reading


def test_installed_and_unpacked_debian_packages_count_and_foreign_ones_say_so() -> None:
    assert read_contents(reading()).debian == {
        "dpkg": "1.21.23", "libc6:i386": "2.36-9", "novnc": "1:1.3.0-1", "tzdata": "2026a-0",
    }  # fmt: skip


def test_distributions_stand_by_environment_with_normalised_names_and_without_vendored_ones() -> (
    None
):
    found = read_contents(reading()).python
    assert found == {"/opt/x/server": {"foo-bar": "1.2"}, "/opt/x/science": {"foo-bar": "1.2"}}


def test_npm_packages_are_named_at_the_top_and_counted_at_every_depth() -> None:
    (tree,) = read_contents(reading()).npm.items()
    folder, found = tree
    assert folder == "/opt/x/editor"
    assert found.top == {"@a/b": "2.0.0", "c": "1.0.0"}
    assert found.packages == 3


def test_each_node_has_its_version() -> None:
    nodes = {"/opt/x/bin/node": "24.19.0"}
    assert read_contents(reading(nodes=nodes)).node == nodes


def test_an_image_without_any_of_it_is_empty() -> None:
    found = read_contents(reading({"etc/passwd": ""}))
    assert (found.debian, found.python, found.npm, found.node) == ({}, {}, {}, {})
