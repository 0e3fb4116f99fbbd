"""What is written for people is true of the program."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

from bot.cli import app
from bot.operate.manifest import render
from bot.settings import Settings
from docs import generate

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
SETTINGS = {name.upper() for name in Settings.model_fields}


def test_page_about_the_settings_is_up_to_date() -> None:
    """docs/configuration.md is what `make docs` writes."""
    assert generate.PAGE.read_text(encoding="utf-8") == generate.page()


def test_page_about_the_settings_has_every_one() -> None:
    """Each setting has one row, in which nothing is left empty."""
    rows = [line for line in generate.page().splitlines() if line.startswith("| `")]
    assert {row.split("`")[1] for row in rows} == SETTINGS
    assert len(rows) == len(SETTINGS)
    assert not [row for row in rows if "|  |" in row]


def _defaults() -> dict[str, str]:
    """Return what the page about the settings says under default, by setting."""
    return dict(re.findall(r"^\| `(\w+)` .* \| ([^|]+) \|$", generate.page(), re.MULTILINE))


def test_settings_of_the_readme_exist() -> None:
    """The README's table names real settings, and the values that it gives as defaults are the defaults."""
    rows = re.findall(r"^\| `([A-Z_]+)` \| ([^|]+) \|", README, re.MULTILINE)
    assert len(rows) > 5
    defaults = _defaults()
    for name, default in rows:
        assert name in SETTINGS
        value = default.strip("`")
        is_value = value.isdecimal() or (value != default and value not in SETTINGS)
        assert not is_value or f"`{value}`" == defaults[name], name


def test_example_file_lists_every_setting() -> None:
    """.env.example has each setting once, the optional ones commented out with their defaults."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    found = [match.groups() for line in lines if (match := re.fullmatch(r"(#?)([A-Z_]+)=(.*)", line))]
    assert sorted(name for _, name, _ in found) == sorted(SETTINGS)
    defaults = _defaults()
    for commented, name, value in found:
        assert bool(commented) == (not defaults[name].startswith("needed")), name
        if value:
            assert f"`{value}`" == defaults[name]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_exist(page: Path) -> None:
    """Every make target and every command of the bot that people are told to type exists."""
    text = page.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    commands = {each.name or getattr(each.callback, "__name__", "") for each in app.registered_commands}
    commands |= {each.name for each in app.registered_groups if each.name}
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE)) <= targets
    assert set(re.findall(r"python -m bot ([a-z]+)", text)) <= commands


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to another file of the project leads to one that is there."""
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_names_are_those_of_the_manifest() -> None:
    """People are told the command, the bot's name and the endpoint that the Slack app has."""
    manifest = yaml.safe_load(render("https://your-host", socket=False))
    (command,) = manifest["features"]["slash_commands"]
    name = manifest["features"]["bot_user"]["display_name"]
    for text in (README, OPERATIONS):
        assert set(re.findall(r"`(/coupon[a-z-]*)", text)) == {command["command"]}
        assert f"/invite @{name}" in text or "/invite" not in text
    assert f"POST {command['url'].removeprefix('https://your-host')}" in OPERATIONS


def _sentences() -> str:
    """Return all text that the handlers can say, with an ellipsis for what is filled in."""
    files = sorted((ROOT / "handlers").rglob("*.py"))
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))]
    return "\n".join(map(_said, nodes)).replace("*", "")


def _said(node: ast.AST) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_said(part) or "…" for part in parts)
        case _:
            return ""


def test_runbook_quotes_what_people_read() -> None:
    """Each sentence that the runbook explains is one that the bot says."""
    table = OPERATIONS.split("| people read |")[1].split("\n\n")[0]
    quoted = [row.split(" | ")[0].removeprefix("| ") for row in table.splitlines()[2:]]
    sentences = _sentences()
    assert len(quoted) > 10
    for cell in quoted:
        if cell.startswith("Slack:"):
            continue
        for words in re.split(r"…|\*\*| or |[\"()]", cell):
            assert words.strip(" .") in sentences, words
