"""Forgetting: nothing that tells who a person was is left in the ledger, and the person is still known again."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from salesmanago_sync.ledger.forgetting import PersonIds
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.ledger.tables import metadata

NAMES = ["Żaneta", "O'Quillfeather", "Brzęczyszczykiewicz"]
EMAIL = "żaneta.o'quill@planted.example.com"
PLANTED = [*NAMES, EMAIL, *(f"planted value {number} ąę" for number in range(16))]
RECORD, FORMER, OTHER = "003000000000007AAA", "00Q000000000007AAA", "003000000000008AAA"


def everything(ledger: Ledger, folder: Path) -> str:
    """Give what is stored: the bytes of the files of SQLite, every row of PostgreSQL."""
    if ledger._database.is_sqlite:
        ledger.close()
        return "\n".join(path.read_bytes().decode(errors="replace") for path in folder.iterdir() if path.is_file())
    with ledger._database.read() as connection:
        return "\n".join(
            repr(tuple(row)) for table in metadata.sorted_tables for row in connection.execute(sa.select(table))
        )


@pytest.fixture
def folder(url: str, tmp_path: Path) -> Path:
    return Path(url.removeprefix("sqlite:///")).parent if url.startswith("sqlite") else tmp_path


@pytest.fixture
def person(ledger: Ledger, noon: datetime) -> Ledger:
    """One person with values everywhere, converted from a Lead, beside another one."""
    run = ledger.runs.start("salesmanago_full_sync", "one", "full", False, False, noon)
    ledger.runs.update(run, service_words=f"no such {PLANTED[4]}")
    base = json.dumps({"email": [EMAIL, EMAIL], "name": [NAMES[0], PLANTED[5]]}, ensure_ascii=False)
    rows = [
        {"object": "Lead", "salesforce_id": FORMER, "salesmanago_id": "m-7", "matched_by": "email", "base": base},
        {
            "object": "Contact",
            "salesforce_id": OTHER,
            "salesmanago_id": "m-8",
            "matched_by": "email",
            "base": '{"name": ["kept", null]}',
        },
    ]
    keys = ledger.bindings.add(pd.DataFrame(rows), run, noon)["id"]
    move = {"id": keys[0], "object": "Contact", "salesforce_id": RECORD, "salesmanago_id": "m-7", "base": base}
    move |= {"event": "moved", "from_salesforce_id": FORMER, "from_salesmanago_id": None}
    ledger.bindings.move(run, pd.DataFrame([move]), noon)
    ids = {"object": "Contact", "salesforce_id": RECORD, "salesmanago_id": "m-7"}
    plan = [
        {
            **ids,
            "direction": "to_salesforce",
            "action": "update",
            "field": f"f{number}",
            "old": text,
            "new": text.upper(),
        }
        for number, text in enumerate(PLANTED)
    ]
    plan.append({**plan[0], "salesforce_id": FORMER, "object": "Lead"})
    plan.append({**plan[0], "salesforce_id": OTHER, "salesmanago_id": "m-8", "old": "kept", "new": "kept"})
    ledger.changes.plan(run, pd.DataFrame(plan), noon)
    held = json.dumps({"LastName": " ".join(PLANTED)}, ensure_ascii=False)
    settled = {**ids, "direction": "to_salesforce", "field": "f0", "state": "done", "reason": None, "held": held}
    ledger.changes.settle(run, pd.DataFrame([settled]))
    issue = {
        **ids,
        "reason": "CONFLICT",
        "text": " ".join(PLANTED),
        "values": json.dumps({"sent": PLANTED}, ensure_ascii=False),
    }
    ledger.issues.report(run, pd.DataFrame([issue, {**issue, "salesforce_id": FORMER}]), noon)
    evidence = {
        "salesforce_id": RECORD,
        "salesmanago_id": "m-7",
        "channel": "email",
        "side": "salesforce",
        "seen_at": noon,
    }
    ledger.consent.add(
        run, pd.DataFrame([{**evidence, "note": f"{PLANTED[6]} (opted in)"}, {**evidence, "note": PLANTED[7]}])
    )
    ledger.events.add(run, pd.DataFrame([{**ids, "binding_id": keys[0], "event": "paused", "note": PLANTED[8]}]), noon)
    return ledger


def test_what_was_planted_is_there_before(person: Ledger, folder: Path) -> None:
    text = everything(person, folder)
    assert [value for value in PLANTED if value not in text] == []


@pytest.mark.parametrize("asked", ["the record", "the Lead that it was", "the contact", "the address"])
def test_nothing_planted_is_left_whatever_names_the_person(
    person: Ledger, folder: Path, noon: datetime, asked: str
) -> None:
    named = {
        "the record": PersonIds(frozenset({RECORD})),
        "the Lead that it was": PersonIds(frozenset({FORMER})),
        "the contact": PersonIds(frozenset(), frozenset({"m-7"})),
        "the address": person.people.ids_of_addresses([EMAIL]),
    }[asked]
    ids = person.people.all_ids(named)
    assert ids == PersonIds(frozenset({RECORD, FORMER}), frozenset({"m-7"}))
    assert person.people.count_rows(ids) == {"bindings": 1, "changes": 21, "issues": 2, "consent_evidence": 2}
    person.people.forget(ids, "anna", noon)

    assert person.people.count_rows(ids) == {"bindings": 1, "changes": 21, "issues": 0, "consent_evidence": 2}
    assert person.people.ids_of_addresses([EMAIL]) == PersonIds(frozenset({RECORD}), frozenset({"m-7"})), (
        "known again by its hash"
    )
    assert person.consent.read_opt_outs_since(noon)["note"].tolist() == [""], "what was no opt-out has not become one"
    assert person.decisions.read_newest().iloc[0][["action", "who", "about"]].tolist() == [
        "forget",
        "anna",
        json.dumps(sorted([RECORD, FORMER, "m-7"])),
    ]
    others = person.changes.read(1, salesforce_id=OTHER)
    assert (others["old"].tolist(), others["new"].tolist()) == (["kept"], ["kept"])
    assert json.loads(person.bindings.read(salesforce_ids=[OTHER])["base"][0]) == {"name": ["kept", None]}
    text = everything(person, folder).casefold()
    assert [value for value in PLANTED if value.casefold() in text or json.dumps(value)[1:-1].casefold() in text] == []


def test_who_is_gone_is_known_again_and_not_written_down(person: Ledger, folder: Path, noon: datetime) -> None:
    key = person.bindings.read(salesforce_ids=[RECORD])["id"]
    person.bindings.update(pd.DataFrame({"id": key, "status": "deleted", "email": EMAIL}), noon)
    assert person.bindings.tombstones([EMAIL, "other@example.com"])["email"].tolist() == [EMAIL]
    assert person.bindings.read(salesforce_ids=[RECORD])["email"].tolist() == [EMAIL], "its own base tells it"
    person.people.forget(person.people.all_ids(PersonIds(frozenset({RECORD}))), "anna", noon)
    [hashed] = person.bindings.read(salesforce_ids=[RECORD])["email"]
    assert hashed.startswith("hmac:")
    assert person.bindings.read(salesforce_ids=[RECORD], addresses=[EMAIL])["email"].tolist() == [EMAIL]
    assert person.bindings.tombstones([EMAIL])["email"].tolist() == [EMAIL]
    person.bindings.update(pd.DataFrame({"id": key, "email": [hashed]}), noon)
    assert person.bindings.tombstones([EMAIL])["email"].tolist() == [EMAIL], "a hash is not hashed again"
    assert EMAIL not in everything(person, folder)


def test_two_ledgers_hash_one_address_differently(
    ledger: Ledger, tmp_path: Path, pairs: pd.DataFrame, noon: datetime
) -> None:
    other = Ledger.open(f"sqlite:///{tmp_path / 'other.db'}")
    found = []
    for one in (ledger, other):
        key = one.bindings.add(pairs.head(1).assign(base="{}"), 1, noon)["id"]
        one.bindings.update(pd.DataFrame({"id": key, "status": "deleted", "email": EMAIL}), noon)
        found += one.bindings.read()["email"].tolist()
    other.close()
    assert len(set(found)) == 2


def test_who_is_gone_on_both_sides_is_wiped_when_history_ends(person: Ledger, noon: datetime) -> None:
    key = person.bindings.read(salesforce_ids=[RECORD])["id"]
    person.bindings.update(pd.DataFrame({"id": key, "status": "deleted", "email": EMAIL}), noon)
    day = timedelta(days=1)
    person.prune(noon - day, noon)
    assert person.bindings.read(salesforce_ids=[RECORD])["base"][0] != "{}", "not yet"
    person.prune(noon + day, noon + 2 * day)
    assert person.bindings.read(salesforce_ids=[RECORD])["base"][0] == "{}"
    assert person.bindings.read(salesforce_ids=[OTHER])["base"][0] != "{}", "who lives is kept"
    assert person.people.count_rows(PersonIds(frozenset({RECORD})))["issues"] == 0
    assert person.bindings.tombstones([EMAIL])["email"].tolist() == [EMAIL]


def test_no_statement_grows_with_the_number_of_people_who_are_gone(ledger: Ledger, noon: datetime) -> None:
    count = 1500
    ids = {"salesforce_id": [f"00Q{n:015}" for n in range(count)], "salesmanago_id": [f"m-{n}" for n in range(count)]}
    pairs = pd.DataFrame(ids).assign(object="Lead", matched_by="email", base='{"name": ["one", "one"]}')
    keys = ledger.bindings.add(pairs, 1, noon)["id"]
    ledger.bindings.update(pd.DataFrame({"id": keys, "status": "deleted"}), noon)
    taken: list[int] = []

    def note(connection: sa.Connection, cursor: object, statement: str, given: object, *rest: object) -> None:
        taken.append(len(given) if isinstance(given, (dict, tuple)) else 0)

    sa.event.listen(ledger._database.engine, "before_cursor_execute", note)
    ledger.prune(noon + timedelta(days=1), noon + timedelta(days=2))
    assert set(ledger.bindings.read()["base"]) == {"{}"}
    assert max(taken) < 1000  # some builds of SQLite take no more
    assert (
        ledger.people.count_rows(PersonIds(frozenset(ids["salesforce_id"]), frozenset(ids["salesmanago_id"])))[
            "bindings"
        ]
        == count
    )
