"""What tasks hand to each other is declared in one place, and held to it in one place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from salesmanago_sync.domain.staged_frames import CHANGES, MATCHED_PEOPLE, STAGED

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "plugins" / "salesmanago_sync"
STAGES = re.compile(r"staging\.(?:read|write)\(")
# Fewer columns than that are no copy of a declaration, but what somebody groups by.
COPY = 5


def listed(source: str) -> Iterator[set[str]]:
    """Give the texts of every tuple, list or set that holds nothing else."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
            texts = [one.value for one in node.elts if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            if texts and len(texts) == len(node.elts):
                yield set(texts)


def copied(source: str) -> list[str]:
    kinds = {kind.name: set(kind.names) for kind in (*STAGED, CHANGES, MATCHED_PEOPLE) if len(kind.names) >= COPY}
    # Few modules name all columns of anything; the others need not be parsed.
    kinds = {name: names for name, names in kinds.items() if all(column in source for column in names)}
    return [name for texts in (listed(source) if kinds else ()) for name, names in kinds.items() if texts == names]


def test_only_one_module_reads_and_writes_staged_frames() -> None:
    found = {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") if STAGES.search(path.read_text())}
    assert found == {"steps/frames.py"}


def test_no_columns_are_declared_twice() -> None:
    places = (PACKAGE, ROOT / "benchmarks", ROOT / "tests")
    found = {str(path): copied(path.read_text()) for place in places for path in place.rglob("*.py")}
    assert {path: names for path, names in found.items() if names} == {}


def test_a_copy_is_seen() -> None:
    assert copied(f"COLUMNS = {CHANGES.names}") == ["decided changes"]
