"""The page, the command line and the ledger tell the same numbers."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from salesmanago_sync.ledger.store import Ledger
from tests.integration.commands import here
from tests.integration.pages.conftest import Person

COUNTS = {"NO_EMAIL": 4, "VALUE_TOO_LONG": 3, "DUPLICATE": 1}


@pytest.fixture
def run(ledger: Ledger, now: datetime) -> int:
    """A run that planned seven changes, wrote five of them, and left issues; one of them was dismissed."""
    ledger.lock.take("salesmanago_full_sync/one", now, timedelta(minutes=15))
    run = ledger.runs.start("salesmanago_full_sync", "one", "full", False, False, now)
    changes = pd.DataFrame({"salesforce_id": [f"00Q{number:012}AAA" for number in range(7)]})
    changes = changes.assign(object="Lead", direction="to_salesmanago", action="update", field="name", new="Anna")
    ledger.changes.plan(run, changes, now)
    ledger.changes.settle(run, changes.head(5).assign(state="done"))
    reasons = list(Counter(COUNTS).elements())
    issues = pd.DataFrame({"reason": reasons, "salesforce_id": [f"00Q{n:012}AAA" for n in range(len(reasons))]})
    ledger.issues.report(run, issues.assign(object="Lead", text="=too long"), now)
    ledger.issues.dismiss([1], now, "anna")
    ledger.runs.finish(run, "success", now, {"rows": []}, "done")
    return run


def test_issues(ledger: Ledger, people: dict[str, Person], run: int) -> None:
    kept = Counter(ledger.issues.read_open()["reason"])
    assert kept == {**COUNTS, "NO_EMAIL": 3}
    counted = {row["reason"]: row["open"] for row in here("issues", "count", "--output", "json").rows}
    assert counted == kept
    assert Counter(row["reason"] for row in here("issues", "--output", "json").rows) == kept
    assert f"All {kept.total()} that the filter finds" in people["user"].get("/issues").text
    downloaded = people["user"].get("/issues.csv").content.decode("utf-8-sig")
    printed = here("issues", "--csv", "-").out
    rows = list(csv.DictReader(io.StringIO(downloaded)))
    assert list(csv.DictReader(io.StringIO(printed))) == rows
    assert Counter(row["reason"] for row in rows) == kept


@pytest.mark.parametrize(("state", "number"), [("done", 5), ("planned", 2)])
def test_plans(ledger: Ledger, people: dict[str, Person], run: int, state: str, number: int) -> None:
    assert len(ledger.changes.read(run, state=state)) == number
    answer = here("plan", "--run", str(run), "--state", state, "--output", "json")
    assert len(answer.rows) == number
    assert f"Run {run}: {number} of {number} changes." in answer.err
    page = people["user"].get(f"/plan?run={run}&state={state}").text
    assert page.count(">Anna<") == number


def test_mappings(ledger: Ledger, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "mappings"
    folder.mkdir()
    (folder / "lead.yaml").write_text("object: Lead\nfields:\n  - {salesforce: Email, salesmanago: emial}\n")
    monkeypatch.setenv("SALESMANAGO_SYNC_MAPPINGS", str(folder))
    faults = [row for row in here("mapping", "check", "--output", "json").rows if row["result"] == "fault"]
    assert faults
    page = people["viewer"].get("/mappings")
    for fault in faults:
        assert str(fault["line"]) in page.text
        assert fault["key"] in page.text
