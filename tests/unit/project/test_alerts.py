"""The dashboard and the alert rules ask for metrics and labels that the bot really tells."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from bot.domain.event import EventKind
from bot.observe.metrics import Metrics

ROOT = Path(__file__).parents[3]
DASHBOARD = json.loads((ROOT / "deploy" / "grafana-dashboard.json").read_text(encoding="utf-8"))
RULES = [
    rule
    for group in yaml.safe_load((ROOT / "deploy" / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
PAGE = (ROOT / "docs" / "observability.md").read_text(encoding="utf-8")
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")


def panels() -> list[dict[str, Any]]:
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def queries() -> Iterator[str]:
    """Return every query of the dashboard and of the rules."""
    yield from (target["expr"] for panel in panels() for target in panel["targets"])
    yield from (rule["expr"] for rule in RULES)


@cache
def told() -> dict[str, frozenset[str]]:
    """Return the labels of every series that the bot tells, by its name."""
    metrics = Metrics()
    metrics.queue({"items": timedelta()})
    metrics.called_vivoldi("read", "shown", 0.1)
    metrics.called_slack("post", "ok", 0.1)
    text = generate_latest(metrics.registry).decode()
    found: dict[str, frozenset[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, frozenset()) | sample.labels.keys()
    return found


@pytest.mark.parametrize("query", tuple(queries()))
def test_what_is_asked_for_is_told(query: str) -> None:
    """Every metric in a query exists, and so does every label that it selects or sums by."""
    names = re.findall(r"coupon_guard_\w+", query)
    assert names
    assert set(names) <= told().keys()
    labels = {label for name in names for label in told()[name]}
    asked = {label for by in re.findall(r"by \(([^)]*)\)", query) for label in by.split(", ")}
    asked |= set(re.findall(r"[{,](\w+)=", query))
    assert asked <= labels


def test_legends_show_labels_that_are_there() -> None:
    """A panel's legend names only labels that its query keeps."""
    for panel in panels():
        for target in panel["targets"]:
            kept = set(re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", target["expr"]))))
            assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= kept, panel["title"]


def test_label_values_in_queries_exist() -> None:
    """A query that picks one value of a label picks one that is told from the start."""
    text = generate_latest(Metrics().registry).decode()
    picked = {pick for query in queries() for pick in re.findall(r'coupon_guard_\w+{\w+="\w+"}', query)}
    assert picked
    assert [pick for pick in picked if pick not in text] == []


def test_every_metric_is_on_the_dashboard_and_explained() -> None:
    """Nothing is told that nobody sees, and each metric has its line in docs/observability.md."""
    on_dashboard = " ".join(target["expr"] for panel in panels() for target in panel["targets"])
    for family in Metrics().registry.collect():
        if family.name.startswith("coupon_guard_"):
            assert re.search(rf"{family.name}\b|{family.name}_(total|bucket|info)\b", on_dashboard), (
                family.name
            )
            assert re.search(rf"`{family.name}(_total|_info)?[`{{]", PAGE), family.name


def test_every_alert_says_what_to_do() -> None:
    """Each rule has a severity, two sentences, and its line in docs/runbook.md, which has no others."""
    for rule in RULES:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]
    lines = re.findall(r"^\| \*\*(CouponGuard\w+)\*\* \| \S.* \| \S.* \|$", RUNBOOK, re.MULTILINE)
    assert sorted(lines) == sorted(rule["alert"] for rule in RULES)


def test_every_event_of_the_log_is_explained() -> None:
    """The page names each kind of event, since people filter by it."""
    assert [kind for kind in EventKind if f"`{kind}`" not in PAGE] == []


def test_panels_do_not_overlap() -> None:
    """No two panels share a place, and none is wider than the page."""
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (place["x"] + column, place["y"] + line)
            for column in range(place["w"])
            for line in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(column for column, _ in cells) < 24
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
