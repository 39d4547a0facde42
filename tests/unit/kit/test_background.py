"""Tasks beside the requests."""

from __future__ import annotations

import asyncio
import logging

import pytest
from twinhub_kit.background import Background


async def reached(event: asyncio.Event) -> None:
    async with asyncio.timeout(5):
        await event.wait()


async def test_a_periodic_task_is_repeated_as_long_as_the_block_lasts() -> None:
    background, enough, runs = Background(), asyncio.Event(), []

    async def count() -> None:
        runs.append(1)
        if len(runs) == 3:
            enough.set()

    background.every(0.001, "count", count)
    async with background.running():
        await reached(enough)
    seen = len(runs)
    await asyncio.sleep(0)
    assert len(runs) == seen
    assert background.states["count"].runs >= 2


async def test_a_plain_function_does_not_keep_the_loop_waiting() -> None:
    background, loop = Background(), asyncio.get_running_loop()
    has_begun = asyncio.Event()

    def block() -> None:
        loop.call_soon_threadsafe(has_begun.set)
        background.stopping.wait(5)

    background.keep("block", block)
    async with background.running():
        await reached(has_begun)


async def test_a_task_that_fails_is_logged_and_tried_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twinhub_kit.background._FIRST_PAUSE_SECONDS", 0.001)
    background, again, runs = Background(), asyncio.Event(), []

    async def fail_once() -> None:
        runs.append(1)
        if len(runs) == 1:
            raise OSError("disk")
        again.set()
        await asyncio.Event().wait()

    background.keep("fail", fail_once)
    with caplog.at_level(logging.ERROR):
        async with background.running():
            await reached(again)
    assert "task failed name=fail" in caplog.text
    assert background.states["fail"].failures == 1


def test_two_tasks_cannot_have_one_name() -> None:
    background = Background()
    background.every(1, "same", lambda: None)
    with pytest.raises(ValueError, match="same"):
        background.every(1, "same", lambda: None)


async def test_a_thread_has_ended_when_the_block_has() -> None:
    background, loop = Background(), asyncio.get_running_loop()
    has_begun, ended = asyncio.Event(), []

    def work() -> None:
        loop.call_soon_threadsafe(has_begun.set)
        background.stopping.wait(5)
        ended.append(sum(range(500_000)))

    background.keep("work", work)
    async with background.running():
        await reached(has_begun)
    assert len(ended) == 1
