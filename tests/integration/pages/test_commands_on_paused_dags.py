"""Commands that start a run, where the DAGs are as a fresh install has them: paused."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from salesmanago_sync.cli.following import follow
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.steps.watermark import now_utc
from tests.integration.commands import here
from tests.integration.pages.conftest import store_dags

FULL, INCREMENTAL = "salesmanago_full_sync", "salesmanago_incremental_sync"
AUDIT = "salesmanago_audit"

pytestmark = pytest.mark.usefixtures("connected", "settled")


@pytest.fixture(scope="module", autouse=True)
def _known(airflow: None) -> None:
    store_dags()


@pytest.fixture(autouse=True)
def _fresh(ledger: Ledger) -> Iterator[None]:
    _set_paused("salesmanago_%", paused=True)
    _forget_runs()
    yield
    _set_paused("salesmanago_%", paused=True)
    _forget_runs()


def _set_paused(dags: str, *, paused: bool) -> None:
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session

    with create_session() as session:
        session.execute(sa.update(DagModel).where(DagModel.dag_id.like(dags)).values(is_paused=paused))


def _forget_runs() -> None:
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    with create_session() as session:
        session.execute(sa.delete(DagRun))


def on() -> set[str]:
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session

    with create_session() as session:
        return set(session.scalars(sa.select(DagModel.dag_id).where(DagModel.is_paused.is_(False))))


def runs() -> list[str]:
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    with create_session() as session:
        return list(session.scalars(sa.select(DagRun.dag_id)))


def end_runs() -> None:
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    with create_session() as session:
        session.execute(sa.update(DagRun).values(state="failed"))


@pytest.mark.parametrize(
    ("words", "paused"),
    [
        (("sync",), {INCREMENTAL}),
        (("sync", "--full", "--no-wait"), {FULL}),
        (("plan", "--full"), {FULL}),
        (("audit",), {AUDIT}),
        (("audit", "--repair"), {AUDIT, INCREMENTAL}),
    ],
)
def test_a_command_says_at_once_what_is_paused(words: tuple[str, ...], paused: set[str]) -> None:
    answer = here(*words)
    assert answer.code == 1
    told = {dag_id for dag_id in (FULL, INCREMENTAL, AUDIT) if f"airflow dags unpause {dag_id}\n" in answer.err}
    assert told == paused
    assert (runs(), on()) == ([], set())


def test_undo_says_so_too(ledger: Ledger) -> None:
    run = ledger.runs.start(FULL, "manual__1", "full", False, False, now_utc())
    answer = here("undo", str(run))
    assert answer.code == 1
    assert "airflow dags unpause salesmanago_undo\n" in answer.err


def test_a_repair_is_not_started_while_what_repairs_is_paused() -> None:
    _set_paused(AUDIT, paused=False)
    answer = here("audit", "--repair", "--no-wait")
    assert (answer.code, runs()) == (1, [])
    assert f"airflow dags unpause {INCREMENTAL}\n" in answer.err


@pytest.mark.parametrize(
    ("words", "switched_on"),
    [
        (("sync", "--full"), {FULL}),
        (("audit", "--repair"), {AUDIT, INCREMENTAL}),
    ],
)
def test_a_person_may_have_it_switched_on(words: tuple[str, ...], switched_on: set[str]) -> None:
    answer = here(*words, "--unpause", "--no-wait")
    assert answer.code == 0, answer.err
    assert on() == switched_on
    assert len(runs()) == 1


def test_a_run_that_stands_still_is_told(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    answer = here("sync", "--full", "--unpause", "--no-wait", "--output", "json")
    [started] = answer.rows
    _set_paused(FULL, paused=True)
    end = threading.Timer(3, end_runs)
    end.start()
    state = follow(ledger, FULL, started["run_id"], now_utc)
    end.join()
    assert state.state == "failed"
    assert capsys.readouterr().err.count("stands still until: airflow dags unpause salesmanago_full_sync") == 1
