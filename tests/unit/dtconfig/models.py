"""Small FMUs that tests make: real descriptions, archives, and hostile ones."""

from __future__ import annotations

import zipfile
from pathlib import Path

COMMON = Path(__file__).parents[3] / "config/assets/common"

FMI_2 = """<?xml version="1.0" encoding="UTF-8"?>
<fmiModelDescription fmiVersion="2.0" modelName="Two" guid="{2}">
  <CoSimulation modelIdentifier="two" canGetAndSetFMUstate="true"/>
  <UnitDefinitions>
    <Unit name="K"><BaseUnit K="1"/><DisplayUnit name="degC" offset="-273.15"/></Unit>
    <Unit name="rev/min"><BaseUnit s="-1" rad="1" factor="0.10471975511965977"/></Unit>
    <Unit name="lumps"/>
  </UnitDefinitions>
  <TypeDefinitions>
    <SimpleType name="Temperature"><Real unit="K" min="0" quantity="T"/></SimpleType>
    <SimpleType name="Mode">
      <Enumeration><Item name="off" value="0"/><Item name="on" value="1"/></Enumeration>
    </SimpleType>
  </TypeDefinitions>
  <DefaultExperiment startTime="0" stopTime="10.5" stepSize="1e-2"/>
  <ModelVariables>
    <ScalarVariable name="T" valueReference="0" causality="parameter" variability="tunable">
      <Real declaredType="Temperature" start="293.15" max="400"/></ScalarVariable>
    <ScalarVariable name="speed" valueReference="1" causality="input">
      <Real unit="rev/min" start="0"/></ScalarVariable>
    <ScalarVariable name="n" valueReference="2" causality="parameter" variability="fixed">
      <Integer start="3" min="1" max="9"/></ScalarVariable>
    <ScalarVariable name="quiet" valueReference="3" causality="parameter" variability="fixed">
      <Boolean start="false"/></ScalarVariable>
    <ScalarVariable name="label" valueReference="4" causality="parameter" variability="fixed">
      <String start="a b"/></ScalarVariable>
    <ScalarVariable name="mode" valueReference="5" causality="input" variability="discrete">
      <Enumeration declaredType="Mode" start="0"/></ScalarVariable>
    <ScalarVariable name="x.y[1]" valueReference="6" initial="exact"><Real start="1"/></ScalarVariable>
    <ScalarVariable name="pi" valueReference="7" variability="constant"><Real start="3.14"/></ScalarVariable>
    <ScalarVariable name="out" valueReference="8" causality="output"><Real unit="K"/></ScalarVariable>
  </ModelVariables>
  <ModelStructure><Outputs><Unknown index="9"/></Outputs>
    <InitialUnknowns><Unknown index="9"/></InitialUnknowns></ModelStructure>
</fmiModelDescription>
"""  # noqa: E501 # one line for each variable

FMI_3 = """<?xml version="1.0" encoding="UTF-8"?>
<fmiModelDescription fmiVersion="3.0" modelName="Three" instantiationToken="{3}">
  <ModelExchange modelIdentifier="three" canGetAndSetFMUState="true" canSerializeFMUState="true"/>
  <CoSimulation modelIdentifier="three" canGetAndSetFMUState="true"/>
  <UnitDefinitions><Unit name="m/s"><BaseUnit m="1" s="-1"/></Unit></UnitDefinitions>
  <TypeDefinitions>
    <Float64Type name="Speed" unit="m/s" quantity="v"/>
    <EnumerationType name="Gear"><Item name="R" value="-1"/><Item name="N" value="0"/></EnumerationType>
  </TypeDefinitions>
  <ModelVariables>
    <Float64 name="time" valueReference="0" causality="independent" variability="continuous"/>
    <UInt64 name="size" valueReference="1" causality="structuralParameter" variability="fixed" start="2"/>
    <Float64 name="v" valueReference="2" causality="parameter" variability="tunable"
             declaredType="Speed" start="1 2" max="10"><Dimension valueReference="1"/></Float64>
    <Int16 name="count" valueReference="3" causality="input" start="1" min="-3"/>
    <Enumeration name="gear" valueReference="4" causality="input" declaredType="Gear" start="0"/>
    <String name="label" valueReference="5" causality="parameter" variability="fixed">
      <Start value="hello"/></String>
    <Binary name="frame" valueReference="6" causality="output"/>
    <Boolean name="ok" valueReference="7" causality="output"><Alias name="okay" description="Same"/></Boolean>
    <Float32 name="w" valueReference="8" causality="output"/>
  </ModelVariables>
  <ModelStructure><Output valueReference="6"/><Output valueReference="7"/><Output valueReference="8"/></ModelStructure>
</fmiModelDescription>
"""  # noqa: E501 # one line for each variable


def write_fmu(path: Path, description: str | bytes, **others: bytes) -> Path:
    """Write an archive with a description, a program for Linux, and others."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("modelDescription.xml", description)
        archive.writestr("binaries/linux64/model.so", b"\x7fELF")
        for name, content in others.items():
            archive.writestr(name, content)
    return path
