"""The page of the command line and the commands say the same; the commands cost nobody else anything."""

from __future__ import annotations

import argparse
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from salesmanago_sync.cli.console import Exit
from salesmanago_sync.cli.definition import get_cli_commands

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGE = (ROOT / "docs" / "command-line.md").read_text()
HEAVY = {"pandas", "numpy", "pyarrow", "requests", "pydantic_settings", "salesmanago_sync.ledger.store"}


def parsers(parser: argparse.ArgumentParser, name: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command below a parser with its own."""
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not groups:
        yield name, parser
    for group in groups:
        for word, below in group.choices.items():
            yield from parsers(below, f"{name} {word}".strip())


@pytest.fixture(scope="module")
def parser() -> argparse.ArgumentParser:
    from airflow.cli.cli_parser import get_parser

    return get_parser()


@pytest.fixture(scope="module")
def commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    group = next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return dict(parsers(group.choices["salesmanago"]))


def test_airflow_knows_the_group() -> None:
    [group] = get_cli_commands()
    assert group.name == "salesmanago"


def test_the_page_describes_every_command(commands: dict[str, argparse.ArgumentParser]) -> None:
    assert "doctor" in commands
    rows = re.findall(r"^\| `([a-z ]+)` \|", PAGE, re.M)
    assert sorted(set(rows) - {"table"}) == sorted(commands)
    assert [name for name in commands if f"## {name.split()[0]}" not in PAGE] == []


def test_the_page_names_every_option_and_no_other(commands: dict[str, argparse.ArgumentParser]) -> None:
    options = {
        word
        for parser in commands.values()
        for action in parser._actions
        for word in action.option_strings
        if word.startswith("--")
    }
    assert options - set(re.findall(r"--[a-z-]+", PAGE)) == set()
    assert set(re.findall(r"`(--[a-z-]+)[^`]*`", PAGE)) - options == set()


def typed(text: str) -> Iterator[str]:
    """Every command that a page shows in a block, without comment, pipe and input."""
    for block in re.findall(r"```sh\n(.*?)```", text, re.S):
        yield from (words.strip() for words in re.findall(r"^airflow (salesmanago [^#|<\n]*)", block, re.M))


def test_every_command_on_a_page_can_be_typed(parser: argparse.ArgumentParser) -> None:
    shown = {command for page in PAGES for command in typed(page.read_text()) if "--help" not in command}
    assert len(shown) > 40
    wrong = []
    for command in sorted(shown):
        try:
            parser.parse_args(shlex.split(command))
        except SystemExit:
            wrong.append(command)
    assert wrong == []


def test_the_help_of_every_command_explains_its_options(commands: dict[str, argparse.ArgumentParser]) -> None:
    for name, parser in commands.items():
        assert parser.description, name
        assert "exit codes" in (parser.epilog or ""), name
        assert [action.dest for action in parser._actions if not action.help] == [], name


def test_the_page_and_the_help_tell_the_exit_codes() -> None:
    told = {int(code) for code in re.findall(r"^\| `(\d+)` \|", PAGE, re.M)}
    assert told == {*map(int, Exit), 2}, "2 is argparse's own"


@pytest.mark.slow
def test_the_commands_load_nothing_heavy_before_they_run() -> None:
    code = "import sys, json; from salesmanago_sync.cli import definition; definition.get_cli_commands(); "
    code += "print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert HEAVY & set(json.loads(done.stdout.splitlines()[-1])) == set()
