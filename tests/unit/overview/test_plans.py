from __future__ import annotations

import csv
from datetime import datetime, timedelta

import pandas as pd
import pytest

from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.overview import plans
from salesmanago_sync.overview.plans import ChangeRow, read_changes, read_plan
from salesmanago_sync.overview.runs import as_kept, read_run, read_runs, read_waiting
from salesmanago_sync.overview.spreadsheet import csv_lines

PLANNED = [
    ("Lead", "to_salesmanago", "name", "newest", "Anna", "Anna Nowak"),
    ("Lead", "to_salesmanago", "phone", "newest", None, "+48123456789"),
    ("Contact", "to_salesforce", "name", "salesforce", "Jan", "=1+1"),
]


def plan(ledger: Ledger, noon: datetime) -> int:
    run = ledger.runs.start("salesmanago_full_sync", "one", "full", True, False, noon)
    frame = pd.DataFrame(PLANNED, columns=["object", "direction", "field", "rule", "old", "new"])
    ledger.changes.plan(run, frame.assign(action="update", salesforce_id="003000000000001AAA"), noon)
    return run


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, [0, 1, 2]),
        ({"object": "Lead"}, [0, 1]),
        ({"direction": "to_salesforce"}, [2]),
        ({"field": "name", "rule": "newest"}, [0]),
        ({"field": "name", "rule": ""}, [0, 2]),
        ({"rule": "hold"}, []),
    ],
)
def test_filters(ledger: Ledger, noon: datetime, filters: dict[str, str], found: list[int]) -> None:
    part = read_plan(ledger, plan(ledger, noon), filters)
    assert [(change.old, change.new) for change in part.changes] == [PLANNED[number][4:] for number in found]
    assert part.total == len(found)


def test_every_choice_of_the_run_is_offered(ledger: Ledger, noon: datetime) -> None:
    part = read_plan(ledger, plan(ledger, noon), {"object": "Lead"}, limit=1)
    assert (part.total, len(part.changes)) == (2, 1)
    assert part.choices["object"] == ["Contact", "Lead"]
    assert part.choices["field"] == ["name", "phone"]
    assert part.choices["rule"] == ["newest", "salesforce"]


def test_a_file_has_every_change_that_the_filters_find(
    ledger: Ledger, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "AT_ONCE", 1)
    run = plan(ledger, noon)
    for filters, count in (({}, 3), ({"object": "Lead"}, 2)):
        lines = list(csv.reader(csv_lines(ChangeRow, read_changes(ledger, run, filters))))
        assert len(lines) == 1 + count
        assert lines[0][:3] == ["object", "direction", "action"]
    everything = "".join(csv_lines(ChangeRow, read_changes(ledger, run, {})))
    assert "'=1+1" in everything, "no cell is a formula"


def test_a_run_that_waits_says_until_when(ledger: Ledger, noon: datetime) -> None:
    run = plan(ledger, noon)
    assert read_waiting(ledger, noon, as_kept) == []
    ledger.runs.update(run, state="asks", question={}, waits_until=noon + timedelta(hours=1))
    [line] = read_waiting(ledger, noon, as_kept)
    assert (line.id, line.asks, line.waits_until) == (run, True, noon + timedelta(hours=1))
    assert ledger.runs.end_forgotten(noon, "forgotten") == [], "it has not ended"
    assert read_waiting(ledger, noon + timedelta(hours=2), as_kept) == []
    assert ledger.runs.end_forgotten(noon + timedelta(hours=2), "forgotten") == ["full"]


@pytest.mark.parametrize(
    ("question", "still_asks", "told"),
    [
        ({}, False, ("failed", "The run ended while it waited for an answer: nothing was written.")),
        ({"answer": {"approved": True}}, False, ("running", "")),
    ],
)
def test_a_question_that_nobody_can_answer_any_more_is_not_open(
    ledger: Ledger, noon: datetime, question: dict[str, object], still_asks: bool, told: tuple[str, str]
) -> None:
    run = plan(ledger, noon)
    ledger.runs.update(run, state="asks", question=question, waits_until=noon + timedelta(hours=1))

    def asked(dag_id: str, dag_run_id: str) -> bool:
        return still_asks

    assert read_waiting(ledger, noon, asked) == []
    for line in (read_run(ledger, run, still_asks=asked), *read_runs(ledger, still_asks=asked)):
        assert (line.result, line.note, line.waits_until) == (*told, None)
