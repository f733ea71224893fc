"""Arrows between the parts of the project: dags → steps → domain, with hooks, clients and ledger at the edge."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "salesmanago_sync"
SERVICES = ("requests", "simple_salesforce", "urllib3")
INNER = tuple(
    f"{PACKAGE}.{part}" for part in ("actions", "cli", "clients", "dags", "hooks", "ledger", "overview", "steps", "ui")
)
OUTSIDE = ("twin", "demo", "tests")


def inner(*parts: str) -> tuple[str, ...]:
    return tuple(f"{PACKAGE}.{part}" for part in parts)


# What each folder (or file) may not import, directly and anywhere in a module.
FORBIDDEN: dict[str, tuple[str, ...]] = {
    "plugins/salesmanago_sync/domain": ("airflow", "sqlalchemy", "alembic", "os", "time", *SERVICES, *INNER, *OUTSIDE),
    "plugins/salesmanago_sync/clients": (
        "airflow",
        "sqlalchemy",
        *inner("actions", "cli", "dags", "hooks", "ledger", "overview", "steps", "ui"),
        *OUTSIDE,
    ),
    "plugins/salesmanago_sync/ledger": (
        "airflow",
        *SERVICES,
        *inner("actions", "cli", "clients", "dags", "hooks", "overview", "steps", "ui"),
        *OUTSIDE,
    ),
    "plugins/salesmanago_sync/steps": (
        "airflow",
        *SERVICES,
        *inner("actions", "cli", "dags", "hooks", "overview", "ui"),
        *OUTSIDE,
    ),
    "plugins/salesmanago_sync/overview": (
        "airflow",
        "sqlalchemy",
        *SERVICES,
        *inner("actions", "cli", "clients", "dags", "hooks", "ui"),
        *OUTSIDE,
    ),
    # Hooks build what the steps ask for as ports.
    "plugins/salesmanago_sync/hooks": (*inner("actions", "cli", "dags", "ui"), *OUTSIDE),
    "plugins/salesmanago_sync/actions": ("sqlalchemy", *inner("cli", "dags", "ui"), *SERVICES, *OUTSIDE),
    "plugins/salesmanago_sync/ui": (*inner("cli", "dags"), *SERVICES, *OUTSIDE),
    "plugins/salesmanago_sync/cli": (*inner("dags", "ui"), "sqlalchemy", *SERVICES, *OUTSIDE),
    "plugins/salesmanago_sync/errors.py": ("airflow", "pandas", "sqlalchemy", *SERVICES, *INNER, *OUTSIDE),
    "plugins/salesmanago_sync/dags": (
        "sqlalchemy",
        *SERVICES,
        *inner("actions", "cli", "clients", "ledger", "ui"),
        *OUTSIDE,
    ),
    # The twin is built from the services' own documentation, never from what our client happens to send.
    "twin": ("airflow", "simple_salesforce", PACKAGE, "demo", "tests"),
    "demo": ("airflow", PACKAGE, "tests"),
}
# The floors of the domain, from the ground up: what is not named here is the ground that all stand on.
FLOORS = ("criteria", "converters", "mapping_files", "org", "people", "merge", "plan", "certificate", "undo", "explain")
# Only these may name Airflow at all.
AIRFLOW_IS_AT_HOME = ("cli/", "dags/", "hooks/", "ui/", "plugin.py", "provider.py")
CLOCKS = {"now", "utcnow", "today", "getenv"}
# Airflow parses DAG files again and again: everything heavy is imported inside the tasks.
AT_THE_TOP_OF_A_DAG = {
    PACKAGE,
    "__future__",
    "airflow",
    "collections",
    "copy",
    "datetime",
    "os",
    "pendulum",
    "typing",
    "urllib",
}


def modules(place: str) -> list[Path]:
    path = ROOT / place
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def imported(nodes: Iterator[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")
            yield from (f"{node.module}.{alias.name}" for alias in node.names if not node.level)


def breaches(source: str, forbidden: tuple[str, ...]) -> list[str]:
    names = imported(ast.walk(ast.parse(source)))
    return sorted({name for name in names if any(name == ban or name.startswith(f"{ban}.") for ban in forbidden)})


def clock_reads(source: str) -> list[str]:
    calls = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return sorted({call.attr for call in calls if isinstance(call, ast.Attribute) and call.attr in CLOCKS})


def top_level_imports(source: str) -> set[str]:
    return {name.split(".")[0] for name in imported(iter(ast.parse(source).body))}


@pytest.mark.parametrize("place", FORBIDDEN)
def test_arrows_go_one_way(place: str) -> None:
    found = {str(path.relative_to(ROOT)): breaches(path.read_text(), FORBIDDEN[place]) for path in modules(place)}
    assert {path: names for path, names in found.items() if names} == {}


def test_the_floors_of_the_domain_stand_on_each_other() -> None:
    found = {}
    for number, floor in enumerate((None, *FLOORS)):
        above = inner(*(f"domain.{name}" for name in FLOORS[number:]))
        home = ROOT / "plugins" / PACKAGE / "domain"
        mine = sorted(home.glob("*.py")) if floor is None else modules(str(home / floor))
        found |= {str(path.relative_to(ROOT)): breaches(path.read_text(), above) for path in mine}
    assert {path: names for path, names in found.items() if names} == {}


def test_only_the_edge_towards_airflow_imports_airflow() -> None:
    package = ROOT / "plugins" / PACKAGE
    importing = {
        str(path.relative_to(package)) for path in package.rglob("*.py") if breaches(path.read_text(), ("airflow",))
    }
    assert {path for path in importing if not path.startswith(AIRFLOW_IS_AT_HOME)} == set()


def test_private_modules_of_airflow_are_used_in_one_guarded_place() -> None:
    package = ROOT / "plugins" / PACKAGE
    found = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        for name in imported(ast.walk(ast.parse(path.read_text())))
        if name.startswith("airflow.") and any(part.startswith("_") for part in name.split("."))
    }
    assert found == {"hooks/masking.py"}


def test_the_domain_reads_neither_a_clock_nor_the_environment() -> None:
    found = {path.name: clock_reads(path.read_text()) for path in modules("plugins/salesmanago_sync/domain")}
    assert {path: names for path, names in found.items() if names} == {}


def test_dags_import_nothing_heavy_at_the_top() -> None:
    dags = {path.name: top_level_imports(path.read_text()) for path in modules("plugins/salesmanago_sync/dags")}
    assert {path: names - AT_THE_TOP_OF_A_DAG for path, names in dags.items() if names - AT_THE_TOP_OF_A_DAG} == {}


def test_dag_files_call_a_definition_and_hold_nothing_else() -> None:
    # They are laid out in other people's folders, whatever its name, and stay there when the package is upgraded.
    for path in modules("dags"):
        _, name = path.stem.split("_", 1)
        lines = [line for line in path.read_text().splitlines() if line]
        assert lines[1:] == [f"from {PACKAGE}.dags.{name} import {path.stem}", f"dag = {path.stem}()"]
        assert {"airflow", "dag"} <= set(lines[0].lower().strip('"').split()), "Airflow leaves other files unread"


def test_imports_are_absolute() -> None:
    places = ("plugins", "dags", "twin", "demo")
    relative = [
        str(path.relative_to(ROOT))
        for place in places
        for path in modules(place)
        if any(name.startswith(".") for name in imported(ast.walk(ast.parse(path.read_text()))))
    ]
    assert relative == []


def test_the_plugin_loader_skips_the_package() -> None:
    # Airflow executes every module under plugins/ by its bare file name unless told not to.
    assert f"{PACKAGE}/" in (ROOT / "plugins" / ".airflowignore").read_text().splitlines()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import airflow.sdk", ["airflow.sdk"]),
        ("def read():\n    from airflow.sdk import Variable", ["airflow.sdk", "airflow.sdk.Variable"]),
        ("from salesmanago_sync import clients", ["salesmanago_sync.clients"]),
        ("import airflowish", []),
    ],
)
def test_a_forbidden_import_is_seen(source: str, found: list[str]) -> None:
    assert breaches(source, ("airflow", "salesmanago_sync.clients")) == found


def test_a_clock_is_seen() -> None:
    assert clock_reads("import pandas as pd\nx = pd.Timestamp.now('UTC')") == ["now"]


def test_a_heavy_import_is_seen() -> None:
    assert top_level_imports("import pandas as pd\nfrom airflow.sdk import dag") == {"pandas", "airflow"}
