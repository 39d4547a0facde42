"""What model descriptions say, compared with an independent reader, and hostile models."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

import fmpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twinhub_dtconfig.fmu import (
    FmuError,
    FmuKind,
    ModelDescription,
    ValueType,
    parse_description,
    read_model_description,
)

from tests.unit.dtconfig.models import COMMON, FMI_2, FMI_3, write_fmu

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REAL = sorted(COMMON.glob("models/*/modelDescription.xml"))


def parse(text: str | bytes) -> ModelDescription:
    return parse_description(text.encode() if isinstance(text, str) else text, "m.xml")


def refuse(text: str | bytes) -> str:
    with pytest.raises(FmuError) as caught:
        parse(text)
    assert caught.value.remedy
    return caught.value.what


@pytest.mark.parametrize(
    "source", [*REAL, FMI_2, FMI_3], ids=["tank", "controller", "fmi2", "fmi3"]
)
def test_a_description_is_read_as_an_independent_reader_reads_it(source: Path | str) -> None:
    content = source.encode() if isinstance(source, str) else source.read_bytes()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("modelDescription.xml", content)
    theirs = fmpy.read_model_description(archive)
    ours = parse(content)
    assert (ours.fmi_version, ours.name, ours.token) == (
        theirs.fmiVersion, theirs.modelName, theirs.guid,
    )  # fmt: skip
    assert list(ours.units) == [unit.name for unit in theirs.unitDefinitions]
    assert sorted(ours.variables) == sorted(v.name for v in theirs.modelVariables)
    for their in theirs.modelVariables:
        mine = ours.variables[their.name]
        declared = their.declaredType
        assert (mine.declared, mine.causality, mine.variability, mine.initial, mine.start) == (
            their.type, their.causality, their.variability, their.initial, their.start,
        ), their.name  # fmt: skip
        assert mine.unit == (their.unit or (declared.unit if declared else None))
        lowest = their.min or (declared.min if declared else None)
        assert mine.minimum == (None if lowest is None else float(lowest))
        assert mine.dimensions == len(their.dimensions)
    kinds = {
        FmuKind.CO_SIMULATION: theirs.coSimulation,
        FmuKind.MODEL_EXCHANGE: theirs.modelExchange,
    }
    offered = {kind: ability for kind, ability in kinds.items() if ability is not None}
    assert ours.kinds == {kind: ability.modelIdentifier for kind, ability in offered.items()}
    assert ours.can_save_state == all(
        a.canGetAndSetFMUstate in {True, "true"} for a in offered.values()
    )
    assert ours.can_serialize_state == all(
        a.canSerializeFMUstate in {True, "true"} for a in offered.values()
    )


def test_declared_types_give_what_the_variable_does_not_say() -> None:
    variables = parse(FMI_2).variables
    temperature = variables["T"]
    assert (temperature.unit, temperature.quantity) == ("K", "T")
    assert (temperature.minimum, temperature.maximum) == (0.0, 400.0)
    assert variables["mode"].items == {"off": 0, "on": 1}
    assert parse(FMI_3).variables["gear"].items == {"R": -1, "N": 0}


def test_units_come_as_powers_of_si_units() -> None:
    units = parse(FMI_2).units
    speed = units["rev/min"]
    assert speed is not None
    assert (speed.exponents, round(speed.factor, 4)) == ({"s": -1, "rad": 1}, 0.1047)
    assert units["lumps"] is None


def test_only_what_may_be_given_from_outside_is_settable() -> None:
    settable = [name for name, variable in parse(FMI_2).variables.items() if variable.is_settable]
    assert settable == ["T", "speed", "n", "quiet", "label", "mode", "x.y[1]"]


def test_an_ability_counts_if_each_way_to_run_the_model_has_it() -> None:
    three = parse(FMI_3)
    assert (three.can_save_state, three.can_serialize_state) == (True, False)


def test_types_of_version_3_are_grouped() -> None:
    types = [variable.type for variable in parse(FMI_3).variables.values()]
    assert types == [
        ValueType.NUMBER, ValueType.INTEGER, ValueType.NUMBER, ValueType.INTEGER,
        ValueType.ENUMERATION, ValueType.TEXT, ValueType.BINARY, ValueType.BOOLEAN,
        ValueType.BOOLEAN, ValueType.NUMBER,
    ]  # fmt: skip


def test_an_archive_a_folder_and_a_bare_description_are_read(tmp_path: Path) -> None:
    archive = read_model_description(write_fmu(tmp_path / "a.fmu", FMI_2))
    folder = tmp_path / "unpacked"
    (folder / "binaries/linux64").mkdir(parents=True)
    (folder / "modelDescription.xml").write_text(FMI_2)
    unpacked = read_model_description(folder)
    bare = read_model_description(folder / "modelDescription.xml")
    assert archive.variables == unpacked.variables == bare.variables
    assert archive.platforms == unpacked.platforms == ("linux64",)
    assert bare.platforms == ()
    assert archive.experiment.stop == 10.5


def test_an_archive_without_a_suffix_is_read(tmp_path: Path) -> None:
    assert read_model_description(write_fmu(tmp_path / "model", FMI_2)).name == "Two"


def described(variable: str = "", **root: str) -> str:
    attributes = {"fmiVersion": "2.0", "modelName": "M", "guid": "g"} | root
    head = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    return (
        f'<fmiModelDescription {head}>\n<CoSimulation modelIdentifier="m"/>\n'
        f"<ModelVariables>\n{variable}\n</ModelVariables></fmiModelDescription>"
    )


REAL_VARIABLE = '<ScalarVariable name="{}" valueReference="0"><Real/></ScalarVariable>'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (described(fmiVersion="1.0"), "m.xml:1:1: FMI 1.0 is not supported"),
        (described(fmiVersion="4.0"), "FMI 4.0 is not supported"),
        ("<html/>", "<html> is no model description"),
        ("<fmiModelDescription/>", "has no attribute 'fmiVersion'"),
        ('<fmiModelDescription fmiVersion="2.0"/>', "neither <CoSimulation> nor <ModelExchange>"),
        (described("<ScalarVariable/>"), "m.xml:4:1: the variable '' has no known type"),
        (described('<ScalarVariable valueReference="0"><Real/></ScalarVariable>'), "'name'"),
        (
            described(
                f"{REAL_VARIABLE.format('x')}\n{REAL_VARIABLE.format('x')}",
            ),
            "the variable 'x' stands in lines 4 and 5",
        ),
        (
            described('<ScalarVariable name="x" causality="inputs"><Real/></ScalarVariable>'),
            "m.xml:4:1: 'inputs' is no causality, perhaps 'input' was meant",
        ),
        (
            described('<ScalarVariable name="x"><Real min="low"/></ScalarVariable>'),
            "min='low' is no number",
        ),
        ("", "m.xml:1:1: this is not valid XML (no element found)"),
        ("<a>", "not valid XML"),
        ("<a></b>", "not valid XML (mismatched tag)"),
        ("<a/><b/>", "not valid XML"),
        ("{}", "not valid XML"),
        (FMI_2[:900], "not valid XML"),
        ("\0" * 100, "not valid XML"),
        (b"\xff\xfe\xfa", "not valid XML"),
        (FMI_2.encode("utf-16")[:-1], "not valid XML"),
        (FMI_2.replace("Two", "Größe").encode("latin-1"), "not valid XML"),
        ('<?xml version="1.0" encoding="rot13"?><a/>', "the encoding 'rot13' is not supported"),
        ('<?xml version="1.0" encoding="shift_jis"?><a/>', "encoding 'shift_jis'"),
        ("<!DOCTYPE a><a/>", "a document type"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "a document type"),
        ('<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>', "a document type"),
        ("<a>&undefined;</a>", "not valid XML (undefined entity)"),
        ("<a>" * 100 + "</a>" * 100, "nested more than 64 levels deep"),
        ("<x:a/>", "not valid XML (unbound prefix)"),
        ('<a b="1" b="2"/>', "not valid XML (duplicate attribute)"),
    ],
)  # fmt: skip
def test_a_description_that_cannot_be_used_is_refused_with_its_place(
    text: str | bytes, words: str
) -> None:
    assert words in refuse(text)


def test_a_billion_laughs_end_at_the_document_type() -> None:
    entities = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(1, 30))
    started = time.monotonic()
    assert "a document type" in refuse(f'<!DOCTYPE a [<!ENTITY l1 "lol">{entities}]><a>&l30;</a>')
    assert time.monotonic() - started < 1


@pytest.mark.heavy
@pytest.mark.parametrize(
    "content",
    [
        b"<a>" + b"<b/>" * 1_000_000 + b"</a>",
        b"<a>" + b"x" * 10_000_000 + b"</a>",
        b"<a " + b"b" * 10_000_000 + b"='1'/>",
        b"<a b='" + b"c" * 10_000_000 + b"'/>",
        b"<a>" + b"<!-- c -->" * 1_000_000 + b"</a>",
        b"<a>" * 3_000_000,
        b"<a " + b" ".join(b"b%d='1'" % n for n in range(500_000)) + b"/>",
    ],
    ids=["elements", "text", "name", "value", "comments", "depth", "attributes"],
)
def test_ten_megabytes_are_refused_in_bounded_time_and_memory(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "m.xml").write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-c", _BOUNDED, str(tmp_path / "m.xml")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.startswith(f"{tmp_path}/m.xml:1:")


_BOUNDED = """
import resource, sys
from pathlib import Path
from twinhub_dtconfig.fmu import FmuError, read_model_description
resource.setrlimit(resource.RLIMIT_AS, (600 * 2**20, 600 * 2**20))
resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
try:
    read_model_description(Path(sys.argv[1]))
except FmuError as error:
    print(error)
"""


def refuse_file(path: Path) -> str:
    with pytest.raises(FmuError) as caught:
        read_model_description(path)
    assert str(path) in caught.value.what
    assert caught.value.remedy
    return caught.value.what


def zip_bomb(path: Path) -> None:
    write_fmu(path, b"<a>" + b" " * 100_000_000)


def lying_bomb(path: Path) -> None:
    """Claim a size of 10 bytes for 50 million."""
    write_fmu(path, b"<a>" + b" " * 50_000_000)
    raw = path.read_bytes()
    path.write_bytes(raw.replace(struct.pack("<L", 50_000_003), struct.pack("<L", 10)))


def many_names(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(40_000):
            archive.writestr(f"resources/{number:0100}", b"")


def twice(path: Path) -> None:
    write_fmu(path, FMI_2)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("modelDescription.xml", FMI_3)


def nested(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tank/modelDescription.xml", FMI_2)


def lzma(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("modelDescription.xml", FMI_2)


def encrypted(path: Path) -> None:
    raw = bytearray(write_fmu(path, FMI_2).read_bytes())
    raw[6] |= 1
    raw[raw.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(raw)


def damaged(path: Path) -> None:
    raw = bytearray(write_fmu(path, FMI_2).read_bytes())
    raw[200] ^= 0xFF
    path.write_bytes(raw)


def wrong_checksum(path: Path) -> None:
    raw = write_fmu(path, FMI_2).read_bytes()
    path.write_bytes(raw.replace(struct.pack("<L", zlib.crc32(FMI_2.encode())), b"\1\2\3\4"))


def cut_off(path: Path) -> None:
    path.write_bytes(write_fmu(path, FMI_2).read_bytes()[:-30])


def huge_directory(path: Path) -> None:
    """Claim that the directory has four thousand million bytes."""
    raw = bytearray(write_fmu(path, FMI_2).read_bytes())
    raw[-10:-6] = b"\xff\xff\xff\xfe"
    path.write_bytes(raw)


def escaping(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../modelDescription.xml", FMI_2)
        archive.writestr("/modelDescription.xml", FMI_2)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.write_bytes(b""), "is no ZIP archive"),
        (lambda path: path.write_bytes(b"PK\3\4"), "is no ZIP archive"),
        (lambda path: path.write_text("<a/>"), "is no ZIP archive"),
        (lambda path: path.write_bytes(b"\x1f\x8b" + b"\0" * 100), "is no ZIP archive"),
        (lambda path: path.symlink_to(path.name), "cannot be opened"),
        (lambda _: None, "does not exist"),
        (cut_off, "is no ZIP archive, or is cut off"),
        (huge_directory, "is no ZIP archive"),
        (zip_bomb, "of 100,000,003 bytes; 33,554,432 are allowed"),
        (lying_bomb, "a damaged modelDescription.xml"),
        (many_names, "has too many files in it"),
        (twice, "holds modelDescription.xml 2 times"),
        (nested, "holds modelDescription.xml in the folder 'tank/', not at its top"),
        (escaping, "in the folder '../', not at its top"),
        (lzma, "in a compression other than 'deflate'"),
        (encrypted, "holds an encrypted modelDescription.xml"),
        (damaged, "a damaged modelDescription.xml"),
        (wrong_checksum, "a damaged modelDescription.xml"),
    ],
)  # fmt: skip
def test_an_archive_that_cannot_be_used_is_refused(
    tmp_path: Path, make: Callable[[Path], object], words: str
) -> None:
    make(tmp_path / "m.fmu")
    started = time.process_time()
    assert words in refuse_file(tmp_path / "m.fmu")
    assert time.process_time() - started < 5


def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "m.fmu")
    assert "is not a regular file" in refuse_file(tmp_path / "m.fmu")


def test_a_folder_without_a_description_is_refused(tmp_path: Path) -> None:
    assert "modelDescription.xml: the file does not exist" in refuse_file(tmp_path)


SMALL = io.BytesIO()
with zipfile.ZipFile(SMALL, "w", zipfile.ZIP_DEFLATED) as _archive:
    _archive.writestr("modelDescription.xml", FMI_3)


@pytest.mark.heavy
@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(SMALL.getvalue()) - 1), st.binary(min_size=1, max_size=4)),
        min_size=1,
        max_size=5,
    )
)
def test_a_changed_archive_is_read_or_refused_but_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, bytes]]
) -> None:
    raw = bytearray(SMALL.getvalue())
    for offset, replacement in changes:
        raw[offset : offset + len(replacement)] = replacement
    path = tmp_path_factory.getbasetemp() / "changed.fmu"
    path.write_bytes(raw)
    with suppress(FmuError):
        read_model_description(path)


@pytest.mark.heavy
@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(FMI_3) - 1),
            st.integers(0, 30),
            st.text("<>&\"'a 1/=!-[]", max_size=4),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_a_changed_description_is_read_or_refused_but_nothing_else(
    changes: list[tuple[int, int, str]],
) -> None:
    text = FMI_3
    for offset, removed, added in changes:
        text = text[:offset] + added + text[offset + removed :]
    with suppress(FmuError):
        parse(text)
