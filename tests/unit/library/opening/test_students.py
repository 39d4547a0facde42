"""A class of 120 that opens one link within a minute."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import httpx
import pytest
from twinhub_api.scopes import USE_LIBRARY
from twinhub_kit.callers import Caller, TableIdentity
from twinhub_library.library import open_library
from twinhub_library.main import make_library_application

from tests.unit.library.opening.conftest import publish

if TYPE_CHECKING:
    from pathlib import Path

    from twinhub_library.settings import LibrarySettings

LESSON = "/open/common/models/lesson"
ALL, SAMPLE = 120, 30
MINUTE = 60.0


async def _open(application: object, student: str) -> float:
    """Do what a browser does: look, click, read the report, and open once more."""
    transport = httpx.ASGITransport(application)  # type: ignore[arg-type]
    began = time.monotonic()
    headers = {"Authorization": f"token {student}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://library.test", headers=headers, timeout=MINUTE
    ) as browser:
        assert (await browser.get(f"{LESSON}?path=start.md")).status_code == 200
        # a second click while the first is at work does no harm
        first, second = await asyncio.gather(browser.post(LESSON), browser.post(LESSON))
        assert {first.status_code, second.status_code} == {303}
        report = await browser.get(first.headers["location"])
        assert report.status_code == 200
        again = await browser.get(LESSON)
        assert again.status_code == 303
    return time.monotonic() - began


@pytest.mark.heavy
@pytest.mark.parametrize("count", [SAMPLE, pytest.param(ALL, marks=pytest.mark.long)])
async def test_a_whole_class_opens_one_link_within_a_minute(
    library_settings: LibrarySettings, library_root: Path, count: int
) -> None:
    many = {f"file-{at}.txt": "x" * 1000 for at in range(20)} | {"start.md": "{}"}
    students = [f"student-{at}" for at in range(count)]
    identity = TableIdentity(
        {one: Caller(one, scopes=frozenset({USE_LIBRARY})) for one in students}
    )
    for one in students:
        (library_root / one).mkdir()
    with open_library(library_settings) as library:
        publish(library, library_root, "models/lesson", "1.0.0", many)
        application = make_library_application(library, identity)
        began = time.monotonic()
        await asyncio.gather(*(_open(application, one) for one in students))
        taken = time.monotonic() - began

        count_of = library.opening.openings.count("common/models/lesson")

    assert taken < MINUTE
    assert count_of
    assert count_of.people == count
    for one in students:
        assert len(list((library_root / one / "models/lesson").iterdir())) == 21
