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
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
USAGE = (ROOT / "docs" / "usage.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SETTINGS = {name.upper() for name in Settings.model_fields}
# Variables of other programs, and one that is misspelled to show what comes of it.
FOREIGN = {"HTTPS_PROXY", "SSL_CERT_DIR", "FINAL_APROVERS"}


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


@pytest.mark.parametrize(
    "page", [README, USAGE, OPERATIONS, RUNBOOK], ids=["readme", "usage", "operations", "runbook"]
)
def test_settings_that_people_are_told_of_exist(page: str) -> None:
    """What a page names like a setting is one, or another program's; a number behind it is its default."""
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)[=`]", page))
    assert named
    assert named <= SETTINGS | FOREIGN
    defaults = _defaults()
    for name, value in re.findall(r"`([A-Z_]+)` \((\d+)\)", page):
        assert f"`{value}`" == defaults[name], name


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
    """Every link to a file of the project, and to a heading in one, leads to something that is there."""
    links = re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", page.read_text(encoding="utf-8"))
    targets = [(page.parent / file if file else page, heading) for file, heading in links]
    assert [str(file) for file, _ in targets if not file.exists()] == []
    assert [heading for file, heading in targets if heading and heading not in _headings(file)] == []


def _headings(page: Path) -> set[str]:
    """Return the addresses of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}


def test_names_are_those_of_the_manifest() -> None:
    """People are told the command, the bot's name and the endpoint that the Slack app has."""
    manifest = yaml.safe_load(render("https://your-host", socket=False))
    (command,) = manifest["features"]["slash_commands"]
    name = manifest["features"]["bot_user"]["display_name"]
    for text in (README, USAGE, OPERATIONS, RUNBOOK):
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
    tables = [part.split("\n\n")[0] for part in RUNBOOK.split("| people read |")[1:]]
    quoted = [row.split(" | ")[0].removeprefix("| ") for table in tables for row in table.splitlines()[2:]]
    sentences = _sentences()
    assert len(quoted) > 30
    for cell in quoted:
        if cell.startswith("Slack:"):
            continue
        for words in re.split(r"…|\*\*| or |[\"()]", cell):
            assert words.strip(" .") in sentences, words


@pytest.mark.parametrize("page", [ARCHITECTURE, CONTRIBUTING], ids=["architecture", "contributing"])
def test_files_that_newcomers_are_sent_to_exist(page: str) -> None:
    """Every file and folder that a page names is there, so nobody looks for what has moved."""
    named = set(re.findall(r"`((?:bot|handlers|sandbox|tests|docs)/[\w./-]*)`", page))
    named |= set(re.findall(r"pytest .*?(tests/[\w./]+)", page))
    assert len(named) > 30
    assert sorted(path for path in named if not (ROOT / path).exists()) == []
    # A path from anywhere else could not be looked for.
    assert set(re.findall(r"`(\w+/[\w./-]*\.py)`", page)) <= named


def test_functions_stand_in_the_files_that_are_named() -> None:
    """What the page about the architecture says is in a file is defined there."""
    page = " ".join(ARCHITECTURE.split())
    several = re.findall(r"((?:`\w+`(?:, | and ))*`\w+`) in `([\w/]+\.py)`", page)
    found = [
        (name, file) for names, file in several for name in re.findall(r"\w+", names.replace(" and ", " "))
    ]
    assert len(found) > 40
    assert [(name, file) for name, file in found if name not in _defined(file)] == []


def _defined(file: str) -> set[str]:
    """Return the classes, functions, constants and fields that a file defines."""
    nodes = list(ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))))
    names = {
        each.name for each in nodes if isinstance(each, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    }
    fields = [each.target for each in nodes if isinstance(each, ast.AnnAssign)]
    return names | {each.id for each in fields if isinstance(each, ast.Name)}
