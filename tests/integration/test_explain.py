"""Explain: one person read from both services, by every key, with nothing written anywhere."""

from __future__ import annotations

from typing import Any

import pytest

from salesmanago_sync.domain.explain.explanation import Story, as_json
from salesmanago_sync.domain.explain.wording import as_text
from salesmanago_sync.errors import ConfigurationError
from salesmanago_sync.steps.explaining import explain_person
from tests.integration.direct import Direct


def stories(direct: Direct, asked: str) -> tuple[Story, ...]:
    """Explain, and check that nothing was written or locked."""
    direct.control.delete("/calls")
    bindings, runs = direct.ledger.bindings.read(), direct.ledger.runs.read_newest()
    explanation = explain_person(direct.ports(), asked, direct.account)
    assert direct.writes() == []
    assert direct.ledger.bindings.read().equals(bindings)
    assert direct.ledger.runs.read_newest().equals(runs)
    assert direct.ledger.lock.holder(direct.now()) is None
    assert as_json(explanation)["answer"] in as_text(explanation)
    return explanation.stories


def test_one_person_is_found_by_every_key_from_both_directions(direct: Direct) -> None:
    lead = direct.record("Lead", LastName="Nowak", Company="X", Email="Anna@example.com", City="Łódź")
    direct.contact("jan@example.com", name="Jan Maj", state="PROSPECT")
    direct.sync("full")
    bindings = direct.ledger.bindings.read().set_index("salesforce_id")["salesmanago_id"]
    contact = str(bindings[lead])
    [jan] = set(bindings.index) - {lead}
    direct.control.patch(f"/salesforce/Lead/{lead}", {"City": "Kraków"})
    told = [stories(direct, key) for key in ("anna@EXAMPLE.com", lead, lead[:15], contact)]
    assert all(one == told[0] for one in told)
    [story] = told[0]
    assert (story.salesforce_id, story.salesmanago_id, story.status) == (lead, contact, "pair")
    assert [(change.field, change.new) for change in story.planned] == [("address.city", "Kraków")]
    assert {sent.state for sent in story.sent} == {"done"}
    assert story.outlook == (
        "A run writes to SALESmanago: address.city.",
        "The next incremental run looks at this person.",
    )
    [other] = stories(direct, "jan@example.com")
    assert (other.salesforce_id, other.salesmanago_id) == (jan, bindings[jan])


def test_an_address_of_several_records_tells_all_of_them(direct: Direct) -> None:
    contact = direct.record("Contact", LastName="Nowak", Email="anna@example.com")
    lead = direct.record("Lead", LastName="Nowak", Company="X", Email="anna@example.com")
    direct.sync("full")
    found = {story.salesforce_id: story for story in stories(direct, "anna@example.com")}
    assert {key: (story.status, story.reason) for key, story in found.items()} == {
        contact: ("pair", None),
        lead: ("skip", "SHADOWED"),
    }
    assert f"Contact {contact}" in found[lead].because[-1]


def test_a_person_account_is_found_by_its_contact_row_too(direct: Direct) -> None:
    account = direct.record("Account", LastName="Nowak", IsPersonAccount=True, PersonEmail="anna@example.com")
    row = direct.records("Account")[account]["PersonContactId"]
    for key in (account, row):
        [story] = stories(direct, key)
        assert (story.object, story.salesforce_id, story.status) == ("PersonAccount", account, "create_in_salesmanago")


def test_who_was_deleted_is_still_explained(direct: Direct) -> None:
    lead = direct.record("Lead", LastName="Nowak", Company="X", Email="anna@example.com")
    direct.sync("full")
    [contact] = direct.cards()
    direct.control.delete(f"/salesforce/Lead/{lead}")
    direct.sync()
    [story] = stories(direct, contact)
    assert (story.status, story.reason) == ("skip", "DELETED")
    direct.control.post(f"/salesforce/Lead/{lead}/purge")
    direct.control.delete(f"/salesmanago/contacts/{contact}")
    [story] = stories(direct, lead)
    assert "the ledger keeps the binding" in story.because[0]
    assert story.sent


@pytest.mark.parametrize(
    "asked", ["nobody@example.com", "00Q5f000003AbCd", "5005f000003AbCd", "6445956b-6204-49f0-b124-58cbc5a475c1"]
)
def test_nobody_known_is_a_clear_answer(direct: Direct, asked: str) -> None:
    explanation = explain_person(direct.ports(), asked, direct.account)
    assert explanation.stories == ()
    assert explanation.answer.startswith("Nobody is known by this")


def test_what_is_no_key_is_refused(direct: Direct) -> None:
    with pytest.raises(ConfigurationError, match="neither an address nor an id"):
        explain_person(direct.ports(), "Anna Nowak", direct.account)


def test_no_value_reaches_a_log(direct: Direct, caplog: pytest.LogCaptureFixture) -> None:
    secrets: dict[str, Any] = {"LastName": "Geheim", "Company": "X", "Email": "anna@example.com"}
    direct.record("Lead", **secrets)
    with caplog.at_level("DEBUG", logger="salesmanago_sync"):
        explain_person(direct.ports(), "anna@example.com", direct.account)
    assert "Geheim" not in caplog.text
    assert "anna@example.com" not in caplog.text
