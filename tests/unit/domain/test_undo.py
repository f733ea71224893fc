"""Several writes of one run to one field are undone as one."""

from __future__ import annotations

import pandas as pd

from salesmanago_sync.domain.undo.undo import first_and_last


def test_what_was_held_before_the_first_write_goes_back_where_the_last_one_still_stands() -> None:
    key = {"object": "Lead", "salesforce_id": "00Q1", "salesmanago_id": "m1", "direction": "to_salesmanago"}
    rows = [
        key | {"field": "phone", "action": "update", "old": "1", "new": "2", "held": "raw"},
        key | {"field": "fax", "action": "update", "old": None, "new": "9", "held": None},
        key | {"field": "phone", "action": "follow_up", "old": "2", "new": None, "held": None},
        key
        | {"field": "phone", "direction": "to_salesforce", "action": "update", "old": "5", "new": "6", "held": None},
    ]
    found = first_and_last(pd.DataFrame(rows))
    told = [(row.direction, row.field, row.old, row.new, row.held) for row in found.itertuples()]
    nothing = found.isna()
    assert told[0][:3] == ("to_salesmanago", "phone", "1")
    assert told[0][4] == "raw"
    assert bool(nothing.at[0, "new"])
    assert told[1][:2] == ("to_salesmanago", "fax")
    assert told[1][3] == "9"
    assert bool(nothing.at[1, "old"])
    assert told[2][:4] == ("to_salesforce", "phone", "5", "6")
