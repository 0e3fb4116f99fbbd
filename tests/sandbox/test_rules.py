"""The table of what the local Slack refuses: every row has a source, refuses, and is needed."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk.models import blocks as sdk
from slack_sdk.models.blocks import block_elements
from slack_sdk.models.views import View

from sandbox.slack.rules import limits
from sandbox.slack.rules.hold import Call, broken, indexed, refusal, scope_for
from sandbox.slack.rules.table import RULES, Measured, Page, Rule, Sdk
from sandbox.slack.world import DEFAULT_SCOPES

Json = dict[str, Any]

PLAIN, MRKDWN = {"type": "plain_text", "text": "x", "emoji": True}, {"type": "mrkdwn", "text": "x"}
OPTION = {"text": PLAIN, "value": "v", "description": PLAIN, "url": "https://example.com"}
CONFIRM = {"title": PLAIN, "text": MRKDWN, "confirm": PLAIN, "deny": PLAIN, "style": "danger"}
SELECT = {
    "type": "static_select",
    "action_id": "s",
    "placeholder": PLAIN,
    "options": [OPTION],
    "initial_option": OPTION,
    "confirm": CONFIRM,
    "focus_on_load": True,
}
BUTTON = {
    "type": "button",
    "text": PLAIN,
    "action_id": "b",
    "value": "v",
    "url": "https://example.com",
    "style": "danger",
    "confirm": CONFIRM,
    "accessibility_label": "x",
}
WORDS = {
    "type": "plain_text_input",
    "action_id": "w",
    "placeholder": PLAIN,
    "initial_value": "x",
    "multiline": True,
    "min_length": 1,
    "max_length": 9,
    "focus_on_load": True,
}
INPUT = {
    "type": "input",
    "block_id": "i",
    "label": PLAIN,
    "element": WORDS,
    "hint": PLAIN,
    "optional": True,
    "dispatch_action": False,
}
KEPT = {
    "private_metadata": "x",
    "callback_id": "x",
    "external_id": "x",
    "clear_on_close": True,
    "notify_on_close": True,
}
DIVIDER = {"type": "divider", "block_id": "d"}
# One of each that breaks nothing and has every field for which there is a rule.
ELEMENTS: dict[str, Json] = {
    "plain_text": PLAIN,
    "mrkdwn": {**MRKDWN, "verbatim": True},
    "confirm": CONFIRM,
    "option": OPTION,
    "option_group": {"label": PLAIN, "options": [OPTION]},
    "button": BUTTON,
    "overflow": {"type": "overflow", "action_id": "o", "options": [OPTION], "confirm": CONFIRM},
    "static_select": SELECT,
    "plain_text_input": WORDS,
    "url_text_input": {
        "type": "url_text_input",
        "action_id": "u",
        "placeholder": PLAIN,
        "initial_value": "x",
        "focus_on_load": True,
    },
    "file_input": {"type": "file_input", "action_id": "f", "filetypes": ["csv"], "max_files": 1},
    "header": {"type": "header", "text": PLAIN, "block_id": "h"},
    "section": {
        "type": "section",
        "text": MRKDWN,
        "fields": [PLAIN],
        "accessory": BUTTON,
        "expand": True,
        "block_id": "s",
    },
    "divider": DIVIDER,
    "context": {"type": "context", "elements": [MRKDWN], "block_id": "c"},
    "actions": {"type": "actions", "elements": [BUTTON], "block_id": "a"},
    "image": {"type": "image", "alt_text": "x", "image_url": "u", "title": PLAIN, "block_id": "p"},
    "rich_text": {"type": "rich_text", "elements": [], "block_id": "r"},
    "input": INPUT,
    "message": {"blocks": [DIVIDER]},
    "home": {"type": "home", "blocks": [DIVIDER], **KEPT},
    "modal": {
        "type": "modal",
        "title": PLAIN,
        "blocks": [INPUT],
        "close": PLAIN,
        "submit": PLAIN,
        "submit_disabled": False,
        **KEPT,
    },
}
GROUPED = {"type": "static_select", "option_groups": [ELEMENTS["option_group"]]}

# One call of each method that is refused nothing.
CALLS: dict[str, Json] = {
    "api.test": {},
    "team.info": {},
    "usergroups.list": {},
    "bots.info": {"bot": "B1"},
    "users.info": {"user": "U1"},
    "usergroups.users.list": {"usergroup": "S1"},
    "conversations.info": {"channel": "C1"},
    "conversations.members": {"channel": "G1"},
    "chat.getPermalink": {"channel": "D1", "message_ts": "1.0"},
    "chat.postMessage": {"channel": "U1", "text": "x"},
    "chat.postEphemeral": {"channel": "C1", "user": "W1", "text": "x"},
    "chat.update": {"channel": "C1", "ts": "1.0", "text": "x"},
    "files.info": {"file": "F1"},
    "files.getUploadURLExternal": {"filename": "x", "length": "1"},
    "files.completeUploadExternal": {"files": [], "channel_id": "C1"},
    "views.publish": {"user_id": "U1", "view": {}},
    "views.open": {"trigger_id": "1", "view": {}},
}
SCOPES = {*DEFAULT_SCOPES, "im:read", "team:read"}
# What one field may hold that does not go with another.
_BESIDES: Json = {"option_groups": [ELEMENTS["option_group"]], "slack_file": {"id": "F1"}}


def _name(rule: Rule) -> str:
    return f"{rule.of} {rule.at or 'whole'} {type(rule.limit).__name__}"


def _too_long(value: Any, most: int) -> Any:
    """Return a text of too many UTF-16 units, and of few enough characters."""
    text = "😀" * (most // 2 + 1)
    return {**value, "text": text} if isinstance(value, dict) else text


def _spoilt(rule: Rule, value: Any) -> Iterator[Any]:
    """Yield in which ways a value of the rule's field breaks it, everything else kept."""
    match rule.limit:
        case limits.Only():
            yield {**value, "colour": "red"}
        case limits.Chars(most, least):
            yield _too_long(value, most)
            if least:
                yield {**value, "text": ""} if isinstance(value, dict) else ""
        case limits.TotalText(most):
            yield [{"type": "section", "text": {**MRKDWN, "text": "😀" * 1500}}] * (most // 3000 + 1)
        case limits.Count(most, fewest):
            yield [_other(each, number) for number, each in enumerate((value or [{}]) * (most + 1))]
            if fewest:
                yield []
        case limits.Flag() | limits.Id() | limits.Holds():
            yield 7
        case limits.Between(least, most):
            yield from (least - 1, most + 1)
        case limits.Word() | limits.Kinds():
            yield "lever" if isinstance(rule.limit, limits.Word) else {"type": "lever"}
        case limits.Either(names, both):
            yield {name: each for name, each in value.items() if name not in names}
            if not both:
                yield {**value, names[1]: _BESIDES[names[1]]}
        case limits.Chosen():
            yield {**value, "initial_option": {**OPTION, "value": "other"}}
        case limits.Unique():
            yield [value[0], value[0]]
        case limits.Sendable():
            yield {name: each for name, each in value.items() if name != "submit"}
        case other:
            raise AssertionError(f"nobody says how {other} is broken")


def _other(each: Any, number: int) -> Any:
    """Return a copy with an id of its own, since those have to differ."""
    names = {"block_id", "action_id"}.intersection(each) if isinstance(each, dict) else ()
    return {**each, **{name: str(number) for name in names}} if names else each


def _with(whole: Json, at: str, part: Any) -> Json:
    if not at:
        return dict(part)
    name = at.removesuffix("[]")
    return {**whole, name: [part] if at != name else part}


def _of_elements() -> list[Rule]:
    return [rule for rule in RULES if rule.of in ELEMENTS]


def _bad_elements(rule: Rule) -> Iterator[Json]:
    good = copy.deepcopy(GROUPED if rule.at.startswith("option_groups") else ELEMENTS[rule.of])
    if isinstance(rule.limit, limits.Needed):
        yield {name: each for name, each in good.items() if name != rule.at}
        return
    part: Any = good
    if rule.at:
        name = rule.at.removesuffix("[]")
        part = good[name][0] if name != rule.at else good[name]
    for bad in _spoilt(rule, part):
        yield _with(good, rule.at, bad)


@pytest.mark.parametrize("of", ELEMENTS)
def test_what_keeps_the_rules_is_taken(of: str) -> None:
    """An element with every field that there is a rule for, each within its limit, is taken."""
    assert [str(each) for each in broken(of, ELEMENTS[of])] == []


@pytest.mark.parametrize("rule", _of_elements(), ids=_name)
def test_each_rule_of_elements_refuses(rule: Rule) -> None:
    """Each row refuses what breaks it, by its own error, and without it that would be taken."""
    without = indexed([each for each in RULES if each is not rule])
    for bad in _bad_elements(rule):
        assert rule in [each.rule for each in broken(rule.of, bad)]
        twins = [each.rule for each in broken(rule.of, bad, index=without)]
        assert rule not in twins
        assert all(_is_twin(rule, each) for each in twins), twins


def _is_twin(rule: Rule, other: Rule) -> bool:
    """Tell whether another rule rightly refuses the same: one of the same field, or of the whole."""
    return other.of in (rule.of, "plain_text", "mrkdwn", "option") and (
        other.at in (rule.at, "", "text", "value") or isinstance(other.limit, limits.Unique | limits.Kinds)
    )


def _of_calls() -> list[Rule]:
    return [rule for rule in RULES if rule.of in CALLS]


def _bad_calls(rule: Rule) -> Iterator[Call]:
    args, method = CALLS[rule.of], rule.of
    match rule.limit:
        case limits.Form():
            yield Call(method, args, SCOPES, is_json=True)
        case limits.Scope(name):
            yield Call(method, args, SCOPES - {name})
        case limits.Needed():
            yield Call(method, {name: each for name, each in args.items() if name != rule.at}, SCOPES)
        case limits.Bytes(most):
            yield Call(method, {**args, rule.at: {"text": "x" * most}}, SCOPES)
        case limits.Id(letters):
            kinds = {"U": "U1", "C": "C1", "S": "S1", "F": "F1"}
            for wrong in ("x", "#incident", *(kinds[letter] for letter in kinds if letter not in letters)):
                yield Call(method, {**args, rule.at: wrong}, SCOPES)
        case _:
            yield from (Call(method, {**args, rule.at: bad}, SCOPES) for bad in _spoilt(rule, args[rule.at]))


@pytest.mark.parametrize("method", CALLS)
def test_calls_that_keep_the_rules_are_let_in(method: str) -> None:
    """A call with ids of the right kinds, in a form, with its scopes, is refused nothing."""
    assert refusal(Call(method, CALLS[method], SCOPES)) is None


@pytest.mark.parametrize("rule", _of_calls(), ids=_name)
def test_each_rule_of_calls_refuses(rule: Rule) -> None:
    """Each row refuses a call that breaks it, and without it the call would be let in."""
    if isinstance(rule.limit, limits.Scope) and rule.limit.channel:
        without = indexed([each for each in RULES if each is not rule])
        assert scope_for(rule.of, rule.limit.channel) is rule
        assert scope_for(rule.of, rule.limit.channel, without) is None
        return
    without = indexed([each for each in RULES if each is not rule])
    for call in _bad_calls(rule):
        assert refusal(call) is rule
        assert refusal(call, without) in (None, *_twins(rule))


def _twins(rule: Rule) -> list[Rule]:
    return [each for each in RULES if each is not rule and (each.of, each.at) == (rule.of, rule.at)]


def test_every_rule_is_tried() -> None:
    """No row stands for something that these tests have no sample of."""
    assert {rule.of for rule in RULES} == {*ELEMENTS, *CALLS}
    assert len({(rule.of, rule.at, rule.limit) for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=_name)
def test_every_rule_has_a_source(rule: Rule) -> None:
    """Each row names an independent source, and a number that the SDK holds is the SDK's."""
    match rule.source:
        case Page(title):
            assert len(title) > 3
        case Measured(where):
            assert len(where) > 10
        case Sdk():
            assert rule.source.owner.__module__.startswith("slack_sdk.")
            assert isinstance(rule.limit, limits.Chars | limits.Count)
            assert rule.limit.most == rule.source.value


_MODELS: dict[str, type] = {
    "plain_text": sdk.PlainTextObject,
    "mrkdwn": sdk.MarkdownTextObject,
    "button": sdk.ButtonElement,
    "overflow": sdk.OverflowMenuElement,
    "static_select": sdk.StaticSelectElement,
    "plain_text_input": sdk.PlainTextInputElement,
    "url_text_input": sdk.UrlInputElement,
    "file_input": block_elements.FileInputElement,
    "header": sdk.HeaderBlock,
    "section": sdk.SectionBlock,
    "divider": sdk.DividerBlock,
    "context": sdk.ContextBlock,
    "actions": sdk.ActionsBlock,
    "image": sdk.ImageBlock,
    "rich_text": sdk.RichTextBlock,
    "input": sdk.InputBlock,
    "home": View,
    "modal": View,
}
# Fields that Slack documents and the SDK's classes do not list.
_NEWER = {"submit_disabled"}


@pytest.mark.parametrize("of", _MODELS)
def test_the_sdk_knows_every_field(of: str) -> None:
    """No field is let in that Slack's own SDK does not know of that element."""
    (only,) = (rule.limit for rule in RULES if rule.of == of and isinstance(rule.limit, limits.Only))
    given = {name: each for name, each in ELEMENTS[of].items() if name != "type"}
    model = _MODELS[of](**({**given, "type": of} if _MODELS[of] is View else given))
    assert only.names - model.attributes <= _NEWER


def test_the_sdk_takes_what_the_table_takes() -> None:
    """What keeps every rule passes the validation of Slack's own SDK too."""
    blocks = [ELEMENTS[of] for of in ("header", "section", "divider", "context", "actions", "image", "input")]
    for block in blocks:
        parsed = sdk.Block.parse(block)
        assert parsed is not None
        parsed.validate_json()
    for of in ("home", "modal"):
        known = {name: each for name, each in ELEMENTS[of].items() if name not in _NEWER}
        View(**known).validate_json()
