"""What the ledger learns without a write."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.domain.plan.test_plan import CITY, CONSENT, LEFT, pair, with_fields
from tests.unit.domain.world import World


def learnt(world: World) -> list[dict[str, Any]]:
    return world.plan().agreement.to_dict("records")


def test_a_new_pair_is_bound_with_what_both_sides_hold() -> None:
    world = World(with_fields(CITY, CONSENT))
    sid, mid = pair(world, {"City": "Kraków"}, **{"address.city": "Gdańsk"})
    (row,) = learnt(world)
    assert (row["salesforce_id"], row["salesmanago_id"], row["matched_by"], row["status"]) == (
        sid,
        mid,
        "email",
        "active",
    )
    # The city is to be written first; no name was given by the first.
    assert json.loads(row["base"]) == {
        "name": ["Nowak", "Nowak"],
        "email": ["a@example.com", "a@example.com"],
        "optedOut": ["false", "false"],
    }


def test_both_sides_edited_to_one_value_agree_without_a_write() -> None:
    world = World(with_fields(CITY))
    sid, mid = pair(world, {"City": "a"})
    world.sync()
    world.sync()
    assert learnt(world) == []
    world.salesforce.edit(sid, City="b")
    world.salesmanago.edit(mid, **{"address.city": "b"})
    (row,) = learnt(world)
    assert json.loads(row["base"]) == {"address.city": ["b", "b"]}
    assert world.plan().changes.empty


def test_an_echo_teaches_what_a_service_made_of_our_write() -> None:
    def upper(field: str, value: Any) -> Any:
        return value.upper() if field == "address.city" and value is not None else value

    world = World(with_fields(CITY), salesmanago_keeps=upper)
    sid, mid = pair(world, {"City": "a"})
    world.sync()
    (row,) = learnt(world)
    assert json.loads(row["base"]) == {"address.city": ["a", "A"]}
    assert [row["echo_salesmanago"], row["echo_salesforce"]] == [True, False]
    world.sync()
    assert learnt(world) == []
    assert [world.salesforce.rows[sid]["City"], world.salesmanago.card(mid)["address"]["city"]] == ["a", "A"]
    world.salesmanago.edit(mid, **{"address.city": "b"})
    world.clock.step()
    world.sync()
    assert world.salesforce.rows[sid]["City"] == "B"


def test_a_persons_edit_after_our_write_is_no_echo() -> None:
    world = World(with_fields(CITY))
    sid, mid = pair(world, {"City": "a"})
    world.sync()
    world.salesmanago.edit(mid, **{"address.city": "b"})
    world.clock.step()
    world.sync()
    assert world.salesforce.rows[sid]["City"] == "b"


def test_who_leaves_and_who_comes_back_is_remembered() -> None:
    world = World(with_fields(CITY, **LEFT))
    sid, mid = pair(world, {"Title": "CEO"})
    world.sync()
    for title, status in (("CTO", "paused"), ("CEO", "active")):
        world.salesforce.edit(sid, Title=title)
        world.clock.step()
        world.sync()
        assert world.ledger.bindings.read()["status"].tolist() == [status]
    world.salesmanago.edit(mid, deleted=True)
    world.sync()
    assert world.ledger.bindings.read()["status"].tolist() == ["deleted"]
    assert world.plan().changes.empty
