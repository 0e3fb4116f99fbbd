"""How long each call to Slack and Vivoldi took, and what came of it.

`result` is `ok`, or the kind of answer where there are several; `unavailable` and `refused` as the errors of
those names; `malformed` if Slack refused what was in a message, which is the bot's own fault; `error` for
anything else, a call that was cancelled included.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from time import perf_counter
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from bot.domain.errors import SlackRefused, SlackUnavailable, VivoldiRefused, VivoldiUnavailable
from bot.services.refused import MALFORMED

P = ParamSpec("P")
T = TypeVar("T")


CallObserver = Callable[[str, str, float], None]


class Calls:
    """Measures calls to one outside system.

    observers: told of each call that has ended: which one, its result, and its seconds. timer: returns
    seconds from some fixed point. before: what a call waits for, if there is anything; it does not count.
    """

    def __init__(
        self,
        *observers: CallObserver,
        timer: Callable[[], float] = perf_counter,
        before: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._observers = observers
        self._timer = timer
        self._before = before

    async def measured(
        self, call: str, work: Awaitable[T], result_of: Callable[[T], str] = lambda _: "ok"
    ) -> T:
        """Do the work and return, or raise, what it does. result_of: what kind of answer it got."""
        if self._before is not None:
            await self._before()
        began, result = self._timer(), "error"
        try:
            answer = await work
            result = result_of(answer)
        except (SlackUnavailable, VivoldiUnavailable):
            result = "unavailable"
            raise
        except SlackRefused as error:
            result = "malformed" if error.name in MALFORMED else "refused"
            raise
        except VivoldiRefused:
            result = "refused"
            raise
        finally:
            seconds = self._timer() - began
            for observer in self._observers:
                observer(call, result, seconds)
        return answer


class _Measured(Protocol):
    """An adapter whose calls are measured."""

    _calls: Calls


Adapter = TypeVar("Adapter", bound=_Measured)
_Method = Callable[Concatenate[Adapter, P], Coroutine[Any, Any, T]]


def _ok(_: object) -> str:
    return "ok"


def measured(
    call: str, result_of: Callable[[Any], str] = _ok
) -> Callable[[_Method[Adapter, P, T]], _Method[Adapter, P, T]]:
    """Measure each call of an adapter's method by the adapter's `_calls`, as `Calls.measured` does."""

    def decorate(method: _Method[Adapter, P, T]) -> _Method[Adapter, P, T]:
        @wraps(method)
        async def it(adapter: Adapter, /, *args: P.args, **kwargs: P.kwargs) -> T:
            return await adapter._calls.measured(call, method(adapter, *args, **kwargs), result_of)

        return it

    return decorate
