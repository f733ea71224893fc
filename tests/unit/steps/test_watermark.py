"""The watermark moves forward only, and a person's own edit of it stays."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesmanago_sync.errors import ConfigurationError
from salesmanago_sync.steps.watermark import (
    FIRST_SYNC,
    LAST_SYNC,
    KnownLedger,
    Watermark,
    first_sync,
    known_ledger,
    move_watermark,
    note_ledger,
    read_watermark,
)


class Texts:
    """Airflow Variables, as text."""

    def __init__(self, **texts: str) -> None:
        self.texts = dict(texts)

    def get(self, name: str) -> Any:
        text = self.texts.get(name)
        return None if text is None else json.loads(text)

    def set(self, name: str, value: Any) -> None:
        self.texts[name] = json.dumps(value)


LEDGER = KnownLedger(id="one", attempt=7)


def at(salesforce: int, salesmanago: int, ledger: KnownLedger | None = None) -> Watermark:
    one, other = (datetime(2026, 1, 31, hour, tzinfo=UTC) for hour in (salesforce, salesmanago))
    return Watermark(salesforce=one, salesmanago=other, ledger=ledger)


hours = st.tuples(st.integers(0, 23), st.integers(0, 23))


@given(found=st.none() | hours, edited=st.none() | hours, until=hours)
def test_no_run_moves_the_watermark_back(
    found: tuple[int, int] | None, edited: tuple[int, int] | None, until: tuple[int, int]
) -> None:
    variables = Texts()
    before = None if found is None else at(*found)
    if before is not None:
        variables.set(LAST_SYNC, before.model_dump(mode="json"))
    if edited is not None:
        variables.set(LAST_SYNC, at(*edited).model_dump(mode="json"))
    move_watermark(variables, before, at(*until, ledger=LEDGER))
    now = read_watermark(variables)
    assert now is not None
    assert now.ledger == LEDGER
    moved = (now.salesforce.hour, now.salesmanago.hour)
    if edited is not None and edited != found:
        assert moved == edited, "a person has set it meanwhile"
    elif found is None:
        assert moved == until
    else:
        assert moved == (max(found[0], until[0]), max(found[1], until[1]))


def test_a_run_that_moves_nothing_still_notes_its_ledger() -> None:
    variables = Texts()
    note_ledger(variables, LEDGER)
    assert variables.texts == {}, "without a watermark there is nothing to note"
    variables.set(LAST_SYNC, at(1, 2).model_dump(mode="json"))
    note_ledger(variables, LEDGER)
    assert read_watermark(variables) == at(1, 2, LEDGER)
    assert known_ledger(variables) == LEDGER


def test_who_edits_the_watermark_may_leave_the_ledger_out() -> None:
    variables = Texts(**{LAST_SYNC: '{"salesforce": "2026-01-31T10:00:00Z", "salesmanago": "2026-01-31T10:00:00Z"}'})
    assert read_watermark(variables) == at(10, 10)
    assert known_ledger(variables) is None


@pytest.mark.parametrize(
    "text", ['{"status": "Done"}', '{"status": null}', "{}", "[]", '"done"', "1", '{"Status": "done"}', "garbage"]
)
def test_an_unknown_status_of_the_first_sync_is_a_fault_that_names_the_known_ones(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        first_sync(Texts(**{FIRST_SYNC: text}))
    assert FIRST_SYNC in str(caught.value)
    assert "holds no JSON" in str(caught.value) or "never, running, done, failed" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "garbage", "[]", '"2026-01-31T10:00:00Z"', "true", "{}", '{"salesforce": "2026-01-31T10:00:00Z"}',
        '{"salesforce": null, "salesmanago": null}', '{"salesforce": "yesterday", "salesmanago": "today"}',
        '{"salesforce": "2026-01-31T10:00:00", "salesmanago": "2026-01-31T10:00:00Z"}',
        '{"salesforce": "2026-01-31T10:00:00Z", "salesmanago": "2026-01-31T10:00:00Z", "extra": 1}',
    ],
)  # fmt: skip
def test_a_mark_that_cannot_be_read_is_a_fault_that_shows_what_to_write(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_watermark(Texts(**{LAST_SYNC: text}))
    assert LAST_SYNC in str(caught.value)


@pytest.mark.parametrize("status", ["never", "running", "done", "failed"])
def test_every_known_status_is_read(status: str) -> None:
    assert first_sync(Texts(**{FIRST_SYNC: json.dumps({"status": status})})) == status
    assert first_sync(Texts()) == "never"
