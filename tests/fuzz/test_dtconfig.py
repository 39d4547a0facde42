"""Whatever is in a file, only our own errors come out, with a place in the file, and soon.

``TWINHUB_FUZZ_SECONDS`` sets how long each test goes on (3), ``TWINHUB_FUZZ_SEED`` where it begins:
by default elsewhere each time. A failure shows the seed and the content that it came of.
"""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from twinhub_dtconfig.changes import same_data, with_value
from twinhub_dtconfig.documents import DocumentError, parse_document
from twinhub_dtconfig.editing import set_value
from twinhub_dtconfig.loading import LoadedTwin, TwinError, parse_twin

from tests.fuzz.hostile import inputs
from tests.fuzz.hostile.test_contents import check_faults
from tests.fuzz.mutations import VALUES, mutate, paths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.d4(27)

SECONDS = float(os.environ.get("TWINHUB_FUZZ_SECONDS", "3"))
SEED = int(os.environ.get("TWINHUB_FUZZ_SEED", str(time.time_ns() % 10**9)))
MOST_SECONDS = 2.0
ROOT = Path(__file__).parents[2]
SEEDS = (
    inputs.VALID.encode(),
    (ROOT / "tests/fuzz/hostile/full.yaml").read_bytes(),
    *(path.read_bytes() for path in sorted((ROOT / "config").glob("**/twin.yaml"))),
)


def cases() -> Iterator[tuple[int, Random]]:
    """Yield numbers, and what is random with each, as long as there is time."""
    end = time.monotonic() + SECONDS
    number = SEED
    while time.monotonic() < end:
        yield number, Random(number)  # noqa: S311  # to be repeated, not to be unknown
        number += 1


def attempt(number: int, content: bytes, action: Callable[[bytes], None]) -> None:
    """Run what may raise errors of ours; show what led to any other failure."""
    started = time.process_time()
    try:
        action(content)
    except (TwinError, DocumentError) as error:
        check_faults(error, content.removeprefix(b"\xef\xbb\xbf"))
    except Exception as error:
        error.add_note(f"TWINHUB_FUZZ_SEED={number} made {content!r}")
        raise
    taken = time.process_time() - started
    assert taken < MOST_SECONDS, f"TWINHUB_FUZZ_SEED={number} {content!r}: {taken} s"


def test_changed_files_are_documents_or_refused_with_a_place() -> None:
    for number, random in cases():
        content = mutate(random, SEEDS)
        attempt(number, content, check_document)


def test_changed_files_are_twins_or_refused_with_a_place() -> None:
    for number, random in cases():
        content = mutate(random, SEEDS)
        attempt(number, content, check_twin)


def check_document(content: bytes) -> None:
    assert parse_document(content, "f.yaml").position_of(()) >= (1, 1)


def check_twin(content: bytes) -> None:
    loaded = parse_twin(content, "f.yaml")
    assert isinstance(loaded, LoadedTwin)
    assert all(fault.severity == "warning" for fault in loaded.warnings)


def test_values_of_changed_files_are_set_or_refused_with_a_place() -> None:
    for number, random in cases():
        content = mutate(random, SEEDS)
        attempt(number, content, partial(check_edit, random=random))


def check_edit(content: bytes, random: Random) -> None:
    data = parse_document(content, "f.yaml").data
    path, value = random.choice(list(paths(data))), random.choice(VALUES)
    changed = set_value(content.decode(), path, value, file="f.yaml")
    expected = with_value(data, path, value)
    assert same_data(parse_document(changed.encode(), "f.yaml").data, expected)
