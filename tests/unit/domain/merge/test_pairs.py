"""What is still known of a pair whose binding has just moved."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from salesmanago_sync.domain.merge.pairs import pairs_of
from salesmanago_sync.domain.people.identities import ObjectInput
from salesmanago_sync.domain.people.matching import PAIR
from salesmanago_sync.domain.staged_frames import MATCHED_PEOPLE
from tests.unit.domain.world import World, lead

BY_DEFAULT, IN_SALESFORCE, BY_BOTH, BY_NOBODY = ("false", "true"), ("true", "false"), ("true", "true"), ("false",) * 2


@pytest.mark.parametrize(
    ("moved", "base", "kept"),
    [
        ((None, None), BY_DEFAULT, True),
        ((None, None), BY_BOTH, True),
        # The contact is the same: what its account made of it by itself is still nobody's opt-out.
        (("00Q000000000009AAA", None), BY_DEFAULT, True),
        (("00Q000000000009AAA", None), (None, "true"), True),
        (("00Q000000000009AAA", None), IN_SALESFORCE, False),
        (("00Q000000000009AAA", None), BY_BOTH, False),
        (("00Q000000000009AAA", None), BY_NOBODY, False),
        ((None, "m0009"), BY_DEFAULT, False),
        (("00Q000000000009AAA", "m0009"), BY_DEFAULT, False),
    ],
)
def test_what_is_known_of_consent_after_a_move(
    moved: tuple[str | None, str | None], base: tuple[str | None, str], kept: bool
) -> None:
    world = World(lead())
    record = world.salesforce.insert(Email="ann@example.com", LastName="Lis")
    contact = world.salesmanago.insert("ann@example.com", name="Lis", optedOut=True)
    world.apply_nothing(world.plan())
    bindings = world.ledger.bindings.read().assign(base=json.dumps({"optedOut": base}))
    bindings["from_salesforce_id"], bindings["from_salesmanago_id"] = (pd.Series([one], dtype="str") for one in moved)
    person = {"object": "Lead", "salesforce_id": record, "salesmanago_id": contact, "status": PAIR}
    people = MATCHED_PEOPLE.frame([person])
    [source] = world.sources.values()
    item = ObjectInput(source.mapping, source.schema, world.records("Lead"))
    _, _, known = pairs_of(item, world.contacts(), bindings, people).stored("optedOut")
    assert known.tolist() == [kept]
