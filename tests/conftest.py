"""What every test goes by."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# How long an example takes says nothing about a rule.
settings.register_profile("untimed", deadline=None)
# `make quick` looks at fewer examples; `make test` at all of them.
settings.register_profile("quick", deadline=None, max_examples=15)
settings.load_profile("untimed")

_UNIT = Path(__file__).parent / "unit"


@pytest.fixture(autouse=True)
def no_network_in_unit_tests(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection but those inside this machine's kernel (AF_UNIX) to a unit test."""
    if not request.path.is_relative_to(_UNIT):
        return
    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))


def _guarded(connect: Any) -> Any:
    def guarded(self: socket.socket, address: object) -> object:
        if self.family is not socket.AF_UNIX:
            pytest.fail(f"a unit test must not connect to anything, but did to {address}")
        return connect(self, address)

    return guarded
