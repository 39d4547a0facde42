"""How the body of a `create` is read and checked, whatever it is to make.

Docker reads JSON more generously than most (keys in any case, the last of two alike wins), so what
it gets is never what was sent: each key is one that a check was made for, spelt as there, once.
"""

from __future__ import annotations

import ipaddress
import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

from twinhub_hub.broker.policy import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    Check = Callable[[Any], bool]

_LEAST_MEMORY = 2**22
_CPU_PERIOD = 100_000
HOST_LABEL = re.compile(r"[a-z0-9-]{1,63}")
VARIABLE = re.compile(r"[^=\0]+=[^\0]*", re.DOTALL)
_SHOWN = 80
_MANY, _LONG = 512, 32_768
_LEAST_QUOTA = 1_000


def parse_object(body: bytes) -> dict[str, Any]:
    """Return the object that a body is.

    Raises:
        RefusedError: it is none, or one that readers of JSON differ on.
    """
    try:
        sent = json.loads(
            body.decode("utf-8"), object_pairs_hook=_without_twins, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError) as error:
        raise RefusedError("the body is no JSON that the broker reads") from error
    if not isinstance(sent, dict):
        raise RefusedError("the body is no JSON object")
    return sent


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RefusedError("a key stands twice in one object")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise RefusedError(f"{name} is no JSON")


def check_keys(
    sent: Mapping[str, Any], checks: Mapping[str, Check], where: str, required: Collection[str]
) -> dict[str, Any]:
    """Return the keys that have a value; null is what clients send for keys that they leave out.

    Raises:
        RefusedError: a key without a check, a value that fails its check, or none where one has to
            be.
    """
    for key, value in sent.items():
        if key not in checks:
            raise RefusedError(f"{where}{_show(key)} is not allowed")
        if value is not None and not checks[key](value):
            raise RefusedError(f"{where}{key} cannot be {_show(value)}")
    found = {key: value for key, value in sent.items() if value is not None}
    for key in checks:
        if key in required and key not in found:
            raise RefusedError(f"{where}{key} is missing")
    return found


def check_no_swap(host: Mapping[str, Any]) -> None:
    """Refuse limits with which there would be swap.

    Raises:
        RefusedError: they are not the same.
    """
    if host["MemorySwap"] != host["Memory"]:
        raise RefusedError("HostConfig.MemorySwap is not HostConfig.Memory, so there would be swap")


def limit_checks(memory: int, cpus: float, processes: int) -> Mapping[str, Check]:
    """Return the checks of what a container may use at most."""
    return {
        "Memory": between(_LEAST_MEMORY, memory),
        "MemorySwap": between(_LEAST_MEMORY, memory),
        "CpuPeriod": between(_CPU_PERIOD, _CPU_PERIOD),
        "CpuQuota": between(_LEAST_QUOTA, max(_LEAST_QUOTA, int(cpus * _CPU_PERIOD))),
        "PidsLimit": between(1, processes),
    }


def one_of(allowed: Iterable[object]) -> Check:
    """Return the check for one of some values, with its type."""
    values = list(allowed)  # compared with their types: in Python 1 equals True, in Go it does not
    return lambda value: any(type(value) is type(one) and value == one for one in values)


def between(least: int, most: int) -> Check:
    """Return the check for a whole number in a range."""
    return lambda value: type(value) is int and least <= value <= most


def each(check: Check) -> Check:
    """Return the check for a list of what passes another check."""
    return lambda value: isinstance(value, list) and len(value) <= _MANY and all(map(check, value))


def matches(pattern: re.Pattern[str]) -> Check:
    """Return the check for text of a form."""
    return lambda value: is_text(value) and pattern.fullmatch(value) is not None


def keys_of(check: Check) -> Check:
    """Return the check for an object with such keys and nothing in them."""
    return lambda value: (
        isinstance(value, dict)
        and all(check(key) and (one is None or is_empty(one)) for key, one in value.items())
    )


def is_text(value: object) -> bool:
    """Return whether it is a text that Python and Go write alike: no NUL, no half of a pair."""
    if not isinstance(value, str) or len(value) > _LONG or "\0" in value:
        return False
    return not any("\ud800" <= character <= "\udfff" for character in value)


def is_flag(value: object) -> bool:
    """Return whether it is true or false."""
    return isinstance(value, bool)


def is_empty(value: object) -> bool:
    """Return whether it is a list or an object with nothing in it."""
    return isinstance(value, (list, dict)) and not value


def is_address(value: object) -> bool:
    """Return whether it is an address of IP."""
    try:
        return isinstance(value, str) and bool(ipaddress.ip_address(value))
    except ValueError:
        return False


def never(value: object) -> bool:
    """Return false, whatever it is."""
    return False


def _show(value: object) -> str:
    text = value if isinstance(value, str) and value.isalnum() else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
