"""The commands that the README leads with."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
COMMANDS = {
    "install",
    "demo",
    "test",
    "quick",
    "lint",
    "conformance",
    "operations",
    "campaign",
    "cluster-test",
    "bench",
    "bench-peers",
    "dist",
    "docs",
    "tables",
}
COMMANDS |= {"requirements", "twin"}


def dry_run(*arguments: str) -> str:
    command = ["make", "--dry-run", "--always-make", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_make_alone_lists_every_command() -> None:
    shown = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  make ([\w-]+) +\S", shown, re.M)) >= COMMANDS


def test_every_command_is_phony() -> None:
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.M)
    assert phony
    assert set(re.findall(r"^([\w-]+):", MAKEFILE, re.M)) == set(phony[1].split())


def test_make_test_checks_format_lint_types_and_every_test() -> None:
    shown = dry_run("test")
    for check in ("ruff format --check", "ruff check", "mypy", "-m pytest"):
        assert check in shown


def test_make_quick_checks_format_lint_types_and_what_answers_at_once() -> None:
    shown = dry_run("quick")
    for check in ("ruff format --check", "ruff check", "mypy", "-m pytest", '-m "not slow"', "tests/unit"):
        assert check in shown
    assert "tests/integration" not in shown


def test_the_demo_stops_by_itself_only_when_asked() -> None:
    assert "--exit" in dry_run("demo", "EXIT=1")
    assert "--exit" not in dry_run("demo")
    assert "--exit" not in dry_run("demo", "EXIT=0")


def test_a_broken_link_fails_the_site() -> None:
    [build] = [line for line in dry_run("docs").splitlines() if "mkdocs build" in line]
    assert build.endswith("mkdocs build --strict")


def test_continuous_integration_runs_what_a_person_runs() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert re.findall(r"^make ([\w-]+)", script, re.M) == ["docs", "conformance", "operations", "cluster-test", "test"]
