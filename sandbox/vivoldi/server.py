"""The local Vivoldi as a whole: the API side and the control side, each on its own loopback port."""

from typing import Self

from sandbox.vivoldi.api import Api
from sandbox.vivoldi.control import Control
from sandbox.vivoldi.listener import Listener
from sandbox.vivoldi.world import World

DEFAULT_API_KEY = "local-vivoldi-key"


class LocalVivoldi:
    """An async context manager that serves while it is open.

    Port 0 takes a free one; entering raises `OSError` if it is taken. `rate_per_minute` None: no limit.
    `unknown_delete_succeeds`: deleting a number that does not exist answers code 0 instead of a refusal.
    """

    def __init__(
        self,
        *,
        api_key: str = DEFAULT_API_KEY,
        port: int = 0,
        control_port: int = 0,
        rate_per_minute: int | None = None,
        unknown_delete_succeeds: bool = False,
    ) -> None:
        """Prepare; nothing is bound before it is entered."""
        self._api = Api(
            api_key=api_key,
            port=port,
            rate_per_minute=rate_per_minute,
            unknown_delete_succeeds=unknown_delete_succeeds,
        )
        self._control = Listener(Control(self._api).app, control_port)

    @property
    def url(self) -> str:
        """The API's base URL, without a slash at the end."""
        return self._api.listener.url

    @property
    def control_url(self) -> str:
        """The control side's base URL, without a slash at the end."""
        return self._control.url

    @property
    def world(self) -> World:
        """The current world; a reset replaces it."""
        return self._api.world

    async def __aenter__(self) -> Self:
        """Serve."""
        await self._api.listener.start()
        try:
            await self._control.start()
        except OSError:
            await self._api.listener.stop()
            raise
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """Stop serving; calls in flight are aborted."""
        await self._control.stop()
        await self._api.listener.stop()
