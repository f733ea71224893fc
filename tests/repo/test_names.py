"""Names are nouns of the domain; words that could stand for anything are not names."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BANNED = {"util", "utils", "helper", "helpers", "common", "manager", "handler", "processor", "misc", "dao", "src"}
PLACES = ("plugins", "dags", "twin", "demo", "benchmarks", "tests")


def words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def banned(name: str) -> bool:
    # "data" says nothing alone and much in "data_owner".
    return bool(words(name) & BANNED) or name == "data"


def sources() -> list[Path]:
    return [path for place in PLACES for path in (ROOT / place).rglob("*.py") if "node_modules" not in path.parts]


def test_no_module_or_folder_has_an_empty_name() -> None:
    parts = {part.removesuffix(".py") for path in sources() for part in path.relative_to(ROOT).parts}
    assert {part for part in parts if banned(part)} == set()


def test_no_class_has_an_empty_name() -> None:
    classes = {
        node.name
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    }
    assert classes
    assert {name for name in classes if banned(name)} == set()


def test_a_name_of_the_package_means_one_class() -> None:
    named = [
        node.name
        for path in (ROOT / "plugins").rglob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef)
    ]
    assert named
    assert {name for name in named if named.count(name) > 1} == set()


@pytest.mark.parametrize("name", ["utils", "date_helpers", "ContactManager", "RESTHandler", "data"])
def test_an_empty_name_is_seen(name: str) -> None:
    assert banned(name)


@pytest.mark.parametrize("name", ["salesmanago", "data_owner", "commons", "test_handles_nothing"])
def test_a_good_name_is_left_alone(name: str) -> None:
    assert not banned(name)
