"""The queue of starts: order, places, cancelled waiters."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twinhub_hub.spawners.queue import StartQueue, Waiting


async def ignore(_: Waiting) -> None:
    """Tell nobody."""


class Starts:
    """Starts in a queue, each going on until it is told to end."""

    def __init__(self, places: int) -> None:
        self.queue = StartQueue(places)
        self.running: list[int] = []
        self.begun: list[int] = []
        self.told: dict[int, list[Waiting]] = {}
        self.tasks: list[asyncio.Task[None]] = []
        self._ends: list[asyncio.Event] = []

    def add(self) -> None:
        """Ask for one more start."""
        number = len(self.tasks)
        self._ends.append(asyncio.Event())
        self.tasks.append(asyncio.create_task(self._start(number)))

    async def _start(self, number: int) -> None:
        async def tell(waiting: Waiting) -> None:
            self.told.setdefault(number, []).append(waiting)

        async with self.queue.place(tell):
            self.running.append(number)
            self.begun.append(number)
            try:
                await self._ends[number].wait()
            finally:
                self.running.remove(number)

    async def end(self, number: int) -> None:
        """End a start and let the loop do what follows."""
        self._ends[number].set()
        await settle()

    async def cancel(self, number: int) -> None:
        """Cancel a start, waiting or running."""
        self.tasks[number].cancel()
        with suppress(asyncio.CancelledError):
            await self.tasks[number]
        await settle()


async def settle() -> None:
    """Let every task that can go on go on."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_starts_take_turns_in_the_order_in_which_they_came() -> None:
    starts = Starts(2)
    for _ in range(5):
        starts.add()
    await settle()
    assert starts.running == [0, 1]

    for number in range(5):
        await starts.end(number)

    assert starts.begun == [0, 1, 2, 3, 4]
    await asyncio.gather(*starts.tasks)


async def test_who_waits_is_told_the_place_and_later_the_time() -> None:
    starts = Starts(1)
    for _ in range(3):
        starts.add()
    await settle()
    assert str(starts.told[2][-1]) == "Place 2 of 2 in the queue"

    await starts.end(0)
    starts.add()
    await settle()
    assert str(starts.told[3][-1]) == "Place 2 of 2 in the queue, about 10 s"
    for number in (1, 2, 3):
        await starts.end(number)
    await asyncio.gather(*starts.tasks)


@pytest.mark.parametrize(
    ("seconds", "text"), [(3, "10 s"), (31, "40 s"), (61, "2 min"), (3600, "60 min")]
)
def test_an_estimate_is_said_no_more_exactly_than_it_is_known(seconds: float, text: str) -> None:
    assert str(Waiting(1, 1, seconds)).endswith(f"about {text}")


async def test_a_start_that_fails_gives_its_place_back() -> None:
    queue = StartQueue(1)
    with pytest.raises(RuntimeError):
        async with queue.place(ignore):
            raise RuntimeError
    async with asyncio.timeout(1), queue.place(ignore):
        pass


@settings(deadline=None, max_examples=200)
@given(
    places=st.integers(1, 3),
    moves=st.lists(st.tuples(st.sampled_from(["add", "end", "cancel"]), st.integers(0, 20))),
)
def test_whatever_happens_no_place_is_lost_and_none_is_given_twice(
    places: int, moves: list[tuple[str, int]]
) -> None:
    async def play() -> None:
        starts = Starts(places)
        for move, which in moves:
            live = [number for number, task in enumerate(starts.tasks) if not task.done()]
            if move == "add":
                starts.add()
            elif live:
                number = live[which % len(live)]
                await (starts.end(number) if move == "end" else starts.cancel(number))
            await settle()
            live = [number for number, task in enumerate(starts.tasks) if not task.done()]
            assert len(starts.running) == min(places, len(live))
        assert starts.begun == sorted(starts.begun)
        for task in starts.tasks:
            task.cancel()
        await asyncio.gather(*starts.tasks, return_exceptions=True)

    asyncio.run(play())
