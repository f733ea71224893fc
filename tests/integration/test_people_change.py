"""What happens when people change: converted, merged, deleted, restored, moved, recognised, opted out."""

from __future__ import annotations

import pytest

from tests.integration.sync import Sync

EMAIL = "nowak@example.com"


def settled(sync: Sync) -> None:
    """The law of the sync: a further run writes nothing."""
    sync.forget_calls()
    assert sync.incremental().green
    assert sync.writes() == []


def events(sync: Sync) -> list[str]:
    """The history of all bindings."""
    return [row["event"] for row in sync.rows("SELECT event FROM binding_events ORDER BY id")]


# -- 1. conversion


@pytest.mark.parametrize("company", ["Nowak i Synowie", None])
def test_a_converted_lead_hands_its_binding_to_what_it_became(sync: Sync, company: str | None) -> None:
    lead = sync.lead(Email=EMAIL, Company=company, Phone="+48221234567")
    assert sync.full().green
    card = sync.card_of(EMAIL)
    assert card["state"] == "PROSPECT"

    made = sync.convert(lead)
    record, sobject = (made["account"], "Account") if company is None else (made["contact"], "Contact")
    assert sync.incremental().green
    assert sync.bindings() == {record: card["id"]}
    assert sync.card(card["id"])["state"] == "CUSTOMER"
    assert sync.card(card["id"])["externalId"] == record
    assert len(sync.cards()) == 1
    assert events(sync) == ["bound", "converted"]
    settled(sync)

    sync.edit_card(card["id"], phone="+48221110001")
    assert sync.incremental().green
    assert sync.read(sobject, record)["Phone"] == "+48221110001", "the merge goes on with the new record"


def test_a_lead_that_is_converted_while_the_run_writes_is_followed_in_the_same_run(sync: Sync) -> None:
    lead = sync.lead(Email=EMAIL)
    assert sync.full().green
    card = sync.card_of(EMAIL)
    sync.edit_card(card["id"], phone="+48221110001", optedOut=True)
    made: dict[str, str] = {}
    done = sync.incremental(before={"write_consent": lambda: made.update(sync.convert(lead))})
    assert done.green, done.log[-3000:]
    contact = sync.read("Contact", made["contact"])
    assert (contact["Phone"], contact["HasOptedOutOfEmail"]) == ("+48221110001", True)
    assert sync.bindings() == {made["contact"]: card["id"]}
    assert sync.issues() == {}
    settled(sync)


# -- 2. merges


def test_a_merge_hands_the_binding_to_a_winner_that_had_none(sync: Sync) -> None:
    loser = sync.lead(Email=EMAIL, HasOptedOutOfEmail=True)
    assert sync.full().green
    winner = sync.lead(LastName="Kowalska", Email=None)
    card = sync.card_of(EMAIL)
    sync.merge("Lead", winner, loser)
    sync.incremental()
    assert sync.bindings() == {winner: card["id"]}
    assert sync.card(card["id"])["name"] == "Kowalska", "the record that is left speaks for the person"
    assert sync.read("Lead", winner)["HasOptedOutOfEmail"] is True, "the stricter consent survives the merge"
    assert sync.read("Lead", winner)["Email"] == EMAIL, "a blank of the winner empties nothing"
    assert events(sync) == ["bound", "merged"]
    settled(sync)


@pytest.mark.parametrize("policy", ["keep", "tag", "delete"])
def test_of_two_bound_records_that_are_merged_the_losers_contact_is_handled_once(sync: Sync, policy: str) -> None:
    sync.map("lead", on_merge=policy)
    winner, loser = sync.lead(Email="winner@example.com"), sync.lead(Email="loser@example.com", LastName="Wrong")
    assert sync.full().green
    cards = {name: sync.card_of(f"{name}@example.com") for name in ("winner", "loser")}
    sync.edit_card(cards["loser"]["id"], optedOut=True)
    sync.merge("Lead", winner, loser)
    assert sync.incremental().green
    lost = sync.card(cards["loser"]["id"])
    assert [tag["tag"] for tag in lost["contactTags"]] == (["MERGED_IN_CRM"] if policy == "tag" else [])
    assert lost["deleted"] is (policy == "delete")
    assert sync.card(cards["winner"]["id"])["name"] == "Nowak", "the loser never overwrites the winner"
    assert sync.card(cards["winner"]["id"])["optedOut"] is sync.read("Lead", winner)["HasOptedOutOfEmail"] is True
    sync.forget_calls()
    assert sync.full().green
    assert sync.writes() == []
    assert len(sync.records("Lead")) == 1, "the loser's contact does not come back as a Lead"
    assert sync.card(cards["loser"]["id"])["name"] == "Wrong"


def test_a_record_that_is_merged_away_while_the_run_writes_is_followed_to_the_winner(sync: Sync) -> None:
    winner, loser = sync.lead(LastName="Winner", Email=None), sync.lead(Email=EMAIL)
    sync.full()
    card = sync.card_of(EMAIL)
    sync.edit_card(card["id"], fax="+48221110001")
    sync.incremental(before={"write": lambda: sync.merge("Lead", winner, loser)})
    assert sync.read("Lead", winner)["Fax"] == "+48221110001"
    assert sync.bindings() == {winner: card["id"]}
    assert "RECORD_GONE" not in sync.issues()
    settled(sync)


# -- 3. deletes


@pytest.mark.parametrize("policy", ["nothing", "tag", "opt_out", "delete"])
def test_a_deleted_record_does_to_the_contact_what_the_mapping_says_and_never_comes_back(
    sync: Sync, policy: str
) -> None:
    sync.map("lead", on_delete={"in_salesmanago": policy})
    lead = sync.lead(Email=EMAIL)
    assert sync.full().green
    card = sync.card_of(EMAIL)["id"]
    sync.delete("Lead", lead)
    assert sync.incremental().green
    left = sync.card(card)
    assert [tag["tag"] for tag in left["contactTags"]] == (["DELETED_IN_CRM"] if policy == "tag" else [])
    assert (left["optedOut"], left["deleted"]) == (policy == "opt_out", policy == "delete")
    sync.edit_card(card, name="Somebody")
    sync.forget_calls()
    assert sync.full().green
    assert sync.writes() == [], "each policy is carried out once"
    assert sync.records("Lead") == [], "a tombstone is not revived by the sync"
    assert events(sync) == ["bound", "deleted"]

    sync.undelete("Lead", lead)
    sync.edit_card(card, deleted=False)
    assert sync.incremental().green
    assert sync.rows("SELECT status FROM bindings") == [{"status": "active"}]
    assert events(sync) == ["bound", "deleted", "revived"]
    assert sync.read("Lead", lead)["HasOptedOutOfEmail"] is (policy == "opt_out")


@pytest.mark.parametrize("policy", ["nothing", "opt_out", "delete"])
def test_a_deleted_contact_does_to_the_record_what_the_mapping_says_and_never_comes_back(
    sync: Sync, policy: str
) -> None:
    sync.map("lead", on_delete={"in_salesforce": policy})
    lead = sync.lead(Email=EMAIL)
    assert sync.full().green
    card = sync.card_of(EMAIL)["id"]
    sync.purge_card(card)
    assert sync.full().green
    assert sync.read("Lead", lead)["IsDeleted"] is (policy == "delete")
    assert sync.read("Lead", lead)["HasOptedOutOfEmail"] is (policy == "opt_out")
    if policy != "delete":
        sync.edit("Lead", lead, Phone="+48221234567")
    sync.forget_calls()
    assert sync.full().green
    assert sync.writes() == [], "each policy is carried out once"
    assert sync.cards() == [], "a tombstone is not revived by the sync"


def test_a_record_deleted_for_good_is_found_by_the_full_sync(sync: Sync) -> None:
    lead = sync.lead(Email=EMAIL)
    assert sync.full().green
    sync.delete("Lead", lead)
    assert sync.incremental().green
    sync.purge("Lead", lead)
    assert sync.full().green
    assert sync.rows("SELECT status FROM bindings") == [{"status": "deleted"}]
    assert sync.card_of(EMAIL)["optedOut"] is True
    assert sync.records("Lead") == []

    again = sync.lead(Email=EMAIL, LastName="Again")
    assert sync.incremental().green
    assert sync.bindings() == {again: sync.card_of(EMAIL)["id"]}, "a person made the record anew"
    assert sync.read("Lead", again)["HasOptedOutOfEmail"] is True, "and the stricter consent counts"
    settled(sync)


def test_who_was_deleted_on_both_sides_is_created_on_neither(sync: Sync) -> None:
    lead = sync.lead(Email=EMAIL)
    assert sync.full().green
    sync.delete("Lead", lead)
    sync.purge_card(sync.card_of(EMAIL)["id"])
    assert sync.full().green
    sync.lead(Email=EMAIL)
    assert sync.full().green
    assert sync.cards() == []
    assert sync.totals()[0]["skipped"]["TOMBSTONE"] == 1


def test_a_run_that_finds_too_many_people_gone_stops_before_it_writes(sync: Sync) -> None:
    leads = [sync.lead(Email=f"p{number}@example.com") for number in range(25)]
    assert sync.full().green
    for lead in leads:
        sync.purge("Lead", lead)
    done = sync.full()
    assert "guard" in done.red
    done.says("25 of 25 synchronised people cannot be found in Salesforce")
    assert not any(card["optedOut"] for card in sync.cards())
    sync.set(vanished_percent="100")
    assert sync.full().green
    # Sharing may hide them: no policy applies, and who was told once is not told again.
    assert not any(card["optedOut"] for card in sync.cards())
    sync.set(vanished_percent="10")
    assert sync.full().green


# -- 4. addresses


def test_a_new_address_follows_from_either_side(sync: Sync) -> None:
    here, there = sync.lead(Email="a@example.com"), sync.lead(Email="b@example.com")
    assert sync.full().green
    cards = sync.bindings()
    sync.edit("Lead", here, Email="a2@example.com")
    sync.edit_card(cards[there], email="b2@example.com")
    assert sync.incremental().green
    assert sync.card(cards[here])["email"] == "a2@example.com"
    assert sync.read("Lead", there)["Email"] == "b2@example.com"
    assert sync.bindings() == cards
    settled(sync)


@pytest.mark.parametrize("side", ["salesforce", "salesmanago"])
def test_an_address_that_belongs_to_somebody_else_is_not_written(sync: Sync, side: str) -> None:
    mine = sync.lead(Email="a@example.com")
    assert sync.full().green
    card = sync.bindings()[mine]
    if side == "salesforce":
        other = sync.contact("taken@example.com", state="OTHER")
        sync.edit("Lead", mine, Email="taken@example.com")
    else:
        other = sync.lead(Email="taken@example.com", Status="Unqualified")
        sync.map("lead", criteria={"salesforce": {"field": "Status", "op": "ne", "value": "Unqualified"}})
        sync.edit_card(card, email="taken@example.com")
    before = (sync.read("Lead", mine), sync.card(card))
    sync.incremental()
    assert sync.issues() == {"EMAIL_TAKEN": 1}
    [row] = sync.rows("SELECT salesforce_id, salesmanago_id, text FROM issues WHERE reason = 'EMAIL_TAKEN'")
    assert row == {"salesforce_id": mine, "salesmanago_id": card, "text": f"held by {other}"}
    assert (sync.read("Lead", mine), sync.card(card)) == before


# -- 5. duplicates


@pytest.mark.parametrize("key", ["duplicateResult", "duplicateResut"])
def test_a_newcomer_whom_a_duplicate_rule_recognises_is_bound_to_the_one_match(sync: Sync, key: str) -> None:
    sync.control.post("/salesforce/settings", {"duplicate_rules": {"Lead": "block"}, "duplicate_key": key})
    card = sync.contact(EMAIL, name="Ewa Nowa", phone="+48221110001", state="PROSPECT")
    made: list[str] = []
    # Somebody makes the Lead between the reading and the writing.
    done = sync.full(before={"write": lambda: made.append(sync.lead(Email=EMAIL, Fax="+48221234567"))})
    assert done.green, done.log[-3000:]
    assert [lead["Id"] for lead in sync.records("Lead")] == made
    assert sync.bindings() == {made[0]: card}
    assert sync.read("Lead", made[0])["Phone"] == "+48221110001"
    assert sync.incremental().green
    assert sync.card(card)["fax"] == "+48221234567"
    settled(sync)


def test_a_newcomer_with_several_matches_becomes_an_issue_with_the_candidates(sync: Sync) -> None:
    sync.control.post("/salesforce/settings", {"duplicate_rules": {"Lead": "block"}})
    sync.contact(EMAIL, name="Ewa Nowa", state="PROSPECT")
    made: list[str] = []
    twice = lambda: made.extend(sync.lead(Email=EMAIL) for _ in range(2))  # noqa: E731 - one line says it
    sync.full(before={"write": twice})
    sync.incremental()
    assert sync.issues() == {"AMBIGUOUS_MATCH": 1}
    [row] = sync.rows("SELECT text FROM issues WHERE state = 'open'")
    assert all(identifier in row["text"] for identifier in made)
    assert len(sync.records("Lead")) == 2
    assert sync.bindings() == {}


# -- 6. person accounts


def test_a_person_account_is_written_through_account_and_never_twice(sync: Sync) -> None:
    account = sync.record("Account", LastName="Nowak", FirstName="Ewa", PersonEmail=EMAIL, IsPersonAccount=True)
    assert sync.full().green
    card = sync.card_of(EMAIL)
    assert sync.bindings() == {account: card["id"]}
    sync.edit_card(card["id"], name="Ewa Kowalska", phone="+48221110001")
    assert sync.incremental().green
    record = sync.read("Account", account)
    assert (record["FirstName"], record["LastName"], record["Phone"]) == ("Ewa", "Kowalska", "+48221110001")
    assert len(sync.cards()) == 1
    settled(sync)


# -- 7. consent


def test_evidence_says_who_was_seen_to_opt_out_where_and_when_the_other_side_was_told(sync: Sync) -> None:
    here, there = sync.lead(Email="a@example.com"), sync.lead(Email="b@example.com")
    assert sync.full().green
    cards = sync.bindings()
    sync.edit("Lead", here, HasOptedOutOfEmail=True)
    sync.edit_card(cards[there], optedOutPhone=True)
    assert sync.incremental().green
    found = sync.rows(
        "SELECT salesforce_id, salesmanago_id, channel, side, seen_at <= sent_at AS seen, acknowledged_at, binding_id "
        "FROM consent_evidence ORDER BY channel"
    )
    assert [(row["salesforce_id"], row["salesmanago_id"], row["channel"], row["side"]) for row in found] == [
        (here, cards[here], "email", "salesforce"),
        (there, cards[there], "phone", "salesmanago"),
    ]
    assert all(row["seen"] and row["acknowledged_at"] and row["binding_id"] for row in found)


def test_an_opt_out_that_marks_nothing_as_changed_is_found_by_the_sweep(sync: Sync) -> None:
    sync.control.post("/salesmanago/settings", {"optout_moves_clock": False})
    leads = [sync.lead(Email=f"p{number}@example.com") for number in range(3)]
    assert sync.full().green
    sync.later(3600)
    assert sync.incremental().green, "so that nobody is read just because he is new"
    sync.edit_card(sync.bindings()[leads[1]], optedOut=True)
    sync.set(consent_sweep_per_run="0")
    assert sync.incremental().green
    assert not any(lead["HasOptedOutOfEmail"] for lead in sync.records("Lead")), "no feed tells"
    sync.set(consent_sweep_per_run="1")
    sync.rows("UPDATE bindings SET checked_at = '2026-01-01 00:00:00', created_at = '2026-01-01 00:00:00'")
    for _ in leads:
        assert sync.incremental().green
    assert [sync.read("Lead", lead)["HasOptedOutOfEmail"] for lead in leads] == [False, True, False]


@pytest.mark.parametrize("accepted", [False, True])
def test_nobody_is_created_while_the_opt_outs_cannot_be_seen_unless_the_mapping_accepts_it(
    sync: Sync, accepted: bool
) -> None:
    sync.control.post("/salesforce/settings", {"hidden_fields": {"Lead": ["HasOptedOutOfEmail"]}})
    sync.map("lead", **({"accept_hidden_opt_out": True} if accepted else {}))
    sync.lead(Email=EMAIL)
    done = sync.full()
    done.says("field-level security hides Lead.HasOptedOutOfEmail")
    assert len(sync.cards()) == accepted
    if not accepted:
        assert sync.totals()[0]["skipped"] == {"CONSENT_HIDDEN": 1}


# -- 8. salvage


def test_a_field_that_salesforce_refuses_waits_alone_and_the_others_go(sync: Sync) -> None:
    lead = sync.lead(Email=EMAIL)
    assert sync.full().green
    card = sync.bindings()[lead]
    refusal = {"statusCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "no faxes", "fields": ["Fax"]}
    answer = [{"success": False, "errors": [refusal]}]
    sync.fault("salesforce", "status", "composite/sobjects", method="PATCH", status=200, body=answer)
    sync.edit_card(card, phone="+48221110001", fax="+48221110002")
    sync.incremental()
    record = sync.read("Lead", lead)
    assert (record["Phone"], record["Fax"]) == ("+48221110001", None)
    [issue] = sync.rows("SELECT field, reason FROM issues WHERE state = 'open'")
    assert issue == {"field": "fax", "reason": "REFUSED_BY_SALESFORCE"}
    assert sync.incremental().green
    assert sync.read("Lead", lead)["Fax"] == "+48221110002", "tried again by itself"
    assert sync.issues() == {}


def test_what_salesforce_would_refuse_is_held_back_before_it_is_sent(sync: Sync) -> None:
    sync.control.post("/salesforce/settings", {"state_country_picklists": True})
    sync.map("contact")
    contact = sync.crm_contact(Email=EMAIL)
    assert sync.full().green
    card = sync.bindings()[contact]
    sync.edit_card(card, phone="+48221110001", address={"city": "C" * 41, "country": "Atlantis"}, birthday="19801301")
    sync.forget_calls()
    sync.incremental()
    assert sync.issues() == {"VALUE_TOO_LONG": 1, "VALUE_NOT_ALLOWED": 1, "VALUE_INVALID": 1}
    assert sync.read("Contact", contact)["Phone"] == "+48221110001"
    texts = {row["field"]: row["text"] for row in sync.rows("SELECT field, text FROM issues")}
    assert texts["address.city"] == "MailingCity takes 40 characters"
    assert texts["address.country"].startswith("MailingCountry accepts: ")
    assert texts["birthday"] == "Birthdate takes a day as yyyy-MM-dd of the years 1700 to 3999"
    sync.edit_card(card, address={"city": "Kraków", "country": "Poland"}, birthday="19801231")
    assert sync.incremental().green
    assert sync.issues() == {}
