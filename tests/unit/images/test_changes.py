"""What a build changed is said in one line that names the packages."""

from __future__ import annotations

from images.builder.changes import find_changes, summarise
from images.builder.manifest import NpmTree
from tests.unit.images.readings import contents


def test_another_version_a_new_and_a_gone_package_are_named() -> None:
    before, after = contents(libssl3="3.0.15", zip="3.0"), contents(libssl3="3.0.16", jq="1.6")
    assert summarise(find_changes(before, after)) == (
        "3 packages changed: libssl3 3.0.15 → 3.0.16, jq 1.6 is new, zip 3.0 is gone"
    )


def test_nothing_changed() -> None:
    assert summarise(find_changes(contents(a="1"), contents(a="1"))) == "no package changed"


def test_environments_and_trees_are_told_apart() -> None:
    before = contents()
    after = before.model_copy(
        update={
            "python": {"/opt/x/science": {"numpy": "2.3.2"}, "/opt/x/server": {"numpy": "2.3.1"}},
            "npm": {"/opt/x/editor": NpmTree(top={"c": "1.0.1"}, packages=4)},
            "node": {"/opt/x/bin/node": "24.20.0"},
        }
    )
    assert [str(change) for change in find_changes(before, after)] == [
        "numpy (science) 2.3.1 → 2.3.2",
        "numpy (server) 2.3.1 is new",
        "c (npm, editor) 1.0.0 → 1.0.1",
        "packages of editor 3 → 4",
        "node (/opt/x/bin/node) 24.19.0 → 24.20.0",
    ]


def test_many_changes_are_counted_and_the_first_named() -> None:
    after = contents(**{f"p{number}": "1" for number in range(11)})
    line = summarise(find_changes(contents(), after))
    assert line.startswith("11 packages changed: p0 1 is new, ")
    assert line.endswith(", p7 1 is new, and 3 more")
