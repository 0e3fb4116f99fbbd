"""What happens to the processes of a town, and to the servers around them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.services.ports.store import LEASE
from sandbox.vivoldi_client import Call, Entry
from tests.chaos.real.plan import Blow
from tests.chaos.real.watch import Watch
from tests.scenario.replicas import Fleet, Replica, start_all

# Longer than any run: a cue that does not come is given up when the stories are over.
_LONG = 300.0


@dataclass
class Blows:
    """Strikes one blow after the other. struck: when one did that leaves work to be taken over."""

    fleet: Fleet
    watch: Watch
    codes: Sequence[str]
    counted: Counter[str] = field(default_factory=Counter)
    struck: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    async def strike(self, blow: Blow, over: asyncio.Future[list[None]]) -> None:
        """Wait for the cue, strike, and undo it. over: done when it is too late for that."""
        cue = asyncio.create_task(self._cue(blow))
        waiting: list[asyncio.Future[Any]] = [cue, over]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if not cue.done():
            cue.cancel()
            await asyncio.wait([cue])
            self.counted["blows too late"] += 1
            return
        await self._strike(blow, await cue)

    async def _strike(self, blow: Blow, sender: Replica | None) -> None:
        places = blow.victims
        if places is None:
            assert sender is not None, "only a call has a sender"
            victims = [sender]
        else:
            victims = [self.fleet.replicas[place] for place in places]
        await asyncio.sleep(blow.cue.delay)
        match blow.kind:
            case "kill":
                await self._kill(victims, blow.seconds)
            case "stop":
                await self._stop(victims, blow.seconds)
            case "rolling":
                await self._rolling()
            case "database":
                await self._database(blow)
            case "switch":
                await self._switch()
            case "forget":
                await self._forget(blow)
            case "closed":
                await self.fleet.stage.vivoldi.fault("refuse", "any", seconds=blow.seconds)
                self.counted["closed"] += 1

    async def _cue(self, blow: Blow) -> Replica | None:
        cue = blow.cue
        if cue.call is None:
            await self.watch.until(lambda: self.watch.entries >= cue.number, _LONG)
            return None
        seen: set[int] = set()

        def is_it(entry: Entry) -> bool:
            if isinstance(entry, Call) and entry.kind == cue.call and entry.code in self.codes:
                seen.add(entry.seq)
            return len(seen) >= cue.number

        call = await self.fleet.stage.vivoldi.wait_for(is_it, _LONG)
        assert isinstance(call, Call)
        return self.fleet.sender(call)

    async def _kill(self, victims: Sequence[Replica], seconds: float) -> None:
        await asyncio.gather(*(victim.kill() for victim in victims))
        self.struck.append(time.time())
        self.counted["kills"] += len(victims)
        await asyncio.sleep(seconds)
        await self._start(victims)

    async def _stop(self, victims: Sequence[Replica], seconds: float) -> None:
        for victim in victims:
            victim.freeze()
        self.struck.append(time.time())
        self.counted["stops"] += len(victims)
        await asyncio.sleep(LEASE.total_seconds() + seconds)
        for victim in victims:
            victim.go_on()

    async def _rolling(self) -> None:
        for replica in self.fleet.replicas:
            code = await replica.stop()
            if code != 0:
                self.faults.append(f"{replica.name} ended with {code} when it was told to stop")
            self.counted["rolling restarts"] += 1
            await self._start([replica])

    async def _database(self, blow: Blow) -> None:
        await self.fleet.postgres.stop("immediate" if blow.crash else "fast")
        self.struck.append(time.time())
        await asyncio.sleep(blow.seconds)
        await self.fleet.postgres.start()
        self.counted["PostgreSQL crashes" if blow.crash else "PostgreSQL restarts"] += 1

    async def _switch(self) -> None:
        await self.fleet.postgres.switch()
        self.struck.append(time.time())
        self.counted["PostgreSQL switched to another server"] += 1

    async def _forget(self, blow: Blow) -> None:
        """Let PostgreSQL answer commits before it keeps them, and crash."""
        await self.fleet.postgres.relax()
        await asyncio.sleep(blow.seconds)
        await self.fleet.postgres.stop("immediate")
        self.struck.append(time.time())
        await self.fleet.postgres.start()
        self.counted["PostgreSQL crashes with commits that were not kept"] += 1

    async def _start(self, replicas: Sequence[Replica]) -> None:
        await start_all(replicas)
        self.counted["starts"] += len(replicas)
