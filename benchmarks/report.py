"""The results for people, as a table within 80 columns, and for programs, as JSON."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.figures import Figure, shown

_LIBRARIES = ("httpx", "psycopg", "slack-bolt", "sqlalchemy", "starlette", "uvicorn")
_WHAT, _VALUE, _LIMIT = 46, 12, 10


def table(figures: Sequence[Figure], titles: Mapping[int, str]) -> str:
    """Return the table. titles: what each goal is called, by its number."""
    lines = [f"{'':{_WHAT}}{'figure':>{_VALUE}}{'goal':>{_LIMIT}}  verdict"]
    goal = None
    for figure in figures:
        if figure.goal != goal:
            goal = figure.goal
            lines += ["", f"{goal}. {titles[goal]}"]
        lines.append(_line(figure))
    judged = [figure.verdict for figure in figures if figure.verdict]
    lines += ["", f"{judged.count('met')} of {len(judged)} goals met."]
    return "\n".join(lines)


def _line(figure: Figure) -> str:
    value = f"{shown(figure.value)} {figure.unit}".rstrip()
    limit = "" if figure.limit is None else str(figure.limit)
    what = f"   {figure.what}"
    return f"{what:{_WHAT}}{value:>{_VALUE}}{limit:>{_LIMIT}}  {figure.verdict}".rstrip()


def write_json(path: Path, figures: Sequence[Figure], about: Mapping[str, object]) -> None:
    """Write all figures with their rounds, and what they were measured on. about: seeds and sizes."""
    path.parent.mkdir(exist_ok=True)
    found = [{**asdict(figure), "verdict": figure.verdict} for figure in figures]
    text = json.dumps({"machine": machine(), **about, "figures": found}, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def machine() -> dict[str, object]:
    """Return what the figures depend on: processor, system, versions, and how busy it was."""
    load = os.getloadavg() if hasattr(os, "getloadavg") else None
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "load_average": load,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "libraries": {name: version(name) for name in _LIBRARIES},
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
