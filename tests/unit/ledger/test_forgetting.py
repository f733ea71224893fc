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
    run = ledger.start_run("salesmanago_full_sync", "one", "full", False, False, noon)
    ledger.update_run(run, service_words=f"no such {PLANTED[4]}")
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
    keys = ledger.bind(pd.DataFrame(rows), run, noon)["id"]
    move = {"id": keys[0], "object": "Contact", "salesforce_id": RECORD, "salesmanago_id": "m-7", "base": base}
    move |= {"event": "moved", "from_salesforce_id": FORMER, "from_salesmanago_id": None}
    ledger.move(run, pd.DataFrame([move]), noon)
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
    ledger.plan_changes(run, pd.DataFrame(plan), noon)
    held = json.dumps({"LastName": " ".join(PLANTED)}, ensure_ascii=False)
    settled = {**ids, "direction": "to_salesforce", "field": "f0", "state": "done", "reason": None, "held": held}
    ledger.settle_changes(run, pd.DataFrame([settled]))
    issue = {
        **ids,
        "reason": "CONFLICT",
        "text": " ".join(PLANTED),
        "values": json.dumps({"sent": PLANTED}, ensure_ascii=False),
    }
    ledger.report_issues(run, pd.DataFrame([issue, {**issue, "salesforce_id": FORMER}]), noon)
    evidence = {
        "salesforce_id": RECORD,
        "salesmanago_id": "m-7",
        "channel": "email",
        "side": "salesforce",
        "seen_at": noon,
    }
    ledger.add_consent(
        run, pd.DataFrame([{**evidence, "note": f"{PLANTED[6]} (opted in)"}, {**evidence, "note": PLANTED[7]}])
    )
    ledger.add_events(run, pd.DataFrame([{**ids, "binding_id": keys[0], "event": "paused", "note": PLANTED[8]}]), noon)
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
        "the address": person.ids_of_addresses([EMAIL]),
    }[asked]
    ids = person.same_people(named)
    assert ids == PersonIds(frozenset({RECORD, FORMER}), frozenset({"m-7"}))
    assert person.known(ids) == {"bindings": 1, "changes": 21, "issues": 2, "consent_evidence": 2}
    person.forget(ids, "anna", noon)

    assert person.known(ids) == {"bindings": 1, "changes": 21, "issues": 0, "consent_evidence": 2}
    assert person.ids_of_addresses([EMAIL]) == PersonIds(frozenset({RECORD}), frozenset({"m-7"})), (
        "known again by its hash"
    )
    assert person.consent_since(noon)["note"].tolist() == [""], "what was no opt-out has not become one"
    assert person.decisions().iloc[0][["action", "who", "about"]].tolist() == [
        "forget",
        "anna",
        json.dumps(sorted([RECORD, FORMER, "m-7"])),
    ]
    others = person.changes(1, salesforce_id=OTHER)
    assert (others["old"].tolist(), others["new"].tolist()) == (["kept"], ["kept"])
    assert json.loads(person.bindings(salesforce_ids=[OTHER])["base"][0]) == {"name": ["kept", None]}
    text = everything(person, folder).casefold()
    assert [value for value in PLANTED if value.casefold() in text or json.dumps(value)[1:-1].casefold() in text] == []


def test_who_is_gone_is_known_again_and_not_written_down(person: Ledger, folder: Path, noon: datetime) -> None:
    key = person.bindings(salesforce_ids=[RECORD])["id"]
    person.save(pd.DataFrame({"id": key, "status": "deleted", "email": EMAIL}), noon)
    assert person.tombstones([EMAIL, "other@example.com"])["email"].tolist() == [EMAIL]
    assert person.bindings(salesforce_ids=[RECORD])["email"].tolist() == [EMAIL], "its own base tells it"
    person.forget(person.same_people(PersonIds(frozenset({RECORD}))), "anna", noon)
    [hashed] = person.bindings(salesforce_ids=[RECORD])["email"]
    assert hashed.startswith("hmac:")
    assert person.bindings(salesforce_ids=[RECORD], addresses=[EMAIL])["email"].tolist() == [EMAIL]
    assert person.tombstones([EMAIL])["email"].tolist() == [EMAIL]
    person.save(pd.DataFrame({"id": key, "email": [hashed]}), noon)
    assert person.tombstones([EMAIL])["email"].tolist() == [EMAIL], "a hash is not hashed again"
    assert EMAIL not in everything(person, folder)


def test_two_ledgers_hash_one_address_differently(
    ledger: Ledger, tmp_path: Path, pairs: pd.DataFrame, noon: datetime
) -> None:
    other = Ledger.open(f"sqlite:///{tmp_path / 'other.db'}")
    found = []
    for one in (ledger, other):
        key = one.bind(pairs.head(1).assign(base="{}"), 1, noon)["id"]
        one.save(pd.DataFrame({"id": key, "status": "deleted", "email": EMAIL}), noon)
        found += one.bindings()["email"].tolist()
    other.close()
    assert len(set(found)) == 2


def test_who_is_gone_on_both_sides_is_wiped_when_history_ends(person: Ledger, noon: datetime) -> None:
    key = person.bindings(salesforce_ids=[RECORD])["id"]
    person.save(pd.DataFrame({"id": key, "status": "deleted", "email": EMAIL}), noon)
    day = timedelta(days=1)
    person.prune(noon - day, noon)
    assert person.bindings(salesforce_ids=[RECORD])["base"][0] != "{}", "not yet"
    person.prune(noon + day, noon + 2 * day)
    assert person.bindings(salesforce_ids=[RECORD])["base"][0] == "{}"
    assert person.bindings(salesforce_ids=[OTHER])["base"][0] != "{}", "who lives is kept"
    assert person.known(PersonIds(frozenset({RECORD})))["issues"] == 0
    assert person.tombstones([EMAIL])["email"].tolist() == [EMAIL]


def test_no_statement_grows_with_the_number_of_people_who_are_gone(ledger: Ledger, noon: datetime) -> None:
    count = 1500
    ids = {"salesforce_id": [f"00Q{n:015}" for n in range(count)], "salesmanago_id": [f"m-{n}" for n in range(count)]}
    pairs = pd.DataFrame(ids).assign(object="Lead", matched_by="email", base='{"name": ["one", "one"]}')
    keys = ledger.bind(pairs, 1, noon)["id"]
    ledger.save(pd.DataFrame({"id": keys, "status": "deleted"}), noon)
    taken: list[int] = []

    def note(connection: sa.Connection, cursor: object, statement: str, given: object, *rest: object) -> None:
        taken.append(len(given) if isinstance(given, (dict, tuple)) else 0)

    sa.event.listen(ledger._database.engine, "before_cursor_execute", note)
    ledger.prune(noon + timedelta(days=1), noon + timedelta(days=2))
    assert set(ledger.bindings()["base"]) == {"{}"}
    assert max(taken) < 1000  # some builds of SQLite take no more
    assert (
        ledger.known(PersonIds(frozenset(ids["salesforce_id"]), frozenset(ids["salesmanago_id"])))["bindings"] == count
    )
