"""What a policy owes a person is written once, survives a refused write, and is forgotten when it is seen."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from salesmanago_sync.domain.merge.merge import TO_SALESFORCE, TO_SALESMANAGO
from salesmanago_sync.domain.merge.owed import INHERITED, add_owed
from salesmanago_sync.domain.people.succession import succeed
from salesmanago_sync.domain.staged_frames import MATCHED_PEOPLE
from tests.unit.domain.people.test_succession import CASES, bindings, identities
from tests.unit.domain.world import World, lead

EMAIL = "a@example.com"


def synced(**mapping: object) -> tuple[World, str, str]:
    world = World(lead(**mapping))
    record = world.salesforce.insert(Email=EMAIL, LastName="Nowak")
    world.sync()
    world.sync()
    return world, record, str(world.salesmanago.find(EMAIL))


def planned(world: World) -> list[tuple[str, str, str, str]]:
    changes = world.plan().changes
    return list(changes[["direction", "field", "new", "rule"]].itertuples(index=False, name=None))


def owed(world: World) -> list[str]:
    return [key for text in world.ledger.bindings.read()["owed"] for key in json.loads(text)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("policy", "writes"),
    [
        ("nothing", []),
        ("tag", [(TO_SALESMANAGO, "tags:DELETED_IN_CRM", "true", "deleted in Salesforce")]),
        ("opt_out", [(TO_SALESMANAGO, key, "true", "deleted in Salesforce") for key in ("optedOut", "optedOutPhone")]),
        ("delete", [(TO_SALESMANAGO, "delete", "true", "deleted in Salesforce")]),
    ],
)
def test_a_deleted_record_is_answered_as_the_mapping_says(policy: str, writes: list[tuple[str, ...]]) -> None:
    world, record, _ = synced(on_delete={"in_salesmanago": policy})
    world.salesforce.edit(record, IsDeleted=True)
    assert sorted(planned(world)) == sorted(writes)


def test_a_deleted_contact_opts_the_record_out_where_the_mapping_says_so() -> None:
    world, _, card = synced(on_delete={"in_salesforce": "opt_out"})
    world.salesmanago.edit(card, deleted=True)
    assert planned(world) == [(TO_SALESFORCE, "optedOut", "true", "deleted in SALESmanago")]


@pytest.mark.slow
def test_a_refused_opt_out_stays_owed_until_it_is_seen() -> None:
    world, record, card = synced()
    world.salesforce.edit(record, IsDeleted=True)
    world.apply_nothing(world.plan())
    assert "optedOut" in owed(world), "remembered before it is written"
    assert (TO_SALESMANAGO, "optedOut", "true", "deleted in Salesforce") in planned(world), "and written by a later run"
    world.sync()
    assert world.salesmanago.card(card)["optedOut"] is True
    assert planned(world) == []


@pytest.mark.slow
def test_an_opt_out_that_a_policy_made_meets_a_restored_record() -> None:
    world, record, _ = synced()
    world.salesforce.edit(record, IsDeleted=True)
    world.sync()
    world.salesforce.edit(record, IsDeleted=False)
    world.sync()
    assert world.salesforce.rows[record]["HasOptedOutOfEmail"] is True
    world.sync()
    assert planned(world) == []
    assert owed(world) == []


@pytest.mark.slow
def test_an_opt_out_that_a_policy_made_is_that_of_the_address() -> None:
    world, record, _ = synced()
    world.salesforce.edit(record, IsDeleted=True)
    world.sync()
    world.salesmanago.insert("second@example.com")
    world.sync()
    [second] = [row["Id"] for row in world.salesforce.of("Lead") if row["Id"] != record]
    world.salesforce.edit(second, Email=EMAIL)
    world.sync()
    assert world.salesforce.rows[second]["HasOptedOutOfEmail"] is True


def test_what_both_sides_are_owed_is_written_to_both_though_it_was_written_before() -> None:
    world, *_ = synced()
    bounces, due = {"optedOut": [TO_SALESMANAGO, 1]}, {"optedOut": "opted out before"}
    known = world.ledger.bindings.read()[["id"]]
    world.ledger.bindings.update(known.assign(bounces=json.dumps(bounces), owed=json.dumps(due)), world.clock())
    both = [(way, "optedOut", "true", "opted out before") for way in (TO_SALESFORCE, TO_SALESMANAGO)]
    assert sorted(planned(world)) == both


@pytest.mark.slow
def test_a_removal_is_not_carried_out_on_somebody_restored_meanwhile() -> None:
    world, record, card = synced(on_delete={"in_salesmanago": "delete"})
    world.salesforce.edit(record, IsDeleted=True)
    world.apply_nothing(world.plan())
    world.salesforce.edit(record, IsDeleted=False)
    assert planned(world) == []
    world.sync()
    assert owed(world) == []
    assert not world.salesmanago.card(card)["deleted"]


@pytest.mark.parametrize("out", ["m", "w"])
@pytest.mark.parametrize(("base", "owing"), [(("false", "true"), False), (("false", "false"), True), (None, True)])
def test_merged_people_owe_each_other_an_opt_out_that_somebody_made(
    out: str, base: tuple[str, str] | None, owing: bool
) -> None:
    case = CASES["the loser is lost where the winner is bound"]
    known = bindings(case.bindings)
    known["base"] = json.dumps({} if base is None else {"optedOut": base})
    contacts = pd.DataFrame({"contactId": ["m", "w"], "optedOut": [str(one == out).lower() for one in ("m", "w")]})
    moved = succeed(identities(case), known, case.named)
    nobody = MATCHED_PEOPLE.empty()
    due = add_owed(moved, nobody, [], contacts.assign(optedOutPhone="false").astype("str"))
    owed = dict(zip(due["salesforce_id"], map(json.loads, due["owed"]), strict=True))
    assert owed["L"] == ({"optedOut": INHERITED} if owing else {})
    assert owed["W"] == ({"optedOut": INHERITED} if owing and out == "m" else {})
