"""Guards of what is told and shown while Slack refuses, by whatever name."""

from __future__ import annotations

from tests.guards.guard import Guard

_TELL = "bot/services/requests/tell.py"
_CARD = "bot/services/requests/card.py"
_REFUSED = "bot/services/refused.py"
_REMIND = "bot/services/requests/remind.py"
_TOLD = "tests/integration/services/test_told_at_last.py"
_WITH_FREEZES = "tests/integration/services/test_told_with_freezes.py"
_USELESS = "tests/integration/services/test_useless_card.py"
_COMMANDS = "tests/integration/operate/test_outcome_commands.py"

_TOLD_AT_LAST = (
    Guard(
        name="told however long",
        keeps="I5",
        promise="A private word that Slack refuses, by whatever name, is told later.",
        file=_TELL,
        text="gone_for_good = seen.gone_since is not None and now - seen.gone_since >= GONE_FOR",
        without="gone_for_good = True",
        tests=(f"{_TOLD}::test_telling_ends_if_nobody_is_left",),
    ),
    Guard(
        name="somebody may be left",
        keeps="I5",
        promise="Telling does not end while Slack knows the requester.",
        file=_TELL,
        text="if gone_for_good and await self._has_left(origin.requester.id):",
        without="if gone_for_good:",
        tests=(f"{_TOLD}::test_telling_goes_on_while_someone_may_be_left",),
    ),
    Guard(
        name="waiting is no try",
        keeps="I5",
        promise="An end that waited for a freeze is given its tries from the first one.",
        file=_TELL,
        text=", anew=now < until)",
        without=")",
        tests=(f"{_WITH_FREEZES}::test_waiting_for_a_freeze_is_no_failed_try",),
    ),
    Guard(
        name="replaced cards are redrawn",
        keeps="I5",
        promise="A card that another one replaced is redrawn with it, whatever Slack said of it.",
        file=_REFUSED,
        text="before = () if delivery.card_ts is None else (delivery.card_ts,)",
        without="before = tuple[str, ...]()",
        tests=(f"{_USELESS}::test_a_card_that_is_there_after_all_ends_with_the_others",),
    ),
    Guard(
        name="new cards before copies",
        keeps="I5",
        promise="A card that took another's place is known before its copies are drawn.",
        file=_CARD,
        text="missed = await self._draw_copies(request, drawn, before, card)",
        without="""missed = await self._draw_copies(request, drawn, before, card)
        if missed is not None:
            return await self._later(claim, missed)""",
        tests=(f"{_USELESS}::test_a_copy_that_slack_puts_off_costs_no_further_card",),
    ),
    Guard(
        name="late cards are known",
        keeps="I5",
        promise="A card that was posted after its claim was lost is a copy from then on.",
        file=_CARD,
        text="() if drawn.card_ts in (None, now.card_ts) else (drawn.card_ts,)",
        without="()",
        tests=(f"{_USELESS}::test_a_card_that_was_drawn_too_slowly_is_known_as_a_copy",),
    ),
    Guard(
        name="seven days on end",
        keeps="I5",
        promise="A channel that took a message is not gone.",
        file=_REFUSED,
        text="return replace(delivery, refused_by=None, gone_since=None)",
        without="return replace(delivery, refused_by=None)",
        tests=(f"{_TOLD}::test_a_channel_that_came_back_counts_anew",),
    ),
    Guard(
        name="told once in the thread",
        keeps="I5",
        promise="While a private word waits, the thread is not told again.",
        file=_TELL,
        text="return replace(stored, in_thread=seen.in_thread, gone_since=seen.gone_since)",
        without="return replace(stored, gone_since=seen.gone_since)",
        tests=(f"{_TOLD}::test_who_is_not_there_is_told_after_the_thread_was",),
    ),
    Guard(
        name="due after a start",
        keeps="I5",
        promise="A start tries at once what Slack refused.",
        file="bot/bootstrap.py",
        text="            await store.retry_refused()\n",
        without="",
        tests=("tests/integration/run/test_start.py",),
    ),
    Guard(
        name="due once Slack takes one",
        keeps="I5",
        promise="When Slack takes a message again, what it refused by the same name is tried as well.",
        file="bot/adapters/store/transaction.py",
        text='            self._taken_again.add(stored["refused_by"])\n',
        without="            pass\n",
        tests=(f"{_TOLD}::test_what_slack_takes_again_it_takes_of_all",),
    ),
    Guard(
        name="told one a second",
        keeps="I5",
        promise="However much waits, Slack is given it one a second.",
        file="bot/adapters/store/untold.py",
        text="now + TELLING_PACE * (place + 1)",
        without="now",
        tests=(f"{_TOLD}::test_what_waits_is_due_after_a_start",),
    ),
    Guard(
        name="told no later than it was",
        keeps="I5",
        promise="Making due what waits delays nothing.",
        file="bot/adapters/store/untold.py",
        text=" if slot < row.due_at",
        without="",
        tests=(f"{_TOLD}::test_a_start_delays_nothing",),
    ),
    Guard(
        name="led to the new card",
        keeps="-",
        promise="Who clicks a card that was replaced is told where the new one is.",
        file="bot/services/asked/click.py",
        text="    return CardPlace(delivery.channel(request.origin), delivery.card_ts)\n",
        without="    return None\n",
        tests=(f"{_USELESS}::test_a_click_on_a_replaced_card_is_led_to_the_new_one",),
    ),
    Guard(
        name="failures are outcomes",
        keeps="I5",
        promise="Why a request failed is told however late.",
        file="bot/adapters/store/claims.py",
        text="return None if settled else now",
        without="return None",
        tests=(f"{_TOLD}::test_why_a_request_failed_is_told_however_late",),
    ),
    Guard(
        name="text alone",
        keeps="I5",
        promise="Blocks that Slack does not take keep nobody from hearing an outcome.",
        file=_REFUSED,
        text="        return await send(Message(message.text))",
        without="        raise",
        tests=(f"{_TOLD}::test_blocks_that_slack_does_not_take_keep_nobody_from_hearing_it",),
    ),
    Guard(
        name="the gaps grow",
        keeps="-",
        promise="A refusal that lasts is asked about once an hour at last.",
        file="bot/services/pacing.py",
        text="_LONGEST_REFUSED if isinstance(error, SlackRefused) else _LONGEST",
        without="_LONGEST",
        tests=(f"{_TOLD}::test_the_gaps_grow_to_an_hour",),
    ),
    Guard(
        name="a card that never came",
        keeps="I4",
        promise="If Slack never took the card, that is told as the cause, and not that nobody decided.",
        file="bot/services/requests/work.py",
        text="if delivery.refused_by is not None and not delivery.was_shown:",
        without="if False:",
        tests=(f"{_TOLD}::test_a_card_that_never_came_is_told_with_its_cause",),
    ),
    Guard(
        name="given up is not told",
        keeps="I7",
        promise="What an operator gave up is not told any more.",
        file="bot/services/ports/store.py",
        text="return self.told or self.given_up",
        without="return self.told",
        tests=(f"{_COMMANDS}::test_what_waits_is_listed_and_can_be_given_up",),
    ),
)

_REPLACED = (
    Guard(
        name="stuck cards are replaced",
        keeps="I5",
        promise="A card that can't be changed is replaced after ten seconds.",
        file=_CARD,
        text="stuck = before.stuck_since is not None and self._clock.now() >= before.stuck_since + STUCK_FOR",
        without="stuck = False",
        tests=(f"{_USELESS}::test_a_card_that_can_not_be_changed_is_replaced_and_decided_on",),
    ),
    Guard(
        name="three cards at most",
        keeps="-",
        promise="At most three cards take the place of the first.",
        file=_REFUSED,
        text="return delivery.replaced < MOST_REPLACED - isinstance(request, Approved)",
        without="return True",
        tests=(f"{_USELESS}::test_at_most_three_cards_take_its_place",),
    ),
    Guard(
        name="outcomes wait for no card",
        keeps="I5",
        promise="An outcome is told while its card can't be changed.",
        file=_CARD,
        text="if isinstance(request, Ended) and not delivery.is_settled:",
        without="if False:",
        tests=(f"{_USELESS}::test_an_outcome_does_not_wait_for_its_card",),
    ),
    Guard(
        name="reminders find a card",
        keeps="I5",
        promise="A reminder that finds no card draws one.",
        file=_REMIND,
        text="if is_lost and may_replace(request, before):",
        without="if False:",
        tests=(f"{_USELESS}::test_a_reminder_that_finds_no_card_draws_one",),
    ),
    Guard(
        name="only the stored card moves",
        keeps="I8",
        promise="A click on anything but the stored card says nothing about its channel.",
        file="bot/services/asked/click.py",
        text="        if click.message_ts == delivery.card_ts:\n",
        without="        if True:\n",
        tests=(f"{_USELESS}::test_another_message_moves_nothing",),
    ),
    Guard(
        name="only unknown channels move",
        keeps="I8",
        promise="A card is looked for elsewhere only if Slack does not know its channel.",
        file=_CARD,
        text='if error.name != "channel_not_found" or before.clicked_in is None',
        without="if before.clicked_in is None",
        tests=(f"{_USELESS}::test_a_channel_that_answers_otherwise_has_not_moved",),
    ),
    Guard(
        name="lists are no cards",
        keeps="I5",
        promise="A click in a private answer names no copy of the card.",
        file="handlers/payloads/buttons.py",
        text="None if self.is_private else self.message_ts",
        without="self.message_ts",
        tests=("tests/integration/services/test_list_cancel.py",),
    ),
)

GUARDS = (*_TOLD_AT_LAST, *_REPLACED)
