"""What people do and what goes wrong in a run, drawn from its seed alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from sandbox.stage import Transport
from tests.scenario.playing import AMIR, BEA, CARL, DANA, GUEST, RIKA, STRANGER

Meddled = Literal["change", "redeem", "delete", "replace"]
When = Literal["shown", "reviewed", "approving", "read", "sent"]
BlowKind = Literal["kill", "stop", "rolling", "database", "closed", "switch", "forget"]

APPROVERS = (RIKA, AMIR, BEA)
# What a town is made of: how Slack reaches the bots, and how many there are.
TOWNS: tuple[tuple[Transport, int], ...] = (("http", 3), ("socket", 3), ("http", 2), ("socket", 2))

# Fields of coupons as Vivoldi names them; None: there is no such coupon.
_COUPONS: tuple[dict[str, Any] | None, ...] = (
    {"useLimit": 0},
    {"useLimit": 0, "useCnt": 7},
    {"useLimit": 5, "useCnt": 2},
    {"useLimit": 1},
    {"useLimit": 1, "useCnt": 1},
    None,
)
_COUPON_WEIGHTS = (8, 2, 4, 3, 1, 1)
_CHANGE_FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "latency", "seconds": 0.5},
    {"kind": "drop_before"},
    {"kind": "drop_after"},
    {"kind": "cut_body"},
    {"kind": "html_502"},
    {"kind": "html_502_after"},
    {"kind": "error_500"},
    {"kind": "error_500_after"},
    {"kind": "hang"},
    {"kind": "hang", "execute": True},
    {"kind": "too_many"},
    {"kind": "too_many", "retry_after": 1},
    {"kind": "code_nonzero"},
)
_READ_FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "latency", "seconds": 0.5},
    {"kind": "drop_before"},
    {"kind": "cut_body"},
    {"kind": "html_502"},
    {"kind": "error_500"},
    {"kind": "too_many"},
    {"kind": "not_json"},
    # It lies once: trouble of its own, said as if the coupon were not valid.
    {"kind": "code_nonzero", "message": "A system error occurred."},
)
_SLACK_FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "latency", "seconds": 0.5},
    {"kind": "drop_before"},
    {"kind": "drop_after"},
    {"kind": "ratelimited", "retry_after": 1},
    {"kind": "server_error"},
    {"kind": "error", "error": "token_expired"},
    {"kind": "error", "error": "edit_window_closed"},
    # Slack adds names without notice.
    {"kind": "error", "error": "flux_capacitor_drained"},
)
_SLACK_METHODS = (
    "chat.postMessage",
    "chat.update",
    "users.info",
    "usergroups.users.list",
    "response_url",
    "*",
)


@dataclass(frozen=True)
class Press:
    """A click. times: at once. old: on the card as it first stood."""

    who: str
    action: str = "approve"
    times: int = 1
    old: bool = False


@dataclass(frozen=True)
class Meddling:
    """Someone changes a coupon of the request by hand. when: a card is shown, step 1 is given, and so on."""

    when: When
    what: Meddled
    which: int


@dataclass(frozen=True)
class Story:
    """One command, and what people do with its card until it is told how it ended.

    coupons: their fields. asks: how many such commands come at once. first, final: the clicks while the card
    asks for step 1 and for step 2; the last one is made again and again until something happens.
    faults: of calls to Vivoldi, each with the coupon that it is about. freezes, unfreezes: who does so before
    step 1 and after the end; None: nobody tries. uses: when a customer uses a coupon, in seconds from the
    beginning. old_clicks: who clicks on the oldest version of the card again when all is over.
    """

    requester: str
    coupons: tuple[dict[str, Any] | None, ...]
    asks: int
    first: tuple[Press, ...]
    final: tuple[Press, ...]
    meddlings: tuple[Meddling, ...]
    faults: tuple[tuple[int, dict[str, Any]], ...]
    freezes: str | None
    unfreezes: str | None
    uses: tuple[tuple[int, float], ...] = ()
    old_clicks: tuple[Press, ...] = ()


@dataclass(frozen=True)
class Cue:
    """What a blow waits for: the how manieth call of a kind to Vivoldi, or else entry in Slack's log.

    delay: seconds after that.
    """

    call: Literal["read", "delete", "update"] | None
    number: int
    delay: float


@dataclass(frozen=True)
class Blow:
    """Something bad that happens to the town. victims: positions; None: the bot whose call was the cue.

    seconds: how long it lasts, beyond the lease for a stop.
    """

    kind: BlowKind
    cue: Cue
    victims: tuple[int, ...] | None
    seconds: float
    crash: bool


@dataclass(frozen=True)
class Plan:
    """A run. slack_faults: of calls to come, to whatever they belong."""

    seed: int
    transport: Transport
    replicas: int
    stories: tuple[Story, ...]
    blows: tuple[Blow, ...]
    slack_faults: tuple[dict[str, Any], ...] = field(default=())


def drawn(seed: int) -> Plan:
    """Return the plan of a seed, always the same one."""
    random = Random(seed)
    transport, replicas = TOWNS[seed % len(TOWNS)]
    return Plan(
        seed,
        transport,
        replicas,
        tuple(_story(random) for _ in range(random.randint(3, 6))),
        tuple(_blow(random, replicas) for _ in range(random.choices((0, 1, 2), (1, 8, 3))[0])),
        tuple(_slack_fault(random) for _ in range(random.choices((0, 1, 3), (5, 3, 2))[0])),
    )


def _story(random: Random) -> Story:
    requester = random.choice((DANA, CARL, RIKA, AMIR))
    coupons = tuple(random.choices(_COUPONS, _COUPON_WEIGHTS, k=random.choice((1, 1, 1, 2, 3))))
    reviewer = random.choice(APPROVERS)
    others = [who for who in APPROVERS if who not in (requester, reviewer)]
    end = random.choices(("delete", "reject first", "reject final", "cancel"), (16, 1, 1, 1))[0]
    first = [Press(random.choice((CARL, GUEST, STRANGER))) for _ in range(random.choice((0, 0, 1)))]
    final = [_wrong_final(random, requester, reviewer) for _ in range(random.choice((0, 0, 1, 2)))]
    times = random.choice((1, 1, 2, 3))
    first.append(
        Press(random.choice(others), "reject") if end == "reject first" else Press(reviewer, times=times)
    )
    match end:
        case "reject final":
            final.append(Press(random.choice(others), "reject"))
        case "cancel":
            final.append(Press(requester, "cancel"))
        case _:
            final.append(Press(random.choice(others), times=random.choice((1, 1, 2, 3))))
    return Story(
        requester,
        coupons,
        random.choice((1, 1, 1, 2)),
        tuple(first),
        tuple(final),
        tuple(_meddling(random, len(coupons)) for _ in range(random.choice((0, 0, 1)))),
        tuple(_fault(random, len(coupons)) for _ in range(random.choice((0, 1, 1, 2)))),
        random.choice((None, None, *APPROVERS, CARL)),
        random.choice((None, AMIR, BEA)),
        tuple(_use(random, len(coupons)) for _ in range(random.choice((0, 0, 1)))),
        tuple(
            Press(random.choice(APPROVERS), random.choice(("approve", "freeze", "reject")), old=True)
            for _ in range(random.choice((0, 1)))
        ),
    )


def _use(random: Random, coupons: int) -> tuple[int, float]:
    return random.randrange(coupons), random.uniform(0, 6)


def _wrong_final(random: Random, requester: str, reviewer: str) -> Press:
    return random.choice(
        (
            Press(reviewer, times=2),
            Press(requester),
            Press(GUEST),
            Press(random.choice(APPROVERS), old=True),
            Press(CARL, "reject"),
        )
    )


def _meddling(random: Random, coupons: int) -> Meddling:
    when: When = random.choice(("shown", "reviewed", "approving", "read", "sent"))
    what: Meddled = random.choice(("change", "redeem", "delete", "replace"))
    return Meddling(when, what, random.randrange(coupons))


def _fault(random: Random, coupons: int) -> tuple[int, dict[str, Any]]:
    call = random.choice(("delete", "delete", "read", "update"))
    fault = random.choice(_READ_FAULTS if call == "read" else _CHANGE_FAULTS)
    skip = random.randrange(3) if call == "read" else 0
    return random.randrange(coupons), {**fault, "call": call, "skip": skip, "times": random.choice((1, 1, 2))}


def _slack_fault(random: Random) -> dict[str, Any]:
    fault = {**random.choice(_SLACK_FAULTS), "method": random.choice(_SLACK_METHODS)}
    if fault["method"] == "response_url" and fault["kind"] == "error":
        fault["method"] = "chat.update"
    return {**fault, "skip": random.randrange(4), "times": random.choice((1, 1, 2, 12))}


def _blow(random: Random, replicas: int) -> Blow:
    kind: BlowKind = random.choices(("kill", "stop", "rolling", "database", "closed"), (8, 6, 3, 5, 2))[0]
    call: Literal["read", "delete", "update"] | None = random.choice(
        ("read", "read", "delete", "delete", "delete", "delete", "update", None, None)
    )
    number = random.randint(1, {"read": 12, "delete": 5, "update": 2}.get(call or "", 50))
    everyone = tuple(range(replicas))
    some: tuple[tuple[int, ...] | None, ...] = (
        None if call else (random.randrange(replicas),),
        (random.randrange(replicas),),
        tuple(random.sample(everyone, replicas - 1)),
        everyone,
    )
    return Blow(
        kind,
        Cue(call, number, random.choice((0.0, random.uniform(0, 0.03), random.uniform(0, 0.5)))),
        random.choices(some, (10, 2, 2, 1))[0],
        random.uniform(0.3, 2.0),
        random.random() < 0.5,
    )
