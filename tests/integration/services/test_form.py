"""The form for many codes: opened, filled in, and carried out, or said what is wrong in it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import SlackError, SlackRefused, SlackUnavailable
from bot.domain.event import EventKind
from bot.domain.policy import Verdict
from bot.domain.request.request import Pending, Submitted
from bot.services.asked import form
from bot.services.asked.command import Denied, Misread, SlashCommand
from bot.services.asked.form import (
    FileFault,
    Filled,
    Form,
    Ground,
    NoCodes,
    NoFile,
    Opened,
    TooLong,
    Unclear,
    WrongCodes,
)
from bot.services.asked.show_all import Look
from handlers.render import dialogs as fields
from handlers.render.answers import Answers
from handlers.render.report import dialog
from sandbox.slack.api.blocks import view_problems
from tests.builders import CHANNEL, CODE, OTHER_CODE, RIKA, TEAM, a_coupon
from tests.fakes import FakeDialogs, FakeFiles
from tests.integration.wired import Wired, wired_on
from tests.many import QUICK, many, open_many

_FILE = "https://files.slack.com/files-pri/T1-F1/download/codes.csv"


@dataclass
class Rig:
    """The form, and what it works with."""

    wired: Wired
    dialogs: FakeDialogs = field(default_factory=FakeDialogs)
    files: FakeFiles = field(default_factory=FakeFiles)

    @property
    def form(self) -> Form:
        services = self.wired.services
        submit, answers = services.submit(TEAM), Answers("https://work.slack.com/")
        return services.form(
            submit, self.dialogs, self.files, fields.form, lambda why: fields.told(answers.text(why))
        )


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with wired_on(tmp_path, plan=QUICK) as wired:
        yield Rig(wired)


def command(user: str = RIKA.id, channel: str = CHANNEL) -> SlashCommand:
    return SlashCommand(user=user, team=TEAM, channel=channel, text="")


def filled(**changes: Any) -> Filled:
    given: dict[str, Any] = {"command": command(), "pasted": CODE, "file": None, "words": "", "incident": ""}
    return Filled(ground=Ground.LEAKED, **{**given, **changes})


async def test_the_form_opens_for_who_may_ask(rig: Rig) -> None:
    """The form comes back with the channel in which it was asked for, and Slack takes it."""
    assert await rig.form.open(command(), "trigger") is None
    ((trigger, view),) = rig.dialogs.opened
    assert trigger == "trigger"
    assert view_problems(dict(view)) == []
    assert CHANNEL in str(view["private_metadata"])


async def test_the_form_opens_for_nobody_else(rig: Rig) -> None:
    """Someone who may not ask is told so at once, and that is recorded."""
    answer = await rig.form.open(command(user="U0NOBODY00"), "trigger")
    assert answer == Denied(Verdict.UNKNOWN_PERSON)
    assert rig.dialogs.opened == []
    assert len(await rig.wired.events(EventKind.COMMAND_REFUSED)) == 1


async def test_a_press_is_always_answered(rig: Rig) -> None:
    """The button on the help opens the form, or says why it does not."""
    assert await rig.form.press(command(), "one") is None
    assert await rig.form.press(command(channel="D0RIKA0000"), "two") == Denied(Verdict.DIRECT_MESSAGE)
    (_, view), (_, why) = rig.dialogs.opened
    assert view == fields.form(CHANNEL)
    assert "Please ask in a channel" in json.dumps(why)
    assert view_problems(dict(why)) == []


async def test_what_was_filled_in_is_asked_for(rig: Rig) -> None:
    """Codes that were pasted and those of a file are asked for together, each once, with the whole reason."""
    codes = many(40)
    rig.wired.coupons.store(*(a_coupon(number=code) for code in codes))
    rig.files.stored[_FILE] = ("\ufeffcode,name\r\n" + "".join(f"{code},x\r\n" for code in codes)).encode()
    sent = filled(pasted=f"{codes[0]} {CODE}", file=_FILE, words="on X", incident="https://inc.example/7")
    opened = await rig.form(sent)
    assert isinstance(opened, Opened)
    assert opened.duplicates == 1
    request = await rig.wired.request(opened.accepted.request_id)
    assert isinstance(request, Submitted)
    assert request.codes == (codes[0], CODE, *codes[1:])
    assert request.origin.reason == "leaked or misused: on X (https://inc.example/7)"
    (event,) = await rig.wired.events(EventKind.COMMAND)
    assert event.data["text"] == "(form) leaked or misused: on X (https://inc.example/7)"
    said = fields.sent(opened, CHANNEL)
    assert view_problems(said) == []
    assert "1 repeated code was left out." in json.dumps(said)
    assert "They are those of column 1, with the heading “code”." in json.dumps(said, ensure_ascii=False)
    await rig.wired.run(40, step=1)
    assert isinstance(await rig.wired.request(opened.accepted.request_id), Pending)


async def test_what_is_no_code_is_listed_with_its_line(rig: Rig) -> None:
    """Nothing is asked for where something is no code, or is in an open request; all of it is named."""
    holder = await rig.wired.ask(OTHER_CODE)
    rig.files.stored[_FILE] = b"code\nno-code!\n"
    sent = filled(pasted=f"{CODE}\nnope, {OTHER_CODE.lower()}\n{CODE.lower()}", file=_FILE)
    wrong = await rig.form(sent)
    assert isinstance(wrong, WrongCodes)
    assert fields.errors(wrong, sent) == {
        "codes": (
            "Not a code of 8 to 16 letters and digits: line 2: nope. The same as another code but for"
            f" capitals: line 3: {CODE.lower()} ({CODE}). Already in an open request: {OTHER_CODE.lower()}"
            f" ({holder}). Take them out, and send again."
        ),
        "file": (
            "Not a code of 8 to 16 letters and digits: line 2: no-code!. Take them out, and send again."
        ),
    }
    assert len(await rig.wired.store.open_requests(9)) == 1


async def test_an_error_is_as_long_as_a_form_can_show(rig: Rig) -> None:
    """However many are wrong, the first are named, and the others counted."""
    sent = filled(pasted=" ".join(f"no{number}" for number in range(500)))
    wrong = await rig.form(sent)
    assert isinstance(wrong, WrongCodes)
    assert "and 485 more" in fields.errors(wrong, sent)["codes"]


@pytest.mark.parametrize(
    ("error", "content", "said"),
    [
        (SlackUnavailable("no answer"), b"", "in time"),
        (SlackRefused("missing_scope"), b"", "missing_scope"),
        (SlackRefused("file_too_large"), b"", "larger than a list of codes can be"),
        (None, b"\xff\xfe\x00", "UTF-8"),
    ],
)
async def test_a_file_that_can_not_be_had(
    rig: Rig, error: SlackError | None, content: bytes, said: str
) -> None:
    """What is wrong with a file is said at its field, and nothing is asked for."""
    rig.files.error, rig.files.stored[_FILE] = error, content
    sent = filled(file=_FILE)
    wrong = await rig.form(sent)
    assert isinstance(wrong, NoFile)
    assert said in fields.errors(wrong, sent)["file"]
    assert await rig.wired.store.open_requests(9) == ()


async def test_a_file_that_does_not_come_is_not_waited_for(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack waits 3 s for the answer to a form: before that, its sender is told that the file is late."""
    assert form._FETCH_WITHIN_SECONDS <= 2
    monkeypatch.setattr(form, "_FETCH_WITHIN_SECONDS", 0.01)
    rig.files.during = asyncio.Event().wait
    sent = filled(file=_FILE)
    async with asyncio.timeout(5):
        assert await rig.form(sent) == NoFile(FileFault.LATE)
    assert await rig.wired.store.open_requests(9) == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"x" * 140_000, "no CSV file"),
        (b'code\n"AAAA1111BBBB\n', "begins in line 2"),
        (b"20260001,AAAA1111BBBB\n20260002,CCCC2222DDDD\n", "column 1 (20260001) or column 2 (AAAA1111BBBB)"),
        ("Kennung\nAAAA1111BBBB\n".encode("utf-16-le"), "“Kennung”, in line 1, may be a heading"),
    ],
)
async def test_what_is_unclear_is_asked_at_its_field(rig: Rig, content: bytes, said: str) -> None:
    """If it is not certain which codes are meant, nothing is asked for, and the question is at the field."""
    rig.files.stored[_FILE] = content
    sent = filled(file=_FILE)
    wrong = await rig.form(sent)
    assert isinstance(wrong, Unclear)
    assert list(errors := fields.errors(wrong, sent)) == ["file"]
    assert said in errors["file"]
    assert "`" not in errors["file"]
    assert await rig.wired.store.open_requests(9) == ()


async def test_what_is_unclear_in_a_list_is_asked_at_the_list(rig: Rig) -> None:
    """A question about what was pasted stands there, whatever the file is."""
    rig.files.stored[_FILE] = b"code\nAAAA1111BBBB\n"
    sent = filled(pasted=f"Kennung\n{CODE}", file=_FILE)
    wrong = await rig.form(sent)
    assert isinstance(wrong, Unclear)
    assert "“Kennung”, in line 1, may be a heading" in fields.errors(wrong, sent)["codes"]


async def test_it_says_which_column_was_read(rig: Rig) -> None:
    """Without a heading, the answer says why this column was taken."""
    rig.wired.coupons.store(a_coupon(number=CODE))
    rig.files.stored[_FILE] = f"2026-10-01,{CODE}\n".encode()
    opened = await rig.form(filled(pasted="", file=_FILE))
    assert isinstance(opened, Opened)
    said = json.dumps(fields.sent(opened, CHANNEL))
    assert "They are those of column 2, the only one that looks like codes." in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "code\nAAAA1111BBBB\nduplicate\n",
            "Doesn't look like a code: line 3: duplicate. (If it is one, paste it by itself,",
        ),
        (
            "code\nAAAA1111BBBB,CCCC2222DDDD\n",
            "More or fewer cells than the first row: line 2: AAAA1111BBBB,CCCC2222DDDD,. (If there",
        ),
    ],
)
async def test_each_fault_has_its_words(rig: Rig, content: str, said: str) -> None:
    """What can't be asked for is named with what is wrong with it, and with what to do."""
    rig.files.stored[_FILE] = content.encode()
    sent = filled(pasted="", file=_FILE)
    wrong = await rig.form(sent)
    assert isinstance(wrong, WrongCodes)
    (error,) = fields.errors(wrong, sent).values()
    assert error.startswith(said)
    assert error.endswith(" Take them out, and send again.")


@pytest.mark.parametrize(
    ("changes", "kind", "at"),
    [
        ({"pasted": " \n"}, NoCodes, "codes"),
        ({"pasted": "", "file": _FILE}, NoCodes, "file"),
        ({"words": "x" * 300, "incident": f"https://inc.example/{'7' * 200}"}, TooLong, "words"),
    ],
)
async def test_what_is_missing_is_said_at_its_field(
    rig: Rig, changes: Mapping[str, Any], kind: type, at: str
) -> None:
    """Without a code, or with too long a reason, nothing is asked for."""
    rig.files.stored[_FILE] = b"code\n"
    sent = filled(**changes)
    wrong = await rig.form(sent)
    assert isinstance(wrong, kind)
    assert isinstance(wrong, NoCodes | TooLong)
    assert list(fields.errors(wrong, sent)) == [at]


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"pasted": "not+a+code"}, "wrongcodes"),
        ({"pasted": OTHER_CODE}, "wrongcodes"),
        ({"pasted": ""}, "nocodes"),
        ({"words": "w" * 600}, "toolong"),
        ({"pasted": "", "file": "https://files.slack.com/none"}, "nofile"),
    ],
)
async def test_what_a_form_is_answered_is_in_the_audit(
    rig: Rig, changes: Mapping[str, Any], answer: str
) -> None:
    """I7: that a form was opened is an event, and that one was refused, with the codes that it told of."""
    rig.wired.coupons.store(a_coupon(number=OTHER_CODE))
    rig.files.error = SlackRefused("file_deleted")
    await rig.wired.ask(OTHER_CODE)
    assert await rig.form.open(command(), "trigger") is None
    opened = (await rig.wired.events(EventKind.COMMAND))[-1]
    assert (opened.actor, opened.data["answer"]) == (RIKA, "form")
    await rig.form(filled(**changes))
    (refused,) = await rig.wired.events(EventKind.COMMAND_REFUSED)
    assert (refused.actor, refused.data["answer"], refused.data["channel"]) == (RIKA, answer, CHANNEL)
    taken = [OTHER_CODE] if changes.get("pasted") == OTHER_CODE else None
    assert refused.data.get("taken") == taken


async def test_who_may_not_ask_any_more_is_refused(rig: Rig) -> None:
    """Whether someone may ask is decided again when the form is sent, and before its codes are judged."""
    for pasted in (CODE, "not+a+code"):
        answer = await rig.form(filled(command=command(channel="D0RIKA0000"), pasted=pasted))
        assert answer == Denied(Verdict.DIRECT_MESSAGE)
        # The same again within a minute is counted.
        rig.wired.clock.advance(60)
    assert len(await rig.wired.events(EventKind.COMMAND_REFUSED)) == 2


async def test_too_many_codes_leave_the_form_as_it_is(rig: Rig) -> None:
    """What a request can't take is said at its field, so that nothing that was filled in is lost."""
    rig.files.stored[_FILE] = "\n".join(many(1001)).encode()
    sent = filled(pasted="", file=_FILE)
    answer = await rig.form(sent)
    assert isinstance(answer, Misread)
    said = fields.refused(Answers("https://work.slack.com/").text(answer), sent)
    assert said == {"file": "That is 1001 codes; one request takes up to 1000. Please split it."}


async def test_of_two_forms_at_once_one_is_told_what_is_taken(rig: Rig) -> None:
    """Someone whose codes are asked for in the same moment is told by which request, in the form."""
    rig.wired.coupons.store(a_coupon(number=CODE))
    answers = await asyncio.gather(rig.form(filled()), rig.form(filled()))
    (opened,) = [each for each in answers if isinstance(each, Opened)]
    (wrong,) = [each for each in answers if isinstance(each, WrongCodes)]
    assert wrong == WrongCodes((), {CODE: opened.accepted.request_id})


async def test_all_coupons_are_shown_in_the_channel_of_their_card_alone(rig: Rig) -> None:
    """Who may see what happens to coupons gets the list where its card is, and nowhere else."""
    wired = rig.wired
    request_id = await open_many(wired, 30)
    await wired.run(30, step=1)
    show_all = wired.services.show_all(TEAM, rig.dialogs, dialog)
    look = Look(user=RIKA.id, team=TEAM, channel=CHANNEL, request_id=request_id)
    elsewhere = dialog(Verdict.NO_SUCH_REQUEST, "C0OTHER000")
    assert await show_all.turned(replace(look, channel="C0OTHER000", page=2)) == elsewhere
    assert await show_all(look, "trigger") is Verdict.ALLOWED
    assert "COUPON00029" in json.dumps(rig.dialogs.opened[0][1])
    assert await show_all(replace(look, channel="C0OTHER000"), "trigger") is Verdict.NO_SUCH_REQUEST
    assert await show_all(replace(look, team="T0OTHER000"), "trigger") is Verdict.STRANGER
    assert await show_all(replace(look, user="U0NOBODY00"), "trigger") is Verdict.UNKNOWN_PERSON
    assert await show_all(replace(look, request_id="CG-NONE"), "trigger") is Verdict.NO_SUCH_REQUEST
    assert all("COUPON" not in json.dumps(view) for _, view in rig.dialogs.opened[1:])
