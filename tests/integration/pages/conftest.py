"""Airflow's own API server app, with the plugin mounted and users of different rights, in this process."""

from __future__ import annotations

import json
import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa
import uvicorn
from fastapi import FastAPI

from salesmanago_sync.ledger.store import Ledger
from tests.integration.conftest import FOREIGN
from tests.twin_server import ROOT

ROLES = ("viewer", "user", "admin")
TOKEN = re.compile(r'name="token" value="([^"]+)"')
HTML = {"Accept": "text/html"}
START_SECONDS = 60


@pytest.fixture(scope="session")
def api(airflow: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where Airflow's API server answers; it knows both DAGs."""
    folder = tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")
        patch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", ",".join(f"{role}:{role}" for role in ROLES))
        passwords = folder / "passwords.json"
        passwords.write_text(json.dumps({role: role for role in ROLES}))
        patch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE", str(passwords))
        patch.setenv(
            "AIRFLOW__API_AUTH__JWT_SECRET", "a secret of sixty-four characters for tests, and for nothing else"
        )
        patch.setenv("AIRFLOW__API__SECRET_KEY", "another secret for tests, and for nothing else")
        store_dags()
        from airflow.api_fastapi.app import create_app, purge_cached_app

        purge_cached_app()
        with socket.create_server(("127.0.0.1", 0)) as listening, _served(create_app(apps="core"), listening):
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@contextmanager
def _served(app: FastAPI, listening: socket.socket) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.05)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)


def store_dags() -> None:
    """Do what the DAG processor does."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db

    DagBundlesManager().sync_bundles_to_db()
    bag = DagBag(dag_folder=str(ROOT / "dags"), bundle_path=ROOT / "dags", bundle_name="dags-folder")
    assert not bag.import_errors, bag.import_errors
    sync_bag_to_db(bag, "dags-folder", None)


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """The ledger that the pages show."""
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        monkeypatch.delenv(name)
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    monkeypatch.setenv("AIRFLOW_CONN_SYNC_LEDGER", url)
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")
    opened = Ledger.open(url)
    yield opened
    opened.close()


@pytest.fixture
def connected(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both connections, with settings that can be used; nobody answers there."""
    connect(monkeypatch, "default")


def connect(monkeypatch: pytest.MonkeyPatch, pair: str) -> None:
    """Lay out both connections of a pair."""
    nobody = "http://127.0.0.1:9"
    extra = {"consumer_key": "key", "consumer_secret": "secret", "domain": "org.my", "version": "66.0"}
    salesforce = {"conn_type": "salesforce", "extra": {**extra, "proxies": {"https": nobody}}}
    salesmanago = {"conn_type": "salesmanago", "host": nobody, "login": "client", "password": "a secret"}
    monkeypatch.setenv(f"AIRFLOW_CONN_SALESFORCE_{pair.upper()}", json.dumps(salesforce))
    monkeypatch.setenv(
        f"AIRFLOW_CONN_SALESMANAGO_{pair.upper()}", json.dumps({**salesmanago, "extra": {"owner": "sync@example.com"}})
    )


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


def set_variable(name: str, value: object) -> None:
    """Store a Variable as the sync does."""
    from airflow.models.variable import Variable

    Variable.set(name, value, serialize_json=True)


def synchronised(ledger: Ledger, now: datetime, digest: str) -> None:
    """Remember a full sync of Leads that has just come to its end."""
    set_variable("salesmanago_first_sync", {"status": "done", "finished_at": f"{now:%Y-%m-%dT%H:%M:%SZ}"})
    moment = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    set_variable("salesmanago_last_sync", {"salesforce": moment, "salesmanago": moment})
    ledger.mapping_state.keep("Lead", digest, now)


@pytest.fixture
def settled(airflow: None, ledger: Ledger, now: datetime) -> Iterator[None]:
    """A full sync of Leads has just come to its end."""
    from airflow.models.variable import Variable

    synchronised(ledger, now, "any")
    yield
    for name in ("salesmanago_first_sync", "salesmanago_last_sync"):
        Variable.delete(name)


class Person:
    """Somebody in a browser."""

    def __init__(self, api: str, role: str | None) -> None:
        self._api = api
        self._session = requests.Session()
        self._session.trust_env = False
        if role is not None:
            answer = self._session.post(f"{api}/auth/token", json={"username": role, "password": role}, timeout=60)
            self._session.cookies.set("_token", answer.json()["access_token"])

    def get(self, path: str, **headers: str) -> requests.Response:
        """Open a page."""
        return self._session.get(
            f"{self._api}/salesmanago{path}", headers={**HTML, **headers}, timeout=60, allow_redirects=False
        )

    def post(
        self,
        path: str,
        headers: dict[str, str] | None = None,
        files: dict[str, tuple[str, bytes]] | None = None,
        **form: object,
    ) -> requests.Response:
        """Send a form, with the token of a page that the person was shown unless another is given."""
        given = {"Sec-Fetch-Site": "same-origin", "Origin": self._api} if headers is None else headers
        return self._session.post(
            f"{self._api}/salesmanago{path}",
            data={"token": self.token(), **form} if "token" not in form else form,
            headers={**HTML, **given},
            files=files,
            timeout=60,
            allow_redirects=False,
        )

    def token(self) -> str:
        """Take the token from a page with a form."""
        found = TOKEN.search(self.get("/explain").text)
        return found[1] if found else ""


class Program:
    """A program that asks the JSON routes with a token of Airflow's API."""

    def __init__(self, api: str, role: str | None) -> None:
        self.api, self.role = api, role
        self._session = requests.Session()
        self._session.trust_env = False
        if role is not None:
            answer = self._session.post(f"{api}/auth/token", json={"username": role, "password": role}, timeout=60)
            self.token = answer.json()["access_token"]
            self._session.headers["Authorization"] = f"Bearer {self.token}"

    def get(self, path: str) -> requests.Response:
        """Ask."""
        return self._session.get(f"{self.api}/salesmanago/api{path}", timeout=60, allow_redirects=False)

    def post(self, path: str, body: object) -> requests.Response:
        """Have something done."""
        return self._session.post(f"{self.api}/salesmanago/api{path}", json=body, timeout=60, allow_redirects=False)


@pytest.fixture
def programs(api: str) -> dict[str, Program]:
    """A program of nobody, and one of each role."""
    return {"nobody": Program(api, None), **{role: Program(api, role) for role in ROLES}}


@pytest.fixture
def people(api: str) -> dict[str, Person]:
    """Nobody, and one person of each role."""
    return {"nobody": Person(api, None), **{role: Person(api, role) for role in ROLES}}


@pytest.fixture
def paused(api: str, ledger: Ledger, connected: None) -> Iterator[None]:
    """Every DAG as it was found: paused, and without runs; both connections are there, and no service answers."""
    from airflow.models.dag import DagModel
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    def clear() -> None:
        with create_session() as session:
            session.execute(sa.delete(DagRun))
            session.execute(sa.update(DagModel).values(is_paused=True))

    clear()
    yield
    clear()
