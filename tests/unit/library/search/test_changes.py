from __future__ import annotations

import asyncio
import threading

import pytest
from twinhub_kit.files.paths import RelativePath
from twinhub_library.changes import MOST_REMEMBERED, Change, Changes, Subscription


def _path(text: str) -> RelativePath:
    return RelativePath.parse(text)


async def _take(subscription: Subscription, count: int) -> list[str | None]:
    async with asyncio.timeout(10):
        changes = [await anext(subscription) for _ in range(count)]
    return [str(change.path) if change.path else None for change in changes]


async def test_a_listener_gets_what_is_announced_from_then_on_in_order() -> None:
    changes = Changes()
    changes.announce(_path("alice/a"))
    with changes.subscribe() as subscription:
        for text in ("alice/b", "alice/c"):
            changes.announce(_path(text))
        assert await _take(subscription, 2) == ["alice/b", "alice/c"]


async def test_a_path_waits_once_at_its_last_place() -> None:
    changes = Changes()
    with changes.subscribe() as subscription:
        for text in ("alice/a", "alice/b", "alice/a"):
            changes.announce(_path(text))
        assert await _take(subscription, 2) == ["alice/b", "alice/a"]


async def test_a_slow_listener_is_told_once_to_read_all_again() -> None:
    changes = Changes()
    with changes.subscribe(most=3) as subscription:
        for at in range(10):
            changes.announce(_path(f"alice/{at}"))
        assert await _take(subscription, 1) == [None]
        changes.announce(_path("alice/x"))
        assert await _take(subscription, 1) == ["alice/x"]


async def test_many_changes_wake_a_listener_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    wakes = 0
    wake = loop.call_soon_threadsafe

    def count(*arguments: object) -> object:
        nonlocal wakes
        wakes += 1
        return wake(*arguments)  # type: ignore[arg-type]

    changes = Changes()
    with changes.subscribe() as subscription:
        monkeypatch.setattr(loop, "call_soon_threadsafe", count)
        for at in range(100):
            changes.announce(_path(f"alice/models/m{at}"))
        assert wakes == 1
        assert await _take(subscription, 100) == [f"alice/models/m{at}" for at in range(100)]
        changes.announce(_path("alice/models/more"))
        assert wakes == 2
        assert await _take(subscription, 1) == ["alice/models/more"]


async def test_a_change_of_everything_has_no_path() -> None:
    changes = Changes()
    with changes.subscribe() as subscription:
        changes.announce(RelativePath())
        assert await _take(subscription, 1) == [None]


async def test_the_librarys_own_folder_is_nobodys_news() -> None:
    changes = Changes()
    changes.announce(_path(".library/bin/x"))
    assert changes.last_number == 0


async def test_a_listener_that_comes_back_gets_what_it_missed() -> None:
    changes = Changes()
    for at in range(5):
        changes.announce(_path(f"alice/{at}"))
    with changes.subscribe(after=3) as subscription:
        assert await _take(subscription, 2) == ["alice/3", "alice/4"]


@pytest.mark.parametrize("after", [-1, 0, 10_000_000])
async def test_one_that_was_away_too_long_reads_all_again(after: int) -> None:
    changes = Changes()
    for at in range(MOST_REMEMBERED + 5):
        changes.announce(_path(f"alice/{at}"))
    with changes.subscribe(after=after) as subscription:
        assert await _take(subscription, 1) == [None]


async def test_threads_announce_while_others_listen() -> None:
    changes = Changes()

    def announce(who: int) -> None:
        for at in range(200):
            changes.announce(_path(f"alice/{who}/{at}"))

    with changes.subscribe(most=10_000) as subscription:
        threads = [threading.Thread(target=announce, args=(who,)) for who in range(5)]
        for thread in threads:
            thread.start()
        seen = await _take(subscription, 1000)
        for thread in threads:
            thread.join()
    assert len(set(seen)) == 1000
    assert None not in seen


async def test_who_calls_back_gets_each_path() -> None:
    changes = Changes()
    seen: list[RelativePath | None] = []
    changes.call_on_change(seen.append)
    changes.announce(_path("alice/a"))
    changes.announce(RelativePath())
    assert seen == [_path("alice/a"), None]


async def test_closing_ends_all_listeners_and_those_to_come() -> None:
    changes = Changes()
    with changes.subscribe() as first:
        waiting = asyncio.ensure_future(anext(first))
        await asyncio.sleep(0)
        threading.Thread(target=changes.close).start()
        with pytest.raises(StopAsyncIteration):
            await waiting
    with changes.subscribe() as second, pytest.raises(StopAsyncIteration):
        await anext(second)


async def test_a_cancelled_wait_loses_no_change() -> None:
    changes = Changes()
    with changes.subscribe() as subscription:
        waiting = asyncio.ensure_future(anext(subscription))
        await asyncio.sleep(0)
        waiting.cancel()
        changes.announce(_path("alice/a"))
        assert await anext(subscription) == Change(1, _path("alice/a"))
