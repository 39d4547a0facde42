"""What the agent needs of ``json``, ``signal``, ``contextlib`` and ``ctypes``, and nothing more.

They bring ``re``, ``enum`` and ``collections`` along, which take as long as all else of a start.
The accelerators that they stand on are CPython's own, the same from 3.9 on.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as signal  # noqa: PLC0414 - for others
    from types import TracebackType
    from typing import Any
else:
    import _signal as signal

__all__ = ["call", "dump", "load", "name_of_signal", "signal", "suppress"]

_WORDS = {None: "null", True: "true", False: "false"}


class suppress:  # noqa: N801 - as in contextlib
    """Leaves a block without a word when one of some errors is raised in it."""

    def __init__(self, *errors: type[BaseException]) -> None:
        """Take the errors."""
        self._errors = errors

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Return whether the error is one of them."""
        return kind is not None and issubclass(kind, self._errors)


class _Plain:
    """How JSON is read: as the standard library does without being told anything."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float, parse_int, parse_constant = float, int, float


def call(function: str, *numbers: int) -> int:
    """Return what a function of the C library does.

    Raises:
        ImportError: this interpreter calls none.
    """
    from _ctypes import call_function, dlopen, dlsym  # noqa: PLC0415 - most have no use for it

    own = dlopen(None, 0)  # type: ignore[arg-type]  # this program: not only files have names
    return int(call_function(dlsym(own, function), numbers))


def load(path: str) -> Any:  # noqa: ANN401 - JSON
    """Return what a file of JSON holds, which the runner has written.

    Raises:
        ValueError: it holds something else.
    """
    with open(path, encoding="utf-8") as file:
        text = file.read().strip()
    try:
        from _json import make_scanner  # noqa: PLC0415 - another interpreter may have none
    except ImportError:
        import json  # noqa: PLC0415 - only then

        return json.loads(text)
    try:
        return make_scanner(_Plain)(text, 0)[0]  # type: ignore[arg-type]  # all that it looks at
    except StopIteration:
        raise ValueError(f"{path} is no JSON") from None


def dump(content: object) -> str:
    """Return JSON of texts, numbers, truth values, and lists and dictionaries of these."""
    if isinstance(content, dict):
        return "{" + ",".join(f"{dump(key)}:{dump(one)}" for key, one in content.items()) + "}"
    if isinstance(content, (list, tuple)):
        return "[" + ",".join(map(dump, content)) + "]"
    if content is None or isinstance(content, bool):
        return _WORDS[content]
    if isinstance(content, (int, float)):
        return repr(content)
    return _quoted(str(content))


def name_of_signal(number: int) -> str:
    """Return what a signal is called; empty where it is none that has a name."""
    names = (name for name in dir(signal) if name.startswith("SIG") and name[3:4].isalpha())
    return next((name for name in names if getattr(signal, name) == number), "")


def _quoted(text: str) -> str:
    try:
        from _json import encode_basestring_ascii  # noqa: PLC0415 - see load
    except ImportError:
        import json  # noqa: PLC0415 - see load

        return json.dumps(text)
    return str(encode_basestring_ascii(text))
