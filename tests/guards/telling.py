"""Guards of what people are told: stored first, never lost, escaped, private where it has to be."""

from __future__ import annotations

from tests.guards.guard import Guard

_PRESENT = "bot/services/requests/card.py"
_TELL = "bot/services/requests/tell.py"
_DECIDING = "tests/integration/services/test_click.py"
_MRKDWN = "handlers/render/blocks.py"
_STRAY = "tests/integration/services/test_stray_card.py"
_SERVICES = "tests/integration/services/test_services.py"
_CARDS = "tests/unit/handlers/test_card.py"
_WORDS = "tests/unit/handlers/test_words.py"

_NEVER_LOST = (
    Guard(
        name="accepted once stored",
        keeps="I5",
        promise="A command is acknowledged as accepted only once its request is stored.",
        file="bot/services/asked/command.py",
        text="            await tx.add(Submitted(origin=origin, codes=ask.codes), command.reply_url)\n",
        without="",
        tests=(f"{_SERVICES}::test_a_command_is_stored_before_it_is_acknowledged",),
    ),
    Guard(
        name="outcomes wait for Slack",
        keeps="I5",
        promise="An outcome that Slack did not take is told later.",
        file=_TELL,
        text=(
            "            return await self._later(claim, error)\n        except SlackRefused as error:\n"
            "            return await self._refused(claim, request, delivery, outcome"
        ),
        without=(
            "            pass\n        except SlackRefused as error:\n"
            "            return await self._refused(claim, request, delivery, outcome"
        ),
        tests=(f"{_SERVICES}::test_an_outcome_waits_for_slack",),
    ),
    Guard(
        name="told otherwise",
        keeps="I5",
        promise="An outcome that can't be posted is told to the requester privately.",
        file=_TELL,
        text="if error.name in CLOSED or claim.attempts > TRIES:",
        without="if False:",
        tests=(f"{_SERVICES}::test_an_outcome_that_can_not_be_posted_is_told_privately",),
    ),
    Guard(
        name="told where they are",
        keeps="I5",
        promise="A requester who is not in the channel any more is told the outcome privately as well.",
        file=_TELL,
        text="if await self._is_there(request, delivery):",
        without="if True:",
        tests=(
            "tests/integration/services/test_told_privately.py::test_who_left_the_channel_is_told_privately_as_well",
        ),
    ),
    Guard(
        name="refusals are told",
        keeps="I5",
        promise="Why a click was refused is stored with the refusal, and told privately.",
        file="bot/services/asked/click.py",
        text="            if told is not None:",
        without="            if False:",
        tests=(
            "tests/integration/services/test_click.py::test_a_refused_click_is_told_privately_and_leaves_the_card_alone",
        ),
    ),
    Guard(
        name="stray copies are redrawn",
        keeps="I5",
        promise="A card that was posted twice works at both places, and both are kept up to date.",
        file="bot/services/asked/click.py",
        text="            await _heal(tx, click, request, verdict)\n",
        without="",
        tests=("tests/integration/services/test_click.py::test_a_click_on_a_stray_copy_redraws_it",),
    ),
    Guard(
        name="copies stand in the channel",
        keeps="I5",
        promise="What was clicked in another channel is not taken for a copy of the card.",
        file="bot/services/asked/click.py",
        text="    if click.channel != delivery.channel(request.origin):",
        without="    if not click.channel:",
        tests=(f"{_DECIDING}::test_a_click_in_another_channel_makes_no_copy_there",),
    ),
    Guard(
        name="late cards are redrawn",
        keeps="I5",
        promise="A card that was drawn after its claim was lost is drawn anew.",
        file=_PRESENT,
        text="replace(now, drawn_version=0, copies=copies))\n            raise",
        without="replace(now, copies=copies))\n            raise",
        tests=(f"{_SERVICES}::test_a_card_that_was_drawn_too_late_is_drawn_anew",),
    ),
    Guard(
        name="deadlines end requests",
        keeps="I5",
        promise="A request that nobody decided in time ends by itself.",
        file="bot/services/requests/work.py",
        text="if isinstance(request, Pending) and self._clock.now() >= request.approve_by:",
        without="if False:",
        tests=("tests/integration/services/test_click.py::test_silence_ends_the_request",),
    ),
    Guard(
        name="claims are kept up",
        keeps="I3",
        promise="While work goes on its lease is kept up, so nobody takes it over.",
        file="bot/run/worker.py",
        text="                await lane.keep(claim)\n",
        without="                await asyncio.sleep(0)\n",
        tests=("tests/unit/run/test_worker.py",),
    ),
)

_WAITING = (
    Guard(
        name="a copy clicked meanwhile",
        keeps="I5",
        promise="A copy that was clicked while the card was drawn is drawn as well.",
        file=_PRESENT,
        text="drawn_version=request.version if is_seen and missed is None else 0,",
        without="drawn_version=request.version if missed is None else 0,",
        tests=(f"{_DECIDING}::test_a_copy_that_is_clicked_while_the_card_is_drawn_is_drawn_too",),
    ),
    Guard(
        name="a clicked card was shown",
        keeps="I4",
        promise="A request whose card someone clicked does not fail as one that nobody was shown.",
        file="bot/services/ports/store.py",
        text=" or bool(self.copies)",
        without="",
        tests=(f"{_STRAY}::test_a_refused_click_shows_that_there_is_a_card",),
    ),
    Guard(
        name="what was acted on is told",
        keeps="I5",
        promise="A freeze or an approval that comes right before a request would fail is told how it ends.",
        file="bot/services/requests/fail.py",
        text="if isinstance(request, Pending) and await _was_shown(tx, request):",
        without="if False:",
        tests=(f"{_STRAY}::test_a_click_right_before_the_end_counts",),
    ),
    Guard(
        name="few names prove anything",
        keeps="I5",
        promise="A card waits, and its request does not fail, unless Slack's refusal is about the channel.",
        file=_PRESENT,
        text="and not delivery.was_shown and error.name in CLOSED:",
        without="and not delivery.was_shown:",
        tests=(f"{_SERVICES}::test_a_card_waits_for_slack",),
    ),
    Guard(
        name="lost cards are posted anew",
        keeps="I5",
        promise="A card that someone removed is posted anew.",
        file=_PRESENT,
        text="return stuck or error.name in LOST",
        without="return stuck",
        tests=(f"{_SERVICES}::test_a_card_that_was_removed_is_posted_anew",),
    ),
    Guard(
        name="at most two reminders",
        keeps="-",
        promise="That people were reminded is stored, so that a card drawn anew reminds nobody again.",
        file="bot/services/requests/remind.py",
        text="remind_at=self.at(request, now), reminded_at=now",
        without="remind_at=self.at(request, now)",
        tests=("tests/integration/services/test_reminders.py::test_a_card_drawn_anew_changes_nothing",),
    ),
    Guard(
        name="reminders in time",
        keeps="-",
        promise="In the last two minutes nobody is reminded any more.",
        file="bot/domain/request/reminder.py",
        text="if began < time <= last",
        without="if began < time",
        tests=("tests/unit/domain/test_reminder.py",),
    ),
    Guard(
        name="notices wait for Slack",
        keeps="I5",
        promise="A private answer that Slack did not take is delivered later.",
        file="bot/services/notices.py",
        text="due < claim.notice.at + _WORTH_TELLING_FOR",
        without="False",
        tests=(f"{_SERVICES}::test_a_notice_is_delivered_late_but_not_never",),
    ),
    Guard(
        name="one error ends no lane",
        keeps="I5",
        promise="Whatever goes wrong with a piece of work, the worker goes on.",
        file="bot/run/worker.py",
        text="        except Exception:  # noqa",
        without="        except ZeroDivisionError:  # noqa",
        tests=("tests/unit/run/test_worker.py",),
    ),
    Guard(
        name="work is given back",
        keeps="I5",
        promise="After an error the work is given back, so that nobody waits for the lease.",
        file="bot/run/worker.py",
        text="lambda: lane.give_back(claim))",
        without="lambda: asyncio.sleep(0))",
        tests=("tests/unit/run/test_worker.py",),
    ),
)

_SHOWN = (
    Guard(
        name="mentions are escaped",
        keeps="I4",
        promise="What people and Vivoldi wrote can neither mention nor link.",
        file=_MRKDWN,
        text='.replace("<", "&lt;")',
        without="",
        tests=(_WORDS, _CARDS),
    ),
    Guard(
        name="ampersands are escaped",
        keeps="I4",
        promise="What is shown is letter for letter what was written.",
        file=_MRKDWN,
        text='.replace("&", "&amp;")',
        without="",
        tests=(_WORDS, _CARDS),
    ),
    Guard(
        name="code stays code",
        keeps="I4",
        promise="A backtick in a code does not end its formatting.",
        file=_MRKDWN,
        text=".replace('`', 'ˋ')",
        without="",
        tests=(_WORDS,),
    ),
    Guard(
        name="verbatim texts",
        keeps="I4",
        promise="Slack makes no link or mention out of a text by itself.",
        file="handlers/render/blocks.py",
        text='clip(text, longest), "verbatim": True}',
        without='clip(text, longest), "verbatim": False}',
        tests=(_CARDS, "tests/unit/handlers/test_golden.py"),
    ),
    Guard(
        name="nothing cut in half",
        keeps="I4",
        promise="A text that is cut leaves no half mention, date or escape.",
        file=_MRKDWN,
        text='return _HALF.sub("", cut) + "…"',
        without='return cut + "…"',
        tests=(_WORDS,),
    ),
    Guard(
        name="Slack's length limits",
        keeps="I5",
        promise="Slack takes every card, however long what is in it.",
        file="handlers/render/blocks.py",
        text='{"type": "mrkdwn", "text": clip(text, longest)',
        without='{"type": "mrkdwn", "text": text',
        tests=(_CARDS,),
    ),
    Guard(
        name="a dialog before a click",
        keeps="I1",
        promise="Each approval asks first, and says that it can't be undone.",
        file="handlers/render/card.py",
        text='style="danger", confirm=asks)',
        without='style="danger")',
        tests=(_CARDS,),
    ),
    Guard(
        name="no buttons at the end",
        keeps="I6",
        promise="A decided card has no buttons any more.",
        file="handlers/render/card.py",
        text="if can_unfreeze(request) else []",
        without='if can_unfreeze(request) else [button(Action.CANCEL, value, "Cancel Request", "Cancel")]',
        tests=(_CARDS,),
    ),
    Guard(
        name="answers are private",
        keeps="I8",
        promise="What a command is answered, only the person who typed it sees.",
        file="handlers/listeners/commands.py",
        text='response_type="ephemeral"',
        without='response_type="in_channel"',
        tests=("tests/integration/services/test_show.py::test_the_listener_answers_privately",),
    ),
)

GUARDS = (*_NEVER_LOST, *_WAITING, *_SHOWN)
