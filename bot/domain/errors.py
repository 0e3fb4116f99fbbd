"""Everything that can go wrong and that the program knows by name.

CouponGuardError
├── BadInput                what a person typed can't be used; its text is the sentence they are shown
│   └── CodeTaken           a code is already in an open request
├── LostClaim               another worker holds the work by now; stop without touching anything
├── VivoldiError
│   ├── VivoldiUnavailable  no usable answer to a read; trying again later may help
│   │   └── NoTurn          the plan allows no more calls for now, so nothing was asked
│   └── VivoldiRefused      a read was refused (key, User-Agent, plan); trying again will not help
├── SlackError
│   ├── SlackUnavailable    no usable answer from Slack; trying again later may help
│   └── SlackRefused        Slack refused the call by name; few names prove that it stays so
├── SettingsError           a setting is missing or malformed; its lines name each fault
├── NotListening            the address to listen on is taken, or not there yet; the settings may be right
├── SealError               what is sealed can't be opened with the keys that are set
└── StoreError
    ├── StoreUnavailable    the database can't be reached or is locked
    └── StoreTooNew         the database was written by a newer version of the program
"""

from __future__ import annotations


class CouponGuardError(Exception):
    """The program met a condition that it knows by name."""


class BadInput(CouponGuardError):
    """What was typed can't be used. The text is shown to the person as it is."""


class CodeTaken(BadInput):
    """A code is already in an open request."""

    def __init__(self, code: str, request_id: str) -> None:
        super().__init__(f"{code} is already in the open request {request_id}.")
        self.code = code
        self.request_id = request_id


class LostClaim(CouponGuardError):
    """The claim is no longer held: its lease ran out and someone else has taken the work."""


class VivoldiError(CouponGuardError):
    """Vivoldi could not be read."""


class VivoldiUnavailable(VivoldiError):
    """Vivoldi gave no usable answer.

    retry_after: seconds that Vivoldi asked to wait, if it did.
    """

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class NoTurn(VivoldiUnavailable):
    """Vivoldi was not asked, since the plan allows no more calls for now."""


class VivoldiRefused(VivoldiError):
    """Vivoldi refused to answer: a setting has to be mended first."""


class SlackError(CouponGuardError):
    """A call to Slack failed."""


class SlackUnavailable(SlackError):
    """Slack gave no usable answer.

    retry_after: seconds that Slack asked to wait, if it did. name: Slack's own name for its trouble, such
    as `internal_error`; None: it gave none.
    """

    def __init__(self, reason: str, *, retry_after: float | None = None, name: str | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.name = name


class SlackRefused(SlackError):
    """Slack refused the call. name: Slack's own error name, such as `not_in_channel`.

    in_channel: why the channel had not taken it before that, if it was tried there first. needed: the scope
    that a token lacks, if Slack names it.
    """

    def __init__(self, name: str, *, in_channel: str | None = None, needed: str | None = None) -> None:
        super().__init__(f"Slack refused the call: {name}.")
        self.name = name
        self.in_channel = in_channel
        self.needed = needed


class SettingsError(CouponGuardError):
    """Settings are missing or malformed. faults: one readable line for each."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class NotListening(CouponGuardError):
    """The address to listen on can't be had now. The text is a sentence, with what to do."""


class SealError(CouponGuardError):
    """What is sealed can't be opened: no key fits, or it was changed."""


class StoreError(CouponGuardError):
    """The database could not be used."""


class StoreUnavailable(StoreError):
    """The database can't be reached, or stayed locked. Nothing was changed."""


class StoreTooNew(StoreError):
    """The database belongs to a newer version of the program. Nothing was changed."""
