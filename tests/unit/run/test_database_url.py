"""What DATABASE_URL says, and what is said of one that was pasted wrongly: never a part of it."""

from __future__ import annotations

import pytest

from bot.database_url import postgres_parameters, require_usable, secrets_in

_ENCODE = "%40"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (
            "postgresql://bot:pw@one:5432,two:5433/coupons?sslmode=verify-full&target_session_attrs=any",
            {"host": "one,two", "port": "5432,5433", "sslmode": "verify-full", "target_session_attrs": "any"},
        ),
        ("postgres://bot:p%40%2F%3A%23%25@host/a%20b%40c", {"password": "p@/:#%", "dbname": "a b@c"}),
        ("postgresql://b%40t:pw@host/coupons", {"user": "b@t"}),
        # What can only be meant in one way is taken so.
        ("postgresql://bot:100%sure#1?@host/coupons", {"password": "100%sure#1?", "host": "host"}),
        (
            "postgresql://bot@/coupons?host=/run/postgresql\n",
            {"host": "/run/postgresql", "dbname": "coupons"},
        ),
        ("postgresql://bot:pw@[::1]:5432/coupons", {"host": "::1"}),
    ],
)
def test_a_url_means_what_it_means_to_psql(url: str, said: dict[str, str]) -> None:
    """Several hosts, TLS and encoded characters are read by PostgreSQL's own library."""
    found = postgres_parameters(url)
    assert {name: found[name] for name in said} == said


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://bot:hunter@2hunter@host/coupons", _ENCODE),
        ("postgresql://bot:hunter/2hunter@host/coupons", _ENCODE),
        ("postgresql://bot:2/2hunter@host/coupons", _ENCODE),
        ("postgresql://bot:hunter@a/b?2hunter@host/coupons", _ENCODE),
        ("postgresql://bot:hunter 2hunter@host/coupons", _ENCODE),
        ("postgresql://bot:hunter@host/my coupons", _ENCODE),
        ("postgresql://bot:hunter%00@host/coupons", "can't be read"),
        ("postgresql://bot:hunter@host:hunter/coupons", "no number"),
        ("postgresql://bot:hunter@host/coupons?pool_size=5", "does not know: pool_size"),
        ("postgresql://bot:hunter@host/coupons?sslmode", "can't be read"),
        (
            "postgresql://bot:hunter@/coupons?host=one:5432&host=two:5432",
            "host twice; several hosts",
        ),
        ("postgresql://bot:hunter@host/coupons?sslmode=disable&sslmode=require", "sslmode twice"),
        ("mysql://bot:hunter@host/coupons", "no database that is supported"),
        ("sqlite://", "names no file"),
    ],
)
def test_what_is_wrong_is_told_without_a_part_of_it(url: str, why: str) -> None:
    """Someone who pasted a URL wrongly reads what to change, and nobody reads the password."""
    with pytest.raises(ValueError, match=why.replace("%", "[%]")) as caught:
        require_usable(url)
    assert "hunter" not in str(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("postgresql://bot:hunter2@host/coupons", "hunter2"),
        ("postgresql://bot:hun/ter#2@host/coupons", "hun/ter#2"),
        ("postgresql://bot:hun@ter2@host/coupons", "hun@ter2"),
        ("postgresql://bot:hun%40ter2@host/coupons", "hun@ter2"),
        ("postgresql://bot@host/coupons?password=hunter2&sslmode=require", "hunter2"),
        ("postgresql://bot@host/coupons?sslpassword=hunter2", "hunter2"),
    ],
)
def test_every_secret_is_known_to_the_redactor(url: str, secret: str) -> None:
    """A password is kept out of the log wherever it stands, also in a URL that can't be used (I8)."""
    assert secret in secrets_in(url)


def test_a_url_without_a_secret_has_none() -> None:
    """A file's name, a host and a port are no secrets."""
    for url in ("sqlite:///coupon-guard.db", "postgresql://bot@host:5432/coupons", "postgresql://host/db"):
        assert secrets_in(url) == ()
