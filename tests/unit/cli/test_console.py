"""Everything that a command prints passes through one module, and no control character passes through that."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from unicodedata import category

import pytest

from salesmanago_sync.cli import console

FOLDER = Path(console.__file__).parent
HOSTILE = "".join(map(chr, [*range(32), *range(127, 160), 0x202E, 0x2028, 0xFEFF])) + "[red]\x1b[2J\x1b]52;c;YQ==\x07"


def unseen(text: str) -> set[str]:
    return {char for char in text if char != "\n" and (category(char) in ("Cc", "Zl", "Zp") or char in "\u202e\ufeff")}


@pytest.mark.parametrize("output", ["table", "plain", "json", "yaml"])
def test_rows_show_control_characters_and_send_none(output: str, capsys: pytest.CaptureFixture[str]) -> None:
    console.show([{"id": 1, HOSTILE: "name", "value": HOSTILE}], output)
    printed = capsys.readouterr().out
    assert unseen(printed) == set()
    assert "[2J" in "".join(printed.split())


def test_json_keeps_every_character(capsys: pytest.CaptureFixture[str]) -> None:
    console.show([{"value": HOSTILE}], "json")
    assert json.loads(capsys.readouterr().out) == [{"value": HOSTILE}]


@pytest.mark.parametrize("tell", [console.say, console.complain, console.answer])
def test_messages_show_control_characters_and_send_none(tell, capsys: pytest.CaptureFixture[str]) -> None:
    tell(HOSTILE)
    printed = "".join(capsys.readouterr())
    assert unseen(printed) == set()
    assert r"[red]\x1b[2J" in printed


def test_what_a_command_is_at_is_no_markup() -> None:
    assert unseen(console.doing(HOSTILE)) == set()


@pytest.mark.parametrize(
    "module", sorted(set(FOLDER.glob("*.py")) - {FOLDER / "console.py"}), ids=lambda path: path.name
)
def test_no_command_prints_by_itself(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    names = [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    called = [node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    assert not {"print", "stdout", "stderr", "status", "log"} & set(names)
    assert not {"print", "AirflowConsole", "Console"} & set(called)
