"""Having the same run again: the same twin, inputs and values, after the same phases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_api.runner.runs import Submission
from twinhub_kit.files.errors import FileError
from twinhub_kit.files.paths import RelativePath

from twinhub_runner.errors import ChangedInputsError, NotReadyError
from twinhub_runner.results.provenance import find_before, read_copy
from twinhub_runner.twins import may_read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_api.runner.runs import Run
    from twinhub_kit.callers import Caller

    from twinhub_runner.copies.copies import Copies, Copy
    from twinhub_runner.runner import Runner
    from twinhub_runner.store.rows import RunRow


def rerun(runner: Runner, caller: Caller, row: RunRow) -> list[Run]:
    """Ask for what makes a run again, in a copy made anew; of one in place, on what is there now.

    Raises:
        ChangedInputsError: what it has used is not there any more as it was.
        NotReadyError: it has not been prepared, so nothing says what it would use.
        RunnerError: as `Runner.submit`.
    """
    if not row.copy:
        return runner.submit_again(caller, [_asked(row)], row.id, None)
    copy = read_copy(runner.places.of(row).folder)
    if copy is None and row.is_cleared:
        raise NotReadyError(f"{row.id} was cleared, long after its end: ask for its phase instead.")
    if copy is None:
        raise NotReadyError(f"{row.id} was never prepared: ask for its phase instead.")
    changed = list(_changes(runner.workshop.copies, caller, copy))
    if changed:
        raise ChangedInputsError(f"The same inputs cannot be had any more: {'; '.join(changed)}.")
    before = find_before(runner.table, row)
    return runner.submit_again(caller, [_asked(one) for one in (*before, row)], row.id, copy)


def _asked(row: RunRow) -> Submission:
    return Submission(
        twin=row.twin, phases=(row.phase,), scenario=row.scenario, parameters=row.parameters
    )


def _changes(copies: Copies, caller: Caller, copy: Copy) -> Iterator[str]:
    """Yield what is not what it was, for people."""
    for pin in (copy.twin, *copy.pins):
        place = RelativePath(tuple(pin.path.split("/")))
        if not may_read(caller, place.names):
            yield f"{pin.path} is not yours to read"
            continue
        try:
            is_same = copies.digest(place) == pin.digest
        except FileError as error:
            yield str(error).rstrip(".")
        else:
            if not is_same:
                yield f"{pin.path} was changed"
