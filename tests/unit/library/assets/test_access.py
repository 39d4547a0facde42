"""Who may do what where: one table of roles, areas and actions."""

from __future__ import annotations

import pytest
from twinhub_api.names import label_for
from twinhub_api.scopes import ADMIN, INSTRUCT, USE_LIBRARY
from twinhub_dtconfig.references import Area as AreaKind
from twinhub_kit.callers import Caller
from twinhub_library.access import may_read, may_switch, may_write, readable_areas
from twinhub_library.areas import THE_COMMON_AREA, Area

LAB = "TU Lab"
"""A group whose label is not its name."""

_USE = frozenset({USE_LIBRARY})
ROLES = {
    "owner": Caller("alice", scopes=_USE),
    "other": Caller("bob", scopes=_USE),
    "member": Caller("mia", frozenset({LAB, "off"}), _USE),
    "instructor": Caller("ida", frozenset({"others"}), _USE | {INSTRUCT}),
    "teacher": Caller("tom", frozenset({LAB, "off"}), _USE | {INSTRUCT}),
    "admin": Caller("root", scopes=_USE | {ADMIN}),
}
AREAS = {
    "alice's": Area(AreaKind.PRIVATE, "alice"),
    "team": Area(AreaKind.TEAM, label_for(LAB)),
    "team off": Area(AreaKind.TEAM, "off"),
    "common": THE_COMMON_AREA,
}
ON = [label_for(LAB), "others"]

TABLE = """
role        alice's  team  team-off  common
owner       rw       -     -         r
other       -        -     -         r
member      -        rw    -         r
instructor  -        -     -         r
teacher     -        rw    -         r
admin       -        -     -         r
"""

_, *_ROWS = (line.split() for line in TABLE.strip().splitlines())
CASES = [
    (role, area, rights) for role, *row in _ROWS for area, rights in zip(AREAS, row, strict=True)
]


def test_the_table_has_every_role() -> None:
    assert [row[0] for row in _ROWS] == list(ROLES)


@pytest.mark.d4(14)
@pytest.mark.d4(24)
@pytest.mark.parametrize(("role", "area", "rights"), CASES)
def test_reading_and_writing_are_as_the_table_says(role: str, area: str, rights: str) -> None:
    assert may_read(ROLES[role], AREAS[area], ON) is ("r" in rights)
    assert may_write(ROLES[role], AREAS[area], ON) is ("w" in rights)
    assert (AREAS[area] in readable_areas(ROLES[role], ON)) is ("r" in rights)


@pytest.mark.parametrize(
    ("role", "group", "may"),
    [
        ("owner", LAB, False), ("other", LAB, False), ("member", LAB, False),
        ("instructor", LAB, False), ("instructor", "others", True), ("teacher", LAB, True),
        ("teacher", "off", True), ("teacher", "others", False), ("admin", LAB, True),
        ("admin", "anything", True),
    ],
)  # fmt: skip
def test_switching_is_for_admins_and_instructors_of_the_group(
    role: str,
    group: str,
    may: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert may_switch(ROLES[role], group) is may


def test_a_label_gives_no_right_that_its_group_does_not() -> None:
    stranger = Caller("eve", frozenset({"tu lab", "TU-Lab", "tu-lab"}), _USE)
    assert not may_read(stranger, AREAS["team"], ON)
    twin = Caller(label_for("alice") + "x", scopes=_USE)
    assert not may_read(twin, AREAS["alice's"], ON)


def test_own_assets_come_first_and_common_ones_last() -> None:
    areas = readable_areas(ROLES["member"], ["off", *ON])
    assert [str(area) for area in areas] == [
        "mia",
        "teams/off",
        f"teams/{label_for(LAB)}",
        "common",
    ]


def test_a_server_without_a_login_lets_everybody_read_everything() -> None:
    everybody = Caller("anybody", scopes=_USE, is_everybody=True, others=frozenset({"alice"}))
    assert all(may_read(everybody, area, ON) for area in AREAS.values())
    written = {name for name, area in AREAS.items() if may_write(everybody, area, ON)}
    assert written == {"alice's", "team", "team off"}
    areas = [str(area) for area in readable_areas(everybody, ON)]
    assert sorted(areas) == sorted(["anybody", "alice", *(f"teams/{one}" for one in ON), "common"])
