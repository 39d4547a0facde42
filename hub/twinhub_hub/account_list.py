"""A list of accounts as a table in a CSV file: from its text to accounts, or to all its faults."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, cast, get_args

from twinhub_api import names

from twinhub_hub.native_accounts import WantedAccount, account_name
from twinhub_hub.operate.errors import AccountListError
from twinhub_hub.settings.values import Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 1024
"""How long a password in a list may be, in characters."""

_ROLES: tuple[str, ...] = get_args(Role)
_COLUMNS = ("name", "role", "password")
_NEEDED = {"name", "role"}
_SHOWN = 40


def parse_account_list(content: bytes, file: str) -> list[WantedAccount]:
    """Return the accounts of a list; commas or semicolons separate, as spreadsheets write them.

    Raises:
        AccountListError: with every fault as ``file:line: what; remedy``. No password is shown.
    """
    faults: list[str] = []
    found: dict[str, tuple[int, WantedAccount]] = {}
    for line, row in _rows(_decode(content, file), file):
        what = _fault(row) or _clash(row, found)
        if what:
            faults.append(f"{file}:{line}: {what}")
            continue
        name, role = account_name(row["name"]), cast("Role", row["role"])
        found[name] = line, WantedAccount(name, role, row.get("password", ""))
    if not found and not faults:
        faults.append(f"{file}:1: holds no account; write one on each line below the first")
    if faults:
        raise AccountListError(faults)
    return [account for _, account in found.values()]


def _decode(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise AccountListError([f"{file}:{line}: is not UTF-8; save it as CSV UTF-8"]) from error


def _rows(text: str, file: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield each row with its line; cells by the column's name, without spaces around names."""
    first = text.partition("\n")[0]
    delimiter = ";" if ";" in first and "," not in first else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = [cell.strip().lower() for cell in next(reader, [])]
        _check_columns(columns, file)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, _row(columns, cells)
    except csv.Error as error:
        raise AccountListError(
            [f"{file}:{reader.line_num}: is no CSV ({error}); mend the quotes of that line"]
        ) from error


def _check_columns(columns: Sequence[str], file: str) -> None:
    is_known = set(columns) <= set(_COLUMNS) and len(columns) == len(set(columns))
    if not is_known or not set(columns) >= _NEEDED:
        raise AccountListError(
            [f"{file}:1: is not the names of the columns; write name,role or name,role,password"]
        )


def _row(columns: Sequence[str], cells: Sequence[str]) -> Mapping[str, str]:
    row = dict(zip(columns, cells, strict=False))
    row["name"], row["role"] = row.get("name", "").strip(), row.get("role", "").strip()
    if len(cells) > len(columns):
        row["more"] = ""
    return row


def _fault(row: Mapping[str, str]) -> str:
    """Return what is wrong with a row by itself and the remedy, or nothing."""
    try:
        names.check_user_name(row["name"])
    except ValueError as error:
        return f"{error}; correct the name"
    if row["role"] not in _ROLES:
        return f"{row['role'][:_SHOWN]!r} is no role; write {', '.join(_ROLES)}"
    if "more" in row:
        return "has more cells than the first line; put quotes around a cell with a separator"
    length = len(row.get("password", ""))
    if length and not SHORTEST_PASSWORD <= length <= LONGEST_PASSWORD:
        return (
            f"the password has {length} characters; give {SHORTEST_PASSWORD} to "
            f"{LONGEST_PASSWORD}, or none for a generated one"
        )
    return ""


def _clash(row: Mapping[str, str], found: Mapping[str, tuple[int, WantedAccount]]) -> str:
    name = account_name(row["name"])
    if name not in found:
        return ""
    return f"{name!r} is on line {found[name][0]} already; remove one of them"
