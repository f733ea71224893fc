from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from salesmanago_sync.errors import UnexpectedError
from salesmanago_sync.ledger.store import Ledger


def base_of(ledger: Ledger, key: int) -> dict[str, list[str | None]]:
    frame = ledger.bindings.read().set_index("id")
    return json.loads(frame.loc[key, "base"])


def test_a_new_ledger_is_empty_until_somebody_is_bound(ledger: Ledger, pairs: pd.DataFrame, noon: datetime) -> None:
    assert ledger.bindings.is_empty()
    ledger.bindings.add(pairs, 1, noon)
    assert not ledger.bindings.is_empty()


def test_what_is_bound_comes_back(ledger: Ledger, pairs: pd.DataFrame, noon: datetime) -> None:
    clock = datetime(2026, 1, 31, 11, 59, 59, 123456, tzinfo=UTC)
    done = ledger.bindings.add(pairs.assign(salesforce_person_clock=[pd.Timestamp(clock), pd.NaT, pd.NaT]), 7, noon)
    assert not done["refused"].any()
    frame = ledger.bindings.read()
    assert frame["id"].tolist() == done["id"].tolist()
    assert frame["status"].tolist() == ["active"] * 3
    assert frame["created_by_run"].tolist() == [7] * 3
    assert frame["salesforce_person_clock"].dtype == "datetime64[us, UTC]"
    assert frame["salesforce_person_clock"][0] == clock
    assert frame["salesforce_person_clock"].isna().tolist() == [False, True, True]
    assert frame["created_at"][0] == noon
    assert frame["salesmanago_id"].dtype == "str"


def test_some_of_those_who_are_bound_are_given_the_last_ones_first(ledger: Ledger, noon: datetime) -> None:
    names = [f"{number}" for number in range(4)]
    frame = pd.DataFrame({"salesforce_id": names, "salesmanago_id": names, "matched_by": "email"})
    ledger.bindings.add(
        frame.assign(object=["Lead", "Lead", "Contact", "Lead"], status=["paused", "active"] * 2), 1, noon
    )
    gone = pd.DataFrame({"object": ["Lead"], "salesforce_id": ["9"], "salesmanago_id": ["9"], "matched_by": ["email"]})
    ledger.bindings.add(gone.assign(status="deleted"), 1, noon)
    assert ledger.bindings.newest_living(["Lead"], 2)["salesforce_id"].tolist() == ["3", "1"]
    assert ledger.bindings.newest_living(["Lead", "Contact"], 9)["salesmanago_id"].tolist() == ["3", "2", "1", "0"]
    assert ledger.bindings.newest_living([], 9).empty


def test_an_empty_ledger_reads_as_an_empty_frame_with_all_columns(ledger: Ledger) -> None:
    frame = ledger.bindings.read()
    assert frame.empty
    assert frame["updated_at"].dtype == "datetime64[us, UTC]"
    assert ledger.bindings.read(salesforce_ids=[]).columns.tolist() == frame.columns.tolist()


def test_binding_again_keeps_the_id_and_the_other_base_values(
    ledger: Ledger, pairs: pd.DataFrame, noon: datetime
) -> None:
    first = ledger.bindings.add(pairs, 1, noon)
    again = pairs.assign(base='{"email": ["a@example.com", "a@example.com"]}', matched_by="binding", status="paused")
    second = ledger.bindings.add(again, 2, noon + timedelta(hours=1))
    assert second["id"].tolist() == first["id"].tolist()
    assert base_of(ledger, first["id"][1]) == {"name": ["Ada", "Ada"], "email": ["a@example.com", "a@example.com"]}
    frame = ledger.bindings.read()
    assert frame["matched_by"].tolist() == ["email", "external_id", "created"]
    assert frame["status"].unique().tolist() == ["paused"]


def test_neither_id_can_be_bound_twice(ledger: Ledger, pairs: pd.DataFrame, noon: datetime) -> None:
    ledger.bindings.add(pairs, 1, noon)
    thieves = pd.DataFrame(
        {
            "object": "Contact",
            "salesforce_id": ["00Q000000000001AAA", "003000000000009AAA", "003000000000008AAA"],
            "salesmanago_id": ["m9", "m2", "m8"],
            "matched_by": "email",
        },
        index=[10, 20, 30],
    )
    done = ledger.bindings.add(thieves, 2, noon)
    assert done["refused"].to_dict() == {10: True, 20: True, 30: False}
    assert len(ledger.bindings.read()) == 4


def test_of_two_rows_of_one_frame_the_first_wins(ledger: Ledger, pairs: pd.DataFrame, noon: datetime) -> None:
    twice = pd.concat([pairs, pairs.assign(salesforce_id=["x1", "x2", "x3"]), pairs], ignore_index=True)
    done = ledger.bindings.add(twice, 1, noon)
    assert done["refused"].tolist() == [False] * 3 + [True] * 3 + [False] * 3
    assert done["id"][:3].tolist() == done["id"][6:].tolist()


def test_bindings_are_found_by_either_id(ledger: Ledger, pairs: pd.DataFrame, noon: datetime) -> None:
    ledger.bindings.add(pairs, 1, noon)
    found = ledger.bindings.read(salesforce_ids=["00Q000000000001AAA"], salesmanago_ids=["m1", "m3", "m7"])
    assert found["salesmanago_id"].tolist() == ["m1", "m3"]
    assert ledger.bindings.read(salesmanago_ids=["m1", "m3"], objects=["Contact"])["salesmanago_id"].tolist() == ["m3"]
    assert ledger.bindings.read(objects=["Lead"])["salesmanago_id"].tolist() == ["m1"]


def test_saving_changes_the_given_columns_only(ledger: Ledger, pairs: pd.DataFrame, noon: datetime) -> None:
    ids = ledger.bindings.add(pairs, 1, noon)["id"]
    moved = pd.DataFrame({"id": ids[:1], "object": "Contact", "salesforce_id": "003000000000005AAA"})
    ledger.bindings.update(moved, noon + timedelta(minutes=1))
    frame = ledger.bindings.read()
    assert frame["salesforce_id"].tolist() == ["003000000000005AAA", "003000000000001AAA", "003000000000002AAA"]
    assert frame["salesmanago_id"].tolist() == ["m1", "m2", "m3"]
    assert frame["updated_at"].tolist() == [noon + timedelta(minutes=1), noon, noon]


def test_saving_an_id_of_another_binding_fails_and_changes_nothing(
    ledger: Ledger, pairs: pd.DataFrame, noon: datetime
) -> None:
    ids = ledger.bindings.add(pairs, 1, noon)["id"]
    with pytest.raises(UnexpectedError, match="IntegrityError"):
        ledger.bindings.update(pd.DataFrame({"id": ids[:2], "salesmanago_id": ["m7", "m3"]}), noon)
    assert ledger.bindings.read()["salesmanago_id"].tolist() == ["m1", "m2", "m3"]


def test_merging_the_base_keeps_other_fields_and_blanks(ledger: Ledger, pairs: pd.DataFrame, noon: datetime) -> None:
    ids = ledger.bindings.add(pairs, 1, noon)["id"]
    news = ['{"email": ["", null]}', '{"email": ["ł", "0"], "name": null}']
    ledger.bindings.merge_base(pd.DataFrame({"id": ids[:2], "base": news}), noon)
    assert base_of(ledger, ids[0]) == {"email": ["", None]}
    assert base_of(ledger, ids[1]) == {"email": ["ł", "0"]}


@pytest.mark.slow
def test_a_hundred_thousand_people_fit(ledger: Ledger, noon: datetime) -> None:
    numbers = pd.Series(range(100_000)).astype("str")
    people = pd.DataFrame({"object": "Lead", "salesforce_id": "q" + numbers, "salesmanago_id": "m" + numbers})
    done = ledger.bindings.add(people.assign(matched_by="email", base='{"name": ["a", "b"]}'), 1, noon)
    ledger.bindings.merge_base(pd.DataFrame({"id": done["id"], "base": '{"email": ["c", "d"]}'}), noon)
    frame = ledger.bindings.read(salesmanago_ids=people["salesmanago_id"])
    assert len(frame) == 100_000
    (base,) = frame["base"].unique()
    assert json.loads(base) == {"name": ["a", "b"], "email": ["c", "d"]}


def test_when_contacts_were_written_is_told_once_each_and_in_order(
    ledger: Ledger, pairs: pd.DataFrame, noon: datetime
) -> None:
    hours = [timedelta(hours=number) for number in (3, 1, 3)]
    people = pd.concat([pairs.head(1)] * 4, ignore_index=True)
    people[["salesforce_id", "salesmanago_id"]] = [[f"s{number}", f"m{number}"] for number in range(4)]
    people["salesmanago_written_at"] = pd.Series([noon + hour for hour in hours] + [None], dtype="datetime64[us, UTC]")
    ledger.bindings.add(people, 1, noon)
    assert ledger.bindings.contacts_written_since(noon) == [noon + timedelta(hours=1), noon + timedelta(hours=3)]
    assert ledger.bindings.contacts_written_since(noon + timedelta(hours=3)) == []
