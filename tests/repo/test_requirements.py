"""The pinned requirements are those of pyproject.toml, and say nothing of the machine they were compiled on."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
MAKEFILE = (ROOT / "Makefile").read_text()
FILES = ["requirements.txt", "requirements-image.txt", "requirements-dev.txt", "requirements-docs.txt"]
PIN = re.compile(r"^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;]+)")


def lines(name: str) -> list[str]:
    text = re.sub(r" \\\n +--hash=sha256:[0-9a-f]{64}", "", (ROOT / name).read_text())
    return [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]


def pins(name: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for line in lines(name):
        match = PIN.match(line)
        if match:
            found.setdefault(canonicalize_name(match[1]), set()).add(match[2])
    return found


def unmet(wanted: list[str], pinned: dict[str, set[str]]) -> list[str]:
    requirements = [Requirement(text) for text in wanted]
    return [
        str(need)
        for need in requirements
        if not (found := pinned.get(canonicalize_name(need.name)))
        or not all(need.specifier.contains(version, prereleases=True) for version in found)
    ]


def runtime() -> list[str]:
    extras = PROJECT["project"]["optional-dependencies"].values()
    return [*PROJECT["project"]["dependencies"], *(need for extra in extras for need in extra)]


def test_every_dependency_is_pinned_as_asked() -> None:
    assert unmet(runtime(), pins("requirements.txt")) == []


def test_every_development_dependency_is_pinned_as_asked() -> None:
    assert unmet(PROJECT["dependency-groups"]["dev"], pins("requirements-dev.txt")) == []


def test_what_builds_the_site_is_pinned_as_asked() -> None:
    assert unmet(PROJECT["dependency-groups"]["docs"], pins("requirements-docs.txt")) == []


@pytest.mark.parametrize("other", ["requirements-dev.txt", "requirements-docs.txt"])
def test_files_agree(other: str) -> None:
    here, there = pins("requirements.txt"), pins(other)
    assert {name for name in here.keys() & there.keys() if here[name] != there[name]} == set()


def test_the_image_gets_what_everybody_gets_and_no_more() -> None:
    image, every = pins("requirements-image.txt"), pins("requirements.txt")
    assert {name: versions for name, versions in image.items() if not versions <= every.get(name, set())} == {}
    cluster = PROJECT["project"]["optional-dependencies"]["cluster"]
    assert unmet([*PROJECT["project"]["dependencies"], *cluster], image) == []
    assert len(image) < len(every)


def test_every_pin_of_the_image_has_hashes() -> None:
    text = (ROOT / "requirements-image.txt").read_text()
    assert len(re.findall(r"^[\w.-]+(?:\[[\w,-]+\])?==[^\\\n]+\\\n    --hash=sha256:", text, re.M)) == len(
        lines("requirements-image.txt")
    )


@pytest.mark.parametrize("name", FILES)
def test_every_line_is_an_exact_version(name: str) -> None:
    assert [line for line in lines(name) if not PIN.match(line)] == []


@pytest.mark.parametrize("name", FILES)
def test_no_address_of_a_registry_is_recorded(name: str) -> None:
    text = (ROOT / name).read_text()
    assert re.findall(r"\w+://|--(?:extra-)?index|--find-links|@ file", text) == []


@pytest.mark.parametrize("name", FILES)
def test_the_header_says_how_it_was_made(name: str) -> None:
    header = (ROOT / name).read_text().splitlines()[1]
    published_before = re.search(r"^PUBLISHED_BEFORE := (\S+)$", MAKEFILE, re.M)
    assert published_before
    assert header.startswith("#    uv pip compile")
    assert f"--universal --python-version 3.11 --exclude-newer {published_before[1]}" in header
    assert header.endswith(f"-o {name}")


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-image.txt"])
def test_whoever_has_an_airflow_is_told_that_this_is_not_for_it(name: str) -> None:
    said = re.search(r"^NOT_YOURS := \\(.+)$", MAKEFILE, re.M)
    assert said
    assert (ROOT / name).read_text().splitlines()[2] == said[1]


def test_npm_packages_are_locked_without_addresses() -> None:
    lock = (ROOT / "tests" / "conformance" / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert '"integrity"' in lock


def test_a_missing_or_outdated_pin_is_seen() -> None:
    assert unmet(["pandas>=3", "rich"], {"pandas": {"2.2.3"}}) == ["pandas>=3", "rich"]
