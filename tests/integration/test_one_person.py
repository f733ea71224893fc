"""One person, one pair: spellings of an address, the key, ids of other systems."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.direct import Direct
from tests.integration.test_consent_of_addresses import remap

# The domain in the letters of its language, and in ASCII.
LETTERS, ASCII = "jan@münchen.example.com", "jan@xn--mnchen-3ya.example.com"
# Each of two foreign labels spelled in its own way, and both in letters.
MIXED, WHOLE = "jan@xn--mnchen-3ya.żółw.example.com", "jan@münchen.żółw.example.com"


def reasons(direct: Direct) -> list[str]:
    return sorted(direct.ledger.issues.read_open()["reason"])


def lead(direct: Direct, email: str | None, **fields: Any) -> str:
    return direct.record("Lead", LastName="Nowak", Company="Acme", Email=email, **fields)


def bound(direct: Direct) -> dict[str, str]:
    rows = direct.ledger.bindings.read()
    return dict(zip(rows["salesforce_id"], rows["salesmanago_id"], strict=True))


# -- spellings


@pytest.mark.parametrize(("there", "here"), [(LETTERS, ASCII), (ASCII, LETTERS), (MIXED, WHOLE)])
def test_a_contact_is_found_however_its_address_is_spelled(direct: Direct, there: str, here: str) -> None:
    direct.sync("full")
    card = direct.contact(there, optedOut=True)
    direct.later(3600)
    direct.sync("incremental")
    direct.later(3600)
    record = lead(direct, here)
    direct.sync("incremental")
    assert bound(direct) == {record: card}
    assert direct.records("Lead")[record]["HasOptedOutOfEmail"] is True
    assert len(direct.cards()) == 1
    assert direct.sync() == []


@pytest.mark.parametrize(("there", "here"), [(LETTERS, ASCII), (ASCII, LETTERS)])
def test_a_record_is_found_however_its_address_is_spelled(
    direct: Direct, tmp_path: Path, there: str, here: str
) -> None:
    remap(direct, tmp_path / "mappings", lead={"create": {"in_salesmanago": False, "in_salesforce": True}})
    direct.sync("full")
    record = lead(direct, there)
    direct.later(3600)
    direct.sync("incremental")
    direct.later(3600)
    card = direct.contact(here, name="Jan Nowak", state="PROSPECT")
    direct.sync("incremental")
    assert bound(direct) == {record: card}
    assert list(direct.records("Lead")) == [record]


def test_two_contacts_of_one_address_stay_two_when_one_of_them_changes_alone(direct: Direct) -> None:
    for spelled in (LETTERS, ASCII):
        direct.contact(spelled, name="Jan Nowak", state="PROSPECT")
    direct.sync("full")
    assert reasons(direct) == ["AMBIGUOUS_MATCH"]
    [first] = direct.ledger.issues.read_open()["salesmanago_id"]
    direct.later(3600)
    direct.sync("incremental")
    direct.later(3600)
    direct.control.patch(f"/salesmanago/contacts/{first}", {"phone": "+48601657778"})
    direct.sync("incremental")
    assert direct.records("Lead") == {}
    assert reasons(direct) == ["AMBIGUOUS_MATCH"]


def test_a_second_contact_of_the_same_address_is_reported_though_the_first_is_bound(direct: Direct) -> None:
    record = lead(direct, LETTERS)
    direct.sync("full")
    [card] = direct.cards()
    first = direct.cards()[card]["email"]
    direct.later(3600)
    second = direct.contact(ASCII if first == LETTERS else LETTERS, name="Jan Nowak", state="PROSPECT")
    direct.sync("incremental")
    [issue] = direct.ledger.issues.read_open().to_dict("records")
    assert (issue["reason"], issue["salesmanago_id"]) == ("AMBIGUOUS_MATCH", second)
    assert issue["text"] == f"candidates: {card}, {second}"
    assert bound(direct) == {record: card}
    assert list(direct.records("Lead")) == [record]


# -- the key


def test_nobody_is_created_whose_address_does_not_fit(direct: Direct) -> None:
    direct.contact(f"{'a' * 60}@{'b' * 18}.example.com", name="Ewa Nowa", state="PROSPECT")
    direct.sync("full")
    assert direct.records("Lead") == {}
    assert reasons(direct) == ["VALUE_TOO_LONG"]
    direct.sync("full")
    assert direct.records("Lead") == {}
    assert reasons(direct) == ["VALUE_TOO_LONG"]


def test_a_create_whose_address_is_refused_is_not_tried_without_it(direct: Direct) -> None:
    direct.contact("ewa@example.com", name="Ewa Nowa", state="PROSPECT")
    refusal = {"statusCode": "INVALID_EMAIL_ADDRESS", "message": "no", "fields": ["Email"]}
    answer = [{"success": False, "errors": [refusal]}]
    fault = {"system": "salesforce", "kind": "status", "path": "composite/sobjects", "method": "POST", "status": 200}
    direct.control.post("/faults", {**fault, "body": answer})
    direct.sync("full")
    assert direct.records("Lead") == {}
    assert len(reasons(direct)) == 1


def test_contacts_without_an_address_that_no_mapping_wants_are_no_issues(direct: Direct) -> None:
    for number in range(6):
        # A domain that is reserved for private networks is no address.
        direct.contact(f"p{number}@printer.local", name="Ewa", state="OTHER" if number else "PROSPECT")
    direct.sync("full")
    assert reasons(direct) == ["NO_EMAIL"]


# -- ids of other systems


@pytest.mark.parametrize("foreign", ["001234567890123", "001234567890123456", "SHOP-4711"])
def test_the_id_of_another_system_is_kept(direct: Direct, foreign: str) -> None:
    direct.contact("ewa@example.com", name="Ewa Nowa", externalId=foreign)
    record = lead(direct, "ewa@example.com")
    direct.sync("full")
    [card] = direct.cards().values()
    assert bound(direct) == {record: card["id"]}
    assert card["externalId"] == foreign
    assert direct.sync("full") == []


@pytest.mark.parametrize("length", [15, 18])
def test_the_id_of_a_record_that_was_converted_is_replaced(direct: Direct, length: int) -> None:
    record = lead(direct, "ewa@example.com")
    direct.sync("full")
    [card] = direct.cards()
    direct.control.patch(f"/salesmanago/contacts/{card}", {"externalId": record[:length]})
    made = direct.control.post(f"/salesforce/Lead/{record}/convert", {})
    direct.sync("incremental")
    assert direct.cards()[card]["externalId"] == made["contact"]


def test_an_account_that_keeps_the_old_id_is_not_written_in_every_run(direct: Direct) -> None:
    other, record = lead(direct, "other@example.com"), lead(direct, "ewa@example.com")
    direct.sync("full")
    card = bound(direct)[record]
    direct.later(60)
    direct.control.patch(f"/salesmanago/contacts/{card}", {"externalId": other})
    assert direct.sync("full"), "somebody edited it: it is linked anew"
    assert direct.cards()[card]["externalId"] == record
    # What the service kept of our write bears the time of the write.
    written = direct.cards()[card]["modifiedOn"]
    direct.control.patch(f"/salesmanago/contacts/{card}", {"externalId": other, "modifiedOn": written})
    assert direct.sync("full") == []
    direct.later(60)
    assert direct.sync("full") == []
    direct.control.patch(f"/salesmanago/contacts/{card}", {"externalId": lead(direct, "third@example.com")})
    direct.sync("full")
    assert direct.cards()[card]["externalId"] == record
