"""Every example loads without a doubt, and together they use every key of the language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from twinhub_dtconfig.digests import build_digest, environment_digest
from twinhub_dtconfig.interpolation import find_names
from twinhub_dtconfig.loading import load_twin
from twinhub_dtconfig.models.twin import RESERVED, Twin
from twinhub_dtconfig.references import Reference
from twinhub_dtconfig.resolving import expand_sweep, resolve
from twinhub_dtconfig.rules.texts import texts_of
from twinhub_dtconfig.sections import Section

from tests.contract.examples.folders import EXAMPLES, SAMPLES, TWINS, make_library

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ASSETS = sorted(EXAMPLES.glob("assets/**/twin.yaml"))
ALL = [*TWINS, *SAMPLES]
NAMES = [path.parent.name for path in ALL]

# What is only known when a twin runs.
OF_A_RUN = {"uses", "services", "cosimulations", "secrets", "arguments", "run"}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_library(tmp_path_factory.mktemp("library"))


def inner(value: object) -> Iterator[Section]:
    """Yield every section in a value, itself first."""
    match value:
        case Section():
            yield value
            for name in value.model_fields_set:
                yield from inner(getattr(value, name))
        case dict():
            for one in value.values():
                yield from inner(one)
        case tuple():
            for one in value:
                yield from inner(one)


def classes(section: type[Section]) -> Iterator[type[Section]]:
    """Yield a class of sections and all that its fields may hold."""
    seen = {section}
    queue = [section]
    while queue:
        one = queue.pop()
        yield one
        text = " ".join(repr(field.annotation) for field in one.model_fields.values())
        for other in Section.__subclasses__() + [
            deeper for cls in Section.__subclasses__() for deeper in _below(cls)
        ]:
            if other not in seen and re.search(rf"\b{other.__module__}\.{other.__name__}\b", text):
                seen.add(other)
                queue.append(other)


def _below(cls: type[Section]) -> Iterator[type[Section]]:
    for deeper in cls.__subclasses__():
        yield deeper
        yield from _below(deeper)


# loading


@pytest.mark.parametrize("file", [*ALL, *ASSETS], ids=lambda path: path.parent.name)
def test_an_example_loads_without_a_doubt(file: Path) -> None:
    loaded = load_twin(file)
    assert loaded.warnings == ()
    assert loaded.twin.name == file.parent.name.partition("@")[0]


def test_there_are_ten_and_more_and_the_page_lists_each_once() -> None:
    page = (EXAMPLES / "README.md").read_text("utf-8")
    listed = re.findall(r"^\| \[`([\w-]+)`\]", page, re.MULTILINE)
    assert sorted(listed) == [path.parent.name for path in TWINS]
    assert len(listed) >= 10


@pytest.mark.parametrize("file", TWINS, ids=lambda path: path.parent.name)
def test_an_example_says_what_it_shows(file: Path) -> None:
    assert (file.parent / "README.md").read_text("utf-8").startswith("# ")


def test_the_smallest_has_the_three_lines_that_a_twin_needs() -> None:
    assert len((EXAMPLES / "twins" / "smallest" / "twin.yaml").read_text().splitlines()) == 3


# coverage


def test_every_key_of_the_language_is_used_by_an_example() -> None:
    used = {
        (type(section), name)
        for file in TWINS
        for section in inner(load_twin(file).twin)
        for name in section.model_fields_set
    }
    known = {(section, name) for section in classes(Twin) for name in section.model_fields}
    assert len(known) > 120
    missing = sorted(f"{section.__name__}.{name}" for section, name in known - used)
    assert missing == []


def test_every_short_form_is_used_by_an_example() -> None:
    plain = set()
    for file in TWINS:
        document = load_twin(file).document.data
        assert isinstance(document, dict)
        for key, section in document.items():
            if isinstance(section, dict) and any(
                isinstance(one, str | int) for one in section.values()
            ):
                plain.add(key)
    assert plain >= {"uses", "parameters", "secrets", "phases", "ports"}


def test_every_namespace_is_put_in_by_an_example() -> None:
    texts = [text for file in TWINS for _, text, _ in texts_of(load_twin(file).twin)]
    found = {name.namespace for text in texts for name in find_names(text)}
    assert found == {
        "parameters", "uses", "services", "ports", "cosimulations", "secrets", "arguments",
        "twin", "run",
    }  # fmt: skip


def test_what_is_not_yet_run_is_in_an_example_that_says_so() -> None:
    folder = EXAMPLES / "twins" / "twin-of-twins"
    assert set(resolve(load_twin(folder / "twin.yaml").twin).not_yet_run) == set(RESERVED)
    assert "not yet run" in (folder / "README.md").read_text("utf-8")
    assert "not yet run" in (folder / "twin.yaml").read_text("utf-8")


# what the files say of themselves


@pytest.mark.parametrize("name", NAMES)
def test_what_an_example_uses_is_in_the_library(name: str, library: Path) -> None:
    twin = load_twin(_in(library, name)).twin
    references = [one for use in twin.uses.values() for one in (use.asset, use.twin) if one]
    references += [twin.class_] if twin.class_ else []
    for text in references:
        reference = Reference.parse(text)
        found = list((library / reference.folder).glob(f"{reference.name}*"))
        assert found, text
        assert any((folder / reference.path).exists() for folder in found), text


@pytest.mark.parametrize("name", NAMES)
def test_files_that_an_example_names_are_there(name: str, library: Path) -> None:
    folder = _in(library, name).parent
    twin = load_twin(folder / "twin.yaml").twin
    named = [file.render for file in twin.files if file.render]
    named += [port.openapi for port in twin.ports.values() if port.openapi]
    named += [twin.environment.requirements] if twin.environment.requirements else []
    for service in twin.services.values():
        named += service.managed.dashboards if service.managed else ()
    for model in twin.cosimulations.values():
        named += [path for path in (model.file, model.configuration) if path and "$" not in path]
    made = [output for step in twin.build.values() for output in step.outputs]
    for step in twin.build.values():
        assert all(list(folder.glob(pattern)) or pattern in made for pattern in step.inputs)
    assert [path for path in named if not (folder / path).is_file()] == []


@pytest.mark.parametrize("name", NAMES)
def test_programs_that_an_example_starts_are_there(name: str, library: Path) -> None:
    folder = _in(library, name).parent
    data = resolve(load_twin(folder / "twin.yaml").twin).data
    for phase in data["phases"].values():
        base = folder / phase["folder"]
        starts = [phase, *phase.get("processes", {}).values()]
        for start in (one for one in starts if one.get("command")):
            place = folder / start["folder"] if start.get("folder", ".") != "." else base
            scripts = [word for word in start["command"] if word.endswith(".py")]
            assert [word for word in scripts if not (place / word).is_file()] == []


# resolving


CHOICES = [
    pytest.param(file, scenario, id=f"{file.parent.name}-{scenario or 'defaults'}")
    for file in ALL
    for scenario in (None, *load_twin(file).twin.scenarios)
]


@pytest.mark.parametrize(("file", "scenario"), CHOICES)
def test_an_example_is_resolved_but_for_what_only_a_run_knows(
    file: Path, scenario: str | None
) -> None:
    resolved = resolve(load_twin(file).twin, scenario=scenario)
    left = {name for name in resolved.open_names if name.partition(".")[0] not in OF_A_RUN}
    assert left == {f"parameters.{name}" for name in resolved.missing} & left


def test_only_the_robot_leaves_a_value_to_whoever_runs_it() -> None:
    missing = {file.parent.name: resolve(load_twin(file).twin).missing for file in ALL}
    assert {name: one for name, one in missing.items() if one} == {"robot": ("speed",)}


def test_a_sweep_is_all_combinations() -> None:
    twin = load_twin(EXAMPLES / "twins" / "twin-of-twins" / "twin.yaml").twin
    values = twin.sweeps["limits"].parameters["power_limit"]
    assert expand_sweep(values) == [6000, 8000, 10000, 12000]
    assert resolve(twin).data["sweeps"]["limits"]["runs"] == 8


def test_a_build_has_an_address_that_changes_with_an_input() -> None:
    twin = load_twin(EXAMPLES / "twins" / "cached-build" / "twin.yaml").twin
    software = environment_digest(twin.environment, image="sha256:1")
    step = twin.build["model"]
    first, again, changed = (
        build_digest(step, environment=software, inputs={"model/integrator.c": digest})
        for digest in ("a", "a", "b")
    )
    assert first == again != changed


def _in(library: Path, name: str) -> Path:
    own = library / "digital_twins" / name / "twin.yaml"
    return own if own.exists() else library / "common" / "digital_twins" / name / "twin.yaml"
