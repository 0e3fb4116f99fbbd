"""A rendered message reads as a person sees it in Slack."""

from typing import Any

from sandbox.slack.control.markup import readable
from sandbox.slack.control.render import WIDTH, render_text
from sandbox.slack.seed import seeded_world
from sandbox.slack.world import Message

WORLD = seeded_world()
CARD: tuple[dict[str, Any], ...] = (
    {"type": "header", "text": {"type": "plain_text", "text": "Delete coupon ABCD1234?"}},
    {
        "type": "section",
        "fields": [
            {"type": "mrkdwn", "text": "*Asked by*\n<@U0RIKA0000>"},
            {"type": "mrkdwn", "text": "*Can approve*\n<!subteam^S0ONCALL00>"},
            {"type": "plain_text", "text": "Name\n*Summer* <sale>"},
        ],
    },
    {"type": "divider"},
    {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "action_id": "approve",
                "text": {"type": "plain_text", "text": "Approve"},
                "confirm": {
                    "title": {"type": "plain_text", "text": "Approve this?"},
                    "text": {"type": "plain_text", "text": "Step 1 of 2."},
                    "confirm": {"type": "plain_text", "text": "Approve"},
                    "deny": {"type": "plain_text", "text": "Back"},
                },
            },
            {"type": "button", "action_id": "reject", "text": {"type": "plain_text", "text": "Reject"}},
        ],
    },
    {"type": "context", "elements": [{"type": "mrkdwn", "text": "0 of 2 needed"}]},
)
EXPECTED = f"""\
Delete coupon ABCD1234?
=======================

Asked by: @Rika
Can approve: @oncall
Name: *Summer* <sale>

{"-" * WIDTH}

[ Approve ]  [ Reject ]

| 0 of 2 needed

"Approve" asks first:
    Approve this?
    Step 1 of 2.
    [ Approve ]  [ Back ]
"""


def message(**fields: Any) -> Message:
    return Message("C0INCIDENT", "1.000000", "U0GUARDBOT", **{"text": "fallback", **fields})


def test_card_reads_as_in_slack() -> None:
    """Blocks replace the text, fields are label and value, and dialogs are listed below."""
    assert render_text(message(blocks=CARD), WORLD) == EXPECTED


def test_private_message_says_so() -> None:
    """A message for one person says that only they see it."""
    private = message(text="Only *you*", ephemeral_to="U0RIKA0000")
    assert render_text(private, WORLD) == "(Only visible to you)\n\nOnly you\n"


def test_edited_text_says_so() -> None:
    """A text that was changed is marked as edited, as Slack marks one without blocks."""
    assert render_text(message(edited_ts="2.000000"), WORLD) == "fallback (edited)\n"


def test_lines_are_wrapped() -> None:
    """No line is wider than 80 columns."""
    section = {"type": "section", "text": {"type": "plain_text", "text": "word " * 60}}
    shown = render_text(message(blocks=(section,)), WORLD)
    assert max(map(len, shown.splitlines())) <= WIDTH


def test_markup_is_resolved() -> None:
    """Ids become names, dates are written out in UTC, links show their label, and escapes are undone."""
    said = {
        "<@U0BEA00000> in <#C0OPS00000> <!here>": "@Bea in #ops @here",
        "<!date^1700000000^{date_short_pretty} {time}|x>": "Nov 14, 2023 10:13 PM",
        "<!date^soon^{time}|later>": "later",
        "<https://a.example|the page> <https://b.example>": "the page https://b.example",
        "a &lt;!channel&gt; &amp; b": "a <!channel> & b",
        "*bold _both_* 2*3*4 `*code*`": "bold both 2*3*4 `*code*`",
    }
    assert {text: readable(text, WORLD) for text in said} == said
