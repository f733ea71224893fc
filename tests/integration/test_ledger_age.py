"""A ledger that is not the one of the last run is refused, and the full sync takes it as it is."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from salesmanago_sync.errors import ConfigurationError, FatalError
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.steps.close import close
from salesmanago_sync.steps.start import UNANSWERED, NothingToDoError
from salesmanago_sync.steps.watermark import FIRST_SYNC, LAST_SYNC
from tests.integration.direct import Direct
from tests.integration.sync import SETTLED_SECONDS


def synced(direct: Direct) -> str:
    """Make one bound Lead."""
    made = direct.record("Lead", LastName="Nowak", Company="Nowak", Email="anna@example.com")
    direct.sync("full")
    return made


def restore(direct: Direct, copy: Path, ledger: Path) -> None:
    direct.ledger.close()
    shutil.copy(copy, ledger)
    direct.ledger = Ledger.open(f"sqlite:///{ledger}")


def test_an_older_copy_is_refused_and_a_full_sync_takes_it(direct: Direct, tmp_path: Path) -> None:
    lead = synced(direct)
    ledger, copy = tmp_path / "ledger.db", tmp_path / "copy.db"
    direct.ledger.close()
    shutil.copy(ledger, copy)
    direct.ledger = Ledger.open(f"sqlite:///{ledger}")
    direct.control.patch(f"/salesforce/Lead/{lead}", {"City": "Łódź"})
    direct.sync()
    restore(direct, copy, ledger)
    with pytest.raises(ConfigurationError, match="restored from an earlier copy") as caught:
        direct.sync()
    assert "salesmanago_full_sync" in str(caught.value)
    assert direct.writes() == []
    assert direct.ledger.lock.holder(direct.now()) is None
    assert direct.sync("full") == []
    assert direct.sync() == []


def test_a_copy_from_before_a_run_that_failed_is_older_too(direct: Direct, tmp_path: Path) -> None:
    """It knows nothing of what that run has written, nor of whom it has bound."""
    synced(direct)
    ledger, copy = tmp_path / "ledger.db", tmp_path / "copy.db"
    direct.ledger.close()
    shutil.copy(ledger, copy)
    direct.ledger = Ledger.open(f"sqlite:///{ledger}")
    close(direct.begun("incremental"))
    restore(direct, copy, ledger)
    with pytest.raises(ConfigurationError, match="restored from an earlier copy"):
        direct.sync()
    assert direct.sync("full") == []
    assert direct.sync() == []


def test_another_ledger_is_refused_even_if_it_is_not_empty(direct: Direct, tmp_path: Path) -> None:
    synced(direct)
    direct.ledger.close()
    direct.ledger = Ledger.open(f"sqlite:///{tmp_path}/other.db")
    direct.ledger.mapping_state.keep("Lead", "digest", direct.now())
    with pytest.raises(ConfigurationError, match="another one than that of the last run"):
        direct.sync()
    assert direct.sync("full") == []
    assert direct.sync() == []


def test_a_part_of_a_full_sync_does_not_take_another_ledger_for_that_of_the_last_run(
    direct: Direct, tmp_path: Path
) -> None:
    mine = synced(direct)
    direct.record("Lead", LastName="Kowal", Company="Kowal", Email="ewa@example.com")
    direct.sync("full")
    direct.ledger.close()
    direct.ledger = Ledger.open(f"sqlite:///{tmp_path}/other.db")
    direct.sync("full", ids=[mine])
    with pytest.raises(ConfigurationError, match="another one than that of the last run"):
        direct.sync()
    direct.sync("full")
    assert direct.sync() == []


def test_a_watermark_that_a_person_wrote_knows_no_ledger(direct: Direct) -> None:
    synced(direct)
    mark = direct.variables.get(LAST_SYNC)
    direct.variables.set(LAST_SYNC, {side: mark[side] for side in ("salesforce", "salesmanago")})
    assert direct.sync() == []
    assert direct.variables.get(LAST_SYNC)["ledger"]["attempt"] == direct.ledger.lock.last_attempt()


def test_a_ledger_that_is_replaced_while_a_run_works_stops_it(direct: Direct, tmp_path: Path) -> None:
    synced(direct)
    direct.later(SETTLED_SECONDS)
    ports = direct.begun("incremental")
    ports.keep_lock()
    direct.ledger.close()
    (tmp_path / "ledger.db").unlink()
    direct.ledger = Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    with pytest.raises(FatalError, match="restored, replaced or lost"):
        direct.ports_of(ports.run).keep_lock()


@pytest.mark.parametrize("text", ["null", None])
def test_a_missing_watermark_is_told_with_what_to_write(direct: Direct, text: str | None) -> None:
    synced(direct)
    if text is None:
        direct.variables.delete(LAST_SYNC)
    else:
        direct.variables.set(LAST_SYNC, json.loads(text))
    with pytest.raises(ConfigurationError, match="is missing, or null") as caught:
        direct.sync()
    assert '{"salesforce": "2026-01-31T10:00:00Z"' in str(caught.value)
    direct.sync("full")
    assert direct.variables.get(LAST_SYNC) is not None


def test_an_unknown_status_of_the_first_sync_makes_no_scheduled_run_green(direct: Direct) -> None:
    direct.variables.set(FIRST_SYNC, {"status": "Done"})
    ports = direct.ports("incremental")
    scheduled = direct.ports_of(ports.run.model_copy(update={"scheduled": True}))
    with pytest.raises(ConfigurationError, match="never, running, done, failed"):
        direct.start(scheduled)


def test_a_backfill_is_refused_at_once(direct: Direct) -> None:
    ports = direct.ports("incremental")
    with pytest.raises(NothingToDoError, match="A backfill has no meaning here"):
        direct.start(direct.ports_of(ports.run.model_copy(update={"backfill": True})))
    assert direct.ledger.lock.last_attempt() == 0


def test_a_first_sync_that_never_closed_has_failed(direct: Direct) -> None:
    direct.variables.set(FIRST_SYNC, {"status": "running", "finished_at": None})
    ports = direct.ports("incremental")
    with pytest.raises(NothingToDoError, match="it is failed"):
        direct.start(direct.ports_of(ports.run.model_copy(update={"scheduled": True})))


def test_a_run_that_airflow_knows_to_have_ended_keeps_nobody_waiting(direct: Direct) -> None:
    synced(direct)
    dead = direct.begun("incremental")
    waiting = direct.ports("incremental")
    assert direct.start(waiting) is None
    asked = direct.ports_of(waiting.run, is_over=lambda dag_id, dag_run_id: dag_run_id == dead.run.dag_run_id)
    began = direct.start(asked)
    assert began is not None
    assert direct.ledger.runs.read(dead.run.id)["state"] == "failed"
    with pytest.raises(FatalError, match="no longer the current one"):
        dead.keep_lock()


def test_a_question_that_nobody_can_answer_any_more_keeps_no_scheduled_run_waiting(direct: Direct) -> None:
    asks = direct.begun("full")
    direct.ledger.lock.free(asks.run.attempt)
    scheduled = direct.ports_of(direct.ports("full").run.model_copy(update={"scheduled": True}))
    nobody_can = replace(scheduled, still_asks=lambda *run: run != (asks.run.dag_id, asks.run.dag_run_id))
    wait = {"state": "asks", "restricted": False, "waits_until": direct.now() + timedelta(hours=1)}
    for question, ports in (({}, scheduled), ({"answer": {}}, nobody_can)):
        direct.ledger.runs.update(asks.run.id, question=question, **wait)
        with pytest.raises(NothingToDoError, match="waits for an answer"):
            direct.start(ports)
    direct.ledger.runs.update(asks.run.id, question={})

    def is_answered_now(*run: str) -> bool:
        direct.ledger.runs.update(asks.run.id, question={"answer": {}})
        return False

    with pytest.raises(NothingToDoError, match="waits for an answer"):
        direct.start(replace(scheduled, still_asks=is_answered_now))
    direct.ledger.runs.update(asks.run.id, question={})
    assert direct.start(nobody_can) is not None
    ended = direct.ledger.runs.read(asks.run.id)
    assert (ended["state"], ended["note"], ended["waits_until"]) == ("failed", UNANSWERED, None)


def test_a_full_sync_that_found_nobody_is_no_lost_ledger(direct: Direct) -> None:
    direct.sync("full")
    assert direct.ledger.bindings.is_empty()
    direct.record("Lead", LastName="Nowak", Company="Acme", Email="anna@example.com")
    assert direct.sync("incremental")
    assert [card["email"] for card in direct.cards().values()] == ["anna@example.com"]
