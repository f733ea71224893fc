"""What the ledger remembers when people change."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd

from salesmanago_sync.domain.staged_frames import BINDING_MOVES
from salesmanago_sync.ledger.store import Ledger

NEW = "003000000000009AAA"


def move(key: int, **more: str | None) -> pd.DataFrame:
    ids = {"salesforce_id": NEW, "salesmanago_id": "m1", "from_salesforce_id": "00Q000000000001AAA"}
    row = {
        "id": key,
        "object": "Contact",
        "event": "converted",
        "from_salesmanago_id": None,
        "base": '{"a": ["1", "1"]}',
    }
    return BINDING_MOVES.frame([row | ids | more])


def test_a_binding_moves_with_its_history_and_forgets_what_was_written(
    ledger: Ledger, pairs: pd.DataFrame, noon: datetime
) -> None:
    written = {"salesforce_written_at": pd.Timestamp(noon), "salesforce_written": '["name"]'}
    keys = ledger.bindings.add(pairs.assign(**written, salesmanago_written_at=pd.Timestamp(noon)), 1, noon)["id"]
    assert ledger.bindings.move(2, move(keys[0]), noon).tolist() == [True]
    row = ledger.bindings.read(salesforce_ids=[NEW]).iloc[0]
    assert (row["id"], row["object"], row["salesmanago_id"]) == (keys[0], "Contact", "m1")
    assert (row["base"], row["salesforce_written"]) == ('{"a": ["1", "1"]}', "[]")
    assert pd.isna(row["salesforce_written_at"])
    assert row["salesmanago_written_at"] == noon, "the other side is the same contact as before"
    history = ledger.events.read(binding_ids=[keys[0]])
    assert history["event"].tolist() == ["bound", "converted"]
    assert history["note"].tolist() == ["email", "from 00Q000000000001AAA"]
    assert ledger.events.read(ids=["m1"])["event"].tolist() == ["bound", "converted"]


def test_a_binding_never_moves_onto_somebody_else(ledger: Ledger, pairs: pd.DataFrame, noon: datetime) -> None:
    keys = ledger.bindings.add(pairs, 1, noon)["id"]
    assert ledger.bindings.move(2, move(keys[0], salesforce_id="003000000000001AAA"), noon).tolist() == [False]
    assert ledger.bindings.read()["salesforce_id"].tolist() == pairs["salesforce_id"].tolist()
    assert ledger.events.read(binding_ids=[keys[0]])["event"].tolist() == ["bound"]


def test_only_the_dead_are_found_by_their_address(ledger: Ledger, pairs: pd.DataFrame, noon: datetime) -> None:
    keys = ledger.bindings.add(pairs, 1, noon)["id"]
    assert not ledger.bindings.has_tombstones()
    ledger.bindings.update(
        pd.DataFrame({"id": keys, "status": ["active", "deleted", "merged"], "email": ["a", "b", "c"]}), noon
    )
    assert ledger.bindings.has_tombstones()
    assert sorted(ledger.bindings.tombstones(["a", "b", "c", "d"])["email"]) == ["b", "c"]
    assert ledger.bindings.tombstones([]).empty


def test_the_sweep_takes_who_was_looked_at_least(ledger: Ledger, pairs: pd.DataFrame, noon: datetime) -> None:
    keys = ledger.bindings.add(pairs, 1, noon)["id"]
    hour = timedelta(hours=1)
    ledger.bindings.mark_checked([pairs["salesforce_id"][0]], noon + hour)
    ledger.bindings.mark_checked([pairs["salesforce_id"][1]], noon + 2 * hour)
    late = noon + 3 * hour
    assert ledger.bindings.least_checked(2, late)["id"].tolist() == [keys[2], keys[0]], "never looked at comes first"
    assert ledger.bindings.least_checked(9, noon + 2 * hour)["id"].tolist() == [keys[2], keys[0]]
    assert ledger.bindings.least_checked(0, late).empty
    assert ledger.bindings.count_unchecked(noon) == 0, "made just now is looked at just now"
    assert ledger.bindings.count_unchecked(late) == 3
    ledger.bindings.update(pd.DataFrame({"id": keys, "status": "deleted"}), noon)
    assert ledger.bindings.least_checked(9, late).empty
