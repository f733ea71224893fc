from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
import pytest

from salesmanago_sync.clients.pace import Pace
from salesmanago_sync.ledger.mapping_state import SyncedMapping
from salesmanago_sync.ledger.store import Ledger

HOUR = timedelta(hours=1)


def start(ledger: Ledger, now: datetime, name: str = "manual__1") -> int:
    return ledger.runs.start("salesmanago_full_sync", name, "full", False, False, now, {"Lead": "abc"})


def planned(**columns: object) -> pd.DataFrame:
    row = {"object": "Lead", "direction": "to_salesmanago", "action": "update", "salesforce_id": "q1", "field": "name"}
    return pd.DataFrame([row | {"salesmanago_id": "m1", "old": None, "new": "Ada", "rule": "newest"} | columns])


def test_a_run_comes_back_as_it_was_written(ledger: Ledger, noon: datetime) -> None:
    key = start(ledger, noon)
    ledger.runs.update(key, window={"salesforce": ["a", "b"]})
    ledger.runs.finish(key, "success", noon + HOUR, {"Lead": {"read": 0}}, "all well")
    run = ledger.runs.read(key)
    assert run["window"] == {"salesforce": ["a", "b"]}
    assert run["totals"] == {"Lead": {"read": 0}}
    assert (run["state"], run["note"], run["dry_run"]) == ("success", "all well", False)
    assert (run["started_at"], run["finished_at"]) == (noon, noon + HOUR)
    assert run["mapping_digests"] == {"Lead": "abc"}


def test_a_cleared_run_keeps_its_id_and_its_start(ledger: Ledger, noon: datetime) -> None:
    key = start(ledger, noon)
    ledger.runs.finish(key, "failed", noon)
    assert start(ledger, noon + HOUR) == key
    run = ledger.runs.read(key)
    assert (run["state"], run["started_at"], run["finished_at"]) == ("running", noon, None)


def test_the_newest_runs_come_first(ledger: Ledger, noon: datetime) -> None:
    keys = [start(ledger, noon, f"manual__{number}") for number in range(3)]
    frame = ledger.runs.read_newest(2)
    assert frame["id"].tolist() == [keys[2], keys[1]]
    assert frame["mapping_digests"][0] == {"Lead": "abc"}


def test_an_unknown_run_is_refused(ledger: Ledger) -> None:
    with pytest.raises(LookupError, match="no run 7"):
        ledger.runs.read(7)


def test_a_plan_that_is_made_again_replaces_the_first(ledger: Ledger, noon: datetime) -> None:
    ledger.changes.plan(1, pd.concat([planned(), planned(field="phone")]), noon)
    ledger.changes.plan(2, planned(), noon)
    ledger.changes.plan(1, planned(new="Eve"), noon)
    frame = ledger.changes.read(1)
    assert frame["new"].tolist() == ["Eve"]
    assert frame["old"].isna().all()
    assert frame["at"][0] == noon
    assert len(ledger.changes.read(2)) == 1


def test_what_was_done_outlives_a_new_plan(ledger: Ledger, noon: datetime) -> None:
    ledger.changes.plan(1, pd.concat([planned(), planned(field="phone")]), noon)
    ledger.changes.settle(1, planned().assign(state="done", reason=None))
    ledger.changes.plan(1, planned(field="phone"), noon)
    assert ledger.changes.read(1)["state"].tolist() == ["done", "planned"]


def test_settling_touches_one_field_of_one_person_in_one_direction(ledger: Ledger, noon: datetime) -> None:
    rows = [planned(), planned(field="phone"), planned(direction="to_salesforce"), planned(salesforce_id=None)]
    ledger.changes.plan(1, pd.concat(rows), noon)
    ledger.changes.settle(1, planned().assign(state="failed", reason="LOCKED"))
    assert ledger.changes.read(1)["state"].tolist() == ["failed", "planned", "planned", "planned"]
    ledger.changes.settle(1, planned(salesforce_id=None).assign(state="done", reason=None))
    assert ledger.changes.read(1, state="done")["salesforce_id"].tolist() == [""]
    assert ledger.changes.read(1, reason="LOCKED", field="name")["state"].tolist() == ["failed"]
    assert len(ledger.changes.read(1, state=["failed", "planned"], limit=2)) == 2


def test_an_empty_plan_is_a_plan(ledger: Ledger, noon: datetime) -> None:
    ledger.changes.plan(1, planned(), noon)
    ledger.changes.plan(1, planned().head(0), noon)
    assert ledger.changes.read(1).empty


def test_pruning_forgets_what_is_over_and_keeps_people(ledger: Ledger, pairs: pd.DataFrame, noon: datetime) -> None:
    old, new = start(ledger, noon, "old"), start(ledger, noon + 2 * HOUR, "new")
    for key in (old, new):
        ledger.changes.plan(key, planned(), noon)
        ledger.runs.finish(key, "success", noon if key == old else noon + 2 * HOUR)
    ledger.bindings.add(pairs, old, noon)
    issue = {"object": "Lead", "reason": "NO_EMAIL"}
    issues = pd.DataFrame([issue | {"salesforce_id": key} for key in ("closed", "dismissed", "open")])
    keys = ledger.issues.report(old, issues, noon)["id"]
    ledger.issues.close(old, keys[:1], noon)
    ledger.issues.dismiss(keys[1:2], noon, "anna")
    ledger.consent.add(old, pd.DataFrame([{"channel": "email", "side": "salesforce", "seen_at": noon}]))
    ledger.prune(noon + HOUR, noon + 3 * HOUR)
    assert ledger.runs.read_newest()["id"].tolist() == [new]
    assert ledger.changes.read(old).empty
    assert len(ledger.changes.read(new)) == 1
    assert len(ledger.bindings.read()) == 3
    ledger.issues.retry(keys, noon, "anna")
    assert ledger.issues.read_open()["salesforce_id"].tolist() == ["dismissed", "open"]


def test_the_future_cannot_be_pruned(ledger: Ledger, noon: datetime) -> None:
    with pytest.raises(ValueError, match="past"):
        ledger.prune(noon + HOUR, noon)


def test_one_create_of_a_person_is_pending_at_a_time(ledger: Ledger, noon: datetime) -> None:
    ledger.intents.note(1, "Lead", ["m1", "m2"], noon)
    ledger.intents.note(2, "Lead", ["m2", "m3"], noon)
    ledger.intents.note(2, "Contact", ["m1"], noon)
    ledger.intents.note(2, "Contact", [], noon)
    assert ledger.intents.read_pending(["Lead"])[["salesmanago_id", "run_id"]].to_numpy().tolist() == [
        ["m1", 1],
        ["m2", 1],
        ["m3", 2],
    ]
    done = pd.DataFrame({"salesmanago_id": ["m1", "m2"], "salesforce_id": ["q1", None]})
    ledger.intents.settle("Lead", done, noon)
    assert ledger.intents.read_pending()[["object", "salesmanago_id"]].to_numpy().tolist() == [
        ["Lead", "m3"],
        ["Contact", "m1"],
    ]
    ledger.intents.note(3, "Lead", ["m2"], noon)
    assert ledger.intents.read_pending(["Lead"])["salesmanago_id"].tolist() == ["m3", "m2"]


def test_the_mapping_of_the_last_full_sync_is_remembered(ledger: Ledger, noon: datetime) -> None:
    assert ledger.mapping_state.read() == {}
    ledger.mapping_state.keep("Lead", "abc", noon)
    assert ledger.mapping_state.read() == {"Lead": SyncedMapping("abc", noon, None)}, "as an earlier version left it"
    ledger.mapping_state.keep("Lead", "def", noon + HOUR, ["name", "email", "name"])
    ledger.mapping_state.keep("Contact", "ghi", noon, [])
    assert ledger.mapping_state.read() == {
        "Lead": SyncedMapping("def", noon + HOUR, frozenset({"email", "name"})),
        "Contact": SyncedMapping("ghi", noon, frozenset()),
    }
    assert ledger.mapping_state.objects_due({"Lead": "def", "Contact": "abc", "PersonAccount": "abc"}) == [
        "Contact",
        "PersonAccount",
    ]
    ledger.mapping_state.keep("Lead", "def", noon)
    assert ledger.mapping_state.read()["Lead"].fields is None


def test_consent_evidence_is_found_by_either_id(ledger: Ledger, noon: datetime) -> None:
    seen = {"channel": "email", "side": "salesforce", "seen_at": noon}
    told = seen | {"salesforce_id": "q1", "salesmanago_id": "m1", "sent_at": noon + HOUR, "binding_id": 4}
    ledger.consent.add(1, pd.DataFrame([seen | {"salesforce_id": "q1"}, told, seen | {"salesforce_id": "q2"}]))
    found = ledger.consent.read(salesforce_ids=["q1"], salesmanago_ids=["m1"])
    assert found["sent_at"].isna().tolist() == [True, False]
    assert found["binding_id"].fillna(0).tolist() == [0, 4]
    assert len(ledger.consent.read(salesmanago_ids=["m1"])) == 1


def test_a_moment_without_a_time_zone_is_refused(ledger: Ledger, noon: datetime) -> None:
    with pytest.raises(Exception, match="time zone"):
        start(ledger, noon.replace(tzinfo=None))


def test_what_the_org_said_is_remembered_for_a_while_and_about_one_thing(ledger: Ledger, noon: datetime) -> None:
    before = noon - timedelta(hours=1)
    assert ledger.org_answers.read("a", before) is None
    ledger.org_answers.keep("a", {"describe Lead": {"name": "Lead"}, "accounts": []}, noon)
    assert ledger.org_answers.read("a", before) == {"describe Lead": {"name": "Lead"}, "accounts": []}
    assert ledger.org_answers.read("a", noon + timedelta(seconds=1)) is None
    assert ledger.org_answers.read("b", before) is None
    ledger.org_answers.keep("b", {}, noon)
    assert (ledger.org_answers.read("a", before), ledger.org_answers.read("b", before)) == (None, {})
    ledger.org_answers.drop()
    assert ledger.org_answers.read("b", before) is None


def test_turns_are_given_once_and_a_pause_moves_them(ledger: Ledger, noon: datetime) -> None:
    assert ledger.turns.reserve(2, 0.5, noon) == pytest.approx(0)
    assert ledger.turns.reserve(1, 0.5, noon) == pytest.approx(1)
    ledger.turns.pause(5, noon)
    assert ledger.turns.reserve(1, 0.5, noon) == pytest.approx(5)
    ledger.turns.pause(1, noon)
    assert ledger.turns.reserve(1, 0.5, noon) == pytest.approx(5.5), "a pause brings nothing forward"
    assert ledger.turns.reserve(1, 0.5, noon + timedelta(minutes=1)) == pytest.approx(0)
    assert ledger.turns.reserve(1, 0.5, noon - timedelta(days=1)) == pytest.approx(0), "a clock was set back"


@pytest.mark.parametrize("per_second", [1, 5, 500])
def test_turns_of_processes_that_died_hold_nobody_back(ledger: Ledger, noon: datetime, per_second: int) -> None:
    class Turns:
        reserve = staticmethod(lambda count, every: ledger.turns.reserve(count, every, noon))
        pause = staticmethod(lambda seconds: ledger.turns.pause(seconds, noon))

    workers, waited = 8, list[float]()
    for _ in range(workers):
        # It dies with the turns that it has reserved.
        Pace(per_second, Turns(), sleep=lambda seconds: None).take_turn()
    Pace(per_second, Turns(), sleep=waited.append).take_turn()
    assert waited[0] <= workers * max(1 / per_second, 0.2) + 0.05
    ledger.turns.reserve(1, 1 / per_second, noon + HOUR)
    assert ledger.turns.reserve(1, 1 / per_second, noon) == pytest.approx(0), "a clock was an hour ahead"


def test_the_totals_of_the_last_whole_full_sync_are_found(ledger: Ledger, noon: datetime) -> None:
    assert ledger.runs.last_full_totals() is None
    kinds = [("full", False, False), ("full", False, False), ("full", True, False), ("full", False, True)]
    for number, (mode, dry_run, restricted) in enumerate([*kinds, ("incremental", False, False)]):
        run = ledger.runs.start("dag", str(number), mode, dry_run, restricted, noon)
        ledger.runs.finish(run, "success", noon, {"rows": [number]}, "")
    for number, state in enumerate(["failed", "running"]):
        run = ledger.runs.start("dag", f"{state} {number}", "full", False, False, noon)
        if state != "running":
            ledger.runs.finish(run, state, noon, {"rows": []}, "")
    assert ledger.runs.last_full_totals() == {"rows": [1]}
