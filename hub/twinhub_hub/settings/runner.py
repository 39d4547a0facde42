"""The runner in ``twinhub.yaml``: how many runs at once, and what each may use."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator
from twinhub_dtconfig.sections import Section

from twinhub_hub.settings.values import Bytes, GroupPath, check_differ

_MOST_RUNS = 100_000


class GroupRuns(Section):
    """How many runs of a group's members may be under way at once."""

    name: GroupPath = Field(
        description="The group, as the hub's admin panel shows it.", examples=["org/twins/course"]
    )
    limit: int = Field(ge=0, le=_MOST_RUNS, description="Of all members together.", examples=[30])


Pattern = Annotated[str, Field(pattern=r"^[a-z0-9*?.+-]{1,100}$")]


class Environments(Section):
    """The software of twins, which is built when their `environment` asks for some."""

    python: tuple[Pattern, ...] = Field(
        ("*",),
        max_length=1000,
        description="Names of Python packages that twins may have, small and with hyphens; `*` and"
        " `?` stand for others. Empty for none but those of the image.",
        examples=[["numpy", "fmpy", "pandas*"]],
    )
    system: tuple[Pattern, ...] = Field(
        ("*",),
        max_length=1000,
        description="The same of Debian packages. In process mode the machine has to have them.",
        examples=[["libgomp1", "graphviz"]],
    )
    compile: bool = Field(
        default=False,
        description="Whether a Python package may be one that is built when it is installed, which"
        " runs its author's code. It has the network of builds, whatever `egress` says.",
    )
    minutes: float = Field(30, gt=0, le=1440, description="How long a build may take.")
    memory: Bytes = Field(
        4 * 2**30, ge=64 * 2**20, le=2**50, description="Memory limit of a build, such as `4G`."
    )
    cpus: float = Field(2.0, gt=0, le=1024, description="CPU limit of a build, in cores.")
    keep_days: float = Field(
        30, gt=0, le=36_500, description="How long what is built is kept after its last use."
    )


class Runner(Section):
    """The runner: runs of twins, beside the workspaces. More runs than may be wait in a queue."""

    each_user: int | None = Field(
        4,
        ge=1,
        le=_MOST_RUNS,
        description="How many runs of one person may be under way at once; empty for no limit.",
    )
    all: int | None = Field(
        20,
        ge=1,
        le=_MOST_RUNS,
        description="How many runs may be under way at once in all; empty for no limit.",
    )
    groups: tuple[GroupRuns, ...] = Field((), description="Limits for some groups as well.")
    wait_hours: float | None = Field(
        168,
        gt=0,
        le=87_600,
        description="How long a run may wait for its turn, until it has failed; empty for no limit."
        " What it waits for an earlier phase or its software does not count.",
    )
    memory: Bytes = Field(
        4 * 2**30,
        ge=64 * 2**20,
        le=2**50,
        description="Memory limit of each run, such as `4G`; at least `64M`.",
    )
    cpus: float = Field(
        2.0, gt=0, le=1024, description="CPU limit of each run, in cores. Not in process mode."
    )
    processes: int = Field(
        1024,
        ge=64,
        le=1_000_000,
        description="Limit of processes and threads of each run.",
    )
    disk: Bytes | None = Field(
        20 * 2**30,
        ge=2**20,
        le=2**60,
        description="How much each run may write into its log and its working copy; empty for no"
        " limit. Runs in place write into their owner's area, see `library.quota`.",
    )
    least_free: Bytes = Field(
        2**30,
        ge=0,
        le=2**60,
        description="Room on the disk of the assets below which a run begins only when somebody"
        " says so, and one that writes is paused; `0` for no such limit.",
    )
    keep_days: float | None = Field(
        None,
        gt=0,
        le=36_500,
        description="How long log and results of a run are kept after its end, and the working copy"
        " of a twin after its last run; empty for ever.",
    )
    hours: float = Field(
        24,
        gt=0,
        le=87_600,
        description="How long a phase may take that is not live and sets no limit itself.",
    )

    environments: Environments = Field(
        Environments(), description="The software of twins: what it may be, and its builds."
    )

    @field_validator("groups")
    @classmethod
    def _names_differ(cls, value: tuple[GroupRuns, ...]) -> tuple[GroupRuns, ...]:
        check_differ([one.name for one in value], "limits are for", "name")
        return value
