"""Who opts in again while the address is opted out elsewhere, and what the evidence tells of each record of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from salesmanago_sync.overview.consent import read_consent_ages
from salesmanago_sync.steps.consent_lane import carry_opt_outs
from tests.integration.direct import Direct
from tests.twin_in_process import TwinInProcess

EMAIL = "nowak@example.com"
OUT = {"HasOptedOutOfEmail": True}
IN = {"HasOptedOutOfEmail": False}
SEEN = "opted out"


@pytest.fixture
def direct(empty_ledger: Path, tmp_path: Path) -> Iterator[Direct]:
    made = Direct(TwinInProcess(), tmp_path, empty_ledger)
    yield made
    made.close()


def record(direct: Direct, sobject: str, **fields: Any) -> str:
    company = {"Company": "Acme"} if sobject == "Lead" else {}
    return direct.record(sobject, **{"LastName": "Nowak", "Email": EMAIL, **company, **fields})


def edit(direct: Direct, sobject: str, identifier: str, **fields: Any) -> None:
    direct.control.patch(f"/salesforce/{sobject}/{identifier}", fields)


def flags(direct: Direct) -> set[bool]:
    records = [row["HasOptedOutOfEmail"] for name in ("Lead", "Contact") for row in direct.records(name).values()]
    return {*records, *(card["optedOut"] for card in direct.cards().values())}


def reverted(direct: Direct) -> dict[tuple[str, str], str]:
    """The open issues of opt-ins that were taken back: ids → who is still opted out."""
    found = direct.ledger.issues.read_open().query("reason == 'OPT_IN_REVERTED'")
    rows = zip(found["salesforce_id"], found["salesmanago_id"], found["text"], strict=True)
    return {
        (salesforce, salesmanago): text.removeprefix("opted in again; still ") for salesforce, salesmanago, text in rows
    }


def evidence(direct: Direct, identifier: str) -> list[str]:
    rows = direct.ledger.consent.read([identifier], [identifier])
    return rows["note"].tolist()


def test_each_record_of_an_address_has_its_evidence(direct: Direct) -> None:
    leads = [record(direct, "Lead", **OUT) for _ in range(7)]
    contact = record(direct, "Contact")
    direct.sync("full")
    assert flags(direct) == {True}
    assert [evidence(direct, one) for one in leads] == [[SEEN]] * 7, "more than a note names"
    [sent, made] = evidence(direct, contact)
    assert sent == made
    assert sent.startswith(f"opted out in Salesforce: Lead {leads[0]}, ")
    direct.sync("full")
    assert [evidence(direct, one) for one in leads] == [[SEEN]] * 7, "once"
    assert read_consent_ages(direct.ledger, direct.now()).oldest is None, "what was only seen waits for nobody"


def test_each_side_of_a_pair_is_told_by_itself_what_somebody_else_chose(direct: Direct) -> None:
    contact = record(direct, "Contact")
    direct.sync("full")
    [card] = direct.cards()
    lead = record(direct, "Lead", **OUT)
    direct.sync()
    words = f"opted out in Salesforce: Lead {lead}"
    assert [evidence(direct, one) for one in (lead, contact, card)] == [[SEEN], [words], [words]]


def test_a_shadowed_record_that_opts_in_again_is_told_until_the_address_is_opted_in(direct: Direct) -> None:
    lead, contact = record(direct, "Lead", **OUT), record(direct, "Contact", **OUT)
    direct.sync("full")
    edit(direct, "Lead", lead, **IN)
    direct.sync()
    assert flags(direct) == {True}
    told = {(lead, ""): f"opted out in Salesforce: Contact {contact}"}
    assert reverted(direct) == told
    edit(direct, "Lead", lead, Phone="+48600100200")
    direct.sync()
    direct.sync("full")
    assert reverted(direct) == told, "nothing says that the cause is gone"
    [card] = direct.cards()
    for sobject, identifier in (("Lead", lead), ("Contact", contact)):
        edit(direct, sobject, identifier, **IN)
    direct.control.patch(f"/salesmanago/contacts/{card}", {"optedOut": False})
    direct.sync()
    assert (flags(direct), reverted(direct)) == ({False}, {})
    # From here on it is somebody else's new opt-out, and no opt-in of the lead.
    direct.control.patch(f"/salesmanago/contacts/{card}", {"optedOut": True})
    direct.sync()
    assert (flags(direct), reverted(direct)) == ({True}, {})


def test_a_pair_that_opts_in_on_both_sides_is_told_that_the_address_is_not(direct: Direct) -> None:
    lead, contact = record(direct, "Lead", **OUT), record(direct, "Contact", **OUT)
    direct.sync("full")
    [card] = direct.cards()
    edit(direct, "Contact", contact, **IN)
    direct.control.patch(f"/salesmanago/contacts/{card}", {"optedOut": False})
    direct.sync()
    assert flags(direct) == {True}
    assert reverted(direct) == {(contact, card): f"opted out in Salesforce: Lead {lead}"}
    assert direct.sync() == []


def test_records_in_doubt_are_told_each(direct: Direct) -> None:
    first, second = (record(direct, "Contact", **OUT) for _ in range(2))
    card = direct.contact(EMAIL, optedOut=True)
    direct.sync("full")
    edit(direct, "Contact", first, **IN)
    direct.sync()
    direct.control.patch(f"/salesmanago/contacts/{card}", {"optedOut": False})
    direct.sync()
    assert flags(direct) == {True}
    assert reverted(direct) == {
        (first, ""): f"opted out in Salesforce: Contact {second}",
        ("", card): f"opted out in Salesforce: Contact {first}, Contact {second}",
    }


def test_the_consent_lane_tells_whose_opt_in_it_takes_back(direct: Direct) -> None:
    contact = record(direct, "Contact", **OUT)
    direct.sync("full")
    [card] = direct.cards()
    direct.later(3600)
    direct.control.patch(f"/salesmanago/contacts/{card}", {"optedOut": False})
    direct.later(60)
    assert carry_opt_outs(direct.ports("incremental"), direct.account)["written"] == 1
    assert list(reverted(direct)) == [(contact, card)]
    direct.sync()
    assert (flags(direct), list(reverted(direct))) == ({True}, [(contact, card)])
