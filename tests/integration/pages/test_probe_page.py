"""The page Probe: what is known, what asking would do, and a run of the DAG for whoever may start one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from salesmanago_sync.clients.salesmanago import Salesmanago
from salesmanago_sync.domain.probe.answers import AccountAnswer, Conclusion
from salesmanago_sync.domain.probe.questions import QUESTIONS
from salesmanago_sync.ledger.store import Ledger
from tests.integration.pages.conftest import Person
from tests.integration.pages.test_permissions import runs

ACCOUNT = "a-hash"
SURE = {"do": "ask", "sure": "true", "switch_on": "true"}


@pytest.fixture(autouse=True)
def one_account(api: str, ledger: Ledger, connected: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The connection leads to this account, and no run is there."""
    from airflow.models.dag import DagModel
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    def clear() -> None:
        with create_session() as session:
            session.execute(sa.delete(DagRun))
            session.execute(sa.update(DagModel).values(is_paused=True))

    monkeypatch.setattr(Salesmanago, "account", ACCOUNT)
    clear()
    yield
    clear()


def test_a_person_reads_every_question_and_what_is_known(
    people: dict[str, Person], ledger: Ledger, now: datetime
) -> None:
    page = people["user"].get("/probe").text
    assert [question.asks for question in QUESTIONS if question.asks not in page.replace("&#39;", "'")] == []
    assert page.count(">open<") == len(QUESTIONS)
    ledger.probe_answers.keep(
        ACCOUNT, AccountAnswer("tag_case", Conclusion("minds", "<script>alert(1)</script>😀"), now)
    )
    old = now - timedelta(days=200)
    ledger.probe_answers.keep(ACCOUNT, AccountAnswer("list_cut", Conclusion("cut", number=0), old))
    page = people["user"].get("/probe").text
    assert ">minds<" in page
    assert "every spelling that the contact has" in page
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert "cut (old)" in page
    assert 'value="remove"' not in page


def test_whoever_may_starts_a_run_once(people: dict[str, Person]) -> None:
    assert people["user"].post("/probe", **SURE | {"sure": ""}).status_code == 400
    assert people["user"].post("/probe", do="ask", sure="true").status_code == 409, "the DAG is paused"
    assert people["viewer"].post("/probe", **SURE).status_code == 403
    assert people["user"].post("/probe", token="forged", **SURE).status_code == 403
    assert people["user"].post("/probe", **{**SURE, "do": "<script>"}).status_code == 400
    assert runs() == []
    started = people["user"].post("/probe", **SURE)
    assert started.status_code == 303
    assert runs() == [("salesmanago_probe", {"check_only": False}, "user")]
    page = people["user"].get("/probe?" + started.headers["Location"].partition("?")[2]).text
    assert "follow it in Airflow" in page
    assert "Ask the account" not in page
    assert people["admin"].post("/probe", **SURE).status_code == 409, "two people press at once"
    assert len(runs()) == 1


def test_what_a_killed_probe_left_can_be_removed(people: dict[str, Person], ledger: Ledger, now: datetime) -> None:
    ledger.probe_contacts.note(ACCOUNT, ["salesmanago-sync-probe-0123abcd-card@example.com"], now)
    assert 'value="remove"' in people["user"].get("/probe").text
    assert people["user"].post("/probe", do="remove", switch_on="true").status_code == 303
    assert [conf for _, conf, _ in runs()] == [{"check_only": False, "remove_only": True}]


def test_a_connection_that_is_missing_is_told(people: dict[str, Person], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_SALESMANAGO_DEFAULT")
    page = people["user"].get("/probe")
    assert page.status_code == 200
    assert "connection salesmanago_default" in page.text
    assert page.text.count(">open<") == len(QUESTIONS)
