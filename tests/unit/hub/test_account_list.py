"""Lists of accounts: each fault has its line and a remedy, and shows no password."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twinhub_hub.account_list import parse_account_list
from twinhub_hub.native_accounts import WantedAccount
from twinhub_hub.operate.errors import AccountListError

SECRET = "correct horse"


def faults_of(content: bytes | str) -> list[str]:
    raw = content if isinstance(content, bytes) else content.encode()
    with pytest.raises(AccountListError) as caught:
        parse_account_list(raw, "c.csv")
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    "content",
    [
        f"name,role,password\nAda,admin,\nbob,user,{SECRET}\n",
        f"\ufeffname;role;password\r\nAda;admin;\r\n\r\nbob;user;{SECRET}\r\n",
        f'Password, Role ,NAME\n,admin, ada\n"{SECRET}",user,"bob"',
    ],
)
def test_what_spreadsheets_write_is_read(content: str) -> None:
    assert parse_account_list(content.encode(), "c.csv") == [
        WantedAccount("ada", "admin"),
        WantedAccount("bob", "user", SECRET),
    ]


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        ("", 1, "write name,role"),
        ("name,role\n", 1, "holds no account"),
        ("name\nada\n", 1, "write name,role"),
        ("name,role,mail\nada,user,x\n", 1, "write name,role"),
        ("name,role,name\nada,user,x\n", 1, "write name,role"),
        ("ada,user\n", 1, "write name,role"),
        ("name,role\nada,user\n,user\n", 3, "correct the name"),
        ("name,role\nhub,user\n", 2, "reserved"),
        ("name,role\na/b,user\n", 2, "slash"),
        ("name,role\nada,root\n", 2, "write admin, instructor, user"),
        ("name,role\nada\n", 2, "is no role"),
        ("name,role\nada,user,x\n", 2, "more cells"),
        ("name,role\nada,user\nADA,user\n", 3, "is on line 2 already"),
        ("name,role,password\nada,user,short\n", 2, "give 12 to 1024"),
        (f"name,role,password\nada,user,{'x' * 1025}\n", 2, "give 12 to 1024"),
        ('name,role\nada,"user\n', 2, "mend the quotes"),
        (b"name,role\nada,user\n\xe9va,user\n", 3, "is not UTF-8"),
    ],
)
def test_a_fault_is_named_with_its_line_and_a_remedy(
    content: bytes | str, line: int, what: str
) -> None:
    (fault,) = faults_of(content)
    assert fault.startswith(f"c.csv:{line}: ")
    assert what in fault


def test_all_faults_are_named_at_once_and_no_password() -> None:
    text = f"name,role,password\nhub,user,{SECRET}\nada,boss,{SECRET}\nbob,user,x{SECRET[:9]}\n"
    faults = faults_of(text)
    assert [fault.split(": ")[0] for fault in faults] == ["c.csv:2", "c.csv:3", "c.csv:4"]
    assert SECRET[:9] not in "".join(faults)


def test_thousands_of_faults_are_cut_short() -> None:
    faults = faults_of("name,role\n" + "hub,user\n" * 5000)
    assert len(faults) < 60
    assert faults[-1] == "and 4950 more"


CELLS = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=30)


def read(content: bytes) -> list[str]:
    """The names in a list; none if it is refused, in lines that say where."""
    try:
        return [account.name for account in parse_account_list(content, "c.csv")]
    except AccountListError as error:
        said = str(error).splitlines()
    assert said
    assert all(re.match(r"c\.csv:[0-9]+: ", line) for line in said)
    return []


@given(st.lists(CELLS, min_size=1, max_size=20))
def test_any_table_is_read_whole_or_refused_with_a_line(names: list[str]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([("name", "role"), *((name, "user") for name in names)])
    assert read(text.getvalue().encode()) in ([], [name.lower() for name in names])


@given(st.binary(max_size=200))
def test_no_bytes_do_anything_but_be_refused_or_read(content: bytes) -> None:
    read(content)
    read(b"name,role\n" + content)
