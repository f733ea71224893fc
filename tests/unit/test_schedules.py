"""Schedules and variables of the environment: what cannot be used is a fault with a fix, never an import error."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from salesmanago_sync.schedules import DEFAULTS, INSTEAD, read_schedule, two_intervals
from salesmanago_sync.settings import PREFIX, Settings, environment_faults

ROOT = Path(__file__).parents[2]
SCHEDULE, CONSENT, AUDIT, _ = DEFAULTS


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    "value", ["*/10 * * * *", "0 6 * * 1-5", "@daily", "@quarterly", "none", " None ", "0 0 29 2 *"]
)
@pytest.mark.parametrize("variable", DEFAULTS)
def test_a_schedule_that_can_be_used_is_used(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, value)
    assert read_schedule(variable) == (None if "none" in value.casefold() else value)
    assert environment_faults() == []


@pytest.mark.parametrize(
    "value", ["", "every hour", "*/15 * * *", "61 * * * *", "0 0 30 2 *", "15", "@once", "@continuous", "H * * * *"]
)
@pytest.mark.parametrize("variable", DEFAULTS)
def test_a_schedule_that_cannot_be_used_is_a_fault(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, value)
    [fault] = environment_faults()
    assert fault.where == variable
    assert f"in its place stands {INSTEAD[variable]}" in fault.what
    [example] = re.findall(r"such as (.+), or none", fault.fix)
    monkeypatch.setenv(variable, example)
    assert environment_faults() == [], "what it proposes can be used"


def test_a_wrong_schedule_starts_nothing_and_lets_opt_outs_travel(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in DEFAULTS:
        monkeypatch.setenv(variable, "often")
    assert (read_schedule(SCHEDULE), read_schedule(CONSENT), read_schedule(AUDIT)) == (None, "*/5 * * * *", None)


@pytest.mark.parametrize(
    ("schedule", "minutes"),
    [
        ("*/5 * * * *", 10),
        ("*/15 * * * *", 30),
        ("*/7 * * * *", 14),
        ("*/10 8-17 * * 1-5", 20),
        ("@hourly", 120),
        ("@daily", 2880),
        ("@quarterly", 10),
        (None, 10),
    ],
)
def test_two_intervals_of_a_schedule_are_as_long_as_they_usually_are(schedule: str | None, minutes: int) -> None:
    assert two_intervals(schedule) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [("SCHEDUL", "SCHEDULE"), ("LIMIT_CREATE", "LIMIT_CREATES"), ("APROVAL_HOURS", "APPROVAL_HOURS"), ("ZZ", None)],
)
def test_a_misspelt_variable_is_told_with_the_nearest_name(
    wrong: str, meant: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PREFIX + wrong, "a secret value")
    [fault] = environment_faults()
    assert fault.where == PREFIX + wrong
    assert (f"Did you mean {PREFIX}{meant}?" in fault.fix) is (meant is not None)
    assert "secret" not in str(fault)


def test_every_variable_that_is_written_of_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [*ROOT.glob("docs/*.md"), *ROOT.glob("docker-compose*.yaml"), ROOT / "README.md"]
    named = {name for file in texts for name in re.findall(rf"{PREFIX}[A-Z_]*[A-Z]\b", file.read_text())}
    assert named > {f"{PREFIX}{name.upper()}" for name in ("ask", "schedule", "mappings")}
    for name in named | {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}:
        monkeypatch.setenv(name, DEFAULTS.get(name, "any"))
    assert [str(fault) for fault in environment_faults()] == []
