"""Plans of a small world: what is decided for whom, in what form, and what is not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from salesmanago_sync.domain.mapping_files.mapping import Mapping
from salesmanago_sync.domain.org.describe import FieldSchema
from salesmanago_sync.domain.plan.plan import Plan
from salesmanago_sync.domain.staged_frames import FOUND_ISSUES, PLANNED_CHANGES
from tests.unit.domain.world import World, lead, schema


def changes(plan: Plan, field: str) -> list[tuple[str, str, object, object]]:
    """Give the changes of one field: where, what kind, old, new."""
    rows = plan.changes[plan.changes["field"].eq(field)]
    shown = rows[["direction", "action", "old", "new"]].astype("object").where(rows.notna(), None)
    return list(shown.itertuples(index=False, name=None))


def reasons(plan: Plan) -> list[tuple[str, str]]:
    return list(plan.issues[["reason", "field"]].itertuples(index=False, name=None))


def statuses(plan: Plan) -> list[tuple[str, object]]:
    shown = plan.people[["status", "reason"]].astype("object").where(plan.people[["status", "reason"]].notna(), None)
    return list(shown.itertuples(index=False, name=None))


def with_fields(*lines: dict[str, Any], **more: Any) -> Mapping:
    fixed = [
        {"salesforce": ["FirstName", "LastName"], "salesmanago": "name", "convert": "full_name"},
        {"salesforce": "Email", "salesmanago": "email"},
    ]
    return lead(fields=[*fixed, *lines], details=[], **more)


CITY = {"salesforce": "City", "salesmanago": "address.city"}
CONSENT = {"salesforce": "HasOptedOutOfEmail", "salesmanago": "optedOut", "convert": "consent"}


def pair(world: World, salesforce: dict[str, Any] | None = None, **salesmanago: Any) -> tuple[str, str]:
    """Make one person on both sides."""
    identifier = world.salesforce.insert(LastName="Nowak", Email="a@example.com", **(salesforce or {}))
    return identifier, world.salesmanago.insert("a@example.com", name="Nowak", **salesmanago)


def test_an_empty_world_gives_an_empty_plan_of_the_right_columns() -> None:
    plan = World(lead()).plan()
    assert plan.people.empty
    PLANNED_CHANGES.check(plan.changes)
    FOUND_ISSUES.check(plan.issues)
    assert plan.agreement.empty


def test_a_run_of_one_direction_plans_only_that() -> None:
    world = World(with_fields(CITY))
    pair(world, {"City": "Kraków"})
    world.salesforce.insert(LastName="B", Email="b@example.com")
    world.salesmanago.insert("c@example.com", name="C")
    both = world.plan().changes["direction"]
    for direction in ("to_salesmanago", "to_salesforce"):
        planned = world.plan(direction).changes["direction"]
        assert set(planned) == {direction}
        assert len(planned) == int(both.eq(direction).sum())


def test_objects_outside_the_run_help_to_recognise_people_and_are_not_written() -> None:
    contact = with_fields(CITY).model_copy(update={"object": "Contact"})
    world = World(with_fields(CITY), contact)
    for sobject, city in (("Lead", "Kraków"), ("Contact", "Gdańsk")):
        world.salesforce.insert(sobject, LastName="Nowak", Email="a@example.com", City=city)
    world.salesmanago.insert("a@example.com", name="Nowak")
    restricted = world.plan(objects=["Lead"])
    assert restricted.changes.empty
    assert statuses(restricted) == [("skip", "SHADOWED")]
    assert changes(world.plan(), "address.city") == [("to_salesmanago", "update", None, "Gdańsk")]


@pytest.mark.parametrize(
    ("leads", "contacts", "state", "wanted"),
    [
        (True, True, "PROSPECT", "Contact"),
        (True, False, "PROSPECT", "Lead"),
        (False, False, "PROSPECT", None),
        (
            {"field": "state", "op": "eq", "value": "PROSPECT"},
            {"field": "state", "op": "eq", "value": "CUSTOMER"},
            "PROSPECT",
            "Lead",
        ),
        (
            {"field": "state", "op": "eq", "value": "PROSPECT"},
            {"field": "state", "op": "eq", "value": "CUSTOMER"},
            "CUSTOMER",
            "Contact",
        ),
        (
            {"field": "state", "op": "eq", "value": "PROSPECT"},
            {"field": "state", "op": "eq", "value": "CUSTOMER"},
            "OTHER",
            None,
        ),
    ],
)
def test_a_newcomer_becomes_a_record_of_the_first_object_that_wants_it(
    leads: Any, contacts: Any, state: str, wanted: str | None
) -> None:
    of_leads = with_fields(create={"in_salesforce": leads})
    of_contacts = with_fields(create={"in_salesforce": contacts}).model_copy(update={"object": "Contact"})
    world = World(of_leads, of_contacts)
    world.salesmanago.insert("a@example.com", name="Nowak", state=state)
    person = world.plan().people.iloc[0]
    assert person["status"] == ("skip" if wanted is None else "create_in_salesforce")
    assert (None if pd.isna(person["object"]) else person["object"]) == wanted


def test_the_plan_knows_by_which_address_salesmanago_knows_everybody() -> None:
    world = World(with_fields())
    sid, mid = pair(world)
    world.salesmanago.edit(mid, email="A@EXAMPLE.com", externalId=sid)
    world.salesforce.edit(sid, Email="new@example.com")
    newcomer = world.salesforce.insert(LastName="A", Email=" B@Example.com")
    emails = world.plan().people.set_index("salesforce_id")["email"]
    assert emails.to_dict() == {sid: "A@EXAMPLE.com", newcomer: "b@example.com"}


def test_what_a_person_did_last_counts_and_our_own_write_does_not() -> None:
    world = World(with_fields(CITY, conflict="newest"))
    _, mid = pair(world, {"City": "old"})
    world.sync()
    world.salesmanago.edit(mid, name="Kowalska")
    edited = pd.Timestamp(world.clock())
    world.clock.step()
    world.sync()  # writes the name to Salesforce, which moves its clock
    people = world.plan().people.iloc[0]
    assert people["salesmanago_clock"] == edited
    assert people["salesforce_clock"] < edited
    assert people["salesforce_seen"] > edited


def test_a_value_too_long_is_held_back_and_the_rest_goes() -> None:
    world = World(with_fields(CITY), schemas={"Lead": schema(City=FieldSchema("City", "string", 5))})
    pair(world, {}, **{"address.city": "Katowice", "optedOut": True})
    plan = world.plan()
    assert reasons(plan) == [("VALUE_TOO_LONG", "address.city")]
    assert changes(plan, "address.city") == []
    assert plan.issues["text"].tolist() == ["City takes 5 characters"]
    assert set(plan.changes["field"]) == {"externalId"}


def test_truncate_cuts_and_the_cut_never_comes_back() -> None:
    line = CITY | {"truncate": True}
    world = World(with_fields(line), schemas={"Lead": schema(City=FieldSchema("City", "string", 5))})
    sid, mid = pair(world, {}, **{"address.city": "Katowice"})
    assert changes(world.sync(), "address.city") == [("to_salesforce", "update", None, "Katow")]
    assert world.salesforce.rows[sid]["City"] == "Katow"
    assert world.plan().changes.empty
    assert world.salesmanago.card(mid)["address"]["city"] == "Katowice"


def test_a_restricted_picklist_takes_its_own_values_only() -> None:
    picklist = FieldSchema("City", "picklist", 40, restricted_picklist=True, picklist=("Kraków", "Gdańsk"))
    for city, expected in (("Berlin", [("VALUE_NOT_ALLOWED", "address.city")]), ("Gdańsk", [])):
        world = World(with_fields(CITY), schemas={"Lead": schema(City=picklist)})
        pair(world, {}, **{"address.city": city})
        plan = world.plan()
        assert reasons(plan) == expected
        assert len(changes(plan, "address.city")) == 1 - len(expected)
        assert plan.issues["text"].tolist() == ["City accepts: Kraków, Gdańsk"] * len(expected)


def test_salesmanago_takes_the_states_of_its_list_only() -> None:
    line = {"salesforce": "Title", "salesmanago": "state", "direction": "to_salesmanago"}
    for title, expected in (("CEO", [("VALUE_NOT_ALLOWED", "state")]), ("PARTNER", [])):
        world = World(with_fields(line))
        pair(world, {"Title": title})
        plan = world.plan()
        assert reasons(plan) == expected
        assert len(changes(plan, "state")) == 1 - len(expected)


def address_taken(world: World) -> tuple[str, str]:
    sid, mid = pair(world)
    world.salesforce.insert(LastName="B", Email="b@example.com")
    world.salesmanago.insert("b@example.com", name="B")
    world.sync()
    return sid, mid


@pytest.mark.parametrize("side", ["salesforce", "salesmanago"])
def test_nobody_is_given_the_address_of_somebody_else(side: str) -> None:
    world = World(with_fields(CITY, CONSENT))
    sid, mid = address_taken(world)
    if side == "salesforce":
        world.salesforce.edit(sid, Email="B@example.com", City="Kraków", HasOptedOutOfEmail=True)
    else:
        world.salesmanago.edit(mid, email="B@example.com", optedOut=True, **{"address.city": "Kraków"})
    plan = world.plan()
    assert reasons(plan) == [("EMAIL_TAKEN", "email")]
    assert plan.issues["text"].item().startswith("held by ")
    # Everything but the address goes, and the opt-out to all who have the address.
    assert set(plan.changes["field"]) == {"optedOut", "address.city"}


@pytest.mark.parametrize("side", ["salesforce", "salesmanago"])
def test_two_people_who_take_one_new_address_are_not_written(side: str) -> None:
    world = World(with_fields())
    address_taken(world)
    for row in world.ledger.bindings.read().itertuples():
        if side == "salesforce":
            world.salesforce.edit(row.salesforce_id, Email="c@example.com")
        else:
            world.salesmanago.edit(row.salesmanago_id, email="c@example.com")
    plan = world.plan()
    assert reasons(plan) == [("EMAIL_TAKEN", "email")] * 2
    assert plan.changes.empty


def test_an_address_follows_a_bound_person() -> None:
    world = World(with_fields())
    sid, mid = pair(world)
    world.sync()
    world.salesforce.edit(sid, Email="new@example.com")
    assert changes(world.sync(), "email") == [("to_salesmanago", "update", "a@example.com", "new@example.com")]
    assert world.salesmanago.card(mid)["email"] == "new@example.com"
    assert world.plan().changes.empty


@pytest.mark.slow
def test_an_automation_that_turns_a_value_a_third_time_is_held() -> None:
    world = World(with_fields(CITY))
    sid, mid = pair(world, {"City": "a"}, **{"address.city": "a"})
    world.sync()
    world.salesmanago.edit(mid, **{"address.city": "b"})
    world.clock.step()
    world.apply(world.plan())  # to Salesforce: 1
    bindings = world.ledger.bindings.read().iloc[0]
    moment = timedelta(seconds=30)
    world.clock.time = bindings["salesforce_written_at"].to_pydatetime() + moment
    world.salesforce.edit(sid, City="a")
    plan = world.plan()
    assert changes(plan, "address.city") == [("to_salesmanago", "update", "b", "a")]
    assert plan.changes["turn"].tolist() == [2]
    world.apply(plan)
    world.clock.time = world.ledger.bindings.read().iloc[0]["salesmanago_written_at"].to_pydatetime() + moment
    world.salesmanago.edit(mid, **{"address.city": "b"})
    held = world.plan()
    assert held.changes.empty
    assert reasons(held) == [("UNSTABLE", "address.city")]
    world.clock.step()
    world.salesmanago.edit(mid, **{"address.city": "c"})  # a person, later
    assert changes(world.plan(), "address.city") == [("to_salesforce", "update", "a", "c")]


def empty(world: World, side: str, sid: str, mid: str) -> None:
    """Let a person empty the city on one side."""
    if side == "salesforce":
        world.salesforce.edit(sid, City=None)
    else:
        world.salesmanago.edit(mid, **{"address.city": None})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("order", "apart"), [("ssmsm", timedelta(days=3)), ("smms", timedelta(minutes=5)), ("mmss", timedelta(hours=1))]
)
def test_a_field_that_people_empty_is_filled_again_each_time(order: str, apart: timedelta) -> None:
    world = World(with_fields(CITY))
    sid, mid = pair(world, {"City": "Gdynia"}, **{"address.city": "Gdynia"})
    world.sync()
    for letter in order:
        world.clock.step(apart)
        empty(world, {"s": "salesforce", "m": "salesmanago"}[letter], sid, mid)
        assert reasons(world.sync()) == []
        assert world.salesforce.rows[sid]["City"] == "Gdynia"
        assert world.salesmanago.card(mid)["address"]["city"] == "Gdynia"
        assert world.plan().changes.empty


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0, 20])
@pytest.mark.parametrize("side", ["salesforce", "salesmanago"])
def test_an_automation_that_empties_a_field_again_and_again_is_held(side: str, seconds: int) -> None:
    world = World(with_fields(CITY))
    sid, mid = pair(world, {"City": "Gdynia"}, **{"address.city": "Gdynia"})
    world.sync()
    world.clock.step()
    empty(world, side, sid, mid)
    found = []
    for _ in range(4):
        plan = world.plan()
        found.append((len(plan.changes), reasons(plan)))
        world.apply(plan)
        written = world.ledger.bindings.read().iloc[0][f"{side}_written_at"].to_pydatetime()
        world.clock.time = written + timedelta(seconds=seconds)
        empty(world, side, sid, mid)
    assert found == [(1, []), (1, []), (0, [("UNSTABLE", "address.city")]), (0, [("UNSTABLE", "address.city")])]
    world.clock.step()
    empty(world, side, sid, mid)
    assert reasons(world.sync()) == [], "a person, later"
    assert world.plan().changes.empty


@pytest.mark.slow
@pytest.mark.parametrize("side", ["salesforce", "salesmanago"])
def test_an_opt_out_is_never_held_as_unstable(side: str) -> None:
    world = World(with_fields(CONSENT))
    sid, mid = pair(world, {"HasOptedOutOfEmail": True}, optedOut=True)
    world.sync()
    for _ in range(4):
        if side == "salesforce":
            world.salesforce.edit(sid, HasOptedOutOfEmail=False)
        else:
            world.salesmanago.edit(mid, optedOut=False)
        plan = world.plan()
        assert changes(plan, "optedOut") == [(f"to_{side}", "update", "false", "true")]
        assert [reason for reason, _ in reasons(plan)] == ["OPT_IN_REVERTED"]
        world.apply(plan)
        written = world.ledger.bindings.read().iloc[0][f"{side}_written_at"]
        world.clock.time = written.to_pydatetime() + timedelta(seconds=9)


@pytest.mark.parametrize(
    ("action", "status"), [("skip", ("skip", "COMPANY_EMPTY")), ("fill", ("create_in_salesforce", None))]
)
def test_a_lead_without_company_is_skipped_or_filled(action: str, status: tuple[str, str | None]) -> None:
    company = {"salesforce": "Company", "salesmanago": "company"}
    world = World(with_fields(company, company_when_empty={"action": action}))
    world.salesmanago.insert("a@example.com", name="Nowak")
    assert statuses(world.sync()) == [status]
    held = [row.get("Company") for row in world.salesforce.of("Lead")]
    assert held == ([] if action == "skip" else ["[not provided]"])
    assert world.plan().changes.empty
    if held:
        assert world.salesmanago.all()[0].get("company") is None
        world.salesmanago.edit("m0001", company="Acme")
        world.clock.step()
        world.sync()
        assert world.salesforce.of("Lead")[0]["Company"] == "Acme"


@pytest.mark.parametrize(
    ("action", "status"), [("skip", ("skip", "LAST_NAME_EMPTY")), ("fill", ("create_in_salesforce", None))]
)
def test_a_record_without_last_name_is_skipped_or_filled(action: str, status: tuple[str, str | None]) -> None:
    world = World(with_fields(last_name_when_empty={"action": action}))
    world.salesmanago.insert("a@example.com")
    assert statuses(world.sync()) == [status]
    assert [row["LastName"] for row in world.salesforce.of("Lead")] == ([] if action == "skip" else ["[not provided]"])
    assert world.plan().changes.empty


def test_a_conflict_on_hold_names_both_values() -> None:
    world = World(with_fields(CITY | {"conflict": "hold"}))
    pair(world, {"City": "Kraków"}, **{"address.city": "Gdańsk"})
    plan = world.plan()
    assert changes(plan, "address.city") == []
    assert reasons(plan) == [("CONFLICT", "address.city")]
    assert plan.issues["values"].tolist() == ['{"salesforce": "Krak\\u00f3w", "salesmanago": "Gda\\u0144sk"}']


def test_who_opts_in_again_on_one_side_stays_opted_out_and_is_reported() -> None:
    world = World(with_fields(CONSENT))
    _, mid = pair(world, {"HasOptedOutOfEmail": True}, optedOut=True)
    world.sync()
    world.salesmanago.edit(mid, optedOut=False)
    plan = world.plan()
    assert changes(plan, "optedOut") == [("to_salesmanago", "update", "false", "true")]
    assert plan.changes["lane"].tolist() == ["consent"]
    assert reasons(plan) == [("OPT_IN_REVERTED", "optedOut")]


def test_a_field_that_the_user_may_not_see_takes_no_part() -> None:
    hidden = schema()
    fields = {name: field for name, field in hidden.fields.items() if name != "City"}
    world = World(with_fields(CITY), schemas={"Lead": type(hidden)("Lead", fields)})
    pair(world, {"City": "Kraków"}, **{"address.city": "Gdańsk"})
    assert set(world.plan().changes["field"]) == {"externalId"}


LEFT = {"criteria": {"salesforce": {"field": "Title", "op": "eq", "value": "CEO"}}}


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["pause", "tag", "opt_out"])
def test_who_leaves_the_criteria_is_paused_and_handled_once(policy: str) -> None:
    world = World(with_fields(CITY, CONSENT, on_leave=policy, **LEFT))
    sid, mid = pair(world, {"Title": "CEO"})
    world.sync()
    world.salesforce.edit(sid, Title="CTO", City="Kraków")
    world.clock.step()
    plan = world.sync()
    assert statuses(plan) == [("skip", "PAUSED")]
    assert changes(plan, "address.city") == []
    assert world.ledger.bindings.read()["status"].tolist() == ["paused"]
    assert world.salesmanago.tags(mid) == ({"LEFT_CRM_CRITERIA"} if policy == "tag" else set())
    out = policy == "opt_out"
    assert world.salesmanago.card(mid)["optedOut"] is out
    assert world.salesforce.rows[sid]["HasOptedOutOfEmail"] is out
    again = world.plan()
    assert again.changes.empty
    assert again.issues.empty
    world.salesforce.edit(sid, Title="CEO")
    assert changes(world.plan(), "address.city") == [("to_salesmanago", "update", None, "Kraków")]


def test_somebody_who_leaves_and_opts_out_at_once_is_opted_out_once() -> None:
    world = World(with_fields(CITY, CONSENT, on_leave="opt_out", **LEFT))
    sid, mid = pair(world, {"Title": "CEO"})
    world.sync()
    world.salesforce.edit(sid, Title="CTO", HasOptedOutOfEmail=True)
    assert changes(world.sync(), "optedOut") == [("to_salesmanago", "update", "false", "true")]
    assert world.salesmanago.card(mid)["optedOut"] is True


def test_an_opt_out_of_somebody_paused_still_travels() -> None:
    world = World(with_fields(CITY, CONSENT, **LEFT))
    sid, mid = pair(world, {"Title": "CEO"})
    world.sync()
    world.salesforce.edit(sid, Title="CTO")
    world.clock.step()
    world.sync()
    world.salesmanago.edit(mid, optedOut=True, **{"address.city": "Gdańsk"})
    plan = world.plan()
    assert changes(plan, "optedOut") == [("to_salesforce", "update", "false", "true")]
    assert changes(plan, "address.city") == []


def test_a_pair_is_linked_once_so_that_a_lost_ledger_can_be_rebuilt() -> None:
    world = World(with_fields())
    sid, mid = pair(world)
    assert changes(world.sync(), "externalId") == [("to_salesmanago", "update", None, sid)]
    assert world.salesmanago.card(mid)["externalId"] == sid
    world.salesmanago.edit(mid, externalId="other")
    assert changes(world.plan(), "externalId") == []
    world.salesmanago.edit(mid, externalId="  ")
    assert changes(world.plan(), "externalId") == [("to_salesmanago", "update", None, sid)], "blanks are nobody's id"


def test_what_salesmanago_does_not_clear_is_reported_and_left_alone() -> None:
    world = World(with_fields(CITY | {"blank": "propagate"}), salesmanago_clears=False)
    sid, _ = pair(world, {"City": "Kraków"})
    world.sync()
    world.salesforce.edit(sid, City=None)
    world.clock.step()
    assert changes(world.sync(), "address.city") == [("to_salesmanago", "update", "Kraków", None)]
    assert world.ledger.issues.read_open()["reason"].tolist() == ["NOT_CLEARED"]
    assert world.plan().changes.empty
    assert world.salesforce.rows[sid]["City"] is None


@pytest.mark.parametrize("typed", ["NaN", "1e400", "1_000", "１０", "1,5", "Infinity"])
def test_what_is_no_number_waits_alone(typed: str) -> None:
    line = {"salesforce": "Score__c", "salesmanago": "properties.score", "convert": "number"}
    world = World(with_fields(CITY, line), schemas={"Lead": schema(Score__c=FieldSchema("Score__c", "double"))})
    record, contact = pair(world)
    world.sync()
    world.salesmanago.edit(contact, **{"properties.score": typed, "address.city": "Gdynia"})
    plan = world.sync()
    assert reasons(plan) == [("VALUE_INVALID", "properties.score")]
    assert world.salesforce.rows[record]["City"] == "Gdynia"
    assert world.salesforce.rows[record].get("Score__c") is None
