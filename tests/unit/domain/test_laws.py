"""Laws of the sync, tried on random histories of many people who edit both sides.

Everybody's history is drawn by itself and all are synchronised together, so that one example tries many.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from salesmanago_sync.domain.merge.canonical import canonical_salesforce, canonical_salesmanago
from tests.unit.domain.world import World, lead

# How a field is called on each side.
FIELDS = {
    "name": ("LastName", "name"),
    "address.city": ("City", "address.city"),
    "company": ("Company", "company"),
    "properties.note": ("Description", "properties.note"),
    "tags": ("Interests__c", "tags"),
    "optedOut": ("HasOptedOutOfEmail", "optedOut"),
    "properties.job_title": ("Title", "properties.job_title"),
    "email": ("Email", "email"),
}
ONE_WAY = {"properties.job_title"}
PROPAGATES = {"company"}
TEXT = st.sampled_from([None, "0", "false", "Abc", "Long words of it"])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "name": st.sampled_from(["Nowak", "Kowalska", "Maj"]),
    "address.city": TEXT,
    "company": TEXT,
    "properties.note": TEXT,
    "tags": st.sets(st.sampled_from(["NEWS", "SALE", "OTHER"])),
    "optedOut": st.booleans(),
    "properties.job_title": TEXT,
    "email": st.sampled_from(["first", "second"]),
}
Edit = dict[str, Any]


@dataclass(frozen=True)
class Round:
    salesforce: Edit
    salesmanago: Edit
    salesmanago_last: bool


@dataclass(frozen=True)
class History:
    sides: str
    salesforce: Edit
    salesmanago: Edit
    rounds: tuple[Round, Round]


STATE = st.fixed_dictionaries({key: VALUES[key] for key in VALUES if key != "email"})
EDIT = st.fixed_dictionaries({}, optional=VALUES)
ROUND = st.builds(Round, EDIT, EDIT, st.booleans())
HISTORY = st.builds(
    History, st.sampled_from(["both", "salesforce", "salesmanago"]), STATE, STATE, st.tuples(ROUND, ROUND)
)
HISTORIES = st.lists(HISTORY, min_size=15, max_size=25)
few = settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    # An example is many people already: making it smaller takes minutes and tells little more.
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


def address(number: int, word: str = "start") -> str:
    return f"{word}.{number}@example.com"


def in_salesforce(number: int, edit: Edit) -> dict[str, Any]:
    native: Edit = {FIELDS[key][0]: value for key, value in edit.items()}
    if "tags" in edit:
        native["Interests__c"] = ";".join(sorted(edit["tags"])) or None
    if "email" in edit:
        native["Email"] = address(number, edit["email"])
    return native


def in_salesmanago(number: int, edit: Edit) -> dict[str, Any]:
    native: Edit = {FIELDS[key][1]: value for key, value in edit.items()}
    if "email" in edit:
        native["email"] = address(number, edit["email"])
    return native


class Story:
    """A world in which histories happen."""

    def __init__(self, histories: list[History], world: World) -> None:
        self.histories, self.world = histories, world
        for number, person in enumerate(histories):
            if person.sides != "salesmanago":
                world.salesforce.insert(Email=address(number), **in_salesforce(number, person.salesforce))
            if person.sides != "salesforce":
                world.salesmanago.insert(address(number), **in_salesmanago(number, person.salesmanago))
        world.clock.step()

    def edit(self, number: int, bound: pd.DataFrame) -> None:
        """Let everybody make the edits of one round, in their own order."""
        people = [(person.rounds[number], position) for position, person in enumerate(self.histories)]
        first = [(edits, position) for edits, position in people if edits.salesmanago_last]
        for edits, position in first:
            self.edit_salesforce(bound, position, edits.salesforce)
        self.world.clock.step()
        for edits, position in people:
            native = in_salesmanago(position, edits.salesmanago)
            if native:
                self.world.salesmanago.edit(bound.at[position, "salesmanago_id"], **native)
        self.world.clock.step()
        for edits, position in people:
            if not edits.salesmanago_last:
                self.edit_salesforce(bound, position, edits.salesforce)
        self.world.clock.step()

    def edit_salesforce(self, bound: pd.DataFrame, position: int, edit: Edit) -> None:
        if edit:
            self.world.salesforce.edit(bound.at[position, "salesforce_id"], **in_salesforce(position, edit))

    def bound(self) -> pd.DataFrame:
        """The bindings, by the number of the history: its address begins with it."""
        bindings = self.world.ledger.bindings.read()
        held = self.world.contacts().set_index("contactId")["email"]
        emails = bindings["salesmanago_id"].map(held)
        return bindings.set_index(emails.str.extract(r"(\d+)@")[0].astype("int64")).sort_index()

    def values(self, bound: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """What both sides hold, in canonical form, by the number of the history."""
        mapping = self.world.sources["Lead"].mapping
        a = canonical_salesforce(mapping, self.world.records("Lead").set_index("Id", drop=False))
        m = canonical_salesmanago(mapping, self.world.contacts().set_index("contactId", drop=False))
        return a.loc[bound["salesforce_id"]].set_axis(bound.index), m.loc[bound["salesmanago_id"]].set_axis(bound.index)


def plain(frame: pd.DataFrame, key: str) -> list[str | None]:
    return [None if pd.isna(value) else str(value) for value in frame[key]]


def check_nobody_is_there_twice(story: Story) -> None:
    people = len(story.histories)
    assert len(story.world.salesforce.of("Lead")) == people
    assert len(story.world.salesmanago.all()) == people
    assert story.bound().index.tolist() == list(range(people))


def check_a_second_run_writes_nothing(world: World) -> None:
    again = world.plan()
    assert again.changes.empty, again.changes.to_string()
    assert again.issues.empty, again.issues.to_string()


def check_both_sides_agree(a: pd.DataFrame, m: pd.DataFrame) -> None:
    for key in a:
        if key not in ONE_WAY:
            assert plain(a, key) == plain(m, key), key


def check_no_opted_out_person_is_mailable(world: World, bound: pd.DataFrame) -> None:
    for row in bound.itertuples():
        record, card = world.salesforce.rows[row.salesforce_id], world.salesmanago.card(row.salesmanago_id)
        assert record["HasOptedOutOfEmail"] is card["optedOut"]


def allowed(key: str, before: str | None, a: str | None, m: str | None) -> set[str | None]:
    """What a field may hold after both sides were edited, whatever the conflict rule."""
    if key == "optedOut":
        return {"true" if "true" in (before, a, m) and "true" in (a, m) else "false"}
    if a == m:
        return {a}
    emptying = key in PROPAGATES or key.startswith("tags:")
    news = {value for value in (a, m) if value != before and (value is not None or emptying)}
    return news or {before}


Values = tuple[pd.DataFrame, pd.DataFrame]


def check_no_change_is_lost_or_made_up(before: pd.DataFrame, edited: Values, after: Values) -> None:
    for key in before:
        if key in ONE_WAY:
            continue
        rows = zip(plain(before, key), plain(edited[0], key), plain(edited[1], key), plain(after[0], key), strict=True)
        for number, (was, a, m, is_) in enumerate(rows):
            assert is_ in allowed(str(key), was, a, m), (key, number, was, a, m, is_)


def check_one_way_fields_follow_their_source(edited: pd.DataFrame, after: Values) -> None:
    for key in ONE_WAY:
        for source, a, m in zip(plain(edited, key), plain(after[0], key), plain(after[1], key), strict=True):
            assert a == source
            assert source in (None, m)


@pytest.mark.slow
@few
@given(HISTORIES)
def test_both_sides_come_to_agree_and_stay_so(histories: list[History]) -> None:
    story = Story(histories, World(lead()))
    world = story.world
    world.sync()
    for number in range(2):
        check_nobody_is_there_twice(story)
        check_a_second_run_writes_nothing(world)
        bound = story.bound()
        before = story.values(bound)
        check_both_sides_agree(*before)
        check_no_opted_out_person_is_mailable(world, bound)
        story.edit(number, bound)
        edited = story.values(bound)
        world.sync()
        after = story.values(bound)
        check_no_change_is_lost_or_made_up(before[0], edited, after)
        check_one_way_fields_follow_their_source(edited[0], after)
    check_both_sides_agree(*story.values(story.bound()))
    check_a_second_run_writes_nothing(world)


def spell_salesforce(field: str, value: Any) -> Any:
    """Store text as an org does that cuts cities and writes companies in capitals."""
    if not isinstance(value, str):
        return value
    spelt = {"City": value.strip()[:4], "Company": value.upper(), "Description": f"<{value.strip('<>')}>"}
    return spelt.get(field, value.strip())


def spell_salesmanago(key: str, value: Any) -> Any:
    """Store text as an account does that knows other spellings."""
    if not isinstance(value, str) or key == "email":
        return value
    spelt = {"address.city": value[:6].upper(), "company": value.title()}
    return spelt.get(key, value.strip())


@pytest.mark.slow
@few
@given(HISTORIES)
def test_what_a_service_makes_of_our_writes_neither_loops_nor_comes_back(histories: list[History]) -> None:
    world = World(lead(), salesforce_keeps=spell_salesforce, salesmanago_keeps=spell_salesmanago)
    story = Story(histories, world)
    world.sync()
    check_nobody_is_there_twice(story)
    check_a_second_run_writes_nothing(world)
    # The echoes are learnt here.
    world.sync()
    bound = story.bound()
    story.edit(0, bound)
    typed = story.values(bound)
    world.sync()
    check_a_second_run_writes_nothing(world)
    world.sync()
    after = story.values(bound)
    check_a_second_run_writes_nothing(world)
    check_no_opted_out_person_is_mailable(world, bound)
    check_what_one_side_typed_stays_there(story, typed, after)


def check_what_one_side_typed_stays_there(story: Story, typed: Values, after: Values) -> None:
    """Whoever alone edited a field to a value finds it as he left it."""
    for number, person in enumerate(story.histories):
        edits = person.rounds[0].salesforce, person.rounds[0].salesmanago
        for side, (mine, other) in enumerate((edits, edits[::-1])):
            for key in set(mine) - set(other) - {"tags", "optedOut", *ONE_WAY}:
                value = typed[side].at[number, key]
                if not pd.isna(value):
                    assert after[side].at[number, key] == value, (number, key, side)
