"""The rules by which the local Slack refuses what Slack refuses: one row a rule, each with its source.

A source is independent of this program: a page of Slack's documentation, a number that Slack's own SDK holds
about it, or what was measured at Slack. A number that the SDK knows is the SDK's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from slack_sdk.models import blocks as sdk
from slack_sdk.models.views import View

from sandbox.slack.rules.limits import (
    Between,
    Bytes,
    Chars,
    Chosen,
    Count,
    Either,
    Flag,
    Form,
    Holds,
    Id,
    Kinds,
    Limit,
    Needed,
    Only,
    Scope,
    Sendable,
    TotalText,
    Unique,
    Word,
)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of Slack's documentation, by its title."""

    title: str


@dataclass(frozen=True, slots=True)
class Sdk:
    """What Slack's own SDK for Python holds: an attribute of a class, whose value is the limit."""

    owner: type
    attribute: str

    @property
    def value(self) -> Any:
        """The SDK's number."""
        return getattr(self.owner, self.attribute)


@dataclass(frozen=True, slots=True)
class Measured:
    """What was seen at Slack itself, and where that is written down."""

    where: str


Source = Page | Sdk | Measured


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. of: the element or the method. at: its field, `name[]` each item of a list, "" the whole.

    error: Slack's name for the refusal; inside a view it is `invalid_arguments`.
    """

    of: str
    at: str
    limit: Limit
    error: str
    source: Source


def _rules(
    of: str, title: str, /, *, needed: str = "", may: str = "", **limits: Limit | Sdk
) -> Iterator[Rule]:
    """Yield an element's rows: its fields, those that it needs, and a limit for each that has one.

    A field's name ends in `_each` if the limit is for each item of its list, in `_kind` if it says of
    what type it is; a second limit of the same field is in `_also`.
    """
    page, error = Page(title), "invalid_blocks"
    yield Rule(of, "", Only(frozenset([*needed.split(), *may.split()])), error, page)
    for name in needed.split():
        yield Rule(of, name, Needed(), error, page)
    for name, limit in limits.items():
        at = name.removesuffix("_also").removesuffix("_kind")
        at = f"{at.removesuffix('_each')}[]" if at.endswith("_each") else at
        if isinstance(limit, Sdk):
            yield Rule(of, at, _of_sdk(limit), error, limit)
        else:
            yield Rule(of, "" if at == "whole" else at, limit, error, page)


_COUNTED = ("elements_max_length", "fields_max_length", "options_max_length", "option_groups_max_length")


def _of_sdk(limit: Sdk) -> Limit:
    if limit.attribute in (*_COUNTED, "blocks_max_length"):
        return Count(limit.value, fewest=1)
    return Chars(limit.value)


_ID = Sdk(sdk.Block, "block_id_max_length")
_ACTION = Sdk(sdk.InteractiveElement, "action_id_max_length")
_PLACEHOLDER = Sdk(sdk.InputInteractiveElement, "placeholder_max_length")
_PLAIN, _TEXT = Kinds(("plain_text",)), Kinds(("plain_text", "mrkdwn"))
_PRESSED = ("button", "overflow", "static_select")
_FIELDS = ("plain_text_input", "static_select", "url_text_input", "file_input")
_BLOCKS = ("header", "section", "divider", "context", "actions", "image", "rich_text", "input")
_STYLE = Word(("primary", "danger"))
_NOT_EMPTY = Chars(255, least=1)

_COMPOSED = (
    *_rules("plain_text", "Text object", needed="text", may="emoji", text=Chars(3000, least=1), emoji=Flag()),
    *_rules(
        "mrkdwn", "Text object", needed="text", may="verbatim", text=Chars(3000, least=1), verbatim=Flag()
    ),
    *_rules(
        "confirm",
        "Confirmation dialog object",
        needed="title text confirm deny",
        may="style",
        title=Sdk(sdk.ConfirmObject, "title_max_length"),
        title_kind=_PLAIN,
        text=Sdk(sdk.ConfirmObject, "text_max_length"),
        text_kind=_TEXT,
        confirm=Sdk(sdk.ConfirmObject, "confirm_max_length"),
        confirm_kind=_PLAIN,
        deny=Sdk(sdk.ConfirmObject, "deny_max_length"),
        deny_kind=_PLAIN,
        style=_STYLE,
    ),
    *_rules(
        "option",
        "Option object",
        needed="text value",
        may="description url",
        text=Sdk(sdk.Option, "label_max_length"),
        text_kind=_TEXT,
        value=Sdk(sdk.Option, "value_max_length"),
        value_also=Chars(150, least=1),
        description=Chars(75),
        description_kind=_TEXT,
        url=Chars(3000),
    ),
    *_rules(
        "option_group",
        "Option group object",
        needed="label options",
        label=Sdk(sdk.OptionGroup, "label_max_length"),
        label_kind=_PLAIN,
        options=Sdk(sdk.OptionGroup, "options_max_length"),
        options_each=Holds("option"),
    ),
)

_ELEMENTS = (
    *_rules(
        "button",
        "Button element",
        needed="text",
        may="action_id value url style confirm accessibility_label",
        text=Sdk(sdk.ButtonElement, "text_max_length"),
        text_kind=_PLAIN,
        action_id=_ACTION,
        action_id_also=_NOT_EMPTY,
        value=Sdk(sdk.ButtonElement, "value_max_length"),
        url=Sdk(sdk.ButtonElement, "url_max_length"),
        style=_STYLE,
        confirm=Holds("confirm"),
        accessibility_label=Chars(75),
    ),
    *_rules(
        "overflow",
        "Overflow menu element",
        needed="options",
        may="action_id confirm",
        action_id=_ACTION,
        action_id_also=_NOT_EMPTY,
        options=Sdk(sdk.OverflowMenuElement, "options_max_length"),
        options_each=Holds("option"),
        confirm=Holds("confirm"),
    ),
    *_rules(
        "static_select",
        "Select menu element",
        may="action_id placeholder options option_groups initial_option confirm focus_on_load",
        whole=Either(("options", "option_groups")),
        whole_also=Chosen(),
        action_id=_ACTION,
        action_id_also=_NOT_EMPTY,
        placeholder=_PLACEHOLDER,
        placeholder_kind=_PLAIN,
        options=Sdk(sdk.StaticSelectElement, "options_max_length"),
        options_each=Holds("option"),
        option_groups=Sdk(sdk.StaticSelectElement, "option_groups_max_length"),
        option_groups_each=Holds("option_group"),
        initial_option=Holds("option"),
        confirm=Holds("confirm"),
        focus_on_load=Flag(),
    ),
    *_rules(
        "plain_text_input",
        "Plain-text input element",
        may="action_id placeholder initial_value multiline min_length max_length focus_on_load "
        "dispatch_action_config",
        action_id=_ACTION,
        action_id_also=_NOT_EMPTY,
        placeholder=_PLACEHOLDER,
        placeholder_kind=_PLAIN,
        initial_value=Chars(3000),
        multiline=Flag(),
        min_length=Between(0, 3000),
        max_length=Between(1, 3000),
        focus_on_load=Flag(),
    ),
    *_rules(
        "url_text_input",
        "URL input element",
        may="action_id placeholder initial_value focus_on_load dispatch_action_config",
        action_id=_ACTION,
        action_id_also=_NOT_EMPTY,
        placeholder=_PLACEHOLDER,
        placeholder_kind=_PLAIN,
        initial_value=Chars(3000, least=1),
        focus_on_load=Flag(),
    ),
    *_rules(
        "file_input",
        "File input element",
        may="action_id filetypes max_files",
        action_id=_ACTION,
        action_id_also=_NOT_EMPTY,
        filetypes=Count(100, fewest=1),
        filetypes_each=Chars(20, least=1),
        max_files=Between(1, 10),
    ),
)

_OF_BLOCKS = (
    *_rules(
        "header",
        "Header block",
        needed="text",
        may="block_id",
        text=Sdk(sdk.HeaderBlock, "text_max_length"),
        text_kind=_PLAIN,
        block_id=_ID,
    ),
    *_rules(
        "section",
        "Section block",
        may="block_id text fields accessory expand",
        whole=Either(("text", "fields"), both=True),
        text=Sdk(sdk.SectionBlock, "text_max_length"),
        text_kind=_TEXT,
        fields=Sdk(sdk.SectionBlock, "fields_max_length"),
        fields_each=Chars(2000),
        fields_each_kind=_TEXT,
        accessory=Kinds((*_PRESSED, "image")),
        expand=Flag(),
        block_id=_ID,
    ),
    *_rules("divider", "Divider block", may="block_id", block_id=_ID),
    *_rules(
        "context",
        "Context block",
        needed="elements",
        may="block_id",
        elements=Sdk(sdk.ContextBlock, "elements_max_length"),
        elements_each=Kinds(("plain_text", "mrkdwn", "image")),
        block_id=_ID,
    ),
    *_rules(
        "actions",
        "Actions block",
        needed="elements",
        may="block_id",
        elements=Sdk(sdk.ActionsBlock, "elements_max_length"),
        elements_each=Kinds(_PRESSED),
        elements_also=Unique("action_id"),
        block_id=_ID,
    ),
    *_rules(
        "image",
        "Image block",
        needed="alt_text",
        may="image_url slack_file title block_id",
        whole=Either(("image_url", "slack_file")),
        alt_text=Sdk(sdk.ImageBlock, "alt_text_max_length"),
        image_url=Sdk(sdk.ImageBlock, "image_url_max_length"),
        title=Sdk(sdk.ImageBlock, "title_max_length"),
        title_kind=_PLAIN,
        block_id=_ID,
    ),
    *_rules(
        "rich_text", "Rich text block", needed="elements", may="block_id", elements=Count(1000), block_id=_ID
    ),
    *_rules(
        "input",
        "Input block",
        needed="label element",
        may="hint optional dispatch_action block_id",
        label=Sdk(sdk.InputBlock, "label_max_length"),
        label_kind=_PLAIN,
        element=Kinds(_FIELDS),
        hint=Sdk(sdk.InputBlock, "hint_max_length"),
        hint_kind=_PLAIN,
        optional=Flag(),
        dispatch_action=Flag(),
        block_id=_ID,
    ),
)

_KEPT = "private_metadata callback_id external_id clear_on_close notify_on_close"
_OF_VIEWS: dict[str, Limit | Sdk] = {
    "blocks": Sdk(View, "blocks_max_length"),
    "blocks_each": Kinds(_BLOCKS),
    "blocks_also": Unique("block_id"),
    "private_metadata": Sdk(View, "private_metadata_max_length"),
    "callback_id": Sdk(View, "callback_id_max_length"),
    "external_id": Chars(255),
    "clear_on_close": Flag(),
    "notify_on_close": Flag(),
}
_WHOLES = (
    *_rules(
        "message",
        "Blocks",
        needed="blocks",
        blocks=Count(50),
        blocks_each=Kinds(_BLOCKS),
        blocks_also=Unique("block_id"),
    ),
    Rule(
        "message",
        "blocks",
        TotalText(12_000),
        "msg_blocks_too_long",
        Measured("Slack's maintainers in slackapi/bolt-js, issue 2509"),
    ),
    *_rules("home", "Home tab views", needed="blocks", may=_KEPT, **_OF_VIEWS),
    *_rules(
        "modal",
        "Modal views",
        needed="title blocks",
        may=f"close submit submit_disabled {_KEPT}",
        whole=Sendable(),
        title=Sdk(View, "title_max_length"),
        title_kind=_PLAIN,
        close=Sdk(View, "close_max_length"),
        close_kind=_PLAIN,
        submit=Sdk(View, "submit_max_length"),
        submit_kind=_PLAIN,
        submit_disabled=Flag(),
        **_OF_VIEWS,
    ),
)

_OLD_READS = Measured("HubSpot/slack-client, SlackMethod: methods that read forms alone")


def _form(method: str, source: Source = _OLD_READS, error: str = "invalid_arguments") -> Rule:
    return Rule(method, "body", Form(), error, source)


def _scope(method: str, scope: str, channel: str = "") -> Rule:
    return Rule(method, "scope", Scope(scope, channel), "missing_scope", Page(f"{method} method"))


def _id(method: str, argument: str, letters: str, error: str) -> Rule:
    return Rule(method, argument, Id(letters), error, Page(f"{method} method"))


_CALLS = (
    _form("api.test"),
    _form("bots.info"),
    _form("chat.getPermalink"),
    _form("conversations.info"),
    _form("conversations.members"),
    _form("files.info"),
    _form("team.info"),
    _form("usergroups.list"),
    _form("usergroups.users.list"),
    _form("users.info", Measured("kortix-ai/suna, pull request 6616"), "user_not_found"),
    _form(
        "files.getUploadURLExternal",
        Measured("several projects that sent JSON there; Slack's SDKs send a form"),
    ),
    _scope("bots.info", "users:read"),
    _scope("users.info", "users:read"),
    _scope("usergroups.list", "usergroups:read"),
    _scope("usergroups.users.list", "usergroups:read"),
    _scope("chat.postMessage", "chat:write"),
    _scope("chat.postEphemeral", "chat:write"),
    _scope("chat.update", "chat:write"),
    _scope("files.getUploadURLExternal", "files:write"),
    _scope("files.completeUploadExternal", "files:write"),
    _scope("files.info", "files:read"),
    _scope("team.info", "team:read"),
    *(
        _scope(method, scope, channel)
        for method in ("conversations.info", "conversations.members")
        for channel, scope in (("public", "channels:read"), ("private", "groups:read"), ("direct", "im:read"))
    ),
    _id("bots.info", "bot", "B", "bot_not_found"),
    _id("users.info", "user", "UW", "user_not_found"),
    _id("usergroups.users.list", "usergroup", "S", "no_such_subteam"),
    _id("conversations.info", "channel", "CGD", "channel_not_found"),
    _id("conversations.members", "channel", "CGD", "channel_not_found"),
    _id("chat.getPermalink", "channel", "CGD", "channel_not_found"),
    _id("chat.postMessage", "channel", "CGDUW", "channel_not_found"),
    _id("chat.postEphemeral", "channel", "CGD", "channel_not_found"),
    _id("chat.postEphemeral", "user", "UW", "user_not_in_channel"),
    _id("chat.update", "channel", "CGD", "channel_not_found"),
    _id("files.info", "file", "F", "file_not_found"),
    _id("files.completeUploadExternal", "channel_id", "CGD", "channel_not_found"),
    _id("views.publish", "user_id", "UW", "user_not_found"),
    Rule("chat.postMessage", "text", Chars(40_000), "msg_too_long", Page("chat.postMessage method")),
    Rule("chat.postEphemeral", "text", Chars(40_000), "msg_too_long", Page("chat.postEphemeral method")),
    Rule("chat.update", "text", Chars(4_000), "msg_too_long", Page("chat.update method")),
    Rule("views.publish", "user_id", Needed(), "invalid_arguments", Page("views.publish method")),
    Rule("views.publish", "view", Bytes(250_000), "view_too_large", Page("views.publish method")),
    Rule("views.open", "view", Bytes(250_000), "view_too_large", Page("views.open method")),
    Rule(
        "files.getUploadURLExternal",
        "filename",
        Needed(),
        "invalid_arguments",
        Page("files.getUploadURLExternal method"),
    ),
    Rule(
        "files.getUploadURLExternal",
        "length",
        Needed(),
        "invalid_arguments",
        Page("files.getUploadURLExternal method"),
    ),
    Rule(
        "files.getUploadURLExternal",
        "length",
        Between(1, 1_000_000_000),
        "invalid_arguments",
        Page("Working with files"),
    ),
)

RULES: tuple[Rule, ...] = (*_COMPOSED, *_ELEMENTS, *_OF_BLOCKS, *_WHOLES, *_CALLS)
