"""Kinds of values in ``twinhub.yaml``: sizes, names, paths, and how they are checked."""

from __future__ import annotations

import ipaddress
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema
from twinhub_dtconfig.values import RefusalError, format_size, parse_size

if TYPE_CHECKING:
    from collections.abc import Sequence

Role = Literal["admin", "instructor", "user"]
"""What an account may do."""


def _has_only_visible_characters(value: str) -> str:
    for character in value:
        if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
            raise RefusalError(
                f"the invisible character U+{ord(character):04X} is not allowed", "remove it"
            )
    return value


def is_address(text: str) -> bool:
    """Return whether the text is an IP address and no name."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_loopback(address: str) -> bool:
    """Return whether only this host reaches an IP address."""
    return ipaddress.ip_address(address).is_loopback


def _check_address(value: str) -> str:
    if not is_address(value):
        raise RefusalError("that is no IP address", "write one such as 192.0.2.10")
    return str(ipaddress.ip_address(value))


def _check_path(value: Path) -> Path:
    _has_only_visible_characters(str(value))
    if value == Path():
        raise RefusalError("the path is empty", "name a file or folder")
    if value.parts[0].startswith("~"):
        raise RefusalError("a path cannot begin with '~'", "write it in full")
    return value


def check_differ(values: Sequence[str], what: str, *path: str) -> None:
    """Refuse the first value that equals an earlier one but for case.

    Raises:
        RefusalError: it is at its index and then the given path.
    """
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value.casefold() in seen:
            raise RefusalError(f"two {what} {value!r}", "rename or remove one", index, *path)
        seen.add(value.casefold())


Bytes = Annotated[
    int,
    BeforeValidator(parse_size),
    PlainSerializer(format_size, when_used="json"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1},
                {
                    "type": "string",
                    "pattern": r"^\s*\d{1,15}(\.\d{1,6})?\s*[KMGTkmgt]?([iI]?[bB])?\s*$",
                },
            ]
        }
    ),
]
Line = Annotated[str, AfterValidator(_has_only_visible_characters)]
FilePath = Annotated[Path, AfterValidator(_check_path)]
IpAddress = Annotated[str, AfterValidator(_check_address)]
DomainName = Annotated[
    str,
    Field(
        max_length=200,  # leaves room for a user's label in front: a host name has 253 at most
        pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$",
    ),
]
WebAddress = Annotated[
    str,
    Field(
        max_length=500,
        pattern=r"^https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*$",
    ),
]
ImageName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._/:@-]{0,254}$")]
GroupPath = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_.-]+)*$")]
