"""The opt-out of every record of an address counts, and reaches every record of the address."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from salesmanago_sync.steps.consent_lane import carry_opt_outs
from tests.integration.direct import Direct, Mode
from tests.twin_in_process import TwinInProcess
from tests.twin_server import ROOT

EMAIL = "nowak@example.com"
CHANNELS = {"HasOptedOutOfEmail": "optedOut", "DoNotCall": "optedOutPhone"}


def remap(direct: Direct, folder: Path, **of_objects: dict[str, Any]) -> None:
    """Run with the shipped mappings, changed for some objects: a file name and what is other in it."""
    folder.mkdir(exist_ok=True)
    for path in (ROOT / "include" / "mappings").glob("*.yaml"):
        values = yaml.safe_load(path.read_text(encoding="utf-8")) | of_objects.get(path.stem, {})
        (folder / path.name).write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    direct.settings = direct.settings.model_copy(update={"mappings": folder})


def lead(direct: Direct, **fields: Any) -> str:
    return direct.record("Lead", **({"LastName": "Nowak", "Company": "Acme", "Email": EMAIL} | fields))


def crm_contact(direct: Direct, **fields: Any) -> str:
    return direct.record("Contact", **({"LastName": "Nowak", "Email": EMAIL} | fields))


def account(direct: Direct, **fields: Any) -> str:
    made = {"LastName": "Nowak", "PersonEmail": EMAIL, "IsPersonAccount": True} | fields
    return direct.record("Account", **made)


def everybody_is_opted_out(direct: Direct, flag: str = "HasOptedOutOfEmail") -> None:
    """Nobody of the address is mailable, in either service, and a further run writes nothing."""
    cards = direct.cards().values()
    assert [card[CHANNELS[flag]] for card in cards] == [True] * len(cards)
    for sobject in ("Lead", "Contact"):
        for row in direct.records(sobject).values():
            assert row.get("IsPersonAccount") or row[flag], (sobject, row["Id"])
    for row in direct.records("Account").values():
        assert not row["IsPersonAccount"] or row[f"Person{flag}"], row["Id"]
    assert direct.sync("incremental") == []
    assert direct.sync("full") == []


def evidence(direct: Direct) -> list[tuple[str, str, str, str]]:
    """Who was told of which opt-out, seen where, and what was seen; oldest first."""
    ids = [key for sobject in ("Lead", "Contact", "Account") for key in direct.records(sobject)]
    rows = direct.ledger.consent.read(ids, list(direct.cards()))
    rows = rows[rows["sent_at"].notna()]
    assert rows["acknowledged_at"].notna().all()
    columns = ["salesforce_id", "salesmanago_id", "side", "note"]
    return [tuple(row) for row in rows[columns].itertuples(index=False)]


@pytest.mark.parametrize("flag", CHANNELS)
@pytest.mark.parametrize("mode", ["full", "incremental"])
def test_a_shadowed_lead_that_opted_out_is_seen_at_first_sight(direct: Direct, flag: str, mode: Mode) -> None:
    direct.sync("full")
    witness, record = lead(direct, **{flag: True}), crm_contact(direct)
    direct.sync(mode)
    [card] = direct.cards().values()
    assert card["externalId"] == record
    everybody_is_opted_out(direct, flag)
    words = f"opted out in Salesforce: Lead {witness}"
    # The record is told before its contact is made.
    assert evidence(direct) == [(record, "", "salesforce", words), (record, card["id"], "salesforce", words)]


def test_the_opt_out_of_a_contact_reaches_both_records_that_are_in_doubt(direct: Direct) -> None:
    first, second = crm_contact(direct), crm_contact(direct)
    card = direct.contact(EMAIL, optedOut=True)
    direct.sync("full")
    assert direct.ledger.issues.read_open()["reason"].tolist() == ["AMBIGUOUS_MATCH"]
    everybody_is_opted_out(direct)
    assert sorted(evidence(direct)) == sorted(
        (key, "", "salesmanago", f"opted out in SALESmanago: contact {card}") for key in (first, second)
    )


def test_the_opt_out_of_one_of_two_records_in_doubt_reaches_the_contact_and_the_other(direct: Direct) -> None:
    direct.contact(EMAIL)
    crm_contact(direct)
    direct.sync("full")
    direct.later(60)
    crm_contact(direct, HasOptedOutOfEmail=True)
    direct.sync("incremental")
    everybody_is_opted_out(direct)


def test_an_unsubscribe_reaches_every_record_of_the_address_and_every_object(direct: Direct) -> None:
    crm_contact(direct)
    lead(direct)
    lead(direct)
    account(direct)
    direct.sync("full")
    [card] = direct.cards().values()
    direct.later(60)
    direct.control.patch(f"/salesmanago/contacts/{card['id']}", {"optedOut": True})
    direct.sync("incremental")
    everybody_is_opted_out(direct)


def test_a_second_web_form_lead_has_a_say_and_is_told(direct: Direct) -> None:
    lead(direct)
    direct.sync("full")
    direct.later(60)
    lead(direct, HasOptedOutOfEmail=True)
    direct.sync("incremental")
    everybody_is_opted_out(direct)


def test_a_lead_that_comes_late_is_opted_out_as_its_address_is(direct: Direct) -> None:
    crm_contact(direct, HasOptedOutOfEmail=True)
    direct.sync("full")
    direct.later(60)
    lead(direct)
    direct.sync("incremental")
    everybody_is_opted_out(direct)


@pytest.mark.parametrize("mode", ["full", "incremental"])
def test_criteria_hold_no_opt_out_back(direct: Direct, tmp_path: Path, mode: Mode) -> None:
    inside = {"salesforce": {"field": "Status", "op": "ne", "value": "Unqualified"}}
    remap(direct, tmp_path / "mappings", lead={"criteria": inside})
    direct.sync("full")
    lead(direct, Status="Unqualified", HasOptedOutOfEmail=True)
    crm_contact(direct)
    direct.sync(mode)
    everybody_is_opted_out(direct)


@pytest.fixture
def town(tmp_path: Path, empty_ledger: Path) -> Iterator[Direct]:
    """The same without a wire."""
    made = Direct(TwinInProcess(), tmp_path, empty_ledger)
    yield made
    made.close()


def one_a_channel(direct: Direct) -> dict[str, tuple[str, str]]:
    """Make a Lead for each channel and synchronise it; give its id and that of its contact, by the flag."""
    leads = {flag: lead(direct, Email=f"{flag}@example.com") for flag in CHANNELS}
    direct.sync("full")
    contacts = direct.ledger.bindings.read().set_index("salesforce_id")["salesmanago_id"]
    direct.later(100)
    return {flag: (identifier, contacts[identifier]) for flag, identifier in leads.items()}


def each_is_opted_out_of_one(direct: Direct, sobject: str) -> None:
    """Everybody of a channel is opted out of it, in both services, and of no other."""
    rows = [row for row in direct.records(sobject).values() if not row.get("IsConverted")]
    held = [(row["Email"], {flag for flag in CHANNELS if row[flag]}) for row in rows]
    cards = direct.cards().values()
    held += [(card["email"], {flag for flag, name in CHANNELS.items() if card[name]}) for card in cards]
    assert len(rows) == len(CHANNELS)
    assert len(cards) >= len(CHANNELS)
    for email, flags in held:
        assert flags == {flag for flag in CHANNELS if f"{flag.lower()}@" in email.lower()}, held
    assert direct.sync() == []


@pytest.mark.parametrize("side", ["salesforce", "salesmanago"])
def test_a_pause_holds_no_opt_out_back_on_either_channel(town: Direct, tmp_path: Path, side: str) -> None:
    inside = {"salesforce": {"field": "Status", "op": "ne", "value": "Unqualified"}}
    remap(town, tmp_path / "mappings", lead={"criteria": inside})
    people = one_a_channel(town)
    for record, _ in people.values():
        town.control.patch(f"/salesforce/Lead/{record}", {"Status": "Unqualified"})
    town.sync()
    assert town.ledger.bindings.read()["status"].tolist() == ["paused"] * len(people)
    town.later(100)
    for flag, (record, contact) in people.items():
        opt_out(town, side, record, contact, flag)
    town.sync()
    each_is_opted_out_of_one(town, "Lead")


@pytest.mark.parametrize("side", ["salesforce", "salesmanago"])
def test_an_opt_out_on_either_channel_survives_a_conversion(town: Direct, side: str) -> None:
    for flag, (record, contact) in one_a_channel(town).items():
        if side == "salesforce":
            opt_out(town, side, record, contact, flag)
        town.control.post(f"/salesforce/Lead/{record}/convert", {})
        if side == "salesmanago":
            opt_out(town, side, record, contact, flag)
    town.sync()
    each_is_opted_out_of_one(town, "Contact")


def test_an_opt_out_of_the_loser_on_either_channel_survives_a_merge(town: Direct) -> None:
    losers = {flag: lead(town, Email=f"other{flag}@example.com", **{flag: True}) for flag in CHANNELS}
    for flag, (record, _) in one_a_channel(town).items():
        town.control.post(f"/salesforce/Lead/{record}/merge", {"losers": [losers[flag]]})
    town.sync()
    each_is_opted_out_of_one(town, "Lead")


def opt_out(direct: Direct, side: str, record: str, contact: str, flag: str) -> None:
    """Opt somebody out on one side."""
    if side == "salesforce":
        direct.control.patch(f"/salesforce/Lead/{record}", {flag: True})
    else:
        direct.control.patch(f"/salesmanago/contacts/{contact}", {CHANNELS[flag]: True})


@pytest.mark.parametrize("side", ["salesforce", "salesmanago"])
def test_who_never_met_the_criteria_is_opted_out_all_the_same(direct: Direct, tmp_path: Path, side: str) -> None:
    inside = {"salesforce": {"field": "Status", "op": "ne", "value": "Unqualified"}}
    remap(direct, tmp_path / "mappings", lead={"criteria": inside})
    lead(direct, Status="Unqualified", HasOptedOutOfEmail=side == "salesforce")
    direct.contact(EMAIL, optedOut=side == "salesmanago")
    direct.sync("full")
    assert direct.ledger.bindings.is_empty()
    everybody_is_opted_out(direct)


def test_an_object_outside_the_run_has_a_say_and_is_told(direct: Direct) -> None:
    crm_contact(direct)
    direct.sync("full")
    direct.later(60)
    lead(direct, HasOptedOutOfEmail=True)
    direct.sync("incremental", objects=["Lead"])
    everybody_is_opted_out(direct)


@pytest.mark.parametrize("mode", ["full", "incremental"])
@pytest.mark.parametrize("listed", [True, False])
def test_an_object_that_is_not_synchronised_has_a_say_and_is_left_alone(
    direct: Direct, tmp_path: Path, listed: bool, mode: Mode
) -> None:
    remap(direct, tmp_path / "mappings", lead={"enabled": False})
    if not listed:
        (tmp_path / "mappings" / "lead.yaml").unlink()
    direct.sync("full")
    witness, spared = lead(direct, HasOptedOutOfEmail=True), lead(direct, Email="spared@example.com")
    record = crm_contact(direct)
    crm_contact(direct, Email="spared@example.com", DoNotCall=True)
    direct.sync(mode)
    cards = {card["email"]: card for card in direct.cards().values()}
    assert (cards[EMAIL]["optedOut"], cards[EMAIL]["optedOutPhone"]) == (True, False)
    assert direct.records("Contact")[record]["HasOptedOutOfEmail"] is True
    assert f"opted out in Salesforce: Lead {witness}" in {note for *_, note in evidence(direct)}
    assert direct.records("Lead")[spared]["DoNotCall"] is False, "nobody asked to write Leads"
    assert direct.sync("incremental") == []
    assert direct.sync("full") == []


@pytest.mark.parametrize("mode", ["full", "incremental"])
def test_a_record_that_nobody_synchronises_and_that_stays_mailable_is_an_issue(
    direct: Direct, tmp_path: Path, mode: Mode
) -> None:
    remap(direct, tmp_path / "mappings", lead={"enabled": False})
    direct.sync("full")
    mailable, told = lead(direct), lead(direct, HasOptedOutOfEmail=True)
    record = crm_contact(direct)
    lead(direct, Email="stranger@example.com")
    direct.sync(mode)
    [issue] = direct.ledger.issues.read_open().to_dict("records")
    assert (issue["reason"], issue["field"]) == ("NOT_OPTED_OUT", "optedOut")
    assert issue["salesforce_id"] == record
    assert mailable in issue["text"]
    assert told not in issue["text"]
    assert direct.records("Lead")[mailable]["HasOptedOutOfEmail"] is False, "nobody asked to write Leads"
    assert direct.sync("incremental") == []
    assert len(direct.ledger.issues.read_open()) == 1
    direct.control.patch(f"/salesforce/Lead/{mailable}", {"HasOptedOutOfEmail": True})
    direct.sync("incremental")
    assert direct.ledger.issues.read_open().empty


def test_a_contact_that_turns_into_a_person_account_nobody_maps_is_left_alone_and_keeps_its_say(
    direct: Direct, tmp_path: Path
) -> None:
    remap(direct, tmp_path / "mappings", person_account={"enabled": False})
    record = crm_contact(direct, HasOptedOutOfEmail=False)
    direct.sync("full")
    [card] = direct.cards()
    direct.later(60)
    direct.control.patch(f"/salesforce/Contact/{record}", {"IsPersonAccount": True})
    assert direct.sync("incremental") == []
    assert direct.sync("full") == []
    rows = direct.ledger.runs.read_newest().iloc[0]["totals"]["rows"]
    assert [row["skipped"] for row in rows if row["object"] == "Contact"] == [{"OUT_OF_OBJECT": 1}] * 2
    assert direct.cards()[card]["optedOut"] is False
    assert direct.ledger.issues.read_open().empty
    direct.control.patch(f"/salesforce/Contact/{record}", {"IsPersonAccount": False, "MobilePhone": "+48601657778"})
    direct.control.patch(f"/salesmanago/contacts/{card}", {"phone": "+48601657779"})
    direct.sync("incremental")
    assert direct.records("Contact")[record]["Phone"] == "+48601657779", "back when it comes back"


def test_a_record_that_cannot_be_opted_out_is_an_issue(direct: Direct) -> None:
    crm_contact(direct)
    shadowed = lead(direct)
    direct.sync("full")
    [card] = direct.cards().values()
    direct.later(60)
    direct.control.patch(f"/salesmanago/contacts/{card['id']}", {"optedOut": True})
    refusal = {"statusCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "closed", "fields": []}
    answer = [{"success": False, "errors": [refusal]}]
    fault = {"system": "salesforce", "kind": "status", "path": "composite/sobjects", "method": "PATCH", "status": 200}
    for _ in range(4):
        direct.control.post("/faults", {**fault, "body": answer})
    direct.sync("incremental")
    direct.control.delete("/faults")
    issues = direct.ledger.issues.read_open()
    assert shadowed in set(issues["salesforce_id"])
    direct.sync("incremental")
    everybody_is_opted_out(direct)
    assert direct.ledger.issues.read_open().empty


def test_a_default_of_the_account_is_the_opt_out_of_nobody(direct: Direct) -> None:
    direct.control.post("/salesmanago/settings", {"new_opted_out": True})
    crm_contact(direct)
    lead(direct)
    direct.sync("full")
    direct.sync("full")
    [card] = direct.cards().values()
    assert card["optedOut"]
    assert not any(row["HasOptedOutOfEmail"] for name in ("Lead", "Contact") for row in direct.records(name).values())


def test_a_default_is_nobodys_opt_out_where_two_contacts_have_the_address(direct: Direct) -> None:
    direct.control.post("/salesmanago/settings", {"new_opted_out": True})
    record = crm_contact(direct, Email="nowak@münchen.example")
    direct.sync("full")
    direct.later(3600)  # nothing else of the person is in the window
    direct.contact("nowak@münchen.example", optedOut=False)
    direct.sync()
    assert direct.records("Contact")[record]["HasOptedOutOfEmail"] is False
    assert sorted(card["optedOut"] for card in direct.cards().values()) == [False, True]


def test_who_opts_in_again_stays_opted_out_while_a_record_of_the_address_is(direct: Direct, tmp_path: Path) -> None:
    believed = {"opt_in": "salesmanago"}
    remap(direct, tmp_path / "mappings", lead=believed, contact=believed)
    record, witness = crm_contact(direct, HasOptedOutOfEmail=True), lead(direct, HasOptedOutOfEmail=True)
    direct.sync("full")
    [card] = direct.cards().values()
    direct.later(60)
    direct.control.patch(f"/salesmanago/contacts/{card['id']}", {"optedOut": False})
    direct.sync("incremental")
    issues = direct.ledger.issues.read_open()
    assert issues["reason"].tolist() == ["OPT_IN_REVERTED"]
    assert issues["salesforce_id"].tolist() == [record]
    assert witness in issues["text"].iat[0]
    everybody_is_opted_out(direct)


def test_totals_count_who_was_told(direct: Direct) -> None:
    crm_contact(direct)
    lead(direct)
    direct.sync("full")
    [card] = direct.cards().values()
    direct.later(60)
    direct.control.patch(f"/salesmanago/contacts/{card['id']}", {"optedOut": True})
    direct.sync("incremental")
    run = direct.ledger.runs.read_newest().iloc[0]
    rows = {(row["object"], row["direction"]): row for row in run["totals"]["rows"]}
    assert rows["Lead", "to_salesforce"]["updated"] == 1
    assert rows["Contact", "to_salesforce"]["updated"] == 1
    for row in rows.values():
        settled = row["unchanged"] + row["created"] + row["updated"] + row["failed"] + sum(row["skipped"].values())
        assert row["read"] == settled, row


def test_the_consent_lane_carries_an_opt_out_to_the_whole_address(direct: Direct) -> None:
    crm_contact(direct)
    second = lead(direct)
    direct.sync("full")
    direct.later(3600)
    direct.control.patch(f"/salesforce/Lead/{second}", {"HasOptedOutOfEmail": True})
    direct.later(60)
    assert carry_opt_outs(direct.ports("incremental"), direct.account)["written"] == 2
    everybody_is_opted_out(direct)
