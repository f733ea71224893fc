"""Addresses that change hands within one window: chains, rings, newcomers, and holders who stay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.direct import Direct
from tests.integration.test_consent_of_addresses import remap


def lead(direct: Direct, name: str, **fields: Any) -> str:
    return direct.record("Lead", LastName=name, Company="Acme", Email=address(name), **fields)


def address(name: str) -> str:
    return f"{name}@example.com"


def people(direct: Direct, *names: str) -> dict[str, tuple[str, str]]:
    """Make bound people, and let some time pass."""
    records = {name: lead(direct, name) for name in names}
    direct.sync("full")
    bound = direct.ledger.bindings.read().set_index("salesforce_id")["salesmanago_id"]
    direct.later(60)
    return {name: (record, str(bound[record])) for name, record in records.items()}


def edit(direct: Direct, record: str, **fields: Any) -> None:
    direct.control.patch(f"/salesforce/Lead/{record}", fields)


def addresses(direct: Direct) -> dict[str, str]:
    return {key: card["email"] for key, card in direct.cards().items()}


def texts(direct: Direct) -> list[str]:
    issues = direct.ledger.issues.read_open()
    assert set(issues["reason"]) <= {"EMAIL_TAKEN"}
    return list(issues["text"])


def test_a_chain_of_addresses_moves_in_one_run(direct: Direct) -> None:
    known = people(direct, "anna", "bea", "cyd")
    for name, new in (("anna", "bea"), ("bea", "cyd"), ("cyd", "dora")):
        edit(direct, known[name][0], Email=address(new), Phone="+48601657778")
    direct.sync("incremental")
    assert addresses(direct) == {
        known["anna"][1]: address("bea"),
        known["bea"][1]: address("cyd"),
        known["cyd"][1]: address("dora"),
    }
    assert {card["phone"] for card in direct.cards().values()} == {"+48601657778"}
    assert texts(direct) == []
    assert direct.sync("incremental") == []


def test_who_comes_after_somebody_who_could_not_move_waits_for_the_next_run(direct: Direct) -> None:
    known = people(direct, "anna", "bea")
    edit(direct, known["anna"][0], Email=address("bea"))
    edit(direct, known["bea"][0], Email=address("cyd"))
    newcomer = lead(direct, "anna")
    refusal = {"success": False, "message": ["closed"]}
    direct.control.post(
        "/faults",
        {"system": "salesmanago", "kind": "status", "path": "upsert", "status": 200, "body": refusal, "times": 2},
    )
    direct.sync("incremental")
    direct.control.delete("/faults")
    assert addresses(direct) == {known["anna"][1]: address("anna"), known["bea"][1]: address("bea")}
    assert direct.cards()[known["anna"][1]]["name"] == "anna", "nobody was written over"
    direct.sync("incremental")
    assert sorted(addresses(direct).values()) == [address("anna"), address("bea"), address("cyd")]
    assert len(direct.ledger.bindings.read(salesforce_ids=[newcomer])) == 1
    assert direct.sync("incremental") == []


def test_two_who_swap_wait_with_advice_and_everything_else_goes(direct: Direct) -> None:
    known = people(direct, "anna", "bea")
    edit(direct, known["anna"][0], Email=address("bea"), Phone="+48601657778")
    edit(direct, known["bea"][0], Email=address("anna"), Fax="+48601657779")
    direct.sync("incremental")
    assert addresses(direct) == {known["anna"][1]: address("anna"), known["bea"][1]: address("bea")}
    assert direct.cards()[known["anna"][1]]["phone"] == "+48601657778"
    assert direct.cards()[known["bea"][1]]["fax"] == "+48601657779"
    assert len(texts(direct)) == 2
    for text in texts(direct):
        assert known["anna"][1] in text
        assert known["bea"][1] in text
        assert "give one of them a free address" in text
    assert direct.sync("incremental") == []

    # The advice, followed.
    direct.later(60)
    edit(direct, known["anna"][0], Email=address("for.a.moment"))
    direct.sync("incremental")
    direct.later(60)
    edit(direct, known["anna"][0], Email=address("bea"))
    direct.sync("incremental")
    assert addresses(direct) == {known["anna"][1]: address("bea"), known["bea"][1]: address("anna")}
    assert texts(direct) == []
    assert direct.sync("incremental") == []


def test_a_ring_of_which_one_is_not_synchronised_is_a_chain_behind_a_holder_who_stays(
    direct: Direct, tmp_path: Path
) -> None:
    remap(direct, tmp_path / "mappings", contact={"enabled": False})
    known = people(direct, "anna", "bea")
    stranger = direct.record("Contact", LastName="Cyd", Email=address("cyd"))
    card = direct.contact(address("cyd"), state="OTHER")
    for name, new in (("anna", "bea"), ("bea", "cyd")):
        edit(direct, known[name][0], Email=address(new), Phone="+48601657778")
    direct.control.patch(f"/salesforce/Contact/{stranger}", {"Email": address("anna")})
    direct.sync("incremental")
    assert {one["phone"] for key, one in direct.cards().items() if key != card} == {"+48601657778"}
    assert sorted(text.partition(",")[0] for text in texts(direct)) == sorted(
        f"held by {holder}" for holder in (known["bea"][1], card)
    )
    assert direct.sync("incremental") == []
    direct.control.patch(f"/salesmanago/contacts/{card}", {"email": address("dora")})
    direct.sync("incremental")
    assert addresses(direct) == {
        known["anna"][1]: address("bea"),
        known["bea"][1]: address("cyd"),
        card: address("dora"),
    }
    assert texts(direct) == []
    assert direct.sync("incremental") == []


def test_of_two_who_swap_an_opt_out_of_one_counts_for_the_address_that_the_other_still_has(direct: Direct) -> None:
    known = people(direct, "anna", "bea")
    edit(direct, known["anna"][0], Email=address("bea"), HasOptedOutOfEmail=True)
    edit(direct, known["bea"][0], Email=address("anna"))
    direct.sync("incremental")
    assert {card["optedOut"] for card in direct.cards().values()} == {True}
    assert len(texts(direct)) == 2
    assert direct.sync("incremental") == []


@pytest.mark.parametrize("side", ["salesforce", "salesmanago"])
def test_of_two_who_swap_one_waits_for_what_is_left_of_the_other_who_was_deleted(direct: Direct, side: str) -> None:
    known = people(direct, "anna", "bea")
    edit(direct, known["anna"][0], Email=address("bea"), Phone="+48601657778")
    edit(direct, known["bea"][0], Email=address("anna"))
    if side == "salesforce":
        direct.control.delete(f"/salesforce/Lead/{known['bea'][0]}")
    else:
        direct.control.patch(f"/salesmanago/contacts/{known['bea'][1]}", {"deleted": True})
    direct.sync("incremental")
    [text] = texts(direct)
    assert text.startswith(f"held by {known['bea'][1]}")
    assert ("which is deleted" in text) is (side == "salesmanago")
    assert direct.cards()[known["anna"][1]]["phone"] == "+48601657778"
    assert addresses(direct)[known["anna"][1]] == address("anna")
    assert direct.sync("incremental") == []


def test_an_opt_out_stays_with_the_person_whose_address_moves(direct: Direct) -> None:
    known = people(direct, "anna", "bea")
    edit(direct, known["anna"][0], Email=address("cyd"), HasOptedOutOfEmail=True)
    edit(direct, known["bea"][0], Email=address("anna"))
    direct.sync("incremental")
    cards = direct.cards()
    assert (cards[known["anna"][1]]["optedOut"], cards[known["bea"][1]]["optedOut"]) == (True, False)
    assert direct.records("Lead")[known["bea"][0]]["HasOptedOutOfEmail"] is False


@pytest.mark.parametrize("side", ["salesforce", "salesmanago"])
def test_a_newcomer_at_an_address_that_is_given_up_is_created_in_the_same_run(direct: Direct, side: str) -> None:
    known = people(direct, "anna")
    record, card = known["anna"]
    edit(direct, record, Email=address("bea"))
    if side == "salesforce":
        lead(direct, "anna", City="Łódź")
    else:
        direct.control.patch(f"/salesmanago/contacts/{card}", {"email": address("cyd")})
        direct.later(1)
        edit(direct, record, Email=address("bea"), City="Łódź")
        lead(direct, "anna", City="Łódź")
    direct.sync("incremental")
    found = addresses(direct)
    assert found.pop(card) == address("bea")
    assert list(found.values()) == [address("anna")]
    assert {one["address"]["city"] for one in direct.cards().values()} >= {"Łódź"}
    assert len(direct.ledger.bindings.read()) == 2
    assert texts(direct) == []
    assert direct.sync("incremental") == []


def test_a_contact_at_an_address_that_a_record_gives_up_becomes_a_record_in_the_same_run(direct: Direct) -> None:
    known = people(direct, "anna")
    record, card = known["anna"]
    direct.control.patch(f"/salesmanago/contacts/{card}", {"email": address("bea")})
    made = direct.contact(address("anna"), name="Another", state="PROSPECT")
    direct.sync("incremental")
    bound = direct.ledger.bindings.read().set_index("salesmanago_id")["salesforce_id"]
    assert direct.records("Lead")[record]["Email"] == address("bea")
    assert bound[card] == record
    assert direct.records("Lead")[bound[made]]["Email"] == address("anna")
    assert direct.sync("incremental") == []


def test_a_newcomer_at_an_address_that_somebody_comes_to_have_is_not_created(direct: Direct) -> None:
    known = people(direct, "anna")
    edit(direct, known["anna"][0], Email=address("bea"))
    lead(direct, "bea")
    direct.sync("incremental")
    assert addresses(direct) == {known["anna"][1]: address("bea")}
    assert len(direct.ledger.bindings.read()) == 1


@pytest.mark.parametrize("deleted", [False, True])
def test_the_holder_of_a_taken_address_is_named_also_a_deleted_one(direct: Direct, deleted: bool) -> None:
    known = people(direct, "anna")
    holder = direct.contact(address("bea"), state="OTHER", deleted=deleted)
    edit(direct, known["anna"][0], Email=address("bea"), Phone="+48601657778")
    direct.sync("incremental")
    [text] = texts(direct)
    assert text.startswith(f"held by {holder}")
    assert ("which is deleted" in text) is deleted
    card = direct.cards()[known["anna"][1]]
    assert (card["email"], card["phone"]) == (address("anna"), "+48601657778"), "everything else goes"
    assert direct.sync("incremental") == []
