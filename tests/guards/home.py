"""Guards of the Home tab: who sees what, and that no change of it gets lost."""

from __future__ import annotations

from tests.guards.guard import Guard

_DOMAIN, _SERVICE, _STORE = "bot/domain/home.py", "bot/services/home.py", "bot/adapters/store/homes.py"
_BY_DOMAIN = ("tests/unit/handlers/test_home.py",)
_SERVICES = "tests/integration/services/test_home.py"
_STORED = "tests/integration/store/test_homes.py"
_FAILING = "tests/security/test_failing.py"

_WHO = (
    Guard(
        name="a stranger sees nothing",
        keeps="-",
        promise="The Home of someone who may not act shows no request.",
        file="bot/domain/policy.py",
        text="        return Sight(None)\n    if standing.granted(",
        without="        pass\n    if standing.granted(",
        tests=_BY_DOMAIN,
    ),
    Guard(
        name="others' for approvers",
        keeps="-",
        promise="A Home shows what others asked to approvers only.",
        file=_DOMAIN,
        text="    return seen and (",
        without="    return (True or seen) and (",
        tests=_BY_DOMAIN,
    ),
    Guard(
        name="the failed is one's own",
        keeps="-",
        promise="A request that nobody was shown is on its requester's Home alone.",
        file=_DOMAIN,
        text="(_is_own(standing, request) or not isinstance(request, Failed))",
        without="True",
        tests=_BY_DOMAIN,
    ),
    Guard(
        name="a guest in the group",
        keeps="-",
        promise="A guest sees nothing of others, whatever group they are in.",
        file="bot/domain/policy.py",
        text="        return Sight(None)\n",
        without="        pass\n",
        tests=_BY_DOMAIN,
    ),
    Guard(
        name="an unknown person waits",
        keeps="-",
        promise="As long as Slack does not say who someone is, no Home is published.",
        file=_SERVICE,
        text="if standing.kind is Kind.UNKNOWN:",
        without="if False:",
        tests=(f"{_SERVICES}::test_an_unknown_person_is_shown_nothing_for_now",),
    ),
    Guard(
        name="Homes of the workspace",
        keeps="-",
        promise="A Home that was opened in another workspace is none.",
        file=_SERVICE,
        text="if opening.team in (None, self._team):",
        without="if True:",
        tests=(f"{_SERVICES}::test_another_workspace_opens_nothing",),
    ),
    Guard(
        name="no other event",
        keeps="-",
        promise="Of all events only an opened Home gets to Bolt.",
        file="handlers/payloads/home.py",
        text='Literal["app_home_opened"]',
        without="str",
        tests=("tests/unit/handlers/test_payloads.py::test_an_event_that_is_no_opened_home_is_refused",),
    ),
)

_LOST = (
    Guard(
        name="a Home stored, then acked",
        keeps="I5",
        promise="That a Home was opened is stored before Slack's event is taken.",
        file="handlers/listeners/home.py",
        text="await open_home(opening)",
        without='__import__("asyncio").ensure_future(open_home(opening))',
        tests=(f"{_FAILING}::test_an_event_that_could_not_be_stored_is_sent_again",),
    ),
    Guard(
        name="an event is sent again",
        keeps="I5",
        promise="Slack is told that an event could not be stored, and sends it again.",
        file="handlers/errors.py",
        text="if is_event(body):",
        without="if False:",
        tests=(f"{_FAILING}::test_an_event_that_could_not_be_stored_is_sent_again",),
    ),
    Guard(
        name="Homes follow cards",
        keeps="-",
        promise="A request that changes makes Homes due.",
        file="bot/adapters/store/transaction.py",
        text='        self._shown_anew |= delivery.drawn_version > stored["drawn_version"]\n',
        without="",
        tests=(f"{_STORED}::test_a_burst_of_changes_is_one_look",),
    ),
    Guard(
        name="Homes lately opened",
        keeps="-",
        promise="A Home that nobody has opened for a week is left alone.",
        file=_STORE,
        text="homes.c.opened_at > bindparam",
        without="homes.c.opened_at != bindparam",
        tests=(f"{_STORED}::test_every_home_that_was_opened_lately_is_due",),
    ),
    Guard(
        name="changed while published",
        keeps="-",
        promise="What changed while a Home was published is published after it.",
        file=_STORE,
        text='"due_at": case((untouched, None), else_=after),',
        without='"due_at": None,',
        tests=(f"{_STORED}::test_a_change_while_it_is_published_is_published_after_it",),
    ),
    Guard(
        name="what Slack shows is known",
        keeps="-",
        promise="A Home that may be behind is published, whatever was published last.",
        file=_STORE,
        text='"shown": case((untouched, literal(shown, Text)), else_=None),',
        without='"shown": shown,',
        tests=(f"{_STORED}::test_a_late_publish_is_made_up_for",),
    ),
    Guard(
        name="a late publish",
        keeps="-",
        promise="A publish after the end of a lease is made up for.",
        file=_STORE,
        text="            if lost:\n",
        without="            if False:\n",
        tests=(f"{_STORED}::test_a_late_publish_is_made_up_for",),
    ),
    Guard(
        name="a Home's pace",
        keeps="-",
        promise="A Home is published at most once in a few seconds.",
        file=_STORE,
        text="case((resting, homes.c.rest_until), else_=this_moment)",
        without="case((resting, this_moment), else_=this_moment)",
        tests=(f"{_STORED}::test_opening_again_and_again_keeps_the_pace",),
    ),
    Guard(
        name="Slack's pace for Homes",
        keeps="-",
        promise="Where Slack asks to wait, no change and no opening comes before.",
        file=_STORE,
        text="return case((_settled, paced), else_=homes.c.due_at)",
        without="return paced",
        tests=(f"{_STORED}::test_a_home_put_off_stays_put_off",),
    ),
    Guard(
        name="Slack's limit is for all",
        keeps="-",
        promise="While Slack asks to wait, no Home is tried.",
        file=_SERVICE,
        text="            await self._homes.all_later(due)\n",
        without="            pass\n",
        tests=(f"{_SERVICES}::test_a_rate_limit_is_one_for_all",),
    ),
)

GUARDS = (*_WHO, *_LOST)
