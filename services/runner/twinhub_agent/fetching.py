"""``python3 -I -S fetching.py WANTED``: fetch what a twin uses by its address, before its phase.

``WANTED`` is a JSON list of objects with ``name``, ``url``, ``to`` and, where it is known,
``sha256``. It is done inside the sandbox, so that nothing is reached that the twin itself would not
reach. A file is at its place when all of it is there, with its digest.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CHUNK = 1 << 18
_SECONDS = 60.0
_TOLD_EVERY_SECONDS = 5.0
_MEGA = 1e6


class _NotFetchedError(Exception):
    """It cannot be had, or is not what it is to be; the text says so."""


def main(arguments: list[str]) -> int:
    """Fetch all; return the status to end with."""
    for wanted in json.loads(arguments[0]):
        if os.path.exists(wanted["to"]):
            continue  # a step before the phase has brought it
        where = f"{wanted['name']}: {wanted['url']}"
        try:
            size, digest = _fetch(wanted, where)
        except _NotFetchedError as error:
            sys.stderr.write(f"{where}: {error}\n")
            return 1
        sys.stdout.write(f"{where}: {size} bytes, sha256 {digest}\n")
    return 0


def _fetch(wanted: dict[str, Any], where: str) -> tuple[int, str]:
    """Bring one file to its place; return its size and its digest."""
    new = f"{wanted['to']}.new"
    os.makedirs(os.path.dirname(new), exist_ok=True)
    try:
        with _opener().open(wanted["url"], timeout=_SECONDS) as answer, open(new, "wb") as file:
            size, digest = _copy(answer, file, where)
    except urllib.error.HTTPError as error:
        raise _NotFetchedError(f"{error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise _NotFetchedError(f"{error.reason}: the network of runs may not reach it") from error
    except (OSError, ValueError) as error:
        raise _NotFetchedError(str(error)) from error
    if wanted.get("sha256") and digest != wanted["sha256"]:
        os.unlink(new)
        raise _NotFetchedError(f"its sha256 is {digest}, not {wanted['sha256']}: it has changed")
    os.replace(new, wanted["to"])
    return size, digest


def _copy(answer: Any, file: Any, where: str) -> tuple[int, str]:  # noqa: ANN401 - files
    total = answer.headers.get("Content-Length")
    digest, size, told = hashlib.sha256(), 0, time.monotonic()
    while chunk := answer.read(_CHUNK):
        file.write(chunk)
        digest.update(chunk)
        size += len(chunk)
        if time.monotonic() - told > _TOLD_EVERY_SECONDS:
            told = time.monotonic()
            of = f" of {int(total) / _MEGA:.0f}" if total else ""
            sys.stdout.write(f"{where}: {size / _MEGA:.0f}{of} MB\n")
            sys.stdout.flush()
    if total is not None and size != int(total):
        raise _NotFetchedError(f"only {size} of {total} bytes came")
    return size, digest.hexdigest()


def _opener() -> urllib.request.OpenerDirector:
    """Return what opens addresses of the web alone, whatever it is led on to."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(), urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(), urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(), urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.UnknownHandler(),
    ):  # fmt: skip
        opener.add_handler(handler)
    return opener


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
