"""The people of a run: they ask, and click until they are told how it ended, whatever answers they get."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from sandbox.slack_client import ControlError, Message
from sandbox.stage import Stage
from sandbox.vivoldi_client import Call, Entry
from sandbox.vivoldi_client import ControlError as Refused
from tests.chaos.real.plan import Meddling, Press, Story, When
from tests.chaos.real.watch import Watch
from tests.scenario.playing import INCIDENT, PERSONAL, RIKA

# How long someone waits for something to happen before clicking or asking again.
_AGAIN = 2.5
# How a card tells that the way back from a freeze has come to its end.
_UNFROZEN = ("*Unfrozen*", "*Not unfrozen", "*Unknown whether unfrozen")
# Longer than any run: what waits so long is told to stop when the run ends.
_LONG = 300.0


@dataclass
class Person:
    """Everyone who plays one story. codes: of the story's coupons."""

    stage: Stage
    watch: Watch
    story: Story
    codes: Sequence[str]
    _meddled: set[Meddling] = field(default_factory=set)
    _froze: bool = False
    _decides: asyncio.Event = field(default_factory=asyncio.Event)

    async def prepare(self) -> None:
        """Create the coupons, and order the faults of calls about them."""
        for code, fields in zip(self.codes, self.story.coupons, strict=True):
            if fields is not None:
                await self.stage.vivoldi.create(code, **{**PERSONAL, **fields})
        for which, fault in self.story.faults:
            await self.stage.vivoldi.fault(**fault, code=self.codes[which])

    def is_over(self) -> bool:
        """Return whether it was told how everything about the story's first coupon ended."""
        return self.watch.is_over(self.codes[0])

    async def tell(self) -> None:
        """Ask, and click, until the outcome is told."""
        late = [asyncio.create_task(self._meddle_when_sent(m)) for m in self._meddlings("sent")]
        late += [asyncio.create_task(self._meddle_when_read(m)) for m in self._meddlings("read")]
        late += [asyncio.create_task(self._use(which, seconds)) for which, seconds in self.story.uses]
        clicks = {1: deque(self.story.first), 2: deque(self.story.final)}
        try:
            while not self.is_over():
                card = self._card()
                if card is None:
                    await self._ask()
                elif self.story.freezes and not self._froze and card.button("freeze"):
                    self._froze = True
                    await self._press_and_see(Press(self.story.freezes, "freeze"), card)
                else:
                    await self._click_on(card, clicks[1 if "Step 1 of 2" in card.text else 2])
        finally:
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._unfreeze()
        for press in self.story.old_clicks:
            for versions in self.watch.cards(self.codes[0])[:1]:
                await self._press(press, versions[-1])

    async def _use(self, which: int, seconds: float) -> None:
        """Have a customer use a coupon, if it is there by then."""
        await asyncio.sleep(seconds)
        with contextlib.suppress(Refused):
            await self.stage.vivoldi.redeem(self.codes[which])

    async def _unfreeze(self) -> None:
        """Take a freeze back, and wait until the card says what came of that."""
        while self.story.unfreezes:
            cards = [versions[-1] for versions in self.watch.cards(self.codes[0])]
            with_button = [card for card in cards if card.button("unfreeze")]
            done = [card for card in cards if any(words in card.text for words in _UNFROZEN)]
            if done or not (with_button or any("*Being " in card.text for card in cards)):
                return
            for card in with_button[-1:]:
                await self._press(Press(self.story.unfreezes, "unfreeze"), card)
            seen = self.watch.entries
            await self.watch.until(lambda: self.watch.entries > seen, _AGAIN)  # noqa: B023  awaited at once

    async def _press_and_see(self, press: Press, card: Message) -> None:
        """Click once, and wait for what the card says then."""
        await self._press(press, card)
        await self.watch.until(lambda: self.is_over() or self._is_newer(card), _AGAIN)

    def _card(self) -> Message | None:
        waiting = [card for card in self.watch.live(self.codes[:1]) if card.button("approve")]
        return waiting[-1] if waiting else None

    async def _ask(self) -> None:
        """Ask where there is no card yet, and wait a while for one."""
        if not self.watch.cards(self.codes[0]):
            text = f"{','.join(self.codes)} leaked"
            asking = [
                self.stage.slack.command(self.story.requester, text, INCIDENT) for _ in range(self.story.asks)
            ]
            await asyncio.gather(*asking)
        await self.watch.until(lambda: self.is_over() or self._card() is not None, _AGAIN)

    async def _click_on(self, card: Message, clicks: deque[Press]) -> None:
        is_first = "Step 1 of 2" in card.text
        await self._meddle("shown" if is_first else "reviewed")
        press = clicks.popleft() if len(clicks) > 1 else clicks[0]
        doing = [self._press(press, card)]
        if not is_first and len(clicks) == 1:
            self._decides.set()
            doing.append(self._meddle("approving"))
        await asyncio.gather(*doing)
        if press is clicks[-1]:
            await self.watch.until(lambda: self.is_over() or self._is_newer(card), _AGAIN)

    def _is_newer(self, card: Message) -> bool:
        now = self._card()
        return now is None or now.seq > card.seq

    async def _press(self, press: Press, card: Message) -> None:
        older = {"version": self._first_version(card)} if press.old else {}
        # The button may be gone by now, since others click too.
        with contextlib.suppress(ControlError):
            await self.stage.slack.clicks(press.who, card, press.action, press.times, **older)

    def _first_version(self, card: Message) -> int:
        [versions] = [each for each in self.watch.cards(self.codes[0]) if each[0].ts == card.ts]
        return versions[0].seq

    def _meddlings(self, when: When) -> list[Meddling]:
        return [each for each in self.story.meddlings if each.when == when]

    async def _meddle(self, when: When) -> None:
        """Change coupons by hand, once."""
        for meddling in self._meddlings(when):
            if meddling not in self._meddled:
                self._meddled.add(meddling)
                with contextlib.suppress(Refused):
                    await self._change(meddling, self.codes[meddling.which])

    async def _change(self, meddling: Meddling, code: str) -> None:
        vivoldi = self.stage.vivoldi
        match meddling.what:
            case "change":
                await vivoldi.change(code, nm="Changed by hand")
            case "redeem":
                await vivoldi.redeem(code)
            case "delete":
                await vivoldi.delete(code)
            case "replace":
                await vivoldi.delete(code)
                await vivoldi.create(code, **PERSONAL, nm="Created since")

    async def _meddle_when_read(self, meddling: Meddling) -> None:
        """Meddle between the read right before a deletion and its DELETE, or as close to it as can be."""
        await self._decides.wait()
        code = self.codes[meddling.which]
        known = {call.seq for call in await self.stage.vivoldi.calls("read", code)}

        def is_read(entry: Entry) -> bool:
            if not isinstance(entry, Call) or entry.seq in known:
                return False
            return entry.finished and (entry.kind, entry.code) == ("read", code)

        await self.stage.vivoldi.wait_for(is_read, _LONG)
        await self._meddle("read")

    async def _meddle_when_sent(self, meddling: Meddling) -> None:
        code = self.codes[meddling.which]

        def is_sent(entry: Entry) -> bool:
            return isinstance(entry, Call) and (entry.kind, entry.code) == ("delete", code)

        await self.stage.vivoldi.wait_for(is_sent, _LONG)
        await self._meddle("sent")


async def close(stage: Stage, watch: Watch, codes: Sequence[str]) -> int:
    """Click on every card that still has buttons, until none has; return how many that took.

    They are copies that nobody knew of, or commands that were heard late: a request is rejected, and the
    copy of one that has ended is redrawn.
    """
    stray: set[str] = set()
    while live := watch.live(codes):
        stray |= {card.ts for card in live}
        for card in live:
            with contextlib.suppress(ControlError):
                await stage.slack.click(RIKA, card, "reject" if card.button("reject") else "stop")
        await _redrawn(watch, codes, live)
    return len(stray)


async def _redrawn(watch: Watch, codes: Sequence[str], cards: Sequence[Message]) -> None:
    """Wait until none of these versions of cards stands any more, or until it is time to click again."""
    versions = {card.seq for card in cards}
    await watch.until(lambda: versions.isdisjoint(card.seq for card in watch.live(codes)), _AGAIN)
