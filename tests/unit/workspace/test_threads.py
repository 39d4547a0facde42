"""Threads: as many as the workspace may use, and what somebody has set stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.workspace.shell import run_part

if TYPE_CHECKING:
    from pathlib import Path

SHOWN = "set_threads; echo $OMP_NUM_THREADS"
HOST = "0-63"


@pytest.fixture
def groups(tmp_path: Path) -> Path:
    """A folder of control groups, of neither version yet."""
    (tmp_path / "status").write_text(f"Name:\tsh\nCpus_allowed_list:\t{HOST}\n")
    return tmp_path


def threads(groups: Path, **variables: str) -> str:
    places = {"TWINHUB_CGROUPS": str(groups), "TWINHUB_STATUS": str(groups / "status")}
    return run_part("threads.sh", SHOWN, {**places, **variables})[0].strip()


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({"cpu.max": "200000 100000"}, "2", id="v2 quota"),
        pytest.param({"cpu.max": "150000 100000"}, "2", id="v2 one and a half"),
        pytest.param({"cpu.max": "20000 100000"}, "1", id="v2 a fifth of a core"),
        pytest.param({"cpu.max": "max 100000"}, "64", id="v2 without a quota"),
        pytest.param({"cpuset.cpus.effective": "0-3,8,10-11"}, "7", id="v2 cores"),
        pytest.param(
            {"cpu.max": "800000 100000", "cpuset.cpus.effective": "0-2"}, "3", id="v2 the smaller"
        ),
        pytest.param(
            {"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"}, "3", id="v1"
        ),
        pytest.param(
            {"cpu,cpuacct/cpu.cfs_quota_us": "50000", "cpu,cpuacct/cpu.cfs_period_us": "25000"},
            "2",
            id="v1 under the other name",
        ),
        pytest.param(
            {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, "64", id="v1 none"
        ),
        pytest.param({"cpuset/cpuset.effective_cpus": "1,3"}, "2", id="v1 cores"),
        pytest.param({"cpu.max": "", "cpuset.cpus.effective": "x-y,$(id)"}, "64", id="nonsense"),
        pytest.param({"cpu.max": "9" * 40 + " 0"}, "64", id="numbers that are none"),
        pytest.param({}, "64", id="neither"),
    ],
)
def test_threads_are_the_cores_that_may_be_used(
    groups: Path, files: dict[str, str], expected: str
) -> None:
    for name, content in files.items():
        (groups / name).parent.mkdir(exist_ok=True)
        (groups / name).write_text(content + "\n")
    assert threads(groups) == expected


@pytest.mark.parametrize(
    ("limit", "expected"), [("1.5", "2"), ("2", "2"), ("2.0", "2"), ("", "64")]
)
def test_the_hubs_limit_counts_where_no_control_group_says_it(
    groups: Path, limit: str, expected: str
) -> None:
    assert threads(groups, CPU_LIMIT=limit) == expected


@pytest.mark.parametrize(("setting", "expected"), [("3", "3"), ("auto", "64"), ("", "64")])
def test_max_num_threads_is_a_number_or_auto(groups: Path, setting: str, expected: str) -> None:
    assert threads(groups, MAX_NUM_THREADS=setting) == expected


@pytest.mark.parametrize("setting", ["0", "-1", "many", "1.5", "3; id", "99999"])
def test_another_max_num_threads_is_told_and_taken_as_auto(groups: Path, setting: str) -> None:
    variables = {"TWINHUB_STATUS": str(groups / "status"), "TWINHUB_CGROUPS": str(groups)}
    out, told = run_part("threads.sh", SHOWN, {**variables, "MAX_NUM_THREADS": setting})
    assert out.strip() == "64"
    assert "MAX_NUM_THREADS" in told


def test_what_is_set_for_a_library_stays(groups: Path) -> None:
    command = "set_threads; echo $OMP_NUM_THREADS $MKL_NUM_THREADS $JULIA_NUM_THREADS"
    variables = {"TWINHUB_STATUS": str(groups / "status"), "TWINHUB_CGROUPS": str(groups)}
    own = {"MKL_NUM_THREADS": "5", "MAX_NUM_THREADS": "2"}
    assert run_part("threads.sh", command, {**variables, **own})[0].split() == ["2", "5", "2"]
