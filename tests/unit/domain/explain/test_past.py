"""What both sides held on a day of the past, as far as the ledger knows."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from salesmanago_sync.domain.explain.past import FieldThen, Past, as_json, as_text, person_then, read_moment
from salesmanago_sync.errors import ConfigurationError

BINDING = {"id": 1, "object": "Lead", "salesforce_id": "00Q1", "salesmanago_id": "m1"}


def day(number: int) -> datetime:
    """Noon of a day."""
    return datetime(2026, 11, number, 12, tzinfo=UTC)


def wrote(number: int, way: str, old: str | None, new: str | None, **how: Any) -> dict[str, Any]:
    """What a run wrote on a day."""
    told = {"run_id": number, "mode": "incremental", "dry_run": False, "state": "done", "action": "update"}
    changed = {"at": day(number), "direction": way, "field": "phone", "old": old, "new": new, "rule": "changed"}
    return told | changed | how


def phone(
    at: datetime, *changes: dict[str, Any], base: list[str | None] | None = None, agreed: datetime | None = None
) -> FieldThen:
    """Say what is known of the telephone."""
    events = pd.DataFrame(columns=["at", "event", "note", "salesforce_id", "salesmanago_id"])
    consent = pd.DataFrame(columns=["seen_at", "sent_at", "channel", "side"])
    known = json.dumps({} if base is None else {"phone": base})
    frame = pd.DataFrame(changes, columns=list(wrote(1, "", "", "")))
    person = person_then(BINDING | {"base": known, "updated_at": agreed or day(1)}, frame, events, consent, at)
    assert json.loads(json.dumps(as_json(Past("00Q1", at, None, (person,)))))["people"]
    assert "phone" in as_text(Past("00Q1", at, day(1), (person,)))
    [field] = person.fields
    return field


FIRST = wrote(3, "to_salesmanago", None, "111")
SECOND = wrote(6, "to_salesmanago", "111", "222")


def test_before_the_first_write_the_target_is_known_and_the_source_is_not() -> None:
    found = phone(day(2), FIRST, base=["111", "111"])
    assert (found.salesmanago.known, found.salesmanago.value) == (True, None)
    assert not found.salesforce.known
    assert found.changed == ""


def test_after_a_write_both_sides_hold_it_until_the_next() -> None:
    found = phone(day(4), FIRST, SECOND, base=["222", "222"])
    assert (found.salesmanago.value, found.salesmanago.or_already) == ("111", None)
    # The source was edited at a time that nobody knows.
    assert (found.salesforce.value, found.salesforce.or_already) == ("111", "222")
    assert "run 3" in found.changed
    found = phone(day(7), FIRST, SECOND, base=["222", "222"])
    assert (found.salesforce.value, found.salesmanago.value) == ("222", "222")
    assert "run 6" in found.salesmanago.because


def test_what_a_person_did_to_the_target_meanwhile_is_told() -> None:
    found = phone(day(4), FIRST, wrote(6, "to_salesmanago", "999", "222"), base=["222", "222"])
    assert (found.salesmanago.value, found.salesmanago.or_already) == ("111", "999")
    assert "a person changed it" in found.salesmanago.because


def test_what_a_service_kept_is_what_was_held_after_the_last_write() -> None:
    found = phone(day(7), wrote(6, "to_salesmanago", None, "abc"), base=["abc", "ABC"])
    assert (found.salesforce.value, found.salesmanago.value) == ("abc", "ABC")


def test_a_record_that_was_not_there_is_said_so() -> None:
    found = phone(day(2), wrote(3, "to_salesforce", None, "111", action="create"), base=["111", "111"])
    assert "not there yet" in found.salesforce.because


def test_what_no_run_wrote_is_what_both_agreed_on() -> None:
    found = phone(day(2), base=["1", "1"])
    assert (found.salesforce.value, found.salesmanago.value) == ("1", "1")


def test_what_both_agreed_on_later_may_have_been_otherwise_before() -> None:
    found = phone(day(2), base=["1", "1"], agreed=day(5))
    assert not found.salesforce.known
    assert "Both sides agreed on 1 by 2026-11-05" in found.salesmanago.because
    assert phone(day(6), base=["1", "1"], agreed=day(5)).salesforce.value == "1"
    # After a write, too.
    found = phone(day(4), FIRST, base=["1", "1"], agreed=day(5))
    assert (found.salesforce.value, found.salesforce.or_already) == ("111", "1")
    assert (found.salesmanago.value, found.salesmanago.or_already) == ("111", "1")


def test_an_undo_says_nothing_of_the_side_that_it_does_not_write() -> None:
    undone = wrote(4, "to_salesmanago", "111", None, mode="undo")
    found = phone(day(5), FIRST, undone, wrote(6, "to_salesmanago", None, "222"), base=["222", "222"])
    assert (found.salesforce.value, found.salesforce.or_already) == ("111", "222")
    assert (found.salesmanago.value, found.salesmanago.or_already) == (None, None)
    assert "run 4 (undo" in found.changed


@pytest.mark.parametrize("how", [{"dry_run": True}, {"state": "failed"}, {"state": "dropped"}])
def test_what_was_not_written_says_nothing(how: dict[str, Any]) -> None:
    found = phone(day(7), wrote(6, "to_salesmanago", "1", "2", **how), base=["1", "1"])
    assert found.salesmanago.value == "1"


def test_a_day_means_its_end_and_a_moment_needs_its_zone() -> None:
    assert read_moment("2026-11-03") == datetime(2026, 11, 3, 23, 59, 59, tzinfo=UTC)
    assert read_moment("2026-11-03T12:00:00Z") == day(3)
    for text in ("2026-11-03T12:00:00", "yesterday", "9999-12-31"):
        with pytest.raises(ConfigurationError, match="neither a day nor a moment"):
            read_moment(text)
