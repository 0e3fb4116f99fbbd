"""Who comes first in the event loop."""

from __future__ import annotations

import asyncio

from bot.run.precedence import Precedence


async def test_others_wait_for_whoever_goes_first() -> None:
    """A task that gives way goes on as soon as the last listener has answered."""
    precedence, order, begin = Precedence(), list[str](), asyncio.Event()

    async def other() -> None:
        await begin.wait()
        await precedence.give_way()
        order.append("other")

    # Begun before, since what a listener begins goes first with it.
    waiting = asyncio.create_task(other())
    with precedence.first():
        with precedence.first():
            begin.set()
            await asyncio.sleep(0)
            order.append("inner")
        await asyncio.sleep(0)
        order.append("outer")
    await waiting
    assert order == ["inner", "outer", "other"]


async def test_nothing_stands_still() -> None:
    """Listeners without a break hold nobody up for good."""
    precedence = Precedence()
    done = asyncio.Event()

    async def other() -> None:
        async with precedence.place():
            done.set()

    waiting = asyncio.create_task(other())
    with precedence.first():
        await done.wait()
    await waiting


async def test_who_goes_first_waits_for_nobody() -> None:
    """A listener gets on at once, also beside others and while all places are taken."""
    precedence, held, free = Precedence(), asyncio.Event(), asyncio.Event()

    async def other() -> None:
        async with precedence.place():
            held.set()
            await free.wait()

    waiting = asyncio.create_task(other())
    await held.wait()
    with precedence.first(), precedence.first():
        await precedence.give_way()
        async with precedence.place():
            free.set()
    await waiting


async def test_one_begins_when_the_other_has_ended() -> None:
    """What a listener may have to wait for, since it has begun, is one piece of work and not all of it."""
    precedence = Precedence()
    inside = most = 0

    async def other() -> None:
        nonlocal inside, most
        async with precedence.place():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(other() for _ in range(5)))
    assert most == 1
