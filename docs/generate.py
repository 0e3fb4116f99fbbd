"""Write docs/configuration.md from the settings themselves: `make docs`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from pydantic.fields import FieldInfo

from bot import __version__
from bot.settings import HttpSettings, Settings, SocketSettings

PAGE = Path(__file__).parent / "configuration.md"

# Each section begins with this setting and ends where the next one begins.
_SECTIONS = {
    "approvers": "Who may do what",
    "slack_bot_token": "Slack",
    "vivoldi_api_key": "Vivoldi",
    "database_url": "Running",
}
_HEAD = """\
# Settings

<!-- Made from bot/settings.py by `make docs`; change it there. -->

They come from the environment, or from a file `.env` in the working directory; the environment wins. An
empty value counts as not set. A change takes effect at the next start. `python -m bot check` tells which of
them can't be used, and why.
"""
_TABLE = "| setting | what it is | has to be | default |\n| --- | --- | --- | --- |\n"


def page() -> str:
    """Return the page about the settings, as Markdown."""
    text = _HEAD
    for name, field in Settings.model_fields.items():
        if name in _SECTIONS:
            text += f"\n## {_SECTIONS[name]}\n\n{_TABLE}"
        text += _row(name, field)
    return text


def _row(name: str, field: FieldInfo) -> str:
    extra = field.json_schema_extra
    expected = str(extra["expected"]) if isinstance(extra, dict) else ""
    default = _default(name, field)
    example = f", such as `{field.examples[0]}`" if field.examples else ""
    if example.endswith(default):
        example = ""
    cells = (f"`{name.upper()}`", field.description or "", f"{expected}{example}", default)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _default(name: str, field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    if HttpSettings.model_fields[name].is_required():
        return "needed for `serve`"
    if SocketSettings.model_fields[name].is_required():
        return "needed for `socket`"
    value = field.get_default()
    if value in (None, ()):
        return "not set"
    # As it would be written into .env; the version would make the page old with every release.
    return f"`{_written(value).replace(__version__, 'VERSION')}`"


def _written(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case Enum():
            return str(value.value)
        case _:
            return str(value)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
