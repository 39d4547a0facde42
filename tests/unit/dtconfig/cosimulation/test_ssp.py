"""Systems of SSP 1.0, compared with an independent reader; values written without a loss."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest
from fmpy.ssp.ssd import read_ssd
from hypothesis import given
from hypothesis import strategies as st
from twinhub_dtconfig.cosimulation import (
    Assignment,
    CosimulationError,
    Structure,
    read_cosimulation,
)
from twinhub_dtconfig.fmu import FmuError, parse_description

from tests.unit.dtconfig.models import FMI_2

if TYPE_CHECKING:
    from pathlib import Path

PARTS = """\
    <ssd:Elements>
      <ssd:Component name="tank" source="resources/tank.fmu" type="application/x-fmu-sharedlibrary">
        <ssd:Connectors><ssd:Connector name="T" kind="output"><ssc:Real unit="K"/></ssd:Connector>
          <ssd:Connector name="P" kind="input"><ssc:Real unit="W"/></ssd:Connector></ssd:Connectors>
        <ssd:ParameterBindings><ssd:ParameterBinding><ssd:ParameterValues>
          <ssv:ParameterSet version="1.0" name="own"><ssv:Parameters>
            <ssv:Parameter name="m"><ssv:Real value="60"/></ssv:Parameter>
          </ssv:Parameters></ssv:ParameterSet>
        </ssd:ParameterValues></ssd:ParameterBinding></ssd:ParameterBindings>
      </ssd:Component>
      <ssd:Component name="table" source="t.csv" type="text/csv"/>
      <ssd:System name="inner"><ssd:Elements>
        <ssd:Component name="c.1" source="resources/pi.fmu"/>
      </ssd:Elements></ssd:System>
    </ssd:Elements>
    <ssd:Connections>
      <ssd:Connection startElement="tank" startConnector="T" endElement="tank" endConnector="P"/>
    </ssd:Connections>
"""
HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<ssd:SystemStructureDescription version="1.0" name="Größe"
  xmlns:ssd="http://ssp-standard.org/SSP1/SystemStructureDescription"
  xmlns:ssv="http://ssp-standard.org/SSP1/SystemStructureParameterValues"
  xmlns:ssc="http://ssp-standard.org/SSP1/SystemStructureCommon">
  <ssd:System name="s">
"""
TAIL = (
    "  </ssd:System>\n  <ssd:DefaultExperiment stopTime='10'/>\n</ssd:SystemStructureDescription>\n"
)
SYSTEM = HEAD + PARTS + TAIL
OUTER = """    <ssd:ParameterBindings>
  <ssd:ParameterBinding source="outer.ssv"/></ssd:ParameterBindings>
"""
CONNECTORS = '<ssd:Connectors><ssd:Connector name="x" kind="input"/></ssd:Connectors>'
GEOMETRY = '<ssd:ElementGeometry x1="0" y1="0" x2="1" y2="1"/>'
FORMS = {
    "plain": "",
    "bound": OUTER,
    "empty": "<ssd:ParameterBindings/>",
    "connectors": CONNECTORS,
    "geometry": CONNECTORS + GEOMETRY,
    "all": CONNECTORS + GEOMETRY + OUTER,
}


def structure(text: str = SYSTEM) -> Structure:
    return Structure(text.encode(), "s.ssd")


def test_components_at_every_depth_and_places_of_variables_are_listed(tmp_path: Path) -> None:
    (tmp_path / "s.ssd").write_text(SYSTEM)
    system = read_cosimulation("ssp", tmp_path / "s.ssd")
    assert {name: one.source for name, one in system.instances.items()} == {
        "tank": "resources/tank.fmu",
        "inner.c.1": "resources/pi.fmu",
    }
    mentions = [
        (one.instance, one.variable, one.role, one.position.line) for one in system.mentions
    ]
    assert mentions == [
        ("tank", "T", "source", 23),
        ("tank", "P", "target", 23),
        ("tank", "m", "parameter", 13),
    ]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("tank.T", ("tank", "T")),
        ("tank.a.b[1]", ("tank", "a.b[1]")),
        ("inner.c.1.K_p", ("inner.c.1", "K_p")),
        ("tank", None),
        ("tank.", None),
        ("inner.x", None),
    ],
)
def test_a_variable_is_found_by_the_longest_component(
    name: str, parts: tuple[str, str] | None
) -> None:
    found = structure().find(name)
    assert (None if found is None else (found.instance.name, found.variable)) == parts


VARIABLES = parse_description(FMI_2.encode(), "m.xml").variables
ASSIGNMENTS = [
    Assignment("tank.T", 300, VARIABLES["T"]),
    Assignment("tank.n", 4, VARIABLES["n"]),
    Assignment("tank.quiet", value=True, variable=VARIABLES["quiet"]),
    Assignment("tank.label", "a<b>&\"c' é", VARIABLES["label"]),
    Assignment("inner.c.1.x", 2.5),
]


@pytest.mark.parametrize("form", FORMS)
def test_values_are_added_as_the_last_binding_and_every_byte_stays(
    tmp_path: Path, form: str
) -> None:
    before = (HEAD + FORMS[form] + PARTS + TAIL).encode()
    Structure(before, "s.ssd").write(tmp_path / "SystemStructure.ssd", ASSIGNMENTS)
    after = (tmp_path / "SystemStructure.ssd").read_bytes()
    if form != "empty":
        added = len(after) - len(before)
        place = next(
            at for at, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]
        )
        places = range(place + 1)
        assert any(after[:at] + after[at + added :] == before for at in places)
    with zipfile.ZipFile(tmp_path / "s.ssp", "w") as package:
        package.write(tmp_path / "SystemStructure.ssd", "SystemStructure.ssd")
    if form in {"bound", "all"}:
        with zipfile.ZipFile(tmp_path / "s.ssp", "a") as package:
            package.writestr("outer.ssv", SSV)
    theirs = read_ssd(str(tmp_path / "s.ssp"))
    binding = theirs.system.parameterBindings[-1]
    values = [(p.name, p.type, p.value) for p in binding.parameterValues[0].parameters]
    assert values == [
        ("tank.T", "Real", "300"), ("tank.n", "Integer", "4"), ("tank.quiet", "Boolean", "true"),
        ("tank.label", "String", "a<b>&\"c' é"), ("inner.c.1.x", "Real", "2.5"),
    ]  # fmt: skip


SSV = (
    '<ParameterSet xmlns="http://ssp-standard.org/SSP1/SystemStructureParameterValues"'
    ' version="1.0" name="outer"><Parameters/></ParameterSet>'
)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), max_size=20))
def test_any_text_survives(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    target = tmp_path_factory.getbasetemp() / "bound.ssd"
    structure().write(target, [Assignment("tank.label", text, VARIABLES["label"])])
    assert Structure.load(target).instances == structure().instances


def test_a_package_keeps_its_other_files(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "s.ssp", "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("resources/tank.fmu", b"\0" * 100_000)
        package.writestr("SystemStructure.ssd", SYSTEM)
        package.writestr("extra/note.txt", "kept")
    system = Structure.load(tmp_path / "s.ssp")
    system.write(tmp_path / "bound.ssp", ASSIGNMENTS[:1])
    with zipfile.ZipFile(tmp_path / "bound.ssp") as bound:
        assert bound.testzip() is None
        assert bound.namelist() == ["resources/tank.fmu", "SystemStructure.ssd", "extra/note.txt"]
        assert bound.read("resources/tank.fmu") == b"\0" * 100_000
        assert b'name="tank.T"' in bound.read("SystemStructure.ssd")
    assert read_ssd(str(tmp_path / "bound.ssp")).system.elements[0].name == "tank"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not valid XML"),
        ("<a/>", "s.ssd:1:1: <a> is no system structure of SSP 1.0"),
        (HEAD + TAIL[:20], "not valid XML"),
        (
            SYSTEM.replace(' source="resources/tank.fmu"', ""),
            "s.ssd:8:7: the component has no name or no source",
        ),
        (
            SYSTEM.replace('name="table" source="t.csv" type="text/csv"', 'name="tank" source="t"'),
            "the component 'tank' stands here twice",
        ),
        (
            SYSTEM.replace('endElement="tank"', 'endElement="tnak"'),
            "s.ssd:23:7: the system has no element 'tnak'; did you mean 'tank'?",
        ),
        ("<!DOCTYPE a><a/>", "a document type"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(text: str, words: str) -> None:
    with pytest.raises(CosimulationError) as caught:
        structure(text)
    assert words in str(caught.value)


@pytest.mark.parametrize("name", ["absent.ssd", "absent.ssp", "no.ssp"])
def test_files_that_cannot_be_used_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "no.ssp").write_text("no archive")
    with pytest.raises(CosimulationError, match=name):
        Structure.load(tmp_path / name)


def test_values_of_unknown_variables_are_written_by_their_own_type(tmp_path: Path) -> None:
    values = [
        Assignment("tank.a", value=False), Assignment("tank.b", 1), Assignment("tank.c", "x"),
    ]  # fmt: skip
    structure().write(tmp_path / "x.ssd", values)
    text = (tmp_path / "x.ssd").read_text()
    for written in ('<Boolean value="false"/>', '<Integer value="1"/>', '<String value="x"/>'):
        assert written in text


def test_packages_that_are_made_to_hurt_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.ssp", "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("SystemStructure.ssd", b" " * 100_000_000)
    with pytest.raises(CosimulationError, match="100,000,000 bytes; 16,777,216 are allowed"):
        Structure.load(tmp_path / "bomb.ssp")
    with zipfile.ZipFile(tmp_path / "twice.ssp", "w") as package:
        package.writestr("SystemStructure.ssd", SYSTEM)
        package.writestr("resources/tank.fmu", b"x" * 1000)
    raw = (tmp_path / "twice.ssp").read_bytes()
    (tmp_path / "twice.ssp").write_bytes(raw.replace(b"x" * 1000, b"x" * 999 + b"y"))
    damaged = Structure.load(tmp_path / "twice.ssp")
    with pytest.raises(CosimulationError, match="the package cannot be copied"):
        damaged.write(tmp_path / "copy.ssp", ASSIGNMENTS[:1])
    with pytest.raises(FmuError, match=r"holds a damaged resources/tank\.fmu"):
        damaged.read_packed_model(damaged.instances["tank"])


def test_a_model_in_a_package_that_is_no_fmu_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "s.ssp", "w") as package:
        package.writestr("SystemStructure.ssd", SYSTEM)
        package.writestr("resources/tank.fmu", "no archive")
    system = Structure.load(tmp_path / "s.ssp")
    with pytest.raises(
        FmuError, match=r"s\.ssp/resources/tank\.fmu cannot be read: the file is no"
    ):
        system.read_packed_model(system.instances["tank"])


def test_what_cannot_take_values_without_a_loss_is_refused(tmp_path: Path) -> None:
    latin = SYSTEM.replace("UTF-8", "ISO-8859-1").encode("latin-1")
    with pytest.raises(CosimulationError, match="save the file as UTF-8"):
        Structure(latin, "s.ssd").write(tmp_path / "x", ASSIGNMENTS[:1])
    empty = (
        HEAD.replace('<ssd:System name="s">', '<ssd:System name="s"/>') + TAIL.partition("\n")[2]
    )
    with pytest.raises(CosimulationError, match="the system is empty"):
        structure(empty).write(tmp_path / "x", ASSIGNMENTS[:1])
