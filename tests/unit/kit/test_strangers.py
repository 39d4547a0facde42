"""Tokens drawn at random: what they cost the hub, and whom they hold up."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest
from twinhub_kit.errors import BusyError
from twinhub_kit.hub import HubIdentity
from twinhub_kit.strangers import FREE, MOST_WAITING

from tests.unit.kit.test_hub import MODEL, DoubleHub

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_ATTACKER, _SCHOOL = "192.0.2.7", "192.0.2.8"


@pytest.fixture
def hub() -> DoubleHub:
    return DoubleHub({f"pupil-{number}": MODEL for number in range(150)})


@pytest.fixture
async def identity(hub: DoubleHub) -> AsyncIterator[HubIdentity]:
    async def sleep(seconds: float) -> None:
        hub.now += seconds
        await asyncio.sleep(0)

    client = httpx.AsyncClient(transport=httpx.MockTransport(hub))
    async with HubIdentity(
        "http://hub/hub/api", client=client, clock=lambda: hub.now, sleep=sleep
    ) as made:
        yield made


async def _attack(identity: HubIdentity, count: int, address: str = _ATTACKER) -> list[object]:
    asked = (identity.find_caller(f"random-{number}", address) for number in range(count))
    return list(await asyncio.gather(*asked, return_exceptions=True))


@pytest.mark.d4(12)
async def test_unknown_tokens_of_an_address_are_looked_up_one_each_second(
    hub: DoubleHub, identity: HubIdentity
) -> None:
    began = hub.now
    for start in range(0, 2 * FREE, 20):
        await asyncio.gather(
            *(identity.find_caller(f"r{n}", _ATTACKER) for n in range(start, start + 20))
        )
    assert hub.now - began >= FREE - 10


@pytest.mark.d4(12)
async def test_what_waits_beyond_all_measure_is_refused_without_asking(
    hub: DoubleHub, identity: HubIdentity
) -> None:
    found = await _attack(identity, 3 * MOST_WAITING)
    refused = [one for one in found if isinstance(one, BusyError)]
    assert len(refused) == 2 * MOST_WAITING
    assert hub.asked == MOST_WAITING


async def test_addresses_of_one_network_are_one_sender(
    hub: DoubleHub, identity: HubIdentity
) -> None:
    began = hub.now
    for number in range(2 * FREE):
        await identity.find_caller(f"random-{number}", f"2001:db8:0:1::{number:x}")
    assert hub.now - began >= FREE - 1


async def test_a_class_that_comes_at_once_from_one_address_is_not_held_up(
    hub: DoubleHub, identity: HubIdentity
) -> None:
    began = hub.now
    asked = (identity.find_caller(f"pupil-{number}", _SCHOOL) for number in range(150))
    assert all(await asyncio.gather(*asked))
    assert hub.now == began


async def test_nobody_else_is_held_up_nor_who_was_known_at_the_same_address(
    hub: DoubleHub, identity: HubIdentity
) -> None:
    assert await identity.find_caller("pupil-1", _ATTACKER)
    await _attack(identity, MOST_WAITING)
    hub.now += 9
    began = hub.now
    assert await identity.find_caller("pupil-1", _ATTACKER)
    assert await identity.find_caller("pupil-2", _SCHOOL)
    assert hub.now == began
    assert await identity.find_caller("pupil-3", _ATTACKER), "it only takes longer"
