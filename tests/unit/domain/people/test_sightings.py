"""Not seen is not gone: what may be said of one side of a binding, over every combination of what is known."""

from __future__ import annotations

from itertools import product

import pandas as pd

from salesmanago_sync.domain.people.sightings import (
    ABSENT,
    ELSEWHERE,
    GONE,
    LIVES,
    UNREAD,
    newest,
    of_side,
    sightings,
    standing,
)

HEARD = pd.Timestamp("2026-01-31T10:00:00Z")
SECOND = pd.Timedelta(seconds=1)


def stand(*, here: bool, flagged: bool, seen: bool, by_id: bool, found: bool, after: bool) -> str:
    at = HEARD + SECOND if after else HEARD - SECOND
    noted = sightings("salesforce", ["s"] if seen else [], at, ["s"] if found else [], by_id=by_id)
    mine = of_side(newest([noted]), "salesforce", pd.Series(["s"]))
    [said] = standing(mine, pd.Series([here]), pd.Series([flagged]), pd.Series([HEARD]))
    return str(said)


def test_gone_is_said_only_where_the_service_was_asked_for_the_id_since_the_ledger_heard_of_the_person() -> None:
    names = ("here", "flagged", "seen", "by_id", "found", "after")
    said = set()
    for values in product([False, True], repeat=len(names)):
        case = dict(zip(names, values, strict=True))
        state = stand(**case)
        said.add(state)
        true = {name for name, value in case.items() if value}
        if state == GONE:
            assert {"seen", "by_id", "after"} <= true, case
            assert {"here", "flagged"} <= true, case
        if state == ABSENT:
            assert true & {"seen", "by_id", "found", "after"} == {"seen", "by_id", "after"}, case
        if state == LIVES:
            assert true & {"here", "flagged"} == {"here"}, case
        if state == ELSEWHERE:
            assert true & {"seen", "by_id", "found", "here"} == {"seen", "by_id", "found"}, case
        if case["seen"] and not case["after"]:
            assert state == UNREAD, case
    assert said == {LIVES, GONE, ABSENT, ELSEWHERE, UNREAD}


def test_the_newest_sighting_counts_and_who_was_asked_for_once_was_asked_for() -> None:
    parts = [
        sightings("salesforce", ["s", "t"], HEARD, ["s"], by_id=True),
        sightings("salesforce", ["s"], HEARD + SECOND, ["s"], by_id=False),
        sightings("salesmanago", ["s"], HEARD, [], by_id=False),
    ]
    rows = newest(parts).sort_values(["side", "id"]).itertuples(index=False, name=None)
    assert list(rows) == [
        ("salesforce", "s", HEARD + SECOND, True, True),
        ("salesforce", "t", HEARD, True, False),
        ("salesmanago", "s", HEARD, False, False),
    ]


def test_one_id_on_two_sides_is_two() -> None:
    seen = newest([sightings("salesforce", ["x"], HEARD, ["x"], by_id=True)])
    assert not of_side(seen, "salesmanago", pd.Series(["x"]))["by_id"].any()
