"""Pages of two pairs of accounts: each shows its own alone, and nothing done on one changes the other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from salesmanago_sync.hooks import pool
from salesmanago_sync.ledger.engine import address
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.pair import DAGS, own
from tests.integration.commands import here
from tests.integration.pages.conftest import Person, connect
from tests.integration.pages.test_conflicts_page import conflict
from tests.twin_server import ROOT

NAME = "sandbox"
BELOW = f"/pairs/{NAME}"
RECORD = "00Q000000000001AAA"
CONTACT = "11111111-2222-4333-8444-555555555555"
MARKS = {"default": "produkcja", NAME: "piaskownica"}
FILE = f"""\
salesforce: salesforce_{NAME}
salesmanago: salesmanago_{NAME}
settings:
  mappings: {ROOT / "include" / "mappings"}
"""
PAGES = (
    "/",
    "/live",
    "/issues",
    "/issues.csv",
    "/plan",
    "/plan?run=1",
    "/plan.csv?run=1",
    "/explain",
    "/certificate",
    "/api/status",
    "/api/runs",
    "/api/issues",
    "/api/plan/1",
    "/api/runs/last",
)
LINK = re.compile(r'(?:href|action|src|data-live)="([^"]*)"')


@pytest.fixture(scope="module")
def sandbox_dags(api: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What the DAG processor does with the DAG file of the pair."""
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db

    folder = tmp_path_factory.mktemp("dags")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SALESMANAGO_SYNC_PAIRS", raising=False)
        assert here("init", str(folder), "--pair", NAME).code == 0
        bag = DagBag(dag_folder=str(folder), bundle_path=folder, bundle_name="dags-folder")
    assert bag.import_errors == {}
    sync_bag_to_db(bag, "dags-folder", None)


@pytest.fixture
def ledgers(
    sandbox_dags: None, ledger: Ledger, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, Ledger]]:
    """Ledgers of both pairs, with the same ids and other people in them; and no run or Variable in Airflow."""
    from airflow.models.dagrun import DagRun
    from airflow.models.log import Log
    from airflow.models.variable import Variable
    from airflow.utils.session import create_session

    (tmp_path / "pairs").mkdir()
    (tmp_path / "pairs" / f"{NAME}.yaml").write_text(FILE)
    monkeypatch.setenv("SALESMANAGO_SYNC_PAIRS", str(tmp_path / "pairs"))
    monkeypatch.setenv("SALESMANAGO_SYNC_STAGING", str(tmp_path / "staging"))
    url = f"sqlite:///{tmp_path / 'sandbox.db'}"
    monkeypatch.setenv("AIRFLOW_CONN_SYNC_LEDGER_SANDBOX", url)
    with create_session() as session:
        for table in (DagRun, Variable, Log):
            session.execute(sa.delete(table))
    second = Ledger.open(url, NAME)
    found = {"default": ledger, NAME: second}
    for name, one in found.items():
        populate(one, name, now)
    yield found
    second.close()


def populate(ledger: Ledger, name: str, now: datetime) -> None:
    mark = MARKS[name]
    run = ledger.runs.start(own(name, "salesmanago_full_sync"), f"manual {mark}", "full", False, False, now)
    person = {"object": "Lead", "salesforce_id": RECORD, "salesmanago_id": CONTACT}
    plan = {**person, "direction": "to_salesforce", "action": "update", "field": "name", "rule": "NEWER"}
    ledger.changes.plan(run, pd.DataFrame([{**plan, "old": f"old {mark}", "new": f"new {mark}"}]), now)
    conflict(ledger, now, (f"Gdynia {mark}", f"Sopot {mark}"))
    ledger.runs.finish(run, "success", now, {"rows": []}, f"note of {mark}")


def dump(ledger: Ledger) -> str:
    """Everything that a ledger holds."""
    engine = sa.create_engine(address(ledger._database.engine.url.render_as_string(hide_password=False)))
    tables = sa.MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        rows = {name: connection.execute(sa.select(table)).all() for name, table in tables.tables.items()}
    engine.dispose()
    return json.dumps({name: [list(row) for row in found] for name, found in sorted(rows.items())}, default=str)


def variables() -> dict[str, Any]:
    from airflow.models.variable import Variable
    from airflow.utils.session import create_session

    with create_session() as session:
        return {one.key: one.val for one in session.scalars(sa.select(Variable))}


def test_a_page_shows_its_own_pair_alone(ledgers: dict[str, Ledger], people: dict[str, Person]) -> None:
    for path in PAGES:
        first, second = people["admin"].get(path), people["admin"].get(f"{BELOW}{path}")
        assert (first.status_code, second.status_code) == (200, 200), path
        assert MARKS[NAME] not in first.text
        assert MARKS["default"] not in second.text
    for path in ("/issues", "/plan", "/live", "/api/runs", "/api/issues", "/api/plan/1"):
        assert MARKS["default"] in people["admin"].get(path).text
        assert MARKS[NAME] in people["admin"].get(f"{BELOW}{path}").text
    assert (
        f'<dt>SALESmanago</dt><dd class="text">Sopot {MARKS[NAME]}</dd>' in people["admin"].get(f"{BELOW}/issues").text
    )


def test_links_and_forms_stay_in_their_pair(ledgers: dict[str, Ledger], people: dict[str, Person]) -> None:
    for path in ("/", "/issues", "/plan", "/explain", "/certificate"):
        page = people["admin"].get(f"{BELOW}{path}").text
        chooser = page[page.index('<nav class="pairs"') : page.index("</header>")]
        assert LINK.findall(chooser) == [
            f"/salesmanago/{path.removeprefix('/')}",
            f"/salesmanago{BELOW}{path}",
        ]
        links = LINK.findall(page.replace(chooser, ""))
        assert [link for link in links if link.startswith("/salesmanago") and BELOW not in link] == []
        assert [link for link in links if re.search(r"/dags/(?!salesmanago_sandbox_)", link)] == []
        for dag_id in DAGS:
            assert dag_id not in page


def test_a_run_of_another_pair_is_not_followed(ledgers: dict[str, Ledger], people: dict[str, Person]) -> None:
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from airflow.utils.types import DagRunType

    for name in MARKS:
        run = {"dag_id": own(name, "salesmanago_full_sync"), "run_id": "one", "run_type": DagRunType.MANUAL}
        with create_session() as session:
            session.add(DagRun(**run))
    for name, other in ((NAME, "default"), ("default", NAME)):
        below = BELOW if name == NAME else ""
        own_run, another = (own(one, "salesmanago_full_sync") for one in (name, other))
        assert people["admin"].get(f"{below}/api/runs/{own_run}/one").status_code == 200
        answer = people["admin"].get(f"{below}/api/runs/{another}/one")
        assert (answer.status_code, "is no DAG of the pair" in answer.text) == (404, True)


def test_a_pair_gets_its_pool_when_a_run_of_it_begins_and_keeps_what_a_person_set(sandbox_dags: None) -> None:
    from airflow.models.dagrun import DagRun
    from airflow.models.pool import Pool
    from airflow.utils.session import create_session
    from airflow.utils.types import DagRunType

    name = "salesmanago_sandbox_sync"
    for run_id in ("one", "two"):
        with create_session() as session:
            run = DagRun(dag_id="salesmanago_sandbox_undo", run_id=f"pool_{run_id}", run_type=DagRunType.MANUAL)
            session.add(run)
            pool.on_dag_run_running(run, "started")
        with create_session() as session:
            found = session.scalars(sa.select(Pool).where(Pool.pool == name)).one()
            assert found.slots == {"one": pool.SLOTS, "two": 9}[run_id]
            found.slots = 9
    with create_session() as session:
        session.execute(sa.delete(Pool).where(Pool.pool == name))


def test_airflow_links_lead_to_the_pages_of_the_pair() -> None:
    from salesmanago_sync.dags.links import address as link

    assert link("salesmanago_full_sync", "plan?run=7").endswith("/salesmanago/plan?run=7")
    assert link("salesmanago_sandbox_full_sync", "plan?run=7").endswith(f"/salesmanago{BELOW}/plan?run=7")


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/issues/decide", {"ids": "1", "take": "salesmanago"}),
        ("/issues/dismiss", {"ids": "1"}),
        ("/issues/retry", {"ids": "1"}),
        ("/forget", {"ids": RECORD, "confirmed": "true"}),
        ("/last", {"salesforce": "2026-01-02T00:00:00", "salesmanago": "2026-01-02T00:00:00"}),
        ("/switch/consent", {"on": "true"}),
        ("/certificate", {"switch_on": "true"}),
        ("/undo", {"run": "1"}),
    ],
)
@pytest.mark.parametrize("name", ["default", NAME])
def test_what_is_done_on_one_changes_nothing_of_the_other(
    ledgers: dict[str, Ledger],
    people: dict[str, Person],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    path: str,
    form: dict[str, str],
) -> None:
    from airflow.models.dag import DagModel
    from airflow.models.dagrun import DagRun
    from airflow.models.log import Log
    from airflow.models.variable import Variable
    from airflow.utils.session import create_session

    other = next(one for one in MARKS if one != name)
    moment = "2026-01-05T00:00:00Z"
    marks = {
        "salesmanago_first_sync": {"status": "done", "finished_at": moment},
        "salesmanago_last_sync": {side: moment for side in ("salesforce", "salesmanago")},
    }
    for one in MARKS:
        connect(monkeypatch, one)
        for variable, value in marks.items():
            Variable.set(own(one, variable), value, serialize_json=True)
        place = (
            tmp_path
            / "staging"
            / ("" if one == "default" else f"pairs/{one}")
            / f"{own(one, 'salesmanago_full_sync')}_x"
        )
        place.mkdir(parents=True)
    with create_session() as session:
        session.execute(sa.update(DagModel).values(is_paused=True))
    before = {one: dump(found) for one, found in ledgers.items()}
    mark = variables()[own(other, "salesmanago_last_sync")]
    answer = people["admin"].post(f"{BELOW if name == NAME else ''}{path}", **form)
    assert answer.status_code in (200, 303), answer.text
    if "location" in answer.headers:
        assert (BELOW in answer.headers["location"]) is (name == NAME)
    assert dump(ledgers[other]) == before[other]
    assert variables()[own(other, "salesmanago_last_sync")] == mark
    assert list((tmp_path / "staging").rglob(f"{own(other, 'salesmanago_full_sync')}_x"))
    with create_session() as session:
        touched = {
            *session.scalars(sa.select(DagRun.dag_id)),
            *session.scalars(sa.select(Log.dag_id).where(Log.event.startswith("salesmanago"))),
        }
        touched |= {*session.scalars(sa.select(DagModel.dag_id).where(~DagModel.is_paused))}
    changed = dump(ledgers[name]) != before[name] or variables()[own(name, "salesmanago_last_sync")] != mark
    assert touched or changed
    assert not touched & {own(other, dag_id) for dag_id in DAGS}


def test_a_pair_that_is_not_there_or_cannot_be_read_is_told_and_the_first_works(
    ledgers: dict[str, Ledger], people: dict[str, Person], tmp_path: Path
) -> None:
    admin = people["admin"]
    assert admin.get("/pairs/sandpit/").status_code == 404
    for path in ("/pairs/..%2f/", "/pairs/%3Cscript%3E/", "/pairs/Sandbox/", "/pairs//", "/pairs/"):
        assert admin.get(path).status_code == 404
    (tmp_path / "pairs" / f"{NAME}.yaml").write_text("salesforce: <script>\nsalesmanago_: b\n")
    told = admin.get(f"{BELOW}/")
    assert told.status_code == 503
    assert "Did you mean salesmanago?" in told.text
    assert "<script>" not in told.text.replace("<script src=", "")
    assert admin.get("/").status_code == 200


def test_rights_are_asked_for_before_anything_of_a_pair_is_told(
    ledgers: dict[str, Ledger], people: dict[str, Person], tmp_path: Path
) -> None:
    for path in ("/", "/issues", "/plan", "/last", "/doctor"):
        for role in ("nobody", "viewer"):
            first, second = people[role].get(path), people[role].get(f"{BELOW}{path}")
            assert first.status_code == second.status_code, (role, path)
    (tmp_path / "pairs" / f"{NAME}.yaml").write_text("secret_key: 1")
    assert "secret_key" not in people["nobody"].get(f"{BELOW}/", Accept="*/*").text
