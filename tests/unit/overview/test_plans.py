from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.overview.plans import read_plan

PLANNED = [
    ("Lead", "to_salesmanago", "name", "newest", "Anna", "Anna Nowak"),
    ("Lead", "to_salesmanago", "phone", "newest", None, "+48123456789"),
    ("Contact", "to_salesforce", "name", "salesforce", "Jan", "=1+1"),
]


def plan(ledger: Ledger, noon: datetime) -> int:
    run = ledger.start_run("salesmanago_full_sync", "one", "full", True, False, noon)
    frame = pd.DataFrame(PLANNED, columns=["object", "direction", "field", "rule", "old", "new"])
    ledger.plan_changes(run, frame.assign(action="update", salesforce_id="003000000000001AAA"), noon)
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
