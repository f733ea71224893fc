"""Which record carries a binding on: the decision table of succession."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd
import pytest

from salesmanago_sync.domain.people.matching import Identities
from salesmanago_sync.domain.people.sightings import newest, sightings
from salesmanago_sync.domain.people.succession import SUCCESSION_COLUMNS, Successor, predecessors, succeed
from salesmanago_sync.ledger.bindings import CLOCKS, DEFAULTS
from tests.unit.domain.people.test_matching import Row, contact, record

HEARD = pd.Timestamp("2026-01-31T10:00:00Z")

# salesforce_id, salesmanago_id, status, event
Expected = tuple[str, str, str, str | None]


@dataclass(frozen=True)
class Case:
    records: list[Row]
    contacts: list[Row]
    bindings: list[tuple[str, str, str]]
    expected: list[Expected]
    named: dict[str, list[Successor]] = field(default_factory=dict)
    unasked: tuple[str, ...] = ()


def gone(identifier: str, name: str = "Lead", **more: object) -> Row:
    return record(identifier, name, gone=True, **more)


CASES = {
    "a converted Lead goes on as its Contact": Case(
        [gone("L"), record("C", "Contact")],
        [contact("m")],
        [("L", "m", "active")],
        [("C", "m", "active", "converted")],
        {"L": [Successor("C", "converted")]},
    ),
    "the account comes first, where it is a person": Case(
        [gone("L"), record("A", "PersonAccount")],
        [contact("m")],
        [("L", "m", "active")],
        [("A", "m", "active", "converted")],
        {"L": [Successor("A", "converted"), Successor("C", "converted")]},
    ),
    "a successor that was not read changes nothing": Case(
        [gone("L")],
        [contact("m")],
        [("L", "m", "active")],
        [("L", "m", "active", None)],
        {"L": [Successor("C", "merged")]},
    ),
    "a chain is followed to its end": Case(
        [gone("L"), gone("C", "Contact"), record("D", "Contact")],
        [contact("m")],
        [("L", "m", "active")],
        [("D", "m", "active", "converted")],
        {"L": [Successor("C", "converted")], "C": [Successor("D", "merged")]},
    ),
    "a chain that bites its tail ends": Case(
        [gone("L"), gone("M")],
        [contact("m")],
        [("L", "m", "active")],
        [("L", "m", "active", None)],
        {"L": [Successor("M", "merged")], "M": [Successor("L", "merged")]},
    ),
    "the loser is lost where the winner is bound": Case(
        [gone("L"), record("W")],
        [contact("m"), contact("w", email="w")],
        [("L", "m", "active"), ("W", "w", "active")],
        [("L", "m", "merged", "lost"), ("W", "w", "active", None)],
        {"L": [Successor("W", "merged")]},
    ),
    "a Lead that became somebody else's Contact goes on as a record of its own address": Case(
        [gone("L"), record("W", "Contact", email="w"), record("N", "Contact")],
        [contact("m"), contact("w", email="w")],
        [("L", "m", "active"), ("W", "w", "active")],
        [("N", "m", "active", "replaced"), ("W", "w", "active", None)],
        {"L": [Successor("W", "converted")]},
    ),
    "a loser is lost once": Case(
        [gone("L"), record("W")],
        [contact("m"), contact("w", email="w")],
        [("L", "m", "merged"), ("W", "w", "active")],
        [("L", "m", "merged", None), ("W", "w", "active", None)],
        {"L": [Successor("W", "merged")]},
    ),
    "of two losers the one with the winner's address goes on": Case(
        [gone("K"), gone("L"), record("W", email="w")],
        [contact("k", email="k"), contact("l", email="w")],
        [("K", "k", "active"), ("L", "l", "active")],
        [("K", "k", "merged", "lost"), ("W", "l", "active", "merged")],
        {"K": [Successor("W", "merged")], "L": [Successor("W", "merged")]},
    ),
    "a new record takes the place of a deleted one": Case(
        [gone("L"), record("N")],
        [contact("m")],
        [("L", "m", "deleted")],
        [("N", "m", "deleted", "replaced")],
    ),
    "not one outside the criteria": Case(
        [gone("L"), record("N", takes_part=False)],
        [contact("m")],
        [("L", "m", "deleted")],
        [("L", "m", "deleted", None)],
    ),
    "not one of two": Case(
        [gone("L"), record("N"), record("O")],
        [contact("m")],
        [("L", "m", "deleted")],
        [("L", "m", "deleted", None)],
    ),
    "a new record takes the place of one that was deleted for good": Case(
        [record("N")], [contact("m")], [("L", "m", "active")], [("N", "m", "active", "replaced")]
    ),
    "a new contact takes the place of one that was deleted for good": Case(
        [record("L")], [contact("n")], [("L", "m", "active")], [("L", "n", "active", "replaced")]
    ),
    "not for a record that nobody asked for": Case(
        [record("N")], [contact("m")], [("L", "m", "active")], [("L", "m", "active", None)], unasked=("L",)
    ),
    "not for a record that was deleted once, and that nobody asked for again": Case(
        [record("N")], [contact("m")], [("L", "m", "deleted")], [("L", "m", "deleted", None)], unasked=("L",)
    ),
    "not for a contact that nobody asked for": Case(
        [record("L")], [contact("n")], [("L", "m", "active")], [("L", "m", "active", None)], unasked=("m",)
    ),
    "a new contact takes the place of a deleted one": Case(
        [record("L")],
        [contact("m", gone=True), contact("n")],
        [("L", "m", "active")],
        [("L", "n", "active", "replaced")],
    ),
    "a converted Lead goes on as its Contact, and beside a new contact where its own was deleted": Case(
        [gone("L"), record("C", "Contact")],
        [contact("m", gone=True), contact("n")],
        [("L", "m", "active")],
        [("C", "n", "active", "converted")],
        {"L": [Successor("C", "converted")]},
    ),
    "a winner goes on beside a new contact of its own address, not of the loser's": Case(
        [gone("L"), record("W", email="w")],
        [contact("m", gone=True), contact("n"), contact("w", email="w")],
        [("L", "m", "active")],
        [("W", "w", "active", "merged")],
        {"L": [Successor("W", "merged")]},
    ),
    "nobody takes the place of somebody gone on both sides": Case(
        [gone("L"), record("N")],
        [contact("m", gone=True)],
        [("L", "m", "deleted")],
        [("L", "m", "deleted", None)],
    ),
}


def bindings(rows: list[tuple[str, str, str]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["salesforce_id", "salesmanago_id", "status"], dtype="str")
    never = pd.Series(pd.NaT, index=frame.index, dtype="datetime64[us, UTC]")
    rest = {name: value for name, value in DEFAULTS.items() if name != "status"} | dict.fromkeys(CLOCKS, never)
    return frame.assign(object="Lead", email=None, updated_at=HEARD, **rest, id=range(1, len(frame) + 1))


def identities(case: Case) -> Identities:
    """Everybody who is read or bound was asked for, unless the case says no."""
    parts = []
    for side, rows, place in (("salesforce", case.records, 0), ("salesmanago", case.contacts, 1)):
        read = [str(row[f"{side}_id"]) for row in rows]
        asked = [one for one in (*read, *(row[place] for row in case.bindings)) if one not in case.unasked]
        parts.append(sightings(side, asked, HEARD, read, by_id=True))
    empty = pd.DataFrame()
    return Identities(pd.DataFrame(case.records), pd.DataFrame(case.contacts), empty, frozenset(), seen=newest(parts))


@pytest.mark.parametrize("name", CASES)
def test_decision_table(name: str) -> None:
    case = CASES[name]
    found = identities(case)
    moved = succeed(found, bindings(case.bindings), case.named)
    columns = ["salesforce_id", "salesmanago_id", "status", "event"]
    rows = [tuple(None if pd.isna(value) else value for value in row) for row in moved[columns].to_numpy()]
    assert rows == case.expected


def test_what_was_written_into_the_old_record_is_forgotten() -> None:
    case = CASES["a converted Lead goes on as its Contact"]
    before = bindings(case.bindings).assign(salesforce_written='["name"]', bounces='{"name": ["to_salesforce", 2]}')
    before["salesforce_written_at"] = pd.Timestamp("2026-01-31", tz="UTC")
    found = identities(case)
    [row] = succeed(found, before, case.named).to_dict("records")
    assert (row["salesforce_written"], row["bounces"], row["object"]) == ("[]", "{}", "Contact")
    assert pd.isna(row["salesforce_written_at"])
    assert row["from_salesforce_id"] == "L"


def test_predecessors_tell_whose_consent_is_inherited() -> None:
    case = CASES["of two losers the one with the winner's address goes on"]
    found = identities(case)
    rows = predecessors(succeed(found, bindings(case.bindings), case.named)).fillna("").to_numpy().tolist()
    assert sorted(rows) == [["K", "k", "W"], ["L", "", "W"]]


def test_nobody_moves_without_bindings() -> None:
    found = Identities(pd.DataFrame([record("L")]), pd.DataFrame([contact("m")]), pd.DataFrame(), frozenset())
    moved = succeed(found, bindings([]), {})
    assert moved.empty
    assert set(SUCCESSION_COLUMNS) <= set(moved)
