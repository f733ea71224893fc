"""Who is who: the decision table of matching. All cases are matched together, so that none leans on being alone."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd
import pytest

from salesmanago_sync.domain.people.matching import (
    CREATE_IN_SALESFORCE,
    CREATE_IN_SALESMANAGO,
    ISSUE,
    PAIR,
    SKIP,
    Identities,
    match,
)
from salesmanago_sync.domain.people.sightings import newest, sightings
from salesmanago_sync.domain.staged_frames import MATCHED_PEOPLE

OBJECTS = ("Contact", "PersonAccount", "Lead")
# Contact stands for an object that creates nobody in SALESmanago.
CREATES = frozenset({"Lead", "PersonAccount"})
Row = dict[str, object]


@dataclass(frozen=True)
class Case:
    records: list[Row]
    contacts: list[Row]
    # salesforce_id, salesmanago_id, matched_by, status, reason
    expected: list[tuple[str | None, str | None, str | None, str, str | None]]
    bindings: list[tuple[str, str, str]] = field(default_factory=list)
    # Ids of whom the services were not asked, or not since the ledger heard of the person; and ids they know all the
    # same, though no frame has them.
    unasked: tuple[str, ...] = ()
    outdated: tuple[str, ...] = ()
    known: tuple[str, ...] = ()


def record(identifier: str, name: str = "Lead", email: str | None = "mail", **more: object) -> Row:
    flags = {"in_scope": True, "takes_part": True, "gone": False}
    return {"salesforce_id": identifier, "object": name, "email": email, "salesmanago_id": None} | flags | more


def contact(identifier: str, email: str | None = "mail", part: tuple[str, ...] = OBJECTS, **more: object) -> Row:
    flags = {"in_scope": True, "gone": False, "wanted_by": None, "salesforce_id": None}
    parts = {f"takes_part.{name}": name in part for name in OBJECTS}
    return {"salesmanago_id": identifier, "email": email} | flags | parts | more


CASES = {
    "one e-mail": Case([record("s")], [contact("m")], [("s", "m", "email", PAIR, None)]),
    "made anew, a contact that was deleted would come back": Case(
        [record("s", email="given up"), record("old", "Contact", email="another", gone=True)],
        [contact("m", email="given up", gone=True)],
        [("s", None, None, SKIP, "TOMBSTONE"), ("old", "m", "binding", SKIP, "DELETED")],
        [("Contact", "old", "m")],
    ),
    "the record that a contact names is gone, and nobody remembers": Case(
        [record("old", email="another", gone=True), record("s", email="b")],
        [
            contact("m1", email="a", salesforce_id="old", wanted_by="Lead"),
            contact("m2", email="c", salesforce_id="unheard of", wanted_by="Lead"),
        ],
        [
            ("old", None, None, SKIP, "DELETED"),
            (None, "m1", None, SKIP, "TOMBSTONE"),
            (None, "m2", None, CREATE_IN_SALESFORCE, None),
            ("s", None, None, CREATE_IN_SALESMANAGO, None),
        ],
    ),
    "and somebody else has the address by now": Case(
        [record("old", email="a", gone=True), record("s", email="a")],
        [contact("m", email="a", salesforce_id="old", wanted_by="Lead")],
        [("old", None, None, SKIP, "DELETED"), ("s", "m", "email", PAIR, None)],
    ),
    "a binding beats the e-mail": Case(
        [record("s1", email="a"), record("s2", email="b")],
        [contact("m1", email="b"), contact("m2", email="a")],
        [("s1", "m1", "binding", PAIR, None), ("s2", "m2", "binding", PAIR, None)],
        [("Lead", "s1", "m1"), ("Lead", "s2", "m2")],
    ),
    "a binding beats the external id": Case(
        [record("s1"), record("s2", email="b")],
        [contact("m1", email="c", salesforce_id="s2")],
        [("s1", "m1", "binding", PAIR, None), ("s2", None, None, CREATE_IN_SALESMANAGO, None)],
        [("Lead", "s1", "m1")],
    ),
    "the external id beats the e-mail": Case(
        [record("s1", email="a"), record("s2", email="b")],
        [contact("m1", email="b", salesforce_id="s1")],
        # Whether the address becomes free is not known before the merge.
        [("s1", "m1", "external_id", PAIR, None), ("s2", None, None, CREATE_IN_SALESMANAGO, "SHADOWED")],
    ),
    "the contact id held in Salesforce": Case(
        [record("s", email="a", salesmanago_id="m")],
        [contact("m", email="b")],
        [("s", "m", "external_id", PAIR, None)],
    ),
    "both ids agree": Case(
        [record("s", email="a", salesmanago_id="m")],
        [contact("m", email="b", salesforce_id="s")],
        [("s", "m", "external_id", PAIR, None)],
    ),
    "two contacts claim one record: the e-mail decides": Case(
        [record("s", email="a")],
        [contact("m1", email="a", salesforce_id="s"), contact("m2", email="b", salesforce_id="s", wanted_by="Lead")],
        [("s", "m1", "email", PAIR, None), (None, "m2", None, CREATE_IN_SALESFORCE, None)],
    ),
    "an external id of nobody who was read counts for nothing": Case(
        [record("s", email="a")],
        [contact("m", email="a", salesforce_id="elsewhere")],
        [("s", "m", "email", PAIR, None)],
    ),
    "who is known by id is known by the address of Salesforce too": Case(
        [record("s", email="new")],
        [contact("m1", email="old", salesforce_id="s"), contact("m2", email="new", wanted_by="Lead")],
        [("s", "m1", "external_id", PAIR, None), (None, "m2", None, CREATE_IN_SALESFORCE, "OUT_OF_CRITERIA")],
    ),
    "the contact id of somebody else is a claim, whatever becomes of the record": Case(
        [
            record("s1", "Contact"),
            record("s2", salesmanago_id="m"),
            record("s3", email=None, salesmanago_id="m"),
            record("s4", email="d", takes_part=False, salesmanago_id="m"),
        ],
        [contact("m")],
        [
            ("s1", "m", "binding", PAIR, None),
            ("s2", None, None, SKIP, "SHADOWED"),
            ("s3", None, None, ISSUE, "NO_EMAIL"),
            ("s4", None, None, SKIP, "OUT_OF_CRITERIA"),
        ],
        [("Contact", "s1", "m")],
    ),
    "a Contact before a Person Account before a Lead": Case(
        [record("s1"), record("s2", "PersonAccount"), record("s3", "Contact")],
        [contact("m")],
        [
            ("s3", "m", "email", PAIR, None),
            ("s1", None, None, SKIP, "SHADOWED"),
            ("s2", None, None, SKIP, "SHADOWED"),
        ],
    ),
    "a Person Account before a Lead": Case(
        [record("s1"), record("s2", "PersonAccount")],
        [],
        [("s2", None, None, CREATE_IN_SALESMANAGO, None), ("s1", None, None, SKIP, "SHADOWED")],
    ),
    "preference is among those who take part": Case(
        [record("s1"), record("s2", "Contact", takes_part=False)],
        [contact("m")],
        [("s1", "m", "email", PAIR, None), ("s2", None, None, SKIP, "OUT_OF_CRITERIA")],
    ),
    "somebody bound shadows a preferred record of the same address": Case(
        [record("s1"), record("s2", "Contact")],
        [contact("m")],
        [("s1", "m", "binding", PAIR, None), ("s2", None, None, SKIP, "SHADOWED")],
        [("Lead", "s1", "m")],
    ),
    "two records of one object": Case(
        [record("s2"), record("s1"), record("s3", "Contact", email="other")],
        [contact("m")],
        [
            ("s1", None, None, ISSUE, "AMBIGUOUS_MATCH"),
            ("s2", None, None, SKIP, "AMBIGUOUS_MATCH"),
            (None, "m", None, SKIP, "AMBIGUOUS_MATCH"),
            ("s3", None, None, SKIP, "CREATE_OFF"),
        ],
    ),
    "two Leads behind one Contact are no doubt": Case(
        [record("s1"), record("s2"), record("s3", "Contact")],
        [contact("m")],
        [
            ("s3", "m", "email", PAIR, None),
            ("s1", None, None, SKIP, "SHADOWED"),
            ("s2", None, None, SKIP, "SHADOWED"),
        ],
    ),
    "one of two in doubt does not meet the criteria": Case(
        [record("s1"), record("s2", takes_part=False)],
        [contact("m")],
        [("s1", "m", "email", PAIR, None), ("s2", None, None, SKIP, "OUT_OF_CRITERIA")],
    ),
    "two contacts of one address": Case(
        [record("s")],
        [contact("m2", wanted_by="Lead"), contact("m1", wanted_by="Lead")],
        [
            ("s", None, None, SKIP, "AMBIGUOUS_MATCH"),
            (None, "m1", None, ISSUE, "AMBIGUOUS_MATCH"),
            (None, "m2", None, SKIP, "AMBIGUOUS_MATCH"),
        ],
    ),
    "a record without an address": Case([record("s", email=None)], [], [("s", None, None, ISSUE, "NO_EMAIL")]),
    "a contact without an address": Case(
        [], [contact("m", email=None, wanted_by="Lead")], [(None, "m", None, ISSUE, "NO_EMAIL")]
    ),
    "two without an address are not one person": Case(
        [record("s", email=None)],
        [contact("m", email=None, wanted_by="Lead")],
        [("s", None, None, ISSUE, "NO_EMAIL"), (None, "m", None, ISSUE, "NO_EMAIL")],
    ),
    "a contact without an address that nobody wants": Case(
        [], [contact("m", email=None)], [(None, "m", None, SKIP, "CREATE_OFF")]
    ),
    "a second record of a bound one's object": Case(
        [record("s1"), record("s2"), record("s3")],
        [contact("m1")],
        [
            ("s1", "m1", "binding", PAIR, None),
            ("s2", None, None, ISSUE, "AMBIGUOUS_MATCH"),
            ("s3", None, None, SKIP, "AMBIGUOUS_MATCH"),
        ],
        [("Lead", "s1", "m1")],
    ),
    "a second contact of a bound one's address": Case(
        [record("s1")],
        [contact("m1"), contact("m2", wanted_by="Lead")],
        [("s1", "m1", "binding", PAIR, None), (None, "m2", None, ISSUE, "AMBIGUOUS_MATCH")],
        [("Lead", "s1", "m1")],
    ),
    "without an address and outside the criteria": Case(
        [record("s", email=None, takes_part=False)],
        [contact("m", email=None, part=())],
        [("s", None, None, SKIP, "OUT_OF_CRITERIA"), (None, "m", None, SKIP, "OUT_OF_CRITERIA")],
    ),
    "known by id, an address is not needed": Case(
        [record("s", email=None)], [contact("m", salesforce_id="s")], [("s", "m", "external_id", PAIR, None)]
    ),
    "a record outside the criteria is not duplicated": Case(
        [record("s", takes_part=False)],
        [contact("m", wanted_by="Lead")],
        [("s", None, None, SKIP, "OUT_OF_CRITERIA"), (None, "m", None, SKIP, "OUT_OF_CRITERIA")],
    ),
    "a contact outside the criteria is not duplicated": Case(
        [record("s")], [contact("m", part=("Contact",))], [("s", "m", "email", SKIP, "OUT_OF_CRITERIA")]
    ),
    "known by id but outside the criteria": Case(
        [record("s", takes_part=False)],
        [contact("m", salesforce_id="s")],
        [("s", "m", "external_id", SKIP, "OUT_OF_CRITERIA")],
    ),
    "a bound record left the criteria": Case(
        [record("s", takes_part=False)],
        [contact("m")],
        [("s", "m", "binding", SKIP, "PAUSED")],
        [("Lead", "s", "m")],
    ),
    "a bound contact left the criteria of its object": Case(
        [record("s")],
        [contact("m", part=("Contact",))],
        [("s", "m", "binding", SKIP, "PAUSED")],
        [("Lead", "s", "m")],
    ),
    "somebody paused is not made anew": Case(
        [record("s1", takes_part=False), record("s2")],
        [contact("m1", email="old"), contact("m2", wanted_by="Lead", email="old")],
        [
            ("s1", "m1", "binding", SKIP, "PAUSED"),
            ("s2", None, None, ISSUE, "AMBIGUOUS_MATCH"),
            (None, "m2", None, ISSUE, "AMBIGUOUS_MATCH"),
        ],
        [("Lead", "s1", "m1")],
    ),
    "a bound record was deleted": Case(
        [record("s", gone=True)],
        [contact("m", wanted_by="Lead")],
        [("s", "m", "binding", SKIP, "DELETED")],
        [("Lead", "s", "m")],
    ),
    "a bound record that Salesforce does not show may be hidden": Case(
        [],
        [contact("m", wanted_by="Lead")],
        [("s", "m", "binding", SKIP, "OUT_OF_OBJECT")],
        [("Lead", "s", "m")],
    ),
    "a bound record that Salesforce does not show is gone where its contact is": Case(
        [],
        [contact("m", gone=True)],
        [("s", "m", "binding", SKIP, "DELETED")],
        [("Lead", "s", "m")],
    ),
    "a bound contact was deleted": Case(
        [record("s")], [contact("m", gone=True)], [("s", "m", "binding", SKIP, "DELETED")], [("Lead", "s", "m")]
    ),
    "a bound contact is not there any more": Case(
        [record("s")], [], [("s", "m", "binding", SKIP, "DELETED")], [("Lead", "s", "m")]
    ),
    "a bound contact that nobody asked for may be there": Case(
        [record("s")], [], [("s", "m", "binding", SKIP, "NOT_READ")], [("Lead", "s", "m")], unasked=("m",)
    ),
    "a bound record that nobody asked for may be there": Case(
        [], [contact("m")], [("s", "m", "binding", SKIP, "NOT_READ")], [("Lead", "s", "m")], unasked=("s",)
    ),
    "a list that calls a record deleted may be out of date": Case(
        [record("s", gone=True)],
        [contact("m")],
        [("s", "m", "binding", SKIP, "NOT_READ")],
        [("Lead", "s", "m")],
        unasked=("s",),
    ),
    "a record that came in a list is there": Case(
        [record("s")], [contact("m")], [("s", "m", "binding", PAIR, None)], [("Lead", "s", "m")], unasked=("s", "m")
    ),
    "nothing is decided on a reading that is older than the ledger's last word": Case(
        [record("s")], [contact("m")], [("s", "m", "binding", SKIP, "NOT_READ")], [("Lead", "s", "m")], outdated=("s",)
    ),
    "nobody is gone by a reading that is older than the ledger's last word": Case(
        [record("s")], [], [("s", "m", "binding", SKIP, "NOT_READ")], [("Lead", "s", "m")], outdated=("m",)
    ),
    "a contact that calls itself deleted, in a list": Case(
        [record("s")],
        [contact("m", gone=True)],
        [("s", "m", "binding", SKIP, "NOT_READ")],
        [("Lead", "s", "m")],
        unasked=("m",),
    ),
    "a record that is there, but no longer of its object, was not deleted": Case(
        [], [contact("m")], [("s", "m", "binding", SKIP, "OUT_OF_OBJECT")], [("Lead", "s", "m")], known=("s",)
    ),
    "a deleted record is nobody": Case(
        [record("s", gone=True)],
        [],
        [("s", None, None, SKIP, "DELETED")],
    ),
    "a deleted contact is not made anew": Case(
        [record("s")], [contact("m", gone=True)], [("s", "m", "email", SKIP, "DELETED")]
    ),
    "a deleted contact known by id is not made anew": Case(
        [record("s", email="a")],
        [contact("m", email="b", gone=True, salesforce_id="s")],
        [("s", "m", "external_id", SKIP, "DELETED")],
    ),
    "a deleted contact is not made a record": Case(
        [], [contact("m", gone=True, wanted_by="Lead")], [(None, "m", None, SKIP, "DELETED")]
    ),
    "a deleted contact without an address": Case(
        [], [contact("m", email=None, gone=True)], [(None, "m", None, SKIP, "DELETED")]
    ),
    "a later contact of a deleted one's address": Case(
        [record("s")],
        [contact("m1", gone=True), contact("m2"), contact("m3", gone=True)],
        [
            ("s", "m2", "email", PAIR, None),
            (None, "m1", None, SKIP, "DELETED"),
            (None, "m3", None, SKIP, "DELETED"),
        ],
    ),
    "a newcomer to SALESmanago": Case([record("s")], [], [("s", None, None, CREATE_IN_SALESMANAGO, None)]),
    "an object that creates nobody in SALESmanago": Case(
        [record("s", "Contact")], [], [("s", None, None, SKIP, "CREATE_OFF")]
    ),
    "a newcomer to Salesforce": Case(
        [], [contact("m", wanted_by="Lead")], [(None, "m", None, CREATE_IN_SALESFORCE, None)]
    ),
    "a contact that no object wants": Case([], [contact("m")], [(None, "m", None, SKIP, "CREATE_OFF")]),
    "bound people who were only looked up say nothing": Case(
        [record("s", in_scope=False)], [contact("m", in_scope=False)], [], [("Lead", "s", "m")]
    ),
    "bound, and read on one side only because the other changed": Case(
        [record("s", in_scope=False)],
        [contact("m")],
        [("s", "m", "binding", PAIR, None)],
        [("Lead", "s", "m")],
    ),
}
IDS = ("salesforce_id", "salesmanago_id")


def named(case: str, row: Row) -> Row:
    """Make ids and addresses of a case its own."""
    own = {key: f"{case}: {row[key]}" for key in (*IDS, "email") if row.get(key) is not None}
    return {**row, **own}


def frame(rows: list[Row], example: Row) -> pd.DataFrame:
    columns = {key: "bool" if isinstance(value, bool) else "str" for key, value in example.items()}
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)


HEARD = pd.Timestamp("2026-01-31T10:00:00Z")


def seen(cases: dict[str, Case]) -> pd.DataFrame:
    """Everybody who is read or bound was asked for after the ledger last heard of them, unless the case says no."""
    parts = []
    for name, case in cases.items():
        for side, rows, place in (("salesforce", case.records, 1), ("salesmanago", case.contacts, 2)):
            read = [str(row[f"{side}_id"]) for row in rows]
            for identifier in dict.fromkeys([*read, *(row[place] for row in case.bindings)]):
                at = HEARD + pd.Timedelta(seconds=-1 if identifier in case.outdated else 1)
                found = [f"{name}: {identifier}"] if identifier in (*read, *case.known) else []
                by_id = identifier not in case.unasked
                if by_id or found:
                    parts.append(sightings(side, [f"{name}: {identifier}"], at, found, by_id=by_id))
    return newest(parts)


def identities(cases: dict[str, Case]) -> Identities:
    bound = [
        named(name, {"object": of, "salesforce_id": s, "salesmanago_id": m, "status": "active", "email": None})
        for name, case in cases.items()
        for of, s, m in case.bindings
    ]
    columns = dict.fromkeys(("object", "salesforce_id", "salesmanago_id", "status", "email"), "")
    return Identities(
        frame([named(name, row) for name, case in cases.items() for row in case.records], record("")),
        frame([named(name, row) for name, case in cases.items() for row in case.contacts], contact("")),
        frame(bound, columns).assign(updated_at=HEARD),
        CREATES,
        seen=seen(cases),
    )


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    return match(identities(CASES))


def of_case(people: pd.DataFrame, name: str) -> list[Row]:
    """Give the people of a case, with the ids that the table shows."""
    rows = people.astype("object").where(people.notna(), None).to_dict("records")
    mine = [row for row in rows if any(str(row[key]).startswith(f"{name}: ") for key in IDS)]
    return [{**row, **{key: row[key] and row[key].removeprefix(f"{name}: ") for key in IDS}} for row in mine]


@pytest.mark.parametrize("name", CASES)
def test_decision_table(people: pd.DataFrame, name: str) -> None:
    columns = ("salesforce_id", "salesmanago_id", "matched_by", "status", "reason")
    found = [tuple(row[column] for column in columns) for row in of_case(people, name)]
    assert sorted(found, key=repr) == sorted(CASES[name].expected, key=repr)


@pytest.mark.parametrize(("key", "silent"), [("salesforce_id", "s"), ("salesmanago_id", "m")])
def test_everybody_of_whom_something_was_read_is_accounted_for_once(
    people: pd.DataFrame, key: str, silent: str
) -> None:
    read = identities(CASES)
    ids = {"salesforce_id": read.salesforce, "salesmanago_id": read.salesmanago}[key][key]
    accounted = people[key].dropna()
    assert accounted.is_unique
    assert set(ids) - set(accounted) == {f"bound people who were only looked up say nothing: {silent}"}


@pytest.mark.parametrize(
    ("name", "key", "first", "text"),
    [
        ("two records of one object", "salesforce_id", "s1", "candidates: {0}: s1, {0}: s2"),
        ("two contacts of one address", "salesmanago_id", "m1", "candidates: {0}: m1, {0}: m2"),
    ],
)
def test_an_ambiguous_match_lists_the_candidates_once(
    people: pd.DataFrame, name: str, key: str, first: str, text: str
) -> None:
    texts = [(row[key], row["text"]) for row in of_case(people, name) if row["text"] is not None]
    assert texts == [(first, text.format(name))]


def test_newcomers_belong_to_the_object_that_wants_them(people: pd.DataFrame) -> None:
    assert [row["object"] for row in of_case(people, "a newcomer to Salesforce")] == ["Lead"]
    assert [row["object"] for row in of_case(people, "a contact that no object wants")] == [None]


def test_nobody_gives_an_empty_frame_of_text() -> None:
    nobody = match(identities({}))
    MATCHED_PEOPLE.check(nobody)
    assert nobody.empty
    assert set(map(str, nobody.dtypes)) == {"str"}
