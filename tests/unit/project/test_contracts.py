"""The import contracts name what they promise to name; `make check` holds them."""

from __future__ import annotations

import ast
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
OWN = {"bot", "handlers"}


def _contracts() -> list[dict[str, list[str]]]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts: list[dict[str, list[str]]] = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    return contracts


def _roots(folder: str) -> set[str]:
    """Return the packages that the modules of a folder import, at their top or inside of functions."""
    files = (ROOT / folder).rglob("*.py")
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))]
    modules = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    modules += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {module.split(".")[0] for module in modules}


def test_every_package_that_the_bot_imports_is_forbidden_to_the_domain_and_the_services() -> None:
    """A new dependency has to be named in the contract, or the domain could use it without a word."""
    third_party = (_roots("bot") | _roots("handlers")) - OWN - set(sys.stdlib_module_names)
    (contract,) = [each for each in _contracts() if "aiohttp" in each.get("forbidden_modules", [])]
    assert third_party <= set(contract["forbidden_modules"])
    assert contract["source_modules"] == ["bot.domain", "bot.services"]


@pytest.mark.parametrize("folder", ["bot/domain", "bot/services"])
def test_the_domain_and_the_services_need_the_standard_library_only(folder: str) -> None:
    """Whatever the contract lists: nothing from outside is imported there."""
    assert _roots(folder) <= set(sys.stdlib_module_names) | {"bot"}


def test_no_package_stands_outside_the_layers() -> None:
    """A contract that is exhaustive complains of a package that it does not name."""
    exhaustive = {contract["containers"][0] for contract in _contracts() if contract.get("exhaustive")}
    assert exhaustive == {"bot", "bot.domain", "bot.services"}
