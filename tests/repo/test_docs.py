"""What a person can set, see or search for is on a page, and what a page names exists.

Pages are README.md and every Markdown file of the project that it links to, directly or through another page. The
vocabulary of mapping files has a test of its own beside the mapping.
"""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest

from salesmanago_sync.domain.certificate.reasons import MEANINGS
from salesmanago_sync.domain.reasons import ISSUES, SKIPS
from salesmanago_sync.domain.undo.undo import LEFT
from salesmanago_sync.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
CODE = [path for place in ("plugins", "dags", "demo") for path in sorted((ROOT / place).rglob("*.py"))]
ENVIRONMENT = re.compile(r"\bSALESMANAGO_SYNC_[A-Z]+(?:_[A-Z]+)*\b")
CODE_SPAN = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+\.md)(?:#[^)]*)?\)")
FIRST_CELL = re.compile(r"^\| *`([A-Z][A-Z_]+)` *\|", re.MULTILINE)
# Set by docker-compose.yaml alone.
IMAGE = "SALESMANAGO_SYNC_IMAGE"


def linked_pages(start: Path) -> dict[Path, str]:
    found: dict[Path, str] = {}
    waiting = [start]
    while waiting:
        page = waiting.pop().resolve()
        if page not in found:
            found[page] = page.read_text()
            waiting += [page.parent / link for link in LINK.findall(found[page]) if "://" not in link]
    return found


PAGES = linked_pages(README)
TEXT = "\n".join(PAGES.values())


def named(text: str) -> set[str]:
    """Every word that stands in code type: inline or in a block."""
    code = [*FENCE.findall(text), *CODE_SPAN.findall(FENCE.sub("", text))]
    return {word for part in code for word in re.findall(r"[\w./-]+", part)} | {part.strip() for part in code}


def undocumented(wanted: set[str]) -> set[str]:
    return wanted - named(TEXT)


@cache
def nodes() -> tuple[ast.AST, ...]:
    return tuple(node for path in CODE for node in ast.walk(ast.parse(path.read_text())))


@cache
def strings() -> frozenset[str]:
    return frozenset(node.value for node in nodes() if isinstance(node, ast.Constant) and isinstance(node.value, str))


def environment_of_the_code() -> set[str]:
    compose = (ROOT / "docker-compose.yaml").read_text()
    spelt = {name for text in (*strings(), compose) for name in ENVIRONMENT.findall(text)} - {IMAGE}
    return spelt | {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}


def airflow_names() -> set[str]:
    """Ids of DAGs, connections, Variables and pools: all are spelt alike."""
    ids = {text for text in strings() if re.fullmatch(r"(?:salesmanago|salesforce|sync)_[a-z]+(?:_[a-z]+)?", text)}
    return {text for text in ids if re.search(r"_(?:sync|default|ledger|api|writes|requests)$", text)} - {
        "salesmanago_sync"
    }


def params() -> set[str]:
    tables = [node for node in nodes() if isinstance(node, ast.Dict)]
    return {
        key.value
        for table in tables
        for key, value in zip(table.keys, table.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(value, ast.Call) and ast.unparse(value.func).endswith("Param")
    }


def test_every_link_between_pages_leads_somewhere() -> None:
    # linked_pages reads them all; a page that nobody can reach is found here.
    assert {path for path in (ROOT / "docs").glob("*.md") if path.resolve() not in PAGES} == set()


def test_every_environment_variable_is_documented() -> None:
    assert environment_of_the_code()
    assert undocumented(environment_of_the_code()) == set()


def test_every_documented_environment_variable_exists() -> None:
    assert set(ENVIRONMENT.findall(TEXT)) - environment_of_the_code() - {IMAGE} == set()


def test_the_example_of_an_environment_names_what_exists() -> None:
    lines = (ROOT / "include" / "example.env").read_text().splitlines()
    values = dict(line.removeprefix("# ").split("=", 1) for line in lines if re.match(r"(?:# )?[A-Z_]+=", line))
    settings = {name for name in values if name.startswith(PREFIX)}
    assert settings <= environment_of_the_code()
    connections = {name: value.strip("'") for name, value in values.items() if name not in settings}
    assert set(connections) == {
        f"AIRFLOW_CONN_{name}" for name in ("SALESFORCE_DEFAULT", "SALESMANAGO_DEFAULT", "SYNC_LEDGER")
    }
    kinds = [json.loads(text)["conn_type"] for text in connections.values() if text.startswith("{")]
    assert kinds == ["salesforce", "salesmanago"]


def test_every_id_that_airflow_shows_is_documented() -> None:
    assert {"salesmanago_full_sync", "salesmanago_incremental_sync", "salesmanago_last_sync"} <= airflow_names()
    assert undocumented(airflow_names()) == set()


def test_every_param_is_documented() -> None:
    assert {"objects", "direction", "dry_run", "since", "emails"} <= params()
    assert undocumented(params()) == set()


def test_every_reason_code_is_documented() -> None:
    assert undocumented(set(ISSUES) | set(SKIPS) | set(MEANINGS) | set(LEFT)) == set()


def test_every_documented_reason_code_exists() -> None:
    rows = {code for code in FIRST_CELL.findall(TEXT) if not code.startswith(("SALESMANAGO_SYNC_", "AIRFLOW_"))}
    assert rows - set(ISSUES) - set(SKIPS) - set(MEANINGS) - set(LEFT) == set()


def test_every_make_command_is_documented() -> None:
    commands = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.M)
    assert {command for command in commands if f"make {command}" not in TEXT} == set()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("set `SALESMANAGO_SYNC_X` to `on`", {"SALESMANAGO_SYNC_X", "on"}),
        ("no code here: eq", set()),
        ("```yaml\nop: eq\n```", {"op", "eq"}),
    ],
)
def test_only_words_in_code_type_count(text: str, words: set[str]) -> None:
    assert words <= named(text)
    assert "here" not in named(text)


def test_the_glossary_names_places_that_are_there() -> None:
    package = ROOT / "plugins/salesmanago_sync"
    cells = re.findall(r"\| `([\w/.]+)` \|$", (ROOT / "docs/glossary.md").read_text(), re.MULTILINE)
    assert len(cells) > 30
    assert [place for place in cells if not (package / place).exists()] == []
