"""What an explanation says of people in every position."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from salesmanago_sync.domain.explain.explanation import Explanation, Story, as_json
from salesmanago_sync.domain.explain.person_key import PersonKey
from salesmanago_sync.domain.explain.person_story import Meant, Remembered, explain
from salesmanago_sync.domain.explain.wording import as_text
from salesmanago_sync.domain.mapping_files.mapping import Mapping
from salesmanago_sync.domain.org.describe import FieldSchema
from salesmanago_sync.domain.people.identities import ObjectInput
from salesmanago_sync.domain.plan.plan import PlanInput, plan
from tests.unit.domain.world import World, lead, schema

ADDRESS = "anna@example.com"
FIELDS = [
    {"salesforce": "LastName", "salesmanago": "name"},
    {"salesforce": "Email", "salesmanago": "email"},
    {"salesforce": "City", "salesmanago": "address.city"},
    {"salesforce": "Description", "salesmanago": "properties.note", "conflict": "hold"},
    {"salesforce": "HasOptedOutOfEmail", "salesmanago": "optedOut", "convert": "consent"},
]


def mapped(name: str = "Lead", **more: Any) -> Mapping:
    given: dict[str, Any] = {"object": name, "create": {"in_salesforce": name == "Lead"}, "fields": FIELDS}
    given |= {"company_when_empty": {"action": "fill"}} if name == "Lead" else {}
    return Mapping.model_validate(given | more)


def two_objects(**more: Any) -> World:
    return World(mapped(**more), mapped("Contact"), schemas={"Contact": schema("Contact")})


def explained(world: World, since: datetime | None = None, **meant: str) -> Explanation:
    """Explain who is named by `salesforce` or `salesmanago`, or everybody there is."""
    items = [ObjectInput(source.mapping, source.schema, world.records(name)) for name, source in world.sources.items()]
    bindings = world.ledger.bindings.read()
    inputs = PlanInput(
        items, frozenset(world.sources), world.contacts(), bindings, "both", world.clock(), seen=world.seen()
    )
    named = [{meant[side]} if side in meant else set() for side in ("salesforce", "salesmanago")]
    everybody = (
        {row["Id"] for item in items for row in item.records.to_dict("records")},
        set(bindings["salesmanago_id"]),
    )
    whom = Meant(*(frozenset(ids) for ids in (named if meant else everybody)))
    ids = (whom.salesforce_ids, whom.salesmanago_ids)
    remembered = Remembered(
        world.ledger.bindings.read(*ids),
        world.ledger.events.read(binding_ids=bindings["id"]),
        world.ledger.history.changes_of(*ids),
        world.ledger.history.issues_of(*ids),
        world.ledger.consent.read(*ids),
    )
    clocks = None if since is None else {"salesforce": since, "salesmanago": since}
    return explain(PersonKey("email", ADDRESS), whom, inputs, plan(inputs), remembered, clocks)


def only(explanation: Explanation) -> Story:
    [story] = explanation.stories
    return story


def field(story: Story, key: str) -> tuple[str | None, str | None, bool, str, str, str | None]:
    [one] = [one for one in story.fields if one.field == key]
    return one.salesforce, one.salesmanago, one.has_base, one.winner, one.rule, one.held_by


def bound(world: World, **record: Any) -> tuple[str, str]:
    identifier = world.salesforce.insert(**{"LastName": "Nowak", "Company": "X", "Email": ADDRESS, **record})
    world.sync()
    [contact] = [card["contactId"] for card in world.salesmanago.all()]
    return identifier, contact


# -- positions


def shadowed() -> Explanation:
    world = two_objects()
    world.salesforce.insert("Contact", LastName="Nowak", Email=ADDRESS)
    return explained(world, salesforce=world.salesforce.insert(LastName="Nowak", Email=ADDRESS))


def ambiguous() -> Explanation:
    world = World(mapped())
    first, _ = (world.salesforce.insert(LastName="Nowak", Email=ADDRESS) for _ in range(2))
    return explained(world, salesforce=first)


def paused() -> Explanation:
    world = World(mapped(criteria={"salesforce": {"field": "City", "op": "ne", "value": "Away"}}))
    identifier, _ = bound(world, City="Home")
    world.salesforce.edit(identifier, City="Away", LastName="Maj")
    return explained(world, salesforce=identifier)


def held() -> Explanation:
    world = World(mapped())
    identifier, contact = bound(world, Description="old")
    world.salesforce.edit(identifier, Description="one")
    world.salesmanago.edit(contact, **{"properties.note": "two"})
    return explained(world, salesmanago=contact)


def tombstoned() -> Explanation:
    world = World(mapped())
    identifier, contact = bound(world)
    world.salesforce.edit(identifier, IsDeleted=True)
    return explained(world, salesmanago=contact)


def gone_from_both() -> Explanation:
    world = World(mapped())
    identifier, _ = bound(world)
    world.salesforce.rows.clear()
    world.salesmanago._cards.clear()
    return explained(world, salesforce=identifier)


def nameless() -> Explanation:
    world = World(mapped())
    return explained(world, salesforce=world.salesforce.insert(LastName="Nowak", Email=None))


def outside() -> Explanation:
    world = World(mapped(criteria={"salesforce": {"field": "City", "op": "eq", "value": "Home"}}))
    return explained(world, salesforce=world.salesforce.insert(LastName="Nowak", Email=ADDRESS, City="Away"))


def new_record() -> Explanation:
    world = World(mapped())
    return explained(world, salesforce=world.salesforce.insert(LastName="Nowak", Email=ADDRESS))


def new_contact() -> Explanation:
    world = World(mapped())
    return explained(world, salesmanago=world.salesmanago.insert(ADDRESS, name="Nowak"))


def matched() -> Explanation:
    world = World(mapped())
    world.salesmanago.insert(ADDRESS, name="Nowak")
    return explained(world, salesforce=world.salesforce.insert(LastName="Nowak", Email=ADDRESS))


@pytest.mark.parametrize(
    ("position", "status", "reason", "words"),
    [
        (shadowed, "skip", "SHADOWED", "Another record of the same person is preferred"),
        (ambiguous, "issue", "AMBIGUOUS_MATCH", "Two or more records of one object share the e-mail address"),
        (paused, "skip", "PAUSED", "no longer meets the criteria"),
        (held, "pair", None, "are bound and take part"),
        (tombstoned, "skip", "DELETED", "was deleted on one side"),
        (gone_from_both, "skip", "DELETED", "keeps the binding"),
        (nameless, "issue", "NO_EMAIL", "has no usable e-mail address"),
        (outside, "skip", "OUT_OF_CRITERIA", "does not meet the mapping's criteria"),
        (new_record, "create_in_salesmanago", None, "the next run creates the contact"),
        (new_contact, "create_in_salesforce", None, "the next run creates a Lead"),
        (matched, "pair", None, "Both sides have the same address"),
    ],
)
def test_every_position_is_told_in_plain_words(
    position: Callable[[], Explanation], status: str, reason: str | None, words: str
) -> None:
    explanation = position()
    story = only(explanation)
    assert (story.status, story.reason) == (status, reason)
    assert words in story.because[0] == explanation.answer
    assert words in as_text(explanation)


def test_nobody_known_is_said_so() -> None:
    explanation = explained(World(mapped()), salesforce="00Q000000000000AAA")
    assert explanation.stories == ()
    assert "Nobody is known by this address: no Lead of Salesforce" in explanation.answer


def test_who_is_preferred_is_named() -> None:
    story = only(shadowed())
    [other] = story.same_address
    assert (other.object, other.status) == ("Contact", "create_in_salesmanago")
    assert f"Contact {other.id}" in story.because[-1]


def test_candidates_are_named() -> None:
    story = only(ambiguous())
    [other] = story.same_address
    assert story.because[1] == f"Candidates: {story.salesforce_id}, {other.id}."


@pytest.mark.slow
def test_the_condition_that_decided_is_named() -> None:
    verdict = only(paused()).criteria["salesforce"]
    assert not verdict.met
    assert [(one.asked, one.value) for one in verdict.deciding] == [('City is not "Away"', "Away")]
    assert 'City holds "Away"; asked is that it is not "Away": no' in as_text(paused())


# -- fields


@pytest.mark.parametrize(
    ("here", "there", "winner", "rule"),
    [
        ({}, {}, "equal", "equal"),
        ({"City": "Kraków"}, {}, "Salesforce", "changed in Salesforce"),
        ({}, {"address.city": "Gdynia"}, "SALESmanago", "changed in SALESmanago"),
        ({"City": "Kraków"}, {"address.city": "Gdynia"}, "SALESmanago", "conflict: newest"),
        ({"City": None}, {}, "SALESmanago", "a blank never overwrites a value"),
    ],
)
def test_each_field_tells_both_values_and_who_wins(
    here: dict[str, Any], there: dict[str, Any], winner: str, rule: str
) -> None:
    world = World(mapped())
    identifier, contact = bound(world, City="Łódź")
    if here:
        world.salesforce.edit(identifier, **here)
    world.clock.step()
    if there:
        world.salesmanago.edit(contact, **there)
    story = only(explained(world, salesforce=identifier))
    a, m = here.get("City", "Łódź"), there.get("address.city", "Łódź")
    assert field(story, "address.city") == (a, m, True, winner, rule, None)
    assert [change.field for change in story.planned] == (["address.city"] if winner != "equal" else [])


def test_a_value_that_is_held_back_says_why() -> None:
    story = only(held())
    assert field(story, "properties.note") == ("one", "two", True, "nobody", "conflict: hold", "CONFLICT")
    assert story.outlook[0] == "A run writes nothing."
    assert "CONFLICT of properties.note" in story.outlook[1]


def test_a_field_that_cannot_be_seen_is_told_and_never_takes_part() -> None:
    world = World(lead())
    del world.sources["Lead"].schema.fields["City"]
    story = only(explained(world, salesforce=world.salesforce.insert(LastName="Nowak", Email=ADDRESS)))
    assert story.not_read == ("address.city",)
    assert "address.city" not in [one.field for one in story.fields]


# -- the past and the next run


def test_what_was_sent_and_what_came_back_is_told() -> None:
    world = World(mapped())
    identifier, _ = bound(world)
    row = {"object": "Lead", "direction": "to_salesmanago", "action": "update", "salesforce_id": identifier}
    run = world.ledger.runs.start("dag", "one", "full", False, False, world.clock())
    world.ledger.changes.plan(run, pd.DataFrame([{**row, "field": "name", "old": "A", "new": "B"}]), world.clock())
    settled = {"state": "failed", "reason": "VALUE_TOO_LONG", "field": "name", **row}
    world.ledger.changes.settle(run, pd.DataFrame([settled]))
    [sent] = only(explained(world, salesforce=identifier)).sent
    assert (sent.run_id, sent.mode, sent.dry_run, sent.field, sent.old, sent.new, sent.state, sent.reason) == (
        *(run, "full", False),
        *("name", "A", "B", "failed", "VALUE_TOO_LONG"),
    )


@pytest.mark.slow
def test_a_converted_lead_goes_on_as_the_contact_with_its_history() -> None:
    schemas = {
        "Contact": schema("Contact"),
        "Lead": schema(ConvertedContactId=FieldSchema("ConvertedContactId", "reference")),
    }
    world = World(mapped(), mapped("Contact"), schemas=schemas)
    identifier, contact = bound(world)
    new = world.salesforce.insert("Contact", LastName="Nowak", Email=ADDRESS)
    world.salesforce.edit(identifier, IsConverted=True, ConvertedContactId=new)
    story = next(one for one in explained(world, salesmanago=contact).stories if one.binding is not None)
    assert (story.salesforce_id, story.status) == (new, "pair")
    assert story.outlook[0] == f"A run moves the binding here from {identifier}, which was converted."
    world.sync()
    story = next(one for one in explained(world, salesforce=new).stories if one.binding is not None)
    assert [event.event for event in story.events] == ["bound", "converted"]
    assert identifier in as_text(explained(world, salesforce=new))


def test_issues_and_consent_are_told() -> None:
    world = World(mapped())
    identifier, contact = bound(world)
    issue = {"object": "Lead", "salesforce_id": identifier, "salesmanago_id": contact, "reason": "LOCKED"}
    world.ledger.issues.report(1, pd.DataFrame([issue]), world.clock())
    seen = {"channel": "email", "side": "salesforce", "seen_at": world.clock(), "salesforce_id": identifier}
    world.ledger.consent.add(1, pd.DataFrame([seen]))
    story = only(explained(world, salesforce=identifier))
    [told], [evidence] = story.issues, story.consent
    assert (told.reason, told.state, told.meaning) == (
        "LOCKED",
        "open",
        "The Salesforce record was locked by other work.",
    )
    assert (evidence.channel, evidence.side, evidence.sent_at) == ("email", "salesforce", None)


@pytest.mark.parametrize(("edited", "words"), [(True, "looks at this person"), (False, "does not look at this person")])
def test_it_is_told_whether_the_next_run_looks(edited: bool, words: str) -> None:
    world = World(mapped())
    identifier, _ = bound(world)
    world.salesforce.edit(identifier, City="Kraków")
    since = world.clock() + timedelta(minutes=-1 if edited else 1)
    assert words in only(explained(world, since, salesforce=identifier)).outlook[-1]


def test_an_explanation_is_json_and_keeps_false_zero_and_empty() -> None:
    world = World(mapped())
    identifier, _ = bound(world, City="0", Description="false")
    spelled = as_json(explained(world, salesforce=identifier))
    assert json.loads(json.dumps(spelled)) == spelled
    [story] = spelled["stories"]
    values = {one["field"]: one["salesforce"] for one in story["fields"]}
    assert (values["address.city"], values["properties.note"], values["optedOut"]) == ("0", "false", "false")
    assert story["binding"]["created_at"].endswith("+00:00")


def test_a_long_value_is_cut_on_the_screen_only() -> None:
    world = World(mapped())
    identifier, _ = bound(world, Description="x" * 60)
    explanation = explained(world, salesforce=identifier)
    assert "x" * 60 not in as_text(explanation)
    assert field(only(explanation), "properties.note")[0] == "x" * 60


def test_nothing_is_decided_here() -> None:
    world = World(mapped())
    identifier, _ = bound(world)
    world.salesforce.edit(identifier, City="Kraków")
    story = only(explained(world, salesforce=identifier))
    [change] = world.plan().changes.to_dict("records")
    [told] = story.planned
    assert {name: change[name] for name in ("direction", "action", "field", "new", "rule")} == {
        name: getattr(told, name) for name in ("direction", "action", "field", "new", "rule")
    }
