"""Every key of the language is known with its type, and is found as people write it."""

from __future__ import annotations

import pytest
from twinhub_dtconfig.keys import KeyInfo, NoKeyError, find_key, keys_in, list_keys
from twinhub_dtconfig.models.twin import RESERVED, Twin

_KEYS = list(list_keys())


@pytest.mark.parametrize("info", _KEYS, ids=lambda info: info.dotted)
def test_every_key_says_what_it_is_and_what_it_may_be(info: KeyInfo) -> None:
    assert info.description
    assert info.kind


@pytest.mark.parametrize("info", _KEYS, ids=lambda info: info.dotted)
def test_every_key_is_found_by_its_own_path(info: KeyInfo) -> None:
    assert find_key(info.dotted) == info


def test_all_keys_at_the_top_are_listed() -> None:
    listed = [info.path[0] for info in _KEYS if len(info.path) == 1]
    assert listed == [field.alias or name for name, field in Twin.model_fields.items()]


def test_no_key_is_listed_twice() -> None:
    dotted = [info.dotted for info in _KEYS]
    assert len(dotted) == len(set(dotted))


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("phases.execute.ready", "phases.execute.processes.NAME.ready"),
        ("ready", "phases.NAME.processes.NAME.ready"),
        ("uses.tank", "uses.tank"),
        ("parameters.unit", "parameters.NAME.unit"),
        ("parameters.unit.minimum", "parameters.unit.minimum"),
        ("phases.analyze.command", "phases.analyse.command"),
        ("files[3].render", "files[].render"),
        ("files.render", "files[].render"),
        ("physical.devices.arm.exclusive", "physical.devices.arm.exclusive"),
        ("sweeps.a.from", "sweeps.a.parameters.NAME.from"),
    ],
)
def test_a_key_is_found_with_any_name_and_without_what_is_clear(written: str, found: str) -> None:
    assert find_key(written).dotted == found


@pytest.mark.parametrize(
    ("written", "nearest"),
    [
        ("paramters", "parameters"),
        ("phases.execute.results", "phases.execute.outputs"),
        ("params", "parameters"),
        ("phases.x.proceses", "phases.x.processes"),
        ("environment.pyton", "environment.python"),
        ("desription", "parameters.NAME.description"),
    ],
)
def test_the_nearest_key_is_named(written: str, nearest: str) -> None:
    with pytest.raises(NoKeyError) as error:
        find_key(written)
    assert error.value.nearest == nearest


def test_a_key_that_is_in_several_places_is_not_guessed() -> None:
    with pytest.raises(NoKeyError) as error:
        find_key("unit")
    assert {"parameters.NAME.unit", "signals.NAME.unit"} <= set(error.value.known)


def test_defaults_choices_short_forms_and_what_is_put_in_are_known() -> None:
    assert find_key("ports.a.access").default == "lab"
    assert find_key("ready.within").default == "1m"
    assert find_key("ports.a.access").choices == ("internal", "lab", "public")
    assert find_key("ports").short == "port"
    assert find_key("name").is_required
    assert "secrets" in find_key("files.text").namespaces
    assert "secrets" not in find_key("phases.execute.command").namespaces
    assert find_key("uses.a").one_of == ("asset", "twin", "url", "s3", "doi")


def test_what_is_not_yet_run_says_so() -> None:
    reserved = {info.path[0] for info in _KEYS if info.is_reserved}
    assert reserved == set(RESERVED)


def test_the_keys_within_a_mapping_are_those_of_what_is_in_it() -> None:
    assert [info.path[-1] for info in keys_in(find_key("scenarios"))] == [
        "title", "description", "parameters",
    ]  # fmt: skip
    assert keys_in(find_key("name")) == []
