"""Bases are merged by the database: exactly as a dictionary of Python would be, whatever text they hold."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import count
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from salesmanago_sync.domain.merge.base import pack
from salesmanago_sync.ledger.store import Ledger

HOSTILE = ["", "\0", "a\0b", "\\", "\\u0000", "\\\\u0000", '"', "'", "\x1f", "\n", "\x7f", "ł", "🦊", "\u2028", "null"]
texts = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(codec="utf-8"), max_size=8))
names = st.one_of(
    st.sampled_from(["email", "name", "tags:VIP", 'tags:"ł"\\']), texts.filter(lambda text: "\0" not in text)
)
Value = tuple[str | None, str | None]
values = st.tuples(st.none() | texts, st.none() | texts)
bases = st.dictionaries(names, values, max_size=4)
# A field that is null is forgotten.
news = st.dictionaries(names, st.none() | values, max_size=4)
numbers = count()
# Each example binds people of its own in one ledger.
over_one_ledger = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


def spelled(base: dict[str, Value | None]) -> str:
    """Write a base as the sync does: what it knows by `pack`, and null for what it forgets."""
    index = pd.RangeIndex(1)
    pairs = {
        key: tuple(pd.Series([side], index=index, dtype="str") for side in value)
        for key, value in base.items()
        if value is not None
    }
    known = pack(pairs, dict.fromkeys(pairs, pd.Series(True, index=index)), index)[0]  # type: ignore[arg-type]
    forgotten = [f"{json.dumps(key, ensure_ascii=False)}:null" for key, value in base.items() if value is None]
    return "{" + ",".join(filter(None, [known[1:-1], *forgotten])) + "}"


def merged(base: dict[str, Any], *further: dict[str, Any]) -> dict[str, Any]:
    """What the ledger is to hold."""
    for more in further:
        base = {key: value for key, value in (base | more).items() if value is not None}
    return {key: list(value) for key, value in base.items()}


def bound(ledger: Ledger, some: list[dict[str, Value]], noon: datetime) -> pd.DataFrame:
    """Bind people with bases, and give their pairs."""
    ids = [str(next(numbers)) for _ in some]
    pairs = pd.DataFrame({"object": "Lead", "salesforce_id": ids, "salesmanago_id": ids, "matched_by": "email"})
    ledger.bindings.add(pairs.assign(base=[spelled(one) for one in some]), 1, noon)
    return pairs


def stored(ledger: Ledger, pairs: pd.DataFrame) -> list[str]:
    return list(ledger.bindings.read(salesforce_ids=pairs["salesforce_id"])["base"])


@pytest.mark.slow
@over_one_ledger
@given(st.lists(st.tuples(bases, news, news), min_size=1, max_size=4))
@example([({"a": ("\0", None)}, {"b": ("x", "\0")}, {"a": None}), ({"a": ("x", "y")}, {"a": (None, "z")}, {})])
def test_bases_are_merged_as_dictionaries_are(ledger: Ledger, noon: datetime, people: list[Any]) -> None:
    pairs = bound(ledger, [base for base, _, _ in people], noon)
    ids = ledger.bindings.read(salesforce_ids=pairs["salesforce_id"])["id"]
    ledger.bindings.merge_base(pd.DataFrame({"id": ids, "base": [spelled(more) for _, more, _ in people]}), noon)
    ledger.bindings.add(pairs.assign(base=[spelled(more) for *_, more in people]), 2, noon)
    assert [json.loads(base) for base in stored(ledger, pairs)] == [merged(*person) for person in people]


@pytest.mark.slow
@over_one_ledger
@given(bases, texts.filter(lambda text: "\0" not in text))
def test_an_address_is_found_in_a_merged_base_as_it_is_spelled(
    ledger: Ledger, noon: datetime, base: dict[str, Value], address: str
) -> None:
    # So that a person who is to be forgotten is found.
    pairs = bound(ledger, [base], noon)
    ledger.bindings.add(pairs.assign(base=spelled({"email": (address, address)})), 2, noon)
    quoted = json.dumps(address, ensure_ascii=False)
    assert quoted in stored(ledger, pairs)[0] or not address.isprintable()


@pytest.mark.parametrize("text", ["x", "\0"])
def test_a_person_who_comes_twice_is_merged_twice(ledger: Ledger, noon: datetime, text: str) -> None:
    pairs = bound(ledger, [{}, {}], noon)
    first, second = ledger.bindings.read(salesforce_ids=pairs["salesforce_id"])["id"]
    rows = [(first, {"a": ["1", "1"]}), (second, {"a": ["2", "2"]}), (first, {"b": [text, None]}), (first, {"a": None})]
    frame = pd.DataFrame({"id": [key for key, _ in rows], "base": [json.dumps(base) for _, base in rows]})
    ledger.bindings.merge_base(frame, noon)
    assert [json.loads(base) for base in stored(ledger, pairs)] == [{"b": [text, None]}, {"a": ["2", "2"]}]


def test_nobody_else_is_touched(ledger: Ledger, noon: datetime) -> None:
    pairs = bound(ledger, [{"a": ("1", "1")}, {"a": ("\0", "1")}], noon)
    ids = ledger.bindings.read(salesforce_ids=pairs["salesforce_id"])["id"]
    ledger.bindings.merge_base(pd.DataFrame({"id": [*ids + 1_000, None], "base": '{"b": ["2", "2"]}'}), noon)
    assert [list(json.loads(base)) for base in stored(ledger, pairs)] == [["a"], ["a"]]


def test_what_is_overwritten_twice_holds_the_last(ledger: Ledger, noon: datetime) -> None:
    pairs = bound(ledger, [{}, {}], noon)
    first, second = ledger.bindings.read(salesforce_ids=pairs["salesforce_id"])["id"]
    ledger.bindings.update(
        pd.DataFrame({"id": [first, second, first], "status": ["paused", "merged", "deleted"]}), noon
    )
    assert ledger.bindings.read(salesforce_ids=pairs["salesforce_id"])["status"].tolist() == ["deleted", "merged"]


@pytest.mark.parametrize("size", [1, 3])
def test_pieces_of_any_size_come_to_the_same(
    ledger: Ledger, pairs: pd.DataFrame, noon: datetime, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("salesmanago_sync.ledger.frames.pieces.__defaults__", (size,))
    twice = pd.concat([pairs, pairs.assign(salesforce_id=["x1", "x2", "x3"]), pairs], ignore_index=True)
    done = ledger.bindings.add(twice, 1, noon)
    assert done["refused"].tolist() == [False] * 3 + [True] * 3 + [False] * 3
    ledger.bindings.merge_base(pd.DataFrame({"id": done["id"][:3], "base": '{"b": ["2", "2"]}'}), noon)
    assert [json.loads(base).get("b") for base in ledger.bindings.read()["base"]] == [["2", "2"]] * 3


def test_the_newcomers_of_a_run_are_found_by_index(ledger: Ledger) -> None:
    asked: list[Any] = []
    engine = ledger._database.engine
    sa.event.listen(engine, "before_cursor_execute", lambda *call: asked.append(call[2:4]))
    ledger.bindings.made_in_run(1, ["Lead"], ["created"])
    statement, values = asked[-1]
    with engine.connect() as connection:
        if ledger._database.is_sqlite:
            statement = f"QUERY PLAN {statement}"
        else:
            # Of an empty table it would read the one page.
            connection.exec_driver_sql("SET enable_seqscan = off")
        told = str(connection.exec_driver_sql(f"EXPLAIN {statement}", values).all())
    assert "ix_bindings_created_by_run" in told
