"""As much of each construct as a file can hold: the time that is needed stays bounded."""

from __future__ import annotations

import time

import pytest
from twinhub_dtconfig.loading import TwinError, parse_twin

from tests.fuzz.hostile.test_contents import check_faults

pytestmark = pytest.mark.d4(27)

MOST_SECONDS = 3.0
HEAD = "format: 1\nname: x\n"
BUILD = HEAD + "phases: {execute: x}\nbuild:\n"
PARAMETERS = "phases: {execute: x}\nparameters:\n"
ONE = HEAD + "phases: {execute: x}\n"


def many(head: str, line: str, count: int) -> str:
    """Return lines in which # is a number and @ the next one, in a circle."""
    lines = (
        line.replace("#", str(number)).replace("@", str((number + 1) % count))
        for number in range(count)
    )
    return head + "".join(lines)


LONG = {
    "circle of builds": many(
        BUILD, "  b#: {command: x, inputs: [a], outputs: [o], after: [b@]}\n", 2000
    ),
    "builds back to the first": many(
        BUILD, "  b#: {command: x, inputs: [a], outputs: [o], after: [b@, b0]}\n", 2000
    ),
    "builds after nothing": many(
        BUILD, "  b#: {command: x, inputs: [a], outputs: [o], after: [c#]}\n", 2000
    ),
    "circle of processes": many(
        HEAD + "phases:\n execute:\n  processes:\n", "   p#: {command: x, after: [p@]}\n", 100
    ),
    "misspelt parameters": many(
        many(HEAD + PARAMETERS, "  parameter_#: 1\n", 2500) + "variables:\n",
        "  V#: '${parameters.paramter_#}'\n",
        2500,
    ),
    "misspelt types": many(HEAD + PARAMETERS, "  p#: {type: nmber}\n", 4000),
    "misspelt keys": many(ONE, "phaze#: 1\n", 10_000),
    "unknown signals": many(
        ONE + "signals:\n", "  s#: {type: number, source: {variable: 'a.b#'}}\n", 5000
    ),
    "unknown scenarios": many(ONE + "scenarios:\n", "  s#: {parameters: {b#: 1}}\n", 2500),
    "wrong sweeps": many(
        ONE + "sweeps:\n s:\n  phase: execute\n  parameters:\n", "   '#': {}\n", 4000
    ),
    "composites in a circle": many(ONE + "composites:\n", "  c#: {parts: [c@]}\n", 2500),
    "uses": many(ONE + "uses:\n", "  a#: common/models/m@1.2\n", 10_000),
    "files out of the folder": many(ONE + "files:\n", "  - {text: x, to: a/../../b#}\n", 1000),
    "outputs with stars": many(
        HEAD + "phases:\n execute:\n  command: x\n  outputs:\n", "  - '**/a#*/**/*b@'\n", 1000
    ),
    "stars": f"{HEAD}phases: {{execute: {{command: x, outputs: ['{'*a' * 5000}']}}}}\n",
    "substitutions": f"{ONE}variables: {{A: '{'${parameters.x}' * 7000}'}}\n",
    "substitutions without end": f"{ONE}variables: {{A: '{'${' * 49_000}'}}\n",
    "dollars": f"{ONE}variables: {{A: '{'$' * 99_000}{{'}}\n",
    "quotes": f'{HEAD}phases: {{execute: "{chr(39) * 9_999}"}}\n',
    "backslashes": f"{HEAD}phases: {{execute: '{chr(92) * 9_999}'}}\n",
    "pipes": f"{HEAD}phases: {{execute: '{'| ' * 4_999}'}}\n",
    "reference": f"{ONE}uses: {{a: '{'models/' * 140}x@1'}}\n",
    "version": f"{ONE}uses: {{a: 'common/models/x@{'1.' * 480}'}}\n",
    "ranges": f"{ONE}uses: {{a: 'common/models/x@{'>=1,' * 240}'}}\n",
    "nested repetition": (
        f"{HEAD}phases: {{execute: {{processes: {{a: {{command: x,"
        " ready: {log: '(?:a{1,1000}){1,1000}'}}}}}}\n"
    ),
    "name": f"format: 1\nname: {'a-' * 200_000}!\nphases: {{execute: x}}\n",
    "title": f"{ONE}title: {'x ' * 400_000}\n",
}


def read(content: bytes) -> TwinError | None:
    try:
        parse_twin(content, "f.yaml")
    except TwinError as error:
        return error
    return None


@pytest.mark.parametrize("name", LONG)
def test_a_file_that_is_made_to_be_slow_is_not(name: str) -> None:
    content = LONG[name].encode()
    assert len(content) < 2**20
    started = time.process_time()
    error = read(content)
    assert time.process_time() - started < MOST_SECONDS
    if error is not None:
        check_faults(error, content)
        assert len(error.faults) <= 100
