"""What the benchmark makes of its measurements."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest

from benchmarks.__main__ import TITLES
from benchmarks.figures import Figure, at_least, at_most, of_rounds, percentile, ratio, shown
from benchmarks.goals.clicks import waited
from benchmarks.goals.limit import share_of_allowed
from benchmarks.goals.trouble import figures
from benchmarks.load.orders import Order, Outcome, order_of, outcome_of, texts
from benchmarks.load.relay import Exchange, Relay
from benchmarks.report import table
from bot.domain.command import parse_command
from bot.domain.errors import BadInput


def test_percentile_is_a_value_that_was_measured() -> None:
    """The 99th percentile of a hundred values is the second largest, whatever their order."""
    values = [float(number) for number in range(100, 0, -1)]
    assert percentile(values, 0.99) == 99
    assert percentile(values, 0.5) == 50
    assert percentile(values, 1.0) == 100
    assert percentile([7.0], 0.99) == 7


@pytest.mark.parametrize(("values", "share"), [([], 0.5), ([1.0], 0.0), ([1.0], 1.1)])
def test_percentile_of_nothing(values: list[float], share: float) -> None:
    """There is no percentile without values, nor outside of 0 to 1."""
    with pytest.raises(ValueError, match="a percentile needs values"):
        percentile(values, share)


def test_one_noisy_round_moves_no_ratio() -> None:
    """A ratio is that of the medians over all rounds."""
    assert ratio([4.0, 4.0, 400.0, 4.0, 4.0], [2.0, 2.0, 2.0, 0.01, 2.0]) == 2


def test_verdict() -> None:
    """A figure meets its limit up to the limit itself, and has no verdict without one."""
    assert Figure(1, "a", 0.5, limit=at_most(0.5)).verdict == "met"
    assert Figure(1, "a", 0.51, limit=at_most(0.5)).verdict == "MISSED"
    assert Figure(1, "a", 0.25, limit=at_least(0.25)).verdict == "met"
    assert Figure(1, "a", 0.24, limit=at_least(0.25)).verdict == "MISSED"
    assert Figure(1, "a", 0.24).verdict == ""
    assert of_rounds(1, "a", [3.0, 1.0, 2.0], "ms").value == 2


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.5, "0.500"), (1.5, "1.50"), (12.34, "12.3"), (100, "100"), (12345.6, "12,346")],
)
def test_numbers_are_shown_with_three_digits(value: float, text: str) -> None:
    """People read three digits, or all before the point."""
    assert shown(value) == text


def test_table_fits_a_terminal() -> None:
    """No line has more than 80 columns, and the last one counts the goals that are met."""
    widest = Figure(8, "x" * 43, 123456.0, "ms", at_most(100000))
    lines = table(
        [Figure(1, "short", 1.0), widest, Figure(8, "y", 1.0, limit=at_most(2))], TITLES
    ).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[-1] == "1 of 2 goals met."


def test_orders_and_outcomes_cross_the_pipe() -> None:
    """What the load process is told, and tells, arrives as it was."""
    order = Order((3000, 3001), "B1N", rate=50.0, amount=7, mix="all")
    assert order_of(order.line()) == order
    outcome = Outcome({"accepted": [1.0], "unavailable": [2.5]}, 0.5, 0.1)
    assert outcome_of(outcome.line()) == outcome
    assert (outcome.per_second, outcome.latencies) == (4, [1.0, 2.5])


def test_who_is_told_that_the_database_is_away_was_not_served() -> None:
    """Goal 8: such an answer is counted by itself, whatever it took, and passes for no quick answer."""
    served, away = [20.0] * 96, [1.0] * 3
    outcome = Outcome({"accepted": served, "unavailable": away, "lost": [2000.0]}, 1.0)
    found = {figure.what: figure for figure in figures(outcome, Counter(rolled=1))}
    assert found["told that the database is away"].value == 3
    assert (found["no answer, or an error"].value, found["no answer, or an error"].verdict) == (1, "MISSED")
    assert found["not carried out, in all"].value == 4
    assert found["carried out: answer p99"].value == 20
    assert outcome.but("accepted") == 4


def test_new_commands_have_codes_of_their_own() -> None:
    """No code is used twice, since a code can be in one open request only."""
    made = texts("B1N", "new")
    codes = [next(made).split()[0] for _ in range(1000)]
    assert len(set(codes)) == 1000
    assert all(8 <= len(code) <= 16 and code.isalnum() for code in codes)


def test_one_in_twenty_of_all_sorts_opens_a_request() -> None:
    """Of all sorts of commands, one in twenty brings a new code."""
    made = texts("B1N", "all")
    typed = [next(made) for _ in range(100)]
    assert len(set(typed[::20])) == 5
    assert len({text.split()[0] for text in typed}) == 5 + len({"help", "list", "show", "short"})


def test_what_is_meant_to_be_no_code_is_none() -> None:
    """The sort of command that can't be read opens no request, and is not refused for a taken code."""
    typed = set(islice(texts("B1N", "all"), 20))
    assert "short" in typed
    with pytest.raises(BadInput):
        parse_command("short", reason_required=False)


def test_calls_in_parallel_count_once() -> None:
    """Of the time before DELETE, what calls took is taken off once; drawing a card is none of them."""
    slack = Relay(
        exchanges=[
            Exchange("POST /api/users.info", 10.010, 10.020),
            Exchange("POST /api/usergroups.users.list", 10.012, 10.025),
            Exchange("POST /api/chat.update", 10.030, 10.050),
        ]
    )
    vivoldi = Relay(
        exchanges=[
            Exchange("GET /validate", 9.0, 9.5),
            Exchange("GET /validate", 10.040, 10.045),
            Exchange("DELETE /delete", 10.060, 10.070),
            Exchange("GET /validate", 10.080, 10.090),
        ]
    )
    found = waited(10.0, (slack, vivoldi))
    assert found.all == pytest.approx(60)
    assert found.calls == pytest.approx(20)
    assert found.own == pytest.approx(40)


def test_what_a_rate_limit_allows() -> None:
    """Calls before the approval take their places too; the least time is held against what was taken."""
    before = [0.0, 0.0]
    at_best = [10.0, 10.0, 60.0, 60.0]
    assert share_of_allowed([*before, *at_best], 10.0, 4) == pytest.approx(1.0)
    late = [10.0, 10.0, 60.0, 110.0]
    assert share_of_allowed([*before, *late], 10.0, 4) == pytest.approx(0.5)
    assert share_of_allowed([*before, 11.0], 10.0, 4) == 1.0
