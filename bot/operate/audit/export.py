"""Write audit events as JSON Lines or CSV, a page at a time, so that any number takes the same memory."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from contextlib import aclosing
from enum import StrEnum
from typing import Any

from bot.domain.audit import Link
from bot.operate.audit.stored import data_of, time_of
from bot.services.ports.store import Chosen, Trail
from bot.text import cell

COLUMNS = (
    "id", "at", "kind", "request", "code", "actor_id", "actor_name", "data", "previous", "hash",
)  # fmt: skip


class Format(StrEnum):
    """How the events are written."""

    JSONL = "jsonl"
    CSV = "csv"


async def write(trail: Trail, chosen: Chosen, form: Format, out: Callable[[bytes], object]) -> None:
    """Write the chosen events in their order, as UTF-8. out: takes a part at a time. Raises StoreError."""
    if form is Format.CSV:
        out(_csv([COLUMNS]))
    async with aclosing(trail.pages(chosen)) as pages:
        async for page in pages:
            out(_FORMS[form](page.links))


def as_jsonl(links: Sequence[Link]) -> bytes:
    """Return an object a line. Written compactly, and in its order, `data` is the text that was hashed."""
    return "".join(f"{json.dumps(_object(link))}\n" for link in links).encode()


def as_csv(links: Sequence[Link]) -> bytes:
    """Return a row a line, without the heading. `data` is JSON text; no cell can be taken for a formula."""
    return _csv([[_cell(value) for value in _values(link).values()] for link in links])


def _object(link: Link) -> dict[str, Any]:
    data = data_of(link.facts)
    return _values(link) | {"data": link.facts.data if data is None else data}


def _values(link: Link) -> dict[str, Any]:
    facts, time = link.facts, time_of(link.facts)
    at = facts.at if time is None else time.isoformat(timespec="microseconds")
    who = (facts.actor_id, facts.actor_name)
    stored = (
        link.id,
        at,
        facts.kind,
        facts.request_id,
        facts.code,
        *who,
        facts.data,
        link.previous,
        link.hash,
    )
    return dict(zip(COLUMNS, stored, strict=True))


def _cell(value: object) -> object:
    return cell(value) if isinstance(value, str) else value


def _csv(rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


_FORMS = {Format.JSONL: as_jsonl, Format.CSV: as_csv}
