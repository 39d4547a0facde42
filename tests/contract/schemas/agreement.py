"""Whether the loader of ``twin.yaml`` and its schema say the same of a file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator, ValidationError  # type: ignore[import-untyped]
from jsonschema.validators import extend  # type: ignore[import-untyped]
from twinhub_dtconfig.catalogue import rule_of
from twinhub_dtconfig.documents import dump_document, parse_document
from twinhub_dtconfig.loading import TwinError, parse_twin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_dtconfig.documents import Data
    from twinhub_dtconfig.faults import Fault

CHECKOUT = Path(__file__).parents[3]
SCHEMA = CHECKOUT / "config" / "schemas" / "twin.schema.json"
_FULL = Path(__file__).with_name("twins") / "full.yaml"
EXAMPLES = [*sorted((CHECKOUT / "config").glob("**/twin.yaml")), _FULL]


def _match(
    _validator: object, pattern: str, instance: object, _schema: object
) -> Iterator[ValidationError]:
    """Match as JSON Schema says: in ECMA-262 `$` is the end, in Python also before a last break."""
    exact = re.sub(r"\$$", r"\\Z", pattern)
    if isinstance(instance, str) and re.search(exact, instance) is None:
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def make_validator() -> Draft202012Validator:
    """Return a validator of the committed schema."""
    schema: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return extend(Draft202012Validator, {"pattern": _match})(schema)


def errors_of(content: bytes) -> tuple[Fault, ...]:
    """Return what the loader refuses in a file; nothing if it loads."""
    try:
        parse_twin(content)
    except TwinError as error:
        return tuple(fault for fault in error.faults if fault.severity == "error")
    return ()


def disagreement(data: Data, validator: Draft202012Validator) -> str | None:
    """Return in what loader and schema differ, beyond the rules that no schema can express."""
    content = dump_document(data).encode()
    faults = errors_of(content)
    read = parse_document(content, "twin.yaml").data
    if not validator.is_valid(read):
        said = "; ".join(error.message[:200] for error in validator.iter_errors(read))
        return None if faults else f"the schema alone refuses: {said}"
    unlisted = [str(fault) for fault in faults if rule_of(fault.what) is None]
    return f"the loader alone refuses: {'; '.join(unlisted)}" if unlisted else None
