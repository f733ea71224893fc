"""Exports: tables as Parquet, whose columns and types are the same in every file."""

from __future__ import annotations

from io import BytesIO

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow.parquet import read_table

from salesmanago_sync.ledger import exports
from salesmanago_sync.ledger.store import Ledger
from tests.unit.ledger.conftest import NOON

HOSTILE = ["=1+1", "Zażółć \U0001f600", '"; DROP TABLE runs; --', "0", ""]


def begun(ledger: Ledger, name: str) -> int:
    """Start a run."""
    return ledger.runs.start(dag_id="dag", dag_run_id=name, mode="full", dry_run=False, restricted=False, now=NOON)


def planned(ledger: Ledger, run: int, texts: list[str]) -> None:
    """Store changes of a run."""
    rows = {
        "object": "Lead",
        "direction": "to_salesforce",
        "action": "update",
        "salesforce_id": [f"00Q{number:012}AAA" for number in range(len(texts))],
        "salesmanago_id": "m",
        "field": "phone",
        "old": None,
        "new": texts,
        "rule": "newest",
    }
    ledger.changes.plan(run, pd.DataFrame(rows), NOON)


def table(content: bytes) -> pa.Table:
    """Read a file."""
    return read_table(BytesIO(content))


def test_a_run_has_its_changes_and_nobody_elses(ledger: Ledger) -> None:
    first, second = begun(ledger, "one"), begun(ledger, "two")
    planned(ledger, first, HOSTILE)
    planned(ledger, second, ["other"])
    found = table(ledger.exports.write_table("changes", run=first, values=True))
    assert found.column("new").to_pylist() == HOSTILE
    assert found.column("at").to_pylist() == [NOON] * len(HOSTILE)
    assert set(found.column("run_id").to_pylist()) == {first}
    assert table(ledger.exports.write_table("runs", run=second)).column("dag_run_id").to_pylist() == ["two"]


def test_peoples_values_go_along_only_when_that_is_wanted(ledger: Ledger) -> None:
    run = begun(ledger, "one")
    planned(ledger, run, ["planted"])
    ledger.runs.update(run, service_words="planted", question={"examples": "planted"})
    report = pd.DataFrame({"object": ["Lead"], "reason": ["NO_EMAIL"], "text": ["planted"], "values": ['["planted"]']})
    ledger.issues.report(run, report, NOON)
    for name in exports.TABLES:
        assert b"planted" not in ledger.exports.write_table(name)
    assert "new" in table(ledger.exports.write_table("changes", values=True)).column_names
    assert b"planted" not in ledger.exports.write_table("runs", values=True)


def test_an_empty_file_has_the_types_of_a_full_one(ledger: Ledger) -> None:
    empty = {name: table(ledger.exports.write_table(name, values=True)).schema for name in exports.TABLES}
    run = begun(ledger, "one")
    planned(ledger, run, HOSTILE)
    assert {name: table(ledger.exports.write_table(name, values=True)).schema for name in exports.TABLES} == empty
    assert empty["runs"].field("window").type == pa.string()
    assert empty["runs"].field("started_at").type == pa.timestamp("us", tz="UTC")


def test_what_is_json_is_json_text(ledger: Ledger) -> None:
    run = begun(ledger, "one")
    ledger.runs.finish(run, "success", NOON, totals={"rows": [{"object": "Lead", "created": 0}]})
    [line] = table(ledger.exports.write_table("runs", run=run)).column("totals").to_pylist()
    assert line == '{"rows": [{"object": "Lead", "created": 0}]}'


def test_rows_are_held_in_lots(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "ROWS", 2)
    run = begun(ledger, "one")
    planned(ledger, run, HOSTILE)
    assert table(ledger.exports.write_table("changes", run=run, values=True)).column("new").to_pylist() == HOSTILE


def test_only_what_has_ended_is_listed(ledger: Ledger) -> None:
    first, _ = begun(ledger, "one"), begun(ledger, "two")
    assert ledger.exports.ended_runs() == []
    ledger.runs.finish(first, "failed", NOON)
    assert ledger.exports.ended_runs() == [(first, 0)]
