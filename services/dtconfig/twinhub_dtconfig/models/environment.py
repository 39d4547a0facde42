"""The software that a twin needs, what is built before it runs, and how much it may use."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from twinhub_dtconfig.models.block import Block, Name, Number, VariableName
from twinhub_dtconfig.models.text import Command, SecretText, Text
from twinhub_dtconfig.values import Duration, RelativePath, Size

_REQUIREMENT = r"^[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9._, -]+\])?\s*([<>=!~ ].*)?$"
_DEBIAN = r"^[a-z0-9][a-z0-9+.-]+(=[A-Za-z0-9.+:~-]+)?$"
_CLASS = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"

Requirement = Annotated[str, Field(max_length=200, pattern=_REQUIREMENT)]
DebianPackage = Annotated[str, Field(max_length=120, pattern=_DEBIAN)]
Class = Annotated[str, Field(pattern=_CLASS)]
Toolchain = Literal[
    "c", "cmake", "fortran", "rust", "go", "node", "maven", "gradle", "openmodelica", "julia"
]
Paths = Annotated[tuple[RelativePath, ...], Field(max_length=1000)]


class Environment(Block):
    """The software of all phases, resolved once and kept by its content."""

    AT_MOST_ONE_OF: ClassVar[tuple[str, ...]] = ("packages", "requirements")

    image: Class | None = Field(
        None, description="An image that the site offers for runs.", examples=["run"]
    )
    python: Annotated[str, Field(pattern=r"^3\.[0-9]{1,2}$")] | None = Field(
        None, description="The version of Python, in quotes.", examples=["3.11"]
    )
    packages: Annotated[tuple[Requirement, ...], Field(max_length=500)] | None = Field(
        None, description="Python packages, as pip names them.", examples=[["numpy>=2", "fmpy"]]
    )
    requirements: RelativePath | None = Field(
        None,
        description="A file of Python packages, best with hashes, in place of `packages`.",
        examples=["requirements.txt"],
    )
    system: Annotated[tuple[DebianPackage, ...], Field(max_length=200)] = Field(
        (), description="Debian packages.", examples=[["libgomp1"]]
    )
    java: Annotated[int, Field(ge=8, le=99)] | None = Field(
        None, description="The version of the Java development kit.", examples=[17]
    )
    toolchains: tuple[Toolchain, ...] = Field(
        (), description="Compilers and build tools.", examples=[["c", "cmake"]]
    )


class BuildStep(Block):
    """Makes files of files; runs again only when an input has changed."""

    SHORT: ClassVar[str | None] = None

    command: Command = Field(description="What is run.", examples=["make -C src"])
    folder: RelativePath = Field(".", description="The folder that it runs in.", examples=["src"])
    inputs: Paths = Field(
        description="Files and patterns of files that it reads.",
        examples=[["src/**"]],
        min_length=1,
    )
    outputs: Paths = Field(
        description="Files and patterns of files that it makes.",
        examples=[["controller.fmu"]],
        min_length=1,
    )
    after: tuple[Name, ...] = Field(
        (), description="Steps that come before it.", examples=[["model"]]
    )
    time_limit: Duration | None = Field(None, description="How long it may take.", examples=["10m"])


class Resources(Block):
    """How much a run may use; the site grants it or says what it grants at most."""

    cpu: Annotated[Number, Field(gt=0, le=4096)] | None = Field(
        None, description="Cores.", examples=[2]
    )
    memory: Size | None = Field(None, description="Memory.", examples=["4G"])
    disk: Size | None = Field(None, description="Space for what a run writes.", examples=["10G"])
    gpu: Annotated[int, Field(ge=0, le=64)] = Field(0, description="GPUs.", examples=[1])
    devices: tuple[Class, ...] = Field(
        (),
        description="Classes of devices of the host, as the site names them.",
        examples=[["serial"]],
    )
    licences: tuple[Class, ...] = Field(
        (), description="Licence servers, as the site names them.", examples=[["matlab"]]
    )


class File(Block):
    """A file that is made before each phase; one with a secret in it is kept in memory only."""

    ONE_OF: ClassVar[tuple[str, ...]] = ("render", "text")

    render: RelativePath | None = Field(
        None,
        description="A template in the twin's folder; its `${…}` are put in.",
        examples=["templates/broker.conf"],
    )
    text: SecretText | None = Field(
        None, description="The text itself.", examples=["power: ${parameters.power_limit}\n"]
    )
    to: RelativePath = Field(description="Where it is put.", examples=["config/broker.conf"])
    executable: bool = Field(default=False, description="Whether it is a program.")


Variables = dict[VariableName, Text]
"""Environment variables."""
